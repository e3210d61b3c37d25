//! An estimate as a page: scenarios side by side, then their lines, then advice and provenance.

use super::{
    abouts, advice, change_tables,
    comment::{accounts_table, connections_table, missing, scenarios_table},
    coverage, facts, findings, marked, notes_once, partial_note, shared,
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate, Scenario},
    report::{Column, ReportRow},
    write::{
        Lang, finding_words_in,
        lang::{EstimateTexts, fill},
        page::{Block, Notices, Page, Room, Section},
        report::{self, LineCells, heading, is_number, yields},
        values::value,
    },
};
/// How many notes a screen has room for; all are in the JSON.
const NOTES_SHOWN: usize = 20;

/// The page of an estimate.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen shows lines so"))]
pub(in crate::write) fn page_of(estimate: &Estimate, lang: Lang) -> Result<Page> {
    let (mut page, behind) = page_parts(estimate, lang)?;
    page.sections.extend(lines(estimate, lang)?);
    page.sections.extend(behind);
    Ok(page)
}

/// The page of an estimate up to its lines, and the sections behind them.
pub(in crate::write) fn page_parts(estimate: &Estimate, lang: Lang) -> Result<(Page, Vec<Section>)> {
    let (catalog, texts) = (&estimate.catalog, lang.texts());
    let mut sections = vec![scenarios(estimate, lang)?];
    match &estimate.changes {
        Some(planned) => sections.extend(changes(estimate, planned, lang)?),
        None => {
            sections.push(accounts(estimate, &texts.estimate));
            sections.extend(connections(estimate, &texts.estimate)?);
        }
    }
    sections.extend(advice(estimate, lang)?);
    sections.extend(missing(estimate, lang));
    sections.extend(notes(estimate, lang));
    let mut behind = Vec::new();
    if estimate.measured {
        behind.extend(shared(estimate).map(|shared| report::totals(shared, lang)));
        behind.push(report::findings(&findings(estimate), usize::MAX, lang));
    }
    behind.push(report::basis(facts(estimate, lang), catalog, lang));
    Ok((Page { assumed: estimate.assumed(), sections, ..Page::titled(title(estimate, lang), lang) }, behind))
}

/// What an estimate is made from, and with which prices.
pub(in crate::write) fn title(estimate: &Estimate, lang: Lang) -> String {
    let (catalog, texts) = (&estimate.catalog, lang.texts());
    let offset = estimate.offset.to_string();
    let prices = match estimate.month {
        Some(month) => {
            fill(&texts.estimate.month_and_offset, &[("month", &month.to_string()), ("offset", &offset)])
        }
        None => texts.estimate.newest_prices.clone(),
    };
    let values = [
        ("source", texts.word(estimate.source)),
        ("prices", &prices),
        ("catalog", &catalog.name),
        ("currency", &catalog.currency),
    ];
    fill(&texts.estimate.title, &values)
}

fn scenarios(estimate: &Estimate, lang: Lang) -> Result<Section> {
    let texts = lang.texts();
    let reference = estimate.reference().map_or("", |scenario| scenario.name);
    let table = scenarios_table(estimate, lang)?;
    let bound = estimate.measured.then(|| texts.report.raised_is_upper_bound.clone());
    let about = abouts(estimate, lang).chain(bound).chain(partial_note(estimate, lang)).collect();
    let title = fill(&texts.estimate.scenarios, &[("reference", reference)]);
    Ok(Section::new(title, [table, Block::Items(about)]))
}

fn accounts(estimate: &Estimate, texts: &EstimateTexts) -> Section {
    Section::new(&texts.payable_by_account, [accounts_table(estimate, &[&texts.account], texts)])
}

/// What connections cost; where none has a name, the lines say it.
fn connections(estimate: &Estimate, texts: &EstimateTexts) -> Result<Option<Section>> {
    let table = connections_table(estimate, &[&texts.connection, &texts.gb], texts)?;
    Ok(table.map(|table| Section::new(&texts.cost_by_connection, [table])))
}

/// What a Terraform plan changes.
fn changes(estimate: &Estimate, changes: &Changes, lang: Lang) -> Result<Vec<Section>> {
    let texts = &lang.texts().estimate;
    let (connections, accounts) = change_tables(estimate, changes, lang)?;
    let mut sections =
        vec![Section::new(&texts.changes, [connections, Block::item(coverage(changes, lang))])];
    sections.extend(accounts.map(|accounts| Section::new(&texts.changes_by_account, [accounts])));
    Ok(sections)
}

