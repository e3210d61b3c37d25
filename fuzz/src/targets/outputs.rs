//! What must hold for everything that a report is written as.

use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{Report, write};
use std::collections::BTreeMap;

/// Writes `report` in every form, reads it back and holds the forms against each other and against its totals.
pub fn check(report: &Report) {
    let csv = bytes(|into| write::csv::report(report, into));
    let json = bytes(|into| write::json::write(report, &[], into));
    let markdown = bytes(|into| write::markdown::report(report, write::Lang::En, into));
    let rows = rows(&csv);
    let document: serde_json::Value = serde_json::from_slice(&json).expect("JSON can be read back");
    check_lines(report, &rows, &document);
    assert!(!markdown.is_empty());
    screen(&markdown);
    #[cfg(feature = "cli")]
    screen(&bytes(|into| write::text::report(report, write::Lang::En, into)));
}

fn bytes(write: impl FnOnce(&mut Vec<u8>) -> peerbill::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("memory can be written");
    bytes
}

/// A line of the CSV by column.
type Row = BTreeMap<String, String>;

fn rows(csv: &[u8]) -> Vec<Row> {
    csv::Reader::from_reader(csv).into_deserialize().map(|row| row.expect("CSV can be read back")).collect()
}

/// CSV and JSON tell the same lines, and an account's lines add up to what it pays.
fn check_lines(report: &Report, rows: &[Row], document: &serde_json::Value) {
    let accounts = document["accounts"].as_array().expect("accounts");
    let lines: usize = accounts.iter().map(|own| own["lines"].as_array().expect("lines").len()).sum();
    let adjustments = rows.iter().filter(|row| row["charge_category"] == "adjustment").count();
    assert!(lines == rows.len() || lines + adjustments == rows.len(), "{lines} and {}", rows.len());
    assert_eq!(accounts.len(), report.statements.len());
    for account in accounts {
        let id = account["billing_account_id"].as_str().expect("an id");
        let own = rows.iter().filter(|row| row["billing_account_id"] == id);
        let sum = own.map(|row| decimal(&row["billed_cost"])).sum::<BigRational>();
        assert_eq!(sum, decimal(account["payable"].as_str().expect("an amount")), "lines of {id}");
    }
    let in_lines = rows.iter().filter_map(|row| row["consumed_bytes"].parse::<u128>().ok()).sum::<u128>();
    let totals = &report.totals;
    assert_eq!(in_lines, totals.billed.bytes + totals.free.bytes, "R14: lines");
    let printed = &document["control_totals"]["bytes"]["read"];
    assert_eq!(printed.as_str(), Some(&*totals.read.bytes.to_string()));
}

/// Plain decimal text, exactly.
pub fn decimal(text: &str) -> BigRational {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    BigRational::new(number * sign, BigInt::from(10).pow(fraction.len() as u32))
}

/// What goes to a screen moves no cursor.
fn screen(text: &[u8]) {
    std::str::from_utf8(text).expect("text is UTF-8");
}
