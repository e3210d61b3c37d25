//! How the cells of an hour, the bytes of its keys, are encoded: about five bytes each.
//!
//! A cell is a control byte, the key's step from the one before where that is long, and as many bytes of the sum as it
//! has. The low half of the control byte is that number, the high half the step, or how many bytes of it follow. Cells
//! stand in the order of their keys; a key may stand several times, and its cells add up. A sum of 2^64 bytes and more
//! has a cell for the part below and one, of a low half of its own, for what is above.
//!
//! And what becomes such rows in the end: [`HourTable`], one table of all hours for all workers, which sums records whose hours
//! come in no order.

use super::shelf::{Row, Shelf};
use crate::{
    error::{Error, Result},
    model::{
        time::Hour,
        usage::{EndIndex, MeteredHour},
    },
    parallel::run_on,
};
use std::sync::{
    Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Bytes of a key in an hour, counted from the start of the period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// Hour, key, and whether the number counts 2^64 bytes each, as one number, by which cells are sorted.
    place: u64,
    number: u64,
}

impl Cell {
    /// OK unchecked: no period has 2^31 hours, and keys are below 2^32.
    pub fn new(hour: u32, key: usize, bytes: u64) -> Self {
        Self { place: u64::from(hour) << 33 | (key as u64) << 1, number: bytes }
    }

    /// So many times 2^64 bytes.
    pub fn high(hour: u32, key: usize, number: u64) -> Self {
        Self { place: Self::new(hour, key, 0).place | 1, number }
    }

    /// The cells of a sum: one, or one for each of its parts that is not 0.
    pub fn of(hour: u32, key: usize, bytes: u128) -> impl Iterator<Item = Self> {
        let (high, low) = ((bytes >> 64) as u64, bytes as u64);
        let low = (low != 0 || high == 0).then_some(Self::new(hour, key, low));
        low.into_iter().chain((high != 0).then_some(Self::high(hour, key, high)))
    }

    pub fn hour(&self) -> u32 {
        (self.place >> 33) as u32
    }

    pub fn key(&self) -> usize {
        (self.place >> 1) as u32 as usize
    }

    /// Bytes.
    pub fn bytes(&self) -> u128 {
        u128::from(self.number) << (64 * (self.place & 1))
    }

    /// By which cells are sorted.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Hour and key.
    fn end(&self) -> u64 {
        self.place >> 1
    }
}

/// Sorts cells by hour and key; those of one hour and key become one, or two for a sum of 2^64 bytes and more. Where it is
/// 2^128 and more there are more cells, whose sum is refused when the hour is read.
pub(super) fn sorted_and_summed(cells: &mut Vec<Cell>) -> &[Cell] {
    cells.sort_unstable_by_key(Cell::place);
    let (mut kept, mut at) = (0, 0);
    while let Some(&first) = cells.get(at) {
        let mut sum = first.bytes();
        at += 1;
        while let Some(added) = cells
            .get(at)
            .filter(|cell| cell.end() == first.end())
            .and_then(|cell| sum.checked_add(cell.bytes()))
        {
            sum = added;
            at += 1;
        }
        // OK because two of them come of two or more.
        for cell in Cell::of(first.hour(), first.key(), sum) {
            cells[kept] = cell;
            kept += 1;
        }
    }
    cells.truncate(kept);
    cells
}

/// Steps of this many bytes are told by these high halves.
const LONG_STEPS: [(u64, usize); 3] = [(13, 1), (14, 2), (15, 4)];
/// The shortest step that does not fit the high half itself.
const LONG_STEP: u64 = 13;
/// The low half of the control byte of a cell whose eight bytes count 2^64 bytes each.
const HIGH: usize = 9;
/// Bytes behind the last cell, so that every number can be read as eight bytes.
const SLACK: usize = 8;

/// Encodes cells of one hour, sorted by key.
pub(super) fn encoded(cells: &[Cell]) -> Vec<u8> {
    let mut row = RowWriter::new(cells.len());
    for cell in cells {
        row.push_cell(cell);
    }
    row.finish()
}

/// Shows all cells of what was encoded, in order: their keys and bytes.
#[inline]
pub(super) fn each_cell(cells: &[u8], mut each: impl FnMut(usize, u128) -> Result<()>) -> Result<()> {
    let (mut at, mut key) = (0, 0);
    while at + SLACK < cells.len() {
        let control = cells[at];
        at += 1;
        let (high, length) = (u64::from(control >> 4), usize::from(control & 15));
        let mut step = high;
        if high >= LONG_STEP {
            let (_, count) = LONG_STEPS[(high - LONG_STEP) as usize];
            step = number(cells, at, count);
            at += count;
        }
        key += step as usize;
        if length == HIGH {
            each(key, u128::from(number(cells, at, 8)) << 64)?;
            at += 8;
            continue;
        }
        each(key, u128::from(number(cells, at, length)))?;
        at += length;
    }
    Ok(())
}

