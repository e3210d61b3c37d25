//! Planned connections and monthly bytes as metered traffic, which is rated like any other.

use crate::{
    attribution::attribute,
    catalog::{Catalog, Price},
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    meter::{MeterSettings, Metered, meter_records},
    model::{
        accounts::Accounts,
        connection::{Bandwidth, Connection, End},
        finding::{Finding, FindingCode, Said},
        invalid::{Invalid, Remedy},
        inventory::Inventory,
        link::LinkType,
        money::Gb,
        quantity::DailyRate,
        time::{BillingMonth, Hour, Offset, Period},
        usage::{Sender, UsageRecord},
    },
    read::topology::{PlannedLink, Topology},
    report::{Column, ReportOptions, Traffic},
};
use std::sync::Arc;

/// A connection that is planned, and what its ends are expected to send in a month.
///
/// Made by [`PlannedConnection::new`]; what it leaves open is set in the fields.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedConnection {
    /// What stands in the column `connection_id`: a name, or an address in a plan. Distinct; one may be empty.
    pub label: String,
    /// The end that asks for it.
    pub requester: End,
    /// The end that accepts it.
    pub accepter: End,
    /// The planned link type; has no meaning inside a region (R8).
    pub link_type: LinkType,
    /// How much it can carry.
    pub bandwidth: Bandwidth,
    /// Bytes that requester and accepter send in a month, in this order; `None`: no line for this end.
    pub monthly_bytes: [Option<u64>; 2],
}

impl PlannedConnection {
    /// With the default bandwidth, and nothing sent yet.
    pub fn new(label: impl Into<String>, requester: End, accepter: End, link_type: LinkType) -> Self {
        let (bandwidth, monthly_bytes) = (Bandwidth::DEFAULT, [None, None]);
        Self { label: label.into(), requester, accepter, link_type, bandwidth, monthly_bytes }
    }

    /// The connections of a planned topology, in its order. A link type that is not written is Gold (R8).
    pub fn of(topology: &Topology) -> Vec<Self> {
        let of = |link: &PlannedLink| {
            let [requester, accepter] = [link.from, link.to].map(|vpc| topology.vpcs[vpc].end.clone());
            let link_type = link.link_type.unwrap_or(LinkType::Gold);
            Self {
                bandwidth: link.bandwidth.unwrap_or(Bandwidth::DEFAULT),
                monthly_bytes: link.monthly_bytes.map(Some),
                ..Self::new(&*link.label, requester, accepter, link_type)
            }
        };
        topology.connections.iter().map(of).collect()
    }

    fn connection(&self) -> Connection {
        let (requester, accepter) = (self.requester.clone(), self.accepter.clone());
        let bandwidth = self.bandwidth;
        Connection { bandwidth, ..Connection::new(&*self.label, requester, accepter, self.link_type) }
    }
}

/// Whose prices are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PricesOf {
    /// Those of the first hour in which all rows with a date have begun.
    Newest,
    /// Those of a month, which must be the same in all its hours: quantities cannot be split by hours.
    Month(BillingMonth, Offset),
}

impl PricesOf {
    /// The days of its month, or of 30 days where there is none.
    fn days(self) -> u32 {
        match self {
            Self::Newest => 30,
            Self::Month(month, offset) => {
                let period = month.period(offset);
                // OK because a month has at most 31 days.
                u32::try_from((period.end.index() - period.start.index()) / 24).unwrap_or(31)
            }
        }
    }
}

/// What one end sends in a month, in the texts of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    /// So many GB, or so much of another unit.
    Volume(&'a str),
    /// So many Mbit/s, for so many hours of every day.
    Rate {
        /// Mbit/s.
        mbps: &'a str,
        /// Hours of a day.
        hours_a_day: &'a str,
    },
}

impl Sent<'_> {
    /// Its bytes in a month, and of a rate how they come about, which `sender` is to send.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] where a text is no such number, or of too many bytes; its fault is that of the text.
    pub fn bytes(self, sender: Sender, prices_of: PricesOf, gb: Gb) -> Result<(u64, Option<Finding>)> {
        match self {
            Self::Volume(volume) => Ok((gb.volume(volume)?, None)),
            Self::Rate { mbps, hours_a_day } => {
                let (rate, days) = (DailyRate::parse(mbps, hours_a_day)?, prices_of.days());
                Ok((rate.bytes_in(days)?, Some(rate.note(sender, days, gb)?)))
            }
        }
    }
}

/// Planned connections, metered as if all of a month's bytes were sent in one hour.
///
/// Which hour does not matter: over one link type and at one price an amount depends on the bytes alone.
#[derive(Debug, Clone)]
pub struct Quantities {
    metered: Metered,
    options: ReportOptions,
    prices_of: PricesOf,
    /// The hour whose prices are used.
    hour: Hour,
    notes: Vec<Finding>,
}

