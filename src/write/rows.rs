//! Results of rows to bytes: what comparisons find, as CSV, JSON, text, and as the page that HTML shows.

#[cfg(feature = "cli")]
use super::page::{Page, Yield};
use super::{
    Lang, csv,
    json::{InputDigest, write_document},
    lang::{Texts, fill},
    page::{Block, Section},
};
use crate::{
    error::Result,
    rows::{Cell, Column, List, RowSet, Total},
};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap, SerializeSeq},
};
use std::{borrow::Cow, io::Write};

/// So many rows stand on a page for people at most.
pub(super) const MOST_ROWS: usize = 2000;

/// Writes the header and all rows as CSV, with line feeds.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, and those of the rows.
pub fn csv(set: &impl RowSet, output: impl Write) -> Result<()> {
    let columns = set.columns();
    let mut writer = csv::Rows::new(output);
    writer.write(columns.iter().map(|(name, _)| csv::Cell::Own(name)))?;
    for row in set.rows() {
        let row = row?;
        let texts: Vec<Cow<'_, str>> = row.iter().map(in_data).collect();
        writer.write(columns.iter().zip(&texts).map(|((_, kind), text)| match kind.is_number() {
            true => csv::Cell::Own(text),
            false => csv::Cell::Text(text),
        }))?;
    }
    writer.finish()
}

/// A value as programs read it.
pub(super) fn in_data(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) => text.into(),
        Cell::Word(word) => (&**word).into(),
        Cell::Code(code) => (*code).into(),
        Cell::Said(sentence) => sentence.to_string().into(),
    }
}

/// A value where data is shown to people: sentences alone are in their language.
pub(super) fn with_sentence(cell: &Cell, lang: Lang) -> Cow<'_, str> {
    match cell {
        Cell::Said(sentence) => sentence.in_language(lang).into(),
        other => in_data(other),
    }
}

/// Likewise on a page: words are in their language as well.
pub(super) fn on_page(cell: &Cell, lang: Lang) -> String {
    match cell {
        Cell::Word(word) => lang.texts().word(word).to_owned(),
        Cell::Code(code) => lang.texts().code(code).to_owned(),
        other => with_sentence(other, lang).into_owned(),
    }
}

/// Writes all of it as JSON: what it is about, `totals`, its lists, and `rows` named as in the CSV; then the digests of
/// its inputs. Numbers are text, and what is empty is null.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, and those of the rows.
pub fn json(set: &impl RowSet, inputs: &[InputDigest], output: impl Write) -> Result<()> {
    let notes = set.notes().iter().map(ToString::to_string).collect();
    write_document(&Document { set, totals: set.totals()?, lists: set.lists(), notes, inputs }, output)
}

struct Document<'a, S> {
    set: &'a S,
    totals: Vec<Total>,
    lists: Vec<List>,
    notes: Vec<String>,
    inputs: &'a [InputDigest],
}

impl<S: RowSet> Serialize for Document<'_, S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> std::result::Result<T::Ok, T::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.set.facts() {
            map.serialize_entry(key, &Some(in_data(&value)).filter(|value| !value.is_empty()))?;
        }
        let totals: Vec<_> = self.totals.iter().map(|total| (total.name, (&*total.value).into())).collect();
        map.serialize_entry("totals", &Object(totals))?;
        for list in &self.lists {
            map.serialize_entry(list.name, &Listed(list))?;
        }
        map.serialize_entry("rows", &AllRows(self.set))?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("inputs", self.inputs)?;
        map.serialize_entry("peerbill_version", env!("CARGO_PKG_VERSION"))?;
        map.end()
    }
}

/// Keys and values; an empty one is null.
struct Object<'a>(Vec<(&'static str, Cow<'a, str>)>);

impl<'a> Object<'a> {
    fn of(columns: &[Column], row: &'a [Cell]) -> Self {
        Self(columns.iter().zip(row).map(|((name, _), cell)| (*name, in_data(cell))).collect())
    }
}

impl Serialize for Object<'_> {
    fn serialize<T: Serializer>(&self, serializer: T) -> std::result::Result<T::Ok, T::Error> {
        serializer
            .collect_map(self.0.iter().map(|(key, text)| (key, Some(text).filter(|text| !text.is_empty()))))
    }
}

struct Listed<'a>(&'a List);