/// The `count` (at most eight) bytes at `at` as a number.
#[inline]
fn number(cells: &[u8], at: usize, count: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&cells[at..at + 8]);
    if count == 0 { 0 } else { u64::from_le_bytes(eight) & (u64::MAX >> (64 - 8 * count)) }
}

/// Encodes cells whose keys do not fall.
pub(super) struct RowWriter {
    cells: Vec<u8>,
    key: usize,
}

impl RowWriter {
    pub fn new(cells: usize) -> Self {
        Self { cells: Vec::with_capacity(cells * 8 + SLACK), key: 0 }
    }

    #[inline]
    pub fn push(&mut self, key: usize, bytes: u64) {
        let length = 8 - bytes.leading_zeros() as usize / 8;
        self.control(key, length);
        self.number(bytes, length);
    }

    fn push_cell(&mut self, cell: &Cell) {
        if cell.place & 1 == 0 {
            return self.push(cell.key(), cell.number);
        }
        self.control(cell.key(), HIGH);
        self.number(cell.number, 8);
    }

    /// The control byte, and the step to the key where it is long.
    #[inline]
    fn control(&mut self, key: usize, length: usize) {
        let step = (key - self.key) as u64;
        self.key = key;
        if step < LONG_STEP {
            self.cells.push((step as u8) << 4 | length as u8);
        } else {
            // OK because keys are below 2^32.
            let fits = |&&(_, count): &&(u64, usize)| step < 1 << (8 * count);
            let (high, count) = LONG_STEPS.iter().find(|own| fits(own)).copied().unwrap_or((15, 4));
            self.cells.push((high as u8) << 4 | length as u8);
            self.number(step, count);
        }
    }

    /// Appends the low `count` bytes of a number.
    #[inline]
    fn number(&mut self, value: u64, count: usize) {
        self.cells.extend_from_slice(&value.to_le_bytes());
        self.cells.truncate(self.cells.len() - 8 + count);
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.cells.extend_from_slice(&[0; SLACK]);
        self.cells
    }
}

/// Rows by hour, counted from the start of the period.
#[derive(Debug, Clone, Default)]
pub(crate) struct HoursOfRows(pub(super) Vec<Vec<Row>>);

impl HoursOfRows {
    pub(super) fn of(&self, hour: u32) -> &[Row] {
        self.0.get(hour as usize).map_or(&[], |rows| rows)
    }

    pub(super) fn push(&mut self, hour: u32, row: Row) {
        let hour = hour as usize;
        if self.0.len() <= hour {
            self.0.resize_with(hour + 1, Vec::new);
        }
        self.0[hour].push(row);
    }

    /// Takes the rows of an hour out.
    pub(super) fn take(&mut self, hour: u32) -> Vec<Row> {
        self.0.get_mut(hour as usize).map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn append(&mut self, other: Self) {
        for (hour, rows) in (0..).zip(other.0) {
            rows.into_iter().for_each(|row| self.push(hour, row));
        }
    }
}

/// What one worker collected.
#[derive(Debug)]
pub(crate) struct ClosedHours {
    pub(super) rows: HoursOfRows,
    pub(super) metered: Vec<u64>,
}

impl ClosedHours {
    /// None yet, of so many ends.
    pub fn new(ends: usize) -> Self {
        Self { rows: HoursOfRows::default(), metered: vec![0; ends.div_ceil(64)] }
    }
}

/// So many sums, of eight bytes each, are the most that a table has.
const MOST_SUMS: usize = 1 << 25;

/// The sums of every end in every hour of a period, for all workers of a reading. An hour takes memory once it has a record.
#[derive(Debug)]
pub(crate) struct HourTable {
    ends: usize,
    /// By hour, the sums of its ends, and one more each where there is a record: 0 where there is none.
    hours: Vec<OnceLock<Box<[AtomicU64]>>>,
}

impl HourTable {
    /// That of so many hours and ends; `None` where it would have too many sums.
    pub fn of(hours: u64, ends: usize) -> Option<Self> {
        let hours = usize::try_from(hours).ok()?;
        let fits = hours.checked_mul(ends).is_some_and(|sums| sums <= MOST_SUMS);
        fits.then(|| Self { ends, hours: std::iter::repeat_with(OnceLock::new).take(hours).collect() })
    }

