//! Prices, when they are in force and where they come from.

use super::Place;
use crate::model::{
    link::LinkType,
    money::{Rounding, UnitPrice},
    time::{Hour, Timestamp},
};
use std::{fmt, sync::Arc};

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
