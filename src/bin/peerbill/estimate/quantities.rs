//! Estimates from quantities, what all estimates without hours have in common, and how every estimate is printed.

use crate::{
    args::{EstimateArgs, EstimateFormat, QuantityArgs, offset_of},
    input::Inputs,
    job,
    output::{self, say},
    pricing, settings,
};
use peerbill::{
    Error, Result,
    catalog::Catalog,
    estimate::{Estimate, PlannedConnection, PricesOf, Quantities, of_quantities},
    model::{connection::End, id::read_account, link::LinkType, time::Offset},
    write,
};

/// Estimates from quantities that the arguments give.
pub fn from_quantities(mut args: EstimateArgs) -> Result<()> {
    let settings = settings::fill(settings::Open {
        pricing: Some(&mut args.pricing),
        reading: Some(&mut args.traffic.reading),
        offset: args.month.is_some().then_some(&mut args.offset),
        ..Default::default()
    })?;
    refuse_needs_of_hours(&args)?;
    let mut inputs = Inputs::new(args.traffic.reading.reading()?);
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    job::outputs(&[("--output", &args.output)], &inputs)?;
    let quantities = Quantities::new(&[planned(&args.quantities, &catalog)?], prices_of(&args)?, &catalog)?
        .with_settings(settings)
        .of_account(args.lines.account.clone());
    print(&args, &of_quantities(&quantities, &catalog, &args.scenario)?, &inputs, None)
}

/// Quantities have no hours, so what needs some is refused.
pub fn refuse_needs_of_hours(args: &EstimateArgs) -> Result<()> {
    let given = [
        ("--hourly", args.lines.hourly),
        ("--by", !args.lines.by.is_empty()),
        ("--quarantine", args.quarantine.is_some()),
        ("--platinum-when", !args.schedule.platinum_when.is_empty()),
        ("--schedule", args.schedule.schedule.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::usage(format!(
            "{flag}: quantities do not tell in which hours they are sent; it needs a month's traffic, with --usage"
        ))),
        None => Ok(()),
    }
}

/// Whose prices quantities take.
pub fn prices_of(args: &EstimateArgs) -> Result<PricesOf> {
    Ok(match &args.month {
        Some(month) => PricesOf::Month(month.parse()?, offset(args)?),
        None => PricesOf::Newest,
    })
}

fn offset(args: &EstimateArgs) -> Result<Offset> {
    offset_of(&args.offset)
}

/// The connection that the arguments describe.
fn planned(args: &QuantityArgs, catalog: &Catalog) -> Result<PlannedConnection> {
    let needed = |flag: &str, value: &Option<String>| {
        value.clone().ok_or_else(|| Error::usage(format!("{flag} is needed to estimate from quantities")))
    };
    let region = |flag: &str, value: &Option<String>| {
        catalog.region_id(&needed(flag, value)?).map_err(|error| named(flag, &error))
    };
    let bytes = |flag: &str, value: &str| {
        catalog.gb.bytes_of(value).map_err(|why| Error::usage(format!("{flag}: {why}")))
    };
    let account = |flag: &str, value: &Option<String>, default: &str| match value {
        Some(id) => read_account(id).map(str::to_owned).map_err(|why| Error::usage(format!("{flag}: {why}"))),
        None => Ok(default.to_owned()),
    };
    let back = args.return_gb.as_deref().map(|value| bytes("--return-gb", value)).transpose()?;
    let requester =
        End::new(account("--from-account", &args.from_account, "requester")?, region("--from", &args.from)?);
    let accepter =
        End::new(account("--to-account", &args.to_account, "accepter")?, region("--to", &args.to)?);
    let mut planned = PlannedConnection::new("", requester, accepter, LinkType::Gold);
    planned.monthly_bytes = [Some(bytes("--gb", &needed("--gb", &args.gb)?)?), back];
    Ok(planned)
}

/// The same error of this argument.
fn named(flag: &str, error: &Error) -> Error {
    let reasons: Vec<String> = error.faults().iter().map(write::reason).collect();
    Error::usage(format!("{flag}: {}", reasons.join("; ")))
}

/// Prints the estimate, and puts the quarantine in its place as late as either can still fail.
pub fn print(
    args: &EstimateArgs,
    estimate: &Estimate,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = if args.format == EstimateFormat::Json { inputs.digests()? } else { Vec::new() };
    let render = |output: &mut dyn std::io::Write| match args.format {
        EstimateFormat::Table => write::text::estimate(estimate, output),
        EstimateFormat::Json => write::estimate::json::write(estimate, &digests, output),
        EstimateFormat::Markdown => write::markdown::estimate(estimate, output),
        EstimateFormat::Csv => write::csv::estimate(estimate, output),
    };
    inputs.unchanged()?;
    output::print(args.output.as_deref(), quarantine, render)?;
    if args.format == EstimateFormat::Csv {
        for line in write::estimate::provenance_lines(estimate) {
            say!("{line}");
        }
    }
    Ok(())
}
