//! Traffic that a caller holds: Arrow streams batch by batch, and rows as CSV.

use arrow_array::{
    Array, ArrayRef, RecordBatch, RecordBatchReader as _,
    cast::AsArray,
    ffi_stream::RecordBatchStreamReader,
    types::{
        Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::{DataType, TimeUnit};
use peerbill::{
    Error, ErrorKind, Result, TrafficSource,
    files::Progress,
    model::did_you_mean,
    read::{Amounts, HeldRows, Starts, Texts, TrafficBatch},
};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyMapping, PyString},
};
use std::{
    borrow::Cow,
    fmt::{Display, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// So many rows are handed over at once.
const ROWS: usize = 1 << 16;
/// So many rows one worker takes: what a part costs beside them, which grows with the connections, is small then.
const PART: usize = 1 << 19;

/// What holds rows, and how they are read.
struct Held {
    name: String,
    object: Py<PyAny>,
    columns: [String; 4],
    progress: Arc<Progress>,
    kept: Mutex<Kept>,
}

/// The batches of a stream that can be read only once: records that are not in the order of time need a second look.
#[derive(Default)]
struct Kept {
    batches: Vec<RecordBatch>,
    rest: Option<RecordBatchStreamReader>,
}

/// The rows of an object that has Arrow columns of these names.
pub fn source(name: &str, object: Py<PyAny>, columns: [String; 4], progress: Arc<Progress>) -> TrafficSource {
    let held = Held { name: name.to_owned(), object, columns, progress, kept: Mutex::default() };
    let held = Arc::new(held);
    TrafficSource::from_parts(name, move || Ok(Box::new(Parts::open(held.clone())?)))
}

impl Held {
    fn wrong(&self, why: String) -> Error {
        Error::unusable(ErrorKind::Input, &self.name, why)
    }

    fn unreadable(&self, error: &dyn Display) -> Error {
        self.wrong(format!("cannot be read as Arrow: {error}"))
    }

    /// Hands the rows of a batch over, slice by slice.
    fn show(&self, batch: &RecordBatch, each: Each<'_>) -> Result<()> {
        for first in (0..batch.num_rows()).step_by(ROWS) {
            if self.progress.is_stopped() {
                return Err(self.wrong("its reading was stopped".to_owned()));
            }
            let rows = ROWS.min(batch.num_rows() - first);
            self.hand_over(&batch.slice(first, rows), each)?;
        }
        Ok(())
    }
}

/// Batches that are yet to be shown.
enum Batches {
    /// Those of a stream that begins anew each time.
    Anew(RecordBatchStreamReader),
    /// Those of the pieces of a frame: of this one, and of the rest, the last one first.
    Pieces(RecordBatchStreamReader, Vec<Py<PyAny>>),
    /// Those that are kept, from this one on.
    Kept(usize),
    One(Option<RecordBatch>),
}

/// The pieces in which a frame of polars holds its rows, the last one first; `None` of all else, and where there is one.
///
/// Asked for a stream it first copies each column into one piece, and keeps that.
fn pieces(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<Py<PyAny>>>> {
    if !object.hasattr("to_series")? || !object.hasattr("n_chunks")? || object.len()? == 0 {
        return Ok(None);
    }
    let lengths: Vec<usize> =
        object.call_method1("to_series", (0,))?.call_method0("chunk_lengths")?.extract()?;
    if lengths.len() < 2 {
        return Ok(None);
    }
    let mut first = 0;
    let mut pieces = Vec::new();
    for length in lengths {
        pieces.push(object.call_method1("slice", (first, length))?.unbind());
        first += length;
    }
    pieces.reverse();
    Ok(Some(pieces))
}

/// The rows of an object, part by part.
struct Parts {
    held: Arc<Held>,
    batches: Batches,
    /// What a part had no room for.
    rest: Option<RecordBatch>,
}

impl Parts {
    fn open(held: Arc<Held>) -> Result<Self> {
        let mut kept = held.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let batches = if kept.rest.is_some() {
            Batches::Kept(0)
        } else {
            let opened = Python::attach(|py| -> PyResult<_> {
                let object = held.object.bind(py);
                if let Some(mut pieces) = pieces(object)?
                    && let Some(first) = pieces.pop()
                {
                    let stream = RecordBatchStreamReader::from_pyarrow_bound(first.bind(py))?;
                    return Ok((Batches::Pieces(stream, pieces), false));
                }
                let once = object.hasattr("read_next_batch")? || object.hasattr("__next__")?;
                Ok(match object.hasattr("__arrow_c_stream__")? {
                    true => (Batches::Anew(RecordBatchStreamReader::from_pyarrow_bound(object)?), once),
                    false => (Batches::One(Some(RecordBatch::from_pyarrow_bound(object)?)), false),
                })
            });
            match opened.map_err(|error| held.unreadable(&error))? {
                (Batches::Anew(stream), true) => {
                    kept.rest = Some(stream);
                    Batches::Kept(0)
                }
                (batches, _) => batches,
            }
        };
        let schema = match (&batches, &kept.rest) {
            (Batches::Anew(stream) | Batches::Pieces(stream, _), _) | (_, Some(stream)) => {
                Some(stream.schema())
            }
            _ => None,
        };
        drop(kept);
        // Sees that there are columns of types that are read, also where there are no rows.
        schema.map_or(Ok(()), |schema| held.hand_over(&RecordBatch::new_empty(schema), &mut |_| Ok(())))?;
        Ok(Self { held, batches, rest: None })
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        let next = match &mut self.batches {
            Batches::Anew(stream) => stream.next(),
            Batches::Pieces(stream, rest) => loop {
                if let Some(batch) = stream.next() {
                    break Some(batch);
                }
                let Some(piece) = rest.pop() else { break None };
                let opened = Python::attach(|py| RecordBatchStreamReader::from_pyarrow_bound(piece.bind(py)));
                *stream = opened.map_err(|error| self.held.unreadable(&error))?;
            },
            Batches::One(batch) => return Ok(batch.take()),
            Batches::Kept(place) => {
                let mut kept = self.held.kept.lock().unwrap_or_else(PoisonError::into_inner);
                let next = match kept.batches.get(*place) {
                    Some(batch) => Some(Ok(batch.clone())),
                    None => kept.rest.as_mut().and_then(Iterator::next),
                };
                if let Some(Ok(batch)) = &next
                    && *place == kept.batches.len()
                {
                    kept.batches.push(batch.clone());
                }
                *place += 1;
                next
            }
        };
        next.transpose().map_err(|error| self.held.unreadable(&error))
    }

    fn part(&mut self) -> Result<Option<HeldRows>> {
        let (mut part, mut rows) = (Vec::new(), 0);
        while rows < PART
            && let Some(batch) = self.batch()?
        {
            let count = batch.num_rows().min(PART - rows);
            if count < batch.num_rows() {
                self.rest = Some(batch.slice(count, batch.num_rows() - count));
            }
            part.push(batch.slice(0, count));
            rows += count;
        }
        let held = self.held.clone();
        let show = move |each: Each<'_>| part.iter().try_for_each(|batch| held.show(batch, each));
        Ok((rows > 0).then(|| Box::new(show) as HeldRows))
    }
}

impl Iterator for Parts {
    type Item = Result<HeldRows>;

    fn next(&mut self) -> Option<Self::Item> {
        self.part().transpose()
    }
}

type Each<'a> = &'a mut dyn FnMut(&TrafficBatch<'_>) -> Result<()>;

impl Held {
    fn hand_over(&self, batch: &RecordBatch, each: Each<'_>) -> Result<()> {
        let (names, wrong) = (&self.columns, |why| self.wrong(why));
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| {
                let schema = batch.schema();
                let near = did_you_mean(name, schema.fields().iter().map(|field| field.name().as_str()));
                wrong(format!("has no column {name}{near}"))
            })
        };
        let [start, id, sender, bytes] = names.each_ref().map(|name| column(name));
        let (start, id, sender, bytes) = (start?, id?, sender?, bytes?);
        let no_text = |name: &str, column: &ArrayRef| {
            wrong(format!("column {name} is {}: cast it to a string", told(column.data_type())))
        };
        let ids = HeldTexts::of(id).ok_or_else(|| no_text(&names[1], id))?;
        let senders = HeldTexts::of(sender).ok_or_else(|| no_text(&names[2], sender))?;
        let held_bytes = HeldBytes::of(bytes).map_err(|way_out| {
            wrong(format!("column {} is {}: {way_out}", names[3], told(bytes.data_type())))
        })?;
        let held_starts = HeldStarts::of(start).ok_or_else(|| {
            let way_out = "cast it to a timestamp with a zone, or to text with an offset";
            wrong(format!("column {} is {}: {way_out}", names[0], told(start.data_type())))
        })?;
        each(&TrafficBatch {
            starts: held_starts.shown(),
            connections: ids.shown(),
            senders: senders.shown(),
            bytes: held_bytes.shown(),
        })
    }
}

/// A type in words: those of floats have `float` in them.
fn told(kind: &DataType) -> String {
    match kind {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            format!("a float ({kind})")
        }
        kind => kind.to_string(),
    }
}

/// Texts of a column, and which of them each row has.
struct HeldTexts<'a> {
    texts: Vec<Option<&'a str>>,
    codes: Option<Cow<'a, [i32]>>,
}

