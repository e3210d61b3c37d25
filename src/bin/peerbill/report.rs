//! `peerbill report`.

use crate::{
    args::{DuplicatesArg, ReportArgs, ReportFormat},
    input::{Inputs, traffic_sources},
    output::{self, say},
    pricing, settings,
};
use peerbill::{
    Error, ErrorKind, Fault, Result,
    meter::{Duplicates, MeterSettings, Metered, meter},
    model::{connection::Inventory, time::Offset},
    read::read_inventory,
    report::{Grouping, Report, ReportOptions, report},
    write,
};
use std::path::Path;

/// Makes the report; tells whether records were quarantined.
pub fn run(mut args: ReportArgs) -> Result<bool> {
    let settings = settings::fill(&mut args)?;
    let options = options(&args, settings)?;
    if args.connections.is_empty() {
        return Err(Error::usage("--connections is needed: without it no record can be attributed"));
    }
    refuse_two_readers_of_stdin(&args)?;
    let mut inputs = Inputs::default();
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    let connections = inputs.documents("connections", &args.connections)?;
    let changes = match args.link_changes.as_slice() {
        [] => None,
        paths => Some(inputs.documents("link-changes", paths)?),
    };
    let inventory = read_inventory(&connections, changes.as_deref(), &|region| catalog.check_region(region))?;
    let (sources, progress) = traffic_sources(inputs.find("usage", &args.usage)?);
    check_outputs(&args, &inputs)?;
    let meter_settings = MeterSettings {
        period: options.period(),
        duplicates: options.duplicates,
        keep_refused: args.quarantine.is_some(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let metered = meter(&sources, &inventory, &meter_settings);
    progress.finish_and_clear();
    let metered = metered?;
    if args.quarantine.is_none() {
        refuse_faults(&inventory, &metered)?;
    }
    let report = report(&metered, &inventory, &catalog, options)?;
    let Some(path) = &args.quarantine else {
        return print(&args, &report, &inputs, None).map(|()| false);
    };
    let quarantine = output::stage(path, |output| write::quarantine::write(&metered.refused, output))?;
    print(&args, &report, &inputs, Some(quarantine))?;
    Ok(tell_quarantined(&inventory, &metered, path))
}

fn options(args: &ReportArgs, settings: Vec<(String, String)>) -> Result<ReportOptions> {
    let by = match args.by.as_slice() {
        [] => None,
        names => Some(Grouping::parse(names.iter().map(String::as_str))?),
    };
    Ok(ReportOptions {
        month: args.month.parse()?,
        offset: args.offset.as_deref().map_or(Ok(Offset::CHINA), str::parse)?,
        hourly: args.hourly,
        by,
        account: args.account.clone(),
        duplicates: match args.duplicates {
            None | Some(DuplicatesArg::Refuse) => Duplicates::Refuse,
            Some(DuplicatesArg::First) => Duplicates::First,
            Some(DuplicatesArg::Sum) => Duplicates::Sum,
        },
        settings,
    })
}

/// Standard input can be read once; said before anything is read.
fn refuse_two_readers_of_stdin(args: &ReportArgs) -> Result<()> {
    let prices = args.pricing.prices.iter().chain(&args.pricing.contract);
    let paths = args.usage.iter().chain(&args.connections).chain(&args.link_changes).chain(prices);
    if paths.filter(|path| *path == "-").count() > 1 {
        return Err(Error::usage("- stands for standard input, which can be read only once"));
    }
    Ok(())
}

/// An output that is also an input would be lost.
fn check_outputs(args: &ReportArgs, inputs: &Inputs) -> Result<()> {
    let outputs = [("--output", &args.output), ("--quarantine", &args.quarantine)];
    for (flag, path) in outputs {
        if let Some(path) = path.as_deref().filter(|path| inputs.holds(path)) {
            return Err(Error::usage(format!("{flag} {}: this is one of the inputs", path.display())));
        }
    }
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        std::fs::canonicalize(path).unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
    };
    if let (Some(output), Some(quarantine)) = (&args.output, &args.quarantine)
        && place(output) == place(quarantine)
    {
        return Err(Error::usage("--output and --quarantine name the same file"));
    }
    Ok(())
}

/// R15: by default any dubious input means no report.
fn refuse_faults(inventory: &Inventory, metered: &Metered) -> Result<()> {
    let mut faults: Vec<Fault> = inventory.faults().to_vec();
    let own = metered.refused.iter().map(|record| &record.fault);
    let secondary = [peerbill::FaultCode::DroppedCopy, peerbill::FaultCode::FaultyConnection];
    faults.extend(own.filter(|fault| !secondary.contains(&fault.code)).cloned());
    let total = inventory.faults().len() as u64 + metered.refused_for_cause - metered.refused_for_connection;
    Error::from_listed(ErrorKind::Input, faults, total).map_or(Ok(()), Err)
}

/// Prints the report, and puts the quarantine in its place as late as either can still fail.
fn print(
    args: &ReportArgs,
    report: &Report<'_>,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = if args.format == ReportFormat::Json { inputs.digests()? } else { Vec::new() };
    let render = |output: &mut dyn std::io::Write| match args.format {
        ReportFormat::Table => write::table::write(report, output),
        ReportFormat::Json => write::json::write(report, &digests, output),
        ReportFormat::Csv => write::csv::write(report, output),
    };
    let staged = args.output.as_deref().map(|path| output::stage(path, render)).transpose()?;
    quarantine.map_or(Ok(()), output::Staged::commit)?;
    match staged {
        Some(staged) => staged.commit()?,
        None => output::write(None, render)?,
    }
    if args.format == ReportFormat::Csv {
        tell_basis(report);
    }
    Ok(())
}

/// What the CSV itself has no place for.
fn tell_basis(report: &Report<'_>) {
    for (name, value) in write::provenance(report) {
        say!("{name}: {value}");
    }
    for (name, records, bytes) in write::control_totals(report) {
        let partial =
            if report.options.account.is_some() { " (of all accounts; partial statement)" } else { "" };
        say!("{name}: {records} records, {bytes} bytes{partial}");
    }
    const SHOWN: usize = 20;
    for finding in report.findings.iter().take(SHOWN) {
        say!("finding: {}", write::table::finding_line(finding).trim_start());
    }
    if report.findings.len() > SHOWN {
        say!("finding: ... and {} more; --format json has them all", report.findings.len() - SHOWN);
    }
    say!("{}", write::BEFORE_TAX);
}

/// Tells what was refused; true where any of it had a cause.
fn tell_quarantined(inventory: &Inventory, metered: &Metered, path: &Path) -> bool {
    for fault in inventory.faults() {
        say!("peerbill: {fault}");
    }
    if metered.refused_for_cause > 0 {
        say!(
            "peerbill: {} records were refused and are not billed; they are in {}",
            metered.refused_for_cause,
            path.display()
        );
    }
    metered.refused_for_cause > 0 || !inventory.faults().is_empty()
}
