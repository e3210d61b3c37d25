//! The report for a screen: accounts, their lines, what is payable, control totals and findings.

use super::{
    BEFORE_TAX, RAISED_IS_UPPER_BOUND, control_totals, csv::output_error, finding_words, provenance,
};
use crate::{
    error::Result,
    findings::Finding,
    model::money::Money,
    report::{Column, Report, Row},
    statement::Statement,
};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::{fmt::Write as _, io::Write};

/// How many findings of one code are shown; all are in the JSON.
const FINDINGS_SHOWN: usize = 10;

/// A plain table with a rule under the header; `right` are the columns whose numbers line up.
pub fn plain_table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    // The width depends on the content alone, never on the terminal (R17).
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Writes `report` as text.
pub fn write(report: &Report, mut output: impl Write) -> Result<()> {
    let text = text(report)?;
    output.write_all(text.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn text(report: &Report) -> Result<String> {
    let mut text = String::new();
    let catalog = &report.catalog;
    let assumed = if report.assumed() { "  * uses ASSUMED prices" } else { "" };
    line(
        &mut text,
        &format!(
            "VPC peering traffic, billing month {} ({}), {} in {}{assumed}\n",
            report.month, report.offset, catalog.name, catalog.currency
        ),
    );
    if report.groups.is_some() {
        let rows = report.group_rows().collect::<Result<Vec<Row>>>()?;
        text.push_str(&lines_table(&grouped_columns(report), &rows));
        text.push('\n');
    }
    for statement in &report.statements {
        account(&mut text, report, statement)?;
    }
    total(&mut text, report)?;
    totals(&mut text, report);
    findings(&mut text, &report.findings);
    line(&mut text, "\nBasis");
    let facts = provenance(report).into_iter().map(|(name, value)| vec![name, value]);
    text.push_str(&indented(&headless(facts)));
    for note in &catalog.notes {
        line(&mut text, &format!("  {note}"));
    }
    line(&mut text, &format!("  {BEFORE_TAX}"));
    Ok(text)
}

pub(super) fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

pub(super) fn indented(block: &str) -> String {
    block.lines().map(|line| format!("  {line}\n")).collect()
}

/// Rows without a header.
pub(super) fn headless(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

const LINE_COLUMNS: [Column; 13] = [
    Column::ChargePeriodStart,
    Column::ConnectionId,
    Column::Sender,
    Column::SourceRegion,
    Column::DestinationRegion,
    Column::LinkType,
    Column::PricingQuantity,
    Column::ListUnitPrice,
    Column::ContractedUnitPrice,
    Column::BilledCost,
    Column::MeteredHours,
    Column::RaisedHours,
    Column::RaisedCost,
];

fn grouped_columns(report: &Report) -> Vec<Column> {
    let named = report.options.by.iter().flat_map(|by| by.columns.iter().copied());
    let mut columns: Vec<Column> = named.chain(Column::ALL.into_iter().filter(|c| c.is_summed())).collect();
    if report.columns().contains(&Column::ChargePeriodStart) {
        columns.push(Column::ChargePeriodStart);
    }
    columns.sort_unstable();
    columns.dedup();
    columns.retain(|column| *column != Column::ChargePeriodEnd);
    columns
}

pub(super) fn heading(column: Column) -> &'static str {
    match column {
        Column::ChargePeriodStart => "from",
        Column::ConnectionId => "connection",
        Column::SourceRegion => "source",
        Column::DestinationRegion => "destination",
        Column::LinkType => "link type",
        Column::PricingQuantity => "GB",
        Column::ListUnitPrice => "list price",
        Column::ContractedUnitPrice => "price",
        Column::BilledCost => "cost",
        Column::MeteredHours => "hours",
        Column::RaisedHours => "raised",
        Column::RaisedCost => "raised cost",
        Column::ConsumedBytes => "bytes",
        other => other.name(),
    }
}

pub(super) fn is_number(column: Column) -> bool {
    column.is_summed() || matches!(column, Column::ListUnitPrice | Column::ContractedUnitPrice)
}

fn lines_table(columns: &[Column], rows: &[Row]) -> String {
    let header: Vec<&str> = columns.iter().map(|&column| heading(column)).collect();
    let right: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|&column| cell(row, column)).collect());
    indented(&plain_table(&header, cells, &right))
}

