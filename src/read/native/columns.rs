//! What the columns of native traffic are called, and how much one record of it may be.

use crate::{
    model::{
        invalid::{Invalid, Remedy},
        quoted,
        time::Timestamp,
        usage::Sender,
    },
    read::{
        decimal::why_no_number,
        header::Header,
        record::{Observation, Quantity, Traffic},
        rows::{Row, RowRule},
    },
};

/// The columns of native traffic, unless [`TrafficColumns`] says otherwise.
pub const TRAFFIC_COLUMNS: [&str; 4] = ["timestamp", "connection_id", "sender", "bytes"];

/// The columns of metered hours.
pub(crate) const METERED_COLUMNS: [&str; 4] = ["hour", "connection_id", "sender", "bytes"];

/// Bytes that an hour of one sender holds at most: of 65,536 records that are full.
pub(crate) const MOST_OF_AN_HOUR: u128 = (1 << 80) - 1;

/// What an export calls the columns of native traffic, or the keys of its JSON objects; by default `timestamp`,
/// `connection_id`, `sender` and `bytes`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficColumns {
    /// Start of the measured period: RFC 3339 with an offset, or an epoch of 10 digits (s) or 13 (ms).
    pub timestamp: String,
    /// The connection, as in the inventory.
    pub connection_id: String,
    /// The end that the bytes left: `requester` or `accepter`.
    pub sender: String,
    /// Bytes that left it: a whole number in digits, at most 2^64-1 (R10).
    pub bytes: String,
}

impl Default for TrafficColumns {
    fn default() -> Self {
        let [timestamp, connection_id, sender, bytes] = TRAFFIC_COLUMNS.map(String::from);
        Self { timestamp, connection_id, sender, bytes }
    }
}

impl TrafficColumns {
    /// Those of metered hours.
    pub(crate) fn of_metered_hours() -> Self {
        let [timestamp, connection_id, sender, bytes] = METERED_COLUMNS.map(String::from);
        Self { timestamp, connection_id, sender, bytes }
    }

    /// Their names: timestamp, connection id, sender and bytes.
    pub fn names(&self) -> [&str; 4] {
        [&self.timestamp, &self.connection_id, &self.sender, &self.bytes]
    }

    /// Native names with others that are given in their place, as reports show settings.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        TRAFFIC_COLUMNS.into_iter().zip(self.names()).filter(|(native, name)| native != name)
    }
}

/// What a native record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// Bytes of a measured period, which may start at any instant.
    Measured,
    /// All bytes of an hour, which were metered before.
    MeteredHour,
}

impl RecordKind {
    /// How many bytes one holds at most, and how a message says so.
    pub fn most_bytes(self) -> (u128, &'static str) {
        match self {
            Self::Measured => (u64::MAX.into(), "one record holds at most 2^64-1"),
            Self::MeteredHour => (MOST_OF_AN_HOUR, "one hour of a sender holds at most 2^80-1"),
        }
    }

    /// The instant, where one may start then: a metered hour begins on the hour, and anything else was not metered.
    pub fn checked_start(self, instant: Timestamp) -> Result<Timestamp, Invalid> {
        if self == Self::Measured || instant.is_whole_hour() {
            return Ok(instant);
        }
        Err(Invalid::new(format!("hour {instant} is no whole hour")).with(Remedy::GiveAsUsage))
    }
}

/// The values of a native record: each of them, or why it cannot be read.
pub(crate) struct NativeValues<'a> {
    pub start: Result<Timestamp, Invalid>,
    pub connection_id: Result<&'a [u8], Invalid>,
    pub sender: Result<Sender, Invalid>,
    pub bytes: Result<u128, Invalid>,
}

impl<'a> NativeValues<'a> {
    /// What they say, or all that is wrong with them. `id_name` is the column of the id.
    pub fn observed(self, line: u64, id_name: &str) -> Observation<'a> {
        let quantity =
            self.bytes.as_ref().map_or_else(|_| Quantity::default(), |&bytes| Quantity::of_bytes(bytes));
        let id = self.connection_id.and_then(|id| match id {
            b"" => Err(format!("{id_name} is empty").into()),
            id => Ok(id),
        });
        let traffic = match (self.start, id, self.sender, self.bytes) {
            (Ok(start), Ok(id), Ok(sender), Ok(_)) => Ok(Traffic::of_instant(id, sender, start)),
            (start, id, sender, bytes) => {
                let faults = [start.err(), id.err(), sender.err(), bytes.err()];
                Err(Invalid::joined(faults.into_iter().flatten()))
            }
        };
        Observation { line, place: None, quantity, traffic, fields: None, raw: b"" }
    }
}

/// When a record of this kind starts.
pub(crate) fn parse_start(kind: RecordKind, field: &[u8]) -> Result<Timestamp, Invalid> {
    match kind {
        RecordKind::Measured => parse_timestamp(TRAFFIC_COLUMNS[0], field),
        RecordKind::MeteredHour => {
            let instant = parse_timestamp(METERED_COLUMNS[0], field);
            instant.and_then(|instant| kind.checked_start(instant))
        }
    }
}

