//! What was seen of inputs, as a page.

use super::{Diagnosis, InputSummary, last_hour};
use crate::{
    attribution::attribute,
    doctor::{EndCoverage, MonthSummary},
    error::FAULTS_LISTED,
    model::{inventory::Inventory, time::Period},
    write::{
        Lang, explained,
        page::{Block, Page, Section},
        report::{findings, totals_table},
        totals,
    },
};

/// How many ends of connections a screen has room for, of a month.
const ENDS_SHOWN: usize = 60;

/// The page of a diagnosis.
pub(in crate::write) fn page_of(diagnosis: &Diagnosis<'_>) -> Page {
    let mut sections = vec![inputs(diagnosis.inputs)];
    sections.extend(diagnosis.inventory.map(|inventory| connections(inventory, diagnosis.connections_given)));
    let unknown = unknown(diagnosis).into_iter();
    let settings = diagnosis.settings.iter().map(|(name, value)| format!("setting {name}: {value}"));
    let more = Block::Items(unknown.chain(settings).collect());
    sections.last_mut().into_iter().for_each(|last| last.blocks.push(more.clone()));
    if diagnosis.months.is_empty() {
        sections.push(Section::new("No month has a record of a known connection.", []));
    }
    for (month, inventory) in diagnosis.months.iter().filter_map(|month| Some((month, diagnosis.inventory?)))
    {
        sections.push(month_totals(diagnosis, month));
        sections.push(ends(diagnosis, inventory, month));
        sections.push(findings(&month.findings, Lang::En));
    }
    Page { sections, ..Page::default() }
}

fn inputs(inputs: &[InputSummary]) -> Section {
    let hours = |hours: Option<Period>| match hours {
        Some(hours) => [hours.start.to_string(), last_hour(hours)],
        None => Default::default(),
    };
    let rows = inputs.iter().map(|input| {
        let [first, last] = hours(input.hours);
        let refused = input.refused.map_or_else(String::new, |count| count.to_string());
        let (role, name, format) = (input.role.clone(), input.name.clone(), input.format.clone());
        vec![role, name, input.stored.into(), format, input.records.to_string(), refused, first, last]
    });
    let header = ["given as", "input", "stored", "format", "records", "refused", "first hour", "last hour"];
    Section::new("Inputs", [Block::table(&header, rows.collect(), &[4, 5])])
}

fn connections(inventory: &Inventory, given: bool) -> Section {
    let count = inventory.connections().len();
    if !given {
        let taken = match count {
            0 => "; flow logs need them to tell which one an entry took",
            _ => ", which are taken to be between regions, and to exist in all hours",
        };
        return Section::new(format!("Connections: not given; traffic names {count}{taken}"), []);
    }
    let changes = if inventory.changes_given() { "given" } else { "not given" };
    let faults = inventory.faults();
    let more = faults.len().saturating_sub(FAULTS_LISTED);
    let more = (more > 0).then(|| format!("... and {more} more"));
    let faults = faults.iter().take(FAULTS_LISTED).map(explained).chain(more);
    let title = format!("Connections: {count}, link changes {changes}");
    Section::new(title, [Block::Items(faults.collect())])
}

/// The ids that traffic names and the inventory lacks.
fn unknown(diagnosis: &Diagnosis<'_>) -> Option<String> {
    let unknown: Vec<&str> = diagnosis.unknown.iter().map(String::as_str).collect();
    let more = unknown.len().saturating_sub(FAULTS_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let ids = unknown[..unknown.len().min(FAULTS_LISTED)].join(", ");
    (!unknown.is_empty()).then(|| format!("traffic names others: {ids}{more}"))
}

fn month_totals(diagnosis: &Diagnosis<'_>, month: &MonthSummary) -> Section {
    let refused = month.refused.iter().map(|(code, count)| format!("refused as {}: {count}", code.as_str()));
    let silent = month.silent.map(|sender| {
        let what = if month.refused.is_empty() { "record" } else { "record that is not refused" };
        format!("no {sender} has a {what}: is the export of that side missing?")
    });
    let items = Block::Items(refused.chain(silent).collect());
    let title = format!("Month {} ({})", month.month, diagnosis.offset);
    Section::new(title, [totals_table(totals(&month.totals), Lang::En), items])
}

fn ends(diagnosis: &Diagnosis<'_>, inventory: &Inventory, month: &MonthSummary) -> Section {
    let label = |id: &str| match diagnosis.accounts.and_then(|all| all.get(id)?.name()) {
        Some(name) => format!("{id} ({name})"),
        None => id.to_owned(),
    };
    let rows = month.ends.iter().take(ENDS_SHOWN).map(|end| end_row(inventory, end, label));
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
    let mut ends = Section::untitled([Block::table(&header, rows.collect(), &[3, 4])]);
    let more = month.ends.len().saturating_sub(ENDS_SHOWN);
    if more > 0 {
        ends.blocks.push(Block::item(format!("... and {more} more; --format json has them all")));
    }
    ends
}

fn end_row(inventory: &Inventory, end: &EndCoverage, label: impl Fn(&str) -> String) -> Vec<String> {
    let connection = inventory.connection(end.connection);
    let account = attribute(connection, end.sender).billing_account_id;
    // Of gaps of one length the first is shown.
    let longest = end.gaps.iter().rev().max_by_key(|gap| gap.hours());
    vec![
        connection.id.to_string(),
        end.sender.to_string(),
        label(account),
        end.expected.to_string(),
        end.covered.to_string(),
        end.hours.map_or_else(String::new, |hours| hours.start.to_string()),
        end.hours.map_or_else(String::new, last_hour),
        longest.map_or_else(String::new, |gap| format!("{} hours from {}", gap.hours(), gap.start)),
    ]
}
