//! What the functions of the package take, as the core takes it.

use crate::{batches, errors::exception};
use peerbill::{
    Catalog, Error, MeterSettings, ReportOptions,
    files::{self, Given, Inputs, Metering, Months, PricePaths, Reading, TrafficPaths, whole_hour},
    meter::{Duplicates, Refused},
    model::{id::unwrapped, invalid::Invalid, time::Offset},
    read::{CloudMonitor, Document, TrafficSource, read_accounts, read_budgets},
    report::Grouping,
};
use pyo3::{
    exceptions::{PyTypeError, PyUserWarning},
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};
use std::{
    ffi::CString,
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Any of the parameters of a function; those that it does not have are absent.
pub struct Arguments<'py>(pub Bound<'py, PyDict>);

/// What a parameter that names traffic holds.
enum Item {
    Path(String),
    /// An object with an Arrow stream.
    Arrow(Py<PyAny>),
    /// Rows, as CSV.
    Rows(Vec<u8>),
}

impl<'py> Arguments<'py> {
    fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    pub fn value<T>(&self, name: &str) -> PyResult<Option<T>>
    where
        T: for<'a> FromPyObject<'a, 'py>,
        for<'a> <T as FromPyObject<'a, 'py>>::Error: Into<PyErr>,
    {
        match self.get(name)? {
            None => Ok(None),
            Some(value) => match value.extract::<T>() {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(PyTypeError::new_err(format!("{name}: {}", error.into()))),
            },
        }
    }

    pub fn text(&self, name: &str) -> PyResult<Option<String>> {
        match self.get(name)? {
            None => Ok(None),
            Some(value) => path_of(&value)?
                .map(Some)
                .ok_or_else(|| PyTypeError::new_err(format!("{name}: a str or a path is wanted"))),
        }
    }

    /// One text, or several.
    pub fn texts(&self, name: &str) -> PyResult<Vec<String>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        if let Some(text) = path_of(&value)? {
            return Ok(vec![text]);
        }
        let wanted = || PyTypeError::new_err(format!("{name}: a str, a path or a list of them is wanted"));
        let texts = value.try_iter().map_err(|_| wanted())?;
        texts.map(|text| path_of(&text?)?.ok_or_else(wanted)).collect()
    }

    fn items(&self, name: &str) -> PyResult<Vec<Item>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        if let Some(item) = item_of(&value)? {
            return Ok(vec![item]);
        }
        if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
            let items: PyResult<Vec<Option<Item>>> = value.try_iter()?.map(|item| item_of(&item?)).collect();
            if let Some(items) = items?.into_iter().collect() {
                return Ok(items);
            }
        }
        batches::rows_as_csv(name, &value).map(|csv| vec![Item::Rows(csv)])
    }
}

/// The text of a path; `None` for what is none.
fn path_of(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(text.to_str()?.to_owned()));
    }
    match value.hasattr("__fspath__")? {
        true => value.call_method0("__fspath__")?.extract().map(Some),
        false => Ok(None),
    }
}

fn item_of(value: &Bound<'_, PyAny>) -> PyResult<Option<Item>> {
    if let Some(path) = path_of(value)? {
        return Ok(Some(Item::Path(path)));
    }
    let is_arrow = value.hasattr("__arrow_c_stream__")? || value.hasattr("__arrow_c_array__")?;
    Ok(is_arrow.then(|| Item::Arrow(value.clone().unbind())))
}

/// A metering, and what it is asked for.
pub struct Job {
    pub metering: Metering,
    pub catalog: Catalog,
    pub options: ReportOptions,
    pub quarantine: Option<PathBuf>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Job {
    /// As arguments say; `months` are those that are asked for.
    pub fn new(arguments: &Arguments<'_>, months: Months) -> PyResult<Self> {
        let py = arguments.0.py();
        let wrong = |error: Error| exception(py, &error);
        let notes: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = notes.clone();
        let mut inputs = Inputs::new(reading(arguments)?).telling(move |note| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(note.to_owned());
        });
        let prices = PricePaths {
            catalog: arguments.text("catalog")?,
            prices: arguments.texts("prices")?,
            contract: arguments.text("contract")?,
        };
        let (paths, held) = traffic(arguments)?;
        let mut settings = meter_settings(arguments, months).map_err(wrong)?;
        let quarantine: Option<PathBuf> = arguments.value("quarantine")?;
        if quarantine.is_some() {
            settings.refused = Refused::Keep;
        }
        let catalog = files::load(&prices, &mut inputs).map_err(wrong)?;
        let options = options(arguments, &paths, &catalog, &mut inputs)?;
        let metering = Metering::new(paths, months, &settings, inputs).map_err(wrong)?;
        let given = held.given(metering.progress());
        Ok(Self { metering: metering.with(given), catalog, options, quarantine, notes })
    }

