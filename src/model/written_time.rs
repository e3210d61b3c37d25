//! Times as people and programs write them: which are read, and what is said of the others.

use chrono::{Datelike, NaiveDate};

/// A time of the calendar, with the offset of its clock where that is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenTime {
    /// Seconds since 1970-01-01T00:00:00, by the clock that wrote it.
    pub clock_seconds: i64,
    /// Nanoseconds of that second.
    pub nanos: u32,
    /// Seconds east of UTC.
    pub offset: Option<i64>,
}

/// What is said of a time whose offset is missing.
pub(super) const NO_OFFSET: &str = "the offset is missing: end it with Z or with an offset such as +08:00";
/// What is said of what is no time at all.
const SHAPE: &str = "write it as 2026-10-05T03:00:00Z, or as an epoch of 10 or 13 digits";

impl WrittenTime {
    /// Reads RFC 3339, also with a blank for the `T`, with `+0800`, `+08` or ` UTC`, without seconds or without offset.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut rest = Rest(text.as_bytes());
        let Some((days, minutes)) = rest.date_and_minutes() else { return Err(why_no_time(text)) };
        let (mut seconds, mut nanos) = (0, 0);
        if rest.take(b":") {
            seconds = rest.two_digits(60).ok_or(SHAPE)?;
            // A billing hour has no leap second.
            if seconds == 60 {
                return Err("second 60 is not accepted");
            }
            nanos = rest.fraction()?;
        }
        let clock_seconds = (days * 24 * 60 + minutes) * 60 + seconds;
        Ok(Self { clock_seconds, nanos, offset: rest.offset(text)? })
    }
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take(&mut self, expected: &[u8]) -> bool {
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn two_digits(&mut self, most: i64) -> Option<i64> {
        let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = self.0 else { return None };
        self.0 = rest;
        let value = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        (value <= most).then_some(value)
    }

    /// Days since 1970-01-01 and minutes of the day.
    fn date_and_minutes(&mut self) -> Option<(i64, i64)> {
        let year = self.two_digits(99)? * 100 + self.two_digits(99)?;
        let month = self.take(b"-").then(|| self.two_digits(12))??;
        let day = self.take(b"-").then(|| self.two_digits(31))??;
        let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
        if !(self.take(b"T") || self.take(b"t") || self.take(b" ")) {
            return None;
        }
        let hour = self.two_digits(23)?;
        let minute = self.take(b":").then(|| self.two_digits(59))??;
        Some((i64::from(date.num_days_from_ce()) - DAYS_TO_1970, hour * 60 + minute))
    }

    /// Nanoseconds, where a point follows.
    fn fraction(&mut self) -> Result<u32, &'static str> {
        if !self.take(b".") {
            return Ok(0);
        }
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match digits {
            0 => return Err(SHAPE),
            10.. => return Err("a second is read to 9 decimals, so that no two instants become one"),
            _ => {}
        }
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let read = fraction.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        Ok(read * 10_u32.pow(9 - digits as u32))
    }

    /// The offset in seconds, which is all that is left; `None` where nothing is.
    fn offset(&mut self, text: &str) -> Result<Option<i64>, &'static str> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.take(b" ");
        let sign = match self.0 {
            b"Z" | b"z" | b"UTC" => return Ok(Some(0)),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            [first, ..] if first.is_ascii_alphabetic() || *first == b'[' => return Err(why_no_zone(text)),
            _ => return Err(why_no_time(text)),
        };
        self.0 = &self.0[1..];
        let hours = self.two_digits(23).ok_or(SHAPE)?;
        let has_minutes = self.take(b":") || !self.0.is_empty();
        let minutes = if has_minutes { self.two_digits(59).ok_or(SHAPE)? } else { 0 };
        let seconds = sign * (hours * 60 + minutes) * 60;
        // Go prints `+0000 UTC`.
        match self.0 {
            b"" => Ok(Some(seconds)),
            b" UTC" if seconds == 0 => Ok(Some(0)),
            _ => Err(why_no_zone(text)),
        }
    }
}

/// 1970-01-01, as chrono counts days.
const DAYS_TO_1970: i64 = 719_163;

