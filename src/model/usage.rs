//! Traffic: who sent how many bytes, when.

use crate::model::{
    did_you_mean,
    invalid::Invalid,
    time::{Hour, Timestamp},
};
use std::{fmt, str::FromStr};

/// The end of a connection that traffic leaves, and whose account pays for it (R2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The end that asked for the connection; CloudMonitor's "inbound", `IntranetRX` (R3).
    Requester,
    /// The end that accepted it; CloudMonitor's "outbound" (R3).
    Accepter,
}

impl Sender {
    /// Both, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Requester, Self::Accepter];

    /// `requester` or `accepter`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Accepter => "accepter",
        }
    }
}

impl FromStr for Sender {
    type Err = Invalid;

    /// Reads `requester` or `accepter`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|sender| sender.as_str() == text).ok_or_else(|| {
            let near = did_you_mean(text, Self::ALL.map(Self::as_str));
            Invalid::new(format!("sender {text:?} is neither requester nor accepter{near}"))
        })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rates leave parts of a byte; they are counted in units of 10^-30 bytes, this many to a byte.
pub(crate) const PARTS: u128 = 10_u128.pow(30);

/// One record of traffic, as a caller of the library hands it to [`meter_records`](crate::meter::meter_records).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// Start of the measured period; it is billed in the hour it falls in (R6).
    pub timestamp: Timestamp,
    /// The id of the connection, as in the inventory.
    pub connection_id: String,
    /// The end that the bytes left.
    pub sender: Sender,
    /// Bytes that left it in the measured period.
    pub bytes: u64,
}

/// Bytes of one connection and sender in one hour that has a record.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeteredHour {
    /// The connection, as an index into the [`Inventory`](super::inventory::Inventory).
    pub connection: usize,
    /// The end that the bytes left.
    pub sender: Sender,
    /// The hour, in UTC (R6).
    pub hour: Hour,
    /// All bytes of the hour, also 0.
    pub bytes: u128,
}

/// One end of a connection: the connection's index in the [`Inventory`](super::inventory::Inventory), and which of its
/// ends, the one that the bytes leave (R2).
///
/// The ends of an inventory of `n` connections have the indexes 0 to `2 n - 1`, both ends of a connection beside each
/// other, the requester first. So tables by end are plain vectors of that length, and the order of ends is that of
/// reports: by connection id, then requester before accepter.
///
/// ```
/// use peerbill::model::usage::{EndIndex, Sender};
///
/// let end = EndIndex::new(3, Sender::Accepter);
/// assert_eq!((end.connection(), end.sender(), end.index()), (3, Sender::Accepter, 7));
/// assert_eq!(EndIndex::from_index(7), end);
/// assert!(EndIndex::new(3, Sender::Requester) < end);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndIndex(u32);

impl EndIndex {
    /// How many connections an inventory can have at most: both ends of each have an index of 32 bits.
    pub const MAX_CONNECTIONS: usize = 1 << 31;

    /// The `sender`'s end of the connection at index `connection`.
    ///
    /// # Panics
    ///
    /// Where `connection` is not below [`Self::MAX_CONNECTIONS`], of which no inventory has so many.
    #[inline]
    pub fn new(connection: usize, sender: Sender) -> Self {
        Self::from_index(connection * 2 + sender as usize)
    }

    /// The end with this index, as [`Self::index`] gives it.
    ///
    /// # Panics
    ///
    /// Where `index` does not fit 32 bits.
    #[inline]
    pub fn from_index(index: usize) -> Self {
        assert!(index <= u32::MAX as usize, "an inventory has fewer than 2^31 connections");
        Self(index as u32)
    }

    /// The connection, as an index into the inventory.
    #[inline]
    pub fn connection(self) -> usize {
        self.index() / 2
    }

    /// Which end of the connection: the one that the bytes leave.
    #[inline]
    pub fn sender(self) -> Sender {
        if self.0.is_multiple_of(2) { Sender::Requester } else { Sender::Accepter }
    }

    /// Its place among the ends of all connections of the inventory.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The other end of the same connection.
    #[inline]
    #[must_use]
    pub fn other(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// All ends of an inventory of so many connections, in order.
    ///
    /// # Panics
    ///
    /// Where there are more than [`Self::MAX_CONNECTIONS`].
    pub fn all(connections: usize) -> impl DoubleEndedIterator<Item = Self> {
        (0..connections * 2).map(Self::from_index)
    }
}

#[cfg(test)]
mod end_index_tests {
    use super::*;

    #[test]
    fn an_end_is_a_connection_and_a_sender_and_back() {
        for connection in [0, 1, 2, 12_345, EndIndex::MAX_CONNECTIONS - 1] {
            for sender in Sender::ALL {
                let end = EndIndex::new(connection, sender);
                assert_eq!((end.connection(), end.sender()), (connection, sender));
                assert_eq!(EndIndex::from_index(end.index()), end);
                assert_eq!(end.other().connection(), connection);
                assert_ne!(end.other().sender(), sender);
            }
        }
    }

    #[test]
    fn ends_are_in_the_order_of_reports() {
        let ends: Vec<EndIndex> = EndIndex::all(3).collect();
        assert!(ends.is_sorted());
        assert!(ends.iter().enumerate().all(|(index, end)| end.index() == index));
        let pairs: Vec<(usize, Sender)> = ends.iter().map(|end| (end.connection(), end.sender())).collect();
        assert!(pairs.is_sorted());
        assert_eq!(pairs.len(), 6);
    }

    #[test]
    #[should_panic(expected = "fewer than 2^31")]
    fn a_connection_that_no_inventory_has_is_not_another_one() {
        EndIndex::new(EndIndex::MAX_CONNECTIONS, Sender::Requester);
    }
}
