//! The one [`Error`] of the crate, and the [`Fault`]s it lists.

use crate::model::{
    invalid::{Invalid, Remedy},
    link::LinkType,
    time::Hour,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

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
    /// How many rows or records have this fault or one of the same cause, this one among them.
    pub count: u64,
    /// Where the next of them stand, as [`place`](Self::place) tells it; at most two.
    pub also_at: Vec<Box<str>>,
}

impl Fault {
    /// A fault that stands at no line of an input.
    pub fn new(code: FaultCode, why: impl Into<Invalid>) -> Self {
        let (message, remedy) = why.into().into_parts();
        let also_at = Vec::new();
        Self { code, setting: None, input: None, line: None, path: None, message, remedy, count: 1, also_at }
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

    /// The same so many lines further down.
    pub(crate) fn move_down(&mut self, lines: u64) {
        self.line = self.line.map(|line| line + lines);
    }

    /// How often it stands, and where the next places are, to stand behind its words; empty where it stands once.
    pub fn times(&self) -> String {
        match (self.count, self.also_at.join(", ")) {
            (0 | 1, _) => String::new(),
            (count, places) if places.is_empty() => format!(" ({count} times)"),
            (count, places) => format!(" ({count} times, also at {places})"),
        }
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
        write!(f, "{}{}", self.message, self.times())
    }
}

/// Faults by their causes: a few of one cause are listed one by one; of many the first is, with how many there are and
/// where the next ones stand.
///
/// What is listed does not depend on how faults were parted before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Causes {
    by_cause: BTreeMap<(FaultCode, Box<str>), Cause>,
    /// There are more than [`MOST_CAUSES`], of which only the first ones are kept and none is counted.
    too_many: bool,
    total: u64,
    /// How many faults were added here, which tells their order within a line.
    added: u64,
}

/// So many causes are counted.
const MOST_CAUSES: usize = 4096;
/// So many faults of a cause are told, or their places.
const PLACES_LISTED: usize = 3;

/// By source, then line, then as they came.
type Order = (usize, Option<u64>, u64);

#[derive(Debug, Clone, Default)]
struct Cause {
    count: u64,
    /// The first of its faults.
    first: Vec<(Order, Fault)>,
}

impl Cause {
    fn add(&mut self, count: u64, order: Order, fault: &Fault) {
        self.count += count;
        let later = self.first.partition_point(|(own, _)| *own <= order);
        if later < PLACES_LISTED {
            self.first.truncate(PLACES_LISTED - usize::from(self.first.len() == PLACES_LISTED));
            self.first.insert(later, (order, fault.clone()));
        }
    }

    fn order(&self) -> Option<Order> {
        self.first.first().map(|(order, _)| *order)
    }

    /// Its faults where they are few, otherwise the first as one that stands for all of them.
    fn listed(self, counted: bool) -> Vec<(Order, Fault)> {
        let mut faults = self.first;
        if counted && self.count == faults.len() as u64 {
            return faults;
        }
        let others: Vec<Box<str>> = faults.drain(1..).map(|(_, fault)| fault.place().into()).collect();
        if let Some((_, first)) = faults.first_mut()
            && counted
        {
            first.count = self.count;
            first.also_at = others.into_iter().filter(|place| !place.is_empty()).collect();
        }
        faults
    }
}

impl Causes {
    /// Adds a fault of a source, which stands for so many; `cause` is what tells it from faults of the same code where its
    /// words do not.
    pub fn add(&mut self, source: usize, fault: &Fault, cause: Option<&str>, times: u64) {
        let words = || format!("{}{}", fault.setting.unwrap_or_default(), fault.message);
        let cause = match (fault.code, cause) {
            (_, Some(cause)) => cause.into(),
            (FaultCode::UnreadableRow | FaultCode::BadPrice, None) => shape(&words()),
            (_, None) => words().into(),
        };
        let order = (source, fault.line, self.added);
        let count = fault.count * times;
        (self.total, self.added) = (self.total + count, self.added + 1);
        self.by_cause.entry((fault.code, cause)).or_default().add(count, order, fault);
        self.keep_first();
    }

