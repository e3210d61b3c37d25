//! CloudMonitor's `acs_vpcpeer`: answers of `DescribeMetricList` and `DescribeMetricLast`, and tables of datapoints.
//!
//! What the provider does not say about them is a setting: [`CloudMonitor`]. The direction is not: "inbound" is what
//! the requester sends (R3).

mod settings;

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        quoted,
        time::Timestamp,
        usage::{PARTS, Sender},
    },
    read::{
        TrafficSource,
        decimal::Decimal,
        object::{self, Scalar},
        rows::Rows,
        table::Header,
        traffic::{DatapointPath, Notes, Observation, Records},
        values::{Stop, Values, unescape},
    },
};
pub use settings::{CloudMonitor, DatapointColumns, Mark, Statistic, Unit, sender_of_metric};

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, io::Read};

/// A datapoint may stand for at most an hour, because it belongs to one.
const LONGEST_PERIOD: u32 = 3600;

impl TrafficSource {
    /// The same source, read as datapoints of CloudMonitor that count what `sender` sent.
    ///
    /// It may hold one answer, a JSON array of answers, one on each line, or a CSV table.
    #[must_use]
    pub fn as_cloudmonitor(self, sender: Sender, settings: &CloudMonitor) -> Self {
        self.with_records(Datapoints { sender, settings: settings.clone() })
    }
}

/// Reads datapoints.
struct Datapoints {
    sender: Sender,
    settings: CloudMonitor,
}

type Each<'e> = dyn FnMut(Observation<'_>) -> Result<()> + 'e;

impl Records for Datapoints {
    fn read(&self, source: &TrafficSource, input: &mut dyn Read, each: &mut Each<'_>) -> Result<Notes> {
        let unreadable = |error: std::io::Error| source.unreadable(&error);
        let mut values = Values::new(input).map_err(unreadable)?;
        match values.peek().map_err(unreadable)? {
            Some(b'{' | b'[') => self.read_responses(source, values, each),
            Some(_) => {
                let (rest, line) = values.rest();
                self.read_table(source, rest, line - 1, each).map(|()| Notes::default())
            }
            None => Err(Error::unusable(ErrorKind::Input, &source.name, "the input is empty")),
        }
    }
}

impl Datapoints {
    fn read_responses(
        &self,
        source: &TrafficSource,
        mut values: Values<'_>,
        each: &mut Each<'_>,
    ) -> Result<Notes> {
        let (mut faults, mut number, mut notes) = (Vec::new(), 0, Notes::default());
        loop {
            let at = |line, path: Option<String>, why: String| {
                let fault = Fault::at(FaultCode::UnusableInput, &source.name, line, why);
                Fault { path: path.map(Into::into), ..fault }
            };
            match values.next() {
                Ok(None) => break,
                Ok(Some((line, text))) => {
                    number += 1;
                    match self.read_response(text, line, number, each)? {
                        Ok(true) => notes.pages_announced += 1,
                        Ok(false) => notes.last_pages += 1,
                        Err(why) => faults.push(at(line, Some(format!("response {number}")), why)),
                    }
                }
                Err(Stop::Unreadable(error)) => return Err(source.unreadable(&error)),
                Err(Stop::Malformed(line, why)) => {
                    faults.push(at(line, None, why.into()));
                    break;
                }
            }
        }
        Error::from_faults(ErrorKind::Input, faults).map_or(Ok(notes), Err)
    }

