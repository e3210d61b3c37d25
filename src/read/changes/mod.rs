//! Link changes, in any form in which they are kept.

mod actiontrail;
mod csv;
pub(super) mod event;
pub(super) mod history;
pub(super) mod trail;

use crate::{
    error::Result,
    read::{
        Document,
        connections::{builder::Builder, rows_of},
        json,
    },
};

/// How a document of link changes is written, and how many changes or events it has.
pub fn describe(document: &Document) -> Result<(String, u64)> {
    if json::is_json(document) {
        return Ok(("ActionTrail events, JSON".into(), actiontrail::count(document)?));
    }
    let name = if actiontrail::columns(document).is_some() { "ActionTrail events, CSV" } else { "CSV" };
    Ok((name.into(), rows_of(document)))
}

/// Reads a document by its content.
pub(super) fn read(document: &Document, builder: &mut Builder) -> Result<()> {
    if json::is_json(document) {
        return actiontrail::read_json(document, builder);
    }
    match actiontrail::columns(document) {
        Some(columns) => actiontrail::read_csv(document, &columns, builder),
        None => csv::read(document, builder),
    }
}
