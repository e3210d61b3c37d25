//! Plausibility and coverage (R16): what is found in a month that was metered.

use crate::{
    error::{Fault, FaultCode, Result},
    meter::{HourRow, HourlyUsage, Metered},
    model::{
        connection::Connection,
        finding::{Finding, FindingCode, Said, Told},
        inventory::Inventory,
        time::{BillingMonth, Hour},
        usage::{EndIndex, MeteredHour, Sender},
    },
    read::record::Notes,
};
use std::collections::BTreeMap;

/// What sources hold beside records.
fn noted(notes: &Notes) -> impl Iterator<Item = Finding> {
    let Notes { pages_announced, last_pages, skipped, passed_over, entries: _ } = *notes;
    let pages = Said::PagesAnnounced { announced: pages_announced, last: last_pages };
    [
        (pages_announced, FindingCode::PagesAnnounced, pages),
        (skipped, FindingCode::EntriesSkipped, Said::EntriesSkipped { count: skipped }),
        (passed_over, FindingCode::EntriesPassedOver, Said::EntriesPassedOver { count: passed_over }),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(_, code, said)| Finding::of(code, said))
}

/// What is found in what was metered, and in `survey` of it: coverage and plausibility.
pub(crate) fn findings(metered: &Metered, survey: &Survey) -> Vec<Finding> {
    let (inventory, totals) = (metered.inventory(), metered.totals());
    let mut found = Vec::new();
    let in_month = totals.billed.records + totals.free.records;
    if in_month == 0 {
        let said = Said::NoRecordsInMonth {
            read: totals.read.records,
            outside: totals.outside_period.records,
            refused: totals.refused.records,
            months: months_told(metered.outside_months()),
        };
        found.push(Finding::of(FindingCode::NoRecordsInMonth, said));
    }
    if !inventory.changes_given() {
        found.push(Finding::of(FindingCode::LinkChangesNotGiven, Said::LinkChangesNotGiven {}));
    }
    for id in inventory.changed_within_region() {
        let said = Said::LinkChangesIgnored { id: id.clone() };
        found.push(about_known(&Finding::of(FindingCode::LinkChangesIgnored, said).about(id), inventory));
    }
    let unknown = |fault: &&Fault| fault.code == FaultCode::UnknownConnection;
    let count = inventory.faults().iter().filter(unknown).count();
    if count > 0 {
        found.push(Finding::of(FindingCode::LinkChangesRefused, Said::LinkChangesRefused { count }));
    }
    let mut faulty: Vec<_> = inventory.faulty().map(|(id, _)| id).collect();
    faulty.sort_unstable();
    found.extend(faulty.into_iter().map(|id| {
        let said = Said::ConnectionQuarantined { id: id.clone() };
        Finding::of(FindingCode::ConnectionQuarantined, said)
    }));
    found.extend(noted(metered.notes()));
    found.extend(inventory.findings().iter().map(|finding| about_known(finding, inventory)));
    if metered.notes().entries == 0 {
        found.extend(implausibly_small(survey.largest_small, totals.billed.bytes));
    }
    found.extend(survey.implausible.iter().map(|hour| implausible(hour, inventory)));
    coverage(&mut found, &survey.covered, metered.usage(), inventory);
    found.sort_by_key(|finding| finding.code);
    found
}

/// The months in which there are records, where there are any.
fn months_told(months: &BTreeMap<BillingMonth, u64>) -> Option<Box<Said>> {
    const MOST: usize = 12;
    let told = months.iter().take(MOST).map(|(&month, &count)| Said::RecordsOfMonth { month, count });
    let told: Vec<Said> = told.collect();
    match (told.is_empty(), months.len() - told.len()) {
        (true, _) => None,
        (false, 0) => Some(Box::new(Said::MonthsTold { months: told })),
        (false, more) => Some(Box::new(Said::MonthsToldAndMore { months: told, more })),
    }
}

/// So few bytes an hour, 27 a second, that a whole month of them from every end is most often another unit.
const SMALL_HOUR: u128 = 100_000;
/// Fewer in the whole month are no traffic at all, such as a trial.
const SMALL_MONTH: u128 = 10;

