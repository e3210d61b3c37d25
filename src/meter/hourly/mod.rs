//! Bytes by connection, sender and hour, held compactly: four to five bytes for an hour of one end. Where they are very many, further
//! ones are written to a file without a name.
//!
//! Workers collect sums in rows of one hour each. An hour may have several rows, because workers read different parts
//! of the input: they add up when the hour is read. Hours are read in parallel, each as one dense row.

use crate::{
    error::{Error, Result},
    model::{
        inventory::Inventory,
        time::{Hour, Period},
        usage::{EndIndex, MeteredHour, Sender},
    },
    parallel::run_on,
};
pub(crate) use builder::{Counter, HourlyBuilder, NO_TICK, Order};
pub use cells::HourRow;
pub(crate) use cells::{ClosedHours, HourTable};
use cells::{DenseHour, HoursOfRows};
use shelf::Row;
pub(crate) use shelf::Shelf;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

mod builder;
mod cells;
mod shelf;

/// Bytes of every connection and sender in every hour that has a record, also one of 0 bytes.
///
/// Connections are indices into the inventory that was metered; hours are UTC (R6).
#[derive(Debug, Clone)]
pub struct HourlyUsage {
    period: Period,
    keys: usize,
    threads: usize,
    rows: HoursOfRows,
    /// By end, as bits: whether it has any hour.
    metered: Vec<u64>,
}

impl HourlyUsage {
    pub(crate) fn new(period: Period, connections: usize, threads: usize) -> Self {
        let keys = connections * Sender::ALL.len();
        let metered = vec![0; keys.div_ceil(64)];
        Self { period, keys, threads: threads.max(1), rows: HoursOfRows::default(), metered }
    }

    pub(crate) fn extend(&mut self, hours: ClosedHours) {
        self.rows.append(hours.rows);
        or_into(&mut self.metered, &hours.metered);
    }

    /// The hours of each of several periods, which begin at the start of this one, each where the one before ends.
    pub(crate) fn by_months(mut self, periods: &[Period]) -> Result<Vec<Self>> {
        let [_, _, ..] = periods else { return Ok(vec![self]) };
        let mut rows = std::mem::take(&mut self.rows.0).into_iter();
        periods.iter().map(|period| self.of_month(*period, &mut rows)).collect()
    }

    /// The next hours as those of a period of their own.
    fn of_month(&self, period: Period, rows: &mut impl Iterator<Item = Vec<Row>>) -> Result<Self> {
        // OK because no period has 2^32 hours.
        let rows = HoursOfRows(rows.take(period.hours() as usize).collect());
        let words = self.metered.len();
        let mut own = Self { period, rows, metered: vec![0; words], ..*self };
        let parts = own.fold(
            || vec![0; words],
            |metered, row| {
                row.try_each_key(|key, _| {
                    metered[key / 64] |= 1 << (key % 64);
                    Ok(())
                })
            },
        )?;
        parts.iter().for_each(|metered| or_into(&mut own.metered, metered));
        Ok(own)
    }

    /// The billing period that the hours lie in: the month, with its edges in its offset (R12).
    pub fn period(&self) -> Period {
        self.period
    }

    /// How many threads show its hours.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// How many connections times senders there are.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// Whether a connection and sender have any hour.
    pub(crate) fn has_hours(&self, key: usize) -> bool {
        self.metered[key / 64] & 1 << (key % 64) != 0
    }

    /// Shows every hour of every end that has a record in one of two meterings of a period and inventory, in the order of hours
    /// and ends: the bytes here and there, where there are any.
    ///
    /// # Errors
    ///
    /// As [`try_each`](Self::try_each).
    pub(crate) fn try_each_beside(
        &self,
        other: &Self,
        mut each: impl FnMut(EndIndex, Hour, Option<u128>, Option<u128>) -> Result<()>,
    ) -> Result<()> {
        debug_assert_eq!((self.period, self.keys), (other.period, other.keys), "they are of one month");
        let mut dense = DenseHour::new(self.keys);
        for index in 0..self.rows.0.len().max(other.rows.0.len()) {
            let hour = Hour::from_index(self.period.start.index() + index as i64);
            let mut ends: [Vec<(usize, u128)>; 2] = [Vec::new(), Vec::new()];
            for (usage, ends) in [self, other].into_iter().zip(&mut ends) {
                let Some(rows) = usage.rows.0.get(index).filter(|rows| !rows.is_empty()) else { continue };
                dense.read(hour, rows)?.try_each_key(|key, bytes| {
                    ends.push((key, bytes));
                    Ok(())
                })?;
            }
            let [mut here, mut there] = ends.map(|ends| ends.into_iter().peekable());
            while let Some(key) = here.peek().into_iter().chain(there.peek()).map(|(key, _)| *key).min() {
                let of = |ends: &mut std::iter::Peekable<std::vec::IntoIter<(usize, u128)>>| {
                    ends.next_if(|(own, _)| *own == key).map(|(_, bytes)| bytes)
                };
                let (own, others) = (of(&mut here), of(&mut there));
                each(EndIndex::from_index(key), hour, own, others)?;
            }
        }
        Ok(())
    }

