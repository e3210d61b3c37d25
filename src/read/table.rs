//! CSV tables: small ones, read as a whole, such as prices and contracts, and those of connections and link changes, row by row.

use super::header::Header;
pub(crate) use super::header::{Column, TableColumns};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, quoted},
    parallel::in_order_with,
    read::rows::{Row, Rows},
};
use std::{io, sync::Arc};

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
    /// Of a row that has as many fields as the header, of `input` where that is UTF-8; `room` is for one of which a further column
    /// may be anything.
    fn under(
        header: &'t Header,
        row: Row<'t>,
        input: Option<&'t str>,
        room: &'t mut KeptRow,
    ) -> Result<Self, Invalid> {
        if let Some(whole) = row.whole(input) {
            return Ok(Self { line: row.line, row, whole, header });
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
        self.fill(row.line, texts);
        Ok(())
    }

    /// A row that is text where it is wanted.
    fn of(row: &TableRow<'_>) -> Self {
        let mut texts = vec![""; row.row.len()];
        for &position in row.header.positions.iter().flatten() {
            texts[position] = &row.whole[row.row.range(position)];
        }
        let mut kept = Self::default();
        kept.fill(row.line, texts);
        kept
    }

    fn fill(&mut self, line: u64, texts: Vec<&str>) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
        for text in texts {
            self.text.push_str(text);
            self.ends.push(self.text.len());
        }
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
    text: &[u8],
    columns: &TableColumns<'_>,
) -> Result<(TableRows, Vec<MalformedRow>)> {
    let mut rows = Rows::of(text);
    let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
    let (mut found, mut malformed) = (Vec::new(), Vec::new());
    each_row(kind, name, &mut rows, &header, |row| match row {
        Ok(row) => found.push(KeptRow::of(row)),
        Err(row) => malformed.push(row),
    })?;
    Ok((TableRows { header, rows: found }, malformed))
}

/// So many bytes of a table are worth a thread.
const WORTH_A_THREAD: usize = if cfg!(test) { 1 } else { 1 << 16 };
/// Parts of a table have at least so many bytes.
const LEAST_PART: usize = if cfg!(test) { 64 } else { 1 << 14 };
/// And so many at most: what comes of a few of them is held at once.
const MOST_OF_PART: usize = 1 << 18;
/// A row has at least so many bytes, or makes more room for itself.
const SHORT_ROW: usize = 32;

/// A table, which may be a large one: its rows are shown one by one, to several threads if need be.
pub(crate) struct Table<'t> {
    kind: ErrorKind,
    name: &'t Arc<str>,
    header: Header,
    /// What stands behind the header.
    rows: TablePart<'t>,
}

/// Some of its lines.
#[derive(Clone, Copy)]
struct TablePart<'t> {
    text: &'t [u8],
    /// The first of them.
    line: u64,
}

/// Whether rows of a table can be told apart without reading those before them: a quoted field may hold line ends.
pub(crate) fn is_cut_at_lines(text: &[u8]) -> bool {
    memchr::memchr(b'"', text).is_none()
}

impl<'t> Table<'t> {
    /// Reads the header.
    pub fn new(
        kind: ErrorKind,
        name: &'t Arc<str>,
        text: &'t [u8],
        columns: &TableColumns<'_>,
    ) -> Result<Self> {
        let mut rows = Rows::of(text);
        let header = Header::read_columns(kind, name, &mut rows, columns, None)?;
        let consumed = rows.consumed() as usize;
        let rows = TablePart { text: &text[consumed..], line: rows.line() };
        Ok(Self { kind, name, header, rows })
    }

