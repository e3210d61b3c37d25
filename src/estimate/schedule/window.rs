//! What to know about one window: its hours, and when to switch.

/// A window, and when to switch in it; times are clocks at the offset of the schedule.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowAdvice {
    /// Its days and times, `Mon-Fri 09:00-18:00`.
    pub window: String,
    /// Hours that lie wholly within it.
    pub whole_hours: i64,
    /// Further hours that its switches lift to Platinum (R7).
    pub lifted_hours: i64,
    /// When to switch up: just after an hour has begun.
    pub up_at: String,
    /// When to switch down: just before an hour ends.
    pub down_at: String,
}

impl WindowAdvice {
    /// Of a window that begins at this minute of these days and is so many minutes long.
    pub(super) fn new(days: &[usize], start: i64, length: i64) -> Self {
        let end = start + length;
        let up = (start + 59).div_euclid(60) * 60;
        let down = (end + 59).div_euclid(60) * 60;
        let whole_hours = (end.div_euclid(60) - up / 60).max(0);
        let window = format!("{} {}-{}", day_names(days), clock(start), end_clock(start, end));
        if length >= WEEK {
            let never = || "never".to_owned();
            return Self {
                window: "always".into(),
                whole_hours,
                lifted_hours: 0,
                up_at: never(),
                down_at: never(),
            };
        }
        Self {
            window,
            whole_hours,
            // R7: from the hour of the switch up to that of the switch down, hh:00:00 included.
            lifted_hours: end.div_euclid(60) - start.div_euclid(60) + 1 - whole_hours,
            up_at: format!("{}:00", clock(if up < down { up } else { start })),
            down_at: format!("{}:59", clock(down - 1)),
        }
    }

    /// Whether it is too short to pay: no whole hour lies in it, so everything that it costs is in hours that its
    /// switches lift.
    pub fn too_short(&self) -> bool {
        self.whole_hours == 0
    }
}

/// The end of a window as a clock; `24:00` where that is midnight. From a day of length on it says how many days later.
fn end_clock(start: i64, end: i64) -> String {
    let days = end.div_euclid(DAY) - start.div_euclid(DAY);
    match end - start.div_euclid(DAY) * DAY {
        DAY => "24:00".into(),
        _ if end - start < DAY => clock(end),
        _ if days == 1 => format!("{} a day later", clock(end)),
        _ => format!("{} {days} days later", clock(end)),
    }
}

fn day_names(days: &[usize]) -> String {
    let mut names = Vec::new();
    for run in days.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, .., last] => names.push(format!("{}-{}", DAYS[*first], DAYS[*last])),
            [only] => names.push(DAYS[*only].to_owned()),
            [] => {}
        }
    }
    names.join(",")
}

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
