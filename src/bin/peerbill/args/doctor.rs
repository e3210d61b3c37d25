//! `peerbill doctor`.

use super::TrafficArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub const EXAMPLE: &str = "\
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
    /// What to print.
    #[arg(long, value_enum, default_value = "table")]
    pub format: DoctorFormat,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
