//! Why one row of the bill differs from ours: each class by an amount that is worked out from our bytes and prices, and
//! that the bill prints, within its own precision.
//!
//! Amounts are compared in units of 1 / (GB x 10^18), in which both sides are whole numbers.

use super::sides::{
    BILL_DECIMALS, Basis, BillSums, OurPrice, OurSide, Printings, fine, other_type, too_large,
};
use crate::{
    error::Result,
    model::{
        checked_add,
        finding::{Said, Sum},
        link::LinkType,
        money::{Amount, Exact, Gb, Money, Rounding, UnitPrice},
    },
    read::bill::Printed,
};

/// Why a row of the bill differs from ours, or that it does not. The first that holds is given, in this order.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The amounts are equal to the last digit.
    Match,
    /// They differ by no more than the bill's own precision; or it is what either side rounds by.
    Rounding,
    /// The bill has no line of it.
    MissingInBill,
    /// We have no traffic of it.
    MissingInOurs,
    /// It moves between neighbouring periods of one account and connection, and nets out.
    TimeEdge,
    /// It stands under another account.
    Account,
    /// It is what the other direction sent.
    Direction,
    /// The usage is counted in the other GB, and the cost follows.
    GbBase,
    /// Every hour is billed over the other link type, or all over one.
    LinkType,
    /// List amounts are equal, net amounts are not.
    Discount,
    /// The usage is equal, the unit price is not.
    Price,
    /// The unit price is equal, the usage is not.
    Usage,
    /// None of these explains it within the bill's precision.
    Unexplained,
}

impl Class {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Match,
        Self::Rounding,
        Self::MissingInBill,
        Self::MissingInOurs,
        Self::TimeEdge,
        Self::Account,
        Self::Direction,
        Self::GbBase,
        Self::LinkType,
        Self::Discount,
        Self::Price,
        Self::Usage,
        Self::Unexplained,
    ];

    /// `match`, `missing_in_bill` and so on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Rounding => "rounding",
            Self::MissingInBill => "missing_in_bill",
            Self::MissingInOurs => "missing_in_ours",
            Self::TimeEdge => "time_edge",
            Self::Account => "account",
            Self::Direction => "direction",
            Self::GbBase => "gb_base",
            Self::LinkType => "link_type",
            Self::Discount => "discount",
            Self::Price => "price",
            Self::Usage => "usage",
            Self::Unexplained => "unexplained",
        }
    }

    /// Whether both sides agree.
    pub fn agrees(self) -> bool {
        matches!(self, Self::Match | Self::Rounding)
    }
}

/// What we bill for one account, connection and period.
#[derive(Debug, Clone, Default)]
pub(super) struct OurSums {
    pub bytes: u128,
    /// Indices of prices, and the bytes at each.
    pub parts: Vec<(u32, u128)>,
    /// The bytes of the other direction and what they would cost, where that can be told.
    pub reversed: Option<(u128, i128)>,
}

impl OurSums {
    /// Adds what another end sent.
    pub fn add(&mut self, parts: &[(u32, u128)], reversed: Option<(u128, i128)>) -> Result<()> {
        let first = self.parts.is_empty();
        for &(price, bytes) in parts {
            checked_add(&mut self.bytes, bytes, "a period")?;
            match self.parts.iter_mut().find(|(own, _)| *own == price) {
                Some((_, sum)) => checked_add(sum, bytes, "a period")?,
                None => self.parts.push((price, bytes)),
            }
        }
        self.reversed = match (self.reversed, reversed) {
            (_, reversed) if first => reversed,
            (Some((mut bytes, cost)), Some((more, added))) => {
                checked_add(&mut bytes, more, "a period")?;
                Some((bytes, cost.checked_add(added).ok_or_else(too_large)?))
            }
            _ => None,
        };
        Ok(())
    }
}

/// A row that both sides have.
pub(super) struct Weighed<'a> {
    side: &'a OurSide,
    basis: Basis,
    ours: &'a OurSums,
    bill: &'a BillSums,
    /// What we bill.
    pub cost: i128,
    /// What the bill prints, and within what it may be off.
    pub value: i128,
    pub limit: i128,
    /// The bill's usage in GB, where it is told.
    usage: Option<Printings>,
}

