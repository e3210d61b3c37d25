//! The batch path, the only sibling of [`super::accept`]: plain records of known ends, many at once.
//!
//! It bills what that would bill, and stops at every record that it would not: that one goes there, in its place in the
//! order of the input.

use super::{
    duplicates::repeated::{MomentGrid, Repeated},
    totals::Count,
    worker::{Goal, Instant, Moment, Worker},
};
use crate::{
    error::Result,
    model::{time::Timestamp, usage::EndIndex},
    read::{
        native::{
            columns::{LineLayout, PlainLayout},
            lines::RowReader,
            plain::{AT_ONCE, PlainBatch, PlainLine, PlainProgress, Taker},
        },
        record::{Observation, Yielded},
    },
};
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) mod columns;

impl Worker<'_> {
    /// Takes records of one instant, of these ends and with these bytes, in their order, up to the first that
    /// [`super::accept`] must look at; returns how many.
    #[inline]
    pub fn take_plain(&mut self, timestamp: Timestamp, ends: &[EndIndex], bytes: &[u64]) -> usize {
        let moment = self.moment_of(timestamp);
        self.take_hour(moment, &|_| moment.instant(), ends, bytes)
    }

    /// Brings near what each record adds to, where records come in no order: with looks into memory that do not wait for one
    /// another.
    #[inline]
    fn touch_spread(&self, moments: &[Moment], ends: &[EndIndex]) {
        let each = || moments.iter().zip(ends);
        let mut near = [None; AT_ONCE];
        if let Some(grid) = self.grid() {
            let places = each().map(|(moment, &end)| grid.near(end, moment.clock));
            near.iter_mut().zip(places).for_each(|(near, place)| *near = place);
            touch(&near[..moments.len()]);
        }
        if let Some(table) = self.sums.hourly.spread() {
            let places = each().map(|(moment, &end)| Some(table.near(moment.hour?, end)));
            near.iter_mut().zip(places).for_each(|(near, place)| *near = place);
            touch(&near[..moments.len()]);
        }
    }

    /// Takes records of the hour of a moment, as [`Worker::take_plain`] does; `instants` says when each is.
    #[inline]
    fn take_hour(
        &mut self,
        moment: Moment,
        instants: &impl Fn(usize) -> Instant,
        ends: &[EndIndex],
        bytes: &[u64],
    ) -> usize {
        let Some(hour) = moment.hour else {
            let outside = Count { records: ends.len() as u64, bytes: sum_of(bytes) };
            let all = &mut self.found.all;
            all.totals.read.add_all(outside);
            all.totals.outside_period.add_all(outside);
            all.outside.add(moment.timestamp.hour(), outside.records, self.plan.rules.offset);
            return ends.len();
        };
        match self.plan.goal {
            Goal::Bill { repeated, .. } => {
                let repeated = Some(repeated).filter(|repeated| repeated.has_moments());
                self.bill_plain(hour, moment.month, instants, ends, bytes, repeated)
            }
            Goal::Collect { wanted, noted } => {
                let wanted = ends.iter().enumerate().filter(|(_, end)| wanted[end.index()]);
                let grid = noted.grid.as_ref();
                wanted
                    .for_each(|(place, &end)| self.found.collected.push((end, instants(place).clock), grid));
                ends.len()
            }
            Goal::Keep { end, hour: wanted } => {
                let place = ends.iter().position(|own| hour == wanted && *own == end);
                place.unwrap_or(ends.len())
            }
            Goal::Group => 0,
        }
    }

    /// Bills records of one hour, up to the first whose connection does not exist then or that is a duplicate.
    #[inline]
    fn bill_plain(
        &mut self,
        hour: u32,
        month: usize,
        instants: &impl Fn(usize) -> Instant,
        ends: &[EndIndex],
        bytes: &[u64],
        repeated: Option<&Repeated>,
    ) -> usize {
        self.sums.hourly.open(hour);
        let noting = self.noting.take();
        let may_follow = repeated.is_none() && noting.is_none() && !self.sums.hourly.is_spread();
        let (mut taken, mut free) = (0, Count::default());
        while taken < ends.len() {
            if may_follow {
                let instants = |place: usize| instants(taken + place);
                taken += self.bill_following(hour, &instants, &ends[taken..], &bytes[taken..], &mut free);
            }
            let some = taken..ends.len().min(taken + AT_ONCE);
            let instants = |place: usize| instants(taken + place);
            let (ends, bytes) = (&ends[some.clone()], &bytes[some.clone()]);
            let looks = Looks { repeated, noting: noting.as_deref() };
            let billed = self.bill_each(hour, &instants, ends, bytes, looks, &mut free);
            taken += billed;
            if billed < some.len() {
                break;
            }
        }
        self.noting = noting;
        let all = Count { records: taken as u64, bytes: sum_of(&bytes[..taken]) };
        self.found.all.totals.read.add_all(all);
        let month = &mut self.found.months[month];
        month.alone.add_all(all);
        let totals = &mut month.told.totals;
        totals.free.add_all(free);
        totals.billed.add_all(Count { records: all.records - free.records, bytes: all.bytes - free.bytes });
        taken
    }

    /// Bills records of the open hour while each only follows the one before it, as nearly all do; returns how many.
    #[inline]
    fn bill_following(
        &mut self,
        hour: u32,
        instants: &impl Fn(usize) -> Instant,
        ends: &[EndIndex],
        bytes: &[u64],
        free: &mut Count,
    ) -> usize {
        if !self.sums.hourly.has_many() {
            return 0;
        }
        let mut taken = 0;
        let near = |from: usize| &ends[from.min(ends.len())..ends.len().min(from + AT_ONCE)];
        self.sums.hourly.touch(near(0));
        for bytes in bytes.chunks(AT_ONCE) {
            // The next ones come near while these are billed.
            self.sums.hourly.touch(near(taken + AT_ONCE));
            let counters = self.sums.hourly.counters();
            for (&end, &bytes) in near(taken).iter().zip(bytes) {
                let counter = &mut counters[end.connection()];
                if !counter.add_following(end.sender(), hour, instants(taken).tick, bytes) {
                    return taken;
                }
                free.add_if(counter.free, bytes);
                taken += 1;
            }
        }
        taken
    }

    /// Bills each of some records by itself, up to the first that [`Worker::bill_plain`] stops at.
    fn bill_each(
        &mut self,
        hour: u32,
        instants: &impl Fn(usize) -> Instant,
        ends: &[EndIndex],
        bytes: &[u64],
        Looks { repeated, noting }: Looks<'_>,
        free: &mut Count,
    ) -> usize {
        let is_spread = self.sums.hourly.is_spread();
        self.sums.hourly.touch(ends);
        for (place, (&end, &bytes)) in ends.iter().zip(bytes).enumerate() {
            let instant = instants(place);
            let counter = self.sums.hourly.counter(end);
            let is_duplicate = || repeated.is_some_and(|all| all.contains_moment(end, instant.clock));
            if !counter.exists_in(hour) || is_duplicate() {
                return place;
            }
            free.add_if(counter.free, bytes);
            let sender = end.sender();
            let order = counter.order(sender, instant.tick);
            if is_spread {
                self.sums.hourly.add_spread(end, hour, bytes);
            } else {
                let added = counter.add(sender, bytes);
                self.sums.hourly.note(end, added);
            }
            self.note_order(end, instant.tick, order);
            if noting.is_some() {
                self.found.collected.push((end, instant.clock), noting);
            }
        }
        ends.len()
    }
}

