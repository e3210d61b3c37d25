//! The command line, as clap reads it.

mod traffic;

pub use traffic::ReconcileArgs;
pub use traffic::{CatalogVerb, TableFormat};
pub use traffic::{DuplicatesArg, MetricArgs, ReadingArgs, TrafficArgs};
pub use traffic::{EstimateArgs, EstimateFormat, QuantityArgs, ScheduleArgs};
pub use traffic::{ExplainArgs, ExplainFormat};
pub use traffic::{LangArg, LangArgs, LinesArgs, OutputArgs, RowsArgs, ShownArgs, StoppingArgs};
pub use traffic::{PricingArgs, SqlArgs};

use crate::{
    format::{Format, RowsFormat},
    output::place,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use peerbill::{
    Error, Result,
    files::CounterpartPaths,
    model::time::Offset,
    write::focus::{FocusSettings, FocusVersion},
};
use std::path::PathBuf;

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
    #[command(before_help = traffic::EXAMPLES)]
    Estimate(Box<EstimateArgs>),
    /// Hourly bytes per connection and sender: what a month's archive keeps, and `report --metered` takes again.
    #[command(before_help = METER_EXAMPLE)]
    Meter(Box<MeterArgs>),
    /// What the inputs hold: formats, months, connections, hours without records, and what would be refused.
    #[command(before_help = DOCTOR_EXAMPLE)]
    Doctor(Box<DoctorArgs>),
    /// Where one charge comes from: its records, account, link type, price and the arithmetic, to the last digit.
    #[command(before_help = traffic::EXPLAIN_EXAMPLES)]
    Explain(Box<ExplainArgs>),
    /// Two accounts' exports of the same traffic against each other, hour by hour.
    #[command(before_help = CROSSCHECK_EXAMPLE)]
    Crosscheck(Box<CrosscheckArgs>),
    /// Why two reports differ: volume, link type, price, connections that are new or ended, and rounding.
    #[command(before_help = COMPARE_EXAMPLE)]
    Compare(Box<CompareArgs>),
    /// The query that meters traffic in another engine: DuckDB, ClickHouse, MaxCompute or Simple Log Service.
    #[command(before_help = traffic::SQL_EXAMPLE)]
    Sql(SqlArgs),
    /// The provider's bill against ours: every difference with its class, and the arithmetic that proves it.
    #[command(before_help = traffic::RECONCILE_EXAMPLES)]
    Reconcile(Box<ReconcileArgs>),
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

pub const DOCTOR_EXAMPLE: &str = "\
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

impl Format for DoctorFormat {
    const DEFAULT: Self = Self::Table;
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    /// Look at this billing month; without it, at every month that has a record of a known connection.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<String>,
    /// Where --month is not over: the whole hour up to which the traffic goes, so that later hours lack no records.
    #[arg(long, value_name = "INSTANT", requires = "month")]
    pub until: Option<String>,
    /// The offset in which months have their edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<DoctorFormat>,
    #[command(flatten)]
    pub language: LangArgs,
    #[command(flatten)]
    pub stopping: StoppingArgs,
    /// Names of accounts, shown beside their ids: CSV with account_id,name.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<String>,
}

pub const COMPARE_EXAMPLE: &str = "\
Example: why October costs more than September

  peerbill report --usage usage.csv --connections connections.csv --catalog china-site \\
      --month 2026-09 --output september.json
  peerbill report --usage usage.csv --connections connections.csv --catalog china-site \\
      --month 2026-10 --output october.json
  peerbill compare september.json october.json
";

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// What `report --format json` wrote: of all accounts, not grouped; of one month or of several.
    #[arg(value_name = "A")]
    pub before: String,
    /// The other report, in the same currency, with months at the same offset.
    #[arg(value_name = "B")]
    pub after: String,
    /// The billing month to take of a report of several; given twice, that of A and then that of B.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Vec<String>,
    /// Names of accounts, shown beside their ids: CSV with account_id,name.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<String>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    #[command(flatten)]
    pub to: OutputArgs<RowsFormat>,
    #[command(flatten)]
    pub shown: RowsArgs,
}

pub const CROSSCHECK_EXAMPLE: &str = "\
Example: the metrics of one account against the flow logs of the other

  peerbill crosscheck --cloudmonitor IntranetRX=rx.json IntranetTX=tx.json --connections connections.json \\
      --counterpart-flow-logs flow-logs.json --month 2026-10
";

#[derive(Debug, Args)]
pub struct CrosscheckArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub counterpart: CounterpartArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// Where the month is not over: the whole hour up to which both exports go.
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<RowsFormat>,
    #[command(flatten)]
    pub shown: RowsArgs,
    /// Write refused records of both sides here and check the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

/// The other side of a check: read as this one is, with the same settings.
#[derive(Debug, Args)]
pub struct CounterpartArgs {
    /// The counterpart's traffic, as --usage has it.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub counterpart_usage: Vec<String>,
    /// The counterpart's traffic, as --cloudmonitor has it: metrics are named from the connection's view, whichever account
    /// pulled them.
    #[arg(long, value_name = "METRIC=PATH", num_args = 1..)]
    pub counterpart_cloudmonitor: Vec<String>,
    /// The counterpart's traffic, as --flow-logs has it.
    #[arg(
        long,
        value_name = "PATH",
        num_args = 1..,
        conflicts_with_all = ["counterpart_usage", "counterpart_cloudmonitor"]
    )]
    pub counterpart_flow_logs: Vec<String>,
}

