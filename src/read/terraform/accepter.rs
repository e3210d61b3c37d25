//! Which connection the resource of an accepter is about: where its `instance_id` leads.
//!
//! A plan records an expression by its references alone, so that `x[count.index].id` stands there as `x` and
//! `count.index`. Locals are not recorded at all. Where the references leave it open, all that it may be is told.

use super::{
    configuration::{Configuration, follow, whole_references},
    document::{Address, CONNECTION, split_key},
};
use serde_json::Value;

/// An instance key as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// Any, or none.
    Any,
    /// Most likely this one, else any.
    Likely(String),
    /// This one; `None`: the only instance, without a key.
    Is(Option<String>),
}

impl Key {
    fn is(&self, key: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Likely(likely) => key == Some(likely.as_str()),
            Self::Is(exact) => key == exact.as_deref(),
        }
    }
}

/// The block that an expression stands in: what its references are relative to.
#[derive(Clone)]
struct Block<'a> {
    /// The modules around it, from the root down.
    modules: Vec<(String, Key)>,
    /// Its own instance key.
    key: Key,
    /// What it repeats over, where it has `for_each`.
    for_each: Option<&'a Value>,
}

impl Block<'_> {
    fn module_names(&self) -> Vec<String> {
        self.modules.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Connections that an expression leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    modules: Vec<(String, Key)>,
    resource: String,
    key: Key,
}

impl Target {
    fn is(&self, address: &Address<'_>) -> bool {
        let same_module = |((name, key), (of, its)): (&(String, Key), &(&str, Option<String>))| {
            name == of && key.is(its.as_deref())
        };
        self.resource == address.resource
            && self.modules.len() == address.modules.len()
            && self.modules.iter().zip(&address.modules).all(same_module)
            && self.key.is(address.key.as_deref())
    }

    /// Any instance, where it was only likely which.
    fn any_likely(mut self) -> Self {
        let keys = self.modules.iter_mut().map(|(_, key)| key).chain([&mut self.key]);
        keys.filter(|key| matches!(key, Key::Likely(_))).for_each(|key| *key = Key::Any);
        self
    }
}

/// A connection of the plan: its address in its parts, and as it stands there.
pub(super) type KnownConnection<'k> = (Address<'k>, &'k str);

/// The connections among `known` that the `instance_id` of an accepter may lead to; `None` where the plan does not tell.
pub(super) fn connections_of<'k>(
    configuration: &Configuration<'_>,
    accepter: &str,
    known: &[KnownConnection<'k>],
) -> Option<Vec<&'k str>> {
    let resource = configuration.resource_at(accepter)?;
    let address = Address::new(accepter);
    let modules = address.modules.iter().map(|(name, key)| ((*name).to_owned(), Key::Is(key.clone())));
    let block = Block {
        modules: modules.collect(),
        key: Key::Is(address.key.clone()),
        for_each: resource.get("for_each_expression"),
    };
    let expression = resource.get("expressions")?.get("instance_id")?;
    let targets = Leads { configuration }.through(expression, &block, &Key::Any, 0);
    let find = |targets: &[Target]| -> Vec<&'k str> {
        let is_one = |(address, _): &&KnownConnection<'k>| targets.iter().any(|target| target.is(address));
        known.iter().filter(is_one).map(|(_, address)| *address).collect()
    };
    let mut found = find(&targets);
    if found.is_empty() {
        found = find(&targets.iter().cloned().map(Target::any_likely).collect::<Vec<_>>());
    }
    found.sort_unstable();
    found.dedup();
    (!targets.is_empty()).then_some(found)
}

/// How deep variables and outputs of modules are followed.
const DEPTH: u32 = 32;

struct Leads<'c, 'a> {
    configuration: &'c Configuration<'a>,
}

