//! Native traffic: a line of CSV or JSON becomes a record.
//!
//! [`layout`] says how records stand in the lines of a text. [`blocks`] cuts a text into whole lines; [`plain_batch`]
//! reads plain ones of them many at once, [`row`] all others, one by one.

pub(crate) mod blocks;
pub(crate) mod columns;
pub(crate) mod plain;
pub(crate) mod row;
