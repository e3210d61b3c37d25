//! Traffic that Spark holds: what each task does with its rows, and what the driver makes of all.

use crate::{
    arguments::{Arguments, Job, Shipped, connections, datapoints, meter_settings, reading},
    batches,
    bill::{Bill, bill},
    errors::exception,
    run::{interruptible, unlocked},
    tables::{self, Table},
};
use arrow_array::{
    Decimal128Array, Int64Array, RecordBatch, RecordBatchReader, StringArray, cast::AsArray,
    ffi_stream::RecordBatchStreamReader,
};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::Field;
use peerbill::{
    BillingMonth, Error, ErrorKind, Hour, Inventory, MeterSettings, Result, TrafficSource,
    files::{self, Documents, Given, Months, Progress, TrafficPaths, one_month, whole_hour},
    meter::{MeteredPart, PartCounts, Places, group_rows, meter_part},
    model::{invalid::Invalid, time::ClockOffset, usage::Sender},
    read::{CloudMonitor, TrafficColumns, cloudmonitor::sender_of_metric},
    write::reason,
};
use pyo3::{exceptions::PyTypeError, prelude::*, types::PyDict};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The parameters of Spark's own: the shape of the rows, and what is not known of regions.
const SHAPE: &str = "shape";
const REGIONS: &str = "regions";

/// What rows are.
enum Shape {
    /// Native traffic, in its columns.
    Usage,
    /// Entries of flow logs, each a JSON text.
    FlowLogs,
    /// Datapoints of a metric, likewise.
    CloudMonitor(String, Sender, Box<CloudMonitor>),
}

impl Shape {
    fn of(arguments: &Arguments<'_>) -> PyResult<Self> {
        let wrong = |why: Invalid| exception(arguments.0.py(), &why.into());
        match arguments.text(SHAPE)?.as_deref() {
            Some("usage") => Ok(Self::Usage),
            Some("flow_logs") => Ok(Self::FlowLogs),
            Some(metric) => {
                let sender = sender_of_metric(metric).map_err(wrong)?;
                let naive_offset = naive_offset(arguments)?;
                let settings = CloudMonitor { naive_offset, ..datapoints(arguments)? };
                Ok(Self::CloudMonitor(metric.to_owned(), sender, Box::new(settings)))
            }
            None => Err(PyTypeError::new_err("the shape of rows is missing")),
        }
    }

    /// What reports tell of the traffic, as they do of paths.
    fn told(&self, paths: &mut TrafficPaths) {
        match self {
            Self::Usage => {}
            Self::FlowLogs => paths.flow_logs.push("-".to_owned()),
            Self::CloudMonitor(metric, ..) => paths.cloudmonitor.push(format!("{metric}=-")),
        }
    }
}

fn naive_offset(arguments: &Arguments<'_>) -> PyResult<Option<ClockOffset>> {
    let stated = arguments.text("naive_offset")?;
    let parsed = stated.as_deref().map(str::parse).transpose();
    parsed.map_err(|why: Invalid| exception(arguments.0.py(), &why.into()))
}

/// Rows of one shape, by the settings by which they are metered.
struct Rows {
    shape: Shape,
    naive_offset: Option<ClockOffset>,
    table: Py<PyAny>,
}

impl Rows {
    fn new(arguments: &Arguments<'_>, table: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (shape, naive_offset) = (Shape::of(arguments)?, naive_offset(arguments)?);
        Ok(Self { shape, naive_offset, table: table.clone().unbind() })
    }

    fn source(self, progress: &Arc<Progress>) -> Result<TrafficSource> {
        let Self { shape, naive_offset, table } = self;
        let text = match &shape {
            Shape::Usage => {
                let columns = TrafficColumns::default();
                let columns = columns.names();
                let rows = batches::source("usage", table, columns.map(str::to_owned), progress.clone());
                return Ok(rows.with_naive_offset(naive_offset));
            }
            _ => lines(&read(&table)?)?,
        };
        if text.is_empty() {
            // No input at all is a mistake elsewhere; here it is a part without rows.
            return Ok(TrafficSource::from_bytes("rows", "timestamp,connection_id,sender,bytes\n"));
        }
        Ok(match &shape {
            Shape::CloudMonitor(_, sender, settings) => {
                TrafficSource::from_bytes("cloudmonitor", text).as_cloudmonitor(*sender, settings)
            }
            _ => TrafficSource::from_bytes("flow_logs", text).as_flow_log(),
        })
    }
}

