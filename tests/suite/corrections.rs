//! Corrections of a closed month: hour by hour, and adding up to the difference of the two months.

use crate::support::{
    months::Table,
    oracle::Month,
    sites::{Site, on_months, texts},
};
use num_rational::BigRational;
use peerbill::{
    ErrorKind, MeterSettings, Metered, ReportOptions, TrafficSource, meter,
    model::inventory::Inventory,
    read::{Document, InventorySettings, read_inventory},
    report::{Report, corrections, report},
    write::{self, focus::FocusSettings},
};
use proptest::{collection::vec, prelude::*};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

fn inventory(site: &Site, month: &Month) -> Arc<Inventory> {
    let [_, connections, changes] = texts(month);
    let connections = [Document::new("connections.csv", connections.text())];
    let changes = [Document::new("link-changes.csv", changes.text())];
    let check = |region: &str| site.catalog.check_region(region);
    Arc::new(
        read_inventory(&connections, Some(&changes), &InventorySettings::new(&check))
            .expect("it can be read"),
    )
}

fn metered(site: &Site, month: &Month, inventory: &Arc<Inventory>) -> Metered {
    let [usage, ..]: [Table; 3] = texts(month);
    let sources = [TrafficSource::from_bytes("usage.csv", usage.text())];
    site.meter_with(month, true, &sources, inventory.clone()).0
}

/// What comes back of the hours once they were archived.
fn archived(own: &Metered) -> Metered {
    let mut hours = Vec::new();
    write::metered::csv(own, &mut hours).expect("they are written");
    let mut settings = MeterSettings::new(own.month());
    settings.offset = own.offset();
    let sources = [TrafficSource::from_bytes("hours.csv", hours).as_metered()];
    meter(&sources, own.inventory().clone(), &settings).expect("they are read again")
}

fn csv(report: &Report) -> Vec<BTreeMap<String, String>> {
    let mut text = Vec::new();
    write::csv::report(report, &mut text).expect("it is written");
    rows(&text)
}

fn focus(report: &Report) -> Vec<BTreeMap<String, String>> {
    let mut text = Vec::new();
    write::focus::reports(&[report], &FocusSettings::default(), &mut text).expect("it is written");
    rows(&text)
}

fn rows(text: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text);
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn rational(text: &str) -> BigRational {
    crate::support::oracle::rational(text)
}

/// A line by what tells it from others: account, connection, sender, hour.
type Key = [String; 4];

fn by_hour(rows: Vec<BTreeMap<String, String>>) -> BTreeMap<Key, BTreeMap<String, String>> {
    let key = |row: &BTreeMap<String, String>| {
        // The requester's lines stand first.
        ["billing_account_id", "connection_id", "sender", "charge_period_start"]
            .map(|name| row[name].replace("requester", "a requester"))
    };
    rows.into_iter()
        .filter(|row| row["charge_category"] != "adjustment")
        .map(|row| (key(&row), row))
        .collect()
}

/// A line as a correction has it: taken back or not, or, where there is none, nothing at the price of the other.
fn expected(
    own: Option<&BTreeMap<String, String>>,
    like: &BTreeMap<String, String>,
    back: bool,
) -> BTreeMap<String, String> {
    let mut row = own.unwrap_or(like).clone();
    row.insert("charge_category".into(), "correction".into());
    for column in
        ["consumed_bytes", "pricing_quantity", "billed_cost", "metered_hours", "raised_hours", "raised_cost"]
    {
        let value = row.get_mut(column).unwrap();
        if own.is_none() {
            *value = if column.ends_with("cost") { "0.00" } else { "0" }.into();
        } else if back && rational(value) != rational("0") {
            *value = match value.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{value}"),
            };
        }
    }
    row
}

