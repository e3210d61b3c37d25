//! What stands around the data of an export: the response of an SDK, lists within objects, spellings of members, and
//! errors in place of data.
//!
//! The provider spells members `VpcPeerConnects`; SDKs hand over `vpcPeerConnects` and `vpc_peer_connects`, or the whole
//! response with the answer as its `body`. Each reader asks for members by the provider's names.

use super::{
    json::{Lines, Located, values},
    values::unescape,
};
use crate::{
    error::{Error, ErrorKind, FaultCode, Result},
    model::{invalid::Invalid, quoted},
    read::{Document, source::Place},
};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, collections::BTreeMap, fmt, ops::Range};

/// The members of an object, in their order.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Of the object in `text`; the error says what stands there instead.
    pub fn read(text: &'a str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err(format!("is {}, and should be an object", kind(text)));
        }
        serde_json::from_str(text).map_err(|error| super::json::without_place(&error))
    }

    /// Whether it has a member of this name, also one of null.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The member of this name, spelled as the provider does, or as SDKs do; `None` where it is not there, or null.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.find(name).filter(|value| value.get() != "null")
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        let spelled = |same: &dyn Fn(&str) -> bool| self.0.iter().find(|(key, _)| same(key));
        let exact = spelled(&|key| key == name);
        exact.or_else(|| spelled(&|key| same_name(key, name))).map(|(_, value)| *value)
    }

    /// The member as a value.
    pub fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// The member as text: that of a text, or a number as it is written; empty where it is not there.
    pub fn shown(&self, name: &str) -> String {
        self.value(name).map_or_else(String::new, |value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    /// The elements of the list of this name; `None` where it is not there, or null.
    pub fn list(&self, name: &str) -> Result<Option<Vec<&'a RawValue>>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        elements(value.get()).map(Some).map_err(|why| format!("{name}: {why}"))
    }

    /// The value of the member at this place among the [names](Self::names); `None` where it is null.
    pub fn value_at(&self, index: usize) -> Option<&'a RawValue> {
        self.0.get(index).map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// The names, as they are spelled.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// What the provider says where it answers with an error in place of data; `None` where it does not.
    pub fn error(&self) -> Option<String> {
        // Log Service spells its errors otherwise; events of a trail have such members as well.
        let of_logs = self.has("errorCode") && self.has("errorMessage") && !self.has("eventName");
        let [code, message] = match self.has("Code") {
            true => ["Code", "Message"],
            false if of_logs => ["errorCode", "errorMessage"],
            false => return None,
        };
        let (code, message) = (self.shown(code), self.shown(message));
        Some(format!("the provider answered with the error {code}: {message}; make the export again"))
    }

    /// The answer within the response that an SDK hands over, which may be text; `None` where this is none.
    pub fn written_body(&self) -> Option<&'a RawValue> {
        let is_response = self.has("StatusCode") || self.has("Headers") || self.0.len() == 1;
        self.get("Body").filter(|_| is_response)
    }

    /// Likewise, as the JSON that it is.
    fn body(&self) -> Result<Option<Cow<'a, str>>, String> {
        let Some(body) = self.written_body() else { return Ok(None) };
        let body = match body.get() {
            text if text.starts_with('"') => {
                Cow::Owned(serde_json::from_str::<String>(text).map_err(|error| format!("body: {error}"))?)
            }
            text => Cow::Borrowed(text),
        };
        check_status(&self.shown("StatusCode"), &body)?;
        self.check_headers()?;
        Ok(Some(body))
    }

    /// Refuses a response of Log Service that is not complete: what `GetLogs` answers is a list, so that it stands
    /// beside it.
    fn check_headers(&self) -> Result<(), String> {
        const PROGRESS: &str = "x-log-progress";
        let headers = self.get("Headers").and_then(|headers| Members::read(headers.get()).ok());
        let progress = match headers.and_then(|headers| headers.value(PROGRESS)) {
            Some(Value::Array(values)) => values.first().cloned(),
            progress => progress,
        };
        let progress = progress.as_ref().and_then(Value::as_str).unwrap_or_default();
        refuse_progress(&format!("headers.{PROGRESS}"), progress)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            members.push((Cow::Owned(key), map.next_value()?));
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        match names.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(A::Error::custom(format_args!("the member {:?} stands twice", two[0]))),
            None => Ok(Members(members)),
        }
    }
}

