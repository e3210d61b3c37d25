//! Tables as people and spreadsheets write them: what is read, and what is named for what it is.

use super::*;

const HEADER: &str = "timestamp,connection_id,sender,bytes";

/// `report` on this usage, which must be refused with all of `words`.
fn refused(usage: impl AsRef<[u8]>, words: &[&str]) -> String {
    let folder = Folder::new();
    folder.write("usage.csv", usage);
    folder.refused(3, &report_args(&["usage.csv"], &[]), words)
}

#[test]
fn semicolons_and_tabs_are_read_in_every_table() {
    let changes = "pcc-1,2026-10-05T03:00:00Z,Gold,Platinum\npcc-1,2026-10-05T03:00:00Z,Platinum,Gold\n";
    let prices = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                  cn-huhehaote,cn-guangzhou,Gold,0.5,,published,u,2026-01-01\n";
    let contract = "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
                    1000000000000002,*,*,*,,50,,\n";
    let expected = {
        let folder = Folder::new();
        write_tables(&folder, ",", changes, prices, contract);
        folder.report(&TABLES)
    };
    assert_eq!(expected.code, 0, "{}", expected.stderr);
    assert!(expected.stdout.contains("0.5,"), "{}", expected.stdout);
    for separator in [";", "\t"] {
        let folder = Folder::new();
        write_tables(&folder, separator, changes, prices, contract);
        assert_eq!(folder.report(&TABLES).stdout, expected.stdout, "{separator:?}");
        let datapoints = "timestamp,instanceId,Sum\n1791169200,pcc-1,214748364800\n".replace(',', separator);
        folder.write("rx.csv", datapoints);
        let rx = ["report", "--cloudmonitor", "IntranetRX=rx.csv", "--connections", "connections.csv"];
        let billed = folder.run(&[&rx[..], &MONTH, &["--format", "csv"]].concat());
        assert_eq!(lines_of(&billed).lines().next(), LINES.lines().next());
        folder.write("hours.csv", USAGE.replace("timestamp", "hour").replace(',', separator));
        let hours = ["report", "--metered", "hours.csv", "--connections", "connections.csv"];
        assert_eq!(lines_of(&folder.run(&[&hours[..], &MONTH, &["--format", "csv"]].concat())), LINES);
    }
}

const TABLES: [&str; 6] =
    ["--link-changes", "link-changes.csv", "--prices", "prices.csv", "--contract", "contract.csv"];

fn write_tables(folder: &Folder, separator: &str, changes: &str, prices: &str, contract: &str) {
    for (name, text) in [
        ("usage.csv", USAGE.to_owned()),
        ("connections.csv", CONNECTIONS.to_owned()),
        ("link-changes.csv", format!("{CHANGES}{changes}")),
        ("prices.csv", prices.to_owned()),
        ("contract.csv", contract.to_owned()),
    ] {
        folder.write(name, text.replace(',', separator));
    }
}

#[test]
fn blank_rows_and_blanks_around_names_hold_nothing() {
    let blank = "\r\n,,,\r\n , ,\t,\r\n\"\",\"\",\"\",\"\"\r\n   \r\n";
    let usage = USAGE.replacen("bytes\n", "bytes \n", 1).replace('\n', &format!("\r\n{blank}"));
    let folder = Folder::new();
    folder.write("usage.csv", usage);
    folder.write(
        "connections.csv",
        format!("\u{feff} connection_id {}\n,,,,,\n,,,,,\n", &CONNECTIONS["connection_id".len()..]),
    );
    folder.write("link-changes.csv", format!("{CHANGES}\n,,,\n  \n"));
    let billed = folder.report(&["--link-changes", "link-changes.csv"]);
    assert_eq!(lines_of(&billed), LINES);
    assert!(billed.stderr.contains("read: 2 records"), "{}", billed.stderr);
}

