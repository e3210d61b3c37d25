//! The report as CSV: the contract that other programs rely on.

use crate::{
    error::{Error, ErrorKind, Result},
    report::Report,
};
use std::io::Write;

/// Writes the header and the lines of `report`, with line feeds.
pub fn write(report: &Report<'_>, output: impl Write) -> Result<()> {
    let columns = report.columns();
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(output);
    let failed = |error: csv::Error| output_error(&error.to_string());
    writer.write_record(columns.iter().map(|column| column.name())).map_err(failed)?;
    for row in report.rows() {
        let row = row?;
        writer.write_record(columns.iter().map(|&column| row.get(column))).map_err(failed)?;
    }
    writer.flush().map_err(|error| output_error(&error.to_string()))
}

pub(super) fn output_error(message: &str) -> Error {
    Error::new(ErrorKind::Output, crate::Fault::new(crate::FaultCode::UnusableInput, message))
}
