//! Hourly bytes, link history and catalog to priced lines.

mod line;
mod rate;
mod rater;
mod routes;

pub use line::Line;
pub use rate::rate;

pub(crate) use line::account;
pub(crate) use rater::Rater;
pub(crate) use routes::Rating;
