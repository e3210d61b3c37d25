//! Bills made of random months in each layout, with faults of known class and amount: exactly those are found, and the
//! differences of the rows are those of the totals. Amounts are worked out once more, in fractions of another library.

use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    Catalog, MeterSettings, ReportOptions, TrafficSource, inventory, meter,
    read::{
        Document,
        bill::{Bill, BillReader, BillSettings},
        read_reported,
    },
    reconcile::{BillChoice, BillSide, Class, OurSide, Reconciled, reconcile},
    report,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const MONTH: &str = "2026-10";
/// Id, accounts, regions, link type, prices at Gold and Platinum.
type Connection = (&'static str, [&'static str; 2], [&'static str; 2], &'static str, [&'static str; 2]);

/// The connections of the tests.
const CONNECTIONS: [Connection; 4] = [
    (
        "pcc-a",
        ["1000000000000001", "1000000000000002"],
        ["cn-huhehaote", "cn-guangzhou"],
        "Gold",
        ["0.48", "0.72"],
    ),
    (
        "pcc-b",
        ["1000000000000001", "1000000000000001"],
        ["cn-beijing", "us-west-1"],
        "Platinum",
        ["5.6", "8.4"],
    ),
    (
        "pcc-c",
        ["1000000000000003", "1000000000000002"],
        ["cn-beijing", "cn-guangzhou"],
        "Platinum",
        ["0.48", "0.72"],
    ),
    (
        "pcc-d",
        ["1000000000000002", "1000000000000003"],
        ["cn-guangzhou", "ap-southeast-1"],
        "Gold",
        ["5.6", "8.4"],
    ),
];
/// The second connection is switched on this instant: the hour before noon at UTC+8 of the fourth day, and is Gold before.
const SWITCH: &str = "2026-10-04T03:20:00Z";
const SWITCHED: &str = "pcc-b";

fn rational(text: &str) -> BigRational {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    BigRational::new(digits, BigInt::from(10).pow(fraction.len() as u32))
}

/// A decimal of so many places, half away from zero.
fn decimal(value: &BigRational, places: u32) -> String {
    let unit = BigInt::from(10).pow(places);
    let units = (value * BigRational::from(unit)).round().to_integer();
    let digits = format!("{:0>width$}", units.magnitude().to_string(), width = places as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places as usize);
    let sign = if units < BigInt::from(0) { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Hours since 1970 as an instant.
fn instant(hour: i64) -> String {
    peerbill::Hour::from_index(hour).to_string()
}

/// The first hour of the month, at UTC+8.
fn first_hour() -> i64 {
    MONTH
        .parse::<peerbill::BillingMonth>()
        .unwrap()
        .period(peerbill::model::time::Offset::CHINA)
        .start
        .index()
}

/// Bytes by connection, sender (0 the requester) and hour of the month.
type Month = BTreeMap<(usize, usize, i64), u64>;

/// What a line of the bill says, or a row of ours.
#[derive(Debug, Clone, PartialEq)]
struct Charge {
    account: String,
    connection: String,
    /// Its first hour.
    period: i64,
    /// GB, and the price of one; several prices where the link type changes within the period.
    parts: Vec<(BigRational, BigRational)>,
    /// What the bill has as list amount, where that is another than the sum of the parts.
    amount: Option<BigRational>,
    /// What is left of the list amount after discounts, of one.
    net: BigRational,
}

impl Charge {
    fn cost(&self) -> BigRational {
        let sum = |parts: &[(BigRational, BigRational)]| parts.iter().map(|(gb, price)| gb * price).sum();
        self.amount.clone().unwrap_or_else(|| sum(&self.parts))
    }

    fn usage(&self) -> BigRational {
        self.parts.iter().map(|(gb, _)| gb).sum()
    }

    fn key(&self) -> (String, String, i64) {
        (self.account.clone(), self.connection.clone(), self.period)
    }
}

/// The link type of a connection in an hour: 0 for Gold.
fn level(connection: usize, hour: i64) -> usize {
    let (id, _, _, now, _) = CONNECTIONS[connection];
    let switch = peerbill::model::time::Timestamp::parse(SWITCH).unwrap().hour().index();
    if id == SWITCHED && hour < switch { 0 } else { usize::from(now == "Platinum") }
}

/// What we bill, by account, connection and period of so many hours.
fn charges(month: &Month, hours: i64) -> Vec<Charge> {
    let gb = BigRational::from(BigInt::from(1u64 << 30));
    let mut rows: BTreeMap<(String, String, i64), BTreeMap<usize, BigRational>> = BTreeMap::new();
    for (&(connection, sender, hour), bytes) in month {
        let (id, accounts, ..) = CONNECTIONS[connection];
        let period = first_hour() + (hour / hours) * hours;
        let row = rows.entry((accounts[sender].into(), id.into(), period)).or_default();
        let sum = row.entry(level(connection, first_hour() + hour)).or_insert_with(|| rational("0"));
        *sum += BigRational::from(BigInt::from(*bytes)) / &gb;
    }
    let charge =
        |((account, connection, period), parts): ((String, String, i64), BTreeMap<usize, BigRational>)| {
            let prices = CONNECTIONS.iter().find(|own| own.0 == connection).unwrap().4;
            let parts = parts.into_iter().map(|(level, gb)| (gb, rational(prices[level]))).collect();
            Charge { account, connection, period, parts, amount: None, net: rational("1") }
        };
    rows.into_iter().map(charge).collect()
}

/// How a bill is written.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// The new detailed bill in Chinese, by day.
    New,
    /// The same with the codes of its fields, which tell no list price.
    NewByCode,
    /// The details of the console, by day.
    Details,
    /// A file of OSS by billing item, in English, by day.
    Oss,
    /// The detail by billing item in Chinese, by hour.
    ByHour,
    /// The provider's FOCUS export, by hour.
    Focus,
    /// Answers of DescribeInstanceBill by day, with amounts of single precision.
    Answers,
}

impl Layout {
    const ALL: [Self; 7] =
        [Self::New, Self::NewByCode, Self::Details, Self::Oss, Self::ByHour, Self::Focus, Self::Answers];

    /// The hours of a line.
    fn hours(self) -> i64 {
        if matches!(self, Self::ByHour | Self::Focus) { 1 } else { 24 }
    }

    fn header(self) -> &'static str {
        match self {
            Self::New => {
                "标识信息/账单明细ID,身份信息/资源归属账号ID,账单信息/账单月份,账单信息/账单日期,账单信息/费用类型,产品信息/产品Code,\
                 产品信息/计费项Code,资源信息/实例ID（出账粒度）,用量信息/用量,用量信息/用量单位,定价信息/官网目录价,费用信息/目录总价,\
                 优惠信息/优惠后金额,定价信息/定价币种"
            }
            Self::NewByCode => {
                "IdentityDetails/ResourceOwnerAccountId,BillingDetails/BillingMonth,BillingDetails/BillingDate,\
                 BillingDetails/LineItemType,ProductDetails/ProductCode,ProductDetails/BillingItemCode,\
                 ResourceDetails/InstanceId,UsageDetails/Usage,UsageDetails/UsageUnit,FeeDetails/GrossAmount,\
                 DiscountDetails/DiscountAmount,PricingDetails/Currency"
            }
            Self::Details => {
                "资源归属账号ID,账单月份,账单日期,费用类型,产品Code,计费项Code,资产/资源实例ID,用量,用量单位,目录价,目录总价,应付金额,定价币种"
            }
            Self::Oss => {
                "BillingCycle,OwnerID,ProductCode,BillingDate,Item,BillingItemCode,InstanceID,Usage,UsageUnit,ListPrice,\
                 PretaxGrossAmount,PretaxAmount,Currency"
            }
            Self::ByHour => {
                "账期,账号ID,Owner账号ID,产品Code,账单类型,账单开始时间,账单结束时间,计费项Code,实例ID,用量,用量单位,单价,官网价,应付金额,\
                 优惠券抵扣,币种"
            }
            Self::Focus => {
                "BillingAccountId,SubAccountId,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,x_CommodityCode,\
                 x_BillingItemCode,x_InstanceID,PricingQuantity,PricingUnit,ListUnitPrice,ListCost,BilledCost,BillingCurrency"
            }
            Self::Answers => "",
        }
    }

    fn line(self, number: usize, charge: &Charge, texts: [&str; 5]) -> String {
        let [usage, price, list, net, discount] = texts;
        let (id, account) = (&charge.connection, &charge.account);
        // At UTC+8.
        let local = |hour: i64| instant(hour + 8).replace('T', " ").replace('Z', "");
        let day = &local(charge.period)[..10];
        let compact = day.replace('-', "");
        let (start, end) = (charge.period, charge.period + 1);
        match self {
            Self::New => format!(
                "L{number},\t{account},202610,{compact},云资源按量费用,cdt,inter,{id};x,{usage},GB,{price},{list},{net},CNY"
            ),
            Self::NewByCode => format!(
                "{account},202610,{compact},PayAsYouGo,cdt,inter,{id};x,{usage},GB,{list},{discount},CNY"
            ),
            Self::Details => format!(
                "{account},202610,{day},PayAsYouGoBill,cdt,inter,x;{id},{usage},GB,{price},{list},{net},CNY"
            ),
            Self::Oss => format!(
                "2026-10,{account},cdt,{day},PayAsYouGoBill,inter,{id};x,{usage},GB,{price},{list},{net},CNY"
            ),
            Self::ByHour => format!(
                "2026-10,9,{account},cdt,云资源按量费用,{},{},inter,{id};x,{usage},GB,{price},{list},{net},0,CNY",
                local(start),
                local(end)
            ),
            Self::Focus => format!(
                "9,{account},{},{},Usage,cdt,inter,{id};x,{usage},GB,{price},{list},{net},CNY",
                instant(start),
                instant(end)
            ),
            Self::Answers => format!(
                "{{\"OwnerID\":\"{account}\",\"ProductCode\":\"cdt\",\"BillingDate\":\"{day}\",\"Item\":\"PayAsYouGoBill\",\
                 \"BillingItemCode\":\"inter\",\"InstanceID\":\"{id};x\",\"Usage\":\"{usage}\",\"UsageUnit\":\"GB\",\
                 \"ListPrice\":\"{price}\",\"PretaxGrossAmount\":{list},\"PretaxAmount\":{net},\"Currency\":\"CNY\"}}"
            ),
        }
    }

    /// The whole file of these lines.
    fn file(self, lines: &[String]) -> String {
        match self {
            Self::Answers => format!(
                "{{\"Code\":\"Success\",\"Data\":{{\"BillingCycle\":\"2026-10\",\"TotalCount\":{},\"Items\":[{}]}}}}",
                lines.len(),
                lines.join(",\n")
            ),
            _ => format!("{}\r\n{}\r\n", self.header(), lines.join("\r\n")),
        }
    }
}

/// The bill of these charges: a line for each price.
fn write(layout: Layout, charges: &[Charge], decimals: [u32; 2]) -> String {
    let mut lines = Vec::new();
    for charge in charges {
        for (place, (gb, price)) in charge.parts.iter().enumerate() {
            // What a line has beside the sum of the parts stands on the first.
            let mut list = gb * price;
            if let Some(amount) = charge.amount.as_ref().filter(|_| place == 0) {
                let rest: BigRational = charge.parts.iter().skip(1).map(|(gb, price)| gb * price).sum();
                list = amount - rest;
            }
            let (net, list_text) = (&list * &charge.net, decimal(&list, decimals[1]));
            let discount = rational(&list_text.replace('-', ""))
                - rational(&decimal(&net, decimals[1]).replace('-', ""));
            let texts = [
                decimal(gb, decimals[0]),
                decimal(price, 4),
                list_text,
                decimal(&net, decimals[1]),
                decimal(&discount, decimals[1]),
            ];
            lines.push(layout.line(lines.len() + 1, charge, texts.each_ref().map(String::as_str)));
        }
    }
    layout.file(&lines)
}

fn read(text: &str) -> Bill {
    let mut reader = BillReader::new(&BillSettings::default());
    reader.read("bill.csv", &mut text.as_bytes()).unwrap();
    reader.finish().unwrap()
}

/// The bill compared with the month, from traffic and from the JSON of a report: both give the same.
fn compared(month: &Month, bill: &str) -> Reconciled {
    let mut usage = "timestamp,connection_id,sender,bytes\n".to_owned();
    for (&(connection, sender, hour), bytes) in month {
        let (at, sender) = (instant(first_hour() + hour), ["requester", "accepter"][sender]);
        usage += &format!("{at},{},{sender},{bytes}\n", CONNECTIONS[connection].0);
    }
    let header =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n";
    let rows = CONNECTIONS.iter().map(|(id, [one, other], [from, to], link_type, _)| {
        format!("{id},{one},{from},{other},{to},{link_type}\n")
    });
    let connections = header.to_owned() + &rows.collect::<String>();
    let changes = "connection_id,changed_at,from_link_type,to_link_type\n".to_owned()
        + &format!("{SWITCHED},{SWITCH},Gold,Platinum\n");
    let inventory = inventory(&connections, Some(&changes)).unwrap();
    let sources = [TrafficSource::from_bytes("usage.csv", usage)];
    let metered = meter(&sources, inventory, &MeterSettings::new(MONTH.parse().unwrap())).unwrap();
    let catalog = Catalog::shipped("china-site").unwrap();
    let mut options = ReportOptions::default();
    options.hourly = true;
    let report = report(&metered, &catalog, options).unwrap();
    let bill = read(bill);
    let side = BillSide::choose(&bill, &BillChoice::default(), report.month, "CNY").unwrap();
    let ours = OurSide::of_metered(&report, &metered, &catalog, side.grain()).unwrap();
    let found = reconcile(&ours, &side).unwrap();
    let mut json = Vec::new();
    peerbill::write::json::write(&report, &[], &mut json).unwrap();
    let kept = read_reported(&Document::new("report.json", json), None).unwrap();
    let ours = OurSide::of_reported(&kept, Some(&catalog), None, side.grain()).unwrap();
    let again = reconcile(&ours, &side).unwrap();
    assert_eq!(found.rows, again.rows, "from traffic and from a report");
    found
}

/// A fault, and the row or rows that it makes differ.
#[derive(Debug, Clone, Copy)]
struct Fault {
    class: Class,
    /// The connection and the place among its rows.
    connection: usize,
    place: usize,
    /// Of what moves, in percent.
    share: i64,
}

/// Puts a fault into the bill; says which rows are of which class now.
fn inject(fault: Fault, bill: &mut Vec<Charge>, layout: Layout) -> Vec<((String, String, i64), Class)> {
    let id = CONNECTIONS[fault.connection].0;
    let own: Vec<usize> = (0..bill.len()).filter(|at| bill[*at].connection == id).collect();
    let at = own[fault.place % own.len()];
    let row = bill[at].clone();
    let key = row.key();
    // Where the bill tells no price, an amount of several prices has none, and one that is off may have any.
    let needs_price = fault.class == Class::Unexplained
        || row.parts.len() > 1 && matches!(fault.class, Class::Price | Class::Usage);
    if needs_price && matches!(layout, Layout::NewByCode) {
        return Vec::new();
    }
    let scale = |row: &Charge, by: &BigRational| -> Vec<(BigRational, BigRational)> {
        row.parts.iter().map(|(gb, price)| (gb * by, price.clone())).collect()
    };
    let share = BigRational::new(fault.share.into(), 100.into());
    let one = rational("1");
    let mate = |wanted: &dyn Fn(&Charge) -> bool| {
        own.iter().copied().find(|at| wanted(&bill[*at]) && bill[*at].parts.len() == 1)
    };
    match fault.class {
        Class::MissingInBill => {
            bill.remove(at);
        }
        Class::MissingInOurs => bill.push(Charge { connection: "pcc-other".into(), ..row.clone() }),
        Class::TimeEdge | Class::Account | Class::Direction => {
            let mate = mate(&|other| match fault.class {
                Class::TimeEdge => {
                    other.account == row.account && other.period == row.period + layout.hours()
                }
                _ => other.account != row.account && other.period == row.period,
            });
            let Some(mate) =
                mate.filter(|mate| row.parts.len() == 1 && bill[*mate].parts[0].1 == row.parts[0].1)
            else {
                return Vec::new();
            };
            let other = bill[mate].clone();
            if fault.class == Class::Direction {
                (bill[at].parts, bill[mate].parts) = (other.parts.clone(), row.parts.clone());
            } else {
                let moved = row.usage() * &share;
                bill[at].parts[0].0 -= &moved;
                bill[mate].parts[0].0 += &moved;
            }
            return vec![(key, fault.class), (other.key(), fault.class)];
        }
        Class::GbBase => bill[at].parts = scale(&row, &rational("1.073741824")),
        Class::LinkType => {
            let prices = CONNECTIONS[fault.connection].4.map(rational);
            for (_, price) in &mut bill[at].parts {
                *price = if *price == prices[0] { prices[1].clone() } else { prices[0].clone() };
            }
        }
        Class::Discount => bill[at].net = one - share,
        Class::Price => {
            for (_, price) in &mut bill[at].parts {
                *price = &*price * rational("1.1");
            }
        }
        Class::Usage => bill[at].parts = scale(&row, &(one + share)),
        Class::Unexplained => bill[at].amount = Some(row.cost() + rational("12.34")),
        _ => {}
    }
    let key = match fault.class {
        Class::MissingInOurs => (key.0, "pcc-other".to_owned(), key.2),
        _ => key,
    };
    vec![(key, fault.class)]
}

fn fault() -> impl Strategy<Value = Fault> {
    let classes: Vec<Class> = Class::ALL[2..].to_vec();
    (prop::sample::select(classes), 0..CONNECTIONS.len(), 0usize..50, 20i64..60)
        .prop_map(|(class, connection, place, share)| Fault { class, connection, place, share })
}

fn month() -> impl Strategy<Value = Month> {
    // Every hour of a few days, so that days have neighbours; bytes of GB, so that what moves is more than what rounds.
    let end_and_hour = (0..CONNECTIONS.len(), 0usize..2, 0i64..144);
    prop::collection::btree_map(end_and_hour, 1u64 << 31..1 << 40, 200..500)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn faults_of_known_class_and_amount_are_found_and_nothing_else(
        month in month(),
        layout in prop::sample::select(Layout::ALL.to_vec()),
        // One for each connection at most, so that no two of them make a third.
        faults in prop::collection::btree_map(0..CONNECTIONS.len(), fault(), 0..4),
        usage_decimals in 6u32..12,
        amount_decimals in 4u32..11,
    ) {
        let step = layout.hours();
        // Of single precision are numbers that were rounded to nothing else: seven digits of them hold.
        let amount_decimals = if matches!(layout, Layout::Answers) { 9 } else { amount_decimals };
        let ours = charges(&month, step);
        let mut bill = ours.clone();
        let mut expected = BTreeMap::new();
        for (connection, fault) in faults {
            let fault = Fault { connection, ..fault };
            expected.extend(inject(fault, &mut bill, layout));
        }
        let text = write(layout, &bill, [usage_decimals, amount_decimals]);
        let found = compared(&month, &text);
        let mut differs = BTreeMap::new();
        for row in found.rows.iter().filter(|row| !row.class.agrees()) {
            let key = (row.account.to_string(), row.connection.as_deref().unwrap_or_default().to_owned(), row.start.index());
            differs.insert(key, row.class);
            prop_assert!(!row.explanation.to_string().is_empty());
        }
        prop_assert_eq!(&differs, &expected);
        check_amounts(&found, &ours, &bill, amount_decimals);
    }
}

/// Every row has the amounts that fractions give, and all of them add up.
fn check_amounts(found: &Reconciled, ours: &[Charge], bill: &[Charge], decimals: u32) {
    let by_key = |charges: &[Charge]| -> BTreeMap<(String, String, i64), Charge> {
        charges.iter().map(|charge| (charge.key(), charge.clone())).collect()
    };
    let (ours, bill) = (by_key(ours), by_key(bill));
    let (mut sums, mut classes) = ([rational("0"), rational("0"), rational("0")], BTreeMap::new());
    for row in &found.rows {
        let money = |text: String| match text.strip_prefix('-') {
            Some(text) => -rational(text),
            None => rational(&text),
        };
        let [our_cost, bill_cost, difference] =
            [row.our_cost, row.bill_cost, row.difference].map(|money_of| money(money_of.to_string()));
        assert_eq!(&bill_cost - &our_cost, difference);
        *classes.entry(row.class).or_insert_with(|| rational("0")) += &difference;
        for (sum, value) in sums.iter_mut().zip([&our_cost, &bill_cost, &difference]) {
            *sum += value;
        }
        let Some(connection) = &row.connection else { continue };
        let key = (row.account.to_string(), connection.to_string(), row.start.index());
        let exact = ours.get(&key).map_or(rational("0"), Charge::cost);
        let half = BigRational::new(1.into(), BigInt::from(10).pow(10) * 2);
        let distance =
            |one: &BigRational, other: &BigRational| if one > other { one - other } else { other - one };
        assert!(distance(&our_cost, &exact) <= half, "{row:?}");
        let printed = bill.get(&key).map_or(rational("0"), |charge| {
            let parts = charge.parts.iter().enumerate().map(|(place, (gb, price))| {
                let rest: BigRational = charge.parts.iter().skip(1).map(|(gb, price)| gb * price).sum();
                let first = charge.amount.as_ref().filter(|_| place == 0).map(|amount| amount - rest);
                money(decimal(&first.unwrap_or(gb * price), decimals))
            });
            parts.sum()
        });
        assert_eq!(bill_cost, printed, "{row:?}");
    }
    let money = |value: peerbill::Money| BigRational::new(value.units().into(), BigInt::from(10).pow(10));
    let totals = found.totals;
    assert_eq!([totals.ours, totals.bill, totals.difference].map(money), sums);
    for total in &found.classes {
        assert_eq!(money(total.difference), classes.remove(&total.class).unwrap(), "{total:?}");
    }
    assert!(classes.is_empty());
}

/// What the program refuses, and what it takes beside a bill.
#[cfg(feature = "cli")]
mod program {
    use crate::support::program::run;
    use std::{fs, path::Path};

    const OURS: [&str; 6] =
        ["--usage", "usage.csv", "--connections", "connections.csv", "--catalog", "china-site"];

    /// Runs it in a copy of the case `match`, with a kept report beside the traffic.
    fn reconcile(args: &[&str]) -> (i32, String, String) {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/reconcile/match");
        let folder = tempfile::tempdir().unwrap();
        for file in ["usage.csv", "connections.csv", "bill.csv"] {
            fs::copy(case.join(file), folder.path().join(file)).unwrap();
        }
        for (name, more) in [("hourly.json", &["--hourly"][..]), ("monthly.json", &[])] {
            let report = [&["report", "--month", "2026-10", "--output", name], &OURS[..], more].concat();
            assert_eq!(run(folder.path(), &report).code, 0);
        }
        let outcome = run(folder.path(), &[&["reconcile"], args].concat());
        (outcome.code, outcome.stdout, outcome.stderr)
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_the_way_out() {
        let of = |args: &[&'static str]| [args, &OURS[..], &["--month", "2026-10"]].concat();
        for (args, code, why) in [
            (of(&[]), 2, "--bill is needed"),
            (of(&["--bill", "bill.csv", "--bill-total", "1=2"]), 2, "cannot be used with"),
            (of(&["--bill-total", "1000000000000001"]), 2, "write it as ACCOUNT=AMOUNT"),
            (of(&["--bill-total", "1000000000000001=1,5"]), 2, "comma"),
            (of(&["--bill-total", "1=2", "1=3"]), 2, "has a figure already"),
            (of(&["--bill-total", "1=2", "--bill-item", "x"]), 2, "choose lines of --bill"),
            (of(&["--bill", "bill.csv", "--offset", "+09:00"]), 2, "at +08:00"),
            (of(&["--bill", "bill.csv", "--csv-bom"]), 2, "no CSV is written"),
            (of(&["--bill", "bill.csv", "--bill-product", "ecs"]), 3, "no line of product ecs"),
            (vec!["--bill", "bill.csv", "--report", "monthly.json"], 3, "this report has no hours"),
            (
                vec!["--bill", "bill.csv", "--report", "hourly.json", "--catalog", "international-site"],
                3,
                "has other prices or terms",
            ),
            (
                vec!["--bill", "bill.csv", "--report", "hourly.json", "--usage", "usage.csv"],
                2,
                "cannot be used with",
            ),
        ] {
            let (found, out, message) = reconcile(&args);
            assert_eq!((found, &*out), (code, ""), "{args:?}: {message}");
            assert!(message.contains(why), "{args:?}: {message}");
        }
    }

    #[test]
    fn a_kept_report_and_one_account_are_compared_like_traffic() {
        let bill = ["--bill", "bill.csv", "--format", "csv"];
        let traffic = reconcile(&[&bill, &OURS[..], &["--month", "2026-10"]].concat());
        let kept = reconcile(&[&bill[..], &["--report", "hourly.json"]].concat());
        assert_eq!((traffic.0, &traffic.1), (0, &kept.1));
        let one = [&bill[..], &["--report", "hourly.json", "--account", "1000000000000002"]].concat();
        assert_eq!(reconcile(&one).1.lines().count(), 2);
        let one = [&bill, &OURS[..], &["--month", "2026-10", "--account", "1000000000000002"]].concat();
        assert_eq!(reconcile(&one).1.lines().count(), 2);
        // A figure needs no hours.
        let figure =
            ["--bill-total", "1000000000000001=96.01", "--report", "monthly.json", "--format", "csv"];
        let (code, out, _) = reconcile(&figure);
        assert_eq!(code, 1);
        assert!(out.contains("96.00,96.01,0.01,unexplained"), "{out}");
    }
}
