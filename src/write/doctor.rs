//! What was seen of inputs, for a screen and as JSON.

use super::{csv::output_error, totals};
use crate::{
    doctor::MonthSeen,
    error::Result,
    model::{
        inventory::Inventory,
        time::{Offset, Period},
        usage::Sender,
    },
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, io::Write};

/// How many ends of connections the table shows for a month.
#[cfg(feature = "cli")]
const ENDS_SHOWN: usize = 60;

/// One input, as a reader of the table knows it.
#[derive(Debug, Clone)]
pub struct InputSeen {
    /// What it was given as: `usage`, `connections`, `link-changes` ...
    pub role: String,
    /// Its name, usually the path.
    pub name: String,
    /// `plain`, `gzip` or `zstd`.
    pub stored: &'static str,
    /// How it is written.
    pub format: String,
    /// Records, rows or events.
    pub records: u64,
    /// Records of traffic that would be refused whatever the month.
    pub refused: Option<u64>,
    /// From its first hour with a record to the last one.
    pub hours: Option<Period>,
}

/// All that was seen.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The inputs.
    pub inputs: &'a [InputSeen],
    /// The connections: those that were given, or that traffic names.
    pub inventory: Option<&'a Inventory>,
    /// Whether they were given.
    pub connections_given: bool,
    /// Ids that traffic names and the inventory lacks.
    pub unknown: &'a BTreeSet<String>,
    /// The months, rising.
    pub months: &'a [MonthSeen],
    /// The offset in which months have their edges.
    pub offset: Offset,
    /// Names and values of the settings by which inputs were read.
    pub settings: &'a [(String, String)],
}

/// As JSON; numbers that matter are strings.
pub fn json(seen: &Seen<'_>, mut output: impl Write) -> Result<()> {
    let inputs = seen.inputs.iter().map(|input| {
        json!({
            "role": input.role, "name": input.name, "stored": input.stored, "format": input.format,
            "records": input.records.to_string(), "refused": input.refused.map(|count| count.to_string()),
            "first_hour": input.hours.map(|hours| hours.start.to_string()),
            "last_hour": input.hours.map(last_hour),
        })
    });
    let months = seen.months.iter().map(|month| json_month(seen, month));
    let value = json!({
        "offset": seen.offset.to_string(),
        "inputs": inputs.collect::<Vec<Value>>(),
        "connections_given": seen.connections_given,
        "inventory": seen.inventory.map(json_inventory),
        "unknown_connections": seen.unknown,
        "months": months.collect::<Vec<Value>>(),
        "settings": seen.settings.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "peerbill_version": env!("CARGO_PKG_VERSION"),
    });
    let written = serde_json::to_writer_pretty(&mut output, &value).map_err(std::io::Error::from);
    written.and_then(|()| writeln!(output)).map_err(|error| output_error(&error.to_string()))
}

fn json_inventory(inventory: &Inventory) -> Value {
    let faults: Vec<String> = inventory.faults().iter().map(super::explained).collect();
    let mut faulty: Vec<&str> = inventory.faulty().map(|(id, _)| &**id).collect();
    faulty.sort_unstable();
    json!({
        "connections": inventory.connections().len().to_string(),
        "link_changes_given": inventory.changes_given(),
        "faulty_connections": faulty,
        "faults": faults,
    })
}

fn json_month(seen: &Seen<'_>, month: &MonthSeen) -> Value {
    let id = |index: usize| seen.inventory.map(|inventory| inventory.connection(index).id.to_string());
    let ends = month.ends.iter().map(|end| {
        let gaps = end.gaps.iter().map(|gap| json!({"start": gap.start.to_string(), "end": gap.end.to_string()}));
        json!({
            "connection_id": id(end.connection), "sender": end.sender.as_str(),
            "hours": end.expected.to_string(), "hours_with_records": end.covered.to_string(),
            "first_hour": end.hours.map(|hours| hours.start.to_string()), "last_hour": end.hours.map(last_hour),
            "gaps": gaps.collect::<Vec<Value>>(),
        })
    });
    let (mut records, mut bytes) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, own_records, own_bytes) in totals(&month.totals) {
        records.insert(name.into(), own_records.into());
        bytes.insert(name.into(), own_bytes.into());
    }
    let refused =
        month.refused.iter().map(|(code, count)| (code.as_str().to_owned(), json!(count.to_string())));
    let findings = month.findings.iter().map(|finding| {
        json!({
            "code": finding.code.as_str(), "message": finding.message,
            "connection_id": finding.connection.and_then(id), "sender": finding.sender.map(Sender::as_str),
            "hour": finding.hour.map(|hour| hour.to_string()),
        })
    });
    json!({
        "month": month.month.to_string(),
        "control_totals": {"records": records, "bytes": bytes},
        "refused_by_reason": refused.collect::<serde_json::Map<_, _>>(),
        "side_without_records": month.silent.map(Sender::as_str),
        "ends": ends.collect::<Vec<Value>>(),
        "findings": findings.collect::<Vec<Value>>(),
    })
}

