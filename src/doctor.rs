//! What inputs hold, before anybody trusts a bill: how they are written, what period and which connections they
//! cover, where hours have no record, and what would be refused.

use crate::{
    error::{FaultCode, Result},
    findings::{Surveyor, findings},
    meter::{
        ControlTotals, Duplicates, HourRow, Keep, MeterSettings, Refused, Rules, UnknownConnections, meter,
        read_hours,
    },
    model::{
        connection::{Connection, End},
        finding::{Finding, FindingCode, Said},
        inventory::Inventory,
        link::LinkType,
        time::{BillingMonth, Hour, Offset, Period},
        usage::{EndIndex, Sender},
    },
    read::{
        TrafficSource,
        layout::Layout,
        native::plain::Each,
        record::{NamedConnection, Observation},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// Hours that are looked through for records, one stretch after the other while records lie outside: the first
/// ones hold every month in which peering connections have been billed.
const STRETCHES: [(i64, i64); 3] = [(442_656, 502_656), (502_656, 562_656), (382_656, 442_656)];

/// What one source of traffic holds.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct SourceSummary {
    /// Its name, as in messages.
    pub name: Arc<str>,
    /// How it is written, in words.
    pub format: &'static str,
    /// Records, readable or not.
    pub records: u64,
    /// Records that can be billed in no month: unreadable, of a connection that is not known, outside its life.
    pub refused: u64,
    /// From the first hour that has a record of a known connection up to the last one, in UTC.
    pub hours: Option<Period>,
    /// Months that have one, with their edges in the offset that was given (R12).
    pub months: BTreeSet<BillingMonth>,
    /// What its records tell of other connections.
    pub unknown: UnknownConnections,
}

/// What all sources hold of one month.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct MonthSummary {
    /// The month.
    pub month: BillingMonth,
    /// Where every record went (R14).
    pub totals: ControlTotals,
    /// How many records are refused for each reason (R15).
    pub refused: BTreeMap<FaultCode, u64>,
    /// Both ends of every connection that can have traffic in the month.
    pub ends: Vec<EndCoverage>,
    /// The end of which there is no record at all, while the other has some.
    pub silent: Option<Sender>,
    /// What a report would find in the traffic (R16).
    pub findings: Vec<Finding>,
}

/// What one end of a connection sent in a month.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct EndCoverage {
    /// The connection, as an index into the inventory.
    pub connection: usize,
    /// The end.
    pub sender: Sender,
    /// How many hours of the month the connection exists in, its hours of creation and deletion included.
    pub expected: u64,
    /// How many of them have a record of this end.
    pub covered: u64,
    /// From the first hour with a record to the last one.
    pub hours: Option<Period>,
    /// Stretches of hours that have none, by time.
    pub gaps: Vec<Period>,
}

/// Looks through one source for the hours that it covers, whatever they are.
///
/// `inventory` needs no link changes: they decide about no hour. `offset` tells where months have their edges (R12),
/// and `threads` how many threads read. The source is read again where records lie before 2020-07-01 or after
/// 2027-05-05.
///
/// # Errors
///
/// [`Input`](crate::ErrorKind::Input) where the source cannot be read as a whole; records that cannot be billed are
/// counted. [`Overflow`](crate::ErrorKind::Overflow) where a sum is too large to be exact.
pub fn look_through(
    source: &TrafficSource,
    inventory: &Inventory,
    offset: Offset,
    threads: usize,
) -> Result<SourceSummary> {
    let mut seen = SourceSummary {
        name: source.shared_name().clone(),
        format: source.format_name()?,
        records: 0,
        refused: 0,
        hours: None,
        months: BTreeSet::new(),
        unknown: UnknownConnections::default(),
    };
    let mut found = 0;
    for (start, end) in STRETCHES {
        let period = Period { start: Hour::from_index(start), end: Hour::from_index(end) };
        let rules = Rules { period, offset, duplicates: Duplicates::Sum, keep: Keep::First, threads };
        let metered = read_hours(std::slice::from_ref(source), inventory, &rules)?;
        let totals = metered.totals;
        found += totals.billed.records + totals.free.records;
        seen.records = totals.read.records;
        seen.unknown.merge(metered.unknown);
        // What cannot be read is refused in every stretch, the rest where it lies.
        let again = |(code, _): &(&FaultCode, &u64)| seen.refused == 0 || **code != FaultCode::UnreadableRow;
        seen.refused += metered.refusals.by_code.iter().filter(again).map(|(_, count)| count).sum::<u64>();
        for hours in metered.usage.fold(Vec::new, |hours, row| {
            hours.push(row.hour);
            Ok(())
        })? {
            for hour in hours {
                seen.hours = Some(joined(seen.hours, hour));
                seen.months.insert(BillingMonth::of(hour, offset)?);
            }
        }
        if found + seen.refused >= totals.read.records {
            break;
        }
    }
    Ok(seen)
}

