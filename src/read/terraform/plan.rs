//! Reads what a plan does to peering connections.

use super::{
    StatedRequesters,
    accepter::{KnownConnection, connections_of},
    configuration::{Configuration, Found, whole_references},
    document::{
        ACCEPTER, Action, Address, Attribute, CONNECTION, Change, NOTHING, PeeringPlan, PlanSide, Unknown,
        Values, account_id, check_plan, is_marked, list, parse, text, value_of,
    },
    stated::{Asked, Overruled, Requester, Statement},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        connection::Bandwidth,
        finding::{Finding, FindingCode, Said},
        invalid::{Invalid, Remedy},
        link::LinkType,
    },
    read::Document,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

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
/// [`Input`](ErrorKind::Input) where the document is no plan or one that Terraform could not finish;
/// [`Usage`](ErrorKind::Usage) where `stated` names a provider or a resource that the plan lacks. What cannot be read of
/// one connection stands in [`PeeringPlan::unknown`] and leaves the others as they are.
pub fn read_plan(document: &Document, stated: &StatedRequesters) -> Result<PeeringPlan> {
    let json = parse(document)?;
    check_plan(&json).map_err(|why| Error::unusable(ErrorKind::Input, &document.name, why))?;
    let configuration = Configuration::new(&json);
    let managed = |resource: &&Value| text(resource, "mode") != "data";
    let resources: Vec<&Value> = list(&json, "resource_changes").filter(managed).collect();
    let connections = || resources.iter().filter(|resource| text(resource, "type") == CONNECTION);
    let addresses = connections().map(|resource| text(resource, "address"));
    stated.check_keys(&configuration.known_keys(addresses))?;
    let mut reader = Reader {
        configuration,
        stated,
        plan: PeeringPlan::default(),
        ids: Vec::new(),
        labels: BTreeSet::new(),
        overruled: Overruled::default(),
    };
    for resource in connections() {
        reader.read_change(resource);
    }
    let labels: Vec<String> = reader.plan.changes.iter().map(|change| change.address.clone()).collect();
    let known: Vec<KnownConnection<'_>> =
        labels.iter().map(|label| (Address::new(label), &**label)).collect();
    for resource in resources.iter().filter(|resource| text(resource, "type") == ACCEPTER) {
        reader.read_accepter(resource, &known);
    }
    reader.note_incomplete(&json);
    let Reader { mut plan, overruled, .. } = reader;
    plan.findings.sort_by(|a, b| (&a.connection_id, &a.said).cmp(&(&b.connection_id, &b.said)));
    plan.findings.dedup();
    plan.findings.extend(overruled.findings());
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan.unknown.sort_by(|a, b| a.order().cmp(&b.order()));
    plan.unknown.dedup();
    Ok(plan)
}

struct Reader<'a> {
    configuration: Configuration<'a>,
    stated: &'a StatedRequesters,
    plan: PeeringPlan,
    /// The connections that have an id already, with it.
    ids: Vec<(String, &'a str)>,
    /// Under which names connections were read.
    labels: BTreeSet<String>,
    overruled: Overruled,
}

/// The resource that a side is of: under which name it is told, and where its configuration stands.
#[derive(Clone, Copy)]
struct Of<'a> {
    label: &'a str,
    address: &'a str,
}

const LEFT_OUT: &str = "it is left out";

impl<'a> Reader<'a> {
    /// Notes what cannot be read of a connection, which can then not be priced.
    fn refuse(&mut self, label: &str, attribute: &'static str, why: impl Into<Invalid>) {
        self.not_known(label, attribute, true, why);
        self.plan.changes.iter_mut().filter(|change| change.address == label).for_each(|change| {
            change.unreadable = true;
        });
    }

    fn not_known(&mut self, address: &str, attribute: &'static str, matters: bool, why: impl Into<Invalid>) {
        self.plan.unknown.push(Unknown { address: address.to_owned(), attribute, why: why.into(), matters });
    }

