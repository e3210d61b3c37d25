//! Native CSV of connections and link changes to an [`Inventory`].

use crate::{
    error::{ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End, Inventory},
        link::{BrokenChain, LinkChange, LinkHistory, LinkType},
        time::Timestamp,
    },
    read::{
        Document,
        table::{TableRow, read_table},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

const REQUIRED: [&str; 6] = [
    "connection_id",
    "requester_account_id",
    "requester_region",
    "accepter_account_id",
    "accepter_region",
    "link_type",
];
const OPTIONAL: [&str; 8] = [
    "requester_vpc_id",
    "accepter_vpc_id",
    "bandwidth_mbps",
    "created_at",
    "deleted_at",
    "name",
    // Ours: address blocks with a space between them.
    "requester_cidrs",
    "accepter_cidrs",
];
const CHANGE_COLUMNS: [&str; 4] = ["connection_id", "changed_at", "from_link_type", "to_link_type"];

/// Says whether a region id may be named, and if not, why.
pub type RegionCheck<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Reads connections and link changes from CSV text, taking any region id.
///
/// For input from users, [`read_inventory`] names the inputs and checks the regions.
pub fn inventory(connections: &str, link_changes: Option<&str>) -> Result<Inventory> {
    let connections = [Document::new("connections", connections)];
    let changes = link_changes.map(|text| [Document::new("link changes", text)]);
    let inventory = read_inventory(&connections, changes.as_ref().map(|list| &list[..]), &|_| Ok(()))?;
    let faults = inventory.faults().to_vec();
    crate::Error::from_faults(ErrorKind::Input, faults).map_or(Ok(inventory), Err)
}

/// Reads connections and link changes.
///
/// Bad rows do not fail it: they are [`Inventory::faults`], and the traffic of their connections is
/// refused under that one cause (R15). It fails where an input cannot be read as a whole, or where a
/// link change cannot be told to belong to any connection.
pub fn read_inventory(
    connections: &[Document],
    link_changes: Option<&[Document]>,
    check_region: RegionCheck<'_>,
) -> Result<Inventory> {
    let mut builder = Builder::default();
    for document in connections {
        builder.read_connections(document, check_region)?;
    }
    for document in link_changes.unwrap_or_default() {
        builder.read_changes(document)?;
    }
    Ok(builder.finish(link_changes.is_some()))
}

#[derive(Default)]
struct Builder {
    connections: BTreeMap<Arc<str>, (Connection, Fault)>,
    changes: BTreeMap<Arc<str>, Vec<(LinkChange, Fault)>>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
}

impl Builder {
    /// Notes a fault; the first one of a connection is the cause under which its traffic is refused.
    fn blame(&mut self, connection_id: &str, fault: Fault) {
        if !connection_id.is_empty() {
            self.faulty.entry(connection_id.into()).or_insert_with(|| fault.clone());
        }
        self.faults.push(fault);
    }

    fn read_connections(&mut self, document: &Document, check: RegionCheck<'_>) -> Result<()> {
        let name = &document.name;
        let (rows, misfits) = read_table(ErrorKind::Input, name, &document.text[..], &REQUIRED, &OPTIONAL)?;
        for misfit in misfits {
            self.blame(misfit.key.as_deref().unwrap_or_default(), misfit.fault);
        }
        for row in rows {
            let at = |code, why: String| Fault::at(code, name, row.line, why);
            match read_connection(&row, check) {
                Err(why) => self.blame(&row.values[0], at(FaultCode::UnreadableRow, why)),
                Ok(connection) => {
                    let id = connection.id.clone();
                    if let Some((_, first)) = self.connections.get(&id) {
                        let place = place_of(first);
                        let why = format!("connection {id} stands here a second time; first at {place}");
                        self.blame(&id, at(FaultCode::FaultyConnection, why));
                    } else {
                        let here = at(FaultCode::FaultyConnection, String::new());
                        self.connections.insert(id, (connection, here));
                    }
                }
            }
        }
        Ok(())
    }

    fn read_changes(&mut self, document: &Document) -> Result<()> {
        let name = &document.name;
        let (rows, misfits) = read_table(ErrorKind::Input, name, &document.text[..], &CHANGE_COLUMNS, &[])?;
        let mut nobodys = Vec::new();
        for misfit in misfits {
            match misfit.key {
                Some(id) => self.blame(&id, misfit.fault),
                None => nobodys.push(Fault { code: FaultCode::UnusableInput, ..misfit.fault }),
            }
        }
        for row in rows {
            let at = |code, why: String| Fault::at(code, name, row.line, why);
            if row.values[0].is_empty() {
                nobodys.push(at(FaultCode::UnusableInput, "connection_id is empty".into()));
                continue;
            }
            match read_change(&row) {
                Err(why) => self.blame(&row.values[0], at(FaultCode::UnreadableRow, why)),
                Ok(change) => {
                    let here = at(FaultCode::BrokenChain, String::new());
                    let id: Arc<str> = row.values[0].as_str().into();
                    self.changes.entry(id).or_default().push((change, here));
                }
            }
        }
        // Whose change it was cannot be told, so no connection's history can be trusted.
        nobodys.sort_by_key(|fault| fault.line);
        crate::Error::from_faults(ErrorKind::Input, nobodys).map_or(Ok(()), Err)
    }

    fn finish(mut self, changes_given: bool) -> Inventory {
        let mut rows = Vec::new();
        let mut changed_within_region = Vec::new();
        let changes = std::mem::take(&mut self.changes);
        for (id, changes) in &changes {
            if !self.connections.contains_key(id) && !self.faulty.contains_key(id) {
                let why = format!("connection {id} is not in the inventory; add it to --connections");
                let code = FaultCode::UnknownConnection;
                self.faults.extend(changes.iter().map(|(_, here)| explain(here, code, why.clone())));
            }
        }
        for (id, (connection, _)) in std::mem::take(&mut self.connections) {
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
                    self.blame(&id, explain_chain(&connection, own, broken));
                }
                Err(_) => {}
                Ok(history) => rows.push((connection, history)),
            }
        }
        rows.retain(|(connection, _)| !self.faulty.contains_key(&connection.id));
        Inventory::assemble(rows, self.faulty, self.faults, changes_given, changed_within_region)
    }
}

