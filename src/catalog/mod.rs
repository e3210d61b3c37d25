//! The catalog: what one GB costs between two places, over which link type, from when on, and who says so.
//!
//! A [`Catalog`] is read from a folder's texts ([`CatalogSource`]) or from the shipped ones
//! ([`Catalog::shipped`]); overlays ([`Catalog::with_prices`]) and contracts ([`Catalog::with_contract`])
//! are laid over it. It answers one question: [`Catalog::quote`].

pub mod check;
pub mod contract;
pub mod diff;
mod load;
mod price;
mod quote;
pub mod regions;

pub use contract::{Contract, ContractRow, Terms};
pub use load::CatalogSource;
pub use load::{SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped_overlay};
pub use price::{Price, PriceRow, PriceStatus, RoundingPolicy, Validity};
pub use quote::CatalogSummary;
pub use quote::{Catalog, InLanguage, Lost, Quote};
pub use regions::{Place, Region, Regions};
