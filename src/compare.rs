//! Why two reports differ: volume, link type, price, connections that are new or ended, and rounding.
//!
//! Effects are worked out for each account, connection and sender on costs that nothing rounded, as fractions of whole
//! numbers, and only sums of them are rounded, to the digits that are printed.

use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        accounts::Accounts,
        finding::{Said, Sentence},
        link::LinkType,
        money::{Gb, Money, UnitPrice},
        usage::Sender,
    },
    read::{ReportedAccount, ReportedLine, ReportedMonth},
    rows::{Cell, Column, Kind, List, RowSet, Total},
};
use num_bigint::BigInt;
use std::{cmp::Ordering, collections::BTreeMap};

/// What stands in place of a connection where an account's rounding is compared.
pub const ROUNDING: &str = "rounding";

/// Two reports compared.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is compared, before and after: months and what their figures rest on.
    pub sides: [ComparedSide; 2],
    /// The offset in which both months have their edges (R12).
    pub offset: String,
    /// The currency of all amounts (R13).
    pub currency: String,
    /// Names of accounts by id, where a report told any; the later one's where both do.
    pub names: Option<BTreeMap<String, String>>,
    /// By account and connection; the account's rounding stands behind its connections.
    pub rows: Vec<ComparedRow>,
}

/// One of the two reports.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedSide {
    /// The billing month.
    pub month: String,
    /// The catalog that priced it: its name, its version, and the digest over all its prices.
    pub catalog: [String; 3],
    /// What one GB is (R9).
    pub gb: Gb,
    /// The digest over the metered hours (R17).
    pub usage_digest: String,
}

impl ComparedSide {
    fn of(report: &ReportedMonth) -> Self {
        let (catalog, usage_digest) = (report.catalog.clone(), report.usage_digest.clone());
        Self { month: report.month.to_string(), catalog, gb: report.gb, usage_digest }
    }
}

/// What an account pays for a connection, before and after, and why that differs.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedRow {
    /// The account that pays (R2).
    pub billing_account_id: String,
    /// The connection; `None` for the account's rounding.
    pub connection_id: Option<String>,
    /// Half to even at 10 decimals; of the rounding, what is payable less the account's other rows.
    pub cost_before: Money,
    /// Likewise.
    pub cost_after: Money,
    /// `cost_after - cost_before`, as they are printed.
    pub difference: Money,
    /// What the difference is made of, which adds up to it; `None` for the rounding.
    pub effects: Option<Effects>,
}

/// Why costs differ; amounts add up to the difference.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effects {
    /// More bytes or fewer, at the mean price of before.
    pub volume: Money,
    /// The bytes of after over other link types, at the prices of before.
    pub link_type: Money,
    /// What is left: other prices, or another size of a GB.
    pub price: Money,
    /// The cost of what sent nothing before.
    pub new: Money,
    /// Less the cost of what sends nothing any more.
    pub ended: Money,
}

impl Effects {
    /// In the order of their columns.
    pub fn all(&self) -> [Money; 5] {
        [self.volume, self.link_type, self.price, self.new, self.ended]
    }
}

/// Sums over rows.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ComparedTotals {
    /// What is payable before.
    pub cost_before: Money,
    /// What is payable after.
    pub cost_after: Money,
    /// `cost_after - cost_before`.
    pub difference: Money,
    /// What the difference is made of, but for rounding.
    pub effects: Effects,
    /// The differences of the rows of rounding.
    pub rounding: Money,
}

impl Comparison {
    /// Shows these names of accounts instead of those that the reports told.
    pub fn name_accounts(&mut self, accounts: &Accounts) {
        let name = |row: &ComparedRow| {
            let name = accounts.get(&row.billing_account_id)?.name()?;
            Some((row.billing_account_id.clone(), name.to_owned()))
        };
        self.names = Some(self.rows.iter().filter_map(name).collect());
    }

    /// The sums over all rows: effects and rounding add up to the difference.
    ///
    /// # Errors
    ///
    /// [`Overflow`](ErrorKind::Overflow) where a sum exceeds 2^127 units of 10^-10; [`Internal`](ErrorKind::Internal) where
    /// rows do not add up.
    pub fn totals(&self) -> Result<ComparedTotals> {
        totals(&self.rows)
    }