/// Whether a key is this name, but for small letters and for marks between words.
pub(crate) fn same_name(key: &str, name: &str) -> bool {
    let letters = |text: &'_ str| {
        let kept = text.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
        kept.map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>()
    };
    key.len() >= name.len() && key.len() <= name.len() * 2 && letters(key) == letters(name)
}

/// Refuses a response that is none of success; `body` tells why.
pub(crate) fn check_status(status: &str, body: &str) -> Result<(), String> {
    let success = status.is_empty() || (status.len() == 3 && status.starts_with('2'));
    if success {
        return Ok(());
    }
    let members = Members::read(body).unwrap_or_default();
    let why = [members.shown("Code"), members.shown("Message")].join(": ");
    Err(format!("the provider answered with the HTTP status {status}: {why}; make the export again"))
}

/// The elements of a list, which answers that went through XML hold within an object: `{"Vpc": [...]}`.
pub(crate) fn elements(text: &str) -> Result<Vec<&RawValue>, String> {
    let broken = |error: serde_json::Error| super::json::without_place(&error);
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(broken);
    }
    let not_a_list = || format!("is {}, and should be a list", kind(text));
    let members = Members::read(text).map_err(|_| not_a_list())?;
    match members.0.as_slice() {
        [] => Ok(Vec::new()),
        [(_, only)] if only.get().starts_with('[') => serde_json::from_str(only.get()).map_err(broken),
        [(_, only)] => Ok(vec![only]),
        _ => Err(not_a_list()),
    }
}

/// The text of the list that alone stands in the object `text`.
pub(crate) fn list_within(text: &str) -> Option<&str> {
    match Members::read(text).ok()?.0.as_slice() {
        [(_, only)] if only.get().starts_with('[') => Some(only.get()),
        _ => None,
    }
}

/// What kind of value stands here, in words.
fn kind(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The texts of a list, such as address blocks; `what` names it.
pub(crate) fn texts(what: &str, list: Vec<&RawValue>) -> Result<Vec<String>, String> {
    let text = |(index, value): (usize, &RawValue)| {
        serde_json::from_str::<String>(value.get())
            .map_err(|_| format!("{what}[{index}]: is {}, and should be text", kind(value.get())))
    };
    list.into_iter().enumerate().map(text).collect()
}

/// The tags of a resource: a list of `{Key, Value}` or `{TagKey, TagValue}`, or an object.
pub(crate) fn tags(what: &str, value: &RawValue) -> Result<BTreeMap<String, String>, String> {
    let pair = |members: &Members<'_>| {
        let key = ["Key", "TagKey"].into_iter().find(|key| members.has(key))?;
        let value = ["Value", "TagValue"].into_iter().map(|key| members.shown(key));
        Some((members.shown(key), value.into_iter().find(|text| !text.is_empty()).unwrap_or_default()))
    };
    let listed = |value: &RawValue| Members::read(value.get()).ok().as_ref().and_then(pair);
    if value.get().starts_with('{') {
        let members = Members::read(value.get()).map_err(|why| format!("{what}: {why}"))?;
        let is_wrapped = members.0.len() == 1 && members.0[0].1.get().starts_with('[');
        if !is_wrapped {
            return Ok(members.names().map(|name| (name.to_owned(), members.shown(name))).collect());
        }
    }
    let list = elements(value.get()).map_err(|why| format!("{what}: {why}"))?;
    let pairs = list.into_iter().enumerate().map(|(index, tag)| {
        listed(tag).ok_or_else(|| format!("{what}[{index}]: is no tag, which has a Key and a Value"))
    });
    pairs.collect()
}

/// Where the answer stands in the text of an object: within the response of an SDK, whose body may be JSON text, which
/// is unescaped in its place.
pub(crate) fn answer_within(text: &mut [u8]) -> Result<Range<usize>, String> {
    let mut answer = 0..text.len();
    loop {
        let Ok(own) = std::str::from_utf8(&text[answer.clone()]) else { return Ok(answer) };
        let Ok(members) = Members::read(own) else { return Ok(answer) };
        let Some(body) = members.written_body().map(RawValue::get) else { return Ok(answer) };
        members.check_headers()?;
        let status = members.shown("StatusCode");
        let start = answer.start + (body.as_ptr() as usize - own.as_ptr() as usize);
        answer = if body.starts_with('"') {
            let inner = start + 1..start + body.len() - 1;
            let length = unescape(&mut text[inner.clone()]).map_err(|why| format!("body: {why}"))?;
            inner.start..inner.start + length
        } else {
            start..start + body.len()
        };
        check_status(&status, std::str::from_utf8(&text[answer.clone()]).unwrap_or_default())?;
    }
}

