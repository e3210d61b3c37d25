//! What-if estimates by library calls: from quantities, from a month's traffic, with a schedule, from a Terraform plan, of
//! a topology.
//!
//! `cargo run --release --no-default-features --example estimates [WINDOWS]`, by default "Mon-Fri 09:00-18:00"

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::{
        Gate, PlanQuantities, PlannedConnection, PricesOf, Quantities, Schedule, difference, of_history,
        of_plan, of_quantities, of_topology, per_year,
    },
    inventory,
    meter::{MeterSettings, Metered, meter},
    model::{connection::End, link::LinkType},
    read::{
        Document, TrafficSource,
        monthly::read_monthly,
        terraform::{StatedRequesters, read_plan},
        topology::read_topology,
    },
    report::ReportOptions,
};
use std::{env, error, fs, path::Path};

type Done = Result<(), Box<dyn error::Error>>;

fn main() -> Done {
    let windows = env::args().nth(1).unwrap_or_else(|| "Mon-Fri 09:00-18:00".into());
    let catalog = Catalog::shipped("china-site")?;
    println!("== From quantities");
    from_quantities(&catalog)?;
    println!("\n== From history");
    let metered = october()?;
    from_history(&metered, &catalog)?;
    println!("\n== With a schedule");
    with_schedule(&metered, &windows, &catalog)?;
    println!("\n== Of a Terraform plan");
    of_terraform_plan(&catalog)?;
    println!("\n== Of topologies");
    of_topologies(&catalog)
}

/// The traffic of `examples/month`.
fn october() -> Result<Metered, Box<dyn error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let inventory = inventory(&read("connections.csv")?, Some(&read("link-changes.csv")?))?;
    let usage = TrafficSource::from_bytes("usage.csv", read("usage.csv")?);
    Ok(meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?)
}

/// The provider's published example from quantities: what 200 GB there and 100 GB back cost over either link type.
fn from_quantities(catalog: &Catalog) -> Done {
    let end = |account: &str, region: &str| -> peerbill::Result<End> {
        Ok(End::new(account, catalog.region_id(region)?))
    };
    let (requester, accepter) = (end("requester", "Hohhot")?, end("accepter", "广州")?);
    let mut planned = PlannedConnection::new("office to archive", requester, accepter, LinkType::Gold);
    planned.monthly_bytes = [Some(catalog.gb.bytes_of("200")?), Some(catalog.gb.bytes_of("100")?)];
    let quantities = Quantities::new(&[planned], PricesOf::Newest, catalog)?;
    let estimate = of_quantities(&quantities, catalog, &[])?;
    for scenario in &estimate.scenarios {
        let sla = scenario.link_type.map_or("", LinkType::sla);
        let (Some(payable), Some(more)) = (scenario.payable()?, estimate.difference(scenario)?) else {
            println!("{} (SLA {sla}): no price is known", scenario.name);
            continue;
        };
        let (currency, a_year) = (&catalog.currency, per_year(more)?);
        println!("{} (SLA {sla}): {payable} {currency} a month, {more} more, {a_year} a year", scenario.name);
    }
    for note in &estimate.notes {
        println!("[{}] {}", note.code.as_str(), note.message());
    }
    Ok(())
}

/// A month of six connections over other link types, and what its switches would cost at the edges of hours.
fn from_history(metered: &Metered, catalog: &Catalog) -> Done {
    let options = ReportOptions::default();
    let estimate = of_history(metered, &options, None, catalog, &[])?;
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

/// A month of six connections that are Platinum in office hours only, and when to switch.
fn with_schedule(metered: &Metered, windows: &str, catalog: &Catalog) -> Done {
    let schedule = Schedule::parse([windows], metered.offset())?;
    let options = ReportOptions::default();
    let wanted = ["all-gold", "all-platinum", "scheduled"].map(String::from);
    let estimate = of_history(metered, &options, Some(&schedule), catalog, &wanted)?;
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

/// What a Terraform plan changes, and whether it may pass a gate of 50 a month.
fn of_terraform_plan(catalog: &Catalog) -> Done {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/terraform");
    let document = |name: &str| fs::read(format!("{folder}/{name}")).map(|text| Document::new(name, text));
    let plan = read_plan(&document("plan.json")?, &StatedRequesters::default())?;
    let known: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
    let traffic = read_monthly(&document("traffic.csv")?, catalog.gb, &known)?;
    let quantities = PlanQuantities::new(&plan, &traffic, PricesOf::Newest, catalog)?;
    let estimate = of_plan(&quantities, catalog, &[])?;
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

/// What a mesh of three VPCs and a hub with its branches would cost, and what would stand in the way.
fn of_topologies(catalog: &Catalog) -> Done {
    for name in ["mesh.toml", "hub.toml"] {
        let text = fs::read(format!("{}/examples/topology/{name}", env!("CARGO_MANIFEST_DIR")))?;
        let topology =
            read_topology(&Document::new(name, text), catalog.gb, &|region| catalog.region_id(region))?;
        let quantities = Quantities::new(&PlannedConnection::of(&topology), PricesOf::Newest, catalog)?;
        let estimate = of_topology(&topology, &quantities, catalog, &[])?;
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
