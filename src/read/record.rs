//! What a reader of traffic yields: one observation after the other, whatever it was read from.

use crate::model::{
    invalid::Invalid,
    time::{Hour, Timestamp},
    usage::{PARTS, Sender},
};
use foldhash::quality::RandomState;
use std::{
    fmt,
    hash::{BuildHasher, Hasher},
    net::IpAddr,
};

/// An amount of traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// Whole bytes: fewer than 2^64 in a record, fewer than 2^80 in a metered hour.
    pub bytes: u128,
    /// What is beyond them, in units of 10^-30 bytes and less than one byte; only rates leave any.
    pub fraction: u128,
}

impl Quantity {
    /// Its bytes where it is summed with nothing else: the fraction is rounded half up.
    pub fn rounded(self) -> u128 {
        self.bytes + u128::from(rounds_up(self.fraction))
    }

    /// So many whole bytes.
    pub fn of_bytes(bytes: impl Into<u128>) -> Self {
        Self { bytes: bytes.into(), fraction: 0 }
    }
}

/// Rounds half up: whether so much of a byte counts as one byte more.
pub(crate) fn rounds_up(fraction: u128) -> bool {
    fraction >= PARTS / 2
}

/// One record as it was read.
#[derive(Debug)]
pub(crate) struct Observation<'a> {
    /// The line it starts on, or the row of a file without lines; counted from 1.
    pub line: u64,
    /// Where it stands, where a line does not tell.
    pub place: Option<Place>,
    /// All of its traffic; nothing where that is unreadable.
    pub quantity: Quantity,
    /// What can be billed, or why the record is unreadable.
    pub traffic: Result<Traffic<'a>, Invalid>,
    /// Its timestamp, connection, sender and bytes as native traffic would have them, where it has all four.
    pub fields: Option<[&'a [u8]; 4]>,
    /// The text it was read from; empty where it has none.
    pub raw: &'a [u8],
}

impl<'a> Observation<'a> {
    /// A record of which nothing is known but where it stands.
    pub fn unreadable(line: u64, why: impl Into<Invalid>, raw: &'a [u8]) -> Self {
        Self { line, place: None, quantity: Quantity::default(), traffic: Err(why.into()), fields: None, raw }
    }
}

/// What a readable record says.
#[derive(Debug)]
pub(crate) struct Traffic<'a> {
    /// Through which connection it went, and which end it left.
    pub connection: NamedConnection<'a>,
    /// When it begins: its hour decides what it belongs to.
    pub start: Timestamp,
    /// In which hours it lies.
    pub shares: Shares,
    /// What tells that another record is a duplicate of it.
    pub identity: Identity,
}

impl<'a> Traffic<'a> {
    /// All at one instant, through a connection of this id.
    pub fn of_instant(connection_id: &'a [u8], sender: Sender, start: Timestamp) -> Self {
        let connection = NamedConnection::Id { id: connection_id, sender };
        Self { connection, start, shares: Shares::HourOfStart, identity: Identity::EndAndStart }
    }
}

/// A connection, as a record names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedConnection<'a> {
    /// By its id, and the end that the bytes left.
    Id {
        /// Its id, which need not be UTF-8.
        id: &'a [u8],
        /// The end that the bytes left.
        sender: Sender,
    },
    /// By the VPC that the bytes left, and the address they went to.
    Route {
        /// The id of the VPC, which need not be UTF-8.
        vpc_id: &'a [u8],
        /// The address.
        destination: IpAddr,
    },
}

/// The hours that a record's traffic lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shares {
    /// All in the hour in which it begins.
    HourOfStart,
    /// In several hours, by time: together they are all of it.
    Several(Vec<Share>),
}

/// The part of a record's traffic that lies in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// The hour.
    pub hour: Hour,
    /// What lies in it.
    pub quantity: Quantity,
}

/// What two records share if one is a duplicate of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Connection, sender and start.
    EndAndStart,
    /// What else tells an entry of a flow log from others.
    Entry(EntryIdentity),
}

/// Bytes of what entries share, as they most often are: a block of BLAKE3.
pub(crate) const IDENTITY_BYTES: usize = 64;

/// What two entries of flow logs share if one is a copy of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryIdentity {
    /// With zeros behind them; where they are many, a digest of them.
    bytes: [u8; IDENTITY_BYTES],
    length: usize,
}

