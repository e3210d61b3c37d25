//! Cells of a column, however they are written: bytes, texts as what they are known as, and instants.

use super::{
    pages::{Column, NotCoded, Unusable, Values, no_bytes},
    schema::{AmountKind, InstantKind, Unit, Width},
};
use crate::{model::time::Timestamp, read::native::columns::RecordKind};
use bytes::Bytes;
use parquet::{
    basic::{Encoding, Type as Physical},
    column::{
        page::{Page, PageReader},
        reader::ColumnReaderImpl,
    },
    data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type, Int96, Int96Type},
    errors::{ParquetError, Result},
    schema::types::{ColumnDescriptor, Type},
};
use std::sync::Arc;

/// Bytes.
pub(super) struct Amounts {
    source: AmountSource,
    /// Where those of the source are not eight bytes wide.
    narrow: Vec<u64>,
    all_plain: bool,
}

enum AmountSource {
    Four(Values<Int32Type>, bool),
    Eight(Values<Int64Type>, bool),
    Fixed(Values<FixedLenByteArrayType>),
    Decimal(Values<ByteArrayType>),
}

impl Amounts {
    pub fn open(column: Column<'_>, kind: AmountKind) -> Result<Self> {
        let source = match kind {
            AmountKind::Integer { width: Width::Four, signed } => {
                AmountSource::Four(Values::open(&column, 0)?, signed)
            }
            AmountKind::Integer { width: Width::Eight, signed } => {
                AmountSource::Eight(Values::open(&column, 0)?, signed)
            }
            AmountKind::FixedDecimal => AmountSource::Fixed(Values::open(&column, no_bytes().into())?),
            AmountKind::Decimal => AmountSource::Decimal(Values::open(&column, no_bytes())?),
        };
        Ok(Self { source, narrow: Vec::new(), all_plain: false })
    }

    pub fn read(&mut self, rows: usize) -> Result<()> {
        self.narrow.clear();
        let narrow = &mut self.narrow;
        self.all_plain = match &mut self.source {
            AmountSource::Four(values, signed) => {
                values.read(rows)?;
                if *signed {
                    narrow.extend(values.values.iter().filter_map(|&bytes| u64::try_from(bytes).ok()));
                } else {
                    narrow.extend(values.values.iter().map(|&bytes| u64::from(bytes as u32)));
                }
                values.nulls.is_empty()
            }
            AmountSource::Eight(values, signed) => {
                values.read(rows)?;
                let negative = *signed && values.values.iter().fold(0, |all, bytes| all | bytes) < 0;
                if !negative {
                    narrow.extend(values.values.iter().map(|&bytes| bytes as u64));
                }
                values.nulls.is_empty()
            }
            AmountSource::Fixed(values) => {
                values.read(rows)?;
                narrow
                    .extend(values.values.iter().filter_map(|bytes| u64::try_from(wide(bytes.data())?).ok()));
                values.nulls.is_empty()
            }
            AmountSource::Decimal(values) => {
                values.read(rows)?;
                narrow
                    .extend(values.values.iter().filter_map(|bytes| u64::try_from(wide(bytes.data())?).ok()));
                values.nulls.is_empty()
            }
        } && narrow.len() == rows;
        Ok(())
    }

