//! An explanation and the bill cannot disagree: on random months, from every reader.

use crate::support::{
    months,
    oracle::{Copies, HOUR, Month, rational, whole},
    sites::{Checked, Site, on_months, texts},
};
use peerbill::{
    Hour, Line, TrafficSource,
    catalog::{Lost, Place, PriceRow, PriceStatus},
    explain::{Explanation, Question, account_lines, explain},
    meter::Metered,
    model::{link::LinkType, money::Amount, usage::Sender},
    report,
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
};

/// The month as sources of every kind that holds any record.
fn sources(month: &Month) -> Vec<Vec<TrafficSource>> {
    let [usage, ..] = texts(month);
    let text = usage.text();
    let bytes = TrafficSource::from_bytes("usage.csv", text.clone());
    let stream = TrafficSource::from_stream("usage.csv", move || Ok(Box::new(Cursor::new(text.clone()))));
    let mut parts = vec![months::Table { rows: Vec::new(), ..usage.clone() }; 2];
    for (index, row) in usage.rows.into_iter().enumerate() {
        parts[index % 2].rows.push(row);
    }
    let parts = parts.iter().map(|part| TrafficSource::from_bytes("part.csv", part.text())).collect();
    #[cfg_attr(not(feature = "parquet"), expect(unused_mut, reason = "Parquet is one more"))]
    let mut all = vec![vec![bytes], vec![stream], parts];
    #[cfg(feature = "parquet")]
    {
        use crate::support::columns::{COMMON, file};
        all.push(vec![TrafficSource::from_bytes("usage.parquet", file(&month.records, &COMMON))]);
    }
    all
}

/// Every end and hour of the month that has a record of a known connection, billed or not.
fn ends_and_hours(metered: &Metered, month: &Month) -> BTreeSet<(usize, usize, Hour)> {
    let known = month.records.iter().filter_map(|record| {
        let connection = metered.inventory().index_of(&record.connection_id)?;
        Some((connection, record.sender, Hour::from_index(record.at.div_euclid(HOUR))))
    });
    known.filter(|(.., hour)| metered.usage().period().contains(*hour)).collect()
}

fn question(metered: &Metered, (connection, sender, hour): (usize, usize, Hour)) -> Question {
    let connection_id = metered.inventory().connection(connection).id.to_string();
    Question { connection_id, sender: Sender::ALL[sender], hour }
}

fn digits(amount: Amount, site: &Site) -> String {
    amount.exact(site.catalog.gb).text(0)
}

#[test]
fn the_hours_of_a_line_add_up_to_it_and_each_is_the_hourly_line() {
    on_months(33, 30, Just(()), |site, month, ()| {
        let [_, connections, changes] = texts(month);
        for sources in sources(month) {
            let (metered, options) = site.meter_sources(month, true, &sources, &connections, &changes);
            let hourly = report(&metered, &site.catalog, options).expect("a report");
            let mut lines: BTreeMap<(String, usize, Hour), &Line> = BTreeMap::new();
            for line in &hourly.lines {
                let hour = line.hour.expect("an hour");
                lines.insert((line.connection_id.to_string(), line.sender as usize, hour), line);
            }
            let mut sums = BTreeMap::new();
            for asked in ends_and_hours(&metered, month) {
                let question = question(&metered, asked);
                let own = explain(&metered, &sources, &site.catalog, &question).expect("an explanation");
                let line = lines.remove(&(question.connection_id.clone(), asked.1, asked.2));
                agrees(site, month, &own, line)?;
                if let Some(line) = line {
                    let key = (question.connection_id, asked.1, line.link_type, line.price);
                    let sum = sums.entry(key).or_insert(Amount::ZERO);
                    *sum = sum.checked_add(own.amount).expect("a sum");
                }
            }
            prop_assert!(lines.is_empty(), "every hour of the bill has a record");
            for line in &hourly.without_hours().expect("a report").lines {
                let key = (line.connection_id.to_string(), line.sender as usize, line.link_type, line.price);
                let sum = sums.remove(&key).map(|sum| digits(sum, site));
                prop_assert_eq!(sum, Some(digits(line.amount, site)));
            }
            prop_assert!(sums.is_empty());
        }
        Ok(())
    });
}

/// What is explained, against the line of its hour, where the bill has one, and the records of the month.
fn agrees(site: &Site, month: &Month, own: &Explanation, line: Option<&Line>) -> Checked {
    let of_hour = month.records.iter().filter(|record| {
        *record.connection_id == *own.connection.id
            && record.sender == own.sender as usize
            && record.at.div_euclid(HOUR) == own.hour.index()
    });
    prop_assert_eq!(own.records.len() + own.refused.len(), of_hour.count(), "{:?}", own.refused);
    prop_assert_eq!(own.records.iter().map(|record| record.bytes).sum::<u128>(), own.consumed_bytes);
    prop_assert_eq!(line.is_some(), own.has_records());
    let Some(line) = line else { return Ok(()) };
    prop_assert_eq!(own.consumed_bytes, line.bytes);
    prop_assert_eq!(own.link_types.as_ref().map(|types| types.levels.highest), line.link_type);
    let raised = own.link_types.as_ref().is_some_and(|types| types.levels.switched);
    prop_assert_eq!(u64::from(raised), line.raised_hours);
    let price = own.price.as_ref().expect("a price").price;
    prop_assert_eq!(price, line.price);
    prop_assert_eq!(digits(own.amount, site), digits(line.amount, site));
    prop_assert_eq!(digits(own.raised_amount, site), digits(line.raised_amount, site));
    // Once more, by numbers that share no code: nothing of the amount is lost.
    let product = rational(&own.consumed_bytes.to_string()) * rational(&price.contracted.to_string());
    let gb = rational(&site.catalog.gb.bytes().to_string());
    prop_assert_eq!(rational(&digits(own.amount, site)) * gb, product);
    changes_lead_to_the_level(own)?;
    loses_for_a_reason(site, own)
}

