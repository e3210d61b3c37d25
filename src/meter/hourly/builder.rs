//! How hours are collected while records are read.

use super::{
    HoursOfRows,
    cells::{Cell, Row, RowWriter},
    or_into,
};
use crate::model::usage::Sender;

/// Hours that a builder keeps open; records in time order rarely stray over more.
const OPEN_HOURS: usize = 4;
/// An hour with no more cells than this is logged when it is closed: traffic that is not in time order.
const LOGGED_CELLS: usize = 16;
/// So many logged cells, of 16 bytes each, are sorted and encoded. Tests get there with few.
const LOG: usize = if cfg!(test) { 32 } else { 1 << 18 };
/// So many rows of one hour become one.
const MOST_ROWS: usize = if cfg!(test) { 3 } else { 8 };

/// One hour of all keys that is still being added to.
#[derive(Debug)]
struct OpenHour {
    hour: Option<u32>,
    /// By key, as bits: whether it has a sum.
    present: Vec<u64>,
    /// The keys that are present, while they are few.
    few: Vec<u32>,
    count: usize,
}

impl OpenHour {
    fn new(keys: usize) -> Self {
        Self { hour: None, present: vec![0; keys.div_ceil(64)], few: Vec::new(), count: 0 }
    }
}

/// Collects sums for one worker.
#[derive(Debug)]
pub(in crate::meter) struct HourlyBuilder {
    keys: usize,
    open: [OpenHour; OPEN_HOURS],
    /// Of all open hours, by key; one piece of memory, which is given back as a whole.
    sums: Vec<u64>,
    rows: HoursOfRows,
    /// Cells in the order in which they came.
    log: Vec<Cell>,
    /// By key, as bits: whether it has any hour that was closed.
    metered: Vec<u64>,
}

impl HourlyBuilder {
    pub fn new(connections: usize) -> Self {
        let keys = connections * Sender::ALL.len();
        Self {
            keys,
            open: std::array::from_fn(|_| OpenHour::new(keys)),
            sums: vec![0; OPEN_HOURS * keys],
            rows: HoursOfRows::default(),
            log: Vec::new(),
            metered: vec![0; keys.div_ceil(64)],
        }
    }

    /// Adds a record's bytes to an hour, counted from the start of the period.
    #[inline]
    pub fn add(&mut self, key: usize, hour: u32, bytes: u64) {
        let slot = self.slot_of(hour);
        let sum = &mut self.sums[slot * self.keys + key];
        if let Some(full) = self.open[slot].add(sum, key, bytes) {
            self.log_cell(Cell::new(hour, key, full));
        }
    }

    /// Adds more bytes than a record holds.
    pub fn add_wide(&mut self, key: usize, hour: u32, bytes: u128) {
        let mut rest = bytes;
        loop {
            let part = u64::try_from(rest).unwrap_or(u64::MAX);
            self.add(key, hour, part);
            rest -= u128::from(part);
            if rest == 0 {
                return;
            }
        }
    }

    /// Adds the bytes of several records to one hour.
    #[cfg(feature = "parquet")]
    pub fn add_all(&mut self, hour: u32, keys: &[u32], bytes: &[u64]) {
        let slot = self.slot_of(hour);
        let (open, sums) = (&mut self.open[slot], &mut self.sums[slot * self.keys..][..self.keys]);
        let mut full = Vec::new();
        for (&key, &bytes) in keys.iter().zip(bytes) {
            let key = key as usize;
            full.extend(open.add(&mut sums[key], key, bytes).map(|cell| Cell::new(hour, key, cell)));
        }
        full.into_iter().for_each(|cell| self.log_cell(cell));
    }

    /// The place of an hour, which is open then.
    #[inline]
    fn slot_of(&mut self, hour: u32) -> usize {
        let slot = hour as usize % OPEN_HOURS;
        if self.open[slot].hour != Some(hour) {
            self.open_hour(slot, hour);
        }
        slot
    }

