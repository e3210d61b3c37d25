//! Connections and link changes of a month as the provider tells them: lists in JSON, and events of ActionTrail.

use super::oracle::{Change, Connection, Level, Month, instant};
use peerbill::{model::link::LinkType, read::LinkTypesBefore};
use serde_json::{Value, json};

/// A month as the provider tells it.
pub struct Exports {
    /// Pages of `ListVpcPeerConnections`.
    pub pages: Vec<String>,
    pub events: Vec<Value>,
    /// What the events cannot tell.
    pub before: LinkTypesBefore,
}

/// Tells `month` by exports; `draws` decide what may be told in several ways.
pub fn exports(month: &Month, draws: &[bool]) -> Exports {
    let mut draws = draws.iter().copied().cycle();
    let mut draw = || draws.next().unwrap_or_default();
    let (mut entries, mut events, mut before) = (Vec::new(), Vec::new(), LinkTypesBefore::default());
    for own in &month.connections {
        let first_change = own.changes.iter().map(|change| change.at).min();
        let creation = own.created.filter(|&at| first_change.is_none_or(|first| at <= first));
        let creation = creation.filter(|_| draw() || draw());
        let own_events = events_of(own, creation, &mut draw);
        if creation.is_none() {
            let first = if own.first == Level::Gold { LinkType::Gold } else { LinkType::Platinum };
            before.of.insert(own.id.clone(), first);
        }
        // A creation tells the row of a connection that was deleted since.
        if creation.is_none() || own.deleted.is_none() || (draw() && draw()) {
            let entry = entry(own, creation.is_none() || draw(), draw());
            // Both accounts list it.
            entries.extend(std::iter::repeat_n(entry, if draw() { 2 } else { 1 }));
        }
        events.extend(own_events);
    }
    Exports { pages: pages(&entries), events, before }
}

fn entry(own: &Connection, dated: bool, as_text: bool) -> Value {
    let last = own.changes.last().map_or(own.first, |change| change.to);
    let account = |id: &String| if as_text { json!(id) } else { json!(id.parse::<u64>().expect("digits")) };
    let link_type = match last {
        Level::Gold if as_text => Value::Null,
        level => json!(format!("{level:?}")),
    };
    let status = if own.deleted.is_some() { "Deleted" } else { "Activated" };
    let created = own.created.filter(|_| dated).map(instant);
    json!({
        "InstanceId": own.id, "OwnerId": account(&own.accounts[0]), "AcceptingOwnerUid": account(&own.accounts[1]),
        "RegionId": own.regions[0], "AcceptingRegionId": own.regions[1], "LinkType": link_type, "Status": status,
        "GmtCreate": created, "GmtModified": "2020-01-01T00:00:00Z",
    })
}

fn pages(entries: &[Value]) -> Vec<String> {
    let pages: Vec<&[Value]> = if entries.is_empty() { vec![&[]] } else { entries.chunks(2).collect() };
    let last = pages.len() - 1;
    let page = |(index, entries): (usize, &&[Value])| {
        let (total, next) =
            (pages.iter().map(|page| page.len()).sum::<usize>(), if index < last { "t" } else { "" });
        json!({"TotalCount": total, "NextToken": next, "VpcPeerConnects": entries}).to_string()
    };
    pages.iter().enumerate().map(page).collect()
}

fn events_of(own: &Connection, creation: Option<i64>, draw: &mut impl FnMut() -> bool) -> Vec<Value> {
    let mut events = Vec::new();
    let event = |name: &str, at: i64, parameters: Value, number: usize| {
        let id = format!("{}-{name}-{number}", own.id);
        json!({
            "eventId": id, "requestId": format!("R-{id}"), "eventName": format!("{name}VpcPeerConnection"),
            "eventTime": instant(at), "acsRegion": own.regions[0], "userIdentity": {"accountId": own.accounts[0]},
            "requestParameters": parameters, "responseElements": {"InstanceId": own.id},
        })
    };
    if let Some(at) = creation {
        let mut parameters = json!({
            "AcceptingAliUid": own.accounts[1], "AcceptingRegionId": own.regions[1], "LinkType": format!("{:?}", own.first),
        });
        if own.first == Level::Gold && draw() {
            parameters["LinkType"] = Value::Null;
        }
        events.push(event("Create", at, parameters, 0));
    }
    for (number, change) in own.changes.iter().enumerate() {
        let alone = own.changes.iter().filter(|other| other.at == change.at).count() == 1;
        let mut parameters = json!({"InstanceId": own.id, "Bandwidth": 200});
        // A call that names the type there is may name none as well.
        if is_real(change) || (alone && draw()) {
            parameters["LinkType"] = json!(format!("{:?}", change.to));
        }
        events.push(event("Modify", change.at, parameters, number));
    }
    events.extend(own.deleted.map(|at| event("Delete", at, json!({"InstanceId": own.id}), 0)));
    // The other account is told of some of them too; of others, in the form of a log service.
    let told: Vec<Value> = events.iter().filter(|_| draw()).cloned().collect();
    events.extend(told.into_iter().map(|mut event| {
        event["eventId"] = json!(format!("{}-again", event["eventId"]));
        if draw() { json!({"event": event.to_string()}) } else { event }
    }));
    events
}

fn is_real(change: &Change) -> bool {
    change.from != change.to
}
