//! The command line, as clap reads it.

use clap::{Args, Parser, Subcommand, ValueEnum};
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
    /// What is known about prices, and where it comes from.
    #[command(subcommand)]
    Catalog(CatalogVerb),
    /// Prints completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    Man,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a screen.
    Table,
    /// One line per account, connection, sender, link type and price.
    Csv,
    /// Everything, with findings, provenance and digests.
    Json,
}

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

/// Inputs take files, folders, globs and `-` for standard input, plain or compressed with gzip or zstd.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Traffic: CSV with timestamp,connection_id,sender,bytes.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub usage: Vec<String>,
    /// Connections: CSV with `connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type`.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub connections: Vec<String>,
    /// Link changes: CSV with `connection_id,changed_at,from_link_type,to_link_type`.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub link_changes: Vec<String>,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// What to print.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// One line per hour.
    #[arg(long)]
    pub hourly: bool,
    /// Group lines by columns of the report, or by `day`.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// The statement of this account alone.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Write refused records here and bill the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
    /// What becomes of a record that stands twice [default: refuse].
    #[arg(long, value_enum)]
    pub duplicates: Option<DuplicatesArg>,
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
    List {
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// All price rows of a catalog, with their sources.
    ///
    /// Example: peerbill catalog show china-site
    Show {
        /// A shipped name or a folder.
        catalog: String,
        /// Price rows laid over it; repeatable.
        #[arg(long, value_name = "FILE-OR-NAME")]
        prices: Vec<String>,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// Finds gaps, ties, duplicates, unknown regions, asymmetric cells and prices that cannot be read exactly.
    ///
    /// The exit code is 0 where there are only gaps, and 3 where there are faults.
    ///
    /// Example: peerbill catalog check international-site
    Check {
        /// A shipped name or a folder.
        catalog: String,
        /// Price rows laid over it; repeatable.
        #[arg(long, value_name = "FILE-OR-NAME")]
        prices: Vec<String>,
        /// Contract rows to check as well.
        #[arg(long, value_name = "FILE")]
        contract: Option<String>,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// What one GB costs between two regions in an hour, and where that comes from.
    ///
    /// Example: peerbill catalog price --catalog china-site --from cn-beijing --to ap-southeast-1
    Price {
        #[command(flatten)]
        pricing: PricingArgs,
        /// The sender's region: an id, or an English or Chinese name.
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
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
    /// What changed between two catalogs, or between two dates of one.
    ///
    /// Example: peerbill catalog diff china-site@2026-01-01 china-site@2026-10-01
    Diff {
        /// A shipped name or a folder, at a date where one follows as @DATE; otherwise its newest prices.
        before: String,
        /// Likewise.
        after: String,
        /// What to print.
        #[arg(long, value_enum, default_value = "table")]
        format: TableFormat,
    },
}
