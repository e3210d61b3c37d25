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

/// What was seen of inputs, as a page.
#[cfg(feature = "cli")]
mod page {
    use super::{Diagnosis, InputSummary, last_hour};
    use crate::{
        attribution::attribute,
        doctor::{EndCoverage, MonthSummary},
        error::FAULTS_LISTED,
        model::{
            inventory::Inventory,
            time::{Hour, Period},
        },
        write::{
            Lang, explained,
            lang::{DoctorTexts, fill},
            page::{Block, Page, Section},
            report::{FINDINGS_SHOWN, findings, totals_table},
            totals,
        },
    };

    /// How many ends of connections a screen has room for, of a month.
    const ENDS_SHOWN: usize = 60;

    /// The page of a diagnosis.
    pub(in crate::write) fn page_of(diagnosis: &Diagnosis<'_>, lang: Lang) -> Page {
        let all = lang.texts();
        let texts = &all.doctor;
        let mut sections = vec![inputs(diagnosis.inputs, lang)];
        let given = diagnosis.connections_given;
        sections.extend(diagnosis.inventory.map(|inventory| connections(inventory, given, texts)));
        let settings = diagnosis
            .settings
            .iter()
            .map(|(name, value)| fill(&texts.setting, &[("name", name), ("value", all.word(value))]));
        let unknown = unknown(diagnosis, lang).into_iter();
        let more = Block::Items(unknown.chain(settings).collect());
        sections.last_mut().into_iter().for_each(|last| last.blocks.push(more.clone()));
        if diagnosis.months.is_empty() {
            sections.push(Section::new(&texts.no_month, []));
        }
        for (month, inventory) in
            diagnosis.months.iter().filter_map(|month| Some((month, diagnosis.inventory?)))
        {
            sections.push(month_totals(diagnosis, month, lang));
            sections.push(ends(diagnosis, inventory, month, lang));
            sections.push(findings(&month.findings, FINDINGS_SHOWN, lang));
        }
        Page { sections, lang, ..Page::default() }
    }

    /// The first hour and the last one; empty where there is none.
    fn edges(hours: Option<Period>) -> [String; 2] {
        hours.map_or_else(Default::default, |hours| [hours.start.to_string(), last_hour(hours)])
    }

    fn inputs(inputs: &[InputSummary], lang: Lang) -> Section {
        let all = lang.texts();
        let texts = &all.doctor;
        let rows = inputs.iter().map(|input| {
            let [first, last] = edges(input.hours);
            let refused = input.refused.map_or_else(String::new, |count| count.to_string());
            let (stored, format) = (all.word(input.stored).to_owned(), all.word(&input.format).to_owned());
            let (role, name) = (input.role.clone(), input.name.clone());
            vec![role, name, stored, format, input.records.to_string(), refused, first, last]
        });
        let header = [
            &texts.given_as,
            &texts.input,
            &texts.stored,
            &texts.format,
            &texts.records,
            &texts.refused,
            &texts.first_hour,
            &texts.last_hour,
        ];
        Section::new(&texts.inputs, [Block::table(&header, rows.collect(), &[4, 5])])
    }

    fn connections(inventory: &Inventory, given: bool, texts: &DoctorTexts) -> Section {
        let count = inventory.connections().len();
        let title = match (given, count) {
            (false, 0) => &texts.connections_none,
            (false, _) => &texts.connections_named,
            (true, _) if inventory.changes_given() => &texts.connections_with_changes,
            (true, _) => &texts.connections,
        };
        let title = fill(title, &[("count", &count.to_string())]);
        let faults = if given { inventory.faults() } else { &[] };
        let more = faults.len().saturating_sub(FAULTS_LISTED);
        let more = (more > 0).then(|| fill(&texts.more, &[("count", &more.to_string())]));
        let faults: Vec<String> = faults.iter().take(FAULTS_LISTED).map(explained).chain(more).collect();
        let items = given.then_some(Block::Items(faults));
        Section::new(title, items.into_iter().collect::<Vec<_>>())
    }

    /// The ids that traffic names and the inventory lacks.
    fn unknown(diagnosis: &Diagnosis<'_>, lang: Lang) -> Option<String> {
        let all = lang.texts();
        let unknown: Vec<&str> = diagnosis.unknown.iter().map(String::as_str).collect();
        let ids = unknown[..unknown.len().min(FAULTS_LISTED)].join(&all.report.comma);
        let more = unknown.len().saturating_sub(FAULTS_LISTED).to_string();
        let text = if more == "0" { &all.doctor.unknown } else { &all.doctor.unknown_and_more };
        (!unknown.is_empty()).then(|| fill(text, &[("ids", &ids), ("count", &more)]))
    }

    fn month_totals(diagnosis: &Diagnosis<'_>, month: &MonthSummary, lang: Lang) -> Section {
        let all = lang.texts();
        let texts = &all.doctor;
        let refused = month.refused.iter().map(|(code, count)| {
            fill(&texts.refused_as, &[("code", code.as_str()), ("count", &count.to_string())])
        });
        let silent = month.silent.map(|sender| {
            let text = if month.refused.is_empty() { &texts.silent } else { &texts.silent_or_refused };
            fill(text, &[("sender", all.word(sender.as_str()))])
        });
        let items = Block::Items(refused.chain(silent).collect());
        let values = [("month", &*month.month.to_string()), ("offset", &diagnosis.offset.to_string())];
        Section::new(fill(&texts.month, &values), [totals_table(totals(&month.totals), lang), items])
    }

    fn ends(diagnosis: &Diagnosis<'_>, inventory: &Inventory, month: &MonthSummary, lang: Lang) -> Section {
        let texts = &lang.texts().doctor;
        let label = |id: &str| match diagnosis.accounts.and_then(|all| all.get(id)?.name()) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_owned(),
        };
        let rows = month.ends.iter().take(ENDS_SHOWN).map(|end| end_row(inventory, end, label, lang));
        let header = [
            &texts.connection,
            &texts.sender,
            &texts.account,
            &texts.hours,
            &texts.with_records,
            &texts.first_hour,
            &texts.last_hour,
            &texts.longest_gap,
        ];
        let mut ends = Section::untitled([Block::table(&header, rows.collect(), &[3, 4])]);
        let more = month.ends.len().saturating_sub(ENDS_SHOWN);
        if more > 0 {
            ends.blocks.push(Block::item(fill(&texts.more_ends, &[("count", &more.to_string())])));
        }
        ends
    }

    fn end_row(
        inventory: &Inventory,
        end: &EndCoverage,
        label: impl Fn(&str) -> String,
        lang: Lang,
    ) -> Vec<String> {
        let all = lang.texts();
        let connection = inventory.connection(end.connection);
        let account = attribute(connection, end.sender).billing_account_id;
        let [first, last] = edges(end.hours);
        // Of gaps of one length the first is shown.
        let longest = end.gaps.iter().rev().max_by_key(|gap| gap.hours());
        let gap = |hours: u64, start: Hour| {
            fill(&all.doctor.gap, &[("hours", &hours.to_string()), ("start", &start.to_string())])
        };
        vec![
            connection.id.to_string(),
            all.word(end.sender.as_str()).to_owned(),
            label(account),
            end.expected.to_string(),
            end.covered.to_string(),
            first,
            last,
            longest.map_or_else(String::new, |longest| gap(longest.hours(), longest.start)),
        ]
    }
}
