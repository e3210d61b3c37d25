//! What a reader should know: found in traffic, connections, plans and prices. A finding never changes an amount.

use crate::model::{
    error::MissingPrice,
    invalid::{Invalid, Remedy},
    link::LinkType,
    money::{Gb, Money, UnitPrice},
    time::{BillingMonth, Hour},
    usage::Sender,
};
use std::{borrow::Cow, sync::Arc};

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
    /// Records were refused when an archive was metered, and are in none of its hours.
    ArchiveRefused => "archive_refused",
    /// An archive does not tell where the records went that it was made of.
    ArchiveWithoutTotals => "archive_without_totals",
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
    /// A budget is that of an account without a charge.
    BudgetWithoutCharge => "budget_without_charge",
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
    pub(crate) said: Told,
    /// The id of the connection, or what a plan calls it.
    pub connection_id: Option<Arc<str>>,
    /// The end.
    pub sender: Option<Sender>,
    /// The hour.
    pub hour: Option<Hour>,
    /// What can be done about it, where there is something particular.
    pub remedy: Option<Remedy>,
    /// Where the rule was read that it applies, where it applies one of the provider: a page, a call of its API.
    pub(crate) source: Option<Box<Said>>,
}

impl Finding {
    /// One about no connection in particular, in words that are the same in every language; a remedy of `message` becomes
    /// its own.
    pub fn new(code: FindingCode, message: impl Into<Invalid>) -> Self {
        let (text, remedy) = message.into().into_parts();
        Self { remedy, ..Self::of(code, Said::Verbatim { text }) }
    }

    /// One about no connection in particular, which each language has words for.
    pub(crate) fn of(code: FindingCode, said: impl Into<Told>) -> Self {
        Self {
            code,
            said: said.into(),
            connection_id: None,
            sender: None,
            hour: None,
            remedy: None,
            source: None,
        }
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

/// What a finding says. There may be one for each end of a million connections: what those say takes no room of its own, and as
/// little as can be in the finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// [`Said::ConnectionWithoutRecords`], of this id.
    ConnectionWithoutRecords(Arc<str>),
    /// [`Said::SenderWithoutRecords`], likewise.
    SenderWithoutRecords(Arc<str>, Sender),
    /// Anything else.
    Other(Box<Said>),
}

impl Told {
    /// All of it.
    pub fn said(&self) -> Cow<'_, Said> {
        match self {
            Self::ConnectionWithoutRecords(id) => {
                Cow::Owned(Said::ConnectionWithoutRecords { id: id.clone() })
            }
            Self::SenderWithoutRecords(id, sender) => {
                Cow::Owned(Said::SenderWithoutRecords { id: id.clone(), sender: *sender })
            }
            Self::Other(said) => Cow::Borrowed(said),
        }
    }
}

impl From<Said> for Told {
    fn from(said: Said) -> Self {
        match said {
            Said::ConnectionWithoutRecords { id } => Self::ConnectionWithoutRecords(id),
            Said::SenderWithoutRecords { id, sender } => Self::SenderWithoutRecords(id, sender),
            said => Self::Other(Box::new(said)),
        }
    }
}

