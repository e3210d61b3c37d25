//! Texts that many connections have in common: accounts and regions.

use super::row::RegionCheck;
use crate::model::connection::End;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

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
    pub fn region(&mut self, id: &str, check_region: RegionCheck<'_>) -> Result<Arc<str>, String> {
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
