//! An estimate for a screen: scenarios side by side, then their lines, then advice and provenance.

use super::{
    NOT_PRICED,
    changes::{change_tables, coverage},
    facts, findings, marked, not_priced, reason_for, shared, supplying, told_once, words,
};
use crate::{
    error::Result,
    estimate::{
        Estimate, Scenario, per_year,
        schedule::{ScheduleAdvice, Share},
        terraform::Changes,
        timing::Timing,
    },
    model::{link::LinkType, money::Money},
    report::{Column, Row},
    write::{
        BEFORE_TAX, RAISED_IS_UPPER_BOUND,
        csv::output_error,
        table::{cell, heading, headless, indented, is_number, line, plain_table},
    },
};
use std::{collections::BTreeMap, io::Write};

/// How many notes are shown; all are in the JSON.
const NOTES_SHOWN: usize = 20;

/// Writes `estimate` as text.
pub fn write(estimate: &Estimate, mut output: impl Write) -> Result<()> {
    let text = text(estimate)?;
    output.write_all(text.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

fn text(estimate: &Estimate) -> Result<String> {
    let mut text = String::new();
    let catalog = &estimate.catalog;
    let assumed = if estimate.assumed() { "  * uses ASSUMED prices" } else { "" };
    let of = match estimate.month {
        Some(month) => format!("billing month {month} ({})", estimate.offset),
        None => "newest prices".into(),
    };
    let (source, currency) = (estimate.source, &catalog.currency);
    line(
        &mut text,
        &format!(
            "VPC peering traffic, what if: from {source}, {of}, {} in {currency}{assumed}\n",
            catalog.name
        ),
    );
    scenarios(&mut text, estimate)?;
    match &estimate.changes {
        Some(own) => changes(&mut text, own)?,
        None => {
            accounts(&mut text, estimate)?;
            connections(&mut text, estimate)?;
        }
    }
    for timing in &estimate.timings {
        switches(&mut text, timing, estimate)?;
    }
    if let Some(advice) = &estimate.schedule {
        schedule(&mut text, advice);
    }
    missing(&mut text, estimate);
    notes(&mut text, estimate);
    lines(&mut text, estimate)?;
    if estimate.measured {
        shared(estimate).into_iter().for_each(|report| crate::write::table::totals(&mut text, report));
        crate::write::table::findings(&mut text, &findings(estimate));
    }
    line(&mut text, "\nBasis");
    let facts = facts(estimate).into_iter().map(|(name, value)| vec![name, value]);
    text.push_str(&indented(&headless(facts)));
    for note in &catalog.notes {
        line(&mut text, &format!("  {note}"));
    }
    line(&mut text, &format!("  {BEFORE_TAX}"));
    Ok(text)
}

fn scenarios(text: &mut String, estimate: &Estimate) -> Result<()> {
    let reference = estimate.reference().map_or("", |scenario| scenario.name);
    line(text, &format!("Scenarios; differences are to {reference}"));
    let mut header = vec!["scenario", "SLA", "payable", "difference per month"];
    // A year is told from planned quantities; a measured month is one of twelve that need not be alike.
    header.push(if estimate.measured { "raised hours" } else { "per year (x 12)" });
    if estimate.measured {
        header.push("raised cost");
    }
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        rows.push(scenario_cells(estimate, scenario, header.len())?);
    }
    text.push_str(&indented(&plain_table(&header, rows, &[2, 3, 4, 5])));
    for scenario in &estimate.scenarios {
        line(text, &format!("  {}: {}", scenario.name, scenario.about));
    }
    if estimate.measured {
        line(text, &format!("  {RAISED_IS_UPPER_BOUND}"));
    }
    Ok(())
}

fn scenario_cells(estimate: &Estimate, scenario: &Scenario, width: usize) -> Result<Vec<String>> {
    let by = if estimate.measured { "by the hour" } else { "by connection" };
    let sla = scenario.link_type.map_or(by, LinkType::sla);
    let mut cells = vec![scenario.name.to_owned(), sla.to_owned()];
    let (Some(report), Some(difference)) = (scenario.report(), estimate.difference(scenario)?) else {
        cells.push(NOT_PRICED.into());
        cells.resize(width, String::new());
        return Ok(cells);
    };
    let assumed = scenario.assumed();
    let of_difference = estimate.difference_assumed(scenario);
    cells.extend([marked(report.payable()?, assumed), marked(difference, of_difference)]);
    if !estimate.measured {
        cells.push(marked(per_year(difference)?, of_difference));
        return Ok(cells);
    }
    let raised = report.statements.iter().map(|statement| statement.raised_cost);
    let raised = raised.into_iter().try_fold(Money::ZERO, Money::checked_add)?;
    let hours: u64 = report.statements.iter().map(|statement| statement.raised_hours).sum();
    cells.extend([hours.to_string(), marked(raised, assumed)]);
    Ok(cells)
}

/// A table with a column for each scenario; `values` are by scenario and key.
fn side_by_side(
    text: &mut String,
    estimate: &Estimate,
    titles: &[&str],
    rows: &BTreeMap<String, Vec<String>>,
    values: &[Option<BTreeMap<String, String>>],
) {
    let mut header = titles.to_vec();
    header.extend(estimate.scenarios.iter().map(|scenario| scenario.name));
    let right: Vec<usize> = (titles.len()..header.len()).collect();
    let cells = rows.iter().map(|(key, titles)| {
        let values = values.iter().map(|own| match own {
            Some(own) => own.get(key).cloned().unwrap_or_default(),
            None => NOT_PRICED.into(),
        });
        titles.iter().cloned().chain(values).collect()
    });
    text.push_str(&indented(&plain_table(&header, cells, &right)));
}

fn accounts(text: &mut String, estimate: &Estimate) -> Result<()> {
    let mut rows = BTreeMap::new();
    let mut values = Vec::new();
    for scenario in &estimate.scenarios {
        values.push(scenario.report().map(|report| {
            let of = report.statements.iter();
            let paid = of.map(|own| (own.billing_account_id.clone(), marked(own.payable, own.assumed)));
            paid.collect::<BTreeMap<String, String>>()
        }));
    }
    for account in values.iter().flatten().flat_map(BTreeMap::keys) {
        rows.insert(account.clone(), vec![account.clone()]);
    }
    line(text, "\nPayable by account");
    side_by_side(text, estimate, &["account"], &rows, &values);
    Ok(())
}

/// What connections cost; where none has a name, the lines say it.
fn connections(text: &mut String, estimate: &Estimate) -> Result<()> {
    let gb = estimate.catalog.gb;
    let (mut rows, mut values) = (BTreeMap::new(), Vec::new());
    for scenario in &estimate.scenarios {
        let mut costs = BTreeMap::new();
        for (id, cost) in scenario.connections()? {
            rows.insert(id.to_owned(), vec![id.to_owned(), gb.quantity(cost.bytes)?.text(0)]);
            costs.insert(id.to_owned(), marked(cost.amount.printed(gb)?, cost.assumed));
        }
        values.push(scenario.report().is_some().then_some(costs));
    }
    rows.remove("");
    if rows.is_empty() {
        return Ok(());
    }
    line(text, "\nCost by connection");
    side_by_side(text, estimate, &["connection", "GB"], &rows, &values);
    Ok(())
}

/// What a Terraform plan changes.
fn changes(text: &mut String, changes: &Changes) -> Result<()> {
    let [connections, accounts] = change_tables(changes)?;
    line(text, "\nChanges of the plan, per month; not rounded as a bill is");
    text.push_str(&indented(&connections.plain()));
    line(text, &format!("  {}", coverage(changes)));
    line(text, "\nChanges by account");
    text.push_str(&indented(&accounts.plain()));
    Ok(())
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

fn lines(text: &mut String, estimate: &Estimate) -> Result<()> {
    let mut rows: Vec<(&Scenario, Row)> = Vec::new();
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            rows.push((scenario, row?));
        }
    }
    let discounted = |row: &Row| row.get(Column::ListUnitPrice) != row.get(Column::ContractedUnitPrice);
    let list_price = rows.iter().any(|(_, row)| discounted(row));
    // An adjustment has its name where lines have their link type.
    let shows =
        |row: &Row, column| !row.get(column).is_empty() || column == Column::LinkType && is_adjustment(row);
    let filled = |column: &Column| rows.iter().any(|(_, row)| shows(row, *column));
    let mut columns = estimate.columns();
    columns.retain(|column| !LEFT_OUT.contains(column) && filled(column));
    columns.retain(|column| *column != Column::ListUnitPrice || list_price);
    columns.retain(|column| *column != Column::ConsumedBytes || !estimate.measured);
    let header: Vec<&str> = ["scenario"].into_iter().chain(columns.iter().map(|&own| title(own))).collect();
    let right: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).map(|i| i + 1).collect();
    let cells = rows.iter().map(|(scenario, row)| {
        let assumed = line_assumed(scenario, row);
        let cells = columns.iter().map(|&column| line_cell(row, column, assumed));
        [scenario.name.to_owned()].into_iter().chain(cells).collect()
    });
    line(text, "\nLines");
    text.push_str(&indented(&plain_table(&header, cells, &right)));
    Ok(())
}

