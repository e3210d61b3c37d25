//! Link changes, in any form in which they are kept.

mod csv;

use crate::{
    error::Result,
    read::{Document, connections::builder::Builder},
};

/// Reads a document by its content.
pub(super) fn read(document: &Document, builder: &mut Builder) -> Result<()> {
    csv::read(document, builder)
}
