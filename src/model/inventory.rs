//! The inventory: connections by id, each with the history of its link type.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::Connection,
        finding::Finding,
        link::{BrokenChain, LinkChange, LinkHistory, LinkType, TypeChange},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Connections by id, with the history of their link types.
///
/// Sorted by id, so that an index into it orders reports. It comes from the text of exports and tables
/// ([`read_inventory`](crate::read::read_inventory)), or from typed values ([`Inventory::new`]).
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Shared with the same inventory under other histories.
    connections: Arc<Vec<Connection>>,
    histories: Arc<Vec<LinkHistory>>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    changes_given: bool,
    changed_within_region: Vec<Arc<str>>,
    findings: Vec<Finding>,
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
            connections: Arc::new(connections),
            histories: Arc::new(histories),
            faulty,
            faults,
            changes_given,
            changed_within_region,
            findings: Vec::new(),
            set_aside: Vec::new(),
        }
    }

    /// With what else a reader should know, sorted, whatever the order of the inputs (R17).
    #[must_use]
    pub(crate) fn with_findings(mut self, mut findings: Vec<Finding>) -> Self {
        findings
            .sort_by(|a, b| (a.code, &a.connection_id, &a.said).cmp(&(b.code, &b.connection_id, &b.said)));
        findings.dedup();
        self.findings = findings;
        self
    }

    /// With what could be read of faulty connections, sorted, whatever the order of the inputs (R17).
    #[must_use]
    pub(crate) fn with_set_aside(mut self, mut set_aside: Vec<Connection>) -> Self {
        set_aside.sort_by(|a, b| a.id.cmp(&b.id));
        self.set_aside = set_aside;
        self
    }

    /// From connections in any order, and all changes of their link types, likewise: none means that nothing changed.
    ///
    /// Regions are not looked up: a catalog that lacks one has no price for it, which is found when it is needed (R5).
    /// Inside a region a link type means nothing: it becomes Gold, and its changes are ignored (R8).
    ///
    /// ```
    /// use peerbill::model::{
    ///     connection::{Connection, End},
    ///     inventory::Inventory,
    ///     link::{LinkChange, LinkType::{Gold, Platinum}},
    ///     time::Timestamp,
    /// };
    ///
    /// let requester = End::new("1000000000000001", "cn-huhehaote");
    /// let accepter = End::new("1000000000000002", "cn-guangzhou");
    /// let connection = Connection::new("pcc-1", requester, accepter, Platinum);
    /// let changed_at = Timestamp::parse("2026-10-05T03:30:00Z")?;
    /// let change = LinkChange { connection_id: "pcc-1".into(), changed_at, from: Gold, to: Platinum };
    /// let inventory = Inventory::new(vec![connection], vec![change])?;
    /// // The whole hour of a change is billed at the higher type.
    /// assert_eq!(inventory.history(0).levels(changed_at.hour()).highest, Platinum);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that the reader of tables refuses too, all of it in one [`ErrorKind::Input`] error: an id, account
    /// or region that is empty or has spaces around it, an id that stands twice, a deletion before the creation, a
    /// change of a connection that is not there, and changes that form no chain: each starts from the type at which
    /// the one before it ends, and the last one ends at the connection's type. Changes of one instant are ordered by
    /// that chain (R7).
    pub fn new(mut connections: Vec<Connection>, changes: Vec<LinkChange>) -> Result<Self> {
        connections.sort_by(|a, b| a.id.cmp(&b.id));
        let mut faults = faults_of_rows(&connections);
        let faulty: BTreeSet<Arc<str>> = faults.iter().map(|(id, _)| id.clone()).collect();
        let mut by_connection: BTreeMap<Arc<str>, Vec<TypeChange>> = BTreeMap::new();
        for LinkChange { connection_id, changed_at, from, to } in changes {
            by_connection.entry(connection_id).or_default().push(TypeChange { at: changed_at, from, to });
        }
        let (mut histories, mut changed_within_region) = (Vec::with_capacity(connections.len()), Vec::new());
        for connection in &mut connections {
            let changes = by_connection.remove(&connection.id).unwrap_or_default();
            if connection.within_region() {
                connection.link_type = LinkType::Gold;
                changed_within_region.extend((!changes.is_empty()).then(|| connection.id.clone()));
            }
            match history_of(connection, &changes) {
                Ok(history) => histories.push(history),
                // Refused for its row, it is not to be refused for a broken chain as well.
                Err(_) if faulty.contains(&connection.id) => {}
                Err(broken) => {
                    let (_, why) = explain_chain(broken, connection, &changes, "");
                    faults.push((connection.id.clone(), Fault::new(FaultCode::BrokenChain, why)));
                }
            }
        }
        for (id, changes) in &by_connection {
            faults.extend(changes.iter().map(|TypeChange { at, .. }| {
                let why =
                    format!("connection {id}, whose link type changes at {at}, is not in the inventory");
                (id.clone(), Fault::new(FaultCode::UnknownConnection, why))
            }));
        }
        let faults = faults.into_iter().map(|(_, fault)| fault).collect();
        match Error::from_faults(ErrorKind::Input, faults) {
            Some(error) => Err(error),
            None => {
                let (faulty, faults) = (HashMap::new(), Vec::new());
                Ok(Self::assemble(connections, histories, faulty, faults, true, changed_within_region))
            }
        }
    }

    /// Connections of distinct ids that have had one link type all along: planned ones, of which there is no export.
    pub(crate) fn planned(mut connections: Vec<Connection>) -> Self {
        connections.sort_by(|a, b| a.id.cmp(&b.id));
        let histories = connections.iter().map(|connection| LinkHistory::constant(connection.link_type));
        let histories = histories.collect();
        Self::assemble(connections, histories, HashMap::new(), Vec::new(), true, Vec::new())
    }

    /// The same connections, which are not copied, with other histories of their link types: what if?
    #[must_use]
    pub(crate) fn with_histories(&self, history: impl Fn(usize) -> LinkHistory) -> Self {
        let histories = (0..self.connections.len()).map(history).collect();
        Self { histories: Arc::new(histories), ..self.clone() }
    }

    /// All connections without a fault, sorted by id.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The connection at `index` of [`connections`](Self::connections).
    ///
    /// # Panics
    ///
    /// Where there is no such index.
    pub fn connection(&self, index: usize) -> &Connection {
        &self.connections[index]
    }

    /// The history of the link type of the connection at `index`; Gold all along inside a region, where it means
    /// nothing (R8).
    ///
    /// # Panics
    ///
    /// Where there is no such index.
    pub fn history(&self, index: usize) -> &LinkHistory {
        &self.histories[index]
    }

    /// The index of the connection with this id, among those without a fault.
    pub fn index_of(&self, connection_id: &str) -> Option<usize> {
        self.connections.binary_search_by(|connection| (*connection.id).cmp(connection_id)).ok()
    }

    /// Why the traffic of this connection cannot be billed, where its row or its changes are bad (R15).
    pub fn fault_of(&self, connection_id: &str) -> Option<&Fault> {
        self.faulty.get(connection_id)
    }

    /// The ids of connections whose row or changes are bad, in no particular order, with the cause (R15).
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

    /// What else a reader should know: of lists and trails, by code and connection (R16).
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// What is wrong with connections, sorted by id, before their changes are looked at; each with its connection.
fn faults_of_rows(connections: &[Connection]) -> Vec<(Arc<str>, Fault)> {
    let mut faults = Vec::new();
    let mut last_good: Option<&Arc<str>> = None;
    for connection in connections {
        let id = &connection.id;
        if let Err(why) = connection.check() {
            let fault = Fault::new(FaultCode::UnreadableRow, format!("connection {id:?}: {why}"));
            faults.push((id.clone(), fault));
        } else if last_good.replace(id) == Some(id) {
            let fault = Fault::new(FaultCode::FaultyConnection, format!("connection {id:?} is given twice"));
            faults.push((id.clone(), fault));
        }
    }
    faults
}

