//! Connections and their link changes, put together: one row and one history of the link type per connection.
//!
//! The readers of [`connections`](super::connections) and of [`changes`](super::changes) know nothing of each other;
//! here the rows of all documents become one [`Inventory`], and what a trail records is held against it.

mod assembly;
mod history;
mod settings;

pub use settings::{InventorySettings, LinkTypesBefore};

use crate::{
    error::{Error, ErrorKind, Result},
    model::inventory::Inventory,
    parallel::both,
    read::{
        Document,
        changes::{self, FoundChanges},
        connections::ConnectionReader,
        json,
        table::is_cut_at_lines,
    },
};
use assembly::Assembly;

/// Reads connections and link changes from CSV or JSON text, taking any region id.
///
/// For input from users, [`read_inventory`] names the inputs and checks the regions. `link_changes` is `None` where
/// none were given, which reports tell (R16).
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) with everything that is wrong with a row, or what makes an input unusable; the inputs
/// are called `connections` and `link changes`.
pub fn inventory(connections: &str, link_changes: Option<&str>) -> Result<Inventory> {
    let connections = [Document::new("connections", connections)];
    let changes = link_changes.map(|text| [Document::new("link changes", text)]);
    let settings = InventorySettings::new(&|_| Ok(()));
    let inventory = read_inventory(&connections, changes.as_ref().map(|list| &list[..]), &settings)?;
    let faults = inventory.faults().to_vec();
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(inventory), Err)
}

/// Reads connections and link changes, each document by its content.
///
/// `link_changes` is `None` where none were given, which is not the same as documents without a change: reports say so
/// (R16).
///
/// Bad rows do not fail it: they are [`Inventory::faults`], and the traffic of their connections is
/// refused under that one cause (R15).
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where an input cannot be read as a whole, where no document holds a connection, and where
/// a link change names none;
/// [`Usage`](ErrorKind::Usage) where the settings state something about a connection or a provider that is not there.
pub fn read_inventory(
    connections: &[Document],
    link_changes: Option<&[Document]>,
    settings: &InventorySettings<'_>,
) -> Result<Inventory> {
    let changes = link_changes.unwrap_or_default();
    let read_connections = || read_connections(connections, settings);
    let read_changes = || read_changes(changes, settings.threads);
    // Where one thread alone can read a document, another may read the others meanwhile.
    let one_by_one = settings.threads < 2 || connections.iter().chain(changes).all(is_read_in_parts);
    let (connections, changes) = match one_by_one || size_of_all(changes) < WORTH_A_THREAD {
        true => (read_connections(), read_changes()),
        false => both(read_connections, read_changes),
    };
    let (mut assembly, FoundChanges { rows, refused, trail }) = (connections?, changes?);
    assembly.take_changes(rows, refused);
    assembly::follow(trail, &mut assembly, settings);
    assembly.check_statements(&settings.link_types_before)?;
    Ok(assembly.finish(link_changes.is_some()))
}

/// Changes of so many bytes are read beside connections.
const WORTH_A_THREAD: usize = if cfg!(test) { 1 } else { 1 << 16 };

fn size_of_all(documents: &[Document]) -> usize {
    documents.iter().map(|document| document.text.len()).sum()
}

/// Whether several threads can read it.
fn is_read_in_parts(document: &Document) -> bool {
    !json::is_json(document) && is_cut_at_lines(&document.text)
}

fn read_connections(connections: &[Document], settings: &InventorySettings<'_>) -> Result<Assembly> {
    let mut assembly = Assembly::default();
    let mut reader = ConnectionReader::new(settings.check_region, settings.requesters, settings.threads);
    for document in connections {
        assembly.expect(document);
        reader.read(document, &mut |found| assembly.take(found))?;
    }
    reader.check_pages(&mut |found| assembly.take(found));
    if assembly.is_empty() {
        // Traffic of its connections would be refused as unknown, which tells nobody where to look.
        let nothing = reader.without();
        match Error::from_faults(ErrorKind::Input, nothing.clone()) {
            Some(error) if !settings.may_be_empty => return Err(error),
            _ => nothing.into_iter().for_each(|fault| assembly.refuse("", fault)),
        }
    }
    Ok(assembly)
}

