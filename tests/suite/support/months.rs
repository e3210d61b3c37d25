//! Random small months, full of edges, as values for the oracle.

pub use super::tables::*;

use super::oracle::{Change, Connection, Copies, HOUR, Level, Month, Record, World, period};
use proptest::{collection::vec, option, prelude::*};
use std::ops::RangeInclusive;

const ACCOUNTS: [&str; 4] =
    ["1000000000000001", "1000000000000002", "90071992547409931", "90071992547409932"];

/// Months with other lengths and edges: the last one of a year, and February of a leap year.
const MONTHS: [(i64, i64); 4] = [(2026, 10), (2026, 9), (2026, 12), (2028, 2)];

/// A month with up to six connections of `world` and up to sixty records.
pub fn month(world: &World) -> impl Strategy<Value = Month> + use<> {
    month_of(world, 1..=6, 0..=60)
}

/// A month with so many connections of `world` and so many records.
pub fn month_of(
    world: &World,
    connections: RangeInclusive<usize>,
    records: RangeInclusive<usize>,
) -> impl Strategy<Value = Month> + use<> {
    let copies = prop_oneof![Just(Copies::Refuse), Just(Copies::First), Just(Copies::Sum)];
    let regions: Vec<&'static str> = world.regions.iter().map(|(id, _)| *id).collect();
    let connections = vec(connection(regions), connections);
    let edges = (prop::sample::select(&MONTHS[..]), -12..=14_i64);
    (edges, copies, connections, vec(record(), records)).prop_map(
        |(((year, month), offset), copies, connections, records)| {
            let mut month =
                Month { year, month, offset, copies, connections: Vec::new(), records: Vec::new() };
            let edges = period(&month);
            month.connections =
                connections.into_iter().enumerate().map(|(index, drawn)| drawn.place(index, edges)).collect();
            for (index, record) in records.into_iter().enumerate() {
                record.place(index, edges, &mut month);
            }
            month
        },
    )
}

/// Records of both ends of every connection in every `step`th hour of the month, sometimes two, in time order.
pub fn crowd(month: &Month, step: usize) -> Vec<Record> {
    let (start, end) = period(month);
    let mut records = Vec::new();
    for hour in (start..end).step_by(step * HOUR as usize) {
        for (index, connection) in month.connections.iter().enumerate() {
            let number = (hour / HOUR) as u64 * 7919 + index as u64 * 104_729;
            for sender in 0..2 {
                let bytes = match (number + sender as u64) % 101 {
                    0 => u64::MAX,
                    1 => 0,
                    other => number.wrapping_mul(number) << (other % 8),
                };
                let connection_id = connection.id.clone();
                records.push(Record { at: hour, connection_id, sender, bytes: Some(bytes) });
                if number.is_multiple_of(5) {
                    let again = records[records.len() - 1].clone();
                    records.push(Record { at: hour + HOUR / 2, ..again });
                }
            }
        }
    }
    records
}

/// An instant near an edge of the month (`true`: its end), in hours and milliseconds of the hour.
type Moment = (bool, i64, i64);

fn moment() -> impl Strategy<Value = Moment> {
    // Mostly the first twelve hours, so that records, changes and prices meet.
    let hours = prop_oneof![12 => 0..12_i64, 1 => -2..2_i64, 1 => 0..800_i64];
    let within = prop_oneof![3 => Just(0), 2 => Just(HOUR - 1), 1 => Just(HOUR / 2), 1 => 0..HOUR];
    (prop::bool::weighted(0.1), hours, within)
}

fn place((at_end, hours, within): Moment, (start, end): (i64, i64)) -> i64 {
    if at_end { end - (hours + 1) * HOUR + within } else { start + hours * HOUR + within }
}

#[derive(Debug, Clone)]
struct DrawnConnection {
    accounts: [&'static str; 2],
    regions: [&'static str; 2],
    starts_gold: bool,
    /// Moments, and whether the change is a real one.
    changes: Vec<(Moment, bool)>,
    created: Option<Moment>,
    deleted: Option<Moment>,
}

fn connection(regions: Vec<&'static str>) -> impl Strategy<Value = DrawnConnection> {
    let account = || prop::sample::select(&ACCOUNTS[..]);
    let region = || prop::sample::select(regions.clone());
    let accounts = [account(), account()];
    let changes = vec((moment(), prop::bool::weighted(0.8)), 0..6);
    let life = (option::weighted(0.2, moment()), option::weighted(0.2, moment()));
    (accounts, [region(), region()], any::<bool>(), changes, life).prop_map(
        |(accounts, regions, starts_gold, changes, (created, deleted))| DrawnConnection {
            accounts,
            regions,
            starts_gold,
            changes,
            created,
            deleted,
        },
    )
}

impl DrawnConnection {
    fn place(self, index: usize, edges: (i64, i64)) -> Connection {
        let first = if self.starts_gold { Level::Gold } else { Level::Platinum };
        let mut moments: Vec<(i64, bool)> =
            self.changes.into_iter().map(|(moment, real)| (place(moment, edges), real)).collect();
        moments.sort_unstable();
        let changes = Change::chain(first, &moments);
        let created = self.created.map(|moment| place(moment, edges));
        let deleted = self.deleted.map(|moment| place(moment, edges));
        Connection {
            id: format!("pcc-{index}"),
            accounts: self.accounts.map(String::from),
            regions: self.regions,
            first,
            changes,
            created,
            deleted: deleted.filter(|&at| created.is_none_or(|created| created <= at)),
        }
    }
}

#[derive(Debug, Clone)]
struct DrawnRecord {
    moment: Moment,
    /// `None`: a connection that the inventory lacks.
    connection: Option<prop::sample::Index>,
    sender: usize,
    bytes: Option<u64>,
    /// Stands a second time, with so many bytes more.
    copy: Option<u64>,
}

fn record() -> impl Strategy<Value = DrawnRecord> {
    let bytes = prop_oneof![
        2 => Just(0_u64),
        4 => 1..10_u64,
        4 => (1..1000_u64).prop_map(|gb| gb << 30),
        4 => 0..1_000_000_000_000_u64,
        1 => Just(u64::MAX),
    ];
    let connection = option::weighted(0.97, any::<prop::sample::Index>());
    let copy = option::weighted(0.1, prop_oneof![Just(0_u64), Just(0), 1..9_u64]);
    (moment(), connection, 0..2_usize, option::weighted(0.97, bytes), copy).prop_map(
        |(moment, connection, sender, bytes, copy)| DrawnRecord { moment, connection, sender, bytes, copy },
    )
}

impl DrawnRecord {
    fn place(self, index: usize, edges: (i64, i64), month: &mut Month) {
        let connection_id = match self.connection {
            Some(drawn) => month.connections[drawn.index(month.connections.len())].id.clone(),
            None => "pcc-unknown".into(),
        };
        let at = place(self.moment, edges);
        let record = Record { at, connection_id, sender: self.sender, bytes: self.bytes };
        if let Some(more) = self.copy {
            let bytes = record.bytes.map(|bytes| bytes.saturating_add(more));
            month.records.insert(index / 2, Record { bytes, ..record.clone() });
        }
        month.records.push(record);
    }
}
