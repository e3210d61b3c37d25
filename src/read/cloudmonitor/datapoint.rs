//! One datapoint of CloudMonitor: what its value and its time mean.

use super::{CloudMonitor, Mark, Unit};
use crate::{
    error::Result,
    model::{
        invalid::{Invalid, Remedy},
        quoted,
        time::Timestamp,
        usage::{PARTS, Sender},
    },
    read::{
        answer::{Members, list_within},
        decimal::{Decimal, EXCEL_HAS_ROUNDED, is_rounded},
        json,
        json::Scalar,
        record::{Observation, Quantity, Traffic},
    },
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, ops::Range};

/// The values of a datapoint.
pub(super) struct Datapoint<'a> {
    pub timestamp: Scalar<'a>,
    pub id: Cow<'a, str>,
    pub value: Scalar<'a>,
}

/// What is wrong with a datapoint.
pub(super) struct Unusable {
    /// The key that is wrong, where it is one.
    pub key: Option<&'static str>,
    /// Its traffic, where that can be read.
    pub quantity: Quantity,
    /// Why it is wrong.
    pub why: Invalid,
}

impl Unusable {
    /// Of a datapoint whose traffic cannot be read.
    pub fn new(key: Option<&'static str>, why: impl Into<Invalid>) -> Self {
        Self { key, quantity: Quantity::default(), why: why.into() }
    }
}

/// How datapoints are measured.
pub(super) struct Measure<'a> {
    pub settings: &'a CloudMonitor,
    /// Whose traffic they count.
    pub sender: Sender,
    /// The seconds that one stands for, where that is known.
    pub period: Option<u32>,
    /// What messages call the value.
    pub value_name: &'a str,
}

impl Measure<'_> {
    /// Makes a record of a datapoint, or says what is wrong with it.
    pub fn observe(
        &self,
        point: &Datapoint<'_>,
        show: impl FnOnce(Result<Observation<'_>, Unusable>) -> Result<()>,
    ) -> Result<()> {
        let (quantity, start) = match self.measured(point) {
            Ok(measured) => measured,
            Err(unusable) => return show(Err(unusable)),
        };
        let (at, id) = (point.timestamp.text.as_bytes(), point.id.as_bytes());
        // A rate is no native record, and neither is a time that marks an end: then the datapoint stands whole.
        let native = (self.settings.unit, self.settings.mark) == (Unit::Bytes, Mark::Start)
            && at.iter().all(u8::is_ascii_digit);
        let mut number = itoa::Buffer::new();
        let fields = native
            .then(|| [at, id, self.sender.as_str().as_bytes(), number.format(quantity.bytes).as_bytes()]);
        show(Ok(Observation {
            line: 0,
            place: None,
            quantity,
            traffic: Ok(Traffic::of_instant(id, self.sender, start)),
            fields,
            raw: b"",
        }))
    }

    /// Its traffic, and the start of the period that it stands for.
    fn measured(&self, point: &Datapoint<'_>) -> Result<(Quantity, Timestamp), Unusable> {
        let value = point.value.text.as_ref();
        let quantity = self
            .quantity(&point.value)
            .map_err(|why| why.about(format_args!("{} {}", self.value_name, quoted(value.as_bytes()))));
        let start = self.start(&point.timestamp);
        let id = if point.id.is_empty() { Err(Invalid::new("instanceId is empty")) } else { Ok(()) };
        match (quantity, start, id) {
            (Ok(quantity), Ok(start), Ok(())) => Ok((quantity, start)),
            (quantity, start, id) => {
                // A record that is refused counts its whole bytes.
                let readable =
                    quantity.as_ref().map_or(Quantity::default(), |own| Quantity { fraction: 0, ..*own });
                let statistic = self.settings.statistic.as_str();
                let faults =
                    [(statistic, quantity.err()), ("timestamp", start.err()), ("instanceId", id.err())];
                let faults: Vec<_> = faults.into_iter().filter_map(|(key, why)| Some((key, why?))).collect();
                let key = if let [(key, _)] = faults[..] { Some(key) } else { None };
                let why = Invalid::joined(faults.into_iter().map(|(_, why)| why));
                Err(Unusable { key, quantity: readable, why })
            }
        }
    }

    /// What a value counts.
    fn quantity(&self, value: &Scalar<'_>) -> Result<Quantity, Invalid> {
        // A number of JSON has all its digits, however it is written; the text of a table may have been cut.
        if !value.is_number && is_rounded(&value.text) {
            return Err(EXCEL_HAS_ROUNDED.into());
        }
        let value = Decimal::parse(&value.text)?;
        match self.settings.unit {
            Unit::Bytes if value.fraction > 0 => {
                Err(Invalid::new("bytes are whole numbers").with(Remedy::StateMetricUnit))
            }
            Unit::Bytes => Ok(Quantity::of_bytes(value.whole)),
            Unit::BitsPerSecond => Ok(quantity_of_rate(value, self.period.unwrap_or_default())?),
        }
    }

    /// The start of the period that a datapoint of this timestamp stands for.
    fn start(&self, timestamp: &Scalar<'_>) -> Result<Timestamp, Invalid> {
        let text = timestamp.text.as_ref();
        let whole = || Decimal::parse(text).ok().filter(|number| timestamp.is_number && number.fraction == 0);
        let parsed = match Timestamp::parse_by(text, self.settings.naive_offset) {
            // Epochs pass through spreadsheets and libraries that write 1.7645472E12.
            Err(why) => whole().map_or(Err(why), |number| Timestamp::parse(&number.whole.to_string())),
            parsed => parsed,
        };
        let parsed = parsed.map_err(|why| {
            let why = Invalid::new(format!("timestamp {}: {why}", quoted(text.as_bytes())));
            if Timestamp::lacks_offset(text) { why.with(Remedy::WriteOrStateZone) } else { why }
        })?;
        Ok(match self.settings.mark {
            Mark::Start => parsed,
            Mark::End => parsed.minus_seconds(self.period.unwrap_or_default()),
        })
    }
}

