//! `peerbill meter`.

use crate::{
    args::{MeterArgs, MeterFormat},
    job::{self, Job},
    output::{self, Staged, Target, say},
    settings::{self, Open, ShownSettings},
};
use peerbill::{Result, meter::Metered, write};

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
