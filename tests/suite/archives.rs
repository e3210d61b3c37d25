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
