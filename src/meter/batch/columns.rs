//! Rows in columns, of Parquet files and of callers: plain ones the fast way, all others in the general way.

use crate::{
    error::Result,
    meter::worker::Worker,
    model::{
        invalid::Invalid,
        time::Timestamp,
        usage::{EndIndex, Sender},
    },
    read::native::{Amounts, BatchRows, Texts},
};

#[cfg(feature = "parquet")]
use crate::read::parquet::{ParquetFile, Rows};
use std::ops::Range;

/// The known connections of ids: a number of its own for each that is.
fn connections_of(worker: &Worker<'_>, ids: &[&[u8]]) -> Vec<Option<i32>> {
    // An inventory of 2^30 connections does not fit into memory.
    let number = |connection: Option<usize>| i32::try_from(connection?).ok();
    worker.plan.lookup.find_each(ids).into_iter().map(number).collect()
}

/// Likewise of senders.
fn sender_of(text: &[u8]) -> Option<i32> {
    let sender = Sender::ALL.into_iter().find(|sender| sender.as_str().as_bytes() == text);
    sender.map(|sender| sender as i32)
}

/// Takes all rows of these row groups.
#[cfg(feature = "parquet")]
pub(in crate::meter) fn take_groups(
    file: &ParquetFile,
    groups: Range<usize>,
    worker: &mut Worker<'_>,
) -> Result<()> {
    let plan = worker.plan;
    let connections = |texts: &[&[u8]]| -> Vec<Option<i32>> {
        plan.lookup.find_each(texts).into_iter().map(|connection| i32::try_from(connection?).ok()).collect()
    };
    let senders = |texts: &[&[u8]]| texts.iter().map(|text| sender_of(text)).collect();
    let mut ends = Vec::new();
    for group in groups {
        file.read(group, &connections, &senders, &mut |rows| {
            let known = Known { connections: rows.connections, senders: rows.senders, ticks: rows.ticks };
            let Some(bytes) = rows.bytes else {
                return (0..rows.ticks.len()).try_for_each(|row| take_row(worker, rows, row));
            };
            let start = |row| rows.start(row);
            take_rows(worker, &known, bytes, &mut ends, &start, &mut |worker, row| {
                take_row(worker, rows, row)
            })
        })?;
    }
    Ok(())
}

/// So many rows of a batch are looked up at once.
const AT_ONCE: usize = 4096;

/// Takes all rows of a batch.
pub(in crate::meter) fn take_batch(rows: &BatchRows<'_>, worker: &mut Worker<'_>) -> Result<()> {
    let batch = rows.batch;
    let take_row = |worker: &mut Worker<'_>, row: usize| -> Result<()> {
        let line = worker.found.lines + 1;
        rows.observe(row, line, |observation| worker.accept(&observation))?;
        worker.found.lines += 1;
        Ok(())
    };
    let (Some(ticks), Amounts::Whole(bytes)) = (rows.ticks(), batch.bytes) else {
        return (0..batch.rows()).try_for_each(|row| take_row(worker, row));
    };
    let look_up = |ids: &[&[u8]]| connections_of(worker, ids);
    let dictionary = looked_up(&batch.connections, &look_up);
    let end_of = |texts: &[&[u8]]| texts.iter().map(|text| sender_of(text)).collect();
    let ends_of_senders = looked_up(&batch.senders, &end_of);
    let mut ends = Vec::new();
    let mut first = 0;
    while first < ticks.len() {
        let some = first..ticks.len().min(first + AT_ONCE);
        let look_up = |ids: &[&[u8]]| connections_of(worker, ids);
        let connections = numbers(&batch.connections, &dictionary, some.clone(), &look_up);
        let senders = numbers(&batch.senders, &ends_of_senders, some.clone(), &end_of);
        let known = Known { connections: &connections, senders: &senders, ticks: &ticks[some.clone()] };
        let start = |row| rows.start(first + row);
        take_rows(worker, &known, &bytes[some.clone()], &mut ends, &start, &mut |worker, row| {
            take_row(worker, first + row)
        })?;
        first = some.end;
    }
    Ok(())
}

