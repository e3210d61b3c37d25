//! Prices that are needed and not known (R5).

use crate::{
    catalog::Catalog,
    error::{Error, MissingPrice, Result},
    model::{link::LinkType, time::Hour},
};
use std::collections::BTreeMap;

/// The first hour of each pair and link type without a price.
pub(super) type MissingPrices = BTreeMap<(String, String, LinkType), Hour>;

/// Notes that there is no price in `hour`.
pub(super) fn note_missing(missing: &mut MissingPrices, pair: (String, String, LinkType), hour: Hour) {
    let first = missing.entry(pair).or_insert(hour);
    *first = hour.min(*first);
}

/// Lists all of them, where there is one.
pub(super) fn refuse_missing(missing: &MissingPrices, catalog: &Catalog) -> Result<()> {
    let missing = missing.iter().map(|((source, destination, link_type), hour)| MissingPrice {
        source: source.clone(),
        destination: destination.clone(),
        link_type: *link_type,
        first_hour: Some(*hour),
        catalog: catalog.name.clone(),
        currency: catalog.currency.clone(),
    });
    Error::of_missing_prices(missing.collect()).map_or(Ok(()), Err)
}
