//! Texts of a column, as what they are known as.

use super::pages::{Column, NotCoded, Unusable, Values, no_bytes};
use bytes::Bytes;
use parquet::{
    basic::{Encoding, Type as Physical},
    column::{
        page::{Page, PageReader},
        reader::ColumnReaderImpl,
    },
    data_type::{ByteArray, ByteArrayType, Int32Type},
    errors::{ParquetError, Result},
    schema::types::{ColumnDescriptor, Type},
};
use std::sync::Arc;

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
