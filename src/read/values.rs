//! JSON values one after the other: a single one, the elements of an array, or one per line. One of them is held at a
//! time.

use crate::model::connection::Bandwidth;
use std::io::{self, Read};

/// So much is read at once; tests meet many edges of it.
const BLOCK: usize = if cfg!(test) { 1 << 9 } else { 1 << 18 };
/// A value longer than this is refused: one that is never closed would take all memory.
pub(crate) const LONGEST_VALUE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads values from `input`.
pub(crate) struct Values<'a> {
    input: &'a mut dyn Read,
    buffer: Vec<u8>,
    /// Where the bytes begin that were not shown yet.
    start: usize,
    /// The line on which they begin.
    line: u64,
    at_end: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Values follow each other.
    Sequence,
    /// An array was opened.
    First,
    /// An array is open, and a value of it was read.
    Next,
}

/// Why there is no further value.
#[derive(Debug)]
pub(crate) enum Stop {
    Unreadable(io::Error),
    /// A line and what is wrong there.
    Malformed(u64, &'static str),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl<'a> Values<'a> {
    pub fn new(input: &'a mut dyn Read) -> io::Result<Self> {
        let mut values =
            Self { input, buffer: Vec::new(), start: 0, line: 1, at_end: false, state: State::Sequence };
        while values.buffer.len() < BOM.len() && values.read_on()? {}
        if values.buffer.starts_with(BOM) {
            values.start = BOM.len();
        }
        Ok(values)
    }

    /// The first byte that is no white space.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let unread = &self.buffer[self.start..];
            let blank = unread.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let first = unread.get(blank).copied();
            self.consume(blank);
            if first.is_some() || !self.read_on()? {
                return Ok(first);
            }
        }
    }

    /// What was read and not shown yet.
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// All that was not shown yet, and the line on which it begins.
    pub fn rest(self) -> (impl Read + 'a, u64) {
        let unread = self.buffer[self.start..].to_vec();
        (io::Cursor::new(unread).chain(self.input), self.line)
    }

    /// The next object, with the line on which it begins; its reader may change its bytes.
    pub fn next(&mut self) -> Result<Option<(u64, &mut [u8])>, Stop> {
        match self.begin()? {
            Some(line) => self.whole().map(|text| Some((line, text))),
            None => Ok(None),
        }
    }

    /// Goes to the next object, which then begins what is unread; the line on which it begins. It is to be consumed, or
    /// read as a [whole](Self::whole).
    pub fn begin(&mut self) -> Result<Option<u64>, Stop> {
        loop {
            let first = self.peek()?;
            match (self.state, first) {
                (State::Sequence, None) => return Ok(None),
                (State::Sequence, Some(b'[')) => self.step(State::First),
                (State::First | State::Next, Some(b']')) => self.step(State::Sequence),
                (State::Next, Some(b',')) => {
                    self.step(State::First);
                    if self.peek()? != Some(b'{') {
                        return Err(self.malformed("an object should follow the comma"));
                    }
                }
                (State::Sequence | State::First, Some(b'{')) => break,
                (State::First | State::Next, None) => {
                    return Err(self.malformed("the array is not closed; is the file whole?"));
                }
                (State::Next, Some(_)) => {
                    return Err(self.malformed("a comma should stand between two objects"));
                }
                _ => return Err(self.malformed("an object should stand here")),
            }
        }
        if self.state == State::First {
            self.state = State::Next;
        }
        Ok(Some(self.line))
    }

    /// The object that begins what is unread.
    pub fn whole(&mut self) -> Result<&mut [u8], Stop> {
        let length = self.length(0, 0)?;
        let start = self.start;
        self.consume(length);
        Ok(&mut self.buffer[start..start + length])
    }

    fn step(&mut self, state: State) {
        self.consume(1);
        self.state = state;
    }

    /// Passes over so many of the unread bytes.
    pub fn consume(&mut self, bytes: usize) {
        let end = self.start + bytes;
        self.line += memchr::memchr_iter(b'\n', &self.buffer[self.start..end]).count() as u64;
        self.start = end;
    }

    fn malformed(&self, why: &'static str) -> Stop {
        Stop::Malformed(self.line, why)
    }

    /// How many of the unread bytes go before the end of the object, of which those before `at` were looked at, and which
    /// is open there so many times; reads on until it is whole.
    pub fn length(&mut self, mut at: usize, mut depth: usize) -> Result<usize, Stop> {
        let mut in_text = false;
        loop {
            let unread = &self.buffer[self.start..];
            while at < unread.len() {
                if in_text {
                    match memchr::memchr2(b'"', b'\\', &unread[at..]) {
                        None => at = unread.len(),
                        Some(found) if unread[at + found] == b'"' => {
                            at += found + 1;
                            in_text = false;
                        }
                        // What is escaped is passed over, once it is there.
                        Some(found) if at + found + 1 < unread.len() => at += found + 2,
                        Some(found) => {
                            at += found;
                            break;
                        }
                    }
                    continue;
                }
                match unread[at] {
                    b'"' => in_text = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            if self.buffer.len() - self.start > LONGEST_VALUE {
                return Err(self.malformed("the object that begins here is longer than 64 MiB"));
            }
            if !self.read_on()? {
                return Err(self.malformed("the object that begins here is not closed; is the file whole?"));
            }
        }
    }

    /// Reads more bytes behind the unread ones; false at the end of the input.
    pub fn read_on(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = self.input.take(BLOCK as u64).read_to_end(&mut self.buffer)?;
        self.at_end = read == 0;
        Ok(read > 0)
    }
}

/// Unescapes the inside of a JSON text in its place; returns how long it then is.
pub(crate) fn unescape(text: &mut [u8]) -> Result<usize, &'static str> {
    let (mut read, mut written) = (0, 0);
    while read < text.len() {
        let byte = text[read];
        read += 1;
        if byte != b'\\' {
            text[written] = byte;
            written += 1;
            continue;
        }
        let escaped = text.get(read).copied();
        read += 1;
        let plain = match escaped {
            Some(same @ (b'"' | b'\\' | b'/')) => same,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => {
                let character = unicode(text, &mut read).ok_or("an escape of it is no character")?;
                // Never longer than its escape, so nothing unread is written over.
                written += character.encode_utf8(&mut text[written..read]).len();
                continue;
            }
            _ => return Err("an escape of it is unknown"),
        };
        text[written] = plain;
        written += 1;
    }
    Ok(written)
}

