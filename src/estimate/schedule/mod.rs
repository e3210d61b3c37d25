//! Platinum in weekly windows, Gold outside: link types that follow a clock, what to know about a window, and advice about
//! them.

mod advice;

pub use advice::{ScheduleAdvice, Share};

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    estimate::timing::{Stretch, history_of, platinum_in_hours},
    model::{
        did_you_mean,
        link::{LinkHistory, LinkType},
        time::{Hour, Offset, Period, Timestamp},
    },
    read::{
        Document,
        table::{TableColumns, read_all, unusable_faults_of},
    },
};
use std::collections::BTreeMap;

/// The local day on which the week of 1970-01-01, a Thursday, began.
const FIRST_MONDAY: i64 = -3;

/// Weekly windows in which connections are Platinum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    offset: Offset,
    /// In minutes since Monday 00:00 at the offset: rising, apart from each other, begun within the week.
    stretches: Vec<(i64, i64)>,
}

impl Schedule {
    /// Reads windows such as `Mon-Fri 09:00-18:00` or `Sat,Sun 22:00-06:00 +08:00`, several after a comma.
    ///
    /// Without days a window is on every day; one that ends at or before its start goes over midnight. Windows
    /// that name no offset are at `offset`; all of them are at one.
    ///
    /// ```
    /// use peerbill::{estimate::Schedule, model::time::Offset};
    ///
    /// let nights: Offset = "+08:00".parse()?;
    /// assert_eq!(Schedule::parse(["22:00-06:00", "Sat,Sun 00:00-24:00"], nights)?.offset(), nights);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] where there is no window, one that cannot be read, or windows at several offsets.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>, offset: Offset) -> Result<Self> {
        let mut windows = Vec::new();
        for text in texts {
            let read = windows_of(text);
            windows.extend(read.map_err(|why| Error::setting("platinum-when", format!("{text:?}: {why}")))?);
        }
        Self::of(&windows, offset).map_err(Error::usage)
    }

    /// Reads a CSV with the columns `days,from,until` and optionally `offset`: `Mon-Fri,09:00,18:00`.
    ///
    /// Windows that name no offset are at `offset`; all of them are at one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] with everything that is wrong, each with its line.
    pub fn read(document: &Document, offset: Offset) -> Result<Self> {
        let mut table = TableColumns::default();
        let (days, from) = (table.required("days"), table.required("from"));
        let (until, at) = (table.required("until"), table.optional("offset"));
        let name = &document.name;
        let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text, &table)?;
        let mut faults = unusable_faults_of(malformed);
        let mut windows = Vec::new();
        for row in rows.iter() {
            let [days, from, until, at] = [days, from, until, at].map(|column| row.text(column));
            match windows_of(&format!("{days} {from}-{until} {at}")) {
                Ok(read) => windows.extend(read),
                Err(why) => faults.push(Fault::at(FaultCode::UnusableInput, name, row.line, why)),
            }
        }
        Error::from_faults(ErrorKind::Input, faults).map_or(Ok(()), Err)?;
        Self::of(&windows, offset).map_err(|why| Error::unusable(ErrorKind::Input, name, why))
    }

    fn of(windows: &[Window], offset: Offset) -> Result<Self, String> {
        let Some(first) = windows.first() else { return Err("the schedule has no window".into()) };
        if windows.iter().any(|window| window.offset != first.offset) {
            return Err("the windows are at several offsets; write all of them at one".into());
        }
        let begun = |window: &Window| {
            let (start, end) = window.minutes;
            window.days.iter().map(move |&day| (day as i64 * DAY + start, day as i64 * DAY + end)).collect()
        };
        let stretches =
            merged(windows.iter().flat_map(|window| -> Vec<(i64, i64)> { begun(window) }).collect());
        Ok(Self { offset: first.offset.unwrap_or(offset), stretches })
    }

    /// The offset that its windows are at.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// Whether it is Platinum without end.
    fn always(&self) -> bool {
        self.stretches.iter().any(|(start, end)| end - start >= WEEK)
    }

    /// The stretches of all weeks that touch `period`, as instants.
    fn stretches_around(&self, period: Period) -> Vec<Stretch> {
        let minute = |minutes: i64| {
            Timestamp::from_seconds((FIRST_MONDAY * DAY + minutes) * 60 - self.offset.hours() * 3600)
        };
        let week_of = |hour: Hour| (hour.index() / 24 - FIRST_MONDAY).div_euclid(7);
        (week_of(period.start) - 2..=week_of(period.end) + 1)
            .flat_map(|week| {
                self.stretches.iter().map(move |(start, end)| (week * WEEK + start, week * WEEK + end))
            })
            .map(|(start, end)| Stretch { from: Some(minute(start)), until: Some(minute(end)) })
            .collect()
    }

    /// The link types of a connection that follows it, in and around `period`.
    ///
    /// The switches are made at the instants that the windows name, and cost what R7 says.
    pub(in crate::estimate) fn history(&self, period: Period) -> LinkHistory {
        if self.always() {
            return LinkHistory::constant(LinkType::Platinum);
        }
        history_of(&self.stretches_around(period))
    }

    /// Platinum in exactly the hours that lie wholly within windows: what the windows would cost if no switch
    /// lifted an hour.
    fn history_of_whole_hours(&self, period: Period) -> LinkHistory {
        if self.always() {
            return LinkHistory::constant(LinkType::Platinum);
        }
        let whole = self.stretches_around(period).into_iter().filter_map(|stretch| {
            let (from, until) = stretch.from.zip(stretch.until)?;
            let start = if from.hour().start() == from { from.hour() } else { from.hour().next() };
            (start < until.hour()).then_some((Some(start), Some(until.hour())))
        });
        platinum_in_hours(whole)
    }

    /// Its windows, merged, with when to switch; windows of the same times on several days are one.
    fn windows(&self) -> Vec<WindowAdvice> {
        let mut days_of: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for &(start, end) in &self.stretches {
            days_of.entry((start % DAY, end - start)).or_default().push((start / DAY) as usize);
        }
        days_of.into_iter().map(|((start, length), days)| WindowAdvice::new(&days, start, length)).collect()
    }

    /// Gaps between windows in which no hour is billed at Gold: switching down and up again saves nothing there.
    fn gaps_without_gold(&self) -> Vec<String> {
        if self.always() {
            return Vec::new();
        }
        let next = self.stretches.iter().cycle().skip(1);
        let mut gaps = Vec::new();
        for (&(_, down), &(up, _)) in self.stretches.iter().zip(next) {
            let up = if up < down { up + WEEK } else { up };
            // R7: the hour of the switch down is lifted, also where it is at hh:00:00, and so is that of the one up.
            if up.div_euclid(60) - down.div_euclid(60) <= 1 {
                gaps.push(format!("{} to {}", day_and_clock(down), day_and_clock(up)));
            }
        }
        gaps
    }
}

