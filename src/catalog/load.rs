//! From the texts of a catalog folder to a [`Catalog`].

use super::{
    Catalog, Contract, Place, PriceRow, PriceStatus, Regions, RoundingPolicy, Timeline, Validity,
    contract::{check_currency, read_validity},
    quote::{InLanguage, PairKey},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        QuickMap, did_you_mean,
        invalid::Invalid,
        link::LinkType,
        money::{Gb, PRINTED_DECIMALS, UnitPrice},
    },
    read::{
        Document,
        table::{Column, RowFaults, TableColumns, TableRow, faults_of, read_all},
    },
};
use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

/// The texts of a catalog folder.
#[derive(Debug, Clone)]
pub struct CatalogSource {
    /// `catalog.toml`: name, version, site, currency, GB, symmetry, rounding and notes.
    pub settings: Document,
    /// `prices.csv`: a price of one GB on each row, with its provenance (R18).
    pub prices: Document,
    /// `regions.csv`, where the folder has its own; otherwise the shipped one.
    pub regions: Option<Document>,
}

/// `catalog.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    name: String,
    version: String,
    site: String,
    currency: String,
    gb: Gb,
    symmetric: bool,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default, rename = "in")]
    in_language: BTreeMap<String, InLanguage>,
    rounding: RoundingPolicy,
}
/// The columns of a price table.
struct Columns {
    source: Column<'static>,
    destination: Column<'static>,
    link_type: Column<'static>,
    unit_price: Column<'static>,
    effective_from: Column<'static>,
    status: Column<'static>,
    source_url: Column<'static>,
    source_date: Column<'static>,
    effective_until: Column<'static>,
    currency: Column<'static>,
}

impl Columns {
    /// The columns, and what the header is searched for.
    fn new() -> (Self, TableColumns<'static>) {
        let mut table = TableColumns::default();
        let columns = Self {
            source: table.required("source"),
            destination: table.required("destination"),
            link_type: table.required("link_type"),
            unit_price: table.required("unit_price"),
            effective_from: table.required("effective_from"),
            status: table.required("status"),
            source_url: table.required("source_url"),
            source_date: table.required("source_date"),
            effective_until: table.optional_as_spelled("effective_until"),
            currency: table.optional_as_spelled("currency"),
        };
        (columns, table)
    }
}

impl Catalog {
    /// Reads a catalog: its settings, its regions, then its prices. Nothing is looked up outside of `source`, except
    /// for the shipped regions where it has none.
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where a text cannot be read as a whole; where `catalog.toml` has unknown keys,
    /// no name or currency, or rounds to more than 10 decimals; and where rows are bad, all of them of the first text
    /// that has any: a place that is neither a region id nor an area, a price that is not exact, a row of another
    /// currency (R13), two rows for the same places, link type, status and start (R4).
    pub fn read(source: &CatalogSource) -> Result<Self> {
        let settings = read_settings(&source.settings)?;
        let regions = match &source.regions {
            Some(document) => Regions::read(document)?,
            None => Regions::shipped()?,
        };
        let empty = Self {
            name: settings.name,
            version: settings.version,
            site: settings.site,
            currency: settings.currency,
            gb: settings.gb,
            rounding: settings.rounding,
            symmetric: settings.symmetric,
            notes: settings.notes,
            in_language: settings.in_language,
            regions,
            rows: Vec::new(),
            by_pair: QuickMap::default(),
            own_regions: HashSet::new(),
            overlays: Vec::new(),
            contract: Contract::default(),
        };
        empty.with_layer(&source.prices, 0)
    }

    /// Lays rows of the same columns over the catalog: at the same place and date they win over it (R4), except that an
    /// assumed row never displaces a published one in force (R18).
    ///
    /// `name` is what the overlay is called in reports.
    ///
    /// ```
    /// use peerbill::{Catalog, catalog::shipped_overlay, model::{link::LinkType, time::Timestamp}};
    ///
    /// let assumed = shipped_overlay("assumed-platinum").unwrap();
    /// let catalog = Catalog::shipped("international-site")?.with_prices("assumed-platinum", &assumed)?;
    /// let hour = Timestamp::parse("2026-10-05T03:00:00Z")?.hour();
    /// let quote = catalog.quote("1", "cn-huhehaote", "cn-guangzhou", LinkType::Platinum, hour)?.unwrap();
    /// assert_eq!(quote.price.status.as_str(), "assumed");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where the table cannot be read as a whole or is in another currency (R13), and
    /// with all of its rows that are bad.
    pub fn with_prices(mut self, name: &str, prices: &Document) -> Result<Self> {
        self.overlays.push(name.to_owned());
        let layer = self.overlays.len();
        self.with_layer(prices, layer)
    }

