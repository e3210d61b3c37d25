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
    header: &'t Header,
}

impl<'t> TableRow<'t> {
    /// Of a row that has as many fields as the header; `room` is for one of which a further column may be anything.
    fn under(header: &'t Header, row: Row<'t>, room: &'t mut KeptRow) -> Result<Self, Invalid> {
        if let Some(whole) = row.whole() {
            let is_edge = |place| whole.is_char_boundary(place);
            let mut values = header.positions.iter().flatten().map(|position| row.range(*position));
            if whole.is_ascii() || values.all(|value| is_edge(value.start) && is_edge(value.end)) {
                return Ok(Self { line: row.line, row, whole, header });
            }
        }
        room.keep(header, row)?;
        Ok(room.row(header))
    }

    /// Whether the table has this column.
    pub fn has(&self, column: Column<'_>) -> bool {
        self.header.position(column.index).is_some()
    }

    /// The value in `column`; empty where the table lacks the column.
    pub fn text(&self, column: Column<'_>) -> &'t str {
        self.header.position(column.index).map_or("", |position| &self.whole[self.row.range(position)])
    }

    /// The value in `column`, or `None` where it is empty or the table lacks the column.
    pub fn given(&self, column: Column<'_>) -> Option<&'t str> {
        Some(self.text(column)).filter(|value| !value.is_empty())
    }
}

/// A row by itself: the fields that are wanted, one behind the other.
#[derive(Default)]
struct KeptRow {
    line: u64,
    text: String,
    /// Where each field ends; those that are not wanted are empty.
    ends: Vec<usize>,
}

impl KeptRow {
    /// Takes the place of what was kept before.
    fn keep(&mut self, header: &Header, row: Row<'_>) -> Result<(), Invalid> {
        let mut texts = vec![""; row.len()];
        for &position in header.positions.iter().flatten() {
            let field = row.field(position);
            texts[position] = std::str::from_utf8(field).map_err(|_| Invalid::not_utf8(quoted(field)))?;
        }
        self.line = row.line;
        self.text.clear();
        self.ends.clear();
        for text in texts {
            self.text.push_str(text);
            self.ends.push(self.text.len());
        }
        Ok(())
    }

    fn row<'t>(&'t self, header: &'t Header) -> TableRow<'t> {
        let row = Row::of_fields(self.line, self.text.as_bytes(), &self.ends);
        TableRow { line: self.line, row, whole: &self.text, header }
    }
}

/// Rows of a small table.
pub(crate) struct TableRows {
    header: Header,
    rows: Vec<KeptRow>,
}

impl TableRows {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = TableRow<'_>> {
        self.rows.iter().map(|row| row.row(&self.header))
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
    let mut rows = Rows::new(input);
    let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
    let (mut found, mut malformed) = (Vec::new(), Vec::new());
    each_row(kind, name, &mut rows, &header, |row| match row {
        Ok(row) => {
            let mut kept = KeptRow::default();
            // OK because all that is wanted of it is text.
            let _ = kept.keep(&header, row.row);
            found.push(kept);
        }
        Err(row) => malformed.push(row),
    })?;
    Ok((TableRows { header, rows: found }, malformed))
}

/// Shows the rows of a table, which may be a large one, one after the other.
pub(crate) fn read_rows(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read,
    columns: &TableColumns<'_>,
    each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
) -> Result<()> {
    let mut rows = Rows::new(input);
    let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
    each_row(kind, name, &mut rows, &header, each)
}

fn each_row(
    kind: ErrorKind,
    name: &Arc<str>,
    rows: &mut Rows<impl Read>,
    header: &Header,
    mut each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
) -> Result<()> {
    let unreadable = |error: std::io::Error| Error::unusable(kind, name, error.to_string());
    let mut room = KeptRow::default();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let read = match header.malformed(&row) {
            Some(why) => Err(why.into()),
            None => TableRow::under(header, row, &mut room),
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

    #[test]
    fn of_several_values_that_are_not_utf8_the_first_that_is_wanted_is_named() {
        let (_, malformed) = read(b"c,b,a\n\xff,\xfe\xfe,\xfd\xfd\xfd\n");
        assert_eq!(malformed.len(), 1);
        assert!(
            malformed[0].starts_with("t.csv:2: \"\u{fffd}\u{fffd}\u{fffd}\" is not UTF-8"),
            "{malformed:?}"
        );
    }
}