/// Sorted, and without overlaps; what touches is one. The last one may go on into the next week.
fn merged(mut stretches: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    stretches.sort_unstable();
    let mut apart: Vec<(i64, i64)> = Vec::new();
    for (start, end) in stretches {
        match apart.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => apart.push((start, end)),
        }
    }
    // What goes on into the next week meets the first ones of that week.
    while apart.len() > 1 && apart[apart.len() - 1].1 >= apart[0].0 + WEEK {
        let (_, end) = apart.remove(0);
        if let Some((_, last)) = apart.last_mut() {
            *last = end.max(*last - WEEK) + WEEK;
        }
    }
    apart
}

const SHAPE: &str = "write it as \"Mon-Fri 09:00-18:00\", \"Sat,Sun 22:00-06:00\" or \"09:30-12:00 +08:00\"";

/// A window as it is written.
struct Window {
    pub days: Vec<usize>,
    /// Minutes of the day; the second is above the first, beyond a day where the window goes over midnight.
    pub minutes: (i64, i64),
    pub offset: Option<Offset>,
}

/// Windows of one text: days without times belong to the window behind them.
fn windows_of(text: &str) -> Result<Vec<Window>, String> {
    let mut windows = Vec::new();
    let mut days = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace().peekable();
        if let Some(word) = words.next_if(|word| !word.contains(':')) {
            days.extend(days_of(word)?);
        }
        let Some(times) = words.next() else { continue };
        let minutes = minutes_of(times)?;
        let offset = words.next().map(|word| word.parse::<Offset>().map_err(|error| error.to_string()));
        if let Some(word) = words.next() {
            return Err(format!("{word:?} is too much; {SHAPE}"));
        }
        let mut days = std::mem::take(&mut days);
        if days.is_empty() {
            days = (0..7).collect();
        }
        windows.push(Window { days, minutes, offset: offset.transpose()? });
    }
    if !days.is_empty() || windows.is_empty() {
        return Err(format!("a window needs times; {SHAPE}"));
    }
    Ok(windows)
}

