//! The provider's bill against ours: rows of account, connection and period, and of each difference why.
//!
//! [`OurSide`] is what we bill, [`BillSide`] what the provider does, both by the finest periods that the bill tells.
//! [`reconcile`](fn@reconcile) compares them; [`reconcile_totals`] compares what is payable with figures of invoices.
//! [`Billed`] does either for reports.

mod classify;
mod sides;

pub use classify::Class;
pub use sides::{Basis, BillChoice, BillSide, CodeMet, Grain, KeptApart, OurSide};

use crate::{
    catalog::Catalog,
    error::{Error, Result},
    meter::Metered,
    model::{
        accounts::{Account, Accounts},
        finding::{Clauses, Said, Sentence, Word},
        id::{read_account, unwrapped},
        money::{Amount, Money},
        time::{BillingMonth, Hour},
    },
    read::{
        ReportedMonth,
        bill::{Bill, Printed},
    },
    report::Report,
    rows::{Cell, Column, Kind, List, RowSet, Total},
};
use classify::{OurSums, Weighed, arithmetic, cost_of, printed, quantity};
use sides::{BILL_DECIMALS, BillSums, Printings, Unit, rounding_of, told, too_large};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A row of the comparison. Amounts are in the currency of both sides, half to even at 10 decimals.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its first hour.
    pub start: Hour,
    /// How long it is.
    pub grain: Grain,
    /// The account that owns the resource, and pays.
    pub account: Arc<str>,
    /// The connection, where both sides tell it.
    pub connection: Option<Arc<str>>,
    /// What both its senders of this account sent; `None` where we have no traffic of it.
    pub our_bytes: Option<u128>,
    /// The usage that the bill tells, and its unit, where all its lines tell one.
    pub bill_usage: Option<(Box<str>, Box<str>)>,
    /// What we bill.
    pub our_cost: Money,
    /// What the provider does.
    pub bill_cost: Money,
    /// `bill_cost - our_cost`.
    pub difference: Money,
    /// Why they differ.
    pub class: Class,
    /// The arithmetic that proves its class.
    pub explanation: Sentence,
}

/// What both sides sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// What we bill.
    pub ours: Money,
    /// What the provider does.
    pub bill: Money,
    /// The provider's less ours.
    pub difference: Money,
}

/// All rows of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassTotal {
    /// The class.
    pub class: Class,
    /// What their differences sum.
    pub difference: Money,
    /// How many there are.
    pub rows: u64,
}

/// A bill, compared.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// The billing months, which follow one another.
    pub months: Vec<BillingMonth>,
    /// The currency of all amounts (R13).
    pub currency: String,
    /// What it rests on: names and values.
    pub facts: Vec<(&'static str, Cell)>,
    /// By account, connection and period; behind them, for each account and month, what the sides round by.
    pub rows: Vec<Row>,
    /// The sums of all rows, checked.
    pub totals: Totals,
    /// Those that occur, in their order; their differences add up to that of the totals.
    pub classes: Vec<ClassTotal>,
    /// Codes of billing items that the bill has.
    pub codes_met: Vec<CodeMet>,
    /// Lines of the bill that are kept apart.
    pub kept_apart: Vec<KeptApart>,
    /// What a reader should know.
    pub notes: Vec<Sentence>,
    /// Names and values of settings that it names; they decide nothing.
    pub settings: Vec<(String, String)>,
    /// Names of accounts, where they were given.
    accounts: Option<Arc<Accounts>>,
}

impl Reconciled {
    /// Whether any row is of another class than `match` and `rounding`.
    pub fn differs(&self) -> bool {
        self.classes.iter().any(|total| !total.class.agrees())
    }

    /// The period of a row, as it is written.
    pub fn period(&self, row: &Row) -> String {
        row.grain.text(row.start)
    }
}

impl RowSet for Reconciled {
    fn title(&self) -> Sentence {
        Said::BillAndOurs { months: told(&self.months).into() }.into()
    }

    fn facts(&self) -> Vec<(&'static str, Cell)> {
        let own =
            [("billing_month", Cell::text(told(&self.months))), ("currency", Cell::text(&self.currency))];
        let facts = own.into_iter().chain(self.facts.iter().cloned());
        let settings =
            (!self.settings.is_empty()).then(|| ("settings", settings_told(&self.settings).into()));
        facts.chain(settings).collect()
    }

