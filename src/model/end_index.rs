//! One end of a connection of an inventory, as one number.

use crate::model::usage::Sender;

/// One end of a connection: the connection's index in the [`Inventory`](super::inventory::Inventory), and which of its
/// ends, the one that the bytes leave (R2).
///
/// The ends of an inventory of `n` connections have the indexes 0 to `2 n - 1`, both ends of a connection beside each
/// other, the requester first. So tables by end are plain vectors of that length, and the order of ends is that of
/// reports: by connection id, then requester before accepter.
///
/// ```
/// use peerbill::model::{end_index::EndIndex, usage::Sender};
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
mod tests {
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
