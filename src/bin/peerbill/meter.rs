//! `peerbill meter`.

use crate::{
    args::{MeterArgs, MeterFormat},
    job::{self, Job},
    output::{self, Staged, say},
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
    let mut job = Job::new(&args.traffic, &args.month, &args.offset, &args.output, &args.quarantine)?;
    refuse_lean_parquet(args.format)?;
    job::inputs_of_traffic(&args.traffic, std::iter::empty())?;
    // Regions decide about prices, which no hour has.
    let metered = job.meter(&|_| Ok(()))?;
    job.finish(&metered, |quarantine| print(&args, &metered, used, quarantine))
}

/// Prints the hours, puts the quarantine in its place as late as either can still fail, and says what hours do not hold.
fn print(args: &MeterArgs, metered: &Metered, used: ShownSettings, quarantine: Option<Staged>) -> Result<()> {
    output::print(args.output.as_deref(), quarantine, |output| match args.format {
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
fn refuse_lean_parquet(_: MeterFormat) -> Result<()> {
    Ok(())
}

#[cfg(not(feature = "parquet"))]
fn refuse_lean_parquet(format: MeterFormat) -> Result<()> {
    match format {
        MeterFormat::Csv => Ok(()),
        MeterFormat::Parquet => Err(peerbill::Error::usage(
            "--format parquet: this build cannot write it: it was made without the feature parquet",
        )),
    }
}

#[cfg(feature = "parquet")]
fn parquet(metered: &Metered, output: &mut dyn std::io::Write) -> Result<()> {
    write::metered::parquet(metered, output)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &Metered, _: &mut dyn std::io::Write) -> Result<()> {
    refuse_lean_parquet(MeterFormat::Parquet)
}
