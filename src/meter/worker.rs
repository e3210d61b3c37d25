//! One worker: what it sums, and in what order records came to it.

use super::{
    duplicates::{
        HeldDuplicate,
        repeated::{FOLDED_FROM, Identities, MomentGrid, Repeated, Step, Thinned, fold},
    },
    hourly::{ClosedHours, HourTable, NO_TICK, Order, Shelf},
    metered::Rules,
    months::{MonthFound, Months, Told},
    refused::{Keep, Places, RefusedRecord},
    routes::{Lookup, Routes},
    totals::{Count, Fractions, Sums},
};
use crate::{
    error::{Error, Result},
    model::{
        inventory::Inventory,
        time::{Hour, Timestamp},
        usage::{EndIndex, Sender},
    },
    read::{
        layout::Piece,
        record::{Notes, Place, Quantity},
    },
};
use foldhash::quality::RandomState;
use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

/// The ticks of the first and the last record of every end within a span.
pub(super) struct Ticks {
    pub first: Vec<u32>,
    pub last: Vec<u32>,
}

impl Ticks {
    pub fn new(ends: usize) -> Self {
        Self { first: vec![NO_TICK; ends], last: vec![NO_TICK; ends] }
    }
}

/// What a worker summed over all its spans.
pub(super) struct Summed {
    pub hourly: ClosedHours,
    pub fractions: Fractions,
    /// By end: whether its records did not strictly rise in time within a span.
    pub disordered: Vec<bool>,
    pub step: Step,
}

/// Where an instant lies in the period.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub timestamp: Timestamp,
    /// Counted from the period's start; `None` outside it.
    pub hour: Option<u32>,
    /// Nanoseconds from the period's start; 0 outside it.
    pub clock: i64,
    /// Ticks from the period's start, counted from 1. Records of one tick count as not in order, so that the exact second
    /// look tells them apart.
    pub tick: u32,
    /// The month that it lies in; 0 outside the period.
    pub month: usize,
}

impl Moment {
    /// Before everything.
    pub const OUTSIDE: Self =
        Self { timestamp: Timestamp::from_seconds(i64::MIN), hour: None, clock: 0, tick: NO_TICK, month: 0 };

    #[inline]
    pub fn is_of_hour(&self, other: &Self) -> bool {
        match (self.hour, other.hour) {
            (Some(hour), Some(other)) => hour == other,
            _ => self.timestamp.hour() == other.timestamp.hour(),
        }
    }

    #[inline]
    pub fn instant(self) -> Instant {
        Instant { clock: self.clock, tick: self.tick }
    }
}

/// When within the period a record is.
#[derive(Clone, Copy, Default)]
pub(super) struct Instant {
    pub clock: i64,
    pub tick: u32,
}

/// What all workers fill that read at the same time.
pub(super) struct Common {
    table: Option<Arc<HourTable>>,
    /// Where hours are kept.
    shelf: Arc<Shelf>,
    /// Where moments are noted as they are billed, made by the first worker that does; `None` in it where it were too large.
    grid: Arc<OnceLock<Option<Arc<MomentGrid>>>>,
    /// How many spans are read.
    spans: u64,
}

impl Common {
    /// Whatever helps to reach the goal, where it is not too large.
    pub fn new(plan: &Plan<'_>, spans: usize) -> Self {
        let table = match plan.goal {
            Goal::Bill { .. } => HourTable::of(plan.rules.period.hours(), plan.ends()),
            Goal::Collect { .. } | Goal::Keep { .. } | Goal::Group => None,
        };
        Self { table: table.map(Arc::new), shelf: Arc::default(), grid: Arc::default(), spans: spans as u64 }
    }

    /// The hours of the table, and the grid, once no worker is left.
    pub fn finish(self, threads: usize) -> Result<(Vec<ClosedHours>, Option<MomentGrid>)> {
        fn the_only<T>(shared: Arc<T>) -> Result<T> {
            Arc::into_inner(shared).ok_or_else(|| Error::internal("a worker is left"))
        }
        let grid = the_only(self.grid)?.into_inner().flatten();
        let table = self.table.map(the_only).transpose()?;
        let hours = table.map(|table| table.close(threads, &self.shelf)).transpose()?;
        Ok((hours.unwrap_or_default(), grid.map(the_only).transpose()?))
    }
}

