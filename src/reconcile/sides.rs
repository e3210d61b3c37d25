//! The two sides of a comparison, each summed to the rows that both can tell: what we bill, and what the provider does.

use crate::{
    attribution::attribute,
    catalog::Catalog,
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::Metered,
    model::{
        checked_add,
        finding::{Said, Sentence},
        inventory::Inventory,
        link::LinkType,
        money::{Amount, Exact, Gb, Money, PRINTED_DECIMALS, Rounding, UnitPrice},
        time::{BillingMonth, Hour, Offset, Period},
        usage::EndIndex,
    },
    read::ReportedMonth,
    read::bill::{
        Bill,
        BillCategory::{self, Rounding as RoundingLine, Usage},
        BillLine, BillPeriod, CDT, Printed,
    },
    report::Report,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The periods that rows are of: the finest that both sides tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// Billing hours.
    Hour,
    /// Calendar days at UTC+8.
    Day,
    /// Billing months at UTC+8.
    Month,
}

impl Grain {
    /// The period that `hour` lies in.
    fn period(self, hour: Hour) -> Period {
        match self {
            Self::Hour => Period { start: hour, end: hour.next() },
            Self::Day => Offset::CHINA.day_of(hour),
            // OK because what is compared lies in months: nothing else is of this grain.
            Self::Month => month_of(hour)
                .map_or(Period { start: hour, end: hour.next() }, |month| month.period(Offset::CHINA)),
        }
    }

    /// The first hour of the period that `hour` lies in.
    pub(super) fn start(self, hour: Hour) -> Hour {
        self.period(hour).start
    }

    /// The first hour of the period after the one that begins at `start`.
    pub(super) fn next(self, start: Hour) -> Hour {
        self.period(start).end
    }

    /// How the period that begins at `start` is written: `2026-10`, `2026-10-05` or `2026-10-05T03:00:00Z`.
    pub(super) fn text(self, start: Hour) -> String {
        match self {
            Self::Hour => start.to_string(),
            Self::Day => Offset::CHINA.date_of(start),
            Self::Month => month_of(start).map_or_else(|| start.to_string(), |month| month.to_string()),
        }
    }
}

/// The billing month of the provider's that an hour lies in.
fn month_of(hour: Hour) -> Option<BillingMonth> {
    BillingMonth::of(hour, Offset::CHINA).ok()
}

/// Months that follow one another, as they are written: `2026-10`, or `2026-07..2026-09`.
pub(super) fn told(months: &[BillingMonth]) -> String {
    match months {
        [] => String::new(),
        [month] => month.to_string(),
        [first, .., last] => format!("{first}..{last}"),
    }
}

/// A price that bytes were billed at, with what the same bytes would cost over the other link type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OurPrice {
    pub link_type: LinkType,
    /// Of one GB; the contracted one where there is no list price.
    pub list: UnitPrice,
    pub contracted: UnitPrice,
    /// Both prices of the other link type, where they are known.
    pub other: Option<(UnitPrice, UnitPrice)>,
}

impl OurPrice {
    /// The price of one GB that a basis compares.
    pub fn by(&self, basis: Basis) -> UnitPrice {
        if basis == Basis::List { self.list } else { self.contracted }
    }

    /// Likewise over a link type, where that is known.
    pub fn over(&self, link_type: LinkType, basis: Basis) -> Option<UnitPrice> {
        if self.link_type == link_type {
            return Some(self.by(basis));
        }
        self.other.map(|(list, contracted)| if basis == Basis::List { list } else { contracted })
    }
}

/// Which amounts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// List amounts with list amounts.
    List,
    /// Net amounts with net amounts: not every line tells a list amount.
    Net,
}

impl Basis {
    /// `list` or `net`.
    pub fn as_str(self) -> &'static str {
        if self == Self::List { "list" } else { "net" }
    }
}

/// Bytes that an end sent in a period, at one price.
#[derive(Debug, Clone, Copy)]
struct Cell {
    end: u32,
    price: u32,
    period: Hour,
    bytes: u128,
}

/// What one account pays for the month.
#[derive(Debug, Clone)]
pub(super) struct OurAccount {
    pub id: Arc<str>,
    pub payable: Money,
}

/// What we bill for one month.
#[derive(Debug, Clone)]
pub(super) struct OurMonth {
    /// The billing month, with its edges at UTC+8.
    pub month: BillingMonth,
    /// Its first hour.
    pub start: Hour,
    /// The digest over its metered hours.
    usage_digest: String,
    pub accounts: Vec<OurAccount>,
    /// By end: the account that pays; empty where the end has no charged traffic. Months mostly have the same.
    payers: Arc<[Arc<str>]>,
    /// By end: its connection.
    connections: Arc<[Arc<str>]>,
    cells: Vec<Cell>,
}