/// Columns that a screen has no room for, or that say the same on every line.
const LEFT_OUT: [Column; 6] = [
    Column::BillingMonth,
    Column::ChargePeriodEnd,
    Column::PeerAccountId,
    Column::ChargeCategory,
    Column::BillingCurrency,
    Column::PriceStatus,
];

/// The lines of all scenarios, where there are any.
fn lines(estimate: &Estimate, lang: Lang) -> Result<Option<Section>> {
    let texts = &lang.texts().estimate;
    let line_cells = LineCells { lang, catalog: &estimate.catalog, days: None };
    let mut rows: Vec<(&Scenario, ReportRow<'_>)> = Vec::new();
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            rows.push((scenario, row?));
        }
    }
    let columns = line_columns(estimate, &rows);
    let header: Vec<&str> = [texts.scenario.as_str()]
        .into_iter()
        .chain(columns.iter().map(|&column| column_title(column, lang)))
        .collect();
    let numbers: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).map(|i| i + 1).collect();
    let cells = rows.iter().map(|(scenario, row)| {
        let assumed = line_assumed(scenario, row);
        let cells = columns.iter().map(|&column| line_cell(&line_cells, row, column, assumed));
        [scenario.name.to_owned()].into_iter().chain(cells).collect()
    });
    let table = Block::table(&header, cells.collect(), &numbers).with_yields(yields(&columns, 1));
    Ok((!rows.is_empty()).then(|| Section::new(&texts.lines, [table])))
}

/// The columns in which any of the lines has something to say.
fn line_columns(estimate: &Estimate, rows: &[(&Scenario, ReportRow<'_>)]) -> Vec<Column> {
    let discounted = |row: &ReportRow<'_>| row.list_unit_price != row.contracted_unit_price;
    let list_price = rows.iter().any(|(_, row)| discounted(row));
    // An adjustment has its name where lines have their link type.
    let shows = |row: &ReportRow<'_>, column| {
        !value(row, column).is_empty() || column == Column::LinkType && row.is_adjustment()
    };
    let filled = |column: &Column| rows.iter().any(|(_, row)| shows(row, *column));
    let mut columns = estimate.columns();
    columns.retain(|column| !LEFT_OUT.contains(column) && filled(column));
    columns.retain(|column| *column != Column::ListUnitPrice || list_price);
    columns.retain(|column| *column != Column::ConsumedBytes || !estimate.measured);
    columns
}

fn column_title(column: Column, lang: Lang) -> &'static str {
    if column == Column::BillingAccountId {
        &lang.texts().report.account_column
    } else {
        heading(column, lang)
    }
}

/// Whether an assumed price touched a line; an adjustment is what its account's lines are (R18).
fn line_assumed(scenario: &Scenario, row: &ReportRow<'_>) -> bool {
    let of_account = || {
        let mut statements = scenario.report().into_iter().flat_map(|report| &report.statements);
        statements.any(|of| of.assumed && Some(&*of.billing_account_id) == row.billing_account_id)
    };
    row.is_assumed() || row.is_adjustment() && of_account()
}

fn line_cell(cells: &LineCells<'_>, row: &ReportRow<'_>, column: Column, assumed: bool) -> String {
    const PRICED: [Column; 4] =
        [Column::ListUnitPrice, Column::ContractedUnitPrice, Column::BilledCost, Column::RaisedCost];
    if column == Column::LinkType && row.is_adjustment() {
        return cells.lang.texts().word("adjustment").to_owned();
    }
    let text = value(row, column);
    if PRICED.contains(&column) && !text.is_empty() { marked(text, assumed) } else { cells.cell(row, column) }
}

fn notes(estimate: &Estimate, lang: Lang) -> Option<Section> {
    let notes = notes_once(estimate);
    let title = fill(&lang.texts().estimate.before_choosing_count, &[("count", &notes.len().to_string())]);
    let notices: Vec<_> =
        notes.into_iter().map(|note| (note.code.as_str(), finding_words_in(note, lang))).collect();
    let room = Room::InAll(NOTES_SHOWN);
    (!notices.is_empty()).then(|| Section::new(title, [Block::Notices(Notices { notices, room })]))
}
