//! A second opinion: the rules of billing once more, slowly, with big rationals and plain loops.
//!
//! It shares no code with the crate. Times are milliseconds since 1970-01-01T00:00:00Z.

use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::{BTreeMap, BTreeSet};

pub const HOUR: i64 = 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Gold,
    Platinum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    Refuse,
    First,
    Sum,
}

/// A row of a price table; `None` as a start or end: without limit.
#[derive(Debug, Clone)]
pub struct Price {
    pub source: String,
    pub destination: String,
    pub level: Level,
    pub unit_price: BigRational,
    pub from: Option<i64>,
    pub until: Option<i64>,
}

/// What a month is priced by.
#[derive(Debug)]
pub struct World {
    /// Regions with their areas.
    pub regions: Vec<(&'static str, &'static str)>,
    pub prices: Vec<Price>,
    pub gb: u64,
    pub currency: &'static str,
}

#[derive(Debug, Clone)]
pub struct Connection {
    pub id: String,
    /// Requester, accepter.
    pub accounts: [String; 2],
    pub regions: [&'static str; 2],
    pub first: Level,
    /// In the order in which they happened.
    pub changes: Vec<Change>,
    pub created: Option<i64>,
    pub deleted: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub at: i64,
    pub from: Level,
    pub to: Level,
}

impl Change {
    /// Changes at these moments, in their order, each from what the one before leads to; one that is not real stays.
    pub fn chain(first: Level, moments: &[(i64, bool)]) -> Vec<Self> {
        let mut from = first;
        let step = |&(at, real): &(i64, bool)| {
            let other = if from == Level::Gold { Level::Platinum } else { Level::Gold };
            let to = if real { other } else { from };
            Self { at, from: std::mem::replace(&mut from, to), to }
        };
        moments.iter().map(step).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub at: i64,
    pub connection_id: String,
    /// 0: the requester, 1: the accepter.
    pub sender: usize,
    /// `None`: unreadable.
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Month {
    pub year: i64,
    pub month: i64,
    /// Hours east of UTC.
    pub offset: i64,
    pub copies: Copies,
    pub connections: Vec<Connection>,
    pub records: Vec<Record>,
}

/// What should come out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Lines of the CSV without its header, sorted as text.
    pub lines: Vec<String>,
    /// Payable amounts by account.
    pub payable: BTreeMap<String, String>,
    pub read: (u64, u128),
    pub billed: (u64, u128),
    pub free: (u64, u128),
    pub outside_period: (u64, u128),
    pub refused: (u64, u128),
    /// Of the refused ones: copies that `first` drops.
    pub dropped: u64,
}

/// Bills a month from its records.
pub fn bill(month: &Month, world: &World, hourly: bool) -> Bill {
    let mut bill = Bill::default();
    let mut hours = BTreeMap::new();
    for record in admitted(month, &mut bill) {
        let bytes = record.bytes.expect("it is readable");
        let index =
            month.connections.iter().position(|own| own.id == record.connection_id).expect("it is known");
        let [requester, accepter] = month.connections[index].regions;
        count(if requester == accepter { &mut bill.free } else { &mut bill.billed }, bytes);
        *hours.entry((index, record.sender, record.at.div_euclid(HOUR) * HOUR)).or_insert(0) +=
            u128::from(bytes);
    }
    let mut lines: BTreeMap<_, Line> = BTreeMap::new();
    for ((index, sender, hour), bytes) in hours {
        let connection = &month.connections[index];
        let charge = Charge::of(connection, sender, hour, bytes, world);
        let shown_hour = hourly.then_some(hour);
        let account = connection.accounts[sender].clone();
        let key = (account, index, sender, shown_hour, charge.level, charge.unit_price.clone());
        lines.entry(key).or_default().add(bytes, &charge);
    }
    let mut printed: BTreeMap<String, (BigRational, BigRational)> = BTreeMap::new();
    for ((account, index, sender, hour, level, unit_price), line) in lines {
        let connection = &month.connections[index];
        bill.lines.push(text_of(month, world, connection, sender, hour, level, &unit_price, &line));
        let (exact, shown) = printed.entry(account).or_insert((whole(0), whole(0)));
        *exact += &line.amount;
        *shown += half_even(&line.amount);
    }
    for (account, (exact, shown)) in printed {
        let payable = (exact * whole(100)).floor() / whole(100);
        let adjustment = &payable - &shown;
        bill.payable.insert(account.clone(), decimal(&payable, 2));
        if adjustment != whole(0) {
            let periods = if hourly { ",," } else { "" };
            let name = format!("{:04}-{:02}", month.year, month.month);
            let (amount, currency) = (decimal(&adjustment, 2), world.currency);
            bill.lines
                .push(format!("{name},{periods}{account},,,,,,,adjustment,,,,,{amount},{currency},,,,"));
        }
    }
    bill.lines.sort();
    bill
}

/// The records that are billed or free; all others are counted where they belong.
fn admitted<'a>(month: &'a Month, bill: &mut Bill) -> Vec<&'a Record> {
    let (start, end) = period(month);
    let mut groups: BTreeMap<_, Vec<&Record>> = BTreeMap::new();
    for record in &month.records {
        count(&mut bill.read, record.bytes.unwrap_or(0));
        let connection = month.connections.iter().find(|own| own.id == record.connection_id);
        let hour = record.at.div_euclid(HOUR);
        let alive = |own: &Connection| {
            own.created.is_none_or(|at| at.div_euclid(HOUR) <= hour)
                && own.deleted.is_none_or(|at| hour <= at.div_euclid(HOUR))
        };
        if record.bytes.is_none() {
            bill.refused.0 += 1;
        } else if record.at < start || record.at >= end {
            count(&mut bill.outside_period, record.bytes.unwrap_or(0));
        } else if !connection.is_some_and(alive) {
            count(&mut bill.refused, record.bytes.unwrap_or(0));
        } else {
            groups.entry((&record.connection_id, record.sender, record.at)).or_default().push(record);
        }
    }
    let mut admitted = Vec::new();
    for group in groups.into_values() {
        let equal = group.iter().all(|record| record.bytes == group[0].bytes);
        let kept = match month.copies {
            Copies::Sum => group.len(),
            Copies::First if equal => 1,
            _ => usize::from(group.len() == 1),
        };
        if kept == 1 {
            bill.dropped += group.len() as u64 - 1;
        }
        admitted.extend(&group[..kept]);
        for refused in &group[kept..] {
            count(&mut bill.refused, refused.bytes.unwrap_or(0));
        }
    }
    admitted
}

