//! Exit codes.

use super::*;

#[test]
fn a_report_exits_0_with_data_on_stdout_and_the_rest_on_stderr() {
    let folder = Folder::new();
    let (outcome, in_full) = (folder.report(&[]), folder.report(&["--verbose"]));
    assert_eq!([lines_of(&outcome), lines_of(&in_full)], [LINES; 2]);
    for told in [
        "read: 2 records, 322122547200 bytes",
        "refused: 0",
        "finding: [link_changes_not_given] link changes",
    ] {
        assert!(outcome.stderr.contains(told), "no {told:?} in {}", outcome.stderr);
        assert!(in_full.stderr.contains(told), "no {told:?} in {}", in_full.stderr);
    }
    for told in ["offset: +08:00", "gb: 2^30 bytes", "catalog: china-site", "usage_digest: ", "before tax"] {
        assert!(!outcome.stderr.contains(told), "{told:?} in {}", outcome.stderr);
        assert!(in_full.stderr.contains(told), "no {told:?} in {}", in_full.stderr);
    }
    assert!(!outcome.stderr.contains('\u{1b}'), "no colour and no progress bar where there is no terminal");
}

#[test]
fn quarantined_records_exit_1_beside_a_report_and_can_be_mended_and_read_again() {
    let folder = Folder::new();
    folder.write("usage.csv", format!("{USAGE}2026-10-05T05:00:00Z,pcc-2,requester,107374182400\n"));
    let outcome = folder.report(&["--quarantine", "quarantine.csv"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stdout.ends_with(LINES));
    assert!(outcome.stderr.contains("1 records were refused"), "{}", outcome.stderr);

    folder.write("connections.csv", CONNECTIONS.replace("pcc-1", "pcc-2"));
    let again = folder.report_on(&["quarantine.csv"], &[]);
    assert!(lines_of(&again).contains("pcc-2,requester"), "{}", again.stdout);
    assert!(lines_of(&again).contains(",107374182400,100,0.48,0.48,48.00,"), "{}", again.stdout);
}

#[test]
fn a_quarantine_with_nothing_in_it_exits_0() {
    let folder = Folder::new();
    assert_eq!(lines_of(&folder.report(&["--quarantine", "quarantine.csv"])), LINES);
    assert_eq!(folder.read("quarantine.csv").lines().count(), 1);
}

#[test]
fn wrong_use_of_the_command_exits_2() {
    let folder = Folder::new();
    let report = ["report", "--usage", "usage.csv", "--connections", "connections.csv"];
    for (args, words) in [
        (&["--catalog", "china-site"][..], &["--month"][..]),
        (&["--month", "2026-10"], &["--catalog", "china-site"]),
        (&["--catalog", "china-site", "--month", "2026-13"], &["2026-13"]),
        (&["--catalog", "china-site", "--month", "10/2026"], &["10/2026", "2026-10"]),
        (&["--catalog", "china-site", "--month", "2026-10", "--format", "pdf"], &["pdf"]),
        (&["--catalog", "china-site", "--month", "2026-10", "--colour"], &["--colour"]),
        (
            &["--catalog", "china-site", "--month", "2026-10", "--offset", "+05:30"],
            &["+05:30", "billing hours"],
        ),
        (&["--catalog", "china-site", "--month", "2026-10", "--offset", "8"], &["+08:00"]),
        (&["--catalog", "china-site", "--month", "2026-10", "--duplicates", "last"], &["last"]),
        (
            &["--catalog", "china-site", "--month", "2026-10", "--account", "1000000000000003"],
            &["1000000000000003", "did you mean"],
        ),
        (
            &["--catalog", "china-site", "--month", "2026-10", "--output", "a", "--quarantine", "a"],
            &["same file"],
        ),
    ] {
        folder.refused(2, &[&report, args].concat(), words);
    }
    folder.refused(2, &[&["report", "--usage", "usage.csv"][..], &MONTH].concat(), &["--connections"]);
    folder.refused(2, &[&["report", "--connections", "connections.csv"][..], &MONTH].concat(), &["--usage"]);
    let stdin_twice = [&["report", "--usage", "-", "--connections", "-"][..], &MONTH].concat();
    let outcome = finish(peerbill(folder.path()).args(stdin_twice), CONNECTIONS.as_bytes());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    folder.refused(2, &["repotr"], &["repotr", "report"]);
}

#[test]
fn input_or_a_catalog_that_cannot_be_read_exits_3() {
    let folder = Folder::new();
    folder.write("empty.csv", "");
    folder.write("binary.csv", [0xff, 0xfe, 0x00, 0x41]);
    folder.write("table.parquet", b"PAR1....");
    fs::create_dir(folder.path().join("nothing-in-it")).expect("a folder");
    for (usage, words) in [
        ("absent.csv", &["absent.csv"][..]),
        ("empty.csv", &["empty.csv:1:", "timestamp,connection_id,sender,bytes"]),
        ("binary.csv", &["binary.csv:1:"]),
        ("table.parquet", &["table.parquet:", "Parquet"]),
        ("nothing-in-it", &["nothing-in-it", "no file"]),
        ("*.tsv", &["*.tsv", "no file"]),
    ] {
        folder.refused(3, &report_args(&[usage], &[]), words);
    }
    let inputs = ["report", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    folder.refused(3, &[&inputs[..], &["--catalog", "chinasite"]].concat(), &["chinasite", "china-site"]);
    folder.refused(3, &report_args(&["usage.csv"], &["--prices", "absent"]), &["absent", "assumed-platinum"]);
    folder.refused(3, &report_args(&["usage.csv"], &["--contract", "absent.csv"]), &["absent.csv"]);
}

#[test]
fn a_missing_price_exits_3_even_beside_a_quarantine() {
    let folder = Folder::new();
    folder.write("connections.csv", CONNECTIONS.replace("Gold", "Platinum"));
    let args =
        ["report", "--usage", "usage.csv", "--connections", "connections.csv", "--quarantine", "q.csv"];
    let args = [&args[..], &["--catalog", "international-site", "--month", "2026-10"]].concat();
    let words = ["Platinum", "cn-huhehaote to cn-guangzhou", "international-site", "2026-10-05T03:00:00Z"];
    let told = folder.refused(3, &args, &words);
    assert!(told.contains("cn-guangzhou to cn-huhehaote") && told.contains("2026-10-05T04:00:00Z"), "{told}");
    assert_eq!(folder.names(), ["connections.csv", "usage.csv"]);
}

#[test]
fn output_that_cannot_be_written_exits_4() {
    let folder = Folder::new();
    for path in ["absent/report.csv", "usage.csv/report.csv", "."] {
        folder.refused(4, &report_args(&["usage.csv"], &["--output", path]), &["cannot be written"]);
    }
    assert_eq!(folder.names(), ["connections.csv", "usage.csv"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_exits_4() {
    let folder = Folder::new();
    let full = File::options().write(true).open("/dev/full").expect("a device that is always full");
    let outcome = finish(peerbill(folder.path()).args(report_args(&["usage.csv"], &[])).stdout(full), b"");
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
}

#[test]
fn help_version_completions_and_the_manual_exit_0() {
    let folder = Folder::new();
    for args in [&["--help"][..], &["report", "--help"], &["--version"], &["man"], &["completions", "bash"]] {
        let outcome = folder.run(args);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{args:?}");
        assert!(outcome.stdout.contains("peerbill"), "{args:?}: {}", outcome.stdout);
    }
}

#[test]
fn the_help_of_every_verb_begins_with_an_example() {
    let folder = Folder::new();
    let verbs = ["report", "estimate", "meter", "doctor", "catalog", "completions", "man"];
    let of_catalog = ["list", "show", "check", "price", "diff"].map(|verb| vec!["catalog", verb]);
    for verb in verbs.map(|verb| vec![verb]).into_iter().chain(of_catalog) {
        let outcome = folder.run(&[&verb[..], &["--help"]].concat());
        assert!(outcome.stdout.starts_with("Example: "), "{verb:?}: {}", outcome.stdout);
        assert!(outcome.stdout.contains(&["peerbill", &verb.join(" ")].join(" ")), "{verb:?}");
    }
}
