//! The whole report against the slow oracle of the tests: a small month, drawn from the input, told in random spellings.

use super::{
    chance::{Chance, Chunks},
    outcome::check_error,
    outputs,
};
use crate::support::{
    oracle::{self, Change, Connection, Copies, HOUR, Level, Month, Record, World, instant, period},
    tables::{self, MADE_UP_PRICES, MADE_UP_REGIONS, MADE_UP_SETTINGS},
};
use arbitrary::{Result, Unstructured};
use peerbill::{
    Catalog, MeterSettings, Metered, ReportOptions, TrafficSource,
    catalog::CatalogSource,
    meter::{Duplicates, Refused, meter},
    model::time::Offset,
    read::{Document, InventorySettings, read_inventory},
    report, write,
};
use std::sync::{Arc, OnceLock};

/// A month of a few connections and records, whose report is held against the oracle's.
pub fn month(data: &[u8]) {
    if data.len() > 4096 {
        return;
    }
    let mut draw = Unstructured::new(data);
    // An input that is too short draws zeros.
    let Ok((site, month, hourly)) = drawn(&mut draw) else { return };
    let mut chance = Chance::of(draw.take_rest());
    let metered = metered(site, &month, &mut chance);
    check(site, &month, hourly, &metered);
}

/// A catalog, and what the oracle knows about it.
struct Site {
    catalog: Catalog,
    world: World,
}

fn sites() -> &'static [Site; 2] {
    static SITES: OnceLock<[Site; 2]> = OnceLock::new();
    SITES.get_or_init(|| {
        let made_up = Catalog::read(&CatalogSource {
            settings: Document::new("catalog.toml", MADE_UP_SETTINGS),
            prices: Document::new("prices.csv", MADE_UP_PRICES),
            regions: Some(Document::new("regions.csv", MADE_UP_REGIONS)),
        });
        [
            Site {
                catalog: Catalog::shipped("china-site").expect("it is shipped"),
                world: tables::china_site(),
            },
            Site { catalog: made_up.expect("it can be read"), world: tables::made_up() },
        ]
    })
}

const ACCOUNTS: [&str; 4] =
    ["1000000000000001", "1000000000000002", "90071992547409931", "90071992547409932"];
const MONTHS: [(i64, i64); 4] = [(2026, 10), (2026, 9), (2026, 12), (2028, 2)];

/// A site, a month of it, and whether its lines are hourly.
fn drawn(draw: &mut Unstructured<'_>) -> Result<(&'static Site, Month, bool)> {
    let site = draw.choose(sites())?;
    let hourly = draw.arbitrary()?;
    let (year, month) = *draw.choose(&MONTHS)?;
    let offset = draw.int_in_range(-12..=14)?;
    let copies = *draw.choose(&[Copies::Refuse, Copies::First, Copies::Sum])?;
    let mut month = Month { year, month, offset, copies, connections: Vec::new(), records: Vec::new() };
    let edges = period(&month);
    for index in 0..draw.int_in_range(1..=4)? {
        let connection = connection(draw, &site.world, index, edges)?;
        month.connections.push(connection);
    }
    for _ in 0..draw.int_in_range(0..=24)? {
        let record = record(draw, &month, edges)?;
        month.records.push(record);
    }
    Ok((site, month, hourly))
}

/// An instant, mostly near an edge of the month and of an hour.
fn moment(draw: &mut Unstructured<'_>, (start, end): (i64, i64)) -> Result<i64> {
    let kind: u8 = draw.arbitrary()?;
    let hours = match kind >> 5 {
        0..6 => draw.int_in_range(0..=7)?,
        6 => draw.int_in_range(-2..=1)?,
        _ => draw.int_in_range(0..=799)?,
    };
    let within = match kind & 3 {
        0 | 1 => 0,
        2 => HOUR - 1,
        _ => draw.int_in_range(0..=HOUR - 1)?,
    };
    let at_end = (kind >> 2) & 7 == 7;
    Ok(if at_end { end - (hours + 1) * HOUR + within } else { start + hours * HOUR + within })
}

