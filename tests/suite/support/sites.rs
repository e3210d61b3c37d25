//! Catalogs with what the oracle knows about them, and random months as the crate takes them.

use super::{
    months::{self, Table},
    oracle::{Copies, Month, World},
};
use peerbill::{
    catalog::{Catalog, CatalogSource},
    meter::{Duplicates, MeterSettings, Metered, Refused, meter},
    model::{inventory::Inventory, time::Offset},
    read::{Document, InventorySettings, TrafficSource, read_inventory},
    report::ReportOptions,
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};
use std::{io::Cursor, sync::Arc};

pub type Checked = Result<(), TestCaseError>;

/// Checks `property` on `cases` months of each site, each with a value of `extra`.
pub fn on_months<E: Strategy + Clone>(
    seed: u64,
    cases: u32,
    extra: E,
    property: impl Fn(&Site, &Month, E::Value) -> Checked,
) {
    for site in sites() {
        let months = (months::month(&site.world), extra.clone());
        let result = TestRunner::new(config(seed, cases))
            .run(&months, |(month, extra)| property(&site, &month, extra));
        result.unwrap_or_else(|failure| panic!("{}: {failure}", site.catalog.name));
    }
}

pub fn config(seed: u64, cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(seed);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// A catalog, and what the oracle knows about it.
pub struct Site {
    pub catalog: Catalog,
    pub world: World,
}

pub fn sites() -> [Site; 2] {
    let made_up = Catalog::read(&CatalogSource {
        settings: Document::new("catalog.toml", months::MADE_UP_SETTINGS),
        prices: Document::new("prices.csv", months::MADE_UP_PRICES),
        regions: Some(Document::new("regions.csv", months::MADE_UP_REGIONS)),
    });
    [
        Site { catalog: Catalog::shipped("china-site").expect("it is shipped"), world: months::china_site() },
        Site { catalog: made_up.expect("it can be read"), world: months::made_up() },
    ]
}

pub fn texts(month: &Month) -> [Table; 3] {
    [months::usage(month), months::connections(month), months::changes(month)]
}

/// Usage as the crate takes it: every second table as a stream, which is read in another way than bytes in memory.
fn source((index, table): (usize, &Table)) -> TrafficSource {
    let text = table.text();
    if index % 2 == 0 {
        return TrafficSource::from_bytes("usage.csv", text);
    }
    TrafficSource::from_stream("usage.csv", move || Ok(Box::new(Cursor::new(text.clone()))))
}

impl Site {
    /// What the crate meters of these tables, and what is asked of it.
    pub fn meter_from(
        &self,
        month: &Month,
        hourly: bool,
        usage: &[Table],
        connections: &Table,
        changes: &Table,
    ) -> (Metered, ReportOptions) {
        let usage: Vec<TrafficSource> = usage.iter().enumerate().map(source).collect();
        self.meter_sources(month, hourly, &usage, connections, changes)
    }

    /// Likewise of any sources.
    pub fn meter_sources(
        &self,
        month: &Month,
        hourly: bool,
        usage: &[TrafficSource],
        connections: &Table,
        changes: &Table,
    ) -> (Metered, ReportOptions) {
        let connections = [Document::new("connections.csv", connections.text())];
        let changes = [Document::new("link-changes.csv", changes.text())];
        let check = |region: &str| self.catalog.check_region(region);
        let inventory = read_inventory(&connections, Some(&changes), &InventorySettings::new(&check))
            .expect("the inventory is readable");
        assert_eq!(inventory.faults(), []);
        self.meter_with(month, hourly, usage, inventory)
    }

    /// Likewise of connections in any form.
    pub fn meter_with(
        &self,
        month: &Month,
        hourly: bool,
        usage: &[TrafficSource],
        inventory: impl Into<Arc<Inventory>>,
    ) -> (Metered, ReportOptions) {
        let name = format!("{:04}-{:02}", month.year, month.month);
        let mut options = ReportOptions::default();
        options.hourly = hourly;
        let mut settings = MeterSettings::new(name.parse().expect("a month"));
        settings.offset = Offset::from_hours(month.offset as i8).expect("an offset");
        settings.refused = Refused::Keep;
        settings.threads = 3;
        settings.duplicates = match month.copies {
            Copies::Refuse => Duplicates::Refuse,
            Copies::First => Duplicates::First,
            Copies::Sum => Duplicates::Sum,
        };
        let metered = meter(usage, inventory, &settings).expect("the usage is readable");
        (metered, options)
    }
}
