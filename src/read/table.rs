//! Small CSV tables, read as a whole: connections, link changes, prices, contracts.

use super::header::Header;
pub(crate) use super::header::{Column, TableColumns};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, quoted},
    read::rows::{Row, Rows},
};
use std::{io::Read, sync::Arc};

/// The values of one row; a column that is not there is empty.
#[derive(Clone, Copy)]
pub(crate) struct TableRow<'t> {
    pub line: u64,
    /// Split into its fields.
    row: Row<'t>,
    /// The text of all fields.
    whole: &'t str,
    /// By wanted column: which field it is, where the header has it.
    positions: &'t [Option<usize>],
}

impl<'t> TableRow<'t> {
    /// Of a row that has as many fields as the header; `text` is room for one of which a further column may be anything.
    fn under(header: &'t Header, row: Row<'t>, text: &'t mut RowText) -> Result<Self, Invalid> {
        let (line, positions) = (row.line, &header.positions[..]);
        if let Some(whole) = row.whole() {
            let is_edge = |place| whole.is_char_boundary(place);
            let mut values = positions.iter().flatten().map(|position| row.range(*position));
            if whole.is_ascii() || values.all(|value| is_edge(value.start) && is_edge(value.end)) {
                return Ok(Self { line, row, whole, positions });
            }
        }
        text.take(positions, row)?;
        Ok(Self {
            line,
            row: Row::of_fields(line, text.text.as_bytes(), &text.ends),
            whole: &text.text,
            positions,
        })
    }

    /// Its values, to be kept.
    fn kept(&self) -> RowText {
        let mut kept = RowText::default();
        for index in 0..self.row.len() {
            if self.positions.contains(&Some(index)) {
                kept.text.push_str(&self.whole[self.row.range(index)]);
            }
            kept.ends.push(kept.text.len());
        }
        kept
    }

    /// Whether the table has this column.
    pub fn has(&self, column: Column<'_>) -> bool {
        self.positions[column.index].is_some()
    }

    /// The value in `column`; empty where the table lacks the column.
    pub fn text(&self, column: Column<'_>) -> &'t str {
        self.positions[column.index].map_or("", |position| &self.whole[self.row.range(position)])
    }

    /// The value in `column`, or `None` where it is empty or the table lacks the column.
    pub fn given(&self, column: Column<'_>) -> Option<&'t str> {
        Some(self.text(column)).filter(|value| !value.is_empty())
    }
}

/// The fields of a row as text, one behind the other.
#[derive(Default)]
struct RowText {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl RowText {
    /// Takes the fields of a row that are wanted; the others are empty.
    fn take(&mut self, positions: &[Option<usize>], row: Row<'_>) -> Result<(), Invalid> {
        self.text.clear();
        self.ends.clear();
        for index in 0..row.len() {
            if positions.contains(&Some(index)) {
                let field = row.field(index);
                let text = std::str::from_utf8(field).map_err(|_| Invalid::not_utf8(quoted(field)))?;
                self.text.push_str(text);
            }
            self.ends.push(self.text.len());
        }
        Ok(())
    }
}

/// Rows of a small table, each kept by itself.
pub(crate) struct TableRows {
    rows: Vec<(u64, RowText)>,
    positions: Vec<Option<usize>>,
}

impl TableRows {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = TableRow<'_>> {
        self.rows.iter().map(|(line, RowText { text, ends })| TableRow {
            line: *line,
            row: Row::of_fields(*line, text.as_bytes(), ends),
            whole: text,
            positions: &self.positions,
        })
    }
}

/// All that is wrong with a row: once its first fault is known, its columns are read one by one.
pub(crate) struct RowFaults(Vec<String>);

impl RowFaults {
    /// Beginning with the fault that was met first.
    pub fn first(why: impl Into<String>) -> Self {
        Self(vec![why.into()])
    }

    /// Notes what is wrong with a further value, if something is.
    pub fn note<T>(&mut self, read: Result<T, impl Into<String>>) {
        if let Err(why) = read.map_err(Into::into)
            && !self.0.contains(&why)
        {
            self.0.push(why);
        }
    }

    /// All of them, in words.
    pub fn joined(self) -> String {
        self.0.join("; ")
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
) -> Result<(TableRows, Vec<MalformedRow>)> {
    let (mut found, mut malformed) = (TableRows { rows: Vec::new(), positions: Vec::new() }, Vec::new());
    read_rows(kind, name, input, columns, |row| match row {
        Ok(row) => {
            found.positions.clear();
            found.positions.extend(row.positions);
            found.rows.push((row.line, row.kept()));
        }
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
    mut each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
) -> Result<()> {
    let unreadable = |error: std::io::Error| Error::unusable(kind, name, error.to_string());
    let mut rows = Rows::new(input);
    let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
    let mut text = RowText::default();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let read = match header.malformed(&row) {
            Some(why) => Err(why.into()),
            None => TableRow::under(&header, row, &mut text),
        };
        match read {
            Ok(row) => each(Ok(&row)),
            Err(why) => {
                let fault = Fault::at(FaultCode::UnreadableRow, name, row.line, why);
                each(Err(MalformedRow { key: header.key(&row), fault }));
            }
        }
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
        let values = rows.iter().map(values_of).collect();
        (values, faults_of(malformed).into_iter().map(|fault| fault.to_string()).collect())
    }

    fn values_of(row: TableRow<'_>) -> Vec<String> {
        (0..3).map(|index| row.text(Column { index, name: "" }).to_owned()).collect()
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
            assert_eq!(
                malformed,
                ["t.csv:2: \"\u{fffd}\" is not UTF-8; it may be GBK, as Chinese spreadsheets write it"]
            );
        }
    }
}
