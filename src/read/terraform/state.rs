//! The connections of a Terraform state.

use super::{
    StatedRequesters,
    configuration::{Configuration, account_of_data},
    document::{ACCEPTER, CONNECTION, account_id, check_version, is_marked, resources, text, value_of},
    stated::{Asked, KnownKeys, Overruled, Requester},
};
use crate::{
    error::{Error, ErrorKind, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End, Tags},
        finding::Finding,
        id::{check_id, check_name, unwrapped},
        invalid::{Invalid, Remedy},
        link::LinkType,
        time::Timestamp,
    },
    read::source::Place,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A connection as a state has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateConnection {
    /// The address of its resource.
    pub address: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Whether its requester's account is that of a data source, of whatever provider.
    pub account_from_data_source: bool,
    /// Whether it tells the link type at all, if only as null: states of old providers do not.
    pub link_type_told: bool,
    /// The connection, or why it cannot be read.
    pub connection: Result<Connection, Invalid>,
}

/// The addresses of the accepters of a state, each with the id of its connection: they tell nothing of the requester.
pub(crate) fn accepters(json: &Value) -> Vec<(String, String)> {
    let accepters = managed(state_values(json), ACCEPTER).into_iter();
    let told = accepters.map(|resource| {
        let id = accepted_id(resource).unwrap_or_default().to_owned();
        (text(resource, "address").to_owned(), id)
    });
    told.collect()
}

/// How many connections a state has, good or bad.
pub(crate) fn count(json: &Value) -> u64 {
    managed(state_values(json), CONNECTION).len() as u64
}

/// The values of a state, or of the state that a plan starts from.
fn state_values(json: &Value) -> &Value {
    let values =
        if json.get("values").is_none() { json.pointer("/prior_state/values") } else { json.get("values") };
    values.unwrap_or(&Value::Null)
}

/// The resources of a type that Terraform manages.
fn managed<'a>(values: &'a Value, kind: &str) -> Vec<&'a Value> {
    let is_wanted = |resource: &&Value| text(resource, "type") == kind && text(resource, "mode") != "data";
    resources(values).into_iter().filter(is_wanted).collect()
}

/// The connections of a state, or of the state that a plan starts from.
///
/// The requester's region is the exported `region_id`, else the provider's where the document is a plan; its account
/// is that of the data sources. What neither has must be stated. An accepter beside it tells the link type where the
/// connection itself does not.
pub(crate) fn connections(
    place: &Place,
    json: &Value,
    stated: &StatedRequesters,
) -> Result<(Vec<StateConnection>, Vec<Finding>)> {
    check_version(json)
        .map_err(|why| Error::new(ErrorKind::Input, place.fault(FaultCode::UnusableInput, why)))?;
    let (is_plan, values) = (json.get("values").is_none(), state_values(json));
    let configuration = is_plan.then(|| Configuration::new(json));
    let resources = managed(values, CONNECTION);
    let addresses = resources.iter().map(|resource| text(resource, "address"));
    let known = match &configuration {
        Some(configuration) => configuration.known_keys(addresses),
        None => KnownKeys {
            resources: addresses.map(|address| (address, None)).collect(),
            ..KnownKeys::default()
        },
    };
    // Several states make one inventory, and a key may be of another of them.
    stated.check_keys(&KnownKeys { elsewhere: true, ..known })?;
    let mut requesters =
        Requesters { configuration, accounts: accounts(values), stated, overruled: Overruled::default() };
    let mut found: Vec<StateConnection> =
        resources.iter().map(|resource| read(resource, &mut requesters)).collect();
    let accepters = managed(values, ACCEPTER);
    let told: BTreeMap<&str, &Value> =
        accepters.iter().filter_map(|accepter| Some((accepted_id(accepter)?, *accepter))).collect();
    for connection in &mut found {
        if let Some(accepter) = connection.id.as_deref().and_then(|id| told.get(id)) {
            hear_accepter(connection, accepter);
        }
    }
    found.sort_by(|a, b| a.address.cmp(&b.address));
    Ok((found, requesters.overruled.findings()))
}

