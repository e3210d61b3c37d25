//! What metering gives, and the settings by which it does.

use super::{
    hourly::HourlyUsage,
    refused::{Keep, Refusals, RefusedRecord},
    totals::{ControlTotals, UnknownConnections},
};
use crate::{
    error::{Error, Fault, FaultCode, Result},
    model::{
        inventory::Inventory,
        time::{BillingMonth, Hour, Offset, Period},
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
    until: Option<Hour>,
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
        let &MeterSettings { month, offset, duplicates, refused, until, .. } = settings;
        match refused {
            Refused::Fail => reading.refusals.refuse_faults(&inventory)?,
            Refused::Keep => reading.refusals.refuse_too_many(settings.refused_memory)?,
            Refused::Count => {}
        }
        Ok(Self { inventory, month, offset, until, duplicates, reading })
    }

    /// Other hours of the same month and connections, of no record that was read.
    pub(crate) fn with_usage(&self, usage: HourlyUsage) -> Self {
        let reading = Reading {
            usage,
            totals: ControlTotals::default(),
            refusals: Refusals::default(),
            unknown: UnknownConnections::default(),
            outside: BTreeMap::new(),
            notes: Notes::default(),
        };
        let Self { month, offset, duplicates, .. } = *self;
        Self { inventory: self.inventory.clone(), month, offset, until: None, duplicates, reading }
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

    /// Where the month was cut off, because it was not over: the hour that the period ends before.
    pub fn until(&self) -> Option<Hour> {
        self.until
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
    /// [`Overflow`](crate::ErrorKind::Overflow) where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn digest(&self) -> Result<String> {
        self.usage().digest(&self.inventory)
    }
}

/// What becomes of a record that stands twice: same connection, sender and timestamp, in one source or in several.
/// Entries of flow logs stand twice where eni, 5-tuple, start and end are the same (R15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
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
    /// Where the month is not over: the hour before which the period ends, so that later records lie outside it and later
    /// hours lack none. One that is not of the month cuts nothing off: see [`check_until`](Self::check_until).
    pub until: Option<Hour>,
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
            until: None,
            threads: 1,
        }
    }

    /// The hours of the month, in UTC, with its edges in [`offset`](Self::offset) (R12), up to
    /// [`until`](Self::until).
    pub fn period(&self) -> Period {
        let month = self.month.period(self.offset);
        let end = self.until.map_or(month.end, |until| until.clamp(month.start, month.end));
        Period { end, ..month }
    }

    /// Fails where the instant until which the month is metered does not lie in it, or leaves it no hour.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage).
    pub fn check_until(&self) -> Result<()> {
        let month = self.month.period(self.offset);
        let Some(until) = self.until.filter(|until| *until <= month.start || month.end < *until) else {
            return Ok(());
        };
        let Self { month: name, offset, .. } = self;
        let why = format!(
            "{until}: it does not lie in {name}, which at {offset} is {} to {}",
            month.start, month.end
        );
        Err(Error::setting("until", why))
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
