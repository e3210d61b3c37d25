//! The configuration part of a plan: which provider a resource has, and what is known of that provider.

use super::{
    document::{account_id, list, resources, skip_index, split_key, split_modules, text, without_index},
    stated::KnownKeys,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// A value, and the reference through which it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub value: T,
    /// The variable or data source that it was read from; `None` where it is written out.
    pub through: Option<String>,
}

/// The configuration of a plan, with its variables and what its data sources read.
pub(super) struct Configuration<'a> {
    plan: &'a Value,
    /// Data sources that were read, with their address.
    data: Vec<&'a Value>,
}

impl<'a> Configuration<'a> {
    pub fn new(plan: &'a Value) -> Self {
        let values = plan.pointer("/prior_state/values").unwrap_or(&Value::Null);
        let data = resources(values).into_iter().filter(|resource| text(resource, "mode") == "data");
        Self { plan, data: data.collect() }
    }

    /// What can be named where something is stated: its providers, and the resources with these addresses.
    pub fn known_keys(&self, addresses: impl Iterator<Item = &'a str>) -> KnownKeys<'a> {
        let providers = self.provider_keys();
        let several_regions = providers.iter().copied().filter(|key| self.has_several_regions(key)).collect();
        let resources = addresses.map(|address| (address, self.provider_of(address))).collect();
        KnownKeys { providers, several_regions, resources, elsewhere: false }
    }

    /// The keys of all provider configurations, also of those that only resources name: Terraform up to 1.1 records
    /// under another key what it passes to a module.
    fn provider_keys(&self) -> BTreeSet<&'a str> {
        let configs = self.plan.pointer("/configuration/provider_config").and_then(Value::as_object);
        let mut keys: BTreeSet<&str> = configs.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let mut modules: Vec<&Value> = self.module(&[]).into_iter().collect();
        while let Some(module) = modules.pop() {
            let of_resources =
                list(module, "resources").map(|resource| text(resource, "provider_config_key"));
            keys.extend(of_resources.filter(|key| !key.is_empty()));
            let calls = module.get("module_calls").and_then(Value::as_object).into_iter().flatten();
            modules.extend(calls.filter_map(|(_, call)| call.get("module")));
        }
        keys
    }

    /// Whether instances of a provider have regions of their own. A plan does not tell which of them a resource uses.
    ///
    /// OpenTofu lets a provider have `for_each`; its plan shows nothing of it but `each` in expressions.
    pub fn has_several_regions(&self, provider: &str) -> bool {
        let own = self.instance_of(provider).map(|(_, instance)| instance.is_none());
        own.unwrap_or_else(|| {
            self.expressions_of(provider).and_then(|all| all.get("region")).is_some_and(refers_to_each)
        })
    }