    /// Shows the datapoints of one response; tells whether it announces a further page, or what is wrong with it as a
    /// whole.
    fn read_response(
        &self,
        text: &mut [u8],
        line: u64,
        number: u64,
        each: &mut Each<'_>,
    ) -> Result<Result<bool, String>> {
        let response = match Response::read(text).and_then(|response| Ok((self.period(&response)?, response)))
        {
            Ok(response) => response,
            Err(why) => return Ok(Err(why)),
        };
        let (period, Response { datapoints, escaped, open, .. }) = response;
        let mut inner = &mut text[datapoints];
        if escaped {
            let length = match unescape(inner) {
                Ok(length) => length,
                Err(why) => return Ok(Err(format!("Datapoints: {why}"))),
            };
            inner = &mut inner[..length];
        }
        let mut failed = None;
        let mut show = |datapoint, raw: &RawValue| {
            let place = DatapointPath { response: number, datapoint, key: None };
            self.show(line, place, period, raw, each).map_err(|error| failed = Some(error))
        };
        let read = show_elements(inner, &mut show);
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(why)) => Ok(Err(format!("Datapoints: {why}"))),
            (None, Ok(())) => Ok(Ok(open)),
        }
    }

    /// The seconds that a datapoint of a response stands for, where it must be known.
    fn period(&self, response: &Response) -> Result<Option<u32>, String> {
        let period = match (response.period, self.settings.period_seconds) {
            (Some(own), Some(given)) if own != given => {
                return Err(format!("Period is {own}, but the setting says {given}; see --metric-period"));
            }
            (own, given) => own.or(given),
        };
        if let Some(long) = period.filter(|period| *period > LONGEST_PERIOD) {
            return Err(format!("Period is {long}: a datapoint of more than 3600 s fits no billing hour"));
        }
        if period.is_none() && (self.settings.unit, self.settings.mark) != (Unit::Bytes, Mark::Start) {
            return Err(
                "Period is missing, and rates and ends of periods need it; see --metric-period".into()
            );
        }
        Ok(period)
    }

    /// Shows one datapoint of a response.
    fn show(
        &self,
        line: u64,
        place: DatapointPath,
        period: Option<u32>,
        raw: &RawValue,
        each: &mut Each<'_>,
    ) -> Result<()> {
        let unreadable = |(key, why): (Option<&'static str>, String)| Observation {
            place: Some(DatapointPath { key, ..place }),
            ..Observation::unreadable(line, why, raw.get().as_bytes())
        };
        let names: [&'static str; 7] =
            ["timestamp", "instanceId", "Sum", "Value", "Average", "Maximum", "Minimum"];
        let picked = match object::pick(&names, raw.get().as_bytes()) {
            Ok(picked) => picked,
            Err(why) => return each(unreadable((None, why))),
        };
        let key = self.settings.statistic.as_str();
        let value = names.iter().position(|name| *name == key).and_then(|place| picked[place]);
        if value.is_none() {
            let has: Vec<&str> = (2..7).filter(|at| picked[*at].is_some()).map(|at| names[at]).collect();
            let has = if has.is_empty() { "none".into() } else { has.join(", ") };
            let why =
                format!("the datapoint has no {key}; of the statistics it has {has}; see --metric-statistic");
            return each(unreadable((None, why)));
        }
        let of = |key: &'static str, why| (Some(key), why);
        let datapoint = || {
            let timestamp = object::scalar("timestamp", picked[0]).map_err(|why| of("timestamp", why))?;
            let id = object::text("instanceId", picked[1]).map_err(|why| of("instanceId", why))?;
            let value = object::scalar(key, value).map_err(|why| of(key, why))?;
            Ok((timestamp, id, value))
        };
        let (timestamp, id, value) = match datapoint() {
            Ok(datapoint) => datapoint,
            Err(why) => return each(unreadable(why)),
        };
        let point = Datapoint { timestamp, id, value };
        self.observe(&point, period, key, |read| {
            each(match read {
                Ok(observation) => {
                    Observation { line, place: Some(place), raw: raw.get().as_bytes(), ..observation }
                }
                Err((key, bytes, why)) => Observation { bytes, ..unreadable((Some(key), why)) },
            })
        })
    }

    fn read_table(
        &self,
        source: &TrafficSource,
        input: impl Read,
        lines_before: u64,
        each: &mut Each<'_>,
    ) -> Result<()> {
        let unreadable = |error: std::io::Error| source.unreadable(&error);
        let mut rows = Rows::new(input);
        let DatapointColumns { timestamp, instance_id, value } = &self.settings.columns;
        let value = value.as_deref().unwrap_or(self.settings.statistic.as_str());
        let wanted = [timestamp.as_str(), instance_id, value];
        let first = rows.next().map_err(unreadable)?;
        let header = Header::find(ErrorKind::Input, &source.name, first, &wanted, &[])?;
        let known = Response { period: None, datapoints: 0..0, escaped: false, open: false };
        let period =
            self.period(&known).map_err(|why| Error::unusable(ErrorKind::Input, &source.name, why))?;
        while let Some(row) = rows.next().map_err(unreadable)? {
            let line = row.line + lines_before;
            let bad = |why| Observation::unreadable(line, why, row.raw);
            if let Some(misfit) = header.malformed(&row) {
                each(bad(misfit))?;
                continue;
            }
            let mut texts = [""; 3];
            for (column, text) in texts.iter_mut().enumerate() {
                let field = row.field(header.position(column).unwrap_or_default());
                *text = std::str::from_utf8(field).unwrap_or("\u{fffd}");
            }
            let scalar = |text| Scalar { text: Cow::Borrowed(text), is_number: false };
            let [timestamp, id, value] = texts;
            let point = Datapoint { timestamp: scalar(timestamp), id: id.into(), value: scalar(value) };
            self.observe(&point, period, wanted[2], |read| {
                each(match read {
                    Ok(observation) => Observation { line, raw: row.raw, ..observation },
                    Err((_, bytes, why)) => Observation { bytes, ..bad(why) },
                })
            })?;
        }
        Ok(())
    }

    /// Makes a record of a datapoint, or tells which key is wrong, its bytes where they can be read, and why.
    fn observe(
        &self,
        point: &Datapoint<'_>,
        period: Option<u32>,
        value_name: &str,
        take: impl FnOnce(Result<Observation<'_>, (&'static str, Option<u64>, String)>) -> Result<()>,
    ) -> Result<()> {
        let key = self.settings.statistic.as_str();
        let value = point.value.text.as_ref();
        let (bytes, parts) = match self.bytes(value, period) {
            Ok(bytes) => bytes,
            Err(why) => {
                let why = format!("{value_name} {}: {why}", quoted(value.as_bytes()));
                return take(Err((key, None, why)));
            }
        };
        let timestamp = match self.start(&point.timestamp, period) {
            Ok(timestamp) => timestamp,
            Err(why) => return take(Err(("timestamp", Some(bytes), why))),
        };
        if point.id.is_empty() {
            return take(Err(("instanceId", Some(bytes), "instanceId is empty".into())));
        }
        let (at, id) = (point.timestamp.text.as_bytes(), point.id.as_bytes());
        // A rate is no native record, and neither is a time that marks an end: then the datapoint stands whole.
        let native = (self.settings.unit, self.settings.mark) == (Unit::Bytes, Mark::Start)
            && at.iter().all(u8::is_ascii_digit);
        let mut number = itoa::Buffer::new();
        let fields =
            native.then(|| [at, id, self.sender.as_str().as_bytes(), number.format(bytes).as_bytes()]);
        take(Ok(Observation {
            connection_id: id,
            bytes: Some(bytes),
            parts,
            read: Ok((timestamp, self.sender)),
            fields,
            ..Observation::unreadable(0, String::new(), b"")
        }))
    }

    /// Whole bytes and parts of one.
    fn bytes(&self, value: &str, period: Option<u32>) -> Result<(u64, u128), &'static str> {
        let value = Decimal::parse(value)?;
        match self.settings.unit {
            Unit::Bytes if value.fraction > 0 => {
                Err("bytes are whole numbers; is it a rate in bit/s? see --metric-unit")
            }
            Unit::Bytes => Ok((value.whole, 0)),
            Unit::BitsPerSecond => bytes_of_rate(value, period.unwrap_or_default()),
        }
    }

    /// `2026-10-05 11:00:00` with the offset that was stated for such times.
    fn with_zone(&self, text: &str) -> Option<String> {
        let minutes = self.settings.naive_offset.filter(|_| is_naive(text))?.seconds() / 60;
        let (sign, size) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        Some(format!("{}{sign}{:02}:{:02}", text.replacen(' ', "T", 1), size / 60, size % 60))
    }

    /// The start of the period that a datapoint stands for.
    fn start(&self, timestamp: &Scalar<'_>, period: Option<u32>) -> Result<Timestamp, String> {
        let text = timestamp.text.as_ref();
        let whole = || Decimal::parse(text).ok().filter(|number| timestamp.is_number && number.fraction == 0);
        let parsed =
            match self.with_zone(text).map_or_else(|| Timestamp::parse(text), |text| Timestamp::parse(&text))
            {
                // Epochs pass through spreadsheets and libraries that write 1.7645472E12.
                Err(why) => whole().map_or(Err(why), |number| Timestamp::parse(&number.whole.to_string())),
                parsed => parsed,
            };
        let parsed = parsed.map_err(|why| {
            let way_out = if is_naive(text) { "; or state its zone with --naive-offset" } else { "" };
            format!("timestamp {}: {why}{way_out}", quoted(text.as_bytes()))
        })?;
        Ok(match self.settings.mark {
            Mark::Start => parsed,
            Mark::End => parsed.minus_seconds(period.unwrap_or_default()),
        })
    }
}

