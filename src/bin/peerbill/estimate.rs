//! `peerbill estimate`.

mod quantities;

use crate::{
    args::{EstimateArgs, ScheduleArgs},
    input::Inputs,
    job::{self, Job},
    settings::{self, Open},
    sources,
};
use peerbill::{
    Error, Result,
    estimate::{Schedule, of_history},
    model::time::Offset,
};
use quantities::Printer;

/// Makes the estimate; true where records were quarantined, or a plan must not pass its gate.
pub fn run(args: EstimateArgs) -> Result<bool> {
    let history = args.traffic.paths().next().is_some();
    let plans = &args.plans;
    let sources = [args.quantities.any(), history, plans.terraform.is_some(), plans.plan.is_some()];
    if plans.terraform.is_none() && (plans.traffic.is_some() || plans.fail_above.is_some()) {
        return Err(Error::usage("--traffic and --fail-above belong to --terraform PLAN"));
    }
    match sources {
        [true, false, false, false] => quantities::from_quantities(args),
        [false, true, false, false] => from_history(args),
        [false, false, true, false] => quantities::from_terraform(args),
        [false, false, false, true] => quantities::from_topology(args),
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
        shown: Some(&mut args.shown),
        ..Open::default()
    })?;
    let Some(month) = &args.month else {
        return Err(Error::usage("--month is needed with traffic: the billing month"));
    };
    let printer = Printer::new(&args)?;
    let mut job = Job::new(&args.traffic, month, &args.offset, &args.to.output, &args.quarantine)?
        .until(args.until.as_deref())?;
    if args.forecast && args.until.is_none() {
        return Err(Error::usage("--forecast: --until is needed, the hour up to which there is traffic"));
    }
    args.lines.grouping()?;
    let others = args.pricing.paths().chain(args.schedule.schedule.as_deref()).chain(args.lines.paths());
    job::inputs_of_traffic(&args.traffic, others)?;
    let schedule = schedule(&args.schedule, job.offset, &mut job.inputs)?;
    let catalog = sources::load(&args.pricing, &mut job.inputs)?;
    let options =
        args.lines.options(settings::shown(used, &args.traffic), &catalog.currency, &mut job.inputs)?;
    let metered = job.meter(&|region| catalog.check_region(region))?;
    let estimate = of_history(&metered, &options, schedule.as_ref(), &catalog, &args.scenario)?;
    let estimate =
        if args.forecast { estimate.with_forecast(&metered, &options, &catalog)? } else { estimate };
    let quarantined = job.finish(&metered, |quarantine| printer.print(&estimate, &job.inputs, quarantine))?;
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