    /// Sees that there is no further row.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.source {
            AmountSource::Four(values, _) => values.finish(),
            AmountSource::Eight(values, _) => values.finish(),
            AmountSource::Fixed(values) => values.finish(),
            AmountSource::Decimal(values) => values.finish(),
        }
    }

    /// The bytes of all rows, where none is null or negative or beyond 64 bits.
    pub fn plain(&self) -> Option<&[u64]> {
        self.all_plain.then_some(&self.narrow)
    }

    /// The integer of a row: `None` where it is null, an error where it is beyond 128 bits.
    fn integer(&self, row: usize) -> std::result::Result<Option<i128>, Unusable> {
        let (null, integer) = match &self.source {
            AmountSource::Four(values, true) => (values.is_null(row), Some(i128::from(values.values[row]))),
            AmountSource::Four(values, false) => {
                (values.is_null(row), Some(i128::from(values.values[row] as u32)))
            }
            AmountSource::Eight(values, true) => (values.is_null(row), Some(i128::from(values.values[row]))),
            AmountSource::Eight(values, false) => {
                (values.is_null(row), Some(i128::from(values.values[row] as u64)))
            }
            AmountSource::Fixed(values) => (values.is_null(row), wide(values.values[row].data())),
            AmountSource::Decimal(values) => (values.is_null(row), wide(values.values[row].data())),
        };
        if null {
            return Ok(None);
        }
        integer.map(Some).ok_or_else(|| "bytes are a decimal of more than 128 bits".into())
    }

    /// The bytes of a row, of which a record of this kind holds only so many.
    pub fn bytes(&self, row: usize, kind: RecordKind) -> std::result::Result<u128, Unusable> {
        let (most, why_not_more) = kind.most_bytes();
        let integer = self.integer(row)?.ok_or("bytes is null")?;
        let bytes = u128::try_from(integer);
        let bytes = bytes.map_err(|_| format!("bytes {integer}: bytes cannot be negative"))?;
        if bytes <= most { Ok(bytes) } else { Err(format!("bytes {bytes}: {why_not_more}")) }
    }

    /// As it would stand in a CSV.
    pub fn text(&self, row: usize) -> String {
        self.integer(row).ok().flatten().map(|integer| integer.to_string()).unwrap_or_default()
    }
}

/// Big-endian two's complement of any length; `None` beyond 128 bits.
fn wide(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let cut = bytes.len().saturating_sub(16);
    if bytes[..cut].iter().any(|&byte| byte != fill) {
        return None;
    }
    let mut sixteen = [fill; 16];
    sixteen[16 - (bytes.len() - cut)..].copy_from_slice(&bytes[cut..]);
    let integer = i128::from_be_bytes(sixteen);
    ((integer < 0) == negative).then_some(integer)
}

/// What texts are known as, each of them that is: a number of its own, not negative.
pub(crate) type Known<'a> = &'a dyn Fn(&[&[u8]]) -> Vec<Option<i32>>;

/// Texts, as what they are known as; those that are not known are kept, and told by negative numbers.
pub(super) struct Texts<'a> {
    column: Column<'a>,
    known: Known<'a>,
    source: TextSource,
    rows_read: usize,
    /// Of the dictionary, or of the rows read last where they do not refer to one.
    looked_up: Vec<i32>,
    unknown: Vec<Bytes>,
}

enum TextSource {
    /// Rows refer to a dictionary, whose texts have been looked up.
    Coded(Values<Int32Type>),
    Plain(Values<ByteArrayType>),
}

impl<'a> Texts<'a> {
    pub fn open(column: Column<'a>, known: Known<'a>) -> Result<Self> {
        let mut texts = Self {
            source: TextSource::Plain(Values::open(&column, no_bytes())?),
            column,
            known,
            rows_read: 0,
            looked_up: Vec::new(),
            unknown: Vec::new(),
        };
        let mut pages = texts.column.pages()?;
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else {
            return Ok(texts);
        };
        let dictionary = texts.looked_up_dictionary(&buf, num_values)?;
        let reader = ColumnReaderImpl::new(
            Arc::new(of_integers(&texts.column)?),
            Box::new(pages.coded_by(dictionary)),
        );
        texts.source = TextSource::Coded(Values::new(reader, 0));
        Ok(texts)
    }

