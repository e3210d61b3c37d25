//! What a reader should know about the places that connections join. Notes never change an amount and refuse nothing.

use crate::{
    catalog::Catalog,
    model::{
        connection::Connection,
        finding::{Finding, FindingCode},
    },
};
use std::sync::Arc;

/// Notes about where connections lie: inside one region, in a region without peering, across the border.
pub(super) fn notes_on_places(connections: &[Connection], catalog: &Catalog) -> Vec<Finding> {
    let mut notes: Vec<Finding> = connections.iter().filter_map(inside_region).collect();
    notes.extend(without_peering(connections, catalog));
    notes.extend(connections.iter().filter_map(|connection| cross_border(connection, catalog)));
    notes
}

/// `label: ` before a message about a connection that has a label.
fn label(connection: &Connection) -> String {
    if connection.id.is_empty() { String::new() } else { format!("{}: ", connection.id) }
}

fn inside_region(connection: &Connection) -> Option<Finding> {
    if !connection.within_region() {
        return None;
    }
    let message = format!(
        "{}both ends are in {}: traffic inside a region is free, and there is no link type to choose",
        label(connection),
        connection.requester.region
    );
    Some(Finding::new(FindingCode::NoLinkTypeInsideRegion, message).about(&connection.id))
}

/// One note for every region; one that the catalog's list of regions does not say about has none.
fn without_peering(connections: &[Connection], catalog: &Catalog) -> Vec<Finding> {
    let ends =
        connections.iter().flat_map(|connection| [&connection.requester.region, &connection.accepter.region]);
    let mut regions: Vec<&Arc<str>> = ends.collect();
    regions.sort_unstable();
    regions.dedup();
    let why = |region: &str| match catalog.regions().get(region)?.peering.as_str() {
        "not listed" => Some("stands on none of the provider's lists of regions that support peering"),
        "older list" => {
            Some("stands only on an older list of the provider's of regions that support peering")
        }
        "closing" => Some("is marked as closing on the provider's list of regions that support peering"),
        _ => None,
    };
    let note = |region: &Arc<str>| {
        let message = format!("{region} {}; ask the provider before planning with it", why(region)?);
        Some(Finding::new(FindingCode::RegionWithoutPeering, message))
    };
    regions.into_iter().filter_map(note).collect()
}

/// Whether a connection joins the Chinese mainland with another place; `None` where the catalog does not say.
fn crosses_border(connection: &Connection, catalog: &Catalog) -> Option<bool> {
    let mainland = |region: &str| catalog.regions().get(region)?.mainland;
    Some(mainland(&connection.requester.region)? != mainland(&connection.accepter.region)?)
}

fn cross_border(connection: &Connection, catalog: &Catalog) -> Option<Finding> {
    if crosses_border(connection, catalog) != Some(true) {
        return None;
    }
    let message = format!(
        "{}{} to {} crosses the border of the Chinese mainland: {}",
        label(connection),
        connection.requester.region,
        connection.accepter.region,
        verification(catalog)
    );
    Some(Finding::new(FindingCode::CrossBorder, message).about(&connection.id))
}

/// What the provider asks for before cross-border traffic, by site.
fn verification(catalog: &Catalog) -> &'static str {
    match catalog.name.as_str() {
        "china-site" => {
            "it needs China Unicom's cross-border qualification, and an approved application before the first \
             activation of cross-border traffic"
        }
        "international-site" => {
            "it needs enterprise real-name verification (business identity) of the account"
        }
        _ => {
            "it needs China Unicom's cross-border qualification on the China site, and enterprise real-name \
             verification on the international site"
        }
    }
}
