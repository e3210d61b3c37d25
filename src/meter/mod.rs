//! Records to hourly bytes per connection and sender, with control totals (R14) and what was refused (R15).

mod batch;
mod duplicates;
mod fractions;
mod hourly;
pub(crate) mod lookup;
mod routes;
mod scan;
mod unknown;
mod worker;

pub(crate) use hourly::UsageDigest;
pub use hourly::{HourRow, HourlyUsage};

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        checked_add,
        connection::Inventory,
        time::{BillingMonth, Offset, Period},
        usage::{Sender, UsageRecord},
    },
    read::{
        TrafficSource,
        source::{Notes, Observation},
    },
};
use duplicates::repeated::Repeated;
use fractions::{Fractions, rounds_up};
use hourly::HourlyBuilder;
use lookup::Lookup;
use routes::{Flows, Join, repeated};
use scan::{Cut, Scanned, scan};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
pub use unknown::Unknown;
use worker::{Goal, Plan, SpanTally, Tally};

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

/// What becomes of records that cannot be billed (R15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refused {
    /// They are an error that lists them: nothing is metered.
    #[default]
    Fail,
    /// They are counted, and the first ones are told.
    Count,
    /// They are all kept, for a quarantine.
    Keep,
}

/// How to meter: for which month, and by which rules.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct MeterSettings {
    /// The billing month; records outside it are counted and left out.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// What becomes of duplicates.
    pub duplicates: Duplicates,
    /// What becomes of records that cannot be billed.
    pub refused: Refused,
    /// How many threads read and sum; the result does not depend on it.
    pub threads: usize,
}

impl MeterSettings {
    /// To meter `month` at UTC+8 on one thread, refusing duplicates and whatever cannot be billed.
    pub fn new(month: BillingMonth) -> Self {
        Self {
            month,
            offset: Offset::CHINA,
            duplicates: Duplicates::Refuse,
            refused: Refused::Fail,
            threads: 1,
        }
    }

    /// The hours of the month.
    pub fn period(&self) -> Period {
        self.month.period(self.offset)
    }

    fn rules(&self) -> Rules {
        let keep_all = self.refused == Refused::Keep;
        Rules { period: self.period(), duplicates: self.duplicates, keep_all, threads: self.threads }
    }
}

