//! Hourly bytes, link history and catalog to priced lines.

mod rate;
mod rater;

pub(crate) use rate::account;
pub use rate::{Line, rate};
pub(crate) use rater::{Rater, Rating};
