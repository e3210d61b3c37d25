//! Rows as Parquet: those of reports, and the table that all Parquet of this crate is written by.
//!
//! Text is UTF-8, amounts are decimals and never floats, instants timestamps in UTC. The same rows are the same bytes (R17):
//! nothing in a file tells when or where it was made.

use super::{csv::output_error, shown::shown, values::ValueText};
use crate::{
    error::{Error, Result},
    model::{
        money::{Money, PRINTED_DECIMALS, UnitPrice},
        time::Hour,
    },
    report::{Column, Report, ReportRow},
};
use bytes::Bytes;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{ColumnPath, Type, TypePtr},
};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Rows of a row group, which is held in memory.
const GROUP: usize = 1 << 16;
/// All decimals have so many digits: 16 bytes hold them.
const DIGITS: u32 = 38;
/// Decimals of unit prices.
const PRICE_DECIMALS: u32 = 12;

/// Writes the rows of `reports`, which were asked for with the same options, one report after the other: columns and rows of
/// the CSV, null where that is empty.
///
/// `consumed_bytes` is DECIMAL(38,0), `pricing_quantity`, `billed_cost` and `raised_cost` are DECIMAL(38,10), unit prices
/// DECIMAL(38,12), counts of hours INT64, charge periods timestamps in UTC to the millisecond, and all others text. No input
/// is named (R17).
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails; [`Overflow`](crate::ErrorKind::Overflow) where a number is
/// too large, or a unit price has more than 12 decimals.
pub fn reports(reports: &[&Report], output: impl Write) -> Result<()> {
    let columns = reports.first().map(|report| report.columns()).unwrap_or_default();
    let fields = columns.iter().map(|&column| Field::optional(column.name(), kind(column)));
    let mut table = Table::new("lines", fields, output)?;
    let (mut values, mut text) = (ValueText::default(), String::new());
    for row in reports.iter().flat_map(|report| report.rows()) {
        let row = row?;
        for (place, &column) in columns.iter().enumerate() {
            text.clear();
            table.put(place, cell(&row, column, &mut values, &mut text)?)?;
        }
        table.end_row()?;
    }
    table.finish()
}

fn kind(column: Column) -> Kind {
    match column {
        Column::ConsumedBytes => Kind::Decimal { scale: 0 },
        Column::PricingQuantity | Column::BilledCost | Column::RaisedCost => {
            Kind::Decimal { scale: PRINTED_DECIMALS }
        }
        Column::ListUnitPrice | Column::ContractedUnitPrice => Kind::Decimal { scale: PRICE_DECIMALS },
        Column::MeteredHours | Column::RaisedHours => Kind::Integer,
        Column::ChargePeriodStart | Column::ChargePeriodEnd => Kind::Instant,
        _ => Kind::Text,
    }
}

/// The value of a column, of the kind that [`kind`] tells; `text` is room for one that is text.
fn cell<'t>(
    row: &ReportRow<'_>,
    column: Column,
    values: &mut ValueText,
    text: &'t mut String,
) -> Result<Cell<'t>> {
    let hours = |hours: Option<i64>| Ok(hours.map_or(Cell::Null, Cell::Integer));
    let money = |money: Option<Money>| money.map_or(Cell::Null, |money| Cell::Decimal(money.units()));
    match column {
        Column::ConsumedBytes => Ok(row.consumed_bytes.map_or(Cell::Null, Cell::Decimal)),
        Column::PricingQuantity => Ok(money(row.pricing_quantity)),
        Column::BilledCost => Ok(money(row.billed_cost)),
        Column::RaisedCost => Ok(money(row.raised_cost)),
        Column::ListUnitPrice => row.list_unit_price.map_or(Ok(Cell::Null), price),
        Column::ContractedUnitPrice => row.contracted_unit_price.map_or(Ok(Cell::Null), price),
        Column::MeteredHours => hours(row.metered_hours),
        Column::RaisedHours => hours(row.raised_hours),
        Column::ChargePeriodStart => Ok(Cell::of_hour(row.charge_period_start)),
        Column::ChargePeriodEnd => Ok(Cell::of_hour(row.charge_period_end)),
        _ => {
            values.push(row, column, text);
            Ok(if text.is_empty() { Cell::Null } else { Cell::Text(text) })
        }
    }
}

/// A unit price, unless it would be rounded.
fn price<'t>(price: UnitPrice) -> Result<Cell<'t>> {
    let exact = price.to_decimal();
    if exact.scale() > PRICE_DECIMALS {
        let why = "has more decimals than the 12 that Parquet has room for; CSV has all of them";
        return Err(Error::overflow(format!("unit price {price} {why}")));
    }
    price.exact().rounded(PRICE_DECIMALS).map(Cell::Decimal)
}

