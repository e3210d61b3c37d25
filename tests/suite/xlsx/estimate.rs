//! Workbooks of estimates, against the CSV and the JSON of the same estimates.

use super::{Book, assert_as_expected, assert_same_rows, cells, is_number, plain, read_csv, text};
use crate::support::program::{Outcome, finish, peerbill, run};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What is known of a month that is not over, with all that an estimate from traffic can say.
const MONTH: [&str; 9] = [
    "--usage",
    "usage.csv",
    "--month",
    "2026-10",
    "--until",
    "2026-10-20T00:00:00+08:00",
    "--forecast",
    "--platinum-when",
    "Mon-Fri 09:00-18:00",
];
const QUANTITIES: [&str; 8] = ["--from", "Hohhot", "--to", "Guangzhou", "--gb", "200", "--return-gb", "100"];
const PLAN: [&str; 4] = ["--terraform", "plan.json", "--traffic", "traffic.csv"];
/// In USD, of which not every price of the plan and of the hub is known.
const PARTLY: [&str; 2] = ["--catalog", "international-site"];
const IN_CNY: [&str; 2] = ["--catalog", "china-site"];

/// Runs `estimate` in a folder of the repository, for a file whose name says the format.
fn written(from: &str, args: &[&str], file: &Path) -> PathBuf {
    let outcome = estimate(from, args, file);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    file.to_owned()
}

fn estimate(from: &str, args: &[&str], file: &Path) -> Outcome {
    let output = ["--output", file.to_str().expect("UTF-8")];
    run(&Path::new(ROOT).join(from), &[&["estimate"], args, &output].concat())
}

/// A workbook of each kind of estimate.
pub(super) fn of_every_kind(folder: &Path) -> Vec<PathBuf> {
    [
        ("examples/month", MONTH.into()),
        ("examples/month", QUANTITIES.into()),
        ("examples/topology", [&["--plan", "hub.toml"][..], &PARTLY].concat()),
        ("tests/terraform", [&PLAN[..], &IN_CNY].concat()),
        ("tests/terraform", [&PLAN[..], &PARTLY].concat()),
    ]
    .iter()
    .enumerate()
    .map(|(index, (from, args))| written(from, args, &folder.join(format!("{index}.xlsx"))))
    .collect()
}

/// The estimate of the month, which takes its time to be read.
fn month() -> Option<&'static Estimate> {
    static MADE: LazyLock<Option<Estimate>> = LazyLock::new(|| Estimate::of("examples/month", &MONTH));
    MADE.as_ref()
}

/// An estimate as a workbook, as JSON and as CSV.
struct Estimate {
    book: Book,
    json: Value,
    csv: (Vec<String>, Vec<Vec<String>>),
}

impl Estimate {
    fn of(from: &str, args: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |kind: &str| written(from, args, &folder.path().join(format!("estimate.{kind}")));
        let json = fs::read(file("json")).expect("JSON");
        let json = serde_json::from_slice(&json).expect("JSON");
        Some(Self { book: Book::read(&file("xlsx"))?, json, csv: read_csv(&file("csv")) })
    }

    /// Holds the rows of a sheet against those of the JSON, by pairs of column and key.
    fn assert_rows(&self, sheet: &str, of_json: &[(&str, &Value)], pairs: &[(&str, &str)]) {
        let rows = self.book.table(sheet);
        assert_eq!(rows.len(), of_json.len(), "{sheet}");
        for (row, (scenario, of_json)) in rows.iter().zip(of_json) {
            if let Some(own) = row.get("scenario").filter(|_| !scenario.is_empty()) {
                assert_eq!(&text(own), scenario, "{sheet}");
            }
            for (column, key) in pairs {
                assert_eq!(text(&row[*column]), as_text(&of_json[*key]), "{sheet}: {column}");
            }
        }
    }

    /// What stands under a key of the JSON's scenarios, each with the name of its own.
    fn of_scenarios(&self, key: &str) -> Vec<(&str, &Value)> {
        rows_of(&self.json["scenarios"], "scenario", key)
    }
}

/// What stands under a key of some rows, each with what names its row.
fn rows_of<'v>(rows: &'v Value, name: &str, key: &str) -> Vec<(&'v str, &'v Value)> {
    let rows = rows.as_array().into_iter().flatten();
    let named = rows.map(|row| (row[name].as_str().unwrap_or_default(), row[key].as_array()));
    named.flat_map(|(name, rows)| rows.into_iter().flatten().map(move |row| (name, row))).collect()
}

