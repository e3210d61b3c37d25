//! Estimates to bytes: the lines of a report with the scenario in front.
//!
//! Here is what stands beside the scenarios on every page: what a plan changes, what switches cost and when to make them,
//! what a minute of availability costs. Each as sections of a page, which CSV tells line by line beside its rows.

mod comment;
pub mod json;
mod page;

pub(super) use comment::comment_of;
#[cfg(feature = "cli")]
pub(super) use page::page_of;
pub(super) use page::page_parts;
#[cfg(feature = "xlsx")]
pub(super) use {comment::missing, page::title};

use super::{
    BEFORE_TAX, Lang, after_in, control_totals, finding_words,
    lang::{EstimateTexts, fill},
    named_provenance,
    page::{Block, Section},
    report::region_in,
};
use crate::{
    catalog::{CatalogSummary, PriceStatus},
    error::{MissingPrice, Result},
    estimate::{
        AVOIDED_MINUTES, AccountCost, ChangeCost, Changes, Coverage, Estimate, Forecast, Outcome, Scenario,
        ScheduleAdvice, ServiceLevel, Share, Supply, Timing, UnitPrices, difference,
    },
    model::{
        finding::{Finding, FindingCode, Said},
        invalid::Remedy,
        link::LinkType,
        money::Money,
    },
    read::terraform::PlanSide,
    report::Report,
};
use std::collections::BTreeSet;

/// An amount, with the mark of an assumed price (R18).
fn marked(money: impl ToString, assumed: bool) -> String {
    if assumed { format!("{} *", money.to_string()) } else { money.to_string() }
}

/// Why scenarios are not priced, and what would supply what is missing: name, faults, arguments.
pub(super) fn not_priced(
    estimate: &Estimate,
) -> impl Iterator<Item = (&'static str, &[MissingPrice], &[Supply])> {
    estimate.scenarios.iter().filter_map(|scenario| match &scenario.outcome {
        Outcome::Priced(_) => None,
        Outcome::NotPriced { missing, supply } => Some((scenario.name, &missing[..], &supply[..])),
    })
}

/// Why a scenario is not priced, and what to do about it.
pub(super) fn reason_for(missing: &MissingPrice, lang: Lang) -> String {
    let said = lang.texts().say(&Said::from(missing));
    format!("{said}{}", after_in(Some(&Remedy::SupplyPrice), lang))
}

/// The notes, each message once: as with findings, nothing is said twice.
fn notes_once(estimate: &Estimate) -> Vec<&Finding> {
    let mut known = BTreeSet::new();
    estimate.notes.iter().filter(|note| known.insert((note.code, &note.said))).collect()
}

/// The command that would supply a missing price: this one with another argument.
pub(super) fn supplying(supply: &Supply) -> String {
    let argument = match supply {
        Supply::Overlay(name) => format!("--prices {name}"),
        Supply::Prices => "--prices FILE".into(),
        Supply::Contract => "--contract FILE".into(),
    };
    format!("peerbill estimate ... {argument}")
}

/// Says that no total is that of all accounts, or of the whole plan, where that is so.
pub(super) fn partial_note(estimate: &Estimate, lang: Lang) -> Option<String> {
    let texts = &lang.texts().estimate;
    if let Some(account) = shared(estimate).and_then(|report| report.options.account.as_deref()) {
        return Some(fill(&texts.partial_account, &[("account", account)]));
    }
    let changes = estimate.changes.as_ref().filter(|changes| changes.partial())?;
    let (changed, not_priced) = (changes.connections.len().to_string(), changes.not_priced().to_string());
    Some(match changes.not_priced() {
        0 => texts.partial_plan.clone(),
        _ => fill(&texts.partial_changes, &[("not_priced", &not_priced), ("changed", &changed)]),
    })
}

