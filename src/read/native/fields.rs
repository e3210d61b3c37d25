//! What the fields of plain lines hold, read many bytes at once: numbers, times, and connection ids as integers, which are
//! compared and looked up faster than texts.
//!
//! A time is most often spelled as the one before it, and most of its text is the same. What is the same is compared, and
//! only what differs is read. A spelling that is met for the first time is read as everywhere, by [`Timestamp::parse`].

use crate::model::time::Timestamp;
use chrono::{Datelike as _, NaiveDate};

/// Digits of a number at most.
pub(super) const DIGITS: usize = 16;

/// The number at the start of `text` and how many digits it has: at most 16, so that it fits without a check. No number
/// has none.
#[inline]
pub(super) fn number(text: &[u8; DIGITS]) -> (u64, usize) {
    let values = u128::from_le_bytes(*text) ^ (u128::MAX / 0xFF * 0x30);
    // The high bit of every byte that is no digit. A carry only reaches bytes behind the first of them.
    let others = (values | values.wrapping_add(u128::MAX / 0xFF * 0x76)) & (u128::MAX / 0xFF * 0x80);
    let digits = others.trailing_zeros() as usize / 8;
    // The digits move to the end, with zeros before them. Where there are none, what moves means nothing.
    let values = values.wrapping_shl(8 * (DIGITS - digits) as u32);
    (eight_digits(values as u64) * 100_000_000 + eight_digits((values >> 64) as u64), digits)
}

/// The value of eight digits, the first of them in the lowest byte; all at once, as a number of bytes.
#[inline]
fn eight_digits(values: u64) -> u64 {
    let pairs = (values.wrapping_mul(10)).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) & 0xFFFF_FFFF
}

/// The number of so many digits, 1 to 9, at the start of `text`; what follows them is not looked at.
#[inline]
fn digits_of(text: &[u8; DIGITS], count: usize) -> Option<u32> {
    let values = u128::from_le_bytes(*text) ^ (u128::MAX / 0xFF * 0x30);
    // The digits move to the end, with zeros before them; the last eight of nine are the high half.
    let values = values << (8 * (DIGITS - count));
    let others = (values | values.wrapping_add(u128::MAX / 0xFF * 0x76)) & (u128::MAX / 0xFF * 0x80);
    let first = if count > 8 { (values >> 56) as u32 & 0xFF } else { 0 };
    // OK because nine digits fit.
    (others == 0).then(|| first * 100_000_000 + eight_digits((values >> 64) as u64) as u32)
}

/// Bytes that a time takes at most, with quotes around it: `"2026-10-05T11:00:00.123456789 +0000 UTC"`.
const LONGEST_TIME: usize = 48;
/// Bytes that are compared at once: the first and the last ones of a text.
const SIDE: usize = 16;

/// The first bytes of a text and its last ones, which overlap where it has fewer than both together.
type Sides = [u128; 2];

/// Reads times; remembers the last one and how it was spelled.
#[derive(Debug)]
pub(super) struct Instants {
    /// The text of the last one, with its quotes.
    text: Sides,
    pub timestamp: Timestamp,
    /// Bytes of the text.
    pub length: usize,
    /// Where its last side begins.
    last: usize,
    /// The bytes of its sides that belong to it.
    whole: Sides,
    /// Of those the ones that are the same in all times that are spelled as it is.
    fixed: Sides,
    spelling: Spelling,
    /// That of the last date that changed.
    month: Month,
    /// The last date and time of day that were read in front of a fraction, and their seconds since 1970.
    second: ([u8; SECOND], i64),
}

/// Bytes of a date and a time of day.
const SECOND: usize = 19;

/// How a time is spelled, and what the part of it says that is the same for many.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    /// An epoch of so many digits, from this byte on.
    Epoch { from: usize, digits: usize },
    /// A date from this byte on, a time of day, to which so many seconds are added for UTC, and so many digits of a fraction.
    DateAndTime { from: usize, shift: i64, fraction: usize },
    /// Another one, which is read anew where it is not the same.
    Other,
}

impl Instants {
    pub fn new() -> Self {
        // What is remembered at first has more bytes than a time: nothing is the same.
        Self {
            text: [0; 2],
            timestamp: Timestamp::EPOCH,
            length: LONGEST_TIME,
            last: 0,
            whole: [u128::MAX; 2],
            fixed: [u128::MAX; 2],
            spelling: Spelling::Other,
            month: Month::default(),
            second: ([0; SECOND], 0),
        }
    }

