//! The same month, told by every source, gives the same report to the byte; what only some sources can tell is held
//! against arithmetic with big rationals.

use crate::support::{
    months::{self, Table},
    oracle::{HOUR, Month, Record},
    sites::{Site, on_months},
};
use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    meter::ControlTotals,
    model::usage::Sender,
    read::{
        TrafficSource,
        cloudmonitor::{CloudMonitor, DatapointColumns, Mark, Statistic, Unit},
    },
    report::report,
    write,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::fmt::Write;

const SENDERS: [Sender; 2] = [Sender::Requester, Sender::Accepter];

/// How a Parquet file may be laid out, where Parquet is read.
#[cfg(feature = "parquet")]
use crate::support::columns::shape as shapes;
#[cfg(not(feature = "parquet"))]
fn shapes() -> Just<()> {
    Just(())
}

/// The report as CSV, and the control totals.
type Told = (String, ControlTotals);

#[test]
fn r17_every_source_that_tells_of_the_same_month_gives_the_same_report_to_the_byte() {
    on_months(41, 150, (vec(any::<Index>(), 16), shapes()), |site, month, (draws, shape)| {
        let mut month = month.clone();
        if month.records.is_empty() {
            // A file without a line says nothing, not even what it is.
            return Ok(());
        }
        for record in &mut month.records {
            // A rate of 2^64-1 bytes is refused, because it might round up.
            record.bytes = record.bytes.map(|bytes| bytes.min(u64::MAX - 1));
        }
        let native =
            told(site, &month, vec![TrafficSource::from_bytes("u.csv", months::usage(&month).text())]);
        let ndjson = vec![TrafficSource::from_bytes("u.ndjson", as_ndjson(&month))];
        prop_assert_eq!(&native, &told(site, &month, ndjson), "NDJSON");
        let parquet = as_parquet(&month, &shape);
        if !parquet.is_empty() {
            prop_assert_eq!(&native, &told(site, &month, parquet), "Parquet");
        }
        for (name, unit, mark) in [
            ("bytes", Unit::Bytes, Mark::Start),
            ("bit/s", Unit::BitsPerSecond, Mark::Start),
            ("ends", Unit::Bytes, Mark::End),
        ] {
            let statistic = Statistic::ALL[draws[0].index(Statistic::ALL.len())];
            let settings = CloudMonitor { statistic, unit, mark, ..CloudMonitor::default() };
            prop_assert_eq!(
                &native,
                &told(site, &month, as_datapoints(&month, &settings, &draws)),
                "{}",
                name
            );
        }
        let columns = DatapointColumns { value: Some("Gesendet".into()), ..DatapointColumns::default() };
        let settings = CloudMonitor { columns, ..CloudMonitor::default() };
        prop_assert_eq!(&native, &told(site, &month, as_tables(&month, &settings)), "CSV of CloudMonitor");
        let log = TrafficSource::from_bytes("flow.json", as_flow_log(&month)).as_flow_log();
        let (csv, totals) = told(site, &month, vec![log]);
        prop_assert_eq!((&native.0, native.1), (&csv, totals), "flow logs");
        Ok(())
    });
}

