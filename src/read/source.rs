//! Native CSV of traffic: where it is read from, and how a row becomes a record.

#[cfg(feature = "parquet")]
use crate::read::parquet::ParquetFile;
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        quoted,
        time::{ClockOffset, Timestamp},
        usage::Sender,
    },
    read::{
        rows::{Row, Rows},
        table::Header,
    },
};
use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The columns of native traffic.
pub const TRAFFIC_COLUMNS: [&str; 4] = ["timestamp", "connection_id", "sender", "bytes"];

/// What an export calls the columns of native traffic.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficColumns {
    /// Start of the measured period.
    pub timestamp: String,
    /// The connection.
    pub connection_id: String,
    /// `requester` or `accepter`.
    pub sender: String,
    /// Bytes.
    pub bytes: String,
}

impl Default for TrafficColumns {
    fn default() -> Self {
        let [timestamp, connection_id, sender, bytes] = TRAFFIC_COLUMNS.map(String::from);
        Self { timestamp, connection_id, sender, bytes }
    }
}

impl TrafficColumns {
    /// Their names, in the order of [`TRAFFIC_COLUMNS`].
    pub fn names(&self) -> [&str; 4] {
        [&self.timestamp, &self.connection_id, &self.sender, &self.bytes]
    }
}

/// The columns of metered hours.
pub const METERED_COLUMNS: [&str; 4] = ["hour", "connection_id", "sender", "bytes"];

/// Bytes that an hour of one sender holds at most: of 65,536 records that are full.
pub(crate) const MOST_OF_AN_HOUR: u128 = (1 << 80) - 1;

/// The first bytes of a Parquet file.
const PARQUET: &[u8; 4] = b"PAR1";

/// Bytes that can be read from any place, by several threads at once.
pub trait ReadAt: Send + Sync {
    /// Reads some bytes from `offset` on; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How many bytes there are.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let rest = &self[start..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

pub(crate) enum Content {
    /// Read from the beginning to the end.
    Stream(Open),
    /// Read by several workers at once.
    Blocks(Arc<dyn ReadAt>),
}

/// Reads the records of a source that does not hold one on each line, such as a JSON document.
pub(crate) trait Records: Send + Sync {
    /// Reads `input` from the beginning to the end and shows every record, in order; what is wrong with a record
    /// becomes part of the observation. Fails where the input cannot be read as a whole.
    fn read(
        &self,
        source: &TrafficSource,
        input: &mut dyn Read,
        each: &mut dyn FnMut(Observation<'_>) -> Result<()>,
    ) -> Result<Notes>;
}

/// What was seen in sources beside records of traffic; each becomes a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    /// Answers of CloudMonitor that announce a further page.
    pub pages_announced: u64,
    /// Answers of CloudMonitor that announce none.
    pub last_pages: u64,
    /// Entries of flow logs that are no outbound traffic of a peering connection.
    pub passed_over: u64,
    /// Entries of flow logs that stand for others which were not captured (`SKIPDATA`).
    pub skipped: u64,
}

impl Notes {
    pub(crate) fn add(&mut self, other: Self) {
        self.pages_announced += other.pages_announced;
        self.last_pages += other.last_pages;
        self.passed_over += other.passed_over;
        self.skipped += other.skipped;
    }
}

/// How records are written.
pub(crate) enum Format {
    /// One on each line, under a header or as an object.
    Lines,
    /// Likewise, but a record is all bytes of an hour.
    Hours,
    /// An entry of a flow log on each line.
    FlowLog,
    /// In a way that its reader knows.
    Records(Box<dyn Records>),
}

/// Traffic that can be read more than once: duplicates that are not in time order need a second look.
pub struct TrafficSource {
    /// Name in messages, usually the path.
    pub name: Arc<str>,
    content: Content,
    format: Format,
    columns: TrafficColumns,
    #[cfg_attr(
        not(feature = "parquet"),
        expect(dead_code, reason = "only Parquet has times without a zone")
    )]
    naive_offset: Option<ClockOffset>,
    counter: Option<Arc<AtomicU64>>,
}