    /// Whether the last one is an epoch, which has digits alone.
    #[inline]
    pub fn is_epoch(&self) -> bool {
        matches!(self.spelling, Spelling::Epoch { .. })
    }

    /// Reads the time at `at`, where a separator or a line end should follow: into `timestamp`, and into `length` how many
    /// bytes it takes.
    #[inline(always)]
    pub fn read(&mut self, text: &[u8], at: usize, separator: u8) -> Option<()> {
        let field: &[u8; LONGEST_TIME] = text.get(at..)?.first_chunk()?;
        // What a long one has between its sides is not compared.
        if self.length <= 2 * SIDE && is_same(self.sides(field)?, self.text, self.whole) {
            return Some(());
        }
        self.read_other(field, separator)
    }

    /// A time whose text is not that of the last one.
    #[inline(never)]
    fn read_other(&mut self, field: &[u8; LONGEST_TIME], separator: u8) -> Option<()> {
        match self.spelled_alike(field) {
            Some(timestamp) => {
                self.timestamp = timestamp;
                self.text = self.sides(field)?;
                Some(())
            }
            None => self.learn(field, separator),
        }
    }

    /// The time, where it is spelled as the last one: what is not compared of a text is read.
    #[inline]
    fn spelled_alike(&mut self, field: &[u8; LONGEST_TIME]) -> Option<Timestamp> {
        if !is_same(self.sides(field)?, self.text, self.fixed) {
            return None;
        }
        match self.spelling {
            Spelling::Epoch { from, digits } => {
                let (value, read) = number(field[from..].first_chunk()?);
                let value = i64::try_from(value).ok().filter(|_| read == digits)?;
                Some(if digits == 10 {
                    Timestamp::from_seconds(value)
                } else {
                    Timestamp::from_milliseconds(value)
                })
            }
            Spelling::DateAndTime { from, shift, fraction } => {
                if fraction == 0 {
                    return Some(Timestamp::from_seconds(self.second(field, from)? + shift));
                }
                // Of many records in the same second only the fraction is read.
                let text: &[u8; SECOND] = field[from..].first_chunk()?;
                if *text != self.second.0 {
                    self.second = (*text, self.second(field, from)?);
                }
                let value = digits_of(field[from + SECOND + 1..].first_chunk()?, fraction);
                let value = value.filter(|_| field[from + SECOND] == b'.')?;
                Some(Timestamp::from_parts(self.second.1 + shift, value * TENS[9 - fraction]))
            }
            Spelling::Other => None,
        }
    }

    /// The seconds since 1970 of the date and the time of day that begin at a place.
    #[inline]
    fn second(&mut self, field: &[u8; LONGEST_TIME], from: usize) -> Option<i64> {
        let midnight = self.month.midnight(field[from..].first_chunk()?)?;
        Some(midnight + time_of_day(field[from + 11..].first_chunk()?)?)
    }

    /// Reads a time as it is read everywhere, and remembers how it is spelled.
    #[cold]
    fn learn(&mut self, field: &[u8; LONGEST_TIME], separator: u8) -> Option<()> {
        let from = usize::from(field[0] == b'"');
        let ends = |&byte: &u8| match from {
            0 => byte == separator || byte == b'\n' || byte == b'\r',
            _ => byte == b'"',
        };
        let content = &field[from..LONGEST_TIME - from];
        let content = &content[..content.iter().position(ends)?];
        let timestamp = Timestamp::parse(std::str::from_utf8(content).ok()?).ok()?;
        let length = from + content.len() + from;
        let (spelling, differing) = Spelling::of(content, from, timestamp);
        (self.timestamp, self.length, self.spelling) = (timestamp, length, spelling);
        self.last = length.saturating_sub(SIDE);
        let of_sides = |is_in: &dyn Fn(usize) -> bool| [0, self.last].map(|start| mask(start, is_in));
        self.whole = of_sides(&|at| at < length);
        self.fixed = of_sides(&|at| {
            at < length && !differing.iter().any(|(start, count)| (*start..start + count).contains(&at))
        });
        self.text = self.sides(field)?;
        Some(())
    }

