//! Native traffic as Parquet: four columns by name, row group by row group, a batch of rows at a time.
//!
//! Texts are not read row by row: where a column has a dictionary, its texts are looked up once, and rows hold
//! what was found.

mod amounts;
mod header;
mod instants;
mod pages;
mod schema;
mod texts;

use crate::{
    error::{Error, ErrorKind, Result},
    model::invalid::Invalid,
    read::{native::columns::RecordKind, source::ReadAt},
};
use amounts::Amounts;
use header::unpanicked;
use instants::Instants;
pub(crate) use pages::Rows;
use pages::{Blocks, Column};
use parquet::{basic::Compression, errors::ParquetError, file::metadata::ParquetMetaData};
use schema::Schema;
use std::{ops::Range, sync::Arc};
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
        let metadata = header::read(&blocks).map_err(|error| {
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
