//! Native traffic as Parquet: four columns by name, row group by row group, a batch of rows at a time.
//!
//! Texts are not read row by row: where a column has a dictionary, its texts are looked up once, and rows hold
//! what was found.

mod amounts;
mod instants;
mod pages;
mod schema;
mod texts;
mod values;

use crate::{
    error::{Error, ErrorKind, Result},
    model::time::Timestamp,
    read::source::{MOST_OF_AN_HOUR, ReadAt, whole_hour},
};
use amounts::Amounts;
use instants::Instants;
use pages::Blocks;
use parquet::{
    basic::Compression,
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};
use schema::Schema;
use std::{panic::AssertUnwindSafe, sync::Arc};
use texts::Texts;

/// Rows that are decoded at once: few enough to stay in the cache.
const BATCH: usize = 4096;

/// A Parquet file of traffic whose footer was read.
pub(crate) struct ParquetFile {
    name: Arc<str>,
    blocks: Arc<Blocks>,
    metadata: ParquetMetaData,
    schema: Schema,
    /// A record is all bytes of an hour.
    hours: bool,
}

/// What texts are known as, each of them that is: a number of its own, not negative.
pub(crate) type Known<'a> = &'a dyn Fn(&[&[u8]]) -> Vec<Option<i32>>;

/// Some rows of a row group, one number a row and column.
pub(crate) struct Rows<'a> {
    hours: bool,
    instants: &'a Instants,
    /// What the texts of `connection_id` are known as; negative where they are not.
    pub connections: &'a [i32],
    /// Likewise of `sender`.
    pub senders: &'a [i32],
    /// What distinguishes instants; equal numbers are the same instant.
    pub ticks: &'a [i64],
    /// The bytes, where each of them is a number and none of the row's columns is null.
    pub bytes: Option<&'a [u64]>,
    texts: [&'a Texts<'a>; 2],
    amounts: &'a Amounts,
}

/// A value that cannot be used, and why.
pub(crate) type Unusable = String;

impl ParquetFile {
    /// Reads the footer; `shift` is what makes times without a zone UTC, in seconds.
    pub fn open(
        name: &Arc<str>,
        blocks: Arc<dyn ReadAt>,
        columns: [&str; 4],
        shift: Option<i64>,
        hours: bool,
    ) -> Result<Self> {
        let unusable = |why: String| Error::unusable(ErrorKind::Input, name, why);
        let blocks = Blocks::new(blocks).map_err(|error| unusable(error.to_string()))?;
        let metadata = unpanicked(|| ParquetMetaDataReader::new().parse_and_finish(&blocks))
            .map_err(|error| unusable(format!("the Parquet footer cannot be read: {}", said(&error))))?;
        let schema =
            Schema::find(metadata.file_metadata().schema_descr(), columns, shift).map_err(unusable)?;
        let file = Self { name: name.clone(), blocks: Arc::new(blocks), metadata, schema, hours };
        for group in 0..file.groups() {
            file.metadata.row_group_num_rows(group).map_err(|error| file.broken(group, &error))?;
            file.refuse_codecs(group)?;
        }
        Ok(file)
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
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// How many rows a row group has.
    pub fn rows_of(&self, group: usize) -> u64 {
        // OK because `open` has seen that none is negative.
        self.metadata.row_group(group).num_rows() as u64
    }

    /// Shows all rows of a row group, in order.
    pub fn read(
        &self,
        group: usize,
        connections: Known<'_>,
        senders: Known<'_>,
        each: &mut dyn FnMut(&Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let broken = |error: ParquetError| self.broken(group, &error);
        let total = self.rows_of(group) as usize;
        let column = |index: usize| pages::Column {
            blocks: &self.blocks,
            chunk: self.metadata.row_group(group).column(index),
            rows: total,
        };
        let schema = &self.schema;
        let (mut instants, mut ids, mut ends, mut amounts) = unpanicked(|| {
            let instants = Instants::open(column(schema.instant.0), schema.instant.1)?;
            let ids = Texts::open(column(schema.connection), connections)?;
            let ends = Texts::open(column(schema.sender), senders)?;
            Ok((instants, ids, ends, Amounts::open(column(schema.bytes.0), schema.bytes.1)?))
        })
        .map_err(broken)?;
        let mut before = 0;
        while before < total {
            let count = BATCH.min(total - before);
            let mut read = || {
                instants.read(count)?;
                ids.read(count)?;
                ends.read(count)?;
                amounts.read(count)
            };
            unpanicked(&mut read).map_err(broken)?;
            let whole = !(instants.has_nulls() || ids.has_nulls() || ends.has_nulls());
            each(&Rows {
                connections: ids.known(),
                senders: ends.known(),
                ticks: instants.ticks(),
                bytes: amounts.plain().filter(|_| whole),
                hours: self.hours,
                instants: &instants,
                texts: [&ids, &ends],
                amounts: &amounts,
            })?;
            before += count;
        }
        Ok(())
    }

    fn broken(&self, group: usize, error: &ParquetError) -> Error {
        let why = format!("row group {} of the Parquet file cannot be read: {}", group + 1, said(error));
        Error::unusable(ErrorKind::Input, &self.name, why)
    }
}

impl Rows<'_> {
    /// The instant of a row.
    pub fn instant(&self, row: usize) -> Result<Timestamp, Unusable> {
        let instant = self.instants.instant(row)?;
        if self.hours { whole_hour(instant) } else { Ok(instant) }
    }

    /// The text of a row's `connection_id`, where it is not known.
    pub fn unknown_connection(&self, row: usize) -> Result<Option<&[u8]>, Unusable> {
        self.texts[0].unknown(row)
    }

    /// The text of a row's `sender`, where it is not known.
    pub fn unknown_sender(&self, row: usize) -> Result<Option<&[u8]>, Unusable> {
        self.texts[1].unknown(row)
    }

    /// The bytes of a row.
    pub fn bytes(&self, row: usize) -> Result<u128, Unusable> {
        if self.hours {
            return self.amounts.bytes(row, MOST_OF_AN_HOUR, "one hour of a sender holds at most 2^80-1");
        }
        self.amounts.bytes(row, u64::MAX.into(), "one record holds at most 2^64-1")
    }

    /// A row's instant and bytes as they would stand in a CSV; empty where they are null.
    pub fn texts(&self, row: usize) -> [String; 2] {
        [self.instants.text(row), self.amounts.text(row)]
    }
}

/// Some of the reader's decoders take the bytes of a page at their word and panic where they lie.
fn unpanicked<A>(decode: impl FnOnce() -> Result<A, ParquetError>) -> Result<A, ParquetError> {
    // What was half decoded is not looked at again.
    std::panic::catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(ParquetError::General("its bytes contradict each other".into())))
}

/// What the Parquet reader says, without its own prefixes.
fn said(error: &ParquetError) -> String {
    match error {
        ParquetError::General(why) | ParquetError::NYI(why) | ParquetError::EOF(why) => why.clone(),
        ParquetError::External(why) => why.to_string(),
        other => other.to_string(),
    }
}
