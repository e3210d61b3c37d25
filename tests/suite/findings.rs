//! The codes of findings: the library's, those of `docs/rules.md` and those that the JSON schemas know are the same.

use peerbill::FindingCode;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

fn page(name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(page).expect("the page is there")
}

/// The codes in the first column of the tables of this page that are headed `code`.
fn of_tables(page: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut lines = page.lines();
    while lines.any(|line| line.starts_with("| code |")) {
        let rows = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
        codes.extend(rows.flat_map(|row| {
            let first = row.split('|').nth(1).unwrap_or_default();
            first.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>()
        }));
    }
    codes
}

/// The codes that a definition of a schema allows.
fn of_schema(name: &str, definition: &str) -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(&page(&format!("{name}.schema.json"))).expect("a schema");
    let codes = schema["$defs"][definition]["properties"]["code"]["enum"].as_array().expect("an enum");
    codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
}

/// The codes of the library from the first one up to and without `end`.
fn between(first: FindingCode, end: Option<FindingCode>) -> BTreeSet<String> {
    let codes = FindingCode::ALL.iter().filter(|code| **code >= first && end.is_none_or(|end| **code < end));
    codes.map(|code| code.as_str().to_owned()).collect()
}

#[test]
fn every_code_is_on_the_page_of_rules_and_every_code_there_is_one() {
    let all = between(FindingCode::ALL[0], None);
    assert_eq!(all.len(), FindingCode::ALL.len(), "no two findings have one code");
    let rules = page("rules.md");
    // Before R16 stand the codes of faults.
    let (_, rules) = rules.split_once("## R16").expect("a rule about findings");
    let listed = of_tables(rules);
    assert_eq!(all.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "not in docs/rules.md");
    assert_eq!(listed.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "only in docs/rules.md");
}

#[test]
fn schemas_know_the_codes_of_reports_and_of_advice() {
    let of_reports = between(FindingCode::NoRecordsInMonth, Some(FindingCode::NewestPrices));
    assert_eq!(of_schema("report", "finding"), of_reports);
    let of_advice = between(FindingCode::NewestPrices, Some(FindingCode::Tie));
    assert_eq!(of_schema("estimate", "note"), of_advice);
}
