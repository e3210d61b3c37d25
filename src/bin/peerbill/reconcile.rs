//! `peerbill reconcile`.

use crate::{
    args::{ReconcileArgs, offset_of},
    format::{RowsFormat, print_rows, refuse_bom_without_rows},
    job::{self, Job},
    output::{Staged, Target, say},
    report::print_around_lines,
    settings::{self, Open, ShownSettings},
};
use peerbill::{
    BillingMonth, Error, ReportOptions, Result,
    files::{self, Inputs, Months, read_bill},
    model::{accounts::Accounts, id::unwrapped, time::Offset},
    read::{
        bill::{BillSettings, CDT, Printed},
        read_accounts, read_reported, read_reported_months,
    },
    reconcile::{BillChoice, Billed, Reconciled, invoices},
    report::reports,
};
use std::{collections::BTreeMap, sync::Arc};

/// Compares the provider's bill with ours; true where they differ, or records were quarantined.
pub fn run(mut args: ReconcileArgs) -> Result<bool> {
    let used = settings::fill(Open {
        // What is settled about traffic and prices is for those who compare with traffic.
        traffic: Some(&mut args.traffic).filter(|_| args.report.is_none()),
        pricing: Some(&mut args.pricing).filter(|_| args.report.is_none()),
        offset: Some(&mut args.offset),
        accounts: Some(&mut args.accounts),
        language: Some(&mut args.shown.language),
        bill: Some(&mut args.bill.columns),
        ..Open::default()
    })?;
    let figures = figures(&args)?;
    refuse_bom_without_rows(args.shown.csv_bom, &args.to.targets()?)?;
    if offset_of(&args.offset)? != Offset::CHINA {
        let why = "the provider's bills have their days and months at +08:00, and so has what is compared with them";
        return Err(Error::setting("offset", why));
    }
    match &args.report {
        Some(path) => from_report(&args, path, &figures),
        None => from_traffic(&args, used, &figures),
    }
}

/// What invoices say, by account; none where a bill is given.
fn figures(args: &ReconcileArgs) -> Result<BTreeMap<String, Printed>> {
    let bill = &args.bill;
    if bill.bill.is_empty() && bill.bill_total.is_empty() {
        return Err(Error::usage(
            "--bill is needed: the provider's bill; or --bill-total ACCOUNT=AMOUNT, where an invoice is all that there is",
        ));
    }
    if bill.bill.is_empty() && (bill.bill_product.is_some() || !bill.bill_item.is_empty()) {
        return Err(Error::usage("--bill-product and --bill-item choose lines of --bill"));
    }
    let figures = bill.bill_total.iter().map(|argument| {
        argument.split_once('=').ok_or_else(|| {
            let why = "write it as ACCOUNT=AMOUNT, such as 1000000000000101=1234.56";
            Error::setting("bill-total", format!("{argument:?}: {why}"))
        })
    });
    invoices(figures.collect::<Result<Vec<_>>>()?)
}

/// Compares with what traffic costs.
fn from_traffic(
    args: &ReconcileArgs,
    used: ShownSettings,
    figures: &BTreeMap<String, Printed>,
) -> Result<bool> {
    let Some(month) = &args.month else {
        return Err(Error::usage("--month is needed: the billing month"));
    };
    let targets = args.to.targets()?;
    let months = Months::parse(month)?;
    refuse_figures_of_months(figures, &months.all())?;
    let mut job =
        Job::of_months(&args.traffic, months, (&args.offset, None), &args.to.output, &args.quarantine)?;
    let others = args.bill.bill.iter().chain(&args.accounts).map(String::as_str);
    job::inputs_of_traffic(&args.traffic, args.pricing.paths().chain(others))?;
    let catalog = files::load(&args.pricing.at_paths(), &mut job.metering.inputs)?;
    let billed = billed(args, figures, &mut job.metering.inputs)?;
    let mut options = ReportOptions::default();
    options.accounts = accounts(args, &mut job.metering.inputs)?;
    options.account = account(args).map(str::to_owned);
    options.settings = settings::shown(used, &args.traffic);
    let (names, settings) = (options.accounts.clone(), options.settings.clone());
    let metered = job.meter_months(&|region| catalog.check_region(region))?;
    // Prices that are missing are told here, all of them.
    let reports = reports(&metered, &catalog, &options)?;
    let mut compared = billed.with_metered(&reports, metered.months(), &catalog)?;
    compared.settings = settings;
    let compared = compared.with_accounts(names);
    let quarantined = job.finish_months(&metered, |quarantine| {
        print(args, &targets, (&compared, &job.metering.inputs), quarantine)?;
        for report in &reports {
            let month = if reports.len() > 1 { format!("{}: ", report.month) } else { String::new() };
            print_around_lines(report, false, &month);
        }
        Ok(())
    })?;
    Ok(compared.differs() || quarantined)
}

