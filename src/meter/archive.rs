//! What an archive of metered hours tells of the records that it was made of: the control totals of its metering (R14).

use super::{
    metered::{Duplicates, MeterSettings, Metered, Refused},
    passes::read_hours,
    totals::{ControlTotals, Count},
};
use crate::{
    error::{Error, ErrorKind, FAULTS_LISTED, Fault, FaultCode, Result},
    model::{
        invalid::Invalid,
        inventory::Inventory,
        time::{BillingMonth, Offset},
    },
    read::{Document, TrafficSource},
};
use serde::Deserialize;
use std::sync::Arc;

/// What the metering of an archive counted, and which hours that gave.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ArchivedTotals {
    /// The month that was metered.
    pub month: BillingMonth,
    /// The offset in which it has its edges (R12).
    pub offset: Offset,
    /// What was done with records that stand twice (R15).
    pub duplicates: Duplicates,
    /// Where every record went.
    pub totals: ControlTotals,
    /// The digest over the hours (R17).
    pub usage_digest: String,
    /// Where its hours go, each as one record, where that was looked at.
    #[cfg_attr(feature = "serde", serde(skip))]
    hours: Option<ControlTotals>,
}

/// The archives whose hours a report is of.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Archives {
    /// What they tell of the records that they were made of, in the order of months.
    pub totals: Vec<ArchivedTotals>,
    /// How many tell nothing of that.
    pub without_totals: u64,
}

impl Archives {
    /// Whether there is no archive at all.
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty() && self.without_totals == 0
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.without_totals += others.without_totals;
        others.totals.into_iter().for_each(|own| self.add(Some(own)));
    }

    /// Adds an archive: its control totals, where it has some.
    pub fn add(&mut self, totals: Option<ArchivedTotals>) {
        match totals {
            None => self.without_totals += 1,
            Some(totals) => {
                self.totals.push(totals);
                // In an order that does not depend on that of the inputs (R17).
                self.totals.sort_by(|one, other| {
                    let key = |own: &ArchivedTotals| (own.month.to_string(), own.usage_digest.clone());
                    key(one).cmp(&key(other))
                });
            }
        }
    }
}

impl ArchivedTotals {
    /// Those of a metering whose hours are about to be archived.
    ///
    /// # Errors
    ///
    /// [`Overflow`](ErrorKind::Overflow) where the bytes of a connection and sender in one hour exceed 2^128.
    pub fn of(metered: &Metered) -> Result<Self> {
        Ok(Self {
            month: metered.month(),
            offset: metered.offset(),
            duplicates: metered.duplicates(),
            totals: metered.totals(),
            usage_digest: metered.digest()?,
            hours: None,
        })
    }

    /// Those of a metering of archives, with or without further records: instead of their hours, what those were made of is
    /// counted, where they are of its month.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn carried(metered: &Metered, archives: &Archives) -> Result<Self> {
        let mut own = Self::of(metered)?;
        for archive in &archives.totals {
            let Some(hours) =
                archive.hours.filter(|_| (archive.month, archive.offset) == (own.month, own.offset))
            else {
                continue;
            };
            let mut with = own.totals;
            with.merge(&archive.totals)?;
            // An archive whose hours are not all here, because some were refused, stays what it is here: hours.
            own.totals = with.without(&hours).unwrap_or(own.totals);
        }
        Ok(own)
    }

    /// Reads them, as [`write::metered::totals`](crate::write::metered::totals) writes them.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where a member is missing, unknown or no such value, and where they do not add up.
    pub fn read(document: &Document) -> Result<Self> {
        let unusable = |line, why: Invalid| {
            let why = why.about("holds no control totals of metered hours");
            Error::new(
                ErrorKind::Input,
                Fault { line, ..Fault::of_input(FaultCode::UnusableInput, &document.name, why) },
            )
        };
        let json: JsonArchived = serde_json::from_slice(&document.text).map_err(|error| {
            let why = crate::read::json::without_place(&error);
            unusable(Some(error.line() as u64), why.into())
        })?;
        json.read().map_err(|why| unusable(None, why))
    }

    /// Them, once it is seen that they are those of an archive, which may be read for other months as well.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where the hours of `source` are not those that they were made of.
    pub fn check(
        mut self,
        source: &TrafficSource,
        inventory: &Arc<Inventory>,
        threads: usize,
    ) -> Result<Self> {
        let mut settings = MeterSettings::new(self.month);
        (settings.offset, settings.threads, settings.refused) = (self.offset, threads, Refused::Count);
        let reading = read_hours(std::slice::from_ref(source), inventory, &settings.rules())?;
        let metered = Metered::new(inventory.clone(), &settings, reading)?;
        let rows = metered.totals();
        // Where connections are not known any more, only their bytes can be looked at.
        let all_known = rows.refused.records == 0 && rows.outside_period.records == 0;
        let same = match all_known {
            true => metered.digest()? == self.usage_digest,
            false => rows.read.bytes == self.totals.billed.bytes + self.totals.free.bytes,
        };
        self.hours = all_known.then_some(rows);
        match same {
            true => Ok(self),
            false => Err(source.unusable(
                "its control totals are those of other hours: it was changed since it was metered, or they belong to \
                 another archive; meter again, or take the control totals away",
            )),
        }
    }
}

