//! Rows of Parquet files: plain ones the fast way, all others in the general way.

use crate::{
    error::Result,
    meter::worker::Worker,
    model::usage::{EndIndex, Sender},
    read::parquet::{ParquetFile, Rows},
};
use std::ops::Range;

/// Takes all rows of these row groups.
pub(in crate::meter) fn take_groups(
    file: &ParquetFile,
    groups: Range<usize>,
    worker: &mut Worker<'_>,
) -> Result<()> {
    let lookup = worker.plan.lookup;
    // An inventory of 2^30 connections does not fit into memory.
    let connections = |texts: &[&[u8]]| -> Vec<Option<i32>> {
        lookup.find_each(texts).into_iter().map(|connection| i32::try_from(connection?).ok()).collect()
    };
    let sender = |text: &&[u8]| {
        let sender = Sender::ALL.into_iter().find(|sender| sender.as_str().as_bytes() == *text);
        sender.map(|sender| sender as i32)
    };
    let senders = |texts: &[&[u8]]| texts.iter().map(sender).collect();
    let mut ends = Vec::new();
    for group in groups {
        file.read(group, &connections, &senders, &mut |rows| take_rows(worker, rows, &mut ends))?;
    }
    Ok(())
}

/// So many rows are taken together at most: behind one that is not taken, the rest are looked at again.
const TOGETHER: usize = 256;

/// Not an end: one of the texts is not known. No inventory has so many connections.
const NO_END: usize = u32::MAX as usize;

fn take_rows(worker: &mut Worker<'_>, rows: &Rows<'_>, ends: &mut Vec<EndIndex>) -> Result<()> {
    let Some(bytes) = rows.bytes else {
        return (0..rows.ticks.len()).try_for_each(|row| take_row(worker, rows, row));
    };
    find_ends(rows, ends);
    let mut row = 0;
    // Run by run of one instant.
    for run in rows.ticks.chunk_by(|a, b| a == b) {
        let end = row + run.len();
        while row < end {
            let some = row..end.min(row + TOGETHER);
            let taken = match rows.start(row) {
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
                take_row(worker, rows, row)?;
                row += 1;
            }
        }
    }
    Ok(())
}

fn find_ends(rows: &Rows<'_>, ends: &mut Vec<EndIndex>) {
    let end = |(&connection, &sender): (&i32, &i32)| {
        let is_known = connection | sender >= 0;
        // As `EndIndex::new`, without a branch.
        let index = (connection as u32) << 1 | sender as u32;
        EndIndex::from_index(if is_known { index as usize } else { NO_END })
    };
    ends.clear();
    ends.extend(rows.connections.iter().zip(rows.senders).map(end));
}

/// Takes a row on its own.
fn take_row(worker: &mut Worker<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let inventory = worker.plan.inventory;
    let id_of = |connection: usize| &*inventory.connection(connection).id;
    let line = worker.found.lines + 1;
    rows.observe(row, line, id_of, |sender| Sender::ALL[sender], |observation| worker.accept(&observation))?;
    worker.found.lines += 1;
    Ok(())
}
