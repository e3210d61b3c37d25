//! The program as a user meets it: exit codes, messages, inputs in every form, output that is whole or absent.

mod support {
    pub mod program;
}

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Stdio,
};
use support::program::{Outcome, finish, peerbill, run};
use tempfile::TempDir;

const USAGE: &str = "timestamp,connection_id,sender,bytes\n\
                     2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n\
                     2026-10-05T04:00:00Z,pcc-1,accepter,107374182400\n";
const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
                           pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n";
const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";
const MONTH: [&str; 4] = ["--catalog", "china-site", "--month", "2026-10"];
/// What account 1000000000000001 pays for [`USAGE`], and account 1000000000000002.
const LINES: &str = "\
2026-10,1000000000000001,pcc-1,requester,cn-huhehaote,cn-guangzhou,1000000000000002,Gold,usage,214748364800,200,0.48,0.48,96.00,CNY,1,0,0.00,published
2026-10,1000000000000002,pcc-1,accepter,cn-guangzhou,cn-huhehaote,1000000000000001,Gold,usage,107374182400,100,0.48,0.48,48.00,CNY,1,0,0.00,published
";

/// A working folder with the published example in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("usage.csv", USAGE);
        folder.write("connections.csv", CONNECTIONS);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn run(&self, args: &[&str]) -> Outcome {
        run(self.path(), args)
    }

    /// `report` on the inputs of the folder, for October 2026 of the China site, as CSV unless `args` say otherwise.
    fn report(&self, args: &[&str]) -> Outcome {
        self.report_on(&["usage.csv"], args)
    }

    /// The same on other usage.
    fn report_on(&self, usage: &[&str], args: &[&str]) -> Outcome {
        self.run(&report_args(usage, args))
    }

    /// Runs `args`, which must fail with `code`, print nothing, and say all of `words`.
    fn refused(&self, code: i32, args: &[&str], words: &[&str]) -> String {
        let outcome = self.run(args);
        let told = format!("{args:?}: {}", outcome.stderr);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{told}");
        for word in words {
            assert!(outcome.stderr.contains(word), "no {word:?} in {told}");
        }
        outcome.stderr
    }
}

fn report_args<'a>(usage: &[&'a str], args: &[&'a str]) -> Vec<&'a str> {
    let format = if args.contains(&"--format") { &[][..] } else { &["--format", "csv"] };
    let inputs: [&[&str]; 4] = [&["report", "--usage"], usage, &["--connections", "connections.csv"], &MONTH];
    inputs.concat().into_iter().chain(format.iter().copied()).chain(args.iter().copied()).collect()
}

fn lines_of(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.split_once('\n').expect("a header").1
}

fn json_of(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr))
}

// Exit codes