/// Whether this is a time without a zone, such as `2026-10-05 11:00:00`.
fn is_naive(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.clone().eq(*b"0000-00-00 00:00:00") || shape.eq(*b"0000-00-00T00:00:00")
}

/// What so many bit/s are over a period, exactly: whole bytes, and parts of one.
fn bytes_of_rate(rate: Decimal, period: u32) -> Result<(u64, u128), &'static str> {
    // A bit/s over a second is 125 thousandths of a byte. OK because a period has at most 3600 s: 2^64 x 3600 x 125
    // and 10^27 x 3600 x 125 fit.
    let thousandths = u128::from(period) * 125;
    let of_whole = u128::from(rate.whole) * thousandths;
    let of_fraction = rate.fraction * thousandths;
    let parts = (of_whole % 1000) * (PARTS / 1000) + of_fraction % PARTS;
    let bytes = of_whole / 1000 + of_fraction / PARTS + parts / PARTS;
    // Less than 2^64-1, so that rounding up stays within what one record holds.
    let bytes = u64::try_from(bytes).ok().filter(|bytes| *bytes < u64::MAX);
    bytes.map(|bytes| (bytes, parts % PARTS)).ok_or("one record holds at most 2^64-1 bytes")
}

struct Datapoint<'a> {
    timestamp: Scalar<'a>,
    id: Cow<'a, str>,
    value: Scalar<'a>,
}