impl<'a> Weighed<'a> {
    pub fn new(side: &'a OurSide, basis: Basis, ours: &'a OurSums, bill: &'a BillSums) -> Result<Self> {
        let cost = cost_of(side, &ours.parts, |price| Some(price.by(basis)))?;
        let (value, limit) = (bill.cost.value(side.gb)?, bill.cost.limit(side.gb)?);
        let usage = bill.gb_usage();
        Ok(Self { side, basis, ours, bill, cost: cost.unwrap_or_default(), value, limit, usage })
    }

    /// `match` or `rounding`, where the row is one of these; why.
    pub fn agreement(&self) -> Result<Option<(Class, Said)>> {
        if !self.is_cost()? || !self.is_net()? {
            return Ok(None);
        }
        let own = self.our_arithmetic()?;
        if self.value == self.cost {
            return Ok(Some((Class::Match, Said::AsBilled { own })));
        }
        let off = printed(self.value - self.cost, self.side.gb)?;
        let bill = self.bill.cost.text(2);
        let why = if self.is_near(self.cost) {
            let limit = Printings { units: self.bill.cost.tolerance, tolerance: 0 }.text(0);
            Said::OffByPrecision { own, bill, off, limit, half: half_units(self.bill).into() }
        } else {
            Said::PriceOfPrintedUsage { own, bill, off, usage: self.usage.unwrap_or_default().text(0) }
        };
        Ok(Some((Class::Rounding, why)))
    }

    /// Whether the bill's amount is this one.
    fn is_near(&self, amount: i128) -> bool {
        (self.value - amount).abs() <= self.limit
    }

    /// Whether the bill's amount is ours, or ours for the usage as it is printed.
    pub fn is_cost(&self) -> Result<bool> {
        Ok(self.is_near(self.cost) || self.follows_usage(self.cost, self.ours.bytes, self.one_price())?)
    }

    /// The only price of our row.
    fn one_price(&self) -> Option<UnitPrice> {
        let mut prices =
            self.ours.parts.iter().map(|(price, _)| self.side.prices[*price as usize].by(self.basis));
        let first = prices.next()?;
        prices.all(|price| price == first).then_some(first)
    }

    /// Whether the usage is told to be that of so many bytes.
    fn is_usage(&self, bytes: u128) -> Result<bool> {
        let Some(usage) = self.usage else { return Ok(false) };
        let (value, limit) = (usage.value(self.side.gb)?, usage.limit(self.side.gb)?);
        Ok((value - quantity(bytes)?).abs() <= limit)
    }

    /// Whether the usage is told to be another than that of so many bytes.
    fn is_other_usage(&self, bytes: u128) -> Result<bool> {
        Ok(self.usage.is_some() && !self.is_usage(bytes)?)
    }

    /// Whether the bill rounds the usage of these bytes first and prices that: then its amount is further from `amount`
    /// than it prints, by no more than that rounding costs.
    fn follows_usage(&self, amount: i128, bytes: u128, price: Option<UnitPrice>) -> Result<bool> {
        if !self.is_usage(bytes)? {
            return Ok(false);
        }
        let product = match price {
            Some(price) => Some(self.usage.unwrap_or_default().times(units_of(price).0, units_of(price).1)?),
            None => self.bill.priced.get().filter(|_| self.tells_our_prices()),
        };
        let Some(product) = product else { return Ok(false) };
        let (priced, off) = (product.value(self.side.gb)?, product.limit(self.side.gb)?);
        Ok(self.is_near(priced) && (self.value - amount).abs() <= self.limit.saturating_add(off))
    }

    /// Whether every price that the bill tells is one of ours.
    fn tells_our_prices(&self) -> bool {
        let ours = |told: &Printed| {
            let mut prices = self.ours.parts.iter().map(|(price, _)| self.side.prices[*price as usize].list);
            prices.any(|own| is_price(own, *told))
        };
        !self.bill.prices.is_empty() && self.bill.prices.iter().all(ours)
    }

