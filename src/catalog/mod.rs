//! The catalog: what one GB costs between two places, over which link type, from when on, and who says so.
//!
//! A [`Catalog`] is read from a folder's texts ([`CatalogSource`]) or from the shipped ones
//! ([`Catalog::shipped`]); overlays ([`Catalog::with_prices`]) and contracts ([`Catalog::with_contract`])
//! are laid over it. It answers one question: [`Catalog::quote`].
//! Here are prices, when they are in force and where they come from.

pub mod check;
pub mod contract;
pub mod diff;
mod load;
mod quote;
pub mod regions;

pub use contract::{Contract, ContractRow, Terms};
pub use load::CatalogSource;
pub use load::{SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped_overlay};
pub use quote::CatalogSummary;
pub use quote::{Catalog, InLanguage, Lost, Quote};
pub use regions::{Place, Region, Regions};

use crate::model::{
    link::LinkType,
    money::{Rounding, UnitPrice},
    time::{Hour, Timestamp},
};
use std::{cmp::Reverse, collections::BTreeSet, fmt, sync::Arc};

/// Where a price comes from (R18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceStatus {
    /// Printed by the provider.
    Published,
    /// Nobody published it; used only when asked for by name.
    Assumed,
    /// The unit price of an account's own contract.
    #[serde(skip)]
    Contract,
}

impl PriceStatus {
    /// `published`, `assumed` or `contract`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Assumed => "assumed",
            Self::Contract => "contract",
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for PriceStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for PriceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a price or a term is in force: read at the start of the hour, `until` exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Validity {
    /// The first instant; `None`: as far back as is known.
    pub from: Option<Timestamp>,
    /// The instant that ends it; `None`: until a later row takes over.
    pub until: Option<Timestamp>,
}

impl Validity {
    /// Whether it is in force at the start of `hour`, and so for all of it (R4).
    pub fn covers(self, hour: Hour) -> bool {
        let start = hour.start();
        self.from.is_none_or(|from| from <= start) && self.until.is_none_or(|until| start < until)
    }

    /// The first hour that it covers and the first one after those; `None` where there is no such limit.
    fn hours(self) -> [Option<Hour>; 2] {
        [self.from, self.until].map(|limit| limit.map(first_hour_at_or_after))
    }
}

/// The first hour that starts at or after `at`.
fn first_hour_at_or_after(at: Timestamp) -> Hour {
    if at.hour().start() == at { at.hour() } else { at.hour().next() }
}

/// What holds in every hour, of many rows that are in force at times of their own: found by the time that it takes to
/// look up one number among those of all changes.
#[derive(Debug, Clone, Default)]
struct Timeline<A> {
    /// From which hour on what holds, rising; nothing does before the first.
    changes: Vec<(Hour, A)>,
}

impl<A: Copy + Default + PartialEq> Timeline<A> {
    /// Of rows with what orders them; `choose` says what holds where these are in force.
    pub fn new<K: Ord + Copy>(
        rows: impl IntoIterator<Item = (Validity, K)>,
        choose: impl Fn(&BTreeSet<K>) -> A,
    ) -> Self {
        const ALWAYS: Hour = Hour::from_index(i64::MIN);
        let mut edges = Vec::new();
        for (validity, key) in rows {
            let [from, until] = validity.hours();
            edges.push((from.unwrap_or(ALWAYS), Reverse(true), key));
            edges.extend(until.map(|until| (until, Reverse(false), key)));
        }
        edges.sort_unstable();
        let (mut in_force, mut changes) = (BTreeSet::new(), Vec::new());
        for edges in edges.chunk_by(|a, b| a.0 == b.0) {
            // One that begins and ends before an hour starts is in force in none: it is put in first, and taken out.
            for &(_, Reverse(begins), key) in edges {
                if begins {
                    in_force.insert(key)
                } else {
                    in_force.remove(&key)
                };
            }
            let holds = choose(&in_force);
            if changes.last().map_or(A::default(), |&(_, before)| before) != holds {
                changes.push((edges[0].0, holds));
            }
        }
        Self { changes }
    }

    /// What holds in an hour.
    pub fn at(&self, hour: Hour) -> A {
        let next = self.changes.partition_point(|(from, _)| *from <= hour);
        next.checked_sub(1).map_or(A::default(), |last| self.changes[last].1)
    }

    /// The hours at which it changes, rising; without the beginning of time.
    pub fn changes(&self) -> impl Iterator<Item = Hour> + '_ {
        self.changes.iter().map(|(from, _)| *from).filter(|from| from.index() > i64::MIN)
    }
}

/// One row of a price table: `prices.csv`, or an overlay.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// Where traffic leaves.
    pub source: Place,
    /// Where it goes.
    pub destination: Place,
    /// Over which link type.
    pub link_type: LinkType,
    /// Price of one GB, in the catalog's currency.
    pub unit_price: UnitPrice,
    /// When it is in force.
    pub validity: Validity,
    /// Published or assumed.
    pub status: PriceStatus,
    /// Where it was read.
    pub source_url: String,
    /// The date of that, as the table writes it.
    pub source_date: String,
    /// 0 for the catalog, then 1 and so on for each overlay: the later layer wins among equals (R4).
    pub layer: usize,
    /// The input it was read from.
    pub input: Arc<str>,
    /// Its line there, counted from 1.
    pub line: u64,
}

/// How an account's month is rounded (R11).
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RoundingPolicy {
    /// In which direction.
    pub mode: Rounding,
    /// To how many decimals, at most 10.
    pub decimals: u32,
    /// Whether the provider publishes it.
    pub status: PriceStatus,
    /// Where it was read.
    #[serde(default)]
    pub source_url: String,
    /// The date of that, as `catalog.toml` writes it.
    #[serde(default)]
    pub source_date: String,
}

/// What lines are made by: list price, contracted price and status; prices of one GB, in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Price {
    /// The list price; `None` where a contract price stands without a published one (R18).
    pub list: Option<UnitPrice>,
    /// What the account pays; without a contract, the list price.
    pub contracted: UnitPrice,
    /// Where the contracted price comes from; a discounted one keeps the status of its list price.
    pub status: PriceStatus,
}

impl Price {
    /// The price of traffic inside a region (R1): the provider publishes that it is free.
    pub const FREE: Self =
        Self { list: Some(UnitPrice::ZERO), contracted: UnitPrice::ZERO, status: PriceStatus::Published };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_timeline_tells_what_a_look_at_all_rows_tells(
            rows in prop::collection::vec((prop::option::of(0i64..40), prop::option::of(1i64..40)), 0..12),
        ) {
            // In half hours, so that some begin and end within one.
            let at = |half: i64| Timestamp::from_seconds(half * 1800);
            let validity = |(from, length): &(Option<i64>, Option<i64>)| Validity {
                from: from.map(at),
                until: length.map(|length| at(from.unwrap_or_default() + length)),
            };
            let rows: Vec<(Validity, usize)> = rows.iter().map(validity).zip(0..).collect();
            let timeline = Timeline::new(rows.iter().copied(), |active| active.last().copied());
            for hour in (-2..45).map(Hour::from_index) {
                let last = rows.iter().filter(|(validity, _)| validity.covers(hour)).map(|(_, index)| *index).max();
                prop_assert_eq!(timeline.at(hour), last, "{}", hour);
            }
        }
    }
}
