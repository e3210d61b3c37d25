//! CloudMonitor's `acs_vpcpeer`: answers of `DescribeMetricList` and `DescribeMetricLast`, and tables of datapoints.
//!
//! What the provider does not say about them is a setting: [`CloudMonitor`]. The direction is not: "inbound" is what
//! the requester sends (R3).

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        did_you_mean, quoted,
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
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, io::Read, str::FromStr};

/// A datapoint may stand for at most an hour, because it belongs to one.
const LONGEST_PERIOD: u32 = 3600;

/// Which value of a datapoint counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Statistic {
    /// All of the period.
    #[default]
    Sum,
    /// What some metrics have instead.
    Value,
    /// The mean over the period.
    Average,
    /// The most.
    Maximum,
    /// The least.
    Minimum,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Value, Self::Average, Self::Maximum, Self::Minimum];

    /// The key of a datapoint.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Value => "Value",
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
        }
    }
}

impl FromStr for Statistic {
    type Err = String;

    /// Reads `Sum`, `Value`, `Average`, `Maximum` or `Minimum`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|statistic| statistic.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str);
            format!("no statistic; there are {}{}", known.join(", "), did_you_mean(text, known))
        })
    }
}

/// What the value of a datapoint counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Unit {
    /// Bytes of the period.
    #[default]
    #[serde(rename = "bytes")]
    Bytes,
    /// Bits per second over the period.
    #[serde(rename = "bit/s")]
    BitsPerSecond,
}

impl Unit {
    /// `bytes` or `bit/s`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::BitsPerSecond => "bit/s",
        }
    }
}

/// Which end of its period the timestamp of a datapoint marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The start.
    #[default]
    Start,
    /// The end.
    End,
}

impl Mark {
    /// `start` or `end`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }
}

/// What a table of datapoints calls its columns.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatapointColumns {
    /// The time of the datapoint.
    pub timestamp: String,
    /// The connection.
    pub instance_id: String,
    /// Its value; where it is `None`, the column of the statistic's name.
    pub value: Option<String>,
}

impl Default for DatapointColumns {
    fn default() -> Self {
        Self { timestamp: "timestamp".into(), instance_id: "instanceId".into(), value: None }
    }
}

/// How datapoints are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudMonitor {
    /// Which of their values counts.
    pub statistic: Statistic,
    /// What it counts.
    pub unit: Unit,
    /// What their timestamps mark.
    pub mark: Mark,
    /// The seconds that a datapoint stands for, where the answer does not say so; at most 3600.
    pub period_seconds: Option<u32>,
    /// The columns of tables.
    pub columns: DatapointColumns,
}

/// Whose egress a metric counts; takes the metric's name, or `inbound` or `outbound` whatever it is called.
///
/// R3: the names are from the connection's view. What comes in, `IntranetRX`, is sent by the requester; what goes out
/// is sent by the accepter. The name `IntranetTX` is assumed.
pub fn sender_of_metric(name: &str) -> Result<Sender, String> {
    match name {
        "inbound" | "IntranetRX" => Ok(Sender::Requester),
        "outbound" | "IntranetTX" => Ok(Sender::Accepter),
        _ => {
            let near = did_you_mean(name, ["inbound", "outbound", "IntranetRX", "IntranetTX"]);
            let way_out =
                "write inbound= for what the requester sends, outbound= for what the accepter sends";
            Err(format!("metric {} is not known{near}; {way_out}", quoted(name.as_bytes())))
        }
    }
}

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
        let (mut faults, mut number, mut open) = (Vec::new(), 0, false);
        loop {
            let at = |line, path: Option<String>, why: String| {
                let fault = Fault::at(FaultCode::UnusableInput, &source.name, line, why);
                Fault { path, ..fault }
            };
            match values.next() {
                Ok(None) => break,
                Ok(Some((line, text))) => {
                    number += 1;
                    match self.read_response(text, line, number, each)? {
                        Ok(is_open) => open = is_open,
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
        let notes = Notes { open_pages: open.into(), ..Notes::default() };
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
            if let Some(misfit) = header.misfit(&row) {
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
        let id = point.id.as_bytes();
        let mut number = itoa::Buffer::new();
        let columns = [point.timestamp.text.as_bytes(), id, self.sender.as_str().as_bytes()];
        let [timestamp_text, ..] = columns;
        let native = (self.settings.unit, self.settings.mark) == (Unit::Bytes, Mark::Start)
            && timestamp_text.iter().all(u8::is_ascii_digit);
        let [at, id, sender] = columns;
        // A rate is no native record, and neither is a time that marks an end: then the datapoint stands whole.
        let fields = native.then(|| [at, id, sender, number.format(bytes).as_bytes()]);
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

    /// The start of the period that a datapoint stands for.
    fn start(&self, timestamp: &Scalar<'_>, period: Option<u32>) -> Result<Timestamp, String> {
        let text = timestamp.text.as_ref();
        let whole = || Decimal::parse(text).ok().filter(|number| timestamp.is_number && number.fraction == 0);
        let parsed = match Timestamp::parse(text) {
            // Epochs pass through spreadsheets and libraries that write 1.7645472E12.
            Err(why) => whole().map_or(Err(why), |number| Timestamp::parse(&number.whole.to_string())),
            parsed => parsed,
        };
        let parsed = parsed.map_err(|why| format!("timestamp {}: {why}", quoted(text.as_bytes())))?;
        Ok(match self.settings.mark {
            Mark::Start => parsed,
            Mark::End => parsed.minus_seconds(period.unwrap_or_default()),
        })
    }
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
