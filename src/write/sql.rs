//! The query that meters traffic in an engine that speaks SQL alone: what [`mod@crate::meter`] makes of records, as far as SQL
//! can say it. What it gives is read again as metered hours, and billed by the same code as everything else.
//!
//! A query that fails is known of few engines, so a dubious record does not fail it: its hour comes out without bytes, and
//! an hour without bytes is refused when the hours are read (R15). Nothing is lost in silence that way.

use crate::{
    error::{Error, Result},
    meter::Duplicates,
    model::{
        invalid::Invalid,
        quoted,
        time::{BillingMonth, Offset, Period},
    },
    read::TrafficColumns,
    write::{csv::output_error, lang::fill, shown},
};
use std::{io::Write, str::FromStr};

/// An engine whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB.
    DuckDb,
    /// ClickHouse.
    ClickHouse,
    /// MaxCompute, with its data types of version 2.
    MaxCompute,
    /// Simple Log Service: the analysis behind the bar of a query.
    LogService,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DuckDb, Self::ClickHouse, Self::MaxCompute, Self::LogService];

    /// `duckdb`, `clickhouse`, `maxcompute` or `sls`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuckDb => "duckdb",
            Self::ClickHouse => "clickhouse",
            Self::MaxCompute => "maxcompute",
            Self::LogService => "sls",
        }
    }

    fn words(self) -> Words {
        match self {
            Self::DuckDb => Words {
                quote: '"',
                instant: "epoch_us({timestamp})",
                per_second: 1_000_000,
                hour: "{instant} // 3600000000 * 3600",
                is_whole: "{bytes} >= 0 AND {bytes} <= 18446744073709551615 AND typeof({bytes}) NOT IN ('DOUBLE', 'FLOAT') \
                           AND {bytes} = floor({bytes})",
                number: "CAST({bytes} AS DECIMAL(38, 0))",
                instants: "microseconds",
                notes: &[
                    "{timestamp} is TIMESTAMP WITH TIME ZONE, or TIMESTAMP that was written in UTC.",
                    "{bytes} is an integer, or a DECIMAL without a fraction; a float column has lost digits, and no hour of it has bytes.",
                ],
            },
            Self::ClickHouse => Words {
                quote: '`',
                instant: "toUnixTimestamp64Micro(toDateTime64({timestamp}, 6, 'UTC'))",
                per_second: 1_000_000,
                hour: "intDiv({instant}, 3600000000) * 3600",
                is_whole: "{bytes} >= 0 AND {bytes} <= 18446744073709551615 AND toTypeName({bytes}) NOT LIKE '%Float%' \
                           AND toTypeName({bytes}) NOT LIKE '%Decimal%'",
                number: "toInt128({bytes})",
                instants: "microseconds",
                notes: &[
                    "{timestamp} is DateTime or DateTime64: an instant, whatever zone it is shown in.",
                    "{bytes} is an integer; a column of floats or decimals has no hour with bytes. A sum of UInt64 would wrap in silence.",
                ],
            },
            Self::MaxCompute => Words {
                quote: '`',
                instant: "UNIX_TIMESTAMP({timestamp})",
                per_second: 1,
                hour: "{instant} - {instant} % 3600",
                is_whole: "{bytes} >= 0 AND CAST({bytes} AS DECIMAL(38, 0)) = {bytes}",
                number: "CAST({bytes} AS DECIMAL(38, 0))",
                instants: "seconds: two records of one end in a second count as one that stands twice",
                notes: &[
                    "{timestamp} is TIMESTAMP or DATETIME; run it where the project's zone is that of the clocks that wrote them.",
                    "{bytes} is BIGINT or DECIMAL; a column of doubles has lost digits.",
                    "It needs the data types of version 2: set odps.sql.type.system.odps2=true; set odps.sql.decimal.odps2=true;",
                    "It was written from the documentation and has not been run in this engine.",
                ],
            },
            Self::LogService => Words {
                quote: '"',
                instant: "CAST(to_unixtime(from_iso8601_timestamp({timestamp})) AS bigint)",
                per_second: 1,
                hour: "{instant} - {instant} % 3600",
                is_whole: "regexp_like(CAST({bytes} AS varchar), '^[0-9]{1,20}$')",
                number: "try_cast({bytes} AS decimal(38, 0))",
                instants: "seconds: two records of one end in a second count as one that stands twice",
                notes: &[
                    "{timestamp} is text with an offset, 2026-10-05T03:00:00Z; all four fields are indexed with statistics.",
                    "Without LIMIT 100 rows come back, with it 1000000 at most: where as many come, the rest is missing, and the \
                     query has to be asked of shorter spans.",
                    "Switch on the completely accurate mode: without it a result may be inexact, and says so only beside it.",
                    "It was written from the documentation and has not been run in this engine.",
                ],
            },
        }
    }
}

