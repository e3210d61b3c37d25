//! An estimate as a comment: what a reader of a pull request needs, without its lines.

use super::{
    NOT_PRICED, account_label,
    changes::{change_tables, coverage},
    facts, findings, marked, not_priced, notes_once, partial_note, reason_for, supplying,
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate, Scenario, per_year},
    model::link::LinkType,
    write::{
        Lang, finding_words,
        page::{Block, Notices, Page, Room, Section},
        report::{basis, raised},
    },
};
use std::collections::BTreeMap;

/// What stands above scenarios that have no hours.
pub(super) const QUANTITIES_HEADER: [&str; 5] =
    ["scenario", "SLA", "payable", "difference per month", "per year (x 12)"];
/// Likewise, where what they cost is not all that a plan costs.
pub(super) const PARTIAL_HEADER: [&str; 5] =
    ["scenario", "SLA", "payable (partial)", "difference per month (partial)", "per year (x 12, partial)"];

/// The page that is a comment on an estimate.
pub(in crate::write) fn comment_of(estimate: &Estimate, _lang: Lang) -> Result<Page> {
    let catalog = &estimate.catalog;
    let prices = estimate.month.map_or("newest prices".into(), |month| format!("billing month {month}"));
    let about = format!("From {}, {prices}, {} in {}", estimate.source, catalog.name, catalog.currency);
    let mut sections = vec![scenarios(estimate)?];
    sections.push(match &estimate.changes {
        Some(planned) => changes(estimate, planned)?,
        None => costs(estimate)?,
    });
    sections.extend(missing(estimate));
    sections.extend(notices(estimate));
    sections.push(basis(facts(estimate), catalog));
    let page = Page::titled("VPC peering traffic, what if");
    Ok(Page { about: Some(about), assumed: estimate.assumed(), sections, ..page })
}

fn scenarios(estimate: &Estimate) -> Result<Section> {
    let header = match (estimate.measured, estimate.partial()) {
        (true, _) => ["scenario", "SLA", "payable", "difference", "raised hours"],
        (false, false) => QUANTITIES_HEADER,
        (false, true) => PARTIAL_HEADER,
    };
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        rows.push(scenario_cells(estimate, scenario, header.len())?);
    }
    let about = estimate.scenarios.iter().map(|scenario| format!("{}: {}", scenario.name, scenario.about));
    let about = about.chain(partial_note(estimate)).collect();
    Ok(Section::untitled([Block::table(&header, rows, &[2, 3, 4]), Block::Items(about)]))
}

fn changes(estimate: &Estimate, changes: &Changes) -> Result<Section> {
    let [connections, accounts] = change_tables(estimate, changes)?;
    let rounding = Block::Paragraph("Per month, not rounded as a bill is:".into());
    Ok(Section::untitled([rounding, connections, Block::Paragraph(coverage(changes)), accounts]))
}

/// What accounts and connections cost in each scenario.
fn costs(estimate: &Estimate) -> Result<Section> {
    let mut blocks = vec![accounts_table(estimate, &["account, payable"])];
    blocks.extend(connections_table(estimate, &["connection"])?);
    Ok(Section::untitled(blocks))
}

/// What a reader should know before choosing, and what was found in the traffic.
fn notices(estimate: &Estimate) -> Option<Section> {
    let notes = notes_once(estimate).into_iter().map(|note| (note.code.as_str(), finding_words(note)));
    let findings = findings(estimate);
    let findings = findings.iter().map(|finding| (finding.code.as_str(), finding_words(finding)));
    let notices: Vec<_> = notes.chain(findings).collect();
    let room = Room::InAll(notices.len());
    (!notices.is_empty())
        .then(|| Section::new("Before choosing", [Block::Notices(Notices { notices, room })]))
}

/// What a scenario costs, in so many cells.
pub(super) fn scenario_cells(estimate: &Estimate, scenario: &Scenario, width: usize) -> Result<Vec<String>> {
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
    if estimate.measured {
        let (hours, cost) = raised(report)?;
        cells.extend([hours.to_string(), marked(cost, assumed)]);
    } else {
        cells.push(marked(per_year(difference)?, of_difference));
    }
    cells.truncate(width);
    Ok(cells)
}

/// A table with a column for each scenario; `values` are by scenario and key.
fn side_by_side(
    estimate: &Estimate,
    titles: &[&str],
    rows: &BTreeMap<String, Vec<String>>,
    values: &[Option<BTreeMap<String, String>>],
) -> Block {
    let mut header = titles.to_vec();
    header.extend(estimate.scenarios.iter().map(|scenario| scenario.name));
    let numbers: Vec<usize> = (titles.len()..header.len()).collect();
    let cells = rows.iter().map(|(key, titles)| {
        let values = values.iter().map(|of_scenario| match of_scenario {
            Some(of_scenario) => of_scenario.get(key).cloned().unwrap_or_default(),
            None => NOT_PRICED.into(),
        });
        titles.iter().cloned().chain(values).collect()
    });
    Block::table(&header, cells.collect(), &numbers)
}

/// What accounts pay in each scenario, under these titles.
pub(super) fn accounts_table(estimate: &Estimate, titles: &[&str]) -> Block {
    let mut values = Vec::new();
    for scenario in &estimate.scenarios {
        values.push(scenario.report().map(|report| {
            let paid = report.statements.iter().map(|statement| {
                (statement.billing_account_id.clone(), marked(statement.payable, statement.assumed))
            });
            paid.collect::<BTreeMap<String, String>>()
        }));
    }
    let accounts = values.iter().flatten().flat_map(BTreeMap::keys);
    let rows = accounts.map(|id| (id.clone(), vec![account_label(estimate, id)])).collect();
    side_by_side(estimate, titles, &rows, &values)
}

/// What connections cost in each scenario, by id, under these titles; `None` where none has a name.
pub(super) fn connections_table(estimate: &Estimate, titles: &[&str]) -> Result<Option<Block>> {
    let gb = estimate.catalog.gb;
    let (mut rows, mut values) = (BTreeMap::new(), Vec::new());
    for scenario in &estimate.scenarios {
        let mut costs = BTreeMap::new();
        for (id, cost) in scenario.connections()?.into_iter().filter(|(id, _)| !id.is_empty()) {
            let mut cells = vec![id.to_owned(), gb.quantity(cost.bytes)?.text(0)];
            cells.truncate(titles.len());
            rows.insert(id.to_owned(), cells);
            costs.insert(id.to_owned(), marked(cost.amount.printed(gb)?, cost.assumed));
        }
        values.push(scenario.report().is_some().then_some(costs));
    }
    Ok((!rows.is_empty()).then(|| side_by_side(estimate, titles, &rows, &values)))
}

/// Why scenarios are not priced, each under its name, and what would supply what is missing.
pub(super) fn missing(estimate: &Estimate) -> impl Iterator<Item = Section> {
    not_priced(estimate).map(|(name, missing, supply)| {
        let reasons = missing.iter().map(reason_for);
        let supply = supply.iter().map(|argument| format!("supplied by: {}", supplying(argument)));
        Section::new(format!("Not priced: {name}"), [Block::Items(reasons.chain(supply).collect())])
    })
}