    /// Adds the terms of an account's contract to those that are in use; it is a CSV table.
    ///
    /// ```
    /// use peerbill::{Catalog, model::{link::LinkType, time::Timestamp}, read::Document};
    ///
    /// let contract = Document::new(
    ///     "contract.csv",
    ///     "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
    ///      1000000000000001,*,*,*,,15,2026-01-01,\n",
    /// );
    /// let catalog = Catalog::shipped("china-site")?.with_contract(&contract)?;
    /// let hour = Timestamp::parse("2026-10-05T03:00:00Z")?.hour();
    /// let quote =
    ///     catalog.quote("1000000000000001", "cn-huhehaote", "cn-guangzhou", LinkType::Gold, hour)?.unwrap();
    /// assert_eq!(quote.price.list.unwrap().to_string(), "0.48");
    /// assert_eq!(quote.price.contracted.to_string(), "0.408");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where the table cannot be read as a whole, and with all of its rows that are
    /// bad: a row in another currency (R13), without an account, or with both or neither of unit price and discount.
    /// Rows that tie are found by [`quote`](Self::quote), and by [`check`](fn@super::check::check).
    pub fn with_contract(mut self, document: &Document) -> Result<Self> {
        let contract = Contract::read(document, &self.regions, &self.currency)?;
        for place in contract.rows().iter().flat_map(|row| row.source.iter().chain(&row.destination)) {
            note_region(&mut self.own_regions, place);
        }
        self.contract.extend(contract.rows().iter().cloned());
        Ok(self)
    }

    fn with_layer(mut self, document: &Document, layer: usize) -> Result<Self> {
        let name = &document.name;
        let (columns, table) = Columns::new();
        let (rows, malformed) = read_all(ErrorKind::Catalog, name, &document.text, &table)?;
        let mut faults = faults_of(malformed);
        let mut lines = HashMap::new();
        for row in rows.iter() {
            if let Err(why) = check_currency(row.text(columns.currency), &self.currency) {
                // The whole table is in another currency: one fault says it.
                return Err(Error::new(
                    ErrorKind::Catalog,
                    Fault::at(FaultCode::BadPrice, name, row.line, why),
                ));
            }
            let read = read_price(&self.regions, &columns, &row, name, layer)
                .map_err(|why| all_faults(&self.regions, &columns, &row, why));
            let read = read.and_then(|price| refuse_second(&mut lines, price));
            match read {
                Ok(price) => self.insert(price),
                Err(why) => faults.push(Fault::at(FaultCode::BadPrice, name, row.line, why)),
            }
        }
        faults.sort_by_key(|fault| fault.line);
        self.find_timelines();
        Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(self), Err)
    }

    fn insert(&mut self, price: PriceRow) {
        for place in [&price.source, &price.destination] {
            note_region(&mut self.own_regions, place);
        }
        self.rows.push(price);
    }

    /// Finds out which row holds when, of each pair of places and link type.
    fn find_timelines(&mut self) {
        let mut indices: HashMap<PairKey, Vec<usize>> = HashMap::new();
        for (index, price) in self.rows.iter().enumerate() {
            let key = (price.source.clone(), price.destination.clone(), price.link_type);
            indices.entry(key).or_default().push(index);
        }
        let rows = &self.rows;
        let timelines = |indices: Vec<usize>| {
            [PriceStatus::Published, PriceStatus::Assumed].map(|status| {
                let own = indices.iter().filter(|&&index| rows[index].status == status);
                let ordered = own.map(|&index| {
                    let row = &rows[index];
                    (row.validity, (row.validity.from, row.layer, index))
                });
                // R4: the latest start, then the later layer.
                Timeline::new(ordered, |in_force| in_force.last().map(|(_, _, index)| *index))
            })
        };
        self.by_pair = indices.into_iter().map(|(key, indices)| (key, timelines(indices))).collect();
    }
}

fn note_region(own: &mut HashSet<Arc<str>>, place: &Place) {
    if let Place::Region(id) = place {
        own.insert(id.clone());
    }
}