fn wrong(why: impl Into<Invalid>) -> Error {
    Error::unusable(ErrorKind::Input, "rows", why)
}

/// All batches of an object with an Arrow stream.
fn read(table: &Py<PyAny>) -> Result<Vec<RecordBatch>> {
    let unreadable = |error: String| wrong(format!("cannot be read as Arrow: {error}"));
    let opened = Python::attach(|py| RecordBatchStreamReader::from_pyarrow_bound(table.bind(py)));
    let stream = opened.map_err(|error| unreadable(error.to_string()))?;
    stream.map(|batch| batch.map_err(|error| unreadable(error.to_string()))).collect()
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<Vec<Option<&'a str>>> {
    let column = batch.column_by_name(name);
    let texts = column.and_then(|column| batches::plain(column));
    texts.ok_or_else(|| wrong(format!("has no column {name} of text")))
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt());
    column.ok_or_else(|| wrong(format!("has no column {name} of 64-bit integers")))
}

fn wide<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Decimal128Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt());
    column.ok_or_else(|| wrong(format!("has no column {name} of decimals")))
}

/// JSON texts, one on each line. A line end within one is a blank: it stands between members, or the text is none.
fn lines(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for batch in batches {
        for text in texts(batch, "value")? {
            let text = text.unwrap_or_default().as_bytes();
            if text.trim_ascii().is_empty() {
                return Err(wrong("hold an empty text, which is no record: leave such rows out"));
            }
            lines.extend(text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
            lines.push(b'\n');
        }
    }
    Ok(lines)
}

/// Where rows stand: `input` and `row`.
fn places(batches: &[RecordBatch]) -> Result<Places> {
    let mut all: Vec<(&str, u64)> = Vec::new();
    for batch in batches {
        let missing = || wrong("have no place: input or row is null, or a row is not counted from 1");
        for (input, row) in texts(batch, "input")?.into_iter().zip(integers(batch, "row")?) {
            let row = row.and_then(|row| u64::try_from(row).ok()).filter(|row| *row > 0);
            all.push((input.ok_or_else(missing)?, row.ok_or_else(missing)?));
        }
    }
    Ok(Places::new(all.iter().copied()))
}

/// The month and how it is metered.
fn settings(arguments: &Arguments<'_>) -> PyResult<MeterSettings> {
    let py = arguments.0.py();
    let wrong = |error: Error| exception(py, &error);
    let month = one_month(&arguments.text("month")?.unwrap_or_default()).map_err(wrong)?;
    let mut settings = meter_settings(arguments, Months::One(month)).map_err(wrong)?;
    settings.refused_memory = reading(arguments)?.memory;
    settings.check_until().map_err(wrong)?;
    Ok(settings)
}

/// What every task needs of what the driver reads: connections, link changes, and regions that the catalog does not know.
#[pyfunction]
pub fn spark_inputs<'py>(arguments: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let (py, arguments) = (arguments.py(), Arguments(arguments.clone()));
    let settings = settings(&arguments)?;
    let (paths, [own_connections, own_changes]) = connections(&arguments)?;
    let (prices, (mut inputs, _)) = (arguments.prices()?, arguments.inputs()?);
    let unknown: Mutex<BTreeMap<String, String>> = Mutex::default();
    let documents = unlocked(py, || {
        let catalog = files::load(&prices, &mut inputs)?;
        let mut documents = Documents::find(&paths, &mut inputs)?;
        documents.connections.extend(own_connections);
        if !own_changes.is_empty() {
            documents.changes.get_or_insert_default().extend(own_changes);
        }
        let check = |region: &str| {
            catalog.check_region(region).inspect_err(|why| {
                let mut unknown = unknown.lock().unwrap_or_else(PoisonError::into_inner);
                unknown.insert(region.to_owned(), why.message().to_owned());
            })
        };
        documents.inventory(&paths, &check, Some(settings.period().start))?;
        inputs.unchanged()?;
        Ok(documents)
    })?;
    let shipped = |documents: Vec<peerbill::read::Document>| -> Vec<Shipped> {
        documents.into_iter().map(|own| Shipped { name: own.name.to_string(), text: own.text }).collect()
    };
    let dict = PyDict::new(py);
    dict.set_item("connections", shipped(documents.connections))?;
    dict.set_item("link_changes", documents.changes.map(shipped))?;
    dict.set_item(REGIONS, unknown.into_inner().unwrap_or_else(PoisonError::into_inner))?;
    Ok(dict)
}

