//! VPC flow logs, as Log Service exports them: one JSON object on each line, every value text.

use crate::{
    error,
    model::{
        did_you_mean, quoted,
        time::{Hour, Timestamp},
    },
    read::{
        json::{self, Picked},
        native::columns::{RecordKind, parse_bytes},
        record::{Identity, NamedConnection, Observation, Quantity, Share, Shares, Traffic, Yielded},
    },
};
use std::{borrow::Cow, net::IpAddr};

/// The `traffic_path` of VPC peering connections.
const PEERING: &str = "17";
/// Entries are of minutes; one of more than a day is a mistake.
const LONGEST_SECONDS: i64 = 86_400;
/// Seconds of an hour.
const HOUR: i64 = 3600;

const NAMES: [&str; 14] = [
    "log-status",
    "direction",
    "action",
    "traffic_path",
    "vpc-id",
    "dstaddr",
    "bytes",
    "start",
    "end",
    "eni-id",
    "protocol",
    "srcaddr",
    "srcport",
    "dstport",
];
const LOG_STATUS: usize = 0;
const DIRECTION: usize = 1;
const ACTION: usize = 2;
const TRAFFIC_PATH: usize = 3;
const VPC_ID: usize = 4;
const DSTADDR: usize = 5;
const BYTES: usize = 6;
const START: usize = 7;
const END: usize = 8;
/// What two entries share if one is a copy of the other: eni, 5-tuple, start and end.
const IDENTITY: [usize; 8] = [9, 10, 11, 12, DSTADDR, 13, START, END];

/// What an entry tells.
#[derive(Debug, PartialEq, Eq)]
enum Entry<'a> {
    /// Traffic that leaves a VPC through a peering connection.
    Traffic(Flow<'a>),
    /// Something else: traffic that comes in, was rejected, or takes another path; no data.
    PassedOver,
    /// That entries were not captured.
    Skipped,
}

/// Traffic that leaves a VPC through a peering connection.
#[derive(Debug, PartialEq, Eq)]
struct Flow<'a> {
    vpc_id: Cow<'a, str>,
    destination: IpAddr,
    bytes: u64,
    /// Seconds since 1970-01-01T00:00:00Z, from `start` up to, and without, `end`.
    start: i64,
    end: i64,
    /// A digest of what two entries share if one is a copy of the other.
    identity: u128,
}

impl Flow<'_> {
    /// Its bytes by hours, counted from 1970: in proportion to seconds, what does not divide to the later part.
    fn by_hours(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        let seconds = self.end - self.start;
        // How many bytes are sent before an instant of it; OK because 2^64 bytes x 86400 s fit.
        let before = move |at: i64| {
            if seconds == 0 {
                0
            } else {
                u128::from(self.bytes) * (at - self.start) as u128 / seconds as u128
            }
        };
        let (first, last) = self.hours();
        (first..=last).map(move |hour| {
            let from = before(self.start.max(hour * HOUR));
            let until = if hour == last { u128::from(self.bytes) } else { before((hour + 1) * HOUR) };
            // OK because a part is no more than the whole.
            (hour, (until - from) as u64)
        })
    }
}

impl Flow<'_> {
    /// The first and the last hour that it lies in, counted from 1970.
    fn hours(&self) -> (i64, i64) {
        // An entry without a length is of its start alone.
        let last = if self.end == self.start { self.start } else { self.end - 1 };
        (self.start.div_euclid(HOUR), last.div_euclid(HOUR))
    }

    fn traffic(&self) -> Traffic<'_> {
        let share = |(hour, bytes): (i64, u64)| Share {
            hour: Hour::from_index(hour),
            quantity: Quantity::of_bytes(bytes),
        };
        let (first, last) = self.hours();
        let shares = if first == last {
            Shares::HourOfStart
        } else {
            Shares::Several(self.by_hours().map(share).collect())
        };
        Traffic {
            connection: NamedConnection::Route { vpc_id: &self.vpc_id, destination: self.destination },
            start: Timestamp::from_seconds(self.start),
            shares,
            identity: Identity::Digest(self.identity),
        }
    }
}

