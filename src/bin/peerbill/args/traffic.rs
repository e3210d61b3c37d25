//! The inputs that verbs share.

use crate::{
    format::{Format, RowsFormat, targets},
    output::{Target, place, say},
};
use clap::{Args, Subcommand, ValueEnum};
use peerbill::{
    Error, FindingCode, Result,
    files::{Inputs, PricePaths, Reading, TrafficPaths},
    model::{accounts::Accounts, did_you_mean, id::unwrapped, usage::Sender},
    read::{
        TrafficColumns,
        bill::BillColumns,
        cloudmonitor::{CloudMonitor, DatapointColumns, Mark, Statistic, Unit},
        read_accounts, read_budgets,
    },
    report::{Grouping, ReportOptions},
    write::{Lang, sql::Dialect},
};
use std::{path::PathBuf, sync::Arc};

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
    /// The memory that may be taken by inputs that are held as a whole, which is all but traffic, and likewise by refused
    /// records on their way to a quarantine [default: 4GiB].
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
}

impl ReadingArgs {
    /// As they are understood.
    pub fn reading(&self) -> Result<Reading> {
        Reading::parse(self.encoding.as_deref(), self.memory.as_deref())
    }

    /// Inputs that are read so; what they pass over is told.
    pub fn inputs(&self) -> Result<Inputs> {
        Ok(Inputs::new(self.reading()?).telling(|note| say!("peerbill: {note}")))
    }
}

/// Inputs take files, folders, globs, objects of a store and `-` for standard input, plain or compressed with gzip or zstd.
#[derive(Debug, Default, Args)]
pub struct TrafficArgs {
    /// Traffic: CSV or Parquet with timestamp,connection_id,sender,bytes, or one JSON object with these keys on each
    /// line. Each path of an input is a file, a folder, a glob or `-`; or, in a build with the feature object-store,
    /// s3://BUCKET/KEY or oss://BUCKET/KEY, or all objects below one that ends with a slash.
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
    /// What they name and state.
    pub fn at_paths(&self) -> TrafficPaths {
        TrafficPaths {
            usage: self.usage.clone(),
            cloudmonitor: self.metrics.cloudmonitor.clone(),
            flow_logs: self.flow_logs.clone(),
            metered: self.metered.clone(),
            connections: self.connections.clone(),
            link_changes: self.link_changes.clone(),
            datapoints: self.metrics.settings(),
            columns: self.columns.clone(),
            naive_offset: self.naive_offset.clone(),
            requester_account: self.requester_account.clone(),
            requester_region: self.requester_region.clone(),
            link_type_before: self.link_type_before.clone(),
        }
    }

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

/// Where data goes, and in which format.
#[derive(Debug, Args)]
pub struct OutputArgs<F: ValueEnum + Send + Sync + 'static> {
    /// What to write [default: what the name of the output says].
    #[arg(long, value_enum)]
    pub format: Option<F>,
    /// Write to this file, whole or not at all, instead of standard output; repeatable. Its name decides the format: .csv,
    /// .json, .md, .parquet, .xlsx, .html, or .txt for a table.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub output: Vec<PathBuf>,
}

impl<F: Format + Send + Sync + 'static> OutputArgs<F> {
    /// Where data goes, each in its format.
    pub fn targets(&self) -> Result<Vec<Target<F>>> {
        targets(self.format, &self.output)
    }
}

#[derive(Debug, Default, Args)]
pub struct LinesArgs {
    /// One line per hour.
    #[arg(long)]
    pub hourly: bool,
    /// Group lines by columns of the report, by `day`, by `account.COLUMN` of --accounts or by `tag:KEY` of connections.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// The statement of this account alone.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Names of accounts, shown beside their ids: CSV with account_id,name and any further columns, such as a cost center.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<String>,
    /// What accounts may pay for the month, CSV with account_id,amount; one that pays more is a finding.
    #[arg(long, value_name = "FILE")]
    pub budget: Option<String>,
}

