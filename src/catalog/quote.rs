//! A catalog, what it answers, and what a report tells of it.

use super::{
    Contract, ContractRow, Place, Price, PriceRow, PriceStatus, Regions, RoundingPolicy, Terms, Timeline,
    Validity, first_hour_at_or_after,
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        QuickMap, did_you_mean,
        invalid::Invalid,
        link::LinkType,
        money::Gb,
        quoted,
        time::{Hour, Timestamp},
    },
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// The price of one GB for one account, pair of regions, link type and hour (R4).
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct Quote<'a> {
    /// The price and its provenance, as lines carry them.
    pub price: Price,
    /// The row of the list price, where there is one.
    pub row: Option<&'a PriceRow>,
    /// The contract row that changes it, where there is one.
    pub contract: Option<&'a ContractRow>,
}

/// Source, destination and link type.
pub(super) type PairKey = (Place, Place, LinkType);
/// Pairs of places that cover a pair of regions, the most specific first; of those beside one another none is more so.
type Pairs = [[Option<(Place, Place)>; 2]; 3];
/// The index of the row that holds.
pub(super) type PriceTimeline = Timeline<Option<usize>>;

/// Prices of one site in one currency (R13), with overlays and contract.
///
/// It is [shipped](Catalog::shipped) or [read](Catalog::read); [`with_prices`](Catalog::with_prices) and
/// [`with_contract`](Catalog::with_contract) lay more over it. [`quote`](Catalog::quote) is what it answers.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Its name, as in `catalog.toml`; never empty.
    pub name: String,
    /// Its version, as in `catalog.toml`.
    pub version: String,
    /// The provider's site it describes.
    pub site: String,
    /// Its only currency, `CNY` or `USD` in those that are shipped (R13).
    pub currency: String,
    /// What one GB is (R9).
    pub gb: Gb,
    /// How an account's month is rounded (R11).
    pub rounding: RoundingPolicy,
    /// Whether a row holds both ways unless the reverse has its own (R4).
    pub symmetric: bool,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Site and notes in other languages, by their tags.
    pub in_language: BTreeMap<String, InLanguage>,
    pub(super) regions: Regions,
    pub(super) rows: Vec<PriceRow>,
    /// Which of `rows` holds when: of the published and of the assumed ones.
    pub(super) by_pair: QuickMap<PairKey, [PriceTimeline; 2]>,
    /// Regions that price rows and contract rows name.
    pub(super) own_regions: HashSet<Arc<str>>,
    pub(super) overlays: Vec<String>,
    pub(super) contract: Contract,
}

impl Catalog {
    /// The regions it knows, with their areas.
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// All price rows: those of the catalog, then those of each overlay.
    pub fn rows(&self) -> &[PriceRow] {
        &self.rows
    }

    /// Names of the overlays, in the order in which they were laid.
    pub fn overlays(&self) -> &[String] {
        &self.overlays
    }

    /// The contract rows in use, of all contracts that were laid over it; without a row where there is none.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Whether connections may name this region: it is in `regions.csv`, or has a price or contract row of its own.
    pub fn knows_region(&self, region: &str) -> bool {
        self.regions.get(region).is_some() || self.own_regions.contains(region)
    }

    /// Whether connections may name this region, for [`InventorySettings`](crate::read::InventorySettings).
    ///
    /// # Errors
    ///
    /// Where [`knows_region`](Self::knows_region) says no: the words suggest a near one.
    pub fn check_region(&self, region: &str) -> Result<(), Invalid> {
        if self.knows_region(region) {
            return Ok(());
        }
        // Where ids are read a name is not enough, but tells which one is meant.
        let near = match self.regions.find(region) {
            Ok(named) => format!("; did you mean \"{}\"?", named.id),
            Err(_) => did_you_mean(region, self.regions.all().map(|region| &*region.id)),
        };
        Err(format!("region {} is not known to catalog {}{near}", quoted(region.as_bytes()), self.name)
            .into())
    }

    /// The id of the region that a user names by id or by any of its names, as [`Regions::find`] finds it.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where the region is not known, or the name is that of several; the message suggests
    /// some.
    pub fn region_id(&self, text: &str) -> Result<Arc<str>> {
        if self.knows_region(text) {
            return Ok(text.into());
        }
        self.regions.find(text).map(|region| region.id.clone())
    }

