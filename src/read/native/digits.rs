//! What plain lines write in digits, read many of them at once: numbers and times.
//!
//! A time is most often spelled as the one before it, and most of its text is the same. What is the same is compared, and
//! only what differs is read. A spelling that is met for the first time is read as everywhere, by [`Timestamp::parse`].

use crate::model::time::Timestamp;

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

/// Bytes that a time takes at most, with quotes around it: `"2026-10-05T11:00:00.123456789 +0000 UTC"`.
const LONGEST_TIME: usize = 48;
const WORDS: usize = LONGEST_TIME / 8;
type Words = [u64; WORDS];

/// Reads times; remembers the last one and how it was spelled.
#[derive(Debug)]
pub(super) struct Instants {
    /// The text of the last one, with its quotes, zeros behind it.
    text: Words,
    timestamp: Timestamp,
    /// Bytes of the text.
    length: usize,
    /// That text.
    whole: Words,
    /// What is the same in all times that are read as the last one was.
    fixed: Words,
    spelling: Spelling,
}

/// How a time is spelled, and what the part of it says that is the same for many.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    /// An epoch of this many digits, which begin at `digits`.
    Epoch { from: usize, digits: usize },
    /// A time of day, from the tenth byte behind `date` on, after this instant, in seconds; and so many digits of a
    /// fraction.
    TimeOfDay { date: usize, midnight: i64, fraction: usize },
    /// Another one, which is read anew where it is not the same.
    Other,
}

impl Instants {
    pub fn new() -> Self {
        // No text is as long, so nothing is taken for it.
        Self {
            text: [0; WORDS],
            timestamp: Timestamp::EPOCH,
            length: 0,
            whole: [u64::MAX; WORDS],
            fixed: [u64::MAX; WORDS],
            spelling: Spelling::Other,
        }
    }

    /// The time at the start of `text`, where a separator or a line end should follow, and how many bytes it takes.
    #[inline]
    pub fn read(&mut self, text: &[u8], separator: u8) -> Option<(Timestamp, usize)> {
        let words = words(text)?;
        if is_same(&words, &self.text, &self.whole) {
            return Some((self.timestamp, self.length));
        }
        self.read_other(text, &words, separator)
    }

    /// A time whose text is not that of the last one.
    fn read_other(&mut self, text: &[u8], words: &Words, separator: u8) -> Option<(Timestamp, usize)> {
        match self.spelled_alike(text, words) {
            Some(timestamp) => {
                self.timestamp = timestamp;
                self.text = masked(words, &self.whole);
            }
            None => self.learn(text, words, separator)?,
        }
        Some((self.timestamp, self.length))
    }

    /// The time, where it is spelled as the last one.
    #[inline]
    fn spelled_alike(&self, text: &[u8], words: &Words) -> Option<Timestamp> {
        if !is_same(words, &self.text, &self.fixed) {
            return None;
        }
        match self.spelling {
            Spelling::Epoch { from, digits } => {
                let (value, read) = number(text.get(from..)?.first_chunk()?);
                let value = i64::try_from(value).ok().filter(|_| read == digits)?;
                Some(if digits == 10 {
                    Timestamp::from_seconds(value)
                } else {
                    Timestamp::from_milliseconds(value)
                })
            }
            Spelling::TimeOfDay { date, midnight, fraction } => {
                let seconds = midnight + time_of_day(text.get(date + 11..)?.first_chunk()?)?;
                if fraction == 0 {
                    return Some(Timestamp::from_seconds(seconds));
                }
                let (value, read) = number(text.get(date + 20..)?.first_chunk()?);
                let value = u32::try_from(value).ok().filter(|_| read == fraction)?;
                Some(Timestamp::from_parts(seconds, value * TENS[9 - fraction]))
            }
            Spelling::Other => None,
        }
    }