/// Our side: what we bill for a month or several, by end, period and price. Free traffic is no part of it (R1).
#[derive(Debug, Clone)]
pub struct OurSide {
    /// The currency of all amounts (R13).
    pub currency: String,
    /// What one GB is (R9).
    pub gb: Gb,
    /// The catalog that priced it, and the digest over all its prices.
    catalog: [(&'static str, String); 2],
    /// Whether the prices of the other link type were looked for.
    pub knows_other_types: bool,
    pub(super) rounding: (Rounding, u32),
    pub(super) grain: Grain,
    /// What is billed, by month: months follow one another, and there is at least one.
    pub(super) months: Vec<OurMonth>,
    pub(super) prices: Vec<OurPrice>,
    /// The only account that is compared, where one is named.
    only: Option<Arc<str>>,
}

impl OurSide {
    /// What the traffic of a report costs, by periods of this grain; `metered` and `catalog` are those that it was made of.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where the month has its edges elsewhere than the provider's bills have;
    /// [`MissingPrice`](crate::ErrorKind::MissingPrice) and [`Overflow`](crate::ErrorKind::Overflow) as a report has them.
    pub fn of_metered(report: &Report, metered: &Metered, catalog: &Catalog, grain: Grain) -> Result<Self> {
        if metered.offset() != Offset::CHINA {
            let why =
                format!("{}: the provider's bills have their days and months at +08:00", metered.offset());
            return Err(Error::setting("offset", why));
        }
        let inventory = metered.inventory();
        let ends = || EndIndex::all(inventory.connections().len());
        let payer = |end: EndIndex| {
            let connection = inventory.connection(end.connection());
            Arc::from(attribute(connection, end.sender()).billing_account_id)
        };
        let connection = |end: EndIndex| inventory.connection(end.connection()).id.clone();
        let only: Option<Arc<str>> = report.options.account.as_deref().map(Arc::from);
        let mut priced = Priced::new(inventory, catalog, grain, only.as_deref());
        metered.usage().try_each(|row| {
            priced.begin(row.hour);
            row.try_each_key(|key, bytes| priced.add(key, row.hour, bytes))
        })?;
        let (prices, cells) = priced.finish();
        let month = OurMonth {
            month: metered.month(),
            start: metered.month().period(Offset::CHINA).start,
            usage_digest: metered.digest()?,
            accounts: accounts(report.statements.iter().map(|own| (&*own.billing_account_id, own.payable))),
            payers: ends().map(payer).collect(),
            connections: ends().map(connection).collect(),
            cells,
        };
        Ok(Self {
            currency: catalog.currency.clone(),
            gb: catalog.gb,
            catalog: [
                ("catalog", format!("{} {}", catalog.name, catalog.version)),
                ("price_digest", catalog.summary().price_digest),
            ],
            knows_other_types: true,
            rounding: (catalog.rounding.mode, catalog.rounding.decimals),
            grain,
            months: vec![month],
            prices,
            only,
        })
    }

    /// Sides of months that follow one another, as one: what moves over the edge of two of them is then seen.
    ///
    /// # Errors
    ///
    /// Those of the sides; [`Usage`](crate::ErrorKind::Usage) where there is none, where months do not follow one another, or where one is billed
    /// otherwise than the first: with other prices, in another currency, or of other accounts.
    pub fn joined(sides: impl IntoIterator<Item = Result<Self>>) -> Result<Self> {
        let mut sides = sides.into_iter();
        let first = sides.next();
        let mut all =
            first.unwrap_or_else(|| Err(Error::usage("there is at least one month that is compared")))?;
        for side in sides {
            let side = side?;
            let alike = (&side.currency, side.gb, side.rounding, side.grain, &side.catalog, &side.only)
                == (&all.currency, all.gb, all.rounding, all.grain, &all.catalog, &all.only);
            let next = all.months.last().map(|last| last.month.period(Offset::CHINA).end);
            let first = side.months.first().map(|first| first.start);
            if !alike || next != first {
                let why = "months that are compared together follow one another, and are billed alike";
                return Err(Error::usage(format!("{} and {}: {why}", all.told(), side.told())));
            }
            // Each month has prices of its own.
            let shift = all.prices.len() as u32;
            all.prices.extend(side.prices);
            all.knows_other_types &= side.knows_other_types;
            for mut month in side.months {
                month.cells.iter_mut().for_each(|cell| cell.price += shift);
                if let Some(last) = all.months.last() {
                    month.share(last);
                }
                all.months.push(month);
            }
        }
        Ok(all)
    }

    /// Its months, as they are written.
    fn told(&self) -> String {
        told(&self.months().collect::<Vec<_>>())
    }

    /// Its months, in order.
    pub fn months(&self) -> impl Iterator<Item = BillingMonth> + '_ {
        self.months.iter().map(|own| own.month)
    }

    /// The first hour of the month that an hour lies in.
    pub(super) fn month_start(&self, hour: Hour) -> Hour {
        let after = self.months.partition_point(|month| month.start <= hour);
        // OK because what is compared lies in one of the months.
        self.months.get(after.saturating_sub(1)).map_or(hour, |month| month.start)
    }

    /// Facts about where it comes from, for the heads of tables.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let digests = match &self.months[..] {
            [only] => only.usage_digest.clone(),
            all => {
                let digest = |own: &OurMonth| format!("{} {}", own.month, own.usage_digest);
                all.iter().map(digest).collect::<Vec<_>>().join(", ")
            }
        };
        self.catalog.iter().cloned().chain([("usage_digest", digests)]).collect()
    }

    /// What a report that was read says that traffic costs, by periods of this grain.
    ///
    /// The prices of the other link type are those of `catalog`, where that is given: it must be the report's.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where the report is not of hours and the grain is finer than months, has its month
    /// elsewhere than the provider's bills have, or was priced by another catalog.
    pub fn of_reported(
        report: &ReportedMonth,
        catalog: Option<&Catalog>,
        account: Option<&str>,
        grain: Grain,
    ) -> Result<Self> {
        let refuse = |why: String| Err(Error::unusable(ErrorKind::Input, &report.name, why));
        if report.offset != Offset::CHINA {
            let why = "the provider's bills have their days and months at +08:00: make the report so";
            return refuse(format!("its month has its edges at {}; {why}", report.offset));
        }
        if !report.hourly && grain != Grain::Month {
            let why = "the bill is finer than a month, and this report has no hours: make it once more with a line for each";
            return refuse(why.into());
        }
        let [name, version, digest] = &report.catalog;
        if let Some(catalog) = catalog.filter(|catalog| catalog.summary().price_digest != *digest) {
            let given = format!("{} {}", catalog.name, catalog.version);
            return refuse(format!(
                "it was priced by {name} {version}, and {given} has other prices or terms"
            ));
        }
        let mut connections: Vec<&str> = report
            .accounts
            .iter()
            .flat_map(|account| &account.lines)
            .map(|line| &*line.connection_id)
            .collect();
        connections.sort_unstable();
        connections.dedup();
        let mut month = OurMonth {
            month: report.month,
            start: report.month.period(Offset::CHINA).start,
            usage_digest: report.usage_digest.clone(),
            accounts: accounts(report.accounts.iter().map(|own| (&*own.id, own.payable))),
            payers: [].into(),
            connections: connections.iter().flat_map(|id| [Arc::from(*id), Arc::from(*id)]).collect(),
            cells: Vec::new(),
        };
        month.accounts.retain(|own| account.is_none_or(|account| account == &*own.id));
        let prices = month.add_lines(report, catalog, grain, &connections)?;
        Ok(Self {
            currency: report.currency.clone(),
            gb: report.gb,
            catalog: [("catalog", format!("{name} {version}")), ("price_digest", digest.clone())],
            knows_other_types: catalog.is_some(),
            rounding: report.rounding,
            grain,
            months: vec![month],
            prices,
            only: account.map(Arc::from),
        })
    }

    /// What each end sent in each period, in the order of months, connections and periods; amounts are of this basis.
    pub(super) fn each_end(
        &self,
        basis: Basis,
        mut each: impl FnMut(EndSums<'_>) -> Result<()>,
    ) -> Result<()> {
        self.months.iter().try_for_each(|month| self.each_end_of(month, basis, &mut each))
    }

    fn each_end_of(
        &self,
        month: &OurMonth,
        basis: Basis,
        each: &mut impl FnMut(EndSums<'_>) -> Result<()>,
    ) -> Result<()> {
        let same = |one: &Cell, other: &Cell| (one.end / 2, one.period) == (other.end / 2, other.period);
        for of_both in month.cells.chunk_by(same) {
            for of_end in of_both.chunk_by(|one, other| one.end == other.end) {
                let (end, period) = (of_end[0].end as usize, of_end[0].period);
                if self.only.as_ref().is_some_and(|only| *only != month.payers[end]) {
                    continue;
                }
                let others = of_both.iter().filter(|cell| cell.end as usize != end);
                each(EndSums {
                    account: &month.payers[end],
                    connection: &month.connections[end],
                    period,
                    parts: of_end.iter().map(|cell| (cell.price, cell.bytes)).collect(),
                    reversed: self.reversed(of_end, others, basis)?,
                })?;
            }
        }
        Ok(())
    }

    /// The bytes of `others` at the prices that `own` has over the same link types.
    fn reversed<'c>(
        &self,
        own: &[Cell],
        others: impl Iterator<Item = &'c Cell>,
        basis: Basis,
    ) -> Result<Option<(u128, i128)>> {
        let mut sum = (0u128, 0i128);
        for other in others {
            let link_type = self.prices[other.price as usize].link_type;
            let mut over = own.iter().map(|cell| self.prices[cell.price as usize].over(link_type, basis));
            // Prices that change within the period do not tell which hours of the other end were at which.
            let Some(Some(price)) = over.next() else { return Ok(None) };
            if over.any(|further| further != Some(price)) {
                return Ok(None);
            }
            checked_add(&mut sum.0, other.bytes, "a period")?;
            sum.1 = sum.1.checked_add(fine(Amount::of(other.bytes, price)?)?).ok_or_else(too_large)?;
        }
        Ok(Some(sum))
    }
}

