//! Pages for a screen: plain text, as wide as what it holds. On a terminal alone it is as wide as that and has bold letters
//! and colours; which it is, the caller states (R17).

use super::{
    Lang,
    csv::write_text,
    doctor::{self, Diagnosis},
    estimate, explain, finding_words,
    lang::{ReportTexts, fill},
    page::{Block, Notices, Page, Room, Section, Sums, Table, Yield},
    report::{FINDINGS_SHOWN, page_of, page_of_months},
    rows,
    shown::shown,
};
use crate::{
    error::Result,
    estimate::Estimate,
    explain::{AccountLines, Explanation},
    model::finding::Finding,
    parallel::mapped,
    report::Report,
    rows::RowSet,
};
use comfy_table::{CellAlignment, ContentArrangement, presets};
use std::{fmt::Write as _, io::Write};
use unicode_width::UnicodeWidthStr;

/// What a page is shown on: by default a file or a pipe, without an end of lines and without colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    /// How many columns of letters it has: tables give way to fit, long lines are broken.
    pub width: Option<usize>,
    /// Whether it shows bold letters and colours.
    pub styled: bool,
}

impl Screen {
    /// Writes a report: what is payable, accounts and their lines, control totals and findings.
    ///
    /// # Errors
    ///
    /// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
    /// an amount are too large to be printed.
    pub fn report(self, report: &Report, lang: Lang, output: impl Write) -> Result<()> {
        self.write(page_of(report, FINDINGS_SHOWN, lang)?, output)
    }

    /// Writes reports of several months: who pays what in which of them, then each as [`report`](Self::report) does.
    ///
    /// # Errors
    ///
    /// Those of [`report`](Self::report).
    pub fn reports(self, reports: &[&Report], lang: Lang, mut output: impl Write) -> Result<()> {
        let mut pages: Vec<Page> = page_of_months(reports, lang)?.into_iter().collect();
        for report in reports {
            pages.push(page_of(report, FINDINGS_SHOWN, lang)?);
        }
        for (place, page) in pages.into_iter().enumerate() {
            if place > 0 {
                write_text(b"\n", &mut output)?;
            }
            self.write(page, &mut output)?;
        }
        Ok(())
    }

    /// Writes an estimate: scenarios side by side, then their lines, then advice and provenance.
    ///
    /// # Errors
    ///
    /// Those of [`report`](Self::report).
    pub fn estimate(self, estimate: &Estimate, lang: Lang, output: impl Write) -> Result<()> {
        self.write(estimate::page_of(estimate, lang)?, output)
    }

    /// Writes what the doctor saw of inputs.
    ///
    /// # Errors
    ///
    /// [`Output`](crate::ErrorKind::Output) where `output` fails.
    pub fn doctor(self, diagnosis: &Diagnosis<'_>, lang: Lang, output: impl Write) -> Result<()> {
        self.write(doctor::page_of(diagnosis, lang), output)
    }

    /// Writes a result of rows: what it is about, totals, lists, and the rows that tell something.
    ///
    /// # Errors
    ///
    /// [`Output`](crate::ErrorKind::Output) where `output` fails, and those of the rows.
    pub fn rows(self, set: &impl RowSet, lang: Lang, output: impl Write) -> Result<()> {
        self.write(rows::page_of(set, lang)?, output)
    }

    fn write(self, page: Page, mut output: impl Write) -> Result<()> {
        let mut page = page.with_texts(shown);
        let left_out = self.width.map_or_else(Vec::new, |width| fit(&mut page, width));
        let layout = Layout { screen: self, texts: &page.lang.texts().report };
        write_text(layout.page(page, &left_out)?.as_bytes(), &mut output)
    }
}

/// Writes a report as text for a file or a pipe: what is payable, accounts and their lines, control totals and findings.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn report(report: &Report, lang: Lang, output: impl Write) -> Result<()> {
    Screen::default().report(report, lang, output)
}

/// Writes an estimate likewise: scenarios side by side, then their lines, then advice and provenance.
///
/// # Errors
///
/// Those of [`report`].
pub fn estimate(estimate: &Estimate, lang: Lang, output: impl Write) -> Result<()> {
    Screen::default().estimate(estimate, lang, output)
}

/// Writes what the doctor saw of inputs.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn doctor(diagnosis: &Diagnosis<'_>, lang: Lang, output: impl Write) -> Result<()> {
    Screen::default().doctor(diagnosis, lang, output)
}

/// Writes where one charge comes from, in steps that can be done again on paper.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn explanation(explanation: &Explanation, lang: Lang, output: impl Write) -> Result<()> {
    Screen::default().write(explain::page_of(explanation, lang), output)
}