impl FromStr for Dialect {
    type Err = Invalid;

    fn from_str(name: &str) -> std::result::Result<Self, Invalid> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|dialect| dialect.as_str() == name);
        found.ok_or_else(|| {
            Invalid::new(format!("{} is no dialect; known are {}", quoted(name.as_bytes()), known()))
        })
    }
}

/// How a dialect says what the query needs.
struct Words {
    /// What names stand between.
    quote: char,
    /// The instant of a record, as a whole number.
    instant: &'static str,
    per_second: i64,
    /// The first second of its hour.
    hour: &'static str,
    /// Whether bytes are a whole number that a record may hold (R10).
    is_whole: &'static str,
    /// Bytes as a number whose sum cannot wrap.
    number: &'static str,
    /// What instants are compared in.
    instants: &'static str,
    /// What the table has to be like, and what the engine needs.
    notes: &'static [&'static str],
}

/// What is asked of a query.
#[derive(Debug, Clone)]
pub struct Query {
    dialect: Dialect,
    table: String,
    month: BillingMonth,
    offset: Offset,
    /// What becomes of a record that stands twice.
    pub duplicates: Duplicates,
    /// What the table calls its columns.
    pub columns: TrafficColumns,
}

impl Query {
    /// The hours of a month from `table`, with names of columns as native traffic has them.
    ///
    /// ```
    /// use peerbill::{model::time::Offset, write::sql::{Dialect, Query}};
    ///
    /// let query = Query::new(Dialect::DuckDb, "usage", "2026-10".parse()?, Offset::CHINA)?;
    /// assert!(query.text().contains("FROM \"usage\""));
    /// assert!(Query::new(Dialect::DuckDb, "usage; DROP TABLE x", "2026-10".parse()?, Offset::CHINA).is_err());
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where `table` is no name of letters, digits, `_` and `-`, with dots between its parts.
    pub fn new(dialect: Dialect, table: &str, month: BillingMonth, offset: Offset) -> Result<Self> {
        let is_part = |part: &str| {
            !part.is_empty()
                && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-')
        };
        if !table.split('.').all(is_part) {
            let why = format!(
                "{} is no name of a table: letters, digits, _ and - with dots between",
                quoted(table.as_bytes())
            );
            return Err(Error::setting("table", why));
        }
        let (table, columns) = (table.to_owned(), TrafficColumns::default());
        Ok(Self { dialect, table, month, offset, duplicates: Duplicates::Refuse, columns })
    }

