//! Pages for a screen: plain text, whose width depends on what it holds and never on the terminal (R17).

use super::{
    Lang,
    csv::output_error,
    doctor::{self, Diagnosis},
    estimate, explain, finding_words,
    page::{Block, Notices, Page, Room, Section, Sums},
    report::page_of,
    shown::shown,
};
use crate::{
    error::Result,
    estimate::Estimate,
    explain::{AccountLines, Explanation},
    model::finding::Finding,
    report::Report,
};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::io::Write;

/// Writes a report: accounts, their lines, what is payable, control totals and findings.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn report(report: &Report, lang: Lang, output: impl Write) -> Result<()> {
    write(page_of(report, lang)?, output)
}

/// Writes an estimate: scenarios side by side, then their lines, then advice and provenance.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn estimate(estimate: &Estimate, lang: Lang, output: impl Write) -> Result<()> {
    write(estimate::page_of(estimate, lang)?, output)
}

/// Writes what the doctor saw of inputs.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn doctor(diagnosis: &Diagnosis<'_>, output: impl Write) -> Result<()> {
    write(doctor::page_of(diagnosis), output)
}

/// Writes where one charge comes from, in steps that can be done again on paper.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn explanation(explanation: &Explanation, output: impl Write) -> Result<()> {
    write(explain::page_of(explanation), output)
}

/// Writes the lines of an account, with the command that explains the largest hour of each.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn account_lines(lines: &AccountLines, commands: &[String], output: impl Write) -> Result<()> {
    write(explain::page_of_lines(lines, commands)?, output)
}

/// A plain table with a rule under the header; `right` are the columns whose numbers line up.
pub fn plain_table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    let rows = rows.into_iter().map(|row| row.iter().map(|cell| shown(cell).into_owned()).collect());
    laid_out(&header.iter().map(|name| shown(name)).collect::<Vec<_>>(), rows, right)
}

/// Likewise from cells that are shown as they are.
fn laid_out(header: &[impl AsRef<str>], rows: impl Iterator<Item = Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.set_header(header.iter().map(AsRef::as_ref));
    table.add_rows(rows);
    aligned(table, right)
}

/// A finding as one line.
pub fn finding_line(finding: &Finding) -> String {
    format!("  [{}] {}", finding.code.as_str(), shown(&finding_words(finding)))
}

fn aligned(mut table: Table, right: &[usize]) -> String {
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn write(page: Page, mut output: impl Write) -> Result<()> {
    output
        .write_all(text(&page.with_texts(shown)).as_bytes())
        .map_err(|error| output_error(&error.to_string()))
}

fn text(page: &Page) -> String {
    let assumed = if page.assumed { "  * uses ASSUMED prices" } else { "" };
    let title = page.title.iter().map(|title| format!("{title}{assumed}\n"));
    title.chain(page.sections.iter().map(section)).collect::<Vec<String>>().join("\n")
}

fn section(section: &Section) -> String {
    let title = section.title.iter().map(|title| format!("{title}\n"));
    title.chain(section.blocks.iter().map(block)).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(sentence) => format!("{sentence}\n"),
        Block::Items(items) => items.iter().map(|item| format!("  {item}\n")).collect(),
        Block::Table(table) => indented(&laid_out(&table.header, table.rows.iter().cloned(), &table.numbers)),
        Block::Facts(facts) => {
            let mut table = Table::new();
            table.add_rows(facts.iter().map(|(name, value)| [name, value]));
            indented(&aligned(table, &[]))
        }
        Block::Sums(sums) => sums_text(sums),
        Block::Notices(notices) => notices_text(notices),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn sums_text(sums: &Sums) -> String {
    let names = sums.amounts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let width = sums.amounts.iter().map(|(_, amount)| amount.len()).max().unwrap_or_default();
    let line =
        |(name, amount): &(&str, String)| format!("  {name:<names$}  {amount:>width$} {}\n", sums.unit);
    sums.amounts.iter().map(line).collect()
}

fn notices_text(Notices { notices, room }: &Notices) -> String {
    let lines = |some: &[(&str, String)]| -> String {
        some.iter().map(|(code, message)| format!("  [{code}] {message}\n")).collect()
    };
    let more = |which: &str, count: usize| match count {
        0 => String::new(),
        _ => format!("  {which}... and {count} more; --format json has them all\n"),
    };
    match *room {
        Room::InAll(most) => {
            let (first, others) = notices.split_at(most.min(notices.len()));
            format!("{}{}", lines(first), more("", others.len()))
        }
        Room::OfEachCode(most) => {
            let of_code = |same: &[(&str, String)]| {
                let (first, others) = same.split_at(most.min(same.len()));
                format!("{}{}", lines(first), more(&format!("[{}] ", same[0].0), others.len()))
            };
            notices.chunk_by(|a, b| a.0 == b.0).map(of_code).collect()
        }
    }
}
