//! How the records of a source are to be found: as its first bytes say.

use super::{
    answer::{same_name, text_instead},
    cloudmonitor::Datapoints,
    flowlog::FlowLogs,
    header::{Header, MappedColumns},
    native::columns::{CsvLayout, LineLayout, LineShape, RecordKind, TRAFFIC_COLUMNS},
    rows::Rows,
    source::{Content, Format, TrafficSource},
};
use crate::{
    error::{ErrorKind, Result},
    model::invalid::{Invalid, Remedy},
    read::Document,
};
use std::{
    io::{self, Read},
    ops::Range,
};

#[cfg(feature = "parquet")]
use super::parquet::ParquetFile;

/// How columns of native traffic are called otherwise.
const USAGE_COLUMNS: MappedColumns = MappedColumns { part: "columns.usage", keys: &TRAFFIC_COLUMNS };

/// The key of the control totals in the metadata of a Parquet file of metered hours.
#[cfg(feature = "parquet")]
pub(crate) const ARCHIVED_TOTALS: &str = "peerbill.control_totals";

/// How many bytes show what a text is.
const BEGINNING: u64 = 4096;
/// The first bytes of a Parquet file.
const PARQUET: &[u8; 4] = b"PAR1";

/// How the records of a source are to be found.
pub(crate) enum Layout<'a> {
    /// Line by line.
    Lines(LineLayout),
    /// In answers or tables of CloudMonitor.
    Datapoints(Datapoints<'a>),
    /// In answers or tables of Log Service.
    FlowLogs(FlowLogs<'a>),
    /// In columns that a caller holds.
    Batches(RecordKind),
    /// In the row groups of this file.
    #[cfg(feature = "parquet")]
    Columns(ParquetFile),
}

impl Layout<'_> {
    /// The line on which records start, counted from 1.
    pub fn first_line(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.first_line,
            Self::Datapoints(_) | Self::FlowLogs(_) | Self::Batches(_) => 1,
            #[cfg(feature = "parquet")]
            Self::Columns(_) => 1,
        }
    }
}