/// Writes the lines of an account, with the command that explains the largest hour of each.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn account_lines(
    lines: &AccountLines,
    commands: &[String],
    lang: Lang,
    output: impl Write,
) -> Result<()> {
    Screen::default().write(explain::page_of_lines(lines, commands, lang)?, output)
}

/// A plain table with a rule under the header; `right` are the columns whose numbers line up.
pub fn plain_table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    let rows = rows.into_iter().map(|row| row.iter().map(|cell| shown(cell).into_owned()).collect());
    laid_out(&header.iter().map(|name| shown(name)).collect::<Vec<_>>(), rows, right, 0)
}

/// Likewise from cells that are shown as they are.
fn laid_out(
    header: &[impl AsRef<str>],
    rows: impl IntoIterator<Item = Vec<String>>,
    right: &[usize],
    indent: usize,
) -> String {
    let mut table = comfy_table::Table::new();
    table.set_header(header.iter().map(AsRef::as_ref));
    table.add_rows(rows.into_iter().map(|row| row.into_iter().map(comfy_table::Cell::new_owned)));
    aligned(table, right, indent)
}

/// A finding as one line.
pub fn finding_line(finding: &Finding) -> String {
    format!("  [{}] {}", finding.code.as_str(), shown(&finding_words(finding)))
}

/// A table without lines around it, behind so many blanks.
fn aligned(mut table: comfy_table::Table, right: &[usize], indent: usize) -> String {
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// How far a table stands from the edge.
const INDENT: usize = 2;
/// What stands between two columns.
const GAP: usize = 2;

/// Lets the tables of a page give way until they fit; returns the names of the columns that are left out. Tables with one
/// header give way alike.
fn fit(page: &mut Page, width: usize) -> Vec<String> {
    let mut tables: Vec<&mut Table> = page.sections.iter_mut().flat_map(|section| &mut section.blocks).fold(
        Vec::new(),
        |mut tables, block| {
            tables.extend(match block {
                Block::Table(table) if !table.yields.is_empty() => Some(table),
                _ => None,
            });
            tables
        },
    );
    tables.sort_by(|a, b| a.header.cmp(&b.header));
    let mut left_out: Vec<String> = Vec::new();
    for alike in tables.chunk_by_mut(|a, b| a.header == b.header) {
        let most = alike.iter().map(|table| table.yields.len()).max().unwrap_or_default();
        let fits = |given: &usize| alike.iter().all(|table| width_of(table, *given) <= width);
        let given = (0..most).find(fits).unwrap_or(most);
        for name in alike[0].yields.iter().take(given).filter_map(|own| left_out_name(alike[0], *own)) {
            left_out.extend((!left_out.contains(&name)).then_some(name));
        }
        alike.iter_mut().for_each(|table| give_way(table, given));
    }
    left_out
}

fn left_out_name(table: &Table, given: Yield) -> Option<String> {
    match given {
        Yield::LeaveOut(index) => table.header.get(index).cloned(),
        Yield::Shorten(_) => None,
    }
}

/// A cell after the first `given` of a table's columns gave way; `None` where it is left out.
fn cell_after<'c>(cell: &'c str, index: usize, given: &[Yield]) -> Option<&'c str> {
    if given.contains(&Yield::LeaveOut(index)) {
        return None;
    }
    let shorter = given.contains(&Yield::Shorten(index)).then(|| cell.split_once(' ')).flatten();
    Some(shorter.map_or(cell, |(id, _)| id))
}

fn width_of(table: &Table, given: usize) -> usize {
    let given = &table.yields[..given.min(table.yields.len())];
    let widths = (0..table.header.len()).filter_map(|index| {
        cell_after("", index, given)?;
        let cells = table.rows.iter().filter_map(|row| cell_after(row.get(index)?, index, given));
        let widest = cells.map(UnicodeWidthStr::width).max().unwrap_or_default();
        Some(widest.max(table.header[index].width()) + GAP)
    });
    (INDENT + widths.sum::<usize>()).saturating_sub(GAP)
}

fn give_way(table: &mut Table, given: usize) {
    let given = table.yields[..given.min(table.yields.len())].to_vec();
    let kept = |row: &Vec<String>| -> Vec<String> {
        let cells = row.iter().enumerate();
        cells.filter_map(|(index, cell)| cell_after(cell, index, &given).map(ToOwned::to_owned)).collect()
    };
    let kept_columns = (0..table.header.len()).filter(|&index| cell_after("", index, &given).is_some());
    let numbers = kept_columns.enumerate().filter(|(_, old)| table.numbers.contains(old));
    table.numbers = numbers.map(|(new, _)| new).collect();
    // The header is kept whole: only ids have names behind them.
    let header = table.header.iter().enumerate();
    let header = header.filter(|(index, _)| cell_after("", *index, &given).is_some());
    table.header = header.map(|(_, name)| name.clone()).collect();
    table.rows = table.rows.iter().map(kept).collect();
}