/// How much of a sum is priced.
pub(super) fn priced(coverage: Coverage, texts: &EstimateTexts) -> String {
    let (priced, all) = (coverage.priced.to_string(), coverage.of.to_string());
    fill(&texts.priced, &[("priced", &priced), ("all", &all)])
}

/// What each scenario assumes, and where sums are not all.
fn abouts(estimate: &Estimate, lang: Lang) -> impl Iterator<Item = String> {
    let texts = lang.texts();
    let about = |scenario: &Scenario| {
        let about = texts.scenario(scenario.name, &scenario.about);
        fill(&texts.estimate.about_scenario, &[("scenario", scenario.name), ("about", about)])
    };
    let abouts: Vec<String> = estimate.scenarios.iter().map(about).collect();
    abouts.into_iter()
}

/// The report that all scenarios share their traffic, prices and settings with.
pub(super) fn shared(estimate: &Estimate) -> Option<&Report> {
    estimate.reference().and_then(Scenario::report)
}

/// An account where people read it: its id, and its name behind it where names are given.
pub(super) fn account_label(estimate: &Estimate, id: &str) -> String {
    shared(estimate).map_or_else(|| id.to_owned(), |report| report.account_label(id))
}

/// What was found in the traffic, once, and which scenarios use assumed prices.
pub(super) fn findings(estimate: &Estimate) -> Vec<Finding> {
    let of_scenario =
        |finding: &&Finding| matches!(finding.code, FindingCode::AssumedPrice | FindingCode::OverBudget);
    let shared = shared(estimate).into_iter().flat_map(|report| &report.findings);
    let mut findings: Vec<Finding> = shared.filter(|finding| !of_scenario(finding)).cloned().collect();
    for scenario in &estimate.scenarios {
        let assumed = scenario.report().into_iter().flat_map(|report| &report.findings).filter(of_scenario);
        findings.extend(assumed.map(|finding| {
            let said = Box::new(finding.said.said().into_owned());
            let said = Said::OfScenario { scenario: scenario.name, said };
            Finding { said: said.into(), ..finding.clone() }
        }));
    }
    findings.sort_by_key(|finding| finding.code);
    findings
}

/// The provenance of an estimate, as names and values in a fixed order; names no input (R17).
pub(super) fn facts(estimate: &Estimate, lang: Lang) -> Vec<(String, String)> {
    let unknown = |name: &str| match name {
        "billing_month" | "offset" => estimate.month.is_none(),
        "duplicates" | "usage_digest" => !estimate.measured,
        _ => false,
    };
    let facts = shared(estimate).map(|shared| named_provenance(shared, lang)).unwrap_or_default();
    facts.into_iter().filter(|(name, ..)| !unknown(name)).map(|(_, name, value)| (name, value)).collect()
}

/// What the CSV itself has no place for, line by line: control totals, what is not priced, notes and findings; with
/// `in_full` all that the figures rest on.
pub fn provenance_lines(estimate: &Estimate, in_full: bool) -> Vec<String> {
    const SHOWN_OF_A_CODE: usize = 20;
    let mut lines: Vec<String> = facts(estimate, Lang::En)
        .into_iter()
        .filter(|_| in_full)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if let Some(report) = shared(estimate).filter(|_| estimate.measured) {
        let totals = control_totals(report).into_iter();
        lines
            .extend(totals.map(|(name, records, bytes)| format!("{name}: {records} records, {bytes} bytes")));
    }
    lines.extend(partial_note(estimate, Lang::En));
    for (name, missing, supply) in not_priced(estimate) {
        lines.extend(
            missing.iter().map(|price| format!("{name} is not priced: {}", reason_for(price, Lang::En))),
        );
        lines.extend(
            supply.first().map(|argument| format!("{name} would be priced by: {}", supplying(argument))),
        );
    }
    lines.extend(
        notes_once(estimate)
            .iter()
            .map(|note| format!("note: [{}] {}", note.code.as_str(), finding_words(note))),
    );
    for same in findings(estimate).chunk_by(|one, other| one.code == other.code) {
        let line = |finding| format!("finding: [{}] {}", same[0].code.as_str(), finding_words(finding));
        lines.extend(same.iter().take(SHOWN_OF_A_CODE).map(line));
        if let more @ 1.. = same.len().saturating_sub(SHOWN_OF_A_CODE) {
            let code = same[0].code.as_str();
            lines.push(format!("finding: [{code}] ... and {more} more; --format json has them all"));
        }
    }
    lines.extend(in_full.then(|| BEFORE_TAX.to_owned()));
    lines
}

