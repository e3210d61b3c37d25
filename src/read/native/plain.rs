//! A plain line in the native order of columns, read in the fast way: every byte of it is verified.
//!
//! What is plain, and whose id is then known, [`RowReader`](super::lines::RowReader) reads the same; all else goes there.

use super::columns::RecordKind;
use crate::model::{
    time::{Hour, Timestamp},
    usage::Sender,
};

/// Bytes that a block must have behind its last line, so that a line can be looked at as a whole.
pub(crate) const PADDING: usize = 128;

/// `2026-10-05T03:00:00Z,`
const TIMESTAMP: usize = 21;
const DATE: usize = 11;

/// What a plain line says.
#[derive(Debug, Clone)]
pub(crate) struct PlainLine {
    pub timestamp: Timestamp,
    pub id: ShortId,
    pub sender: Sender,
    pub bytes: u64,
    /// Length of the line with its end.
    pub length: usize,
}

impl PlainLine {
    /// Says nothing yet.
    pub const EMPTY: Self = Self {
        timestamp: Timestamp::EPOCH,
        id: ShortId::NONE,
        sender: Sender::Requester,
        bytes: 0,
        length: 0,
    };
}

/// How a sender is spelled: eight bytes, and under a mask the two behind them, with the comma.
struct Spelled {
    sender: Sender,
    start: [u8; 8],
    end: u16,
    mask: u16,
}

const SENDERS: [Spelled; 2] = [
    Spelled {
        sender: Sender::Requester,
        start: *b"requeste",
        end: u16::from_le_bytes(*b"r,"),
        mask: u16::MAX,
    },
    Spelled { sender: Sender::Accepter, start: *b"accepter", end: u16::from_le_bytes(*b",\0"), mask: 0xFF },
];

/// Reads plain lines; remembers the timestamp of the last one, which is most often that of the next.
#[derive(Debug)]
pub(crate) struct PlainReader {
    text: [u8; TIMESTAMP],
    timestamp: Timestamp,
    /// `2026-10-05T` of the last line and the start of that day.
    date: [u8; DATE],
    midnight: i64,
    /// Length of the last id, which is most often that of the next.
    id_length: IdLength,
}

impl PlainReader {
    pub fn new() -> Self {
        // What is remembered at first is as true as what will be.
        Self {
            text: *b"1970-01-01T00:00:00Z,",
            timestamp: Timestamp::from_seconds(0),
            date: *b"1970-01-01T",
            midnight: 0,
            id_length: IdLength::new(0),
        }
    }

    /// Reads the line at the start of `line`, if that is a plain one, into `plain`, which means nothing otherwise.
    #[inline]
    pub fn read(&mut self, line: &[u8; PADDING], plain: &mut PlainLine) -> bool {
        let Some(timestamp) = self.timestamp(line) else { return false };
        plain.timestamp = timestamp;
        let id_length = self.id_length;
        read_rest(line, &id_length, plain) || self.read_other_length(line, plain)
    }

