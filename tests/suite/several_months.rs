//! Several months in one pass: each report is the one that its month alone gives, in every format, with what is refused,
//! what lies outside, and the same errors.

use peerbill::{
    BillingMonth, Catalog, Error, ErrorKind, MeterSettings, Report, ReportOptions, TrafficSource, meter,
    meter::{MeteredMonths, Refused, meter_months},
    model::{
        accounts::{Accounts, Budgets},
        time::{MonthRange, Offset},
    },
    report::{Grouping, report, reports},
    write::{self, Lang, json::InputDigest},
};
use proptest::prelude::*;
use std::sync::Arc;

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
    link_type,created_at,deleted_at,tag:env\n\
    pcc-1,1,cn-beijing,2,cn-shanghai,Platinum,,,prod\n\
    pcc-2,1,cn-beijing,1,cn-beijing,,2026-07-31T16:00:00Z,2026-08-31T16:00:00Z,\n\
    pcc-3,3,cn-beijing,4,us-east-1,Gold,2026-08-31T15:30:00Z,,test\n";
const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n\
    pcc-1,2026-07-31T16:00:00Z,Gold,Platinum\n\
    pcc-1,2026-08-31T15:59:59Z,Platinum,Gold\n\
    pcc-1,2026-09-20T10:20:00Z,Gold,Platinum\n";
/// Prices change within a month, and at the edge of another.
const PRICES: &str = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
    cn-beijing,cn-shanghai,Platinum,0.7777777,2026-08-10,published,https://example.com,2026-01-01\n\
    cn-beijing,us-east-1,Gold,0.9,2026-10-01,published,https://example.com,2026-01-01\n";

fn instants() -> impl Strategy<Value = i64> {
    let edge = |month: &str| {
        month.parse::<BillingMonth>().expect("a month").period(Offset::CHINA).start.index() * 3600
    };
    let edges: Vec<i64> = ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10"].map(edge).into();
    prop_oneof![
        (prop::sample::select(edges.clone()), -4i64..4).prop_map(|(edge, quarters)| edge + quarters * 900),
        (prop::sample::select(edges), -400i64..400).prop_map(|(edge, hours)| edge + hours * 3600),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let id = prop_oneof![8 => Just("pcc-1"), 3 => Just("pcc-2"), 4 => Just("pcc-3"), 1 => Just("pcc-9")];
    let sender = prop::sample::select(vec!["requester", "accepter"]);
    let bytes = prop_oneof![
        9 => (0u64..1 << 40).prop_map(|bytes| bytes.to_string()),
        1 => Just("-5".to_owned()),
    ];
    (instants(), id, sender, bytes)
        .prop_map(|(at, id, sender, bytes)| format!("{at},{id},{sender},{bytes}\n"))
}

/// What is asked of the reports.
fn options() -> impl Strategy<Value = ReportOptions> {
    let by =
        prop::option::of(prop::sample::select(vec!["billing_account_id", "tag:env", "account.team", "day"]));
    (any::<bool>(), by, prop::option::of(Just("1")), any::<bool>()).prop_map(
        |(hourly, by, account, daily)| {
            let mut accounts = Accounts::new(["team".to_owned()]);
            accounts.add("1", [("name", "one"), ("team", "a")]).expect("an account");
            let mut budgets = Budgets::default();
            budgets.add("1", "0.5".parse().expect("an amount")).expect("a budget");
            let mut options = ReportOptions::default();
            options.hourly = hourly && by != Some("day");
            options.by = by.map(|name| Grouping::parse([name]).expect("a column"));
            options.account = account.map(str::to_owned);
            options.daily = daily;
            options.accounts = Some(Arc::new(accounts));
            options.budgets = Some(Arc::new(budgets));
            options
        },
    )
}

/// A format: its name, and how it writes reports.
type Format = (&'static str, fn(&[&Report], &mut Vec<u8>) -> peerbill::Result<()>);

fn formats() -> Vec<Format> {
    #[cfg_attr(
        not(any(feature = "cli", feature = "parquet", feature = "xlsx")),
        allow(unused_mut, reason = "further formats need their features")
    )]
    let mut formats: Vec<Format> = vec![
        ("csv", |reports, output| write::csv::reports(reports, output)),
        ("json", |reports, output| write::json::months(reports, &[digest()], output)),
        ("html", |reports, output| write::html::reports(reports, Lang::En, output)),
        ("focus", |reports, output| write::focus::reports(reports, &Default::default(), output)),
    ];
    #[cfg(feature = "cli")]
    formats.extend::<[Format; 2]>([
        ("table", |reports, output| write::text::Screen::default().reports(reports, Lang::En, output)),
        ("markdown", |reports, output| write::markdown::reports(reports, Lang::ZhHans, output)),
    ]);
    #[cfg(feature = "parquet")]
    formats.push(("parquet", |reports, output| write::parquet::reports(reports, output)));
    #[cfg(feature = "xlsx")]
    formats.push(("xlsx", |reports, output| write::xlsx::reports(reports, Lang::En, output)));
    formats
}

