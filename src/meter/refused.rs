//! Refused records.

use crate::{
    error::{Causes, FAULTS_LISTED, Fault, FaultCode},
    model::invalid::Invalid,
};
use std::collections::BTreeMap;

/// Why a record is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: FaultCode,
    pub why: Invalid,
    /// What tells it from refusals of the same code where its words tell more than the cause.
    pub cause: Option<Box<str>>,
}

impl Refusal {
    pub fn new(code: FaultCode, why: impl Into<Invalid>) -> Self {
        Self { code, why: why.into(), cause: None }
    }

    /// The same, of a cause that its records share.
    pub fn because_of(self, cause: &str) -> Self {
        Self { cause: Some(cause.into()), ..self }
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
    /// Of those that have a cause of their own.
    pub causes: Causes,
}

impl Refusals {
    /// Counts a record, which stands for so many, and keeps it, or only the first ones.
    pub fn add(&mut self, record: RefusedRecord, cause: Option<&str>, times: u64, keep_all: bool) {
        let code = record.fault.code;
        if !is_secondary(code) {
            self.causes.add(record.source, &record.fault, cause, times);
        }
        self.for_cause += if code == FaultCode::DroppedCopy { 0 } else { times };
        self.for_connection += if code == FaultCode::FaultyConnection { times } else { 0 };
        *self.by_code.entry(code).or_default() += times;
        self.records.push(record);
        if !keep_all && self.records.len() >= 4 * FAULTS_LISTED {
            self.keep_first();
        }
    }

    /// Counts their lines from the start of the source, which has so many before them.
    pub fn move_down(&mut self, lines: u64) {
        self.records.iter_mut().for_each(|record| record.fault.move_down(lines));
        self.causes.move_down(lines);
    }

    /// Adds those that were found elsewhere.
    pub fn merge(&mut self, mut later: Self, keep_all: bool) {
        self.causes.merge(later.causes);
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
        self.records
            .sort_by_key(|record| (is_secondary(record.fault.code), record.source, record.fault.line));
        self.records.truncate(FAULTS_LISTED);
    }
}

/// A copy that was dropped is no fault, and one in a connection's row is listed once, not with each record.
fn is_secondary(code: FaultCode) -> bool {
    matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection)
}