/// What so many bit/s are over a period, exactly.
fn quantity_of_rate(rate: Decimal, period: u32) -> Result<Quantity, &'static str> {
    // A bit/s over a second is 125 thousandths of a byte. OK because a period has at most 3600 s: 2^64 x 3600 x 125
    // and 10^27 x 3600 x 125 fit.
    let thousandths = u128::from(period) * 125;
    let of_whole = u128::from(rate.whole) * thousandths;
    let of_fraction = rate.fraction * thousandths;
    let fraction = (of_whole % 1000) * (PARTS / 1000) + of_fraction % PARTS;
    let bytes = of_whole / 1000 + of_fraction / PARTS + fraction / PARTS;
    // Less than 2^64-1, so that rounding up stays within what one record holds.
    if bytes >= u128::from(u64::MAX) {
        return Err("one record holds at most 2^64-1 bytes");
    }
    Ok(Quantity { bytes, fraction: fraction % PARTS })
}

/// A datapoint may stand for at most an hour, because it belongs to one.
const LONGEST_PERIOD: u32 = 3600;

/// What an answer says beside its datapoints.
pub(super) struct Response {
    /// The seconds that a datapoint stands for, where it says so.
    pub period: Option<u32>,
    /// Where the datapoints stand in its text.
    pub datapoints: Range<usize>,
    /// They stand within a JSON text, as the API writes them.
    pub escaped: bool,
    /// It announces a further page.
    pub announces_page: bool,
}

/// What an object of an input is.
pub(super) enum Part {
    /// An answer.
    Response(Response),
    /// A datapoint without its answer.
    Datapoint,
}

