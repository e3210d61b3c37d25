//! One row after the other, in the general way: whatever a line may hold.

use super::{
    layout::{CsvLayout, LineLayout, LineShape},
    ndjson,
};
use crate::{
    error::Result,
    read::{
        flowlog,
        header::TOO_LONG,
        record::{Observation, Yielded},
        rows::{Fields, HEAD_OF_LONG_LINE, LONGEST_ROW, without_line_end},
    },
};

/// Reads rows.
pub(crate) struct RowReader(Fields);

/// How far a row reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowEnd {
    /// Bytes of it, with its line end.
    pub bytes: usize,
    /// Lines that it takes.
    pub lines: u64,
}

impl RowReader {
    pub fn new() -> Self {
        Self(Fields::new(b','))
    }

    /// Begins rows of this layout, which follow none that were read before.
    pub fn begin(&mut self, layout: &LineLayout) {
        self.0 =
            Fields::new(if let LineShape::Csv(layout) = &layout.shape { layout.separator() } else { b',' });
    }

    /// Reads the row at the start of `text`, which is that of `line`, and shows what it holds, if it is not blank.
    ///
    /// Returns where it ends, or `None` where a quoted field goes on beyond the text, unless nothing follows that.
    pub fn read(
        &mut self,
        text: &[u8],
        line: u64,
        layout: &LineLayout,
        is_last: bool,
        show: impl FnOnce(Yielded<'_>) -> Result<()>,
    ) -> Result<Option<RowEnd>> {
        let end = line_end(text, 0);
        let raw = without_line_end(&text[..end]);
        let of_line = RowEnd { bytes: end, lines: 1 };
        if raw.len() > LONGEST_ROW {
            return show(Yielded::Record(too_long(line, raw))).map(|()| Some(of_line));
        }
        match &layout.shape {
            LineShape::Csv(layout) if memchr::memchr(b'"', raw).is_some() => {
                self.read_quoted(text, end, line, layout, is_last, show)
            }
            LineShape::Csv(layout) => {
                let Self(fields) = self;
                if !fields.is_blank_line(raw) {
                    show(Yielded::Record(layout.observe(&fields.plain(line, raw))))?;
                }
                Ok(Some(of_line))
            }
            _ if raw.trim_ascii().is_empty() => Ok(Some(of_line)),
            LineShape::Json(columns, offset_stated) => {
                let take = |record: Observation<'_>| show(Yielded::Record(record));
                ndjson::observe(columns, *offset_stated, line, raw, take).map(|()| Some(of_line))
            }
            LineShape::FlowLog => flowlog::observe(line, raw, show).map(|()| Some(of_line)),
        }
    }

    /// Reads the row of CSV at the start of `text`, whose first line, of so many bytes, has a quote.
    fn read_quoted(
        &mut self,
        text: &[u8],
        first: usize,
        line: u64,
        layout: &CsvLayout,
        is_last: bool,
        show: impl FnOnce(Yielded<'_>) -> Result<()>,
    ) -> Result<Option<RowEnd>> {
        let Self(fields) = self;
        let Some(extent) = fields.quoted(text, first, line, layout.rule(), is_last) else { return Ok(None) };
        let row = fields.parsed(line, extent.shape, without_line_end(&text[..extent.bytes]));
        if !row.is_blank() {
            show(Yielded::Record(layout.observe(&row)))?;
        }
        Ok(Some(RowEnd { bytes: extent.bytes, lines: extent.lines }))
    }
}

/// A line that is too long to be a record, of which this is at least the beginning.
pub(crate) fn too_long(line: u64, raw: &[u8]) -> Observation<'_> {
    Observation::unreadable(line, TOO_LONG, &raw[..raw.len().min(HEAD_OF_LONG_LINE)])
}

/// The byte after the next line feed, or the end of the text.
fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |newline| from + newline + 1)
}