    /// Warns of what was passed over.
    pub fn warn(&self, py: Python<'_>) -> PyResult<()> {
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        let category = py.get_type::<PyUserWarning>();
        notes.iter().try_for_each(|note| {
            let note = CString::new(note.replace('\0', " "))?;
            PyErr::warn(py, &category, &note, 1)
        })
    }
}

fn reading(arguments: &Arguments<'_>) -> PyResult<Reading> {
    let (encoding, memory) = (arguments.text("encoding")?, arguments.text("memory")?);
    let reading = Reading::parse(encoding.as_deref(), memory.as_deref());
    reading.map_err(|error| exception(arguments.0.py(), &error))
}

/// What a caller holds, by its parameter.
struct Held {
    usage: Vec<Item>,
    metered: Vec<Item>,
    documents: [Vec<Document>; 2],
    paths: TrafficPaths,
}

/// How datapoints of CloudMonitor are read.
fn datapoints(arguments: &Arguments<'_>) -> PyResult<CloudMonitor> {
    let wrong = |why: Invalid| exception(arguments.0.py(), &why.into());
    let mut datapoints = CloudMonitor::default();
    if let Some(text) = arguments.text("metric_statistic")? {
        datapoints.statistic = text.parse().map_err(wrong)?;
    }
    if let Some(text) = arguments.text("metric_unit")? {
        datapoints.unit = text.parse().map_err(wrong)?;
    }
    if let Some(text) = arguments.text("metric_timestamp")? {
        datapoints.mark = text.parse().map_err(wrong)?;
    }
    datapoints.period_seconds = arguments.value("metric_period")?;
    match datapoints.period_seconds {
        Some(seconds) if !(1..=3600).contains(&seconds) => {
            let why = format!("{seconds}: it is 1 to 3600 seconds");
            Err(exception(arguments.0.py(), &Error::setting("metric-period", why)))
        }
        _ => Ok(datapoints),
    }
}

fn traffic(arguments: &Arguments<'_>) -> PyResult<(TrafficPaths, Held)> {
    let mut paths = TrafficPaths {
        datapoints: datapoints(arguments)?,
        flow_logs: arguments.texts("flow_logs")?,
        cloudmonitor: arguments.texts("cloudmonitor")?,
        naive_offset: arguments.text("naive_offset")?,
        requester_account: arguments.texts("requester_account")?,
        requester_region: arguments.texts("requester_region")?,
        link_type_before: arguments.texts("link_type_before")?,
        ..TrafficPaths::default()
    };
    let (usage, metered) = (arguments.items("usage")?, arguments.items("metered")?);
    let (connections, changes) = (arguments.items("connections")?, arguments.items("link_changes")?);
    let missing = |name: &'static str, why: &str| {
        Err(exception(arguments.0.py(), &Error::setting(name, why.to_owned())))
    };
    let others = paths.cloudmonitor.is_empty() && paths.flow_logs.is_empty();
    if usage.is_empty() && metered.is_empty() && others {
        return missing("usage", "is needed: the traffic to read; or cloudmonitor, flow_logs or metered");
    }
    if connections.is_empty() {
        return missing("connections", "is needed: without it no record can be attributed");
    }
    let kinds = [
        !usage.is_empty() || !paths.cloudmonitor.is_empty(),
        !metered.is_empty(),
        !paths.flow_logs.is_empty(),
    ];
    if kinds.into_iter().filter(|given| *given).count() > 1 {
        return missing(
            "usage",
            "and cloudmonitor, or flow_logs, or metered: traffic is told in one of these ways",
        );
    }
    let mut held = |items: Vec<Item>, own: fn(&mut TrafficPaths) -> &mut Vec<String>| {
        let mut rest = Vec::new();
        for item in items {
            match item {
                Item::Path(path) => own(&mut paths).push(path),
                item => rest.push(item),
            }
        }
        rest
    };
    let usage = held(usage, |paths| &mut paths.usage);
    let metered = held(metered, |paths| &mut paths.metered);
    let connections = documents("connections", held(connections, |paths| &mut paths.connections))?;
    let changes = documents("link_changes", held(changes, |paths| &mut paths.link_changes))?;
    let held = Held { usage, metered, documents: [connections, changes], paths: paths.clone() };
    Ok((paths, held))
}

