//! The batch path: records of known connections, many at once.

#[cfg(feature = "parquet")]
pub(super) mod columns;
pub(super) mod lines;