impl EntryIdentity {
    /// Of so many bytes, with zeros behind them.
    pub fn of(bytes: [u8; IDENTITY_BYTES], length: usize) -> Self {
        Self { bytes, length: length.min(IDENTITY_BYTES) }
    }

    /// Of many bytes.
    pub fn of_digest(digest: &blake3::Hash) -> Self {
        let mut bytes = [0; IDENTITY_BYTES];
        bytes[..blake3::OUT_LEN].copy_from_slice(digest.as_bytes());
        Self { bytes, length: blake3::OUT_LEN }
    }

    /// A number that copies share, by which they are looked for; of one seed for a reading and those that follow it. Others may share
    /// it as well: it is made in a fraction of the time of a digest.
    #[inline]
    pub fn number(&self, seed: &RandomState) -> u64 {
        let mut hasher = seed.build_hasher();
        hasher.write(&self.bytes);
        // Tests meet others all the time.
        if cfg!(test) { hasher.finish() % 64 } else { hasher.finish() }
    }

    /// What tells it from all others: 128 bits of BLAKE3.
    pub fn digest(&self) -> u128 {
        let mut bits = [0; 16];
        bits.copy_from_slice(&blake3::hash(&self.bytes[..self.length]).as_bytes()[..16]);
        u128::from_be_bytes(bits)
    }
}

/// Where a record stands within an input whose lines do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In an answer of CloudMonitor.
    Datapoint(DatapointPath),
    /// In a Parquet file.
    #[cfg(feature = "parquet")]
    Row {
        /// The row group, counted from 1.
        group: usize,
        /// The row of it, counted from 1.
        row: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Datapoint(path) => path.fmt(f),
            #[cfg(feature = "parquet")]
            Self::Row { group, row } => write!(f, "row group {group}, row {row}"),
        }
    }
}

/// Where a datapoint stands within answers of CloudMonitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatapointPath {
    /// Which response of the input, counted from 1; 0 where datapoints stand without their answer.
    pub response: u64,
    /// Which datapoint of the response, counted from 0 as JSON paths do.
    pub datapoint: u64,
    /// The key that is wrong, where it is one.
    pub key: Option<&'static str>,
}

impl fmt::Display for DatapointPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.response {
            0 => write!(f, "datapoint {}", self.datapoint)?,
            response => write!(f, "response {response}: Datapoints[{}]", self.datapoint)?,
        }
        self.key.map_or(Ok(()), |key| write!(f, ".{key}"))
    }
}

/// What one line, row or datapoint turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are records, and a box for each would cost time")]
pub(crate) enum Yielded<'a> {
    /// A record.
    Record(Observation<'a>),
    /// An entry of a flow log that is no outbound traffic of a peering connection.
    PassedOver,
    /// An entry of a flow log that stands for others which were not captured (`SKIPDATA`).
    Skipped,
}

/// What was seen in sources beside records of traffic; each becomes a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Answers of CloudMonitor that announce a further page.
    pub pages_announced: u64,
    /// Answers of CloudMonitor that announce none.
    pub last_pages: u64,
    /// Entries of flow logs that are no outbound traffic of a peering connection.
    pub passed_over: u64,
    /// Entries of flow logs that stand for others which were not captured (`SKIPDATA`).
    pub skipped: u64,
    /// Entries of flow logs that are traffic: their bytes are in no other unit.
    pub entries: u64,
}

impl Notes {
    /// All of them by name.
    pub fn named(&self) -> [(&'static str, u64); 5] {
        let Self { pages_announced, last_pages, passed_over, skipped, entries } = *self;
        [
            ("pages_announced", pages_announced),
            ("last_pages", last_pages),
            ("passed_over", passed_over),
            ("skipped", skipped),
            ("entries", entries),
        ]
    }

    /// The one of this name.
    pub fn by_name(&mut self, name: &str) -> Option<&mut u64> {
        Some(match name {
            "pages_announced" => &mut self.pages_announced,
            "last_pages" => &mut self.last_pages,
            "passed_over" => &mut self.passed_over,
            "skipped" => &mut self.skipped,
            "entries" => &mut self.entries,
            _ => return None,
        })
    }

    /// Adds what was seen elsewhere.
    pub fn add(&mut self, other: Self) {
        self.pages_announced += other.pages_announced;
        self.last_pages += other.last_pages;
        self.passed_over += other.passed_over;
        self.skipped += other.skipped;
        self.entries += other.entries;
    }
}
