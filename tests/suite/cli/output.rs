//! Output that is whole or absent, and what it says.

use super::*;

#[test]
fn a_file_gets_the_same_bytes_as_standard_output_and_nothing_stands_beside_it() {
    for format in ["csv", "table", "json"] {
        let folder = Folder::new();
        let printed = folder.report(&["--format", format]);
        let written = folder.report(&["--format", format, "--output", "report"]);
        assert_eq!((written.code, written.stdout.as_str()), (0, ""));
        assert_eq!(folder.read("report"), printed.stdout);
        assert_eq!(written.stderr, printed.stderr);
        assert_eq!(folder.names(), ["connections.csv", "report", "usage.csv"]);
    }
}

#[test]
fn an_error_leaves_no_output_and_an_older_one_untouched() {
    let folder = Folder::new();
    folder.write("old.csv", "the report of September");
    folder.write("usage.csv", USAGE.replace("214748364800", "-1"));
    for output in ["old.csv", "new.csv"] {
        folder.refused(3, &report_args(&["usage.csv"], &["--output", output]), &["usage.csv:2:"]);
    }
    assert_eq!(folder.read("old.csv"), "the report of September");
    assert_eq!(folder.names(), ["connections.csv", "old.csv", "usage.csv"]);
}

#[test]
fn a_quarantine_that_cannot_be_written_means_no_report_either() {
    let folder = Folder::new();
    folder.write("usage.csv", USAGE.replace("214748364800", "-1"));
    let before = folder.names();
    let to = ["--quarantine", "absent/q.csv"];
    folder.refused(4, &report_args(&["usage.csv"], &to), &["cannot be written"]);
    let to_file = [&to[..], &["--output", "out.csv"]].concat();
    folder.refused(4, &report_args(&["usage.csv"], &to_file), &["cannot be written"]);
    assert_eq!(folder.names(), before);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_a_link_stays_one() {
    let folder = Folder::new();
    folder.write("usage.csv", USAGE);
    folder.write("real.csv", "the report of September");
    std::os::unix::fs::symlink("real.csv", folder.path().join("link.csv")).expect("a link");
    let outcome = folder.run(&report_args(&["usage.csv"], &["--output", "link.csv"]));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(folder.path().join("link.csv").is_symlink());
    assert!(folder.read("real.csv").starts_with("billing_month,"));
}

#[test]
fn a_report_and_its_quarantine_cannot_be_one_file_however_it_is_spelled() {
    let folder = Folder::new();
    folder.write("usage.csv", USAGE);
    let same = ["--output", "one.csv", "--quarantine", "./one.csv"];
    folder.refused(2, &report_args(&["usage.csv"], &same), &["same file"]);
}

#[test]
fn a_link_change_of_nobody_stops_even_a_quarantine() {
    let folder = Folder::new();
    folder.write("usage.csv", USAGE);
    let header = "connection_id,changed_at,from_link_type,to_link_type";
    folder.write("changes.csv", format!("{header}\n,2026-10-05T00:30:00Z,Platinum,Gold\n"));
    let args = ["--link-changes", "changes.csv", "--quarantine", "q.csv"];
    folder.refused(3, &report_args(&["usage.csv"], &args), &["changes.csv:2: connection_id is empty"]);
}

#[test]
fn r15_a_hole_of_zero_bytes_is_no_time() {
    let folder = Folder::new();
    for time in ["\0".repeat(20), format!("{}10:00:00Z", "\0".repeat(11))] {
        folder
            .write("usage.csv", format!("timestamp,connection_id,sender,bytes\n{time},pcc-1,requester,5\n"));
        folder.refused(3, &report_args(&["usage.csv"], &[]), &["usage.csv:2: it holds a NUL byte"]);
    }
}

#[test]
fn r17_json_is_the_same_whatever_the_order_of_the_files() {
    let folder = Folder::new();
    folder.write("a.csv", USAGE);
    folder.write("b.csv", "timestamp,connection_id,sender,bytes\n");
    let reports = [["a.csv", "b.csv"], ["b.csv", "a.csv"]]
        .map(|usage| folder.run(&report_args(&usage, &["--format", "json"])).stdout);
    assert!(reports[0].contains("a.csv"));
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn standard_input_for_two_inputs_is_refused_before_it_is_read() {
    let folder = Folder::new();
    let args =
        ["report", "--usage", "-", "--connections", "-", "--catalog", "china-site", "--month", "2026-10"];
    folder.refused(2, &args, &["read only once"]);
}

#[test]
fn the_name_of_an_overlay_file_is_in_no_report() {
    let folder = Folder::new();
    folder.write("usage.csv", USAGE);
    let prices = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                  cn-huhehaote,cn-guangzhou,Gold,0.1,,assumed,u,d\n";
    let reports = ["alice.csv", "bob.csv"].map(|name| {
        folder.write(name, prices);
        folder.run(&report_args(&["usage.csv"], &["--format", "table", "--prices", name])).stdout
    });
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn an_output_over_an_input_is_refused_however_it_is_spelled() {
    let folder = Folder::new();
    for flag in ["--output", "--quarantine"] {
        for path in ["usage.csv", "./usage.csv", "connections.csv"] {
            folder.refused(2, &report_args(&["usage.csv"], &[flag, path]), &[flag, path, "inputs"]);
        }
    }
    assert_eq!(folder.read("usage.csv"), USAGE);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    for args in [report_args(&["-"], &[]), report_args(&["-"], &["--format", "table"])] {
        let mut command = peerbill(folder.path());
        let mut child = command.args(args).stdin(Stdio::piped()).spawn().expect("the program starts");
        // It waits for its input, so the reader is gone before the first byte is written.
        drop(child.stdout.take());
        child.stdin.take().expect("a pipe").write_all(USAGE.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("the program ends");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(!told.to_lowercase().contains("pipe") && !told.contains("panicked"), "{told}");
    }
}

#[test]
fn r17_locale_time_zone_terminal_and_colour_wishes_change_no_byte() {
    let folder = Folder::new();
    for format in ["csv", "table", "json"] {
        let args = report_args(&["usage.csv"], &["--format", format]);
        let plain = folder.run(&args);
        let mut odd = peerbill(folder.path());
        odd.args(&args).env("TZ", "Asia/Kathmandu").env("LC_ALL", "tr_TR.UTF-8").env("LANG", "ar_EG.UTF-8");
        odd.env("COLUMNS", "20")
            .env("CLICOLOR_FORCE", "1")
            .env("FORCE_COLOR", "1")
            .env("RAYON_NUM_THREADS", "1");
        assert_eq!(finish(&mut odd, b""), plain);
        let mut bare = peerbill(folder.path());
        assert_eq!(finish(bare.args(&args).env_clear(), b""), plain);
    }
}

#[test]
fn r17_table_and_csv_name_no_input_and_json_names_all_with_their_digests() {
    let folder = Folder::new();
    folder.write("secret-name.csv", USAGE);
    for format in ["csv", "table"] {
        let outcome = folder.report_on(&["secret-name.csv"], &["--format", format]);
        assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("secret-name"), "{format}");
    }
    let json = json_of(&folder.report_on(&["secret-name.csv"], &["--format", "json"]));
    let inputs = json["inputs"].as_array().expect("a list");
    let digest = |name: &str| {
        let own =
            inputs.iter().find(|input| input["name"] == name).unwrap_or_else(|| panic!("{name} in {json}"));
        own["digest"].clone()
    };
    assert_eq!(digest("secret-name.csv"), blake3::hash(USAGE.as_bytes()).to_hex().as_str());
    assert_eq!(digest("connections.csv"), blake3::hash(CONNECTIONS.as_bytes()).to_hex().as_str());
}

#[test]
fn the_digest_of_the_usage_can_be_recomputed_from_its_metered_hours() {
    let json = json_of(&Folder::new().report(&["--format", "json"]));
    let mut whole = blake3::Hasher::new();
    whole.update(b"pcc-1,requester\npcc-1,accepter\n");
    // The sender's place among those above, 2026-10-05T03:00:00Z and the hour after it, and bytes.
    for (place, second, bytes) in
        [(0u32, 1_791_169_200i64, 214_748_364_800u128), (1, 1_791_172_800, 107_374_182_400)]
    {
        let cells = [&place.to_le_bytes()[..], &bytes.to_le_bytes()[..]].concat();
        whole.update(&second.to_le_bytes());
        whole.update(blake3::hash(&cells).as_bytes());
    }
    let digest = whole.finalize().to_hex();
    assert_eq!(json["usage_digest"], digest.as_str());
    // CSV shows none; what one run writes beside it does.
    let folder = Folder::new();
    let report = ["report", "--usage", "usage.csv", "--connections", "connections.csv"];
    let outputs = ["--output", "a.csv", "--output", "a.json", "--output", "b.csv"];
    let written = folder.run(&[&report[..], &MONTH, &outputs].concat());
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert!(folder.read("a.json").contains(digest.as_str()));
    let verbose = folder.report(&["--format", "csv", "--verbose"]);
    assert!(verbose.stderr.contains(&format!("usage_digest: {digest}\n")), "{}", verbose.stderr);
}

#[test]
fn json_holds_accounts_totals_findings_and_numbers_as_text() {
    let json = json_of(&Folder::new().report(&["--format", "json"]));
    let account = &json["accounts"][0];
    assert_eq!(account["billing_account_id"], "1000000000000001");
    assert_eq!(
        [&account["subtotal"], &account["adjustment"], &account["payable"]],
        ["96.00", "0.00", "96.00"]
    );
    assert_eq!(account["lines"][0]["consumed_bytes"], "214748364800");
    assert_eq!(account["lines"][0]["billed_cost"], "96.00");
    let totals = &json["control_totals"];
    for name in ["read", "billed", "free", "outside_period", "refused"] {
        for unit in ["records", "bytes"] {
            assert!(totals[unit][name].is_string(), "{unit} {name}: {totals}");
        }
    }
    assert_eq!(totals["bytes"]["billed"], "322122547200");
    let codes =
        json["findings"].as_array().expect("a list").iter().map(|own| own["code"].as_str().expect("text"));
    assert_eq!(codes.collect::<Vec<_>>(), ["link_changes_not_given", "hours_without_records"]);
    assert_eq!(json["catalog"]["gb_bytes"], "1073741824");
}

#[test]
fn the_table_tells_accounts_payables_totals_findings_and_the_basis() {
    let outcome = Folder::new().report(&["--format", "table"]);
    for told in [
        "Account 1000000000000001",
        "96.00 CNY",
        "Account 1000000000000002",
        "Payable, 2 accounts: 144.00 CNY",
        "Control totals",
        "322122547200",
        "link_changes_not_given",
        "742 of 744 connection-hours have no record",
        "2^30 bytes",
        "before tax",
    ] {
        assert!(outcome.stdout.contains(told), "no {told:?} in {}", outcome.stdout);
    }
}
