//! What a page and a footer say of themselves, looked at before the Parquet reader takes them at their word: it
//! reserves as much memory as a page claims to need, and descends as deep as a schema is nested.

use parquet::errors::{ParquetError, Result};
use std::io::Read;

/// How deep a value of the format may be nested; a header needs four levels.
const MOST_NESTED: u32 = 32;
/// How deep a schema may be nested: far deeper than that of any table, far less than a thread's stack.
const MOST_GROUPS: usize = 200;

/// What the header of a page says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Its own length, in bytes.
    pub length: u64,
    /// Bytes of the page in the file.
    pub compressed: u64,
    /// Bytes of the page once it is decompressed.
    pub uncompressed: u64,
    /// A page that readers pass over.
    pub is_index: bool,
}

impl PageHeader {
    /// Reads a header, of which only what is asked for here is looked at.
    pub fn read(input: impl Read) -> Result<Self> {
        const INDEX_PAGE: u64 = 1;
        let mut header = Self::default();
        let mut values = Compact { input, read: 0 };
        values.each_field(0, &mut |values, field, kind| match (field, kind) {
            (1, I32) => values.size().map(|kind| header.is_index = kind == INDEX_PAGE),
            (2, I32) => values.size().map(|size| header.uncompressed = size),
            (3, I32) => values.size().map(|size| header.compressed = size),
            (_, kind) => values.skip(kind, 0),
        })?;
        Ok(Self { length: values.read, ..header })
    }
}

/// Refuses a footer whose schema is nested deeper than [`MOST_GROUPS`].
pub(super) fn check_schema(footer: &[u8]) -> Result<()> {
    let mut values = Compact { input: footer, read: 0 };
    let mut depth = Depth::default();
    values.each_field(0, &mut |values, field, kind| match (field, kind) {
        (2, LIST) => {
            let (count, kind) = values.list()?;
            (0..count).try_for_each(|_| {
                let mut children = 0;
                values.each_field(0, &mut |values, field, kind| match (field, kind) {
                    (5, I32) => values.size().map(|count| children = count),
                    (_, kind) => values.skip(kind, 0),
                })?;
                depth.enter(if kind == STRUCT { children } else { 0 })
            })
        }
        (_, kind) => values.skip(kind, 0),
    })
}

/// The groups that are open, as how many children each of them still has.
#[derive(Default)]
struct Depth(Vec<u64>);

impl Depth {
    fn enter(&mut self, children: u64) -> Result<()> {
        if let Some(open) = self.0.last_mut() {
            *open -= 1;
        }
        self.0.push(children);
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        if self.0.len() <= MOST_GROUPS { Ok(()) } else { Err(bad("its schema is nested too deep")) }
    }
}

/// Types of the compact protocol of Thrift, in which Parquet writes what is no data:
/// <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.
const STOP: u8 = 0;
const I32: u8 = 5;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Values in that protocol.
struct Compact<R> {
    input: R,
    /// How many bytes were read.
    read: u64,
}

/// What takes a field of a struct: its number and its type are told, its value is to be read.
type EachField<'a, R> = dyn FnMut(&mut Compact<R>, i64, u8) -> Result<()> + 'a;

impl<R: Read> Compact<R> {
    fn byte(&mut self) -> Result<u8> {
        let mut one = [0];
        self.input.read_exact(&mut one)?;
        self.read += 1;
        Ok(one[0])
    }

    fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(bad("a number in it is too long"))
    }

    fn signed(&mut self) -> Result<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number that cannot be negative.
    fn size(&mut self) -> Result<u64> {
        u64::try_from(self.signed()?).map_err(|_| bad("a size in it is negative"))
    }

    /// How many elements a list has, and their type.
    fn list(&mut self) -> Result<(u64, u8)> {
        let head = self.byte()?;
        let short = u64::from(head >> 4);
        Ok((if short == 15 { self.varint()? } else { short }, head & 15))
    }

    fn each_field(&mut self, nested: u32, each: &mut EachField<'_, R>) -> Result<()> {
        if nested > MOST_NESTED {
            return Err(bad("it is nested too deep"));
        }
        let mut field = 0_i64;
        loop {
            let head = self.byte()?;
            if head & 15 == STOP {
                return Ok(());
            }
            field = match head >> 4 {
                0 => self.signed()?,
                // OK unchecked would not do: a number that was written out may be of any size.
                step => field.wrapping_add(i64::from(step)),
            };
            each(self, field, head & 15)?;
        }
    }

    fn skip(&mut self, kind: u8, nested: u32) -> Result<()> {
        match kind {
            // Booleans of a struct are told by their type.
            1 | 2 => Ok(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            9 | 10 => {
                let (count, kind) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, nested + 1))
            }
            11 => self.skip_map(nested),
            STRUCT => self.each_field(nested + 1, &mut |values, _, kind| values.skip(kind, nested + 1)),
            _ => Err(bad("a type in it is unknown")),
        }
    }

    fn skip_map(&mut self, nested: u32) -> Result<()> {
        let count = self.varint()?;
        let kinds = if count == 0 { 0 } else { self.byte()? };
        (0..count).try_for_each(|_| {
            self.skip_element(kinds >> 4, nested + 1)?;
            self.skip_element(kinds & 15, nested + 1)
        })
    }

    /// An element of a list is a byte even where it is a boolean.
    fn skip_element(&mut self, kind: u8, nested: u32) -> Result<()> {
        if nested > MOST_NESTED {
            return Err(bad("it is nested too deep"));
        }
        match kind {
            1 | 2 => self.byte().map(|_| ()),
            kind => self.skip(kind, nested),
        }
    }

    fn skip_bytes(&mut self, count: u64) -> Result<()> {
        let skipped = std::io::copy(&mut self.input.by_ref().take(count), &mut std::io::sink())?;
        self.read += skipped;
        if skipped == count { Ok(()) } else { Err(bad("it is cut short")) }
    }
}