impl<'a> HeldTexts<'a> {
    fn of(column: &'a ArrayRef) -> Option<Self> {
        if let Some(texts) = plain(column) {
            return Some(Self { texts, codes: None });
        }
        let dictionary = column.as_any_dictionary_opt()?;
        let texts = plain(dictionary.values())?;
        let keys = dictionary.keys();
        let codes = match keys.as_primitive_opt::<Int32Type>() {
            Some(keys) if keys.null_count() == 0 => Cow::Borrowed(&keys.values()[..]),
            _ => integers(keys)?
                .into_iter()
                .map(|key| key.and_then(|key| i32::try_from(key).ok()).unwrap_or(-1))
                .collect(),
        };
        Some(Self { texts, codes: Some(codes) })
    }

    fn shown(&self) -> Texts<'_> {
        Texts { texts: &self.texts, codes: self.codes.as_deref() }
    }
}

/// The texts of a column that holds one a row.
pub fn plain(column: &ArrayRef) -> Option<Vec<Option<&str>>> {
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().iter().collect()),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().iter().collect()),
        DataType::Utf8View => Some(column.as_string_view().iter().collect()),
        // What a library makes of a column without a value.
        DataType::Null => Some(vec![None; column.len()]),
        _ => None,
    }
}

/// The integers of a column.
fn integers(column: &dyn Array) -> Option<Vec<Option<i128>>> {
    macro_rules! of {
        ($kind:ty) => {
            column.as_primitive::<$kind>().iter().map(|own| own.map(i128::from)).collect()
        };
    }
    Some(match column.data_type() {
        DataType::Int8 => of!(Int8Type),
        DataType::Int16 => of!(Int16Type),
        DataType::Int32 => of!(Int32Type),
        DataType::Int64 => of!(Int64Type),
        DataType::UInt8 => of!(UInt8Type),
        DataType::UInt16 => of!(UInt16Type),
        DataType::UInt32 => of!(UInt32Type),
        DataType::UInt64 => of!(UInt64Type),
        DataType::Decimal128(_, 0) => of!(Decimal128Type),
        _ => return None,
    })
}

