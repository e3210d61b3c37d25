//! An hour as it is read: one dense row.

use super::cells::Row;
use crate::{
    error::{Error, Result},
    model::{end_index::EndIndex, time::Hour, usage::MeteredHour},
};

/// The metered cells of one hour, as [`HourlyUsage::fold`](super::HourlyUsage::fold) and
/// [`HourlyUsage::try_each`](super::HourlyUsage::try_each) show them.
#[derive(Debug)]
pub struct HourRow<'a> {
    /// The hour, in UTC (R6).
    pub hour: Hour,
    sums: &'a [u128],
    present: &'a [u64],
}

impl HourRow<'_> {
    /// Shows connections and senders with a record in this hour, by connection and sender, with their bytes.
    ///
    /// # Errors
    ///
    /// Only what `each` returns, which ends it.
    pub fn try_each(&self, mut each: impl FnMut(MeteredHour) -> Result<()>) -> Result<()> {
        self.try_each_key(|key, bytes| {
            let end = EndIndex::from_index(key);
            each(MeteredHour { connection: end.connection(), sender: end.sender(), hour: self.hour, bytes })
        })
    }

    /// As [`HourRow::try_each`], by key.
    #[inline]
    pub(crate) fn try_each_key(&self, mut each: impl FnMut(usize, u128) -> Result<()>) -> Result<()> {
        for (word, &bits) in self.present.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let key = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                each(key, self.sums[key])?;
            }
        }
        Ok(())
    }
}

/// Sums of all keys in one hour.
pub(super) struct DenseHour {
    sums: Vec<u128>,
    /// By key, as bits; what stands in `sums` for other keys means nothing.
    present: Vec<u64>,
}

impl DenseHour {
    pub fn new(keys: usize) -> Self {
        Self { sums: vec![0; keys], present: vec![0; keys.div_ceil(64)] }
    }

    /// Sums the rows of an hour.
    pub fn read(&mut self, hour: Hour, rows: &[Row]) -> Result<HourRow<'_>> {
        self.present.fill(0);
        for row in rows {
            row.each(|key, bytes| self.add(key, bytes))?;
        }
        Ok(HourRow { hour, sums: &self.sums, present: &self.present })
    }

    #[inline]
    fn add(&mut self, key: usize, bytes: u128) -> Result<()> {
        let (sum, word, bit) = (&mut self.sums[key], &mut self.present[key / 64], 1 << (key % 64));
        if *word & bit == 0 {
            *word |= bit;
            *sum = bytes;
            return Ok(());
        }
        let added = sum.checked_add(bytes);
        *sum = added.ok_or_else(|| Error::overflow("the bytes of an hour exceed 2^128"))?;
        Ok(())
    }
}
