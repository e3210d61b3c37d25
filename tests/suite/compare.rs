//! Comparisons of two reports: against an oracle that takes the formula literally, in fractions of another library, and
//! what is refused.

use crate::support::{
    months,
    oracle::Month,
    sites::{Site, config, sites, texts},
};
use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    ErrorKind, Money,
    catalog::{Catalog, CatalogSource},
    compare::{Comparison, Effects, compare},
    model::time::BillingMonth,
    read::{Document, read_reported, reported_months},
    report::report,
    write,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The report of a month as JSON.
fn json(site: &Site, month: &Month, hourly: bool, catalog: &Catalog) -> String {
    let [usage, connections, changes] = texts(month);
    let (metered, options) = site.meter_from(month, hourly, &[usage], &connections, &changes);
    let report = report(&metered, catalog, options).expect("a report");
    let mut text = Vec::new();
    write::json::write(&report, &[], &mut text).expect("it is written");
    String::from_utf8(text).expect("it is text")
}

fn compared(before: &str, after: &str) -> peerbill::Result<Comparison> {
    let [before, after] = [("a.json", before), ("b.json", after)]
        .map(|(name, text)| read_reported(&Document::new(name, text), None));
    compare(&before?, &after?)
}

fn rational(text: &str) -> BigRational {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    BigRational::new(digits, BigInt::from(10).pow(fraction.len() as u32))
}

fn zero() -> BigRational {
    rational("0")
}

/// Half to even at 10 decimals, as a number of 10^-10.
fn printed(exact: &BigRational) -> BigInt {
    let scaled = exact * rational("10000000000");
    let (floor, half) = (scaled.floor().to_integer(), rational("0.5"));
    let rest = &scaled - BigRational::from(floor.clone());
    let up = rest > half || (rest == half && floor.bit(0));
    floor + i32::from(up)
}

/// Bytes, cost and lowest price of a byte, by link type.
type Types = BTreeMap<String, (BigRational, BigRational, BigRational)>;
/// Those of an account, connection and sender, by these.
type Ends = BTreeMap<(String, String, String), Types>;

/// What stands on the lines of a report, and what accounts pay.
fn ends(report: &Value) -> (Ends, BTreeMap<String, BigRational>) {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let gb = rational(&text(&report["catalog"]["gb_bytes"]));
    let (mut ends, mut payables) = (Ends::new(), BTreeMap::new());
    for account in report["accounts"].as_array().unwrap() {
        payables.insert(text(&account["billing_account_id"]), rational(&text(&account["payable"])));
        for line in account["lines"].as_array().unwrap() {
            let key = ["billing_account_id", "connection_id", "sender"].map(|name| text(&line[name]));
            let price = rational(&text(&line["contracted_unit_price"])) / &gb;
            let bytes = rational(&text(&line["consumed_bytes"]));
            let types = ends.entry(key.into()).or_default();
            let own = types.entry(text(&line["link_type"])).or_insert((zero(), zero(), price.clone()));
            own.1 += &bytes * &price;
            own.0 += bytes;
            own.2 = price.min(own.2.clone());
        }
    }
    (ends, payables)
}

/// The formula, for one account, connection and sender: volume, link type, price, new, ended; and which of them apply.
fn effects(before: &Types, after: &Types) -> ([BigRational; 5], [bool; 5]) {
    let sum = |types: &Types, pick: fn(&(BigRational, BigRational, BigRational)) -> &BigRational| {
        types.values().map(pick).sum::<BigRational>()
    };
    let (a, b) = (sum(before, |own| &own.0), sum(after, |own| &own.0));
    let (cost_a, cost_b) = (sum(before, |own| &own.1), sum(after, |own| &own.1));
    let price = |(bytes, cost, price): &(BigRational, BigRational, BigRational)| {
        if *bytes == zero() { price.clone() } else { cost / bytes }
    };
    match (a == zero(), b == zero()) {
        (true, true) => (std::array::from_fn(|_| zero()), [false; 5]),
        (true, false) => ([zero(), zero(), zero(), cost_b, zero()], [false, false, false, true, false]),
        (false, true) => ([zero(), zero(), zero(), zero(), -cost_a], [false, false, false, false, true]),
        (false, false) => {
            let volume = (&b - &a) * &cost_a / &a;
            let at_types: BigRational = after
                .iter()
                .map(|(link_type, own)| &own.0 * price(before.get(link_type).unwrap_or(own)))
                .sum();
            let link_type = at_types - &b * &cost_a / &a;
            let rest = &cost_b - &cost_a - &volume - &link_type;
            ([volume, link_type, rest, zero(), zero()], [true, true, true, false, false])
        }
    }
}

