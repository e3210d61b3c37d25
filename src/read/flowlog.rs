//! VPC flow logs, as Log Service exports them: one JSON object on each line, every value text; or the answers of its
//! `GetLogs` and `GetLogsV2`, or a table.

use crate::{
    error::{self, Error, ErrorKind, Fault, FaultCode},
    model::{
        did_you_mean,
        invalid::Invalid,
        quoted,
        time::{Hour, Timestamp},
    },
    read::{
        alike::{Quotes, Template},
        answer::{Members, answer_within, elements, logs},
        header::{Header, TableColumns},
        json::{self, Lines},
        native::columns::{RecordKind, parse_bytes},
        record::{
            EntryIdentity, IDENTITY_BYTES, Identity, NamedConnection, Observation, Quantity, Share, Shares,
            Traffic, Yielded,
        },
        rows::Rows,
        values::{Stop, Values},
    },
};
use std::{
    borrow::Cow,
    io::Read,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// The `traffic_path` of VPC peering connections.
const PEERING: &[u8] = b"17";
/// Entries are of minutes; one of more than a day is a mistake.
const LONGEST_SECONDS: i64 = 86_400;
/// Seconds of an hour.
const HOUR: i64 = 3600;

const NAMES: [&str; 14] = [
    "log-status",
    "direction",
    "action",
    "traffic_path",
    "vpc-id",
    "dstaddr",
    "bytes",
    "start",
    "end",
    "eni-id",
    "protocol",
    "srcaddr",
    "srcport",
    "dstport",
];
/// How many of them a table must have; the others only tell copies of an entry apart.
const REQUIRED: usize = 9;
const LOG_STATUS: usize = 0;
const DIRECTION: usize = 1;
const ACTION: usize = 2;
const TRAFFIC_PATH: usize = 3;
const VPC_ID: usize = 4;
const DSTADDR: usize = 5;
const BYTES: usize = 6;
const START: usize = 7;
const END: usize = 8;
// With start and end, what two entries share if one is a copy of the other: eni and 5-tuple.
const ENI_ID: usize = 9;
const PROTOCOL: usize = 10;
const SRCADDR: usize = 11;
const SRCPORT: usize = 12;
const DSTPORT: usize = 13;

/// What an entry tells.
#[derive(Debug, PartialEq, Eq)]
enum Entry<'a> {
    /// Traffic that leaves a VPC through a peering connection.
    Traffic(Flow<'a>),
    /// Something else: traffic that comes in, was rejected, or takes another path; no data.
    PassedOver,
    /// That entries were not captured.
    Skipped,
}

/// Traffic that leaves a VPC through a peering connection.
#[derive(Debug, PartialEq, Eq)]
struct Flow<'a> {
    vpc_id: Cow<'a, [u8]>,
    destination: IpAddr,
    bytes: u64,
    /// Seconds since 1970-01-01T00:00:00Z, from `start` up to, and without, `end`.
    start: i64,
    end: i64,
    /// What two entries share if one is a copy of the other.
    identity: EntryIdentity,
}

impl Flow<'_> {
    /// Its bytes by hours, counted from 1970: in proportion to seconds, what does not divide to the later part.
    fn by_hours(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        let seconds = self.end - self.start;
        // How many bytes are sent before an instant of it; OK because 2^64 bytes x 86400 s fit.
        let before = move |at: i64| {
            if seconds == 0 {
                0
            } else {
                u128::from(self.bytes) * (at - self.start) as u128 / seconds as u128
            }
        };
        let (first, last) = self.hours();
        (first..=last).map(move |hour| {
            let from = before(self.start.max(hour * HOUR));
            let until = if hour == last { u128::from(self.bytes) } else { before((hour + 1) * HOUR) };
            // OK because a part is no more than the whole.
            (hour, (until - from) as u64)
        })
    }
}

impl Flow<'_> {
    /// The first and the last hour that it lies in, counted from 1970.
    fn hours(&self) -> (i64, i64) {
        // An entry without a length is of its start alone.
        let last = if self.end == self.start { self.start } else { self.end - 1 };
        (self.start.div_euclid(HOUR), last.div_euclid(HOUR))
    }

    fn traffic(&self) -> Traffic<'_> {
        let share = |(hour, bytes): (i64, u64)| Share {
            hour: Hour::from_index(hour),
            quantity: Quantity::of_bytes(bytes),
        };
        let (first, last) = self.hours();
        let shares = if first == last {
            Shares::HourOfStart
        } else {
            Shares::Several(self.by_hours().map(share).collect())
        };
        Traffic {
            connection: NamedConnection::Route { vpc_id: &self.vpc_id, destination: self.destination },
            start: Timestamp::from_seconds(self.start),
            shares,
            identity: Identity::Entry(self.identity),
        }
    }
}

