//! Which columns hold what, and how their values are to be understood.

use crate::model::{
    did_you_mean,
    invalid::{Invalid, Remedy},
};
use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type},
    schema::types::{ColumnDescriptor, SchemaDescriptor},
};

/// How many of a unit are a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milli = 1_000,
    Micro = 1_000_000,
    Nano = 1_000_000_000,
}

/// How instants are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstantKind {
    /// Units since 1970, to which so many seconds are added to make them UTC.
    Ticks { unit: Unit, shift: i64 },
    /// A Julian day and nanoseconds of it, likewise.
    Int96 { shift: i64 },
    /// An epoch of 10 or 13 digits.
    Epoch(Width),
    /// As in CSV.
    Text,
}

/// How many bytes an integer is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Four,
    Eight,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountKind {
    Integer {
        width: Width,
        signed: bool,
    },
    /// Whole decimals, as big-endian two's complement.
    FixedDecimal,
    Decimal,
}

/// The columns of traffic in a file, as their indices.
#[derive(Debug)]
pub(super) struct Schema {
    pub instant: (usize, InstantKind),
    pub connection: usize,
    pub sender: usize,
    pub bytes: (usize, AmountKind),
}

impl Schema {
    /// Finds the columns by name; `shift` is what makes local times UTC, in seconds.
    pub fn find(schema: &SchemaDescriptor, names: [&str; 4], shift: Option<i64>) -> Result<Self, Invalid> {
        let missing: Vec<String> = names.iter().filter_map(|name| missing(schema, name)).collect();
        if !missing.is_empty() {
            return Err(format!("has no column {}", missing.join(", ")).into());
        }
        let [instant, connection, sender, bytes] = names.map(|name| leaf(schema, name));
        let (instant, connection, sender, bytes) = (instant?, connection?, sender?, bytes?);
        let column = |index: usize| schema.column(index);
        for index in [connection, sender] {
            if !is_text(&column(index)) {
                return Err(wrong(&column(index), "cast it to a string").into());
            }
        }
        Ok(Self {
            instant: (instant, instant_kind(&column(instant), shift)?),
            connection,
            sender,
            bytes: (bytes, amount_kind(&column(bytes))?),
        })
    }
}

impl Schema {
    /// The indices of the columns.
    pub fn columns(&self) -> [usize; 4] {
        [self.instant.0, self.connection, self.sender, self.bytes.0]
    }
}

fn missing(schema: &SchemaDescriptor, name: &str) -> Option<String> {
    let fields = schema.root_schema().get_fields();
    if fields.iter().any(|field| field.name() == name) {
        return None;
    }
    Some(format!("{name}{}", did_you_mean(name, fields.iter().map(|field| field.name()))))
}

/// The index of the column of this name.
fn leaf(schema: &SchemaDescriptor, name: &str) -> Result<usize, String> {
    let own = |column: &ColumnDescriptor| column.path().parts().first().is_some_and(|part| part == name);
    let found: Vec<usize> = (0..schema.num_columns()).filter(|&index| own(&schema.column(index))).collect();
    match found[..] {
        [index] if schema.column(index).path().parts().len() == 1 => {
            let column = schema.column(index);
            if column.max_rep_level() > 0 {
                Err(wrong(&column, "give it one value a row"))
            } else {
                Ok(index)
            }
        }
        [] | [_] => Err(format!("column {name} is nested; give it one value a row")),
        _ => Err(format!("has several columns {name}")),
    }
}

