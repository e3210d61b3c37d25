//! Instants, billing hours and billing months.
//!
//! Hours are UTC (R6); a month has its edges in a stated offset of whole hours (R12), so every
//! month is a whole number of hours. All periods are half-open.

use crate::model::{
    invalid::Invalid,
    written_time::{NO_OFFSET, WrittenTime, why_no_epoch},
};
use chrono::{DateTime, Datelike, Duration, NaiveDate};
use std::{fmt, num::NonZero, str::FromStr};

const SECONDS_PER_HOUR: i64 = 3600;

/// An instant, to the nanosecond: seconds since 1970-01-01T00:00:00Z and nanoseconds of that second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    /// One more than the nanoseconds: a connection, of which there may be a million, has room for two instants that are not
    /// known.
    above_nanos: NonZero<u32>,
}

impl Timestamp {
    pub(crate) const EPOCH: Self = Self::from_seconds(0);

    /// From whole seconds since 1970-01-01T00:00:00Z.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, above_nanos: NonZero::<u32>::MIN }
    }

    /// From whole seconds since 1970-01-01T00:00:00Z and nanoseconds (below 10^9) of that second.
    pub(crate) fn from_parts(seconds: i64, nanos: u32) -> Self {
        debug_assert!(nanos < 1_000_000_000);
        Self { seconds, above_nanos: NonZero::<u32>::MIN.saturating_add(nanos) }
    }

    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self::from_parts(milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000) as u32 * 1_000_000)
    }

    /// From nanoseconds since 1970-01-01T00:00:00Z.
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self::from_parts(nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000) as u32)
    }

    /// The instant so many seconds before.
    pub(crate) fn minus_seconds(self, seconds: u32) -> Self {
        Self { seconds: self.seconds - i64::from(seconds), ..self }
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub(crate) fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds of its second.
    pub(crate) fn nanos(self) -> u32 {
        self.above_nanos.get() - 1
    }

    /// Nanoseconds after `hour`'s start; only for instants within 292 years of it.
    pub(crate) fn nanoseconds_after(self, hour: Hour) -> i64 {
        (self.seconds - hour.start().seconds) * 1_000_000_000 + i64::from(self.nanos())
    }

    /// Whether it is the first instant of an hour.
    pub(crate) fn is_whole_hour(self) -> bool {
        self.nanos() == 0 && self.seconds % SECONDS_PER_HOUR == 0
    }

    /// The billing hour it falls in (R6).
    pub fn hour(self) -> Hour {
        Hour(self.seconds.div_euclid(SECONDS_PER_HOUR))
    }

    /// Reads RFC 3339 with offset, or an integer epoch of 10 digits (seconds) or 13 (milliseconds).
    ///
    /// A blank may stand for the `T`, the offset may be written `+0800`, `+08` or ` UTC`, and seconds may be left out.
    ///
    /// ```
    /// use peerbill::model::time::Timestamp;
    ///
    /// let instant = Timestamp::parse("2026-10-05T11:20:30.5+08:00")?;
    /// assert_eq!(instant.to_string(), "2026-10-05T03:20:30.500Z");
    /// assert_eq!(instant.hour().to_string(), "2026-10-05T03:00:00Z");
    /// assert_eq!(instant, Timestamp::parse("2026-10-05 11:20:30.5+0800")?);
    /// assert_eq!(Timestamp::parse("1790812800")?, Timestamp::parse("1790812800000")?);
    /// assert!(Timestamp::parse("2026-10-05T11:20:30").is_err(), "its offset is missing");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Any other text, a time without an offset, a second 60, more than 9 decimals of a second, and a year that in UTC
    /// is not 0000 to 9999. The error says what is wrong, without the value.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse_by(text, None)
    }

    /// As [`Timestamp::parse`]; a time without an offset is read where it is known where its clock stood.
    pub(crate) fn parse_by(text: &str, clock: Option<ClockOffset>) -> Result<Self, Invalid> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match (text.len(), text.parse()) {
                (10, Ok(seconds)) => Ok(Self::from_seconds(seconds)),
                (13, Ok(milliseconds)) => Ok(Self::from_milliseconds(milliseconds)),
                _ => Err(Invalid::new(why_no_epoch(text))),
            };
        }
        Self::parse_calendar(text, clock).map_err(Invalid::new)
    }

    fn parse_calendar(text: &str, clock: Option<ClockOffset>) -> Result<Self, &'static str> {
        let WrittenTime { clock_seconds, nanos, offset } = WrittenTime::read(text)?;
        let offset = offset.or(clock.map(ClockOffset::seconds)).ok_or(NO_OFFSET)?;
        let seconds = clock_seconds - offset;
        // An offset may lead out of the years that can be written with four digits.
        if FOUR_DIGIT_YEARS.contains(&seconds) {
            Ok(Self::from_parts(seconds, nanos))
        } else {
            Err(OTHER_YEAR)
        }
    }

    /// Whether this is a time of the calendar whose offset is missing, such as `2026-10-05 11:00:00`.
    pub(crate) fn lacks_offset(text: &str) -> bool {
        WrittenTime::read(text).is_ok_and(|time| time.offset.is_none())
    }
}

