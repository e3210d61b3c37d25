//! CloudMonitor's `acs_vpcpeer`: answers of `DescribeMetricList` and `DescribeMetricLast`, and tables of datapoints.
//!
//! What the provider does not say about them is a setting: [`CloudMonitor`]. The direction is not: "inbound" is what
//! the requester sends (R3).

mod datapoint;
mod reader;

pub(crate) use reader::Datapoints;

use crate::model::{did_you_mean, invalid::Invalid, quoted, time::ClockOffset, usage::Sender};
use std::str::FromStr;

/// Which value of a datapoint counts, by its key in the provider's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Statistic {
    /// The sum over the period.
    #[default]
    Sum,
    /// What some metrics have instead.
    Value,
    /// The mean of the period.
    Average,
    /// The largest of the period.
    Maximum,
    /// The smallest of the period.
    Minimum,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Value, Self::Average, Self::Maximum, Self::Minimum];

    /// The key of a datapoint.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Value => "Value",
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
        }
    }
}

impl FromStr for Statistic {
    type Err = Invalid;

    /// Reads `Sum`, `Value`, `Average`, `Maximum` or `Minimum`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        spelled(text, Self::ALL, Self::as_str)
    }
}

/// The value of `known` that is spelled so.
fn spelled<T: Copy, const N: usize>(
    text: &str,
    known: [T; N],
    name: fn(T) -> &'static str,
) -> Result<T, Invalid> {
    known.into_iter().find(|value| name(*value) == text).ok_or_else(|| {
        let names = known.map(name);
        format!("it is one of {}{}", names.join(", "), did_you_mean(text, names)).into()
    })
}

/// What the value of a datapoint counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Unit {
    /// Bytes that were sent in the period.
    #[default]
    #[serde(rename = "bytes")]
    Bytes,
    /// Bits per second over the period; parts of a byte are summed exactly, and rounded once per hour (R10).
    #[serde(rename = "bit/s")]
    BitsPerSecond,
}

impl Unit {
    /// `bytes` or `bit/s`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::BitsPerSecond => "bit/s",
        }
    }
}

impl FromStr for Unit {
    type Err = Invalid;

    /// Reads `bytes` or `bit/s`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        spelled(text, [Self::Bytes, Self::BitsPerSecond], Self::as_str)
    }
}

/// Which end of its period the timestamp of a datapoint marks; its bytes are billed in the hour of the start (R6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The start.
    #[default]
    Start,
    /// The end.
    End,
}

impl Mark {
    /// `start` or `end`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }
}

impl FromStr for Mark {
    type Err = Invalid;

    /// Reads `start` or `end`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        spelled(text, [Self::Start, Self::End], Self::as_str)
    }
}

/// What a table of datapoints calls its columns; by default `timestamp`, `instanceId`, and what the statistic is
/// called.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatapointColumns {
    /// The time of the datapoint.
    pub timestamp: String,
    /// The id of the connection, as in the inventory.
    pub instance_id: String,
    /// Its value; where it is `None`, the column of the statistic's name.
    pub value: Option<String>,
}

impl Default for DatapointColumns {
    fn default() -> Self {
        Self { timestamp: "timestamp".into(), instance_id: "instanceId".into(), value: None }
    }
}

/// How datapoints are to be read; by default as sums of bytes whose timestamps mark the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudMonitor {
    /// Which of their values counts.
    pub statistic: Statistic,
    /// What it counts.
    pub unit: Unit,
    /// What their timestamps mark.
    pub mark: Mark,
    /// The seconds that a datapoint stands for, where the answer does not say so; at most 3600.
    pub period_seconds: Option<u32>,
    /// Where the clocks stood of times without a zone, which a table may hold; they are refused without this.
    pub naive_offset: Option<ClockOffset>,
    /// The columns of tables.
    pub columns: DatapointColumns,
}

/// Whose egress a metric counts; takes the metric's name, or `inbound` or `outbound` whatever it is called.
///
/// R3: the names are from the connection's view. What comes in, `IntranetRX`, is sent by the requester; what goes out
/// is sent by the accepter. The name `IntranetTX` is assumed.
///
/// # Errors
///
/// Any other name, with a near one where there is one.
pub fn sender_of_metric(name: &str) -> Result<Sender, Invalid> {
    match name {
        "inbound" | "IntranetRX" => Ok(Sender::Requester),
        "outbound" | "IntranetTX" => Ok(Sender::Accepter),
        _ => {
            let near = did_you_mean(name, ["inbound", "outbound", "IntranetRX", "IntranetTX"]);
            let way_out =
                "write inbound= for what the requester sends, outbound= for what the accepter sends";
            Err(format!("metric {} is not known{near}; {way_out}", quoted(name.as_bytes())).into())
        }
    }
}
