//! Where the Parquet reader gets its bytes and pages from.

use super::header::{PageHeader, behind_differences};
use crate::read::source::{ReadAt, ReadFrom};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::{
    basic::{Compression, Encoding, Type},
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
/// Bytes of a page, or of a footer, that are held at most. Writers make pages of about 1 MiB.
const MOST_BYTES: u64 = 256 << 20;
/// How much smaller a page of these codecs can be, at most.
const GZIP_RATIO: u64 = 1032;
const LZ4_RATIO: u64 = 255;

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
        refuse_huge(length as u64)?;
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
            return Err(bad("its place is not in the file"));
        }
        let pages = SerializedPageReader::new(self.blocks.clone(), self.chunk, self.rows, None)?;
        Ok(Pages {
            first: None,
            pages,
            has_dictionary: false,
            coded: false,
            blocks: self.blocks.clone(),
            chunk: self.chunk.clone(),
            at: first as u64,
            end: first as u64 + length as u64,
            rows_left: self.rows as u64,
        })
    }

    pub fn name(&self) -> &str {
        self.chunk.column_descr().name()
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
    blocks: Arc<Blocks>,
    chunk: ColumnChunkMetaData,
    /// Where the next page begins in the file, and where the last one ends.
    at: u64,
    end: u64,
    /// Rows whose pages are still to come.
    rows_left: u64,
}

impl Pages {
    /// Begins with this dictionary, and fails at a page that does not refer to it.
    pub fn coded_by(mut self, dictionary: Page) -> Self {
        self.first = Some(dictionary);
        self.coded = true;
        self
    }

    /// The next page of the file, whose header is looked at before memory is reserved for it.
    fn next_of_file(&mut self) -> Result<Option<Page>> {
        let header = self.next_header()?;
        let page = self.pages.get_next_page()?;
        let Some(page) = page else {
            return if self.rows_left == 0 {
                Ok(None)
            } else {
                Err(bad("it has fewer rows than the footer says"))
            };
        };
        if header.is_none_or(|header| header.uncompressed != page.buffer().len() as u64) {
            return Err(bad("a page is not as long as its header says"));
        }
        if page.is_data_page() {
            self.take_rows(u64::from(page.num_values()))?;
        }
        Ok(Some(page))
    }

    /// What the header of the next page says that readers do not pass over.
    fn next_header(&mut self) -> Result<Option<PageHeader>> {
        while self.at < self.end {
            let header = PageHeader::read(self.blocks.get_read(self.at)?)?;
            let data = self.at + header.length;
            self.at = data.saturating_add(header.compressed);
            if !header.is_index {
                refuse_huge(header.compressed)?;
                refuse_huge(header.uncompressed)?;
                self.refuse_bomb(&header, data)?;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Codecs that do not stop where the header says that a page ends.
    fn refuse_bomb(&self, header: &PageHeader, data: u64) -> Result<()> {
        let ratio = match self.chunk.compression() {
            Compression::GZIP(_) => GZIP_RATIO,
            Compression::LZ4 => LZ4_RATIO,
            _ => return Ok(()),
        };
        if header.compressed.saturating_mul(ratio) <= 4 * MOST_BYTES {
            return Ok(());
        }
        if ratio == LZ4_RATIO {
            return Err(bad("a page is too large for the codec LZ4; write it with zstd or snappy"));
        }
        let page = self.blocks.get_read(data)?.take(header.compressed);
        let most = header.uncompressed + 1;
        let size = io::copy(&mut MultiGzDecoder::new(page).take(most), &mut io::sink())?;
        if size < most { Ok(()) } else { Err(bad("a page is longer than its header says")) }
    }

    fn take_rows(&mut self, rows: u64) -> Result<()> {
        let left = self.rows_left.checked_sub(rows);
        self.rows_left = left.ok_or_else(|| bad("it has more rows than the footer says"))?;
        Ok(())
    }

    fn checked(&mut self, page: Page) -> Result<Page> {
        if !page.is_data_page() {
            self.has_dictionary = true;
            return Ok(page);
        }
        let refers = is_dictionary(page.encoding());
        if refers && !self.has_dictionary {
            return Err(bad("a page refers to a dictionary that is not there"));
        }
        if self.coded && !refers {
            return Err(ParquetError::External(Box::new(NotCoded)));
        }
        self.check_encoding(&page)?;
        self.check_differences(&page)?;
        Ok(page)
    }

    /// How many lengths a page of texts has is told by itself, and taken at its word.
    fn check_differences(&self, page: &Page) -> Result<()> {
        let lengths = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            // Of what a text begins with as the one before, and of the rest.
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => return Ok(()),
        };
        let cut_short = || bad("a page is cut short");
        let mut values = &page.buffer()[..];
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                values = values.get(levels..).ok_or_else(cut_short)?;
            }
            // Levels of optional values stand in front, with their length; none are nested.
            _ if self.chunk.column_descr().max_def_level() > 0 => {
                let (length, rest) = values.split_first_chunk().ok_or_else(cut_short)?;
                values = rest.get(u32::from_le_bytes(*length) as usize..).ok_or_else(cut_short)?;
            }
            _ => {}
        }
        for _ in 0..lengths {
            values = behind_differences(values, u64::from(page.num_values()))?;
        }
        Ok(())
    }

    /// Headers of pages have no checksum. What makes other values of the same bytes, without a contradiction, is held
    /// against what the footer says.
    fn check_encoding(&self, page: &Page) -> Result<()> {
        let listed = |encoding| self.chunk.encodings().any(|own| own == encoding);
        let (own, split) = (page.encoding(), Encoding::BYTE_STREAM_SPLIT);
        let may_be =
            if own == Encoding::PLAIN { listed(own) || !listed(split) } else { own != split || listed(own) };
        if !may_be {
            return Err(bad("a page is encoded in a way that the footer does not list"));
        }
        let required = self.chunk.column_descr().max_def_level() == 0;
        let width = match self.chunk.column_type() {
            Type::INT32 => 4,
            Type::INT64 => 8,
            Type::INT96 => 12,
            _ => return Ok(()),
        };
        if required
            && own == Encoding::PLAIN
            && page.buffer().len() as u64 != u64::from(page.num_values()) * width
        {
            return Err(bad("a page is not as long as its values are"));
        }
        Ok(())
    }
}

fn is_dictionary(encoding: Encoding) -> bool {
    // The older of the two names means the same in pages of data.
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

/// Refuses what no writer makes, before memory is reserved for it.
fn refuse_huge(bytes: u64) -> Result<()> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let most = MOST_BYTES >> 20;
    Err(ParquetError::General(format!(
        "a part of it is {bytes} bytes long; at most {most} MiB are read at once"
    )))
}

fn bad(why: &str) -> ParquetError {
    ParquetError::General(why.into())
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
            None => self.next_of_file()?,
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
            None => {
                let rows = self.pages.peek_next_page()?.and_then(|page| page.num_levels);
                self.next_header()?;
                self.take_rows(rows.unwrap_or_default() as u64)?;
                self.pages.skip_next_page()
            }
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
            return Err(bad("it has fewer rows than the footer says"));
        }
        if values < rows {
            self.spread(rows);
        }
        Ok(())
    }

    /// Sees that there is no further row.
    pub fn finish(&mut self) -> Result<()> {
        self.levels.clear();
        self.values.clear();
        let (more, ..) = self.reader.read_records(1, Some(&mut self.levels), None, &mut self.values)?;
        if more == 0 { Ok(()) } else { Err(bad("it has more rows than the footer says")) }
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