    fn read_change(&mut self, resource: &'a Value) {
        let address = text(resource, "address");
        let change = resource.get("change").unwrap_or(&Value::Null);
        let actions: Vec<&str> = list(change, "actions").filter_map(Value::as_str).collect();
        let (action, keeps_old) = Action::read(&actions);
        let label = match resource.get("deposed").and_then(Value::as_str) {
            // What is left over from an earlier replacement: a connection of its own.
            Some(key) => format!("{address} (deposed object {key})"),
            None => address.to_owned(),
        };
        if !self.labels.insert(label.clone()) {
            return self.refuse(&label, "all", "its address stands twice in the plan");
        }
        let read = Change {
            address: label.clone(),
            action,
            keeps_old,
            unreadable: false,
            before: None,
            after: None,
        };
        self.plan.changes.push(read);
        let at = self.plan.changes.len() - 1;
        let of = Of { label: &label, address };
        if action == Action::Other {
            self.refuse(&label, "action", format!("actions {actions:?} are none that are known here"));
        }
        let before = self.side(of, change, action.sides()[0], "before");
        let after = match action {
            Action::NoOp => before.clone(),
            _ => self.side(of, change, action.sides()[1], "after"),
        };
        let id = change.get("before").and_then(|before| value_of(before, "id").as_str());
        self.ids.extend(id.map(|id| (label.clone(), id)));
        let read = &mut self.plan.changes[at];
        (read.before, read.after) = (before, after);
    }

    /// One side of a change, where it has one; a side that should be there and is not is not taken for nothing.
    fn side(&mut self, of: Of<'_>, change: &'a Value, has: bool, side: &'static str) -> Option<PlanSide> {
        if !has {
            return None;
        }
        let marks = |key: &str| change.get(key).unwrap_or(&NOTHING);
        let Some(values) = change.get(side).filter(|values| values.is_object()) else {
            self.refuse(of.label, side, "the plan does not tell the connection on this side");
            return Some(PlanSide::default());
        };
        let [unknown, sensitive] = match side {
            "before" => [&NOTHING, marks("before_sensitive")],
            _ => [marks("after_unknown"), marks("after_sensitive")],
        };
        Some(self.connection(of, Values { values, unknown, sensitive }))
    }

    fn connection(&mut self, of: Of<'_>, values: Values<'a>) -> PlanSide {
        let provider = self.configuration.provider_of(of.address);
        let mut found = PlanSide {
            requester_account: self.requester_account(of, provider),
            accepter_account: self.accepter_account(of.label, values),
            accepter_region: self.accepter_region(of.label, values),
            bandwidth: read_bandwidth(values.values),
            name: value_of(values.values, "peer_connection_name").as_str().map(str::to_owned),
            ..PlanSide::default()
        };
        (found.requester_region, found.region_from) = match values.attribute("region_id") {
            Attribute::Known(Value::String(region)) => {
                let stated = self.stated_region(of, provider);
                self.overruled.note(Asked::Region, stated, of.label, region);
                (Some(region.clone()), None)
            }
            _ => self.provider_region(of, provider).unzip(),
        };
        // R8: inside a region it is ignored.
        found.link_type =
            if found.within_region() { Some(LinkType::Gold) } else { self.link_type(of.label, values) };
        found
    }

    fn has_several_regions(&self, provider: Option<&str>) -> bool {
        provider.is_some_and(|key| self.configuration.has_several_regions(key))
    }

