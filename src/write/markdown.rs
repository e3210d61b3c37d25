//! Pages as GitHub-flavoured Markdown: the comment under a pull request.
//!
//! Whatever comes from an input is escaped, so that no name can leave its cell.

use super::{
    csv::output_error,
    estimate::comment_of,
    page::{Block, Page, Section, Table},
    report::page_of,
};
use crate::{error::Result, estimate::Estimate, report::Report};
use std::io::Write;

/// Writes a report: accounts, their lines, what is payable, control totals and findings.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn report(report: &Report, output: impl Write) -> Result<()> {
    write(&page_of(report)?, output)
}

/// Writes an estimate as a comment, which is shorter than what a screen shows.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn estimate(estimate: &Estimate, output: impl Write) -> Result<()> {
    write(&comment_of(estimate)?, output)
}

fn write(page: &Page, mut output: impl Write) -> Result<()> {
    output.write_all(text(page).as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn text(page: &Page) -> String {
    let mut blocks = Vec::new();
    blocks.extend(page.title.iter().map(|title| format!("### {}\n", escaped(title))));
    let assumed = page.assumed.then_some("\\* uses **assumed** prices");
    let sentences = page.about.as_deref().map(escaped).into_iter().chain(assumed.map(str::to_owned));
    let sentences: Vec<String> = sentences.collect();
    blocks.extend((!sentences.is_empty()).then(|| format!("{}.\n", sentences.join("; "))));
    page.sections.iter().for_each(|part| section(&mut blocks, part));
    blocks.join("\n")
}

fn section(blocks: &mut Vec<String>, section: &Section) {
    blocks.extend(section.title.iter().map(|title| match section.folded {
        true => format!("<details><summary>{}</summary>\n", escaped(title)),
        false => format!("**{}**\n", escaped(title)),
    }));
    blocks.extend(section.blocks.iter().map(block).filter(|text| !text.is_empty()));
    blocks.extend(section.folded.then(|| "</details>\n".to_owned()));
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(sentence) => format!("{}\n", escaped(sentence)),
        Block::Items(items) => items.iter().map(|item| format!("- {}\n", escaped(item))).collect(),
        Block::Table(cells) => table(cells),
        Block::Facts(facts) => {
            let rows = facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
            table(&Table { header: vec![String::new(); 2], rows: rows.collect(), numbers: Vec::new() })
        }
        Block::Sums(sums) => {
            let amounts = sums.amounts.iter();
            let rows =
                amounts.map(|(name, amount)| vec![(*name).to_owned(), format!("{amount} {}", sums.unit)]);
            table(&Table { header: vec![String::new(); 2], rows: rows.collect(), numbers: vec![1] })
        }
        Block::Notices(found) => {
            let notice = |(code, message): &(&str, String)| format!("- `{code}` {}\n", escaped(message));
            found.notices.iter().map(notice).collect()
        }
    }
}

/// A table with its header, one line for each row.
fn table(table: &Table) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
        format!("|{cells}\n")
    };
    let rule = |column| if table.numbers.contains(&column) { "---:" } else { "---" };
    let mut text = line(&mut table.header.iter().map(|cell| escaped(cell)));
    text += &line(&mut (0..table.header.len()).map(|column| rule(column).to_owned()));
    text.extend(table.rows.iter().map(|row| line(&mut row.iter().map(|cell| escaped(cell)))));
    text
}

/// Text that Markdown shows as it is: no cell, link, mention, emphasis, markup or line of its own begins in it.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '#' => {
                shown.push('\\');
                shown.push(character);
            }
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            // A mention would call somebody.
            '@' => shown.push_str("&#64;"),
            _ if character.is_control() => shown.push(' '),
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_cell() {
        assert_eq!(escaped("a|b\nc"), "a\\|b c");
        assert_eq!(escaped("t.a[\"x\"]"), "t.a\\[\"x\"\\]");
        assert_eq!(escaped("<img src=x>&`*_~#\\"), "&lt;img src=x&gt;&amp;\\`\\*\\_\\~\\#\\\\");
        assert_eq!(escaped("@all"), "&#64;all");
        let rows = vec![vec!["x | y\r\n| z".to_owned(), "1".to_owned()]];
        let cells = Block::table(&["a", "b"], rows, &[1]);
        assert_eq!(block(&cells), "| a | b |\n| --- | ---: |\n| x \\| y  \\| z | 1 |\n");
    }
}