    /// Likewise for each account, by id.
    ///
    /// # Errors
    ///
    /// As [`totals`](Self::totals).
    pub fn account_totals(&self) -> impl Iterator<Item = Result<(&str, ComparedTotals)>> {
        let of_accounts = self.rows.chunk_by(|one, other| one.billing_account_id == other.billing_account_id);
        of_accounts.map(|rows| Ok((&*rows[0].billing_account_id, totals(rows)?)))
    }
}

fn totals(rows: &[ComparedRow]) -> Result<ComparedTotals> {
    let mut sums = ComparedTotals::default();
    for row in rows {
        sums.cost_before = sums.cost_before.checked_add(row.cost_before)?;
        sums.cost_after = sums.cost_after.checked_add(row.cost_after)?;
        sums.difference = sums.difference.checked_add(row.difference)?;
        match &row.effects {
            None => sums.rounding = sums.rounding.checked_add(row.difference)?,
            Some(own) => {
                let Effects { volume, link_type, price, new, ended } = &mut sums.effects;
                for (sum, own) in [volume, link_type, price, new, ended].into_iter().zip(own.all()) {
                    *sum = sum.checked_add(own)?;
                }
            }
        }
    }
    let explained = sums.effects.all().into_iter().try_fold(sums.rounding, Money::checked_add)?;
    match explained == sums.difference && sums.cost_after.checked_sub(sums.cost_before)? == explained {
        true => Ok(sums),
        false => Err(Error::internal(format!("a comparison does not add up: {sums:?}"))),
    }
}

/// The columns of amounts, which rows and sums of accounts have alike.
const AMOUNTS: [Column; 8] = [
    ("cost_before", Kind::Decimal),
    ("cost_after", Kind::Decimal),
    ("difference", Kind::Decimal),
    ("volume", Kind::Decimal),
    ("link_type", Kind::Decimal),
    ("price", Kind::Decimal),
    ("new", Kind::Decimal),
    ("ended", Kind::Decimal),
];

impl Comparison {
    /// The account as the cells that rows begin with: its name stands behind it, where names are told.
    fn account_cells(&self, id: &str) -> Vec<Cell> {
        let name = self.names.as_ref().map(|names| Cell::of(names.get(id)));
        [Cell::text(id)].into_iter().chain(name).collect()
    }

    fn account_columns(&self) -> impl Iterator<Item = Column> {
        let name = self.names.as_ref().map(|_| ("billing_account_name", Kind::Text));
        [("billing_account_id", Kind::Text)].into_iter().chain(name)
    }

    fn cells(&self, row: &ComparedRow) -> Vec<Cell> {
        let mut cells = self.account_cells(&row.billing_account_id);
        cells.push(row.connection_id.as_ref().map_or(Cell::Code(ROUNDING), Cell::text));
        cells.extend([row.cost_before, row.cost_after, row.difference].map(Cell::text));
        let none = || [""; 5].map(Cell::text);
        cells.extend(row.effects.map_or_else(none, |effects| effects.all().map(Cell::text)));
        cells
    }
}

impl ComparedTotals {
    fn amounts(&self) -> [Money; 8] {
        let [volume, link_type, price, new, ended] = self.effects.all();
        [self.cost_before, self.cost_after, self.difference, volume, link_type, price, new, ended]
    }
}

