//! Which records there are several of.

use crate::{
    error::Result,
    meter::{refused::RefusedRecord, sums::HourShare},
    model::end_index::EndIndex,
    parallel::run_on,
    read::record::Quantity,
};
use std::{collections::HashSet, sync::Mutex};

/// The end that a record left, and when: nanoseconds from the period's start.
type EndAndClock = (EndIndex, i64);

const NANOS: i64 = 1_000_000_000;
/// A period has fewer than 2^22 seconds.
const SECOND_BITS: u32 = 22;

/// Identities of many records: eight bytes each where they are of a whole second, as nearly all are.
#[derive(Debug, Default)]
pub(in crate::meter) struct Identities {
    whole_seconds: Vec<u64>,
    others: Vec<EndAndClock>,
}

impl Identities {
    #[inline]
    pub fn push(&mut self, (end, clock): EndAndClock) {
        let second = clock / NANOS;
        if clock % NANOS == 0 && (0..1 << SECOND_BITS).contains(&second) {
            self.whole_seconds.push((end.index() as u64) << SECOND_BITS | second as u64);
        } else {
            self.others.push((end, clock));
        }
    }

    pub fn append(&mut self, other: &mut Self) {
        self.whole_seconds.append(&mut other.whole_seconds);
        self.others.append(&mut other.others);
    }

    /// Those that stand here more than once.
    pub fn repeated(mut self, threads: usize) -> Result<Repeated> {
        sort(&mut self.whole_seconds, threads)?;
        self.others.sort_unstable();
        let unpacked = |packed: u64| {
            let second = (packed & ((1 << SECOND_BITS) - 1)) as i64;
            (EndIndex::from_index((packed >> SECOND_BITS) as usize), second * NANOS)
        };
        let whole = self.whole_seconds.windows(2).filter(|pair| pair[0] == pair[1]);
        let others = self.others.windows(2).filter(|pair| pair[0] == pair[1]);
        Ok(Repeated::new(whole.map(|pair| unpacked(pair[0])).chain(others.map(|pair| pair[0]))))
    }
}

/// Sorts in parts, each of which holds smaller numbers than the next.
fn sort(numbers: &mut [u64], threads: usize) -> Result<()> {
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

/// Digests that stand here more than once.
pub(in crate::meter) fn repeated_digests(mut digests: Vec<u128>) -> HashSet<u128> {
    digests.sort_unstable();
    digests.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// What several records share.
#[derive(Debug, Default)]
pub(in crate::meter) struct Repeated {
    /// By end: whether it has any; empty where none has.
    ends: Vec<bool>,
    moments: HashSet<EndAndClock>,
    pub digests: HashSet<u128>,
}

impl Repeated {
    fn new(moments: impl Iterator<Item = EndAndClock>) -> Self {
        let moments: HashSet<EndAndClock> = moments.collect();
        let mut ends = Vec::new();
        for (end, _) in &moments {
            if ends.len() <= end.index() {
                ends.resize(end.index() + 1, false);
            }
            ends[end.index()] = true;
        }
        Self { ends, moments, digests: HashSet::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.moments.is_empty() && self.digests.is_empty()
    }

    /// Whether any records share an end and a moment.
    pub fn has_moments(&self) -> bool {
        !self.moments.is_empty()
    }

    #[inline]
    pub fn contains(&self, key: &DuplicateKey) -> bool {
        match *key {
            DuplicateKey::Moment(end, clock) => self.contains_moment(end, clock),
            DuplicateKey::Digest(digest) => self.digests.contains(&digest),
        }
    }

    #[inline]
    pub fn contains_moment(&self, end: EndIndex, clock: i64) -> bool {
        self.ends.get(end.index()).is_some_and(|&any| any) && self.moments.contains(&(end, clock))
    }
}

/// What duplicates of one another share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::meter) enum DuplicateKey {
    /// The end that they left, and when: nanoseconds from the period's start.
    Moment(EndIndex, i64),
    /// What this is a digest of.
    Digest(u128),
}

/// A record of which there are several, set aside until all are known.
#[derive(Debug, Clone)]
pub(in crate::meter) struct HeldDuplicate {
    pub end: EndIndex,
    pub key: DuplicateKey,
    pub shares: Vec<HourShare>,
    /// Its connection lies inside a region (R1).
    pub is_free: bool,
    /// It, as if it were refused, without a reason yet.
    pub record: RefusedRecord,
}

impl HeldDuplicate {
    /// Duplicates of one another are of one group.
    pub fn group(&self) -> (EndIndex, DuplicateKey) {
        (self.end, self.key)
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
        ) {
            let (mut all, mut later) = (Identities::default(), Identities::default());
            let mut counts: BTreeMap<EndAndClock, u32> = BTreeMap::new();
            for (index, &(end, clock)) in seen.iter().enumerate() {
                let identity = (EndIndex::from_index(end), clock);
                if index % 3 == 0 { later.push(identity) } else { all.push(identity) }
                *counts.entry(identity).or_default() += 1;
            }
            all.append(&mut later);
            let repeated = all.repeated(threads).unwrap();
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
