//! How the cells of an hour, the bytes of its keys, are encoded: in four to five bytes each where most keys have one.
//!
//! Eight keys are a block: its step from the block before in a byte, or in bytes behind it where that is long; a byte with a bit for
//! each key that is present; half a byte for each of these, which says how many bytes the sum has, at least one; and these. So what
//! a cell needs is found without a look at the one before it. Blocks stand in the order of their keys; a key may stand in several,
//! and its cells add up. A sum of 2^64 bytes and more has a cell for the part below and one, of a length of its own, for what is above.
//!
//! And what becomes such rows in the end: [`HourTable`], one table of all hours for all workers, which sums records whose hours
//! come in no order.

use super::shelf::{Row, Shelf};
use crate::{
    error::{Error, Result},
    model::{
        time::Hour,
        usage::{EndIndex, MeteredHour, Sender},
    },
    parallel::run_on,
};
use std::{
    ops::Range,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
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

/// So many keys are a block.
const KEYS: usize = 8;
/// Steps between blocks that are told by a byte of their own, and in how many bytes they follow then.
const LONG_STEPS: [(u8, usize); 2] = [(254, 2), (255, 4)];
/// The shortest step that does not fit the byte itself.
const LONG_STEP: usize = 254;
/// The length of a number that counts 2^64 bytes each: it has eight bytes, and one that means nothing, so that its length tells it
/// from others.
const HIGH: u8 = 9;
/// Bytes behind the last block, so that every number can be read as eight bytes. What is in them means nothing.
const SLACK: usize = 8;
/// The most bytes that a block has.
const MOST_OF_BLOCK: usize = 5 + 1 + KEYS / 2 + KEYS * HIGH as usize;
/// By length: the bits of a number.
const BITS: [u64; 16] = {
    let mut bits = [u64::MAX; 16];
    let mut length = 0;
    while length < 8 {
        bits[length] = (1 << (8 * length)) - 1;
        length += 1;
    }
    bits
};

/// Cells of keys that follow one another, to be encoded: at most one each, in the order of keys.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    /// The first key, a multiple of [`KEYS`].
    pub first: usize,
    /// A bit for each key that is present.
    pub present: u8,
    /// A bit for each cell, not each key, whose number counts 2^64 bytes each.
    pub high: u8,
    /// The numbers of the cells; what stands behind them means nothing.
    pub numbers: [u64; KEYS],
}

impl Block {
    /// So many connections, of two ends each, are a block.
    pub const CONNECTIONS: usize = KEYS / Sender::ALL.len();

    /// That at a place among all, of the sums of its keys, of those that are present: those of at most
    /// [`CONNECTIONS`](Self::CONNECTIONS).
    #[inline(always)]
    pub fn of(place: usize, sums: impl Iterator<Item = [(bool, u64); 2]>) -> Self {
        let (mut block, mut cell) = (Self { first: place * KEYS, ..Self::default() }, 0);
        for (connection, [requester, accepter]) in sums.take(Self::CONNECTIONS).enumerate() {
            for (sender, (is_present, sum)) in [requester, accepter].into_iter().enumerate() {
                // Without a branch: what is not present is written over.
                block.numbers[cell % KEYS] = sum;
                block.present |= u8::from(is_present) << (2 * connection + sender);
                cell += usize::from(is_present);
            }
        }
        block
    }
}

/// A block that was encoded.
pub(super) struct Encoded<'a> {
    /// The first key, a multiple of [`KEYS`].
    first: usize,
    /// A bit for each key that is present.
    present: u8,
    /// By cell, a byte with its length.
    lengths: u64,
    /// By cell, a byte with where it begins.
    starts: u64,
    numbers: &'a [u8],
}

impl Encoded<'_> {
    #[inline]
    fn number(&self, cell: usize) -> u64 {
        let of_cell = |all: u64| usize::from((all >> (8 * cell)) as u8);
        eight(self.numbers, of_cell(self.starts)) & BITS[of_cell(self.lengths) % BITS.len()]
    }

    /// Whether any number counts 2^64 bytes each.
    #[inline]
    fn has_high(&self) -> bool {
        // That length alone has both bits.
        self.lengths & (self.lengths >> 3) & EACH != 0
    }

    /// Shows its cells.
    #[inline]
    fn each(&self, mut each: impl FnMut(usize, u128) -> Result<()>) -> Result<()> {
        let (mut present, mut cell) = (self.present, 0);
        while present != 0 {
            let key = self.first + present.trailing_zeros() as usize;
            let is_high = (self.lengths >> (8 * cell)) as u8 == HIGH;
            each(key, u128::from(self.number(cell)) << if is_high { 64 } else { 0 })?;
            present &= present - 1;
            cell += 1;
        }
        Ok(())
    }
}

