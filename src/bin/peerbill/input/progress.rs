//! The bar that shows how far traffic is read.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A bar on standard error; hidden where that is no terminal. `records` is how many have been read.
pub fn progress_bar(bytes: u64, records: Arc<AtomicU64>) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {records}, {eta} left");
    // OK because the template is a constant that a look at a terminal has shown to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let speed = move |state: &ProgressState, output: &mut dyn fmt::Write| {
        let milliseconds = state.elapsed().as_millis().max(1);
        let per_second = u128::from(records.load(Ordering::Relaxed)) * 1000 / milliseconds;
        // A bar is no place for an error.
        let _ = write!(output, "{} records/s", HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX)));
    };
    bar.set_style(style.with_key("records", speed));
    bar
}
