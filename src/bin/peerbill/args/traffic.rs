//! The inputs that verbs share.

use clap::{Args, ValueEnum};
use peerbill::read::TrafficColumns;

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
#[derive(Debug, Default, Args)]
pub struct TrafficArgs {
    /// Traffic: CSV or Parquet with timestamp,connection_id,sender,bytes, or one JSON object with these keys on each
    /// line.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub usage: Vec<String>,
    /// Connections: CSV with `connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type`.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub connections: Vec<String>,
    /// The account of requesters, where a Terraform state does not tell it; PROVIDER= says for which configuration of
    /// a plan it holds.
    #[arg(long, value_name = "[PROVIDER=]ID")]
    pub requester_account: Vec<String>,
    /// The region of requesters, likewise.
    #[arg(long, value_name = "[PROVIDER=]REGION")]
    pub requester_region: Vec<String>,
    /// Link changes: CSV with `connection_id,changed_at,from_link_type,to_link_type`.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub link_changes: Vec<String>,
    /// Where the clocks stood of Parquet timestamps without a zone, such as +08:00; without this they are refused.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub naive_offset: Option<String>,
    /// What becomes of a record that stands twice [default: refuse].
    #[arg(long, value_enum)]
    pub duplicates: Option<DuplicatesArg>,
    /// What `--usage` calls its columns, from the settings.
    #[arg(skip)]
    pub columns: TrafficColumns,
}

impl TrafficArgs {
    /// Everything that names inputs, flag by flag.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.usage.iter().chain(&self.connections).chain(&self.link_changes)
    }
}
