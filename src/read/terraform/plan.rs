//! Reads what a plan does to peering connections.

use super::{
    StatedRequesters,
    change::{Action, Change, PeeringPlan, PlanSide, Unknown},
    configuration::{Configuration, Found},
    document::{ACCEPTER, CONNECTION, account_id, list, parse, split_modules, text, without_index},
};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::Bandwidth,
        invalid::{Invalid, Remedy},
        link::LinkType,
    },
    read::Document,
};
use serde_json::Value;

/// Reads what a plan does to peering connections.
///
/// ```
/// use peerbill::read::{Document, terraform::{read_plan, Action, StatedRequesters}};
///
/// let plan = read_plan(&Document::new("plan.json", r#"{"format_version": "1.2", "resource_changes": [{
///     "address": "alicloud_vpc_peer_connection.a", "mode": "managed", "type": "alicloud_vpc_peer_connection",
///     "change": {"actions": ["update"],
///         "before": {"region_id": "cn-huhehaote", "accepting_region_id": "cn-guangzhou", "link_type": null},
///         "after": {"region_id": "cn-huhehaote", "accepting_region_id": "cn-guangzhou", "link_type": "Platinum"},
///         "after_unknown": {}}}]}"#), &StatedRequesters::default())?;
/// assert_eq!(plan.changes[0].action, Action::Update);
/// // Neither account is in the plan: that is reported, not guessed.
/// let unknown: Vec<&str> = plan.unknown.iter().map(|unknown| unknown.attribute).collect();
/// assert_eq!(unknown, ["accepting_ali_uid", "requester account"]);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where the document is no plan or one that Terraform could not finish, and with all
/// values that make no sense; [`Usage`](ErrorKind::Usage) where `stated` names a provider that the plan lacks.
pub fn read_plan(document: &Document, stated: &StatedRequesters) -> Result<PeeringPlan> {
    let json = parse(document)?;
    let unusable = |why: &str| Err(Error::unusable(ErrorKind::Input, &document.name, why));
    if json.get("values").is_some() && json.get("planned_values").is_none() {
        return unusable(
            "this is a state; what a plan changes is printed by: terraform plan -out=FILE && terraform show -json FILE",
        );
    }
    if json.get("errored") == Some(&Value::Bool(true)) {
        return unusable(
            "Terraform could not finish this plan (errored); mend the configuration and plan again",
        );
    }
    let configuration = Configuration::new(&json);
    stated.check_providers(&configuration.provider_keys())?;
    let mut reader =
        Reader { configuration, stated, plan: PeeringPlan::default(), faults: Vec::new(), document };
    let resources: Vec<&Value> = list(&json, "resource_changes").collect();
    for resource in resources.iter().filter(|resource| text(resource, "type") == CONNECTION) {
        reader.read_change(resource);
    }
    for resource in resources.iter().filter(|resource| text(resource, "type") == ACCEPTER) {
        reader.read_accepter(resource, &resources);
    }
    reader.note_incomplete(&json);
    if let Some(error) = Error::from_faults(ErrorKind::Input, reader.faults) {
        return Err(error);
    }
    let mut plan = reader.plan;
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan.unknown.sort_by(|a, b| a.order().cmp(&b.order()));
    plan.unknown.dedup();
    Ok(plan)
}

struct Reader<'a> {
    configuration: Configuration<'a>,
    stated: &'a StatedRequesters,
    plan: PeeringPlan,
    faults: Vec<Fault>,
    document: &'a Document,
}

/// An attribute of a resource.
enum Attribute<'a> {
    Known(&'a Value),
    Unknown,
}

fn attribute<'a>(values: &'a Value, unknown: &Value, name: &str) -> Attribute<'a> {
    if unknown.get(name) == Some(&Value::Bool(true)) {
        return Attribute::Unknown;
    }
    Attribute::Known(values.get(name).unwrap_or(&Value::Null))
}

const UNTIL_APPLY: &str = "known only after apply";
const LEFT_OUT: &str = "it is left out";

impl<'a> Reader<'a> {
    fn refuse(&mut self, address: &str, why: &str) {
        let message = format!("{address}: {why}");
        self.faults.push(Fault::of_input(FaultCode::UnusableInput, &self.document.name, message));
    }

    fn not_known(&mut self, address: &str, attribute: &'static str, matters: bool, why: impl Into<Invalid>) {
        self.plan.unknown.push(Unknown { address: address.to_owned(), attribute, why: why.into(), matters });
    }

