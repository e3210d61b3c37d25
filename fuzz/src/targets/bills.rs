//! Readers of what ends a month: the provider's bills, and our own reports that are read back. What comes of them is
//! compared, and has to add up.

use super::{
    LONGEST,
    chance::{Chance, Chunks},
    outcome::{catalog, check_error},
    outputs::decimal,
};
use num_rational::BigRational;
use peerbill::{
    Inventory, MeterSettings, Metered, Report, ReportOptions, TrafficSource,
    compare::compare,
    inventory, meter,
    model::{money::Money, time::BillingMonth},
    read::{
        Document, ReportedMonth,
        bill::{Bill, BillReader, BillSettings},
        read_reported, reported_months,
    },
    reconcile::{BillChoice, BillSide, OurSide, Reconciled, reconcile},
    report, write,
};
use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, OnceLock},
};

/// The connections and hours that bills of the golden cases are about, and another.
const CONNECTIONS: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold
pcc-2,1000000000000001,cn-huhehaote,1000000000000003,eu-central-1,Platinum
pcc-3,1000000000000001,cn-huhehaote,1000000000000003,cn-huhehaote,
";
const USAGE: &str = "\
timestamp,connection_id,sender,bytes
2026-10-05T03:00:00Z,pcc-1,requester,214748364800
2026-10-05T04:00:00Z,pcc-1,accepter,107374182400
2026-10-05T15:00:00Z,pcc-2,accepter,1073741824
2026-10-05T16:00:00Z,pcc-2,accepter,1000000000
2026-10-06T00:00:00Z,pcc-2,requester,1
2026-10-06T00:00:00Z,pcc-3,requester,5
";

/// A month that was metered, and its report.
struct Month {
    metered: Metered,
    report: Report,
}

fn month() -> &'static Month {
    static READ: OnceLock<Month> = OnceLock::new();
    READ.get_or_init(|| {
        let connections: Arc<Inventory> = Arc::new(inventory(CONNECTIONS, None).expect("it is good"));
        let usage = [TrafficSource::from_bytes("usage.csv", USAGE)];
        let settings = MeterSettings::new("2026-10".parse().expect("a month"));
        let metered = meter(&usage, connections, &settings).expect("it is good");
        let mut options = ReportOptions::default();
        options.hourly = true;
        let report = report(&metered, catalog(), options).expect("all prices are known");
        Month { metered, report }
    })
}

/// A bill in any layout: read as a whole and in chunks, and compared with a month of ours.
pub fn bill(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let chunk = [1, 7, 64, 4096][Chance::of(data).below(4)];
    let (whole, cut) = (read(&mut &*data), read(&mut Chunks::new(data.into(), chunk)));
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => {
            assert_eq!(format!("{whole:?}"), format!("{cut:?}"), "in chunks of {chunk}");
            check_bill(whole);
        }
        (Err(whole), Err(cut)) => {
            check_error(whole);
            assert_eq!(whole.to_string(), cut.to_string());
        }
        _ => panic!("as a whole {}, in chunks {}", whole.is_ok(), cut.is_ok()),
    }
}

fn read(input: &mut dyn Read) -> peerbill::Result<Bill> {
    let mut reader = BillReader::new(&BillSettings::default());
    reader.read("bill", input)?;
    reader.finish()
}

fn check_bill(bill: &Bill) {
    // Nothing that is read is lost.
    let others: u64 = bill.others.values().map(|own| own.lines).sum();
    let counted = bill.lines.len() as u64 + others + bill.repeated;
    assert_eq!(bill.inputs.iter().map(|own| own.lines).sum::<u64>(), counted, "lines");
    let Month { metered, report } = month();
    let october: BillingMonth = report.month;
    let side = match BillSide::choose(bill, &BillChoice::default(), &[october], "CNY") {
        Ok(side) => side,
        Err(error) => return check_error(&error),
    };
    let ours = OurSide::of_metered(report, metered, catalog(), side.grain()).expect("our side is good");
    match reconcile(&ours, &side) {
        Ok(compared) => check_compared(&compared),
        Err(error) => check_error(&error),
    }
}

