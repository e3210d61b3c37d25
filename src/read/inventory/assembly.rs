//! What all inputs hold, put together: one row and one history of link types per connection.

use super::merge::merge;
use crate::{
    error::{Error, Fault, FaultCode, Result},
    model::{
        connection::{Connection, End},
        did_you_mean,
        finding::Finding,
        invalid::Invalid,
        inventory::{Inventory, explain_chain, history_of},
        link::{LinkHistory, LinkType, TypeChange},
        remedy::Remedy,
    },
    read::{
        changes::PlacedChange,
        connections::{ConnectionRow, Found, RefusedRow},
        inventory::settings::LinkTypesBefore,
        place::Place,
    },
};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
};

/// Connections and link changes, until they are an inventory.
#[derive(Default)]
pub(super) struct Assembly {
    rows: Vec<ConnectionRow>,
    /// By connection id: the index of its row.
    row_of: HashMap<Arc<str>, usize>,
    changes: BTreeMap<Arc<str>, Vec<PlacedChange>>,
    /// By connection id: the cause under which its traffic is refused.
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    findings: Vec<Finding>,
    set_aside: Vec<Connection>,
}

impl Assembly {
    /// Takes what a document of connections holds.
    pub fn take(&mut self, found: Found) {
        match found {
            Found::Row(row) => self.add(row),
            Found::Refused(RefusedRow { connection_id, fault, ends }) => {
                self.refuse(&connection_id, fault);
                if let Some(ends) = ends {
                    self.set_aside(&connection_id, ends);
                }
            }
            Found::Finding(finding) => self.finding(finding),
        }
    }

    /// Takes the rows of tables of link changes, and those that cannot be read.
    pub fn take_changes(
        &mut self,
        rows: BTreeMap<Arc<str>, Vec<PlacedChange>>,
        refused: Vec<(String, Fault)>,
    ) {
        self.changes = rows;
        for (connection_id, fault) in refused {
            self.refuse(&connection_id, fault);
        }
    }

    /// Notes a fault; the first one of a connection is the cause under which its traffic is refused (R15).
    pub fn refuse(&mut self, connection_id: &str, fault: Fault) {
        if !connection_id.is_empty() {
            self.faulty.entry(connection_id.into()).or_insert_with(|| fault.clone());
        }
        self.faults.push(fault);
    }

    /// Keeps what could be read of a connection whose row is bad, so that an entry of a flow log that went through
    /// it is refused under that one cause (R15).
    fn set_aside(&mut self, id: &str, [requester, accepter]: [End; 2]) {
        if !id.is_empty() && (requester.vpc_id.is_some() || accepter.vpc_id.is_some()) {
            self.set_aside.push(Connection::new(id, requester, accepter, LinkType::Gold));
        }
    }

    /// Notes what a reader of reports should know.
    pub fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Takes a connection.
    pub fn add(&mut self, row: ConnectionRow) {
        let id = row.connection.id.clone();
        let first = match self.row_of.entry(id.clone()) {
            Entry::Vacant(index) => {
                index.insert(self.rows.len());
                return self.rows.push(row);
            }
            Entry::Occupied(index) => &mut self.rows[*index.get()],
        };
        let (code, place) = (FaultCode::FaultyConnection, &first.place);
        if !row.may_repeat || !first.may_repeat {
            let why = format!("connection {id} stands here a second time; first at {place}");
            self.refuse(&id, row.place.fault(code, why));
            return self.set_aside.push(row.connection);
        }
        let differences = merge(&mut first.connection, &row.connection);
        if !differences.is_empty() {
            let why =
                format!("connection {id} is described differently at {place}: {}", differences.join("; "));
            self.refuse(&id, row.place.fault(code, why));
            self.set_aside.push(row.connection);
        }
    }

    /// Whether a row describes the connection, also a bad one.
    pub fn knows(&self, connection_id: &str) -> bool {
        self.row_of.contains_key(connection_id) || self.faulty.contains_key(connection_id)
    }