/// What a reading needs of the settings; its period need not be a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub period: Period,
    pub duplicates: Duplicates,
    /// Keep every refused record, not just the first ones.
    pub keep_all: bool,
    pub threads: usize,
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
    /// OK unchecked: 2^64 records of 2^64 bytes would still fit, and so would 2^48 hours of 2^80.
    #[inline]
    fn add(&mut self, bytes: impl Into<u128>) {
        self.records += 1;
        self.bytes += bytes.into();
    }

    fn add_all(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }

    /// Adds a record or nothing, without a branch.
    #[inline]
    fn add_if(&mut self, counts: bool, bytes: u64) {
        self.records += u64::from(counts);
        self.bytes += u128::from(if counts { bytes } else { 0 });
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.records += other.records;
        checked_add(&mut self.bytes, other.bytes, "a control total")
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
    fn merge(&mut self, other: &Self) -> Result<()> {
        self.read.merge(&other.read)?;
        self.billed.merge(&other.billed)?;
        self.free.merge(&other.free)?;
        self.outside_period.merge(&other.outside_period)?;
        self.refused.merge(&other.refused)
    }

    /// Fails unless everything read went somewhere.
    pub fn check(&self) -> Result<()> {
        let parts = [self.billed, self.free, self.outside_period, self.refused];
        let mut sum = Count::default();
        for part in parts {
            sum.merge(&part)?;
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

/// Metered traffic of a month, with all that it belongs to: its connections, its month, its rule for duplicates.
#[derive(Debug, Clone)]
pub struct Metered {
    inventory: Arc<Inventory>,
    month: BillingMonth,
    offset: Offset,
    duplicates: Duplicates,
    reading: Reading,
}

/// What a reading of traffic gives.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
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
    /// Refused records by reason.
    pub refused_by_code: BTreeMap<FaultCode, u64>,
    /// What records of the period tell of connections that the inventory lacks.
    pub unknown: Unknown,
    /// What was seen in the sources beside records.
    pub notes: Notes,
}

impl Metered {
    fn new(inventory: Arc<Inventory>, settings: &MeterSettings, reading: Reading) -> Result<Self> {
        let &MeterSettings { month, offset, duplicates, refused, .. } = settings;
        if refused == Refused::Fail {
            reading.refuse_faults(&inventory)?;
        }
        Ok(Self { inventory, month, offset, duplicates, reading })
    }

    /// The connections that it is of.
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// The billing month.
    pub fn month(&self) -> BillingMonth {
        self.month
    }

    /// The offset in which the month has its edges (R12).
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// What was done with duplicates.
    pub fn duplicates(&self) -> Duplicates {
        self.duplicates
    }

    /// Bytes by connection, sender and hour.
    pub fn usage(&self) -> &HourlyUsage {
        &self.reading.usage
    }

    /// Where every record went (R14).
    pub fn totals(&self) -> ControlTotals {
        self.reading.totals
    }

    /// Refused records in the order of the input: all with [`Refused::Keep`], otherwise the first ones.
    pub fn refused(&self) -> &[RefusedRecord] {
        &self.reading.refused
    }

    /// How many refused records are not just dropped copies.
    pub fn refused_for_cause(&self) -> u64 {
        self.reading.refused_for_cause
    }

    /// Refused records by reason.
    pub fn refused_by_code(&self) -> &BTreeMap<FaultCode, u64> {
        &self.reading.refused_by_code
    }

    /// What records of the month tell of connections that the inventory lacks.
    pub fn unknown(&self) -> &Unknown {
        &self.reading.unknown
    }

    /// What was seen in the sources beside records.
    pub(crate) fn notes(&self) -> &Notes {
        &self.reading.notes
    }

    /// A digest over the sorted metered hours: the same for the same hours, whatever they were read from (R17).
    pub fn digest(&self) -> Result<String> {
        self.usage().digest(&self.inventory)
    }
}

impl Reading {
    /// R15: dubious input is not billed unless that was asked for.
    fn refuse_faults(&self, inventory: &Inventory) -> Result<()> {
        let mut faults: Vec<Fault> = inventory.faults().to_vec();
        // A copy that was dropped is no fault, and one in a connection's row is listed once, not with each record.
        let secondary = [FaultCode::DroppedCopy, FaultCode::FaultyConnection];
        let of_records = self.refused.iter().map(|record| &record.fault);
        faults.extend(of_records.filter(|fault| !secondary.contains(&fault.code)).cloned());
        let of_records = self.refused_for_cause - self.refused_for_connection;
        let total = inventory.faults().len() as u64 + of_records;
        Error::from_listed(ErrorKind::Input, faults, total).map_or(Ok(()), Err)
    }
}

/// A record of which there are several, set aside until all are known.
#[derive(Debug, Clone)]
struct Copy {
    key: u32,
    identity: CopyOf,
    parts: Vec<Part>,
    free: bool,
    record: RefusedRecord,
}

/// What a copy of a key shares with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CopyOf {
    /// Nanoseconds from the period's start.
    Moment(i64),
    /// The digest of an entry of a flow log.
    Flow(u128),
}

/// The bytes of a record in one hour; `None` outside the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    hour: Option<u32>,
    bytes: u128,
    /// Parts of a byte beyond them.
    parts: u128,
}

/// What copies that are kept add.
struct Kept {
    hourly: HourlyBuilder,
    fractions: Fractions,
}

impl Copy {
    fn group(&self) -> (u32, CopyOf) {
        (self.key, self.identity)
    }

    /// Its bytes, where it is refused on its own; true where its parts were rounded up.
    fn alone(&self) -> (u128, bool) {
        let up = rounds_up(self.parts.iter().map(|part| part.parts).sum());
        (self.parts.iter().map(|part| part.bytes).sum::<u128>() + u128::from(up), up)
    }

    /// Counts it once, in the bucket of its first part, and its bytes where they fall.
    fn keep(&self, totals: &mut ControlTotals, kept: &mut Kept) -> Result<()> {
        let key = self.key as usize;
        settle(key, &self.parts, self.free, totals, &mut kept.hourly);
        let inside = self.parts.iter().filter_map(|part| Some((part.hour?, part.parts)));
        inside.into_iter().try_for_each(|(hour, parts)| kept.fractions.add(key, hour, parts))
    }
}

/// Counts a record once, in the bucket of its first part, and its bytes where they fall.
fn settle(key: usize, parts: &[Part], free: bool, totals: &mut ControlTotals, hourly: &mut HourlyBuilder) {
    for (index, part) in parts.iter().enumerate() {
        let count = match part.hour {
            None => &mut totals.outside_period,
            Some(_) if free => &mut totals.free,
            Some(_) => &mut totals.billed,
        };
        count.records += u64::from(index == 0);
        count.bytes += part.bytes;
        if let Some(hour) = part.hour {
            hourly.add_wide(key as u32, hour, part.bytes);
        }
    }
}

