//! Small CSV tables, read as a whole: connections, link changes, prices, contracts.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{did_you_mean, quoted},
    read::rows::{Row, Rows, Shape},
};
use std::{io::Read, sync::Arc};

/// A column that a reader of tables wants: what a row is asked for, and its name in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'n> {
    index: usize,
    /// As it stands in the header.
    pub name: &'n str,
}

/// The columns that a reader of tables wants, the key of a row first.
///
/// A column is named here and nowhere else: the header is searched for it, and rows are asked for it by the [`Column`]
/// that is returned.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableColumns<'n> {
    /// By [`Column::index`]: the name, and whether the header must have it.
    wanted: Vec<(&'n str, bool)>,
}

impl<'n> TableColumns<'n> {
    /// Wants a column that the header must have.
    pub fn required(&mut self, name: &'n str) -> Column<'n> {
        self.want(name, true)
    }

    /// Wants a column that may be missing; its values are then empty.
    pub fn optional(&mut self, name: &'n str) -> Column<'n> {
        self.want(name, false)
    }

    fn want(&mut self, name: &'n str, is_required: bool) -> Column<'n> {
        let index = self.wanted.len();
        self.wanted.push((name, is_required));
        Column { index, name }
    }

    /// Of two lists of names; their columns are numbered one after the other.
    pub fn listed(required: &[&'n str], optional: &[&'n str]) -> Self {
        let listed = |names: &[&'n str], is_required| {
            names.iter().map(|name| (*name, is_required)).collect::<Vec<_>>()
        };
        Self { wanted: [listed(required, true), listed(optional, false)].concat() }
    }

    /// The names of the columns that are required, or of those that are not, with their indexes.
    fn names(&self, required: bool) -> impl Iterator<Item = (usize, &'n str)> {
        let wanted = self.wanted.iter().enumerate();
        wanted.filter(move |(_, (_, is))| *is == required).map(|(index, (name, _))| (index, *name))
    }
}

/// Where each wanted column stands.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    positions: Vec<Option<usize>>,
    width: usize,
}

impl Header {
    /// Finds the columns in the first row: all of `required`, then those of `optional` that are there.
    pub fn find(
        kind: ErrorKind,
        name: &Arc<str>,
        row: Option<Row<'_>>,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Self> {
        Self::find_columns(kind, name, row, &TableColumns::listed(required, optional))
    }

    /// Finds the columns in the first row of the input `name`; it need not have the optional ones.
    pub fn find_columns(
        kind: ErrorKind,
        name: &Arc<str>,
        row: Option<Row<'_>>,
        columns: &TableColumns<'_>,
    ) -> Result<Self> {
        let unusable = |line, message: String| {
            Error::new(kind, Fault::at(FaultCode::UnusableInput, name, line, message))
        };
        let Some(row) = row else {
            let wanted: Vec<&str> = columns.names(true).map(|(_, column)| column).collect();
            let wanted = wanted.join(",");
            return Err(unusable(1, format!("the input is empty; its header should be {wanted}")));
        };
        if row.shape != Shape::Fields {
            return Err(unusable(row.line, "the header cannot be read as CSV".into()));
        }
        let found: Vec<String> =
            (0..row.len()).map(|i| String::from_utf8_lossy(row.field(i)).into_owned()).collect();
        let mut positions = vec![None; columns.wanted.len()];
        for (index, column) in columns.names(true).chain(columns.names(false)) {
            let mut places = (0..found.len()).filter(|&i| found[i] == column);
            positions[index] = places.next();
            if places.next().is_some() {
                return Err(unusable(row.line, format!("the header has column {column} twice")));
            }
        }
        let missing = columns.names(true).filter(|(index, _)| positions[*index].is_none());
        let missing: Vec<&str> = missing.map(|(_, column)| column).collect();
        if !missing.is_empty() {
            let near = did_you_mean(missing[0], found.iter().map(String::as_str));
            return Err(unusable(
                row.line,
                format!("the header lacks {}; it has {}{near}", missing.join(", "), quoted(row.raw)),
            ));
        }
        Ok(Self { positions, width: found.len() })
    }

    /// Where the column at this place of the wanted ones stands, where it is there.
    pub fn position(&self, wanted: usize) -> Option<usize> {
        self.positions[wanted]
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The row's value of the first wanted column, also where the row is too short or too long.
    fn key(&self, row: &Row<'_>) -> Option<String> {
        let position = self.position(0).filter(|&position| position < row.len())?;
        let field = String::from_utf8(row.field(position).to_vec()).ok()?;
        Some(field).filter(|field| row.shape == Shape::Fields && !field.is_empty())
    }

    /// Why `row` cannot be split into the columns of the header, where it cannot.
    pub fn malformed(&self, row: &Row<'_>) -> Option<String> {
        match row.shape {
            Shape::OpenQuote => Some(
                "a quoted field is opened here and not closed; all that follows it is refused with it".into(),
            ),
            Shape::TooLong => Some("the line is longer than 1 MiB".into()),
            Shape::Fields if row.len() != self.width => {
                Some(format!("{} fields where the header has {}: {}", row.len(), self.width, quoted(row.raw)))
            }
            Shape::Fields => None,
        }
    }
}

/// The values of one row, in the order of the wanted columns; a column that is not there is empty.
#[derive(Debug, Clone)]
pub(crate) struct TableRow {
    pub line: u64,
    pub values: Vec<String>,
    /// Whether the header has the column.
    has: Vec<bool>,
}

impl TableRow {
    /// Whether the table has this column.
    pub fn has(&self, column: Column<'_>) -> bool {
        self.has[column.index]
    }

    /// The value in `column`; empty where the table lacks the column.
    pub fn text(&self, column: Column<'_>) -> &str {
        &self.values[column.index]
    }

    /// The value in `column`, or `None` where it is empty or the table lacks the column.
    pub fn given(&self, column: Column<'_>) -> Option<&str> {
        Some(self.text(column)).filter(|value| !value.is_empty())
    }

    /// Takes the values of `row`; returns what is wrong with them, where something is.
    fn fill(&mut self, header: &Header, row: &Row<'_>) -> Option<String> {
        self.line = row.line;
        let whole = row.whole();
        for (column, value) in self.values.iter_mut().enumerate() {
            value.clear();
            let Some(position) = header.position(column) else { continue };
            let text = whole.and_then(|whole| row.field_of(whole, position));
            match text.or_else(|| std::str::from_utf8(row.field(position)).ok()) {
                Some(text) => value.push_str(text),
                None => return Some(format!("{} is not UTF-8", quoted(row.field(position)))),
            }
        }
        None
    }
}

/// A row that cannot be split into the columns of the header.
pub(crate) struct MalformedRow {
    /// Its value in the first wanted column, where it has one.
    pub key: Option<String>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Reads all rows of a table, and those that are malformed.
pub(crate) fn read_all(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read,
    columns: &TableColumns<'_>,
) -> Result<(Vec<TableRow>, Vec<MalformedRow>)> {
    let (mut found, mut malformed) = (Vec::new(), Vec::new());
    read_rows(kind, name, input, columns, |row| match row {
        Ok(row) => found.push(row.clone()),
        Err(row) => malformed.push(row),
    })?;
    Ok((found, malformed))
}

/// Shows the rows of a table, which may be a large one, one after the other.
pub(crate) fn read_rows(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read,
    columns: &TableColumns<'_>,
    mut each: impl FnMut(Result<&TableRow, MalformedRow>),
) -> Result<()> {
    let unreadable = |error: std::io::Error| Error::unusable(kind, name, error.to_string());
    let mut rows = Rows::new(input);
    let header = Header::find_columns(kind, name, rows.next().map_err(unreadable)?, columns)?;
    let has = header.positions.iter().map(Option::is_some).collect();
    let mut read = TableRow { line: 0, values: vec![String::new(); columns.wanted.len()], has };
    while let Some(row) = rows.next().map_err(unreadable)? {
        let malformed = header.malformed(&row).or_else(|| read.fill(&header, &row));
        each(match malformed {
            None => Ok(&read),
            Some(why) => {
                let fault = Fault::at(FaultCode::UnreadableRow, name, row.line, why);
                Err(MalformedRow { key: header.key(&row), fault })
            }
        });
    }
    Ok(())
}

/// The faults of malformed rows.
pub(crate) fn faults_of(malformed: Vec<MalformedRow>) -> Vec<Fault> {
    malformed.into_iter().map(|row| row.fault).collect()
}

/// The faults of malformed rows in a table that holds no records: none of its rows can be quarantined.
pub(crate) fn unusable_faults_of(malformed: Vec<MalformedRow>) -> Vec<Fault> {
    let unusable = |fault| Fault { code: FaultCode::UnusableInput, ..fault };
    faults_of(malformed).into_iter().map(unusable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<Vec<String>>, Vec<String>) {
        let (rows, malformed) =
            read_all(ErrorKind::Input, &"t.csv".into(), text, &TableColumns::listed(&["a", "b"], &["c"]))
                .unwrap();
        let values = rows.into_iter().map(|row| row.values).collect();
        (values, faults_of(malformed).into_iter().map(|fault| fault.to_string()).collect())
    }

    #[test]
    fn further_columns_need_not_be_utf8_and_wanted_ones_must_be() {
        // Unquoted, the halves of a character stand beside one another around the empty field.
        for row in [&b"\"x\",\xe4,,\xb8\xad\n"[..], b"x,\xe4,,\xb8\xad\n", b"x,\xff,,\n"] {
            let (rows, malformed) = read(&[b"a,other,b,more\n", row].concat());
            assert_eq!((rows, malformed), (vec![vec!["x".into(), String::new(), String::new()]], vec![]));
        }
        for row in [&b"\"x\",,\xe4,\xb8\xad\n"[..], b"x,,\xe4,\xb8\xad\n"] {
            let (rows, malformed) = read(&[b"a,b,c,more\n", row].concat());
            assert!(rows.is_empty());
            assert_eq!(malformed, ["t.csv:2: \"\u{fffd}\" is not UTF-8"]);
        }
    }
}
