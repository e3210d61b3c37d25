//! An estimate as a comment: what a reader of a pull request needs, without its lines. Its headline is the figure that
//! decides, with sign and currency.

use super::{
    abouts, account_label, advice, change_tables, coverage, facts, findings, marked, minutes, not_priced,
    notes_once, partial_note, priced, reason_for, supplying, total,
};
use crate::{
    error::Result,
    estimate::{Changes, Estimate, Scenario, difference},
    model::{finding::Finding, money::Money},
    write::{
        Lang, finding_words_in,
        lang::{EstimateTexts, fill},
        page::{Block, Notices, Page, Room, Section},
        report::{basis, raised},
    },
};
use std::collections::BTreeMap;

/// The page that is a comment on an estimate.
pub(in crate::write) fn comment_of(estimate: &Estimate, lang: Lang) -> Result<Page> {
    let (catalog, texts) = (&estimate.catalog, lang.texts());
    let prices = match estimate.month {
        Some(month) => fill(&texts.estimate.month, &[("month", &month.to_string())]),
        None => texts.estimate.newest_prices.clone(),
    };
    let values = [
        ("source", texts.word(estimate.source)),
        ("prices", &prices),
        ("catalog", &catalog.name),
        ("currency", &catalog.currency),
    ];
    let about = fill(&texts.estimate.about, &values);
    let mut sections = vec![scenarios(estimate, lang)?];
    sections.push(match &estimate.changes {
        Some(planned) => changes(estimate, planned, lang)?,
        None => costs(estimate, lang)?,
    });
    sections.extend(advice(estimate, lang)?);
    sections.extend(missing(estimate, lang));
    sections.extend(notices(estimate, lang));
    sections.push(basis(facts(estimate, lang), catalog, lang));
    let page = Page::titled(headline(estimate, lang)?, lang);
    Ok(Page { about: Some(about), assumed: estimate.assumed(), sections, ..page })
}

/// What a plan costs more or less; otherwise what the traffic costs, and how far each other scenario is from that.
fn headline(estimate: &Estimate, lang: Lang) -> Result<String> {
    let (currency, texts) = (&estimate.catalog.currency, &lang.texts().estimate);
    let comma = &lang.texts().report.comma;
    if let Some(changes) = &estimate.changes {
        let (more, coverage) = (difference(changes.before, changes.after)?, changes.priced());
        let priced = priced(coverage, texts);
        let mark = if changes.assumed.contains(&true) { " *" } else { "" };
        let Some(more) = more else {
            return Ok(fill(&texts.headline_not_known, &[("priced", &priced), ("currency", currency)]));
        };
        let head = fill(&texts.headline_of_plan, &[("amount", &signed(more)), ("currency", currency)]);
        let rest = if coverage.is_complete() { String::new() } else { format!("{comma}{priced}") };
        return Ok(format!("{head}{mark}{rest}"));
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
            _ => format!("{} {}", scenario.name, priced(estimate.coverage(scenario), texts)),
        });
    }
    Ok(fill(&texts.headline, &[("parts", &parts.join(comma))]))
}

/// An amount with its sign, also where it is more.
fn signed(money: Money) -> String {
    if money < Money::ZERO { money.to_string() } else { format!("+{money}") }
}

fn scenarios(estimate: &Estimate, lang: Lang) -> Result<Section> {
    let table = scenarios_table(estimate, lang)?;
    let about = abouts(estimate, lang).chain(partial_note(estimate, lang)).collect();
    Ok(Section::untitled([table, Block::Items(about)]))
}

