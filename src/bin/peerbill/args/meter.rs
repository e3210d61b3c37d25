//! `peerbill meter`.

use super::TrafficArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub const EXAMPLE: &str = "\
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
    /// What to write.
    #[arg(long, value_enum, default_value = "csv")]
    pub format: MeterFormat,
    /// Write to this file, whole or not at all, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write refused records here and meter the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
}
