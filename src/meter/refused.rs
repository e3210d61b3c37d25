//! Refused records.

use super::hourly::Counter;
use crate::{
    error::{Causes, FAULTS_LISTED, Fault, FaultCode},
    model::{connection::Connection, invalid::Invalid, inventory::Inventory, time::Period},
    read::native::plain::{AT_ONCE, ShortId},
};
use std::collections::BTreeMap;

/// Why a record is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: FaultCode,
    pub why: Invalid,
    /// What tells it from refusals of the same code where its words tell more than the cause.
    pub cause: Option<Box<str>>,
}

impl Refusal {
    pub fn new(code: FaultCode, why: impl Into<Invalid>) -> Self {
        Self { code, why: why.into(), cause: None }
    }

    /// The same, of a cause that its records share.
    pub fn because_of(self, cause: &str) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// For what is wrong with the connection's own row or changes.
    pub fn of_faulty_connection(cause: &Fault) -> Self {
        Self::new(FaultCode::FaultyConnection, cause.as_reason())
    }
}

/// A record that was not billed, and why.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Index of the source it was read from, among those that were metered; 0 where records were handed in.
    pub source: usize,
    /// The reason, and the place: name of the input, line counted from 1, and path within a document.
    pub fault: Fault,
    /// Its timestamp, connection, sender and bytes as they stand in the input, where they could be told apart.
    pub fields: Option<[Vec<u8>; 4]>,
    /// The record as it stands in the input, where they could not; otherwise empty.
    pub raw: Vec<u8>,
}

/// Refused records, as far as they are kept, and how many there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals {
    /// In the order of the input once all were found: all, or the first ones.
    pub records: Vec<RefusedRecord>,
    /// How many of all are not just dropped duplicates.
    pub for_cause: u64,
    /// How many of those are refused only because their connection's own row or changes are bad.
    pub for_connection: u64,
    /// How many there are of each reason.
    pub by_code: BTreeMap<FaultCode, u64>,
    /// Of those that have a cause of their own.
    pub causes: Causes,
}

impl Refusals {
    /// Counts a record and keeps it, or only the first ones.
    pub fn add(&mut self, record: RefusedRecord, cause: Option<&str>, keep_all: bool) {
        let code = record.fault.code;
        if !is_secondary(code) {
            self.causes.add(record.source, &record.fault, cause);
        }
        self.for_cause += u64::from(code != FaultCode::DroppedCopy);
        self.for_connection += u64::from(code == FaultCode::FaultyConnection);
        *self.by_code.entry(code).or_default() += 1;
        self.records.push(record);
        if !keep_all && self.records.len() >= 4 * FAULTS_LISTED {
            self.keep_first();
        }
    }

    /// Counts their lines from the start of the source, which has so many before them.
    pub fn move_down(&mut self, lines: u64) {
        self.records.iter_mut().for_each(|record| record.fault.move_down(lines));
        self.causes.move_down(lines);
    }

    /// Adds those that were found elsewhere.
    pub fn merge(&mut self, mut later: Self, keep_all: bool) {
        self.causes.merge(later.causes);
        self.records.append(&mut later.records);
        if !keep_all {
            self.keep_first();
        }
        self.for_cause += later.for_cause;
        self.for_connection += later.for_connection;
        for (code, count) in later.by_code {
            *self.by_code.entry(code).or_default() += count;
        }
    }

    /// Keeps the records that would be listed: the first ones by place, those with a cause of their own before others.
    fn keep_first(&mut self) {
        self.records
            .sort_by_key(|record| (is_secondary(record.fault.code), record.source, record.fault.line));
        self.records.truncate(FAULTS_LISTED);
    }
}

/// A copy that was dropped is no fault, and one in a connection's row is listed once, not with each record.
fn is_secondary(code: FaultCode) -> bool {
    matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection)
}

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
