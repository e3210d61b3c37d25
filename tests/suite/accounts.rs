//! What is noted of accounts groups lines and changes no sum, for every month and whatever lines are grouped by; grouped lines
//! show what is the same for all of their lines, and nothing else.

use crate::support::{
    oracle::Month,
    sites::{Site, on_months, texts},
};
use peerbill::{
    Metered, Money, ReportOptions,
    model::accounts::Accounts,
    report::{AccountKey, Column, Grouping, Report, ReportRow, report},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// By what lines are grouped: each of these or not.
const NAMES: [&str; 7] = [
    "account.cost_center",
    "billing_account_name",
    "billing_account_id",
    "connection_id",
    "sender",
    "link_type",
    "day",
];

/// Some accounts with a name and a cost center, of which there are two, some with one of them, some with neither.
fn accounts_of(month: &Month) -> Accounts {
    let mut accounts = Accounts::new(["cost_center".to_owned()]);
    let ids = month.connections.iter().flat_map(|own| own.accounts.clone());
    for (place, id) in ids.collect::<BTreeSet<String>>().iter().enumerate() {
        let name = ["", "A", "B", "A"][place % 4];
        let cost_center = ["CC-1", "CC-2", ""][place % 3];
        if place % 5 < 4 {
            accounts.add(id, [("name", name), ("cost_center", cost_center)]).expect("an account");
        }
    }
    accounts
}

fn metered_of(site: &Site, month: &Month) -> (Metered, ReportOptions) {
    let [usage, connections, changes] = texts(month);
    site.meter_from(month, false, &[usage], &connections, &changes)
}

/// What is payable, by cost center.
fn payable_by_center(report: &Report, accounts: &Accounts) -> BTreeMap<Option<String>, Money> {
    let mut sums = BTreeMap::new();
    for statement in &report.statements {
        let account = accounts.get(&statement.billing_account_id);
        let center = account.and_then(|own| own.value("cost_center")).map(str::to_owned);
        add(sums.entry(center).or_insert(Money::ZERO), statement.payable);
    }
    sums
}

fn add(sum: &mut Money, money: Money) {
    *sum = sum.checked_add(money).expect("a small sum");
}

fn key_of(grouping: &Grouping) -> Option<AccountKey> {
    let key = |column: &Column| if let Column::Account(key) = column { Some(*key) } else { None };
    grouping.columns.iter().find_map(key)
}

#[test]
fn groups_and_adjustments_add_up_to_what_is_payable_by_cost_center_and_in_all() {
    let drawn = prop::collection::vec(any::<bool>(), NAMES.len());
    on_months(121, 150, drawn, |site, month, drawn| {
        let names: Vec<&str> =
            NAMES.into_iter().zip(drawn).filter(|(_, named)| *named).map(|(name, _)| name).collect();
        prop_assume!(!names.is_empty());
        let accounts = Arc::new(accounts_of(month));
        let (metered, mut options) = metered_of(site, month);
        let plain = report(&metered, &site.catalog, options.clone()).expect("a report");
        options.accounts = Some(accounts.clone());
        options.by = Some(Grouping::parse(names.iter().copied()).expect("a grouping"));
        let grouped = report(&metered, &site.catalog, options).expect("a report");
        prop_assert_eq!(grouped.payable().expect("a sum"), plain.payable().expect("a sum"));

        let key = key_of(grouped.options.by.as_ref().expect("it is grouped"));
        let (mut all, mut by_center) = (Money::ZERO, BTreeMap::new());
        for row in grouped.rows() {
            let row = row.expect("a row");
            let cost = row.billed_cost.expect("every row has an amount");
            add(&mut all, cost);
            let center = key.and_then(|key| row.account_value(key)).map(str::to_owned);
            add(by_center.entry(center).or_insert(Money::ZERO), cost);
        }
        prop_assert_eq!(all, plain.payable().expect("a sum"));
        if key.is_some() {
            prop_assert_eq!(by_center, payable_by_center(&plain, &accounts));
        }
        Ok(())
    });
}

/// What a row has in columns that are neither summed nor named.
fn values(row: &ReportRow<'_>) -> Vec<Option<String>> {
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string);
    vec![
        text(row.billing_month.as_ref().map(|own| own as _)),
        row.billing_account_id.map(Into::into),
        row.billing_account_name.map(Into::into),
        row.connection_id.map(Into::into),
        text(row.sender.as_ref().map(|own| own as _)),
        row.source_region.map(Into::into),
        row.destination_region.map(Into::into),
        row.peer_account_id.map(Into::into),
        text(row.link_type.as_ref().map(|own| own as _)),
        row.charge_category.map(|own| own.as_str().into()),
        text(row.list_unit_price.as_ref().map(|own| own as _)),
        text(row.contracted_unit_price.as_ref().map(|own| own as _)),
        row.billing_currency.map(Into::into),
    ]
}

#[test]
fn grouped_lines_show_what_all_of_their_lines_share_and_nothing_else() {
    const BY: [&str; 4] = ["account.cost_center", "connection_id", "link_type", "billing_account_id"];
    on_months(122, 100, 0..BY.len(), |site, month, by| {
        let (metered, mut options) = metered_of(site, month);
        options.accounts = Some(Arc::new(accounts_of(month)));
        let plain = report(&metered, &site.catalog, options.clone()).expect("a report");
        options.by = Some(Grouping::parse([BY[by]]).expect("a grouping"));
        let grouped = report(&metered, &site.catalog, options).expect("a report");
        let center = |row: &ReportRow<'_>| {
            let account = grouped.options.accounts.as_ref().and_then(|all| all.get(row.billing_account_id?));
            account.and_then(|own| own.value("cost_center")).map(str::to_owned)
        };
        let named = |row: &ReportRow<'_>| match BY[by] {
            "account.cost_center" => center(row),
            "connection_id" => row.connection_id.map(Into::into),
            "link_type" => row.link_type.map(|own| own.to_string()),
            _ => row.billing_account_id.map(Into::into),
        };
        // What all lines of a group share, by brute force.
        let mut shared: BTreeMap<Option<String>, Vec<Option<String>>> = BTreeMap::new();
        for line in &plain.lines {
            let row = plain.line_row(line).expect("a row");
            let own = values(&row);
            let known = shared.entry(named(&row)).or_insert_with(|| own.clone());
            known.iter_mut().zip(own).for_each(|(known, own)| {
                if *known != own {
                    *known = None;
                }
            });
        }
        let rows: Vec<ReportRow<'_>> = grouped.group_rows().map(|row| row.expect("a row")).collect();
        let expected: Vec<_> = shared.into_values().collect();
        prop_assert_eq!(rows.iter().map(values).collect::<Vec<_>>(), expected);
        Ok(())
    });
}