/// How many cells a block has, most often all.
#[inline]
fn cells_of(present: u8) -> usize {
    if present == u8::MAX { KEYS } else { present.count_ones() as usize }
}

/// A one in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Shows all blocks of what was encoded, in order.
#[inline]
pub(super) fn each_block(cells: &[u8], mut each: impl FnMut(&Encoded<'_>) -> Result<()>) -> Result<()> {
    let (mut at, mut block) = (0, 0);
    while at + SLACK < cells.len() {
        let mut step = usize::from(cells[at]);
        at += 1;
        if step >= LONG_STEP {
            let count = LONG_STEPS[step - LONG_STEP].1;
            step = (eight(cells, at) & BITS[count]) as usize;
            at += count;
        }
        block += step;
        let present = cells[at];
        let count = cells_of(present);
        let lengths = bytes_of_halves(eight(cells, at + 1) as u32) & BITS[count];
        at += 1 + count.div_ceil(2);
        // No sum of eight lengths exceeds a byte.
        let ends = lengths.wrapping_mul(EACH);
        let (first, starts, numbers) = (block * KEYS, ends - lengths, &cells[at..]);
        each(&Encoded { first, present, lengths, starts, numbers })?;
        at += (ends >> 56) as usize;
    }
    Ok(())
}

/// The halves of four bytes as bytes of their own.
#[inline]
fn bytes_of_halves(halves: u32) -> u64 {
    let two = (u64::from(halves) | u64::from(halves) << 16) & 0x0000_FFFF_0000_FFFF;
    let four = (two | two << 8) & 0x00FF_00FF_00FF_00FF;
    (four | four << 4) & 0x0F0F_0F0F_0F0F_0F0F
}

/// The eight bytes at `at` as a number.
#[inline]
fn eight(cells: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&cells[at..at + 8]);
    u64::from_le_bytes(eight)
}

/// Shows all cells of what was encoded, in order: their keys and bytes.
pub(super) fn each_cell(cells: &[u8], mut each: impl FnMut(usize, u128) -> Result<()>) -> Result<()> {
    each_block(cells, |block| block.each(&mut each))
}

/// Encodes the cells of one hour after another, each in the order of keys.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    /// Room for what is encoded, of which so much is.
    cells: Vec<u8>,
    at: usize,
    /// The block before, counted in blocks.
    before: usize,
    /// Cells that are not encoded yet, and their number.
    block: Block,
    count: usize,
}

impl RowWriter {
    /// Adds a cell whose key is not below those before.
    #[inline]
    pub fn push(&mut self, key: usize, bytes: u64) {
        self.add(key, bytes, false);
    }

    #[inline]
    fn add(&mut self, key: usize, number: u64, is_high: bool) {
        let (first, bit) = (key / KEYS * KEYS, 1 << (key % KEYS));
        if first != self.block.first || self.block.present >= bit {
            self.flush();
            self.block.first = first;
        }
        self.block.present |= bit;
        self.block.high |= u8::from(is_high) << self.count;
        self.block.numbers[self.count] = number;
        self.count += 1;
    }

    fn push_cell(&mut self, cell: &Cell) {
        self.add(cell.key(), cell.number, cell.place & 1 == 1);
    }

    fn flush(&mut self) {
        if self.count > 0 {
            let block = std::mem::take(&mut self.block);
            self.count = 0;
            self.push_block(&block);
        }
    }

