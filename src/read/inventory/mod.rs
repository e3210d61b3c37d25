//! Connections and their link changes, put together: one row and one history of the link type per connection.
//!
//! The readers of [`connections`](super::connections) and of [`changes`](super::changes) know nothing of each other;
//! here the rows of all documents become one [`Inventory`], and what a trail records is held against it.

mod assembly;
mod history;

use crate::{
    error::{Error, ErrorKind, Result},
    model::{invalid::Invalid, inventory::Inventory, link::LinkType, time::Hour},
    parallel::both,
    read::{
        Document,
        changes::{self, FoundChanges},
        connections::{ConnectionReader, RegionCheck},
        terraform::StatedRequesters,
    },
};
use assembly::Assembly;
use std::collections::BTreeMap;

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
    Ok(changes)
}

/// What the inputs of an inventory do not say themselves.
#[non_exhaustive]
#[derive(Clone)]
pub struct InventorySettings<'a> {
    /// Whether a region may be named: [`Catalog::check_region`](crate::Catalog::check_region) says so of a catalog's.
    pub check_region: RegionCheck<'a>,
    /// Accounts and regions of requesters, which a Terraform state does not have everywhere.
    pub requesters: Option<&'a StatedRequesters>,
    /// Link types before the first change that a trail has.
    pub link_types_before: LinkTypesBefore,
    /// The first hour that will be billed, where that is known: what a trail lacks of earlier hours then
    /// needs no statement, and the inventory is good from this hour on.
    pub billed_from: Option<Hour>,
    /// Whether documents may hold no connection at all: where somebody looks at inputs, and bills nothing.
    pub may_be_empty: bool,
}

impl<'a> InventorySettings<'a> {
    /// To check regions, and to state nothing else.
    pub fn new(check_region: RegionCheck<'a>) -> Self {
        Self {
            check_region,
            requesters: None,
            link_types_before: LinkTypesBefore::default(),
            billed_from: None,
            may_be_empty: false,
        }
    }

    /// With what is stated about requesters.
    #[must_use]
    pub fn with_requesters(self, requesters: &'a StatedRequesters) -> Self {
        Self { requesters: Some(requesters), ..self }
    }
}

/// Link types before the first change that a trail has, where it does not reach back to the creation (R7).
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkTypesBefore {
    /// Of every connection that is not stated itself.
    pub of_all: Option<LinkType>,
    /// By connection id.
    pub of: BTreeMap<String, LinkType>,
}

impl LinkTypesBefore {
    /// What the setting is called.
    const SETTING: &'static str = "link-type-before";

    /// Reads `Gold`, for every connection, and `pcc-aaa=Platinum`, for one.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where a link type is not one, and where two types are stated for the same.
    pub fn parse<'a>(statements: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut stated = Self::default();
        for statement in statements {
            let bad = |why: &str| Error::setting(Self::SETTING, format!("{statement}: {why}"));
            let (id, link_type) = match statement.rsplit_once('=') {
                Some((id, link_type)) => (Some(id), link_type),
                None => (None, statement),
            };
            let link_type = link_type.parse().map_err(|why: Invalid| bad(why.message()))?;
            let before = match id {
                Some(id) => stated.of.insert(id.into(), link_type),
                None => stated.of_all.replace(link_type),
            };
            if before.is_some_and(|before| before != link_type) {
                return Err(bad("another type was stated before"));
            }
        }
        Ok(stated)
    }
}