    /// What the row costs at contracted prices.
    fn net(&self) -> Result<i128> {
        Ok(cost_of(self.side, &self.ours.parts, |price| Some(price.contracted))?.unwrap_or_default())
    }

    /// Whether the net amount is ours, where it is told beside a list amount.
    fn is_net(&self) -> Result<bool> {
        let told = self.bill.net.get().filter(|_| self.basis == Basis::List);
        let Some(told) = told else { return Ok(true) };
        let (gb, net) = (self.side.gb, self.net()?);
        let off = told.value(gb)? - net;
        // A net amount is off by as much as the list amount that it was made from.
        let limit = told.limit(gb)?.saturating_add((self.value - self.cost).abs());
        if off.abs() <= limit {
            return Ok(true);
        }
        // The provider cuts what is payable: each line then lacks less than one unit of it.
        let (mode, decimals) = self.side.rounding;
        let unit = Printings { units: 10i128.pow(BILL_DECIMALS - decimals), tolerance: 0 }.value(gb)?;
        Ok(mode == Rounding::Down && off < 0 && -off < unit.saturating_mul(self.bill.lines.into()))
    }

    /// Whether the bill has the bytes of the other direction.
    pub fn is_reversed(&self) -> Result<bool> {
        let Some((bytes, cost)) = self.ours.reversed.filter(|(bytes, _)| *bytes > 0) else {
            return Ok(false);
        };
        if self.is_other_usage(bytes)? {
            return Ok(false);
        }
        Ok(self.is_near(cost) || self.follows_usage(cost, bytes, self.one_price())?)
    }

    /// The first class from `direction` on that explains the row, and why.
    pub fn cause(&self) -> Result<(Class, Said)> {
        // Where list amounts are equal, nothing that would make them differ is the cause.
        if self.is_cost()? {
            return self.discount();
        }
        let causes = [Self::direction, Self::gb_base, Self::link_type, Self::price, Self::usage];
        for cause in causes {
            if let Some(found) = cause(self)? {
                return Ok(found);
            }
        }
        let (bill, own) = (self.bill_arithmetic().into(), self.our_arithmetic()?);
        Ok((Class::Unexplained, Said::NoClass { bill, own }))
    }

    fn direction(&self) -> Result<Option<(Class, Said)>> {
        let Some((bytes, cost)) = self.ours.reversed else { return Ok(None) };
        if !self.is_reversed()? {
            return Ok(None);
        }
        let (cost, own) = (printed(cost, self.side.gb)?, self.our_arithmetic()?);
        Ok(Some((Class::Direction, Said::SentByOtherEnd { bytes, cost, own })))
    }

    fn gb_base(&self) -> Result<Option<(Class, Said)>> {
        let other = if self.side.gb == Gb::Binary { Gb::Decimal } else { Gb::Binary };
        let (value, limit) = (self.bill.cost.value(other)?, self.bill.cost.limit(other)?);
        // Numerators do not tell which GB they are over: ours, over the other one.
        let is_near = (value - self.cost).abs() <= limit;
        let is_usage = match self.usage {
            None => true,
            Some(usage) => (usage.value(other)? - quantity(self.ours.bytes)?).abs() <= usage.limit(other)?,
        };
        let follows = || -> Result<bool> {
            let Some(price) = self.one_price() else { return Ok(false) };
            let (units, scale) = units_of(price);
            let Some(product) = self.usage.map(|usage| usage.times(units, scale)).transpose()? else {
                return Ok(false);
            };
            Ok((value - product.value(other)?).abs() <= limit)
        };
        if !is_usage || !(is_near || follows()?) {
            return Ok(None);
        }
        let (own, bytes, gb) = (self.our_arithmetic()?, self.ours.bytes, other);
        let cost = printed(self.cost, other)?;
        let why = match self.usage.map(|usage| usage.text(0)) {
            Some(usage) => Said::CountedInOtherGb { bytes, usage, gb, cost, own },
            None => Said::CostsAsInOtherGb { bytes, gb, cost, own },
        };
        Ok(Some((Class::GbBase, why)))
    }