    /// Adds a block that is not below those before, and has a cell; no cell waits to be encoded.
    #[inline]
    pub fn push_block(&mut self, block: &Block) {
        debug_assert!(self.count == 0 && block.present != 0, "blocks are whole, and stand in their order");
        const ROOM: usize = MOST_OF_BLOCK + SLACK;
        if self.cells.len() < self.at + ROOM {
            self.cells.resize((2 * self.at).max(4096), 0);
        }
        let room = &mut self.cells[self.at..self.at + ROOM];
        let halves = step_to(room, block.first / KEYS - self.before) + 1;
        room[halves - 1] = block.present;
        let plain = |_: usize, number: u64| (number | 1).ilog2() / 8 + 1;
        let numbers = &block.numbers;
        // A loop of its own for each of what is most often so.
        let length = match (cells_of(block.present), block.high) {
            (KEYS, 0) => put(&mut room[halves..], numbers, plain),
            (count, 0) => put(&mut room[halves..], &numbers[..count], plain),
            (count, high) => put(&mut room[halves..], &numbers[..count], |cell, number| {
                if high >> cell & 1 == 1 { HIGH.into() } else { plain(cell, number) }
            }),
        };
        self.before = block.first / KEYS;
        self.at += halves + length;
    }

    /// Encodes cells of one hour, sorted by key.
    pub fn encoded(&mut self, cells: &[Cell]) -> &[u8] {
        cells.iter().for_each(|cell| self.push_cell(cell));
        self.row()
    }

    /// What was encoded since this was asked last.
    pub fn row(&mut self) -> &[u8] {
        self.flush();
        let length = self.at + if self.at > 0 { SLACK } else { 0 };
        (self.at, self.before) = (0, 0);
        &self.cells[..length]
    }
}

/// Writes the lengths of numbers, then these; returns how many bytes that took.
#[inline(always)]
fn put(room: &mut [u8], numbers: &[u64], length: impl Fn(usize, u64) -> u32) -> usize {
    let halves = numbers.len().div_ceil(2);
    let (mut at, mut lengths) = (halves, 0_u32);
    for (cell, &number) in numbers.iter().enumerate() {
        let length = length(cell, number);
        lengths |= length << (4 * cell);
        room[at..at + 8].copy_from_slice(&number.to_le_bytes());
        at += length as usize;
    }
    room[..halves].copy_from_slice(&lengths.to_le_bytes()[..halves]);
    at
}

/// Writes a step between blocks; returns how many bytes that took.
#[inline]
fn step_to(room: &mut [u8], step: usize) -> usize {
    let (told, count) = match step {
        0..LONG_STEP => (step as u8, 0),
        LONG_STEP..=0xFFFF => LONG_STEPS[0],
        // OK because keys are below 2^32.
        _ => LONG_STEPS[1],
    };
    room[0] = told;
    if count > 0 {
        room[1..9].copy_from_slice(&(step as u64).to_le_bytes());
    }
    1 + count
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
            let (mut closed, mut writer) = (ClosedHours::new(self.ends), RowWriter::default());
            while let Some((hour, sums)) = next() {
                let Some(sums) = sums.into_inner() else { continue };
                encode(&sums, &mut closed, &mut writer);
                let cells = writer.row();
                // An hour has none that was looked at for records that were not billed then.
                if !cells.is_empty() {
                    closed.rows.push(hour, shelf.row(cells));
                }
            }
            Ok(closed)
        })
    }
}

/// Encodes the sums of an hour, and notes which ends it has.
fn encode(sums: &[AtomicU64], closed: &mut ClosedHours, writer: &mut RowWriter) {
    for (key, sum) in sums.iter().enumerate() {
        if let Some(sum) = sum.load(Ordering::Relaxed).checked_sub(1) {
            closed.metered[key / 64] |= 1 << (key % 64);
            writer.push(key, sum);
        }
    }
}

/// The metered cells of one hour, as [`HourlyUsage::fold`](super::HourlyUsage::fold) and
/// [`HourlyUsage::try_each`](super::HourlyUsage::try_each) show them.
#[derive(Debug)]
pub struct HourRow<'a> {
    /// The hour, in UTC (R6).
    pub hour: Hour,
    sums: &'a [u64],
    /// What each sum has beyond 64 bits; empty where none has any.
    highs: &'a [u64],
    present: &'a [u64],
}

