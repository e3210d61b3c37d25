//! Link changes, in any form in which they are kept: tables, and events of an ActionTrail.
//!
//! Each document is read by its content. What the events of a trail say about a connection is worked out in
//! [`inventory`](super::inventory), which knows the connection.

mod actiontrail;
mod csv;
mod event;

pub(in crate::read) use event::Trail;
pub(in crate::read) use event::{Call, Event};
pub(in crate::read) use event::{FoundChanges, PlacedChange};

use crate::{
    error::Result,
    read::{Document, answer::check_text, json, rows},
};

/// How a document of link changes is written, in words, and how many changes or events it has, good or bad.
///
/// # Errors
///
/// [`Input`](crate::ErrorKind::Input) where a JSON document cannot be read as a whole.
pub fn describe(document: &Document) -> Result<(String, u64)> {
    if json::is_json(document) {
        return Ok(("ActionTrail events, JSON".into(), actiontrail::count(document)?));
    }
    let name = if actiontrail::columns(document).is_some() { "ActionTrail events, CSV" } else { "CSV" };
    Ok((name.into(), rows::count_under_header(&document.text)))
}

/// Reads a document by its content; fails where a row or an event names no connection.
pub(in crate::read) fn read(document: &Document, found: &mut FoundChanges) -> Result<()> {
    if json::is_json(document) {
        return actiontrail::read_json(document, &mut found.trail);
    }
    check_text(document)?;
    match actiontrail::columns(document) {
        Some(columns) => actiontrail::read_csv(document, &columns, &mut found.trail),
        None => csv::read(document, found),
    }
}