impl RowSet for Comparison {
    fn title(&self) -> Sentence {
        let [before, after] = self.sides.each_ref().map(|side| side.month.clone());
        match before == after {
            true => Said::TwoReports { month: before }.into(),
            false => Said::ReportsOfMonths { before, after }.into(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, Cell)> {
        let catalog = |side: &ComparedSide| Cell::text(format!("{} {}", side.catalog[0], side.catalog[1]));
        let gb = |side: &ComparedSide| Cell::Word(side.gb.in_bytes().into());
        let [before, after] = &self.sides;
        vec![
            ("month_before", Cell::text(&before.month)),
            ("month_after", Cell::text(&after.month)),
            ("offset", Cell::text(&self.offset)),
            ("currency", Cell::text(&self.currency)),
            ("catalog_before", catalog(before)),
            ("catalog_after", catalog(after)),
            ("price_digest_before", Cell::text(&before.catalog[2])),
            ("price_digest_after", Cell::text(&after.catalog[2])),
            ("gb_before", gb(before)),
            ("gb_after", gb(after)),
            ("usage_digest_before", Cell::text(&before.usage_digest)),
            ("usage_digest_after", Cell::text(&after.usage_digest)),
        ]
    }

    fn columns(&self) -> Vec<Column> {
        self.account_columns().chain([("connection_id", Kind::Text)]).chain(AMOUNTS).collect()
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_> {
        Box::new(self.rows.iter().map(|row| Ok(self.cells(row))))
    }

    fn totals(&self) -> Result<Vec<Total>> {
        let totals = Self::totals(self)?;
        let sums = AMOUNTS.iter().zip(totals.amounts());
        let sums = sums.map(|((name, _), amount)| Total::sum(name, amount, name));
        Ok(sums.chain([Total::figure(ROUNDING, totals.rounding)]).collect())
    }

    fn lists(&self) -> Vec<List> {
        let columns = self.account_columns().chain(AMOUNTS).chain([(ROUNDING, Kind::Decimal)]).collect();
        // OK because totals of all rows, which are asked for first, fail where those of an account do.
        let accounts = self.account_totals().flatten().map(|(id, totals)| {
            let amounts = totals.amounts().into_iter().chain([totals.rounding]);
            self.account_cells(id).into_iter().chain(amounts.map(Cell::text)).collect()
        });
        vec![List { name: "accounts", columns, rows: accounts.collect() }]
    }

    fn notes(&self) -> Vec<Sentence> {
        let [before, after] = &self.sides;
        let mut notes = vec![Said::HowEffectsAreMade {}];
        notes.extend((before.usage_digest == after.usage_digest).then_some(Said::SameHours {}));
        let (before, after) = (before.gb, after.gb);
        notes.extend((before != after).then_some(Said::GbDiffers { before, after }));
        notes.into_iter().map(Sentence::from).collect()
    }

    fn is_quiet(&self, row: &[Cell]) -> bool {
        // Behind account, connection and both costs.
        let mut amounts = row.iter().skip(self.account_columns().count() + 3);
        amounts.all(|amount| matches!(amount, Cell::Text(text) if matches!(text.as_str(), "" | "0.00")))
    }

    fn giving_way(&self) -> &'static [&'static str] {
        &["cost_before", "cost_after"]
    }
}

/// Compares two reports: two months, or one month before and after something changed.
///
/// With b(l) bytes and C(l) cost of link type l, A before, B after and p(l) = C(l) / b(l) (the contracted price where b(l) is
/// 0; the lowest, where there are several), for each account, connection and sender:
///
/// - volume = (bytes of B - bytes of A) x C_A / bytes of A,
/// - link type = the sum of b_B(l) p_A(l), less bytes of B x C_A / bytes of A; p_B(l) only where A has no line of l,
/// - price = the rest of C_B - C_A.
///
/// What sends nothing in A is new, what sends nothing in B has ended. Costs are bytes times price over the GB of their own
/// report. The last effect that applies to a row takes what rounding the others leaves, so that it adds up as printed.
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where currencies or offsets differ; [`Overflow`](ErrorKind::Overflow) where an amount is too
/// large to be printed.
pub fn compare(before: &ReportedMonth, after: &ReportedMonth) -> Result<Comparison> {
    let differ = |what: &str, a: &str, b: &str| {
        let why = format!("is {what} {b}, and {} {a}: such amounts are not compared", before.name);
        Err(Error::unusable(ErrorKind::Input, &after.name, why))
    };
    let (currency, offset) = (after.currency.clone(), after.offset.to_string());
    if before.currency != currency {
        return differ("in", &before.currency, &currency);
    }
    if before.offset != after.offset {
        return differ("of months at", &before.offset.to_string(), &offset);
    }
    let mut accounts: BTreeMap<&str, [Option<&ReportedAccount>; 2]> = BTreeMap::new();
    for (side, report) in [before, after].into_iter().enumerate() {
        for account in &report.accounts {
            accounts.entry(&account.id).or_default()[side] = Some(account);
        }
    }
    let gb = [before.gb, after.gb];
    let mut rows = Vec::new();
    for (id, sides) in &accounts {
        compare_account(id, *sides, gb, &mut rows)?;
    }
    let names = (before.named || after.named).then(|| {
        let name = |account: &ReportedAccount| account.name.clone();
        let named = |(id, sides): (&&str, &[Option<&ReportedAccount>; 2])| {
            let name = sides.iter().rev().flatten().find_map(|account| name(account))?;
            Some(((*id).to_owned(), name))
        };
        accounts.iter().filter_map(named).collect()
    });
    Ok(Comparison { sides: [before, after].map(ComparedSide::of), offset, currency, names, rows })
}

/// Adds the rows of an account: those of its connections, then that of its rounding.
fn compare_account(
    id: &str,
    sides: [Option<&ReportedAccount>; 2],
    gb: [Gb; 2],
    rows: &mut Vec<ComparedRow>,
) -> Result<()> {
    let mut ends: BTreeMap<(&str, Sender), [End; 2]> = BTreeMap::new();
    for (side, account) in sides.iter().enumerate() {
        for line in account.iter().flat_map(|account| &account.lines) {
            let end = ends.entry((&line.connection_id, line.sender)).or_default();
            end[side].add(line, gb[side])?;
        }
    }
    let mut rest = sides.map(|account| account.map_or(Money::ZERO, |account| account.payable));
    let ends: Vec<((&str, Sender), [End; 2])> = ends.into_iter().collect();
    for of_connection in ends.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
        let mut sums = Sums::default();
        of_connection.iter().for_each(|(_, [before, after])| sums.add(before, after));
        let ((connection, _), _) = of_connection[0];
        let row = sums.row(id, connection)?;
        rest = [rest[0].checked_sub(row.cost_before)?, rest[1].checked_sub(row.cost_after)?];
        rows.push(row);
    }
    rows.push(ComparedRow {
        billing_account_id: id.to_owned(),
        connection_id: None,
        cost_before: rest[0],
        cost_after: rest[1],
        difference: rest[1].checked_sub(rest[0])?,
        effects: None,
    });
    Ok(())
}

/// How many of what costs are counted in are one of the currency: 2^30 x 5^9 is a multiple of both sizes of a GB, and unit
/// prices have at most 18 decimals.
const GB_UNITS: u128 = (1 << 30) * 5u128.pow(9);
const PRICE_DECIMALS: u32 = 18;

/// The price of one byte, in units of [`GB_UNITS`] and [`PRICE_DECIMALS`].
fn of_one_byte(price: UnitPrice, gb: Gb) -> BigInt {
    let price = price.to_decimal();
    // OK because prices are below 10^9, and have at most 18 decimals.
    let mantissa = price.mantissa().unsigned_abs() * 10u128.pow(PRICE_DECIMALS - price.scale());
    BigInt::from(mantissa) * (GB_UNITS / u128::from(gb.bytes()))
}

/// What one end sent, by link type.
#[derive(Default)]
struct End {
    bytes: u128,
    cost: BigInt,
    /// Free traffic first, which has none.
    link_types: BTreeMap<Option<LinkType>, OfType>,
}

/// What one end sent over a link type.
struct OfType {
    bytes: u128,
    cost: BigInt,
    /// The lowest price of a byte.
    price: BigInt,
}

impl End {
    fn add(&mut self, line: &ReportedLine, gb: Gb) -> Result<()> {
        let price = of_one_byte(line.contracted_unit_price, gb);
        let cost = &price * line.bytes;
        let sum = self.bytes.checked_add(line.bytes);
        self.bytes = sum.ok_or_else(|| Error::overflow("the bytes of an end exceed 2^128"))?;
        self.cost += &cost;
        let of_type = self.link_types.entry(line.link_type);
        let of_type =
            of_type.or_insert_with(|| OfType { bytes: 0, cost: BigInt::ZERO, price: price.clone() });
        of_type.bytes += line.bytes;
        of_type.cost += cost;
        of_type.price = std::mem::take(&mut of_type.price).min(price);
        Ok(())
    }
}

impl OfType {
    /// So many bytes at its mean price.
    fn priced(&self, bytes: u128) -> Fraction {
        match self.bytes {
            0 => (&self.price * bytes).into(),
            own => Fraction { numerator: &self.cost * bytes, denominator: own.into() },
        }
    }
}

/// What the ends of a connection add up to that one account pays for: one, or both.
#[derive(Default)]
struct Sums {
    before: BigInt,
    after: BigInt,
    /// Of the ends that sent something before and after.
    both: Option<Both>,
    new: Option<BigInt>,
    ended: Option<BigInt>,
}

/// Costs of ends that sent something before and after.
#[derive(Default)]
struct Both {
    before: Fraction,
    /// The bytes of after at the mean price of before.
    at_mean: Fraction,
    /// The bytes of after at the price that their link type had before.
    at_types: Fraction,
    after: Fraction,
}

impl Sums {
    fn add(&mut self, before: &End, after: &End) {
        self.before += &before.cost;
        self.after += &after.cost;
        match (before.bytes, after.bytes) {
            (0, 0) => {}
            (0, _) => *self.new.get_or_insert_default() += &after.cost,
            (_, 0) => *self.ended.get_or_insert_default() += &before.cost,
            (sent, _) => {
                let both = self.both.get_or_insert_default();
                both.before = both.before.plus(&before.cost.clone().into());
                both.after = both.after.plus(&after.cost.clone().into());
                let at_mean = Fraction { numerator: &before.cost * after.bytes, denominator: sent.into() };
                both.at_mean = both.at_mean.plus(&at_mean);
                for (link_type, own) in &after.link_types {
                    let priced = before.link_types.get(link_type).unwrap_or(own).priced(own.bytes);
                    both.at_types = both.at_types.plus(&priced);
                }
            }
        }
    }

