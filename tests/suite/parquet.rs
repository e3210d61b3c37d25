//! Parquet as real writers make it, and Parquet that is hostile.

use crate::support::{
    columns::{COMMON, Shape},
    oracle::Record,
};
use parquet::{
    data_type::{ByteArray, ByteArrayType, DataType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use peerbill::{
    Error, FaultCode, inventory,
    meter::{MeterSettings, Metered, Refused, meter},
    read::TrafficSource,
    write,
};
use std::{fs, path::Path, sync::Arc};

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
    pcc-1,1,cn-beijing,2,cn-shanghai,Gold\npcc-22,1,cn-beijing,2,cn-shanghai,Gold\n";

fn metered(source: TrafficSource) -> Result<Metered, Error> {
    let mut settings = MeterSettings::new("2026-10".parse().expect("a month"));
    settings.refused = Refused::Keep;
    meter(&[source], inventory(CONNECTIONS, None).expect("an inventory"), &settings)
}

fn told(source: TrafficSource) -> String {
    metered(source).expect_err("it cannot be read").to_string()
}

/// The files that `tests/parquet-files/make.py` had writers make, by the beginning of their names.
fn files(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet-files");
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| name.starts_with(prefix) && name.ends_with(".parquet"))
        .map(|(name, path)| (name, fs::read(path).expect("it can be read")))
        .collect();
    files.sort();
    files
}

#[test]
fn files_of_real_writers_hold_what_the_csv_holds() {
    let csv = include_bytes!("../parquet-files/usage.csv");
    let expected = metered(TrafficSource::from_bytes("usage.csv", &csv[..])).expect("it can be read");
    let hours = expected.usage().metered_hours().expect("hours");
    assert_eq!(
        (hours.len(), expected.totals().outside_period.bytes, expected.refused_for_cause()),
        (5, 11, 1)
    );
    let clock = "+08:00".parse().expect("an offset");
    let writers = ["pyarrow", "polars", "duckdb", "naive"].map(files);
    assert_eq!(writers.iter().map(Vec::len).sum::<usize>(), 16);
    for (name, bytes) in writers.concat() {
        let source = TrafficSource::from_bytes(&name, bytes);
        let naive = name.starts_with("naive").then_some(clock);
        let found =
            metered(source.with_naive_offset(naive)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.usage().metered_hours().expect("hours"), hours, "{name}");
        assert_eq!(found.totals(), expected.totals(), "{name}");
        let (own, other) = (&found.refused()[0], &expected.refused()[0]);
        assert_eq!((own.fault.code, own.fault.line), (other.fault.code, Some(7)), "{name}");
    }
}

#[test]
fn what_cannot_be_read_exactly_is_refused_with_a_way_out() {
    let expected = [
        ("refused-duckdb-hugeints.parquet", "column bytes is double: cast it to a 64-bit integer"),
        ("refused-pyarrow-binary.parquet", "column connection_id is binary: cast it to a string"),
        ("refused-pyarrow-brotli.parquet", "is compressed with brotli; write it with zstd or snappy"),
        ("refused-pyarrow-columns.parquet", "has no column connection_id; did you mean \"connection\"?"),
        ("refused-pyarrow-floats.parquet", "column bytes is double"),
        ("refused-pyarrow-lists.parquet", "column sender is nested"),
    ];
    let files = files("refused");
    assert_eq!(files.len(), expected.len());
    for ((name, bytes), (own, why)) in files.into_iter().zip(expected) {
        assert_eq!(name, own);
        let told = told(TrafficSource::from_bytes(&name, bytes));
        assert!(told.starts_with(&name) && told.contains(why), "{told}");
    }
    for (name, bytes) in self::files("naive") {
        let told = told(TrafficSource::from_bytes(&name, bytes));
        assert!(told.ends_with("has times without a zone"), "{told}");
    }
}

#[test]
fn r15_bad_rows_are_refused_with_file_row_group_and_row_and_the_others_are_not() {
    let records: Vec<Record> = (0..7)
        .map(|index| Record {
            at: 1_790_812_800_000 + index * 60_000,
            connection_id: ["pcc-1", "pcc-1", "pcc-1", "pcc-1", "", "pcc-1", "pcc-9"][index as usize].into(),
            sender: 0,
            bytes: (index != 3).then_some(100),
        })
        .collect();
    let shape = Shape { rows: (3, 2), ..COMMON };
    let file = crate::support::columns::file(&records, &shape);
    let metered = metered(TrafficSource::from_bytes("u.parquet", file)).expect("its rows can be told apart");
    let told: Vec<String> = metered.refused().iter().map(|own| own.fault.to_string()).collect();
    assert_eq!(
        told,
        [
            "u.parquet:4: row group 2, row 1: bytes is null",
            "u.parquet:5: row group 2, row 2: connection_id is empty",
            "u.parquet:7: row group 3, row 1: connection \"pcc-9\" is not in the inventory",
        ]
    );
    assert_eq!((metered.totals().billed.records, metered.totals().billed.bytes), (4, 400));
    assert_eq!((metered.totals().refused.records, metered.totals().refused.bytes), (3, 200));
    // The quarantine tells its fields as CSV would.
    let mut quarantine = Vec::new();
    write::quarantine::write(metered.refused(), &mut quarantine).expect("memory can be written");
    let quarantine = String::from_utf8(quarantine).expect("it is UTF-8");
    let row = "\n2026-10-01T00:06:00Z,pcc-9,requester,100,unknown_connection,";
    assert!(quarantine.contains(row), "{quarantine}");
    assert!(quarantine.contains("\n2026-10-01T00:03:00Z,pcc-1,requester,,unreadable_row,"), "{quarantine}");
}

#[test]
fn r15_copies_are_found_across_row_groups() {
    let record = |minute: i64| Record {
        at: 1_790_812_800_000 + minute * 60_000,
        connection_id: "pcc-1".into(),
        sender: 1,
        bytes: Some(5),
    };
    let records: Vec<Record> = (0..20).chain([7]).map(record).collect();
    let file = crate::support::columns::file(&records, &Shape { rows: (9, 9), ..COMMON });
    let metered = metered(TrafficSource::from_bytes("u.parquet", file)).expect("its rows can be read");
    let lines: Vec<_> = metered.refused().iter().map(|own| (own.fault.code, own.fault.line)).collect();
    let copy = FaultCode::DuplicateRecord;
    assert_eq!(lines, [(copy, Some(8)), (copy, Some(21))]);
    let told = metered.refused()[0].fault.to_string();
    assert!(told.contains("row group 1, row 8: this record stands 2 times"), "{told}");
    assert!(told.contains("also at u.parquet:21: row group 3, row 3"), "{told}");
    assert_eq!(metered.totals().billed.records, 19);
}

/// One row with these values, whatever their types.
fn one_row<A: DataType, B: DataType>(schema: &str, instant: A::T, bytes: B::T) -> TrafficSource {
    let text = format!("message traffic {{ {schema} }}");
    let schema = Arc::new(parse_message_type(&text).expect("a schema"));
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, schema, Arc::new(WriterProperties::builder().build()))
            .expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    macro_rules! put {
        ($type:ty, $value:expr) => {
            let mut column = group.next_column().expect("a column").expect("one more");
            column.typed::<$type>().write_batch(&[$value], None, None).expect("a value");
            column.close().expect("a column");
        };
    }
    put!(A, instant);
    put!(ByteArrayType, ByteArray::from("pcc-1"));
    put!(ByteArrayType, ByteArray::from("requester"));
    put!(B, bytes);
    group.close().expect("a row group");
    writer.close().expect("a file");
    TrafficSource::from_bytes("u.parquet", file)
}

