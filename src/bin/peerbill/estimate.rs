//! `peerbill estimate`.

mod plan;
mod print;
mod quantities;

use crate::{
    args::{EstimateArgs, ScheduleArgs},
    input::Inputs,
    output, pricing, settings, traffic,
};
use peerbill::{
    Error, Result,
    estimate::{of_history, schedule::Schedule},
    model::time::Offset,
    write,
};
use print::print;

/// Makes the estimate; tells whether records were quarantined.
pub fn run(args: EstimateArgs) -> Result<bool> {
    let history = args.traffic.paths().next().is_some();
    let plans = &args.plans;
    let sources = [args.quantities.any(), history, plans.terraform.is_some(), plans.plan.is_some()];
    if plans.terraform.is_none() && (plans.traffic.is_some() || plans.fail_above.is_some()) {
        return Err(Error::usage("--traffic and --fail-above belong to --terraform PLAN"));
    }
    match sources {
        [true, false, false, false] => quantities::from_quantities(args).map(|()| false),
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

fn from_history(mut args: EstimateArgs) -> Result<bool> {
    let settings = settings::fill(settings::Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        offset: Some(&mut args.offset),
    })?;
    let Some(month) = &args.month else {
        return Err(Error::usage("--month is needed with traffic: the billing month"));
    };
    let (month, offset) = (month.parse()?, traffic::offset(&args.offset)?);
    let options = traffic::options(&args.lines, &args.traffic, settings)?;
    let others = args.pricing.prices.iter().chain(&args.pricing.contract).chain(&args.schedule.schedule);
    traffic::check(&args.traffic, others)?;
    let mut inputs = Inputs::default();
    let schedule = schedule(&args.schedule, offset, &mut inputs)?;
    let catalog = pricing::load(&args.pricing, &mut inputs)?;
    let outputs = [("--output", &args.output), ("--quarantine", &args.quarantine)];
    let meter_settings =
        traffic::meter_settings(&args.traffic, month, offset, traffic::refused(&args.quarantine));
    let check_region = |region: &str| catalog.check_region(region);
    let metered = traffic::read(&args.traffic, &mut inputs, &outputs, meter_settings, &check_region)?;
    let estimate = of_history(&metered, &options, schedule.as_ref(), &catalog, &args.scenario)?;
    let Some(path) = &args.quarantine else {
        return print(&args, &estimate, &inputs, None).map(|()| false);
    };
    let quarantine = output::stage(path, |output| write::quarantine::write(metered.refused(), output))?;
    print(&args, &estimate, &inputs, Some(quarantine))?;
    Ok(traffic::tell_quarantined(&metered, path))
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
