//! `peerbill meter`, and `peerbill sql`: the same in another engine.

use crate::{
    args::{MeterArgs, MeterFormat, SqlArgs, TrafficArgs, offset_of},
    job::{self, Job},
    output::{self, Staged, Target, say},
    settings::{self, Open, ShownSettings},
};
use peerbill::{
    Result,
    meter::Metered,
    write::{
        self,
        sql::{Dialect, Query},
    },
};

/// Writes the metered hours; true where records were quarantined.
pub fn run(mut args: MeterArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        offset: Some(&mut args.offset),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    let mut job = Job::new(&args.traffic, &args.month, &args.offset, &args.to.output, &args.quarantine)?
        .until(args.until.as_deref())?;
    job::inputs_of_traffic(&args.traffic, std::iter::empty())?;
    // Regions decide about prices, which no hour has.
    let metered = job.meter(&|_| Ok(()))?;
    job.finish(&metered, |quarantine| print(&args, &targets, &metered, used, quarantine))
}

/// Prints the hours, puts the quarantine in its place as late as either can still fail, and says what hours do not hold.
fn print(
    args: &MeterArgs,
    targets: &[Target<MeterFormat>],
    metered: &Metered,
    used: ShownSettings,
    quarantine: Option<Staged>,
) -> Result<()> {
    output::print(targets, quarantine, |target, output| match target.format {
        MeterFormat::Csv => write::metered::csv(metered, output),
        MeterFormat::Parquet => parquet(metered, output),
    })?;
    for (name, value) in settings::shown(used, &args.traffic) {
        say!("setting {name}: {value}");
    }
    say!("usage_digest: {}", metered.digest()?);
    for (name, records, bytes) in write::totals(&metered.totals()) {
        say!("{name}: {records} records, {bytes} bytes");
    }
    Ok(())
}

#[cfg(feature = "parquet")]
fn parquet(metered: &Metered, output: &mut dyn std::io::Write) -> Result<()> {
    write::metered::parquet(metered, output)
}

/// It was refused before anything was metered.
#[cfg(not(feature = "parquet"))]
fn parquet(_: &Metered, _: &mut dyn std::io::Write) -> Result<()> {
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