fn unnamed(rows: &Value) -> Vec<(&str, &Value)> {
    rows.as_array().into_iter().flatten().map(|row| ("", row)).collect()
}

/// A value of JSON as a cell shows it.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::String(text) if text.parse::<i128>().is_ok_and(|number| number.to_string() == *text) => {
            text.clone()
        }
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte)) => {
            plain(text)
        }
        Value::String(text) => text.clone(),
        other => panic!("{other}"),
    }
}

/// Pairs of columns and keys of the same name.
fn same<const N: usize>(names: [&'static str; N]) -> [(&'static str, &'static str); N] {
    names.map(|name| (name, name))
}

/// A number in 10 decimals, as a whole one.
fn units(number: &str) -> i128 {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    format!("{whole}{decimals:0<10}").parse().expect("a number of at most 10 decimals")
}

#[test]
fn what_is_estimated_from_traffic_stands_in_the_workbook_in_full() {
    let Some(own) = month() else { return };
    let names = [
        "Scenarios",
        "Summary",
        "Connections",
        "Lines",
        "Switches",
        "Schedule",
        "Shares",
        "Service levels",
        "Advice",
        "Forecast",
        "Control totals",
        "Findings",
        "Basis",
    ];
    assert_eq!(own.book.names(), names);
    assert_same_rows(&own.book, "Lines", &own.csv);
    let paid =
        ["billing_account_id", "subtotal", "adjustment", "payable", "raised_hours", "raised_cost", "assumed"];
    own.assert_rows("Summary", &own.of_scenarios("accounts"), &same(paid));
    let of_a_scenario = same([
        "scenario",
        "link_type",
        "sla",
        "downtime_minutes",
        "payable",
        "difference_per_month",
        "difference_per_year",
        "partial",
        "assumed",
        "about",
    ]);
    own.assert_rows("Scenarios", &unnamed(&own.json["scenarios"]), &of_a_scenario);
    let of_a_connection =
        same(["connection_id", "consumed_bytes", "cost", "raised_hours", "raised_cost", "assumed"]);
    own.assert_rows("Connections", &own.of_scenarios("connections"), &of_a_connection);
    let of_a_switch = same([
        "connection_id",
        "switches",
        "raised_hours",
        "raised_cost",
        "cost",
        "just_after_the_hour_cost",
        "well_timed_cost",
        "saving",
        "assumed",
    ]);
    own.assert_rows("Switches", &rows_of(&own.json["switches"], "scenario", "connections"), &of_a_switch);
    let schedule = &own.json["schedule"];
    let of_a_window =
        same(["window", "whole_hours", "lifted_hours", "switch_up_at", "switch_down_at", "too_short"]);
    own.assert_rows("Schedule", &unnamed(&schedule["windows"]), &of_a_window);
    let of_a_share = same(["in_windows_percent", "lifted_percent", "break_even_percent"]);
    own.assert_rows("Shares", &unnamed(&schedule["shares"]), &of_a_share);
    let of_a_level = same(["difference_per_month", "avoided_minutes", "per_avoided_minute", "assumed"]);
    own.assert_rows("Service levels", &unnamed(&own.json["service_levels"]), &of_a_level);
    let of_a_forecast =
        same(["billing_account_id", "consumed_bytes", "cost", "cost_so_far", "month_estimate", "assumed"]);
    own.assert_rows("Forecast", &unnamed(&own.json["forecast"]["accounts"]), &of_a_forecast);
    assert!(own.book.table("Forecast").iter().all(|row| text(&row["is_estimate"]) == "true"));
    let notes = [&own.json["before_choosing"], &own.json["findings"]].map(unnamed).concat();
    own.assert_rows("Findings", &notes, &same(["code", "message", "connection_id"]));
}

#[test]
fn hourly_lines_have_a_sheet_and_accounts_pay_what_they_pay_without() {
    let asked = [&MONTH[..7], &["--scenario", "as-billed"]].concat();
    let Some(folded) = Estimate::of("examples/month", &asked) else { return };
    let own = Estimate::of("examples/month", &[&asked[..], &["--hourly"]].concat());
    let own = own.expect("openpyxl is there");
    let mut names = folded.book.names();
    names.insert(names.iter().position(|name| *name == "Lines").expect("lines") + 1, "Hours");
    assert_eq!(own.book.names(), names);
    assert_same_rows(&own.book, "Hours", &own.csv);
    assert_same_rows(&own.book, "Lines", &folded.csv);
    // With hourly lines JSON adjusts those; the workbook sums an account's rows of `Lines`.
    let paid = same(["billing_account_id", "subtotal", "adjustment", "payable"]);
    own.assert_rows("Summary", &folded.of_scenarios("accounts"), &paid);
    let totals = own.book.table("Control totals");
    let sums: Vec<&BTreeMap<String, Value>> =
        totals.iter().filter(|row| text(&row["total"]).starts_with("sum of ")).collect();
    assert_eq!(sums.len(), 2, "Lines and Hours");
    assert_eq!(
        (&sums[0]["bytes"]["n"], sums[0]["billed_cost"]["n"].clone()),
        (&sums[1]["bytes"]["n"], sums[1]["billed_cost"]["n"].clone())
    );
}

#[test]
fn a_total_of_lines_is_what_a_scenario_pays() {
    let Some(own) = month() else { return };
    let totals = own.book.table("Control totals");
    for (name, of_json) in [("read", "read"), ("billed", "billed"), ("accounted_for", "read")] {
        let row = totals.iter().find(|row| text(&row["total"]) == name).expect("a total");
        assert_eq!(row["records"]["n"], own.json["control_totals"]["records"][of_json]);
    }
    for scenario in own.json["scenarios"].as_array().expect("scenarios") {
        let name = format!("sum of Lines, {}", scenario["scenario"].as_str().expect("a name"));
        let row = totals.iter().find(|row| text(&row["total"]) == name).expect("a total");
        assert_eq!(text(&row["billed_cost"]), as_text(&scenario["payable"]), "{name}");
        assert!(row["billed_cost"].get("f").is_some() && row["bytes"].get("f").is_some());
    }
    // What nobody pays is in no total.
    assert!(totals.iter().all(|row| !text(&row["total"]).contains("forecast")));
}

#[test]
fn what_a_plan_changes_stands_in_a_sheet_and_what_is_not_priced_says_so() {
    let Some(priced) = Estimate::of("tests/terraform", &[&PLAN[..], &IN_CNY].concat()) else { return };
    let partly = Estimate::of("tests/terraform", &[&PLAN[..], &PARTLY].concat()).expect("openpyxl is there");
    for own in [&priced, &partly] {
        let rows = own.book.table("Changes");
        let changes = own.json["changes"]["connections"].as_array().expect("changes");
        assert_eq!(rows.len(), changes.len());
        for (row, change) in rows.iter().zip(changes) {
            for key in ["connection_id", "action", "keeps_old", "assumed"] {
                assert_eq!(text(&row[key]), as_text(&change[key]), "{key}");
            }
            for (column, key) in
                [("cost_before", "before"), ("cost_after", "after"), ("difference", "difference")]
            {
                assert_eq!(is_number(&row[column]), change[key].is_string(), "{column}");
                let expected =
                    if change[key].is_null() { "not priced".into() } else { as_text(&change[key]) };
                assert_eq!(text(&row[column]), expected, "{column}");
            }
            for (side, key) in [("before", "as_it_is"), ("after", "as_planned")] {
                for (name, value) in change[key].as_object().into_iter().flatten() {
                    assert_eq!(text(&row[&format!("{name}_{side}")]), as_text(value), "{name}");
                }
            }
        }
        let of_an_account = [("billing_account_id", "billing_account_id"), ("assumed", "assumed")];
        own.assert_rows("Changes by account", &unnamed(&own.json["changes"]["accounts"]), &of_an_account);
    }
    let total = |own: &Estimate| {
        let rows = own.book.sheet("Changes")["rows"].as_array().expect("rows").clone();
        let total = cells(rows.last().expect("a total")).to_vec();
        (text(&total[0]), [3, 4, 5].map(|column| (text(&total[column]), total[column].get("f").is_some())))
    };
    let sums = |own: &Estimate| {
        ["before", "after", "difference"].map(|key| (as_text(&own.json["changes"]["total"][key]), true))
    };
    assert_eq!(total(&priced), ("total".into(), sums(&priced)));
    let (label, [before, after, difference]) = total(&partly);
    assert_eq!(label, "total of what is priced");
    assert_eq!(before, ("10.00 (1 of 3 priced)".into(), false));
    assert_eq!(after, ("11.08 (3 of 5 priced)".into(), false));
    assert_eq!(difference, ("1.08 (3 of 6 priced)".into(), false));
}

#[test]
fn differences_of_accounts_add_up_to_those_of_scenarios() {
    let Some(month) = month() else { return };
    let read = |from, args: &[&str]| Estimate::of(from, args).expect("openpyxl is there");
    // An account pays for a connection that the plan takes away, and for nothing else.
    let plan = read("tests/terraform", &[&PLAN[..], &IN_CNY].concat());
    for own in [month, &read("examples/month", &QUANTITIES), &plan] {
        let mut sums: BTreeMap<String, [i128; 2]> = BTreeMap::new();
        for row in own.book.table("Summary") {
            let sum = sums.entry(text(&row["scenario"])).or_default();
            for (sum, column) in sum.iter_mut().zip(["payable", "difference_per_month"]) {
                *sum += units(&text(&row[column]));
            }
        }
        let scenarios = own.book.table("Scenarios");
        assert_eq!(scenarios.len(), sums.len());
        for row in scenarios {
            let own = ["payable", "difference_per_month"].map(|column| units(&text(&row[column])));
            assert_eq!(own, sums[&text(&row["scenario"])], "{row:?}");
            assert!(row["payable"].get("f").is_some());
        }
    }
}

#[test]
fn a_scenario_that_lacks_prices_says_how_much_of_it_has_some() {
    let hub = [&["--plan", "hub.toml"][..], &PARTLY].concat();
    let Some(own) = Estimate::of("examples/topology", &hub) else { return };
    let rows = own.book.table("Scenarios");
    let told: Vec<_> = rows
        .iter()
        .map(|row| (text(&row["scenario"]), text(&row["payable"]), text(&row["priced"])))
        .collect();
    let expected = [
        ("as-planned", "3 of 4 priced", "3 of 4 priced"),
        ("all-gold", "343.04", "4 of 4 priced"),
        ("all-platinum", "1 of 4 priced", "1 of 4 priced"),
    ];
    assert_eq!(
        told,
        expected.map(|(name, payable, priced)| (name.to_owned(), payable.to_owned(), priced.to_owned()))
    );
    assert!(rows[0]["payable"].get("f").is_none() && rows[0]["difference_per_month"].is_null());
    // None of them is left out of the summary either.
    let summary = own.book.table("Summary");
    let of = |name: &str| summary.iter().filter(|row| text(&row["scenario"]) == name).collect::<Vec<_>>();
    assert_eq!((of("as-planned").len(), of("all-gold").len(), of("all-platinum").len()), (1, 4, 1));
    assert_eq!(text(&of("as-planned")[0]["payable"]), "3 of 4 priced");
    let advice = own.book.table("Advice");
    let supplied = "supplied by: peerbill estimate ... --prices assumed-platinum";
    assert!(
        advice
            .iter()
            .any(|row| text(&row["about"]) == "Not priced: all-platinum" && text(&row["advice"]) == supplied)
    );
}

#[test]
fn r18_an_assumed_price_marks_the_scenarios_that_it_touched() {
    let hub = [&["--plan", "hub.toml", "--prices", "assumed-platinum"][..], &PARTLY].concat();
    let Some(own) = Estimate::of("examples/topology", &hub) else { return };
    for (sheet, key) in
        [("Scenarios", None), ("Summary", Some("accounts")), ("Connections", Some("connections"))]
    {
        let rows = key.map_or_else(|| unnamed(&own.json["scenarios"]), |key| own.of_scenarios(key));
        own.assert_rows(sheet, &rows, &same(["assumed"]));
        let marks: Vec<String> = own.book.table(sheet).iter().map(|row| text(&row["assumed"])).collect();
        assert!(["true", "false"].iter().all(|mark| marks.iter().any(|own| own == mark)), "{sheet}");
    }
    assert!(own.book.table("Basis").iter().any(|row| text(&row["value"]).contains("Assumed prices")));
}

#[test]
fn groups_names_and_one_account_alone_are_those_of_the_csv() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let accounts = folder.path().join("accounts.csv");
    fs::write(&accounts, "account_id,name\n1000000000000101,=1+1\n").expect("the folder is writable");
    let accounts = ["--accounts", accounts.to_str().expect("UTF-8")];
    for more in [&["--by", "link_type"][..], &["--by", "day"], &["--account", "1000000000000101"]] {
        let asked = [&MONTH, &accounts[..], &["--scenario", "as-billed,all-gold"], more].concat();
        let Some(mut own) = Estimate::of("examples/month", &asked) else { return };
        // What protects readers of the CSV; here it is a text.
        own.csv.1.iter_mut().flatten().filter(|cell| *cell == "'=1+1").for_each(|cell| *cell = "=1+1".into());
        assert_same_rows(&own.book, "Lines", &own.csv);
        own.assert_rows("Summary", &own.of_scenarios("accounts"), &same(["billing_account_id", "payable"]));
        for sheet in ["Summary", "Forecast"] {
            let row = &own.book.table(sheet)[0];
            assert_eq!(
                (text(&row["billing_account_name"]), row["billing_account_name"].get("f")),
                ("=1+1".into(), None)
            );
        }
        for (_, (formula, _)) in own.book.formulas() {
            assert!(formula.starts_with("=ROUND(SUM("), "{formula}");
        }
        let partial = own.book.table("Basis").iter().any(|row| text(&row["name"]) == "partial");
        assert_eq!(partial, more[0] == "--account");
    }
}