    /// The provider that a key names an instance of, and the instance where the key writes it out: `a.b["c"]` is `c` of
    /// `a.b`, of `a.b[each.key]` only `a.b` is known. `None` where the key is that of a whole provider.
    fn instance_of<'k>(&self, key: &'k str) -> Option<(&'k str, Option<String>)> {
        let provider = without_index(key);
        let whole =
            provider == key || self.plan.pointer("/configuration/provider_config")?.get(key).is_some();
        let written = key[provider.len()..].starts_with("[\"");
        (!whole).then(|| (provider, split_key(&key[provider.len()..]).0.filter(|_| written)))
    }

    /// Whether instances of a provider may have accounts of their own.
    pub fn has_several_accounts(&self, provider: &str) -> bool {
        let all = self.expressions_of(provider).and_then(Value::as_object).into_iter().flatten();
        all.filter(|(name, _)| *name != "region").any(|(_, expression)| refers_to_each(expression))
    }

    fn expressions_of(&self, provider: &str) -> Option<&'a Value> {
        self.plan.pointer("/configuration/provider_config")?.get(provider)?.get("expressions")
    }

    /// The key of the provider configuration of the resource with this address.
    pub fn provider_of(&self, address: &str) -> Option<&'a str> {
        self.resource_at(address)?.get("provider_config_key")?.as_str()
    }

    /// The configuration of the resource with this address.
    pub fn resource_at(&self, address: &str) -> Option<&'a Value> {
        let (modules, resource) = split_modules(address);
        self.resource(&modules, without_index(resource))
    }

    /// The provider's region.
    pub fn region(&self, provider: &str) -> Result<Found<String>, String> {
        if self.has_several_regions(provider) {
            return Err(format!(
                "each instance of provider {provider} has a region of its own, and the plan does not tell which of them \
                 this resource uses"
            ));
        }
        let found = match self.instance_of(provider) {
            None => self.provider_argument(provider, "region")?,
            Some((whole, instance)) => self.region_of_instance(whole, instance)?,
        };
        let without = || {
            format!("provider {provider} is configured without a region, which may come from the environment")
        };
        let Found { value, through } = found.ok_or_else(without)?;
        match value {
            Value::String(value) if !value.is_empty() => Ok(Found { value, through }),
            Value::Null | Value::String(_) => Err(without()),
            _ => Err(format!("the region of provider {provider} is {value}")),
        }
    }

    /// The provider's account: as configured, else that of its data sources.
    pub fn account(&self, provider: &str) -> Result<Found<String>, String> {
        if self.has_several_accounts(provider) {
            return Err(format!(
                "instances of provider {provider} may have accounts of their own, and the plan does not tell which of \
                 them this resource uses"
            ));
        }
        if let Ok(Some(Found { value, through })) = self.provider_argument(provider, "account_id") {
            let id = account_id(&value).map_err(|why| format!("account_id of provider {provider}: {why}"))?;
            if let Some(value) = id {
                return Ok(Found { value, through });
            }
        }
        let mut ids: Vec<Found<String>> = Vec::new();
        for data in &self.data {
            let address = text(data, "address");
            if self.provider_of(address) != Some(provider) {
                continue;
            }
            if let Some(value) = account_of_data(data)? {
                ids.push(Found { value, through: Some(address.to_owned()) });
            }
        }
        match &ids[..] {
            [] => {
                Err(format!("neither account_id of provider {provider} nor a data source tells its account"))
            }
            [first, others @ ..] if others.iter().all(|other| other.value == first.value) => {
                Ok(first.clone())
            }
            _ => Err(format!("the data sources of provider {provider} tell several accounts")),
        }
    }

    /// The region of an instance of a provider: its key, where that is what the provider takes, or that of all.
    fn region_of_instance(
        &self,
        provider: &str,
        instance: Option<String>,
    ) -> Result<Option<Found<Value>>, String> {
        let region = self.expressions_of(provider).and_then(|all| all.get("region"));
        match region.filter(|region| refers_to_each(region)) {
            None => self.provider_argument(provider, "region"),
            Some(region) if whole_references(region) == ["each.key"] => {
                let through = Some("each.key".to_owned());
                Ok(instance.map(|key| Found { value: Value::String(key), through }))
            }
            Some(_) => {
                Err(format!("the region of provider {provider} is another one for each of its instances"))
            }
        }
    }

    /// An argument of a provider configuration; `None` where it is not written.
    fn provider_argument(&self, provider: &str, argument: &str) -> Result<Option<Found<Value>>, String> {
        let configs = self.plan.pointer("/configuration/provider_config");
        let config = configs.and_then(|configs| configs.get(provider));
        let config = config.ok_or_else(|| format!("the plan has no configuration of provider {provider}"))?;
        let Some(expression) = config.get("expressions").and_then(|all| all.get(argument)) else {
            return Ok(None);
        };
        let (modules, _) = split_modules(text(config, "module_address"));
        self.resolve(expression, &modules)
            .map(Some)
            .map_err(|why| format!("the {argument} of provider {provider} is not known: {why}"))
    }

    /// The value of an expression that is written in a module.
    pub fn resolve(&self, expression: &Value, modules: &[String]) -> Result<Found<Value>, String> {
        if let Some(value) = expression.get("constant_value") {
            return Ok(Found { value: value.clone(), through: None });
        }
        let references = whole_references(expression);
        match references[..] {
            [] => Err("its expression is not recorded in the plan".into()),
            [one] => {
                let value = self.reference(one, modules)?;
                Ok(Found { value, through: Some(one.to_owned()) })
            }
            _ => Err("its expression combines several references".into()),
        }
    }

    /// What a reference in a module is worth, where the plan tells.
    pub fn reference(&self, reference: &str, modules: &[String]) -> Result<Value, String> {
        let unknown = || format!("{reference} is not known in the plan");
        if let Some(rest) = reference.strip_prefix("var.") {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let value = self.variable(&rest[..end], modules)?;
            return follow(&value, &rest[end..]).cloned().ok_or_else(unknown);
        }
        if reference.starts_with("data.") {
            // data.TYPE.NAME, then an instance key, then attributes.
            let dots: Vec<usize> = reference.match_indices(['.', '[']).map(|(at, _)| at).collect();
            let end = dots.get(2).copied().unwrap_or(reference.len());
            let (name, rest) = reference.split_at(end);
            let after = skip_index(rest);
            for data in &self.data {
                let (its_modules, its_name) = split_modules(text(data, "address"));
                let key = &rest[..rest.len() - after.len()];
                let same = its_name == name || its_name == format!("{name}{key}");
                let value = data.get("values").filter(|_| same && its_modules == modules);
                if let Some(value) = value.and_then(|values| follow(values, after)) {
                    return Ok(value.clone());
                }
            }
        }
        Err(unknown())
    }

    /// The value of an input variable of a module: as its caller sets it, else its default.
    fn variable(&self, name: &str, modules: &[String]) -> Result<Value, String> {
        let unknown = || format!("var.{name} has no value in the plan");
        let Some((called, callers)) = modules.split_last() else {
            let given = self.plan.get("variables").and_then(|all| all.get(name)?.get("value"));
            return given.or_else(|| self.default(name, modules)).cloned().ok_or_else(unknown);
        };
        let call = self.module(callers).and_then(|module| module.get("module_calls")?.get(called));
        match call.and_then(|call| call.get("expressions")?.get(name)) {
            Some(expression) => self.resolve(expression, callers).map(|found| found.value),
            None => self.default(name, modules).cloned().ok_or_else(unknown),
        }
    }

    fn default(&self, variable: &str, modules: &[String]) -> Option<&'a Value> {
        self.module(modules)?.get("variables")?.get(variable)?.get("default")
    }

    /// The configuration of a module.
    pub fn module(&self, modules: &[String]) -> Option<&'a Value> {
        let root = self.plan.pointer("/configuration/root_module")?;
        modules.iter().try_fold(root, |module, name| module.get("module_calls")?.get(name)?.get("module"))
    }

    fn resource(&self, modules: &[String], address: &str) -> Option<&'a Value> {
        list(self.module(modules)?, "resources").find(|resource| text(resource, "address") == address)
    }
}

