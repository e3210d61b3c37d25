//! Hourly bytes, link history and catalog to priced lines.

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, MissingPrice, Result},
    meter::{HourRow, HourlyUsage},
    model::{
        QuickMap, checked_add,
        inventory::Inventory,
        link::{HourLevels, LinkType},
        money::Amount,
        time::{Hour, Offset},
        usage::{EndIndex, Sender},
    },
};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Prices every metered hour at the highest level in effect in it (R7) and sums by line.
///
/// Lines are sorted by account, connection, sender, hour, link type and price; with `only_account`, the
/// others' traffic is not priced at all. Fails with [`ErrorKind::MissingPrice`](crate::ErrorKind::MissingPrice),
/// listing every pair, link type and first hour without a price (R5).
pub fn rate(
    usage: &HourlyUsage,
    inventory: &Inventory,
    catalog: &Catalog,
    hourly: bool,
    only_account: Option<&str>,
) -> Result<Vec<Line>> {
    let split = if hourly { Split::Hours } else { Split::None };
    Rating::new(usage, inventory, catalog, split, None, only_account).lines_of(usage)
}

impl Rating<'_> {
    fn lines_of(&self, usage: &HourlyUsage) -> Result<Vec<Line>> {
        let raters = usage.fold(|| self.rater(), Rater::add_row)?;
        Ok(self.rated(raters)?.lines)
    }

    /// One that rates some of the hours, each connection's and sender's in order.
    pub fn rater(&self) -> Rater<'_> {
        Rater::new(self)
    }

    /// What all that `raters` saw costs.
    pub fn rated(&self, raters: Vec<Rater<'_>>) -> Result<Rated> {
        let all = Rater::merged(raters)?;
        refuse_missing(&all.missing, self.catalog)?;
        Ok(Rated { lines: self.lines(&all)?, days: self.days.map(|_| self.days(&all)).transpose()? })
    }

    fn lines(&self, all: &Sums) -> Result<Vec<Line>> {
        let mut lines = Vec::with_capacity(all.len());
        for key in self.keys_by_account(all) {
            let start = lines.len();
            for sum in all.of(key) {
                lines.push(self.line(key, all, sum)?);
            }
            lines[start..].sort_unstable_by_key(|line| (line.hour, line.link_type, line.price));
            if matches!(self.split, Split::Days(_)) {
                add_up(&mut lines, start)?;
            }
        }
        Ok(lines)
    }

    fn days(&self, all: &Sums) -> Result<Vec<DayCost>> {
        let mut days: BTreeMap<(&str, Hour), (u128, Amount)> = BTreeMap::new();
        for (&(payer, start, price), &bytes) in &all.days {
            let amount = Amount::of(bytes, all.prices[price as usize].contracted)?;
            let (sum, cost) = days.entry((self.payers[payer as usize], start)).or_insert((0, Amount::ZERO));
            checked_add(sum, bytes, "a day")?;
            *cost = cost.checked_add(amount)?;
        }
        let cost = |((account, start), (bytes, amount)): ((&str, Hour), _)| {
            Ok(DayCost { billing_account_id: account.to_owned(), start, bytes: signed(bytes)?, amount })
        };
        days.into_iter().map(cost).collect()
    }

    fn line(&self, key: usize, all: &Sums, sum: &Sum) -> Result<Line> {
        let (end, price) = (EndIndex::from_index(key), all.price_of(sum));
        let connection = end.connection();
        let id = &self.inventory.connection(connection).id;
        Ok(Line {
            connection_id: id.clone(),
            connection,
            sender: end.sender(),
            hour: sum.hour(),
            link_type: sum.link_type,
            price,
            bytes: sum.bytes,
            // One product per line: the price is the same in all its hours.
            amount: Amount::of(sum.bytes, price.contracted).map_err(|error| error.about(id))?,
            is_taken_back: false,
            metered_hours: sum.hours.into(),
            raised_hours: sum.raised_hours.into(),
            raised_amount: all.raised_of(sum),
        })
    }

    /// The keys that have a sum, in the order of reports: by the account that pays, then by connection and sender.
    fn keys_by_account(&self, all: &Sums) -> impl Iterator<Item = usize> {
        // OK as 32 bits because a million connections have two million ends.
        let mut by_account: Vec<(&str, Vec<u32>)> =
            self.payers.iter().map(|payer| (*payer, Vec::new())).collect();
        for (key, &payer) in self.payer_of.iter().enumerate().filter(|&(key, _)| all.first[key] != NONE) {
            by_account[payer as usize].1.push(key as u32);
        }
        by_account.sort_unstable_by_key(|(account, _)| *account);
        by_account.into_iter().flat_map(|(_, keys)| keys).map(|key| key as usize)
    }
}

