//! Prices that are needed and not known (R5).

use crate::{
    catalog::Catalog,
    error::{Error, ErrorKind, FIRST_NEEDED, Fault, FaultCode, Result},
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
    let faults = missing.iter().map(|((source, destination, link_type), hour)| {
        let message = format!(
            "no {link_type} price from {source} to {destination} in catalog {} ({}){FIRST_NEEDED}{hour}; \
             supply it with --prices or --contract",
            catalog.name, catalog.currency
        );
        Fault::new(FaultCode::MissingPrice, message)
    });
    let faults: Vec<Fault> = faults.collect();
    let total = faults.len() as u64;
    Error::listing_all(ErrorKind::MissingPrice, faults, total).map_or(Ok(()), Err)
}
