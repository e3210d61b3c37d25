//! Bills made of random months in each layout, with faults of known class and amount: exactly those are found, and the
//! differences of the rows are those of the totals. Amounts are worked out once more, in fractions of another library.

use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    BillingMonth, Catalog, MeterSettings, ReportOptions, TrafficSource, inventory,
    meter::meter_months,
    model::time::{MonthRange, Offset, Timestamp},
    read::{
        Document,
        bill::{Bill, BillReader, BillSettings},
        read_reported_months,
    },
    reconcile::{BillChoice, BillSide, Class, OurSide, Reconciled, reconcile},
    report::reports,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The months that are asked for, and six days of them that have traffic: the first hour, at UTC+8 the first of a day.
#[derive(Debug, Clone, Copy)]
struct Span {
    months: &'static str,
    first: &'static str,
}

/// The first days of one month, and the last of one and the first of the next.
const SPANS: [Span; 2] = [
    Span { months: "2026-10..2026-10", first: "2026-09-30T16:00:00Z" },
    Span { months: "2026-10..2026-11", first: "2026-10-28T16:00:00Z" },
];
/// The hours of those days.
const HOURS: i64 = 144;

impl Span {
    fn months(self) -> Vec<BillingMonth> {
        self.months.parse::<MonthRange>().unwrap().months()
    }

    fn first_hour(self) -> i64 {
        Timestamp::parse(self.first).unwrap().hour().index()
    }

    /// The hour before noon at UTC+8 of the fourth day, in which the second connection is switched; it is Gold before.
    fn switch_hour(self) -> i64 {
        self.first_hour() + 3 * 24 + 11
    }
}

/// When in that hour.
const SWITCH: &str = "20:00";
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

/// Bytes by connection, sender (0 the requester) and hour of the span.
type Traffic = BTreeMap<(usize, usize, i64), u64>;

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
fn level(span: Span, connection: usize, hour: i64) -> usize {
    let (id, _, _, now, _) = CONNECTIONS[connection];
    if id == SWITCHED && hour < span.switch_hour() { 0 } else { usize::from(now == "Platinum") }
}

