//! Splits CSV into rows, with the true line number of each.
//!
//! A plain line, one without a quote, is split at its separators; every other line goes through the csv parser, which may
//! take further lines into a quoted field. Both give the same fields.

use std::{
    borrow::Cow,
    io::{self, Read},
    ops::Range,
};
use wide::u8x16;

/// A line longer than this is refused, and so far a quoted field is followed.
pub(crate) const LONGEST_ROW: usize = 1 << 20;
/// So much of a line that is too long is kept.
pub(crate) const HEAD_OF_LONG_LINE: usize = 1 << 10;
const BLOCK: usize = 1 << 16;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What stands between fields; of those that fit a header alike, the last holds.
const SEPARATORS: [u8; 3] = *b"\t;,";

/// What a logical row turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A row of fields.
    Fields,
    /// A line on which a quoted field is opened that makes no row, however far it goes; the row is this line alone.
    OpenQuote,
    /// A line of more than a mebibyte, of which only the beginning is kept.
    TooLong,
}

/// One row of a CSV text.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The line it starts on, counted from 1.
    pub line: u64,
    pub shape: Shape,
    /// The bytes it was read from, without its line end.
    pub raw: &'a [u8],
    /// Where those begin in a text that is read where it stands.
    place: usize,
    text: &'a [u8],
    ends: &'a [usize],
    /// Bytes between the end of a field and the start of the next: the separator of a plain line.
    gap: usize,
    /// Whether it holds a NUL byte, which no text does; of a line that is too long it is not known.
    pub holds_nul: bool,
}

impl<'a> Row<'a> {
    /// A line that is too long to be a row, of which this is the beginning.
    fn too_long(line: u64, head: &'a [u8]) -> Self {
        Self {
            line,
            shape: Shape::TooLong,
            raw: head,
            place: 0,
            text: head,
            ends: &[],
            gap: 0,
            holds_nul: false,
        }
    }

