//! Small CSV tables, read as a whole: connections, link changes, prices, contracts.

use super::header::Header;
pub(crate) use super::header::{Column, TableColumns};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, quoted},
    read::rows::{Row, Rows},
};
use std::{io::Read, ops::Range, sync::Arc};

/// The values of one row, in the order of the wanted columns; a column that is not there is empty.
#[derive(Debug, Clone)]
pub(crate) struct TableRow {
    pub line: u64,
    /// Where they stand in the text.
    values: Vec<Range<usize>>,
    text: String,
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
        &self.text[self.values[column.index].clone()]
    }

    /// The value in `column`, or `None` where it is empty or the table lacks the column.
    pub fn given(&self, column: Column<'_>) -> Option<&str> {
        Some(self.text(column)).filter(|value| !value.is_empty())
    }

    /// Takes the values of `row`; returns what is wrong with them, where something is.
    fn fill(&mut self, header: &Header, row: &Row<'_>) -> Option<Invalid> {
        self.line = row.line;
        self.text.clear();
        if let Some(whole) = row.whole()
            && self.place(header, row, whole)
        {
            self.text.push_str(whole);
            return None;
        }
        self.fill_each(header, row)
    }

    /// Notes where the values stand in a row that is UTF-8 as a whole; whether each of them is by itself.
    fn place(&mut self, header: &Header, row: &Row<'_>, whole: &str) -> bool {
        for (value, position) in self.values.iter_mut().zip(&header.positions) {
            *value = position.map_or(0..0, |position| row.range(position));
        }
        let is_text =
            |value: &Range<usize>| whole.is_char_boundary(value.start) && whole.is_char_boundary(value.end);
        whole.is_ascii() || self.values.iter().all(is_text)
    }

    /// Takes the values of a row of which a further column may be anything.
    fn fill_each(&mut self, header: &Header, row: &Row<'_>) -> Option<Invalid> {
        for (value, position) in self.values.iter_mut().zip(&header.positions) {
            let field = position.map_or(&b""[..], |position| row.field(position));
            let Ok(text) = std::str::from_utf8(field) else { return Some(Invalid::not_utf8(quoted(field))) };
            let start = self.text.len();
            self.text.push_str(text);
            *value = start..self.text.len();
        }
        None
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
    let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
    let has = header.positions.iter().map(Option::is_some).collect();
    let mut read = TableRow { line: 0, values: vec![0..0; columns.len()], text: String::new(), has };
    while let Some(row) = rows.next().map_err(unreadable)? {
        let malformed = header.malformed(&row).map(Invalid::from).or_else(|| read.fill(&header, &row));
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
        let values_of =
            |row: TableRow| row.values.iter().map(|value| row.text[value.clone()].to_owned()).collect();
        let values = rows.into_iter().map(values_of).collect();
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
            assert_eq!(
                malformed,
                ["t.csv:2: \"\u{fffd}\" is not UTF-8; it may be GBK, as Chinese spreadsheets write it"]
            );
        }
    }
}
