//! Reads sources in spans, by several workers at once.

use super::{
    batch::{LineReader, columns::take_batch},
    duplicates::repeated::Step,
    hourly::{HourlyUsage, NO_TICK},
    totals::Fractions,
    worker::{Common, Goal, Noted, Plan, SpanFindings, Summed, Ticks, Worker},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    parallel::run_on,
    read::{
        TrafficSource,
        layout::{Layout, Piece, pieces},
        native::{
            BatchRows,
            columns::{LineLayout, LineShape, RecordKind},
            lines::{Further, LineBlocks, LinesOf, too_long},
        },
        record::Yielded,
        source::{Content, HeldParts, HeldRows},
    },
};
use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    pub const DEFAULT: Self = if cfg!(fuzzing) {
        // Inputs of a fuzzer are small: they meet many edges of spans and blocks only so.
        Self { span: 400, block: 150, fast: true }
    } else {
        Self { span: 16 << 20, block: 512 << 10, fast: true }
    };
}

/// A piece of one of the sources.
struct Span {
    source: usize,
    piece: Piece,
}

/// Why a span was not read.
enum Stop {
    /// A quoted field may go on behind the span: this source must be read as a stream.
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
    for (layout, source) in layouts.iter_mut().zip(sources) {
        // A fuzzer holds streams against blocks, and so the slow way against the fast one.
        let slow = !cut.fast || cfg!(fuzzing) && matches!(source.content(), Content::Stream(_));
        match layout {
            Layout::Lines(lines) if slow => (lines.plain, lines.alike) = (None, false),
            Layout::Datapoints(datapoints) if slow => datapoints.held = 0,
            _ => {}
        }
    }
    let input = Input { sources, layouts: &layouts, cut };
    let mut as_streams = match plan.goal {
        Goal::Collect { noted, .. } => noted.as_streams.clone(),
        _ => HashSet::new(),
    };
    loop {
        match input.scan(plan, &as_streams) {
            Ok(mut scanned) => {
                scanned.noted.as_streams = as_streams;
                return Ok(scanned);
            }
            Err(Stop::Failed(error)) => return Err(error),
            // Moments of the others were noted, and may not be again: the first reading knew of every such source.
            Err(Stop::NeedsStream(_)) if matches!(plan.goal, Goal::Collect { .. }) => {
                return Err(changed(plan.names));
            }
            Err(Stop::NeedsStream(source)) => {
                as_streams.insert(source);
            }
        }
    }
}

/// R14: another reading saw other records than the first one.
pub(super) fn changed(names: &[Arc<str>]) -> Error {
    let why = "the input changed while it was read";
    match names {
        [name] => Error::unusable(ErrorKind::Input, name, why),
        _ => Error::new(
            ErrorKind::Input,
            Fault::new(FaultCode::UnusableInput, format!("one of the inputs of traffic: {why}")),
        ),
    }
}

/// Lets one worker take records that are read from no source.
pub(super) fn scan_one_span(
    plan: &Plan<'_>,
    take: impl FnOnce(&mut Worker<'_>) -> Result<()>,
) -> Result<Scanned> {
    let common = Common::new(plan, 1);
    let mut worker = Worker::new(plan, &common);
    worker.begin(0, false);
    take(&mut worker)?;
    let mut merger = Merger::new(plan, &[]);
    merger.hand_in(0, 0, &mut worker)?;
    let mut scanned = merger.scanned;
    scanned.extend(worker.summed())?;
    scanned.complete(common, 1)?;
    Ok(scanned)
}

/// Sources, and how they are to be read.
struct Input<'a> {
    sources: &'a [TrafficSource],
    layouts: &'a [Layout<'a>],
    cut: Cut,
}

/// What the workers of a reading hand one another.
struct Shared<'a> {
    spans: Vec<Span>,
    next: Mutex<Next>,
    merger: Mutex<Merger<'a>>,
    /// The stop that comes first in the input, whichever worker was faster.
    stopped: Mutex<Option<(usize, Stop)>>,
    common: Common,
}

/// What no worker has begun.
#[derive(Default)]
struct Next {
    /// How many tasks were begun.
    begun: usize,
    /// The first span of which nothing was.
    span: usize,
    /// The span whose rows a caller holds, and the parts of it that are left.
    parts: Option<(usize, HeldParts)>,
}

/// What one worker reads at once: a span, or a part of the rows that one stands for.
struct Task {
    /// Its place in the input.
    index: usize,
    span: usize,
    rows: Option<HeldRows>,
}