    fn columns(&self) -> Vec<Column> {
        let named = self.accounts.as_ref().map(|_| ("billing_account_name", Kind::Text));
        let [period, account, rest @ ..] = COLUMNS;
        [period, account].into_iter().chain(named).chain(rest).collect()
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_> {
        Box::new(self.rows.iter().map(|row| Ok(self.values(row))))
    }

    fn totals(&self) -> Result<Vec<Total>> {
        let Totals { ours, bill, difference } = self.totals;
        Ok(vec![
            Total::sum("ours", ours, "our_cost"),
            Total::sum("bill", bill, "bill_cost"),
            Total::sum("difference", difference, "difference"),
        ])
    }

    fn lists(&self) -> Vec<List> {
        let of_class = |own: &ClassTotal| {
            vec![Cell::Code(own.class.as_str()), Cell::text(own.difference), Cell::text(own.rows)]
        };
        let of_kind = |own: &KeptApart| {
            vec![Cell::Word(own.category.into()), Cell::text(own.amount), Cell::text(own.lines)]
        };
        let codes = self.codes_met.iter().filter(|met| !met.code.is_empty());
        vec![
            List {
                name: "classes",
                columns: vec![("class", Kind::Text), ("difference", Kind::Decimal), ("rows", Kind::Whole)],
                rows: self.classes.iter().map(of_class).collect(),
            },
            List {
                name: "codes_met",
                columns: vec![("item_code", Kind::Text)],
                // Lines without a code are told by a note.
                rows: codes.map(|met| vec![Cell::text(&met.code)]).collect(),
            },
            List {
                name: "kept_apart",
                columns: vec![("category", Kind::Text), ("amount", Kind::Decimal), ("lines", Kind::Whole)],
                rows: self.kept_apart.iter().map(of_kind).collect(),
            },
        ]
    }

    fn notes(&self) -> Vec<Sentence> {
        self.notes.clone()
    }

    fn is_quiet(&self, row: &[Cell]) -> bool {
        let class = &row[row.len() - 2];
        [Class::Match, Class::Rounding].iter().any(|quiet| *class == Cell::Code(quiet.as_str()))
    }

    fn giving_way(&self) -> &'static [&'static str] {
        &["our_bytes", "bill_usage", "bill_usage_unit", "billing_account_name"]
    }
}

/// The columns of rows, without that of names of accounts.
const COLUMNS: [Column; 11] = [
    ("period", Kind::Text),
    ("billing_account_id", Kind::Text),
    ("connection_id", Kind::Text),
    ("our_bytes", Kind::Whole),
    ("bill_usage", Kind::Decimal),
    ("bill_usage_unit", Kind::Text),
    ("our_cost", Kind::Decimal),
    ("bill_cost", Kind::Decimal),
    ("difference", Kind::Decimal),
    ("class", Kind::Text),
    ("explanation", Kind::Prose),
];

impl Reconciled {
    /// The same, with names of accounts beside their ids.
    #[must_use]
    pub fn with_accounts(self, accounts: Option<Arc<Accounts>>) -> Self {
        Self { accounts, ..self }
    }

    /// The values of a row, in the order of its columns.
    fn values(&self, row: &Row) -> Vec<Cell> {
        let name = self
            .accounts
            .as_ref()
            .map(|accounts| Cell::of(accounts.get(&row.account).and_then(Account::name)));
        let (usage, unit) = row.bill_usage.as_ref().map(|(usage, unit)| (usage, unit)).unzip();
        let rest = [
            Cell::of(row.connection.as_deref()),
            Cell::of(row.our_bytes),
            Cell::of(usage),
            Cell::of(unit),
            Cell::text(row.our_cost),
            Cell::text(row.bill_cost),
            Cell::text(row.difference),
            Cell::Code(row.class.as_str()),
            Cell::Said(row.explanation.clone()),
        ];
        [Cell::text(self.period(row)), Cell::text(&row.account)].into_iter().chain(name).chain(rest).collect()
    }
}

/// Settings as one fact.
fn settings_told(settings: &[(String, String)]) -> Sentence {
    let setting = |(name, value): &(String, String)| Said::Setting {
        name: name.as_str().into(),
        value: Word(value.as_str().into()),
    };
    Said::Settings { settings: Clauses(settings.iter().map(setting).collect()) }.into()
}

/// Compares the lines of a bill with what we bill, whose periods are [`BillSide::grain`].
///
/// # Errors
///
/// [`Overflow`](crate::ErrorKind::Overflow) where sums are too large to be exact;
/// [`Internal`](crate::ErrorKind::Internal) where the rows do not add up to what either side has.
pub fn reconcile(ours: &OurSide, bill: &BillSide<'_>) -> Result<Reconciled> {
    debug_assert_eq!(ours.grain, bill.grain, "both sides have the same periods");
    let names = Names::of(ours, bill)?;
    let pairs = pairs(ours, bill, &names)?;
    check_bill(bill, &pairs)?;
    let mut open = Vec::with_capacity(pairs.len());
    for (_, pair) in &pairs {
        open.push(pair.weigh(ours, bill.basis)?);
    }
    let moved = Moved { ours, names: &names, pairs: &pairs, open: &open };
    let mut why: Vec<Option<(Class, Sentence)>> = vec![None; pairs.len()];
    moved.in_time(&mut why)?;
    moved.between_accounts(&mut why)?;
    let mut rows = Vec::with_capacity(pairs.len() + names.accounts.len());
    let mut net = Nets::new();
    for (((key, pair), open), found) in pairs.iter().zip(open).zip(why) {
        let (exact, shown) = net.entry((key.account, ours.month_start(key.period))).or_default();
        let own = pair.net(ours)?;
        *exact = exact.checked_add(own).ok_or_else(too_large)?;
        *shown = shown.checked_add(Amount::of_numerator(own, BILL_DECIMALS).printed(ours.gb)?)?;
        let (class, why) = pair.class(ours, bill.basis, open, found)?;
        rows.push(pair.row(ours, bill, &names, key, class, why)?);
    }
    let rounding = rounding_rows(ours, bill, &names, &net)?;
    let mut rows = with_rounding(rows, rounding);
    rows.shrink_to_fit();
    let notes = notes(ours, bill, &rows);
    let mut done = finish(ours, rows, bill.basis.as_str())?;
    (done.codes_met, done.kept_apart, done.notes) = (bill.codes_met.clone(), bill.kept_apart.clone(), notes);
    Ok(done)
}

