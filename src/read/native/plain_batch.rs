//! Plain lines, many at once, so that what is done with each of them need not wait for the one before.

use super::{
    columns::RecordKind,
    plain::{PADDING, PlainLine, PlainReader},
};

/// So many lines are read at once at most.
pub(crate) const AT_ONCE: usize = 32;

/// Plain lines that are read before any of them is taken.
pub(crate) struct PlainBatch {
    reader: PlainReader,
    lines: Vec<PlainLine>,
    /// How many are read at once.
    at_once: usize,
}

/// How far plain lines were read or taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainProgress {
    pub lines: usize,
    pub bytes: usize,
    /// Whether the line behind them must be read in the general way.
    pub stopped: bool,
}

impl PlainBatch {
    pub fn new() -> Self {
        Self { reader: PlainReader::new(), lines: vec![PlainLine::EMPTY; AT_ONCE], at_once: AT_ONCE }
    }

    /// The lines that were read last, of which as many mean something as [`PlainBatch::read`] said.
    pub fn lines(&self) -> &[PlainLine] {
        &self.lines
    }

    /// Reads some of the plain lines at the start of `padded`, which has [`PADDING`] bytes behind its `length`.
    pub fn read(&mut self, padded: &[u8], length: usize, kind: RecordKind) -> PlainProgress {
        let whole_hours = kind == RecordKind::MeteredHour;
        let (mut lines, mut at) = (0, 0);
        while lines < self.at_once && at < length {
            let plain = &mut self.lines[lines];
            let is_plain = padded[at..].first_chunk::<PADDING>().is_some_and(|line| {
                self.reader.read(line, plain)
                    && at + plain.length <= length
                    && (!whole_hours || plain.timestamp.is_whole_hour())
            });
            if !is_plain {
                return PlainProgress { lines, bytes: at, stopped: true };
            }
            at += plain.length;
            lines += 1;
        }
        PlainProgress { lines, bytes: at, stopped: false }
    }

    /// So many of the lines that were read last were taken. What was read behind a line that was not taken is read
    /// again: where there are many such, less is read at a time.
    pub fn taken(&mut self, read: PlainProgress, taken: usize) -> PlainProgress {
        let all = taken == read.lines;
        self.at_once = if all { (self.at_once * 2).min(AT_ONCE) } else { 1 };
        if all {
            return read;
        }
        let bytes = self.lines[..taken].iter().map(|line| line.length).sum();
        PlainProgress { lines: taken, bytes, stopped: true }
    }
}