    /// Reads a time as it is read everywhere, and remembers how it is spelled.
    #[cold]
    fn learn(&mut self, text: &[u8], words: &Words, separator: u8) -> Option<()> {
        let from = usize::from(text.first() == Some(&b'"'));
        let room = text.get(from..LONGEST_TIME - from)?;
        let content = match from {
            0 => {
                &room[..room.iter().position(|&byte| byte == separator || byte == b'\n' || byte == b'\r')?]
            }
            _ => &room[..memchr::memchr(b'"', room)?],
        };
        let timestamp = Timestamp::parse(std::str::from_utf8(content).ok()?).ok()?;
        let length = from + content.len() + from;
        let (spelling, differing) = Spelling::of(content, from, timestamp);
        self.whole = mask(0..length);
        self.fixed = self.whole;
        for range in differing {
            let differs = mask(range);
            self.fixed.iter_mut().zip(differs).for_each(|(fixed, differs)| *fixed &= !differs);
        }
        self.text = masked(words, &self.whole);
        (self.timestamp, self.length, self.spelling) = (timestamp, length, spelling);
        Some(())
    }
}

/// Powers of ten.
const TENS: [u32; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

impl Spelling {
    /// How a time is spelled that begins `from` bytes behind the start of its field; and where others differ that are
    /// spelled alike.
    fn of(content: &[u8], from: usize, timestamp: Timestamp) -> (Self, Vec<std::ops::Range<usize>>) {
        if content.iter().all(u8::is_ascii_digit) {
            let digits = content.len();
            return (Self::Epoch { from, digits }, vec![from..from + digits]);
        }
        let time = content.get(11..).and_then(<[u8]>::first_chunk).and_then(time_of_day);
        // An offset leads out of the years that are read only from the first and the last of them.
        let at_edge = content.starts_with(b"0000") || content.starts_with(b"9999");
        let Some(time) = time.filter(|_| !at_edge) else { return (Self::Other, Vec::new()) };
        let behind = &content[20.min(content.len())..];
        let fraction = match content.get(19) {
            Some(b'.') => behind.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => 0,
        };
        let parts = [(11, 2), (14, 2), (17, 2), (20, fraction)];
        let differing = parts.map(|(at, count)| from + at..from + at + count).to_vec();
        (Self::TimeOfDay { date: from, midnight: timestamp.seconds() - time, fraction }, differing)
    }
}

/// The seconds of `11:20:30`, without a leap second.
#[inline]
fn time_of_day(text: &[u8; 8]) -> Option<i64> {
    let two = |at: usize, most: i64| -> Option<i64> {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        let value = i64::from(tens) * 10 + i64::from(ones);
        (tens <= 9 && ones <= 9 && value <= most).then_some(value)
    };
    if text[2] != b':' || text[5] != b':' {
        return None;
    }
    Some(two(0, 23)? * 3600 + two(3, 59)? * 60 + two(6, 59)?)
}

#[inline]
fn words(text: &[u8]) -> Option<Words> {
    let bytes: &[u8; LONGEST_TIME] = text.first_chunk()?;
    Some(std::array::from_fn(|at| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[at * 8..at * 8 + 8]);
        u64::from_le_bytes(eight)
    }))
}

/// All bits of the bytes of this range.
fn mask(range: std::ops::Range<usize>) -> Words {
    std::array::from_fn(|word| {
        let byte = |at: usize| if range.contains(&(word * 8 + at)) { 0xFF << (8 * at) } else { 0 };
        (0..8).map(byte).fold(0, |all, one: u64| all | one)
    })
}

#[inline]
fn masked(words: &Words, mask: &Words) -> Words {
    std::array::from_fn(|at| words[at] & mask[at])
}

/// Whether both are the same under a mask; without a branch for each word.
#[inline]
fn is_same(words: &Words, others: &Words, mask: &Words) -> bool {
    let differing = |at: usize| (words[at] ^ others[at]) & mask[at];
    (0..WORDS).fold(0, |all, at| all | differing(at)) == 0
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

    proptest! {
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