/// What is looked at to find copies of records, where it is.
#[derive(Clone, Copy)]
struct Looks<'a> {
    /// Records of which there are several.
    repeated: Option<&'a Repeated>,
    /// Where moments are noted as they are billed.
    noting: Option<&'a MomentGrid>,
}

/// The sum of many numbers, of whose halves a processor adds several at once.
fn sum_of(numbers: &[u64]) -> u128 {
    let few = |numbers: &[u64]| {
        let add = |(low, high): (u64, u64), number: &u64| {
            // OK because 2^32 halves would fit.
            (low.wrapping_add(number & u64::from(u32::MAX)), high.wrapping_add(number >> 32))
        };
        let (low, high) = numbers.iter().fold((0, 0), add);
        u128::from(low) + (u128::from(high) << 32)
    };
    numbers.chunks(1 << 16).map(few).sum()
}

/// Reads lines for a worker to take.
pub(in crate::meter) struct LineReader {
    plain: PlainBatch,
    rows: RowReader,
}

impl LineReader {
    pub fn new() -> Self {
        Self { plain: PlainBatch::new(), rows: RowReader::new() }
    }

    /// Begins lines of this layout, which follow none that were read before.
    pub fn begin(&mut self, layout: &LineLayout) {
        self.rows.begin(layout);
        self.plain.begin();
    }

