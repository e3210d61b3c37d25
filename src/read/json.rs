//! JSON as exports come in: one value, an array of them, or one after the other; each with its line.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::quoted,
    read::Document,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

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
    let unusable = |why: String| Error::unusable(ErrorKind::Input, &document.name, why);
    let text = std::str::from_utf8(&document.text);
    let text = text.map_err(|_| unusable("is not UTF-8".into()))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let broken = |error: &serde_json::Error| {
        let why = format!("is not valid JSON: {} at column {}", without_place(error), error.column());
        let fault = Fault::at(FaultCode::UnusableInput, &document.name, error.line() as u64, why);
        Error::new(ErrorKind::Input, fault)
    };
    let mut lines = Lines { text, at: 0, line: 1 };
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
    Ok((Lines { text, at: 0, line: 1 }, found))
}

/// Counts the lines before parts of a text; parts that come in their order are found in one pass.
pub(crate) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which `part`, a part of the text, begins.
    pub fn of(&mut self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        let between = &self.text.as_bytes()[self.at..offset.min(self.text.len())];
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.at = offset;
        self.line
    }
}

/// What an error of serde_json says, without its line and column, which count from the part that was read.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

/// A text, or a whole number written as digits, as text; `None` where it is absent, null or empty.
///
/// Nothing goes through a float: 1e15 and 1.5 are refused.
pub(crate) fn text_of(what: &str, value: Option<&Value>) -> Result<Option<String>, String> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        Some(other) => {
            let shown = quoted(other.to_string().as_bytes());
            return Err(format!("{what}: {shown} is neither text nor a whole number written as digits"));
        }
    };
    if text.trim() != text {
        return Err(format!("{what}: {text:?} has spaces around it"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// As [`text_of`], where it must be given.
pub(crate) fn required_text(what: &str, value: Option<&Value>) -> Result<String, String> {
    text_of(what, value)?.ok_or_else(|| format!("{what}: it is missing"))
}
