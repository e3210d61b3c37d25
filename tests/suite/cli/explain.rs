//! `peerbill explain`.

use super::*;
use serde_json::Value;

const ASKED: [&str; 6] = ["--connection", "pcc-1", "--sender", "requester", "--hour", "2026-10-05T03:00:00Z"];

/// `explain` of [`ASKED`] on `traffic`, with more arguments.
fn asked<'a>(traffic: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let inputs = ["explain", "--connections", "connections.csv", "--catalog", "china-site"];
    [&inputs[..], traffic, &ASKED, more].concat()
}

fn json_of(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}{}", outcome.stdout, outcome.stderr))
}

/// Input, place and bytes of the records.
fn records(own: &Value) -> Vec<(String, String, String)> {
    let text = |record: &Value, key: &str| record[key].as_str().expect("text").to_owned();
    let records = own["records"].as_array().expect("records").iter();
    records.map(|record| (text(record, "input"), text(record, "place"), text(record, "bytes"))).collect()
}

fn one(input: &str, place: &str, bytes: &str) -> Vec<(String, String, String)> {
    vec![(input.into(), place.into(), bytes.into())]
}

#[test]
fn the_published_example_is_explained_to_the_last_digit() {
    let folder = Folder::new();
    let own = json_of(&folder.run(&asked(&["--usage", "usage.csv"], &["--format", "json"])));
    for (key, value) in [
        ("connection_id", "pcc-1"),
        ("sender", "requester"),
        ("billing_account_id", "1000000000000001"),
        ("peer_account_id", "1000000000000002"),
        ("source_region", "cn-huhehaote"),
        ("destination_region", "cn-guangzhou"),
        ("hour", "2026-10-05T03:00:00Z"),
        ("consumed_bytes", "214748364800"),
        ("link_type_before", "Gold"),
        ("link_type", "Gold"),
        ("gb_bytes", "1073741824"),
        ("amount", "96"),
    ] {
        assert_eq!(own[key], value, "{key}");
    }
    assert_eq!((&own["raised"], &own["changes"]), (&Value::Bool(false), &Value::Array(Vec::new())));
    assert_eq!(records(&own), one("usage.csv", "line 2", "214748364800"));
    let price = &own["price"];
    assert_eq!(
        (&price["list_unit_price"], &price["contracted_unit_price"]),
        (&"0.48".into(), &"0.48".into())
    );
    assert_eq!((&price["layer"], &price["status"]), (&"catalog".into(), &"published".into()));
    assert_eq!((&price["source"], &price["effective_from"]), (&"Chinese mainland".into(), &Value::Null));
}

