//! Splits CSV into rows, with the true line number of each.
//!
//! A plain line, one without a quote, is split at its commas; every other line goes through the
//! csv parser, which may take further lines into a quoted field. Both give the same fields.

use std::{
    io::{self, Read},
    ops::Range,
};

/// A row longer than this is refused: a quote that is never closed would swallow the file.
pub(crate) const LONGEST_ROW: usize = 1 << 20;
const BLOCK: usize = 1 << 16;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a logical row turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A row of fields.
    Fields,
    /// A quoted field that is still open at the end of the input, or for more than a mebibyte.
    OpenQuote,
    /// A line of more than a mebibyte.
    TooLong,
}

/// One row of a CSV text.
pub(crate) struct Row<'a> {
    /// The line it starts on, counted from 1.
    pub line: u64,
    pub shape: Shape,
    /// The bytes it was read from, without its line end.
    pub raw: &'a [u8],
    text: &'a [u8],
    ends: &'a [usize],
    /// Bytes between the end of a field and the start of the next: the comma of a plain line.
    gap: usize,
}

impl<'a> Row<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index`, unquoted.
    pub fn field(&self, index: usize) -> &'a [u8] {
        &self.text[self.range(index)]
    }

    /// As [`Row::field`], of a row that is UTF-8 as a whole; `None` where halves of a character stand on both sides of
    /// an end of the field, which says nothing of an empty one.
    pub fn field_of(&self, whole: &'a str, index: usize) -> Option<&'a str> {
        whole.get(self.range(index))
    }

    /// The row, if it is UTF-8 as a whole: that is seen faster than of every field.
    pub fn whole(&self) -> Option<&'a str> {
        std::str::from_utf8(self.text).ok()
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] + self.gap };
        start..self.ends[index]
    }
}

/// Splits the text of one row into fields.
pub(crate) struct Fields {
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    parser: csv_core::Reader,
}

impl Fields {
    pub fn new() -> Self {
        let parser = csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(b'\n')).build();
        Self { unquoted: Vec::new(), ends: Vec::new(), parser }
    }

    /// The fields of a line without quotes, given without its end.
    pub fn plain<'a>(&'a mut self, line: u64, raw: &'a [u8]) -> Row<'a> {
        self.ends.clear();
        self.ends.extend(memchr::memchr_iter(b',', raw));
        self.ends.push(raw.len());
        Row { line, shape: Shape::Fields, raw, text: raw, ends: &self.ends, gap: 1 }
    }

    /// Parses a row with quotes, given with its line end; false where a quote is still open at its end.
    pub fn parse(&mut self, text: &[u8]) -> bool {
        self.parser.reset();
        self.unquoted.resize(text.len() + 1, 0);
        self.ends.resize(text.len() + 2, 0);
        let (mut result, _, mut written, mut fields) =
            self.parser.read_record(text, &mut self.unquoted, &mut self.ends);
        if matches!(result, csv_core::ReadRecordResult::InputEmpty) && !text.ends_with(b"\n") {
            let (more, _, wrote, ended) =
                self.parser.read_record(b"\n", &mut self.unquoted[written..], &mut self.ends[fields..]);
            (result, written, fields) = (more, written + wrote, fields + ended);
        }
        self.unquoted.truncate(written);
        self.ends.truncate(fields);
        if text.strip_suffix(b"\n").unwrap_or(text).ends_with(b"\r") {
            self.drop_carriage_return();
        }
        matches!(result, csv_core::ReadRecordResult::Record)
    }

    /// The fields that were parsed last, as a row that was read from `raw`.
    pub fn parsed<'a>(&'a self, line: u64, shape: Shape, raw: &'a [u8]) -> Row<'a> {
        Row { line, shape, raw, text: &self.unquoted, ends: &self.ends, gap: 0 }
    }

    /// A row that ends in CRLF: the carriage return belongs to the line end, not to the last field.
    fn drop_carriage_return(&mut self) {
        let last_start = if self.ends.len() > 1 { self.ends[self.ends.len() - 2] } else { 0 };
        if let Some(end) = self.ends.last_mut()
            && *end > last_start
            && self.unquoted[*end - 1] == b'\r'
        {
            *end -= 1;
        }
    }
}

