//! Tables of the catalog verbs: how they are printed, and what their cells have in common.

use crate::{args::TableFormat, output};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result, catalog::Validity, model::time::Timestamp,
    write::text::plain_table,
};

/// Prints a table for a screen or as CSV; `right` are the columns that line up at the right.
pub fn print(format: TableFormat, header: &[&str], rows: &[Vec<String>], right: &[usize]) -> Result<()> {
    output::write(None, |output| {
        let failed =
            |error: String| Error::new(ErrorKind::Output, Fault::new(FaultCode::UnusableInput, error));
        match format {
            TableFormat::Table => {
                let table = plain_table(header, rows.iter().cloned(), right);
                output.write_all(table.as_bytes()).map_err(|error| failed(error.to_string()))
            }
            TableFormat::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                let header = header.iter().map(|name| name.replace(' ', "_"));
                writer.write_record(header).map_err(|error| failed(error.to_string()))?;
                for row in rows {
                    writer.write_record(row).map_err(|error| failed(error.to_string()))?;
                }
                writer.flush().map_err(|error| failed(error.to_string()))
            }
        }
    })
}

/// From when, and until when; empty where it has no such end.
pub fn validity_cells(validity: Validity) -> [String; 2] {
    [validity.from, validity.until].map(|at| at.map_or_else(String::new, |at| at.to_string()))
}

/// An instant, or a date, which means 00:00 at +08:00.
pub fn read_instant(text: &str) -> Result<Timestamp> {
    let whole = if text.len() == 10 && text.contains('-') {
        format!("{text}T00:00:00+08:00")
    } else {
        text.to_owned()
    };
    Timestamp::parse(&whole).map_err(|why| Error::usage(format!("time {text:?}: {why}")))
}
