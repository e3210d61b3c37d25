//! The command line, as clap reads it.

mod catalog;
mod doctor;
mod estimate;
mod meter;
mod report;
mod traffic;

pub use catalog::{CatalogVerb, TableFormat};
pub use doctor::{DoctorArgs, DoctorFormat};
pub use estimate::{EstimateArgs, EstimateFormat, QuantityArgs, ScheduleArgs};
pub use meter::{MeterArgs, MeterFormat};
pub use report::{ReportArgs, ReportFormat};
pub use traffic::LinesArgs;
pub use traffic::PricingArgs;
pub use traffic::{DuplicatesArg, MetricArgs, ReadingArgs, TrafficArgs};

use clap::{Parser, Subcommand};
use peerbill::{Result, model::time::Offset};

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
    #[command(before_help = meter::EXAMPLE)]
    Meter(Box<MeterArgs>),
    /// What the inputs hold: formats, months, connections, hours without records, and what would be refused.
    #[command(before_help = doctor::EXAMPLE)]
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
