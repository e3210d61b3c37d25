//! One line of a bill: what it says of account, period, product, usage and amounts.

use super::layout::{
    Cells,
    Field::{self, *},
    Layout,
};
use crate::{
    model::{
        id::{check_name, read_account},
        invalid::{Invalid, Remedy},
        quoted,
        time::{BillingMonth, ClockOffset, Hour, Offset, Period, Timestamp},
    },
    read::decimal::Printed,
};
use std::{collections::HashMap, fmt, sync::Arc};

/// Where a line stands: an input, its line, and in JSON the path from the object that begins there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillPlace {
    /// The name of the input.
    pub input: Arc<str>,
    /// The line, counted from 1.
    pub line: u64,
    /// The place among the items of the answer that begins on that line, counted from 0.
    pub item: Option<u32>,
}

impl fmt::Display for BillPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.input, self.line)?;
        self.item.map_or(Ok(()), |item| write!(f, ": Items[{item}]"))
    }
}

/// What a line of a bill is, by its type. What is no usage is kept apart from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillCategory {
    /// A charge for usage, or of a type that is not known.
    Usage,
    /// What rounding adds or takes.
    Rounding,
    /// What a coupon or a credit pays.
    Coupon,
    /// What is given back.
    Refund,
    /// What was added or taken by hand, and taxes.
    Adjustment,
}

impl BillCategory {
    /// `usage`, `rounding`, `coupon`, `refund` or `adjustment`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Rounding => "rounding",
            Self::Coupon => "coupon",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
        }
    }

    /// Whether a type of line is known to be one of usage.
    pub(super) fn is_known_usage(line_type: &str) -> bool {
        const KNOWN: [&str; 13] = [
            "",
            "PayAsYouGoBill",
            "SubscriptionOrder",
            "Usage",
            "Purchase",
            "云资源按量费用",
            "订阅预付费用",
            "免费额度",
            "后付费",
            "后付费账单",
            "预付费",
            "按量付费",
            "Pay-As-You-Go",
        ];
        KNOWN.contains(&line_type)
    }

    /// By the words of a type of line, in Chinese or English; the first that occurs tells. The provider publishes no list.
    fn of(line_type: &str) -> Self {
        const WORDS: [(&str, BillCategory); 19] = [
            ("抹零", BillCategory::Rounding),
            ("rounding", BillCategory::Rounding),
            ("rounddown", BillCategory::Rounding),
            ("舍入", BillCategory::Rounding),
            ("退款", BillCategory::Refund),
            ("退费", BillCategory::Refund),
            ("refund", BillCategory::Refund),
            ("代金券", BillCategory::Coupon),
            ("优惠券", BillCategory::Coupon),
            ("coupon", BillCategory::Coupon),
            ("voucher", BillCategory::Coupon),
            ("credit", BillCategory::Coupon),
            ("调账", BillCategory::Adjustment),
            ("调整", BillCategory::Adjustment),
            ("补偿", BillCategory::Adjustment),
            ("adjust", BillCategory::Adjustment),
            ("correction", BillCategory::Adjustment),
            ("税", BillCategory::Adjustment),
            ("tax", BillCategory::Adjustment),
        ];
        let text = line_type.to_lowercase().replace([' ', '_', '-'], "");
        WORDS.iter().find(|(word, _)| text.contains(word)).map_or(Self::Usage, |(_, category)| *category)
    }
}

/// What a line is for, the finest that it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillPeriod {
    /// A month, with its edges in UTC+8.
    Month(BillingMonth),
    /// A day in UTC+8, by its first hour.
    Day(Hour),
    /// An hour.
    Hour(Hour),
}

impl BillPeriod {
    /// Its hours.
    pub fn hours(self) -> Period {
        match self {
            Self::Month(month) => month.period(Offset::CHINA),
            Self::Day(start) => Offset::CHINA.day_of(start),
            Self::Hour(hour) => Period { start: hour, end: hour.next() },
        }
    }

    /// The finest of these that is all of the hours from `start` up to `end`, or that they lie in.
    fn of(start: Hour, end: Hour) -> Option<Self> {
        let day = Offset::CHINA.day_of(start);
        let month = BillingMonth::of(start, Offset::CHINA).ok()?;
        match () {
            () if end == start.next() => Some(Self::Hour(start)),
            () if start < end && end <= day.end => Some(Self::Day(day.start)),
            () if start < end && end <= month.period(Offset::CHINA).end => Some(Self::Month(month)),
            () => None,
        }
    }
}

