//! Rows as CSV, the contract that other programs rely on: those of a report, and those of an estimate behind the
//! names of their scenarios. All CSV of this crate is written by `Rows`, cell by cell.

use super::{
    report::is_number,
    shown::{begins_formula, csv_cell},
    values::RowText,
};
use crate::{
    error::{Error, ErrorKind, Result},
    estimate::{Estimate, FORECAST, Forecast},
    parallel::on_each,
    report::{Column, Report, RowSource},
};
use std::{
    borrow::Cow,
    io::{self, Write},
};

/// So many rows become text at once, at most, on each thread.
const BLOCK: usize = 4096;
/// Fewer are not worth a thread of their own.
const LEAST_ROWS: usize = 256;

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
    let failed = |error: io::Error| output_error(&error.to_string());
    let mut header = Rows::new(Vec::new());
    header.write(columns.iter().map(|column| Cell::Own(column.name())))?;
    output.write_all(&header.into_inner()?).map_err(failed)?;
    reports.iter().try_for_each(|report| rows_of(report, &columns, &mut output))?;
    output.flush().map_err(failed)
}

fn rows_of(report: &Report, columns: &[Column], output: &mut impl Write) -> Result<()> {
    let mut rows = report.row_sources();
    loop {
        let some: Vec<RowSource<'_>> = rows.by_ref().take(BLOCK * report.threads).collect();
        if some.is_empty() {
            return Ok(());
        }
        let each = some.len().div_ceil(report.threads).max(LEAST_ROWS);
        let blocks: Vec<&[RowSource<'_>]> = some.chunks(each).collect();
        for text in on_each(&blocks, |block| text_of(report, columns, block))? {
            output.write_all(&text).map_err(|error| output_error(&error.to_string()))?;
        }
    }
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
            let values = text.fill(&row?, &columns);
            writer.write([Cell::Own(scenario.name)].into_iter().chain(cells(&columns, values)))?;
        }
    }
    // An estimate of its own, which no scenario adds up.
    for row in estimate.forecast.iter().flat_map(Forecast::rows) {
        let values = text.fill(&row?, &columns);
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
    let mut text = RowText::default();
    let mut writer = Rows::new(Vec::new());
    for &source in rows {
        let values = text.fill(&report.row(source)?, columns);
        writer.write(cells(columns, values))?;
    }
    writer.into_inner()
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

    fn into_inner(self) -> Result<W> {
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
