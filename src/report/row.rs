//! A row of a report, typed, and the columns that rows have.

use crate::{
    catalog::PriceStatus,
    model::{
        accounts::Account,
        connection::Tags,
        link::LinkType,
        money::{Money, UnitPrice},
        time::{BillingMonth, Hour},
        usage::Sender,
    },
};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// What a row charges for.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum ChargeCategory {
    /// Traffic between regions, at the price of a link type.
    Usage,
    /// Traffic inside a region, which has no link type and costs nothing (R1).
    Free,
    /// What was billed for an hour of a closed month and is taken back, or what takes its place.
    Correction,
    /// What makes an account's rows add up to what it pays (R11).
    Adjustment,
}

impl ChargeCategory {
    /// `usage`, `free`, `correction` or `adjustment`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Free => "free",
            Self::Correction => "correction",
            Self::Adjustment => "adjustment",
        }
    }
}

/// One row of a report; a field is `None` where the column of its name has no value in this row.
///
/// Rows borrow their text from the report: threads that make them text share no counter. They are made by
/// [`Report::rows`](super::Report::rows).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ReportRow<'r> {
    /// The billing month.
    pub billing_month: Option<BillingMonth>,
    /// The first hour of the charge period, in UTC, where lines have one: an hour, or a local day (R12).
    pub charge_period_start: Option<Hour>,
    /// The hour after its last, in UTC.
    pub charge_period_end: Option<Hour>,
    /// The account that pays (R2).
    pub billing_account_id: Option<&'r str>,
    /// The name of that account, where names were given and it has one.
    pub billing_account_name: Option<&'r str>,
    /// What is noted of that account, of which the columns of a grouping show some.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) account: Option<&'r Account>,
    /// The tags of its connection, of which the columns of a grouping show some.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) tags: Option<&'r Tags>,
    /// The connection, as in the inventory.
    pub connection_id: Option<&'r str>,
    /// The end that sent, and whose account pays (R2).
    pub sender: Option<Sender>,
    /// The region that the bytes left.
    pub source_region: Option<&'r str>,
    /// The region that they went to.
    pub destination_region: Option<&'r str>,
    /// The account at the other end; it may be the same.
    pub peer_account_id: Option<&'r str>,
    /// The level that is billed (R7); `None` for free traffic as well.
    pub link_type: Option<LinkType>,
    /// What the row charges for.
    pub charge_category: Option<ChargeCategory>,
    /// Bytes sent; negative, as the hours and the quantity, where a correction takes them back.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text_or_none"))]
    pub consumed_bytes: Option<i128>,
    /// The same in GB (R9), rounded half to even at 10 decimals.
    pub pricing_quantity: Option<Money>,
    /// The list price of one GB; `None` where a contract price stands without a published one.
    pub list_unit_price: Option<UnitPrice>,
    /// What the account pays for one GB; without a contract, the list price.
    pub contracted_unit_price: Option<UnitPrice>,
    /// The amount, rounded half to even at 10 decimals (R11).
    pub billed_cost: Option<Money>,
    /// The currency of all amounts and prices (R13).
    pub billing_currency: Option<&'r str>,
    /// Hours with a record, also with one of 0 bytes.
    pub metered_hours: Option<i64>,
    /// Those of them that hold a real change of link type (R7).
    pub raised_hours: Option<i64>,
    /// What raising them cost, at most, rounded as [`billed_cost`](Self::billed_cost): their amount less that of all
    /// their bytes at the lowest level in effect.
    pub raised_cost: Option<Money>,
    /// Where the contracted price comes from (R18).
    pub price_status: Option<PriceStatus>,
}

