//! Connections by the raw bytes of their id, and the hours in which each may have traffic.

use crate::{
    error::Fault,
    model::{connection::Inventory, time::Period},
};
use std::collections::HashMap;

/// Ids up to this length are compared as a few integers.
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

/// What the meter asks of a connection for every record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connected {
    /// The hours of the period, counted from its start, in which it exists.
    pub first: u32,
    pub end: u32,
    /// Inside a region, where traffic is free.
    pub free: bool,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    words: Words,
    length: u32,
    /// Index of the connection plus one; 0 where the slot is empty.
    connection: u32,
}

/// Finds connections by id.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    by_id: HashMap<&'a [u8], Found<'a>>,
    /// Open addressing over the short ids of known connections.
    slots: Vec<Slot>,
    pub connected: Vec<Connected>,
}

impl<'a> Lookup<'a> {
    pub fn new(inventory: &'a Inventory, period: Period) -> Self {
        let known = inventory.connections().iter().enumerate();
        let known = known.map(|(index, own)| (own.id.as_bytes(), Found::Known(index)));
        let faulty = inventory.faulty().map(|(id, fault)| (id.as_bytes(), Found::Faulty(fault)));
        let connected = inventory.connections().iter().map(|connection| {
            let hours = connection.hours_in(period);
            // OK because a month has 744 hours.
            let offset = |hour: i64| (hour - period.start.index()) as u32;
            let (first, end) = (offset(hours.start.index()), offset(hours.end.index()));
            Connected { first, end, free: connection.within_region() }
        });
        let mut lookup =
            Self { by_id: known.chain(faulty).collect(), slots: Vec::new(), connected: connected.collect() };
        lookup.fill_slots(inventory);
        lookup
    }

    fn fill_slots(&mut self, inventory: &Inventory) {
        let empty = Slot { words: [0; WORDS], length: 0, connection: 0 };
        let room = (inventory.connections().len() * 3 / 2 + 1).next_power_of_two();
        self.slots = vec![empty; room];
        for (index, connection) in inventory.connections().iter().enumerate() {
            let id = connection.id.as_bytes();
            // An id that a plain line could not hold as it is goes the general way.
            if id.len() > SHORT_ID || id.iter().any(|byte| b"\",\r\n".contains(byte)) {
                continue;
            }
            let mut padded = [0; SHORT_ID];
            padded[..id.len()].copy_from_slice(id);
            let words = Kept::new(id.len()).words(&padded);
            let mut place = hash(&words) as usize & (room - 1);
            while self.slots[place].connection != 0 {
                place = (place + 1) & (room - 1);
            }
            self.slots[place] = Slot { words, length: id.len() as u32, connection: index as u32 + 1 };
        }
    }

    pub fn find(&self, connection_id: &[u8]) -> Option<Found<'a>> {
        self.by_id.get(connection_id).copied()
    }

    /// The index of the known connection whose id is the first bytes of these, as many as `kept` says.
    #[inline]
    pub fn find_short(&self, bytes: &[u8; SHORT_ID], kept: &Kept) -> Option<usize> {
        let words = kept.words(bytes);
        let mut place = hash(&words) as usize & (self.slots.len() - 1);
        loop {
            let slot = &self.slots[place];
            if slot.connection == 0 {
                return None;
            }
            if slot.words == words && slot.length as usize == kept.length {
                return Some(slot.connection as usize - 1);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }
}

/// How many bytes of an id are kept, as masks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub length: usize,
    masks: Words,
}

impl Kept {
    pub fn new(length: usize) -> Self {
        let mask = |word: usize| match length.saturating_sub(word * 8) {
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