/// Reads flow logs that do not have one entry on each line: answers of Log Service, and tables.
pub(crate) struct FlowLogs<'a> {
    /// The name of the input.
    pub source: &'a Arc<str>,
}

/// What is done with each entry.
type Show<'s> = dyn FnMut(Yielded<'_>) -> error::Result<()> + 's;

impl FlowLogs<'_> {
    /// Reads `input` from the beginning to the end and shows every entry, in order. Fails where it cannot be read as a
    /// whole.
    pub fn read(&self, input: &mut dyn Read, show: &mut Show<'_>) -> error::Result<()> {
        let unreadable = |error: std::io::Error| self.unusable(error.to_string());
        let mut values = Values::new(input).map_err(unreadable)?;
        if !matches!(values.peek().map_err(unreadable)?, Some(b'{' | b'[')) {
            let (rest, line) = values.rest();
            return self.read_table(rest, line - 1, show);
        }
        let mut count = 0;
        loop {
            let (line, text) = match values.next() {
                Ok(Some(value)) => value,
                Ok(None) if count == 0 => {
                    return Err(self.unusable("the input is empty: it is a list of nothing"));
                }
                Ok(None) => return Ok(()),
                Err(Stop::Unreadable(error)) => return Err(unreadable(error)),
                Err(Stop::Malformed(line, why)) => return Err(self.unusable_at(line, why.into())),
            };
            count += 1;
            self.read_answer(line, text, show)?;
        }
    }

    /// Reads one entry, or an answer that holds several.
    fn read_answer(&self, line: u64, text: &mut [u8], show: &mut Show<'_>) -> error::Result<()> {
        let unusable = |why: String| self.unusable_at(line, why);
        let answer = answer_within(text).map_err(unusable)?;
        let is_part = answer.len() < text.len();
        let raw = &text[answer];
        // What is no object is told by whoever reads it as an entry.
        let text = std::str::from_utf8(raw).unwrap_or_default();
        let entries = if text.starts_with('[') {
            elements(text).map_err(unusable)?
        } else {
            let members = Members::read(text).unwrap_or_default();
            match logs(&members).map_err(unusable)? {
                Some(entries) => entries,
                None if members.has(NAMES[LOG_STATUS]) => return observe(line, raw, show),
                None => {
                    return members
                        .error()
                        .map_or_else(|| observe(line, raw, show), |why| Err(unusable(why)));
                }
            }
        };
        // The body of a response may be text, which has no lines of its own.
        let mut lines = Lines::on(line, if is_part { "" } else { text });
        entries
            .into_iter()
            .try_for_each(|entry| observe(lines.of(entry.get()), entry.get().as_bytes(), &mut *show))
    }

    fn read_table(&self, input: impl Read, lines_before: u64, show: &mut Show<'_>) -> error::Result<()> {
        let unreadable = |error: std::io::Error| self.unusable(error.to_string());
        let mut rows = Rows::new(input);
        let (required, optional) = NAMES.split_at(REQUIRED);
        let columns = TableColumns::listed(required, optional);
        let header = Header::read_columns(ErrorKind::Input, self.source, &mut rows, &columns, None)?;
        while let Some(row) = rows.next().map_err(unreadable)? {
            let line = row.line + lines_before;
            if let Some(why) = header.malformed(&row) {
                show(Yielded::Record(Observation::unreadable(line, why, row.raw)))?;
                continue;
            }
            let value = |column: usize| {
                let field = header.position(column).map(|position| row.field(position)).unwrap_or_default();
                let not_text = |_| format!("{} {} is not UTF-8", NAMES[column], quoted(field));
                std::str::from_utf8(field).map_err(not_text)?;
                if field.is_empty() { Err(format!("{} is missing", NAMES[column])) } else { Ok(field.into()) }
            };
            show_entry(line, row.raw, entry(&value), &mut *show)?;
        }
        Ok(())
    }

    fn unusable(&self, why: impl Into<Invalid>) -> Error {
        Error::unusable(ErrorKind::Input, self.source, why)
    }

    fn unusable_at(&self, line: u64, why: String) -> Error {
        Error::new(ErrorKind::Input, Fault::at(FaultCode::UnusableInput, self.source, line, why))
    }
}

