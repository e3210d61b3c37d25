//! Tables and comments speak the language that is asked for, whatever the case; and a terminal is given what fits it.

use crate::{
    messages::source_files,
    support::{program, tools},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The folders of golden cases, each with the verb that they run, and the inputs of a case by their flags.
const FOLDERS: [(&str, &str); 6] = [
    ("tests/cases/report", "report"),
    ("tests/cases/estimate", "estimate"),
    ("tests/cases/reconcile", "reconcile"),
    ("tests/cases/crosscheck", "crosscheck"),
    ("tests/cases/explain", "explain"),
    ("tests/cases/doctor", "doctor"),
];
const INPUTS: [(&str, &str); 11] = [
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
];

fn cases() -> Vec<(&'static str, PathBuf)> {
    let mut cases = Vec::new();
    for (folder, verb) in FOLDERS {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("the repository has cases");
        let folders = entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir());
        cases.extend(folders.map(|path| (verb, path)));
    }
    cases.sort();
    cases
}

/// What a case prints in a format and a language; `None` where it is refused.
fn printed(verb: &str, case: &Path, format: &str, lang: &str) -> Option<String> {
    let mut args: Vec<String> = [verb, "--format", format].map(String::from).into();
    for (flag, file) in INPUTS.into_iter().filter(|(_, file)| case.join(file).exists()) {
        args.extend([flag, file].map(String::from));
    }
    let own = fs::read_to_string(case.join("args")).unwrap_or_default();
    args.extend(own.split_whitespace().map(String::from));
    if own.contains("--lang") || own.contains("--quarantine") {
        return None;
    }
    let temporary = tempfile::tempdir().expect("a temporary folder");
    if case.join("expected.quarantine.csv").exists() {
        let quarantine = temporary.path().join("quarantine.csv");
        args.extend(["--quarantine".into(), quarantine.display().to_string()]);
    }
    args.extend(["--lang".into(), lang.into()]);
    let outcome = program::run(case, &args);
    Some(outcome.stdout).filter(|stdout| !stdout.is_empty())
}

/// Words that are no names of anything: none of them stands in a Chinese table by itself.
const LABELS: [&str; 39] = [
    "requester",
    "accepter",
    "Gold",
    "Platinum",
    "free",
    "usage",
    "adjustment",
    "correction",
    "published",
    "assumed",
    "contract",
    "cost",
    "price",
    "hours",
    "raised",
    "records",
    "bytes",
    "payable",
    "subtotal",
    "none",
    "connection",
    "sender",
    "source",
    "destination",
    "account",
    "scenario",
    "difference",
    "total",
    "action",
    "route",
    "create",
    "update",
    "replace",
    "delete",
    "refuse",
    "currency",
    "offset",
    "rounding",
    "priced",
];

/// Chinese has no blanks, so that two words of letters with a blank between them are English; and a label by itself.
fn english(line: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/\\,=<>#&;".contains(letter);
    let words: Vec<&str> = line.split(|letter: char| !is_part(letter) && letter != ' ').collect();
    let mut found = Vec::new();
    for run in words {
        let parts: Vec<&str> = run.split(' ').collect();
        let plain = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let pairs = parts.windows(2).filter(|pair| pair.iter().all(&plain));
        found.extend(pairs.map(|pair| pair.join(" ")));
        found.extend(parts.iter().filter(|word| LABELS.contains(word)).map(ToString::to_string));
    }
    found
}

/// What may stand there in English: what a case itself calls things, names of the provider's, and arguments.
fn is_named(phrase: &str, own: &str) -> bool {
    const NAMES: [&str; 8] = [
        "API CreateVpcPeerConnection",
        "API ModifyVpcPeerConnection",
        "catalog regions",
        "peerbill catalog",
        "peerbill estimate",
        "SLA SLA",
        "CSV UTF",
        "prices FILE",
    ];
    own.contains(phrase) || NAMES.contains(&phrase)
}

/// What quotes: findings, the reader of a Terraform plan, which speaks English; an account, what stands for it where it is
/// not known; a setting, its value; a command.
const QUOTING: [&str; 7] = [
    "peerbill explain --usage",
    "[not_known]",
    "`not_known`",
    "region_by_reference",
    "unknown (requester of",
    "unknown (accepter of",
    "cloudmonitor.unit",
];