#[test]
fn r15_one_stray_quote_costs_one_record() {
    let rows: String = (0..20_000)
        .map(|at| {
            let quote = if at % 5000 == 7 { "\"" } else { "" };
            format!(
                "{quote}2026-10-{:02}T{:02}:{:02}:00Z,pcc-1,requester,5\n",
                2 + at / 1440,
                at / 60 % 24,
                at % 60
            )
        })
        .collect();
    let folder = Folder::new();
    folder.write("usage.csv", format!("{HEADER}\n{rows}"));
    let billed = folder.report(&["--quarantine", "q.csv"]);
    assert_eq!(billed.code, 1, "{}", billed.stderr);
    for told in ["read: 20000 records, 99980 bytes", "billed: 19996 records", "refused: 4 records, 0 bytes"] {
        assert!(billed.stderr.contains(told), "{told}: {}", billed.stderr);
    }
    let quarantined = folder.read("q.csv");
    for line in [9, 5009, 10_009, 15_009] {
        assert!(
            quarantined.contains(&format!(
                "this line alone is refused; is it a quote too many?\",usage.csv,{line},"
            )),
            "{quarantined}"
        );
    }
}

#[test]
fn r15_stray_quotes_around_a_note_swallow_no_record() {
    let row = |hour: u32, note: &str| format!("2026-10-05T{hour:02}:00:00Z,pcc-1,requester,5,{note}\n");
    let usage = format!("{HEADER},note\n{}{}{}", row(3, "\"a"), row(4, "b"), row(5, "c\""));
    let folder = Folder::new();
    folder.write("usage.csv", usage);
    let billed = folder.report(&["--quarantine", "q.csv"]);
    for told in ["read: 3 records", "billed: 2 records, 10 bytes", "refused: 1 records"] {
        assert!(billed.stderr.contains(told), "{told}: {}", billed.stderr);
    }
    // A note over several lines is one, wherever its column stands.
    let whole =
        "note,timestamp,connection_id,sender,bytes\n\"a, b\r\nc\",2026-10-05T03:00:00Z,pcc-1,requester,5\n";
    folder.write("usage.csv", whole);
    assert!(folder.report(&[]).stderr.contains("billed: 1 records, 5 bytes"));
}

#[test]
fn a_stray_quote_in_a_small_table_is_told_with_its_line() {
    let folder = Folder::new();
    folder.write("connections.csv", format!("{CONNECTIONS}\"pcc-2,1,cn-huhehaote,2,cn-guangzhou,Gold\npcc-3,1,cn-huhehaote,2,cn-guangzhou,gold\n"));
    let told = folder.refused(
        3,
        &report_args(&["usage.csv"], &[]),
        &["connections.csv:3: a quoted field is opened here"],
    );
    assert!(!told.contains("all that follows"), "{told}");
}

#[test]
fn numbers_that_spreadsheets_and_people_write_are_named() {
    for (bytes, words) in [
        ("5.36871E+10", "Excel has rounded this"),
        ("\"53,687,091,200\"", "thousands separators"),
        ("200.5", "looks like GB"),
        ("100.0", "without decimals"),
        ("100 GB", "a unit"),
        ("-", "a mark for no data"),
        ("N/A", "a mark for no data"),
        ("\u{ff15}", "not 0 to 9"),
        (" 5", "blanks stand around it"),
    ] {
        refused(
            format!("{HEADER}\n2026-10-05T03:00:00Z,pcc-1,requester,{bytes}\n"),
            &["usage.csv:2: bytes", words],
        );
        let folder = Folder::new();
        folder.write("rx.csv", format!("timestamp,instanceId,Sum\n1791169200,pcc-1,{bytes}\n"));
        let rx = ["report", "--cloudmonitor", "IntranetRX=rx.csv", "--connections", "connections.csv"];
        let outcome = folder.run(&[&rx[..], &MONTH].concat());
        // A datapoint may be written with decimals, where they are zeros; its unit may be another one.
        if bytes != "100.0" {
            assert_eq!(outcome.code, 3, "{bytes}");
            let is_told = bytes == "200.5" || outcome.stderr.contains(words);
            assert!(is_told, "{bytes}: {}", outcome.stderr);
        }
    }
}

