//! Connections by the raw bytes of their id, and the hours in which each may have traffic.

use crate::{
    error::Fault,
    model::{
        connection::{Connection, Inventory},
        time::Period,
    },
};

/// Ids that fit with the comma behind them are compared as a few integers.
pub(super) const SHORT_ID: usize = 32;
const WORDS: usize = SHORT_ID / 8;
type Words = [u64; WORDS];

/// What is known of a connection id.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// The connection at this index of the inventory.
    Known(usize),
    /// One whose own row or changes are bad.
    Faulty(&'a Fault),
}

/// The hours of the period, counted from its start, in which a connection exists.
#[derive(Debug, Clone, Copy)]
struct Connected {
    first: u32,
    end: u32,
}

/// A connection with a short id, and the hours in which it exists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    pub connection: usize,
    pub first: u32,
    pub end: u32,
}

/// A short id and what the meter asks of its connection, together so that one look into memory has it all.
///
/// The comma behind the id is part of its words: it says where the id ends.
#[derive(Debug, Clone, Copy)]
struct Slot {
    words: Words,
    /// Index of the connection plus one; 0 where the slot is empty.
    connection: u32,
    /// As in [`Connected`]; a month has at most 744 hours.
    first: u16,
    end: u16,
}

/// Finds connections by id.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    inventory: &'a Inventory,
    /// Open addressing over the short ids of known connections.
    slots: Vec<Slot>,
    connected: Vec<Connected>,
    /// By connection: inside a region, where traffic is free.
    pub free: Vec<bool>,
}

impl<'a> Lookup<'a> {
    pub fn new(inventory: &'a Inventory, period: Period) -> Self {
        let connected = inventory.connections().iter().map(|connection| {
            let hours = connection.hours_in(period);
            // OK because a month has 744 hours.
            let offset = |hour: i64| (hour - period.start.index()) as u32;
            let (first, end) = (offset(hours.start.index()), offset(hours.end.index()));
            Connected { first, end }
        });
        let free = inventory.connections().iter().map(Connection::within_region).collect();
        let mut lookup = Self { inventory, slots: Vec::new(), connected: connected.collect(), free };
        lookup.fill_slots(inventory);
        lookup
    }

    fn fill_slots(&mut self, inventory: &Inventory) {
        let empty = Slot { words: [0; WORDS], connection: 0, first: 0, end: 0 };
        let room = (inventory.connections().len() * 3 / 2 + 1).next_power_of_two();
        self.slots = vec![empty; room];
        for (index, connection) in inventory.connections().iter().enumerate() {
            let id = connection.id.as_bytes();
            // An id that a plain line could not hold as it is goes the general way.
            if id.len() >= SHORT_ID || id.iter().any(|byte| b"\",\r\n".contains(byte)) {
                continue;
            }
            let mut padded = [0; SHORT_ID];
            padded[..id.len()].copy_from_slice(id);
            padded[id.len()] = b',';
            let words = Kept::new(id.len()).words(&padded);
            let mut place = hash(&words) as usize & (room - 1);
            while self.slots[place].connection != 0 {
                place = (place + 1) & (room - 1);
            }
            // OK because hours of a month are below 2^16; a connection of another time has none.
            let own = self.connected[index];
            let hour = |hour: u32| u16::try_from(hour).unwrap_or(u16::MAX);
            let (first, end) = (hour(own.first), hour(own.end));
            self.slots[place] = Slot { words, connection: index as u32 + 1, first, end };
        }
    }

    /// A known connection, by its index.
    #[cfg(feature = "parquet")]
    pub fn plain(&self, connection: usize) -> Plain {
        let Connected { first, end } = self.connected[connection];
        Plain { connection, first, end }
    }

    /// Whether a known connection exists in all hours of the period.
    #[cfg(feature = "parquet")]
    pub fn exists_throughout(&self, connection: usize, period: Period) -> bool {
        let Connected { first, end } = self.connected[connection];
        first == 0 && u64::from(end) >= period.hours()
    }

    /// What is known of an id, whatever it holds.
    pub fn find(&self, connection_id: &[u8]) -> Option<Found<'a>> {
        let length = connection_id.len();
        if length < SHORT_ID {
            let mut padded = [0; SHORT_ID];
            padded[..length].copy_from_slice(connection_id);
            padded[length] = b',';
            if let Some(plain) = self.find_short(&padded, &Kept::new(length)) {
                return Some(Found::Known(plain.connection));
            }
        }
        let id = std::str::from_utf8(connection_id).ok()?;
        let known = self.inventory.index_of(id).map(Found::Known);
        known.or_else(|| self.inventory.fault_of(id).map(Found::Faulty))
    }

    /// The known connection whose id is the first bytes of these, as many as `kept` says.
    #[inline]
    pub fn find_short(&self, bytes: &[u8; SHORT_ID], kept: &Kept) -> Option<Plain> {
        let words = kept.words(bytes);
        let mut place = hash(&words) as usize & (self.slots.len() - 1);
        loop {
            let slot = &self.slots[place];
            if slot.connection == 0 {
                return None;
            }
            if slot.words == words {
                let connection = slot.connection as usize - 1;
                return Some(Plain { connection, first: slot.first.into(), end: slot.end.into() });
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }
}

/// How many bytes of an id are kept, and the comma behind them, as masks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub length: usize,
    masks: Words,
}

impl Kept {
    pub fn new(length: usize) -> Self {
        let mask = |word: usize| match (length + 1).saturating_sub(word * 8) {
            0 => 0,
            kept @ 1..8 => u64::MAX >> (64 - 8 * kept),
            _ => u64::MAX,
        };
        Self { length, masks: std::array::from_fn(mask) }
    }

    /// The kept bytes as integers, zeros behind them.
    #[inline]
    fn words(&self, bytes: &[u8; SHORT_ID]) -> Words {
        std::array::from_fn(|word| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[word * 8..word * 8 + 8]);
            u64::from_le_bytes(eight) & self.masks[word]
        })
    }
}

#[inline]
fn hash(words: &Words) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = words.iter().fold(0u64, |hash, word| (hash.rotate_left(23) ^ word).wrapping_mul(ODD));
    mixed ^ (mixed >> 32)
}
