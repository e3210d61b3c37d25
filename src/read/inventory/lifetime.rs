//! When a connection was created and deleted, as a trail records it.

use crate::{
    error::{Fault, FaultCode},
    model::{connection::Status, time::Timestamp},
    read::{
        changes::{Call, Event},
        connections::ConnectionRow,
    },
};

/// How far apart, in seconds, an event and the inventory may date one creation or deletion.
const SAME_TIME: i64 = 3600;

/// Sets when the connection was created and deleted; refuses what the inventory contradicts.
pub(super) fn set_lifetime(row: &mut ConnectionRow, events: &[Event]) -> Result<(), Fault> {
    let (connection, place) = (&mut row.connection, &row.place);
    let creation = events.iter().find(|event| event.call == Call::Create);
    let contradiction = |event: &Event, why: String| Err(event.place.fault(FaultCode::FaultyConnection, why));
    if let Some(creation) = creation {
        let second =
            events.iter().find(|event| event.call == Call::Create && event.link_type != creation.link_type);
        if let Some(second) = second {
            let why = format!(
                "{} is created here with another link type than at {}",
                connection.id, creation.place
            );
            return contradiction(second, why);
        }
        let known = *connection.created_at.get_or_insert(creation.at);
        if apart(known, creation.at) {
            let why = format!(
                "the trail creates {} at {}, but the inventory says {known} ({place})",
                connection.id, creation.at
            );
            return contradiction(creation, why);
        }
    }
    // Of several calls that succeeded, the last one found it still there.
    let Some(deletion) = events.iter().rfind(|event| event.call == Call::Delete) else { return Ok(()) };
    let gone = [Status::Deleting, Status::Deleted];
    if let Some(status) = connection.status.filter(|status| !gone.contains(status)) {
        let why = format!(
            "the trail deletes {} at {}, but the inventory shows it as {} ({place}); is it of another day?",
            connection.id,
            deletion.at,
            status.as_str()
        );
        return contradiction(deletion, why);
    }
    let known = *connection.deleted_at.get_or_insert(deletion.at);
    if apart(known, deletion.at) {
        let why = format!(
            "the trail deletes {} at {}, but the inventory says {known} ({place})",
            connection.id, deletion.at
        );
        return contradiction(deletion, why);
    }
    match connection.created_at.filter(|created| *created > known) {
        Some(created) => {
            let why = format!(
                "{} is deleted at {known}, before its creation at {created} ({place})",
                connection.id
            );
            contradiction(deletion, why)
        }
        None => Ok(()),
    }
}

fn apart(one: Timestamp, other: Timestamp) -> bool {
    (one.seconds() - other.seconds()).abs() > SAME_TIME
}