/// What a reading noted of the moments of what it billed: all of some spans, so that another need not read those.
#[derive(Default)]
pub(super) struct Noted {
    pub grid: Option<MomentGrid>,
    /// By their sources.
    pub spans: HashSet<(usize, Piece)>,
    /// How many lines they have.
    pub lines: u64,
    /// Sources that cannot be read in spans.
    pub as_streams: HashSet<usize>,
}

/// One worker.
pub(super) struct Worker<'a> {
    pub plan: &'a Plan<'a>,
    pub sums: Sums,
    /// Where the moments of the span are noted as they are billed, as far as they lie on it.
    pub noting: Option<Arc<MomentGrid>>,
    /// That of all workers.
    grid: Arc<OnceLock<Option<Arc<MomentGrid>>>>,
    /// How many spans there are, how many it began, and the records it read.
    spans: u64,
    begun: u64,
    records: u64,
    /// What it found in the span that it is in.
    pub found: SpanFindings,
    /// The source of that span.
    pub source: usize,
    /// The tick of the first record of every end within the span.
    firsts: Vec<u32>,
    /// By end: whether its records did not strictly rise in time.
    disordered: Vec<bool>,
    /// Records of the span that [`Worker::newly_read`] counted.
    counted: u64,
    /// Of the last record, which is most often that of the next.
    moment: Moment,
    /// When the hour of that moment begins, in seconds: most often no other needs to be told from it.
    hour_start: i64,
    step: Step,
}

impl<'a> Worker<'a> {
    /// One that has read nothing.
    pub fn new(plan: &'a Plan<'a>, common: &Common) -> Self {
        let ends = plan.ends();
        Self {
            plan,
            sums: Sums::new(plan.lookup, common.table.clone(), common.shelf.clone()),
            noting: None,
            grid: common.grid.clone(),
            spans: common.spans,
            begun: 0,
            records: 0,
            found: SpanFindings::new(plan.months.count()),
            source: 0,
            firsts: vec![NO_TICK; ends],
            disordered: vec![false; ends],
            counted: 0,
            moment: Moment::OUTSIDE,
            hour_start: i64::MIN,
            step: Step::default(),
        }
    }

    /// Begins a span of a source, or what is none.
    pub fn begin(&mut self, source: usize, is_span: bool) {
        self.source = source;
        self.found = SpanFindings::new(self.plan.months.count());
        self.counted = 0;
        self.noting = if is_span { self.noted_in() } else { None };
        self.begun += 1;
    }

    /// Where the moments of the next span are noted: where records come in no order, which another reading would have to look
    /// at.
    fn noted_in(&self) -> Option<Arc<MomentGrid>> {
        let is_first = matches!(self.plan.goal, Goal::Bill { is_first: true, .. });
        if !is_first || !self.sums.hourly.is_spread() || !self.disordered.contains(&true) {
            return None;
        }
        let records = (self.records / self.begun.max(1)).saturating_mul(self.spans);
        let hours = self.plan.rules.period.hours();
        let grid = || MomentGrid::of(self.plan.ends(), hours, self.step, records).map(Arc::new);
        self.grid.get_or_init(grid).clone()
    }

    /// Where moments are noted.
    #[inline]
    pub fn grid(&self) -> Option<&MomentGrid> {
        match self.plan.goal {
            Goal::Collect { noted, .. } => noted.grid.as_ref(),
            _ => self.noting.as_deref(),
        }
    }

    /// Ends a span: the ticks of its records, which are exchanged for others of no use.
    pub fn take_ticks(&mut self, mut ticks: Ticks) -> Ticks {
        std::mem::swap(&mut ticks.first, &mut self.firsts);
        self.firsts.fill(NO_TICK);
        let counters = self.sums.hourly.counters();
        for (last, counter) in ticks.last.chunks_exact_mut(Sender::ALL.len()).zip(counters) {
            last.copy_from_slice(&counter.take_ticks());
        }
        ticks
    }

    /// What it summed over all its spans.
    pub fn summed(self) -> Summed {
        let Sums { hourly, fractions } = self.sums;
        Summed { hourly: hourly.finish(), fractions, disordered: self.disordered, step: self.step }
    }

    /// How many records of the span were read since this was asked last.
    pub fn newly_read(&mut self) -> u64 {
        let read = self.found.all.totals.read.records;
        let newly = read - std::mem::replace(&mut self.counted, read);
        self.records += newly;
        newly
    }