impl TrafficSource {
    /// From a function that starts reading from the beginning, each time with the same bytes.
    pub fn from_stream(
        name: &str,
        open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Content::Stream(Box::new(open)))
    }

    /// From bytes that can be read from any place.
    pub fn from_blocks(name: &str, blocks: impl ReadAt + 'static) -> Self {
        Self::new(name, Content::Blocks(Arc::new(blocks)))
    }

    fn new(name: &str, content: Content) -> Self {
        let columns = TrafficColumns::default();
        Self { name: name.into(), content, format: Format::Lines, columns, naive_offset: None, counter: None }
    }

    /// The same source, whose records this reader finds.
    #[must_use]
    pub(crate) fn with_records(self, records: impl Records + 'static) -> Self {
        Self { format: Format::Records(Box::new(records)), ..self }
    }

    /// The same source, whose columns have these names.
    #[must_use]
    pub fn with_columns(self, columns: &TrafficColumns) -> Self {
        Self { columns: columns.clone(), ..self }
    }

    /// The same source; its times without a zone, which only Parquet has, were told by clocks at this offset.
    #[must_use]
    pub fn with_naive_offset(self, offset: Option<ClockOffset>) -> Self {
        Self { naive_offset: offset, ..self }
    }

    /// From bytes in memory.
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::from_blocks(name, bytes.into())
    }

    /// Adds to `counter` as records are read, for a bar that shows how fast that is.
    #[must_use]
    pub fn counted_by(self, counter: Arc<AtomicU64>) -> Self {
        Self { counter: Some(counter), ..self }
    }

    /// Counts records that were read.
    pub(crate) fn count(&self, records: u64) {
        if let Some(counter) = &self.counter {
            counter.fetch_add(records, Ordering::Relaxed);
        }
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Reads it as a stream, whatever it is.
    pub(crate) fn stream(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        match &self.content {
            Content::Stream(open) => open().map(|input| input as _),
            Content::Blocks(blocks) => Ok(Box::new(FromStart { blocks: &**blocks, offset: 0 })),
        }
    }

    /// What an I/O error means for it.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Error {
        Error::unusable(ErrorKind::Input, &self.name, error.to_string())
    }

    /// How its records are to be found.
    pub(crate) fn layout(&self) -> Result<Layout<'_>> {
        match &self.format {
            Format::Lines | Format::Hours if self.is_parquet()? => self.parquet(),
            Format::Lines => self.lines().map(Layout::Lines),
            Format::Hours => self.header().map(Layout::Lines),
            Format::FlowLog => self.entries().map(Layout::Lines),
            Format::Records(records) => Ok(Layout::Records(&**records)),
        }
    }

    /// How it is written, in words.
    pub fn format_name(&self) -> Result<&'static str> {
        Ok(match (&self.format, self.layout()?) {
            (Format::Hours, Layout::Lines(_)) => "metered hours, CSV",
            (_, Layout::Lines(lines)) => match lines.shape {
                LineShape::Json(_) => "JSON lines",
                LineShape::FlowLog => "VPC flow log",
                _ => "CSV",
            },
            (_, Layout::Records(_)) => "CloudMonitor datapoints",
            #[cfg(feature = "parquet")]
            (Format::Hours, Layout::Columns(_)) => "metered hours, Parquet",
            #[cfg(feature = "parquet")]
            (_, Layout::Columns(_)) => "Parquet",
        })
    }

    fn is_parquet(&self) -> Result<bool> {
        let mut magic = Vec::new();
        let read = self.stream().and_then(|input| input.take(4).read_to_end(&mut magic));
        read.map_err(|error| self.unreadable(&error))?;
        Ok(magic == PARQUET)
    }

    #[cfg(feature = "parquet")]
    fn parquet(&self) -> Result<Layout<'_>> {
        let Content::Blocks(blocks) = &self.content else {
            let why = "is a Parquet file within gzip or zstd; decompress it, it has its own compression";
            return Err(Error::unusable(ErrorKind::Input, &self.name, why));
        };
        let shift = self.naive_offset.map(|offset| -offset.seconds());
        let hours = matches!(self.format, Format::Hours);
        let file = ParquetFile::open(&self.name, blocks.clone(), self.columns.names(), shift, hours);
        file.map(Layout::Columns)
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(&self) -> Result<Layout<'_>> {
        let why = "is a Parquet file, which this build cannot read: it was made without the feature parquet";
        Err(Error::unusable(ErrorKind::Input, &self.name, why))
    }

    /// The same source, read as a VPC flow log: one JSON object on each line.
    #[must_use]
    pub fn as_flow_log(self) -> Self {
        Self { format: Format::FlowLog, ..self }
    }

    /// The same source, which holds the hours that were metered before, under [`METERED_COLUMNS`]: a record is all
    /// bytes that a sender sent in an hour, and may be more than a record of traffic can be.
    #[must_use]
    pub fn as_metered(self) -> Self {
        let columns = TrafficColumns { timestamp: METERED_COLUMNS[0].into(), ..TrafficColumns::default() };
        Self { format: Format::Hours, columns, ..self }
    }

    fn entries(&self) -> Result<LineLayout> {
        let unreadable = |error: io::Error| self.unreadable(&error);
        let (data_start, first) = first_character(self.stream().map_err(unreadable)?).map_err(unreadable)?;
        if !matches!(first, Some(b'{') | None) {
            let why = "is no flow log, which has one JSON object on each line";
            return Err(Error::unusable(ErrorKind::Input, &self.name, why));
        }
        let shape = LineShape::FlowLog;
        Ok(LineLayout { native: false, hours: false, data_start, first_line: 1, shape })
    }

    /// JSON where the first character is a brace, otherwise CSV under a header.
    fn lines(&self) -> Result<LineLayout> {
        let unreadable = |error: io::Error| self.unreadable(&error);
        let (data_start, first) = first_character(self.stream().map_err(unreadable)?).map_err(unreadable)?;
        match first {
            Some(b'{') => {
                let shape = LineShape::Json(self.columns.clone());
                Ok(LineLayout { native: false, hours: false, data_start, first_line: 1, shape })
            }
            Some(b'[') => {
                let why = "is one JSON array; traffic as JSON has one object on each line";
                Err(Error::unusable(ErrorKind::Input, &self.name, why))
            }
            _ => self.header(),
        }
    }

    fn header(&self) -> Result<LineLayout> {
        let mut rows = Rows::new(self.stream().map_err(|error| self.unreadable(&error))?);
        let first = rows.next().map_err(|error| self.unreadable(&error))?;
        let header = Header::find(ErrorKind::Input, &self.name, first, &self.columns.names(), &[])?;
        let columns = std::array::from_fn(|i| header.position(i).unwrap_or_default());
        let native = columns == [0, 1, 2, 3] && header.width() == TRAFFIC_COLUMNS.len();
        let hours = matches!(self.format, Format::Hours);
        let shape = LineShape::Csv(CsvLayout { columns, hours, header });
        Ok(LineLayout { native, hours, data_start: rows.consumed(), first_line: rows.line(), shape })
    }
}

