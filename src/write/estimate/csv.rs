//! An estimate as CSV: `scenario`, then the columns of the report.

use crate::{
    error::Result,
    estimate::Estimate,
    write::{
        csv::{csv_error, output_error},
        values::RowText,
    },
};
use std::io::Write;

/// Writes the header and the rows of all scenarios that are priced, with line feeds.
///
/// Fails where `output` does, and where a sum of many lines is too large to be printed.
pub fn write(estimate: &Estimate, output: impl Write) -> Result<()> {
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