/// Takes the link type that an accepter tells of a connection which does not tell it, and refuses two that differ.
fn hear_accepter(own: &mut StateConnection, accepter: &Value) {
    let Ok(connection) = &mut own.connection else { return };
    let values = accepter.get("values").unwrap_or(&Value::Null);
    let Value::String(told) = value_of(values, "link_type") else { return };
    if connection.within_region() {
        return;
    }
    let address = text(accepter, "address");
    let why = match told.parse::<LinkType>() {
        Ok(told) if !own.link_type_told => {
            (connection.link_type, own.link_type_told) = (told, true);
            return;
        }
        Ok(told) if told == connection.link_type => return,
        Ok(told) => Invalid::new(format!(
            "its link type is {}, and that of {address} {told}; one of them is old: refresh the state",
            connection.link_type
        )),
        Err(why) => why.about(address),
    };
    own.connection = Err(why);
}

/// The id of the connection that an accepter is about, where it has one.
fn accepted_id(accepter: &Value) -> Option<&str> {
    let values = accepter.get("values")?;
    ["instance_id", "id"].into_iter().map(|key| text(values, key)).find(|id| !id.is_empty())
}

/// What the document and the caller say about requesters.
struct Requesters<'a> {
    configuration: Option<Configuration<'a>>,
    /// All accounts that data sources of a state have read; the state does not say for which provider.
    accounts: Result<BTreeSet<String>, String>,
    stated: &'a StatedRequesters,
    overruled: Overruled,
}

fn accounts(values: &Value) -> Result<BTreeSet<String>, String> {
    let data = resources(values).into_iter().filter(|resource| text(resource, "mode") == "data");
    data.filter_map(|data| account_of_data(data).transpose()).collect()
}

impl<'a> Requesters<'a> {
    fn provider(&self, address: &str) -> Option<&str> {
        self.configuration.as_ref()?.provider_of(address)
    }

    /// A requester, whose provider may have several instances as `differ` says.
    fn requester<'r>(
        &'r self,
        address: &'r str,
        differ: impl Fn(&Configuration<'a>, &str) -> bool,
    ) -> Requester<'r> {
        let provider = self.provider(address);
        let several = self.configuration.as_ref().zip(provider).is_some_and(|(all, key)| differ(all, key));
        Requester { address, provider, several }
    }

    /// The requester's account, and whether it is that of a data source of whatever provider.
    fn account(&mut self, address: &str) -> Result<(String, bool), Invalid> {
        let provider = self.provider(address);
        let configured = self.configuration.as_ref().zip(provider).map(|(all, key)| all.account(key));
        let stated = self.stated.account(self.requester(address, Configuration::has_several_accounts));
        if let Some(Ok(found)) = configured {
            self.overruled.note(Asked::Account, stated, address, &found.value);
            return Ok((found.value, false));
        }
        if let Some(stated) = stated {
            return Ok((stated.value.to_owned(), false));
        }
        let accounts = self.accounts.as_ref().map_err(String::clone)?;
        let mut ids = accounts.iter();
        match (ids.next(), ids.next()) {
            (Some(only), None) if self.configuration.is_none() => Ok((only.clone(), true)),
            (Some(_), Some(_)) => Err(account_to_be_stated(format!(
                "data sources tell several ({})",
                accounts.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            ))),
            _ => Err(account_to_be_stated("no data source alicloud_account tells it".into())),
        }
    }

    fn region(&mut self, address: &str, values: &Value) -> Result<String, Invalid> {
        let stated = self.stated.region(self.requester(address, Configuration::has_several_regions));
        if let Some(region) = string(values, "region_id")? {
            self.overruled.note(Asked::Region, stated, address, &region);
            return Ok(region);
        }
        if let Some(stated) = stated {
            return Ok(stated.value.to_owned());
        }
        let provider = self.provider(address);
        let configured = match (&self.configuration, provider) {
            (Some(configuration), Some(key)) => configuration.region(key).map(|found| found.value),
            _ => Err("the requester's region is not known: region_id is empty".into()),
        };
        configured.map_err(|why| Invalid::new(why).with(Remedy::StateRequesterRegion))
    }
}

/// Why a resource without its requester's account is refused.
fn account_to_be_stated(why_not_elsewhere: String) -> Invalid {
    let why = format!("the requester's account is not in the resource, and {why_not_elsewhere}");
    Invalid::new(why).with(Remedy::StateRequesterAccount)
}

