//! The link changes that a trail records of one connection.

use crate::{
    error::{Fault, FaultCode},
    model::{
        invalid::{Invalid, Remedy},
        link::{LinkType, TypeChange},
    },
    read::{
        changes::{Call, Event, PlacedChange},
        connections::ConnectionRow,
        inventory::settings::InventorySettings,
    },
};

/// The link changes of the connection of `row`, whose events these are, in time order.
///
/// A modification names the new type alone: the one before is that of the event before it, of the creation, or
/// what the settings state.
///
/// Of a connection whose row does not tell its link type, the last event tells it.
pub(super) fn link_changes(
    row: &mut ConnectionRow,
    events: &[Event],
    settings: &InventorySettings<'_>,
) -> Result<Vec<PlacedChange>, Fault> {
    let creation = events.iter().find(|event| event.call == Call::Create);
    let changes: Vec<&Event> = events.iter().filter(|event| event.call == Call::Modify).collect();
    let Some(first) = changes.first() else {
        return creation.map_or(Ok(Vec::new()), |creation| unchanged(row, creation));
    };
    let told = row.link_type_told.then_some(row.connection.link_type);
    if let Some(creation) = creation.filter(|creation| first.at < creation.at) {
        let why = format!(
            "the trail changes {} at {}, before its creation at {} ({})",
            row.connection.id, first.at, creation.at, creation.place
        );
        return Err(first.place.fault(FaultCode::BrokenChain, why));
    }
    let before = type_before(row, first, creation, settings)?;
    Ok(chain(&changes, before, told))
}

/// A connection that the trail creates and never changes has the type that it was created with.
fn unchanged(row: &mut ConnectionRow, creation: &Event) -> Result<Vec<PlacedChange>, Fault> {
    if let Some(created) = creation.link_type.filter(|_| !row.link_type_told) {
        (row.connection.link_type, row.link_type_told) = (created, true);
    }
    let connection = &row.connection;
    match creation.link_type {
        Some(created) if created != connection.link_type && !connection.within_region() => {
            let why = format!(
                "the trail creates {} with {created} and never changes it, but the inventory says {} ({})",
                connection.id, connection.link_type, row.place
            );
            Err(creation.place.fault(FaultCode::BrokenChain, why))
        }
        _ => Ok(Vec::new()),
    }
}

/// The link type just before the first change, which R7 needs.
fn type_before(
    row: &ConnectionRow,
    first: &Event,
    creation: Option<&Event>,
    settings: &InventorySettings<'_>,
) -> Result<LinkType, Fault> {
    let (connection, before) = (&row.connection, &settings.link_types_before);
    let stated = before.of.get(&*connection.id).copied();
    let fault = |event: &Event, why: Invalid| Err(event.place.fault(FaultCode::BrokenChain, why));
    let to = first.link_type.unwrap_or(connection.link_type);
    if let Some(creation) = creation {
        let created = creation.link_type.unwrap_or(LinkType::Gold);
        return match stated.filter(|stated| *stated != created) {
            Some(stated) => {
                let why = format!(
                    "{} is created with {created}, but {stated} is stated as its type before the first change",
                    connection.id
                );
                fault(creation, why.into())
            }
            None => Ok(created),
        };
    }
    match stated.or(before.of_all) {
        Some(stated) => Ok(stated),
        // R8: inside a region there is none.
        None if connection.within_region() => Ok(to),
        // Nothing that is billed lies before it, so that it does not matter.
        None if settings.billed_from.is_some_and(|start| first.at.hour() < start) => Ok(to),
        None => {
            let why = format!(
                "the trail changes {id} to {to} at {at}, and nothing tells which type it had before",
                id = connection.id,
                at = first.at
            );
            let remedy = Remedy::StateLinkTypeBefore { connection_id: connection.id.clone() };
            fault(first, Invalid::new(why).with(remedy))
        }
    }
}

