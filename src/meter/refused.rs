//! Refused records.

use crate::{
    error::{FAULTS_LISTED, Fault, FaultCode},
    model::invalid::Invalid,
};
use std::collections::BTreeMap;

/// Why a record is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: FaultCode,
    pub why: Invalid,
}

impl Refusal {
    pub fn new(code: FaultCode, why: impl Into<Invalid>) -> Self {
        Self { code, why: why.into() }
    }

    /// For what is wrong with the connection's own row or changes.
    pub fn of_faulty_connection(cause: &Fault) -> Self {
        Self::new(FaultCode::FaultyConnection, cause.as_reason())
    }
}

/// A record that was not billed, and why.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Index of the source it was read from, among those that were metered; 0 where records were handed in.
    pub source: usize,
    /// The reason, and the place: name of the input, line counted from 1, and path within a document.
    pub fault: Fault,
    /// Its timestamp, connection, sender and bytes as they stand in the input, where they could be told apart.
    pub fields: Option<[Vec<u8>; 4]>,
    /// The record as it stands in the input, where they could not; otherwise empty.
    pub raw: Vec<u8>,
}

/// Refused records, as far as they are kept, and how many there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals {
    /// In the order of the input once all were found: all, or the first ones.
    pub records: Vec<RefusedRecord>,
    /// How many of all are not just dropped duplicates.
    pub for_cause: u64,
    /// How many of those are refused only because their connection's own row or changes are bad.
    pub for_connection: u64,
    /// How many there are of each reason.
    pub by_code: BTreeMap<FaultCode, u64>,
}

impl Refusals {
    /// Counts a record and keeps it, or only the first ones.
    pub fn add(&mut self, record: RefusedRecord, keep_all: bool) {
        let code = record.fault.code;
        self.for_cause += u64::from(code != FaultCode::DroppedCopy);
        self.for_connection += u64::from(code == FaultCode::FaultyConnection);
        *self.by_code.entry(code).or_default() += 1;
        self.records.push(record);
        if !keep_all && self.records.len() >= 4 * FAULTS_LISTED {
            self.keep_first();
        }
    }

    /// Adds those that were found elsewhere.
    pub fn merge(&mut self, mut later: Self, keep_all: bool) {
        self.records.append(&mut later.records);
        if !keep_all {
            self.keep_first();
        }
        self.for_cause += later.for_cause;
        self.for_connection += later.for_connection;
        for (code, count) in later.by_code {
            *self.by_code.entry(code).or_default() += count;
        }
    }

    /// Keeps the records that would be listed: the first ones by place, those with a cause of their own before others.
    fn keep_first(&mut self) {
        let secondary = |code| matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection);
        self.records.sort_by_key(|record| (secondary(record.fault.code), record.source, record.fault.line));
        self.records.truncate(FAULTS_LISTED);
    }
}
