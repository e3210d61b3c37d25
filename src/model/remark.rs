//! What a reader should know about connections and their link changes beside what is wrong with them.

use std::sync::Arc;

/// What kind of thing a [`Remark`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkCode {
    /// A list of connections has pages that were not given.
    InventoryIncomplete,
    /// The provider has locked a connection for financial reasons (`BizStatus` `FinancialLocked`).
    FinancialLocked,
    /// A requester's account is that of the only data source of a state, of whatever provider that is.
    AccountFromDataSource,
    /// What a trail held, and what of it was passed over.
    TrailRead,
    /// A trail has pages that were not given.
    TrailIncomplete,
    /// Events of a trail are of connections that the inventory lacks.
    TrailElsewhere,
    /// A connection that the inventory lacks is taken from a trail, which has its creation and its deletion.
    RowFromTrail,
}

/// Something about the connections or their changes that a reader should know; it changes nothing.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What kind of thing.
    pub code: RemarkCode,
    /// The connection, where it is about one.
    pub connection_id: Option<Arc<str>>,
    /// In words; names no input (R17).
    pub message: String,
}
