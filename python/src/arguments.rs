//! What the functions of the package take, as the core takes it.

use crate::{
    batches,
    bill::Bill,
    errors::exception,
    formats::{put, written_here},
};
use peerbill::{
    Catalog, Error, MeterSettings, ReportOptions, Result,
    files::{
        self, CounterpartPaths, Given, Inputs, Metering, Months, PricePaths, Reading, TrafficPaths,
        find_archives, whole_hour,
    },
    meter::{Duplicates, Refused, RefusedRecord},
    model::{accounts::Accounts, id::unwrapped, invalid::Invalid, time::Offset},
    read::{
        CloudMonitor, Document, TrafficColumns, TrafficSource, bill::BillColumns,
        cloudmonitor::DatapointColumns, read_accounts, read_budgets,
    },
    report::Grouping,
    write,
};
use pyo3::{
    exceptions::{PyTypeError, PyUserWarning},
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PyString, PyTuple},
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
    /// What was read elsewhere: its name, and its bytes.
    Document(String, Vec<u8>),
}

/// A document that was read on another machine.
#[pyclass(frozen, module = "peerbill._peerbill")]
pub struct Shipped {
    pub name: String,
    pub text: Vec<u8>,
}

#[pymethods]
impl Shipped {
    #[new]
    fn new(name: String, text: Vec<u8>) -> Self {
        Self { name, text }
    }

    /// What a pickle makes it of again.
    fn __getnewargs__<'py>(&self, py: Python<'py>) -> (String, Bound<'py, PyBytes>) {
        (self.name.clone(), PyBytes::new(py, &self.text))
    }
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

    /// Whether it is not given.
    pub fn is_none(&self, name: &str) -> PyResult<bool> {
        self.get(name).map(|value| value.is_none())
    }

    /// Whether it is given, and says more than `False` or nothing.
    pub fn has(&self, name: &str) -> PyResult<bool> {
        self.get(name)?.map_or(Ok(false), |value| value.is_truthy())
    }

    /// The digits of a number: of text, of an int or of a `Decimal`.
    pub fn number(&self, name: &str) -> PyResult<Option<String>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        digits(&value).map(Some).map_err(|why| PyTypeError::new_err(format!("{name}: {why}")))
    }

    /// A document: at a path, or rows.
    pub fn document(&self, name: &'static str, inputs: &mut Inputs) -> PyResult<Option<Document>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        if let Some(path) = path_of(&value)? {
            return self.read(inputs.one_document(name, &path)).map(Some);
        }
        batches::rows_as_csv(name, &value).map(|csv| Some(Document::new(name, csv)))
    }

    /// A document of JSON: at a path, a dict, or a bill.
    pub fn json(&self, name: &'static str, inputs: &mut Inputs) -> PyResult<Option<Document>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        if let Some(path) = path_of(&value)? {
            // As it is called in the list of inputs.
            let role = if ["a", "b"].contains(&name) { "report" } else { name };
            return self.read(inputs.one_document(role, &path)).map(Some);
        }
        if let Ok(bill) = value.cast::<Bill>() {
            return self.read(bill.get().document(name)).map(Some);
        }
        if value.cast::<PyDict>().is_err() {
            return Err(PyTypeError::new_err(format!("{name}: a path, a dict or a bill is wanted")));
        }
        json_of(&value).map(|json| Some(Document::new(name, json)))
    }

    /// The bill that a parameter is, if it is one.
    pub fn bill(&self, name: &str) -> PyResult<Option<Py<Bill>>> {
        Ok(self.get(name)?.and_then(|value| value.cast::<Bill>().ok().map(|bill| bill.clone().unbind())))
    }

    /// Keys and numbers of a mapping.
    pub fn amounts(&self, name: &str) -> PyResult<Vec<(String, String)>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        let wrong = |why: &str| PyTypeError::new_err(format!("{name}: {why}"));
        let dict = value.cast::<PyDict>().map_err(|_| wrong("a dict of accounts and amounts is wanted"))?;
        let pair = |(key, value): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            Ok((key.extract::<String>()?, digits(&value).map_err(|why| wrong(&why))?))
        };
        dict.iter().map(pair).collect()
    }

    /// The same error as an exception.
    pub fn read<T>(&self, result: Result<T>) -> PyResult<T> {
        result.map_err(|error| exception(self.0.py(), &error))
    }

    pub fn prices(&self) -> PyResult<PricePaths> {
        let (catalog, prices) = (self.text("catalog")?, self.texts("prices")?);
        Ok(PricePaths { catalog, prices, contract: self.text("contract")? })
    }

    /// Inputs as they are to be read, and what is told of them.
    pub fn inputs(&self) -> PyResult<(Inputs, Notes)> {
        let notes = Notes::default();
        let told = notes.0.clone();
        let inputs = Inputs::new(reading(self)?).telling(move |note| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(note.to_owned());
        });
        Ok((inputs, notes))
    }

    /// Names of accounts.
    pub fn accounts(&self, inputs: &mut Inputs) -> PyResult<Option<Arc<Accounts>>> {
        let document = self.document("accounts", inputs)?;
        document.map(|document| self.read(read_accounts(&document)).map(Arc::new)).transpose()
    }

    /// The one account that is asked for.
    pub fn account(&self) -> PyResult<Option<String>> {
        Ok(self.text("account")?.map(|id| unwrapped(&id).to_owned()))
    }

    /// The names of columns of a kind of input, as settings files state them.
    fn columns<T: serde::de::DeserializeOwned + Default>(&self, kind: &str, dashes: bool) -> PyResult<T> {
        let Some(columns) = self.get("columns")? else { return Ok(T::default()) };
        let wrong = |why: String| PyTypeError::new_err(format!("columns: {why}"));
        let columns = columns.cast::<PyDict>().map_err(|_| wrong("a dict is wanted".to_owned()))?;
        for key in columns.keys() {
            let key: String = key.extract()?;
            if !["usage", "cloudmonitor", "bill"].contains(&&*key) {
                return Err(wrong(format!("{key:?}: it is usage, cloudmonitor or bill")));
            }
        }
        let Some(own) = columns.get_item(kind)? else { return Ok(T::default()) };
        let own = own.cast::<PyDict>().map_err(|_| wrong(format!("{kind}: a dict is wanted")))?;
        let named = PyDict::new(own.py());
        for (key, name) in own.iter() {
            let key: String = key.extract()?;
            named.set_item(if dashes { key.replace('_', "-") } else { key }, name)?;
        }
        let json = json_of(&named)?;
        serde_json::from_str(&json).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default().to_owned();
            self.read::<()>(Err(Error::setting("columns", format!("{kind}: {why}")))).unwrap_err()
        })
    }

    /// What a bill calls its columns.
    pub fn bill_columns(&self) -> PyResult<BillColumns> {
        self.columns("bill", true)
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
    if let Ok(shipped) = value.cast::<Shipped>() {
        let shipped = shipped.get();
        return Ok(Some(Item::Document(shipped.name.clone(), shipped.text.clone())));
    }
    let is_arrow = value.hasattr("__arrow_c_stream__")? || value.hasattr("__arrow_c_array__")?;
    Ok(is_arrow.then(|| Item::Arrow(value.clone().unbind())))
}

