//! Readers of connections and of link changes.

#![allow(clippy::disallowed_methods, reason = "what is written here is read again by no spreadsheet")]

use super::{
    LONGEST,
    outcome::{catalog, check_error, check_report, october},
};
use peerbill::{
    Inventory, TrafficSource,
    meter::{Duplicates, meter},
    model::{
        connection::{Bandwidth, Connection, End},
        link::{LinkHistory, LinkType},
        time::{Hour, Timestamp},
        usage::Sender,
    },
    read::{Document, InventorySettings, LinkTypesBefore, read_inventory},
};
use std::sync::Arc;

/// Connections as CSV, as the provider lists them, or as a Terraform state has them.
pub fn connections(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let own = || Document::new("own", data);
    let Some(inventory) = read(&[own()], None) else { return };
    check_histories(&inventory);
    let other = || Document::new("other", OTHER);
    check_order([own(), other()], |documents| read(documents, None));
    check_written(&inventory);
    check_traffic(inventory);
}

const OTHER: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold
pcc-other,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Platinum
";

/// What link changes are of.
const CHANGED: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,created_at,deleted_at
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,,
pcc-2,1000000000000001,cn-huhehaote,1000000000000003,cn-huhehaote,,,
pcc-3,1000000000000003,eu-central-1,1000000000000003,cn-hangzhou,Platinum,2026-10-02T04:05:06Z,2026-10-20T10:20:00Z
pcc-aaa,90071992547409931,ap-southeast-1,90071992547409932,us-east-1,Platinum,,
";

/// Changes of link types as CSV, or as events of a trail.
pub fn link_changes(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let connections = [Document::new("connections", CHANGED)];
    let own = || Document::new("own", data);
    let Some(inventory) = read(&connections, Some(&[own()])) else { return };
    check_histories(&inventory);
    let other = Document::new("other", "connection_id,changed_at,from_link_type,to_link_type\n");
    check_order([own(), other], |documents| read(&connections, Some(documents)));
    check_traffic(inventory);
}

/// Reads an inventory, twice; `None` where it is refused as a whole.
fn read(connections: &[Document], changes: Option<&[Document]>) -> Option<Inventory> {
    let check = |region: &str| catalog().check_region(region);
    let mut settings = InventorySettings::new(&check);
    settings.billed_from = Some(october(Duplicates::Refuse).period().start);
    settings.link_types_before = LinkTypesBefore::parse(["Gold"]).expect("a link type");
    let once = read_inventory(connections, changes, &settings);
    let again = read_inventory(connections, changes, &settings);
    match (once, again) {
        (Ok(once), Ok(again)) => {
            assert_eq!(told(&once), told(&again), "twice the same");
            Some(once)
        }
        (Err(once), Err(again)) => {
            check_error(&once);
            assert_eq!(once.to_string(), again.to_string(), "twice the same");
            None
        }
        _ => panic!("read once, and not again"),
    }
}

/// All that an inventory tells.
fn told(inventory: &Inventory) -> String {
    format!("{}\n{:?}", rows(inventory), inventory.faults())
}

/// Its connections with their histories.
fn rows(inventory: &Inventory) -> String {
    let row = |(index, own)| format!("{own:?} {:?}\n", inventory.history(index));
    inventory.connections().iter().enumerate().map(row).collect()
}

/// In whatever order documents are read, they tell the same.
fn check_order([a, b]: [Document; 2], read: impl Fn(&[Document]) -> Option<Inventory>) {
    let (one, other) = (read(&[a.clone(), b.clone()]), read(&[b, a]));
    match (&one, &other) {
        (Some(one), Some(other)) => {
            assert_eq!(rows(one), rows(other), "in another order");
            assert_eq!(one.faults().len(), other.faults().len(), "in another order");
        }
        (None, None) => {}
        _ => panic!("refused in one order alone"),
    }
}

/// R7, once more: the levels of hours around each switch are those of a plain look through all of them.
fn check_histories(inventory: &Inventory) {
    let connections = inventory.connections();
    assert!(connections.is_sorted_by(|a, b| a.id < b.id), "each id once");
    for index in 0..connections.len() {
        let history = inventory.history(index);
        assert!(history.switches().is_sorted_by(|a, b| a.0 < b.0), "switches rise");
        for (at, _) in history.switches().iter().take(100) {
            (-2..=2).for_each(|step| check_levels(history, Hour::from_index(at.hour().index() + step)));
        }
    }
}

