//! A month of six connections over other link types, and what its switches would cost at the edges of hours.
//!
//! `cargo run --release --no-default-features --example estimate_history`

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::of_history,
    inventory,
    meter::{MeterSettings, meter},
    read::TrafficSource,
    report::ReportOptions,
};
use std::{error, fs, path::Path};

fn main() -> Result<(), Box<dyn error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let catalog = Catalog::shipped("china-site")?;
    let inventory = inventory(&read("connections.csv")?, Some(&read("link-changes.csv")?))?;
    let usage = TrafficSource::from_bytes("usage.csv", read("usage.csv")?);
    let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?;

    let options = ReportOptions::default();
    let estimate = of_history(&metered, &options, None, &catalog, &[])?;
    for scenario in &estimate.scenarios {
        let Some(payable) = scenario.payable()? else { continue };
        println!("{}: {payable} {}", scenario.name, catalog.currency);
        for (connection, cost) in scenario.connections()? {
            println!("  {connection}: {}", cost.amount.printed(catalog.gb)?);
        }
    }
    for timing in &estimate.timings {
        for cost in &timing.connections {
            println!(
                "{}: {} switches, {} raised hours cost {} at most; well timed they save {}",
                cost.connection, cost.switches, cost.raised_hours, cost.raised_cost, cost.saving
            );
        }
    }
    Ok(())
}