/// Why this epoch is none that is read; it is digits alone.
pub(super) fn why_no_epoch(digits: &str) -> &'static str {
    match digits.len() {
        4..=5 => SERIAL_NUMBER,
        8 => DATE_ALONE,
        12 | 14 if digits.starts_with("20") => COMPACT,
        16 => "an epoch has 10 digits (seconds) or 13 (milliseconds); one of 16 seems to count microseconds",
        19 => "an epoch has 10 digits (seconds) or 13 (milliseconds); one of 19 seems to count nanoseconds",
        _ => "an epoch has 10 digits (seconds) or 13 (milliseconds)",
    }
}

const SERIAL_NUMBER: &str = "this is a spreadsheet's number for a date: format the column as yyyy-mm-dd hh:mm:ss, \
                             export again, and put the offset of its clock behind it, such as +08:00";
const DATE_ALONE: &str =
    "the time of day is missing: write it as 2026-10-05T11:00:00+08:00, with the offset of its clock";
const COMPACT: &str = "write it with dashes, colons and the offset of its clock: 2026-10-05T11:00:00+08:00";
const SLASHES: &str = "the date is year/month/day, and the offset is missing: write it with dashes and with the offset \
                       of its clock, 2026-10-05T11:00:00+08:00";
const SLASHES_ALONE: &str =
    "the date is year/month/day: write it with dashes, such as 2026-10-05T11:00:00+08:00";
const DAY_OR_MONTH: &str = "the date is month/day/year or day/month/year, which cannot be told apart, and the offset is \
                            missing: write the year first, and the offset of its clock, 2026-10-05T11:00:00+08:00";
const MONTH_NAME: &str = "the month is written in letters: write it in digits, and the offset of its clock, \
                          2026-10-05T11:00:00+08:00";
const UNUSUAL: &str = "it is no time that is read, and the offset is missing: write it as 2026-10-05T11:00:00+08:00, with \
                       the offset of its clock";
const ROUNDED: &str =
    "a spreadsheet has rounded it, and its digits are lost: format the column as text and export again";

/// Why this is no time of the calendar, in words that name what it seems to be.
fn why_no_time(text: &str) -> &'static str {
    if text.is_empty() {
        return "it is empty";
    }
    if text.trim() != text {
        return "blanks stand around it: take them off";
    }
    let shape: String = text.chars().map(|own| if own.is_ascii_digit() { '0' } else { own }).collect();
    let runs: Vec<&str> = shape.split(|own: char| own != '0').collect();
    let marks: String = shape.chars().filter(|own| *own != '0').take(2).collect();
    let lengths: Vec<usize> = runs.iter().take(3).map(|run| run.len()).collect();
    match (marks.as_str(), lengths.as_slice()) {
        (".", [4..=5, _]) => return SERIAL_NUMBER,
        (".", [10 | 13, _]) => {
            return "an epoch is a whole number of 10 or 13 digits: write it without decimals";
        }
        ("//" | ".." | "年月", [4, 1..=2, 1..=2]) if tells_offset(text) => return SLASHES_ALONE,
        ("//" | ".." | "年月", [4, 1..=2, 1..=2]) => return SLASHES,
        ("//" | ".." | "--", [1..=2, 1..=2, 2 | 4]) => return DAY_OR_MONTH,
        ("--", [4, 2, 2]) if text.len() == 10 => return DATE_ALONE,
        ("T" | "TZ" | "T+" | "T-", [8, ..]) => return COMPACT,
        _ => {}
    }
    if is_rounded(text) {
        return ROUNDED;
    }
    if names_a_month(text) {
        return MONTH_NAME;
    }
    let many_digits = text.bytes().filter(u8::is_ascii_digit).count() >= 6;
    if many_digits && !tells_offset(text) { UNUSUAL } else { SHAPE }
}

/// Whether the offset of a clock seems to be told.
fn tells_offset(text: &str) -> bool {
    text.ends_with(['Z', 'z']) || text.ends_with("UTC") || text.len() > 16 && text.contains('+')
}

/// Why what stands behind a time is no offset.
fn why_no_zone(text: &str) -> &'static str {
    if text.to_ascii_lowercase().ends_with(['m', 'p']) && text.contains(['A', 'P', 'a', 'p']) {
        return "hours are counted from 00 to 23, and the offset is missing: write it as 2026-10-05T15:00:00+08:00, with the \
                offset of its clock";
    }
    "its zone is written as a name: write the offset instead, such as +08:00"
}

