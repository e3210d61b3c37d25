//! An estimate as CSV: `scenario`, then the columns of the report.

use crate::{error::Result, estimate::Estimate, write::csv::output_error};
use std::io::Write;

/// Writes the header and the lines of all scenarios that are priced, with line feeds.
pub fn write(estimate: &Estimate, output: impl Write) -> Result<()> {
    let columns = estimate.columns();
    let mut writer = csv::Writer::from_writer(output);
    let failed = |error: csv::Error| output_error(&error.to_string());
    let names = columns.iter().map(|column| column.name());
    writer.write_record(["scenario"].into_iter().chain(names)).map_err(failed)?;
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            let row = row?;
            let values = columns.iter().map(|&column| row.get(column));
            writer.write_record([scenario.name].into_iter().chain(values)).map_err(failed)?;
        }
    }
    writer.flush().map_err(|error| output_error(&error.to_string()))
}