/// What the provider bills: lines, or figures of invoices where those are all that there is.
#[derive(Debug, Clone)]
pub enum Billed {
    /// A bill, and which of its lines are compared.
    Lines(Bill, BillChoice),
    /// By account, as [`invoices`] reads them.
    Invoices(BTreeMap<String, Printed>),
}

impl Billed {
    /// Compares it with months of traffic that follow one another: their reports, and what those were made of.
    ///
    /// # Errors
    ///
    /// Those of [`OurSide::of_metered`], [`OurSide::joined`], [`BillSide::choose`] and [`reconcile`](fn@reconcile), or
    /// [`reconcile_totals`].
    pub fn with_metered(
        &self,
        reports: &[Report],
        metered: &[Metered],
        catalog: &Catalog,
    ) -> Result<Reconciled> {
        let months: Vec<BillingMonth> = reports.iter().map(|report| report.month).collect();
        self.compared(&months, &catalog.currency, |grain| {
            let months = reports.iter().zip(metered);
            OurSide::joined(
                months.map(|(report, metered)| OurSide::of_metered(report, metered, catalog, grain)),
            )
        })
    }

    /// Likewise with reports that were read, of which one account alone is compared where it is named. Where the catalog that
    /// priced them is not given, it is a shipped one that has the same prices.
    ///
    /// # Errors
    ///
    /// Likewise; those of [`OurSide::of_reported`] in place of [`OurSide::of_metered`].
    pub fn with_reported(
        &self,
        reported: &[ReportedMonth],
        catalog: Option<&Catalog>,
        account: Option<&str>,
    ) -> Result<Reconciled> {
        let first = reported.first().ok_or_else(|| Error::usage("there is no month to compare"))?;
        let shipped = match catalog {
            Some(_) => None,
            None => Catalog::shipped(&first.catalog[0])
                .ok()
                .filter(|own| own.summary().price_digest == first.catalog[2]),
        };
        let catalog = catalog.or(shipped.as_ref());
        let months: Vec<BillingMonth> = reported.iter().map(|month| month.month).collect();
        self.compared(&months, &first.currency, |grain| {
            let side = |month| OurSide::of_reported(month, catalog, account, grain);
            OurSide::joined(reported.iter().map(side))
        })
    }

    /// Compares it with our side, which is made by the periods that the bill tells.
    fn compared(
        &self,
        months: &[BillingMonth],
        currency: &str,
        ours: impl Fn(Grain) -> Result<OurSide>,
    ) -> Result<Reconciled> {
        match self {
            Self::Invoices(figures) => reconcile_totals(&ours(Grain::Month)?, figures),
            Self::Lines(bill, choice) => {
                let bill = BillSide::choose(bill, choice, months, currency)?;
                reconcile(&ours(bill.grain())?, &bill)
            }
        }
    }
}

/// Reads what invoices say that accounts pay, each as its id and an amount.
///
/// # Errors
///
/// [`Usage`](crate::ErrorKind::Usage) where an id or an amount is none, or an account has two.
pub fn invoices<'a>(
    figures: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<String, Printed>> {
    let mut read = BTreeMap::new();
    for (account, amount) in figures {
        let refused = |why: &str| {
            let argument = format!("{account}={amount}");
            Error::setting("bill-total", format!("{argument:?}: {why}"))
        };
        let id = read_account(unwrapped(account)).map_err(|why| refused(why.message()))?;
        let amount = Printed::parse(amount.trim()).map_err(|why| refused(why.message()))?;
        if read.insert(id.to_owned(), amount).is_some() {
            return Err(refused("this account has a figure already"));
        }
    }
    Ok(read)
}

/// Names of accounts and connections of both sides, by which rows are sorted.
struct Names {
    accounts: Vec<Arc<str>>,
    connections: Vec<Arc<str>>,
    account_index: HashMap<Arc<str>, u32>,
    connection_index: HashMap<Arc<str>, u32>,
}

/// The connection of rows that are of none: behind all others.
const NO_CONNECTION: u32 = u32::MAX;

