//! Hourly bytes, link history and catalog to priced lines.

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, ErrorKind, FIRST_NEEDED, Fault, FaultCode, Result},
    meter::{HourRow, HourlyUsage, key_of},
    model::{
        checked_add,
        connection::Inventory,
        link::{HourLevels, LinkType},
        money::Amount,
        time::Hour,
        usage::Sender,
    },
};
use std::collections::{BTreeMap, HashMap, hash_map::Entry};

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
    let rating = Rating::new(inventory, catalog, hourly, only_account);
    let raters = usage.fold(|| rating.rater(), Rater::add_row)?;
    rating.lines(raters)
}

/// The account that pays for a line.
pub(crate) fn account<'a>(inventory: &'a Inventory, line: &Line) -> &'a str {
    attribute(inventory.connection(line.connection), line.sender).billing_account_id
}

fn senders(inventory: &Inventory) -> impl Iterator<Item = (usize, Sender)> + '_ {
    (0..inventory.connections().len()).flat_map(|index| Sender::ALL.map(|sender| (index, sender)))
}

/// Where the traffic of a connection and sender goes: what its price depends on beside link type and hour.
#[derive(Clone, Copy)]
struct Route<'a> {
    /// Empty where no account has terms of its own.
    account: &'a str,
    source: &'a str,
    destination: &'a str,
}

/// What rating asks of a connection and sender for every hour.
#[derive(Clone, Copy)]
struct KeyTerms {
    connection: usize,
    sender: Sender,
    /// Index of its route.
    route: u32,
    /// Whether it is rated at all.
    rated: bool,
}

/// What all raters share.
pub(crate) struct Rating<'a> {
    inventory: &'a Inventory,
    catalog: &'a Catalog,
    hourly: bool,
    /// Hours at which prices change, rising.
    price_changes: Vec<Hour>,
    keys: Vec<KeyTerms>,
    routes: Vec<Route<'a>>,
}

impl<'a> Rating<'a> {
    /// To rate what the connections of `inventory` sent, as [`rate`] does.
    pub fn new(
        inventory: &'a Inventory,
        catalog: &'a Catalog,
        hourly: bool,
        only_account: Option<&str>,
    ) -> Self {
        let price_changes = catalog.price_changes();
        let mut rating =
            Self { inventory, catalog, hourly, price_changes, keys: Vec::new(), routes: Vec::new() };
        let own_terms = !catalog.contract().rows().is_empty();
        let mut known: HashMap<(&str, &str, &str), u32> = HashMap::new();
        for (connection, sender) in senders(inventory) {
            let to = attribute(inventory.connection(connection), sender);
            let account = if own_terms { to.billing_account_id } else { "" };
            let (source, destination) = (to.source_region, to.destination_region);
            let routes = &mut rating.routes;
            let route = *known.entry((account, source, destination)).or_insert_with(|| {
                routes.push(Route { account, source, destination });
                (routes.len() - 1) as u32
            });
            let rated = only_account.is_none_or(|account| account == to.billing_account_id);
            rating.keys.push(KeyTerms { connection, sender, route, rated });
        }
        rating
    }

    /// One that rates some of the hours, each connection's and sender's in order.
    pub fn rater(&self) -> Rater<'_> {
        let never = Hour::from_index(i64::MAX);
        let current =
            Current { from: never, until: never, line: NO_LINE, first_line: NO_LINE, hours: 0, bytes: 0 };
        Rater {
            rating: self,
            current: vec![current; self.keys.len()],
            lines: Vec::new(),
            next_line: Vec::new(),
            quotes: HashMap::new(),
            missing: MissingPrices::new(),
        }
    }

    /// The lines of all that `raters` saw.
    pub fn lines(&self, raters: Vec<Rater<'_>>) -> Result<Vec<Line>> {
        let mut raters = raters.into_iter();
        // OK because a fold has at least one part.
        let mut all = raters.next().ok_or_else(|| Error::internal("nothing was rated"))?;
        all.flush()?;
        for rater in raters {
            all.merge(rater)?;
        }
        refuse_missing(std::mem::take(&mut all.missing), self.catalog)?;
        let mut lines = Vec::with_capacity(all.lines.len());
        for key in self.keys_by_account() {
            let start = lines.len();
            let mut at = all.current[key].first_line;
            while at != NO_LINE {
                let mut line = all.lines[at as usize].clone();
                // One product per line: the price is the same in all its hours.
                let id = &self.inventory.connection(line.connection).id;
                line.amount =
                    Amount::of(line.bytes, line.price.contracted).map_err(|error| error.about(id))?;
                lines.push(line);
                at = all.next_line[at as usize];
            }
            lines[start..].sort_unstable_by_key(|line| (line.hour, line.link_type, line.price));
        }
        Ok(lines)
    }

    /// All keys in the order of reports: by the account that pays, then by connection and sender.
    fn keys_by_account(&self) -> Vec<usize> {
        let payer = |key: &usize| {
            let KeyTerms { connection, sender, .. } = self.keys[*key];
            attribute(self.inventory.connection(connection), sender).billing_account_id
        };
        let mut keys: Vec<usize> = (0..self.keys.len()).collect();
        keys.sort_by_key(payer);
        keys
    }
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
    /// Hours and their bytes that the line does not hold yet.
    hours: u32,
    bytes: u128,
}

