//! `peerbill report`.

use crate::{
    args::{ReportArgs, ReportFormat, ShownArgs},
    input::Inputs,
    job::{self, Job},
    output::{self, Target, say},
    pricing,
    settings::{self, Open},
};
use peerbill::{
    Error, Finding, FindingCode, Result,
    report::{Report, report},
    write::{self, json::InputDigest},
};
use std::{io::Write, mem::ManuallyDrop};

/// Makes the report; true where records were quarantined, or a finding is there that stops.
pub fn run(mut args: ReportArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
        lines: Some(&mut args.lines),
        shown: Some(&mut args.shown),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    let stopping = args.shown.stopping()?;
    args.lines.grouping()?;
    refuse_bom_without_csv(&args.shown, targets.iter().any(|target| is_csv(target)))?;
    let mut job = Job::new(&args.traffic, &args.month, &args.offset, &args.to.output, &args.quarantine)?;
    job::inputs_of_traffic(&args.traffic, args.pricing.paths().chain(args.lines.paths()))?;
    let catalog = pricing::load(&args.pricing, &mut job.inputs)?;
    let settings = settings::shown(used, &args.traffic);
    let options = args.lines.options(settings, &catalog.currency, &mut job.inputs)?;
    // Never dropped: they end with the process, and to give back a large inventory piece by piece takes its time.
    let metered = ManuallyDrop::new(job.meter(&|region| catalog.check_region(region))?);
    let report = ManuallyDrop::new(report(&metered, &catalog, options)?);
    let print = |quarantine| print(&targets, &args.shown, &report, &job.inputs, quarantine);
    let quarantined = job.finish(&metered, print)?;
    Ok(tell_stopping(&stopping, report.findings.iter()) || quarantined)
}

/// Prints the report wherever it goes, and puts the quarantine in its place as late as any of that can still fail.
fn print(
    targets: &[Target<ReportFormat>],
    shown: &ShownArgs,
    report: &Report,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = match targets.iter().any(|target| target.format == ReportFormat::Json) {
        true => inputs.digests()?,
        false => Vec::new(),
    };
    output::print(targets, quarantine, |target, output| render(target, shown, report, &digests, output))?;
    if targets.iter().any(|target| target.format.is_lines()) {
        print_around_lines(report, shown.verbose);
    }
    Ok(())
}

/// Writes the report as one of its targets has it.
fn render(
    target: &Target<ReportFormat>,
    shown: &ShownArgs,
    report: &Report,
    digests: &[InputDigest],
    output: &mut dyn Write,
) -> Result<()> {
    if shown.csv_bom && is_csv(target) {
        output::write_bom(output)?;
    }
    match target.format {
        ReportFormat::Table => output::screen(target).report(report, shown.lang(), output),
        ReportFormat::Json => write::json::write(report, digests, output),
        ReportFormat::Csv => write::csv::report(report, output),
        ReportFormat::Markdown => write::markdown::report(report, shown.lang(), output),
        ReportFormat::Parquet => not_yet("parquet"),
        ReportFormat::Xlsx => not_yet("xlsx"),
        ReportFormat::Html => not_yet("html"),
        ReportFormat::Focus => not_yet("focus"),
    }
}

/// The error of a format without a writer.
fn not_yet(format: &str) -> Result<()> {
    Err(Error::usage(format!("--format {format}: reports cannot be written so yet")))
}

fn is_csv(target: &Target<ReportFormat>) -> bool {
    match target.format {
        ReportFormat::Csv => true,
        ReportFormat::Focus => !target.is_parquet(),
        _ => false,
    }
}

/// Refuses a mark in front of CSV where there is none.
pub fn refuse_bom_without_csv(shown: &ShownArgs, has_csv: bool) -> Result<()> {
    match shown.csv_bom && !has_csv {
        true => Err(Error::usage("--csv-bom: no CSV is written")),
        false => Ok(()),
    }
}

/// Says which findings are there that stop; whether any is.
pub fn tell_stopping<'f>(
    stopping: &[FindingCode],
    findings: impl Iterator<Item = &'f Finding> + Clone,
) -> bool {
    let mut stops = false;
    for (place, code) in stopping.iter().enumerate() {
        let count = findings.clone().filter(|finding| finding.code == *code).count();
        if count > 0 && !stopping[..place].contains(code) {
            say!("peerbill: --fail-on {}: findings of this code: {count}", code.as_str());
            stops = true;
        }
    }
    stops
}

/// What lines have no place for; all that the figures rest on only where that is asked for.
fn print_around_lines(report: &Report, verbose: bool) {
    for (name, value) in write::provenance(report).into_iter().filter(|_| verbose) {
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
    if verbose {
        say!("{}", write::BEFORE_TAX);
    }
}
