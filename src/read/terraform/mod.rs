//! What `terraform show -json` prints: what a plan does to peering connections, and the connections of a state.
//!
//! The requester's region is no argument of `alicloud_vpc_peer_connection`: it is the provider's. It is read from
//! the resource's exported `region_id`, else from the configuration of its provider. What a plan does not say is
//! told with address and attribute, never guessed.

mod configuration;
mod plan;
mod state;

pub use plan::{Action, Change, PeeringPlan, PlanSide, Unknown, read_plan};
pub(crate) use state::connections;

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::did_you_mean,
    read::Document,
};
use serde_json::Value;

/// The resource that is a peering connection, seen from its requester.
const CONNECTION: &str = "alicloud_vpc_peer_connection";
/// The resource with which the other side accepts one.
const ACCEPTER: &str = "alicloud_vpc_peer_connection_accepter";

/// What the caller states about requesters, for all providers or for one of them.
///
/// A plan names a provider by its key: `alicloud`, `alicloud.peer`, `module.net:alicloud`.
#[derive(Debug, Clone, Default)]
pub struct StatedRequesters {
    accounts: Vec<Stated>,
    regions: Vec<Stated>,
}

#[derive(Debug, Clone)]
struct Stated {
    provider: Option<String>,
    value: String,
}

impl StatedRequesters {
    /// Reads `ID` or `PROVIDER=ID`, and `REGION` or `PROVIDER=REGION`.
    pub fn parse(accounts: &[String], regions: &[String]) -> Result<Self> {
        Ok(Self {
            accounts: read_stated("--requester-account", accounts)?,
            regions: read_stated("--requester-region", regions)?,
        })
    }

    /// The account that is stated for this provider, else the one for all.
    fn account(&self, provider: Option<&str>) -> Option<&str> {
        find_stated(&self.accounts, provider)
    }

    /// The region that is stated for this provider, else the one for all.
    fn region(&self, provider: Option<&str>) -> Option<&str> {
        find_stated(&self.regions, provider)
    }

    /// Refuses a provider key that `known` lacks: what it states would silently count for nothing.
    fn check_providers(&self, known: &[&str]) -> Result<()> {
        let stated = self.accounts.iter().chain(&self.regions);
        match stated.filter_map(|stated| stated.provider.as_deref()).find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(Error::usage(format!(
                "{key}= names no provider configuration of the document; it has {}{}",
                if known.is_empty() { "none".into() } else { known.join(", ") },
                did_you_mean(key, known.iter().copied())
            ))),
        }
    }
}

fn read_stated(flag: &str, texts: &[String]) -> Result<Vec<Stated>> {
    let mut all: Vec<Stated> = Vec::new();
    for text in texts {
        let (provider, value) = match text.rsplit_once('=') {
            Some((provider, value)) => (Some(provider.to_owned()), value.to_owned()),
            None => (None, text.clone()),
        };
        if value.is_empty() || provider.as_deref() == Some("") {
            return Err(Error::usage(format!("{flag} {text:?}: write VALUE, or PROVIDER=VALUE")));
        }
        if all.iter().any(|other| other.provider == provider) {
            return Err(Error::usage(format!("{flag} {text:?}: this is stated twice")));
        }
        all.push(Stated { provider, value });
    }
    Ok(all)
}

fn find_stated<'a>(stated: &'a [Stated], provider: Option<&str>) -> Option<&'a str> {
    let of = |wanted: Option<&str>| stated.iter().find(|stated| stated.provider.as_deref() == wanted);
    provider.and_then(|key| of(Some(key))).or_else(|| of(None)).map(|stated| stated.value.as_str())
}

/// Parses a document of `terraform show -json`.
fn parse(document: &Document) -> Result<Value> {
    let text = document.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&document.text);
    let json: Value = serde_json::from_slice(text).map_err(|error| {
        let line = error.line() as u64;
        let message = format!("this is not JSON: {error}; give the output of: terraform show -json PLAN");
        let fault = Fault::at(FaultCode::UnusableInput, &document.name, line, message);
        Error::new(ErrorKind::Input, fault)
    })?;
    check_version(&json).map_err(|why| Error::unusable(ErrorKind::Input, &document.name, why))?;
    Ok(json)
}

