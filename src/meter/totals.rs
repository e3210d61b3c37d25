//! Control totals: where every record went (R14), and what is known of those whose connection is not.

use super::{
    hourly::{HourTable, HourlyBuilder, Shelf},
    routes::Lookup,
};
use crate::{
    error::{Error, Result},
    model::{
        checked_add,
        time::{BillingMonth, Hour, Offset, Period},
        usage::{EndIndex, PARTS},
    },
    read::record::{Quantity, rounds_up},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A number of records and their bytes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Count {
    /// How many records; an entry of a flow log is one, in whatever hours its bytes lie.
    pub records: u64,
    /// Their bytes; an unreadable number counts 0, and each rate that is not billed is rounded half up by itself.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
}

impl Count {
    /// OK unchecked: 2^64 records of 2^64 bytes would still fit, and so would 2^48 hours of 2^80.
    #[inline]
    pub(super) fn add(&mut self, bytes: impl Into<u128>) {
        self.records += 1;
        self.bytes += bytes.into();
    }

    pub(super) fn add_all(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }

    /// Adds a record or nothing, without a branch.
    #[inline]
    pub(super) fn add_if(&mut self, counts: bool, bytes: u64) {
        self.records += u64::from(counts);
        self.bytes += u128::from(if counts { bytes } else { 0 });
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<()> {
        self.records += other.records;
        checked_add(&mut self.bytes, other.bytes, "a control total")
    }
}

/// Where every record went (R14): read = billed + free + outside the period + refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ControlTotals {
    /// All that was read, readable or not.
    pub read: Count,
    /// Between regions: needs a price (R5).
    pub billed: Count,
    /// Inside a region (R1).
    pub free: Count,
    /// Readable, of another period; it is looked at no further.
    pub outside_period: Count,
    /// Not billed, for a reason (R15); copies that were dropped are among them.
    pub refused: Count,
}

impl ControlTotals {
    /// Of records of known connections: those inside a region are free (R1).
    #[inline]
    pub(super) fn of_known(&mut self, is_free: bool) -> &mut Count {
        if is_free { &mut self.free } else { &mut self.billed }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<()> {
        self.read.merge(&other.read)?;
        self.billed.merge(&other.billed)?;
        self.free.merge(&other.free)?;
        self.outside_period.merge(&other.outside_period)?;
        self.refused.merge(&other.refused)
    }

    /// All of them by name, in the order in which they are told.
    pub(crate) fn named(&self) -> [(&'static str, Count); 5] {
        [
            ("read", self.read),
            ("billed", self.billed),
            ("free", self.free),
            ("outside_period", self.outside_period),
            ("refused", self.refused),
        ]
    }

    /// The one that is told under this name.
    pub(super) fn by_name(&mut self, name: &str) -> Option<&mut Count> {
        Some(match name {
            "read" => &mut self.read,
            "billed" => &mut self.billed,
            "free" => &mut self.free,
            "outside_period" => &mut self.outside_period,
            "refused" => &mut self.refused,
            _ => return None,
        })
    }

    /// Moves a record of so many bytes from what is billed, or free, to what is refused.
    pub(super) fn refuse_of(&mut self, is_free: bool, bytes: u128) {
        let from = self.of_known(is_free);
        from.records = from.records.saturating_sub(1);
        from.bytes = from.bytes.saturating_sub(bytes);
        self.refused.add(bytes);
    }

    /// What is left of them without others; `None` where those are not all among them.
    pub(super) fn without(&self, other: &Self) -> Option<Self> {
        let less = |own: Count, other: Count| {
            let records = own.records.checked_sub(other.records)?;
            Some(Count { records, bytes: own.bytes.checked_sub(other.bytes)? })
        };
        Some(Self {
            read: less(self.read, other.read)?,
            billed: less(self.billed, other.billed)?,
            free: less(self.free, other.free)?,
            outside_period: less(self.outside_period, other.outside_period)?,
            refused: less(self.refused, other.refused)?,
        })
    }

    /// Checks that everything read went somewhere, in records and in bytes.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::ErrorKind::Internal) where it did not, [`Overflow`](crate::ErrorKind::Overflow) where bytes
    /// exceed 2^128.
    pub fn check(&self) -> Result<()> {
        let parts = [self.billed, self.free, self.outside_period, self.refused];
        let mut sum = Count::default();
        for part in parts {
            sum.merge(&part)?;
        }
        if sum == self.read {
            return Ok(());
        }
        Err(Error::internal(format!("control totals do not add up: {self:?}; no report is made")))
    }
}

/// In which months the records lie that are outside the period, and how many there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutsideMonths {
    counts: BTreeMap<BillingMonth, u64>,
    /// That of the last record, which is most often that of the next, and how many of it are not in `counts` yet.
    current: Option<(Period, BillingMonth, u64)>,
}

impl OutsideMonths {
    /// Counts records of an hour outside the period.
    #[inline]
    pub fn add(&mut self, hour: Hour, records: u64, offset: Offset) {
        match &mut self.current {
            Some((period, _, count)) if period.contains(hour) => *count += records,
            _ => self.turn_to(hour, records, offset),
        }
    }

    #[cold]
    fn turn_to(&mut self, hour: Hour, records: u64, offset: Offset) {
        self.settle();
        // An hour of a year that no calendar month is asked for of is not told.
        self.current =
            BillingMonth::of(hour, offset).ok().map(|month| (month.period(offset), month, records));
    }

    fn settle(&mut self) {
        if let Some((_, month, count)) = self.current.take() {
            *self.counts.entry(month).or_default() += count;
        }
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        other.counts.into_iter().for_each(|(month, count)| *self.counts.entry(month).or_default() += count);
    }

    /// By month.
    pub fn into_counts(mut self) -> BTreeMap<BillingMonth, u64> {
        self.settle();
        self.counts
    }
}

/// Ids beyond so many are not kept: something else stands in their place then.
const MOST_IDS: usize = 4096;

/// What records tell of connections that the inventory lacks.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownConnections {
    /// Their ids, of which at most the first 4096 are kept; entries of flow logs name none.
    pub ids: BTreeSet<Box<str>>,
    /// From the first hour that has such a record to the last one.
    pub hours: Option<Period>,
}

impl UnknownConnections {
    pub(super) fn add(&mut self, connection_id: &[u8], hour: Hour) {
        self.hours = Some(Period { start: hour, end: hour.next() }.joined(self.hours));
        let Ok(id) = std::str::from_utf8(connection_id) else { return };
        if !id.is_empty() && !self.ids.contains(id) {
            self.ids.insert(id.into());
            self.keep_first();
        }
    }

    /// Adds what others tell; of the ids of both the first 4096 are kept, so that the order of merging matters to
    /// nothing.
    pub fn merge(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.keep_first();
        self.hours = other.hours.map(|hours| hours.joined(self.hours)).or(self.hours);
    }

    /// By id, so that it matters to nothing in which order they were found (R17).
    fn keep_first(&mut self) {
        while self.ids.len() > MOST_IDS {
            self.ids.pop_last();
        }
    }
}

#[cfg(test)]
mod unknown_tests {
    use super::*;

    #[test]
    fn r17_the_first_ids_are_kept_in_whatever_order_they_come() {
        let (mut rising, mut falling, mut empty) =
            (UnknownConnections::default(), UnknownConnections::default(), UnknownConnections::default());
        for number in 0..5000 {
            rising.add(format!("pcc-{number:04}").as_bytes(), Hour::from_index(number));
            falling.add(format!("pcc-{:04}", 4999 - number).as_bytes(), Hour::from_index(4999 - number));
        }
        falling.add(b"", Hour::from_index(7));
        falling.add(b"\xff", Hour::from_index(8));
        assert_eq!(rising, falling);
        assert_eq!((rising.ids.len(), rising.ids.last().map(|id| &**id)), (4096, Some("pcc-4095")));
        assert_eq!(rising.hours, Some(Period { start: Hour::from_index(0), end: Hour::from_index(5000) }));
        empty.merge(rising.clone());
        rising.merge(UnknownConnections::default());
        assert_eq!(empty, rising);
    }
}

/// The share of a record in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HourShare {
    /// Counted from the start of the period; `None` outside it.
    pub hour: Option<u32>,
    pub quantity: Quantity,
}

