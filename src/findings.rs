//! Plausibility and coverage (R16): what a reader should know. Findings never change amounts.

use crate::{
    error::Result,
    meter::{HourlyUsage, Metered},
    model::{connection::Inventory, time::Hour, usage::Sender},
};

/// What was found.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingCode {
    /// No record lies in the month.
    NoRecordsInMonth,
    /// Records were refused and quarantined.
    RecordsQuarantined,
    /// Copies of records were dropped.
    CopiesDropped,
    /// Link changes were not given at all.
    LinkChangesNotGiven,
    /// Link changes of a connection inside a region are ignored.
    LinkChangesIgnored,
    /// An assumed price was used.
    AssumedPrice,
    /// More bytes in an hour than the bandwidth could carry.
    ImplausibleVolume,
    /// A connection of the inventory has no record.
    ConnectionWithoutRecords,
    /// One end of a connection has no record.
    SenderWithoutRecords,
    /// How many connection-hours have no record.
    HoursWithoutRecords,
}

impl FindingCode {
    /// The code as it is written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRecordsInMonth => "no_records_in_month",
            Self::RecordsQuarantined => "records_quarantined",
            Self::CopiesDropped => "copies_dropped",
            Self::LinkChangesNotGiven => "link_changes_not_given",
            Self::LinkChangesIgnored => "link_changes_ignored",
            Self::AssumedPrice => "assumed_price",
            Self::ImplausibleVolume => "implausible_volume",
            Self::ConnectionWithoutRecords => "connection_without_records",
            Self::SenderWithoutRecords => "sender_without_records",
            Self::HoursWithoutRecords => "hours_without_records",
        }
    }
}

/// One finding; names connection, sender and hour, never an input (R17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub code: FindingCode,
    /// In words.
    pub message: String,
    /// The connection, as an index into the inventory.
    pub connection: Option<usize>,
    /// The end.
    pub sender: Option<Sender>,
    /// The hour.
    pub hour: Option<Hour>,
}

impl Finding {
    /// A finding about the whole input.
    pub fn new(code: FindingCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), connection: None, sender: None, hour: None }
    }
}

/// Looks at coverage and plausibility of what was metered.
pub fn findings(metered: &Metered, inventory: &Inventory) -> Result<Vec<Finding>> {
    let usage = &metered.usage;
    let mut found = Vec::new();
    let in_month = metered.totals.billed.records + metered.totals.free.records;
    if in_month == 0 {
        found.push(Finding::new(
            FindingCode::NoRecordsInMonth,
            format!(
                "no record lies in the month: {} read, {} outside the period",
                metered.totals.read.records, metered.totals.outside_period.records
            ),
        ));
    }
    if !inventory.changes_given() {
        let why = "link changes were not given: every connection is taken to have had its present link type all month";
        found.push(Finding::new(FindingCode::LinkChangesNotGiven, why));
    }
    for id in inventory.changed_within_region() {
        let why = format!("link changes of {id} are ignored: it lies inside one region");
        found.push(Finding {
            connection: inventory.index_of(id),
            ..Finding::new(FindingCode::LinkChangesIgnored, why)
        });
    }
    found.extend(implausible_hours(usage, inventory));
    found.extend(coverage(usage, inventory));
    found.sort_by_key(|finding| finding.code);
    Ok(found)
}

fn implausible_hours(usage: &HourlyUsage, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, connection) in inventory.connections().iter().enumerate() {
        // R16 speaks of traffic between regions; inside one, bandwidth is not limited.
        let Some(most) = connection.bandwidth.bytes_per_hour().filter(|_| !connection.within_region()) else {
            continue;
        };
        for sender in Sender::ALL {
            for (hour, bytes) in usage.hours(index, sender).filter(|(_, bytes)| *bytes > most) {
                let message = format!(
                    "{} sent {bytes} bytes from its {sender} in hour {hour}, more than the {most} that its bandwidth carries; \
                     check the unit of the export",
                    connection.id
                );
                found.push(Finding {
                    code: FindingCode::ImplausibleVolume,
                    message,
                    connection: Some(index),
                    sender: Some(sender),
                    hour: Some(hour),
                });
            }
        }
    }
    found
}

fn coverage(usage: &HourlyUsage, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut expected_hours, mut covered_hours, mut touched) = (0, 0, 0_u64);
    for (index, connection) in inventory.connections().iter().enumerate() {
        let hours = connection.hours_in(usage.period()).hours();
        if hours == 0 {
            continue;
        }
        expected_hours += hours;
        let [of_requester, of_accepter] = Sender::ALL.map(|sender| usage.hours(index, sender).len());
        let covered = hours_with_a_record(usage, index);
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
        found.push(Finding { code, message, connection: Some(index), sender: silent, hour: None });
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

/// Hours in which either end has a record.
fn hours_with_a_record(usage: &HourlyUsage, connection: usize) -> u64 {
    let [mut requester, mut accepter] =
        Sender::ALL.map(|sender| usage.hours(connection, sender).map(|(hour, _)| hour).peekable());
    let mut count = 0;
    loop {
        let next = match (requester.peek(), accepter.peek()) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&hour), None) | (None, Some(&hour)) => hour,
            (None, None) => return count,
        };
        count += 1;
        requester.next_if_eq(&next);
        accepter.next_if_eq(&next);
    }
}