/// `Mon` or `Mon-Fri`, also over the end of the week.
fn days_of(word: &str) -> Result<Vec<usize>, String> {
    let day = |name: &str| {
        DAYS.iter().position(|day| *day == name).ok_or_else(|| {
            format!("{name:?} is no day; the days are {}{}", DAYS.join(", "), did_you_mean(name, DAYS))
        })
    };
    let Some((first, last)) = word.split_once('-') else { return day(word).map(|day| vec![day]) };
    let (first, last) = (day(first)?, day(last)?);
    let count = (last + 7 - first) % 7 + 1;
    Ok((first..first + count).map(|day| day % 7).collect())
}

/// `09:00-18:00` as minutes of the day; `22:00-06:00` goes over midnight.
fn minutes_of(word: &str) -> Result<(i64, i64), String> {
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = |part: &str| digits(part).then(|| part.parse::<u8>().ok()).flatten();
        let minute =
            i64::from(number(hours)?) * 60 + i64::from(number(minutes).filter(|minutes| *minutes < 60)?);
        (minute <= DAY).then_some(minute)
    };
    let bad = || format!("{word:?} are no times of the day; {SHAPE}");
    let (start, end) = word.split_once('-').ok_or_else(bad)?;
    let (start, end) = (minute(start).ok_or_else(bad)?, minute(end).ok_or_else(bad)?);
    if start == end || start == DAY {
        return Err(format!("{word:?} has no length; 00:00-24:00 is a whole day"));
    }
    Ok((start, if end < start { end + DAY } else { end }))
}

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
    fn new(days: &[usize], start: i64, length: i64) -> Self {
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
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// Minutes of a week.
const WEEK: i64 = 7 * DAY;

/// `09:00`, whatever the day.
fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute.rem_euclid(DAY) / 60, minute.rem_euclid(60))
}

