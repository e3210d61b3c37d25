//! Estimates of what is planned: quantities without hours, and a topology.

use super::{
    checks::checks,
    price::{WhatIf, price},
    quantities::{Quantities, notes_on_places},
    result::Estimate,
    scenario::AS_PLANNED,
};
use crate::{
    catalog::Catalog,
    error::Result,
    model::{finding::Finding, link::LinkType},
    read::topology::Topology,
};
use std::sync::Arc;

/// Estimates planned quantities over one link type or the other: [`ALL_GOLD`](super::ALL_GOLD) and
/// [`ALL_PLATINUM`](super::ALL_PLATINUM).
///
/// `wanted` names the scenarios to price; where it names none, both are. The provider's published example, China site:
///
/// ```
/// use peerbill::{
///     Catalog,
///     estimate::{PlannedConnection, PricesOf, Quantities, of_quantities},
///     model::{connection::End, link::LinkType},
/// };
///
/// let catalog = Catalog::shipped("china-site").unwrap();
/// let requester = End::new("1000000000000001", catalog.region_id("Hohhot")?);
/// let accepter = End::new("1000000000000002", catalog.region_id("Guangzhou")?);
/// let mut planned = PlannedConnection::new("office to archive", requester, accepter, LinkType::Gold);
/// planned.monthly_bytes = [Some(catalog.gb.bytes_of("200")?), Some(catalog.gb.bytes_of("100")?)];
///
/// let quantities = Quantities::new(&[planned], PricesOf::Newest, &catalog)?;
/// let estimate = of_quantities(&quantities, &catalog, &[])?;
/// let mut payable = Vec::new();
/// for scenario in &estimate.scenarios {
///     payable.extend(scenario.payable()?.map(|money| format!("{}: {money}", scenario.name)));
/// }
/// assert_eq!(payable, ["all-gold: 144.00", "all-platinum: 216.00"]);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::MissingPrice`](crate::ErrorKind::MissingPrice) where no scenario can be priced, or one that `wanted`
/// names cannot; [`ErrorKind::Usage`](crate::ErrorKind::Usage) where `wanted` names one that there is not, or an account
/// is asked for that has no connection; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where an amount is too large
/// to be exact.
pub fn of_quantities(quantities: &Quantities, catalog: &Catalog, wanted: &[String]) -> Result<Estimate> {
    planned("quantities", quantities, &constant_link_types(quantities), catalog, wanted)
}

/// Estimates a planned topology as it is planned ([`AS_PLANNED`]), and over one link type or the other; with what the
/// provider would refuse of it and what would not work.
///
/// `quantities` are those of the topology's connections ([`PlannedConnection::of`](super::PlannedConnection::of)).
///
/// # Errors
///
/// Those of [`of_quantities`].
pub fn of_topology(
    topology: &Topology,
    quantities: &Quantities,
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let about = "the link types of the plan; Gold where none is written";
    let as_planned = WhatIf::as_given(AS_PLANNED, about, quantities.traffic());
    let mut what_ifs = vec![as_planned.without(quantities.columns_without_value())];
    what_ifs.extend(constant_link_types(quantities));
    let mut estimate = planned("a planned topology", quantities, &what_ifs, catalog, wanted)?;
    estimate.notes.extend(checks(topology, catalog));
    Ok(estimate)
}

/// The questions over one link type and over the other.
fn constant_link_types(quantities: &Quantities) -> [WhatIf<'_>; 2] {
    let without_value = quantities.columns_without_value();
    LinkType::ALL.map(|link_type| WhatIf::all(link_type, quantities.traffic()).without(without_value))
}

/// What estimates of planned connections share.
fn planned(
    source: &'static str,
    quantities: &Quantities,
    what_ifs: &[WhatIf<'_>],
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let traffic = quantities.traffic();
    let mut notes: Vec<Finding> = quantities.note_on_prices(catalog).into_iter().collect();
    notes.extend_from_slice(quantities.notes());
    notes.extend(notes_on_places(quantities.inventory().connections(), catalog));
    Ok(Estimate {
        source,
        month: quantities.month(),
        offset: traffic.metered.offset(),
        measured: false,
        catalog: Arc::new(catalog.summary()),
        scenarios: price(what_ifs, catalog, wanted)?,
        notes,
        timings: Vec::new(),
        schedule: None,
        changes: None,
        settings: traffic.options.settings.clone(),
    })
}
