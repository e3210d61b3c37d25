//! Native traffic: a line of CSV or JSON becomes a record.
//!
//! [`columns`] says how records stand in the lines of a text. [`lines`] cuts a text into whole lines; [`plain`] reads
//! plain ones of them many at once, with [`fields`], [`lines`] all others, one by one.

pub(crate) mod columns;
pub(crate) mod fields;
pub(crate) mod lines;
pub(crate) mod plain;