impl Names {
    fn of(ours: &OurSide, bill: &BillSide<'_>) -> Result<Self> {
        let (mut accounts, mut connections) = (BTreeMap::new(), BTreeMap::new());
        fn add(names: &mut BTreeMap<Arc<str>, u32>, name: &str) {
            if !names.contains_key(name) {
                names.insert(name.into(), 0);
            }
        }
        let own = ours.months.iter().flat_map(|month| &month.accounts);
        own.for_each(|account| add(&mut accounts, &account.id));
        ours.each_end(bill.basis, |end| {
            add(&mut accounts, end.account);
            add(&mut connections, end.connection);
            Ok(())
        })?;
        for line in bill.usage.iter().chain(&bill.rounding) {
            add(&mut accounts, &line.item.account_id);
            line.item.connection_id.iter().for_each(|id| add(&mut connections, id));
        }
        let list = |names: BTreeMap<Arc<str>, u32>| names.into_keys().collect::<Vec<_>>();
        let index = |names: &[Arc<str>]| names.iter().cloned().zip(0..).collect::<HashMap<_, _>>();
        let (accounts, connections) = (list(accounts), list(connections));
        let (account_index, connection_index) = (index(&accounts), index(&connections));
        Ok(Self { accounts, connections, account_index, connection_index })
    }

    fn account(&self, id: &str) -> u32 {
        // OK because all names of both sides are there.
        self.account_index.get(id).copied().unwrap_or_default()
    }

    fn connection(&self, id: Option<&str>) -> u32 {
        id.and_then(|id| self.connection_index.get(id)).copied().unwrap_or(NO_CONNECTION)
    }
}

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    account: u32,
    connection: u32,
    period: Hour,
}

/// Both sides of a row; at least one of them is there.
#[derive(Debug, Default)]
struct Pair {
    ours: Option<OurSums>,
    bill: Option<BillSums>,
}

/// All rows that either side has, sorted.
fn pairs(ours: &OurSide, bill: &BillSide<'_>, names: &Names) -> Result<Vec<(Key, Pair)>> {
    let mut pairs: HashMap<Key, Pair> = HashMap::new();
    ours.each_end(bill.basis, |end| {
        let connection = Some(&**end.connection).filter(|_| bill.by_connection);
        let (account, connection) = (names.account(end.account), names.connection(connection));
        let pair = pairs.entry(Key { account, connection, period: end.period }).or_default();
        pair.ours.get_or_insert_default().add(&end.parts, end.reversed)
    })?;
    for line in &bill.usage {
        let item = &line.item;
        let connection = item.connection_id.as_deref().filter(|_| bill.by_connection);
        let (account, connection) = (names.account(&item.account_id), names.connection(connection));
        let period = bill.grain.start(line.period.hours().start);
        let pair = pairs.entry(Key { account, connection, period }).or_default();
        pair.bill.get_or_insert_default().add(line, bill.basis)?;
    }
    let mut pairs: Vec<(Key, Pair)> = pairs.into_iter().collect();
    pairs.sort_unstable_by_key(|(key, _)| *key);
    Ok(pairs)
}

/// Every line that is compared is in a row, and none twice.
fn check_bill(bill: &BillSide<'_>, pairs: &[(Key, Pair)]) -> Result<()> {
    let mut all = BillSums::default();
    bill.usage.iter().try_for_each(|line| all.add(line, bill.basis))?;
    let (mut cost, mut lines) = (Printings::default(), 0u64);
    for sums in pairs.iter().filter_map(|(_, pair)| pair.bill.as_ref()) {
        cost.add(sums.cost)?;
        lines += u64::from(sums.lines);
    }
    match (cost, lines) == (all.cost, bill.usage.len() as u64) {
        true => Ok(()),
        false => Err(Error::internal("rows do not add up to the lines of the bill")),
    }
}

/// A row that does not agree, before it is known why.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// The bill's amount less ours, and within what the bill's may be off.
    difference: i128,
    limit: i128,
    /// Likewise of usage, as what it costs at 1; `None` where the bill does not tell it.
    usage: Option<(i128, i128)>,
    /// Whether there is more than a net amount that differs.
    moves: bool,
    /// Whether both sides have the row.
    both: bool,
    /// Whether the bill has what the other direction sent.
    reversed: bool,
}

/// How a row looks at first.
#[derive(Debug)]
enum Weight {
    Agrees(Class, Sentence),
    Open(Open),
}

