//! The bytes that are billed, by end and hour, with the fractions of bytes that rates leave.

use super::{hourly::HourlyBuilder, lookup::Lookup, totals::ControlTotals};
use crate::{
    error::{Error, Result},
    model::{end_index::EndIndex, usage::PARTS},
    read::record::{Quantity, rounds_up},
};
use std::collections::HashMap;

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
    pub fn new(lookup: &Lookup<'_>) -> Self {
        Self { hourly: HourlyBuilder::new(lookup.counters()), fractions: Fractions::default() }
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