impl OurMonth {
    /// Holds in common with another month what is the same there.
    fn share(&mut self, other: &Self) {
        for (own, other) in [(&mut self.payers, &other.payers), (&mut self.connections, &other.connections)] {
            if own == other {
                own.clone_from(other);
            }
        }
    }

    /// Adds the lines of a report; returns their prices.
    fn add_lines(
        &mut self,
        report: &ReportedMonth,
        catalog: Option<&Catalog>,
        grain: Grain,
        connections: &[&str],
    ) -> Result<Vec<OurPrice>> {
        let first = self.start;
        let mut payers = vec![Arc::from(""); self.connections.len()];
        let mut prices = Vec::new();
        let mut index_of: HashMap<OurPrice, u32> = HashMap::new();
        for account in &report.accounts {
            let id: Arc<str> = account.id.as_str().into();
            for line in &account.lines {
                // R1: what is free is not compared.
                let Some(link_type) = line.link_type else { continue };
                let contracted = line.contracted_unit_price;
                let (hour, [from, to]) = (line.hour.unwrap_or(first), &*line.regions);
                let other = |catalog: &Catalog| -> Result<_> {
                    let quote =
                        catalog.quote(&id, from, to, other_type(link_type), hour)?.map(|own| own.price);
                    Ok(quote.map(|own| (own.list.unwrap_or(own.contracted), own.contracted)))
                };
                let price = OurPrice {
                    link_type,
                    list: line.list_unit_price.unwrap_or(contracted),
                    contracted,
                    other: catalog.map_or(Ok(None), other)?,
                };
                let next = prices.len() as u32;
                let index = *index_of.entry(price).or_insert(next);
                if index == next {
                    prices.push(price);
                }
                // OK because the list holds all of them.
                let connection = connections.binary_search(&&*line.connection_id).unwrap_or_default();
                let end = EndIndex::new(connection, line.sender).index();
                payers[end] = id.clone();
                let period = grain.start(hour);
                self.cells.push(Cell { end: end as u32, price: index, period, bytes: line.bytes });
            }
        }
        self.cells = sorted(std::mem::take(&mut self.cells));
        self.payers = payers.into();
        Ok(prices)
    }
}

