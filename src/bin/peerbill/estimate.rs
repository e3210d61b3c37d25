//! `peerbill estimate`: from traffic, from quantities, from a Terraform plan or a topology; and how each of them is printed.

use crate::{
    args::{EstimateArgs, EstimateFormat, QuantityArgs, ScheduleArgs, ShownArgs, offset_of},
    job::{self, Job},
    output::{self, Target, say},
    report::{refuse_bom_without_csv, tell_stopping},
    settings::{self, Open},
};
use peerbill::{
    Error, FindingCode, Result,
    catalog::Catalog,
    estimate::{
        Estimate, Gate, PlanQuantities, PlannedConnection, PricesOf, Quantities, Scenario, Schedule, Sent,
        of_history, of_plan, of_quantities, of_topology,
    },
    files::{self, Inputs, Months, one_month},
    model::{
        connection::End, finding::Finding, id::read_account, link::LinkType, money::Money, time::Offset,
        usage::Sender,
    },
    read::{terraform::StatedRequesters, topology::read_topology},
    write::{self, finding_words},
};
use std::io::Write;

/// Makes the estimate; true where records were quarantined, or a plan must not pass its gate.
pub fn run(args: EstimateArgs) -> Result<bool> {
    let history = args.traffic.paths().next().is_some();
    let plans = &args.plans;
    let sources = [args.quantities.any(), history, plans.terraform.is_some(), plans.plan.is_some()];
    if plans.terraform.is_none() && (plans.traffic.is_some() || plans.fail_above.is_some()) {
        return Err(Error::usage("--traffic and --fail-above belong to --terraform PLAN"));
    }
    match sources {
        [true, false, false, false] => from_quantities(args),
        [false, true, false, false] => from_history(args),
        [false, false, true, false] => from_terraform(args),
        [false, false, false, true] => from_topology(args),
        [false, false, false, false] => Err(Error::usage(
            "what is to be estimated? --from REGION --to REGION --gb N, --usage with all that report reads, \
             --terraform with --traffic, or --plan; see peerbill estimate --help",
        )),
        _ => Err(Error::usage(
            "--from, --to and --gb estimate from quantities, --usage from traffic, --terraform and --plan from what \
             is to be built: choose one of them",
        )),
    }
}

/// Estimates from a month's traffic; true where records were quarantined.
fn from_history(mut args: EstimateArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
        lines: Some(&mut args.lines),
        language: Some(&mut args.shown.language),
        ..Open::default()
    })?;
    let Some(month) = &args.month else {
        return Err(Error::usage("--month is needed with traffic: the billing month"));
    };
    let printer = Printer::new(&args)?;
    let (months, times) = (Months::One(one_month(month)?), (&args.offset, args.until.as_deref()));
    let mut job = Job::of_months(&args.traffic, months, times, &args.to.output, &args.quarantine)?;
    if args.forecast && args.until.is_none() {
        return Err(Error::usage("--forecast: --until is needed, the hour up to which there is traffic"));
    }
    args.lines.grouping()?;
    let others = args.pricing.paths().chain(args.schedule.schedule.as_deref()).chain(args.lines.paths());
    job::inputs_of_traffic(&args.traffic, others)?;
    let schedule = schedule(&args.schedule, job.offset(), &mut job.metering.inputs)?;
    let catalog = files::load(&args.pricing.at_paths(), &mut job.metering.inputs)?;
    let options = args.lines.options(
        settings::shown(used, &args.traffic),
        &catalog.currency,
        &mut job.metering.inputs,
    )?;
    let metered = job.meter(&|region| catalog.check_region(region))?;
    let estimate = of_history(&metered, &options, schedule.as_ref(), &catalog, &args.scenario)?;
    let estimate =
        if args.forecast { estimate.with_forecast(&metered, &options, &catalog)? } else { estimate };
    let quarantined =
        job.finish(&metered, |quarantine| printer.print(&estimate, &job.metering.inputs, quarantine))?;
    Ok(printer.tell_stopping(&estimate) || quarantined)
}

/// The schedule, where one is asked for.
fn schedule(args: &ScheduleArgs, offset: Offset, inputs: &mut Inputs) -> Result<Option<Schedule>> {
    match (&args.platinum_when[..], &args.schedule) {
        ([], None) => Ok(None),
        (windows, None) => Schedule::parse(windows.iter().map(String::as_str), offset).map(Some),
        ([], Some(path)) => match &inputs.documents("schedule", std::slice::from_ref(path))?[..] {
            [document] => Schedule::read(document, offset).map(Some),
            _ => Err(Error::usage(format!("--schedule {path}: name one file"))),
        },
        _ => Err(Error::usage("--platinum-when and --schedule both give windows: choose one of them")),
    }
}