/// Makes one line of those of a day from `start` on that several raters have.
fn add_up(lines: &mut Vec<Line>, start: usize) -> Result<()> {
    let mut kept = start;
    for next in start..lines.len() {
        let (before, others) = lines.split_at_mut(next);
        let line = &others[0];
        match before[start..kept].last_mut() {
            Some(last) if last.hour == line.hour && last.is_priced_like(line) => last.add(line)?,
            _ => {
                lines.swap(kept, next);
                kept += 1;
            }
        }
    }
    lines.truncate(kept);
    Ok(())
}

/// What metered hours cost.
#[derive(Debug)]
pub(crate) struct Rated {
    pub lines: Vec<Line>,
    /// By account and day, where days are asked for.
    pub days: Option<Vec<DayCost>>,
}

/// What an account pays for a local day of the billing month (R12).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DayCost {
    /// The account that pays (R2).
    pub billing_account_id: String,
    /// The first hour of the day, in UTC.
    pub start: Hour,
    /// Bytes sent, free ones among them; in corrections, less those that are taken back.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: i128,
    /// What they cost, exactly, in the catalog's currency (R10).
    pub amount: Amount,
}

/// The charge of one account, connection, sender, link type and price; with `--hourly`, of one hour of it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Line {
    /// The connection's id.
    pub connection_id: Arc<str>,
    /// Its index into the inventory that was rated.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) connection: usize,
    /// The end that sent, whose account pays.
    pub sender: Sender,
    /// The hour, in UTC, where lines are hourly or grouped by something that needs hours; where they are grouped by day, the first
    /// of its day.
    pub hour: Option<Hour>,
    /// The level that is billed (R7); `None` inside a region, where traffic is free (R1).
    pub link_type: Option<LinkType>,
    /// List price, contracted price and status, of one GB.
    pub price: Price,
    /// Bytes sent.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
    /// What they cost, exactly, in the catalog's currency (R10).
    pub amount: Amount,
    /// Whether it is what an archive had, which a correction takes back: its amounts are negative, and its bytes and hours
    /// count negative.
    pub is_taken_back: bool,
    /// Hours with a record, also with one of 0 bytes.
    pub metered_hours: u64,
    /// Those of them that hold a real change of link type, in either direction (R7).
    pub raised_hours: u64,
    /// The amount of those hours less that of all their bytes at the lowest level in effect: an upper bound of what the
    /// switches cost, negative where a catalog prices the higher level lower.
    pub raised_amount: Amount,
}

impl Line {
    /// Whether both are of one link type at one price, and both are taken back or neither is.
    pub(crate) fn is_priced_like(&self, other: &Self) -> bool {
        let what = |line: &Self| (line.link_type, line.price, line.is_taken_back);
        what(self) == what(other)
    }

    /// Its bytes, negative where they are taken back.
    pub(crate) fn signed_bytes(&self) -> Result<i128> {
        let bytes = signed(self.bytes)?;
        Ok(if self.is_taken_back { -bytes } else { bytes })
    }

    /// Its metered hours and those of them that are raised, likewise.
    pub(crate) fn signed_hours(&self) -> (i64, i64) {
        // OK because no period has 2^63 hours.
        let (metered, raised) = (self.metered_hours as i64, self.raised_hours as i64);
        if self.is_taken_back { (-metered, -raised) } else { (metered, raised) }
    }

