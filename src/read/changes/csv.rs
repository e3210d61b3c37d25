//! Link changes as native CSV.

use crate::{
    error::{ErrorKind, Fault, FaultCode, Result},
    model::{link::TypeChange, time::Timestamp},
    read::{
        Document,
        connections::builder::Builder,
        place::Place,
        table::{Misfit, TableRow, read_rows},
    },
};

const COLUMNS: [&str; 4] = ["connection_id", "changed_at", "from_link_type", "to_link_type"];

/// Reads the rows of a document; fails where it cannot be told whose change a row is.
pub(super) fn read(document: &Document, builder: &mut Builder) -> Result<()> {
    let name = &document.name;
    let mut nobodys = Vec::new();
    read_rows(ErrorKind::Input, name, &document.text[..], &COLUMNS, &[], |row| match row {
        Err(Misfit { key: Some(id), fault }) => builder.blame(&id, fault),
        Err(misfit) => nobodys.push(Fault { code: FaultCode::UnusableInput, ..misfit.fault }),
        Ok(row) => {
            let (id, place) = (&row.values[0], Place::row(name, row.line));
            match read_change(row) {
                _ if id.is_empty() => {
                    nobodys.push(place.fault(FaultCode::UnusableInput, "connection_id is empty"));
                }
                Err(why) => builder.blame(id, place.fault(FaultCode::UnreadableRow, why)),
                Ok(change) => builder.add_change(id, change, place),
            }
        }
    })?;
    // Whose change it was cannot be told, so no connection's history can be trusted.
    nobodys.sort_by_key(|fault| fault.line);
    crate::Error::from_faults(ErrorKind::Input, nobodys).map_or(Ok(()), Err)
}

fn read_change(row: &TableRow) -> Result<TypeChange, String> {
    let [_, at, from, to] = &row.values[..] else { return Err("the row has too few fields".into()) };
    Ok(TypeChange {
        at: Timestamp::parse(at).map_err(|why| format!("changed_at {at:?}: {why}"))?,
        from: from.parse().map_err(|why| format!("from_link_type: {why}"))?,
        to: to.parse().map_err(|why| format!("to_link_type: {why}"))?,
    })
}

#[cfg(test)]
mod tests {
    use crate::{inventory, model::link::LinkType};

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
        assert_eq!(
            error.to_string(),
            "link changes:2: connection pcc-9 is not in the inventory; add it to --connections"
        );
    }
}
