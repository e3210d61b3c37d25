//! What a reader should know: found in traffic, connections, plans and prices. A finding never changes an amount.

use crate::model::{
    invalid::{Invalid, Remedy},
    said::Said,
    time::Hour,
    usage::Sender,
};
use std::sync::Arc;

/// Makes the codes, in their order, and their text from one table.
macro_rules! finding_codes {
    ($($(#[doc = $about:literal])+ $name:ident => $text:literal,)+) => {
        /// What a finding is about. The order is that of reports.
        ///
        /// Codes are listed in docs/rules.md, and never renamed.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
        pub enum FindingCode {
            $($(#[doc = $about])+ $name,)+
        }

        impl FindingCode {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as it is written to JSON and tables.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

finding_codes! {
    // What is found in a month of traffic, and in what belongs to it (R16).
    /// No record lies in the month.
    NoRecordsInMonth => "no_records_in_month",
    /// Records were refused and quarantined.
    RecordsQuarantined => "records_quarantined",
    /// A connection's own row or link changes are bad: none of its traffic is billed.
    ConnectionQuarantined => "connection_quarantined",
    /// Copies of records were dropped.
    CopiesDropped => "copies_dropped",
    /// Answers of CloudMonitor announce further pages.
    PagesAnnounced => "pages_announced",
    /// Entries of flow logs stand for others that were not captured.
    EntriesSkipped => "entries_skipped",
    /// Entries of flow logs are no outbound traffic of a peering connection.
    EntriesPassedOver => "entries_passed_over",
    /// Link changes of connections that the inventory lacks were refused.
    LinkChangesRefused => "link_changes_refused",
    /// Link changes were not given at all.
    LinkChangesNotGiven => "link_changes_not_given",
    /// Link changes of a connection inside a region are ignored.
    LinkChangesIgnored => "link_changes_ignored",
    /// What a connection was read from has no member or column for its link type.
    LinkTypeNotTold => "link_type_not_told",
    /// What is stated about requesters does not count, because a state or a plan tells otherwise itself.
    StatementOverruled => "statement_overruled",
    /// A list of connections has pages that were not given.
    InventoryIncomplete => "inventory_incomplete",
    /// The provider has locked a connection for financial reasons.
    FinancialLocked => "financial_locked",
    /// A requester's account is the one that a state's data source tells.
    AccountFromDataSource => "account_from_data_source",
    /// What a trail held, and what of it was passed over.
    TrailRead => "trail_read",
    /// A trail has pages that were not given.
    TrailIncomplete => "trail_incomplete",
    /// Events of a trail are of connections that the inventory lacks.
    TrailElsewhere => "trail_elsewhere",
    /// A connection that the inventory lacks was told by a trail.
    RowFromTrail => "row_from_trail",
    /// An assumed price was used.
    AssumedPrice => "assumed_price",
    /// More bytes in an hour than the bandwidth could carry.
    ImplausibleVolume => "implausible_volume",
    /// So few bytes in all hours that they are most often another unit.
    ImplausiblySmall => "implausibly_small",
    /// Of what CloudMonitor told of an end, the first period of the month is missing, and the first of the next is there.
    WindowShifted => "window_shifted",
    /// A connection of the inventory has no record.
    ConnectionWithoutRecords => "connection_without_records",
    /// One end of a connection has no record.
    SenderWithoutRecords => "sender_without_records",
    /// How many connection-hours have no record.
    HoursWithoutRecords => "hours_without_records",
    /// An account has traffic, and names of accounts were given without it.
    AccountNotNamed => "account_not_named",
    /// An account pays more than its budget.
    OverBudget => "over_budget",
    // What a reader should know before choosing a link type.
    /// The newest price rows are used, because no month was given.
    NewestPrices => "newest_prices",
    /// Monthly bytes come from a bandwidth and hours a day: by which formula.
    VolumeFromBandwidth => "volume_from_bandwidth",
    /// Traffic stays inside one region: it is free, and there is no link type to choose (R1, R8).
    NoLinkTypeInsideRegion => "no_link_type_inside_region",
    /// A region stands on no list of regions that support peering, or on one that announces its closing.
    RegionWithoutPeering => "region_without_peering",
    /// The connection crosses the border of the Chinese mainland, which needs a verification.
    CrossBorder => "cross_border",
    /// More connections between regions than a VPC may have by default.
    QuotaCrossRegionPerVpc => "quota_cross_region_per_vpc",
    /// More connections inside a region than a VPC may have by default.
    QuotaIntraRegionPerVpc => "quota_intra_region_per_vpc",
    /// More connections than an account may have in a region by default.
    QuotaPerAccountAndRegion => "quota_per_account_and_region",
    /// More bandwidth than a connection may have by default.
    QuotaBandwidth => "quota_bandwidth",
    /// More bytes in a month than the bandwidth can carry.
    VolumeBeyondBandwidth => "volume_beyond_bandwidth",
    /// A link type or a bandwidth is written for a connection inside a region.
    NotInsideRegion => "not_inside_region",
    /// The two ends belong to accounts of two sites.
    TwoSites => "two_sites",
    /// The catalog's prices are those of the other site.
    CatalogOfAnotherSite => "catalog_of_another_site",
    /// Two VPCs are connected twice.
    ConnectedTwice => "connected_twice",
    /// Address blocks of two connected VPCs overlap.
    OverlappingBlocks => "overlapping_blocks",
    /// Two VPCs expect to talk through a third one.
    NoTransit => "no_transit",
    /// Public, finance and government cloud do not peer with each other.
    SeparateClouds => "separate_clouds",
    /// A plan does not tell something.
    NotKnown => "not_known",
    /// No monthly traffic is given for a connection.
    NoTrafficGiven => "no_traffic_given",
    /// A region was read through a variable or a data source.
    RegionByReference => "region_by_reference",
    /// A plan stops managing a connection that stays where it is and still costs.
    LeftInPlace => "left_in_place",
    /// A price is missing for advice that goes beyond the scenarios: moved switches, shares of the traffic.
    AdviceNotPriced => "advice_not_priced",
    // What a catalog lacks, or has wrong.
    /// Rows that tie: which one holds cannot be told. A fault.
    Tie => "tie",
    /// A row names a region that `regions.csv` lacks. A fault.
    UnknownRegion => "unknown_region",
    /// Both directions of a pair have rows, at different prices.
    Asymmetric => "asymmetric",
    /// No price is known for two areas.
    Gap => "gap",
    /// A region has no area, hence no price but for rows of its own.
    RegionWithoutArea => "region_without_area",
}

impl FindingCode {
    /// Whether something is wrong, and not just worth knowing: only of catalogs.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Tie | Self::UnknownRegion)
    }
}

/// Something that a reader should know; names connection, end and hour where it is about one, never an input (R17).
///
/// What it says in words is its `message`, or its `message_in` a language.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: FindingCode,
    /// What is said, as data.
    pub(crate) said: Said,
    /// The id of the connection, or what a plan calls it.
    pub connection_id: Option<Arc<str>>,
    /// The end.
    pub sender: Option<Sender>,
    /// The hour.
    pub hour: Option<Hour>,
    /// What can be done about it, where there is something particular.
    pub remedy: Option<Remedy>,
    /// Where the rule was read that it applies, where it applies one of the provider: a page, a call of its API.
    pub(crate) source: Option<Said>,
}

impl Finding {
    /// One about no connection in particular, in words that are the same in every language; a remedy of `message` becomes
    /// its own.
    pub fn new(code: FindingCode, message: impl Into<Invalid>) -> Self {
        let (text, remedy) = message.into().into_parts();
        Self { remedy, ..Self::of(code, Said::Verbatim { text }) }
    }

    /// One about no connection in particular, which each language has words for.
    pub(crate) fn of(code: FindingCode, said: Said) -> Self {
        Self { code, said, connection_id: None, sender: None, hour: None, remedy: None, source: None }
    }

    /// The same, with what can be done about it.
    #[must_use]
    pub(crate) fn with(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The same about a connection; about none where its id is empty.
    #[must_use]
    pub fn about(self, connection_id: &Arc<str>) -> Self {
        Self { connection_id: Some(connection_id.clone()).filter(|id| !id.is_empty()), ..self }
    }

    /// The same about one end of its connection.
    #[must_use]
    pub fn of_sender(self, sender: Sender) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// The same about one hour.
    #[must_use]
    pub fn in_hour(self, hour: Hour) -> Self {
        Self { hour: Some(hour), ..self }
    }
}