    fn link_type(&self) -> Result<Option<(Class, Said)>> {
        if self.is_other_usage(self.ours.bytes)? {
            return Ok(None);
        }
        for (types, at) in TYPES {
            let over = |price: &OurPrice| at(price, self.basis);
            let Some(cost) = cost_of(self.side, &self.ours.parts, over)? else { continue };
            let mut prices =
                self.ours.parts.iter().map(|(price, _)| over(&self.side.prices[*price as usize]));
            let first = prices.next().flatten();
            let one = first.filter(|_| prices.all(|price| price == first));
            // What costs the same at both types explains nothing.
            if cost == self.cost || !(self.is_near(cost) || self.follows_usage(cost, self.ours.bytes, one)?) {
                continue;
            }
            let bill = arithmetic(self.side, &self.ours.parts, over, cost)?.into();
            let own = self.our_arithmetic()?;
            return Ok(Some((Class::LinkType, Said::AtOtherTypes { types: types().into(), bill, own })));
        }
        Ok(None)
    }

    /// Of list amounts that are equal, where net amounts are not.
    fn discount(&self) -> Result<(Class, Said)> {
        let (told, gb) = (self.bill.net.get().unwrap_or_default(), self.side.gb);
        let net = self.net()?;
        let why = Said::NetDiffers {
            list: self.bill.cost.text(2),
            own: self.our_arithmetic()?.into(),
            bill: told.text(2),
            bill_off: share(told.value(gb)?, self.value),
            net: printed(net, gb)?,
            net_off: share(net, self.cost),
        };
        Ok((Class::Discount, why))
    }

    fn price(&self) -> Result<Option<(Class, Said)>> {
        let Some(usage) = self.usage else { return Ok(None) };
        if !self.is_usage(self.ours.bytes)? || usage.units == 0 {
            return Ok(None);
        }
        let told = self.bill.priced.get().filter(|_| self.basis == Basis::List);
        let price = match told {
            Some(_) if self.tells_our_prices() => return Ok(None),
            Some(told) => {
                let limit = self.limit.saturating_add(told.limit(self.side.gb)?);
                if (self.value - told.value(self.side.gb)?).abs() > limit {
                    return Ok(None);
                }
                self.bill_prices()
            }
            // Some lines tell a price and others do not: nothing can be said of those.
            None if self.basis == Basis::List && !self.bill.prices.is_empty() => return Ok(None),
            None => match self.implied_price(usage) {
                Some(price) => Said::PriceThatMakesAmount { price },
                None => return Ok(None),
            },
        };
        let (usage, price, cost) = (usage.text(0), price.into(), self.bill.cost.text(2));
        let why = Said::PriceDiffers { usage, price, cost, own: self.our_arithmetic()? };
        Ok(Some((Class::Price, why)))
    }

    /// The one price of few decimals that makes the bill's usage its amount, where the bill is fine enough to tell.
    ///
    /// Some quotient always does: a price with no more decimals than prices have says more, and only where hardly any
    /// other amount would have one.
    fn implied_price(&self, usage: Printings) -> Option<String> {
        /// As many as prices and plain discounts of them have.
        const MOST_DECIMALS: u32 = 4;
        let cost = self.bill.cost;
        if usage.units <= 0 || cost.units <= 0 {
            return None;
        }
        for decimals in 0..=MOST_DECIMALS {
            let scaled = |amount: i128| amount.checked_mul(10i128.pow(decimals));
            let amount = scaled(cost.units)?;
            let price = (amount + usage.units / 2) / usage.units;
            let off = (price.checked_mul(usage.units)? - amount).abs();
            let limit = scaled(cost.tolerance)?.checked_add(price.checked_mul(usage.tolerance)?)?;
            // Of amounts that mean nothing one in ten at most has such a price by chance.
            let is_sharp = limit.checked_mul(20)? <= usage.units;
            if is_sharp && price > 0 && off <= limit {
                return Some(Exact::of_units(price, decimals).text(0));
            }
        }
        None
    }