impl Pair {
    /// Whether the row agrees, and what is open where it does not.
    fn weigh(&self, ours: &OurSide, basis: Basis) -> Result<Weight> {
        let nothing = || Weight::Agrees(Class::Match, Said::NothingToPay {}.into());
        match (&self.ours, &self.bill) {
            (Some(own), Some(bill)) => {
                let row = Weighed::new(ours, basis, own, bill)?;
                if let Some((class, why)) = row.agreement()? {
                    return Ok(Weight::Agrees(class, why.into()));
                }
                let usage = bill.gb_usage().map(|usage| -> Result<_> {
                    Ok((usage.value(ours.gb)? - quantity(own.bytes)?, usage.limit(ours.gb)?))
                });
                Ok(Weight::Open(Open {
                    difference: row.value - row.cost,
                    limit: row.limit,
                    usage: usage.transpose()?,
                    moves: !row.is_cost()?,
                    both: true,
                    reversed: row.is_reversed()?,
                }))
            }
            (Some(own), None) => {
                let cost = cost_of(ours, &own.parts, |price| Some(price.by(basis)))?.unwrap_or_default();
                if cost == 0 && self.net(ours)? == 0 {
                    return Ok(nothing());
                }
                let usage = Some((-quantity(own.bytes)?, 0));
                Ok(Weight::Open(Open {
                    difference: -cost,
                    limit: 0,
                    usage,
                    moves: true,
                    both: false,
                    reversed: false,
                }))
            }
            (None, Some(bill)) => {
                let (difference, limit) = (bill.cost.value(ours.gb)?, bill.cost.limit(ours.gb)?);
                if difference == 0 && bill.net.get().is_none_or(|net| net.units == 0) {
                    return Ok(nothing());
                }
                let usage = bill.gb_usage();
                let usage =
                    usage.map(|usage| -> Result<_> { Ok((usage.value(ours.gb)?, usage.limit(ours.gb)?)) });
                let usage = usage.transpose()?;
                Ok(Weight::Open(Open { difference, limit, usage, moves: true, both: false, reversed: false }))
            }
            (None, None) => Err(Error::internal("a row is of neither side")),
        }
    }

    /// The class of the row, and why; `moved` is where its difference was found elsewhere.
    fn class(
        &self,
        ours: &OurSide,
        basis: Basis,
        weight: Weight,
        moved: Option<(Class, Sentence)>,
    ) -> Result<(Class, Sentence)> {
        if let Weight::Agrees(class, why) = weight {
            return Ok((class, why));
        }
        // A row that one side lacks is missing first of all, but where its amount stands is told.
        let elsewhere = moved.as_ref().map(|(_, why)| Said::StandsElsewhere { why: why.clone() }.into());
        match (&self.ours, &self.bill) {
            (Some(own), None) => {
                let cost = cost_of(ours, &own.parts, |price| Some(price.by(basis)))?.unwrap_or_default();
                let own = arithmetic(ours, &own.parts, |price| Some(price.by(basis)), cost)?;
                Ok((Class::MissingInBill, Said::NoLineOfBill { own, elsewhere }.into()))
            }
            (None, Some(bill)) => {
                let cost = bill.cost.text(2);
                let why = match bill.gb_usage().map(|usage| usage.text(0)) {
                    Some(usage) => Said::NoTrafficOfUsage { cost, usage, elsewhere },
                    None => Said::NoTrafficOfOurs { cost, elsewhere },
                };
                Ok((Class::MissingInOurs, why.into()))
            }
            (Some(own), Some(bill)) => match moved {
                Some(moved) => Ok(moved),
                None => {
                    let (class, why) = Weighed::new(ours, basis, own, bill)?.cause()?;
                    Ok((class, why.into()))
                }
            },
            (None, None) => Err(Error::internal("a row is of neither side")),
        }
    }

    /// What we bill for it at contracted prices.
    fn net(&self, ours: &OurSide) -> Result<i128> {
        let Some(own) = &self.ours else { return Ok(0) };
        Ok(cost_of(ours, &own.parts, |price| Some(price.contracted))?.unwrap_or_default())
    }

    fn row(
        &self,
        ours: &OurSide,
        bill: &BillSide<'_>,
        names: &Names,
        key: &Key,
        class: Class,
        why: Sentence,
    ) -> Result<Row> {
        let parts = self.ours.as_ref().map_or(&[][..], |own| &own.parts);
        let cost = cost_of(ours, parts, |price| Some(price.by(bill.basis)))?.unwrap_or_default();
        let our_cost = Amount::of_numerator(cost, BILL_DECIMALS).printed(ours.gb)?;
        let bill_cost = self.bill.as_ref().map_or(Ok(Money::ZERO), |sums| sums.cost.money())?;
        let usage = self.bill.as_ref().and_then(|sums| match &sums.unit {
            Unit::Of(unit) => sums.usage.get().map(|usage| (usage.text(0), unit.clone())),
            _ => None,
        });
        Ok(Row {
            start: key.period,
            grain: bill.grain,
            account: names.accounts[key.account as usize].clone(),
            connection: names.connections.get(key.connection as usize).cloned(),
            our_bytes: self.ours.as_ref().map(|own| own.bytes),
            bill_usage: usage,
            our_cost,
            bill_cost,
            difference: bill_cost.checked_sub(our_cost)?,
            class,
            explanation: why,
        })
    }
}

/// Differences that stand elsewhere with the other sign.
struct Moved<'a> {
    ours: &'a OurSide,
    names: &'a Names,
    pairs: &'a [(Key, Pair)],
    open: &'a [Weight],
}