/// The format promises that a reader of major version 1 can read every minor version of it.
fn check_version(json: &Value) -> Result<(), String> {
    if json.get("lineage").is_some() && json.get("format_version").is_none() {
        return Err("this is a state as Terraform stores it; give the output of: terraform show -json".into());
    }
    let Some(version) = json.get("format_version").and_then(Value::as_str) else {
        return Err("format_version is missing; give the output of: terraform show -json".into());
    };
    match version.split('.').next() {
        Some("0" | "1") => Ok(()),
        _ => Err(format!("format_version {version:?} is not known here; versions 0 and 1 are")),
    }
}

/// An account id, which Terraform writes as a number or as text; `None` where it is null.
///
/// Ids exceed 2^53: a number that was written with a point or an exponent has lost digits and is refused.
fn account_id(value: &Value) -> Result<Option<String>, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        Value::Null => Ok(None),
        Value::Number(number) if number.is_u64() => Ok(Some(number.to_string())),
        Value::String(text) if digits(text) => Ok(Some(text.clone())),
        other => Err(format!("{other} is not an account id: digits only, as a whole number or as text")),
    }
}

/// All resources of a state or of planned values, from the root module down.
fn resources(values: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut modules: Vec<&Value> = values.get("root_module").into_iter().collect();
    while let Some(module) = modules.pop() {
        found.extend(list(module, "resources"));
        modules.extend(list(module, "child_modules"));
    }
    found
}

/// The elements of the list at `key`; none where there is no list.
fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The names of the modules that an address lies in, without their instance keys; the rest of it.
///
/// Instance keys are text that may itself look like an address: `module.a["x.y"].module.b.alicloud_vpc.c[0]`.
fn split_modules(address: &str) -> (Vec<String>, &str) {
    let mut modules = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        modules.push(after[..end].to_owned());
        rest = skip_index(&after[end..]);
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    (modules, rest)
}

/// The text after an instance key, `[0]` or `["a"]`, where it begins with one.
fn skip_index(text: &str) -> &str {
    if !text.starts_with('[') {
        return text;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// `TYPE.NAME` of the last part of an address, without its instance key.
fn without_index(resource: &str) -> &str {
    resource.split('[').next().unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instance_keys_are_not_taken_for_addresses() {
        assert_eq!(split_modules("t.a[0]"), (vec![], "t.a[0]"));
        let (modules, rest) = split_modules(r#"module.a["x].module.y\"z"].module.b[1].t.c["k.l"]"#);
        assert_eq!((modules, rest), (vec!["a".into(), "b".into()], r#"t.c["k.l"]"#));
        assert_eq!(without_index(rest), "t.c");
        assert_eq!(split_modules("module.a[0]"), (vec!["a".into()], ""));
    }

    #[test]
    fn account_ids_beyond_2_to_the_53_survive_and_inexact_ones_are_refused() {
        let id = |text: &str| account_id(&serde_json::from_str(text).unwrap());
        assert_eq!(id("9007199254740993"), Ok(Some("9007199254740993".into())));
        assert_eq!(id("18446744073709551615"), Ok(Some("18446744073709551615".into())));
        assert_eq!(id("\"1000000000000001\""), Ok(Some("1000000000000001".into())));
        assert_eq!(account_id(&json!(null)), Ok(None));
        for bad in ["1e15", "1000000000000001.0", "-1", "18446744073709551616", "\"\"", "\"1e15\"", "true"] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_requester_may_be_stated_for_one_provider_or_for_all() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let stated = StatedRequesters::parse(&texts(&["1", "alicloud.peer=2"]), &[]).unwrap();
        assert_eq!(stated.account(Some("alicloud")), Some("1"));
        assert_eq!(stated.account(Some("alicloud.peer")), Some("2"));
        assert_eq!(stated.region(None), None);
        let error = stated.check_providers(&["alicloud", "alicloud.peers"]).unwrap_err().to_string();
        assert!(error.contains("did you mean \"alicloud.peers\"?"), "{error}");
        assert!(StatedRequesters::parse(&texts(&["1", "2"]), &[]).is_err());
        assert!(StatedRequesters::parse(&texts(&["a="]), &[]).is_err());
    }

    #[test]
    fn what_is_no_document_of_terraform_is_refused_with_the_way_out() {
        let refused = |text: &str| parse(&Document::new("plan.json", text)).unwrap_err().to_string();
        assert!(refused("{\n\"a\": x}").starts_with("plan.json:2: this is not JSON"));
        assert!(refused("[]").contains("format_version is missing"));
        assert!(refused(r#"{"version":4,"lineage":"x"}"#).contains("terraform show -json"));
        assert!(refused(r#"{"format_version":"2.0"}"#).contains("\"2.0\" is not known"));
    }
}
