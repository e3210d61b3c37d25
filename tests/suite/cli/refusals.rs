//! R15: what is refused.

use super::*;

#[test]
fn r15_every_refusal_names_file_line_and_reason() {
    let record = "2026-10-05T05:00:00Z,pcc-1,requester,1";
    for (row, words) in [
        (record.replace("pcc-1", "pcc-9"), &["pcc-9", "--connections"][..]),
        (record.replace("pcc-1", ""), &["connection_id is empty"]),
        (record.replace(",1", ",-1"), &["\"-1\"", "negative"]),
        (record.replace(",1", ",1.5"), &["\"1.5\"", "whole"]),
        (record.replace(",1", ",18446744073709551616"), &["2^64-1"]),
        (record.replace(":00Z", ":60Z"), &["second 60"]),
        (record.replace("Z", ""), &["offset is missing"]),
        (record.replace("2026-10-05T05:00:00Z", "1791176"), &["10 digits", "13"]),
        (record.replace("requester", "Requester"), &["did you mean \"requester\""]),
        (
            "2026-10-05T03:00:00Z,pcc-1,requester,214748364800".into(),
            &["usage.csv:2:", "2 times", "--duplicates"],
        ),
        ("2026-10-05T05:00:00Z,pcc-1,requester".into(), &["3 fields where the header has 4"]),
        ("\"2026-10-05T05:00:00Z,pcc-1,requester,1".into(), &["quoted field is opened here"]),
    ] {
        let folder = Folder::new();
        folder.write("usage.csv", format!("{USAGE}{row}\n"));
        folder.refused(3, &report_args(&["usage.csv"], &[]), &[&["usage.csv:4:"], words].concat());
    }
}

#[test]
fn r15_faults_of_connections_and_link_changes_name_file_line_and_reason() {
    let header = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,\
                  created_at,deleted_at,bandwidth_mbps\n";
    let row = |own: &str| format!("{header}pcc-1,{own}\n");
    for (connections, words) in [
        (
            row("1,cn-huhehaote,2,cn-guangzhuo,Gold,,,"),
            &["cn-guangzhuo", "did you mean \"cn-guangzhou\""][..],
        ),
        (row("1,cn-huhehaote,2,cn-guangzhou,gold,,,"), &["did you mean \"Gold\""]),
        (row(",cn-huhehaote,2,cn-guangzhou,Gold,,,"), &["requester_account_id is empty"]),
        (row("1,cn-huhehaote,2,cn-guangzhou,Gold,yesterday,,"), &["created_at", "yesterday"]),
        (
            row("1,cn-huhehaote,2,cn-guangzhou,Gold,2026-10-02T00:00:00Z,2026-10-01T00:00:00Z,"),
            &["before created_at"],
        ),
        (row("1,cn-huhehaote,2,cn-guangzhou,Gold,,,fast"), &["bandwidth_mbps", "fast"]),
        (row("1,cn-huhehaote,2"), &["4 fields where the header has 9"]),
    ] {
        let folder = Folder::new();
        folder.write("connections.csv", connections);
        folder.refused(3, &report_args(&["usage.csv"], &[]), &[&["connections.csv:2:"], words].concat());
    }
    for (changes, words) in [
        ("pcc-9,2026-10-05T04:00:00Z,Gold,Gold", &["link-changes.csv:2:", "pcc-9"][..]),
        ("pcc-1,2026-10-05T04:00:00Z,Gold,Platinum", &["link-changes.csv:2:", "ends with Platinum"]),
        ("pcc-1,2026-10-05T04:00:00Z,Platinum,Platinum", &["link-changes.csv:2:", "Platinum"]),
        ("pcc-1,noon,Gold,Gold", &["link-changes.csv:2:", "noon"]),
        ("pcc-1,2026-10-05T04:00:00Z,Gold,Silver", &["link-changes.csv:2:", "to_link_type", "Silver"]),
        ("pcc-1,2026-10-05T04:00:00Z,Gold", &["link-changes.csv:2:", "3 fields"]),
    ] {
        let folder = Folder::new();
        folder.write("link-changes.csv", format!("{CHANGES}{changes}\n"));
        let args = report_args(&["usage.csv"], &["--link-changes", "link-changes.csv"]);
        folder.refused(3, &args, words);
    }
}

