//! What one worker makes of records: sums, control totals, order, and what it refuses.

use super::{
    ControlTotals, Copy, CopyOf, Part, RefusedRecord, Rules,
    fast::PlainLines,
    flow::Flows,
    fraction::{Fractions, rounds_up},
    hourly::{ClosedHours, HourlyBuilder, NO_TICK, Order, key_of, sender_of},
    identity::{Identities, Repeated},
    lookup::{Found, Lookup},
    unknown::Unknown,
};
use crate::{
    error::{FAULTS_LISTED, Fault, FaultCode, Result},
    model::{
        invalid::Invalid,
        inventory::Inventory,
        quoted,
        time::{Hour, Timestamp},
        usage::Sender,
    },
    read::{
        ndjson,
        rows::{Fields, LONGEST_ROW, Shape},
        traffic::{LineLayout, LineShape, Notes, Observation},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// What one reading of the records is for.
pub(super) enum Goal<'a> {
    /// To bill them; records of these identities are set aside, because there are several of each.
    Bill(&'a Repeated),
    /// To collect the identities of records of these keys.
    Collect(&'a [bool]),
}

/// What all workers of one reading share.
pub(super) struct Plan<'a> {
    pub names: &'a [Arc<str>],
    pub inventory: &'a Inventory,
    pub lookup: &'a Lookup<'a>,
    pub settings: &'a Rules,
    pub goal: Goal<'a>,
    pub flows: Flows<'a>,
}

/// A tick is a millisecond from the period's start, counted from 1. Records of one tick count as not in order, so that
/// the exact second look tells them apart.
const NANOS_PER_TICK: i64 = 1_000_000;

/// The ticks of the first and the last record of every key within a span.
pub(super) struct Ticks {
    pub first: Vec<u32>,
    pub last: Vec<u32>,
}

impl Ticks {
    pub fn new(keys: usize) -> Self {
        Self { first: vec![NO_TICK; keys], last: vec![NO_TICK; keys] }
    }
}

/// What a worker found in one span of a source; lines count from the start of the span.
#[derive(Default)]
pub(super) struct SpanTally {
    pub lines: u64,
    pub totals: ControlTotals,
    pub refused: Vec<RefusedRecord>,
    pub refused_for_cause: u64,
    pub refused_for_connection: u64,
    pub refused_by_code: BTreeMap<FaultCode, u64>,
    pub copies: Vec<Copy>,
    pub collected: Identities,
    /// Identities of entries of flow logs.
    pub flows: Vec<u128>,
    pub unknown: Unknown,
    pub notes: Notes,
}

/// What a worker summed over all its spans.
pub(super) struct Summed {
    pub hourly: ClosedHours,
    pub fractions: Fractions,
    /// Keys whose records did not strictly rise in time within a span.
    pub disordered: Vec<bool>,
}

/// How far lines were read.
pub(super) enum Progress {
    /// All of them.
    All,
    /// Up to this byte, where a row begins whose quoted field goes on beyond the text.
    OpenQuote(usize),
}

/// Where an instant lies in the period.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    timestamp: Timestamp,
    /// Counted from the period's start; `None` outside it.
    pub hour: Option<u32>,
    /// Nanoseconds from the period's start.
    pub clock: i64,
    pub tick: u32,
}

/// A row group of a Parquet file: its number, and the rows of the span before it.
#[derive(Clone, Copy)]
struct Group {
    number: usize,
    before: u64,
}

/// One worker.
pub(super) struct Tally<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) hourly: HourlyBuilder,
    fractions: Fractions,
    /// The tick of the first record of every key within the span.
    firsts: Vec<u32>,
    disordered: Vec<bool>,
    pub span: SpanTally,
    /// Records of the span that were told of.
    counted: u64,
    pub(super) source: usize,
    group: Option<Group>,
    moment: Moment,
    pub(super) plain: PlainLines,
    /// `None` while a row borrows from it.
    fields: Option<Fields>,
}

impl<'a> Tally<'a> {
    pub fn new(plan: &'a Plan<'a>) -> Self {
        let connections = plan.inventory.connections().len();
        let keys = connections * Sender::ALL.len();
        let outside = Timestamp::from_seconds(i64::MIN);
        Self {
            plan,
            hourly: HourlyBuilder::new(plan.lookup.counters()),
            fractions: Fractions::default(),
            firsts: vec![NO_TICK; keys],
            disordered: vec![false; keys],
            span: SpanTally::default(),
            counted: 0,
            source: 0,
            group: None,
            moment: Moment { timestamp: outside, hour: None, clock: 0, tick: NO_TICK },
            plain: PlainLines::new(),
            fields: Some(Fields::new()),
        }
    }

