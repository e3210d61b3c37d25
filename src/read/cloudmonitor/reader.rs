//! Reads answers of CloudMonitor and tables of datapoints.

use super::{
    CloudMonitor, DatapointColumns, Mark, Unit,
    datapoint::{
        Datapoint, Measure, Next, Part, Response, Start, Unusable, checked_period, datapoints_start,
        next_element, show_elements,
    },
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        invalid::{Invalid, Remedy},
        usage::Sender,
    },
    read::{
        answer::{Members, answer_within, text_instead},
        header::{Header, MappedColumns},
        json::{self, Scalar},
        native::{
            columns::{ObjectLayout, ObjectPlace, PlainLayout, Role},
            plain::{PlainBatch, Taker},
        },
        record::{DatapointPath, Notes, Observation, Place},
        rows::{LONGEST_ROW, Rows},
        values::{Stop, Values, unescape},
    },
};
use serde_json::value::RawValue;
use std::{borrow::Cow, io::Read, sync::Arc};

/// The keys of a datapoint that are looked at: its time, its connection, and its statistics.
const KEYS: [&str; 7] = ["timestamp", "instanceId", "Sum", "Value", "Average", "Maximum", "Minimum"];
/// Which of them are statistics.
const STATISTICS: std::ops::Range<usize> = 2..7;

/// How columns of a table of datapoints are called otherwise.
const DATAPOINT_COLUMNS: MappedColumns =
    MappedColumns { part: "columns.cloudmonitor", keys: &["timestamp", "instance-id", "value"] };

/// Reads datapoints.
pub(crate) struct Datapoints<'a> {
    /// The name of the input.
    pub source: &'a Arc<str>,
    /// Whose traffic they count.
    pub sender: Sender,
    /// How they are to be read.
    pub settings: &'a CloudMonitor,
    /// So much of an answer is held while its datapoints are shown one after the other; of a longer one, what was shown is
    /// let go. Where nothing is to be held, no datapoint is shown before its answer was read as a whole.
    pub held: usize,
}

/// How much of an answer is held: more than pages have.
const HELD: usize = if cfg!(fuzzing) { 400 } else { 4 << 20 };

/// How many bytes of a text show that it is none of datapoints.
const BEGINNING: usize = 4096;

/// What a part of an input is among pages.
enum Page {
    /// A page that another follows.
    GoesOn,
    /// The last page of a list.
    Last,
    /// None.
    None,
}

impl Page {
    fn of(response: &Response) -> Self {
        if response.announces_page { Self::GoesOn } else { Self::Last }
    }
}

/// How plain datapoints are read: of an array, and of one that is written as text.
struct Plain {
    batch: PlainBatch,
    layouts: [PlainLayout; 2],
}

const BESIDE_BODY: &str =
    "the answer has Datapoints, and a body beside them: which of them count cannot be told";
const NOT_CLOSED: &str = "the object that begins here is not closed; is the file whole?";
const NO_ARRAY: &str = "the Datapoints of the answer that begins here are no array of JSON";

/// How the datapoints of an answer were shown.
enum Shown {
    /// All of them, and the answer is good.
    All(Page),
    /// So many, and the answer begins what is unread: it is to be read as a whole, and the others are to be shown.
    Some(u64),
    /// As many as could be; why nothing more can be read.
    Stopped(Stop),
}

/// Whose datapoints are shown.
#[derive(Clone, Copy)]
struct Answer {
    line: u64,
    /// Which of the input it is.
    number: u64,
}

/// An array of datapoints, of which some were shown.
struct Array {
    answer: Answer,
    /// What stands before its first element.
    head: Vec<u8>,
    /// Whether it is written as text.
    in_text: bool,
    /// Where the next element begins, in the unread bytes.
    at: usize,
    shown: u64,
    /// Whether the unread bytes begin with its answer.
    is_held: bool,
}

