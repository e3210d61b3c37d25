//! Native traffic: a line of CSV or JSON becomes a record, and so does a row that a caller holds in columns.
//!
//! [`columns`] says how records stand in the lines of a text. [`lines`] cuts a text into whole lines; [`plain`] reads
//! plain ones of them many at once, with [`fields`], [`lines`] all others, one by one.

pub(crate) mod columns;
pub(crate) mod fields;
pub(crate) mod lines;
pub(crate) mod plain;

use super::record::Observation;
use crate::{
    error::Result,
    model::{
        invalid::{Invalid, Remedy},
        time::Timestamp,
    },
};
use columns::{METERED_COLUMNS, NativeValues, RecordKind, TRAFFIC_COLUMNS, parse_sender};

/// Rows of native traffic in columns, as a caller holds them: none is copied. All columns are of one length.
#[derive(Debug, Clone, Copy)]
pub struct TrafficBatch<'a> {
    /// When records start.
    pub starts: Starts<'a>,
    /// The ids of their connections.
    pub connections: Texts<'a>,
    /// Which ends sent: `requester` or `accepter`.
    pub senders: Texts<'a>,
    /// Their bytes.
    pub bytes: Amounts<'a>,
}

/// When records start.
#[derive(Debug, Clone, Copy)]
pub enum Starts<'a> {
    /// So many units since 1970.
    Ticks {
        /// The units; a null is whatever stands there.
        ticks: &'a [i64],
        /// How many units a second has, at most 10^9.
        per_second: i64,
        /// Whether they are UTC; without a zone they are what a clock showed
        /// ([`TrafficSource::with_naive_offset`](crate::TrafficSource::with_naive_offset)).
        utc: bool,
        /// Which of them are null, where any is.
        nulls: Option<&'a [bool]>,
    },
    /// Epochs of 10 digits (seconds) or 13 (milliseconds).
    Epochs(&'a [Option<i64>]),
    /// As in CSV.
    Texts(Texts<'a>),
}

/// Texts of a column.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// Those of the rows, or of a dictionary.
    pub texts: &'a [Option<&'a str>],
    /// The places of the rows' texts in the dictionary, negative where there is none.
    pub codes: Option<&'a [i32]>,
}

impl<'a> Texts<'a> {
    /// The text of a row; `None` where it is null.
    fn at(&self, row: usize) -> Option<&'a str> {
        let place = match self.codes {
            Some(codes) => usize::try_from(codes[row]).ok()?,
            None => row,
        };
        self.texts.get(place).copied().flatten()
    }
}

/// Bytes of records.
#[derive(Debug, Clone, Copy)]
pub enum Amounts<'a> {
    /// None is null.
    Whole(&'a [u64]),
    /// Some are null, or may be negative or larger than a record holds.
    Any(&'a [Option<i128>]),
}

impl TrafficBatch<'_> {
    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        match self.bytes {
            Amounts::Whole(bytes) => bytes.len(),
            Amounts::Any(bytes) => bytes.len(),
        }
    }

    /// Whether all columns are of one length.
    pub(crate) fn is_even(&self) -> bool {
        let of_texts = |texts: &Texts<'_>| texts.codes.map_or(texts.texts.len(), <[i32]>::len);
        let starts =
            match &self.starts {
                Starts::Ticks { ticks, nulls, .. } => nulls.map_or(ticks.len(), |nulls| {
                    if nulls.len() == ticks.len() { ticks.len() } else { usize::MAX }
                }),
                Starts::Epochs(epochs) => epochs.len(),
                Starts::Texts(texts) => of_texts(texts),
            };
        [starts, of_texts(&self.connections), of_texts(&self.senders)] == [self.rows(); 3]
    }
}

/// Rows of a batch as records of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchRows<'a> {
    pub batch: &'a TrafficBatch<'a>,
    pub kind: RecordKind,
    /// What makes times without a zone UTC, in seconds.
    pub shift: Option<i64>,
}