    /// Lets `worker` take the lines of `padded`, which end in a line feed each and have as many bytes behind them as
    /// [`PlainBatch::read`] asks for; `is_last` where nothing follows them.
    ///
    /// Returns how many bytes were taken: fewer than `length` where a row begins whose quoted field goes on beyond them.
    pub fn take_lines(
        &mut self,
        worker: &mut Worker<'_>,
        padded: &[u8],
        length: usize,
        layout: &LineLayout,
        is_last: bool,
    ) -> Result<usize> {
        let mut at = 0;
        while at < length {
            if let Some(plain) = &layout.plain {
                let taken = self.take_plain(worker, &padded[at..], length - at, plain);
                at += taken.bytes;
                if !taken.stopped {
                    continue;
                }
            }
            let line = worker.found.lines + 1;
            let take = |yielded: Yielded<'_>| worker.take(yielded);
            match self.rows.read(&padded[at..length], line, layout, is_last, take)? {
                Some(end) => {
                    at += end.bytes;
                    worker.found.lines += end.lines;
                }
                None => return Ok(at),
            }
        }
        Ok(at)
    }

    /// Takes some of the plain lines at the start of `padded`.
    fn take_plain(
        &mut self,
        worker: &mut Worker<'_>,
        padded: &[u8],
        length: usize,
        layout: &PlainLayout,
    ) -> PlainProgress {
        let read = self.plain.read(padded, length, layout);
        let taken = worker.take_batch(&mut self.plain, read, padded);
        worker.found.lines += taken.lines as u64;
        taken
    }
}

impl Taker for Worker<'_> {
    fn take_record(&mut self, observation: Observation<'_>) -> Result<()> {
        self.accept(&observation)
    }

    fn take_batch(&mut self, batch: &mut PlainBatch, read: PlainProgress, text: &[u8]) -> PlainProgress {
        let lines = &batch.lines()[..read.lines];
        let (lookup, mut connections) = (self.plan.lookup, [0; AT_ONCE]);
        let found = lookup.find_all(lines.iter().map(|line| &line.id), &mut connections);
        let is_id_of = |id: &[u8], connection| lookup.is_id_of(id, connection);
        let known = batch.known(text, &connections[..found], is_id_of);
        let taken = take_known(self, &lines[..known], &connections);
        batch.taken(read, taken)
    }
}

/// Takes lines whose connections were found, up to the first that must be taken on its own; returns how many.
fn take_known(worker: &mut Worker<'_>, lines: &[PlainLine], connections: &[u32; AT_ONCE]) -> usize {
    let (mut ends, mut bytes) = ([EndIndex::from_index(0); AT_ONCE], [0; AT_ONCE]);
    for (index, line) in lines.iter().enumerate() {
        ends[index] = EndIndex::new(connections[index] as usize, line.sender);
        bytes[index] = line.bytes;
    }
    let mut moments = [Moment::OUTSIDE; AT_ONCE];
    let moments = &mut moments[..lines.len()];
    for (line, moment) in lines.iter().zip(&mut *moments) {
        *moment = worker.moment_of(line.timestamp);
    }
    worker.touch_spread(moments, &ends);
    let mut taken = 0;
    for same in moments.chunk_by(Moment::is_of_hour) {
        let all = taken..taken + same.len();
        let instants = |place: usize| same[place].instant();
        let now = worker.take_hour(same[0], &instants, &ends[all.clone()], &bytes[all]);
        taken += now;
        if now < same.len() {
            break;
        }
    }
    taken
}