    /// Adds another of the same end, link type and price.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        checked_add(&mut self.bytes, other.bytes, "a line")?;
        self.amount = self.amount.checked_add(other.amount)?;
        self.metered_hours += other.metered_hours;
        self.raised_hours += other.raised_hours;
        self.raised_amount = self.raised_amount.checked_add(other.raised_amount)?;
        Ok(())
    }
}

fn signed(bytes: u128) -> Result<i128> {
    i128::try_from(bytes).map_err(|_| Error::overflow(format!("{bytes} bytes exceed 2^127")))
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}

/// Where the hours of keys go, until something changes, and what went there and is not in the sum yet: what an hour needs lies
/// closer together than sums do. By key; all is 0 where there is nothing, so that it takes no memory.
struct Current {
    /// The first hour in which something may be another, counted from the start of the period; 0 of a key that is not rated.
    until: Vec<u32>,
    /// Index of the sum.
    sum: Vec<u32>,
    hours: Vec<u32>,
    bytes: Vec<u64>,
}

impl Current {
    /// Adds an hour of keys that follow one another, unless something may be another in it or bytes have no room.
    #[inline]
    fn add(&mut self, keys: Range<usize>, hour: u32, bytes: &[u64]) -> bool {
        let (until, hours) = (&self.until[keys.clone()], &mut self.hours[keys.clone()]);
        let sums = &mut self.bytes[keys];
        let least = until.iter().fold(u32::MAX, |least, &until| until.min(least));
        let all = sums.iter().zip(bytes).fold(0, |all, (sum, bytes)| all | sum | bytes);
        if hour >= least || all > u64::MAX / 2 {
            return false;
        }
        // OK because no period has 2^32 hours, and both of the others are below 2^63.
        hours.iter_mut().for_each(|hours| *hours = hours.wrapping_add(1));
        sums.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum = sum.wrapping_add(*bytes));
        true
    }

    /// Adds an hour of a key, likewise.
    #[inline]
    fn add_one(&mut self, key: usize, hour: u32, bytes: u64) -> bool {
        let (sum, is_full) = self.bytes[key].overflowing_add(bytes);
        if is_full || hour >= self.until[key] {
            return false;
        }
        self.bytes[key] = sum;
        self.hours[key] += 1;
        true
    }
}

/// Rates some of the hours.
pub(crate) struct Rater<'a> {
    rating: &'a Rating<'a>,
    current: Current,
    all: Sums,
    index_of_price: QuickMap<Price, u32>,
    /// By route, link type and number of price changes before: the index of the price.
    quotes: QuickMap<(u32, LinkType, usize), Option<u32>>,
}

impl<'a> Rater<'a> {
    pub fn new(rating: &'a Rating<'a>) -> Self {
        let keys = rating.route_of.len();
        let none = || vec![0; keys];
        Self {
            rating,
            current: Current { until: none(), sum: none(), hours: none(), bytes: vec![0; keys] },
            all: Sums { first: vec![NONE; keys], ..Sums::default() },
            index_of_price: QuickMap::default(),
            quotes: QuickMap::default(),
        }
    }

    /// What all of them sum.
    pub(super) fn merged(raters: Vec<Self>) -> Result<Sums> {
        let mut raters = raters;
        raters.iter_mut().try_for_each(Self::finish)?;
        let mut raters = raters.into_iter();
        let Some(mut merged) = raters.next() else { return Ok(Sums::default()) };
        raters.try_for_each(|rater| merged.merge(rater.all))?;
        Ok(merged.all)
    }

    /// Rates one hour, later than those before.
    pub fn add_row(&mut self, row: &HourRow<'_>) -> Result<()> {
        let hour = self.rating.place_of(row.hour);
        if self.rating.split == Split::Hours || row.is_wide() {
            return row.try_each_key(|key, bytes| self.rate_one(key, row.hour, bytes));
        }
        row.try_each_run(|keys, bytes| {
            if bytes.len() >= HourRow::LONG_RUN && self.current.add(keys.clone(), hour, bytes) {
                return Ok(());
            }
            keys.zip(bytes).try_for_each(|(key, &bytes)| {
                if self.current.add_one(key, hour, bytes) {
                    return Ok(());
                }
                self.rate_one(key, row.hour, bytes.into())
            })
        })
    }

