//! Settings that never change, from `peerbill.toml` in the working folder: an argument wins over the setting of its name.

mod file;
mod fill;
mod shown;

pub use fill::{Open, fill};
pub use shown::shown;

/// Names and values of settings, as reports show them.
pub type ShownSettings = Vec<(String, String)>;
