//! What changed between two catalogs, or between two dates of one.

use super::{Catalog, Place, PriceRow, PriceStatus};
use crate::model::{
    link::LinkType,
    time::{Hour, Timestamp},
};
use std::collections::BTreeSet;

/// A catalog at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The instant; prices are those of the hour it lies in (R4). `None`: the hour of the last change of a price.
    pub at: Option<Timestamp>,
}

impl Edition<'_> {
    fn hour(self) -> Hour {
        let newest = || self.catalog.price_changes().last().copied().unwrap_or(Hour::from_index(0));
        self.at.map_or_else(newest, Timestamp::hour)
    }

    /// The row in force for exactly these places, published before assumed.
    fn row(&self, (from, to, link_type): &(Place, Place, LinkType)) -> Option<&PriceRow> {
        [PriceStatus::Published, PriceStatus::Assumed]
            .into_iter()
            .find_map(|status| self.catalog.row_in_force(from, to, *link_type, status, self.hour()))
    }
}

/// One difference: what it is about, and its value in both editions; empty where it is in one only.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// A setting's name, or source, destination and link type.
    pub what: String,
    /// Its value in the first, as text; of a price its amount per GB and its status.
    pub before: String,
    /// Its value in the second, likewise.
    pub after: String,
}

/// All differences in settings, areas and prices in force, in this order.
///
/// Settings are name, version, currency, GB, symmetry and rounding. Prices are compared by the places that rows name;
/// contracts are not compared.
pub fn diff(first: Edition<'_>, second: Edition<'_>) -> Vec<Difference> {
    let mut found = settings(first.catalog, second.catalog);
    found.extend(areas(first.catalog, second.catalog));
    let keys: BTreeSet<_> =
        [first, second].into_iter().flat_map(|edition| edition.catalog.by_pair.keys()).collect();
    for key in keys {
        let text = |row: Option<&PriceRow>| {
            row.map_or_else(String::new, |row| format!("{} {}", row.unit_price, row.status))
        };
        let (from, to, link_type) = key;
        let what = format!("{from} to {to}, {link_type}");
        push(&mut found, what, text(first.row(key)), text(second.row(key)));
    }
    found
}

fn push(found: &mut Vec<Difference>, what: String, before: String, after: String) {
    if before != after {
        found.push(Difference { what, before, after });
    }
}

fn settings(first: &Catalog, second: &Catalog) -> Vec<Difference> {
    let texts = |catalog: &Catalog| {
        let rounding = &catalog.rounding;
        [
            ("name", catalog.name.clone()),
            ("version", catalog.version.clone()),
            ("currency", catalog.currency.clone()),
            ("gb", catalog.gb.to_string()),
            ("symmetric", catalog.symmetric.to_string()),
            (
                "rounding",
                format!("{} to {} decimals ({})", rounding.mode.as_str(), rounding.decimals, rounding.status),
            ),
        ]
    };
    let mut found = Vec::new();
    for ((name, before), (_, after)) in texts(first).into_iter().zip(texts(second)) {
        push(&mut found, name.to_owned(), before, after);
    }
    found
}

fn areas(first: &Catalog, second: &Catalog) -> Vec<Difference> {
    let ids: BTreeSet<_> = [first, second]
        .into_iter()
        .flat_map(|catalog| catalog.regions.all())
        .map(|region| &region.id)
        .collect();
    let area = |catalog: &Catalog, id: &str| {
        catalog
            .regions
            .get(id)
            .map_or_else(String::new, |region| region.area.as_deref().unwrap_or("no area").to_owned())
    };
    let mut found = Vec::new();
    for id in ids {
        push(&mut found, format!("area of {id}"), area(first, id), area(second, id));
    }
    found
}
