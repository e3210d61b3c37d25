//! Records to hourly bytes per connection and sender, with control totals (R14) and what was refused (R15).

mod hourly;

pub use hourly::HourlyUsage;

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        checked_add,
        connection::Inventory,
        quoted,
        time::{Period, Timestamp},
        usage::{Sender, UsageRecord},
    },
    read::TrafficSource,
};
use hourly::key_of;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What becomes of a record that stands twice: same connection, sender and timestamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Every copy is refused.
    #[default]
    Refuse,
    /// One is kept where their bytes are equal; all are refused where they differ.
    First,
    /// They add up.
    Sum,
}

impl Duplicates {
    /// `refuse`, `first` or `sum`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::First => "first",
            Self::Sum => "sum",
        }
    }
}

/// How to meter.
#[derive(Debug, Clone, Copy)]
pub struct MeterSettings {
    /// The billing period; records outside it are counted and left out.
    pub period: Period,
    /// What becomes of duplicates.
    pub duplicates: Duplicates,
    /// Keep every refused record, not just the first ones: for a quarantine.
    pub keep_refused: bool,
}

/// A number of records and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Bytes; an unreadable number counts 0.
    pub bytes: u128,
}

impl Count {
    fn add(&mut self, bytes: u64) -> Result<()> {
        self.records += 1;
        checked_add(&mut self.bytes, u128::from(bytes), "a control total")
    }
}

/// Where every record went (R14): read = billed + free + outside the period + refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ControlTotals {
    /// All that was read.
    pub read: Count,
    /// Between regions: has a price.
    pub billed: Count,
    /// Inside a region.
    pub free: Count,
    /// Readable, of another period.
    pub outside_period: Count,
    /// Not billed, for a reason.
    pub refused: Count,
}

impl ControlTotals {
    /// Fails unless everything read went somewhere.
    pub fn check(&self) -> Result<()> {
        let parts = [self.billed, self.free, self.outside_period, self.refused];
        let mut sum = Count::default();
        for part in parts {
            sum.records += part.records;
            checked_add(&mut sum.bytes, part.bytes, "a control total")?;
        }
        if sum == self.read {
            return Ok(());
        }
        Err(Error::internal(format!("control totals do not add up: {self:?}; no report is made")))
    }
}

/// A record that was not billed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Index of the source it was read from.
    pub source: usize,
    /// Reason and place.
    pub fault: Fault,
    /// Its timestamp, connection, sender and bytes as they stand in the input, where they could be told apart.
    pub fields: Option<[Vec<u8>; 4]>,
    /// The whole line, where they could not.
    pub raw: Vec<u8>,
}

/// The result of metering.
#[derive(Debug, Clone)]
pub struct Metered {
    /// Bytes by connection, sender and hour.
    pub usage: HourlyUsage,
    /// Where every record went.
    pub totals: ControlTotals,
    /// Refused records in the order of the input: all, or the first ones.
    pub refused: Vec<RefusedRecord>,
    /// How many refused records are not just dropped copies.
    pub refused_for_cause: u64,
    /// How many of them are refused only because their connection's own row or changes are bad.
    pub refused_for_connection: u64,
}

/// One record as it was read.
pub(crate) struct Observation<'a> {
    pub source: usize,
    pub line: u64,
    pub connection_id: &'a [u8],
    /// `None` where the number is unreadable.
    pub bytes: Option<u64>,
    /// What can be billed, or why the record is unreadable.
    pub read: Result<(Timestamp, Sender), String>,
    pub fields: Option<[&'a [u8]; 4]>,
    pub raw: &'a [u8],
}

/// Meters native traffic.
///
/// Bad records do not fail it: they are [`Metered::refused`]. It fails where a source cannot be read
/// as a whole.
pub fn meter(sources: &[TrafficSource], inventory: &Inventory, settings: &MeterSettings) -> Result<Metered> {
    let names: Vec<Arc<str>> = sources.iter().map(|source| source.name.clone()).collect();
    meter_replay(&names, inventory, settings, &|each| {
        sources.iter().enumerate().try_for_each(|(index, source)| source.observe(index, each))
    })
}

