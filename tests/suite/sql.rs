//! Queries that meter in another engine: DuckDB and ClickHouse find the hours that `meter` finds, and let no dubious record pass.

use crate::support::tools;
use peerbill::{
    MeterSettings, TrafficSource, inventory, meter,
    meter::{Duplicates, Refused},
    model::time::{Hour, Offset, Timestamp},
    write::sql::{Dialect, Query},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Write as _,
    process::Stdio,
};

/// Runs every query in its engine over its table: the rows as JSON, an instant in microseconds and bytes as text.
const RUN: &str = r#"
import json, sys, duckdb
from chdb import session
given = json.load(sys.stdin)
found = []
duck, click = duckdb.connect(), session.Session()
click.query("CREATE DATABASE d ENGINE = Atomic")
for number, rows in enumerate(given["tables"]):
    values = ",".join("(%s,'%s','%s',%s)" % (at, of, by, bytes) for at, of, by, bytes in rows)
    duck.execute(f"CREATE TABLE t{number}(instant BIGINT, connection_id VARCHAR, sender VARCHAR, bytes UBIGINT)")
    duck.execute(f"INSERT INTO t{number} VALUES {values}")
    duck.execute(f"CREATE VIEW usage{number} AS SELECT make_timestamptz(instant) AS timestamp, connection_id, sender, bytes FROM t{number}")
    click.query(f"CREATE TABLE d.t{number}(instant Int64, connection_id String, sender String, bytes Nullable(UInt64)) ENGINE = Memory")
    click.query(f"INSERT INTO d.t{number} VALUES {values}")
    click.query(f"CREATE VIEW d.usage{number} AS SELECT fromUnixTimestamp64Micro(instant, 'Asia/Shanghai') AS timestamp, "
        f"connection_id, sender, bytes FROM d.t{number}")
for dialect, query in given["queries"]:
    if dialect == "duckdb":
        rows = [[None if cell is None else str(cell) for cell in row] for row in duck.execute(query).fetchall()]
    else:
        text = str(click.query(query, "JSONCompactStrings"))
        rows = [[None if cell == "\u1d3a\u1d41\u1d38\u1d38" else cell for cell in row] for row in json.loads(text)["data"]]
    found.append(rows)
json.dump(found, sys.stdout)
"#;

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
                           pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n\
                           pcc-2,1000000000000001,cn-beijing,1000000000000001,cn-beijing,\n";
const POLICIES: [Duplicates; 3] = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum];

/// A record: microseconds since 1970, connection, sender, bytes.
type Row = (i64, &'static str, &'static str, Option<u64>);

/// Months of records: at their edges and around them, at fractions of a second, several in an hour, some of them twice.
fn rows(seed: u64) -> Vec<Row> {
    let mut state = seed;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let month = "2026-10".parse::<peerbill::BillingMonth>().unwrap().period(Offset::CHINA);
    let start = month.start.index() * 3600;
    let mut rows = Vec::new();
    for _ in 0..60 {
        let hour = [next(6) as i64 - 2, next(744) as i64, 740 + next(8) as i64][next(3) as usize];
        let within = [0, next(3600) as i64 * 1_000_000, 3_599_999_000][next(3) as usize];
        let row = (
            (start + hour * 3600) * 1_000_000 + within,
            ["pcc-1", "pcc-2"][next(2) as usize],
            ["requester", "accepter"][next(2) as usize],
            [Some(0), Some(next(1 << 30)), Some(u64::MAX), None][[0, 1, 1, 1, 1, 2, 2, 3][next(8) as usize]],
        );
        rows.push(row);
        match next(6) {
            0 => rows.push(row),
            1 => rows.push((row.0, row.1, row.2, Some(7))),
            _ => {}
        }
    }
    rows
}

