//! `peerbill explain`.

use super::traffic::{OutputArgs, PricingArgs, TrafficArgs};
use crate::format::Format;
use clap::{Args, ValueEnum};
use peerbill::model::usage::Sender;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
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
    /// Write refused records here, and explain what the rest is charged; the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    pub quarantine: Option<PathBuf>,
}
