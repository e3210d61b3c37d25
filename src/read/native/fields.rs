//! The four values of a native record, and how they are spelled.

use super::columns::{METERED_COLUMNS, RecordKind, TRAFFIC_COLUMNS};
use crate::{
    model::{invalid::Invalid, quoted, time::Timestamp, usage::Sender},
    read::record::{Observation, Quantity, Traffic},
};

/// The values of a native record: each of them, or why it cannot be read.
pub(crate) struct NativeValues<'a> {
    pub start: Result<Timestamp, Invalid>,
    pub connection_id: Result<&'a [u8], Invalid>,
    pub sender: Result<Sender, Invalid>,
    pub bytes: Result<u128, Invalid>,
}

impl<'a> NativeValues<'a> {
    /// What they say; of several that are wrong the first is told. `id_name` is the column of the id.
    pub fn observed(self, line: u64, id_name: &str) -> Observation<'a> {
        let quantity =
            self.bytes.as_ref().map_or_else(|_| Quantity::default(), |&bytes| Quantity::of_bytes(bytes));
        let traffic = || {
            let start = self.start?;
            let id = self.connection_id?;
            if id.is_empty() {
                return Err(format!("{id_name} is empty").into());
            }
            let sender = self.sender?;
            self.bytes?;
            Ok(Traffic::of_instant(id, sender, start))
        };
        Observation { line, place: None, quantity, traffic: traffic(), fields: None, raw: b"" }
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
    let text = std::str::from_utf8(field).map_err(|_| Invalid::new("it is not UTF-8"));
    let parsed = text.and_then(Timestamp::parse);
    parsed.map_err(|why| format!("{name} {}: {why}", quoted(field)).into())
}

/// `requester` or `accepter`.
pub(crate) fn parse_sender(field: &[u8]) -> Result<Sender, Invalid> {
    match field {
        b"requester" => Ok(Sender::Requester),
        b"accepter" => Ok(Sender::Accepter),
        other => String::from_utf8_lossy(other).parse(),
    }
}

/// Digits only, at most as many bytes as a record of this kind holds (R10).
pub(crate) fn parse_bytes(kind: RecordKind, field: &[u8]) -> Result<u128, Invalid> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    if !digits {
        let why = match field {
            b"" => "it is empty",
            [b'-', ..] => "bytes cannot be negative",
            _ if field.contains(&b'.') => "bytes are whole numbers",
            _ => "write it as digits only",
        };
        return Err(format!("bytes {}: {why}", quoted(field)).into());
    }
    let (most, why_not_more) = kind.most_bytes();
    field
        .iter()
        .try_fold(0u128, |sum, digit| sum.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
        .filter(|bytes| *bytes <= most)
        .ok_or_else(|| format!("bytes {}: {why_not_more}", quoted(field)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
