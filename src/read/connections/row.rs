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
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
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
    /// Whether it tells the link type at all, if only as nothing, which is Gold (R8). An old export lacks the member.
    pub link_type_told: bool,
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

/// Accounts and regions, of which there are fewer than connections: equal texts are one.
#[derive(Default)]
pub(super) struct SharedTexts {
    accounts: HashSet<Arc<str>>,
    /// Regions that may be named; there are some thirty.
    regions: BTreeSet<Arc<str>>,
}

impl SharedTexts {
    /// The one text of an account.
    pub fn account(&mut self, id: &str) -> Arc<str> {
        if let Some(known) = self.accounts.get(id) {
            return known.clone();
        }
        let new: Arc<str> = id.into();
        self.accounts.insert(new.clone());
        new
    }

    /// The one text of a region, which is checked when it is met first.
    pub fn region(&mut self, id: &str, check_region: RegionCheck<'_>) -> Result<Arc<str>, Invalid> {
        match self.regions.get(id) {
            Some(known) => Ok(known.clone()),
            None => check_region(id).map(|()| self.checked_region(id)),
        }
    }

    fn checked_region(&mut self, id: &str) -> Arc<str> {
        if let Some(known) = self.regions.get(id) {
            return known.clone();
        }
        let new: Arc<str> = id.into();
        self.regions.insert(new.clone());
        new
    }

    /// Lets the texts of an end, whose region was checked, be those of others where they are not yet.
    pub fn share(&mut self, end: &mut End) {
        let alone = |text: &Arc<str>| Arc::strong_count(text) == 1;
        if alone(&end.account_id) {
            end.account_id = self.account(&end.account_id);
        }
        if alone(&end.region) {
            end.region = self.checked_region(&end.region);
        }
    }
}