/// What the rows of a comparison must be, in units of 10^-10: before, after, difference and effects.
type Row = (String, String, Vec<BigInt>);

fn expected(before: &Value, after: &Value) -> Vec<Row> {
    let ((ends_a, pay_a), (ends_b, pay_b)) = (ends(before), ends(after));
    let accounts: BTreeSet<&String> = pay_a.keys().chain(pay_b.keys()).collect();
    let mut rows = Vec::new();
    for account in accounts {
        let keys: BTreeSet<_> = ends_a.keys().chain(ends_b.keys()).filter(|key| key.0 == **account).collect();
        let connections: BTreeSet<&String> = keys.iter().map(|key| &key.1).collect();
        let mut rest = [&pay_a, &pay_b].map(|pay| printed(pay.get(account).unwrap_or(&zero())));
        for connection in connections {
            let nothing = Types::new();
            let (mut sums, mut applies) = (std::array::from_fn::<_, 5, _>(|_| zero()), [false; 5]);
            let mut costs = [zero(), zero()];
            for key in keys.iter().filter(|key| key.1 == *connection) {
                let sides = [&ends_a, &ends_b].map(|ends| ends.get(*key).unwrap_or(&nothing));
                let (own, own_applies) = effects(sides[0], sides[1]);
                for at in 0..5 {
                    sums[at] += &own[at];
                    applies[at] |= own_applies[at];
                }
                for (cost, side) in costs.iter_mut().zip(sides) {
                    *cost += side.values().map(|own| &own.1).sum::<BigRational>();
                }
            }
            let [a, b] = costs.map(|cost| printed(&cost));
            let difference = &b - &a;
            let mut shown: Vec<BigInt> = sums.iter().map(printed).collect();
            if let Some(last) = applies.iter().rposition(|own| *own) {
                let others: BigInt = (0..5).filter(|at| *at != last).map(|at| shown[at].clone()).sum();
                shown[last] = &difference - others;
            }
            rest = [&rest[0] - &a, &rest[1] - &b];
            rows.push((account.clone(), connection.clone(), [vec![a, b, difference], shown].concat()));
        }
        let [a, b] = rest;
        let difference = &b - &a;
        rows.push((account.clone(), "rounding".into(), vec![a, b, difference]));
    }
    rows
}

fn rows(comparison: &Comparison) -> Vec<Row> {
    let row = |row: &peerbill::compare::ComparedRow| {
        let mut amounts = vec![row.cost_before, row.cost_after, row.difference];
        amounts.extend(row.effects.iter().flat_map(Effects::all));
        let connection = row.connection_id.clone().unwrap_or_else(|| "rounding".into());
        let amounts = amounts.iter().map(|amount| amount.units().into()).collect();
        (row.billing_account_id.clone(), connection, amounts)
    };
    comparison.rows.iter().map(row).collect()
}

/// The catalog that was made up, with the other GB and other prices.
fn other_catalog() -> Catalog {
    let settings = months::MADE_UP_SETTINGS;
    let other = match settings.contains("\"decimal\"") {
        true => settings.replace("\"decimal\"", "\"binary\""),
        false => settings.replace("\"binary\"", "\"decimal\""),
    };
    assert_ne!(settings, other);
    Catalog::read(&CatalogSource {
        settings: Document::new("catalog.toml", other),
        prices: Document::new("prices.csv", months::MADE_UP_PRICES.replace(",0.", ",1.")),
        regions: Some(Document::new("regions.csv", months::MADE_UP_REGIONS)),
    })
    .expect("it can be read")
}

