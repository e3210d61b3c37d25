//! Refused records with their reasons, in a file that can be mended and read again as traffic.

use super::{csv::output_error, reason};
use crate::{error::Result, meter::RefusedRecord, read::native::columns::TRAFFIC_COLUMNS};
use std::io::Write;

/// Columns behind those of native traffic.
pub const REASON_COLUMNS: [&str; 5] = ["code", "reason", "input", "line", "record"];

/// Writes refused records: the columns of native traffic, then code, reason, input and line; `record` is the
/// whole line where it could not be told apart into columns.
pub fn write(refused: &[RefusedRecord], output: impl Write) -> Result<()> {
    let mut writer = csv::Writer::from_writer(output);
    let failed = |error: csv::Error| output_error(&error.to_string());
    writer.write_record(TRAFFIC_COLUMNS.iter().chain(&REASON_COLUMNS)).map_err(failed)?;
    for record in refused {
        let fault = &record.fault;
        let fields = record.fields.clone().unwrap_or_default();
        let line = fault.line.map_or_else(String::new, |line| line.to_string());
        // Where a line holds many records, the path tells which.
        let path = fault.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let message = format!("{path}{}", reason(fault));
        let reason = [
            fault.code.as_str().as_bytes(),
            message.as_bytes(),
            fault.input.as_deref().unwrap_or_default().as_bytes(),
            line.as_bytes(),
            &record.raw,
        ];
        writer.write_record(fields.iter().map(Vec::as_slice).chain(reason)).map_err(failed)?;
    }
    writer.flush().map_err(|error| output_error(&error.to_string()))
}