    /// Lets `read` make something of each row, on so many threads at most, each with a state of its own, and this one `take`
    /// all that, in the order of the rows.
    pub fn each<S, A: Send>(
        &self,
        threads: usize,
        new_state: impl Fn() -> S + Sync,
        read: impl Fn(&mut S, Result<&TableRow<'_>, MalformedRow>) -> A + Sync,
        mut take: impl FnMut(A),
    ) -> Result<()> {
        let text = self.rows.text;
        let threads = threads.min(text.len() / WORTH_A_THREAD);
        if threads < 2 || !is_cut_at_lines(text) {
            let mut state = new_state();
            return self.each_row(self.rows, |row| take(read(&mut state, row)));
        }
        let read_part = |state: &mut S, (part, lines): (TablePart<'t>, usize)| {
            let mut found = Vec::with_capacity(lines.min(part.text.len() / SHORT_ROW + 1));
            self.each_row(part, |row| found.push(read(state, row)))?;
            Ok(found)
        };
        let take_all = |found: Vec<A>| {
            found.into_iter().for_each(&mut take);
            Ok(())
        };
        in_order_with(threads, new_state, self.parts(), read_part, take_all)
    }

    /// Its rows in parts, in their order, each with how many lines it has at most.
    fn parts(&self) -> impl Iterator<Item = (TablePart<'t>, usize)> + Send + use<'t> {
        let TablePart { mut text, mut line } = self.rows;
        let least = (text.len() / 64).clamp(LEAST_PART, MOST_OF_PART);
        std::iter::from_fn(move || {
            let behind = text.get(least..).and_then(|rest| memchr::memchr(b'\n', rest));
            let (own, rest) = text.split_at(behind.map_or(text.len(), |behind| least + behind + 1));
            let part = TablePart { text: own, line };
            text = rest;
            let ends = memchr::memchr_iter(b'\n', own).count();
            line += ends as u64;
            // The last may have no end.
            (!own.is_empty()).then_some((part, ends + 1))
        })
    }

    fn each_row(
        &self,
        part: TablePart<'_>,
        each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
    ) -> Result<()> {
        let (separator, rule) = (self.header.separator(), self.header.rule());
        let mut rows = Rows::behind_header(part.text, part.line, separator, rule);
        each_row(self.kind, self.name, &mut rows, &self.header, each)
    }
}

fn each_row(
    kind: ErrorKind,
    name: &Arc<str>,
    rows: &mut Rows<'_, io::Empty>,
    header: &Header,
    mut each: impl FnMut(Result<&TableRow<'_>, MalformedRow>),
) -> Result<()> {
    let unreadable = |error: io::Error| Error::unusable(kind, name, error.to_string());
    let (input, mut room) = (rows.utf8(), KeptRow::default());
    while let Some(row) = rows.next().map_err(unreadable)? {
        let read = match header.malformed(&row) {
            Some(why) => Err(why.into()),
            None => TableRow::under(header, row, input, &mut room),
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
    use proptest::prelude::*;

    /// The values of rows, each with its line, and what is wrong with others, as one text each.
    fn shown(row: Result<&TableRow<'_>, MalformedRow>) -> String {
        match row {
            Ok(row) => format!("{} {:?}", row.line, values_of(*row)),
            Err(MalformedRow { key, fault }) => format!("{key:?} {fault}"),
        }
    }

    proptest! {
        /// On any number of threads, parts of a table have the rows that it has as a whole, on the same lines.
        #[test]
        fn r17_rows_in_parts_are_those_of_the_whole(
            rows in prop::collection::vec(
                prop_oneof![
                    8 => "[a-z]{0,9},[0-9]{0,9},[a-z]{0,3}",
                    1 => "[a-z,\"é中]{0,40}",
                    1 => "[a-z]{1,9},[0-9]{1,9},\"[a-z]{0,70}\n[a-z]{0,70}\"",
                    1 => Just(String::new()),
                    1 => "[a-z]{60,200}",
                ],
                0..60,
            ),
            end in prop_oneof![Just("\n"), Just("\r\n")],
            is_ended: bool,
            separator in prop_oneof![Just(","), Just(";"), Just("\t")],
            threads in 1..4_usize,
        ) {
            let text = format!("{end}a,b,c{end}{}{}", rows.join(end), if is_ended { end } else { "" });
            let text = text.replace(',', separator);
            let (name, columns) = ("t.csv".into(), TableColumns::listed(&["a", "b"], &["c"]));
            let mut whole = Vec::new();
            let mut all = Rows::of(text.as_bytes());
            let header = Header::read_columns(ErrorKind::Input, &name, &mut all, &columns, None).unwrap();
            each_row(ErrorKind::Input, &name, &mut all, &header, |row| whole.push(shown(row))).unwrap();
            let table = Table::new(ErrorKind::Input, &name, text.as_bytes(), &columns).unwrap();
            let mut of_parts = Vec::new();
            table.each(threads, || (), |(), row| shown(row), |row| of_parts.push(row)).unwrap();
            prop_assert_eq!(of_parts, whole);
            prop_assert!(table.parts().count() >= text.len() / 512);
        }
    }

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
