//! Which records there are several of.

use crate::{
    error::{FAULTS_LISTED, Result},
    meter::{refused::RefusedRecord, totals::HourShare},
    model::usage::EndIndex,
    parallel::run_on,
    read::record::Quantity,
};
use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// The end that a record left, and when: nanoseconds from the period's start.
type EndAndClock = (EndIndex, i64);

const NANOS: i64 = 1_000_000_000;
const NANOS_OF_A_MILLI: u64 = 1_000_000;
/// Months that are metered together have fewer than 2^30 seconds, which are 34 years; there are fewer than 2^34 ends.
const SECOND_BITS: u32 = 30;

/// Identities of many records: eight bytes each where they are of a whole second, as nearly all are.
#[derive(Debug, Default)]
pub(in crate::meter) struct Identities {
    whole_seconds: Vec<u64>,
    others: Vec<EndAndClock>,
    thinned: [Thinned; 2],
}

/// From how many on it is looked whether what was collected is the same again and again.
const THINNED_FROM: usize = if cfg!(test) { 64 } else { 1 << 22 };

/// Keeps two of each of what was collected, where it is the same again and again: a small archive may hold a record
/// billions of times. What stands once or twice, as in all months that are meant, is left as it is.
#[derive(Debug, Default)]
pub(in crate::meter) struct Thinned {
    /// From how many on it is looked next.
    next: usize,
}

impl Thinned {
    #[inline]
    pub fn look<T: Ord + Copy>(&mut self, all: &mut Vec<T>) {
        if all.len() >= self.next.max(THINNED_FROM) {
            if often_repeated(all) {
                all.sort_unstable();
                let mut kept = 0;
                for at in 0..all.len() {
                    if kept < 2 || all[kept - 2] != all[at] {
                        all[kept] = all[at];
                        kept += 1;
                    }
                }
                all.truncate(kept);
            }
            self.next = 2 * all.len();
        }
    }
}

/// Whether some of a few thousand that stand in regular distances are the same: in a month that is meant none are.
fn often_repeated<T: Ord + Copy>(all: &[T]) -> bool {
    const LOOKED_AT: usize = 4096;
    let mut few: Vec<T> = all.iter().step_by((all.len() / LOOKED_AT).max(1)).copied().collect();
    few.sort_unstable();
    few.windows(2).filter(|pair| pair[0] == pair[1]).count() > 2
}

impl Identities {
    /// Collects an identity, or notes it on the grid where it lies there.
    #[inline]
    pub fn push(&mut self, (end, clock): EndAndClock, grid: Option<&MomentGrid>) {
        if grid.is_some_and(|grid| grid.note(end, clock)) {
            return;
        }
        let second = clock / NANOS;
        if clock % NANOS == 0 && (0..1 << SECOND_BITS).contains(&second) {
            self.whole_seconds.push((end.index() as u64) << SECOND_BITS | second as u64);
        } else {
            self.others.push((end, clock));
        }
        self.thin();
    }

    #[inline]
    fn thin(&mut self) {
        self.thinned[0].look(&mut self.whole_seconds);
        self.thinned[1].look(&mut self.others);
    }

    pub fn append(&mut self, other: &mut Self) {
        self.whole_seconds.append(&mut other.whole_seconds);
        self.others.append(&mut other.others);
        self.thin();
    }

    /// Those that stand here more than once, or that the grid met more than once.
    pub fn repeated(mut self, grid: Option<MomentGrid>, threads: usize) -> Result<Repeated> {
        sort(&mut self.whole_seconds, threads)?;
        self.others.sort_unstable();
        let unpacked = |packed: u64| {
            let second = (packed & ((1 << SECOND_BITS) - 1)) as i64;
            (EndIndex::from_index((packed >> SECOND_BITS) as usize), second * NANOS)
        };
        let whole = self.whole_seconds.windows(2).filter(|pair| pair[0] == pair[1]);
        let others = self.others.windows(2).filter(|pair| pair[0] == pair[1]);
        let moments = whole.map(|pair| unpacked(pair[0])).chain(others.map(|pair| pair[0]));
        Ok(Repeated::new(moments, grid.filter(MomentGrid::met_any_again)))
    }
}