/// Meters records that a caller holds; a fault names the record by its number, counted from 1.
///
/// ```
/// use peerbill::{inventory, meter::{meter_records, MeterSettings}, model::{time::Offset, time::Timestamp, usage::{Sender, UsageRecord}}};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let record = UsageRecord {
///     timestamp: Timestamp::parse("2026-10-05T03:20:00Z").unwrap(),
///     connection_id: "pcc-1".into(),
///     sender: Sender::Requester,
///     bytes: 200 << 30,
/// };
/// let settings = MeterSettings {
///     period: "2026-10".parse::<peerbill::model::time::BillingMonth>()?.period(Offset::CHINA),
///     duplicates: Default::default(),
///     keep_refused: false,
/// };
/// let metered = meter_records(&[record], &inventory, &settings)?;
/// assert_eq!(metered.totals.billed.bytes, 200 << 30);
/// # Ok::<(), peerbill::Error>(())
/// ```
pub fn meter_records(
    records: &[UsageRecord],
    inventory: &Inventory,
    settings: &MeterSettings,
) -> Result<Metered> {
    meter_replay(&["records".into()], inventory, settings, &|each| {
        records.iter().enumerate().try_for_each(|(index, record)| {
            let texts = [
                record.timestamp.to_string(),
                record.connection_id.clone(),
                record.sender.to_string(),
                record.bytes.to_string(),
            ];
            each(Observation {
                source: 0,
                line: index as u64 + 1,
                connection_id: record.connection_id.as_bytes(),
                bytes: Some(record.bytes),
                read: Ok((record.timestamp, record.sender)),
                fields: Some(std::array::from_fn(|i| texts[i].as_bytes())),
                raw: b"",
            })
        })
    })
}

type Each<'a> = &'a mut dyn FnMut(Observation<'_>) -> Result<()>;
type Replay<'a> = &'a dyn Fn(Each<'_>) -> Result<()>;

/// What two records share if one is a copy of the other.
type Identity = (u32, Timestamp);

/// Meters what `replay` reads: once where every clock rises, three times where there are duplicates.
fn meter_replay(
    names: &[Arc<str>],
    inventory: &Inventory,
    settings: &MeterSettings,
    replay: Replay<'_>,
) -> Result<Metered> {
    let lookup = Lookup::new(inventory);
    let mut pass = Pass::new(names, inventory, &lookup, settings, HashSet::new());
    replay(&mut |observation| pass.take(observation))?;
    if settings.duplicates == Duplicates::Sum || pass.disordered.is_empty() {
        return pass.finish();
    }
    let repeated = repeated_records(&lookup, &pass.disordered, settings.period, replay)?;
    if repeated.is_empty() {
        return pass.finish();
    }
    let mut pass = Pass::new(names, inventory, &lookup, settings, repeated);
    replay(&mut |observation| pass.take(observation))?;
    pass.finish()
}

/// The exact second look, at connections and senders whose clock did not strictly rise.
fn repeated_records(
    lookup: &Lookup<'_>,
    disordered: &HashSet<u32>,
    period: Period,
    replay: Replay<'_>,
) -> Result<HashSet<Identity>> {
    let mut seen: Vec<Identity> = Vec::new();
    replay(&mut |observation| {
        if let Ok((timestamp, sender)) = observation.read
            && let Some(Found::Known(connection)) = lookup.find(observation.connection_id)
            && period.contains(timestamp.hour())
        {
            let key = key_of(connection, sender) as u32;
            if disordered.contains(&key) {
                seen.push((key, timestamp));
            }
        }
        Ok(())
    })?;
    seen.sort_unstable();
    Ok(seen.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect())
}

#[derive(Clone, Copy)]
enum Found<'a> {
    Known(usize),
    Faulty(&'a Fault),
}

/// Connections by the raw bytes of their id.
struct Lookup<'a> {
    by_id: HashMap<&'a [u8], Found<'a>>,
}

impl<'a> Lookup<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let known = inventory.connections().iter().enumerate();
        let known = known.map(|(index, own)| (own.id.as_bytes(), Found::Known(index)));
        let faulty = inventory.faulty().map(|(id, fault)| (id.as_bytes(), Found::Faulty(fault)));
        Self { by_id: known.chain(faulty).collect() }
    }

    fn find(&self, connection_id: &[u8]) -> Option<Found<'a>> {
        self.by_id.get(connection_id).copied()
    }
}