    /// A dictionary of integers in place of texts: what each of them is known as.
    fn looked_up_dictionary(&mut self, buf: &Bytes, count: u32) -> Result<Page> {
        let cut = || ParquetError::General("a dictionary is cut short".into());
        let (mut places, mut at) = (Vec::new(), 0);
        for _ in 0..count {
            let length = buf.get(at..at + 4).and_then(|four| four.try_into().ok()).ok_or_else(cut)?;
            let length = u32::from_le_bytes(length) as usize;
            if buf.len() - at - 4 < length {
                return Err(cut());
            }
            places.push(at + 4..at + 4 + length);
            at += 4 + length;
        }
        if at != buf.len() {
            return Err(ParquetError::General("a dictionary has more texts than its header says".into()));
        }
        let texts: Vec<&[u8]> = places.iter().map(|place| &buf[place.clone()]).collect();
        self.look_up(&texts);
        let codes: Vec<u8> = self.looked_up.iter().flat_map(|code| code.to_le_bytes()).collect();
        let (buf, encoding) = (Bytes::from(codes), Encoding::PLAIN);
        Ok(Page::DictionaryPage { buf, num_values: count, encoding, is_sorted: false })
    }

    /// Looks up what texts are known as, and keeps those that are not.
    fn look_up(&mut self, texts: &[&[u8]]) {
        self.unknown.clear();
        self.looked_up.clear();
        for (text, known) in texts.iter().zip((self.known)(texts)) {
            self.looked_up.push(known.unwrap_or_else(|| {
                self.unknown.push(Bytes::copy_from_slice(text));
                // OK because a page has fewer values than 2^31.
                -(self.unknown.len() as i32)
            }));
        }
    }

    pub fn read(&mut self, rows: usize) -> Result<()> {
        if let TextSource::Coded(values) = &mut self.source {
            match values.read(rows) {
                // The writer gave its dictionary up here: the rest stands as it is.
                Err(ParquetError::External(why)) if why.is::<NotCoded>() => {
                    let mut plain: Values<ByteArrayType> = Values::open(&self.column, no_bytes())?;
                    if plain.reader.skip_records(self.rows_read)? != self.rows_read {
                        return Err(ParquetError::General("a column has fewer rows than before".into()));
                    }
                    self.source = TextSource::Plain(plain);
                }
                read => {
                    self.rows_read += rows;
                    return read;
                }
            }
        }
        let TextSource::Plain(values) = &mut self.source else { return Ok(()) };
        values.read(rows)?;
        let values = std::mem::take(&mut values.values);
        self.look_up(&values.iter().map(ByteArray::data).collect::<Vec<_>>());
        Ok(())
    }

    /// Sees that there is no further row.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.source {
            TextSource::Coded(values) => values.finish(),
            TextSource::Plain(values) => values.finish(),
        }
    }

    pub fn known(&self) -> &[i32] {
        match &self.source {
            TextSource::Coded(values) => &values.values,
            TextSource::Plain(_) => &self.looked_up,
        }
    }

    pub fn has_nulls(&self) -> bool {
        match &self.source {
            TextSource::Coded(values) => !values.nulls.is_empty(),
            TextSource::Plain(values) => !values.nulls.is_empty(),
        }
    }

    /// The text of a row, where it is not known.
    pub fn unknown(&self, row: usize) -> std::result::Result<Option<&[u8]>, Unusable> {
        let null = match &self.source {
            TextSource::Coded(values) => values.is_null(row),
            TextSource::Plain(values) => values.is_null(row),
        };
        if null {
            return Err(format!("{} is null", self.column.chunk.column_descr().name()));
        }
        let place = -(i64::from(self.known()[row]) + 1);
        let text = usize::try_from(place).ok().and_then(|place| self.unknown.get(place));
        Ok(text.map(|text| &text[..]))
    }
}

/// The column as one of integers, with the same nulls.
fn of_integers(column: &Column<'_>) -> Result<ColumnDescriptor> {
    let own = column.descriptor();
    let repetition = own.self_type().get_basic_info().repetition();
    let integers =
        Type::primitive_type_builder(own.name(), Physical::INT32).with_repetition(repetition).build()?;
    Ok(ColumnDescriptor::new(
        Arc::new(integers),
        own.max_def_level(),
        own.max_rep_level(),
        own.path().clone(),
    ))
}