impl fmt::Display for BillPeriod {
    /// `2026-10`, `2026-10-05` or `2026-10-05T03:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(month) => month.fmt(f),
            Self::Day(start) => f.write_str(&Offset::CHINA.date_of(*start)),
            Self::Hour(hour) => hour.fmt(f),
        }
    }
}

/// What a line is about; lines that say the same share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledItem {
    /// The account that owns the resource: whose VPC sent it. Where that is not told, who pays.
    pub account_id: Box<str>,
    /// Whether the account is who pays, because the owner is not told.
    pub is_payer: bool,
    /// The code of the product: `cdt`.
    pub product_code: Box<str>,
    /// The code of the billing item.
    pub item_code: Option<Box<str>>,
    /// The instance, as the bill names it: parts with `;` between them, or the resource where none is told.
    pub instance_id: Box<str>,
    /// The peering connection that the instance names, where that is one.
    pub connection_id: Option<Box<str>>,
    /// What kind of line it is.
    pub category: BillCategory,
    /// The type of line, as the bill calls it.
    pub line_type: Box<str>,
    /// The source region, by its id or its name.
    pub region: Option<Box<str>>,
    /// In what usage is counted.
    pub usage_unit: Option<Box<str>>,
    /// In what amounts are told (R13).
    pub currency: Option<Box<str>>,
    /// The price of one unit by the list.
    pub list_price: Option<Printed>,
}

/// One line of the provider's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// Where it stands.
    pub place: BillPlace,
    /// What it is about.
    pub item: Arc<BilledItem>,
    /// What it is for.
    pub period: BillPeriod,
    /// The month of the bill that it stands in, where that is told.
    pub billing_month: Option<BillingMonth>,
    /// How much was used.
    pub usage: Option<Printed>,
    /// What that costs by the list.
    pub list_amount: Option<Printed>,
    /// What it costs after discounts, before coupons: see [`Bill::inputs`](super::BillInput) for what it was made from.
    pub net_amount: Option<Printed>,
}

/// Whether the instance of a line seems to be a peering connection.
pub(super) fn names_connection(cells: &Cells<'_>) -> bool {
    [Instance, Resource].iter().any(|field| cells.text(*field).contains(CONNECTION))
}

const CONNECTION: &str = "pcc-";

/// The one connection among the parts of an instance id.
fn connection_of(instance: &str) -> Result<Option<&str>, Invalid> {
    let parts = instance.split(|own: char| !own.is_ascii_alphanumeric() && !matches!(own, '-' | '_'));
    let mut found = parts.filter(|part| part.starts_with(CONNECTION));
    let Some(first) = found.next() else { return Ok(None) };
    match found.find(|other| *other != first) {
        Some(other) => Err(format!(
            "the instance {} names two connections, {first} and {other}: which one is billed cannot be told",
            quoted(instance.as_bytes())
        )
        .into()),
        None => Ok(Some(first)),
    }
}

/// Makes lines of cells, and shares what is the same in many of them.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    /// By a digest of the cells that they were read from.
    items: HashMap<[u8; 16], Arc<BilledItem>>,
    /// Where the clocks stood that wrote the times of FOCUS without an offset.
    clock: Option<ClockOffset>,
}

/// The cells that make up an item.
const OF_ITEM: [Field; 13] = [
    Owner,
    BillAccount,
    Payer,
    LineType,
    Transaction,
    Product,
    Item,
    Instance,
    Resource,
    Region,
    UsageUnit,
    Currency,
    ListPrice,
];

