//! Connections by the raw bytes of their id, and the hours in which each may have traffic.

use super::hourly::Counter;
use crate::{
    error::Fault,
    model::{connection::Connection, inventory::Inventory, time::Period},
    read::native::plain::{AT_ONCE, ShortId},
};

/// Places per connection: with so many most ids stand where they are looked for first.
const PLACES: usize = 4;

/// What is known of a connection id.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// The connection at this index of the inventory.
    Known(usize),
    /// One whose own row or changes are bad.
    Faulty(&'a Fault),
}

/// Finds connections by id.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    inventory: &'a Inventory,
    period: Period,
    /// Open addressing over the short ids of known connections: their index plus one; 0 where a place is empty.
    places: Vec<u32>,
    /// Of a hash, how many bits a place has no use for.
    unused_bits: u32,
    /// By connection; where the id is long, one that no place leads to.
    ids: Vec<ShortId>,
    /// By connection: inside a region, where traffic is free.
    pub free: Vec<bool>,
}

impl<'a> Lookup<'a> {
    pub fn new(inventory: &'a Inventory, period: Period) -> Self {
        let connections = inventory.connections();
        let free = connections.iter().map(Connection::within_region).collect();
        let places = vec![0; (connections.len() * PLACES).max(2).next_power_of_two()];
        let unused_bits = u64::BITS - places.len().trailing_zeros();
        let ids = Vec::with_capacity(connections.len());
        let mut lookup = Self { inventory, period, places, unused_bits, ids, free };
        for (index, connection) in connections.iter().enumerate() {
            let short = ShortId::of(connection.id.as_bytes());
            lookup.ids.push(short.unwrap_or(ShortId::NONE));
            if let Some(id) = short {
                let mut place = lookup.first_place(&id);
                while lookup.places[place] != 0 {
                    place = lookup.next_place(place);
                }
                lookup.places[place] = index as u32 + 1;
            }
        }
        lookup
    }

    /// Counters for a worker, by connection.
    pub fn counters(&self) -> Vec<Counter> {
        let counter = |(connection, &free): (&Connection, &bool)| {
            let hours = connection.hours_in(self.period);
            // OK because no period has 2^32 hours.
            let offset = |hour: i64| (hour - self.period.start.index()) as u32;
            Counter::new(offset(hours.start.index()), offset(hours.end.index()), free)
        };
        self.inventory.connections().iter().zip(&self.free).map(counter).collect()
    }

    /// What is known of an id, whatever it holds.
    pub fn find(&self, connection_id: &[u8]) -> Option<Found<'a>> {
        // No place leads to an id that holds a comma: such a one is looked for as a whole.
        let short = ShortId::padded(connection_id).and_then(|id| self.find_from(self.first_place(&id), &id));
        if let Some(connection) = short {
            return Some(Found::Known(connection as usize));
        }
        let id = std::str::from_utf8(connection_id).ok()?;
        let known = self.inventory.index_of(id).map(Found::Known);
        known.or_else(|| self.inventory.fault_of(id).map(Found::Faulty))
    }

    /// The known connections of ids, whatever they hold.
    #[cfg(feature = "parquet")]
    pub fn find_each(&self, ids: &[&[u8]]) -> Vec<Option<usize>> {
        let shorts: Vec<_> = ids.iter().map(|id| ShortId::padded(id)).collect();
        // On its own, so that looks into memory need not wait for one another.
        let place = |id: &Option<ShortId>| id.as_ref().map_or(0, |id| self.first_place(id));
        let places: Vec<_> = shorts.iter().map(place).collect();
        let short = |(id, place): (Option<ShortId>, usize)| id.and_then(|id| self.find_from(place, &id));
        let found = shorts.into_iter().zip(places).map(short);
        let whole = |(short, id): (Option<u32>, &&[u8])| match short {
            Some(connection) => Some(connection as usize),
            None => self.inventory.index_of(std::str::from_utf8(id).ok()?),
        };
        found.zip(ids).map(whole).collect()
    }

    /// The known connections of ids, up to the first that is not known; returns how many.
    ///
    /// It goes through the ids twice, so that the looks into memory need not wait for one another.
    #[inline]
    pub fn find_all<'i>(
        &self,
        ids: impl Iterator<Item = &'i ShortId> + Clone,
        found: &mut [u32; AT_ONCE],
    ) -> usize {
        let mut firsts = [0; AT_ONCE];
        for (id, first) in ids.clone().zip(&mut firsts) {
            *first = self.first_place(id);
        }
        let mut count = 0;
        for ((id, found), &first) in ids.zip(found).zip(&firsts) {
            let Some(connection) = self.find_from(first, id) else { break };
            *found = connection;
            count += 1;
        }
        count
    }

    #[inline]
    fn find_from(&self, mut place: usize, id: &ShortId) -> Option<u32> {
        loop {
            let connection = self.places[place].checked_sub(1)?;
            if self.ids[connection as usize] == *id {
                return Some(connection);
            }
            place = self.next_place(place);
        }
    }

    #[inline]
    fn first_place(&self, id: &ShortId) -> usize {
        (id.hash() >> self.unused_bits) as usize
    }

    #[inline]
    fn next_place(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}
