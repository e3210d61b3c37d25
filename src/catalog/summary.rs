//! What a report tells of the catalog that priced it.

use super::{Catalog, RoundingPolicy};
use crate::model::money::Gb;

/// A catalog without its prices: what a report shows of it, and needs to print amounts.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CatalogSummary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The provider's site that it describes.
    pub site: String,
    /// Its only currency (R13).
    pub currency: String,
    /// What one GB is (R9).
    pub gb: Gb,
    /// How an account's month is rounded (R11).
    pub rounding: RoundingPolicy,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Names of the overlays, in the order in which they were laid.
    pub overlays: Vec<String>,
    /// How many rows the contract in use has; 0 where there is none.
    pub contract_rows: usize,
    /// The digest over all price rows, overlays and contracts in use.
    pub price_digest: String,
}

impl Catalog {
    /// What a report tells of it.
    pub fn summary(&self) -> CatalogSummary {
        CatalogSummary {
            name: self.name.clone(),
            version: self.version.clone(),
            site: self.site.clone(),
            currency: self.currency.clone(),
            gb: self.gb,
            rounding: self.rounding.clone(),
            notes: self.notes.clone(),
            overlays: self.overlays().to_vec(),
            contract_rows: self.contract().rows().len(),
            price_digest: self.digest(),
        }
    }
}