/// Rows add up to totals, classes to the difference, and the forms tell the same.
fn check_compared(compared: &Reconciled) {
    let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(exact).sum::<BigRational>();
    let rows = &compared.rows;
    let totals = &compared.totals;
    for row in rows {
        assert_eq!(exact(row.bill_cost) - exact(row.our_cost), exact(row.difference), "{row:?}");
    }
    assert_eq!(sum(&mut rows.iter().map(|row| row.our_cost)), exact(totals.ours));
    assert_eq!(sum(&mut rows.iter().map(|row| row.bill_cost)), exact(totals.bill));
    assert_eq!(sum(&mut rows.iter().map(|row| row.difference)), exact(totals.difference));
    assert_eq!(sum(&mut compared.classes.iter().map(|own| own.difference)), exact(totals.difference));
    let counted: u64 = compared.classes.iter().map(|own| own.rows).sum();
    assert_eq!(counted, rows.len() as u64);
    check_rows(compared, rows.len());
}

fn exact(money: Money) -> BigRational {
    decimal(&money.to_string())
}

/// CSV and JSON hold the same values.
fn check_rows(set: &impl peerbill::rows::RowSet, count: usize) {
    let (mut csv, mut json) = (Vec::new(), Vec::new());
    write::rows::csv(set, &mut csv).expect("memory can be written");
    write::rows::json(set, &[], &mut json).expect("memory can be written");
    let document: serde_json::Value = serde_json::from_slice(&json).expect("JSON can be read back");
    let of_json = document["rows"].as_array().expect("rows");
    let of_csv: Vec<BTreeMap<String, String>> = csv::Reader::from_reader(&*csv)
        .into_deserialize()
        .map(|row| row.expect("CSV can be read back"))
        .collect();
    assert_eq!((of_csv.len(), of_json.len()), (count, count));
    for (row, own) in of_csv.iter().zip(of_json) {
        for (column, text) in row {
            let told = own[column].as_str().unwrap_or_default();
            // The apostrophe before what a spreadsheet would run stands in CSV alone.
            assert!(text == told || text.strip_prefix('\'') == Some(told), "{column}: {text} and {told}");
        }
    }
}

/// A report of ours as JSON, read back: compared with itself nothing differs, and with another the effects add up.
pub fn reported(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let document = Document::new("report.json", data);
    let months = match reported_months(&document) {
        Ok(months) => months,
        Err(error) => return check_error(&error),
    };
    for month in months {
        match read_reported(&document, Some(month)) {
            Ok(read) => check_reported(&read),
            Err(error) => check_error(&error),
        }
    }
}

/// The month of the bills, as it is read back.
fn own_month() -> &'static ReportedMonth {
    static READ: OnceLock<ReportedMonth> = OnceLock::new();
    READ.get_or_init(|| {
        let mut json = Vec::new();
        write::json::write(&month().report, &[], &mut json).expect("memory can be written");
        read_reported(&Document::new("own.json", json), None).expect("our own report can be read")
    })
}

fn check_reported(read: &ReportedMonth) {
    let same = compare(read, read).expect("a report can be compared with itself");
    assert!(same.rows.iter().all(|row| row.difference == Money::ZERO), "nothing differs from itself");
    for (before, after) in [(own_month(), read), (read, own_month())] {
        match compare(before, after) {
            Ok(compared) => {
                for row in &compared.rows {
                    let effects = row.effects.iter().flat_map(peerbill::compare::Effects::all).map(exact);
                    let sum: BigRational = effects.sum();
                    assert!(row.effects.is_none() || sum == exact(row.difference), "{row:?}");
                    assert_eq!(exact(row.cost_after) - exact(row.cost_before), exact(row.difference));
                }
                if let Err(error) = compared.totals() {
                    check_error(&error);
                } else {
                    check_rows(&compared, compared.rows.len());
                }
            }
            Err(error) => check_error(&error),
        }
    }
    for grain in [peerbill::reconcile::Grain::Hour, peerbill::reconcile::Grain::Month] {
        if let Err(error) = OurSide::of_reported(read, Some(catalog()), None, grain) {
            check_error(&error);
        }
    }
}
