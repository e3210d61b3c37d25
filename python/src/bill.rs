//! The report, and what can be had of it.

use crate::{
    arguments::{Arguments, Job, grouping},
    errors::exception,
    formats::{Format, Shown, Shows},
    run::{interruptible, unlocked},
    tables::{self, Table},
};
use peerbill::{
    Catalog, Error, Metered, Report, ReportOptions, Result,
    files::{Metering, Months},
    meter::MeteredMonths,
    model::money::Money,
    read::{Document, RegionCheck},
    report::{corrections, reports},
    write::{self, json::InputDigest, text::Screen},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{collections::BTreeMap, io::Write, path::PathBuf};

/// The bill of a month or of several, or what corrects that of one.
#[pyclass(frozen, module = "peerbill")]
pub struct Bill {
    pub metered: MeteredMonths,
    pub catalog: Catalog,
    options: ReportOptions,
    pub reports: Vec<Report>,
    digests: Vec<InputDigest>,
    is_range: bool,
    /// The archive of a closed month that is corrected.
    archived: Option<Metered>,
}

/// Meters and rates what the arguments name.
#[pyfunction]
pub fn report(arguments: &Bound<'_, PyDict>) -> PyResult<Bill> {
    let py = arguments.py();
    let wrong = |error: Error| exception(py, &error);
    let arguments = Arguments(arguments.clone());
    let months = arguments.text("month")?.unwrap_or_default();
    let months = Months::parse(&months).map_err(wrong)?;
    let job = Job::new(&arguments, months)?;
    bill(&arguments, months, job, |metering, check| metering.meter_months(check, &|_| Ok(())))
}

/// The bill of what `meter` makes of a job.
pub fn bill(
    arguments: &Arguments<'_>,
    months: Months,
    mut job: Job,
    meter: impl FnOnce(&mut Metering, RegionCheck<'_>) -> Result<MeteredMonths> + Send,
) -> PyResult<Bill> {
    let py = arguments.0.py();
    let wrong = |error: Error| exception(py, &error);
    let catalog = job.catalog(arguments)?;
    let mut options = job.options(arguments, &catalog)?;
    let archive = job.archive(arguments)?;
    if archive.is_some() && (months.is_range() || arguments.text("until")?.is_some()) {
        let why = "is for one closed month: name it with month, and leave until out";
        return Err(wrong(Error::setting("corrects", why)));
    }
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        let check = |region: &str| catalog.check_region(region);
        let metered = meter(&mut job.metering, &check)?;
        let archived = archive.zip(metered.months().first());
        let archived = archived.map(|(sources, anew)| job.metering.meter_archive("corrects", &sources, anew));
        let archived = archived.transpose()?;
        options.archives = job.metering.archives.clone();
        let made = made(&metered, archived.as_ref(), &catalog, &options)?;
        let digests = job.metering.inputs.digests()?;
        job.set_aside(metered.refused())?;
        Ok((metered, archived, made, digests))
    });
    job.notes.warn(py)?;
    let (metered, archived, reports, digests) = made?;
    Ok(Bill { metered, catalog, options, reports, digests, is_range: months.is_range(), archived })
}

/// The reports of what was metered, or what corrects its archive.
fn made(
    metered: &MeteredMonths,
    archived: Option<&Metered>,
    catalog: &Catalog,
    options: &ReportOptions,
) -> Result<Vec<Report>> {
    match archived.zip(metered.months().first()) {
        None => reports(metered, catalog, options),
        Some((archived, anew)) => Ok(vec![corrections(archived, anew, catalog, options.clone())?]),
    }
}

impl Bill {
    /// The reports with other options.
    fn with(&self, change: impl FnOnce(&mut ReportOptions)) -> Result<Vec<Report>> {
        let mut options = self.options.clone();
        change(&mut options);
        made(&self.metered, self.archived.as_ref(), &self.catalog, &options)
    }

    /// The reports of all accounts, which are not grouped.
    pub fn whole(&self, change: impl FnOnce(&mut ReportOptions)) -> Result<Vec<Report>> {
        if self.archived.is_some() {
            return Err(Error::usage("this corrects a bill, and is none that can be compared"));
        }
        self.with(|options| {
            (options.by, options.account, options.daily) = (None, None, false);
            change(options);
        })
    }

    /// The JSON of all accounts, to be read back under a name.
    pub fn document(&self, name: &str) -> Result<Document> {
        let reports = self.whole(|_| ())?;
        let mut json = Vec::new();
        self.json(&reports.iter().collect::<Vec<_>>(), &mut json)?;
        Ok(Document::new(name, json))
    }

    fn json(&self, reports: &[&Report], output: &mut dyn Write) -> Result<()> {
        match reports {
            [report] if !self.is_range => write::json::write(report, &self.digests, output),
            reports => write::json::months(reports, &self.digests, output),
        }
    }
}

