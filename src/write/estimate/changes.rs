//! What a Terraform plan changes, as tables that several pages hold.

use super::{account_label, marked};
use crate::{
    error::Result,
    estimate::{AccountCost, ChangeCost, Changes, Estimate, difference},
    model::{link::LinkType, money::Money},
    read::terraform::PlanSide,
    write::page::Block,
};

/// The changes by connection, and by account.
pub(super) fn change_tables(estimate: &Estimate, changes: &Changes) -> Result<[Block; 2]> {
    let mut connections = changes.connections.iter().map(cells).collect::<Result<Vec<_>>>()?;
    let partial = changes.partial();
    let mut total = vec![if partial { "total of what is priced" } else { "total" }.to_owned()];
    total.resize(5, String::new());
    total.extend(costs(changes.before, changes.after, changes.assumed)?);
    connections.push(total);
    let cells_of = |account: &AccountCost| {
        let costs = costs(account.before, account.after, account.assumed)?;
        Ok([account_label(estimate, &account.billing_account_id)].into_iter().chain(costs).collect())
    };
    let accounts = changes.accounts.iter().map(cells_of).collect::<Result<Vec<_>>>()?;
    let header = ["connection", "action", "route", "link type", "SLA", "before", "after", "difference"];
    Ok([
        Block::table(&header, connections, &[5, 6, 7]),
        Block::table(&account_header(partial), accounts, &[1, 2, 3]),
    ])
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

/// Cost before, after and the difference; with the mark of an assumed price on what it touched (R18).
fn costs(before: Option<Money>, after: Option<Money>, assumed: [bool; 2]) -> Result<[String; 3]> {
    let text = |money: Option<Money>, assumed| match money {
        Some(money) => marked(money, assumed),
        None => "not priced".into(),
    };
    let either = assumed.contains(&true);
    Ok([text(before, assumed[0]), text(after, assumed[1]), text(difference(before, after)?, either)])
}
