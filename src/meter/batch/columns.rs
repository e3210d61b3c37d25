//! Rows of Parquet files: plain ones the fast way, all others in the general way.

use crate::{
    error::Result,
    meter::worker::Tally,
    model::usage::Sender,
    read::{
        parquet::{ParquetFile, Rows},
        source::{Observation, parse_sender, within_record},
    },
};
use std::ops::Range;

/// Rows that one worker reads at least, if there are as many: what it found has its price to be put together.
const SPAN_ROWS: u64 = 1 << 18;

/// Row groups, as many together as make a span.
pub(crate) fn pieces(file: &ParquetFile) -> Vec<Range<usize>> {
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
pub(crate) fn take_groups(file: &ParquetFile, groups: Range<usize>, tally: &mut Tally<'_>) -> Result<()> {
    let lookup = tally.plan().lookup;
    // An inventory of 2^30 connections does not fit into memory.
    let connections = |texts: &[&[u8]]| -> Vec<Option<i32>> {
        lookup.find_each(texts).into_iter().map(|connection| i32::try_from(connection?).ok()).collect()
    };
    let sender = |text: &&[u8]| {
        let sender = Sender::ALL.into_iter().find(|sender| sender.as_str().as_bytes() == *text);
        sender.map(|sender| sender as i32)
    };
    let senders = |texts: &[&[u8]]| texts.iter().map(sender).collect();
    let mut keys = Vec::new();
    for group in groups {
        tally.begin_group(group + 1);
        file.read(group, &connections, &senders, &mut |rows| take_rows(tally, rows, &mut keys))?;
    }
    Ok(())
}

/// So many rows are taken together at most: behind one that is not taken, the rest are looked at again.
const TOGETHER: usize = 256;

/// Not a key: one of the texts is not known.
const NO_KEY: u32 = u32::MAX;

fn take_rows(tally: &mut Tally<'_>, rows: &Rows<'_>, keys: &mut Vec<u32>) -> Result<()> {
    let Some(bytes) = rows.bytes else {
        return (0..rows.ticks.len()).try_for_each(|row| take_row(tally, rows, row));
    };
    find_keys(rows, keys);
    let mut row = 0;
    // Run by run of one instant.
    for run in rows.ticks.chunk_by(|a, b| a == b) {
        let end = row + run.len();
        while row < end {
            let some = row..end.min(row + TOGETHER);
            let taken = match rows.instant(row) {
                Ok(timestamp) => {
                    let keys = &keys[some.clone()];
                    let known = keys.iter().position(|&key| key == NO_KEY).unwrap_or(keys.len());
                    tally.take_plain(timestamp, &keys[..known], &bytes[row..row + known])
                }
                Err(_) => 0,
            };
            tally.span.lines += taken as u64;
            row += taken;
            if taken < some.len() {
                take_row(tally, rows, row)?;
                row += 1;
            }
        }
    }
    Ok(())
}

fn find_keys(rows: &Rows<'_>, keys: &mut Vec<u32>) {
    let key = |(&connection, &sender): (&i32, &i32)| {
        let known = connection | sender >= 0;
        // As `key_of`, without a branch.
        if known { (connection as u32) << 1 | sender as u32 } else { NO_KEY }
    };
    keys.clear();
    keys.extend(rows.connections.iter().zip(rows.senders).map(key));
}

/// Takes a row in the general way; what is wrong with it becomes part of the observation.
fn take_row(tally: &mut Tally<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let plan = tally.plan();
    let [instant, amount] = rows.texts(row);
    let id = rows.unknown_connection(row).map(|unknown| {
        unknown.unwrap_or_else(|| {
            let connection = usize::try_from(rows.connections[row]).ok();
            connection.map_or(b"", |index| plan.inventory.connection(index).id.as_bytes())
        })
    });
    let end = rows.unknown_sender(row).map(|unknown| {
        unknown.unwrap_or_else(|| {
            usize::try_from(rows.senders[row]).map_or(b"", |end| Sender::ALL[end].as_str().as_bytes())
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
    let (own, beyond) = bytes.as_ref().map_or((None, 0), |&bytes| within_record(bytes));
    tally.take(Observation {
        connection_id: fields[1],
        bytes: own,
        beyond,
        read: read(),
        fields: Some(fields),
        ..Observation::unreadable(tally.span.lines + 1, String::new(), b"")
    })?;
    tally.span.lines += 1;
    Ok(())
}
