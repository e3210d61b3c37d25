//! Reads sources in spans, by several workers at once, and puts what they found together in the order of the input.

use super::{
    fractions::Fractions,
    hourly::{HourlyUsage, NO_TICK},
    worker::{Goal, Plan, Progress, SpanTally, Summed, Tally, Ticks},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    parallel::run_on,
    read::{
        TrafficSource,
        native::plain::PADDING,
        rows::LONGEST_ROW,
        source::{Content, Layout, LineLayout, ReadAt, Records},
    },
};
use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Read},
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How sources are cut; the result does not depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Bytes of a span, which one worker reads.
    pub span: u64,
    /// Bytes of a block, which is read at once.
    pub block: usize,
    /// Whether plain lines go the fast way; tests hold both ways against each other.
    pub fast: bool,
}

impl Cut {
    pub const DEFAULT: Self = Self { span: 16 << 20, block: 512 << 10, fast: true };
}

/// What a reading found, in the order of the input.
pub(super) struct Scanned {
    pub usage: HourlyUsage,
    /// Parts of bytes beside the whole ones.
    pub fractions: Fractions,
    pub found: SpanTally,
    /// Keys whose records did not strictly rise in time.
    pub disordered: Vec<bool>,
}

impl Scanned {
    fn extend(&mut self, worker: Summed) -> Result<()> {
        self.usage.extend(worker.hourly);
        for (key, disordered) in self.disordered.iter_mut().zip(worker.disordered) {
            *key |= disordered;
        }
        self.fractions.merge(worker.fractions)
    }
}

/// A piece of a source.
struct Span {
    source: usize,
    piece: Piece,
}

enum Piece {
    /// The lines that start in this range of its bytes.
    Lines(Range<u64>),
    /// These row groups of a Parquet file.
    #[cfg(feature = "parquet")]
    Groups(Range<usize>),
    /// All of it, from the beginning to the end.
    Whole,
}

/// Why a span was not read.
enum Stop {
    /// A quoted field holds a line feed, or a line is long: this source must be read as a stream.
    NeedsStream(usize),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads all records of `sources`.
pub(super) fn scan(sources: &[TrafficSource], plan: &Plan<'_>, cut: Cut) -> Result<Scanned> {
    let mut layouts = sources.iter().map(TrafficSource::layout).collect::<Result<Vec<Layout<'_>>>>()?;
    for layout in &mut layouts {
        if let Layout::Lines(lines) = layout {
            lines.native &= cut.fast;
        }
    }
    let mut as_streams = HashSet::new();
    loop {
        match scan_once(sources, &layouts, plan, cut, &as_streams) {
            Ok(scanned) => return Ok(scanned),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::NeedsStream(source)) => {
                as_streams.insert(source);
            }
        }
    }
}

fn scan_once(
    sources: &[TrafficSource],
    layouts: &[Layout<'_>],
    plan: &Plan<'_>,
    cut: Cut,
    as_streams: &HashSet<usize>,
) -> Result<Scanned, Stop> {
    let mut spans = Vec::new();
    for (source, (own, layout)) in sources.iter().zip(layouts).enumerate() {
        spans.extend(cut_into_spans(own, source, layout, cut, as_streams.contains(&source))?);
    }
    let merger = Mutex::new(Merger::new(plan, layouts));
    let stopped = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let threads = plan.settings.threads.clamp(1, spans.len().max(1));
    let workers = run_on(threads, || {
        let mut tally = Tally::new(plan);
        let mut buffer = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(span) = spans.get(index) else { break };
            tally.begin(span.source);
            let (own, layout) = (&sources[span.source], &layouts[span.source]);
            if let Err(stop) = read_span(own, layout, span, cut, &mut tally, &mut buffer) {
                // The others finish their spans and find no more.
                next.store(spans.len(), Ordering::Relaxed);
                let mut stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
                // The stop that comes first in the input is told, whichever worker was faster.
                if stopped.as_ref().is_none_or(|(other, _)| index < *other) {
                    *stopped = Some((index, stop));
                }
                break;
            }
            own.count(tally.newly_read());
            let mut merger = merger.lock().unwrap_or_else(PoisonError::into_inner);
            merger.hand_in(index, span.source, &mut tally)?;
        }
        Ok(tally.summed())
    })?;
    if let Some((_, stop)) = stopped.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(stop);
    }
    let mut scanned = merger.into_inner().unwrap_or_else(PoisonError::into_inner).scanned;
    for worker in workers {
        scanned.extend(worker)?;
    }
    Ok(scanned)
}

