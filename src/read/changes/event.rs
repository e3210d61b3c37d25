//! One event of an ActionTrail: which call it records, of which connection, and which link type that names.

use crate::{
    error::{Fault, FaultCode},
    model::{
        connection::{Connection, End},
        link::LinkType,
        quoted,
        said::Said,
        time::Timestamp,
    },
    read::{
        json::{Unambiguous, account_of, connection_id_of, required_text, text_of, without_place},
        place::Place,
        values::read_bandwidth,
    },
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The calls that create a connection, change its link type or delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) enum Call {
    Create,
    Modify,
    Delete,
}

impl Call {
    fn of(event_name: &str) -> Option<Self> {
        match event_name {
            "CreateVpcPeerConnection" => Some(Self::Create),
            "ModifyVpcPeerConnection" => Some(Self::Modify),
            "DeleteVpcPeerConnection" => Some(Self::Delete),
            _ => None,
        }
    }

    /// Why a call of this name, which is none of these, is not passed over like others: it is one but for its spelling.
    fn misspelled(event_name: &str) -> Option<String> {
        const NAMES: [&str; 3] =
            ["CreateVpcPeerConnection", "ModifyVpcPeerConnection", "DeleteVpcPeerConnection"];
        let is_one = |name: &&&str| name.eq_ignore_ascii_case(event_name.trim());
        let name = NAMES.iter().find(is_one)?;
        let shown = quoted(event_name.as_bytes());
        Some(format!("eventName: {shown} is no call that is known; did you mean {name:?}?"))
    }

    /// As it is counted.
    pub fn said(self, count: u64) -> Said {
        match self {
            Self::Create => Said::EventsOfCreations { count },
            Self::Modify => Said::EventsWithLinkType { count },
            Self::Delete => Said::EventsOfDeletions { count },
        }
    }
}

/// A successful call of one connection.
#[derive(Debug)]
pub(in crate::read) struct Event {
    pub call: Call,
    pub at: Timestamp,
    pub connection_id: Arc<str>,
    /// Of a creation, and of a modification that names one.
    pub link_type: Option<LinkType>,
    pub event_id: Option<String>,
    pub request_id: Option<String>,
    /// The connection as its creation describes it, where it describes enough.
    pub created: Option<Box<Connection>>,
    pub place: Place,
}

/// What an event records; two that record the same are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) struct Record {
    pub connection_id: Arc<str>,
    at: Timestamp,
    call: Call,
    link_type: Option<LinkType>,
}

impl Event {
    /// What it records, without how and where it was delivered.
    pub fn record(&self) -> Record {
        let (connection_id, at) = (self.connection_id.clone(), self.at);
        Record { connection_id, at, call: self.call, link_type: self.link_type }
    }
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) enum Skip {
    OtherCall,
    Failed,
    DryRun,
    NamesNoLinkType,
    CreatesUnknown,
    Repeated,
}

impl Skip {
    /// As it is counted.
    pub fn said(self, count: u64) -> Said {
        match self {
            Self::OtherCall => Said::EventsOfOtherCalls { count },
            Self::Failed => Said::EventsFailed { count },
            Self::DryRun => Said::EventsOfDryRuns { count },
            Self::NamesNoLinkType => Said::EventsWithoutLinkType { count },
            Self::CreatesUnknown => Said::EventsOfUnknownCreations { count },
            Self::Repeated => Said::EventsRepeated { count },
        }
    }
}

/// What was read of an event.
pub(in crate::read) enum ReadEvent {
    /// One that counts.
    Event(Box<Event>),
    /// One that changes nothing.
    Skipped(Skip),
    /// It cannot be read; with its connection, where that is known.
    Refused(Option<Arc<str>>, Fault),
}

