//! Native traffic as Parquet: four columns by name, row group by row group, a batch of rows at a time.
//!
//! Texts are not read row by row: where a column has a dictionary, its texts are looked up once, and rows hold
//! what was found.

use crate::{
    error::{Error, ErrorKind, Result},
    model::{invalid::Invalid, time::Timestamp, usage::Sender},
    read::{
        native::columns::{NativeValues, RecordKind, TRAFFIC_COLUMNS, parse_sender},
        record::{Observation, Place},
        source::ReadAt,
    },
};
use cells::{Amounts, Instants, Known, Texts};
use header::check_schema;
use pages::{Blocks, Column};
use parquet::{
    basic::Compression,
    errors::{self, ParquetError},
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader},
        reader::{ChunkReader, Length},
    },
};
use schema::Schema;
use std::{
    cell::Cell,
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Once},
};

mod cells;
mod header;
mod pages;
mod schema;

/// Rows that are decoded at once: few enough to stay in the cache.
const BATCH: usize = 4096;
/// Rows that one worker reads at least, if there are as many: what it found has its price to be put together.
const PIECE_ROWS: u64 = 1 << 18;

/// A Parquet file of traffic whose footer was read.
pub(crate) struct ParquetFile {
    name: Arc<str>,
    blocks: Arc<Blocks>,
    metadata: ParquetMetaData,
    schema: Schema,
    /// What a row counts.
    kind: RecordKind,
}

impl ParquetFile {
    /// Reads the footer; `shift` is what makes times without a zone UTC, in seconds.
    pub fn open(
        name: &Arc<str>,
        blocks: Arc<dyn ReadAt>,
        columns: [&str; 4],
        shift: Option<i64>,
        kind: RecordKind,
    ) -> Result<Self> {
        let unusable = |why: Invalid| Error::unusable(ErrorKind::Input, name, why);
        let blocks = Blocks::new(blocks).map_err(|error| unusable(error.to_string().into()))?;
        let metadata = read(&blocks).map_err(|error| {
            unusable(format!("the Parquet footer cannot be read: {}", said(&error)).into())
        })?;
        let schema =
            Schema::find(metadata.file_metadata().schema_descr(), columns, shift).map_err(unusable)?;
        let file = Self { name: name.clone(), blocks: Arc::new(blocks), metadata, schema, kind };
        for group in 0..file.groups() {
            file.refuse_codecs(group)?;
        }
        Ok(file)
    }

    /// The text that its metadata holds under this key.
    pub fn noted(&self, key: &str) -> Option<&str> {
        let notes = self.metadata.file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.as_deref()
    }

    fn refuse_codecs(&self, group: usize) -> Result<()> {
        let group = self.metadata.row_group(group);
        for index in self.schema.columns() {
            let codec = match group.column(index).compression() {
                Compression::BROTLI(_) => "brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            let why = format!("is compressed with {codec}; write it with zstd or snappy");
            return Err(Error::unusable(ErrorKind::Input, &self.name, why));
        }
        Ok(())
    }

    /// How many row groups it has.
    fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// How many rows a row group has.
    fn rows_of(&self, group: usize) -> u64 {
        // OK because `open` has seen that none is negative.
        self.metadata.row_group(group).num_rows() as u64
    }

    /// Row groups, as many together as are worth a worker's while.
    pub fn pieces(&self) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for group in 0..self.groups() {
            rows += self.rows_of(group);
            if rows >= PIECE_ROWS || group + 1 == self.groups() {
                pieces.push(start..group + 1);
                (start, rows) = (group + 1, 0);
            }
        }
        pieces
    }