    /// Adds the faults of others, which come later where they stand on the same line.
    pub fn merge(&mut self, later: Self) {
        self.too_many |= later.too_many;
        for (key, cause) in later.by_cause {
            let own = self.by_cause.entry(key).or_default();
            own.count += cause.count;
            for ((source, line, added), fault) in &cause.first {
                own.add(0, (*source, *line, self.added + added), fault);
            }
        }
        (self.total, self.added) = (self.total + later.total, self.added + later.added);
        self.keep_first();
    }

    /// Moves all of them so many lines further down.
    pub fn move_down(&mut self, lines: u64) {
        let firsts = self.by_cause.values_mut().flat_map(|cause| &mut cause.first);
        firsts.for_each(|((_, line, _), fault)| {
            fault.move_down(lines);
            *line = fault.line;
        });
    }

    /// Tells other places of all of them, which are in the same order; `put` tells that of one, and its source.
    pub fn move_to(&mut self, put: &dyn Fn(&mut Fault) -> usize) {
        let firsts = self.by_cause.values_mut().flat_map(|cause| &mut cause.first);
        firsts.for_each(|((source, line, _), fault)| {
            *source = put(fault);
            *line = fault.line;
        });
    }

    fn keep_first(&mut self) {
        self.too_many |= self.by_cause.len() > MOST_CAUSES;
        if self.too_many && self.by_cause.len() > 4 * FAULTS_LISTED {
            let mut orders: Vec<Option<Order>> = self.by_cause.values().map(Cause::order).collect();
            orders.sort_unstable();
            let last = orders[FAULTS_LISTED - 1];
            self.by_cause.retain(|_, cause| cause.order() <= last);
        }
    }

    /// How many faults there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// What is to be listed of all causes, in the order of the input.
    pub fn listed(self) -> Vec<Fault> {
        let counted = !self.too_many;
        let mut faults: Vec<_> =
            self.by_cause.into_values().flat_map(|cause| cause.listed(counted)).collect();
        faults.sort_by_key(|(order, _)| *order);
        faults.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// Words without what numbers stand in them: rows of the same shape have the same cause.
fn shape(words: &str) -> Box<str> {
    let mut shape = String::with_capacity(words.len());
    for letter in words.chars() {
        let letter = if letter.is_ascii_digit() { '0' } else { letter };
        if letter != '0' || !shape.ends_with('0') {
            shape.push(letter);
        }
    }
    shape.into()
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

/// How many causes an error lists; the others are counted.
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

    /// One error of the prices that several lack, each once, with the first hour that needs it; `None` where they lack none.
    pub(crate) fn of_all_missing(errors: &[Self]) -> Option<Self> {
        let mut missing: BTreeMap<(&str, &str, LinkType), &MissingPrice> = BTreeMap::new();
        for price in errors.iter().flat_map(|error| &error.missing_prices) {
            let first = missing.entry((&price.source, &price.destination, price.link_type)).or_insert(price);
            if price.first_hour < first.first_hour {
                *first = price;
            }
        }
        Self::of_missing_prices(missing.into_values().cloned().collect())
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

    /// An error of several faults: those of one cause become one, the first [`FAULTS_LISTED`] are kept, all are counted.
    ///
    /// `None` where there is no fault.
    pub fn from_faults(kind: ErrorKind, faults: Vec<Fault>) -> Option<Self> {
        let mut causes = Causes::default();
        // In the order in which they were given.
        (0..).zip(&faults).for_each(|(order, fault)| causes.add(order, fault, None, 1));
        let total = causes.total();
        Self::from_listed(kind, causes.listed(), total)
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

    /// How many of them are neither listed nor of the cause of one that is.
    pub fn unlisted(&self) -> u64 {
        self.total.saturating_sub(self.faults.iter().map(|fault| fault.count).sum())
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
        match self.unlisted() {
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