    fn stated_region(&self, of: Of<'_>, provider: Option<&str>) -> Option<Statement<'a>> {
        let several = self.has_several_regions(provider);
        self.stated.region(Requester { address: of.address, provider, several })
    }

    /// The region that the provider is configured with, and how it was found.
    fn provider_region(&mut self, of: Of<'_>, provider: Option<&str>) -> Option<(String, String)> {
        let stated = self.stated_region(of, provider);
        let configured = match provider {
            Some(key) => self.configuration.region(key),
            None => Err("the plan does not tell its provider".into()),
        };
        match (configured, stated) {
            (Ok(Found { value, through: None }), stated) => {
                self.overruled.note(Asked::Region, stated, of.label, &value);
                Some((value, format!("provider {}", provider.unwrap_or_default())))
            }
            // A reference may be only a part of the expression: what is stated for this provider wins over it.
            (_, Some(Statement { value, by_instance: None, .. })) => {
                Some((value.to_owned(), "what is stated".into()))
            }
            (_, Some(Statement { value, by_instance: Some(key), .. })) => {
                Some((value.to_owned(), format!("{key} through the same instance key")))
            }
            (Ok(Found { value, through: Some(through) }), None) => {
                Some((value, format!("provider {} through {through}", provider.unwrap_or_default())))
            }
            (Err(why), None) => {
                let key = key_to_state(of.address, provider, self.has_several_regions(provider));
                let why = Invalid::new(why).with(Remedy::StateRequesterRegionOf { key });
                self.not_known(of.label, "requester region", true, why);
                None
            }
        }
    }

    fn requester_account(&mut self, of: Of<'_>, provider: Option<&str>) -> Option<String> {
        let found = match provider {
            Some(key) => self.configuration.account(key).map(|found| found.value),
            None => Err("the plan does not tell its provider".into()),
        };
        let several = provider.is_some_and(|key| self.configuration.has_several_accounts(key));
        match (found, self.stated.account(Requester { address: of.address, provider, several })) {
            (Ok(account), stated) => {
                self.overruled.note(Asked::Account, stated, of.label, &account);
                Some(account)
            }
            (Err(_), Some(stated)) => Some(stated.value.to_owned()),
            (Err(why), None) => {
                let key = key_to_state(of.address, provider, several);
                let why = Invalid::new(why).with(Remedy::StateRequesterAccountOf { key });
                self.not_known(of.label, "requester account", false, why);
                None
            }
        }
    }

    fn accepter_account(&mut self, label: &str, values: Values<'_>) -> Option<String> {
        match values.attribute("accepting_ali_uid") {
            Attribute::Unknown(why) => self.not_known(label, "accepting_ali_uid", false, why),
            Attribute::Known(value) => match account_id(value) {
                Ok(Some(account)) => return Some(account),
                Ok(None) => self.not_known(label, "accepting_ali_uid", false, LEFT_OUT),
                Err(why) => self.refuse(label, "accepting_ali_uid", why),
            },
        }
        None
    }

    fn accepter_region(&mut self, label: &str, values: Values<'_>) -> Option<String> {
        let why = match values.attribute("accepting_region_id") {
            Attribute::Known(Value::String(region)) => return Some(region.clone()),
            Attribute::Known(Value::Null) => LEFT_OUT.to_owned(),
            Attribute::Known(other) => format!("{other} is not text"),
            Attribute::Unknown(why) => why.to_owned(),
        };
        self.not_known(label, "accepting_region_id", true, why);
        None
    }

    fn link_type(&mut self, label: &str, values: Values<'_>) -> Option<LinkType> {
        if values.values.get(LINK_TYPE).is_none() && !is_marked(values.unknown, LINK_TYPE) {
            self.plan.findings.push(not_told(label));
        }
        let why = match values.attribute(LINK_TYPE) {
            // R8: omitted it means Gold.
            Attribute::Known(Value::Null) => return Some(LinkType::Gold),
            Attribute::Known(Value::String(text)) => match text.parse() {
                Ok(link_type) => return Some(link_type),
                Err(why) => why,
            },
            Attribute::Known(other) => Invalid::new(format!("{other} is not text")),
            Attribute::Unknown(why) => Invalid::new(why),
        };
        self.not_known(label, LINK_TYPE, true, why);
        None
    }

    /// The accepter's side can set the link type as well: where it sets another one, neither is known to hold.
    fn read_accepter(&mut self, resource: &'a Value, known: &[KnownConnection<'_>]) {
        let address = text(resource, "address");
        let change = resource.get("change").unwrap_or(&Value::Null);
        let side = |name: &str| change.get(name).unwrap_or(&NOTHING);
        let (before, after) = (value_of(side("before"), LINK_TYPE), value_of(side("after"), LINK_TYPE));
        let values = Values {
            values: side("after"),
            unknown: side("after_unknown"),
            sensitive: side("after_sensitive"),
        };
        let wanted = match values.attribute(LINK_TYPE) {
            Attribute::Known(Value::String(text)) if Some(text.as_str()) != before.as_str() => Ok(text),
            // It is computed where it is left out: then the accepter does not set it.
            Attribute::Unknown(why) if side("after").is_object() && self.writes_link_type(address) => {
                Err(why)
            }
            _ => return,
        };
        let found = self.connections_of(address, side("after"), known);
        let candidates = found.as_deref().unwrap_or_default();
        let differing = self.differing(candidates, wanted.ok().map(String::as_str));
        if found.is_ok() && differing.is_empty() && !candidates.is_empty() {
            return;
        }
        let sets = match wanted {
            Ok(text) => format!("it sets {}", after.as_str().unwrap_or(text)),
            Err(why) => format!("what it sets is not known, {why}"),
        };
        let why = match &found {
            Ok(_) if candidates.is_empty() => format!("{sets} on a connection that is not in this plan"),
            Ok(_) if wanted.is_err() => format!("{sets}, on {}", differing.join(", ")),
            Ok(_) => format!("{sets}, which is not the link type of {}", differing.join(", ")),
            Err(through) => {
                format!("{sets}, and the plan does not tell on which connection: instance_id {through}")
            }
        };
        self.not_known(address, LINK_TYPE, true, why);
        self.leave_open(address, &differing);
    }

    /// Whether the configuration of an accepter writes a link type, as far as it is recorded.
    fn writes_link_type(&self, address: &str) -> bool {
        let configured = self.configuration.resource_at(address);
        configured.is_none_or(|resource| resource.pointer("/expressions/link_type").is_some())
    }