#[test]
fn one_instant_in_many_spellings_is_billed_alike() {
    for time in [
        "2026-10-05 03:00:00+00:00",
        "2026-10-05T11:00:00+0800",
        "2026-10-05T11:00:00+08",
        "2026-10-05 03:00:00 UTC",
        "2026-10-05T03:00Z",
    ] {
        let folder = Folder::new();
        folder.write("usage.csv", USAGE.replace("2026-10-05T03:00:00Z", time));
        folder.write(
            "connections.csv",
            CONNECTIONS
                .replace("link_type\n", "link_type,created_at\n")
                .replace("Gold\n", &format!("Gold,{time}\n")),
        );
        folder.write("link-changes.csv", format!("{CHANGES}pcc-1,{time},Gold,Gold\n"));
        assert_eq!(lines_of(&folder.report(&["--link-changes", "link-changes.csv"])), LINES, "{time}");
    }
}

#[test]
fn a_time_without_offset_is_told_so_and_other_dates_are_named() {
    let row = |time: &str| format!("{HEADER}\n{time},pcc-1,requester,5\n");
    for time in ["2026-10-05T03:00:00", "2026-10-05 03:00:00", "2026-10-05 03:00"] {
        let told = refused(row(time), &["usage.csv:2: timestamp", "the offset is missing"]);
        assert!(!told.contains("write it as 2026"), "{told}");
        let folder = Folder::new();
        folder.write("usage.csv", row(time));
        let args = report_args(&["usage.csv"], &["--naive-offset", "+08:00"]);
        folder.refused(3, &args, &["the offset is missing", "--naive-offset holds for"]);
        folder.write("usage.csv", format!("{{\"timestamp\":\"{time}\",\"connection_id\":\"pcc-1\",\"sender\":\"requester\",\"bytes\":5}}\n"));
        folder.refused(3, &args, &["the offset is missing", "--naive-offset holds for"]);
    }
    for (time, words) in [
        ("10/05/2026 03:00", "month/day/year"),
        ("2026/10/05 03:00", "year/month/day"),
        ("5-Oct-26", "month is written in letters"),
        ("46300.125", "spreadsheet's number for a date"),
        ("1791169200000000", "microseconds"),
    ] {
        refused(row(time), &["usage.csv:2: timestamp", words]);
    }
}

#[test]
fn all_faults_of_a_row_are_told() {
    refused(
        format!("{HEADER}\n10/05/2026,,Requester,-5\n"),
        &[
            "usage.csv:2: timestamp",
            "connection_id is empty",
            "did you mean \"requester\"",
            "cannot be negative",
        ],
    );
    refused(
        "{\"timestamp\":\"noon\",\"connection_id\":5,\"sender\":\"x\",\"bytes\":1.5}\n",
        &["usage.csv:1: timestamp", "is a number, not text", "sender \"x\"", "whole numbers"],
    );
    let folder = Folder::new();
    let prices = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                  cn-huhehaote,cn-guangzou,Gold,0.3,,publshed,x,2026-01-01\n\
                  cn-huhehaote,cn-guangzhou,Gld,0.3 CNY,2026-13-01,published,x,2026-01-01\n";
    folder.write("prices.csv", prices);
    let told = folder.refused(
        3,
        &report_args(&["usage.csv"], &["--prices", "prices.csv"]),
        &[
            "prices.csv:2: status \"publshed\"",
            "did you mean \"cn-guangzhou\"",
            "prices.csv:3: link type \"Gld\"",
            "\"0.3 CNY\"",
            "\"2026-13-01\"",
        ],
    );
    assert_eq!(told.lines().count(), 2, "{told}");
    let contract = "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
                    1000000000000001,Mars,*,gold,,15%,then,\n";
    folder.write("contract.csv", contract);
    folder.refused(
        3,
        &report_args(&["usage.csv"], &["--contract", "contract.csv"]),
        &["contract.csv:2:", "\"15%\"", "without the %", "\"Mars\"", "did you mean \"Gold\"", "\"then\""],
    );
    folder.write(
        "connections.csv",
        CONNECTIONS
            .replace("link_type\n", "link_type,created_at\n")
            .replace("cn-guangzhou,Gold\n", "cn-guangzou,gold,noon\n"),
    );
    folder.refused(
        3,
        &report_args(&["usage.csv"], &[]),
        &[
            "connections.csv:2:",
            "did you mean \"cn-guangzhou\"",
            "did you mean \"Gold\"",
            "created_at \"noon\"",
        ],
    );
}

