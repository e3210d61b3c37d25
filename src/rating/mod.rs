//! Hourly bytes, link history and catalog to priced lines.

mod rate;
mod rater;
mod routes;

pub use rate::Line;
pub use rate::rate;

pub(crate) use rate::account;
pub(crate) use rater::Rater;
pub(crate) use routes::Rating;
