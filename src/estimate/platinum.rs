//! When a connection is Platinum: its link types as stretches of time, and the same with switches at the edges of hours.
//!
//! An hour that holds a change is billed at Platinum as a whole (R7). So a switch up is best made just after an hour has
//! begun, at `hh:00:00`: the hour before it stays at Gold. A switch down is best made just before an hour ends: at
//! `hh:00:00` it would lift the hour that starts there.

use crate::model::{
    link::{LinkHistory, LinkType, TypeChange},
    time::{Hour, Timestamp},
};

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
pub(super) fn just_after_the_hour(history: &LinkHistory) -> LinkHistory {
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
