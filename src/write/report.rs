//! A report as a page: accounts, their lines, what is payable, control totals and findings.

use super::{
    BEFORE_TAX, Lang, RAISED_IS_UPPER_BOUND, control_totals, finding_words,
    page::{Block, Notices, Page, Room, Section, Sums},
    provenance,
    values::value,
};
use crate::{
    catalog::CatalogSummary,
    error::Result,
    model::{finding::Finding, money::Money},
    report::{ChargeCategory, Column, Report, ReportRow},
    statement::Statement,
};

/// How many findings of one code a screen has room for; all are in the JSON.
const FINDINGS_SHOWN: usize = 10;

/// The page of a report.
pub(super) fn page_of(report: &Report, lang: Lang) -> Result<Page> {
    let _ = lang;
    let catalog = &report.catalog;
    let title = format!(
        "VPC peering traffic, billing month {} ({}), {} in {}",
        report.month, report.offset, catalog.name, catalog.currency
    );
    let mut page = Page { assumed: report.assumed(), ..Page::titled(title) };
    if report.groups.is_some() {
        let rows = report.group_rows().collect::<Result<Vec<ReportRow<'_>>>>()?;
        page.sections.push(Section::untitled([lines_table(&grouped_columns(report), &rows)]));
    }
    for statement in &report.statements {
        page.sections.push(account(report, statement)?);
    }
    page.sections.push(payable(report)?);
    page.sections.push(totals(report));
    page.sections.push(findings(&report.findings));
    page.sections.push(basis(provenance(report), catalog));
    Ok(page)
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
    if columns.contains(&Column::BillingAccountId) && report.options.accounts.is_some() {
        columns.push(Column::BillingAccountName);
    }
    columns.sort_unstable();
    columns.dedup();
    columns.retain(|column| *column != Column::ChargePeriodEnd);
    columns
}

/// The name of a column where people read it.
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

/// Whether its values are numbers, and line up.
pub(super) fn is_number(column: Column) -> bool {
    column.is_summed() || matches!(column, Column::ListUnitPrice | Column::ContractedUnitPrice)
}

fn lines_table(columns: &[Column], rows: &[ReportRow<'_>]) -> Block {
    let header: Vec<&str> = columns.iter().map(|&column| heading(column)).collect();
    let numbers: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|&column| cell(row, column)).collect());
    Block::table(&header, cells.collect(), &numbers)
}

/// A value where people read it.
pub(super) fn cell(row: &ReportRow<'_>, column: Column) -> String {
    match column {
        Column::LinkType if row.charge_category == Some(ChargeCategory::Free) && row.link_type.is_none() => {
            "free".into()
        }
        Column::BillingAccountName if row.billing_account_name.is_none() && !row.is_adjustment() => {
            "(no name)".into()
        }
        Column::Account(key) if row.account_value(key).is_none() && !row.is_adjustment() => {
            format!("(no {})", key.key())
        }
        Column::Tag(key) if row.tag(key).is_none() && !row.is_adjustment() => format!("(no {})", key.key()),
        // R18: the mark of an assumed price.
        Column::BilledCost if row.is_assumed() => format!("{} *", value(row, column)),
        _ => value(row, column),
    }
}

fn account(report: &Report, statement: &Statement) -> Result<Section> {
    let currency = &report.catalog.currency;
    let account = report.account_label(&statement.billing_account_id);
    let mut account = Section::new(format!("Account {account}"), []);
    if report.groups.is_none() {
        account.blocks.push(lines_of(report, statement)?);
    }
    let mark = if statement.assumed { " *" } else { "" };
    let amounts = [
        ("subtotal", statement.subtotal),
        ("adjustment", statement.adjustment),
        ("payable", statement.payable),
    ];
    let amounts = amounts.map(|(name, money)| (name, money.to_string())).into();
    account.blocks.push(Block::Sums(Sums { amounts, unit: format!("{currency}{mark}") }));
    if statement.raised_hours > 0 {
        let (hours, cost) = (statement.raised_hours, statement.raised_cost);
        account.blocks.push(Block::item(format!("raised hours: {hours}, of it {cost} {currency}")));
    }
    Ok(account)
}

fn lines_of(report: &Report, statement: &Statement) -> Result<Block> {
    let lines = report.lines[statement.lines.clone()].iter();
    let rows = lines.map(|line| report.line_row(line)).collect::<Result<Vec<ReportRow<'_>>>>()?;
    let shown = report.columns();
    let discounted = |row: &ReportRow<'_>| row.list_unit_price != row.contracted_unit_price;
    let list_price = rows.iter().any(discounted);
    let columns: Vec<Column> = LINE_COLUMNS
        .into_iter()
        .filter(|column| shown.contains(column))
        .filter(|column| *column != Column::ListUnitPrice || list_price)
        .collect();
    Ok(lines_table(&columns, &rows))
}

fn payable(report: &Report) -> Result<Section> {
    let currency = &report.catalog.currency;
    let mark = if report.assumed() { " *" } else { "" };
    let accounts = match report.statements.len() {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    let title = format!("Payable, {accounts}: {} {currency}{mark}", report.payable()?);
    let (hours, cost) = raised(report)?;
    let mut payable =
        Section::new(title, [Block::Paragraph(format!("Raised hours: {hours}, cost {cost} {currency}"))]);
    if hours > 0 {
        payable.blocks.push(Block::item(RAISED_IS_UPPER_BOUND));
    }
    Ok(payable)
}

/// The raised hours of all accounts shown, and what they cost.
pub(super) fn raised(report: &Report) -> Result<(u64, Money)> {
    let costs = report.statements.iter().map(|statement| statement.raised_cost);
    let cost = costs.into_iter().try_fold(Money::ZERO, Money::checked_add)?;
    Ok((report.statements.iter().map(|statement| statement.raised_hours).sum(), cost))
}

/// Where every record went (R14).
pub(super) fn totals(report: &Report) -> Section {
    let partial = match &report.options.account {
        Some(account) => format!(" (partial statement: account {account}; the totals are of all records)"),
        None => String::new(),
    };
    Section::new(format!("Control totals{partial}"), [totals_table(control_totals(report))])
}

/// Control totals as a table.
pub(super) fn totals_table(totals: [(&'static str, String, String); 5]) -> Block {
    let rows = totals.map(|(name, records, bytes)| vec![name.to_owned(), records, bytes]);
    Block::table(&["", "records", "bytes"], rows.into(), &[1, 2])
}

/// What was found (R16).
pub(super) fn findings(findings: &[Finding]) -> Section {
    if findings.is_empty() {
        return Section::new("Findings: none", []);
    }
    let notices = findings.iter().map(|finding| (finding.code.as_str(), finding_words(finding)));
    let notices = Notices { notices: notices.collect(), room: Room::OfEachCode(FINDINGS_SHOWN) };
    Section::new(format!("Findings: {}", findings.len()), [Block::Notices(notices)])
}

/// What the figures rest on.
pub(super) fn basis(facts: Vec<(String, String)>, catalog: &CatalogSummary) -> Section {
    let mut notes = catalog.notes.clone();
    notes.push(BEFORE_TAX.to_owned());
    Section { folded: true, ..Section::new("Basis", [Block::Facts(facts), Block::Items(notes)]) }
}