fn count((records, sum): &mut (u64, u128), bytes: u64) {
    *records += 1;
    *sum += u128::from(bytes);
}

/// One hour's price: `level` is `None` where it is free.
struct Charge {
    level: Option<Level>,
    unit_price: BigRational,
    amount: BigRational,
    /// What the hour costs more than at its lowest level, where it holds a change.
    raised: Option<BigRational>,
}

impl Charge {
    fn of(connection: &Connection, sender: usize, hour: i64, bytes: u128, world: &World) -> Self {
        let (source, destination) = (connection.regions[sender], connection.regions[1 - sender]);
        if source == destination {
            return Self { level: None, unit_price: whole(0), amount: whole(0), raised: None };
        }
        let (levels, changed) = levels_of(connection, hour);
        let gb = BigRational::new(BigInt::from(bytes), BigInt::from(world.gb));
        let price = |level: &Level| unit_price(world, source, destination, *level, hour);
        let highest = levels.last().expect("a level is always in effect");
        let unit_price = price(highest);
        let amount = &gb * &unit_price;
        let lowest = gb * price(levels.first().expect("likewise"));
        let raised = changed.then(|| &amount - lowest);
        Self { level: Some(*highest), unit_price, amount, raised }
    }
}

/// The levels in effect at any moment of an hour, the one just before a change included, and whether one is real.
fn levels_of(connection: &Connection, hour: i64) -> (BTreeSet<Level>, bool) {
    let mut before = connection.first;
    let mut levels = BTreeSet::new();
    let mut changed = false;
    for change in connection.changes.iter().filter(|change| change.at < hour + HOUR) {
        if change.at >= hour {
            levels.extend([before, change.to]);
            changed |= before != change.to;
        }
        before = change.to;
    }
    levels.insert(before);
    (levels, changed)
}

/// The row that names most regions, then the latest one; read at the start of the hour.
fn unit_price(world: &World, source: &str, destination: &str, level: Level, hour: i64) -> BigRational {
    let area = |id: &str| world.regions.iter().find(|(own, _)| *own == id).expect("it is known").1;
    let fit = |place: &str, region: &str| match place {
        _ if place == region => Some(1),
        _ if place == area(region) => Some(0),
        _ => None,
    };
    let mut best = None;
    for row in &world.prices {
        let in_force = row.from.is_none_or(|from| from <= hour) && row.until.is_none_or(|until| hour < until);
        let (Some(a), Some(b)) = (fit(&row.source, source), fit(&row.destination, destination)) else {
            continue;
        };
        if row.level == level && in_force && best.is_none_or(|(rank, _)| rank < (a + b, row.from)) {
            best = Some(((a + b, row.from), &row.unit_price));
        }
    }
    best.expect("every pair has a price").1.clone()
}

struct Line {
    bytes: u128,
    amount: BigRational,
    hours: u64,
    raised_hours: u64,
    raised: BigRational,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: 0, amount: whole(0), hours: 0, raised_hours: 0, raised: whole(0) }
    }
}