    /// Rates an hour of a key by itself.
    fn rate_one(&mut self, key: usize, hour: Hour, bytes: u128) -> Result<()> {
        if self.rating.place_of(hour) >= self.current.until[key] {
            return self.change(key, hour, bytes);
        }
        let mut sum = self.current.sum[key];
        if self.rating.split == Split::Hours {
            // Like the hour before it, but on a line of its own.
            let Sum { link_type, price, .. } = self.all.sums[sum as usize];
            sum = self.sum(key, hour, link_type, price);
        }
        let sum = &mut self.all.sums[sum as usize];
        sum.hours += 1;
        checked_add(&mut sum.bytes, bytes, "a line")?;
        let price = sum.price;
        // The sum in `current` may be what had no room.
        self.settle(key)?;
        self.add_to_day(key, hour, price, bytes)
    }

    /// Brings what is not in sums yet there.
    fn finish(&mut self) -> Result<()> {
        (0..self.rating.route_of.len()).try_for_each(|key| self.settle(key))
    }

    /// Brings what is not in the sum of a key yet there.
    fn settle(&mut self, key: usize) -> Result<()> {
        let hours = std::mem::take(&mut self.current.hours[key]);
        if hours == 0 {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.current.bytes[key]).into();
        let sum = &mut self.all.sums[self.current.sum[key] as usize];
        sum.hours += hours;
        checked_add(&mut sum.bytes, bytes, "a line")?;
        // All of them are of the day that ends then, or in which something changes then.
        let last = Hour::from_index(self.rating.start.index() + i64::from(self.current.until[key]) - 1);
        let price = sum.price;
        self.add_to_day(key, last, price, bytes)
    }

    /// Rates an hour in which levels or prices may be others than in the one before.
    fn change(&mut self, key: usize, hour: Hour, bytes: u128) -> Result<()> {
        let route = self.rating.route_of[key];
        if route == NOT_RATED {
            return Ok(());
        }
        let index = EndIndex::from_index(key).connection();
        let own_hour = match self.rating.split {
            Split::None => NO_HOUR,
            Split::Days(offset) => offset.day_of(hour).start,
            Split::Hours => hour,
        };
        if self.rating.inventory.connection(index).within_region() {
            // R1: inside a region traffic is metered and listed as free.
            let free = self.index_of(Price::FREE);
            let sum = self.sum(key, own_hour, None, free);
            self.remember(key, hour, None, sum)?;
            return self.add_hour(key, hour, sum, bytes, None);
        }
        let history = self.rating.inventory.history(index);
        let levels = history.levels(hour);
        // R7: what counts is the service level, not the price.
        let billed = self.price(route, levels.highest, hour)?;
        let lowest = self.price(route, levels.lowest, hour)?;
        // A missing price fails the whole rating once all of them are known.
        let (Some(billed), Some(lowest)) = (billed, lowest) else { return Ok(()) };
        let sum = self.sum(key, own_hour, Some(levels.highest), billed);
        if !levels.switched {
            self.remember(key, hour, history.levels_until(hour), sum)?;
        }
        self.add_hour(key, hour, sum, bytes, Some((levels, self.all.prices[lowest as usize])))
    }

    /// Lets the following hours go to `sum`, until the levels change or a price does.
    fn remember(&mut self, key: usize, hour: Hour, levels_until: Option<Hour>, sum: u32) -> Result<()> {
        let changes = &self.rating.price_changes;
        let price_until = changes.get(changes.partition_point(|&change| change <= hour)).copied();
        let days = match self.rating.split {
            Split::Days(offset) => Some(offset),
            Split::None | Split::Hours => self.rating.days,
        };
        let day_until = days.map(|offset| offset.day_of(hour).end);
        let until = [levels_until, price_until, day_until].into_iter().flatten().min();
        self.settle(key)?;
        self.current.until[key] = until.map_or(u32::MAX, |until| self.rating.place_of(until));
        self.current.sum[key] = sum;
        Ok(())
    }