/// How many bytes a byte order mark takes, and the first byte behind it that is no white space.
fn first_character(mut input: Box<dyn Read + Send + '_>) -> io::Result<(u64, Option<u8>)> {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    let mut start = Vec::new();
    input.by_ref().take(BOM.len() as u64).read_to_end(&mut start)?;
    let skipped = if start == BOM { BOM.len() } else { 0 };
    let mut text = start[skipped..].to_vec();
    loop {
        if let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Ok((skipped as u64, Some(*first)));
        }
        text.clear();
        if input.by_ref().take(1 << 12).read_to_end(&mut text)? == 0 {
            return Ok((skipped as u64, None));
        }
    }
}

/// Reads blocks from the beginning.
struct FromStart<'a> {
    blocks: &'a dyn ReadAt,
    offset: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blocks.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl std::fmt::Debug for TrafficSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrafficSource").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How the records of a source are to be found.
pub(crate) enum Layout<'a> {
    /// Line by line.
    Lines(LineLayout),
    /// By this reader.
    Records(&'a dyn Records),
    /// In the row groups of this file.
    #[cfg(feature = "parquet")]
    Columns(ParquetFile),
}

impl Layout<'_> {
    /// The line on which records start.
    pub fn first_line(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.first_line,
            Self::Records(_) => 1,
            #[cfg(feature = "parquet")]
            Self::Columns(_) => 1,
        }
    }
}