/// All that a case is made of.
fn own_words(case: &Path) -> String {
    let mut words = String::new();
    for entry in fs::read_dir(case).expect("a case").map(|entry| entry.expect("readable").path()) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            words += &own_words(&entry);
        } else if !name.starts_with("expected") && name != "why.md" {
            // A header is a name in data, and no label.
            let text = String::from_utf8_lossy(&fs::read(&entry).expect("readable")).into_owned();
            words +=
                text.split_once('\n').filter(|_| name.ends_with(".csv")).map_or(&*text, |(_, rows)| rows);
        }
    }
    words
}

/// The texts of a language under a heading, by their keys.
fn texts_of(lang: &str, heading: &str) -> BTreeMap<String, String> {
    let file = Path::new(ROOT).join(format!("src/write/lang/{lang}.toml"));
    let texts: toml::Table = fs::read_to_string(file).expect("texts").parse().expect("TOML");
    let texts = texts[heading].as_table().expect("a table");
    texts.iter().map(|(key, text)| (key.clone(), text.as_str().expect("a text").to_owned())).collect()
}

/// A text without the words that programs rely on, where what they mean stands behind them.
fn without_codes(text: String, lang: &str) -> String {
    texts_of(lang, "codes").into_values().fold(text, |text, code| text.replace(&code, ""))
}

