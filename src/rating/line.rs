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
    /// The hour, where lines are hourly.
    pub hour: Option<Hour>,
    /// The level that is billed; `None` inside a region, where traffic is free (R1).
    pub link_type: Option<LinkType>,
    /// List price, contracted price and status.
    pub price: Price,
    /// Bytes sent.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
    /// What they cost, exactly.
    pub amount: Amount,
    /// Hours with a record.
    pub metered_hours: u64,
    /// Those of them that hold a real change of link type.
    pub raised_hours: u64,
    /// The amount of those hours less that of all their bytes at the lowest level in effect.
    pub raised_amount: Amount,
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}
