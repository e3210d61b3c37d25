//! JSON as exports come in: one value, an array of them, or one after the other; each with its line.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        id::{check_id, check_name, read_account, unwrapped},
        invalid::Invalid,
        quoted,
    },
    read::Document,
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, map::Entry, value::RawValue};
use std::{borrow::Cow, fmt};

/// A value in which no object has a member twice: which of the two counts could not be told.
pub(crate) struct Unambiguous(pub Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor).map(Self)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Value, E> {
        Ok(is.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    #[expect(clippy::disallowed_types, reason = "kept to be shown: who asks for a whole number refuses it")]
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unambiguous(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let Unambiguous(value) = map.next_value()?;
            match members.entry(name) {
                Entry::Vacant(member) => drop(member.insert(value)),
                Entry::Occupied(member) => {
                    return Err(A::Error::custom(format_args!("the member {:?} stands twice", member.key())));
                }
            }
        }
        Ok(Value::Object(members))
    }
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Whether a document begins as JSON does.
pub(crate) fn is_json(document: &Document) -> bool {
    let text = document.text.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(&document.text);
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// A value as it stands in its document.
#[derive(Debug, Clone)]
pub(crate) struct Located<'a> {
    pub text: &'a str,
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// From the value of its line, such as `[2]`; empty for that value itself.
    pub path: String,
}

impl<'a> Located<'a> {
    /// Reads it; the error says what is wrong, without the place.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, String> {
        serde_json::from_str(self.text).map_err(|error| without_place(&error))
    }
}

/// All values of a document; an array counts as its elements.
pub(crate) fn values(document: &Document) -> Result<(Lines<'_>, Vec<Located<'_>>)> {
    let unusable = |why| Error::unusable(ErrorKind::Input, &document.name, why);
    let text = std::str::from_utf8(&document.text);
    let text = text.map_err(|_| unusable(Invalid::not_utf8("it")))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let broken = |error: &serde_json::Error| {
        let why = format!("is not valid JSON: {} at column {}", without_place(error), error.column());
        let fault = Fault::at(FaultCode::UnusableInput, &document.name, error.line() as u64, why);
        Error::new(ErrorKind::Input, fault)
    };
    let mut lines = Lines::on(1, text);
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| broken(&error))?.get();
        if value.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value).map_err(|error| broken(&error))?;
            for (index, item) in items.into_iter().enumerate() {
                let (text, line) = (item.get(), lines.of(item.get()));
                found.push(Located { text, line, path: format!("[{index}]") });
            }
        } else {
            found.push(Located { text: value, line: lines.of(value), path: String::new() });
        }
    }
    Ok((Lines::on(1, text), found))
}

/// Counts the lines before parts of a text; parts that come in their order are found in one pass.
pub(crate) struct Lines<'a> {
    text: &'a str,
    /// The line on which the text begins.
    first: u64,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Of parts of `text`, which begins on this line; of an empty one, all parts of others stand on that line.
    pub fn on(line: u64, text: &'a str) -> Self {
        Self { text, first: line, at: 0, line }
    }

    /// The line on which `part`, a part of the text, begins.
    pub fn of(&mut self, part: &str) -> u64 {
        if self.text.is_empty() {
            return self.line;
        }
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if offset < self.at {
            (self.at, self.line) = (0, self.first);
        }
        let between = &self.text.as_bytes()[self.at..offset.min(self.text.len())];
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.at = offset;
        self.line
    }
}

/// What an error of serde_json says, without its line and column, which count from the part that was read.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

/// A text, or a whole number written as digits, as text; `None` where it is absent, null or empty.
///
/// Nothing goes through a float: 1e15 and 1.5 are refused.
pub(crate) fn text_of(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    match as_written(what, value)? {
        Some(text) if text.trim() != text => Err(format!("{what}: {text:?} has spaces around it")),
        text => Ok(text),
    }
}

/// Likewise, with what stands around it.
fn as_written(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        Some(other) => {
            let shown = quoted(other.to_string().as_bytes());
            return Err(format!("{what}: {shown} is neither text nor a whole number written as digits"));
        }
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// An account id, written as digits or as text; `None` where it is absent, null or empty.
pub(crate) fn account_of(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    let Some(text) = as_written(what, value)? else { return Ok(None) };
    read_account(&text).map(|id| Some(id.to_owned())).map_err(|why| format!("{what}: {why}"))
}

/// The id of a connection, where it is given: see [`check_name`].
pub(crate) fn connection_id_of(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    let Some(text) = as_written(what, value)? else { return Ok(None) };
    let id = unwrapped(&text);
    check_name("id", id).map(|()| Some(id.to_owned())).map_err(|why| format!("{what}: {why}"))
}

/// The id of a VPC or of a region, where it is given: see [`check_id`].
pub(crate) fn id_of(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    let text = text_of(what, value)?;
    text.as_deref().map_or(Ok(()), |id| check_id("id", id).map_err(|why| format!("{what}: {why}")))?;
    Ok(text)
}

/// As [`text_of`], where it must be given.
pub(crate) fn required_text(what: &str, value: Option<&Value>) -> Result<String, String> {
    text_of(what, value)?.ok_or_else(|| format!("{what}: it is missing"))
}

/// A value as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar<'a> {
    /// A number as it is written, or text unescaped.
    pub text: Cow<'a, str>,
    pub is_number: bool,
}

