//! Small CSV tables, read as a whole: connections, link changes, prices, contracts.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{did_you_mean, quoted},
    read::rows::{Row, Rows, Shape},
};
use std::{io::Read, sync::Arc};

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
        let unusable = |line, message: String| {
            Error::new(kind, Fault::at(FaultCode::UnusableInput, name, line, message))
        };
        let Some(row) = row else {
            let wanted = required.join(",");
            return Err(unusable(1, format!("the input is empty; its header should be {wanted}")));
        };
        if row.shape != Shape::Fields {
            return Err(unusable(row.line, "the header cannot be read as CSV".into()));
        }
        let found: Vec<String> =
            (0..row.len()).map(|i| String::from_utf8_lossy(row.field(i)).into_owned()).collect();
        let mut positions = Vec::new();
        for column in required.iter().chain(optional) {
            let mut places = (0..found.len()).filter(|&i| found[i] == *column);
            positions.push(places.next());
            if places.next().is_some() {
                return Err(unusable(row.line, format!("the header has column {column} twice")));
            }
        }
        let missing: Vec<&str> = required
            .iter()
            .zip(&positions)
            .filter(|(_, position)| position.is_none())
            .map(|(column, _)| *column)
            .collect();
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

    /// Why `row` does not fit the header, where it does not.
    pub fn misfit(&self, row: &Row<'_>) -> Option<String> {
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
}

impl TableRow {
    /// The value of the column at this place, or `None` where it is empty or not there.
    pub fn optional(&self, wanted: usize) -> Option<&str> {
        Some(self.values[wanted].as_str()).filter(|value| !value.is_empty())
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

/// A row that does not fit the header, with its value of the first wanted column where it has one.
pub(crate) struct Misfit {
    pub key: Option<String>,
    pub fault: Fault,
}

/// Reads all rows of a table. Rows that cannot be read are returned as misfits.
pub(crate) fn read_table(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read,
    required: &[&str],
    optional: &[&str],
) -> Result<(Vec<TableRow>, Vec<Misfit>)> {
    let (mut found, mut misfits) = (Vec::new(), Vec::new());
    read_rows(kind, name, input, required, optional, |row| match row {
        Ok(row) => found.push(row.clone()),
        Err(misfit) => misfits.push(misfit),
    })?;
    Ok((found, misfits))
}

/// Shows the rows of a table, which may be a large one, one after the other.
pub(crate) fn read_rows(
    kind: ErrorKind,
    name: &Arc<str>,
    input: impl Read,
    required: &[&str],
    optional: &[&str],
    mut each: impl FnMut(Result<&TableRow, Misfit>),
) -> Result<()> {
    let unreadable = |error: std::io::Error| Error::unusable(kind, name, error.to_string());
    let mut rows = Rows::new(input);
    let header = Header::find(kind, name, rows.next().map_err(unreadable)?, required, optional)?;
    let mut read = TableRow { line: 0, values: vec![String::new(); required.len() + optional.len()] };
    while let Some(row) = rows.next().map_err(unreadable)? {
        let misfit = header.misfit(&row).or_else(|| read.fill(&header, &row));
        each(match misfit {
            None => Ok(&read),
            Some(why) => {
                let fault = Fault::at(FaultCode::UnreadableRow, name, row.line, why);
                Err(Misfit { key: header.key(&row), fault })
            }
        });
    }
    Ok(())
}

/// The faults of misfits.
pub(crate) fn faults_of(misfits: Vec<Misfit>) -> Vec<Fault> {
    misfits.into_iter().map(|misfit| misfit.fault).collect()
}

/// The faults of misfits in a table that holds no records: none of its rows can be quarantined.
pub(crate) fn unusable_faults_of(misfits: Vec<Misfit>) -> Vec<Fault> {
    let unusable = |fault| Fault { code: FaultCode::UnusableInput, ..fault };
    faults_of(misfits).into_iter().map(unusable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<Vec<String>>, Vec<String>) {
        let (rows, misfits) =
            read_table(ErrorKind::Input, &"t.csv".into(), text, &["a", "b"], &["c"]).unwrap();
        let values = rows.into_iter().map(|row| row.values).collect();
        (values, faults_of(misfits).into_iter().map(|fault| fault.to_string()).collect())
    }

    #[test]
    fn further_columns_need_not_be_utf8_and_wanted_ones_must_be() {
        // Unquoted, the halves of a character stand beside one another around the empty field.
        for row in [&b"\"x\",\xe4,,\xb8\xad\n"[..], b"x,\xe4,,\xb8\xad\n", b"x,\xff,,\n"] {
            let (rows, misfits) = read(&[b"a,other,b,more\n", row].concat());
            assert_eq!((rows, misfits), (vec![vec!["x".into(), String::new(), String::new()]], vec![]));
        }
        for row in [&b"\"x\",,\xe4,\xb8\xad\n"[..], b"x,,\xe4,\xb8\xad\n"] {
            let (rows, misfits) = read(&[b"a,b,c,more\n", row].concat());
            assert!(rows.is_empty());
            assert_eq!(misfits, ["t.csv:2: \"\u{fffd}\" is not UTF-8"]);
        }
    }
}