const TEXTS: &str = "required binary connection_id (STRING); required binary sender (STRING);";

#[test]
fn r10_numbers_out_of_range_are_refused_and_those_in_it_are_exact() {
    let zoned = format!("required int64 timestamp (TIMESTAMP(MILLIS,true)); {TEXTS}");
    let of = |source| {
        let metered = metered(source).expect("its rows can be told apart");
        let why = metered.refused().first().map(|own| own.fault.message.clone());
        (metered.totals().billed.bytes, why)
    };
    let signed = |bytes| {
        of(one_row::<Int64Type, Int64Type>(
            &format!("{zoned} required int64 bytes;"),
            1_790_812_800_000,
            bytes,
        ))
    };
    assert_eq!(signed(i64::MAX), (i64::MAX as u128, None));
    assert_eq!(signed(-1), (0, Some("bytes -1: bytes cannot be negative".into())));
    let decimal = |bytes: i128| {
        let schema = format!("{zoned} required binary bytes (DECIMAL(38,0));");
        let bytes = ByteArray::from(bytes.to_be_bytes().to_vec());
        of(one_row::<Int64Type, ByteArrayType>(&schema, 1_790_812_800_000, bytes))
    };
    assert_eq!(decimal(i128::from(u64::MAX)), (u64::MAX.into(), None));
    let more = decimal(1 << 64).1.expect("it is refused");
    assert_eq!(more, "bytes 18446744073709551616: one record holds at most 2^64-1");
    let fractions = one_row::<Int64Type, Int64Type>(
        &format!("{zoned} required int64 bytes (DECIMAL(18,2));"),
        1_790_812_800_000,
        1,
    );
    assert!(told(fractions).contains("column bytes is decimal with 2 decimals"));
    let epochs = format!("required int64 timestamp; {TEXTS} required int64 bytes;");
    let epoch = |epoch| of(one_row::<Int64Type, Int64Type>(&epochs, epoch, 3));
    assert_eq!(epoch(1_790_812_800), (3, None));
    assert_eq!(epoch(1_790_812_800_000), (3, None));
    let other = epoch(1_790_812_800_000_000).1.expect("it is refused");
    assert!(other.contains("10 digits (seconds) or 13 (milliseconds)"), "{other}");
}

