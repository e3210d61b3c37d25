//! The JSON that `terraform show -json` prints, its version, resources and values; and what a plan does to peering
//! connections, with what it does not say about them.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{connection::Bandwidth, finding::Finding, id::read_account, invalid::Invalid, link::LinkType},
    read::{Document, json::Unambiguous},
};
use serde_json::Value;
use std::fmt;

/// The resource that is a peering connection, seen from its requester.
pub(super) const CONNECTION: &str = "alicloud_vpc_peer_connection";
/// The resource with which the other side accepts one.
pub(super) const ACCEPTER: &str = "alicloud_vpc_peer_connection_accepter";

const SHOW: &str = "give the output of: terraform show -json PLAN";

/// Parses a document of `terraform show -json`.
pub(super) fn parse(document: &Document) -> Result<Value> {
    let text = document.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&document.text);
    if text.starts_with(b"PK\x03\x04") {
        let why = format!("this is a plan as Terraform saves it, an archive and no JSON; {SHOW}");
        return Err(Error::unusable(ErrorKind::Input, &document.name, why));
    }
    if text.starts_with(b"{\"@level\"") {
        let why = format!("this is the log that terraform plan -json prints, not the plan; {SHOW}");
        return Err(Error::unusable(ErrorKind::Input, &document.name, why));
    }
    if std::str::from_utf8(text).is_err() {
        return Err(Error::unusable(ErrorKind::Input, &document.name, Invalid::not_utf8("it")));
    }
    let Unambiguous(json) = serde_json::from_slice(text).map_err(|error| {
        let line = error.line() as u64;
        let what = if error.is_data() { "this is not as Terraform writes it" } else { "this is not JSON" };
        let message = format!("{what}: {error}; {SHOW}");
        let fault = Fault::at(FaultCode::UnusableInput, &document.name, line, message);
        Error::new(ErrorKind::Input, fault)
    })?;
    check_version(&json).map_err(|why| Error::unusable(ErrorKind::Input, &document.name, why))?;
    Ok(json)
}

/// Refuses a document that is no plan, naming what it is.
pub(super) fn check_plan(json: &Value) -> Result<(), &'static str> {
    let has = |key: &str| json.get(key).is_some();
    if has("planned_values") || has("resource_changes") || has("configuration") {
        // What an unfinished plan changes is not all that will be changed.
        return match json.get("errored") {
            Some(Value::Bool(true)) => {
                Err("Terraform could not finish this plan (errored); mend the configuration and plan again")
            }
            _ => Ok(()),
        };
    }
    if has("values") || !has("provider_schemas") && !has("valid") {
        return Err(
            "this is a state; what a plan changes is printed by: terraform plan -out=FILE && terraform show -json FILE",
        );
    }
    Err("this is neither a plan nor a state; what a plan changes is printed by: terraform plan -out=FILE && \
         terraform show -json FILE")
}

/// The format promises that a reader of major version 1 can read every minor version of it.
pub(super) fn check_version(json: &Value) -> Result<(), String> {
    if json.get("encrypted_data").is_some() {
        return Err(
            "this is encrypted by OpenTofu; give the output of: tofu show -json, which decrypts it".into()
        );
    }
    if json.get("lineage").is_some() && json.get("format_version").is_none() {
        return Err("this is a state as Terraform stores it; give the output of: terraform show -json".into());
    }
    let Some(version) = json.get("format_version").and_then(Value::as_str) else {
        return Err("format_version is missing; give the output of: terraform show -json".into());
    };
    match version.split('.').next() {
        Some("0" | "1") => Ok(()),
        _ => Err(format!("format_version {version:?} cannot be read; versions 0 and 1 can")),
    }
}

/// An account id, which Terraform writes as a number or as text; `None` where it is null, or the empty text or the 0
/// that providers cannot tell from null.
///
/// Ids exceed 2^53: a number that was written with a point or an exponent has lost digits and is refused.
pub(super) fn account_id(value: &Value) -> Result<Option<String>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::Number(number) if number.as_u64() == Some(0) => return Ok(None),
        Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
        Value::String(text) => text.clone(),
        other => {
            return Err(format!("{other} is not an account id: digits only, as a whole number or as text"));
        }
    };
    Ok(Some(read_account(&text)?.to_owned()))
}