/// The longest step of which all moments so far are multiples, behind the start of the period; none where there was none, or
/// all are that start.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::meter) struct Step {
    nanos: u64,
    /// The same where it has whole milliseconds, and 0 where not: 32 bits, which those of a month fit, are divided several times
    /// as fast.
    millis: u32,
}

impl Step {
    fn of(nanos: u64) -> Self {
        let millis = u32::try_from(nanos / NANOS_OF_A_MILLI).ok();
        let millis = millis.filter(|_| nanos.is_multiple_of(NANOS_OF_A_MILLI));
        Self { nanos, millis: millis.unwrap_or(0) }
    }

    /// Takes a moment in, or another step.
    #[cold]
    pub fn take(&mut self, nanos: u64) {
        let (mut a, mut b) = (self.nanos, nanos);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        *self = Self::of(a);
    }

    pub fn join(&mut self, other: Self) {
        self.take(other.nanos);
    }

    /// How many of it a moment is behind the start; `None` where that is no whole number.
    #[inline]
    pub fn count_in(self, clock: u64) -> Option<u64> {
        match u32::try_from(clock / NANOS_OF_A_MILLI) {
            Ok(milli) if self.millis > 0 => {
                let is_on = clock.is_multiple_of(NANOS_OF_A_MILLI);
                match self.millis {
                    // As where each record is of another millisecond: nothing is divided.
                    1 => is_on.then_some(milli.into()),
                    millis => (is_on && milli.is_multiple_of(millis)).then(|| u64::from(milli / millis)),
                }
            }
            _ => clock.checked_div(self.nanos).filter(|count| count * self.nanos == clock),
        }
    }
}

/// Which moments of ends were met, and which again, where all lie a multiple of a step behind the start of the period: two bits
/// for each that there may be, for all workers of a reading.
#[derive(Debug)]
pub(in crate::meter) struct MomentGrid {
    step: Step,
    /// Of an end.
    steps: usize,
    met: Box<[AtomicU64]>,
    again: Box<[AtomicU64]>,
    any_again: AtomicBool,
}

/// A grid has at most so many moments for every record, which takes more memory without one.
const MOMENTS_PER_RECORD: u64 = if cfg!(test) { 1 << 20 } else { 32 };
/// Two times 128 MiB are the most that a grid takes.
const MOST_MOMENTS: u64 = 1 << 30;

impl MomentGrid {
    /// That of so many ends and hours, where every moment is a multiple of `step`; `None` where it would be larger
    /// than what it is there to spare.
    pub fn of(ends: usize, hours: u64, step: Step, records: u64) -> Option<Self> {
        const NANOS_OF_AN_HOUR: u64 = 3600 * NANOS as u64;
        let steps = (hours * NANOS_OF_AN_HOUR).checked_div(step.nanos)?;
        let moments = steps.checked_mul(ends as u64)?;
        if moments > MOST_MOMENTS.min(records.saturating_mul(MOMENTS_PER_RECORD)) {
            return None;
        }
        let zeros = || std::iter::repeat_with(|| AtomicU64::new(0)).take(moments as usize / 64 + 1).collect();
        let (met, again) = (zeros(), zeros());
        // OK because there are no more steps than moments.
        Some(Self { step, steps: steps as usize, met, again, any_again: AtomicBool::new(false) })
    }

    /// The word and the bit of a moment.
    #[inline]
    fn place(&self, end: EndIndex, clock: i64) -> Option<(usize, u64)> {
        let step = self.step.count_in(u64::try_from(clock).ok()?)? as usize;
        let place = end.index() * self.steps + step;
        (step < self.steps).then_some((place / 64, 1 << (place % 64)))
    }