/// What switches cost, when to make those of a schedule, and what the higher level costs by the minute.
pub(super) fn advice(estimate: &Estimate, lang: Lang) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    if let Some(own) = &estimate.forecast {
        sections.push(forecast(estimate, own, &lang.texts().estimate)?);
    }
    for timing in estimate.timings.iter().filter(|timing| !timing.connections.is_empty()) {
        sections.push(switches(timing, estimate, &lang.texts().estimate)?);
    }
    sections.extend(estimate.schedule.iter().flat_map(|advice| schedule(advice, &lang.texts().estimate)));
    sections.extend(service_level(estimate, &lang.texts().estimate)?);
    Ok(sections)
}

/// What the CSV has no column for, line by line: what switches cost, when to make them, what a minute costs, and what a plan
/// changes.
///
/// # Errors
///
/// [`Overflow`](crate::ErrorKind::Overflow) where an amount is too large to be printed.
pub fn advice_lines(estimate: &Estimate) -> Result<Vec<String>> {
    let mut sections = Vec::new();
    if let Some(changes) = &estimate.changes {
        let (connections, _) = change_tables(estimate, changes, Lang::En)?;
        sections.push(Section::new("change", [connections]));
    }
    sections.extend(advice(estimate, Lang::En)?);
    Ok(lines_of(&sections))
}

/// The rest of a month that is not over, by account: an estimate.
fn forecast(estimate: &Estimate, own: &Forecast, texts: &EstimateTexts) -> Result<Section> {
    let gb = estimate.catalog.gb;
    let mut rows = Vec::new();
    for account in &own.accounts {
        let mut row = vec![account_label(estimate, &account.billing_account_id)];
        row.push(gb.quantity(account.bytes)?.text(0));
        let amounts = [account.cost, account.so_far, account.month];
        row.extend(amounts.map(|money| marked(money, account.assumed)));
        rows.push(row);
    }
    let header =
        [&texts.account, &texts.gb, &texts.forecast_rest, &texts.forecast_so_far, &texts.forecast_month];
    let mut items = vec![fill(&texts.forecast_about, &[("hours", &own.basis.hours().to_string())])];
    if own.left_out > 0 {
        items.push(fill(&texts.forecast_left_out, &[("count", &own.left_out.to_string())]));
    }
    let (from, end) = (own.rest.start.to_string(), own.rest.end.to_string());
    let values = [("from", &*from), ("end", &end), ("currency", &estimate.catalog.currency)];
    let table = Block::table(&header, rows, &[1, 2, 3, 4]);
    Ok(Section::new(fill(&texts.forecast, &values), [table, Block::Items(items)]))
}

/// The lines of some sections, each of which stands by itself: those of a table name their columns.
fn lines_of(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections {
        let title = section.title.as_deref().map_or_else(String::new, |title| format!("{title}: "));
        for block in &section.blocks {
            match block {
                Block::Items(items) => lines.extend(items.iter().map(|item| format!("{title}{item}"))),
                Block::Table(table) => lines.extend(table.rows.iter().map(|row| {
                    let cells = table.header.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
                    let cells: Vec<String> = cells.map(|(name, cell)| format!("{name} {cell}")).collect();
                    format!("{title}{}", cells.join(", ").trim_start())
                })),
                _ => {}
            }
        }
    }
    lines
}

