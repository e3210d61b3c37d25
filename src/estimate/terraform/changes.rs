//! What a plan changes and costs, and whether it may pass a gate.

use crate::{
    error::Result,
    model::{invalid::Invalid, money::Money},
    read::terraform::Change,
};

/// What a plan changes, with what that costs in a month, in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Every connection that is created, changed or destroyed, by address.
    pub connections: Vec<ChangeCost>,
    /// By account.
    pub accounts: Vec<AccountCost>,
    /// What all of it costs before, where it is known; not rounded as a bill is.
    pub before: Option<Money>,
    /// What all of it costs after.
    pub after: Option<Money>,
    /// Whether an assumed price touched what it costs before, and after (R18).
    pub assumed: [bool; 2],
    /// How many connections stay as they are; they are not priced.
    pub unchanged: usize,
    /// Why the difference is not known, where it is not; empty where it is.
    pub open: Vec<Invalid>,
}

/// What a change of one connection costs.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCost {
    /// What is changed.
    pub change: Change,
    /// What it costs before: nothing where it is created, `None` where it is not priced.
    pub before: Option<Money>,
    /// What it costs after: nothing where it is destroyed, `None` where it is not priced.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
}

/// What an account pays for the connections that are changed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCost {
    /// The account.
    pub billing_account_id: String,
    /// What it pays before; `None` where that scenario is not priced.
    pub before: Option<Money>,
    /// What it pays after.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
}

/// The difference between two costs, after less before; `None` where one of them is not known.
///
/// # Errors
///
/// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where it is beyond exact amounts.
pub fn difference(before: Option<Money>, after: Option<Money>) -> Result<Option<Money>> {
    before.zip(after).map(|(before, after)| after.checked_sub(before)).transpose()
}

/// Whether a plan may pass a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It costs so much more per month, which is not above the limit.
    Passed(Money),
    /// It costs so much more per month, which is above the limit.
    Above(Money),
    /// How much more it costs is not known, for these reasons.
    NotKnown(Vec<Invalid>),
}

impl ChangeCost {
    /// Whether its cost is not known on a side that it has.
    pub fn not_priced(&self) -> bool {
        self.before.is_none() || self.after.is_none()
    }
}

impl Changes {
    /// How many connections are not priced on a side that they have; the totals are without them.
    pub fn not_priced(&self) -> usize {
        self.connections.iter().filter(|change| change.not_priced()).count()
    }

    /// Whether what the plan costs more per month stays within `limit`. What is not known does not pass.
    ///
    /// # Errors
    ///
    /// Those of [`difference`].
    pub fn gate(&self, limit: Money) -> Result<Gate> {
        if !self.open.is_empty() {
            return Ok(Gate::NotKnown(self.open.clone()));
        }
        Ok(match difference(self.before, self.after)? {
            None => Gate::NotKnown(vec!["a price is missing".into()]),
            Some(more) if more > limit => Gate::Above(more),
            Some(more) => Gate::Passed(more),
        })
    }
}