/// What we bill, by account, connection and period of so many hours.
fn charges(span: Span, traffic: &Traffic, hours: i64) -> Vec<Charge> {
    let gb = BigRational::from(BigInt::from(1u64 << 30));
    let mut rows: BTreeMap<(String, String, i64), BTreeMap<usize, BigRational>> = BTreeMap::new();
    for (&(connection, sender, hour), bytes) in traffic {
        let (id, accounts, ..) = CONNECTIONS[connection];
        let period = span.first_hour() + (hour / hours) * hours;
        let row = rows.entry((accounts[sender].into(), id.into(), period)).or_default();
        let sum =
            row.entry(level(span, connection, span.first_hour() + hour)).or_insert_with(|| rational("0"));
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
        let (compact, month) = (day.replace('-', ""), &day[..7]);
        let cycle = &compact[..6];
        let (start, end) = (charge.period, charge.period + 1);
        match self {
            Self::New => format!(
                "L{number},\t{account},{cycle},{compact},云资源按量费用,cdt,inter,{id};x,{usage},GB,{price},{list},{net},CNY"
            ),
            Self::NewByCode => format!(
                "{account},{cycle},{compact},PayAsYouGo,cdt,inter,{id};x,{usage},GB,{list},{discount},CNY"
            ),
            Self::Details => format!(
                "{account},{cycle},{day},PayAsYouGoBill,cdt,inter,x;{id},{usage},GB,{price},{list},{net},CNY"
            ),
            Self::Oss => format!(
                "{month},{account},cdt,{day},PayAsYouGoBill,inter,{id};x,{usage},GB,{price},{list},{net},CNY"
            ),
            Self::ByHour => format!(
                "{month},9,{account},cdt,云资源按量费用,{},{},inter,{id};x,{usage},GB,{price},{list},{net},0,CNY",
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

    /// The whole file of these lines, of a month where the layout tells it once for all of them.
    fn file(self, month: &str, lines: &[String]) -> String {
        match self {
            Self::Answers => format!(
                "{{\"Code\":\"Success\",\"Data\":{{\"BillingCycle\":\"{month}\",\"TotalCount\":{},\"Items\":[{}]}}}}",
                lines.len(),
                lines.join(",\n")
            ),
            _ => format!("{}\r\n{}\r\n", self.header(), lines.join("\r\n")),
        }
    }
}

/// The bill of these charges: a line for each price, and a file for each month where they are apart.
fn write(layout: Layout, charges: &[Charge], decimals: [u32; 2], apart: bool) -> Vec<String> {
    let mut lines = 0;
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // Answers tell their month once.
    let apart = apart || matches!(layout, Layout::Answers);
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
            lines += 1;
            let line = layout.line(lines, charge, texts.each_ref().map(String::as_str));
            let month = if apart { instant(charge.period + 8)[..7].to_owned() } else { String::new() };
            files.entry(month).or_default().push(line);
        }
    }
    files.iter().map(|(month, lines)| layout.file(month, lines)).collect()
}

fn read(files: &[String]) -> Bill {
    let mut reader = BillReader::new(&BillSettings::default());
    for (number, text) in files.iter().enumerate() {
        reader.read(&format!("bill-{number}.csv"), &mut text.as_bytes()).unwrap();
    }
    reader.finish().unwrap()
}

/// The bill compared with the traffic of a span, from traffic and from the JSON of its reports: both give the same. `alone`
/// is the same of each month of the span that has a line.
struct Compared {
    all: Reconciled,
    alone: Vec<Reconciled>,
}

fn compared(span: Span, traffic: &Traffic, bill: &[String]) -> Compared {
    let mut usage = "timestamp,connection_id,sender,bytes\n".to_owned();
    for (&(connection, sender, hour), bytes) in traffic {
        let (at, sender) = (instant(span.first_hour() + hour), ["requester", "accepter"][sender]);
        usage += &format!("{at},{},{sender},{bytes}\n", CONNECTIONS[connection].0);
    }
    let header =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n";
    let rows = CONNECTIONS.iter().map(|(id, [one, other], [from, to], link_type, _)| {
        format!("{id},{one},{from},{other},{to},{link_type}\n")
    });
    let connections = header.to_owned() + &rows.collect::<String>();
    let changes = "connection_id,changed_at,from_link_type,to_link_type\n".to_owned()
        + &format!("{SWITCHED},{},Gold,Platinum\n", instant(span.switch_hour()).replace("00:00", SWITCH));
    let inventory = inventory(&connections, Some(&changes)).unwrap();
    let sources = [TrafficSource::from_bytes("usage.csv", usage)];
    let months = span.months();
    let settings = MeterSettings::new(*months.last().unwrap());
    let metered = meter_months(&sources, inventory, &settings, &months).unwrap();
    let catalog = Catalog::shipped("china-site").unwrap();
    let mut options = ReportOptions::default();
    options.hourly = true;
    let reports = reports(&metered, &catalog, &options).unwrap();
    let bill = read(bill);
    let side = BillSide::choose(&bill, &BillChoice::default(), &months, "CNY").unwrap();
    let of_month =
        |at: usize, grain| OurSide::of_metered(&reports[at], &metered.months()[at], &catalog, grain);
    let ours = OurSide::joined((0..months.len()).map(|at| of_month(at, side.grain()))).unwrap();
    let all = reconcile(&ours, &side).unwrap();
    let mut json = Vec::new();
    let all_reports: Vec<&peerbill::Report> = reports.iter().collect();
    peerbill::write::json::months(&all_reports, &[], &mut json).unwrap();
    let kept = read_reported_months(&Document::new("report.json", json), &months).unwrap();
    let kept = kept.iter().map(|own| OurSide::of_reported(own, Some(&catalog), None, side.grain()));
    let again = reconcile(&OurSide::joined(kept).unwrap(), &side).unwrap();
    assert_eq!(all.rows, again.rows, "from traffic and from a report");
    let payable = reports.iter().map(|report| report.payable().unwrap().units()).sum::<i128>();
    assert_eq!(all.totals.ours.units(), payable, "our total is what is payable");
    let alone = months.iter().enumerate().filter_map(|(at, month)| {
        // A month without a line has nothing to be compared with.
        let side = BillSide::choose(&bill, &BillChoice::default(), &[*month], "CNY").ok()?;
        Some(reconcile(&of_month(at, side.grain()).unwrap(), &side).unwrap())
    });
    Compared { alone: alone.collect(), all }
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

fn traffic() -> impl Strategy<Value = Traffic> {
    // Every hour of a few days, so that days have neighbours; bytes of GB, so that what moves is more than what rounds.
    let end_and_hour = (0..CONNECTIONS.len(), 0usize..2, 0..HOURS);
    prop::collection::btree_map(end_and_hour, 1u64 << 31..1 << 40, 200..500)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn faults_of_known_class_and_amount_are_found_and_nothing_else(
        span in prop::sample::select(SPANS.to_vec()),
        traffic in traffic(),
        apart in any::<bool>(),
        layout in prop::sample::select(Layout::ALL.to_vec()),
        // One for each connection at most, so that no two of them make a third.
        faults in prop::collection::btree_map(0..CONNECTIONS.len(), fault(), 0..4),
        usage_decimals in 6u32..12,
        amount_decimals in 4u32..11,
    ) {
        let step = layout.hours();
        // Of single precision are numbers that were rounded to nothing else: seven digits of them hold.
        let amount_decimals = if matches!(layout, Layout::Answers) { 9 } else { amount_decimals };
        let ours = charges(span, &traffic, step);
        let mut bill = ours.clone();
        let mut expected = BTreeMap::new();
        for (connection, fault) in faults {
            let fault = Fault { connection, ..fault };
            expected.extend(inject(fault, &mut bill, layout));
        }
        let files = write(layout, &bill, [usage_decimals, amount_decimals], apart);
        let Compared { all: found, alone } = compared(span, &traffic, &files);
        let mut differs = BTreeMap::new();
        for row in found.rows.iter().filter(|row| !row.class.agrees()) {
            let key = (row.account.to_string(), row.connection.as_deref().unwrap_or_default().to_owned(), row.start.index());
            differs.insert(key, row.class);
            prop_assert!(!row.explanation.to_string().is_empty());
        }
        prop_assert_eq!(&differs, &expected);
        check_amounts(&found, &ours, &bill, amount_decimals);
        check_months(span, &found, &alone);
    }
}

/// Months together have the rows that they have alone; what moves over their edge alone is of another class there.
fn check_months(span: Span, all: &Reconciled, alone: &[Reconciled]) {
    let amounts = |found: &Reconciled| -> BTreeSet<_> {
        let row = |row: &peerbill::reconcile::Row| {
            let connection = row.connection.as_deref().unwrap_or_default().to_owned();
            (found.period(row), row.account.to_string(), connection, row.our_cost, row.bill_cost)
        };
        found.rows.iter().map(row).collect()
    };
    let months: Vec<String> = span.months().iter().map(ToString::to_string).collect();
    assert!(all.rows.iter().all(|row| months.iter().any(|month| month_of(row) == *month)));
    for month in alone {
        let own = month.months[0].to_string();
        let of_all = all.rows.iter().filter(|row| month_of(row) == own).count();
        assert_eq!(of_all, month.rows.len());
        assert!(amounts(month).is_subset(&amounts(all)), "{own}");
    }
    if let ([_], [month]) = (&all.months[..], alone) {
        assert_eq!((&all.rows, all.totals, &all.notes), (&month.rows, month.totals, &month.notes));
    }
}

/// The month that a row lies in.
fn month_of(row: &peerbill::reconcile::Row) -> String {
    BillingMonth::of(row.start, Offset::CHINA).unwrap().to_string()
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

    /// Runs it in a copy of the case of two months, with kept reports beside the traffic and a bill of each month.
    fn of_two_months(args: &[&str]) -> (i32, String, String) {
        let case =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/reconcile/time-edge-over-two-months");
        let folder = tempfile::tempdir().unwrap();
        for file in ["usage.csv", "connections.csv", "bill.csv"] {
            fs::copy(case.join(file), folder.path().join(file)).unwrap();
        }
        let bill = fs::read_to_string(case.join("bill.csv")).unwrap();
        let (header, lines) = bill.split_once('\n').unwrap();
        for month in ["202610", "202611", "202612"] {
            let own = lines.lines().filter(|line| line.contains(&format!(",{month},")));
            let text = format!("{header}\n{}\n", own.collect::<Vec<_>>().join("\n"));
            fs::write(folder.path().join(format!("{month}.csv")), text).unwrap();
        }
        for (name, months) in [("months.json", "2026-09..2026-12"), ("october.json", "2026-10")] {
            let asked = ["report", "--month", months, "--hourly", "--output", name];
            assert_eq!(run(folder.path(), &[&asked, &OURS[..]].concat()).code, 0);
        }
        let outcome = run(folder.path(), &[&["reconcile"], args].concat());
        (outcome.code, outcome.stdout, outcome.stderr)
    }

    #[test]
    fn several_months_are_one_comparison_wherever_they_come_from() {
        let asked = ["--month", "2026-10..2026-11", "--format", "csv"];
        let traffic = of_two_months(&[&["--bill", "bill.csv"], &asked[..], &OURS].concat());
        assert_eq!((traffic.0, traffic.1.matches(",time_edge,").count()), (1, 2), "{}", traffic.1);
        assert!(traffic.2.contains("1 lines of other months or accounts are not compared"), "{}", traffic.2);
        for month in ["2026-10: ", "2026-11: "] {
            assert!(traffic.2.lines().any(|line| line.starts_with(month)), "{}", traffic.2);
        }
        let bills = ["--bill", "202611.csv", "202612.csv", "202610.csv"];
        let apart = of_two_months(&[&bills, &asked[..], &OURS].concat());
        let kept =
            of_two_months(&[&["--bill", "bill.csv"], &asked[..], &["--report", "months.json"]].concat());
        assert_eq!((&apart.1, &kept.1), (&traffic.1, &traffic.1));
        let json = of_two_months(
            &[&["--bill", "bill.csv", "--month", "2026-10..2026-11", "--format", "json"], &OURS[..]].concat(),
        );
        assert!(
            json.1.contains("\"difference\": \"0.00\"") && json.1.contains("\"2026-10..2026-11\""),
            "{}",
            json.1
        );
    }

    #[test]
    fn a_range_of_one_month_is_that_month() {
        for format in ["csv", "json", "table", "html"] {
            for from in [&OURS[..], &["--report", "october.json"], &["--report", "months.json"]] {
                let given = [&["--bill", "bill.csv", "--format", format], from].concat();
                let [one, range] = ["2026-10", "2026-10..2026-10"]
                    .map(|month| of_two_months(&[&given[..], &["--month", month]].concat()));
                assert_eq!((one.0, &one), (1, &range), "{from:?} {format}");
            }
        }
    }

    #[test]
    fn months_that_cannot_be_compared_are_refused_with_the_way_out() {
        let bill = ["--bill", "bill.csv"];
        for (args, code, why) in [
            (
                [&bill[..], &["--report", "october.json", "--month", "2026-10..2026-11"]].concat(),
                2,
                "holds 2026-10",
            ),
            ([&bill[..], &["--report", "months.json"]].concat(), 2, "several months"),
            ([&bill[..], &OURS, &["--month", "2026-11..2026-10"]].concat(), 2, "2026-10 is before 2026-11"),
            (
                [&bill[..], &OURS, &["--month", "2026-Q1"]].concat(),
                3,
                "month 2026-01..2026-03 can be compared",
            ),
            (
                [&["--bill-total", "1000000000000001=1"], &OURS[..], &["--month", "2026-Q4"]].concat(),
                2,
                "an invoice is of one month",
            ),
            (
                vec!["--bill-total", "1000000000000001=1", "--report", "months.json", "--month", "2026-Q4"],
                2,
                "an invoice is of one month",
            ),
        ] {
            let (found, out, message) = of_two_months(&args);
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