    fn usage(&self) -> Result<Option<(Class, Said)>> {
        let Some(usage) = self.usage.filter(|_| self.ours.bytes > 0) else { return Ok(None) };
        if self.is_usage(self.ours.bytes)? {
            return Ok(None);
        }
        let told = self.bill.priced.get().filter(|_| self.basis == Basis::List);
        let product = match (told, self.one_price()) {
            (Some(_), _) if !self.tells_our_prices() => return Ok(None),
            (Some(told), _) => told,
            (None, _) if self.basis == Basis::List && !self.bill.prices.is_empty() => return Ok(None),
            (None, Some(price)) => usage.times(units_of(price).0, units_of(price).1)?,
            (None, None) => self.at_mean_price(usage)?,
        };
        let limit = self.limit.saturating_add(product.limit(self.side.gb)?);
        if (self.value - product.value(self.side.gb)?).abs() > limit {
            return Ok(None);
        }
        let price = match (told, self.one_price()) {
            (Some(_), _) => self.bill_prices(),
            (None, Some(price)) => Said::Prices { prices: [price.to_string().into()].into() },
            (None, None) => Said::MeanPrice { price: self.mean_price().money()? },
        };
        let (usage, price, cost) = (usage.text(0), price.into(), self.bill.cost.text(2));
        let why = Said::UsageDiffers { usage, price, cost, own: self.our_arithmetic()? };
        Ok(Some((Class::Usage, why)))
    }

    /// What one GB costs on our side, of several prices in the mean; what falls off below 10^-18 is its tolerance.
    fn mean_price(&self) -> Printings {
        // OK because bytes of a row were multiplied with prices before; there are some.
        Printings { units: self.cost / self.ours.bytes.max(1) as i128, tolerance: 1 }
    }

    fn at_mean_price(&self, usage: Printings) -> Result<Printings> {
        let mut product = usage.times(self.mean_price().units, BILL_DECIMALS)?;
        product.tolerance += (usage.units / 10i128.pow(BILL_DECIMALS)).abs() + 1;
        Ok(product)
    }

    fn our_arithmetic(&self) -> Result<Sum> {
        arithmetic(self.side, &self.ours.parts, |price| Some(price.by(self.basis)), self.cost)
    }

    /// The prices that the bill tells.
    fn bill_prices(&self) -> Said {
        Said::Prices { prices: self.bill.prices.iter().map(|price| price.text().into()).collect() }
    }

    fn bill_arithmetic(&self) -> Said {
        let cost = self.bill.cost.text(2);
        let Some(usage) = self.usage.map(|usage| usage.text(0)) else { return Said::BillHas { cost } };
        match self.bill.prices.iter().map(|price| price.text().into()).collect::<Box<[Box<str>]>>() {
            prices if prices.is_empty() => Said::BillHasForUsage { cost, usage },
            prices => Said::BillHasAtPrices { cost, usage, prices },
        }
    }
}

/// What parts cost, each at a price of its own; `None` where one has none.
pub(super) fn cost_of(
    side: &OurSide,
    parts: &[(u32, u128)],
    at: impl Fn(&OurPrice) -> Option<UnitPrice>,
) -> Result<Option<i128>> {
    let mut sum = 0i128;
    for &(price, bytes) in parts {
        let Some(price) = at(&side.prices[price as usize]) else { return Ok(None) };
        sum = sum.checked_add(fine(Amount::of(bytes, price)?)?).ok_or_else(too_large)?;
    }
    Ok(Some(sum))
}