/// The history of a connection's link type under its changes, which may be in any order (R7).
///
/// R8: a link type exists only between regions; inside one, changes are ignored.
pub(crate) fn history_of(
    connection: &Connection,
    changes: &[TypeChange],
) -> Result<LinkHistory, BrokenChain> {
    if connection.within_region() {
        return Ok(LinkHistory::constant(LinkType::Gold));
    }
    LinkHistory::new(changes, connection.link_type)
}

/// The index of the change that breaks the chain, and why it does. `row` says where the connection's row stands, as
/// ` (connections:2)`; it is empty where it stands nowhere.
pub(crate) fn explain_chain(
    broken: BrokenChain,
    connection: &Connection,
    changes: &[TypeChange],
    row: &str,
) -> (usize, String) {
    let id = &connection.id;
    match broken {
        BrokenChain::From { index, in_effect } => {
            let TypeChange { at, from, .. } = changes[index];
            let why = format!(
                "the change of {id} at {at} starts from {from}, but {in_effect} was in effect then; \
                 a change is missing or its types are swapped"
            );
            (index, why)
        }
        BrokenChain::End { index, ends_with } => {
            let why = format!(
                "the last change of {id} ends with {ends_with}, but the inventory says {}{row}; \
                 a change is missing or the inventory is of another day",
                connection.link_type
            );
            (index, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        connection::{Bandwidth, End},
        time::Timestamp,
    };
    use LinkType::{Gold, Platinum};

    fn connection(id: &str, regions: [&str; 2], link_type: LinkType) -> Connection {
        let [requester, accepter] = regions.map(|region| End::new("1000000000000001", region));
        Connection::new(id, requester, accepter, link_type)
    }

    fn between(id: &str, link_type: LinkType) -> Connection {
        connection(id, ["cn-beijing", "cn-shanghai"], link_type)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn change(id: &str, when: &str, from: LinkType, to: LinkType) -> LinkChange {
        LinkChange { connection_id: id.into(), changed_at: at(when), from, to }
    }

    fn refused(connections: Vec<Connection>, changes: Vec<LinkChange>) -> String {
        let error = Inventory::new(connections, changes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    }

    #[test]
    fn connections_are_sorted_and_have_the_history_that_their_changes_say() {
        let connections = vec![between("pcc-2", Platinum), between("pcc-1", Gold)];
        let changes = vec![
            change("pcc-2", "2026-10-07T03:00:00Z", Gold, Platinum),
            change("pcc-2", "2026-10-05T03:00:00Z", Platinum, Gold),
            // The same type: no change.
            change("pcc-1", "2026-10-05T03:00:00Z", Gold, Gold),
        ];
        let inventory = Inventory::new(connections, changes).unwrap();
        let ids: Vec<&str> = inventory.connections().iter().map(|connection| &*connection.id).collect();
        assert_eq!(ids, ["pcc-1", "pcc-2"]);
        assert_eq!(*inventory.history(0), LinkHistory::constant(Gold));
        assert_eq!(inventory.history(1).first(), Platinum);
        assert_eq!(inventory.history(1).switches().len(), 2);
        assert!(inventory.changes_given());
    }

    #[test]
    fn r7_changes_of_one_instant_are_ordered_by_their_chain() {
        let when = "2026-10-05T03:00:00Z";
        let changes = vec![
            change("pcc-1", when, Platinum, Gold),
            change("pcc-1", when, Gold, Platinum),
            change("pcc-1", when, Platinum, Gold),
        ];
        let inventory = Inventory::new(vec![between("pcc-1", Gold)], changes).unwrap();
        assert_eq!(inventory.history(0).first(), Platinum);
        assert!(inventory.history(0).levels(at(when).hour()).switched);
    }

    #[test]
    fn r8_inside_a_region_there_is_no_link_type_and_its_changes_are_ignored() {
        let within = connection("pcc-1", ["cn-beijing", "cn-beijing"], Platinum);
        let changes = vec![change("pcc-1", "2026-10-05T03:00:00Z", Gold, Gold)];
        let inventory = Inventory::new(vec![within], changes).unwrap();
        assert_eq!(inventory.connection(0).link_type, Gold);
        assert_eq!(inventory.changed_within_region().len(), 1);
    }

    #[test]
    fn r15_everything_that_is_wrong_is_listed_together() {
        let why = refused(
            vec![between("pcc-1", Gold), between("pcc-2", Gold), between("pcc-1", Gold)],
            vec![
                change("pcc-2", "2026-10-05T03:00:00Z", Gold, Platinum),
                change("pcc-9", "2026-10-05T03:00:00Z", Gold, Platinum),
            ],
        );
        assert_eq!(
            why,
            "connection \"pcc-1\" is given twice\n\
             the last change of pcc-2 ends with Platinum, but the inventory says Gold; \
             a change is missing or the inventory is of another day\n\
             connection pcc-9, whose link type changes at 2026-10-05T03:00:00Z, is not in the inventory"
        );
        let swapped = vec![change("pcc-1", "2026-10-05T03:00:00Z", Platinum, Gold)];
        let again = [swapped.clone(), vec![change("pcc-1", "2026-10-06T03:00:00Z", Platinum, Gold)]].concat();
        assert!(Inventory::new(vec![between("pcc-1", Gold)], swapped).is_ok());
        let why = refused(vec![between("pcc-1", Gold)], again);
        assert!(
            why.contains("at 2026-10-06T03:00:00Z starts from Platinum, but Gold was in effect then"),
            "{why}"
        );
    }

    #[test]
    fn r15_a_row_that_the_reader_would_refuse_is_refused() {
        let with = |mend: &dyn Fn(&mut Connection)| {
            let mut connection = between("pcc-1", Gold);
            mend(&mut connection);
            refused(vec![connection], Vec::new())
        };
        assert_eq!(with(&|connection| connection.id = "".into()), "connection \"\": id is empty");
        assert!(
            with(&|connection| connection.id = "pcc-1 ".into())
                .ends_with("id \"pcc-1 \" has spaces around it")
        );
        assert!(
            with(&|connection| connection.accepter.account_id = "".into())
                .ends_with("accepter account_id is empty")
        );
        assert!(
            with(&|connection| connection.requester.region = "".into())
                .ends_with("requester region is empty")
        );
        assert!(
            with(&|connection| connection.bandwidth = Bandwidth::Mbps(0))
                .contains("0 is not a whole number of Mbit/s")
        );
        let why = with(&|connection| {
            connection.created_at = Some(at("2026-10-05T03:00:00Z"));
            connection.deleted_at = Some(at("2026-10-05T02:59:59Z"));
        });
        assert!(
            why.ends_with("deleted_at 2026-10-05T02:59:59Z is before created_at 2026-10-05T03:00:00Z"),
            "{why}"
        );
    }
}
