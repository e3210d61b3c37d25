//! Rows as CSV, the contract that other programs rely on: those of a report, and those of an estimate behind the
//! names of their scenarios. All CSV of this crate is written by `Rows`, cell by cell.

use super::{
    report::is_number,
    shown::{begins_formula, csv_cell},
    values::{RowText, Values},
};
use crate::{
    error::{Error, ErrorKind, Result},
    estimate::{Estimate, FORECAST, Forecast},
    parallel::in_order,
    report::{Column, Report, RowSource},
};
use std::{borrow::Cow, io::Write};

/// So many rows become text at once, on each thread; tests meet many edges of it.
const BLOCK: usize = if cfg!(test) { 4 } else { 512 };
/// As many bytes as a row has, most often.
const ROW_BYTES: usize = 200;

/// Writes the header and the rows of `report`, with line feeds: the columns of [`Report::columns`], in UTF-8.
///
/// Bytes and hours are digits, amounts plain decimals, instants `2026-10-05T03:00:00Z`; what a row has no value for is
/// empty. No input is named (R17).
///
/// # Errors
///
/// [`Output`](ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or an
/// amount are too large to be printed.
pub fn report(report: &Report, output: impl Write) -> Result<()> {
    reports(&[report], output)
}

/// Writes one header and the rows of reports of several months, in their order, likewise; none where there is no report.
///
/// # Errors
///
/// Those of [`report`](fn@report).
pub fn reports(reports: &[&Report], mut output: impl Write) -> Result<()> {
    let columns = reports.first().map(|report| report.columns()).unwrap_or_default();
    let mut header = Rows::new(Vec::new());
    header.write(columns.iter().map(|column| Cell::Own(column.name())))?;
    write_text(&header.into_inner()?, &mut output)?;
    reports.iter().try_for_each(|report| rows_of(report, &columns, &mut output))?;
    flush(&mut output)
}

fn rows_of(report: &Report, columns: &[Column], output: &mut impl Write) -> Result<()> {
    let mut rows = report.row_sources();
    let blocks = std::iter::from_fn(|| {
        let some: Vec<RowSource<'_>> = rows.by_ref().take(BLOCK).collect();
        (!some.is_empty()).then_some(some)
    });
    let text_of = |block: Vec<RowSource<'_>>| text_of(report, columns, &block);
    // A few blocks are text sooner than threads are there.
    let threads = if report.lines.len() <= 8 * BLOCK { 1 } else { report.threads };
    in_order(threads, blocks, text_of, |text| write_text(&text, output))
}

pub(super) fn write_text(text: &[u8], output: &mut impl Write) -> Result<()> {
    output.write_all(text).map_err(|error| output_error(&error.to_string()))
}

pub(super) fn flush(output: &mut impl Write) -> Result<()> {
    output.flush().map_err(|error| output_error(&error.to_string()))
}

/// Writes the header and the rows of all scenarios that are priced, with line feeds: `scenario` in front of the
/// columns that a report has.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn estimate(estimate: &Estimate, output: impl Write) -> Result<()> {
    let columns = estimate.columns();
    let mut writer = Rows::new(output);
    let names = columns.iter().map(|column| column.name());
    writer.write(["scenario"].into_iter().chain(names).map(Cell::Own))?;
    let mut text = RowText::default();
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            let values = text.fill(&row?, &columns).iter();
            writer.write([Cell::Own(scenario.name)].into_iter().chain(cells(&columns, values)))?;
        }
    }
    // An estimate of its own, which no scenario adds up.
    for row in estimate.forecast.iter().flat_map(Forecast::rows) {
        let values = text.fill(&row?, &columns).iter();
        writer.write([Cell::Own(FORECAST)].into_iter().chain(cells(&columns, values)))?;
    }
    writer.finish()
}

/// Writes a table as CSV: its header with underscores for blanks, then its rows; `numbers` are the columns of digits.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn table(header: &[&str], rows: &[Vec<String>], numbers: &[usize], output: impl Write) -> Result<()> {
    let mut writer = Rows::new(output);
    let header: Vec<String> = header.iter().map(|name| name.replace(' ', "_")).collect();
    writer.write(header.iter().map(|name| Cell::Own(name)))?;
    for row in rows {
        let cell = |(index, text)| if numbers.contains(&index) { Cell::Own(text) } else { Cell::Text(text) };
        writer.write(row.iter().map(String::as_str).enumerate().map(cell))?;
    }
    writer.finish()
}

