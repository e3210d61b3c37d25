//! Values of a column, a batch of rows at a time; a null leaves a mark and a value that means nothing.

use super::pages::Column;
use parquet::{
    column::reader::ColumnReaderImpl,
    data_type::{ByteArray, DataType},
    errors::{ParquetError, Result},
};

/// Why a value cannot be used.
pub(super) type Unusable = String;

/// A reader of values, with the values and nulls of the rows read last.
pub struct Values<T: DataType> {
    pub reader: ColumnReaderImpl<T>,
    pub values: Vec<T::T>,
    levels: Vec<i16>,
    /// By row; empty where there is none.
    pub nulls: Vec<bool>,
    /// What stands in place of a null.
    blank: T::T,
}

impl<T: DataType> Values<T> {
    pub fn new(reader: ColumnReaderImpl<T>, blank: T::T) -> Self {
        Self { reader, values: Vec::new(), levels: Vec::new(), nulls: Vec::new(), blank }
    }

    pub fn open(column: &Column<'_>, blank: T::T) -> Result<Self> {
        Ok(Self::new(column.reader()?, blank))
    }

    pub fn read(&mut self, rows: usize) -> Result<()> {
        self.values.clear();
        self.levels.clear();
        self.nulls.clear();
        let (read, values, _) =
            self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        if read != rows {
            return Err(ParquetError::General("a column has fewer rows than the footer says".into()));
        }
        if values < rows {
            self.spread(rows);
        }
        Ok(())
    }

    /// Puts the values into the rows that have one.
    fn spread(&mut self, rows: usize) {
        self.nulls.extend(self.levels.iter().map(|&level| level == 0));
        let mut values = std::mem::take(&mut self.values).into_iter();
        let mut value = |null: bool| if null { None } else { values.next() };
        let spread = self.nulls.iter().map(|&null| value(null).unwrap_or_else(|| self.blank.clone()));
        self.values = spread.take(rows).collect();
    }

    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row).copied().unwrap_or(false)
    }
}

/// An empty array; one by default has no bytes to ask for.
pub fn no_bytes() -> ByteArray {
    ByteArray::from(Vec::new())
}
