//! What single calls of the library cost: `cargo bench --bench micro`.

use divan::{Bencher, black_box};
use peerbill::{
    catalog::Catalog,
    inventory,
    meter::{MeterSettings, meter_records},
    model::{
        inventory::Inventory,
        link::LinkType,
        time::Timestamp,
        usage::{Sender, UsageRecord},
    },
    report::{ReportOptions, report},
};

fn main() {
    divan::main();
}

fn china_site() -> Catalog {
    Catalog::shipped("china-site").expect("it is shipped")
}

fn connections() -> Inventory {
    let rows = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
        pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n";
    inventory(rows, None).expect("an inventory")
}

use std::sync::Arc;

fn record() -> UsageRecord {
    UsageRecord {
        timestamp: Timestamp::parse("2026-10-05T03:20:00Z").expect("an instant"),
        connection_id: "pcc-1".into(),
        sender: Sender::Requester,
        bytes: 200 << 30,
    }
}

/// One record to hours, charges, statements and the report around them.
#[divan::bench]
fn rate_a_single_record(bencher: Bencher<'_, '_>) {
    let (catalog, connections, record) = (china_site(), Arc::new(connections()), record());
    bencher.bench(|| {
        let settings = MeterSettings::new("2026-10".parse().expect("a month"));
        let metered = meter_records(black_box(std::slice::from_ref(&record)), connections.clone(), &settings);
        let report = report(&metered.expect("it is metered"), &catalog, ReportOptions::default());
        report.expect("it has a price").statements.len()
    });
}

/// One record to hourly bytes.
#[divan::bench]
fn meter_a_single_record(bencher: Bencher<'_, '_>) {
    let (connections, record) = (Arc::new(connections()), record());
    let settings = MeterSettings::new("2026-10".parse().expect("a month"));
    bencher.bench(|| meter_records(black_box(std::slice::from_ref(&record)), connections.clone(), &settings));
}

#[divan::bench]
fn look_up_a_price(bencher: Bencher<'_, '_>) {
    let catalog = china_site();
    let hour = record().timestamp.hour();
    bencher.bench(|| {
        catalog
            .quote(black_box("1"), "cn-huhehaote", "eu-central-1", LinkType::Platinum, hour)
            .map(|quote| quote.is_some())
    });
}

#[divan::bench]
fn build_the_catalog() -> Catalog {
    china_site()
}