/// Digits with an exponent, such as 1.79117E+12.
fn is_rounded(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    digits(whole) && digits(fraction) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

fn names_a_month(text: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = text.to_lowercase();
    text.bytes().any(|byte| byte.is_ascii_digit()) && MONTHS.iter().any(|month| text.contains(month))
}

#[cfg(test)]
mod tests {
    use super::super::time::Timestamp;

    #[test]
    fn one_instant_has_many_spellings() {
        for text in [
            "2026-10-05T03:00:00Z",
            "2026-10-05t03:00:00z",
            "2026-10-05 03:00:00+00:00",
            "2026-10-05 03:00:00Z",
            "2026-10-05 03:00:00 UTC",
            "2026-10-05 03:00:00 Z",
            "2026-10-05 11:00:00 +0800",
            "2026-10-05 03:00:00 +0000 UTC",
            "2026-10-05T11:00:00+0800",
            "2026-10-05T11:00:00+08",
            "2026-10-05T11:00+08:00",
            "2026-10-05T03:00Z",
            "2026-10-05 03:00 UTC",
            "2026-10-05T03:00:00.000000000-00:00",
            "2026-10-04T23:30:00-03:30",
            "1791169200",
            "1791169200000",
        ] {
            assert_eq!(
                Timestamp::parse(text).map(|at| at.to_string()),
                Ok("2026-10-05T03:00:00Z".into()),
                "{text}"
            );
        }
        let fraction = Timestamp::parse("2026-10-05 11:00:00.25 +0800").unwrap();
        assert_eq!(fraction.to_string(), "2026-10-05T03:00:00.250Z");
    }

    #[test]
    fn what_is_no_time_is_named_and_a_missing_offset_is_always_told() {
        for (text, why) in [
            ("", "empty"),
            (" 2026-10-05T03:00:00Z", "blanks"),
            ("2026-10-05T03:00:00", "offset is missing"),
            ("2026-10-05 03:00:00", "offset is missing"),
            ("2026-10-05 03:00", "offset is missing"),
            ("2026-10-05 03:00:00.5", "offset is missing"),
            ("2026-10-05 3:00", "offset is missing"),
            ("2026-10-5 03:00:00", "offset is missing"),
            ("2026-10-05", "time of day is missing"),
            ("20261005", "time of day is missing"),
            ("20261005030000", "dashes, colons"),
            ("20261005T030000Z", "dashes, colons"),
            ("10/05/2026 03:00", "month/day/year"),
            ("5/10/26", "month/day/year"),
            ("05.10.2026 03:00:00", "month/day/year"),
            ("2026/10/05 03:00", "year/month/day"),
            ("2026/10/5", "year/month/day"),
            ("2026/10/05 03:00:00+08:00", "with dashes, such as"),
            ("9999-12-31T23:59:59-08:00", "its year is none of"),
            ("0000-01-01T00:00:00+08:00", "its year is none of"),
            ("2026年10月5日 03:00", "year/month/day"),
            ("5-Oct-26", "month is written in letters"),
            ("Oct 5, 2026 3:00 AM", "month is written in letters"),
            ("2026-10-05 03:00:00 PM", "counted from 00 to 23"),
            ("2026-10-05 03:00:00 CST", "zone is written as a name"),
            ("2026-10-05T03:00:00+08:00[Asia/Shanghai]", "zone is written as a name"),
            ("46300.125", "spreadsheet's number"),
            ("46300", "spreadsheet's number"),
            ("1.79117E+12", "rounded"),
            ("1791169200.0", "whole number"),
            ("1791169200000000", "microseconds"),
            ("1791169200000000000", "nanoseconds"),
            ("179116920", "10 digits"),
            ("2026-10-05T03:00:60Z", "second 60"),
            ("2026-10-05T03:00:60+08:00", "second 60"),
            ("2026-02-29T03:00:00Z", "write it as"),
            ("yesterday", "write it as"),
        ] {
            let said = Timestamp::parse(text).unwrap_err();
            assert!(said.message().contains(why), "{text}: {said}");
            let is_told = said.message().contains("offset") || !said.message().contains("00Z");
            assert!(is_told || text.ends_with('Z') || text == "yesterday", "{text}: {said}");
        }
    }
}