/// A digest of some cells.
pub(super) fn digest(cells: &Cells<'_>, fields: impl Iterator<Item = Field>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for field in fields {
        let text = cells.text(field);
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

/// A digest of all that is read of a line.
pub(super) fn digest_of_all(cells: &Cells<'_>) -> [u8; 16] {
    digest(cells, OF_ITEM.into_iter().chain(OF_LINE))
}

const OF_LINE: [Field; 12] =
    [Month, Day, Start, End, Usage, List, Discounted, Discount, Payable, Coupon, WithoutTax, WithTax];

impl LineReader {
    /// Whose times without an offset were written by such clocks.
    pub fn new(clock: Option<ClockOffset>) -> Self {
        Self { clock, ..Self::default() }
    }

    /// The line that these cells say, or all that is wrong with it.
    pub fn read(
        &mut self,
        layout: &Layout,
        cells: &Cells<'_>,
        place: BillPlace,
    ) -> Result<BillLine, Invalid> {
        let item = self.item(cells);
        let month = cells.given(Month).map(month).transpose();
        let period = self.period(layout, cells);
        let usage = cells.number(Usage, "usage");
        let list_amount = cells.number(List, "list amount");
        let net_amount = net_amount(cells);
        match (item, month, period, usage, list_amount, net_amount) {
            (Ok(item), Ok(billing_month), Ok(period), Ok(usage), Ok(list_amount), Ok(net_amount)) => {
                Ok(BillLine { place, item, period, billing_month, usage, list_amount, net_amount })
            }
            (item, month, period, usage, list, net) => {
                // What keeps a period from being told may be the month, which is said once.
                let month_alone = month.as_ref().err().is_some_and(|why| period.as_ref().err() == Some(why));
                let period = if month_alone { None } else { period.err() };
                let faults = [item.err(), month.err(), period, usage.err(), list.err(), net.err()];
                Err(Invalid::joined(faults.into_iter().flatten()))
            }
        }
    }

    fn item(&mut self, cells: &Cells<'_>) -> Result<Arc<BilledItem>, Invalid> {
        let key = digest(cells, OF_ITEM.into_iter());
        if let Some(item) = self.items.get(&key) {
            return Ok(item.clone());
        }
        let item = Arc::new(read_item(cells)?);
        self.items.insert(key, item.clone());
        Ok(item)
    }

    fn period(&self, layout: &Layout, cells: &Cells<'_>) -> Result<BillPeriod, Invalid> {
        let span = match (cells.given(Start), cells.given(End)) {
            (Some(start), Some(end)) => {
                Some((self.instant(layout, "start", start)?, self.instant(layout, "end", end)?))
            }
            _ => None,
        };
        let by_span = span.and_then(|(start, end)| span_of(start, end));
        match (by_span, cells.given(Day), cells.given(Month)) {
            (Some(hour @ BillPeriod::Hour(_)), ..) => Ok(hour),
            (_, Some(text), _) => day(text),
            (Some(span), ..) => Ok(span),
            (None, None, Some(text)) => month(text).map(BillPeriod::Month),
            (None, None, None) => Err(match span {
                Some((start, end)) => format!("from {start} to {end} is within no month in UTC+8"),
                None => "it tells neither day nor month".into(),
            }
            .into()),
        }
    }

    fn instant(&self, layout: &Layout, what: &str, text: &str) -> Result<Timestamp, Invalid> {
        let clock = if layout.in_utc8 { "+08:00".parse().ok() } else { self.clock };
        Timestamp::parse_by(text, clock).map_err(|why| {
            let why = why.about(format!("{what} {}", quoted(text.as_bytes())));
            if Timestamp::lacks_offset(text) { why.with(Remedy::StateNaiveOffset) } else { why }
        })
    }
}

/// What lies between two instants; an end may be the last second, as in 03:00:00 to 03:59:59.
fn span_of(start: Timestamp, end: Timestamp) -> Option<BillPeriod> {
    let last_second = Timestamp::from_seconds(end.seconds() + 1);
    let end = if end.is_whole_hour() { end } else { last_second };
    let whole = start.is_whole_hour() && end.is_whole_hour();
    whole.then(|| BillPeriod::of(start.hour(), end.hour())).flatten()
}

/// A day in UTC+8: `2026-10-05` or `20261005`; a program may have put its midnight behind it.
fn day(text: &str) -> Result<BillPeriod, Invalid> {
    let bad = || Invalid::new(format!("day {}: write it as 2026-10-05 or 20261005", quoted(text.as_bytes())));
    let date = text.strip_suffix(" 00:00:00").unwrap_or(text);
    let date = match date.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => date.to_owned(),
        digits @ [_, _, _, _, _, _, _, _] if digits.iter().all(u8::is_ascii_digit) => {
            format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..])
        }
        _ => return Err(bad()),
    };
    let midnight = Timestamp::parse(&format!("{date}T00:00:00+08:00")).map_err(|_| bad())?;
    Ok(BillPeriod::Day(midnight.hour()))
}

