//! The bytes that are billed, by end and hour.

use super::{fractions::Fractions, hourly::HourlyBuilder, lookup::Lookup, totals::ControlTotals};
use crate::{error::Result, model::end_index::EndIndex, read::record::Quantity};

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
