//! A result of rows as a workbook: `Rows`, `Totals`, a sheet for each list, and `Basis`.

use super::{
    Lang, book_of, save,
    sheet::{Book, Cell, Head, Kind, Table},
};
use crate::{
    error::Result,
    rows::{self, Column, List, RowSet},
    write::rows::{capitalised, on_page, with_sentence},
};
use std::io::Write;

/// Sums of printed amounts are rounded to so many decimals.
const PRINTED: u32 = 10;

/// Writes a result of rows as a workbook: all rows, totals as formulas where they are sums of a column, its lists, and what it
/// is about with its notes. Sentences are in `lang`; names of sheets and columns, and words, stay English. The same result gives the same bytes (R17).
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` or a temporary file fails, and those of the rows.
pub fn rows(set: &impl RowSet, lang: Lang, output: impl Write) -> Result<()> {
    let build = || {
        let mut book = book_of(&set.title().to_string())?;
        fill(&mut book, set, lang)?;
        Ok(book)
    };
    save(build, output)
}

fn fill(book: &mut Book, set: &impl RowSet, lang: Lang) -> Result<()> {
    let count = set.rows().count();
    let mut table = Table::new(book, "Rows", heads(&set.columns()), count)?;
    for row in set.rows() {
        table.add(book, shown(&row?, lang))?;
    }
    let totals = totals(book, set, &table)?;
    table.finish(book)?;
    totals.finish(book)?;
    for list in set.lists() {
        add_list(book, list, lang)?;
    }
    basis(book, set, lang)?.finish(book)
}

/// The values of a row as cells show them.
fn shown(row: &[rows::Cell], lang: Lang) -> Vec<String> {
    row.iter().map(|cell| with_sentence(cell, lang).into_owned()).collect()
}

fn heads(columns: &[Column]) -> Vec<Head> {
    columns.iter().map(|(name, kind)| Head::new(name, kind_of(*kind))).collect()
}

fn kind_of(kind: rows::Kind) -> Kind {
    match kind {
        rows::Kind::Text => Kind::Text,
        rows::Kind::Prose => Kind::Prose,
        rows::Kind::Whole => Kind::Count,
        rows::Kind::Decimal => Kind::Amount,
    }
}

fn totals(book: &mut Book, set: &impl RowSet, all: &Table) -> Result<Table> {
    let totals = set.totals()?;
    let heads = vec![Head::new("total", Kind::Text), Head::new("value", Kind::Amount)];
    let mut table = Table::new(book, "Totals", heads, totals.len())?;
    for total in totals {
        let value = match total.sum_of {
            Some(column) => all.sum(column, 0..all.rows(), &total.value, PRINTED),
            None => total.value.into(),
        };
        table.add(book, [Cell::from(total.name), value])?;
    }
    Ok(table)
}

fn add_list(book: &mut Book, List { name, columns, rows }: List, lang: Lang) -> Result<()> {
    let mut table = Table::new(book, capitalised(&name.replace('_', " ")), heads(&columns), rows.len())?;
    for row in rows {
        table.add(book, shown(&row, lang))?;
    }
    table.finish(book)
}

fn basis(book: &mut Book, set: &impl RowSet, lang: Lang) -> Result<Table> {
    let heads = vec![Head::new("name", Kind::Text), Head::new("value", Kind::Prose)];
    let mut table = Table::new(book, "Basis", heads, 0)?;
    for (name, value) in set.facts() {
        table.add(book, [name, &on_page(&value, lang)])?;
    }
    for note in set.notes() {
        table.add(book, ["note", &note.in_language(lang)])?;
    }
    Ok(table)
}