#[test]
fn r10_rates_are_summed_exactly_and_rounded_once_an_hour() {
    let rate = (0u64..1 << 40, "[0-9]{1,20}", 1u32..=3600, 0..3_i64, 0..2_usize, 0..2_usize);
    on_months(42, 150, vec(rate, 1..40), |site, month, rates| {
        let mut month = lasting(month);
        let (start, _) = crate::support::oracle::period(&month);
        let mut sums = std::collections::BTreeMap::new();
        let mut files = [String::new(), String::new()];
        for (index, (whole, decimals, period, hour, connection, sender)) in rates.iter().enumerate() {
            let id = &month.connections[connection % month.connections.len()].id;
            let at = start + hour * HOUR + index as i64;
            let value = format!("{whole}.{decimals}");
            let response = response(&[datapoint(at, id, "Average", &value)], *period);
            writeln!(files[*sender], "{response}").expect("memory");
            let digits: BigInt = format!("{whole}{decimals}").parse().expect("digits");
            let unit = BigInt::from(10).pow(decimals.len() as u32);
            let bytes = BigRational::new(digits * BigInt::from(*period), unit * BigInt::from(8));
            let zero = || BigRational::from_integer(BigInt::from(0));
            *sums.entry((id.clone(), *sender, start + hour * HOUR)).or_insert_with(zero) += bytes;
        }
        let half = BigRational::new(BigInt::from(1), BigInt::from(2));
        let rounded = sums.into_iter().map(|((connection_id, sender, at), sum)| {
            let bytes = (sum + &half).floor().to_integer().try_into().expect("it fits");
            Record { at, connection_id, sender, bytes: Some(bytes) }
        });
        month.records = rounded.collect();
        let unit = Unit::BitsPerSecond;
        let settings = CloudMonitor { unit, statistic: Statistic::Average, ..CloudMonitor::default() };
        let sources = SENDERS.iter().zip(files).filter(|(_, text)| !text.is_empty());
        let sources = sources.map(|(sender, text)| {
            TrafficSource::from_bytes("rates.json", text).as_cloudmonitor(*sender, &settings)
        });
        let (rates, totals) = told(site, &month, sources.collect());
        let usage = TrafficSource::from_bytes("u.csv", months::usage(&month).text());
        let (hours, rounded) = told(site, &month, vec![usage]);
        prop_assert_eq!(rates, hours);
        prop_assert_eq!(totals.read.bytes, rounded.read.bytes);
        Ok(())
    });
}

#[test]
fn r6_an_entry_over_several_hours_is_the_records_of_its_parts() {
    let entry =
        (any::<bool>(), -3..3_i64, 0..3600_i64, 0..9000_i64, any::<u64>(), any::<Index>(), 0..2_usize);
    on_months(43, 150, vec(entry, 1..30), |site, month, entries| {
        let mut month = lasting(month);
        month.copies = crate::support::oracle::Copies::Sum;
        let edges = crate::support::oracle::period(&month);
        let (mut log, mut parts) = (String::new(), Vec::new());
        for (at_end, hour, second, seconds, bytes, connection, sender) in entries {
            let edge = if at_end { edges.1 } else { edges.0 };
            let start = edge / 1000 + hour * 3600 + second;
            let connection = connection.index(month.connections.len());
            let record = Record {
                at: start * 1000,
                connection_id: month.connections[connection].id.clone(),
                sender,
                bytes: Some(bytes),
            };
            writeln!(log, "{}", entry_of(&record, seconds)).expect("memory");
            parts.extend(parts_of(&record, seconds));
        }
        month.records = parts;
        let log = TrafficSource::from_bytes("flow.json", log).as_flow_log();
        let usage = TrafficSource::from_bytes("u.csv", months::usage(&month).text());
        let (of_entries, entries) = told(site, &month, vec![log]);
        let (of_parts, parts) = told(site, &month, vec![usage]);
        prop_assert_eq!(of_entries, of_parts);
        let bytes = |totals: ControlTotals| {
            [totals.read, totals.billed, totals.free, totals.outside_period].map(|count| count.bytes)
        };
        prop_assert_eq!(bytes(entries), bytes(parts));
        Ok(())
    });
}

/// What the crate makes of a month that is told by these sources, quarantining what it refuses.
fn told(site: &Site, month: &Month, sources: Vec<TrafficSource>) -> Told {
    let changes = months::changes(month);
    let (metered, options) = site.meter_sources(month, true, &sources, &connections(month), &changes);
    let report = report(&metered, &site.catalog, options).expect("every price is known");
    let mut csv = Vec::new();
    write::csv::report(&report, &mut csv).expect("memory can be written");
    (String::from_utf8(csv).expect("reports are UTF-8"), metered.totals())
}

/// The same month, whose connections exist all the time.
fn lasting(month: &Month) -> Month {
    let mut month = month.clone();
    for connection in &mut month.connections {
        (connection.created, connection.deleted) = (None, None);
    }
    month
}

/// Connections with VPCs and address blocks: one VPC asks for all of them.
fn connections(month: &Month) -> Table {
    let plain = months::connections(month);
    let blocks = plain.rows.iter().enumerate().map(|(index, row)| {
        let accepter = format!("172.16.{index}.0/24 2001:db8:{:x}::/48", index + 1);
        format!("{row},vpc-hub,vpc-{index},10.0.0.0/16 2001:db8::/48,{accepter}")
    });
    let header = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,\
                  created_at,deleted_at,requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs";
    assert!(header.starts_with(plain.header));
    Table { header, rows: blocks.collect() }
}

