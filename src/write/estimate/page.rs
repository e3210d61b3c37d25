//! An estimate as a page: scenarios side by side, then their lines, then advice and provenance.

use super::{
    changes::{change_tables, coverage},
    comment::{
        PARTIAL_HEADER, QUANTITIES_HEADER, accounts_table, connections_table, missing, scenario_cells,
    },
    facts, findings, marked, notes_once, partial_note, shared,
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate, Scenario, ScheduleAdvice, Share, Timing},
    model::money::Money,
    report::{Column, ReportRow},
    write::{
        Lang, RAISED_IS_UPPER_BOUND, finding_words,
        page::{Block, Notices, Page, Room, Section},
        report::{self, cell, heading, is_number},
        values::value,
    },
};
/// How many notes a screen has room for; all are in the JSON.
const NOTES_SHOWN: usize = 20;

/// The page of an estimate.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen shows lines so"))]
pub(in crate::write) fn page_of(estimate: &Estimate, lang: Lang) -> Result<Page> {
    let (mut page, behind) = page_parts(estimate, lang)?;
    page.sections.push(lines(estimate)?);
    page.sections.extend(behind);
    Ok(page)
}

/// The page of an estimate up to its lines, and the sections behind them.
pub(in crate::write) fn page_parts(estimate: &Estimate, _lang: Lang) -> Result<(Page, Vec<Section>)> {
    let catalog = &estimate.catalog;
    let prices = match estimate.month {
        Some(month) => format!("billing month {month} ({})", estimate.offset),
        None => "newest prices".into(),
    };
    let title = format!(
        "VPC peering traffic, what if: from {}, {prices}, {} in {}",
        estimate.source, catalog.name, catalog.currency
    );
    let mut sections = vec![scenarios(estimate)?];
    match &estimate.changes {
        Some(planned) => sections.extend(changes(estimate, planned)?),
        None => {
            sections.push(accounts(estimate));
            sections.extend(connections(estimate)?);
        }
    }
    for timing in estimate.timings.iter().filter(|timing| !timing.connections.is_empty()) {
        sections.push(switches(timing, estimate)?);
    }
    sections.extend(estimate.schedule.iter().flat_map(schedule));
    sections.extend(missing(estimate));
    sections.extend(notes(estimate));
    let mut behind = Vec::new();
    if estimate.measured {
        behind.extend(shared(estimate).map(report::totals));
        behind.push(report::findings(&findings(estimate)));
    }
    behind.push(report::basis(facts(estimate), catalog));
    Ok((Page { assumed: estimate.assumed(), sections, ..Page::titled(title) }, behind))
}

fn scenarios(estimate: &Estimate) -> Result<Section> {
    let reference = estimate.reference().map_or("", |scenario| scenario.name);
    // A year is told from planned quantities; a measured month is one of twelve that need not be alike.
    let header: &[&str] = match (estimate.measured, estimate.partial()) {
        (true, _) => &["scenario", "SLA", "payable", "difference per month", "raised hours", "raised cost"],
        (false, false) => &QUANTITIES_HEADER,
        (false, true) => &PARTIAL_HEADER,
    };
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        rows.push(scenario_cells(estimate, scenario, header.len())?);
    }
    let table = Block::table(header, rows, &[2, 3, 4, 5]);
    let about = estimate.scenarios.iter().map(|scenario| format!("{}: {}", scenario.name, scenario.about));
    let bound = estimate.measured.then(|| RAISED_IS_UPPER_BOUND.to_owned());
    let about = Block::Items(about.chain(bound).chain(partial_note(estimate)).collect());
    Ok(Section::new(format!("Scenarios; differences are to {reference}"), [table, about]))
}

fn accounts(estimate: &Estimate) -> Section {
    Section::new("Payable by account", [accounts_table(estimate, &["account"])])
}

/// What connections cost; where none has a name, the lines say it.
fn connections(estimate: &Estimate) -> Result<Option<Section>> {
    let table = connections_table(estimate, &["connection", "GB"])?;
    Ok(table.map(|table| Section::new("Cost by connection", [table])))
}

/// What a Terraform plan changes.
fn changes(estimate: &Estimate, changes: &Changes) -> Result<[Section; 2]> {
    let [connections, accounts] = change_tables(estimate, changes)?;
    let title = "Changes of the plan, per month; not rounded as a bill is";
    Ok([
        Section::new(title, [connections, Block::item(coverage(changes))]),
        Section::new("Changes by account", [accounts]),
    ])
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

fn lines(estimate: &Estimate) -> Result<Section> {
    let mut rows: Vec<(&Scenario, ReportRow<'_>)> = Vec::new();
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            rows.push((scenario, row?));
        }
    }
    let columns = line_columns(estimate, &rows);
    let header: Vec<&str> =
        ["scenario"].into_iter().chain(columns.iter().map(|&column| title(column))).collect();
    let numbers: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).map(|i| i + 1).collect();
    let cells = rows.iter().map(|(scenario, row)| {
        let assumed = line_assumed(scenario, row);
        let cells = columns.iter().map(|&column| line_cell(row, column, assumed));
        [scenario.name.to_owned()].into_iter().chain(cells).collect()
    });
    Ok(Section::new("Lines", [Block::table(&header, cells.collect(), &numbers)]))
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