impl Part {
    /// Reads one; the error says what is wrong with it as a whole.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| format!("{} is not UTF-8", quoted(text)))?;
        // Datapoints that an SDK hands over as the body itself.
        if text.starts_with('[') {
            let datapoints = 0..text.len();
            return Ok(Self::Response(Response {
                period: None,
                datapoints,
                escaped: false,
                announces_page: false,
            }));
        }
        let members = Members::read(text).map_err(|why| format!("{}: {why}", quoted(text.as_bytes())))?;
        let (success, code) = (members.shown("Success"), members.shown("Code"));
        if success.eq_ignore_ascii_case("false") || !matches!(code.as_str(), "" | "200") {
            let (code, message) = (quoted(code.as_bytes()), quoted(members.shown("Message").as_bytes()));
            return Err(format!("the answer is an error: Code {code}, Message {message}; ask again"));
        }
        let Some(datapoints) = members.get("Datapoints").map(RawValue::get) else {
            return match members.names().any(|name| name == "timestamp") {
                true => Ok(Self::Datapoint),
                false => Err("the answer has no Datapoints; is it one of DescribeMetricList?".into()),
            };
        };
        let start = datapoints.as_ptr() as usize - text.as_ptr() as usize;
        let (escaped, edge) = if datapoints.starts_with('"') { (true, 1) } else { (false, 0) };
        let period = match members.shown("Period").as_str() {
            "" => None,
            text => Some(parse_period(text).ok_or_else(|| {
                format!("Period {}: it is a whole number of seconds above 0", quoted(text.as_bytes()))
            })?),
        };
        let datapoints = start + edge..start + datapoints.len() - edge;
        let announces_page = !members.shown("NextToken").is_empty();
        Ok(Self::Response(Response { period, datapoints, escaped, announces_page }))
    }
}

/// The seconds that a datapoint stands for, by its answer or by the settings, where it must be known.
pub(super) fn checked_period(
    of_answer: Option<u32>,
    settings: &CloudMonitor,
) -> Result<Option<u32>, Invalid> {
    let period = match (of_answer, settings.period_seconds) {
        (Some(answered), Some(given)) if answered != given => {
            let why = format!("Period is {answered}, but the setting says {given}");
            return Err(Invalid::new(why).with(Remedy::StateMetricPeriod));
        }
        (answered, given) => answered.or(given),
    };
    if let Some(long) = period.filter(|period| *period > LONGEST_PERIOD) {
        return Err(format!("Period is {long}: a datapoint of more than 3600 s fits no billing hour").into());
    }
    if period.is_none() && (settings.unit, settings.mark) != (Unit::Bytes, Mark::Start) {
        let why = Invalid::new("Period is missing, and rates and ends of periods need it");
        return Err(why.with(Remedy::StateMetricPeriod));
    }
    Ok(period)
}

fn parse_period(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| digits && *seconds > 0)
}

/// Where the datapoints of an answer begin.
pub(super) enum Start {
    /// The first of an array that is a member `Datapoints`, here; and whether that is written as text.
    At(usize, bool),
    /// They are elsewhere, or written otherwise.
    Nowhere,
    /// More of the answer must be seen.
    Further,
}

/// So much of an answer stands before its datapoints at most.
const LONGEST_HEAD: usize = 1 << 16;

/// Finds the array of datapoints of the answer at the start of `text`. Where that is JSON, it is the value of its member;
/// that it is JSON is not looked at.
pub(super) fn datapoints_start(text: &[u8]) -> Start {
    let (mut at, mut depth, mut is_name) = (0, 0_usize, false);
    let blank_from = |at: usize| {
        let rest = text.get(at..)?;
        rest.iter().position(|byte| !byte.is_ascii_whitespace()).map(|blank| at + blank)
    };
    while let Some(&byte) = text.get(at).filter(|_| at < LONGEST_HEAD) {
        at += 1;
        match byte {
            b'{' | b'[' => (depth, is_name) = (depth + 1, byte == b'{'),
            b'}' | b']' if depth == 1 => return Start::Nowhere,
            b'}' | b']' => (depth, is_name) = (depth - 1, false),
            b',' => is_name = depth == 1,
            b'"' => {
                let start = at;
                loop {
                    let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) else {
                        return Start::Further;
                    };
                    at += found + 1;
                    match text[at - 1] {
                        b'"' => break,
                        // A name that is written otherwise.
                        _ if is_name && depth == 1 => return Start::Nowhere,
                        _ if at < text.len() => at += 1,
                        _ => return Start::Further,
                    }
                }
                if !(is_name && depth == 1 && &text[start..at - 1] == b"Datapoints") {
                    is_name = false;
                    continue;
                }
                let value =
                    blank_from(at).filter(|colon| text[*colon] == b':').and_then(|at| blank_from(at + 1));
                return match value.map(|at| (at, text[at], text.get(at + 1))) {
                    Some((at, b'[', _)) => Start::At(at + 1, false),
                    Some((at, b'"', Some(b'['))) => Start::At(at + 2, true),
                    None | Some((_, b'"', None)) if text.len() < LONGEST_HEAD => Start::Further,
                    _ => Start::Nowhere,
                };
            }
            _ => {}
        }
    }
    if at < LONGEST_HEAD { Start::Further } else { Start::Nowhere }
}

