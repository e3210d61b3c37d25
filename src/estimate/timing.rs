//! When to switch: what the same switches cost where each is moved to the edge of an hour (R7).

use super::{
    platinum::{just_after_the_hour, well_timed},
    price::WhatIf,
    scenario::{ConnectionCosts, connection_costs},
};
use crate::{
    catalog::Catalog,
    error::Result,
    model::{
        inventory::Inventory,
        link::LinkHistory,
        money::{Amount, Money},
        time::Period,
    },
    rating::rate,
    report::{Report, Traffic},
    statement::statements,
};
use std::sync::Arc;

/// What the switches of one connection cost, as they are and well timed; amounts in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchCost {
    /// The connection's id.
    pub connection: Arc<str>,
    /// Its switches within the month and its life.
    pub switches: u64,
    /// Metered hours, counted per sender, that hold one.
    pub raised_hours: u64,
    /// What raising them cost, at most (R7).
    pub raised_cost: Money,
    /// What the connection costs, exactly.
    pub amount: Amount,
    /// What it would cost with each switch delayed to just after the hour, exactly.
    pub just_after: Amount,
    /// What it would cost with its switches well timed, exactly.
    pub well_timed: Amount,
    /// What that saves, as it is printed.
    pub saving: Money,
    /// Whether an assumed price touched any of these amounts (R18).
    pub assumed: bool,
}

/// What the switches of a scenario cost, and what they would cost well timed; amounts in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The name of the scenario.
    pub scenario: &'static str,
    /// Connections with a switch in the month, by id.
    pub connections: Vec<SwitchCost>,
    /// What all accounts pay.
    pub payable: Money,
    /// What they would pay with each switch delayed to just after the hour.
    pub just_after_payable: Money,
    /// What they would pay with all switches well timed.
    pub well_timed_payable: Money,
    /// Whether an assumed price touched any of the three (R18).
    pub assumed: bool,
}

impl Timing {
    /// Compares the report of a question with the same switches just after the hour, and well timed.
    pub(super) fn of(what_if: &WhatIf<'_>, report: &Report, catalog: &Catalog) -> Result<Self> {
        let link_types = &what_if.link_types;
        let retimed = |retime: fn(&LinkHistory) -> LinkHistory| {
            let link_types = link_types.with_histories(|index| retime(link_types.history(index)));
            rerated(what_if.traffic, &link_types, catalog)
        };
        let as_switched = connection_costs(&report.lines)?;
        let (just_after, just_after_payable) = retimed(just_after_the_hour)?;
        let (well_timed, well_timed_payable) = retimed(well_timed)?;
        let costs = Costs { as_switched, just_after, well_timed };
        Ok(Self {
            scenario: what_if.name,
            connections: costs.of_switches(link_types, what_if.traffic.metered.usage().period(), catalog)?,
            payable: report.payable()?,
            just_after_payable,
            well_timed_payable,
            assumed: costs.all().iter().any(|costs| costs.values().any(|cost| cost.assumed)),
        })
    }

    /// What all accounts would save with well timed switches, in the catalog's currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where it is beyond exact amounts.
    pub fn saving(&self) -> Result<Money> {
        self.payable.checked_sub(self.well_timed_payable)
    }
}

/// What connections cost, by when their switches are made.
struct Costs {
    as_switched: ConnectionCosts,
    just_after: ConnectionCosts,
    well_timed: ConnectionCosts,
}

impl Costs {
    fn all(&self) -> [&ConnectionCosts; 3] {
        [&self.as_switched, &self.just_after, &self.well_timed]
    }

    /// Those of connections with a switch within the month and their life.
    fn of_switches(
        &self,
        link_types: &Inventory,
        month: Period,
        catalog: &Catalog,
    ) -> Result<Vec<SwitchCost>> {
        let amount =
            |costs: &ConnectionCosts, index| costs.get(&index).map_or(Amount::ZERO, |cost| cost.amount);
        let mut switch_costs = Vec::new();
        for (&index, cost) in &self.as_switched {
            let connection = link_types.connection(index);
            let switches = switches_in(link_types.history(index), connection.hours_in(month));
            if switches == 0 || connection.within_region() {
                continue;
            }
            let well_timed = amount(&self.well_timed, index);
            switch_costs.push(SwitchCost {
                connection: connection.id.clone(),
                switches,
                raised_hours: cost.raised_hours,
                raised_cost: cost.raised_amount.printed(catalog.gb)?,
                amount: cost.amount,
                just_after: amount(&self.just_after, index),
                well_timed,
                saving: cost.amount.checked_sub(well_timed)?.printed(catalog.gb)?,
                assumed: self.all().iter().any(|costs| costs.get(&index).is_some_and(|cost| cost.assumed)),
            });
        }
        Ok(switch_costs)
    }
}

/// What connections cost over these link types, and what all accounts pay.
fn rerated(
    traffic: Traffic<'_>,
    link_types: &Inventory,
    catalog: &Catalog,
) -> Result<(ConnectionCosts, Money)> {
    let account = traffic.options.account.as_deref();
    let lines = rate(traffic.metered.usage(), link_types, catalog, false, account)?;
    let mut payable = Money::ZERO;
    for statement in statements(&lines, traffic.inventory(), catalog.gb, &catalog.rounding)? {
        payable = payable.checked_add(statement.payable)?;
    }
    Ok((connection_costs(&lines)?, payable))
}

/// How many switches lie in a period.
pub(super) fn switches_in(history: &LinkHistory, period: Period) -> u64 {
    history.switches().iter().filter(|(at, _)| period.contains(at.hour())).count() as u64
}
