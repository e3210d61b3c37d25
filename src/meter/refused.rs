//! Refused records.

use crate::{
    error::{Causes, Error, ErrorKind, FAULTS_LISTED, Fault, FaultCode, Result},
    model::{invalid::Invalid, inventory::Inventory},
};
use std::{collections::BTreeMap, mem::size_of, sync::Arc};

/// Where rows stand that were brought together from several inputs.
#[derive(Debug, Clone)]
pub struct Places {
    /// The names of the inputs, in order.
    names: Vec<Arc<str>>,
    /// By row: its input, and its line there.
    rows: Vec<(u32, u64)>,
}

impl Places {
    /// Of rows in the order in which they are read: the input of each and its line there, counted from 1.
    ///
    /// ```
    /// let places = peerbill::meter::Places::new([("b.parquet", 7), ("a.parquet", 7)]);
    /// assert_eq!(places.len(), 2);
    /// ```
    pub fn new<'a>(rows: impl IntoIterator<Item = (&'a str, u64)> + Clone) -> Self {
        let names: BTreeMap<&str, u32> = rows.clone().into_iter().map(|(name, _)| (name, 0)).collect();
        let numbers: BTreeMap<&str, u32> = names.keys().copied().zip(0..).collect();
        let rows = rows.into_iter().map(|(name, line)| (numbers[name], line)).collect();
        Self { names: names.into_keys().map(Into::into).collect(), rows }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Tells where a fault stands whose line is the number of a row; which of the inputs that is.
    fn put(&self, fault: &mut Fault) -> usize {
        let row = fault.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
        let Some(&(source, line)) = row.and_then(|row| self.rows.get(row)) else { return 0 };
        // A datapoint without its answer is counted in its input, of which a row holds one.
        let counted = fault.line.map(|line| format!("datapoint {line}"));
        if let (Some(counted), Some(path)) = (counted, &fault.path)
            && let Some(rest) = path.strip_prefix(&counted)
        {
            fault.path = Some(format!("datapoint {line}{rest}").into());
        }
        // OK because a row's input is one of them.
        fault.input = Some(self.names[source as usize].clone());
        fault.line = Some(line);
        source as usize
    }
}

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
    /// Its place among all records of the traffic, counted from 1, by which one that lies in several months is known.
    pub(super) number: u64,
}

impl RefusedRecord {
    /// Counts from the start of the source, and of all sources.
    pub(super) fn move_down(&mut self, lines: u64, records: u64) {
        self.fault.move_down(lines);
        self.number += records;
    }
}

impl RefusedRecord {
    /// Tells its place, and takes the line where it was read as its number.
    pub(super) fn move_to(&mut self, places: &Places) {
        self.number = self.fault.line.unwrap_or_default();
        self.source = places.put(&mut self.fault);
    }

    /// What it takes, in bytes of memory, about: itself, its texts, and what an allocator adds to each.
    pub(super) fn taken(&self) -> u64 {
        const EACH: usize = 16;
        let fields = self.fields.iter().flatten().map(|field| field.capacity() + EACH);
        let texts = self.raw.capacity()
            + self.fault.message.capacity()
            + self.fault.path.as_ref().map_or(0, |path| path.len());
        (size_of::<Self>() + fields.sum::<usize>() + texts + 3 * EACH) as u64
    }
}

/// Which refused records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Those that are listed.
    First,
    /// All, as long as they take no more than so many bytes of memory.
    All {
        /// What they may take.
        bytes: u64,
    },
}

impl Keep {
    /// Whether so many bytes are too much.
    pub fn is_passed_by(self, taken: u64) -> bool {
        matches!(self, Self::All { bytes } if taken > bytes)
    }
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
    /// What the kept ones take, in bytes of memory, about.
    pub taken: u64,
    /// Whether all were to be kept, and took too much: only the first ones are here then.
    pub too_many: bool,
    /// The numbers of billed records whose copies are among these, where all are to be kept.
    pub originals: Vec<u64>,
}

impl Refusals {
    /// Counts a record, which stands for so many, and keeps it, or only the first ones.
    pub fn add(&mut self, record: RefusedRecord, cause: Option<&str>, times: u64, keep: Keep) {
        let code = record.fault.code;
        if !is_secondary(code) {
            self.causes.add(record.source, &record.fault, cause, times);
        }
        self.for_cause += if code == FaultCode::DroppedCopy { 0 } else { times };
        self.for_connection += if code == FaultCode::FaultyConnection { times } else { 0 };
        *self.by_code.entry(code).or_default() += times;
        self.taken += record.taken();
        self.records.push(record);
        self.too_many |= keep.is_passed_by(self.taken);
        if self.keeps_first(keep) && self.records.len() >= 4 * FAULTS_LISTED {
            self.keep_first();
        }
    }

