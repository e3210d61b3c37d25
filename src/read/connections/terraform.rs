//! Connections of a Terraform state, or of the state that a plan starts from.

use super::entry::{ConnectionRow, Found, RefusedRow, RegionCheck, Take};
use crate::{
    error::{FaultCode, Result},
    model::{
        connection::Connection,
        finding::{Finding, FindingCode, Said},
        invalid::{Invalid, Remedy},
    },
    read::{
        source::Place,
        terraform::{StatedRequesters, connections},
    },
};
use serde_json::Value;

/// Reads the connections of a document of `terraform show -json`, which stands at `place`; `requesters` are stated where
/// it lacks them.
pub(super) fn read(
    json: &Value,
    place: &Place,
    requesters: Option<&StatedRequesters>,
    check_region: RegionCheck<'_>,
    take: Take<'_>,
) -> Result<()> {
    let none_stated = StatedRequesters::default();
    let (resources, findings) = connections(place, json, requesters.unwrap_or(&none_stated))?;
    findings.into_iter().for_each(|finding| take(Found::Finding(finding)));
    for resource in resources {
        let place = place.within(&resource.address);
        match resource.connection.and_then(|connection| check_regions(connection, check_region)) {
            // Two states may hold one connection, as two exports may.
            Ok(connection) => {
                if resource.account_from_data_source {
                    take(Found::Finding(account_of_data_source(&connection)));
                }
                let link_type_told = resource.link_type_told;
                take(Found::Row(ConnectionRow { connection, place, may_repeat: true, link_type_told }));
            }
            Err(why) => take(Found::Refused(RefusedRow {
                connection_id: resource.id.unwrap_or_default(),
                fault: place.fault(FaultCode::UnreadableRow, why),
                ends: None,
            })),
        }
    }
    Ok(())
}

fn account_of_data_source(connection: &Connection) -> Finding {
    let (id, account) = (connection.id.clone(), connection.requester.account_id.clone());
    let said = Said::AccountFromDataSource { id, account };
    let found = Finding::of(FindingCode::AccountFromDataSource, said).with(Remedy::StateRequesterAccounts);
    found.about(&connection.id)
}

fn check_regions(connection: Connection, check_region: RegionCheck<'_>) -> Result<Connection, Invalid> {
    check_region(&connection.requester.region).map_err(|why| why.about("the requester's region"))?;
    check_region(&connection.accepter.region).map_err(|why| why.about("accepting_region_id"))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::inventory::Inventory,
        read::{Document, InventorySettings, read_inventory},
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
        let ids = inventory.connections().iter().map(|connection| &*connection.id);
        assert_eq!(ids.collect::<Vec<_>>(), ["pcc-ap", "pcc-csv", "pcc-eu", "pcc-old", "pcc-published"]);
    }

    #[test]
    fn r15_a_bad_resource_is_refused_with_its_address() {
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