fn read_changes(link_changes: &[Document], threads: usize) -> Result<FoundChanges> {
    let mut changes = FoundChanges::default();
    link_changes.iter().try_for_each(|document| changes::read(document, threads, &mut changes))?;
    changes.rows.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that can be told of an inventory, or why there is none.
    fn told(connections: &str, changes: &str, threads: usize) -> Result<String, String> {
        let documents = [Document::new("connections", connections)];
        let changes = [Document::new("changes", changes)];
        let settings = InventorySettings { threads, ..InventorySettings::new(&|_| Ok(())) };
        let read =
            read_inventory(&documents, Some(&changes), &settings).map_err(|error| error.to_string())?;
        let mut faulty: Vec<_> = read.faulty().collect();
        faulty.sort_by_key(|(id, _)| *id);
        let histories: Vec<_> =
            (0..read.connections().len()).map(|index| read.history(index).clone()).collect();
        Ok(format!("{:?} {histories:?} {:?} {faulty:?}", read.connections(), read.faults()))
    }

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
        link_type\n";
    const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";

    proptest! {
        /// Rows of every dirt, in any order, are one inventory or one refusal on any number of threads.
        #[test]
        fn r17_an_inventory_does_not_depend_on_threads(
            ids in prop::collection::vec((0..60, 0..20), 0..50),
            changes in prop::collection::vec((0..60, 0..40, any::<bool>()), 0..30),
            is_sorted: bool,
        ) {
            let mut ids = ids;
            if is_sorted {
                ids.sort_unstable();
            }
            let row = |(id, kind): &(i32, i32)| match kind {
                0 => format!("pcc-{id:02},,cn-beijing,2,cn-shanghai,Gold\n"),
                1 => format!("pcc-{id:02},1,cn-beijing\n"),
                2 => format!("\"pcc-{id:02}\",1,cn-beijing,\"2\n\",cn-shanghai,Gold\n"),
                _ => format!("pcc-{id:02},{kind},cn-beijing,2,cn-shanghai,Platinum\n"),
            };
            let connections = format!("{CONNECTIONS}{}", ids.iter().map(row).collect::<String>());
            let change = |(id, kind, is_quoted): &(i32, i32, bool)| {
                let at = if *is_quoted { "\"2026-10-05T03:00:00Z\"" } else { "2026-10-05T03:00:00Z" };
                match kind {
                    0 => format!(",{at},Gold,Platinum\n"),
                    1 => format!("pcc-{id:02},{at},Gold\n"),
                    _ => format!("pcc-{id:02},{at},Gold,Platinum\n"),
                }
            };
            let changes = format!("{CHANGES}{}", changes.iter().map(change).collect::<String>());
            let alone = told(&connections, &changes, 1);
            for threads in 2..4 {
                prop_assert_eq!(&told(&connections, &changes, threads), &alone);
            }
        }

        /// Rows are sorted where they are not already, and nothing else is made of their order.
        #[test]
        fn r17_connections_in_any_order_are_one_inventory(
            shuffled in prop::collection::btree_set(0..99, 0..40).prop_map(Vec::from_iter).prop_shuffle(),
            changed in prop::collection::btree_set(0..99, 0..9),
        ) {
            let row = |id: &i32| format!("pcc-{id:02},1,cn-beijing,2,cn-shanghai,Platinum\n");
            let mut sorted = shuffled.clone();
            sorted.sort_unstable();
            let [shuffled, sorted] = [shuffled, sorted]
                .map(|ids| format!("{CONNECTIONS}{}", ids.iter().map(row).collect::<String>()));
            let change = |id: &i32| format!("pcc-{id:02},2026-10-05T03:00:00Z,Gold,Platinum\n");
            let changes = format!("{CHANGES}{}", changed.iter().map(change).collect::<String>());
            prop_assert_eq!(told(&shuffled, &changes, 1), told(&sorted, &changes, 1));
        }
    }
}
