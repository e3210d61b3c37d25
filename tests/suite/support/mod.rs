//! What several tests share: random months and an oracle for them, exports in the shapes of the provider, the program.

#![allow(dead_code, reason = "some feature sets leave out tests that need it")]

#[cfg(feature = "parquet")]
pub mod columns;
pub mod exports;
pub mod months;
pub mod oracle;
pub mod program;
pub mod sites;
pub mod tables;
pub mod tools;
