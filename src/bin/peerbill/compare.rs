//! `peerbill compare`, of two reports, and `peerbill crosscheck`, of two exports of the same traffic.

use crate::{
    args::{CompareArgs, CrosscheckArgs},
    format::{print_rows, refuse_bom_without_rows},
    job::{self, Job},
    settings::{self, Open},
};
use peerbill::{
    Catalog, Error, Result, compare, crosscheck,
    files::{self, Inputs, Months, one_month},
    model::time::BillingMonth,
    read::{Document, RegionCheck, read_accounts, read_reported_pair},
};
use std::path::Path;

/// Says why two reports differ. That they do is what was asked for.
pub fn compare(mut args: CompareArgs) -> Result<()> {
    settings::fill(Open {
        accounts: Some(&mut args.accounts),
        language: Some(&mut args.shown.language),
        reading: Some(&mut args.reading),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    refuse_bom_without_rows(args.shown.csv_bom, &targets)?;
    let months = args.month.iter().map(|month| month.parse()).collect::<Result<Vec<BillingMonth>, _>>()?;
    if months.len() > 2 {
        return Err(Error::usage("--month: it is given once, or twice: for A and for B"));
    }
    let sides = [&args.before, &args.after].map(String::as_str);
    job::one_reader_of_stdin(sides.into_iter().chain(args.accounts.as_deref()))?;
    let mut inputs = args.reading.inputs()?;
    let documents = [document(&mut inputs, sides[0])?, document(&mut inputs, sides[1])?];
    let accounts = args.accounts.as_deref().map(|path| inputs.one_document("accounts", path)).transpose()?;
    let accounts = accounts.map(|document| read_accounts(&document)).transpose()?;
    job::outputs(&args.to.output, None, &inputs)?;
    let [before, after] = read_reported_pair(documents.each_ref(), &months)?;
    let mut comparison = compare::compare(&before, &after)?;
    if let Some(accounts) = &accounts {
        comparison.name_accounts(accounts);
    }
    inputs.unchanged()?;
    print_rows(&targets, args.shown.csv_bom, args.shown.lang(), None, (&comparison, &inputs))
}

/// The one document that an argument without a name of its own names.
fn document(inputs: &mut Inputs, path: &str) -> Result<Document> {
    if Path::new(path).is_dir() {
        return Err(Error::usage(format!("{path}: this is a folder; name one report")));
    }
    inputs.one_document("report", path)
}

/// Checks two exports of the same traffic against each other; true where they differ, or records were quarantined.
pub fn crosscheck(mut args: CrosscheckArgs) -> Result<bool> {
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
    let mut checked = crosscheck::crosscheck(here, there, catalog.as_ref())?;
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