fn title(column: Column) -> &'static str {
    if column == Column::BillingAccountId { "account" } else { heading(column) }
}

/// Whether an assumed price touched a line; an adjustment is what its account's lines are (R18).
fn line_assumed(scenario: &Scenario, row: &Row) -> bool {
    let of_account = || {
        let mut statements = scenario.report().into_iter().flat_map(|report| &report.statements);
        statements.any(|own| own.assumed && own.billing_account_id == row.get(Column::BillingAccountId))
    };
    row.get(Column::PriceStatus) == "assumed" || is_adjustment(row) && of_account()
}

fn is_adjustment(row: &Row) -> bool {
    row.get(Column::ChargeCategory) == "adjustment"
}

fn line_cell(row: &Row, column: Column, assumed: bool) -> String {
    const PRICED: [Column; 4] =
        [Column::ListUnitPrice, Column::ContractedUnitPrice, Column::BilledCost, Column::RaisedCost];
    if column == Column::LinkType && is_adjustment(row) {
        return "adjustment".into();
    }
    if PRICED.contains(&column) && !row.get(column).is_empty() {
        return marked(row.get(column), assumed);
    }
    cell(row, column)
}

fn switches(text: &mut String, timing: &Timing, estimate: &Estimate) -> Result<()> {
    let (gb, currency) = (estimate.catalog.gb, &estimate.catalog.currency);
    if timing.connections.is_empty() {
        return Ok(());
    }
    line(text, &format!("\nSwitches of {}", timing.scenario));
    let mut rows = Vec::new();
    for own in &timing.connections {
        rows.push(vec![
            own.connection.to_string(),
            own.switches.to_string(),
            own.raised_hours.to_string(),
            marked(own.raised_cost, own.assumed),
            marked(own.amount.printed(gb)?, own.assumed),
            marked(own.just_after.printed(gb)?, own.assumed),
            marked(own.well_timed.printed(gb)?, own.assumed),
            marked(own.saving, own.assumed),
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
    text.push_str(&indented(&plain_table(&header, rows, &[1, 2, 3, 4, 5, 6, 7])));
    let money = |money: Money| marked(money, timing.assumed);
    let (payable, after) = (money(timing.payable), money(timing.just_after_payable));
    line(
        text,
        &format!(
            "  All accounts pay {payable} {currency}; with every switch just after the hour instead {after}"
        ),
    );
    let (well_timed, saving) = (money(timing.well_timed_payable), money(timing.saving()?));
    line(
        text,
        &format!("  Well timed, up just after the hour and down just before it, {well_timed}: {saving} less"),
    );
    Ok(())
}

fn schedule(text: &mut String, advice: &ScheduleAdvice) {
    line(text, &format!("\nSchedule ({})", advice.offset));
    let rows = advice.windows.iter().map(|own| {
        vec![
            own.window.clone(),
            own.whole_hours.to_string(),
            own.lifted_hours.to_string(),
            own.up_at.clone(),
            own.down_at.clone(),
            if own.too_short() { "too short to pay: no whole hour in it" } else { "" }.into(),
        ]
    });
    let header = ["Platinum in", "whole hours", "lifted hours", "switch up at", "switch down at", ""];
    text.push_str(&indented(&plain_table(&header, rows, &[1, 2])));
    for gap in &advice.gaps_without_gold {
        line(text, &format!("  From {gap} no hour is billed at Gold: switching down and up saves nothing"));
    }
    if advice.shares.is_empty() {
        if advice.missing.is_none() {
            line(text, "  No break-even share: over Platinum this traffic is no dearer than over Gold");
        }
        return;
    }
    line(text, "\nShare of the traffic in percent, weighed by the difference of its prices");
    let name = |share: &Share| share.connection.as_deref().unwrap_or("all").to_owned();
    let rows = advice.shares.iter().map(|own| {
        let percent = [own.in_windows, own.lifted, own.break_even].map(|share| marked(share, advice.assumed));
        [name(own)].into_iter().chain(percent).collect()
    });
    let header = ["connection", "in windows", "in lifted hours", "all-platinum is no dearer from"];
    text.push_str(&indented(&plain_table(&header, rows, &[1, 2, 3])));
}

fn missing(text: &mut String, estimate: &Estimate) {
    for (name, missing, supply) in not_priced(estimate) {
        line(text, &format!("\nNot priced: {name}"));
        for price in missing {
            line(text, &format!("  {}", reason_for(price)));
        }
        for argument in supply {
            line(text, &format!("  supplied by: {}", supplying(argument)));
        }
    }
}

fn notes(text: &mut String, estimate: &Estimate) {
    let notes = told_once(estimate);
    if notes.is_empty() {
        return;
    }
    line(text, &format!("\nBefore choosing: {}", notes.len()));
    for note in notes.iter().take(NOTES_SHOWN) {
        line(text, &format!("  [{}] {}", note.code.as_str(), words(note)));
    }
    if notes.len() > NOTES_SHOWN {
        let more = notes.len() - NOTES_SHOWN;
        line(text, &format!("  ... and {more} more; --format json has them all"));
    }
}