    fn read_change(&mut self, resource: &'a Value) {
        let address = text(resource, "address");
        let change = resource.get("change").unwrap_or(&Value::Null);
        let actions: Vec<&str> = list(change, "actions").filter_map(Value::as_str).collect();
        let Some(action) = Action::read(&actions) else {
            return self.refuse(address, &format!("actions {actions:?} are none that can be read"));
        };
        if let Some(deposed) = resource.get("deposed").and_then(Value::as_str) {
            // What is left over from an earlier replacement; its traffic cannot be separated from its successor's.
            let why = format!("deposed object {deposed} is destroyed as well; it is not priced");
            return self.not_known(address, "deposed", false, why);
        }
        let nothing = Value::Null;
        let values = |key: &str| change.get(key).filter(|values| values.is_object());
        let unknown = change.get("after_unknown").unwrap_or(&nothing);
        let before = values("before").map(|values| self.connection(address, values, &nothing));
        let after = match action {
            Action::NoOp => before.clone(),
            _ => values("after").map(|values| self.connection(address, values, unknown)),
        };
        self.plan.changes.push(Change { address: address.to_owned(), action, before, after });
    }

    /// One side of a change.
    fn connection(&mut self, address: &str, values: &'a Value, unknown: &Value) -> PlanSide {
        let provider = self.configuration.provider_of(address);
        let mut found = PlanSide {
            requester_account: self.requester_account(address, provider),
            accepter_account: self.accepter_account(address, values, unknown),
            accepter_region: self.accepter_region(address, values, unknown),
            link_type: self.link_type(address, values, unknown),
            bandwidth: read_bandwidth(values),
            name: values.get("peer_connection_name").and_then(Value::as_str).map(str::to_owned),
            ..PlanSide::default()
        };
        match attribute(values, unknown, "region_id") {
            Attribute::Known(Value::String(region)) => found.requester_region = Some(region.clone()),
            _ => {
                let region = self.provider_region(address, provider);
                (found.requester_region, found.region_from) = region.unzip();
            }
        }
        found
    }

    /// The region that the provider is configured with, and how it was found.
    fn provider_region(&mut self, address: &str, provider: Option<&str>) -> Option<(String, String)> {
        let stated = self.stated.region(provider);
        let configured = match provider {
            Some(key) => self.configuration.region(key),
            None => Err("the plan does not tell its provider".into()),
        };
        match (configured, stated) {
            (Ok(Found { value, through: None }), _) => {
                Some((value, format!("provider {}", provider.unwrap_or_default())))
            }
            // A reference may be only a part of the expression: what is stated for this provider wins over it.
            (_, Some(stated)) => Some((stated.to_owned(), "what is stated".into())),
            (Ok(Found { value, through: Some(through) }), None) => {
                Some((value, format!("provider {} through {through}", provider.unwrap_or_default())))
            }
            (Err(why), None) => {
                let why = Invalid::new(why).with(Remedy::StateRequesterRegion);
                self.not_known(address, "requester region", true, why);
                None
            }
        }
    }

    fn requester_account(&mut self, address: &str, provider: Option<&str>) -> Option<String> {
        let found = match provider {
            Some(key) => self.configuration.account(key).map(|found| found.value),
            None => Err("the plan does not tell its provider".into()),
        };
        match (found, self.stated.account(provider)) {
            (Ok(account), _) => Some(account),
            (Err(_), Some(stated)) => Some(stated.to_owned()),
            (Err(why), None) => {
                let why = Invalid::new(why).with(Remedy::StateRequesterAccount);
                self.not_known(address, "requester account", false, why);
                None
            }
        }
    }

    fn accepter_account(&mut self, address: &str, values: &Value, unknown: &Value) -> Option<String> {
        let Attribute::Known(value) = attribute(values, unknown, "accepting_ali_uid") else {
            self.not_known(address, "accepting_ali_uid", false, UNTIL_APPLY);
            return None;
        };
        match account_id(value) {
            Ok(Some(account)) => return Some(account),
            Ok(None) => self.not_known(address, "accepting_ali_uid", false, LEFT_OUT),
            Err(why) => self.refuse(address, &format!("accepting_ali_uid: {why}")),
        }
        None
    }

