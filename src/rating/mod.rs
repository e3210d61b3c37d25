//! Hourly bytes, link history and catalog to priced lines.

mod rate;
mod rater;

pub use rate::{DayCost, Line, rate};
pub(crate) use rate::{Rated, account};
pub(crate) use rater::{Rater, Rating};
