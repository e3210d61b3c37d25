//! An answer of `DescribeMetricList` or `DescribeMetricLast`.

use super::settings::{CloudMonitor, Mark, Unit};
use crate::{
    model::{invalid::Invalid, quoted, remedy::Remedy},
    read::object,
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{fmt, ops::Range};

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

impl Response {
    /// Reads one; the error says what is wrong with it as a whole.
    pub fn read(text: &[u8]) -> Result<Self, String> {
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
        Ok(Self { period, datapoints, escaped, announces_page: !plain(next).is_empty() })
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

/// What is done with each element; an error stops.
type Show<'s> = dyn FnMut(u64, &RawValue) -> Result<(), ()> + 's;

/// Shows the elements of a JSON array, with their numbers from 0.
pub(super) fn show_elements(text: &[u8], show: &mut Show<'_>) -> Result<(), String> {
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