/// Reads one line and shows what it holds. An entry keeps its line: a native record could not hold it.
fn observe(line: u64, raw: &[u8], show: impl FnOnce(Yielded<'_>) -> error::Result<()>) -> error::Result<()> {
    show_entry(line, raw, read(raw), show)
}

/// Reads lines of entries, which most often are spelled alike.
#[derive(Default)]
pub(crate) struct Entries {
    /// How the last ones were spelled, the last one first.
    templates: Vec<Template<usize>>,
    /// Those of the line.
    quotes: Quotes,
}

/// So many spellings are remembered at most.
const MOST_TEMPLATES: usize = 4;

impl Entries {
    /// As [`observe`], of the line that is the first `length` bytes of `text`; `alike` where it may be held against those before it.
    pub fn observe(
        &mut self,
        line: u64,
        text: &[u8],
        length: usize,
        alike: bool,
        show: impl FnOnce(Yielded<'_>) -> error::Result<()>,
    ) -> error::Result<()> {
        let raw = &text[..length];
        match alike.then(|| self.values(text, length)).flatten() {
            Some(values) => show_entry(line, raw, entry(&|column| values.value(column)), show),
            None => observe(line, raw, show),
        }
    }

    /// Where the values of an entry stand, if it is spelled as those before it, or in another way that can be learned.
    fn values<'a>(&mut self, text: &'a [u8], length: usize) -> Option<EntryValues<'a>> {
        let raw = &text[..length];
        let mut values = EntryValues { raw, places: NO_PLACES };
        let quotes = &mut self.quotes;
        let is_plain = quotes.note(raw);
        let mut read = |template: &Template<usize>| {
            values.places = NO_PLACES;
            // OK because no line has 2^32 bytes.
            let show = |column: usize, from, to| values.places[column] = (from as u32, to as u32);
            match is_plain {
                true => template.each_wanted_between(text, length, quotes, show),
                false => template.each_wanted(raw, show),
            }
        };
        match self.templates.iter().position(&mut read) {
            Some(0) => {}
            Some(place) => self.templates.swap(0, place),
            None => {
                let template = Self::learn(raw).filter(|template| !self.templates.contains(template))?;
                if !read(&template) {
                    return None;
                }
                self.templates.truncate(MOST_TEMPLATES - 1);
                self.templates.insert(0, template);
            }
        }
        Some(values)
    }

    #[cold]
    fn learn(raw: &[u8]) -> Option<Template<usize>> {
        let mut columns = 0..;
        Template::learn(raw, &NAMES.map(|name| (name, columns.next())))
    }
}

/// The values of an entry without escapes, all of which are UTF-8.
struct EntryValues<'a> {
    raw: &'a [u8],
    /// By the order of [`NAMES`]: where they begin and end.
    places: [(u32, u32); NAMES.len()],
}

/// Where no value is: none begins at the brace.
const NO_PLACES: [(u32, u32); NAMES.len()] = [(0, 0); NAMES.len()];

impl<'a> EntryValues<'a> {
    #[inline]
    fn value(&self, column: usize) -> Result<Cow<'a, [u8]>, String> {
        let (from, to) = self.places[column];
        match self.raw.get(from as usize..to as usize) {
            Some(value) if from > 0 => Ok(Cow::Borrowed(value)),
            _ => Err(format!("{} is missing", NAMES[column])),
        }
    }
}

