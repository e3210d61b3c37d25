//! A duplicate that is set aside.

use crate::{
    meter::{refused::RefusedRecord, sums::HourShare},
    model::end_index::EndIndex,
    read::record::Quantity,
};

/// What duplicates of one another share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::meter) enum DuplicateKey {
    /// The end that they left, and when: nanoseconds from the period's start.
    Moment(EndIndex, i64),
    /// What this is a digest of.
    Digest(u128),
}

/// A record of which there are several, set aside until all are known.
#[derive(Debug, Clone)]
pub(in crate::meter) struct HeldDuplicate {
    pub end: EndIndex,
    pub key: DuplicateKey,
    pub shares: Vec<HourShare>,
    /// Its connection lies inside a region (R1).
    pub is_free: bool,
    /// It, as if it were refused, without a reason yet.
    pub record: RefusedRecord,
}

impl HeldDuplicate {
    /// Duplicates of one another are of one group.
    pub fn group(&self) -> (EndIndex, DuplicateKey) {
        (self.end, self.key)
    }

    /// All of its traffic.
    pub fn quantity(&self) -> Quantity {
        let add = |sum: Quantity, share: &HourShare| Quantity {
            bytes: sum.bytes + share.quantity.bytes,
            fraction: sum.fraction + share.quantity.fraction,
        };
        self.shares.iter().fold(Quantity::default(), add)
    }
}
