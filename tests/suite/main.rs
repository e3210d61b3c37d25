//! All integration tests, in one program: it is linked once, and shares what the tests have in common.
//!
//! What needs a feature is left out without it. `cargo test --test suite golden::` runs one module.

mod accounts;
#[cfg(feature = "cli")]
mod archives;
mod bills;
#[cfg(feature = "cli")]
mod cli;
mod compare;
mod corpus;
mod corrections;
mod crosscheck;
mod dependencies;
mod estimate;
mod estimate_plan;
mod explain;
mod findings;
#[cfg(feature = "cli")]
mod focus;
#[cfg(feature = "cli")]
mod golden;
#[cfg(feature = "cli")]
mod html;
mod inventory;
#[cfg(feature = "cli")]
mod json_schema;
#[cfg(feature = "cli")]
mod languages;
mod layers;
#[cfg(all(feature = "cli", feature = "parquet"))]
mod lines_parquet;
mod messages;
#[cfg(feature = "cli")]
mod object_store;
#[cfg(feature = "parquet")]
mod parquet;
mod properties;
#[cfg(feature = "cli")]
mod readme;
mod reconcile;
mod regions;
#[cfg(feature = "serde")]
mod serialize;
mod several_months;
mod sources;
mod sql;
mod support;
#[cfg(all(feature = "cli", feature = "xlsx"))]
mod xlsx;