fn read(resource: &Value, requesters: &mut Requesters<'_>) -> StateConnection {
    let address = text(resource, "address").to_owned();
    let values = resource.get("values").unwrap_or(&Value::Null);
    let account = requesters.account(&address);
    StateConnection {
        id: connection_id(values).ok(),
        account_from_data_source: account.as_ref().is_ok_and(|(_, from_data)| *from_data),
        link_type_told: values.get("link_type").is_some(),
        connection: account.and_then(|(account, _)| read_connection(account, resource, values, requesters)),
        address,
    }
}

fn read_connection(
    account: String,
    resource: &Value,
    values: &Value,
    requesters: &mut Requesters<'_>,
) -> Result<Connection, Invalid> {
    let needed = |key: &str| string(values, key)?.ok_or_else(|| format!("{key} is empty"));
    let id = connection_id(values)?;
    let accepter_account = account_id(values.get("accepting_ali_uid").unwrap_or(&Value::Null))
        .map_err(|why| format!("accepting_ali_uid: {why}"))?
        .ok_or("accepting_ali_uid is empty, or 0: the account is not told")?;
    let end = |account: String, region: String, vpc: &str| -> Result<End, Invalid> {
        let vpc_id = string(values, vpc)?;
        vpc_id.as_deref().map_or(Ok(()), |id| check_id(vpc, id))?;
        check_id("region", &region)?;
        Ok(End { vpc_id: vpc_id.map(Into::into), ..End::new(account, region) })
    };
    let requester = end(account, requesters.region(text(resource, "address"), values)?, "vpc_id")?;
    let accepter = end(accepter_account, needed("accepting_region_id")?, "accepting_vpc_id")?;
    let hidden = is_marked(resource.get("sensitive_values").unwrap_or(&Value::Null), "link_type");
    let link_type = match string(values, "link_type")? {
        // What is hidden is not left out.
        None if hidden && requester.region != accepter.region => {
            return Err("link_type is hidden as sensitive".into());
        }
        // R8: inside a region it is ignored, omitted it means Gold.
        Some(text) if requester.region != accepter.region => text.parse()?,
        _ => LinkType::Gold,
    };
    let created_at = string(values, "create_time")?
        .map(|text| Timestamp::parse(&text).map_err(|why| format!("create_time {text:?}: {why}")))
        .transpose()?;
    let status = string(values, "status")?
        .map(|text| text.parse().map_err(|why| format!("status: {why}")))
        .transpose()?;
    Ok(Connection {
        status,
        bandwidth: bandwidth(value_of(values, "bandwidth"))?,
        created_at,
        name: string(values, "peer_connection_name")?.map(Into::into),
        tags: tags(values)?,
        ..Connection::new(id, requester, accepter, link_type)
    })
}

/// The id of the connection.
fn connection_id(values: &Value) -> Result<String, String> {
    let id = string(values, "id")?.ok_or("id is empty")?;
    let id = unwrapped(&id);
    check_name("id", id).map(|()| id.to_owned())
}

/// The tags of a resource: those that the provider adds, and its own.
fn tags(values: &Value) -> Result<Tags, Invalid> {
    let objects = ["tags_all", "tags"].into_iter().filter_map(|key| values.get(key)?.as_object());
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let all: BTreeMap<String, String> = objects.flatten().filter_map(text).collect();
    Tags::new(all).map_err(|why| why.about("tags"))
}

/// A text attribute; `None` where it is null, empty or not there.
fn string(values: &Value, key: &str) -> Result<Option<String>, String> {
    match value_of(values, key) {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(format!("{key} {other} is not text")),
    }
}