/// RFC 3339 with an offset, or an epoch of 10 or 13 digits.
fn parse_timestamp(name: &str, field: &[u8]) -> Result<Timestamp, Invalid> {
    let text = std::str::from_utf8(field).map_err(|_| Invalid::not_utf8("it"));
    let parsed = text.and_then(Timestamp::parse);
    parsed.map_err(|why| why.about(format!("{name} {}", quoted(field))))
}

/// `requester` or `accepter`.
pub(crate) fn parse_sender(field: &[u8]) -> Result<Sender, Invalid> {
    match field {
        b"requester" => Ok(Sender::Requester),
        b"accepter" => Ok(Sender::Accepter),
        other => match std::str::from_utf8(other) {
            Ok(text) => text.parse(),
            Err(_) => Err(Invalid::not_utf8(format!("sender {}", quoted(other)))),
        },
    }
}

/// Digits only, at most as many bytes as a record of this kind holds (R10).
pub(crate) fn parse_bytes(kind: RecordKind, field: &[u8]) -> Result<u128, Invalid> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    if !digits {
        return Err(format!("bytes {}: {}", quoted(field), why_no_bytes(field)).into());
    }
    // Most often it has so few digits that it fits without a check.
    if field.len() < 20 {
        return Ok(field.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0')).into());
    }
    let (most, why_not_more) = kind.most_bytes();
    field
        .iter()
        .try_fold(0u128, |sum, digit| sum.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
        .filter(|bytes| *bytes <= most)
        .ok_or_else(|| format!("bytes {}: {why_not_more}", quoted(field)).into())
}

/// Why this is no whole number in digits, in words that people recognise.
fn why_no_bytes(field: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(field);
    let fraction = text.split_once('.').filter(|(whole, _)| whole.bytes().all(|byte| byte.is_ascii_digit()));
    match (why_no_number(&text), fraction) {
        (Some(why), _) => why,
        _ if text.starts_with('-') => "bytes cannot be negative",
        (_, Some((_, zeros))) if zeros.bytes().all(|byte| byte == b'0') => {
            "bytes are whole numbers: write it without decimals"
        }
        (_, Some((_, decimals))) if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            "bytes are whole numbers, and this looks like GB: give bytes"
        }
        _ if text.contains('.') => "bytes are whole numbers",
        _ => "write it as digits only",
    }
}

#[cfg(test)]
mod fields_tests {
    use super::*;

