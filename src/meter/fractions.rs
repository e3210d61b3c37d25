//! Parts of bytes, which rates in bit/s leave: summed exactly, and rounded once per connection, sender and hour.

use crate::{
    error::{Error, Result},
    model::usage::PARTS,
};
use std::collections::HashMap;

/// Rounds half up: whether so many parts are a byte more.
pub(super) fn rounds_up(parts: u128) -> bool {
    parts >= PARTS / 2
}

/// Parts of bytes by key and hour, where there are any.
#[derive(Debug, Default)]
pub(super) struct Fractions(HashMap<(u32, u32), u128>);

impl Fractions {
    #[inline]
    pub fn add(&mut self, key: usize, hour: u32, parts: u128) -> Result<()> {
        if parts == 0 {
            return Ok(());
        }
        let sum = self.0.entry((key as u32, hour)).or_default();
        let added = sum.checked_add(parts);
        *sum = added.ok_or_else(|| Error::overflow("an hour has more than 340 million rates"))?;
        Ok(())
    }

    pub fn merge(&mut self, other: Self) -> Result<()> {
        if self.0.is_empty() {
            self.0 = other.0;
            return Ok(());
        }
        other.0.into_iter().try_for_each(|((key, hour), parts)| self.add(key as usize, hour, parts))
    }

    /// Key, hour and whole bytes of every sum, rounded half up; those of no byte are left out.
    pub fn rounded(&self) -> impl Iterator<Item = (usize, u32, u64)> + '_ {
        self.0.iter().filter_map(|(&(key, hour), &parts)| {
            // OK because 2^128 parts are 3.4e8 bytes.
            let bytes = (parts / PARTS) as u64 + u64::from(rounds_up(parts % PARTS));
            (bytes > 0).then_some((key as usize, hour, bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(parts: &[u128]) -> u64 {
        let mut fractions = Fractions::default();
        for &parts in parts {
            fractions.add(3, 5, parts).unwrap();
        }
        fractions.rounded().map(|(_, _, bytes)| bytes).sum()
    }

    #[test]
    fn parts_are_rounded_half_up_once() {
        assert_eq!(rounded(&[PARTS / 2 - 1]), 0);
        assert_eq!(rounded(&[PARTS / 2]), 1);
        assert_eq!(rounded(&[PARTS / 4, PARTS / 4]), 1);
        assert_eq!(rounded(&[PARTS / 2, PARTS / 2, PARTS / 2]), 2);
        assert_eq!(rounded(&[PARTS - 1; 10]), 10);
    }

    #[test]
    fn more_parts_than_fit_are_an_error() {
        let mut fractions = Fractions::default();
        fractions.add(0, 0, u128::MAX - 1).unwrap();
        assert!(fractions.add(0, 0, 2).is_err());
    }
}