impl Leads<'_, '_> {
    /// The connections that an expression leads to; `chosen` is the instance that is taken of what it yields.
    fn through(&self, expression: &Value, block: &Block<'_>, chosen: &Key, depth: u32) -> Vec<Target> {
        if depth > DEPTH {
            return Vec::new();
        }
        let references = whole_references(expression);
        let chosen = match self.index(&references, block) {
            Some(key) => key,
            None => chosen.clone(),
        };
        let leads =
            references.iter().map(|reference| self.through_reference(reference, block, &chosen, depth));
        leads.flatten().collect()
    }

    fn through_reference(&self, reference: &str, block: &Block<'_>, chosen: &Key, depth: u32) -> Vec<Target> {
        let after = |prefix: &str| reference.strip_prefix(prefix).map(name_and_rest);
        if let Some((name, rest)) = after(&format!("{CONNECTION}.")) {
            let (modules, resource) = (block.modules.clone(), format!("{CONNECTION}.{name}"));
            return vec![Target { modules, resource, key: key_at(rest, chosen).0 }];
        }
        if let Some((name, rest)) = after("module.") {
            return self.through_module(name, rest, block, chosen, depth);
        }
        if let Some((name, rest)) = after("var.") {
            return self.through_variable(name, &key_behind(rest, chosen), block, depth);
        }
        match (after("each."), block.for_each) {
            (Some(("value", _)), Some(over)) => {
                let outer = Block { for_each: None, ..block.clone() };
                self.through(over, &outer, &likely(&block.key), depth + 1)
            }
            _ => Vec::new(),
        }
    }

    /// Through an output of a module, or through all of them where the plan does not tell which.
    fn through_module(
        &self,
        name: &str,
        rest: &str,
        block: &Block<'_>,
        chosen: &Key,
        depth: u32,
    ) -> Vec<Target> {
        let (key, rest) = key_at(rest, chosen);
        let mut inner = Block { modules: block.modules.clone(), key: Key::Any, for_each: None };
        inner.modules.push((name.to_owned(), key));
        let module = self.configuration.module(&inner.module_names());
        let Some(outputs) = module.and_then(|module| module.get("outputs")?.as_object()) else {
            return Vec::new();
        };
        let (wanted, behind) = name_and_rest(rest.strip_prefix('.').unwrap_or_default());
        // An index on an output chooses of what that yields; one on the module has chosen already.
        let chosen = if wanted.is_empty() { Key::Any } else { key_behind(behind, chosen) };
        let outputs = outputs.iter().filter(|(name, _)| wanted.is_empty() || *name == wanted);
        let expressions = outputs.filter_map(|(_, output)| output.get("expression"));
        expressions.flat_map(|expression| self.through(expression, &inner, &chosen, depth + 1)).collect()
    }

    /// Through what the caller of the module gives to a variable.
    fn through_variable(&self, name: &str, chosen: &Key, block: &Block<'_>, depth: u32) -> Vec<Target> {
        let mut outer = block.modules.clone();
        let Some((called, key)) = outer.pop() else { return Vec::new() };
        let mut caller = Block { modules: outer, key, for_each: None };
        let call = self.configuration.module(&caller.module_names());
        let Some(call) = call.and_then(|module| module.get("module_calls")?.get(&called)) else {
            return Vec::new();
        };
        caller.for_each = call.get("for_each_expression");
        let given = call.get("expressions").and_then(|all| all.get(name));
        given.map_or_else(Vec::new, |given| self.through(given, &caller, chosen, depth + 1))
    }

    /// The instance key that an index among the references gives: `count.index`, `each.key`, or a value that the plan
    /// tells; `None` where there is no index.
    fn index(&self, references: &[&str], block: &Block<'_>) -> Option<Key> {
        if references.iter().any(|reference| matches!(*reference, "count.index" | "each.key")) {
            return Some(likely(&block.key));
        }
        let leads = |reference: &&str| reference.starts_with(CONNECTION) || reference.starts_with("module.");
        let (leading, others): (Vec<&str>, Vec<&str>) = references.iter().copied().partition(leads);
        match (&leading[..], &others[..]) {
            ([], _) | (_, []) => None,
            ([_], [index]) => Some(self.value_of(index, block)),
            _ => Some(Key::Any),
        }
    }