impl LinesArgs {
    /// What is asked of a report, which shows these settings; names and budgets are read in the currency of the catalog.
    pub fn options(
        &self,
        settings: Vec<(String, String)>,
        currency: &str,
        inputs: &mut Inputs,
    ) -> Result<ReportOptions> {
        let mut options = ReportOptions::default();
        options.hourly = self.hourly;
        options.by = self.grouping()?;
        options.account = self.account.as_deref().map(|id| unwrapped(id).to_owned());
        options.accounts = self.accounts(inputs)?;
        let budget = self.budget.as_deref().map(|path| inputs.one_document("budget", path)).transpose()?;
        let budget = budget.map(|document| read_budgets(&document, currency)).transpose()?;
        options.budgets = budget.map(Arc::new);
        options.settings = settings;
        Ok(options)
    }

    /// How lines are to be grouped.
    pub fn grouping(&self) -> Result<Option<Grouping>> {
        match self.by.as_slice() {
            [] => Ok(None),
            names => Grouping::parse(names.iter().map(String::as_str)).map(Some),
        }
    }

    /// The names of accounts.
    pub fn accounts(&self, inputs: &mut Inputs) -> Result<Option<Arc<Accounts>>> {
        let Some(path) = &self.accounts else { return Ok(None) };
        Ok(Some(Arc::new(read_accounts(&inputs.one_document("accounts", path)?)?)))
    }

    /// What may name inputs.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().chain(&self.budget).map(String::as_str)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
pub enum LangArg {
    /// English.
    #[value(name = "en")]
    #[serde(rename = "en")]
    En,
    /// Chinese, simplified.
    #[value(name = "zh-Hans")]
    #[serde(rename = "zh-Hans")]
    ZhHans,
    /// Chinese, traditional.
    #[value(name = "zh-Hant")]
    #[serde(rename = "zh-Hant")]
    ZhHant,
}

impl From<LangArg> for Lang {
    fn from(lang: LangArg) -> Self {
        match lang {
            LangArg::En => Self::En,
            LangArg::ZhHans => Self::ZhHans,
            LangArg::ZhHant => Self::ZhHant,
        }
    }
}

/// In which language people are spoken to.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LangArgs {
    /// The language of what people read: tables, text, Markdown, HTML and workbooks; data formats keep their keys and words
    /// [default: en].
    #[arg(long, value_enum, ignore_case = true)]
    pub lang: Option<LangArg>,
}

impl LangArgs {
    /// The language, as it was stated.
    pub fn lang(self) -> Lang {
        self.lang.map_or_else(Lang::default, Lang::from)
    }
}

/// How what is found as rows is shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct RowsArgs {
    #[command(flatten)]
    pub language: LangArgs,
    /// Begin CSV with a byte order mark, for spreadsheets that need one.
    #[arg(long)]
    pub csv_bom: bool,
}

impl RowsArgs {
    /// The language, as it was stated.
    pub fn lang(&self) -> Lang {
        self.language.lang()
    }
}

/// Which findings stop a run.
#[derive(Debug, Default, Args)]
pub struct StoppingArgs {
    /// The exit code is 1 where one of these findings is there, by their codes; the data is written all the same.
    #[arg(long, value_name = "CODE,...", value_delimiter = ',')]
    pub fail_on: Vec<String>,
}

impl StoppingArgs {
    /// Their codes.
    pub fn codes(&self) -> Result<Vec<FindingCode>> {
        self.fail_on.iter().map(|name| code_of(name)).collect()
    }
}

/// How results are shown, and which of them stop a run.
#[derive(Debug, Default, Args)]
pub struct ShownArgs {
    #[command(flatten)]
    pub language: LangArgs,
    /// Begin CSV with a byte order mark, for spreadsheets that need one.
    #[arg(long)]
    pub csv_bom: bool,
    #[command(flatten)]
    pub stopping: StoppingArgs,
    /// Beside CSV, Parquet and FOCUS, print all that the figures rest on to standard error, and not just control totals and
    /// findings.
    #[arg(long)]
    pub verbose: bool,
}

