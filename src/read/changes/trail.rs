//! All that was read of trails: each event once, by connection, and what was passed over.

use super::event::{Call, Event, ReadEvent, Record, Skip};
use crate::{
    error::{Fault, FaultCode},
    model::{
        finding::{Finding, FindingCode},
        link::TypeChange,
        said::Said,
    },
    read::place::Place,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// How many connections a finding names.
const NAMED: usize = 5;

/// Events by connection, in time order.
pub(in crate::read) type ByConnection = BTreeMap<Arc<str>, Vec<Event>>;

/// The events of all trails, in the order in which they were read.
#[derive(Default)]
pub(in crate::read) struct Trail {
    events: Vec<Event>,
    /// Events that cannot be read or contradict each other, each with its connection.
    refused: Vec<(Arc<str>, Fault)>,
    skipped: BTreeMap<Skip, u64>,
    documents: u64,
    pages: u64,
    last_pages: u64,
}

impl Trail {
    /// Takes an event; returns what is wrong with it where its connection is not known.
    pub fn take(&mut self, read: ReadEvent) -> Option<Fault> {
        match read {
            ReadEvent::Event(event) => self.events.push(*event),
            ReadEvent::Skipped(skip) => self.skip(skip),
            ReadEvent::Refused(Some(id), fault) => self.refused.push((id, fault)),
            ReadEvent::Refused(None, fault) => return Some(fault),
        }
        None
    }

    fn skip(&mut self, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
    }

    /// Notes that events are looked for in a document.
    pub fn note_document(&mut self) {
        self.documents += 1;
    }

    /// Notes a page of `LookupEvents`, and whether another follows it.
    pub fn note_page(&mut self, goes_on: bool) {
        self.pages += 1;
        self.last_pages += u64::from(!goes_on);
    }

    /// Sorts the events out: each once, by connection, and those that are refused.
    pub fn sort_out(&mut self) -> (ByConnection, Vec<(Arc<str>, Fault)>) {
        let mut events = std::mem::take(&mut self.events);
        // By connection and time, whatever the order of the inputs (R17).
        events.sort_by_cached_key(Event::record);
        let mut seen: HashMap<String, (Record, Place)> = HashMap::new();
        let mut by_connection = ByConnection::new();
        for event in events {
            // An event may be delivered twice, and to both accounts.
            let id = event.event_id.as_ref().map(|id| format!("event {id}"));
            let request = event.request_id.as_ref().map(|id| format!("request {id}"));
            let names: Vec<String> = id.into_iter().chain(request).collect();
            let first = names.iter().find_map(|name| seen.get(name).map(|first| (name, first)));
            match first {
                Some((_, (record, _))) if *record == event.record() => self.skip(Skip::Repeated),
                Some((name, (record, place))) => {
                    let why = format!("{name} stands here and at {place}, where it is described differently");
                    let fault = event.place.fault(FaultCode::BrokenChain, why);
                    self.refused.extend(
                        [&record.connection_id, &event.connection_id].map(|id| (id.clone(), fault.clone())),
                    );
                }
                None => {
                    seen.extend(names.into_iter().map(|name| (name, (event.record(), event.place.clone()))));
                    by_connection.entry(event.connection_id.clone()).or_default().push(event);
                }
            }
        }
        (by_connection, std::mem::take(&mut self.refused))
    }

    /// What a reader should know of the trail: `used` are its events by call.
    pub fn findings(&self, used: &BTreeMap<Call, u64>, elsewhere: &BTreeMap<Arc<str>, u64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let told = used.iter().map(|(call, &count)| call.said(count));
        let passed_over = self.skipped.iter().map(|(skip, &count)| skip.said(count));
        let told: Vec<Said> = told.chain(passed_over).collect();
        if told.is_empty() && elsewhere.is_empty() && self.documents > 0 {
            findings.push(Finding::of(FindingCode::TrailRead, Said::TrailWithoutEvents {}));
        }
        if !told.is_empty() {
            findings.push(Finding::of(FindingCode::TrailRead, Said::TrailRead { events: told }));
        }
        if self.pages > 0 && self.last_pages == 0 {
            findings.push(Finding::of(FindingCode::TrailIncomplete, Said::TrailIncomplete {}));
        }
        let (events, connections) = (elsewhere.values().sum::<u64>(), elsewhere.len());
        if events > 0 {
            let named: Vec<&str> = elsewhere.keys().take(NAMED).map(|id| &**id).collect();
            let more = if connections > NAMED { ", ..." } else { "" };
            let named = format!("{}{more}", named.join(", "));
            let said = Said::TrailElsewhere { events, connections, named };
            findings.push(Finding::of(FindingCode::TrailElsewhere, said));
        }
        findings
    }
}

/// A link change, and where it stands.
#[derive(Debug)]
pub(in crate::read) struct PlacedChange {
    pub change: TypeChange,
    pub place: Place,
}

/// All that the documents of link changes hold.
#[derive(Default)]
pub(in crate::read) struct FoundChanges {
    /// Rows of tables by connection id, each connection's in the order of the documents.
    pub rows: BTreeMap<Arc<str>, Vec<PlacedChange>>,
    /// Rows that cannot be read, each with its connection id, in the order of the documents.
    pub refused: Vec<(String, Fault)>,
    /// The events of trails.
    pub trail: Trail,
}

impl FoundChanges {
    /// Takes a row of a table.
    pub fn add(&mut self, connection_id: &str, row: PlacedChange) {
        match self.rows.get_mut(connection_id) {
            Some(rows) => rows.push(row),
            None => drop(self.rows.insert(connection_id.into(), vec![row])),
        }
    }
}
