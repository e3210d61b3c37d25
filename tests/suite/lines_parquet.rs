//! Lines as Parquet: what the CSV holds, with types, for the readers that people have.

use crate::support::{
    program,
    sites::{on_months, texts},
    tools,
};
use parquet::file::reader::{FileReader, SerializedFileReader};
use peerbill::{
    Catalog, ErrorKind, MeterSettings, Report, ReportOptions, TrafficSource, inventory, meter,
    read::Document,
    report::{Grouping, report},
    write,
};
use proptest::prelude::*;
use std::{fmt::Write, fs, path::Path};

/// Reads a file with each engine: types as specified, the values of the CSV, null where that is empty.
const COMPARE: &str = r#"
import csv, sys, decimal, datetime, duckdb, polars as pl, pyarrow as pa, pyarrow.parquet as pq
parquet, text = sys.argv[1:]
decimal.getcontext().prec = 60
D = lambda scale: ("decimal", scale)
kinds = {"consumed_bytes": D(0), "pricing_quantity": D(10), "billed_cost": D(10), "raised_cost": D(10),
    "list_unit_price": D(12), "contracted_unit_price": D(12), "metered_hours": "int", "raised_hours": "int",
    "charge_period_start": "instant", "charge_period_end": "instant"}
in_arrow = {"text": pa.string(), "int": pa.int64(), "instant": pa.timestamp("ms", tz="UTC")}
in_duckdb = {"text": "VARCHAR", "int": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE"}
in_polars = {"text": pl.String, "int": pl.Int64, "instant": pl.Datetime("ms", "UTC")}
with open(text, encoding="utf-8", newline="") as file:
    header, *rows = csv.reader(file)
def value(name, printed):
    kind = kinds.get(name, "text")
    if printed == "":
        return None
    if kind == "text":
        return printed[1:] if printed[0] == "'" else printed
    if kind == "int":
        return int(printed)
    if kind == "instant":
        return datetime.datetime.strptime(printed, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return decimal.Decimal(printed)
expected = [[value(name, printed) for name, printed in zip(header, row)] for row in rows]
arrow = pq.read_table(parquet)
duckdb.sql("set timezone = 'UTC'")
duck = duckdb.sql(f"select * from '{parquet}'")
frame = pl.read_parquet(parquet)
assert arrow.schema.names == duck.columns == frame.columns == header, arrow.schema.names
for place, name in enumerate(header):
    kind = kinds.get(name, "text")
    types = (in_arrow[kind], in_duckdb[kind], in_polars[kind]) if isinstance(kind, str) else (
        pa.decimal128(38, kind[1]), f"DECIMAL(38,{kind[1]})", pl.Decimal(38, kind[1]))
    found = (arrow.schema.field(place).type, str(duck.types[place]), frame.dtypes[place])
    assert found == types, (name, found, types)
utc = lambda cell: cell.astimezone(datetime.timezone.utc) if isinstance(cell, datetime.datetime) else cell
readers = {"pyarrow": zip(*[column.to_pylist() for column in arrow.columns]), "duckdb": duck.fetchall(), "polars": frame.rows()}
for reader, found in readers.items():
    found = [[utc(cell) for cell in row] for row in found]
    assert len(found) == len(expected), (reader, len(found), len(expected))
    for number, (one, other) in enumerate(zip(found, expected)):
        assert one == other, (reader, number, one, other)
print(len(expected))
"#;

#[test]
fn duckdb_pyarrow_and_polars_read_what_the_csv_holds() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let focus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/focus");
    let month = ["report", "--usage", "usage.csv", "--month", "2026-10"];
    let tagged =
        ["--connections", "connections.csv", "--accounts", "accounts.csv", "--catalog", "china-site"];
    for (folder, inputs, more) in [
        (&examples, vec![], &[][..]),
        (&examples, vec![], &["--hourly"]),
        (&examples, vec![], &["--by", "day,link_type"]),
        (&focus, tagged.to_vec(), &["--by", "tag:team,tag:site"]),
        (&focus, tagged.to_vec(), &["--hourly"]),
        (&focus, tagged.to_vec(), &["--account", "1000000000000002"]),
    ] {
        let Some(mut python) = tools::python("python", &["pyarrow", "duckdb", "polars"]) else { return };
        let written = tempfile::tempdir().expect("a temporary folder");
        let files = ["lines.parquet", "lines.csv"].map(|name| written.path().join(name));
        let mut args: Vec<String> =
            [&month[..], &inputs, more].concat().into_iter().map(String::from).collect();
        args.extend(files.iter().flat_map(|file| ["--output".to_owned(), file.display().to_string()]));
        let outcome = program::run(folder, &args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("billed: "), "control totals go to standard error");
        let output = python.args(["-c", COMPARE]).args(files).output().expect("python runs");
        assert!(output.status.success(), "{more:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What so many connections sent in every hour of a month, at a contract's discount.
fn made(connections: usize, percent: &str, threads: usize) -> Report {
    let mut rows = String::from(
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n",
    );
    let mut usage = String::from("timestamp,connection_id,sender,bytes\n");
    for connection in 0..connections {
        let id = format!("pcc-{connection:04}");
        writeln!(rows, "{id},1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold")
            .expect("text");
        for hour in 0..744 {
            let at = 1_790_784_000 + hour * 3600;
            for sender in ["requester", "accepter"] {
                writeln!(usage, "{at},{id},{sender},{}", hour * 7919 + connection as u64).expect("text");
            }
        }
    }
    let contract = format!(
        "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
         1000000000000001,*,*,*,,{percent},,\n"
    );
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    let catalog = catalog.with_contract(&Document::new("contract.csv", contract)).expect("a contract");
    let mut settings = MeterSettings::new("2026-10".parse().expect("a month"));
    settings.threads = threads;
    let source = TrafficSource::from_bytes("usage.csv", usage);
    let metered = meter(&[source], inventory(&rows, None).expect("connections"), &settings).expect("metered");
    let mut options = ReportOptions::default();
    options.hourly = true;
    report(&metered, &catalog, options).expect("a report")
}

fn written(reports: &[&Report]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write::parquet::reports(reports, &mut bytes).expect("it can be written");
    bytes
}

#[test]
fn row_groups_are_bounded_and_the_same_lines_are_the_same_bytes() {
    let report = made(45, "15", 1);
    let bytes = written(&[&report]);
    assert_eq!(bytes, written(&[&made(45, "15", 3)]), "R17: whatever the threads");
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("Parquet");
    let groups: Vec<i64> = reader
        .metadata()
        .row_groups()
        .iter()
        .map(parquet::file::metadata::RowGroupMetaData::num_rows)
        .collect();
    let rows = report.rows().count() as i64;
    assert_eq!(groups, [1 << 16, rows - (1 << 16)]);
    let two = written(&[&report, &report]);
    let reader = SerializedFileReader::new(bytes::Bytes::from(two)).expect("Parquet");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 2 * rows, "one report after the other");
}

#[test]
fn a_price_that_would_be_rounded_is_an_error() {
    assert!(!written(&[&made(1, "15.123456", 1)]).is_empty(), "0.4074074112 has 10 decimals");
    let mut report = made(1, "15", 1);
    let fine = "0.4800000001".parse::<peerbill::model::money::UnitPrice>().expect("a price");
    report.lines[0].price.contracted = fine.discounted("0.123456".parse().expect("a discount"));
    let error = write::parquet::reports(&[&report], Vec::new()).expect_err("18 decimals");
    assert_eq!(error.kind(), ErrorKind::Overflow);
    assert!(error.to_string().contains("0.479407411299876544"), "{error}");
    assert!(error.to_string().contains("more decimals than the 12"), "{error}");
}

#[test]
fn every_random_month_has_as_many_rows_as_its_csv() {
    on_months(15, 60, any::<bool>(), |site, month, hourly| {
        let [usage, connections, changes] = texts(month);
        let (metered, mut options) = site.meter_from(month, hourly, &[usage], &connections, &changes);
        if !hourly {
            options.by = Some(Grouping::parse(["sender", "day"]).expect("columns"));
        }
        let report = report(&metered, &site.catalog, options).expect("a report");
        let reader = SerializedFileReader::new(bytes::Bytes::from(written(&[&report]))).expect("Parquet");
        let file = reader.metadata().file_metadata();
        prop_assert_eq!(file.num_rows() as usize, report.rows().count());
        let names: Vec<&str> = file.schema().get_fields().iter().map(|field| field.name()).collect();
        prop_assert_eq!(names, report.columns().iter().map(|column| column.name()).collect::<Vec<_>>());
        prop_assert!(file.created_by().is_some_and(|by| by.starts_with("parquet-rs")));
        Ok(())
    });
}

#[test]
fn the_name_of_the_output_decides_and_a_contradiction_writes_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let written = tempfile::tempdir().expect("a temporary folder");
    for (name, format) in [("bill.csv", "parquet"), ("bill.parquet", "csv")] {
        let path = written.path().join(name);
        let file = path.display().to_string();
        let args =
            ["report", "--usage", "usage.csv", "--month", "2026-10", "--format", format, "--output", &file];
        assert_eq!(program::run(&folder, &args).code, 2);
        assert!(fs::metadata(&path).is_err());
    }
}