fn too_large(number: impl std::fmt::Display) -> Error {
    Error::overflow(format!("{number} has more than the {DIGITS} digits of a decimal in Parquet"))
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// UTF-8.
    Text,
    /// DECIMAL(38, scale).
    Decimal { scale: u32 },
    /// INT64.
    Integer,
    /// A timestamp in UTC, to the millisecond.
    Instant,
}

impl Kind {
    fn is_number_of_64_bits(self) -> bool {
        matches!(self, Self::Integer | Self::Instant)
    }
}

/// A column of a file.
pub(super) struct Field<'a> {
    name: &'a str,
    kind: Kind,
    repetition: Repetition,
}

impl<'a> Field<'a> {
    /// One in which rows may have no value.
    pub fn optional(name: &'a str, kind: Kind) -> Self {
        Self { name, kind, repetition: Repetition::OPTIONAL }
    }

    /// One in which each row has a value.
    pub fn required(name: &'a str, kind: Kind) -> Self {
        Self { name, kind, repetition: Repetition::REQUIRED }
    }

    fn schema(&self) -> Result<TypePtr> {
        let (physical, logical, length) = match self.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), -1),
            Kind::Decimal { scale } => {
                // OK because scales are at most 38.
                let logical = LogicalType::decimal(scale as i32, DIGITS as i32);
                (Physical::FIXED_LEN_BYTE_ARRAY, Some(logical), 16)
            }
            Kind::Integer => (Physical::INT64, None, -1),
            Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS)), -1),
        };
        let mut builder = Type::primitive_type_builder(self.name, physical)
            .with_repetition(self.repetition)
            .with_logical_type(logical)
            .with_length(length);
        if let Kind::Decimal { scale } = self.kind {
            builder = builder.with_precision(DIGITS as i32).with_scale(scale as i32);
        }
        builder.build().map(Arc::new).map_err(failed)
    }
}

/// A value, of the kind of its column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    /// What comes from an input is made visible.
    Text(&'a str),
    /// So many units of the last decimal.
    Decimal(i128),
    Integer(i64),
    Instant(Hour),
}

impl Cell<'_> {
    pub fn of_hour(hour: Option<Hour>) -> Self {
        hour.map_or(Self::Null, Self::Instant)
    }
}

/// A file that is written row by row.
pub(super) struct Table<W: Write> {
    output: W,
    written: Shared,
    writer: SerializedFileWriter<Shared>,
    columns: Vec<Values>,
    /// How many whole rows the columns hold.
    rows: usize,
}

/// Values of one column, of the row group that is being made.
struct Values {
    kind: Kind,
    /// For each row, 1 where it has a value.
    levels: Vec<i16>,
    is_optional: bool,
    /// Text and decimals, one behind the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Numbers of 64 bits.
    numbers: Vec<i64>,
}

impl<W: Write> Table<W> {
    pub fn new<'a>(name: &str, fields: impl IntoIterator<Item = Field<'a>>, output: W) -> Result<Self> {
        let fields: Vec<Field<'a>> = fields.into_iter().collect();
        let types = fields.iter().map(Field::schema).collect::<Result<_>>()?;
        let schema = Type::group_type_builder(name).with_fields(types).build().map_err(failed)?;
        let zstd = Compression::ZSTD(ZstdLevel::default());
        // Their least and greatest value would keep all values of a row group in memory until the file ends.
        let in_bytes = fields.iter().filter(|field| !field.kind.is_number_of_64_bits());
        let properties =
            in_bytes.fold(WriterProperties::builder().set_compression(zstd), |properties, field| {
                properties
                    .set_column_statistics_enabled(ColumnPath::from(field.name), EnabledStatistics::None)
            });
        let properties = properties.build();
        let written = Shared::default();
        let writer = SerializedFileWriter::new(written.clone(), Arc::new(schema), Arc::new(properties));
        let writer = writer.map_err(failed)?;
        let columns = fields.iter().map(Values::new).collect();
        Ok(Self { output, written, writer, columns, rows: 0 })
    }

    /// Adds the value of the row in the column at `place`.
    pub fn put(&mut self, place: usize, cell: Cell<'_>) -> Result<()> {
        self.columns[place].push(cell)
    }

    /// Ends the row; each column has had its value.
    pub fn end_row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.rows == GROUP { self.write_group() } else { Ok(()) }
    }

    /// Adds a text to the metadata of the file, under this key.
    pub fn note(&mut self, key: &str, text: String) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), text));
    }

    pub fn finish(mut self) -> Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.finish().map_err(failed)?;
        self.written.hand_on(&mut self.output)?;
        self.output.flush().map_err(|error| output_error(&error.to_string()))
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group().map_err(failed)?;
        self.columns.iter_mut().try_for_each(|column| column.write(&mut group))?;
        group.close().map_err(failed)?;
        self.rows = 0;
        self.written.hand_on(&mut self.output)
    }
}