    fn row(&self, account: &str, connection: &str) -> Result<ComparedRow> {
        let nothing = Fraction::default();
        let cost = |cost: &BigInt| money(&cost.clone().into(), &nothing);
        let (cost_before, cost_after) = (cost(&self.before)?, cost(&self.after)?);
        let difference = cost_after.checked_sub(cost_before)?;
        let mut effects = Effects::default();
        let Effects { volume, link_type, price, new, ended } = &mut effects;
        let mut applying: Vec<(&mut Money, Money)> = Vec::new();
        if let Some(both) = &self.both {
            applying.push((volume, money(&both.at_mean, &both.before)?));
            applying.push((link_type, money(&both.at_types, &both.at_mean)?));
            applying.push((price, money(&both.after, &both.at_types)?));
        }
        if let Some(cost) = &self.new {
            applying.push((new, money(&cost.clone().into(), &nothing)?));
        }
        if let Some(cost) = &self.ended {
            applying.push((ended, money(&nothing, &cost.clone().into())?));
        }
        // The last one takes what rounding leaves.
        let mut rest = difference;
        if let Some((last, _)) = applying.pop() {
            for (effect, amount) in applying {
                *effect = amount;
                rest = rest.checked_sub(amount)?;
            }
            *last = rest;
        }
        Ok(ComparedRow {
            billing_account_id: account.to_owned(),
            connection_id: Some(connection.to_owned()),
            cost_before,
            cost_after,
            difference,
            effects: Some(effects),
        })
    }
}

/// A fraction, not in its lowest terms; the denominator is above 0.
#[derive(Debug, Clone)]
struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
}