pub(super) fn cell(row: &Row, column: Column) -> String {
    let value = row.get(column);
    match column {
        Column::LinkType if value.is_empty() && row.get(Column::ChargeCategory) == "free" => "free".into(),
        // R18: the mark of an assumed price.
        Column::BilledCost if row.get(Column::PriceStatus) == "assumed" => format!("{value} *"),
        _ => value.to_owned(),
    }
}

fn account(text: &mut String, report: &Report, statement: &Statement) -> Result<()> {
    let currency = &report.catalog.currency;
    line(text, &format!("Account {}", statement.billing_account_id));
    if report.groups.is_none() {
        let lines = report.lines[statement.lines.clone()].iter();
        let rows = lines.map(|own| report.line_row(own)).collect::<Result<Vec<Row>>>()?;
        let shown = report.columns();
        let discounted = |row: &Row| row.get(Column::ListUnitPrice) != row.get(Column::ContractedUnitPrice);
        let list_price = rows.iter().any(discounted);
        let columns: Vec<Column> = LINE_COLUMNS
            .into_iter()
            .filter(|column| shown.contains(column))
            .filter(|column| *column != Column::ListUnitPrice || list_price)
            .collect();
        text.push_str(&lines_table(&columns, &rows));
    }
    let mark = if statement.assumed { " *" } else { "" };
    let sums = [
        ("subtotal", statement.subtotal),
        ("adjustment", statement.adjustment),
        ("payable", statement.payable),
    ];
    let width = sums.iter().map(|(_, money)| money.to_string().len()).max().unwrap_or_default();
    for (name, money) in sums {
        line(text, &format!("  {name:<10}  {:>width$} {currency}{mark}", money.to_string()));
    }
    if statement.raised_hours > 0 {
        let (hours, cost) = (statement.raised_hours, statement.raised_cost);
        line(text, &format!("  raised hours: {hours}, of it {cost} {currency}"));
    }
    text.push('\n');
    Ok(())
}

fn total(text: &mut String, report: &Report) -> Result<()> {
    let currency = &report.catalog.currency;
    let mark = if report.assumed() { " *" } else { "" };
    let accounts = match report.statements.len() {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    line(text, &format!("Payable, {accounts}: {} {currency}{mark}", report.payable()?));
    let raised = report.statements.iter().map(|statement| statement.raised_cost);
    let raised = raised.into_iter().try_fold(Money::ZERO, Money::checked_add)?;
    let hours: u64 = report.statements.iter().map(|statement| statement.raised_hours).sum();
    line(text, &format!("Raised hours: {hours}, cost {raised} {currency}"));
    if hours > 0 {
        line(text, &format!("  {RAISED_IS_UPPER_BOUND}"));
    }
    Ok(())
}

pub(super) fn totals(text: &mut String, report: &Report) {
    let partial = match &report.options.account {
        Some(account) => format!(" (partial statement: account {account}; the totals are of all records)"),
        None => String::new(),
    };
    line(text, &format!("\nControl totals{partial}"));
    let rows = control_totals(report).map(|(name, records, bytes)| vec![name.to_owned(), records, bytes]);
    text.push_str(&indented(&plain_table(&["", "records", "bytes"], rows, &[1, 2])));
}

pub(super) fn findings(text: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        line(text, "\nFindings: none");
        return;
    }
    line(text, &format!("\nFindings: {}", findings.len()));
    for same in findings.chunk_by(|a, b| a.code == b.code) {
        for finding in same.iter().take(FINDINGS_SHOWN) {
            line(text, &finding_line(finding));
        }
        if same.len() > FINDINGS_SHOWN {
            let _ = writeln!(
                text,
                "  [{}] ... and {} more; --format json has them all",
                same[0].code.as_str(),
                same.len() - FINDINGS_SHOWN
            );
        }
    }
}

/// A finding as one line.
pub fn finding_line(finding: &Finding) -> String {
    format!("  [{}] {}", finding.code.as_str(), finding_words(finding))
}