#[test]
fn metered_hours_hold_more_than_a_record_and_begin_on_the_hour() {
    let schema = format!(
        "required int64 hour (TIMESTAMP(MILLIS,true)); {TEXTS} required binary bytes (DECIMAL(38,0));"
    );
    let hour = |at, bytes: i128| {
        let bytes = ByteArray::from(bytes.to_be_bytes().to_vec());
        metered(one_row::<Int64Type, ByteArrayType>(&schema, at, bytes).as_metered()).expect("a row")
    };
    let csv = |row: &str| {
        let text = format!("hour,connection_id,sender,bytes\n{row}\n");
        metered(TrafficSource::from_bytes("hours.csv", text).as_metered()).expect("a row")
    };
    let most = (1_i128 << 80) - 1;
    for found in [hour(1_790_812_800_000, most), csv(&format!("2026-10-01T00:00:00Z,pcc-1,requester,{most}"))]
    {
        assert_eq!(found.totals().billed.bytes, most as u128);
        assert_eq!(found.totals().billed.records, 1);
        assert_eq!(found.usage().metered_hours().expect("hours")[0].bytes, most as u128);
    }
    for found in [
        hour(1_790_812_800_000, most + 1),
        csv(&format!("2026-10-01T00:00:00Z,pcc-1,requester,{}", most + 1)),
        hour(1_790_812_800_001, 1),
        csv("2026-10-01T00:00:01Z,pcc-1,requester,1"),
    ] {
        let why = &found.refused()[0].fault.message;
        assert!(why.contains("at most 2^80-1") || why.contains("is no whole hour"), "{why}");
        assert_eq!((found.totals().billed.records, found.totals().refused.records), (0, 1));
    }
}

#[test]
fn r10_metered_hours_of_any_width_are_exact() {
    let most = (1_u128 << 80) - 1;
    let hour =
        |row: usize| format!("2026-10-{:02}T{:02}:00:00Z,pcc-1,requester,{most}\n", 1 + row / 24, row % 24);
    let rows: String = (0..700).map(hour).collect();
    let header = "hour,connection_id,sender,bytes\n";
    let hours = TrafficSource::from_bytes("hours.csv", format!("{header}{rows}")).as_metered();
    let found = metered(hours).expect("hours");
    assert_eq!(found.totals().billed.bytes, 700 * most);
    let hours = found.usage().metered_hours().expect("hours");
    assert_eq!((hours.len(), hours.iter().all(|hour| hour.bytes == most)), (700, true));
}

#[test]
fn a_file_that_is_cut_short_or_changed_is_refused_and_nothing_panics() {
    let (name, whole) = files("pyarrow-dictionaries").remove(0);
    for length in (4..whole.len()).step_by(7) {
        let told = told(TrafficSource::from_bytes(&name, &whole[..length]));
        assert!(told.starts_with(&name), "{told}");
    }
    // A changed byte may also be one that nobody reads; then the records are counted all the same.
    for (name, whole) in [files("pyarrow-dictionaries"), files("duckdb-dec"), files("polars-cat")].concat() {
        for at in 4..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                if let Ok(metered) = metered(TrafficSource::from_bytes(&name, changed)) {
                    metered.totals().check().expect("control totals add up");
                }
            }
        }
    }
}

#[test]
fn a_parquet_file_within_another_compression_is_refused() {
    let (_, whole) = files("pyarrow").remove(0);
    let stream =
        TrafficSource::from_stream("u.parquet.gz", move || Ok(Box::new(std::io::Cursor::new(whole.clone()))));
    assert!(told(stream).contains("is a Parquet file within gzip or zstd; decompress it"));
}

const CHECKED: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
    pcc-2ze7q4hm1,1,cn-beijing,2,cn-shanghai,Gold\npcc-8vb0n5wk3,1,cn-beijing,2,cn-shanghai,Gold\n\
    pcc-bp1r6t2x9,1,cn-beijing,2,cn-shanghai,Gold\npcc-t4n0y3j6p,1,cn-beijing,2,cn-shanghai,Gold\n\
    pcc-gw8k2c7d4,1,cn-beijing,2,cn-shanghai,Gold\npcc-k1a5s9e2u,1,cn-beijing,2,cn-shanghai,Gold\n";