/// A value in what is said.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// As it stands: an id, a name, an instant, a number.
    Text(&'a dyn std::fmt::Display),
    /// An end, which languages name in their way.
    Sender(Sender),
    /// A link type, likewise.
    LinkType(LinkType),
    /// A word of data, likewise.
    Word(&'a str),
    /// A region or an area of prices, likewise.
    Place(&'a str),
    /// The name of a region.
    Named(&'a RegionName),
    /// What bytes cost, with what it is made of.
    Sum(&'a Sum),
    /// Something said within.
    Said(&'a Said),
    /// Several things, one after the other.
    All(&'a [Said]),
    /// Several clauses, likewise.
    Clauses(&'a [Said]),
    /// Several figures that hold together.
    Figures(&'a [Box<str>]),
    /// Nothing is said here.
    Nothing,
}

/// What bytes cost, so that it can be done again on paper: `214748364800 bytes / 2^30 x 0.48 = 96.00`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum {
    /// Bytes, and the price of one GB of them.
    pub parts: Box<[(u128, UnitPrice)]>,
    /// How many further prices there are.
    pub more: usize,
    /// What one GB is (R9).
    pub gb: Gb,
    /// What all of it costs, as it is printed.
    pub cost: Money,
}

/// A type that a value in what is said may have.
trait AsValue {
    fn value(&self) -> Value<'_>;
}

macro_rules! shown_as_they_are {
    ($($type:ty)+) => {
        $(impl AsValue for $type {
            fn value(&self) -> Value<'_> {
                Value::Text(self)
            }
        })+
    };
}

shown_as_they_are! { Money UnitPrice u32 u64 u128 usize &'static str String Box<str> Arc<str> Hour BillingMonth }

impl AsValue for Sender {
    fn value(&self) -> Value<'_> {
        Value::Sender(*self)
    }
}

impl AsValue for LinkType {
    fn value(&self) -> Value<'_> {
        Value::LinkType(*self)
    }
}

impl AsValue for Gb {
    fn value(&self) -> Value<'_> {
        Value::Word(self.in_bytes())
    }
}

/// A word of data in what is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word(pub Box<str>);

impl AsValue for Word {
    fn value(&self) -> Value<'_> {
        Value::Word(&self.0)
    }
}

/// A region by its id, or an area of prices by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceName(pub Box<str>);

impl AsValue for PlaceName {
    fn value(&self) -> Value<'_> {
        Value::Place(&self.0)
    }
}

/// What a region is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegionName {
    pub english: Box<str>,
    pub simplified: Box<str>,
    pub traditional: Box<str>,
}

impl AsValue for RegionName {
    fn value(&self) -> Value<'_> {
        Value::Named(self)
    }
}

impl AsValue for Sum {
    fn value(&self) -> Value<'_> {
        Value::Sum(self)
    }
}

impl AsValue for Box<Sum> {
    fn value(&self) -> Value<'_> {
        Value::Sum(self)
    }
}

impl AsValue for Box<Said> {
    fn value(&self) -> Value<'_> {
        Value::Said(self)
    }
}

impl AsValue for Sentence {
    fn value(&self) -> Value<'_> {
        Value::Said(self.said())
    }
}

impl AsValue for Option<Box<Said>> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Nothing, AsValue::value)
    }
}

impl AsValue for Vec<Said> {
    fn value(&self) -> Value<'_> {
        Value::All(self)
    }
}

/// Clauses of one sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Clauses(pub Vec<Said>);

impl AsValue for Clauses {
    fn value(&self) -> Value<'_> {
        Value::Clauses(&self.0)
    }
}

impl AsValue for Box<[Box<str>]> {
    fn value(&self) -> Value<'_> {
        Value::Figures(self)
    }
}