/// Bytes of a column.
enum HeldBytes<'a> {
    Whole(Cow<'a, [u64]>),
    Any(Vec<Option<i128>>),
}

impl<'a> HeldBytes<'a> {
    /// The error is the way out.
    fn of(column: &'a ArrayRef) -> std::result::Result<Self, &'static str> {
        if let Some(own) = column.as_primitive_opt::<UInt64Type>().filter(|own| own.null_count() == 0) {
            return Ok(Self::Whole(Cow::Borrowed(&own.values()[..])));
        }
        if let Some(own) = column.as_primitive_opt::<Int64Type>().filter(|own| own.null_count() == 0) {
            let whole: Option<Vec<u64>> = own.values().iter().map(|&own| u64::try_from(own).ok()).collect();
            if let Some(whole) = whole {
                return Ok(Self::Whole(Cow::Owned(whole)));
            }
        }
        // Such as Spark makes of unsigned numbers.
        let decimals = column.as_primitive_opt::<Decimal128Type>().filter(|own| own.scale() == 0);
        if let Some(own) = decimals.filter(|own| own.null_count() == 0) {
            let whole: Option<Vec<u64>> = own.values().iter().map(|&own| u64::try_from(own).ok()).collect();
            if let Some(whole) = whole {
                return Ok(Self::Whole(Cow::Owned(whole)));
            }
        }
        match column.data_type() {
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Err(
                "bytes are whole numbers, which no float holds exactly; read them as integers from the start, or cast \
                     the column to Int64 or UInt64 where nothing was lost",
            ),
            _ => integers(column).map(Self::Any).ok_or("cast it to a 64-bit integer, signed or unsigned"),
        }
    }

    fn shown(&self) -> Amounts<'_> {
        match self {
            Self::Whole(bytes) => Amounts::Whole(bytes),
            Self::Any(bytes) => Amounts::Any(bytes),
        }
    }
}

