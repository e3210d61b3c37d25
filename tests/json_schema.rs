//! The JSON report holds to its schema, `docs/report.schema.json`, which allows nothing else.
//!
//! Needs `python3` with the package `jsonschema`; skipped by name where it is absent, unless
//! `PEERBILL_TOOLS=required` says that it must be there.

use std::process::{Command, Stdio};

/// Reads a report from standard input and prints what does not hold to the schema.
const VALIDATE: &str = "
import json, sys, jsonschema
schema = json.load(open('docs/report.schema.json'))
validator = jsonschema.Draft202012Validator(schema)
for error in validator.iter_errors(json.load(sys.stdin)):
    print(list(error.absolute_path), error.message[:200])
";

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", script]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn validator_is_there() -> bool {
    let found =
        python("import jsonschema").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let required = std::env::var("PEERBILL_TOOLS").is_ok_and(|value| value == "required");
    assert!(found || !required, "python3 with the package jsonschema is required");
    if !found {
        eprintln!("skipped: python3 with the package jsonschema is absent");
    }
    found
}

/// What is wrong with the report that these arguments make, after `change` was made to its text.
fn errors(arguments: &[&str], change: impl Fn(String) -> String) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_peerbill"))
        .args(["report", "--catalog", "china-site", "--month", "2026-10", "--format", "json"])
        .args(["--usage", "examples/month/usage.csv", "--connections", "examples/month/connections.csv"])
        .args(["--link-changes", "examples/month/link-changes.csv"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report = change(String::from_utf8(run.stdout).unwrap());
    let mut validator = python(VALIDATE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut validator.stdin.take().unwrap(), report.as_bytes()).unwrap();
    String::from_utf8(validator.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn reports_of_every_kind_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let mut kinds: Vec<&[&str]> =
        vec![&[], &["--hourly"], &["--account", "1000000000000101"], &["--offset", "-05:00"]];
    if cfg!(feature = "dataframe") {
        kinds.push(&["--by", "billing_account_id,link_type"]);
        kinds.push(&["--by", "day"]);
    }
    for kind in kinds {
        assert_eq!(errors(kind, |report| report), "", "{kind:?}");
    }
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    if !validator_is_there() {
        return;
    }
    let unknown = |report: String| report.replacen("\"payable\":", "\"payed\":", 1);
    assert!(errors(&[], unknown).contains("payed"));
}
