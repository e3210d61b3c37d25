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
    let size = changes.iter().map(|document| document.text.len()).sum::<usize>();
    let (connections, changes) = match size < WORTH_A_THREAD {
        true => (read_connections(connections, settings), read_changes(changes)),
        false => both(|| read_connections(connections, settings), || read_changes(changes)),
    };
    let (mut assembly, FoundChanges { rows, refused, trail }) = (connections?, changes?);
    assembly.take_changes(rows, refused);
    assembly::follow(trail, &mut assembly, settings);
    assembly.check_statements(&settings.link_types_before)?;
    Ok(assembly.finish(link_changes.is_some()))
}

/// Changes of so many bytes are read beside connections.
const WORTH_A_THREAD: usize = if cfg!(test) { 1 } else { 1 << 16 };

fn read_connections(connections: &[Document], settings: &InventorySettings<'_>) -> Result<Assembly> {
    let mut assembly = Assembly::default();
    let mut reader = ConnectionReader::new(settings.check_region, settings.requesters);
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

fn read_changes(link_changes: &[Document]) -> Result<FoundChanges> {
    let mut changes = FoundChanges::default();
    link_changes.iter().try_for_each(|document| changes::read(document, &mut changes))?;
    changes.rows.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
    Ok(changes)
}
