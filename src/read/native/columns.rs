//! What the columns of native traffic are called, and how much one record of it may be.

use crate::model::{invalid::Invalid, remedy::Remedy, time::Timestamp};

/// The columns of native traffic.
pub const TRAFFIC_COLUMNS: [&str; 4] = ["timestamp", "connection_id", "sender", "bytes"];

/// The columns of metered hours.
pub(crate) const METERED_COLUMNS: [&str; 4] = ["hour", "connection_id", "sender", "bytes"];

/// Bytes that an hour of one sender holds at most: of 65,536 records that are full.
pub(crate) const MOST_OF_AN_HOUR: u128 = (1 << 80) - 1;

/// What an export calls the columns of native traffic.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficColumns {
    /// Start of the measured period: RFC 3339 with an offset, or an epoch of 10 digits (s) or 13 (ms).
    pub timestamp: String,
    /// The connection, as in the inventory.
    pub connection_id: String,
    /// The end that the bytes left: `requester` or `accepter`.
    pub sender: String,
    /// Bytes that left it: digits, at most 2^64-1.
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

    /// Their names, in the order of [`TRAFFIC_COLUMNS`].
    pub fn names(&self) -> [&str; 4] {
        [&self.timestamp, &self.connection_id, &self.sender, &self.bytes]
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