/// An attribute: its value, null also where it is the empty text, which providers cannot tell from null.
pub(super) fn value_of<'a>(values: &'a Value, name: &str) -> &'a Value {
    match values.get(name) {
        Some(Value::String(text)) if text.is_empty() => &Value::Null,
        Some(value) => value,
        None => &Value::Null,
    }
}

/// Whether `marks`, such as `after_unknown`, holds for an attribute: for it alone, or for the whole resource.
pub(super) fn is_marked(marks: &Value, name: &str) -> bool {
    marks == &Value::Bool(true) || marks.get(name) == Some(&Value::Bool(true))
}

/// One side of a change, with what its document says about its values.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    /// Its attributes.
    pub values: &'a Value,
    /// Which of them are known only after apply.
    pub unknown: &'a Value,
    /// Which of them are sensitive.
    pub sensitive: &'a Value,
}

/// An attribute of a resource.
pub(super) enum Attribute<'a> {
    /// Its value; null where it is left out.
    Known(&'a Value),
    /// Why it is not known.
    Unknown(&'static str),
}

impl<'a> Values<'a> {
    /// An attribute, as far as the plan tells it.
    pub fn attribute(&self, name: &str) -> Attribute<'a> {
        let value = value_of(self.values, name);
        if is_marked(self.unknown, name) {
            return Attribute::Unknown(UNTIL_APPLY);
        }
        // What is hidden is null in documents that were cleaned of what is sensitive; that is not left out.
        if value.is_null() && is_marked(self.sensitive, name) {
            return Attribute::Unknown(HIDDEN);
        }
        Attribute::Known(value)
    }
}

const UNTIL_APPLY: &str = "known only after apply";
const HIDDEN: &str = "the plan hides it as sensitive";

/// What a plan says of what it does not hold.
pub(super) const NOTHING: Value = Value::Null;

/// All resources of a state or of planned values, from the root module down.
pub(super) fn resources(values: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut modules: Vec<&Value> = values.get("root_module").into_iter().collect();
    while let Some(module) = modules.pop() {
        found.extend(list(module, "resources"));
        modules.extend(list(module, "child_modules"));
    }
    found
}

/// The elements of the list at `key`; none where there is no list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The text at `key`; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The names of the modules that an address lies in, without their instance keys; the rest of it.
///
/// Instance keys are text that may itself look like an address: `module.a["x.y"].module.b.alicloud_vpc.c[0]`.
pub(super) fn split_modules(address: &str) -> (Vec<String>, &str) {
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

/// An address in its parts; instance keys without brackets and quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// The modules from the root down, with their instance keys.
    pub modules: Vec<(&'a str, Option<String>)>,
    /// `TYPE.NAME`.
    pub resource: &'a str,
    /// The instance key of the resource.
    pub key: Option<String>,
}

impl<'a> Address<'a> {
    /// Takes an address apart.
    pub fn new(address: &'a str) -> Self {
        let mut modules = Vec::new();
        let mut rest = address;
        while let Some(after) = rest.strip_prefix("module.") {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, behind) = split_key(&after[end..]);
            modules.push((&after[..end], key));
            rest = behind.strip_prefix('.').unwrap_or(behind);
        }
        let resource = without_index(rest);
        Self { modules, resource, key: split_key(&rest[resource.len()..]).0 }
    }

    /// The instance key of the resource, else of the innermost module that has one.
    pub fn nearest_key(&self) -> Option<&str> {
        let of_modules = self.modules.iter().rev().find_map(|(_, key)| key.as_deref());
        self.key.as_deref().or(of_modules)
    }
}

