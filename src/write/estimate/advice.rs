//! What stands beside the scenarios on every page: what a plan changes, what switches cost and when to make them, what a
//! minute of availability costs. Each as sections of a page, which CSV tells line by line beside its rows.

use super::{NOT_PRICED, account_label, marked};
use crate::{
    catalog::PriceStatus,
    error::Result,
    estimate::{
        AVOIDED_MINUTES, AccountCost, ChangeCost, Changes, Coverage, Estimate, Scenario, ScheduleAdvice,
        ServiceLevel, Share, Timing, UnitPrices, difference,
    },
    model::{link::LinkType, money::Money},
    read::terraform::PlanSide,
    write::page::{Block, Section},
};

/// What switches cost, when to make those of a schedule, and what the higher level costs by the minute.
pub(super) fn advice(estimate: &Estimate) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for timing in estimate.timings.iter().filter(|timing| !timing.connections.is_empty()) {
        sections.push(switches(timing, estimate)?);
    }
    sections.extend(estimate.schedule.iter().flat_map(schedule));
    sections.extend(service_level(estimate)?);
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
        let (connections, _) = change_tables(estimate, changes)?;
        sections.push(Section::new("change", [connections]));
    }
    sections.extend(advice(estimate)?);
    Ok(lines_of(&sections))
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
fn service_level(estimate: &Estimate) -> Result<Option<Section>> {
    if !has_level(estimate) {
        return Ok(None);
    }
    let levels = estimate.service_levels()?;
    let [gold, platinum] = LinkType::ALL.map(|own| (own.sla(), minutes(own.downtime())));
    let allowed = format!(
        "In 30 days Gold ({}) may be down for {} minutes, Platinum ({}) for {}: {} less",
        gold.0,
        gold.1,
        platinum.0,
        platinum.1,
        minutes(AVOIDED_MINUTES)
    );
    let row = |level: &ServiceLevel| {
        let of = level.connection.clone().unwrap_or_else(|| "all".into());
        vec![of, marked(level.difference, level.assumed), marked(level.per_minute, level.assumed)]
    };
    let header = ["connection", "Platinum costs more per month", "per avoided minute"];
    let table = Block::table(&header, levels.iter().map(row).collect(), &[1, 2]);
    let (title, allowed) =
        (format!("Service level, amounts in {}", estimate.catalog.currency), Block::item(allowed));
    Ok(Some(match levels.is_empty() {
        true => Section::new("Service level", [allowed]),
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
pub(super) fn change_tables(estimate: &Estimate, changes: &Changes) -> Result<(Block, Option<Block>)> {
    let mut connections = changes.connections.iter().map(cells).collect::<Result<Vec<_>>>()?;
    let partial = changes.partial();
    let mut total = vec![if partial { "total of what is priced" } else { "total" }.to_owned()];
    total.resize(6, String::new());
    total.extend(totals(changes)?);
    connections.push(total);
    let cells_of = |account: &AccountCost| {
        let costs = costs(account.before, account.after, account.assumed)?;
        Ok([account_label(estimate, &account.billing_account_id)].into_iter().chain(costs).collect())
    };
    let accounts = changes.accounts.iter().map(cells_of).collect::<Result<Vec<_>>>()?;
    let header = [
        "connection",
        "action",
        "route",
        "link type",
        "SLA",
        "price per GB",
        "before",
        "after",
        "difference",
    ];
    let by_account =
        (!accounts.is_empty()).then(|| Block::table(&account_header(partial), accounts, &[1, 2, 3]));
    Ok((Block::table(&header, connections, &[5, 6, 7, 8]), by_account))
}

fn account_header(partial: bool) -> [&'static str; 4] {
    if partial {
        ["account", "before (partial)", "after (partial)", "difference (partial)"]
    } else {
        ["account", "before", "after", "difference"]
    }
}

/// What stands under the changes.
pub(super) fn coverage(changes: &Changes) -> String {
    format!(
        "Connections that are changed: {}, of them not priced: {}. {} stay as they are, and are not priced either.",
        changes.connections.len(),
        changes.not_priced(),
        changes.unchanged
    )
}

fn cells(priced: &ChangeCost) -> Result<Vec<String>> {
    let change = &priced.change;
    let sides = [change.before.as_ref(), change.after.as_ref()];
    let both = |what: fn(&PlanSide) -> String| there_and_then(sides.map(|side| side.map(what)));
    let action =
        if change.keeps_beside_new() { "replace, old one kept".into() } else { change.action.to_string() };
    let mut cells = vec![change.address.clone(), action, both(route)];
    cells.extend([
        both(|side| link_type(side, LinkType::as_str)),
        both(|side| link_type(side, LinkType::sla)),
        there_and_then(
            [0, 1].map(|index: usize| sides[index].map(|_| unit_price(&priced.unit_prices[index]))),
        ),
    ]);
    cells.extend(costs(priced.before, priced.after, priced.assumed)?);
    Ok(cells)
}

/// What holds before and after, once where it is the same.
fn there_and_then(sides: [Option<String>; 2]) -> String {
    match sides {
        [Some(before), Some(after)] if before != after => format!("{before} -> {after}"),
        [before, after] => after.or(before).unwrap_or_default(),
    }
}

const NOT_KNOWN: &str = "not known";

fn route(side: &PlanSide) -> String {
    let name = |region: &Option<String>| region.clone().unwrap_or_else(|| NOT_KNOWN.into());
    format!("{} to {}", name(&side.requester_region), name(&side.accepter_region))
}

fn link_type(side: &PlanSide, name: fn(LinkType) -> &'static str) -> String {
    if side.within_region() {
        return "free".into();
    }
    side.link_type.map_or(NOT_KNOWN, name).to_owned()
}

/// The price of one GB, once where it is the same both ways, otherwise that of the requester's and of the accepter's.
fn unit_price(prices: &UnitPrices) -> String {
    let [there, back] = prices.0.map(|price| match price {
        Some(price) => marked(price.contracted, price.status == PriceStatus::Assumed),
        None => NOT_KNOWN.into(),
    });
    if there == back { there } else { format!("{there} / {back}") }
}

/// Cost before, after and the difference; with the mark of an assumed price on what it touched (R18).
fn costs(before: Option<Money>, after: Option<Money>, assumed: [bool; 2]) -> Result<[String; 3]> {
    let text = |money: Option<Money>, assumed| match money {
        Some(money) => marked(money, assumed),
        None => NOT_PRICED.into(),
    };
    let either = assumed.contains(&true);
    Ok([text(before, assumed[0]), text(after, assumed[1]), text(difference(before, after)?, either)])
}

/// Likewise of all that a plan changes: what lacks a price says how much of it has one.
fn totals(changes: &Changes) -> Result<[String; 3]> {
    let [before, after] = changes.coverage();
    let text = |money, coverage, assumed| total(money, coverage, assumed);
    let either = changes.assumed.contains(&true);
    let difference = difference(changes.before, changes.after)?;
    Ok([
        text(changes.before, before, changes.assumed[0]),
        text(changes.after, after, changes.assumed[1]),
        text(difference, changes.priced(), either),
    ])
}

/// A total: of what is priced with how much that is, where it lacks a price.
pub(super) fn total(money: Option<Money>, coverage: Coverage, assumed: bool) -> String {
    match money {
        Some(money) if coverage.is_complete() => marked(money, assumed),
        Some(money) => format!("{} ({coverage})", marked(money, assumed)),
        None => coverage.to_string(),
    }
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