/// The account that a data source has read; `None` where it is another data source.
pub(super) fn account_of_data(data: &Value) -> Result<Option<String>, String> {
    let attribute = match text(data, "type") {
        "alicloud_account" => "id",
        "alicloud_caller_identity" => "account_id",
        _ => return Ok(None),
    };
    let value = data.get("values").and_then(|values| values.get(attribute)).unwrap_or(&Value::Null);
    account_id(value).map_err(|why| format!("{attribute} of {}: {why}", text(data, "address")))
}

/// The references of an expression, without those that are the beginnings of others.
///
/// A plan records `var.a.b` as `var.a.b`, `var.a`.
pub(super) fn whole_references(expression: &Value) -> Vec<&str> {
    let all: Vec<&str> = list(expression, "references").filter_map(Value::as_str).collect();
    let begins = |short: &str, long: &str| {
        long.strip_prefix(short).is_some_and(|behind| behind.starts_with(['.', '[']))
    };
    // The beginnings of a reference stand right behind it, the longest first.
    let mut whole: Vec<&str> = Vec::new();
    let mut last = "";
    for reference in all {
        if !begins(reference, last) && !whole.contains(&reference) {
            whole.push(reference);
        }
        last = reference;
    }
    whole
}

/// Whether an expression, or one of a nested block, refers to `each`.
fn refers_to_each(expression: &Value) -> bool {
    match expression {
        Value::String(text) => text.starts_with("each."),
        Value::Array(elements) => elements.iter().any(refers_to_each),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "constant_value")
            .any(|(_, value)| refers_to_each(value)),
        _ => false,
    }
}