fn accounts<'a>(payables: impl Iterator<Item = (&'a str, Money)>) -> Vec<OurAccount> {
    payables.map(|(id, payable)| OurAccount { id: id.into(), payable }).collect()
}

/// What an end sent in a period.
pub(super) struct EndSums<'a> {
    pub account: &'a Arc<str>,
    pub connection: &'a Arc<str>,
    pub period: Hour,
    /// Indices of prices, and the bytes at each; rising.
    pub parts: Vec<(u32, u128)>,
    /// The bytes of the other direction, and what they would cost at this end's own prices, where that can be told.
    pub reversed: Option<(u128, i128)>,
}

/// So much at most, either way: what sides are compared in stays far below 2^127, so that differences do as well.
const MOST: i128 = 1 << 122;

fn bounded(value: Option<i128>) -> Result<i128> {
    value.filter(|value| value.abs() <= MOST).ok_or_else(too_large)
}

/// An amount, or a quantity as what it costs at 1, in units of 1 / (GB x 10^18): what sides are compared in, exactly.
pub(super) fn fine(amount: Amount) -> Result<i128> {
    bounded(amount.numerator_at(BILL_DECIMALS))
}

/// Hours as they are priced, summed to periods.
struct Priced<'a> {
    inventory: &'a Inventory,
    catalog: &'a Catalog,
    grain: Grain,
    /// The only account whose traffic has to have prices.
    only: Option<&'a str>,
    changes: Vec<Hour>,
    /// The period that is summed.
    period: Hour,
    /// By end.
    current: Vec<Current>,
    index_of: HashMap<OurPrice, u32>,
    prices: Vec<OurPrice>,
    cells: Vec<Cell>,
}

/// The index of no price: of traffic that another account pays for.
const NOT_PRICED: u32 = u32::MAX;

/// The price of an end from one hour up to another, and its bytes of the period so far.
#[derive(Clone, Copy)]
struct Current {
    from: Hour,
    until: Hour,
    price: u32,
    bytes: Option<u128>,
}

