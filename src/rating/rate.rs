//! The whole of rating: from hours to sums, from sums to lines.

use super::{
    Rater, Rating,
    rater::{Sum, Sums, refuse_missing},
};
use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::Result,
    meter::HourlyUsage,
    model::{
        checked_add, end_index::EndIndex, inventory::Inventory, link::LinkType, money::Amount, time::Hour,
        usage::Sender,
    },
};
use std::{collections::BTreeMap, sync::Arc};

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
    let rating = Rating::new(usage, inventory, catalog, hourly, None, only_account);
    let raters = usage.fold(|| rating.rater(), Rater::add_row)?;
    Ok(rating.rated(raters)?.lines)
}

impl Rating<'_> {
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
        let cost = |((account, start), (bytes, amount)): ((&str, Hour), _)| DayCost {
            billing_account_id: account.to_owned(),
            start,
            bytes,
            amount,
        };
        Ok(days.into_iter().map(cost).collect())
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
            metered_hours: sum.hours.into(),
            raised_hours: sum.raised_hours.into(),
            raised_amount: all.raised_of(sum),
        })
    }

    /// The keys that have a sum, in the order of reports: by the account that pays, then by connection and sender.
    fn keys_by_account(&self, all: &Sums) -> impl Iterator<Item = usize> {
        // OK as 32 bits because a million connections have two million ends.
        let mut by_account: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for key in (0..self.route_of.len()).filter(|&key| all.of(key).next().is_some()) {
            let end = EndIndex::from_index(key);
            let account =
                attribute(self.inventory.connection(end.connection()), end.sender()).billing_account_id;
            by_account.entry(account).or_default().push(key as u32);
        }
        by_account.into_values().flatten().map(|key| key as usize)
    }
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
    /// Bytes sent, free ones among them.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
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
    /// The hour, in UTC, where lines are hourly or grouped by something that needs hours.
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
    /// Hours with a record, also with one of 0 bytes.
    pub metered_hours: u64,
    /// Those of them that hold a real change of link type, in either direction (R7).
    pub raised_hours: u64,
    /// The amount of those hours less that of all their bytes at the lowest level in effect: an upper bound of what the
    /// switches cost, negative where a catalog prices the higher level lower.
    pub raised_amount: Amount,
}

impl Line {
    /// Whether both are of one link type at one price.
    pub(crate) fn is_priced_like(&self, other: &Self) -> bool {
        (self.link_type, self.price) == (other.link_type, other.price)
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

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}