/// Reads rows from `input`.
pub(crate) struct Rows<R> {
    input: R,
    buffer: Vec<u8>,
    /// The part of `buffer` that is read but not yet consumed.
    unread: Range<usize>,
    at_end: bool,
    /// The line that the next row starts on.
    line: u64,
    /// Bytes that were consumed.
    consumed: u64,
    fields: Fields,
}

/// How many rows a CSV text has under its header, blank lines left out.
pub(crate) fn count_under_header(text: &[u8]) -> u64 {
    let mut rows = Rows::new(text);
    let mut count: u64 = 0;
    while let Ok(Some(_)) = rows.next() {
        count += 1;
    }
    count.saturating_sub(1)
}

/// How far a row reaches into the unread bytes.
struct Extent {
    /// Bytes without the line end.
    text: usize,
    /// Bytes with it.
    consumed: usize,
    lines: u64,
    shape: Shape,
    quoted: bool,
}

impl<R: Read> Rows<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BLOCK],
            unread: 0..0,
            at_end: false,
            line: 1,
            consumed: 0,
            fields: Fields::new(),
        }
    }

    /// How many bytes the rows so far, and blank lines before them, took.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The line that the next row starts on.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next row that is not blank.
    pub fn next(&mut self) -> io::Result<Option<Row<'_>>> {
        if self.line == 1 && self.unread.is_empty() {
            self.skip_byte_order_mark()?;
        }
        loop {
            let Some(mut extent) = self.find_line()? else { return Ok(None) };
            let start = self.unread.start;
            if extent.text == 0 {
                self.consume(&extent);
                continue;
            }
            if memchr::memchr(b'"', &self.buffer[start..start + extent.text]).is_some() {
                extent = self.find_quoted(extent)?;
            }
            let line = self.line;
            self.consume(&extent);
            // Reading on may have moved the unread bytes: the row now ends where they start.
            let start = self.unread.start - extent.consumed;
            let raw = &self.buffer[start..start + extent.text];
            return Ok(Some(match extent.quoted {
                true => self.fields.parsed(line, extent.shape, raw),
                false if extent.shape == Shape::TooLong => {
                    Row { shape: Shape::TooLong, ..self.fields.plain(line, raw) }
                }
                false => self.fields.plain(line, raw),
            }));
        }
    }

    fn consume(&mut self, extent: &Extent) {
        self.unread.start += extent.consumed;
        self.consumed += extent.consumed as u64;
        self.line += extent.lines;
    }

    fn skip_byte_order_mark(&mut self) -> io::Result<()> {
        while self.unread.len() < BOM.len() && self.read_on()? {}
        if self.buffer[self.unread.clone()].starts_with(BOM) {
            self.unread.start += BOM.len();
            self.consumed += BOM.len() as u64;
        }
        Ok(())
    }

    /// The next physical line; `None` at the end of the input.
    fn find_line(&mut self) -> io::Result<Option<Extent>> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(newline) = memchr::memchr(b'\n', &unread[searched..]) {
                return Ok(Some(Self::line_of(unread, searched + newline, 1)));
            }
            searched = unread.len();
            if searched > LONGEST_ROW {
                let shape = Shape::TooLong;
                return Ok(Some(Extent {
                    text: searched,
                    consumed: searched,
                    lines: 0,
                    shape,
                    quoted: false,
                }));
            }
            if !self.read_on()? {
                let length = self.unread.len();
                let last = Self::line_of(&self.buffer[self.unread.clone()], length, 0);
                return Ok((length > 0).then_some(last));
            }
        }
    }

    /// The line that ends before `newline`, which stands at the end of the input where `newlines` is 0.
    fn line_of(unread: &[u8], newline: usize, newlines: usize) -> Extent {
        let text = newline - usize::from(newline > 0 && unread[newline - 1] == b'\r');
        Extent { text, consumed: newline + newlines, lines: 1, shape: Shape::Fields, quoted: false }
    }

    /// Parses the row whose first line is `first`, taking further lines while a quote is open.
    fn find_quoted(&mut self, first: Extent) -> io::Result<Extent> {
        let mut extent = Extent { quoted: true, ..first };
        loop {
            let start = self.unread.start;
            if self.fields.parse(&self.buffer[start..start + extent.consumed]) {
                return Ok(extent);
            }
            let next = self.line_after(extent.consumed)?;
            match next {
                Some(next) if extent.consumed <= LONGEST_ROW => {
                    extent.text = extent.consumed + next.text;
                    extent.consumed += next.consumed;
                    extent.lines += 1;
                }
                _ => return Ok(Extent { shape: Shape::OpenQuote, ..extent }),
            }
        }
    }

    /// The physical line that starts `skipped` bytes into the unread ones.
    fn line_after(&mut self, skipped: usize) -> io::Result<Option<Extent>> {
        let mut searched = skipped;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(newline) = memchr::memchr(b'\n', &unread[searched..]) {
                let line = &unread[skipped..];
                return Ok(Some(Self::line_of(line, searched + newline - skipped, 1)));
            }
            searched = unread.len();
            if searched - skipped > LONGEST_ROW || !self.read_on()? {
                let line = &self.buffer[self.unread.clone()][skipped..];
                let length = line.len();
                return Ok((length > 0).then(|| Self::line_of(line, length, 0)));
            }
        }
    }

    /// Reads more bytes behind the unread ones; false at the end of the input.
    fn read_on(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        if self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            if self.unread.end * 2 > self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match self.input.read(&mut self.buffer[self.unread.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.unread.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Hands out one byte at a time.
    pub struct Drip<'a>(pub &'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        let all = |input: &mut dyn Read| {
            let mut rows = Rows::new(input);
            let mut found = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                let fields = match row.shape {
                    Shape::Fields => {
                        (0..row.len()).map(|i| String::from_utf8_lossy(row.field(i)).into_owned()).collect()
                    }
                    shape => vec![format!("{shape:?}")],
                };
                found.push((row.line, fields));
            }
            found
        };
        let at_once = all(&mut text.as_bytes());
        assert_eq!(at_once, all(&mut Drip(text.as_bytes())));
        at_once
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        assert_eq!(
            rows("a,b\r\n1,2\r\n\r\n\r\n3,4"),
            [row(1, &["a", "b"]), row(2, &["1", "2"]), row(5, &["3", "4"])]
        );
        assert_eq!(rows("\n\na\n"), [row(3, &["a"])]);
        assert_eq!(rows(""), []);
    }

    #[test]
    fn quoted_fields_may_hold_commas_quotes_and_line_ends() {
        assert_eq!(
            rows("\"a,b\",c\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\nlast,\"z\""),
            [row(1, &["a,b", "c"]), row(2, &["x\r\ny", "say \"hi\""]), row(4, &["last", "z"])]
        );
        assert_eq!(rows("\"\"\n"), [row(1, &[""])]);
    }

    #[test]
    fn plain_and_quoted_lines_give_the_same_fields() {
        for plain in ["a,b,c", "a,,c", ",", "a,b,", "x"] {
            let quoted: Vec<String> = plain.split(',').map(|field| format!("\"{field}\"")).collect();
            assert_eq!(rows(plain), rows(&quoted.join(",")), "{plain}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_seen_where_it_opens() {
        assert_eq!(rows("a\n\"b,c\nd,e\n"), [row(1, &["a"]), row(2, &["OpenQuote"])]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_field() {
        assert_eq!(rows("\u{feff}a,b\n"), [row(1, &["a", "b"])]);
        assert_eq!(rows("\u{feff}\"a\",b\n"), [row(1, &["a", "b"])]);
    }

    #[test]
    fn a_line_at_the_limit_is_read_and_one_beyond_it_is_refused() {
        let long = "x".repeat(LONGEST_ROW);
        assert_eq!(rows_at_once(&long), [Shape::Fields]);
        assert_eq!(rows_at_once(&format!("{long}{long}\nrest"))[0], Shape::TooLong);
    }

    fn rows_at_once(text: &str) -> Vec<Shape> {
        let mut rows = Rows::new(text.as_bytes());
        std::iter::from_fn(|| rows.next().unwrap().map(|row| row.shape)).collect()
    }
}