/// The connections that the driver read.
fn inventory(arguments: &Arguments<'_>, settings: &MeterSettings) -> PyResult<Inventory> {
    let (paths, [connections, changes]) = connections(arguments)?;
    let unknown: BTreeMap<String, String> = arguments.value(REGIONS)?.unwrap_or_default();
    let changes = arguments.value::<Py<PyAny>>("link_changes")?.map(|_| changes);
    let threads = settings.threads;
    let documents = Documents { connections, changes, may_be_empty: false, threads };
    let check = |region: &str| match unknown.get(region) {
        None => Ok(()),
        Some(why) => Err(Invalid::new(why.clone())),
    };
    let inventory = documents.inventory(&paths, &check, Some(settings.period().start));
    inventory.map_err(|error| exception(arguments.0.py(), &error))
}

/// Sees that rows can be metered, by their columns: a table without a row will do.
#[pyfunction]
pub fn spark_check(
    arguments: &Bound<'_, PyDict>,
    rows: &Bound<'_, PyAny>,
    places: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let (py, arguments) = (rows.py(), Arguments(arguments.clone()));
    let failed = |error: Error| exception(py, &error);
    match Shape::of(&arguments)? {
        Shape::Usage => {
            let inventory = peerbill::inventory(NO_CONNECTION, None).map_err(failed)?;
            part(&arguments, rows, places, inventory).map(|_| ())
        }
        // What becomes JSON.
        Shape::FlowLogs | Shape::CloudMonitor(..) => no_floats(rows).map_err(failed),
    }
}

fn no_floats(rows: &Bound<'_, PyAny>) -> Result<()> {
    let stream = RecordBatchStreamReader::from_pyarrow_bound(rows);
    let schema = stream.map_err(|error| wrong(format!("cannot be read as Arrow: {error}")))?.schema();
    let is_float = |field: &&Arc<Field>| field.data_type().is_floating();
    match schema.fields().iter().find(is_float) {
        None => Ok(()),
        Some(field) => Err(wrong(format!(
            "column {} is a float ({}), and no number here is one: read it as text or as a decimal",
            field.name(),
            field.data_type()
        ))),
    }
}

const NO_CONNECTION: &str =
    "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region\npcc,1,a,1,a\n";

/// By row, a number that rows share which one task must see together.
#[pyfunction]
pub fn spark_groups(
    arguments: &Bound<'_, PyDict>,
    rows: &Bound<'_, PyAny>,
    places: &Bound<'_, PyAny>,
) -> PyResult<Table> {
    let (py, arguments) = (arguments.py(), Arguments(arguments.clone()));
    let (settings, rows) = (settings(&arguments)?, Rows::new(&arguments, rows)?);
    let places = places.clone().unbind();
    unlocked(py, || {
        // What says nothing of itself goes by its number, so that it goes to the same task each time.
        let mut groups = Vec::new();
        for batch in read(&places)? {
            groups.extend(integers(&batch, "row")?.iter().map(Option::unwrap_or_default));
        }
        let mut last = 0;
        for (row, group) in group_rows(&rows.source(&Arc::default())?, &settings)? {
            let own = usize::try_from(row).ok().and_then(|row| groups.get_mut(row.checked_sub(1)?));
            let Some(own) = own.filter(|_| row != last) else {
                return Err(wrong("hold several records in one: give each a row of its own"));
            };
            // The same bits.
            (*own, last) = (group.cast_signed(), row);
        }
        Table::new(vec![("group".to_owned(), Arc::new(Int64Array::from(groups)))])
    })
}

