//! A Terraform plan with monthly traffic: what connections cost before and after it, what the plan changes, and whether it
//! may pass a gate.
//!
//! Both sides go through the rating of the bill, as scenarios of their own. What the plan does not show is listed and
//! stands in the way of a gate; nothing is taken for zero because it is not known.

mod of_plan;
mod quantities;

pub use of_plan::of_plan;
pub use quantities::{PlanQuantities, UnitPrices};

use crate::{
    catalog::Catalog,
    error::{ErrorKind, Result},
    estimate::{
        quantities::{PlannedConnection, PricesOf, Quantities},
        scenario::{AFTER, BEFORE, Coverage, Scenario},
    },
    model::{
        finding::{Finding, FindingCode, Said},
        money::{Amount, Gb, Money},
    },
    read::terraform::Change,
};
use std::collections::BTreeMap;

/// What a plan changes, with what that costs in a month, in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Every connection that is created, changed or destroyed, by address.
    pub connections: Vec<ChangeCost>,
    /// By account.
    pub accounts: Vec<AccountCost>,
    /// What all of it costs before, where it is known; not rounded as a bill is.
    pub before: Option<Money>,
    /// What all of it costs after.
    pub after: Option<Money>,
    /// Whether an assumed price touched what it costs before, and after (R18).
    pub assumed: [bool; 2],
    /// How many connections stay as they are; they are not priced.
    pub unchanged: usize,
    /// Why the difference is not known, where it is not; empty where it is.
    pub open: Vec<Finding>,
}

/// What a change of one connection costs.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCost {
    /// What is changed.
    pub change: Change,
    /// What it costs before: nothing where it is created, `None` where it is not priced.
    pub before: Option<Money>,
    /// What it costs after: nothing where it is destroyed, `None` where it is not priced.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
    /// What one GB costs before, and after, also where there is no traffic that it could be priced with.
    pub unit_prices: [UnitPrices; 2],
}

/// What an account pays for the connections that are changed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCost {
    /// The account.
    pub billing_account_id: String,
    /// What it pays before; `None` where that scenario is not priced.
    pub before: Option<Money>,
    /// What it pays after.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
}

/// The difference between two costs, after less before; `None` where one of them is not known.
///
/// # Errors
///
/// [`ErrorKind::Overflow`] where it is beyond exact amounts.
pub fn difference(before: Option<Money>, after: Option<Money>) -> Result<Option<Money>> {
    before.zip(after).map(|(before, after)| after.checked_sub(before)).transpose()
}

/// Whether a plan may pass a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It costs so much more per month, which is not above the limit.
    Passed(Money),
    /// It costs so much more per month, which is above the limit.
    Above(Money),
    /// How much more it costs is not known, for these reasons.
    NotKnown(Vec<Finding>),
}

impl ChangeCost {
    /// Whether its cost is not known on a side that it has.
    pub fn not_priced(&self) -> bool {
        self.before.is_none() || self.after.is_none()
    }
}

impl Changes {
    /// How many of the connections that are there before the plan are priced, and of those after it.
    pub fn coverage(&self) -> [Coverage; 2] {
        let there = |side: fn(&ChangeCost) -> (bool, Option<Money>)| {
            let sides = self.connections.iter().map(side).filter(|(is_there, _)| *is_there);
            Coverage::count(sides.map(|(_, cost)| cost.is_some()))
        };
        [
            there(|own| (own.change.before.is_some(), own.before)),
            there(|own| (own.change.after.is_some() || own.change.keeps_beside_new(), own.after)),
        ]
    }

    /// How many of the connections that are changed are priced on both sides.
    pub fn priced(&self) -> Coverage {
        Coverage::count(self.connections.iter().map(|change| !change.not_priced()))
    }

    /// How many connections are not priced on a side that they have; the totals are without them.
    pub fn not_priced(&self) -> usize {
        self.connections.iter().filter(|change| change.not_priced()).count()
    }

    /// Whether the totals are not those of the whole plan: a connection is left out of one, because it is not priced,
    /// or the plan does not tell all that it changes.
    pub fn partial(&self) -> bool {
        let left_out = |change: &ChangeCost| {
            self.before.is_some() && change.before.is_none() || self.after.is_some() && change.after.is_none()
        };
        !self.open.is_empty() || self.connections.iter().any(left_out)
    }

    /// Whether what the plan costs more per month stays within `limit`. What is not known does not pass.
    ///
    /// # Errors
    ///
    /// Those of [`difference`].
    pub fn gate(&self, limit: Money) -> Result<Gate> {
        if !self.open.is_empty() {
            return Ok(Gate::NotKnown(self.open.clone()));
        }
        Ok(match difference(self.before, self.after)? {
            None => Gate::NotKnown(vec![Finding::of(FindingCode::NotKnown, Said::PriceMissing {})]),
            Some(more) if more > limit => Gate::Above(more),
            Some(more) => Gate::Passed(more),
        })
    }
}

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
fn changes_with_costs(
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
        let unit_prices = quantities.unit_prices(change, catalog)?;
        Ok(ChangeCost { unit_prices, ..change_cost(change, known, catalog.gb)? })
    };
    let total =
        |side: &Option<SideCosts>| side.as_ref().map(|side| side.total.printed(catalog.gb)).transpose();
    let mut changes = Changes {
        connections: quantities.changes.iter().map(change_cost).collect::<Result<_>>()?,
        accounts: account_costs(&sides, catalog.gb)?,
        before: total(&sides[0])?,
        after: total(&sides[1])?,
        assumed: [0, 1].map(|index: usize| sides[index].as_ref().is_some_and(|side| side.assumed)),
        unchanged: quantities.unchanged,
        open: quantities.open.clone(),
    };
    // A sum of nothing that is known is no sum.
    let [before, after] = changes.coverage();
    changes.before = changes.before.filter(|_| !before.is_nothing());
    changes.after = changes.after.filter(|_| !after.is_nothing());
    Ok(changes)
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
        let mut cost = nothing.or_else(|| known.get(&change.address).copied());
        if index == 1 && change.keeps_beside_new() {
            let kept = known.get(&change.kept_label()).copied();
            cost = cost.zip(kept).map(|(new, old)| sum(new, old)).transpose()?;
        }
        if let Some((amount, touched)) = cost {
            costs[index] = Some(amount.printed(gb)?);
            assumed[index] = touched;
        }
    }
    let [before, after] = costs;
    Ok(ChangeCost { change: change.clone(), before, after, assumed, unit_prices: Default::default() })
}

fn sum(one: Cost, other: Cost) -> Result<Cost> {
    Ok((one.0.checked_add(other.0)?, one.1 || other.1))
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
