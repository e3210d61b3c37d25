//! Connections of a Terraform state, or of the state that a plan starts from.

use super::{
    InventorySettings, RegionCheck,
    builder::{Builder, Told},
};
use crate::{
    error::{FaultCode, Result},
    model::{
        connection::Connection,
        remark::{Remark, RemarkCode},
    },
    read::{
        place::Place,
        terraform::{StatedRequesters, connections},
    },
};
use serde_json::Value;

/// Takes the connections of a document of `terraform show -json`.
pub(super) fn read(
    json: &Value,
    place: &Place,
    settings: &InventorySettings<'_>,
    builder: &mut Builder,
) -> Result<()> {
    let nothing = StatedRequesters::default();
    let stated = settings.requesters.unwrap_or(&nothing);
    for found in connections(place, json, stated)? {
        let place = place.within(&found.address);
        let checked = found.connection.and_then(|own| check_regions(own, settings.check_region));
        match checked {
            // Two states may hold one connection, as two exports may.
            Ok(connection) => {
                if found.account_from_data_source {
                    builder.remark(account_remark(&connection));
                }
                builder.add(Told { connection, place, once: false });
            }
            Err(why) => {
                let id = found.id.unwrap_or_default();
                builder.blame(&id, place.fault(FaultCode::UnreadableRow, why));
            }
        }
    }
    Ok(())
}

fn account_remark(connection: &Connection) -> Remark {
    let message = format!(
        "the requester's account of {} is taken to be {}, the only one that a data source of the state tells; a \
         state does not say whose provider that is: state it with --requester-account where there are several",
        connection.id, connection.requester.account_id
    );
    let connection_id = Some(connection.id.clone());
    Remark { code: RemarkCode::AccountFromDataSource, connection_id, message }
}

fn check_regions(connection: Connection, check: RegionCheck<'_>) -> Result<Connection, String> {
    check(&connection.requester.region).map_err(|why| format!("the requester's region: {why}"))?;
    check(&connection.accepter.region).map_err(|why| format!("accepting_region_id: {why}"))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::inventory::Inventory,
        read::{Document, read_inventory},
    };

    const STATE: &str = include_str!("../../../tests/terraform/state.json");

    fn read_all(texts: &[&str], accounts: &[&str]) -> Result<Inventory> {
        let accounts: Vec<String> = accounts.iter().map(|text| (*text).to_owned()).collect();
        let stated = StatedRequesters::parse(&accounts, &[])?;
        let documents: Vec<Document> = texts.iter().map(|text| Document::new("state.json", *text)).collect();
        let check = |region: &str| if region == "mars" { Err("no such region".into()) } else { Ok(()) };
        read_inventory(&documents, None, &InventorySettings::new(&check).with_requesters(&stated))
    }

    #[test]
    fn a_state_is_an_inventory_and_may_stand_beside_other_exports() {
        let csv = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
            pcc-csv,1,cn-beijing,2,cn-shanghai,Gold\n";
        let inventory = read_all(&[STATE, STATE, csv], &[]).unwrap();
        assert_eq!(inventory.faults(), []);
        let ids = inventory.connections().iter().map(|own| &*own.id);
        assert_eq!(ids.collect::<Vec<_>>(), ["pcc-ap", "pcc-csv", "pcc-eu", "pcc-old", "pcc-published"]);
    }

    #[test]
    fn r15_a_bad_resource_is_blamed_with_its_address() {
        let text = STATE.replace("\"cn-guangzhou\"", "\"mars\"");
        let inventory = read_all(&[&text], &[]).unwrap();
        assert_eq!(
            inventory.faults()[0].to_string(),
            "state.json:1: alicloud_vpc_peer_connection.published: accepting_region_id: no such region"
        );
        assert!(inventory.fault_of("pcc-published").is_some());
    }

    #[test]
    fn what_terraform_stores_itself_is_refused_with_the_way_out() {
        let error =
            read_all(&[r#"{"version":4,"terraform_version":"1.9.0","lineage":"x"}"#], &[]).unwrap_err();
        assert!(
            error.to_string().contains("state.json:1: this is a state as Terraform stores it"),
            "{error}"
        );
    }
}