/// Instants, as numbers that tell them apart.
pub(super) struct Instants {
    name: String,
    source: InstantSource,
    /// Wherever those of the source are not numbers of eight bytes.
    ticks: Vec<i64>,
    texts: Vec<ByteArray>,
}

enum InstantSource {
    Ticks {
        values: Values<Int64Type>,
        unit: Unit,
        shift: i64,
    },
    Epoch4(Values<Int32Type>),
    Epoch8(Values<Int64Type>),
    /// Ticks are places in `texts`.
    Text(Values<ByteArrayType>),
    /// Ticks are rows.
    Int96 {
        values: Values<Int96Type>,
        shift: i64,
    },
}

impl Instants {
    pub fn open(column: Column<'_>, kind: InstantKind) -> Result<Self> {
        let source = match kind {
            InstantKind::Ticks { unit, shift } => {
                InstantSource::Ticks { values: Values::open(&column, 0)?, unit, shift }
            }
            InstantKind::Int96 { shift } => {
                InstantSource::Int96 { values: Values::open(&column, Int96::new())?, shift }
            }
            InstantKind::Epoch(Width::Four) => InstantSource::Epoch4(Values::open(&column, 0)?),
            InstantKind::Epoch(Width::Eight) => InstantSource::Epoch8(Values::open(&column, 0)?),
            InstantKind::Text => InstantSource::Text(Values::open(&column, no_bytes())?),
        };
        let name = column.descriptor().name().to_owned();
        Ok(Self { name, source, ticks: Vec::new(), texts: Vec::new() })
    }

    pub fn read(&mut self, rows: usize) -> Result<()> {
        self.ticks.clear();
        match &mut self.source {
            InstantSource::Ticks { values, .. } | InstantSource::Epoch8(values) => values.read(rows)?,
            InstantSource::Epoch4(values) => {
                values.read(rows)?;
                self.ticks.extend(values.values.iter().map(|&epoch| i64::from(epoch)));
            }
            InstantSource::Int96 { values, .. } => {
                values.read(rows)?;
                // A tick is the first row of a run of equal instants.
                let mut first = 0;
                for (row, value) in values.values.iter().enumerate() {
                    if *value != values.values[first] {
                        first = row;
                    }
                    self.ticks.push(first as i64);
                }
            }
            InstantSource::Text(values) => {
                values.read(rows)?;
                self.texts.clear();
                for text in &values.values {
                    if self.texts.last() != Some(text) {
                        self.texts.push(text.clone());
                    }
                    self.ticks.push(self.texts.len() as i64 - 1);
                }
            }
        }
        Ok(())
    }

