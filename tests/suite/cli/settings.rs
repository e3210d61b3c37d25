//! Settings and choices.

use super::*;

#[test]
fn peerbill_toml_fills_what_arguments_leave_open_and_the_report_names_it() {
    let folder = Folder::new();
    folder.write(
        "peerbill.toml",
        "catalog = \"international-site\"\noffset = \"-05:00\"\nconnections = [\"connections.csv\"]\n",
    );
    let args = ["report", "--usage", "usage.csv", "--month", "2026-10", "--format", "table"];
    let outcome = folder.run(&args);
    for told in [
        "14.40 USD",
        "-05:00",
        "setting catalog",
        "international-site",
        "setting offset",
        "setting connections",
    ] {
        assert!(outcome.stdout.contains(told), "no {told:?} in {}{}", outcome.stdout, outcome.stderr);
    }
    let overridden = folder.run(&[&args[..], &["--catalog", "china-site"]].concat());
    assert!(overridden.stdout.contains("96.00 CNY") && !overridden.stdout.contains("setting catalog"));
}

#[test]
fn what_a_trail_does_not_tell_is_stated_and_the_report_names_it() {
    let folder = Folder::new();
    folder.write("connections.csv", CONNECTIONS.replace("Gold", "Platinum"));
    let event = r#"{"eventName":"ModifyVpcPeerConnection","eventTime":"2026-10-05T03:30:00Z",
        "requestParameters":{"InstanceId":"pcc-1","LinkType":"Platinum"}}"#;
    folder.write("trail.json", event);
    let args = ["--link-changes", "trail.json", "--format", "table"];
    let refused = folder.report(&args);
    assert!(
        refused.code == 3 && refused.stderr.contains("--link-type-before pcc-1=Gold"),
        "{}",
        refused.stderr
    );
    folder.write("peerbill.toml", "link-type-before = [\"Gold\"]\n");
    let told = folder.report(&args);
    assert!(
        told.code == 0 && told.stdout.contains("setting link-type-before  Gold"),
        "{}{}",
        told.stdout,
        told.stderr
    );
    let flag = [&args[..], &["--link-type-before", "pcc-2=Gold"]].concat();
    assert_eq!(folder.report(&flag).code, 2);
    // Before the month that is billed it does not matter.
    folder.write("peerbill.toml", "");
    folder.write("trail.json", event.replace("2026-10-05", "2026-09-05"));
    assert_eq!(folder.report(&args).code, 0);
}

#[test]
fn a_peerbill_toml_that_cannot_be_read_is_refused_with_its_line() {
    let folder = Folder::new();
    folder.write("peerbill.toml", "catalog = \"china-site\"\ncurrency = \"CNY\"\n");
    folder.refused(3, &report_args(&["usage.csv"], &[]), &["peerbill.toml:2:", "currency"]);
}

#[test]
fn the_statement_of_one_account_is_marked_partial_and_its_lines_stay_the_same() {
    let folder = Folder::new();
    let account = ["--account", "1000000000000002"];
    let csv = folder.report(&account);
    assert_eq!(lines_of(&csv), LINES.lines().nth(1).map(|line| format!("{line}\n")).expect("two lines"));
    assert!(csv.stderr.contains("partial"), "{}", csv.stderr);
    let table = folder.report(&[&account[..], &["--format", "table"]].concat());
    assert!(table.stdout.contains("partial") && !table.stdout.contains("96.00"), "{}", table.stdout);
    let json = json_of(&folder.report(&[&account[..], &["--format", "json"]].concat()));
    assert_eq!(
        (&json["control_totals"]["partial"], json["accounts"].as_array().map(Vec::len)),
        (&true.into(), Some(1))
    );
    assert_eq!(json["control_totals"]["records"]["read"], "2");
}

#[test]
fn an_unknown_column_to_group_by_exits_2_with_a_suggestion() {
    let folder = Folder::new();
    let by = |columns| report_args(&["usage.csv"], &["--by", columns]).to_vec();
    folder.refused(
        2,
        &by("billing_acount_id"),
        &["billing_acount_id", "did you mean \"billing_account_id\""],
    );
    folder.refused(2, &by("sender,billed_cost"), &["billed_cost"]);
    folder.refused(2, &report_args(&["usage.csv"], &["--hourly", "--by", "day"]), &["--hourly", "day"]);
}

#[test]
fn lines_are_grouped_by_columns_and_days() {
    let folder = Folder::new();
    // The second day begins at 16:00Z. One byte of it makes an adjustment.
    folder.write("usage.csv", format!("{USAGE}2026-10-05T16:00:00Z,pcc-1,requester,1\n"));
    let lines = |columns| lines_of(&folder.report(&["--by", columns])).to_owned();
    assert_eq!(
        lines("connection_id"),
        "2026-10,,pcc-1,,,,,Gold,usage,322122547201,300.0000000009,0.48,0.48,144.0000000004,CNY,3,0,0.00,published\n\
         2026-10,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
    assert_eq!(
        lines("sender,source_region"),
        "2026-10,1000000000000002,pcc-1,accepter,cn-guangzhou,cn-huhehaote,1000000000000001,Gold,usage,107374182400,100,\
         0.48,0.48,48.00,CNY,1,0,0.00,published\n\
         2026-10,1000000000000001,pcc-1,requester,cn-huhehaote,cn-guangzhou,1000000000000002,Gold,usage,214748364801,\
         200.0000000009,0.48,0.48,96.0000000004,CNY,2,0,0.00,published\n\
         2026-10,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
    assert_eq!(
        lines("day"),
        "2026-10,2026-10-04T16:00:00Z,2026-10-05T16:00:00Z,,pcc-1,,,,,Gold,usage,322122547200,300,0.48,0.48,144.00,CNY,2,\
         0,0.00,published\n\
         2026-10,2026-10-05T16:00:00Z,2026-10-06T16:00:00Z,1000000000000001,pcc-1,requester,cn-huhehaote,cn-guangzhou,\
         1000000000000002,Gold,usage,1,0.0000000009,0.48,0.48,0.0000000004,CNY,1,0,0.00,published\n\
         2026-10,,,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
}