    #[cold]
    fn read_other_length(&mut self, line: &[u8; PADDING], plain: &mut PlainLine) -> bool {
        memchr::memchr(b',', &line[TIMESTAMP..TIMESTAMP + SHORT_ID]).is_some_and(|length| {
            self.id_length = IdLength::new(length);
            read_rest(line, &self.id_length, plain)
        })
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
            return Some(timestamp);
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

/// Reads what stands behind the timestamp, where the id has this length.
///
/// Senders and numbers are read without a branch that depends on them: which of them comes cannot be foreseen. The
/// fields are written one by one, straight to where they stay: a copy would wait for them.
#[inline(always)]
fn read_rest(line: &[u8; PADDING], id_length: &IdLength, plain: &mut PlainLine) -> bool {
    let at = TIMESTAMP + id_length.bytes + 1;
    let accepter = usize::from(line[at] != b'r');
    let spelled = &SENDERS[accepter];
    let end = u16::from_le_bytes([line[at + 8], line[at + 9]]);
    if line[at - 1] != b',' || line[at..at + 8] != spelled.start || end & spelled.mask != spelled.end {
        return false;
    }
    // Not looked up: where the next line starts waits for it.
    let at = at + b"requester,".len() - accepter;
    let (bytes, digits) = number(line, at);
    let mut end = at + digits;
    if line[end] == b'\r' {
        end += 1;
    }
    if digits == 0 || line[end] != b'\n' {
        return false;
    }
    let Some(id) = line[TIMESTAMP..].first_chunk() else { return false };
    plain.id = id_length.cut(id);
    plain.sender = spelled.sender;
    plain.bytes = bytes;
    plain.length = end + 1;
    true
}

const DIGITS: usize = 16;

/// The number at `at` and how many digits it has: at most 16, so that it fits without a check. No number has none.
#[inline]
fn number(line: &[u8; PADDING], at: usize) -> (u64, usize) {
    let mut text = [0; DIGITS];
    text.copy_from_slice(&line[at..at + DIGITS]);
    let values = u128::from_le_bytes(text) ^ (u128::MAX / 0xFF * 0x30);
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

/// So many lines are read at once at most.
pub(crate) const AT_ONCE: usize = 32;

/// Plain lines that are read before any of them is taken.
pub(crate) struct PlainBatch {
    reader: PlainReader,
    lines: Vec<PlainLine>,
    /// How many are read at once.
    at_once: usize,
}

/// How far plain lines were read or taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainProgress {
    pub lines: usize,
    pub bytes: usize,
    /// Whether the line behind them must be read in the general way.
    pub stopped: bool,
}

impl PlainBatch {
    pub fn new() -> Self {
        Self { reader: PlainReader::new(), lines: vec![PlainLine::EMPTY; AT_ONCE], at_once: AT_ONCE }
    }

    /// The lines that were read last, of which as many mean something as [`PlainBatch::read`] said.
    pub fn lines(&self) -> &[PlainLine] {
        &self.lines
    }

    /// Reads some of the plain lines at the start of `padded`, which has [`PADDING`] bytes behind its `length`.
    pub fn read(&mut self, padded: &[u8], length: usize, kind: RecordKind) -> PlainProgress {
        let whole_hours = kind == RecordKind::MeteredHour;
        let (mut lines, mut at) = (0, 0);
        while lines < self.at_once && at < length {
            let plain = &mut self.lines[lines];
            let is_plain = padded[at..].first_chunk::<PADDING>().is_some_and(|line| {
                self.reader.read(line, plain)
                    && at + plain.length <= length
                    && (!whole_hours || plain.timestamp.is_whole_hour())
            });
            if !is_plain {
                return PlainProgress { lines, bytes: at, stopped: true };
            }
            at += plain.length;
            lines += 1;
        }
        PlainProgress { lines, bytes: at, stopped: false }
    }

    /// So many of the lines that were read last were taken. What was read behind a line that was not taken is read
    /// again: where there are many such, less is read at a time.
    pub fn taken(&mut self, read: PlainProgress, taken: usize) -> PlainProgress {
        let all = taken == read.lines;
        self.at_once = if all { (self.at_once * 2).min(AT_ONCE) } else { 1 };
        if all {
            return read;
        }
        let bytes = self.lines[..taken].iter().map(|line| line.length).sum();
        PlainProgress { lines: taken, bytes, stopped: true }
    }
}

/// Ids that fit with the comma behind them are short.
pub(crate) const SHORT_ID: usize = 32;
const WORDS: usize = SHORT_ID / 8;
type Words = [u64; WORDS];

/// A short id as integers, zeros behind it.
///
/// The comma behind the id is part of it: it says where the id ends. Bytes that hold a comma or a line end before that,
/// or a quote, are the short id of no connection: a plain line whose id seems to be such a one is not found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShortId(Words);

impl ShortId {
    /// No id: it holds no comma.
    pub const NONE: Self = Self([0; WORDS]);

    /// `None` where it is too long, or a plain line could not hold it as it is.
    pub fn of(id: &[u8]) -> Option<Self> {
        let stands_plain = id.iter().all(|byte| !b"\",\r\n".contains(byte));
        Self::padded(id).filter(|_| stands_plain)
    }

    /// `None` where it is too long.
    pub fn padded(id: &[u8]) -> Option<Self> {
        let mut padded = [0; SHORT_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        *padded.get_mut(id.len())? = b',';
        Some(IdLength::new(id.len()).cut(&padded))
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

/// How many bytes an id has, and it with the comma behind as masks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLength {
    /// Bytes of the id.
    pub bytes: usize,
    masks: Words,
}

impl IdLength {
    pub fn new(bytes: usize) -> Self {
        let mask = |word: usize| match (bytes + 1).saturating_sub(word * 8) {
            0 => 0,
            kept @ 1..8 => u64::MAX >> (64 - 8 * kept),
            _ => u64::MAX,
        };
        Self { bytes, masks: std::array::from_fn(mask) }
    }

    /// The id of this length at the start of these bytes.
    #[inline]
    pub fn cut(&self, bytes: &[u8; SHORT_ID]) -> ShortId {
        ShortId(std::array::from_fn(|word| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[word * 8..word * 8 + 8]);
            u64::from_le_bytes(eight) & self.masks[word]
        }))
    }
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
    fn numbers_of_up_to_16_digits_are_read_and_what_follows_them_is_not() {
        for text in ["0", "7", "12345678", "123456789", "0000000000000001", "9999999999999999"] {
            let expected = (text.parse::<u64>().unwrap(), text.len());
            assert_eq!(number(&padded(&format!("{text}\n")), 0), expected, "{text}");
        }
        // That a digit follows is seen where the line should end.
        assert_eq!(number(&padded("18446744073709551615\n"), 0), (1_844_674_407_370_955, 16));
        assert_eq!(number(&padded("\n"), 0).1, 0);
        assert_eq!(number(&padded("-1\n"), 0).1, 0);
    }

    proptest! {
        #[test]
        fn digits_stop_at_the_first_other_byte(value in 0u64..10_000_000_000_000_000, other in 0u8..=255) {
            prop_assume!(!other.is_ascii_digit());
            let text = value.to_string();
            let mut line = [b'9'; PADDING];
            line[..text.len()].copy_from_slice(text.as_bytes());
            line[text.len()] = other;
            prop_assert_eq!(number(&line, 0), (value, text.len()));
        }
    }
}