/// Estimates from quantities that the arguments give.
fn from_quantities(mut args: EstimateArgs) -> Result<bool> {
    let (settings, mut inputs, catalog) = begin(&mut args)?;
    let printer = Printer::new(&args)?;
    let accounts = args.lines.accounts(&mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let prices_of = prices_of(&args)?;
    let (planned, notes) = planned(&args.quantities, prices_of, &catalog)?;
    let quantities = Quantities::new(&[planned], prices_of, &catalog)?
        .with_settings(settings)
        .with_notes(notes)
        .with_accounts(accounts)
        .of_account(args.lines.account.clone());
    let estimate = of_quantities(&quantities, &catalog, &args.scenario)?;
    printer.print(&estimate, &inputs, None)?;
    Ok(printer.tell_stopping(&estimate))
}

/// Quantities have no hours, so what needs some is refused.
fn refuse_needs_of_hours(args: &EstimateArgs) -> Result<()> {
    let given = [
        ("--until", args.until.is_some()),
        ("--forecast", args.forecast),
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
fn prices_of(args: &EstimateArgs) -> Result<PricesOf> {
    Ok(match &args.month {
        Some(month) => PricesOf::Month(month.parse()?, offset(args)?),
        None => PricesOf::Newest,
    })
}

fn offset(args: &EstimateArgs) -> Result<Offset> {
    offset_of(&args.offset)
}

/// The connection that the arguments describe, with what a reader should know of its bytes.
fn planned(
    args: &QuantityArgs,
    prices_of: PricesOf,
    catalog: &Catalog,
) -> Result<(PlannedConnection, Vec<Finding>)> {
    let region = |flag: &str, value: &Option<String>| {
        catalog.region_id(needed(flag, value)?).map_err(|error| named(flag, &error))
    };
    let account = |flag: &str, value: &Option<String>, default: &str| match value {
        Some(id) => read_account(id).map(str::to_owned).map_err(|why| Error::usage(format!("{flag}: {why}"))),
        None => Ok(default.to_owned()),
    };
    let requester =
        End::new(account("--from-account", &args.from_account, "requester")?, region("--from", &args.from)?);
    let accepter =
        End::new(account("--to-account", &args.to_account, "accepter")?, region("--to", &args.to)?);
    let mut planned = PlannedConnection::new("", requester, accepter, LinkType::Gold);
    if args.mbps.is_none() && args.return_mbps.is_none() && args.hours_a_day.is_some() {
        return Err(Error::usage("--hours-a-day belongs to --mbps or --return-mbps"));
    }
    let sent = |sender, gb: Stated<'_>, mbps: Stated<'_>| {
        let Some((flag, sent)) = sent(gb, mbps, args.hours_a_day.as_deref())? else { return Ok(None) };
        sent.bytes(sender, prices_of, catalog.gb).map(Some).map_err(|error| named(flag, &error))
    };
    let there = sent(Sender::Requester, ("--gb", &args.gb), ("--mbps", &args.mbps))?;
    let back =
        sent(Sender::Accepter, ("--return-gb", &args.return_gb), ("--return-mbps", &args.return_mbps))?;
    let Some((bytes, note)) = there else {
        return Err(Error::usage("--gb or --mbps is needed to estimate from quantities"));
    };
    let (back, back_note) = back.map_or((None, None), |(bytes, note)| (Some(bytes), note));
    planned.monthly_bytes = [Some(bytes), back];
    Ok((planned, [note, back_note].into_iter().flatten().collect()))
}

fn needed<'a>(flag: &str, value: &'a Option<String>) -> Result<&'a str> {
    value.as_deref().ok_or_else(|| Error::usage(format!("{flag} is needed to estimate from quantities")))
}

/// An argument, and what it states.
type Stated<'a> = (&'static str, &'a Option<String>);

/// What one end sends, and the argument that says so; `None` where none is given.
fn sent<'a>(
    (gb_flag, gb): Stated<'a>,
    (mbps_flag, mbps): Stated<'a>,
    hours_a_day: Option<&'a str>,
) -> Result<Option<(&'static str, Sent<'a>)>> {
    match (gb, mbps, hours_a_day) {
        (None, None, _) => Ok(None),
        (Some(_), Some(_), _) => {
            Err(Error::usage(format!("{gb_flag} and {mbps_flag} both say what is sent: choose one of them")))
        }
        (Some(gb), None, _) => Ok(Some((gb_flag, Sent::Volume(gb)))),
        (None, Some(_), None) => Err(Error::usage(format!(
            "--hours-a-day is needed with {mbps_flag}: for how many hours of a day it holds, 24 for all of it"
        ))),
        (None, Some(mbps), Some(hours_a_day)) => Ok(Some((mbps_flag, Sent::Rate { mbps, hours_a_day }))),
    }
}