    /// What `account` pays per GB from `source` to `destination`, two different regions, in `hour`.
    ///
    /// Prices are in the catalog's currency, per GB of [`gb`](Self::gb); rows are looked up as R4 says. `None` where no
    /// price is known (R5). Traffic inside a region needs none: it is [`Price::FREE`] (R1).
    ///
    /// ```
    /// use peerbill::{Catalog, model::{link::LinkType, time::Timestamp}};
    ///
    /// let catalog = Catalog::shipped("international-site").unwrap();
    /// let hour = Timestamp::parse("2026-10-05T03:00:00Z").unwrap().hour();
    /// let gold = catalog.quote("1", "cn-huhehaote", "cn-guangzhou", LinkType::Gold, hour)?.unwrap();
    /// assert_eq!(gold.price.contracted.to_string(), "0.072");
    /// // No Platinum price in USD is known: absent, not zero.
    /// assert!(catalog.quote("1", "cn-huhehaote", "cn-guangzhou", LinkType::Platinum, hour)?.is_none());
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where two equally specific rows, of prices or of contracts, are in force: both
    /// are listed (R4).
    pub fn quote(
        &self,
        account: &str,
        source: &str,
        destination: &str,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Option<Quote<'_>>> {
        let row = self.list_price(source, destination, link_type, hour)?;
        let sides = [self.regions.places_of(source), self.regions.places_of(destination)];
        let contract = self.contract.in_force(account, &sides, link_type, hour)?;
        let list = row.map(|row| row.unit_price);
        let price = match (contract.map(|row| row.terms), row) {
            (Some(Terms::UnitPrice(contracted)), _) => Some(Price {
                // An assumed list price is not shown beside a price that does not depend on it (R18).
                list: row.filter(|row| row.status == PriceStatus::Published).and(list),
                contracted,
                status: PriceStatus::Contract,
            }),
            (Some(Terms::Discount(discount)), Some(row)) => {
                Some(Price { list, contracted: row.unit_price.discounted(discount), status: row.status })
            }
            (None, Some(row)) => Some(Price { list, contracted: row.unit_price, status: row.status }),
            (_, None) => None,
        };
        Ok(price.map(|price| Quote { price, row, contract }))
    }

