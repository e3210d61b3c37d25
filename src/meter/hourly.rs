//! Bytes by connection, sender and hour, held compactly: about 6 bytes for an hour of one end.
//!
//! Sums are collected in segments. A row segment holds one hour of many keys, as traffic in time order
//! makes them; a log segment holds cells in the order in which they came, as traffic sorted by connection
//! does. Cells of one key and hour may stand in several segments: they add up when the hours are read.
//! Reading goes by windows of hours, in parallel.

use crate::{
    error::{Error, Result},
    model::{
        connection::Inventory,
        time::{Hour, Period},
        usage::{MeteredHour, Sender},
    },
};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Rows that a builder keeps open; records rarely stray over more hours than that.
const OPEN_ROWS: usize = 4;
/// A row with no more cells than this is logged when it is closed.
const LOGGED_CELLS: usize = 16;
/// Bytes after which a log segment is closed, so that a window can pass over it.
const LOG_SEGMENT: usize = 1 << 18;
/// Memory of a window of hours while they are read: small enough to stay in the cache, and where there are
/// many logs, which must be read again for every window, large.
const WINDOW_BYTES: usize = 256 << 10;
const WINDOW_BYTES_WITH_LOGS: usize = 16 << 20;

/// A connection and sender as one number.
pub(crate) fn key_of(connection: usize, sender: Sender) -> usize {
    connection * Sender::ALL.len() + sender as usize
}

/// Bytes of every connection and sender in every hour that has a record.
#[derive(Debug, Clone)]
pub struct HourlyUsage {
    period: Period,
    keys: usize,
    threads: usize,
    segments: Vec<Segment>,
    /// By key, as bits: whether it has any hour.
    metered: Vec<u64>,
}

/// Encoded cells whose hours lie in `first..=last`.
#[derive(Debug, Clone)]
struct Segment {
    first: u32,
    last: u32,
    shape: Shape,
    cells: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One hour, keys rising: the step is the key's distance to the one before.
    Row,
    /// Any order: the step tells the key's distance, either way, and whether the hour is not the one after that of
    /// the cell before; it then stands behind the cell, in two bytes.
    Log,
}

/// The metered cells of one hour.
#[derive(Debug)]
pub struct HourRow<'a> {
    /// The hour.
    pub hour: Hour,
    sums: &'a [u128],
    present: &'a [u64],
}