#[test]
fn r15_bad_rows_of_all_files_are_listed_up_to_a_cap_and_then_counted() {
    let folder = Folder::new();
    let word = |number: usize| "x".repeat(number + 1);
    let bad = |numbers: std::ops::Range<usize>| {
        let row = |number| format!("{},pcc-1,requester,1\n", word(number));
        format!("timestamp,connection_id,sender,bytes\n{}", numbers.map(row).collect::<String>())
    };
    folder.write("a.csv", bad(300..330));
    folder.write("b.csv", bad(0..300));
    let told = folder.refused(3, &report_args(&["b.csv", "a.csv"], &[]), &["b.csv:2:", "b.csv:51:"]);
    assert_eq!(told.matches("timestamp \"x").count(), 50, "{told}");
    // Words are shortened, so that those of the last rows have one cause, and that is not listed.
    assert!(told.contains("... and 280 more"), "{told}");
}

#[test]
fn r15_many_records_of_one_cause_are_one_line_with_their_number_and_first_places() {
    let folder = Folder::new();
    let record = |minute: usize, id: &str| format!("2026-10-05T03:{minute:02}:00Z,{id},requester,1\n");
    let of = |id: &'static str| (0..50).map(move |minute| record(minute, id)).collect::<String>();
    let header = "timestamp,connection_id,sender,bytes\n";
    folder.write("a.csv", format!("{header}{}{}", of("pcc-x"), of("pcc-y")));
    folder
        .write("b.csv", format!("{header}{}{}", of("pcc-x"), "2026-10-05 3pm,pcc-1,requester,1\n".repeat(2)));
    let told = folder.refused(3, &report_args(&["a.csv", "b.csv"], &[]), &[]);
    let lines: Vec<&str> = told.lines().collect();
    let expected = [
        "peerbill: a.csv:2: connection \"pcc-x\" is not in the inventory; add it to --connections \
         (100 times, also at a.csv:3, a.csv:4)",
        "peerbill: a.csv:52: connection \"pcc-y\" is not in the inventory; add it to --connections \
         (50 times, also at a.csv:53, a.csv:54)",
    ];
    assert_eq!(lines[..2], expected);
    // A few of one cause are told one by one.
    assert!(
        lines[2].starts_with("peerbill: b.csv:52: ") && lines[3].starts_with("peerbill: b.csv:53: "),
        "{told}"
    );
    let beside =
        folder.run(&[&report_args(&["a.csv", "b.csv"], &[])[..], &["--quarantine", "q.csv"]].concat());
    assert_eq!(beside.stderr.lines().filter(|line| expected.contains(line)).count(), 2, "{}", beside.stderr);
    assert_eq!(folder.read("q.csv").lines().count(), 1 + 152);
}