fn joined(hours: Option<Period>, hour: Hour) -> Period {
    Period { start: hour, end: hour.next() }.joined(hours)
}

/// The connections that traffic names, where no inventory is given: taken to be between regions, and to exist in all
/// hours. Good to count hours, and for nothing else.
pub fn inventory_of(seen: &[SourceSummary]) -> Inventory {
    let ids: BTreeSet<&str> = seen.iter().flat_map(|source| &source.unknown.ids).map(|id| &**id).collect();
    let end = |region: &str| End::new("", region);
    let connection = |id| Connection::new(id, end("requester"), end("accepter"), LinkType::Gold);
    Inventory::planned(ids.into_iter().map(connection).collect())
}

/// Meters one month as a report would, and says what it would stand on. Refused records are counted, whatever
/// [`MeterSettings::refused`] says.
///
/// # Errors
///
/// [`Input`](crate::ErrorKind::Input) where a source cannot be read as a whole,
/// [`Overflow`](crate::ErrorKind::Overflow) where a sum is too large to be exact.
pub fn examine(
    sources: &[TrafficSource],
    inventory: &Arc<Inventory>,
    settings: MeterSettings,
) -> Result<MonthSummary> {
    let period = settings.period();
    // What is refused is told, and stops nothing.
    let settings = MeterSettings { refused: Refused::Count, ..settings };
    let metered = meter(sources, inventory.clone(), &settings)?;
    let surveyor = Surveyor::new(inventory);
    let surveys = metered.usage().fold(|| surveyor.survey(), |survey, row| surveyor.add_row(survey, row))?;
    let keys = inventory.connections().len() * Sender::ALL.len();
    let covered = metered.usage().fold(|| Covered::new(keys), |covered, row| covered.add(row, period))?;
    let covered = covered.into_iter().fold(Covered::new(keys), Covered::merged);
    let ends = ends_covered(inventory, period, &covered);
    let has_records = |sender| ends.iter().any(|end| end.sender == sender && end.covered > 0);
    let silent = match Sender::ALL.map(has_records) {
        [true, false] => Some(Sender::Accepter),
        [false, true] => Some(Sender::Requester),
        _ => None,
    };
    let mut findings = findings(&metered, &surveyor.merge(surveys));
    findings.extend(shifted_windows(sources, inventory, period)?);
    findings.sort_by_key(|finding| finding.code);
    let (totals, refused) = (metered.totals(), metered.refused_by_code().clone());
    Ok(MonthSummary { month: metered.month(), totals, refused, ends, silent, findings })
}

/// What datapoints of one end show of the edges of a month, in seconds since 1970.
#[derive(Default)]
struct Edges {
    /// The two that start first in the month, or as far as there are so many.
    first: [Option<i64>; 2],
    /// The one that starts first after it.
    after: Option<i64>,
}

impl Edges {
    /// Takes the start of a datapoint.
    fn add(&mut self, start: i64, month: &Range<i64>) {
        if start >= month.end {
            self.after = Some(self.after.map_or(start, |after| after.min(start)));
        } else if start >= month.start && !self.first.contains(&Some(start)) {
            let mut all: Vec<i64> = self.first.into_iter().flatten().chain([start]).collect();
            all.sort_unstable();
            self.first = [all.first().copied(), all.get(1).copied()];
        }
    }

    /// Whether just the first period of the month is missing, and the first of the next month is there.
    fn shifted(&self, month: &Range<i64>) -> bool {
        let ([Some(first), Some(second)], Some(after)) = (self.first, self.after) else { return false };
        let period = second - first;
        (1..=period).contains(&(first - month.start)) && after - month.end < period
    }
}