fn as_ndjson(month: &Month) -> String {
    let lines = month.records.iter().enumerate().map(|(index, record)| {
        let Record { at, connection_id, sender, bytes } = record;
        let bytes = bytes.map_or_else(|| "-1".into(), |bytes| bytes.to_string());
        let sender = SENDERS[*sender];
        let quote = ["", "\""][index % 2];
        match index % 3 {
            0 => format!(
                r#"{{"timestamp":{quote}{at}{quote},"connection_id":"{connection_id}","sender":"{sender}","bytes":{quote}{bytes}{quote}}}"#
            ),
            _ => format!(
                r#"{{"bytes":{quote}{bytes}{quote}, "more":[{{"bytes":0}}], "sender":"{sender}","connection_id":"{connection_id}","timestamp":"{}"}}"#,
                crate::support::oracle::instant(*at)
            ),
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// Nothing where Parquet is not read.
#[cfg(feature = "parquet")]
fn as_parquet(month: &Month, shape: &crate::support::columns::Shape) -> Vec<TrafficSource> {
    use crate::support::columns::{CLOCK, file};
    let clock = format!("+{CLOCK:02}:00").parse().expect("an offset");
    let source = TrafficSource::from_bytes("u.parquet", file(&month.records, shape));
    vec![source.with_naive_offset(Some(clock))]
}

#[cfg(not(feature = "parquet"))]
fn as_parquet(_: &Month, (): &()) -> Vec<TrafficSource> {
    Vec::new()
}

fn datapoint(at: i64, id: &str, statistic: &str, value: &str) -> String {
    format!(r#"{{"timestamp":{at},"userId":"1000000000000009","instanceId":"{id}","{statistic}":{value}}}"#)
}

/// An answer of the API: its datapoints are text that holds JSON.
fn response(datapoints: &[String], period: u32) -> String {
    let text = format!("[{}]", datapoints.join(",")).replace('"', "\\\"");
    format!(
        r#"{{"RequestId":"R-1","Success":true,"Code":"200","Datapoints":"{text}","NextToken":"","Period":"{period}"}}"#
    )
}

/// A whole number in one of the spellings of JSON.
fn spelled(bytes: u64, index: usize) -> String {
    let digits = bytes.to_string();
    match index % 3 {
        0 => digits,
        1 => format!("{digits}.0"),
        _ => format!("{}.{}0E{}", &digits[..1], &digits[1..], digits.len() - 1),
    }
}

/// Answers of both metrics: single ones, arrays and one per line, in pages of any size.
fn as_datapoints(month: &Month, settings: &CloudMonitor, draws: &[Index]) -> Vec<TrafficSource> {
    const PERIOD: u32 = 10;
    let of_sender = |sender: usize| {
        let own = month.records.iter().enumerate().filter(move |(_, record)| record.sender == sender);
        let points = own.map(|(index, Record { at, connection_id, bytes, .. })| {
            let value = match (bytes, settings.unit) {
                (None, _) => "-1".into(),
                (Some(bytes), Unit::Bytes) => spelled(*bytes, index),
                // Ten seconds: bytes x 8 / 10, exactly.
                (Some(bytes), Unit::BitsPerSecond) => {
                    format!("{}.{}", u128::from(*bytes) * 8 / 10, u128::from(*bytes) * 8 % 10)
                }
            };
            let marked = if settings.mark == Mark::End { at + i64::from(PERIOD) * 1000 } else { *at };
            datapoint(marked, connection_id, settings.statistic.as_str(), &value)
        });
        points.collect::<Vec<String>>()
    };
    let mut sources = Vec::new();
    for (index, sender) in SENDERS.into_iter().enumerate() {
        let points = of_sender(index);
        let size = 1 + draws[index + 1].index(points.len() + 1);
        let mut pages: Vec<String> = points.chunks(size).map(|page| response(page, PERIOD)).collect();
        let as_source =
            |text: String| TrafficSource::from_bytes("metric.json", text).as_cloudmonitor(sender, settings);
        if let Some(alone) = pages.pop() {
            sources.push(as_source(alone));
        }
        match draws[index + 3].index(2) {
            _ if pages.is_empty() => {}
            0 => sources.push(as_source(pages.join("\n"))),
            _ => sources.push(as_source(format!("[{}]", pages.join(",\n")))),
        }
    }
    sources
}

fn as_tables(month: &Month, settings: &CloudMonitor) -> Vec<TrafficSource> {
    let tables = SENDERS.into_iter().enumerate().map(|(sender, own)| {
        let rows = month.records.iter().filter(|record| record.sender == sender).enumerate();
        let rows = rows.map(|(index, Record { at, connection_id, bytes, .. })| {
            let bytes = bytes.map_or_else(|| "-1".into(), |bytes| spelled(bytes, index));
            format!("{connection_id},\"{bytes}\",{at}\r\n")
        });
        let text = format!("\u{feff}instanceId,Gesendet,timestamp\r\n{}", rows.collect::<String>());
        TrafficSource::from_bytes("metric.csv", text).as_cloudmonitor(own, settings)
    });
    tables.collect()
}

/// An entry of so many seconds. Its port tells apart what begins in the same second.
fn entry_of(record: &Record, seconds: i64) -> String {
    let (second, millisecond) = (record.at.div_euclid(1000), record.at.rem_euclid(1000));
    let peer = record.connection_id.strip_prefix("pcc-").and_then(|number| number.parse::<usize>().ok());
    let v6 = second % 2 == 0;
    let (vpc, to) = match (peer, record.sender) {
        (None, _) => ("vpc-unknown".into(), "192.0.2.1".into()),
        (Some(peer), 0) if v6 => ("vpc-hub".into(), format!("2001:db8:{:x}::9", peer + 1)),
        (Some(peer), 0) => ("vpc-hub".into(), format!("172.16.{peer}.9")),
        (Some(peer), _) if v6 => (format!("vpc-{peer}"), "2001:db8::7".into()),
        (Some(peer), _) => (format!("vpc-{peer}"), "10.0.7.7".into()),
    };
    let bytes = record.bytes.map_or_else(|| "-1".into(), |bytes| bytes.to_string());
    format!(
        r#"{{"version":"1","account-id":"1","eni-id":"eni-{vpc}","vpc-id":"{vpc}","type":"IPv4","protocol":"6","srcaddr":"10.9.9.9","srcport":"{millisecond}","dstaddr":"{to}","dstport":"443","direction":"out","action":"ACCEPT","packets":"1","bytes":"{bytes}","start":"{second}","end":"{}","log-status":"OK","traffic_path":"17"}}"#,
        second + seconds
    )
}

/// One entry for each record, with the same entry coming in elsewhere, which is passed over.
fn as_flow_log(month: &Month) -> String {
    let lines = month.records.iter().map(|record| {
        let left = HOUR - record.at.rem_euclid(HOUR);
        // Up to the end of the hour, and no longer.
        let out = entry_of(record, (left.div_euclid(1000)).min(60));
        let comes_in = out.replace(r#""direction":"out""#, r#""direction":"in""#);
        format!("{out}\n{comes_in}\n")
    });
    lines.collect()
}

/// The bytes of an entry by hours, as records: of every part, what was sent up to its end less what was sent before.
fn parts_of(record: &Record, seconds: i64) -> Vec<Record> {
    let (start, end) = (record.at, record.at + seconds * 1000);
    let bytes = BigInt::from(record.bytes.expect("it is known"));
    let mut parts = Vec::new();
    let mut from = start;
    let mut sent = BigInt::from(0);
    loop {
        let until = (from.div_euclid(HOUR) + 1) * HOUR;
        let last = until >= end;
        let by_then = if last {
            bytes.clone()
        } else {
            let share = BigRational::new(BigInt::from(until - start), BigInt::from(end - start));
            (share * &bytes).floor().to_integer()
        };
        let own = (&by_then - &sent).try_into().expect("a part is no more than the whole");
        parts.push(Record { at: from, bytes: Some(own), ..record.clone() });
        if last {
            return parts;
        }
        (from, sent) = (until, by_then);
    }
}
