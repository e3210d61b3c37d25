//! Meters, rates and attributes the inter-region traffic of Alibaba Cloud VPC peering connections.
//!
//! The primary types in this crate are
//!
//! - [`TrafficSource`]: traffic to be read, from bytes or a stream, in any form that an export has;
//! - [`Inventory`]: connections, with the history of their link types;
//! - [`Catalog`]: what one GB costs;
//! - [`Metered`]: hourly bytes of a month, made by [`meter()`] of the first two;
//! - [`Report`]: [`Statement`]s of accounts and their [`Line`]s, made by [`report()`] of a metering and a catalog.
//!
//! Whatever can go wrong is one [`Error`], with kind, input name and line. Bytes are integers, prices decimals, and an
//! amount stays an exact fraction until the one place that rounds it to [`Money`] (R11). Nothing here looks at a clock or an
//! environment, or prints; nothing but `files` opens a file, and the rows of large workbooks go through a temporary one.
//!
//! Data flows one way: [`read`] makes records of bytes, [`mod@meter`] hours of records, rating lines of hours with a
//! [`catalog`], statements amounts that are payable, [`mod@report`] a report of all that, and [`mod@write`] bytes of a report.
//! What-if goes the same way: [`estimate`] makes reports of the same traffic over other link types. [`doctor`] sees what
//! inputs hold, [`explain`](mod@explain) follows one charge from its records to its amount, and each report lists
//! [findings](Finding): what a reader should look at.
//!
//! The provider's published example, China site:
//!
//! ```
//! use peerbill::{Catalog, MeterSettings, ReportOptions, TrafficSource, inventory, meter, report};
//!
//! let catalog = Catalog::shipped("china-site")?;
//! let inventory = inventory(
//!     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
//!      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
//!     None,
//! )?;
//! let usage = TrafficSource::from_bytes(
//!     "usage.csv",
//!     "timestamp,connection_id,sender,bytes\n\
//!      2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n\
//!      2026-10-05T04:00:00Z,pcc-1,accepter,107374182400\n",
//! );
//! // A record that cannot be billed is an error here, unless the settings ask for something else.
//! let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?;
//! let report = report(&metered, &catalog, ReportOptions::default())?;
//! let payable: Vec<String> = report.statements.iter().map(|s| s.payable.to_string()).collect();
//! assert_eq!(payable, ["96.00", "48.00"]);
//! # Ok::<(), peerbill::Error>(())
//! ```
//!
//! # Features
//!
//! - `cli`: the program, and what is written for a screen (`write::text`).
//! - `files`: inputs by their paths, as the program takes them (`peerbill::files`).
//! - `parquet`: traffic from Parquet files; metered hours, lines and FOCUS to them.
//! - `dataframe`: usage in and lines out as polars DataFrames (`peerbill::dataframe`).
//! - `xlsx`: reports, estimates and rows as workbooks.
//! - `serde`: reports, their lines, rows, statements and findings implement `serde::Serialize`; money, prices and bytes
//!   are text.
//!
//! All but `serde` are on by default; without them it is the library alone.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod model;
mod parallel;
pub mod rows;

pub mod catalog;
pub mod read;

pub mod meter;

mod attribution;
mod rating;

mod findings;
mod statement;

pub mod report;

pub mod doctor;

pub mod estimate;

pub mod explain;

pub mod compare;

pub mod reconcile;

pub mod crosscheck;

#[cfg(feature = "dataframe")]
pub mod dataframe;
#[cfg(feature = "files")]
pub mod files;
pub mod write;

pub use catalog::Catalog;
pub use explain::explain;
pub use meter::{MeterSettings, Metered, meter};
pub use model::{
    error::{self, Error, ErrorKind, Fault, FaultCode, MissingPrice, Result},
    finding::{Finding, FindingCode},
    inventory::Inventory,
    money::Money,
    time::{BillingMonth, Hour},
};
pub use rating::{DayCost, Line};
pub use read::{TrafficSource, inventory};
pub use report::{Report, ReportOptions, report};
pub use statement::Statement;

/// The code of the README, compiled and run with that of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Likewise that of the page about the library, whose DataFrames need their feature.
#[cfg(all(doctest, feature = "dataframe"))]
#[doc = include_str!("../docs/library.md")]
struct LibraryPage;
