//! Archives of metered hours, with the control totals that they carry (R14).

use crate::support::program::{self, Outcome};
use serde_json::Value;
use std::{fs, path::Path};

const CONNECTIONS: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold
pcc-2,1000000000000001,cn-huhehaote,1000000000000001,cn-huhehaote,
";
const USAGE: &str = "\
timestamp,connection_id,sender,bytes
2026-10-05T03:00:00Z,pcc-1,requester,200
2026-10-05T03:30:00Z,pcc-1,requester,30
2026-10-05T04:00:00Z,pcc-1,accepter,100
2026-10-05T04:00:00Z,pcc-2,accepter,7
2026-09-05T04:00:00Z,pcc-1,accepter,5
2026-10-05T05:00:00Z,pcc-1,accepter,-1
2026-10-05T05:00:00Z,pcc-9,accepter,11
";

fn run(folder: &Path, line: &str) -> Outcome {
    program::run(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// A folder with a month of which two records are refused, archived as `hours.csv` and `hours.parquet`.
fn archived() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("connections.csv"), CONNECTIONS).unwrap();
    fs::write(folder.path().join("usage.csv"), USAGE).unwrap();
    let parquet = if cfg!(feature = "parquet") { "--output hours.parquet" } else { "" };
    let meter = "meter --usage usage.csv --connections connections.csv --month 2026-10";
    let outcome = run(folder.path(), &format!("{meter} --quarantine q.csv --output hours.csv {parquet}"));
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("refused: 2 records, 11 bytes"), "{}", outcome.stderr);
    folder
}

fn report(folder: &Path, archive: &str, more: &str) -> Outcome {
    let line =
        format!("report --metered {archive} --connections connections.csv --catalog china-site {more}");
    run(folder, &line)
}