/// Makes what can be said, each with its key and the names of its values, from one table.
macro_rules! sayings {
    ($($(#[$attribute:meta])* $name:ident $key:literal { $($field:ident: $type:ty),* },)+) => {
        /// All that findings, explanations and notes say. A key is that of the text in each language; fields are its
        /// `{names}`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Said {
            $($(#[$attribute])* $name { $($field: $type),* },)+
        }

        impl Said {
            /// Every key, with the names of its values.
            #[cfg(test)]
            pub const KEYS: &[(&str, &[&str])] = &[$(($key, &[$(stringify!($field)),*]),)+];

            /// Its key, and its values by name.
            pub fn parts(&self) -> (&'static str, Vec<(&'static str, Value<'_>)>) {
                match self {
                    $(Self::$name { $($field),* } => ($key, vec![$((stringify!($field), $field.value())),*]),)+
                }
            }
        }
    };
}

sayings! {
    // Words of elsewhere, which no language has another text for; and what stands in front of what is said.
    Verbatim "verbatim" { text: String },
    Labelled "labelled" { label: Arc<str>, said: Box<Said> },
    // Of traffic and connections.
    NoRecordsInMonth "no_records_in_month" { read: u64, outside: u64, refused: u64, months: Option<Box<Said>> },
    MonthsTold "months_told" { months: Vec<Said> },
    MonthsToldAndMore "months_told_and_more" { months: Vec<Said>, more: usize },
    RecordsOfMonth "records_of_month" { month: BillingMonth, count: u64 },
    RecordsQuarantined "records_quarantined" { count: u64 },
    ConnectionQuarantined "connection_quarantined" { id: Arc<str> },
    CopiesDropped "copies_dropped" { count: u64 },
    ArchiveRefused "archive_refused" { month: BillingMonth, records: u64, bytes: u128 },
    ArchiveWithoutTotals "archive_without_totals" { count: u64 },
    PagesAnnounced "pages_announced" { announced: u64, last: u64 },
    EntriesSkipped "entries_skipped" { count: u64 },
    EntriesPassedOver "entries_passed_over" { count: u64 },
    LinkChangesRefused "link_changes_refused" { count: usize },
    LinkChangesNotGiven "link_changes_not_given" {},
    LinkChangesIgnored "link_changes_ignored" { id: Arc<str> },
    LinkTypeNotTold "link_type_not_told" { id: Arc<str>, taken: Box<Said> },
    GoldTaken "gold_taken" {},
    LastTypeTaken "last_type_taken" { link_type: LinkType },
    InventoryIncomplete "inventory_incomplete" { pages: Box<Said> },
    PagesOfTotal "pages_of_total" { entries: u64, total: u64 },
    PagesWithoutLast "pages_without_last" { entries: u64 },
    FinancialLocked "financial_locked" { id: Arc<str> },
    AccountFromDataSource "account_from_data_source" { id: Arc<str>, account: Arc<str> },
    TrailRead "trail_read" { events: Vec<Said> },
    TrailWithoutEvents "trail_without_events" {},
    EventsOfCreations "events_of_creations" { count: u64 },
    EventsWithLinkType "events_with_link_type" { count: u64 },
    EventsOfDeletions "events_of_deletions" { count: u64 },
    EventsOfOtherCalls "events_of_other_calls" { count: u64 },
    EventsFailed "events_failed" { count: u64 },
    EventsOfDryRuns "events_of_dry_runs" { count: u64 },
    EventsWithoutLinkType "events_without_link_type" { count: u64 },
    EventsOfUnknownCreations "events_of_unknown_creations" { count: u64 },
    EventsRepeated "events_repeated" { count: u64 },
    TrailIncomplete "trail_incomplete" {},
    TrailElsewhere "trail_elsewhere" { events: u64, connections: usize, named: String },
    RowFromTrail "row_from_trail" { id: Arc<str> },
    AssumedPrice "assumed_price" { count: usize, overlays: String },
    AccountNotNamed "account_not_named" { id: String },
    BudgetWithoutCharge "budget_without_charge" { account: String },
    OverBudget "over_budget" { account: String, payable: Money, over: Money, budget: Money, currency: String },
    OfScenario "of_scenario" { scenario: &'static str, said: Box<Said> },
    ImplausibleVolume "implausible_volume" { id: Arc<str>, bytes: u128, sender: Sender, hour: Hour, most: u128 },
    ImplausiblySmall "implausibly_small" { billed: u128, largest: u128 },
    WindowShifted "window_shifted" { id: Arc<str>, sender: Sender },
    ConnectionWithoutRecords "connection_without_records" { id: Arc<str> },
    SenderWithoutRecords "sender_without_records" { id: Arc<str>, sender: Sender },
    HoursWithoutRecords "hours_without_records" { without: u64, expected: u64, touched: u64, connections: usize },
    // Of planned connections.
    QuotaIntraRegion "quota_intra_region" { vpc: String, count: usize, quota: usize },
    QuotaCrossRegion "quota_cross_region" { vpc: String, count: usize, quota: usize },
    QuotaPerAccount "quota_per_account" { account: String, count: usize, region: String, quota: usize },
    QuotaOfBandwidth "quota_of_bandwidth" { mbps: u64, quota: u64 },
    VolumeBeyondBandwidth "volume_beyond_bandwidth" {
        sender: Sender, bytes: u128, mbps: u64, most: u128, gb: String, needed: u128
    },
    BytesOfMbps "bytes_of_mbps" {},
    LinkTypeInsideRegion "link_type_inside_region" { link_type: LinkType, region: String },
    BandwidthInsideRegion "bandwidth_inside_region" { region: String },
    TwoSites "two_sites" { requester: String, site: &'static str, accepter: String, other_site: &'static str },
    CatalogOfAnotherSite "catalog_of_another_site" { vpc: String, site: &'static str, catalog: String },
    TablesOfSites "tables_of_sites" {},
    SeparateClouds "separate_clouds" { one: String, cloud: Box<Said>, other: String, other_cloud: Box<Said> },
    PublicCloud "public_cloud" {},
    FinanceCloud "finance_cloud" {},
    GovernmentCloud "government_cloud" {},
    OverlappingBlocks "overlapping_blocks" { blocks: Vec<Said> },
    Overlap "overlap" { block: String, vpc: String, other_block: String, other_vpc: String },
    ConnectedTwice "connected_twice" { labels: Box<Said> },
    Both "both" { one: Box<Said>, other: Box<Said> },
    NoTransit "no_transit" { from: String, to: String, via: String },
    NoLinkTypeInsideRegion "no_link_type_inside_region" { region: Arc<str> },
    RegionNotListed "region_not_listed" { region: Arc<str> },
    RegionOnOlderList "region_on_older_list" { region: Arc<str> },
    RegionClosing "region_closing" { region: Arc<str> },
    CrossBorder "cross_border" { source: Arc<str>, destination: Arc<str>, verification: Box<Said> },
    VerificationOfChinaSite "verification_of_china_site" {},
    VerificationOfInternationalSite "verification_of_international_site" {},
    VerificationOfEitherSite "verification_of_either_site" {},
    VolumeFromBandwidth "volume_from_bandwidth" {
        sender: Sender, mbps: String, each: u128, hours: String, days: u32, bytes: u64, gb: String
    },
    // Of Terraform.
    LinkTypeNotToldByPlan "link_type_not_told_by_plan" { label: String },
    AccountOverruled "account_overruled" {
        value: String, whom: Box<Said>, address: String, more: Option<Box<Said>>, told: String
    },
    RegionOverruled "region_overruled" {
        value: String, whom: Box<Said>, address: String, more: Option<Box<Said>>, told: String
    },
    AllRequesters "all_requesters" {},
    AndMore "and_more" { count: usize },
    ChangeNotPriced "change_not_priced" { address: String, missing: Box<Said> },
    NotKnown "not_known" { address: String, attribute: &'static str, why: String },
    NotKnownOfPlan "not_known_of_plan" { attribute: &'static str, why: String },
    NotEnoughTold "not_enough_told" { address: String },
    OldOneKept "old_one_kept" { address: String, kept: String },
    StopsManaging "stops_managing" { address: String },
    NoTraffic "no_traffic" { address: String },
    NoTrafficAtAll "no_traffic_at_all" {},
    RegionByReference "region_by_reference" { address: String, region: String, from: String },
    // Of prices.
    NewestPrices "newest_prices" { catalog: String, since: Box<Said>, end: Option<Box<Said>> },
    NoRowDated "no_row_dated" {},
    InForceIn "in_force_in" { hour: Hour },
    SomeEnd "some_end" { hour: Hour },
    AdviceNotPriced "advice_not_priced" { left_out: Box<Said>, missing: Box<Said> },
    SwitchesJustAfter "switches_just_after" { scenario: &'static str },
    BreakEvenShare "break_even_share" {},
    PriceMissing "price_missing" {},
    MissingPrice "missing_price" {
        link_type: LinkType, source: String, destination: String, catalog: String, currency: String
    },
    MissingPriceFrom "missing_price_from" {
        link_type: LinkType, source: String, destination: String, catalog: String, currency: String, hour: Hour
    },
    // Of catalogs.
    RegionUnknown "region_unknown" { place: Box<str>, region: Arc<str> },
    RegionWithoutArea "region_without_area" { id: Arc<str>, name: RegionName },
    PricesDiffer "prices_differ" {
        from: PlaceName, to: PlaceName, link_type: LinkType, price: UnitPrice, place: Box<str>, back: UnitPrice,
        back_place: Box<str>
    },
    NoPrice "no_price" { link_type: LinkType, source: PlaceName, destination: PlaceName },
    NoPriceBefore "no_price_before" {
        link_type: LinkType, source: PlaceName, destination: PlaceName, hour: Hour
    },
    NoPriceFrom "no_price_from" { link_type: LinkType, source: PlaceName, destination: PlaceName, hour: Hour },
    RowsTie "rows_tie" { rows: Clauses },
    RowTies "row_ties" {
        place: Box<str>, from: PlaceName, to: PlaceName, source: PlaceName, destination: PlaceName,
        link_type: LinkType, hour: Hour
    },
    TermsTie "terms_tie" { place: Box<str>, other: Box<str> },
    MoreTermsTie "more_terms_tie" { count: u64 },
    // Where a record stands in its input.
    Line "line" { line: u64 },
    LineAndPath "line_and_path" { line: u64, path: String },
    #[cfg_attr(not(feature = "parquet"), allow(dead_code, reason = "only Parquet has row groups"))]
    RowOfGroup "row_of_group" { group: usize, row: usize },
    // Of bills, as they are read and compared.
    InputsWithoutLine "inputs_without_line" { count: u64 },
    LinesRepeated "lines_repeated" { count: u64 },
    AnswersRepeated "answers_repeated" { count: u64 },
    LinesAlike "lines_alike" { count: u64 },
    RowsOfTotals "rows_of_totals" { count: u64 },
    TypeNotKnown "type_not_known" { count: u64, line_type: String },
    LinesOfOtherProducts "lines_of_other_products" { count: u64 },
    OthersNameConnections "others_name_connections" { count: u64, product: String },
    LinesOfOtherMonths "lines_of_other_months" { count: u64 },
    LinesOfOtherItems "lines_of_other_items" { count: u64 },
    LinesWithoutOwner "lines_without_owner" { count: usize },
    LinesWithoutCurrency "lines_without_currency" { count: usize },
    NetAmountsCompared "net_amounts_compared" {},
    ItemsOfBill "items_of_bill" { items: Vec<Said> },
    ItemMet "item_met" { code: Box<str>, lines: u64, compared: u64 },
    ItemWithoutCode "item_without_code" { lines: u64, compared: u64 },
    RowsWithoutGb "rows_without_gb" { count: usize },
    OtherTypesNotKnown "other_types_not_known" {},
    AccountsWithoutFigure "accounts_without_figure" { count: usize },
    BillAndOurs "bill_and_ours" { months: Box<str> },
    Settings "settings" { settings: Clauses },
    Setting "setting" { name: Box<str>, value: Word },
    // Why a row of a bill is as it is, or not.
    NothingToPay "nothing_to_pay" {},
    AsBilled "as_billed" { own: Sum },
    OffByPrecision "off_by_precision" { own: Sum, bill: Box<str>, off: Money, limit: Box<str>, half: Box<Said> },
    HalfUnitOfLine "half_unit_of_line" {},
    HalfUnitOfLines "half_unit_of_lines" { lines: u32 },
    PriceOfPrintedUsage "price_of_printed_usage" { own: Sum, bill: Box<str>, off: Money, usage: Box<str> },
    NoClass "no_class" { bill: Box<Said>, own: Sum },
    BillHas "bill_has" { cost: Box<str> },
    BillHasForUsage "bill_has_for_usage" { cost: Box<str>, usage: Box<str> },
    BillHasAtPrices "bill_has_at_prices" { cost: Box<str>, usage: Box<str>, prices: Box<[Box<str>]> },
    SentByOtherEnd "sent_by_other_end" { bytes: u128, cost: Money, own: Sum },
    CountedInOtherGb "counted_in_other_gb" { bytes: u128, usage: Box<str>, gb: Gb, cost: Money, own: Sum },
    CostsAsInOtherGb "costs_as_in_other_gb" { bytes: u128, gb: Gb, cost: Money, own: Sum },
    AtOtherTypes "at_other_types" { types: Box<Said>, bill: Box<Sum>, own: Sum },
    OtherTypeEveryHour "other_type_every_hour" {},
    OneTypeAllHours "one_type_all_hours" { link_type: LinkType },
    NetDiffers "net_differs" {
        list: Box<str>, own: Box<Sum>, bill: Box<str>, bill_off: Option<Box<Said>>, net: Money, net_off: Option<Box<Said>>
    },
    PercentOff "percent_off" { percent: Money },
    PriceDiffers "price_differs" { usage: Box<str>, price: Box<Said>, cost: Box<str>, own: Sum },
    PriceThatMakesAmount "price_that_makes_amount" { price: String },
    Prices "prices" { prices: Box<[Box<str>]> },
    MeanPrice "mean_price" { price: Money },
    UsageDiffers "usage_differs" { usage: Box<str>, price: Box<Said>, cost: Box<str>, own: Sum },
    NoLineOfBill "no_line_of_bill" { own: Sum, elsewhere: Option<Box<Said>> },
    NoTrafficOfOurs "no_traffic_of_ours" { cost: Box<str>, elsewhere: Option<Box<Said>> },
    NoTrafficOfUsage "no_traffic_of_usage" { cost: Box<str>, usage: Box<str>, elsewhere: Option<Box<Said>> },
    StandsElsewhere "stands_elsewhere" { why: Sentence },
    MovesInTime "moves_in_time" { first: Box<str>, last: Box<str>, differences: Box<str>, sum: Money, limit: Money },
    MovesToAccount "moves_to_account" {
        less: Box<str>, account: Arc<str>, other: Arc<str>, from: Box<str>, to: Box<str>, sum: Money, limit: Money
    },
    RoundedByBoth "rounded_by_both" { adjustment: Money, lines: u64, sum: Money },
    InvoiceWithoutTraffic "invoice_without_traffic" { figure: Box<str> },
    InvoiceIsPayable "invoice_is_payable" { figure: Box<str> },
    InvoiceIsRounded "invoice_is_rounded" { figure: Box<str>, off: Money },
    InvoiceWouldBe "invoice_would_be" { cause: Box<Said>, cost: Money, payable: Money },
    InvoiceNotExplained "invoice_not_explained" { figure: Box<str>, payable: Money },
    InOtherGb "in_other_gb" { gb: Gb },
    WithTypes "with_types" { types: Box<Said> },
    ByListPrices "by_list_prices" {},
    // Of two reports, and of two exports of one traffic.
    TwoReports "two_reports" { month: String },
    ReportsOfMonths "reports_of_months" { before: String, after: String },
    HowEffectsAreMade "how_effects_are_made" {},
    SameHours "same_hours" {},
    GbDiffers "gb_differs" { before: Gb, after: Gb },
    TwoExports "two_exports" { month: String, offset: String },
    CatalogVersion "catalog_version" { name: String, version: String },
    DifferenceIsCounterpartLess "difference_is_counterpart_less" {},
    NoRecordHere "no_record_here" {},
    NoRecordThere "no_record_there" {},
    CostsNotRounded "costs_not_rounded" {},
    CostsAssumed "costs_assumed" {},
}

/// Something that is said to people, and not just about a finding: what a row or a whole result tells.
///
/// Each language has words for it ([`in_language`](Self::in_language)); as text it is English.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sentence(Arc<Said>);

impl Sentence {
    /// What is said, as data.
    pub(crate) fn said(&self) -> &Said {
        &self.0
    }
}

impl From<Said> for Sentence {
    fn from(said: Said) -> Self {
        Self(said.into())
    }
}

impl From<&MissingPrice> for Said {
    fn from(missing: &MissingPrice) -> Self {
        let MissingPrice { source, destination, link_type, first_hour, catalog, currency } = missing.clone();
        match first_hour {
            None => Self::MissingPrice { link_type, source, destination, catalog, currency },
            Some(hour) => Self::MissingPriceFrom { link_type, source, destination, catalog, currency, hour },
        }
    }
}
