//! Platinum in weekly windows, Gold outside: link types that follow a clock, and advice about them.

mod advice;
mod weekly;

pub use advice::{ScheduleAdvice, Share};
pub use weekly::{Schedule, WindowAdvice};