impl TrafficSource {
    /// How its records are to be found.
    pub(crate) fn layout(&self) -> Result<Layout<'_>> {
        match self.format() {
            Format::Native(kind) if matches!(self.content(), Content::Parts(_)) => Ok(Layout::Batches(*kind)),
            Format::Native(kind) if self.is_parquet()? => self.parquet(*kind),
            Format::Native(RecordKind::Measured) => self.lines().map(Layout::Lines),
            Format::Native(RecordKind::MeteredHour) => self.table(RecordKind::MeteredHour).map(Layout::Lines),
            Format::FlowLog => self.flow_log(),
            Format::CloudMonitor(sender, settings) => {
                Ok(Layout::Datapoints(Datapoints::new(self.shared_name(), *sender, settings)))
            }
        }
    }

    /// How it is written, in words: `CSV`, `JSON lines`, `metered hours, Parquet`.
    ///
    /// # Errors
    ///
    /// Where its beginning cannot be read, or is none that a source of its kind may have.
    pub fn format_name(&self) -> Result<&'static str> {
        let is_metered = self.is_metered();
        Ok(match self.layout()? {
            Layout::Lines(lines) => match lines.shape {
                LineShape::Csv(_) if is_metered => "metered hours, CSV",
                LineShape::Csv(_) => "CSV",
                LineShape::Json(..) => "JSON lines",
                LineShape::FlowLog => "VPC flow log",
            },
            Layout::Datapoints(_) => "CloudMonitor datapoints",
            Layout::FlowLogs(_) => "VPC flow log",
            Layout::Batches(_) => "columns",
            #[cfg(feature = "parquet")]
            Layout::Columns(_) if is_metered => "metered hours, Parquet",
            #[cfg(feature = "parquet")]
            Layout::Columns(_) => "Parquet",
        })
    }

    /// Whether it is hours that were metered before.
    pub fn is_metered(&self) -> bool {
        *self.format() == Format::Native(RecordKind::MeteredHour)
    }

    /// The control totals within an archive of metered hours, to be read by
    /// [`ArchivedTotals`](crate::meter::ArchivedTotals); those of a CSV stand beside it.
    ///
    /// # Errors
    ///
    /// Where its beginning cannot be read, or is none that a source of its kind may have.
    pub fn archived_totals(&self) -> Result<Option<Document>> {
        match self.layout()? {
            #[cfg(feature = "parquet")]
            Layout::Columns(file) => {
                let text = file.noted(ARCHIVED_TOTALS);
                Ok(text.map(|text| Document { name: self.shared_name().clone(), text: text.into() }))
            }
            _ => Ok(None),
        }
    }

    fn is_parquet(&self) -> Result<bool> {
        let mut magic = Vec::new();
        self.stream()?.take(4).read_to_end(&mut magic).map_err(|error| self.unreadable(&error))?;
        Ok(magic == PARQUET)
    }

    #[cfg(feature = "parquet")]
    fn parquet(&self, kind: RecordKind) -> Result<Layout<'_>> {
        let Content::Blocks(blocks) = self.content() else {
            let why = "is a Parquet file within gzip or zstd; decompress it, it has its own compression";
            return Err(self.unusable(why));
        };
        let shift = self.naive_offset().map(|offset| -offset.seconds());
        let file = ParquetFile::open(self.shared_name(), blocks.clone(), self.columns().names(), shift, kind);
        file.map(Layout::Columns)
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(&self, _: RecordKind) -> Result<Layout<'_>> {
        let why = "is a Parquet file, which this build cannot read: it was made without the feature parquet";
        Err(self.unusable(why))
    }

    fn flow_log(&self) -> Result<Layout<'_>> {
        let beginning = self.beginning()?;
        let (data_start, first) = self.first_character()?;
        if first == Some(b'{') && is_entry(&beginning) {
            return Ok(Layout::Lines(LineLayout::without_header(LineShape::FlowLog, data_start)));
        }
        Ok(Layout::FlowLogs(FlowLogs { source: self.shared_name() }))
    }

    /// The first bytes; fails where they show that the source holds no data at all.
    fn beginning(&self) -> Result<Vec<u8>> {
        let mut beginning = Vec::new();
        let read = self.stream()?.take(BEGINNING).read_to_end(&mut beginning);
        read.map_err(|error| self.unreadable(&error))?;
        let is_all = (beginning.len() as u64) < BEGINNING;
        match text_instead(&beginning) {
            Some(why) if is_all || !beginning.trim_ascii().is_empty() => Err(self.unusable(why)),
            _ => Ok(beginning),
        }
    }

    /// JSON where the first character is a brace, otherwise CSV under a header.
    fn lines(&self) -> Result<LineLayout> {
        let (data_start, first) = self.first_character()?;
        if let Some(b'{' | b'[') = first
            && let Some((what, remedy)) = self.other_json()?
        {
            return Err(self.unusable(Invalid::new(format!("holds {what}")).with(remedy)));
        }
        match first {
            Some(b'{') => {
                let shape = LineShape::Json(self.columns().clone(), self.naive_offset().is_some());
                Ok(LineLayout::without_header(shape, data_start))
            }
            Some(b'[') => {
                Err(self.unusable("is one JSON array; traffic as JSON has one object on each line"))
            }
            _ => self.table(RecordKind::Measured),
        }
    }

    /// What JSON that is no native traffic seems to be, and where it belongs.
    fn other_json(&self) -> Result<Option<(&'static str, Remedy)>> {
        const MEMBERS: [(&[&str], &str, Remedy); 5] = [
            (
                &["VpcPeerConnects", "vpcPeerConnects"],
                "the provider's connections",
                Remedy::GiveAsConnections,
            ),
            (&["terraform_version"], "a Terraform state or plan", Remedy::GiveAsConnections),
            (&["Datapoints", "datapoints"], "datapoints of CloudMonitor", Remedy::GiveAsDatapoints),
            (&["eventName"], "events of a trail", Remedy::GiveAsLinkChanges),
            (&["srcaddr"], "entries of a flow log", Remedy::GiveAsFlowLog),
        ];
        let mut start = Vec::new();
        let read = self.stream()?.take(1 << 16).read_to_end(&mut start);
        read.map_err(|error| self.unreadable(&error))?;
        let has = |name: &str| memchr::memmem::find(&start, format!("\"{name}\"").as_bytes()).is_some();
        let known = MEMBERS.into_iter().find(|(names, ..)| names.iter().any(|name| has(name)));
        Ok(known.filter(|_| !has(&self.columns().sender)).map(|(_, what, remedy)| (what, remedy)))
    }

    /// CSV under a header.
    fn table(&self, kind: RecordKind) -> Result<LineLayout> {
        let is_blank = self.first_character()?.1.is_none();
        if !is_blank {
            self.beginning()?;
        }
        let mut rows = Rows::new(self.stream()?);
        let (name, wanted) = (self.shared_name(), self.columns().names());
        // Metered hours were written by this program: their columns have no other names.
        let mapped = (kind == RecordKind::Measured).then_some(USAGE_COLUMNS);
        let header = Header::read(ErrorKind::Input, name, &mut rows, &wanted, mapped)?;
        let csv = CsvLayout::new(header, kind, self.naive_offset().is_some());
        let plain = csv.plain();
        let (data_start, first_line) = (rows.consumed(), rows.line());
        Ok(LineLayout { shape: LineShape::Csv(csv), data_start, first_line, plain, alike: true })
    }

    fn first_character(&self) -> Result<(u64, Option<u8>)> {
        first_character(self.stream()?).map_err(|error| self.unreadable(&error))
    }
}

