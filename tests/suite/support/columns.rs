//! Traffic as Parquet, in any of the shapes that writers give it.

use super::oracle::{Record, instant};
use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{
        ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
        Int96, Int96Type,
    },
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use proptest::{prelude::*, sample::select};
use std::sync::Arc;

/// The clocks of times without a zone stand so many hours east of UTC.
pub const CLOCK: i64 = 8;

/// How a file is written.
#[derive(Debug, Clone)]
pub struct Shape {
    pub instant: &'static str,
    pub bytes: &'static str,
    /// Optional columns can hold nulls.
    pub optional: bool,
    /// Rows of a row group and of a page.
    pub rows: (usize, usize),
    /// Bytes of a dictionary after which the writer gives it up; `None` for no dictionary at all.
    pub dictionary: Option<usize>,
    pub version_2: bool,
    pub compression: Compression,
    /// Columns in another order, and a further one.
    pub reordered: bool,
}

pub const INSTANTS: [&str; 7] = [
    "int64 timestamp (TIMESTAMP(MILLIS,true))",
    "int64 timestamp (TIMESTAMP(MICROS,true))",
    "int64 timestamp (TIMESTAMP(NANOS,true))",
    "int64 timestamp (TIMESTAMP(MILLIS,false))",
    "int96 timestamp",
    "int64 timestamp",
    "binary timestamp (STRING)",
];

pub const AMOUNTS: [&str; 5] = [
    "int64 bytes (INTEGER(64,false))",
    "fixed_len_byte_array(16) bytes (DECIMAL(38,0))",
    "binary bytes (DECIMAL(38,0))",
    "int64 bytes",
    "int32 bytes",
];

/// As most writers do it.
pub const COMMON: Shape = Shape {
    instant: INSTANTS[1],
    bytes: AMOUNTS[0],
    optional: true,
    rows: (20_000, 5_000),
    dictionary: Some(1 << 20),
    version_2: false,
    compression: Compression::SNAPPY,
    reordered: false,
};

pub fn shape() -> impl Strategy<Value = Shape> + Clone {
    let compression = vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
    ];
    let dictionary = prop_oneof![3 => Just(Some(1 << 20)), 2 => (0..60usize).prop_map(Some), 1 => Just(None)];
    let kinds = (select(&INSTANTS[..]), select(&AMOUNTS[..]));
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    (kinds, switches, (1..40usize, 1..20usize), dictionary, select(compression)).prop_map(
        |((instant, bytes), (optional, version_2, reordered), rows, dictionary, compression)| Shape {
            instant,
            bytes,
            optional,
            rows,
            dictionary,
            version_2,
            compression,
            reordered,
        },
    )
}

/// The records as a Parquet file; one whose bytes are unreadable has a null or a negative number.
pub fn file(records: &[Record], shape: &Shape) -> Vec<u8> {
    let most = records.iter().filter_map(|record| record.bytes).max().unwrap_or(0);
    let unreadable = records.iter().any(|record| record.bytes.is_none());
    let narrow = match shape.bytes {
        "int64 bytes" => most > i64::MAX as u64,
        "int32 bytes" => most > i32::MAX as u64,
        _ => false,
    };
    let bytes = if narrow { AMOUNTS[1] } else { shape.bytes };
    let signed = bytes != AMOUNTS[0];
    let optional = shape.optional || (unreadable && !signed);
    let mut columns =
        vec![shape.instant, "binary connection_id (STRING)", "binary sender (STRING)", bytes, "double note"];
    if shape.reordered {
        columns.reverse();
    } else {
        columns.pop();
    }
    let repetition = if optional { "optional" } else { "required" };
    let fields: String = columns.iter().map(|column| format!("{repetition} {column}; ")).collect();
    let schema = Arc::new(parse_message_type(&format!("message traffic {{ {fields}}}")).expect("a schema"));
    let properties = WriterProperties::builder()
        .set_compression(shape.compression)
        .set_dictionary_enabled(shape.dictionary.is_some())
        .set_dictionary_page_size_limit(shape.dictionary.unwrap_or(0))
        .set_data_page_row_count_limit(shape.rows.1)
        .set_write_batch_size(shape.rows.1)
        .set_writer_version(if shape.version_2 {
            WriterVersion::PARQUET_2_0
        } else {
            WriterVersion::PARQUET_1_0
        })
        .build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).expect("a writer");
    for group in records.chunks(shape.rows.0) {
        let mut out = writer.next_row_group().expect("a row group");
        for column in &columns {
            write_column(&mut out, group, column, optional, signed && !shape.optional);
        }
        out.close().expect("a whole row group");
    }
    writer.close().expect("a whole file");
    file
}