    #[inline]
    pub fn moment_of(&mut self, timestamp: Timestamp) -> Moment {
        if timestamp == self.moment.timestamp {
            return self.moment;
        }
        let moment = self.moment_after(timestamp);
        // OK because no clock is before its period.
        let clock = moment.clock as u64;
        if self.step.count_in(clock).is_none() {
            self.step.take(clock);
        }
        // What was just written is not read back, which would wait for it.
        self.moment = moment;
        moment
    }

    /// The moment of an instant, which is most often in the hour of the last one.
    #[inline(always)]
    fn moment_after(&mut self, timestamp: Timestamp) -> Moment {
        const SECONDS_OF_HOUR: i64 = 3600;
        let (period, months) = (self.plan.rules.period, self.plan.months);
        // OK because what wraps is as far from this hour as can be.
        let (hour, month) = match timestamp.seconds().wrapping_sub(self.hour_start) {
            0..SECONDS_OF_HOUR => (self.moment.hour, self.moment.month),
            _ => self.hour_and_month_of(timestamp.hour()),
        };
        let clock = if hour.is_some() { timestamp.nanoseconds_after(period.start) } else { 0 };
        let tick = u32::try_from((clock >> months.tick_bits) + 1).unwrap_or(u32::MAX);
        Moment { timestamp, hour, clock, tick, month }
    }

    /// Of another hour than that of the last moment.
    #[cold]
    fn hour_and_month_of(&mut self, hour: Hour) -> (Option<u32>, usize) {
        self.hour_start = hour.start().seconds();
        let period = self.plan.rules.period;
        if !period.contains(hour) {
            return (None, 0);
        }
        // OK because no period has 2^32 hours.
        let hour = (hour.index() - period.start.index()) as u32;
        (Some(hour), self.plan.months.of(hour))
    }

    /// Notes the time of a record, which should be later than that of the record of its end before.
    pub fn note_time(&mut self, end: EndIndex, tick: u32) {
        let order = self.sums.hourly.counter(end).order(end.sender(), tick);
        self.note_order(end, tick, order);
    }

    /// Notes an end whose records do not strictly rise in time.
    #[inline]
    pub fn note_order(&mut self, end: EndIndex, tick: u32, order: Order) {
        match order {
            Order::Later => {}
            Order::First => self.firsts[end.index()] = tick,
            Order::NotLater => self.disordered[end.index()] = true,
        }
    }
}

/// What one reading of the records is for.
#[derive(Clone, Copy)]
pub(super) enum Goal<'a> {
    /// To bill them.
    Bill {
        /// Records of which there are several are held.
        repeated: &'a Repeated,
        /// Whether numbers of entries are noted, and moments where that helps, to find such.
        is_first: bool,
    },
    /// To collect which records there are, of these ends alone.
    Collect {
        /// By end.
        wanted: &'a [bool],
        /// What the first reading noted of others.
        noted: &'a Noted,
    },
    /// To keep what one end sent in one hour, whether it is billed or refused.
    Keep {
        /// The end.
        end: EndIndex,
        /// The hour, counted from the period's start.
        hour: u32,
    },
    /// To tell by a number of each which of them are to be metered together.
    Group,
}

/// A record of the one end and hour that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct KeptRecord {
    /// What tells it from others: its place and its values. Its fault says nothing.
    pub record: RefusedRecord,
    /// Where it stands, where a line does not tell.
    pub place: Option<Place>,
    /// When it begins.
    pub start: Timestamp,
    /// What of it lies in the hour.
    pub quantity: Quantity,
    /// All of it.
    pub whole: Quantity,
}

/// What all workers of one reading share.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    /// The names of the sources.
    pub names: &'a [Arc<str>],
    pub inventory: &'a Inventory,
    pub lookup: &'a Lookup<'a>,
    pub routes: &'a Routes<'a>,
    pub rules: &'a Rules,
    /// Of the numbers of entries: another one each time, so that nobody can make many that share a number.
    pub seed: &'a RandomState,
    /// The months of its period.
    pub months: &'a Months,
    pub goal: Goal<'a>,
}

impl Plan<'_> {
    /// How many ends there are.
    pub fn ends(&self) -> usize {
        self.inventory.connections().len() * Sender::ALL.len()
    }
}