fn digest() -> InputDigest {
    InputDigest { role: "usage".into(), name: "u.csv".into(), digest: "00".into() }
}

fn written(format: Format, reports: &[&Report]) -> Vec<u8> {
    let mut output = Vec::new();
    format.1(reports, &mut output).expect("a format");
    output
}

/// What one month alone writes stands in what all write, as it is; in JSON it stands further to the right.
fn stands_in(name: &str, alone: &Report, all: &[u8]) -> bool {
    let mut text = Vec::new();
    match name {
        "csv" => write::csv::report(alone, &mut text).expect("CSV"),
        "json" => write::json::write(alone, &[digest()], &mut text).expect("JSON"),
        #[cfg(feature = "cli")]
        "table" => write::text::report(alone, Lang::En, &mut text).expect("a table"),
        #[cfg(feature = "cli")]
        "markdown" => write::markdown::report(alone, Lang::ZhHans, &mut text).expect("Markdown"),
        _ => return true,
    }
    let text = String::from_utf8(text).expect("text");
    let text = match name {
        "csv" => text.split_once('\n').expect("a header").1.to_owned(),
        "json" => text.trim_end().replace('\n', "\n    "),
        _ => text,
    };
    std::str::from_utf8(all).expect("text").contains(&text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_report_of_a_range_is_the_one_that_its_month_alone_gives(
        records in prop::collection::vec(record(), 0..120),
        copies in 0usize..6,
        options in options(),
        range in prop::sample::select(vec!["2026-07..2026-09", "2026-Q3", "2026-08..2026-08", "2026-06..2026-10"]),
        until in prop::option::of(1i64..700),
        threads in 1usize..3,
    ) {
        let copied: Vec<String> = records.iter().take(copies).cloned().collect();
        let usage = format!("timestamp,connection_id,sender,bytes\n{}{}", records.concat(), copied.concat());
        let source = TrafficSource::from_bytes("u.csv", usage);
        let inventory = Arc::new(peerbill::inventory(CONNECTIONS, Some(CHANGES)).expect("connections"));
        let prices = peerbill::read::Document::new("prices.csv", PRICES);
        let catalog = Catalog::shipped("china-site").expect("shipped").with_prices("(a file)", &prices).expect("prices");
        let range: MonthRange = range.parse().expect("a range");
        let mut settings = MeterSettings::new(range.last());
        (settings.refused, settings.threads) = (Refused::Count, threads);
        settings.until = until.map(|hours| peerbill::model::time::Hour::from_index(settings.period().start.index() + hours));
        let sources = [source];
        let together = meter_months(&sources, inventory.clone(), &settings, &range.months()).expect("metered");
        let several = reports(&together, &catalog, &options).expect("priced");
        let alone: Vec<Report> = range.months().into_iter().map(|month| {
            let mut own = settings;
            own.month = month;
            own.until = settings.until.filter(|_| month == range.last());
            let metered = meter(&sources, inventory.clone(), &own).expect("metered");
            report(&metered, &catalog, options.clone()).expect("priced")
        }).collect();
        let [several, alone] = [&several, &alone].map(|all| all.iter().collect::<Vec<&Report>>());
        for format in formats() {
            if format.0 == "focus" && (!options.hourly || options.by.is_some()) {
                continue;
            }
            let all = written(format, &several);
            prop_assert!(all == written(format, &alone), "{}", format.0);
            for own in &alone {
                prop_assert!(stands_in(format.0, own, &all), "{} {}", format.0, own.month);
            }
        }
    }
}

fn metered(usage: &str, range: &str) -> peerbill::Result<MeteredMonths> {
    let sources = [TrafficSource::from_bytes("u.csv", usage)];
    let inventory = peerbill::inventory(CONNECTIONS, None)?;
    let range: MonthRange = range.parse().expect("a range");
    let mut settings = MeterSettings::new(range.last());
    settings.refused = Refused::Count;
    meter_months(&sources, inventory, &settings, &range.months())
}

#[test]
fn r5_prices_that_are_missing_in_any_month_are_all_listed_with_their_first_hours() {
    let usage = "timestamp,connection_id,sender,bytes\n\
        2026-09-05T03:00:00Z,pcc-1,requester,7\n2026-07-05T03:00:00Z,pcc-1,requester,7\n\
        2026-09-06T03:00:00Z,pcc-3,requester,7\n2026-08-05T03:00:00Z,pcc-2,requester,7\n";
    // The international site knows no Platinum, and a price of Gold begins too late.
    let prices = PRICES
        .replace("cn-beijing,us-east-1,Gold,0.9,2026-10-01", "cn-beijing,us-east-1,Gold,0.9,2026-09-07");
    let prices = peerbill::read::Document::new("prices.csv", prices.replace("Platinum,0.7777777", "Gold,1"));
    let catalog = Catalog::shipped("international-site").unwrap().with_prices("x", &prices).unwrap();
    let error: Error =
        reports(&metered(usage, "2026-Q3").unwrap(), &catalog, &ReportOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingPrice);
    let told: Vec<String> = error.missing_prices().iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|own| own.contains("Platinum price from cn-beijing to cn-shanghai")
            && own.ends_with("first needed in hour 2026-07-05T03:00:00Z")),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|own| own.contains("cn-shanghai")).count(), 1, "{told:?}");
}

