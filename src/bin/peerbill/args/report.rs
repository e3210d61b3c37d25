//! `peerbill report`.

use super::PricingArgs;
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
