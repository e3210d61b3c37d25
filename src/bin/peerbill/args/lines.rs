//! Which lines of a report are shown.

use clap::Args;

#[derive(Debug, Default, Args)]
pub struct LinesArgs {
    /// One line per hour.
    #[arg(long)]
    pub hourly: bool,
    /// Group lines by columns of the report, or by `day`.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// The statement of this account alone.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
}