/// What becomes of an hour of one end that stands in an archive and in what is added to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It is refused: hours keep no identity of their records, so it cannot be told which is meant.
    #[default]
    Refuse,
    /// The archived one is dropped: what is added is the whole hour.
    Replace,
    /// Both are summed: what is added are further records.
    Add,
}

/// What a merge tells, beside its hours.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Merged {
    /// All hours. What was refused is that of what was added.
    pub metered: Metered,
    /// How many hours of ends stood in both.
    pub overlapping: u64,
}

impl Metered {
    /// Adds a late export to an archive of the same month, metered over the same connections.
    ///
    /// Control totals are of both; an archived hour that is replaced moves from what is billed, or free, to what is refused,
    /// as one record with its bytes.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where an hour of one end stands in both and [`Overlap::Refuse`] is asked for, with all such
    /// hours; [`Usage`](ErrorKind::Usage) where both are not of one inventory and period; [`Overflow`](ErrorKind::Overflow)
    /// where a sum is too large.
    pub fn merged_into(mut self, archived: &Self, overlap: Overlap) -> Result<Merged> {
        let same_period = archived.usage().period() == self.usage().period();
        if !Arc::ptr_eq(archived.inventory(), self.inventory()) || !same_period {
            return Err(Error::usage("an archive is merged with traffic of the same connections and period"));
        }
        let mut totals = self.totals();
        totals.merge(&archived.totals())?;
        let (mut faults, mut overlapping) = (Vec::new(), 0);
        let mut all = self.usage().collected();
        let inventory = self.inventory().clone();
        archived.usage().try_each_beside(self.usage(), |end, hour, before, added| {
            let (Some(before), Some(added)) = (before, added) else {
                before.or(added).into_iter().for_each(|bytes| all.add(end, hour, bytes));
                return Ok(());
            };
            overlapping += 1;
            let connection = inventory.connection(end.connection());
            match overlap {
                Overlap::Add => {
                    let sum = before.checked_add(added);
                    all.add(end, hour, sum.ok_or_else(|| Error::overflow("an hour exceeds 2^128 bytes"))?);
                }
                Overlap::Replace => {
                    totals.refuse_of(connection.within_region(), before);
                    all.add(end, hour, added);
                }
                Overlap::Refuse if faults.len() < FAULTS_LISTED => {
                    let (id, sender) = (&connection.id, end.sender());
                    let why =
                        format!("{id}, {sender}, {hour}: {before} bytes in the archive, {added} beside it");
                    faults.push(Fault::new(FaultCode::DuplicateRecord, why));
                }
                Overlap::Refuse => {}
            }
            Ok(())
        })?;
        if overlapping > 0 && overlap == Overlap::Refuse {
            let why = format!(
                "must tell replace or add: {overlapping} hours of one end stand in the archive and in what is added to it"
            );
            let first = Fault { setting: Some("overlap"), ..Fault::new(FaultCode::UnusableInput, why) };
            let faults = [first].into_iter().chain(faults).collect();
            return Error::from_listed(ErrorKind::Input, faults, overlapping + 1)
                .map_or_else(|| Err(Error::internal("hours overlap, and no fault tells of it")), Err);
        }
        totals.check()?;
        let usage = all.finish();
        (self.reading.usage, self.reading.totals) = (usage, totals);
        Ok(Merged { metered: self, overlapping })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonArchived {
    billing_month: String,
    offset: String,
    duplicates: Duplicates,
    control_totals: JsonTotals,
    usage_digest: String,
    #[serde(rename = "peerbill_version")]
    _peerbill_version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTotals {
    records: JsonCounts,
    bytes: JsonCounts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonCounts {
    read: String,
    billed: String,
    free: String,
    outside_period: String,
    refused: String,
}

impl JsonArchived {
    fn read(self) -> Result<ArchivedTotals, Invalid> {
        let Self { control_totals: JsonTotals { records, bytes }, .. } = self;
        let [records, bytes] = [records, bytes].map(|own| {
            [own.read, own.billed, own.free, own.outside_period, own.refused].map(|text| whole(&text))
        });
        let mut counts = Vec::with_capacity(records.len());
        for (records, bytes) in records.into_iter().zip(bytes) {
            let records = u64::try_from(records?).map_err(|_| Invalid::new("records exceed 2^64"))?;
            counts.push(Count { records, bytes: bytes? });
        }
        let [read, billed, free, outside_period, refused] = counts[..] else {
            return Err("control totals are five".into());
        };
        let totals = ControlTotals { read, billed, free, outside_period, refused };
        totals.check().map_err(|_| Invalid::new("control totals do not add up"))?;
        Ok(ArchivedTotals {
            month: self.billing_month.parse()?,
            offset: self.offset.parse()?,
            duplicates: self.duplicates,
            totals,
            usage_digest: self.usage_digest,
            hours: None,
        })
    }
}

fn whole(text: &str) -> Result<u128, Invalid> {
    let read = text.parse::<u128>().ok().filter(|number| number.to_string() == text);
    read.ok_or_else(|| format!("{} is no whole number", crate::model::quoted(text.as_bytes())).into())
}