#[test]
fn what_is_said_speaks_the_language_that_is_stated_and_names_stay() {
    let args = [&["--plan", "hub.toml"][..], &PARTLY].concat();
    let Some(english) = Estimate::of("examples/topology", &args) else { return };
    for (lang, words) in [("zh-Hans", "电子表格"), ("zh-Hant", "試算表")] {
        let own = Estimate::of("examples/topology", &[&args[..], &["--lang", lang]].concat());
        let book = own.expect("openpyxl is there").book;
        assert_eq!(book.names(), english.book.names());
        for name in book.names() {
            let header =
                |book: &Book| cells(&book.sheet(name)["rows"][0]).iter().map(text).collect::<Vec<_>>();
            assert_eq!(header(&book), header(&english.book));
        }
        assert!(book.table("Basis").iter().any(|row| text(&row["value"]).contains(words)), "{lang}");
        for (own, english) in book.table("Scenarios").iter().zip(english.book.table("Scenarios")) {
            assert_eq!(own["scenario"], english["scenario"]);
            for column in ["about", "priced"] {
                assert_ne!(own[column], english[column], "{lang}: {column}");
            }
        }
    }
}

/// An hourly estimate of so many rows that they go through a temporary file.
fn large() -> Vec<&'static str> {
    let scenarios = "as-billed,all-gold,all-platinum,well-timed,scheduled";
    let usage = ["estimate", "--usage", "usage.csv", "--month", "2026-10"];
    let asked = ["--hourly", "--platinum-when", "Mon-Fri 09:00-18:00", "--scenario", scenarios];
    [usage, asked].concat()
}