impl Line {
    fn add(&mut self, bytes: u128, charge: &Charge) {
        self.bytes += bytes;
        self.amount += &charge.amount;
        self.hours += 1;
        if let Some(raised) = &charge.raised {
            self.raised_hours += 1;
            self.raised += raised;
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "a line has that many columns")]
fn text_of(
    month: &Month,
    world: &World,
    connection: &Connection,
    sender: usize,
    hour: Option<i64>,
    level: Option<Level>,
    unit_price: &BigRational,
    line: &Line,
) -> String {
    let mut fields = vec![format!("{:04}-{:02}", month.year, month.month)];
    fields.extend(hour.into_iter().flat_map(|hour| [instant(hour), instant(hour + HOUR)]));
    let quantity = BigRational::new(BigInt::from(line.bytes), BigInt::from(world.gb));
    fields.extend([
        connection.accounts[sender].clone(),
        connection.id.clone(),
        ["requester", "accepter"][sender].into(),
        connection.regions[sender].into(),
        connection.regions[1 - sender].into(),
        connection.accounts[1 - sender].clone(),
        level.map_or_else(String::new, |level| format!("{level:?}")),
        if level.is_some() { "usage" } else { "free" }.into(),
        line.bytes.to_string(),
        decimal(&quantity, 0),
        decimal(unit_price, 0),
        decimal(unit_price, 0),
        decimal(&line.amount, 2),
        world.currency.into(),
        line.hours.to_string(),
        line.raised_hours.to_string(),
        decimal(&line.raised, 2),
        "published".into(),
    ]);
    fields.join(",")
}

/// The month's first instant and the one after its last.
pub fn period(month: &Month) -> (i64, i64) {
    let (year, next) = if month.month == 12 { (month.year + 1, 1) } else { (month.year, month.month + 1) };
    let edge = |year, month_of_year| day(year, month_of_year, 1) * 24 * HOUR - month.offset * HOUR;
    (edge(month.year, month.month), edge(year, next))
}

/// Days since 1970-01-01, counted one month after the other.
fn day(year: i64, month: i64, day_of_month: i64) -> i64 {
    let mut days = day_of_month - 1;
    for year in 1970..year {
        days += (1..=12).map(|month| days_in(year, month)).sum::<i64>();
    }
    days + (1..month).map(|month| days_in(year, month)).sum::<i64>()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2026-10-05T03:00:00Z`, with milliseconds where there are any.
pub fn instant(at: i64) -> String {
    let (mut year, mut month, mut days) = (1970, 1, at.div_euclid(24 * HOUR));
    while days >= days_in(year, month) {
        days -= days_in(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let rest = at.rem_euclid(24 * HOUR);
    let (hour, minute, second) = (rest / HOUR, rest / 60_000 % 60, rest / 1000 % 60);
    let fraction = if rest % 1000 == 0 { String::new() } else { format!(".{:03}", rest % 1000) };
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", days + 1)
}

/// Reads `2026-10-05T03:00:00Z`, or a date, which is 00:00 at UTC+8.
pub fn read_instant(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("digits");
    let days = day(number(0..4), number(5..7), number(8..10));
    if text.len() == 10 {
        return (days * 24 - 8) * HOUR;
    }
    days * 24 * HOUR + number(11..13) * HOUR + number(14..16) * 60_000 + number(17..19) * 1000
}

pub fn whole(number: i64) -> BigRational {
    BigRational::from_integer(BigInt::from(number))
}

/// Reads plain decimal text exactly.
pub fn rational(text: &str) -> BigRational {
    let (number, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{number}{fraction}").parse().expect("digits");
    BigRational::new(digits, BigInt::from(10).pow(fraction.len() as u32))
}

/// Rounded half to even at 10 decimals.
fn half_even(value: &BigRational) -> BigRational {
    let unit = whole(10_000_000_000);
    let scaled = value * &unit;
    let (floor, half) = (scaled.floor(), BigRational::new(BigInt::from(1), BigInt::from(2)));
    let rest = &scaled - &floor;
    let odd = floor.numer() % BigInt::from(2) != BigInt::from(0);
    let up = rest > half || (rest == half && odd);
    (floor + whole(i64::from(up))) / unit
}

/// Rounded half to even at 10 decimals, with at least `least` of them and no zeros beyond.
pub fn decimal(value: &BigRational, least: usize) -> String {
    let rounded = half_even(value);
    let units = (&rounded * whole(10_000_000_000)).to_integer();
    let sign = if units < BigInt::from(0) { "-" } else { "" };
    let digits = format!("{:0>11}", units.magnitude().to_string());
    let (number, fraction) = digits.split_at(digits.len() - 10);
    let kept = fraction.trim_end_matches('0').len().max(least);
    if kept == 0 { format!("{sign}{number}") } else { format!("{sign}{number}.{}", &fraction[..kept]) }
}
