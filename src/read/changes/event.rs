//! One event of an ActionTrail: which call it records, of which connection, and which link type that names.

use crate::{
    error::{Fault, FaultCode},
    model::{
        connection::{Connection, End},
        finding::{Finding, FindingCode, Said},
        link::{LinkType, TypeChange},
        quoted,
        time::Timestamp,
    },
    read::{
        json::{Unambiguous, account_of, connection_id_of, required_text, text_of, without_place},
        source::Place,
        values::read_bandwidth,
    },
};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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
        Ok(End { vpc_id: text(vpc)?.map(Into::into), ..End::new(account, region) })
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
        name: text("Name")?.map(Into::into),
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

/// How many connections a finding names.
const NAMED: usize = 5;

/// Events by connection, in time order.
pub(in crate::read) type ByConnection = BTreeMap<Arc<str>, Vec<Event>>;

/// The events of all trails, in the order in which they were read.
#[derive(Default)]
pub(in crate::read) struct Trail {
    events: Vec<Event>,
    /// Events that cannot be read or contradict each other, each with its connection.
    refused: Vec<(Arc<str>, Fault)>,
    skipped: BTreeMap<Skip, u64>,
    documents: u64,
    pages: u64,
    last_pages: u64,
}

impl Trail {
    /// Takes an event; returns what is wrong with it where its connection is not known.
    pub fn take(&mut self, read: ReadEvent) -> Option<Fault> {
        match read {
            ReadEvent::Event(event) => self.events.push(*event),
            ReadEvent::Skipped(skip) => self.skip(skip),
            ReadEvent::Refused(Some(id), fault) => self.refused.push((id, fault)),
            ReadEvent::Refused(None, fault) => return Some(fault),
        }
        None
    }

    fn skip(&mut self, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
    }

    /// Notes that events are looked for in a document.
    pub fn note_document(&mut self) {
        self.documents += 1;
    }

    /// Notes a page of `LookupEvents`, and whether another follows it.
    pub fn note_page(&mut self, goes_on: bool) {
        self.pages += 1;
        self.last_pages += u64::from(!goes_on);
    }

    /// Sorts the events out: each once, by connection, and those that are refused.
    pub fn sort_out(&mut self) -> (ByConnection, Vec<(Arc<str>, Fault)>) {
        let mut events = std::mem::take(&mut self.events);
        // By connection and time, whatever the order of the inputs (R17).
        events.sort_by_cached_key(Event::record);
        let mut seen: HashMap<String, (Record, Place)> = HashMap::new();
        let mut by_connection = ByConnection::new();
        for event in events {
            // An event may be delivered twice, and to both accounts.
            let id = event.event_id.as_ref().map(|id| format!("event {id}"));
            let request = event.request_id.as_ref().map(|id| format!("request {id}"));
            let names: Vec<String> = id.into_iter().chain(request).collect();
            let first = names.iter().find_map(|name| seen.get(name).map(|first| (name, first)));
            match first {
                Some((_, (record, _))) if *record == event.record() => self.skip(Skip::Repeated),
                Some((name, (record, place))) => {
                    let why = format!("{name} stands here and at {place}, where it is described differently");
                    let fault = event.place.fault(FaultCode::BrokenChain, why);
                    self.refused.extend(
                        [&record.connection_id, &event.connection_id].map(|id| (id.clone(), fault.clone())),
                    );
                }
                None => {
                    seen.extend(names.into_iter().map(|name| (name, (event.record(), event.place.clone()))));
                    by_connection.entry(event.connection_id.clone()).or_default().push(event);
                }
            }
        }
        (by_connection, std::mem::take(&mut self.refused))
    }

    /// What a reader should know of the trail: `used` are its events by call.
    pub fn findings(&self, used: &BTreeMap<Call, u64>, elsewhere: &BTreeMap<Arc<str>, u64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let told = used.iter().map(|(call, &count)| call.said(count));
        let passed_over = self.skipped.iter().map(|(skip, &count)| skip.said(count));
        let told: Vec<Said> = told.chain(passed_over).collect();
        if told.is_empty() && elsewhere.is_empty() && self.documents > 0 {
            findings.push(Finding::of(FindingCode::TrailRead, Said::TrailWithoutEvents {}));
        }
        if !told.is_empty() {
            findings.push(Finding::of(FindingCode::TrailRead, Said::TrailRead { events: told }));
        }
        if self.pages > 0 && self.last_pages == 0 {
            findings.push(Finding::of(FindingCode::TrailIncomplete, Said::TrailIncomplete {}));
        }
        let (events, connections) = (elsewhere.values().sum::<u64>(), elsewhere.len());
        if events > 0 {
            let named: Vec<&str> = elsewhere.keys().take(NAMED).map(|id| &**id).collect();
            let more = if connections > NAMED { ", ..." } else { "" };
            let named = format!("{}{more}", named.join(", "));
            let said = Said::TrailElsewhere { events, connections, named };
            findings.push(Finding::of(FindingCode::TrailElsewhere, said));
        }
        findings
    }
}

/// A link change of a connection, and where it stands.
#[derive(Debug)]
pub(in crate::read) struct PlacedChange {
    pub connection_id: Arc<str>,
    pub change: TypeChange,
    pub place: Place,
}

/// All that the documents of link changes hold.
#[derive(Default)]
pub(in crate::read) struct FoundChanges {
    /// Rows of tables in the order of the documents.
    pub rows: Vec<PlacedChange>,
    /// Rows that cannot be read, each with its connection id, in the order of the documents.
    pub refused: Vec<(String, Fault)>,
    /// The events of trails.
    pub trail: Trail,
}
