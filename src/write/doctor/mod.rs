//! What the doctor says of inputs, for a screen and as JSON.

use crate::{
    doctor::MonthSummary,
    error::Result,
    model::{
        accounts::Accounts,
        inventory::Inventory,
        time::{Hour, Offset, Period},
        usage::Sender,
    },
    write::{explained, finding_words, json::write_document, totals},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, io::Write};

#[cfg(feature = "cli")]
mod page;

#[cfg(feature = "cli")]
pub(super) use page::page_of;

/// One input, as a reader of the table knows it.
#[derive(Debug, Clone)]
pub struct InputSummary {
    /// What it was given as: `usage`, `connections`, `link-changes` ...
    pub role: String,
    /// Its name, usually the path.
    pub name: String,
    /// `plain`, `gzip` or `zstd`.
    pub stored: &'static str,
    /// How it is written.
    pub format: String,
    /// How many records, rows or events it has.
    pub records: u64,
    /// Records of traffic that would be refused whatever the month.
    pub refused: Option<u64>,
    /// From its first hour with a record up to the last one, in UTC; of traffic alone.
    pub hours: Option<Period>,
}

/// What the doctor says of all inputs.
#[derive(Debug)]
pub struct Diagnosis<'a> {
    /// The inputs.
    pub inputs: &'a [InputSummary],
    /// The connections: those that were given, or that traffic names.
    pub inventory: Option<&'a Inventory>,
    /// Whether they were given.
    pub connections_given: bool,
    /// Ids that traffic names and the inventory lacks.
    pub unknown: &'a BTreeSet<String>,
    /// The months, rising.
    pub months: &'a [MonthSummary],
    /// The offset in which months have their edges (R12).
    pub offset: Offset,
    /// Names and values of the settings by which inputs were read.
    pub settings: &'a [(String, String)],
    /// Names of accounts, where they are given.
    pub accounts: Option<&'a Accounts>,
}

/// The last hour of a period that is not empty.
fn last_hour(period: Period) -> String {
    Hour::from_index(period.end.index() - 1).to_string()
}

/// Writes it as JSON; numbers that matter are strings.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn json(diagnosis: &Diagnosis<'_>, output: impl Write) -> Result<()> {
    let inputs = diagnosis.inputs.iter().map(|input| {
        json!({
            "role": input.role, "name": input.name, "stored": input.stored, "format": input.format,
            "records": input.records.to_string(), "refused": input.refused.map(|count| count.to_string()),
            "first_hour": input.hours.map(|hours| hours.start.to_string()),
            "last_hour": input.hours.map(last_hour),
        })
    });
    let months = diagnosis.months.iter().map(|month| json_month(diagnosis, month));
    let value = json!({
        "offset": diagnosis.offset.to_string(),
        "inputs": inputs.collect::<Vec<Value>>(),
        "connections_given": diagnosis.connections_given,
        "inventory": diagnosis.inventory.map(json_inventory),
        "unknown_connections": diagnosis.unknown,
        "months": months.collect::<Vec<Value>>(),
        "settings": diagnosis.settings.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "peerbill_version": env!("CARGO_PKG_VERSION"),
    });
    write_document(&value, output)
}

fn json_inventory(inventory: &Inventory) -> Value {
    let faults: Vec<String> = inventory.faults().iter().map(explained).collect();
    let mut faulty: Vec<&str> = inventory.faulty().map(|(id, _)| &**id).collect();
    faulty.sort_unstable();
    json!({
        "connections": inventory.connections().len().to_string(),
        "link_changes_given": inventory.changes_given(),
        "faulty_connections": faulty,
        "faults": faults,
    })
}

fn json_month(diagnosis: &Diagnosis<'_>, month: &MonthSummary) -> Value {
    let id = |index: usize| diagnosis.inventory.map(|inventory| inventory.connection(index).id.to_string());
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
            "code": finding.code.as_str(), "message": finding_words(finding),
            "connection_id": finding.connection_id.as_deref(), "sender": finding.sender.map(Sender::as_str),
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