/// The same error of this argument.
fn named(flag: &str, error: &Error) -> Error {
    let reasons: Vec<String> = error.faults().iter().map(write::reason).collect();
    Error::usage(format!("{flag}: {}", reasons.join("; ")))
}

/// Where an estimate goes, how it is shown, and which findings stop.
struct Printer<'a> {
    shown: &'a ShownArgs,
    targets: Vec<Target<EstimateFormat>>,
    stopping: Vec<FindingCode>,
}

impl<'a> Printer<'a> {
    /// As the arguments say, with what settings fill of them; refuses what makes no sense before anything is read.
    fn new(args: &'a EstimateArgs) -> Result<Self> {
        let (shown, targets) = (&args.shown, args.to.targets()?);
        let has_csv = targets.iter().any(|target| target.format == EstimateFormat::Csv);
        refuse_bom_without_csv(shown, has_csv)?;
        Ok(Self { shown, targets, stopping: shown.stopping()? })
    }

    /// Prints the estimate wherever it goes, and puts the quarantine in its place as late as any of that can still fail.
    fn print(&self, estimate: &Estimate, inputs: &Inputs, quarantine: Option<output::Staged>) -> Result<()> {
        let has = |format| self.targets.iter().any(|target| target.format == format);
        let digests = if has(EstimateFormat::Json) { inputs.digests()? } else { Vec::new() };
        inputs.unchanged()?;
        output::print(&self.targets, quarantine, |target, output| {
            if self.shown.csv_bom && target.format == EstimateFormat::Csv {
                output::write_bom(output)?;
            }
            match target.format {
                EstimateFormat::Table => output::screen(target).estimate(estimate, self.shown.lang(), output),
                EstimateFormat::Json => write::estimate::json::write(estimate, &digests, output),
                EstimateFormat::Markdown => write::markdown::estimate(estimate, self.shown.lang(), output),
                EstimateFormat::Csv => write::csv::estimate(estimate, output),
                EstimateFormat::Xlsx => xlsx(estimate, self.shown, output),
                EstimateFormat::Html => write::html::estimate(estimate, self.shown.lang(), output),
            }
        })?;
        if has(EstimateFormat::Csv) {
            for line in write::estimate::advice_lines(estimate)? {
                say!("{line}");
            }
            for line in write::estimate::provenance_lines(estimate, self.shown.verbose) {
                say!("{line}");
            }
        }
        Ok(())
    }

    /// Says which findings and notes are there that stop; whether any is.
    fn tell_stopping(&self, estimate: &Estimate) -> bool {
        let reports = estimate.scenarios.iter().filter_map(Scenario::report);
        let findings = reports.flat_map(|report| &report.findings).chain(&estimate.notes);
        tell_stopping(&self.stopping, findings)
    }
}

#[cfg(feature = "xlsx")]
fn xlsx(estimate: &Estimate, shown: &ShownArgs, output: &mut dyn Write) -> Result<()> {
    write::xlsx::estimate(estimate, shown.lang(), output)
}

/// Never reached: a build that lacks a format refuses its targets.
#[cfg(not(feature = "xlsx"))]
fn xlsx(_: &Estimate, _: &ShownArgs, _: &mut dyn Write) -> Result<()> {
    Err(Error::internal("this build cannot write xlsx"))
}

type Settings = Vec<(String, String)>;