fn read_settings(document: &Document) -> Result<Settings> {
    let unusable = |message: String| Error::unusable(ErrorKind::Catalog, &document.name, message);
    let text = std::str::from_utf8(&document.text)
        .map_err(|_| Error::unusable(ErrorKind::Catalog, &document.name, Invalid::not_utf8("it")))?;
    let settings: Settings = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() as u64 + 1);
        let fault = Fault::of_input(FaultCode::UnusableInput, &document.name, error.message());
        let fault = Fault { line, ..fault };
        Error::new(ErrorKind::Catalog, fault)
    })?;
    if settings.rounding.decimals > PRINTED_DECIMALS {
        return Err(unusable("rounding.decimals is above 10".into()));
    }
    if settings.name.is_empty() || settings.currency.is_empty() {
        return Err(unusable("name and currency cannot be empty".into()));
    }
    Ok(settings)
}

fn read_price(
    regions: &Regions,
    columns: &Columns,
    row: &TableRow<'_>,
    input: &Arc<str>,
    layer: usize,
) -> Result<PriceRow, String> {
    let status = read_status(row.text(columns.status))?;
    Ok(PriceRow {
        source: regions.read_place(row.text(columns.source))?,
        destination: regions.read_place(row.text(columns.destination))?,
        link_type: row.text(columns.link_type).parse()?,
        unit_price: read_unit_price(row.text(columns.unit_price))?,
        validity: read_validity(row.text(columns.effective_from), row.text(columns.effective_until))?,
        status,
        source_url: row.text(columns.source_url).to_owned(),
        source_date: row.text(columns.source_date).to_owned(),
        layer,
        input: input.clone(),
        line: row.line,
    })
}

fn read_status(text: &str) -> Result<PriceStatus, String> {
    match text {
        "published" => Ok(PriceStatus::Published),
        "assumed" => Ok(PriceStatus::Assumed),
        other => {
            let near = did_you_mean(other, ["published", "assumed"]);
            Err(format!("status {other:?} is neither published nor assumed{near}"))
        }
    }
}

fn read_unit_price(text: &str) -> Result<UnitPrice, String> {
    text.parse().map_err(|why| format!("unit_price {why}"))
}

/// All that is wrong with a row, of which this was met first.
fn all_faults(regions: &Regions, columns: &Columns, row: &TableRow<'_>, why: String) -> String {
    let mut faults = RowFaults::first(why);
    faults.note(regions.read_known_place(row.text(columns.source)));
    faults.note(regions.read_known_place(row.text(columns.destination)));
    faults.note(row.text(columns.link_type).parse::<LinkType>());
    faults.note(read_unit_price(row.text(columns.unit_price)));
    faults.note(read_validity(row.text(columns.effective_from), row.text(columns.effective_until)));
    faults.note(read_status(row.text(columns.status)));
    faults.joined()
}

type PriceKey = (Place, Place, LinkType, Validity, PriceStatus);

/// Two rows of one table for the same places, link type and date: which one holds cannot be told.
fn refuse_second(lines: &mut HashMap<PriceKey, u64>, price: PriceRow) -> Result<PriceRow, String> {
    let validity = Validity { from: price.validity.from, until: None };
    let key = (price.source.clone(), price.destination.clone(), price.link_type, validity, price.status);
    match lines.entry(key) {
        Entry::Vacant(place) => {
            place.insert(price.line);
            Ok(price)
        }
        Entry::Occupied(first) => Err(format!(
            "{} to {}, {}, has a price from the same instant already at line {}",
            price.source,
            price.destination,
            price.link_type,
            first.get()
        )),
    }
}

/// Names of the catalogs that are shipped.
pub const SHIPPED_CATALOGS: [&str; 2] = ["china-site", "international-site"];

/// Names of the overlays that are shipped. They hold assumed prices and are used only when asked for.
pub const SHIPPED_OVERLAYS: [&str; 1] = ["assumed-platinum"];

macro_rules! pricing {
    ($path:literal) => {
        Document::new(concat!("pricing/", $path), &include_bytes!(concat!("../../pricing/", $path))[..])
    };
}