    /// Where a sum stands, to be looked at before it is added to.
    #[inline]
    pub fn near(&self, hour: u32, end: EndIndex) -> &AtomicU64 {
        let zeros = || std::iter::repeat_with(|| AtomicU64::new(0)).take(self.ends).collect();
        &self.hours[hour as usize].get_or_init(zeros)[end.index()]
    }

    /// Adds the bytes of a record to an hour; false where the sum has no room for them, and is as it was.
    #[inline]
    pub fn add(&self, hour: u32, end: EndIndex, bytes: u64) -> bool {
        let added = |sum: u64| sum.max(1).checked_add(bytes);
        self.near(hour, end).fetch_update(Ordering::Relaxed, Ordering::Relaxed, added).is_ok()
    }

    /// Its hours as rows. Each is given back as soon as it is one.
    pub fn close(self, threads: usize, shelf: &Shelf) -> Result<Vec<ClosedHours>> {
        let hours = Mutex::new((0..).zip(self.hours));
        let next = || hours.lock().unwrap_or_else(PoisonError::into_inner).next();
        run_on(threads, || {
            let mut closed = ClosedHours::new(self.ends);
            while let Some((hour, sums)) = next() {
                if let Some(cells) = sums.into_inner().and_then(|sums| encode(&sums, &mut closed)) {
                    closed.rows.push(hour, shelf.row(cells));
                }
            }
            Ok(closed)
        })
    }
}

/// The sums of an hour as those of a row, and notes which ends it has; `None` where it has none: it was looked at for records that were
/// not billed then.
fn encode(sums: &[AtomicU64], closed: &mut ClosedHours) -> Option<Vec<u8>> {
    let (mut row, mut any) = (RowWriter::new(sums.len()), false);
    for (key, sum) in sums.iter().enumerate() {
        if let Some(sum) = sum.load(Ordering::Relaxed).checked_sub(1) {
            closed.metered[key / 64] |= 1 << (key % 64);
            row.push(key, sum);
            any = true;
        }
    }
    any.then(|| row.finish())
}

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
    /// What rows are read into that are not held in memory.
    room: Vec<u8>,
}

impl DenseHour {
    pub fn new(keys: usize) -> Self {
        Self { sums: vec![0; keys], present: vec![0; keys.div_ceil(64)], room: Vec::new() }
    }

    /// Sums the rows of an hour.
    pub fn read(&mut self, hour: Hour, rows: &[Row]) -> Result<HourRow<'_>> {
        self.present.fill(0);
        let mut room = std::mem::take(&mut self.room);
        for row in rows {
            each_cell(row.cells(&mut room)?, |key, bytes| self.add(key, bytes))?;
        }
        self.room = room;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps() -> impl Strategy<Value = usize> {
        prop_oneof![
            0usize..20,
            240usize..270,
            65_500usize..65_600,
            Just(1 << 24),
            Just(u32::MAX as usize / 64)
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_again(
            steps in prop::collection::vec((steps(), any::<bool>(), prop_oneof![Just(0), any::<u64>(), 0u64..70_000]), 0..40),
        ) {
            let mut key = 0;
            let mut cells = Vec::new();
            for (step, high, number) in steps {
                key += step;
                cells.push(if high { Cell::high(743, key, number) } else { Cell::new(743, key, number) });
            }
            let mut found = Vec::new();
            each_cell(&encoded(&cells), |key, bytes| { found.push((key, bytes)); Ok(()) }).unwrap();
            let expected: Vec<(usize, u128)> = cells.iter().map(|cell| (cell.key(), cell.bytes())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn cells_of_a_key_become_one_or_two_of_the_same_sum(
            seen in prop::collection::vec((0u32..3, 0usize..3, any::<bool>(), prop_oneof![Just(0), any::<u64>(), 0u64..70]), 0..40),
        ) {
            let cell = |&(hour, key, high, number): &(u32, usize, bool, u64)| {
                if high { Cell::high(hour, key, number >> 8) } else { Cell::new(hour, key, number) }
            };
            let mut cells: Vec<Cell> = seen.iter().map(cell).collect();
            let sums = |cells: &[Cell]| {
                let mut sums = std::collections::BTreeMap::<_, u128>::new();
                cells.iter().for_each(|cell| *sums.entry((cell.hour(), cell.key())).or_default() += cell.bytes());
                sums
            };
            let expected = sums(&cells);
            let found = sorted_and_summed(&mut cells);
            prop_assert!(found.is_sorted_by(|a, b| a.place() < b.place()));
            prop_assert_eq!(sums(found), expected);
        }
    }
}
