//! The lines of a text, whatever they may hold: cut into blocks of whole ones, and read one row after the other.

use super::{
    columns::{
        CsvLayout, LineLayout, LineShape, NativeValues, RecordKind, TrafficColumns, parse_bytes,
        parse_sender, parse_start, with_offset_stated,
    },
    plain::PADDING,
};
use crate::{
    error::Result,
    model::invalid::{Invalid, Remedy},
    read::{
        flowlog::Entries,
        header::TOO_LONG,
        json,
        record::{Observation, Yielded},
        rows::{Fields, HEAD_OF_LONG_LINE, LONGEST_ROW, without_line_end},
        source::ReadAt,
    },
};
use std::{
    borrow::Cow,
    io::{self, Read},
    ops::Range,
};

/// Reads blocks of whole lines.
pub(crate) struct LineBlocks<'b, R> {
    input: R,
    /// What was read and not taken, and room for more of it.
    buffer: &'b mut Vec<u8>,
    filled: usize,
    /// Bytes of whole lines among them.
    length: usize,
    /// How much of the buffer a block may fill.
    room: usize,
    at_end: bool,
}

/// Some whole lines.
pub(crate) struct Block<'b> {
    /// The lines, which end in a line feed each, and [`PADDING`] bytes behind them.
    pub padded: &'b [u8],
    /// Bytes of the lines.
    pub length: usize,
    /// Whether the input ends with them.
    pub is_last: bool,
}

/// Whether more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Further {
    /// There may be more.
    Yes,
    /// All was taken.
    End,
    /// What is left is the beginning of one line, and longer than [`LONGEST_ROW`]: [`LineBlocks::skip_line`] is next.
    TooLong,
}

impl<'b, R: Read> LineBlocks<'b, R> {
    /// Blocks of `size` bytes, in a buffer that may have been used before.
    pub fn new(input: R, size: usize, buffer: &'b mut Vec<u8>) -> Self {
        Self { input, buffer, filled: 0, length: 0, room: size.max(2), at_end: false }
    }

    /// The next whole lines, with those before them that were not taken.
    pub fn next(&mut self) -> io::Result<Block<'_>> {
        self.buffer.resize(self.room + PADDING, 0);
        let (read, at_end) = fill(&mut self.input, &mut self.buffer[self.filled..self.room])?;
        self.filled += read;
        self.at_end = at_end;
        if at_end && self.filled > 0 && self.buffer[self.filled - 1] != b'\n' {
            // The last line has no line feed of its own.
            self.buffer[self.filled] = b'\n';
            self.filled += 1;
        }
        self.length = memchr::memrchr(b'\n', &self.buffer[..self.filled]).map_or(0, |newline| newline + 1);
        Ok(Block { padded: &self.buffer[..self.length + PADDING], length: self.length, is_last: at_end })
    }

    /// So many bytes of the block were taken; where none was, the next block is larger.
    pub fn took(&mut self, bytes: usize) -> Further {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        if self.at_end {
            return Further::End;
        }
        if bytes == 0 {
            // One byte more may be the carriage return of its end.
            if self.length == 0 && self.filled > LONGEST_ROW + 1 {
                return Further::TooLong;
            }
            self.room *= 2;
        }
        Further::Yes
    }
}

impl<R: Read> LineBlocks<'_, R> {
    /// Passes over the line that is too long, and shows its beginning.
    pub fn skip_line(&mut self) -> io::Result<Vec<u8>> {
        let head = self.buffer[..HEAD_OF_LONG_LINE].to_vec();
        loop {
            if let Some(newline) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                self.buffer.copy_within(newline + 1..self.filled, 0);
                self.filled -= newline + 1;
                return Ok(head);
            }
            let (read, at_end) = fill(&mut self.input, &mut self.buffer[..self.room])?;
            self.filled = read;
            if at_end && memchr::memchr(b'\n', &self.buffer[..read]).is_none() {
                self.filled = 0;
                return Ok(head);
            }
        }
    }
}

/// Fills `buffer` as far as `input` goes; true where it ended.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => return Ok((filled, true)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((filled, false))
}

/// The lines that start within a range, whole: the last one may end behind it.
pub(crate) struct LinesOf<'a> {
    blocks: &'a dyn ReadAt,
    offset: u64,
    end: u64,
}