fn check_levels(history: &LinkHistory, hour: Hour) {
    let mut seen = vec![history.first()];
    let mut switched = false;
    for (at, to) in history.switches().iter().filter(|(at, _)| at.hour() <= hour) {
        if at.hour() < hour {
            seen = vec![*to];
        } else {
            // There and back in one instant is a change as well.
            seen.extend([*to, LinkType::Gold, LinkType::Platinum]);
            switched = true;
        }
    }
    let levels = history.levels(hour);
    let is = |level: LinkType| seen.contains(&level);
    let highest = if is(LinkType::Platinum) { LinkType::Platinum } else { LinkType::Gold };
    let lowest = if is(LinkType::Gold) { LinkType::Gold } else { LinkType::Platinum };
    assert_eq!((levels.highest, levels.lowest, levels.switched), (highest, lowest, switched));
    let until = history.levels_until(hour);
    assert!(until.is_none_or(|until| hour < until && (until == hour.next() || !switched)));
    if let Some(last) = until.map(|until| Hour::from_index(until.index() - 1)) {
        assert_eq!(history.levels(last), levels, "the same up to there");
    }
}

/// What was read is written as CSV and read again.
fn check_written(inventory: &Inventory) {
    // A year of five digits has no spelling that is read.
    let far = |at: &Option<Timestamp>| {
        at.is_some_and(|at| !(0..=253_402_300_799).contains(&(at.hour().index() * 3600)))
    };
    let connections = inventory.connections();
    if connections.is_empty() || connections.iter().any(|own| far(&own.created_at) || far(&own.deleted_at)) {
        return;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("memory can be written");
    for own in connections {
        writer.write_record(fields(own)).expect("memory can be written");
    }
    let text = writer.into_inner().expect("memory can be written");
    let again = read(&[Document::new("written", text)], None).expect("it can be read again");
    assert_eq!(again.faults(), [], "what was accepted once is accepted again");
    let without_status = |inventory: &Inventory| {
        let row = |own: &Connection| {
            let mut own = own.clone();
            own.status = None;
            own.tags = Default::default();
            own
        };
        inventory.connections().iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(without_status(&again), without_status(inventory));
}

const COLUMNS: [&str; 14] = [
    "connection_id",
    "requester_account_id",
    "requester_region",
    "accepter_account_id",
    "accepter_region",
    "link_type",
    "bandwidth_mbps",
    "created_at",
    "deleted_at",
    "requester_vpc_id",
    "accepter_vpc_id",
    "requester_cidrs",
    "accepter_cidrs",
    "name",
];

fn fields(own: &Connection) -> Vec<String> {
    let instant = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let bandwidth = match own.bandwidth {
        Bandwidth::Mbps(mbps) => mbps.to_string(),
        Bandwidth::Unlimited => "-1".into(),
    };
    let blocks = |end: &End| end.cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let vpc = |end: &End| end.vpc_id.as_deref().unwrap_or_default().to_owned();
    let (requester, accepter) = (&own.requester, &own.accepter);
    vec![
        own.id.to_string(),
        requester.account_id.to_string(),
        requester.region.to_string(),
        accepter.account_id.to_string(),
        accepter.region.to_string(),
        own.link_type.to_string(),
        bandwidth,
        instant(own.created_at),
        instant(own.deleted_at),
        vpc(requester),
        vpc(accepter),
        blocks(requester),
        blocks(accepter),
        own.name.as_deref().unwrap_or_default().to_owned(),
    ]
}

/// Traffic of all connections goes somewhere, and its report can be written and read.
fn check_traffic(inventory: Inventory) {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["timestamp", "connection_id", "sender", "bytes"]).expect("memory can be written");
    let ids: Vec<Arc<str>> = inventory.connections().iter().take(20).map(|own| own.id.clone()).collect();
    for (number, id) in ids.iter().enumerate() {
        for sender in Sender::ALL {
            let bytes = (number as u64 + 7) << 27;
            let row = ["2026-10-05T03:20:00Z", id, sender.as_str(), &bytes.to_string()];
            writer.write_record(row).expect("memory can be written");
        }
    }
    let text = writer.into_inner().expect("memory can be written");
    let source = [TrafficSource::from_bytes("usage.csv", text)];
    let metered = meter(&source, inventory, &october(Duplicates::Refuse)).expect("it can be read");
    assert_eq!(metered.totals().read.records, 2 * ids.len() as u64);
    assert!(
        !metered.refused_by_code().contains_key(&peerbill::FaultCode::UnreadableRow),
        "ids can be written"
    );
    assert!(
        !metered.refused_by_code().contains_key(&peerbill::FaultCode::UnknownConnection),
        "ids are known"
    );
    check_report(&metered, false);
}