    /// Shows all rows of a row group, in order; the row groups are counted from 0.
    pub fn read(
        &self,
        group: usize,
        connections: Known<'_>,
        senders: Known<'_>,
        each: &mut dyn FnMut(&Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let total = self.rows_of(group) as usize;
        if total == 0 {
            return Ok(());
        }
        let column = |index: usize| Column {
            blocks: &self.blocks,
            chunk: self.metadata.row_group(group).column(index),
            rows: total,
        };
        let schema = &self.schema;
        let [start, id, sender, bytes] = schema.columns();
        let broken = |index: usize| move |error| self.broken(group, column(index).name(), &error);
        let mut instants =
            unpanicked(|| Instants::open(column(start), schema.instant.1)).map_err(broken(start))?;
        let mut ids = unpanicked(|| Texts::open(column(id), connections)).map_err(broken(id))?;
        let mut ends = unpanicked(|| Texts::open(column(sender), senders)).map_err(broken(sender))?;
        let mut amounts =
            unpanicked(|| Amounts::open(column(bytes), schema.bytes.1)).map_err(broken(bytes))?;
        let mut before = 0;
        while before < total {
            let count = BATCH.min(total - before);
            unpanicked(|| instants.read(count)).map_err(broken(start))?;
            unpanicked(|| ids.read(count)).map_err(broken(id))?;
            unpanicked(|| ends.read(count)).map_err(broken(sender))?;
            unpanicked(|| amounts.read(count)).map_err(broken(bytes))?;
            let whole = !(instants.has_nulls() || ids.has_nulls() || ends.has_nulls());
            each(&Rows {
                connections: ids.known(),
                senders: ends.known(),
                ticks: instants.ticks(),
                bytes: amounts.plain().filter(|_| whole),
                group: group + 1,
                before,
                kind: self.kind,
                instants: &instants,
                texts: [&ids, &ends],
                amounts: &amounts,
            })?;
            before += count;
        }
        unpanicked(|| instants.finish()).map_err(broken(start))?;
        unpanicked(|| ids.finish()).map_err(broken(id))?;
        unpanicked(|| ends.finish()).map_err(broken(sender))?;
        unpanicked(|| amounts.finish()).map_err(broken(bytes))
    }

    fn broken(&self, group: usize, column: &str, error: &ParquetError) -> Error {
        let group = group + 1;
        let why =
            format!("row group {group}, column {column} of the Parquet file cannot be read: {}", said(error));
        Error::unusable(ErrorKind::Input, &self.name, why)
    }
}

/// Some rows of a row group, one number a row and column.
pub(crate) struct Rows<'a> {
    /// What the texts of `connection_id` are known as; negative where they are not.
    pub connections: &'a [i32],
    /// Likewise of `sender`.
    pub senders: &'a [i32],
    /// What distinguishes instants; equal numbers are the same instant.
    pub ticks: &'a [i64],
    /// The bytes, where each of them is a number and none of the row's columns is null.
    pub bytes: Option<&'a [u64]>,
    /// The row group, counted from 1.
    group: usize,
    /// How many rows of the group are before these.
    before: usize,
    kind: RecordKind,
    instants: &'a Instants,
    /// Of the connections and of the senders.
    texts: [&'a Texts<'a>; 2],
    amounts: &'a Amounts,
}

impl Rows<'_> {
    /// When the record of a row starts.
    pub fn start(&self, row: usize) -> Result<Timestamp, Invalid> {
        self.kind.checked_start(self.instants.instant(row)?)
    }

    /// Shows the record of a row, in the general way; what is wrong with it becomes part of the observation.
    ///
    /// `line` is its place in the input; `id_of` and `sender_of` give the texts of what is known by a number.
    pub fn observe<'i>(
        &self,
        row: usize,
        line: u64,
        id_of: impl Fn(usize) -> &'i str,
        sender_of: impl Fn(usize) -> Sender,
        show: impl FnOnce(Observation<'_>) -> Result<()>,
    ) -> Result<()> {
        let [ids, senders] = self.texts;
        let number = |known: i32| usize::try_from(known).ok();
        let known_id = || number(self.connections[row]).map_or("", id_of).as_bytes();
        let known_sender =
            || number(self.senders[row]).map_or("", |number| sender_of(number).as_str()).as_bytes();
        let id = ids.unknown(row).map(|unknown| unknown.unwrap_or_else(known_id));
        let sender = senders.unknown(row).map(|unknown| unknown.unwrap_or_else(known_sender));
        let (start, amount) = (self.instants.text(row), self.amounts.text(row));
        let [id_text, sender_text] = [&id, &sender].map(|text| text.as_ref().map_or(&b""[..], |text| *text));
        let fields = [start.as_bytes(), id_text, sender_text, amount.as_bytes()];
        let values = NativeValues {
            start: self.start(row),
            connection_id: id.clone().map_err(Invalid::from),
            sender: sender.clone().map_err(Invalid::from).and_then(parse_sender),
            bytes: self.amounts.bytes(row, self.kind).map_err(Invalid::from),
        };
        let place = Place::Row { group: self.group, row: self.before + row + 1 };
        let observed = values.observed(line, TRAFFIC_COLUMNS[1]);
        show(Observation { place: Some(place), fields: Some(fields), ..observed })
    }
}