/// Traffic that was most often given in MB or GB: the opposite of more than the bandwidth carries.
fn implausibly_small(largest: u128, billed: u128) -> Option<Finding> {
    if largest >= SMALL_HOUR || billed < SMALL_MONTH {
        return None;
    }
    Some(Finding::of(FindingCode::ImplausiblySmall, Said::ImplausiblySmall { billed, largest }))
}

/// A finding about connections, which names its connection where the inventory has it.
fn about_known(finding: &Finding, inventory: &Inventory) -> Finding {
    let known = finding.connection_id.clone().filter(|id| inventory.index_of(id).is_some());
    Finding { connection_id: known, ..finding.clone() }
}

/// How many hours have a record.
struct Covered {
    /// By key.
    by_end: Vec<u32>,
    /// By connection, of either end.
    by_either: Vec<u32>,
}

/// What a look at metered hours gives.
pub(crate) struct Survey {
    covered: Covered,
    implausible: Vec<MeteredHour>,
    /// The most bytes that one end sent in an hour, where those are fewer than [`SMALL_HOUR`]; otherwise at least so many.
    largest_small: u128,
}

/// Counts an hour of each.
fn count(hours: &mut [u32]) {
    // OK because no period has 2^32 hours.
    hours.iter_mut().for_each(|hours| *hours = hours.wrapping_add(1));
}

/// Looks at metered hours.
pub(crate) struct Surveyor<'a> {
    inventory: &'a Inventory,
    /// By run of keys, [`HourRow::MOST_RUN`] each: so many bytes each of its ends can send in an hour, or all of 64 bits.
    most: Vec<u64>,
}

/// The most bytes that one end can send in an hour. R16 speaks of traffic between regions; inside one, bandwidth is not limited.
fn most_of(connection: &Connection) -> Option<u128> {
    connection.bandwidth.bytes_per_hour().filter(|_| !connection.within_region())
}

impl<'a> Surveyor<'a> {
    pub fn new(inventory: &'a Inventory) -> Self {
        // More than 64 bits are looked at by themselves.
        let most = |all: &[Connection]| {
            all.iter().filter_map(most_of).min().and_then(|most| most.try_into().ok()).unwrap_or(u64::MAX)
        };
        let most = inventory.connections().chunks(HourRow::MOST_RUN / Sender::ALL.len()).map(most).collect();
        Self { inventory, most }
    }

    /// A survey of no hour yet.
    pub fn survey(&self) -> Survey {
        let connections = self.inventory.connections().len();
        let covered =
            Covered { by_end: vec![0; connections * Sender::ALL.len()], by_either: vec![0; connections] };
        Survey { covered, implausible: Vec::new(), largest_small: 0 }
    }

