//! What holds for every estimate: `as-billed` is the report, and every scenario is what an oracle makes of it that
//! shares no code.

use crate::support::{
    months,
    oracle::{self, Bill, Change, Connection, Copies, HOUR, Level, Month, Record, rational, whole},
    sites::{Site, on_months, texts},
};
use num_bigint::BigInt;
use peerbill::{
    catalog::Catalog,
    estimate::{
        ALL_GOLD, ALL_PLATINUM, AS_BILLED, Estimate, PlannedConnection, PricesOf, Quantities, SCHEDULED,
        Schedule, of_history, of_quantities,
    },
    model::{connection::End, link::LinkType, money::Money, time::Offset},
    report::report,
    write,
};
use proptest::{collection::vec, option, prelude::*, strategy::ValueTree};
use std::collections::BTreeMap;

const DAY: i64 = 24 * HOUR;
const MINUTE: i64 = 60_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Estimates a month, and shows the CSV of the estimate and of the report to `look`.
fn estimate(
    site: &Site,
    month: &Month,
    hourly: bool,
    schedule: Option<&Schedule>,
    look: impl Fn(&Estimate, &str, &str) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let [usage, connections, changes] = texts(month);
    let usage = std::slice::from_ref(&usage);
    let (metered, options) = site.meter_from(month, hourly, usage, &connections, &changes);
    let estimate =
        of_history(&metered, &options, schedule, &site.catalog, &[]).expect("every price is known");
    let (mut own, mut bill) = (Vec::new(), Vec::new());
    write::csv::estimate(&estimate, &mut own).expect("memory can be written");
    let report = report(&metered, &site.catalog, options).expect("every price is known");
    write::csv::report(&report, &mut bill).expect("memory can be written");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("reports are UTF-8");
    look(&estimate, &text(own), &text(bill))
}

/// The lines of one scenario, without its name.
fn lines_of<'t>(csv: &'t str, scenario: &str) -> Vec<&'t str> {
    csv.lines().filter_map(|line| line.strip_prefix(scenario)?.strip_prefix(',')).collect()
}

/// Holds a scenario's lines and payable amounts against a bill of the oracle.
fn holds_against(
    estimate: &Estimate,
    csv: &str,
    scenario: &str,
    expected: &Bill,
) -> Result<(), TestCaseError> {
    let mut lines = lines_of(csv, scenario);
    lines.sort_unstable();
    prop_assert_eq!(&lines, &expected.lines, "{}", scenario);
    let own = estimate.scenarios.iter().find(|own| own.name == scenario).expect("it is there");
    let statements = &own.report().expect("it is priced").statements;
    let payable = statements.iter().map(|own| (own.billing_account_id.clone(), own.payable.to_string()));
    prop_assert_eq!(payable.collect::<BTreeMap<_, _>>(), expected.payable.clone());
    Ok(())
}

/// The same month over other link types.
fn over(month: &Month, link_types: impl Fn(&Connection) -> (Level, Vec<Change>)) -> Month {
    let mut other = month.clone();
    for connection in &mut other.connections {
        (connection.first, connection.changes) = link_types(connection);
    }
    other
}

#[test]
fn as_billed_is_the_report_to_the_byte_and_constant_scenarios_are_the_oracles() {
    on_months(51, 1000, any::<bool>(), |site, month, hourly| {
        estimate(site, month, hourly, None, |estimate, csv, bill| {
            let (header, lines) = bill.split_once('\n').expect("a header");
            let as_billed: String = lines.lines().map(|line| format!("{AS_BILLED},{line}\n")).collect();
            let expected = format!("scenario,{header}\n{as_billed}{ALL_GOLD},");
            prop_assert!(csv.starts_with(&expected) || lines.is_empty());
            prop_assert_eq!(lines_of(csv, AS_BILLED), lines.lines().collect::<Vec<_>>());
            for (scenario, level) in [(ALL_GOLD, Level::Gold), (ALL_PLATINUM, Level::Platinum)] {
                let expected = oracle::bill(&over(month, |_| (level, Vec::new())), &site.world, hourly);
                holds_against(estimate, csv, scenario, &expected)?;
            }
            Ok(())
        })
    });
}

/// Days, start and end in minutes of the day; the end is in the day after where it is not behind the start.
type Window = (Vec<usize>, i64, i64);

fn windows() -> impl Strategy<Value = Vec<Window>> + Clone {
    // Mostly at or next to whole hours.
    let minute = || prop_oneof![4 => (0..24_i64).prop_map(|hour| hour * 60), 1 => (1..24_i64).prop_map(|hour| hour * 60 - 1), 2 => 0..1440_i64];
    let days = prop::sample::subsequence((0..7_usize).collect::<Vec<_>>(), 1..=7);
    let window = (days, minute(), minute()).prop_filter("it has a length", |(_, start, end)| start != end);
    vec(window, 1..4)
}

fn written((days, start, end): &Window) -> String {
    let days: Vec<&str> = days.iter().map(|&day| WEEKDAYS[day]).collect();
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{} {}-{}", days.join(","), clock(*start), clock(*end))
}

/// The switches of windows at `offset`, found by asking of every minute around the month whether it lies in one.
fn switches(windows: &[Window], offset: i64, month: &Month) -> (Level, Vec<Change>) {
    let (start, end) = oracle::period(month);
    let (first, last) = ((start - 9 * DAY) / MINUTE, (end + 9 * DAY) / MINUTE);
    let platinum = |minute: i64| {
        let local = minute + offset * 60;
        // 1970-01-01 was a Thursday.
        let (weekday, of_day) = ((local.div_euclid(1440) + 3).rem_euclid(7) as usize, local.rem_euclid(1440));
        windows.iter().any(|(days, start, end)| {
            let today = days.contains(&weekday) && of_day >= *start && (end < start || of_day < *end);
            today || (end < start && days.contains(&((weekday + 6) % 7)) && of_day < *end)
        })
    };
    let level = |is_platinum| if is_platinum { Level::Platinum } else { Level::Gold };
    let initial = level(platinum(first));
    let (mut before, mut changes) = (initial, Vec::new());
    for minute in first + 1..last {
        let now = level(platinum(minute));
        if now != before {
            changes.push(Change { at: minute * MINUTE, from: before, to: now });
            before = now;
        }
    }
    (initial, changes)
}

