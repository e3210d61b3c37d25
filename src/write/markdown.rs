//! Pages as GitHub-flavoured Markdown: the comment under a pull request.
//!
//! Whatever comes from an input is escaped, so that no name can leave its cell.

use super::{
    Lang,
    csv::write_text,
    estimate::comment_of,
    page::{Block, Page, Section, Table},
    report::page_of,
    shown::shown,
};
use crate::{error::Result, estimate::Estimate, parallel::mapped, report::Report};
use std::{borrow::Cow, io::Write};

/// Writes a report: accounts, their lines, what is payable, control totals and findings.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn report(report: &Report, lang: Lang, output: impl Write) -> Result<()> {
    write(page_of(report, usize::MAX, lang)?, output)
}

/// Writes reports of several months: who pays what in which of them, then each as [`report`] does.
///
/// # Errors
///
/// Those of [`report`].
#[cfg(feature = "cli")]
pub fn reports(reports: &[&Report], lang: Lang, mut output: impl Write) -> Result<()> {
    if let Some(page) = super::report::page_of_months(reports, lang)? {
        write(page, &mut output)?;
        write_text(b"\n", &mut output)?;
    }
    for (place, report) in reports.iter().enumerate() {
        if place > 0 {
            write_text(b"\n", &mut output)?;
        }
        write(page_of(report, usize::MAX, lang)?, &mut output)?;
    }
    Ok(())
}

/// The first line of an estimate, which Markdown does not show: by it a bot finds the comment that it is to bring up to
/// date. It never changes.
pub const ESTIMATE_MARK: &str = "<!-- peerbill estimate -->";

/// Writes an estimate as a comment, which is shorter than what a screen shows: [`ESTIMATE_MARK`], a headline with what
/// decides, then the rest.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn estimate(estimate: &Estimate, lang: Lang, mut output: impl Write) -> Result<()> {
    let page = comment_of(estimate, lang)?;
    write_text(format!("{ESTIMATE_MARK}\n").as_bytes(), &mut output)?;
    write(page, output)
}

fn write(page: Page, mut output: impl Write) -> Result<()> {
    write_text(text(&page.with_texts(escaped))?.as_bytes(), &mut output)
}

fn text(page: &Page) -> Result<String> {
    let mut blocks = Vec::new();
    blocks.extend(page.title.iter().map(|title| format!("### {title}\n")));
    let texts = &page.lang.texts().report;
    let assumed = page.assumed.then(|| format!("\\* {}", texts.assumed_in_markdown));
    let sentences: Vec<&str> = page.about.as_deref().into_iter().chain(assumed.as_deref()).collect();
    blocks.extend(
        (!sentences.is_empty()).then(|| format!("{}{}\n", sentences.join(&texts.semicolon), texts.stop)),
    );
    let sections = mapped(page.threads, page.sections.iter(), |part| Ok(section(part)))?;
    blocks.extend(sections.into_iter().flatten());
    Ok(blocks.join("\n"))
}

fn section(section: &Section) -> Vec<String> {
    let mut blocks = Vec::new();
    blocks.extend(section.title.iter().map(|title| match section.folded {
        true => format!("<details><summary>{title}</summary>\n"),
        false => format!("**{title}**\n"),
    }));
    blocks.extend(section.blocks.iter().map(block).filter(|text| !text.is_empty()));
    blocks.extend(section.folded.then(|| "</details>\n".to_owned()));
    blocks
}

/// What stands above names and values.
const NO_HEADER: [String; 2] = [String::new(), String::new()];

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(sentence) => format!("{sentence}\n"),
        Block::Items(items) => items.iter().map(|item| format!("- {item}\n")).collect(),
        Block::Table(Table { header, rows, numbers, yields: _ }) => table(header, rows, numbers),
        Block::Facts(facts) => {
            let rows = facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
            table(&NO_HEADER, &rows.collect::<Vec<_>>(), &[])
        }
        Block::Sums(sums) => {
            let amounts = sums.amounts.iter();
            let rows = amounts.map(|(name, (amount, unit))| vec![name.clone(), format!("{amount} {unit}")]);
            table(&NO_HEADER, &rows.collect::<Vec<_>>(), &[1])
        }
        Block::Notices(found) => {
            let notice = |(code, message): &(&str, String)| format!("- `{code}` {message}\n");
            found.notices.iter().map(notice).collect()
        }
    }
}

/// A table with its header, one line for each row.
fn table(header: &[String], rows: &[Vec<String>], numbers: &[usize]) -> String {
    let line = |cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell} |")).collect();
        format!("|{cells}\n")
    };
    let rule = |column| if numbers.contains(&column) { "---:" } else { "---" };
    let mut text = line(header);
    text += &line(&(0..header.len()).map(|column| rule(column).to_owned()).collect::<Vec<_>>());
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// Text that Markdown shows as it is: no cell, link, mention, emphasis, markup or line of its own begins in it.
fn escaped(text: &str) -> Cow<'_, str> {
    let visible = shown(text);
    let mut whole = String::with_capacity(visible.len());
    for character in visible.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '#' => whole.extend(['\\', character]),
            '&' => whole.push_str("&amp;"),
            '<' => whole.push_str("&lt;"),
            '>' => whole.push_str("&gt;"),
            // A mention would call somebody. The reference alone does not keep it from that: mentions are looked for in
            // what Markdown has become. Nor do they begin where a blank without width follows.
            '@' => whole.push_str("&#64;&#8203;"),
            _ => whole.push(character),
        }
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_cell() {
        assert_eq!(escaped("a|b\nc"), "a\\|b\\\\nc");
        assert_eq!(escaped("\u{1b}[31m\u{202e}"), "\\\\u{1b}\\[31m\\\\u{202e}");
        assert_eq!(escaped("t.a[\"x\"]"), "t.a\\[\"x\"\\]");
        assert_eq!(escaped("<img src=x>&`*_~#\\"), "&lt;img src=x&gt;&amp;\\`\\*\\_\\~\\#\\\\");
        assert_eq!(escaped("@all"), "&#64;&#8203;all");
        let rows = vec![vec!["x | y\r\n| z".to_owned(), "1".to_owned()]];
        let page = Page::default();
        let page =
            Page { sections: vec![Section::untitled([Block::table(&["a", "b"], rows, &[1])])], ..page };
        let shown = "| a | b |\n| --- | ---: |\n| x \\| y\\\\r\\\\n\\| z | 1 |\n";
        assert_eq!(text(&page.with_texts(escaped)).unwrap(), shown);
    }
}