impl fmt::Display for Timestamp {
    /// `2026-10-05T03:00:00Z`, with a fraction only where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(instant) = DateTime::from_timestamp(self.seconds, self.nanos()) else {
            return write!(f, "{} s after 1970", self.seconds);
        };
        // What chrono prints for debugging is ISO 8601, without a pattern to read every time.
        write!(f, "{:?}Z", instant.naive_utc())
    }
}

/// The years 0000 to 9999 in UTC, as seconds since 1970.
const FOUR_DIGIT_YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;
const OTHER_YEAR: &str = "in UTC its year is none of 0000 to 9999";

/// A billing hour `[hh:00, hh+1:00)` UTC, counted from 1970-01-01T00:00:00Z (R6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub(crate) i64);

impl Hour {
    /// The hour that starts `index` hours after 1970-01-01T00:00:00Z; before it where `index` is negative.
    pub const fn from_index(index: i64) -> Self {
        Self(index)
    }

    /// Hours since 1970-01-01T00:00:00Z.
    pub fn index(self) -> i64 {
        self.0
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp::from_seconds(self.0 * SECONDS_PER_HOUR)
    }

    /// The hour after it, whose start is this hour's exclusive end.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Hour {
    /// Its first instant: `2026-10-05T03:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start().fmt(f)
    }
}

/// The hours from `start` up to, and without, `end`; none where `end` is not after `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Its first hour.
    pub start: Hour,
    /// The hour after its last.
    pub end: Hour,
}

impl Period {
    /// Whether `hour` lies in it.
    pub fn contains(self, hour: Hour) -> bool {
        self.start <= hour && hour < self.end
    }

    /// How many hours it has.
    pub fn hours(self) -> u64 {
        (self.end.0 - self.start.0).max(0) as u64
    }

    /// The hours that lie in both; empty where there are none.
    pub fn intersection(self, other: Self) -> Self {
        let start = self.start.max(other.start);
        Self { start, end: self.end.min(other.end).max(start) }
    }

    /// From the earlier start to the later end.
    pub(crate) fn joined(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self { start: self.start.min(other.start), end: self.end.max(other.end) })
    }
}

/// An offset from UTC in whole hours (R12): one with minutes would cut billing hours in two.
///
/// ```
/// use peerbill::model::time::Offset;
///
/// let offset: Offset = "+08:00".parse()?;
/// assert_eq!(offset, Offset::CHINA);
/// assert_eq!("Z".parse::<Offset>()?.hours(), 0);
/// assert!("+05:30".parse::<Offset>().is_err());
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offset(i8);

impl Offset {
    /// UTC+8, in which Alibaba Cloud states its billing times.
    pub const CHINA: Self = Self(8);

    /// From hours east of UTC, -14 to +14.
    ///
    /// # Errors
    ///
    /// Hours outside of that.
    pub fn from_hours(hours: i8) -> Result<Self, Invalid> {
        if (-14..=14).contains(&hours) {
            Ok(Self(hours))
        } else {
            Err(Invalid::new(format!("offset of {hours} hours: it is between -14:00 and +14:00")))
        }
    }

    /// Hours east of UTC.
    pub fn hours(self) -> i64 {
        i64::from(self.0)
    }

    /// The local date that `hour` lies in: `2026-10-01`.
    pub fn date_of(self, hour: Hour) -> String {
        let local = Hour(hour.0.saturating_add(self.hours())).to_string();
        local.split('T').next().unwrap_or_default().to_owned()
    }

    /// The local day that `hour` lies in, as its 24 hours in UTC.
    pub fn day_of(self, hour: Hour) -> Period {
        let start = Hour((hour.0 + self.hours()).div_euclid(24) * 24 - self.hours());
        Period { start, end: Hour(start.0 + 24) }
    }
}

impl FromStr for Offset {
    type Err = Invalid;