fn json(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

const KEPT: [(&str, &str, &str); 5] = [
    ("read", "7", "353"),
    ("billed", "3", "330"),
    ("free", "1", "7"),
    ("outside_period", "1", "5"),
    ("refused", "2", "11"),
];

fn assert_kept(totals: &Value) {
    for (name, records, bytes) in KEPT {
        assert_eq!(
            (&totals["records"][name], &totals["bytes"][name]),
            (&records.into(), &bytes.into()),
            "{name}"
        );
    }
}

#[test]
fn r14_a_report_of_an_archive_tells_what_was_read_and_refused_when_it_was_metered() {
    let folder = archived();
    let folder = folder.path();
    let formats =
        if cfg!(feature = "parquet") { &["hours.csv", "hours.parquet"][..] } else { &["hours.csv"] };
    for archive in formats {
        let own = json(&report(folder, archive, "--month 2026-10 --format json"));
        let told = &own["archives"]["with_totals"][0];
        assert_kept(&told["control_totals"]);
        assert_eq!(
            (&told["billing_month"], &told["usage_digest"]),
            (&"2026-10".into(), &own["usage_digest"])
        );
        assert_eq!(own["archives"]["without_totals"], "0");
        // What this report has read are the hours, and that stays so.
        assert_eq!(
            (&own["control_totals"]["records"]["read"], &own["control_totals"]["bytes"]["read"]),
            (&"3".into(), &"337".into())
        );
        let refused = own["findings"].as_array().unwrap().iter().find(|own| own["code"] == "archive_refused");
        assert!(refused.unwrap()["message"].as_str().unwrap().starts_with("2 records of 11 bytes"), "{own}");
        let table = report(folder, archive, "--month 2026-10").stdout;
        assert!(table.contains("refused 2 (11 B)"), "{table}");
        // Of another month its hours are outside, and it is told all the same.
        let other = json(&report(folder, archive, "--month 2026-09 --format json"));
        assert_kept(&other["archives"]["with_totals"][0]["control_totals"]);
        let range = json(&report(folder, archive, "--month 2026-09..2026-10 --format json"));
        assert_eq!(range["months"][0]["archives"], other["archives"]);
    }
}

#[test]
fn r14_an_archive_without_totals_is_told_and_reported() {
    let folder = archived();
    let folder = folder.path();
    fs::remove_file(folder.join("hours.totals.json")).unwrap();
    let own = json(&report(folder, "hours.csv", "--month 2026-10 --format json"));
    assert_eq!(own["archives"], serde_json::json!({"with_totals": [], "without_totals": "1"}));
    assert!(own["findings"].as_array().unwrap().iter().any(|own| own["code"] == "archive_without_totals"));
    let usage = "report --usage usage.csv --connections connections.csv --catalog china-site --month 2026-10";
    let of_usage = run(folder, &format!("{usage} --quarantine q2.csv --format json"));
    assert!(!of_usage.stdout.contains("archives"), "{}", of_usage.stdout);
}

#[test]
fn r14_totals_of_other_hours_are_refused() {
    let folder = archived();
    let folder = folder.path();
    let (hours, totals) = (folder.join("hours.csv"), folder.join("hours.totals.json"));
    let (whole, own) = (fs::read_to_string(&hours).unwrap(), fs::read_to_string(&totals).unwrap());
    let refused = |why: &str| {
        for month in ["2026-10", "2026-09"] {
            let outcome = report(folder, "hours.csv", &format!("--month {month}"));
            assert_eq!(outcome.code, 3, "{why}");
            assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
        }
    };
    fs::write(&hours, whole.replace("requester,230", "requester,231")).unwrap();
    refused("control totals are those of other hours");
    fs::write(&hours, whole.replace("T03", "T02")).unwrap();
    refused("control totals are those of other hours");
    fs::write(&hours, &whole).unwrap();
    fs::write(&totals, own.replace("\"353\"", "\"354\"")).unwrap();
    refused("hours.totals.json: holds no control totals of metered hours: control totals do not add up");
    fs::write(&totals, own.replace("\"read\": \"7\"", "\"read\": 7")).unwrap();
    refused("hours.totals.json:7");
    fs::write(&totals, own.replace("\"duplicates\"", "\"duplicate\"")).unwrap();
    refused("unknown field `duplicate`");
    fs::write(&totals, own).unwrap();
    assert_eq!(report(folder, "hours.csv", "--month 2026-10").code, 0);
}

#[test]
fn r14_totals_survive_where_an_archive_is_metered_again() {
    let folder = archived();
    let folder = folder.path();
    let meter = "meter --connections connections.csv --month 2026-10";
    let outcome = run(folder, &format!("{meter} --metered hours.csv --output again.csv"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("refused: 2 records, 11 bytes"), "{}", outcome.stderr);
    let [once, again] = ["hours", "again"].map(|name| {
        let read = |end: &str| fs::read_to_string(folder.join(format!("{name}{end}"))).unwrap();
        (read(".csv"), read(".totals.json"))
    });
    assert_eq!(once, again);
    // A folder of archives is read as hours alone, whatever stands beside them.
    fs::create_dir(folder.join("archive")).unwrap();
    for file in ["again.csv", "again.totals.json"] {
        fs::rename(folder.join(file), folder.join("archive").join(file)).unwrap();
    }
    let own = json(&report(folder, "archive", "--month 2026-10 --format json"));
    assert_eq!(own["archives"]["with_totals"][0]["control_totals"]["records"]["read"], "7");
    // Nothing stands beside what is no file.
    let outcome = run(folder, &format!("{meter} --metered hours.csv --format csv --output /dev/null"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    // What stands beside an archive is an input as well, and not written over.
    let hours = fs::read(folder.join("hours.csv")).unwrap();
    fs::rename(folder.join("hours.csv"), folder.join("hours.csv.gz")).unwrap();
    fs::write(folder.join("hours.csv.gz"), hours).unwrap();
    let clash = run(folder, &format!("{meter} --metered hours.csv.gz --output hours.csv"));
    assert_eq!(clash.code, 2, "{}", clash.stderr);
    assert!(clash.stderr.contains("hours.totals.json"), "{}", clash.stderr);
}

#[test]
fn a_closed_month_is_corrected_in_every_format() {
    let folder = archived();
    let folder = folder.path();
    let clean: String =
        USAGE.lines().filter(|line| !line.contains("05:00:00Z")).map(|line| format!("{line}\n")).collect();
    let late = format!("{clean}2026-10-06T04:00:00Z,pcc-1,accepter,1000000000\n");
    fs::write(folder.join("same.csv"), clean).unwrap();
    fs::write(folder.join("late.csv"), late).unwrap();
    let corrects = |usage: &str, more: &str| {
        let report = "report --connections connections.csv --catalog china-site --corrects hours.csv";
        run(folder, &format!("{report} --usage {usage} {more}"))
    };
    let own = json(&corrects("late.csv", "--month 2026-10 --format json"));
    let lines = own["accounts"][0]["lines"].as_array().unwrap();
    let bytes: Vec<&Value> = lines.iter().map(|line| &line["consumed_bytes"]).collect();
    assert_eq!(bytes, [&Value::from("0"), &"1000000000".into()]);
    assert!(
        lines
            .iter()
            .all(|line| line["charge_category"] == "correction" && line["billing_month"] == "2026-10")
    );
    assert_eq!((&own["payable"], &own["corrects"]["payable_after"]), (&"0.44".into(), &"0.44".into()));
    assert_eq!(own["archives"]["with_totals"].as_array().unwrap().len(), 1);
    // It is no report of all that was billed.
    fs::write(folder.join("c.json"), own.to_string()).unwrap();
    let compared = run(folder, "compare c.json c.json");
    assert_eq!(compared.code, 3);
    assert!(compared.stderr.contains("of corrections"), "{}", compared.stderr);
    // No hour changed: no line, and no failure.
    let nothing = corrects("same.csv", "--month 2026-10 --format csv");
    assert_eq!((nothing.code, nothing.stdout.lines().count()), (0, 1), "{}", nothing.stderr);
    let more: &[&str] =
        if cfg!(all(feature = "parquet", feature = "xlsx")) { &["c.parquet", "c.xlsx"] } else { &[] };
    for usage in ["same.csv", "late.csv"] {
        for file in ["c.json", "c.html", "c.md", "c.txt"].iter().chain(more) {
            let outcome = corrects(usage, &format!("--month 2026-10 --output {file}"));
            assert_eq!(outcome.code, 0, "{usage} {file}: {}", outcome.stderr);
        }
        let focus = corrects(usage, "--month 2026-10 --format focus");
        assert_eq!(focus.code, 0, "{}", focus.stderr);
        let lines = if usage == "same.csv" { 1 } else { 4 };
        assert_eq!(focus.stdout.lines().count(), lines, "{}", focus.stdout);
        assert_eq!(focus.stdout.matches(",Correction,").count(), lines - 1);
    }
    for (more, code, why) in [
        ("--month 2026-09", 3, "hours are not of 2026-09 at +08:00"),
        ("--month 2026-09..2026-10", 2, "one closed month"),
        ("--month 2026-10 --by day", 2, "--by"),
        ("--month 2026-10 --until 2026-10-06T00:00:00Z", 2, "--until"),
        ("--month 2026-10 --output hours.csv", 2, "one of the inputs"),
    ] {
        let outcome = corrects("late.csv", more);
        assert_eq!(outcome.code, code, "{more}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(why), "{more}: {}", outcome.stderr);
    }
    // Hours of connections that are not known any more cannot be taken back.
    fs::remove_file(folder.join("hours.totals.json")).unwrap();
    let hours = fs::read_to_string(folder.join("hours.csv")).unwrap();
    fs::write(folder.join("hours.csv"), hours + "2026-10-08T03:00:00Z,pcc-7,requester,1\n").unwrap();
    let outcome = corrects("late.csv", "--month 2026-10");
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("pcc-7"), "{}", outcome.stderr);
}

#[test]
fn r14_a_late_export_is_merged_into_an_archive_with_the_totals_of_both() {
    let folder = archived();
    let folder = folder.path();
    let header = "timestamp,connection_id,sender,bytes\n";
    let late = format!(
        "{header}2026-10-06T03:00:00Z,pcc-1,requester,1000\n2026-10-06T03:10:00Z,pcc-1,requester,1\n\
         2026-09-06T03:00:00Z,pcc-1,requester,4\n"
    );
    fs::write(folder.join("late.csv"), &late).unwrap();
    let merge = |usage: &str, more: &str| {
        let meter = "meter --connections connections.csv --month 2026-10 --merge hours.csv";
        run(folder, &format!("{meter} --usage {usage} --output merged.csv {more}"))
    };
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let totals = |file: &str| -> Value { serde_json::from_str(&read(file)).unwrap() };
    let outcome = merge("late.csv", "");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let hours = read("hours.csv");
    let (before, new) = (hours.lines().collect::<Vec<_>>(), "2026-10-06T03:00:00Z,pcc-1,requester,1001");
    let merged = read("merged.csv");
    assert_eq!(merged.lines().collect::<Vec<_>>(), [&before[..], &[new]].concat());
    let own = totals("merged.totals.json");
    for (name, records, bytes) in [
        ("read", "10", "1358"),
        ("billed", "5", "1331"),
        ("free", "1", "7"),
        ("outside_period", "2", "9"),
        ("refused", "2", "11"),
    ] {
        let found = (&own["control_totals"]["records"][name], &own["control_totals"]["bytes"][name]);
        assert_eq!(found, (&records.into(), &bytes.into()), "{name}");
    }
    // It is what both together are, and can be read.
    assert_eq!(
        json(&report(folder, "merged.csv", "--month 2026-10 --format json"))["usage_digest"],
        own["usage_digest"]
    );

    // An hour of one end that stands in both.
    let over =
        format!("{late}2026-10-05T03:50:00Z,pcc-1,requester,70\n2026-10-05T04:50:00Z,pcc-2,accepter,3\n");
    fs::write(folder.join("over.csv"), over).unwrap();
    fs::remove_file(folder.join("merged.csv")).unwrap();
    let refused = merge("over.csv", "");
    assert_eq!(refused.code, 3);
    assert!(!folder.join("merged.csv").exists());
    for told in [
        "--overlap must tell replace or add: 2 hours of one end stand",
        "pcc-1, requester, 2026-10-05T03:00:00Z: 230 bytes in the archive, 70 beside it",
        "pcc-2, accepter, 2026-10-05T04:00:00Z: 7 bytes in the archive, 3 beside it",
    ] {
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    for (how, first, second, billed, refused) in [
        ("add", "requester,300", "accepter,10", ("6", "1401"), ("2", "11")),
        ("replace", "requester,70", "accepter,3", ("5", "1171"), ("4", "248")),
    ] {
        let outcome = merge("over.csv", &format!("--overlap {how}"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(": 2\n"), "{}", outcome.stderr);
        let merged = read("merged.csv");
        assert!(merged.contains(first) && merged.contains(second), "{merged}");
        let own = &totals("merged.totals.json")["control_totals"];
        for (name, (records, bytes)) in [("read", ("12", "1431")), ("billed", billed), ("refused", refused)] {
            assert_eq!(
                (&own["records"][name], &own["bytes"][name]),
                (&records.into(), &bytes.into()),
                "{how} {name}"
            );
        }
    }
    assert_eq!(merge("over.csv", "--month 2026-09").code, 2, "the month stands twice");
    let alone =
        run(folder, "meter --usage late.csv --connections connections.csv --month 2026-10 --overlap add");
    assert_eq!(alone.code, 2, "{}", alone.stderr);
    let other =
        run(folder, "meter --usage late.csv --connections connections.csv --month 2026-09 --merge hours.csv");
    assert_eq!(other.code, 3, "{}", other.stderr);
    assert!(other.stderr.contains("hours are not of 2026-09"), "{}", other.stderr);
}