/// A month: `2026-10` or `202610`.
fn month(text: &str) -> Result<BillingMonth, Invalid> {
    match text.as_bytes() {
        digits @ [_, _, _, _, _, _] if digits.iter().all(u8::is_ascii_digit) => {
            format!("{}-{}", &text[..4], &text[4..]).parse()
        }
        _ => text.parse(),
    }
}

fn read_item(cells: &Cells<'_>) -> Result<BilledItem, Invalid> {
    let account = account_of(cells);
    let product = cells.given(Product).ok_or_else(|| Invalid::new("it names no product"));
    let instance = cells.given(Instance).or_else(|| cells.given(Resource)).unwrap_or_default();
    let connection = connection_of(instance)
        .and_then(|found| match found {
            Some(found) => Ok(Some(found)),
            None => connection_of(cells.text(Resource)),
        })
        .and_then(|found| {
            found.map_or(Ok(()), |id| check_name("instance", id)).map(|()| found).map_err(Into::into)
        });
    let list_price = cells.number(ListPrice, "list price");
    match (account, product, connection, list_price) {
        (Ok((account_id, is_payer)), Ok(product), Ok(connection), Ok(list_price)) => Ok(BilledItem {
            account_id: account_id.into(),
            is_payer,
            product_code: product.into(),
            item_code: cells.boxed(Item),
            instance_id: instance.into(),
            connection_id: connection.map(Into::into),
            category: category_of(cells),
            line_type: cells.text(LineType).into(),
            region: cells.boxed(Region),
            usage_unit: cells.boxed(UsageUnit),
            currency: cells.boxed(Currency),
            list_price,
        }),
        (account, product, connection, price) => {
            let faults = [account.err(), product.err(), connection.err(), price.err()];
            Err(Invalid::joined(faults.into_iter().flatten()))
        }
    }
}

/// The owner of the resource, else whose bill it is, else who pays; and whether it is only that.
fn account_of<'c>(cells: &'c Cells<'_>) -> Result<(&'c str, bool), Invalid> {
    let told = |field| cells.given(field).filter(|id| id.bytes().any(|byte| byte != b'0'));
    let (field, what, is_payer) = match () {
        () if told(Owner).is_some() => (Owner, "account of the owner", false),
        () if told(BillAccount).is_some() => (BillAccount, "account of the bill", true),
        () => (Payer, "account that pays", true),
    };
    let text = told(field).ok_or_else(|| Invalid::new("it names no account"))?;
    read_account(text).map(|id| (id, is_payer)).map_err(|why| why.about(what))
}

/// By the first of the words on its kind that tells of something else than usage.
fn category_of(cells: &Cells<'_>) -> BillCategory {
    let kinds = [LineType, Transaction].map(|field| BillCategory::of(cells.text(field)));
    kinds.into_iter().find(|kind| *kind != BillCategory::Usage).unwrap_or(BillCategory::Usage)
}

/// What is to be paid after discounts, before coupons and tax, as far as the columns tell it.
fn net_amount(cells: &Cells<'_>) -> Result<Option<Printed>, Invalid> {
    if let Some(discounted) = cells.number(Discounted, "amount after discount")? {
        return Ok(Some(discounted));
    }
    // Where there is no discount or coupon, none is off by half of a unit.
    let sum = |one: Printed, other: Option<Printed>| match other.filter(|other| !other.is_zero()) {
        Some(other) => {
            let sum = one.plus(other);
            sum.map(Some).ok_or_else(|| Invalid::new("its amounts have too many digits to be added"))
        }
        None => Ok(Some(one)),
    };
    if let Some(payable) = cells.number(Payable, "payable amount")? {
        return sum(payable, cells.number(Coupon, "coupons")?);
    }
    let discount = cells.number(Discount, "discount")?;
    if let (Some(list), Some(discount)) = (cells.number(List, "list amount").unwrap_or(None), discount) {
        return sum(list, Some(discount.negated()));
    }
    match cells.number(WithoutTax, "payable amount without tax")? {
        Some(amount) => Ok(Some(amount)),
        None => cells.number(WithTax, "payable amount with tax"),
    }
}
