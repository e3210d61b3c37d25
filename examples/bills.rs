//! Bills by library calls: of the provider's published example on both sites, and of a month of six connections.
//!
//! `cargo run --release --no-default-features --example bills [FOLDER [SITE [MONTH]]]`
//!
//! FOLDER holds usage.csv, connections.csv and link-changes.csv; by default examples/month, china-site, 2026-10.

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    meter::{MeterSettings, meter},
    read::{Document, InventorySettings, TrafficSource, read_inventory},
    report::{ReportOptions, report},
};
use std::{
    env, error, fs, io,
    path::{Path, PathBuf},
};

type Done = Result<(), Box<dyn error::Error>>;

fn main() -> Done {
    let mut arguments = env::args().skip(1);
    let folder = arguments
        .next()
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/month"), PathBuf::from);
    let site = arguments.next().unwrap_or_else(|| "china-site".into());
    let month = arguments.next().unwrap_or_else(|| "2026-10".into());
    println!("== The published example");
    published_example()?;
    println!("\n== A month");
    monthly_report(&folder, &site, &month)
}

/// The provider's published example, priced on both sites.
fn published_example() -> Done {
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

/// What each account pays of a month, what raised hours cost, where every record went.
fn monthly_report(folder: &Path, site: &str, month: &str) -> Done {
    let catalog = Catalog::shipped(site)?;
    let document =
        |name: &str| -> io::Result<Document> { Ok(Document::new(name, fs::read(folder.join(name))?)) };
    let check_region = |region: &str| catalog.check_region(region);
    let settings = InventorySettings::new(&check_region);
    let inventory =
        read_inventory(&[document("connections.csv")?], Some(&[document("link-changes.csv")?]), &settings)?;

    // The traffic is read once, or again where duplicates need a second look, so it is given as a way to open it.
    let path = folder.join("usage.csv");
    let usage = TrafficSource::from_stream("usage.csv", move || Ok(Box::new(fs::File::open(&path)?)));
    let metered = meter(&[usage], inventory, &MeterSettings::new(month.parse()?))?;
    let report = report(&metered, &catalog, ReportOptions::default())?;
    for statement in &report.statements {
        println!(
            "account {}: {} {}, of it {} for {} raised hours",
            statement.billing_account_id,
            statement.payable,
            catalog.currency,
            statement.raised_cost,
            statement.raised_hours
        );
        for line in &report.lines[statement.lines.clone()] {
            let row = report.line_row(line)?;
            println!(
                "  {} {} -> {} {}: {} GB, {}",
                line.connection_id,
                row.source_region.unwrap_or_default(),
                row.destination_region.unwrap_or_default(),
                line.link_type.map_or("free", |link_type| link_type.as_str()),
                row.pricing_quantity.unwrap_or_default(),
                row.billed_cost.unwrap_or_default()
            );
        }
    }
    let totals = &report.totals;
    println!(
        "{} records read: {} billed, {} free, {} outside the month, {} refused",
        totals.read.records,
        totals.billed.records,
        totals.free.records,
        totals.outside_period.records,
        totals.refused.records
    );
    for finding in &report.findings {
        println!("[{}] {}", finding.code.as_str(), finding.message());
    }
    Ok(())
}
