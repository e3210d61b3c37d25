//! What all inputs tell, put together: one row and one history of link types per connection.

use crate::{
    error::{Error, Fault, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End},
        did_you_mean,
        inventory::{Inventory, explain_chain, history_of},
        link::{LinkHistory, LinkType, TypeChange},
        remark::{Remark, RemarkCode},
    },
    read::{
        changes::{
            history::{apply, supplied_row},
            trail::Trail,
        },
        connections::{InventorySettings, shared::SharedTexts},
        place::Place,
    },
};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

/// A connection as one input tells it.
#[derive(Debug)]
pub(in crate::read) struct Told {
    pub connection: Connection,
    pub place: Place,
    /// Whether a second row is refused, as in a table; of exports, which both accounts may have made, equal
    /// rows are one.
    pub once: bool,
}

/// Collects connections and link changes.
#[derive(Default)]
pub(in crate::read) struct Builder {
    connections: Vec<Told>,
    /// By connection id: its place among `connections`.
    places: HashMap<Arc<str>, usize>,
    pub(super) texts: SharedTexts,
    changes: BTreeMap<Arc<str>, Vec<(TypeChange, Place)>>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    remarks: Vec<Remark>,
    set_aside: Vec<Connection>,
    pub trail: Trail,
}

impl Builder {
    /// Notes a fault; the first one of a connection is the cause under which its traffic is refused (R15).
    pub fn blame(&mut self, connection_id: &str, fault: Fault) {
        if !connection_id.is_empty() {
            self.faulty.entry(connection_id.into()).or_insert_with(|| fault.clone());
        }
        self.faults.push(fault);
    }

    /// Keeps what could be read of a connection whose own row is bad, so that an entry of a flow log that went through
    /// it is refused under that one cause (R15).
    pub fn set_aside(&mut self, id: &str, [requester, accepter]: [End; 2]) {
        if !id.is_empty() && (requester.vpc_id.is_some() || accepter.vpc_id.is_some()) {
            self.set_aside.push(Connection::new(id, requester, accepter, LinkType::Gold));
        }
    }

    /// Notes what a reader of reports should know.
    pub fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    /// Takes a connection.
    pub fn add(&mut self, told: Told) {
        let id = told.connection.id.clone();
        let first = match self.places.entry(id.clone()) {
            Entry::Vacant(place) => {
                place.insert(self.connections.len());
                return self.push(told);
            }
            Entry::Occupied(place) => &mut self.connections[*place.get()],
        };
        let (code, place) = (FaultCode::FaultyConnection, &first.place);
        if told.once || first.once {
            let why = format!("connection {id} stands here a second time; first at {place}");
            self.blame(&id, told.place.fault(code, why));
            return self.set_aside.push(told.connection);
        }
        let differences = merge(&mut first.connection, &told.connection);
        if !differences.is_empty() {
            let why = format!("connection {id} is told otherwise at {place}: {}", differences.join("; "));
            self.blame(&id, told.place.fault(code, why));
            self.set_aside.push(told.connection);
        }
    }

    /// Appends a connection whose place is known.
    fn push(&mut self, mut told: Told) {
        for end in [&mut told.connection.requester, &mut told.connection.accepter] {
            self.texts.share(end);
        }
        self.connections.push(told);
    }

    /// Takes a link change of a table.
    pub fn add_change(&mut self, connection_id: &str, change: TypeChange, place: Place) {
        match self.changes.get_mut(connection_id) {
            Some(changes) => changes.push((change, place)),
            None => drop(self.changes.insert(connection_id.into(), vec![(change, place)])),
        }
    }