#[inline]
fn touch(near: &[Option<&AtomicU64>]) {
    let look = |near: &Option<&AtomicU64>| near.map_or(0, |own| own.load(Ordering::Relaxed));
    std::hint::black_box(near.iter().map(look).fold(0, u64::wrapping_add));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        MeterSettings, TrafficSource,
        meter::{Duplicates, Metered, Refused, meter, meter_records},
        model::usage::{Sender, UsageRecord},
    };
    use proptest::prelude::*;
    use std::fmt::Write as _;

    /// Eight connections, one of them inside a region; some begin or end within the hours of [`START`].
    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,created_at,deleted_at\n\
        pcc-0,1,cn-beijing,2,cn-shanghai,,\npcc-1,1,cn-beijing,2,cn-beijing,,\npcc-2,1,cn-beijing,2,cn-shanghai,,\n\
        pcc-3,1,cn-beijing,2,cn-shanghai,,2026-10-05T01:59:00Z\npcc-4,1,cn-beijing,2,cn-shanghai,2026-10-05T02:10:00Z,\n\
        pcc-5,1,cn-beijing,2,cn-shanghai,,2026-10-05T03:00:00Z\npcc-6,1,cn-beijing,2,cn-shanghai,,\npcc-7,1,cn-beijing,2,cn-shanghai,,\n";
    /// 2026-10-05T00:00:00Z.
    const START: i64 = 1_791_158_400;

    proptest! {
        /// Hours with more ends than few, in the order of time but for some records, and sums that have no room.
        #[test]
        fn records_that_follow_one_another_are_billed_as_each_by_itself(
            records in prop::collection::vec(
                (0i64..6 * 60, 0usize..8, 0usize..2, prop_oneof![0u64..1000, 0u64..1 << 40, Just(u64::MAX), any::<u64>()]),
                0..500,
            ),
            moved in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            copied in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            cut in any::<prop::sample::Index>(),
            adds_up: bool,
            threads in 1usize..4,
        ) {
            let mut records = records;
            records.sort_by_key(|record| record.0);
            for place in moved.into_iter().take(records.len()) {
                let place = place.index(records.len());
                records[place..].rotate_left(1);
            }
            for place in copied.into_iter().take(records.len()) {
                records.push(records[place.index(records.len())]);
            }
            // Two files, which are read by themselves.
            let cut = cut.index(records.len() + 1);
            let mut texts = ["timestamp,connection_id,sender,bytes\n"; 2].map(String::from);
            let mut held = Vec::new();
            for (place, (minute, connection, sender, bytes)) in records.into_iter().enumerate() {
                let text = &mut texts[usize::from(place >= cut)];
                let timestamp = Timestamp::from_seconds(START + minute * 60);
                let (connection_id, sender) = (format!("pcc-{connection}"), Sender::ALL[sender]);
                writeln!(text, "{timestamp},{connection_id},{},{bytes}", sender.as_str()).unwrap();
                held.push(UsageRecord { timestamp, connection_id, sender, bytes });
            }
            let mut settings = MeterSettings::new("2026-10".parse().unwrap());
            (settings.refused, settings.threads) = (Refused::Count, threads);
            settings.duplicates = if adds_up { Duplicates::Sum } else { Duplicates::First };
            let inventory = crate::inventory(CONNECTIONS, None).unwrap();
            let sources = texts.map(|text| TrafficSource::from_bytes("u.csv", text));
            let together = meter(&sources, inventory.clone(), &settings).unwrap();
            let each = meter_records(&held, inventory, &settings).unwrap();
            let seen = |metered: &Metered| {
                let hours = metered.usage().metered_hours().unwrap();
                (metered.totals(), metered.refused_by_code().clone(), hours, metered.digest().unwrap())
            };
            prop_assert_eq!(seen(&together), seen(&each));
        }

        #[test]
        fn numbers_of_any_size_are_summed(numbers in prop::collection::vec(any::<u64>(), 0..50)) {
            prop_assert_eq!(sum_of(&numbers), numbers.iter().map(|&number| u128::from(number)).sum::<u128>());
        }
    }
}