    #[cold]
    fn open_hour(&mut self, slot: usize, hour: u32) {
        self.close(slot);
        self.open[slot].hour = Some(hour);
    }

    fn close(&mut self, slot: usize) {
        let Some(hour) = self.open[slot].hour.take() else { return };
        let first = slot * self.keys;
        if self.open[slot].count > LOGGED_CELLS {
            let open = &mut self.open[slot];
            or_into(&mut self.metered, &open.present);
            let row = open.encode(&self.sums[first..first + self.keys]);
            self.rows.push(hour, row);
            self.merge_rows(hour);
        } else {
            for index in 0..self.open[slot].count {
                let open = &mut self.open[slot];
                let key = open.few[index] as usize;
                open.present[key / 64] &= !(1 << (key % 64));
                self.metered[key / 64] |= 1 << (key % 64);
                let cell = Cell::new(hour, key, self.sums[first + key]);
                self.log_cell(cell);
            }
        }
        let open = &mut self.open[slot];
        open.few.clear();
        open.count = 0;
    }

    fn log_cell(&mut self, cell: Cell) {
        self.log.push(cell);
        if self.log.len() >= LOG {
            self.encode_log();
        }
    }

    /// Makes a row of every hour of the log.
    fn encode_log(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        for cells in sorted_and_summed(&mut log).chunk_by(|a, b| a.hour() == b.hour()) {
            self.rows.push(cells[0].hour(), Row::of(cells));
            self.merge_rows(cells[0].hour());
        }
        log.clear();
        self.log = log;
    }

    /// Makes one row of an hour's many.
    fn merge_rows(&mut self, hour: u32) {
        let rows = self.rows.of(hour);
        if rows.len() < MOST_ROWS {
            return;
        }
        let mut cells = Vec::new();
        for row in rows {
            // OK because showing a cell does not fail.
            let _ = row.each(|key, bytes| {
                cells.push(Cell::new(hour, key, bytes));
                Ok(())
            });
        }
        let merged = Row::of(sorted_and_summed(&mut cells));
        self.rows.replace(hour, merged);
    }

    pub fn finish(mut self) -> (HoursOfRows, Vec<u64>) {
        for slot in 0..OPEN_HOURS {
            self.close(slot);
        }
        self.encode_log();
        (self.rows, self.metered)
    }
}

/// Sorts cells by hour and key; those of one place become one, as long as their sum fits.
fn sorted_and_summed(cells: &mut Vec<Cell>) -> &[Cell] {
    cells.sort_unstable_by_key(Cell::place);
    cells.dedup_by(|later, kept| {
        let sum = kept.bytes.checked_add(later.bytes).filter(|_| later.place() == kept.place());
        if let Some(sum) = sum {
            kept.bytes = sum;
        }
        sum.is_some()
    });
    cells
}

impl OpenHour {
    /// Adds to a key's sum; returns what the cell held where it is full, and begins a new one.
    #[inline]
    fn add(&mut self, sum: &mut u64, key: usize, bytes: u64) -> Option<u64> {
        let (word, bit) = (&mut self.present[key / 64], 1 << (key % 64));
        if *word & bit == 0 {
            *word |= bit;
            *sum = bytes;
            if self.count < LOGGED_CELLS {
                self.few.push(key as u32);
            }
            self.count += 1;
            return None;
        }
        match sum.checked_add(bytes) {
            Some(added) => {
                *sum = added;
                None
            }
            None => Some(std::mem::replace(sum, bytes)),
        }
    }

    /// Encodes what is present, and forgets it.
    fn encode(&mut self, sums: &[u64]) -> Row {
        let mut row = RowWriter::new(self.count);
        for (word, bits) in self.present.iter_mut().enumerate() {
            let mut bits = std::mem::take(bits);
            while bits != 0 {
                let key = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                row.push(key, sums[key]);
            }
        }
        row.finish()
    }
}
