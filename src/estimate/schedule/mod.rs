//! Platinum in weekly windows, Gold outside: link types that follow a clock, and advice about them.

mod advice;
mod clock;
mod weekly;
mod window;
mod written;

pub use advice::{ScheduleAdvice, Share};
pub use weekly::Schedule;
pub use window::WindowAdvice;