/// What parts cost, as it can be done again on paper.
pub(super) fn arithmetic(
    side: &OurSide,
    parts: &[(u32, u128)],
    at: impl Fn(&OurPrice) -> Option<UnitPrice>,
    cost: i128,
) -> Result<Sum> {
    /// So many prices are told; those of an account can be many.
    const TOLD: usize = 4;
    let mut at_prices: Vec<(UnitPrice, u128)> = Vec::new();
    for &(price, bytes) in parts {
        let Some(price) = at(&side.prices[price as usize]) else { continue };
        match at_prices.iter_mut().find(|(own, _)| *own == price) {
            Some((_, sum)) => checked_add(sum, bytes, "a period")?,
            None => at_prices.push((price, bytes)),
        }
    }
    at_prices.sort_unstable();
    let parts = at_prices.iter().take(TOLD).map(|(price, bytes)| (*bytes, *price)).collect();
    let more = at_prices.len().saturating_sub(TOLD);
    Ok(Sum { parts, more, gb: side.gb, cost: printed(cost, side.gb)? })
}

/// An amount as it is printed, half to even at 10 decimals.
pub(super) fn printed(amount: i128, gb: Gb) -> Result<Money> {
    Amount::of_numerator(amount, BILL_DECIMALS).printed(gb)
}

/// Bytes, as what they cost at 1.
pub(super) fn quantity(bytes: u128) -> Result<i128> {
    fine(Amount::of(bytes, UnitPrice::ONE)?)
}

fn units_of(price: UnitPrice) -> (i128, u32) {
    (price.to_decimal().mantissa(), price.to_decimal().scale())
}

fn is_price(own: UnitPrice, told: Printed) -> bool {
    let (units, scale) = units_of(own);
    let finest = scale.max(told.scale());
    let at = |units: i128, scale: u32| {
        10i128.checked_pow(finest - scale).and_then(|power| units.checked_mul(power))
    };
    at(units, scale).is_some_and(|own| at(told.units(), told.scale()) == Some(own))
}

/// What a tolerance is made of.
fn half_units(bill: &BillSums) -> Said {
    match bill.lines {
        1 => Said::HalfUnitOfLine {},
        lines => Said::HalfUnitOfLines { lines },
    }
}

/// How many percent of a list amount are taken off, at 2 decimals.
fn share(net: i128, list: i128) -> Option<Box<Said>> {
    let whole = Amount::of_numerator(list, BILL_DECIMALS);
    let percent = Amount::of_numerator(list.saturating_sub(net), BILL_DECIMALS).percent_of(whole);
    Some(Said::PercentOff { percent: percent.ok().flatten()? }.into())
}

/// What parts would cost at contracted prices where one thing were otherwise: the class, what it is, the amount and the GB
/// that it is over.
pub(super) fn alternatives(side: &OurSide, parts: &[(u32, u128)]) -> Result<Vec<(Class, Said, i128, Gb)>> {
    let other = if side.gb == Gb::Binary { Gb::Decimal } else { Gb::Binary };
    let own = cost_of(side, parts, |price| Some(price.contracted))?.unwrap_or_default();
    let mut found = vec![(Class::GbBase, Said::InOtherGb { gb: other }, own, other)];
    for (types, at) in TYPES {
        if let Some(cost) = cost_of(side, parts, |price| at(price, Basis::Net))?.filter(|cost| *cost != own) {
            let types = types().into();
            found.push((Class::LinkType, Said::WithTypes { types }, cost, side.gb));
        }
    }
    let list = cost_of(side, parts, |price| Some(price.list))?.unwrap_or_default();
    if list != own {
        found.push((Class::Discount, Said::ByListPrices {}, list, side.gb));
    }
    Ok(found)
}

/// A price over another link type than that of the hour.
type At = fn(&OurPrice, Basis) -> Option<UnitPrice>;

/// Ways in which link types may be mistaken.
const TYPES: [(fn() -> Said, At); 3] = [
    (|| Said::OtherTypeEveryHour {}, |price, basis| price.over(other_type(price.link_type), basis)),
    (
        || Said::OneTypeAllHours { link_type: LinkType::Gold },
        |price, basis| price.over(LinkType::Gold, basis),
    ),
    (
        || Said::OneTypeAllHours { link_type: LinkType::Platinum },
        |price, basis| price.over(LinkType::Platinum, basis),
    ),
];
