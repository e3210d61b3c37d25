//! An estimate as a comment: what a reader of a pull request needs, without its lines. Its headline is the figure that
//! decides, with sign and currency.

use super::{
    NOT_PRICED, account_label,
    advice::{advice, change_tables, coverage, minutes, total},
    facts, findings, marked, not_priced, notes_once, partial_note, reason_for, supplying,
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate, Scenario, difference},
    model::{link::LinkType, money::Money},
    write::{
        Lang, finding_words,
        page::{Block, Notices, Page, Room, Section},
        report::{basis, raised},
    },
};
use std::collections::BTreeMap;

/// The page that is a comment on an estimate.
pub(in crate::write) fn comment_of(estimate: &Estimate, lang: Lang) -> Result<Page> {
    let catalog = &estimate.catalog;
    let prices = estimate.month.map_or("newest prices".into(), |month| format!("billing month {month}"));
    let about = format!("From {}, {prices}, {} in {}", estimate.source, catalog.name, catalog.currency);
    let mut sections = vec![scenarios(estimate)?];
    sections.push(match &estimate.changes {
        Some(planned) => changes(estimate, planned)?,
        None => costs(estimate)?,
    });
    sections.extend(advice(estimate)?);
    sections.extend(missing(estimate));
    sections.extend(notices(estimate));
    sections.push(basis(facts(estimate, lang), catalog, lang));
    let page = Page::titled(headline(estimate)?, lang);
    Ok(Page { about: Some(about), assumed: estimate.assumed(), sections, ..page })
}

/// What a plan costs more or less; otherwise what the traffic costs, and how far each other scenario is from that.
fn headline(estimate: &Estimate) -> Result<String> {
    let currency = &estimate.catalog.currency;
    if let Some(changes) = &estimate.changes {
        let (more, priced) = (difference(changes.before, changes.after)?, changes.priced());
        let mark = if changes.assumed.contains(&true) { " *" } else { "" };
        return Ok(match more {
            Some(more) if priced.is_complete() => {
                format!("VPC peering: {} {currency} per month{mark}", signed(more))
            }
            Some(more) => format!("VPC peering: {} {currency} per month{mark}, {priced}", signed(more)),
            None => format!("VPC peering: {priced}, so what it costs more in {currency} is not known"),
        });
    }
    let mut parts = Vec::new();
    let reference = estimate.reference().map_or("", |reference| reference.name);
    for scenario in &estimate.scenarios {
        let mark = if scenario.assumed() { " *" } else { "" };
        parts.push(match (estimate.payable(scenario)?, estimate.difference(scenario)?) {
            (Some(payable), _) if scenario.name == reference => {
                format!("{} {payable} {currency}{mark}", scenario.name)
            }
            (_, Some(more)) => format!("{} {} {currency}{mark}", scenario.name, signed(more)),
            _ => format!("{} {}", scenario.name, estimate.coverage(scenario)),
        });
    }
    Ok(format!("VPC peering per month: {}", parts.join(", ")))
}

/// An amount with its sign, also where it is more.
fn signed(money: Money) -> String {
    if money < Money::ZERO { money.to_string() } else { format!("+{money}") }
}

fn scenarios(estimate: &Estimate) -> Result<Section> {
    let table = scenarios_table(estimate)?;
    let about = estimate.scenarios.iter().map(|scenario| format!("{}: {}", scenario.name, scenario.about));
    let about = about.chain(partial_note(estimate)).collect();
    Ok(Section::untitled([table, Block::Items(about)]))
}

/// The scenarios side by side.
pub(super) fn scenarios_table(estimate: &Estimate) -> Result<Block> {
    let columns = columns(estimate);
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        let cells = columns.iter().map(|column| scenario_cell(estimate, scenario, *column));
        rows.push(cells.collect::<Result<Vec<_>>>()?);
    }
    let numbers: Vec<usize> = (2..columns.len()).collect();
    let partial = if estimate.partial() { " (partial)" } else { "" };
    let header: Vec<String> = columns.iter().map(|column| column.heading(partial)).collect();
    Ok(Block::table(&header, rows, &numbers))
}

/// What is told of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Name,
    Sla,
    /// How long a connection may be down within that agreement.
    Downtime,
    Payable,
    Difference,
    PerYear,
    RaisedHours,
    RaisedCost,
}

impl Told {
    fn heading(self, partial: &str) -> String {
        match self {
            Self::Name => "scenario".into(),
            Self::Sla => "SLA".into(),
            Self::Downtime => "down, min per 30 days".into(),
            Self::Payable => format!("payable{partial}"),
            Self::Difference => format!("difference per month{partial}"),
            Self::PerYear => "per year (x 12)".into(),
            Self::RaisedHours => "raised hours".into(),
            Self::RaisedCost => "raised cost".into(),
        }
    }
}

/// What is told of scenarios: hours where there are some, a year where it is one of months alike and no price is missing.
fn columns(estimate: &Estimate) -> Vec<Told> {
    let mut columns = vec![Told::Name, Told::Sla];
    let one_level = |scenario: &Scenario| scenario.link_type.is_some();
    columns.extend(estimate.scenarios.iter().any(one_level).then_some(Told::Downtime));
    columns.extend([Told::Payable, Told::Difference]);
    match (estimate.measured, estimate.partial()) {
        (true, _) => columns.extend([Told::RaisedHours, Told::RaisedCost]),
        (false, false) => columns.push(Told::PerYear),
        (false, true) => {}
    }
    columns
}

fn changes(estimate: &Estimate, changes: &Changes) -> Result<Section> {
    let (connections, accounts) = change_tables(estimate, changes)?;
    let rounding = Block::Paragraph("Per month, not rounded as a bill is:".into());
    let blocks = [rounding, connections, Block::Paragraph(coverage(changes))];
    Ok(Section::untitled(blocks.into_iter().chain(accounts).collect::<Vec<_>>()))
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

fn scenario_cell(estimate: &Estimate, scenario: &Scenario, column: Told) -> Result<String> {
    let by = if estimate.measured { "by the hour" } else { "by connection" };
    let (assumed, of_difference) = (scenario.assumed(), estimate.difference_assumed(scenario));
    let shown = |money: Option<Money>| money.map_or_else(String::new, |money| marked(money, of_difference));
    let raised = || scenario.report().map(raised).transpose();
    Ok(match column {
        Told::Name => scenario.name.to_owned(),
        Told::Sla => scenario.link_type.map_or(by, LinkType::sla).to_owned(),
        Told::Downtime => {
            scenario.link_type.map_or_else(String::new, |link_type| minutes(link_type.downtime()))
        }
        Told::Payable => total(estimate.payable(scenario)?, estimate.coverage(scenario), assumed),
        Told::Difference => shown(estimate.difference(scenario)?),
        Told::PerYear => shown(estimate.difference_per_year(scenario)?),
        Told::RaisedHours => raised()?.map_or_else(String::new, |(hours, _)| hours.to_string()),
        Told::RaisedCost => raised()?.map_or_else(String::new, |(_, cost)| marked(cost, assumed)),
    })
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