/// What the beginning of a source says about its lines.
#[derive(Debug, Clone)]
pub(crate) struct LineLayout {
    /// The native columns in their order and no other: the fast path may read the lines.
    pub native: bool,
    /// A record is all bytes of an hour.
    pub hours: bool,
    /// Where the records start.
    pub data_start: u64,
    /// The line on which they start.
    pub first_line: u64,
    pub shape: LineShape,
}

/// What stands on a line.
#[derive(Debug, Clone)]
pub(crate) enum LineShape {
    /// A row of CSV, which may go on on the next line.
    Csv(CsvLayout),
    /// An object with these keys.
    Json(TrafficColumns),
    /// An entry of a flow log.
    FlowLog,
}

/// Where the columns stand.
#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    columns: [usize; 4],
    /// A record is all bytes of an hour.
    hours: bool,
    header: Header,
}

/// Where a record stands within a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatapointPath {
    /// Which response of the input, counted from 1.
    pub response: u64,
    /// Which datapoint of the response, counted from 0 as JSON paths do.
    pub datapoint: u64,
    /// The key that is wrong, where it is one.
    pub key: Option<&'static str>,
}

impl std::fmt::Display for DatapointPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "response {}: Datapoints[{}]", self.response, self.datapoint)?;
        self.key.map_or(Ok(()), |key| write!(f, ".{key}"))
    }
}

/// One record as it was read.
#[derive(Debug)]
pub(crate) struct Observation<'a> {
    pub line: u64,
    /// Where it stands, in a document whose lines do not tell.
    pub place: Option<DatapointPath>,
    pub connection_id: &'a [u8],
    /// `None` where the number is unreadable.
    pub bytes: Option<u64>,
    /// Bytes beyond those; only a metered hour has any.
    pub beyond: u128,
    /// Parts of a byte beyond them, in units of 10^-30; only rates leave any.
    pub parts: u128,
    /// What can be billed, or why the record is unreadable.
    pub read: Result<(Timestamp, Sender), String>,
    pub fields: Option<[&'a [u8]; 4]>,
    pub raw: &'a [u8],
}

impl<'a> Observation<'a> {
    /// All whole bytes of it; an unreadable number counts 0.
    pub fn all_bytes(&self) -> u128 {
        u128::from(self.bytes.unwrap_or(0)) + self.beyond
    }

    /// A record of which nothing is known but where it stands.
    pub fn unreadable(line: u64, why: String, raw: &'a [u8]) -> Self {
        Self {
            line,
            place: None,
            connection_id: b"",
            bytes: None,
            beyond: 0,
            parts: 0,
            read: Err(why),
            fields: None,
            raw,
        }
    }
}