/// What comes next in an array.
pub(super) enum Next {
    /// An element, with white space around it, up to a comma or the end of the array.
    Element(usize),
    /// The end of the array, and what is behind it.
    Ends(usize),
    /// Something else.
    Other,
    /// More of the array must be seen.
    Further,
}

/// Finds the next element of an array, behind its bracket or a comma. That the element is JSON is not looked at; where it is
/// none, what it seems to hold may end it early.
pub(super) fn next_element(text: &[u8], in_text: bool) -> Next {
    let (mut at, mut depth) = (0, 0_usize);
    // Within a text of the element; whether the byte before was a backslash there; and whether there was but white space.
    let (mut is_quoted, mut is_escaped, mut is_blank) = (false, false, true);
    loop {
        let (byte, next) =
            match if in_text { unescaped(text, at) } else { text.get(at).map(|&b| (Some(b), at + 1)) } {
                None => return Next::Further,
                Some((None, _)) => return Next::Other,
                Some((Some(byte), next)) => (byte, next),
            };
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b',' | b']' if depth == 0 => {
                // Whoever reads on finds the byte itself there.
                return match (next - at, byte, is_blank) {
                    (1, b']', true) => Next::Ends(next),
                    (1, _, false) => Next::Element(at),
                    _ => Next::Other,
                };
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Next::Other,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        is_blank &= byte.is_ascii_whitespace();
        at = next;
    }
}

/// The byte at `at` of a JSON text, and where the next one is; one beyond ASCII that is escaped is told as another byte.
/// `None` in its place where the text ends there, or has no such escape; `None` where more must be seen.
fn unescaped(text: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
    let byte = match *text.get(at)? {
        b'"' => return Some((None, at)),
        b'\\' => *text.get(at + 1)?,
        byte => return Some((Some(byte), at + 1)),
    };
    let plain = match byte {
        b'"' | b'\\' | b'/' => byte,
        b'n' | b't' | b'r' | b'b' | b'f' => b' ',
        b'u' => {
            let digits = std::str::from_utf8(text.get(at + 2..at + 6)?).ok();
            let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
            return Some((unit.map(|unit| u8::try_from(unit).unwrap_or(u8::MAX)), at + 6));
        }
        _ => return Some((None, at)),
    };
    Some((Some(plain), at + 2))
}

/// What is done with each element; an error stops.
type Show<'s> = dyn FnMut(u64, &RawValue) -> Result<(), ()> + 's;

/// Shows the elements of a JSON array, with their numbers from 0.
pub(super) fn show_elements(text: &[u8], show: &mut Show<'_>) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|_| Invalid::not_utf8("it").to_string())?;
    // Answers that went through XML hold lists within an object.
    let text = Some(text).filter(|text| text.starts_with('{')).and_then(list_within).unwrap_or(text);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let shown = Elements(show).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    shown.map_err(|error| json::without_line(&error))
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
            match quantity_of_rate(Decimal::parse(&text).unwrap(), period) {
                Err(_) => prop_assert!(expected >= BigRational::from_integer(BigInt::from(u64::MAX))),
                Ok(Quantity { bytes, fraction }) => {
                    prop_assert!(fraction < PARTS);
                    let fraction = BigRational::new(BigInt::from(fraction), BigInt::from(PARTS));
                    prop_assert_eq!(BigRational::from_integer(BigInt::from(bytes)) + fraction, expected);
                }
            }
        }
    }
}
