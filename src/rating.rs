//! Hourly bytes, link history and catalog to priced lines.

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::HourlyUsage,
    model::{
        checked_add,
        connection::{Connection, Inventory},
        link::{HourLevels, LinkHistory, LinkType},
        money::Amount,
        time::Hour,
        usage::Sender,
    },
};
use std::collections::BTreeMap;

/// The charge of one account, connection, sender, link type and price; with `--hourly`, of one hour of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The connection, as an index into the inventory.
    pub connection: usize,
    /// The end that sent, whose account pays.
    pub sender: Sender,
    /// The hour, where lines are hourly.
    pub hour: Option<Hour>,
    /// The level that is billed; `None` inside a region, where traffic is free (R1).
    pub link_type: Option<LinkType>,
    /// List price, contracted price and status.
    pub price: Price,
    /// Bytes sent.
    pub bytes: u128,
    /// What they cost, exactly.
    pub amount: Amount,
    /// Hours with a record.
    pub metered_hours: u64,
    /// Those of them that hold a real change of link type.
    pub raised_hours: u64,
    /// The amount of those hours less that of all their bytes at the lowest level in effect.
    pub raised_amount: Amount,
}

/// How lines are told apart within a connection and sender; also their order.
type LineKey = (Option<Hour>, Option<LinkType>, Price);

/// Prices every metered hour at the highest level in effect in it (R7) and sums by line.
///
/// Lines are sorted by account, connection, sender, hour, link type and price; with `only_account`, the
/// others' traffic is not priced at all. Fails with
/// [`ErrorKind::MissingPrice`], listing every pair, link type and first hour without a price (R5).
pub fn rate(
    usage: &HourlyUsage,
    inventory: &Inventory,
    catalog: &Catalog,
    hourly: bool,
    only_account: Option<&str>,
) -> Result<Vec<Line>> {
    let price_changes = catalog.price_changes();
    let mut missing = MissingPrices::new();
    let mut lines = Vec::new();
    for index in 0..inventory.connections().len() {
        for sender in Sender::ALL {
            let hours = usage.hours(index, sender);
            let connection = inventory.connection(index);
            let payer = attribute(connection, sender).billing_account_id;
            if only_account.is_some_and(|account| account != payer) {
                continue;
            }
            let own = if connection.within_region() {
                free_lines(index, sender, hours, hourly)?
            } else {
                let mut prices = Prices::new(catalog, connection, sender, &price_changes);
                let history = inventory.history(index);
                priced_lines(index, sender, hours, history, &mut prices, &mut missing, hourly)?
            };
            lines.extend(own.into_values());
        }
    }
    refuse_missing(missing, catalog)?;
    // Stable: within an account, connections and senders stay in order.
    lines.sort_by(|a, b| account(inventory, a).cmp(account(inventory, b)));
    Ok(lines)
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}

impl Line {
    fn empty(connection: usize, sender: Sender, (hour, link_type, price): LineKey) -> Self {
        Self {
            connection,
            sender,
            hour,
            link_type,
            price,
            bytes: 0,
            amount: Amount::ZERO,
            metered_hours: 0,
            raised_hours: 0,
            raised_amount: Amount::ZERO,
        }
    }
}

type Lines = BTreeMap<LineKey, Line>;

/// R1: inside a region traffic is metered and listed as free.
fn free_lines(
    connection: usize,
    sender: Sender,
    hours: impl Iterator<Item = (Hour, u128)>,
    hourly: bool,
) -> Result<Lines> {
    let mut lines = Lines::new();
    for (hour, bytes) in hours {
        let key = (hourly.then_some(hour), None, Price::FREE);
        let line = lines.entry(key).or_insert_with(|| Line::empty(connection, sender, key));
        checked_add(&mut line.bytes, bytes, "a line")?;
        line.metered_hours += 1;
    }
    Ok(lines)
}

