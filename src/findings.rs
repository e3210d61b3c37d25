//! Plausibility and coverage (R16): what is found in a month that was metered.

use crate::{
    error::{Fault, FaultCode, Result},
    meter::{HourRow, HourlyUsage, Metered},
    model::{
        connection::Connection,
        finding::{Finding, FindingCode, Said},
        inventory::Inventory,
        time::BillingMonth,
        usage::{MeteredHour, Sender},
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
        found.extend(implausibly_small(survey.largest, totals.billed.bytes));
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

/// Hours with a record: of the requester, of the accepter, of either.
#[derive(Debug, Clone, Copy, Default)]
struct Covered {
    by_sender: [u32; 2],
    by_either: u32,
}

/// What a look at metered hours gives.
pub(crate) struct Survey {
    covered: Vec<Covered>,
    implausible: Vec<MeteredHour>,
    /// The most bytes that one end sent in an hour.
    largest: u128,
}

/// Looks at metered hours.
pub(crate) struct Surveyor {
    /// By connection: the most bytes that one end can send in an hour.
    most: Vec<u128>,
}

impl Surveyor {
    pub fn new(inventory: &Inventory) -> Self {
        // R16 speaks of traffic between regions; inside one, bandwidth is not limited.
        let limit = |connection: &Connection| {
            connection.bandwidth.bytes_per_hour().filter(|_| !connection.within_region())
        };
        Self {
            most: inventory
                .connections()
                .iter()
                .map(|connection| limit(connection).unwrap_or(u128::MAX))
                .collect(),
        }
    }

    /// A survey of no hour yet.
    pub fn survey(&self) -> Survey {
        Survey { covered: vec![Covered::default(); self.most.len()], implausible: Vec::new(), largest: 0 }
    }

    /// Adds an hour to a survey.
    pub fn add_row(&self, survey: &mut Survey, row: &HourRow<'_>) -> Result<()> {
        let mut before = None;
        row.try_each(|cell| {
            let covered = &mut survey.covered[cell.connection];
            covered.by_sender[cell.sender as usize] += 1;
            covered.by_either += u32::from(before != Some(cell.connection));
            before = Some(cell.connection);
            survey.largest = survey.largest.max(cell.bytes);
            if cell.bytes > self.most[cell.connection] {
                survey.implausible.push(cell);
            }
            Ok(())
        })
    }

    /// One survey of the hours of all.
    pub fn merge(&self, parts: impl IntoIterator<Item = Survey>) -> Survey {
        let mut all = self.survey();
        for part in parts {
            all.implausible.extend(part.implausible);
            all.largest = all.largest.max(part.largest);
            for (sum, covered) in all.covered.iter_mut().zip(part.covered) {
                sum.by_either += covered.by_either;
                for (sum, hours) in sum.by_sender.iter_mut().zip(covered.by_sender) {
                    *sum += hours;
                }
            }
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
fn coverage(found: &mut Vec<Finding>, covered: &[Covered], usage: &HourlyUsage, inventory: &Inventory) {
    let (mut silent, mut half_silent) = (Vec::new(), Vec::new());
    let (mut expected_hours, mut covered_hours, mut touched) = (0, 0, 0_u64);
    for (connection, covered) in inventory.connections().iter().zip(covered) {
        let hours = connection.hours_in(usage.period()).hours();
        if hours == 0 {
            continue;
        }
        let by_either = u64::from(covered.by_either);
        expected_hours += hours;
        covered_hours += by_either;
        touched += u64::from(by_either < hours);
        match covered.by_sender {
            [0, 0] => silent.push(&connection.id),
            [0, _] => half_silent.push((&connection.id, Sender::Requester)),
            [_, 0] => half_silent.push((&connection.id, Sender::Accepter)),
            _ => {}
        }
    }
    // There may be as many as connections.
    found.reserve(silent.len() + half_silent.len() + 1);
    found.extend(silent.into_iter().map(|id| {
        let said = Said::ConnectionWithoutRecords { id: id.clone() };
        Finding::of(FindingCode::ConnectionWithoutRecords, said).about(id)
    }));
    found.extend(half_silent.into_iter().map(|(id, sender)| {
        let said = Said::SenderWithoutRecords { id: id.clone(), sender };
        Finding::of(FindingCode::SenderWithoutRecords, said).about(id).of_sender(sender)
    }));
    let without = expected_hours - covered_hours;
    if without > 0 {
        let connections = inventory.connections().len();
        let said = Said::HoursWithoutRecords { without, expected: expected_hours, touched, connections };
        found.push(Finding::of(FindingCode::HoursWithoutRecords, said));
    }
}
