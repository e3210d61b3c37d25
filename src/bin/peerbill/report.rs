//! `peerbill report`.

use crate::{
    args::{ReportArgs, ReportFormat, ShownArgs},
    job::{self, Job},
    output::{self, Target, say},
    settings::{self, Open},
};
use peerbill::{
    Error, Finding, FindingCode, Result,
    files::{self, Inputs, Months, find_archives},
    report::{Report, corrections, reports},
    write::{self, Lang, focus::FocusSettings, json::InputDigest},
};
use std::{io::Write, mem::ManuallyDrop, thread};

/// Makes the report; true where records were quarantined, or a finding is there that stops.
pub fn run(mut args: ReportArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
        lines: Some(&mut args.lines),
        language: Some(&mut args.shown.language),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    let stopping = args.shown.stopping()?;
    refuse_clashes(&args, &targets)?;
    let has_focus = targets.iter().any(is_focus);
    let focus = args.focus.settings(has_focus)?;
    let months = Months::parse(&args.month)?;
    let mut job = Job::of_months(
        &args.traffic,
        months,
        (&args.offset, args.until.as_deref()),
        &args.to.output,
        &args.quarantine,
    )?;
    let others = args.pricing.paths().chain(args.lines.paths()).chain(args.corrects.as_deref());
    job::inputs_of_traffic(&args.traffic, others)?;
    load_texts(&targets, &args.shown);
    if !targets.iter().any(shows_digests) {
        job.metering.inputs.digest_later();
    }
    if args.corrects.is_some() && job.is_range() {
        return Err(Error::usage("--corrects: one closed month is corrected; name it with --month"));
    }
    let archive = args.corrects.as_ref().map(std::slice::from_ref);
    let archive = archive
        .map(|path| find_archives("corrects", path, &args.traffic.at_paths(), &mut job.metering.inputs));
    let archive = archive.transpose()?;
    let catalog = files::load(&args.pricing.at_paths(), &mut job.metering.inputs)?;
    let settings = settings::shown(used, &args.traffic);
    let mut options = args.lines.options(settings, &catalog.currency, &mut job.metering.inputs)?;
    options.daily =
        targets.iter().any(|target| matches!(target.format, ReportFormat::Xlsx | ReportFormat::Html));
    options.without_digest = targets.iter().all(|target| target.format.is_lines()) && !args.shown.verbose;
    // All outputs are FOCUS, or none: no name of a file asks for it.
    options.hourly |= has_focus;
    // Never dropped: they end with the process, and to give back a large inventory piece by piece takes its time.
    let metered = ManuallyDrop::new(job.meter_months(&|region| catalog.check_region(region))?);
    let archived = archive.zip(metered.months().first()).map(|(sources, anew)| {
        job.metering.meter_archive("corrects", &sources, anew).map(|archived| (archived, anew))
    });
    let archived = archived.transpose()?;
    options.archives = job.metering.archives.clone();
    let reports = ManuallyDrop::new(match &archived {
        None => reports(&metered, &catalog, &options)?,
        Some((archived, anew)) => vec![corrections(archived, anew, &catalog, options)?],
    });
    let months: Vec<&Report> = reports.iter().collect();
    let form = Form { shown: &args.shown, focus: &focus, is_range: job.is_range() };
    let print = |quarantine| print(&targets, form, &months, &job.metering.inputs, quarantine);
    let quarantined = job.finish_months(&metered, print)?;
    let findings = months.iter().flat_map(|report| &report.findings);
    Ok(tell_stopping(&stopping, findings) || quarantined)
}

/// Refuses what no report can be, before anything is read.
fn refuse_clashes(args: &ReportArgs, targets: &[Target<ReportFormat>]) -> Result<()> {
    refuse_bom_without_csv(&args.shown, targets.iter().any(is_csv))?;
    match args.lines.grouping()? {
        Some(_) if targets.iter().all(is_focus) => {
            Err(Error::usage("--by: the rows of FOCUS are those of hours, and are not grouped"))
        }
        _ => Ok(()),
    }
}

/// Lets another thread read the texts of the language that is wanted in the end; where there is none they are read then.
fn load_texts(targets: &[Target<ReportFormat>], shown: &ShownArgs) {
    // What stands around lines is English.
    let is_lines = targets.iter().all(|target| target.format.is_lines());
    let lang = if is_lines { Lang::En } else { shown.lang() };
    if job::threads() > 1 {
        let _ = thread::Builder::new().spawn(move || lang.load());
    }
}

/// Whether it shows the digests of all inputs.
fn shows_digests(target: &Target<ReportFormat>) -> bool {
    target.format == ReportFormat::Json
}

fn is_focus(target: &Target<ReportFormat>) -> bool {
    target.format == ReportFormat::Focus
}

