//! Native traffic as Parquet: four columns by name, row group by row group, a batch of rows at a time.
//!
//! Texts are not read row by row: where a column has a dictionary, its texts are looked up once, and rows hold
//! what was found.

mod amounts;
mod instants;
mod pages;
mod rows;
mod schema;
mod texts;

use crate::{
    error::{Error, ErrorKind, Result},
    model::invalid::Invalid,
    read::{native::columns::RecordKind, read_at::ReadAt},
};
use amounts::Amounts;
use instants::Instants;
use pages::Blocks;
use parquet::{
    basic::Compression,
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};
pub(crate) use rows::Rows;
use schema::Schema;
use std::{ops::Range, panic::AssertUnwindSafe, sync::Arc};
use texts::{Known, Texts};

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
        let metadata =
            unpanicked(|| ParquetMetaDataReader::new().parse_and_finish(&blocks)).map_err(|error| {
                unusable(format!("the Parquet footer cannot be read: {}", said(&error)).into())
            })?;
        let schema =
            Schema::find(metadata.file_metadata().schema_descr(), columns, shift).map_err(unusable)?;
        let file = Self { name: name.clone(), blocks: Arc::new(blocks), metadata, schema, kind };
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
                group: group + 1,
                before,
                kind: self.kind,
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
