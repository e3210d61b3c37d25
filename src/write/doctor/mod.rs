//! What the doctor says of inputs, for a screen and as JSON.

mod json;
#[cfg(feature = "cli")]
mod page;

pub use json::json;
#[cfg(feature = "cli")]
pub(super) use page::page_of;

use crate::{
    doctor::MonthSummary,
    model::{
        inventory::Inventory,
        time::{Hour, Offset, Period},
    },
};
use std::collections::BTreeSet;

/// One input, as a reader of the table knows it.
#[derive(Debug, Clone)]
pub struct InputSummary {
    /// What it was given as: `usage`, `connections`, `link-changes` ...
    pub role: String,
    /// Its name, usually the path.
    pub name: String,
    /// `plain`, `gzip` or `zstd`.
    pub stored: &'static str,
    /// How it is written.
    pub format: String,
    /// Records, rows or events.
    pub records: u64,
    /// Records of traffic that would be refused whatever the month.
    pub refused: Option<u64>,
    /// From its first hour with a record to the last one.
    pub hours: Option<Period>,
}

/// What the doctor says of all inputs.
#[derive(Debug)]
pub struct Diagnosis<'a> {
    /// The inputs.
    pub inputs: &'a [InputSummary],
    /// The connections: those that were given, or that traffic names.
    pub inventory: Option<&'a Inventory>,
    /// Whether they were given.
    pub connections_given: bool,
    /// Ids that traffic names and the inventory lacks.
    pub unknown: &'a BTreeSet<String>,
    /// The months, rising.
    pub months: &'a [MonthSummary],
    /// The offset in which months have their edges.
    pub offset: Offset,
    /// Names and values of the settings by which inputs were read.
    pub settings: &'a [(String, String)],
}

/// The last hour of a period that is not empty.
fn last_hour(period: Period) -> String {
    Hour::from_index(period.end.index() - 1).to_string()
}
