//! When a connection is Platinum: its link types as stretches of time, the same with switches at the edges of hours, and
//! what the switches cost as they are and so.
//!
//! An hour that holds a change is billed at Platinum as a whole (R7). So a switch up is best made just after an hour has
//! begun, at `hh:00:00`: the hour before it stays at Gold. A switch down is best made just before an hour ends: at
//! `hh:00:00` it would lift the hour that starts there.

use super::scenario::{ConnectionCosts, WhatIf, connection_costs};
use crate::{
    catalog::Catalog,
    error::Result,
    model::{
        inventory::Inventory,
        link::{LinkHistory, LinkType, TypeChange},
        money::{Amount, Money},
        time::{Hour, Period, Timestamp},
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

/// A stretch of time in which a connection is Platinum: from a switch up to a switch down, or without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The switch up; `None`: Platinum from the beginning.
    pub from: Option<Timestamp>,
    /// The switch down; `None`: Platinum ever after.
    pub until: Option<Timestamp>,
}

/// The stretches of Platinum in a history, in order.
fn platinum_stretches(history: &LinkHistory) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut open = (history.first() == LinkType::Platinum).then_some(None);
    for &(at, after) in history.switches() {
        match (after, open) {
            (LinkType::Platinum, None) => open = Some(Some(at)),
            (LinkType::Gold, Some(from)) => {
                stretches.push(Stretch { from, until: Some(at) });
                open = None;
            }
            // A switch leads to another type than before it.
            _ => {}
        }
    }
    stretches.extend(open.map(|from| Stretch { from, until: None }));
    stretches
}

/// The history that is Platinum in these stretches, which do not touch, and Gold outside.
pub(super) fn history_of(stretches: &[Stretch]) -> LinkHistory {
    let (gold, platinum) = (LinkType::Gold, LinkType::Platinum);
    let change = |at: Option<Timestamp>, from, to| at.map(|at| TypeChange { at, from, to });
    let changes: Vec<TypeChange> = stretches
        .iter()
        .flat_map(|stretch| [change(stretch.from, gold, platinum), change(stretch.until, platinum, gold)])
        .flatten()
        .collect();
    let last = match stretches.last() {
        Some(Stretch { until: None, .. }) => platinum,
        _ => gold,
    };
    // A stretch from the beginning that never ends has no change: its type is the last one.
    // OK because the changes alternate.
    LinkHistory::new(&changes, last).expect("stretches of Platinum form a chain")
}

/// The first hour that starts at or after `at`.
fn hour_from(at: Timestamp) -> Hour {
    if at.hour().start() == at { at.hour() } else { at.hour().next() }
}

/// The hours billed at Platinum in `stretch` where its switches are well timed; `None`: without limit.
///
/// Up at the next whole hour, unless the stretch ends before it; down just before the next whole hour.
fn well_timed_hours(stretch: Stretch) -> (Option<Hour>, Option<Hour>) {
    let end = stretch.until.map(hour_from);
    let start = stretch.from.map(|at| match end {
        Some(end) if hour_from(at) >= end => at.hour(),
        _ => hour_from(at),
    });
    (start, end)
}

/// The same switches, each moved to the edge of an hour where it lifts no hour that it need not.
pub(super) fn well_timed(history: &LinkHistory) -> LinkHistory {
    let hours = platinum_stretches(history).into_iter().map(well_timed_hours);
    // A stretch of no length at a whole hour falls away.
    platinum_in_hours(
        hours.filter(|(start, end)| start.is_none_or(|start| end.is_none_or(|end| start < end))),
    )
}

/// The same switches, each delayed to just after the next whole hour; one at `hh:00:00` is there already.
///
/// A switch up then lifts no hour beside that of the switch. A switch down lifts the hour after: R7 counts it in.
fn just_after_the_hour(history: &LinkHistory) -> LinkHistory {
    let mut before = history.first();
    let mut changes = Vec::new();
    for &(at, after) in history.switches() {
        let at = hour_from(at).start();
        let other = if before == LinkType::Gold { LinkType::Platinum } else { LinkType::Gold };
        changes.push(TypeChange { at, from: before, to: other });
        if after == before {
            changes.push(TypeChange { at, from: other, to: before });
        }
        before = after;
    }
    // OK because each change starts from the type at which the one before it ends.
    LinkHistory::new(&changes, before).expect("delayed switches form a chain")
}

