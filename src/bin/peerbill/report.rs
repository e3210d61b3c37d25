//! `peerbill report`.

use crate::{
    args::{ReportArgs, ReportFormat},
    input::Inputs,
    output::{self, say},
    pricing, settings, traffic,
};
use peerbill::{
    Result,
    report::{Report, report},
    write,
};
use std::mem::ManuallyDrop;

/// Makes the report; tells whether records were quarantined.
pub fn run(mut args: ReportArgs) -> Result<bool> {
    let settings = settings::fill(settings::Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
    })?;
    let (month, offset) = (args.month.parse()?, traffic::offset(&args.offset)?);
    let options = traffic::options(&args.lines, &args.traffic, settings)?;
    let prices = args.pricing.prices.iter().chain(&args.pricing.contract);
    traffic::check(&args.traffic, prices)?;
    let mut inputs = Inputs::default();
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    let outputs = [("--output", &args.output), ("--quarantine", &args.quarantine)];
    let meter_settings =
        traffic::meter_settings(&args.traffic, month, offset, traffic::refused(&args.quarantine));
    let check_region = |region: &str| catalog.check_region(region);
    let metered = traffic::read(&args.traffic, &mut inputs, &outputs, meter_settings, &check_region)?;
    // Never dropped: they end with the process, and to give back a large inventory piece by piece takes its time.
    let metered = ManuallyDrop::new(metered);
    let report = ManuallyDrop::new(report(&metered, &catalog, options)?);
    let Some(path) = &args.quarantine else {
        return print(&args, &report, &inputs, None).map(|()| false);
    };
    let quarantine = output::stage(path, |output| write::quarantine::write(metered.refused(), output))?;
    print(&args, &report, &inputs, Some(quarantine))?;
    Ok(traffic::tell_quarantined(&metered, path))
}

/// Prints the report, and puts the quarantine in its place as late as either can still fail.
fn print(
    args: &ReportArgs,
    report: &Report,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = if args.format == ReportFormat::Json { inputs.digests()? } else { Vec::new() };
    let render = |output: &mut dyn std::io::Write| match args.format {
        ReportFormat::Table => write::text::report(report, output),
        ReportFormat::Json => write::json::write(report, &digests, output),
        ReportFormat::Csv => write::csv::write(report, output),
        ReportFormat::Markdown => write::markdown::report(report, output),
    };
    output::print(args.output.as_deref(), quarantine, render)?;
    if args.format == ReportFormat::Csv {
        print_provenance(report);
    }
    Ok(())
}

/// What the CSV itself has no place for.
fn print_provenance(report: &Report) {
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
        say!("finding: {}", write::text::finding_line(finding).trim_start());
    }
    if report.findings.len() > SHOWN {
        say!("finding: ... and {} more; --format json has them all", report.findings.len() - SHOWN);
    }
    say!("{}", write::BEFORE_TAX);
}