impl Values {
    fn new(field: &Field<'_>) -> Self {
        Self {
            kind: field.kind,
            levels: Vec::new(),
            is_optional: field.repetition == Repetition::OPTIONAL,
            bytes: Vec::new(),
            ends: Vec::new(),
            numbers: Vec::new(),
        }
    }

    fn push(&mut self, cell: Cell<'_>) -> Result<()> {
        match cell {
            Cell::Null if !self.is_optional => {
                return Err(Error::internal("a required column has no value"));
            }
            Cell::Null => {}
            Cell::Text(text) => self.push_bytes(shown(text).as_bytes()),
            Cell::Decimal(units) if units.unsigned_abs() >= 10u128.pow(DIGITS) => {
                return Err(too_large(units));
            }
            Cell::Decimal(units) => self.push_bytes(&units.to_be_bytes()),
            Cell::Integer(number) => self.numbers.push(number),
            Cell::Instant(hour) => self.numbers.push(hour.start().seconds() * 1000),
        }
        if self.is_optional {
            self.levels.push(i16::from(!matches!(cell, Cell::Null)));
        }
        Ok(())
    }

    fn push_bytes(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    /// Writes the values, and is empty then.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Shared>) -> Result<()> {
        match self.kind {
            kind if kind.is_number_of_64_bits() => {
                let numbers = std::mem::take(&mut self.numbers);
                self.write_as::<Int64Type>(group, &numbers)?;
            }
            Kind::Text => {
                let values: Vec<ByteArray> = self.take_bytes().map(ByteArray::from).collect();
                self.write_as::<ByteArrayType>(group, &values)?;
            }
            _ => {
                let fixed = self.take_bytes().map(|bytes| FixedLenByteArray::from(ByteArray::from(bytes)));
                let values: Vec<FixedLenByteArray> = fixed.collect();
                self.write_as::<FixedLenByteArrayType>(group, &values)?;
            }
        }
        self.levels.clear();
        Ok(())
    }

    fn take_bytes(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let (bytes, ends) = (Bytes::from(std::mem::take(&mut self.bytes)), std::mem::take(&mut self.ends));
        let mut start = 0;
        ends.into_iter().map(move |end| bytes.slice(std::mem::replace(&mut start, end)..end))
    }

    fn write_as<T: DataType>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, Shared>,
        values: &[T::T],
    ) -> Result<()> {
        let missing = || Error::internal("a column of the schema is missing");
        let mut column = group.next_column().map_err(failed)?.ok_or_else(missing)?;
        let levels = self.is_optional.then_some(&self.levels[..]);
        column.typed::<T>().write_batch(values, levels, None).map_err(failed)?;
        column.close().map_err(failed)
    }
}

/// What was written and not yet handed on: the writer wants an output that may go to another thread, and the caller's
/// need not.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn hand_on(&self, output: &mut impl Write) -> Result<()> {
        let written = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        output.write_all(&written).map_err(|error| output_error(&error.to_string()))
    }
}

fn failed(error: ParquetError) -> Error {
    output_error(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    /// Notes how much was written.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_group_is_handed_on_and_nothing_of_its_values_is_kept() {
        let sink = Sink::default();
        let written = || sink.0.lock().unwrap().len();
        let fields =
            [Field::optional("id", Kind::Text), Field::optional("bytes", Kind::Decimal { scale: 0 })];
        let mut table = Table::new("lines", fields, sink.clone()).unwrap();
        for group in 1..=3 {
            let before = written();
            for row in 0..GROUP {
                table.put(0, Cell::Text(&format!("pcc-{row}"))).unwrap();
                table.put(1, Cell::Decimal((group * row) as i128)).unwrap();
                table.end_row().unwrap();
            }
            assert!(written() > before, "group {group}");
        }
        table.finish().unwrap();
        let file = Bytes::from(sink.0.lock().unwrap().clone());
        let file = SerializedFileReader::new(file).unwrap();
        for group in file.metadata().row_groups() {
            assert_eq!(group.num_rows(), GROUP as i64);
            assert!(group.columns().iter().all(|column| column.statistics().is_none()));
        }
    }
}