/// What the query should give: bytes by hour, connection and sender, and none where a record of the hour is dubious.
fn expected(rows: &[Row], duplicates: Duplicates) -> BTreeMap<(i64, String, String), Option<String>> {
    let mut text = "timestamp,connection_id,sender,bytes\n".to_owned();
    for (at, id, sender, bytes) in rows {
        let instant = Timestamp::from_seconds(at.div_euclid(1_000_000)).to_string();
        let instant = instant.replace('Z', &format!(".{:06}Z", at.rem_euclid(1_000_000)));
        let bytes = bytes.map_or_else(String::new, |bytes| bytes.to_string());
        writeln!(text, "{instant},{id},{sender},{bytes}").unwrap();
    }
    let mut settings = MeterSettings::new("2026-10".parse().unwrap());
    (settings.duplicates, settings.refused) = (duplicates, Refused::Keep);
    let source = TrafficSource::from_bytes("u.csv", text);
    let metered = meter(&[source], inventory(CONNECTIONS, None).unwrap(), &settings).unwrap();
    let second = |hour: Hour| hour.index() * 3600;
    let mut found: BTreeMap<_, _> = metered
        .usage()
        .metered_hours()
        .unwrap()
        .into_iter()
        .map(|row| {
            let id = metered.inventory().connection(row.connection).id.to_string();
            ((second(row.hour), id, row.sender.as_str().to_owned()), Some(row.bytes.to_string()))
        })
        .collect();
    let dubious =
        metered.refused().iter().filter(|record| record.fault.code != peerbill::FaultCode::DroppedCopy);
    let dubious: BTreeSet<_> = dubious
        .map(|record| {
            let [at, id, sender, _] =
                record.fields.clone().unwrap().map(|field| String::from_utf8(field).unwrap());
            (second(Timestamp::parse(&at).unwrap().hour()), id, sender)
        })
        .collect();
    let period = settings.period();
    let inside = |key: &(i64, String, String)| (second(period.start)..second(period.end)).contains(&key.0);
    found.extend(dubious.into_iter().filter(inside).map(|key| (key, None)));
    found
}

#[test]
fn duckdb_and_clickhouse_meter_what_the_library_meters() {
    let Some(mut python) = tools::python("python", &["duckdb", "chdb"]) else { return };
    let tables: Vec<Vec<Row>> = (1..=12).map(rows).collect();
    let (mut asked, mut queries) = (Vec::new(), Vec::new());
    for table in 0..tables.len() {
        for duplicates in POLICIES {
            for dialect in [Dialect::DuckDb, Dialect::ClickHouse] {
                let schema = if dialect == Dialect::ClickHouse { "d." } else { "" };
                let month = "2026-10".parse().unwrap();
                let mut query =
                    Query::new(dialect, &format!("{schema}usage{table}"), month, Offset::CHINA).unwrap();
                query.duplicates = duplicates;
                queries.push((dialect.as_str(), query.text()));
                asked.push((table, duplicates, dialect));
            }
        }
    }
    let given = serde_json::json!({ "tables": tables_of(&tables), "queries": queries });
    let mut child = python
        .args(["-c", RUN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<Vec<[Option<String>; 4]>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), asked.len());
    let mut dubious = 0;
    for ((table, duplicates, dialect), rows) in asked.into_iter().zip(found) {
        let found: BTreeMap<_, _> = rows
            .into_iter()
            .map(|[hour, id, sender, bytes]| {
                ((hour.unwrap().parse().unwrap(), id.unwrap(), sender.unwrap()), bytes)
            })
            .collect();
        let expected = expected(&tables[table], duplicates);
        assert_eq!(found, expected, "{dialect:?} {duplicates:?} {table}");
        dubious += expected.values().filter(|bytes| bytes.is_none()).count();
    }
    assert!(dubious > 100, "too few dubious hours: {dubious}");
}

fn tables_of(tables: &[Vec<Row>]) -> serde_json::Value {
    let row = |(at, id, sender, bytes): &Row| {
        let bytes = bytes.map_or_else(|| "NULL".to_owned(), |bytes| bytes.to_string());
        serde_json::json!([at.to_string(), id, sender, bytes])
    };
    tables.iter().map(|rows| rows.iter().map(row).collect::<Vec<_>>()).collect()
}

/// An hour without bytes, or without itself, is no hour that can be billed.
#[test]
fn hours_that_a_query_leaves_without_bytes_are_refused() {
    for row in ["1791169200,pcc-1,requester,", "1791169200,pcc-1,requester,\\N", ",pcc-1,requester,3"] {
        let hours = format!("hour,connection_id,sender,bytes\n{row}\n");
        let source = TrafficSource::from_bytes("hours.csv", hours).as_metered();
        let settings = MeterSettings::new("2026-10".parse().unwrap());
        let error = meter(&[source], inventory(CONNECTIONS, None).unwrap(), &settings).unwrap_err();
        assert!(error.to_string().starts_with("hours.csv:2: "), "{row}: {error}");
    }
}

#[test]
fn names_of_tables_and_columns_cannot_leave_their_place() {
    let month = || "2026-10".parse().unwrap();
    for table in ["", "a b", "a;b", "a\"b", "a`b", "a--b;", "a.", ".a", "a\nb", "read_csv('x')"] {
        assert!(Query::new(Dialect::DuckDb, table, month(), Offset::CHINA).is_err(), "{table:?}");
    }
    let mut query = Query::new(Dialect::DuckDb, "usage", month(), Offset::CHINA).unwrap();
    query.columns.bytes = "x\" FROM y\n; --".into();
    let text = query.text();
    assert!(text.contains("\"x FROM y\n; --\" >= 0"), "{text}");
    assert!(text.contains("\n-- x\" FROM y\\n; -- is an integer"), "{text}");
}
