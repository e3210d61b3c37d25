//! Bytes of traffic in a column, however they are written.

use super::{
    pages::{Column, Unusable, Values, no_bytes},
    schema::{AmountKind, Width},
};
use crate::read::native::columns::RecordKind;
use parquet::{
    data_type::{ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type},
    errors::Result,
};

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

#[cfg(test)]
mod tests {
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