impl HourRow<'_> {
    /// Shows connections and senders with a record in this hour, in order, with their bytes.
    pub fn try_each(&self, mut each: impl FnMut(MeteredHour) -> Result<()>) -> Result<()> {
        self.try_each_key(|key, bytes| {
            each(MeteredHour {
                connection: key / Sender::ALL.len(),
                sender: Sender::ALL[key % Sender::ALL.len()],
                hour: self.hour,
                bytes,
            })
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

impl HourlyUsage {
    pub(super) fn new(period: Period, connections: usize, threads: usize) -> Self {
        let keys = connections * Sender::ALL.len();
        let metered = vec![0; keys.div_ceil(64)];
        Self { period, keys, threads: threads.max(1), segments: Vec::new(), metered }
    }

    pub(super) fn extend(&mut self, builder: HourlyBuilder) {
        let (segments, metered) = builder.finish();
        self.segments.extend(segments);
        or_into(&mut self.metered, &metered);
    }

    /// The billing period that the hours lie in.
    pub fn period(&self) -> Period {
        self.period
    }

    /// How many connections times senders there are.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// All metered hours, by hour, connection and sender.
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
    /// Which fold sees which hour is open, so what they hold must add up in any order.
    pub fn fold<A: Send>(
        &self,
        new: impl Fn() -> A + Sync,
        each: impl Fn(&mut A, &HourRow<'_>) -> Result<()> + Sync,
    ) -> Result<Vec<A>> {
        let hours = self.period.hours() as usize;
        let width = (self.window_bytes() / (self.keys.max(1) * size_of::<u128>())).clamp(1, hours.max(1));
        let windows = hours.div_ceil(width);
        let next = AtomicUsize::new(0);
        let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let parts = run_on(self.threads.min(windows.max(1)), || {
            let mut state = new();
            let mut window = Window::new(self.keys, width);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= windows {
                    return Ok(state);
                }
                let read = window.read(&self.segments, (index * width) as u32);
                let shown = read.and_then(|()| window.show(self.period, &mut |row| each(&mut state, row)));
                if let Err(error) = shown {
                    // The windows before this one are all under way: the error of the earliest is told.
                    next.store(windows, Ordering::Relaxed);
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

    fn window_bytes(&self) -> usize {
        let bytes = |shape| {
            let own = self.segments.iter().filter(|segment| segment.shape == shape);
            own.map(|segment| segment.cells.len()).sum::<usize>()
        };
        if bytes(Shape::Log) * 8 > bytes(Shape::Row) { WINDOW_BYTES_WITH_LOGS } else { WINDOW_BYTES }
    }

    /// A digest over the metered hours, as [`UsageDigest`] defines it.
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
            let connection = self.inventory.connection(key / Sender::ALL.len());
            let sender = Sender::ALL[key % Sender::ALL.len()];
            hasher.update(format!("{},{sender}\n", connection.id).as_bytes());
        }
        for (hour, digest) in &hours {
            hasher.update(&hour.start().seconds().to_le_bytes());
            hasher.update(digest.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
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

/// Runs `work` on so many threads, this one among them, and collects what they return.
pub(super) fn run_on<A: Send>(threads: usize, work: impl Fn() -> Result<A> + Sync) -> Result<Vec<A>> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let mut results = vec![work()];
        for other in others {
            results.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results.into_iter().collect()
    })
}

/// Some consecutive hours of all keys, as they are read.
struct Window {
    keys: usize,
    words: usize,
    width: usize,
    first: u32,
    sums: Vec<u128>,
    present: Vec<u64>,
}

impl Window {
    fn new(keys: usize, width: usize) -> Self {
        let words = keys.div_ceil(64);
        Self { keys, words, width, first: 0, sums: vec![0; keys * width], present: vec![0; words * width] }
    }

    fn read(&mut self, segments: &[Segment], first: u32) -> Result<()> {
        self.first = first;
        self.present.fill(0);
        let end = first + self.width as u32;
        for segment in segments.iter().filter(|segment| segment.first < end && segment.last >= first) {
            let mut cells = Cells { bytes: &segment.cells, at: 0 };
            match segment.shape {
                Shape::Row => cells.each_of_row(|key, bytes| self.add(segment.first, key, bytes))?,
                Shape::Log => cells.each_of_log(|hour, key, bytes| self.add(hour, key, bytes))?,
            }
        }
        Ok(())
    }

    fn add(&mut self, hour: u32, key: usize, bytes: u64) -> Result<()> {
        // An hour before the window wraps to a large number.
        let offset = hour.wrapping_sub(self.first) as usize;
        if offset >= self.width {
            return Ok(());
        }
        let sum = &mut self.sums[offset * self.keys + key];
        let (word, bit) = (&mut self.present[offset * self.words + key / 64], 1 << (key % 64));
        if *word & bit == 0 {
            *word |= bit;
            *sum = u128::from(bytes);
        } else {
            *sum = sum
                .checked_add(u128::from(bytes))
                .ok_or_else(|| Error::overflow("the bytes of an hour exceed 2^128"))?;
        }
        Ok(())
    }

    fn show(&self, period: Period, each: &mut dyn FnMut(&HourRow<'_>) -> Result<()>) -> Result<()> {
        for offset in 0..self.width {
            let present = &self.present[offset * self.words..][..self.words];
            if present.iter().all(|&word| word == 0) {
                continue;
            }
            let hour = Hour::from_index(period.start.index() + i64::from(self.first) + offset as i64);
            each(&HourRow { hour, sums: &self.sums[offset * self.keys..][..self.keys], present })?;
        }
        Ok(())
    }
}

/// The high half of a cell's control byte where the step stands behind it, in four bytes.
const LONG_STEP: u64 = 15;
/// Bytes behind the last cell, so that every number can be read as eight bytes.
const SLACK: usize = 8;

/// Reads encoded cells: a control byte, the step where it is long, and as many bytes of the sum as it has.
///
/// The low half of the control byte is the number of bytes of the sum, the high half the step or [`LONG_STEP`].
struct Cells<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cells<'_> {
    fn is_at_end(&self) -> bool {
        self.at + SLACK >= self.bytes.len()
    }

    /// The next `count` (at most eight) bytes as a number.
    #[inline]
    fn number(&mut self, count: usize) -> u64 {
        let mut eight = [0; 8];
        eight.copy_from_slice(&self.bytes[self.at..self.at + 8]);
        self.at += count;
        if count == 0 { 0 } else { u64::from_le_bytes(eight) & (u64::MAX >> (64 - 8 * count)) }
    }

    /// The next cell's step and sum.
    #[inline]
    fn cell(&mut self) -> (u64, u64) {
        let control = self.bytes[self.at];
        self.at += 1;
        let mut step = u64::from(control >> 4);
        if step == LONG_STEP {
            step = self.number(4);
        }
        (step, self.number(usize::from(control & 15)))
    }

    #[inline]
    fn each_of_row(&mut self, mut each: impl FnMut(usize, u64) -> Result<()>) -> Result<()> {
        let mut key = 0;
        while !self.is_at_end() {
            let (step, bytes) = self.cell();
            key += step as usize;
            each(key, bytes)?;
        }
        Ok(())
    }

    #[inline]
    fn each_of_log(&mut self, mut each: impl FnMut(u32, usize, u64) -> Result<()>) -> Result<()> {
        let (mut key, mut hour) = (0, 0);
        while !self.is_at_end() {
            let (step, bytes) = self.cell();
            key += unzigzag(step >> 1);
            hour = if step & 1 == 0 { hour + 1 } else { self.number(2) as u32 };
            each(hour, key as usize, bytes)?;
        }
        Ok(())
    }
}

/// Appends the low `count` bytes of a number.
#[inline]
fn push(cells: &mut Vec<u8>, value: u64, count: usize) {
    cells.extend_from_slice(&value.to_le_bytes());
    cells.truncate(cells.len() - 8 + count);
}

/// Appends a cell.
#[inline]
fn push_cell(cells: &mut Vec<u8>, step: u64, bytes: u64) {
    let length = 8 - bytes.leading_zeros() as usize / 8;
    cells.push((step.min(LONG_STEP) as u8) << 4 | length as u8);
    if step >= LONG_STEP {
        push(cells, step, 4);
    }
    push(cells, bytes, length);
}

fn sealed(mut cells: Vec<u8>) -> Box<[u8]> {
    cells.extend_from_slice(&[0; SLACK]);
    cells.into_boxed_slice()
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// One hour of all keys that is still being added to.
#[derive(Debug)]
struct OpenRow {
    hour: Option<u32>,
    sums: Vec<u64>,
    present: Vec<u64>,
    /// The keys that are present, while they are few.
    few: Vec<u32>,
    count: usize,
}

/// Collects sums for one worker.
#[derive(Debug)]
pub(super) struct HourlyBuilder {
    rows: [OpenRow; OPEN_ROWS],
    segments: Vec<Segment>,
    log: Log,
    /// By key, as bits: whether it has any hour in a row that was closed.
    metered: Vec<u64>,
}

/// The log segment that is being written.
#[derive(Debug, Default)]
struct Log {
    cells: Vec<u8>,
    key: i64,
    hour: u32,
    first: u32,
    last: u32,
}

impl HourlyBuilder {
    pub fn new(connections: usize) -> Self {
        let keys = connections * Sender::ALL.len();
        let row = || OpenRow {
            hour: None,
            sums: vec![0; keys],
            present: vec![0; keys.div_ceil(64)],
            few: Vec::new(),
            count: 0,
        };
        let metered = vec![0; keys.div_ceil(64)];
        Self { rows: std::array::from_fn(|_| row()), segments: Vec::new(), log: Log::default(), metered }
    }

    /// Adds a record's bytes to an hour, counted from the start of the period.
    #[inline]
    pub fn add(&mut self, key: usize, hour: u32, bytes: u64) {
        let slot = self.row_of(hour);
        if let Some(full) = self.rows[slot].add(key, bytes) {
            self.log_cell(key, hour, full);
        }
    }

    /// Adds the bytes of several records to one hour.
    #[cfg(feature = "parquet")]
    pub fn add_all(&mut self, hour: u32, keys: &[u32], bytes: &[u64]) {
        let slot = self.row_of(hour);
        let row = &mut self.rows[slot];
        let mut full = Vec::new();
        for (&key, &bytes) in keys.iter().zip(bytes) {
            if let Some(cell) = row.add(key as usize, bytes) {
                full.push((key as usize, cell));
            }
        }
        for (key, cell) in full {
            self.log_cell(key, hour, cell);
        }
    }

    /// The place of an hour's row, which is open then.
    #[inline]
    fn row_of(&mut self, hour: u32) -> usize {
        let slot = hour as usize % OPEN_ROWS;
        if self.rows[slot].hour != Some(hour) {
            self.open(slot, hour);
        }
        slot
    }

    #[cold]
    fn open(&mut self, slot: usize, hour: u32) {
        self.close(slot);
        self.rows[slot].hour = Some(hour);
    }

    fn close(&mut self, slot: usize) {
        let Some(hour) = self.rows[slot].hour.take() else { return };
        let mut row = std::mem::replace(
            &mut self.rows[slot],
            OpenRow { hour: None, sums: Vec::new(), present: Vec::new(), few: Vec::new(), count: 0 },
        );
        if row.count <= LOGGED_CELLS {
            for &key in &row.few {
                self.log_cell(key as usize, hour, row.sums[key as usize]);
                self.metered[key as usize / 64] |= row.present[key as usize / 64];
            }
            for &key in &row.few {
                row.present[key as usize / 64] = 0;
            }
        } else {
            or_into(&mut self.metered, &row.present);
            self.segments.push(row.encode(hour));
            row.present.fill(0);
        }
        row.few.clear();
        row.count = 0;
        self.rows[slot] = row;
    }

    fn log_cell(&mut self, key: usize, hour: u32, bytes: u64) {
        let log = &mut self.log;
        if log.cells.is_empty() {
            (log.key, log.hour, log.first, log.last) = (0, 0, hour, hour);
        }
        let next_hour = hour == log.hour + 1;
        let step = zigzag(key as i64 - log.key) << 1 | u64::from(!next_hour);
        push_cell(&mut log.cells, step, bytes);
        if !next_hour {
            push(&mut log.cells, u64::from(hour), 2);
        }
        (log.key, log.hour) = (key as i64, hour);
        (log.first, log.last) = (log.first.min(hour), log.last.max(hour));
        if log.cells.len() >= LOG_SEGMENT {
            self.close_log();
        }
    }

    fn close_log(&mut self) {
        let log = std::mem::take(&mut self.log);
        if !log.cells.is_empty() {
            let cells = sealed(log.cells);
            self.segments.push(Segment { first: log.first, last: log.last, shape: Shape::Log, cells });
        }
    }

    fn finish(mut self) -> (Vec<Segment>, Vec<u64>) {
        for slot in 0..OPEN_ROWS {
            self.close(slot);
        }
        self.close_log();
        (self.segments, self.metered)
    }
}

impl OpenRow {
    /// Adds to a key's sum; returns what the cell held where it is full, and begins a new one.
    #[inline]
    fn add(&mut self, key: usize, bytes: u64) -> Option<u64> {
        let (word, bit) = (&mut self.present[key / 64], 1 << (key % 64));
        if *word & bit == 0 {
            *word |= bit;
            self.sums[key] = bytes;
            if self.count < LOGGED_CELLS {
                self.few.push(key as u32);
            }
            self.count += 1;
            return None;
        }
        match self.sums[key].checked_add(bytes) {
            Some(sum) => {
                self.sums[key] = sum;
                None
            }
            None => Some(std::mem::replace(&mut self.sums[key], bytes)),
        }
    }

    fn encode(&self, hour: u32) -> Segment {
        let mut cells = Vec::with_capacity(self.count * 8);
        let mut before = 0;
        for (word, &bits) in self.present.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let key = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                push_cell(&mut cells, (key - before) as u64, self.sums[key]);
                before = key;
            }
        }
        Segment { first: hour, last: hour, shape: Shape::Row, cells: sealed(cells) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn cells_add_up_in_any_order_over_any_number_of_builders(
            records in prop::collection::vec((0usize..300, 0u32..744, any::<u64>(), 0usize..3), 0..400),
            in_order: bool,
        ) {
            let period = "2026-10".parse::<crate::model::time::BillingMonth>().unwrap()
                .period(crate::model::time::Offset::CHINA);
            let mut records = records;
            if in_order {
                records.sort_by_key(|record| record.1);
            }
            let mut builders: Vec<HourlyBuilder> = (0..3).map(|_| HourlyBuilder::new(150)).collect();
            let mut expected: BTreeMap<(i64, usize), u128> = BTreeMap::new();
            for (key, hour, bytes, builder) in records {
                builders[builder].add(key, hour, bytes);
                *expected.entry((period.start.index() + i64::from(hour), key)).or_default() += u128::from(bytes);
            }
            let mut usage = HourlyUsage::new(period, 150, 2);
            builders.into_iter().for_each(|builder| usage.extend(builder));
            let found: Vec<_> = usage.metered_hours().unwrap().into_iter()
                .map(|cell| ((cell.hour.index(), key_of(cell.connection, cell.sender)), cell.bytes)).collect();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
