//! What is found as rows: a bill against ours, two reports, two exports of the same traffic.

use crate::{
    arguments::{Arguments, Job, counterpart},
    errors::exception,
    formats::{Format, Shown, Shows},
    run::{interruptible, unlocked},
    tables::{self, Table},
};
use peerbill::{
    Error, Metered, Result,
    compare::compare as compared,
    crosscheck::crosscheck as checked,
    files::{self, Inputs, Months, one_month, read_bill},
    model::{finding::Sentence, id::unwrapped, time::BillingMonth, time::Offset},
    read::{
        RegionCheck,
        bill::{BillSettings, CDT},
        read_accounts, read_reported, read_reported_months, read_reported_pair,
    },
    reconcile::{BillChoice, Billed, Class, Reconciled, invoices},
    report::reports,
    rows::{Cell, Column, List, RowSet, Total},
    write::{self, json::InputDigest, text::Screen},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{io::Write, path::PathBuf};

/// What was found, as rows.
#[pyclass(frozen, subclass, module = "peerbill")]
pub struct Rows {
    set: Set,
    digests: Vec<InputDigest>,
    quarantined: u64,
}

/// Any result of rows.
struct Set(Box<dyn RowSet + Send + Sync>);

impl RowSet for Set {
    fn title(&self) -> Sentence {
        self.0.title()
    }

    fn facts(&self) -> Vec<(&'static str, Cell)> {
        self.0.facts()
    }

    fn columns(&self) -> Vec<Column> {
        self.0.columns()
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_> {
        self.0.rows()
    }

    fn totals(&self) -> Result<Vec<Total>> {
        self.0.totals()
    }

    fn lists(&self) -> Vec<List> {
        self.0.lists()
    }

    fn notes(&self) -> Vec<Sentence> {
        self.0.notes()
    }

    fn is_quiet(&self, row: &[Cell]) -> bool {
        self.0.is_quiet(row)
    }

    fn giving_way(&self) -> &'static [&'static str] {
        self.0.giving_way()
    }
}

impl Shows for Rows {
    const FORMATS: &'static [Format] =
        &[Format::Table, Format::Csv, Format::Json, Format::Xlsx, Format::Html];

    fn render_to(&self, shown: &Shown, output: &mut dyn Write) -> Result<()> {
        let (set, lang) = (&self.set, shown.lang);
        shown.begin(output)?;
        match shown.format {
            Format::Csv => write::rows::csv(set, output),
            Format::Json => write::rows::json(set, &self.digests, output),
            Format::Xlsx => write::xlsx::rows(set, lang, output),
            Format::Html => write::html::rows(set, lang, output),
            _ => Screen::default().rows(set, lang, output),
        }
    }
}

impl Rows {
    fn of(set: impl RowSet + Send + Sync + 'static, digests: Vec<InputDigest>, quarantined: u64) -> Self {
        Self { set: Set(Box::new(set)), digests, quarantined }
    }
}

#[pymethods]
impl Rows {
    /// All rows as a table, with the columns of the CSV.
    fn rows(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || tables::rows(&self.set, &|_| true))
    }

    /// The rows that tell something.
    fn differences(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || tables::rows(&self.set, &|row| !self.set.is_quiet(row)))
    }

    /// Figures over all rows.
    #[getter]
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for total in self.set.totals().map_err(|error| exception(py, &error))? {
            dict.set_item(total.name, tables::decimal(py, &total.value)?)?;
        }
        Ok(dict)
    }

    /// What a reader should know, in words.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.set.notes().iter().map(ToString::to_string).collect()
    }

    /// How many records were refused and set aside.
    #[getter]
    fn quarantined(&self) -> u64 {
        self.quarantined
    }

    /// What was found in a format of the command line.
    #[pyo3(signature = (format, *, lang="en", csv_bom=false))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        lang: &str,
        csv_bom: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.rendered(py, &self.shown(format, lang, csv_bom)?)
    }

    /// Writes it to a file, whole or not at all; its name says the format unless that is stated.
    #[pyo3(signature = (path, format=None, *, lang="en", csv_bom=false))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        lang: &str,
        csv_bom: bool,
    ) -> PyResult<()> {
        self.written(py, &path, &self.shown_in(&path, format, lang, csv_bom)?)
    }

    /// Its JSON as a dict; numbers are text.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py)
    }

    fn __repr__(&self) -> String {
        format!("<peerbill: {}>", self.set.title())
    }
}

/// The provider's bill against ours.
#[pyclass(frozen, extends = Rows, module = "peerbill")]
pub struct Reconciliation {
    classes: Vec<(Class, String, u64)>,
    clean: bool,
}

#[pymethods]
impl Reconciliation {
    /// Whether no row differs but by rounding, and no record was set aside.
    #[getter]
    fn clean(&self) -> bool {
        self.clean
    }

    /// By class: what the differences of its rows sum, and how many there are.
    #[getter]
    fn classes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (class, difference, rows) in &self.classes {
            dict.set_item(class.as_str(), (tables::decimal(py, difference)?, rows))?;
        }
        Ok(dict)
    }
}

