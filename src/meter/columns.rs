//! Rows of Parquet files: plain ones the fast way, all others in the general way.

use super::{lookup::Found, plain::PlainRecord, tally::Tally};
use crate::{
    error::Result,
    model::usage::Sender,
    read::{
        parquet::{ParquetFile, Rows},
        traffic::{Observation, parse_sender},
    },
};
use std::ops::Range;

/// Rows that one worker reads at least, if there are as many: what it found has its price to be put together.
const SPAN_ROWS: u64 = 1 << 18;

/// Row groups, as many together as make a span.
pub(super) fn pieces(file: &ParquetFile) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut rows) = (0, 0);
    for group in 0..file.groups() {
        rows += file.rows_of(group);
        if rows >= SPAN_ROWS || group + 1 == file.groups() {
            pieces.push(start..group + 1);
            (start, rows) = (group + 1, 0);
        }
    }
    pieces
}

/// Takes all rows of these row groups.
pub(super) fn take_groups(file: &ParquetFile, groups: Range<usize>, tally: &mut Tally<'_>) -> Result<()> {
    let lookup = tally.plan().lookup;
    let connection = |text: &[u8]| match lookup.find(text) {
        // OK because connections are numbered in 32 bits throughout.
        Some(Found::Known(index)) => Some(index as i32),
        Some(Found::Faulty(_)) | None => None,
    };
    let sender = |text: &[u8]| {
        Sender::ALL.iter().position(|sender| sender.as_str().as_bytes() == text).map(|place| place as i32)
    };
    for group in groups {
        tally.begin_group(group + 1);
        file.read(group, &connection, &sender, &mut |rows| take_rows(tally, rows))?;
    }
    Ok(())
}

fn take_rows(tally: &mut Tally<'_>, rows: &Rows<'_>) -> Result<()> {
    let Some(bytes) = rows.bytes else {
        return (0..rows.count).try_for_each(|row| take_row(tally, rows, row));
    };
    let lookup = tally.plan().lookup;
    let mut last = None;
    for (row, &bytes) in bytes.iter().enumerate() {
        let (connection, sender, tick) = (rows.connections[row], rows.senders[row], rows.ticks[row]);
        let timestamp = match last {
            Some((same, timestamp)) if same == tick => Some(timestamp),
            _ => rows.instant(row).ok(),
        };
        last = timestamp.map(|timestamp| (tick, timestamp));
        if let Some(timestamp) = timestamp
            && connection | sender >= 0
        {
            let connection = lookup.plain(connection as usize);
            let sender = Sender::ALL[sender as usize];
            let record = PlainRecord { timestamp, connection, sender, bytes, length: 0 };
            if tally.take_plain(&record) {
                tally.span.lines += 1;
                continue;
            }
        }
        take_row(tally, rows, row)?;
    }
    Ok(())
}

/// Takes a row in the general way; what is wrong with it becomes part of the observation.
fn take_row(tally: &mut Tally<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let plan = tally.plan();
    let [instant, amount] = rows.texts(row);
    let known = |code: i32| usize::try_from(code).ok();
    let id = rows.unknown_connection(row).map(|unknown| {
        unknown.unwrap_or_else(|| {
            known(rows.connections[row]).map_or(b"", |index| plan.inventory.connection(index).id.as_bytes())
        })
    });
    let end = rows.unknown_sender(row).map(|unknown| {
        unknown.unwrap_or_else(|| {
            known(rows.senders[row]).map_or(b"", |end| Sender::ALL[end].as_str().as_bytes())
        })
    });
    let bytes = rows.bytes(row);
    let fields = [
        instant.as_bytes(),
        id.as_ref().map_or(b"", |id| *id),
        end.as_ref().map_or(b"", |end| *end),
        amount.as_bytes(),
    ];
    let read = || {
        let timestamp = rows.instant(row)?;
        if id.clone()?.is_empty() {
            return Err("connection_id is empty".into());
        }
        let sender = parse_sender(end.clone()?)?;
        bytes.as_ref().map_err(Clone::clone)?;
        Ok((timestamp, sender))
    };
    let observation = Observation {
        line: tally.span.lines + 1,
        place: None,
        connection_id: fields[1],
        bytes: bytes.as_ref().ok().copied(),
        parts: 0,
        read: read(),
        fields: Some(fields),
        raw: b"",
    };
    tally.take(observation)?;
    tally.span.lines += 1;
    Ok(())
}