#[test]
fn no_english_is_left_in_chinese_tables_and_comments() {
    let mut left = BTreeSet::new();
    let mut seen = 0;
    for (verb, case) in cases() {
        let own = own_words(&case);
        let other = if ["report", "estimate"].contains(&verb) { "markdown" } else { "table" };
        for (format, lang) in [("table", "zh-Hans"), (other, "zh-Hant")] {
            let Some(text) = printed(verb, &case, format, lang) else { continue };
            seen += 1;
            let text = without_codes(text, lang);
            for line in text.lines().filter(|line| !QUOTING.iter().any(|code| line.contains(code))) {
                for phrase in english(&line.replace("\\_", "_")).into_iter().filter(|own_word| {
                    // What inputs are given as are names of arguments.
                    if verb == "doctor" && own_word == "usage" {
                        return false;
                    }
                    // Without ids the accounts of an estimate are called by their ends.
                    if verb == "estimate" && ["requester", "accepter"].contains(&own_word.as_str()) {
                        return false;
                    }
                    // A label of data is one also where an input has the word.
                    LABELS.contains(&own_word.as_str()) || !is_named(own_word, &own)
                }) {
                    left.insert(format!("{}: {phrase}: {line}", case.display()));
                }
            }
        }
    }
    assert!(seen > 100, "{seen} pages");
    assert!(left.is_empty(), "{} left:\n{}", left.len(), left.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Figures do not depend on the language: the numbers of a table are the same, in their order.
#[test]
fn figures_are_the_same_in_every_language() {
    for (verb, case) in cases() {
        let figures = |lang: &str| -> Option<Vec<String>> {
            let text = printed(verb, &case, "table", lang)?;
            let rows = text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("  ["));
            let is_figure = |letter: char| letter.is_ascii_digit() || ".-".contains(letter);
            let words = rows.flat_map(|line| {
                line.split(|letter| !is_figure(letter)).map(|word| word.trim_end_matches('.'))
            });
            Some(words.filter(|word| word.contains('.')).map(ToOwned::to_owned).collect())
        };
        let english = figures("en");
        assert_eq!(figures("zh-Hans"), english, "{}", case.display());
        assert_eq!(figures("zh-Hant"), english, "{}", case.display());
    }
}

const MONTH: [&str; 11] = [
    "report",
    "--usage",
    "examples/month/usage.csv",
    "--connections",
    "examples/month/connections.csv",
    "--link-changes",
    "examples/month/link-changes.csv",
    "--catalog",
    "china-site",
    "--month",
    "2026-10",
];

/// What a terminal of so many columns is shown, without the progress bar.
fn on_a_terminal(columns: usize, args: &[&str], environment: &[(&str, &str)]) -> Option<String> {
    let mut script = tools::program("script")?;
    let mut words = vec![env!("CARGO_BIN_EXE_peerbill")];
    words.extend(MONTH);
    words.extend(args);
    let command = format!("stty cols {columns} rows 50; {} 2>/dev/null", words.join(" "));
    script
        .args(["-qec", &command, "/dev/null"])
        .current_dir(ROOT)
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    script.envs(environment.iter().copied());
    let output = script.output().expect("a terminal");
    Some(String::from_utf8(output.stdout).expect("UTF-8").replace('\r', ""))
}

/// A text without colours and bold letters.
fn plain(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| whole + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// How many columns a line takes: letters of Chinese take two.
fn width(line: &str) -> usize {
    line.chars().map(|letter| if letter >= '\u{2e80}' { 2 } else { 1 }).sum()
}

#[test]
fn tables_fit_a_terminal_of_80_120_and_200_columns_and_cut_no_number_and_no_id() {
    let root = Path::new(ROOT);
    let whole = program::run(root, &MONTH).stdout;
    let ids = ["pcc-2ze7q4hm1", "pcc-8vb0n5wk3", "1000000000000103"];
    for columns in [80, 120, 200] {
        for lang in ["en", "zh-Hans"] {
            let Some(shown) = on_a_terminal(columns, &["--lang", lang], &[]) else { return };
            let shown = plain(&shown);
            // The digests are ids, which stay whole.
            let too_wide: Vec<&str> = shown
                .lines()
                .filter(|line| width(line) > columns && !line.contains("digest") && !line.contains("摘要"))
                .collect();
            assert!(too_wide.is_empty(), "{columns} {lang}:\n{}", too_wide.join("\n"));
            assert!(ids.iter().all(|id| shown.contains(id)), "{columns} {lang}:\n{shown}");
            let costs = ["2738.4968676634", "14791.5424875353", "56931.14", "9682.22"];
            assert!(costs.iter().all(|cost| shown.contains(cost)), "{columns} {lang}:\n{shown}");
            let says_so = shown.contains("Left out for want of room") || shown.contains("因宽度不足未显示");
            assert_eq!(says_so, columns < 200, "{columns} {lang}:\n{shown}");
        }
    }
    // Files and pipes are as wide as what they hold.
    assert!(whole.lines().any(|line| line.len() > 120));
    let Some(wide) = on_a_terminal(200, &[], &[("NO_COLOR", "1")]) else { return };
    let same = |text: &str| text.lines().map(str::trim_end).filter(|line| line.len() <= 150).count();
    assert!(same(&wide) >= same(&whole), "{wide}");
}

#[test]
fn colours_and_bold_letters_are_for_terminals_that_want_them() {
    let Some(shown) = on_a_terminal(120, &[], &[]) else { return };
    assert!(shown.contains("\u{1b}[1mPayable, 5 accounts: 56931.14 CNY\u{1b}[0m"), "{shown}");
    for refused in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = on_a_terminal(120, &[], &[refused]).expect("a terminal");
        assert!(!shown.contains('\u{1b}') && shown.contains("Payable, 5 accounts"), "{refused:?}: {shown}");
    }
    let piped = program::run(Path::new(ROOT), &MONTH).stdout;
    assert!(!piped.contains('\u{1b}'));
    // A file is none, also where a terminal is there.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bill.txt");
    on_a_terminal(80, &["--output", &file.display().to_string()], &[]);
    assert_eq!(fs::read_to_string(&file).expect("written"), piped);
}

#[test]
fn payable_of_all_accounts_comes_first_and_days_are_dates() {
    let root = Path::new(ROOT);
    let table = program::run(root, &MONTH).stdout;
    let first: Vec<&str> = table.lines().skip(2).take(3).collect();
    assert_eq!(first[0], "Payable, 5 accounts: 56931.14 CNY");
    assert_eq!(first[1], "  1000000000000101   9682.22 CNY");
    let all = table.find("Payable, 5").expect("all accounts");
    assert!(all < table.find("Account 1000000000000101").expect("each account"));
    for format in ["table", "markdown"] {
        let by_day = program::run(root, &[&MONTH[..], &["--by", "day", "--format", format]].concat()).stdout;
        assert!(by_day.contains("2026-10-01") && by_day.contains("2026-10-31"), "{by_day}");
        assert!(!by_day.contains("2026-09-30T16:00:00Z"), "{by_day}");
    }
    let by_day = program::run(root, &[&MONTH[..], &["--by", "day", "--format", "csv"]].concat()).stdout;
    assert!(by_day.contains("2026-09-30T16:00:00Z"), "data keeps the hours: {by_day}");
}

/// Data formats keep their keys and words.
#[test]
fn data_does_not_depend_on_the_language() {
    let root = Path::new(ROOT);
    for format in ["csv", "json"] {
        let of = |lang| program::run(root, &[&MONTH[..], &["--format", format, "--lang", lang]].concat());
        assert_eq!(of("zh-Hans"), of("en"));
        assert_eq!(of("zh-Hant"), of("en"));
    }
}

/// Every name of data that a JSON has, at whatever depth, but for those that people are not shown.
fn names_in(json: &Value, names: &mut BTreeSet<String>) {
    match json {
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name.clone());
                names_in(member, names);
            }
        }
        Value::Array(all) => all.iter().for_each(|own| names_in(own, names)),
        _ => {}
    }
}