/// `Mon 09:00`, also in a later week.
fn day_and_clock(minute: i64) -> String {
    format!("{} {}", DAYS[(minute.div_euclid(DAY) % 7) as usize], clock(minute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::BillingMonth;

    fn october() -> Period {
        "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA)
    }

    fn schedule(text: &str) -> Schedule {
        Schedule::parse([text], Offset::CHINA).unwrap()
    }

    /// The local hours of a day of October 2026 that are billed at Platinum.
    fn billed(schedule: &Schedule, day: i64) -> Vec<i64> {
        let history = schedule.history(october());
        let first = october().start.index() + (day - 1) * 24;
        (0..24)
            .filter(|hour| history.levels(Hour::from_index(first + hour)).highest == LinkType::Platinum)
            .collect()
    }

    #[test]
    fn office_hours_are_platinum_on_working_days_and_the_switches_lift_their_hours() {
        let office = schedule("Mon-Fri 09:00-18:00");
        // 2026-10-05 is a Monday. The switch down at 18:00:00 lifts the hour from 18:00 (R7).
        assert_eq!(billed(&office, 5), (9..=18).collect::<Vec<_>>());
        assert_eq!(billed(&office, 4), Vec::<i64>::new());
        assert_eq!(billed(&office, 31), Vec::<i64>::new());
        assert_eq!(billed(&office, 30), (9..=18).collect::<Vec<_>>());
    }

    #[test]
    fn windows_go_over_midnight_and_over_the_end_of_the_week() {
        let night = schedule("Sun 22:30-02:00");
        assert_eq!(billed(&night, 4), [22, 23]);
        assert_eq!(billed(&night, 5), [0, 1, 2]);
        assert_eq!(billed(&schedule("Fri-Mon 23:00-24:00"), 4), [0, 23]);
        let (all_week, text) = (schedule("00:00-24:00"), "Mon-Sun 12:00-12:01,12:01-11:30,Sat 11:00-13:00");
        assert!(all_week.always());
        assert!(!schedule("Mon-Sat 00:00-24:00").always());
        assert_eq!(billed(&schedule(text), 5).len(), 24);
    }

    #[test]
    fn an_offset_behind_the_times_moves_the_window() {
        // 09:00 at UTC is 17:00 in China.
        assert_eq!(billed(&schedule("Mon 09:00-10:30 Z"), 5), [17, 18]);
        assert_eq!(billed(&schedule("Mon 09:00-10:30 +08:00"), 5), [9, 10]);
        let mixed = Schedule::parse(["Mon 09:00-10:00 Z", "Tue 09:00-10:00 +08:00"], Offset::CHINA);
        assert!(mixed.unwrap_err().to_string().contains("one"));
    }

    #[test]
    fn days_before_a_comma_belong_to_the_times_behind_it() {
        let some = schedule("Mon,Wed,Fri 09:00-10:59,Sat 01:00-01:30");
        assert_eq!((billed(&some, 5), billed(&some, 6)), (vec![9, 10], vec![]));
        assert_eq!((billed(&some, 9), billed(&some, 10)), (vec![9, 10], vec![1]));
    }

    #[test]
    fn a_window_of_a_day_or_more_says_how_much_later_it_ends() {
        for (text, window) in [
            ("Mon 00:00-24:00,Tue 00:00-12:15", "Mon 00:00-12:15 a day later"),
            ("Mon 12:00-24:00,Tue 00:00-12:00", "Mon 12:00-12:00 a day later"),
            ("Mon-Fri 00:00-24:00", "Mon 00:00-00:00 5 days later"),
            ("Mon 22:00-06:00", "Mon 22:00-06:00"),
            ("Mon 00:00-24:00", "Mon 00:00-24:00"),
        ] {
            assert_eq!(schedule(text).windows()[0].window, window);
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "Mon",
            "Mon-Fri",
            "Mno 09:00-18:00",
            "09:00",
            "9:00-18:00",
            "+9:00-18:00",
            "25:00-26:00",
            "09:00-09:00",
            "09:60-10:00",
            "Mon 09:00-10:00 +08:00 x",
            "Mon 09:00-10:00 +05:30",
            "24:00-01:00",
            "mon 09:00-10:00",
        ] {
            assert!(Schedule::parse([text], Offset::CHINA).is_err(), "{text}");
        }
        let near = Schedule::parse(["mon 09:00-10:00"], Offset::CHINA).unwrap_err();
        assert!(near.to_string().contains("did you mean \"Mon\""), "{near}");
    }

    #[test]
    fn a_window_without_a_whole_hour_is_too_short_and_a_gap_without_gold_saves_nothing() {
        let advice =
            schedule("Mon-Fri 09:00-12:00,Mon-Fri 13:00-18:00,Sun 10:20-11:10,Sat 20:30-22:00").windows();
        let shown: Vec<_> = advice
            .iter()
            .map(|window| {
                (window.window.as_str(), window.whole_hours, window.lifted_hours, window.too_short())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("Mon-Fri 09:00-12:00", 3, 1, false),
                ("Sun 10:20-11:10", 0, 2, true),
                ("Mon-Fri 13:00-18:00", 5, 1, false),
                ("Sat 20:30-22:00", 1, 2, false)
            ]
        );
        assert_eq!((advice[0].up_at.as_str(), advice[0].down_at.as_str()), ("09:00:00", "11:59:59"));
        assert_eq!((advice[3].up_at.as_str(), advice[3].down_at.as_str()), ("21:00:00", "21:59:59"));
        // From 12:00 to 13:00 the switch down lifts the only hour.
        let gaps = schedule("Mon-Tue 09:00-12:00,Mon-Tue 13:00-18:00").gaps_without_gold();
        assert_eq!(gaps, ["Mon 12:00 to Mon 13:00", "Tue 12:00 to Tue 13:00"]);
        assert_eq!(schedule("Mon 09:00-11:59,Mon 13:00-18:00").gaps_without_gold(), Vec::<String>::new());
        assert_eq!(
            schedule("Sun 20:00-24:00,Mon 00:30-03:00").gaps_without_gold(),
            ["Mon 00:00 to Mon 00:30"]
        );
    }
}