/// Whether the object that begins a text of flow logs is an entry, and stands on a line: it is neither an answer, nor one
/// that is written over several lines.
fn is_entry(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    let Some((_, object)) = text.split_once('{') else { return false };
    let key = object.trim_start_matches([' ', '\t']).strip_prefix('"').and_then(|key| key.split('"').next());
    const AROUND: [&str; 9] =
        ["meta", "data", "headers", "StatusCode", "body", "Code", "Message", "RequestId", "errorCode"];
    key.is_some_and(|key| !AROUND.iter().any(|name| same_name(key, name)))
}

/// How many bytes a byte order mark takes, and the first byte behind it that is no white space.
fn first_character(mut input: Box<dyn Read + Send>) -> io::Result<(u64, Option<u8>)> {
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

/// A piece of a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// The lines that start in this range of its bytes.
    Lines(Range<u64>),
    /// These row groups of a Parquet file.
    #[cfg(feature = "parquet")]
    Groups(Range<usize>),
    /// All of it, from the beginning to the end.
    Whole,
}

/// The pieces of a source, in their order; `span` is how many bytes of lines one has.
pub(crate) fn pieces(source: &TrafficSource, layout: &Layout<'_>, span: u64) -> Result<Vec<Piece>> {
    match (layout, source.content()) {
        #[cfg(feature = "parquet")]
        (Layout::Columns(file), _) => Ok(file.pieces().into_iter().map(Piece::Groups).collect()),
        (Layout::Lines(lines), Content::Blocks(blocks)) => {
            let size = blocks.size().map_err(|error| source.unreadable(&error))?;
            let mut pieces = Vec::new();
            let mut start = lines.data_start;
            while start < size {
                let end = size.min(start + span);
                pieces.push(Piece::Lines(start..end));
                start = end;
            }
            Ok(pieces)
        }
        _ => Ok(vec![Piece::Whole]),
    }
}
