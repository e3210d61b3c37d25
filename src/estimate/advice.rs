//! What a reader should know before choosing. Notes never change an amount and refuse nothing.

use crate::model::invalid::Invalid;
use crate::model::remedy::Remedy;
use crate::{catalog::Catalog, model::connection::Connection};
use std::sync::Arc;

/// What a note is about.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteCode {
    /// The newest price rows are used, because no month was given.
    NewestPrices,
    /// Traffic stays inside one region: it is free, and there is no link type to choose (R1, R8).
    NoLinkTypeInsideRegion,
    /// A region stands on no list of regions that support peering, or on one that announces its closing.
    RegionWithoutPeering,
    /// The connection crosses the border of the Chinese mainland, which needs a verification.
    CrossBorder,
    /// More connections between regions than a VPC may have by default.
    QuotaCrossRegionPerVpc,
    /// More connections inside a region than a VPC may have by default.
    QuotaIntraRegionPerVpc,
    /// More connections than an account may have in a region by default.
    QuotaPerAccountAndRegion,
    /// More bandwidth than a connection may have by default.
    QuotaBandwidth,
    /// More bytes in a month than the bandwidth can carry.
    VolumeBeyondBandwidth,
    /// A link type or a bandwidth is written for a connection inside a region.
    NotInsideRegion,
    /// The two ends belong to accounts of two sites.
    TwoSites,
    /// The catalog's prices are those of the other site.
    CatalogOfAnotherSite,
    /// Two VPCs are connected twice.
    ConnectedTwice,
    /// Address blocks of two connected VPCs overlap.
    OverlappingBlocks,
    /// Two VPCs expect to talk through a third one.
    NoTransit,
    /// Public, finance and government cloud do not peer with each other.
    SeparateClouds,
    /// A plan does not tell something.
    NotKnown,
    /// No monthly traffic is given for a connection.
    NoTrafficGiven,
    /// A region was read through a variable or a data source.
    RegionByReference,
    /// A price is missing for advice that goes beyond the scenarios: moved switches, shares of the traffic.
    AdviceNotPriced,
}

impl NoteCode {
    /// The code as it is written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewestPrices => "newest_prices",
            Self::NoLinkTypeInsideRegion => "no_link_type_inside_region",
            Self::RegionWithoutPeering => "region_without_peering",
            Self::CrossBorder => "cross_border",
            Self::QuotaCrossRegionPerVpc => "quota_cross_region_per_vpc",
            Self::QuotaIntraRegionPerVpc => "quota_intra_region_per_vpc",
            Self::QuotaPerAccountAndRegion => "quota_per_account_and_region",
            Self::QuotaBandwidth => "quota_bandwidth",
            Self::VolumeBeyondBandwidth => "volume_beyond_bandwidth",
            Self::NotInsideRegion => "not_inside_region",
            Self::TwoSites => "two_sites",
            Self::CatalogOfAnotherSite => "catalog_of_another_site",
            Self::ConnectedTwice => "connected_twice",
            Self::OverlappingBlocks => "overlapping_blocks",
            Self::NoTransit => "no_transit",
            Self::SeparateClouds => "separate_clouds",
            Self::NotKnown => "not_known",
            Self::NoTrafficGiven => "no_traffic_given",
            Self::RegionByReference => "region_by_reference",
            Self::AdviceNotPriced => "advice_not_priced",
        }
    }
}

/// One note; names connections, never an input (R17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub code: NoteCode,
    /// In words.
    pub message: String,
    /// The id or label of the connection, where it is about one that has one.
    pub connection: Option<Arc<str>>,
    /// What would mend it, where there is something particular.
    pub remedy: Option<Remedy>,
}

impl Note {
    /// A note about the whole estimate.
    pub fn new(code: NoteCode, message: impl Into<Invalid>) -> Self {
        let (message, remedy) = message.into().into_parts();
        Self { code, message, connection: None, remedy }
    }

    /// A note about one connection.
    pub fn about(code: NoteCode, connection: &Connection, message: impl Into<Invalid>) -> Self {
        let connection = Some(connection.id.clone()).filter(|id| !id.is_empty());
        Self { connection, ..Self::new(code, message) }
    }
}

/// Notes about where connections lie: inside one region, in a region without peering, across the border.
pub fn notes_on_places(connections: &[Connection], catalog: &Catalog) -> Vec<Note> {
    let mut notes: Vec<Note> = connections.iter().filter_map(inside_region).collect();
    notes.extend(without_peering(connections, catalog));
    notes.extend(connections.iter().filter_map(|connection| cross_border(connection, catalog)));
    notes
}

/// `label: ` before a message about a connection that has a label.
fn label(connection: &Connection) -> String {
    if connection.id.is_empty() { String::new() } else { format!("{}: ", connection.id) }
}

fn inside_region(connection: &Connection) -> Option<Note> {
    if !connection.within_region() {
        return None;
    }
    let message = format!(
        "{}both ends are in {}: traffic inside a region is free, and there is no link type to choose",
        label(connection),
        connection.requester.region
    );
    Some(Note::about(NoteCode::NoLinkTypeInsideRegion, connection, message))
}

/// One note for every region; one that the catalog's list of regions does not tell about has none.
fn without_peering(connections: &[Connection], catalog: &Catalog) -> Vec<Note> {
    let ends = connections.iter().flat_map(|own| [&own.requester.region, &own.accepter.region]);
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
    let told = regions.into_iter().filter_map(|region| Some((region, why(region)?)));
    told.map(|(region, why)| {
        let message = format!("{region} {why}; ask the provider before planning with it");
        Note::new(NoteCode::RegionWithoutPeering, message)
    })
    .collect()
}

/// Whether a connection joins the Chinese mainland with another place; `None` where the catalog does not tell.
pub fn crosses_border(connection: &Connection, catalog: &Catalog) -> Option<bool> {
    let mainland = |region: &str| catalog.regions().get(region)?.mainland;
    Some(mainland(&connection.requester.region)? != mainland(&connection.accepter.region)?)
}

fn cross_border(connection: &Connection, catalog: &Catalog) -> Option<Note> {
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
    Some(Note::about(NoteCode::CrossBorder, connection, message))
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