/// Shows an entry that was read from `raw`.
fn show_entry(
    line: u64,
    raw: &[u8],
    entry: Result<Entry<'_>, Unusable>,
    show: impl FnOnce(Yielded<'_>) -> error::Result<()>,
) -> error::Result<()> {
    let observation = |bytes, traffic| Observation {
        line,
        place: None,
        quantity: Quantity::of_bytes(bytes),
        traffic,
        fields: None,
        raw,
    };
    match entry {
        Ok(Entry::PassedOver) => show(Yielded::PassedOver),
        Ok(Entry::Skipped) => show(Yielded::Skipped),
        Ok(Entry::Traffic(flow)) => show(Yielded::Record(observation(flow.bytes, Ok(flow.traffic())))),
        Err((bytes, why)) => show(Yielded::Record(observation(bytes.unwrap_or(0), Err(why.into())))),
    }
}

/// The bytes of an entry, where they can be read, and what is wrong with it.
type Unusable = (Option<u64>, String);

/// The values of an entry, by their places in [`NAMES`]: UTF-8. What is read of lines is compiled with where they stand.
trait ValueOf<'a>: Fn(usize) -> Result<Cow<'a, [u8]>, String> {}

impl<'a, F: Fn(usize) -> Result<Cow<'a, [u8]>, String>> ValueOf<'a> for F {}

/// Reads one object.
fn read(raw: &[u8]) -> Result<Entry<'_>, Unusable> {
    let picked = json::pick(&NAMES, raw).map_err(|why| (None, why))?;
    entry(&|column| json::scalar(NAMES[column], picked[column]).map(|scalar| bytes_of(scalar.text)))
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn address_of(text: &[u8]) -> Option<IpAddr> {
    ipv4_of(text).map(IpAddr::V4).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

/// An address as the standard library reads it: four numbers of at most three digits, none with a zero before others.
#[inline]
fn ipv4_of(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut place, mut octet, mut digits) = ([0; 4], 0, 0, 0);
    for &byte in text {
        match byte {
            b'0'..=b'9' if digits == 0 || octet > 0 => {
                octet = octet * 10 + u16::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && place < 3 => {
                octets[place] = u8::try_from(octet).ok()?;
                (place, octet, digits) = (place + 1, 0, 0);
            }
            _ => return None,
        }
        if octet > 255 {
            return None;
        }
    }
    octets[3] = u8::try_from(octet).ok()?;
    (place == 3 && digits > 0).then(|| Ipv4Addr::from(octets))
}

/// Reads an entry with these values.
fn entry<'a>(value: &impl ValueOf<'a>) -> Result<Entry<'a>, Unusable> {
    let told = |why| (bytes(value).ok(), why);
    // Missing is "-"; whether an entry is traffic at all is asked first, because others lack most values.
    let one_of = |column, words: &[&'static str]| -> Result<&'static str, (Option<u64>, String)> {
        let found = value(column).map_err(told)?;
        // A word of a few letters is compared without a call.
        let same = |word: &&&str| word.len() == found.len() && word.bytes().eq(found.iter().copied());
        words.iter().find(same).copied().ok_or_else(|| {
            let near = did_you_mean(&String::from_utf8_lossy(&found), words.iter().copied());
            told(format!("{} {} is unknown{near}", NAMES[column], quoted(&found)))
        })
    };
    match one_of(LOG_STATUS, &["OK", "NODATA", "SKIPDATA"])?.as_bytes() {
        b"SKIPDATA" => return Ok(Entry::Skipped),
        b"NODATA" => return Ok(Entry::PassedOver),
        _ => {}
    }
    if one_of(DIRECTION, &["in", "out"])?.as_bytes() == b"in"
        || one_of(ACTION, &["ACCEPT", "REJECT"])?.as_bytes() == b"REJECT"
        || !is_peering(&value(TRAFFIC_PATH).map_err(told)?).map_err(told)?
    {
        return Ok(Entry::PassedOver);
    }
    let flow = || -> Result<Flow<'a>, String> {
        let (vpc_id, address) = (value(VPC_ID)?, value(DSTADDR)?);
        let destination =
            address_of(&address).ok_or_else(|| format!("dstaddr {} is no address", quoted(&address)))?;
        let (start, end) = (second(&value(START)?, START)?, second(&value(END)?, END)?);
        match end - start {
            ..0 => return Err(format!("end {end} is before start {start}")),
            0..=LONGEST_SECONDS => {}
            _ => return Err(format!("from start {start} to end {end} is more than a day")),
        }
        let bytes = bytes(value)?;
        let identity = identity(value, [start, end], destination);
        Ok(Flow { vpc_id, destination, bytes, start, end, identity })
    };
    flow().map(Entry::Traffic).map_err(told)
}

/// Whether a path is that of peering connections. One that is no plain number tells nothing: `17.0` would be passed
/// over in silence.
fn is_peering(path: &[u8]) -> Result<bool, String> {
    let is_number = path.iter().all(u8::is_ascii_digit) && (path.len() == 1 || !path.starts_with(b"0"));
    match is_number || path == b"-" {
        true => Ok(path == PEERING),
        false => Err(format!("{} {}: it is a whole number, or -", NAMES[TRAFFIC_PATH], quoted(path))),
    }
}

