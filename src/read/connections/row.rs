//! What documents of connections hold, row after row, before the rows of several documents are put together.

use crate::{
    error::Fault,
    model::{
        connection::{Connection, End},
        finding::Finding,
        invalid::Invalid,
    },
    read::place::Place,
};

/// Says whether a region id may be named, and if not, why.
pub type RegionCheck<'a> = &'a dyn Fn(&str) -> Result<(), Invalid>;

/// A connection as one document describes it.
#[derive(Debug)]
pub(in crate::read) struct ConnectionRow {
    pub connection: Connection,
    pub place: Place,
    /// Whether another row may describe the same connection: both accounts may have exported it, and equal rows are
    /// then one. In a table a second row is refused.
    pub may_repeat: bool,
}

/// A row that cannot be read.
#[derive(Debug)]
pub(in crate::read) struct RefusedRow {
    /// Its connection, whose traffic is refused under this one cause (R15); empty where it cannot be read either.
    pub connection_id: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// What could be read of the requester and the accepter: flow logs are joined by their VPCs and address blocks.
    pub ends: Option<[End; 2]>,
}

/// One thing that a document of connections holds, in the order of the document.
#[derive(Debug)]
pub(in crate::read) enum Found {
    /// A connection.
    Row(ConnectionRow),
    /// A row that cannot be read.
    Refused(RefusedRow),
    /// What a reader of reports should know.
    Finding(Finding),
}

/// Takes what is found, one after the other.
pub(in crate::read) type Take<'a> = &'a mut dyn FnMut(Found);
