//! What all inputs tell, put together: one row and one history of link types per connection.

use crate::{
    error::{Error, Fault, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End, Inventory, Remark, RemarkCode},
        did_you_mean,
        link::{BrokenChain, LinkChange, LinkHistory, LinkType},
    },
    read::{
        changes::{
            history::{apply, supplied_row},
            trail::Trail,
        },
        connections::InventorySettings,
        place::Place,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
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
    connections: BTreeMap<Arc<str>, Told>,
    changes: BTreeMap<Arc<str>, Vec<(LinkChange, Place)>>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    remarks: Vec<Remark>,
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

    /// Notes what a reader of reports should know.
    pub fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    /// Takes a connection.
    pub fn add(&mut self, told: Told) {
        let id = told.connection.id.clone();
        let Some(first) = self.connections.get_mut(&id) else {
            self.connections.insert(id, told);
            return;
        };
        let (code, place) = (FaultCode::FaultyConnection, &first.place);
        if told.once || first.once {
            let why = format!("connection {id} stands here a second time; first at {place}");
            return self.blame(&id, told.place.fault(code, why));
        }
        let differences = merge(&mut first.connection, &told.connection);
        if !differences.is_empty() {
            let why = format!("connection {id} is told otherwise at {place}: {}", differences.join("; "));
            self.blame(&id, told.place.fault(code, why));
        }
    }

    /// Takes a link change of a table.
    pub fn add_change(&mut self, connection_id: &str, change: LinkChange, place: Place) {
        self.changes.entry(connection_id.into()).or_default().push((change, place));
    }

    /// The inventory.
    pub fn finish(mut self, changes_given: bool, settings: &InventorySettings<'_>) -> Result<Inventory> {
        self.follow_trail(settings);
        self.check_statements(settings)?;
        let mut rows = Vec::new();
        let mut changed_within_region = Vec::new();
        let changes = std::mem::take(&mut self.changes);
        for (id, changes) in &changes {
            if !self.is_known(id) {
                let why = format!("connection {id} is not in the inventory; add it to --connections");
                let code = FaultCode::UnknownConnection;
                self.faults.extend(changes.iter().map(|(_, place)| place.fault(code, &why)));
            }
        }
        for (id, told) in std::mem::take(&mut self.connections) {
            let (connection, place) = (told.connection, told.place);
            let own = changes.get(&id).map_or(&[][..], |list| list);
            if connection.within_region() {
                // R8: a link type exists only between regions.
                if !own.is_empty() {
                    changed_within_region.push(id.clone());
                }
                rows.push((connection, LinkHistory::constant(LinkType::Gold)));
                continue;
            }
            let only_changes: Vec<LinkChange> = own.iter().map(|(change, _)| *change).collect();
            match LinkHistory::new(&only_changes, connection.link_type) {
                // A connection blamed for an unreadable row is not to be told a broken chain as well.
                Err(broken) if !self.faulty.contains_key(&id) => {
                    self.blame(&id, explain_chain(&connection, &place, own, broken));
                }
                Err(_) => {}
                Ok(history) => rows.push((connection, history)),
            }
        }
        rows.retain(|(connection, _)| !self.faulty.contains_key(&connection.id));
        let inventory =
            Inventory::assemble(rows, self.faulty, self.faults, changes_given, changed_within_region);
        Ok(inventory.with_remarks(self.remarks))
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
                self.connections.insert(id.clone(), row);
            }
            if !self.is_known(&id) {
                *elsewhere.entry(id).or_default() += events.len() as u64;
                continue;
            }
            for event in &events {
                *used.entry(event.call).or_default() += 1;
            }
            let Some(told) = self.connections.get_mut(&id) else { continue };
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
        self.connections.contains_key(connection_id) || self.faulty.contains_key(connection_id)
    }

    /// A statement about a connection that is not there is most likely a typing error.
    fn check_statements(&self, settings: &InventorySettings<'_>) -> Result<()> {
        let unknown = settings.link_types_before.of.keys().find(|id| !self.is_known(id));
        unknown.map_or(Ok(()), |id| {
            let near = did_you_mean(id, self.connections.keys().map(|known| &**known));
            Err(Error::usage(format!(
                "--link-type-before {id}: no connection of the inventory has this id{near}"
            )))
        })
    }
}

fn explain_chain(
    connection: &Connection,
    place: &Place,
    changes: &[(LinkChange, Place)],
    broken: BrokenChain,
) -> Fault {
    let (index, why) = match broken {
        BrokenChain::From { index, in_effect } => (
            index,
            format!(
                "the change of {} at {} starts from {}, but {in_effect} was in effect then; \
                 a change is missing or its types are swapped",
                connection.id, changes[index].0.at, changes[index].0.from
            ),
        ),
        BrokenChain::End { index, ends_with } => (
            index,
            format!(
                "the last change of {} ends with {ends_with}, but the inventory says {} ({place}); \
                 a change is missing or the inventory is of another day",
                connection.id, connection.link_type
            ),
        ),
    };
    changes[index].1.fault(FaultCode::BrokenChain, why)
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