/// What a task makes of its rows.
#[pyclass(frozen, module = "peerbill._peerbill")]
pub struct Part(MeteredPart);

/// Meters the rows of a task.
#[pyfunction]
pub fn spark_part(
    arguments: &Bound<'_, PyDict>,
    rows: &Bound<'_, PyAny>,
    places: &Bound<'_, PyAny>,
) -> PyResult<Part> {
    let arguments = Arguments(arguments.clone());
    let inventory = inventory(&arguments, &settings(&arguments)?)?;
    part(&arguments, rows, places, inventory)
}

fn part(
    arguments: &Arguments<'_>,
    rows: &Bound<'_, PyAny>,
    own_places: &Bound<'_, PyAny>,
    inventory: Inventory,
) -> PyResult<Part> {
    let py = rows.py();
    let (settings, rows) = (settings(arguments)?, Rows::new(arguments, rows)?);
    let own_places = own_places.clone().unbind();
    let progress: Arc<Progress> = Arc::default();
    let metered = interruptible(py, &progress, || {
        let places = places(&read(&own_places)?)?;
        meter_part(&rows.source(&progress)?, &places, inventory, &settings)
    });
    metered.map(Part)
}

#[pymethods]
impl Part {
    /// Metered hours: hour, connection_id, sender and bytes. Hours are text, which no zone of a session turns.
    fn hours(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || {
            let metered = self.0.metered();
            let all = metered.usage().metered_hours()?;
            let ids = all.iter().map(|own| &*metered.inventory().connection(own.connection).id);
            let bytes: Vec<Option<i128>> =
                all.iter().map(|own| exact(own.bytes).map(Some)).collect::<Result<_>>()?;
            Table::new(vec![
                ("hour".to_owned(), tables::texts(all.iter().map(|own| Some(own.hour.to_string())))),
                ("connection_id".to_owned(), Arc::new(StringArray::from_iter_values(ids))),
                (
                    "sender".to_owned(),
                    Arc::new(StringArray::from_iter_values(all.iter().map(|own| own.sender.as_str()))),
                ),
                ("bytes".to_owned(), tables::decimals(bytes.into_iter(), 0)?),
            ])
        })
    }

    /// Rows that are in doubt, by their place counted from 0, with code and reason where they are refused.
    fn doubtful(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || {
            let all: Vec<_> = self.0.doubtful().collect();
            // OK because a row has a number of 63 bits.
            let rows = all.iter().map(|(row, _)| *row as i64 - 1);
            let codes = all.iter().map(|(_, fault)| fault.map(|fault| fault.code.as_str().to_owned()));
            let reasons = all.iter().map(|(_, fault)| fault.map(reason));
            Table::new(vec![
                ("place".to_owned(), Arc::new(Int64Array::from_iter_values(rows))),
                ("code".to_owned(), tables::texts(codes)),
                ("reason".to_owned(), tables::texts(reasons)),
            ])
        })
    }

    /// What it counted: name, month, records and bytes.
    fn counts(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || {
            let all = self.0.counts().named();
            let bytes: Vec<Option<i128>> =
                all.iter().map(|own| exact(own.3).map(Some)).collect::<Result<_>>()?;
            // OK because nothing has 2^63 records.
            let records = all.iter().map(|own| own.2 as i64);
            Table::new(vec![
                ("name".to_owned(), Arc::new(StringArray::from_iter_values(all.iter().map(|own| own.0)))),
                (
                    "month".to_owned(),
                    tables::texts(all.iter().map(|own| own.1.map(|month| month.to_string()))),
                ),
                ("records".to_owned(), Arc::new(Int64Array::from_iter_values(records))),
                ("bytes".to_owned(), tables::decimals(bytes.into_iter(), 0)?),
            ])
        })
    }
}