    #[test]
    fn r15_what_is_no_whole_number_is_named_for_what_it_seems_to_be() {
        for (text, why) in [
            ("-5", "cannot be negative"),
            ("-", "a mark for no data"),
            ("N/A", "a mark for no data"),
            ("", "a mark for no data"),
            ("1.07374E+11", "Excel has rounded this"),
            ("53,687,091,200", "thousands separators"),
            ("200.5", "looks like GB"),
            ("100.0", "write it without decimals"),
            ("1.", "whole numbers"),
            ("100 GB", "a unit"),
            ("+5", "digits only"),
            ("1e9", "digits only"),
        ] {
            let said = parse_bytes(RecordKind::Measured, text.as_bytes()).unwrap_err();
            assert!(said.message().contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn r10_one_record_holds_at_most_2_to_the_64_minus_1() {
        let parse_bytes = |field| parse_bytes(RecordKind::Measured, field);
        assert_eq!(parse_bytes(b"18446744073709551615"), Ok(u64::MAX.into()));
        assert_eq!(parse_bytes(b"000000000000000000000000000018446744073709551615"), Ok(u64::MAX.into()));
        assert!(parse_bytes(b"18446744073709551616").is_err());
        for text in ["", "-5", "+5", "1.5", "1e3", " 7", "7 ", "1,000", "abc", "\u{663}"] {
            assert!(parse_bytes(text.as_bytes()).is_err(), "{text}");
        }
    }
}

/// What the beginning of a text says about its lines.
#[derive(Debug, Clone)]
pub(crate) struct LineLayout {
    /// What stands on a line.
    pub shape: LineShape,
    /// Where the records start, in bytes.
    pub data_start: u64,
    /// The line on which they start, counted from 1.
    pub first_line: u64,
    /// How plain lines are laid out, which are read many at once, where there may be such lines.
    pub plain: Option<PlainLayout>,
    /// Whether entries of flow logs are held against those before them.
    pub alike: bool,
}

/// What stands on a line.
#[derive(Debug, Clone)]
pub(crate) enum LineShape {
    /// A row of CSV, which may go on on the next line.
    Csv(CsvLayout),
    /// An object with these keys; and whether an offset was stated for times without one.
    Json(TrafficColumns, bool),
    /// An entry of a flow log.
    FlowLog,
}

impl LineLayout {
    /// Of a text without a header, whose first line starts behind so many bytes.
    pub fn without_header(shape: LineShape, data_start: u64) -> Self {
        let plain = match &shape {
            LineShape::Json(columns, _) => Some(PlainLayout::Object(ObjectLayout::of_lines(columns))),
            LineShape::Csv(_) | LineShape::FlowLog => None,
        };
        Self { shape, data_start, first_line: 1, plain, alike: true }
    }
}

/// How plain lines are laid out.
#[derive(Debug, Clone)]
pub(crate) enum PlainLayout {
    /// As rows of CSV.
    Row(RowLayout),
    /// As objects of JSON.
    Object(ObjectLayout),
}

/// How plain rows of CSV are laid out.
#[derive(Debug, Clone)]
pub(crate) struct RowLayout {
    pub kind: RecordKind,
    /// What separates fields.
    pub separator: u8,
    /// What each column holds, in the order of the header.
    pub roles: Vec<Role>,
}

/// How objects of JSON are laid out, of which each is a record.
#[derive(Debug, Clone)]
pub(crate) struct ObjectLayout {
    /// The members that are looked at, which stand once at most, and what those hold that are read.
    pub members: Vec<(String, Option<Role>)>,
    /// Who sent what all of them count, where that is no member.
    pub sender: Option<Sender>,
    /// What follows one.
    pub place: ObjectPlace,
}

/// Where objects stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectPlace {
    /// Each on a line.
    Line,
    /// One after the other in an array; whether that is written as text, so that quotes are escaped.
    Array { in_text: bool },
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Start,
    ConnectionId,
    Sender,
    Bytes,
    /// Nothing that is asked for: so many columns, one beside the other.
    Further(usize),
}

impl ObjectLayout {
    /// Of native traffic.
    pub fn of_lines(names: &TrafficColumns) -> Self {
        let members = names.names().map(str::to_owned).into_iter().zip(Role::OF_TRAFFIC.map(Some)).collect();
        Self { members, sender: None, place: ObjectPlace::Line }
    }
}

impl RowLayout {
    /// Whether a row has the native columns in their order, and no other.
    pub fn is_native(&self) -> bool {
        self.roles == Role::OF_TRAFFIC
    }
}

impl Role {
    /// By the order of [`TRAFFIC_COLUMNS`].
    const OF_TRAFFIC: [Self; 4] = [Self::Start, Self::ConnectionId, Self::Sender, Self::Bytes];
}

/// Where the columns stand, and what a row counts.
#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    /// By the order of [`TRAFFIC_COLUMNS`]: the column's place in a row, counted from 0.
    positions: [usize; 4],
    kind: RecordKind,
    header: Header,
    rule: RowRule,
    /// An offset was stated for times without one; it is none of these.
    offset_stated: bool,
}

impl CsvLayout {
    /// Under a header in which the four columns were looked for, in their order.
    pub fn new(header: Header, kind: RecordKind, offset_stated: bool) -> Self {
        // OK because a header that lacks one of them is not found.
        let positions = std::array::from_fn(|column| header.position(column).unwrap_or_default());
        Self { positions, kind, rule: header.rule(), header, offset_stated }
    }

    /// How its plain lines are laid out; none is where a column is asked for twice.
    pub fn plain(&self) -> Option<PlainLayout> {
        let mut roles = vec![Role::Further(1); self.header.width()];
        for (position, role) in self.positions.into_iter().zip(Role::OF_TRAFFIC) {
            let own = roles.get_mut(position).filter(|own| **own == Role::Further(1))?;
            *own = role;
        }
        // Columns of no use that stand side by side are passed over together.
        roles.dedup_by(|role, before| match (role, before) {
            (Role::Further(_), Role::Further(count)) => {
                *count += 1;
                true
            }
            _ => false,
        });
        Some(PlainLayout::Row(RowLayout { kind: self.kind, separator: self.separator(), roles }))
    }

    /// What separates fields.
    pub fn separator(&self) -> u8 {
        self.header.separator()
    }

    /// What a row must be like that goes on beyond its line.
    pub fn rule(&self) -> &RowRule {
        &self.rule
    }

    /// What a row says; what is wrong with it becomes part of the observation.
    pub fn observe<'a>(&self, row: &Row<'a>) -> Observation<'a> {
        if let Some(why) = self.header.malformed(row) {
            return Observation::unreadable(row.line, why, row.raw);
        }
        let fields = self.positions.map(|column| row.field(column));
        let [start, connection_id, sender, bytes] = fields;
        let values = NativeValues {
            start: parse_start(self.kind, start)
                .map_err(|why| with_offset_stated(self.offset_stated, start, why)),
            connection_id: Ok(connection_id),
            sender: parse_sender(sender),
            bytes: parse_bytes(self.kind, bytes),
        };
        let observed = values.observed(row.line, TRAFFIC_COLUMNS[1]);
        Observation { fields: Some(fields), raw: row.raw, ..observed }
    }
}

/// A time without an offset, where one was stated for such times: it holds for other inputs, and that is told.
pub(super) fn with_offset_stated(stated: bool, field: &[u8], why: Invalid) -> Invalid {
    let lacks_offset = || std::str::from_utf8(field).is_ok_and(Timestamp::lacks_offset);
    if stated && lacks_offset() { why.with(Remedy::WriteOffset) } else { why }
}
