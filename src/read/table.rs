//! Small CSV tables, read as a whole: connections, link changes, prices, contracts.

use super::header::Header;
pub(crate) use super::header::{Column, TableColumns};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, quoted},
    parallel::ahead,
    read::rows::{Row, Rows},
};
use std::{io::Read, ops::Range, sync::Arc};

/// So many rows are split at once.
const BLOCK: usize = if cfg!(test) { 3 } else { 256 };
/// As many bytes as a row has, most often.
const ROW_BYTES: usize = 96;

/// Rows of a table, one behind the other.
pub(crate) struct TableRows {
    /// The line of each.
    lines: Vec<u64>,
    /// Where its values stand in the text, in the order of the wanted columns: as many of each row.
    values: Vec<Range<usize>>,
    text: String,
    /// Rows that cannot be split, each with the number of rows before it.
    malformed: Vec<(usize, MalformedRow)>,
    /// By wanted column: whether the header has it.
    has: Box<[bool]>,
}

/// The values of one row; a column that is not there is empty.
#[derive(Clone, Copy)]
pub(crate) struct TableRow<'t> {
    pub line: u64,
    values: &'t [Range<usize>],
    text: &'t str,
    has: &'t [bool],
}

impl<'t> TableRow<'t> {
    /// Whether the table has this column.
    pub fn has(&self, column: Column<'_>) -> bool {
        self.has[column.index]
    }

    /// The value in `column`; empty where the table lacks the column.
    pub fn text(&self, column: Column<'_>) -> &'t str {
        &self.text[self.values[column.index].clone()]
    }

    /// The value in `column`, or `None` where it is empty or the table lacks the column.
    pub fn given(&self, column: Column<'_>) -> Option<&'t str> {
        Some(self.text(column)).filter(|value| !value.is_empty())
    }
}

impl TableRows {
    /// None yet, with room for some of a few values each.
    fn under(header: &Header, rows: usize) -> Self {
        Self {
            lines: Vec::with_capacity(rows),
            values: Vec::with_capacity(rows * header.positions.len()),
            text: String::with_capacity(rows * ROW_BYTES),
            malformed: Vec::new(),
            has: header.positions.iter().map(Option::is_some).collect(),
        }
    }

    /// All that could be split.
    pub fn iter(&self) -> impl Iterator<Item = TableRow<'_>> {
        let row = |(&line, values)| TableRow { line, values, text: &self.text, has: &self.has };
        self.lines.iter().zip(self.values.chunks_exact(self.has.len())).map(row)
    }

    /// Shows all of them in their order.
    fn show(mut self, each: &mut impl FnMut(Result<&TableRow<'_>, MalformedRow>)) {
        let mut malformed = std::mem::take(&mut self.malformed).into_iter().peekable();
        for (place, row) in self.iter().enumerate() {
            while let Some((_, malformed)) = malformed.next_if(|(before, _)| *before == place) {
                each(Err(malformed));
            }
            each(Ok(&row));
        }
        malformed.for_each(|(_, malformed)| each(Err(malformed)));
    }

    /// Takes the values of `row`; returns what is wrong with them, where something is.
    fn push(&mut self, header: &Header, row: &Row<'_>) -> Result<(), Invalid> {
        let (text, values) = (self.text.len(), self.values.len());
        if !row.whole().is_some_and(|whole| self.push_whole(header, row, whole)) {
            self.text.truncate(text);
            self.values.truncate(values);
            self.push_each(header, row)?;
        }
        self.lines.push(row.line);
        Ok(())
    }

    /// Takes the values of a row that is UTF-8 as a whole; whether each of them is by itself.
    fn push_whole(&mut self, header: &Header, row: &Row<'_>, whole: &str) -> bool {
        let (start, first) = (self.text.len(), self.values.len());
        let value = |position| {
            let Range { start: from, end } = row.range(position);
            start + from..start + end
        };
        self.values.extend(header.positions.iter().map(|position| position.map_or(start..start, value)));
        self.text.push_str(whole);
        let is_edge = |place| self.text.is_char_boundary(place);
        whole.is_ascii()
            || self.values[first..].iter().all(|value| is_edge(value.start) && is_edge(value.end))
    }

    /// Takes the values of a row of which a further column may be anything.
    fn push_each(&mut self, header: &Header, row: &Row<'_>) -> Result<(), Invalid> {
        let fields = header.positions.iter().map(|position| position.map_or(&b""[..], |own| row.field(own)));
        let texts = fields.map(|field| std::str::from_utf8(field).map_err(|_| field));
        let texts: Result<Vec<&str>, &[u8]> = texts.collect();
        for text in texts.map_err(|field| Invalid::not_utf8(quoted(field)))? {
            let start = self.text.len();
            self.text.push_str(text);
            self.values.push(start..self.text.len());
        }
        Ok(())
    }
}

/// Splits a table into rows.
struct Splitter<'n, R> {
    kind: ErrorKind,
    name: &'n Arc<str>,
    rows: Rows<R>,
    header: Header,
    is_done: bool,
}

impl<'n, R: Read> Splitter<'n, R> {
    /// Of a table whose header has these columns.
    fn new(kind: ErrorKind, name: &'n Arc<str>, input: R, columns: &TableColumns<'_>) -> Result<Self> {
        let mut rows = Rows::new(input);
        let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
        Ok(Self { kind, name, rows, header, is_done: false })
    }

    /// The next rows, so many or all that there are.
    fn split(&mut self, most: usize) -> Result<TableRows> {
        let Self { kind, name, rows, header, is_done } = self;
        let mut found = TableRows::under(header, most.min(BLOCK));
        *is_done = true;
        for _ in 0..most {
            let row = rows.next().map_err(|error| Error::unusable(*kind, name, error.to_string()))?;
            let Some(row) = row else { return Ok(found) };
            let pushed =
                header.malformed(&row).map_or_else(|| found.push(header, &row), |why| Err(why.into()));
            if let Err(why) = pushed {
                let fault = Fault::at(FaultCode::UnreadableRow, name, row.line, why);
                found.malformed.push((found.lines.len(), MalformedRow { key: header.key(&row), fault }));
            }
        }
        *is_done = false;
        Ok(found)
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
    let mut found = Splitter::new(kind, name, input, columns)?.split(usize::MAX)?;
    let malformed = std::mem::take(&mut found.malformed);
    Ok((found, malformed.into_iter().map(|(_, row)| row).collect()))
}

/// Shows the rows of a table, one after the other. It may be a large one: its rows are split by another thread.
pub(crate) fn read_rows(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read + Send,
    columns: &TableColumns<'_>,
    mut each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
) -> Result<()> {
    let mut splitter = Splitter::new(kind, name, input, columns)?;
    splitter.split(BLOCK)?.show(&mut each);
    if splitter.is_done {
        return Ok(());
    }
    let further = std::iter::from_fn(|| (!splitter.is_done).then(|| splitter.split(BLOCK)));
    ahead(further, |block| block.map(|block| block.show(&mut each)))
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
        row.values.iter().map(|value| row.text[value.clone()].to_owned()).collect()
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
