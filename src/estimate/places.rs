//! What a reader should know about the places that connections join. Notes never change an amount and refuse nothing.

use crate::{
    catalog::Catalog,
    model::{
        connection::Connection,
        finding::{Finding, FindingCode},
        said::Said,
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

/// About a connection, whose label stands before what is said, where it has one.
fn about(connection: &Connection, code: FindingCode, said: Said) -> Finding {
    let said = match connection.id.is_empty() {
        true => said,
        false => Said::Labelled { label: connection.id.clone(), said: Box::new(said) },
    };
    Finding::of(code, said).about(&connection.id)
}

fn inside_region(connection: &Connection) -> Option<Finding> {
    let said = || Said::NoLinkTypeInsideRegion { region: connection.requester.region.clone() };
    let code = FindingCode::NoLinkTypeInsideRegion;
    connection.within_region().then(|| about(connection, code, said()))
}

/// One note for every region; one that the catalog's list of regions does not say about has none.
fn without_peering(connections: &[Connection], catalog: &Catalog) -> Vec<Finding> {
    let ends =
        connections.iter().flat_map(|connection| [&connection.requester.region, &connection.accepter.region]);
    let mut regions: Vec<&Arc<str>> = ends.collect();
    regions.sort_unstable();
    regions.dedup();
    let note = |region: &Arc<str>| {
        let id = region.clone();
        let said = match catalog.regions().get(region)?.peering.as_str() {
            "not listed" => Said::RegionNotListed { region: id },
            "older list" => Said::RegionOnOlderList { region: id },
            "closing" => Said::RegionClosing { region: id },
            _ => return None,
        };
        Some(Finding::of(FindingCode::RegionWithoutPeering, said))
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
    let said = Said::CrossBorder {
        source: connection.requester.region.clone(),
        destination: connection.accepter.region.clone(),
        verification: Box::new(verification(catalog)),
    };
    Some(about(connection, FindingCode::CrossBorder, said))
}

/// What the provider asks for before cross-border traffic, by site.
fn verification(catalog: &Catalog) -> Said {
    match catalog.name.as_str() {
        "china-site" => Said::VerificationOfChinaSite {},
        "international-site" => Said::VerificationOfInternationalSite {},
        _ => Said::VerificationOfEitherSite {},
    }
}