/// The members of an event by their documented names, however they were delivered: as an object, under `event`,
/// or as `event.*` columns, in which objects are JSON text.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub fn new(members: Map<String, Value>) -> Self {
        match members.get("event").and_then(object_of) {
            Some(event) => Self(event),
            None => Self(members),
        }
    }

    /// Whether this is an event at all.
    pub fn is_event(&self) -> bool {
        self.get("eventName").is_some()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let value = self.0.get(name).or_else(|| self.0.get(&format!("event.{name}")))?;
        // What a log service writes into columns that have no value.
        Some(value).filter(|value| !value.is_null() && !matches!(value.as_str(), Some("" | "-" | "null")))
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        text_of(name, self.get(name))
    }

    /// A member of the object `parent`.
    fn member(&self, parent: &str, name: &str) -> Option<Value> {
        let flat = self.get(&format!("{parent}.{name}")).cloned();
        flat.or_else(|| object_of(self.get(parent)?)?.remove(name))
    }

    /// The parameters of the call, which may be told twice, and then must be the same.
    fn parameters(&self) -> Result<Map<String, Value>, String> {
        const THAT_MATTER: [&str; 3] = ["InstanceId", "LinkType", "DryRun"];
        let mut parameters = Map::new();
        for name in ["requestParameterJson", "requestParameters"] {
            if let Some(value) = self.get(name) {
                let told = object_in(value).map_err(|why| format!("{name}: {why}"))?;
                let differs = |key: &&&str| {
                    parameters.get(**key).zip(told.get(**key)).is_some_and(|(one, other)| !same(one, other))
                };
                if let Some(key) = THAT_MATTER.iter().find(differs) {
                    return Err(format!("{name}.{key}: it is another one than in requestParameterJson"));
                }
                parameters.extend(told);
            }
        }
        for name in THAT_MATTER {
            if let Some(value) = self.get(&format!("requestParameters.{name}")) {
                parameters.insert(name.into(), value.clone());
            }
        }
        Ok(parameters)
    }
}

/// An object, also one that stands as JSON text.
fn object_of(value: &Value) -> Option<Map<String, Value>> {
    object_in(value).ok()
}

/// Likewise, or what stands there instead.
fn object_in(value: &Value) -> Result<Map<String, Value>, String> {
    const NONE: &str = "is neither an object nor the JSON text of one";
    match value {
        Value::Object(object) => Ok(object.clone()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Unambiguous(Value::Object(object))) => Ok(object),
            Err(error) if error.is_data() => Err(without_place(&error)),
            _ => Err(NONE.into()),
        },
        _ => Err(NONE.into()),
    }
}

/// Whether two values are the same but for being text: `true` and `"true"`.
fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(one) == text(other)
}

/// Reads an event. Failed calls, dry runs and calls that name no link type change nothing.
pub(super) fn read(members: &Members, place: Place) -> ReadEvent {
    let name = members.get("eventName").and_then(Value::as_str).unwrap_or_default();
    let of_no_connection =
        |why: &str| ReadEvent::Refused(None, place.member_fault(FaultCode::UnusableInput, why));
    let Some(call) = Call::of(name) else {
        let misspelled = Call::misspelled(name);
        return misspelled.map_or(ReadEvent::Skipped(Skip::OtherCall), |why| of_no_connection(&why));
    };
    if members.get("errorCode").is_some() {
        return ReadEvent::Skipped(Skip::Failed);
    }
    let parameters = match members.parameters() {
        Ok(parameters) => parameters,
        Err(why) => return of_no_connection(&why),
    };
    match is_true(parameters.get("DryRun")) {
        Ok(false) => {}
        Ok(true) => return ReadEvent::Skipped(Skip::DryRun),
        Err(why) => return of_no_connection(&why),
    }
    let link_type = parameters.get("LinkType").filter(|value| !matches!(value, Value::Null));
    let link_type = link_type.filter(|value| value.as_str() != Some(""));
    if call == Call::Modify && link_type.is_none() {
        return ReadEvent::Skipped(Skip::NamesNoLinkType);
    }
    let connection_id = match connection_id(call, members, &parameters) {
        Ok(Some(id)) => Arc::<str>::from(id),
        Ok(None) if call == Call::Create => return ReadEvent::Skipped(Skip::CreatesUnknown),
        Ok(None) => {
            return of_no_connection(
                "requestParameters.InstanceId: it is missing, so that nothing tells whose change it is",
            );
        }
        Err(why) => return of_no_connection(&why),
    };
    let event = event(call, &connection_id, members, &parameters, link_type, &place);
    event.map_or_else(
        |why| ReadEvent::Refused(Some(connection_id), place.member_fault(FaultCode::UnreadableRow, &why)),
        |event| ReadEvent::Event(Box::new(event)),
    )
}