    fn add_hour(
        &mut self,
        key: usize,
        hour: Hour,
        sum: u32,
        bytes: u128,
        levels: Option<(HourLevels, Price)>,
    ) -> Result<()> {
        let own = &mut self.all.sums[sum as usize];
        checked_add(&mut own.bytes, bytes, "a line")?;
        own.hours += 1;
        let own = *own;
        self.add_to_day(key, hour, own.price, bytes)?;
        let Some((_, lowest)) = levels.filter(|(levels, _)| levels.switched) else { return Ok(()) };
        self.all.sums[sum as usize].raised_hours += 1;
        let billed = Amount::of(bytes, self.all.prices[own.price as usize].contracted)?;
        let raised = billed.checked_sub(Amount::of(bytes, lowest.contracted)?)?;
        self.raise(sum, raised)
    }

    /// Adds to the local day of an hour, where days are asked for.
    fn add_to_day(&mut self, key: usize, hour: Hour, price: u32, bytes: u128) -> Result<()> {
        let Some(offset) = self.rating.days else { return Ok(()) };
        let of_day = (self.rating.payer_of[key], offset.day_of(hour).start, price);
        checked_add(self.all.days.entry(of_day).or_default(), bytes, "a day")
    }

    /// Adds to what raising hours cost.
    fn raise(&mut self, sum: u32, amount: Amount) -> Result<()> {
        let own = &mut self.all.sums[sum as usize];
        if own.raised == NONE {
            own.raised = self.all.raised.len() as u32;
            self.all.raised.push(amount);
            return Ok(());
        }
        let raised = &mut self.all.raised[own.raised as usize];
        *raised = raised.checked_add(amount)?;
        Ok(())
    }

    /// The key's sum of this kind, a new one if there is none yet.
    fn sum(&mut self, key: usize, hour: Hour, link_type: Option<LinkType>, price: u32) -> u32 {
        let first = self.all.first[key];
        let mut at = first;
        // Hours are rated as they follow one another: what was before those of this hour or day is over.
        while let Some(sum) = self.all.sums.get(at as usize).filter(|sum| sum.hour == hour) {
            if sum.link_type == link_type && sum.price == price {
                return at;
            }
            at = sum.next;
        }
        let new =
            Sum { bytes: 0, hour, price, hours: 0, raised_hours: 0, raised: NONE, next: first, link_type };
        self.all.sums.push(new);
        // OK because a month has fewer than 2^32 hours of ends in memory.
        self.all.first[key] = (self.all.sums.len() - 1) as u32;
        self.all.first[key]
    }

    /// Adds what another rater summed over other hours.
    fn merge(&mut self, other: Sums) -> Result<()> {
        let prices: Vec<u32> = other.prices.iter().map(|&price| self.index_of(price)).collect();
        for key in 0..other.first.len() {
            for sum in other.of(key) {
                let price = prices[sum.price as usize];
                let own = self.sum(key, sum.hour, sum.link_type, price);
                let line = &mut self.all.sums[own as usize];
                checked_add(&mut line.bytes, sum.bytes, "a line")?;
                line.hours += sum.hours;
                line.raised_hours += sum.raised_hours;
                if sum.raised != NONE {
                    self.raise(own, other.raised_of(sum))?;
                }
            }
        }
        for ((payer, day, price), bytes) in &other.days {
            let price = prices[*price as usize];
            checked_add(self.all.days.entry((*payer, *day, price)).or_default(), *bytes, "a day")?;
        }
        for (pair, hour) in other.missing {
            note_missing(&mut self.all.missing, pair, hour);
        }
        Ok(())
    }

    /// The index of the price in `hour`; where there is none it is noted as missing.
    fn price(&mut self, route: u32, link_type: LinkType, hour: Hour) -> Result<Option<u32>> {
        let Route { account, source, destination } = self.rating.routes[route as usize];
        let changes = self.rating.price_changes.partition_point(|&change| change <= hour);
        let known = self.quotes.get(&(route, link_type, changes)).copied();
        let price = match known {
            Some(price) => price,
            None => {
                let quote = self.rating.catalog.quote(account, source, destination, link_type, hour)?;
                let price = quote.map(|quote| self.index_of(quote.price));
                self.quotes.insert((route, link_type, changes), price);
                price
            }
        };
        if price.is_none() {
            note_missing(&mut self.all.missing, (source.to_owned(), destination.to_owned(), link_type), hour);
        }
        Ok(price)
    }

