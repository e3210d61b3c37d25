//! An estimate as GitHub-flavoured Markdown: the comment under a pull request.
//!
//! Whatever comes from an input is escaped, so that no name can leave its cell.

use super::{
    NOT_PRICED,
    changes::{TextTable, change_tables, coverage},
    facts, findings, marked, not_priced, reason_for, supplying, told_once, words,
};
use crate::{
    error::Result,
    estimate::{Estimate, Scenario, per_year},
    model::link::LinkType,
    write::{BEFORE_TAX, csv::output_error},
};
use std::{collections::BTreeMap, fmt::Write as _, io::Write};

/// Writes `estimate` as Markdown.
pub fn write(estimate: &Estimate, mut output: impl Write) -> Result<()> {
    let text = text(estimate)?;
    output.write_all(text.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn text(estimate: &Estimate) -> Result<String> {
    let mut text = String::new();
    let catalog = &estimate.catalog;
    let of = estimate.month.map_or("newest prices".into(), |month| format!("billing month {month}"));
    let assumed = if estimate.assumed() { "; \\* uses **assumed** prices" } else { "" };
    line(&mut text, "### VPC peering traffic, what if");
    let (source, currency) = (estimate.source, escaped(&catalog.currency));
    let name = escaped(&catalog.name);
    line(&mut text, &format!("\nFrom {source}, {of}, {name} in {currency}{assumed}.\n"));
    scenarios(&mut text, estimate)?;
    match &estimate.changes {
        Some(changes) => {
            let [connections, accounts] = change_tables(changes)?;
            line(&mut text, "\nPer month, not rounded as a bill is:\n");
            table(&mut text, &connections);
            line(&mut text, &format!("\n{}\n", coverage(changes)));
            table(&mut text, &accounts);
        }
        None => connections(&mut text, estimate)?,
    }
    missing(&mut text, estimate);
    told(&mut text, estimate);
    line(&mut text, "\n<details><summary>Basis</summary>\n");
    let rows = facts(estimate).into_iter().map(|(name, value)| vec![name, value]).collect();
    table(&mut text, &TextTable { header: &["", ""], rows, right: &[] });
    line(&mut text, "");
    for note in &catalog.notes {
        line(&mut text, &format!("- {}", escaped(note)));
    }
    line(&mut text, &format!("- {BEFORE_TAX}\n\n</details>"));
    Ok(text)
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A table with its header, one line for each row.
fn table(text: &mut String, table: &TextTable) {
    let cells =
        |cells: &mut dyn Iterator<Item = String>| cells.map(|cell| format!(" {cell} |")).collect::<String>();
    let header = cells(&mut table.header.iter().map(|cell| escaped(cell)));
    let rule = |column| if table.right.contains(&column) { "---:" } else { "---" };
    let rule = cells(&mut (0..table.header.len()).map(|column| rule(column).to_owned()));
    line(text, &format!("|{header}\n|{rule}"));
    for row in &table.rows {
        line(text, &format!("|{}", cells(&mut row.iter().map(|cell| escaped(cell)))));
    }
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

fn scenarios(text: &mut String, estimate: &Estimate) -> Result<()> {
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        rows.push(scenario_cells(estimate, scenario)?);
    }
    let header: &'static [&'static str] = if estimate.measured {
        &["scenario", "SLA", "payable", "difference", "raised hours"]
    } else {
        &["scenario", "SLA", "payable", "difference per month", "per year (x 12)"]
    };
    table(text, &TextTable { header, rows, right: &[2, 3, 4] });
    line(text, "");
    for scenario in &estimate.scenarios {
        line(text, &format!("- {}: {}", escaped(scenario.name), escaped(&scenario.about)));
    }
    Ok(())
}

fn scenario_cells(estimate: &Estimate, scenario: &Scenario) -> Result<Vec<String>> {
    let by = if estimate.measured { "by the hour" } else { "by connection" };
    let sla = scenario.link_type.map_or(by, LinkType::sla);
    let (assumed, of_difference) = (scenario.assumed(), estimate.difference_assumed(scenario));
    let mut cells = vec![scenario.name.to_owned(), sla.to_owned()];
    let (Some(report), Some(difference)) = (scenario.report(), estimate.difference(scenario)?) else {
        cells.push(NOT_PRICED.into());
        cells.resize(5, String::new());
        return Ok(cells);
    };
    cells.extend([marked(report.payable()?, assumed), marked(difference, of_difference)]);
    cells.push(if estimate.measured {
        report.statements.iter().map(|statement| statement.raised_hours).sum::<u64>().to_string()
    } else {
        marked(per_year(difference)?, of_difference)
    });
    Ok(cells)
}

/// What connections and accounts cost in each scenario.
fn connections(text: &mut String, estimate: &Estimate) -> Result<()> {
    let gb = estimate.catalog.gb;
    let mut costs: BTreeMap<String, BTreeMap<&str, String>> = BTreeMap::new();
    let mut paid: BTreeMap<String, BTreeMap<&str, String>> = BTreeMap::new();
    for scenario in &estimate.scenarios {
        for (id, cost) in scenario.connections()?.into_iter().filter(|(id, _)| !id.is_empty()) {
            let cell = marked(cost.amount.printed(gb)?, cost.assumed);
            costs.entry(id.to_owned()).or_default().insert(scenario.name, cell);
        }
        for own in scenario.report().into_iter().flat_map(|report| &report.statements) {
            let cell = marked(own.payable, own.assumed);
            paid.entry(own.billing_account_id.clone()).or_default().insert(scenario.name, cell);
        }
    }
    for (title, rows) in [("account, payable", paid), ("connection", costs)] {
        if rows.is_empty() {
            continue;
        }
        let names = estimate.scenarios.iter().map(|scenario| escaped(scenario.name));
        let header: Vec<String> = [title.to_owned()].into_iter().chain(names).collect();
        line(text, &format!("\n| {} |", header.join(" | ")));
        line(text, &format!("| --- |{}", " ---: |".repeat(header.len() - 1)));
        for (name, values) in rows {
            let cells = estimate.scenarios.iter().map(|scenario| match scenario.report() {
                Some(_) => values.get(scenario.name).map_or(String::new(), |value| escaped(value)),
                None => NOT_PRICED.into(),
            });
            let cells: Vec<String> = cells.collect();
            line(text, &format!("| {} | {} |", escaped(&name), cells.join(" | ")));
        }
    }
    Ok(())
}

fn missing(text: &mut String, estimate: &Estimate) {
    for (name, missing, supply) in not_priced(estimate) {
        let _ = writeln!(text, "\n**Not priced: {}**\n", escaped(name));
        for price in missing {
            line(text, &format!("- {}", escaped(&reason_for(price))));
        }
        let supply = supply.iter().map(|argument| escaped(&supplying(argument)));
        supply.for_each(|command| line(text, &format!("- supplied by: {command}")));
    }
}

/// What a reader should know before choosing, and what was found in the traffic.
fn told(text: &mut String, estimate: &Estimate) {
    let notes = told_once(estimate).into_iter().map(|note| (note.code.as_str(), words(note)));
    let findings = findings(estimate).into_iter().map(|finding| (finding.code.as_str(), finding.message));
    let told: Vec<(&str, String)> = notes.chain(findings).collect();
    if told.is_empty() {
        return;
    }
    line(text, "\n**Before choosing**\n");
    for (code, message) in told {
        line(text, &format!("- `{code}` {}", escaped(&message)));
    }
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
        let mut text = String::new();
        let rows = vec![vec!["x | y\r\n| z".to_owned(), "1".to_owned()]];
        table(&mut text, &TextTable { header: &["a", "b"], rows, right: &[1] });
        assert_eq!(text, "| a | b |\n| --- | ---: |\n| x \\| y  \\| z | 1 |\n");
    }
}
