//! Formats by the names of files, several outputs of one run, names of accounts, budgets, and findings that stop.

use super::*;
use crate::support::tools;

const ACCOUNTS: &str =
    "account_id,name,cost_center\n1000000000000001,Payments <b>,CC-7\n1000000000000002,,CC-8\n";

/// A folder with names of accounts.
fn named() -> Folder {
    let folder = Folder::new();
    folder.write("accounts.csv", ACCOUNTS);
    folder
}

/// `report` without a format.
fn report<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let inputs = ["report", "--usage", "usage.csv", "--connections", "connections.csv"];
    [&inputs[..], &MONTH, args].concat()
}

#[test]
fn the_name_of_the_output_decides_the_format() {
    let folder = Folder::new();
    for (file, begins) in [
        ("bill.csv", "billing_month,billing_account_id,"),
        ("bill.JSON", "{\n  \"billing_month\": "),
        ("bill.md", "### VPC peering traffic"),
        ("bill.txt", "VPC peering traffic"),
        ("bill", "VPC peering traffic"),
        ("bill.csv.old", "VPC peering traffic"),
    ] {
        let outcome = folder.run(&report(&["--output", file]));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
        assert!(folder.read(file).starts_with(begins), "{file}: {}", folder.read(file));
    }
    assert!(folder.run(&report(&[])).stdout.starts_with("VPC peering traffic"));
}

#[test]
fn a_name_that_promises_another_format_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let before = folder.names();
    for (format, file) in [
        ("table", "bill.xlsx"),
        ("csv", "bill.parquet"),
        ("json", "bill.csv"),
        ("markdown", "bill.txt"),
        ("table", "bill.md"),
        ("csv", "bill.html"),
        ("focus", "bill.json"),
    ] {
        folder.refused(2, &report(&["--format", format, "--output", file]), &["--output", file, format]);
    }
    let meter = ["meter", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    for args in [
        &["--output", "hours.json"][..],
        &["--output", "hours.txt"],
        &["--format", "csv", "--output", "h.md"],
    ] {
        folder.refused(2, &[&meter, args].concat(), &["csv"]);
    }
    let doctor = ["doctor", "--usage", "usage.csv", "--connections", "connections.csv"];
    for args in [&["--output", "seen.csv"][..], &["--format", "json", "--output", "seen.txt"]] {
        folder.refused(2, &[&doctor, args].concat(), &["seen.", "json"]);
    }
    let estimate =
        ["estimate", "--from", "Hohhot", "--to", "Guangzhou", "--gb", "1", "--catalog", "china-site"];
    folder.refused(2, &[&estimate[..], &["--output", "e.parquet"]].concat(), &["e.parquet", "csv"]);
    folder.refused(2, &[&estimate[..], &["--format", "csv", "--output", "e.json"]].concat(), &["e.json"]);
    assert_eq!(folder.names(), before);
}

