//! Bytes by connection, sender and hour.

use crate::{
    error::Result,
    model::{
        checked_add,
        connection::Inventory,
        time::{Hour, Period},
        usage::{MeteredHour, Sender},
    },
};

/// One hour's sum; the hour counts from the start of the period.
#[derive(Debug, Clone, Copy)]
struct Cell {
    hour: u32,
    bytes: u128,
}

/// Bytes of every connection and sender in every hour that has a record.
#[derive(Debug, Clone)]
pub struct HourlyUsage {
    period: Period,
    /// By connection and sender: cells in rising hours.
    cells: Vec<Vec<Cell>>,
}

impl HourlyUsage {
    pub(super) fn new(period: Period, connections: usize) -> Self {
        Self { period, cells: vec![Vec::new(); connections * Sender::ALL.len()] }
    }

    /// Adds a record of an hour of the period.
    pub(super) fn add(&mut self, key: usize, hour: Hour, bytes: u64) -> Result<()> {
        // OK because a month has 744 hours.
        let hour = (hour.index() - self.period.start.index()) as u32;
        let cells = &mut self.cells[key];
        let bytes = u128::from(bytes);
        match cells.last_mut() {
            Some(last) if last.hour == hour => checked_add(&mut last.bytes, bytes, "an hour"),
            Some(last) if last.hour > hour => match cells.binary_search_by_key(&hour, |cell| cell.hour) {
                Ok(found) => checked_add(&mut cells[found].bytes, bytes, "an hour"),
                Err(place) => {
                    cells.insert(place, Cell { hour, bytes });
                    Ok(())
                }
            },
            _ => {
                cells.push(Cell { hour, bytes });
                Ok(())
            }
        }
    }

    /// The billing period that the hours lie in.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The hours of one connection and sender that have a record, rising, with their bytes.
    pub fn hours(
        &self,
        connection: usize,
        sender: Sender,
    ) -> impl ExactSizeIterator<Item = (Hour, u128)> + '_ {
        let start = self.period.start.index();
        self.cells[key_of(connection, sender)]
            .iter()
            .map(move |cell| (Hour::from_index(start + i64::from(cell.hour)), cell.bytes))
    }

    /// All metered hours, by connection, sender and hour.
    pub fn iter(&self) -> impl Iterator<Item = MeteredHour> + '_ {
        (0..self.cells.len()).flat_map(move |key| {
            let (connection, sender) = (key / 2, Sender::ALL[key % 2]);
            self.hours(connection, sender).map(move |(hour, bytes)| MeteredHour {
                connection,
                sender,
                hour,
                bytes,
            })
        })
    }

    /// A digest over the metered hours: BLAKE3 of the lines `hour,connection_id,sender,bytes`, sorted by
    /// hour, connection and sender, each with a line feed.
    pub fn digest(&self, inventory: &Inventory) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut next = vec![0; self.cells.len()];
        let mut lines = String::new();
        for hour in 0..self.period.hours() as u32 {
            let start = Hour::from_index(self.period.start.index() + i64::from(hour)).to_string();
            for (key, cells) in self.cells.iter().enumerate() {
                let Some(cell) = cells.get(next[key]).filter(|cell| cell.hour == hour) else { continue };
                next[key] += 1;
                let id = &inventory.connection(key / 2).id;
                lines.push_str(&start);
                for part in [id, Sender::ALL[key % 2].as_str()] {
                    lines.push(',');
                    lines.push_str(part);
                }
                lines.push_str(&format!(",{}\n", cell.bytes));
            }
            hasher.update(lines.as_bytes());
            lines.clear();
        }
        hasher.finalize().to_hex().to_string()
    }
}

pub(super) fn key_of(connection: usize, sender: Sender) -> usize {
    connection * Sender::ALL.len() + sender as usize
}
