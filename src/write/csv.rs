//! The report as CSV: the contract that other programs rely on.

use crate::{
    error::{Error, ErrorKind, Result},
    parallel::on_each,
    report::{Column, Report, Row, Shown},
};
use std::io::{self, Write};

/// So many lines become text at once, on each thread.
const BLOCK: usize = 4096;

/// Writes the header and the lines of `report`, with line feeds.
pub fn write(report: &Report, mut output: impl Write) -> Result<()> {
    let columns = report.columns();
    let failed = |error: io::Error| output_error(&error.to_string());
    let header = csv_text(|writer| writer.write_record(columns.iter().map(|column| column.name())))?;
    output.write_all(&header).map_err(failed)?;
    let mut lines = report.shown();
    loop {
        let some: Vec<Shown<'_>> = lines.by_ref().take(BLOCK * report.threads).collect();
        if some.is_empty() {
            return output.flush().map_err(failed);
        }
        let blocks: Vec<&[Shown<'_>]> = some.chunks(BLOCK).collect();
        for text in on_each(&blocks, |block| text_of(report, &columns, block))? {
            output.write_all(&text).map_err(failed)?;
        }
    }
}

fn text_of(report: &Report, columns: &[Column], lines: &[Shown<'_>]) -> Result<Vec<u8>> {
    let rows = lines.iter().map(|&line| report.row(line)).collect::<Result<Vec<Row>>>()?;
    csv_text(|writer| {
        rows.iter().try_for_each(|row| writer.write_record(columns.iter().map(|&column| row.get(column))))
    })
}

fn csv_text(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer).map_err(|error| output_error(&error.to_string()))?;
    writer.into_inner().map_err(|error| output_error(&error.to_string()))
}

pub(super) fn output_error(message: &str) -> Error {
    Error::new(ErrorKind::Output, crate::Fault::new(crate::FaultCode::UnusableInput, message))
}