/// How letters look.
#[derive(Debug, Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Yellow,
}

/// A page as lines.
struct Layout<'t> {
    screen: Screen,
    texts: &'t ReportTexts,
}

impl Layout<'_> {
    fn page(&self, page: Page, left_out: &[String]) -> Result<String> {
        let assumed = match page.assumed {
            true => self.styled(Style::Yellow, &format!("  * {}", self.texts.assumed)),
            false => String::new(),
        };
        let title = page.title.iter().map(|title| format!("{}{assumed}\n", self.styled(Style::Bold, title)));
        let mut parts: Vec<String> = title.collect();
        parts.extend(mapped(page.threads, page.sections.into_iter(), |section| Ok(self.section(section)))?);
        if !left_out.is_empty() {
            let columns = left_out.join(&self.texts.comma);
            let note = fill(&self.texts.left_out, &[("columns", &columns)]);
            parts.push(self.styled_lines(Style::Dim, &self.broken(&note, 0)));
        }
        Ok(parts.join("\n"))
    }

    fn section(&self, section: Section) -> String {
        let title = section.title.iter();
        let title = title.map(|title| self.styled_lines(Style::Bold, &self.broken(title, 0)));
        title.chain(section.blocks.into_iter().map(|block| self.block(block))).collect()
    }

    fn block(&self, block: Block) -> String {
        match block {
            Block::Paragraph(sentence) => self.broken(&sentence, 0),
            Block::Items(items) => items.iter().map(|item| self.broken(item, INDENT)).collect(),
            Block::Table(table) => self.table(table),
            Block::Facts(facts) => {
                let mut table = comfy_table::Table::new();
                table.add_rows(facts.into_iter().map(|(name, value)| [name, value]));
                aligned(table, &[], INDENT)
            }
            Block::Sums(sums) => self.sums(&sums),
            Block::Notices(notices) => self.notices(&notices),
        }
    }

    fn table(&self, table: Table) -> String {
        let text = laid_out(&table.header, table.rows, &table.numbers, INDENT);
        let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
        format!("{}\n{rows}", self.styled(Style::Dim, header))
    }

    fn sums(&self, sums: &Sums) -> String {
        let width = sums.amounts.iter().map(|(_, (amount, _))| amount.len()).max().unwrap_or_default();
        let mut table = comfy_table::Table::new();
        table.add_rows(
            sums.amounts
                .iter()
                .map(|(name, (amount, unit))| [name.clone(), format!("{amount:>width$} {unit}")]),
        );
        let text = aligned(table, &[], INDENT);
        let total = if sums.total_last { sums.amounts.len() - 1 } else { usize::MAX };
        let line = |(index, line): (usize, &str)| match index == total {
            true => format!("{}\n", self.styled(Style::Bold, line)),
            false => format!("{line}\n"),
        };
        text.lines().enumerate().map(line).collect()
    }

    fn notices(&self, Notices { notices, room }: &Notices) -> String {
        let lines = |some: &[(&str, String)]| -> String {
            some.iter().map(|(code, message)| self.notice(code, message)).collect()
        };
        let more = |which: &str, count: usize| match count {
            0 => String::new(),
            _ => format!("  {which}{}\n", fill(&self.texts.more_findings, &[("count", &count.to_string())])),
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

    fn notice(&self, code: &str, message: &str) -> String {
        let plain = format!("[{code}]");
        let text = self.broken(&format!("{plain} {message}"), INDENT);
        text.replacen(&plain, &self.styled(Style::Yellow, &plain), 1)
    }

    /// A text behind so many blanks; broken into lines where the screen ends, which stand further in.
    fn broken(&self, text: &str, indent: usize) -> String {
        let Some(width) = self.screen.width.filter(|width| indent + text.width() > *width) else {
            return format!("{:indent$}{text}\n", "");
        };
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        let room = width.saturating_sub(indent + INDENT).max(INDENT);
        table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
        table.add_row([text]);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 0));
        });
        let mut whole = String::new();
        for (index, line) in table.lines().enumerate() {
            let indent = if index == 0 { indent } else { indent + INDENT };
            // OK because writing to a String does not fail.
            let _ = writeln!(whole, "{:indent$}{}", "", line.trim_end());
        }
        whole
    }

    fn styled(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => 1,
            Style::Dim => 2,
            Style::Yellow => 33,
        };
        if self.screen.styled { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn styled_lines(&self, style: Style, text: &str) -> String {
        text.lines().map(|line| format!("{}\n", self.styled(style, line))).collect()
    }
}