impl ShownArgs {
    /// The language, as it was stated.
    pub fn lang(&self) -> Lang {
        self.language.lang()
    }

    /// The codes of findings that stop.
    pub fn stopping(&self) -> Result<Vec<FindingCode>> {
        self.stopping.codes()
    }
}

fn code_of(name: &str) -> Result<FindingCode> {
    FindingCode::ALL.iter().copied().find(|code| code.as_str() == name).ok_or_else(|| {
        let near = did_you_mean(name, FindingCode::ALL.iter().map(|code| code.as_str()));
        Error::setting("fail-on", format!("{name:?} is no code of a finding{near}"))
    })
}

/// Which prices to use.
#[derive(Debug, Clone, Default, Args)]
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
    /// What they name.
    pub fn at_paths(&self) -> PricePaths {
        let Self { catalog, prices, contract } = self.clone();
        PricePaths { catalog, prices, contract }
    }

    /// What may name inputs beside the catalog.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.prices.iter().chain(&self.contract).map(String::as_str)
    }
}

pub const RECONCILE_EXAMPLES: &str = "\
Example: the provider's bill of October 2026 against ours

  peerbill reconcile --bill bill.csv --usage usage.csv --connections connections.csv \\
      --link-changes link-changes.csv --catalog china-site --month 2026-10

Example: against a report that was kept

  peerbill report --usage usage.csv --connections connections.csv --catalog china-site \\
      --month 2026-10 --hourly --output october.json
  peerbill reconcile --bill bill.zip --report october.json

