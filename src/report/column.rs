//! The columns of a report, by the names of `docs/rules.md`.

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
    /// All, in the order of the file.
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

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::BillingMonth => "billing_month",
            Self::ChargePeriodStart => "charge_period_start",
            Self::ChargePeriodEnd => "charge_period_end",
            Self::BillingAccountId => "billing_account_id",
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

    /// Whether grouped lines show its sum.
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