impl Moved<'_> {
    fn open(&self, at: usize) -> Option<&Open> {
        if let Weight::Open(open) = &self.open[at] { Some(open) } else { None }
    }

    /// Whether the differences of these rows net out within the bill's precision, by moving usage.
    ///
    /// All of that precision is less than what moves: else anything would net out.
    fn nets_out(&self, rows: &[usize]) -> Result<bool> {
        let (mut sum, mut limit, mut most) = (0i128, 0i128, 0i128);
        let mut usage = Some((0i128, 0i128));
        let mut moves_usage = true;
        let add = |one: i128, other: i128| one.checked_add(other).ok_or_else(too_large);
        for open in rows.iter().filter_map(|at| self.open(*at)) {
            (sum, limit) = (add(sum, open.difference)?, add(limit, open.limit)?);
            most = most.max(open.difference.abs());
            moves_usage &= open.usage.is_none_or(|(moved, limit)| moved.abs() > limit);
            usage = match (usage, open.usage) {
                (Some((sum, limit)), Some((moved, off))) => Some((add(sum, moved)?, add(limit, off)?)),
                _ => None,
            };
        }
        let usage_nets = usage.is_none_or(|(sum, limit)| sum.abs() <= limit);
        Ok(sum.abs() <= limit && limit < most && moves_usage && usage_nets)
    }

    /// Finds runs of neighbouring periods whose differences net out: the shortest first, from the earliest on.
    fn in_time(&self, why: &mut [Option<(Class, Sentence)>]) -> Result<()> {
        let grain = self.ours.grain;
        let mut run: Vec<usize> = Vec::new();
        for (at, (key, _)) in self.pairs.iter().enumerate() {
            let follows = run.last().is_some_and(|last| {
                let before = &self.pairs[*last].0;
                let same = (before.account, before.connection) == (key.account, key.connection);
                same && grain.next(before.period) == key.period
            });
            if !follows {
                run.clear();
            }
            // A net amount that differs alone moves nowhere.
            if self.open(at).is_none_or(|open| !open.moves) {
                run.clear();
                continue;
            }
            run.push(at);
            let mut sum = 0i128;
            let mut limit = 0i128;
            for first in (0..run.len()).rev() {
                let Some(open) = self.open(run[first]) else { continue };
                sum = sum.checked_add(open.difference).ok_or_else(too_large)?;
                limit = limit.checked_add(open.limit).ok_or_else(too_large)?;
                if first + 1 < run.len() && sum.abs() <= limit && self.nets_out(&run[first..])? {
                    let text = self.moved_in_time(&run[first..])?;
                    run[first..].iter().for_each(|at| why[*at] = Some((Class::TimeEdge, text.clone())));
                    run.clear();
                    break;
                }
            }
        }
        Ok(())
    }

    fn moved_in_time(&self, rows: &[usize]) -> Result<Sentence> {
        /// So many differences are told.
        const TOLD: usize = 4;
        let period = |at: usize| self.ours.grain.text(self.pairs[at].0.period).into();
        let mut told = Vec::new();
        for at in rows.iter().take(TOLD) {
            told.push(self.signed(*at)?);
        }
        if rows.len() > TOLD {
            told.push("...".to_owned());
        }
        let (sum, limit) = self.sum(rows)?;
        let (first, last, differences) =
            (period(rows[0]), period(rows[rows.len() - 1]), told.join(" ").into());
        Ok(Said::MovesInTime { first, last, differences, sum, limit }.into())
    }

    /// A difference with its sign.
    fn signed(&self, at: usize) -> Result<String> {
        let difference = self.open(at).map_or(0, |open| open.difference);
        let sign = if difference < 0 { "" } else { "+" };
        Ok(format!("{sign}{}", printed(difference, self.ours.gb)?))
    }

    /// What the differences of rows add up to, and within what they may be off together.
    fn sum(&self, rows: &[usize]) -> Result<(Money, Money)> {
        let (mut sum, mut limit) = (0i128, 0i128);
        for open in rows.iter().filter_map(|at| self.open(*at)) {
            // OK because the sums were made before.
            (sum, limit) = (sum + open.difference, limit + open.limit);
        }
        Ok((printed(sum, self.ours.gb)?, printed(limit, self.ours.gb)?))
    }

    /// Finds pairs of accounts of one connection and period, of which one is billed what the other is not.
    fn between_accounts(&self, why: &mut [Option<(Class, Sentence)>]) -> Result<()> {
        let mut places: BTreeMap<(u32, Hour), Vec<usize>> = BTreeMap::new();
        for (at, (key, _)) in self.pairs.iter().enumerate() {
            let moves = self.open(at).is_some_and(|open| open.moves);
            if moves && why[at].is_none() {
                places.entry((key.connection, key.period)).or_default().push(at);
            }
        }
        for rows in places.into_values() {
            let (less, mut more): (Vec<usize>, Vec<usize>) =
                rows.into_iter().partition(|at| self.open(*at).is_some_and(|open| open.difference < 0));
            for less in less {
                let mut mate = None;
                for (place, more) in more.iter().enumerate() {
                    if !self.is_exchange(less, *more) && self.nets_out(&[less, *more])? {
                        mate = Some(place);
                        break;
                    }
                }
                let Some(more) = mate.map(|place| more.remove(place)) else { continue };
                let moved = self.moved_to_account(less, more)?;
                for at in [less, more] {
                    why[at] = Some((Class::Account, moved.clone()));
                }
            }
        }
        Ok(())
    }

    fn moved_to_account(&self, less: usize, more: usize) -> Result<Sentence> {
        let account = |at: usize| self.names.accounts[self.pairs[at].0.account as usize].clone();
        let (sum, limit) = self.sum(&[less, more])?;
        let (from, to) = (self.signed(less)?, self.signed(more)?);
        let moved = Said::MovesToAccount {
            less: from.trim_start_matches('-').into(),
            account: account(less),
            other: account(more),
            from: from.into(),
            to: to.into(),
            sum,
            limit,
        };
        Ok(moved.into())
    }

    /// Whether two accounts are billed what the other one sent: then directions are exchanged, and no amount is moved.
    fn is_exchange(&self, one: usize, other: usize) -> bool {
        [one, other].iter().all(|at| self.open(*at).is_some_and(|open| open.both && open.reversed))
    }
}

