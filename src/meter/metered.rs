//! What metering gives, and the settings by which it does.

use super::{
    hourly::HourlyUsage,
    refused::{Keep, Refusals, RefusedRecord},
    totals::{ControlTotals, UnknownConnections},
};
use crate::{
    error::{Causes, Error, ErrorKind, Fault, FaultCode, Result},
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
    /// In which months the records outside the period lie.
    pub outside: BTreeMap<BillingMonth, u64>,
    /// What was seen in the sources beside records.
    pub notes: Notes,
}

impl Metered {
    pub(super) fn new(inventory: Arc<Inventory>, settings: &MeterSettings, reading: Reading) -> Result<Self> {
        let &MeterSettings { month, offset, duplicates, refused, .. } = settings;
        match refused {
            Refused::Fail => reading.refuse_faults(&inventory)?,
            Refused::Keep => reading.refuse_too_many(settings.refused_memory)?,
            Refused::Count => {}
        }
        Ok(Self { inventory, month, offset, duplicates, reading })
    }

    /// The connections that it is of, as they were given; an index in its hours is one into them.
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// The billing month, as the settings had it.
    pub fn month(&self) -> BillingMonth {
        self.month
    }

    /// The offset in which the month has its edges (R12).
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// What was done with records that stand twice (R15).
    pub fn duplicates(&self) -> Duplicates {
        self.duplicates
    }

    /// Bytes by connection, sender and hour of the month.
    ///
    /// ```
    /// use peerbill::{MeterSettings, TrafficSource, inventory, meter, model::usage::Sender};
    ///
    /// let inventory = inventory(
    ///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
    ///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
    ///     None,
    /// )?;
    /// let usage = TrafficSource::from_bytes(
    ///     "usage.csv",
    ///     "timestamp,connection_id,sender,bytes\n\
    ///      2026-10-05T03:00:00Z,pcc-1,requester,1000\n\
    ///      2026-10-05T03:30:00Z,pcc-1,requester,24\n",
    /// );
    /// let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?;
    /// let hours = metered.usage().metered_hours()?;
    /// assert_eq!(hours.len(), 1);
    /// assert_eq!((hours[0].hour.to_string(), hours[0].bytes), ("2026-10-05T03:00:00Z".to_string(), 1024));
    /// assert_eq!((hours[0].connection, hours[0].sender), (0, Sender::Requester));
    /// # Ok::<(), peerbill::Error>(())
    /// ```
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

    /// How many records are refused, those aside that are dropped copies ([`Duplicates::First`]); kept or not.
    pub fn refused_for_cause(&self) -> u64 {
        self.reading.refusals.for_cause
    }

    /// How many records are refused for each reason, dropped copies among them; kept or not.
    pub fn refused_by_code(&self) -> &BTreeMap<FaultCode, u64> {
        &self.reading.refusals.by_code
    }

    /// Why records are refused: a fault for each cause, with how many records have it, in the order of the input. Dropped
    /// copies and records of [faulty connections](FaultCode::FaultyConnection) are not among them.
    ///
    /// Where there are more than 4096 causes only the first ones are listed, without their numbers.
    pub fn causes(&self) -> Vec<Fault> {
        self.reading.refusals.causes.clone().listed()
    }

    /// What records of the month tell of connections that the inventory lacks.
    pub fn unknown(&self) -> &UnknownConnections {
        &self.reading.unknown
    }

    /// In which months the records outside the period lie, with their edges in the offset, and how many there are.
    pub fn outside_months(&self) -> &BTreeMap<BillingMonth, u64> {
        &self.reading.outside
    }

    /// How it was metered, keeping every refused record.
    pub(crate) fn rules_keeping_all(&self) -> Rules {
        let Self { offset, duplicates, .. } = *self;
        let (period, threads) = (self.usage().period(), self.usage().threads());
        Rules { period, offset, duplicates, keep: Keep::All { bytes: REFUSED_MEMORY }, threads }
    }

    /// What was seen in the sources beside records.
    pub(crate) fn notes(&self) -> &Notes {
        &self.reading.notes
    }

