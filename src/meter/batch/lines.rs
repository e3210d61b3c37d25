//! Lines: plain ones many at once, all others one by one.

use crate::{
    error::Result,
    meter::worker::Worker,
    model::end_index::EndIndex,
    read::{
        native::{
            columns::RecordKind,
            layout::LineLayout,
            plain::PlainLine,
            plain_batch::{AT_ONCE, PlainBatch, PlainProgress},
            row::RowReader,
        },
        record::Yielded,
    },
};

/// Reads lines for a worker to take.
pub(in crate::meter) struct LineReader {
    plain: PlainBatch,
    rows: RowReader,
}

impl LineReader {
    pub fn new() -> Self {
        Self { plain: PlainBatch::new(), rows: RowReader::new() }
    }

    /// Lets `worker` take the lines of `padded`, which end in a line feed each and have as many bytes behind them as
    /// [`PlainBatch::read`] asks for; `is_last` where nothing follows them.
    ///
    /// Returns how many bytes were taken: fewer than `length` where a row begins whose quoted field goes on beyond them.
    pub fn take_lines(
        &mut self,
        worker: &mut Worker<'_>,
        padded: &[u8],
        length: usize,
        layout: &LineLayout,
        is_last: bool,
    ) -> Result<usize> {
        let mut at = 0;
        while at < length {
            if let Some(kind) = layout.plain {
                let taken = self.take_plain(worker, &padded[at..], length - at, kind);
                at += taken.bytes;
                if !taken.stopped {
                    continue;
                }
            }
            let line = worker.found.lines + 1;
            let take = |yielded: Yielded<'_>| worker.take(yielded);
            match self.rows.read(&padded[at..length], line, layout, is_last, take)? {
                Some(end) => {
                    at += end.bytes;
                    worker.found.lines += end.lines;
                }
                None => return Ok(at),
            }
        }
        Ok(at)
    }

    /// Takes some of the plain lines at the start of `padded`.
    fn take_plain(
        &mut self,
        worker: &mut Worker<'_>,
        padded: &[u8],
        length: usize,
        kind: RecordKind,
    ) -> PlainProgress {
        let read = self.plain.read(padded, length, kind);
        let lines = &self.plain.lines()[..read.lines];
        let mut connections = [0; AT_ONCE];
        let known = worker.plan.lookup.find_all(lines.iter().map(|line| &line.id), &mut connections);
        let taken = take_known(worker, &lines[..known], &connections);
        worker.found.lines += taken as u64;
        self.plain.taken(read, taken)
    }
}

/// Takes lines whose connections were found, up to the first that must be taken on its own; returns how many.
fn take_known(worker: &mut Worker<'_>, lines: &[PlainLine], connections: &[u32; AT_ONCE]) -> usize {
    let (mut ends, mut bytes) = ([EndIndex::from_index(0); AT_ONCE], [0; AT_ONCE]);
    for (index, line) in lines.iter().enumerate() {
        ends[index] = EndIndex::new(connections[index] as usize, line.sender);
        bytes[index] = line.bytes;
    }
    let mut taken = 0;
    for same in lines.chunk_by(|a, b| a.timestamp == b.timestamp) {
        let all = taken..taken + same.len();
        let now = worker.take_plain(same[0].timestamp, &ends[all.clone()], &bytes[all]);
        taken += now;
        if now < same.len() {
            break;
        }
    }
    taken
}
