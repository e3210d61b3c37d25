//! CloudMonitor's `acs_vpcpeer`: answers of `DescribeMetricList` and `DescribeMetricLast`, and tables of datapoints.
//!
//! What the provider does not say about them is a setting: [`CloudMonitor`]. The direction is not: "inbound" is what
//! the requester sends (R3).

mod datapoint;
mod reader;
mod settings;

pub(crate) use reader::Datapoints;
pub use settings::{CloudMonitor, DatapointColumns, Mark, Statistic, Unit, sender_of_metric};
