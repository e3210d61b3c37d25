//! Link changes, in any form in which they are kept: tables, and events of an ActionTrail.
//!
//! Each document is read by its content; native CSV is read here. What the events of a trail say about a connection is
//! worked out in [`inventory`](super::inventory), which knows the connection.

mod actiontrail;
mod event;

pub(in crate::read) use event::Trail;
pub(in crate::read) use event::{Call, Event};
pub(in crate::read) use event::{FoundChanges, PlacedChange};

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        id::{check_name, unwrapped},
        link::{LinkType, TypeChange},
        time::Timestamp,
    },
    read::{
        Document,
        answer::check_text,
        json, rows,
        source::Place,
        table::{Column, MalformedRow, Table, TableColumns, TableRow},
    },
};
use std::sync::Arc;

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

/// Reads a document by its content, a large table on so many threads; fails where a row or an event names no connection.
pub(in crate::read) fn read(document: &Document, threads: usize, found: &mut FoundChanges) -> Result<()> {
    if json::is_json(document) {
        return actiontrail::read_json(document, &mut found.trail);
    }
    check_text(document)?;
    match actiontrail::columns(document) {
        Some(columns) => actiontrail::read_csv(document, &columns, &mut found.trail),
        None => read_csv(document, threads, found),
    }
}

/// The columns of a table of link changes.
struct Columns {
    connection_id: Column<'static>,
    changed_at: Column<'static>,
    from_link_type: Column<'static>,
    to_link_type: Column<'static>,
}

impl Columns {
    /// The columns, and what the header is searched for.
    fn new() -> (Self, TableColumns<'static>) {
        let mut table = TableColumns::default();
        let columns = Self {
            connection_id: table.required("connection_id"),
            changed_at: table.required("changed_at"),
            from_link_type: table.required("from_link_type"),
            to_link_type: table.required("to_link_type"),
        };
        (columns, table)
    }
}

/// What a row holds.
enum FoundRow {
    Change(PlacedChange),
    /// It cannot be read; with the connection that it names.
    Refused(Box<(String, Fault)>),
    /// It names no connection.
    OfNoConnection(Box<Fault>),
}

/// Reads the rows of a document; fails where a row names no connection.
fn read_csv(document: &Document, threads: usize, found: &mut FoundChanges) -> Result<()> {
    let (columns, wanted) = Columns::new();
    let table = Table::new(ErrorKind::Input, &document.name, &document.text, &wanted)?;
    let new_state = || (Arc::from(""), Place::row(&document.name, 1));
    let mut of_no_connection = Vec::new();
    table.each(
        threads,
        new_state,
        |(last_id, place), row| read_row(row, place, &columns, last_id),
        |row| match row {
            FoundRow::Change(change) => found.rows.push(change),
            FoundRow::Refused(row) => found.refused.push(*row),
            FoundRow::OfNoConnection(fault) => of_no_connection.push(*fault),
        },
    )?;
    // It may have been a change of any connection, so no connection's history can be trusted.
    of_no_connection.sort_by_key(|fault| fault.line);
    Error::from_faults(ErrorKind::Input, of_no_connection).map_or(Ok(()), Err)
}

/// Reads a row; most often the changes of a connection stand together, so that its id is the last one.
fn read_row(
    row: Result<&TableRow<'_>, MalformedRow>,
    table: &Place,
    columns: &Columns,
    last_id: &mut Arc<str>,
) -> FoundRow {
    let refused = |id: String, fault| FoundRow::Refused(Box::new((id, fault)));
    let of_no_connection =
        |fault| FoundRow::OfNoConnection(Box::new(Fault { code: FaultCode::UnusableInput, ..fault }));
    let row = match row {
        Err(MalformedRow { key: Some(id), fault }) => return refused(id, fault),
        Err(MalformedRow { fault, .. }) => return of_no_connection(fault),
        Ok(row) => row,
    };
    let (id, place) = (unwrapped(row.text(columns.connection_id)), table.at_line(row.line));
    if let Err(why) = check_name(columns.connection_id.name, id) {
        return of_no_connection(place.fault(FaultCode::UnusableInput, why));
    }
    match read_change(row, columns) {
        Err(why) => refused(id.into(), place.fault(FaultCode::UnreadableRow, why)),
        Ok(change) => {
            if **last_id != *id {
                *last_id = id.into();
            }
            FoundRow::Change(PlacedChange { connection_id: last_id.clone(), change, place })
        }
    }
}

