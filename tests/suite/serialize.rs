//! The feature `serde`: what the library returns, as values that keep all their digits.

use peerbill::{
    Catalog, FindingCode, MeterSettings, Report, ReportOptions, TrafficSource, inventory, meter, report,
};
use serde_json::{Value, json};

fn published() -> Report {
    let inventory = inventory(
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
         pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
        None,
    );
    let usage = "timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,214748364801\n";
    let settings = MeterSettings::new("2026-10".parse().expect("a month"));
    let sources = [TrafficSource::from_bytes("usage.csv", usage)];
    let metered = meter(&sources, inventory.expect("an inventory"), &settings).expect("good records");
    let catalog = Catalog::shipped("china-site").expect("a catalog");
    report(&metered, &catalog, ReportOptions::default()).expect("every price is known")
}

#[test]
fn a_report_its_rows_and_findings_serialize_with_money_prices_and_bytes_as_text() {
    let report = published();
    let value = serde_json::to_value(&report).expect("a value");
    assert_eq!(value["month"], "2026-10");
    assert_eq!(value["totals"]["billed"], json!({ "records": 1, "bytes": "214748364801" }));
    let statement = &value["statements"][0];
    assert_eq!(statement["payable"], "96.00");
    assert_eq!(statement["adjustment"], "-0.0000000004");
    let line = &value["lines"][0];
    assert_eq!((&line["connection_id"], &line["bytes"]), (&json!("pcc-1"), &json!("214748364801")));
    assert_eq!(line["price"], json!({ "list": "0.48", "contracted": "0.48", "status": "published" }));
    assert_eq!(line["amount"], json!({ "numerator": "10307921510448", "scale": 2 }));

    let rows: Result<Vec<_>, _> = report.rows().collect();
    let rows = serde_json::to_value(rows.expect("they fit")).expect("a value");
    assert_eq!(
        (&rows[0]["consumed_bytes"], &rows[0]["sender"]),
        (&json!("214748364801"), &json!("requester"))
    );
    assert_eq!(
        (&rows[1]["charge_category"], &rows[1]["consumed_bytes"]),
        (&json!("adjustment"), &Value::Null)
    );

    let findings = serde_json::to_value(&report.findings).expect("a value");
    assert_eq!(findings[0]["code"], "link_changes_not_given");
    let codes = serde_json::to_value(FindingCode::ALL).expect("a value");
    assert_eq!(codes, json!(FindingCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>()));
}