type Group<'a, 'b> = SerializedRowGroupWriter<'a, &'b mut Vec<u8>>;

fn write_column(out: &mut Group<'_, '_>, records: &[Record], column: &str, optional: bool, negative: bool) {
    let clock = CLOCK * 3_600_000;
    let texts = |text: &dyn Fn(&Record) -> String| -> Vec<Option<ByteArray>> {
        records.iter().map(|record| Some(ByteArray::from(text(record).as_str()))).collect()
    };
    let ticks = |tick: &dyn Fn(i64) -> i64| -> Vec<Option<i64>> {
        records.iter().map(|record| Some(tick(record.at))).collect()
    };
    let amounts = || records.iter().map(|own| own.bytes.map(i128::from).or(negative.then_some(-1)));
    let decimal = |amount: i128| {
        let bytes = amount.to_be_bytes();
        let short = bytes[..15].iter().take_while(|byte| **byte == 0).count().saturating_sub(1);
        ByteArray::from(bytes[short..].to_vec())
    };
    match column {
        "int64 timestamp (TIMESTAMP(MILLIS,true))" | "int64 timestamp" => {
            put::<Int64Type>(out, ticks(&|at| at), optional);
        }
        "int64 timestamp (TIMESTAMP(MICROS,true))" => {
            put::<Int64Type>(out, ticks(&|at| at * 1000), optional);
        }
        "int64 timestamp (TIMESTAMP(NANOS,true))" => {
            put::<Int64Type>(out, ticks(&|at| at * 1_000_000), optional);
        }
        "int64 timestamp (TIMESTAMP(MILLIS,false))" => {
            put::<Int64Type>(out, ticks(&|at| at + clock), optional);
        }
        "int96 timestamp" => {
            let julian = |record: &Record| {
                const DAY: i64 = 86_400_000;
                let local = record.at + clock;
                let nanos = (local.rem_euclid(DAY) * 1_000_000) as u64;
                let mut value = Int96::new();
                value.set_data(
                    nanos as u32,
                    (nanos >> 32) as u32,
                    (local.div_euclid(DAY) + 2_440_588) as u32,
                );
                Some(value)
            };
            put::<Int96Type>(out, records.iter().map(julian).collect(), optional);
        }
        "binary timestamp (STRING)" => {
            put::<ByteArrayType>(out, texts(&|record| instant(record.at)), optional);
        }
        "binary connection_id (STRING)" => {
            put::<ByteArrayType>(out, texts(&|record| record.connection_id.clone()), optional);
        }
        "binary sender (STRING)" => {
            let text = |record: &Record| ["requester", "accepter"][record.sender].to_owned();
            put::<ByteArrayType>(out, texts(&text), optional);
        }
        "int64 bytes (INTEGER(64,false))" | "int64 bytes" => {
            put::<Int64Type>(out, amounts().map(|own| own.map(|bytes| bytes as i64)).collect(), optional);
        }
        "int32 bytes" => {
            put::<Int32Type>(out, amounts().map(|own| own.map(|bytes| bytes as i32)).collect(), optional);
        }
        "binary bytes (DECIMAL(38,0))" => {
            put::<ByteArrayType>(out, amounts().map(|own| own.map(decimal)).collect(), optional);
        }
        "fixed_len_byte_array(16) bytes (DECIMAL(38,0))" => {
            let sixteen = |bytes: i128| FixedLenByteArray::from(bytes.to_be_bytes().to_vec());
            put::<FixedLenByteArrayType>(out, amounts().map(|own| own.map(sixteen)).collect(), optional);
        }
        "double note" => {
            put::<parquet::data_type::DoubleType>(
                out,
                vec![Some(Default::default()); records.len()],
                optional,
            );
        }
        other => unreachable!("{other}"),
    }
}

fn put<T: DataType>(out: &mut Group<'_, '_>, values: Vec<Option<T::T>>, optional: bool) {
    let mut column = out.next_column().expect("a column").expect("one more column");
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.into_iter().flatten().collect();
    let levels = optional.then_some(&levels[..]);
    column.typed::<T>().write_batch(&present, levels, None).expect("values of this type");
    column.close().expect("a whole column");
}