/// What results of rows hold has a name in each language, and no name is of what they do not hold.
#[test]
fn every_name_of_a_result_of_rows_has_a_text_and_there_are_no_others() {
    let month = Path::new(ROOT).join("examples/month");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file).display().to_string();
    let (report, accounts) = (path("report.json"), path("accounts.csv"));
    fs::write(&accounts, "account_id,name\n1000000000000101,Shop\n").expect("a file of accounts");
    let made = ["report", "--usage", "usage.csv", "--month", "2026-10", "--output", &report];
    assert_eq!(program::run(&month, &made).code, 0);
    let bill = ["--bill", "../bills/new-bill.csv", "--usage", "usage.csv", "--month", "2026-10"];
    let runs = [
        &["compare", "--format", "json", &report, &report, "--accounts", &accounts][..],
        &[&["reconcile", "--format", "json"], &bill[..]].concat(),
    ];
    let mut found: Vec<String> = runs.map(|args| program::run(&month, args).stdout).into();
    let cases = cases().into_iter().filter(|(verb, _)| ["reconcile", "crosscheck"].contains(verb));
    found.extend(cases.filter_map(|(verb, case)| printed(verb, &case, "json", "en")));
    let mut names = BTreeSet::new();
    for json in found {
        let mut document: Value = serde_json::from_str(&json).expect("JSON");
        // Files and their digests stand in JSON alone (R17).
        document.as_object_mut().expect("an object").remove("inputs").expect("digests of the inputs");
        names_in(&document, &mut names);
    }
    // Heads of pages that are their own, and lists of one column, whose values stand without its name.
    names.extend(["total", "value", "item_code"].map(String::from));
    for lang in ["en", "zh-Hans", "zh-Hant"] {
        let texts: BTreeSet<String> = texts_of(lang, "names").into_keys().collect();
        let shown = |name: &&String| !["notes", "totals", "peerbill_version"].contains(&name.as_str());
        assert_eq!(
            texts.iter().collect::<Vec<_>>(),
            names.iter().filter(shown).collect::<Vec<_>>(),
            "{lang}"
        );
    }
    // English is what data says.
    assert!(texts_of("en", "names").into_iter().all(|(name, text)| text == name.replace('_', " ")));
}

/// Every word that has a text is one that the program has.
#[test]
fn every_word_of_data_stands_in_the_sources() {
    let sources: Vec<String> = source_files(&Path::new(ROOT).join("src"))
        .iter()
        .map(|file| fs::read_to_string(file).expect("a source file"))
        .collect();
    for heading in ["words", "codes"] {
        for word in texts_of("en", heading).into_keys() {
            let literal = format!("\"{word}\"");
            assert!(sources.iter().any(|text| text.contains(&literal)), "[{heading}] {word}");
        }
    }
}

/// A word that programs rely on stands in front of what it means, in every language.
#[test]
fn codes_stay_in_front_of_their_labels() {
    for lang in ["zh-Hans", "zh-Hant"] {
        for (code, text) in texts_of(lang, "codes") {
            assert!(text.strip_prefix(&code).is_some_and(|label| label.starts_with(' ')), "{lang}: {text}");
        }
    }
    assert!(texts_of("en", "codes").into_iter().all(|(code, text)| code == text));
}

