//! Connections, in any form in which they are kept, and with their link changes an [`Inventory`].

pub(super) mod builder;
pub(super) mod csv;
mod provider;
mod terraform;

use crate::{
    error::{ErrorKind, Result},
    model::connection::Inventory,
    read::{Document, changes, json, terraform::StatedRequesters},
};
use builder::Builder;

/// Says whether a region id may be named, and if not, why.
pub type RegionCheck<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// What the inputs of an inventory do not tell themselves.
#[derive(Clone, Copy)]
pub struct InventorySettings<'a> {
    /// Whether a region may be named.
    pub check_region: RegionCheck<'a>,
    /// Accounts and regions of requesters, which a Terraform state does not tell everywhere.
    pub requesters: Option<&'a StatedRequesters>,
}

impl<'a> InventorySettings<'a> {
    /// To check regions, and to state nothing else.
    pub fn new(check_region: RegionCheck<'a>) -> Self {
        Self { check_region, requesters: None }
    }

    /// With what is stated about requesters.
    #[must_use]
    pub fn with_requesters(self, requesters: &'a StatedRequesters) -> Self {
        Self { requesters: Some(requesters), ..self }
    }
}

/// Reads connections and link changes from CSV or JSON text, taking any region id.
///
/// For input from users, [`read_inventory`] names the inputs and checks the regions.
pub fn inventory(connections: &str, link_changes: Option<&str>) -> Result<Inventory> {
    let connections = [Document::new("connections", connections)];
    let changes = link_changes.map(|text| [Document::new("link changes", text)]);
    let settings = InventorySettings::new(&|_| Ok(()));
    let inventory = read_inventory(&connections, changes.as_ref().map(|list| &list[..]), &settings)?;
    let faults = inventory.faults().to_vec();
    crate::Error::from_faults(ErrorKind::Input, faults).map_or(Ok(inventory), Err)
}

/// Reads connections and link changes, each document by its content.
///
/// Bad rows do not fail it: they are [`Inventory::faults`], and the traffic of their connections is
/// refused under that one cause (R15). It fails where an input cannot be read as a whole, or where a
/// link change cannot be told to belong to any connection.
pub fn read_inventory(
    connections: &[Document],
    link_changes: Option<&[Document]>,
    settings: &InventorySettings<'_>,
) -> Result<Inventory> {
    let mut builder = Builder::default();
    let mut exports = provider::Exports::default();
    for document in connections {
        if json::is_json(document) {
            exports.read(document, settings, &mut builder)?;
        } else {
            csv::read(document, settings.check_region, &mut builder)?;
        }
    }
    exports.check_pages(&mut builder);
    for document in link_changes.unwrap_or_default() {
        changes::read(document, &mut builder)?;
    }
    Ok(builder.finish(link_changes.is_some()))
}
