//! A priced line.

use crate::{
    attribution::attribute,
    catalog::Price,
    model::{inventory::Inventory, link::LinkType, money::Amount, time::Hour, usage::Sender},
};
use std::sync::Arc;

/// The charge of one account, connection, sender, link type and price; with `--hourly`, of one hour of it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Line {
    /// The connection's id.
    pub connection_id: Arc<str>,
    /// Its index into the inventory that was rated.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) connection: usize,
    /// The end that sent, whose account pays.
    pub sender: Sender,
    /// The hour, in UTC, where lines are hourly or grouped by something that needs hours.
    pub hour: Option<Hour>,
    /// The level that is billed (R7); `None` inside a region, where traffic is free (R1).
    pub link_type: Option<LinkType>,
    /// List price, contracted price and status, of one GB.
    pub price: Price,
    /// Bytes sent.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
    /// What they cost, exactly, in the catalog's currency (R10).
    pub amount: Amount,
    /// Hours with a record, also with one of 0 bytes.
    pub metered_hours: u64,
    /// Those of them that hold a real change of link type, in either direction (R7).
    pub raised_hours: u64,
    /// The amount of those hours less that of all their bytes at the lowest level in effect: an upper bound of what the
    /// switches cost, negative where a catalog prices the higher level lower.
    pub raised_amount: Amount,
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}