#[test]
fn an_independent_oracle_agrees_on_every_row_in_both_directions() {
    for site in sites() {
        let other = if site.catalog.name == "china-site" { site.catalog.clone() } else { other_catalog() };
        let drawn = (months::month(&site.world), months::month(&site.world), any::<[bool; 4]>());
        let checked =
            TestRunner::new(config(50, 500)).run(&drawn, |(before, mut after, [keep, a, b, new])| {
                after.offset = before.offset;
                if keep {
                    after.connections = before.connections.clone();
                }
                let (json_a, json_b) = (
                    json(&site, &before, a, &site.catalog),
                    json(&site, &after, b, if new { &other } else { &site.catalog }),
                );
                let values: [Value; 2] = [&json_a, &json_b].map(|text| serde_json::from_str(text).unwrap());
                for [(text, value), (other_text, other_value)] in [
                    [(&json_a, &values[0]), (&json_b, &values[1])],
                    [(&json_b, &values[1]), (&json_a, &values[0])],
                ] {
                    let comparison = compared(text, other_text).expect("they can be compared");
                    prop_assert_eq!(rows(&comparison), expected(value, other_value));
                    for row in &comparison.rows {
                        let effects = row.effects.iter().flat_map(Effects::all).map(Money::units);
                        prop_assert!(
                            row.effects.is_none() || effects.sum::<i128>() == row.difference.units()
                        );
                    }
                    let totals = comparison.totals().expect("they add up");
                    let payable = |value: &Value| printed(&rational(value["payable"].as_str().unwrap()));
                    prop_assert_eq!(BigInt::from(totals.cost_before.units()), payable(value));
                    prop_assert_eq!(BigInt::from(totals.cost_after.units()), payable(other_value));
                    let effects: i128 = totals.effects.all().iter().map(|own| own.units()).sum();
                    prop_assert_eq!(effects + totals.rounding.units(), totals.difference.units());
                }
                Ok(())
            });
        checked.unwrap_or_else(|failure| panic!("{}: {failure}", site.catalog.name));
    }
}

