//! `peerbill meter`.

use crate::{
    args::{MeterArgs, MeterFormat},
    input::Inputs,
    output::{self, say},
    settings, traffic,
};
use peerbill::{
    Result,
    meter::Metered,
    model::{
        inventory::Inventory,
        time::{BillingMonth, Offset},
    },
    write,
};

/// Writes the metered hours; tells whether records were quarantined.
pub fn run(mut args: MeterArgs) -> Result<bool> {
    let told = settings::fill(settings::Open {
        traffic: Some(&mut args.traffic),
        offset: Some(&mut args.offset),
        ..settings::Open::default()
    })?;
    let month: BillingMonth = args.month.parse()?;
    let offset = args.offset.as_deref().map_or(Ok(Offset::CHINA), str::parse)?;
    refuse_lean_parquet(args.format)?;
    traffic::check(&args.traffic, std::iter::empty())?;
    let outputs = [("--output", &args.output), ("--quarantine", &args.quarantine)];
    let settings = traffic::meter_settings(&args.traffic, month.period(offset), args.quarantine.is_some());
    // Regions decide about prices, which no hour has.
    let (inventory, metered) =
        traffic::read(&args.traffic, &mut Inputs::default(), &outputs, settings, &|_| Ok(()))?;
    let stage = |path| output::stage(path, |output| write::quarantine::write(&metered.refused, output));
    let quarantine = args.quarantine.as_deref().map(stage).transpose()?;
    output::print(args.output.as_deref(), quarantine, |output| match args.format {
        MeterFormat::Csv => write::metered::csv(&metered.usage, &inventory, output),
        MeterFormat::Parquet => parquet(&metered, &inventory, output),
    })?;
    for (name, value) in traffic::all_settings(told, &args.traffic) {
        say!("setting {name}: {value}");
    }
    say!("usage_digest: {}", metered.usage.digest(&inventory)?);
    for (name, records, bytes) in write::totals(&metered.totals) {
        say!("{name}: {records} records, {bytes} bytes");
    }
    Ok(args.quarantine.is_some_and(|path| traffic::tell_quarantined(&inventory, &metered, &path)))
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
fn parquet(metered: &Metered, inventory: &Inventory, output: &mut dyn std::io::Write) -> Result<()> {
    write::metered::parquet(&metered.usage, inventory, output)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &Metered, _: &Inventory, _: &mut dyn std::io::Write) -> Result<()> {
    refuse_lean_parquet(MeterFormat::Parquet)
}