/// The history in which exactly these hours, given from the first up to and without the last, are Platinum.
pub(super) fn platinum_in_hours(
    stretches: impl Iterator<Item = (Option<Hour>, Option<Hour>)>,
) -> LinkHistory {
    let mut merged: Vec<(Option<Hour>, Option<Hour>)> = Vec::new();
    for (start, end) in stretches {
        match merged.last_mut() {
            Some((_, last)) if last.is_none_or(|last| start.is_none_or(|start| start <= last)) => {
                *last = last.zip(end).map(|(a, b)| a.max(b));
            }
            _ => merged.push((start, end)),
        }
    }
    let second_before = |hour: Hour| Timestamp::from_seconds(hour.start().seconds() - 1);
    let stretches = merged
        .into_iter()
        .map(|(start, end)| Stretch { from: start.map(Hour::start), until: end.map(second_before) });
    history_of(&stretches.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-10-05T{text}Z")).unwrap()
    }

    /// The hours of the day that are billed at Platinum, with Platinum in these stretches.
    fn platinum_hours(history: &LinkHistory) -> Vec<i64> {
        let midnight = at("00:00:00").hour().index();
        let billed =
            |hour: &i64| history.levels(Hour::from_index(midnight + hour)).highest == LinkType::Platinum;
        (0..24).filter(billed).collect()
    }

    fn stretches(times: &[(&str, &str)]) -> LinkHistory {
        let stretch =
            |&(from, until): &(&str, &str)| Stretch { from: Some(at(from)), until: Some(at(until)) };
        history_of(&times.iter().map(stretch).collect::<Vec<_>>())
    }

    #[test]
    fn r7_up_just_after_the_hour_and_down_just_before_it() {
        for (times, billed, well) in [
            // Up within an hour saves that hour; down within one lifts it either way.
            (vec![("10:20:00", "14:51:00")], vec![10, 11, 12, 13, 14], vec![11, 12, 13, 14]),
            // Up on the hour is well timed; down on the hour lifts one hour more than need be.
            (vec![("10:00:00", "14:00:00")], vec![10, 11, 12, 13, 14], vec![10, 11, 12, 13]),
            // Within one hour nothing can be won but at its end.
            (vec![("10:20:00", "10:40:00")], vec![10], vec![10]),
            (vec![("10:20:00", "11:00:00")], vec![10, 11], vec![10]),
            // A gap within an hour saves nothing, and stays away.
            (vec![("09:00:00", "10:10:00"), ("10:40:00", "11:59:59")], vec![9, 10, 11], vec![9, 10, 11]),
            (vec![("10:50:00", "11:10:00"), ("11:20:00", "11:30:00")], vec![10, 11], vec![11]),
        ] {
            let history = stretches(&times);
            assert_eq!(platinum_hours(&history), billed, "{times:?}");
            assert_eq!(platinum_hours(&well_timed(&history)), well, "{times:?} well timed");
        }
    }

    #[test]
    fn r7_just_after_the_hour_a_switch_up_saves_an_hour_and_a_switch_down_costs_one() {
        for (times, after) in [
            (("10:20:00", "14:51:00"), vec![11, 12, 13, 14, 15]),
            (("10:00:00", "14:00:00"), vec![10, 11, 12, 13, 14]),
            (("10:20:00", "10:40:00"), vec![11]),
        ] {
            assert_eq!(platinum_hours(&just_after_the_hour(&stretches(&[times]))), after, "{times:?}");
        }
        let there_and_back = [(LinkType::Gold, LinkType::Platinum), (LinkType::Platinum, LinkType::Gold)]
            .map(|(from, to)| TypeChange { at: at("10:20:00"), from, to });
        let history = LinkHistory::new(&there_and_back, LinkType::Gold).unwrap();
        assert_eq!(platinum_hours(&history), [10]);
        assert_eq!(platinum_hours(&just_after_the_hour(&history)), [11]);
        assert_eq!(platinum_hours(&well_timed(&history)), Vec::<i64>::new());
    }

    #[test]
    fn constant_types_have_no_switch_to_move() {
        for link_type in LinkType::ALL {
            let history = LinkHistory::constant(link_type);
            assert_eq!(well_timed(&history), history);
        }
    }
}
