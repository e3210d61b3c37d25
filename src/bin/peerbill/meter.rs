//! `peerbill meter`, and `peerbill sql`: the same in another engine.

use crate::{
    args::{MeterArgs, MeterFormat, OverlapArg, SqlArgs, TrafficArgs, offset_of},
    job::{self, Job},
    output::{self, Staged, Target, say},
    settings::{self, Open, ShownSettings},
};
use peerbill::{
    Result,
    files::{Months, find_archives, one_month, totals_beside},
    meter::{ArchivedTotals, Metered, Overlap},
    read::TrafficSource,
    write::{
        self,
        sql::{Dialect, Query},
    },
};
use std::{fs, path::PathBuf};

/// Writes the metered hours; true where records were quarantined.
pub fn run(mut args: MeterArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        offset: Some(&mut args.offset),
        ..Open::default()
    })?;
    let mut targets = args.to.targets()?;
    targets.extend(beside(&targets));
    let outputs: Vec<PathBuf> = targets.iter().filter_map(|target| target.path.clone()).collect();
    let (months, times) = (Months::One(one_month(&args.month)?), (&args.offset, args.until.as_deref()));
    let mut job = Job::of_months(&args.traffic, months, times, &outputs, &args.quarantine)?;
    job::inputs_of_traffic(&args.traffic, args.merge.iter().map(String::as_str))?;
    let archives = find_archives("merge", &args.merge, &args.traffic.at_paths(), &mut job.metering.inputs)?;
    // Regions decide about prices, which no hour has.
    let mut metered = job.meter(&|_| Ok(()))?;
    if !archives.is_empty() {
        metered = merged(&mut job, &archives, metered, args.overlap)?;
    }
    let totals = ArchivedTotals::carried(&metered, &job.metering.archives)?;
    job.finish(&metered, |quarantine| print(&args, &targets, &metered, &totals, used, quarantine))
}

/// Adds what was metered to archives of the month.
fn merged(
    job: &mut Job<'_>,
    archives: &[TrafficSource],
    metered: Metered,
    overlap: Option<OverlapArg>,
) -> Result<Metered> {
    let archived = job.metering.meter_archive("merge", archives, &metered)?;
    let overlap = match overlap {
        None => Overlap::Refuse,
        Some(OverlapArg::Replace) => Overlap::Replace,
        Some(OverlapArg::Add) => Overlap::Add,
    };
    let merged = metered.merged_into(&archived, overlap)?;
    if merged.overlapping > 0 {
        let what = if overlap == Overlap::Add { "added to" } else { "replaced" };
        say!("hours of an archive that were {what}: {}", merged.overlapping);
    }
    Ok(merged.metered)
}

/// The control totals of archives that are CSV: beside every file that may be read again.
fn beside(targets: &[Target<MeterFormat>]) -> Vec<Target<MeterFormat>> {
    let csv = targets.iter().filter(|target| target.format == MeterFormat::Csv);
    let files = csv.filter_map(|target| target.path.as_deref());
    let files = files.filter(|file| fs::metadata(file).map_or(true, |there| there.is_file()));
    files.map(|file| Target { path: Some(totals_beside(file)), format: MeterFormat::Totals }).collect()
}

/// Prints the hours, puts the quarantine in its place as late as either can still fail, and says what hours do not hold.
fn print(
    args: &MeterArgs,
    targets: &[Target<MeterFormat>],
    metered: &Metered,
    totals: &ArchivedTotals,
    used: ShownSettings,
    quarantine: Option<Staged>,
) -> Result<()> {
    output::print(targets, quarantine, |target, output| match target.format {
        MeterFormat::Csv => write::metered::csv(metered, output),
        MeterFormat::Parquet => parquet(metered, totals, output),
        MeterFormat::Totals => write::metered::totals(totals, output),
    })?;
    for (name, value) in settings::shown(used, &args.traffic) {
        say!("setting {name}: {value}");
    }
    say!("usage_digest: {}", totals.usage_digest);
    for (name, records, bytes) in write::totals(&totals.totals) {
        say!("{name}: {records} records, {bytes} bytes");
    }
    Ok(())
}

#[cfg(feature = "parquet")]
fn parquet(metered: &Metered, totals: &ArchivedTotals, output: &mut dyn std::io::Write) -> Result<()> {
    write::metered::parquet_with(metered, totals, output)
}

/// It was refused before anything was metered.
#[cfg(not(feature = "parquet"))]
fn parquet(_: &Metered, _: &ArchivedTotals, _: &mut dyn std::io::Write) -> Result<()> {
    Err(peerbill::Error::internal("this build writes no Parquet"))
}

/// Writes the query that meters a month in another engine.
pub fn sql(mut args: SqlArgs) -> Result<()> {
    // What the settings call the columns of traffic holds for a table of it as well.
    let mut traffic = TrafficArgs { duplicates: args.duplicates, ..TrafficArgs::default() };
    settings::fill(Open { traffic: Some(&mut traffic), offset: Some(&mut args.offset), ..Open::default() })?;
    let (month, offset) = (args.month.parse()?, offset_of(&args.offset)?);
    let mut query = Query::new(args.dialect, &args.table, month, offset)?;
    query.duplicates = job::duplicates(traffic.duplicates);
    query.columns = traffic.columns;
    let target = Target { path: args.output, format: () };
    output::print(&[target], None, |_, output| query.write(output))?;
    if args.dialect == Dialect::LogService {
        query.notes().iter().for_each(|note| say!("{note}"));
    }
    Ok(())
}
