//! Platinum in weekly windows, Gold outside: link types that follow a clock, and advice about them.

mod weekly;
mod window;

pub use weekly::Schedule;
pub use window::WindowAdvice;
pub use window::{ScheduleAdvice, Share};
