//! Lines in the making, in little memory: a month may have millions of them.

use super::missing::MissingPrices;
use crate::{
    catalog::Price,
    model::{link::LinkType, money::Amount, time::Hour},
};

/// No sum, no price, no amount.
pub(super) const NONE: u32 = u32::MAX;
/// No hour of its own.
pub(super) const NO_HOUR: Hour = Hour::from_index(i64::MIN);

/// A line in the making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub bytes: u128,
    pub hour: Hour,
    /// Index of its price.
    pub price: u32,
    pub hours: u32,
    pub raised_hours: u32,
    /// Index of what raising hours cost.
    pub raised: u32,
    /// The next sum of the same key.
    pub next: u32,
    pub link_type: Option<LinkType>,
}

impl Sum {
    /// Its hour, where lines are hourly.
    pub fn hour(&self) -> Option<Hour> {
        (self.hour != NO_HOUR).then_some(self.hour)
    }
}

/// Lines in the making, by key.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub sums: Vec<Sum>,
    pub prices: Vec<Price>,
    pub raised: Vec<Amount>,
    /// By key: its first sum; the others follow it.
    pub first: Vec<u32>,
    pub missing: MissingPrices,
}

impl Sums {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// The lines of a key.
    pub fn of(&self, key: usize) -> impl Iterator<Item = &Sum> {
        let mut at = self.first[key];
        std::iter::from_fn(move || {
            let sum = self.sums.get(at as usize)?;
            at = sum.next;
            Some(sum)
        })
    }

    pub fn price_of(&self, sum: &Sum) -> Price {
        self.prices[sum.price as usize]
    }

    /// What raising its hours cost.
    pub fn raised_of(&self, sum: &Sum) -> Amount {
        self.raised.get(sum.raised as usize).copied().unwrap_or(Amount::ZERO)
    }
}