    /// What it summed over all its spans.
    pub fn summed(self) -> Summed {
        Summed { hourly: self.hourly.finish(), fractions: self.fractions, disordered: self.disordered }
    }

    /// Begins a span of a source.
    pub fn begin(&mut self, source: usize) {
        self.source = source;
        self.group = None;
        self.span = SpanTally::default();
        self.counted = 0;
    }

    /// Ends a span: the ticks of its records, which are exchanged for others of no use.
    pub fn take_ticks(&mut self, mut ticks: Ticks) -> Ticks {
        std::mem::swap(&mut ticks.first, &mut self.firsts);
        self.firsts.fill(NO_TICK);
        for (last, counter) in ticks.last.chunks_exact_mut(Sender::ALL.len()).zip(self.hourly.counters()) {
            last.copy_from_slice(&counter.take_ticks());
        }
        ticks
    }

    /// How many records of the span were read since this was asked last.
    pub fn newly_read(&mut self) -> u64 {
        let read = self.span.totals.read.records;
        read - std::mem::replace(&mut self.counted, read)
    }

    /// Begins a row group of a Parquet file, within a span.
    #[cfg(feature = "parquet")]
    pub fn begin_group(&mut self, number: usize) {
        self.group = Some(Group { number, before: self.span.lines });
    }

    /// What it works for.
    #[cfg(feature = "parquet")]
    pub fn plan(&self) -> &'a Plan<'a> {
        self.plan
    }

    #[inline]
    pub(super) fn moment_of(&mut self, timestamp: Timestamp) -> Moment {
        if timestamp != self.moment.timestamp {
            let period = self.plan.settings.period;
            let hour = timestamp.hour();
            let inside = period.contains(hour);
            let clock = if inside { timestamp.nanoseconds_after(period.start) } else { 0 };
            self.moment = Moment {
                timestamp,
                // OK because no period has 2^32 hours.
                hour: inside.then(|| (hour.index() - period.start.index()) as u32),
                clock,
                // Those behind 49 days would all be the last tick, and none of them later than another.
                tick: u32::try_from(clock / NANOS_PER_TICK + 1).unwrap_or(u32::MAX),
            };
        }
        self.moment
    }

    /// Notes a key whose records do not strictly rise in time.
    #[inline]
    pub(super) fn note_order(&mut self, key: u32, tick: u32, order: Order) {
        match order {
            Order::Later => {}
            Order::First => self.firsts[key as usize] = tick,
            Order::NotLater => self.disordered[key as usize] = true,
        }
    }

    fn bill(&mut self, key: u32, hour: u32, tick: u32, bytes: u64, free: bool) {
        let totals = &mut self.span.totals;
        let count = if free { &mut totals.free } else { &mut totals.billed };
        count.add(bytes);
        let order = self.hourly.counter(key).order(sender_of(key), tick);
        self.note_order(key, tick, order);
        self.hourly.add(key, hour, bytes);
    }

    /// Takes the row at the start of `text`, in the general way; returns its bytes, or `None` where a quoted
    /// field of it goes on beyond the text.
    pub(super) fn take_row(&mut self, text: &[u8], layout: &LineLayout, last: bool) -> Result<Option<usize>> {
        let layout = match &layout.shape {
            LineShape::Csv(layout) => layout,
            LineShape::Json(columns) => {
                let own = |tally: &mut Self, line, raw: &[u8]| {
                    ndjson::observe(columns, line, raw, |observation| tally.take(observation))
                };
                return self.take_line(text, own).map(Some);
            }
            LineShape::FlowLog => return self.take_line(text, Self::take_entry).map(Some),
        };
        let line = self.span.lines + 1;
        let mut end = line_end(text, 0);
        let raw = without_line_end(&text[..end]);
        let mut fields = self.fields.take().unwrap_or_else(Fields::new);
        let mut lines = 1;
        let mut open = false;
        if memchr::memchr(b'"', raw).is_none() {
            if !raw.is_empty() {
                self.take(layout.observe(&fields.plain(line, raw)))?;
            }
        } else {
            while !fields.parse(&text[..end]) {
                if end > LONGEST_ROW || (end == text.len() && last) {
                    let row = fields.parsed(line, Shape::OpenQuote, without_line_end(&text[..end]));
                    self.take(layout.observe(&row))?;
                    open = true;
                    break;
                }
                if end == text.len() {
                    self.fields = Some(fields);
                    return Ok(None);
                }
                end = line_end(text, end);
                lines += 1;
            }
            if !open {
                let row = fields.parsed(line, Shape::Fields, without_line_end(&text[..end]));
                self.take(layout.observe(&row))?;
            }
        }
        self.fields = Some(fields);
        self.span.lines += lines;
        Ok(Some(end))
    }