/// Minutes from hundredths of them, exactly: `21.6`.
pub(super) fn minutes(hundredths: i128) -> String {
    Money::from_units(hundredths * 100_000_000).text(0)
}

/// What the agreements allow, and what Platinum costs for each minute that it may be down less than Gold; nothing where
/// all traffic stays inside regions (R8).
fn service_level(estimate: &Estimate, texts: &EstimateTexts) -> Result<Option<Section>> {
    if !has_level(estimate) {
        return Ok(None);
    }
    let levels = estimate.service_levels()?;
    let [gold, platinum] = LinkType::ALL.map(|own| (own.sla(), minutes(own.downtime())));
    let values = [
        ("gold_sla", gold.0),
        ("gold", &gold.1),
        ("platinum_sla", platinum.0),
        ("platinum", &platinum.1),
        ("avoided", &minutes(AVOIDED_MINUTES)),
    ];
    let allowed = Block::item(fill(&texts.downtimes, &values));
    let row = |level: &ServiceLevel| {
        let of = level.connection.clone().unwrap_or_else(|| texts.all.clone());
        vec![of, marked(level.difference, level.assumed), marked(level.per_minute, level.assumed)]
    };
    let header = [&texts.connection, &texts.platinum_costs, &texts.per_minute];
    let table = Block::table(&header, levels.iter().map(row).collect(), &[1, 2]);
    let title = fill(&texts.service_level_in, &[("currency", &estimate.catalog.currency)]);
    Ok(Some(match levels.is_empty() {
        true => Section::new(&texts.service_level, [allowed]),
        false => Section::new(title, [table, allowed]),
    }))
}

/// Whether anything goes between regions, over one level or the other.
fn has_level(estimate: &Estimate) -> bool {
    let lines = estimate.scenarios.iter().filter_map(Scenario::report).flat_map(|report| &report.lines);
    let changes = estimate.changes.iter().flat_map(|changes| &changes.connections);
    let sides = changes.flat_map(|cost| [&cost.change.before, &cost.change.after]).flatten();
    lines.map(|line| line.link_type).any(|level| level.is_some())
        || sides.into_iter().any(|side| !side.within_region() && side.link_type.is_some())
}

/// The changes by connection, and by account where any pays something.
fn change_tables(estimate: &Estimate, changes: &Changes, lang: Lang) -> Result<(Block, Option<Block>)> {
    let (side, texts) = (SideCells { catalog: &estimate.catalog, lang }, &lang.texts().estimate);
    let cells = |cost| cells(cost, &side);
    let mut connections = changes.connections.iter().map(cells).collect::<Result<Vec<_>>>()?;
    let mut total = vec![if changes.partial() { texts.total_of_priced.clone() } else { texts.total.clone() }];
    total.resize(6, String::new());
    total.extend(totals(changes, texts)?);
    connections.push(total);
    let cells_of = |account: &AccountCost| {
        let costs = costs(account.before, account.after, account.assumed, texts)?;
        Ok([account_label(estimate, &account.billing_account_id)].into_iter().chain(costs).collect())
    };
    let accounts = changes.accounts.iter().map(cells_of).collect::<Result<Vec<_>>>()?;
    let header = [
        &texts.connection,
        &texts.action,
        &texts.route,
        &texts.link_type,
        &texts.sla,
        &texts.price_per_gb,
        &texts.before,
        &texts.after,
        &texts.change,
    ];
    let by_account = Block::table(&account_header(changes.partial(), texts), accounts, &[1, 2, 3]);
    let by_account = (!changes.accounts.is_empty()).then_some(by_account);
    Ok((Block::table(&header, connections, &[5, 6, 7, 8]), by_account))
}

fn account_header(partial: bool, texts: &EstimateTexts) -> [String; 4] {
    let of = |heading: &String| match partial {
        true => fill(&texts.partial, &[("heading", heading)]),
        false => heading.clone(),
    };
    [texts.account.clone(), of(&texts.before), of(&texts.after), of(&texts.change)]
}