/// Follows `.name`, `["key"]` and `[0]` into a value.
pub(super) fn follow<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        return follow(step(value, &rest[..end])?, &rest[end..]);
    }
    let rest = skip_index(path);
    let key = path[..path.len() - rest.len()].strip_prefix('[')?.strip_suffix(']')?;
    let key = serde_json::from_str::<String>(key).unwrap_or_else(|_| key.to_owned());
    follow(step(value, &key)?, rest)
}

fn step<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Array(elements) => elements.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A root module with two providers; module `net` with a third one, module `deep` in it.
    fn plan() -> Value {
        json!({
            "format_version": "1.2",
            "variables": {
                "region": {"value": "cn-beijing"},
                "sites": {"value": {"a.b": [{"region": "cn-chengdu"}]}}
            },
            "prior_state": {"values": {"root_module": {"resources": [
                {"address": "data.alicloud_account.here", "mode": "data", "type": "alicloud_account",
                 "values": {"id": "1000000000000001"}},
                {"address": "data.alicloud_regions.current[0]", "mode": "data", "type": "alicloud_regions",
                 "values": {"regions": [{"id": "eu-central-1"}]}}
            ]}}},
            "configuration": {
                "provider_config": {
                    "alicloud": {"name": "alicloud", "expressions": {"region": {"constant_value": "cn-hangzhou"}}},
                    "alicloud.peer": {"expressions": {
                        "region": {"references": ["var.region"]},
                        "account_id": {"constant_value": 1000000000000002u64}}},
                    "alicloud.site": {"expressions": {"region": {"references": [
                        "var.sites[\"a.b\"][0].region", "var.sites[\"a.b\"][0]", "var.sites[\"a.b\"]", "var.sites"]}}},
                    "alicloud.data": {"expressions": {"region": {"references": [
                        "data.alicloud_regions.current[0].regions[0].id", "data.alicloud_regions.current[0]",
                        "data.alicloud_regions.current"]}}},
                    "alicloud.mixed": {"expressions": {"region": {"references": ["var.region", "local.suffix"]}}},
                    "alicloud.local": {"expressions": {"region": {"references": ["local.region"]}}},
                    "alicloud.bare": {"name": "alicloud"},
                    "alicloud.empty": {"expressions": {"region": {"constant_value": ""}}},
                    "alicloud.prefix": {"expressions": {"region": {"references": ["var.region1", "var.region"]}}},
                    "alicloud.each": {"expressions": {"region": {"references": ["each.value.id", "each.value"]}}},
                    "alicloud.key": {"expressions": {"region": {"references": ["each.key"]}}},
                    "alicloud.roles": {"expressions": {
                        "region": {"constant_value": "cn-hangzhou"},
                        "assume_role": [{"role_arn": {"references": ["var.roles", "each.key"]}}]}},
                    "module.net.module.deep:alicloud": {
                        "module_address": "module.net.module.deep",
                        "expressions": {"region": {"references": ["var.where"]}}}
                },
                "root_module": {
                    "resources": [
                        {"address": "data.alicloud_account.here", "provider_config_key": "alicloud"}
                    ],
                    "module_calls": {"net": {
                        "expressions": {"where": {"references": ["var.region"]}},
                        "module": {
                            "module_calls": {"deep": {
                                "expressions": {"where": {"references": ["var.where"]}},
                                "module": {
                                    "resources": [{"address": "t.a", "provider_config_key": "alicloud.peer"}],
                                    "variables": {"where": {}, "other": {"default": "cn-qingdao"}}
                                }
                            }},
                            "variables": {"where": {}}
                        }
                    }}
                }
            }
        })
    }

    #[test]
    fn regions_are_read_from_constants_variables_module_variables_and_data_sources() {
        let plan = plan();
        let configuration = Configuration::new(&plan);
        let region = |key| configuration.region(key).map(|found| (found.value, found.through));
        assert_eq!(region("alicloud"), Ok(("cn-hangzhou".into(), None)));
        assert_eq!(region("alicloud.peer"), Ok(("cn-beijing".into(), Some("var.region".into()))));
        assert_eq!(region("alicloud.site").unwrap().0, "cn-chengdu");
        assert_eq!(region("alicloud.data").unwrap().0, "eu-central-1");
        assert_eq!(region("module.net.module.deep:alicloud").unwrap().0, "cn-beijing");
        let modules = ["net".to_owned(), "deep".to_owned()];
        assert_eq!(configuration.variable("other", &modules), Ok(json!("cn-qingdao")));
    }

    #[test]
    fn what_the_plan_does_not_say_is_not_guessed() {
        let plan = plan();
        let configuration = Configuration::new(&plan);
        let why = |key| configuration.region(key).unwrap_err();
        assert!(why("alicloud.mixed").contains("several references"));
        assert!(why("alicloud.local").contains("local.region is not known"));
        assert!(why("alicloud.bare").contains("without a region"));
        assert!(why("alicloud.none").contains("no configuration of provider alicloud.none"));
        assert!(why("alicloud.prefix").contains("several references"), "var.region1 and var.region are two");
        assert!(why("alicloud.empty").contains("without a region"));
        assert!(configuration.account("alicloud.bare").is_err());
    }

    #[test]
    fn a_provider_with_several_instances_has_neither_one_region_nor_one_account() {
        let plan = plan();
        let configuration = Configuration::new(&plan);
        assert!(configuration.region("alicloud.each").unwrap_err().contains("a region of its own"));
        assert_eq!(configuration.region("alicloud.roles").unwrap().value, "cn-hangzhou", "the same for all");
        assert!(configuration.account("alicloud.roles").unwrap_err().contains("accounts of their own"));
        // Keys that name an instance.
        let region = |key: &str| configuration.region(key).map(|found| found.value);
        assert_eq!(region("alicloud.key[\"cn-qingdao\"]"), Ok("cn-qingdao".into()));
        assert_eq!(region("alicloud.roles[\"a\"]"), Ok("cn-hangzhou".into()));
        assert!(region("alicloud.each[\"a\"]").unwrap_err().contains("another one for each"));
        assert!(region("alicloud.key[each.key]").unwrap_err().contains("a region of its own"));
        assert!(!configuration.has_several_regions("alicloud.each[\"a\"]"));
    }

    #[test]
    fn accounts_are_read_from_the_provider_and_from_its_data_sources() {
        let plan = plan();
        let configuration = Configuration::new(&plan);
        let account = |key| configuration.account(key).map(|found| found.value);
        assert_eq!(account("alicloud"), Ok("1000000000000001".into()));
        assert_eq!(account("alicloud.peer"), Ok("1000000000000002".into()));
        // A data source of another provider says nothing about this one.
        assert!(account("alicloud.site").is_err());
    }

    #[test]
    fn a_resource_in_modules_with_instances_finds_its_provider() {
        let plan = plan();
        let configuration = Configuration::new(&plan);
        let key = configuration.provider_of(r#"module.net["x"].module.deep[0].t.a["k"]"#);
        assert_eq!(key, Some("alicloud.peer"));
        assert_eq!(configuration.provider_of("t.a"), None);
    }
}