/// Reads one line and shows what it holds. An entry keeps its line: a native record could not hold it.
pub(crate) fn observe(
    line: u64,
    raw: &[u8],
    show: impl FnOnce(Yielded<'_>) -> error::Result<()>,
) -> error::Result<()> {
    let observation = |bytes, traffic| Observation {
        line,
        place: None,
        quantity: Quantity::of_bytes(bytes),
        traffic,
        fields: None,
        raw,
    };
    match read(raw) {
        Ok(Entry::PassedOver) => show(Yielded::PassedOver),
        Ok(Entry::Skipped) => show(Yielded::Skipped),
        Ok(Entry::Traffic(flow)) => show(Yielded::Record(observation(flow.bytes, Ok(flow.traffic())))),
        Err((bytes, why)) => show(Yielded::Record(observation(bytes.unwrap_or(0), Err(why.into())))),
    }
}

/// Reads one line; an error holds the bytes, where they can be read, and what is wrong.
fn read(raw: &[u8]) -> Result<Entry<'_>, (Option<u64>, String)> {
    let picked = json::pick(&NAMES, raw).map_err(|why| (None, why))?;
    let (text, bytes) = (|column| text(&picked, column), bytes(&picked));
    let told = |why| (bytes.as_ref().ok().copied(), why);
    // Missing is "-"; whether an entry is traffic at all is asked first, because others lack most values.
    let one_of = |column, words: &[&'static str]| -> Result<&'static str, (Option<u64>, String)> {
        let found = text(column).map_err(told)?;
        words.iter().find(|word| **word == found).copied().ok_or_else(|| {
            let near = did_you_mean(&found, words.iter().copied());
            told(format!("{} {} is unknown{near}", NAMES[column], quoted(found.as_bytes())))
        })
    };
    match one_of(LOG_STATUS, &["OK", "NODATA", "SKIPDATA"])? {
        "SKIPDATA" => return Ok(Entry::Skipped),
        "NODATA" => return Ok(Entry::PassedOver),
        _ => {}
    }
    if one_of(DIRECTION, &["in", "out"])? == "in"
        || one_of(ACTION, &["ACCEPT", "REJECT"])? == "REJECT"
        || text(TRAFFIC_PATH).map_err(told)? != PEERING
    {
        return Ok(Entry::PassedOver);
    }
    let flow = || -> Result<Flow<'_>, String> {
        let (vpc_id, destination) = (text(VPC_ID)?, text(DSTADDR)?);
        let destination = destination
            .parse()
            .map_err(|_| format!("dstaddr {} is no address", quoted(destination.as_bytes())))?;
        let (start, end) = (second(&text(START)?, START)?, second(&text(END)?, END)?);
        match end - start {
            ..0 => return Err(format!("end {end} is before start {start}")),
            0..=LONGEST_SECONDS => {}
            _ => return Err(format!("from start {start} to end {end} is more than a day")),
        }
        let bytes = bytes.clone()?;
        Ok(Flow { vpc_id, destination, bytes, start, end, identity: identity(&picked) })
    };
    flow().map(Entry::Traffic).map_err(told)
}

fn text<'a, const N: usize>(picked: &Picked<'a, N>, column: usize) -> Result<Cow<'a, str>, String> {
    json::scalar(NAMES[column], picked[column]).map(|scalar| scalar.text)
}

fn bytes<const N: usize>(picked: &Picked<'_, N>) -> Result<u64, String> {
    // OK because a record of this kind holds fewer than 2^64.
    parse_bytes(RecordKind::Measured, text(picked, BYTES)?.as_bytes())
        .map(|bytes| bytes as u64)
        .map_err(String::from)
}

fn second(text: &str, column: usize) -> Result<i64, String> {
    let digits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    seconds.ok_or_else(|| {
        format!("{} {}: it is an epoch of 10 digits (seconds)", NAMES[column], quoted(text.as_bytes()))
    })
}

