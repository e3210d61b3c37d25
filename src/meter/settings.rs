//! How to meter: for which month, and by which rules.

use crate::model::time::{BillingMonth, Offset, Period};

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