/// A record of which there are several, set aside until all are known.
struct Copy {
    identity: Identity,
    bytes: u64,
    free: bool,
    record: RefusedRecord,
}

/// One reading of all records.
struct Pass<'a> {
    names: &'a [Arc<str>],
    inventory: &'a Inventory,
    lookup: &'a Lookup<'a>,
    settings: &'a MeterSettings,
    usage: HourlyUsage,
    totals: ControlTotals,
    refused: Vec<RefusedRecord>,
    refused_for_cause: u64,
    refused_for_connection: u64,
    /// The latest timestamp of each connection and sender.
    clocks: Vec<Option<Timestamp>>,
    disordered: HashSet<u32>,
    repeated: HashSet<Identity>,
    copies: Vec<Copy>,
}

impl<'a> Pass<'a> {
    fn new(
        names: &'a [Arc<str>],
        inventory: &'a Inventory,
        lookup: &'a Lookup<'a>,
        settings: &'a MeterSettings,
        repeated: HashSet<Identity>,
    ) -> Self {
        let connections = inventory.connections().len();
        Self {
            names,
            inventory,
            lookup,
            settings,
            usage: HourlyUsage::new(settings.period, connections),
            totals: ControlTotals::default(),
            refused: Vec::new(),
            refused_for_cause: 0,
            refused_for_connection: 0,
            clocks: vec![None; connections * Sender::ALL.len()],
            disordered: HashSet::new(),
            repeated,
            copies: Vec::new(),
        }
    }

    /// Sends one record where it belongs.
    fn take(&mut self, observation: Observation<'_>) -> Result<()> {
        let bytes = observation.bytes.unwrap_or(0);
        self.totals.read.add(bytes)?;
        let (timestamp, sender) = match &observation.read {
            Ok(read) => *read,
            Err(why) => {
                let why = why.clone();
                return self.refuse(&observation, FaultCode::UnreadableRow, why);
            }
        };
        let hour = timestamp.hour();
        // R15: a readable record outside the period is that before any other check.
        if !self.settings.period.contains(hour) {
            return self.totals.outside_period.add(bytes);
        }
        let index = match self.lookup.find(observation.connection_id) {
            Some(Found::Known(index)) => index,
            Some(Found::Faulty(cause)) => {
                return self.refuse(&observation, FaultCode::FaultyConnection, cause.to_string());
            }
            None => {
                let id = quoted(observation.connection_id);
                let why = format!("connection {id} is not in the inventory; add it to --connections");
                return self.refuse(&observation, FaultCode::UnknownConnection, why);
            }
        };
        let connection = self.inventory.connection(index);
        if let Some(created) = connection.created_at.filter(|_| connection.before_creation(hour)) {
            let why = format!("traffic at {timestamp}, but {} was created at {created}", connection.id);
            return self.refuse(&observation, FaultCode::BeforeCreation, why);
        }
        if let Some(deleted) = connection.deleted_at.filter(|_| connection.after_deletion(hour)) {
            let why = format!("traffic at {timestamp}, but {} was deleted at {deleted}", connection.id);
            return self.refuse(&observation, FaultCode::AfterDeletion, why);
        }
        let key = key_of(index, sender);
        let identity = (key as u32, timestamp);
        if self.repeated.contains(&identity) {
            let record = self.refusal(&observation, FaultCode::DuplicateRecord, String::new());
            self.copies.push(Copy { identity, bytes, free: connection.within_region(), record });
            return Ok(());
        }
        if self.clocks[key].is_some_and(|clock| timestamp <= clock) {
            self.disordered.insert(key as u32);
        } else {
            self.clocks[key] = Some(timestamp);
        }
        self.bill(identity, bytes, connection.within_region())
    }

