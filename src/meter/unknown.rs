//! Connections that records name and the inventory lacks.

use crate::model::time::{Hour, Period};
use std::collections::BTreeSet;

/// Ids beyond so many are not kept: something else stands in their place then.
const MOST_IDS: usize = 4096;

/// What records tell of connections that the inventory lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownConnections {
    /// Their ids, of which at most the first 4096 are kept; entries of flow logs name none.
    pub ids: BTreeSet<Box<str>>,
    /// From the first hour that has such a record to the last one.
    pub hours: Option<Period>,
}

impl UnknownConnections {
    pub(super) fn add(&mut self, connection_id: &[u8], hour: Hour) {
        self.hours = Some(Period { start: hour, end: hour.next() }.joined(self.hours));
        let Ok(id) = std::str::from_utf8(connection_id) else { return };
        if !id.is_empty() && !self.ids.contains(id) {
            self.ids.insert(id.into());
            self.keep_first();
        }
    }

    /// Adds what others tell.
    pub fn merge(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.keep_first();
        self.hours = other.hours.map(|hours| hours.joined(self.hours)).or(self.hours);
    }

    /// By id, so that it matters to nothing in which order they were found (R17).
    fn keep_first(&mut self) {
        while self.ids.len() > MOST_IDS {
            self.ids.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r17_the_first_ids_are_kept_in_whatever_order_they_come() {
        let (mut rising, mut falling, mut empty) =
            (UnknownConnections::default(), UnknownConnections::default(), UnknownConnections::default());
        for number in 0..5000 {
            rising.add(format!("pcc-{number:04}").as_bytes(), Hour::from_index(number));
            falling.add(format!("pcc-{:04}", 4999 - number).as_bytes(), Hour::from_index(4999 - number));
        }
        falling.add(b"", Hour::from_index(7));
        falling.add(b"\xff", Hour::from_index(8));
        assert_eq!(rising, falling);
        assert_eq!((rising.ids.len(), rising.ids.last().map(|id| &**id)), (4096, Some("pcc-4095")));
        assert_eq!(rising.hours, Some(Period { start: Hour::from_index(0), end: Hour::from_index(5000) }));
        empty.merge(rising.clone());
        rising.merge(UnknownConnections::default());
        assert_eq!(empty, rising);
    }
}
