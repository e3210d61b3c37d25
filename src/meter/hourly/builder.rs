//! How hours are collected while records are read, and what a worker keeps of a connection meanwhile.

use super::{
    cells::{Block, Cell, ClosedHours, HourTable, HoursOfRows, RowWriter, each_cell, sorted_and_summed},
    shelf::Shelf,
};
use crate::model::usage::{EndIndex, Sender};
use std::sync::Arc;

/// An hour with more sums than one for so many connections is read off all counters, in their order.
const CONNECTIONS_PER_SUM: usize = 32;
/// So few sums are never worth a row of their own.
const FEW: usize = if cfg!(test) { 4 } else { 16 };
/// So many logged cells, of 16 bytes each, are sorted and encoded. Tests get there with few.
const LOG: usize = if cfg!(test) { 32 } else { 1 << 18 };
/// So many rows of one hour become one, where they are in memory.
const MOST_ROWS: usize = if cfg!(test) { 3 } else { 8 };
/// After so many turns back to an hour, each with other ends than the hour before, all further ones are summed in a table.
const TURNS: usize = if cfg!(test) { 8 } else { 1024 };
/// No hour is open.
const NO_HOUR: u32 = u32::MAX;

/// Collects sums for one worker: those of one hour in the counters, those of other hours encoded.
#[derive(Debug)]
pub(crate) struct HourlyBuilder {
    /// By connection.
    counters: Vec<Counter>,
    /// The hour whose bytes the counters sum, counted from the start of the period.
    hour: u32,
    /// The ends that it has, up to one more than are few.
    few: Vec<EndIndex>,
    most_few: usize,
    rows: HoursOfRows,
    writer: RowWriter,
    /// Where they are kept.
    shelf: Arc<Shelf>,
    /// Cells in the order in which they came.
    log: Vec<Cell>,
    /// By end, as bits: whether it has any hour that was closed.
    metered: Vec<u64>,
    turns: Turns,
    /// For hours that come in no order.
    table: Option<Arc<HourTable>>,
    /// Whether all further records are summed there.
    is_spread: bool,
}

/// How often hours came again.
#[derive(Debug, Default)]
struct Turns {
    /// By hour: whether it was closed.
    closed: Vec<bool>,
    /// The first connection of the hour that was closed last.
    last: usize,
    count: usize,
}

impl Turns {
    /// Notes an hour that is closed and the first end of it. Traffic in the order of connections has each hour again with every
    /// one of them, and its ends stay near one another: that is no turn.
    fn note(&mut self, hour: u32, first: EndIndex) {
        let (hour, connection) = (hour as usize, first.connection());
        if self.closed.len() <= hour {
            self.closed.resize(hour + 1, false);
        }
        let again = std::mem::replace(&mut self.closed[hour], true);
        let other = std::mem::replace(&mut self.last, connection) != connection;
        self.count += usize::from(again && other);
    }
}

impl HourlyBuilder {
    /// `table` takes what comes in no order of hours, where there is one.
    pub fn new(counters: Vec<Counter>, table: Option<Arc<HourTable>>, shelf: Arc<Shelf>) -> Self {
        let keys = counters.len() * Sender::ALL.len();
        Self {
            hour: NO_HOUR,
            few: Vec::new(),
            most_few: (counters.len() / CONNECTIONS_PER_SUM).max(FEW),
            rows: HoursOfRows::default(),
            writer: RowWriter::default(),
            shelf,
            log: Vec::new(),
            metered: vec![0; keys.div_ceil(64)],
            turns: Turns::default(),
            table,
            is_spread: false,
            counters,
        }
    }

    /// Whether records come in no order of hours, and are to be added by [`HourlyBuilder::add_spread`].
    #[inline]
    pub fn is_spread(&self) -> bool {
        self.is_spread
    }

    /// Whether the open hour has so many ends that it is read off all counters.
    #[inline]
    pub fn has_many(&self) -> bool {
        self.few.len() > self.most_few
    }

    /// The counter of an end's connection.
    #[inline]
    pub fn counter(&mut self, end: EndIndex) -> &mut Counter {
        &mut self.counters[end.connection()]
    }

    /// Brings counters near before they are needed, with looks into memory that do not wait for one another.
    #[inline]
    pub fn touch(&self, ends: &[EndIndex]) {
        let touched = |end: &EndIndex| u32::from(self.counters[end.connection()].free);
        std::hint::black_box(ends.iter().map(touched).fold(0, u32::wrapping_add));
    }

    /// All of them, by connection.
    pub fn counters(&mut self) -> &mut [Counter] {
        &mut self.counters
    }