impl Shows for Bill {
    const FORMATS: &'static [Format] = &[
        Format::Table,
        Format::Csv,
        Format::Json,
        Format::Markdown,
        Format::Parquet,
        Format::Xlsx,
        Format::Html,
        Format::Focus,
        Format::FocusParquet,
    ];

    fn render_to(&self, shown: &Shown, output: &mut dyn Write) -> Result<()> {
        let again = match shown.format {
            Format::Xlsx | Format::Html => Some(self.with(|options| options.daily = true)?),
            Format::Focus | Format::FocusParquet => {
                if self.options.by.is_some() {
                    let why = "the rows of FOCUS are those of hours, and are not grouped";
                    return Err(Error::setting("by", why));
                }
                Some(self.with(|options| options.hourly = true)?)
            }
            _ => None,
        };
        let reports: Vec<&Report> = again.as_ref().unwrap_or(&self.reports).iter().collect();
        let reports = &reports[..];
        shown.begin(output)?;
        match shown.format {
            Format::Table => Screen::default().reports(reports, shown.lang, output),
            Format::Csv => write::csv::reports(reports, output),
            Format::Json => self.json(reports, output),
            Format::Markdown => write::markdown::reports(reports, shown.lang, output),
            Format::Parquet => write::parquet::reports(reports, output),
            Format::Xlsx => write::xlsx::reports(reports, shown.lang, output),
            Format::Html => write::html::reports(reports, shown.lang, output),
            Format::Focus => write::focus::reports(reports, &shown.focus, output),
            Format::FocusParquet => write::focus::parquet(reports, &shown.focus, output),
        }
    }
}

#[pymethods]
impl Bill {
    /// What each account pays that has a line, in the currency of the catalog; for several months their sum.
    #[getter]
    fn payable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
        for statement in self.reports.iter().flat_map(|report| &report.statements) {
            let sum = sums.entry(&statement.billing_account_id).or_insert(Money::ZERO);
            *sum = sum.checked_add(statement.payable).map_err(|error| exception(py, &error))?;
        }
        let dict = PyDict::new(py);
        for (account, payable) in sums {
            dict.set_item(account, tables::decimal(py, &payable.to_string())?)?;
        }
        Ok(dict)
    }

    /// The currency of all amounts.
    #[getter]
    fn currency(&self) -> &str {
        &self.catalog.currency
    }

    /// How many records were refused and set aside.
    #[getter]
    fn quarantined(&self) -> u64 {
        self.metered.refused_for_cause()
    }

    /// Lines as a table, with the columns of the CSV.
    #[pyo3(signature = (*, by=None, hourly=None))]
    fn lines(&self, py: Python<'_>, by: Option<Bound<'_, PyAny>>, hourly: Option<bool>) -> PyResult<Table> {
        let given = PyDict::new(py);
        given.set_item("by", by)?;
        let names = Arguments(given).texts("by")?;
        unlocked(py, || {
            if names.is_empty() && hourly.is_none() {
                return tables::lines(&self.reports);
            }
            let grouped = grouping(&names)?;
            let reports = self.with(|options| {
                options.by = grouped.or(options.by.take());
                options.hourly = hourly.unwrap_or(options.hourly);
            })?;
            tables::lines(&reports)
        })
    }

    /// Metered hours: hour, connection_id, sender and bytes.
    fn hours(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || tables::hours(self.metered.months().iter()))
    }

    /// What a reader should know.
    fn findings(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || tables::findings(&self.reports))
    }

    /// The report in a format of the command line.
    #[pyo3(signature = (format, *, lang="en", csv_bom=false, focus_version="1.2", focus_invoice_issuer=None))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        lang: &str,
        csv_bom: bool,
        focus_version: &str,
        focus_invoice_issuer: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let shown = self.shown(format, lang, csv_bom)?;
        self.rendered(py, &shown.with_focus(py, focus_version, focus_invoice_issuer)?)
    }

    /// Writes the report to a file, whole or not at all; its name says the format unless that is stated.
    #[expect(clippy::too_many_arguments, reason = "they are those of Python")]
    #[pyo3(signature = (path, format=None, *, lang="en", csv_bom=false, focus_version="1.2", focus_invoice_issuer=None))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        lang: &str,
        csv_bom: bool,
        focus_version: &str,
        focus_invoice_issuer: Option<&str>,
    ) -> PyResult<()> {
        let shown = self.shown_in(&path, format, lang, csv_bom)?;
        self.written(py, &path, &shown.with_focus(py, focus_version, focus_invoice_issuer)?)
    }

    /// The JSON of the report as a dict; numbers that matter are text.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py)
    }

    /// Where every record went, as `to_dict()` has it but with whole numbers; for several months by month.
    #[getter]
    fn control_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let months = PyDict::new(py);
        for report in &self.reports {
            let totals = report.totals;
            let (records, bytes) = (PyDict::new(py), PyDict::new(py));
            for (name, count) in [
                ("read", totals.read),
                ("billed", totals.billed),
                ("free", totals.free),
                ("outside_period", totals.outside_period),
                ("refused", totals.refused),
            ] {
                records.set_item(name, count.records)?;
                bytes.set_item(name, count.bytes)?;
            }
            let both = PyDict::new(py);
            both.set_item("records", records)?;
            both.set_item("bytes", bytes)?;
            if !self.is_range {
                return Ok(both);
            }
            months.set_item(report.month.to_string(), both)?;
        }
        Ok(months)
    }

    /// The catalog in use: name, version, currency, GB, digest of its prices.
    #[getter]
    fn catalog<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let report = self.to_dict(py)?;
        let first = match self.is_range {
            true => report.get_item("months")?.get_item(0)?,
            false => report,
        };
        first.get_item("catalog")
    }

    fn __repr__(&self) -> String {
        let month = |report: &Report| report.month.to_string();
        let months = match &self.reports[..] {
            [first, .., last] => format!("{}..{}", month(first), month(last)),
            reports => reports.first().map(month).unwrap_or_default(),
        };
        let accounts: std::collections::BTreeSet<&str> = self
            .reports
            .iter()
            .flat_map(|report| &report.statements)
            .map(|statement| &*statement.billing_account_id)
            .collect();
        format!("<peerbill.Bill of {months}: {} accounts, {}>", accounts.len(), self.catalog.currency)
    }
}
