//! The whole of rating: from hours to sums, from sums to lines.

use super::{
    Line, Rater, Rating,
    rater::{Sum, Sums, refuse_missing},
};
use crate::{
    attribution::attribute,
    catalog::Catalog,
    error::Result,
    meter::HourlyUsage,
    model::{end_index::EndIndex, inventory::Inventory, money::Amount},
};
use std::collections::BTreeMap;

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
    let rating = Rating::new(usage, inventory, catalog, hourly, only_account);
    let raters = usage.fold(|| rating.rater(), Rater::add_row)?;
    rating.lines(raters)
}

impl Rating<'_> {
    /// One that rates some of the hours, each connection's and sender's in order.
    pub fn rater(&self) -> Rater<'_> {
        Rater::new(self)
    }

    /// The lines of all that `raters` saw.
    pub fn lines(&self, raters: Vec<Rater<'_>>) -> Result<Vec<Line>> {
        let all = Rater::merged(raters)?;
        refuse_missing(&all.missing, self.catalog)?;
        let mut lines = Vec::with_capacity(all.len());
        for key in self.keys_by_account(&all) {
            let start = lines.len();
            for sum in all.of(key) {
                lines.push(self.line(key, &all, sum)?);
            }
            lines[start..].sort_unstable_by_key(|line| (line.hour, line.link_type, line.price));
        }
        Ok(lines)
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