#[test]
fn the_same_estimate_is_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = |threads: &str| {
        let file = folder.path().join("estimate.xlsx");
        let mut program = peerbill(&Path::new(ROOT).join("examples/month"));
        program
            .args(large())
            .arg("--output")
            .arg(&file)
            .env("PEERBILL_THREADS", threads)
            .env("TZ", "Asia/Tokyo");
        let outcome = finish(&mut program, b"");
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        fs::read(file).expect("a workbook")
    };
    assert!(bytes("1") == bytes("7"));
}

#[test]
fn where_there_is_no_room_for_a_large_sheet_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("estimate.xlsx");
    let mut program = peerbill(&Path::new(ROOT).join("examples/month"));
    program.args(large()).arg("--output").arg(&file).env("TMPDIR", folder.path().join("nothing"));
    let outcome = finish(&mut program, b"");
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("emporary file"), "{}", outcome.stderr);
    assert!(!file.exists());
}

#[test]
fn the_estimate_of_the_month_comes_out_as_expected() {
    let Some(own) = month() else { return };
    assert_as_expected(&own.book, "estimate-month.txt");
}

#[test]
fn the_estimate_of_a_plan_comes_out_as_expected() {
    let Some(own) = Estimate::of("tests/terraform", &[&PLAN[..], &PARTLY].concat()) else { return };
    assert_as_expected(&own.book, "estimate-plan.txt");
}