    /// Adds an hour to a survey.
    pub fn add_row(&self, survey: &mut Survey, row: &HourRow<'_>) -> Result<()> {
        let Covered { by_end, by_either } = &mut survey.covered;
        let is_wide = row.is_wide();
        row.try_each_run(|keys, sums| {
            let connections = keys.start / 2..keys.end.div_ceil(2);
            if sums.len() >= HourRow::LONG_RUN {
                count(&mut by_end[keys.clone()]);
                count(&mut by_either[connections]);
            } else {
                keys.clone().for_each(|key| by_end[key] += 1);
                connections.for_each(|connection| by_either[connection] += 1);
            }
            if survey.largest_small < SMALL_HOUR {
                survey.largest_small =
                    sums.iter().fold(survey.largest_small, |most, &sum| most.max(sum.into()));
            }
            // No sum exceeds the bits of all of them taken together.
            let all = sums.iter().fold(0, |all, sum| all | sum);
            if all > self.most[keys.start / HourRow::MOST_RUN] && !is_wide {
                let each = keys.zip(sums).map(|(key, &sum)| (key, u128::from(sum)));
                survey
                    .implausible
                    .extend(each.filter_map(|(key, bytes)| self.implausible(key, row.hour, bytes)));
            }
            Ok(())
        })?;
        if is_wide {
            row.try_each_key(|key, bytes| {
                survey.largest_small = survey.largest_small.max(bytes);
                survey.implausible.extend(self.implausible(key, row.hour, bytes));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// An hour in which an end sent more than it can.
    fn implausible(&self, key: usize, hour: Hour, bytes: u128) -> Option<MeteredHour> {
        let end = EndIndex::from_index(key);
        let (connection, sender) = (end.connection(), end.sender());
        let most = most_of(self.inventory.connection(connection))?;
        (bytes > most).then_some(MeteredHour { connection, sender, hour, bytes })
    }

    /// One survey of the hours of all.
    pub fn merge(&self, parts: impl IntoIterator<Item = Survey>) -> Survey {
        let mut all = self.survey();
        for part in parts {
            all.implausible.extend(part.implausible);
            all.largest_small = all.largest_small.max(part.largest_small);
            let add = |sums: &mut [u32], hours: Vec<u32>| {
                sums.iter_mut().zip(hours).for_each(|(sum, hours)| *sum += hours);
            };
            add(&mut all.covered.by_end, part.covered.by_end);
            add(&mut all.covered.by_either, part.covered.by_either);
        }
        all.implausible.sort_unstable_by_key(|cell| (cell.connection, cell.sender, cell.hour));
        all
    }
}

fn implausible(cell: &MeteredHour, inventory: &Inventory) -> Finding {
    let connection = inventory.connection(cell.connection);
    let most = connection.bandwidth.bytes_per_hour().unwrap_or_default();
    let (id, bytes, sender, hour) = (connection.id.clone(), cell.bytes, cell.sender, cell.hour);
    let said = Said::ImplausibleVolume { id, bytes, sender, hour, most };
    let found = Finding::of(FindingCode::ImplausibleVolume, said).about(&connection.id);
    found.of_sender(cell.sender).in_hour(cell.hour)
}

/// Which connections and ends have no record, and how many hours have none, in the order of their codes.
fn coverage(found: &mut Vec<Finding>, covered: &Covered, usage: &HourlyUsage, inventory: &Inventory) {
    let (mut silent, mut half_silent) = (Vec::new(), Vec::new());
    let (mut expected_hours, mut covered_hours, mut touched) = (0, 0, 0_u64);
    let (by_end, _) = covered.by_end.as_chunks();
    let covered = covered.by_either.iter().zip(by_end);
    for (connection, (&by_either, by_end)) in inventory.connections().iter().zip(covered) {
        let hours = connection.hours_in(usage.period()).hours();
        if hours == 0 {
            continue;
        }
        let by_either = u64::from(by_either);
        expected_hours += hours;
        covered_hours += by_either;
        touched += u64::from(by_either < hours);
        match by_end {
            [0, 0] => silent.push(&connection.id),
            [0, _] => half_silent.push((&connection.id, Sender::Requester)),
            [_, 0] => half_silent.push((&connection.id, Sender::Accepter)),
            _ => {}
        }
    }
    // There may be as many as connections.
    found.reserve(silent.len() + half_silent.len() + 1);
    found.extend(silent.into_iter().map(|id| {
        let said = Told::ConnectionWithoutRecords(id.clone());
        Finding::of(FindingCode::ConnectionWithoutRecords, said).about(id)
    }));
    found.extend(half_silent.into_iter().map(|(id, sender)| {
        let said = Told::SenderWithoutRecords(id.clone(), sender);
        Finding::of(FindingCode::SenderWithoutRecords, said).about(id).of_sender(sender)
    }));
    let without = expected_hours - covered_hours;
    if without > 0 {
        let connections = inventory.connections().len();
        let said = Said::HoursWithoutRecords { without, expected: expected_hours, touched, connections };
        found.push(Finding::of(FindingCode::HoursWithoutRecords, said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        meter::{Duplicates, MeterSettings, meter},
        read::TrafficSource,
        report::{ReportOptions, report},
    };
    use std::sync::Arc;

    const HEADER: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,bandwidth_mbps\n";
    /// Of one Mbit/s, in an hour.
    const LIMIT: u128 = 450_000_000;

    /// What is found in an hour of a month: by connections, sender and bytes of records.
    fn findings_of(connections: &str, records: &[(&str, &str, u128)]) -> Vec<Finding> {
        let row = |(id, sender, bytes): &(&str, &str, u128)| {
            format!("2026-10-05T00:00:00Z,{id},{sender},{bytes}\n")
        };
        let rows: String = records.iter().map(row).collect();
        let source =
            TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{rows}"));
        let month = "2026-10".parse().unwrap();
        let settings = MeterSettings { duplicates: Duplicates::Sum, ..MeterSettings::new(month) };
        let inventory = crate::inventory(&format!("{HEADER}{connections}"), None).unwrap();
        let metered = meter(&[source], inventory, &settings).unwrap();
        let catalog = Catalog::shipped("china-site").unwrap();
        report(&metered, &catalog, ReportOptions::default()).unwrap().findings
    }

    /// Which of it is about volumes.
    fn found(connections: &str, records: &[(&str, &str, u128)]) -> Vec<(&'static str, Option<Arc<str>>)> {
        let codes = [FindingCode::ImplausibleVolume, FindingCode::ImplausiblySmall];
        let told =
            findings_of(connections, records).into_iter().filter(|finding| codes.contains(&finding.code));
        told.map(|finding| (finding.code.as_str(), finding.connection_id)).collect()
    }

    #[test]
    fn r16_an_hour_is_covered_once_by_either_end() {
        let ids = ["pcc-1", "pcc-2", "pcc-3", "pcc-4", "pcc-5"];
        let connections = ids.map(|id| format!("{id},1,cn-beijing,2,cn-shanghai,\n")).concat();
        let ends =
            [("pcc-1", "requester"), ("pcc-2", "accepter"), ("pcc-4", "requester"), ("pcc-4", "accepter")];
        let findings = findings_of(&connections, &ends.map(|(id, sender)| (id, sender, 1 << 30)));
        let covered = findings.iter().find_map(|finding| match *finding.said.said() {
            Said::HoursWithoutRecords { without, expected, .. } => Some(expected - without),
            _ => None,
        });
        assert_eq!(covered, Some(3));
    }

    #[test]
    fn r16_each_connection_has_its_own_limit_wherever_it_stands() {
        let ids: Vec<String> = (0..66).map(|n| format!("pcc-{n:02}")).collect();
        for narrow in [&[0, 31, 32, 63, 65][..], &[40, 65], &[3]] {
            let connection = |(n, id): (usize, &String)| {
                let mbps = if narrow.contains(&n) { "1" } else { "18446744073709551615" };
                format!("{id},1,cn-beijing,2,cn-shanghai,{mbps}\n")
            };
            let connections: String = ids.iter().enumerate().map(connection).collect();
            for each in [1, 3, 66] {
                // Every one, every third, or the narrow ones alone.
                let is_shown = |n: usize| n.is_multiple_of(each) && each < 66 || narrow.contains(&n);
                let shown = ids.iter().enumerate().filter(|(n, _)| is_shown(*n));
                let sent = |bytes| -> Vec<(&str, &str, u128)> {
                    shown.clone().map(|(_, id)| (&**id, "accepter", bytes)).collect()
                };
                assert_eq!(found(&connections, &sent(LIMIT)), []);
                let expected: Vec<_> =
                    narrow.iter().map(|&n| ("implausible_volume", Some(ids[n].as_str().into()))).collect();
                assert_eq!(found(&connections, &sent(LIMIT + 1)), expected);
            }
        }
    }

    #[test]
    fn r16_hours_beyond_64_bits_are_held_against_the_limit_and_are_not_small() {
        let connections = "pcc-1,1,cn-beijing,2,cn-shanghai,1\npcc-2,1,cn-beijing,2,cn-beijing,1\n";
        let half = 1 << 63;
        // Nothing is left of the sum in its low 64 bits.
        let records = [("pcc-1", "requester", half), ("pcc-1", "requester", half), ("pcc-2", "accepter", 1)];
        assert_eq!(found(connections, &records), [("implausible_volume", Some("pcc-1".into()))]);
        let small = [("pcc-1", "requester", 99_999), ("pcc-2", "accepter", 7)];
        assert_eq!(found(connections, &small), [("implausibly_small", None)]);
        let enough = [("pcc-1", "requester", 100_000), ("pcc-1", "accepter", 7)];
        assert_eq!(found(connections, &enough), []);
    }
}
