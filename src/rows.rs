//! What a verb finds as rows: the shape in which comparisons hand over their result, so that every format is written once.

use crate::{error::Result, model::finding::Sentence};
use std::borrow::Cow;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ids, names, instants, words.
    Text,
    /// Sentences.
    Prose,
    /// Whole numbers: bytes and counts.
    Whole,
    /// Money and other decimals.
    Decimal,
}

impl Kind {
    /// Whether its values are numbers, and line up.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Whole | Self::Decimal)
    }
}

/// A column: its name in data, and what it holds.
pub type Column = (&'static str, Kind);

/// A value of a row. Where programs read it, it is the text that it has in data, in English; people read it in their language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// As it stands: an id, a name, an instant, a number; empty where there is no value.
    Text(String),
    /// A word of data, for which languages have another.
    Word(Cow<'static, str>),
    /// A word that programs rely on: it stays, and a language may put its own behind it.
    Code(&'static str),
    /// A sentence.
    Said(Sentence),
}

impl Cell {
    /// A value as it stands.
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// One that may be missing.
    pub fn of<T: ToString>(value: Option<T>) -> Self {
        Self::Text(value.map_or_else(String::new, |value| value.to_string()))
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Sentence> for Cell {
    fn from(sentence: Sentence) -> Self {
        Self::Said(sentence)
    }
}

/// A figure over all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// Its name, a key of JSON.
    pub name: &'static str,
    /// Its value, a plain decimal.
    pub value: String,
    /// The column whose values add up to it, where it is a sum of the rows.
    pub sum_of: Option<&'static str>,
}

impl Total {
    /// The sum of a column.
    pub fn sum(name: &'static str, value: impl ToString, column: &'static str) -> Self {
        Self { name, value: value.to_string(), sum_of: Some(column) }
    }

    /// A figure that is no sum of a column.
    pub fn figure(name: &'static str, value: impl ToString) -> Self {
        Self { name, value: value.to_string(), sum_of: None }
    }
}

/// A shorter list beside the rows. One of a single column is a list of values in JSON, any other one of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its name, a key of JSON.
    pub name: &'static str,
    /// What its rows have.
    pub columns: Vec<Column>,
    /// Values for each column, as those of [`RowSet::rows`].
    pub rows: Vec<Vec<Cell>>,
}

/// A result of rows, which the writers turn into bytes ([`mod@crate::write::rows`]).
pub trait RowSet {
    /// What it is, in a line.
    fn title(&self) -> Sentence;

    /// What the rows are about, each with the key that it has in JSON: months, catalog, currency.
    fn facts(&self) -> Vec<(&'static str, Cell)>;

    /// The columns of the CSV, in their order.
    fn columns(&self) -> Vec<Column>;

    /// The rows: a value for each column. Numbers are plain decimals, without an exponent.
    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_>;

    /// Figures over all rows, those also that people are not shown.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where a sum is too large.
    fn totals(&self) -> Result<Vec<Total>>;

    /// Further lists.
    fn lists(&self) -> Vec<List> {
        Vec::new()
    }

    /// What a reader should know.
    fn notes(&self) -> Vec<Sentence> {
        Vec::new()
    }

    /// Whether a row tells people nothing: screens and pages count it and leave it out, data and workbooks hold it.
    fn is_quiet(&self, _row: &[Cell]) -> bool {
        false
    }

    /// The columns that a narrow screen leaves out, the first of them first.
    fn giving_way(&self) -> &'static [&'static str] {
        &[]
    }
}
