//! What would mend a fault.

use std::sync::Arc;

/// What a caller can do about a fault, where there is something particular.
///
/// The library says what is wrong; how a remedy is applied depends on who calls. The program names its arguments.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Remedy {
    /// Add the connection to the inventory.
    AddConnection,
    /// Add the connection to the inventory, with the ids of its VPCs.
    AddConnectionWithVpcs,
    /// Add the connection that leads to the address to the inventory.
    AddConnectionToAddress,
    /// Give the address blocks of both VPCs with the connections.
    GiveAddressBlocks,
    /// Choose what becomes of records that stand twice.
    ChooseDuplicateRule,
    /// Supply the price, by an overlay or a contract.
    SupplyPrice,
    /// State the zone of times that have none.
    StateNaiveOffset,
    /// Write a time with its zone, or state the zone of those that have none.
    WriteOrStateZone,
    /// State the period of a metric.
    StateMetricPeriod,
    /// Choose another statistic of a metric.
    ChooseMetricStatistic,
    /// State the unit of a metric.
    StateMetricUnit,
    /// State the account that owns the requester's VPC.
    StateRequesterAccount,
    /// State which account owns which requester's VPC, where there are several.
    StateRequesterAccounts,
    /// State the region of the requester's VPC.
    StateRequesterRegion,
    /// State the region that an expression of a plan gives.
    StateRegionOfReference,
    /// State the link type that a connection had before the first change that is known.
    StateLinkTypeBefore {
        /// The connection.
        connection_id: Arc<str>,
    },
    /// Give the input as connections.
    GiveAsConnections,
    /// Give the input as link changes.
    GiveAsLinkChanges,
    /// Give the input as traffic in the native shape.
    GiveAsUsage,
    /// Give the input as what it is: answers of CloudMonitor or flow logs, or state how its columns are called.
    GiveAsItsKindOfTraffic,
    /// Estimate over the newest prices, or from traffic whose hours are known.
    EstimateFromHours,
    /// Choose the billing month whose prices are used.
    ChooseMonth,
    /// Give the monthly bytes of both ends, 0 where one of them sends nothing.
    GiveMonthlyTraffic,
    /// Use the catalog of another site.
    UseCatalog {
        /// Its name.
        name: String,
    },
}
