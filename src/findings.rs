//! Plausibility and coverage (R16): what is found in a month that was metered.

use crate::{
    error::{Fault, FaultCode, Result},
    meter::{HourRow, HourlyUsage, Metered},
    model::{
        connection::Connection,
        finding::{Finding, FindingCode},
        inventory::Inventory,
        usage::{MeteredHour, Sender},
    },
    read::record::Notes,
};

/// What sources hold beside records.
fn noted(notes: &Notes) -> impl Iterator<Item = Finding> {
    let Notes { pages_announced, last_pages, skipped, passed_over } = *notes;
    let pages = format!(
        "{pages_announced} answers of CloudMonitor announce a further page (NextToken) and {last_pages} are last ones; \
         where more lists than that were asked for, pages are missing"
    );
    let skipped_entries = format!(
        "{skipped} entries of flow logs have log-status SKIPDATA: what they stand for was not captured, so less is \
         billed than was sent"
    );
    let others = format!(
        "{passed_over} entries of flow logs are no outbound traffic of a peering connection: they come in, were \
         rejected, took another path, or hold no data; they are not among the records read"
    );
    [
        (pages_announced, FindingCode::PagesAnnounced, pages),
        (skipped, FindingCode::EntriesSkipped, skipped_entries),
        (passed_over, FindingCode::EntriesPassedOver, others),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(_, code, message)| Finding::new(code, message))
}

/// What is found in what was metered, and in `survey` of it: coverage and plausibility.
pub(crate) fn findings(metered: &Metered, survey: &Survey) -> Vec<Finding> {
    let (inventory, totals) = (metered.inventory(), metered.totals());
    let mut found = Vec::new();
    let in_month = totals.billed.records + totals.free.records;
    if in_month == 0 {
        found.push(Finding::new(
            FindingCode::NoRecordsInMonth,
            format!(
                "no record of the month was billed: {} read, {} outside the period, {} refused",
                totals.read.records, totals.outside_period.records, totals.refused.records
            ),
        ));
    }
    if !inventory.changes_given() {
        let why = "link changes were not given: every connection is taken to have had its present link type all month";
        found.push(Finding::new(FindingCode::LinkChangesNotGiven, why));
    }
    for id in inventory.changed_within_region() {
        let why = format!("link changes of {id} are ignored: it lies inside one region");
        found.push(about_known(&Finding::new(FindingCode::LinkChangesIgnored, why).about(id), inventory));
    }
    let unknown = |fault: &&Fault| fault.code == FaultCode::UnknownConnection;
    let refused = inventory.faults().iter().filter(unknown).count();
    if refused > 0 {
        let why = format!("{refused} link changes were refused: the inventory lacks their connections");
        found.push(Finding::new(FindingCode::LinkChangesRefused, why));
    }
    let mut faulty: Vec<_> = inventory.faulty().map(|(id, _)| id).collect();
    faulty.sort_unstable();
    found.extend(faulty.into_iter().map(|id| {
        let why = format!(
            "{id} is quarantined: its own row or link changes are bad, none of its traffic is billed"
        );
        Finding::new(FindingCode::ConnectionQuarantined, why)
    }));
    found.extend(noted(metered.notes()));
    found.extend(inventory.findings().iter().map(|finding| about_known(finding, inventory)));
    found.extend(survey.implausible.iter().map(|hour| implausible(hour, inventory)));
    found.extend(coverage(&survey.covered, metered.usage(), inventory));
    found.sort_by_key(|finding| finding.code);
    found
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
        Survey { covered: vec![Covered::default(); self.most.len()], implausible: Vec::new() }
    }

    /// Adds an hour to a survey.
    pub fn add_row(&self, survey: &mut Survey, row: &HourRow<'_>) -> Result<()> {
        let mut before = None;
        row.try_each(|cell| {
            let covered = &mut survey.covered[cell.connection];
            covered.by_sender[cell.sender as usize] += 1;
            covered.by_either += u32::from(before != Some(cell.connection));
            before = Some(cell.connection);
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
    let message = format!(
        "{} sent {} bytes from its {} in hour {}, more than the {most} that its bandwidth carries; \
         check the unit of the export",
        connection.id, cell.bytes, cell.sender, cell.hour
    );
    let found = Finding::new(FindingCode::ImplausibleVolume, message).about(&connection.id);
    found.of_sender(cell.sender).in_hour(cell.hour)
}

fn coverage(covered: &[Covered], usage: &HourlyUsage, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut expected_hours, mut covered_hours, mut touched) = (0, 0, 0_u64);
    for (index, connection) in inventory.connections().iter().enumerate() {
        let hours = connection.hours_in(usage.period()).hours();
        if hours == 0 {
            continue;
        }
        expected_hours += hours;
        let Covered { by_sender: [of_requester, of_accepter], by_either } = covered[index];
        let covered = u64::from(by_either);
        covered_hours += covered;
        touched += u64::from(covered < hours);
        let silent = match (of_requester, of_accepter) {
            (0, 0) => None,
            (0, _) => Some(Sender::Requester),
            (_, 0) => Some(Sender::Accepter),
            _ => continue,
        };
        let (code, message) = match silent {
            None => (
                FindingCode::ConnectionWithoutRecords,
                format!("{} has no record in the month", connection.id),
            ),
            Some(sender) => (
                FindingCode::SenderWithoutRecords,
                format!(
                    "{} has no record sent by its {sender}: is that side's export missing?",
                    connection.id
                ),
            ),
        };
        found.push(Finding { sender: silent, ..Finding::new(code, message).about(&connection.id) });
    }
    let without = expected_hours - covered_hours;
    if without > 0 {
        let message = format!(
            "{without} of {expected_hours} connection-hours have no record, on {touched} of {} connections",
            inventory.connections().len()
        );
        found.push(Finding::new(FindingCode::HoursWithoutRecords, message));
    }
    found
}