#[test]
fn months_are_read_as_a_range_or_a_quarter() {
    let months = |text: &str| {
        let range: MonthRange =
            text.parse().map_err(|why: peerbill::model::invalid::Invalid| why.message().to_owned())?;
        Ok::<_, String>(range.months().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(months("2026-11..2027-02").unwrap(), "2026-11 2026-12 2027-01 2027-02");
    assert_eq!(months("2026-Q4").unwrap(), "2026-10 2026-11 2026-12");
    assert_eq!(months("2026-08..2026-08").unwrap(), "2026-08");
    assert_eq!(months("2016-01..2025-12").unwrap().len(), 120 * 8 - 1);
    assert!(months("2016-01..2026-01").unwrap_err().contains("121 months"));
    for text in [
        "2026-10..2026-09",
        "2026-Q5",
        "2026-Q0",
        "2026-q3",
        "Q3",
        "2026-Q03",
        "..",
        "2026-10..",
        "2026-1..2026-2",
        "2026-10",
    ] {
        assert!(months(text).is_err(), "{text}");
    }
}

#[cfg(feature = "cli")]
mod program {
    use super::*;
    use crate::support::program::{Outcome, run};
    use std::fs;
    use tempfile::TempDir;

    const USAGE: &str = "timestamp,connection_id,sender,bytes\n\
        2026-07-05T03:00:00Z,pcc-1,requester,107374182400\n2026-08-05T03:00:00Z,pcc-1,accepter,107374182400\n\
        2026-08-06T03:00:00Z,pcc-9,accepter,5\nunreadable,pcc-1,accepter,5\n\
        2026-09-05T03:00:00Z,pcc-3,requester,107374182400\n";

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("u.csv"), USAGE).unwrap();
        fs::write(
            folder.path().join("good.csv"),
            USAGE.replace("2026-08-06T03:00:00Z,pcc-9,accepter,5\nunreadable,pcc-1,accepter,5\n", ""),
        )
        .unwrap();
        fs::write(folder.path().join("c.csv"), CONNECTIONS).unwrap();
        fs::write(folder.path().join("ch.csv"), CHANGES).unwrap();
        folder
    }

    fn report_on(folder: &TempDir, usage: &str, more: &[&str]) -> Outcome {
        let inputs = [
            "report",
            "--usage",
            usage,
            "--connections",
            "c.csv",
            "--link-changes",
            "ch.csv",
            "--catalog",
            "china-site",
        ];
        run(folder.path(), &[&inputs[..], more].concat())
    }

    #[test]
    fn a_range_of_one_month_is_a_range() {
        let folder = folder();
        let range = report_on(&folder, "good.csv", &["--month", "2026-08..2026-08", "--format", "json"]);
        let one = report_on(&folder, "good.csv", &["--month", "2026-08", "--format", "json"]);
        assert_eq!((range.code, one.code), (0, 0), "{}", range.stderr);
        let expected =
            format!("{{\n  \"months\": [\n    {}\n  ]\n}}\n", one.stdout.trim_end().replace('\n', "\n    "));
        assert_eq!(range.stdout, expected);
    }

    #[test]
    fn totals_and_findings_beside_lines_name_their_month() {
        let folder = folder();
        let range = report_on(&folder, "good.csv", &["--month", "2026-Q3", "--format", "csv"]);
        assert_eq!(range.code, 0, "{}", range.stderr);
        for told in ["2026-07: read: 3 records", "2026-08: outside_period: 2 records", "2026-09: finding: ["]
        {
            assert!(range.stderr.contains(told), "no {told:?} in {}", range.stderr);
        }
        let lines: Vec<&str> = range.stdout.lines().collect();
        assert_eq!(lines.len(), 4, "{}", range.stdout);
        assert!(lines[1].starts_with("2026-07,") && lines[3].starts_with("2026-09,"), "{}", range.stdout);
    }

    #[test]
    fn the_table_begins_with_accounts_by_month() {
        let folder = folder();
        let range = report_on(&folder, "good.csv", &["--month", "2026-Q3"]);
        let table = range.stdout.split("\n\n").nth(1).unwrap_or_default();
        for told in ["2026-07", "2026-08", "2026-09", "total", "48.00"] {
            assert!(table.contains(told), "no {told:?} in {}", range.stdout);
        }
    }

    #[test]
    fn r15_what_is_refused_in_any_month_ends_it_or_is_set_aside_once() {
        let folder = folder();
        let without = report_on(&folder, "u.csv", &["--month", "2026-Q3"]);
        assert_eq!((without.code, &*without.stdout), (3, ""), "{}", without.stderr);
        assert!(without.stderr.contains("pcc-9") && without.stderr.contains("u.csv:5"), "{}", without.stderr);
        let aside =
            report_on(&folder, "u.csv", &["--month", "2026-Q3", "--format", "csv", "--quarantine", "q.csv"]);
        assert_eq!(aside.code, 1, "{}", aside.stderr);
        assert!(aside.stderr.contains("2 records were refused"), "{}", aside.stderr);
        let quarantine = fs::read_to_string(folder.path().join("q.csv")).unwrap();
        assert_eq!(quarantine.lines().count(), 3, "{quarantine}");
        // July and September hold nothing that is refused but what cannot be read.
        for told in [
            "2026-07: refused: 1 records",
            "2026-08: refused: 2 records",
            "2026-07: outside_period: 3 records",
        ] {
            assert!(aside.stderr.contains(told), "no {told:?} in {}", aside.stderr);
        }
    }

    /// What a trail lacks of earlier hours matters to the months that hold them, and to no later one.
    #[test]
    fn r15_a_fault_of_some_months_sets_aside_their_traffic_alone() {
        let folder = folder();
        let trail = r#"[{"eventId":"E-1","eventName":"ModifyVpcPeerConnection","eventTime":"2026-08-20T00:00:00Z","acsRegion":"cn-beijing","userIdentity":{"accountId":1},"requestParameters":{"InstanceId":"pcc-1","LinkType":"Platinum"}}]"#;
        fs::write(folder.path().join("ch.csv"), trail).unwrap();
        let usage = format!("{USAGE}2026-09-06T03:00:00Z,pcc-1,requester,107374182400\n");
        fs::write(folder.path().join("more.csv"), usage).unwrap();
        let quarantined = |month: &str| {
            let outcome = report_on(
                &folder,
                "more.csv",
                &["--month", month, "--format", "csv", "--quarantine", "q.csv"],
            );
            assert_eq!(outcome.code, 1, "{}", outcome.stderr);
            outcome.stdout.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let alone = ["2026-07", "2026-08", "2026-09"].map(quarantined).concat();
        assert_eq!(quarantined("2026-Q3"), alone);
        assert!(alone.iter().any(|line| line.contains("pcc-1")), "{alone:?}");
        assert!(!alone.iter().any(|line| line.starts_with("2026-08")), "{alone:?}");
    }

    #[test]
    fn months_that_make_no_sense_are_usage_errors() {
        let folder = folder();
        for (month, why) in [
            ("2026-09..2026-07", "2026-07 is before 2026-09"),
            ("2016-01..2026-01", "121 months"),
            ("2026-Q7", "a quarter as 2026-Q3"),
        ] {
            let outcome = report_on(&folder, "good.csv", &["--month", month]);
            assert_eq!(outcome.code, 2, "{}", outcome.stderr);
            assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
        }
        for verb in ["meter", "doctor", "explain"] {
            let args = [verb, "--usage", "good.csv", "--connections", "c.csv", "--month", "2026-Q3"];
            let more =
                if verb == "explain" { &["--catalog", "china-site", "--account", "1"][..] } else { &[] };
            let outcome = run(folder.path(), &[&args[..], more].concat());
            assert_eq!(outcome.code, 2, "{verb}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("several months are for report"), "{}", outcome.stderr);
        }
    }

    #[test]
    fn a_month_that_is_not_over_has_no_gaps_behind_until() {
        let folder = folder();
        let cut = report_on(
            &folder,
            "good.csv",
            &["--month", "2026-07..2026-08", "--until", "2026-08-05T11:00:00+08:00", "--format", "json"],
        );
        assert_eq!(cut.code, 0, "{}", cut.stderr);
        let document: serde_json::Value = serde_json::from_str(&cut.stdout).unwrap();
        let (first, last) = (&document["months"][0], &document["months"][1]);
        assert_eq!(first.get("until"), None);
        assert_eq!(last["until"], "2026-08-05T03:00:00Z");
        // The record of the hour that begins then lies outside.
        assert_eq!(last["control_totals"]["records"]["billed"], "0");
        assert_eq!(last["control_totals"]["records"]["outside_period"], "3");
        let whole = report_on(&folder, "good.csv", &["--month", "2026-08", "--format", "json"]);
        let gaps = |report: &serde_json::Value| {
            report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .find(|own| own["code"] == "hours_without_records")
                .unwrap()["message"]
                .to_string()
        };
        let whole: serde_json::Value = serde_json::from_str(&whole.stdout).unwrap();
        // 107 hours of pcc-1 and of pcc-2, of 744 each.
        assert!(gaps(last).contains("214"), "{}", gaps(last));
        assert!(!gaps(&whole).contains("214"), "{}", gaps(&whole));
        let table =
            report_on(&folder, "good.csv", &["--month", "2026-08", "--until", "2026-08-06T00:00:00Z"]);
        assert!(table.stdout.contains("until"), "{}", table.stdout);
        for (until, why) in [
            ("2026-08-05T03:20:00Z", "no whole hour"),
            ("2026-07-31T16:00:00Z", "does not lie in 2026-08"),
            ("2026-08-31T17:00:00Z", "does not lie in 2026-08"),
            ("2026-08-05", "until"),
        ] {
            let outcome = report_on(&folder, "good.csv", &["--month", "2026-08", "--until", until]);
            assert_eq!(outcome.code, 2, "{}", outcome.stderr);
            assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
        }
        // The end of the month itself cuts nothing off.
        assert_eq!(
            report_on(&folder, "good.csv", &["--month", "2026-08", "--until", "2026-08-31T16:00:00Z"]).code,
            0
        );
        let meter = [
            "meter",
            "--usage",
            "good.csv",
            "--connections",
            "c.csv",
            "--month",
            "2026-08",
            "--until",
            "2026-08-05T03:00:00Z",
        ];
        assert_eq!(run(folder.path(), &meter).stdout, "hour,connection_id,sender,bytes\n");
    }
}