/// The bytes that are billed, by end and hour.
pub(super) struct Sums {
    pub hourly: HourlyBuilder,
    /// Fractions of bytes beside the whole ones.
    pub fractions: Fractions,
}

impl Sums {
    /// None yet; `table` is for records whose hours come in no order; hours are kept on `shelf`.
    pub fn new(lookup: &Lookup<'_>, table: Option<Arc<HourTable>>, shelf: Arc<Shelf>) -> Self {
        Self { hourly: HourlyBuilder::new(lookup.counters(), table, shelf), fractions: Fractions::default() }
    }

    /// Bills a record: counts it once, where its first share falls, and the bytes of each share where they fall.
    #[inline]
    pub fn bill(
        &mut self,
        end: EndIndex,
        shares: &[HourShare],
        is_free: bool,
        totals: &mut ControlTotals,
    ) -> Result<()> {
        for (index, HourShare { hour, quantity }) in shares.iter().enumerate() {
            let count = match hour {
                None => &mut totals.outside_period,
                Some(_) => totals.of_known(is_free),
            };
            count.records += u64::from(index == 0);
            count.bytes += quantity.bytes;
            if let Some(hour) = *hour {
                self.hourly.add_wide(end, hour, quantity.bytes);
                self.fractions.add(end, hour, quantity.fraction)?;
            }
        }
        Ok(())
    }
}

