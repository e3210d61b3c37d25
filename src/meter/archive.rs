//! What an archive of metered hours tells of the records that it was made of: the control totals of its metering (R14).

use super::{
    metered::{Duplicates, MeterSettings, Metered, Refused},
    passes::read_hours,
    totals::{ControlTotals, Count},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
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
            // An archive whose hours were refused, or are others than it was metered to, stays what it is here: hours.
            if let Some(rest) = own.totals.without(&hours) {
                own.totals = rest;
                own.totals.merge(&archive.totals)?;
            }
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