/// Meters a month of traffic.
///
/// Fails where a source cannot be read as a whole, and where records are refused or connections are faulty (R15),
/// unless [`MeterSettings::refused`] asks for them to be counted or kept.
pub fn meter(
    sources: &[TrafficSource],
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
) -> Result<Metered> {
    let inventory = inventory.into();
    let reading = read_hours(sources, &inventory, &settings.rules())?;
    Metered::new(inventory, settings, reading)
}

/// Reads the hours of a period, which need not be a month.
pub(crate) fn read_hours(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules) -> Result<Reading> {
    read_cut(sources, inventory, rules, Cut::DEFAULT)
}

fn read_cut(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules, cut: Cut) -> Result<Reading> {
    let names: Vec<Arc<str>> = sources.iter().map(|source| source.name.clone()).collect();
    meter_by(&names, inventory, rules, &|plan| scan(sources, plan, cut))
}

/// Meters records that a caller holds; a fault names the record by its number, counted from 1.
///
/// ```
/// use peerbill::{inventory, meter::{meter_records, MeterSettings}, model::{time::Timestamp, usage::{Sender, UsageRecord}}};
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
/// let month: peerbill::model::time::BillingMonth = "2026-10".parse()?;
/// let metered = meter_records(&[record], inventory, &MeterSettings::new(month))?;
/// assert_eq!(metered.totals().billed.bytes, 200 << 30);
/// # Ok::<(), peerbill::Error>(())
/// ```
pub fn meter_records(
    records: &[UsageRecord],
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
) -> Result<Metered> {
    let inventory = inventory.into();
    let reading = read_records(records, &inventory, &settings.rules())?;
    Metered::new(inventory, settings, reading)
}

fn read_records(records: &[UsageRecord], inventory: &Inventory, rules: &Rules) -> Result<Reading> {
    meter_by(&["records".into()], inventory, rules, &|plan| {
        let mut tally = Tally::new(plan);
        tally.begin(0);
        for (index, record) in records.iter().enumerate() {
            let texts = [
                record.timestamp.to_string(),
                record.connection_id.clone(),
                record.sender.to_string(),
                record.bytes.to_string(),
            ];
            tally.take(Observation {
                line: index as u64 + 1,
                place: None,
                connection_id: record.connection_id.as_bytes(),
                bytes: Some(record.bytes),
                beyond: 0,
                parts: 0,
                read: Ok((record.timestamp, record.sender)),
                fields: Some(std::array::from_fn(|i| texts[i].as_bytes())),
                raw: b"",
            })?;
        }
        scan::of_one_span(plan, tally)
    })
}

