//! What is fuzzed: one function for each reader, and one for the whole report. Each takes any bytes, and panics where a
//! promise is broken.
//!
//! The fuzzer calls them from `src/bin`, and the tests of the program with the stored corpus (`tests/suite/corpus.rs`).

mod bills;
mod chance;
mod estimates;
mod inventories;
mod month;
mod outcome;
mod outputs;
mod pricing;
mod traffic;
mod values;

pub use bills::{bill, reported};
pub use estimates::{terraform_plan, topology};
pub use inventories::{connections, link_changes};
pub use month::month;
pub use pricing::{contract, prices};
#[cfg(feature = "parquet")]
pub use traffic::usage_parquet;
pub use traffic::{cloudmonitor, flow_log, metered_hours, usage_csv, usage_ndjson};
pub use values::{settings, values};

/// Longer inputs are not looked at: what is slow or large shows in fewer bytes.
const LONGEST: usize = 64 << 10;

/// A target: its name, which is that of its binary and of its folder of the corpus, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets of this build.
pub const ALL: &[Target] = &[
    ("usage_csv", usage_csv),
    ("usage_ndjson", usage_ndjson),
    #[cfg(feature = "parquet")]
    ("usage_parquet", usage_parquet),
    ("metered_hours", metered_hours),
    ("cloudmonitor", cloudmonitor),
    ("flow_log", flow_log),
    ("connections", connections),
    ("link_changes", link_changes),
    ("terraform_plan", terraform_plan),
    ("topology", topology),
    ("prices", prices),
    ("contract", contract),
    ("settings", settings),
    ("values", values),
    ("month", month),
    ("bill", bill),
    ("reported", reported),
];