#[test]
fn a_report_exits_0_with_data_on_stdout_and_the_rest_on_stderr() {
    let outcome = Folder::new().report(&[]);
    assert_eq!(lines_of(&outcome), LINES);
    for told in [
        "offset: +08:00",
        "gb: 2^30 bytes",
        "read: 2 records, 322122547200 bytes",
        "refused: 0",
        "before tax",
    ] {
        assert!(outcome.stderr.contains(told), "no {told:?} in {}", outcome.stderr);
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

// R15: what is refused

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
    let bad =
        |count| format!("timestamp,connection_id,sender,bytes\n{}", "soon,pcc-1,requester,1\n".repeat(count));
    folder.write("a.csv", bad(30));
    folder.write("b.csv", bad(300));
    let told = folder.refused(3, &report_args(&["b.csv", "a.csv"], &[]), &["b.csv:2:", "... and 280 more"]);
    assert_eq!(told.matches("\"soon\"").count(), 50, "{told}");
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
        "no accepter has a record: is the export of that side missing?",
        "610 hours from 2026-11-05T06:00:00Z",
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
    folder.refused(2, &["doctor", "--usage", "usage.csv"], &["--connections is needed"]);
    folder.refused(3, &["doctor", "--usage", "none.csv", "--connections", "connections.csv"], &["none.csv"]);
    folder.write("broken.json", "{");
    folder.refused(3, &["doctor", "--connections", "broken.json"], &["broken.json:1: is not valid JSON"]);
}

// Inputs

#[test]
fn inputs_are_read_plain_or_compressed_from_files_folders_globs_and_standard_input() {
    let folder = Folder::new();
    let halves: Vec<&str> = USAGE.lines().collect();
    let (first, second) =
        (format!("{}\n{}\n", halves[0], halves[1]), format!("{}\n{}\n", halves[0], halves[2]));
    folder.write("whole.csv.gz", gzip(USAGE));
    folder.write("two-members.csv.gz", [gzip(&first[..50]), gzip(&USAGE[50..])].concat());
    folder.write("whole.csv.zst", zstd::encode_all(USAGE.as_bytes(), 0).expect("compressed"));
    folder.write("no-hint-in-its-name", gzip(USAGE));
    folder.write("halves/2026/a.csv", &first);
    folder.write("halves/b.csv.gz", gzip(&second));
    folder.write("halves/.hidden", "not traffic");
    folder.write("halves/_SUCCESS", "");
    for usage in [
        &["whole.csv.gz"][..],
        &["two-members.csv.gz"],
        &["whole.csv.zst"],
        &["no-hint-in-its-name"],
        &["halves"],
        &["halves/b.csv.gz", "halves/2026/a.csv"],
        &["halves/*.gz", "halves/2026"],
        &["halves/**/[ab].csv*"],
    ] {
        assert_eq!(lines_of(&folder.report_on(usage, &[])), LINES, "{usage:?}");
    }
    for stdin in [USAGE.as_bytes(), &gzip(USAGE)] {
        let outcome = finish(peerbill(folder.path()).args(report_args(&["-"], &[])), stdin);
        assert_eq!(lines_of(&outcome), LINES);
    }
    folder.write("connections.csv", gzip(CONNECTIONS));
    assert_eq!(lines_of(&folder.report(&[])), LINES);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("compressed");
    encoder.finish().expect("compressed")
}

#[test]
fn a_compressed_file_that_is_cut_off_or_damaged_is_refused() {
    let folder = Folder::new();
    let (gz, zst) = (gzip(USAGE), zstd::encode_all(USAGE.as_bytes(), 0).expect("compressed"));
    folder.write("cut.csv.gz", &gz[..gz.len() - 9]);
    folder.write("cut.csv.zst", &zst[..zst.len() - 9]);
    let mut damaged = gz;
    damaged[30] ^= 0xff;
    folder.write("damaged.csv.gz", damaged);
    for file in ["cut.csv.gz", "cut.csv.zst", "damaged.csv.gz"] {
        folder.refused(3, &report_args(&[file], &[]), &[file]);
    }
}

#[test]
fn the_same_file_named_twice_is_counted_once() {
    let folder = Folder::new();
    folder.write("sub/other.csv", "timestamp,connection_id,sender,bytes\n");
    for usage in
        [&["usage.csv", "usage.csv"][..], &["usage.csv", "./usage.csv", "sub/../usage.csv", "us*.csv"]]
    {
        assert_eq!(lines_of(&folder.report_on(usage, &[])), LINES, "{usage:?}");
    }
}

#[test]
fn a_byte_order_mark_crlf_quotes_other_orders_and_further_columns_change_nothing() {
    let row = |fields: &[&str]| format!("{}\n", fields.join(","));
    let records = [
        ["2026-10-05T03:00:00Z", "pcc-1", "requester", "214748364800"],
        ["2026-10-05T04:00:00Z", "pcc-1", "accepter", "107374182400"],
    ];
    let reordered = records.map(|[at, id, sender, bytes]| row(&["a note", bytes, sender, "", id, at]));
    let quoted =
        records.map(|record| row(&record.map(|field| format!("\"{field}\"")).each_ref().map(|f| &f[..])));
    for usage in [
        format!("\u{feff}{USAGE}"),
        USAGE.replace('\n', "\r\n"),
        USAGE.trim_end().to_owned(),
        USAGE.replace('\n', "\n\n"),
        format!("\u{feff}timestamp,\"connection_id\",sender,bytes\r\n{}", quoted.concat()),
        format!("note,bytes,sender,,connection_id,timestamp\n{}", reordered.concat()),
        format!(
            "timestamp,connection_id,sender,bytes,note\n{},\"two\nlines, \"\"quoted\"\"\"\n{},\n",
            records[0].join(","),
            records[1].join(",")
        ),
    ] {
        let folder = Folder::new();
        folder.write("usage.csv", &usage);
        folder.write("connections.csv", format!("\u{feff}{}", CONNECTIONS.replace('\n', "\r\n")));
        assert_eq!(lines_of(&folder.report(&[])), LINES, "{usage:?}");
    }
}

#[test]
fn lines_are_counted_from_1_through_blank_lines_and_quoted_line_ends() {
    let folder = Folder::new();
    folder.write("usage.csv", "timestamp,connection_id,sender,bytes,note\r\n\r\n2026-10-05T03:00:00Z,pcc-1,requester,1,\"a\r\nb\"\r\nsoon,pcc-1,requester,1,\r\n");
    folder.refused(3, &report_args(&["usage.csv"], &[]), &["usage.csv:5:", "soon"]);
}

// Output

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
        folder.refused(3, &report_args(&["usage.csv"], &[]), &["usage.csv:2: timestamp"]);
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
    assert_eq!(json["usage_digest"], whole.finalize().to_hex().as_str());
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

// Settings and choices

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
fn lines_are_grouped_by_columns_and_days_where_the_feature_is_there() {
    let folder = Folder::new();
    // The second day begins at 16:00Z. One byte of it makes an adjustment.
    folder.write("usage.csv", format!("{USAGE}2026-10-05T16:00:00Z,pcc-1,requester,1\n"));
    if !cfg!(feature = "dataframe") {
        folder.refused(2, &report_args(&["usage.csv"], &["--by", "sender"]), &["--by", "dataframe"]);
        return;
    }
    let lines = |columns| lines_of(&folder.report(&["--by", columns])).to_owned();
    assert_eq!(
        lines("connection_id"),
        ",,pcc-1,,,,,,,322122547201,300.0000000009,,,144.0000000004,,3,0,0.00,\n\
         2026-10,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
    assert_eq!(
        lines("sender,source_region"),
        ",,,accepter,cn-guangzhou,,,,,107374182400,100,,,48.00,,1,0,0.00,\n\
         ,,,requester,cn-huhehaote,,,,,214748364801,200.0000000009,,,96.0000000004,,2,0,0.00,\n\
         2026-10,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
    assert_eq!(
        lines("day"),
        ",2026-10-04T16:00:00Z,2026-10-05T16:00:00Z,,,,,,,,,322122547200,300,,,144.00,,2,0,0.00,\n\
         ,2026-10-05T16:00:00Z,2026-10-06T16:00:00Z,,,,,,,,,1,0.0000000009,,,0.0000000004,,1,0,0.00,\n\
         2026-10,,,1000000000000001,,,,,,,adjustment,,,,,-0.0000000004,CNY,,,,\n"
    );
}

// The catalog

#[test]
fn catalog_list_names_what_is_shipped_and_marks_what_is_assumed() {
    let outcome = Folder::new().run(&["catalog", "list"]);
    assert_eq!(outcome.code, 0);
    for told in ["china-site", "CNY", "72", "international-site", "USD", "25", "assumed-platinum", "ASSUMED"]
    {
        assert!(outcome.stdout.contains(told), "no {told:?} in {}", outcome.stdout);
    }
}

#[test]
fn catalog_show_prints_every_row_with_its_source() {
    let folder = Folder::new();
    for (name, count) in [("china-site", 72), ("international-site", 25)] {
        let outcome = folder.run(&["catalog", "show", name, "--format", "csv"]);
        let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("CSV")).collect();
        assert_eq!(rows.len(), count);
        assert!(rows.iter().all(|row| row.iter().any(|field| field.starts_with("https://"))), "{rows:?}");
    }
}

const CATALOG: &str = "name = \"own\"\nversion = \"1\"\nsite = \"none\"\ncurrency = \"CNY\"\ngb = \"binary\"\n\
                       symmetric = true\n[rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n";
const PRICES: &str = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                      Europe,Europe,Gold,0.131,,published,u,d\n";

#[test]
fn catalog_check_exits_0_for_gaps_and_3_for_faults() {
    let folder = Folder::new();
    for shipped in ["china-site", "international-site"] {
        assert_eq!(folder.run(&["catalog", "check", shipped]).code, 0, "{shipped}");
    }
    folder.write("own/catalog.toml", CATALOG);
    for (rows, code, words) in [
        ("", 0, &["gap", "Asia Pacific"][..]),
        ("Europe,Europe,Gold,0.2,,published,u,d\n", 3, &["own/prices.csv:3:", "line 2"]),
        ("Europe,Asia Pacific,Gold,0.12345678901,,published,u,d\n", 3, &["own/prices.csv:3:", "exactly"]),
        ("Europe,Asia Pacific,Gold,1e-1,,published,u,d\n", 3, &["own/prices.csv:3:", "1e-1"]),
        ("Europe,Asia,Gold,1,,published,u,d\n", 3, &["own/prices.csv:3:", "Asia"]),
        ("eu-west-9,Europe,Gold,1,,published,u,d\n", 3, &["own/prices.csv:3:", "eu-west-9"]),
        (
            "eu-west-1,Europe,Gold,1,,published,u,d\nEurope,us-east-1,Gold,2,,published,u,d\nEurope,eu-central-1,Gold,2,,published,u,d\n",
            3,
            &["eu-west-1 to eu-central-1"],
        ),
        (
            "Europe,Asia Pacific,Gold,1,,published,u,d\nAsia Pacific,Europe,Gold,2,,published,u,d\n",
            0,
            &["asymmetric"],
        ),
    ] {
        folder.write("own/prices.csv", format!("{PRICES}{rows}"));
        let outcome = folder.run(&["catalog", "check", "own"]);
        assert_eq!(outcome.code, code, "{rows}{}", outcome.stderr);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        for word in words {
            assert!(told.contains(word), "no {word:?} in {told}");
        }
    }
}

#[test]
fn catalog_price_tells_price_status_and_source_and_what_is_not_known() {
    let folder = Folder::new();
    let price = |args: &[&str]| folder.run(&[&["catalog", "price", "--from", "cn-beijing"], args].concat());
    let china = price(&["--to", "ap-southeast-1", "--catalog", "china-site"]);
    for told in ["Gold", "5.6", "Platinum", "8.4", "CNY", "published", "https://"] {
        assert!(china.stdout.contains(told), "no {told:?} in {}{}", china.stdout, china.stderr);
    }
    let usd = ["--to", "Singapore", "--catalog", "international-site", "--link-type", "Platinum"];
    assert!(price(&usd).stdout.contains("not known"));
    let assumed = price(&[&usd[..], &["--prices", "assumed-platinum"]].concat());
    assert!(assumed.stdout.contains("1.2") && assumed.stdout.contains("assumed"), "{}", assumed.stdout);
    assert!(price(&["--to", "cn-beijing", "--catalog", "china-site"]).stdout.contains("free"));
    let unknown =
        ["catalog", "price", "--catalog", "china-site", "--from", "cn-beijin", "--to", "cn-hangzhou"];
    folder.refused(2, &unknown, &["cn-beijin", "did you mean \"cn-beijing\""]);
}

#[test]
fn catalog_price_reads_the_price_in_force_at_an_hour() {
    let folder = Folder::new();
    folder.write("own/catalog.toml", CATALOG);
    folder.write("own/prices.csv", format!("{PRICES}Europe,Europe,Gold,0.099,2026-10-05,published,u,d\n"));
    let base = [
        "catalog",
        "price",
        "--catalog",
        "own",
        "--from",
        "eu-west-1",
        "--to",
        "eu-central-1",
        "--link-type",
        "Gold",
    ];
    for (at, price) in [("2026-10-04T15:59:59Z", "0.131"), ("2026-10-04T16:00:00Z", "0.099")] {
        let outcome = folder.run(&[&base[..], &["--at", at]].concat());
        assert!(outcome.stdout.contains(price), "{at}: {}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn catalog_diff_tells_what_changed_between_catalogs_and_between_dates() {
    let folder = Folder::new();
    folder.write("own/catalog.toml", CATALOG);
    folder.write("own/prices.csv", format!("{PRICES}Europe,Europe,Gold,0.099,2026-10-05,published,u,d\n"));
    let sites = folder.run(&["catalog", "diff", "china-site", "international-site"]);
    assert!(sites.stdout.contains("currency") && sites.stdout.contains("0.072"), "{}", sites.stdout);
    let dates = folder.run(&["catalog", "diff", "own@2026-10-04", "own@2026-10-05"]);
    assert!(dates.stdout.contains("0.131") && dates.stdout.contains("0.099"), "{}", dates.stdout);
    assert!(dates.stderr.contains("1 differences"), "{}", dates.stderr);
    let none = folder.run(&["catalog", "diff", "china-site", "china-site"]);
    assert_eq!((none.code, none.stderr.contains("0 differences")), (0, true));
}

// Estimates

const PAIR: [&str; 9] =
    ["estimate", "--catalog", "china-site", "--from", "cn-huhehaote", "--to", "cn-guangzhou", "--gb", "200"];

/// An estimate from the traffic of the folder.
const FROM_TRAFFIC: [&str; 5] = ["estimate", "--usage", "usage.csv", "--connections", "connections.csv"];

#[test]
fn an_estimate_is_either_from_quantities_or_from_traffic() {
    let folder = Folder::new();
    folder.refused(2, &["estimate", "--catalog", "china-site"], &["--from REGION", "--usage"]);
    folder.refused(2, &[&PAIR[..], &["--usage", "usage.csv"]].concat(), &["choose one"]);
    folder.refused(2, &[&FROM_TRAFFIC[..], &["--catalog", "china-site"]].concat(), &["--month is needed"]);
    let both = ["--platinum-when", "09:00-10:00", "--schedule", "schedule.csv"];
    folder.refused(2, &[&FROM_TRAFFIC[..], &MONTH, &both].concat(), &["choose one"]);
}

#[test]
fn quantities_that_cannot_be_read_say_why() {
    let folder = Folder::new();
    for (change, words) in [
        (&["--gb", "1e3"][..], &["--gb", "plain decimal"][..]),
        (&["--gb", "-1"], &["--gb"]),
        (&["--return-gb", "17179869185"], &["--return-gb", "exceed 2^64-1"]),
        (&["--from", "Hohot"], &["--from", "did you mean \"Hohhot\""]),
        (&["--to", "cn-guangzou"], &["--to", "did you mean \"cn-guangzhou\""]),
        (&["--scenario", "all-god"], &["all-gold, all-platinum", "did you mean \"all-gold\""]),
        (&["--scenario", "as-billed"], &["all-gold, all-platinum"]),
        (&["--platinum-when", "Mon-Fri 09:00-18:00"], &["--platinum-when", "--usage"]),
        (&["--hourly"], &["--hourly", "--usage"]),
        (&["--account", "requestr"], &["did you mean \"requester\""]),
    ] {
        let mut args: Vec<&str> = PAIR.to_vec();
        match args.iter().position(|own| *own == change[0]) {
            Some(place) => args[place + 1] = change[1],
            None => args.extend(change),
        }
        folder.refused(2, &args, words);
    }
    folder.refused(2, &PAIR[..7], &["--gb is needed"]);
}

#[test]
fn an_estimate_takes_settings_writes_whole_files_and_says_what_it_used() {
    let folder = Folder::new();
    folder.write(
        "peerbill.toml",
        "catalog = \"china-site\"\nconnections = [\"connections.csv\"]\noffset = \"Z\"\n",
    );
    let pair = [&["estimate"], &PAIR[3..], &["--format", "csv"]].concat();
    let quantities = folder.run(&pair);
    assert!(lines_of(&quantities).contains(",96.00,CNY,"), "{}", quantities.stdout);
    assert!(quantities.stderr.contains("setting catalog: china-site"), "{}", quantities.stderr);
    assert!(!quantities.stderr.contains("offset"), "{}", quantities.stderr);

    let traffic = ["estimate", "--usage", "usage.csv", "--month", "2026-10", "--format", "csv"];
    let history = folder.run(&traffic);
    let as_billed: String = LINES.lines().map(|line| format!("as-billed,{line}\n")).collect();
    assert!(lines_of(&history).starts_with(&as_billed), "{}", history.stdout);
    assert!(history.stderr.contains("offset: +00:00") && history.stderr.contains("read: 2 records"));

    let written = folder.run(&[&traffic[..], &["--output", "estimate.csv"]].concat());
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    assert_eq!(folder.read("estimate.csv"), history.stdout);
    folder.refused(2, &[&traffic[..], &["--output", "usage.csv"]].concat(), &["one of the inputs"]);
}

#[test]
fn a_schedule_that_cannot_be_read_names_file_and_line() {
    let folder = Folder::new();
    folder.write("schedule.csv", "days,from,until\nMon-Fri,09:00,18:00\nMno,09:00,10:00\nTue,9:00,10:00\n");
    let args = [&FROM_TRAFFIC[..], &MONTH, &["--schedule", "schedule.csv"]].concat();
    folder.refused(
        3,
        &args,
        &["schedule.csv:3: \"Mno\"", "did you mean \"Mon\"", "schedule.csv:4: \"9:00-10:00\""],
    );
    folder.write("schedule.csv", "days,from,until\n");
    folder.refused(3, &args, &["schedule.csv: the schedule has no window"]);
}

// Exports of the provider

/// An answer of CloudMonitor with one datapoint, 2026-10-05T03:00:00Z.
fn answer(connection: &str, statistic: &str, value: &str) -> String {
    let at = 1_791_169_200_000_i64;
    format!(
        r#"{{"Code":"200","Period":"60","Datapoints":"[{{\"timestamp\":{at},\"instanceId\":\"{connection}\",\"{statistic}\":{value}}}]"}}"#
    )
}

/// `report` as CSV on `traffic`.
fn report_of<'a>(traffic: &[&'a str], args: &[&'a str]) -> Vec<&'a str> {
    let inputs = [&["report", "--format", "csv", "--connections", "connections.csv"][..], &MONTH];
    [&inputs.concat()[..], traffic, args].concat()
}

#[test]
fn datapoints_are_read_from_files_folders_globs_and_standard_input_and_stay_exact() {
    let folder = Folder::new();
    let text = answer("pcc-1", "Sum", "9007199254740993.0");
    folder.write("rx.json", &text);
    folder.write("pages/rx.json.gz", gzip(&text));
    for path in ["rx.json", "pages", "rx*.json", "pages/*.gz"] {
        let metric = format!("IntranetRX={path}");
        let outcome = folder.run(&report_of(&["--cloudmonitor", &metric], &[]));
        assert!(lines_of(&outcome).contains(",requester,cn-huhehaote,"), "{path}");
        assert!(lines_of(&outcome).contains(",9007199254740993,"), "{path}: {}", outcome.stdout);
    }
    let args = report_of(&["--cloudmonitor", "outbound=-"], &[]);
    let outcome = finish(peerbill(folder.path()).args(args), text.as_bytes());
    assert!(lines_of(&outcome).contains(",accepter,cn-guangzhou,"), "{}", outcome.stdout);
}

#[test]
fn wrong_use_of_exports_exits_2() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Sum", "1"));
    let rx = "--cloudmonitor=inbound=rx.json";
    for (traffic, words) in [
        (&["--cloudmonitor", "rx.json"][..], &["METRIC=PATH", "IntranetRX=rx.json"][..]),
        (&["--cloudmonitor", "IntranetRx=rx.json"], &["did you mean \"IntranetRX\"?", "inbound="]),
        (
            &["--cloudmonitor", "inbound=rx.json", "outbound=rx.json"],
            &["rx.json", "as inbound and as outbound"],
        ),
        (&["--cloudmonitor", "inbound=-", "outbound=-"], &["standard input", "only once"]),
        (&[rx, "--metric-statistic", "sum"], &["--metric-statistic", "did you mean \"Sum\"?"]),
        (&[rx, "--metric-unit", "bits"], &["bit/s"]),
        (&[rx, "--metric-timestamp", "middle"], &["start, end"]),
        (&[rx, "--metric-period", "0"], &["--metric-period"]),
        (&[rx, "--metric-period", "86400"], &["--metric-period", "3600"]),
        (&[rx, "--flow-logs", "rx.json"], &["--flow-logs", "cannot be used with"]),
        (&["--usage", "usage.csv", "--flow-logs", "rx.json"], &["--flow-logs", "cannot be used with"]),
    ] {
        folder.refused(2, &report_of(traffic, &[]), words);
    }
}

#[test]
fn r15_the_same_record_in_two_sources_is_there_twice() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Sum", "214748364800"));
    let both = ["--usage", "usage.csv", "--cloudmonitor", "inbound=rx.json"];
    let words = [
        "usage.csv:2: this record stands 2 times with equal bytes, also at rx.json:1: response 1: Datapoints[0]",
    ];
    folder.refused(3, &report_of(&both, &[]), &words);
    assert_eq!(lines_of(&folder.run(&report_of(&both, &["--duplicates", "first"]))), LINES);
}

#[test]
fn peerbill_toml_says_how_datapoints_are_read_and_arguments_win() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Average", "143165577"));
    folder.write("peerbill.toml", "[cloudmonitor]\nstatistic = \"Average\"\nunit = \"bit/s\"\n");
    let traffic = ["--cloudmonitor", "inbound=rx.json"];
    let outcome = folder.run(&report_of(&traffic, &[]));
    assert!(lines_of(&outcome).contains(",1073741828,"), "{}", outcome.stdout);
    for told in ["setting cloudmonitor.statistic: Average", "setting cloudmonitor.unit: bit/s"] {
        assert!(outcome.stderr.contains(told), "no {told:?} in {}", outcome.stderr);
    }
    let outcome = folder.run(&report_of(&traffic, &["--metric-unit", "bytes"]));
    assert!(lines_of(&outcome).contains(",143165577,"), "{}", outcome.stdout);
    folder.write("peerbill.toml", "[cloudmonitor]\nperiod = 0\n");
    folder.refused(3, &report_of(&traffic, &[]), &["peerbill.toml:2:"]);
}

#[test]
fn a_quarantined_datapoint_can_be_mended_and_read_as_traffic() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-2", "Sum", "1073741824.0"));
    let traffic = ["--cloudmonitor", "inbound=rx.json"];
    let outcome = folder.run(&report_of(&traffic, &["--quarantine", "quarantine.csv"]));
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    folder.write("quarantine.csv", folder.read("quarantine.csv").replace("pcc-2", "pcc-1"));
    let again = folder.report_on(&["quarantine.csv"], &[]);
    assert!(
        lines_of(&again).contains("pcc-1,requester") && again.stdout.contains(",1073741824,1,"),
        "{}",
        again.stdout
    );
}