/// What an answer says beside its datapoints.
struct Response {
    period: Option<u32>,
    /// Where the datapoints stand in its text.
    datapoints: std::ops::Range<usize>,
    /// They stand within a JSON text, as the API writes them.
    escaped: bool,
    /// It announces a further page.
    open: bool,
}

impl Response {
    fn read(text: &[u8]) -> Result<Self, String> {
        let names = ["Datapoints", "Period", "NextToken", "Success", "Code", "Message"];
        let [datapoints, period, next, success, code, message] = object::pick(&names, text)?;
        let plain = |value: Option<&RawValue>| -> String {
            let scalar = object::scalar("", value).map(|scalar| scalar.text.into_owned());
            scalar.unwrap_or_else(|_| value.map(RawValue::get).unwrap_or_default().to_owned())
        };
        let (success, code) = (plain(success), plain(code));
        if success.eq_ignore_ascii_case("false") || !matches!(code.as_str(), "" | "200") {
            let (code, message) = (quoted(code.as_bytes()), quoted(plain(message).as_bytes()));
            return Err(format!("the answer is an error: Code {code}, Message {message}; ask again"));
        }
        let Some(datapoints) = datapoints.map(RawValue::get) else {
            return Err("the answer has no Datapoints; is it one of DescribeMetricList?".into());
        };
        let start = datapoints.as_ptr() as usize - text.as_ptr() as usize;
        let (escaped, edge) = if datapoints.starts_with('"') { (true, 1) } else { (false, 0) };
        let period = match plain(period).as_str() {
            "" => None,
            text => Some(parse_period(text).ok_or_else(|| {
                format!("Period {}: it is a whole number of seconds above 0", quoted(text.as_bytes()))
            })?),
        };
        let datapoints = start + edge..start + datapoints.len() - edge;
        Ok(Self { period, datapoints, escaped, open: !plain(next).is_empty() })
    }
}

fn parse_period(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| digits && *seconds > 0)
}

type Show<'s> = dyn FnMut(u64, &RawValue) -> Result<(), ()> + 's;