impl Serialize for Listed<'_> {
    fn serialize<T: Serializer>(&self, serializer: T) -> std::result::Result<T::Ok, T::Error> {
        let List { columns, rows, .. } = self.0;
        match columns.as_slice() {
            [_] => serializer.collect_seq(rows.iter().flatten().map(in_data)),
            columns => serializer.collect_seq(rows.iter().map(|row| Object::of(columns, row))),
        }
    }
}

struct AllRows<'a, S>(&'a S);

impl<S: RowSet> Serialize for AllRows<'_, S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> std::result::Result<T::Ok, T::Error> {
        let columns = self.0.columns();
        let mut all = serializer.serialize_seq(None)?;
        for row in self.0.rows() {
            let row = row.map_err(T::Error::custom)?;
            all.serialize_element(&Object::of(&columns, &row))?;
        }
        all.end()
    }
}

/// What people are shown of the rows: at most [`MOST_ROWS`] of those that tell something, and a sentence about the others.
pub(super) fn told(set: &impl RowSet, lang: Lang) -> Result<(Vec<Vec<Cell>>, Option<String>)> {
    let (mut rows, mut quiet, mut more) = (Vec::new(), 0_u64, 0_u64);
    for row in set.rows() {
        let row = row?;
        match () {
            () if set.is_quiet(&row) => quiet += 1,
            () if rows.len() < MOST_ROWS => rows.push(row),
            () => more += 1,
        }
    }
    let texts = lang.texts();
    let counted = |count: u64, one: &str, many: &str| {
        let text = if count == 1 { one } else { many };
        (count > 0).then(|| fill(text, &[("count", &count.to_string())]))
    };
    let more = counted(more, &texts.rows.more_one, &texts.rows.more_rows);
    let quiet = counted(quiet, &texts.rows.quiet_one, &texts.rows.quiet_rows);
    let left_out: Vec<String> = more.into_iter().chain(quiet).collect();
    let sentence = fill(&texts.rows.not_shown, &[("rows", &left_out.join(&texts.report.comma))]);
    Ok((rows, (!left_out.is_empty()).then_some(sentence)))
}

/// The names of columns where people read them.
fn header(columns: &[Column], texts: &Texts) -> Vec<String> {
    columns.iter().map(|(name, _)| texts.name(name).to_owned()).collect()
}

/// What people are shown before the rows: what they are about, totals and lists.
pub(super) fn sections_before(set: &impl RowSet, lang: Lang) -> Result<Vec<Section>> {
    let texts = lang.texts();
    let facts = set.facts().into_iter().filter(|(_, value)| !value.is_empty());
    let facts = facts.map(|(key, value)| (texts.name(key).to_owned(), on_page(&value, lang))).collect();
    let totals = set.totals()?.into_iter();
    let totals = totals.map(|total| vec![texts.name(total.name).to_owned(), total.value]).collect();
    let total_and_value = [texts.name("total"), texts.name("value")];
    let mut sections = vec![
        Section::untitled([Block::Facts(facts)]),
        Section::new(&texts.rows.totals, [Block::table(&total_and_value, totals, &[1])]),
    ];
    for List { name, columns, rows } in set.lists().into_iter().filter(|list| !list.rows.is_empty()) {
        let rows = rows.iter().map(|row| row.iter().map(|cell| on_page(cell, lang)).collect()).collect();
        let table = Block::table(&header(&columns, texts), rows, &numbers(&columns));
        sections.push(Section::new(capitalised(texts.name(name)), [table]));
    }
    Ok(sections)
}

/// The page of a result.
#[cfg(feature = "cli")]
pub(super) fn page_of(set: &impl RowSet, lang: Lang) -> Result<Page> {
    let texts = lang.texts();
    let mut page = Page::titled(set.title().in_language(lang), lang);
    page.sections = sections_before(set, lang)?;
    let columns = set.columns();
    let (rows, left_out) = told(set, lang)?;
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| on_page(cell, lang)).collect()).collect();
    let place = |name: &&str| columns.iter().position(|(own, _)| own == name).map(Yield::LeaveOut);
    let yields = set.giving_way().iter().filter_map(place).collect();
    let table = (!rows.is_empty())
        .then(|| Block::table(&header(&columns, texts), rows, &numbers(&columns)).with_yields(yields));
    let blocks: Vec<Block> = table.into_iter().chain(left_out.map(Block::item)).collect();
    if !blocks.is_empty() {
        page.sections.push(Section::new(&texts.rows.rows, blocks));
    }
    let notes: Vec<String> = set.notes().iter().map(|note| note.in_language(lang)).collect();
    if !notes.is_empty() {
        page.sections.push(Section::new(&texts.rows.notes, [Block::Items(notes)]));
    }
    Ok(page)
}

