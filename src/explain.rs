//! One charge, from its records to its amount: what one end of a connection sent in one hour, and why that costs what it
//! does.
//!
//! It is of the metering that a report is made of, and priced by the same rating, so that the two cannot disagree: the
//! records that it finds must add up to the hour that was metered, and the price that it shows must be the one that was
//! rated.

use crate::{
    attribution::attribute,
    catalog::{Catalog, CatalogSummary, ContractRow, Lost, Price, PriceRow, PriceStatus},
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::{HourlyUsage, KeptRecord, Metered, REFUSED_MEMORY, RefusedRecord, read_hours, records_of},
    model::{
        accounts::Accounts,
        connection::Connection,
        did_you_mean,
        finding::{Said, Sentence},
        inventory::Inventory,
        link::{HourLevels, LinkChange, LinkHistory, LinkType},
        money::Amount,
        time::{BillingMonth, Hour, Offset, Timestamp},
        usage::{EndIndex, PARTS, Sender},
    },
    rating::{Line, rate},
    read::{
        TrafficSource,
        record::{Place, rounds_up},
    },
    report::{Report, ReportOptions, report},
};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Which charge is to be explained: what one end of a connection sent in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The connection's id, as in the inventory.
    pub connection_id: String,
    /// The end that sent.
    pub sender: Sender,
    /// The hour, in UTC.
    pub hour: Hour,
}

/// One charge, and all that it comes from.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The billing month that the hour lies in.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// The connection, as in the inventory.
    pub connection: Connection,
    /// The end that sent.
    pub sender: Sender,
    /// The hour, in UTC (R6).
    pub hour: Hour,
    /// The account that pays (R2).
    pub billing_account_id: String,
    /// The account at the other end; may be the same.
    pub peer_account_id: String,
    /// The sender's region.
    pub source_region: String,
    /// The other end's region.
    pub destination_region: String,
    /// The records that are billed, by time and then in the order of the input; empty where the hour has none.
    pub records: Vec<ExplainedRecord>,
    /// The records of this end and hour that are refused (R15), as far as they tell their end and hour, in the order of the
    /// input.
    pub refused: Vec<RefusedRecord>,
    /// The bytes that are billed; 0 also where there is no record.
    pub consumed_bytes: u128,
    /// The link types of the hour; `None` inside a region, where there are none (R8).
    pub link_types: Option<HourLinkTypes>,
    /// What one GB costs in the hour; `None` where there is no record and no price is known (R5).
    pub price: Option<ExplainedPrice>,
    /// The price rows that cover the regions and the billed link type and are not what is paid in the hour, each with why
    /// (R4).
    pub lost_rows: Vec<(PriceRow, Lost)>,
    /// The contract rows that match and do not hold in the hour, likewise.
    pub lost_terms: Vec<(ContractRow, Lost)>,
    /// The catalog, without its prices.
    pub catalog: CatalogSummary,
    /// What the hour costs, exactly, in the catalog's currency (R10).
    pub amount: Amount,
    /// Where it holds a change: that amount less what its bytes cost at the lowest level in effect.
    pub raised_amount: Amount,
    /// Names of accounts, where they were given.
    pub accounts: Option<Arc<Accounts>>,
}

/// A record that is billed in the hour.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedRecord {
    /// The name of its input.
    pub input: Arc<str>,
    /// How that is written, in words: `CSV`, `CloudMonitor datapoints`.
    pub format: &'static str,
    /// Where it stands there, in words of the format: a line, a row, a path.
    pub place: Sentence,
    /// When it begins.
    pub timestamp: Timestamp,
    /// Its whole bytes that lie in the hour.
    pub bytes: u128,
    /// What lies in it beyond them, in units of 10^-30 bytes; only rates leave any. All of an hour are rounded half up once.
    pub fraction: u128,
    /// All of its bytes, where others lie in other hours (R6).
    pub split_of: Option<u128>,
}

