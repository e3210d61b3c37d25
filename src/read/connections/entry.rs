//! One connection as the provider describes it, an entry of a list or the answer to a question about one, and as a resource
//! of a Terraform state.

use crate::{
    error::{Fault, FaultCode, Result},
    model::{
        QuickSet,
        connection::{Cidr, Connection, End, Status, Tags},
        finding::{Finding, FindingCode, Said},
        id::{check_id, read_account},
        invalid::{Invalid, Remedy},
        link::LinkType,
        time::Timestamp,
    },
    read::{
        Document,
        answer::{self, Members},
        json::{Located, account_of, connection_id_of, id_of, text_of},
        source::Place,
        terraform::{StatedRequesters, connections},
        values::read_bandwidth,
    },
};
use serde_json::Value;
use std::sync::Arc;

/// Reads the entry at `value`: one row, and what else is to be said of it.
pub(super) fn read(document: &Document, value: &Located<'_>, check_region: RegionCheck<'_>, take: Take<'_>) {
    let place = Place::value(&document.name, value.line, value.path.clone());
    let entry = match Members::read(value.text) {
        Ok(members) => Entry(members),
        Err(why) => {
            let fault = place.fault(FaultCode::UnreadableRow, why);
            return take(Found::refused(RefusedRow { connection_id: String::new(), fault, ends: None }));
        }
    };
    match entry.connection(check_region) {
        Err(why) => take(Found::refused(RefusedRow {
            connection_id: entry.id().ok().flatten().unwrap_or_default(),
            fault: place.member_fault(FaultCode::UnreadableRow, &why),
            ends: Some(["Vpc", "AcceptingVpc"].map(|name| entry.readable_end(name))),
        })),
        Ok(connection) => {
            if entry.0.shown("BizStatus") == "FinancialLocked" {
                take(Found::Finding(locked(&connection)));
            }
            let link_type_told = entry.0.has("LinkType");
            take(Found::Row(ConnectionRow { connection, place, may_repeat: true, link_type_told }));
        }
    }
}

fn locked(connection: &Connection) -> Finding {
    let id = &connection.id;
    Finding::of(FindingCode::FinancialLocked, Said::FinancialLocked { id: id.clone() }).about(id)
}

/// The members of an entry; further ones are ignored.
struct Entry<'a>(Members<'a>);

impl Entry<'_> {
    fn id(&self) -> Result<Option<String>, String> {
        connection_id_of("InstanceId", self.0.value("InstanceId").as_ref())
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        text_of(name, self.0.value(name).as_ref())
    }

    fn connection(&self, check_region: RegionCheck<'_>) -> Result<Connection, String> {
        let id = self.id()?.ok_or("InstanceId: it is missing")?;
        let requester = self.end(["OwnerId", "RegionId", "Vpc"], check_region)?;
        let accepter = self.end(["AcceptingOwnerUid", "AcceptingRegionId", "AcceptingVpc"], check_region)?;
        // R8: inside a region it is ignored, omitted it means Gold.
        let link_type = match self.text("LinkType")? {
            Some(text) if requester.region != accepter.region => {
                text.parse::<LinkType>().map_err(|why| format!("LinkType: {why}"))?
            }
            _ => LinkType::Gold,
        };
        let created_at = self
            .text("GmtCreate")?
            .map(|text| Timestamp::parse(&text).map_err(|why| format!("GmtCreate: {text:?}: {why}")));
        let status =
            self.text("Status")?.map(|text| text.parse::<Status>().map_err(|why| format!("Status: {why}")));
        let status = status.transpose()?;
        Ok(Connection {
            bandwidth: read_bandwidth("Bandwidth", self.text("Bandwidth")?.as_deref())?,
            status,
            // Deleting and Deleted give no instant of deletion; a Delete event does.
            created_at: created_at.transpose()?,
            name: self.text("Name").ok().flatten().map(Into::into),
            tags: self.tags()?,
            ..Connection::new(id, requester, accepter, link_type)
        })
    }

    fn tags(&self) -> Result<Tags, String> {
        let Some(tags) = self.0.get("Tags") else { return Ok(Tags::default()) };
        Tags::new(answer::tags("Tags", tags)?).map_err(|why| format!("Tags: {why}"))
    }

    /// Reads an end from the members of these names: account, region and VPC.
    fn end(&self, [account, region, vpc]: [&str; 3], check_region: RegionCheck<'_>) -> Result<End, String> {
        let missing = |name: &str| format!("{name}: it is missing");
        let account_id =
            account_of(account, self.0.value(account).as_ref())?.ok_or_else(|| missing(account))?;
        let region_id = id_of(region, self.0.value(region).as_ref())?.ok_or_else(|| missing(region))?;
        check_region(&region_id).map_err(|why| format!("{region}: {why}"))?;
        let (mut vpc_id, mut cidrs) = (None, Vec::new());
        if let Some(value) = self.0.get(vpc) {
            let members = Members::read(value.get()).map_err(|why| format!("{vpc}: {why}"))?;
            vpc_id = id_of(&format!("{vpc}.VpcId"), members.value("VpcId").as_ref())?;
            for (name, blocks) in blocks_of(vpc, &members)? {
                for (index, block) in blocks.iter().enumerate() {
                    let parsed = block.parse::<Cidr>();
                    cidrs.push(parsed.map_err(|why| format!("{name}[{index}]: {why}"))?);
                }
            }
        }
        Ok(End { vpc_id: vpc_id.map(Into::into), cidrs: cidrs.into(), ..End::new(account_id, region_id) })
    }

    /// What can be read of an end where the entry is bad: what joins flow logs to it.
    fn readable_end(&self, vpc: &str) -> End {
        let members = self.0.get(vpc).and_then(|value| Members::read(value.get()).ok()).unwrap_or_default();
        let vpc_id = id_of("VpcId", members.value("VpcId").as_ref()).ok().flatten();
        let blocks = blocks_of(vpc, &members).into_iter().flatten().flat_map(|(_, blocks)| blocks);
        End::of_vpc(vpc_id.map(Into::into), blocks.filter_map(|block| block.parse().ok()).collect())
    }
}

