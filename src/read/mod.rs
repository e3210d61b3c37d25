//! Readers: bytes to values. They take any [`std::io::Read`] and open nothing themselves.

pub(crate) mod alike;
pub(crate) mod answer;
pub mod bill;
mod changes;
pub mod cloudmonitor;
mod connections;
pub(crate) mod decimal;
pub(crate) mod flowlog;
pub(crate) mod header;
mod inventory;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod native;
mod noted;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
pub(crate) mod record;
mod reported;
pub(crate) mod rows;
pub(crate) mod source;
pub(crate) mod table;
pub mod terraform;
pub mod topology;
pub(crate) mod values;

pub use changes::describe as describe_link_changes;
pub use cloudmonitor::CloudMonitor;
pub use connections::{RegionCheck, describe as describe_connections};
pub use inventory::{InventorySettings, LinkTypesBefore, inventory, read_inventory};
#[cfg(feature = "parquet")]
pub(crate) use layout::ARCHIVED_TOTALS;
pub use native::columns::TrafficColumns;
pub use native::{Amounts, Starts, Texts, TrafficBatch};
pub use noted::{monthly, read_accounts, read_budgets};
pub use reported::{
    ReportedAccount, ReportedLine, ReportedMonth, read_reported, read_reported_months, read_reported_pair,
    reported_months,
};
pub use source::ReadAt;
pub use source::TrafficSource;
pub use source::{HeldParts, HeldRows};

use std::sync::Arc;

/// A small input, held as a whole: connections, link changes, prices, a plan.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Document {
    /// Name in messages, usually the path.
    pub name: Arc<str>,
    /// Its bytes, decompressed; readers of text refuse what is not UTF-8.
    pub text: Vec<u8>,
}

impl Document {
    /// From a name and bytes.
    pub fn new(name: &str, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}
