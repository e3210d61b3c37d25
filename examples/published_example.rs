//! The provider's published example, priced on both sites with library calls.
//!
//! `cargo run --release --no-default-features --example published_example`

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    meter::{MeterSettings, meter},
    read::{Document, InventorySettings, TrafficSource, read_inventory},
    report::{ReportOptions, report},
};
use std::{error, fs, path::Path};

fn main() -> Result<(), Box<dyn error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/published");
    let connections = Document::new("connections.csv", fs::read(folder.join("connections.csv"))?);
    let usage = fs::read(folder.join("usage.csv"))?;
    let usage = TrafficSource::from_bytes("usage.csv", usage);

    for site in ["china-site", "international-site"] {
        let catalog = Catalog::shipped(site)?;
        let check_region = |region: &str| catalog.check_region(region);
        let settings = InventorySettings::new(&check_region);
        let inventory = read_inventory(std::slice::from_ref(&connections), None, &settings)?;
        // Bad rows and records that cannot be billed are an error here: no part of a month is billed in silence.
        let settings = MeterSettings::new("2026-10".parse()?);
        let metered = meter(std::slice::from_ref(&usage), inventory, &settings)?;
        let report = report(&metered, &catalog, ReportOptions::default())?;
        for statement in &report.statements {
            println!(
                "{site}: account {} pays {} {}",
                statement.billing_account_id, statement.payable, catalog.currency
            );
        }
    }
    Ok(())
}
