//! The nouns: time, link types, connections, usage, money. Values that exist are valid.

pub mod accounts;
pub mod connection;
pub mod error;
pub mod finding;
pub mod id;
pub mod invalid;
pub mod inventory;
pub mod link;
pub mod money;
pub mod quantity;
#[cfg(feature = "serde")]
pub(crate) mod serialize;
pub mod time;
pub mod usage;
mod written_time;

pub use invalid::did_you_mean;
pub(crate) use invalid::quoted;

use error::{Error, Result};
use std::collections::{HashMap, HashSet};

/// A map that is asked about short texts again and again, with a seed of its own in each process.
pub(crate) type QuickMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
/// Such a set.
pub(crate) type QuickSet<K> = HashSet<K, foldhash::fast::RandomState>;

/// Adds checked; `what` names the sum in the error.
pub(crate) fn checked_add(sum: &mut u128, value: u128, what: &str) -> Result<()> {
    *sum = sum.checked_add(value).ok_or_else(|| Error::overflow(format!("{what} exceeds 2^128")))?;
    Ok(())
}

/// Likewise where what is taken back counts negative.
pub(crate) fn checked_add_signed(sum: &mut i128, value: i128, what: &str) -> Result<()> {
    *sum = sum.checked_add(value).ok_or_else(|| Error::overflow(format!("{what} exceeds 2^127")))?;
    Ok(())
}
