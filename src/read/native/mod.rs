//! Native traffic: one record on each line, as CSV or as JSON.

pub(crate) mod ndjson;
pub(crate) mod plain;
