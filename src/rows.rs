//! What a verb finds as rows: the shape in which comparisons hand over their result, so that every format is written once.

use crate::error::Result;

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
    pub rows: Vec<Vec<String>>,
}

/// A result of rows, which the writers turn into bytes ([`mod@crate::write::rows`]).
pub trait RowSet {
    /// What it is, in a line.
    fn title(&self) -> String;

    /// What the rows are about, each with the key that it has in JSON: months, catalog, currency.
    fn facts(&self) -> Vec<(&'static str, String)>;

    /// The columns of the CSV, in their order.
    fn columns(&self) -> Vec<Column>;

    /// The rows: a text for each column, empty where it has no value. Numbers are plain decimals, without an exponent.
    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<String>>> + '_>;

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

    /// Sentences that a reader needs.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a row tells people nothing: screens and pages count it and leave it out, data and workbooks hold it.
    fn is_quiet(&self, _row: &[String]) -> bool {
        false
    }

    /// The columns that a narrow screen leaves out, the first of them first.
    fn giving_way(&self) -> &'static [&'static str] {
        &[]
    }
}
