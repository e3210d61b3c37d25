//! The provider's bills: the samples of `examples/bills`, golden cases of each layout in `tests/cases/bill`, and random
//! bills that are written in every layout and read back.

#[cfg(feature = "cli")]
use crate::support::program;
use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    Catalog, MeterSettings, ReportOptions, Result, Statement, TrafficSource, meter,
    model::money::Gb,
    read::{
        Document, InventorySettings,
        bill::{Bill, BillCategory, BillLine, BillReader, BillSettings, Printed},
        read_inventory,
    },
    report,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(inputs: &[(&str, &[u8])]) -> Result<Bill> {
    let mut reader = BillReader::new(&BillSettings::default());
    for (name, text) in inputs {
        reader.read(name, &mut &text[..])?;
    }
    reader.finish()
}

fn value(number: Printed) -> BigRational {
    BigRational::new(number.units().into(), BigInt::from(10).pow(number.scale()))
}

fn tolerance(number: Printed) -> BigRational {
    let (units, scale) = number.tolerance();
    BigRational::new(units.into(), BigInt::from(10).pow(scale))
}

/// What October of `examples/month` costs on the China site per account, unrounded.
fn october() -> BTreeMap<String, BigRational> {
    let read = |file: &str| fs::read(format!("{ROOT}/examples/month/{file}")).unwrap();
    let connections = [Document::new("connections.csv", read("connections.csv"))];
    let changes = [Document::new("link-changes.csv", read("link-changes.csv"))];
    let catalog = Catalog::shipped("china-site").unwrap();
    let check_region = |region: &str| catalog.check_region(region);
    let settings = InventorySettings::new(&check_region);
    let inventory = read_inventory(&connections, Some(&changes[..]), &settings).unwrap();
    let usage = TrafficSource::from_bytes("usage.csv", read("usage.csv"));
    let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse().unwrap())).unwrap();
    let report = report(&metered, &catalog, ReportOptions::default()).unwrap();
    let exact = |own: &Statement| value(Printed::parse(&own.exact.exact(Gb::Binary).text(0)[..20]).unwrap());
    report.statements.iter().map(|own| (own.billing_account_id.clone(), exact(own))).collect()
}

#[test]
fn the_samples_tell_what_october_costs() {
    // Each with how many lines it has, and whether it has lines that round.
    for (file, lines, rounds) in [
        ("new-bill.csv", 295, true),
        ("bill-details.csv", 290, false),
        ("describe-instance-bill.json", 16, false),
        ("oss-instances.csv", 16, false),
        ("focus.csv", 290, false),
    ] {
        let text = fs::read(format!("{ROOT}/examples/bills/{file}")).unwrap();
        let bill = read(&[(file, &text)]).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(bill.lines.len(), lines, "{file}");
        let (usage, rounding): (Vec<&BillLine>, Vec<&BillLine>) =
            bill.lines.iter().partition(|line| line.item.category == BillCategory::Usage);
        assert_eq!(rounding.len(), if rounds { 5 } else { 0 }, "{file}");
        assert!(usage.iter().all(|line| line.item.connection_id.is_some()), "{file}");
        let mut totals: BTreeMap<String, (BigRational, BigRational)> = BTreeMap::new();
        for line in usage {
            let zero = || BigRational::from_integer(0.into());
            let own = totals.entry(line.item.account_id.to_string()).or_insert_with(|| (zero(), zero()));
            let amount = line.list_amount.unwrap();
            own.0 += value(amount);
            own.1 += tolerance(amount);
            assert_eq!(line.net_amount.map(value), Some(value(amount)), "{file} {}", line.place);
        }
        for (account, exact) in october() {
            let (sum, within) = &totals[&account];
            let difference = if *sum > exact { sum - &exact } else { &exact - sum };
            // The report prints its own total to ten decimals.
            assert!(
                difference <= within + tolerance(Printed::parse("0.0000000000").unwrap()),
                "{file} {account}"
            );
        }
    }
}

/// October of `examples/month` against these bills: the exit code, and the classes that there are.
#[cfg(feature = "cli")]
fn reconciled(bills: &[&Path]) -> (i32, Vec<String>, String) {
    let mut args: Vec<&str> = "reconcile --usage usage.csv --month 2026-10 --format csv".split(' ').collect();
    let bills = bills.iter().flat_map(|path| ["--bill", path.to_str().unwrap()]);
    args.extend(bills);
    let run = program::run(&Path::new(ROOT).join("examples/month"), &args);
    let mut classes: Vec<String> =
        run.stdout.lines().skip(1).map(|line| line.split(',').nth(9).unwrap().to_owned()).collect();
    classes.sort();
    classes.dedup();
    (run.code, classes, run.stderr)
}