// Parquet, and metered hours

const PARQUET: &[u8] = include_bytes!("parquet-files/pyarrow.parquet");

/// Meters all that is read of `usage.parquet`, of which one record is of an unknown connection.
const METER_PARQUET: [&str; 9] = [
    "meter",
    "--connections",
    "connections.csv",
    "--month",
    "2026-10",
    "--quarantine",
    "quarantine.csv",
    "--usage",
    "usage.parquet",
];

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_read_from_files_and_from_standard_input() {
    let folder = Folder::new();
    folder.write("usage.parquet", PARQUET);
    folder.write("connections.csv", format!("{CONNECTIONS}pcc-22,1,cn-beijing,2,cn-shanghai,Gold\n"));
    let file = folder.run(&METER_PARQUET);
    assert_eq!(file.code, 1, "{}", file.stderr);
    assert!(file.stderr.contains("1 records were refused"), "{}", file.stderr);
    assert!(
        file.stdout.contains("2026-10-05T03:00:00Z,pcc-1,requester,9007199254741000\n"),
        "{}",
        file.stdout
    );
    let quarantine = folder.read("quarantine.csv");
    assert!(quarantine.contains(",usage.parquet,7,"), "{quarantine}");
    let mut args = METER_PARQUET;
    args[8] = "-";
    let stdin = finish(peerbill(folder.path()).args(args), PARQUET);
    assert_eq!((stdin.code, stdin.stdout), (1, file.stdout));
    let zipped = ["report", "--usage", "usage.parquet.gz", "--connections", "connections.csv"];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(PARQUET).expect("memory can be written");
    folder.write("usage.parquet.gz", encoder.finish().expect("memory can be written"));
    folder.refused(3, &[&zipped[..], &MONTH].concat(), &["usage.parquet.gz: is a Parquet file within gzip"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_lean_build_says_that_it_cannot_read_or_write_parquet() {
    let folder = Folder::new();
    folder.write("usage.parquet", PARQUET);
    folder.refused(3, &METER_PARQUET, &["usage.parquet: is a Parquet file", "without the feature parquet"]);
    let write = [&METER_PARQUET[..5], &["--usage", "usage.csv", "--format", "parquet"]].concat();
    folder.refused(2, &write, &["--format parquet", "without the feature parquet"]);
}

#[test]
fn the_report_of_metered_hours_is_that_of_the_records() {
    let folder = Folder::new();
    let more = "2026-10-05T03:59:59.9Z,pcc-1,requester,1\n2026-11-05T03:00:00Z,pcc-1,requester,5\n";
    folder.write("usage.csv", format!("{USAGE}{more}"));
    let inputs = ["--connections", "connections.csv", "--month", "2026-10"];
    let meter = [&["meter", "--usage", "usage.csv", "--output", "hours.csv"], &inputs[..]].concat();
    let metered = folder.run(&meter);
    assert_eq!((metered.code, metered.stdout.as_str()), (0, ""), "{}", metered.stderr);
    assert!(metered.stderr.contains("read: 4 records, 322122547206 bytes"), "{}", metered.stderr);
    assert!(metered.stderr.contains("outside_period: 1 records, 5 bytes"), "{}", metered.stderr);
    assert_eq!(
        folder.read("hours.csv"),
        "hour,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,214748364801\n\
         2026-10-05T04:00:00Z,pcc-1,accepter,107374182400\n"
    );
    let report = ["report", "--catalog", "china-site", "--format", "csv"];
    let raw = folder.run(&[&report[..], &inputs, &["--usage", "usage.csv"]].concat());
    let again = folder.run(&[&report[..], &inputs, &["--metered", "hours.csv"]].concat());
    assert_eq!((again.code, &again.stdout), (0, &raw.stdout), "{}", again.stderr);
    let digest = |outcome: &Outcome| {
        let mut lines = outcome.stderr.lines();
        lines.find(|line| line.starts_with("usage_digest: ")).expect("a digest").to_owned()
    };
    assert_eq!([digest(&metered), digest(&again)], [digest(&raw), digest(&raw)]);
    assert!(again.stderr.contains("read: 2 records, 322122547201 bytes"), "{}", again.stderr);
    let twice =
        folder.run(&[&report[..], &inputs, &["--metered", "hours.csv", "--usage", "usage.csv"]].concat());
    assert_eq!(twice.code, 2, "{}", twice.stderr);
    let wrong = [&report[..], &inputs, &["--metered", "usage.csv"]].concat();
    folder.refused(3, &wrong, &["usage.csv:1: ", "hour"]);
}

#[test]
fn r15_a_metered_hour_stands_once_and_begins_on_the_hour() {
    let folder = Folder::new();
    let row = "2026-10-05T03:00:00Z,pcc-1,requester,18446744073709551616\n";
    let late = "2026-10-05T03:10:00Z,pcc-1,accepter,1\n";
    folder.write("hours.csv", format!("hour,connection_id,sender,bytes\n{row}{row}{late}"));
    let report =
        [&["report", "--metered", "hours.csv", "--connections", "connections.csv"], &MONTH[..]].concat();
    folder.refused(
        3,
        &report,
        &[
            "hours.csv:2: this record stands 2 times with equal bytes, also at hours.csv:3",
            "hours.csv:4: hour 2026-10-05T03:10:00Z is no whole hour",
        ],
    );
    let first = folder.run(&[&report[..], &["--duplicates", "first", "--quarantine", "q.csv"]].concat());
    assert_eq!(first.code, 1, "{}", first.stderr);
    assert!(first.stdout.contains("18446744073709551616"), "{}", first.stdout);
    assert!(folder.read("q.csv").contains("2026-10-05T03:10:00Z,pcc-1,accepter,1,unreadable_row,"));
}