/// The scenarios side by side.
pub(super) fn scenarios_table(estimate: &Estimate, lang: Lang) -> Result<Block> {
    let (columns, texts) = (columns(estimate), &lang.texts().estimate);
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        let cells = columns.iter().map(|column| scenario_cell(estimate, scenario, *column, texts));
        rows.push(cells.collect::<Result<Vec<_>>>()?);
    }
    let numbers: Vec<usize> = (2..columns.len()).collect();
    let partial = estimate.partial();
    let header: Vec<String> = columns.iter().map(|column| column.heading(partial, texts)).collect();
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
    fn heading(self, partial: bool, texts: &EstimateTexts) -> String {
        let heading = match self {
            Self::Name => &texts.scenario,
            Self::Sla => &texts.sla,
            Self::Downtime => &texts.downtime,
            Self::Payable => &texts.payable,
            Self::Difference => &texts.difference,
            Self::PerYear => &texts.per_year,
            Self::RaisedHours => &texts.raised_hours,
            Self::RaisedCost => &texts.raised_cost,
        };
        match partial && matches!(self, Self::Payable | Self::Difference) {
            true => fill(&texts.partial, &[("heading", heading)]),
            false => heading.clone(),
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

fn changes(estimate: &Estimate, changes: &Changes, lang: Lang) -> Result<Section> {
    let (connections, accounts) = change_tables(estimate, changes, lang)?;
    let rounding = Block::Paragraph(lang.texts().estimate.per_month.clone());
    let blocks = [rounding, connections, Block::Paragraph(coverage(changes, lang))];
    Ok(Section::untitled(blocks.into_iter().chain(accounts).collect::<Vec<_>>()))
}

/// What accounts and connections cost in each scenario.
fn costs(estimate: &Estimate, lang: Lang) -> Result<Section> {
    let texts = &lang.texts().estimate;
    let mut blocks = vec![accounts_table(estimate, &[&texts.account_payable], texts)];
    blocks.extend(connections_table(estimate, &[&texts.connection], texts)?);
    Ok(Section::untitled(blocks))
}

/// What a reader should know before choosing, and what was found in the traffic.
fn notices(estimate: &Estimate, lang: Lang) -> Option<Section> {
    let told = |found: &Finding| (found.code.as_str(), finding_words_in(found, lang));
    let notes = notes_once(estimate).into_iter().map(told);
    let findings = findings(estimate);
    let notices: Vec<_> = notes.chain(findings.iter().map(told)).collect();
    let room = Room::InAll(notices.len());
    let title = &lang.texts().estimate.before_choosing;
    (!notices.is_empty()).then(|| Section::new(title, [Block::Notices(Notices { notices, room })]))
}

fn scenario_cell(
    estimate: &Estimate,
    scenario: &Scenario,
    column: Told,
    texts: &EstimateTexts,
) -> Result<String> {
    let by = if estimate.measured { &texts.by_hour } else { &texts.by_connection };
    let (assumed, of_difference) = (scenario.assumed(), estimate.difference_assumed(scenario));
    let shown = |money: Option<Money>| money.map_or_else(String::new, |money| marked(money, of_difference));
    let raised = || scenario.report().map(raised).transpose();
    Ok(match column {
        Told::Name => scenario.name.to_owned(),
        Told::Sla => scenario.link_type.map_or_else(|| by.clone(), |own| own.sla().to_owned()),
        Told::Downtime => {
            scenario.link_type.map_or_else(String::new, |link_type| minutes(link_type.downtime()))
        }
        Told::Payable => total(estimate.payable(scenario)?, estimate.coverage(scenario), assumed, texts),
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
    texts: &EstimateTexts,
) -> Block {
    let mut header = titles.to_vec();
    header.extend(estimate.scenarios.iter().map(|scenario| scenario.name));
    let numbers: Vec<usize> = (titles.len()..header.len()).collect();
    let cells = rows.iter().map(|(key, titles)| {
        let values = values.iter().map(|of_scenario| match of_scenario {
            Some(of_scenario) => of_scenario.get(key).cloned().unwrap_or_default(),
            None => texts.not_priced.clone(),
        });
        titles.iter().cloned().chain(values).collect()
    });
    Block::table(&header, cells.collect(), &numbers)
}

/// What accounts pay in each scenario, under these titles.
pub(super) fn accounts_table(estimate: &Estimate, titles: &[&str], texts: &EstimateTexts) -> Block {
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
    side_by_side(estimate, titles, &rows, &values, texts)
}

/// What connections cost in each scenario, by id, under these titles; `None` where none has a name.
pub(super) fn connections_table(
    estimate: &Estimate,
    titles: &[&str],
    texts: &EstimateTexts,
) -> Result<Option<Block>> {
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
    Ok((!rows.is_empty()).then(|| side_by_side(estimate, titles, &rows, &values, texts)))
}

/// Why scenarios are not priced, each under its name, and what would supply what is missing.
pub(in crate::write) fn missing(estimate: &Estimate, lang: Lang) -> impl Iterator<Item = Section> {
    let texts = &lang.texts().estimate;
    not_priced(estimate).map(move |(name, missing, supply)| {
        let reasons = missing.iter().map(|price| reason_for(price, lang));
        let command = |argument| fill(&texts.supplied_by, &[("command", &supplying(argument))]);
        let items = reasons.chain(supply.iter().map(command)).collect();
        Section::new(fill(&texts.not_priced_scenario, &[("scenario", name)]), [Block::Items(items)])
    })
}