    /// The inventory.
    pub fn finish(mut self, changes_given: bool, settings: &InventorySettings<'_>) -> Result<Inventory> {
        self.follow_trail(settings);
        self.check_statements(settings)?;
        let mut told = std::mem::take(&mut self.connections);
        told.sort_by(|a, b| a.connection.id.cmp(&b.connection.id));
        let mut histories = Vec::with_capacity(told.len());
        let mut changed_within_region = Vec::new();
        let changes = std::mem::take(&mut self.changes);
        for (id, changes) in &changes {
            if !self.is_known(id) {
                let why = format!("connection {id} is not in the inventory; add it to --connections");
                let code = FaultCode::UnknownConnection;
                self.faults.extend(changes.iter().map(|(_, place)| place.fault(code, &why)));
            }
        }
        self.places = HashMap::new();
        // Both are sorted by id.
        let mut rest = changes.iter().peekable();
        // Connections stay where they are in memory: there may be a million.
        let connections = told.into_iter().filter_map(|Told { connection, place, .. }| {
            while rest.next_if(|(id, _)| **id < connection.id).is_some() {}
            let own = rest.next_if(|(id, _)| **id == connection.id).map_or(&[][..], |(_, list)| list);
            // R8: a link type exists only between regions.
            if connection.within_region() && !own.is_empty() {
                changed_within_region.push(connection.id.clone());
            }
            let Some(history) = self.history(&connection, &place, own) else {
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
        Ok(inventory.with_remarks(self.remarks).with_set_aside(self.set_aside))
    }

    /// The history of a connection; `None` where its own row or its changes are bad.
    fn history(
        &mut self,
        connection: &Connection,
        place: &Place,
        changes: &[(TypeChange, Place)],
    ) -> Option<LinkHistory> {
        if self.faulty.contains_key(&connection.id) {
            // Blamed for an unreadable row, it is not to be told a broken chain as well.
            return None;
        }
        let only_changes: Vec<TypeChange> = changes.iter().map(|(change, _)| *change).collect();
        match history_of(connection, &only_changes) {
            Ok(history) => Some(history),
            Err(broken) => {
                let (index, why) = explain_chain(broken, connection, &only_changes, &format!(" ({place})"));
                self.blame(&connection.id, changes[index].1.fault(FaultCode::BrokenChain, why));
                None
            }
        }
    }

    /// Turns the events of trails into lives and link changes. A trail covers more than one looks at, so that
    /// events of connections that the inventory lacks are counted, not refused.
    fn follow_trail(&mut self, settings: &InventorySettings<'_>) {
        let (by_connection, bad) = self.trail.sort_out();
        let (mut used, mut elsewhere) = (BTreeMap::new(), BTreeMap::new());
        for (id, fault) in bad {
            if self.is_known(&id) {
                self.blame(&id, fault);
            } else {
                *elsewhere.entry(id).or_default() += 1;
            }
        }
        for (id, events) in by_connection {
            if let Some(row) = supplied_row(&events, settings).filter(|_| !self.is_known(&id)) {
                let message = format!(
                    "{id} is not in the inventory; the trail tells its row, from creation to deletion"
                );
                self.remark(Remark {
                    code: RemarkCode::RowFromTrail,
                    message,
                    connection_id: Some(id.clone()),
                });
                self.add(row);
            }
            if !self.is_known(&id) {
                *elsewhere.entry(id).or_default() += events.len() as u64;
                continue;
            }
            for event in &events {
                *used.entry(event.call).or_default() += 1;
            }
            let Some(&place) = self.places.get(&id) else { continue };
            let told = &mut self.connections[place];
            let followed = match self.changes.get(&id).and_then(|changes| changes.first()) {
                Some((_, place)) => {
                    let why =
                        format!("a trail and a table ({place}) both tell changes of {id}; give one of them");
                    Err(events[0].place.fault(FaultCode::BrokenChain, why))
                }
                None => apply(told, &events, settings),
            };
            match followed {
                Ok(changes) => drop(self.changes.insert(id, changes)),
                Err(fault) => self.blame(&id, fault),
            }
        }
        let remarks = self.trail.remarks(&used, &elsewhere);
        self.remarks.extend(remarks);
    }

    fn is_known(&self, connection_id: &str) -> bool {
        self.places.contains_key(connection_id) || self.faulty.contains_key(connection_id)
    }

    /// A statement about a connection that is not there is most likely a typing error.
    fn check_statements(&self, settings: &InventorySettings<'_>) -> Result<()> {
        let unknown = settings.link_types_before.of.keys().find(|id| !self.is_known(id));
        unknown.map_or(Ok(()), |id| {
            let near = did_you_mean(id, self.places.keys().map(|known| &**known));
            Err(Error::usage(format!(
                "--link-type-before {id}: no connection of the inventory has this id{near}"
            )))
        })
    }
}

/// Lets `first` take what only `second` tells; returns what they tell differently.
fn merge(first: &mut Connection, second: &Connection) -> Vec<String> {
    let mut differences = Differences::default();
    merge_end(&mut differences, "requester", &mut first.requester, &second.requester);
    merge_end(&mut differences, "accepter", &mut first.accepter, &second.accepter);
    differences.compare("link type", &first.link_type, &second.link_type);
    let bandwidth = |own: Bandwidth| match own {
        Bandwidth::Mbps(mbps) => format!("{mbps} Mbit/s"),
        Bandwidth::Unlimited => "unlimited".into(),
    };
    differences.compare("bandwidth", &bandwidth(first.bandwidth), &bandwidth(second.bandwidth));
    differences.fill("creation time", &mut first.created_at, second.created_at.as_ref());
    differences.fill("name", &mut first.name, second.name.as_ref());
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

/// What two rows of a connection tell differently.
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
