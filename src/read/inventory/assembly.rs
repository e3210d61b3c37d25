//! What all inputs hold, put together: one row and one history of link types per connection.

use super::{
    history::link_changes,
    settings::{InventorySettings, LinkTypesBefore},
};
use crate::{
    error::{Error, Fault, FaultCode, Result},
    model::{
        QuickMap,
        connection::{Bandwidth, Connection, End, Status, Tags},
        did_you_mean,
        finding::{Finding, FindingCode, Said},
        invalid::{Invalid, Remedy},
        inventory::{Inventory, explain_chain, history_of},
        link::{BrokenChain, LinkHistory, LinkType, TypeChange},
        time::Timestamp,
    },
    read::{
        Document,
        changes::{Call, Event, PlacedChange, Trail},
        connections::{ConnectionRow, Found, RefusedRow},
        source::Place,
    },
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

/// Connections and link changes, until they are an inventory.
#[derive(Default)]
pub(super) struct Assembly {
    rows: Vec<ConnectionRow>,
    /// By connection id: the index of its row. None is needed as long as rows are sorted by id, as in exports they are.
    row_of: Option<QuickMap<Arc<str>, usize>>,
    /// Those of tables, sorted by connection id.
    changes: Vec<PlacedChange>,
    /// Those of trails, each connection's together.
    changes_of_trails: Vec<PlacedChange>,
    /// By connection id: the cause under which its traffic is refused.
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    findings: Vec<Finding>,
    set_aside: Vec<Connection>,
}

impl Assembly {
    /// Whether there is neither a connection nor a row that cannot be read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.faults.is_empty()
    }

    /// Makes room for the rows of a document: no more than a table of so many bytes may have, and so few that a document that
    /// is none costs nothing to speak of.
    pub fn expect(&mut self, document: &Document) {
        const SHORTEST_ROW: usize = 56;
        const MOST: usize = 1 << 16;
        let most = MOST.min(document.text.len() / SHORTEST_ROW);
        let rows = memchr::memchr_iter(b'\n', &document.text).take(most).count();
        self.rows.reserve(rows);
    }

    /// Takes what a document of connections holds.
    #[inline]
    pub fn take(&mut self, found: Found) {
        match found {
            Found::Row(row) => self.add(row),
            Found::Refused(row) => {
                let RefusedRow { connection_id, fault, ends } = *row;
                self.refuse(&connection_id, fault);
                if let Some(ends) = ends {
                    self.set_aside(&connection_id, ends);
                }
            }
            Found::Finding(finding) => self.finding(finding),
        }
    }

    /// Takes the rows of tables of link changes, sorted by connection id, and those that cannot be read.
    pub fn take_changes(&mut self, rows: Vec<PlacedChange>, refused: Vec<(String, Fault)>) {
        debug_assert!(rows.is_sorted_by_key(|row| &row.connection_id));
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
    #[inline]
    pub fn add(&mut self, row: ConnectionRow) {
        let is_behind = |last: &ConnectionRow| last.connection.id < row.connection.id;
        if self.row_of.is_none() && self.rows.last().is_none_or(is_behind) {
            return self.rows.push(row);
        }
        let ids = self.rows.iter().map(|row| row.connection.id.clone());
        let row_of = self.row_of.get_or_insert_with(|| ids.zip(0..).collect());
        match row_of.entry(row.connection.id.clone()) {
            Entry::Vacant(index) => {
                index.insert(self.rows.len());
                self.rows.push(row);
            }
            Entry::Occupied(index) => {
                let index = *index.get();
                self.add_again(index, row);
            }
        }
    }

    /// Where the row of a connection is.
    fn index_of(&self, connection_id: &str) -> Option<usize> {
        match &self.row_of {
            Some(row_of) => row_of.get(connection_id).copied(),
            None => self.rows.binary_search_by(|row| (*row.connection.id).cmp(connection_id)).ok(),
        }
    }

    /// Takes what is told of a connection once more.
    fn add_again(&mut self, first: usize, mut row: ConnectionRow) {
        let (id, first) = (row.connection.id.clone(), &mut self.rows[first]);
        let (code, place) = (FaultCode::FaultyConnection, &first.place);
        // Of two exports one may be too old to tell the link type: the other does.
        if first.link_type_told != row.link_type_told {
            let told = if row.link_type_told { row.connection.link_type } else { first.connection.link_type };
            (first.connection.link_type, row.connection.link_type) = (told, told);
            first.link_type_told = true;
        }
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
        self.index_of(connection_id).is_some() || self.faulty.contains_key(connection_id)
    }

    /// The row of a connection, to be completed.
    pub fn row_mut(&mut self, connection_id: &str) -> Option<&mut ConnectionRow> {
        self.index_of(connection_id).map(|index| &mut self.rows[index])
    }

    /// Where the first change of a connection stands.
    pub fn first_change(&self, connection_id: &str) -> Option<&Place> {
        let first = self.changes.partition_point(|row| *row.connection_id < *connection_id);
        let row = self.changes.get(first).filter(|row| *row.connection_id == *connection_id)?;
        Some(&row.place)
    }

    /// Takes the changes of a connection of which no table has any, and that no other trail had before.
    pub fn add_changes_of_trail(&mut self, changes: Vec<PlacedChange>) {
        self.changes_of_trails.extend(changes);
    }

    /// A statement about a connection that is not there is most likely a typing error.
    pub fn check_statements(&self, stated: &LinkTypesBefore) -> Result<()> {
        let unknown = stated.of.keys().find(|id| !self.knows(id));
        unknown.map_or(Ok(()), |id| {
            let near = did_you_mean(id, self.rows.iter().map(|row| &*row.connection.id));
            let why = format!("{id}: no connection of the inventory has this id{near}");
            Err(Error::setting(LinkTypesBefore::SETTING, why))
        })
    }

    /// The inventory.
    pub fn finish(mut self, changes_given: bool) -> Inventory {
        if !self.changes_of_trails.is_empty() {
            self.changes.append(&mut self.changes_of_trails);
            self.changes.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
        }
        let mut rows = std::mem::take(&mut self.rows);
        if self.row_of.take().is_some() {
            rows.sort_by(|a, b| a.connection.id.cmp(&b.connection.id));
        }
        let changes = std::mem::take(&mut self.changes);
        let mut histories = Vec::with_capacity(rows.len());
        let mut changed_within_region = Vec::new();
        // Both are sorted by id.
        let mut rest = &changes[..];
        let (mut of_no_row, told) = (Vec::new(), self.faults.len());
        for ConnectionRow { connection, place, link_type_told, .. } in &mut rows {
            let [others, changes, behind] = split_changes(rest, &connection.id);
            of_no_row.extend(others);
            rest = behind;
            // R8: a link type exists only between regions.
            if connection.within_region() && !changes.is_empty() {
                changed_within_region.push(connection.id.clone());
            }
            if !*link_type_told && !connection.within_region() {
                let by_changes = last_type(connection, changes);
                self.finding(not_told(&connection.id, by_changes));
                connection.link_type = by_changes.unwrap_or(connection.link_type);
            }
            histories.extend(self.history(connection, place, changes));
        }
        of_no_row.extend(rest);
        // Before the chains that are broken.
        let broken = self.faults.split_off(told);
        self.refuse_changes_of_no_row(&of_no_row);
        self.faults.extend(broken);
        // They stay where they are in memory: there may be a million.
        let mut connections: Vec<Connection> = rows.into_iter().map(|row| row.connection).collect();
        // Those that have no history are those that are refused, each with its cause.
        if !self.faulty.is_empty() {
            let without_history = connections.extract_if(.., |own| self.faulty.contains_key(&own.id));
            self.set_aside.extend(without_history);
        }
        debug_assert_eq!(connections.len(), histories.len());
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

    /// Refuses changes, each of a connection that has no row, unless one that cannot be read has told of it.
    fn refuse_changes_of_no_row(&mut self, changes: &[&PlacedChange]) {
        for changes in changes.chunk_by(|one, other| one.connection_id == other.connection_id) {
            let id = &changes[0].connection_id;
            if !self.faulty.contains_key(id) {
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

/// Changes, sorted by connection id: those before a connection, its own, and those behind it.
fn split_changes<'c>(changes: &'c [PlacedChange], id: &str) -> [&'c [PlacedChange]; 3] {
    let (mut first, mut end) = (0, 0);
    for change in changes {
        match (*change.connection_id).cmp(id) {
            Ordering::Less => first += 1,
            Ordering::Equal => {}
            Ordering::Greater => break,
        }
        end += 1;
    }
    [&changes[..first], &changes[first..end], &changes[end..]]
}

/// The type at which the changes of a connection end, where there are any, and they form a chain.
fn last_type(connection: &Connection, changes: &[PlacedChange]) -> Option<LinkType> {
    let changes: Vec<TypeChange> = changes.iter().map(|row| row.change).collect();
    match history_of(connection, &changes) {
        Ok(_) => (!changes.is_empty()).then_some(connection.link_type),
        Err(BrokenChain::End { ends_with, .. }) => Some(ends_with),
        Err(BrokenChain::From { .. }) => None,
    }
}

/// That the export of a connection is too old to tell its link type; a trail or a table may.
fn not_told(id: &Arc<str>, by_changes: Option<LinkType>) -> Finding {
    let taken = match by_changes {
        Some(link_type) => Said::LastTypeTaken { link_type },
        None => Said::GoldTaken {},
    };
    let said = Said::LinkTypeNotTold { id: id.clone(), taken: Box::new(taken) };
    Finding::of(FindingCode::LinkTypeNotTold, said).about(id)
}

/// Lets `first` take what only `second` has; returns in what they differ.
pub(super) fn merge(first: &mut Connection, second: &Connection) -> Vec<String> {
    let mut differences = Differences::default();
    merge_end(&mut differences, "requester", &mut first.requester, &second.requester);
    merge_end(&mut differences, "accepter", &mut first.accepter, &second.accepter);
    differences.compare("link type", &first.link_type, &second.link_type);
    let bandwidth = |bandwidth: Bandwidth| match bandwidth {
        Bandwidth::Mbps(mbps) => format!("{mbps} Mbit/s"),
        Bandwidth::Unlimited => "unlimited".into(),
    };
    differences.compare("bandwidth", &bandwidth(first.bandwidth), &bandwidth(second.bandwidth));
    differences.fill("creation time", &mut first.created_at, second.created_at.as_ref());
    differences.fill("name", &mut first.name, second.name.as_ref());
    if let Some(key) = first.tags.fill(&second.tags) {
        let value = |tags: &Tags| tags.get(&key).unwrap_or_default().to_owned();
        differences.compare(&format!("tag {key}"), &value(&first.tags), &value(&second.tags));
    }
    if let (Some(one), Some(other)) = (first.status, second.status)
        && one.never_active() != other.never_active()
    {
        differences.compare("status", &one.as_str(), &other.as_str());
    }
    // Otherwise the two exports are of other moments; which status is kept depends on neither order (R17).
    first.status = first.status.max(second.status);
    differences.0
}

fn merge_end(differences: &mut Differences, which: &str, first: &mut End, second: &End) {
    differences.compare(&format!("{which} account"), &first.account_id, &second.account_id);
    differences.compare(&format!("{which} region"), &first.region, &second.region);
    differences.fill(&format!("{which} VPC"), &mut first.vpc_id, second.vpc_id.as_ref());
    if first.cidrs.is_empty() {
        first.cidrs.clone_from(&second.cidrs);
    } else if !second.cidrs.is_empty() {
        let text = |end: &End| end.cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        differences.compare(&format!("{which} CIDR blocks"), &text(first), &text(second));
    }
}

/// In what two rows of a connection differ, in words.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + fmt::Display>(&mut self, what: &str, first: &T, second: &T) {
        if first != second {
            self.0.push(format!("{what} {first} there, {second} here"));
        }
    }

    fn fill<T: PartialEq + Clone + fmt::Display>(
        &mut self,
        what: &str,
        first: &mut Option<T>,
        second: Option<&T>,
    ) {
        match (&first, second) {
            (Some(one), Some(other)) => self.compare(what, one, other),
            (None, Some(other)) => *first = Some(other.clone()),
            _ => {}
        }
    }
}

/// How far apart, in seconds, an event and the inventory may date one creation or deletion.
const SAME_TIME: i64 = 3600;

/// Sets when the connection was created and deleted; refuses what the inventory contradicts.
pub(super) fn set_lifetime(row: &mut ConnectionRow, events: &[Event]) -> Result<(), Fault> {
    let (connection, place) = (&mut row.connection, &row.place);
    let creation = events.iter().find(|event| event.call == Call::Create);
    let contradiction = |event: &Event, why: String| Err(event.place.fault(FaultCode::FaultyConnection, why));
    if let Some(creation) = creation {
        let second =
            events.iter().find(|event| event.call == Call::Create && event.link_type != creation.link_type);
        if let Some(second) = second {
            let why = format!(
                "{} is created here with another link type than at {}",
                connection.id, creation.place
            );
            return contradiction(second, why);
        }
        let known = *connection.created_at.get_or_insert(creation.at);
        if apart(known, creation.at) {
            let why = format!(
                "the trail creates {} at {}, but the inventory says {known} ({place})",
                connection.id, creation.at
            );
            return contradiction(creation, why);
        }
    }
    // Of several calls that succeeded, the last one found it still there.
    let Some(deletion) = events.iter().rfind(|event| event.call == Call::Delete) else { return Ok(()) };
    let gone = [Status::Deleting, Status::Deleted];
    if let Some(status) = connection.status.filter(|status| !gone.contains(status)) {
        let why = format!(
            "the trail deletes {} at {}, but the inventory shows it as {} ({place}); is it of another day?",
            connection.id,
            deletion.at,
            status.as_str()
        );
        return contradiction(deletion, why);
    }
    let known = *connection.deleted_at.get_or_insert(deletion.at);
    if apart(known, deletion.at) {
        let why = format!(
            "the trail deletes {} at {}, but the inventory says {known} ({place})",
            connection.id, deletion.at
        );
        return contradiction(deletion, why);
    }
    match connection.created_at.filter(|created| *created > known) {
        Some(created) => {
            let why = format!(
                "{} is deleted at {known}, before its creation at {created} ({place})",
                connection.id
            );
            contradiction(deletion, why)
        }
        None => Ok(()),
    }
}

fn apart(one: Timestamp, other: Timestamp) -> bool {
    (one.seconds() - other.seconds()).abs() > SAME_TIME
}

/// Turns the events of trails into lifetimes and link changes.
///
/// A trail covers more than the inventory does, so that events of connections that it lacks are counted, not refused.
pub(super) fn follow(mut trail: Trail, assembly: &mut Assembly, settings: &InventorySettings<'_>) {
    let (by_connection, refused) = trail.sort_out();
    let (mut used, mut elsewhere) = (BTreeMap::new(), BTreeMap::<Arc<str>, u64>::new());
    for (id, fault) in refused {
        if assembly.knows(&id) {
            assembly.refuse(&id, fault);
        } else {
            *elsewhere.entry(id).or_default() += 1;
        }
    }
    for (id, events) in by_connection {
        if !assembly.knows(&id)
            && let Some(row) = deleted_connection(&events, settings)
        {
            assembly.finding(row_from_trail(&id));
            assembly.add(row);
        }
        if !assembly.knows(&id) {
            *elsewhere.entry(id).or_default() += events.len() as u64;
            continue;
        }
        for event in &events {
            *used.entry(event.call).or_default() += 1;
        }
        match changes_of(&id, &events, assembly, settings) {
            Some(Ok(changes)) => assembly.add_changes_of_trail(changes),
            Some(Err(fault)) => assembly.refuse(&id, fault),
            None => {}
        }
    }
    for finding in trail.findings(&used, &elsewhere) {
        assembly.finding(finding);
    }
}

/// Sets the lifetime of a connection; returns its link changes, or what contradicts the inventory. `None` where the
/// connection has no row that can be read.
fn changes_of(
    id: &str,
    events: &[Event],
    assembly: &mut Assembly,
    settings: &InventorySettings<'_>,
) -> Option<Result<Vec<PlacedChange>, Fault>> {
    let in_table = assembly.first_change(id).cloned();
    let row = assembly.row_mut(id)?;
    if let Some(place) = in_table {
        let why = format!("a trail and a table ({place}) both have changes of {id}; give one of them");
        return Some(Err(events[0].place.fault(FaultCode::BrokenChain, why)));
    }
    Some(set_lifetime(row, events).and_then(|()| link_changes(row, events, settings)))
}

/// The row of a connection that was created and deleted within the trail, and that the inventory lacks.
///
/// Without its deletion it should be in the inventory, and what its creation does not say is not made up.
fn deleted_connection(events: &[Event], settings: &InventorySettings<'_>) -> Option<ConnectionRow> {
    let deleted = events.iter().any(|event| event.call == Call::Delete);
    let creation = events.iter().find(|event| event.call == Call::Create).filter(|_| deleted)?;
    let mut connection = creation.created.as_deref()?.clone();
    for end in [&connection.requester, &connection.accepter] {
        (settings.check_region)(&end.region).ok()?;
    }
    // Without an inventory, the last type is the one that it ended with. R8: inside a region there is none.
    if !connection.within_region() {
        connection.link_type = events.iter().filter_map(|event| event.link_type).next_back()?;
    }
    Some(ConnectionRow { connection, place: creation.place.clone(), may_repeat: false, link_type_told: true })
}

fn row_from_trail(id: &Arc<str>) -> Finding {
    Finding::of(FindingCode::RowFromTrail, Said::RowFromTrail { id: id.clone() }).about(id)
}