/// The JSON of a dict.
fn json_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.py().import("json")?.call_method1("dumps", (value,))?.extract()
}

/// The digits of a number; the error is why it is none.
fn digits(value: &Bound<'_, PyAny>) -> std::result::Result<String, String> {
    let failed = |error: PyErr| error.to_string();
    if value.cast::<PyFloat>().is_ok() {
        return Err("this is a float, and no number here is one; give it as an int, a Decimal or text".into());
    }
    if value.cast::<PyBool>().is_ok() {
        return Err("a number is wanted".into());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str().map_err(failed)?.to_owned());
    }
    // Of a Decimal without an exponent.
    let format = if value.hasattr("as_tuple").map_err(failed)? { "f" } else { "d" };
    let digits = value.call_method1("__format__", (format,)).and_then(|text| text.extract());
    digits.map_err(|_| "an int, a Decimal or text is wanted".into())
}

/// What was told of inputs.
#[derive(Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Warns of what was passed over.
    pub fn warn(&self, py: Python<'_>) -> PyResult<()> {
        let notes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let category = py.get_type::<PyUserWarning>();
        notes.iter().try_for_each(|note| {
            let note = CString::new(note.replace('\0', " "))?;
            PyErr::warn(py, &category, &note, 1)
        })
    }
}

/// A metering, and what is stated about it.
pub struct Job {
    pub metering: Metering,
    /// Names and values of what is stated, as results show them.
    pub settings: Vec<(String, String)>,
    pub notes: Notes,
    quarantine: Option<PathBuf>,
}

impl Job {
    /// As arguments say; `months` are those that are asked for.
    pub fn new(arguments: &Arguments<'_>, months: Months) -> PyResult<Self> {
        let (paths, held) = traffic(arguments)?;
        Self::of(arguments, months, paths, |progress| held.given(progress))
    }