/// What comes next in an array.
enum Element {
    /// An element, which counts as shown.
    Here,
    /// More was read: look again.
    Further,
    /// Its end, so many bytes behind where it was read to.
    Ends(usize),
    /// Something else.
    Broken(Shown),
}

impl Array {
    /// Its answer without its elements; `tail` follows it.
    fn outline(&self, tail: &[u8]) -> Vec<u8> {
        let closed: &[u8] = if self.in_text { b"]\"" } else { b"]" };
        [&self.head, closed, tail].concat()
    }

    /// Passes over what was shown, but for the byte that tells whether a comma stood there.
    fn let_go(&mut self, values: &mut Values<'_>) {
        values.consume(self.at - 1);
        (self.at, self.is_held) = (1, false);
    }

    fn broken(&self, why: &'static str) -> Shown {
        if self.is_held {
            return Shown::Some(self.shown);
        }
        Shown::Stopped(Stop::Malformed(self.answer.line, why))
    }

    /// The byte behind the text that it is written as, if it is, of which nothing but the end may follow from `at` on.
    fn behind(&self, values: &mut Values<'_>, mut at: usize) -> std::result::Result<usize, Shown> {
        if !self.in_text {
            return Ok(at);
        }
        loop {
            match values.unread().get(at) {
                Some(b' ') => at += 1,
                Some(b'"') => return Ok(at + 1),
                Some(_) => return Err(self.broken(NO_ARRAY)),
                None => match values.read_on() {
                    Ok(true) => {}
                    Ok(false) => return Err(self.broken(NOT_CLOSED)),
                    Err(error) => return Err(Shown::Stopped(error.into())),
                },
            }
        }
    }

    /// Reads the next element into `element`, as it would stand in no text.
    fn next(&mut self, values: &mut Values<'_>, element: &mut Vec<u8>) -> Element {
        let unread = values.unread();
        let (text, before) = (&unread[self.at..], unread[self.at - 1]);
        match next_element(text, self.in_text) {
            Next::Further if text.len() > LONGEST_ROW => Element::Broken(
                self.broken("a datapoint of the answer that begins here is longer than 1 MiB"),
            ),
            Next::Further => match values.read_on() {
                Ok(true) => Element::Further,
                Ok(false) => Element::Broken(self.broken(NOT_CLOSED)),
                Err(error) => Element::Broken(Shown::Stopped(error.into())),
            },
            Next::Ends(end) if before != b',' => Element::Ends(end),
            Next::Ends(_) | Next::Other => Element::Broken(self.broken(NO_ARRAY)),
            Next::Element(end) => {
                element.clear();
                element.extend_from_slice(&text[..end]);
                if self.in_text {
                    let Ok(length) = unescape(element) else { return Element::Broken(self.broken(NO_ARRAY)) };
                    element.truncate(length);
                }
                if serde_json::from_slice::<&RawValue>(element).is_err() {
                    return Element::Broken(self.broken(NO_ARRAY));
                }
                self.at += end + usize::from(text[end] == b',');
                self.shown += 1;
                Element::Here
            }
        }
    }
}

impl<'a> Datapoints<'a> {
    /// Of this input, which count what this end sent.
    pub fn new(source: &'a Arc<str>, sender: Sender, settings: &'a CloudMonitor) -> Self {
        Self { source, sender, settings, held: HELD }
    }
}