/// Two reports.
#[pyclass(frozen, extends = Rows, module = "peerbill")]
pub struct Comparison;

/// Two exports of the same traffic.
#[pyclass(frozen, extends = Rows, module = "peerbill")]
pub struct Crosscheck {
    clean: bool,
}

#[pymethods]
impl Crosscheck {
    /// Whether no hour differs, and no record was set aside.
    #[getter]
    fn clean(&self) -> bool {
        self.clean
    }
}

/// Compares the provider's bill with ours.
#[pyfunction]
pub fn reconcile(arguments: &Bound<'_, PyDict>) -> PyResult<Py<Reconciliation>> {
    let py = arguments.py();
    let arguments = Arguments(arguments.clone());
    if arguments.read(crate::arguments::offset(arguments.text("offset")?.as_deref()))? != Offset::CHINA {
        let why = "the provider's bills have their days and months at +08:00, and so has what is compared with them";
        return arguments.read(Err(Error::setting("offset", why)));
    }
    let (compared, digests, quarantined) = match arguments.is_none("report")? {
        true => with_traffic(&arguments)?,
        false => with_report(&arguments)?,
    };
    let classes =
        compared.classes.iter().map(|own| (own.class, own.difference.to_string(), own.rows)).collect();
    let clean = !compared.differs() && quarantined == 0;
    Py::new(py, (Reconciliation { classes, clean }, Rows::of(compared, digests, quarantined)))
}

type Compared = (Reconciled, Vec<InputDigest>, u64);

/// The bill that is compared, or the figures of invoices.
fn billed(arguments: &Arguments<'_>, months: &[BillingMonth], inputs: &mut Inputs) -> PyResult<Billed> {
    let (paths, figures) = (arguments.texts("bill")?, arguments.amounts("bill_total")?);
    let (product, items) = (arguments.text("bill_product")?, arguments.texts("bill_item")?);
    let refused = |name, why| arguments.read(Err(Error::setting(name, why)));
    match (paths.is_empty(), figures.is_empty()) {
        (true, true) => refused("bill", "is needed: the provider's bill; or bill_total, what invoices say"),
        (false, false) => refused("bill", "and bill_total both say what is billed: choose one of them"),
        (true, false) if product.is_some() || !items.is_empty() => {
            refused("bill-item", "and bill_product choose lines of a bill")
        }
        (true, false) if months.len() > 1 => {
            refused("bill-total", "is what an invoice says, which is of one month: name it with month")
        }
        (true, false) => {
            let figures = figures.iter().map(|(account, amount)| (&**account, &**amount));
            arguments.read(invoices(figures)).map(Billed::Invoices)
        }
        (false, true) => {
            let product = product.unwrap_or_else(|| CDT.to_owned());
            let naive_offset = arguments.text("naive_offset")?;
            let naive_offset = naive_offset.as_deref().map(str::parse).transpose();
            let settings = BillSettings {
                products: vec![product.clone()],
                columns: arguments.bill_columns()?,
                naive_offset: arguments.read(naive_offset.map_err(Error::from))?,
            };
            let mut choice = BillChoice::default();
            (choice.product, choice.items, choice.account) = (product, items, arguments.account()?);
            arguments.read(read_bill(inputs, &paths, &settings)).map(|bill| Billed::Lines(bill, choice))
        }
    }
}

fn with_traffic(arguments: &Arguments<'_>) -> PyResult<Compared> {
    let py = arguments.0.py();
    let Some(month) = arguments.text("month")? else {
        return arguments.read(Err(Error::setting("month", "is needed: the billing month")));
    };
    let months = arguments.read(Months::parse(&month))?;
    let mut job = Job::new(arguments, months)?;
    let catalog = job.catalog(arguments)?;
    let billed = billed(arguments, &months.all(), &mut job.metering.inputs)?;
    let columns = arguments.bill_columns()?;
    let of_bill = columns.given().map(|(key, name)| (format!("columns.bill.{key}"), name.to_owned()));
    let settings: Vec<_> = of_bill.chain(std::mem::take(&mut job.settings)).collect();
    let mut options = job.options(arguments, &catalog)?;
    options.settings.clone_from(&settings);
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        let metered = job.metering.meter_months(&|region| catalog.check_region(region), &|_| Ok(()))?;
        let reports = reports(&metered, &catalog, &options)?;
        let mut compared = billed.with_metered(&reports, metered.months(), &catalog)?;
        compared.settings = settings;
        let digests = job.metering.inputs.digests()?;
        job.set_aside(metered.refused())?;
        Ok((compared.with_accounts(options.accounts), digests, metered.refused_for_cause()))
    });
    job.notes.warn(py)?;
    made
}

