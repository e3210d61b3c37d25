//! The one [`Error`] of the crate, and the [`Fault`]s it lists.

use crate::model::{
    invalid::{Invalid, Remedy},
    link::LinkType,
    time::Hour,
};
use std::{fmt, sync::Arc};

/// Result of everything in this crate that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong; decides the exit code of the program. The faults of an error say what in particular.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting or an argument that makes no sense.
    Usage,
    /// Input that is bad or cannot be read.
    Input,
    /// A catalog, overlay or contract that is bad or cannot be read.
    Catalog,
    /// A price that is needed and not known (R5).
    MissingPrice,
    /// A quantity beyond what is computed exactly.
    Overflow,
    /// Output that cannot be written.
    Output,
    /// A broken invariant of this program, such as control totals that do not add up.
    Internal,
}

/// Why a record, a row or an input is refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    /// The input as a whole cannot be read: no such file, a broken archive, an unusable header.
    UnusableInput,
    /// A row that cannot be read: a field is missing, or its value is malformed.
    UnreadableRow,
    /// Traffic or a link change of a connection that the inventory lacks.
    UnknownConnection,
    /// The same connection, sender and timestamp more than once.
    DuplicateRecord,
    /// A copy dropped by `--duplicates first`; not by itself a reason to stop.
    DroppedCopy,
    /// Traffic in an hour before the connection's hour of creation.
    BeforeCreation,
    /// Traffic in an hour after the connection's hour of deletion.
    AfterDeletion,
    /// Traffic of a connection that never came into effect.
    NeverActive,
    /// A connection's own row is bad: its traffic is refused under that one cause.
    FaultyConnection,
    /// Link changes that form no chain, or whose chain does not end at the inventory's link type.
    BrokenChain,
    /// A price or contract row that is bad, or two that are equally specific.
    BadPrice,
    /// No price is known (R5).
    MissingPrice,
}

impl FaultCode {
    /// The code as it is written to quarantine files and messages: `unreadable_row` (R15).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnusableInput => "unusable_input",
            Self::UnreadableRow => "unreadable_row",
            Self::UnknownConnection => "unknown_connection",
            Self::DuplicateRecord => "duplicate_record",
            Self::DroppedCopy => "dropped_copy",
            Self::BeforeCreation => "before_creation",
            Self::AfterDeletion => "after_deletion",
            Self::NeverActive => "never_active",
            Self::FaultyConnection => "faulty_connection",
            Self::BrokenChain => "broken_chain",
            Self::BadPrice => "bad_price",
            Self::MissingPrice => "missing_price",
        }
    }
}

/// One thing that is wrong, with the place where it stands.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub code: FaultCode,
    /// The setting that it is a fault of, where it is one of a setting: `by`, `link-type-before`.
    pub setting: Option<&'static str>,
    /// The input it was read from, where it was read from one.
    pub input: Option<Arc<str>>,
    /// The line in that input, counted from 1.
    pub line: Option<u64>,
    /// Where within a document, in words of its format: `response 2: Datapoints[17].Sum`.
    pub path: Option<Arc<str>>,
    /// What is wrong, in words, with the value.
    pub message: String,
    /// What would mend it, where there is something particular.
    pub remedy: Option<Remedy>,
}

impl Fault {
    /// A fault that stands at no line of an input.
    pub fn new(code: FaultCode, why: impl Into<Invalid>) -> Self {
        let (message, remedy) = why.into().into_parts();
        Self { code, setting: None, input: None, line: None, path: None, message, remedy }
    }

    /// A fault of a whole input.
    pub fn of_input(code: FaultCode, input: &str, why: impl Into<Invalid>) -> Self {
        Self { input: Some(input.into()), ..Self::new(code, why) }
    }

    /// This fault as the reason of another: with its place, and with what would mend it.
    pub(crate) fn as_reason(&self) -> Invalid {
        let reason = Invalid::new(self.to_string());
        match &self.remedy {
            Some(remedy) => reason.with(remedy.clone()),
            None => reason,
        }
    }

    /// A fault at one line of an input.
    pub fn at(code: FaultCode, input: &Arc<str>, line: u64, why: impl Into<Invalid>) -> Self {
        Self { input: Some(input.clone()), line: Some(line), ..Self::new(code, why) }
    }
}

impl Fault {
    /// Where it stands: input, line and path, as far as it has them, `usage.csv:17`; empty where it has none.
    pub fn place(&self) -> String {
        let mut place = String::from(self.input.as_deref().unwrap_or_default());
        if let Some(line) = self.line {
            place.push_str(&format!(":{line}"));
        }
        if let Some(path) = &self.path {
            place.push_str(if place.is_empty() { "" } else { ": " });
            place.push_str(path);
        }
        place
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        if let Some(setting) = self.setting {
            write!(f, "{setting} ")?;
        }
        f.write_str(&self.message)
    }
}