    fn bill(&mut self, (key, timestamp): Identity, bytes: u64, free: bool) -> Result<()> {
        let count = if free { &mut self.totals.free } else { &mut self.totals.billed };
        count.add(bytes)?;
        self.usage.add(key as usize, timestamp.hour(), bytes)
    }

    fn refusal(&self, observation: &Observation<'_>, code: FaultCode, why: String) -> RefusedRecord {
        let fault = Fault::at(code, &self.names[observation.source], observation.line, why);
        let fields = observation.fields.map(|fields| fields.map(<[u8]>::to_vec));
        let raw = if fields.is_some() { Vec::new() } else { observation.raw.to_vec() };
        RefusedRecord { source: observation.source, fault, fields, raw }
    }

    fn refuse(&mut self, observation: &Observation<'_>, code: FaultCode, why: String) -> Result<()> {
        let record = self.refusal(observation, code, why);
        self.keep_refused(record, observation.bytes.unwrap_or(0))
    }

    fn keep_refused(&mut self, record: RefusedRecord, bytes: u64) -> Result<()> {
        self.totals.refused.add(bytes)?;
        let code = record.fault.code;
        self.refused_for_cause += u64::from(code != FaultCode::DroppedCopy);
        self.refused_for_connection += u64::from(code == FaultCode::FaultyConnection);
        self.refused.push(record);
        // Bounded where nobody wants them all: the first ones by place are kept.
        if !self.settings.keep_refused && self.refused.len() >= 4 * crate::error::FAULTS_LISTED {
            self.keep_first_refused();
        }
        Ok(())
    }

    fn keep_first_refused(&mut self) {
        // What has a cause of its own comes first; the others are told elsewhere.
        let secondary = |code| matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection);
        self.refused.sort_by_key(|record| (secondary(record.fault.code), record.source, record.fault.line));
        self.refused.truncate(crate::error::FAULTS_LISTED);
    }

    /// Decides what becomes of the copies that were set aside.
    fn resolve_copies(&mut self) -> Result<()> {
        let mut copies = std::mem::take(&mut self.copies);
        // Stable, so that copies of one record stay in the order of the input.
        copies.sort_by_key(|copy| copy.identity);
        for same in copies.chunk_by(|a, b| a.identity == b.identity) {
            if same.len() < 2 {
                return Err(Error::unusable(
                    ErrorKind::Input,
                    &self.names[same[0].record.source],
                    "the input changed while it was read",
                ));
            }
            let equal = same.iter().all(|copy| copy.bytes == same[0].bytes);
            let kept = usize::from(self.settings.duplicates == Duplicates::First && equal);
            if kept == 1 {
                self.bill(same[0].identity, same[0].bytes, same[0].free)?;
            }
            for (index, copy) in same.iter().enumerate().skip(kept) {
                let other = &same[usize::from(index == 0)].record.fault;
                let place = format!(
                    "{}:{}",
                    other.input.as_deref().unwrap_or_default(),
                    other.line.unwrap_or_default()
                );
                let (code, why) = if kept == 1 {
                    (FaultCode::DroppedCopy, format!("a copy of the record at {place}, dropped"))
                } else {
                    let times = same.len();
                    let bytes = if equal { "equal" } else { "different" };
                    let why = format!(
                        "this record stands {times} times with {bytes} bytes, also at {place}; \
                         see --duplicates"
                    );
                    (FaultCode::DuplicateRecord, why)
                };
                let mut record = copy.record.clone();
                record.fault = Fault { code, message: why, ..record.fault };
                self.keep_refused(record, copy.bytes)?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Metered> {
        self.resolve_copies()?;
        if !self.settings.keep_refused {
            self.keep_first_refused();
        }
        self.refused.sort_by_key(|record| (record.source, record.fault.line));
        self.totals.check()?;
        Ok(Metered {
            usage: self.usage,
            totals: self.totals,
            refused: self.refused,
            refused_for_cause: self.refused_for_cause,
            refused_for_connection: self.refused_for_connection,
        })
    }
}
