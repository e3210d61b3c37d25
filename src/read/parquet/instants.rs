//! Instants of a column, however they are written.

use super::{
    pages::{Column, Unusable, Values, no_bytes},
    schema::{InstantKind, Unit, Width},
};
use crate::model::time::Timestamp;
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type, Int96, Int96Type},
    errors::Result,
};

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
mod tests {
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