/// The ends whose datapoints of CloudMonitor were asked for with the edges of a month as they stand: a query leaves its
/// start out and includes its end (the provider's documentation of 2026-01-22), which moves the window by one period.
fn shifted_windows(sources: &[TrafficSource], inventory: &Inventory, period: Period) -> Result<Vec<Finding>> {
    let month = period.start.index() * 3600..period.end.index() * 3600;
    let mut ends: BTreeMap<EndIndex, Edges> = BTreeMap::new();
    for source in sources {
        let Layout::Datapoints(datapoints) = source.layout()? else { continue };
        let mut each = Each(|observation: Observation<'_>| {
            let Ok(traffic) = observation.traffic else { return Ok(()) };
            let NamedConnection::Id { id, sender } = traffic.connection else { return Ok(()) };
            let known = std::str::from_utf8(id).ok().and_then(|id| inventory.index_of(id));
            if let Some(connection) = known {
                let end = ends.entry(EndIndex::new(connection, sender)).or_default();
                end.add(traffic.start.seconds(), &month);
            }
            Ok(())
        });
        datapoints.read(&mut source.stream()?, &mut each)?;
    }
    // One that was created in the month has no period at its start.
    let is_old =
        |end: &EndIndex| inventory.connection(end.connection()).hours_in(period).start == period.start;
    let shifted = ends.iter().filter(|(end, edges)| edges.shifted(&month) && is_old(end));
    Ok(shifted
        .map(|(end, _)| shifted_window(&inventory.connection(end.connection()).id, end.sender()))
        .collect())
}

fn shifted_window(id: &Arc<str>, sender: Sender) -> Finding {
    let said = Said::WindowShifted { id: id.clone(), sender };
    Finding::of(FindingCode::WindowShifted, said).about(id).of_sender(sender)
}

const WORDS: usize = 744_usize.div_ceil(64);

/// By connection and sender: a bit for each hour that has a record. A month has at most 744.
struct Covered(Vec<[u64; WORDS]>);

impl Covered {
    fn new(keys: usize) -> Self {
        Self(vec![[0; WORDS]; keys])
    }

    fn add(&mut self, row: &HourRow<'_>, period: Period) -> Result<()> {
        row.try_each(|cell| {
            let hour = (cell.hour.index() - period.start.index()) as usize;
            let key = EndIndex::new(cell.connection, cell.sender).index();
            self.0[key][hour / 64] |= 1 << (hour % 64);
            Ok(())
        })
    }

    fn merged(mut self, other: Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            own.iter_mut().zip(other).for_each(|(own, other)| *own |= other);
        }
        self
    }

    fn has(&self, key: usize, hour: usize) -> bool {
        self.0[key][hour / 64] >> (hour % 64) & 1 == 1
    }
}