fn connection(
    draw: &mut Unstructured<'_>,
    world: &World,
    index: usize,
    edges: (i64, i64),
) -> Result<Connection> {
    let accounts = [*draw.choose(&ACCOUNTS)?, *draw.choose(&ACCOUNTS)?].map(String::from);
    let regions = [draw.choose(&world.regions)?.0, draw.choose(&world.regions)?.0];
    let first = *draw.choose(&[Level::Gold, Level::Platinum])?;
    let mut moments = Vec::new();
    for _ in 0..draw.int_in_range(0..=5)? {
        moments.push((moment(draw, edges)?, draw.ratio(4, 5)?));
    }
    moments.sort_unstable();
    let changes = Change::chain(first, &moments);
    let mut life = [None, None];
    for end in &mut life {
        if draw.ratio(1, 4)? {
            *end = Some(moment(draw, edges)?);
        }
    }
    let [created, deleted] = life;
    let deleted = deleted.filter(|&at| created.is_none_or(|created| created <= at));
    Ok(Connection { id: format!("pcc-{index}"), accounts, regions, first, changes, created, deleted })
}

fn record(draw: &mut Unstructured<'_>, month: &Month, edges: (i64, i64)) -> Result<Record> {
    let kind: u8 = draw.arbitrary()?;
    if kind & 7 == 7 && !month.records.is_empty() {
        // A copy of one before, perhaps with other bytes.
        let mut copy = draw.choose(&month.records)?.clone();
        copy.bytes = copy.bytes.map(|bytes| bytes.saturating_add(u64::from(kind >> 7)));
        return Ok(copy);
    }
    let connection_id = match kind >> 3 {
        0 => "pcc-unknown".into(),
        _ => draw.choose(&month.connections)?.id.clone(),
    };
    let bytes = match draw.int_in_range(0..=15)? {
        0 => None,
        1 => Some(u64::MAX),
        2 => Some(0),
        3..8 => Some(draw.int_in_range(1..=999)? << 30),
        _ => Some(draw.arbitrary()?),
    };
    Ok(Record {
        at: moment(draw, edges)?,
        connection_id,
        sender: usize::from(draw.arbitrary::<bool>()?),
        bytes,
    })
}

/// Meters the month in spellings and pieces that chance says.
fn metered(site: &Site, month: &Month, chance: &mut Chance) -> Metered {
    let connections = [Document::new("connections.csv", tables::connections(month).text())];
    let changes = [Document::new("link-changes.csv", tables::changes(month).text())];
    let check = |region: &str| site.catalog.check_region(region);
    let inventory = read_inventory(&connections, Some(&changes), &InventorySettings::new(&check))
        .expect("the inventory is readable");
    assert_eq!(inventory.faults(), []);
    let name = format!("{:04}-{:02}", month.year, month.month);
    let mut settings = MeterSettings::new(name.parse().expect("a month"));
    settings.offset = Offset::from_hours(month.offset as i8).expect("an offset");
    settings.refused = Refused::Keep;
    settings.threads = if chance.once_in(8) { 3 } else { 1 };
    settings.duplicates = match month.copies {
        Copies::Refuse => Duplicates::Refuse,
        Copies::First => Duplicates::First,
        Copies::Sum => Duplicates::Sum,
    };
    let mut records: Vec<&Record> = month.records.iter().collect();
    for index in 1..records.len() {
        records.swap(index, chance.below(index + 1));
    }
    let split = chance.below(records.len() + 1);
    let sources = [&records[..split], &records[split..]].map(|records| source(records, chance));
    meter(&sources, inventory, &settings).unwrap_or_else(|error| {
        check_error(&error);
        panic!("the usage is readable: {error}")
    })
}

/// A source that tells these records.
fn source(records: &[&Record], chance: &mut Chance) -> TrafficSource {
    let text = if chance.once_in(2) && !records.is_empty() {
        as_json(records, chance)
    } else {
        as_csv(records, chance)
    };
    if chance.once_in(2) {
        return TrafficSource::from_bytes("usage", text);
    }
    let (bytes, chunk) = (Arc::<[u8]>::from(text.as_bytes()), chance.one(&[1, 7, 64, 4096]));
    TrafficSource::from_stream("usage", move || Ok(Box::new(Chunks::new(bytes.clone(), chunk))))
}