    /// Of traffic that stands at these paths or is held by the caller.
    pub fn of(
        arguments: &Arguments<'_>,
        months: Months,
        paths: TrafficPaths,
        given: impl FnOnce(&Arc<files::Progress>) -> Given,
    ) -> PyResult<Self> {
        let (inputs, notes) = arguments.inputs()?;
        let mut settings = arguments.read(meter_settings(arguments, months))?;
        let quarantine: Option<PathBuf> = arguments.value("quarantine")?;
        if let Some(place) = &quarantine {
            arguments.read(written_here("quarantine", place))?;
            settings.refused = Refused::Keep;
            settings.refused_memory = reading(arguments)?.memory;
        }
        let columns = paths.columns.given();
        let mut told: Vec<_> =
            columns.map(|(key, name)| (format!("columns.usage.{key}"), name.to_owned())).collect();
        told.extend(paths.told(arguments.text("encoding")?.as_deref()));
        let metering = arguments.read(Metering::new(paths, months, &settings, inputs))?;
        let given = given(metering.progress());
        Ok(Self { metering: metering.with(given), settings: told, notes, quarantine })
    }

    /// The catalog that is named, which must be.
    pub fn catalog(&mut self, arguments: &Arguments<'_>) -> PyResult<Catalog> {
        arguments.read(files::load(&arguments.prices()?, &mut self.metering.inputs))
    }

    /// What is asked of a report.
    pub fn options(&mut self, arguments: &Arguments<'_>, catalog: &Catalog) -> PyResult<ReportOptions> {
        let inputs = &mut self.metering.inputs;
        let mut options = ReportOptions::default();
        options.hourly = arguments.value("hourly")?.unwrap_or_default();
        options.by = arguments.read(grouping(&arguments.texts("by")?))?;
        options.account = arguments.account()?;
        options.accounts = arguments.accounts(inputs)?;
        let budget = arguments.document("budget", inputs)?;
        let budget = budget.map(|document| arguments.read(read_budgets(&document, &catalog.currency)));
        options.budgets = budget.transpose()?.map(Arc::new);
        options.settings.clone_from(&self.settings);
        Ok(options)
    }

    /// The archive of a month that is corrected.
    pub fn archive(&mut self, arguments: &Arguments<'_>) -> PyResult<Option<Vec<TrafficSource>>> {
        let (items, name) = (arguments.items("corrects")?, "corrects");
        if items.is_empty() {
            return Ok(None);
        }
        let (paths, rest) = parted(items);
        let traffic = self.metering.traffic().clone();
        let found = find_archives(name, &paths, &traffic, &mut self.metering.inputs);
        let mut sources = arguments.read(found)?;
        sources.extend(held_sources(name, rest, &traffic, self.metering.progress()));
        Ok(Some(sources))
    }

    /// Writes what was refused where that is asked for.
    pub fn set_aside(&self, refused: &[RefusedRecord]) -> Result<()> {
        let Some(path) = &self.quarantine else { return Ok(()) };
        put(path, &|output| write::quarantine::write(refused, output))
    }
}

/// Paths, and what is none.
fn parted(items: Vec<Item>) -> (Vec<String>, Vec<Item>) {
    let (mut paths, mut rest) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Path(path) => paths.push(path),
            item => rest.push(item),
        }
    }
    (paths, rest)
}

pub fn reading(arguments: &Arguments<'_>) -> PyResult<Reading> {
    let (encoding, memory) = (arguments.text("encoding")?, arguments.text("memory")?);
    let reading = Reading::parse(encoding.as_deref(), memory.as_deref());
    reading.map_err(|error| exception(arguments.0.py(), &error))
}

/// What a caller holds, by its parameter.
struct Held {
    traffic: Vec<(&'static str, Vec<Item>)>,
    counterpart: Vec<Item>,
    documents: [Vec<Document>; 2],
    paths: TrafficPaths,
}

/// How datapoints of CloudMonitor are read.
pub fn datapoints(arguments: &Arguments<'_>) -> PyResult<CloudMonitor> {
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
    datapoints.columns = arguments.columns::<DatapointColumns>("cloudmonitor", false)?;
    match datapoints.period_seconds {
        Some(seconds) if !(1..=3600).contains(&seconds) => {
            let why = format!("{seconds}: it is 1 to 3600 seconds");
            Err(exception(arguments.0.py(), &Error::setting("metric-period", why)))
        }
        _ => Ok(datapoints),
    }
}

/// Paths of traffic that are no other objects, and what is stated beside them.
fn stated(arguments: &Arguments<'_>) -> PyResult<TrafficPaths> {
    Ok(TrafficPaths {
        datapoints: datapoints(arguments)?,
        columns: arguments.columns::<TrafficColumns>("usage", false)?,
        flow_logs: arguments.texts("flow_logs")?,
        cloudmonitor: arguments.texts("cloudmonitor")?,
        naive_offset: arguments.text("naive_offset")?,
        requester_account: arguments.texts("requester_account")?,
        requester_region: arguments.texts("requester_region")?,
        link_type_before: arguments.texts("link_type_before")?,
        ..TrafficPaths::default()
    })
}

/// Connections and link changes without traffic: paths, and documents that the caller holds.
pub fn connections(arguments: &Arguments<'_>) -> PyResult<(TrafficPaths, [Vec<Document>; 2])> {
    let (connections, held) = parted(arguments.items("connections")?);
    let (link_changes, held_changes) = parted(arguments.items("link_changes")?);
    let paths = TrafficPaths { connections, link_changes, ..stated(arguments)? };
    Ok((paths, [documents("connections", held)?, documents("link_changes", held_changes)?]))
}

fn traffic(arguments: &Arguments<'_>) -> PyResult<(TrafficPaths, Held)> {
    let mut paths = stated(arguments)?;
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
        let (named, rest) = parted(items);
        *own(&mut paths) = named;
        rest
    };
    let usage = held(usage, |paths| &mut paths.usage);
    let metered = held(metered, |paths| &mut paths.metered);
    let connections = documents("connections", held(connections, |paths| &mut paths.connections))?;
    let changes = documents("link_changes", held(changes, |paths| &mut paths.link_changes))?;
    let (_, counterpart) = parted(arguments.items("counterpart_usage")?);
    let traffic = vec![("usage", usage), ("metered", metered)];
    let held = Held { traffic, counterpart, documents: [connections, changes], paths: paths.clone() };
    Ok((paths, held))
}