    /// The index of a price; equal prices have one.
    fn index_of(&mut self, price: Price) -> u32 {
        *self.index_of_price.entry(price).or_insert_with(|| {
            self.all.prices.push(price);
            (self.all.prices.len() - 1) as u32
        })
    }
}

/// No sum, no price, no amount.
pub(super) const NONE: u32 = u32::MAX;
/// No hour of its own.
pub(super) const NO_HOUR: Hour = Hour::from_index(i64::MIN);

/// A line in the making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub bytes: u128,
    pub hour: Hour,
    /// Index of its price.
    pub price: u32,
    pub hours: u32,
    pub raised_hours: u32,
    /// Index of what raising hours cost.
    pub raised: u32,
    /// The next sum of the same key.
    pub next: u32,
    pub link_type: Option<LinkType>,
}

impl Sum {
    /// Its hour, where lines are hourly.
    pub fn hour(&self) -> Option<Hour> {
        (self.hour != NO_HOUR).then_some(self.hour)
    }
}

/// Lines in the making, by key.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub sums: Vec<Sum>,
    pub prices: Vec<Price>,
    pub raised: Vec<Amount>,
    /// By key: its first sum; the others follow it.
    pub first: Vec<u32>,
    /// Bytes by payer, first hour of the local day and index of the price, where days are asked for.
    pub days: QuickMap<(u32, Hour, u32), u128>,
    pub missing: MissingPrices,
}

impl Sums {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// The lines of a key.
    pub fn of(&self, key: usize) -> impl Iterator<Item = &Sum> {
        let mut at = self.first[key];
        std::iter::from_fn(move || {
            let sum = self.sums.get(at as usize)?;
            at = sum.next;
            Some(sum)
        })
    }

    pub fn price_of(&self, sum: &Sum) -> Price {
        self.prices[sum.price as usize]
    }

    /// What raising its hours cost.
    pub fn raised_of(&self, sum: &Sum) -> Amount {
        self.raised.get(sum.raised as usize).copied().unwrap_or(Amount::ZERO)
    }
}

/// The first hour of each pair and link type without a price.
pub(super) type MissingPrices = BTreeMap<(String, String, LinkType), Hour>;

/// Notes that there is no price in `hour`.
pub(super) fn note_missing(missing: &mut MissingPrices, pair: (String, String, LinkType), hour: Hour) {
    let first = missing.entry(pair).or_insert(hour);
    *first = hour.min(*first);
}

/// Lists all of them, where there is one.
pub(super) fn refuse_missing(missing: &MissingPrices, catalog: &Catalog) -> Result<()> {
    let missing = missing.iter().map(|((source, destination, link_type), hour)| MissingPrice {
        source: source.clone(),
        destination: destination.clone(),
        link_type: *link_type,
        first_hour: Some(*hour),
        catalog: catalog.name.clone(),
        currency: catalog.currency.clone(),
    });
    Error::of_missing_prices(missing.collect()).map_or(Ok(()), Err)
}

/// Where the traffic of a connection and sender goes: what its price depends on beside link type and hour.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    /// Empty where no account has terms of its own.
    pub account: &'a str,
    pub source: &'a str,
    pub destination: &'a str,
}

/// Which hours have lines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// Those of one price are one line.
    None,
    /// Those of a local day, in this offset (R12), which the line has the first hour of.
    Days(Offset),
    /// Each.
    Hours,
}

/// What all raters share.
pub(crate) struct Rating<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) catalog: &'a Catalog,
    pub(super) split: Split,
    /// The first hour of the period.
    start: Hour,
    /// The offset of the days whose costs are asked for (R12).
    pub(super) days: Option<Offset>,
    /// The accounts that pay.
    pub(super) payers: Vec<&'a str>,
    /// By key: the index of who pays; means nothing where the key has no route.
    pub(super) payer_of: Vec<u32>,
    /// Hours at which prices change, rising.
    pub(super) price_changes: Vec<Hour>,
    pub(super) routes: Vec<Route<'a>>,
    /// By key: the index of its route, or [`NOT_RATED`].
    pub(super) route_of: Vec<u32>,
}

