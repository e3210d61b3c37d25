//! Link changes as native CSV.

use super::event::{FoundChanges, PlacedChange};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        id::{check_name, unwrapped},
        link::{LinkType, TypeChange},
        time::Timestamp,
    },
    read::{
        Document,
        source::Place,
        table::{Column, MalformedRow, TableColumns, TableRow, read_rows},
    },
};

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

/// Reads the rows of a document; fails where a row names no connection.
pub(super) fn read(document: &Document, found: &mut FoundChanges) -> Result<()> {
    let name = &document.name;
    let (columns, table) = Columns::new();
    let mut of_no_connection = Vec::new();
    read_rows(ErrorKind::Input, name, &document.text[..], &table, |row| match row {
        Err(MalformedRow { key: Some(id), fault }) => found.refused.push((id, fault)),
        Err(row) => of_no_connection.push(Fault { code: FaultCode::UnusableInput, ..row.fault }),
        Ok(row) => {
            let (id, place) = (unwrapped(row.text(columns.connection_id)), Place::row(name, row.line));
            if let Err(why) = check_name(columns.connection_id.name, id) {
                return of_no_connection.push(place.fault(FaultCode::UnusableInput, why));
            }
            match read_change(row, &columns) {
                Err(why) => found.refused.push((id.into(), place.fault(FaultCode::UnreadableRow, why))),
                Ok(change) => found.add(id, PlacedChange { change, place }),
            }
        }
    })?;
    // It may have been a change of any connection, so no connection's history can be trusted.
    of_no_connection.sort_by_key(|fault| fault.line);
    Error::from_faults(ErrorKind::Input, of_no_connection).map_or(Ok(()), Err)
}

fn read_change(row: &TableRow, columns: &Columns) -> Result<TypeChange, String> {
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
    fn r15_a_change_of_an_unknown_connection_is_refused() {
        let changes = format!("{CHANGES}pcc-9,2026-10-05T03:00:00Z,Gold,Platinum\n");
        let error =
            inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), Some(&changes)).unwrap_err();
        assert_eq!(error.to_string(), "link changes:2: connection pcc-9 is not in the inventory");
        assert_eq!(error.faults()[0].remedy, Some(Remedy::AddConnection));
    }
}