/// The wanted values of one object, in the order of their names; `None` where a key is not there, or null.
pub(crate) type Picked<'a, const N: usize> = [Option<&'a RawValue>; N];

/// Reads an object; further keys are passed over, and a wanted one that stands twice is refused.
pub(crate) fn pick<'a, const N: usize>(names: &[&str; N], text: &'a [u8]) -> Result<Picked<'a, N>, String> {
    let text = std::str::from_utf8(text).map_err(|_| Invalid::not_utf8(quoted(text)).to_string())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let picked = Names(names).deserialize(&mut deserializer);
    let picked = picked.and_then(|picked| deserializer.end().map(|()| picked));
    picked.map_err(|error| format!("{}: {}", quoted(text.as_bytes()), without_line(&error)))
}

/// What is wrong with JSON that stands on one line.
pub(crate) fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at byte ")
}

/// The value as a number or text.
pub(crate) fn scalar<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Scalar<'a>, String> {
    let Some(value) = value.map(RawValue::get) else { return Err(format!("{name} is missing")) };
    match value.as_bytes() {
        [b'"', .., b'"'] => {
            let plain = &value[1..value.len() - 1];
            let text = if plain.contains('\\') {
                Cow::Owned(serde_json::from_str(value).map_err(|error| format!("{name}: {error}"))?)
            } else {
                Cow::Borrowed(plain)
            };
            Ok(Scalar { text, is_number: false })
        }
        [b'-' | b'0'..=b'9', ..] => Ok(Scalar { text: value.into(), is_number: true }),
        other => Err(format!("{name} {} is neither a number nor text", quoted(other))),
    }
}

/// The value as text.
pub(crate) fn text<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Cow<'a, str>, String> {
    match scalar(name, value)? {
        Scalar { text, is_number: false } => Ok(text),
        number => Err(format!("{name} {} is a number, not text", quoted(number.text.as_bytes()))),
    }
}

struct Names<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Names<'_, N> {
    type Value = Picked<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Names<'_, N> {
    type Value = Picked<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = [None; N];
        let mut seen = [false; N];
        while let Some(key) = map.next_key_seed(Key(self.0))? {
            let Some(index) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[index], true) {
                return Err(A::Error::custom(format_args!("the key {} stands twice", self.0[index])));
            }
            picked[index] = Some(map.next_value::<&RawValue>()?).filter(|value| value.get() != "null");
        }
        Ok(picked)
    }
}

/// A key as the place of its name among the wanted ones.
struct Key<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Key<'_, N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for Key<'_, N> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

#[cfg(test)]
mod object_tests {
    use super::*;

    fn picked(text: &str) -> Result<[Option<String>; 2], String> {
        let picked = pick(&["a", "b"], text.as_bytes())?;
        let mut texts = [None, None];
        for (text, value) in texts.iter_mut().zip(picked) {
            *text =
                value.map(|value| scalar("it", Some(value))).transpose()?.map(|own| own.text.into_owned());
        }
        Ok(texts)
    }

    #[test]
    fn r10_numbers_are_the_text_that_stands_there() {
        let read =
            picked(r#" {"b": 1.000000000000000000001E400, "c":[{"a":1}], "a":9007199254740993} "#).unwrap();
        assert_eq!(read, [Some("9007199254740993".into()), Some("1.000000000000000000001E400".into())]);
    }

    #[test]
    fn text_is_unescaped_and_null_is_missing() {
        assert_eq!(picked(r#"{"a":"x\u0041\n","b":null}"#).unwrap(), [Some("xA\n".into()), None]);
        assert_eq!(picked(r#"{"\u0061":""}"#).unwrap(), [Some(String::new()), None]);
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for (text, why) in [
            (r#"{"a":1,"a":2}"#, "the key a stands twice"),
            (r#"{"a":1,"a":null}"#, "the key a stands twice"),
            (r#"{"a":1} {"a":2}"#, "trailing characters at byte 9"),
            (r#"{"a":1"#, "EOF while parsing an object at byte 6"),
            (r#"[1]"#, "invalid type: sequence, expected an object"),
            (r#"{"a":[]}"#, "neither a number nor text"),
            (r#"{"a":true}"#, "neither a number nor text"),
            (r#"{"a":01}"#, "invalid number"),
        ] {
            let error = picked(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