/// The instance key that a text begins with, `[0]` or `["a"]`, and the text behind it.
pub(super) fn split_key(text: &str) -> (Option<String>, &str) {
    let rest = skip_index(text);
    let key = text[..text.len() - rest.len()].strip_prefix('[').and_then(|key| key.strip_suffix(']'));
    let plain =
        |key: &str| serde_json::from_str::<String>(key).unwrap_or_else(|_| key.trim_matches('"').to_owned());
    (key.map(plain), rest)
}

/// The text after an instance key, `[0]` or `["a"]`, where it begins with one.
pub(super) fn skip_index(text: &str) -> &str {
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
pub(super) fn without_index(resource: &str) -> &str {
    resource.split('[').next().unwrap_or(resource)
}

/// What a plan does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is created.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed and created anew, in either order.
    Replace,
    /// It is destroyed.
    Delete,
    /// It stays as it is; also where Terraform only stops looking after it.
    NoOp,
    /// Something that is not known here: what becomes of it cannot be told.
    Other,
}

impl Action {
    /// One word for it: `create`, `update`, `replace`, `delete`, `no-op` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::NoOp => "no-op",
            Self::Other => "unknown",
        }
    }

    /// Reads the actions of a plan, and tells whether the object that was there before is forgotten: no longer managed,
    /// but still there and still costing.
    ///
    /// Terraform writes `create, forget` where `destroy = false` keeps the old object of a replacement, OpenTofu
    /// `forget, create`.
    pub(super) fn read(actions: &[&str]) -> (Self, bool) {
        match actions {
            ["create"] => (Self::Create, false),
            ["update"] => (Self::Update, false),
            ["delete"] => (Self::Delete, false),
            ["delete", "create"] | ["create", "delete"] => (Self::Replace, false),
            ["create", "forget"] | ["forget", "create"] => (Self::Replace, true),
            ["no-op" | "read"] => (Self::NoOp, false),
            ["forget"] => (Self::NoOp, true),
            _ => (Self::Other, false),
        }
    }

    /// Whether a connection that is treated so exists before, and after.
    pub(super) fn sides(self) -> [bool; 2] {
        [self != Self::Create, self != Self::Delete]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A connection before or after the plan, as far as the plan says; `None` is not known.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanSide {
    /// The account that owns the requester's VPC.
    pub requester_account: Option<String>,
    /// Its region.
    pub requester_region: Option<String>,
    /// How the requester's region was found, where it was not exported by the resource itself.
    pub region_from: Option<String>,
    /// The account that owns the accepter's VPC.
    pub accepter_account: Option<String>,
    /// Its region.
    pub accepter_region: Option<String>,
    /// The link type: Gold where it is left out (R8), `None` where it is not known until apply.
    pub link_type: Option<LinkType>,
    /// The bandwidth, where it is written.
    pub bandwidth: Option<Bandwidth>,
    /// Its name.
    pub name: Option<String>,
}

impl PlanSide {
    /// Whether both ends are known to be in the same region (R1).
    pub fn within_region(&self) -> bool {
        self.requester_region.is_some() && self.requester_region == self.accepter_region
    }
}

/// What a plan does to one connection.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The address of its resource, with instance keys; behind it the key of a deposed object, where it is one.
    pub address: String,
    /// What is done.
    pub action: Action,
    /// Whether the connection that was there before is forgotten: it is still there afterwards, beside a new one
    /// where it is replaced.
    pub keeps_old: bool,
    /// Whether something of it cannot be read, so that it cannot be priced; [`PeeringPlan::unknown`] says what.
    pub unreadable: bool,
    /// The connection before; `None` where there is none.
    pub before: Option<PlanSide>,
    /// The connection after; `None` where there is none.
    pub after: Option<PlanSide>,
}

impl Change {
    /// Under which name the old connection goes where it is kept beside a new one.
    pub fn kept_label(&self) -> String {
        format!("{} (kept)", self.address)
    }

    /// Whether the old connection is kept beside a new one.
    pub fn keeps_beside_new(&self) -> bool {
        self.keeps_old && self.action == Action::Replace
    }
}