    /// Takes the line at the start of `text`, which holds nothing or one record; returns its bytes.
    fn take_line(
        &mut self,
        text: &[u8],
        take: impl FnOnce(&mut Self, u64, &[u8]) -> Result<()>,
    ) -> Result<usize> {
        let end = line_end(text, 0);
        let raw = without_line_end(&text[..end]);
        if !raw.trim_ascii().is_empty() {
            take(self, self.span.lines + 1, raw)?;
        }
        self.span.lines += 1;
        Ok(end)
    }

    /// Sends one record where it belongs.
    pub fn take(&mut self, observation: Observation<'_>) -> Result<()> {
        if let Goal::Collect(keys) = &self.plan.goal {
            if let Ok((timestamp, sender)) = observation.read
                && let Some(Found::Known(connection)) = self.plan.lookup.find(observation.connection_id)
            {
                let key = key_of(connection, sender) as u32;
                let moment = self.moment_of(timestamp);
                if moment.hour.is_some() && keys[key as usize] {
                    self.span.collected.push((key, moment.clock));
                }
            }
            return Ok(());
        }
        self.span.totals.read.add(observation.all_bytes());
        let (timestamp, sender) = match &observation.read {
            Ok(read) => *read,
            Err(why) => {
                self.refuse(&observation, FaultCode::UnreadableRow, why.clone());
                return Ok(());
            }
        };
        let moment = self.moment_of(timestamp);
        // R15: a readable record outside the period is that before any other check.
        let Some(hour) = moment.hour else {
            let bytes = self.alone(&observation);
            self.span.totals.outside_period.add(bytes);
            return Ok(());
        };
        match self.plan.lookup.find(observation.connection_id) {
            Some(Found::Known(index)) => {
                return self.take_known(&observation, index, sender, hour, moment);
            }
            Some(Found::Faulty(cause)) => {
                self.refuse(&observation, FaultCode::FaultyConnection, cause.as_reason());
            }
            None => {
                self.span.unknown.add(observation.connection_id, timestamp.hour());
                let id = quoted(observation.connection_id);
                let why = format!("connection {id} is not in the inventory; add it to --connections");
                self.refuse(&observation, FaultCode::UnknownConnection, why);
            }
        }
        Ok(())
    }

    fn take_known(
        &mut self,
        observation: &Observation<'_>,
        index: usize,
        sender: Sender,
        hour: u32,
        Moment { clock, tick, .. }: Moment,
    ) -> Result<()> {
        if let Some((code, why)) = self.outside_its_life(index, hour, self.moment.timestamp) {
            self.refuse(observation, code, why);
            return Ok(());
        }
        let connection = self.plan.inventory.connection(index);
        let key = key_of(index, sender);
        let bytes = observation.all_bytes();
        let free = connection.within_region();
        let identity = (key as u32, clock);
        if matches!(&self.plan.goal, Goal::Bill(repeated) if repeated.contains(identity)) {
            let record = self.refusal(observation, FaultCode::DuplicateRecord, String::new());
            let part = Part { hour: Some(hour), bytes, parts: observation.parts };
            let identity = CopyOf::Moment(clock);
            self.span.copies.push(Copy { key: key as u32, identity, parts: vec![part], free, record });
            return Ok(());
        }
        match u64::try_from(bytes) {
            Ok(bytes) => self.bill(key as u32, hour, tick, bytes, free),
            Err(_) => {
                // Only a metered hour holds so many. It is one record, whatever its bytes are summed as.
                self.bill(key as u32, hour, tick, 0, free);
                let totals = &mut self.span.totals;
                let count = if free { &mut totals.free } else { &mut totals.billed };
                count.bytes += bytes;
                self.hourly.add_wide(key as u32, hour, bytes);
            }
        }
        self.fractions.add(key, hour, observation.parts)
    }