fn bytes<'a>(value: &impl ValueOf<'a>) -> Result<u64, String> {
    // OK because a record of this kind holds fewer than 2^64.
    parse_bytes(RecordKind::Measured, &value(BYTES)?).map(|bytes| bytes as u64).map_err(String::from)
}

fn second(text: &[u8], column: usize) -> Result<i64, String> {
    let is_epoch = text.len() == 10 && text.iter().all(u8::is_ascii_digit);
    // OK because ten digits fit.
    let seconds = || text.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    is_epoch
        .then(seconds)
        .ok_or_else(|| format!("{} {}: it is an epoch of 10 digits (seconds)", NAMES[column], quoted(text)))
}

/// What two entries share if one is a copy of the other: eni, 5-tuple, start and end.
fn identity<'a>(value: &impl ValueOf<'a>, instants: [i64; 2], destination: IpAddr) -> EntryIdentity {
    let (mut few, mut filled, mut fits) = ([0; IDENTITY_BYTES], 0, true);
    each_part(value, instants, destination, |part| {
        match few.get_mut(filled..filled + part.len()) {
            Some(room) => room.copy_from_slice(part),
            None => fits = false,
        }
        filled += part.len();
    });
    if fits { EntryIdentity::of(few, filled) } else { identity_of_many(value, instants, destination) }
}

#[cold]
fn identity_of_many<'a>(value: &impl ValueOf<'a>, instants: [i64; 2], destination: IpAddr) -> EntryIdentity {
    let mut hasher = blake3::Hasher::new();
    each_part(value, instants, destination, |part| {
        hasher.update(part);
    });
    EntryIdentity::of_digest(&hasher.finalize())
}

/// Shows what an identity is made of, so that no two of them are made of the same bytes: instants and values. An IPv4 address,
/// which has one spelling, is four bytes behind one that is no length; other text has its length before it, as it may hold any
/// byte. A value that is not there is "-".
fn each_part<'a>(
    value: &impl ValueOf<'a>,
    [start, end]: [i64; 2],
    destination: IpAddr,
    mut show: impl FnMut(&[u8]),
) {
    // OK because an epoch of ten digits has 34 bits, and the seconds of a day have 17.
    show(&(start << 20 | (end - start)).to_be_bytes());
    for column in [ENI_ID, PROTOCOL, SRCPORT, DSTPORT] {
        each_text(value(column).as_deref().unwrap_or(b"-"), &mut show);
    }
    let source = value(SRCADDR);
    let source = source.as_deref().unwrap_or(b"-");
    each_address(ipv4_of(source), source, &mut show);
    match destination {
        IpAddr::V4(address) => each_address(Some(address), b"", show),
        // Which spelling it has counts.
        IpAddr::V6(_) => each_text(value(DSTADDR).as_deref().unwrap_or(b"-"), show),
    }
}

fn each_address(address: Option<Ipv4Addr>, text: &[u8], mut show: impl FnMut(&[u8])) {
    match address.map(|address| address.octets()) {
        Some([a, b, c, d]) => show(&[OF_ADDRESS, a, b, c, d]),
        None => each_text(text, show),
    }
}

/// What stands before the four bytes of an address, and before the eight of a length that is not one byte.
const OF_ADDRESS: u8 = u8::MAX;
const OF_LENGTH: u8 = OF_ADDRESS - 1;

