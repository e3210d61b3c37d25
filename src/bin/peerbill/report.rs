//! `peerbill report`.

use crate::{
    args::{ReportArgs, ReportFormat},
    input::Inputs,
    job::{self, Job},
    output::{self, say},
    pricing,
    settings::{self, Open},
};
use peerbill::{
    Result,
    report::{Report, report},
    write,
};
use std::mem::ManuallyDrop;

/// Makes the report; true where records were quarantined.
pub fn run(mut args: ReportArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
        ..Open::default()
    })?;
    let mut job = Job::new(&args.traffic, &args.month, &args.offset, &args.output, &args.quarantine)?;
    let options = args.lines.options(settings::shown(used, &args.traffic))?;
    job::inputs_of_traffic(&args.traffic, args.pricing.paths())?;
    let catalog = pricing::load(&args.pricing, &mut job.inputs)?;
    // Never dropped: they end with the process, and to give back a large inventory piece by piece takes its time.
    let metered = ManuallyDrop::new(job.meter(&|region| catalog.check_region(region))?);
    let report = ManuallyDrop::new(report(&metered, &catalog, options)?);
    job.finish(&metered, |quarantine| print(&args, &report, &job.inputs, quarantine))
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
        ReportFormat::Table => write::text::report(report, write::Lang::En, output),
        ReportFormat::Json => write::json::write(report, &digests, output),
        ReportFormat::Csv => write::csv::report(report, output),
        ReportFormat::Markdown => write::markdown::report(report, write::Lang::En, output),
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