/// Fractions of bytes by end and hour, where there are any, in units of 10^-30 bytes.
#[derive(Debug, Default)]
pub(super) struct Fractions(HashMap<(EndIndex, u32), u128>);

impl Fractions {
    #[inline]
    pub fn add(&mut self, end: EndIndex, hour: u32, fraction: u128) -> Result<()> {
        if fraction == 0 {
            return Ok(());
        }
        let sum = self.0.entry((end, hour)).or_default();
        let added = sum.checked_add(fraction);
        *sum = added.ok_or_else(|| Error::overflow("an hour has more than 340 million rates"))?;
        Ok(())
    }

    pub fn merge(&mut self, other: Self) -> Result<()> {
        if self.0.is_empty() {
            self.0 = other.0;
            return Ok(());
        }
        other.0.into_iter().try_for_each(|((end, hour), sum)| self.add(end, hour, sum))
    }

    /// End, hour and whole bytes of every sum, rounded half up; those of no byte are left out.
    pub fn rounded(&self) -> impl Iterator<Item = (EndIndex, u32, u64)> + '_ {
        self.0.iter().filter_map(|(&(end, hour), &sum)| {
            // OK because 2^128 of 10^-30 are 3.4e8 bytes.
            let bytes = (sum / PARTS) as u64 + u64::from(rounds_up(sum % PARTS));
            (bytes > 0).then_some((end, hour, bytes))
        })
    }
}

#[cfg(test)]
mod fractions_tests {
    use super::*;

    fn rounded(all: &[u128]) -> u64 {
        let mut fractions = Fractions::default();
        for &fraction in all {
            fractions.add(EndIndex::from_index(3), 5, fraction).unwrap();
        }
        fractions.rounded().map(|(_, _, bytes)| bytes).sum()
    }

    #[test]
    fn fractions_are_rounded_half_up_once() {
        assert_eq!(rounded(&[PARTS / 2 - 1]), 0);
        assert_eq!(rounded(&[PARTS / 2]), 1);
        assert_eq!(rounded(&[PARTS / 4, PARTS / 4]), 1);
        assert_eq!(rounded(&[PARTS / 2, PARTS / 2, PARTS / 2]), 2);
        assert_eq!(rounded(&[PARTS - 1; 10]), 10);
    }

    #[test]
    fn more_fractions_than_fit_are_an_error() {
        let mut fractions = Fractions::default();
        let end = EndIndex::from_index(0);
        fractions.add(end, 0, u128::MAX - 1).unwrap();
        assert!(fractions.add(end, 0, 2).is_err());
    }
}
