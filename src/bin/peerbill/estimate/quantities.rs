//! Estimates from quantities, what all estimates without hours have in common, and how every estimate is printed.

use crate::{
    args::{EstimateArgs, EstimateFormat, QuantityArgs, ShownArgs, offset_of},
    input::Inputs,
    job,
    output::{self, Target, say},
    pricing,
    report::{refuse_bom_without_csv, tell_stopping},
    settings,
};
use peerbill::{
    Error, FindingCode, Result,
    catalog::Catalog,
    estimate::{Estimate, PlannedConnection, PricesOf, Quantities, Scenario, of_quantities},
    model::{connection::End, id::read_account, link::LinkType, time::Offset},
    write,
};

/// Estimates from quantities that the arguments give.
pub fn from_quantities(mut args: EstimateArgs) -> Result<bool> {
    let settings = settings::fill(settings::Open {
        pricing: Some(&mut args.pricing),
        reading: Some(&mut args.traffic.reading),
        offset: args.month.is_some().then_some(&mut args.offset),
        lines: Some(&mut args.lines),
        shown: Some(&mut args.shown),
        ..Default::default()
    })?;
    refuse_needs_of_hours(&args)?;
    let printer = Printer::new(&args)?;
    job::one_reader_of_stdin(args.pricing.paths().chain(args.lines.paths()))?;
    let mut inputs = Inputs::new(args.traffic.reading.reading()?);
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    let accounts = args.lines.accounts(&mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let quantities = Quantities::new(&[planned(&args.quantities, &catalog)?], prices_of(&args)?, &catalog)?
        .with_settings(settings)
        .with_accounts(accounts)
        .of_account(args.lines.account.clone());
    let estimate = of_quantities(&quantities, &catalog, &args.scenario)?;
    printer.print(&estimate, &inputs, None)?;
    Ok(printer.tell_stopping(&estimate))
}

/// Quantities have no hours, so what needs some is refused.
pub fn refuse_needs_of_hours(args: &EstimateArgs) -> Result<()> {
    let given = [
        ("--hourly", args.lines.hourly),
        ("--by", !args.lines.by.is_empty()),
        ("--budget", args.lines.budget.is_some()),
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
        catalog.region_id(&needed(flag, value)?).map_err(|error| Error::usage(format!("{flag}: {error}")))
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

/// Where an estimate goes, how it is shown, and which findings stop.
pub struct Printer<'a> {
    shown: &'a ShownArgs,
    targets: Vec<Target<EstimateFormat>>,
    stopping: Vec<FindingCode>,
}

impl<'a> Printer<'a> {
    /// As the arguments say, with what settings fill of them; refuses what makes no sense before anything is read.
    pub fn new(args: &'a EstimateArgs) -> Result<Self> {
        let (shown, targets) = (&args.shown, args.to.targets()?);
        let has_csv = targets.iter().any(|target| target.format == EstimateFormat::Csv);
        refuse_bom_without_csv(shown, has_csv)?;
        Ok(Self { shown, targets, stopping: shown.stopping()? })
    }

    /// Prints the estimate wherever it goes, and puts the quarantine in its place as late as any of that can still fail.
    pub fn print(
        &self,
        estimate: &Estimate,
        inputs: &Inputs,
        quarantine: Option<output::Staged>,
    ) -> Result<()> {
        let has = |format| self.targets.iter().any(|target| target.format == format);
        let digests = if has(EstimateFormat::Json) { inputs.digests()? } else { Vec::new() };
        inputs.unchanged()?;
        output::print(&self.targets, quarantine, |target, output| {
            if self.shown.csv_bom && target.format == EstimateFormat::Csv {
                output::write_bom(output)?;
            }
            match target.format {
                EstimateFormat::Table => write::text::estimate(estimate, self.shown.lang(), output),
                EstimateFormat::Json => write::estimate::json::write(estimate, &digests, output),
                EstimateFormat::Markdown => write::markdown::estimate(estimate, self.shown.lang(), output),
                EstimateFormat::Csv => write::csv::estimate(estimate, output),
                EstimateFormat::Html => write::html::estimate(estimate, self.shown.lang(), output),
            }
        })?;
        if has(EstimateFormat::Csv) {
            for line in write::estimate::provenance_lines(estimate, self.shown.verbose) {
                say!("{line}");
            }
        }
        Ok(())
    }

    /// Says which findings and notes are there that stop; whether any is.
    pub fn tell_stopping(&self, estimate: &Estimate) -> bool {
        let reports = estimate.scenarios.iter().filter_map(Scenario::report);
        let findings = reports.flat_map(|report| &report.findings).chain(&estimate.notes);
        tell_stopping(&self.stopping, findings)
    }
}