impl<'a> Priced<'a> {
    fn new(inventory: &'a Inventory, catalog: &'a Catalog, grain: Grain, only: Option<&'a str>) -> Self {
        let never = Hour::from_index(i64::MAX);
        let none = Current { from: never, until: never, price: 0, bytes: None };
        Self {
            inventory,
            catalog,
            grain,
            only,
            changes: catalog.price_changes(),
            period: never,
            current: vec![none; inventory.connections().len() * 2],
            index_of: HashMap::new(),
            prices: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Begins an hour, which is later than those before it.
    fn begin(&mut self, hour: Hour) {
        let period = self.grain.start(hour);
        if period != self.period {
            self.close();
            self.period = period;
        }
    }

    /// Closes the period: its sums become cells.
    fn close(&mut self) {
        for (end, current) in (0..).zip(&mut self.current) {
            if let Some(bytes) = current.bytes.take().filter(|_| current.price != NOT_PRICED) {
                self.cells.push(Cell { end, price: current.price, period: self.period, bytes });
            }
        }
    }

    fn add(&mut self, key: usize, hour: Hour, bytes: u128) -> Result<()> {
        let current = self.current[key];
        if hour < current.from || hour >= current.until {
            let end = EndIndex::from_index(key);
            if self.inventory.connection(end.connection()).within_region() {
                return Ok(());
            }
            let changed = self.priced(end, hour)?;
            if let Some(before) = current.bytes.filter(|_| changed.price != current.price) {
                let cell = Cell { end: key as u32, price: current.price, period: self.period, bytes: before };
                self.cells.extend(Some(cell).filter(|cell| cell.price != NOT_PRICED));
                self.current[key] = changed;
            } else {
                self.current[key] = Current { bytes: current.bytes, ..changed };
            }
        }
        let sum = self.current[key].bytes.get_or_insert(0);
        checked_add(sum, bytes, "a period")
    }

    /// The price of an end in an hour, and until when it holds.
    fn priced(&mut self, end: EndIndex, hour: Hour) -> Result<Current> {
        let history = self.inventory.history(end.connection());
        let levels = history.levels(hour);
        // R7: an hour is billed at the highest level in effect in it.
        let price = self.quote(end, levels.highest, hour)?;
        let price_until = self.changes.get(self.changes.partition_point(|&change| change <= hour)).copied();
        let until = [history.levels_until(hour), price_until].into_iter().flatten().min();
        let index = price.map_or(NOT_PRICED, |price| {
            let next = self.prices.len() as u32;
            let index = *self.index_of.entry(price).or_insert(next);
            if index == next {
                self.prices.push(price);
            }
            index
        });
        Ok(Current {
            from: hour,
            until: until.unwrap_or(Hour::from_index(i64::MAX)),
            price: index,
            bytes: None,
        })
    }

    fn quote(&self, end: EndIndex, link_type: LinkType, hour: Hour) -> Result<Option<OurPrice>> {
        let to = attribute(self.inventory.connection(end.connection()), end.sender());
        let quote = |link_type| -> Result<_> {
            let (account, from) = (to.billing_account_id, to.source_region);
            let quote = self.catalog.quote(account, from, to.destination_region, link_type, hour)?;
            Ok(quote.map(|quote| quote.price))
        };
        let own = match quote(link_type)? {
            Some(own) => own,
            None if self.only.is_some_and(|only| only != to.billing_account_id) => return Ok(None),
            // The report of the same hours was made before, and lists all that are missing (R5).
            None => return Err(Error::internal("an hour without a price was reported")),
        };
        let other = quote(other_type(link_type))?;
        Ok(Some(OurPrice {
            link_type,
            list: own.list.unwrap_or(own.contracted),
            contracted: own.contracted,
            other: other.map(|other| (other.list.unwrap_or(other.contracted), other.contracted)),
        }))
    }

    fn finish(mut self) -> (Vec<OurPrice>, Vec<Cell>) {
        self.close();
        (self.prices, sorted(self.cells))
    }
}

/// The link type that `link_type` is not.
pub(super) fn other_type(link_type: LinkType) -> LinkType {
    if link_type == LinkType::Gold { LinkType::Platinum } else { LinkType::Gold }
}

/// Cells by connection, period, end and price; those of one place may be several.
fn sorted(mut cells: Vec<Cell>) -> Vec<Cell> {
    cells.sort_unstable_by_key(|cell| (cell.end / 2, cell.period, cell.end, cell.price));
    cells
}

/// Decimals that sums over the lines of a bill keep: as many as a line can print.
pub(super) const BILL_DECIMALS: u32 = 18;

/// What lines of a bill print, in units of 10^-18, and within what the value that was printed may be off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Printings {
    pub units: i128,
    pub tolerance: i128,
}

impl Printings {
    pub fn of(printed: Printed) -> Result<Self> {
        let units = at_bill_decimals(printed.units(), printed.scale())?;
        let (tolerance, scale) = printed.tolerance();
        // What is finer than a line can print is rounded up: a tolerance is never less than it was.
        let tolerance = match scale.checked_sub(BILL_DECIMALS) {
            Some(finer) => (tolerance + 10i128.pow(finer) - 1) / 10i128.pow(finer),
            None => at_bill_decimals(tolerance, scale)?,
        };
        Ok(Self { units, tolerance })
    }