/// Something that a plan does not say.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The address of the resource; empty for the plan as a whole.
    pub address: String,
    /// The attribute.
    pub attribute: &'static str,
    /// Why it is not known, and what would state it.
    pub why: Invalid,
    /// Whether the cost cannot be worked out without it.
    pub matters: bool,
}

impl Unknown {
    /// By what they are sorted.
    pub(super) fn order(&self) -> (&str, &str, &str, bool) {
        (&self.address, self.attribute, self.why.message(), self.matters)
    }
}

/// What a plan does to all its connections.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeeringPlan {
    /// Every connection, also those that stay as they are, by address.
    pub changes: Vec<Change>,
    /// What is not known, by address.
    pub unknown: Vec<Unknown>,
    /// What else a reader should know of what the plan tells.
    pub findings: Vec<Finding>,
}

impl PeeringPlan {
    /// The names under which traffic can be given: of every connection, and of the old ones that are kept beside new
    /// ones.
    pub fn names(&self) -> Vec<String> {
        let kept = self.changes.iter().filter(|change| change.keeps_beside_new()).map(Change::kept_label);
        self.changes.iter().map(|change| change.address.clone()).chain(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn account_ids_beyond_2_to_the_53_survive_and_inexact_ones_are_refused() {
        let id = |text: &str| account_id(&serde_json::from_str(text).unwrap());
        assert_eq!(id("9007199254740993"), Ok(Some("9007199254740993".into())));
        assert_eq!(id("18446744073709551615"), Ok(Some("18446744073709551615".into())));
        assert_eq!(id("\"1000000000000001\""), Ok(Some("1000000000000001".into())));
        assert_eq!(account_id(&json!(null)), Ok(None));
        for null in ["\"\"", "0"] {
            assert_eq!(id(null), Ok(None), "{null}: a provider writes it for null");
        }
        for bad in [
            "1e15",
            "1000000000000001.0",
            "-1",
            "18446744073709551616",
            "\"1e15\"",
            "true",
            "\"0000\"",
            "\"100000000000000000000\"",
        ] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_document_of_terraform_is_refused_with_the_way_out() {
        let refused = |text: &str| parse(&Document::new("plan.json", text)).unwrap_err().to_string();
        assert!(refused("{\n\"a\": x}").starts_with("plan.json:2: this is not JSON"));
        assert!(refused("[]").contains("format_version is missing"));
        assert!(refused(r#"{"version":4,"lineage":"x"}"#).contains("terraform show -json"));
        assert!(refused(r#"{"format_version":"2.0"}"#).contains("\"2.0\" cannot be read"));
        assert!(refused("PK\u{3}\u{4}tfplan").contains("a plan as Terraform saves it"));
        assert!(refused("{\"@level\":\"info\"}\n{}").contains("the log that terraform plan -json prints"));
        assert!(refused(r#"{"meta":{},"encrypted_data":"x"}"#).contains("encrypted by OpenTofu"));
    }
}

#[cfg(test)]
mod address_tests {
    use super::*;

    #[test]
    fn instance_keys_are_not_taken_for_addresses() {
        assert_eq!(split_modules("t.a[0]"), (vec![], "t.a[0]"));
        let (modules, rest) = split_modules(r#"module.a["x].module.y\"z"].module.b[1].t.c["k.l"]"#);
        assert_eq!((modules, rest), (vec!["a".into(), "b".into()], r#"t.c["k.l"]"#));
        assert_eq!(without_index(rest), "t.c");
        assert_eq!(split_modules("module.a[0]"), (vec!["a".into()], ""));
        let address = Address::new(r#"module.a["x].y"].module.b[1].module.c.t.d["k.l"]"#);
        let modules = [("a", Some("x].y".to_owned())), ("b", Some("1".into())), ("c", None)];
        assert_eq!((&address.modules[..], address.resource), (&modules[..], "t.d"));
        assert_eq!((address.key.as_deref(), address.nearest_key()), (Some("k.l"), Some("k.l")));
        assert_eq!(Address::new("module.b[1].module.c.t.d").nearest_key(), Some("1"));
    }
}
