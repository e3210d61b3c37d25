//! `peerbill catalog`.

use super::{PricingArgs, ReadingArgs};
use clap::{Subcommand, ValueEnum};

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