impl Quantities {
    /// From planned connections of distinct labels, in any order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] where two have one label, or where a price that they need changes within the month of
    /// [`PricesOf::Month`]; that of a catalog in which two prices tie.
    pub fn new(connections: &[PlannedConnection], prices_of: PricesOf, catalog: &Catalog) -> Result<Self> {
        let inventory = Inventory::planned(connections.iter().map(PlannedConnection::connection).collect());
        if let Some(twice) = inventory.connections().windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(Error::usage(format!("connection {:?} is planned twice", twice[0].id)));
        }
        let (hour, settings) = match prices_of {
            PricesOf::Newest => {
                let hour = catalog.newest_hour();
                (hour, MeterSettings::new(BillingMonth::of(hour, Offset::CHINA)?))
            }
            PricesOf::Month(month, offset) => {
                let settings = MeterSettings { offset, ..MeterSettings::new(month) };
                refuse_changing_prices(connections, settings.period(), catalog)?;
                (settings.period().start, settings)
            }
        };
        let records: Vec<UsageRecord> =
            connections.iter().flat_map(|planned| records(planned, hour)).collect();
        let metered = meter_records(&records, inventory, &settings)?;
        Ok(Self { metered, options: ReportOptions::default(), prices_of, hour, notes: Vec::new() })
    }

    /// The connections, sorted by label.
    pub fn inventory(&self) -> &Arc<Inventory> {
        self.metered.inventory()
    }

    /// The same, naming settings that came from a settings file.
    #[must_use]
    pub fn with_settings(mut self, settings: Vec<(String, String)>) -> Self {
        self.options.settings = settings;
        self
    }

    /// Likewise, with names of accounts.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Option<Arc<Accounts>>) -> Self {
        self.options.accounts = accounts;
        self
    }

    /// Likewise, with settings and names that other quantities have.
    pub(super) fn with_settings_of(self, other: &Self) -> Self {
        self.with_settings(other.options.settings.clone()).with_accounts(other.options.accounts.clone())
    }

    /// Likewise, for the statement of one account alone.
    #[must_use]
    pub fn of_account(mut self, account: Option<String>) -> Self {
        self.options.account = account;
        self
    }

    /// The same, with what a reader should know of how the bytes came about.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<Finding>) -> Self {
        self.notes = notes;
        self
    }

    /// What one GB costs that an end of a connection sends; `None` where no price is known, or where it changes within the
    /// month whose prices are taken.
    pub(super) fn unit_price(
        &self,
        planned: &PlannedConnection,
        sender: Sender,
        catalog: &Catalog,
    ) -> Result<Option<Price>> {
        let connection = planned.connection();
        if connection.within_region() {
            return Ok(Some(Price::FREE));
        }
        let price = |hour| price(&connection, sender, planned.link_type, hour, catalog);
        let first = price(self.hour)?;
        if let PricesOf::Month(month, offset) = self.prices_of {
            for hour in changes_within(month.period(offset), catalog) {
                if price(hour)? != first {
                    return Ok(None);
                }
            }
        }
        Ok(first)
    }

    /// What a reader should know of how the bytes came about.
    pub(super) fn notes(&self) -> &[Finding] {
        &self.notes
    }

    /// What scenarios are priced from.
    pub(super) fn traffic(&self) -> Traffic<'_> {
        Traffic { metered: &self.metered, options: &self.options, measured: false }
    }

    /// The billing month, where one was given.
    pub fn month(&self) -> Option<BillingMonth> {
        match self.prices_of {
            PricesOf::Newest => None,
            PricesOf::Month(month, _) => Some(month),
        }
    }

    /// Columns of the report that have no value: hours, and without a month the month.
    pub(super) fn columns_without_value(&self) -> &'static [Column] {
        const HOURS: [Column; 3] = [Column::BillingMonth, Column::MeteredHours, Column::RaisedHours];
        match self.prices_of {
            PricesOf::Newest => &HOURS,
            PricesOf::Month(..) => const { HOURS.split_at(1).1 },
        }
    }

    /// Says whose prices are used, where no month was given.
    pub(super) fn note_on_prices(&self, catalog: &Catalog) -> Option<Finding> {
        if self.prices_of != PricesOf::Newest {
            return None;
        }
        let since = match self.hour.index() {
            0 => Said::NoRowDated {},
            _ => Said::InForceIn { hour: self.hour },
        };
        // All that begins has begun in that hour, so what changes later is something that ends. Whether it has ended
        // by now is not asked of the clock (R17).
        let end = catalog.price_changes().into_iter().find(|&hour| hour > self.hour);
        let said = Said::NewestPrices {
            catalog: catalog.name.clone(),
            since: Box::new(since),
            end: end.map(|hour| Box::new(Said::SomeEnd { hour })),
        };
        let found = Finding::of(FindingCode::NewestPrices, said);
        Some(if end.is_some() { found.with(Remedy::ChooseMonth) } else { found })
    }
}

fn records(planned: &PlannedConnection, hour: Hour) -> impl Iterator<Item = UsageRecord> + '_ {
    let sent = Sender::ALL.into_iter().zip(planned.monthly_bytes);
    sent.filter_map(move |(sender, bytes)| {
        let connection_id = planned.label.clone();
        Some(UsageRecord { timestamp: hour.start(), connection_id, sender, bytes: bytes? })
    })
}

