//! The report, and what can be had of it.

use crate::{
    arguments::{Arguments, Job, grouping},
    errors::exception,
    run::{interruptible, unlocked},
    tables::{self, Table},
};
use peerbill::{
    Catalog, Error, ErrorKind, Report, ReportOptions, Result,
    files::Months,
    meter::MeteredMonths,
    model::money::Money,
    report::reports,
    write::{
        self, Lang,
        focus::{FocusSettings, FocusVersion},
        json::InputDigest,
        text::Screen,
    },
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

/// The bill of a month or of several.
#[pyclass(frozen, module = "peerbill")]
pub struct Bill {
    metered: MeteredMonths,
    catalog: Catalog,
    options: ReportOptions,
    reports: Vec<Report>,
    digests: Vec<InputDigest>,
    is_range: bool,
}

/// Meters and rates what the arguments name.
#[pyfunction]
pub fn report(arguments: &Bound<'_, PyDict>) -> PyResult<Bill> {
    let py = arguments.py();
    let arguments = Arguments(arguments.clone());
    let months = arguments.text("month")?.unwrap_or_default();
    let months = Months::parse(&months).map_err(|error| exception(py, &error))?;
    let mut job = Job::new(&arguments, months)?;
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        let catalog = &job.catalog;
        let metered = job.metering.meter_months(&|region| catalog.check_region(region), &|_| Ok(()))?;
        job.options.archives = job.metering.archives.clone();
        let made = reports(&metered, catalog, &job.options)?;
        let digests = job.metering.inputs.digests()?;
        if let Some(path) = &job.quarantine {
            put(path, &|output| write::quarantine::write(metered.refused(), output))?;
        }
        Ok((metered, made, digests))
    });
    job.warn(py)?;
    let (metered, reports, digests) = made?;
    let Job { catalog, options, .. } = job;
    Ok(Bill { metered, catalog, options, reports, digests, is_range: months.is_range() })
}

/// Writes a file whole or not at all.
fn put(path: &Path, render: &dyn Fn(&mut dyn Write) -> Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::unusable(ErrorKind::Output, &path.display().to_string(), format!("cannot be written: {error}"))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(failed)?;
    render(&mut beside)?;
    beside.persist(path).map(|_| ()).map_err(|error| failed(error.error))
}

/// How a bill is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Table,
    Csv,
    Json,
    Markdown,
    Parquet,
    Xlsx,
    Html,
    Focus,
    FocusParquet,
}

impl Format {
    const ALL: [(&str, Self); 9] = [
        ("table", Self::Table),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("parquet", Self::Parquet),
        ("xlsx", Self::Xlsx),
        ("html", Self::Html),
        ("focus", Self::Focus),
        ("focus-parquet", Self::FocusParquet),
    ];

    fn of(name: &str) -> PyResult<Self> {
        let known = Self::ALL.iter().find(|(own, _)| *own == name);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let names = Self::ALL.map(|(own, _)| own).join(", ");
            PyValueError::new_err(format!("format {name:?}: it is one of {names}"))
        })
    }

    /// What the name of a file says.
    fn of_path(path: &Path) -> PyResult<Self> {
        let extension = path.extension().and_then(|own| own.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("md") => Ok(Self::Markdown),
            Some("txt") => Ok(Self::Table),
            Some(name @ ("csv" | "json" | "parquet" | "xlsx" | "html")) => Self::of(name),
            _ => Err(PyValueError::new_err(
                "the name of the file says no format: state it, or end it in .csv, .json, .md, .parquet, .xlsx, .html or .txt",
            )),
        }
    }
}

/// How a bill is shown.
struct Shown {
    format: Format,
    lang: Lang,
    csv_bom: bool,
    focus: FocusSettings,
}

impl Shown {
    fn new(py: Python<'_>, format: Format, lang: &str, csv_bom: bool, focus_version: &str) -> PyResult<Self> {
        let all = [Lang::En, Lang::ZhHans, Lang::ZhHant];
        let lang = all.into_iter().find(|own| own.as_str() == lang).ok_or_else(|| {
            PyValueError::new_err(format!("lang {lang:?}: it is one of {}", all.map(Lang::as_str).join(", ")))
        })?;
        let mut focus = FocusSettings::default();
        focus.version = [FocusVersion::V1_2, FocusVersion::V1_3, FocusVersion::V1_4]
            .into_iter()
            .find(|own| own.as_str() == focus_version)
            .ok_or_else(|| {
                exception(
                    py,
                    &Error::setting("focus-version", format!("{focus_version:?}: it is 1.2, 1.3 or 1.4")),
                )
            })?;
        Ok(Self { format, lang, csv_bom, focus })
    }
}

impl Bill {
    /// The reports with other options.
    fn with(&self, change: impl FnOnce(&mut ReportOptions)) -> Result<Vec<Report>> {
        let mut options = self.options.clone();
        change(&mut options);
        reports(&self.metered, &self.catalog, &options)
    }

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
        if shown.csv_bom && matches!(shown.format, Format::Csv | Format::Focus) {
            let failed = |error: std::io::Error| Error::unusable(ErrorKind::Output, "csv", error.to_string());
            output.write_all("\u{feff}".as_bytes()).map_err(failed)?;
        }
        match shown.format {
            Format::Table => Screen::default().reports(reports, shown.lang, output),
            Format::Csv => write::csv::reports(reports, output),
            Format::Json => match reports {
                [report] if !self.is_range => write::json::write(report, &self.digests, output),
                reports => write::json::months(reports, &self.digests, output),
            },
            Format::Markdown => write::markdown::reports(reports, shown.lang, output),
            Format::Parquet => write::parquet::reports(reports, output),
            Format::Xlsx => write::xlsx::reports(reports, shown.lang, output),
            Format::Html => write::html::reports(reports, shown.lang, output),
            Format::Focus => write::focus::reports(reports, &shown.focus, output),
            Format::FocusParquet => write::focus::parquet(reports, &shown.focus, output),
        }
    }

    fn bytes(&self, shown: &Shown) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.render_to(shown, &mut bytes)?;
        Ok(bytes)
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
        let decimal = py.import("decimal")?.getattr("Decimal")?;
        let dict = PyDict::new(py);
        for (account, payable) in sums {
            dict.set_item(account, decimal.call1((payable.to_string(),))?)?;
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
    #[pyo3(signature = (format, *, lang="en", csv_bom=false, focus_version="1.2"))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        lang: &str,
        csv_bom: bool,
        focus_version: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let shown = Shown::new(py, Format::of(format)?, lang, csv_bom, focus_version)?;
        unlocked(py, || self.bytes(&shown)).map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Writes the report to a file, whole or not at all; its name says the format unless that is stated.
    #[pyo3(signature = (path, format=None, *, lang="en", csv_bom=false, focus_version="1.2"))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        lang: &str,
        csv_bom: bool,
        focus_version: &str,
    ) -> PyResult<()> {
        let format = format.map_or_else(|| Format::of_path(&path), Format::of)?;
        let shown = Shown::new(py, format, lang, csv_bom, focus_version)?;
        unlocked(py, || put(&path, &|output| self.render_to(&shown, output)))
    }

    /// The JSON of the report as a dict; numbers that matter are text.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = self.render(py, "json", "en", false, "1.2")?;
        py.import("json")?.call_method1("loads", (json,))
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
