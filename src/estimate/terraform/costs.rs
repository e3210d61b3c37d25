//! What each change of a plan costs, and each account.

use super::{
    changes::{AccountCost, ChangeCost, Changes},
    quantities::PlanQuantities,
};
use crate::{
    catalog::Catalog,
    error::{ErrorKind, Result},
    estimate::{
        names::{AFTER, BEFORE},
        quantities::{PlannedConnection, PricesOf, Quantities},
        scenario::Scenario,
    },
    model::money::{Amount, Gb, Money},
    read::terraform::Change,
};
use std::collections::BTreeMap;

/// An exact amount, and whether an assumed price touched it (R18).
type Cost = (Amount, bool);

/// What the connections of one side cost, by address; only those whose price is known.
type Known = BTreeMap<String, Cost>;

/// Exact amounts of one side.
struct SideCosts {
    by_address: Known,
    by_account: BTreeMap<String, Cost>,
    total: Amount,
    assumed: bool,
}

/// What a plan changes, with what that costs.
pub(super) fn changes_with_costs(
    quantities: &PlanQuantities,
    scenarios: &[Scenario],
    catalog: &Catalog,
) -> Result<Changes> {
    let sides = [side_costs(scenarios, BEFORE)?, side_costs(scenarios, AFTER)?];
    let mut known = [None, None];
    for (index, name) in [BEFORE, AFTER].into_iter().enumerate() {
        if scenarios.iter().any(|scenario| scenario.name == name) {
            known[index] = Some(match &sides[index] {
                Some(side) => side.by_address.clone(),
                None => one_by_one(&quantities.planned[index], quantities.prices_of, catalog)?,
            });
        }
    }
    let change_cost = |change: &Change| {
        let sides = [&quantities.before, &quantities.after];
        let priced = sides.iter().any(|side| side.inventory().index_of(&change.address).is_some());
        let known = [0, 1].map(|index: usize| known[index].as_ref().filter(|_| priced));
        change_cost(change, known, catalog.gb)
    };
    let total =
        |side: &Option<SideCosts>| side.as_ref().map(|side| side.total.printed(catalog.gb)).transpose();
    Ok(Changes {
        connections: quantities.changes.iter().map(change_cost).collect::<Result<_>>()?,
        accounts: account_costs(&sides, catalog.gb)?,
        before: total(&sides[0])?,
        after: total(&sides[1])?,
        assumed: [0, 1].map(|index: usize| sides[index].as_ref().is_some_and(|side| side.assumed)),
        unchanged: quantities.unchanged,
        open: quantities.open.clone(),
    })
}

/// What a side costs; `None` where its scenario is not priced or not asked for.
fn side_costs(scenarios: &[Scenario], name: &str) -> Result<Option<SideCosts>> {
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == name) else { return Ok(None) };
    let Some(report) = scenario.report() else { return Ok(None) };
    let by_address = scenario.connections()?.into_iter();
    let by_address = by_address.map(|(id, cost)| (id.to_owned(), (cost.amount, cost.assumed))).collect();
    let statements = report.statements.iter();
    let by_account: BTreeMap<String, Cost> = statements
        .map(|statement| (statement.billing_account_id.clone(), (statement.exact, statement.assumed)))
        .collect();
    let total = by_account.values().try_fold(Amount::ZERO, |sum, cost| sum.checked_add(cost.0))?;
    Ok(Some(SideCosts { by_address, by_account, total, assumed: report.assumed() }))
}

/// What each connection costs by itself, so that one price that is missing hides only its own.
fn one_by_one(planned: &[PlannedConnection], prices_of: PricesOf, catalog: &Catalog) -> Result<Known> {
    let mut known = Known::new();
    for planned in planned {
        let alone = Quantities::new(std::slice::from_ref(planned), prices_of, catalog)?;
        match alone.traffic().report(alone.inventory(), catalog) {
            Ok(report) => {
                let amounts = report.lines.iter().map(|line| line.amount);
                let amount = amounts.into_iter().try_fold(Amount::ZERO, Amount::checked_add)?;
                known.insert(planned.label.clone(), (amount, report.assumed()));
            }
            Err(error) if error.kind() == ErrorKind::MissingPrice => {}
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

/// What one change costs; nothing is known of it on a side of which nothing is.
fn change_cost(change: &Change, known: [Option<&Known>; 2], gb: Gb) -> Result<ChangeCost> {
    let is_there = [change.before.is_some(), change.after.is_some()];
    let (mut costs, mut assumed) = ([None, None], [false; 2]);
    for index in [0, 1] {
        let Some(known) = known[index] else { continue };
        // A side that the connection does not have costs nothing; one that is not priced is not known.
        let nothing = (!is_there[index]).then_some((Amount::ZERO, false));
        if let Some((amount, touched)) = nothing.or_else(|| known.get(&change.address).copied()) {
            costs[index] = Some(amount.printed(gb)?);
            assumed[index] = touched;
        }
    }
    let [before, after] = costs;
    Ok(ChangeCost { change: change.clone(), before, after, assumed })
}

/// What accounts pay on both sides, by account.
fn account_costs(sides: &[Option<SideCosts>; 2], gb: Gb) -> Result<Vec<AccountCost>> {
    let mut names: Vec<&String> = sides.iter().flatten().flat_map(|side| side.by_account.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let paid = |side: &Option<SideCosts>, account: &str| -> Result<(Option<Money>, bool)> {
        let Some(side) = side else { return Ok((None, false)) };
        let (amount, assumed) = side.by_account.get(account).copied().unwrap_or_default();
        Ok((Some(amount.printed(gb)?), assumed))
    };
    let account_cost = |name: &String| {
        let [before, after] = [paid(&sides[0], name)?, paid(&sides[1], name)?];
        let (billing_account_id, assumed) = (name.clone(), [before.1, after.1]);
        Ok(AccountCost { billing_account_id, before: before.0, after: after.0, assumed })
    };
    names.into_iter().map(account_cost).collect()
}
