//! `peerbill estimate`.

use super::{
    ReadingArgs,
    traffic::{LinesArgs, OutputArgs, PricingArgs, ShownArgs, TrafficArgs},
};
use crate::format::Format;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

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
    #[arg(long, value_name = "FILE")]
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
