//! Readers of traffic: whatever way a source is read, it tells the same, and nothing of it is lost.

use super::{
    LONGEST,
    chance::{Chance, Chunks},
    outcome::{check_hours, check_report, check_strict, meter_of, october, seen, summed},
};
use peerbill::{
    MeterSettings, Metered, TrafficSource,
    meter::Duplicates,
    model::usage::Sender,
    read::cloudmonitor::{CloudMonitor, Mark, Statistic, Unit},
    write::quarantine,
};
use std::sync::Arc;

/// Traffic as CSV.
pub fn usage_csv(data: &[u8]) {
    let Some(metered) = check(data, &|source| source) else { return };
    check_refused_again(data);
    if is_plain(data) {
        check_plain(data, &metered);
    }
}

/// Traffic as JSON, one object on each line.
pub fn usage_ndjson(data: &[u8]) {
    check(data, &|source| source);
}

/// Traffic as Parquet.
#[cfg(feature = "parquet")]
pub fn usage_parquet(data: &[u8]) {
    let offset = Chance::of(data).one(&[None, Some("+08:00"), Some("-03:30")]);
    let offset = offset.map(|offset| offset.parse().expect("an offset"));
    check(data, &|source| source.with_naive_offset(offset));
}

/// Hours that were metered before.
pub fn metered_hours(data: &[u8]) {
    check(data, &TrafficSource::as_metered);
}

/// Answers of CloudMonitor, or a table of datapoints.
pub fn cloudmonitor(data: &[u8]) {
    let mut chance = Chance::of(data);
    let settings = CloudMonitor {
        statistic: chance.one(&[Statistic::Sum, Statistic::Value, Statistic::Average]),
        unit: chance.one(&[Unit::Bytes, Unit::BitsPerSecond]),
        mark: chance.one(&[Mark::Start, Mark::End]),
        period_seconds: chance.one(&[None, Some(60), Some(3600)]),
        naive_offset: chance.one(&[None, Some("+08:00")]).map(|offset| offset.parse().expect("an offset")),
        ..CloudMonitor::default()
    };
    let sender = chance.one(&Sender::ALL);
    check(data, &|source| source.as_cloudmonitor(sender, &settings));
}

/// Entries of a VPC flow log.
pub fn flow_log(data: &[u8]) {
    check(data, &TrafficSource::as_flow_log);
}

/// What a source of these bytes is.
type As<'a> = &'a dyn Fn(TrafficSource) -> TrafficSource;

/// Reads `data` in several ways; gives what comes of it, where it can be read.
fn check(data: &[u8], as_source: As<'_>) -> Option<Metered> {
    if data.len() > LONGEST {
        return None;
    }
    let mut chance = Chance::of(data);
    let duplicates = chance.one(&[Duplicates::Refuse, Duplicates::First, Duplicates::Sum]);
    let settings = october(duplicates);
    let blocks = || [as_source(TrafficSource::from_bytes("traffic", data))];
    let metered = meter_of(&blocks(), &settings);
    // Parquet is read from blocks alone.
    if !data.starts_with(b"PAR1") {
        let (bytes, chunk) = (Arc::<[u8]>::from(data), chance.one(&[1, 2, 7, 64, 4096, LONGEST]));
        let stream =
            TrafficSource::from_stream("traffic", move || Ok(Box::new(Chunks::new(bytes.clone(), chunk))));
        assert_eq!(seen(&meter_of(&[as_source(stream)], &settings)), seen(&metered), "as a stream");
    }
    if chance.once_in(4) {
        let mut settings = settings;
        settings.threads = 1 + chance.below(3);
        assert_eq!(seen(&meter_of(&blocks(), &settings)), seen(&metered), "on {} threads", settings.threads);
    }
    let metered = metered.ok()?;
    check_strict(&blocks(), &metered, &settings);
    if chance.once_in(2) {
        check_with_another(data, as_source, &settings);
    }
    if chance.once_in(4) {
        check_hours(&metered);
    }
    if chance.once_in(4) {
        check_report(&metered, chance.once_in(2));
    }
    check_quarantine(&metered);
    Some(metered)
}

const ANOTHER: &str = "timestamp,connection_id,sender,bytes\n\
    2026-10-05T03:00:00Z,pcc-1,requester,1073741824\n\
    2026-10-05T03:00:00Z,pcc-2,accepter,7\n\
    2026-10-06T03:00:00Z,pcc-aaa,accepter,18446744073709551615\n";

/// In whatever order it is read with another source, the sums are the same.
fn check_with_another(data: &[u8], as_source: As<'_>, settings: &MeterSettings) {
    let another = || TrafficSource::from_bytes("another.csv", ANOTHER);
    let own = || as_source(TrafficSource::from_bytes("traffic", data));
    let first = meter_of(&[own(), another()], settings);
    let last = meter_of(&[another(), own()], settings);
    match (first, last) {
        (Ok(first), Ok(last)) => assert_eq!(summed(&first), summed(&last), "in another order"),
        (Err(first), Err(last)) => assert_eq!(first.kind(), last.kind()),
        (first, last) => panic!("{} in one order, {} in the other", first.is_ok(), last.is_ok()),
    }
}

/// What is refused is written, all of it, and read again.
fn check_quarantine(metered: &Metered) -> Option<Metered> {
    if metered.refused().is_empty() {
        return None;
    }
    let mut file = Vec::new();
    quarantine::write(metered.refused(), &mut file).expect("memory can be written");
    let source = [TrafficSource::from_bytes("quarantine.csv", file)];
    let again = meter_of(&source, &october(Duplicates::Refuse)).expect("a quarantine can be read");
    assert_eq!(again.totals().read.records, metered.refused().len() as u64, "records of the quarantine");
    Some(again)
}

/// What a table of traffic has refused is refused again. Not what JSON has, where a number may be refused as text, nor hours
/// that were metered, which are larger than records.
fn check_refused_again(data: &[u8]) {
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data).trim_ascii_start();
    if matches!(text.first(), Some(b'{' | b'[') | None) || text.starts_with(b"PAR1") {
        return;
    }
    let Ok(metered) = meter_of(&[TrafficSource::from_bytes("traffic", data)], &october(Duplicates::Refuse))
    else {
        return;
    };
    if let Some(again) = check_quarantine(&metered) {
        assert_eq!(again.totals().refused.records, metered.totals().refused.records, "refused again");
    }
}

/// Whether it is so plain that lines and fields can be seen without a parser.
fn is_plain(data: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b",:.+-\n".contains(byte);
    data.starts_with(b"timestamp,connection_id,sender,bytes\n") && data.iter().all(allowed)
}

/// Counts lines and bytes once more, in the plainest way.
fn check_plain(data: &[u8], metered: &Metered) {
    let text = std::str::from_utf8(data).expect("it is ASCII");
    let lines: Vec<&str> = text.lines().skip(1).filter(|line| !line.is_empty()).collect();
    let read = metered.totals().read;
    assert_eq!(read.records, lines.len() as u64, "a line is a record");
    let number = |line: &&str| -> Option<u128> {
        let fields: Vec<&str> = line.split(',').collect();
        let digits = fields.len() == 4 && fields[3].bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| fields[3].parse::<u64>().ok()).flatten().map(u128::from)
    };
    assert_eq!(read.bytes, lines.iter().filter_map(number).sum::<u128>(), "bytes of all lines");
}