/// The route of a key without hours, or whose account is not asked for.
pub(super) const NOT_RATED: u32 = u32::MAX;

impl<'a> Rating<'a> {
    /// To rate what the connections of `inventory` sent, as [`rate`](super::rate) does.
    pub fn new(
        usage: &HourlyUsage,
        inventory: &'a Inventory,
        catalog: &'a Catalog,
        split: Split,
        days: Option<Offset>,
        only_account: Option<&str>,
    ) -> Self {
        let price_changes = catalog.price_changes();
        let own_terms = !catalog.contract().rows().is_empty();
        let keys = inventory.connections().len() * Sender::ALL.len();
        let (mut payer_of, mut route_of) = (Vec::with_capacity(keys), Vec::with_capacity(keys));
        let (mut payers, mut routes) = (Payers::default(), Vec::new());
        let mut known: QuickMap<(&str, &str, &str), u32> = QuickMap::default();
        for key in 0..keys {
            let rated = usage.has_hours(key).then(|| {
                let end = EndIndex::from_index(key);
                attribute(inventory.connection(end.connection()), end.sender())
            });
            let is_asked_for = |account: &str| only_account.is_none_or(|only| only == account);
            let Some(to) = rated.filter(|to| is_asked_for(to.billing_account_id)) else {
                payer_of.push(0);
                route_of.push(NOT_RATED);
                continue;
            };
            payer_of.push(payers.index_of(to.billing_account_id));
            let account = if own_terms { to.billing_account_id } else { "" };
            let (source, destination) = (to.source_region, to.destination_region);
            let route = *known.entry((account, source, destination)).or_insert_with(|| {
                routes.push(Route { account, source, destination });
                (routes.len() - 1) as u32
            });
            route_of.push(route);
        }
        let (start, payers) = (usage.period().start, payers.all);
        Self { inventory, catalog, split, start, days, payers, payer_of, price_changes, routes, route_of }
    }

    /// An hour that is not before the period, counted from its start; no period has 2^32 hours, and what is later is never.
    fn place_of(&self, hour: Hour) -> u32 {
        u32::try_from(hour.index() - self.start.index()).unwrap_or(u32::MAX)
    }
}

/// The accounts that pay.
#[derive(Default)]
struct Payers<'a> {
    all: Vec<&'a str>,
    known: QuickMap<&'a str, u32>,
    /// Ends of one account share its text, most often: where that stands is seen faster than what it says.
    known_at: QuickMap<*const str, u32>,
}

