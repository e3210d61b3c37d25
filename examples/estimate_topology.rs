//! What a mesh of three VPCs and a hub with its branches would cost, and what would stand in the way.
//!
//! `cargo run --release --no-default-features --example estimate_topology`

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::{PlannedConnection, PricesOf, Quantities, of_topology},
    read::{Document, topology::read_topology},
};
use std::{error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    let catalog = Catalog::shipped("china-site")?;
    for name in ["mesh.toml", "hub.toml"] {
        let text = fs::read(format!("{}/examples/topology/{name}", env!("CARGO_MANIFEST_DIR")))?;
        let topology =
            read_topology(&Document::new(name, text), catalog.gb, &|region| catalog.region_id(region))?;
        let quantities = Quantities::new(&PlannedConnection::of(&topology), PricesOf::Newest, &catalog)?;
        let estimate = of_topology(&topology, &quantities, &catalog, &[])?;
        println!("{name}");
        for scenario in &estimate.scenarios {
            match scenario.payable()? {
                Some(payable) => println!("  {}: {payable} {} a month", scenario.name, catalog.currency),
                None => println!("  {}: no price is known", scenario.name),
            }
        }
        for note in &estimate.notes {
            println!("  [{}] {}", note.code.as_str(), note.message());
        }
    }
    Ok(())
}
