//! An inventory from typed values is the one that the same rows give as tables, and refuses what they refuse (R7, R8,
//! R15).

use peerbill::model::{
    connection::{Bandwidth, Connection, End},
    inventory::Inventory,
    link::{LinkChange, LinkType},
    time::Timestamp,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::fmt::Write;

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
                           link_type,bandwidth_mbps,created_at,deleted_at\n";
const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";

fn at(hours: u32) -> Timestamp {
    Timestamp::parse(&format!("2026-10-05T{hours:02}:30:00Z")).expect("a time of day")
}

fn link_type() -> impl Strategy<Value = LinkType> {
    select(&LinkType::ALL[..])
}

/// Mostly good: an id may stand twice, be empty or begin as a formula does, and a deletion may lie before the creation.
fn connection() -> impl Strategy<Value = Connection> {
    let id = prop_oneof![20 => "pcc-[0-5]", 1 => Just(String::new()), 1 => Just("=pcc-1".to_owned())];
    let end = || ("[1-3]", prop_oneof![9 => Just("cn-beijing"), 9 => Just("cn-shanghai"), 1 => Just("")]);
    let life = (option::weighted(0.3, 0..20_u32), option::weighted(0.3, 10..24_u32));
    let bandwidth = prop_oneof![9 => Just(1024), 9 => Just(2048), 1 => Just(0_u64)];
    (id, end(), end(), link_type(), life, bandwidth).prop_map(|(id, one, other, link_type, life, mbps)| {
        let end = |(account, region): (String, &str)| End::new(account, region);
        let mut connection = Connection::new(id, end(one), end(other), link_type);
        connection.bandwidth = Bandwidth::Mbps(mbps);
        (connection.created_at, connection.deleted_at) = (life.0.map(at), life.1.map(at));
        connection
    })
}

fn change() -> impl Strategy<Value = LinkChange> {
    ("pcc-[0-6]", 0..3_u32, link_type(), link_type()).prop_map(|(id, hours, from, to)| LinkChange {
        connection_id: id.into(),
        changed_at: at(hours),
        from,
        to,
    })
}

/// The same as tables.
fn tables(connections: &[Connection], changes: &[LinkChange]) -> [String; 2] {
    let (mut rows, mut change_rows) = (CONNECTIONS.to_owned(), CHANGES.to_owned());
    for connection in connections {
        let Connection { id, requester, accepter, link_type, created_at, deleted_at, .. } = connection;
        let Bandwidth::Mbps(mbps) = connection.bandwidth else { unreachable!("none is unlimited") };
        let [created, deleted] =
            [created_at, deleted_at].map(|at| at.map(|at| at.to_string()).unwrap_or_default());
        let ends = [requester, accepter].map(|end| format!("{},{}", end.account_id, end.region)).join(",");
        writeln!(rows, "{id},{ends},{link_type},{mbps},{created},{deleted}").expect("text can be written");
    }
    for LinkChange { connection_id, changed_at, from, to } in changes {
        writeln!(change_rows, "{connection_id},{changed_at},{from},{to}").expect("text can be written");
    }
    [rows, change_rows]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn typed_values_and_tables_give_one_inventory_or_are_both_refused(
        connections in vec(connection(), 1..4),
        changes in vec(change(), 0..4),
    ) {
        let [rows, change_rows] = tables(&connections, &changes);
        let read = peerbill::inventory(&rows, Some(&change_rows));
        match (Inventory::new(connections, changes), read) {
            (Ok(typed), Ok(read)) => {
                prop_assert_eq!(typed.connections(), read.connections());
                for index in 0..typed.connections().len() {
                    prop_assert_eq!(typed.history(index), read.history(index));
                }
                prop_assert_eq!(typed.changed_within_region(), read.changed_within_region());
                prop_assert_eq!(typed.changes_given(), read.changes_given());
            }
            (Err(typed), Err(read)) => {
                let codes = |error: &peerbill::Error| {
                    let mut codes: Vec<_> = error.faults().iter().map(|fault| fault.code).collect();
                    codes.sort_unstable();
                    // How many of a cause are one line depends on the words, which are not the same.
                    codes.dedup();
                    codes
                };
                prop_assert_eq!(codes(&typed), codes(&read), "{}\n\n{}", typed, read);
            }
            (typed, read) => prop_assert!(false, "{typed:?}\n{read:?}"),
        }
    }
}
