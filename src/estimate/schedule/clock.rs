//! The minutes of a week, from Monday 00:00 on.

/// The days of a week as they are written.
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Minutes of a day.
pub(super) const DAY: i64 = 24 * 60;
/// Minutes of a week.
pub(super) const WEEK: i64 = 7 * DAY;

/// `09:00`, whatever the day.
pub(super) fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute.rem_euclid(DAY) / 60, minute.rem_euclid(60))
}

/// `Mon 09:00`, also in a later week.
pub(super) fn day_and_clock(minute: i64) -> String {
    format!("{} {}", DAYS[(minute.div_euclid(DAY) % 7) as usize], clock(minute))
}