    /// A digest over the sorted metered hours: the same for the same hours, whatever they were read from (R17).
    ///
    /// It is BLAKE3 in hexadecimal, over ids, senders, hours and bytes, as decision 14 lays down
    /// (`docs/decisions/0014-the-usage-digest.md`).
    ///
    /// # Errors
    ///
    /// [`Overflow`](ErrorKind::Overflow) where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn digest(&self) -> Result<String> {
        self.usage().digest(&self.inventory)
    }
}

impl Reading {
    /// R15: dubious input is not billed unless that was asked for.
    fn refuse_faults(&self, inventory: &Inventory) -> Result<()> {
        let mut causes = Causes::default();
        (0..).zip(inventory.faults()).for_each(|(order, fault)| causes.add(order, fault, None, 1));
        let total = causes.total() + self.refusals.causes.total();
        let mut faults = causes.listed();
        faults.extend(self.refusals.causes.clone().listed());
        Error::from_listed(ErrorKind::Input, faults, total).map_or(Ok(()), Err)
    }

    /// Records that are to be kept and take more memory than they may are so many that one mistake is behind most of them.
    pub fn refuse_too_many(&self, bytes: u64) -> Result<()> {
        if !self.refusals.too_many {
            return Ok(());
        }
        let records = self.refusals.by_code.values().sum::<u64>();
        let why = format!(
            "bounds what refused records take, {bytes} bytes, and {records} of them are more than that: so many are most often \
             one mistake, such as connections of another month; their causes follow"
        );
        let setting = Some("memory");
        let mut faults = vec![Fault { setting, ..Fault::new(FaultCode::UnusableInput, why) }];
        faults.extend(self.refusals.causes.clone().listed());
        Error::from_listed(ErrorKind::Input, faults, 1 + self.refusals.causes.total()).map_or(Ok(()), Err)
    }
}

/// What becomes of a record that stands twice: same connection, sender and timestamp, in one source or in several.
/// Entries of flow logs stand twice where eni, 5-tuple, start and end are the same (R15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Duplicates {
    /// Every copy is refused, as [`FaultCode::DuplicateRecord`].
    #[default]
    Refuse,
    /// One is kept where their bytes are equal, the others are [`FaultCode::DroppedCopy`]; all are refused where the
    /// bytes differ.
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
    /// They are an error that lists the first ones and counts all: nothing is metered.
    #[default]
    Fail,
    /// They are counted by reason, and the first ones are told; the rest is metered.
    Count,
    /// They are all kept in memory, for a quarantine ([`mod@crate::write::quarantine`]); the rest is metered.
    Keep,
}

/// What refused records may take.
pub(crate) const REFUSED_MEMORY: u64 = 4 << 30;

/// How to meter: for which month, and by which rules.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct MeterSettings {
    /// The billing month; records outside it are counted and left out.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// What becomes of duplicates (R15).
    pub duplicates: Duplicates,
    /// What becomes of records that cannot be billed (R15).
    pub refused: Refused,
    /// The memory that refused records may take where all are kept ([`Refused::Keep`]), in bytes, 4 GiB unless told
    /// otherwise: where they would take more, that is an error with their causes, and nothing is metered.
    pub refused_memory: u64,
    /// How many threads read and sum, at least one; the result does not depend on it (R17).
    pub threads: usize,
}

impl MeterSettings {
    /// To meter `month` at UTC+8 on one thread, refusing duplicates and failing at whatever cannot be billed.
    pub fn new(month: BillingMonth) -> Self {
        Self {
            month,
            offset: Offset::CHINA,
            duplicates: Duplicates::Refuse,
            refused: Refused::Fail,
            refused_memory: REFUSED_MEMORY,
            threads: 1,
        }
    }

    /// The hours of the month, in UTC, with its edges in [`offset`](Self::offset) (R12).
    pub fn period(&self) -> Period {
        self.month.period(self.offset)
    }

    pub(super) fn rules(&self) -> Rules {
        let keep = match self.refused {
            Refused::Keep => Keep::All { bytes: self.refused_memory },
            Refused::Fail | Refused::Count => Keep::First,
        };
        let Self { offset, duplicates, threads, .. } = *self;
        Rules { period: self.period(), offset, duplicates, keep, threads }
    }
}

/// What a reading needs of the settings; its period need not be a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub period: Period,
    /// In which months outside the period have their edges.
    pub offset: Offset,
    pub duplicates: Duplicates,
    /// Which refused records are kept.
    pub keep: Keep,
    pub threads: usize,
}