/// The last hour of a period that is not empty.
fn last_hour(period: Period) -> String {
    crate::model::time::Hour::from_index(period.end.index() - 1).to_string()
}

/// For a screen.
#[cfg(feature = "cli")]
pub fn table(seen: &Seen<'_>, mut output: impl Write) -> Result<()> {
    use super::table::{indented, line, plain_table};
    use crate::error::FAULTS_LISTED;
    let mut text = String::from("Inputs\n");
    let hours = |hours: Option<Period>| match hours {
        Some(hours) => [hours.start.to_string(), last_hour(hours)],
        None => Default::default(),
    };
    let rows = seen.inputs.iter().map(|input| {
        let [first, last] = hours(input.hours);
        let refused = input.refused.map_or_else(String::new, |count| count.to_string());
        let (role, name, format) = (input.role.clone(), input.name.clone(), input.format.clone());
        vec![role, name, input.stored.into(), format, input.records.to_string(), refused, first, last]
    });
    let header = ["given as", "input", "stored", "format", "records", "refused", "first hour", "last hour"];
    text.push_str(&indented(&plain_table(&header, rows, &[4, 5])));
    if let Some(inventory) = seen.inventory.filter(|_| !seen.connections_given) {
        let count = inventory.connections().len();
        let taken = match count {
            0 => "; flow logs need them to tell which one an entry took",
            _ => ", which are taken to be between regions, and to exist in all hours",
        };
        line(&mut text, &format!("\nConnections: not given; traffic names {count}{taken}"));
    } else if let Some(inventory) = seen.inventory {
        let changes = if inventory.changes_given() { "given" } else { "not given" };
        let count = inventory.connections().len();
        line(&mut text, &format!("\nConnections: {count}, link changes {changes}"));
        for fault in inventory.faults().iter().take(FAULTS_LISTED) {
            line(&mut text, &format!("  {}", crate::write::explained(fault)));
        }
        let more = inventory.faults().len().saturating_sub(FAULTS_LISTED);
        if more > 0 {
            line(&mut text, &format!("  ... and {more} more"));
        }
    }
    let unknown: Vec<&str> = seen.unknown.iter().map(String::as_str).collect();
    if !unknown.is_empty() {
        let more = unknown.len().saturating_sub(FAULTS_LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let ids = unknown[..unknown.len().min(FAULTS_LISTED)].join(", ");
        line(&mut text, &format!("  traffic names others: {ids}{more}"));
    }
    for (name, value) in seen.settings {
        line(&mut text, &format!("  setting {name}: {value}"));
    }
    if seen.months.is_empty() {
        line(&mut text, "\nNo month has a record of a known connection.");
    }
    for month in seen.months {
        text.push_str(&month_text(seen, month));
    }
    output.write_all(text.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

#[cfg(feature = "cli")]
fn month_text(seen: &Seen<'_>, month: &MonthSeen) -> String {
    use super::table::{findings, indented, line, plain_table};
    let Some(inventory) = seen.inventory else { return String::new() };
    let mut text = format!("\nMonth {} ({})\n", month.month, seen.offset);
    let rows = totals(&month.totals).map(|(name, records, bytes)| vec![name.to_owned(), records, bytes]);
    text.push_str(&indented(&plain_table(&["", "records", "bytes"], rows, &[1, 2])));
    for (code, count) in &month.refused {
        line(&mut text, &format!("  refused as {}: {count}", code.as_str()));
    }
    if let Some(sender) = month.silent {
        let own = if month.refused.is_empty() { "record" } else { "record that is not refused" };
        line(&mut text, &format!("  no {sender} has a {own}: is the export of that side missing?"));
    }
    line(&mut text, "");
    let rows = month.ends.iter().take(ENDS_SHOWN).map(|end| end_row(inventory, end));
    let header = [
        "connection",
        "sender",
        "account",
        "hours",
        "with records",
        "first hour",
        "last hour",
        "longest gap",
    ];
    text.push_str(&indented(&plain_table(&header, rows, &[3, 4])));
    let more = month.ends.len().saturating_sub(ENDS_SHOWN);
    if more > 0 {
        line(&mut text, &format!("  ... and {more} more; --format json has them all"));
    }
    findings(&mut text, &month.findings);
    text
}

#[cfg(feature = "cli")]
fn end_row(inventory: &Inventory, end: &crate::doctor::EndSeen) -> Vec<String> {
    let connection = inventory.connection(end.connection);
    let account = crate::attribution::attribute(connection, end.sender).billing_account_id;
    // Of gaps of one length the first is shown.
    let longest = end.gaps.iter().rev().max_by_key(|gap| gap.hours());
    vec![
        connection.id.to_string(),
        end.sender.to_string(),
        account.to_owned(),
        end.expected.to_string(),
        end.covered.to_string(),
        end.hours.map_or_else(String::new, |hours| hours.start.to_string()),
        end.hours.map_or_else(String::new, last_hour),
        longest.map_or_else(String::new, |gap| format!("{} hours from {}", gap.hours(), gap.start)),
    ]
}
