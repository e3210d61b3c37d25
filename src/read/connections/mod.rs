//! Connections, in any form in which they are kept, and with their link changes an [`Inventory`].

pub(super) mod builder;
pub(super) mod csv;
mod provider;
mod shared;
mod terraform;

use crate::{
    error::{Error, ErrorKind, Result},
    model::{inventory::Inventory, link::LinkType, time::Hour},
    read::{Document, changes, json, rows::Rows, terraform::StatedRequesters},
};
use builder::Builder;
use std::collections::BTreeMap;

/// Says whether a region id may be named, and if not, why.
pub type RegionCheck<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// What the inputs of an inventory do not tell themselves.
#[derive(Clone)]
pub struct InventorySettings<'a> {
    /// Whether a region may be named.
    pub check_region: RegionCheck<'a>,
    /// Accounts and regions of requesters, which a Terraform state does not tell everywhere.
    pub requesters: Option<&'a StatedRequesters>,
    /// Link types before the first change that a trail knows.
    pub link_types_before: LinkTypesBefore,
    /// The first hour that will be billed, where that is known: what a trail does not tell of earlier hours then
    /// needs no statement, and the inventory is good from this hour on.
    pub billed_from: Option<Hour>,
}

/// Link types before the first change that a trail knows, where it does not reach back to the creation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkTypesBefore {
    /// Of every connection that is not stated itself.
    pub of_all: Option<LinkType>,
    /// By connection id.
    pub of: BTreeMap<String, LinkType>,
}

impl LinkTypesBefore {
    /// Reads `Gold`, for every connection, and `pcc-aaa=Platinum`, for one.
    pub fn parse<'a>(statements: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut stated = Self::default();
        for statement in statements {
            let bad = |why: &str| Error::usage(format!("--link-type-before {statement}: {why}"));
            let (id, link_type) = match statement.rsplit_once('=') {
                Some((id, link_type)) => (Some(id), link_type),
                None => (None, statement),
            };
            let link_type = link_type.parse().map_err(|why: String| bad(&why))?;
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

impl<'a> InventorySettings<'a> {
    /// To check regions, and to state nothing else.
    pub fn new(check_region: RegionCheck<'a>) -> Self {
        Self {
            check_region,
            requesters: None,
            link_types_before: LinkTypesBefore::default(),
            billed_from: None,
        }
    }

    /// With what is stated about requesters.
    #[must_use]
    pub fn with_requesters(self, requesters: &'a StatedRequesters) -> Self {
        Self { requesters: Some(requesters), ..self }
    }
}

/// How a document of connections is written, and how many of them it has.
pub fn describe(document: &Document) -> Result<(String, u64)> {
    if json::is_json(document) { provider::describe(document) } else { Ok(("CSV".into(), rows_of(document))) }
}

/// Rows under the header of a CSV document.
pub(super) fn rows_of(document: &Document) -> u64 {
    let mut rows = Rows::new(&document.text[..]);
    let mut count: u64 = 0;
    while let Ok(Some(_)) = rows.next() {
        count += 1;
    }
    count.saturating_sub(1)
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
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(inventory), Err)
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
    builder.finish(link_changes.is_some(), settings)
}
