//! What a Terraform plan changes, and whether it may pass a gate of 50 a month.
//!
//! `cargo run --release --no-default-features --example estimate_terraform`

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::{Gate, PlanQuantities, PricesOf, difference, of_plan},
    read::{
        Document,
        monthly::read_monthly,
        terraform::{StatedRequesters, read_plan},
    },
};
use std::{error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    let catalog = Catalog::shipped("china-site")?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/terraform");
    let document = |name: &str| fs::read(format!("{folder}/{name}")).map(|text| Document::new(name, text));
    let plan = read_plan(&document("plan.json")?, &StatedRequesters::default())?;
    let known: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
    let traffic = read_monthly(&document("traffic.csv")?, catalog.gb, &known)?;
    let quantities = PlanQuantities::new(&plan, &traffic, PricesOf::Newest, &catalog)?;
    let estimate = of_plan(&quantities, &catalog, &[])?;
    let changes = estimate.changes.ok_or("a plan has changes")?;
    for cost in &changes.connections {
        let more = difference(cost.before, cost.after)?;
        let more = more.map_or("not priced".into(), |more| format!("{more} {} a month", catalog.currency));
        println!("{} {}: {more}", cost.change.action, cost.change.address);
    }
    match changes.gate("50".parse()?)? {
        Gate::Passed(more) => println!("passed: {more} more"),
        Gate::Above(more) => println!("stopped: {more} more"),
        Gate::NotKnown(reasons) => {
            reasons.iter().for_each(|reason| println!("stopped: {}", reason.message()));
        }
    }
    Ok(())
}