/// A small month: two ends of a connection, and one that is free.
fn small(usage: &str, options: impl FnOnce(&mut peerbill::ReportOptions)) -> String {
    let inventory = peerbill::inventory(
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
         pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n\
         pcc-2,1000000000000001,cn-huhehaote,1000000000000001,cn-huhehaote,\n",
        None,
    )
    .unwrap();
    let usage = format!("timestamp,connection_id,sender,bytes\n{usage}");
    let usage = peerbill::TrafficSource::from_bytes("usage.csv", usage);
    let settings = peerbill::MeterSettings::new("2026-10".parse().unwrap());
    let metered = peerbill::meter(&[usage], inventory, &settings).unwrap();
    let mut own = peerbill::ReportOptions::default();
    options(&mut own);
    let report = report(&metered, &Catalog::shipped("china-site").unwrap(), own).unwrap();
    let mut text = Vec::new();
    write::json::write(&report, &[], &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

const USAGE: &str = "2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n\
                     2026-10-05T04:00:00Z,pcc-1,accepter,107374182401\n\
                     2026-10-05T04:00:00Z,pcc-2,requester,5\n";

#[test]
fn documents_that_are_no_whole_report_are_refused() {
    let whole = small(USAGE, |_| {});
    let refused = |text: &str| {
        let error = compared(&whole, text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert_eq!(error.input(), Some("b.json"), "{error}");
        error.to_string()
    };
    let by = |names: &[&str]| peerbill::report::Grouping::parse(names.iter().copied()).ok();
    for (text, why) in [
        (small(USAGE, |own| own.account = Some("1000000000000001".into())), "of one account"),
        (small(USAGE, |own| own.by = by(&["day"])), "of grouped lines"),
        // Each group is one line here: nothing else tells that lines are grouped.
        (small(USAGE, |own| own.by = by(&["billing_account_id", "connection_id"])), "of grouped lines"),
        ("[]".into(), "that is one object"),
        ("{}".into(), "it has no billing_month"),
        ("{\"months\":[]}".into(), "holds no month"),
        ("{\"months\":[{}]}".into(), "it has no billing_month"),
        (whole.clone() + "x", "trailing characters"),
        ("hour,connection_id,sender,bytes\n".into(), "that is one object"),
        (whole.replacen("\"accounts\"", "\"account\"", 1), "unknown field `account`"),
        (whole.replacen("\"payable\": \"", "\"payable\": \"0", 1), "is not how"),
        (
            whole.replacen("\"consumed_bytes\": \"214748364800\"", "\"consumed_bytes\": 214748364800", 1),
            "b.json:",
        ),
        (whole.replace("\"link_type\": \"Gold\",", ""), "missing field `link_type`"),
        (whole.replacen("\"currency\": \"CNY\"", "\"currency\": \"USD\"", 1), "currency"),
    ] {
        assert_ne!(text, whole, "{why}");
        let error = refused(&text);
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[test]
fn figures_that_do_not_add_up_are_refused_one_by_one() {
    let whole = small(USAGE, |_| {});
    let value: Value = serde_json::from_str(&whole).unwrap();
    let paths = [
        "/payable",
        "/billing_period_start",
        "/billing_period_end",
        "/catalog/gb_bytes",
        "/accounts/0/subtotal",
        "/accounts/0/adjustment",
        "/accounts/0/payable",
        "/accounts/0/lines/0/consumed_bytes",
        "/accounts/0/lines/0/pricing_quantity",
        "/accounts/0/lines/0/contracted_unit_price",
        "/accounts/0/lines/0/billed_cost",
        "/accounts/0/lines/0/billing_account_id",
        "/accounts/0/lines/0/billing_month",
        "/accounts/0/lines/0/billing_currency",
        "/accounts/0/lines/0/charge_category",
        "/accounts/0/lines/0/link_type",
        "/accounts/0/lines/1/consumed_bytes",
        "/control_totals/records/read",
        "/control_totals/bytes/read",
        "/control_totals/bytes/free",
        "/control_totals/bytes/billed",
    ];
    for path in paths {
        let mut changed = value.clone();
        let own = changed.pointer_mut(path).unwrap();
        let other = match own.as_str().unwrap() {
            "Gold" => "Platinum-".to_owned(),
            text if text.ends_with(|last: char| last.is_ascii_digit()) => {
                let last = text.as_bytes()[text.len() - 1];
                format!("{}{}", &text[..text.len() - 1], if last == b'1' { '2' } else { '1' })
            }
            text => format!("{text}x"),
        };
        *own = other.into();
        let error = compared(&whole, &changed.to_string()).expect_err(path);
        assert_eq!(error.kind(), ErrorKind::Input, "{path}: {error}");
        // A wrong price or link type shows in what follows from it.
        let told = error.to_string();
        let part = path.trim_start_matches('/').split('/').next().unwrap();
        assert!(told.contains(part) || told.contains("control_totals"), "{path}: {told}");
    }
}

#[test]
fn every_member_that_the_schema_of_reports_knows_is_known() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    let whole: Value = serde_json::from_str(&small(USAGE, |_| {})).unwrap();
    for (part, definition) in [
        ("", "/$defs/report/properties"),
        ("/accounts/0", "/$defs/account/properties"),
        ("/accounts/0/lines/0", "/$defs/line/properties"),
        ("/catalog", "/$defs/catalog/properties"),
        ("/catalog/rounding", "/$defs/catalog/properties/rounding/properties"),
        ("/control_totals", "/$defs/report/properties/control_totals/properties"),
        ("/control_totals/bytes", "/$defs/counts/properties"),
    ] {
        let known = schema.pointer(definition).and_then(Value::as_object).unwrap();
        for name in known.keys().map(String::as_str).chain(["unheard-of"]) {
            let mut with = whole.clone();
            let object = with.pointer_mut(part).and_then(Value::as_object_mut).unwrap();
            object.entry(name).or_insert("x".into());
            let told = read_reported(&Document::new("a.json", with.to_string()), None)
                .map_or_else(|error| error.to_string(), |_| String::new());
            assert_eq!(told.contains("unknown field"), name == "unheard-of", "{part}/{name}: {told}");
        }
    }
}

#[test]
fn other_currencies_and_offsets_are_not_compared() {
    let whole = small(USAGE, |_| {});
    let dollars = whole.replace("\"CNY\"", "\"USD\"");
    let error = compared(&whole, &dollars).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert_eq!(error.to_string(), "b.json: is in USD, and a.json CNY: such amounts are not compared");
    let utc = whole
        .replace("+08:00", "+00:00")
        .replace("2026-09-30T16:00:00Z", "2026-10-01T00:00:00Z")
        .replace("2026-10-31T16:00:00Z", "2026-11-01T00:00:00Z");
    let error = compared(&whole, &utc).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("of months at +00:00, and a.json +08:00"), "{error}");
}

#[test]
fn of_several_months_one_is_named() {
    let (whole, later) = (small(USAGE, |_| {}), small(USAGE, |_| {}));
    let later = later
        .replace("2026-10\"", "2026-11\"")
        .replace("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
        .replace("2026-09-30T16:00:00Z", "2026-10-31T16:00:00Z");
    let document = Document::new("q.json", format!("{{\"months\":[\n{whole},\n{later}]}}"));
    let months: Vec<BillingMonth> = ["2026-10", "2026-11"].map(|month| month.parse().unwrap()).into();
    assert_eq!(reported_months(&document).unwrap(), months);
    assert_eq!(read_reported(&document, Some(months[1])).unwrap().month, months[1]);
    let asked = |month| read_reported(&document, month).unwrap_err();
    assert_eq!(asked(None).kind(), ErrorKind::Usage);
    assert_eq!(
        asked(None).to_string(),
        "month must tell which: q.json holds several months: 2026-10, 2026-11"
    );
    assert_eq!(asked("2026-09".parse().ok()).to_string(), "month 2026-09: q.json holds 2026-10, 2026-11");
    let one = Document::new("o.json", format!("{{\"months\":[{later}]}}"));
    assert_eq!(read_reported(&one, None).unwrap().month, months[1]);
    // A fault in the second month is told by its line and path in the whole document.
    let broken = format!("{{\"months\":[\n{whole},\n{}]}}", later.replacen("\"96.00\"", "\"96.01\"", 1));
    let error = read_reported(&Document::new("q.json", broken), Some(months[1])).unwrap_err();
    assert!(error.to_string().starts_with("q.json: months[1].accounts[0]."), "{error}");
}

/// Every folder of `tests/cases/compare` is two runs of `report`, before and after, and one of `compare`.
#[cfg(feature = "cli")]
mod cases {
    use crate::support::program;
    use std::{fs, path::Path};

    const INPUTS: [(&str, &str); 6] = [
        ("--usage", "usage.csv"),
        ("--connections", "connections.csv"),
        ("--link-changes", "link-changes.csv"),
        ("--catalog", "catalog"),
        ("--contract", "contract.csv"),
        ("--accounts", "accounts.csv"),
    ];

    /// The report of one side of a case, whose files stand in its folder, or in that of the case for both sides.
    fn report(case: &Path, side: &str, output: &Path) {
        let folder = case.join(side);
        let mut args = vec!["report".to_owned()];
        for (flag, file) in INPUTS {
            if let Some(path) = [folder.join(file), case.join(file)].into_iter().find(|path| path.exists()) {
                args.extend([flag.to_owned(), path.display().to_string()]);
            }
        }
        let own = fs::read_to_string(folder.join("args")).expect("the arguments of the side");
        args.extend(own.split_whitespace().map(String::from));
        args.extend(["--output".to_owned(), output.display().to_string()]);
        let outcome = program::run(case, &args);
        assert_eq!(outcome.code, 0, "{}: {}", folder.display(), outcome.stderr);
    }

    #[test]
    fn every_golden_case_comes_out_as_expected() {
        let update = std::env::var_os("PEERBILL_UPDATE_GOLDEN").is_some();
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/compare");
        let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        assert!(folders.len() >= 5);
        for case in folders {
            let why = fs::read_to_string(case.join("why.md")).expect("why");
            assert!(why.contains('R'), "{} names no rule", case.display());
            let temporary = tempfile::tempdir().unwrap();
            for side in ["before", "after"] {
                report(&case, side, &temporary.path().join(format!("{side}.json")));
            }
            let args = ["compare", "before.json", "after.json", "--format", "csv"];
            let outcome = program::run(temporary.path(), &args);
            let code = fs::read_to_string(case.join("exit")).unwrap_or_else(|_| "0\n".into());
            assert_eq!(format!("{}\n", outcome.code), code, "{}: {}", case.display(), outcome.stderr);
            for (file, actual) in [("expected.csv", outcome.stdout), ("expected.stderr", outcome.stderr)] {
                if update {
                    fs::write(case.join(file), &actual).unwrap();
                }
                let expected = fs::read_to_string(case.join(file)).unwrap_or_default();
                assert_eq!(actual, expected, "{}", case.join(file).display());
            }
        }
        assert!(!update, "expected files were rewritten: read `git diff`");
    }
}
