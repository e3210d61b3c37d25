//! Which lines of a report are shown.

use clap::Args;
use peerbill::{
    Result,
    report::{Grouping, ReportOptions},
};

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

impl LinesArgs {
    /// What is asked of a report, which shows these settings.
    pub fn options(&self, settings: Vec<(String, String)>) -> Result<ReportOptions> {
        let by = match self.by.as_slice() {
            [] => None,
            names => Some(Grouping::parse(names.iter().map(String::as_str))?),
        };
        let mut options = ReportOptions::default();
        options.hourly = self.hourly;
        options.by = by;
        options.account = self.account.clone();
        options.settings = settings;
        Ok(options)
    }
}
