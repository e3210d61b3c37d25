//! Where the Parquet reader gets its bytes and pages from.

use crate::read::read_at::{ReadAt, ReadFrom};
use bytes::Bytes;
use parquet::{
    basic::Encoding,
    column::{
        page::{Page, PageMetadata, PageReader},
        reader::ColumnReaderImpl,
    },
    data_type::{ByteArray, DataType},
    errors::{ParquetError, Result},
    file::{
        metadata::ColumnChunkMetaData,
        reader::{ChunkReader, Length},
        serialized_reader::SerializedPageReader,
    },
    schema::types::ColumnDescPtr,
};
use std::{
    fmt,
    io::{self, BufReader, Read},
    sync::Arc,
};

/// A page header is read from so many bytes, most often.
const HEADER: usize = 1024;

/// The file.
pub(super) struct Blocks {
    blocks: Arc<dyn ReadAt>,
    size: u64,
}

impl Blocks {
    pub fn new(blocks: Arc<dyn ReadAt>) -> io::Result<Self> {
        let size = blocks.size()?;
        Ok(Self { blocks, size })
    }
}

impl Length for Blocks {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Blocks {
    type T = BufReader<ReadFrom>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEADER, ReadFrom::new(&self.blocks, start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.size) {
            let end = "a part of it lies behind the end of the file, which may be cut short";
            return Err(ParquetError::EOF(end.into()));
        }
        let mut bytes = vec![0; length];
        ReadFrom::new(&self.blocks, start).read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A column of a row group.
#[derive(Clone)]
pub(super) struct Column<'a> {
    pub blocks: &'a Arc<Blocks>,
    pub chunk: &'a ColumnChunkMetaData,
    pub rows: usize,
}

impl Column<'_> {
    pub fn pages(&self) -> Result<Pages> {
        let (start, length) = (self.chunk.data_page_offset(), self.chunk.compressed_size());
        let first = self.chunk.dictionary_page_offset().unwrap_or(start);
        // The reader of pages takes these for granted.
        if start < 0 || length < 0 || first < 0 || first as u64 >= self.blocks.size.max(1) {
            return Err(ParquetError::General("a column's place is not in the file".into()));
        }
        let pages = SerializedPageReader::new(self.blocks.clone(), self.chunk, self.rows, None)?;
        Ok(Pages { first: None, pages, has_dictionary: false, coded: false })
    }

    pub fn descriptor(&self) -> ColumnDescPtr {
        self.chunk.column_descr_ptr()
    }

    /// A reader of its values.
    pub fn reader<T: DataType>(&self) -> Result<ColumnReaderImpl<T>> {
        Ok(ColumnReaderImpl::new(self.descriptor(), Box::new(self.pages()?)))
    }
}

/// A page does not refer to the dictionary: its values must be read as they are.
#[derive(Debug)]
pub(super) struct NotCoded;

impl fmt::Display for NotCoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page does not refer to the dictionary")
    }
}

impl std::error::Error for NotCoded {}

/// The pages of a column, checked for what the reader of values takes for granted.
pub(super) struct Pages {
    first: Option<Page>,
    pages: SerializedPageReader<Blocks>,
    has_dictionary: bool,
    coded: bool,
}

impl Pages {
    /// Begins with this dictionary, and fails at a page that does not refer to it.
    pub fn coded_by(mut self, dictionary: Page) -> Self {
        self.first = Some(dictionary);
        self.coded = true;
        self
    }

    fn checked(&mut self, page: Page) -> Result<Page> {
        if !page.is_data_page() {
            self.has_dictionary = true;
            return Ok(page);
        }
        let refers = matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if refers && !self.has_dictionary {
            return Err(ParquetError::General("a page refers to a dictionary that is not there".into()));
        }
        if self.coded && !refers {
            return Err(ParquetError::External(Box::new(NotCoded)));
        }
        Ok(page)
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => self.pages.get_next_page()?,
        };
        next.map(|page| self.checked(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        match &self.first {
            Some(_) => Ok(Some(PageMetadata { num_rows: None, num_levels: None, is_dict: true })),
            None => self.pages.peek_next_page(),
        }
    }

    fn skip_next_page(&mut self) -> Result<()> {
        match self.first.take() {
            Some(_) => Ok(()),
            None => self.pages.skip_next_page(),
        }
    }
}

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