/// What rows cost at contracted prices, exactly and as printed, by account and the first hour of the month.
type Nets = HashMap<(u32, Hour), (i128, Money)>;

/// What each account's sides round by in each month: our payable less what its rows print, and the bill's lines of rounding.
fn rounding_rows(
    ours: &OurSide,
    bill: &BillSide<'_>,
    names: &Names,
    net: &Nets,
) -> Result<BTreeMap<(Arc<str>, Hour), Row>> {
    let mut sums: BTreeMap<(u32, Hour), (Money, Printings, u64)> = BTreeMap::new();
    for month in &ours.months {
        for account in &month.accounts {
            let place = (names.account(&account.id), month.start);
            let (exact, shown) = net.get(&place).copied().unwrap_or_default();
            let (mode, decimals) = ours.rounding;
            // R11: what is payable is the exact sum of the rows, rounded once.
            if Amount::of_numerator(exact, BILL_DECIMALS).round(ours.gb, decimals, mode)? != account.payable {
                let what = format!("rows of {} in {} do not add up to what it pays", account.id, month.month);
                return Err(Error::internal(what));
            }
            sums.entry(place).or_default().0 = account.payable.checked_sub(shown)?;
        }
    }
    for line in &bill.rounding {
        let start = ours.month_start(line.period.hours().start);
        let (_, sum, lines) = sums.entry((names.account(&line.item.account_id), start)).or_default();
        sum.add(rounding_of(line)?)?;
        *lines += 1;
    }
    let mut rows = BTreeMap::new();
    for ((account, start), (adjustment, sum, lines)) in sums {
        if adjustment == Money::ZERO && lines == 0 {
            continue;
        }
        let account = names.accounts[account as usize].clone();
        let bill_cost = sum.money()?;
        let why = Said::RoundedByBoth { adjustment, lines, sum: bill_cost };
        rows.insert(
            (account.clone(), start),
            Row {
                start,
                grain: Grain::Month,
                account,
                connection: None,
                our_bytes: None,
                bill_usage: None,
                our_cost: adjustment,
                bill_cost,
                difference: bill_cost.checked_sub(adjustment)?,
                class: Class::Rounding,
                explanation: why.into(),
            },
        );
    }
    Ok(rows)
}

/// Rows with those of its rounding behind those of each account.
fn with_rounding(rows: Vec<Row>, mut rounding: BTreeMap<(Arc<str>, Hour), Row>) -> Vec<Row> {
    let mut all = Vec::with_capacity(rows.len() + rounding.len());
    for row in rows {
        // Those of accounts before this one.
        while let Some(entry) = rounding.first_entry().filter(|entry| entry.key().0 < row.account) {
            all.push(entry.remove());
        }
        all.push(row);
    }
    all.extend(rounding.into_values());
    all
}

/// Sums the rows, of such amounts, and checks that they add up.
fn finish(ours: &OurSide, rows: Vec<Row>, amounts: &'static str) -> Result<Reconciled> {
    let mut totals = Totals::default();
    let mut classes: BTreeMap<Class, (Money, u64)> = BTreeMap::new();
    for row in &rows {
        totals.ours = totals.ours.checked_add(row.our_cost)?;
        totals.bill = totals.bill.checked_add(row.bill_cost)?;
        let (sum, count) = classes.entry(row.class).or_default();
        *sum = sum.checked_add(row.difference)?;
        *count += 1;
    }
    totals.difference = totals.bill.checked_sub(totals.ours)?;
    let classified = classes.values().try_fold(Money::ZERO, |sum, (own, _)| sum.checked_add(*own))?;
    if classified != totals.difference {
        return Err(Error::internal("differences of classes do not add up to that of the totals"));
    }
    let total = |(class, (difference, rows))| ClassTotal { class, difference, rows };
    let facts = ours.facts().into_iter().map(|(name, value)| (name, Cell::text(value)));
    let facts = facts.chain([("amounts", Cell::Word(amounts.into()))]).collect();
    Ok(Reconciled {
        months: ours.months().collect(),
        currency: ours.currency.clone(),
        facts,
        rows,
        totals,
        classes: classes.into_iter().map(total).collect(),
        codes_met: Vec::new(),
        kept_apart: Vec::new(),
        notes: Vec::new(),
        settings: Vec::new(),
        accounts: None,
    })
}