    /// Reads `+08:00`, `-05:00`, `Z` or `UTC`; refuses minutes other than `00`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "Z" | "z" | "UTC") {
            return Ok(Self(0));
        }
        let (sign, hours, minutes) = offset_parts(text)?;
        if minutes != 0 {
            return Err(Invalid::new(format!(
                "offset \"{text}\" would cut billing hours in two: only whole hours can be used"
            )));
        }
        Self::from_hours(sign * hours)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}:00", if self.0 < 0 { '-' } else { '+' }, self.0.abs())
    }
}

/// The sign, hours and minutes of `+08:00` or `-05:00`.
fn offset_parts(text: &str) -> Result<(i8, i8, i8), Invalid> {
    let bad = || Invalid::new(format!("offset \"{text}\": write it as +08:00 or -05:00"));
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        _ => return Err(bad()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(bad)?;
    let number = |part: &str| match part.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok((tens - b'0') as i8 * 10 + (ones - b'0') as i8),
        _ => Err(bad()),
    };
    Ok((sign, number(hours)?, number(minutes)?))
}

/// How far from UTC clocks stood that wrote times without a zone: any offset that is in use somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    seconds: i64,
}

impl ClockOffset {
    /// Seconds east of UTC.
    pub fn seconds(self) -> i64 {
        self.seconds
    }
}

impl FromStr for ClockOffset {
    type Err = Invalid;

    /// Reads `+08:00`, `+05:30`, `Z` or `UTC`, between -14:00 and +14:00.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "Z" | "z" | "UTC") {
            return Ok(Self { seconds: 0 });
        }
        let (sign, hours, minutes) = offset_parts(text)?;
        let seconds = (i64::from(hours) * 60 + i64::from(minutes)) * 60;
        if minutes > 59 || seconds > 14 * 3600 {
            return Err(Invalid::new(format!("offset \"{text}\": it is between -14:00 and +14:00")));
        }
        Ok(Self { seconds: i64::from(sign) * seconds })
    }
}

/// A calendar month for which bills are made; its edges need an [`Offset`] (R12).
///
/// ```
/// use peerbill::{BillingMonth, model::time::Offset};
///
/// let month: BillingMonth = "2026-10".parse()?;
/// let period = month.period(Offset::CHINA);
/// assert_eq!(period.start.to_string(), "2026-09-30T16:00:00Z");
/// assert_eq!(period.end.to_string(), "2026-10-31T16:00:00Z");
/// assert_eq!(period.hours(), 744);
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingMonth {
    year: i32,
    month: u32,
}

impl BillingMonth {
    /// From a year, 1970 to 9998, and a month, 1 to 12.
    ///
    /// # Errors
    ///
    /// A year or month outside of that.
    pub fn new(year: i32, month: u32) -> Result<Self, Invalid> {
        if (1970..=9998).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(Invalid::new(format!(
                "month {year:04}-{month:02}: the year is 1970 to 9998, the month 01 to 12"
            )))
        }
    }

    /// The month that `hour` lies in, with its edges in `offset`.
    ///
    /// # Errors
    ///
    /// An hour before 1970 or after 9998, in `offset`.
    pub fn of(hour: Hour, offset: Offset) -> Result<Self, Invalid> {
        let local = DateTime::from_timestamp((hour.0 + offset.hours()) * SECONDS_PER_HOUR, 0);
        let local = local.ok_or_else(|| Invalid::new(format!("hour {hour} lies in no month")))?;
        Self::new(local.year(), local.month())
    }

    /// Its hours in UTC, with its edges in `offset`: from its first local midnight up to, and without, that of the
    /// next month.
    pub fn period(self, offset: Offset) -> Period {
        let (next_year, next_month) =
            if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let edge = |year, month| Hour(days_since_1970(year, month) * 24 - offset.hours());
        Period { start: edge(self.year, self.month), end: edge(next_year, next_month) }
    }
}

fn days_since_1970(year: i32, month: u32) -> i64 {
    let day = |year, month| NaiveDate::from_ymd_opt(year, month, 1).map(|date| date.num_days_from_ce());
    // OK because callers pass years 1970 to 9999 and months 1 to 12.
    let days = day(year, month).zip(day(1970, 1)).map(|(date, epoch)| date - epoch);
    i64::from(days.expect("a month of the calendar"))
}

impl FromStr for BillingMonth {
    type Err = Invalid;