    /// Those of `candidates` whose link type is another than `wanted`; inside a region there is none (R8).
    fn differing(&self, candidates: &[String], wanted: Option<&str>) -> Vec<String> {
        let differs = |change: &Change| {
            let after = change.after.as_ref().filter(|after| !after.within_region());
            after.is_some_and(|after| after.link_type.map(LinkType::as_str) != wanted)
        };
        let changes = self.plan.changes.iter().filter(|change| candidates.contains(&change.address));
        changes.filter(|change| differs(change)).map(|change| change.address.clone()).collect()
    }

    /// What an accepter may change as well is not known to be as the requester has it.
    fn leave_open(&mut self, accepter: &str, differing: &[String]) {
        let changed =
            |change: &&mut Change| differing.contains(&change.address) && change.action != Action::NoOp;
        for change in self.plan.changes.iter_mut().filter(changed) {
            if let Some(after) = &mut change.after {
                after.link_type = None;
            }
            let (address, why) = (change.address.clone(), format!("{accepter} may set another one"));
            self.plan.unknown.push(Unknown { address, attribute: LINK_TYPE, why: why.into(), matters: true });
        }
    }

    /// The labels of the connections that an accepter may be about: by id, else by where its expression leads; why it
    /// is not known where that leads nowhere.
    fn connections_of(
        &self,
        accepter: &str,
        after: &Value,
        known: &[KnownConnection<'_>],
    ) -> Result<Vec<String>, String> {
        if let Some(id) = value_of(after, "instance_id").as_str() {
            let known = self.ids.iter().filter(|(_, its)| *its == id);
            return Ok(known.map(|(label, _)| label.clone()).collect());
        }
        if let Some(found) = connections_of(&self.configuration, accepter, known) {
            return Ok(found.into_iter().map(str::to_owned).collect());
        }
        // An id that is not known yet is that of a connection which the plan creates: where those are all alike, it
        // does not matter which.
        let created = self
            .plan
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Create | Action::Replace));
        let mut alike: Vec<(Option<LinkType>, String)> = Vec::new();
        for change in created {
            let after = change.after.as_ref().filter(|after| !after.within_region());
            alike.extend(after.map(|after| (after.link_type, change.address.clone())));
        }
        let same = alike.windows(2).all(|pair| pair[0].0 == pair[1].0);
        if same && !alike.is_empty() {
            return Ok(alike.into_iter().map(|(_, address)| address).collect());
        }
        Err(
            match self
                .configuration
                .resource_at(accepter)
                .and_then(|of| of.pointer("/expressions/instance_id"))
            {
                Some(expression) => format!("refers to {}", whole_references(expression).join(", ")),
                None => "is not recorded".into(),
            },
        )
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
        let changes = self.plan.changes.iter().any(|change| change.action != Action::NoOp);
        if changes && json.get("applyable") == Some(&Value::Bool(false)) {
            self.not_known("", "applyable", true, "Terraform says that this plan cannot be applied");
        }
    }
}

const LINK_TYPE: &str = "link_type";

/// That a plan is of a provider too old to tell the link type: it leaves what it does not know as it is.
fn not_told(label: &str) -> Finding {
    let said = Said::LinkTypeNotToldByPlan { label: label.to_owned() };
    Finding::of(FindingCode::LinkTypeNotTold, said).about(&label.into())
}

/// By what key something can be stated about a requester.
fn key_to_state(address: &str, provider: Option<&str>, several: bool) -> Arc<str> {
    provider.filter(|_| !several).unwrap_or(address).into()
}