    #[inline(always)]
    fn sides(&self, field: &[u8; LONGEST_TIME]) -> Option<Sides> {
        let last: &[u8; SIDE] = field.get(self.last..)?.first_chunk()?;
        Some([u128::from_le_bytes(*field.first_chunk()?), u128::from_le_bytes(*last)])
    }
}

/// Powers of ten.
const TENS: [u32; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

impl Spelling {
    /// How a time is spelled that begins `from` bytes behind the start of its field; and where others differ that are
    /// spelled alike: from which byte on, and in how many.
    fn of(content: &[u8], from: usize, timestamp: Timestamp) -> (Self, Vec<(usize, usize)>) {
        if content.iter().all(u8::is_ascii_digit) {
            let digits = content.len();
            return (Self::Epoch { from, digits }, vec![(from, digits)]);
        }
        let time = content.get(11..).and_then(<[u8]>::first_chunk).and_then(time_of_day);
        let midnight = content.first_chunk().and_then(|date| Month::default().midnight(date));
        let (Some(time), Some(midnight)) = (time, midnight) else { return (Self::Other, Vec::new()) };
        let fraction = match content[19..].strip_prefix(b".") {
            Some(behind) => behind.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            None => 0,
        };
        let parts = [(0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2), (20, fraction)];
        let differing = parts.map(|(at, count)| (from + at, count)).to_vec();
        (Self::DateAndTime { from, shift: timestamp.seconds() - midnight - time, fraction }, differing)
    }
}

/// The seconds of `11:20:30`, without a leap second.
#[inline]
fn time_of_day(text: &[u8; 8]) -> Option<i64> {
    let &[h, i, first, m, n, second, s, t] = text;
    if first != b':' || second != b':' {
        return None;
    }
    Some(two(&[h, i], 23)? * 3600 + two(&[m, n], 59)? * 60 + two(&[s, t], 59)?)
}

/// Two digits as a number, if that is no larger than this.
#[inline]
fn two(text: &[u8; 2], most: i64) -> Option<i64> {
    let [tens, ones] = text.map(|digit| digit.wrapping_sub(b'0'));
    let value = i64::from(tens) * 10 + i64::from(ones);
    (tens <= 9 && ones <= 9 && value <= most).then_some(value)
}

/// A month whose days are read.
#[derive(Debug, Clone, Copy, Default)]
struct Month {
    /// As it is spelled: `2026-10-`.
    text: [u8; 8],
    /// When its first day begins, in seconds since 1970.
    start: i64,
    days: i64,
}

impl Month {
    /// `None` in the first and the last of the years that are read, from which an offset leads out of them.
    #[cold]
    fn of(text: [u8; 8]) -> Option<Self> {
        const OF_1970: i32 = 719_163;
        let [c, d, y, z, b'-', m, n, b'-'] = text else { return None };
        let year = (two(&[c, d], 99)? * 100 + two(&[y, z], 99)?) as i32;
        let first = NaiveDate::from_ymd_opt(year, two(&[m, n], 12)? as u32, 1);
        let first = first.filter(|_| (1..9999).contains(&year))?;
        let start = i64::from(first.num_days_from_ce() - OF_1970) * 86_400;
        Some(Self { text, start, days: i64::from(first.num_days_in_month()) })
    }

    /// When the day of `2026-10-05` begins, in seconds since 1970; most often it is one of the month before.
    #[inline]
    fn midnight(&mut self, text: &[u8; 10]) -> Option<i64> {
        let &[month @ .., a, b] = text;
        if month != self.text {
            *self = Self::of(month)?;
        }
        let day = two(&[a, b], self.days)?;
        (day > 0).then(|| self.start + (day - 1) * 86_400)
    }
}

/// All bits of those bytes of the side at `start` that are in.
fn mask(start: usize, is_in: &dyn Fn(usize) -> bool) -> u128 {
    u128::from_le_bytes(std::array::from_fn(|at| if is_in(start + at) { u8::MAX } else { 0 }))
}

/// Whether both are the same under a mask.
#[inline(always)]
fn is_same(sides: Sides, others: Sides, mask: Sides) -> bool {
    ((sides[0] ^ others[0]) & mask[0]) | ((sides[1] ^ others[1]) & mask[1]) == 0
}

/// Ids that fit with the comma behind them are short.
pub(crate) const SHORT_ID: usize = 32;
/// Ids of more bytes than this stand in no plain line.
pub(crate) const LONGEST_ID: usize = 64;
const WORDS: usize = SHORT_ID / 8;
type Words = [u64; WORDS];

/// A short id as integers, zeros behind it; or the digest of a long one.
///
/// The comma behind the id is part of it: it says where the id ends, whatever separates fields. Bytes that hold a
/// separator, a line end or a quote are the short id of no connection: a plain line whose id seems to be such a one is not
/// found. The last byte of a digest is one that no short id has there; who finds one compares the ids themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShortId(Words);

/// Above all bytes of a digest but the last.
const DIGEST: u64 = 0xFF << 56;

impl ShortId {
    /// No id: it holds no comma.
    pub const NONE: Self = Self([0; WORDS]);

    /// `None` where it is too long for a plain line, or one could not hold it as it is: as a field of CSV, or as text of JSON.
    pub fn of(id: &[u8]) -> Option<Self> {
        let stands_plain = id.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'"' | b',' | b';' | b'\\'));
        stands_plain.then(|| Self::padded(id).or_else(|| Self::digest(id))).flatten()
    }

    /// `None` where it is too long.
    pub fn padded(id: &[u8]) -> Option<Self> {
        let mut padded = [0; SHORT_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        *padded.get_mut(id.len())? = b',';
        Some(IdLength::new(id.len()).cut(&padded))
    }

    /// The digest of a long id; `None` where it is too long for that.
    pub fn digest(id: &[u8]) -> Option<Self> {
        let mut padded = [0; LONGEST_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        let (first, second) = padded.split_at(SHORT_ID);
        let mut words: Words = std::array::from_fn(|at| word(first, at) ^ word(second, at).rotate_left(23));
        words[WORDS - 1] |= DIGEST;
        Some(Self(words))
    }

    /// Whether it is a digest, which several ids may share.
    #[inline]
    pub fn is_digest(&self) -> bool {
        self.0[WORDS - 1] >= DIGEST
    }

    /// A number whose high bits tell ids apart.
    #[inline]
    pub fn hash(&self) -> u64 {
        // Each word has a factor of its own, so that no multiplication waits for another.
        const ODD: Words =
            [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, 0xD6E8_FEB8_6659_FD93];
        let products = self.0.iter().zip(ODD).map(|(word, odd)| word.wrapping_mul(odd));
        let mixed = products.fold(0u64, u64::wrapping_add);
        (mixed ^ (mixed >> 32)).wrapping_mul(ODD[0])
    }
}

/// The eight bytes at this place of such.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at * 8..at * 8 + 8]);
    u64::from_le_bytes(eight)
}