fn read_change(row: &TableRow<'_>, columns: &Columns) -> Result<TypeChange, String> {
    let link_type = |column: Column<'_>| -> Result<LinkType, String> {
        row.text(column).parse().map_err(|why| format!("{}: {why}", column.name))
    };
    let (column, text) = (columns.changed_at, row.text(columns.changed_at));
    let at = Timestamp::parse(text).map_err(|why| format!("{} {text:?}: {why}", column.name));
    match (at, link_type(columns.from_link_type), link_type(columns.to_link_type)) {
        (Ok(at), Ok(from), Ok(to)) => Ok(TypeChange { at, from, to }),
        (at, from, to) => {
            let faults = [at.err(), from.err(), to.err()];
            Err(faults.into_iter().flatten().collect::<Vec<_>>().join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        inventory,
        model::{invalid::Remedy, link::LinkType},
    };

    const HEADER: &str =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type";
    const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";

    #[test]
    fn r8_inside_a_region_the_link_type_and_its_changes_are_ignored() {
        let changes = format!("{CHANGES}pcc-1,2026-10-05T03:00:00Z,Gold,Platinum\n");
        let inventory =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-beijing,Silver\n"), Some(&changes))
                .unwrap();
        assert_eq!(inventory.changed_within_region().len(), 1);
        assert_eq!(inventory.connection(0).link_type, LinkType::Gold);
    }

    #[test]
    fn r15_changes_that_cannot_be_read_are_refused_with_all_that_is_wrong() {
        let changes = format!("{CHANGES}pcc-1,yesterday,Gold,gold\npcc-1,2026-10-05T03:00:00Z,Gold\n");
        let error =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), Some(&changes)).unwrap_err();
        let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        assert!(faults[0].starts_with("link changes:2: changed_at \"yesterday\": "), "{faults:?}");
        assert!(faults[0].contains("; to_link_type: "), "{faults:?}");
        assert!(faults[1].starts_with("link changes:3: 3 fields where the header has 4: "), "{faults:?}");
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn r15_changes_of_no_connection_are_found_before_between_and_behind_those_of_some() {
        let connections = format!(
            "{HEADER}\npcc-3,1,cn-beijing,2,cn-shanghai,\npcc-5,1,cn-beijing,2,cn-shanghai,\n\
             pcc-6,,cn-beijing,2,cn-shanghai,\npcc-7,1,cn-beijing,2,cn-shanghai,Platinum\n"
        );
        let change = |id: u8, day: u8| format!("pcc-{id},2026-10-{day:02}T03:00:00Z,Gold,Platinum\n");
        // pcc-3 does not end as Platinum; pcc-6 has a row, which is bad.
        let ids = [9, 7, 4, 6, 1, 3, 4, 2, 9];
        let rows: String = ids.iter().zip(1..).map(|(&id, day)| change(id, day)).collect();
        let error = inventory(&connections, Some(&format!("{CHANGES}{rows}"))).unwrap_err();
        let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        assert!(faults[0].starts_with("connections:4: requester_account_id is empty"), "{faults:?}");
        let unknown =
            |line: u8, id: u8| format!("link changes:{line}: connection pcc-{id} is not in the inventory");
        let expected = [(6, 1), (9, 2), (4, 4), (8, 4), (2, 9), (10, 9)].map(|(line, id)| unknown(line, id));
        assert_eq!(faults[1..7], expected);
        assert!(faults[7].starts_with("link changes:7: "), "{faults:?}");
        assert_eq!(faults.len(), 8);
    }

    #[test]
    fn r15_a_change_of_an_unknown_connection_is_refused() {
        let changes = format!("{CHANGES}pcc-9,2026-10-05T03:00:00Z,Gold,Platinum\n");
        let error =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), Some(&changes)).unwrap_err();
        assert_eq!(error.to_string(), "link changes:2: connection pcc-9 is not in the inventory");
        assert_eq!(error.faults()[0].remedy, Some(Remedy::AddConnection));
    }
}
