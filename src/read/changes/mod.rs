//! Link changes, in any form in which they are kept.

mod actiontrail;
mod csv;
pub(super) mod event;
pub(super) mod history;
pub(super) mod trail;

use crate::{
    error::Result,
    read::{Document, connections::builder::Builder, json},
};

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