/// What each text of a dictionary is known as; nothing where rows have texts of their own.
fn looked_up(texts: &Texts<'_>, known: &dyn Fn(&[&[u8]]) -> Vec<Option<i32>>) -> Vec<i32> {
    match texts.codes {
        Some(_) => known_as(texts.texts, known),
        None => Vec::new(),
    }
}

/// Not known.
const UNKNOWN: i32 = -1;

fn known_as(texts: &[Option<&str>], known: &dyn Fn(&[&[u8]]) -> Vec<Option<i32>>) -> Vec<i32> {
    // No connection has an empty id, nor is it a sender.
    let bytes: Vec<&[u8]> = texts.iter().map(|text| text.unwrap_or_default().as_bytes()).collect();
    known(&bytes).into_iter().map(|number| number.unwrap_or(UNKNOWN)).collect()
}

/// What the texts of some rows are known as.
fn numbers(
    texts: &Texts<'_>,
    dictionary: &[i32],
    rows: Range<usize>,
    known: &dyn Fn(&[&[u8]]) -> Vec<Option<i32>>,
) -> Vec<i32> {
    let Some(codes) = texts.codes else { return known_as(&texts.texts[rows], known) };
    let number = |code: &i32| usize::try_from(*code).ok().and_then(|code| dictionary.get(code).copied());
    codes[rows].iter().map(|code| number(code).unwrap_or(UNKNOWN)).collect()
}

/// What the texts of rows are known as, negative where they are not, and what tells their instants apart.
struct Known<'a> {
    connections: &'a [i32],
    senders: &'a [i32],
    ticks: &'a [i64],
}

/// So many rows are taken together at most: behind one that is not taken, the rest are looked at again.
const TOGETHER: usize = 256;

/// Not an end: one of the texts is not known. No inventory has so many connections.
const NO_END: usize = u32::MAX as usize;

/// Takes rows whose bytes are all numbers; `take_row` takes one on its own.
fn take_rows(
    worker: &mut Worker<'_>,
    known: &Known<'_>,
    bytes: &[u64],
    ends: &mut Vec<EndIndex>,
    start: &dyn Fn(usize) -> Result<Timestamp, Invalid>,
    take_row: &mut dyn FnMut(&mut Worker<'_>, usize) -> Result<()>,
) -> Result<()> {
    find_ends(known, ends);
    let mut row = 0;
    // Run by run of one instant.
    for run in known.ticks.chunk_by(|a, b| a == b) {
        let end = row + run.len();
        while row < end {
            let some = row..end.min(row + TOGETHER);
            let taken = match start(row) {
                Ok(timestamp) => {
                    let ends = &ends[some.clone()];
                    let known = ends.iter().position(|end| end.index() == NO_END).unwrap_or(ends.len());
                    worker.take_plain(timestamp, &ends[..known], &bytes[row..row + known])
                }
                Err(_) => 0,
            };
            worker.found.lines += taken as u64;
            row += taken;
            if taken < some.len() {
                take_row(worker, row)?;
                row += 1;
            }
        }
    }
    Ok(())
}

fn find_ends(known: &Known<'_>, ends: &mut Vec<EndIndex>) {
    let end = |(&connection, &sender): (&i32, &i32)| {
        let is_known = connection | sender >= 0;
        // As `EndIndex::new`, without a branch.
        let index = (connection as u32) << 1 | sender as u32;
        EndIndex::from_index(if is_known { index as usize } else { NO_END })
    };
    ends.clear();
    ends.extend(known.connections.iter().zip(known.senders).map(end));
}

/// Takes a row of a file on its own.
#[cfg(feature = "parquet")]
fn take_row(worker: &mut Worker<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let inventory = worker.plan.inventory;
    let id_of = |connection: usize| &*inventory.connection(connection).id;
    let line = worker.found.lines + 1;
    rows.observe(row, line, id_of, |sender| Sender::ALL[sender], |observation| worker.accept(&observation))?;
    worker.found.lines += 1;
    Ok(())
}