    /// One whose fields stand one behind the other in `text`, and end there.
    pub fn of_fields(line: u64, text: &'a [u8], ends: &'a [usize]) -> Self {
        Self { line, shape: Shape::Fields, raw: text, place: 0, text, ends, gap: 0, holds_nul: false }
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index`, unquoted.
    pub fn field(&self, index: usize) -> &'a [u8] {
        &self.text[self.range(index)]
    }

    /// The row, if it is UTF-8 as a whole, and each of its fields is: that is seen faster than of every field. `input` is the text
    /// that is read where it stands, if it is UTF-8: of that, lines need not be looked at.
    pub fn whole(&self, input: Option<&'a str>) -> Option<&'a str> {
        if self.gap > 0 {
            // What separates fields is no part of a character.
            let own = input.and_then(|input| input.get(self.place..self.place + self.text.len()));
            return own.or_else(|| std::str::from_utf8(self.text).ok());
        }
        let whole = std::str::from_utf8(self.text).ok()?;
        let are_edges = || self.ends.iter().all(|end| whole.is_char_boundary(*end));
        (whole.is_ascii() || are_edges()).then_some(whole)
    }

    /// Whether all of its fields are blank: spreadsheets leave such rows, which hold nothing.
    pub fn is_blank(&self) -> bool {
        self.shape == Shape::Fields && (0..self.len()).all(|index| self.field(index).trim_ascii().is_empty())
    }

    /// Where the field at `index` stands in the row as a whole.
    pub fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] + self.gap };
        start..self.ends[index]
    }
}

/// What a row must be like that goes on beyond its line: without it, one quote too many would swallow the rows behind it.
#[derive(Debug, Clone)]
pub(crate) struct RowRule {
    /// How many fields it has.
    pub width: usize,
    /// Fields that cannot hold a line end, such as times and ids.
    pub of_one_line: Vec<usize>,
}

impl RowRule {
    /// Of a header, of which nothing is known before it.
    pub const OF_HEADER: Self = Self { width: usize::MAX, of_one_line: Vec::new() };

    /// Whether this is such a row, and no line within its quotes looks like a row of its own.
    fn allows(&self, row: &Row<'_>, separator: u8) -> bool {
        if self.width == usize::MAX {
            return true;
        }
        let holds_line = |index: &usize| memchr::memchr(b'\n', row.field(*index)).is_some();
        row.len() == self.width
            && !self.of_one_line.iter().any(holds_line)
            && (0..row.len()).filter(holds_line).all(|index| {
                row.field(index)
                    .split(|byte| *byte == b'\n')
                    .skip(1)
                    .all(|line| !self.is_row(line, separator))
            })
    }

    /// Whether a line without quotes looks like a row. One of a field or two may be anything.
    fn is_row(&self, line: &[u8], separator: u8) -> bool {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == separator).collect();
        let is_given = |index: &usize| fields.get(*index).is_some_and(|field| !field.trim_ascii().is_empty());
        fields.len() == self.width && self.width > 2 && self.of_one_line.iter().all(is_given)
    }
}

/// How far a row reaches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Bytes of it, with its line end.
    pub bytes: usize,
    /// Lines that it takes.
    pub lines: u64,
    pub shape: Shape,
}

/// Splits the text of one row into fields.
pub(crate) struct Fields {
    separator: u8,
    /// Made where the first quote is met: that takes longer than reading a small file without any.
    parser: Option<csv_core::Reader>,
    /// Where the fields of the plain line end that was split last.
    plain_ends: Vec<usize>,
    /// Whether it holds a NUL byte.
    plain_nul: bool,
    /// The fields of the row that was parsed last, where so many of them end, and room behind both: it would take time to
    /// fill that with zeros for every row.
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    parsed: usize,
    /// Lines before this one stood in a row that was none: they are not followed beyond their ends once more.
    followed: u64,
}

fn parser(separator: u8) -> csv_core::Reader {
    let mut builder = csv_core::ReaderBuilder::new();
    builder.terminator(csv_core::Terminator::Any(b'\n')).delimiter(separator).build()
}

impl Fields {
    /// With this byte between fields.
    pub fn new(separator: u8) -> Self {
        Self {
            separator,
            parser: None,
            plain_ends: Vec::new(),
            plain_nul: false,
            unquoted: Vec::new(),
            ends: Vec::new(),
            parsed: 0,
            followed: 0,
        }
    }

    /// Notes where the fields of a line end that has no quotes, given without its end; whether it has some.
    pub fn split(&mut self, raw: &[u8]) -> bool {
        const WIDE: usize = size_of::<u8x16>();
        self.plain_ends.clear();
        let (blocks, rest) = raw.as_chunks::<WIDE>();
        // None of what is looked for.
        let mut last = [b'0'; WIDE];
        last[..rest.len()].copy_from_slice(rest);
        let (mut start, mut quotes, mut nuls) = (0, 0, 0);
        for block in blocks.iter().chain([&last]) {
            let bytes = u8x16::new(*block);
            let are = |byte: u8| bytes.simd_eq(u8x16::splat(byte)).to_bitmask();
            quotes |= are(b'"');
            nuls |= are(0);
            let mut separators = are(self.separator);
            while separators != 0 {
                self.plain_ends.push(start + separators.trailing_zeros() as usize);
                separators &= separators - 1;
            }
            start += WIDE;
        }
        self.plain_ends.push(raw.len());
        self.plain_nul = nuls != 0;
        quotes != 0
    }

    /// The line without quotes that was split last.
    pub fn plain<'a>(&'a self, line: u64, raw: &'a [u8]) -> Row<'a> {
        let holds_nul = self.plain_nul;
        Row {
            line,
            shape: Shape::Fields,
            raw,
            place: 0,
            text: raw,
            ends: &self.plain_ends,
            gap: 1,
            holds_nul,
        }
    }

    /// Whether a line without quotes is a row of blank fields.
    pub fn is_blank_line(&self, raw: &[u8]) -> bool {
        raw.iter().all(|byte| *byte == self.separator || byte.is_ascii_whitespace())
    }

    /// The row with quotes at the start of `text`, whose first line, `line`, has so many bytes with its end.
    ///
    /// Where a quoted field is not closed on that line, and the row that goes on beyond it is none by the rule, the row is
    /// the first line alone. `None` where more of the text must be seen; `is_all` where there is no more. Every line is
    /// followed beyond its end at most twice, so that the time is linear.
    pub fn quoted(
        &mut self,
        text: &[u8],
        first: usize,
        line: u64,
        rule: &RowRule,
        is_all: bool,
    ) -> Option<Extent> {
        if self.parse(&text[..first], usize::MAX, true).is_row {
            return Some(Extent { bytes: first, lines: 1, shape: Shape::Fields });
        }
        if line >= self.followed
            && let Some(row) = self.follow(text, line, rule, is_all)?
        {
            return Some(row);
        }
        self.parse(&text[..first], usize::MAX, true);
        Some(Extent { bytes: first, lines: 1, shape: Shape::OpenQuote })
    }

    /// The row over several lines at the start of `text`, or that there is none. `None` where more must be seen.
    fn follow(&mut self, text: &[u8], line: u64, rule: &RowRule, is_all: bool) -> Option<Option<Extent>> {
        let seen = &text[..text.len().min(LONGEST_ROW)];
        // What is as long as is looked at ends nowhere, also where the text ends there.
        let is_all = is_all && text.len() < LONGEST_ROW;
        let Parsed { is_row, is_open, bytes } = self.parse(seen, rule.width, is_all);
        if is_open && !is_all && seen.len() < LONGEST_ROW {
            return None;
        }
        let raw = &seen[..bytes];
        let line_ends = memchr::memchr_iter(b'\n', without_line_end(raw)).count() as u64;
        if is_row && rule.allows(&self.parsed(line, Shape::Fields, raw), self.separator) {
            return Some(Some(Extent { bytes, lines: line_ends + 1, shape: Shape::Fields }));
        }
        // The last of these lines has closed the quote; it may open another one.
        self.followed = line + line_ends;
        Some(None)
    }

    /// Parses the row at the start of `text`, up to so many fields and one more; `is_end` where it ends with the text.
    fn parse(&mut self, text: &[u8], most_fields: usize, is_end: bool) -> Parsed {
        use csv_core::ReadRecordResult::{InputEmpty, Record};
        let parser = self.parser.get_or_insert_with(|| parser(self.separator));
        parser.reset();
        if self.unquoted.len() <= text.len() {
            self.unquoted.resize(text.len() + 1, 0);
        }
        let most_fields = most_fields.min(text.len() + 1) + 1;
        if self.ends.len() < most_fields {
            self.ends.resize(most_fields, 0);
        }
        let ends = &mut self.ends[..most_fields];
        let (mut result, bytes, written, mut fields) = parser.read_record(text, &mut self.unquoted, ends);
        if matches!(result, InputEmpty) && is_end && !text.ends_with(b"\n") && fields < ends.len() {
            let (ended, _, _, more) =
                parser.read_record(b"\n", &mut self.unquoted[written..], &mut ends[fields..]);
            (result, fields) = (ended, fields + more);
        }
        self.parsed = fields;
        if text[..bytes].strip_suffix(b"\n").unwrap_or(&text[..bytes]).ends_with(b"\r") {
            self.drop_carriage_return();
        }
        Parsed { is_row: matches!(result, Record), is_open: matches!(result, InputEmpty), bytes }
    }

    /// The fields that were parsed last, as a row that was read from `raw`.
    pub fn parsed<'a>(&'a self, line: u64, shape: Shape, raw: &'a [u8]) -> Row<'a> {
        let ends = &self.ends[..self.parsed];
        let written = ends.last().copied().unwrap_or_default();
        let holds_nul = memchr::memchr(0, raw).is_some();
        Row { line, shape, raw, place: 0, text: &self.unquoted[..written], ends, gap: 0, holds_nul }
    }

    /// A row that ends in CRLF: the carriage return belongs to the line end, not to the last field.
    fn drop_carriage_return(&mut self) {
        let last_start = if self.parsed > 1 { self.ends[self.parsed - 2] } else { 0 };
        if let Some(end) = self.ends[..self.parsed].last_mut()
            && *end > last_start
            && self.unquoted[*end - 1] == b'\r'
        {
            *end -= 1;
        }
    }
}

/// What the parser found at the start of a text.
struct Parsed {
    is_row: bool,
    /// A row may end behind the text.
    is_open: bool,
    /// Bytes that were read, with the line end of the row.
    bytes: usize,
}

/// A line without its line feed, and without the carriage return before that.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A name of a header, without the blanks around it.
pub(crate) fn header_name(field: &[u8]) -> Cow<'_, str> {
    let is_blank = |own: char| own.is_whitespace() || own == '\u{feff}';
    match String::from_utf8_lossy(field) {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim_matches(is_blank)),
        Cow::Owned(name) => Cow::Owned(name.trim_matches(is_blank).to_owned()),
    }
}

/// What separates the names of a header: what shows most of the wanted ones, then what shows most names, then the comma.
fn separator_of(header: &[u8], wanted: &[&str]) -> u8 {
    let names_shown = |separator: &u8| {
        let mut fields = Fields::new(*separator);
        let row = match fields.split(header) {
            true => {
                fields.parse(header, usize::MAX, true);
                fields.parsed(1, Shape::Fields, header)
            }
            false => fields.plain(1, header),
        };
        let names: Vec<_> = (0..row.len()).map(|index| header_name(row.field(index))).collect();
        (wanted.iter().filter(|name| names.iter().any(|own| own == *name)).count(), names.len())
    };
    // One that is nowhere shows no more names than the comma.
    let may_be = |separator: &u8| *separator == b',' || header.contains(separator);
    SEPARATORS.into_iter().filter(may_be).max_by_key(names_shown).unwrap_or(b',')
}

/// Reads rows from `input`, or from a text where that stands.
pub(crate) struct Rows<'t, R> {
    input: R,
    buffer: Cow<'t, [u8]>,
    /// The part of `buffer` that is read but not yet consumed.
    unread: Range<usize>,
    at_end: bool,
    /// The line that the next row starts on.
    line: u64,
    /// Bytes that were consumed.
    consumed: u64,
    fields: Fields,
    rule: RowRule,
    /// The beginning of the last line that was too long.
    head: Vec<u8>,
}

/// How many rows a CSV text has under its header, blank ones left out.
pub(crate) fn count_under_header(text: &[u8]) -> u64 {
    let mut rows = Rows::of(text);
    let width = rows.header(&[]).ok().flatten().map_or(0, |header| header.len());
    rows.keep_to(RowRule { width, of_one_line: Vec::new() });
    let mut count: u64 = 0;
    while let Ok(Some(_)) = rows.next() {
        count += 1;
    }
    count
}

impl<'t> Rows<'t, io::Empty> {
    /// The rows of a text.
    pub fn of(text: &'t [u8]) -> Self {
        Self { unread: 0..text.len(), at_end: true, ..Self::with(io::empty(), Cow::Borrowed(text)) }
    }

    /// The text, if it is UTF-8.
    pub fn utf8(&self) -> Option<&'t str> {
        let Cow::Borrowed(text) = self.buffer else { return None };
        std::str::from_utf8(text).ok()
    }

    /// The rows of a text that begins on `line`, and whose header was read before.
    pub fn behind_header(text: &'t [u8], line: u64, separator: u8, rule: RowRule) -> Self {
        Self { line, fields: Fields::new(separator), rule, ..Self::of(text) }
    }
}

impl<R: Read> Rows<'static, R> {
    pub fn new(input: R) -> Self {
        Self::with(input, Cow::Owned(vec![0; BLOCK]))
    }
}

impl<'t, R: Read> Rows<'t, R> {
    fn with(input: R, buffer: Cow<'t, [u8]>) -> Self {
        Self {
            input,
            buffer,
            unread: 0..0,
            at_end: false,
            line: 1,
            consumed: 0,
            fields: Fields::new(b','),
            rule: RowRule::OF_HEADER,
            head: Vec::new(),
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

    /// What stands between fields.
    pub fn separator(&self) -> u8 {
        self.fields.separator
    }

    /// The first row, by whose names it is seen what separates fields; `wanted` are those that it should have.
    ///
    /// A line such as `sep=;` before it, as spreadsheets write and read it, says so too.
    pub fn header(&mut self, wanted: &[&str]) -> io::Result<Option<Row<'_>>> {
        self.skip_byte_order_mark()?;
        while let Some(line) = self.find_line()? {
            let raw = without_line_end(&self.buffer[self.unread.start..][..line.bytes]);
            let of_blanks = |byte: &u8| SEPARATORS.contains(byte) || byte.is_ascii_whitespace();
            if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = raw
                && SEPARATORS.contains(separator)
            {
                self.fields = Fields::new(*separator);
                self.consume(&line);
                break;
            }
            if line.shape == Shape::TooLong || !raw.iter().all(of_blanks) {
                self.fields = Fields::new(separator_of(&raw[..raw.len().min(LONGEST_ROW)], wanted));
                break;
            }
            self.consume(&line);
        }
        self.next()
    }

    /// From now on, rows that go on beyond their line are such.
    pub fn keep_to(&mut self, rule: RowRule) {
        self.rule = rule;
    }

    /// The next row that is not blank.
    pub fn next(&mut self) -> io::Result<Option<Row<'_>>> {
        let Some((line, extent, is_quoted)) = self.find_row()? else { return Ok(None) };
        if extent.shape == Shape::TooLong {
            return Ok(Some(Row::too_long(line, &self.head)));
        }
        // It has been consumed, and ends where the unread bytes start.
        let place = self.unread.start - extent.bytes;
        let raw = without_line_end(&self.buffer[place..self.unread.start]);
        Ok(Some(match is_quoted {
            true => self.fields.parsed(line, extent.shape, raw),
            false => Row { place, ..self.fields.plain(line, raw) },
        }))
    }

    /// Consumes rows up to the next that is not blank, and parses that where it has quotes, which is told too.
    fn find_row(&mut self) -> io::Result<Option<(u64, Extent, bool)>> {
        loop {
            let Some(first) = self.find_line()? else { return Ok(None) };
            let line = self.line;
            if first.shape == Shape::TooLong {
                self.skip_long_line(&first)?;
                return Ok(Some((line, first, false)));
            }
            let raw = without_line_end(&self.buffer[self.unread.start..][..first.bytes]);
            let is_quoted = self.fields.split(raw);
            let (extent, is_blank) = match is_quoted {
                true => {
                    let extent = self.find_quoted(&first)?;
                    (extent, self.fields.parsed(line, extent.shape, b"").is_blank())
                }
                false => (first, self.fields.is_blank_line(raw)),
            };
            self.consume(&extent);
            if !is_blank {
                return Ok(Some((line, extent, is_quoted)));
            }
        }
    }

    fn consume(&mut self, extent: &Extent) {
        self.unread.start += extent.bytes;
        self.consumed += extent.bytes as u64;
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

    /// The next physical line, or as much of one that is too long as was read; `None` at the end of the input.
    fn find_line(&mut self) -> io::Result<Option<Extent>> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(newline) = memchr::memchr(b'\n', &unread[searched..]) {
                return Ok(Some(Self::line_of(&unread[..searched + newline + 1])));
            }
            searched = unread.len();
            if searched > LONGEST_ROW + 1 || !self.read_on()? {
                let unread = &self.buffer[self.unread.clone()];
                return Ok((!unread.is_empty()).then(|| Self::line_of(unread)));
            }
        }
    }

    fn line_of(line: &[u8]) -> Extent {
        let is_long = without_line_end(line).len() > LONGEST_ROW;
        let shape = if is_long { Shape::TooLong } else { Shape::Fields };
        Extent { bytes: line.len(), lines: 1, shape }
    }

    /// Passes over a line, of which this is what was read so far, and keeps its beginning.
    fn skip_long_line(&mut self, read: &Extent) -> io::Result<()> {
        let bytes = &self.buffer[self.unread.start..][..read.bytes];
        self.head = bytes[..HEAD_OF_LONG_LINE].to_vec();
        let mut is_whole = bytes.ends_with(b"\n");
        self.consume(read);
        while !is_whole && (!self.unread.is_empty() || self.read_on()?) {
            let unread = &self.buffer[self.unread.clone()];
            let newline = memchr::memchr(b'\n', unread);
            let bytes = newline.map_or(unread.len(), |newline| newline + 1);
            is_whole = newline.is_some();
            self.consume(&Extent { bytes, lines: 0, shape: Shape::TooLong });
        }
        Ok(())
    }

    /// Parses the row with quotes whose first line is `first`.
    fn find_quoted(&mut self, first: &Extent) -> io::Result<Extent> {
        let mut wanted = BLOCK.max(first.bytes);
        loop {
            let unread = &self.buffer[self.unread.clone()];
            let seen = &unread[..unread.len().min(wanted)];
            let is_all = self.at_end && seen.len() == unread.len();
            if let Some(row) = self.fields.quoted(seen, first.bytes, self.line, &self.rule, is_all) {
                return Ok(row);
            }
            // Twice as much each time, so that what is parsed again stays in proportion.
            wanted = seen.len() * 2;
            while self.unread.len() < wanted && self.read_on()? {}
        }
    }

    /// Reads more bytes behind the unread ones; false at the end of the input.
    fn read_on(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        debug_assert!(matches!(self.buffer, Cow::Owned(_)), "a text is at its end from the start");
        let buffer = self.buffer.to_mut();
        if self.unread.end == buffer.len() {
            buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            if self.unread.end * 2 > buffer.len() {
                buffer.resize(buffer.len() * 2, 0);
            }
        }
        loop {
            match self.input.read(&mut buffer[self.unread.end..]) {
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

    fn all<R: Read>(mut rows: Rows<'_, R>) -> Vec<(u64, Vec<String>)> {
        let fields = |row: Row<'_>| match row.shape {
            Shape::Fields => {
                let texts = (0..row.len()).map(|i| String::from_utf8_lossy(row.field(i)).into_owned());
                (row.line, texts.collect::<Vec<String>>())
            }
            shape => (row.line, vec![format!("{shape:?}")]),
        };
        let Some(header) = rows.header(&[]).unwrap().map(fields) else { return Vec::new() };
        rows.keep_to(RowRule { width: header.1.len(), of_one_line: Vec::new() });
        let mut found = vec![header];
        while let Some(row) = rows.next().unwrap() {
            found.push(fields(row));
        }
        found
    }

    /// The rows of a text as it stands, which are those of what is read block by block, or byte by byte.
    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        let found = all(Rows::of(text.as_bytes()));
        assert_eq!(found, all(Rows::new(text.as_bytes())));
        assert_eq!(found, all(Rows::new(Drip(text.as_bytes()))));
        found
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
    }

    #[test]
    fn plain_and_quoted_lines_give_the_same_fields() {
        for plain in ["a,b,c", "a,,c", ",", "a,b,", "x", ""] {
            let quoted: Vec<String> = plain.split(',').map(|field| format!("\"{field}\"")).collect();
            assert_eq!(rows(plain), rows(&quoted.join(",")), "{plain}");
        }
    }

    #[test]
    fn lines_of_any_length_are_split_at_all_their_separators() {
        for length in 0..70 {
            for (step, quote) in
                [(1, None), (3, None), (7, Some(0)), (16, Some(length / 2)), (5, Some(length))]
            {
                let byte = |at: usize| match at {
                    _ if quote == Some(at) => b'"',
                    _ if at.is_multiple_of(step) => b',',
                    _ => b'x',
                };
                let line: Vec<u8> = (0..length).map(byte).collect();
                let mut fields = Fields::new(b',');
                assert_eq!(fields.split(&line), line.contains(&b'"'), "{length} {step}");
                let row = fields.plain(1, &line);
                let own: Vec<&[u8]> = (0..row.len()).map(|index| row.field(index)).collect();
                assert_eq!(own, line.split(|byte| *byte == b',').collect::<Vec<_>>(), "{length} {step}");
            }
        }
    }

    #[test]
    fn a_zero_byte_is_seen_wherever_it_stands() {
        for quoted in [false, true] {
            for length in 0..40 {
                for place in (0..length).map(Some).chain([None]) {
                    let byte = |at| if place == Some(at) { '\0' } else { 'x' };
                    let value: String = (0..length).map(byte).collect();
                    let line = if quoted { format!("a\n\"{value}\",1\n") } else { format!("a\n{value},1\n") };
                    let mut rows = Rows::new(line.as_bytes());
                    rows.header(&[]).unwrap();
                    let holds_nul = rows.next().unwrap().unwrap().holds_nul;
                    assert_eq!(holds_nul, place.is_some(), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_line_alone() {
        assert_eq!(
            rows("a,b\n\"c,d\ne,f\n"),
            [row(1, &["a", "b"]), row(2, &["OpenQuote"]), row(3, &["e", "f"])]
        );
        let opened_twice = "a,b\n\"c,d\ne,f\ng,\"h\ni,j\n";
        let expected = [
            row(1, &["a", "b"]),
            row(2, &["OpenQuote"]),
            row(3, &["e", "f"]),
            row(4, &["OpenQuote"]),
            row(5, &["i", "j"]),
        ];
        assert_eq!(rows(opened_twice), expected);
        // What makes a row of as many fields is one: a quoted field may hold line ends.
        assert_eq!(
            rows("a,b\nc,\"d\ne\"\nf,g\n"),
            [row(1, &["a", "b"]), row(2, &["c", "d\ne"]), row(4, &["f", "g"])]
        );
    }

    #[test]
    fn a_quoted_field_may_go_on_for_longer_than_is_looked_at_first() {
        for lines in [BLOCK / 4 - 2, BLOCK / 4 - 1, BLOCK / 4, BLOCK, BLOCK * 2] {
            let long = "xyz\n".repeat(lines);
            let found = rows(&format!("a,b\n\"{long}\",1\nc,d\n"));
            assert_eq!(found[1..], [row(2, &[&long, "1"]), row(lines as u64 + 3, &["c", "d"])]);
        }
    }

    #[test]
    fn a_row_over_several_lines_ends_before_the_limit_or_is_none() {
        for (length, is_row) in [(LONGEST_ROW - 1, true), (LONGEST_ROW, false), (LONGEST_ROW + 1, false)] {
            for before in [String::new(), format!("1,\"x\n{}\"\n", "y".repeat(BLOCK * 9))] {
                let quoted = format!("1,\"x\n{}\"", "y".repeat(length - 6));
                assert_eq!(quoted.len(), length);
                let shape = if is_row { Shape::Fields } else { Shape::OpenQuote };
                let found = rows_at_once(&format!("a,b\n{before}{quoted}"));
                let line = 2 + before.lines().count() as u64;
                assert!(found.contains(&(line, shape)), "{length} {}: {found:?}", before.len());
            }
        }
    }

    #[test]
    fn a_field_that_holds_a_row_is_none() {
        let open = "a,b,c\n1,2,\"3\n4,5,6\n7,8,9\"\n";
        let read = rows(open);
        assert_eq!(read[1..], [row(2, &["OpenQuote"]), row(3, &["4", "5", "6"]), row(4, &["7", "8", "9\""])]);
        let first = "a,b,c\n\"1\n2\",3,4\n";
        assert_eq!(rows(first)[1..], [row(2, &["1\n2", "3", "4"])]);
    }

    #[test]
    fn many_quotes_that_are_not_closed_take_linear_time() {
        for line in ["\"x\n", "\"x\",\"\n", "\"\"\"\"\n", "a,\"b\n", "\"x\",\"x\",\"\n"] {
            let text = format!("a,b,c\n\"{}", line.repeat(100_000));
            let started = std::time::Instant::now();
            let count = rows_at_once(&text).len();
            assert!(count > 1, "{line}");
            // Less than 1 s; were it not linear, hours.
            assert!(started.elapsed().as_secs() < 20, "{line}: {:?}", started.elapsed());
        }
    }

    #[test]
    fn the_header_shows_what_separates_fields() {
        let two = [row(1, &["a", "b"]), row(2, &["1", "2"])];
        assert_eq!(rows("a;b\n1;2\n"), two);
        assert_eq!(rows("a\tb\n1\t2\n;\n\t\n"), [&two[..], &[row(3, &[";"])]].concat());
        assert_eq!(rows("\"a,x;y\";b\n\"1\";2,5\n"), [row(1, &["a,x;y", "b"]), row(2, &["1", "2,5"])]);
        assert_eq!(rows("sep=;\na,b,c;d\n1;2\n"), [row(2, &["a,b,c", "d"]), row(3, &["1", "2"])]);
        assert_eq!(rows("a\n1\n"), [row(1, &["a"]), row(2, &["1"])]);
        // One within quotes separates nothing: the comma is left.
        assert_eq!(rows("\"a;b\"\n1,2;3\n")[1..], [row(2, &["1", "2;3"])]);
        // Wanted names count more than many.
        let mut wanted = Rows::new("a;b;x,y,z,,,\n".as_bytes());
        assert_eq!(wanted.header(&["b", "a"]).unwrap().unwrap().len(), 3);
    }

    #[test]
    fn rows_of_blanks_and_separators_hold_nothing() {
        assert_eq!(
            rows(",,\na,b\r\n,\r\n , \n1,2\n\"\",\"\"\n   \n,,,,,\n"),
            [row(2, &["a", "b"]), row(5, &["1", "2"])]
        );
        assert_eq!(count_under_header(b"a,b\n1,2\n,\n\n3,\"x\ny\"\n,,\n"), 2);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_field() {
        assert_eq!(rows("\u{feff}a,b\n"), [row(1, &["a", "b"])]);
        assert_eq!(rows("\u{feff}\"a\",b\n"), [row(1, &["a", "b"])]);
    }

    #[test]
    fn a_line_at_the_limit_is_read_and_one_beyond_it_is_refused_alone() {
        let long = "x".repeat(LONGEST_ROW);
        assert_eq!(rows_at_once(&long), [(1, Shape::Fields)]);
        assert_eq!(rows_at_once(&format!("{long}\r\n{long}\n")), [(1, Shape::Fields), (2, Shape::Fields)]);
        let endless = format!("a\n{}\nb\n{long}x\nc", long.repeat(20));
        let expected = [
            (1, Shape::Fields),
            (2, Shape::TooLong),
            (3, Shape::Fields),
            (4, Shape::TooLong),
            (5, Shape::Fields),
        ];
        assert_eq!(rows_at_once(&endless), expected);
        assert_eq!(rows_at_once(&format!("a\n{long}{long}")), [(1, Shape::Fields), (2, Shape::TooLong)]);
    }

    fn shapes<R: Read>(mut rows: Rows<'_, R>) -> Vec<(u64, Shape)> {
        let mut shapes = Vec::new();
        if let Some(row) = rows.header(&[]).unwrap() {
            shapes.push((row.line, row.shape));
            let width = row.len();
            rows.keep_to(RowRule { width, of_one_line: vec![0] });
        }
        shapes.extend(std::iter::from_fn(|| rows.next().unwrap().map(|row| (row.line, row.shape))));
        shapes
    }

    fn rows_at_once(text: &str) -> Vec<(u64, Shape)> {
        let found = shapes(Rows::of(text.as_bytes()));
        assert_eq!(found, shapes(Rows::new(text.as_bytes())));
        found
    }
}
