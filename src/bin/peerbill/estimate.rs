//! `peerbill estimate`.

mod plan;

use crate::{
    args::{EstimateArgs, EstimateFormat, QuantityArgs, ScheduleArgs},
    input::Inputs,
    output::{self, say},
    pricing, settings, traffic,
};
use peerbill::{
    Error, Result,
    catalog::Catalog,
    estimate::{
        Estimate, of_history, of_quantities,
        quantities::{PlannedConnection, PricesOf, Quantities},
        schedule::Schedule,
    },
    model::{
        connection::{Bandwidth, End},
        link::LinkType,
        time::Offset,
    },
    report::Basis,
    write,
};

/// Makes the estimate; tells whether records were quarantined.
pub fn run(args: EstimateArgs) -> Result<bool> {
    let history = args.traffic.paths().next().is_some();
    let plans = &args.plans;
    let sources = [args.quantities.any(), history, plans.terraform.is_some(), plans.plan.is_some()];
    if plans.terraform.is_none() && (plans.traffic.is_some() || plans.fail_above.is_some()) {
        return Err(Error::usage("--traffic and --fail-above belong to --terraform PLAN"));
    }
    match sources {
        [true, false, false, false] => from_quantities(args).map(|()| false),
        [false, true, false, false] => from_history(args),
        [false, false, true, false] => plan::from_terraform(args),
        [false, false, false, true] => plan::from_topology(args).map(|()| false),
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

fn from_quantities(mut args: EstimateArgs) -> Result<()> {
    let settings = settings::fill(settings::Open {
        pricing: Some(&mut args.pricing),
        offset: args.month.is_some().then_some(&mut args.offset),
        ..Default::default()
    })?;
    refuse_needs_of_hours(&args)?;
    let mut inputs = Inputs::default();
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    traffic::check_outputs(&[("--output", &args.output)], &inputs)?;
    let quantities = Quantities::new(&[planned(&args.quantities, &catalog)?], prices_of(&args)?, &catalog)?
        .with_settings(settings)
        .of_account(args.lines.account.clone());
    print(&args, &of_quantities(&quantities, &catalog, &args.scenario)?, &inputs, None)
}

/// Quantities have no hours, so what needs some is refused.
fn refuse_needs_of_hours(args: &EstimateArgs) -> Result<()> {
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
fn prices_of(args: &EstimateArgs) -> Result<PricesOf> {
    Ok(match &args.month {
        Some(month) => PricesOf::Month(month.parse()?, offset(args)?),
        None => PricesOf::Newest,
    })
}

fn offset(args: &EstimateArgs) -> Result<Offset> {
    args.offset.as_deref().map_or(Ok(Offset::CHINA), str::parse)
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
    let account = |value: &Option<String>, default: &str| value.as_deref().unwrap_or(default).to_owned();
    let back = args.return_gb.as_deref().map(|value| bytes("--return-gb", value)).transpose()?;
    Ok(PlannedConnection {
        label: String::new(),
        requester: End::new(account(&args.from_account, "requester"), region("--from", &args.from)?),
        accepter: End::new(account(&args.to_account, "accepter"), region("--to", &args.to)?),
        link_type: LinkType::Gold,
        bandwidth: Bandwidth::DEFAULT,
        monthly_bytes: [Some(bytes("--gb", &needed("--gb", &args.gb)?)?), back],
    })
}

fn from_history(mut args: EstimateArgs) -> Result<bool> {
    let settings = settings::fill(settings::Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
    })?;
    let Some(month) = &args.month else {
        return Err(Error::usage("--month is needed with traffic: the billing month"));
    };
    let options = traffic::options(month, &args.offset, &args.lines, &args.traffic, settings)?;
    let others = args.pricing.prices.iter().chain(&args.pricing.contract).chain(&args.schedule.schedule);
    traffic::check(&args.traffic, others)?;
    let mut inputs = Inputs::default();
    let schedule = schedule(&args.schedule, options.offset, &mut inputs)?;
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    let outputs = [("--output", &args.output), ("--quarantine", &args.quarantine)];
    let meter_settings = traffic::meter_settings(&args.traffic, options.period(), args.quarantine.is_some());
    let check_region = |region: &str| catalog.check_region(region);
    let (inventory, metered) =
        traffic::read(&args.traffic, &mut inputs, &outputs, meter_settings, &check_region)?;
    let basis = Basis { metered: &metered, inventory: &inventory, options, measured: true };
    let estimate = of_history(&basis, schedule.as_ref(), &catalog, &args.scenario)?;
    let Some(path) = &args.quarantine else {
        return print(&args, &estimate, &inputs, None).map(|()| false);
    };
    let quarantine = output::stage(path, |output| write::quarantine::write(&metered.refused, output))?;
    print(&args, &estimate, &inputs, Some(quarantine))?;
    Ok(traffic::tell_quarantined(&inventory, &metered, path))
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

/// Prints the estimate, and puts the quarantine in its place as late as either can still fail.
fn print(
    args: &EstimateArgs,
    estimate: &Estimate<'_>,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = if args.format == EstimateFormat::Json { inputs.digests()? } else { Vec::new() };
    let render = |output: &mut dyn std::io::Write| match args.format {
        EstimateFormat::Table => write::estimate::table::write(estimate, output),
        EstimateFormat::Json => write::estimate::json::write(estimate, &digests, output),
        EstimateFormat::Markdown => write::estimate::markdown::write(estimate, output),
        EstimateFormat::Csv => write::estimate::csv::write(estimate, output),
    };
    output::print(args.output.as_deref(), quarantine, render)?;
    if args.format == EstimateFormat::Csv {
        for line in write::estimate::basis(estimate) {
            say!("{line}");
        }
    }
    Ok(())
}