Example: a quarter, against the bills of its months

  peerbill reconcile --bill bills/*.csv --usage exports/*.csv --connections connections.csv \\
      --link-changes link-changes.csv --catalog china-site --month 2026-Q3

Example: against the figure of an invoice

  peerbill reconcile --bill-total 1000000000000101=1234.56 --report october.json
";

/// What the provider bills.
#[derive(Debug, Default, Args)]
pub struct BillArgs {
    /// The provider's bill: files as its console, its OSS files and its API give them, or its FOCUS export, also in .zip.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "bill_total")]
    pub bill: Vec<String>,
    /// The code of the product whose lines are compared [default: cdt].
    #[arg(long, value_name = "CODE")]
    pub bill_product: Option<String>,
    /// Compare the lines of these billing items alone; without this those whose instance names a peering connection, or
    /// all of the product where none does. Codes that the bill has are always told.
    #[arg(long, value_name = "CODE", num_args = 1.., value_delimiter = ',')]
    pub bill_item: Vec<String>,
    /// What an invoice says that an account pays for peering connections, where there is nothing finer; repeatable.
    #[arg(long, value_name = "ACCOUNT=AMOUNT", num_args = 1..)]
    pub bill_total: Vec<String>,
    /// What the bill calls its columns, from the settings.
    #[arg(skip)]
    pub columns: BillColumns,
}

/// The inputs of `report`, or a report, and the bill.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    #[command(flatten)]
    pub bill: BillArgs,
    /// Our side: the JSON of `report` with --hourly, instead of traffic and connections. With --catalog as well, prices of
    /// the other link type are known.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["usage", "cloudmonitor", "flow_logs", "metered", "quarantine"])]
    pub report: Option<String>,
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month; several as 2026-07..2026-09 or as a quarter, 2026-Q3: what moves over the edge of two of them nets
    /// out. With --report only where that holds several.
    #[arg(long, value_name = "YYYY-MM[..YYYY-MM]")]
    pub month: Option<String>,
    /// The offset in which the month has its edges: +08:00, as bills have them.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// Compare this account alone.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Names of accounts, shown beside their ids: CSV with account_id,name.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<RowsFormat>,
    #[command(flatten)]
    pub shown: RowsArgs,
    /// Write refused records here and compare the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

pub const EXPLAIN_EXAMPLES: &str = "\
Example: why one hour of a connection costs what it does

  peerbill explain --usage usage.csv --connections connections.csv --link-changes link-changes.csv \\
      --catalog china-site --connection pcc-gw8k2c7d4 --sender requester --hour 2026-10-05T03:00:00Z

Example: the lines of an account, each with the command that explains its largest hour

  peerbill explain --usage usage.csv --connections connections.csv --link-changes link-changes.csv \\
      --catalog china-site --account 1000000000000104 --month 2026-10
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// Steps that can be done again on paper.
    #[value(alias = "table")]
    Text,
    /// The same for programs.
    Json,
}

impl Format for ExplainFormat {
    const DEFAULT: Self = Self::Text;
}

/// One charge, from its records to its amount (--connection, --sender, --hour), or the lines of an account (--account,
/// --month).
#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The connection whose charge is explained.
    #[arg(long, value_name = "ID", requires_all = ["sender", "hour"], conflicts_with = "account")]
    pub connection: Option<String>,
    /// The end that sent: requester or accepter.
    #[arg(long, value_name = "SENDER", requires = "connection")]
    pub sender: Option<Sender>,
    /// The hour, by its first instant with an offset: 2026-10-05T03:00:00Z or 2026-10-05T11:00:00+08:00.
    #[arg(long, value_name = "HOUR", requires = "connection")]
    pub hour: Option<String>,
    /// The account whose lines are listed.
    #[arg(long, value_name = "ID", requires = "month")]
    pub account: Option<String>,
    /// The billing month [default: that of the hour].
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<String>,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// Names of accounts, shown beside their ids: CSV with account_id,name.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<ExplainFormat>,
    #[command(flatten)]
    pub language: LangArgs,
    /// Write refused records here, and explain what the rest is charged; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

pub const EXAMPLES: &str = "\
Example: 200 GB a month there and 100 GB back, over Gold and over Platinum

  peerbill estimate --catalog china-site --from Hohhot --to Guangzhou --gb 200 --return-gb 100

Example: 100 Mbit/s there for 8 hours of every day

  peerbill estimate --catalog china-site --from Hohhot --to Guangzhou --mbps 100 --hours-a-day 8

Example: October's traffic over other link types, and over Platinum in office hours only

  peerbill estimate --usage usage.csv --connections connections.csv --catalog china-site \\
      --link-changes link-changes.csv --month 2026-10 --platinum-when \"Mon-Fri 09:00-18:00\"

Example: a gate for a pull request: what a Terraform plan changes, exit code 1 if it is more than 100 a month

  terraform plan -out=tfplan && terraform show -json tfplan > plan.json
  peerbill estimate --terraform plan.json --traffic traffic.csv --catalog china-site \\
      --format markdown --fail-above 100

Example: a hub with its branches, with quotas and what else would stand in the way

  peerbill estimate --plan hub.toml --catalog china-site
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EstimateFormat {
    /// For a screen: scenarios side by side.
    Table,
    /// The lines of the report, with the scenario in front.
    Csv,
    /// Everything, with advice, provenance and digests.
    Json,
    /// For the comment under a pull request.
    Markdown,
    /// A workbook.
    Xlsx,
    /// One page for mail, screen and print.
    Html,
}

impl Format for EstimateFormat {
    const DEFAULT: Self = Self::Table;
}

/// From quantities (--from, --to, --gb), from history (--usage and all that `report` reads), from a Terraform plan
/// (--terraform, --traffic), or from a planned topology (--plan).
#[derive(Debug, Args)]
pub struct EstimateArgs {
    #[command(flatten)]
    pub quantities: QuantityArgs,
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub plans: PlanArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month; needed with traffic. Without it quantities take the newest prices.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<String>,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// Where the month of traffic is not over: the whole hour up to which it goes.
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// With --until: what the rest of the month would cost, by the mean of the same hour of the week so far. It is an
    /// estimate beside the scenarios, and needs a whole week of hours.
    #[arg(long)]
    pub forecast: bool,
    /// Show these scenarios: all-gold, all-platinum; with traffic also as-billed, well-timed, scheduled;
    /// with --plan as-planned; with --terraform before, after.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub scenario: Vec<String>,
    #[command(flatten)]
    pub to: OutputArgs<EstimateFormat>,
    #[command(flatten)]
    pub lines: LinesArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
    /// Write refused records here and estimate from the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

/// One planned connection.
#[derive(Debug, Default, Args)]
pub struct QuantityArgs {
    /// The region that sends --gb: an id, or a name as `peerbill catalog regions` lists them.
    #[arg(long, value_name = "REGION")]
    pub from: Option<String>,
    /// The region at the other end.
    #[arg(long, value_name = "REGION")]
    pub to: Option<String>,
    /// What leaves --from in a month: GB, such as 200, 0.5 or 1,000, or with a unit, such as 2TB. MB, TB and PB follow the
    /// catalog's GB: where that is 2^30 bytes, a TB is 1,024 of them; MiB, GiB, TiB and PiB are the same there.
    #[arg(long, value_name = "GB", allow_negative_numbers = true)]
    pub gb: Option<String>,
    /// What leaves --to in a month, on the way back, likewise.
    #[arg(long, value_name = "GB", allow_negative_numbers = true)]
    pub return_gb: Option<String>,
    /// In place of --gb: so many Mbit/s leave --from for --hours-a-day on every day of --month, or of 30 days without it.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub mbps: Option<String>,
    /// Likewise in place of --return-gb.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub return_mbps: Option<String>,
    /// For how many hours of a day --mbps and --return-mbps hold: at most 24, such as 8 or 7.5.
    #[arg(long, value_name = "HOURS", allow_negative_numbers = true)]
    pub hours_a_day: Option<String>,
    /// The account that owns the VPC in --from, for its contract [default: requester].
    #[arg(long, value_name = "ID")]
    pub from_account: Option<String>,
    /// The account that owns the VPC in --to [default: accepter].
    #[arg(long, value_name = "ID")]
    pub to_account: Option<String>,
}

impl QuantityArgs {
    /// Whether any of them is given.
    pub fn any(&self) -> bool {
        let Self { from, to, gb, return_gb, mbps, return_mbps, hours_a_day, from_account, to_account } = self;
        let all = [from, to, gb, return_gb, mbps, return_mbps, hours_a_day, from_account, to_account];
        all.into_iter().any(Option::is_some)
    }
}

/// Platinum in some hours, Gold in the others.
#[derive(Debug, Default, Args)]
pub struct ScheduleArgs {
    /// Platinum in these windows, Gold outside: "Mon-Fri 09:00-18:00", at +08:00 or at an offset behind it;
    /// several after a comma, or repeated.
    #[arg(long, value_name = "WINDOWS")]
    pub platinum_when: Vec<String>,
    /// The windows from a CSV with days,from,until and optionally offset.
    #[arg(long, value_name = "FILE")]
    pub schedule: Option<String>,
}

/// What is to be built.
#[derive(Debug, Default, Args)]
pub struct PlanArgs {
    /// A plan of Terraform, as `terraform show -json` prints it. The requester's region is that of its provider; what
    /// the plan does not tell may be stated with --requester-region and --requester-account.
    #[arg(long, value_name = "FILE")]
    pub terraform: Option<String>,
    /// What its connections send in a month: CSV with address,sender,gb. Without it the prices of one GB are shown, and
    /// no costs.
    #[arg(long, value_name = "FILE")]
    pub traffic: Option<String>,
    /// With --terraform: exit 1 if the connections that the plan changes cost more than this above what they cost
    /// before, per month, unrounded; also where the difference is not known.
    #[arg(long, value_name = "AMOUNT")]
    pub fail_above: Option<String>,
    /// A planned topology, TOML with [[vpc]], [[connection]] and [[transit]].
    #[arg(long, value_name = "FILE")]
    pub plan: Option<String>,
}

pub const SQL_EXAMPLE: &str = "\
Example: the hours of October 2026 from a table in ClickHouse, then their bill

  peerbill sql --dialect clickhouse --table logs.traffic --month 2026-10 --output hours.sql
  clickhouse-client --queries-file hours.sql --format CSVWithNames > hours.csv
  peerbill report --metered hours.csv --connections connections.csv \\
      --catalog china-site --month 2026-10
";

/// The query that meters traffic in an engine that speaks SQL.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The engine: duckdb, clickhouse, maxcompute or sls.
    #[arg(long, value_name = "NAME")]
    pub dialect: Dialect,
    /// The table of traffic, with the columns timestamp, connection_id, sender and bytes, or as the settings call them.
    #[arg(long, value_name = "NAME", default_value = "usage")]
    pub table: String,
    /// The billing month.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// What becomes of a record that stands twice [default: refuse].
    #[arg(long, value_enum)]
    pub duplicates: Option<DuplicatesArg>,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For a screen.
    Table,
    /// For another program.
    Csv,
}

#[derive(Debug, Subcommand)]
pub enum CatalogVerb {
    /// The catalogs and overlays that are shipped.
    #[command(before_help = "Example: peerbill catalog list")]
    List {
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// The regions: ids, names in English and Chinese, price areas, and whether the provider lists them for peering.
    ///
    /// Wherever a region is asked for, its id or any of its names will do, with or without brackets and number: Hohhot,
    /// "China (Hohhot)", 呼和浩特, 华北5（呼和浩特）, 華北5(呼和浩特).
    #[command(before_help = "Example: peerbill catalog regions")]
    Regions {
        /// A shipped name or a folder [default: the regions of the shipped catalogs].
        catalog: Option<String>,
        #[command(flatten)]
        reading: ReadingArgs,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// All price rows of a catalog, with their sources.
    #[command(before_help = "Example: peerbill catalog show china-site")]
    Show {
        /// A shipped name or a folder.
        catalog: String,
        /// Price rows laid over it; repeatable.
        #[arg(long, value_name = "FILE-OR-NAME")]
        prices: Vec<String>,
        #[command(flatten)]
        reading: ReadingArgs,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// Finds gaps, ties, duplicates, unknown regions, asymmetric cells and prices that cannot be read exactly.
    ///
    /// The exit code is 0 where there are only gaps, and 3 where there are faults.
    #[command(before_help = "Example: peerbill catalog check international-site")]
    Check {
        /// A shipped name or a folder.
        catalog: String,
        /// Price rows laid over it; repeatable.
        #[arg(long, value_name = "FILE-OR-NAME")]
        prices: Vec<String>,
        /// Contract rows to check as well.
        #[arg(long, value_name = "FILE")]
        contract: Option<String>,
        #[command(flatten)]
        reading: ReadingArgs,
        #[command(flatten)]
        language: LangArgs,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// What one GB costs between two regions in an hour, and where that comes from.
    #[command(
        before_help = "Example: peerbill catalog price --catalog china-site --from cn-beijing --to ap-southeast-1"
    )]
    Price {
        #[command(flatten)]
        pricing: PricingArgs,
        /// The sender's region: an id, or a name as `catalog regions` lists them.
        #[arg(long, value_name = "REGION")]
        from: String,
        /// The other end's region.
        #[arg(long, value_name = "REGION")]
        to: String,
        /// Gold or Platinum; both where it is not given.
        #[arg(long, value_name = "TYPE")]
        link_type: Option<String>,
        /// The account that pays, for its contract.
        #[arg(long, value_name = "ID")]
        account: Option<String>,
        /// An instant of the hour; the newest prices where it is not given.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        reading: ReadingArgs,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// What changed between two catalogs, or between two dates of one.
    #[command(before_help = "Example: peerbill catalog diff china-site@2026-01-01 china-site@2026-10-01")]
    Diff {
        /// A shipped name or a folder, at a date where one follows as @DATE; otherwise its newest prices.
        before: String,
        /// Likewise.
        after: String,
        #[command(flatten)]
        reading: ReadingArgs,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
}