fn each_text(text: &[u8], mut show: impl FnMut(&[u8])) {
    match u8::try_from(text.len()) {
        Ok(length @ ..OF_LENGTH) => show(&[length]),
        _ => {
            show(&[OF_LENGTH]);
            show(&(text.len() as u64).to_be_bytes());
        }
    }
    show(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// An entry of traffic, with these values instead of, or beside, its own.
    fn entry(changes: &[(&str, &str)]) -> String {
        let mut values = vec![
            ("vpc-id", "\"vpc-1\""),
            ("eni-id", "\"eni-1\""),
            ("srcaddr", "\"10.0.0.5\""),
            ("dstaddr", "\"172.16.0.9\""),
            ("srcport", "\"-\""),
            ("protocol", "\"6\""),
            ("direction", "\"out\""),
            ("action", "\"ACCEPT\""),
            ("bytes", "\"2048\""),
            ("start", "\"1790812800\""),
            ("end", "\"1790812860\""),
            ("log-status", "\"OK\""),
            ("traffic_path", "\"17\""),
        ];
        for &(name, value) in changes {
            values.retain(|(own, _)| *own != name);
            values.extend((!value.is_empty()).then_some((name, value)));
        }
        let values: Vec<String> = values.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", values.join(","))
    }

    fn flow(changes: &[(&str, &str)]) -> (u64, i64, i64, String, EntryIdentity) {
        match read(entry(changes).as_bytes()).unwrap() {
            Entry::Traffic(own) => (own.bytes, own.start, own.end, own.destination.to_string(), own.identity),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_text_or_numbers() {
        let (bytes, start, end, destination, identity) = flow(&[]);
        assert_eq!((bytes, end - start, destination.as_str()), (2048, 60, "172.16.0.9"));
        let numbers = [("bytes", "18446744073709551615"), ("start", "1790812800"), ("traffic_path", "17")];
        assert_eq!(flow(&numbers).0, u64::MAX);
        assert_eq!(flow(&numbers).4, identity, "bytes are no part of what entries share");
        assert_eq!(flow(&[("dstaddr", "\"2001:db8::1\"")]).3, "2001:db8::1");
    }

    #[test]
    fn r15_copies_share_eni_5_tuple_start_and_end() {
        let own = flow(&[]).4;
        for (name, value) in [
            ("eni-id", "\"eni-2\""),
            ("protocol", "\"17\""),
            ("srcaddr", "\"10.0.0.6\""),
            ("srcport", "\"80\""),
            ("dstaddr", "\"172.16.0.8\""),
            ("dstport", "\"80\""),
            ("start", "\"1790812801\""),
            ("end", "\"1790812859\""),
        ] {
            assert_ne!(flow(&[(name, value)]).4, own, "{name}");
        }
        assert_eq!(flow(&[("srcport", ""), ("vm-id", "\"i-1\"")]).4, own);
    }

    #[test]
    fn long_values_are_told_apart_as_short_ones_are() {
        // From what fits into the room for what entries share, to what does not.
        let identity = |length| flow(&[("srcaddr", &format!("\"{}\"", "x".repeat(length)))]).4;
        let all: BTreeSet<u128> = (0..100).map(|length| identity(length).digest()).collect();
        assert_eq!(all.len(), 100);
        assert_eq!((identity(10), identity(90)), (identity(10), identity(90)));
        for length in [253, 254, 255, 256, 300] {
            assert_ne!(identity(length), identity(length + 1));
            assert_eq!(identity(length), identity(length));
        }
    }

    #[test]
    fn no_byte_of_a_value_is_taken_for_the_end_of_it() {
        let one =
            [("eni-id", r#""a\u0000b""#), ("protocol", "\"c\""), ("srcport", "\"d\""), ("dstport", "\"e\"")];
        let other =
            [("eni-id", "\"a\""), ("protocol", "\"b\""), ("srcport", "\"c\""), ("dstport", r#""d\u0000e""#)];
        assert_ne!(flow(&one).4, flow(&other).4);
        let shifted = |eni, protocol| flow(&[("eni-id", eni), ("protocol", protocol)]).4;
        assert_ne!(shifted("\"a\"", r#""\u0001b""#), shifted(r#""a\u0001""#, "\"b\""));
    }

    proptest! {
        #[test]
        fn addresses_are_those_of_the_standard_library(
            text in prop_oneof![
                "[0-9]{1,4}([.][0-9]{1,3}){2,4}",
                "(0|1[0-9]{0,2}|25[0-9])([.](0|1[0-9]{0,2}|25[0-9]|00)){3}",
                "[0-9a-f:.]{0,12}",
            ],
        ) {
            prop_assert_eq!(ipv4_of(text.as_bytes()), text.parse().ok());
            prop_assert_eq!(address_of(text.as_bytes()), text.parse().ok());
        }
    }

    #[test]
    fn what_is_no_outbound_peering_traffic_is_passed_over() {
        let none = [("bytes", "\"-\""), ("start", "\"-\""), ("direction", "\"-\""), ("action", "\"-\"")];
        let with = |name, value| [&none[..], &[(name, value)]].concat();
        assert_eq!(read(entry(&with("log-status", "\"NODATA\"")).as_bytes()), Ok(Entry::PassedOver));
        assert_eq!(read(entry(&with("log-status", "\"SKIPDATA\"")).as_bytes()), Ok(Entry::Skipped));
        for (name, value) in [
            ("direction", "\"in\""),
            ("action", "\"REJECT\""),
            ("traffic_path", "\"1\""),
            ("traffic_path", "\"-\""),
        ] {
            assert_eq!(read(entry(&[(name, value)]).as_bytes()), Ok(Entry::PassedOver), "{name}");
        }
    }

    #[test]
    fn r15_bad_entries_say_what_is_wrong() {
        for (name, value, bytes, why) in [
            ("bytes", "\"-5\"", None, "bytes \"-5\": bytes cannot be negative"),
            ("bytes", "1.5", None, "bytes \"1.5\": bytes are whole numbers"),
            ("bytes", "", None, "bytes is missing"),
            ("end", "\"1790812799\"", Some(2048), "end 1790812799 is before start 1790812800"),
            ("end", "\"1790999999\"", Some(2048), "is more than a day"),
            (
                "start",
                "\"1790812800000\"",
                Some(2048),
                "start \"1790812800000\": it is an epoch of 10 digits",
            ),
            ("start", "\"-\"", Some(2048), "start \"-\": it is an epoch"),
            ("dstaddr", "\"-\"", Some(2048), "dstaddr \"-\" is no address"),
            ("direction", "\"Out\"", Some(2048), "direction \"Out\" is unknown; did you mean \"out\"?"),
            ("direction", "", Some(2048), "direction is missing"),
            ("action", "\"accept\"", Some(2048), "did you mean \"ACCEPT\"?"),
            ("traffic_path", "", Some(2048), "traffic_path is missing"),
            ("log-status", "", Some(2048), "log-status is missing"),
            ("vpc-id", "", Some(2048), "vpc-id is missing"),
        ] {
            let (found, error) = read(entry(&[(name, value)]).as_bytes()).unwrap_err();
            assert_eq!(found, bytes, "{name} {value}");
            assert!(error.contains(why), "{name} {value}: {error}");
        }
        assert!(read(b"{").is_err() && read(b"[]").is_err());
    }

    /// What a text holds, a line for each entry of traffic, or why nothing of it is read.
    fn read_text(text: &str) -> Result<Vec<String>, String> {
        let mut seen = Vec::new();
        let read = FlowLogs { source: &"flow.json".into() }.read(&mut text.as_bytes(), &mut |yielded| {
            seen.push(match yielded {
                Yielded::Record(Observation { line, quantity, traffic, .. }) => match traffic {
                    Ok(_) => format!("{line}: {}", quantity.bytes),
                    Err(why) => format!("{line}: {} {why}", quantity.bytes),
                },
                Yielded::PassedOver => "passed over".into(),
                Yielded::Skipped => "skipped".into(),
            });
            Ok(())
        });
        read.map(|()| seen).map_err(|error| error.to_string())
    }

    #[test]
    fn answers_and_tables_of_log_service_hold_entries() {
        let (one, other) = (entry(&[]), entry(&[("bytes", "\"7\""), ("direction", "\"in\"")]));
        let two = ["2: 2048", "passed over"];
        let text = |json: &str| serde_json::to_string(json).unwrap();
        let data = format!("\"data\":[\n{one},{other}]");
        for answer in [
            format!("[\n{one},{other}]"),
            format!("{{\"meta\":{{\"progress\":\"Complete\",\"count\":2}},{data}}}"),
            format!("{{{data},\"meta\":{{\"count\":2}}}}"),
            format!(
                "\n{{\"headers\":{{}},\"statusCode\":200,\"body\":{{\"meta\":{{}},{}}}}}",
                data.replace('\n', "")
            ),
            format!("\n{{\"body\":{}}}", text(&format!("[{one},{other}]"))),
        ] {
            assert_eq!(read_text(&answer).unwrap(), two, "{answer}");
        }
        let header = "vpc-id,eni-id,__time__,srcaddr,dstaddr,dstport,protocol,direction,action,bytes,start,end,log-status,traffic_path";
        let row = "vpc-1,eni-1,7,10.0.0.5,172.16.0.9,50000,6,out,ACCEPT,2048,1790812800,1790812860,OK,17";
        let table = format!("\u{feff}{header}\r\n{row}\r\n{}\n", row.replace(",out,", ",in,"));
        assert_eq!(read_text(&table).unwrap(), two);
        let bad = format!("{header}\n{}\n{}\nx\n", row.replace("2048", ""), row.replace(",OK,", ",-,"));
        let seen = read_text(&bad).unwrap();
        assert_eq!(seen[0], "2: 0 bytes is missing");
        assert!(seen[1].starts_with("3: 2048 log-status \"-\" is unknown"), "{seen:?}");
        assert!(seen[2].starts_with("4: 0 1 fields where the header has 14"), "{seen:?}");
        // A table tells copies apart as lines do.
        let identity = |text: &str| {
            let mut found = None;
            let mut show = |yielded: Yielded<'_>| {
                if let Yielded::Record(Observation { traffic: Ok(traffic), .. }) = yielded {
                    found = Some(traffic.identity);
                }
                Ok(())
            };
            FlowLogs { source: &"x".into() }.read(&mut text.as_bytes(), &mut show).unwrap();
            found.unwrap()
        };
        let same = [("srcport", ""), ("dstport", "\"50000\"")];
        assert_eq!(identity(&format!("{header}\n{row}\n")), identity(&format!("[{}]", entry(&same))));
    }

    #[test]
    fn r15_answers_that_lack_entries_fail_the_input() {
        for (text, why) in [
            ("[]", "flow.json: the input is empty"),
            (
                r#"{"meta":{"progress":"Incomplete"},"data":[]}"#,
                "flow.json:1: meta.progress is \"Incomplete\": entries",
            ),
            (
                r#"{"Code":"Throttling","Message":"no"}"#,
                "flow.json:1: the provider answered with the error Throttling: no",
            ),
            (
                r#"{"statusCode":403,"body":{"errorCode":"x"}}"#,
                "flow.json:1: the provider answered with the HTTP status 403",
            ),
            (r#"{"meta":{},"data":7}"#, "flow.json:1: data: is a number, and should be a list"),
            ("a,b\n", "flow.json:1: the header lacks log-status, direction"),
            ("[{\"log-status\":\"OK\"}\n", "flow.json:2: the array is not closed; is the file whole?"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
        assert_eq!(read_text(r#"{"meta":{"progress":"Complete"},"data":[]}"#).unwrap(), Vec::<String>::new());
        assert_eq!(read_text("[{}]").unwrap(), ["1: 0 log-status is missing"]);
    }

    fn split(bytes: u64, start: i64, end: i64) -> Vec<(i64, u64)> {
        let (vpc_id, destination) = (b"vpc-1".into(), IpAddr::from([10, 0, 0, 1]));
        Flow { vpc_id, destination, bytes, start, end, identity: EntryIdentity::of([0; IDENTITY_BYTES], 0) }
            .by_hours()
            .collect()
    }

    #[test]
    fn bytes_are_split_by_seconds_and_the_odd_one_goes_to_the_later_part() {
        assert_eq!(split(100, 3600 - 30, 3600 + 30), [(0, 50), (1, 50)]);
        assert_eq!(split(101, 3600 - 30, 3600 + 30), [(0, 50), (1, 51)]);
        assert_eq!(split(1, 3600 - 59, 3600 + 1), [(0, 0), (1, 1)]);
        assert_eq!(split(7, 3540, 3600), [(0, 7)], "the end is exclusive");
        assert_eq!(split(7, 3600, 3600), [(1, 7)], "an entry without a length is of its start");
        assert_eq!(split(10, 3599, 7201), [(0, 0), (1, 9), (2, 1)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_byte_is_lost_in_a_split(bytes: u64, start in 0i64..100_000, seconds in 0..=LONGEST_SECONDS) {
            let parts = split(bytes, start, start + seconds);
            prop_assert_eq!(parts.iter().map(|(_, part)| u128::from(*part)).sum::<u128>(), u128::from(bytes));
            prop_assert_eq!(parts[0].0, start / 3600);
            prop_assert_eq!(parts[parts.len() - 1].0, (start + (seconds - 1).max(0)) / 3600);
            let mut sum = 0;
            for (hour, part) in &parts[..parts.len() - 1] {
                sum += u128::from(*part);
                let passed = u128::try_from((hour + 1) * 3600 - start).unwrap();
                prop_assert_eq!(sum, u128::from(bytes) * passed / u128::try_from(seconds).unwrap());
            }
        }
    }
}
