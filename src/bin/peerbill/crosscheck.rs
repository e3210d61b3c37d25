//! `peerbill crosscheck`.

use crate::{
    args::CrosscheckArgs,
    format::{print_rows, refuse_bom_without_rows},
    job::{self, Job},
    settings::{self, Open},
};
use peerbill::{
    Catalog, Error, Result,
    crosscheck::crosscheck,
    files::{self, Months, one_month},
    read::RegionCheck,
};

/// Checks two exports of the same traffic against each other; true where they differ, or records were quarantined.
pub fn run(mut args: CrosscheckArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        pricing: Some(&mut args.pricing),
        language: Some(&mut args.shown.language),
        offset: Some(&mut args.offset),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    refuse_bom_without_rows(args.shown.csv_bom, &targets)?;
    let (months, times) = (Months::One(one_month(&args.month)?), (&args.offset, args.until.as_deref()));
    let mut job = Job::of_months(&args.traffic, months, times, &args.to.output, &args.quarantine)?;
    if args.counterpart.paths().next().is_none() {
        let others = "--counterpart-cloudmonitor METRIC=PATH or --counterpart-flow-logs PATH";
        return Err(Error::usage(format!(
            "--counterpart-usage is needed: the other export of the same traffic; or {others}"
        )));
    }
    job::inputs_of_traffic(&args.traffic, args.pricing.paths().chain(args.counterpart.paths()))?;
    let catalog = catalog(&args, &mut job)?;
    // Regions decide about prices, which hours do not have.
    let check: RegionCheck<'_> =
        &|region| catalog.as_ref().map_or(Ok(()), |catalog| catalog.check_region(region));
    let metered = job.meter_both(&args.counterpart, check)?;
    let [here, there] = &metered;
    let mut checked = crosscheck(here, there, catalog.as_ref())?;
    checked.settings = settings::shown(used, &args.traffic);
    let (bom, lang, found) = (args.shown.csv_bom, args.shown.lang(), (&checked, &job.metering.inputs));
    let print = |quarantine| print_rows(&targets, bom, lang, quarantine, found);
    let quarantined = job.finish_both(&metered, print)?;
    Ok(quarantined || !checked.differences.is_empty())
}

/// The catalog that says what the gap would cost, where one is named.
fn catalog(args: &CrosscheckArgs, job: &mut Job<'_>) -> Result<Option<Catalog>> {
    let pricing = &args.pricing;
    match pricing.catalog.is_none() && pricing.paths().next().is_none() {
        true => Ok(None),
        false => files::load(&pricing.at_paths(), &mut job.metering.inputs).map(Some),
    }
}
