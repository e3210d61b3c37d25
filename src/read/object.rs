//! JSON objects of which a few keys are wanted, with their values as the text that stands there: no number passes
//! through a float.

use crate::model::quoted;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

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
    let text = std::str::from_utf8(text).map_err(|_| format!("{} is not UTF-8", quoted(text)))?;
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
mod tests {
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
