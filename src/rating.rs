//! Hourly bytes, link history and catalog to priced lines.

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::{HourRow, HourlyUsage},
    model::{
        checked_add,
        connection::{Connection, Inventory},
        link::{HourLevels, LinkType},
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

/// Prices every metered hour at the highest level in effect in it (R7) and sums by line.
///
/// Lines are sorted by account, connection, sender, hour, link type and price; with `only_account`, the
/// others' traffic is not priced at all. Fails with [`ErrorKind::MissingPrice`], listing every pair, link type
/// and first hour without a price (R5).
pub fn rate(
    usage: &HourlyUsage,
    inventory: &Inventory,
    catalog: &Catalog,
    hourly: bool,
    only_account: Option<&str>,
) -> Result<Vec<Line>> {
    let terms = Terms { inventory, catalog, hourly, price_changes: catalog.price_changes() };
    let keys: Vec<KeyTerms> = key_terms(inventory, only_account);
    let parts = usage.fold(|| Rater::new(&terms, &keys), Rater::add_row)?;
    let mut parts = parts.into_iter();
    // OK because a fold has at least one part.
    let mut all = parts.next().ok_or_else(|| Error::internal("nothing was rated"))?;
    for part in parts {
        all.merge(part)?;
    }
    let Rater { mut lines, missing, .. } = all;
    refuse_missing(missing, catalog)?;
    for line in &mut lines {
        // One product per line: the price is the same in all its hours.
        let id = &inventory.connection(line.connection).id;
        line.amount = Amount::of(line.bytes, line.price.contracted).map_err(|error| error.about(id))?;
    }
    let ranks = account_ranks(inventory);
    let rank = |line: &Line| ranks[line.connection * Sender::ALL.len() + line.sender as usize];
    lines.sort_unstable_by_key(|line| {
        (rank(line), line.connection, line.sender, line.hour, line.link_type, line.price)
    });
    Ok(lines)
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}

fn senders(inventory: &Inventory) -> impl Iterator<Item = (usize, Sender)> + '_ {
    (0..inventory.connections().len()).flat_map(|index| Sender::ALL.map(|sender| (index, sender)))
}

/// By key: the place of its account among all accounts in order.
fn account_ranks(inventory: &Inventory) -> Vec<usize> {
    let payer = |(index, sender)| attribute(inventory.connection(index), sender).billing_account_id;
    let mut accounts: Vec<&str> = senders(inventory).map(payer).collect();
    accounts.sort_unstable();
    accounts.dedup();
    senders(inventory).map(|key| accounts.partition_point(|account| *account < payer(key))).collect()
}

/// What rating asks of a connection and sender for every hour.
#[derive(Clone, Copy)]
struct KeyTerms {
    connection: usize,
    sender: Sender,
    /// Whether it is rated at all.
    rated: bool,
}

fn key_terms(inventory: &Inventory, only_account: Option<&str>) -> Vec<KeyTerms> {
    senders(inventory)
        .map(|(connection, sender)| {
            let payer = attribute(inventory.connection(connection), sender).billing_account_id;
            KeyTerms { connection, sender, rated: only_account.is_none_or(|account| account == payer) }
        })
        .collect()
}

/// What all raters share.
struct Terms<'a> {
    inventory: &'a Inventory,
    catalog: &'a Catalog,
    hourly: bool,
    /// Hours at which prices change, rising.
    price_changes: Vec<Hour>,
}

/// No line yet.
const NO_LINE: u32 = u32::MAX;

/// Where the hours of a key go, until something changes.
#[derive(Clone, Copy)]
struct Current {
    from: Hour,
    until: Hour,
    line: u32,
    /// The key's first line; the others follow it.
    first_line: u32,
}

/// Sums lines over some of the hours.
struct Rater<'a> {
    terms: &'a Terms<'a>,
    keys: &'a [KeyTerms],
    current: Vec<Current>,
    lines: Vec<Line>,
    /// By line: the next line of the same key.
    next_line: Vec<u32>,
    missing: MissingPrices,
}