    pub fn add(&mut self, other: Self) -> Result<()> {
        let sum = |one: i128, other: i128| one.checked_add(other).ok_or_else(too_large);
        *self =
            Self { units: sum(self.units, other.units)?, tolerance: sum(self.tolerance, other.tolerance)? };
        Ok(())
    }

    /// So many units of usage at a price of one; what falls off below 10^-18 is added to the tolerance.
    pub fn times(self, price_units: i128, price_scale: u32) -> Result<Self> {
        const HALF: u32 = BILL_DECIMALS / 2;
        // Split, so that products stay below 2^127.
        let (high, low) = (price_units / 10i128.pow(HALF), price_units % 10i128.pow(HALF));
        let scaled = |units: i128, part: i128, scale: i64| {
            let product = units.checked_mul(part).ok_or_else(too_large)?;
            let power = 10i128.pow(scale.unsigned_abs() as u32);
            if scale < 0 { product.checked_mul(power).ok_or_else(too_large) } else { Ok(product / power) }
        };
        let scale = i64::from(price_scale);
        let product = |units: i128| -> Result<i128> {
            let (high, low) = (scaled(units, high, scale - i64::from(HALF))?, scaled(units, low, scale)?);
            high.checked_add(low).ok_or_else(too_large)
        };
        Ok(Self { units: product(self.units)?, tolerance: product(self.tolerance)?.abs() + 2 })
    }

    /// The sum in the units in which sides are compared.
    pub fn value(self, gb: Gb) -> Result<i128> {
        bounded(self.units.checked_mul(i128::from(gb.bytes())))
    }

    /// Within what it may be off, likewise.
    pub fn limit(self, gb: Gb) -> Result<i128> {
        bounded(self.tolerance.checked_mul(i128::from(gb.bytes())))
    }

    /// The sum as money, half to even at 10 decimals.
    pub fn money(self) -> Result<Money> {
        Exact::of_units(self.units, BILL_DECIMALS).rounded(PRINTED_DECIMALS).map(Money::from_units)
    }

    /// The sum with all its digits, and with at least this many decimals.
    pub fn text(self, least: usize) -> Box<str> {
        Exact::of_units(self.units, BILL_DECIMALS).text(least).into()
    }
}

pub(super) fn too_large() -> Error {
    Error::overflow("a sum exceeds what can be compared exactly: 2^122 / (GB x 10^18)")
}

fn at_bill_decimals(units: i128, scale: u32) -> Result<i128> {
    // OK because no line prints more decimals.
    units.checked_mul(10i128.pow(BILL_DECIMALS.saturating_sub(scale))).ok_or_else(too_large)
}

/// What the lines of one account, connection and period print.
#[derive(Debug, Clone, Default)]
pub(super) struct BillSums {
    pub lines: u32,
    /// The amounts that are compared: list amounts, or net ones where the bill has no others.
    pub cost: Printings,
    /// Net amounts, where every line tells one.
    pub net: Told,
    /// Usage, where every line tells it in the same unit.
    pub usage: Told,
    pub unit: Unit,
    /// Usage times list price, where every line tells both.
    pub priced: Told,
    /// The list prices that are told, each once.
    pub prices: Vec<Printed>,
}

impl BillSums {
    pub fn add(&mut self, line: &BillLine, basis: Basis) -> Result<()> {
        let told = |printed: Option<Printed>| printed.map(Printings::of).transpose();
        let (list, net, usage) = (told(line.list_amount)?, told(line.net_amount)?, told(line.usage)?);
        self.lines += 1;
        self.cost.add(if basis == Basis::List { list } else { net }.unwrap_or_default())?;
        self.net.add(net)?;
        self.unit.add(line.item.usage_unit.as_deref());
        self.usage.add(usage.filter(|_| matches!(self.unit, Unit::Of(_))))?;
        let price = line.item.list_price;
        let priced = usage.zip(price).map(|(usage, price)| usage.times(price.units(), price.scale()));
        self.priced.add(priced.transpose()?)?;
        if let Some(price) = price.filter(|price| !self.prices.iter().any(|own| same_value(*own, *price))) {
            self.prices.push(price);
        }
        Ok(())
    }

    /// Usage in GB, where every line tells it so.
    pub fn gb_usage(&self) -> Option<Printings> {
        match (&self.unit, self.usage) {
            (Unit::Of(unit), Told::By(usage)) if &**unit == "GB" => Some(usage),
            _ => None,
        }
    }
}

fn same_value(one: Printed, other: Printed) -> bool {
    (one.units(), one.scale()) == (other.units(), other.scale()) || one.text() == other.text()
}

/// What is told by every line so far, or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Told {
    /// There is no line yet.
    #[default]
    NoLine,
    By(Printings),
    Not,
}

impl Told {
    fn add(&mut self, told: Option<Printings>) -> Result<()> {
        *self = match (*self, told) {
            (Self::Not, _) | (_, None) => Self::Not,
            (Self::NoLine, Some(first)) => Self::By(first),
            (Self::By(mut sum), Some(next)) => {
                sum.add(next)?;
                Self::By(sum)
            }
        };
        Ok(())
    }

