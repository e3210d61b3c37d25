//! The footer, whose numbers of rows and places of columns agree with one another or are not read.

use super::{header::check_schema, pages::Blocks};
use parquet::{
    errors::{ParquetError, Result},
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader},
        reader::{ChunkReader, Length},
    },
};
use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

/// What a file ends with: how long its footer is, in four bytes, and four letters.
const TAIL: u64 = 8;

/// Reads the footer.
pub(super) fn read(blocks: &Blocks) -> Result<ParquetMetaData> {
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
fn check_rows(metadata: &ParquetMetaData) -> Result<()> {
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
fn check_places(metadata: &ParquetMetaData, size: u64) -> Result<()> {
    let mut places = Vec::new();
    for (group, own) in (1..).zip(metadata.row_groups()) {
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
pub(super) fn unpanicked<A>(decode: impl FnOnce() -> Result<A>) -> Result<A> {
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
