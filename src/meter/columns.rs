//! Rows of Parquet files: plain ones the fast way, all others in the general way.

use super::{lookup::Found, plain::PlainRecord, tally::Tally};
use crate::{
    error::Result,
    model::{time::Timestamp, usage::Sender},
    read::{
        parquet::{ParquetFile, Rows},
        traffic::{Observation, parse_sender, within_record},
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
    let (lookup, period) = (tally.plan().lookup, tally.plan().settings.period);
    let connection = |text: &[u8]| match lookup.find(text) {
        Some(Found::Known(index)) => Some(Code::new(index, !lookup.exists_throughout(index, period)).0),
        Some(Found::Faulty(_)) | None => None,
    };
    let sender = |text: &[u8]| {
        Sender::ALL.iter().position(|sender| sender.as_str().as_bytes() == text).map(|place| place as i32)
    };
    let mut keys = Vec::new();
    for group in groups {
        tally.begin_group(group + 1);
        file.read(group, &connection, &sender, &mut |rows| take_rows(tally, rows, &mut keys))?;
    }
    Ok(())
}

/// A known connection, and whether there are hours in which it does not exist.
#[derive(Clone, Copy)]
struct Code(i32);

impl Code {
    fn new(connection: usize, limited: bool) -> Self {
        // OK because an inventory of 2^30 connections does not fit into memory.
        Self((connection as i32) << 1 | i32::from(limited))
    }

    fn connection(self) -> Option<usize> {
        usize::try_from(self.0 >> 1).ok()
    }
}

/// Fewer rows than this are sooner taken one by one.
const TOGETHER: usize = 8;

fn take_rows(tally: &mut Tally<'_>, rows: &Rows<'_>, keys: &mut Vec<u32>) -> Result<()> {
    let Some(bytes) = rows.bytes else {
        return (0..rows.count).try_for_each(|row| take_row(tally, rows, row));
    };
    find_keys(rows, keys);
    let mut start = 0;
    // Run by run of one instant.
    for run in rows.ticks.chunk_by(|a, b| a == b) {
        let run = start..start + run.len();
        start = run.end;
        match rows.instant(run.start) {
            Ok(timestamp) => take_run(tally, rows, run, timestamp, keys, bytes)?,
            Err(_) => run.into_iter().try_for_each(|row| take_row(tally, rows, row))?,
        }
    }
    Ok(())
}

/// Takes rows of one instant, those together whose keys are known.
fn take_run(
    tally: &mut Tally<'_>,
    rows: &Rows<'_>,
    run: Range<usize>,
    timestamp: Timestamp,
    keys: &[u32],
    bytes: &[u64],
) -> Result<()> {
    let mut start = run.start;
    for part in keys[run].chunk_by(|a, b| (*a == NO_KEY) == (*b == NO_KEY)) {
        let own = start..start + part.len();
        start = own.end;
        if part.len() >= TOGETHER
            && part[0] != NO_KEY
            && tally.take_together(timestamp, part, &bytes[own.clone()])
        {
            tally.span.lines += part.len() as u64;
            continue;
        }
        for row in own {
            if !take_plain(tally, rows, row, timestamp, bytes[row]) {
                take_row(tally, rows, row)?;
            }
        }
    }
    Ok(())
}

/// Not the key of a connection that exists throughout.
const NO_KEY: u32 = u32::MAX;

fn find_keys(rows: &Rows<'_>, keys: &mut Vec<u32>) {
    let key = |(&code, &sender): (&i32, &i32)| {
        let known = code | sender >= 0 && code & 1 == 0;
        // A code without its lowest bit, and the sender in its place, is the key.
        if known { (code | sender) as u32 } else { NO_KEY }
    };
    keys.clear();
    keys.extend(rows.connections.iter().zip(rows.senders).map(key));
}

/// Takes a row whose texts are known; false where the general path must look.
fn take_plain(tally: &mut Tally<'_>, rows: &Rows<'_>, row: usize, timestamp: Timestamp, bytes: u64) -> bool {
    let (Some(connection), Ok(sender)) =
        (Code(rows.connections[row]).connection(), usize::try_from(rows.senders[row]))
    else {
        return false;
    };
    let connection = tally.plan().lookup.plain(connection);
    let sender = Sender::ALL[sender];
    let taken = tally.take_plain(&PlainRecord { timestamp, connection, sender, bytes, length: 0 });
    tally.span.lines += u64::from(taken);
    taken
}

/// Takes a row in the general way; what is wrong with it becomes part of the observation.
fn take_row(tally: &mut Tally<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let plan = tally.plan();
    let [instant, amount] = rows.texts(row);
    let id = rows.unknown_connection(row).map(|unknown| {
        unknown.unwrap_or_else(|| {
            let connection = Code(rows.connections[row]).connection();
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