    /// Why traffic of a connection in this hour of the period is refused, where it is; `at` is told.
    pub(super) fn outside_its_life(
        &self,
        index: usize,
        hour: u32,
        at: Timestamp,
    ) -> Option<(FaultCode, Invalid)> {
        let connection = self.plan.inventory.connection(index);
        let start = self.plan.settings.period.start;
        let civil = Hour::from_index(start.index() + i64::from(hour));
        if let Some(status) = connection.status.filter(|status| status.never_active()) {
            let status = status.as_str();
            let why =
                format!("traffic at {at}, but {} never came into effect: it is {status}", connection.id);
            return Some((FaultCode::NeverActive, why.into()));
        }
        if let Some(created) = connection.created_at.filter(|_| connection.before_creation(civil)) {
            let why = format!("traffic at {at}, but {} was created at {created}", connection.id);
            return Some((FaultCode::BeforeCreation, why.into()));
        }
        let deleted = connection.deleted_at.filter(|_| connection.after_deletion(civil))?;
        let why = format!("traffic at {at}, but {} was deleted at {deleted}", connection.id);
        Some((FaultCode::AfterDeletion, why.into()))
    }

    /// The bytes of a record that no hour sums: its parts are rounded on their own, half up. What that adds
    /// to them counts as read.
    fn alone(&mut self, observation: &Observation<'_>) -> u128 {
        let up = u128::from(rounds_up(observation.parts));
        self.span.totals.read.bytes += up;
        observation.all_bytes() + up
    }

    fn refusal(
        &self,
        observation: &Observation<'_>,
        code: FaultCode,
        why: impl Into<Invalid>,
    ) -> RefusedRecord {
        let mut fault = Fault::at(code, &self.plan.names[self.source], observation.line, why);
        let place = observation.place.map(|place| place.to_string());
        let in_group =
            |group: Group| format!("row group {}, row {}", group.number, observation.line - group.before);
        fault.path = place.or_else(|| self.group.map(in_group)).map(Into::into);
        let fields = observation.fields.map(|fields| fields.map(<[u8]>::to_vec));
        let raw = if fields.is_some() { Vec::new() } else { observation.raw.to_vec() };
        RefusedRecord { source: self.source, fault, fields, raw }
    }

    fn refuse(&mut self, observation: &Observation<'_>, code: FaultCode, why: impl Into<Invalid>) {
        let record = self.refusal(observation, code, why);
        let bytes = self.alone(observation);
        self.span.refuse(record, bytes, self.plan.settings.keep_all);
    }
}

impl SpanTally {
    /// Adds what was found later in the input; of refused records all are kept, or only the first ones.
    pub fn merge(&mut self, mut later: Self, keep_all: bool) -> Result<()> {
        self.lines += later.lines;
        self.totals.merge(&later.totals)?;
        self.refused.append(&mut later.refused);
        if !keep_all {
            keep_first(&mut self.refused);
        }
        self.refused_for_cause += later.refused_for_cause;
        self.refused_for_connection += later.refused_for_connection;
        for (code, count) in later.refused_by_code {
            *self.refused_by_code.entry(code).or_default() += count;
        }
        self.copies.append(&mut later.copies);
        self.collected.append(&mut later.collected);
        self.flows.append(&mut later.flows);
        self.unknown.merge(later.unknown);
        self.notes.add(later.notes);
        Ok(())
    }

    /// Counts a refused record and keeps it, or only the first ones.
    pub fn refuse(&mut self, record: RefusedRecord, bytes: u128, keep_all: bool) {
        self.totals.refused.add(bytes);
        let code = record.fault.code;
        self.refused_for_cause += u64::from(code != FaultCode::DroppedCopy);
        self.refused_for_connection += u64::from(code == FaultCode::FaultyConnection);
        *self.refused_by_code.entry(code).or_default() += 1;
        self.refused.push(record);
        if !keep_all && self.refused.len() >= 4 * FAULTS_LISTED {
            keep_first(&mut self.refused);
        }
    }
}

/// Keeps the records that would be listed: the first ones by place, those with a cause of their own before others.
fn keep_first(refused: &mut Vec<RefusedRecord>) {
    let secondary = |code| matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection);
    refused.sort_by_key(|record| (secondary(record.fault.code), record.source, record.fault.line));
    refused.truncate(FAULTS_LISTED);
}

/// The byte after the next line feed, or the end of the text.
fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |newline| from + newline + 1)
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