fn cut_into_spans(
    own: &TrafficSource,
    source: usize,
    layout: &Layout<'_>,
    cut: Cut,
    as_stream: bool,
) -> Result<Vec<Span>> {
    #[cfg(feature = "parquet")]
    if let Layout::Columns(file) = layout {
        let pieces = super::batch::columns::pieces(file).into_iter().map(Piece::Groups);
        return Ok(pieces.map(|piece| Span { source, piece }).collect());
    }
    let (Layout::Lines(lines), Content::Blocks(blocks), false) = (layout, own.content(), as_stream) else {
        return Ok(vec![Span { source, piece: Piece::Whole }]);
    };
    let size = blocks.size().map_err(|error| own.unreadable(&error))?;
    let mut spans = Vec::new();
    let mut start = lines.data_start;
    while start < size {
        let end = size.min(start + cut.span);
        spans.push(Span { source, piece: Piece::Lines(start..end) });
        start = end;
    }
    Ok(spans)
}

fn read_span(
    own: &TrafficSource,
    layout: &Layout<'_>,
    span: &Span,
    cut: Cut,
    tally: &mut Tally<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), Stop> {
    let unreadable = |error: io::Error| Stop::Failed(own.unreadable(&error));
    match (layout, &span.piece, own.content()) {
        #[cfg(feature = "parquet")]
        (Layout::Columns(file), Piece::Groups(groups), _) => {
            Ok(super::batch::columns::take_groups(file, groups.clone(), tally)?)
        }
        #[cfg(feature = "parquet")]
        (Layout::Columns(_), ..) | (_, Piece::Groups(_), _) => {
            Err(Stop::Failed(Error::internal("only Parquet files have row groups")))
        }
        (Layout::Records(records), ..) => Ok(read_records(own, *records, tally)?),
        (Layout::Lines(lines), Piece::Lines(range), Content::Blocks(blocks)) => {
            let input = LinesOf::new(&**blocks, range, lines.data_start).map_err(unreadable)?;
            // A small span needs no large block, which would be filled with zeros first.
            let most = usize::try_from(range.end - range.start).map_or(cut.block, |span| 2 * span);
            let cut = Cut { block: cut.block.min(most), ..cut };
            read_lines(own, lines, input, cut, tally, buffer, Some(span.source))
        }
        (Layout::Lines(lines), ..) => {
            let mut input = own.stream().map_err(unreadable)?;
            io::copy(&mut input.by_ref().take(lines.data_start), &mut io::sink()).map_err(unreadable)?;
            read_lines(own, lines, input, cut, tally, buffer, None)
        }
    }
}

fn read_records(own: &TrafficSource, records: &dyn Records, tally: &mut Tally<'_>) -> Result<()> {
    let mut input = own.stream().map_err(|error| own.unreadable(&error))?;
    let notes = records.read(own, &mut input, &mut |observation| tally.take(observation))?;
    tally.span.notes.add(notes);
    Ok(())
}

