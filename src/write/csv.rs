//! Rows as CSV, the contract that other programs rely on: those of a report, and those of an estimate behind the
//! names of their scenarios.

use super::values::RowText;
use crate::{
    error::{Error, ErrorKind, Result},
    estimate::Estimate,
    parallel::on_each,
    report::{Column, Report, RowSource},
};
use std::io::{self, Write};

/// So many rows become text at once, on each thread.
const BLOCK: usize = 4096;

/// Writes the header and the rows of `report`, with line feeds: the columns of [`Report::columns`], in UTF-8.
///
/// Bytes and hours are digits, amounts plain decimals, instants `2026-10-05T03:00:00Z`; what a row has no value for is
/// empty. No input is named (R17).
///
/// # Errors
///
/// [`Output`](ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or an
/// amount are too large to be printed.
pub fn report(report: &Report, mut output: impl Write) -> Result<()> {
    let columns = report.columns();
    let failed = |error: io::Error| output_error(&error.to_string());
    let header = csv_text(|writer| {
        writer.write_record(columns.iter().map(|column| column.name())).map_err(|error| csv_error(&error))
    })?;
    output.write_all(&header).map_err(failed)?;
    let mut rows = report.row_sources();
    loop {
        let some: Vec<RowSource<'_>> = rows.by_ref().take(BLOCK * report.threads).collect();
        if some.is_empty() {
            return output.flush().map_err(failed);
        }
        let blocks: Vec<&[RowSource<'_>]> = some.chunks(BLOCK).collect();
        for text in on_each(&blocks, |block| text_of(report, &columns, block))? {
            output.write_all(&text).map_err(failed)?;
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
    let mut writer = csv::Writer::from_writer(output);
    let names = columns.iter().map(|column| column.name());
    writer.write_record(["scenario"].into_iter().chain(names)).map_err(|error| csv_error(&error))?;
    let mut text = RowText::default();
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            let values = text.fill(&row?, &columns);
            writer
                .write_record([scenario.name].into_iter().chain(values))
                .map_err(|error| csv_error(&error))?;
        }
    }
    writer.flush().map_err(|error| output_error(&error.to_string()))
}

fn text_of(report: &Report, columns: &[Column], rows: &[RowSource<'_>]) -> Result<Vec<u8>> {
    let mut text = RowText::default();
    csv_text(|writer| {
        rows.iter().try_for_each(|&source| {
            let values = text.fill(&report.row(source)?, columns);
            writer.write_record(values).map_err(|error| csv_error(&error))
        })
    })
}

fn csv_text(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<()>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer)?;
    writer.into_inner().map_err(|error| output_error(&error.to_string()))
}

pub(super) fn csv_error(error: &csv::Error) -> Error {
    output_error(&error.to_string())
}

pub(super) fn output_error(message: &str) -> Error {
    Error::new(ErrorKind::Output, crate::Fault::new(crate::FaultCode::UnusableInput, message))
}