/// The character whose four hexadecimal digits begin at `read`, or that they begin together with a second escape.
fn unicode(text: &[u8], read: &mut usize) -> Option<char> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let first = unit(*read)?;
    *read += 4;
    let mut units = vec![first];
    if (0xD800..0xDC00).contains(&first) && text.get(*read..*read + 2) == Some(b"\\u") {
        units.push(unit(*read + 2)?);
        *read += 6;
    }
    char::decode_utf16(units).next()?.ok()
}

/// Reads Mbit/s, where they are given; `what` names the column or member in messages.
///
/// Omitted it is the provider's default, [`Bandwidth::DEFAULT`]; -1 is unlimited, as `ListVpcPeerConnections` has it for
/// connections inside a region.
pub(crate) fn read_bandwidth(what: &str, text: Option<&str>) -> Result<Bandwidth, String> {
    match text {
        None => Ok(Bandwidth::DEFAULT),
        Some("-1") => Ok(Bandwidth::Unlimited),
        Some(text) => text
            .parse()
            .ok()
            .filter(|&mbps| mbps > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Bandwidth::Mbps)
            .ok_or_else(|| {
                format!("{what}: {text:?} is not a whole number of Mbit/s above 0 (-1: unlimited)")
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::rows::tests::Drip;

    fn all(input: &mut dyn Read) -> Result<Vec<(u64, String)>, String> {
        let mut values = Values::new(input).unwrap();
        let mut found = Vec::new();
        loop {
            match values.next() {
                Ok(Some((line, value))) => found.push((line, String::from_utf8_lossy(value).into_owned())),
                Ok(None) => return Ok(found),
                Err(Stop::Malformed(line, why)) => return Err(format!("{line}: {why}")),
                Err(Stop::Unreadable(error)) => panic!("{error}"),
            }
        }
    }

    fn values(text: &str) -> Result<Vec<(u64, String)>, String> {
        let at_once = all(&mut text.as_bytes());
        assert_eq!(at_once, all(&mut Drip(text.as_bytes())), "{text}");
        at_once
    }

    #[test]
    fn objects_stand_alone_in_an_array_or_on_lines() {
        let two = |first, second| Ok(vec![(first, r#"{"a":"}\"{"}"#.to_owned()), (second, "{}".to_owned())]);
        assert_eq!(values("{\"a\":\"}\\\"{\"}\n{}\n"), two(1, 2));
        assert_eq!(values("\u{feff}\n[\n{\"a\":\"}\\\"{\"}\n,\r\n{}]\n"), two(3, 5));
        assert_eq!(values("{\"a\":\"}\\\"{\"}{}"), two(1, 1));
        assert_eq!(values("  \n"), Ok(vec![]));
        assert_eq!(values("[]"), Ok(vec![]));
        assert_eq!(values("{\"a\":\n[{}]}").unwrap(), [(1, "{\"a\":\n[{}]}".to_owned())]);
    }

    #[test]
    fn what_is_neither_names_its_line() {
        for (text, why) in [
            ("\n{\"a\":1", "2: the object that begins here is not closed; is the file whole?"),
            ("{\"a\":\"\\", "1: the object that begins here is not closed; is the file whole?"),
            ("[{}\n", "2: the array is not closed; is the file whole?"),
            ("[{}\n{}]", "2: a comma should stand between two objects"),
            ("[{},]", "1: an object should follow the comma"),
            ("{}\n1", "2: an object should stand here"),
            ("[1]", "1: an object should stand here"),
            ("[{}]]", "1: an object should stand here"),
        ] {
            assert_eq!(values(text), Err(why.into()), "{text}");
        }
    }

    fn unescaped(text: &str) -> Result<String, &'static str> {
        let mut bytes = text.as_bytes().to_vec();
        let length = unescape(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    #[test]
    fn escapes_are_undone_in_place_as_a_json_library_does() {
        for text in [
            r#"[{\"a\":1,\"b\":\"x\\\"y\\\\\"}]"#,
            r"\u0041\u00e9\u20ac\ud83d\ude00 é€😀",
            r"\/\b\f\n\r\t",
            "",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(unescaped(text), Ok(expected), "{text}");
        }
        for text in [r"\x", r"\u12", r"\u+123", r"\ud83d", r"\ud83dx", r"\ud83d\u0041", r"\ude00", "\\"] {
            assert!(unescaped(text).is_err(), "{text}");
        }
    }
}

#[cfg(test)]
mod bandwidth_tests {
    use super::*;

    #[test]
    fn bandwidths_are_whole_numbers() {
        let read = |text| read_bandwidth("bandwidth_mbps", text);
        assert_eq!(read(None), Ok(Bandwidth::Mbps(1024)));
        assert_eq!(read(Some("-1")), Ok(Bandwidth::Unlimited));
        assert_eq!(Bandwidth::DEFAULT.bytes_per_hour(), Some(460_800_000_000));
        for text in ["0", "-2", "1.5", "+5", "x"] {
            assert!(read(Some(text)).is_err(), "{text}");
        }
    }
}
