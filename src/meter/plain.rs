//! The fast path: a plain line in the native order of columns, every byte of it verified.
//!
//! What it accepts, the general path reads the same; whatever it does not accept goes there.

use super::lookup::{Kept, Lookup, Plain, SHORT_ID};
use crate::model::{
    time::{Hour, Timestamp},
    usage::Sender,
};

/// Bytes that a block must have behind its last line, so that a line can be looked at as a whole.
pub(super) const PADDING: usize = 128;

/// `2026-10-05T03:00:00Z,`
const TIMESTAMP: usize = 21;
const DATE: usize = 11;

/// A plain record of a known connection.
pub(super) struct PlainRecord {
    pub timestamp: Timestamp,
    pub connection: Plain,
    pub sender: Sender,
    pub bytes: u64,
    /// Length of the line with its end.
    pub length: usize,
}

/// Reads plain lines; remembers the timestamp of the last one, which is most often that of the next.
#[derive(Debug)]
pub(super) struct PlainReader {
    text: [u8; TIMESTAMP],
    timestamp: Timestamp,
    /// `2026-10-05T` of the last line and the start of that day.
    date: [u8; DATE],
    midnight: i64,
    /// Length of the last id, which is most often that of the next.
    id: Kept,
}

impl PlainReader {
    pub fn new() -> Self {
        // What is remembered at first is as true as what will be.
        Self {
            text: *b"1970-01-01T00:00:00Z,",
            timestamp: Timestamp::from_seconds(0),
            date: *b"1970-01-01T",
            midnight: 0,
            id: Kept::new(0),
        }
    }

    /// The record at the start of `line`, if that is a plain one.
    #[inline]
    pub fn read(&mut self, line: &[u8; PADDING], lookup: &Lookup<'_>) -> Option<PlainRecord> {
        let timestamp = self.timestamp(line)?;
        let connection = self.connection(line, lookup)?;
        let at = TIMESTAMP + self.id.length + 1;
        let (sender, at) = match &line[at..at + 8] {
            b"requeste" if line[at + 8] == b'r' && line[at + 9] == b',' => (Sender::Requester, at + 10),
            b"accepter" if line[at + 8] == b',' => (Sender::Accepter, at + 9),
            _ => return None,
        };
        let (bytes, digits) = number(line, at)?;
        let mut end = at + digits;
        if line[end] == b'\r' {
            end += 1;
        }
        (line[end] == b'\n').then_some(PlainRecord { timestamp, connection, sender, bytes, length: end + 1 })
    }

    /// The connection that the id names; only known ones make a line plain, and no known one holds a comma.
    #[inline]
    fn connection(&mut self, line: &[u8; PADDING], lookup: &Lookup<'_>) -> Option<Plain> {
        let id: &[u8; SHORT_ID] = line[TIMESTAMP..].first_chunk()?;
        if line[TIMESTAMP + self.id.length] == b','
            && let Some(connection) = lookup.find_short(id, &self.id)
        {
            return Some(connection);
        }
        self.id = Kept::new(memchr::memchr(b',', &line[TIMESTAMP..TIMESTAMP + SHORT_ID])?);
        lookup.find_short(id, &self.id)
    }

    #[inline]
    fn timestamp(&mut self, line: &[u8; PADDING]) -> Option<Timestamp> {
        if line[..TIMESTAMP] != self.text {
            self.timestamp = self.new_timestamp(line)?;
            self.text.copy_from_slice(&line[..TIMESTAMP]);
        }
        Some(self.timestamp)
    }

    fn new_timestamp(&mut self, line: &[u8; PADDING]) -> Option<Timestamp> {
        if &line[19..TIMESTAMP] != b"Z," {
            return None;
        }
        if line[..DATE] != self.date {
            let text = std::str::from_utf8(&line[..20]).ok()?;
            let timestamp = Timestamp::parse(text).ok()?;
            let hour = timestamp.hour().index();
            self.midnight = Hour::from_index(hour.div_euclid(24) * 24).start().seconds();
            self.date.copy_from_slice(&line[..DATE]);
            return (line[10] == b'T').then_some(timestamp);
        }
        let two = |at: usize, most: i64| -> Option<i64> {
            let (tens, ones) = (line[at].wrapping_sub(b'0'), line[at + 1].wrapping_sub(b'0'));
            let value = i64::from(tens) * 10 + i64::from(ones);
            (tens <= 9 && ones <= 9 && value <= most).then_some(value)
        };
        if line[13] != b':' || line[16] != b':' {
            return None;
        }
        let seconds = two(11, 23)? * 3600 + two(14, 59)? * 60 + two(17, 59)?;
        Some(Timestamp::from_seconds(self.midnight + seconds))
    }
}

/// The number at `at` and how many digits it has: 1 to 19, so that it fits without a check.
#[inline]
fn number(line: &[u8; PADDING], at: usize) -> Option<(u64, usize)> {
    let (mut value, mut digits) = eight_digits(line, at);
    if digits == 8 {
        let (next, more) = eight_digits(line, at + 8);
        value = value * POWERS[more] + next;
        digits += more;
        if more == 8 {
            let (last, more) = eight_digits(line, at + 16);
            if more > 3 {
                return None;
            }
            value = value * POWERS[more] + last;
            digits += more;
        }
    }
    (digits > 0).then_some((value, digits))
}

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The value of the digits at `at`, at most eight, and how many there are; all at once, as a number of bytes.
#[inline]
fn eight_digits(line: &[u8; PADDING], at: usize) -> (u64, usize) {
    let mut eight = [0; 8];
    eight.copy_from_slice(&line[at..at + 8]);
    let values = u64::from_le_bytes(eight) ^ 0x3030_3030_3030_3030;
    // The high bit of every byte that is no digit; a carry only reaches bytes behind the first of them.
    let others = (values | values.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    // The digits move to the end, with zeros before them.
    let values = values << (64 - 8 * count);
    let pairs = (values.wrapping_mul(10)).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    let value = (fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) & 0xFFFF_FFFF;
    (value, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn padded(text: &str) -> [u8; PADDING] {
        let mut line = [0; PADDING];
        line[..text.len()].copy_from_slice(text.as_bytes());
        line
    }

    #[test]
    fn numbers_of_any_length_are_read_and_those_of_20_digits_are_left() {
        for text in ["0", "7", "12345678", "123456789", "1234567812345678", "9999999999999999999"] {
            let expected = (text.parse::<u64>().unwrap(), text.len());
            assert_eq!(number(&padded(&format!("{text}\n")), 0), Some(expected), "{text}");
        }
        assert_eq!(number(&padded("18446744073709551615\n"), 0), None);
        assert_eq!(number(&padded("\n"), 0), None);
        assert_eq!(number(&padded("-1\n"), 0), None);
    }

    proptest! {
        #[test]
        fn digits_stop_at_the_first_other_byte(value in 0u64..10_000_000_000_000_000_000, other in 0u8..=255) {
            prop_assume!(!other.is_ascii_digit());
            let text = value.to_string();
            let mut line = [b'9'; PADDING];
            line[..text.len()].copy_from_slice(text.as_bytes());
            line[text.len()] = other;
            prop_assert_eq!(number(&line, 0), Some((value, text.len())));
        }
    }
}