impl<'a> LinesOf<'a> {
    /// Of a text whose records start at `data_start`.
    pub fn new(blocks: &'a dyn ReadAt, range: &Range<u64>, data_start: u64) -> io::Result<Self> {
        // A line that starts before the range belongs to the span before.
        let offset = match range.start {
            start if start <= data_start => data_start,
            start => after_line_feed(blocks, start - 1, range.end)?,
        };
        // Where no line starts, the end of the one that goes on here is the matter of its span: many spans within an
        // endless line would each read on to its end.
        let end = if offset < range.end { after_line_feed(blocks, range.end - 1, u64::MAX)? } else { offset };
        Ok(Self { blocks, offset, end })
    }
}

/// The byte after the first line feed from `offset` on, or the end; one at or beyond `limit` is not looked for.
fn after_line_feed(blocks: &dyn ReadAt, mut offset: u64, limit: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 256];
    loop {
        if offset >= limit {
            return Ok(offset);
        }
        match blocks.read_at(&mut buffer, offset)? {
            0 => return Ok(offset),
            count => {
                if let Some(newline) = memchr::memchr(b'\n', &buffer[..count]) {
                    return Ok(offset + newline as u64 + 1);
                }
                offset += count as u64;
                // Lines are short, or endless.
                buffer.resize(1 << 16, 0);
            }
        }
    }
}