impl Shared<'_> {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, index: usize, stop: Stop) {
        // The others finish their tasks and find no more.
        let mut next = self.next();
        (next.span, next.parts) = (self.spans.len(), None);
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.as_ref().is_none_or(|(other, _)| index < *other) {
            *stopped = Some((index, stop));
        }
    }

    /// The task after those that were begun; one that cannot be had stops the reading in its place.
    fn begin(&self, sources: &[TrafficSource]) -> Option<Task> {
        let mut next = self.next();
        match next.begin(&self.spans, sources) {
            Ok(task) => task,
            Err(error) => {
                let index = next.begun;
                drop(next);
                self.stop(index, Stop::Failed(error));
                None
            }
        }
    }
}

impl Next {
    fn begin(&mut self, spans: &[Span], sources: &[TrafficSource]) -> Result<Option<Task>> {
        loop {
            if let Some((span, parts)) = &mut self.parts
                && let Some(rows) = parts.next()
            {
                return Ok(Some(Task { span: *span, rows: Some(rows?), index: self.count() }));
            }
            self.parts = None;
            let (span, Some(own)) = (self.span, spans.get(self.span)) else { return Ok(None) };
            self.span += 1;
            match sources[own.source].content() {
                Content::Parts(open) => self.parts = Some((span, open()?)),
                _ => return Ok(Some(Task { span, rows: None, index: self.count() })),
            }
        }
    }

    fn count(&mut self) -> usize {
        self.begun += 1;
        self.begun - 1
    }
}

impl Input<'_> {
    fn scan(&self, plan: &Plan<'_>, as_streams: &HashSet<usize>) -> Result<Scanned, Stop> {
        let spans = self.spans(plan, as_streams)?;
        let shared = Shared {
            common: Common::new(plan, spans.len()),
            spans,
            next: Mutex::default(),
            merger: Mutex::new(Merger::new(plan, self.layouts)),
            stopped: Mutex::new(None),
        };
        // How many parts there are is seen when they are asked for.
        let in_parts = |span: &Span| matches!(self.sources[span.source].content(), Content::Parts(_));
        let tasks = if shared.spans.iter().any(in_parts) { usize::MAX } else { shared.spans.len() };
        let threads = plan.rules.threads.clamp(1, tasks.max(1));
        let workers = run_on(threads, || self.work(plan, &shared))?;
        if let Some((_, stop)) = shared.stopped.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(stop);
        }
        let mut scanned = shared.merger.into_inner().unwrap_or_else(PoisonError::into_inner).scanned;
        for worker in workers {
            scanned.extend(worker)?;
        }
        scanned.complete(shared.common, threads)?;
        Ok(scanned)
    }

    /// The spans of all sources; those that hold nothing of use are left out.
    fn spans(&self, plan: &Plan<'_>, as_streams: &HashSet<usize>) -> Result<Vec<Span>> {
        let mut spans = Vec::new();
        for (source, (traffic, layout)) in self.sources.iter().zip(self.layouts).enumerate() {
            // Entries of flow logs are looked for by numbers, which were noted before.
            let is_flow_log = match layout {
                Layout::Lines(lines) => matches!(lines.shape, LineShape::FlowLog),
                layout => matches!(layout, Layout::FlowLogs(_)),
            };
            if is_flow_log && matches!(plan.goal, Goal::Collect { .. }) {
                continue;
            }
            let pieces = match as_streams.contains(&source) {
                true => vec![Piece::Whole],
                false => pieces(traffic, layout, self.cut.span)?,
            };
            let is_noted = |piece: &Piece| match plan.goal {
                Goal::Collect { noted, .. } => noted.spans.contains(&(source, piece.clone())),
                _ => false,
            };
            let pieces = pieces.into_iter().filter(|piece| !is_noted(piece));
            spans.extend(pieces.map(|piece| Span { source, piece }));
        }
        Ok(spans)
    }

    /// Reads spans until there are none; returns what it summed.
    fn work(&self, plan: &Plan<'_>, shared: &Shared<'_>) -> Result<Summed> {
        let mut worker = Worker::new(plan, &shared.common);
        let mut reader = SpanReader { lines: LineReader::new(), buffer: Vec::new(), cut: self.cut };
        loop {
            let Some(Task { index, span, rows }) = shared.begin(self.sources) else { break };
            let span = &shared.spans[span];
            worker.begin(span.source, rows.is_none());
            let (source, layout) = (&self.sources[span.source], &self.layouts[span.source]);
            let read = match (rows, layout) {
                (Some(rows), Layout::Batches(kind)) => {
                    take_rows(source, *kind, rows, &mut worker).map_err(Stop::Failed)
                }
                _ => reader.read(source, layout, span, &mut worker),
            };
            if let Err(stop) = read {
                shared.stop(index, stop);
                break;
            }
            source.count(worker.newly_read());
            let mut merger = shared.merger.lock().unwrap_or_else(PoisonError::into_inner);
            if worker.noting.is_some() {
                merger.scanned.noted.lines += worker.found.lines;
                merger.scanned.noted.spans.insert((span.source, span.piece.clone()));
            }
            merger.hand_in(index, span.source, &mut worker)?;
        }
        Ok(worker.summed())
    }
}

