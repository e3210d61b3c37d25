//! Random small months, full of edges, as values for the oracle and as text for the program.

use super::oracle::{
    Change, Connection, Copies, HOUR, Level, Month, Price, Record, World, instant, period, rational,
    read_instant,
};
use proptest::{collection::vec, option, prelude::*};
use std::ops::RangeInclusive;

const ACCOUNTS: [&str; 4] =
    ["1000000000000001", "1000000000000002", "90071992547409931", "90071992547409932"];

/// Months with other lengths and edges: the last one of a year, and February of a leap year.
const MONTHS: [(i64, i64); 4] = [(2026, 10), (2026, 9), (2026, 12), (2028, 2)];

/// Gold and Platinum in CNY, from the rows' area to the columns': mainland, Asia Pacific, Europe, North and South
/// America, Middle East.
const CHINA_SITE: [[&str; 6]; 6] = [
    ["0.48 0.72", "5.6 8.4", "5.6 8.4", "5.6 8.4", "5.6 8.4", "5.6 8.4"],
    ["5.6 8.4", "0.525 0.788", "0.525 0.788", "0.525 0.788", "2.5 3.75", "2.5 3.75"],
    ["5.6 8.4", "0.525 0.788", "0.131 0.197", "0.35 0.525", "2.5 3.75", "2.5 3.75"],
    ["5.6 8.4", "0.525 0.788", "0.35 0.525", "0.131 0.197", "2.5 3.75", "2.5 3.75"],
    ["5.6 8.4", "2.5 3.75", "2.5 3.75", "2.5 3.75", "2.5 3.75", "2.5 3.75"],
    ["5.6 8.4", "2.5 3.75", "2.5 3.75", "2.5 3.75", "2.5 3.75", "2.5 3.75"],
];
const AREAS: [&str; 6] =
    ["Chinese mainland", "Asia Pacific", "Europe", "North America", "South America", "Middle East"];

/// A catalog in which nothing is symmetric, GB is 10^9 bytes, and Platinum is mostly the cheaper.
pub const MADE_UP_SETTINGS: &str = "name = \"made-up\"\nversion = \"1\"\nsite = \"none\"\ncurrency = \"XTS\"\n\
    gb = \"decimal\"\nsymmetric = false\n[rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"assumed\"\n";
pub const MADE_UP_REGIONS: &str = "region_id,area\naa-one,Alpha\naa-two,Alpha\nbb-one,Beta\nbb-two,Beta\n";
pub const MADE_UP_PRICES: &str = "\
source,destination,link_type,unit_price,effective_from,effective_until,status,source_url,source_date
Alpha,Alpha,Gold,0.5,,,published,u,d
Alpha,Beta,Gold,0.0123456789,,,published,u,d
Beta,Alpha,Gold,3,,,published,u,d
Beta,Beta,Gold,0.05,,,published,u,d
Alpha,Alpha,Platinum,0.25,,,published,u,d
Alpha,Beta,Platinum,0.0000000005,,,published,u,d
Beta,Alpha,Platinum,4.75,,,published,u,d
Beta,Beta,Platinum,0,,,published,u,d
Alpha,Beta,Gold,0.02,2026-10-01,,published,u,d
Alpha,Beta,Platinum,0.01,2026-09-30T20:30:00Z,,published,u,d
Alpha,Alpha,Gold,0.75,2026-09-30T21:00:00Z,2026-10-01T02:00:00Z,published,u,d
aa-one,Beta,Gold,0.7,2026-10-01T01:00:00Z,,published,u,d
Alpha,aa-two,Platinum,0.333,,2026-10-01T00:00:00Z,published,u,d
aa-one,bb-two,Platinum,1234.0123456789,2026-10-01T03:00:00Z,,published,u,d
";