fn title(column: Column) -> &'static str {
    if column == Column::BillingAccountId { "account" } else { heading(column) }
}

/// Whether an assumed price touched a line; an adjustment is what its account's lines are (R18).
fn line_assumed(scenario: &Scenario, row: &ReportRow<'_>) -> bool {
    let of_account = || {
        let mut statements = scenario.report().into_iter().flat_map(|report| &report.statements);
        statements.any(|of| of.assumed && Some(&*of.billing_account_id) == row.billing_account_id)
    };
    row.is_assumed() || row.is_adjustment() && of_account()
}

fn line_cell(row: &ReportRow<'_>, column: Column, assumed: bool) -> String {
    const PRICED: [Column; 4] =
        [Column::ListUnitPrice, Column::ContractedUnitPrice, Column::BilledCost, Column::RaisedCost];
    if column == Column::LinkType && row.is_adjustment() {
        return "adjustment".into();
    }
    let text = value(row, column);
    if PRICED.contains(&column) && !text.is_empty() { marked(text, assumed) } else { cell(row, column) }
}

fn switches(timing: &Timing, estimate: &Estimate) -> Result<Section> {
    let (gb, currency) = (estimate.catalog.gb, &estimate.catalog.currency);
    let mut rows = Vec::new();
    for cost in &timing.connections {
        rows.push(vec![
            cost.connection.to_string(),
            cost.switches.to_string(),
            cost.raised_hours.to_string(),
            marked(cost.raised_cost, cost.assumed),
            marked(cost.amount.printed(gb)?, cost.assumed),
            marked(cost.just_after.printed(gb)?, cost.assumed),
            marked(cost.well_timed.printed(gb)?, cost.assumed),
            marked(cost.saving, cost.assumed),
        ]);
    }
    let header = [
        "connection",
        "switches",
        "raised hours",
        "raised cost",
        "cost",
        "just after the hour",
        "well timed",
        "saving",
    ];
    let money = |money: Money| marked(money, timing.assumed);
    let (payable, after) = (money(timing.payable), money(timing.just_after_payable));
    let (well_timed, saving) = (money(timing.well_timed_payable), money(timing.saving()?));
    let sums = vec![
        format!(
            "All accounts pay {payable} {currency}; with every switch just after the hour instead {after}"
        ),
        format!("Well timed, up just after the hour and down just before it, {well_timed}: {saving} less"),
    ];
    let table = Block::table(&header, rows, &[1, 2, 3, 4, 5, 6, 7]);
    Ok(Section::new(format!("Switches of {}", timing.scenario), [table, Block::Items(sums)]))
}

fn schedule(advice: &ScheduleAdvice) -> Vec<Section> {
    let rows = advice.windows.iter().map(|window| {
        vec![
            window.window.clone(),
            window.whole_hours.to_string(),
            window.lifted_hours.to_string(),
            window.up_at.clone(),
            window.down_at.clone(),
            if window.too_short() { "too short to pay: no whole hour in it" } else { "" }.into(),
        ]
    });
    let header = ["Platinum in", "whole hours", "lifted hours", "switch up at", "switch down at", ""];
    let gaps = advice.gaps_without_gold.iter();
    let gaps =
        gaps.map(|gap| format!("From {gap} no hour is billed at Gold: switching down and up saves nothing"));
    let no_share = (advice.shares.is_empty() && advice.missing.is_none())
        .then(|| "No break-even share: over Platinum this traffic is no dearer than over Gold".to_owned());
    let table = Block::table(&header, rows.collect(), &[1, 2]);
    let title = format!("Schedule ({})", advice.offset);
    let mut sections = vec![Section::new(title, [table, Block::Items(gaps.chain(no_share).collect())])];
    sections.extend((!advice.shares.is_empty()).then(|| shares(advice)));
    sections
}

fn shares(advice: &ScheduleAdvice) -> Section {
    let name = |share: &Share| share.connection.as_deref().unwrap_or("all").to_owned();
    let rows = advice.shares.iter().map(|share| {
        let percent =
            [share.in_windows, share.lifted, share.break_even].map(|percent| marked(percent, advice.assumed));
        [name(share)].into_iter().chain(percent).collect()
    });
    let header = ["connection", "in windows", "in lifted hours", "all-platinum is no dearer from"];
    Section::new(
        "Share of the traffic in percent, weighed by the difference of its prices",
        [Block::table(&header, rows.collect(), &[1, 2, 3])],
    )
}

fn notes(estimate: &Estimate) -> Option<Section> {
    let notes = notes_once(estimate);
    let title = format!("Before choosing: {}", notes.len());
    let notices: Vec<_> = notes.into_iter().map(|note| (note.code.as_str(), finding_words(note))).collect();
    let room = Room::InAll(NOTES_SHOWN);
    (!notices.is_empty()).then(|| Section::new(title, [Block::Notices(Notices { notices, room })]))
}
