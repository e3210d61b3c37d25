//! Control totals: where every record went (R14).

use crate::{
    error::{Error, Result},
    model::checked_add,
};

/// A number of records and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Bytes; an unreadable number counts 0.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ControlTotals {
    /// All that was read.
    pub read: Count,
    /// Between regions: has a price.
    pub billed: Count,
    /// Inside a region.
    pub free: Count,
    /// Readable, of another period.
    pub outside_period: Count,
    /// Not billed, for a reason.
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

    /// Fails unless everything read went somewhere.
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
