//! What metering gives.

use super::{
    hourly::HourlyUsage,
    refused::{Refusals, RefusedRecord},
    totals::{ControlTotals, UnknownConnections},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        inventory::Inventory,
        time::{BillingMonth, Offset, Period},
    },
    read::record::Notes,
};
use std::{collections::BTreeMap, sync::Arc};

/// Metered traffic of a month, with all that it belongs to: its connections, its month, its rule for duplicates.
#[derive(Debug, Clone)]
pub struct Metered {
    inventory: Arc<Inventory>,
    month: BillingMonth,
    offset: Offset,
    duplicates: Duplicates,
    pub(super) reading: Reading,
}

/// What a reading of traffic gives.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Bytes by connection, sender and hour.
    pub usage: HourlyUsage,
    /// Where every record went.
    pub totals: ControlTotals,
    pub refusals: Refusals,
    /// What records of the period tell of connections that the inventory lacks.
    pub unknown: UnknownConnections,
    /// What was seen in the sources beside records.
    pub notes: Notes,
}

impl Metered {
    pub(super) fn new(inventory: Arc<Inventory>, settings: &MeterSettings, reading: Reading) -> Result<Self> {
        let &MeterSettings { month, offset, duplicates, refused, .. } = settings;
        if refused == Refused::Fail {
            reading.refuse_faults(&inventory)?;
        }
        Ok(Self { inventory, month, offset, duplicates, reading })
    }

    /// The connections that it is of.
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// The billing month.
    pub fn month(&self) -> BillingMonth {
        self.month
    }

    /// The offset in which the month has its edges (R12).
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// What was done with duplicates.
    pub fn duplicates(&self) -> Duplicates {
        self.duplicates
    }

    /// Bytes by connection, sender and hour.
    pub fn usage(&self) -> &HourlyUsage {
        &self.reading.usage
    }

    /// Where every record went (R14).
    pub fn totals(&self) -> ControlTotals {
        self.reading.totals
    }

    /// Refused records in the order of the input: all with [`Refused::Keep`], otherwise the first ones.
    pub fn refused(&self) -> &[RefusedRecord] {
        &self.reading.refusals.records
    }

    /// How many refused records are not just dropped copies.
    pub fn refused_for_cause(&self) -> u64 {
        self.reading.refusals.for_cause
    }

    /// Refused records by reason.
    pub fn refused_by_code(&self) -> &BTreeMap<FaultCode, u64> {
        &self.reading.refusals.by_code
    }

    /// What records of the month tell of connections that the inventory lacks.
    pub fn unknown(&self) -> &UnknownConnections {
        &self.reading.unknown
    }

    /// What was seen in the sources beside records.
    pub(crate) fn notes(&self) -> &Notes {
        &self.reading.notes
    }

    /// A digest over the sorted metered hours: the same for the same hours, whatever they were read from (R17).
    pub fn digest(&self) -> Result<String> {
        self.usage().digest(&self.inventory)
    }
}

impl Reading {
    /// R15: dubious input is not billed unless that was asked for.
    fn refuse_faults(&self, inventory: &Inventory) -> Result<()> {
        let mut faults: Vec<Fault> = inventory.faults().to_vec();
        // A copy that was dropped is no fault, and one in a connection's row is listed once, not with each record.
        let secondary = [FaultCode::DroppedCopy, FaultCode::FaultyConnection];
        let of_records = self.refusals.records.iter().map(|record| &record.fault);
        faults.extend(of_records.filter(|fault| !secondary.contains(&fault.code)).cloned());
        let of_records = self.refusals.for_cause - self.refusals.for_connection;
        let total = inventory.faults().len() as u64 + of_records;
        Error::from_listed(ErrorKind::Input, faults, total).map_or(Ok(()), Err)
    }
}

/// What becomes of a record that stands twice: same connection, sender and timestamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Duplicates {
    /// Every copy is refused.
    #[default]
    Refuse,
    /// One is kept where their bytes are equal; all are refused where they differ.
    First,
    /// They add up.
    Sum,
}

impl Duplicates {
    /// `refuse`, `first` or `sum`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::First => "first",
            Self::Sum => "sum",
        }
    }
}

/// What becomes of records that cannot be billed (R15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refused {
    /// They are an error that lists them: nothing is metered.
    #[default]
    Fail,
    /// They are counted, and the first ones are told.
    Count,
    /// They are all kept, for a quarantine.
    Keep,
}

/// How to meter: for which month, and by which rules.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct MeterSettings {
    /// The billing month; records outside it are counted and left out.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// What becomes of duplicates.
    pub duplicates: Duplicates,
    /// What becomes of records that cannot be billed.
    pub refused: Refused,
    /// How many threads read and sum; the result does not depend on it.
    pub threads: usize,
}

impl MeterSettings {
    /// To meter `month` at UTC+8 on one thread, refusing duplicates and whatever cannot be billed.
    pub fn new(month: BillingMonth) -> Self {
        Self {
            month,
            offset: Offset::CHINA,
            duplicates: Duplicates::Refuse,
            refused: Refused::Fail,
            threads: 1,
        }
    }

    /// The hours of the month.
    pub fn period(&self) -> Period {
        self.month.period(self.offset)
    }

    pub(super) fn rules(&self) -> Rules {
        let keep_all = self.refused == Refused::Keep;
        Rules { period: self.period(), duplicates: self.duplicates, keep_all, threads: self.threads }
    }
}

/// What a reading needs of the settings; its period need not be a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub period: Period,
    pub duplicates: Duplicates,
    /// Keep every refused record, not just the first ones.
    pub keep_all: bool,
    pub threads: usize,
}
