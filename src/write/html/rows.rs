//! The page of a result of rows: totals and lists first, then the rows, which sort and filter.

use super::{Html, document};
use crate::{
    error::Result,
    rows::{Column, RowSet},
    write::{
        csv::output_error,
        lang::Lang,
        rows::{sections_before, told},
    },
};
use std::io::Write;

/// Writes a result of rows as one page: what it is about, totals, lists, and at most 2,000 of the rows that tell something,
/// in `table#lines` with a `th` for each column of the CSV. No input is named (R17).
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, and those of the rows.
pub fn rows(set: &impl RowSet, mut output: impl Write) -> Result<()> {
    let title = set.title();
    let whole = document(Lang::En, &title, |html| {
        html.raw("<header>\n");
        html.element("h1", &[], &title);
        html.raw("\n</header>\n");
        sections_before(set)?.iter().for_each(|section| html.page_section(section));
        let (rows, left_out) = told(set)?;
        html.raw("<div class=\"wide\">\n");
        html.section("all-lines", "Rows", |html| {
            if !rows.is_empty() {
                table(html, &set.columns(), &rows);
            }
            left_out.iter().for_each(|sentence| html.paragraph(sentence));
            Ok(())
        })?;
        html.raw("</div>\n");
        html.items(&set.notes());
        Ok(())
    })?;
    output.write_all(whole.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn table(html: &mut Html, columns: &[Column], rows: &[Vec<String>]) {
    let texts = &Lang::En.texts().html;
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
        for ((_, kind), text) in columns.iter().zip(row) {
            let class: &[_] = if kind.is_number() { &[("class", "n")] } else { &[] };
            html.element("td", class, text);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>\n</div>\n");
}