    /// Reads four digits of a year, 1970 to 9998, and two of a month: `2026-10`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = || Invalid::new(format!("month \"{text}\": write it as 2026-10"));
        let (year, month) = text.split_once('-').ok_or_else(bad)?;
        let digits =
            |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(bad());
        }
        Self::new(year.parse().map_err(|_| bad())?, month.parse().map_err(|_| bad())?)
    }
}

impl fmt::Display for BillingMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Months that follow one another, for each of which a bill is made.
///
/// ```
/// use peerbill::model::time::MonthRange;
///
/// let quarter: MonthRange = "2026-Q3".parse()?;
/// assert_eq!(quarter, "2026-07..2026-09".parse()?);
/// assert_eq!(quarter.months().len(), 3);
/// assert!("2026-09..2026-07".parse::<MonthRange>().is_err());
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonthRange {
    first: BillingMonth,
    last: BillingMonth,
}

impl MonthRange {
    /// So many months at most, which are ten years: more are most likely a typing error.
    pub const MOST: usize = 120;

    /// From the first month to the last.
    ///
    /// # Errors
    ///
    /// A last month before the first, and more than [`MOST`](Self::MOST) months.
    pub fn new(first: BillingMonth, last: BillingMonth) -> Result<Self, Invalid> {
        let range = Self { first, last };
        if last < first {
            return Err(Invalid::new(format!("months {first}..{last}: {last} is before {first}")));
        }
        match range.count() {
            count if count > Self::MOST => Err(Invalid::new(format!(
                "months {first}..{last}: these are {count} months, and at most {} are billed together",
                Self::MOST
            ))),
            _ => Ok(range),
        }
    }

    /// The first month.
    pub fn first(self) -> BillingMonth {
        self.first
    }

    /// The last month.
    pub fn last(self) -> BillingMonth {
        self.last
    }

    /// All of them, in order.
    pub fn months(self) -> Vec<BillingMonth> {
        let next = |month: &BillingMonth| {
            // OK because the last month is one, and so is every one before it.
            let (year, month) =
                (month.year + i32::try_from(month.month / 12).unwrap_or(1), month.month % 12 + 1);
            Some(BillingMonth { year, month })
        };
        std::iter::successors(Some(self.first), next).take(self.count()).collect()
    }

    fn count(self) -> usize {
        let number = |month: BillingMonth| i64::from(month.year) * 12 + i64::from(month.month);
        usize::try_from(number(self.last) - number(self.first) + 1).unwrap_or_default()
    }
}

impl FromStr for MonthRange {
    type Err = Invalid;

    /// Reads `2026-07..2026-09`, the first and the last month, or a quarter such as `2026-Q3`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some((first, last)) = text.split_once("..") {
            return Self::new(first.parse()?, last.parse()?);
        }
        let bad = || {
            let shape = "write months as 2026-07..2026-09, and a quarter as 2026-Q3";
            Invalid::new(format!("months \"{text}\": {shape}"))
        };
        let (year, quarter) = text.split_once("-Q").ok_or_else(bad)?;
        let quarter = match quarter {
            "1" | "2" | "3" | "4" => quarter.parse::<u32>().map_err(|_| bad())?,
            _ => return Err(bad()),
        };
        let month = |month: u32| format!("{year}-{month:02}").parse::<BillingMonth>().map_err(|_| bad());
        Self::new(month(quarter * 3 - 2)?, month(quarter * 3)?)
    }
}

impl fmt::Display for MonthRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

