//! The page of a result of rows: totals and lists first, then the rows, which sort and filter.

use super::{Html, document};
use crate::{
    error::Result,
    rows::{Cell, Column, RowSet},
    write::{
        csv::output_error,
        lang::Lang,
        rows::{sections_before, told, with_sentence},
    },
};
use std::io::Write;

/// Writes a result of rows as one page: what it is about, totals, lists, and at most 2,000 of the rows that tell something,
/// in `table#lines` with a `th` for each column of the CSV; there sentences alone are in `lang`. No input is named (R17).
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, and those of the rows.
pub fn rows(set: &impl RowSet, lang: Lang, mut output: impl Write) -> Result<()> {
    let title = set.title().in_language(lang);
    let whole = document(lang, &title, |html| {
        html.raw("<header>\n");
        html.element("h1", &[], &title);
        html.raw("\n</header>\n");
        sections_before(set, lang)?.iter().for_each(|section| html.page_section(section));
        let (rows, left_out) = told(set, lang)?;
        html.raw("<div class=\"wide\">\n");
        html.section("all-lines", &lang.texts().rows.rows, |html| {
            if !rows.is_empty() {
                table(html, &set.columns(), &rows, lang);
            }
            left_out.iter().for_each(|sentence| html.paragraph(sentence));
            Ok(())
        })?;
        html.raw("</div>\n");
        html.items(&set.notes().iter().map(|note| note.in_language(lang)).collect::<Vec<_>>());
        Ok(())
    })?;
    output.write_all(whole.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn table(html: &mut Html, columns: &[Column], rows: &[Vec<Cell>], lang: Lang) {
    let texts = &lang.texts().html;
    html.controls(texts, &texts.count);
    html.raw(
        "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"all-lines-heading\">\n",
    );
    html.raw("<table id=\"lines\">\n<thead><tr>");
    for (name, kind) in columns {
        html.column_head(name, kind.is_number());
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.raw("<tr>");
        for ((_, kind), cell) in columns.iter().zip(row) {
            let class: &[_] = if kind.is_number() { &[("class", "n")] } else { &[] };
            html.element("td", class, &with_sentence(cell, lang));
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n</div>\n");
}