/// How many bytes an id has: as masks, and the comma behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLength {
    /// Bytes of the id.
    pub bytes: usize,
    masks: Words,
    comma: Words,
}

impl IdLength {
    pub fn new(bytes: usize) -> Self {
        let mask = |word: usize| match bytes.saturating_sub(word * 8) {
            0 => 0,
            kept @ 1..8 => u64::MAX >> (64 - 8 * kept),
            _ => u64::MAX,
        };
        let comma = |word: usize| {
            if bytes / 8 == word { u64::from(b',') << (bytes % 8 * 8) } else { 0 }
        };
        Self { bytes, masks: std::array::from_fn(mask), comma: std::array::from_fn(comma) }
    }

    /// Whether an id of this length is short.
    #[inline]
    pub fn is_short(&self) -> bool {
        self.bytes < SHORT_ID
    }

    /// The short id of this length at the start of these bytes.
    #[inline]
    pub fn cut(&self, bytes: &[u8; SHORT_ID]) -> ShortId {
        ShortId(std::array::from_fn(|at| word(bytes, at) & self.masks[at] | self.comma[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn padded(text: &str) -> [u8; DIGITS] {
        let mut line = [0; DIGITS];
        let length = text.len().min(DIGITS);
        line[..length].copy_from_slice(&text.as_bytes()[..length]);
        line
    }

    #[test]
    fn digits_are_read_where_all_are_such() {
        for (text, count, value) in [
            ("7", 1, Some(7)),
            ("91", 1, Some(9)),
            ("919Z", 3, Some(919)),
            ("91Z", 3, None),
            ("12345678", 8, Some(12_345_678)),
            ("987654321", 9, Some(987_654_321)),
            ("/87654321", 9, None),
            ("98765432:", 9, None),
            ("9\u{7f}", 2, None),
        ] {
            assert_eq!(digits_of(&padded(text), count), value, "{text}");
        }
    }

    #[test]
    fn numbers_of_up_to_16_digits_are_read_and_what_follows_them_is_not() {
        for text in ["0", "7", "12345678", "123456789", "0000000000000001", "9999999999999999"] {
            let expected = (text.parse::<u64>().unwrap(), text.len());
            assert_eq!(number(&padded(&format!("{text}\n"))), expected, "{text}");
        }
        // That a digit follows is seen where the line should end.
        assert_eq!(number(&padded("18446744073709551615\n")), (1_844_674_407_370_955, 16));
        assert_eq!(number(&padded("\n")).1, 0);
        assert_eq!(number(&padded("-1\n")).1, 0);
    }

    /// Times of any spelling, some of them with a byte that was changed.
    fn times() -> impl Strategy<Value = String> {
        let zone = prop::sample::select(vec![
            "Z",
            "z",
            "+08:00",
            "+0800",
            " +0800",
            " UTC",
            "-05:30",
            "+08",
            " +0000 UTC",
            "",
        ]);
        let fraction = prop_oneof![4 => Just(String::new()), 4 => "[.][0-9]{3}", 2 => "[.][0-9]{0,10}"];
        let calendar = (0_u32..3, 1_u32..31, 0_u32..25, 0_u32..61, 0_u32..61, fraction, zone).prop_map(
            |(year, day, hour, minute, second, fraction, zone)| {
                let year = [2026, 0, 9999][if day > 28 { year as usize } else { 0 }];
                format!("{year:04}-10-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
            },
        );
        let text = prop_oneof![6 => calendar, 1 => Just("2026-10-05 03:15Z".to_owned()), 2 => "1[0-9]{9}", 2 => "1[0-9]{12}", 1 => "1[0-9]{8,15}"];
        let changed =
            (any::<prop::sample::Index>(), prop_oneof![8 => Just(None), 1 => (b' '..=b'~').prop_map(Some)]);
        (text, changed).prop_map(|(text, (at, byte))| {
            let mut bytes = text.into_bytes();
            if let Some(byte) = byte {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            String::from_utf8(bytes).unwrap()
        })
    }

    #[test]
    fn what_is_not_compared_of_a_long_time_is_read() {
        let long = "2026-10-05T11:00:00.123456789 +0000 UTC";
        for at in 0..long.len() {
            let mut instants = Instants::new();
            for byte in [long.as_bytes()[at], b'x', b'0'] {
                let mut text = long.as_bytes().to_vec();
                text[at] = byte;
                let read = instants.read(&[&text[..], &[b','; LONGEST_TIME]].concat(), 0, b',');
                let expected = Timestamp::parse(std::str::from_utf8(&text).unwrap()).ok();
                assert_eq!(read.map(|()| instants.timestamp), expected, "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_read_of_a_time_is_what_it_says(
            times in prop::collection::vec((times(), 0_u8..4), 1..40),
            all_alike: bool,
        ) {
            let mut instants = Instants::new();
            for (text, quotes) in times {
                let text = if all_alike { text.replace(|own: char| own.is_ascii_lowercase(), "Z") } else { text };
                let written = if quotes == 0 { format!("\"{text}\"") } else { text.clone() };
                let field = format!("{written},{}", ",".repeat(LONGEST_TIME));
                let read = instants.read(field.as_bytes(), 0, b',');
                // That the field ends there is seen by who reads on.
                let is_whole = instants.length == written.len();
                match Timestamp::parse(&text) {
                    Ok(expected) if read.is_some() && is_whole => prop_assert_eq!(instants.timestamp, expected, "{}", text),
                    Ok(expected) => {
                        // A text that goes on behind one that was read before is left to others.
                        prop_assert!(read.is_some(), "{} {}", text, expected);
                    }
                    Err(why) => prop_assert!(read.is_none() || !is_whole, "{}: {}", text, why),
                }
            }
        }

        #[test]
        fn digits_stop_at_the_first_other_byte(value in 0u64..10_000_000_000_000_000, other in 0u8..=255) {
            prop_assume!(!other.is_ascii_digit());
            let text = value.to_string();
            let mut line = [b'9'; DIGITS + 1];
            line[..text.len()].copy_from_slice(text.as_bytes());
            line[text.len()] = other;
            prop_assert_eq!(number(line.first_chunk().unwrap()), (value, text.len()));
        }
    }
}