/// Compares with a report that was kept.
fn from_report(args: &ReconcileArgs, path: &str, figures: &BTreeMap<String, Printed>) -> Result<bool> {
    let targets = args.to.targets()?;
    let mut inputs = args.traffic.reading.inputs()?;
    let others = args.bill.bill.iter().chain(&args.accounts).map(String::as_str);
    job::one_reader_of_stdin(others.chain([path]).chain(args.pricing.paths()))?;
    let months = args.month.as_deref().map(Months::parse).transpose()?;
    let months = months.map(Months::all);
    refuse_figures_of_months(figures, months.as_deref().unwrap_or_default())?;
    let document = inputs.one_document("report", path)?;
    let reported = match &months {
        Some(months) => read_reported_months(&document, months)?,
        None => vec![read_reported(&document, None)?],
    };
    let pricing = args.pricing.catalog.as_ref().map(|_| args.pricing.at_paths());
    let catalog = pricing.map(|paths| files::load(&paths, &mut inputs)).transpose()?;
    let billed = billed(args, figures, &mut inputs)?;
    let names = accounts(args, &mut inputs)?;
    job::outputs(&args.to.output, None, &inputs)?;
    let compared = billed.with_reported(&reported, catalog.as_ref(), account(args))?;
    let compared = compared.with_accounts(names);
    inputs.unchanged()?;
    print(args, &targets, (&compared, &inputs), None)?;
    Ok(compared.differs())
}

/// Refuses figures of invoices for several months: each is of one.
fn refuse_figures_of_months(figures: &BTreeMap<String, Printed>, months: &[BillingMonth]) -> Result<()> {
    match months.len() > 1 && !figures.is_empty() {
        true => Err(Error::usage(
            "--bill-total: an invoice is of one month; name it with --month, such as 2026-10",
        )),
        false => Ok(()),
    }
}

/// The bill, or the figures where none is given.
fn billed(args: &ReconcileArgs, figures: &BTreeMap<String, Printed>, inputs: &mut Inputs) -> Result<Billed> {
    if args.bill.bill.is_empty() {
        return Ok(Billed::Invoices(figures.clone()));
    }
    let settings = BillSettings {
        products: vec![product(args)],
        columns: args.bill.columns.clone(),
        naive_offset: args.traffic.naive_offset.as_deref().map(str::parse).transpose()?,
    };
    let mut choice = BillChoice::default();
    choice.product = product(args);
    choice.items.clone_from(&args.bill.bill_item);
    choice.account = account(args).map(str::to_owned);
    Ok(Billed::Lines(read_bill(inputs, &args.bill.bill, &settings)?, choice))
}

fn product(args: &ReconcileArgs) -> String {
    args.bill.bill_product.clone().unwrap_or_else(|| CDT.to_owned())
}

fn account(args: &ReconcileArgs) -> Option<&str> {
    args.account.as_deref().map(unwrapped)
}

/// Names of accounts, where they are given.
fn accounts(args: &ReconcileArgs, inputs: &mut Inputs) -> Result<Option<Arc<Accounts>>> {
    let Some(path) = &args.accounts else { return Ok(None) };
    Ok(Some(Arc::new(read_accounts(&inputs.one_document("accounts", path)?)?)))
}

/// Prints what was found; which classes there are goes to standard error beside CSV.
fn print(
    args: &ReconcileArgs,
    targets: &[Target<RowsFormat>],
    (compared, inputs): (&Reconciled, &Inputs),
    quarantine: Option<Staged>,
) -> Result<()> {
    print_rows(targets, args.shown.csv_bom, args.shown.lang(), quarantine, (compared, inputs))?;
    if targets.iter().any(|target| target.format == RowsFormat::Csv) {
        for own in &compared.classes {
            say!("class {}: {} in {} rows", own.class.as_str(), own.difference, own.rows);
        }
    }
    Ok(())
}