    /// Notes a moment; false where it does not lie on the grid.
    #[inline]
    fn note(&self, end: EndIndex, clock: i64) -> bool {
        let Some((word, bit)) = self.place(end, clock) else { return false };
        if self.met[word].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            self.again[word].fetch_or(bit, Ordering::Relaxed);
            self.any_again.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Where a moment stands, to be looked at before it is noted.
    #[inline]
    pub fn near(&self, end: EndIndex, clock: i64) -> Option<&AtomicU64> {
        self.place(end, clock).and_then(|(word, _)| self.met.get(word))
    }

    fn met_any_again(&self) -> bool {
        self.any_again.load(Ordering::Relaxed)
    }

    #[inline]
    fn met_again(&self, end: EndIndex, clock: i64) -> bool {
        self.place(end, clock).is_some_and(|(word, bit)| self.again[word].load(Ordering::Relaxed) & bit != 0)
    }
}

/// Sorts in parts, each of which holds smaller numbers than the next.
fn sort<T: Ord + Send>(numbers: &mut [T], threads: usize) -> Result<()> {
    const WORTH_A_THREAD: usize = 1 << 16;
    let mut parts = Vec::new();
    let mut rest = numbers;
    for left in (2..=threads).rev() {
        if rest.len() < WORTH_A_THREAD {
            break;
        }
        let middle = rest.len() / left;
        rest.select_nth_unstable(middle);
        let (part, more) = rest.split_at_mut(middle);
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    let workers = parts.len();
    let parts = Mutex::new(parts);
    let next = || parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
    run_on(workers, || {
        while let Some(part) = next() {
            part.sort_unstable();
        }
        Ok(())
    })?;
    Ok(())
}

/// Numbers that stand here more than once.
pub(in crate::meter) fn repeated_numbers(mut numbers: Vec<u64>, threads: usize) -> Result<HashSet<u64>> {
    sort(&mut numbers, threads)?;
    Ok(numbers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect())
}

/// What several records share.
#[derive(Debug, Default)]
pub(in crate::meter) struct Repeated {
    /// By end: whether it has any; empty where none has.
    ends: Vec<bool>,
    moments: HashSet<EndAndClock>,
    /// Where it met any of them again.
    grid: Option<MomentGrid>,
    /// Numbers of entries of flow logs.
    pub entries: HashSet<u64>,
}

impl Repeated {
    fn new(moments: impl Iterator<Item = EndAndClock>, grid: Option<MomentGrid>) -> Self {
        let moments: HashSet<EndAndClock> = moments.collect();
        let mut ends = Vec::new();
        for (end, _) in &moments {
            if ends.len() <= end.index() {
                ends.resize(end.index() + 1, false);
            }
            ends[end.index()] = true;
        }
        Self { ends, moments, grid, entries: HashSet::new() }
    }

    pub fn is_empty(&self) -> bool {
        !self.has_moments() && self.entries.is_empty()
    }

    /// Whether any records share an end and a moment.
    pub fn has_moments(&self) -> bool {
        !self.moments.is_empty() || self.grid.is_some()
    }

    #[inline]
    pub fn contains(&self, key: &DuplicateKey) -> bool {
        match *key {
            DuplicateKey::Moment(end, clock) => self.contains_moment(end, clock),
            DuplicateKey::Entry(number) => self.entries.contains(&number),
        }
    }

    #[inline]
    pub fn contains_moment(&self, end: EndIndex, clock: i64) -> bool {
        self.grid.as_ref().is_some_and(|grid| grid.met_again(end, clock))
            || self.ends.get(end.index()).is_some_and(|&any| any) && self.moments.contains(&(end, clock))
    }
}

/// By what duplicates of one another are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::meter) enum DuplicateKey {
    /// The end that they left, and when: nanoseconds from the period's start.
    Moment(EndIndex, i64),
    /// The number of an entry of a flow log, which others may have as well.
    Entry(u64),
}

/// A record of which there are several, set aside until all are known.
#[derive(Debug, Clone)]
pub(in crate::meter) struct HeldDuplicate {
    /// The month that it is of.
    pub month: usize,
    pub end: EndIndex,
    pub key: DuplicateKey,
    /// What tells it from others that are found by the same key, where there may be such.
    pub digest: Option<u128>,
    pub shares: Vec<HourShare>,
    /// Its connection lies inside a region (R1).
    pub is_free: bool,
    /// It, as if it were refused, without a reason yet.
    pub record: RefusedRecord,
    /// Later ones of its group, for which it stands.
    pub folded: Folded,
}

impl HeldDuplicate {
    /// What it takes, in bytes of memory, about.
    pub fn taken(&self) -> u64 {
        let own =
            size_of::<Self>() - size_of::<RefusedRecord>() + self.shares.capacity() * size_of::<HourShare>();
        self.record.taken() + own as u64
    }
}

/// Duplicates that are not held themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::meter) struct Folded {
    /// How many they are.
    pub records: u64,
    /// Their bytes, each rounded by itself.
    pub bytes: u128,
    /// What rounding has added to that.
    pub added: u128,
    /// Whether one of them has other bytes than the first of the group.
    pub differ: bool,
}