/// The link types of an hour, and where they come from (R7).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourLinkTypes {
    /// The type just before the hour.
    pub before: LinkType,
    /// The instant of the last real change before the hour; `None`: it has been that type all along.
    pub since: Option<Timestamp>,
    /// The real changes in the hour, rising; those of one instant are told as what they come to, or as there and back.
    pub changes: Vec<LinkChange>,
    /// What they make of the hour.
    pub levels: HourLevels,
    /// Whether link changes were given at all.
    pub changes_given: bool,
}

/// The price of an hour, and the rows that it comes from.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedPrice {
    /// List price, contracted price and status, as lines have them.
    pub price: Price,
    /// The row of the list price; `None` where there is none, and inside a region.
    pub row: Option<PriceRow>,
    /// The contract row that changes it, where there is one.
    pub contract: Option<ContractRow>,
}

/// Explains what one end of a connection is charged for one hour: of the metering of its month and the `sources` that this
/// is of, which are read once more, and of the catalog that the bill is made with.
///
/// ```
/// use peerbill::{
///     Catalog, MeterSettings, TrafficSource, explain, explain::Question, inventory, meter,
///     model::{time::Timestamp, usage::Sender},
/// };
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let usage = "timestamp,connection_id,sender,bytes\n2026-10-05T03:20:00Z,pcc-1,requester,1000\n";
/// let sources = [TrafficSource::from_bytes("usage.csv", usage)];
/// let metered = meter(&sources, inventory, &MeterSettings::new("2026-10".parse()?))?;
/// let catalog = Catalog::shipped("china-site")?;
/// let hour = Timestamp::parse("2026-10-05T03:00:00Z")?.hour();
/// let question = Question { connection_id: "pcc-1".into(), sender: Sender::Requester, hour };
/// let explained = explain(&metered, &sources, &catalog, &question)?;
/// assert_eq!(&*explained.records[0].input, "usage.csv");
/// assert_eq!(explained.records[0].place.to_string(), "line 2");
/// assert_eq!(explained.amount.exact(catalog.gb).text(0), "0.0000004470348358154296875");
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Usage`](ErrorKind::Usage) where the inventory lacks the connection, or the hour lies outside the month;
/// [`Input`](ErrorKind::Input) where the connection's own row or changes are faulty, and where the sources do not hold what
/// was metered; as [`report()`] where the hour has a record that cannot be priced.
pub fn explain(
    metered: &Metered,
    sources: &[TrafficSource],
    catalog: &Catalog,
    question: &Question,
) -> Result<Explanation> {
    let (end, hour) = (end_of(metered.inventory(), question)?, question.hour);
    if !metered.usage().period().contains(hour) {
        let why = format!("{hour} lies outside the billing month {} ({})", metered.month(), metered.offset());
        return Err(Error::setting("hour", why));
    }
    let connection = metered.inventory().connection(end.connection());
    let to = attribute(connection, end.sender());
    let (records, refused) = records(metered, sources, end, hour)?;
    let bytes = metered.usage().bytes_of(end, hour)?;
    if bytes != summed(&records) {
        return Err(changed(sources));
    }
    let link_types = (!connection.within_region()).then(|| link_types(metered.inventory(), end, hour));
    let priced = priced(metered, catalog, end, hour, bytes)?;
    let mut explanation = Explanation {
        month: metered.month(),
        offset: metered.offset(),
        connection: connection.clone(),
        sender: end.sender(),
        hour,
        billing_account_id: to.billing_account_id.to_owned(),
        peer_account_id: to.peer_account_id.to_owned(),
        source_region: to.source_region.to_owned(),
        destination_region: to.destination_region.to_owned(),
        records,
        refused,
        consumed_bytes: bytes.unwrap_or(0),
        link_types,
        price: None,
        lost_rows: Vec::new(),
        lost_terms: Vec::new(),
        catalog: catalog.summary(),
        amount: priced.as_ref().map_or(Amount::ZERO, |line| line.amount),
        raised_amount: priced.as_ref().map_or(Amount::ZERO, |line| line.raised_amount),
        accounts: None,
    };
    explanation.find_prices(catalog, priced.map(|line| line.price))?;
    Ok(explanation)
}

/// The end that a question is about.
fn end_of(inventory: &Inventory, question: &Question) -> Result<EndIndex> {
    let id = &*question.connection_id;
    match (inventory.index_of(id), inventory.fault_of(id)) {
        (Some(connection), _) => Ok(EndIndex::new(connection, question.sender)),
        (None, Some(fault)) => Err(Error::new(ErrorKind::Input, fault.clone())),
        (None, None) => {
            let near = did_you_mean(id, inventory.connections().iter().map(|connection| &*connection.id));
            Err(Error::setting("connection", format!("{id:?} is not in the inventory{near}")))
        }
    }
}

/// The records of an end and hour that are billed, and those that are refused.
fn records(
    metered: &Metered,
    sources: &[TrafficSource],
    end: EndIndex,
    hour: Hour,
) -> Result<(Vec<ExplainedRecord>, Vec<RefusedRecord>)> {
    let inventory = metered.inventory();
    let kept = records_of(sources, inventory, &metered.rules_keeping_all(), end, hour)?;
    let all_refused = all_refused(metered, sources)?;
    let mut refused: HashMap<Identity<'_>, usize> = HashMap::new();
    all_refused.iter().for_each(|record| *refused.entry(identity(record)).or_default() += 1);
    let (mut billed, mut unbilled) = (Vec::new(), HashSet::new());
    for record in &kept {
        let identity = identity(&record.record);
        match refused.get_mut(&identity) {
            Some(left @ 1..) => {
                *left -= 1;
                unbilled.insert(identity);
            }
            _ => billed.push(record),
        }
    }
    billed.sort_by_key(|record| record.start);
    let id = &inventory.connection(end.connection()).id;
    let told = |record: &&RefusedRecord| {
        unbilled.contains(&identity(record)) || tells_of(record, id, end.sender(), hour)
    };
    let unbilled = all_refused.iter().filter(told).cloned().collect();
    let billed = billed.into_iter().map(|record| explained(record, sources)).collect::<Result<_>>()?;
    Ok((billed, unbilled))
}

/// All records that are refused: where the metering kept the first ones alone, they are metered once more.
fn all_refused<'m>(metered: &'m Metered, sources: &[TrafficSource]) -> Result<Cow<'m, [RefusedRecord]>> {
    let count: u64 = metered.refused_by_code().values().sum();
    if metered.refused().len() as u64 == count {
        return Ok(Cow::Borrowed(metered.refused()));
    }
    let again = read_hours(sources, metered.inventory(), &metered.rules_keeping_all())?;
    again.refusals.refuse_too_many(REFUSED_MEMORY)?;
    Ok(Cow::Owned(again.refusals.records))
}

/// What tells a record from others: where it stands and what it holds. Records that are alike in all of it are so also for
/// whoever bills them.
type Identity<'r> = (usize, Option<u64>, Option<&'r str>, Option<&'r [Vec<u8>; 4]>, &'r [u8]);

fn identity(record: &RefusedRecord) -> Identity<'_> {
    let RefusedRecord { source, fault, fields, raw, .. } = record;
    (*source, fault.line, fault.path.as_deref(), fields.as_ref(), raw)
}

/// Whether a record that is refused tells that it is of this end and hour, though it need not be readable.
fn tells_of(record: &RefusedRecord, connection_id: &str, sender: Sender, hour: Hour) -> bool {
    let Some([at, id, own_sender, _]) = &record.fields else { return false };
    let at = std::str::from_utf8(at).ok().and_then(|at| Timestamp::parse(at).ok());
    let is_end = id == connection_id.as_bytes() && own_sender == sender.as_str().as_bytes();
    is_end && at.is_some_and(|at| at.hour() == hour)
}

fn explained(kept: &KeptRecord, sources: &[TrafficSource]) -> Result<ExplainedRecord> {
    let KeptRecord { record, place, start, quantity, whole } = kept;
    let line = record.fault.line.unwrap_or_default();
    let source = sources.get(record.source).ok_or_else(|| Error::internal("a record of no source"))?;
    Ok(ExplainedRecord {
        input: source.shared_name().clone(),
        format: source.format_name()?,
        place: match place {
            None => Said::Line { line },
            Some(Place::Datapoint(path)) => Said::LineAndPath { line, path: path.to_string() },
            #[cfg(feature = "parquet")]
            Some(Place::Row { group, row }) => Said::RowOfGroup { group: *group, row: *row },
        }
        .into(),
        timestamp: *start,
        bytes: quantity.bytes,
        fraction: quantity.fraction,
        split_of: (whole != quantity).then_some(whole.bytes),
    })
}

/// The bytes of all records, as an hour sums them: fractions are rounded half up once. `None` where there is no record.
fn summed(records: &[ExplainedRecord]) -> Option<u128> {
    let (mut bytes, mut fraction) = (0, 0);
    for record in records {
        bytes += record.bytes;
        fraction += record.fraction;
        if fraction >= PARTS {
            (bytes, fraction) = (bytes + 1, fraction - PARTS);
        }
    }
    (!records.is_empty()).then_some(bytes + u128::from(rounds_up(fraction)))
}

/// The sources do not hold what was metered.
fn changed(sources: &[TrafficSource]) -> Error {
    let why = "the input is not what was metered: it changed while it was read";
    match sources {
        [source] => Error::unusable(ErrorKind::Input, source.name(), why),
        _ => Error::new(ErrorKind::Input, Fault::new(FaultCode::UnusableInput, why)),
    }
}

fn link_types(inventory: &Inventory, end: EndIndex, hour: Hour) -> HourLinkTypes {
    let history = inventory.history(end.connection());
    let (before, since) = type_before(history, hour);
    let (mut changes, mut from) = (Vec::new(), before);
    for &(changed_at, to) in history.switches().iter().filter(|(at, _)| at.hour() == hour) {
        let connection_id = inventory.connection(end.connection()).id.clone();
        let mut push = |from, to| {
            changes.push(LinkChange { connection_id: connection_id.clone(), changed_at, from, to });
        };
        if from == to {
            // Changes of one instant that went there and back.
            let other = if from == LinkType::Gold { LinkType::Platinum } else { LinkType::Gold };
            push(from, other);
            push(other, to);
        } else {
            push(from, to);
        }
        from = to;
    }
    let (levels, changes_given) = (history.levels(hour), inventory.changes_given());
    HourLinkTypes { before, since, changes, levels, changes_given }
}

/// The type just before an hour, and since when.
fn type_before(history: &LinkHistory, hour: Hour) -> (LinkType, Option<Timestamp>) {
    let mut before = history.switches().iter().filter(|(at, _)| *at < hour.start());
    before.next_back().map_or((history.first(), None), |(at, link_type)| (*link_type, Some(*at)))
}

/// The hour as a report has it, also where it has no record; `None` where it then has no price.
fn priced(
    metered: &Metered,
    catalog: &Catalog,
    end: EndIndex,
    hour: Hour,
    bytes: Option<u128>,
) -> Result<Option<Line>> {
    let (period, inventory) = (metered.usage().period(), metered.inventory());
    let connections = inventory.connections().len();
    let usage = HourlyUsage::of_one(period, connections, end, hour, bytes.unwrap_or(0));
    match rate(&usage, inventory, catalog, true, None) {
        Ok(mut lines) => lines.pop().map(Some).ok_or_else(|| Error::internal("an hour was rated to no line")),
        Err(error) if bytes.is_none() && error.kind() == ErrorKind::MissingPrice => Ok(None),
        Err(error) => Err(error),
    }
}

impl Explanation {
    /// With names of accounts, which it then shows.
    #[must_use]
    pub fn with_accounts(self, accounts: Option<Arc<Accounts>>) -> Self {
        Self { accounts, ..self }
    }

    /// The name of an account, where names were given and it has one.
    pub fn account_name(&self, account_id: &str) -> Option<&str> {
        self.accounts.as_ref()?.get(account_id)?.name()
    }

    /// Whether the hour has a record that is billed.
    pub fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// Whether what is paid is a unit price of the account's contract.
    pub fn by_contract(&self) -> bool {
        self.price.as_ref().is_some_and(|price| price.price.status == PriceStatus::Contract)
    }

    /// Finds the rows of what was rated.
    fn find_prices(&mut self, catalog: &Catalog, rated: Option<Price>) -> Result<()> {
        let Some(levels) = self.link_types.as_ref().map(|own| own.levels) else {
            self.price = rated.map(|price| ExplainedPrice { price, row: None, contract: None });
            return Ok(());
        };
        let (account, hour) = (&*self.billing_account_id, self.hour);
        let (source, destination) = (&*self.source_region, &*self.destination_region);
        let quote = catalog.quote(account, source, destination, levels.highest, hour)?;
        if let Some((rated, quote)) = rated.zip(quote) {
            if rated != quote.price {
                return Err(Error::internal("an hour was rated at another price than its rows tell"));
            }
            let (row, contract) = (quote.row.cloned(), quote.contract.cloned());
            self.price = Some(ExplainedPrice { price: rated, row, contract });
        }
        let displaced =
            self.price.as_ref().filter(|_| self.by_contract()).and_then(|price| price.row.clone());
        self.lost_rows.extend(displaced.map(|row| (row, Lost::Contract)));
        let lost = catalog.lost_rows(source, destination, levels.highest, hour)?;
        self.lost_rows.extend(lost.into_iter().map(|(row, why)| (row.clone(), why)));
        let lost = catalog.lost_terms(account, source, destination, levels.highest, hour)?;
        self.lost_terms = lost.into_iter().map(|(row, why)| (row.clone(), why)).collect();
        Ok(())
    }
}

/// The lines of an account, each with its largest hour.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct AccountLines {
    /// The account's statement.
    pub report: Report,
    /// Of each of its lines, the hour that has most bytes: the first of several.
    pub largest: Vec<LargestHour>,
}

/// The hour of a line that has most bytes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LargestHour {
    /// The hour, in UTC.
    pub hour: Hour,
    /// Its bytes.
    pub bytes: u128,
    /// What they cost, exactly, in the catalog's currency.
    pub amount: Amount,
}

/// The lines of one account, as its statement has them, each with the hour that has most bytes: where to begin to look.
/// With names of accounts they are shown.
///
/// # Errors
///
/// As [`report()`] of that account.
pub fn account_lines(
    metered: &Metered,
    catalog: &Catalog,
    account_id: &str,
    accounts: Option<Arc<Accounts>>,
) -> Result<AccountLines> {
    let account = Some(account_id.to_owned());
    let options = ReportOptions { hourly: true, account, accounts, ..ReportOptions::default() };
    let hourly = report(metered, catalog, options)?;
    type Key = (usize, Sender, Option<LinkType>, Price);
    let key = |line: &Line| -> Key { (line.connection, line.sender, line.link_type, line.price) };
    let mut largest: HashMap<Key, LargestHour> = HashMap::new();
    for line in &hourly.lines {
        let hour = line.hour.ok_or_else(|| Error::internal("an hourly line has no hour"))?;
        let own = LargestHour { hour, bytes: line.bytes, amount: line.amount };
        let most = largest.entry(key(line)).or_insert(own);
        if (own.bytes, most.hour) > (most.bytes, own.hour) {
            *most = own;
        }
    }
    let report = hourly.without_hours()?;
    let of_line = |line: &Line| largest.get(&key(line)).copied();
    let largest = report.lines.iter().map(of_line).collect::<Option<_>>();
    let largest = largest.ok_or_else(|| Error::internal("a line has no hour"))?;
    Ok(AccountLines { report, largest })
}