/// Starts of records.
enum HeldStarts<'a> {
    Ticks { ticks: &'a [i64], per_second: i64, utc: bool, nulls: Option<Vec<bool>> },
    Epochs(Vec<Option<i64>>),
    Texts(HeldTexts<'a>),
}

impl<'a> HeldStarts<'a> {
    fn of(column: &'a ArrayRef) -> Option<Self> {
        if let DataType::Timestamp(unit, zone) = column.data_type() {
            let (ticks, per_second): (&[i64], _) = match unit {
                TimeUnit::Second => (column.as_primitive::<TimestampSecondType>().values(), 1),
                TimeUnit::Millisecond => (column.as_primitive::<TimestampMillisecondType>().values(), 1_000),
                TimeUnit::Microsecond => {
                    (column.as_primitive::<TimestampMicrosecondType>().values(), 1_000_000)
                }
                TimeUnit::Nanosecond => {
                    (column.as_primitive::<TimestampNanosecondType>().values(), 1_000_000_000)
                }
            };
            let nulls =
                (column.null_count() > 0).then(|| (0..column.len()).map(|row| column.is_null(row)).collect());
            return Some(Self::Ticks { ticks, per_second, utc: zone.is_some(), nulls });
        }
        if let Some(texts) = HeldTexts::of(column) {
            return Some(Self::Texts(texts));
        }
        // A decimal is no epoch.
        let numbers = column.data_type().is_integer().then(|| integers(column)).flatten()?;
        Some(Self::Epochs(
            numbers.into_iter().map(|own| own.and_then(|own| i64::try_from(own).ok())).collect(),
        ))
    }

    fn shown(&self) -> Starts<'_> {
        match self {
            Self::Ticks { ticks, per_second, utc, nulls } => {
                Starts::Ticks { ticks, per_second: *per_second, utc: *utc, nulls: nulls.as_deref() }
            }
            Self::Epochs(epochs) => Starts::Epochs(epochs),
            Self::Texts(texts) => Starts::Texts(texts.shown()),
        }
    }
}

/// Rows as CSV under a header: mappings whose keys are the columns of the first.
pub fn rows_as_csv(name: &str, rows: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let wanted = || {
        let why = "paths, objects with an Arrow stream, or an iterable of dicts are wanted";
        PyTypeError::new_err(format!("{name}: {why}"))
    };
    if rows.cast::<PyDict>().is_ok() {
        return Err(wanted());
    }
    let mut text = String::new();
    let mut columns: Option<Vec<String>> = None;
    for (place, row) in rows.try_iter().map_err(|_| wanted())?.enumerate() {
        let row = row?;
        let row = row.cast::<PyMapping>().map_err(|_| wanted())?;
        if columns.is_none() {
            let names: Vec<String> = row.keys()?.iter().map(|key| key.extract()).collect::<PyResult<_>>()?;
            push_line(&mut text, names.iter().map(String::as_str));
            columns = Some(names);
        }
        let names = columns.as_deref().unwrap_or_default();
        for key in row.keys()?.iter() {
            let key: String = key.extract()?;
            if !names.contains(&key) {
                let why = format!("{name}: row {} has the key {key:?}, which the first has not", place + 1);
                return Err(PyTypeError::new_err(why));
            }
        }
        let cells: Vec<String> =
            names.iter().map(|column| cell(name, place + 1, column, row)).collect::<PyResult<_>>()?;
        push_line(&mut text, cells.iter().map(String::as_str));
    }
    Ok(text.into_bytes())
}

/// The text of a value: of text itself, of whole numbers and of times that know their zone.
fn cell(name: &str, place: usize, column: &str, row: &Bound<'_, PyMapping>) -> PyResult<String> {
    if !row.contains(column)? {
        return Ok(String::new());
    }
    let value = row.get_item(column)?;
    let refused = |why: &str| Err(PyTypeError::new_err(format!("{name}: row {place}, {column}: {why}")));
    if value.is_none() {
        return Ok(String::new());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    if value.cast::<PyFloat>().is_ok() {
        return refused("this is a float, and no number here is one; give it as an int or as text");
    }
    if value.cast::<PyInt>().is_ok() && value.cast::<PyBool>().is_err() {
        return Ok(value.str()?.to_str()?.to_owned());
    }
    if value.hasattr("utcoffset")? && value.hasattr("isoformat")? {
        return match value.call_method0("utcoffset")?.is_none() {
            true => refused("this is a time without a zone; give it one"),
            false => value.call_method0("isoformat")?.extract(),
        };
    }
    refused("a str, an int or a datetime with a zone is wanted")
}

fn push_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a String does not fail.
        let _ = match cell.contains(['"', ',', '\n', '\r']) || cell.starts_with([' ', '\t']) {
            true => write!(text, "{comma}\"{}\"", cell.replace('"', "\"\"")),
            false => write!(text, "{comma}{cell}"),
        };
    }
    text.push('\n');
}
