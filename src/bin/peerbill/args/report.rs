//! `peerbill report`.

use super::{LinesArgs, PricingArgs, TrafficArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    /// What to print.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub lines: LinesArgs,
    /// Write refused records here and bill the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
}