pub fn china_site() -> World {
    let mut prices = Vec::new();
    for (row, source) in CHINA_SITE.iter().zip(AREAS) {
        for (cell, destination) in row.iter().zip(AREAS) {
            for (text, level) in cell.split(' ').zip([Level::Gold, Level::Platinum]) {
                let (source, destination) = (source.to_owned(), destination.to_owned());
                prices.push(Price {
                    source,
                    destination,
                    level,
                    unit_price: rational(text),
                    from: None,
                    until: None,
                });
            }
        }
    }
    let regions = ["cn-hangzhou", "cn-hongkong", "eu-west-1", "us-east-1", "sa-east-1", "me-east-1"];
    let mut regions: Vec<_> = regions.into_iter().zip(AREAS).collect();
    regions.extend([("cn-beijing", AREAS[0]), ("eu-central-1", AREAS[2])]);
    World { regions, prices, gb: 1 << 30, currency: "CNY" }
}

pub fn made_up() -> World {
    let prices = MADE_UP_PRICES.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let at = |text: &str| (!text.is_empty()).then(|| read_instant(text));
        Price {
            source: fields[0].into(),
            destination: fields[1].into(),
            level: if fields[2] == "Gold" { Level::Gold } else { Level::Platinum },
            unit_price: rational(fields[3]),
            from: at(fields[4]),
            until: at(fields[5]),
        }
    });
    let regions = vec![("aa-one", "Alpha"), ("aa-two", "Alpha"), ("bb-one", "Beta"), ("bb-two", "Beta")];
    World { regions, prices: prices.collect(), gb: 1_000_000_000, currency: "XTS" }
}

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
        let mut from = first;
        let mut changes = Vec::new();
        for (at, real) in moments {
            let other = if from == Level::Gold { Level::Platinum } else { Level::Gold };
            let to = if real { other } else { from };
            changes.push(Change { at, from, to });
            from = to;
        }
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

const USAGE: &str = "timestamp,connection_id,sender,bytes";
const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
                           link_type,created_at,deleted_at";
const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type";

/// The header and the rows of a table.
#[derive(Debug, Clone)]
pub struct Table {
    pub header: &'static str,
    pub rows: Vec<String>,
}

impl Table {
    pub fn text(&self) -> String {
        format!("{}\n{}", self.header, self.rows.iter().map(|row| format!("{row}\n")).collect::<String>())
    }
}

pub fn usage(month: &Month) -> Table {
    let rows = month.records.iter().enumerate().map(|(index, record)| {
        // The same instant, written in any way that is read.
        let at = match index % 4 {
            0 => instant(record.at),
            1 => format!("{}+08:00", instant(record.at + 8 * HOUR).trim_end_matches('Z')),
            2 if record.at % 1000 == 0 => (record.at / 1000).to_string(),
            _ => record.at.to_string(),
        };
        let bytes = record.bytes.map_or_else(|| "-1".into(), |bytes| bytes.to_string());
        let sender = ["requester", "accepter"][record.sender];
        format!("{at},{},{sender},{bytes}", record.connection_id)
    });
    Table { header: USAGE, rows: rows.collect() }
}

pub fn connections(month: &Month) -> Table {
    let rows = month.connections.iter().map(|own| {
        let ([requester, accepter], [from, to]) = (&own.accounts, own.regions);
        let last = own.changes.last().map_or(own.first, |change| change.to);
        let [created, deleted] = [own.created, own.deleted].map(|at| at.map(instant).unwrap_or_default());
        format!("{},{requester},{from},{accepter},{to},{last:?},{created},{deleted}", own.id)
    });
    Table { header: CONNECTIONS, rows: rows.collect() }
}

pub fn changes(month: &Month) -> Table {
    let own = |connection: &Connection| {
        let id = connection.id.clone();
        let row =
            move |change: &Change| format!("{id},{},{:?},{:?}", instant(change.at), change.from, change.to);
        connection.changes.iter().map(row).collect::<Vec<_>>()
    };
    Table { header: CHANGES, rows: month.connections.iter().flat_map(own).collect() }
}
