//! Traffic: who sent how many bytes, when.

use crate::model::invalid::Invalid;
use crate::model::{
    did_you_mean,
    time::{Hour, Timestamp},
};
use std::{fmt, str::FromStr};

/// The end of a connection that traffic leaves, and whose account pays for it (R2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The end that asked for the connection; CloudMonitor's "inbound", `IntranetRX` (R3).
    Requester,
    /// The end that accepted it; CloudMonitor's "outbound" (R3).
    Accepter,
}

impl Sender {
    /// Both, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Requester, Self::Accepter];

    /// `requester` or `accepter`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Accepter => "accepter",
        }
    }
}

impl FromStr for Sender {
    type Err = Invalid;

    /// Reads `requester` or `accepter`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|sender| sender.as_str() == text).ok_or_else(|| {
            let near = did_you_mean(text, Self::ALL.map(Self::as_str));
            Invalid::new(format!("sender {text:?} is neither requester nor accepter{near}"))
        })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rates leave parts of a byte; they are counted in units of 10^-30 bytes, this many to a byte.
pub(crate) const PARTS: u128 = 10_u128.pow(30);

/// One record of traffic, as a caller of the library hands it to [`meter_records`](crate::meter::meter_records).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// Start of the measured period; it is billed in the hour it falls in (R6).
    pub timestamp: Timestamp,
    /// The id of the connection, as in the inventory.
    pub connection_id: String,
    /// The end that the bytes left.
    pub sender: Sender,
    /// Bytes that left it in the measured period.
    pub bytes: u64,
}

/// Bytes of one connection and sender in one hour that has a record.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeteredHour {
    /// The connection, as an index into the [`Inventory`](super::inventory::Inventory).
    pub connection: usize,
    /// The end that the bytes left.
    pub sender: Sender,
    /// The hour, in UTC (R6).
    pub hour: Hour,
    /// All bytes of the hour, also 0.
    pub bytes: u128,
}