/// The hours of a period in which a price may change.
fn changes_within(period: Period, catalog: &Catalog) -> impl Iterator<Item = Hour> {
    let changes = catalog.price_changes().into_iter();
    changes.filter(move |&hour| hour > period.start && period.contains(hour))
}

/// Fails where a price changes within the month: quantities have no hours by which they could be split.
fn refuse_changing_prices(
    connections: &[PlannedConnection],
    period: Period,
    catalog: &Catalog,
) -> Result<()> {
    let changes: Vec<Hour> = changes_within(period, catalog).collect();
    let mut faults: Vec<Fault> = Vec::new();
    for planned in connections {
        let connection = planned.connection();
        let senders = Sender::ALL.into_iter().zip(planned.monthly_bytes).filter(|(_, bytes)| bytes.is_some());
        for (sender, _) in senders.filter(|_| !connection.within_region()) {
            for link_type in LinkType::ALL {
                let price = |hour| price(&connection, sender, link_type, hour, catalog);
                let mut before = price(period.start)?;
                for &hour in &changes {
                    let after = price(hour)?;
                    if after != before {
                        faults.push(changing(&connection, sender, link_type, hour));
                    }
                    before = after;
                }
            }
        }
    }
    faults.dedup();
    Error::from_faults(ErrorKind::Usage, faults).map_or(Ok(()), Err)
}

fn price(
    connection: &Connection,
    sender: Sender,
    link_type: LinkType,
    hour: Hour,
    catalog: &Catalog,
) -> Result<Option<Price>> {
    let to = attribute(connection, sender);
    let quote =
        catalog.quote(to.billing_account_id, to.source_region, to.destination_region, link_type, hour)?;
    Ok(quote.map(|quote| quote.price))
}

fn changing(connection: &Connection, sender: Sender, link_type: LinkType, hour: Hour) -> Fault {
    let to = attribute(connection, sender);
    let message = format!(
        "the {link_type} price from {} to {} changes within the month, in hour {hour}: quantities have no hours \
         to be split by",
        to.source_region, to.destination_region
    );
    Fault::new(FaultCode::BadPrice, Invalid::new(message).with(Remedy::EstimateFromHours))
}

/// Notes about where connections lie: inside one region, in a region without peering, across the border.
pub(super) fn notes_on_places(connections: &[Connection], catalog: &Catalog) -> Vec<Finding> {
    let mut notes: Vec<Finding> = connections.iter().filter_map(inside_region).collect();
    notes.extend(without_peering(connections, catalog));
    notes.extend(connections.iter().filter_map(|connection| cross_border(connection, catalog)));
    notes
}

/// About a connection, whose label stands before what is said, where it has one.
fn about(connection: &Connection, code: FindingCode, said: Said) -> Finding {
    let said = match connection.id.is_empty() {
        true => said,
        false => Said::Labelled { label: connection.id.clone(), said: Box::new(said) },
    };
    Finding::of(code, said).about(&connection.id)
}

fn inside_region(connection: &Connection) -> Option<Finding> {
    let said = || Said::NoLinkTypeInsideRegion { region: connection.requester.region.clone() };
    let code = FindingCode::NoLinkTypeInsideRegion;
    connection.within_region().then(|| about(connection, code, said()))
}

/// One note for every region; one that the catalog's list of regions does not say about has none.
fn without_peering(connections: &[Connection], catalog: &Catalog) -> Vec<Finding> {
    let ends =
        connections.iter().flat_map(|connection| [&connection.requester.region, &connection.accepter.region]);
    let mut regions: Vec<&Arc<str>> = ends.collect();
    regions.sort_unstable();
    regions.dedup();
    let note = |region: &Arc<str>| {
        let id = region.clone();
        let said = match catalog.regions().get(region)?.peering.as_str() {
            "not listed" => Said::RegionNotListed { region: id },
            "older list" => Said::RegionOnOlderList { region: id },
            "closing" => Said::RegionClosing { region: id },
            _ => return None,
        };
        Some(Finding::of(FindingCode::RegionWithoutPeering, said))
    };
    regions.into_iter().filter_map(note).collect()
}

/// Whether a connection joins the Chinese mainland with another place; `None` where the catalog does not say.
fn crosses_border(connection: &Connection, catalog: &Catalog) -> Option<bool> {
    let mainland = |region: &str| catalog.regions().get(region)?.mainland;
    Some(mainland(&connection.requester.region)? != mainland(&connection.accepter.region)?)
}

fn cross_border(connection: &Connection, catalog: &Catalog) -> Option<Finding> {
    if crosses_border(connection, catalog) != Some(true) {
        return None;
    }
    let said = Said::CrossBorder {
        source: connection.requester.region.clone(),
        destination: connection.accepter.region.clone(),
        verification: Box::new(verification(catalog)),
    };
    Some(about(connection, FindingCode::CrossBorder, said))
}

/// What the provider asks for before cross-border traffic, by site.
fn verification(catalog: &Catalog) -> Said {
    match catalog.name.as_str() {
        "china-site" => Said::VerificationOfChinaSite {},
        "international-site" => Said::VerificationOfInternationalSite {},
        _ => Said::VerificationOfEitherSite {},
    }
}
