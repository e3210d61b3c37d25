//! Windows as they are written: `Mon-Fri 09:00-18:00`.

use super::clock::{DAY, DAYS};
use crate::{
    error::Result,
    model::{did_you_mean, time::Offset},
};

const SHAPE: &str = "write it as \"Mon-Fri 09:00-18:00\", \"Sat,Sun 22:00-06:00\" or \"09:30-12:00 +08:00\"";

/// A window as it is written.
pub(super) struct Window {
    pub days: Vec<usize>,
    /// Minutes of the day; the second is above the first, beyond a day where the window goes over midnight.
    pub minutes: (i64, i64),
    pub offset: Option<Offset>,
}

/// Windows of one text: days without times belong to the window behind them.
pub(super) fn windows_of(text: &str) -> Result<Vec<Window>, String> {
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