impl ReportRow<'_> {
    /// Takes the value of a column away.
    pub(crate) fn clear(&mut self, column: Column) {
        match column {
            Column::BillingMonth => self.billing_month = None,
            Column::ChargePeriodStart => self.charge_period_start = None,
            Column::ChargePeriodEnd => self.charge_period_end = None,
            Column::BillingAccountId => self.billing_account_id = None,
            Column::BillingAccountName => self.billing_account_name = None,
            Column::Account(_) => self.account = None,
            Column::Tag(_) => self.tags = None,
            Column::ConnectionId => self.connection_id = None,
            Column::Sender => self.sender = None,
            Column::SourceRegion => self.source_region = None,
            Column::DestinationRegion => self.destination_region = None,
            Column::PeerAccountId => self.peer_account_id = None,
            Column::LinkType => self.link_type = None,
            Column::ChargeCategory => self.charge_category = None,
            Column::ConsumedBytes => self.consumed_bytes = None,
            Column::PricingQuantity => self.pricing_quantity = None,
            Column::ListUnitPrice => self.list_unit_price = None,
            Column::ContractedUnitPrice => self.contracted_unit_price = None,
            Column::BilledCost => self.billed_cost = None,
            Column::BillingCurrency => self.billing_currency = None,
            Column::MeteredHours => self.metered_hours = None,
            Column::RaisedHours => self.raised_hours = None,
            Column::RaisedCost => self.raised_cost = None,
            Column::PriceStatus => self.price_status = None,
        }
    }

    /// Takes the values of all other columns away.
    pub(super) fn keep(&mut self, columns: &[Column]) {
        let all = Column::ALL.into_iter().chain([Column::BillingAccountName]);
        all.filter(|column| !columns.contains(column)).for_each(|column| self.clear(column));
        self.keep_keyed(columns);
    }

    /// Takes the values away that columns have by a key, where no such column is among `columns`.
    pub(super) fn keep_keyed(&mut self, columns: &[Column]) {
        self.tags = self.tags.filter(|_| columns.iter().any(|column| matches!(column, Column::Tag(_))));
        self.account =
            self.account.filter(|_| columns.iter().any(|column| matches!(column, Column::Account(_))));
    }

    /// The columns in which another row has another value; none of those that are summed, or that have a key.
    pub(super) fn differing(&self, other: &Self) -> impl Iterator<Item = Column> {
        [
            (Column::BillingMonth, self.billing_month != other.billing_month),
            (Column::ChargePeriodStart, self.charge_period_start != other.charge_period_start),
            (Column::ChargePeriodEnd, self.charge_period_end != other.charge_period_end),
            (Column::BillingAccountId, self.billing_account_id != other.billing_account_id),
            (Column::BillingAccountName, self.billing_account_name != other.billing_account_name),
            (Column::ConnectionId, self.connection_id != other.connection_id),
            (Column::Sender, self.sender != other.sender),
            (Column::SourceRegion, self.source_region != other.source_region),
            (Column::DestinationRegion, self.destination_region != other.destination_region),
            (Column::PeerAccountId, self.peer_account_id != other.peer_account_id),
            (Column::LinkType, self.link_type != other.link_type),
            (Column::ChargeCategory, self.charge_category != other.charge_category),
            (Column::ListUnitPrice, self.list_unit_price != other.list_unit_price),
            (Column::ContractedUnitPrice, self.contracted_unit_price != other.contracted_unit_price),
            (Column::BillingCurrency, self.billing_currency != other.billing_currency),
            (Column::PriceStatus, self.price_status != other.price_status),
        ]
        .into_iter()
        .filter_map(|(column, differs)| differs.then_some(column))
    }

    /// The value that is noted of its account, where rows are grouped by that.
    pub fn account_value(&self, key: AccountKey) -> Option<&str> {
        self.account?.value(key.key())
    }

    /// The value of a tag of its connection, where rows are grouped by that.
    pub fn tag(&self, key: TagKey) -> Option<&str> {
        self.tags?.get(key.key())
    }

    /// Whether the row makes an account's rows add up, and is no traffic.
    pub fn is_adjustment(&self) -> bool {
        self.charge_category == Some(ChargeCategory::Adjustment)
    }

    /// Whether an assumed price touched it (R18).
    pub(crate) fn is_assumed(&self) -> bool {
        self.price_status == Some(PriceStatus::Assumed)
    }
}

/// The key of a tag by which lines are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TagKey(&'static str);

impl TagKey {
    /// What the name of its column begins with.
    const PREFIX: &str = "tag:";

    /// Of the column of this name, `tag:KEY`; `None` where that names no tag.
    pub(super) fn of_column(name: &str) -> Option<Self> {
        kept_name(name, Self::PREFIX).map(Self)
    }

    /// The key: what stands behind `tag:`.
    pub fn key(self) -> &'static str {
        &self.0[Self::PREFIX.len()..]
    }
}

/// The column of [`Accounts`](crate::model::accounts::Accounts) by which lines are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountKey(&'static str);