fn ends_covered(inventory: &Inventory, period: Period, covered: &Covered) -> Vec<EndCoverage> {
    let mut ends = Vec::new();
    for (connection, own) in inventory.connections().iter().enumerate() {
        let life = own.hours_in(period);
        for sender in Sender::ALL.into_iter().filter(|_| life.hours() > 0) {
            let key = EndIndex::new(connection, sender).index();
            let mut end = EndCoverage {
                connection,
                sender,
                expected: life.hours(),
                covered: 0,
                hours: None,
                gaps: Vec::new(),
            };
            for index in life.start.index()..life.end.index() {
                let hour = Hour::from_index(index);
                if covered.has(key, (index - period.start.index()) as usize) {
                    end.covered += 1;
                    end.hours = Some(joined(end.hours, hour));
                    continue;
                }
                match end.gaps.last_mut() {
                    Some(gap) if gap.end == hour => gap.end = hour.next(),
                    _ => end.gaps.push(Period { start: hour, end: hour.next() }),
                }
            }
            ends.push(end);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,created_at\n\
        pcc-1,1,cn-beijing,2,us-east-1,Gold,2026-10-31T12:30:00Z\n";
    const USAGE: &str = "timestamp,connection_id,sender,bytes\n\
        2026-10-31T12:40:00Z,pcc-1,requester,1\n\
        2026-10-31T15:00:00Z,pcc-1,requester,1\n\
        2026-10-31T15:00:00Z,pcc-1,requester,1\n\
        2026-10-31T16:00:00Z,pcc-1,requester,1\n\
        2026-10-31T17:00:00Z,pcc-9,requester,1\n\
        2031-01-01T00:00:00Z,pcc-1,accepter,1\n\
        2015-01-01T00:00:00Z,pcc-1,accepter,1\n\
        x,pcc-1,requester,1\n";

    #[test]
    fn a_window_of_cloudmonitor_that_is_cut_at_the_month_is_seen() {
        use crate::read::CloudMonitor;

        let connections = CONNECTIONS.replace("2026-10-31T12:30:00Z", "");
        let examined = |points: &[&str], connections: &str| {
            let rows = points.iter().map(|at| format!("{at},pcc-1,5\n")).collect::<String>();
            let text = format!("timestamp,instanceId,Sum\n{rows}");
            let source = TrafficSource::from_bytes("rx.csv", text);
            let source = source.as_cloudmonitor(Sender::Requester, &CloudMonitor::default());
            let inventory = Arc::new(crate::inventory(connections, None).unwrap());
            let settings = MeterSettings::new("2026-10".parse().unwrap());
            let found = examine(&[source], &inventory, settings).unwrap().findings;
            found.into_iter().filter(|found| found.code == FindingCode::WindowShifted).collect::<Vec<_>>()
        };
        // October begins at 2026-09-30T16:00:00Z and ends at 2026-10-31T16:00:00Z.
        let minutes = ["2026-10-31T16:00:00Z", "2026-09-30T16:02:00Z", "2026-09-30T16:01:00Z"];
        let found = examined(&minutes, &connections);
        assert_eq!((found.len(), found[0].sender), (1, Some(Sender::Requester)));
        assert!(found[0].message().contains("pcc-1"));
        let hours = ["2026-09-30T17:00:00Z", "2026-09-30T18:00:00Z", "2026-10-31T16:00:00Z"];
        assert_eq!(examined(&hours, &connections).len(), 1);
        for whole in [
            &[&minutes[..], &["2026-09-30T16:00:00Z"]].concat()[..],
            &minutes[1..],
            &["2026-09-30T16:01:00Z", "2026-09-30T16:02:00Z", "2026-10-31T16:01:00Z"],
            &["2026-09-30T16:03:00Z", "2026-09-30T16:04:00Z", "2026-10-31T16:00:00Z"],
            &["2026-10-31T16:00:00Z"],
        ] {
            assert_eq!(examined(whole, &connections), [], "{whole:?}");
        }
        let created = CONNECTIONS.replace("2026-10-31T12:30:00Z", "2026-09-30T17:00:30Z");
        assert_eq!(examined(&hours, &created), [], "there is no period before its creation");
    }

    #[test]
    fn every_month_is_found_and_examined() {
        let inventory = crate::inventory(CONNECTIONS, None).unwrap();
        let source = [TrafficSource::from_bytes("usage.csv", USAGE)];
        let seen = look_through(&source[0], &inventory, Offset::CHINA, 2).unwrap();
        let months: Vec<String> = seen.months.iter().map(ToString::to_string).collect();
        assert_eq!(months, ["2026-10", "2026-11", "2031-01"]);
        assert_eq!((seen.format, seen.records), ("CSV", 8));
        let hours = seen.hours.unwrap();
        assert_eq!(
            (hours.start.to_string(), hours.end.to_string()),
            ("2026-10-31T12:00:00Z".into(), "2031-01-01T01:00:00Z".into())
        );

        let october = MeterSettings { threads: 2, ..MeterSettings::new("2026-10".parse().unwrap()) };
        let seen = examine(&source, &Arc::new(inventory), october).unwrap();
        assert_eq!(seen.silent, Some(Sender::Accepter));
        assert_eq!(
            seen.refused,
            BTreeMap::from([(FaultCode::DuplicateRecord, 2), (FaultCode::UnreadableRow, 1)])
        );
        let gaps = |end: &EndCoverage| end.gaps.iter().map(|gap| gap.hours()).collect::<Vec<_>>();
        // The connection exists from 12:00 to the end of the month at 16:00.
        let ends: Vec<_> = seen.ends.iter().map(|end| (end.expected, end.covered, gaps(end))).collect();
        assert_eq!(ends, [(4, 1, vec![3]), (4, 0, vec![4])]);
    }
}