    pub fn get(self) -> Option<Printings> {
        if let Self::By(sum) = self { Some(sum) } else { None }
    }
}

/// The unit of usage that lines tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Unit {
    #[default]
    NoLine,
    Of(Box<str>),
    /// Several units, or a line that tells none.
    Unclear,
}

impl Unit {
    fn add(&mut self, told: Option<&str>) {
        let same = |own: &str| told == Some(own);
        match (&*self, told) {
            (Self::NoLine, Some(first)) => *self = Self::Of(first.into()),
            (Self::Of(own), _) if same(own) => {}
            _ => *self = Self::Unclear,
        }
    }
}

/// Which lines of a bill are compared.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillChoice {
    /// The code of the product.
    pub product: String,
    /// Codes of billing items. Without one: lines whose instance names a peering connection, or all where none does.
    pub items: Vec<String>,
    /// The only account that is compared, where one is named.
    pub account: Option<String>,
}

impl Default for BillChoice {
    /// Lines of the product that peering connections are billed as, of any account.
    fn default() -> Self {
        Self { product: CDT.into(), items: Vec::new(), account: None }
    }
}

/// A code of a billing item that lines of the product and month have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeMet {
    /// The code; empty where lines have none.
    pub code: Box<str>,
    /// How many lines have it.
    pub lines: u64,
    /// How many of them are compared.
    pub compared: u64,
}

/// Lines of the product that are kept apart from what is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptApart {
    /// What they are.
    pub category: &'static str,
    /// How many there are.
    pub lines: u64,
    /// What they sum, as printed.
    pub amount: Money,
}

/// The provider's side: the lines of a bill that are compared, and what became of all others.
#[derive(Debug)]
pub struct BillSide<'b> {
    /// The codes of billing items, in their order.
    pub codes_met: Vec<CodeMet>,
    /// Coupons, refunds and adjustments, in that order.
    pub kept_apart: Vec<KeptApart>,
    /// Which amounts are compared.
    pub basis: Basis,
    /// What a reader should know about what is compared.
    pub notes: Vec<Sentence>,
    pub(super) grain: Grain,
    pub(super) by_connection: bool,
    pub(super) usage: Vec<&'b BillLine>,
    pub(super) rounding: Vec<&'b BillLine>,
}

impl<'b> BillSide<'b> {
    /// The lines of `bill` that are of the choice, of `months`, which follow one another, and in `currency`.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where lines are in another currency (R13), tell no amount that can be compared, or none
    /// is left.
    pub fn choose(
        bill: &'b Bill,
        choice: &BillChoice,
        months: &[BillingMonth],
        currency: &str,
    ) -> Result<Self> {
        let [first, last] =
            [months.first(), months.last()].map(|own| own.map(|own| own.period(Offset::CHINA)));
        let own = |line: &&BillLine| {
            let hours = line.period.hours();
            let lies = first.is_some_and(|first| first.start <= hours.start)
                && last.is_some_and(|last| hours.end <= last.end);
            lies && choice.account.as_ref().is_none_or(|account| **account == *line.item.account_id)
        };
        let of_product = bill.lines.iter().filter(|line| *line.item.product_code == *choice.product);
        let (lines, outside): (Vec<&BillLine>, Vec<&BillLine>) = of_product.partition(own);
        let names_one = |line: &&BillLine| line.item.category == Usage && line.item.connection_id.is_some();
        let any_connection = lines.iter().any(names_one);
        let is_compared = |line: &BillLine| match choice.items.as_slice() {
            [] => !any_connection || line.item.connection_id.is_some(),
            items => line.item.item_code.as_deref().is_some_and(|code| items.iter().any(|own| own == code)),
        };
        let is_usage = |line: &&&BillLine| line.item.category == Usage;
        let usage: Vec<&BillLine> =
            lines.iter().filter(is_usage).copied().filter(|line| is_compared(line)).collect();
        let rounding = lines.iter().filter(|line| line.item.category == RoundingLine).copied().collect();
        let mut side = Self {
            codes_met: codes_met(&lines, &is_compared),
            kept_apart: kept_apart(&lines)?,
            basis: Basis::List,
            notes: Vec::new(),
            grain: usage.iter().map(|line| grain_of(line.period)).max().unwrap_or(Grain::Month),
            by_connection: usage.iter().all(|line| line.item.connection_id.is_some()),
            usage,
            rounding,
        };
        side.refuse(bill, choice, months, currency)?;
        side.note(bill, choice, lines.len(), outside.len());
        Ok(side)
    }