    /// The row whose price holds: the most specific one, then the latest in force, then the later layer.
    pub(super) fn list_price(
        &self,
        source: &str,
        destination: &str,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Option<&PriceRow>> {
        let found = self.row_or_tie(source, destination, link_type, hour);
        found.map_err(|rows| tied(source, destination, link_type, hour, &rows))
    }

    /// Likewise, or the rows that tie.
    pub(super) fn row_or_tie(
        &self,
        source: &str,
        destination: &str,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Option<&PriceRow>, Vec<&PriceRow>> {
        let pairs = self.pairs_by_specificity(source, destination);
        // An assumed row never displaces a published one in force (R18).
        for status in [PriceStatus::Published, PriceStatus::Assumed] {
            for equally_specific in &pairs {
                let mut found = equally_specific
                    .iter()
                    .flatten()
                    .filter_map(|(from, to)| self.row_in_force(from, to, link_type, status, hour));
                match (found.next(), found.next()) {
                    (None, _) => {}
                    (Some(row), None) => return Ok(Some(row)),
                    (Some(one), Some(other)) => return Err(vec![one, other]),
                }
            }
        }
        Ok(None)
    }

    /// The pairs of places that cover a pair of regions: both regions, then one, then both areas.
    fn pairs_by_specificity(&self, source: &str, destination: &str) -> Pairs {
        let (from, from_area) = self.regions.places_of(source);
        let (to, to_area) = self.regions.places_of(destination);
        let one_region = [
            to_area.clone().map(|area| (from.clone(), area)),
            from_area.clone().map(|area| (area, to.clone())),
        ];
        [[Some((from, to)), None], one_region, [from_area.zip(to_area), None]]
    }

    /// The row for exactly these places; where the catalog is symmetric, the reverse one stands in.
    pub(super) fn row_in_force(
        &self,
        from: &Place,
        to: &Place,
        link_type: LinkType,
        status: PriceStatus,
        hour: Hour,
    ) -> Option<&PriceRow> {
        let latest = |timeline: &PriceTimeline| timeline.at(hour).map(|index| &self.rows[index]);
        let reverse = || self.symmetric.then(|| self.timeline(to, from, link_type, status)).flatten();
        let own = self.timeline(from, to, link_type, status).and_then(latest);
        own.or_else(|| reverse().and_then(latest))
    }

    /// Which row for exactly these places holds when.
    pub(super) fn timeline(
        &self,
        from: &Place,
        to: &Place,
        link_type: LinkType,
        status: PriceStatus,
    ) -> Option<&PriceTimeline> {
        let [published, assumed] = self.by_pair.get(&(from.clone(), to.clone(), link_type))?;
        Some(if status == PriceStatus::Assumed { assumed } else { published })
    }

    /// The hours, rising, at which a price or a term may change: between two of them all quotes are constant.
    ///
    /// A change inside an hour counts from the next one, because rows are read at the start of the hour (R4).
    pub fn price_changes(&self) -> Vec<Hour> {
        let validities = self.rows.iter().map(|row| row.validity);
        let mut hours: Vec<Hour> = validities
            .chain(self.contract.rows().iter().map(|row| row.validity))
            .flat_map(Validity::hours)
            .flatten()
            .collect();
        hours.sort_unstable();
        hours.dedup();
        hours
    }

    /// The first hour in which all rows that have a start have begun: that of the newest prices. Where no row has a
    /// start it is the hour of 1970-01-01T00:00:00Z.
    pub fn newest_hour(&self) -> Hour {
        let validities = self.rows.iter().map(|row| row.validity);
        let validities = validities.chain(self.contract.rows().iter().map(|row| row.validity));
        let starts = validities.filter_map(|validity| validity.from);
        starts.map(first_hour_at_or_after).max().unwrap_or(Hour::from_index(0))
    }

    /// A digest over all that decides a price: settings, price rows, overlays, contracts and areas. BLAKE3, in
    /// hexadecimal; the order of the rows does not matter.
    pub fn digest(&self) -> String {
        let mut rows: Vec<String> = self.rows.iter().map(describe_row).collect();
        rows.extend(
            self.regions
                .all()
                .map(|region| format!("region,{},{}", region.id, region.area.as_deref().unwrap_or_default())),
        );
        rows.extend(self.contract.rows().iter().map(ContractRow::describe));
        rows.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        let rounding = &self.rounding;
        let settings = format!(
            "{},{},{},{},{},{},{}\n",
            self.name,
            self.version,
            self.currency,
            self.gb.as_str(),
            rounding.mode.as_str(),
            rounding.decimals,
            self.symmetric
        );
        hasher.update(settings.as_bytes());
        hasher.update(rows.join("\n").as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

/// Why a row does not hold: the first of these that tells it from the row that does (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It begins after the start of the hour.
    NotYet,
    /// It ended at the start of the hour or before.
    Ended,
    /// It is assumed, and a published one is in force (R18).
    Assumed,
    /// The other names accounts, places or link types more closely.
    LessSpecific,
    /// It is of the opposite direction, and this direction has a row of its own.
    Reverse,
    /// The other is in force from a later date on.
    EarlierStart,
    /// The other is of a later layer.
    EarlierLayer,
    /// It is the list price, and the account's contract names a unit price of its own.
    Contract,
}

impl Lost {
    /// In a word: `not_yet`, `ended`, `assumed`, `less_specific`, `reverse`, `earlier_start`, `earlier_layer`, `contract`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Ended => "ended",
            Self::Assumed => "assumed",
            Self::LessSpecific => "less_specific",
            Self::Reverse => "reverse",
            Self::EarlierStart => "earlier_start",
            Self::EarlierLayer => "earlier_layer",
            Self::Contract => "contract",
        }
    }

    /// Why one that is not in force in `hour` is not.
    fn not_in_force(validity: Validity, hour: Hour) -> Option<Self> {
        let begins_later = validity.from.is_some_and(|from| from > hour.start());
        match validity.covers(hour) {
            true => None,
            false => Some(if begins_later { Self::NotYet } else { Self::Ended }),
        }
    }
}

/// How a row covers a pair of regions: better ones are greater.
type Cover = (Reverse<usize>, bool);

impl Catalog {
    /// The price rows that cover a pair of regions over a link type and do not hold in `hour`, each with why, in the
    /// order in which they were laid: all but the [`row`](Quote::row) of the quote.
    ///
    /// # Errors
    ///
    /// As [`quote`](Self::quote), where two of them tie.
    pub fn lost_rows(
        &self,
        source: &str,
        destination: &str,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Vec<(&PriceRow, Lost)>> {
        let winner = self.list_price(source, destination, link_type, hour)?;
        let pairs = self.pairs_by_specificity(source, destination);
        let covering = self.rows.iter().filter(|row| row.link_type == link_type);
        let covering = covering.filter_map(|row| Some((row, self.cover(row, &pairs)?)));
        let best = winner.and_then(|row| Some((row, self.cover(row, &pairs)?)));
        let others = covering.filter(|(row, _)| winner.is_none_or(|winner| !std::ptr::eq(winner, *row)));
        Ok(others.filter_map(|(row, cover)| Some((row, why_lost(row, cover, best, hour)?))).collect())
    }

    /// How a row covers a pair of regions, where it does: by which of `pairs`, and whether in their direction.
    fn cover(&self, row: &PriceRow, pairs: &Pairs) -> Option<Cover> {
        let own = |(from, to): &(Place, Place)| (from, to) == (&row.source, &row.destination);
        let reverse = |(from, to): &(Place, Place)| (to, from) == (&row.source, &row.destination);
        (0..).zip(pairs).find_map(|(level, pairs)| {
            if pairs.iter().flatten().any(own) {
                return Some((Reverse(level), true));
            }
            (self.symmetric && pairs.iter().flatten().any(reverse)).then_some((Reverse(level), false))
        })
    }

    /// The contract rows that match what `account` sends and do not hold in `hour`, each with why, in the order in which
    /// they were read: all but the [`contract`](Quote::contract) of the quote.
    ///
    /// # Errors
    ///
    /// As [`quote`](Self::quote), where two of them tie.
    pub fn lost_terms(
        &self,
        account: &str,
        source: &str,
        destination: &str,
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Vec<(&ContractRow, Lost)>> {
        let sides = [self.regions.places_of(source), self.regions.places_of(destination)];
        let winner = self.contract.in_force(account, &sides, link_type, hour)?;
        let is_other = |row: &&ContractRow| winner.is_none_or(|winner| !std::ptr::eq(winner, *row));
        let matching = self.contract.rows().iter().filter(|row| row.is_for(account, &sides, link_type));
        let why = |row: &ContractRow| Lost::not_in_force(row.validity, hour).unwrap_or(Lost::LessSpecific);
        Ok(matching.filter(is_other).map(|row| (row, why(row))).collect())
    }
}

/// Why a row lost against the one that holds; one that is in force always lost against some other.
fn why_lost(row: &PriceRow, cover: Cover, best: Option<(&PriceRow, Cover)>, hour: Hour) -> Option<Lost> {
    if let Some(why) = Lost::not_in_force(row.validity, hour) {
        return Some(why);
    }
    let (winner, best) = best?;
    Some(match () {
        () if row.status != winner.status => Lost::Assumed,
        () if cover.0 != best.0 => Lost::LessSpecific,
        () if cover.1 != best.1 => Lost::Reverse,
        () if row.validity.from != winner.validity.from => Lost::EarlierStart,
        () => Lost::EarlierLayer,
    })
}

fn describe_row(row: &PriceRow) -> String {
    let instant = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    format!(
        "price,{},{},{},{},{},{},{},{}",
        row.source,
        row.destination,
        row.link_type,
        row.unit_price,
        instant(row.validity.from),
        instant(row.validity.until),
        row.status,
        row.layer
    )
}

fn tied(source: &str, destination: &str, link_type: LinkType, hour: Hour, rows: &[&PriceRow]) -> Error {
    let faults = rows.iter().map(|row| {
        Fault::at(
            FaultCode::BadPrice,
            &row.input,
            row.line,
            format!(
                "{} to {} ties with another row for {source} to {destination}, {link_type}, in {hour}; \
                 add a row that names both regions",
                row.source, row.destination
            ),
        )
    });
    // OK because a tie has two rows.
    Error::from_faults(ErrorKind::Catalog, faults.collect()).expect("a tie has rows")
}

/// What a catalog says of itself in another language than English.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct InLanguage {
    /// The provider's site that it describes.
    pub site: Option<String>,
    /// What a reader should know.
    pub notes: Option<Vec<String>>,
}

/// A catalog without its prices: what a report shows of it, and needs to print amounts.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CatalogSummary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The provider's site that it describes.
    pub site: String,
    /// Its only currency (R13).
    pub currency: String,
    /// What one GB is (R9).
    pub gb: Gb,
    /// How an account's month is rounded (R11).
    pub rounding: RoundingPolicy,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Site and notes in other languages, by their tags, `zh-Hans`.
    pub in_language: BTreeMap<String, InLanguage>,
    /// Its regions, for their names.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub regions: Regions,
    /// Names of the overlays, in the order in which they were laid.
    pub overlays: Vec<String>,
    /// How many rows the contract in use has; 0 where there is none.
    pub contract_rows: usize,
    /// The digest over all that decides a price: [`Catalog::digest`].
    pub price_digest: String,
}

impl Catalog {
    /// What a report tells of it.
    pub fn summary(&self) -> CatalogSummary {
        CatalogSummary {
            name: self.name.clone(),
            version: self.version.clone(),
            site: self.site.clone(),
            currency: self.currency.clone(),
            gb: self.gb,
            rounding: self.rounding.clone(),
            notes: self.notes.clone(),
            in_language: self.in_language.clone(),
            regions: self.regions.clone(),
            overlays: self.overlays().to_vec(),
            contract_rows: self.contract().rows().len(),
            price_digest: self.digest(),
        }
    }
}