/// One answer of a document: an object, without the response of an SDK around it.
pub(crate) struct Answer<'a, 'l> {
    /// Where it stands, and its text.
    pub value: Located<'a>,
    /// Its members.
    pub members: Members<'a>,
    /// Tells the lines of its parts.
    pub lines: &'l mut Lines<'a>,
}

impl<'a> Answer<'a, '_> {
    /// Its place in the document of this name.
    pub fn place(&self, document: &Document) -> Place {
        Place::value(&document.name, self.value.line, self.value.path.clone())
    }

    /// An error of the document: this answer cannot be used.
    pub fn unusable(&self, document: &Document, why: impl Into<Invalid>) -> Error {
        unusable(document, &self.value, why)
    }

    /// The elements of a member that is a list, with their places.
    pub fn located(&mut self, name: &str, list: Vec<&'a RawValue>) -> Vec<Located<'a>> {
        let dot = if self.value.path.is_empty() { "" } else { "." };
        let within = format!("{}{dot}{name}", self.value.path);
        let place = |(index, part): (usize, &'a RawValue)| Located {
            text: part.get(),
            line: self.lines.of(part.get()),
            path: format!("{within}[{index}]"),
        };
        list.into_iter().enumerate().map(place).collect()
    }
}

fn unusable(document: &Document, value: &Located<'_>, why: impl Into<Invalid>) -> Error {
    let place = Place::value(&document.name, value.line, value.path.clone());
    Error::new(ErrorKind::Input, place.fault(FaultCode::UnusableInput, why))
}

/// What is done with each answer.
type Show<'s> = dyn FnMut(Answer<'_, '_>) -> Result<()> + 's;

/// Shows the answers of a JSON document; returns how many values it has, which an empty array is none of.
pub(crate) fn answers(document: &Document, show: &mut Show<'_>) -> Result<usize> {
    let (mut lines, values) = values(document)?;
    values.iter().try_for_each(|value| show_answer(document, value, &mut lines, show))?;
    Ok(values.len())
}

fn show_answer<'a>(
    document: &Document,
    value: &Located<'a>,
    lines: &mut Lines<'a>,
    show: &mut Show<'_>,
) -> Result<()> {
    let members = Members::read(value.text).map_err(|why| unusable(document, value, why))?;
    let Some(body) = members.body().map_err(|why| unusable(document, value, why))? else {
        return show(Answer { value: value.clone(), members, lines });
    };
    let dot = if value.path.is_empty() { "" } else { "." };
    let path = format!("{}{dot}body", value.path);
    let text = body.trim();
    // Text within a text has no lines of its own.
    let (line, whole) = match body {
        Cow::Borrowed(text) => (lines.of(text), text),
        Cow::Owned(_) => (value.line, ""),
    };
    let mut lines = Lines::on(line, whole);
    if !text.starts_with('[') {
        return show_answer(document, &Located { text, line, path }, &mut lines, show);
    }
    let list = elements(text).map_err(|why| unusable(document, value, why))?;
    list.iter().enumerate().try_for_each(|(index, part)| {
        let part = Located { text: part.get(), line, path: format!("{path}[{index}]") };
        show_answer(document, &part, &mut lines, show)
    })
}

/// The entries of an answer of Log Service, `{"meta": {...}, "data": [...]}`; `None` where it is none. One that is not
/// complete is refused: what it lacks would be missing from a bill.
pub(crate) fn logs<'a>(members: &Members<'a>) -> Result<Option<Vec<&'a RawValue>>, String> {
    let (Some(meta), Some(data)) = (members.get("meta"), members.get("data")) else { return Ok(None) };
    let meta = Members::read(meta.get()).unwrap_or_default();
    refuse_progress("meta.progress", &meta.shown("progress"))?;
    let entries = elements(data.get()).map_err(|why| format!("data: {why}"))?;
    match meta.shown("count").parse::<usize>() {
        Ok(count) if count != entries.len() => {
            let held = entries.len();
            Err(format!("meta.count is {count}, and data holds {held} entries: it is not whole; ask again"))
        }
        _ => Ok(Some(entries)),
    }
}

