//! The provider's published example from quantities: what 200 GB there and 100 GB back cost over either link type.
//!
//! `cargo run --release --no-default-features --example estimate_quantities`

#![allow(clippy::print_stdout, reason = "an example shows its result")]

use peerbill::{
    catalog::Catalog,
    estimate::{PlannedConnection, PricesOf, Quantities, of_quantities, per_year},
    model::{connection::End, link::LinkType},
};
use std::error;

fn main() -> Result<(), Box<dyn error::Error>> {
    let catalog = Catalog::shipped("china-site")?;
    let end = |account: &str, region: &str| -> peerbill::Result<End> {
        Ok(End::new(account, catalog.region_id(region)?))
    };
    let (requester, accepter) = (end("requester", "Hohhot")?, end("accepter", "广州")?);
    let mut planned = PlannedConnection::new("office to archive", requester, accepter, LinkType::Gold);
    planned.monthly_bytes = [Some(catalog.gb.bytes_of("200")?), Some(catalog.gb.bytes_of("100")?)];
    let quantities = Quantities::new(&[planned], PricesOf::Newest, &catalog)?;
    let estimate = of_quantities(&quantities, &catalog, &[])?;
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
