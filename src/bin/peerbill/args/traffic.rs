//! The inputs that verbs share.

use crate::input::Reading;
use clap::{Args, ValueEnum};
use peerbill::{
    Result,
    model::id::unwrapped,
    read::{
        TrafficColumns,
        cloudmonitor::{CloudMonitor, DatapointColumns, Mark, Statistic, Unit},
    },
    report::{Grouping, ReportOptions},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DuplicatesArg {
    /// Refuse every copy.
    Refuse,
    /// Keep one where their bytes are equal, refuse all where they differ.
    First,
    /// Add them up.
    Sum,
}

/// How inputs are read, whatever they hold.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingArgs {
    /// The encoding of text that is not UTF-8 and has no mark in front that tells it, such as gbk, gb18030, big5 or
    /// utf-16le.
    #[arg(long, value_name = "LABEL")]
    pub encoding: Option<String>,
    /// The memory that may be taken by inputs that are held as a whole: all but traffic [default: 4GiB].
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
}

impl ReadingArgs {
    /// As they are understood.
    pub fn reading(&self) -> Result<Reading> {
        Reading::parse(self.encoding.as_deref(), self.memory.as_deref())
    }
}

/// Inputs take files, folders, globs and `-` for standard input, plain or compressed with gzip or zstd.
#[derive(Debug, Default, Args)]
pub struct TrafficArgs {
    /// Traffic: CSV or Parquet with timestamp,connection_id,sender,bytes, or one JSON object with these keys on each
    /// line.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub usage: Vec<String>,
    #[command(flatten)]
    pub metrics: MetricArgs,
    /// Traffic: VPC flow logs of Log Service, one JSON object on each line. What left a VPC through a peering connection
    /// is joined to it by VPC id and address, so connections need both.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["usage", "cloudmonitor"])]
    pub flow_logs: Vec<String>,
    /// Traffic: hours as `peerbill meter` writes them, CSV or Parquet with hour,connection_id,sender,bytes; another
    /// program may have made them.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["usage", "cloudmonitor", "flow_logs"])]
    pub metered: Vec<String>,
    /// Connections: CSV with `connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type`,
    /// the JSON of `ListVpcPeerConnections` and `GetVpcPeerConnectionAttribute`, or `terraform show -json`.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub connections: Vec<String>,
    /// The account of requesters, where a Terraform state does not tell it; KEY= says for whom it holds: a provider of
    /// a plan (alicloud.hub), an instance of one (alicloud.by_region["cn-beijing"]) or the address of a resource.
    #[arg(long, value_name = "[KEY=]ID")]
    pub requester_account: Vec<String>,
    /// The region of requesters, likewise.
    #[arg(long, value_name = "[KEY=]REGION")]
    pub requester_region: Vec<String>,
    /// Link changes: CSV with `connection_id,changed_at,from_link_type,to_link_type`, or ActionTrail events.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub link_changes: Vec<String>,
    /// The link type before the first change that a trail knows: Gold for all, or pcc-aaa=Gold for one; repeatable.
    #[arg(long, value_name = "[ID=]TYPE")]
    pub link_type_before: Vec<String>,
    /// Where the clocks stood of timestamps without a zone, such as +08:00, in Parquet and in CSV of --cloudmonitor;
    /// without this they are refused.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub naive_offset: Option<String>,
    /// What becomes of a record that stands twice [default: refuse].
    #[arg(long, value_enum)]
    pub duplicates: Option<DuplicatesArg>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What `--usage` calls its columns, from the settings.
    #[arg(skip)]
    pub columns: TrafficColumns,
}

impl TrafficArgs {
    /// Everything that names inputs, flag by flag.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let metrics =
            self.metrics.cloudmonitor.iter().map(|own| own.split_once('=').map_or("", |(_, path)| path));
        let others = self
            .usage
            .iter()
            .chain(&self.flow_logs)
            .chain(&self.metered)
            .chain(&self.connections)
            .chain(&self.link_changes);
        others.map(String::as_str).chain(metrics)
    }
}

/// Traffic from CloudMonitor, and what the provider does not say about it.
#[derive(Debug, Default, Args)]
pub struct MetricArgs {
    /// Traffic: answers of DescribeMetricList, or CSV, of the metrics IntranetRX (what the requester sends) and
    /// IntranetTX (what the accepter sends; the name is assumed), or inbound=PATH and outbound=PATH whatever they are
    /// called; repeatable.
    #[arg(long, value_name = "METRIC=PATH", num_args = 1..)]
    pub cloudmonitor: Vec<String>,
    /// Which value of a datapoint counts: Sum, Value, Average, Maximum or Minimum [default: Sum].
    #[arg(long, value_name = "STATISTIC")]
    pub metric_statistic: Option<Statistic>,
    /// What it counts: bytes (of the period) or bit/s (over the period) [default: bytes].
    #[arg(long, value_name = "UNIT")]
    pub metric_unit: Option<Unit>,
    /// Which end of its period a datapoint's timestamp marks: start or end [default: start].
    #[arg(long, value_name = "MARK")]
    pub metric_timestamp: Option<Mark>,
    /// The seconds that a datapoint stands for, where the answers do not say so; needed with bit/s and with end.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub metric_period: Option<u32>,
    /// What CSV of `--cloudmonitor` calls its columns, from the settings.
    #[arg(skip)]
    pub columns: DatapointColumns,
}

impl MetricArgs {
    /// How datapoints are to be read.
    pub fn settings(&self) -> CloudMonitor {
        CloudMonitor {
            statistic: self.metric_statistic.unwrap_or_default(),
            unit: self.metric_unit.unwrap_or_default(),
            mark: self.metric_timestamp.unwrap_or_default(),
            period_seconds: self.metric_period,
            naive_offset: None,
            columns: self.columns.clone(),
        }
    }
}

#[derive(Debug, Default, Args)]
pub struct LinesArgs {
    /// One line per hour.
    #[arg(long)]
    pub hourly: bool,
    /// Group lines by columns of the report, or by `day`.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// The statement of this account alone.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
}

impl LinesArgs {
    /// What is asked of a report, which shows these settings.
    pub fn options(&self, settings: Vec<(String, String)>) -> Result<ReportOptions> {
        let by = match self.by.as_slice() {
            [] => None,
            names => Some(Grouping::parse(names.iter().map(String::as_str))?),
        };
        let mut options = ReportOptions::default();
        options.hourly = self.hourly;
        options.by = by;
        options.account = self.account.as_deref().map(|id| unwrapped(id).to_owned());
        options.settings = settings;
        Ok(options)
    }
}

/// Which prices to use.
#[derive(Debug, Default, Args)]
pub struct PricingArgs {
    /// Prices: `china-site`, `international-site`, or a folder of the same shape.
    #[arg(long, value_name = "NAME-OR-FOLDER")]
    pub catalog: Option<String>,
    /// Price rows laid over the catalog: a file, or `assumed-platinum`; repeatable.
    #[arg(long, value_name = "FILE-OR-NAME")]
    pub prices: Vec<String>,
    /// An account's own terms.
    #[arg(long, value_name = "FILE")]
    pub contract: Option<String>,
}

impl PricingArgs {
    /// What may name inputs beside the catalog.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.prices.iter().chain(&self.contract).map(String::as_str)
    }
}