    /// A key that a reference is worth, where the plan tells.
    fn value_of(&self, index: &str, block: &Block<'_>) -> Key {
        let modules = block.module_names();
        let value = match (index.strip_prefix("each.value"), block.for_each, &block.key) {
            (Some(rest), Some(over), Key::Is(Some(key))) => {
                self.configuration.each_value(over, &modules, key, rest)
            }
            _ => self.configuration.reference(index, &modules).ok(),
        };
        match value {
            Some(Value::String(text)) => Key::Likely(text),
            Some(Value::Number(number)) => Key::Likely(number.to_string()),
            _ => Key::Any,
        }
    }
}

impl Configuration<'_> {
    /// What `each.value`, followed by `rest`, is worth in the instance with this key.
    fn each_value(&self, over: &Value, modules: &[String], key: &str, rest: &str) -> Option<Value> {
        let over = self.resolve(over, modules).ok()?.value;
        match &over {
            // A set of texts: keys and values are the same.
            Value::Array(texts) if texts.iter().any(|text| text.as_str() == Some(key)) => {
                Some(Value::from(key))
            }
            Value::Object(members) => follow(members.get(key)?, rest).cloned(),
            _ => None,
        }
    }
}

/// What an index by one's own key gives; an expression may add to it, which a plan does not show.
fn likely(own: &Key) -> Key {
    match own {
        Key::Is(Some(key)) | Key::Likely(key) => Key::Likely(key.clone()),
        Key::Is(None) | Key::Any => Key::Any,
    }
}

/// The name that a reference goes on with, and what stands behind it.
fn name_and_rest(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

/// The instance that stands behind a name: the one that is written, the only one where an attribute follows, else the
/// one that is chosen; and what follows it.
fn key_at<'r>(rest: &'r str, chosen: &Key) -> (Key, &'r str) {
    match split_key(rest) {
        (Some(key), behind) if key != "*" => (Key::Is(Some(key)), behind),
        _ if rest.starts_with('.') && !rest.starts_with(".*") => (Key::Is(None), rest),
        (_, behind) => (chosen.clone(), behind),
    }
}