impl AccountKey {
    /// What the name of its column in a report begins with.
    const PREFIX: &str = "account.";

    /// Of the column of this name, `account.COLUMN`; `None` where that names none.
    pub(super) fn of_column(name: &str) -> Option<Self> {
        kept_name(name, Self::PREFIX).map(Self)
    }

    /// The name of the column there: what stands behind `account.`.
    pub fn key(self) -> &'static str {
        &self.0[Self::PREFIX.len()..]
    }
}

/// A name of a column that begins so and goes on.
///
/// Each is kept for good, once: columns are copied from row to row, and there are as many as somebody asked for.
fn kept_name(name: &str, prefix: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    name.strip_prefix(prefix).filter(|key| !key.is_empty())?;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.get(name).copied();
    Some(known.unwrap_or_else(|| {
        let new: &'static str = Box::leak(name.into());
        names.insert(new);
        new
    }))
}

/// A column of the report, in the order of the file.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs, reason = "each is the column of that name in docs/rules.md")]
pub enum Column {
    BillingMonth,
    ChargePeriodStart,
    ChargePeriodEnd,
    BillingAccountId,
    BillingAccountName,
    Account(AccountKey),
    Tag(TagKey),
    ConnectionId,
    Sender,
    SourceRegion,
    DestinationRegion,
    PeerAccountId,
    LinkType,
    ChargeCategory,
    ConsumedBytes,
    PricingQuantity,
    ListUnitPrice,
    ContractedUnitPrice,
    BilledCost,
    BillingCurrency,
    MeteredHours,
    RaisedHours,
    RaisedCost,
    PriceStatus,
}

impl Column {
    /// All that every report has, in the order of the file; [`BillingAccountName`](Self::BillingAccountName) stands only
    /// where names of accounts are given, [`Account`](Self::Account) and [`Tag`](Self::Tag) where lines are grouped by them.
    pub const ALL: [Self; 21] = [
        Self::BillingMonth,
        Self::ChargePeriodStart,
        Self::ChargePeriodEnd,
        Self::BillingAccountId,
        Self::ConnectionId,
        Self::Sender,
        Self::SourceRegion,
        Self::DestinationRegion,
        Self::PeerAccountId,
        Self::LinkType,
        Self::ChargeCategory,
        Self::ConsumedBytes,
        Self::PricingQuantity,
        Self::ListUnitPrice,
        Self::ContractedUnitPrice,
        Self::BilledCost,
        Self::BillingCurrency,
        Self::MeteredHours,
        Self::RaisedHours,
        Self::RaisedCost,
        Self::PriceStatus,
    ];

    /// Its name in the header of the CSV, and as a key of JSON lines: `billing_month`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BillingMonth => "billing_month",
            Self::ChargePeriodStart => "charge_period_start",
            Self::ChargePeriodEnd => "charge_period_end",
            Self::BillingAccountId => "billing_account_id",
            Self::BillingAccountName => "billing_account_name",
            Self::Account(key) => key.0,
            Self::Tag(key) => key.0,
            Self::ConnectionId => "connection_id",
            Self::Sender => "sender",
            Self::SourceRegion => "source_region",
            Self::DestinationRegion => "destination_region",
            Self::PeerAccountId => "peer_account_id",
            Self::LinkType => "link_type",
            Self::ChargeCategory => "charge_category",
            Self::ConsumedBytes => "consumed_bytes",
            Self::PricingQuantity => "pricing_quantity",
            Self::ListUnitPrice => "list_unit_price",
            Self::ContractedUnitPrice => "contracted_unit_price",
            Self::BilledCost => "billed_cost",
            Self::BillingCurrency => "billing_currency",
            Self::MeteredHours => "metered_hours",
            Self::RaisedHours => "raised_hours",
            Self::RaisedCost => "raised_cost",
            Self::PriceStatus => "price_status",
        }
    }

    /// Whether grouped lines show its sum, so that lines cannot be grouped by it.
    pub fn is_summed(self) -> bool {
        matches!(
            self,
            Self::ConsumedBytes
                | Self::PricingQuantity
                | Self::BilledCost
                | Self::MeteredHours
                | Self::RaisedHours
                | Self::RaisedCost
        )
    }

    pub(crate) fn is_charge_period(self) -> bool {
        matches!(self, Self::ChargePeriodStart | Self::ChargePeriodEnd)
    }
}
