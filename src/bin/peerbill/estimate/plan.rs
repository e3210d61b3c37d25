//! Estimates of what is to be built: a Terraform plan with its gate, and a planned topology.

use super::quantities::{Printer, prices_of, refuse_needs_of_hours};
use crate::{
    args::EstimateArgs,
    input::Inputs,
    job,
    output::say,
    pricing,
    settings::{self, Open},
};
use peerbill::{
    Error, Result,
    catalog::Catalog,
    estimate::{Estimate, Gate, PlanQuantities, PlannedConnection, Quantities, of_plan, of_topology},
    model::money::Money,
    read::{
        monthly::{MonthlyBytes, read_monthly},
        terraform::{PeeringPlan, StatedRequesters, read_plan},
        topology::read_topology,
    },
    write::finding_words,
};

type Settings = Vec<(String, String)>;

/// Settings, inputs and catalog; refuses what plans cannot answer.
fn begin(args: &mut EstimateArgs) -> Result<(Settings, Inputs, Catalog)> {
    let settings = settings::fill(Open {
        pricing: Some(&mut args.pricing),
        reading: Some(&mut args.traffic.reading),
        offset: args.month.is_some().then_some(&mut args.offset),
        lines: Some(&mut args.lines),
        shown: Some(&mut args.shown),
        ..Default::default()
    })?;
    refuse_needs_of_hours(args)?;
    let plans = args.plans.terraform.iter().chain(&args.plans.traffic).chain(&args.plans.plan);
    let paths = plans.map(String::as_str).chain(args.pricing.paths()).chain(args.lines.paths());
    job::one_reader_of_stdin(paths)?;
    let mut inputs = Inputs::new(args.traffic.reading.reading()?);
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    Ok((settings, inputs, catalog))
}

/// Estimates what a Terraform plan changes; tells whether it must not pass its gate.
pub fn from_terraform(mut args: EstimateArgs) -> Result<bool> {
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
    let plan = read_plan(&inputs.one_document("terraform", path)?, &stated)?;
    let traffic = traffic_of(&args, &plan, &mut inputs, &catalog)?;
    let accounts = args.lines.accounts(&mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let quantities = PlanQuantities::new(&plan, &traffic, prices_of(&args)?, &catalog)?
        .with_settings(&settings)
        .with_accounts(&accounts);
    let estimate = of_plan(&quantities, &catalog, &args.scenario)?;
    printer.print(&estimate, &inputs, None)?;
    let stops = limit.map_or(Ok(false), |limit| stopped(&estimate, limit))?;
    Ok(printer.tell_stopping(&estimate) || stops)
}

fn traffic_of(
    args: &EstimateArgs,
    plan: &PeeringPlan,
    inputs: &mut Inputs,
    catalog: &Catalog,
) -> Result<MonthlyBytes> {
    // Without traffic the prices of one GB are shown.
    let Some(path) = &args.plans.traffic else { return Ok(MonthlyBytes::new()) };
    let names = plan.names();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    read_monthly(&inputs.one_document("traffic", path)?, catalog.gb, &known)
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
pub fn from_topology(mut args: EstimateArgs) -> Result<bool> {
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
