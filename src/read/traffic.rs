//! Native CSV of traffic to the records that the meter sums.

use crate::{
    error::{Error, ErrorKind, Result},
    meter::Observation,
    model::{quoted, time::Timestamp, usage::Sender},
    read::{
        rows::{Row, Rows},
        table::Header,
    },
};
use std::{
    io::{self, Cursor, Read},
    sync::Arc,
};

/// The columns of native traffic.
pub const TRAFFIC_COLUMNS: [&str; 4] = ["timestamp", "connection_id", "sender", "bytes"];

type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Traffic that can be read more than once: duplicates that are not in time order need a second look.
pub struct TrafficSource {
    /// Name in messages, usually the path.
    pub name: Arc<str>,
    open: Open,
}

impl TrafficSource {
    /// From a function that starts reading from the beginning, each time with the same bytes.
    pub fn new(
        name: &str,
        open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), open: Box::new(open) }
    }

    /// From bytes in memory.
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::new(name, move || Ok(Box::new(Cursor::new(bytes.clone()))))
    }

    /// Reads all records, in their order.
    pub(crate) fn observe(
        &self,
        source: usize,
        each: &mut dyn FnMut(Observation<'_>) -> Result<()>,
    ) -> Result<()> {
        let kind = ErrorKind::Input;
        let unreadable = |error: io::Error| Error::unusable(kind, &self.name, error.to_string());
        let mut rows = Rows::new((self.open)().map_err(unreadable)?);
        let first = rows.next().map_err(unreadable)?;
        let header = Header::find(kind, &self.name, first, &TRAFFIC_COLUMNS, &[])?;
        let columns: [usize; 4] = std::array::from_fn(|i| header.position(i).unwrap_or_default());
        while let Some(row) = rows.next().map_err(unreadable)? {
            each(read_record(source, &header, &columns, &row))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for TrafficSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrafficSource").field("name", &self.name).finish_non_exhaustive()
    }
}

fn read_record<'a>(source: usize, header: &Header, columns: &[usize; 4], row: &Row<'a>) -> Observation<'a> {
    let line = row.line;
    let unreadable = |why| Observation {
        source,
        line,
        connection_id: b"",
        bytes: None,
        read: Err(why),
        fields: None,
        raw: row.raw,
    };
    if let Some(misfit) = header.misfit(row) {
        return unreadable(misfit);
    }
    let fields = columns.map(|column| row.field(column));
    let [timestamp, connection_id, sender, bytes] = fields;
    let bytes = parse_bytes(bytes);
    let read = parse_timestamp(timestamp).and_then(|timestamp| {
        if connection_id.is_empty() {
            return Err("connection_id is empty".into());
        }
        let sender = parse_sender(sender)?;
        bytes.as_ref().map_err(Clone::clone)?;
        Ok((timestamp, sender))
    });
    Observation { read, bytes: bytes.ok(), fields: Some(fields), connection_id, ..unreadable(String::new()) }
}

fn parse_timestamp(field: &[u8]) -> Result<Timestamp, String> {
    let parsed = std::str::from_utf8(field).map_err(|_| "it is not UTF-8").and_then(Timestamp::parse);
    parsed.map_err(|why| format!("timestamp {}: {why}", quoted(field)))
}

fn parse_sender(field: &[u8]) -> Result<Sender, String> {
    match field {
        b"requester" => Ok(Sender::Requester),
        b"accepter" => Ok(Sender::Accepter),
        other => String::from_utf8_lossy(other).parse(),
    }
}

/// Digits only, at most 2^64-1 (R10).
pub(crate) fn parse_bytes(field: &[u8]) -> Result<u64, String> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    if !digits {
        let why = match field {
            b"" => "it is empty",
            [b'-', ..] => "bytes cannot be negative",
            _ if field.contains(&b'.') => "bytes are whole numbers",
            _ => "write it as digits only",
        };
        return Err(format!("bytes {}: {why}", quoted(field)));
    }
    field
        .iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or_else(|| format!("bytes {}: one record holds at most 2^64-1", quoted(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_one_record_holds_at_most_2_to_the_64_minus_1() {
        assert_eq!(parse_bytes(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_bytes(b"000000000000000000000000000018446744073709551615"), Ok(u64::MAX));
        assert!(parse_bytes(b"18446744073709551616").is_err());
        for text in ["", "-5", "+5", "1.5", "1e3", " 7", "7 ", "1,000", "abc", "\u{663}"] {
            assert!(parse_bytes(text.as_bytes()).is_err(), "{text}");
        }
    }
}