#[test]
fn corrections_are_the_changed_hours_and_add_up_to_the_difference_of_the_months() {
    let draws = vec((any::<prop::sample::Index>(), 0..4_u8, 0..1_000_000_000_000_u64), 0..8);
    on_months(60, 250, draws, |site, month, draws| {
        let mut late = month.clone();
        for (draw, what, bytes) in draws {
            if late.records.is_empty() {
                break;
            }
            let at = draw.index(late.records.len());
            match what {
                0 => drop(late.records.remove(at)),
                1 => late.records[at].bytes = Some(bytes),
                2 => late.records[at].at += 3_600_000,
                _ => {
                    let mut record = late.records[at].clone();
                    (record.at, record.bytes) = (record.at + 60_007, Some(bytes));
                    late.records.push(record);
                }
            }
        }
        let inventory = inventory(site, month);
        let closed = archived(&metered(site, month, &inventory));
        let anew = metered(site, &late, &inventory);
        let mut options = ReportOptions::default();
        options.daily = true;
        let corrected = corrections(&closed, &anew, &site.catalog, options).expect("corrections");
        let mut hourly = ReportOptions::default();
        hourly.hourly = true;
        let [before, after] =
            [&closed, &anew].map(|own| report(own, &site.catalog, hourly.clone()).expect("a report"));

        // Which lines, in which order, and what stands on them.
        let (a, b) = (by_hour(csv(&before)), by_hour(csv(&after)));
        let keys: BTreeSet<&Key> = a.keys().chain(b.keys()).collect();
        let changed = keys.into_iter().filter(|key| {
            let bytes = |rows: &BTreeMap<Key, BTreeMap<String, String>>| {
                rows.get(*key).map(|row| row["consumed_bytes"].clone())
            };
            bytes(&a) != bytes(&b)
        });
        let mut wanted = Vec::new();
        for key in changed {
            let (one, other) = (a.get(key), b.get(key));
            let like = one.or(other).unwrap();
            wanted.push(expected(one, like, true));
            wanted.push(expected(other, like, false));
        }
        let found = csv(&corrected);
        let lines: Vec<_> =
            found.iter().filter(|row| row["charge_category"] != "adjustment").cloned().collect();
        prop_assert_eq!(lines, wanted);

        // The sum is exactly the difference of what the months cost before anything is rounded.
        let sum = |report: &Report, of: &str| -> BigRational {
            let rows = focus(report).into_iter().filter(|row| row["ChargeCategory"] == of);
            rows.map(|row| rational(&row["BilledCost"])).sum()
        };
        prop_assert_eq!(sum(&corrected, "Usage"), sum(&after, "Usage") - sum(&before, "Usage"));
        prop_assert_eq!(
            sum(&corrected, "Usage") + sum(&corrected, "Adjustment"),
            rational(&corrected.payable().unwrap().to_string())
        );
        prop_assert!(focus(&corrected).iter().all(|row| row["ChargeClass"] == "Correction"));
        prop_assert!(focus(&after).iter().all(|row| row["ChargeClass"].is_empty()));

        // Payable is the new one less the archived one, account by account, and the print adds up to it.
        let payable = |report: &Report, id: &str| -> i128 {
            report
                .statements
                .iter()
                .filter(|own| own.billing_account_id == id)
                .map(|own| own.payable.units())
                .sum()
        };
        for statement in &corrected.statements {
            let id = &*statement.billing_account_id;
            prop_assert_eq!(statement.payable.units(), payable(&after, id) - payable(&before, id));
            let printed: BigRational = found
                .iter()
                .filter(|row| row["billing_account_id"] == id)
                .map(|row| rational(&row["billed_cost"]))
                .sum();
            prop_assert_eq!(printed, rational(&statement.payable.to_string()));
        }
        // Likewise where all hours of a price are one line, as a workbook has them.
        let folded = corrected.without_hours().expect("folded");
        let rows = csv(&folded);
        for (statement, hourly) in folded.statements.iter().zip(&corrected.statements) {
            let id = &*statement.billing_account_id;
            prop_assert_eq!((id, statement.payable), (&*hourly.billing_account_id, hourly.payable));
            let sum = |rows: &[BTreeMap<String, String>], name: &str| -> BigRational {
                let own = rows.iter().filter(|row| row["billing_account_id"] == id && !row[name].is_empty());
                own.map(|row| rational(&row[name])).sum()
            };
            prop_assert_eq!(sum(&rows, "billed_cost"), rational(&statement.payable.to_string()));
            for name in ["consumed_bytes", "metered_hours", "raised_hours"] {
                prop_assert_eq!(sum(&rows, name), sum(&found, name), "{}", name);
            }
        }
        prop_assert_eq!(folded.statements.len(), corrected.statements.len());

        let total = after.payable().unwrap().units() - before.payable().unwrap().units();
        prop_assert_eq!(corrected.payable().unwrap().units(), total);
        let own = corrected.corrects.as_ref().unwrap();
        prop_assert_eq!(own.payable_after.units() - own.payable_before.units(), total);
        prop_assert_eq!(&own.usage_digest, &closed.digest().unwrap());
        let days: i128 = corrected.days.iter().flatten().map(|day| day.bytes).sum();
        let bytes = |own: &Metered| (own.totals().billed.bytes + own.totals().free.bytes) as i128;
        prop_assert_eq!(days, bytes(&anew) - bytes(&closed));
        prop_assert_eq!(corrected.totals, after.totals);
        Ok(())
    });
}

#[test]
fn corrections_are_of_one_inventory_and_not_grouped() {
    on_months(61, 1, Just(()), |site, month, ()| {
        let own = metered(site, month, &inventory(site, month));
        let other = metered(site, month, &inventory(site, month));
        let refused = |options| {
            let error = corrections(&own, &other, &site.catalog, options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            error.to_string()
        };
        assert!(refused(ReportOptions::default()).contains("same connections"));
        let mut by = ReportOptions::default();
        by.by = peerbill::report::Grouping::parse(["day"]).ok();
        assert!(refused(by).starts_with("by groups no corrections"));
        let same = corrections(&own, &own, &site.catalog, ReportOptions::default()).unwrap();
        assert!(same.lines.is_empty() && same.statements.is_empty());
        Ok(())
    });
}