    /// What records are added to that come in no order of hours, once they do.
    #[inline]
    pub fn spread(&self) -> Option<&HourTable> {
        self.table.as_deref().filter(|_| self.is_spread)
    }

    /// Lets the counters sum an hour, counted from the start of the period.
    #[inline]
    pub fn open(&mut self, hour: u32) {
        if self.hour != hour {
            if !self.is_spread {
                self.close();
            }
            self.hour = hour;
        }
    }

    /// Adds a record's bytes to an hour of the table.
    #[inline]
    pub fn add_spread(&mut self, end: EndIndex, hour: u32, bytes: u64) {
        if !self.table.as_ref().is_some_and(|table| table.add(hour, end, bytes)) {
            self.log_cell(Cell::new(hour, end.index(), bytes));
        }
    }

    /// Adds a record's bytes to an hour.
    pub fn add(&mut self, end: EndIndex, hour: u32, bytes: u64) {
        self.open(hour);
        if self.is_spread {
            return self.add_spread(end, hour, bytes);
        }
        let added = self.counter(end).add(end.sender(), bytes);
        self.note(end, added);
    }

    /// Notes what became of bytes that were added to the counter of an end.
    #[inline]
    pub fn note(&mut self, end: EndIndex, added: Added) {
        match added {
            Added::Summed => {}
            Added::First if self.has_many() => {}
            Added::First => self.few.push(end),
            Added::Full(sum) => self.log_cell(Cell::new(self.hour, end.index(), sum)),
        }
    }

    /// Adds bytes to an hour, also more than a record holds.
    pub fn add_wide(&mut self, end: EndIndex, hour: u32, bytes: u128) {
        // The low part always: an hour with a record is one also where its bytes are 0.
        self.add(end, hour, bytes as u64);
        let high = (bytes >> 64) as u64;
        if high != 0 {
            self.log_cell(Cell::high(hour, end.index(), high));
        }
    }

    /// Encodes the sums of the open hour. The time it takes grows with the number of sums, at most as that of
    /// [`CONNECTIONS_PER_SUM`] counters each, so that traffic in any order may open and close hours at every record.
    #[cold]
    fn close(&mut self) {
        if let Some(&first) = self.few.first() {
            self.turns.note(self.hour, first);
            self.is_spread = self.table.is_some() && self.turns.count >= TURNS;
        }
        if self.has_many() {
            self.encode_all();
            self.rows.push(self.hour, self.shelf.row(self.writer.row()));
            self.merge_rows(self.hour);
        } else {
            for index in 0..self.few.len() {
                let end = self.few[index];
                if let Some(sum) = self.counter(end).take_sum(end.sender()) {
                    self.log_cell(Cell::new(self.hour, end.index(), sum));
                }
            }
        }
        self.few.clear();
    }

    /// Encodes the sums of all counters.
    fn encode_all(&mut self) {
        for (place, counters) in self.counters.chunks_mut(Block::CONNECTIONS).enumerate() {
            let block = Block::of(place, counters.iter_mut().map(Counter::take_sums));
            if block.present != 0 {
                self.metered[block.first / 64] |= u64::from(block.present) << (block.first % 64);
                self.writer.push_block(&block);
            }
        }
    }

    fn log_cell(&mut self, cell: Cell) {
        self.metered[cell.key() / 64] |= 1 << (cell.key() % 64);
        self.log.push(cell);
        if self.log.len() >= LOG {
            self.encode_log();
        }
    }

    /// Makes a row of every hour of the log.
    fn encode_log(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        for cells in sorted_and_summed(&mut log).chunk_by(|a, b| a.hour() == b.hour()) {
            self.rows.push(cells[0].hour(), self.shelf.row(self.writer.encoded(cells)));
            self.merge_rows(cells[0].hour());
        }
        log.clear();
        self.log = log;
    }

    /// Makes one row of an hour's many. Those that were set aside stay where they are.
    fn merge_rows(&mut self, hour: u32) {
        let count = self.rows.of(hour).iter().filter(|row| row.held().is_some()).count();
        if count < MOST_ROWS {
            return;
        }
        let (held, aside): (Vec<_>, Vec<_>) =
            self.rows.take(hour).into_iter().partition(|row| row.held().is_some());
        let mut cells = Vec::new();
        for row in held.iter().filter_map(|row| row.held()) {
            // OK because showing a cell does not fail.
            let _ = each_cell(row, |key, bytes| {
                cells.extend(Cell::of(hour, key, bytes));
                Ok(())
            });
        }
        held.iter().for_each(|row| self.shelf.give_back(row));
        let merged = self.shelf.row(self.writer.encoded(sorted_and_summed(&mut cells)));
        aside.into_iter().chain([merged]).for_each(|row| self.rows.push(hour, row));
    }