/// Refuses an answer of Log Service that says, under this name, that it is not complete.
fn refuse_progress(name: &str, progress: &str) -> Result<(), String> {
    if progress.is_empty() || progress == "Complete" {
        return Ok(());
    }
    let progress = quoted(progress.as_bytes());
    Err(format!("{name} is {progress}: entries are missing; ask again until it is Complete"))
}

/// Refuses a document of text that holds nothing, or what the provider's command line prints in place of an answer.
pub(crate) fn check_text(document: &Document) -> Result<()> {
    let why = match text_instead(&document.text) {
        Some(why) => why,
        None => return Ok(()),
    };
    Err(Error::unusable(ErrorKind::Input, &document.name, why))
}

/// Why what begins so holds no data at all: it is blank, or an error that the provider's command line printed.
pub(crate) fn text_instead(text: &[u8]) -> Option<String> {
    // Most begin with something else, and are not looked at as a whole.
    if text.trim_ascii_start().first().is_some_and(|first| first.is_ascii() && !b"Ee".contains(first)) {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Some("the input is empty".into());
    }
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("ERROR:").or_else(|| first.strip_prefix("error:"))?.trim();
    let said = |names: &[&str]| {
        let found = text.lines().filter_map(|line| line.split_once(':'));
        let mut found = found.filter(|(name, _)| names.contains(&name.trim()));
        found.next().map(|(_, said)| said.trim().to_owned())
    };
    let (code, message) = (said(&["ErrorCode", "Code"]), said(&["Message"]));
    let told: Vec<String> = code.into_iter().chain(message).filter(|text| !text.is_empty()).collect();
    let told = if told.is_empty() { first.to_owned() } else { told.join(": ") };
    Some(format!("the provider's command line answered with an error: {told}; ask again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_the_spelling_of_sdks() {
        let members =
            Members::read(r#"{"vpcPeerConnects":[],"total_count":"7","NextToken":null,"a":1}"#).unwrap();
        assert!(members.get("VpcPeerConnects").is_some());
        assert_eq!(members.shown("TotalCount"), "7");
        assert!(members.has("NextToken") && members.get("NextToken").is_none());
        assert!(!members.has("A1") && !members.has("Vpc"));
        assert!(Members::read(r#"{"a":1,"a":2}"#).unwrap_err().contains("stands twice"));
        assert_eq!(Members::read("[]").unwrap_err(), "is a list, and should be an object");
    }

    #[test]
    fn lists_may_stand_in_an_object() {
        for (text, count) in [
            ("[1,2]", 2),
            (r#"{"Vpc":[1,2]}"#, 2),
            (r#"{"Vpc":{"a":1}}"#, 1),
            ("{}", 0),
            (r#"{"Vpc":[]}"#, 0),
        ] {
            assert_eq!(elements(text).map(|list| list.len()), Ok(count), "{text}");
        }
        assert_eq!(elements("\"x\"").unwrap_err(), "is text, and should be a list");
        assert!(elements(r#"{"a":1,"b":2}"#).is_err());
    }

    #[test]
    fn what_a_command_line_prints_in_place_of_an_answer_is_told() {
        let told = |text: &str| text_instead(text.as_bytes());
        assert_eq!(told(" \n\t"), Some("the input is empty".into()));
        assert_eq!(told("\u{feff}"), Some("the input is empty".into()));
        let old = "ERROR: SDK.ServerError\nErrorCode: Throttling.User\nRecommend: \nMessage: denied.\n";
        let new = "ERROR: SDKError:\n   StatusCode: 400\n   Code: Throttling.User\n   Message: denied.\n";
        for text in [old, new, &old.replace('\n', "\r\n")] {
            let why = told(text).unwrap();
            assert!(why.contains("answered with an error: Throttling.User: denied.;"), "{why}");
        }
        assert!(told("ERROR: dial tcp: no route\n").unwrap().contains("dial tcp: no route"));
        assert_eq!(told("connection_id,x\n"), None);
    }
}