#[cfg(feature = "cli")]
#[test]
fn every_sample_agrees_with_october_in_any_packing() {
    let folder = Path::new(ROOT).join("examples/bills");
    for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        let (code, classes, said) = reconciled(&[&file]);
        assert!(code == 0 && !classes.is_empty(), "{}: {said}", file.display());
        assert!(
            classes.iter().all(|own| own == "match" || own == "rounding"),
            "{}: {classes:?}",
            file.display()
        );
    }
    let sample = folder.join("bill-details.csv");
    let text = fs::read_to_string(&sample).unwrap();
    let expected = reconciled(&[&sample]);
    let temporary = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = temporary.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let plain = text.trim_start_matches('\u{feff}');
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (head, rows) = plain.split_once('\n').unwrap();
    let halves = rows.split_inclusive('\n').collect::<Vec<_>>();
    let half = |rows: &[&str]| format!("{head}\n{}", rows.concat()).into_bytes();
    let (first, second) = halves.split_at(100);
    let gzip = {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    for bills in [
        vec![write("tabs.txt", plain.replace(',', "\t").as_bytes())],
        vec![write("utf16.csv", &utf16)],
        vec![write("a.gz", &gzip)],
        vec![write("2.csv", &half(second)), write("1.csv", &half(first)), write("empty.csv", b"")],
    ] {
        let bills: Vec<&Path> = bills.iter().map(std::path::PathBuf::as_path).collect();
        let (code, classes, said) = reconciled(&bills);
        assert_eq!((code, &classes), (expected.0, &expected.1), "{bills:?}: {said}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn a_bill_that_is_given_as_traffic_is_told_apart() {
    for file in ["new-bill.csv", "bill-details.csv", "oss-instances.csv"] {
        let bill = format!("../bills/{file}");
        let month = Path::new(ROOT).join("examples/month");
        let run = program::run(&month, &["report", "--month", "2026-10", "--usage", &bill]);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("holds a bill of the provider;"), "{}", run.stderr);
        assert!(run.stderr.contains("give it to peerbill reconcile as --bill"), "{}", run.stderr);
    }
}

/// All that is read of a line, in words.
fn told(line: &BillLine) -> String {
    let item = &line.item;
    let mut text = format!("{} {}", line.place, item.account_id);
    text.push_str(if item.is_payer { " (payer)" } else { "" });
    let month = line.billing_month.map_or_else(|| "-".into(), |month| month.to_string());
    let connection = item.connection_id.as_deref().unwrap_or("-");
    write!(text, " {} in {month}, {connection} {}", line.period, item.category.as_str()).unwrap();
    for (name, told) in [("item", &item.item_code), ("region", &item.region), ("currency", &item.currency)] {
        text.push_str(&told.as_ref().map_or_else(String::new, |told| format!(" {name} {told}")));
    }
    let unit = item.usage_unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    for (name, number, unit) in [
        ("usage", line.usage, &*unit),
        ("price", item.list_price, ""),
        ("list", line.list_amount, ""),
        ("net", line.net_amount, ""),
    ] {
        text.push_str(&number.map_or_else(String::new, |number| format!(", {name} {number:?}{unit}")));
    }
    text.trim_end().to_owned()
}

#[test]
fn golden_bills_are_read_as_expected() {
    let update = std::env::var_os("PEERBILL_UPDATE_GOLDEN").is_some();
    let folder = Path::new(ROOT).join("tests/cases/bill");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 7);
    let mut differences = Vec::new();
    for case in cases {
        assert!(case.join("why.md").exists(), "{}: why?", case.display());
        let mut inputs: Vec<_> = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.retain(|path| path.extension().is_some_and(|own| own == "csv" || own == "json"));
        inputs.sort();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let inputs: Vec<(String, Vec<u8>)> =
            inputs.iter().map(|path| (name(path), fs::read(path).unwrap())).collect();
        let inputs: Vec<(&str, &[u8])> = inputs.iter().map(|(name, text)| (&**name, &**text)).collect();
        let actual = match read(&inputs) {
            Ok(bill) => {
                let layouts = bill.inputs.iter().map(|own| {
                    let layout = own.layout.unwrap_or("empty");
                    format!("{}: {layout}, {} lines, net is {}", own.name, own.lines, own.net)
                });
                let lines = bill.lines.iter().map(told);
                let notes = bill.notes().into_iter().map(|note| note.to_string());
                layouts.chain(lines).chain(notes).collect::<Vec<String>>().join("\n") + "\n"
            }
            Err(error) => format!("{error}\n"),
        };
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        if actual != expected {
            differences.push(format!("{}\nexpected\n{expected}\ncame out\n{actual}", case.display()));
            if update {
                fs::write(case.join("expected.txt"), actual).unwrap();
            }
        }
    }
    assert!(!update, "expected files were rewritten: read `git diff`");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A line as it is, before any layout.
#[derive(Debug, Clone)]
struct Fact {
    payer: u64,
    owner: u64,
    day: u32,
    hour: u32,
    connection: Option<String>,
    kind: usize,
    /// As a number of 10^-6.
    usage: u64,
    /// As numbers of 10^-10.
    list: i64,
    discount: i64,
    coupon: i64,
    currency: &'static str,
    product: &'static str,
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let account = 1_000_000_000_000_001u64..1_000_000_000_000_004;
    let amount = -1_000_000_000_000_000i64..1_000_000_000_000_000;
    let fact = (
        (account.clone(), account, 1..=31u32, 0..24u32),
        option::of("pcc-[a-z0-9]{1,12}"),
        0..KINDS.len(),
        0..2_000_000_000_000u64,
        (amount, 0..10_000_000_000i64, 0..10_000_000_000i64),
        (select(&["CNY", "USD"][..]), select(&["cdt", "cdt", "ecs"][..])),
    );
    let fact = fact.prop_map(
        |(
            (payer, owner, day, hour),
            connection,
            kind,
            usage,
            (list, discount, coupon),
            (currency, product),
        )| {
            Fact {
                payer,
                owner,
                day,
                hour,
                connection,
                kind,
                usage,
                list,
                discount,
                coupon,
                currency,
                product,
            }
        },
    );
    vec(fact, 1..30)
}

/// Types of lines in Chinese, in the words of the API and of FOCUS, with what they are.
const KINDS: [(&str, &str, &str, BillCategory); 4] = [
    ("云资源按量费用", "PayAsYouGoBill", "Usage", BillCategory::Usage),
    ("抹零调整", "Rounding", "rounding", BillCategory::Rounding),
    ("退款", "Refund", "Refund", BillCategory::Refund),
    ("调账", "Adjustment", "Adjustment", BillCategory::Adjustment),
];

/// How a table is written.
#[derive(Debug, Clone)]
struct Style {
    separator: char,
    mark: bool,
    line_end: &'static str,
    /// Around account ids.
    around: (&'static str, &'static str),
    quoted: bool,
    blank_rows: bool,
    /// By how much the columns are turned.
    turned: usize,
}

fn styles() -> impl Strategy<Value = Style> {
    let around = select(&[("", ""), ("\t", "\t"), ("'", ""), ("=\"", "\""), (" ", "\u{a0}")][..]);
    let shape = (select(&[',', ';', '\t'][..]), any::<bool>(), select(&["\n", "\r\n"][..]), around);
    (shape, any::<bool>(), any::<bool>(), 0..40usize).prop_map(
        |((separator, mark, line_end, around), quoted, blank_rows, turned)| {
            // Tabs around an id are none of what separates columns, where they are quoted.
            let quoted = quoted || separator == '\t' || around.0.contains('=');
            Style { separator, mark, line_end, around, quoted, blank_rows, turned }
        },
    )
}

fn table(style: &Style, header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut text = String::from(if style.mark { "\u{feff}" } else { "" });
    let cell = |cell: &str, always: bool| {
        let special = cell.contains(['"', ',', ';', '\t', '\n']);
        if always || special { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    };
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let mut cells: Vec<String> = cells.collect();
        let turned = style.turned % cells.len();
        cells.rotate_left(turned);
        text.push_str(&cells.join(&style.separator.to_string()));
        text.push_str(style.line_end);
        if style.blank_rows {
            text.push_str(&style.separator.to_string().repeat(cells.len() - 1));
            text.push_str(style.line_end);
        }
    };
    let further = "[{\"name\": \"a\",\n \"value\": 1}]";
    line(&mut header.iter().chain(&["further"]).map(|name| cell(name, style.quoted)));
    for row in rows {
        line(&mut row.iter().map(String::as_str).chain([further]).map(|own| cell(own, style.quoted)));
    }
    text.into_bytes()
}

fn decimal(units: i64, decimals: u32) -> String {
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let unit = 10u64.pow(decimals);
    format!("{sign}{}.{:0width$}", size / unit, size % unit, width = decimals as usize)
}

impl Fact {
    fn account(&self, id: u64, style: &Style) -> String {
        format!("{}{id}{}", style.around.0, style.around.1)
    }

    fn instance(&self) -> String {
        self.connection.as_ref().map_or_else(|| "a;b".into(), |id| format!(";{id};cn-huhehaote;x"))
    }

    /// In each layout: a document, and whether its lines tell hours, usage and the discount, and coupons of their own.
    fn documents(facts: &[Self], style: &Style) -> [(Vec<u8>, bool); 5] {
        let rows = |row: &dyn Fn(&Fact) -> Vec<String>| facts.iter().map(row).collect::<Vec<_>>();
        let list = |own: &Fact| decimal(own.list, 10);
        let net = |own: &Fact| decimal(own.list - own.discount, 10);
        let payable = |own: &Fact| decimal(own.list - own.discount - own.coupon, 10);
        let coupon = |own: &Fact| decimal(own.coupon, 10);
        let usage = |own: &Fact| decimal(own.usage as i64, 6);
        let new = rows(&|own| {
            vec![
                own.account(own.payer, style),
                own.account(own.owner, style),
                "202610".into(),
                format!("202610{:02}", own.day),
                KINDS[own.kind].0.into(),
                own.product.into(),
                own.instance(),
                usage(own),
                "GB".into(),
                own.currency.into(),
                list(own),
                net(own),
            ]
        });
        let details = rows(&|own| {
            vec![
                own.account(own.payer, style),
                own.account(own.owner, style),
                "202610".into(),
                format!("2026-10-{:02}", own.day),
                KINDS[own.kind].0.into(),
                own.product.into(),
                own.instance(),
                usage(own),
                "GB".into(),
                list(own),
                coupon(own),
                payable(own),
                own.currency.into(),
            ]
        });
        let detail = rows(&|own| {
            vec![
                "2026-10".into(),
                own.account(own.payer, style),
                own.account(own.owner, style),
                own.product.into(),
                format!("2026-10-{:02} {:02}:00:00", own.day, own.hour),
                format!("2026-10-{:02} {:02}:59:59", own.day, own.hour),
                KINDS[own.kind].0.into(),
                own.instance(),
                usage(own),
                "GB".into(),
                list(own),
                coupon(own),
                payable(own),
                own.currency.into(),
            ]
        });
        let focus = rows(&|own| {
            let start = format!("2026-10-{:02}T{:02}:00:00+08:00", own.day, own.hour);
            let end = match own.hour {
                23 if own.day == 31 => "2026-11-01T00:00:00+08:00".into(),
                23 => format!("2026-10-{:02}T00:00:00+08:00", own.day + 1),
                hour => format!("2026-10-{:02}T{:02}:00:00+08:00", own.day, hour + 1),
            };
            vec![
                own.account(own.payer, style),
                own.account(own.owner, style),
                start,
                end,
                KINDS[own.kind].2.into(),
                own.product.into(),
                own.instance(),
                usage(own),
                "GB".into(),
                list(own),
                net(own),
                own.currency.into(),
            ]
        });
        [
            (table(style, &NEW, &new), false),
            (table(style, &DETAILS, &details), false),
            (table(style, &DETAIL, &detail), true),
            (table(style, &FOCUS, &focus), true),
            (answers(facts), false),
        ]
    }
}

const NEW: [&str; 12] = [
    "身份信息/资源购买账号ID",
    "身份信息/资源归属账号ID",
    "账单信息/账单月份",
    "账单信息/账单日期",
    "账单信息/费用类型",
    "产品信息/产品Code",
    "资源信息/实例ID（出账粒度）",
    "用量信息/用量",
    "用量信息/用量单位",
    "定价信息/定价币种",
    "费用信息/目录总价",
    "优惠信息/优惠后金额",
];
const DETAILS: [&str; 13] = [
    "资源购买账号ID",
    "资源归属账号ID",
    "账单月份",
    "账单日期",
    "费用类型",
    "产品Code",
    "资产/资源实例ID",
    "用量",
    "用量单位",
    "目录总价",
    "优惠券抵扣金额",
    "应付金额",
    "定价币种",
];
const DETAIL: [&str; 14] = [
    "账期",
    "账号ID",
    "Owner账号ID",
    "产品Code",
    "账单开始时间",
    "账单结束时间",
    "账单类型",
    "实例ID",
    "用量",
    "用量单位",
    "官网价",
    "优惠券抵扣",
    "应付金额",
    "币种",
];
const FOCUS: [&str; 12] = [
    "BillingAccountId",
    "SubAccountId",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "x_CommodityCode",
    "x_InstanceID",
    "PricingQuantity",
    "PricingUnit",
    "ListCost",
    "BilledCost",
    "BillingCurrency",
];

/// Pages of three items of `QueryInstanceBill`, whose numbers are text: what is exact in all other layouts is so here.
fn answers(facts: &[Fact]) -> Vec<u8> {
    let mut text = String::new();
    for (number, page) in facts.chunks(3).enumerate() {
        let items: Vec<serde_json::Value> = page
            .iter()
            .map(|own| {
                serde_json::json!({
                    "OwnerID": own.owner, "BillingDate": format!("2026-10-{:02}", 1), "Item": KINDS[own.kind].1,
                    "ProductCode": own.product, "InstanceID": own.instance(), "Usage": decimal(own.usage as i64, 6),
                    "UsageUnit": "GB", "Currency": own.currency, "PretaxGrossAmount": decimal(own.list, 10),
                    "DeductedByCoupons": decimal(own.coupon, 10),
                    "PretaxAmount": decimal(own.list - own.discount - own.coupon, 10),
                })
            })
            .collect();
        let answer = serde_json::json!({
            "RequestId": format!("R-{number}"), "Success": true, "Code": "Success",
            "Data": {"BillingCycle": "2026-10", "AccountID": facts[0].payer, "PageNum": number + 1,
                "TotalCount": facts.len(), "Items": {"Item": items}},
        });
        text.push_str(&serde_json::to_string(&answer).unwrap());
        text.push('\n');
    }
    text.into_bytes()
}

/// What should be read of a fact, and what was.
fn of_fact(own: &Fact, tells_hours: bool, is_json: bool) -> [String; 5] {
    let start = format!("2026-10-{:02}", if is_json { 1 } else { own.day });
    let at = format!("{start}T{:02}:00:00+08:00", own.hour);
    let hour = peerbill::model::time::Timestamp::parse(&at).unwrap().hour();
    let exact = |units: i64, decimals: u32| {
        BigRational::new(units.into(), BigInt::from(10).pow(decimals)).to_string()
    };
    [
        own.owner.to_string(),
        if tells_hours { hour.to_string() } else { start },
        format!("{:?} {:?} {}", own.connection, KINDS[own.kind].3, own.currency),
        exact(own.usage as i64, 6),
        format!("{} {}", exact(own.list, 10), exact(own.list - own.discount, 10)),
    ]
}

fn of_line(line: &BillLine) -> [String; 5] {
    let item = &line.item;
    let amounts = [line.list_amount, line.net_amount].map(|own| value(own.unwrap()).to_string());
    [
        item.account_id.to_string(),
        line.period.to_string(),
        format!(
            "{:?} {:?} {}",
            item.connection_id.as_ref().map(ToString::to_string),
            item.category,
            item.currency.as_deref().unwrap_or_default()
        ),
        value(line.usage.unwrap()).to_string(),
        amounts.join(" "),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_in_any_layout_is_read_back(facts in facts(), style in styles()) {
        for (layout, (text, tells_hours)) in Fact::documents(&facts, &style).into_iter().enumerate() {
            let bill = read(&[("bill", &text)]);
            let bill = bill.map_err(|error| TestCaseError::fail(format!("{layout}: {error}\n{}", String::from_utf8_lossy(&text))))?;
            let wanted = facts.iter().filter(|own| own.product == "cdt");
            let expected: Vec<_> = wanted.map(|own| of_fact(own, tells_hours, layout == 4)).collect();
            let actual: Vec<_> = bill.lines.iter().map(of_line).collect();
            prop_assert_eq!(actual, expected, "layout {}", layout);
            let others = facts.iter().filter(|own| own.product != "cdt").count() as u64;
            prop_assert_eq!(bill.others.values().map(|own| own.lines).sum::<u64>(), others);
        }
    }

    /// Whatever stands in an input, it is read or refused, and what is cut off is seen or costs whole lines alone.
    #[test]
    fn no_bytes_are_too_much(facts in facts(), style in styles(), cut in 0..10_000usize, put in vec(any::<u8>(), 0..4)) {
        for (text, _) in Fact::documents(&facts, &style) {
            let at = cut % text.len();
            let broken = [&text[..at], &put, &text[at..]].concat();
            let _ = read(&[("bill", &broken)]);
            let _ = read(&[("bill", &text[..at]), ("more", &text[at..])]);
        }
    }
}