fn place_of(fault: &Fault) -> String {
    format!("{}:{}", fault.input.as_deref().unwrap_or_default(), fault.line.unwrap_or_default())
}

fn explain(here: &Fault, code: FaultCode, message: String) -> Fault {
    Fault { code, message, ..here.clone() }
}

fn explain_chain(connection: &Connection, changes: &[(LinkChange, Fault)], broken: BrokenChain) -> Fault {
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
                "the last change of {} ends with {ends_with}, but the inventory says {}; \
                 a change is missing or the inventory is of another day",
                connection.id, connection.link_type
            ),
        ),
    };
    explain(&changes[index].1, FaultCode::BrokenChain, why)
}

fn read_connection(row: &TableRow, check_region: RegionCheck<'_>) -> Result<Connection, String> {
    for (column, value) in REQUIRED[..5].iter().zip(&row.values) {
        if value.is_empty() {
            return Err(format!("{column} is empty"));
        }
        if value.trim() != value {
            return Err(format!("{column} {value:?} has spaces around it"));
        }
    }
    let cidrs = |column: usize| {
        let blocks = row.optional(column).unwrap_or_default().split(' ').filter(|block| !block.is_empty());
        blocks.map(str::parse).collect::<Result<_, String>>()
    };
    let end = |account: usize, region: usize, vpc: usize, blocks: usize| -> Result<End, String> {
        let region_id = row.values[region].as_str();
        check_region(region_id).map_err(|why| format!("{}: {why}", REQUIRED[region]))?;
        Ok(End {
            account_id: row.values[account].as_str().into(),
            region: region_id.into(),
            vpc_id: row.optional(vpc).map(Into::into),
            cidrs: cidrs(blocks)?,
        })
    };
    let instant = |column: usize| {
        row.optional(column)
            .map(|text| {
                let name = OPTIONAL[column - REQUIRED.len()];
                Timestamp::parse(text).map_err(|why| format!("{name} {text:?}: {why}"))
            })
            .transpose()
    };
    let connection = Connection {
        id: row.values[0].as_str().into(),
        requester: end(1, 2, 6, 12)?,
        accepter: end(3, 4, 7, 13)?,
        // R8: inside a region it is ignored, omitted it means Gold.
        link_type: match row.optional(5) {
            Some(text) if row.values[2] != row.values[4] => text.parse()?,
            _ => LinkType::Gold,
        },
        bandwidth: read_bandwidth(row.optional(8))?,
        created_at: instant(9)?,
        deleted_at: instant(10)?,
        name: row.optional(11).map(Into::into),
    };
    match (connection.created_at, connection.deleted_at) {
        (Some(created), Some(deleted)) if deleted < created => {
            Err(format!("deleted_at {deleted} is before created_at {created}"))
        }
        _ => Ok(connection),
    }
}