    /// To collect some hours of the same period and inventory.
    pub(crate) fn collected(&self) -> Collected {
        let counters = vec![Counter::new(0, u32::MAX, false); self.keys / Sender::ALL.len()];
        let usage = Self::new(self.period, self.keys / Sender::ALL.len(), self.threads);
        Collected { usage, builder: HourlyBuilder::new(counters, None, Arc::default()) }
    }

    /// That of one end in one hour of `period`, of an inventory with so many connections.
    pub(crate) fn of_one(period: Period, connections: usize, end: EndIndex, hour: Hour, bytes: u128) -> Self {
        let mut usage = Self::new(period, connections, 1);
        let counters = vec![Counter::new(0, u32::MAX, false); connections];
        let mut builder = HourlyBuilder::new(counters, None, Arc::default());
        // OK because no period has 2^32 hours.
        builder.add_wide(end, (hour.index() - period.start.index()) as u32, bytes);
        usage.extend(builder.finish());
        usage
    }

    /// The bytes that an end sent in an hour; `None` where it has no record then.
    pub(crate) fn bytes_of(&self, end: EndIndex, hour: Hour) -> Result<Option<u128>> {
        let index = usize::try_from(hour.index() - self.period.start.index()).ok();
        let Some(rows) = index.and_then(|index| self.rows.0.get(index)) else { return Ok(None) };
        let mut found = None;
        DenseHour::new(self.keys).read(hour, rows)?.try_each_key(|key, bytes| {
            if key == end.index() {
                found = Some(bytes);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All metered hours, sorted by hour, connection and sender; [`try_each`](Self::try_each) needs less memory.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn metered_hours(&self) -> Result<Vec<MeteredHour>> {
        let parts = self.fold(Vec::new, |all: &mut Vec<MeteredHour>, row| {
            row.try_each(|cell| {
                all.push(cell);
                Ok(())
            })
        })?;
        let mut all = parts.concat();
        all.sort_by_key(|metered| (metered.hour, metered.connection, metered.sender));
        Ok(all)
    }

    /// Shows every hour that has a record to one of several folds, each of which sees its hours in order.
    ///
    /// `new` makes what a fold starts from, `each` adds an hour to it; there is a fold for each thread of the
    /// metering, and no more than the period has hours. Which fold sees which hour is open, so what they hold must
    /// add up in any order.
    ///
    /// # Errors
    ///
    /// What `each` returns, of several errors that of the earliest hour; [`Overflow`](crate::ErrorKind::Overflow)
    /// where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn fold<A: Send>(
        &self,
        new: impl Fn() -> A + Sync,
        each: impl Fn(&mut A, &HourRow<'_>) -> Result<()> + Sync,
    ) -> Result<Vec<A>> {
        let hours = self.rows.0.len();
        let next = AtomicUsize::new(0);
        let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let parts = run_on(self.threads.min(hours.max(1)), || {
            let mut state = new();
            let mut dense = DenseHour::new(self.keys);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(rows) = self.rows.0.get(index) else { return Ok(state) };
                if rows.is_empty() {
                    continue;
                }
                let hour = Hour::from_index(self.period.start.index() + index as i64);
                let shown = dense.read(hour, rows).and_then(|row| each(&mut state, &row));
                if let Err(error) = shown {
                    // The hours before this one are all under way: the error of the earliest is told.
                    next.store(hours, Ordering::Relaxed);
                    let mut first = first_error.lock().unwrap_or_else(PoisonError::into_inner);
                    if first.as_ref().is_none_or(|(other, _)| index < *other) {
                        *first = Some((index, error));
                    }
                    return Ok(state);
                }
            }
        })?;
        match first_error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => Ok(parts),
        }
    }

    /// Shows every hour that has a record, in order, on this thread.
    ///
    /// # Errors
    ///
    /// What `each` returns, which ends it; [`Overflow`](crate::ErrorKind::Overflow) where the bytes of a connection and
    /// sender in one hour exceed 2^128.
    pub fn try_each(&self, mut each: impl FnMut(&HourRow<'_>) -> Result<()>) -> Result<()> {
        let mut dense = DenseHour::new(self.keys);
        for (index, rows) in (0..).zip(&self.rows.0) {
            if !rows.is_empty() {
                let hour = Hour::from_index(self.period.start.index() + index);
                each(&dense.read(hour, rows)?)?;
            }
        }
        Ok(())
    }
}

/// Hours that are put together one by one.
pub(crate) struct Collected {
    usage: HourlyUsage,
    builder: HourlyBuilder,
}

impl Collected {
    /// Adds the bytes of an end in an hour of the period.
    pub fn add(&mut self, end: EndIndex, hour: Hour, bytes: u128) {
        // OK because no period has 2^32 hours.
        self.builder.add_wide(end, (hour.index() - self.usage.period.start.index()) as u32, bytes);
    }

    pub fn finish(mut self) -> HourlyUsage {
        self.usage.extend(self.builder.finish());
        self.usage
    }
}

/// The places of the bits that are set, rising.
fn ones(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(word, &bits)| {
        let mut bits = bits;
        std::iter::from_fn(move || {
            let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(word * 64 + bit)
        })
    })
}

fn or_into(words: &mut [u64], others: &[u64]) {
    for (word, other) in words.iter_mut().zip(others) {
        *word |= other;
    }
}

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
        let parts = self.fold(HourDigests::default, |digests, row| digest.add_row(digests, row))?;
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

/// Digests of the cells of some hours.
#[derive(Default)]
pub(crate) struct HourDigests {
    hours: Vec<(Hour, blake3::Hash)>,
    /// Room for the cells that are hashed next.
    cells: Vec<u8>,
}

/// Bytes of a cell.
const CELL: usize = size_of::<u32>() + size_of::<u128>();
/// As many bytes of cells as are hashed at once: a whole number of BLAKE3's chunks, small enough for the cache.
const HASHED_AT_ONCE: usize = 80 << 10;

impl<'a> UsageDigest<'a> {
    pub fn new(usage: &'a HourlyUsage, inventory: &'a Inventory) -> Self {
        let mut places = vec![0; usage.keys];
        for (place, key) in (0..).zip(ones(&usage.metered)) {
            places[key] = place;
        }
        Self { usage, inventory, places }
    }

    /// Adds an hour.
    pub fn add_row(&self, digests: &mut HourDigests, row: &HourRow<'_>) -> Result<()> {
        let HourDigests { hours, cells } = digests;
        let (mut hasher, mut filled) = (blake3::Hasher::new(), 0);
        cells.resize(HASHED_AT_ONCE + HourRow::MOST_RUN * CELL, 0);
        row.try_each_run(|keys, sums| {
            let own = cells[filled..].as_chunks_mut::<CELL>().0.iter_mut();
            let places = &self.places[keys.clone()];
            for ((cell, place), sum) in own.zip(places).zip(sums) {
                cell[..4].copy_from_slice(&place.to_le_bytes());
                cell[4..].copy_from_slice(&u128::from(*sum).to_le_bytes());
            }
            if row.is_wide() {
                let own = cells[filled..].as_chunks_mut::<CELL>().0.iter_mut();
                own.zip(keys)
                    .for_each(|(cell, key)| cell[12..].copy_from_slice(&row.high(key).to_le_bytes()));
            }
            filled += sums.len() * CELL;
            if filled >= HASHED_AT_ONCE {
                hasher.update(&cells[..HASHED_AT_ONCE]);
                cells.copy_within(HASHED_AT_ONCE..filled, 0);
                filled -= HASHED_AT_ONCE;
            }
            Ok(())
        })?;
        hasher.update(&cells[..filled]);
        hours.push((row.hour, hasher.finalize()));
        Ok(())
    }

    /// The digest of all hours, in hexadecimal.
    pub fn finish(&self, parts: impl IntoIterator<Item = HourDigests>) -> String {
        let mut hours: Vec<_> = parts.into_iter().flat_map(|digests| digests.hours).collect();
        hours.sort_unstable_by_key(|(hour, _)| *hour);
        let (mut hasher, mut ends) = (blake3::Hasher::new(), String::new());
        for key in ones(&self.usage.metered) {
            let end = EndIndex::from_index(key);
            let id = &self.inventory.connection(end.connection()).id;
            [&**id, ",", end.sender().as_str(), "\n"].into_iter().for_each(|text| ends.push_str(text));
            // Each by itself took 1,400 instructions.
            if ends.len() >= HASHED_AT_ONCE {
                hasher.update(ends.as_bytes());
                ends.clear();
            }
        }
        hasher.update(ends.as_bytes());
        for (hour, digest) in &hours {
            hasher.update(&hour.start().seconds().to_le_bytes());
            hasher.update(digest.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn rows_that_were_set_aside_stay_when_others_of_their_hour_become_one() {
        const ROUNDS: u128 = 12;
        let month = "2026-10".parse::<crate::model::time::BillingMonth>().unwrap();
        let period = month.period(crate::model::time::Offset::CHINA);
        let shelf = Arc::new(Shelf::default());
        let mut builder = HourlyBuilder::new(vec![Counter::new(0, 744, false); 3], None, shelf.clone());
        for round in 0..ROUNDS {
            // No room, and then room again, as there is once rows are given back.
            shelf.held.store(if round % 6 == 0 { u64::MAX / 2 } else { 0 }, Ordering::Relaxed);
            (0..6).for_each(|key| builder.add(EndIndex::from_index(key), 0, 1));
            builder.open(1);
        }
        let mut usage = HourlyUsage::new(period, 3, 1);
        usage.extend(builder.finish());
        let bytes: Vec<u128> = usage.metered_hours().unwrap().iter().map(|cell| cell.bytes).collect();
        assert_eq!(bytes, [ROUNDS; 6]);
    }

    #[test]
    fn the_digest_is_that_of_its_definition_for_more_cells_than_are_hashed_at_once() {
        const CONNECTIONS: usize = HASHED_AT_ONCE / CELL;
        let header =
            "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region\n";
        let row = |n| format!("pcc-{n:05},1,cn-beijing,2,cn-shanghai\n");
        let inventory =
            crate::inventory(&(header.to_owned() + &(0..CONNECTIONS).map(row).collect::<String>()), None)
                .unwrap();
        let month = "2026-10".parse::<crate::model::time::BillingMonth>().unwrap();
        let usage = HourlyUsage::new(month.period(crate::model::time::Offset::CHINA), CONNECTIONS, 2);
        let mut collected = usage.collected();
        // Whole runs, short ones and single keys, in one hour with a sum beyond 64 bits.
        let is_present = |hour: i64, key: usize| match hour {
            0 => true,
            1 => key % 7 < 6,
            _ => key.is_multiple_of(2),
        };
        let bytes = |hour: i64, key: usize| (key as u128) << if hour == 2 && key == 90 { 64 } else { 20 };
        let start = usage.period().start.index();
        let cells: Vec<(i64, usize)> = (0..3)
            .flat_map(|hour| (0..2 * CONNECTIONS).map(move |key| (hour, key)))
            .filter(|&(hour, key)| is_present(hour, key))
            .collect();
        for &(hour, key) in &cells {
            collected.add(EndIndex::from_index(key), Hour::from_index(start + hour), bytes(hour, key));
        }
        let mut whole: Vec<u8> = Vec::new();
        for n in 0..CONNECTIONS {
            whole.extend(format!("pcc-{n:05},requester\npcc-{n:05},accepter\n").as_bytes());
        }
        for hour in 0..3 {
            let of_hour = cells.iter().filter(|cell| cell.0 == hour);
            let of_cell = |&(hour, key): &(i64, usize)| {
                [&(key as u32).to_le_bytes()[..], &bytes(hour, key).to_le_bytes()[..]].concat()
            };
            whole.extend(((start + hour) * 3600).to_le_bytes());
            whole.extend(blake3::hash(&of_hour.flat_map(of_cell).collect::<Vec<u8>>()).as_bytes());
        }
        let digest = collected.finish().digest(&inventory).unwrap();
        assert_eq!(digest, blake3::hash(&whole).to_hex().to_string());
    }

    proptest! {
        #[test]
        fn cells_add_up_in_any_order_over_any_number_of_builders(
            records in prop::collection::vec((0usize..300, prop_oneof![0u32..744, 0u32..6], prop_oneof![any::<u64>().prop_map(u128::from), any::<u128>().prop_map(|bytes| bytes >> 16)], 0usize..3), 0..600),
            in_order: bool,
            with_table: bool,
        ) {
            let period = "2026-10".parse::<crate::model::time::BillingMonth>().unwrap()
                .period(crate::model::time::Offset::CHINA);
            let mut records = records;
            if in_order {
                records.sort_by_key(|record| record.1);
            }
            let table = HourTable::of(744, 300).filter(|_| with_table).map(Arc::new);
            let shelf = Arc::new(Shelf::default());
            let mut builders: Vec<HourlyBuilder> = (0..3).map(|_| HourlyBuilder::new(vec![Counter::new(0, 744, false); 150], table.clone(), shelf.clone())).collect();
            let mut expected: BTreeMap<(i64, usize), u128> = BTreeMap::new();
            for (key, hour, bytes, builder) in records {
                builders[builder].add_wide(EndIndex::from_index(key), hour, bytes);
                *expected.entry((period.start.index() + i64::from(hour), key)).or_default() += bytes;
            }
            let mut usage = HourlyUsage::new(period, 150, 2);
            builders.into_iter().for_each(|builder| usage.extend(builder.finish()));
            if let Some(table) = table.and_then(Arc::into_inner) {
                table.close(2, &shelf).unwrap().into_iter().for_each(|hours| usage.extend(hours));
            }
            let found: Vec<_> = usage.metered_hours().unwrap().into_iter()
                .map(|cell| ((cell.hour.index(), EndIndex::new(cell.connection, cell.sender).index()), cell.bytes)).collect();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