    /// The row of a connection, to be completed.
    pub fn row_mut(&mut self, connection_id: &str) -> Option<&mut ConnectionRow> {
        self.row_of.get(connection_id).map(|&index| &mut self.rows[index])
    }

    /// Where the first change of a connection stands.
    pub fn first_change(&self, connection_id: &str) -> Option<&Place> {
        self.changes.get(connection_id)?.first().map(|row| &row.place)
    }

    /// Takes the changes of a connection that has none yet.
    pub fn set_changes(&mut self, connection_id: Arc<str>, changes: Vec<PlacedChange>) {
        self.changes.insert(connection_id, changes);
    }

    /// A statement about a connection that is not there is most likely a typing error.
    pub fn check_statements(&self, stated: &LinkTypesBefore) -> Result<()> {
        let unknown = stated.of.keys().find(|id| !self.knows(id));
        unknown.map_or(Ok(()), |id| {
            let near = did_you_mean(id, self.row_of.keys().map(|known| &**known));
            let why = format!("{id}: no connection of the inventory has this id{near}");
            Err(Error::setting(LinkTypesBefore::SETTING, why))
        })
    }

    /// The inventory.
    pub fn finish(mut self, changes_given: bool) -> Inventory {
        self.refuse_changes_of_unknown_connections();
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|a, b| a.connection.id.cmp(&b.connection.id));
        self.row_of = HashMap::new();
        let changes = std::mem::take(&mut self.changes);
        let mut histories = Vec::with_capacity(rows.len());
        let mut changed_within_region = Vec::new();
        // Both are sorted by id.
        let mut rest = changes.iter().peekable();
        // Connections stay where they are in memory: there may be a million.
        let connections = rows.into_iter().filter_map(|ConnectionRow { connection, place, .. }| {
            while rest.next_if(|(id, _)| **id < connection.id).is_some() {}
            let changes = rest.next_if(|(id, _)| **id == connection.id).map_or(&[][..], |(_, list)| list);
            // R8: a link type exists only between regions.
            if connection.within_region() && !changes.is_empty() {
                changed_within_region.push(connection.id.clone());
            }
            let Some(history) = self.history(&connection, &place, changes) else {
                self.set_aside.push(connection);
                return None;
            };
            histories.push(history);
            Some(connection)
        });
        let mut connections: Vec<Connection> = connections.collect();
        connections.shrink_to_fit();
        let inventory = Inventory::assemble(
            connections,
            histories,
            self.faulty,
            self.faults,
            changes_given,
            changed_within_region,
        );
        inventory.with_findings(self.findings).with_set_aside(self.set_aside)
    }

    fn refuse_changes_of_unknown_connections(&mut self) {
        for (id, changes) in &self.changes {
            if !self.knows(id) {
                let why = Invalid::new(format!("connection {id} is not in the inventory"));
                let why = why.with(Remedy::AddConnection);
                let code = FaultCode::UnknownConnection;
                self.faults.extend(changes.iter().map(|row| row.place.fault(code, why.clone())));
            }
        }
    }

    /// The history of a connection, whose row stands at `place`; `None` where its row or its changes are bad.
    fn history(
        &mut self,
        connection: &Connection,
        place: &Place,
        changes: &[PlacedChange],
    ) -> Option<LinkHistory> {
        if self.faulty.contains_key(&connection.id) {
            // Refused for an unreadable row, it is not to be refused for a broken chain as well.
            return None;
        }
        let type_changes: Vec<TypeChange> = changes.iter().map(|row| row.change).collect();
        match history_of(connection, &type_changes) {
            Ok(history) => Some(history),
            Err(broken) => {
                let (index, why) = explain_chain(broken, connection, &type_changes, &format!(" ({place})"));
                self.refuse(&connection.id, changes[index].place.fault(FaultCode::BrokenChain, why));
                None
            }
        }
    }
}