/// What stands under the changes.
pub(super) fn coverage(changes: &Changes, lang: Lang) -> String {
    let (changed, not_priced) = (changes.connections.len().to_string(), changes.not_priced().to_string());
    let unchanged = changes.unchanged.to_string();
    let values = [("changed", &*changed), ("not_priced", &not_priced), ("unchanged", &unchanged)];
    fill(&lang.texts().estimate.changed, &values)
}

fn cells(priced: &ChangeCost, side_cells: &SideCells<'_>) -> Result<Vec<String>> {
    let (change, texts) = (&priced.change, side_cells.lang.texts());
    let sides = [change.before.as_ref(), change.after.as_ref()];
    let action = match change.keeps_beside_new() {
        true => texts.estimate.old_one_kept.clone(),
        false => texts.word(change.action.as_str()).to_owned(),
    };
    let mut cells = vec![change.address.clone(), action];
    cells.extend([
        there_and_then(sides.map(|side| side.map(|side| side_cells.route(side)))),
        there_and_then(
            sides.map(|side| side.map(|side| side_cells.level(side, |own| texts.word(own.as_str())))),
        ),
        there_and_then(sides.map(|side| side.map(|side| side_cells.level(side, LinkType::sla)))),
        there_and_then([0, 1].map(|index: usize| {
            sides[index].map(|_| unit_price(&priced.unit_prices[index], &texts.estimate))
        })),
    ]);
    cells.extend(costs(priced.before, priced.after, priced.assumed, &texts.estimate)?);
    Ok(cells)
}

/// What holds before and after, once where it is the same.
fn there_and_then(sides: [Option<String>; 2]) -> String {
    match sides {
        [Some(before), Some(after)] if before != after => format!("{before} -> {after}"),
        [before, after] => after.or(before).unwrap_or_default(),
    }
}

/// What a connection is on one side of a plan, where people read it.
struct SideCells<'a> {
    catalog: &'a CatalogSummary,
    lang: Lang,
}

impl SideCells<'_> {
    fn route(&self, side: &PlanSide) -> String {
        let texts = &self.lang.texts().estimate;
        let name = |region: &Option<String>| match region {
            Some(id) => region_in(self.catalog, id, self.lang),
            None => texts.not_known.clone(),
        };
        let (from, to) = (name(&side.requester_region), name(&side.accepter_region));
        fill(&texts.from_to, &[("from", &from), ("to", &to)])
    }

    fn level(&self, side: &PlanSide, name: impl Fn(LinkType) -> &'static str) -> String {
        let texts = self.lang.texts();
        if side.within_region() {
            return texts.word("free").to_owned();
        }
        side.link_type.map_or_else(|| texts.estimate.not_known.clone(), |own| name(own).to_owned())
    }
}

/// The price of one GB, once where it is the same both ways, otherwise that of the requester's and of the accepter's.
fn unit_price(prices: &UnitPrices, texts: &EstimateTexts) -> String {
    let [there, back] = prices.0.map(|price| match price {
        Some(price) => marked(price.contracted, price.status == PriceStatus::Assumed),
        None => texts.not_known.clone(),
    });
    if there == back { there } else { format!("{there} / {back}") }
}

/// Cost before, after and the difference; with the mark of an assumed price on what it touched (R18).
fn costs(
    before: Option<Money>,
    after: Option<Money>,
    assumed: [bool; 2],
    texts: &EstimateTexts,
) -> Result<[String; 3]> {
    let text = |money: Option<Money>, assumed| match money {
        Some(money) => marked(money, assumed),
        None => texts.not_priced.clone(),
    };
    let either = assumed.contains(&true);
    Ok([text(before, assumed[0]), text(after, assumed[1]), text(difference(before, after)?, either)])
}