fn read_bandwidth(text: Option<&str>) -> Result<Bandwidth, String> {
    match text {
        None => Ok(Bandwidth::DEFAULT),
        Some("-1") => Ok(Bandwidth::Unlimited),
        Some(text) => text
            .parse()
            .ok()
            .filter(|&mbps| mbps > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Bandwidth::Mbps)
            .ok_or_else(|| {
                format!("bandwidth_mbps {text:?} is not a whole number of Mbit/s above 0 (-1: unlimited)")
            }),
    }
}

fn read_change(row: &TableRow) -> Result<LinkChange, String> {
    let [id, at, from, to] = &row.values[..] else { return Err("the row has too few fields".into()) };
    debug_assert!(!id.is_empty(), "refused before");
    Ok(LinkChange {
        at: Timestamp::parse(at).map_err(|why| format!("changed_at {at:?}: {why}"))?,
        from: from.parse().map_err(|why| format!("from_link_type: {why}"))?,
        to: to.parse().map_err(|why| format!("to_link_type: {why}"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type";
    const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";

    fn first_fault(rows: &str) -> String {
        inventory(&format!("{HEADER}\n{rows}\n"), None).unwrap_err().to_string()
    }

    #[test]
    fn r15_bad_connection_rows_name_the_column() {
        assert!(
            first_fault("pcc-1,,cn-beijing,2,cn-shanghai,Gold")
                .contains("connections:2: requester_account_id is empty")
        );
        assert!(first_fault("pcc-1,1,cn-beijing,2,cn-shanghai,gold").contains("did you mean \"Gold\"?"));
        assert!(first_fault("pcc-1,1,cn-beijing,2").contains("4 fields where the header has 6"));
        let twice = "pcc-1,1,cn-beijing,2,cn-shanghai,Gold\npcc-1,1,cn-beijing,2,cn-shanghai,Gold";
        assert!(
            first_fault(twice).contains(
                "connections:3: connection pcc-1 stands here a second time; first at connections:2"
            )
        );
    }

    #[test]
    fn r8_inside_a_region_the_link_type_and_its_changes_are_ignored() {
        let changes = format!("{CHANGES}pcc-1,2026-10-05T03:00:00Z,Gold,Platinum\n");
        let inventory =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-beijing,Silver\n"), Some(&changes))
                .unwrap();
        assert_eq!(inventory.changed_within_region().len(), 1);
        assert_eq!(inventory.connection(0).link_type, LinkType::Gold);
    }

    #[test]
    fn r8_an_omitted_link_type_is_gold() {
        let inventory = inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), None).unwrap();
        assert_eq!(inventory.connection(0).link_type, LinkType::Gold);
    }

    #[test]
    fn r15_a_change_of_an_unknown_connection_is_refused() {
        let changes = format!("{CHANGES}pcc-9,2026-10-05T03:00:00Z,Gold,Platinum\n");
        let error =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), Some(&changes)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "link changes:2: connection pcc-9 is not in the inventory; add it to --connections"
        );
    }

    #[test]
    fn an_account_id_beyond_2_to_the_53_stays_itself() {
        let id = "90071992547409931234567890";
        let inventory =
            inventory(&format!("{HEADER}\npcc-1,{id},cn-beijing,2,cn-shanghai,\n"), None).unwrap();
        assert_eq!(&*inventory.connection(0).requester.account_id, id);
    }

    #[test]
    fn address_blocks_may_be_given_with_a_space_between_them() {
        let header = format!("{HEADER},accepter_cidrs");
        let rows = |blocks| format!("{header}\npcc-1,1,cn-beijing,2,cn-shanghai,,{blocks}\n");
        let read = inventory(&rows("172.16.0.0/16 2001:db8::/56"), None).unwrap();
        assert_eq!(read.connection(0).accepter.cidrs.len(), 2);
        assert!(read.connection(0).requester.cidrs.is_empty());
        assert!(inventory(&rows("172.16.0.1/16"), None).is_err());
    }

    #[test]
    fn bandwidths_are_whole_numbers() {
        assert_eq!(read_bandwidth(None), Ok(Bandwidth::Mbps(1024)));
        assert_eq!(read_bandwidth(Some("-1")), Ok(Bandwidth::Unlimited));
        assert_eq!(Bandwidth::DEFAULT.bytes_per_hour(), Some(460_800_000_000));
        for text in ["0", "-2", "1.5", "+5", "x"] {
            assert!(read_bandwidth(Some(text)).is_err(), "{text}");
        }
    }
}