/// Lets a worker take rows in columns.
fn take_rows(
    source: &TrafficSource,
    kind: RecordKind,
    rows: HeldRows,
    worker: &mut Worker<'_>,
) -> Result<()> {
    let shift = source.naive_offset().map(|offset| -offset.seconds());
    rows(&mut |batch| {
        if !batch.is_even() {
            return Err(source.unusable("has columns of different lengths"));
        }
        take_batch(&BatchRows { batch, kind, shift }, worker)?;
        source.count(worker.newly_read());
        Ok(())
    })
}

/// Reads spans, one after the other, for a worker to take.
struct SpanReader {
    lines: LineReader,
    /// What blocks of lines are read into.
    buffer: Vec<u8>,
    cut: Cut,
}

impl SpanReader {
    fn read(
        &mut self,
        source: &TrafficSource,
        layout: &Layout<'_>,
        span: &Span,
        worker: &mut Worker<'_>,
    ) -> Result<(), Stop> {
        let unreadable = |error: io::Error| Stop::Failed(source.unreadable(&error));
        match (layout, &span.piece, source.content()) {
            #[cfg(feature = "parquet")]
            (Layout::Columns(file), Piece::Groups(groups), _) => {
                Ok(super::batch::columns::take_groups(file, groups.clone(), worker)?)
            }
            #[cfg(feature = "parquet")]
            (Layout::Columns(_), ..) | (_, Piece::Groups(_), _) => {
                Err(Stop::Failed(Error::internal("only Parquet files have row groups")))
            }
            (Layout::Batches(_), ..) => Err(Stop::Failed(Error::internal("a source lost its rows"))),
            (Layout::Datapoints(datapoints), ..) => {
                let notes = datapoints.read(&mut source.stream()?, worker)?;
                worker.found.notes.add(notes);
                Ok(())
            }
            (Layout::FlowLogs(entries), ..) => {
                let mut take = |yielded: Yielded<'_>| worker.take(yielded);
                Ok(entries.read(&mut source.stream()?, &mut take)?)
            }
            (Layout::Lines(lines), Piece::Lines(range), Content::Blocks(blocks)) => {
                let input = LinesOf::new(&**blocks, range, lines.data_start).map_err(unreadable)?;
                // A small span needs no large block, which would be filled with zeros first.
                let most = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).saturating_mul(2);
                self.read_lines(source, lines, input, self.cut.block.min(most), worker, Some(span.source))
            }
            (Layout::Lines(lines), ..) => {
                let mut input = source.stream()?;
                io::copy(&mut input.by_ref().take(lines.data_start), &mut io::sink()).map_err(unreadable)?;
                self.read_lines(source, lines, input, self.cut.block, worker, None)
            }
        }
    }

    /// Reads blocks of whole lines from `input`. Where a row needs more than its line and `span_of` says that this is a
    /// span of a source, the whole source must be read as a stream.
    fn read_lines(
        &mut self,
        source: &TrafficSource,
        layout: &LineLayout,
        input: impl Read,
        block: usize,
        worker: &mut Worker<'_>,
        span_of: Option<usize>,
    ) -> Result<(), Stop> {
        let mut blocks = LineBlocks::new(input, block, &mut self.buffer);
        self.lines.begin(layout);
        loop {
            let block = blocks.next().map_err(|error| source.unreadable(&error))?;
            // The end of a span is not the end of what a quoted field may take.
            let is_last = block.is_last && span_of.is_none();
            let taken = self.lines.take_lines(worker, block.padded, block.length, layout, is_last)?;
            source.count(worker.newly_read());
            match (span_of, taken < block.length) {
                (Some(source), true) => return Err(Stop::NeedsStream(source)),
                _ => match blocks.took(taken) {
                    Further::Yes => {}
                    Further::End => return Ok(()),
                    Further::TooLong => {
                        let head = blocks.skip_line().map_err(|error| source.unreadable(&error))?;
                        worker.accept(&too_long(worker.found.lines + 1, &head))?;
                        worker.found.lines += 1;
                    }
                },
            }
        }
    }
}