/// Likewise of all that a plan changes: what lacks a price says how much of it has one.
fn totals(changes: &Changes, texts: &EstimateTexts) -> Result<[String; 3]> {
    let [before, after] = changes.coverage();
    let text = |money, coverage, assumed| total(money, coverage, assumed, texts);
    let either = changes.assumed.contains(&true);
    let difference = difference(changes.before, changes.after)?;
    Ok([
        text(changes.before, before, changes.assumed[0]),
        text(changes.after, after, changes.assumed[1]),
        text(difference, changes.priced(), either),
    ])
}

/// A total: of what is priced with how much that is, where it lacks a price.
fn total(money: Option<Money>, coverage: Coverage, assumed: bool, texts: &EstimateTexts) -> String {
    match money {
        Some(money) if coverage.is_complete() => marked(money, assumed),
        Some(money) => {
            let values = [("amount", &*marked(money, assumed)), ("priced", &priced(coverage, texts))];
            fill(&texts.with_coverage, &values)
        }
        None => priced(coverage, texts),
    }
}

fn switches(timing: &Timing, estimate: &Estimate, texts: &EstimateTexts) -> Result<Section> {
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
        &texts.connection,
        &texts.switches,
        &texts.raised_hours,
        &texts.raised_cost,
        &texts.cost,
        &texts.just_after,
        &texts.well_timed,
        &texts.saving,
    ];
    let money = |money: Money| marked(money, timing.assumed);
    let (payable, after) = (money(timing.payable), money(timing.just_after_payable));
    let (well_timed, saving) = (money(timing.well_timed_payable), money(timing.saving()?));
    let sums = vec![
        fill(&texts.all_pay, &[("payable", &payable), ("currency", currency), ("after", &after)]),
        fill(&texts.well_timed_pays, &[("amount", &well_timed), ("saving", &saving)]),
    ];
    let table = Block::table(&header, rows, &[1, 2, 3, 4, 5, 6, 7]);
    let title = fill(&texts.switches_of, &[("scenario", timing.scenario)]);
    Ok(Section::new(title, [table, Block::Items(sums)]))
}

fn schedule(advice: &ScheduleAdvice, texts: &EstimateTexts) -> Vec<Section> {
    let rows = advice.windows.iter().map(|window| {
        vec![
            window.window.clone(),
            window.whole_hours.to_string(),
            window.lifted_hours.to_string(),
            window.up_at.clone(),
            window.down_at.clone(),
            if window.too_short() { texts.too_short.clone() } else { String::new() },
        ]
    });
    let header = [
        &texts.platinum_in,
        &texts.whole_hours,
        &texts.lifted_hours,
        &texts.up_at,
        &texts.down_at,
        &String::new(),
    ];
    let gaps = advice.gaps_without_gold.iter().map(|gap| fill(&texts.no_gold_hour, &[("gap", gap)]));
    let no_share = (advice.shares.is_empty() && advice.missing.is_none()).then(|| texts.no_share.clone());
    let table = Block::table(&header, rows.collect(), &[1, 2]);
    let title = fill(&texts.schedule, &[("offset", &advice.offset.to_string())]);
    let mut sections = vec![Section::new(title, [table, Block::Items(gaps.chain(no_share).collect())])];
    sections.extend((!advice.shares.is_empty()).then(|| shares(advice, texts)));
    sections
}

fn shares(advice: &ScheduleAdvice, texts: &EstimateTexts) -> Section {
    let name = |share: &Share| share.connection.clone().map_or(texts.all.clone(), |id| id.to_string());
    let rows = advice.shares.iter().map(|share| {
        let percent =
            [share.in_windows, share.lifted, share.break_even].map(|percent| marked(percent, advice.assumed));
        [name(share)].into_iter().chain(percent).collect()
    });
    let header = [&texts.connection, &texts.in_windows, &texts.in_lifted, &texts.break_even];
    Section::new(&texts.shares, [Block::table(&header, rows.collect(), &[1, 2, 3])])
}