/// A price that is needed and not known (R5).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPrice {
    /// The sender's region.
    pub source: String,
    /// The region of the other end.
    pub destination: String,
    /// The link type; in an hour with a change either level may lack its price.
    pub link_type: LinkType,
    /// The first hour in which it is needed; `None` where no hour was asked about.
    pub first_hour: Option<Hour>,
    /// The catalog that lacks it.
    pub catalog: String,
    /// The catalog's currency.
    pub currency: String,
}

impl fmt::Display for MissingPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, link_type, first_hour, catalog, currency } = self;
        write!(f, "no {link_type} price from {source} to {destination} in catalog {catalog} ({currency})")?;
        first_hour.map_or(Ok(()), |hour| write!(f, ", first needed in hour {hour}"))
    }
}

/// How many faults an error keeps; the others are counted.
pub const FAULTS_LISTED: usize = 50;

/// Everything that made an operation fail: at least one fault.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    faults: Vec<Fault>,
    total: u64,
    missing_prices: Vec<MissingPrice>,
}

impl Error {
    /// An error of one fault.
    pub fn new(kind: ErrorKind, fault: Fault) -> Self {
        Self { kind, faults: vec![fault], total: 1, missing_prices: Vec::new() }
    }

    /// An error of a setting or argument.
    pub fn usage(why: impl Into<Invalid>) -> Self {
        Self::new(ErrorKind::Usage, Fault::new(FaultCode::UnusableInput, why))
    }

    /// An error of the setting of this name, in words that fit behind it.
    pub fn setting(name: &'static str, why: impl Into<Invalid>) -> Self {
        let fault = Fault { setting: Some(name), ..Fault::new(FaultCode::UnusableInput, why) };
        Self::new(ErrorKind::Usage, fault)
    }

    /// The error of prices that are needed and not known: all of them are listed (R5). `None` where there is none.
    pub(crate) fn of_missing_prices(missing_prices: Vec<MissingPrice>) -> Option<Self> {
        let fault = |missing: &MissingPrice| {
            let why = Invalid::new(missing.to_string()).with(Remedy::SupplyPrice);
            Fault::new(FaultCode::MissingPrice, why)
        };
        let faults: Vec<Fault> = missing_prices.iter().map(fault).collect();
        let total = faults.len() as u64;
        (total > 0).then_some(Self { kind: ErrorKind::MissingPrice, faults, total, missing_prices })
    }

    /// A quantity that exceeds what is computed exactly.
    pub fn overflow(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Overflow, Fault::new(FaultCode::UnreadableRow, message.into()))
    }

    /// The same error with what it is about in front of every message.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        for fault in &mut self.faults {
            fault.message = format!("{what}: {}", fault.message);
        }
        self
    }

    /// A broken invariant of this program.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, Fault::new(FaultCode::UnusableInput, message.into()))
    }

    /// An input that cannot be used as a whole.
    pub fn unusable(kind: ErrorKind, input: &str, why: impl Into<Invalid>) -> Self {
        Self::new(kind, Fault::of_input(FaultCode::UnusableInput, input, why))
    }

    /// An error of several faults: the first [`FAULTS_LISTED`] are kept, all are counted.
    ///
    /// `None` where there is no fault.
    pub fn from_faults(kind: ErrorKind, faults: Vec<Fault>) -> Option<Self> {
        let total = faults.len() as u64;
        Self::from_listed(kind, faults, total)
    }

    /// As [`Error::from_faults`], where only the first of `total` faults were kept.
    pub fn from_listed(kind: ErrorKind, mut faults: Vec<Fault>, total: u64) -> Option<Self> {
        faults.truncate(FAULTS_LISTED);
        (!faults.is_empty()).then_some(Self { kind, faults, total, missing_prices: Vec::new() })
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The first fault's input, where it has one.
    pub fn input(&self) -> Option<&str> {
        self.faults.first().and_then(|fault| fault.input.as_deref())
    }

    /// The first fault's line, where it has one.
    pub fn line(&self) -> Option<u64> {
        self.faults.first().and_then(|fault| fault.line)
    }

    /// The faults that are listed, at least one and at most [`FAULTS_LISTED`], in the order of the inputs.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The prices that are needed and not known, all of them, where that is the error (R5); otherwise none.
    pub fn missing_prices(&self) -> &[MissingPrice] {
        &self.missing_prices
    }

    /// How many faults there are, listed or not.
    pub fn total(&self) -> u64 {
        self.total
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        match self.total.saturating_sub(self.faults.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n... and {more} more"),
        }
    }
}

/// A value by itself, such as a month or a price that was parsed, is taken for a setting that makes no sense.
impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::usage(invalid)
    }
}