fn text_of(report: &Report, columns: &[Column], rows: &[RowSource<'_>]) -> Result<Vec<u8>> {
    let (mut text, mut own) = (Vec::with_capacity(rows.len() * ROW_BYTES), RowText::default());
    for &source in rows {
        let values = own.fill(&report.row(source)?, columns);
        match plain_row(columns, values) {
            Some(row) => {
                text.extend_from_slice(row.as_bytes());
                text.push(b'\n');
            }
            None => {
                let mut row = Rows::new(&mut text);
                row.write(cells(columns, values.iter()))?;
                row.finish()?;
            }
        }
    }
    Ok(text)
}

/// The row, where its cells are all as they stand, as nearly all are: nothing in it is protected or quoted.
fn plain_row<'t>(columns: &[Column], values: Values<'t>) -> Option<&'t str> {
    let row = values.joined.strip_suffix(',')?;
    // Without a way out early, many bytes are looked at together.
    let is_quoted = |byte: &u8| !(b' '..=b'~').contains(byte) | (*byte == b'"');
    let any_is_quoted = row.as_bytes().iter().fold(0, |any, byte| any | u8::from(is_quoted(byte))) != 0;
    let commas = memchr::memchr_iter(b',', row.as_bytes()).count();
    let is_plain = |(&column, value): (&Column, &str)| is_number(column) || !begins_formula(value.as_bytes());
    // An empty cell alone is quoted.
    let is_plain = !any_is_quoted
        && commas > 0
        && commas + 1 == columns.len()
        && columns.iter().zip(values.iter()).all(is_plain);
    is_plain.then_some(row)
}

/// The values of a row as cells of its columns.
fn cells<'a>(columns: &'a [Column], values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Cell<'a>> {
    let cell = |(&column, value)| if is_number(column) { Cell::Own(value) } else { Cell::Text(value) };
    columns.iter().zip(values).map(cell)
}

/// What stands in a cell decides what protects its reader.
pub(super) enum Cell<'a> {
    /// Our own words, and digits: a negative amount stays a number.
    Own(&'a str),
    /// What comes from an input: made visible, and never a formula.
    Text(&'a str),
    /// Bytes of an input that are to be read again: they stay as they are, behind a `'` where a spreadsheet would
    /// compute.
    Raw(&'a [u8]),
}

/// Rows of CSV, with line feeds.
pub(super) struct Rows<W: Write>(csv::Writer<W>);

impl<W: Write> Rows<W> {
    pub fn new(output: W) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that makes cells")]
        Self(csv::Writer::from_writer(output))
    }

    pub fn write<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> Result<()> {
        for cell in cells {
            match cell {
                Cell::Own(text) => self.0.write_field(text),
                Cell::Text(text) => self.0.write_field(&*csv_cell(text)),
                Cell::Raw(bytes) => self.0.write_field(&*without_formula(bytes)),
            }
            .map_err(|error| csv_error(&error))?;
        }
        self.0.write_record(None::<&[u8]>).map_err(|error| csv_error(&error))
    }

    pub fn finish(mut self) -> Result<()> {
        self.0.flush().map_err(|error| output_error(&error.to_string()))
    }

    pub fn into_inner(self) -> Result<W> {
        self.0.into_inner().map_err(|error| output_error(&error.error().to_string()))
    }
}

/// The bytes behind a `'` where they would be a formula: a negative number is none.
fn without_formula(bytes: &[u8]) -> Cow<'_, [u8]> {
    let digits =
        |rest: &[u8]| !rest.is_empty() && rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let is_number = bytes.strip_prefix(b"-").is_some_and(digits);
    if is_number || !begins_formula(bytes) {
        Cow::Borrowed(bytes)
    } else {
        Cow::Owned([b"'", bytes].concat())
    }
}

fn csv_error(error: &csv::Error) -> Error {
    output_error(&error.to_string())
}