/// The changes in time order, each from the type at which the one before ended.
fn chain(events: &[&Event], before: LinkType, inventory: Option<LinkType>) -> Vec<PlacedChange> {
    let mut changes = Vec::with_capacity(events.len());
    let mut in_effect = before;
    let mut groups = events.chunk_by(|a, b| a.at == b.at).peekable();
    while let Some(same_instant) = groups.next() {
        let mut open: Vec<&Event> = same_instant.to_vec();
        // R7: within an instant the chain orders them. Of the last ones, one ends at the inventory's type.
        let ending = open.iter().position(|event| inventory.is_some() && event.link_type == inventory);
        let last = ending.filter(|_| groups.peek().is_none()).map(|index| open.swap_remove(index));
        while !open.is_empty() {
            // A call names a type in order to change it, so one that does comes first.
            let next = open.iter().position(|event| event.link_type != Some(in_effect)).unwrap_or(0);
            in_effect = push(&mut changes, open.swap_remove(next), in_effect);
        }
        if let Some(last) = last {
            in_effect = push(&mut changes, last, in_effect);
        }
    }
    changes
}

/// Appends the change that `event` records; returns the type after it.
fn push(changes: &mut Vec<PlacedChange>, event: &Event, from: LinkType) -> LinkType {
    let to = event.link_type.unwrap_or(from);
    let change = TypeChange { at: event.at, from, to };
    let (connection_id, place) = (event.connection_id.clone(), event.place.clone());
    changes.push(PlacedChange { connection_id, change, place });
    to
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{
            finding::FindingCode, invalid::Remedy, inventory::Inventory, link::LinkType, time::Timestamp,
        },
        read::{Document, InventorySettings, LinkTypesBefore, read_inventory},
    };

    const HEADER: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
        link_type,created_at,deleted_at\n";

    /// `call time details` to events; `Create` and `Delete` of another connection name it last.
    fn trail(events: &[&str]) -> String {
        let event = |(index, event): (usize, &&str)| {
            let words: Vec<&str> = event.split(' ').collect();
            let (call, time, id) = (words[0], words[1], words.get(3).unwrap_or(&"pcc-1"));
            let link_type =
                words.get(2).filter(|word| **word != "-").map_or("null".into(), |word| format!("\"{word}\""));
            format!(
                "{{\"eventId\":\"E-{index}\",\"eventName\":\"{call}VpcPeerConnection\",\"eventTime\":\"2026-10-{time}Z\",\
                 \"acsRegion\":\"cn-beijing\",\"userIdentity\":{{\"accountId\":7}},\"requestParameters\":{{\
                 \"InstanceId\":\"{id}\",\"LinkType\":{link_type},\"AcceptingAliUid\":\"8\",\
                 \"AcceptingRegionId\":\"us-east-1\"}},\"responseElements\":{{\"InstanceId\":\"{id}\"}}}}"
            )
        };
        format!("[{}]", events.iter().enumerate().map(event).collect::<Vec<_>>().join(",\n"))
    }

    fn read_with(
        row: &str,
        events: &[&str],
        before: &[&str],
        billed_from: Option<&str>,
    ) -> crate::Result<Inventory> {
        let connections = match row {
            json if json.starts_with('{') => json.to_owned(),
            row => format!("{HEADER}{row}\n"),
        };
        let documents = [Document::new("connections", connections)];
        let settings = InventorySettings {
            link_types_before: LinkTypesBefore::parse(before.iter().copied())?,
            billed_from: billed_from.map(|at| Timestamp::parse(at).unwrap().hour()),
            ..InventorySettings::new(&|_| Ok(()))
        };
        read_inventory(&documents, Some(&[Document::new("trail", trail(events))]), &settings)
    }

    const PLATINUM: &str = "pcc-1,1,cn-beijing,2,us-east-1,Platinum,,";
    const GOLD: &str = "pcc-1,1,cn-beijing,2,us-east-1,Gold,,";

    fn faults(row: &str, events: &[&str], before: &[&str]) -> String {
        let read = read_with(row, events, before, None).unwrap();
        assert_eq!(read.connections().len(), usize::from(read.faults().is_empty()));
        read.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// The level at the start of each of these hours: G, P, or X where it is switched.
    fn levels(inventory: &Inventory, hours: &[&str]) -> String {
        let level = |at: &&str| {
            let at = Timestamp::parse(&format!("2026-10-{at}:00:00Z")).unwrap();
            match inventory.history(0).levels(at.hour()) {
                levels if levels.switched => 'X',
                levels if levels.highest == LinkType::Gold => 'G',
                _ => 'P',
            }
        };
        hours.iter().map(level).collect()
    }

    #[test]
    fn r7_each_connection_has_the_changes_of_its_table_or_of_its_trail() {
        let ids = ["pcc-3", "pcc-1", "pcc-4", "pcc-2", "pcc-5"];
        let row = |id: &&str| format!("{id},1,cn-beijing,2,us-east-1,Platinum,,\n");
        let connections = format!("{HEADER}{}", ids.iter().map(row).collect::<String>());
        let change = |id: &str, day| format!("{id},2026-10-{day}T05:00:00Z,Gold,Platinum\n");
        let table = [change("pcc-4", "04"), change("pcc-2", "02")].concat();
        let table = format!("connection_id,changed_at,from_link_type,to_link_type\n{table}");
        let events = ["Create 01T00:00:00 Gold pcc-3", "Modify 03T05:00:00 Platinum pcc-3"];
        let more = ["Create 01T00:00:00 Gold", "Modify 01T05:00:00 Platinum"];
        let trail = trail(&[more, events].concat());
        let documents = [("table", table), ("trail", trail)].map(|(name, text)| Document::new(name, text));
        let settings = InventorySettings::new(&|_| Ok(()));
        let connections = [Document::new("connections", connections)];
        let switches = |documents: &[Document]| -> Vec<Vec<String>> {
            let read = read_inventory(&connections, Some(documents), &settings).unwrap();
            assert_eq!(read.faults(), []);
            let of = |index| read.history(index).switches().iter().map(|(at, _)| at.to_string()).collect();
            (0..5).map(of).collect()
        };
        let (at, none) = (|day| vec![format!("2026-10-{day}T05:00:00Z")], Vec::new);
        assert_eq!(switches(&documents), [at("01"), at("02"), at("03"), at("04"), none()]);
        assert_eq!(switches(&documents[..1]), [none(), at("02"), none(), at("04"), none()]);
    }

    #[test]
    fn r7_modifications_chain_from_the_creation() {
        let events = [
            "Modify 03T05:40:11 Platinum",
            "Create 01T00:00:00 -",
            "Modify 05T05:00:00 Gold",
            "Modify 07T00:00:00 Platinum",
        ];
        let read = read_with(PLATINUM, &events, &[], None).unwrap();
        assert_eq!(read.faults(), []);
        let hours = ["01T00", "03T04", "03T05", "03T06", "05T04", "05T05", "05T06", "07T00", "07T01"];
        assert_eq!(levels(&read, &hours), "GGXPPXGXP");
    }

    #[test]
    fn r7_within_an_instant_the_chain_orders_modifications() {
        let one_instant = ["Modify 03T05:00:00 Gold", "Modify 03T05:00:00 Platinum"];
        let create = "Create 01T00:00:00 Gold";
        for (row, after) in [(GOLD, "GXG"), (PLATINUM, "GXP")] {
            let read = read_with(row, &[create, one_instant[0], one_instant[1]], &[], None).unwrap();
            assert_eq!((read.faults(), &*levels(&read, &["03T04", "03T05", "03T06"])), (&[][..], after));
        }
        // Not the last ones: to Platinum and back is a change each, to Gold and to Platinum would be one alone.
        let read = read_with(
            PLATINUM,
            &[create, one_instant[0], one_instant[1], "Modify 05T00:00:00 Platinum"],
            &[],
            None,
        );
        assert_eq!(levels(&read.unwrap(), &["03T04", "03T05", "03T06", "05T00", "05T01"]), "GXGXP");
    }

    #[test]
    fn r7_the_type_before_the_first_known_change_must_be_told_where_it_counts() {
        let modify = ["Modify 03T05:40:11 Platinum"];
        let read = read_with(PLATINUM, &modify, &[], None).unwrap();
        let [fault] = read.faults() else { panic!("one fault") };
        assert_eq!(
            fault.to_string(),
            "trail:1: [0]: the trail changes pcc-1 to Platinum at 2026-10-03T05:40:11Z, and nothing tells which type \
             it had before"
        );
        assert_eq!(fault.remedy, Some(Remedy::StateLinkTypeBefore { connection_id: "pcc-1".into() }));
        for (before, seen) in [
            (&["Gold"][..], "GXP"),
            (&["pcc-1=Gold"], "GXP"),
            (&["Gold", "pcc-1=Platinum"], "PPP"),
            (&["Platinum"], "PPP"),
        ] {
            let read = read_with(PLATINUM, &modify, before, None).unwrap();
            assert_eq!(
                (read.faults(), &*levels(&read, &["03T04", "03T05", "03T06"])),
                (&[][..], seen),
                "{before:?}"
            );
        }
        // R7 needs the type just before a change also in the first hour that is billed.
        assert!(
            !read_with(PLATINUM, &modify, &[], Some("2026-10-03T05:00:00Z")).unwrap().faults().is_empty()
        );
        let read = read_with(PLATINUM, &modify, &[], Some("2026-10-03T06:00:00Z")).unwrap();
        assert_eq!((read.faults(), &*levels(&read, &["03T06"])), (&[][..], "P"));
        // A creation names it, and a statement must not say otherwise.
        let created = ["Create 01T00:00:00 Gold", modify[0]];
        assert_eq!(faults(PLATINUM, &created, &["Platinum"]), "");
        assert_eq!(
            faults(PLATINUM, &created, &["pcc-1=Platinum"]),
            "trail:1: [0]: pcc-1 is created with Gold, but Platinum is stated as its type before the first change"
        );
    }

    #[test]
    fn statements_that_make_no_sense_are_refused() {
        for (before, why) in [
            (
                &["pcc-2=Gold"][..],
                "link-type-before pcc-2: no connection of the inventory has this id; did you mean \"pcc-1\"?",
            ),
            (
                &["gold"],
                "link-type-before gold: link type \"gold\" is neither Gold nor Platinum; did you mean \"Gold\"?",
            ),
            (
                &["pcc-1=Gold", "pcc-1=Platinum"],
                "link-type-before pcc-1=Platinum: another type was stated before",
            ),
            (&["Gold", "Platinum"], "link-type-before Platinum: another type was stated before"),
        ] {
            let error = read_with(PLATINUM, &[], before, None).unwrap_err();
            assert_eq!((error.kind(), &*error.to_string()), (crate::ErrorKind::Usage, why));
        }
    }

    #[test]
    fn r15_a_trail_that_contradicts_the_inventory_is_refused_with_both_sides() {
        let activated = r#"{"InstanceId":"pcc-1","OwnerId":1,"RegionId":"cn-beijing","AcceptingOwnerUid":2,
            "AcceptingRegionId":"us-east-1","Status":"Activated","GmtCreate":"2026-10-01T00:00:00Z"}"#;
        let created = "pcc-1,1,cn-beijing,2,us-east-1,Gold,2026-10-01T00:00:00Z,2026-10-20T00:00:00Z";
        for (row, events, why) in [
            (
                PLATINUM,
                &["Create 01T00:00:00 -"][..],
                "trail:1: [0]: the trail creates pcc-1 with Gold and never changes it, but the inventory says Platinum (connections:2)",
            ),
            (
                GOLD,
                &["Create 01T00:00:00 -", "Modify 03T00:00:00 Platinum"],
                "trail:2: [1]: the last change of pcc-1 ends with Platinum, but the inventory says Gold (connections:2); \
              a change is missing or the inventory is of another day",
            ),
            (
                GOLD,
                &["Create 05T00:00:00 -", "Modify 03T00:00:00 Gold"],
                "trail:2: [1]: the trail changes pcc-1 at 2026-10-03T00:00:00Z, before its creation at 2026-10-05T00:00:00Z (trail:1 [0])",
            ),
            (
                created,
                &["Create 01T01:00:01 -"],
                "trail:1: [0]: the trail creates pcc-1 at 2026-10-01T01:00:01Z, but the inventory says 2026-10-01T00:00:00Z (connections:2)",
            ),
            (
                created,
                &["Delete 20T01:00:01 -"],
                "trail:1: [0]: the trail deletes pcc-1 at 2026-10-20T01:00:01Z, but the inventory says 2026-10-20T00:00:00Z (connections:2)",
            ),
            (
                activated,
                &["Delete 20T00:00:00 -"],
                "trail:1: [0]: the trail deletes pcc-1 at 2026-10-20T00:00:00Z, but the inventory shows it as Activated (connections:1); \
              is it of another day?",
            ),
            (
                GOLD,
                &["Create 05T00:00:00 -", "Delete 04T00:00:00 -"],
                "trail:2: [1]: pcc-1 is deleted at 2026-10-04T00:00:00Z, before its creation at 2026-10-05T00:00:00Z (connections:2)",
            ),
            (
                GOLD,
                &["Create 05T00:00:00 -", "Create 05T00:00:01 Platinum"],
                "trail:2: [1]: pcc-1 is created here with another link type than at trail:1 [0]",
            ),
        ] {
            assert_eq!(faults(row, events, &[]), why);
        }
        assert_eq!(faults(created, &["Create 01T01:00:00 -", "Delete 19T23:00:00 -"], &[]), "");
    }

    /// An export that is too old to tell the link type.
    const NOT_TOLD: &str = r#"{"InstanceId":"pcc-1","OwnerId":1,"RegionId":"cn-beijing","AcceptingOwnerUid":2,
        "AcceptingRegionId":"us-east-1","Status":"Activated"}"#;

    #[test]
    fn r8_a_link_type_that_is_not_told_is_that_of_the_last_change() {
        for (events, before, seen, link_type, taken) in [
            (&[][..], &[][..], "GGG", LinkType::Gold, Some("Gold is taken")),
            (
                &["Modify 03T05:40:11 Platinum"],
                &["Gold"],
                "GXP",
                LinkType::Platinum,
                Some("Platinum is taken"),
            ),
            (&["Create 01T00:00:00 Platinum"], &[], "PPP", LinkType::Platinum, None),
            (
                &["Create 01T00:00:00 -", "Modify 03T05:40:11 Platinum", "Modify 03T05:40:11 Gold"],
                &[],
                "GXG",
                LinkType::Gold,
                Some("Gold is taken"),
            ),
        ] {
            let read = read_with(NOT_TOLD, events, before, None).unwrap();
            assert_eq!((read.faults(), read.connection(0).link_type), (&[][..], link_type), "{events:?}");
            assert_eq!(levels(&read, &["03T04", "03T05", "03T06"]), seen, "{events:?}");
            let found = read.findings().iter().find(|found| found.code == FindingCode::LinkTypeNotTold);
            assert_eq!(found.is_some(), taken.is_some(), "{events:?}");
            assert!(taken.is_none_or(|taken| found.unwrap().message().contains(taken)), "{found:?}");
            assert!(found.is_none_or(|found| found.connection_id.as_deref() == Some("pcc-1")));
        }
    }

    #[test]
    fn r8_a_link_type_that_one_of_two_exports_tells_is_told() {
        let told = NOT_TOLD.replace("\"Status\"", "\"LinkType\":\"Platinum\",\"Status\"");
        let empty = NOT_TOLD.replace("\"Status\"", "\"LinkType\":null,\"Status\"");
        let inside = NOT_TOLD.replace("us-east-1", "cn-beijing");
        for (documents, link_type, findings) in [
            ([NOT_TOLD, &*told], LinkType::Platinum, 0),
            ([&*told, NOT_TOLD], LinkType::Platinum, 0),
            ([NOT_TOLD, NOT_TOLD], LinkType::Gold, 1),
            ([NOT_TOLD, &*empty], LinkType::Gold, 0),
            ([&*inside, &*inside], LinkType::Gold, 0),
        ] {
            let documents = documents.map(|text| Document::new("connections", text));
            let read = read_inventory(&documents, None, &InventorySettings::new(&|_| Ok(()))).unwrap();
            assert_eq!((read.faults(), read.connection(0).link_type), (&[][..], link_type));
            assert_eq!(read.findings().len(), findings);
        }
    }

    #[test]
    fn r8_a_table_of_changes_tells_what_a_table_of_connections_without_the_column_does_not() {
        let rows = HEADER.replace("link_type,", "") + "pcc-1,1,cn-beijing,2,us-east-1,,\n";
        let changes = "connection_id,changed_at,from_link_type,to_link_type\n\
            pcc-1,2026-10-03T05:40:11Z,Gold,Platinum\n";
        let read = crate::inventory(&rows, Some(changes)).unwrap();
        assert_eq!(levels(&read, &["03T04", "03T05", "03T06"]), "GXP");
        assert_eq!(read.findings()[0].code, FindingCode::LinkTypeNotTold);
        let broken = changes.to_owned() + "pcc-1,2026-10-04T05:40:11Z,Gold,Platinum\n";
        assert!(crate::inventory(&rows, Some(&broken)).unwrap_err().to_string().contains("starts from Gold"));
    }

    #[test]
    fn creations_and_deletions_give_a_connection_its_life() {
        let deleted = r#"{"InstanceId":"pcc-1","OwnerId":1,"RegionId":"cn-beijing","AcceptingOwnerUid":2,
            "AcceptingRegionId":"us-east-1","Status":"Deleted"}"#;
        let read = read_with(deleted, &["Create 01T00:00:00 -", "Delete 20T00:00:00 -"], &[], None).unwrap();
        let life =
            [read.connection(0).created_at, read.connection(0).deleted_at].map(|at| at.unwrap().to_string());
        assert_eq!(life, ["2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z"]);
        let read = read_with(deleted, &[], &[], None).unwrap();
        assert_eq!(read.connection(0).deleted_at, None);
    }

    #[test]
    fn a_connection_that_was_deleted_since_is_taken_from_its_creation() {
        let gone =
            ["Create 01T00:00:00 - pcc-2", "Modify 03T00:00:00 Platinum pcc-2", "Delete 09T00:00:00 - pcc-2"];
        let read = read_with(GOLD, &gone, &[], None).unwrap();
        assert_eq!(read.faults(), []);
        let deleted = read.connection(read.index_of("pcc-2").unwrap());
        let ends = [&deleted.requester, &deleted.accepter].map(|end| (&*end.account_id, &*end.region));
        assert_eq!(ends, [("7", "cn-beijing"), ("8", "us-east-1")]);
        assert_eq!((deleted.link_type, deleted.deleted_at.is_some()), (LinkType::Platinum, true));
        assert!(
            read.findings().iter().any(|finding| finding
                .message()
                .starts_with("pcc-2 is not in the inventory; the trail tells"))
        );
        // Without its deletion it should be in the inventory.
        let read = read_with(GOLD, &gone[..2], &[], None).unwrap();
        assert_eq!((read.connections().len(), read.faults()), (1, &[][..]));
        let last = read.findings().last().unwrap().message();
        assert_eq!(last, "2 events of the trail are of 1 connections that the inventory lacks: pcc-2");
    }

    #[test]
    fn r8_inside_a_region_changes_are_ignored_and_lives_are_not() {
        let row = "pcc-1,1,cn-beijing,2,cn-beijing,,,";
        let read =
            read_with(row, &["Modify 03T00:00:00 Platinum", "Delete 09T00:00:00 -"], &[], None).unwrap();
        assert_eq!((read.faults(), read.changed_within_region().len()), (&[][..], 1));
        assert!(read.connection(0).deleted_at.is_some());
    }

    #[test]
    fn r15_a_table_and_a_trail_do_not_both_tell_changes_of_a_connection() {
        let table = "connection_id,changed_at,from_link_type,to_link_type\npcc-1,2026-10-03T00:00:00Z,Gold,Platinum\n";
        let documents = [Document::new("connections", format!("{HEADER}{PLATINUM}\n"))];
        let changes =
            [Document::new("table", table), Document::new("trail", trail(&["Modify 03T00:00:00 Platinum"]))];
        let read = read_inventory(&documents, Some(&changes), &InventorySettings::new(&|_| Ok(()))).unwrap();
        assert_eq!(
            read.faults()[0].to_string(),
            "trail:1: [0]: a trail and a table (table:2) both have changes of pcc-1; give one of them"
        );
    }
}
