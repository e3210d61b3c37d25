//! Where the traffic of each key goes: what rating looks up once and all raters share.

use crate::{
    attribution::attribute,
    catalog::Catalog,
    meter::HourlyUsage,
    model::{inventory::Inventory, time::Hour, usage::Sender},
};
use std::collections::HashMap;

/// Where the traffic of a connection and sender goes: what its price depends on beside link type and hour.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    /// Empty where no account has terms of its own.
    pub account: &'a str,
    pub source: &'a str,
    pub destination: &'a str,
}

/// What all raters share.
pub(crate) struct Rating<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) catalog: &'a Catalog,
    pub(super) hourly: bool,
    /// Hours at which prices change, rising.
    pub(super) price_changes: Vec<Hour>,
    pub(super) routes: Vec<Route<'a>>,
    /// By key: the index of its route, or [`NOT_RATED`].
    pub(super) route_of: Vec<u32>,
}

/// The route of a key without hours, or whose account is not asked for.
pub(super) const NOT_RATED: u32 = u32::MAX;

impl<'a> Rating<'a> {
    /// To rate what the connections of `inventory` sent, as [`rate`](super::rate) does.
    pub fn new(
        usage: &HourlyUsage,
        inventory: &'a Inventory,
        catalog: &'a Catalog,
        hourly: bool,
        only_account: Option<&str>,
    ) -> Self {
        let price_changes = catalog.price_changes();
        let (mut routes, mut route_of) = (Vec::new(), Vec::with_capacity(inventory.connections().len() * 2));
        let own_terms = !catalog.contract().rows().is_empty();
        let mut known: HashMap<(&str, &str, &str), u32> = HashMap::new();
        for (key, (connection, sender)) in senders(inventory).enumerate() {
            let to = attribute(inventory.connection(connection), sender);
            let asked_for = only_account.is_none_or(|account| account == to.billing_account_id);
            if !asked_for || !usage.has_hours(key) {
                route_of.push(NOT_RATED);
                continue;
            }
            let account = if own_terms { to.billing_account_id } else { "" };
            let (source, destination) = (to.source_region, to.destination_region);
            let route = *known.entry((account, source, destination)).or_insert_with(|| {
                routes.push(Route { account, source, destination });
                (routes.len() - 1) as u32
            });
            route_of.push(route);
        }
        Self { inventory, catalog, hourly, price_changes, routes, route_of }
    }
}

fn senders(inventory: &Inventory) -> impl Iterator<Item = (usize, Sender)> + '_ {
    (0..inventory.connections().len()).flat_map(|index| Sender::ALL.map(|sender| (index, sender)))
}