/// Reads blocks of whole lines from `input` and lets `tally` take them. Where a row needs more than its line and
/// `span_of` says that this is a span of a source, the whole source must be read as a stream.
fn read_lines(
    own: &TrafficSource,
    layout: &LineLayout,
    mut input: impl Read,
    cut: Cut,
    tally: &mut Tally<'_>,
    buffer: &mut Vec<u8>,
    span_of: Option<usize>,
) -> Result<(), Stop> {
    let mut room = cut.block.max(2);
    let mut filled = 0;
    loop {
        buffer.resize(room + PADDING, 0);
        let (read, at_end) = fill(&mut input, &mut buffer[filled..room])
            .map_err(|error| Stop::Failed(own.unreadable(&error)))?;
        filled += read;
        if at_end && filled > 0 && buffer[filled - 1] != b'\n' {
            // The last line has no line feed of its own.
            buffer[filled] = b'\n';
            filled += 1;
        }
        // The end of a span is not the end of what a quoted field may take.
        let is_last = at_end && span_of.is_none();
        let length = memchr::memrchr(b'\n', &buffer[..filled]).map_or(0, |newline| newline + 1);
        let taken = match tally.take_lines(&buffer[..length + PADDING], length, layout, is_last)? {
            Progress::All => length,
            Progress::OpenQuote(at) => at,
        };
        own.count(tally.newly_read());
        if let Some(source) = span_of.filter(|_| taken < length) {
            return Err(Stop::NeedsStream(source));
        }
        buffer.copy_within(taken..filled, 0);
        filled -= taken;
        if at_end {
            return Ok(());
        }
        if taken == 0 {
            match span_of {
                Some(source) if filled > LONGEST_ROW => return Err(Stop::NeedsStream(source)),
                None if length == 0 && filled > LONGEST_ROW => {
                    let line = layout.first_line + tally.span.lines;
                    let why = "the line is longer than 1 MiB";
                    let fault = Fault::at(FaultCode::UnusableInput, &own.name, line, why);
                    return Err(Stop::Failed(Error::new(ErrorKind::Input, fault)));
                }
                _ => room *= 2,
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
struct LinesOf<'a> {
    blocks: &'a dyn ReadAt,
    offset: u64,
    end: u64,
}

impl<'a> LinesOf<'a> {
    fn new(blocks: &'a dyn ReadAt, range: &Range<u64>, data_start: u64) -> io::Result<Self> {
        // A line that starts before the range belongs to the span before.
        let line_start = |from: u64| -> io::Result<u64> {
            if from <= data_start { Ok(data_start) } else { after_line_feed(blocks, from - 1) }
        };
        Ok(Self { blocks, offset: line_start(range.start)?, end: line_start(range.end)? })
    }
}

/// The byte after the first line feed from `offset` on, or the end.
fn after_line_feed(blocks: &dyn ReadAt, mut offset: u64) -> io::Result<u64> {
    let mut buffer = [0; 256];
    loop {
        match blocks.read_at(&mut buffer, offset)? {
            0 => return Ok(offset),
            count => {
                if let Some(newline) = memchr::memchr(b'\n', &buffer[..count]) {
                    return Ok(offset + newline as u64 + 1);
                }
                offset += count as u64;
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

/// What a worker found that took records one by one.
pub(super) fn of_one_span(plan: &Plan<'_>, mut tally: Tally<'_>) -> Result<Scanned> {
    let mut merger = Merger::new(plan, &[]);
    merger.hand_in(0, 0, &mut tally)?;
    let mut scanned = merger.scanned;
    scanned.extend(tally.summed())?;
    Ok(scanned)
}

/// Puts spans together in their order: line numbers, ticks, and the first refused records.
struct Merger<'a> {
    plan: &'a Plan<'a>,
    layouts: &'a [Layout<'a>],
    scanned: Scanned,
    waiting: BTreeMap<usize, (usize, SpanTally, Ticks)>,
    spare: Vec<Ticks>,
    next: usize,
    /// The source of the span merged last, and the lines of it that were read.
    source: Option<usize>,
    lines: u64,
    last: Vec<u32>,
}

impl<'a> Merger<'a> {
    fn new(plan: &'a Plan<'a>, layouts: &'a [Layout<'a>]) -> Self {
        let settings = plan.settings;
        let usage = HourlyUsage::new(settings.period, plan.inventory.connections().len(), settings.threads);
        let keys = usage.keys();
        let scanned = Scanned {
            usage,
            fractions: Fractions::default(),
            found: SpanTally::default(),
            disordered: vec![false; keys],
        };
        Self {
            plan,
            layouts,
            scanned,
            waiting: BTreeMap::new(),
            spare: Vec::new(),
            next: 0,
            source: None,
            lines: 0,
            last: vec![NO_TICK; keys],
        }
    }

    /// Takes what a worker found in a span and gives it room for those of the next one.
    fn hand_in(&mut self, index: usize, source: usize, tally: &mut Tally<'_>) -> Result<()> {
        let keys = self.last.len();
        let ticks = tally.take_ticks(self.spare.pop().unwrap_or_else(|| Ticks::new(keys)));
        self.waiting.insert(index, (source, std::mem::take(&mut tally.span), ticks));
        while let Some((source, span, ticks)) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.merge(source, span, &ticks)?;
            self.spare.push(ticks);
        }
        Ok(())
    }

    fn merge(&mut self, source: usize, mut span: SpanTally, ticks: &Ticks) -> Result<()> {
        if self.source != Some(source) {
            self.source = Some(source);
            self.lines = self.layouts.get(source).map_or(0, |layout| layout.first_line() - 1);
        }
        let copies = span.copies.iter_mut().map(|copy| &mut copy.record);
        for record in span.refused.iter_mut().chain(copies) {
            record.fault.line = record.fault.line.map(|line| line + self.lines);
        }
        self.lines += span.lines;
        self.scanned.found.merge(span, self.plan.settings.keep_all)?;
        if matches!(self.plan.goal, Goal::Bill(_)) {
            self.merge_ticks(ticks);
        }
        Ok(())
    }

    /// A key's time must rise from span to span as well.
    fn merge_ticks(&mut self, ticks: &Ticks) {
        for (key, last) in self.last.iter_mut().enumerate() {
            let (first, own_last) = (ticks.first[key], ticks.last[key]);
            if first == NO_TICK {
                continue;
            }
            if *last >= first {
                self.scanned.disordered[key] = true;
            }
            *last = (*last).max(own_last);
        }
    }
}