/// Shows the elements of a JSON array, with their numbers from 0.
fn show_elements(text: &[u8], show: &mut Show<'_>) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let shown = Elements(show).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    shown.map_err(|error| object::without_line(&error))
}

struct Elements<'s, 'f>(&'s mut Show<'f>);

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of datapoints")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = elements.next_element::<&RawValue>()? {
            (self.0)(number, element).map_err(|()| A::Error::custom("stopped"))?;
            number += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    const RATE: CloudMonitor = CloudMonitor {
        unit: Unit::BitsPerSecond,
        period_seconds: None,
        naive_offset: None,
        statistic: Statistic::Sum,
        mark: Mark::Start,
        columns: DatapointColumns { timestamp: String::new(), instance_id: String::new(), value: None },
    };

    /// What is read, a line for each datapoint, or why nothing is.
    fn read(settings: &CloudMonitor, text: &str) -> Result<(Vec<String>, Notes), String> {
        let source = TrafficSource::from_bytes("rx.json", text).as_cloudmonitor(Sender::Requester, settings);
        let reader = Datapoints { sender: Sender::Requester, settings: settings.clone() };
        let mut seen = Vec::new();
        let notes = reader.read(&source, &mut text.as_bytes(), &mut |observation| {
            let Observation { line, place, bytes, parts, read, connection_id, .. } = observation;
            let place = place.map_or_else(String::new, |place| format!(" {place}"));
            seen.push(match read {
                Ok((at, sender)) => {
                    let id = String::from_utf8_lossy(connection_id).into_owned();
                    format!("{line}{place} {at} {id} {sender} {} {parts}", bytes.unwrap_or(0))
                }
                Err(why) => format!("{line}{place} {bytes:?} {why}"),
            });
            Ok(())
        });
        notes.map(|notes| (seen, notes)).map_err(|error| error.to_string())
    }

    fn response(datapoints: &str) -> String {
        let text = serde_json::to_string(datapoints).unwrap();
        format!(r#"{{"Success":true,"Code":"200","Datapoints":{text},"Period":"60","NextToken":""}}"#)
    }

    const POINT: &str = r#"[{"timestamp":1790812800000,"userId":"1","instanceId":"pcc-1","Sum":1048576.0}]"#;
    const SEEN: &str = "response 1: Datapoints[0] 2026-10-01T00:00:00Z pcc-1 requester 1048576 0";

    #[test]
    fn an_answer_stands_alone_in_an_array_or_on_a_line() {
        let settings = CloudMonitor::default();
        let one = read(&settings, &response(POINT)).unwrap();
        assert_eq!(one.0, [format!("1 {SEEN}")]);
        let as_array = format!(r#"{{"Period":60,"Datapoints":{POINT}}}"#);
        assert_eq!(read(&settings, &as_array).unwrap().0, one.0);
        let two = [format!("1 {SEEN}"), format!("2 {}", SEEN.replace("response 1", "response 2"))];
        let (first, second) = (response(POINT), response(POINT));
        assert_eq!(read(&settings, &format!("{first}\n{second}\n")).unwrap().0, two);
        assert_eq!(read(&settings, &format!("[{first},\n{second}]")).unwrap().0, two);
        assert_eq!(read(&settings, &response("[]")).unwrap().0, Vec::<String>::new());
    }

    #[test]
    fn a_table_has_columns_that_settings_name() {
        let text = "\u{feff}instanceId,timestamp,note,Sum\r\npcc-1,1790812800000,,1048576\r\n";
        let settings = CloudMonitor::default();
        let expected = ["2 2026-10-01T00:00:00Z pcc-1 requester 1048576 0"];
        assert_eq!(read(&settings, text).unwrap().0, expected);
        let columns = DatapointColumns {
            timestamp: "Time".into(),
            instance_id: "Instance".into(),
            value: Some("In (bytes)".into()),
        };
        let settings = CloudMonitor { columns, ..settings };
        let text = "Time,Instance,In (bytes)\n2026-10-01T08:00:00+08:00,pcc-1,1048576.0\n";
        assert_eq!(read(&settings, text).unwrap().0, expected);
        assert!(
            read(&settings, "Time,Instance,Out\n")
                .unwrap_err()
                .contains("rx.json:1: the header lacks In (bytes)")
        );
    }

    #[test]
    fn r15_bad_datapoints_name_their_path() {
        let point = |rest: &str| format!(r#"[{{"timestamp":1790812800000,"instanceId":"pcc-1",{rest}}}]"#);
        for (datapoints, why) in [
            (
                point(r#""Sum":1048576.5"#),
                ".Sum None Sum \"1048576.5\": bytes are whole numbers; is it a rate",
            ),
            (point(r#""Sum":-1"#), ".Sum None Sum \"-1\": it cannot be negative"),
            (point(r#""Sum":1e20"#), ".Sum None Sum \"1e20\": it is at most 2^64-1"),
            (point(r#""Sum":[1]"#), ".Sum None Sum \"[1]\" is neither a number nor text"),
            (
                point(r#""Average":1,"Maximum":2"#),
                " None the datapoint has no Sum; of the statistics it has Average, Maximum;",
            ),
            (point(r#""x":1"#), " None the datapoint has no Sum; of the statistics it has none;"),
            (point(r#""Sum":1,"Sum":1"#), "the key Sum stands twice"),
            ("[7]".into(), " None \"7\": invalid type"),
            (
                r#"[{"timestamp":179081280,"instanceId":"p","Sum":5}]"#.into(),
                ".timestamp Some(5) timestamp \"179081280\":",
            ),
            (r#"[{"instanceId":"p","Sum":5}]"#.into(), ".timestamp None timestamp is missing"),
            (
                r#"[{"timestamp":1790812800000,"instanceId":7,"Sum":5}]"#.into(),
                ".instanceId None instanceId \"7\" is a number",
            ),
            (
                r#"[{"timestamp":1790812800000,"instanceId":"","Sum":5}]"#.into(),
                ".instanceId Some(5) instanceId is empty",
            ),
        ] {
            let seen = read(&CloudMonitor::default(), &response(&datapoints)).unwrap().0;
            assert!(seen[0].starts_with("1 response 1: Datapoints[0]"), "{seen:?}");
            assert!(seen[0].contains(why), "{why}: {seen:?}");
        }
    }

    #[test]
    fn r15_an_answer_that_is_none_fails_the_input() {
        for (text, why) in [
            ("", "rx.json: the input is empty"),
            (
                r#"{"Success":false,"Code":"Throttling","Message":"Request was denied."}"#,
                "rx.json:1: response 1: the answer is an error: Code \"Throttling\", Message \"Request was denied.\"",
            ),
            (r#"{"Code":500,"Datapoints":"[]"}"#, "the answer is an error: Code \"500\""),
            (r#"{"Code":"200"}"#, "the answer has no Datapoints"),
            (r#"{"Datapoints":"[{]"}"#, "response 1: Datapoints: "),
            (r#"{"Datapoints":"{}"}"#, "expected an array of datapoints"),
            (r#"{"Datapoints":5}"#, "expected an array of datapoints"),
            (r#"{"Datapoints":"[] 5"}"#, "trailing characters"),
            (r#"{"Datapoints":"\ud800"}"#, "an escape of it is no character"),
            (r#"{"Datapoints":"[]","Period":"-60"}"#, "Period \"-60\""),
            (r#"{"Datapoints":"[]","Period":"86400"}"#, "Period is 86400: a datapoint of more than 3600 s"),
            (
                "{\"Datapoints\":\"[]\"}\n{\"Datapoints\"",
                "rx.json:2: the object that begins here is not closed; is the file whole?",
            ),
        ] {
            let error = read(&CloudMonitor::default(), text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let both = "{\"Code\":\"1\"}\n{\"Datapoints\":\"[]\"}\n{\"Code\":\"3\"}";
        let error = read(&CloudMonitor::default(), both).unwrap_err();
        assert!(
            error.contains("rx.json:1: response 1:") && error.contains("rx.json:3: response 3:"),
            "{error}"
        );
    }

    #[test]
    fn r15_a_time_without_a_zone_is_read_where_its_zone_is_stated() {
        let table = |at: &str| format!("timestamp,instanceId,Sum\n{at},pcc-1,5\n");
        let read_at = |offset: Option<&str>, at: &str| {
            let naive_offset = offset.map(|offset| offset.parse().unwrap());
            read(&CloudMonitor { naive_offset, ..CloudMonitor::default() }, &table(at)).unwrap().0.concat()
        };
        for (offset, at, utc) in [
            ("+08:00", "2026-10-05 11:00:00", "2026-10-05T03:00:00Z"),
            ("+08:00", "2026-10-05T11:00:00", "2026-10-05T03:00:00Z"),
            ("-03:30", "2026-10-04 23:30:00", "2026-10-05T03:00:00Z"),
            ("+08:00", "2026-10-05T03:00:00Z", "2026-10-05T03:00:00Z"),
            ("+08:00", "1791169200000", "2026-10-05T03:00:00Z"),
        ] {
            assert!(read_at(Some(offset), at).contains(utc), "{offset} {at}: {}", read_at(Some(offset), at));
        }
        assert!(read_at(None, "2026-10-05 11:00:00").contains("or state its zone with --naive-offset"));
        assert!(!read_at(Some("+08:00"), "2026-13-05 11:00:00").contains("2026-13-05T"));
    }

    #[test]
    fn a_next_token_announces_a_page_however_answers_lie_in_files() {
        let open = response("[]").replace(r#""NextToken":"""#, r#""NextToken":"abc""#);
        let closed = response("[]");
        let pages = |text: &str| {
            let notes = read(&CloudMonitor::default(), text).unwrap().1;
            (notes.pages_announced, notes.last_pages)
        };
        assert_eq!((pages(&open), pages(&closed)), ((1, 0), (0, 1)));
        assert_eq!(pages(&format!("{open}\n{closed}")), (1, 1));
        assert_eq!(pages(&format!("[{closed},{open},{open}]")), (2, 1));
    }

    #[test]
    fn a_rate_and_an_end_need_the_period() {
        let without = format!(r#"{{"Datapoints":{POINT}}}"#);
        assert!(read(&RATE, &without).unwrap_err().contains("response 1: Period is missing"));
        let given = CloudMonitor { period_seconds: Some(10), ..RATE };
        let seen = read(&given, &without).unwrap().0;
        assert!(seen[0].ends_with("requester 1310720 0"), "{seen:?}");
        assert!(
            read(&given, &response(POINT)).unwrap_err().contains("Period is 60, but the setting says 10")
        );
        let end = CloudMonitor { mark: Mark::End, ..CloudMonitor::default() };
        assert!(read(&end, &response(POINT)).unwrap().0[0].contains("2026-09-30T23:59:00Z"));
    }

    #[test]
    fn r3_what_comes_in_is_sent_by_the_requester() {
        for (name, sender) in [
            ("IntranetRX", Sender::Requester),
            ("inbound", Sender::Requester),
            ("IntranetTX", Sender::Accepter),
            ("outbound", Sender::Accepter),
        ] {
            assert_eq!(sender_of_metric(name), Ok(sender));
        }
        assert!(
            sender_of_metric("intranetrx")
                .unwrap_err()
                .message()
                .contains("did you mean \"IntranetRX\"?; write inbound=")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn r10_a_rate_over_its_period_is_what_big_rationals_say(
            whole in prop_oneof![0u64..1000, any::<u64>()],
            decimals in "[0-9]{1,27}",
            period in prop_oneof![Just(1u32), Just(7), Just(60), 1u32..=3600],
        ) {
            let text = format!("{whole}.{decimals}");
            let number: BigInt = text.replace('.', "").parse().unwrap();
            let ten = BigInt::from(10);
            let rate = BigRational::new(number, ten.pow(decimals.len() as u32));
            let expected = rate * BigInt::from(period) / BigInt::from(8);
            match bytes_of_rate(Decimal::parse(&text).unwrap(), period) {
                Err(_) => prop_assert!(expected >= BigRational::from_integer(BigInt::from(u64::MAX))),
                Ok((bytes, parts)) => {
                    prop_assert!(parts < PARTS);
                    let parts = BigRational::new(BigInt::from(parts), BigInt::from(PARTS));
                    prop_assert_eq!(BigRational::from_integer(BigInt::from(bytes)) + parts, expected);
                }
            }
        }
    }
}