fn changes_lead_to_the_level(own: &Explanation) -> Checked {
    let Some(types) = &own.link_types else { return Ok(()) };
    let mut levels = vec![types.before];
    for change in &types.changes {
        prop_assert_eq!(change.changed_at.hour(), own.hour);
        prop_assert_eq!(Some(&change.from), levels.last());
        prop_assert_ne!(change.from, change.to);
        levels.push(change.to);
    }
    prop_assert_eq!(levels.iter().max(), Some(&types.levels.highest));
    prop_assert_eq!(levels.len() > 1, types.levels.switched);
    Ok(())
}

/// Every row that covers the charge holds or has lost; one that is in force stands behind the row that holds.
fn loses_for_a_reason(site: &Site, own: &Explanation) -> Checked {
    let (Some(types), Some(winner)) =
        (&own.link_types, own.price.as_ref().and_then(|price| price.row.as_ref()))
    else {
        return Ok(());
    };
    let covering =
        site.catalog.rows().iter().filter(|row| rank(site, own, types.levels.highest, row).is_some());
    prop_assert_eq!(covering.count(), own.lost_rows.len() + 1);
    let best = rank(site, own, types.levels.highest, winner);
    for (row, why) in &own.lost_rows {
        let is_in_force = row.validity.covers(own.hour);
        prop_assert_eq!(is_in_force, !matches!(why, Lost::NotYet | Lost::Ended));
        let rank = rank(site, own, types.levels.highest, row);
        prop_assert!(!is_in_force || rank < best, "{:?} {:?}", rank, best);
    }
    Ok(())
}

/// How a row stands by R4 where it covers the charge.
fn rank(
    site: &Site,
    own: &Explanation,
    link_type: LinkType,
    row: &PriceRow,
) -> Option<impl Ord + std::fmt::Debug> {
    let covers = |place: &Place, region: &str| match place {
        Place::Region(id) => **id == *region,
        Place::Area(name) => {
            site.catalog.regions().get(region).and_then(|own| own.area.as_ref()) == Some(name)
        }
    };
    let direct = covers(&row.source, &own.source_region) && covers(&row.destination, &own.destination_region);
    let reverse =
        covers(&row.source, &own.destination_region) && covers(&row.destination, &own.source_region);
    let covered = row.link_type == link_type && (direct || site.catalog.symmetric && reverse);
    let regions =
        [&row.source, &row.destination].iter().filter(|place| matches!(place, Place::Region(_))).count();
    covered.then(|| (row.status == PriceStatus::Published, regions, direct, row.validity.from, row.layer))
}

#[test]
fn an_account_lists_the_lines_of_its_statement_each_with_its_largest_hour() {
    on_months(34, 40, Just(()), |site, month, ()| {
        let [usage, connections, changes] = texts(month);
        let (metered, options) = site.meter_from(month, true, &[usage], &connections, &changes);
        let hourly = report(&metered, &site.catalog, options).expect("a report");
        let plain = hourly.without_hours().expect("a report");
        for statement in &plain.statements {
            let own =
                account_lines(&metered, &site.catalog, &statement.billing_account_id, None).expect("lines");
            prop_assert_eq!(&own.report.lines, &plain.lines[statement.lines.clone()]);
            prop_assert_eq!(own.report.payable().expect("a sum"), statement.payable);
            for (line, largest) in own.report.lines.iter().zip(&own.largest) {
                let hours = hourly.lines.iter().filter(|hour| {
                    (&hour.connection_id, hour.sender, hour.link_type, hour.price)
                        == (&line.connection_id, line.sender, line.link_type, line.price)
                });
                let most = hours.clone().map(|hour| hour.bytes).max();
                let first = hours.filter(|hour| Some(hour.bytes) == most).filter_map(|hour| hour.hour).min();
                prop_assert_eq!((Some(largest.bytes), Some(largest.hour)), (most, first));
            }
        }
        Ok(())
    });
}

#[test]
fn an_hour_without_records_costs_nothing_and_tells_what_it_would_have_cost() {
    on_months(35, 40, 0..700_i64, |site, month, after| {
        let quiet = Month { records: Vec::new(), copies: Copies::Refuse, ..month.clone() };
        let [usage, connections, changes] = texts(&quiet);
        let sources = [TrafficSource::from_bytes("usage.csv", usage.text())];
        let (metered, _) = site.meter_sources(&quiet, true, &sources, &connections, &changes);
        let hour = Hour::from_index(metered.usage().period().start.index() + after % 600);
        for connection in 0..metered.inventory().connections().len() {
            let question = question(&metered, (connection, 0, hour));
            let own = explain(&metered, &sources, &site.catalog, &question).expect("an explanation");
            prop_assert!(own.records.is_empty() && own.refused.is_empty());
            prop_assert_eq!((own.consumed_bytes, digits(own.amount, site)), (0, "0".to_owned()));
            prop_assert!(own.price.is_some() || own.link_types.is_some());
            prop_assert_eq!(rational(&digits(own.raised_amount, site)), whole(0));
        }
        Ok(())
    });
}