fn instant_kind(column: &ColumnDescriptor, shift: Option<i64>) -> Result<InstantKind, Invalid> {
    // A time without a zone is no instant until somebody says where its clocks stood.
    let local = || {
        shift.ok_or_else(|| {
            let why = Invalid::new(format!("{} has times without a zone", column.name()));
            why.with(Remedy::StateNaiveOffset)
        })
    };
    let ticks = |unit, utc| Ok(InstantKind::Ticks { unit, shift: if utc { 0 } else { local()? } });
    match (column.logical_type_ref(), column.converted_type(), column.physical_type()) {
        (Some(LogicalType::Timestamp(own)), ..) => {
            let unit = match own.unit {
                TimeUnit::MILLIS => Unit::Milli,
                TimeUnit::MICROS => Unit::Micro,
                TimeUnit::NANOS => Unit::Nano,
            };
            // Writers tell the unit twice, for older readers.
            let told_again = match column.converted_type() {
                ConvertedType::TIMESTAMP_MILLIS => Unit::Milli,
                ConvertedType::TIMESTAMP_MICROS => Unit::Micro,
                _ => unit,
            };
            if told_again != unit {
                let name = column.name();
                return Err(format!("column {name} has times in two units; the file is damaged").into());
            }
            ticks(unit, own.is_adjusted_to_u_t_c)
        }
        // By the format's rules these older marks mean UTC.
        (None, ConvertedType::TIMESTAMP_MILLIS, _) => ticks(Unit::Milli, true),
        (None, ConvertedType::TIMESTAMP_MICROS, _) => ticks(Unit::Micro, true),
        (.., Type::INT96) => Ok(InstantKind::Int96 { shift: local()? }),
        _ if is_text(column) => Ok(InstantKind::Text),
        _ => match integer(column) {
            Some((width, _)) => Ok(InstantKind::Epoch(width)),
            None => Err(wrong(column, "cast it to a timestamp with a zone").into()),
        },
    }
}

fn amount_kind(column: &ColumnDescriptor) -> Result<AmountKind, String> {
    if let Some((width, signed)) = integer(column) {
        return Ok(AmountKind::Integer { width, signed });
    }
    let is_decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
        || column.converted_type() == ConvertedType::DECIMAL;
    let whole = is_decimal && column.type_scale() == 0;
    match column.physical_type() {
        Type::INT32 if whole => Ok(AmountKind::Integer { width: Width::Four, signed: true }),
        Type::INT64 if whole => Ok(AmountKind::Integer { width: Width::Eight, signed: true }),
        Type::FIXED_LEN_BYTE_ARRAY if whole => Ok(AmountKind::FixedDecimal),
        Type::BYTE_ARRAY if whole => Ok(AmountKind::Decimal),
        _ => Err(wrong(column, "cast it to a 64-bit integer, signed or unsigned")),
    }
}

/// How wide an integer is stored, and whether it is signed.
fn integer(column: &ColumnDescriptor) -> Option<(Width, bool)> {
    let width = match column.physical_type() {
        Type::INT32 => Width::Four,
        Type::INT64 => Width::Eight,
        _ => return None,
    };
    use ConvertedType as Old;
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Integer(own)), _) => Some((width, own.is_signed)),
        (None, Old::NONE | Old::INT_8 | Old::INT_16 | Old::INT_32 | Old::INT_64) => Some((width, true)),
        (None, Old::UINT_8 | Old::UINT_16 | Old::UINT_32 | Old::UINT_64) => Some((width, false)),
        _ => None,
    }
}

fn is_text(column: &ColumnDescriptor) -> bool {
    let marked = match column.logical_type_ref() {
        Some(own) => matches!(own, LogicalType::String | LogicalType::Enum),
        None => matches!(column.converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM),
    };
    marked && column.physical_type() == Type::BYTE_ARRAY
}

fn wrong(column: &ColumnDescriptor, way_out: &str) -> String {
    let own = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Decimal(own)), _) => format!("decimal with {} decimals", own.scale),
        (Some(logical), _) => format!("{logical:?}").to_lowercase(),
        (None, ConvertedType::NONE) => match column.physical_type() {
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => "binary".into(),
            physical => physical.to_string().to_lowercase(),
        },
        (None, converted) => converted.to_string().to_lowercase(),
    };
    format!("column {} is {own}: {way_out}", column.name())
}
