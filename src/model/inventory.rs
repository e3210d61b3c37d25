//! The inventory: connections by id, each with the history of its link type.

use crate::{
    error::Fault,
    model::{connection::Connection, link::LinkHistory, remark::Remark},
};
use std::{collections::HashMap, sync::Arc};

/// Connections by id, with the history of their link types.
///
/// Sorted by id, so that an index into it orders reports.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    connections: Vec<Connection>,
    histories: Vec<LinkHistory>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    changes_given: bool,
    changed_within_region: Vec<Arc<str>>,
    remarks: Vec<Remark>,
    set_aside: Vec<Connection>,
}

impl Inventory {
    /// From connections sorted by their distinct ids, each with its history, and what was wrong with other rows.
    pub(crate) fn assemble(
        connections: Vec<Connection>,
        histories: Vec<LinkHistory>,
        faulty: HashMap<Arc<str>, Fault>,
        faults: Vec<Fault>,
        changes_given: bool,
        changed_within_region: Vec<Arc<str>>,
    ) -> Self {
        debug_assert!(connections.is_sorted_by_key(|connection| &connection.id));
        Self {
            connections,
            histories,
            faulty,
            faults,
            changes_given,
            changed_within_region,
            remarks: Vec::new(),
            set_aside: Vec::new(),
        }
    }

    /// With what else a reader should know, in an order of its own (R17).
    #[must_use]
    pub(crate) fn with_remarks(mut self, mut remarks: Vec<Remark>) -> Self {
        remarks.sort_unstable();
        remarks.dedup();
        self.remarks = remarks;
        self
    }

    /// With what could be read of faulty connections, in an order of its own (R17).
    #[must_use]
    pub(crate) fn with_set_aside(mut self, mut set_aside: Vec<Connection>) -> Self {
        set_aside.sort_by(|a, b| a.id.cmp(&b.id));
        self.set_aside = set_aside;
        self
    }

    /// Connections of distinct ids that have had their own link type all along: planned ones, of which no export tells.
    pub fn planned(mut connections: Vec<Connection>) -> Self {
        connections.sort_by(|a, b| a.id.cmp(&b.id));
        let histories = connections.iter().map(|connection| LinkHistory::constant(connection.link_type));
        let histories = histories.collect();
        Self::assemble(connections, histories, HashMap::new(), Vec::new(), true, Vec::new())
    }

    /// The same connections with other histories of their link types: what if?
    #[must_use]
    pub fn with_histories(&self, history: impl Fn(usize) -> LinkHistory) -> Self {
        let histories = (0..self.connections.len()).map(history).collect();
        Self { histories, ..self.clone() }
    }

    /// All connections without a fault, sorted by id.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The connection at `index`.
    pub fn connection(&self, index: usize) -> &Connection {
        &self.connections[index]
    }

    /// The history of the link type of the connection at `index`.
    pub fn history(&self, index: usize) -> &LinkHistory {
        &self.histories[index]
    }

    /// The index of the connection with this id.
    pub fn index_of(&self, connection_id: &str) -> Option<usize> {
        self.connections.binary_search_by(|connection| (*connection.id).cmp(connection_id)).ok()
    }

    /// Why the traffic of this connection cannot be billed, where its own row or its changes are bad.
    pub fn fault_of(&self, connection_id: &str) -> Option<&Fault> {
        self.faulty.get(connection_id)
    }

    /// The connections whose own row or changes are bad, with the cause.
    pub fn faulty(&self) -> impl Iterator<Item = (&Arc<str>, &Fault)> {
        self.faulty.iter()
    }

    /// What could be read of faulty connections: by their VPCs and address blocks flow logs are joined to them. Other
    /// values may be empty, and one connection may stand here several times.
    pub(crate) fn set_aside(&self) -> &[Connection] {
        &self.set_aside
    }

    /// Everything that is wrong with connections and link changes, in the order of the inputs.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether link changes were given at all (R16).
    pub fn changes_given(&self) -> bool {
        self.changes_given
    }

    /// Connections inside a region for which link changes were given; they are ignored (R8).
    pub fn changed_within_region(&self) -> &[Arc<str>] {
        &self.changed_within_region
    }

    /// What else a reader should know.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}