    /// Sees that there is no further row.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.source {
            InstantSource::Ticks { values, .. } | InstantSource::Epoch8(values) => values.finish(),
            InstantSource::Epoch4(values) => values.finish(),
            InstantSource::Int96 { values, .. } => values.finish(),
            InstantSource::Text(values) => values.finish(),
        }
    }

    pub fn ticks(&self) -> &[i64] {
        match &self.source {
            InstantSource::Ticks { values, .. } | InstantSource::Epoch8(values) => &values.values,
            _ => &self.ticks,
        }
    }

    fn nulls(&self) -> &[bool] {
        match &self.source {
            InstantSource::Ticks { values, .. } | InstantSource::Epoch8(values) => &values.nulls,
            InstantSource::Epoch4(values) => &values.nulls,
            InstantSource::Text(values) => &values.nulls,
            InstantSource::Int96 { values, .. } => &values.nulls,
        }
    }

    pub fn has_nulls(&self) -> bool {
        !self.nulls().is_empty()
    }

    pub fn instant(&self, row: usize) -> std::result::Result<Timestamp, Unusable> {
        if self.nulls().get(row) == Some(&true) {
            return Err(format!("{} is null", self.name));
        }
        match &self.source {
            InstantSource::Ticks { values, unit, shift } => Ok(at(values.values[row], *unit, *shift)),
            InstantSource::Int96 { values, shift } => Ok(julian(&values.values[row], *shift)),
            InstantSource::Epoch4(_) | InstantSource::Epoch8(_) | InstantSource::Text(_) => {
                let text = self.text(row);
                Timestamp::parse(&text).map_err(|why| format!("{} {text:?}: {why}", self.name))
            }
        }
    }

    /// As it would stand in a CSV.
    pub fn text(&self, row: usize) -> String {
        if self.nulls().get(row) == Some(&true) {
            return String::new();
        }
        match &self.source {
            InstantSource::Ticks { values, unit, shift } => at(values.values[row], *unit, *shift).to_string(),
            InstantSource::Int96 { values, shift } => julian(&values.values[row], *shift).to_string(),
            InstantSource::Epoch4(values) => values.values[row].to_string(),
            InstantSource::Epoch8(values) => values.values[row].to_string(),
            InstantSource::Text(values) => String::from_utf8_lossy(values.values[row].data()).into_owned(),
        }
    }
}

/// OK unchecked: a shift is less than a day, and seconds are at most 2^63 / 1000.
fn at(ticks: i64, unit: Unit, shift: i64) -> Timestamp {
    let per_second = unit as i64;
    let nanos = ticks.rem_euclid(per_second) * (Unit::Nano as i64 / per_second);
    Timestamp::from_parts(ticks.div_euclid(per_second) + shift, nanos as u32)
}

/// OK unchecked: days are below 2^32, nanoseconds of one are cut into seconds first.
fn julian(value: &Int96, shift: i64) -> Timestamp {
    const DAY_OF_1970: i64 = 2_440_588;
    let [low, high, day] = [0, 1, 2].map(|word| u64::from(value.data()[word]));
    let nanos = (high << 32 | low) as i64;
    let days = i64::from(day as i32) - DAY_OF_1970;
    let seconds = days * 86_400 + nanos.div_euclid(1_000_000_000);
    Timestamp::from_parts(seconds + shift, nanos.rem_euclid(1_000_000_000) as u32)
}

#[cfg(test)]
mod amounts_tests {
    use super::*;

    #[test]
    fn decimals_of_any_length_are_integers() {
        assert_eq!(wide(&[]), Some(0));
        assert_eq!(wide(&[0x7f]), Some(127));
        assert_eq!(wide(&[0xff]), Some(-1));
        assert_eq!(wide(&[0, 0xff]), Some(255));
        assert_eq!(wide(&u64::MAX.to_be_bytes()), Some(-1));
        assert_eq!(wide(&[&[0][..], &u64::MAX.to_be_bytes()].concat()), Some(i128::from(u64::MAX)));
        assert_eq!(wide(&[&[0; 9][..], &[0x80; 16]].concat()), None);
        assert_eq!(wide(&[&[0xff; 9][..], &[0x80; 16]].concat()), Some(i128::from_be_bytes([0x80; 16])));
        assert_eq!(wide(&[&[1][..], &[0; 16]].concat()), None);
    }
}

#[cfg(test)]
mod instants_tests {
    use super::*;

    #[test]
    fn ticks_before_1970_are_instants_too() {
        assert_eq!(at(-1, Unit::Milli, 0).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(at(0, Unit::Nano, -8 * 3600).to_string(), "1969-12-31T16:00:00Z");
        let mut last_of_1969 = Int96::new();
        let nanos: u64 = 86_399_999_999_999;
        last_of_1969.set_data(nanos as u32, (nanos >> 32) as u32, 2_440_587);
        assert_eq!(julian(&last_of_1969, 0).to_string(), "1969-12-31T23:59:59.999999999Z");
    }
}