impl CsvLayout {
    /// Reads one row; what is wrong with it becomes part of the observation.
    pub fn observe<'a>(&self, row: &Row<'a>) -> Observation<'a> {
        let unreadable = |why| Observation::unreadable(row.line, why, row.raw);
        if let Some(misfit) = self.header.misfit(row) {
            return unreadable(misfit);
        }
        let fields = self.columns.map(|column| row.field(column));
        let [timestamp, connection_id, sender, bytes] = fields;
        let bytes = if self.hours { parse_hour_bytes(bytes) } else { parse_bytes(bytes).map(u128::from) };
        let instant = if self.hours { parse_hour(timestamp) } else { parse_timestamp(timestamp) };
        let read = instant.and_then(|timestamp| {
            if connection_id.is_empty() {
                return Err("connection_id is empty".into());
            }
            let sender = parse_sender(sender)?;
            bytes.as_ref().map_err(Clone::clone)?;
            Ok((timestamp, sender))
        });
        let (bytes, beyond) = bytes.map_or((None, 0), within_record);
        let fields = Some(fields);
        Observation { read, bytes, beyond, fields, connection_id, ..unreadable(String::new()) }
    }
}

pub(crate) fn parse_timestamp(field: &[u8]) -> Result<Timestamp, String> {
    let parsed = std::str::from_utf8(field).map_err(|_| "it is not UTF-8").and_then(Timestamp::parse);
    parsed.map_err(|why| format!("timestamp {}: {why}", quoted(field)))
}

/// The start of a metered hour.
fn parse_hour(field: &[u8]) -> Result<Timestamp, String> {
    let instant = parse_timestamp(field).map_err(|why| why.replacen("timestamp", METERED_COLUMNS[0], 1))?;
    whole_hour(instant)
}

/// A metered hour begins on the hour; anything else was not metered.
pub(crate) fn whole_hour(instant: Timestamp) -> Result<Timestamp, String> {
    let why = || format!("hour {instant} is no whole hour; traffic that was not metered goes to --usage");
    if instant.is_whole_hour() { Ok(instant) } else { Err(why()) }
}

/// Bytes of an hour as those of a record and those beyond.
pub(crate) fn within_record(bytes: u128) -> (Option<u64>, u128) {
    let own = u64::try_from(bytes).unwrap_or(u64::MAX);
    (Some(own), bytes - u128::from(own))
}

pub(crate) fn parse_sender(field: &[u8]) -> Result<Sender, String> {
    match field {
        b"requester" => Ok(Sender::Requester),
        b"accepter" => Ok(Sender::Accepter),
        other => String::from_utf8_lossy(other).parse(),
    }
}

/// Digits only, at most 2^64-1 (R10).
pub(crate) fn parse_bytes(field: &[u8]) -> Result<u64, String> {
    parse_digits(field, u64::MAX.into(), "one record holds at most 2^64-1").map(|bytes| bytes as u64)
}

/// Digits only, at most [`MOST_OF_AN_HOUR`].
fn parse_hour_bytes(field: &[u8]) -> Result<u128, String> {
    parse_digits(field, MOST_OF_AN_HOUR, "one hour of a sender holds at most 2^80-1")
}

fn parse_digits(field: &[u8], most: u128, why_not_more: &str) -> Result<u128, String> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    if !digits {
        let why = match field {
            b"" => "it is empty",
            [b'-', ..] => "bytes cannot be negative",
            _ if field.contains(&b'.') => "bytes are whole numbers",
            _ => "write it as digits only",
        };
        return Err(format!("bytes {}: {why}", quoted(field)));
    }
    field
        .iter()
        .try_fold(0u128, |sum, digit| sum.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
        .filter(|bytes| *bytes <= most)
        .ok_or_else(|| format!("bytes {}: {why_not_more}", quoted(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_one_record_holds_at_most_2_to_the_64_minus_1() {
        assert_eq!(parse_bytes(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_bytes(b"000000000000000000000000000018446744073709551615"), Ok(u64::MAX));
        assert!(parse_bytes(b"18446744073709551616").is_err());
        for text in ["", "-5", "+5", "1.5", "1e3", " 7", "7 ", "1,000", "abc", "\u{663}"] {
            assert!(parse_bytes(text.as_bytes()).is_err(), "{text}");
        }
    }
}
