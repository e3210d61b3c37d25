//! The digest over metered hours.

use super::{HourRow, HourlyUsage, ones};
use crate::{
    error::Result,
    model::{end_index::EndIndex, inventory::Inventory, time::Hour},
};

impl HourlyUsage {
    /// A digest over the metered hours, BLAKE3 in hexadecimal: see [`Metered::digest`](crate::Metered::digest).
    ///
    /// `inventory` is the one that was metered, whose ids it takes.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn digest(&self, inventory: &Inventory) -> Result<String> {
        let digest = UsageDigest::new(self, inventory);
        let parts = self.fold(Vec::new, |hours, row| digest.add_row(hours, row))?;
        Ok(digest.finish(parts))
    }
}

/// A digest over the metered hours, which can be made in parallel and depends on nothing else (docs/decisions/0014).
///
/// It is BLAKE3 of two parts. First, for every connection and sender with a metered hour, in the order of ids and
/// the requester before the accepter: `connection_id,sender` and a line feed. Then, for every hour with a record, in
/// order: its start in seconds since 1970 (eight bytes), and the BLAKE3 of its cells, where a cell is the place of its
/// connection and sender in the first part, counted from 0 (four bytes), and its bytes (sixteen bytes). All numbers
/// are little-endian.
pub(crate) struct UsageDigest<'a> {
    usage: &'a HourlyUsage,
    inventory: &'a Inventory,
    /// By key: its place among those that are metered.
    places: Vec<u32>,
}

/// The digest of an hour's cells.
type HourDigest = (Hour, blake3::Hash);

impl<'a> UsageDigest<'a> {
    pub fn new(usage: &'a HourlyUsage, inventory: &'a Inventory) -> Self {
        let mut places = vec![0; usage.keys];
        for (place, key) in (0..).zip(ones(&usage.metered)) {
            places[key] = place;
        }
        Self { usage, inventory, places }
    }

    /// Adds an hour.
    pub fn add_row(&self, hours: &mut Vec<HourDigest>, row: &HourRow<'_>) -> Result<()> {
        const CELL: usize = size_of::<u32>() + size_of::<u128>();
        // As many cells as are hashed at once: a whole number of BLAKE3's chunks, small enough for the cache.
        let mut cells = [0; 4096 * CELL];
        let mut filled = 0;
        let mut hasher = blake3::Hasher::new();
        row.try_each_key(|key, bytes| {
            let cell = &mut cells[filled..filled + CELL];
            cell[..4].copy_from_slice(&self.places[key].to_le_bytes());
            cell[4..].copy_from_slice(&bytes.to_le_bytes());
            filled += CELL;
            if filled == cells.len() {
                hasher.update(&cells);
                filled = 0;
            }
            Ok(())
        })?;
        hasher.update(&cells[..filled]);
        hours.push((row.hour, hasher.finalize()));
        Ok(())
    }

    /// The digest of all hours, in hexadecimal.
    pub fn finish(&self, parts: impl IntoIterator<Item = Vec<HourDigest>>) -> String {
        let mut hours: Vec<HourDigest> = parts.into_iter().flatten().collect();
        hours.sort_unstable_by_key(|(hour, _)| *hour);
        let mut hasher = blake3::Hasher::new();
        for key in ones(&self.usage.metered) {
            let end = EndIndex::from_index(key);
            let connection = self.inventory.connection(end.connection());
            hasher.update(format!("{},{}\n", connection.id, end.sender()).as_bytes());
        }
        for (hour, digest) in &hours {
            hasher.update(&hour.start().seconds().to_le_bytes());
            hasher.update(digest.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}