pub(super) fn output_error(message: &str) -> Error {
    Error::new(ErrorKind::Output, crate::Fault::new(crate::FaultCode::UnusableInput, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        meter::{MeterSettings, meter},
        read::TrafficSource,
        report::ReportOptions,
    };
    use proptest::prelude::*;
    use std::io;

    proptest! {
        /// A plain row is what the library writes, and one in which something is protected or quoted is none.
        #[test]
        fn plain_rows_are_those_of_cells(
            values in prop::collection::vec("[a-c0-9 .=+@,\"\t\r\n~\u{1b}\u{e9}\u{202e}-]{0,4}", 1..6),
            is_digits in prop::collection::vec(any::<bool>(), 6),
        ) {
            let column = |(index, _)| if is_digits[index] { Column::BilledCost } else { Column::ConnectionId };
            let columns: Vec<Column> = values.iter().enumerate().map(column).collect();
            let (mut joined, mut ends) = (String::new(), Vec::new());
            for value in &values {
                joined.push_str(value);
                ends.push(joined.len());
                joined.push(',');
            }
            let filled = Values { joined: &joined, ends: &ends };
            let plain = plain_row(&columns, filled).map(|row| format!("{row}\n"));
            let mut rows = Rows::new(Vec::new());
            rows.write(cells(&columns, filled.iter())).unwrap();
            let written = String::from_utf8(rows.into_inner().unwrap()).unwrap();
            let is_odd = |(index, value): (usize, &str)| {
                value.contains(|own: char| !matches!(own, ' '..='~') || matches!(own, '"' | ','))
                    || !is_digits[index] && value.starts_with(['=', '+', '-', '@'])
            };
            // An empty cell alone is quoted.
            let is_plain = columns.len() > 1 && !values.iter().map(String::as_str).enumerate().any(is_odd);
            prop_assert_eq!(plain, is_plain.then_some(written));
        }
    }

    /// So many hourly lines of a connection whose id is quoted and of one whose id is not.
    fn hourly(hours: usize, threads: usize, without_digest: bool) -> Report {
        let inventory = crate::inventory(
            "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
             \"pcc,1\",1,cn-beijing,2,cn-shanghai,Gold\npcc-2,1,cn-beijing,2,cn-shanghai,Gold\n",
            None,
        );
        let ids = ["\"pcc,1\"", "pcc-2"];
        let row = |hour| format!("2026-10-05T{:02}:00:00Z,{},requester,{hour}7\n", hour / 2, ids[hour % 2]);
        let usage = (0..hours).map(row).collect::<String>();
        let sources =
            [TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{usage}"))];
        let settings = MeterSettings { threads, ..MeterSettings::new("2026-10".parse().unwrap()) };
        let metered = meter(&sources, inventory.unwrap(), &settings).unwrap();
        let options = ReportOptions { hourly: true, without_digest, ..ReportOptions::default() };
        crate::report(&metered, &Catalog::shipped("china-site").unwrap(), options).unwrap()
    }

    #[test]
    fn r17_blocks_of_rows_on_any_number_of_threads_are_one_file() {
        for hours in [0, 1, 7, 8, 9, 32, 33, 36, 47] {
            let text = |threads| {
                let mut text = Vec::new();
                report(&hourly(hours, threads, false), &mut text).unwrap();
                String::from_utf8(text).unwrap()
            };
            let alone = text(1);
            let quoted = alone.lines().filter(|line| line.contains(",\"pcc,1\",requester,")).count();
            let plain = alone.lines().filter(|line| line.contains(",pcc-2,requester,")).count();
            assert_eq!((quoted, plain), (hours.div_ceil(2), hours / 2));
            for threads in 2..4 {
                assert_eq!(text(threads), alone, "{hours} {threads}");
            }
        }
    }

    #[test]
    fn r17_a_report_without_a_digest_is_the_same_csv_and_nothing_that_shows_one() {
        let [with, without] = [false, true].map(|without_digest| hourly(5, 2, without_digest));
        let csv = |report| {
            let mut text = Vec::new();
            super::report(report, &mut text).unwrap();
            text
        };
        assert_eq!(csv(&with), csv(&without));
        assert_eq!((with.usage_digest.is_some(), &without.usage_digest), (true, &None));
        let lang = crate::write::Lang::En;
        let shown = |report| {
            let json = crate::write::json::write(report, &[], io::sink());
            let markdown = crate::write::markdown::report(report, lang, io::sink());
            [json, markdown, crate::write::html::reports(&[report], lang, io::sink())]
        };
        assert!(shown(&with).iter().all(Result::is_ok));
        for refused in shown(&without).map(Result::unwrap_err) {
            assert_eq!(refused.kind(), ErrorKind::Usage);
            assert!(refused.to_string().contains("without a digest"), "{refused}");
        }
        let names = |report| crate::write::provenance(report).into_iter().map(|(name, _)| name);
        let others: Vec<String> = names(&with).filter(|name| name != "usage_digest").collect();
        assert_eq!(names(&without).collect::<Vec<_>>(), others);
        assert_eq!(others.len() + 1, names(&with).count());
    }

    #[test]
    fn only_what_a_spreadsheet_computes_stands_behind_an_apostrophe() {
        for same in ["-1", "-0.5", "pcc-1", "", "2026", "a=1"] {
            assert_eq!(without_formula(same.as_bytes()), same.as_bytes());
        }
        for formula in ["-", "-x", "-1+1", "+1", "=1", "@a", "\t1", "\r1"] {
            assert_eq!(without_formula(formula.as_bytes()), format!("'{formula}").as_bytes());
        }
    }

    #[test]
    fn each_kind_of_cell_has_its_protection() {
        let mut rows = Rows::new(Vec::new());
        rows.write([Cell::Own("-0.01"), Cell::Text("-x\n\u{1b}"), Cell::Raw(b"=\xff\n")]).unwrap();
        assert_eq!(rows.into_inner().unwrap(), b"-0.01,'-x\\n\\u{1b},\"'=\xff\n\"\n");
    }
}
