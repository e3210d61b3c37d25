//! What documents of link changes hold, before it is put together with the connections.

use super::trail::Trail;
use crate::{error::Fault, model::link::TypeChange, read::place::Place};
use std::{collections::BTreeMap, sync::Arc};

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
