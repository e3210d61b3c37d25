//! A source of traffic: where its bytes come from, and what its records are.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, time::ClockOffset, usage::Sender},
    read::{
        cloudmonitor::CloudMonitor,
        native::{
            TrafficBatch,
            columns::{RecordKind, TrafficColumns},
        },
    },
};
use std::{
    fmt,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A function that starts reading from the beginning.
type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Rows in columns that a caller holds, until they are shown, by whichever thread that is.
pub type HeldRows = Box<dyn FnOnce(&mut dyn FnMut(&TrafficBatch<'_>) -> Result<()>) -> Result<()> + Send>;
/// All rows of a caller, part by part from the first on.
pub type HeldParts = Box<dyn Iterator<Item = Result<HeldRows>> + Send>;
/// A function that begins with the first of them.
type OpenParts = Box<dyn Fn() -> Result<HeldParts> + Send + Sync>;

/// Where the bytes of a source come from.
pub(crate) enum Content {
    /// Read from the beginning to the end.
    Stream(Open),
    /// Read by several workers at once.
    Blocks(Arc<dyn ReadAt>),
    /// None: rows in columns, in parts that several workers take.
    Parts(OpenParts),
}

/// What the records of a source are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Native traffic: CSV, JSON or Parquet, as its first bytes say.
    Native(RecordKind),
    /// Entries of a VPC flow log.
    FlowLog,
    /// Datapoints of CloudMonitor, which count what this end sent.
    CloudMonitor(Sender, Box<CloudMonitor>),
}

/// One input of traffic, as [`meter`](crate::meter()) reads it: it must give the same bytes each time, because
/// duplicates that are not in the order of time need a second look.
///
/// It is native traffic until a method says otherwise: CSV under a header, one JSON object on each line, or Parquet
/// (feature `parquet`), which its first bytes tell apart. Bytes are read as they are: a caller decompresses them.
///
/// ```
/// use peerbill::{TrafficSource, read::{CloudMonitor, cloudmonitor::Unit}, model::usage::Sender};
///
/// let usage = TrafficSource::from_bytes("usage.csv", "timestamp,connection_id,sender,bytes\n");
/// let settings = CloudMonitor { unit: Unit::BitsPerSecond, ..CloudMonitor::default() };
/// let rates = TrafficSource::from_bytes("rx.json", "[]").as_cloudmonitor(Sender::Requester, &settings);
/// assert_eq!(usage.name(), "usage.csv");
/// # let _ = rates;
/// ```
pub struct TrafficSource {
    name: Arc<str>,
    content: Content,
    format: Format,
    columns: TrafficColumns,
    /// Where the clocks stood that wrote times without a zone.
    naive_offset: Option<ClockOffset>,
    /// Where records are counted as they are read.
    counter: Option<Arc<AtomicU64>>,
}

impl TrafficSource {
    /// From a function that starts reading from the beginning, each time with the same bytes; one worker reads it.
    ///
    /// `name` is its name in messages. What `open` or its reader fails with becomes an error of the whole input.
    pub fn from_stream(
        name: &str,
        open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Content::Stream(Box::new(open)))
    }

    /// From bytes that can be read from any place, by several workers at once. Parquet can be read from nothing else.
    pub fn from_blocks(name: &str, blocks: impl ReadAt + 'static) -> Self {
        Self::new(name, Content::Blocks(Arc::new(blocks)))
    }

    /// From rows in columns: `show_all` hands all batches over to one worker, each time the same rows, and stops with the error
    /// that it is given. A fault names a row by its number, counted from 1, as its line.
    ///
    /// ```
    /// use peerbill::{MeterSettings, TrafficSource, inventory, meter, read::{Amounts, Starts, Texts, TrafficBatch}};
    ///
    /// let rows = TrafficSource::from_batches("frame", |each| {
    ///     each(&TrafficBatch {
    ///         starts: Starts::Ticks { ticks: &[1_791_169_200_000; 2], per_second: 1000, utc: true, nulls: None },
    ///         connections: Texts { texts: &[Some("pcc-1")], codes: Some(&[0, 0]) },
    ///         senders: Texts { texts: &[Some("requester"), Some("accepter")], codes: None },
    ///         bytes: Amounts::Whole(&[200 << 30, 100 << 30]),
    ///     })
    /// });
    /// let inventory = inventory(
    ///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
    ///      pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n",
    ///     None,
    /// )?;
    /// let metered = meter(&[rows], inventory, &MeterSettings::new("2026-10".parse()?))?;
    /// assert_eq!(metered.totals().billed.bytes, 300 << 30);
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    pub fn from_batches(
        name: &str,
        show_all: impl Fn(&mut dyn FnMut(&TrafficBatch<'_>) -> Result<()>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let show_all = Arc::new(show_all);
        Self::from_parts(name, move || {
            let show_all = show_all.clone();
            let all: HeldRows = Box::new(move |each| show_all(each));
            Ok(Box::new(std::iter::once(Ok(all))))
        })
    }

    /// Likewise from rows that are held in parts: each is asked for in its turn and shown by one of several workers, so that
    /// parts of 100,000 rows or more use all of them. `open` begins with the first part, each time with the same rows.
    pub fn from_parts(name: &str, open: impl Fn() -> Result<HeldParts> + Send + Sync + 'static) -> Self {
        Self::new(name, Content::Parts(Box::new(open)))
    }

    /// From bytes in memory.
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::from_blocks(name, bytes.into())
    }

    fn new(name: &str, content: Content) -> Self {
        let format = Format::Native(RecordKind::Measured);
        let columns = TrafficColumns::default();
        Self { name: name.into(), content, format, columns, naive_offset: None, counter: None }
    }

    /// The same source, whose columns or keys have these names.
    #[must_use]
    pub fn with_columns(self, columns: &TrafficColumns) -> Self {
        Self { columns: columns.clone(), ..self }
    }

    /// The same source; its times without a zone, which only Parquet has, were told by clocks at this offset.
    #[must_use]
    pub fn with_naive_offset(self, offset: Option<ClockOffset>) -> Self {
        Self { naive_offset: offset, ..self }
    }

    /// The same source, read as a VPC flow log, as Log Service exports it: one JSON object on each line.
    ///
    /// Entries that are no outbound traffic of a peering connection are passed over, and counted by a finding (R14). An
    /// entry is joined to a connection by its VPC and destination address, so the inventory needs both VPCs' ids and
    /// address blocks; its bytes are split by hours (R6).
    ///
    /// ```
    /// use peerbill::TrafficSource;
    ///
    /// let line = r#"{"log-status":"OK","direction":"out","action":"ACCEPT","traffic_path":"17","bytes":"1500"}"#;
    /// let entries = TrafficSource::from_bytes("flows.ndjson", format!("{line}\n")).as_flow_log();
    /// assert_eq!(entries.name(), "flows.ndjson");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    #[must_use]
    pub fn as_flow_log(self) -> Self {
        Self { format: Format::FlowLog, ..self }
    }

    /// Whether it is read as a flow log.
    pub(crate) fn is_flow_log(&self) -> bool {
        matches!(self.format, Format::FlowLog)
    }

    /// The same source, which holds hours that were metered before, under `hour`, `connection_id`, `sender` and
    /// `bytes`: a record is all bytes that a sender sent in an hour, at most 2^80-1, which is more than a record of
    /// traffic can be.
    #[must_use]
    pub fn as_metered(self) -> Self {
        let format = Format::Native(RecordKind::MeteredHour);
        Self { format, columns: TrafficColumns::of_metered_hours(), ..self }
    }

    /// The same source, read as datapoints of CloudMonitor that count what `sender` sent.
    ///
    /// It may hold one answer, a JSON array of answers, one on each line, or a CSV table. Which end that is, the
    /// metric says: see [`sender_of_metric`](crate::read::cloudmonitor::sender_of_metric) (R3).
    #[must_use]
    pub fn as_cloudmonitor(self, sender: Sender, settings: &CloudMonitor) -> Self {
        Self { format: Format::CloudMonitor(sender, Box::new(settings.clone())), ..self }
    }

    /// Adds to `counter` as records are read, for a bar that shows how fast that is; a source that is read again counts
    /// again.
    #[must_use]
    pub fn counted_by(self, counter: Arc<AtomicU64>) -> Self {
        Self { counter: Some(counter), ..self }
    }

    /// Its name in messages, usually the path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name, to be kept with what was read from it.
    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    pub(crate) fn columns(&self) -> &TrafficColumns {
        &self.columns
    }

    pub(crate) fn naive_offset(&self) -> Option<ClockOffset> {
        self.naive_offset
    }

    /// Counts records that were read.
    pub(crate) fn count(&self, records: u64) {
        if let Some(counter) = &self.counter {
            counter.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// Reads it as a stream, whatever it is.
    pub(crate) fn stream(&self) -> Result<Box<dyn Read + Send>> {
        match &self.content {
            Content::Stream(open) => open().map_err(|error| self.unreadable(&error)),
            Content::Blocks(blocks) => Ok(Box::new(ReadFrom::new(blocks, 0))),
            Content::Parts(_) => {
                Err(self.unusable("has rows in columns, which are native traffic or metered hours"))
            }
        }
    }

    /// What an I/O error means for it.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Error {
        self.unusable(Invalid::of_io(error))
    }

    /// It cannot be used as a whole.
    pub(crate) fn unusable(&self, why: impl Into<Invalid>) -> Error {
        Error::unusable(ErrorKind::Input, &self.name, why)
    }
}

impl fmt::Debug for TrafficSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrafficSource")
            .field("name", &self.name)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Bytes that can be read from any place, by several threads at once: a file, a buffer, an object in a store.
///
/// They must stay the same for as long as a source is read from them.
pub trait ReadAt: Send + Sync {
    /// Reads some bytes from `offset` on, counted in bytes from the start, into the start of `buffer`; returns how many,
    /// which is 0 at the end alone.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read; it becomes an error of the whole input.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How many bytes there are.
    ///
    /// # Errors
    ///
    /// Whatever keeps that from being known; it becomes an error of the whole input.
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

/// Reads on from an offset.
pub(crate) struct ReadFrom {
    blocks: Arc<dyn ReadAt>,
    offset: u64,
}

impl ReadFrom {
    /// From this byte on.
    pub fn new(blocks: &Arc<dyn ReadAt>, offset: u64) -> Self {
        Self { blocks: blocks.clone(), offset }
    }
}

impl Read for ReadFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blocks.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// An input, a line of it, and in JSON the path from the value of that line.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Shared by all rows of a table, of which there may be millions.
    within: Arc<Within>,
    line: u64,
}

#[derive(Debug)]
struct Within {
    input: Arc<str>,
    path: Box<str>,
}

impl Place {
    /// A row of a table.
    pub fn row(input: &Arc<str>, line: u64) -> Self {
        Self::value(input, line, "")
    }

    /// A value of a JSON text, such as `VpcPeerConnects[3]`.
    pub fn value(input: &Arc<str>, line: u64, path: impl Into<Box<str>>) -> Self {
        Self { within: Arc::new(Within { input: input.clone(), path: path.into() }), line }
    }

    /// The same on another line.
    pub fn at_line(&self, line: u64) -> Self {
        Self { line, ..self.clone() }
    }

    /// A part of the value here, such as a resource by its address.
    pub fn within(&self, part: &str) -> Self {
        let Within { input, path } = &*self.within;
        let dot = if path.is_empty() { "" } else { " " };
        Self::value(input, self.line, format!("{path}{dot}{part}"))
    }

    /// What is wrong here.
    pub fn fault(&self, code: FaultCode, why: impl Into<Invalid>) -> Fault {
        let path = Some(&*self.within.path).filter(|path| !path.is_empty()).map(Into::into);
        Fault { path, ..Fault::at(code, &self.within.input, self.line, why) }
    }

    /// What is wrong with a member of the object here; `why` begins with its name, as in `OwnerId: it is missing`.
    pub fn member_fault(&self, code: FaultCode, why: &str) -> Fault {
        let Some((member, why)) = why.split_once(": ") else { return self.fault(code, why) };
        let path = &self.within.path;
        let dot = if path.is_empty() { "" } else { "." };
        Fault { path: Some(format!("{path}{dot}{member}").into()), ..self.fault(code, why) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Within { input, path } = &*self.within;
        write!(f, "{input}:{}", self.line)?;
        if path.is_empty() { Ok(()) } else { write!(f, " {path}") }
    }
}
