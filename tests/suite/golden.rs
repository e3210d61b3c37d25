//! Golden cases: every folder of `tests/cases/report` is one run of `peerbill report`, and likewise of `estimate`,
//! `reconcile`, `crosscheck`, `explain` and `doctor`; README.md in tests/cases says how to read them.

use crate::support::program;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Rewrites what is expected from what comes out. Such a run fails, so that it is never taken for a test.
const UPDATE: &str = "PEERBILL_UPDATE_GOLDEN";

/// Files that are arguments of the program where a case has them, with their flags.
const INPUTS: [(&str, &str); 13] = [
    ("--bill", "bill.csv"),
    ("--usage", "usage.csv"),
    ("--counterpart-usage", "counterpart.csv"),
    ("--connections", "connections.csv"),
    ("--connections", "connections.json"),
    ("--link-changes", "link-changes.csv"),
    ("--link-changes", "link-changes.json"),
    ("--catalog", "catalog"),
    ("--prices", "prices.csv"),
    ("--contract", "contract.csv"),
    ("--schedule", "schedule.csv"),
    ("--accounts", "accounts.csv"),
    ("--budget", "budget.csv"),
];

/// Folders of cases, each with the verb that its cases run.
const FOLDERS: [(&str, &str); 6] = [
    ("tests/cases/report", "report"),
    ("tests/cases/estimate", "estimate"),
    ("tests/cases/reconcile", "reconcile"),
    ("tests/cases/crosscheck", "crosscheck"),
    ("tests/cases/explain", "explain"),
    ("tests/cases/doctor", "doctor"),
];

#[test]
fn every_golden_case_comes_out_as_expected() {
    let update = std::env::var_os(UPDATE).is_some();
    let mut differences = String::new();
    for (verb, case) in cases() {
        let expected_and_actual = run(verb, &case);
        for (file, expected, actual) in expected_and_actual.into_iter().filter(|(_, e, a)| e != a) {
            differences.push_str(&format!("\n{}\n{}", case.join(file).display(), diff(&expected, &actual)));
            if update {
                fs::write(case.join(file), actual).expect("the case is writable");
            }
        }
    }
    assert!(
        !update,
        "expected files were rewritten: read `git diff`, then run without {UPDATE}\n{differences}"
    );
    assert!(differences.is_empty(), "(-) is expected, (+) came out\n{differences}");
}

#[test]
fn every_rule_that_a_report_can_show_has_a_case_that_says_why() {
    let mut shown = BTreeSet::new();
    for (_, case) in cases() {
        let why = read(&case, "why.md");
        let words = why.split(|c: char| !c.is_ascii_alphanumeric());
        let rules: Vec<u32> = words.filter_map(|word| word.strip_prefix('R')?.parse().ok()).collect();
        assert!(!rules.is_empty(), "{}: why.md names no rule", case.display());
        shown.extend(rules);
    }
    let wanted: BTreeSet<u32> = (1..=18).collect();
    assert_eq!(wanted.difference(&shown).collect::<Vec<_>>(), Vec::<&u32>::new(), "rules without a case");
}

/// The month of the examples in each format that is text; those of HTML and XLSX are held where they are read back. FOCUS has
/// a row for each hour, of which a digest is enough.
#[test]
fn the_month_of_the_examples_is_as_it_was_looked_at() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (month, folder) = (root.join("examples/month"), root.join("tests/cases/month"));
    let update = std::env::var_os(UPDATE).is_some();
    let mut differences = String::new();
    for (file, args) in [
        ("report.csv", &["--format", "csv"][..]),
        ("days.csv", &["--format", "csv", "--by", "day,link_type"]),
        ("report.json", &["--format", "json"]),
        ("report.md", &["--format", "markdown"]),
        ("report.txt", &["--format", "table"]),
        ("report.zh-Hans.txt", &["--format", "table", "--lang", "zh-Hans"]),
        ("report.zh-Hant.md", &["--format", "markdown", "--lang", "zh-Hant"]),
        ("focus.digest", &["--format", "focus"]),
    ] {
        let args = [&["report", "--usage", "usage.csv", "--month", "2026-10"], args].concat();
        let outcome = program::run(&month, &args);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let actual = match file.ends_with(".digest") {
            true => format!("{}\n", blake3::hash(outcome.stdout.as_bytes())),
            false => outcome.stdout,
        };
        let expected = read(&folder, file);
        if expected != actual {
            differences.push_str(&format!("\n{file}\n{}", diff(&expected, &actual)));
        }
        if update {
            fs::create_dir_all(&folder).expect("a folder of cases");
            fs::write(folder.join(file), actual).expect("the snapshot is writable");
        }
    }
    assert!(differences.is_empty() && !update, "(-) is expected, (+) came out\n{differences}");
}

/// All cases in order, each with its verb.
fn cases() -> Vec<(&'static str, PathBuf)> {
    let mut cases = Vec::new();
    for (folder, verb) in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder)
            .expect("the repository has cases, the package has none")
            .map(|entry| entry.expect("readable").path());
        cases.extend(entries.filter(|path| path.is_dir()).map(|path| (verb, path)));
    }
    cases.sort();
    cases
}

/// A file of a case; empty where it has none.
fn read(case: &Path, file: &str) -> String {
    fs::read_to_string(case.join(file)).unwrap_or_default()
}

/// Runs a case. Returns the files that it is judged by, each with what is expected and what came out.
fn run(verb: &str, case: &Path) -> Vec<(&'static str, String, String)> {
    let has = |file: &str| case.join(file).exists();
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let quarantine = temporary.path().join("quarantine.csv");
    const FORMATS: [(&str, &str); 3] =
        [("expected.txt", "table"), ("expected.md", "markdown"), ("expected.csv", "csv")];
    let (stdout_file, format) = FORMATS.into_iter().find(|(file, _)| has(file)).unwrap_or(FORMATS[2]);

    let mut args: Vec<String> = [verb, "--format", format].map(String::from).into();
    for (flag, file) in INPUTS.into_iter().filter(|(_, file)| has(file)) {
        args.extend([flag, file].map(String::from));
    }
    args.extend(read(case, "args").split_whitespace().map(String::from));
    if has("expected.quarantine.csv") {
        args.extend(["--quarantine".into(), quarantine.display().to_string()]);
    }
    let outcome = program::run(case, &args);

    let mut files = vec![
        (stdout_file, read(case, stdout_file), outcome.stdout),
        ("exit", if has("exit") { read(case, "exit") } else { "0\n".into() }, format!("{}\n", outcome.code)),
    ];
    // What stands on stderr beside a report is told by the table; beside a refusal it is the result.
    if has("expected.stderr") {
        files.push(("expected.stderr", read(case, "expected.stderr"), outcome.stderr));
    }
    if has("expected.quarantine.csv") {
        let actual = fs::read_to_string(quarantine).unwrap_or_default();
        files.push(("expected.quarantine.csv", read(case, "expected.quarantine.csv"), actual));
    }
    files
}

/// Lines that were expected (-), came out (+) or both, in order.
fn diff(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    // common[i][j]: the most lines that the tails from i and from j have in common.
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skip = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { skip };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        let (mark, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', old[i - 1])
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        text.push_str(&format!("  {mark} {line}\n"));
    }
    text
}