fn priced_lines(
    connection: usize,
    sender: Sender,
    hours: impl Iterator<Item = (Hour, u128)>,
    history: &LinkHistory,
    prices: &mut Prices<'_>,
    missing: &mut MissingPrices,
    hourly: bool,
) -> Result<Lines> {
    let mut lines = Lines::new();
    for (hour, bytes) in hours {
        let levels = history.levels(hour);
        // R7: what counts is the service level, not the price.
        let billed = prices.price(levels.highest, hour, missing)?;
        let lowest = prices.price(levels.lowest, hour, missing)?;
        // A missing price fails the whole rating once all of them are known.
        let (Some(billed), Some(lowest)) = (billed, lowest) else { continue };
        let key = (hourly.then_some(hour), Some(levels.highest), billed);
        let line = lines.entry(key).or_insert_with(|| Line::empty(connection, sender, key));
        add_hour(line, bytes, levels, lowest)?;
    }
    for line in lines.values_mut() {
        // One product per line: the price is the same in all its hours.
        line.amount = Amount::of(line.bytes, line.price.contracted)?;
    }
    Ok(lines)
}

fn add_hour(line: &mut Line, bytes: u128, levels: HourLevels, lowest: Price) -> Result<()> {
    checked_add(&mut line.bytes, bytes, "a line")?;
    line.metered_hours += 1;
    if levels.switched {
        line.raised_hours += 1;
        let raised =
            Amount::of(bytes, line.price.contracted)?.checked_sub(Amount::of(bytes, lowest.contracted)?)?;
        line.raised_amount = line.raised_amount.checked_add(raised)?;
    }
    Ok(())
}

/// Quotes for one connection and sender, remembered until a price changes.
struct Prices<'a> {
    catalog: &'a Catalog,
    connection: &'a Connection,
    sender: Sender,
    /// Hours at which prices change, rising.
    changes: &'a [Hour],
    remembered: [Option<(usize, Option<Price>)>; LinkType::ALL.len()],
}

impl<'a> Prices<'a> {
    fn new(catalog: &'a Catalog, connection: &'a Connection, sender: Sender, changes: &'a [Hour]) -> Self {
        Self { catalog, connection, sender, changes, remembered: [None; LinkType::ALL.len()] }
    }

    /// The price in `hour`; where there is none it is noted as missing.
    fn price(
        &mut self,
        link_type: LinkType,
        hour: Hour,
        missing: &mut MissingPrices,
    ) -> Result<Option<Price>> {
        let since = self.changes.partition_point(|&change| change <= hour);
        let to = attribute(self.connection, self.sender);
        let price = match self.remembered[link_type as usize] {
            Some((then, price)) if then == since => price,
            _ => {
                let (from, into) = (to.source_region, to.destination_region);
                let account = to.billing_account_id;
                let quote = self.catalog.quote(account, from, into, link_type, hour)?;
                quote.map(|quote| quote.price)
            }
        };
        self.remembered[link_type as usize] = Some((since, price));
        if price.is_none() {
            let pair = (to.source_region.to_owned(), to.destination_region.to_owned(), link_type);
            let first = missing.entry(pair).or_insert(hour);
            *first = hour.min(*first);
        }
        Ok(price)
    }
}

/// The first hour of each pair and link type without a price.
type MissingPrices = BTreeMap<(String, String, LinkType), Hour>;

fn refuse_missing(missing: MissingPrices, catalog: &Catalog) -> Result<()> {
    let faults = missing.into_iter().map(|((source, destination, link_type), hour)| {
        let message = format!(
            "no {link_type} price from {source} to {destination} in catalog {} ({}), first needed in hour {hour}; \
             supply it with --prices or --contract",
            catalog.name, catalog.currency
        );
        Fault::new(FaultCode::MissingPrice, message)
    });
    let faults: Vec<Fault> = faults.collect();
    let total = faults.len() as u64;
    Error::listing_all(ErrorKind::MissingPrice, faults, total).map_or(Ok(()), Err)
}