#[test]
fn headers_that_lack_columns_say_how_to_map_them() {
    refused(
        "时间,连接ID,发送方,字节\n",
        &["usage.csv:1:", "[columns.usage]", "timestamp = \"NAME\"", "bytes = \"NAME\"", "peerbill.toml"],
    );
    let told = refused(
        USAGE.replace("bytes", "gb"),
        &["lacks bytes", "\"gb\" seems to hold another unit", "[columns.usage] bytes = \"NAME\""],
    );
    assert!(!told.contains("did you mean"), "{told}");
    let folder = Folder::new();
    folder.write(
        "prices.csv",
        "source,destination,link_typ,unit_price,effective_from,status,source_url,source_date\n",
    );
    let args = report_args(&["usage.csv"], &["--prices", "prices.csv"]);
    folder.refused(3, &args, &["lacks link_type", "is \"link_typ\" meant to be link_type?"]);
    folder.write("rx.csv", "Time,instanceId,Sum\n");
    let rx = ["report", "--cloudmonitor", "IntranetRX=rx.csv", "--connections", "connections.csv"];
    folder.refused(3, &[&rx[..], &MONTH].concat(), &["[columns.cloudmonitor] timestamp = \"NAME\""]);
}

#[test]
fn swapped_inputs_are_named_as_what_they_are() {
    let folder = Folder::new();
    folder.write("changes.csv", CHANGES);
    folder.write("rx.csv", "timestamp,instanceId,Sum\n");
    folder.write("rx.json", "{\n  \"Code\": \"200\",\n  \"Datapoints\": \"[]\"\n}\n");
    folder.write("list.json", "{\"VpcPeerConnects\":[]}");
    folder.write("report.csv", folder.report(&[]).stdout);
    for (usage, words) in [
        ("connections.csv", &["holds connections", "--connections"][..]),
        ("changes.csv", &["holds link changes", "--link-changes"]),
        ("rx.csv", &["holds datapoints of CloudMonitor", "--cloudmonitor"]),
        ("rx.json", &["holds datapoints of CloudMonitor", "--cloudmonitor"]),
        ("list.json", &["holds the provider's connections", "--connections"]),
        ("report.csv", &["holds lines of a report"]),
    ] {
        folder.refused(3, &report_args(&[usage], &[]), words);
    }
    let swapped = ["report", "--usage", "connections.csv", "--connections", "usage.csv"];
    folder.refused(3, &[&swapped[..], &MONTH].concat(), &["usage.csv:1:", "holds traffic", "--usage"]);
}

#[test]
fn old_macs_holes_and_other_damage_are_named() {
    refused(USAGE.replace('\n', "\r"), &["usage.csv:1:", "old Macs"]);
    refused(USAGE.replace("requester", "requ\0ester"), &["usage.csv:2:", "NUL"]);
    refused(USAGE.replace(',', ", ").replacen(", ", ",", 3), &["usage.csv:2:", "blanks stand around it"]);
    refused(
        format!("{HEADER}\n2026-10-05T03:00:00Z;pcc-1;requester;5\n"),
        &["usage.csv:2: 1 fields", "this row by ;"],
    );
    refused(
        format!("{HEADER}\n2026-10-05T03:00:00Z,pcc-1,requester,53,687,091,200\n"),
        &["usage.csv:2: 7 fields", "does a number hold a comma?"],
    );
}
