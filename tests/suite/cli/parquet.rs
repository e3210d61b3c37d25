//! Parquet, and metered hours.

use super::*;

const PARQUET: &[u8] = include_bytes!("../../parquet-files/pyarrow.parquet");

/// Meters all that is read of `usage.parquet`, of which one record is of an unknown connection.
const METER_PARQUET: [&str; 9] = [
    "meter",
    "--connections",
    "connections.csv",
    "--month",
    "2026-10",
    "--quarantine",
    "quarantine.csv",
    "--usage",
    "usage.parquet",
];

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_read_from_files_and_from_standard_input() {
    let folder = Folder::new();
    folder.write("usage.parquet", PARQUET);
    folder.write("connections.csv", format!("{CONNECTIONS}pcc-22,1,cn-beijing,2,cn-shanghai,Gold\n"));
    let file = folder.run(&METER_PARQUET);
    assert_eq!(file.code, 1, "{}", file.stderr);
    assert!(file.stderr.contains("1 records were refused"), "{}", file.stderr);
    assert!(
        file.stdout.contains("2026-10-05T03:00:00Z,pcc-1,requester,9007199254741000\n"),
        "{}",
        file.stdout
    );
    let quarantine = folder.read("quarantine.csv");
    assert!(quarantine.contains(",usage.parquet,7,"), "{quarantine}");
    let mut args = METER_PARQUET;
    args[8] = "-";
    let stdin = finish(peerbill(folder.path()).args(args), PARQUET);
    assert_eq!((stdin.code, stdin.stdout), (1, file.stdout));
    let zipped = ["report", "--usage", "usage.parquet.gz", "--connections", "connections.csv"];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(PARQUET).expect("memory can be written");
    folder.write("usage.parquet.gz", encoder.finish().expect("memory can be written"));
    folder.refused(3, &[&zipped[..], &MONTH].concat(), &["usage.parquet.gz: is a Parquet file within gzip"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_lean_build_says_that_it_cannot_read_or_write_parquet() {
    let folder = Folder::new();
    folder.write("usage.parquet", PARQUET);
    folder.refused(3, &METER_PARQUET, &["usage.parquet: is a Parquet file", "without the feature parquet"]);
    let write = [&METER_PARQUET[..5], &["--usage", "usage.csv", "--format", "parquet"]].concat();
    folder.refused(2, &write, &["--format parquet", "without the feature parquet"]);
}

#[test]
fn the_report_of_metered_hours_is_that_of_the_records() {
    let folder = Folder::new();
    let more = "2026-10-05T03:59:59.9Z,pcc-1,requester,1\n2026-11-05T03:00:00Z,pcc-1,requester,5\n";
    folder.write("usage.csv", format!("{USAGE}{more}"));
    let inputs = ["--connections", "connections.csv", "--month", "2026-10"];
    let meter = [&["meter", "--usage", "usage.csv", "--output", "hours.csv"], &inputs[..]].concat();
    let metered = folder.run(&meter);
    assert_eq!((metered.code, metered.stdout.as_str()), (0, ""), "{}", metered.stderr);
    assert!(metered.stderr.contains("read: 4 records, 322122547206 bytes"), "{}", metered.stderr);
    assert!(metered.stderr.contains("outside_period: 1 records, 5 bytes"), "{}", metered.stderr);
    let stated = ["--requester-account", "1000000000000001", "--naive-offset", "+08:00"];
    let stated = folder.run(&[&["meter", "--usage", "usage.csv"], &inputs[..], &stated].concat());
    for told in ["setting naive-offset: +08:00\n", "setting requester-account: 1000000000000001\n"] {
        assert!(stated.stderr.contains(told), "{}", stated.stderr);
    }
    assert_eq!(
        folder.read("hours.csv"),
        "hour,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,214748364801\n\
         2026-10-05T04:00:00Z,pcc-1,accepter,107374182400\n"
    );
    let report = ["report", "--catalog", "china-site", "--format", "csv", "--verbose"];
    let raw = folder.run(&[&report[..], &inputs, &["--usage", "usage.csv"]].concat());
    let again = folder.run(&[&report[..], &inputs, &["--metered", "hours.csv"]].concat());
    assert_eq!((again.code, &again.stdout), (0, &raw.stdout), "{}", again.stderr);
    let digest = |outcome: &Outcome| {
        let mut lines = outcome.stderr.lines();
        lines.find(|line| line.starts_with("usage_digest: ")).expect("a digest").to_owned()
    };
    assert_eq!([digest(&metered), digest(&again)], [digest(&raw), digest(&raw)]);
    assert!(again.stderr.contains("read: 2 records, 322122547201 bytes"), "{}", again.stderr);
    let twice =
        folder.run(&[&report[..], &inputs, &["--metered", "hours.csv", "--usage", "usage.csv"]].concat());
    assert_eq!(twice.code, 2, "{}", twice.stderr);
    let wrong = [&report[..], &inputs, &["--metered", "usage.csv"]].concat();
    folder.refused(3, &wrong, &["usage.csv:1: ", "hour"]);
}

#[test]
fn r15_a_metered_hour_stands_once_and_begins_on_the_hour() {
    let folder = Folder::new();
    let row = "2026-10-05T03:00:00Z,pcc-1,requester,18446744073709551616\n";
    let late = "2026-10-05T03:10:00Z,pcc-1,accepter,1\n";
    folder.write("hours.csv", format!("hour,connection_id,sender,bytes\n{row}{row}{late}"));
    let report =
        [&["report", "--metered", "hours.csv", "--connections", "connections.csv"], &MONTH[..]].concat();
    folder.refused(
        3,
        &report,
        &[
            "hours.csv:2: this record stands 2 times with equal bytes, also at hours.csv:3",
            "hours.csv:4: hour 2026-10-05T03:10:00Z is no whole hour",
        ],
    );
    let first = folder.run(&[&report[..], &["--duplicates", "first", "--quarantine", "q.csv"]].concat());
    assert_eq!(first.code, 1, "{}", first.stderr);
    assert!(first.stdout.contains("18446744073709551616"), "{}", first.stdout);
    assert!(folder.read("q.csv").contains("2026-10-05T03:10:00Z,pcc-1,accepter,1,unreadable_row,"));
}