fn event(
    call: Call,
    connection_id: &Arc<str>,
    members: &Members,
    parameters: &Map<String, Value>,
    link_type: Option<&Value>,
    place: &Place,
) -> Result<Event, String> {
    let at = required_text("eventTime", members.get("eventTime"))?;
    let at = Timestamp::parse(&at).map_err(|why| format!("eventTime: {at:?}: {why}"))?;
    const LINK_TYPE: &str = "requestParameters.LinkType";
    let link_type = match text_of(LINK_TYPE, link_type)? {
        Some(text) if call != Call::Delete => {
            Some(text.parse().map_err(|why| format!("{LINK_TYPE}: {why}"))?)
        }
        // R8: a connection that is created without one is Gold.
        None if call == Call::Create => Some(LinkType::Gold),
        _ => None,
    };
    let created =
        if call == Call::Create { created(connection_id, at, members, parameters).ok() } else { None };
    Ok(Event {
        call,
        at,
        connection_id: connection_id.clone(),
        link_type,
        event_id: members.text("eventId")?,
        request_id: members.text("requestId")?,
        created: created.map(Box::new),
        place: place.clone(),
    })
}

/// A creation names its connection in the answer, the other calls in the request; either may name it as the
/// event's resource.
fn connection_id(
    call: Call,
    members: &Members,
    parameters: &Map<String, Value>,
) -> Result<Option<String>, String> {
    const ID: &str = "InstanceId";
    let named = match call {
        Call::Create => {
            connection_id_of("responseElements.InstanceId", members.member("responseElements", ID).as_ref())?
        }
        _ => connection_id_of("requestParameters.InstanceId", parameters.get(ID))?,
    };
    // A resource name of another shape may name anything.
    let resource = || {
        let name = members.text("resourceName")?.filter(|name| name.starts_with("pcc-"));
        connection_id_of("resourceName", name.map(Value::String).as_ref())
    };
    named.map_or_else(resource, |id| Ok(Some(id)))
}

/// The connection as its creation describes it.
fn created(
    id: &Arc<str>,
    at: Timestamp,
    members: &Members,
    parameters: &Map<String, Value>,
) -> Result<Connection, String> {
    let text = |name: &str| text_of(name, parameters.get(name));
    let required = |name: &str| required_text(name, parameters.get(name));
    let caller = account_of("userIdentity.accountId", members.member("userIdentity", "accountId").as_ref())?;
    let caller = match caller {
        Some(caller) => Some(caller),
        None => account_of("recipientAccountId", members.get("recipientAccountId"))?,
    };
    let region = text("RegionId")?.map_or_else(|| members.text("acsRegion"), |region| Ok(Some(region)))?;
    let end = |account: String, region: String, vpc: &str| -> Result<End, String> {
        Ok(End { vpc_id: text(vpc)?, ..End::new(account, region) })
    };
    let requester = end(
        caller.ok_or("userIdentity.accountId: it is missing")?,
        region.ok_or("RegionId: it is missing")?,
        "VpcId",
    )?;
    const ACCEPTER: &str = "AcceptingAliUid";
    let accepter = account_of(ACCEPTER, parameters.get(ACCEPTER))?.ok_or("AcceptingAliUid: it is missing")?;
    let accepter = end(accepter, required("AcceptingRegionId")?, "AcceptingVpcId")?;
    Ok(Connection {
        bandwidth: read_bandwidth("Bandwidth", text("Bandwidth")?.as_deref())?,
        created_at: Some(at),
        name: text("Name")?,
        ..Connection::new(id.clone(), requester, accepter, LinkType::Gold)
    })
}

/// Whether the call was a dry run, which changes nothing; one that cannot be told may have changed something or not.
fn is_true(value: Option<&Value>) -> Result<bool, String> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(is)) => Ok(*is),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
        Some(other) => {
            let shown = quoted(other.to_string().as_bytes());
            Err(format!("requestParameters.DryRun: {shown} is neither true nor false"))
        }
    }
}