    fn accepter_region(&mut self, address: &str, values: &Value, unknown: &Value) -> Option<String> {
        match attribute(values, unknown, "accepting_region_id") {
            Attribute::Known(Value::String(region)) => return Some(region.clone()),
            Attribute::Known(Value::Null) => self.not_known(address, "accepting_region_id", true, LEFT_OUT),
            Attribute::Unknown => self.not_known(address, "accepting_region_id", true, UNTIL_APPLY),
            Attribute::Known(other) => {
                self.refuse(address, &format!("accepting_region_id {other} is not text"));
            }
        }
        None
    }

    fn link_type(&mut self, address: &str, values: &Value, unknown: &Value) -> Option<LinkType> {
        match attribute(values, unknown, "link_type") {
            // R8: omitted it means Gold.
            Attribute::Known(Value::Null) => return Some(LinkType::Gold),
            Attribute::Known(Value::String(text)) => match text.parse() {
                Ok(link_type) => return Some(link_type),
                Err(why) => self.refuse(address, why.message()),
            },
            Attribute::Known(other) => self.refuse(address, &format!("link_type {other} is not text")),
            Attribute::Unknown => self.not_known(address, "link_type", true, UNTIL_APPLY),
        }
        None
    }

    /// The accepter's side can set the link type as well: where it sets another one, neither is known to hold.
    fn read_accepter(&mut self, resource: &'a Value, all: &[&'a Value]) {
        let address = text(resource, "address");
        let change = resource.get("change").unwrap_or(&Value::Null);
        let link_type = |side: &str| change.get(side).and_then(|values| values.get("link_type")?.as_str());
        let (Some(wanted), before) = (link_type("after"), link_type("before")) else { return };
        if Some(wanted) == before {
            return;
        }
        let connections = self.connections_of(resource, all);
        let agrees = |address: &String| {
            let change = self.plan.changes.iter().find(|change| change.address == *address);
            let after = change.and_then(|change| change.after.as_ref()?.link_type);
            after.is_some_and(|link_type| link_type.as_str() == wanted)
        };
        if !connections.is_empty() && connections.iter().all(agrees) {
            return;
        }
        let why = if connections.is_empty() {
            format!("it sets {wanted} on a connection that is not in this plan")
        } else {
            format!("it sets {wanted}, which is not the link type of {}", connections.join(", "))
        };
        self.not_known(address, "link_type", true, why);
    }

    /// The addresses of the connections that an accepter may be about: by id, else by reference.
    fn connections_of(&self, accepter: &Value, all: &[&'a Value]) -> Vec<String> {
        let address = text(accepter, "address");
        let connections = all.iter().filter(|resource| text(resource, "type") == CONNECTION);
        let side = |resource: &'a Value, key: &str, name: &str| -> Option<&'a str> {
            resource.get("change")?.get(key)?.get(name)?.as_str()
        };
        let id = accepter.get("change").and_then(|change| change.get("after")?.get("instance_id")?.as_str());
        let (modules, _) = split_modules(address);
        let expression = self.configuration.argument(address, "instance_id").unwrap_or(&Value::Null);
        let references: Vec<&str> = list(expression, "references").filter_map(Value::as_str).collect();
        let referred = |resource: &Value| {
            let (its_modules, name) = split_modules(text(resource, "address"));
            its_modules == modules && references.contains(&without_index(name))
        };
        connections
            .filter(|resource| match id {
                Some(id) => side(resource, "before", "id") == Some(id),
                None => referred(resource),
            })
            .map(|resource| text(resource, "address").to_owned())
            .collect()
    }

    /// A plan that leaves something for a later one may leave a connection for it.
    fn note_incomplete(&mut self, json: &Value) {
        for deferred in list(json, "deferred_changes") {
            let resource = deferred.get("resource_change").unwrap_or(&Value::Null);
            if text(resource, "type") == CONNECTION {
                let why = format!("the plan defers this connection ({})", text(deferred, "reason"));
                self.not_known(text(resource, "address"), "all", true, why);
            }
        }
        if json.get("complete") == Some(&Value::Bool(false)) {
            let why = "Terraform says that a further plan is needed after this one";
            self.not_known("", "complete", true, why);
        }
    }
}

