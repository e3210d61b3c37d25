//! The codes of findings: the library's, those of `docs/rules.md` and those that the JSON schemas know are the same.

use peerbill::{Catalog, FindingCode, MeterSettings, ReportOptions, TrafficSource, meter};
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
    let mut of_advice = between(FindingCode::NewestPrices, Some(FindingCode::Tie));
    // What a plan tells otherwise, or not at all, is a finding there as well.
    let of_plans = [FindingCode::LinkTypeNotTold, FindingCode::StatementOverruled];
    of_advice.extend(of_plans.map(|code| code.as_str().to_owned()));
    assert_eq!(of_schema("estimate", "note"), of_advice);
}

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
    pcc-1,1,cn-beijing,2,cn-shanghai,Gold\n";

/// What is said of traffic by a finding of this code, if there is one.
fn said(rows: &str, month: &str, code: FindingCode) -> Option<String> {
    let usage = TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{rows}"));
    let inventory = peerbill::inventory(CONNECTIONS, None).expect("an inventory");
    let metered =
        meter(&[usage], inventory, &MeterSettings::new(month.parse().expect("a month"))).expect("traffic");
    let catalog = Catalog::shipped("china-site").expect("a catalog");
    let report = peerbill::report(&metered, &catalog, ReportOptions::default()).expect("a report");
    let found = report.findings.iter().find(|finding| finding.code == code);
    found.map(peerbill::Finding::message)
}

#[test]
fn r16_gb_that_are_given_as_bytes_are_a_finding_and_little_traffic_is_not() {
    let small = |bytes: [u64; 2]| {
        let row =
            |(hour, bytes): (usize, u64)| format!("2026-10-05T0{hour}:00:00Z,pcc-1,requester,{bytes}\n");
        let rows: String = bytes.into_iter().enumerate().map(row).collect();
        said(&rows, "2026-10", FindingCode::ImplausiblySmall)
    };
    let told = small([200, 100]).expect("GB as bytes");
    assert!(told.starts_with("300 bytes between regions in the whole month, at most 200"), "{told}");
    assert!(told.contains("`bytes` means bytes"), "{told}");
    assert!(small([99_999, 99_999]).is_some() && small([5, 5]).is_some());
    assert_eq!(small([100_000, 1]), None);
    assert_eq!(small([5, 4]), None);
    assert_eq!(small([0, 0]), None);
}

#[test]
fn r16_a_month_without_records_names_the_months_that_have_some() {
    let rows = "2026-10-31T15:59:59Z,pcc-1,requester,7\n2026-10-31T16:00:00Z,pcc-1,requester,7\n\
                2026-11-05T00:00:00Z,pcc-1,accepter,7\n2025-01-05T00:00:00Z,pcc-9,accepter,7\n";
    let told = said(rows, "2026-09", FindingCode::NoRecordsInMonth).expect("no record");
    assert!(told.ends_with("there are records of 2025-01 (1), 2026-10 (1), 2026-11 (2)"), "{told}");
    assert_eq!(
        said("", "2026-09", FindingCode::NoRecordsInMonth).map(|told| told.contains("there are")),
        Some(false)
    );
    let many: String =
        (1..=14).map(|month| format!("20{:02}-01-05T00:00:00Z,pcc-1,requester,7\n", month + 9)).collect();
    let told = said(&many, "2026-09", FindingCode::NoRecordsInMonth).expect("no record");
    assert!(told.ends_with("2021-01 (1) and 2 more months"), "{told}");
}
