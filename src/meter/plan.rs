//! What one reading of the records is for, and what all of its workers share.

use super::{duplicates::repeated::Repeated, lookup::Lookup, routes::Routes, settings::Rules};
use crate::model::inventory::Inventory;
use std::sync::Arc;

/// What one reading of the records is for.
#[derive(Clone, Copy)]
pub(super) enum Goal<'a> {
    /// To bill them.
    Bill {
        /// Records of which there are several are held.
        repeated: &'a Repeated,
        /// Whether digests of records are noted, to find such.
        note_digests: bool,
    },
    /// To collect which records there are, of these ends alone.
    Collect(&'a [bool]),
}

/// What all workers of one reading share.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    /// The names of the sources.
    pub names: &'a [Arc<str>],
    pub inventory: &'a Inventory,
    pub lookup: &'a Lookup<'a>,
    pub routes: &'a Routes<'a>,
    pub rules: &'a Rules,
    pub goal: Goal<'a>,
}