/// Reads once where all ends are in the order of time, and three times where there are duplicates.
fn meter_by(
    names: &[Arc<str>],
    inventory: &Inventory,
    settings: &Rules,
    read: &dyn Fn(&Plan<'_>) -> Result<Scanned>,
) -> Result<Reading> {
    let lookup = Lookup::new(inventory, settings.period);
    let none = Repeated::default();
    let (join, no_flows) = (Join::new(inventory), HashSet::new());
    let collect = settings.duplicates != Duplicates::Sum;
    let flows = Flows { join: &join, repeated: &no_flows, collect };
    let plan = Plan { names, inventory, lookup: &lookup, settings, goal: Goal::Bill(&none), flows };
    let mut scanned = read(&plan)?;
    let repeated_flows = repeated(std::mem::take(&mut scanned.found.flows));
    let risen = settings.duplicates == Duplicates::Sum || !scanned.disordered.contains(&true);
    if risen && repeated_flows.is_empty() {
        return finish(scanned, &plan);
    }
    // The exact second look, at connections and senders whose records did not strictly rise in time.
    let repeated = if risen {
        Repeated::default()
    } else {
        let seen = read(&Plan { goal: Goal::Collect(&scanned.disordered), ..plan })?.found.collected;
        seen.repeated(settings.threads)?
    };
    if repeated.is_empty() && repeated_flows.is_empty() {
        return finish(scanned, &plan);
    }
    drop(scanned);
    let flows = Flows { repeated: &repeated_flows, collect: false, ..flows };
    finish(read(&Plan { goal: Goal::Bill(&repeated), flows, ..plan })?, &plan)
}

fn finish(scanned: Scanned, plan: &Plan<'_>) -> Result<Reading> {
    let Scanned { mut usage, mut found, fractions, .. } = scanned;
    let mut resolved = SpanTally::default();
    let mut kept = Kept { hourly: HourlyBuilder::new(plan.lookup.counters()), fractions };
    resolve_copies(std::mem::take(&mut found.copies), plan, &mut resolved, &mut kept)?;
    found.merge(resolved, plan.settings.keep_all)?;
    for (key, hour, bytes) in kept.fractions.rounded() {
        let totals = &mut found.totals;
        let free = plan.lookup.free[key / Sender::ALL.len()];
        totals.read.bytes += u128::from(bytes);
        let count = if free { &mut totals.free } else { &mut totals.billed };
        count.bytes += u128::from(bytes);
        kept.hourly.add(key as u32, hour, bytes);
    }
    usage.extend(kept.hourly.finish());
    found.refused.sort_by_key(|record| (record.source, record.fault.line));
    found.totals.check()?;
    Ok(Reading {
        usage,
        totals: found.totals,
        refused: found.refused,
        refused_for_cause: found.refused_for_cause,
        refused_for_connection: found.refused_for_connection,
        refused_by_code: found.refused_by_code,
        unknown: found.unknown,
        notes: found.notes,
    })
}

/// Decides what becomes of the copies that were set aside; they were counted as read before.
fn resolve_copies(
    mut copies: Vec<Copy>,
    plan: &Plan<'_>,
    resolved: &mut SpanTally,
    kept: &mut Kept,
) -> Result<()> {
    let settings = plan.settings;
    // Stable, so that copies of one record stay in the order of the input.
    copies.sort_by_key(Copy::group);
    for same in copies.chunk_by(|a, b| a.group() == b.group()) {
        if same.len() < 2 {
            let name = &plan.names[same[0].record.source];
            return Err(Error::unusable(ErrorKind::Input, name, "the input changed while it was read"));
        }
        let equal = same.iter().all(|copy| copy.parts == same[0].parts);
        let keep_one = settings.duplicates == Duplicates::First && equal;
        if keep_one {
            same[0].keep(&mut resolved.totals, kept)?;
        }
        for (index, copy) in same.iter().enumerate().skip(usize::from(keep_one)) {
            let other = &same[usize::from(index == 0)].record.fault;
            let mut record = copy.record.clone();
            let (code, message) = why_refused(same.len(), equal, keep_one, other);
            record.fault = Fault { code, message, ..record.fault };
            let (bytes, rounded_up) = copy.alone();
            resolved.totals.read.bytes += u128::from(rounded_up);
            resolved.refuse(record, bytes, settings.keep_all);
        }
    }
    Ok(())
}

fn why_refused(times: usize, equal: bool, one_kept: bool, other: &Fault) -> (FaultCode, String) {
    let place = other.place();
    if one_kept {
        return (FaultCode::DroppedCopy, format!("a copy of the record at {place}, dropped"));
    }
    let bytes = if equal { "equal" } else { "different" };
    let why =
        format!("this record stands {times} times with {bytes} bytes, also at {place}; see --duplicates");
    (FaultCode::DuplicateRecord, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "timestamp,connection_id,sender,bytes";

    fn connections() -> Inventory {
        let rows = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,created_at,deleted_at\n\
            pcc-1,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-22,1,cn-beijing,1,cn-beijing,,2026-10-02T00:00:00Z,2026-10-25T10:20:00Z\n\
            pcc-333-with-an-id-of-more-than-32-bytes,3,cn-beijing,4,us-east-1,Platinum,2026-10-03T04:05:06Z,2026-10-20T00:00:00Z\n\
            pcc-567890123456789012345678901,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-5678901234567890123456789012,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            \"a\"\"b\",1,cn-beijing,2,cn-shanghai,Gold,,\n";
        crate::inventory(rows, None).unwrap()
    }

    /// Everything that a user could see of a metering.
    fn seen(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules, cut: Cut) -> String {
        match read_cut(sources, inventory, rules, cut) {
            Err(error) => format!("{error}"),
            Ok(metered) => format!(
                "{:?}\n{:?}\n{:#?}\n{} {}\n{}",
                metered.totals,
                metered.usage.metered_hours().unwrap(),
                metered.refused,
                metered.refused_for_cause,
                metered.refused_for_connection,
                metered.usage.digest(inventory).unwrap(),
            ),
        }
    }

    fn timestamps() -> impl Strategy<Value = String> {
        prop_oneof![
            10 => (1u32..=31, 0u32..24, 0u32..4).prop_map(|(d, h, q)| format!("2026-10-{d:02}T{h:02}:{:02}:00Z", q * 15)),
            2 => (0u32..70, 0u32..70).prop_map(|(m, s)| format!("2026-10-05T03:{m:02}:{s:02}Z")),
            1 => Just("2026-10-05T11:15:00+08:00".to_owned()),
            1 => Just("1791170100".to_owned()),
            1 => prop::sample::select(vec![".5", ".0001", ".0002", ".000000001"])
                .prop_map(|fraction| format!("2026-10-05T03:15:00{fraction}Z")),
            1 => Just("2026-09-05T03:15:00Z".to_owned()),
            1 => Just("2026-10-05t03:15:00z".to_owned()),
            1 => "[0-9TZ:-]{0,21}",
            1 => Just("\0".repeat(20)),
            1 => Just(format!("{}10:00:00Z", "\0".repeat(11))),
        ]
    }

    fn lines() -> impl Strategy<Value = String> {
        let id = prop_oneof![
            6 => Just("pcc-1"), 3 => Just("pcc-22"), 2 => Just("pcc-333-with-an-id-of-more-than-32-bytes"),
            1 => Just("pcc-9"), 1 => Just(""), 1 => Just("a\"b"), 1 => Just("\"a\"\"b\""), 1 => Just("\"pcc-1\""),
            1 => Just("\"pcc-1\nx\""), 1 => Just("\"open"), 1 => Just("pcc-1\r"),
            1 => Just("pcc-1\0"), 1 => Just("pcc-567890123456789012345678901"), 1 => Just("pcc-5678901234567890123456789012"),
        ];
        let sender =
            prop_oneof![5 => Just("requester"), 5 => Just("accepter"), 1 => Just("Requester"), 1 => Just("")];
        let bytes = prop_oneof![
            8 => any::<u32>().prop_map(|n| n.to_string()),
            2 => any::<u64>().prop_map(|n| n.to_string()),
            1 => prop::sample::select(vec![
                "", "-5", "1.5", "18446744073709551616", "18446744073709551615", "00000000000000000000007", "5,6", "5\r",
                "\"7\"", "7\0", "\u{663}",
            ]).prop_map(str::to_owned),
        ];
        prop_oneof![
            20 => (timestamps(), id, sender, bytes).prop_map(|(t, i, s, b)| format!("{t},{i},{s},{b}")),
            1 => Just(String::new()),
            1 => "[ -~]{0,40}",
        ]
    }

    #[test]
    fn r15_records_of_one_millisecond_are_copies_only_where_their_instants_are_one() {
        let billed = |fractions: [&str; 2]| {
            let line = |fraction| format!("2026-10-05T03:15:00{fraction}Z,pcc-1,requester,7\n");
            let text = format!("{HEADER}\n{}", fractions.map(line).concat());
            let mut settings = MeterSettings::new("2026-10".parse().unwrap());
            settings.refused = Refused::Count;
            let sources = [TrafficSource::from_bytes("u.csv", text)];
            meter(&sources, connections(), &settings).unwrap().totals().billed.records
        };
        assert_eq!(billed([".0001", ".0002"]), 2);
        assert_eq!(billed([".000000002", ".000000001"]), 2);
        assert_eq!(billed([".0001", ".00010"]), 0);
        assert_eq!(billed(["", ".0"]), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_any_cut_and_any_number_of_threads_see_the_same(
            lines in prop::collection::vec(lines(), 0..60),
            crlf: bool,
            last_line_ends: bool,
            span in 1u64..400,
            block in 1usize..400,
            policy in 0usize..3,
            keep_all: bool,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let mut text = format!("{HEADER}{end}{}", lines.join(end));
            if last_line_ends {
                text.push_str(end);
            }
            let inventory = connections();
            let duplicates = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum][policy];
            let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
            let rules = |threads| Rules { period, duplicates, keep_all, threads };
            let bytes = text.clone().into_bytes();
            let stream = TrafficSource::from_stream("u.csv", move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))));
            let slow = Cut { fast: false, ..Cut::DEFAULT };
            let expected = seen(&[stream], &inventory, &rules(1), slow);
            for threads in [1, 3] {
                for fast in [false, true] {
                    let blocks = [TrafficSource::from_bytes("u.csv", text.clone())];
                    let found = seen(&blocks, &inventory, &rules(threads), Cut { span, block, fast });
                    prop_assert_eq!(&found, &expected);
                }
            }
        }
    }
}