/// What a reading found, in the order of the input.
pub(super) struct Scanned {
    pub usage: HourlyUsage,
    /// Fractions of bytes beside the whole ones.
    pub fractions: Fractions,
    pub found: SpanFindings,
    /// By end: whether its records did not strictly rise in time.
    pub disordered: Vec<bool>,
    /// Every moment is a multiple of so many nanoseconds.
    pub step: Step,
    pub noted: Noted,
}

impl Scanned {
    /// Adds what all workers filled.
    fn complete(&mut self, common: Common, threads: usize) -> Result<()> {
        let (hours, grid) = common.finish(threads)?;
        hours.into_iter().for_each(|hours| self.usage.extend(hours));
        self.noted.grid = grid;
        Ok(())
    }

    pub fn extend(&mut self, worker: Summed) -> Result<()> {
        self.step.join(worker.step);
        self.usage.extend(worker.hourly);
        for (end, disordered) in self.disordered.iter_mut().zip(worker.disordered) {
            *end |= disordered;
        }
        self.fractions.merge(worker.fractions)
    }
}

/// Puts spans together in their order: line numbers, ticks, and the first refused records.
pub(super) struct Merger<'a> {
    plan: &'a Plan<'a>,
    layouts: &'a [Layout<'a>],
    pub scanned: Scanned,
    /// By their places in the input: spans that others before them must be merged first.
    waiting: BTreeMap<usize, (usize, SpanFindings, Ticks)>,
    spare: Vec<Ticks>,
    next: usize,
    /// The source of the span merged last, and the lines of it that were read.
    source: Option<usize>,
    lines: u64,
    /// Records of all spans that were merged.
    records: u64,
    /// By end: the tick of its last record so far.
    last: Vec<u32>,
}

impl<'a> Merger<'a> {
    pub fn new(plan: &'a Plan<'a>, layouts: &'a [Layout<'a>]) -> Self {
        let rules = plan.rules;
        let usage = HourlyUsage::new(rules.period, plan.inventory.connections().len(), rules.threads);
        let ends = usage.keys();
        let scanned = Scanned {
            usage,
            fractions: Fractions::default(),
            found: SpanFindings::new(plan.months.count()),
            disordered: vec![false; ends],
            step: Step::default(),
            noted: Noted::default(),
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
            records: 0,
            last: vec![NO_TICK; ends],
        }
    }

    /// Takes what a worker found in a span and gives it room for those of the next one.
    pub fn hand_in(&mut self, index: usize, source: usize, worker: &mut Worker<'_>) -> Result<()> {
        let ends = self.last.len();
        let ticks = worker.take_ticks(self.spare.pop().unwrap_or_else(|| Ticks::new(ends)));
        self.waiting.insert(index, (source, std::mem::take(&mut worker.found), ticks));
        while let Some((source, span, ticks)) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.merge(source, span, &ticks)?;
            self.spare.push(ticks);
        }
        Ok(())
    }

    fn merge(&mut self, source: usize, mut span: SpanFindings, ticks: &Ticks) -> Result<()> {
        if self.source != Some(source) {
            self.source = Some(source);
            self.lines = self.layouts.get(source).map_or(0, |layout| layout.first_line() - 1);
        }
        let told = span.months.iter_mut().map(|month| &mut month.told).chain([&mut span.all]);
        told.for_each(|told| told.refusals.move_down(self.lines, self.records));
        let held = span.held.iter_mut().map(|held| &mut held.record);
        held.chain(span.kept.iter_mut().map(|kept| &mut kept.record))
            .for_each(|record| record.move_down(self.lines, self.records));
        span.grouped.iter_mut().for_each(|(line, _)| *line += self.lines);
        self.lines += span.lines;
        self.records += span.all.totals.read.records;
        self.scanned.found.merge(span, self.plan.rules.keep)?;
        if matches!(self.plan.goal, Goal::Bill { .. }) {
            self.merge_ticks(ticks);
        }
        Ok(())
    }

    /// An end's time must rise from span to span as well.
    fn merge_ticks(&mut self, ticks: &Ticks) {
        for (end, last) in self.last.iter_mut().enumerate() {
            let (first, last_of_span) = (ticks.first[end], ticks.last[end]);
            if first == NO_TICK {
                continue;
            }
            if *last >= first {
                self.scanned.disordered[end] = true;
            }
            *last = (*last).max(last_of_span);
        }
    }
}