/// What is metered of a file of these connections, as a digest over its hours, and its totals.
fn billed(name: &str, bytes: Vec<u8>) -> Result<String, Error> {
    let mut settings = MeterSettings::new("2026-10".parse().expect("a month"));
    settings.duplicates = peerbill::meter::Duplicates::Sum;
    let rows = format!("{CHECKED}{}", CONNECTIONS.split_once('\n').expect("rows").1);
    let inventory = inventory(&rows, None).expect("an inventory");
    let metered = meter(&[TrafficSource::from_bytes(name, bytes)], inventory, &settings)?;
    Ok(format!("{} {:?}", metered.digest()?, metered.totals()))
}

#[test]
fn r14_pages_that_do_not_have_their_checksum_are_refused_and_named() {
    let (name, whole) = files("checksums").remove(0);
    billed(&name, whole.clone()).expect("it is whole");
    let mut changed = whole.clone();
    changed[2177] ^= 8;
    let told = billed(&name, changed).expect_err("one bit is another").to_string();
    let expected = "checksums.parquet: row group 1, column timestamp of the Parquet file cannot be read: the checksum of \
                    a page is not that of its bytes";
    assert!(told.starts_with(expected), "{told}");
    // The dictionary of the connections has a checksum as well.
    let at = whole.windows(13).position(|text| text == b"pcc-2ze7q4hm1").expect("an id");
    let mut changed = whole;
    changed[at + 4] ^= 1;
    let told = billed(&name, changed).expect_err("one bit is another").to_string();
    assert!(told.contains("column connection_id") && told.contains("checksum"), "{told}");
}

#[test]
fn r14_rows_of_file_groups_columns_and_pages_agree_or_nothing_is_billed() {
    let told: Vec<String> = files("damaged-")
        .into_iter()
        .map(|(name, bytes)| billed(&name, bytes).expect_err("it is damaged").to_string())
        .collect();
    let [levels, of_group, rows, runs] = &told[..] else { panic!("{told:?}") };
    for (told, why) in [
        (
            levels,
            "row group 1, column sender of the Parquet file cannot be read: its bytes contradict each other",
        ),
        (
            runs,
            "row group 1, column sender of the Parquet file cannot be read: its bytes contradict each other",
        ),
        (of_group, "row group 4 has 104 rows, and its column timestamp has 1000 values; the file is damaged"),
        (rows, "row group 3 has 104 rows, and its column timestamp has 1000 values; the file is damaged"),
    ] {
        assert!(told.contains(why), "{told}");
    }
}

/// Numbers that look like chance, the same ones every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// Changes a file as disks, networks and attackers do; more often where headers and the footer stand.
fn mutated(whole: &[u8], chance: &mut Chance) -> (String, Vec<u8>) {
    let mut bytes = whole.to_vec();
    let footer =
        u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().expect("four bytes")) as usize + 8;
    let at = match chance.below(3) {
        0 => bytes.len() - 1 - chance.below(footer),
        _ => chance.below(bytes.len()),
    };
    match chance.below(6) {
        0 | 1 => bytes[at] ^= 1 << chance.below(8),
        2 => bytes[at] = chance.below(256) as u8,
        3 => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xff),
        4 => drop(bytes.drain(at..(at + 1 + chance.below(9)).min(whole.len()))),
        _ => bytes.truncate(at),
    }
    (format!("at {at} of {} (footer from {})", whole.len(), whole.len() - footer), bytes)
}

/// What is billed of a mutated file is what is billed of the whole one, or nothing; `figure` mutations of each file.
fn try_mutations(files: &[(String, Vec<u8>)], figure: usize) -> Vec<String> {
    let mut chance = Chance(20_261_005);
    let mut others = Vec::new();
    for (name, whole) in files {
        // Some of the files hold a record that is refused.
        let expected = billed(name, whole.clone()).unwrap_or_default();
        for _ in 0..figure {
            let (what, bytes) = mutated(whole, &mut chance);
            match billed(name, bytes) {
                Ok(found) if found != expected => others.push(format!("{name} {what}: {found}")),
                _ => {}
            }
        }
    }
    others
}

/// How many mutations of each file are tried; more by PEERBILL_MUTATIONS, as `just mutations` sets it.
fn mutations() -> usize {
    let stated = std::env::var("PEERBILL_MUTATIONS").ok();
    stated.map_or(400, |number| number.parse().expect("PEERBILL_MUTATIONS is a number"))
}

#[test]
fn r14_a_damaged_file_with_checksums_never_gives_another_bill() {
    let others = try_mutations(&files("checksums"), mutations());
    assert!(others.is_empty(), "{others:#?}");
}

/// Without checksums another value cannot be seen; nothing panics all the same.
#[test]
fn a_damaged_file_without_checksums_does_not_panic() {
    try_mutations(&[files("pyarrow"), files("duckdb"), files("polars")].concat(), mutations() / 8);
}