impl CounterpartArgs {
    /// What they name.
    pub fn at_paths(&self) -> CounterpartPaths {
        CounterpartPaths {
            usage: self.counterpart_usage.clone(),
            cloudmonitor: self.counterpart_cloudmonitor.clone(),
            flow_logs: self.counterpart_flow_logs.clone(),
        }
    }

    /// Everything that names inputs.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let metrics = self.counterpart_cloudmonitor.iter();
        let metrics = metrics.map(|own| own.split_once('=').map_or("", |(_, path)| path));
        self.counterpart_usage.iter().chain(&self.counterpart_flow_logs).map(String::as_str).chain(metrics)
    }
}

pub const METER_EXAMPLE: &str = "\
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
    /// The control totals that stand beside CSV, which nobody asks for.
    #[value(skip)]
    Totals,
}

impl Format for MeterFormat {
    const DEFAULT: Self = Self::Csv;
}

#[derive(Debug, Args)]
pub struct MeterArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    /// The billing month whose hours are wanted.
    #[arg(long, value_name = "YYYY-MM")]
    pub month: String,
    /// Where the month is not over: the whole hour up to which the traffic goes.
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<MeterFormat>,
    /// Add the traffic to these archives of the month, which `meter` wrote before; the result is a new archive.
    #[arg(long, value_name = "ARCHIVE", num_args = 1..)]
    pub merge: Vec<String>,
    /// What becomes of an hour of one end that stands in an archive and in the traffic: the traffic replaces it, or is added
    /// to it. Otherwise it is refused.
    #[arg(long, value_enum, requires = "merge")]
    pub overlap: Option<OverlapArg>,
    /// Write refused records here and meter the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OverlapArg {
    /// The traffic is the whole hour.
    Replace,
    /// The traffic is further records of the hour.
    Add,
}

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
    /// The lines of the CSV, with types.
    Parquet,
    /// A workbook.
    Xlsx,
    /// One page for mail, screen and print.
    Html,
    /// Charges by hour in the format of FinOps tools: CSV, or Parquet where the output's name ends so.
    Focus,
}

impl Format for ReportFormat {
    const DEFAULT: Self = Self::Table;
}

impl ReportFormat {
    /// Whether it holds lines alone, without what a reader needs to trust them.
    pub fn is_lines(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet | Self::Focus)
    }
}

/// What is asked of `--format focus`.
#[derive(Debug, Default, Args)]
pub struct FocusArgs {
    /// The version of FOCUS whose columns are written: 1.2, 1.3 or 1.4 [default: 1.2].
    #[arg(long, value_name = "VERSION")]
    pub focus_version: Option<FocusVersion>,
    /// Who issues the invoice, in FOCUS: the entity that sells to you [default: Alibaba Cloud].
    #[arg(long, value_name = "NAME")]
    pub focus_invoice_issuer: Option<String>,
}

impl FocusArgs {
    /// Those settings; none may be given where no FOCUS is written.
    pub fn settings(&self, is_written: bool) -> Result<FocusSettings> {
        let given = [
            ("--focus-version", self.focus_version.is_some()),
            ("--focus-invoice-issuer", self.focus_invoice_issuer.is_some()),
        ];
        if let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given && !is_written) {
            return Err(Error::usage(format!("{flag}: no FOCUS is written; --format focus asks for it")));
        }
        let mut settings = FocusSettings::default();
        settings.version = self.focus_version.unwrap_or_default();
        if let Some(issuer) = &self.focus_invoice_issuer {
            if issuer.trim().is_empty() {
                return Err(Error::usage("--focus-invoice-issuer: the name is empty"));
            }
            settings.invoice_issuer = issuer.trim().to_owned();
        }
        Ok(settings)
    }
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub pricing: PricingArgs,
    /// The billing month; several as 2026-07..2026-09 or as a quarter, 2026-Q3: a report for each, in one pass over the
    /// traffic.
    #[arg(long, value_name = "YYYY-MM[..YYYY-MM]")]
    pub month: String,
    /// Where the month, or the last one, is not over: the whole hour up to which the traffic goes. Later records are
    /// outside the period, and later hours do not lack any.
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// The offset in which the month has its edges, in whole hours [default: +08:00].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub offset: Option<String>,
    /// Correct a closed month: only what differs from this archive, which `meter` wrote for it; hour by hour, what is taken back
    /// and what takes its place.
    #[arg(long, value_name = "ARCHIVE", conflicts_with_all = ["by", "until"])]
    pub corrects: Option<String>,
    #[command(flatten)]
    pub to: OutputArgs<ReportFormat>,
    #[command(flatten)]
    pub focus: FocusArgs,
    #[command(flatten)]
    pub lines: LinesArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
    /// Write refused records here and bill the rest; the exit code is then 1.
    #[arg(long, value_name = "FILE", value_parser = place())]
    pub quarantine: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, error::ErrorKind};

    #[test]
    fn no_verb_writes_a_result_to_a_store() {
        let mut options = 0;
        for verb in Cli::command().get_subcommands() {
            for option in verb.get_opts().filter_map(clap::Arg::get_long) {
                if !["output", "quarantine"].contains(&option) {
                    continue;
                }
                options += 1;
                let stated =
                    ["peerbill", verb.get_name(), &format!("--{option}"), "oss://bucket/october.csv"];
                let error = Cli::try_parse_from(stated).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ValueValidation, "{stated:?}: {error}");
            }
        }
        assert_eq!(options, 15);
    }
}