/// Reads the start or end of a price's validity: a date means 00:00 at +08:00, otherwise it is a time of the calendar
/// with its offset. The error says what is wrong, without the value.
pub(crate) fn parse_effective(text: &str) -> Result<Timestamp, &'static str> {
    const SHAPE: &str = "write it as 2026-10-01 (00:00 at +08:00) or as 2026-10-01T00:00:00+08:00";
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) if text.len() == 10 => {
            let midnight = date.and_time(chrono::NaiveTime::MIN) - Duration::hours(8);
            Ok(Timestamp::from_seconds(midnight.and_utc().timestamp()))
        }
        _ if Timestamp::lacks_offset(text) => Err(NO_OFFSET),
        _ => Timestamp::parse_calendar(text, None).map_err(|_| SHAPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn r6_an_instant_falls_in_the_utc_hour_that_holds_it() {
        assert_eq!(at("2026-10-05T10:59:59.999999999Z").hour(), at("2026-10-05T10:00:00Z").hour());
        assert_eq!(at("2026-10-05T18:30:00+08:00").hour().to_string(), "2026-10-05T10:00:00Z");
        assert_eq!(at("2026-10-05T16:00:00+05:30").hour().to_string(), "2026-10-05T10:00:00Z");
        assert_eq!(at("1969-12-31T23:59:59Z").hour(), Hour(-1));
    }

    #[test]
    fn epochs_of_ten_and_thirteen_digits_are_the_same_instant() {
        assert_eq!(at("1790812800"), at("2026-10-01T00:00:00Z"));
        assert_eq!(at("1790812800123"), at("2026-10-01T00:00:00.123Z"));
        assert_eq!(at("1790812800123").to_string(), "2026-10-01T00:00:00.123Z");
    }

    #[test]
    fn malformed_times_are_refused() {
        for text in [
            "",
            "2026-10-05",
            "2026-10-05T03:00:00",
            "2026-10-05T03:00:60Z",
            "2026-10-05T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-10-05  03:00:00Z",
            "2026-10-05T03Z",
            "2026-10-05T03:00:00+8",
            "2026-10-05T03:00:00+08:0",
            "123456789",
            "12345678901",
            "+1790812800",
            " 1790812800",
            "2026-10-05T03:00:00+25:00",
            "2026-10-05T03:00:00Z ",
            "é026-10-05T03:00:00Z",
            "2026-10-05T03:00:00.Z",
            "2026-10-05T03:00:00\u{2212}08:00",
            "2026-10-05T03:00:00.0000000001Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        assert!(Timestamp::parse("2026-10-05T03:00:00").unwrap_err().message().contains("offset is missing"));
    }

    #[test]
    fn r12_month_edges_lie_in_the_offset() {
        let month: BillingMonth = "2026-10".parse().unwrap();
        let period = month.period(Offset::CHINA);
        assert_eq!(period.start.to_string(), "2026-09-30T16:00:00Z");
        assert_eq!(period.end.to_string(), "2026-10-31T16:00:00Z");
        assert_eq!(period.hours(), 744);
        assert_eq!(month.period("-05:00".parse().unwrap()).start.to_string(), "2026-10-01T05:00:00Z");
    }

    #[test]
    fn r12_february_of_a_leap_year_has_696_hours_and_december_ends_in_january() {
        let hours = |month: &str| month.parse::<BillingMonth>().unwrap().period(Offset::CHINA).hours();
        assert_eq!(hours("2028-02"), 696);
        assert_eq!(hours("2026-02"), 672);
        assert_eq!(hours("9998-12"), 744);
    }

    #[test]
    fn r12_only_whole_hours_are_offsets() {
        for text in ["+05:30", "8", "+8", "+8:00", "+15:00", "08:00", "+08:0", "+ab:00", "-14:01"] {
            assert!(text.parse::<Offset>().is_err(), "{text}");
        }
        assert_eq!("-05:00".parse::<Offset>().unwrap().to_string(), "-05:00");
        assert_eq!("Z".parse::<Offset>().unwrap().to_string(), "+00:00");
        // A clock may stand anywhere: its times fall into whole hours of UTC all the same.
        assert_eq!("+05:30".parse::<ClockOffset>().unwrap().seconds(), 19_800);
        assert_eq!("-03:00".parse::<ClockOffset>().unwrap().seconds(), -10_800);
        for text in ["+05:60", "+14:30", "5:30", "+0530", "Asia/Shanghai"] {
            assert!(text.parse::<ClockOffset>().is_err(), "{text}");
        }
    }

    #[test]
    fn months_that_do_not_exist_are_refused() {
        for text in ["2026-13", "2026-00", "2026-1", "26-10", "2026/10", "2026-10-01", "1969-12", "9999-01"] {
            assert!(text.parse::<BillingMonth>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_local_day_starts_at_its_own_midnight() {
        let day = Offset::CHINA.day_of(at("2026-10-05T16:00:00Z").hour());
        assert_eq!(day.start.to_string(), "2026-10-05T16:00:00Z");
        assert_eq!(Offset::CHINA.day_of(at("2026-10-05T15:59:59Z").hour()).end, day.start);
    }

    #[test]
    fn a_date_takes_effect_at_midnight_in_china() {
        assert_eq!(parse_effective("2026-10-01").unwrap().to_string(), "2026-09-30T16:00:00Z");
        assert_eq!(parse_effective("2026-10-01T00:00:00Z").unwrap().to_string(), "2026-10-01T00:00:00Z");
        assert!(parse_effective("2026-10-1").is_err());
        assert!(parse_effective("1790812800").is_err());
    }
}