impl BatchRows<'_> {
    fn names(&self) -> [&'static str; 4] {
        match self.kind {
            RecordKind::Measured => TRAFFIC_COLUMNS,
            RecordKind::MeteredHour => METERED_COLUMNS,
        }
    }

    /// When the record of a row starts.
    pub fn start(&self, row: usize) -> Result<Timestamp, Invalid> {
        let name = self.names()[0];
        let null = || Invalid::new(format!("{name} is null"));
        let parsed = |text: &str| {
            let instant = Timestamp::parse(text);
            instant.map_err(|why| why.about(format!("{name} {text:?}")))
        };
        let instant = match &self.batch.starts {
            Starts::Ticks { nulls: Some(nulls), .. } if nulls[row] => Err(null()),
            &Starts::Ticks { ticks, per_second, utc, .. } => {
                let shift = if utc { Some(0) } else { self.shift };
                let shift = shift.ok_or_else(|| {
                    Invalid::new(format!("{name} has times without a zone")).with(Remedy::StateNaiveOffset)
                })?;
                let per_second = per_second.max(1);
                // OK because a shift is less than a day, and units are at least seconds.
                let nanos = ticks[row].rem_euclid(per_second) * (1_000_000_000 / per_second);
                let seconds = ticks[row].div_euclid(per_second).saturating_add(shift);
                Ok(Timestamp::from_parts(seconds, nanos as u32))
            }
            Starts::Epochs(epochs) => {
                epochs[row].ok_or_else(null).and_then(|epoch| parsed(&epoch.to_string()))
            }
            Starts::Texts(texts) => texts.at(row).ok_or_else(null).and_then(parsed),
        };
        instant.and_then(|instant| self.kind.checked_start(instant))
    }

    fn bytes(&self, row: usize) -> Result<u128, Invalid> {
        let integer = match self.batch.bytes {
            Amounts::Whole(bytes) => return Ok(bytes[row].into()),
            Amounts::Any(bytes) => bytes[row].ok_or("bytes is null")?,
        };
        let (most, why_not_more) = self.kind.most_bytes();
        match u128::try_from(integer) {
            Err(_) => Err(format!("bytes {integer}: bytes cannot be negative").into()),
            Ok(bytes) if bytes > most => Err(format!("bytes {bytes}: {why_not_more}").into()),
            Ok(bytes) => Ok(bytes),
        }
    }

    /// The numbers that tell instants apart, where rows have any: equal numbers are the same instant.
    pub fn ticks(&self) -> Option<&[i64]> {
        match &self.batch.starts {
            Starts::Ticks { ticks, nulls: None, .. } => Some(ticks),
            _ => None,
        }
    }

    /// Shows the record of a row; what is wrong with it becomes part of the observation. `line` is its number.
    pub fn observe(
        &self,
        row: usize,
        line: u64,
        show: impl FnOnce(Observation<'_>) -> Result<()>,
    ) -> Result<()> {
        let [_, id_name, sender_name, _] = self.names();
        let text = |texts: &Texts<'_>, name: &str| -> Result<String, Invalid> {
            texts.at(row).map(str::to_owned).ok_or_else(|| format!("{name} is null").into())
        };
        let id = text(&self.batch.connections, id_name);
        let sender = text(&self.batch.senders, sender_name);
        let (start, bytes) = (self.start(row), self.bytes(row));
        let start_text = match (&self.batch.starts, &start) {
            (Starts::Texts(texts), _) => texts.at(row).unwrap_or_default().to_owned(),
            (Starts::Epochs(epochs), _) => epochs[row].map(|epoch| epoch.to_string()).unwrap_or_default(),
            (Starts::Ticks { .. }, Ok(start)) => start.to_string(),
            (Starts::Ticks { .. }, Err(_)) => String::new(),
        };
        let bytes_text = match self.batch.bytes {
            Amounts::Whole(bytes) => bytes[row].to_string(),
            Amounts::Any(bytes) => bytes[row].map(|bytes| bytes.to_string()).unwrap_or_default(),
        };
        let of = |text: &Result<String, Invalid>| text.clone().unwrap_or_default().into_bytes();
        let (id_text, sender_text) = (of(&id), of(&sender));
        let fields = [start_text.as_bytes(), &id_text, &sender_text, bytes_text.as_bytes()];
        let values = NativeValues {
            start,
            connection_id: id.map(|_| &*id_text),
            sender: sender.and_then(|text| parse_sender(text.as_bytes())),
            bytes,
        };
        show(Observation { fields: Some(fields), ..values.observed(line, id_name) })
    }
}
