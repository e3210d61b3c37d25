//! Differences that are put into two equal exports are found, each with its class, and no other.

use peerbill::{
    Catalog, MeterSettings, TrafficSource,
    crosscheck::{Crosscheck, DifferenceClass as Class, crosscheck},
    meter,
    model::{inventory::Inventory, usage::Sender},
    rows::RowSet,
    write::rows,
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const HOURS: usize = 120;
/// 2026-10-03T00:00:00Z, behind the first hours of the month.
const START: i64 = 1_790_985_600;
const CONNECTIONS: usize = 3;

/// What an end sent, hour by hour: bytes, or no record.
type Hours = Vec<Option<u64>>;
/// Of each connection, what both ends sent.
type Export = Vec<[Hours; 2]>;

#[derive(Debug, Clone, Copy)]
enum Fault {
    OnlyHere,
    OnlyThere,
    Differs(i64),
    Swapped,
    Later(usize),
    Earlier(usize),
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::OnlyHere),
        Just(Fault::OnlyThere),
        prop_oneof![-1000i64..0, 1i64..1000].prop_map(Fault::Differs),
        Just(Fault::Swapped),
        (1usize..6).prop_map(Fault::Later),
        (1usize..6).prop_map(Fault::Earlier),
    ]
}

/// Bytes of which no two are alike, so that nothing explains itself by chance; some hours have none.
fn export() -> impl Strategy<Value = Export> {
    let hour = || prop_oneof![7 => (1u64 << 20..1 << 40).prop_map(Some), 2 => Just(None), 1 => Just(Some(0))];
    let hours = move || prop::collection::vec(hour(), HOURS);
    prop::collection::vec((hours(), hours()).prop_map(|(one, other)| [one, other]), CONNECTIONS)
}

/// Moves a run of hours by one hour: the bytes of the hours of `run` are added to the hours beside them.
fn moved(hours: &Hours, run: std::ops::Range<usize>, later: bool) -> Hours {
    let mut moved = hours.clone();
    run.clone().for_each(|hour| moved[hour] = None);
    for hour in run {
        let to = if later { hour + 1 } else { hour - 1 };
        if let Some(bytes) = hours[hour] {
            moved[to] = Some(moved[to].unwrap_or_default() + bytes);
        }
    }
    moved
}

/// Puts a fault into the hours from `first` on, of which it takes at most seven.
fn put(fault: Fault, here: &mut [Hours; 2], there: &mut [Hours; 2], end: usize, first: usize) -> Class {
    match fault {
        Fault::OnlyHere => there[end][first] = None,
        Fault::OnlyThere => here[end][first] = None,
        Fault::Differs(more) => {
            let bytes = here[end][first].unwrap_or(5000);
            here[end][first] = Some(bytes.max(5000));
            there[end][first] = here[end][first].map(|bytes| bytes.strict_add_signed(more));
        }
        Fault::Swapped => {
            let [one, other] = [there[0][first], there[1][first]];
            (there[0][first], there[1][first]) = (other, one);
        }
        Fault::Later(length) => there[end] = moved(&there[end], first..first + length, true),
        Fault::Earlier(length) => there[end] = moved(&there[end], first + 1..first + 1 + length, false),
    }
    match fault {
        Fault::OnlyHere => Class::OnlyHere,
        Fault::OnlyThere => Class::OnlyThere,
        Fault::Differs(_) => Class::Differs,
        Fault::Swapped => Class::Swapped,
        Fault::Later(_) | Fault::Earlier(_) => Class::Shifted,
    }
}

fn inventory() -> Arc<Inventory> {
    let rows = (0..CONNECTIONS).map(|own| format!("pcc-{own},1,cn-beijing,2,cn-shanghai,Gold\n"));
    let header =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n";
    Arc::new(
        peerbill::inventory(&format!("{header}{}", rows.collect::<String>()), None).expect("connections"),
    )
}

fn source(export: &Export) -> TrafficSource {
    let mut text = "timestamp,connection_id,sender,bytes\n".to_owned();
    for (connection, ends) in export.iter().enumerate() {
        for (sender, hours) in Sender::ALL.into_iter().zip(ends) {
            for (hour, bytes) in (0i64..).zip(hours) {
                if let Some(bytes) = bytes {
                    text.push_str(&format!("{},pcc-{connection},{sender},{bytes}\n", START + hour * 3600));
                }
            }
        }
    }
    TrafficSource::from_bytes("usage.csv", text)
}