/// The address blocks of a VPC, each list with its name.
fn blocks_of(vpc: &str, members: &Members<'_>) -> Result<Vec<(String, Vec<String>)>, String> {
    let read = |field: &str| -> Result<(String, Vec<String>), String> {
        let name = format!("{vpc}.{field}");
        let list = members.list(field).map_err(|why| format!("{vpc}.{why}"))?.unwrap_or_default();
        let blocks = answer::texts(&name, list)?;
        Ok((name, blocks))
    };
    ["Ipv4Cidrs", "Ipv6Cidrs"].into_iter().map(read).collect()
}

/// Says whether a region id may be named, and if not, why; several threads may ask.
pub type RegionCheck<'a> = &'a (dyn Fn(&str) -> Result<(), Invalid> + Sync);

/// A connection as one document describes it.
#[derive(Debug)]
pub(in crate::read) struct ConnectionRow {
    pub connection: Connection,
    pub place: Place,
    /// Whether another row may describe the same connection: both accounts may have exported it, and equal rows are
    /// then one. In a table a second row is refused.
    pub may_repeat: bool,
    /// Whether it tells the link type at all, if only as nothing, which is Gold (R8). An old export lacks the member.
    pub link_type_told: bool,
}

/// A row that cannot be read.
#[derive(Debug)]
pub(in crate::read) struct RefusedRow {
    /// Its connection, whose traffic is refused under this one cause (R15); empty where it cannot be read either.
    pub connection_id: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// What could be read of the requester and the accepter: flow logs are joined by their VPCs and address blocks.
    pub ends: Option<[End; 2]>,
}

/// One thing that a document of connections holds, in the order of the document.
#[derive(Debug)]
pub(in crate::read) enum Found {
    /// A connection.
    Row(ConnectionRow),
    /// A row that cannot be read.
    Refused(Box<RefusedRow>),
    /// What a reader of reports should know.
    Finding(Finding),
}

impl Found {
    /// A row that cannot be read, of which there are few: none takes room in those that can.
    pub fn refused(row: RefusedRow) -> Self {
        Self::Refused(Box::new(row))
    }
}

/// Takes what is found, one after the other.
pub(in crate::read) type Take<'a> = &'a mut dyn FnMut(Found);

/// Accounts and regions, of which there are fewer than connections: equal texts are one.
#[derive(Default)]
pub(super) struct SharedTexts {
    accounts: QuickSet<Arc<str>>,
    /// Regions that may be named; there are some thirty.
    regions: QuickSet<Arc<str>>,
}

impl SharedTexts {
    /// The one text of an account.
    pub fn account(&mut self, id: &str) -> Arc<str> {
        if let Some(known) = self.accounts.get(id) {
            return known.clone();
        }
        let new: Arc<str> = id.into();
        self.accounts.insert(new.clone());
        new
    }

    /// The account that a text stands for, which is checked when it is met first.
    pub fn read_account(&mut self, text: &str) -> Result<Arc<str>, Invalid> {
        match self.accounts.get(text) {
            Some(known) => Ok(known.clone()),
            None => read_account(text).map(|id| self.account(id)),
        }
    }

    /// The region that a text stands for, which is checked when it is met first; `what` names it.
    pub fn read_region(
        &mut self,
        what: &str,
        text: &str,
        check_region: RegionCheck<'_>,
    ) -> Result<Arc<str>, String> {
        if let Some(known) = self.regions.get(text) {
            return Ok(known.clone());
        }
        check_id(what, text)?;
        check_region(text).map_err(|why| format!("{what}: {why}"))?;
        Ok(self.checked_region(text))
    }

    fn checked_region(&mut self, id: &str) -> Arc<str> {
        if let Some(known) = self.regions.get(id) {
            return known.clone();
        }
        let new: Arc<str> = id.into();
        self.regions.insert(new.clone());
        new
    }

    /// Lets the texts of an end, whose region was checked, be those of others where they are not yet.
    pub fn share(&mut self, end: &mut End) {
        let alone = |text: &Arc<str>| Arc::strong_count(text) == 1;
        if alone(&end.account_id) {
            end.account_id = self.account(&end.account_id);
        }
        if alone(&end.region) {
            end.region = self.checked_region(&end.region);
        }
    }
}

/// Reads the connections of a document of `terraform show -json`, which stands at `place`; `requesters` are stated where
/// it lacks them.
pub(super) fn read_state(
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
            Err(why) => take(Found::refused(RefusedRow {
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