const COLUMNS: [&str; 5] = ["timestamp", "connection_id", "sender", "bytes", "note"];

/// Its values, each in one of its spellings.
fn values(record: &Record, chance: &mut Chance) -> [String; 5] {
    let local = |hours: i64| instant(record.at + hours * HOUR).trim_end_matches('Z').to_owned();
    let at = match chance.below(5) {
        0 if record.at % 1000 == 0 => (record.at / 1000).to_string(),
        0 | 1 => record.at.to_string(),
        2 => format!("{}+08:00", local(8)),
        3 => format!("{}-11:00", local(-11)),
        _ => instant(record.at),
    };
    let unreadable = chance.one(&["-1", "1.5", "", "1e3", "18446744073709551616", "x"]);
    let bytes = record.bytes.map_or_else(|| unreadable.into(), |bytes| bytes.to_string());
    [
        at,
        record.connection_id.clone(),
        ["requester", "accepter"][record.sender].into(),
        bytes,
        "a,\"b\"".into(),
    ]
}

fn as_csv(records: &[&Record], chance: &mut Chance) -> String {
    let turn = chance.below(5);
    let columns: Vec<usize> =
        (0..5).map(|column| (column + turn) % 5).filter(|&column| turn > 0 || column < 4).collect();
    let (quoted, end) = (chance.once_in(3), chance.one(&["\n", "\r\n"]));
    let field = |text: &str| {
        if quoted || text.contains('"') { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
    };
    let mut lines =
        vec![columns.iter().map(|&column| COLUMNS[column].to_owned()).collect::<Vec<_>>().join(",")];
    for record in records {
        let values = values(record, chance);
        lines.push(columns.iter().map(|&column| field(&values[column])).collect::<Vec<_>>().join(","));
    }
    let mark = chance.one(&["", "\u{feff}"]);
    let last = if records.is_empty() || chance.once_in(2) { end } else { "" };
    format!("{mark}{}{last}", lines.join(end))
}

fn as_json(records: &[&Record], chance: &mut Chance) -> String {
    let mut text = String::new();
    for record in records {
        let mut fields: Vec<(&str, String)> = COLUMNS.into_iter().zip(values(record, chance)).collect();
        fields.rotate_left(chance.below(5));
        let value = |(name, text): &(&str, String), chance: &mut Chance| {
            let number = ["timestamp", "bytes"].contains(name)
                && !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_digit());
            if number && chance.once_in(2) {
                format!("\"{name}\":{text}")
            } else {
                format!("\"{name}\": {}", serde_json::json!(text))
            }
        };
        let fields: Vec<String> = fields.iter().map(|field| value(field, chance)).collect();
        text.push_str(&format!("{{{}}}\n", fields.join(",")));
    }
    text
}

/// The report is the oracle's, line by line and to the last digit.
fn check(site: &Site, month: &Month, hourly: bool, metered: &Metered) {
    let expected = oracle::bill(month, &site.world, hourly);
    let totals = metered.totals();
    let parts = [totals.read, totals.billed, totals.free, totals.outside_period, totals.refused];
    let bill = &expected;
    let expected_parts = [bill.read, bill.billed, bill.free, bill.outside_period, bill.refused];
    assert_eq!(parts.map(|count| (count.records, count.bytes)), expected_parts, "control totals");
    assert_eq!(metered.refused_for_cause(), bill.refused.0 - bill.dropped);
    let mut options = ReportOptions::default();
    options.hourly = hourly;
    let report = report(metered, &site.catalog, options).expect("every price is known");
    let mut csv = Vec::new();
    write::csv::report(&report, &mut csv).expect("memory can be written");
    let csv = String::from_utf8(csv).expect("reports are UTF-8");
    let mut lines: Vec<&str> = csv.lines().skip(1).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected.lines);
    let payable =
        report.statements.iter().map(|own| (own.billing_account_id.clone(), own.payable.to_string()));
    assert_eq!(payable.collect::<std::collections::BTreeMap<_, _>>(), expected.payable);
    outputs::check(&report);
}