fn checked(here: &Export, there: &Export, catalog: Option<&Catalog>) -> Crosscheck {
    let settings = MeterSettings::new("2026-10".parse().expect("a month"));
    let inventory = inventory();
    let [here, there] =
        [here, there].map(|side| meter(&[source(side)], inventory.clone(), &settings).expect("metered"));
    crosscheck(&here, &there, catalog).expect("checked")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_fault_is_found_with_its_class_and_nothing_else(
        export in export(),
        faults in prop::collection::vec((0..CONNECTIONS, 0usize..2, 0usize..13, fault()), 0..12),
    ) {
        let (mut here, mut there) = (export.clone(), export);
        let mut expected: BTreeMap<(i64, usize, usize), Class> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (connection, end, place, fault) in faults {
            // No two faults of a connection are near.
            if !taken.insert((connection, place)) {
                continue;
            }
            let first = 1 + place * 9;
            let class = put(fault, &mut here[connection], &mut there[connection], end, first);
            for hour in first - 1..first + 8 {
                for end in 0..2 {
                    if here[connection][end][hour].unwrap_or(0) != there[connection][end][hour].unwrap_or(0) {
                        expected.entry((START / 3600 + hour as i64, connection, end)).or_insert(class);
                    }
                }
            }
        }
        let found = checked(&here, &there, None);
        let classes: BTreeMap<_, _> = found.differences.iter()
            .map(|own| ((own.hour.index(), own.connection, own.sender as usize), own.class)).collect();
        prop_assert_eq!(classes, expected);
        // Every hour is counted once, and the sides differ by what their rows do.
        let of = |side: &Export| side.iter().flatten().flatten().flatten().map(|own| i128::from(*own)).sum::<i128>();
        let sum: i128 = found.differences.iter().map(|own| own.difference().unwrap()).sum();
        prop_assert_eq!(of(&there) - of(&here), sum);
        let both = |is: fn(&Option<u64>, &Option<u64>) -> bool| here.iter().flatten().flatten()
            .zip(there.iter().flatten().flatten()).filter(|(one, other)| is(one, other)).count() as u64;
        prop_assert_eq!(found.equal_hours, both(|one, other| one.is_some() && one == other));
        let zero = both(|one, other| one.is_some() != other.is_some() && one.unwrap_or(0) == other.unwrap_or(0));
        prop_assert_eq!(found.zero_hours, zero);
    }

    #[test]
    fn the_gap_costs_what_the_two_reports_differ_by(export in export(), faults in prop::collection::vec((0..CONNECTIONS, 0usize..13, fault()), 0..6)) {
        let (mut here, mut there) = (export.clone(), export);
        for (connection, place, fault) in faults {
            put(fault, &mut here[connection], &mut there[connection], 0, 1 + place * 9);
        }
        let catalog = Catalog::shipped("china-site").unwrap();
        let found = checked(&here, &there, Some(&catalog));
        let of = |side: &Export| side.iter().flatten().flatten().flatten().map(|own| u128::from(*own)).sum::<u128>();
        // Beijing to Shanghai and back at 0.48 CNY for 2^30 bytes, in units of 10^-10, half to even.
        let parts = (of(&there) as i128 - of(&here) as i128) * 4_800_000_000;
        let (whole, rest) = (parts.div_euclid(1 << 30), parts.rem_euclid(1 << 30));
        let up = rest > 1 << 29 || rest == 1 << 29 && whole % 2 != 0;
        let expected = peerbill::Money::from_units(whole + i128::from(up)).to_string();
        let told = found.totals().unwrap().into_iter().find(|total| total.name == "cost_difference").unwrap().value;
        prop_assert_eq!(told, expected);
    }
}

#[test]
fn every_format_has_the_rows() {
    let hours = |bytes: u64| -> Export { vec![[vec![Some(bytes); 2], vec![None; 2]]; CONNECTIONS] };
    let found = checked(&hours(7), &hours(5), None);
    let mut csv = Vec::new();
    rows::csv(&found, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * CONNECTIONS);
    assert_eq!(
        csv.lines().next(),
        Some("hour,connection_id,sender,bytes,counterpart_bytes,difference,class")
    );
    assert_eq!(csv.lines().nth(1), Some("2026-10-03T00:00:00Z,pcc-0,requester,7,5,-2,differs"));
    let mut json = Vec::new();
    rows::json(&found, &[], &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    for told in ["\"equal_hours\": \"0\"", "\"counterpart_bytes\": \"5\"", "\"class\": \"differs\""] {
        assert!(json.contains(told), "no {told} in {json}");
    }
}

#[test]
fn sides_of_other_months_are_not_checked() {
    let export: Export = vec![[vec![Some(1)], vec![None]]; CONNECTIONS];
    let of = |month: &str| {
        let settings = MeterSettings::new(month.parse().unwrap());
        meter(&[source(&export)], inventory(), &settings).unwrap()
    };
    let error = crosscheck(&of("2026-10"), &of("2026-09"), None).unwrap_err();
    assert_eq!(error.kind(), peerbill::ErrorKind::Usage);
}
