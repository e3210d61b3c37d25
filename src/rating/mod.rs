//! Hourly bytes, link history and catalog to priced lines.

mod rater;

pub(crate) use rater::Rater;

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, ErrorKind, FIRST_NEEDED, Fault, FaultCode, Result},
    meter::HourlyUsage,
    model::{inventory::Inventory, link::LinkType, money::Amount, time::Hour, usage::Sender},
};
use rater::{Sum, Sums};
use std::collections::{BTreeMap, HashMap};

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
    let rating = Rating::new(usage, inventory, catalog, hourly, only_account);
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

/// What all raters share.
pub(crate) struct Rating<'a> {
    inventory: &'a Inventory,
    catalog: &'a Catalog,
    hourly: bool,
    /// Hours at which prices change, rising.
    price_changes: Vec<Hour>,
    routes: Vec<Route<'a>>,
    /// By key: the index of its route, or [`NOT_RATED`].
    route_of: Vec<u32>,
}

/// The route of a key without hours, or whose account is not asked for.
const NOT_RATED: u32 = u32::MAX;

impl<'a> Rating<'a> {
    /// To rate what the connections of `inventory` sent, as [`rate`] does.
    pub fn new(
        usage: &HourlyUsage,
        inventory: &'a Inventory,
        catalog: &'a Catalog,
        hourly: bool,
        only_account: Option<&str>,
    ) -> Self {
        let price_changes = catalog.price_changes();
        let (mut routes, mut route_of) = (Vec::new(), Vec::with_capacity(inventory.connections().len() * 2));
        let own_terms = !catalog.contract().rows().is_empty();
        let mut known: HashMap<(&str, &str, &str), u32> = HashMap::new();
        for (key, (connection, sender)) in senders(inventory).enumerate() {
            let to = attribute(inventory.connection(connection), sender);
            let asked_for = only_account.is_none_or(|account| account == to.billing_account_id);
            if !asked_for || !usage.has_hours(key) {
                route_of.push(NOT_RATED);
                continue;
            }
            let account = if own_terms { to.billing_account_id } else { "" };
            let (source, destination) = (to.source_region, to.destination_region);
            let route = *known.entry((account, source, destination)).or_insert_with(|| {
                routes.push(Route { account, source, destination });
                (routes.len() - 1) as u32
            });
            route_of.push(route);
        }
        Self { inventory, catalog, hourly, price_changes, routes, route_of }
    }

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
        let (connection, price) = (key / Sender::ALL.len(), all.price_of(sum));
        let id = &self.inventory.connection(connection).id;
        Ok(Line {
            connection,
            sender: Sender::ALL[key % Sender::ALL.len()],
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
            let (connection, sender) = (key / Sender::ALL.len(), Sender::ALL[key % Sender::ALL.len()]);
            let account = attribute(self.inventory.connection(connection), sender).billing_account_id;
            by_account.entry(account).or_default().push(key as u32);
        }
        by_account.into_values().flatten().map(|key| key as usize)
    }
}

/// The first hour of each pair and link type without a price.
type MissingPrices = BTreeMap<(String, String, LinkType), Hour>;

fn note_missing(missing: &mut MissingPrices, pair: (String, String, LinkType), hour: Hour) {
    let first = missing.entry(pair).or_insert(hour);
    *first = hour.min(*first);
}

fn refuse_missing(missing: &MissingPrices, catalog: &Catalog) -> Result<()> {
    let faults = missing.iter().map(|((source, destination, link_type), hour)| {
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
