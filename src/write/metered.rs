//! Metered hours: what a month's archive keeps, and `report --metered` takes again.
//!
//! One row for every hour, connection and sender that has a record, in this order, under `hour`, `connection_id`,
//! `sender` and `bytes`.

use super::{
    csv::{Cell, Rows},
    json::write_archived,
};
use crate::{
    error::{Error, Result},
    meter::{ArchivedTotals, HourlyUsage, Metered},
    model::usage::MeteredHour,
    read::native::columns::{METERED_COLUMNS, MOST_OF_AN_HOUR},
};
use std::io::Write;

/// Shows every metered hour in order, and fails at one that could not be read again.
fn try_each(usage: &HourlyUsage, mut each: impl FnMut(MeteredHour) -> Result<()>) -> Result<()> {
    usage.try_each(|row| {
        row.try_each(|metered| match metered.bytes {
            ..=MOST_OF_AN_HOUR => each(metered),
            _ => Err(Error::overflow("the bytes of an hour of one sender exceed 2^80-1")),
        })
    })
}

/// Writes metered hours as CSV, for [`TrafficSource::as_metered`](crate::TrafficSource::as_metered): hours as
/// `2026-10-05T03:00:00Z`, bytes as digits.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails; [`Overflow`](crate::ErrorKind::Overflow) where a
/// sender's bytes of an hour exceed 2^80-1, which could not be read again.
pub fn csv(metered: &Metered, output: impl Write) -> Result<()> {
    let inventory = metered.inventory();
    let mut writer = Rows::new(output);
    writer.write(METERED_COLUMNS.into_iter().map(Cell::Own))?;
    let mut last = None;
    let mut hour = String::new();
    let mut bytes = itoa::Buffer::new();
    try_each(metered.usage(), |metered| {
        if last.replace(metered.hour) != Some(metered.hour) {
            hour = metered.hour.to_string();
        }
        let id = &inventory.connection(metered.connection).id;
        let sender = Cell::Own(metered.sender.as_str());
        writer.write([Cell::Own(&hour), Cell::Text(id), sender, Cell::Own(bytes.format(metered.bytes))])
    })?;
    writer.finish()
}

/// Writes the control totals of hours that are archived, as JSON: what stands beside a CSV, and in the metadata of a Parquet
/// file.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn totals(totals: &ArchivedTotals, output: impl Write) -> Result<()> {
    write_archived(totals, output)
}

/// Writes them as Parquet: hours as timestamps in UTC, to the millisecond, bytes as DECIMAL(38, 0). The control totals
/// stand in its metadata, under `peerbill.control_totals`.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails; [`Overflow`](crate::ErrorKind::Overflow) where a
/// sender's bytes of an hour exceed 2^80-1, which could not be read again.
#[cfg(feature = "parquet")]
pub fn parquet(metered: &Metered, output: impl Write) -> Result<()> {
    parquet_with(metered, &ArchivedTotals::of(metered)?, output)
}

/// Likewise, with control totals that are not those of the metering alone: hours of archives are not the records that those
/// were made of.
///
/// # Errors
///
/// As [`parquet()`].
#[cfg(feature = "parquet")]
pub fn parquet_with(metered: &Metered, totals: &ArchivedTotals, output: impl Write) -> Result<()> {
    use super::parquet::{Cell, Field, Kind, Table};
    use crate::read::ARCHIVED_TOTALS;
    let inventory = metered.inventory();
    // Bytes are decimals, so that the type does not depend on the sums.
    let kinds = [Kind::Instant, Kind::Text, Kind::Text, Kind::Decimal { scale: 0 }];
    let fields = METERED_COLUMNS.into_iter().zip(kinds).map(|(name, kind)| Field::required(name, kind));
    let mut table = Table::new("metered_hours", fields, output)?;
    try_each(metered.usage(), |metered| {
        table.put(0, Cell::Instant(metered.hour))?;
        table.put(1, Cell::Text(&inventory.connection(metered.connection).id))?;
        table.put(2, Cell::Text(metered.sender.as_str()))?;
        // OK because more than 2^80-1 are refused.
        table.put(3, Cell::Decimal(metered.bytes as i128))?;
        table.end_row()
    })?;
    let mut text = Vec::new();
    write_archived(totals, &mut text)?;
    let text = String::from_utf8(text).map_err(|error| Error::internal(error.to_string()))?;
    table.note(ARCHIVED_TOTALS, text);
    table.finish()
}