impl<'a> Payers<'a> {
    /// The index of an account.
    fn index_of(&mut self, account: &'a str) -> u32 {
        let Self { all, known, known_at } = self;
        *known_at.entry(std::ptr::from_ref(account)).or_insert_with(|| {
            *known.entry(account).or_insert_with(|| {
                all.push(account);
                (all.len() - 1) as u32
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meter::{Duplicates, MeterSettings, meter},
        read::{Document, TrafficSource},
    };
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// 2026-09-30T16:00:00Z, where October begins at +08:00.
    const START: i64 = 1_790_784_000;

    /// Bytes, amount, hours, raised hours and what raising them cost.
    type Costs = (u128, Amount, u64, u64, Amount);

    /// What lines of the same price sum up to.
    fn costs(lines: &[Line]) -> BTreeMap<(usize, Sender, Option<LinkType>, Price), Costs> {
        let mut sums: BTreeMap<_, Costs> = BTreeMap::new();
        for line in lines {
            let none = (0, Amount::ZERO, 0, 0, Amount::ZERO);
            let sum = sums.entry((line.connection, line.sender, line.link_type, line.price)).or_insert(none);
            sum.0 += line.bytes;
            sum.1 = sum.1.checked_add(line.amount).unwrap();
            sum.2 += line.metered_hours;
            sum.3 += line.raised_hours;
            sum.4 = sum.4.checked_add(line.raised_amount).unwrap();
        }
        sums
    }

    proptest! {
        /// Hours that are priced alike are one line, as if each were priced by itself.
        #[test]
        fn r7_hours_add_up_to_their_lines_whatever_changes_between_them(
            switches in prop::collection::btree_set(0i64..744, 0..6),
            price_from in prop::option::of(1i64..743),
            records in prop::collection::vec(
                (0i64..744, 0usize..6, prop_oneof![4 => 0u64..20_000_000_000, 1 => any::<u64>()]), 1..200,
            ),
            // Hours in which all ends send, many of them in a row.
            full in prop::collection::vec((0i64..744, prop_oneof![4 => 0u64..20_000_000_000, 1 => any::<u64>()]), 0..60),
            threads in 1usize..4,
        ) {
            let switches: BTreeSet<i64> = switches;
            let types = ["Gold", "Platinum"];
            let changes: String = switches.iter().enumerate().map(|(index, hour)| {
                format!("pcc-1,{},{},{}\n", START + hour * 3600 + 1800, types[index % 2], types[(index + 1) % 2])
            }).collect();
            let connections = format!(
                "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
                 pcc-1,1,cn-beijing,2,cn-shanghai,{}\npcc-2,1,cn-beijing,2,cn-shanghai,Gold\n\
                 pcc-3,3,cn-beijing,2,cn-beijing,\n", types[switches.len() % 2]
            );
            let changes = format!("connection_id,changed_at,from_link_type,to_link_type\n{changes}");
            let inventory = crate::inventory(&connections, Some(&changes)).unwrap();
            let mut catalog = Catalog::shipped("china-site").unwrap();
            if let Some(hour) = price_from {
                let from = Hour::from_index(START / 3600 + hour).start();
                let prices = format!(
                    "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                     Chinese mainland,Chinese mainland,Platinum,1.23,{from},assumed,,\n"
                );
                catalog = catalog.with_prices("p.csv", &Document::new("p.csv", prices)).unwrap();
            }
            let full = full.iter().flat_map(|&(hour, bytes)| (0..6).map(move |key| (hour, key, bytes)));
            let traffic: String = records.into_iter().chain(full).map(|(hour, key, bytes)| {
                let end = EndIndex::from_index(key);
                format!("{},pcc-{},{},{bytes}\n", START + hour * 3600, end.connection() + 1, end.sender().as_str())
            }).collect();
            let source = TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{traffic}"));
            let month = "2026-10".parse().unwrap();
            let settings = MeterSettings { duplicates: Duplicates::Sum, threads, ..MeterSettings::new(month) };
            let metered = meter(&[source], inventory.clone(), &settings).unwrap();
            let rated = |split| {
                let rating = Rating::new(metered.usage(), &inventory, &catalog, split, Some(Offset::CHINA), None);
                let raters = metered.usage().fold(|| rating.rater(), Rater::add_row).unwrap();
                rating.rated(raters).unwrap().days
            };
            let of_days = rated(Split::Hours);
            prop_assert_eq!(rated(Split::None), of_days.clone());
            prop_assert_eq!(rated(Split::Days(Offset::CHINA)), of_days);

            let lines = |split| {
                Rating::new(metered.usage(), &inventory, &catalog, split, None, None).lines_of(metered.usage()).unwrap()
            };
            let hourly = lines(Split::Hours);
            prop_assert_eq!(costs(&lines(Split::None)), costs(&hourly));

            let days = lines(Split::Days(Offset::CHINA));
            let end = |line: &Line| (line.connection, line.sender);
            for same in days.chunk_by(|one, other| one.hour == other.hour && end(one) == end(other)) {
                let day = Offset::CHINA.day_of(same[0].hour.unwrap());
                prop_assert_eq!(same[0].hour, Some(day.start));
                let of_day = |line: &&Line| end(line) == end(&same[0]) && day.contains(line.hour.unwrap());
                let of_hours: Vec<Line> = hourly.iter().filter(of_day).cloned().collect();
                prop_assert_eq!(costs(same), costs(&of_hours));
                prop_assert_eq!(same.len(), costs(same).len());
            }
            prop_assert_eq!(costs(&days), costs(&hourly));
        }
    }
}