fn exact(bytes: u128) -> Result<i128> {
    i128::try_from(bytes).map_err(|_| Error::overflow("bytes exceed 2^127"))
}

/// What all parts counted.
fn counts(batches: &[RecordBatch]) -> Result<PartCounts> {
    let mut counts = PartCounts::default();
    for batch in batches {
        let (names, months) = (texts(batch, "name")?, texts(batch, "month")?);
        let numbers = integers(batch, "records")?.iter().zip(wide(batch, "bytes")?);
        for ((name, month), (records, bytes)) in names.into_iter().zip(months).zip(numbers) {
            let month: Option<BillingMonth> = month.map(str::parse).transpose()?;
            let whole = |_| wrong("hold a negative count");
            let records = u64::try_from(records.unwrap_or_default()).map_err(whole)?;
            let bytes = u128::try_from(bytes.unwrap_or_default()).map_err(whole)?;
            counts.add(name.unwrap_or_default(), month, records, bytes)?;
        }
    }
    Ok(counts)
}

/// The hours of all parts.
fn hours(batches: &[RecordBatch]) -> Result<Vec<(Hour, &str, Sender, u128)>> {
    let mut hours = Vec::new();
    for batch in batches {
        let (starts, ids, senders) =
            (texts(batch, "hour")?, texts(batch, "connection_id")?, texts(batch, "sender")?);
        let numbers = starts.into_iter().zip(wide(batch, "bytes")?);
        for ((id, sender), (start, bytes)) in ids.into_iter().zip(senders).zip(numbers) {
            let (Some(id), Some(sender), Some(start), Some(bytes)) = (id, sender, start, bytes) else {
                return Err(wrong("hold an hour that is not whole"));
            };
            let bytes = u128::try_from(bytes).map_err(|_| wrong("hold an hour of negative bytes"))?;
            hours.push((whole_hour("metered", start)?, id, sender.parse()?, bytes));
        }
    }
    Ok(hours)
}

/// The bill of all parts: `doubtful` rows at their `places`, in the order of the input, hours and counts.
#[pyfunction]
pub fn spark_report(
    arguments: &Bound<'_, PyDict>,
    doubtful: &Bound<'_, PyAny>,
    own_places: &Bound<'_, PyAny>,
    own_hours: &Bound<'_, PyAny>,
    own_counts: &Bound<'_, PyAny>,
) -> PyResult<Bill> {
    let (py, arguments) = (arguments.py(), Arguments(arguments.clone()));
    let month = settings(&arguments)?.month;
    let rows = Rows::new(&arguments, doubtful)?;
    let (paths, [connections, changes]) = connections(&arguments)?;
    let mut told = TrafficPaths { datapoints: paths.datapoints.clone(), ..paths.clone() };
    rows.shape.told(&mut told);
    let encoding = arguments.text("encoding")?;
    let told = told.told(encoding.as_deref());
    let mut job = Job::of(&arguments, Months::One(month), paths, |_| Given::default())?;
    job.settings = told;
    let progress = job.metering.progress().clone();
    let given = Given {
        sources: vec![unlocked(py, || rows.source(&progress))?],
        connections,
        changes,
        ..Given::default()
    };
    job.metering = job.metering.with(given);
    let [own_places, own_hours, own_counts] =
        [own_places, own_hours, own_counts].map(|own| own.clone().unbind());
    bill(&arguments, Months::One(month), job, move |metering, check_region| {
        let (own_hours, own_counts) = (read(&own_hours)?, read(&own_counts)?);
        let (places, hours, counts) =
            (places(&read(&own_places)?)?, hours(&own_hours)?, counts(&own_counts)?);
        metering.join(check_region, &places, hours, counts)
    })
}