#[test]
fn every_reader_tells_where_its_records_stand() {
    let folder = Folder::new();
    let at = 1_791_169_200_000_i64;
    folder.write("rx.json", format!(
        r#"{{"Code":"200","Period":"60","Datapoints":"[{{\"timestamp\":{at},\"instanceId\":\"pcc-1\",\"Sum\":7}}]"}}"#
    ));
    folder.write("usage.ndjson", "{\"timestamp\":\"2026-10-05T03:59:59Z\",\"connection_id\":\"pcc-1\",\"sender\":\"requester\",\"bytes\":7}\n");
    let metered = ["meter", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    assert_eq!(folder.run(&[&metered[..], &["--output", "hours.csv"]].concat()).code, 0);
    let place = "line 1, response 1: Datapoints[0]";
    for (traffic, expected) in [
        (["--usage", "usage.ndjson"], one("usage.ndjson", "line 1", "7")),
        (["--cloudmonitor", "IntranetRX=rx.json"], one("rx.json", place, "7")),
        (["--metered", "hours.csv"], one("hours.csv", "line 2", "214748364800")),
    ] {
        let own = json_of(&folder.run(&asked(&traffic, &["--format", "json"])));
        assert_eq!(records(&own), expected);
    }
    let text = folder.run(&asked(&["--cloudmonitor", "IntranetRX=rx.json"], &[])).stdout;
    assert!(text.contains("inbound traffic of a connection is what its requester sends (R3)"), "{text}");
}

#[cfg(feature = "parquet")]
#[test]
fn rows_of_parquet_tell_their_row_group() {
    let folder = Folder::new();
    let metered = ["meter", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    assert_eq!(folder.run(&[&metered[..], &["--output", "hours.parquet"]].concat()).code, 0);
    let own = json_of(&folder.run(&asked(&["--metered", "hours.parquet"], &["--format", "json"])));
    assert_eq!(records(&own), one("hours.parquet", "row group 1, row 1", "214748364800"));
}

#[test]
fn copies_and_quarantined_records_of_the_hour_are_told() {
    let folder = Folder::new();
    let copy = "2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n";
    folder.write("copies.csv", format!("{USAGE}{copy}2026-10-05T03:30:00Z,pcc-1,requester,-5\n"));
    let usage = ["--usage", "copies.csv"];
    folder.refused(3, &asked(&usage, &[]), &["copies.csv:2", "copies.csv:5", "nothing was explained"]);
    for (rule, billed, codes) in [
        ("refuse", "0", vec!["duplicate_record", "duplicate_record", "unreadable_row"]),
        ("first", "214748364800", vec!["dropped_copy", "unreadable_row"]),
        ("sum", "429496729600", vec!["unreadable_row"]),
    ] {
        let more = ["--duplicates", rule, "--quarantine", "q.csv", "--format", "json"];
        let outcome = folder.run(&asked(&usage, &more));
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        let own = json_of(&outcome);
        assert_eq!(own["consumed_bytes"], billed, "{rule}");
        let told: Vec<&str> =
            own["refused"].as_array().unwrap().iter().filter_map(|own| own["code"].as_str()).collect();
        assert_eq!(told, codes, "{rule}");
        assert_eq!(
            own["refused"][0]["place"],
            if rule == "sum" {
                "line 5"
            } else if rule == "first" {
                "line 4"
            } else {
                "line 2"
            }
        );
    }
    // Of many dropped copies a bill keeps the first ones alone; here they are all told.
    folder.write("many.csv", format!("{USAGE}{}", copy.repeat(100)));
    let own = json_of(
        &folder.run(&asked(&["--usage", "many.csv"], &["--duplicates", "first", "--format", "json"])),
    );
    assert_eq!((own["refused"].as_array().map(Vec::len), records(&own).len()), (Some(100), 1));
}

#[test]
fn an_hour_without_records_tells_what_a_gb_would_have_cost() {
    let folder = Folder::new();
    let at = |hour| {
        [
            "--usage",
            "usage.csv",
            "--connections",
            "connections.csv",
            "--connection",
            "pcc-1",
            "--sender",
            "accepter",
            "--hour",
            hour,
        ]
    };
    let china = [&["explain", "--catalog", "china-site"][..], &at("2026-10-05 19:00+08:00")].concat();
    let text = folder.run(&china);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(text.stdout.contains("one GB in this hour would have cost 0.48 CNY"), "{}", text.stdout);
    let own = json_of(&folder.run(&[&china[..], &["--format", "json"]].concat()));
    assert_eq!((records(&own).len(), &own["consumed_bytes"], &own["amount"]), (0, &"0".into(), &"0".into()));
    folder.write("connections.csv", CONNECTIONS.replace("Gold", "Platinum"));
    let abroad = [
        &["explain", "--catalog", "international-site", "--format", "json"][..],
        &at("2026-10-05T05:00:00Z"),
    ];
    folder.write("usage.csv", "timestamp,connection_id,sender,bytes\n");
    assert_eq!(json_of(&folder.run(&abroad.concat()))["price"], Value::Null);
    // With a record it stops, as the bill does.
    folder.write("usage.csv", USAGE);
    let had = [&["explain", "--catalog", "international-site"][..], &at("2026-10-05T04:00:00Z")].concat();
    folder.refused(3, &had, &["cn-guangzhou", "Platinum", "a missing price is never zero"]);
}

#[test]
fn free_traffic_has_no_link_type_and_costs_nothing() {
    let folder = Folder::new();
    folder.write("connections.csv", CONNECTIONS.replace("cn-guangzhou", "cn-huhehaote"));
    let own = json_of(&folder.run(&asked(&["--usage", "usage.csv"], &["--format", "json"])));
    assert_eq!(
        (&own["link_type"], &own["link_type_before"], &own["amount"]),
        (&Value::Null, &Value::Null, &"0".into())
    );
    assert_eq!((&own["raised"], &own["price"]["contracted_unit_price"]), (&Value::Bool(false), &"0".into()));
}

#[test]
fn rows_that_lost_are_told_with_why() {
    let folder = Folder::new();
    folder.write("link-changes.csv", format!("{CHANGES}pcc-1,2026-10-05T03:00:00Z,Platinum,Gold\n"));
    folder.write("prices.csv", "source,destination,link_type,unit_price,effective_from,status,source_url,source_date,effective_until\n\
        cn-huhehaote,cn-guangzhou,Platinum,0.6,2026-01-01,published,https://prices.example,2026-01-01,\n\
        cn-huhehaote,cn-guangzhou,Platinum,0.7,2026-11-01,published,u,d,\n\
        cn-huhehaote,cn-guangzhou,Platinum,0.9,2025-01-01,published,u,d,\n\
        cn-huhehaote,cn-guangzhou,Platinum,0.8,2026-02-01,published,u,d,2026-03-01\n\
        cn-huhehaote,cn-guangzhou,Platinum,0.1,2026-05-01,assumed,u,d,\n\
        cn-guangzhou,cn-huhehaote,Platinum,0.2,2026-06-01,published,u,d,\n\
        Chinese mainland,Chinese mainland,Gold,0.3,,published,u,d,\n");
    folder.write(
        "contract.csv",
        "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
        1000000000000001,*,*,*,,10,,\n*,*,*,*,0.01,,,\n1000000000000002,*,*,*,0.02,,,\n",
    );
    let more = ["--link-changes", "link-changes.csv", "--prices", "prices.csv", "--contract", "contract.csv"];
    let own =
        json_of(&folder.run(&asked(&["--usage", "usage.csv"], &[&more[..], &["--format", "json"]].concat())));
    assert_eq!((&own["link_type_before"], &own["link_type"]), (&"Platinum".into(), &"Platinum".into()));
    assert_eq!(
        (&own["raised"], own["changes"][0]["to_link_type"].as_str()),
        (&Value::Bool(true), Some("Gold"))
    );
    let price = &own["price"];
    assert_eq!((&price["list_unit_price"], &price["contracted_unit_price"]), (&"0.6".into(), &"0.54".into()));
    assert_eq!(
        (&price["layer"], &price["source_url"]),
        (&"overlay".into(), &"https://prices.example".into())
    );
    assert_eq!(price["contract"]["discount_percent"], "10");
    let lost: Vec<(&str, &str)> = own["lost"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["unit_price"].as_str().unwrap(), row["why"].as_str().unwrap()))
        .collect();
    let expected = [
        ("0.72", "less_specific"),
        ("0.7", "not_yet"),
        ("0.9", "earlier_start"),
        ("0.8", "ended"),
        ("0.1", "assumed"),
        ("0.2", "reverse"),
        ("0.01", "less_specific"),
    ];
    assert_eq!(lost, expected);
    assert_eq!(own["amount"], "108");
    let text = folder.run(&asked(&["--usage", "usage.csv"], &more)).stdout;
    for words in [
        "10% off 0.6: 0.54",
        "214748364800 bytes x 0.54 = 115964116992",
        "115964116992 / 1073741824 = 108 CNY",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
}

#[test]
fn the_lines_of_an_account_come_with_commands_that_run() {
    let folder = Folder::new();
    fs::rename(folder.path().join("usage.csv"), folder.path().join("it's usage.csv")).unwrap();
    folder.write("names.csv", "account_id,name\n1000000000000001,Retail\n");
    let listing = [
        "explain",
        "--usage",
        "it's usage.csv",
        "--connections",
        "connections.csv",
        "--catalog=china-site",
        "--accounts",
        "names.csv",
        "--account",
        "1000000000000001",
        "--month=2026-10",
    ];
    let own = json_of(&folder.run(&[&listing[..], &["--format", "json"]].concat()));
    let line = &own["lines"][0];
    let command = line["command"].as_str().unwrap();
    assert_eq!(
        command,
        "peerbill explain --usage 'it'\\''s usage.csv' --connections connections.csv --catalog=china-site \
        --accounts names.csv --connection pcc-1 --sender requester --hour 2026-10-05T03:00:00Z"
    );
    assert_eq!((&line["largest_hour"]["amount"], &own["payable"]), (&"96".into(), &"96.00".into()));
    assert_eq!(line["billing_account_name"], "Retail");
    let text = folder.run(&listing).stdout;
    assert!(text.contains(&format!("line 1: {command}\n")), "{text}");
    let script = format!("peerbill() {{ \"$PEERBILL\" \"$@\"; }}; {command}");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).env("PEERBILL", env!("CARGO_BIN_EXE_peerbill")).current_dir(folder.path());
    let outcome = finish(shell.stdout(Stdio::piped()).stderr(Stdio::piped()), b"");
    assert!(
        outcome.stdout.contains("1000000000000001 (Retail) pays"),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    assert!(outcome.stdout.contains("Amount: 96 CNY"), "{}", outcome.stdout);
}

#[test]
fn what_cannot_be_asked_exits_2() {
    let folder = Folder::new();
    let usage = ["--usage", "usage.csv"];
    let inputs =
        ["explain", "--usage", "usage.csv", "--connections", "connections.csv", "--catalog", "china-site"];
    let with = |more: &[&'static str]| [&inputs[..], more].concat();
    folder.refused(2, &inputs, &["--connection, --sender and --hour", "--account and --month"]);
    folder.refused(2, &with(&["--connection", "pcc-1"]), &["--sender", "--hour"]);
    folder.refused(2, &with(&["--account", "1000000000000001"]), &["--month"]);
    folder.refused(
        2,
        &with(&["--connection", "pcc-9", "--sender", "accepter", "--hour", "2026-10-05T03:00:00Z"]),
        &["pcc-9", "did you mean"],
    );
    folder.refused(
        2,
        &with(&["--connection", "pcc-1", "--sender", "accepter", "--hour", "2026-10-05T03:20:00Z"]),
        &["no whole hour", "2026-10-05T03:00:00Z"],
    );
    folder.refused(
        2,
        &with(&["--connection", "pcc-1", "--sender", "accepter", "--hour", "2026-10-05T03:00:00"]),
        &["--hour", "offset"],
    );
    folder.refused(2, &asked(&usage, &["--month", "2026-09"]), &["outside the billing month 2026-09"]);
    folder.refused(2, &asked(&usage, &["--output", "explained.csv"]), &["explained.csv", "text, json"]);
    for (file, beginning) in
        [("explained.txt", "pcc-1, sent"), ("explained.json", "{"), ("explained", "pcc-1, sent")]
    {
        assert_eq!(folder.run(&asked(&usage, &["--output", file])).code, 0);
        assert!(folder.read(file).starts_with(beginning), "{file}");
    }
}
