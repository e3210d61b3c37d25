//! One connection as the provider describes it: an entry of a list, or the answer to a question about one.

use super::row::{ConnectionRow, Found, RefusedRow, RegionCheck, Take};
use crate::{
    error::FaultCode,
    model::{
        cidr::Cidr,
        connection::{Connection, End, Status},
        finding::{Finding, FindingCode},
        link::LinkType,
        time::Timestamp,
    },
    read::{
        Document,
        json::{Located, required_text, text_of},
        place::Place,
        values::read_bandwidth,
    },
};
use serde::Deserialize;
use serde_json::Value;

/// The members of an entry that are read; the others are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    instance_id: Option<Value>,
    name: Option<Value>,
    status: Option<Value>,
    biz_status: Option<Value>,
    link_type: Option<Value>,
    bandwidth: Option<Value>,
    owner_id: Option<Value>,
    region_id: Option<Value>,
    vpc: Option<Vpc>,
    accepting_owner_uid: Option<Value>,
    accepting_region_id: Option<Value>,
    accepting_vpc: Option<Vpc>,
    gmt_create: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vpc {
    vpc_id: Option<Value>,
    ipv4_cidrs: Option<Vec<String>>,
    ipv6_cidrs: Option<Vec<String>>,
}

/// Reads the entry at `value`: one row, and what else is to be said of it.
pub(super) fn read(document: &Document, value: &Located<'_>, check_region: RegionCheck<'_>, take: Take<'_>) {
    let place = Place::value(&document.name, value.line, value.path.clone());
    let entry: Entry = match value.read() {
        Ok(entry) => entry,
        Err(why) => {
            let fault = place.fault(FaultCode::UnreadableRow, why);
            return take(Found::Refused(RefusedRow { connection_id: String::new(), fault, ends: None }));
        }
    };
    match entry.connection(check_region) {
        Err(why) => take(Found::Refused(RefusedRow {
            connection_id: text_of("InstanceId", entry.instance_id.as_ref())
                .ok()
                .flatten()
                .unwrap_or_default(),
            fault: place.member_fault(FaultCode::UnreadableRow, &why),
            ends: Some([&entry.vpc, &entry.accepting_vpc].map(|vpc| readable_end(vpc.as_ref()))),
        })),
        Ok(connection) => {
            if entry.biz_status.as_ref().and_then(Value::as_str) == Some("FinancialLocked") {
                take(Found::Finding(locked(&connection)));
            }
            take(Found::Row(ConnectionRow { connection, place, may_repeat: true }));
        }
    }
}

fn locked(connection: &Connection) -> Finding {
    let id = &connection.id;
    let message = format!("{id} is FinancialLocked; how the provider bills its traffic then is not known");
    Finding::new(FindingCode::FinancialLocked, message).about(id)
}

impl Entry {
    fn connection(&self, check_region: RegionCheck<'_>) -> Result<Connection, String> {
        let text = |what: &str, value: &Option<Value>| text_of(what, value.as_ref());
        let id = required_text("InstanceId", self.instance_id.as_ref())?;
        let requester = read_end(
            ["OwnerId", "RegionId", "Vpc"],
            [&self.owner_id, &self.region_id],
            self.vpc.as_ref(),
            check_region,
        )?;
        let accepter = read_end(
            ["AcceptingOwnerUid", "AcceptingRegionId", "AcceptingVpc"],
            [&self.accepting_owner_uid, &self.accepting_region_id],
            self.accepting_vpc.as_ref(),
            check_region,
        )?;
        // R8: inside a region it is ignored, omitted it means Gold.
        let link_type = match text("LinkType", &self.link_type)? {
            Some(text) if requester.region != accepter.region => {
                text.parse::<LinkType>().map_err(|why| format!("LinkType: {why}"))?
            }
            _ => LinkType::Gold,
        };
        let created_at = text("GmtCreate", &self.gmt_create)?
            .map(|text| Timestamp::parse(&text).map_err(|why| format!("GmtCreate: {text:?}: {why}")));
        let status = text("Status", &self.status)?
            .map(|text| text.parse::<Status>().map_err(|why| format!("Status: {why}")));
        let status = status.transpose()?;
        Ok(Connection {
            bandwidth: read_bandwidth("Bandwidth", text("Bandwidth", &self.bandwidth)?.as_deref())?,
            status,
            // Deleting and Deleted give no instant of deletion; a Delete event does.
            created_at: created_at.transpose()?,
            name: text("Name", &self.name).ok().flatten(),
            ..Connection::new(id, requester, accepter, link_type)
        })
    }
}

/// What can be read of an end where the entry is bad: what joins flow logs to it.
fn readable_end(vpc: Option<&Vpc>) -> End {
    let vpc_id = vpc.and_then(|vpc| text_of("VpcId", vpc.vpc_id.as_ref()).ok().flatten());
    let blocks = vpc.into_iter().flat_map(|vpc| [&vpc.ipv4_cidrs, &vpc.ipv6_cidrs]).flatten().flatten();
    End::of_vpc(vpc_id, blocks.filter_map(|block| block.parse().ok()).collect())
}

/// Reads an end from the members of these names: account, region and VPC.
fn read_end(
    names: [&str; 3],
    [account, region]: [&Option<Value>; 2],
    vpc: Option<&Vpc>,
    check_region: RegionCheck<'_>,
) -> Result<End, String> {
    let account_id = required_text(names[0], account.as_ref())?;
    let region = required_text(names[1], region.as_ref())?;
    check_region(&region).map_err(|why| format!("{}: {why}", names[1]))?;
    let (mut vpc_id, mut cidrs) = (None, Vec::new());
    if let Some(vpc) = vpc {
        let at = |field: &str| format!("{}.{field}", names[2]);
        vpc_id = text_of(&at("VpcId"), vpc.vpc_id.as_ref())?;
        for (field, blocks) in [("Ipv4Cidrs", &vpc.ipv4_cidrs), ("Ipv6Cidrs", &vpc.ipv6_cidrs)] {
            for (index, block) in blocks.iter().flatten().enumerate() {
                let parsed = block.parse::<Cidr>();
                cidrs.push(parsed.map_err(|why| format!("{}[{index}]: {why}", at(field)))?);
            }
        }
    }
    Ok(End { vpc_id, cidrs, ..End::new(account_id, region) })
}