/// What a reader should know.
fn notes(ours: &OurSide, bill: &BillSide<'_>, rows: &[Row]) -> Vec<Sentence> {
    let mut notes = bill.notes.clone();
    let item = |met: &CodeMet| {
        let CodeMet { code, lines, compared } = met.clone();
        match code.is_empty() {
            true => Said::ItemWithoutCode { lines, compared },
            false => Said::ItemMet { code, lines, compared },
        }
    };
    notes.push(Said::ItemsOfBill { items: bill.codes_met.iter().map(item).collect() }.into());
    let silent = rows.iter().filter(|row| row.grain == bill.grain && row.bill_cost != Money::ZERO);
    let count = silent.filter(|row| row.bill_usage.as_ref().is_none_or(|(_, unit)| &**unit != "GB")).count();
    notes.extend((count > 0).then(|| Said::RowsWithoutGb { count }.into()));
    let is_silent = !ours.knows_other_types && rows.iter().any(|row| !row.class.agrees());
    notes.extend(is_silent.then(|| Said::OtherTypesNotKnown {}.into()));
    notes
}

/// Compares what accounts pay with figures of invoices: one row for each account that is named.
///
/// # Errors
///
/// As [`reconcile`](fn@reconcile); [`Usage`](crate::ErrorKind::Usage) where ours are several months: an invoice is of one.
pub fn reconcile_totals(ours: &OurSide, invoices: &BTreeMap<String, Printed>) -> Result<Reconciled> {
    let [month] = &ours.months[..] else {
        return Err(Error::usage(
            "the figure of an invoice is of one month: compare each month with its own",
        ));
    };
    let mut sums: HashMap<Arc<str>, OurSums> = HashMap::new();
    ours.each_end(Basis::Net, |end| sums.entry(end.account.clone()).or_default().add(&end.parts, None))?;
    let mut rows = Vec::new();
    for (id, printed) in invoices {
        let own = sums.get(&**id);
        let payable =
            month.accounts.iter().find(|account| *account.id == **id).map(|account| account.payable);
        let invoice = Invoice { ours, sums: own, payable, printed: *printed };
        let (class, why) = invoice.class()?;
        let (our_cost, bill_cost) = (payable.unwrap_or(Money::ZERO), Printings::of(*printed)?.money()?);
        rows.push(Row {
            start: month.start,
            grain: Grain::Month,
            account: id.as_str().into(),
            connection: None,
            our_bytes: payable.map(|_| own.map_or(0, |sums| sums.bytes)),
            bill_usage: None,
            our_cost,
            bill_cost,
            difference: bill_cost.checked_sub(our_cost)?,
            class,
            explanation: why.into(),
        });
    }
    let mut done = finish(ours, rows, "payable")?;
    let count = month.accounts.iter().filter(|account| !invoices.contains_key(&*account.id)).count();
    done.notes.extend((count > 0).then(|| Said::AccountsWithoutFigure { count }.into()));
    Ok(done)
}

/// What an account pays, and a figure that somebody was billed.
struct Invoice<'a> {
    ours: &'a OurSide,
    sums: Option<&'a OurSums>,
    payable: Option<Money>,
    printed: Printed,
}

impl Invoice<'_> {
    fn class(&self) -> Result<(Class, Said)> {
        let figure = Printings::of(self.printed)?.text(2);
        let Some(payable) = self.payable else {
            return Ok(match self.printed.is_zero() {
                true => (Class::Match, Said::NothingToPay {}),
                false => (Class::MissingInOurs, Said::InvoiceWithoutTraffic { figure }),
            });
        };
        if self.is(payable)? {
            let off = Printings::of(self.printed)?.money()?.checked_sub(payable)?;
            return Ok(match off == Money::ZERO {
                true => (Class::Match, Said::InvoiceIsPayable { figure }),
                false => (Class::Rounding, Said::InvoiceIsRounded { figure, off }),
            });
        }
        for (class, cause, cost) in self.causes()? {
            if self.is(cost)? {
                return Ok((class, Said::InvoiceWouldBe { cause: cause.into(), cost, payable }));
            }
        }
        Ok((Class::Unexplained, Said::InvoiceNotExplained { figure, payable }))
    }

    /// Whether the figure is this amount, within its own precision.
    fn is(&self, amount: Money) -> Result<bool> {
        let figure = Printings::of(self.printed)?;
        let own = amount.units().checked_mul(10i128.pow(BILL_DECIMALS - 10)).ok_or_else(too_large)?;
        Ok((figure.units - own).abs() <= figure.tolerance)
    }

    /// What would be payable where one thing were otherwise, and differs by it.
    fn causes(&self) -> Result<Vec<(Class, Said, Money)>> {
        let Some(sums) = self.sums else { return Ok(Vec::new()) };
        let (mode, decimals) = self.ours.rounding;
        let mut found = Vec::new();
        for (class, cause, cost, gb) in classify::alternatives(self.ours, &sums.parts)? {
            let payable = Amount::of_numerator(cost, BILL_DECIMALS).round(gb, decimals, mode)?;
            found.push((class, cause, payable));
        }
        Ok(found)
    }
}