/// 128 bits of BLAKE3 over the values, each with a zero byte behind it; one that is not there is "-".
fn identity<const N: usize>(picked: &Picked<'_, N>) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for column in IDENTITY {
        hasher.update(text(picked, column).as_deref().unwrap_or("-").as_bytes());
        hasher.update(&[0]);
    }
    let mut bits = [0; 16];
    bits.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_be_bytes(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An entry of traffic, with these values instead of, or beside, its own.
    fn entry(changes: &[(&str, &str)]) -> String {
        let mut values = vec![
            ("vpc-id", "\"vpc-1\""),
            ("eni-id", "\"eni-1\""),
            ("srcaddr", "\"10.0.0.5\""),
            ("dstaddr", "\"172.16.0.9\""),
            ("srcport", "\"-\""),
            ("protocol", "\"6\""),
            ("direction", "\"out\""),
            ("action", "\"ACCEPT\""),
            ("bytes", "\"2048\""),
            ("start", "\"1790812800\""),
            ("end", "\"1790812860\""),
            ("log-status", "\"OK\""),
            ("traffic_path", "\"17\""),
        ];
        for &(name, value) in changes {
            values.retain(|(own, _)| *own != name);
            values.extend((!value.is_empty()).then_some((name, value)));
        }
        let values: Vec<String> = values.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", values.join(","))
    }

    fn flow(changes: &[(&str, &str)]) -> (u64, i64, i64, String, u128) {
        match read(entry(changes).as_bytes()).unwrap() {
            Entry::Traffic(own) => (own.bytes, own.start, own.end, own.destination.to_string(), own.identity),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_text_or_numbers() {
        let (bytes, start, end, destination, identity) = flow(&[]);
        assert_eq!((bytes, end - start, destination.as_str()), (2048, 60, "172.16.0.9"));
        let numbers = [("bytes", "18446744073709551615"), ("start", "1790812800"), ("traffic_path", "17")];
        assert_eq!(flow(&numbers).0, u64::MAX);
        assert_eq!(flow(&numbers).4, identity, "bytes are no part of what entries share");
        assert_eq!(flow(&[("dstaddr", "\"2001:db8::1\"")]).3, "2001:db8::1");
    }

    #[test]
    fn r15_copies_share_eni_5_tuple_start_and_end() {
        let own = flow(&[]).4;
        for (name, value) in [
            ("eni-id", "\"eni-2\""),
            ("protocol", "\"17\""),
            ("srcaddr", "\"10.0.0.6\""),
            ("srcport", "\"80\""),
            ("dstaddr", "\"172.16.0.8\""),
            ("dstport", "\"80\""),
            ("start", "\"1790812801\""),
            ("end", "\"1790812859\""),
        ] {
            assert_ne!(flow(&[(name, value)]).4, own, "{name}");
        }
        assert_eq!(flow(&[("srcport", ""), ("vm-id", "\"i-1\"")]).4, own);
    }

    #[test]
    fn what_is_no_outbound_peering_traffic_is_passed_over() {
        let none = [("bytes", "\"-\""), ("start", "\"-\""), ("direction", "\"-\""), ("action", "\"-\"")];
        let with = |name, value| [&none[..], &[(name, value)]].concat();
        assert_eq!(read(entry(&with("log-status", "\"NODATA\"")).as_bytes()), Ok(Entry::PassedOver));
        assert_eq!(read(entry(&with("log-status", "\"SKIPDATA\"")).as_bytes()), Ok(Entry::Skipped));
        for (name, value) in [
            ("direction", "\"in\""),
            ("action", "\"REJECT\""),
            ("traffic_path", "\"1\""),
            ("traffic_path", "\"-\""),
        ] {
            assert_eq!(read(entry(&[(name, value)]).as_bytes()), Ok(Entry::PassedOver), "{name}");
        }
    }

    #[test]
    fn r15_bad_entries_say_what_is_wrong() {
        for (name, value, bytes, why) in [
            ("bytes", "\"-5\"", None, "bytes \"-5\": bytes cannot be negative"),
            ("bytes", "1.5", None, "bytes \"1.5\": bytes are whole numbers"),
            ("bytes", "", None, "bytes is missing"),
            ("end", "\"1790812799\"", Some(2048), "end 1790812799 is before start 1790812800"),
            ("end", "\"1790999999\"", Some(2048), "is more than a day"),
            (
                "start",
                "\"1790812800000\"",
                Some(2048),
                "start \"1790812800000\": it is an epoch of 10 digits",
            ),
            ("start", "\"-\"", Some(2048), "start \"-\": it is an epoch"),
            ("dstaddr", "\"-\"", Some(2048), "dstaddr \"-\" is no address"),
            ("direction", "\"Out\"", Some(2048), "direction \"Out\" is unknown; did you mean \"out\"?"),
            ("direction", "", Some(2048), "direction is missing"),
            ("action", "\"accept\"", Some(2048), "did you mean \"ACCEPT\"?"),
            ("traffic_path", "", Some(2048), "traffic_path is missing"),
            ("log-status", "", Some(2048), "log-status is missing"),
            ("vpc-id", "", Some(2048), "vpc-id is missing"),
        ] {
            let (found, error) = read(entry(&[(name, value)]).as_bytes()).unwrap_err();
            assert_eq!(found, bytes, "{name} {value}");
            assert!(error.contains(why), "{name} {value}: {error}");
        }
        assert!(read(b"{").is_err() && read(b"[]").is_err());
    }

    fn split(bytes: u64, start: i64, end: i64) -> Vec<(i64, u64)> {
        let (vpc_id, destination) = ("vpc-1".into(), IpAddr::from([10, 0, 0, 1]));
        Flow { vpc_id, destination, bytes, start, end, identity: 0 }.by_hours().collect()
    }

    #[test]
    fn bytes_are_split_by_seconds_and_the_odd_one_goes_to_the_later_part() {
        assert_eq!(split(100, 3600 - 30, 3600 + 30), [(0, 50), (1, 50)]);
        assert_eq!(split(101, 3600 - 30, 3600 + 30), [(0, 50), (1, 51)]);
        assert_eq!(split(1, 3600 - 59, 3600 + 1), [(0, 0), (1, 1)]);
        assert_eq!(split(7, 3540, 3600), [(0, 7)], "the end is exclusive");
        assert_eq!(split(7, 3600, 3600), [(1, 7)], "an entry without a length is of its start");
        assert_eq!(split(10, 3599, 7201), [(0, 0), (1, 9), (2, 1)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_byte_is_lost_in_a_split(bytes: u64, start in 0i64..100_000, seconds in 0..=LONGEST_SECONDS) {
            let parts = split(bytes, start, start + seconds);
            prop_assert_eq!(parts.iter().map(|(_, part)| u128::from(*part)).sum::<u128>(), u128::from(bytes));
            prop_assert_eq!(parts[0].0, start / 3600);
            prop_assert_eq!(parts[parts.len() - 1].0, (start + (seconds - 1).max(0)) / 3600);
            let mut sum = 0;
            for (hour, part) in &parts[..parts.len() - 1] {
                sum += u128::from(*part);
                let passed = u128::try_from((hour + 1) * 3600 - start).unwrap();
                prop_assert_eq!(sum, u128::from(bytes) * passed / u128::try_from(seconds).unwrap());
            }
        }
    }
}