    /// What it collected. Best asked for on the thread that collected it: memory that another thread gives back is of
    /// no use to this one.
    pub fn finish(mut self) -> ClosedHours {
        self.close();
        self.encode_log();
        ClosedHours { rows: self.rows, metered: self.metered }
    }
}

/// What every record asks of its connection and adds to it: half a line of the processor's cache, so that a record
/// costs one look into memory.
#[derive(Debug, Clone)]
#[repr(align(32))]
pub(crate) struct Counter {
    /// Bytes of the hour that is open, by sender; mean nothing where `present` does not say so.
    sums: [u64; 2],
    /// When the last record was, by sender; [`NO_TICK`] before the first.
    ticks: [u32; 2],
    /// The hours in which the connection exists, counted from the start of the period.
    first: u16,
    end: u16,
    present: [bool; 2],
    /// Inside a region, where traffic is free (R1).
    pub free: bool,
}

/// No record yet: earlier than any tick of a record.
pub(crate) const NO_TICK: u32 = 0;

/// What became of bytes that were added.
pub(crate) enum Added {
    /// They are the first ones of the hour.
    First,
    /// They are in the sum.
    Summed,
    /// The sum was this and had no room; they are the first ones of a new sum.
    Full(u64),
}

/// How a record stands to the one of its connection and sender before it.
pub(crate) enum Order {
    /// There is none.
    First,
    /// It is later.
    Later,
    /// It is not later, as far as can be seen: it may be a copy.
    NotLater,
}

impl Counter {
    /// `first` and `end` as hours from the start of the period; one that ends after hour 65535 is taken to end then.
    pub fn new(first: u32, end: u32, free: bool) -> Self {
        let hour = |hour: u32| u16::try_from(hour).unwrap_or(u16::MAX);
        let (first, end) = (hour(first), hour(end));
        Self { sums: [0; 2], ticks: [NO_TICK; 2], first, end, present: [false; 2], free }
    }

    /// Whether the connection exists in this hour.
    #[inline]
    pub fn exists_in(&self, hour: u32) -> bool {
        (u32::from(self.first)..u32::from(self.end)).contains(&hour)
    }

    /// Notes a record, and tells how it stands to the one before it.
    #[inline]
    pub fn order(&mut self, sender: Sender, tick: u32) -> Order {
        let last = &mut self.ticks[sender as usize];
        if *last >= tick {
            return Order::NotLater;
        }
        match std::mem::replace(last, tick) {
            NO_TICK => Order::First,
            _ => Order::Later,
        }
    }

    /// Notes a record of an hour and adds its bytes to the sum, where no more is to be done: the connection exists, the record is
    /// later than the one before it, and its bytes have room. Otherwise all stays as it is.
    #[inline]
    pub fn add_following(&mut self, sender: Sender, hour: u32, tick: u32, bytes: u64) -> bool {
        let sender = sender as usize;
        let (last, sum) = (self.ticks[sender], if self.present[sender] { self.sums[sender] } else { 0 });
        let (sum, is_full) = sum.overflowing_add(bytes);
        if is_full | (last == NO_TICK) | (last >= tick) | !self.exists_in(hour) {
            return false;
        }
        (self.ticks[sender], self.sums[sender], self.present[sender]) = (tick, sum, true);
        true
    }

    /// When the last records were, by sender; forgets it.
    pub fn take_ticks(&mut self) -> [u32; 2] {
        std::mem::replace(&mut self.ticks, [NO_TICK; 2])
    }

    /// Adds to the sum of the open hour.
    #[inline]
    pub fn add(&mut self, sender: Sender, bytes: u64) -> Added {
        let (sum, present) = (&mut self.sums[sender as usize], &mut self.present[sender as usize]);
        if !*present {
            *present = true;
            *sum = bytes;
            return Added::First;
        }
        match sum.checked_add(bytes) {
            Some(added) => {
                *sum = added;
                Added::Summed
            }
            None => Added::Full(std::mem::replace(sum, bytes)),
        }
    }

    /// The sums of the open hour by sender, and whether there is one, which is forgotten.
    #[inline]
    fn take_sums(&mut self) -> [(bool, u64); 2] {
        let [requester, accepter] = std::mem::take(&mut self.present);
        [(requester, self.sums[0]), (accepter, self.sums[1])]
    }

    /// The sum of the open hour, which is forgotten.
    #[inline]
    pub(super) fn take_sum(&mut self, sender: Sender) -> Option<u64> {
        std::mem::take(&mut self.present[sender as usize]).then_some(self.sums[sender as usize])
    }
}
