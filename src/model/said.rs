//! What a finding says, as data: a text by its key, and the values in it. Each language has words for it
//! (`write/lang/`).

use crate::model::{
    error::MissingPrice,
    link::LinkType,
    money::Money,
    time::{BillingMonth, Hour},
    usage::Sender,
};
use std::sync::Arc;

/// A value in what is said.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// As it stands: an id, a name, an instant, a number.
    Text(&'a dyn std::fmt::Display),
    /// An end, which languages name in their way.
    Sender(Sender),
    /// A link type, likewise.
    LinkType(LinkType),
    /// Something said within.
    Said(&'a Said),
    /// Several things, one after the other.
    All(&'a [Said]),
    /// Nothing is said here.
    Nothing,
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

shown_as_they_are! { Money u32 u64 u128 usize &'static str String Arc<str> Hour BillingMonth }

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

impl AsValue for Box<Said> {
    fn value(&self) -> Value<'_> {
        Value::Said(self)
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

/// Makes what can be said, each with its key and the names of its values, from one table.
macro_rules! sayings {
    ($($name:ident $key:literal { $($field:ident: $type:ty),* },)+) => {
        /// All that findings say. A key is that of the text in each language; fields are its `{names}`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Said {
            $($name { $($field: $type),* },)+
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