fn bandwidth(value: &Value) -> Result<Bandwidth, String> {
    match value {
        Value::Null => Ok(Bandwidth::DEFAULT),
        _ if value.as_i64() == Some(-1) => Ok(Bandwidth::Unlimited),
        _ => value.as_u64().filter(|mbps| *mbps > 0).map(Bandwidth::Mbps).ok_or_else(|| {
            format!("bandwidth {value} is not a whole number of Mbit/s above 0 (-1: unlimited)")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STATE: &str = include_str!("../../../tests/terraform/state.json");
    const PLAN: &str = include_str!("../../../tests/terraform/plan.json");

    fn read_text(text: &str, accounts: &[&str]) -> Result<Vec<StateConnection>> {
        let accounts: Vec<String> = accounts.iter().map(|text| (*text).to_owned()).collect();
        let json = serde_json::from_str(text).unwrap();
        let place = Place::row(&"state.json".into(), 1);
        Ok(connections(&place, &json, &StatedRequesters::parse(&accounts, &[])?)?.0)
    }

    #[test]
    fn a_state_gives_its_connections_with_those_of_its_modules() {
        let found = read_text(STATE, &[]).unwrap();
        let ids: Vec<&str> = found.iter().filter_map(|found| found.id.as_deref()).collect();
        assert_eq!(ids, ["pcc-old", "pcc-published", "pcc-ap", "pcc-eu"]);
        let published = found[1].connection.as_ref().unwrap();
        assert_eq!(&*published.requester.account_id, "1000000000000001");
        assert_eq!(&*published.requester.region, "cn-huhehaote");
        assert_eq!(published.requester.vpc_id.as_deref(), Some("vpc-hp3a"));
        assert_eq!(published.link_type, LinkType::Gold, "R8: null is Gold");
        assert_eq!(published.created_at, Timestamp::parse("2026-03-02T02:15:09Z").ok());
        assert_eq!(published.name.as_deref(), Some("hohhot-guangzhou"));
        assert_eq!(found[2].connection.as_ref().unwrap().accepter.account_id, "9007199254740993".into());
        assert_eq!(published.status, Some(crate::model::connection::Status::Activated));
    }

    #[test]
    fn a_plan_says_whose_data_source_it_is() {
        let found = read_text(PLAN, &["alicloud.hub=9", "5"]).unwrap();
        let accounts = found.iter().map(|found| &*found.connection.as_ref().unwrap().requester.account_id);
        // The configuration of `old` is gone: nothing but the flag has its account.
        assert_eq!(
            accounts.collect::<Vec<_>>(),
            ["5", "1000000000000001", "1000000000000002", "1000000000000002"]
        );
    }

    fn state_of(values: Value, data: Value) -> Value {
        json!({"format_version": "1.0", "values": {"root_module": {"resources": [
            {"address": "alicloud_vpc_peer_connection.a", "mode": "managed", "type": CONNECTION, "values": values},
            {"address": "data.alicloud_account.a", "mode": "data", "type": "alicloud_account", "values": {"id": "1"}},
            {"address": "data.alicloud_account.b", "mode": "data", "type": "alicloud_account", "values": data},
        ]}}})
    }

    #[test]
    fn what_a_state_lacks_is_refused_with_what_would_state_it() {
        let good = json!({"id": "pcc-1", "region_id": "cn-beijing", "accepting_region_id": "cn-shanghai",
            "accepting_ali_uid": 1000000000000002u64});
        let why = |change: (&str, Value), data: Value| {
            let mut values = good.clone();
            values[change.0] = change.1;
            read_text(&state_of(values, data).to_string(), &[]).unwrap()[0].connection.clone()
        };
        let same = json!({"id": "1"});
        assert!(why(("id", json!("pcc-1")), same.clone()).is_ok());
        let several = why(("id", json!("pcc-1")), json!({"id": "2"})).unwrap_err();
        assert!(several.message().ends_with("data sources tell several (1, 2)"), "{several}");
        assert_eq!(several.remedy(), Some(&Remedy::StateRequesterAccount));
        let no_region = why(("region_id", json!(null)), same.clone()).unwrap_err();
        assert_eq!(no_region.remedy(), Some(&Remedy::StateRequesterRegion));
        for (member, bad, expected) in [
            ("accepting_ali_uid", json!(1.5), "accepting_ali_uid"),
            ("link_type", json!("gold"), "did you mean"),
            ("create_time", json!("soon"), "create_time"),
            ("bandwidth", json!(0), "bandwidth 0"),
        ] {
            let found = why((member, bad), same.clone()).unwrap_err();
            assert!(found.message().contains(expected), "{found}");
        }
        assert_eq!(why(("bandwidth", json!(-1)), same).unwrap().bandwidth, Bandwidth::Unlimited);
    }

    #[test]
    fn r8_inside_a_region_the_link_type_is_ignored() {
        let values = json!({"id": "pcc-1", "region_id": "cn-beijing", "accepting_region_id": "cn-beijing",
            "accepting_ali_uid": "2", "link_type": "Silver"});
        let found = read_text(&state_of(values, json!({"id": "1"})).to_string(), &[]).unwrap();
        assert_eq!(found[0].connection.as_ref().unwrap().link_type, LinkType::Gold);
    }
}