/// Sums lines over some of the hours.
pub(crate) struct Rater<'a> {
    rating: &'a Rating<'a>,
    current: Vec<Current>,
    lines: Vec<Line>,
    /// By line: the next line of the same key.
    next_line: Vec<u32>,
    /// By route, link type and number of price changes before.
    quotes: HashMap<(u32, LinkType, usize), Option<Price>>,
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

impl Rater<'_> {
    /// Rates one hour.
    pub fn add_row(&mut self, row: &HourRow<'_>) -> Result<()> {
        row.try_each_key(|key, bytes| {
            let current = &mut self.current[key];
            if row.hour < current.from || row.hour >= current.until {
                return self.change(key, row.hour, bytes);
            }
            if self.rating.hourly {
                // Like the hour before it, but on a line of its own.
                let like = &self.lines[current.line as usize];
                let (link_type, price) = (like.link_type, like.price);
                let line = self.line(key, Some(row.hour), link_type, price);
                return self.add_hour(line, bytes, None);
            }
            current.hours += 1;
            checked_add(&mut current.bytes, bytes, "a line")
        })
    }

    /// Brings the hours of a key to their line.
    fn flush_key(&mut self, key: usize) -> Result<()> {
        let current = &mut self.current[key];
        if current.hours > 0 {
            let line = &mut self.lines[current.line as usize];
            line.metered_hours += u64::from(std::mem::take(&mut current.hours));
            checked_add(&mut line.bytes, std::mem::take(&mut current.bytes), "a line")?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        (0..self.current.len()).try_for_each(|key| self.flush_key(key))
    }

    /// Rates an hour in which levels or prices may be others than in the one before.
    fn change(&mut self, key: usize, hour: Hour, bytes: u128) -> Result<()> {
        let own = self.rating.keys[key];
        if !own.rated {
            return Ok(());
        }
        self.flush_key(key)?;
        let connection = self.rating.inventory.connection(own.connection);
        let hours = self.rating.hourly.then_some(hour);
        if connection.within_region() {
            // R1: inside a region traffic is metered and listed as free.
            let line = self.line(key, hours, None, Price::FREE);
            self.remember(key, hour, None, line);
            return self.add_hour(line, bytes, None);
        }
        let history = self.rating.inventory.history(own.connection);
        let levels = history.levels(hour);
        // R7: what counts is the service level, not the price.
        let billed = self.price(own.route, levels.highest, hour)?;
        let lowest = self.price(own.route, levels.lowest, hour)?;
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
        let changes = &self.rating.price_changes;
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
        self.lines.push(Line::new(self.rating.keys[key], hour, link_type, price));
        self.next_line.push(first);
        self.current[key].first_line = (self.lines.len() - 1) as u32;
        self.lines.len() - 1
    }

    /// Adds what another rater summed over other hours.
    fn merge(&mut self, mut other: Self) -> Result<()> {
        other.flush()?;
        for line in other.lines {
            let key = key_of(line.connection, line.sender);
            let own = self.line(key, line.hour, line.link_type, line.price);
            self.lines[own].add(&line)?;
        }
        for (pair, hour) in other.missing {
            note_missing(&mut self.missing, pair, hour);
        }
        Ok(())
    }

    /// The price in `hour`; where there is none it is noted as missing.
    fn price(&mut self, route: u32, link_type: LinkType, hour: Hour) -> Result<Option<Price>> {
        let Route { account, source, destination } = self.rating.routes[route as usize];
        let changes = self.rating.price_changes.partition_point(|&change| change <= hour);
        let price = match self.quotes.entry((route, link_type, changes)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let quote = self.rating.catalog.quote(account, source, destination, link_type, hour)?;
                *unknown.insert(quote.map(|quote| quote.price))
            }
        };
        if price.is_none() {
            note_missing(&mut self.missing, (source.to_owned(), destination.to_owned(), link_type), hour);
        }
        Ok(price)
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
            "no {link_type} price from {source} to {destination} in catalog {} ({}){FIRST_NEEDED}{hour}; \
             supply it with --prices or --contract",
            catalog.name, catalog.currency
        );
        Fault::new(FaultCode::MissingPrice, message)
    });
    let faults: Vec<Fault> = faults.collect();
    let total = faults.len() as u64;
    Error::listing_all(ErrorKind::MissingPrice, faults, total).map_or(Ok(()), Err)
}
