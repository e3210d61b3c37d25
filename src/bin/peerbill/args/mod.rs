//! The command line, as clap reads it.

mod catalog;
mod estimate;
mod traffic;

pub use catalog::{CatalogVerb, TableFormat};
pub use estimate::{EstimateArgs, EstimateFormat, QuantityArgs, ScheduleArgs};
pub use traffic::PricingArgs;
pub use traffic::{DuplicatesArg, MetricArgs, ReadingArgs, TrafficArgs};
pub use traffic::{LangArg, LinesArgs, OutputArgs, ShownArgs};

use crate::format::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use peerbill::{Result, model::time::Offset};
use std::path::PathBuf;

const EXAMPLE: &str = "\
Example: the bill of October 2026 from a traffic export

  peerbill report --usage usage.csv --connections connections.csv \\
      --link-changes link-changes.csv --catalog china-site --month 2026-10
";

/// Meters, rates and attributes the inter-region traffic of Alibaba Cloud VPC peering connections.
#[derive(Debug, Parser)]
#[command(name = "peerbill", version, before_help = EXAMPLE, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The monthly cost report: what each account pays, from a traffic export.
    #[command(before_help = EXAMPLE)]
    Report(Box<ReportArgs>),
    /// What traffic would cost over other link types: from quantities, a month's traffic, a Terraform plan or a topology.
    #[command(before_help = estimate::EXAMPLES)]
    Estimate(Box<EstimateArgs>),
    /// Hourly bytes per connection and sender: what a month's archive keeps, and `report --metered` takes again.
    #[command(before_help = METER_EXAMPLE)]
    Meter(Box<MeterArgs>),
    /// What the inputs hold: formats, months, connections, hours without records, and what would be refused.
    #[command(before_help = DOCTOR_EXAMPLE)]
    Doctor(Box<DoctorArgs>),
    /// What is known about prices, and where it comes from.
    #[command(
        subcommand,
        before_help = "Example: peerbill catalog price --catalog china-site --from Beijing --to Singapore"
    )]
    Catalog(Box<CatalogVerb>),
    /// Prints completions for a shell.
    #[command(
        before_help = "Example: peerbill completions bash > ~/.local/share/bash-completion/completions/peerbill"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    #[command(before_help = "Example: peerbill man > peerbill.1")]
    Man,
}

/// The offset in which months have their edges: as stated, else that of China.
pub fn offset_of(stated: &Option<String>) -> Result<Offset> {
    Ok(stated.as_deref().map_or(Ok(Offset::CHINA), str::parse)?)
}

pub const DOCTOR_EXAMPLE: &str = "\
Example: what a month's exports hold, before anybody trusts a bill

  peerbill doctor --usage usage.csv --connections connections.json --link-changes trail.json
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// For a screen.
    Table,
    /// Everything, with every gap.
    Json,
}

impl Format for DoctorFormat {
    const DEFAULT: Self = Self::Table;
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    /// Look at this billing month; without it, at every month that has a record of a known connection.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<String>,
    /// The offset in which months have their edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<DoctorFormat>,
}

pub const METER_EXAMPLE: &str = "\
Example: the hours of October 2026, and the bill from them

  peerbill meter --usage usage.csv --connections connections.csv --month 2026-10 --output hours.csv
  peerbill report --metered hours.csv --connections connections.csv \\
      --catalog china-site --month 2026-10
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MeterFormat {
    /// Rows of hour,connection_id,sender,bytes.
    Csv,
    /// The same columns: hours as timestamps in UTC, bytes as DECIMAL(38, 0).
    Parquet,
}

impl Format for MeterFormat {
    const DEFAULT: Self = Self::Csv;
}

#[derive(Debug, Args)]
pub struct MeterArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    /// The billing month whose hours are wanted.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<MeterFormat>,
    /// Write refused records here and meter the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a screen.
    Table,
    /// One line per account, connection, sender, link type and price.
    Csv,
    /// Everything, with findings, provenance and digests.
    Json,
    /// What the table shows, for a comment or a page.
    Markdown,
    /// The lines of the CSV, with types.
    Parquet,
    /// A workbook.
    Xlsx,
    /// One page for mail, screen and print.
    Html,
    /// Charges by hour in the format of FinOps tools: CSV, or Parquet where the output's name ends so.
    Focus,
}

impl Format for ReportFormat {
    const DEFAULT: Self = Self::Table;
}

impl ReportFormat {
    /// Whether it holds lines alone, without what a reader needs to trust them.
    pub fn is_lines(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet | Self::Focus)
    }
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<ReportFormat>,
    #[command(flatten)]
    pub lines: LinesArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
    /// Write refused records here and bill the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
}