/// The instance that is taken of what a variable or an output yields.
fn key_behind(rest: &str, chosen: &Key) -> Key {
    match split_key(rest) {
        (Some(key), _) if key != "*" => Key::Likely(key),
        _ => chosen.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const X: &str = "alicloud_vpc_peer_connection.x";

    /// A root module with an accepter, module `m`, and connections in both.
    fn plan(instance_id: &Value, for_each: &Value) -> Value {
        json!({
            "variables": {"names": {"value": {"k": {"peer": "a"}}}, "which": {"value": "b"}},
            "configuration": {"root_module": {
                "resources": [
                    {"address": "acc.y", "expressions": {"instance_id": {"references": instance_id}},
                        "for_each_expression": {"references": for_each}}],
                "module_calls": {
                    "peer": {"module": {"outputs": {
                        "one": {"expression": {"references": [format!("{X}.id"), X]}},
                        "all": {"expression": {"references": [X]}},
                        "cidr": {"expression": {"references": ["var.cidr"]}}}}},
                    "accept": {
                        "expressions": {"ids": {"references": ["alicloud_vpc_peer_connection.x", "each.key"]},
                            "deep": {"references": ["module.peer.one", "module.peer"]}},
                        "for_each_expression": {"references": ["var.names"]},
                        "module": {"resources": [{"address": "acc.z",
                            "expressions": {"instance_id": {"references": instance_id}}}]}}
                }
            }}
        })
    }

    fn found(accepter: &str, instance_id: Value, for_each: Value, known: &[&str]) -> Option<Vec<String>> {
        let plan = plan(&instance_id, &for_each);
        let configuration = Configuration::new(&plan);
        let known: Vec<KnownConnection<'_>> =
            known.iter().map(|known| (Address::new(known), *known)).collect();
        let found = connections_of(&configuration, accepter, &known)?;
        Some(found.into_iter().map(|address| address.replace("alicloud_vpc_peer_connection.", "")).collect())
    }

    const INSTANCES: [&str; 4] = [
        "alicloud_vpc_peer_connection.x[\"a\"]",
        "alicloud_vpc_peer_connection.x[\"b\"]",
        "alicloud_vpc_peer_connection.x[0]",
        "alicloud_vpc_peer_connection.x[1]",
    ];

    #[test]
    fn an_index_by_ones_own_key_leads_to_the_instance_of_that_key() {
        let root =
            |accepter: &str, references: Value| found(accepter, references, json!(["var.names"]), &INSTANCES);
        let one = |name: &str| Some(vec![name.to_owned()]);
        assert_eq!(root("acc.y[1]", json!([X, "count.index"])), one("x[1]"));
        assert_eq!(root("acc.y[\"b\"]", json!([X, "each.key"])), one("x[\"b\"]"));
        // x[each.value.peer].id, of which the plan tells that it is "a".
        assert_eq!(root("acc.y[\"k\"]", json!([X, "each.value.peer", "each.value"])), one("x[\"a\"]"));
        assert_eq!(root("acc.y", json!([X, "var.which"])), one("x[\"b\"]"));
        assert_eq!(
            root("acc.y", json!(["alicloud_vpc_peer_connection.x[0].id", format!("{X}[0]"), X])),
            one("x[0]")
        );
        // A splat, and an index that leads nowhere: any of them.
        for (accepter, references) in [("acc.y", json!([X])), ("acc.y[7]", json!([X, "count.index"]))] {
            assert_eq!(root(accepter, references).map(|found| found.len()), Some(4), "{accepter}");
        }
    }

    #[test]
    fn each_value_leads_to_what_for_each_goes_over() {
        let value =
            |accepter: &str| found(accepter, json!(["each.value.id", "each.value"]), json!([X]), &INSTANCES);
        assert_eq!(value("acc.y[\"a\"]"), Some(vec!["x[\"a\"]".into()]));
        let elsewhere =
            found("acc.y[\"a\"]", json!(["each.value.id", "each.value"]), json!(["local.all"]), &INSTANCES);
        assert_eq!(elsewhere, None, "a local value is not recorded");
    }

    #[test]
    fn variables_and_outputs_of_modules_are_followed() {
        let known = [
            "module.peer.alicloud_vpc_peer_connection.x",
            "module.peer[0].alicloud_vpc_peer_connection.x[0]",
            "module.peer[1].alicloud_vpc_peer_connection.x[1]",
            "alicloud_vpc_peer_connection.x[\"a\"]",
            "alicloud_vpc_peer_connection.x[\"b\"]",
        ];
        let of = |accepter: &str, references: Value| found(accepter, references, json!([]), &known);
        let one = |name: &str| Some(vec![name.to_owned()]);
        assert_eq!(of("acc.y", json!(["module.peer.one", "module.peer"])), one("module.peer.x"));
        // module.peer[count.index].all[0], of which the plan keeps module.peer and count.index.
        assert_eq!(of("acc.y[1]", json!(["module.peer", "count.index"])), one("module.peer[1].x[1]"));
        let written = json!(["module.peer[0].all[0]", "module.peer[0].all", "module.peer[0]", "module.peer"]);
        assert_eq!(of("acc.y", written), one("module.peer[0].x[0]"));
        assert_eq!(of("acc.y", json!(["module.peer.cidr", "module.peer"])), None);
        let accept = "module.accept[\"b\"].acc.z";
        assert_eq!(of(accept, json!(["var.ids"])), one("x[\"b\"]"));
        assert_eq!(of(accept, json!(["var.deep"])), one("module.peer.x"));
        assert_eq!(of(accept, json!(["local.id"])), None);
        assert_eq!(of("acc.unknown", json!([X])), None);
    }
}