/// What the Parquet reader says, without its own prefixes.
fn said(error: &ParquetError) -> String {
    match error {
        ParquetError::General(why) if why.contains("CRC") => {
            "the checksum of a page is not that of its bytes; the file is damaged: take it from its source again".into()
        }
        ParquetError::General(why) | ParquetError::NYI(why) | ParquetError::EOF(why) => why.clone(),
        ParquetError::External(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// What a file ends with: how long its footer is, in four bytes, and four letters.
const TAIL: u64 = 8;

/// Reads the footer.
fn read(blocks: &Blocks) -> errors::Result<ParquetMetaData> {
    let tail = blocks.get_bytes(blocks.len().saturating_sub(TAIL), TAIL as usize)?;
    let length = tail.first_chunk().map_or(0, |&length| u32::from_le_bytes(length));
    if let Some(start) = blocks.len().checked_sub(TAIL + u64::from(length)) {
        check_schema(&blocks.get_bytes(start, length as usize)?)?;
    }
    let metadata = unpanicked(|| ParquetMetaDataReader::new().parse_and_finish(blocks))?;
    check_rows(&metadata)?;
    check_places(&metadata, blocks.len())?;
    Ok(metadata)
}

/// The rows of the file are those of its row groups, and theirs are the values of each column that has one a row.
fn check_rows(metadata: &ParquetMetaData) -> errors::Result<()> {
    let mut sum = 0_i64;
    for (group, own) in (1..).zip(metadata.row_groups()) {
        let rows = own.num_rows();
        let odd = |column: &&ColumnChunkMetaData| {
            column.column_descr().max_rep_level() == 0 && column.num_values() != rows
        };
        if let Some(column) = own.columns().iter().find(odd) {
            let (name, values) = (column.column_descr().name(), column.num_values());
            return Err(bad(format!(
                "row group {group} has {rows} rows, and its column {name} has {values} values; the file is damaged"
            )));
        }
        let added = sum.checked_add(rows).filter(|_| rows >= 0);
        sum = added.ok_or_else(|| bad(format!("row group {group} has {rows} rows")))?;
    }
    let rows = metadata.file_metadata().num_rows();
    if sum == rows {
        return Ok(());
    }
    Err(bad(format!("the file has {rows} rows, and its row groups have {sum} together; the file is damaged")))
}

/// No column stands where another one does: a place that was damaged would give the values of another.
fn check_places(metadata: &ParquetMetaData, size: u64) -> errors::Result<()> {
    let mut places = Vec::new();
    // Nothing is read of a group without rows, and writers give its columns any place.
    let with_rows = (1..).zip(metadata.row_groups()).filter(|(_, own)| own.num_rows() > 0);
    for (group, own) in with_rows {
        for column in own.columns() {
            let place = place(column).filter(|(_, end)| *end <= size);
            let (start, end) =
                place.ok_or_else(|| bad(format!("{} is not in the file", named(group, column))))?;
            if start < end {
                places.push((start, end, group, column));
            }
        }
    }
    places.sort_unstable_by_key(|&(start, end, ..)| (start, end));
    for pair in places.windows(2) {
        let [(_, end, first, column), (start, _, second, other)] = pair else { continue };
        if start < end {
            let (one, another) = (named(*first, column), named(*second, other));
            return Err(bad(format!("{one} stands where {another} does; the file is damaged")));
        }
    }
    Ok(())
}

/// Where the pages of a column begin and end.
fn place(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let data = column.data_page_offset();
    // Some writers say that a dictionary which is not there begins at 0.
    let dictionary = column.dictionary_page_offset().filter(|&offset| offset > 0 && offset < data);
    let start = u64::try_from(dictionary.unwrap_or(data)).ok()?;
    let length = u64::try_from(column.compressed_size()).ok()?;
    Some((start, start.checked_add(length)?))
}

fn named(group: usize, column: &ColumnChunkMetaData) -> String {
    format!("column {} of row group {group}", column.column_descr().name())
}

fn bad(why: String) -> ParquetError {
    ParquetError::General(why)
}

thread_local! {
    /// Whether this thread is in the decoders, whose panics are errors and not to be printed.
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

/// Some of the reader's decoders take the bytes of a page at their word and panic where they lie: an error here, of which
/// nothing is printed.
pub(super) fn unpanicked<A>(decode: impl FnOnce() -> errors::Result<A>) -> errors::Result<A> {
    silence_decoders();
    DECODES.set(true);
    // What was half decoded is not looked at again.
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode));
    DECODES.set(false);
    decoded.unwrap_or_else(|_| Err(bad("its bytes contradict each other".into())))
}

/// Panics are printed as before, but for those of the decoders.
fn silence_decoders() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !DECODES.get() {
                before(panic);
            }
        }));
    });
}