/// What was found in a span of a source, or in several; lines count from the start of the first.
#[derive(Default)]
pub(super) struct SpanFindings {
    /// Lines that were read, or rows.
    pub lines: u64,
    /// What all months share. Every record is read here, also those that are held; those outside all months and those
    /// that cannot be read went where this says.
    pub all: Told,
    /// What is each month's own.
    pub months: Vec<MonthFound>,
    pub notes: Notes,
    /// Duplicates, set aside until all are known.
    pub held: Vec<HeldDuplicate>,
    /// What they take, in bytes of memory, about.
    held_bytes: u64,
    /// From how many of them on they are folded.
    fold_from: usize,
    /// Where this is asked for: which records there are.
    pub collected: Identities,
    /// Likewise, the numbers of entries of flow logs.
    pub entries: Vec<u64>,
    /// Where this is asked for: the records of one end and hour.
    pub kept: Vec<KeptRecord>,
    /// Where this is asked for: lines, and the numbers of their records.
    pub grouped: Vec<(u64, u64)>,
    pub thinned_entries: Thinned,
}

impl SpanFindings {
    /// Nothing yet of so many months.
    pub fn new(months: usize) -> Self {
        Self { months: std::iter::repeat_with(MonthFound::default).take(months).collect(), ..Self::default() }
    }

    /// What is told of a month, or of all.
    pub fn told(&mut self, month: Option<usize>) -> &mut Told {
        match month {
            Some(month) => &mut self.months[month].told,
            None => &mut self.all,
        }
    }

    /// Counts a refused record of a month or of all, or so many, and keeps it, or only the first ones.
    pub fn refuse(
        &mut self,
        month: Option<usize>,
        record: RefusedRecord,
        cause: Option<&str>,
        all: Count,
        keep: Keep,
    ) {
        // One month has all of them, in the order of the input.
        let told = self.told(month.or((self.months.len() == 1).then_some(0)));
        told.totals.refused.add_all(all);
        told.refusals.add(record, cause, all.records, keep);
    }

    /// Adds what was found later in the input; of refused records all are kept, or only the first ones.
    pub fn merge(&mut self, mut later: Self, keep: Keep) -> Result<()> {
        self.lines += later.lines;
        self.all.merge(later.all, keep)?;
        for (month, later) in self.months.iter_mut().zip(later.months) {
            month.merge(later, keep)?;
        }
        self.bound(keep);
        self.notes.add(later.notes);
        self.held.append(&mut later.held);
        self.held_bytes += later.held_bytes;
        self.fold(keep);
        self.collected.append(&mut later.collected);
        self.entries.append(&mut later.entries);
        self.kept.append(&mut later.kept);
        self.grouped.append(&mut later.grouped);
        self.thinned_entries.look(&mut self.entries);
        Ok(())
    }

    /// Tells where the rows stand that were read, and brings duplicates into the order of these places.
    pub fn move_to(&mut self, places: &Places) {
        self.all.refusals.move_to(places);
        self.months.iter_mut().for_each(|month| month.told.refusals.move_to(places));
        self.held.iter_mut().for_each(|held| held.record.move_to(places));
        self.held.sort_by_key(|held| (held.record.source, held.record.fault.line));
    }

    /// What all months keep is bounded together.
    fn bound(&mut self, keep: Keep) {
        let kept = self.months.iter().map(|month| month.told.refusals.taken).sum::<u64>();
        if keep.is_passed_by(self.all.refusals.taken + kept) {
            let months = self.months.iter_mut().map(|month| &mut month.told.refusals);
            months.chain([&mut self.all.refusals]).for_each(|refusals| refusals.too_many = true);
        }
    }

    /// Sets a duplicate aside.
    pub fn hold(&mut self, duplicate: HeldDuplicate, keep: Keep) {
        self.held_bytes += duplicate.taken();
        self.held.push(duplicate);
        self.fold(keep);
    }

    /// Lets the first of many duplicates of one another stand for all, where not all are to be kept.
    fn fold(&mut self, keep: Keep) {
        self.all.refusals.too_many |= keep.is_passed_by(self.held_bytes);
        let all = keep != Keep::First && !self.all.refusals.too_many;
        if !all && self.held.len() >= self.fold_from.max(FOLDED_FROM) {
            fold(&mut self.held);
            self.held_bytes = self.held.iter().map(HeldDuplicate::taken).sum();
            self.fold_from = 2 * self.held.len();
        }
    }
}