impl Catalog {
    /// The shipped catalog of this name: one of [`SHIPPED_CATALOGS`].
    ///
    /// ```
    /// let catalog = peerbill::Catalog::shipped("china-site")?;
    /// assert_eq!(catalog.currency, "CNY");
    /// let refused = peerbill::Catalog::shipped("china-sit").unwrap_err();
    /// assert!(refused.to_string().contains("did you mean \"china-site\"?"));
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where there is none of this name; the message names all, and suggests a near
    /// one.
    pub fn shipped(name: &str) -> Result<Self> {
        let (settings, prices) = match name {
            "china-site" => (pricing!("china-site/catalog.toml"), pricing!("china-site/prices.csv")),
            "international-site" => {
                (pricing!("international-site/catalog.toml"), pricing!("international-site/prices.csv"))
            }
            _ => {
                let (all, near) = (SHIPPED_CATALOGS.join(", "), did_you_mean(name, SHIPPED_CATALOGS));
                let why = format!("is no shipped catalog; those are {all}{near}");
                return Err(Error::unusable(ErrorKind::Catalog, name, why));
            }
        };
        Self::read(&CatalogSource { settings, prices, regions: None })
    }
}

/// The shipped overlay of this name, for [`Catalog::with_prices`]; `None` where it is none of [`SHIPPED_OVERLAYS`].
pub fn shipped_overlay(name: &str) -> Option<Document> {
    (name == "assumed-platinum").then(|| pricing!("assumed-platinum/prices.csv"))
}

#[cfg(test)]
mod shipped_tests {
    use super::*;
    use crate::{
        catalog::{Place, PriceStatus, Regions},
        model::{link::LinkType, money::UnitPrice},
    };

    #[test]
    fn r18_all_cny_cells_are_known_and_25_usd_gold_ones() {
        let count = |name: &str, link_type| {
            let catalog = Catalog::shipped(name).unwrap();
            assert!(catalog.rows().iter().all(|row| row.status == PriceStatus::Published));
            assert!(
                catalog.rows().iter().all(|row| !row.source_url.is_empty() && !row.source_date.is_empty())
            );
            catalog.rows().iter().filter(|row| row.link_type == link_type).count()
        };
        assert_eq!(count("china-site", LinkType::Gold), 36);
        assert_eq!(count("china-site", LinkType::Platinum), 36);
        assert_eq!(count("international-site", LinkType::Gold), 25);
        assert_eq!(count("international-site", LinkType::Platinum), 0);
        assert!(Catalog::shipped("moon-site").is_err());
    }

    #[test]
    fn r18_assumed_platinum_is_one_and_a_half_times_gold_rounded_half_up() {
        let gold = Catalog::shipped("international-site").unwrap();
        let overlay = shipped_overlay("assumed-platinum").unwrap();
        let both = gold.clone().with_prices("assumed-platinum", &overlay).unwrap();
        let platinum = &both.rows()[gold.rows().len()..];
        assert_eq!(platinum.len(), gold.rows().len());
        for (assumed, published) in platinum.iter().zip(gold.rows()) {
            assert_eq!((&assumed.source, &assumed.destination), (&published.source, &published.destination));
            assert_eq!((assumed.link_type, assumed.status), (LinkType::Platinum, PriceStatus::Assumed));
            let thousandths = published.unit_price.to_decimal() * rust_decimal::Decimal::from(1500);
            let rounded = (thousandths + rust_decimal::Decimal::new(5, 1)).floor();
            let expected: UnitPrice =
                (rounded / rust_decimal::Decimal::ONE_THOUSAND).to_string().parse().unwrap();
            assert_eq!(assumed.unit_price, expected);
        }
        assert!(Catalog::shipped("china-site").unwrap().with_prices("assumed-platinum", &overlay).is_err());
    }

    #[test]
    fn every_region_has_an_area_and_mexico_s_is_inferred() {
        let regions = Regions::shipped().unwrap();
        assert_eq!(regions.get("na-south-1").unwrap().area.as_deref(), Some("North America"));
        let mexico =
            include_str!("../../pricing/regions.csv").lines().find(|row| row.starts_with("na-south-1"));
        assert!(mexico.unwrap().contains("North America,inferred from"));
        assert_eq!(regions.all().filter(|region| region.area.is_none()).count(), 0);
        assert_eq!(regions.areas().len(), 6);
        for (name, id) in
            [("杭州", "cn-hangzhou"), ("Hohhot", "cn-huhehaote"), ("singapore", "ap-southeast-1")]
        {
            assert_eq!(&*regions.find(name).unwrap().id, id);
        }
        assert!(regions.find("中卫市").unwrap_err().to_string().contains("中卫"));
        assert!(regions.find("Hohot").unwrap_err().to_string().contains("did you mean \"Hohhot\""));
        assert!(regions.find("North 2 Finance").unwrap_err().to_string().contains("China North 2 Finance"));
        assert_eq!(regions.places_of("me-east-1").1, Some(Place::Area("Middle East".into())));
    }
}