#[test]
fn other_verbs_take_their_format_from_the_name_as_well() {
    let folder = Folder::new();
    let meter = ["meter", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
    let doctor = ["doctor", "--usage", "usage.csv", "--connections", "connections.csv"];
    let estimate =
        ["estimate", "--from", "Hohhot", "--to", "Guangzhou", "--gb", "1", "--catalog", "china-site"];
    for (verb, file, begins) in [
        (&meter[..], "hours.csv", "hour,connection_id,"),
        (&doctor[..], "seen.json", "{\n"),
        (&doctor[..], "seen.txt", "Inputs\n"),
        (&estimate[..], "estimate.csv", "scenario,billing_month,"),
        (&estimate[..], "estimate.md", ""),
        (&estimate[..], "estimate.json", "{\n"),
    ] {
        let outcome = folder.run(&[verb, &["--output", file]].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
        assert!(folder.read(file).starts_with(begins), "{file}");
    }
    assert!(folder.read("estimate.md").starts_with("<!-- "), "{}", folder.read("estimate.md"));
    let both = [&estimate[..], &["--output", "again.csv", "--output", "again.md"]].concat();
    assert_eq!(folder.run(&both).code, 0);
    for kind in ["csv", "md"] {
        assert_eq!(folder.read(&format!("again.{kind}")), folder.read(&format!("estimate.{kind}")));
    }
}

#[cfg(feature = "parquet")]
#[test]
fn nothing_binary_is_written_to_a_terminal() {
    let Some(mut script) = tools::program("script") else { return };
    let folder = Folder::new();
    let program = env!("CARGO_BIN_EXE_peerbill");
    let meter = "meter --usage usage.csv --connections connections.csv --month 2026-10";
    for (args, code) in [
        ("--format parquet", 2),
        ("--format parquet --output /dev/tty", 2),
        ("--format parquet --output hours.parquet", 0),
        ("--format csv", 0),
    ] {
        let command = format!("{program} {meter} {args}");
        let run = script.args(["-qec", &command, "/dev/null"]).current_dir(folder.path());
        let output = run.stdin(Stdio::null()).output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args}: {told}");
        assert_eq!(told.contains("nothing for a terminal"), code == 2, "{told}");
        script = tools::program("script").expect("it was there");
    }
    assert!(folder.path().join("hours.parquet").exists());
}

#[test]
fn several_outputs_come_of_one_run_and_each_is_what_it_is_alone() {
    let folder = named();
    let names = ["bill.csv", "bill.json", "bill.md", "bill.txt"];
    let alone = names.map(|name| {
        assert_eq!(folder.run(&report(&["--accounts", "accounts.csv", "--output", name])).code, 0);
        let written = folder.read(name);
        fs::remove_file(folder.path().join(name)).expect("it was written");
        written
    });
    let mut args = report(&["--accounts", "accounts.csv"]);
    args.extend(names.iter().flat_map(|name| ["--output", name]));
    let outcome = folder.run(&args);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
    assert_eq!(names.map(|name| folder.read(name)), alone);
    assert!(outcome.stderr.contains("read: 2 records"), "{}", outcome.stderr);
}

#[test]
fn where_one_of_several_outputs_fails_none_is_there() {
    let folder = Folder::new();
    folder.write("old.csv", "the report of September");
    let before = folder.names();
    for last in ["absent/bill.json", "/dev/full", "."] {
        let args = report(&[
            "--output",
            "old.csv",
            "--output",
            "bill.md",
            "--output",
            last,
            "--quarantine",
            "q.csv",
        ]);
        folder.refused(4, &args, &["cannot be written"]);
        assert_eq!(folder.read("old.csv"), "the report of September");
        let names = folder.names();
        assert!(names.iter().all(|name| before.contains(name) || name == "q.csv"), "{names:?}");
    }
    folder.write("usage.csv", USAGE.replace("214748364800", "-1"));
    folder.refused(3, &report(&["--output", "a.csv", "--output", "a.json"]), &["usage.csv:2:"]);
    assert!(!folder.names().contains(&"a.csv".to_owned()));
}

#[test]
fn two_outputs_to_one_place_are_refused() {
    let folder = Folder::new();
    folder.write("old.csv", "the report of September");
    fs::hard_link(folder.path().join("old.csv"), folder.path().join("other.csv")).expect("a link");
    for (one, other) in [("a.csv", "./a.csv"), ("old.csv", "other.csv"), ("a.csv", "a.csv")] {
        let args = report(&["--output", one, "--output", "b.json", "--output", other]);
        folder.refused(2, &args, &["name the same file", one, other]);
    }
    let formats = report(&["--format", "csv", "--output", "a.csv", "--output", "a.json"]);
    folder.refused(2, &formats, &["a.json"]);
    let csv = folder.run(&report(&["--format", "csv", "--output", "a.csv", "--output", "b"]));
    assert_eq!(csv.code, 0, "{}", csv.stderr);
    assert_eq!(folder.read("a.csv"), folder.read("b"));
    let over_input = report(&["--output", "a.json", "--output", "usage.csv"]);
    folder.refused(2, &over_input, &["one of the inputs"]);
    assert_eq!(folder.read("usage.csv"), USAGE);
}

#[test]
fn csv_may_begin_with_a_mark_and_is_read_all_the_same() {
    let folder = Folder::new();
    let plain = folder.report(&[]).stdout;
    assert_eq!(folder.report(&["--csv-bom"]).stdout, format!("\u{feff}{plain}"));
    let args = report(&["--csv-bom", "--output", "a.csv", "--output", "a.md"]);
    assert_eq!(folder.run(&args).code, 0);
    assert_eq!(folder.read("a.csv"), format!("\u{feff}{plain}"));
    assert!(folder.read("a.md").starts_with("###"));
    folder.refused(2, &report(&["--csv-bom"]), &["--csv-bom"]);
    let estimate =
        ["estimate", "--from", "Hohhot", "--to", "Guangzhou", "--gb", "1", "--catalog", "china-site"];
    let marked = folder.run(&[&estimate[..], &["--csv-bom", "--format", "csv"]].concat());
    assert!(marked.stdout.starts_with("\u{feff}scenario,"), "{}", marked.stdout);
}

#[test]
fn names_stand_beside_accounts_in_every_format() {
    let folder = named();
    let with = |args: &[&str]| folder.report(&[args, &["--accounts", "accounts.csv"]].concat());
    let csv = with(&[]).stdout;
    let (header, lines) = csv.split_once('\n').expect("a header");
    assert!(
        header.starts_with("billing_month,billing_account_id,billing_account_name,connection_id,"),
        "{header}"
    );
    assert!(lines.starts_with("2026-10,1000000000000001,Payments <b>,pcc-1,requester,"), "{lines}");
    assert!(lines.contains("\n2026-10,1000000000000002,,pcc-1,accepter,"), "{lines}");
    let table = with(&["--format", "table"]).stdout;
    assert!(table.contains("Account 1000000000000001 (Payments <b>)\n"), "{table}");
    assert!(table.contains("Account 1000000000000002\n"), "{table}");
    let markdown = with(&["--format", "markdown"]).stdout;
    assert!(markdown.contains("1000000000000001 (Payments &lt;b&gt;)"), "{markdown}");
    let json = json_of(&with(&["--format", "json"]));
    assert_eq!(json["accounts"][0]["billing_account_name"], "Payments <b>");
    assert_eq!(json["accounts"][0]["lines"][0]["billing_account_name"], "Payments <b>");
    assert!(json["accounts"][1]["billing_account_name"].is_null());
    assert_eq!(json["inputs"][0]["role"], "accounts");
    let without = json_of(&folder.report(&["--format", "json"]));
    assert!(without["accounts"][0].get("billing_account_name").is_none());
    assert_eq!(without["payable"], json["payable"]);

    let estimate = [
        "estimate",
        "--usage",
        "usage.csv",
        "--connections",
        "connections.csv",
        "--accounts",
        "accounts.csv",
    ];
    let estimate = |format: &str| folder.run(&[&estimate[..], &MONTH, &["--format", format]].concat());
    assert!(
        estimate("csv").stdout.starts_with("scenario,billing_month,billing_account_id,billing_account_name,")
    );
    assert!(estimate("table").stdout.contains("1000000000000001 (Payments <b>)"));
    assert!(estimate("markdown").stdout.contains("1000000000000001 (Payments &lt;b&gt;)"));
    let json = json_of(&estimate("json"));
    assert_eq!(json["scenarios"][0]["accounts"][0]["billing_account_name"], "Payments <b>");

    let doctor =
        ["doctor", "--usage", "usage.csv", "--connections", "connections.csv", "--accounts", "accounts.csv"];
    assert!(folder.run(&doctor).stdout.contains("1000000000000001 (Payments <b>)"));
}

#[test]
fn what_is_noted_of_accounts_is_shown_and_never_acts() {
    let folder = Folder::new();
    let accounts =
        "account_id,name,team\n1000000000000001,=1+1,+net\u{1b}[2J\n1000000000000002,\"\tx\u{202e}\",@ops\n";
    folder.write("accounts.csv", accounts);
    let by = ["--accounts", "accounts.csv", "--by", "billing_account_id,account.team"];
    let csv = folder.report(&by).stdout;
    assert!(csv.contains(",1000000000000001,'=1+1,'+net\\u{1b}[2J,"), "{csv}");
    assert!(csv.contains(",1000000000000002,'\\tx\\u{202e},'@ops,"), "{csv}");
    for format in ["table", "markdown", "json"] {
        let shown = folder.report(&[&by[..], &["--format", format]].concat()).stdout;
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\t']), "{shown}");
    }
    // Names of columns are arguments, and may need quotes.
    folder.write("accounts.csv", "account_id,name,\"a \"\"b\"\"\",\"c\nd\",\n1000000000000001,x,y,z,\n");
    let quoted = folder.report(&["--accounts", "accounts.csv", "--by", "account.a \"b\""]).stdout;
    assert!(
        quoted.starts_with("billing_month,billing_account_id,billing_account_name,\"account.a \"\"b\"\"\","),
        "{quoted}"
    );
    let hidden = report_args(&["usage.csv"], &["--accounts", "accounts.csv", "--by", "account.c\nd"]);
    folder.refused(2, &hidden, &["no such column"]);
}

#[test]
fn lines_are_grouped_by_what_is_noted_of_accounts() {
    let folder = named();
    let args = ["--accounts", "accounts.csv", "--by", "tag:x,account.cost_center,account.name"];
    folder.refused(2, &report_args(&["usage.csv"], &args), &["tag:KEY", "\"x\""]);
    let args = ["--accounts", "accounts.csv", "--by", "account.cost_center,account.name"];
    let csv = folder.report(&args).stdout;
    let expected = "billing_month,billing_account_id,billing_account_name,account.cost_center,account.name,connection_id,";
    assert!(csv.starts_with(expected), "{csv}");
    assert!(
        csv.contains("\n2026-10,1000000000000001,Payments <b>,CC-7,Payments <b>,pcc-1,requester,"),
        "{csv}"
    );
    let table = folder.report(&[&args[..], &["--format", "table"]].concat()).stdout;
    assert!(table.contains("account.cost_center") && table.contains("(no name)"), "{table}");
    let json = json_of(&folder.report(&[&args[..], &["--format", "json"]].concat()));
    assert_eq!(json["grouped_lines"][0]["account.cost_center"], "CC-7");
    for (by, words) in [
        ("account.cost_center", &["no names of accounts are given; give them with --accounts"][..]),
        ("billing_account_name", &["no names of accounts are given"]),
        ("account.", &["no such column"]),
    ] {
        folder.refused(2, &report_args(&["usage.csv"], &["--by", by]), words);
    }
}

#[test]
fn files_of_accounts_and_budgets_that_cannot_be_used_are_refused_with_their_lines() {
    let folder = Folder::new();
    for (file, words) in [
        ("account_id,Name\n1,a\n", &["f.csv:1: the header lacks name", "spelled exactly"][..]),
        ("account_id,name,x,x\n1,a,,\n", &["column x twice"]),
        (
            "account_id,name\n1,a\n2,b,c\n1,d\n0,e\n",
            &["f.csv:3:", "f.csv:4: account 1 stands here a second time", "f.csv:5:"],
        ),
        ("", &["the input is empty"]),
    ] {
        folder.write("f.csv", file);
        folder.refused(3, &report_args(&["usage.csv"], &["--accounts", "f.csv", "--quarantine", "q"]), words);
    }
    for (file, words) in [
        (
            "account_id,amount\n1,1e3\n2,-5\n3,\"1,000\"\n4,5\n4,5\n",
            &["f.csv:2: amount", "f.csv:3: amount", "f.csv:4: amount", "f.csv:6: account 4"][..],
        ),
        ("account_id,amount,currency\n1,5,USD\n", &["f.csv:2: currency \"USD\" is not the catalog's CNY"]),
        ("account_id\n1\n", &["lacks amount"]),
    ] {
        folder.write("f.csv", file);
        folder.refused(3, &report_args(&["usage.csv"], &["--budget", "f.csv"]), words);
    }
    folder.refused(3, &report_args(&["usage.csv"], &["--accounts", "absent.csv"]), &["absent.csv"]);
    folder.refused(2, &report_args(&["-"], &["--accounts", "-"]), &["read only once"]);
}

#[test]
fn no_finding_beside_lines_hides_one_of_another_code() {
    let folder = Folder::new();
    let row = |number: usize| {
        format!("pcc-x{number},1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n")
    };
    folder.write("connections.csv", CONNECTIONS.to_owned() + &(0..30).map(row).collect::<String>());
    folder.write("accounts.csv", "account_id,name\n1000000000000001,A\n");
    let estimate =
        ["estimate", "--usage", "usage.csv", "--connections", "connections.csv", "--format", "csv"];
    for args in [report_args(&["usage.csv"], &[]), [&estimate[..], &MONTH].concat()] {
        let told = folder.run(&[&args[..], &["--accounts", "accounts.csv"]].concat()).stderr;
        let of = |words: &str| told.lines().filter(|line| line.starts_with(words)).count();
        assert_eq!(of("finding: [connection_without_records] pcc-x"), 20, "{told}");
        assert_eq!(of("finding: [connection_without_records] ... and 10 more; --format json"), 1, "{told}");
        assert_eq!(of("finding: [account_not_named] account 1000000000000002"), 1, "{told}");
    }
}

#[test]
fn findings_that_are_named_stop_beside_whole_data() {
    let folder = Folder::new();
    let plain = folder.report(&[]);
    let stopped =
        folder.report(&["--fail-on", "no_records_in_month,hours_without_records", "--output", "a.csv"]);
    assert_eq!(stopped.code, 1, "{}", stopped.stderr);
    assert_eq!(folder.read("a.csv"), plain.stdout);
    assert!(stopped.stderr.contains("--fail-on hours_without_records"), "{}", stopped.stderr);
    assert!(!stopped.stderr.contains("--fail-on no_records"), "{}", stopped.stderr);
    assert_eq!(folder.report(&["--fail-on", "no_records_in_month"]).code, 0);
    let unknown = report_args(&["usage.csv"], &["--fail-on", "over_budjet", "--output", "b.csv"]);
    folder.refused(2, &unknown, &["--fail-on", "did you mean \"over_budget\"?"]);
    assert!(!folder.names().contains(&"b.csv".to_owned()));
    let estimate =
        ["estimate", "--from", "Hohhot", "--to", "Guangzhou", "--gb", "1", "--catalog", "china-site"];
    assert_eq!(folder.run(&[&estimate[..], &["--fail-on", "newest_prices"]].concat()).code, 1);
    assert_eq!(folder.run(&[&estimate[..], &["--fail-on", "assumed_price"]].concat()).code, 0);
}

#[test]
fn a_budget_is_passed_by_what_is_payable_and_nothing_less() {
    let folder = named();
    let budget = |amounts: [&str; 2]| {
        folder.write(
            "budget.csv",
            format!("account_id,amount\n1000000000000001,{}\n1000000000000002,{}\n", amounts[0], amounts[1]),
        );
        folder.report(&["--budget", "budget.csv", "--accounts", "accounts.csv", "--fail-on", "over_budget"])
    };
    assert_eq!(budget(["96", "48.00"]).code, 0);
    let passed = budget(["95.9999999999", "48"]);
    assert_eq!(passed.code, 1, "{}", passed.stderr);
    let words = "[over_budget] account 1000000000000001 (Payments <b>) pays 96.00 CNY, 0.0000000001 more than its budget of \
                 95.9999999999 CNY";
    assert!(passed.stderr.contains(words), "{}", passed.stderr);
    // An account that is none of the month's can never be over its budget: most often its id is wrong.
    folder.write("other.csv", "account_id,amount\n1000000000000001,96\n1000000000000007,1\n");
    let other = folder.report(&["--budget", "other.csv", "--fail-on", "budget_without_charge,over_budget"]);
    assert_eq!(other.code, 1, "{}", other.stderr);
    assert!(other.stderr.contains("account 1000000000000007 has a budget and no charge"), "{}", other.stderr);
    assert!(!other.stderr.contains("1000000000000001 has a budget"), "{}", other.stderr);
    // Without --fail-on it is a finding like any other.
    assert_eq!(folder.report(&["--budget", "budget.csv"]).code, 0);
    let one = folder.report(&[
        "--budget",
        "budget.csv",
        "--account",
        "1000000000000002",
        "--fail-on",
        "over_budget",
    ]);
    assert_eq!(one.code, 0, "{}", one.stderr);
    // Over Platinum it would be passed, and the estimate says so under the name of the scenario.
    let estimate =
        ["estimate", "--usage", "usage.csv", "--connections", "connections.csv", "--budget", "budget.csv"];
    let csv = folder.run(&[&estimate[..], &MONTH, &["--format", "csv", "--fail-on", "over_budget"]].concat());
    assert_eq!(csv.code, 1);
    assert!(csv.stderr.contains("[over_budget] all-platinum: account 1000000000000002"), "{}", csv.stderr);
}

#[test]
fn accounts_budget_and_language_may_stand_in_the_settings() {
    let folder = named();
    folder.write("budget.csv", "account_id,amount\n1000000000000001,1\n");
    folder
        .write("peerbill.toml", "accounts = \"accounts.csv\"\nbudget = \"budget.csv\"\nlang = \"zh-Hans\"\n");
    let outcome = folder.report(&["--verbose"]);
    assert!(outcome.stdout.contains(",1000000000000001,Payments <b>,pcc-1,"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("[over_budget]"), "{}", outcome.stderr);
    for told in ["setting accounts: (a path)", "setting budget: (a path)", "setting lang: zh-Hans"] {
        assert!(outcome.stderr.contains(told), "no {told:?} in {}", outcome.stderr);
    }
    folder.write("others.csv", ACCOUNTS.replace("Payments <b>", "Others"));
    assert!(folder.report(&["--accounts", "others.csv"]).stdout.contains(",Others,"));
    folder.write("peerbill.toml", "lang = \"de\"\n");
    folder.refused(3, &report(&[]), &["peerbill.toml:1:"]);
    folder.refused(2, &report(&["--lang", "de"]), &["zh-Hans"]);
}