#[test]
fn r15_numbers_of_one_shape_are_one_cause_and_other_accounts_lives_are_not() {
    let folder = Folder::new();
    let bytes = |number: usize| format!("2026-10-05T03:{number:02}:00Z,pcc-1,requester,5.{number}E+10\n");
    folder.write(
        "u.csv",
        format!("timestamp,connection_id,sender,bytes\n{}", (10..40).map(bytes).collect::<String>()),
    );
    let told = folder.refused(
        3,
        &report_args(&["u.csv"], &[]),
        &["u.csv:2: bytes \"5.10E+10\"", "(30 times, also at u.csv:3"],
    );
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn the_doctor_tells_what_inputs_hold_and_fails_at_nothing_that_it_finds() {
    let folder = Folder::new();
    let usage = "timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,1\n\
                 2026-10-05T03:00:00Z,pcc-1,requester,1\nx,pcc-1,requester,1\n2026-10-05T05:00:00Z,pcc-9,accepter,1\n\
                 2026-11-05T05:00:00Z,pcc-1,requester,1\n";
    folder.write("rx.csv.gz", gzip(usage));
    folder.write("link-changes.json", "[]");
    let inputs = [
        "doctor",
        "--usage",
        "rx.csv.gz",
        "--connections",
        "connections.csv",
        "--link-changes",
        "link-changes.json",
    ];
    let outcome = folder.run(&inputs);
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
    for told in [
        "gzip    CSV",
        "2026-10-05T03:00:00Z  2026-11-05T05:00:00Z",
        "Connections: 1, link changes given",
        "Month 2026-10 (+08:00)",
        "Month 2026-11 (+08:00)",
        "refused as unknown_connection: 1",
        "refused as duplicate_record: 2",
        "no accepter has a record that is not refused: is the export of that side missing?",
        "610 hours from 2026-11-05T06:00:00Z",
        "traffic names others: pcc-9",
    ] {
        assert!(outcome.stdout.contains(told), "no {told:?} in {}", outcome.stdout);
    }
    let json = json_of(&folder.run(&[&inputs[..], &["--format", "json", "--month", "2026-11"]].concat()));
    assert_eq!(json["inputs"][2]["format"], "CSV");
    assert_eq!(json["inputs"][1]["format"], "ActionTrail events, JSON");
    let month = &json["months"][0];
    assert_eq!((json["months"].as_array().unwrap().len(), &month["month"]), (1, &"2026-11".into()));
    assert_eq!(month["ends"][0]["hours_with_records"], "1");
    assert_eq!(month["ends"][0]["gaps"][0]["end"], "2026-11-05T05:00:00Z");
    assert_eq!(month["refused_by_reason"], serde_json::json!({"unreadable_row": "1"}));
    assert_eq!(month["side_without_records"], "accepter");

    let alone = folder.run(&["doctor", "--connections", "connections.csv"]);
    assert!(
        alone.code == 0 && alone.stdout.contains("Connections: 1, link changes not given"),
        "{}",
        alone.stdout
    );
    folder.refused(2, &["doctor"], &["name something to look at"]);
    let traffic = folder.run(&["doctor", "--usage", "rx.csv.gz", "--month", "2026-10"]);
    for told in [
        "Connections: not given; traffic names 2, which are taken to be between regions, and to exist in all hours",
        "2026-10-05T03:00:00Z  2026-11-05T05:00:00Z",
        "pcc-9       accepter              744             1",
        "634 hours from 2026-10-05T06:00:00Z",
        "no requester has a record that is not refused",
    ] {
        assert!(traffic.code == 0 && traffic.stdout.contains(told), "no {told:?} in {}", traffic.stdout);
    }
    let flow = "{\"log-status\":\"OK\",\"direction\":\"out\",\"action\":\"ACCEPT\",\"traffic_path\":\"17\",\"vpc-id\":\"vpc-1\",\
                \"dstaddr\":\"10.0.0.1\",\"bytes\":\"7\",\"start\":\"1791169200\",\"end\":\"1791169260\"}\n";
    folder.write("flow.json", flow);
    let entries = json_of(&folder.run(&["doctor", "--flow-logs", "flow.json", "--format", "json"]));
    assert_eq!(entries["inputs"][0]["last_hour"], "2026-10-05T03:00:00Z");
    assert_eq!(
        (&entries["connections_given"], &entries["inputs"][0]["refused"]),
        (&false.into(), &"1".into())
    );
    assert!(entries["settings"]["flow-logs"].is_string());
    folder.refused(3, &["doctor", "--usage", "none.csv", "--connections", "connections.csv"], &["none.csv"]);
    folder.write("broken.json", "{");
    folder.refused(3, &["doctor", "--connections", "broken.json"], &["broken.json:1: is not valid JSON"]);
}

/// A Terraform state with one connection, and data sources that tell these accounts.
fn state(accounts: &[&str]) -> String {
    let account = |(index, id): (usize, &&str)| {
        format!(
            r#"{{"address":"data.alicloud_account.a{index}","mode":"data","type":"alicloud_account","values":{{"id":"{id}"}}}}"#
        )
    };
    let connection = r#"{"address":"alicloud_vpc_peer_connection.a","mode":"managed","type":"alicloud_vpc_peer_connection",
        "values":{"id":"pcc-1","region_id":"cn-huhehaote","accepting_region_id":"cn-guangzhou","accepting_ali_uid":2}}"#;
    let resources: Vec<String> =
        accounts.iter().enumerate().map(account).chain([connection.to_owned()]).collect();
    let resources = resources.join(",");
    format!(r#"{{"format_version":"1.0","values":{{"root_module":{{"resources":[{resources}]}}}}}}"#)
}

#[test]
fn r15_records_of_a_bad_connection_are_refused_with_what_would_mend_its_row() {
    let folder = Folder::new();
    folder.write("connections.csv", state(&["1", "3"]));
    let outcome = folder.report(&["--quarantine", "quarantine.csv"]);
    let why = "alicloud_vpc_peer_connection.a: the requester's account is not in the resource, and data sources tell \
               several (1, 3); state it with --requester-account";
    assert!(outcome.code == 1 && outcome.stderr.contains(why), "{}", outcome.stderr);
    let quarantine = folder.read("quarantine.csv");
    assert!(quarantine.contains(&format!("faulty_connection,\"connections.csv:1: {why}\"")), "{quarantine}");
}

#[test]
fn an_account_that_only_a_data_source_tells_is_shown_with_what_would_state_it() {
    let folder = Folder::new();
    folder.write("connections.csv", state(&["1"]));
    let why = "a state does not say whose provider that is: state it with --requester-account where there are several";
    for format in ["csv", "json", "table"] {
        let outcome = folder.report(&["--format", format]);
        assert!((outcome.stdout + &outcome.stderr).contains(why), "{format}");
    }
    let doctor = ["doctor", "--usage", "usage.csv", "--connections", "connections.csv"];
    for format in ["json", "table"] {
        let outcome = folder.run(&[&doctor[..], &["--format", format]].concat());
        assert!(outcome.stdout.contains(why), "{}", outcome.stdout);
    }
}
