//! What a worker found in one span of a source, beside the bytes that it summed.

use super::{
    duplicates::{HeldDuplicate, repeated::Identities},
    refused::{Refusals, RefusedRecord},
    totals::ControlTotals,
    unknown::UnknownConnections,
};
use crate::{error::Result, read::record::Notes};

/// What was found in a span of a source, or in several; lines count from the start of the first.
#[derive(Default)]
pub(super) struct SpanFindings {
    /// Lines that were read, or rows.
    pub lines: u64,
    /// Where records went; those that are held are only read.
    pub totals: ControlTotals,
    pub refusals: Refusals,
    pub unknown: UnknownConnections,
    pub notes: Notes,
    /// Duplicates, set aside until all are known.
    pub held: Vec<HeldDuplicate>,
    /// Where this is asked for: which records there are.
    pub collected: Identities,
    /// Likewise, those that a digest tells apart.
    pub digests: Vec<u128>,
}

impl SpanFindings {
    /// Counts a refused record and keeps it, or only the first ones.
    pub fn refuse(&mut self, record: RefusedRecord, bytes: u128, keep_all: bool) {
        self.totals.refused.add(bytes);
        self.refusals.add(record, keep_all);
    }

    /// Adds what was found later in the input; of refused records all are kept, or only the first ones.
    pub fn merge(&mut self, mut later: Self, keep_all: bool) -> Result<()> {
        self.lines += later.lines;
        self.totals.merge(&later.totals)?;
        self.refusals.merge(later.refusals, keep_all);
        self.unknown.merge(later.unknown);
        self.notes.add(later.notes);
        self.held.append(&mut later.held);
        self.collected.append(&mut later.collected);
        self.digests.append(&mut later.digests);
        Ok(())
    }
}