impl Default for Fraction {
    fn default() -> Self {
        BigInt::ZERO.into()
    }
}

impl From<BigInt> for Fraction {
    fn from(whole: BigInt) -> Self {
        Self { numerator: whole, denominator: 1.into() }
    }
}

impl Fraction {
    fn plus(&self, other: &Self) -> Self {
        if self.numerator == BigInt::ZERO {
            return other.clone();
        }
        let (own, others, denominator) = self.over_one_denominator(other);
        Self { numerator: own + others, denominator }
    }

    /// The numerators of both over one denominator, and that: the one that they share, or the product of theirs.
    fn over_one_denominator(&self, other: &Self) -> (BigInt, BigInt, BigInt) {
        let (one, two) = (&self.denominator, &other.denominator);
        match one == two {
            true => (self.numerator.clone(), other.numerator.clone(), one.clone()),
            false => (&self.numerator * two, &other.numerator * one, one * two),
        }
    }
}

/// How much more the one cost is than the other, half to even at 10 decimals.
fn money(more: &Fraction, less: &Fraction) -> Result<Money> {
    const PER_UNIT: u128 = GB_UNITS * 10u128.pow(PRICE_DECIMALS - crate::model::money::PRINTED_DECIMALS);
    let (more, less, denominator) = more.over_one_denominator(less);
    let (difference, unit) = (more - less, denominator * PER_UNIT);
    let (size, unit) = (difference.magnitude(), unit.magnitude());
    let (whole, rest) = (size / unit, size % unit);
    let overflow = || Error::overflow("an effect exceeds 2^127 units of 10^-10");
    let whole = i128::try_from(whole).map_err(|_| overflow())?;
    let is_up = match (rest * 2u32).cmp(unit) {
        Ordering::Less => false,
        Ordering::Equal => whole % 2 == 1,
        Ordering::Greater => true,
    };
    let units = whole.checked_add(i128::from(is_up)).ok_or_else(overflow)?;
    Ok(Money::from_units(if difference < BigInt::ZERO { -units } else { units }))
}