    /// The query, with [`notes`](Self::notes) in comments in front where the engine has any; ends with a line feed.
    ///
    /// It gives `hour` in seconds since 1970, `connection_id`, `sender` and `bytes`, as
    /// [`TrafficSource::as_metered`](crate::TrafficSource::as_metered) reads them.
    pub fn text(&self) -> String {
        let words = self.dialect.words();
        let name = |name: &str| format!("{q}{}{q}", name.replace(words.quote, ""), q = words.quote);
        let [timestamp, connection_id, sender, bytes] = self.columns.names().map(name);
        let columns = [("timestamp", &*timestamp), ("bytes", &*bytes), ("instant", "instant")];
        let [instant, hour, is_whole, number] =
            [words.instant, words.hour, words.is_whole, words.number].map(|own| fill(own, &columns));
        let Period { start, end } = self.month.period(self.offset);
        let [start, end] = [start, end].map(|hour| hour.index() * 3600 * words.per_second);
        // Of one instant, and whether all of it may be billed.
        let (amount, is_exact) = match self.duplicates {
            Duplicates::Refuse => ("MIN(number)", "MIN(is_whole) = 1 AND COUNT(*) = 1"),
            Duplicates::First => ("MIN(number)", "MIN(is_whole) = 1 AND MIN(number) = MAX(number)"),
            Duplicates::Sum => ("SUM(number)", "MIN(is_whole) = 1"),
        };
        let (select, table, end_of_query) = match self.dialect {
            // The logstore that the query is asked of is all there is.
            Dialect::LogService => ("* | SELECT", "log".to_owned(), "\nLIMIT 1000000"),
            _ => ("SELECT", self.table.split('.').map(name).collect::<Vec<_>>().join("."), ""),
        };
        // No name is that of a column that its level reads: some engines would take the one for the other.
        format!(
            "{comments}{select} hour, connection_id, sender, CASE WHEN MIN(is_exact) = 1 THEN SUM(amount) END AS bytes
FROM (
  SELECT {hour} AS hour, connection_id, sender,
    {amount} AS amount, CASE WHEN {is_exact} THEN 1 ELSE 0 END AS is_exact
  FROM (
    SELECT {instant} AS instant, {connection_id} AS connection_id, {sender} AS sender,
      {number} AS number,
      CASE WHEN {is_whole} THEN 1 ELSE 0 END AS is_whole
    FROM {table}
  ) records
  WHERE instant IS NULL OR (instant >= {start} AND instant < {end})
  GROUP BY instant, connection_id, sender
) instants
GROUP BY hour, connection_id, sender
ORDER BY hour, connection_id, sender{end_of_query}
",
            comments = self.comments(),
        )
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// [`Output`](crate::ErrorKind::Output) where `output` fails.
    pub fn write(&self, mut output: impl Write) -> Result<()> {
        output.write_all(self.text().as_bytes()).map_err(|error| output_error(&error.to_string()))
    }

    /// The notes as comments; before the bar of Log Service there is no SQL, and no comment.
    fn comments(&self) -> String {
        match self.dialect {
            Dialect::LogService => String::new(),
            _ => self.notes().iter().map(|note| format!("-- {note}\n")).collect(),
        }
    }

    /// What the query needs, does, and cannot check, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let Self { dialect, month, offset, .. } = self;
        let words = dialect.words();
        let [timestamp, _, _, bytes] = self.columns.names().map(shown);
        let copies = match self.duplicates {
            Duplicates::Refuse => "is dubious",
            Duplicates::First => "counts once where the bytes are equal, and is dubious else",
            Duplicates::Sum => "adds up",
        };
        let mut notes = vec![format!(
            "Hours of {month} at {offset} for peerbill report --metered, in seconds since 1970."
        )];
        notes.extend(
            words.notes.iter().map(|note| fill(note, &[("timestamp", &timestamp), ("bytes", &bytes)])),
        );
        notes.push(format!(
            "A record that stands twice (connection, sender and instant) {copies}; instants are compared in {}.",
            words.instants
        ));
        notes.extend(CANNOT_CHECK.map(String::from));
        notes
    }
}

/// What holds of all dialects.
const CANNOT_CHECK: [&str; 3] = [
    "An hour with a dubious record comes out without bytes, and the report refuses it: bytes that are negative, no whole number, \
     absent or more than 2^64-1, and instants that are absent.",
    "Checked by the report and not here: whether connections are known, senders are spelled as they must be, and hours lie in \
     the life of their connection.",
    "Checked by nobody: what the engine did not load, how many records there were or lie outside the month (the report counts \
     hours), and in which file and line a dubious record stands.",
];