/// From how many on duplicates are folded.
pub(in crate::meter) const FOLDED_FROM: usize = if cfg!(test) { 100 } else { 1 << 16 };

/// Of each group, keeps as many duplicates as are listed at most; the last of them stands for the others.
pub(in crate::meter) fn fold(held: &mut Vec<HeldDuplicate>) {
    // Stable, so that duplicates of one record stay in the order of the input.
    held.sort_by_key(HeldDuplicate::group);
    let mut kept: Vec<HeldDuplicate> = Vec::new();
    let mut first = 0;
    for duplicate in held.drain(..) {
        if kept.get(first).is_none_or(|of_group| of_group.group() != duplicate.group()) {
            first = kept.len();
        }
        if kept.len() - first < FAULTS_LISTED {
            kept.push(duplicate);
            continue;
        }
        let differs = duplicate.folded.differ || duplicate.shares != kept[first].shares;
        let quantity = duplicate.quantity();
        if let Some(Folded { records, bytes, added, differ }) = kept.last_mut().map(|last| &mut last.folded) {
            *records += 1 + duplicate.folded.records;
            *bytes += quantity.rounded() + duplicate.folded.bytes;
            *added += quantity.rounded() - quantity.bytes + duplicate.folded.added;
            *differ |= differs;
        }
    }
    *held = kept;
}

impl HeldDuplicate {
    /// Duplicates of one another are of one group.
    pub fn group(&self) -> (DuplicateKey, EndIndex, Option<u128>) {
        (self.key, self.end, self.digest)
    }

    /// All of its traffic.
    pub fn quantity(&self) -> Quantity {
        let add = |sum: Quantity, share: &HourShare| Quantity {
            bytes: sum.bytes + share.quantity.bytes,
            fraction: sum.fraction + share.quantity.fraction,
        };
        self.shares.iter().fold(Quantity::default(), add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_stands_twice_is_found_and_nothing_else(
            seen in prop::collection::vec((0usize..4, prop_oneof![0i64..5, (0i64..5).prop_map(|s| s * NANOS), Just(NANOS << 30)]), 0..60),
            threads in 1usize..4,
            step in prop::sample::select(vec![0, 1, NANOS as u64, 5 * NANOS as u64, 1 << 34]),
        ) {
            let grid = MomentGrid::of(4, 744, Step::of(step), 1 << 20);
            let (mut all, mut later) = (Identities::default(), Identities::default());
            let mut counts: BTreeMap<EndAndClock, u32> = BTreeMap::new();
            for (index, &(end, clock)) in seen.iter().enumerate() {
                let identity = (EndIndex::from_index(end), clock);
                if index % 3 == 0 { later.push(identity, grid.as_ref()) } else { all.push(identity, grid.as_ref()) }
                *counts.entry(identity).or_default() += 1;
            }
            all.append(&mut later);
            let repeated = all.repeated(grid, threads).unwrap();
            for (identity, count) in counts {
                prop_assert_eq!(repeated.contains_moment(identity.0, identity.1), count > 1, "{:?}", identity);
            }
        }
    }

    #[test]
    fn numbers_are_sorted_whole_by_any_number_of_threads() {
        for threads in 1..=5 {
            let mut state = 1u64;
            let mut numbers: Vec<u64> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 44
            })
            .take(300_000)
            .collect();
            sort(&mut numbers, threads).unwrap();
            assert!(numbers.is_sorted(), "{threads}");
        }
    }
}