fn with_report(arguments: &Arguments<'_>) -> PyResult<Compared> {
    for name in ["usage", "cloudmonitor", "flow_logs", "metered", "connections", "quarantine"] {
        if !arguments.is_none(name)? {
            let why = "and report are two ways to tell our side: choose one of them";
            return arguments.read(Err(Error::usage(format!("{name} {why}"))));
        }
    }
    let py = arguments.0.py();
    let (mut inputs, notes) = arguments.inputs()?;
    let months = arguments.text("month")?.map(|month| arguments.read(Months::parse(&month))).transpose()?;
    let months = months.map(Months::all);
    let own = arguments.bill("report")?;
    let documents = match &own {
        Some(_) => None,
        None => arguments.json("report", &mut inputs)?,
    };
    let catalog = match (&own, arguments.is_none("catalog")?) {
        (None, false) => Some(arguments.read(files::load(&arguments.prices()?, &mut inputs))?),
        _ => None,
    };
    let of_bill = own.as_ref().map(|own| own.get().metered.months().iter().map(Metered::month));
    let asked: Vec<BillingMonth> =
        of_bill.map(Iterator::collect).or_else(|| months.clone()).unwrap_or_default();
    let billed = billed(arguments, &asked, &mut inputs)?;
    let (names, account) = (arguments.accounts(&mut inputs)?, arguments.account()?);
    let made = unlocked(py, || {
        let compared = match (&own, documents) {
            (Some(own), _) => {
                let own = own.get();
                let reports = own.whole(|options| {
                    (options.hourly, options.account) = (false, account.as_deref().map(str::to_owned));
                })?;
                billed.with_metered(&reports, own.metered.months(), &own.catalog)?
            }
            (None, Some(document)) => {
                let reported = match &months {
                    Some(months) => read_reported_months(&document, months)?,
                    None => vec![read_reported(&document, None)?],
                };
                billed.with_reported(&reported, catalog.as_ref(), account.as_deref().map(unwrapped))?
            }
            (None, None) => return Err(Error::internal("no report is given")),
        };
        Ok((compared.with_accounts(names), inputs.digests()?, 0))
    });
    notes.warn(py)?;
    made
}

/// Compares two reports.
#[pyfunction]
pub fn compare(arguments: &Bound<'_, PyDict>) -> PyResult<Py<Comparison>> {
    let py = arguments.py();
    let arguments = Arguments(arguments.clone());
    let (mut inputs, _) = arguments.inputs()?;
    let months = arguments.texts("month")?;
    let months: Vec<BillingMonth> = months
        .iter()
        .map(|month| arguments.read(month.parse().map_err(Error::from)))
        .collect::<PyResult<_>>()?;
    if months.len() > 2 {
        let why = "is given once, or twice: for a and for b";
        return arguments.read(Err(Error::setting("month", why)));
    }
    let mut document = |name: &'static str| {
        let document = arguments.json(name, &mut inputs)?;
        document.ok_or_else(|| {
            pyo3::exceptions::PyTypeError::new_err(format!("{name}: a path, a dict or a bill is wanted"))
        })
    };
    let documents = [document("a")?, document("b")?];
    let accounts = arguments.document("accounts", &mut inputs)?;
    let (comparison, digests) = unlocked(py, || {
        let [before, after] = read_reported_pair(documents.each_ref(), &months)?;
        let mut comparison = compared(&before, &after)?;
        if let Some(accounts) = accounts {
            comparison.name_accounts(&read_accounts(&accounts)?);
        }
        Ok((comparison, inputs.digests()?))
    })?;
    Py::new(py, (Comparison, Rows::of(comparison, digests, 0)))
}

/// Checks two exports of the same traffic against each other.
#[pyfunction]
pub fn crosscheck(arguments: &Bound<'_, PyDict>) -> PyResult<Py<Crosscheck>> {
    let py = arguments.py();
    let arguments = Arguments(arguments.clone());
    let month = arguments.read(one_month(&arguments.text("month")?.unwrap_or_default()))?;
    let mut job = Job::new(&arguments, Months::One(month))?;
    let counterpart = counterpart(&arguments)?;
    let prices = arguments.prices()?;
    let is_priced = prices.catalog.is_some() || !prices.prices.is_empty() || prices.contract.is_some();
    let catalog = is_priced.then(|| job.catalog(&arguments)).transpose()?;
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        // Regions decide about prices, which hours do not have.
        let check: RegionCheck<'_> =
            &|region| catalog.as_ref().map_or(Ok(()), |catalog| catalog.check_region(region));
        let [here, there] = job.metering.meter_both(&counterpart, check, &|_| Ok(()))?;
        let mut checked = checked(&here, &there, catalog.as_ref())?;
        checked.settings.clone_from(&job.settings);
        let digests = job.metering.inputs.digests()?;
        job.set_aside(&[here.refused(), there.refused()].concat())?;
        Ok((checked, digests, here.refused_for_cause() + there.refused_for_cause()))
    });
    job.notes.warn(py)?;
    let (checked, digests, quarantined) = made?;
    let clean = checked.differences.is_empty() && quarantined == 0;
    Py::new(py, (Crosscheck { clean }, Rows::of(checked, digests, quarantined)))
}
