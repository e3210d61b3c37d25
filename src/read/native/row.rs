//! One row after the other, in the general way: whatever a line may hold.

use super::{
    layout::{CsvLayout, LineLayout, LineShape},
    ndjson,
};
use crate::{
    error::Result,
    read::{
        flowlog,
        record::Yielded,
        rows::{Fields, LONGEST_ROW, Shape},
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
        Self(Fields::new())
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
        match &layout.shape {
            LineShape::Csv(layout) => self.read_csv(text, line, layout, is_last, show),
            LineShape::Json(columns) => {
                let observe =
                    |raw: &[u8]| ndjson::observe(columns, line, raw, |record| show(Yielded::Record(record)));
                read_line(text, observe).map(Some)
            }
            LineShape::FlowLog => read_line(text, |raw| flowlog::observe(line, raw, show)).map(Some),
        }
    }

    fn read_csv(
        &mut self,
        text: &[u8],
        line: u64,
        layout: &CsvLayout,
        is_last: bool,
        show: impl FnOnce(Yielded<'_>) -> Result<()>,
    ) -> Result<Option<RowEnd>> {
        let Self(fields) = self;
        let (mut end, mut lines) = (line_end(text, 0), 1);
        let raw = without_line_end(&text[..end]);
        if memchr::memchr(b'"', raw).is_none() {
            if !raw.is_empty() {
                show(Yielded::Record(layout.observe(&fields.plain(line, raw))))?;
            }
            return Ok(Some(RowEnd { bytes: end, lines }));
        }
        let shape = loop {
            if fields.parse(&text[..end]) {
                break Shape::Fields;
            }
            if end > LONGEST_ROW || (end == text.len() && is_last) {
                break Shape::OpenQuote;
            }
            if end == text.len() {
                return Ok(None);
            }
            end = line_end(text, end);
            lines += 1;
        };
        let row = fields.parsed(line, shape, without_line_end(&text[..end]));
        show(Yielded::Record(layout.observe(&row)))?;
        Ok(Some(RowEnd { bytes: end, lines }))
    }
}

/// Reads the line at the start of `text`, unless it is blank.
fn read_line(text: &[u8], observe: impl FnOnce(&[u8]) -> Result<()>) -> Result<RowEnd> {
    let end = line_end(text, 0);
    let raw = without_line_end(&text[..end]);
    if !raw.trim_ascii().is_empty() {
        observe(raw)?;
    }
    Ok(RowEnd { bytes: end, lines: 1 })
}

/// The byte after the next line feed, or the end of the text.
fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |newline| from + newline + 1)
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