impl Read for LinesOf<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let wanted = rest.min(buffer.len());
        let count = self.blocks.read_at(&mut buffer[..wanted], self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Reads rows.
pub(crate) struct RowReader {
    fields: Fields,
    entries: Entries,
}

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
        Self { fields: Fields::new(b','), entries: Entries::default() }
    }

    /// Begins rows of this layout, which follow none that were read before.
    pub fn begin(&mut self, layout: &LineLayout) {
        if let LineShape::Csv(layout) = &layout.shape {
            self.fields = Fields::new(layout.separator());
        }
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
        let alike = layout.alike;
        match &layout.shape {
            LineShape::Csv(layout) if self.fields.split(raw) => {
                self.read_quoted(text, end, line, layout, is_last, show)
            }
            LineShape::Csv(layout) => {
                let Self { fields, .. } = self;
                if !fields.is_blank_line(raw) {
                    show(Yielded::Record(layout.observe(&fields.plain(line, raw))))?;
                }
                Ok(Some(of_line))
            }
            _ if raw.trim_ascii().is_empty() => Ok(Some(of_line)),
            LineShape::Json(columns, offset_stated) => {
                let take = |record: Observation<'_>| show(Yielded::Record(record));
                observe(columns, *offset_stated, line, raw, take).map(|()| Some(of_line))
            }
            LineShape::FlowLog => {
                self.entries.observe(line, text, raw.len(), alike, show).map(|()| Some(of_line))
            }
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
        let Self { fields, .. } = self;
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

/// Reads one line and shows what it holds; it is as strict as CSV: numbers of bytes are digits only.
pub(crate) fn observe(
    columns: &TrafficColumns,
    offset_stated: bool,
    line: u64,
    raw: &[u8],
    take: impl FnOnce(Observation<'_>) -> Result<()>,
) -> Result<()> {
    let names = columns.names();
    let picked = match json::pick(&names, raw) {
        Ok(picked) => picked,
        Err(why) => return take(Observation::unreadable(line, why, raw)),
    };
    if picked.iter().all(Option::is_none) {
        let why = format!("it has none of {}", names.join(", "));
        let why = Invalid::new(why).with(Remedy::GiveAsItsKindOfTraffic);
        return take(Observation::unreadable(line, why, raw));
    }
    let either = |column: usize| json::scalar(names[column], picked[column]).map(|scalar| scalar.text);
    // Ids and senders are text: a number may have several spellings.
    let only_text = |column: usize| json::text(names[column], picked[column]);
    let (timestamp, connection_id, sender, bytes) = (either(0), only_text(1), only_text(2), either(3));
    let kind = RecordKind::Measured;
    let values = NativeValues {
        start: given(&timestamp).and_then(|text| {
            parse_start(kind, text).map_err(|why| with_offset_stated(offset_stated, text, why))
        }),
        connection_id: given(&connection_id),
        sender: given(&sender).and_then(parse_sender),
        bytes: given(&bytes).and_then(|text| parse_bytes(kind, text)),
    };
    let fields = match [&timestamp, &connection_id, &sender, &bytes] {
        [Ok(a), Ok(b), Ok(c), Ok(d)] => Some([a, b, c, d].map(|text| text.as_bytes())),
        _ => None,
    };
    take(Observation { fields, raw, ..values.observed(line, names[1]) })
}

/// The value, or why there is none.
fn given<'a>(value: &'a Result<Cow<'_, str>, String>) -> Result<&'a [u8], Invalid> {
    value.as_deref().map(str::as_bytes).map_err(|why| why.as_str().into())
}

#[cfg(test)]
mod ndjson_tests {
    use super::*;
    use crate::read::record::NamedConnection;

    /// What is read of a line: bytes, and the record or why there is none.
    fn read(line: &str) -> (u128, Result<String, Invalid>) {
        let mut seen = None;
        let take = |observation: Observation<'_>| {
            let read = observation.traffic.map(|traffic| {
                let NamedConnection::Id { id, sender } = traffic.connection else { panic!("{traffic:?}") };
                format!("{} {} {sender}", traffic.start, String::from_utf8_lossy(id))
            });
            seen = Some((observation.quantity.bytes, read));
            Ok(())
        };
        observe(&TrafficColumns::default(), false, 1, line.as_bytes(), take).unwrap();
        seen.unwrap()
    }

    #[test]
    fn bytes_and_epochs_may_be_numbers_or_text() {
        let expected = (u128::from(u64::MAX), Ok("2026-10-01T00:00:00Z pcc-1 requester".into()));
        for line in [
            r#"{"timestamp":"2026-10-01T00:00:00Z","connection_id":"pcc-1","sender":"requester","bytes":"18446744073709551615"}"#,
            r#"{"bytes":18446744073709551615,"timestamp":1790812800,"sender":"requester","note":{"bytes":1},"connection_id":"pcc-1"}"#,
            r#"{"bytes":18446744073709551615,"timestamp":"1790812800000","sender":"\u0072equester","connection_id":"pcc-1"}"#,
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn r15_it_is_as_strict_as_csv() {
        let line = |at: &str, id: &str, sender: &str, bytes: &str| {
            format!(r#"{{"timestamp":{at},"connection_id":{id},"sender":{sender},"bytes":{bytes}}}"#)
        };
        let at = "\"2026-10-01T00:00:00Z\"";
        let (id, sender) = ("\"pcc-1\"", "\"accepter\"");
        for (line, why) in [
            (line(at, id, sender, "1e3"), "bytes \"1e3\": write it as digits only"),
            (line(at, id, sender, "1.5"), "bytes \"1.5\": bytes are whole numbers"),
            (line(at, id, sender, "-1"), "bytes \"-1\": bytes cannot be negative"),
            (line(at, id, sender, "18446744073709551616"), "at most 2^64-1"),
            (line(at, id, sender, "null"), "bytes is missing"),
            (line(at, id, sender, "[1]"), "neither a number nor text"),
            (line("1790812800.5", id, sender, "1"), "timestamp \"1790812800.5\""),
            (line("\"2026-10-01T00:00:00\"", id, sender, "1"), "the offset is missing"),
            (line(at, "5", sender, "1"), "connection_id \"5\" is a number, not text"),
            (line(at, "\"\"", sender, "1"), "connection_id is empty"),
            (line(at, id, "\"Accepter\"", "1"), "did you mean \"accepter\""),
            (line(at, id, sender, "1,\"bytes\":1"), "the key bytes stands twice"),
            ("{".into(), "EOF"),
            (r#"{"Datapoints":"[]"}"#.into(), "it has none of timestamp, connection_id, sender, bytes"),
        ] {
            let (_, read) = read(&line);
            assert!(read.clone().is_err_and(|error| error.message().contains(why)), "{line}: {read:?}");
        }
        // R14: a readable number counts where the rest is not.
        assert_eq!(read(&line("1", id, sender, "7")).0, 7);
    }
}