impl Datapoints<'_> {
    /// Reads `input` from the beginning to the end and shows every record, in order; what is wrong with a record becomes
    /// part of the observation. Fails where the input cannot be read as a whole.
    pub fn read(&self, input: &mut dyn Read, taker: &mut dyn Taker) -> Result<Notes> {
        let mut values = Values::new(input).map_err(|error| self.unreadable(&error))?;
        match values.peek().map_err(|error| self.unreadable(&error))? {
            Some(b'{' | b'[') => self.read_responses(values, taker),
            Some(_) => {
                let beginning = values.unread();
                if let Some(why) = text_instead(&beginning[..beginning.len().min(BEGINNING)]) {
                    return Err(self.unusable(why));
                }
                let (rest, line) = values.rest();
                self.read_table(rest, line - 1, taker).map(|()| Notes::default())
            }
            None => Err(self.unusable("the input is empty")),
        }
    }

    fn unusable(&self, why: impl Into<Invalid>) -> Error {
        Error::unusable(ErrorKind::Input, self.source, why)
    }

    fn unreadable(&self, error: &std::io::Error) -> Error {
        self.unusable(error.to_string())
    }

    fn read_responses(&self, mut values: Values<'_>, taker: &mut dyn Taker) -> Result<Notes> {
        let (mut faults, mut number, mut notes) = (Vec::new(), 0, Notes::default());
        let mut plain = self.plain();
        loop {
            let at = |line, path: Option<String>, why: Invalid| Fault {
                path: path.map(Into::into),
                ..Fault::at(FaultCode::UnusableInput, self.source, line, why)
            };
            let shown = match values.begin() {
                Ok(None) => break,
                Ok(Some(line)) => {
                    number += 1;
                    let answer = Answer { line, number };
                    self.read_response(&mut values, answer, &mut plain, taker)?.map_err(|why| (line, why))
                }
                Err(stop) => Ok(Shown::Stopped(stop)),
            };
            match shown {
                Ok(Shown::All(Page::GoesOn)) => notes.pages_announced += 1,
                Ok(Shown::All(Page::Last)) => notes.last_pages += 1,
                Ok(Shown::All(Page::None) | Shown::Some(_)) => {}
                Ok(Shown::Stopped(Stop::Unreadable(error))) => return Err(self.unreadable(&error)),
                Ok(Shown::Stopped(Stop::Malformed(line, why))) => {
                    faults.push(at(line, None, why.into()));
                    break;
                }
                Err((line, why)) => faults.push(at(line, Some(format!("response {number}")), why)),
            }
        }
        if number == 0 && faults.is_empty() {
            return Err(self.unusable("the input is empty: it is a list of nothing"));
        }
        Error::from_faults(ErrorKind::Input, faults).map_or(Ok(notes), Err)
    }

    /// Shows the datapoints of the response that begins what is unread, or one that stands without it; or says what is wrong
    /// with it as a whole.
    fn read_response(
        &self,
        values: &mut Values<'_>,
        answer: Answer,
        plain: &mut Option<Plain>,
        taker: &mut dyn Taker,
    ) -> Result<Result<Shown, Invalid>> {
        let shown =
            if self.held > 0 { self.read_array(values, answer, plain, taker)? } else { Ok(Shown::Some(0)) };
        let Ok(Shown::Some(shown)) = shown else { return Ok(shown) };
        match values.whole() {
            Ok(text) => self.read_whole(text, answer, shown, taker).map(|page| page.map(Shown::All)),
            Err(stop) => Ok(Ok(Shown::Stopped(stop))),
        }
    }

    /// Shows the datapoints of a response as they come, if they are in an array, written as text or not.
    fn read_array(
        &self,
        values: &mut Values<'_>,
        answer: Answer,
        plain: &mut Option<Plain>,
        taker: &mut dyn Taker,
    ) -> Result<Result<Shown, Invalid>> {
        let (at, in_text) = loop {
            match datapoints_start(values.unread()) {
                Start::At(at, in_text) => break (at, in_text),
                Start::Nowhere => return Ok(Ok(Shown::Some(0))),
                Start::Further => match values.read_on() {
                    Ok(true) => {}
                    Ok(false) => return Ok(Ok(Shown::Some(0))),
                    Err(error) => return Ok(Ok(Shown::Stopped(error.into()))),
                },
            }
        };
        let mut array =
            Array { answer, head: values.unread()[..at].to_vec(), in_text, at, shown: 0, is_held: true };
        let Some(period) = self.period_before(&array) else { return Ok(Ok(Shown::Some(0))) };
        let measure = self.measure(period, self.settings.statistic.as_str());
        let mut element = Vec::new();
        loop {
            let mut learn = false;
            if let Some(plain) = plain {
                let (layout, text) = (&plain.layouts[usize::from(in_text)], &values.unread()[array.at..]);
                let read = plain.batch.read(text, text.len(), layout);
                let taken = taker.take_batch(&mut plain.batch, read, text);
                (array.at, array.shown) = (array.at + taken.bytes, array.shown + taken.lines as u64);
                // Where nothing is left to be read, nothing stopped.
                if !taken.stopped && taken.lines > 0 {
                    continue;
                }
                learn = taken.lines == read.lines;
            }
            // Here, where an element begins: whatever was read at once, the same is held of an answer that is broken.
            if array.at > self.held {
                array.let_go(values);
            }
            match array.next(values, &mut element) {
                Element::Here => {}
                Element::Further => continue,
                Element::Ends(at) => return Ok(self.finish(values, &array, at)),
                Element::Broken(shown) => return Ok(Ok(shown)),
            }
            // OK because it was seen to be JSON.
            let raw = element.trim_ascii();
            let path = DatapointPath { response: answer.number, datapoint: array.shown - 1, key: None };
            self.show(answer.line, path, &measure, raw, taker)?;
            if let (true, Some(plain)) = (learn, &mut *plain)
                && let PlainLayout::Object(layout) = &plain.layouts[usize::from(in_text)]
            {
                plain.batch.learn(&element, layout);
            }
        }
    }

    /// The seconds that a datapoint stands for, as far as anything depends on them. `None` where what follows the datapoints
    /// may say something else.
    fn period_before(&self, array: &Array) -> Option<Option<u32>> {
        if (self.settings.unit, self.settings.mark) == (Unit::Bytes, Mark::Start) {
            return Some(None);
        }
        let mut outline = array.outline(b"}");
        let text = std::str::from_utf8(&outline).ok()?;
        let is_told = Members::read(text).ok()?.names().any(|name| name == "Period");
        if !is_told && self.settings.period_seconds.is_none() {
            return None;
        }
        self.answer(&mut outline).ok().map(|(period, _)| period)
    }

    /// The answer that is all of this text.
    fn answer(&self, text: &mut [u8]) -> Result<(Option<u32>, Response), Invalid> {
        if answer_within(text)?.len() < text.len() {
            return Err(BESIDE_BODY.into());
        }
        match self.part(text)? {
            (period, Part::Response(response)) => Ok((period, response)),
            (_, Part::Datapoint) => Err("the answer has no Datapoints".into()),
        }
    }

    /// Passes over what follows an array that ends so many bytes behind where it was read to.
    fn finish(&self, values: &mut Values<'_>, array: &Array, end: usize) -> Result<Shown, Invalid> {
        let at = match array.behind(values, array.at + end) {
            Ok(at) => at,
            Err(stopped) => return Ok(stopped),
        };
        let length = match values.length(at, 1) {
            Ok(length) => length,
            Err(Stop::Malformed(_, why)) => return Ok(array.broken(why)),
            Err(stop) => return Ok(Shown::Stopped(stop)),
        };
        let mut outline = array.outline(&values.unread()[at..length]);
        let answer = self.answer(&mut outline);
        if answer.is_err() && array.is_held {
            // What is wrong is told by who reads it as a whole.
            return Ok(Shown::Some(array.shown));
        }
        values.consume(length);
        let (_, response) = answer?;
        Ok(Shown::All(Page::of(&response)))
    }

    /// How plain datapoints are laid out, if there are any: those whose value is their bytes.
    fn plain(&self) -> Option<Plain> {
        if (self.settings.unit, self.settings.mark) != (Unit::Bytes, Mark::Start) {
            return None;
        }
        let role = |key: &str| match key {
            "timestamp" => Some(Role::Start),
            "instanceId" => Some(Role::ConnectionId),
            key => (key == self.settings.statistic.as_str()).then_some(Role::Bytes),
        };
        let members: Vec<_> = KEYS.iter().map(|&key| (key.to_owned(), role(key))).collect();
        let layouts = [false, true].map(|in_text| {
            let (members, place) = (members.clone(), ObjectPlace::Array { in_text });
            PlainLayout::Object(ObjectLayout { members, sender: Some(self.sender), place })
        });
        Some(Plain { batch: PlainBatch::new(), layouts })
    }

    /// Shows the datapoints of a response, of which the first ones were shown before.
    fn read_whole(
        &self,
        text: &mut [u8],
        Answer { line, number }: Answer,
        shown: u64,
        taker: &mut dyn Taker,
    ) -> Result<Result<Page, Invalid>> {
        let answer = match answer_within(text) {
            Ok(answer) if shown > 0 && answer.len() < text.len() => return Ok(Err(BESIDE_BODY.into())),
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why.into())),
        };
        let text = &mut text[answer];
        let (period, response) = match self.part(text) {
            Ok((period, Part::Response(response))) => (period, response),
            Ok((period, Part::Datapoint)) => {
                let measure = self.measure(period, self.settings.statistic.as_str());
                let path = DatapointPath { response: 0, datapoint: number, key: None };
                return self.show(line, path, &measure, text, taker).map(|()| Ok(Page::None));
            }
            Err(why) => return Ok(Err(why)),
        };
        let mut inner = &mut text[response.datapoints.clone()];
        if response.escaped {
            let length = match unescape(inner) {
                Ok(length) => length,
                Err(why) => return Ok(Err(format!("Datapoints: {why}").into())),
            };
            inner = &mut inner[..length];
        }
        let measure = self.measure(period, self.settings.statistic.as_str());
        let mut failed = None;
        let mut show = |datapoint, raw: &RawValue| {
            if datapoint < shown {
                return Ok(());
            }
            let path = DatapointPath { response: number, datapoint, key: None };
            self.show(line, path, &measure, raw.get().as_bytes(), taker).map_err(|error| failed = Some(error))
        };
        let read = show_elements(inner, &mut show);
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(why)) => Ok(Err(format!("Datapoints: {why}").into())),
            (None, Ok(())) => Ok(Ok(Page::of(&response))),
        }
    }

    /// What stands in `text`, with the seconds that a datapoint of it stands for.
    fn part(&self, text: &[u8]) -> Result<(Option<u32>, Part), Invalid> {
        let part = Part::read(text)?;
        let of_answer = match &part {
            Part::Response(response) => response.period,
            Part::Datapoint => None,
        };
        Ok((checked_period(of_answer, self.settings)?, part))
    }

    fn measure<'m>(&'m self, period: Option<u32>, value_name: &'m str) -> Measure<'m> {
        Measure { settings: self.settings, sender: self.sender, period, value_name }
    }

    /// Shows one datapoint of a response.
    fn show(
        &self,
        line: u64,
        path: DatapointPath,
        measure: &Measure<'_>,
        text: &[u8],
        taker: &mut dyn Taker,
    ) -> Result<()> {
        let unusable = |Unusable { key, quantity, why }| Observation {
            place: Some(Place::Datapoint(DatapointPath { key, ..path })),
            quantity,
            ..Observation::unreadable(line, why, text)
        };
        let point = match self.datapoint(text) {
            Ok(point) => point,
            Err(why) => return taker.take_record(unusable(why)),
        };
        measure.observe(&point, |read| {
            taker.take_record(match read {
                Ok(observation) => {
                    Observation { line, place: Some(Place::Datapoint(path)), raw: text, ..observation }
                }
                Err(why) => unusable(why),
            })
        })
    }

    /// The values of a datapoint that count.
    fn datapoint<'t>(&self, text: &'t [u8]) -> Result<Datapoint<'t>, Unusable> {
        let picked = json::pick(&KEYS, text).map_err(|why| Unusable::new(None, why))?;
        let key = self.settings.statistic.as_str();
        let value = KEYS.iter().position(|name| *name == key).and_then(|place| picked[place]);
        if value.is_none() {
            let has: Vec<&str> = STATISTICS.filter(|at| picked[*at].is_some()).map(|at| KEYS[at]).collect();
            let has = if has.is_empty() { "none".into() } else { has.join(", ") };
            let why = Invalid::new(format!("the datapoint has no {key}; of the statistics it has {has}"));
            return Err(Unusable::new(None, why.with(Remedy::ChooseMetricStatistic)));
        }
        let of = |key: &'static str| move |why| Unusable::new(Some(key), why);
        Ok(Datapoint {
            timestamp: json::scalar(KEYS[0], picked[0]).map_err(of(KEYS[0]))?,
            id: json::text(KEYS[1], picked[1]).map_err(of(KEYS[1]))?,
            value: json::scalar(key, value).map_err(of(key))?,
        })
    }

    fn read_table(&self, input: impl Read, lines_before: u64, taker: &mut dyn Taker) -> Result<()> {
        let mut rows = Rows::new(input);
        let DatapointColumns { timestamp, instance_id, value } = &self.settings.columns;
        let value = value.as_deref().unwrap_or(self.settings.statistic.as_str());
        let wanted = [timestamp.as_str(), instance_id, value];
        let header =
            Header::read(ErrorKind::Input, self.source, &mut rows, &wanted, Some(DATAPOINT_COLUMNS))?;
        let period = checked_period(None, self.settings).map_err(|why| self.unusable(why))?;
        let measure = self.measure(period, value);
        while let Some(row) = rows.next().map_err(|error| self.unreadable(&error))? {
            let line = row.line + lines_before;
            let unreadable = |why: Invalid| Observation::unreadable(line, why, row.raw);
            if let Some(why) = header.malformed(&row) {
                taker.take_record(unreadable(why.into()))?;
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
            measure.observe(&point, |read| {
                taker.take_record(match read {
                    Ok(observation) => Observation { line, raw: row.raw, ..observation },
                    Err(Unusable { quantity, why, .. }) => Observation { quantity, ..unreadable(why) },
                })
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{
        cloudmonitor::{Statistic, sender_of_metric},
        native::plain::Each,
        record::{NamedConnection, Quantity},
        values::LONGEST_VALUE,
    };

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
        let (seen, notes) = read_holding(settings, text, HELD);
        // Whether datapoints are shown one by one, or their answer is read as a whole first.
        let whole = read_holding(settings, text, 0);
        let told = |notes: Result<Notes>| notes.map_err(|error| error.to_string());
        let (notes, of_whole) = (told(notes), told(whole.1));
        assert_eq!(notes, of_whole, "{text}");
        // What was shown may be let go.
        for held in [1, 200] {
            let (seen, notes) = read_holding(settings, text, held);
            assert_eq!(notes.is_err(), of_whole.is_err(), "{text} {held}");
            let notes = told(notes);
            for size in [1, 7, 100] {
                let mut pieces = Pieces { text: text.as_bytes(), size };
                let (again, in_pieces) = read_from(settings, &mut pieces, held);
                assert_eq!((again, told(in_pieces)), (seen.clone(), notes.clone()), "{text} {held} {size}");
            }
            if notes.is_ok() {
                assert_eq!((seen, notes), (whole.0.clone(), of_whole.clone()), "{text} {held}");
            }
        }
        let notes = notes?;
        assert_eq!(seen, whole.0, "{text}");
        Ok((seen, notes))
    }

    /// Hands out so many bytes at a time.
    struct Pieces<'a> {
        text: &'a [u8],
        size: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let size = self.size.min(into.len());
            self.text.read(&mut into[..size])
        }
    }

    fn read_holding(settings: &CloudMonitor, text: &str, held: usize) -> (Vec<String>, Result<Notes>) {
        read_from(settings, &mut text.as_bytes(), held)
    }

    fn read_from(settings: &CloudMonitor, text: &mut dyn Read, held: usize) -> (Vec<String>, Result<Notes>) {
        let source = "rx.json".into();
        let reader = Datapoints { held, ..Datapoints::new(&source, Sender::Requester, settings) };
        let mut seen = Vec::new();
        let mut taker = Each(|observation: Observation<'_>| {
            let Observation { line, place, quantity: Quantity { bytes, fraction }, traffic, .. } =
                observation;
            let place = place.map_or_else(String::new, |place| format!(" {place}"));
            seen.push(match traffic {
                Ok(traffic) => {
                    let NamedConnection::Id { id, sender } = traffic.connection else {
                        panic!("{traffic:?}")
                    };
                    let id = String::from_utf8_lossy(id).into_owned();
                    format!("{line}{place} {} {id} {sender} {bytes} {fraction}", traffic.start)
                }
                Err(why) => format!("{line}{place} {bytes} {why}"),
            });
            Ok(())
        });
        let notes = reader.read(text, &mut taker);
        (seen, notes)
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

    /// Longer than what is held of a value: only one by one can its datapoints be shown.
    #[test]
    fn an_answer_of_any_size_is_read() {
        let settings = CloudMonitor::default();
        let element =
            |at: u64| format!(r#"{{"timestamp":{},"instanceId":"pcc-1","Sum":7.0}}"#, 1_790_812_800 + at);
        let elements: Vec<String> = (0..30_000).map(element).collect();
        let array = format!("[{}]", elements.join(","));
        let as_array = format!(r#"{{"Datapoints":{array},"Period":60}}"#);
        for text in [response(&array), as_array.clone()] {
            assert!(text.len() > LONGEST_VALUE);
            assert!(
                read_holding(&settings, &text, 0).1.unwrap_err().to_string().contains("longer than 64 MiB")
            );
            let (seen, notes) = read_holding(&settings, &text, 1000);
            assert_eq!((seen.len(), notes.unwrap().last_pages), (30_000, 1));
            assert!(seen[29_999].starts_with("1 response 1: Datapoints[29999] "), "{}", seen[29_999]);
        }
        for (from, to, why) in [
            ("}],", "},],", "are no array of JSON"),
            ("}],", "}", "are no array of JSON"),
            ("}],\"Period\":60}", "}],\"Period\":60", "is not closed; is the file whole?"),
            (":60}", ":-60}", "Period \"-60\""),
            (":60}", ":60,\"Code\":500}", "the answer is an error: Code \"500\""),
            (":60}", ":60,\"statusCode\":200,\"body\":{}}", "a body beside them"),
            (":60}", ":60,\"Datapoints\":[]}", "stands twice"),
        ] {
            let text = as_array.replacen(from, to, 1);
            let error = read_holding(&settings, &text, 1000).1.unwrap_err().to_string();
            assert!(error.starts_with("rx.json:1: ") && error.contains(why), "{to}: {error}");
        }
    }

    #[test]
    fn a_broken_answer_is_told_alike_however_it_arrives() {
        let settings = CloudMonitor::default();
        let element = r#"{"timestamp":1790812800,"instanceId":"pcc-1","Sum":7}"#;
        for whole in 1..9 {
            let text =
                response(&format!("[{},{}]", [element; 8][..whole].join(","), element.replace(":7", "%7")));
            assert!(read(&settings, &text).is_err(), "{text}");
        }
    }

    #[test]
    fn datapoints_beside_a_body_are_refused() {
        let body = r#""statusCode":200,"body":{"Datapoints":"[]"}"#;
        let text = format!(r#"{{"Datapoints":{POINT},{body}}}"#);
        let error = read_holding(&CloudMonitor::default(), &text, HELD).1.unwrap_err().to_string();
        assert!(error.contains("a body beside them: which of them count cannot be told"), "{error}");
    }

    #[test]
    fn what_sdks_make_of_an_answer_tells_the_same() {
        let settings = CloudMonitor::default();
        let seen = [format!("1 {SEEN}")];
        let (answer, text) = (response(POINT), |json: &str| serde_json::to_string(json).unwrap());
        let small = answer.replace("\"Success", "\"success").replace("\"Code", "\"code");
        let small = small.replace("\"Datapoints", "\"datapoints").replace("\"Period", "\"period");
        let xml = POINT.replacen('[', "{\"Datapoint\":[", 1) + "}";
        for other in [
            small.clone(),
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{answer}}}"),
            format!("{{\"headers\":{{}},\"statusCode\":\"200\",\"body\":{small}}}"),
            format!("{{\"body\":{}}}", text(&answer)),
            format!("{{\"statusCode\":200,\"body\":{}}}", text(&format!("{{\"body\":{}}}", text(&answer)))),
            format!("{{\"statusCode\":200,\"body\":{POINT}}}"),
            format!("{{\"Datapoints\":{xml},\"Period\":60}}"),
            format!("{{\"Datapoints\":{},\"Period\":60}}", text(&xml)),
        ] {
            assert_eq!(read(&settings, &other).unwrap().0, seen, "{other}");
        }
        let (points, notes) = read(&settings, POINT).unwrap();
        assert_eq!(points, ["1 datapoint 1 2026-10-01T00:00:00Z pcc-1 requester 1048576 0"]);
        assert_eq!(notes, Notes::default());
        assert!(read(&RATE, POINT).unwrap_err().contains("Period is missing"), "nothing tells it");
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
            (point(r#""Sum":1048576.5"#), ".Sum 0 Sum \"1048576.5\": bytes are whole numbers"),
            (point(r#""Sum":-1"#), ".Sum 0 Sum \"-1\": it cannot be negative"),
            (point(r#""Sum":1e20"#), ".Sum 0 Sum \"1e20\": it is at most 2^64-1"),
            (point(r#""Sum":[1]"#), ".Sum 0 Sum \"[1]\" is neither a number nor text"),
            (
                point(r#""Average":1,"Maximum":2"#),
                " 0 the datapoint has no Sum; of the statistics it has Average, Maximum",
            ),
            (point(r#""x":1"#), " 0 the datapoint has no Sum; of the statistics it has none"),
            (point(r#""Sum":1,"Sum":1"#), "the key Sum stands twice"),
            ("[7]".into(), " 0 \"7\": invalid type"),
            (
                r#"[{"timestamp":179081280,"instanceId":"p","Sum":5}]"#.into(),
                ".timestamp 5 timestamp \"179081280\":",
            ),
            (r#"[{"instanceId":"p","Sum":5}]"#.into(), ".timestamp 0 timestamp is missing"),
            (
                r#"[{"timestamp":1790812800000,"instanceId":7,"Sum":5}]"#.into(),
                ".instanceId 0 instanceId \"7\" is a number",
            ),
            (
                r#"[{"timestamp":1790812800000,"instanceId":"","Sum":5}]"#.into(),
                ".instanceId 5 instanceId is empty",
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
            (" \n ", "rx.json: the input is empty"),
            ("[]", "rx.json: the input is empty"),
            ("{}", "the answer has no Datapoints"),
            (
                "ERROR: SDK.ServerError\nErrorCode: Throttling.User\nRecommend: \nMessage: Request was denied.\n",
                "rx.json: the provider's command line answered with an error: Throttling.User: Request was denied.; ask",
            ),
            (
                r#"{"statusCode":503,"body":{"Code":"ServiceUnavailable","Message":"busy"}}"#,
                "response 1: the provider answered with the HTTP status 503: ServiceUnavailable: busy",
            ),
            (
                r#"{"statusCode":200,"body":{"code":"Throttling","message":"Request was denied."}}"#,
                "response 1: the answer is an error: Code \"Throttling\"",
            ),
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
        assert!(read_at(None, "2026-10-05 11:00:00").contains("timestamp \"2026-10-05 11:00:00\": "));
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
}