/// Where the traffic of a counterpart stands.
pub fn counterpart(arguments: &Arguments<'_>) -> PyResult<CounterpartPaths> {
    let (usage, held) = parted(arguments.items("counterpart_usage")?);
    let paths = CounterpartPaths {
        usage,
        cloudmonitor: arguments.texts("counterpart_cloudmonitor")?,
        flow_logs: arguments.texts("counterpart_flow_logs")?,
    };
    let native = !paths.usage.is_empty() || !held.is_empty() || !paths.cloudmonitor.is_empty();
    let why = match (native, paths.flow_logs.is_empty()) {
        (false, true) => {
            "is needed: the other export of the same traffic; or counterpart_cloudmonitor or counterpart_flow_logs"
        }
        (true, false) => {
            "and counterpart_cloudmonitor, or counterpart_flow_logs: traffic is told in one of these ways"
        }
        _ => return Ok(paths),
    };
    arguments.read(Err(Error::setting("counterpart-usage", why)))
}

fn documents(name: &str, items: Vec<Item>) -> PyResult<Vec<Document>> {
    items
        .into_iter()
        .map(|item| match item {
            Item::Rows(csv) => Ok(Document::new(name, csv)),
            Item::Document(name, text) => Ok(Document::new(&name, text)),
            _ => Err(PyTypeError::new_err(format!("{name}: paths or rows are wanted, not a table"))),
        })
        .collect()
}

impl Held {
    fn given(self, progress: &Arc<files::Progress>) -> Given {
        let mut given = Given::default();
        for (name, items) in self.traffic {
            given.sources.extend(held_sources(name, items, &self.paths, progress));
        }
        given.counterpart = held_sources("counterpart_usage", self.counterpart, &self.paths, progress);
        [given.connections, given.changes] = self.documents;
        given
    }
}

/// Traffic that a caller holds, under the name of its parameter; all but usage is metered hours.
fn held_sources(
    name: &str,
    items: Vec<Item>,
    paths: &TrafficPaths,
    progress: &Arc<files::Progress>,
) -> Vec<TrafficSource> {
    let offset = paths.naive_offset.as_deref().and_then(|text| text.parse().ok());
    let is_metered = !name.ends_with("usage");
    let columns = match is_metered {
        true => ["hour", "connection_id", "sender", "bytes"].map(str::to_owned),
        false => paths.columns.names().map(str::to_owned),
    };
    let several = items.len() > 1;
    let source = |(place, item)| {
        let name = if several { format!("{name}[{place}]") } else { name.to_owned() };
        let source = match item {
            Item::Rows(csv) => TrafficSource::from_bytes(&name, csv).with_columns(&paths.columns),
            Item::Arrow(object) => batches::source(&name, object, columns.clone(), progress.clone()),
            // Those were taken before.
            Item::Path(_) | Item::Document(..) => return None,
        };
        let source = if is_metered { source.as_metered() } else { source };
        Some(source.with_naive_offset(offset))
    };
    items.into_iter().enumerate().filter_map(source).collect()
}

pub fn meter_settings(arguments: &Arguments<'_>, months: Months) -> Result<MeterSettings> {
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
pub fn offset(stated: Option<&str>) -> Result<Offset> {
    Ok(stated.map_or(Ok(Offset::CHINA), str::parse)?)
}

/// How lines are grouped, where any column is named.
pub fn grouping(names: &[String]) -> Result<Option<Grouping>> {
    match names {
        [] => Ok(None),
        names => Grouping::parse(names.iter().map(String::as_str)).map(Some),
    }
}
