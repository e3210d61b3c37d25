//! A month of six connections that are Platinum in office hours only, and when to switch.
//!
//! `cargo run --release --no-default-features --example estimate_schedule [WINDOWS]`, by default "Mon-Fri 09:00-18:00"

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::{Schedule, of_history},
    inventory,
    meter::{MeterSettings, meter},
    read::TrafficSource,
    report::ReportOptions,
};
use std::{env, error, fs, path::Path};

fn main() -> Result<(), Box<dyn error::Error>> {
    let windows = env::args().nth(1).unwrap_or_else(|| "Mon-Fri 09:00-18:00".into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let catalog = Catalog::shipped("china-site")?;
    let inventory = inventory(&read("connections.csv")?, Some(&read("link-changes.csv")?))?;
    let usage = TrafficSource::from_bytes("usage.csv", read("usage.csv")?);
    let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?;

    let schedule = Schedule::parse([windows.as_str()], metered.offset())?;
    let options = ReportOptions::default();
    let wanted = ["all-gold", "all-platinum", "scheduled"].map(String::from);
    let estimate = of_history(&metered, &options, Some(&schedule), &catalog, &wanted)?;
    for scenario in &estimate.scenarios {
        let Some(payable) = scenario.payable()? else { continue };
        println!("{}: {payable} {}", scenario.name, catalog.currency);
    }
    let Some(advice) = &estimate.schedule else { return Ok(()) };
    for window in &advice.windows {
        let too_short = if window.too_short() { ": too short to pay" } else { "" };
        println!("{}: up at {}, down at {}{too_short}", window.window, window.up_at, window.down_at);
    }
    for timing in &estimate.timings {
        println!("switching then saves {} {}", timing.saving()?, catalog.currency);
    }
    for share in advice.shares.iter().filter(|share| share.connection.is_none()) {
        println!(
            "{}% of the traffic lies in the windows; all-platinum is no dearer from {}% on",
            share.in_windows, share.break_even
        );
    }
    Ok(())
}