fn documents(name: &str, items: Vec<Item>) -> PyResult<Vec<Document>> {
    items
        .into_iter()
        .map(|item| match item {
            Item::Rows(csv) => Ok(Document::new(name, csv)),
            _ => Err(PyTypeError::new_err(format!("{name}: paths or rows are wanted, not a table"))),
        })
        .collect()
}

impl Held {
    fn given(self, progress: &Arc<files::Progress>) -> Given {
        let offset = self.paths.naive_offset.as_deref().and_then(|text| text.parse().ok());
        let mut sources = Vec::new();
        for (role, items) in [("usage", self.usage), ("metered", self.metered)] {
            let several = items.len() > 1;
            for (place, item) in items.into_iter().enumerate() {
                let name = if several { format!("{role}[{place}]") } else { role.to_owned() };
                let source = match item {
                    Item::Path(_) => continue,
                    Item::Rows(csv) => TrafficSource::from_bytes(&name, csv),
                    Item::Arrow(object) => {
                        batches::source(&name, object, role == "metered", progress.clone())
                    }
                };
                let source = if role == "metered" { source.as_metered() } else { source };
                sources.push(source.with_naive_offset(offset));
            }
        }
        let [connections, changes] = self.documents;
        let mut given = Given::default();
        (given.sources, given.connections, given.changes) = (sources, connections, changes);
        given
    }
}

fn meter_settings(arguments: &Arguments<'_>, months: Months) -> peerbill::Result<MeterSettings> {
    let text = |name: &str| arguments.text(name).map_err(|error| Error::usage(error.to_string()));
    let mut settings = MeterSettings::new(months.last());
    settings.offset = offset(text("offset")?.as_deref())?;
    settings.until = text("until")?.map(|until| whole_hour("until", &until)).transpose()?;
    settings.duplicates = match text("duplicates")?.as_deref() {
        None | Some("refuse") => Duplicates::Refuse,
        Some("first") => Duplicates::First,
        Some("sum") => Duplicates::Sum,
        Some(other) => {
            let why = format!("{other:?}: it is refuse, first or sum");
            return Err(Error::setting("duplicates", why));
        }
    };
    let threads =
        arguments.value::<NonZero<u8>>("threads").map_err(|error| Error::usage(error.to_string()))?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    settings.threads = threads.map_or_else(cores, |threads| usize::from(threads.get()));
    Ok(settings)
}

/// The offset in which months have their edges.
pub fn offset(stated: Option<&str>) -> peerbill::Result<Offset> {
    Ok(stated.map_or(Ok(Offset::CHINA), str::parse)?)
}

fn options(
    arguments: &Arguments<'_>,
    paths: &TrafficPaths,
    catalog: &Catalog,
    inputs: &mut Inputs,
) -> PyResult<ReportOptions> {
    let py = arguments.0.py();
    let wrong = |error: Error| exception(py, &error);
    let mut options = ReportOptions::default();
    options.hourly = arguments.value("hourly")?.unwrap_or_default();
    options.by = grouping(&arguments.texts("by")?).map_err(wrong)?;
    options.account = arguments.text("account")?.map(|id| unwrapped(&id).to_owned());
    if let Some(path) = arguments.text("accounts")? {
        let document = inputs.one_document("accounts", &path).map_err(wrong)?;
        options.accounts = Some(Arc::new(read_accounts(&document).map_err(wrong)?));
    }
    if let Some(path) = arguments.text("budget")? {
        let document = inputs.one_document("budget", &path).map_err(wrong)?;
        options.budgets = Some(Arc::new(read_budgets(&document, &catalog.currency).map_err(wrong)?));
    }
    options.settings = paths.told(arguments.text("encoding")?.as_deref());
    Ok(options)
}

/// How lines are grouped, where any column is named.
pub fn grouping(names: &[String]) -> peerbill::Result<Option<Grouping>> {
    match names {
        [] => Ok(None),
        names => Grouping::parse(names.iter().map(String::as_str)).map(Some),
    }
}