#[test]
fn a_schedule_costs_what_the_oracle_bills_for_its_switches() {
    let drawn = (windows(), option::of(-12..=14_i64));
    on_months(53, 250, drawn, |site, month, (windows, offset)| {
        let own_offset = offset.unwrap_or(month.offset);
        let suffix = offset
            .map_or(String::new(), |own| format!(" {}{:02}:00", if own < 0 { '-' } else { '+' }, own.abs()));
        let texts: Vec<String> = windows.iter().map(|own| written(own) + &suffix).collect();
        let month_offset = Offset::from_hours(month.offset as i8).expect("an offset");
        let schedule = Schedule::parse(texts.iter().map(String::as_str), month_offset).expect("windows");
        let switches = switches(&windows, own_offset, month);
        let expected = oracle::bill(&over(month, |_| switches.clone()), &site.world, false);
        estimate(site, month, false, Some(&schedule), |estimate, csv, _| {
            holds_against(estimate, csv, SCHEDULED, &expected)?;
            let advice = estimate.schedule.as_ref().expect("there is a schedule");
            let hundred = Money::from_units(1_000_000_000_000);
            for share in &advice.shares {
                prop_assert_eq!(share.lifted.checked_add(share.break_even).expect("it fits"), hundred);
            }
            Ok(())
        })
    });
}

#[test]
fn r7_switches_just_after_the_hour_are_the_oracles_and_well_timed_ones_save_at_most_what_raising_cost() {
    on_months(52, 500, Just(()), |site, month, ()| {
        let delayed = over(month, |own| {
            let later = |change: &Change| Change { at: -(-change.at).div_euclid(HOUR) * HOUR, ..*change };
            (own.first, own.changes.iter().map(later).collect())
        });
        let expected = oracle::bill(&delayed, &site.world, false);
        let expected =
            expected.payable.values().map(|own| rational(own)).fold(whole(0), |sum, own| sum + own);
        estimate(site, month, false, None, |estimate, _, _| {
            let timing =
                estimate.timings.iter().find(|timing| timing.scenario == AS_BILLED).expect("it is there");
            prop_assert_eq!(rational(&timing.just_after_payable.to_string()), expected.clone());
            // In the other catalog Platinum is mostly the cheaper.
            if site.catalog.name == "china-site" {
                prop_assert!(timing.well_timed_payable <= timing.payable);
                for own in &timing.connections {
                    prop_assert!(own.saving >= Money::ZERO && own.saving <= own.raised_cost, "{:?}", own);
                }
            }
            Ok(())
        })
    });
}

#[test]
fn quantities_cost_what_the_oracle_bills_for_as_many_bytes_in_any_hour() {
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    let bytes = || option::of(prop_oneof![0..9_u64, any::<u64>()]);
    on_months(54, 250, vec([bytes(), bytes()], 6), |site, month, drawn| {
        if site.catalog.name != catalog.name {
            return Ok(());
        }
        let (start, _) = oracle::period(month);
        let mut month = Month { copies: Copies::Sum, records: Vec::new(), ..month.clone() };
        let mut planned = Vec::new();
        for (connection, bytes) in month.connections.iter_mut().zip(&drawn) {
            (connection.created, connection.deleted) = (None, None);
            let end = |index: usize| End::new(&*connection.accounts[index], connection.regions[index]);
            let mut plan = PlannedConnection::new(&*connection.id, end(0), end(1), LinkType::Gold);
            plan.monthly_bytes = *bytes;
            planned.push(plan);
            for (sender, bytes) in bytes.iter().enumerate() {
                let record =
                    Record { at: start, connection_id: connection.id.clone(), sender, bytes: *bytes };
                month.records.extend(bytes.map(|_| record));
            }
        }
        let quantities = Quantities::new(&planned, PricesOf::Newest, &site.catalog).expect("a plan");
        let estimate = of_quantities(&quantities, &site.catalog, &[]).expect("every price is known");
        for (scenario, level) in estimate.scenarios.iter().zip([Level::Gold, Level::Platinum]) {
            let bill = oracle::bill(&over(&month, |_| (level, Vec::new())), &site.world, false);
            let payable = scenario.payable().expect("it fits").expect("it is priced").to_string();
            let expected =
                bill.payable.values().map(|own| rational(own)).fold(whole(0), |sum, own| sum + own);
            prop_assert_eq!(rational(&payable), expected);
            let rows = scenario.rows().map(|row| row.expect("it fits"));
            let bytes: BigInt = rows.filter_map(|row| row.consumed_bytes.map(BigInt::from)).sum();
            prop_assert_eq!(bytes, BigInt::from(bill.billed.1 + bill.free.1));
        }
        Ok(())
    });
}

#[test]
fn months_of_an_estimate_are_full_of_switches() {
    let drawn = months::month(&months::china_site());
    // A property over months without a switch would prove nothing.
    let mut runner = proptest::test_runner::TestRunner::new(crate::support::sites::config(52, 1));
    let switches = (0..50).map(|_| {
        let month = drawn.new_tree(&mut runner).expect("a month").current();
        month.connections.iter().map(|own| own.changes.len()).sum::<usize>()
    });
    assert!(switches.filter(|count| *count > 0).count() > 30);
}