/// The bandwidth, where it is written; 0 is what providers write for null.
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
    fn every_action_is_understood_or_told() {
        let read = |actions: Value| {
            let values = json!({"region_id": "a", "accepting_region_id": "b", "accepting_ali_uid": "1"});
            let change = json!({"actions": actions, "before": values, "after": values, "after_unknown": {}});
            read(&plan_of(change)).unwrap()
        };
        let action = |actions: Value| {
            let change = read(actions).changes.remove(0);
            (change.action, change.keeps_old, change.unreadable)
        };
        for (actions, expected) in [
            (json!(["no-op"]), (Action::NoOp, false)),
            (json!(["read"]), (Action::NoOp, false)),
            (json!(["create"]), (Action::Create, false)),
            (json!(["update"]), (Action::Update, false)),
            (json!(["delete"]), (Action::Delete, false)),
            (json!(["create", "delete"]), (Action::Replace, false)),
            (json!(["delete", "create"]), (Action::Replace, false)),
            (json!(["forget"]), (Action::NoOp, true)),
            (json!(["create", "forget"]), (Action::Replace, true)),
            (json!(["forget", "create"]), (Action::Replace, true)),
        ] {
            assert_eq!(action(actions.clone()), (expected.0, expected.1, false), "{actions}");
        }
        for unknown in [json!(["renew"]), json!([]), json!(["update", "renew"]), json!("create")] {
            assert_eq!(action(unknown.clone()), (Action::Other, false, true), "{unknown}");
        }
        let plan = read(json!(["renew"]));
        let told = plan.unknown.iter().find(|unknown| unknown.attribute == "action").unwrap();
        assert_eq!(told.why.message(), "actions [\"renew\"] are none that are known here");
    }

    #[test]
    fn a_side_that_is_missing_is_not_taken_for_nothing() {
        for change in [
            json!({"actions": ["create"], "before": null, "after": null, "after_unknown": true}),
            json!({"actions": ["update"], "before": null, "after": {}}),
            json!({"actions": ["delete"], "before": null, "after": null}),
        ] {
            let plan = read(&plan_of(change)).unwrap();
            assert!(plan.changes[0].unreadable, "{:?}", plan.changes[0]);
        }
    }

    #[test]
    fn the_empty_text_and_a_zero_are_null_and_what_is_hidden_is_not() {
        let side = |values: Value, sensitive: Value| {
            let change = json!({"actions": ["create"], "before": null, "after": values, "after_unknown": {},
                "after_sensitive": sensitive});
            let plan = read(&plan_of(change)).unwrap();
            let unknown: Vec<_> = plan.unknown.iter().filter(|u| u.matters).map(|u| u.attribute).collect();
            (plan.changes[0].after.clone().unwrap(), unknown)
        };
        let empty = json!({"region_id": "a", "accepting_region_id": "b", "accepting_ali_uid": 0, "link_type": "",
            "bandwidth": 0, "peer_connection_name": ""});
        let (after, unknown) = side(empty.clone(), json!({}));
        assert_eq!(
            (after.link_type, after.accepter_account, after.bandwidth),
            (Some(LinkType::Gold), None, None)
        );
        assert_eq!((after.name, unknown), (None, vec![]));
        let (after, unknown) = side(empty.clone(), json!({"link_type": true}));
        assert_eq!((after.link_type, unknown), (None, vec!["link_type"]));
        assert_eq!(side(empty, json!(true)).1, ["link_type"]);
        let regions = json!({"region_id": "", "accepting_region_id": ""});
        assert_eq!(side(regions, json!({})).1, ["accepting_region_id", "requester region"]);
    }

    #[test]
    fn a_deposed_object_is_a_connection_of_its_own() {
        let values = json!({"region_id": "a", "accepting_region_id": "b", "accepting_ali_uid": "1"});
        let mut plan = plan_of(json!({"actions": ["no-op"], "before": values, "after": values}));
        let mut deposed = plan["resource_changes"][0].clone();
        deposed["deposed"] = json!("0000abcd");
        deposed["change"]["actions"] = json!(["delete"]);
        plan["resource_changes"].as_array_mut().unwrap().push(deposed.clone());
        let found = read(&plan).unwrap().changes;
        let rows: Vec<_> = found.iter().map(|change| (&*change.address, change.action)).collect();
        let address = "alicloud_vpc_peer_connection.a";
        let label = format!("{address} (deposed object 0000abcd)");
        assert_eq!(rows, [(address, Action::NoOp), (&*label, Action::Delete)]);
        // What stands twice can be neither.
        plan["resource_changes"].as_array_mut().unwrap().push(deposed);
        let twice = read(&plan).unwrap();
        assert!(twice.changes[1].unreadable && !twice.changes[0].unreadable);
    }

    #[test]
    fn malformed_values_are_told_together_with_their_addresses() {
        let values = json!({"region_id": "a", "accepting_region_id": 5, "accepting_ali_uid": 1e15, "link_type": "gold"});
        let change = json!({"actions": ["delete"], "before": values, "after": null});
        let plan = read(&plan_of(change)).unwrap();
        let told: Vec<_> =
            plan.unknown.iter().filter(|u| u.matters).map(|u| (u.attribute, u.why.message())).collect();
        assert_eq!(told.len(), 3);
        assert_eq!(told[0].0, "accepting_ali_uid");
        assert!(told[0].1.contains("1000000000000000.0 is not an account id"), "{told:?}");
        assert_eq!(told[1], ("accepting_region_id", "5 is not text"));
        assert!(told[2].1.contains("did you mean \"Gold\"?"), "{told:?}");
        assert!(plan.changes[0].unreadable);
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