/// A page of HTML as text, without its style, its script, and what is data in the table of its rows: header and words.
fn text_of_page(page: &str) -> String {
    let mut text = page.to_owned();
    for (from, to) in
        [("<style>", "</style>"), ("<script>", "</script>"), ("<table id=\"lines\">", "</thead>")]
    {
        let Some(start) = text.find(from) else { continue };
        let end = text[start..].find(to).expect("it ends");
        text.replace_range(start..start + end, "");
    }
    let codes = texts_of("en", "codes");
    let is_data = |shown: &str| ["requester", "accepter"].contains(&shown) || codes.contains_key(shown);
    let parts = text.split('<').filter_map(|part| part.split_once('>')).map(|(_, shown)| shown.trim());
    parts.filter(|shown| !is_data(shown)).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_english_is_left_in_chinese_pages_of_rows() {
    let mut seen = 0;
    for (verb, case) in cases().into_iter().filter(|(verb, _)| ["reconcile", "crosscheck"].contains(verb)) {
        let own = own_words(&case);
        for lang in ["zh-Hans", "zh-Hant"] {
            let Some(page) = printed(verb, &case, "html", lang) else { continue };
            seen += 1;
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{}", case.display());
            let text = without_codes(text_of_page(&page), lang);
            for line in text.lines() {
                let left: Vec<String> =
                    english(line).into_iter().filter(|phrase| !is_named(phrase, &own)).collect();
                assert!(left.is_empty(), "{}: {left:?}: {line}", case.display());
            }
        }
    }
    assert!(seen > 40, "{seen} pages");
}

/// Of a result of rows, header, keys and words of data are English in every language; an explanation is in its language.
#[test]
fn a_page_of_rows_keeps_its_data_in_every_language() {
    let case = Path::new(ROOT).join("tests/cases/reconcile/time-edge");
    let page = printed("reconcile", &case, "html", "zh-Hant").expect("a page");
    let lines = page.split("<table id=\"lines\">").nth(1).expect("rows");
    assert!(lines.contains("data-column=\"our_bytes\"") && lines.contains("<td>time_edge</td>"), "{lines}");
    assert!(lines.contains("差額 -4.80 +4.80 合計為 0.00") && !lines.contains("add up to"), "{lines}");
    for format in ["csv", "json"] {
        let of = |lang| printed("reconcile", &case, format, lang).expect("data");
        assert_eq!(of("zh-Hans"), of("en"), "{format}");
        assert_eq!(of("zh-Hant"), of("en"), "{format}");
    }
}

/// Every area of the shipped catalogs has a name in each language, and there are no others.
#[test]
fn every_area_of_prices_has_a_name() {
    let file = Path::new(ROOT).join("pricing/regions.csv");
    let mut regions = csv::Reader::from_path(file).expect("the regions");
    let area = regions.headers().expect("a header").iter().position(|name| name == "area").expect("areas");
    let areas: BTreeSet<String> =
        regions.records().map(|region| region.expect("a region")[area].to_owned()).collect();
    let areas: Vec<&String> = areas.iter().filter(|area| !area.is_empty()).collect();
    for lang in ["en", "zh-Hans", "zh-Hant"] {
        assert_eq!(texts_of(lang, "areas").keys().collect::<Vec<_>>(), areas, "{lang}");
    }
}

/// A doctor that is told to stop at a finding that nobody knows says so before it reads anything.
#[test]
fn an_unknown_code_stops_the_doctor() {
    let args = ["doctor", "--usage", "usage.csv", "--fail-on", "no_records_in_mont"];
    let outcome = program::run(&Path::new(ROOT).join("examples/month"), &args);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.contains("did you mean \"no_records_in_month\"?"), "{}", outcome.stderr);
    let known = ["doctor", "--usage", "usage.csv", "--fail-on", "no_records_in_month"];
    assert_eq!(program::run(&Path::new(ROOT).join("examples/month"), &known).code, 0);
}

#[test]
fn no_english_is_left_in_the_check_of_a_catalog() {
    let root = Path::new(ROOT);
    for catalog in ["international-site", "tests/cases/report/r04-two-tied-rows/catalog"] {
        for lang in ["zh-Hans", "zh-Hant"] {
            let table = program::run(root, &["catalog", "check", catalog, "--lang", lang]).stdout;
            let left: Vec<String> = table.lines().flat_map(english).collect();
            assert!(left.is_empty() && !table.is_empty(), "{left:?}: {table}");
            let csv =
                |lang| program::run(root, &["catalog", "check", catalog, "--format", "csv", "--lang", lang]);
            assert_eq!(csv(lang), csv("en"));
        }
    }
}
