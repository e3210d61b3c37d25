//! Refused records with their reasons, in a file that can be mended and read again as traffic.

use super::{
    csv::{Cell, Rows},
    reason,
};
use crate::{error::Result, meter::RefusedRecord, read::native::columns::TRAFFIC_COLUMNS};
use std::{borrow::Cow, io::Write};

/// Columns behind those of native traffic.
pub const REASON_COLUMNS: [&str; 5] = ["code", "reason", "input", "line", "record"];

/// Writes refused records as CSV: the columns of native traffic, then [`REASON_COLUMNS`]. `record` is the whole line
/// where it could not be told apart into columns, which are empty then (R15).
///
/// What stood in the input stays as it was, byte for byte, so that it can be mended and read again; but what begins
/// with `=`, `+`, `-`, `@`, tab or return and is no number stands behind a `'`: no spreadsheet computes it. Reasons
/// and names of inputs are made visible ([`shown`](super::shown)) as in every message. An entry of JSON stands on one
/// line.
///
/// ```
/// use peerbill::{MeterSettings, TrafficSource, inventory, meter, meter::Refused, write::quarantine};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let usage = TrafficSource::from_bytes(
///     "usage.csv",
///     "timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,-1\n",
/// );
/// let mut settings = MeterSettings::new("2026-10".parse()?);
/// settings.refused = Refused::Keep;
/// let metered = meter(&[usage], inventory, &settings)?;
/// let mut file = Vec::new();
/// quarantine::write(metered.refused(), &mut file)?;
/// let text = String::from_utf8_lossy(&file);
/// let (header, row) = text.split_once('\n').unwrap_or_default();
/// assert_eq!(header, "timestamp,connection_id,sender,bytes,code,reason,input,line,record");
/// assert!(row.starts_with("2026-10-05T03:00:00Z,pcc-1,requester,-1,unreadable_row,"));
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn write(refused: &[RefusedRecord], output: impl Write) -> Result<()> {
    let mut writer = Rows::new(output);
    writer.write(TRAFFIC_COLUMNS.into_iter().chain(REASON_COLUMNS).map(Cell::Own))?;
    for record in refused {
        let fault = &record.fault;
        let fields = record.fields.clone().unwrap_or_default();
        let line = fault.line.map_or_else(String::new, |line| line.to_string());
        // Where a line holds many records, the path tells which.
        let path = fault.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let message = format!("{path}{}", reason(fault));
        let raw = on_one_line(&record.raw);
        let reason = [
            Cell::Own(fault.code.as_str()),
            Cell::Text(&message),
            Cell::Text(fault.input.as_deref().unwrap_or_default()),
            Cell::Own(&line),
            Cell::Raw(&raw),
        ];
        writer.write(fields.iter().map(|field| Cell::Raw(field)).chain(reason))?;
    }
    writer.finish()
}

/// An entry of JSON without its line ends, which are blanks there: a line of it could pass for a row when this is read.
fn on_one_line(raw: &[u8]) -> Cow<'_, [u8]> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !raw.starts_with(b"{") || !raw.iter().any(is_end) {
        return Cow::Borrowed(raw);
    }
    raw.iter().map(|byte| if is_end(byte) { b' ' } else { *byte }).collect()
}
