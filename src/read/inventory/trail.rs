//! What trails record, held against the connections: when they were created and deleted, and their link changes.

use super::{assembly::Assembly, history::link_changes, lifetime::set_lifetime, settings::InventorySettings};
use crate::{
    error::{Fault, FaultCode},
    model::finding::{Finding, FindingCode},
    read::{
        changes::{Call, Event, PlacedChange, Trail},
        connections::ConnectionRow,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Turns the events of trails into lifetimes and link changes.
///
/// A trail covers more than the inventory does, so that events of connections that it lacks are counted, not refused.
pub(super) fn follow(mut trail: Trail, assembly: &mut Assembly, settings: &InventorySettings<'_>) {
    let (by_connection, refused) = trail.sort_out();
    let (mut used, mut elsewhere) = (BTreeMap::new(), BTreeMap::<Arc<str>, u64>::new());
    for (id, fault) in refused {
        if assembly.knows(&id) {
            assembly.refuse(&id, fault);
        } else {
            *elsewhere.entry(id).or_default() += 1;
        }
    }
    for (id, events) in by_connection {
        if !assembly.knows(&id)
            && let Some(row) = deleted_connection(&events, settings)
        {
            assembly.finding(row_from_trail(&id));
            assembly.add(row);
        }
        if !assembly.knows(&id) {
            *elsewhere.entry(id).or_default() += events.len() as u64;
            continue;
        }
        for event in &events {
            *used.entry(event.call).or_default() += 1;
        }
        match changes_of(&id, &events, assembly, settings) {
            Some(Ok(changes)) => assembly.set_changes(id, changes),
            Some(Err(fault)) => assembly.refuse(&id, fault),
            None => {}
        }
    }
    for finding in trail.findings(&used, &elsewhere) {
        assembly.finding(finding);
    }
}

/// Sets the lifetime of a connection; returns its link changes, or what contradicts the inventory. `None` where the
/// connection has no row that can be read.
fn changes_of(
    id: &str,
    events: &[Event],
    assembly: &mut Assembly,
    settings: &InventorySettings<'_>,
) -> Option<Result<Vec<PlacedChange>, Fault>> {
    let in_table = assembly.first_change(id).cloned();
    let row = assembly.row_mut(id)?;
    if let Some(place) = in_table {
        let why = format!("a trail and a table ({place}) both have changes of {id}; give one of them");
        return Some(Err(events[0].place.fault(FaultCode::BrokenChain, why)));
    }
    Some(set_lifetime(row, events).and_then(|()| link_changes(row, events, settings)))
}

/// The row of a connection that was created and deleted within the trail, and that the inventory lacks.
///
/// Without its deletion it should be in the inventory, and what its creation does not say is not made up.
fn deleted_connection(events: &[Event], settings: &InventorySettings<'_>) -> Option<ConnectionRow> {
    let deleted = events.iter().any(|event| event.call == Call::Delete);
    let creation = events.iter().find(|event| event.call == Call::Create).filter(|_| deleted)?;
    let mut connection = creation.created.as_deref()?.clone();
    for end in [&connection.requester, &connection.accepter] {
        (settings.check_region)(&end.region).ok()?;
    }
    // Without an inventory, the last type is the one that it ended with. R8: inside a region there is none.
    if !connection.within_region() {
        connection.link_type = events.iter().filter_map(|event| event.link_type).next_back()?;
    }
    Some(ConnectionRow { connection, place: creation.place.clone(), may_repeat: false })
}

fn row_from_trail(id: &Arc<str>) -> Finding {
    let message = format!("{id} is not in the inventory; the trail tells its row, from creation to deletion");
    Finding::new(FindingCode::RowFromTrail, message).about(id)
}