/// How a report is written.
#[derive(Clone, Copy)]
struct Form<'a> {
    shown: &'a ShownArgs,
    focus: &'a FocusSettings,
    /// Whether several months are asked for, or a range of one.
    is_range: bool,
}

/// Prints the reports wherever they go, and puts the quarantine in its place as late as any of that can still fail.
fn print(
    targets: &[Target<ReportFormat>],
    form: Form<'_>,
    reports: &[&Report],
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = match targets.iter().any(shows_digests) {
        true => inputs.digests()?,
        false => Vec::new(),
    };
    output::print(targets, quarantine, |target, output| render(target, form, reports, &digests, output))?;
    if targets.iter().any(|target| target.format.is_lines()) {
        for report in reports {
            let month = if form.is_range { format!("{}: ", report.month) } else { String::new() };
            print_around_lines(report, form.shown.verbose, &month);
        }
    }
    Ok(())
}

/// Writes the reports as one of the targets has them.
fn render(
    target: &Target<ReportFormat>,
    form: Form<'_>,
    reports: &[&Report],
    digests: &[InputDigest],
    output: &mut dyn Write,
) -> Result<()> {
    if form.shown.csv_bom && is_csv(target) {
        output::write_bom(output)?;
    }
    match target.format {
        ReportFormat::Table => output::screen(target).reports(reports, form.shown.lang(), output),
        ReportFormat::Json => json(reports, form, digests, output),
        ReportFormat::Csv => write::csv::reports(reports, output),
        ReportFormat::Markdown => write::markdown::reports(reports, form.shown.lang(), output),
        ReportFormat::Parquet => parquet(reports, output),
        ReportFormat::Xlsx => xlsx(reports, form.shown, output),
        ReportFormat::Html => write::html::reports(reports, form.shown.lang(), output),
        ReportFormat::Focus if target.is_parquet() => focus_parquet(reports, form.focus, output),
        ReportFormat::Focus => write::focus::reports(reports, form.focus, output),
    }
}

fn json(reports: &[&Report], form: Form<'_>, digests: &[InputDigest], output: &mut dyn Write) -> Result<()> {
    match reports {
        [report] if !form.is_range => write::json::write(report, digests, output),
        reports => write::json::months(reports, digests, output),
    }
}

#[cfg(feature = "parquet")]
fn parquet(reports: &[&Report], output: &mut dyn Write) -> Result<()> {
    write::parquet::reports(reports, output)
}

#[cfg(feature = "parquet")]
fn focus_parquet(reports: &[&Report], settings: &FocusSettings, output: &mut dyn Write) -> Result<()> {
    write::focus::parquet(reports, settings, output)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &[&Report], _: &mut dyn Write) -> Result<()> {
    lacking("parquet")
}

#[cfg(not(feature = "parquet"))]
fn focus_parquet(_: &[&Report], _: &FocusSettings, _: &mut dyn Write) -> Result<()> {
    lacking("parquet")
}

#[cfg(feature = "xlsx")]
fn xlsx(reports: &[&Report], shown: &ShownArgs, output: &mut dyn Write) -> Result<()> {
    write::xlsx::reports(reports, shown.lang(), output)
}

#[cfg(not(feature = "xlsx"))]
fn xlsx(_: &[&Report], _: &ShownArgs, _: &mut dyn Write) -> Result<()> {
    lacking("xlsx")
}

/// Never reached: a build that lacks a format refuses its targets.
#[cfg(not(all(feature = "parquet", feature = "xlsx")))]
fn lacking(format: &str) -> Result<()> {
    Err(Error::internal(format!("this build cannot write {format}")))
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

/// What lines have no place for, behind the month where there are several; all that the figures rest on only where that is
/// asked for.
pub fn print_around_lines(report: &Report, verbose: bool, month: &str) {
    for (name, value) in write::provenance(report).into_iter().filter(|_| verbose) {
        say!("{month}{name}: {value}");
    }
    for (name, records, bytes) in write::control_totals(report) {
        let partial =
            if report.options.account.is_some() { " (of all accounts; partial statement)" } else { "" };
        say!("{month}{name}: {records} records, {bytes} bytes{partial}");
    }
    const SHOWN_OF_A_CODE: usize = 20;
    for same in report.findings.chunk_by(|one, other| one.code == other.code) {
        for finding in same.iter().take(SHOWN_OF_A_CODE) {
            say!("{month}finding: {}", write::text::finding_line(finding).trim_start());
        }
        if let more @ 1.. = same.len().saturating_sub(SHOWN_OF_A_CODE) {
            say!(
                "{month}finding: [{}] ... and {more} more; --format json has them all",
                same[0].code.as_str()
            );
        }
    }
    if verbose {
        say!("{}", write::BEFORE_TAX);
    }
}