fn read_bandwidth(values: &Value) -> Option<Bandwidth> {
    match values.get("bandwidth")?.as_i64()? {
        -1 => Some(Bandwidth::Unlimited),
        mbps => u64::try_from(mbps).ok().filter(|mbps| *mbps > 0).map(Bandwidth::Mbps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PLAN: &str = include_str!("../../../tests/terraform/plan.json");

    fn read(json: &Value) -> Result<PeeringPlan> {
        read_plan(&Document::new("plan.json", json.to_string()), &StatedRequesters::default())
    }

    fn stated(accounts: &[&str], regions: &[&str]) -> StatedRequesters {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        StatedRequesters::parse(&texts(accounts), &texts(regions)).unwrap()
    }

    /// One change of a connection, and the plan around it.
    fn plan_of(change: Value) -> Value {
        json!({"format_version": "1.2", "resource_changes": [{
            "address": "alicloud_vpc_peer_connection.a", "type": CONNECTION, "change": change
        }]})
    }

    fn ends(connection: Option<&PlanSide>) -> Option<[&str; 4]> {
        connection.map(|c| {
            [&c.requester_account, &c.requester_region, &c.accepter_account, &c.accepter_region]
                .map(|text| text.as_deref().unwrap_or("?"))
        })
    }

    #[test]
    fn a_plan_with_aliases_modules_count_and_for_each_is_read_to_the_end() {
        let plan = read_plan(&Document::new("plan.json", PLAN), &StatedRequesters::default()).unwrap();
        let rows: Vec<_> = plan
            .changes
            .iter()
            .map(|change| {
                (&*change.address, change.action, ends(change.before.as_ref()), ends(change.after.as_ref()))
            })
            .collect();
        let (one, two, three) = ("1000000000000001", "1000000000000002", "9007199254740993");
        let old = Some(["?", "cn-huhehaote", two, "cn-beijing"]);
        let published = Some([one, "cn-huhehaote", two, "cn-guangzhou"]);
        let ap = Some([two, "eu-central-1", three, "ap-northeast-1"]);
        assert_eq!(
            rows,
            [
                (
                    "alicloud_vpc_peer_connection.branch[0]",
                    Action::Create,
                    None,
                    Some([one, "cn-huhehaote", one, "cn-shanghai"])
                ),
                (
                    "alicloud_vpc_peer_connection.branch[1]",
                    Action::Create,
                    None,
                    Some([one, "cn-huhehaote", two, "ap-southeast-1"])
                ),
                (
                    "alicloud_vpc_peer_connection.intra",
                    Action::Create,
                    None,
                    Some([one, "cn-huhehaote", one, "cn-huhehaote"])
                ),
                ("alicloud_vpc_peer_connection.old", Action::Delete, old, None),
                ("alicloud_vpc_peer_connection.published", Action::Update, published, published),
                ("module.spokes[\"ap.1\"].alicloud_vpc_peer_connection.this", Action::NoOp, ap, ap),
                (
                    "module.spokes[\"eu\"].alicloud_vpc_peer_connection.this",
                    Action::Replace,
                    Some([two, "eu-central-1", three, "us-east-1"]),
                    Some([two, "eu-central-1", three, "us-west-1"])
                ),
            ]
        );
        let link_types = |change: &Change| {
            [&change.before, &change.after].map(|side| side.as_ref().and_then(|side| side.link_type))
        };
        assert_eq!(link_types(&plan.changes[4]), [Some(LinkType::Gold), Some(LinkType::Platinum)]);
        // The resource's configuration is gone, and with it the provider whose account it has.
        let unknown: Vec<_> = plan.unknown.iter().map(|u| (&*u.address, u.attribute, u.matters)).collect();
        assert_eq!(unknown, [("alicloud_vpc_peer_connection.old", "requester account", false)]);
        let eu = plan.changes[6].after.as_ref().unwrap();
        assert_eq!(
            eu.region_from.as_deref(),
            Some("provider alicloud.hub through var.sites[\"hub\"].region")
        );
    }

    #[test]
    fn what_is_unknown_until_apply_is_listed_with_its_attribute() {
        let change = json!({"actions": ["create"], "before": null, "after": {},
            "after_unknown": {"region_id": true, "link_type": true, "accepting_region_id": true, "accepting_ali_uid": true}});
        let plan = read(&plan_of(change)).unwrap();
        let unknown: Vec<_> = plan.unknown.iter().map(|u| (u.attribute, u.matters)).collect();
        assert_eq!(
            unknown,
            [
                ("accepting_ali_uid", false),
                ("accepting_region_id", true),
                ("link_type", true),
                ("requester account", false),
                ("requester region", true),
            ]
        );
        assert_eq!(plan.changes[0].after.as_ref().unwrap().link_type, None);
    }

    #[test]
    fn what_is_stated_fills_what_the_plan_leaves_open_and_wins_over_a_reference() {
        let document = Document::new("plan.json", PLAN);
        let plan = read_plan(&document, &stated(&["7"], &["alicloud.hub=eu-west-1", "alicloud=cn-beijing"]))
            .unwrap();
        let after = |index: usize| plan.changes[index].after.as_ref().unwrap();
        // Written out in the configuration: that holds.
        assert_eq!(after(0).requester_region.as_deref(), Some("cn-huhehaote"));
        // Found through a variable, which may be only a part of the expression.
        assert_eq!(after(6).requester_region.as_deref(), Some("eu-west-1"));
        assert_eq!(plan.changes[3].before.as_ref().unwrap().requester_account.as_deref(), Some("7"));
        assert_eq!(plan.unknown, []);
        assert!(read_plan(&document, &stated(&["alicloud.hug=7"], &[])).is_err());
    }

    #[test]
    fn every_action_is_understood_or_refused() {
        let action = |actions: Value| {
            let values = json!({"region_id": "a", "accepting_region_id": "b", "accepting_ali_uid": "1"});
            let change = json!({"actions": actions, "before": values, "after": values, "after_unknown": {}});
            read(&plan_of(change)).map(|plan| plan.changes[0].action)
        };
        assert_eq!(action(json!(["create", "delete"])).unwrap(), Action::Replace);
        assert_eq!(action(json!(["forget"])).unwrap(), Action::NoOp);
        assert!(
            action(json!(["renew"]))
                .unwrap_err()
                .to_string()
                .contains("[\"renew\"] are none that can be read")
        );
        assert!(action(json!([])).is_err());
    }

    #[test]
    fn malformed_values_are_refused_together_with_their_addresses() {
        let values = json!({"region_id": "a", "accepting_region_id": 5, "accepting_ali_uid": 1e15, "link_type": "gold"});
        let change = json!({"actions": ["delete"], "before": values, "after": null});
        let error = read(&plan_of(change)).unwrap_err();
        assert_eq!(error.total(), 3);
        assert!(
            error
                .to_string()
                .contains("alicloud_vpc_peer_connection.a: accepting_ali_uid: 1000000000000000.0")
        );
        assert!(error.to_string().contains("did you mean \"Gold\"?"));
    }

    #[test]
    fn an_unfinished_plan_is_refused_and_an_incomplete_one_says_so() {
        let with = |key: &str, value: Value| {
            let mut plan = plan_of(json!({"actions": ["no-op"], "before": {"region_id": "a",
                "accepting_region_id": "b", "accepting_ali_uid": "1"}}));
            plan[key] = value;
            read(&plan)
        };
        assert!(with("errored", json!(true)).is_err());
        assert!(with("errored", json!(false)).unwrap().unknown.iter().all(|u| !u.matters));
        assert!(with("complete", json!(false)).unwrap().unknown[0].matters);
        let deferred = json!([{"reason": "provider_config_unknown",
            "resource_change": {"address": "x", "type": CONNECTION}}]);
        assert!(
            with("deferred_changes", deferred).unwrap().unknown.iter().any(|u| u.address == "x" && u.matters)
        );
    }

    #[test]
    fn an_accepter_that_sets_another_link_type_makes_it_unknown() {
        let plan = |wanted: &str, id: &str| {
            let values = json!({"id": "pcc-1", "region_id": "a", "accepting_region_id": "b",
                "accepting_ali_uid": "1", "link_type": "Gold"});
            let mut plan = plan_of(json!({"actions": ["no-op"], "before": values, "after": values}));
            let accepter = json!({"address": "alicloud_vpc_peer_connection_accepter.b", "type": ACCEPTER,
                "change": {"actions": ["update"], "before": {"link_type": null},
                    "after": {"link_type": wanted, "instance_id": id}}});
            plan["resource_changes"].as_array_mut().unwrap().push(accepter);
            let unknown = read(&plan).unwrap().unknown;
            unknown.into_iter().filter(|u| u.matters).map(|u| u.why).collect::<Vec<_>>()
        };
        assert!(plan("Gold", "pcc-1").is_empty());
        assert!(
            plan("Platinum", "pcc-1")[0]
                .message()
                .contains("not the link type of alicloud_vpc_peer_connection.a")
        );
        assert!(plan("Gold", "pcc-2")[0].message().contains("not in this plan"));
    }

    #[test]
    fn a_state_is_not_a_plan() {
        let error = read(&json!({"format_version": "1.0", "values": {}})).unwrap_err().to_string();
        assert!(error.contains("this is a state"), "{error}");
    }
}
