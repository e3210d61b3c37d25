//! What holds for every month: conservation, order, sums, and agreement with an oracle that shares no code.
//!
//! The months are random but the same in every run: each property has its own seed, and no file remembers failures.

use crate::support::{
    exports::{Exports, exports},
    months::{self, Table},
    oracle::{self, Copies, HOUR, Month, Record, decimal, rational, whole},
    sites::{Site, config, on_months, sites, texts},
};
use num_rational::BigRational;
use peerbill::{
    catalog::{Catalog, CatalogSource},
    meter::{MeterSettings, Metered, meter},
    model::{connection::Connection, inventory::Inventory},
    read::{Document, InventorySettings, TrafficSource, read_inventory},
    report::{ReportOptions, report},
    write,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{self, Index},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

#[test]
fn an_independent_oracle_agrees_on_every_line_and_every_total() {
    on_months(1, 1500, Just(()), |site, month, ()| {
        for hourly in [false, true] {
            let expected = oracle::bill(month, &site.world, hourly);
            let printed = site.print(month, hourly);
            let mut lines: Vec<String> = printed.csv.lines().skip(1).map(String::from).collect();
            lines.sort();
            prop_assert_eq!(&lines, &expected.lines);
            prop_assert_eq!(&printed.payable, &expected.payable);
            let totals = printed.metered.totals();
            let parts = [totals.read, totals.billed, totals.free, totals.outside_period, totals.refused];
            let bill = &expected;
            let expected_parts = [bill.read, bill.billed, bill.free, bill.outside_period, bill.refused];
            prop_assert_eq!(parts.map(|count| (count.records, count.bytes)), expected_parts);
            prop_assert_eq!(printed.metered.refused_for_cause(), bill.refused.0 - bill.dropped);
        }
        Ok(())
    });
}

#[test]
fn an_independent_oracle_agrees_on_crowded_and_on_sparse_months_in_any_order() {
    for (connections, step) in [(40, 1), (1500, 97)] {
        for site in sites() {
            let drawn = months::month_of(&site.world, connections..=connections, 0..=0);
            let mut month = drawn.new_tree(&mut TestRunner::new(config(2, 1))).expect("a month").current();
            month.records = months::crowd(&month, step);
            let expected = oracle::bill(&month, &site.world, false);
            let by_time = month.records.clone();
            let mut by_connection = by_time.clone();
            by_connection.sort_by_key(|record| (record.connection_id.clone(), record.sender));
            let strides =
                (0..by_time.len()).map(|index| by_time[index * 7919 % by_time.len()].clone()).collect();
            for records in [by_time, by_connection, strides] {
                month.records = records;
                let printed = site.print(&month, false);
                let mut lines: Vec<&str> = printed.csv.lines().skip(1).collect();
                lines.sort_unstable();
                assert_eq!(lines, expected.lines);
                assert_eq!(printed.payable, expected.payable);
                assert_eq!(printed.metered.totals().refused.records, expected.refused.0);
                #[cfg(feature = "parquet")]
                {
                    let file =
                        crate::support::columns::file(&month.records, &crate::support::columns::COMMON);
                    let source = [TrafficSource::from_bytes("usage.parquet", file)];
                    let [_, connections, changes] = texts(&month);
                    let columns = site.print_metered(site.meter_sources(
                        &month,
                        false,
                        &source,
                        &connections,
                        &changes,
                    ));
                    assert_eq!(columns.csv, printed.csv);
                }
            }
        }
    }
}

#[test]
fn r14_every_record_and_byte_goes_somewhere_and_the_lines_hold_those_billed_and_free() {
    on_months(14, 500, Just(()), |site, month, ()| {
        let printed = site.print(month, false);
        let totals = printed.metered.totals();
        let bytes =
            |records: &[Record]| records.iter().filter_map(|own| own.bytes).map(u128::from).sum::<u128>();
        let read = totals.read;
        prop_assert_eq!((read.records, read.bytes), (month.records.len() as u64, bytes(&month.records)));
        let parts = [totals.billed, totals.free, totals.outside_period, totals.refused];
        prop_assert_eq!(parts.iter().map(|part| part.records).sum::<u64>(), read.records);
        prop_assert_eq!(parts.iter().map(|part| part.bytes).sum::<u128>(), read.bytes);
        let on_lines = printed.sum("consumed_bytes", |_| true);
        prop_assert_eq!(on_lines.to_integer(), (totals.billed.bytes + totals.free.bytes).into());
        prop_assert_eq!(printed.metered.refused().len() as u64, totals.refused.records);
        Ok(())
    });
}

#[test]
fn r17_any_order_of_rows_and_any_split_into_files_gives_the_same_bytes() {
    on_months(17, 500, vec(any::<Index>(), 80), |site, month, draws| {
        let [usage, connections, changes] = texts(month);
        let printed = site.print_from(month, false, std::slice::from_ref(&usage), &connections, &changes);

        let mut files = vec![Table { rows: Vec::new(), ..usage.clone() }; 3];
        for (row, draw) in shuffled(&usage, &draws).rows.into_iter().zip(draws.iter().rev().cycle()) {
            files[draw.index(3)].rows.push(row);
        }
        files[2] = reordered(&files[2]);
        let (connections, changes) = (shuffled(&connections, &draws), shuffled(&changes, &draws));
        let otherwise = site.print_from(month, false, &files, &connections, &changes);
        prop_assert_eq!(&printed.csv, &otherwise.csv);
        prop_assert_eq!(&printed.table, &otherwise.table);
        prop_assert_eq!(printed.metered.totals(), otherwise.metered.totals());
        Ok(())
    });
}

#[test]
fn r7_moving_a_change_within_its_hour_changes_nothing() {
    on_months(7, 500, vec(0..HOUR, 40), |site, month, draws| {
        let mut moved = month.clone();
        let mut draws = draws.into_iter();
        for connection in &mut moved.connections {
            for hour in connection.changes.chunk_by_mut(|a, b| a.at.div_euclid(HOUR) == b.at.div_euclid(HOUR))
            {
                let mut within: Vec<i64> = draws.by_ref().take(hour.len()).collect();
                within.sort_unstable();
                for (change, within) in hour.iter_mut().zip(within) {
                    change.at = change.at.div_euclid(HOUR) * HOUR + within;
                }
            }
        }
        prop_assert_eq!(site.print(month, true).csv, site.print(&moved, true).csv);
        Ok(())
    });
}

#[test]
fn r11_lines_and_adjustment_are_payable_exactly_and_payable_has_two_decimals() {
    on_months(11, 500, any::<bool>(), |site, month, hourly| {
        let printed = site.print(month, hourly);
        for (account, payable) in &printed.payable {
            let of_account = |row: &Row| row["billing_account_id"] == *account;
            prop_assert_eq!(&decimal(&printed.sum("billed_cost", of_account), 2), payable);
            prop_assert!((rational(payable) * whole(100)).is_integer());
            let adjustments =
                printed.rows().filter(|row| of_account(row) && row["charge_category"] == "adjustment");
            prop_assert!(adjustments.count() <= 1);
        }
        let accounts: Vec<String> = printed.rows().map(|row| row["billing_account_id"].clone()).collect();
        prop_assert!(accounts.iter().all(|account| printed.payable.contains_key(account)));
        Ok(())
    });
}

/// A catalog with one price, at which a byte costs 5 x 10^-19, and this policy.
fn rounding_by(mode: &str, decimals: u32) -> Catalog {
    let policy = format!("mode = \"{mode}\"\ndecimals = {decimals}");
    let settings = months::MADE_UP_SETTINGS.replace("mode = \"down\"\ndecimals = 2", &policy);
    assert!(settings.contains(&policy));
    let prices = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                  Alpha,Beta,Gold,0.0000000005,,published,u,d\n";
    let source = CatalogSource {
        settings: Document::new("catalog.toml", settings),
        prices: Document::new("prices.csv", prices),
        regions: Some(Document::new("regions.csv", months::MADE_UP_REGIONS)),
    };
    Catalog::read(&source).expect("it can be read")
}

#[test]
fn r11_every_policy_decides_ties_and_what_lies_beside_them_as_rationals_do() {
    let connections = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
                       link_type\npcc-1,1,aa-one,2,bb-one,Gold\n";
    let drawn = (sample::select(&["down", "half_up", "half_even"][..]), 0..=10_u32, 0..9_u64, -1..=1_i64);
    let result = TestRunner::new(config(13, 600)).run(&drawn, |(mode, decimals, units, beside)| {
        // Halfway between so many units of the last decimal and one more, and a byte beside that.
        let bytes = ((2 * units + 1) * 10_u64.pow(18 - decimals)).saturating_add_signed(beside);
        let usage =
            format!("timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,{bytes}\n");
        let usage = [TrafficSource::from_bytes("usage.csv", usage)];
        let inventory = peerbill::inventory(connections, None).expect("it is good");
        let settings = MeterSettings::new("2026-10".parse().expect("a month"));
        let metered = meter(&usage, inventory, &settings).expect("it can be metered");
        let report =
            report(&metered, &rounding_by(mode, decimals), ReportOptions::default()).expect("a price");
        let [own] = &report.statements[..] else { panic!("one account pays") };
        let power = |exponent: u32| whole(10_i64.pow(exponent));
        let amount = rational(&bytes.to_string()) / power(10) / power(9) * whole(5);
        let scaled = &amount * power(decimals);
        let (floor, half) = (scaled.floor(), rational("0.5"));
        let rest = &scaled - &floor;
        let odd = !(&floor / whole(2)).is_integer();
        let up = match mode {
            "down" => false,
            "half_up" => rest >= half,
            _ => rest > half || rest == half && odd,
        };
        let payable = (floor + whole(i64::from(up))) / power(decimals);
        prop_assert_eq!(rational(&own.payable.to_string()), payable, "{} of {}", mode, bytes);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn r11_hourly_lines_tell_the_same_payable_bytes_and_hours() {
    on_months(12, 500, Just(()), |site, month, ()| {
        let (plain, hourly) = (site.print(month, false), site.print(month, true));
        prop_assert_eq!(&plain.payable, &hourly.payable);
        for column in ["consumed_bytes", "metered_hours", "raised_hours"] {
            prop_assert_eq!(plain.sum(column, |_| true), hourly.sum(column, |_| true));
        }
        prop_assert!(hourly.rows().all(|row| row["metered_hours"] == "1" || row["metered_hours"].is_empty()));
        Ok(())
    });
}

#[test]
fn r10_bytes_may_arrive_in_any_number_of_records_of_their_hour() {
    on_months(10, 500, vec(any::<Index>(), 120), |site, month, draws| {
        let whole_records = Month { copies: Copies::Sum, ..month.clone() };
        let mut split = whole_records.clone();
        split.records.clear();
        for (record, draw) in whole_records.records.iter().zip(draws) {
            let part = record.bytes.map(|bytes| draw.index(bytes.min(1 << 40) as usize + 1) as u64);
            let rest = record.bytes.zip(part).map(|(bytes, part)| bytes - part);
            split.records.extend([part, rest].map(|bytes| Record { bytes, ..record.clone() }));
        }
        prop_assert_eq!(site.print(&whole_records, false).csv, site.print(&split, false).csv);
        Ok(())
    });
}

#[test]
fn the_report_of_metered_hours_is_that_of_their_records() {
    on_months(4, 250, Just(()), |site, month, ()| {
        let [usage, connections, changes] = texts(month);
        let raw = site.meter_from(month, true, &[usage], &connections, &changes);
        let mut files = vec![Vec::new()];
        write::metered::csv(&raw.0, &mut files[0]).expect("memory can be written");
        #[cfg(feature = "parquet")]
        {
            files.push(Vec::new());
            write::metered::parquet(&raw.0, &mut files[1]).expect("memory can be written");
        }
        let digest = raw.0.digest().expect("it can be read");
        let expected = site.print_metered(raw);
        for file in files {
            let source = [TrafficSource::from_bytes("hours", file).as_metered()];
            let again = site.meter_sources(month, true, &source, &connections, &changes);
            prop_assert_eq!(again.0.digest().expect("it can be read"), digest.clone());
            let (before, after) = (expected.metered.totals(), again.0.totals());
            prop_assert_eq!(after.read.bytes, before.billed.bytes + before.free.bytes);
            prop_assert_eq!(after.billed.bytes, before.billed.bytes);
            prop_assert_eq!(after.read.records, again.0.usage().metered_hours().expect("hours").len() as u64);
            let hours = site.print_metered(again);
            prop_assert_eq!(&hours.csv, &expected.csv);
        }
        Ok(())
    });
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_of_any_shape_gives_the_same_bytes_as_csv() {
    use crate::support::columns;
    on_months(3, 250, columns::shape(), |site, month, shape| {
        let [usage, connections, changes] = texts(month);
        let expected = site.print_from(month, true, &[usage], &connections, &changes);
        let file = TrafficSource::from_bytes("usage.csv", columns::file(&month.records, &shape));
        let clock = format!("+{:02}:00", columns::CLOCK).parse().expect("an offset");
        let sources = [file.with_naive_offset(Some(clock))];
        let printed = site.print_metered(site.meter_sources(month, true, &sources, &connections, &changes));
        prop_assert_eq!(&printed.csv, &expected.csv);
        prop_assert_eq!(&printed.table, &expected.table);
        prop_assert_eq!(printed.metered.totals(), expected.metered.totals());
        // Rows count from 1; in the CSV the header stands on line 1.
        let places = |metered: &Metered, header: u64| {
            let place = |own: &peerbill::meter::RefusedRecord| {
                (own.fault.code, own.fault.line.map(|line| line - header))
            };
            metered.refused().iter().map(place).collect::<Vec<_>>()
        };
        prop_assert_eq!(places(&printed.metered, 0), places(&expected.metered, 1));
        Ok(())
    });
}

#[test]
fn lists_and_trails_tell_the_inventory_and_the_bill_that_tables_tell() {
    let supplied = Cell::new(0);
    on_months(3, 250, vec(any::<bool>(), 60), |site, month, draws| {
        let usage = months::usage(month).text();
        let usage = [TrafficSource::from_bytes("usage.csv", usage)];
        let tables = [months::connections(month).text(), months::changes(month).text()];
        let [connections, changes] = tables.map(|text| vec![Document::new("table.csv", text)]);
        let expected = read(
            site,
            &connections,
            &changes,
            &Exports { pages: vec![], events: vec![], before: Default::default() },
        );

        let told = exports(month, &draws);
        let pages: Vec<Document> =
            told.pages.iter().map(|page| Document::new("list.json", page.clone())).collect();
        let split = told.events.len() / 2;
        let lines: String = told.events[..split].iter().map(|event| format!("{event}\n")).collect();
        let answer = serde_json::json!({"Events": &told.events[split..], "NextToken": null}).to_string();
        let trail = [Document::new("trail.json", lines.clone()), Document::new("answer.json", answer)];
        let trail: Vec<Document> = trail.into_iter().filter(|document| !document.text.is_empty()).collect();
        let inventory = read(site, &pages, &trail, &told);

        prop_assert_eq!(rows(&inventory), rows(&expected));
        for index in 0..expected.connections().len() {
            prop_assert_eq!(inventory.history(index), expected.history(index));
        }
        supplied.set(supplied.get() + expected.connections().len() - distinct(&told));
        for hourly in [false, true] {
            let bill = |inventory: &Inventory| {
                site.print_metered(site.meter_with(month, hourly, &usage, inventory.clone())).csv
            };
            prop_assert_eq!(bill(&inventory), bill(&expected));
        }
        Ok(())
    });
    assert!(supplied.get() > 10, "connections that only a trail tells: {}", supplied.get());
}

#[test]
fn the_random_months_are_full_of_what_the_rules_are_about() {
    let seen: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    on_months(1, 300, Just(()), |site, month, ()| {
        let [plain, hourly] = [false, true].map(|hourly| oracle::bill(month, &site.world, hourly));
        let fields =
            |column: usize| plain.lines.iter().map(move |line| line.split(',').nth(column).unwrap_or(""));
        for (what, holds) in [
            ("billed and free", plain.billed.0 > 0 && plain.free.0 > 0),
            ("outside the period and refused", plain.outside_period.0 > 0 && plain.refused.0 > plain.dropped),
            ("dropped copies", plain.dropped > 0),
            ("raised hours that cost", fields(17).any(|cost| !["", "0.00"].contains(&cost))),
            ("raised hours that saved", fields(17).any(|cost| cost.starts_with('-'))),
            ("adjustments", fields(8).any(|category| category == "adjustment")),
            ("three accounts", plain.payable.len() > 2),
            ("lines of several hours", hourly.lines.len() > 2 * plain.lines.len()),
            ("beyond 64 bits", plain.read.1 > u128::from(u64::MAX)),
        ] {
            *seen.borrow_mut().entry(what).or_default() += u32::from(holds);
        }
        Ok(())
    });
    let seen = seen.into_inner();
    assert!(seen.values().all(|&months| months >= 15), "of 600 months: {seen:?}");
}

/// What the crate makes of a month.
struct Printed {
    metered: Metered,
    csv: String,
    /// Empty in a build that has no tables.
    table: String,
    /// Payable amounts by account.
    payable: BTreeMap<String, String>,
}

/// A line of the CSV by column.
type Row = BTreeMap<String, String>;

impl Printed {
    fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        csv::Reader::from_reader(self.csv.as_bytes())
            .into_deserialize()
            .map(|row| row.expect("the output is CSV"))
    }

    /// The exact sum of a column over the rows that are wanted.
    fn sum(&self, column: &str, wanted: impl Fn(&Row) -> bool) -> BigRational {
        let values = self.rows().filter(wanted).map(|row| row[column].clone());
        values.filter(|value| !value.is_empty()).fold(whole(0), |sum, value| {
            let magnitude = rational(value.trim_start_matches('-'));
            if value.starts_with('-') { sum - magnitude } else { sum + magnitude }
        })
    }
}

/// The same rows with their columns in another order, and one more.
fn reordered(table: &Table) -> Table {
    let rows = table.rows.iter().map(|row| match row.split(',').collect::<Vec<_>>()[..] {
        [timestamp, connection_id, sender, bytes] => {
            format!("{bytes},,{sender},\"{connection_id}\",{timestamp}")
        }
        _ => unreachable!("{row} has other columns"),
    });
    Table { header: "bytes,note,sender,connection_id,timestamp", rows: rows.collect() }
}

/// The same rows in another order.
fn shuffled(table: &Table, draws: &[Index]) -> Table {
    let mut table = table.clone();
    let count = table.rows.len();
    for (place, draw) in (0..count).zip(draws.iter().cycle()) {
        table.rows.swap(place, draw.index(count));
    }
    table
}

impl Site {
    fn print(&self, month: &Month, hourly: bool) -> Printed {
        let [usage, connections, changes] = texts(month);
        self.print_from(month, hourly, &[usage], &connections, &changes)
    }

    fn print_from(
        &self,
        month: &Month,
        hourly: bool,
        usage: &[Table],
        connections: &Table,
        changes: &Table,
    ) -> Printed {
        self.print_metered(self.meter_from(month, hourly, usage, connections, changes))
    }

    fn print_metered(&self, (metered, options): (Metered, ReportOptions)) -> Printed {
        let report = report(&metered, &self.catalog, options).expect("every price is known");

        let (mut csv, mut table) = (Vec::new(), Vec::new());
        write::csv::report(&report, &mut csv).expect("memory can be written");
        #[cfg(feature = "cli")]
        write::text::report(&report, write::Lang::En, &mut table).expect("memory can be written");
        let payable = report.statements.iter();
        let payable = payable.map(|own| (own.billing_account_id.clone(), own.payable.to_string())).collect();
        let text = |bytes: &mut Vec<u8>| String::from_utf8(std::mem::take(bytes)).expect("reports are UTF-8");
        Printed { csv: text(&mut csv), table: text(&mut table), payable, metered }
    }
}

/// The inventory that documents tell.
fn read(site: &Site, connections: &[Document], changes: &[Document], told: &Exports) -> Inventory {
    let check = |region: &str| site.catalog.check_region(region);
    let mut settings = InventorySettings::new(&check);
    settings.link_types_before = told.before.clone();
    let inventory = read_inventory(connections, Some(changes), &settings).expect("it is readable");
    assert_eq!(inventory.faults(), []);
    inventory
}

/// What is told in every form; a table has no status.
fn rows(inventory: &Inventory) -> Vec<Connection> {
    let mut rows = inventory.connections().to_vec();
    rows.iter_mut().for_each(|connection| connection.status = None);
    rows
}

/// How many connections the lists have.
fn distinct(told: &Exports) -> usize {
    let entries = told.pages.iter().flat_map(|page| {
        let page: serde_json::Value = serde_json::from_str(page).expect("JSON");
        page["VpcPeerConnects"].as_array().expect("a list").clone()
    });
    entries.map(|entry| entry["InstanceId"].to_string()).collect::<std::collections::BTreeSet<_>>().len()
}