    /// The periods that both sides are compared by.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// Refuses what cannot be compared; finds which amounts can.
    fn refuse(
        &mut self,
        bill: &Bill,
        choice: &BillChoice,
        months: &[BillingMonth],
        currency: &str,
    ) -> Result<()> {
        let inputs = bill.inputs.iter().map(|input| &*input.name).collect::<Vec<_>>().join(", ");
        if self.usage.is_empty() {
            let known = match (bill.others.is_empty(), bill.lines.len()) {
                (true, 0) => "it has no line at all".to_owned(),
                (false, 0) => format!("it has lines of {}", bill.other_products()),
                (_, lines) => {
                    format!("it has {lines} lines of that product, of other months, accounts or items")
                }
            };
            let (product, months) = (&choice.product, told(months));
            let why = format!("no line of product {product} and month {months} can be compared: {known}");
            return Err(Error::unusable(ErrorKind::Input, &inputs, why));
        }
        let mut faults = Vec::new();
        for line in self.usage.iter().chain(&self.rounding) {
            let other = line.item.currency.as_deref().filter(|own| *own != currency);
            faults.extend(other.map(|other| {
                fault(line, format!("its currency is {other}, while {currency} is compared (R13)"))
            }));
        }
        if let Some(error) = Error::from_faults(ErrorKind::Input, faults) {
            return Err(error);
        }
        if self.usage.iter().any(|line| line.list_amount.is_none()) {
            self.basis = Basis::Net;
            let silent = self.usage.iter().filter(|line| line.net_amount.is_none());
            let why = "it has no list amount as some others, and no net amount either: nothing of it can be compared";
            let faults = silent.map(|line| fault(line, why.to_owned())).collect();
            return Error::from_faults(ErrorKind::Input, faults).map_or(Ok(()), Err);
        }
        Ok(())
    }

    fn note(&mut self, bill: &Bill, choice: &BillChoice, of_month: usize, outside: usize) {
        let mut note = |count: u64, said: Said| self.notes.extend((count > 0).then(|| said.into()));
        let count = bill.others.values().map(|others| others.lines).sum();
        note(count, Said::LinesOfOtherProducts { count });
        let count = bill.others.values().map(|others| others.of_connections).sum();
        note(count, Said::OthersNameConnections { count, product: choice.product.clone() });
        let count = outside as u64;
        note(count, Said::LinesOfOtherMonths { count });
        let compared = self.usage.len() + self.rounding.len();
        let count = (of_month - compared) as u64;
        note(count, Said::LinesOfOtherItems { count });
        self.notes.extend(bill.notes());
        let count = self.usage.iter().filter(|line| line.item.is_payer).count();
        self.notes.extend((count > 0).then(|| Said::LinesWithoutOwner { count }.into()));
        let count = self.usage.iter().filter(|line| line.item.currency.is_none()).count();
        self.notes.extend((count > 0).then(|| Said::LinesWithoutCurrency { count }.into()));
        self.notes.extend((self.basis == Basis::Net).then(|| Said::NetAmountsCompared {}.into()));
    }
}

fn fault(line: &BillLine, why: String) -> Fault {
    let mut fault = Fault::at(FaultCode::UnreadableRow, &line.place.input, line.place.line, why);
    fault.path = line.place.item.map(|item| format!("Items[{item}]").into());
    fault
}

fn grain_of(period: BillPeriod) -> Grain {
    match period {
        BillPeriod::Hour(_) => Grain::Hour,
        BillPeriod::Day(_) => Grain::Day,
        BillPeriod::Month(_) => Grain::Month,
    }
}

fn codes_met(lines: &[&BillLine], is_compared: &dyn Fn(&BillLine) -> bool) -> Vec<CodeMet> {
    let mut met: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for line in lines {
        let (lines, compared) = met.entry(line.item.item_code.as_deref().unwrap_or_default()).or_default();
        *lines += 1;
        *compared += u64::from(line.item.category == Usage && is_compared(line));
    }
    let code = |(code, (lines, compared)): (&str, _)| CodeMet { code: code.into(), lines, compared };
    met.into_iter().map(code).collect()
}

fn kept_apart(lines: &[&BillLine]) -> Result<Vec<KeptApart>> {
    let mut sums: BTreeMap<BillCategory, (u64, Printings)> = BTreeMap::new();
    for line in lines.iter().filter(|line| !matches!(line.item.category, Usage | RoundingLine)) {
        let (count, sum) = sums.entry(line.item.category).or_default();
        *count += 1;
        let amount = line.net_amount.or(line.list_amount).map(Printings::of).transpose()?;
        sum.add(amount.unwrap_or_default())?;
    }
    let apart = |(category, (lines, sum)): (BillCategory, (u64, Printings))| {
        Ok(KeptApart { category: category.as_str(), lines, amount: sum.money()? })
    };
    sums.into_iter().map(apart).collect()
}

/// What a rounding line adds or takes: its net amount where its list amount is nothing.
pub(super) fn rounding_of(line: &BillLine) -> Result<Printings> {
    let list = line.list_amount.filter(|amount| !amount.is_zero());
    let amount = list.or(line.net_amount).map(Printings::of).transpose()?;
    Ok(amount.unwrap_or_default())
}