impl HourRow<'_> {
    /// So many keys are a run at most, and the keys of each lie between two multiples of it.
    pub(crate) const MOST_RUN: usize = 64;
    /// Shorter ones are not worth a loop that looks at several keys at once.
    pub(crate) const LONG_RUN: usize = 4;

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
        self.try_each_run(|keys, sums| {
            keys.zip(sums).try_for_each(|(key, &sum)| each(key, wide(sum, self.high(key))))
        })
    }

    /// What the bytes of a key have beyond 64 bits.
    pub(crate) fn high(&self, key: usize) -> u64 {
        self.highs.get(key).copied().unwrap_or(0)
    }

    /// Whether any of its sums has more than 64 bits.
    pub(crate) fn is_wide(&self) -> bool {
        !self.highs.is_empty()
    }

    /// As [`HourRow::try_each`], by keys that follow one another, both of a connection at once where both are there: with the
    /// low 64 bits of their bytes.
    #[inline]
    pub(crate) fn try_each_run(
        &self,
        mut each: impl FnMut(Range<usize>, &[u64]) -> Result<()>,
    ) -> Result<()> {
        for (word, &bits) in self.present.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let (skipped, length) =
                    (bits.trailing_zeros(), (bits >> bits.trailing_zeros()).trailing_ones());
                let first = word * 64 + skipped as usize;
                let keys = first..first + length as usize;
                // Up to the end of the run.
                bits &= u64::MAX.checked_shl(skipped + length).unwrap_or(0);
                each(keys.clone(), &self.sums[keys])?;
            }
        }
        Ok(())
    }
}

/// A sum of these parts.
fn wide(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// Sums of all keys in one hour.
pub(super) struct DenseHour {
    sums: Vec<u64>,
    /// What they have beyond 64 bits: of no hour yet while it is empty.
    highs: Vec<u64>,
    /// Whether any sum of this hour has something there.
    is_wide: bool,
    /// By key, as bits; what stands in `sums` for other keys means nothing.
    present: Vec<u64>,
    /// What rows are read into that are not held in memory.
    room: Vec<u8>,
}

impl DenseHour {
    pub fn new(keys: usize) -> Self {
        let present = vec![0; keys.div_ceil(64)];
        Self { sums: vec![0; keys], highs: Vec::new(), is_wide: false, present, room: Vec::new() }
    }

    /// Sums the rows of an hour.
    pub fn read(&mut self, hour: Hour, rows: &[Row]) -> Result<HourRow<'_>> {
        self.present.fill(0);
        self.is_wide = false;
        let mut room = std::mem::take(&mut self.room);
        for row in rows {
            each_block(row.cells(&mut room)?, |block| self.add(block))?;
        }
        self.room = room;
        let highs = if self.is_wide { &self.highs[..] } else { &[] };
        Ok(HourRow { hour, sums: &self.sums, highs, present: &self.present })
    }

    #[inline]
    fn add(&mut self, block: &Encoded<'_>) -> Result<()> {
        let word = &mut self.present[block.first / 64];
        let bits = u64::from(block.present) << (block.first % 64);
        if *word & bits != 0 || block.has_high() {
            return block.each(|key, bytes| self.add_to(key, bytes));
        }
        *word |= bits;
        if block.present == u8::MAX {
            let sums = &mut self.sums[block.first..block.first + KEYS];
            sums.iter_mut().enumerate().for_each(|(cell, sum)| *sum = block.number(cell));
            return Ok(());
        }
        block.each(|key, bytes| {
            self.sums[key] = bytes as u64;
            Ok(())
        })
    }

    /// Adds to the sum of a key.
    #[cold]
    fn add_to(&mut self, key: usize, bytes: u128) -> Result<()> {
        let (word, bit) = (&mut self.present[key / 64], 1 << (key % 64));
        let before = match *word & bit {
            0 => 0,
            _ => wide(self.sums[key], if self.is_wide { self.highs[key] } else { 0 }),
        };
        *word |= bit;
        let added = before.checked_add(bytes);
        let sum = added.ok_or_else(|| Error::overflow("the bytes of an hour exceed 2^128"))?;
        self.sums[key] = sum as u64;
        let high = (sum >> 64) as u64;
        if high != 0 && !self.is_wide {
            self.is_wide = true;
            self.highs.clear();
            self.highs.resize(self.sums.len(), 0);
        }
        if self.is_wide {
            self.highs[key] = high;
        }
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
            // Steps between blocks on both sides of those that fit one byte and two.
            KEYS * 252..KEYS * 257,
            KEYS * 65_534..KEYS * 65_538,
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
            let mut writer = RowWriter::default();
            writer.push(7, 7);
            writer.row();
            each_cell(writer.encoded(&cells), |key, bytes| { found.push((key, bytes)); Ok(()) }).unwrap();
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