/// Settings, inputs and catalog of an estimate that no traffic is metered for; refuses what only hours can answer.
fn begin(args: &mut EstimateArgs) -> Result<(Settings, Inputs, Catalog)> {
    let settings = settings::fill(Open {
        pricing: Some(&mut args.pricing),
        reading: Some(&mut args.traffic.reading),
        offset: args.month.is_some().then_some(&mut args.offset),
        lines: Some(&mut args.lines),
        language: Some(&mut args.shown.language),
        ..Default::default()
    })?;
    refuse_needs_of_hours(args)?;
    let plans = args.plans.terraform.iter().chain(&args.plans.traffic).chain(&args.plans.plan);
    let paths = plans.map(String::as_str).chain(args.pricing.paths()).chain(args.lines.paths());
    job::one_reader_of_stdin(paths)?;
    let mut inputs = args.traffic.reading.inputs()?;
    let catalog = files::load(&args.pricing.at_paths(), &mut inputs)?;
    Ok((settings, inputs, catalog))
}

/// Estimates what a Terraform plan changes; tells whether it must not pass its gate.
fn from_terraform(mut args: EstimateArgs) -> Result<bool> {
    let (settings, mut inputs, catalog) = begin(&mut args)?;
    let printer = Printer::new(&args)?;
    if args.lines.account.is_some() {
        return Err(Error::usage("--account: both sides of a plan are shown for all accounts"));
    }
    if args.plans.fail_above.is_some() && !args.scenario.is_empty() {
        return Err(Error::usage("--fail-above compares before with after: leave --scenario out"));
    }
    let limit = args
        .plans
        .fail_above
        .as_deref()
        .map(|text| text.parse::<Money>().map_err(|why| Error::usage(format!("--fail-above: {why}"))));
    let limit = limit.transpose()?;
    let stated = StatedRequesters::parse(&args.traffic.requester_account, &args.traffic.requester_region)?;
    let stated = stated.with_region_ids(&|region| catalog.region_id(region))?;
    let path = args.plans.terraform.as_deref().unwrap_or_default();
    let plan = inputs.one_document("terraform", path)?;
    let traffic = &args.plans.traffic;
    let traffic = traffic.as_deref().map(|path| inputs.one_document("traffic", path)).transpose()?;
    let accounts = args.lines.accounts(&mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let quantities = PlanQuantities::read(&plan, traffic.as_ref(), &stated, prices_of(&args)?, &catalog)?
        .with_settings(&settings)
        .with_accounts(&accounts);
    let estimate = of_plan(&quantities, &catalog, &args.scenario)?;
    printer.print(&estimate, &inputs, None)?;
    let stops = limit.map_or(Ok(false), |limit| stopped(&estimate, limit))?;
    Ok(printer.tell_stopping(&estimate) || stops)
}

/// Whether the gate stops the plan; says why.
fn stopped(estimate: &Estimate, limit: Money) -> Result<bool> {
    let changes = estimate.changes.as_ref().ok_or_else(|| Error::internal("a plan changes nothing"))?;
    let currency = &estimate.catalog.currency;
    let assumed = if changes.assumed.contains(&true) { " (with ASSUMED prices)" } else { "" };
    let partial = if changes.partial() { ", of what is priced" } else { "" };
    match changes.gate(limit)? {
        Gate::Passed(_) => return Ok(false),
        Gate::Above(more) => {
            say!(
                "peerbill: the plan costs {more} {currency} more per month{assumed}{partial}, which is above --fail-above \
                 {limit}"
            );
        }
        Gate::NotKnown(why) => {
            for why in &why {
                say!("peerbill: {}", finding_words(why));
            }
            say!("peerbill: what the plan costs more is not known, so it does not pass --fail-above {limit}");
        }
    }
    Ok(true)
}

/// Estimates a planned topology, with what would stand in its way.
fn from_topology(mut args: EstimateArgs) -> Result<bool> {
    let (settings, mut inputs, catalog) = begin(&mut args)?;
    let printer = Printer::new(&args)?;
    let path = args.plans.plan.as_deref().unwrap_or_default();
    let document = inputs.one_document("plan", path)?;
    let accounts = args.lines.accounts(&mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let topology = read_topology(&document, catalog.gb, &|region| catalog.region_id(region))?;
    let quantities = Quantities::new(&PlannedConnection::of(&topology), prices_of(&args)?, &catalog)?
        .with_settings(settings)
        .with_accounts(accounts)
        .of_account(args.lines.account.clone());
    let estimate = of_topology(&topology, &quantities, &catalog, &args.scenario)?;
    printer.print(&estimate, &inputs, None)?;
    Ok(printer.tell_stopping(&estimate))
}