impl Line {
    fn new(key: KeyTerms, hour: Option<Hour>, link_type: Option<LinkType>, price: Price) -> Self {
        Self {
            connection: key.connection,
            sender: key.sender,
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

    fn add(&mut self, other: &Self) -> Result<()> {
        checked_add(&mut self.bytes, other.bytes, "a line")?;
        self.metered_hours += other.metered_hours;
        self.raised_hours += other.raised_hours;
        self.raised_amount = self.raised_amount.checked_add(other.raised_amount)?;
        Ok(())
    }
}

impl<'a> Rater<'a> {
    fn new(terms: &'a Terms<'a>, keys: &'a [KeyTerms]) -> Self {
        let never = Hour::from_index(i64::MAX);
        let current = Current { from: never, until: never, line: NO_LINE, first_line: NO_LINE };
        Self {
            terms,
            keys,
            current: vec![current; keys.len()],
            lines: Vec::new(),
            next_line: Vec::new(),
            missing: MissingPrices::new(),
        }
    }

    fn add_row(&mut self, row: &HourRow<'_>) -> Result<()> {
        row.try_each_key(|key, bytes| {
            let current = &self.current[key];
            if row.hour < current.from || row.hour >= current.until {
                return self.change(key, row.hour, bytes);
            }
            let mut line = current.line as usize;
            if self.terms.hourly {
                // Like the hour before it, but on a line of its own.
                let like = &self.lines[line];
                let (link_type, price) = (like.link_type, like.price);
                line = self.line(key, Some(row.hour), link_type, price);
            }
            let line = &mut self.lines[line];
            checked_add(&mut line.bytes, bytes, "a line")?;
            line.metered_hours += 1;
            Ok(())
        })
    }

    /// Rates an hour in which levels or prices may be others than in the one before.
    fn change(&mut self, key: usize, hour: Hour, bytes: u128) -> Result<()> {
        let own = self.keys[key];
        if !own.rated {
            return Ok(());
        }
        let connection = self.terms.inventory.connection(own.connection);
        let hours = self.terms.hourly.then_some(hour);
        if connection.within_region() {
            // R1: inside a region traffic is metered and listed as free.
            let line = self.line(key, hours, None, Price::FREE);
            self.remember(key, hour, None, line);
            return self.add_hour(line, bytes, None);
        }
        let history = self.terms.inventory.history(own.connection);
        let levels = history.levels(hour);
        // R7: what counts is the service level, not the price.
        let billed = self.price(connection, own.sender, levels.highest, hour)?;
        let lowest = self.price(connection, own.sender, levels.lowest, hour)?;
        // A missing price fails the whole rating once all of them are known.
        let (Some(billed), Some(lowest)) = (billed, lowest) else { return Ok(()) };
        let line = self.line(key, hours, Some(levels.highest), billed);
        if !levels.switched {
            self.remember(key, hour, history.levels_until(hour), line);
        }
        self.add_hour(line, bytes, Some((levels, lowest)))
    }

    /// Lets the following hours go to `line`, until the levels change or a price does.
    fn remember(&mut self, key: usize, hour: Hour, levels_until: Option<Hour>, line: usize) {
        let changes = &self.terms.price_changes;
        let price_until = changes.get(changes.partition_point(|&change| change <= hour)).copied();
        let until = [levels_until, price_until].into_iter().flatten().min();
        let current = &mut self.current[key];
        current.from = hour;
        current.until = until.unwrap_or(Hour::from_index(i64::MAX));
        current.line = line as u32;
    }

    fn add_hour(&mut self, line: usize, bytes: u128, levels: Option<(HourLevels, Price)>) -> Result<()> {
        let line = &mut self.lines[line];
        checked_add(&mut line.bytes, bytes, "a line")?;
        line.metered_hours += 1;
        if let Some((levels, lowest)) = levels
            && levels.switched
        {
            line.raised_hours += 1;
            let raised = Amount::of(bytes, line.price.contracted)?
                .checked_sub(Amount::of(bytes, lowest.contracted)?)?;
            line.raised_amount = line.raised_amount.checked_add(raised)?;
        }
        Ok(())
    }

    /// The key's line of this kind, a new one if there is none yet.
    fn line(&mut self, key: usize, hour: Option<Hour>, link_type: Option<LinkType>, price: Price) -> usize {
        let first = self.current[key].first_line;
        // Hourly lines are always new: every hour of a key is seen once.
        let mut at = if hour.is_some() { NO_LINE } else { first };
        while at != NO_LINE {
            let line = &self.lines[at as usize];
            if line.link_type == link_type && line.price == price {
                return at as usize;
            }
            at = self.next_line[at as usize];
        }
        self.lines.push(Line::new(self.keys[key], hour, link_type, price));
        self.next_line.push(first);
        self.current[key].first_line = (self.lines.len() - 1) as u32;
        self.lines.len() - 1
    }

    /// Adds what another rater summed over other hours.
    fn merge(&mut self, other: Self) -> Result<()> {
        for line in other.lines {
            let key = crate::meter::key_of(line.connection, line.sender);
            let own = self.line(key, line.hour, line.link_type, line.price);
            self.lines[own].add(&line)?;
        }
        for (pair, hour) in other.missing {
            note_missing(&mut self.missing, pair, hour);
        }
        Ok(())
    }

    /// The price in `hour`; where there is none it is noted as missing.
    fn price(
        &mut self,
        connection: &Connection,
        sender: Sender,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Option<Price>> {
        let to = attribute(connection, sender);
        let (from, into) = (to.source_region, to.destination_region);
        let quote = self.terms.catalog.quote(to.billing_account_id, from, into, link_type, hour)?;
        if quote.is_none() {
            note_missing(&mut self.missing, (from.to_owned(), into.to_owned(), link_type), hour);
        }
        Ok(quote.map(|quote| quote.price))
    }
}

/// The first hour of each pair and link type without a price.
type MissingPrices = BTreeMap<(String, String, LinkType), Hour>;

fn note_missing(missing: &mut MissingPrices, pair: (String, String, LinkType), hour: Hour) {
    let first = missing.entry(pair).or_insert(hour);
    *first = hour.min(*first);
}

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
