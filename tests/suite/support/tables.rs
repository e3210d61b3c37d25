//! The worlds that the oracle knows, and its months as tables that the program reads.

use super::oracle::{Change, Connection, HOUR, Level, Month, Price, World, instant, rational, read_instant};

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