fn numbers(columns: &[Column]) -> Vec<usize> {
    (0..columns.len()).filter(|&place| columns[place].1.is_number()).collect()
}

pub(super) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::finding::{Said, Sentence},
        rows::Kind,
    };

    struct Sample;

    impl RowSet for Sample {
        fn title(&self) -> Sentence {
            Said::CostsAssumed {}.into()
        }

        fn facts(&self) -> Vec<(&'static str, Cell)> {
            vec![("billing_month", Cell::text("2026-10")), ("catalog", Cell::text(""))]
        }

        fn columns(&self) -> Vec<Column> {
            vec![("connection_id", Kind::Text), ("our_bytes", Kind::Whole), ("difference", Kind::Decimal)]
        }

        fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_> {
            let rows = [["=1\u{1b}", "1", "-0.50"], ["pcc-2", "", "0.00"]];
            Box::new(rows.into_iter().map(|row| Ok(row.map(Cell::text).into())))
        }

        fn totals(&self) -> Result<Vec<Total>> {
            Ok(vec![Total::sum("difference", "-0.50", "difference"), Total::figure("rows_equal", "1")])
        }

        fn lists(&self) -> Vec<List> {
            let codes = vec![vec![Cell::text("a|b")]];
            let classes = vec![vec![Cell::Code("match"), Cell::text(2)]];
            vec![
                List { name: "codes_met", columns: vec![("code", Kind::Text)], rows: codes },
                List {
                    name: "classes",
                    columns: vec![("class", Kind::Text), ("rows", Kind::Whole)],
                    rows: classes,
                },
            ]
        }

        fn notes(&self) -> Vec<Sentence> {
            vec![Said::SameHours {}.into()]
        }

        fn is_quiet(&self, row: &[Cell]) -> bool {
            row[2] == Cell::text("0.00")
        }
    }

    fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_holds_all_rows_and_runs_none() {
        let text = written(|output| csv(&Sample, output));
        assert_eq!(text, "connection_id,our_bytes,difference\n'=1\\u{1b},1,-0.50\npcc-2,,0.00\n");
    }

    #[test]
    fn json_has_names_of_the_csv_numbers_as_text_and_null_for_nothing() {
        let text = written(|output| json(&Sample, &[], output));
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["rows"][0]["connection_id"], "=1\u{1b}");
        assert!(!text.contains('\u{1b}'));
        assert_eq!(found["rows"][0]["difference"], "-0.50");
        assert!(found["rows"][1]["our_bytes"].is_null() && found["catalog"].is_null());
        assert_eq!(found["totals"], serde_json::json!({"difference": "-0.50", "rows_equal": "1"}));
        assert_eq!(found["codes_met"], serde_json::json!(["a|b"]));
        assert_eq!(found["classes"][0], serde_json::json!({"class": "match", "rows": "2"}));
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_screen_shows_what_tells_something() {
        let text = written(|output| crate::write::text::Screen::default().rows(&Sample, Lang::En, output));
        assert!(text.contains("=1\\u{1b}") && !text.contains("pcc-2"), "{text}");
        assert!(text.contains("1 row without a difference"), "{text}");
        assert!(text.contains("Codes met") && text.contains("same metered hours."), "{text}");
    }

    #[test]
    fn html_holds_them_as_a_table_that_sorts() {
        let text = written(|output| crate::write::html::rows(&Sample, Lang::En, output));
        assert!(
            text.contains("<table id=\"lines\">") && text.contains("data-column=\"our_bytes\""),
            "{text}"
        );
        assert!(text.contains("=1\\u{1b}") && !text.contains("pcc-2"), "{text}");
    }

    #[cfg(feature = "xlsx")]
    #[test]
    fn a_workbook_holds_them() {
        let mut bytes = Vec::new();
        crate::write::xlsx::rows(&Sample, Lang::En, &mut bytes).unwrap();
        assert!(bytes.starts_with(b"PK"));
    }
}