/// Passes over values that are written as differences, which may tell at most `most` of them: decoders reserve memory for
/// as many as are told. What stands behind them.
pub(super) fn behind_differences(bytes: &[u8], most: u64) -> Result<&[u8]> {
    let mut values = Compact { input: bytes, read: 0 };
    let (of_block, parts, told) = (values.varint()?, values.varint()?, values.varint()?);
    values.varint()?;
    if told > most {
        return Err(bad("a page has more values than it has rows"));
    }
    let of_part = of_block.checked_div(parts).filter(|&own| own > 0);
    let of_part = of_part.ok_or_else(|| bad("a block of differences has no parts"))?;
    // The first value stands before the blocks.
    let mut left = told.saturating_sub(1);
    while left > 0 {
        values.varint()?;
        let bits = (0..parts).map(|_| values.byte().map(u64::from)).collect::<Result<Vec<u64>>>()?;
        for bits in bits {
            // Widths behind the last value mean nothing.
            let length = if left == 0 { 0 } else { bits.saturating_mul(of_part) / 8 };
            values.skip_bytes(length)?;
            left = left.saturating_sub(of_part);
        }
    }
    Ok(values.input)
}

fn bad(why: &str) -> ParquetError {
    ParquetError::General(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 5 bytes in the file and 7 in memory, with a checksum, and what is passed over.
    const HEADER: [u8; 18] =
        [0x15, 0, 0x15, 14, 0x15, 10, 0x15, 99, 0x1c, 0x15, 8, 0x28, 2, b'a', b'b', 0x11, 0, 0];

    #[test]
    fn the_header_of_a_page_tells_its_sizes() {
        let header = PageHeader::read(&HEADER[..]).unwrap();
        let expected = PageHeader { length: 18, compressed: 5, uncompressed: 7, is_index: false };
        assert_eq!(header, expected);
        for cut in 0..HEADER.len() {
            assert!(PageHeader::read(&HEADER[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_lies_about_its_sizes_is_refused() {
        assert!(PageHeader::read(&[0x15, 0, 0x15, 1, 0][..]).is_err(), "negative");
        assert!(
            PageHeader::read(&[0x15, 0, 0x15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255][..]).is_err()
        );
        assert!(PageHeader::read(&[&[0x3c; 100][..], &[0; 101]].concat()[..]).is_err(), "nested");
        assert!(PageHeader::read(&[0x38, 255, 255, 255, 255, 15][..]).is_err(), "a long text");
    }

    /// 33 values in a block of 128 in four parts: 32 differences of one bit each, and widths of parts without values.
    const DIFFERENCES: [u8; 15] = [0x80, 1, 4, 33, 2, 0, 1, 99, 99, 99, 0xff, 0, 0xff, 0, b'x'];

    #[test]
    fn values_written_as_differences_are_passed_over_and_counted() {
        assert_eq!(behind_differences(&DIFFERENCES, 33).unwrap(), b"x");
        assert!(behind_differences(&DIFFERENCES, 32).is_err(), "more values than rows");
        assert_eq!(behind_differences(&[0x80, 1, 4, 1, 2, b'x'], 1).unwrap(), b"x", "no block");
        assert_eq!(behind_differences(&[0x80, 1, 4, 0, 0], 9).unwrap(), b"", "no value");
        for cut in 0..DIFFERENCES.len() - 1 {
            assert!(behind_differences(&DIFFERENCES[..cut], 33).is_err(), "{cut}");
        }
        for parts in [0, 0x7f] {
            let mut bytes = DIFFERENCES;
            bytes[2] = parts;
            assert!(behind_differences(&bytes, 33).is_err(), "{parts} parts");
        }
    }

    #[test]
    fn a_schema_may_be_wide_but_not_deep() {
        let schema = |elements: &[u8]| {
            let mut footer = vec![0x29, 0xfc];
            let count = elements.len();
            footer.extend([(count & 0x7f) as u8 | 0x80, (count >> 7) as u8]);
            for &children in elements {
                footer.extend([0x55, children * 2, 0]);
            }
            footer.push(0);
            footer
        };
        assert!(check_schema(&schema(&[3, 0, 0, 0])).is_ok());
        assert!(check_schema(&schema(&[&[1; 150][..], &[0]].concat())).is_ok());
        assert!(check_schema(&schema(&[&[1; 300][..], &[0]].concat())).is_err());
        let wide = [&[60][..], &[1, 0].repeat(60)].concat();
        assert!(check_schema(&schema(&wide)).is_ok());
    }
}