    /// Counts their lines from the start of the source, which has so many before them.
    /// Its records have so many of all sources before them.
    pub fn move_down(&mut self, lines: u64, records: u64) {
        self.records.iter_mut().for_each(|record| record.move_down(lines, records));
        self.causes.move_down(lines);
    }

    /// Adds those that were found elsewhere.
    pub fn merge(&mut self, mut later: Self, keep: Keep) {
        self.originals.append(&mut later.originals);
        self.causes.merge(later.causes);
        self.records.append(&mut later.records);
        self.taken += later.taken;
        self.too_many |= later.too_many || keep.is_passed_by(self.taken);
        if self.keeps_first(keep) {
            self.keep_first();
        }
        self.for_cause += later.for_cause;
        self.for_connection += later.for_connection;
        for (code, count) in later.by_code {
            *self.by_code.entry(code).or_default() += count;
        }
    }

    /// Whether only the first ones are kept, as was asked for or because all are too many.
    fn keeps_first(&self, keep: Keep) -> bool {
        self.too_many || keep == Keep::First
    }

    /// The same with the first of its records.
    pub fn first_ones(&self) -> Self {
        let mut places: Vec<&RefusedRecord> = self.records.iter().collect();
        places.sort_by_key(|record| (is_secondary(record.fault.code), record.source, record.fault.line));
        Self {
            records: places.into_iter().take(FAULTS_LISTED).cloned().collect(),
            by_code: self.by_code.clone(),
            causes: self.causes.clone(),
            originals: Vec::new(),
            ..*self
        }
        .counted()
    }

    /// Tells the places of all of them, and takes the lines where they were read as their numbers.
    pub fn move_to(&mut self, places: &Places) {
        self.records.iter_mut().for_each(|record| record.move_to(places));
        self.causes.move_to(&|fault| places.put(fault));
    }

    /// Lets every record stand once, also one that lies in several months.
    pub fn once(&mut self) {
        self.records.sort_by_key(|record| record.number);
        self.records.dedup_by_key(|record| record.number);
    }

    /// Puts its records in the order of the input.
    pub fn in_order(&mut self) {
        self.records.sort_by_key(|record| (record.source, record.fault.line));
    }

    /// R15: dubious input is not billed unless that was asked for.
    pub fn refuse_faults(&self, inventory: &Inventory) -> Result<()> {
        let mut causes = Causes::default();
        (0..).zip(inventory.faults()).for_each(|(order, fault)| causes.add(order, fault, None, 1));
        let total = causes.total() + self.causes.total();
        let mut faults = causes.listed();
        faults.extend(self.causes.clone().listed());
        Error::from_listed(ErrorKind::Input, faults, total).map_or(Ok(()), Err)
    }

    /// Records that are to be kept and take more memory than they may are so many that one mistake is behind most of them.
    pub fn refuse_too_many(&self, bytes: u64) -> Result<()> {
        if !self.too_many {
            return Ok(());
        }
        let records = self.by_code.values().sum::<u64>();
        let why = format!(
            "bounds what refused records take, {bytes} bytes, and {records} of them are more than that: so many are most often \
             one mistake, such as connections of another month; their causes follow"
        );
        let setting = Some("memory");
        let mut faults = vec![Fault { setting, ..Fault::new(FaultCode::UnusableInput, why) }];
        faults.extend(self.causes.clone().listed());
        Error::from_listed(ErrorKind::Input, faults, 1 + self.causes.total()).map_or(Ok(()), Err)
    }

    /// With what its records take.
    fn counted(self) -> Self {
        Self { taken: self.records.iter().map(RefusedRecord::taken).sum(), ..self }
    }

    /// Keeps the records that would be listed: the first ones by place, those with a cause of their own before others.
    fn keep_first(&mut self) {
        self.records
            .sort_by_key(|record| (is_secondary(record.fault.code), record.source, record.fault.line));
        self.records.truncate(FAULTS_LISTED);
        self.taken = self.records.iter().map(RefusedRecord::taken).sum();
    }
}

/// A copy that was dropped is no fault, and one in a connection's row is listed once, not with each record.
fn is_secondary(code: FaultCode) -> bool {
    matches!(code, FaultCode::DroppedCopy | FaultCode::FaultyConnection)
}
