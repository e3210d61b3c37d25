//! Metered hours: what a month's archive keeps, and `report --metered` takes again.
//!
//! One row for every hour, connection and sender that has a record, in this order, under `hour`, `connection_id`,
//! `sender` and `bytes`.

use super::csv::{Cell, Rows};
use crate::{
    error::{Error, Result},
    meter::{HourlyUsage, Metered},
    model::usage::MeteredHour,
    read::native::columns::{METERED_COLUMNS, MOST_OF_AN_HOUR},
};
use std::io::Write;

/// Shows every metered hour in order, and fails at one that could not be read again.
fn try_each(usage: &HourlyUsage, mut each: impl FnMut(MeteredHour) -> Result<()>) -> Result<()> {
    usage.try_each(|row| {
        row.try_each(|metered| match metered.bytes {
            ..=MOST_OF_AN_HOUR => each(metered),
            _ => Err(Error::overflow("the bytes of an hour of one sender exceed 2^80-1")),
        })
    })
}

/// Writes metered hours as CSV, for [`TrafficSource::as_metered`](crate::TrafficSource::as_metered): hours as
/// `2026-10-05T03:00:00Z`, bytes as digits.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails; [`Overflow`](crate::ErrorKind::Overflow) where a
/// sender's bytes of an hour exceed 2^80-1, which could not be read again.
pub fn csv(metered: &Metered, output: impl Write) -> Result<()> {
    let inventory = metered.inventory();
    let mut writer = Rows::new(output);
    writer.write(METERED_COLUMNS.into_iter().map(Cell::Own))?;
    let mut last = None;
    let mut hour = String::new();
    let mut bytes = itoa::Buffer::new();
    try_each(metered.usage(), |metered| {
        if last.replace(metered.hour) != Some(metered.hour) {
            hour = metered.hour.to_string();
        }
        let id = &inventory.connection(metered.connection).id;
        let sender = Cell::Own(metered.sender.as_str());
        writer.write([Cell::Own(&hour), Cell::Text(id), sender, Cell::Own(bytes.format(metered.bytes))])
    })?;
    writer.finish()
}

#[cfg(feature = "parquet")]
pub use columns::parquet;

#[cfg(feature = "parquet")]
mod columns {
    use super::*;
    use crate::model::usage::Sender;
    use crate::write::csv::output_error;
    use parquet::{
        basic::{Compression, ZstdLevel},
        data_type::{
            ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
        },
        errors::ParquetError,
        file::{
            properties::WriterProperties,
            writer::{SerializedFileWriter, SerializedRowGroupWriter},
        },
        schema::parser::parse_message_type,
    };
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };

    /// Bytes are decimals, so that the type does not depend on the sums.
    const SCHEMA: &str = "message metered_hours {
        required int64 hour (TIMESTAMP(MILLIS,true));
        required binary connection_id (STRING);
        required binary sender (STRING);
        required fixed_len_byte_array(16) bytes (DECIMAL(38,0));
    }";
    /// Hours of a row group, which is held in memory.
    const GROUP: usize = 1 << 18;

    type Writer = SerializedFileWriter<Shared>;

    /// What was written and not yet handed on: the writer wants an output that may go to another thread, and the
    /// caller's need not.
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

    /// Writes them as Parquet: hours as timestamps in UTC, to the millisecond, bytes as DECIMAL(38, 0).
    ///
    /// # Errors
    ///
    /// [`Output`](crate::ErrorKind::Output) where `output` fails; [`Overflow`](crate::ErrorKind::Overflow) where a
    /// sender's bytes of an hour exceed 2^80-1, which could not be read again.
    pub fn parquet(metered: &Metered, mut output: impl Write) -> Result<()> {
        let inventory = metered.inventory();
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(failed)?);
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let properties = Arc::new(WriterProperties::builder().set_compression(zstd).build());
        let file = Shared::default();
        let mut writer = Writer::new(file.clone(), schema, properties).map_err(failed)?;
        let connections = inventory.connections().iter();
        let ids: Vec<ByteArray> =
            connections.map(|own| ByteArray::from(own.id.as_bytes().to_vec())).collect();
        let mut hours = Vec::new();
        try_each(metered.usage(), |metered| {
            hours.push(metered);
            if hours.len() == GROUP {
                write_group(&mut writer, &hours, &ids)?;
                file.hand_on(&mut output)?;
                hours.clear();
            }
            Ok(())
        })?;
        if !hours.is_empty() {
            write_group(&mut writer, &hours, &ids)?;
        }
        writer.close().map_err(failed)?;
        file.hand_on(&mut output)
    }

    fn write_group(writer: &mut Writer, hours: &[MeteredHour], ids: &[ByteArray]) -> Result<()> {
        let mut group = writer.next_row_group().map_err(failed)?;
        let senders = Sender::ALL.map(|sender| ByteArray::from(sender.as_str()));
        let instant = |own: &MeteredHour| own.hour.start().seconds() * 1000;
        let id = |own: &MeteredHour| ids[own.connection].clone();
        let sender = |own: &MeteredHour| senders[own.sender as usize].clone();
        let bytes = |own: &MeteredHour| FixedLenByteArray::from(own.bytes.to_be_bytes().to_vec());
        put::<Int64Type>(&mut group, hours.iter().map(instant).collect())?;
        put::<ByteArrayType>(&mut group, hours.iter().map(id).collect())?;
        put::<ByteArrayType>(&mut group, hours.iter().map(sender).collect())?;
        put::<FixedLenByteArrayType>(&mut group, hours.iter().map(bytes).collect())?;
        group.close().map_err(failed)?;
        Ok(())
    }

    fn put<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Shared>, values: Vec<T::T>) -> Result<()> {
        let missing = || Error::internal("a column of metered hours is missing");
        let mut column = group.next_column().map_err(failed)?.ok_or_else(missing)?;
        column.typed::<T>().write_batch(&values, None, None).map_err(failed)?;
        column.close().map_err(failed)
    }

    fn failed(error: ParquetError) -> Error {
        output_error(&error.to_string())
    }
}
