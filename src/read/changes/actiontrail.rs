//! ActionTrail events: arrays, lines, `LookupEvents` answers, and what a log service makes of them, as JSON or CSV.

use super::event::{Members, Trail, read};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::invalid::{Invalid, Remedy},
    read::{
        Document,
        answer::{self, Answer, answers, logs},
        header::names_in,
        json::{Located, Unambiguous},
        source::Place,
        table::{Column, TableColumns, faults_of, read_all},
    },
};
use serde_json::Value;

/// Columns under which a log service delivers events, the first two always; each may have `event.` in front.
const COLUMNS: [&str; 16] = [
    "eventName",
    "eventTime",
    "eventId",
    "errorCode",
    "acsRegion",
    "requestId",
    "requestParameters",
    "requestParameterJson",
    "requestParameters.InstanceId",
    "requestParameters.LinkType",
    "requestParameters.DryRun",
    "responseElements",
    "responseElements.InstanceId",
    "resourceName",
    "recipientAccountId",
    "userIdentity.accountId",
];

/// The columns under which a CSV document holds events, the required ones first.
pub(super) struct EventColumns {
    names: Vec<String>,
    required: usize,
}

/// The columns of a CSV document that holds events; `None` where its header names no event.
pub(super) fn columns(document: &Document) -> Option<EventColumns> {
    let header = names_in(&document.text, &[]);
    let has = |name: &str| header.iter().any(|column| column == name);
    if has("event") {
        return Some(EventColumns { names: vec!["event".into()], required: 1 });
    }
    let prefix = ["event.", ""].into_iter().find(|prefix| has(&format!("{prefix}eventName")))?;
    Some(EventColumns { names: COLUMNS.iter().map(|name| format!("{prefix}{name}")).collect(), required: 2 })
}

/// Reads events from the rows of a CSV document.
pub(super) fn read_csv(document: &Document, columns: &EventColumns, trail: &mut Trail) -> Result<()> {
    trail.note_document();
    let name = &document.name;
    let mut table = TableColumns::default();
    let (required, optional) = columns.names.split_at(columns.required);
    let mut wanted: Vec<Column<'_>> = required.iter().map(|name| table.required(name)).collect();
    wanted.extend(optional.iter().map(|name| table.optional(name)));
    let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text, &table)?;
    let mut of_no_connection = faults_of(malformed);
    for row in rows.iter() {
        let member = |column: &Column<'_>| (column.name.to_owned(), Value::String(row.text(*column).into()));
        let members = Members::new(wanted.iter().map(member).collect());
        of_no_connection.extend(trail.take(read(&members, Place::row(name, row.line))));
    }
    refuse(of_no_connection)
}

/// Refuses events whose connection is not known: no connection's history can be trusted.
fn refuse(mut faults: Vec<Fault>) -> Result<()> {
    for fault in &mut faults {
        fault.code = FaultCode::UnusableInput;
    }
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(()), Err)
}

/// Reads events from a JSON document.
pub(super) fn read_json(document: &Document, trail: &mut Trail) -> Result<()> {
    trail.note_document();
    let mut of_no_connection = Vec::new();
    answers(document, &mut |mut answer| {
        for event in events_of(document, &mut answer, trail)? {
            let place = Place::value(&document.name, event.line, event.path.clone());
            let unusable =
                |why: Invalid| Error::new(ErrorKind::Input, place.fault(FaultCode::UnusableInput, why));
            let members = event.read().map_err(|why| unusable(why.into()))?;
            let Unambiguous(Value::Object(members)) = members else {
                return Err(unusable("is no object".into()));
            };
            let members = Members::new(members);
            if !members.is_event() {
                return Err(unusable(what_else(&answer.members)));
            }
            of_no_connection.extend(trail.take(read(&members, place)));
        }
        Ok(())
    })?;
    refuse(of_no_connection)
}

/// The events of an answer: those of `LookupEvents`, the entries of Log Service, or itself.
fn events_of<'a>(
    document: &Document,
    answer: &mut Answer<'a, '_>,
    trail: &mut Trail,
) -> Result<Vec<Located<'a>>> {
    let listed = answer.members.list("Events").map_err(|why| answer.unusable(document, why))?;
    if let Some(events) = listed {
        trail.note_page(!answer.members.shown("NextToken").is_empty());
        return Ok(answer.located("Events", events));
    }
    match logs(&answer.members).map_err(|why| answer.unusable(document, why))? {
        Some(entries) => Ok(answer.located("data", entries)),
        None => Ok(vec![answer.value.clone()]),
    }
}

/// How many events a JSON document has.
pub(super) fn count(document: &Document) -> Result<u64> {
    let (mut events, mut trail) = (0, Trail::default());
    answers(document, &mut |mut answer| {
        events += events_of(document, &mut answer, &mut trail)?.len() as u64;
        Ok(())
    })?;
    Ok(events)
}

/// Why an object is not read here.
fn what_else(members: &answer::Members<'_>) -> Invalid {
    if members.has("VpcPeerConnects") {
        return Invalid::new("this is a list of connections").with(Remedy::GiveAsConnections);
    }
    let neither = "is neither an ActionTrail event nor an answer of LookupEvents";
    members.error().map_or_else(|| neither.into(), Invalid::from)
}

#[cfg(test)]
mod tests {
    use crate::{
        inventory,
        model::{inventory::Inventory, link::LinkType, time::Timestamp},
    };

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
        pcc-aaa,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Platinum\n";

    /// The creation of pcc-aaa with Gold, and its change to Platinum.
    const CREATE: &str = r#"{"eventId":"E-0","eventVersion":"1","eventTime":"2026-10-01T05:00:00Z","eventName":"CreateVpcPeerConnection",
        "requestId":"R-0","requestParameters":{"VpcId":"vpc-1"},"responseElements":{"InstanceId":"pcc-aaa"}}"#;
    const MODIFY: &str = r#"{"eventId":"E-1","eventVersion":1,"eventTime":"2026-10-03T05:40:11Z","eventName":"ModifyVpcPeerConnection",
        "requestId":"R-1","requestParameters":{"InstanceId":"pcc-aaa","LinkType":"Platinum"},"responseElements":{"RequestId":"R-1"}}"#;

    fn read(trail: &str) -> Inventory {
        inventory(CONNECTIONS, Some(trail)).unwrap_or_else(|error| panic!("{error}\n{trail}"))
    }

    fn findings(inventory: &Inventory) -> Vec<String> {
        inventory.findings().iter().map(crate::Finding::message).collect()
    }

    #[test]
    fn every_form_in_which_events_are_delivered_tells_the_same() {
        let text = |object: &str| object.replace('\n', " ").replace('"', "\\\"");
        let line = |object: &str| object.replace('\n', " ");
        let flat_create = r#"{"__topic__":"actiontrail_audit_event","event.eventName":"CreateVpcPeerConnection","event.eventId":"E-0",
            "event.eventTime":"2026-10-01T05:00:00Z","event.requestParameterJson":"{\"VpcId\":\"vpc-1\"}","event.errorCode":"",
            "event.responseElements":"{\"InstanceId\":\"pcc-aaa\"}"}"#;
        let flat_modify = r#"{"event.eventName":"ModifyVpcPeerConnection","event.eventTime":"2026-10-03T05:40:11Z","event.errorCode":null,
            "event.requestParameters.InstanceId":"pcc-aaa","event.requestParameters.LinkType":"Platinum"}"#;
        let csv = "event.eventName,event.eventTime,event.errorCode,event.requestParameterJson,event.responseElements,event.resourceName\n\
            CreateVpcPeerConnection,2026-10-01T05:00:00Z,,{},\"{\"\"InstanceId\"\":\"\"pcc-aaa\"\"}\",\n\
            ModifyVpcPeerConnection,2026-10-03T05:40:11Z,-,\"{\"\"LinkType\"\":\"\"Platinum\"\"}\",null,pcc-aaa\n";
        let quoted = |object: &str| format!("\"{}\"", line(object).replace('"', "\"\""));
        for trail in [
            format!("[{CREATE},{MODIFY}]"),
            format!("{}\n{}\n", line(MODIFY), line(CREATE)),
            format!("\u{feff}{{\"RequestId\":\"R\",\"Events\":[{MODIFY},{CREATE}],\"NextToken\":\"\"}}"),
            format!("{{\"Events\":[{CREATE}],\"NextToken\":\"t\"}}\n{{\"Events\":[{MODIFY}]}}"),
            format!("{{\"event\":{CREATE}}}\n{{\"event\":\"{}\",\"__time__\":\"1\"}}", text(MODIFY)),
            format!("{}\n{}", line(flat_create), line(flat_modify)),
            csv.to_owned(),
            format!("__time__,event\n1,{}\n2,{}\n", quoted(CREATE), quoted(MODIFY)),
            csv.replace("event.", ""),
            format!(
                "{{\"meta\":{{\"progress\":\"Complete\",\"count\":2}},\"data\":[{CREATE},{{\"event\":\"{}\"}}]}}",
                text(MODIFY)
            ),
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{{\"Events\":[{CREATE},{MODIFY}]}}}}"),
            format!("{{\"requestId\":\"R\",\"events\":[{CREATE},{MODIFY}],\"nextToken\":null}}"),
            format!("{{\"body\":{}}}", serde_json::to_string(&format!("[{CREATE},{MODIFY}]")).unwrap()),
            format!("{{\"Events\":{{\"Event\":[{CREATE},{MODIFY}]}}}}"),
        ] {
            let read = read(&trail);
            let levels = |at: &str| read.history(0).levels(Timestamp::parse(at).unwrap().hour());
            assert_eq!(levels("2026-10-03T04:00:00Z").highest, LinkType::Gold, "{trail}");
            assert!(levels("2026-10-03T05:00:00Z").switched, "{trail}");
            assert_eq!(levels("2026-10-03T06:00:00Z").highest, LinkType::Platinum, "{trail}");
            assert_eq!(read.connection(0).created_at.unwrap().to_string(), "2026-10-01T05:00:00Z");
            assert_eq!(
                findings(&read),
                ["events of the trail: 1 of creations, 1 that name a link type"],
                "{trail}"
            );
        }
    }

    #[test]
    fn what_changes_nothing_is_counted() {
        let otherwise = |id: u32, name: &str, value: &str| {
            MODIFY.replace("E-1", &format!("E-{id}")).replace("R-1", &format!("R-{id}")).replace(name, value)
        };
        let events = [
            CREATE.to_owned(),
            MODIFY.to_owned(),
            MODIFY.to_owned(),
            // The other account's event of the same request.
            MODIFY.replace("E-1", "E-2"),
            otherwise(3, "\"responseElements\"", "\"errorCode\":\"Forbidden\",\"x\""),
            otherwise(12, "\"responseElements\"", "\"errorCode\":\"DryRunOperation\",\"x\""),
            otherwise(4, "\"LinkType\"", "\"DryRun\":true,\"LinkType\""),
            otherwise(5, "\"LinkType\"", "\"DryRun\":\"true\",\"LinkType\""),
            otherwise(6, ",\"LinkType\":\"Platinum\"", ""),
            otherwise(7, "\"Platinum\"", "null"),
            otherwise(8, "\"Platinum\"", "\"\""),
            otherwise(9, "ModifyVpcPeerConnection", "ModifyVpcAttribute"),
            CREATE.replace("E-0", "E-10").replace("R-0", "R-10").replace("pcc-aaa", ""),
            otherwise(11, "pcc-aaa", "pcc-bbb"),
        ];
        let read = read(&format!("[{}]", events.join(",")));
        assert_eq!(
            findings(&read),
            [
                "events of the trail: 1 of creations, 1 that name a link type, 1 of other calls, 2 failed, 2 dry runs, \
             3 that name no link type, 1 that do not tell which connection they create, 2 delivered more than once",
                "1 events of the trail are of 1 connections that the inventory lacks: pcc-bbb",
            ]
        );
        assert!(!read.history(0).levels(Timestamp::parse("2026-10-03T04:00:00Z").unwrap().hour()).switched);
    }

    #[test]
    fn r15_bad_events_name_line_and_path() {
        let refused = |trail: &str| inventory(CONNECTIONS, Some(trail)).unwrap_err().to_string();
        for (event, why) in [
            (
                MODIFY.replace("2026-10-03T05:40:11Z", "2026-10-03"),
                "eventTime: \"2026-10-03\": the time of day is missing",
            ),
            (MODIFY.replace("\"2026-10-03T05:40:11Z\"", "null"), "eventTime: it is missing"),
            (
                MODIFY.replace("Platinum", "platinum"),
                "requestParameters.LinkType: link type \"platinum\" is neither",
            ),
            (
                MODIFY.replace("\"Platinum\"", "1e15"),
                "requestParameters.LinkType: \"1000000000000000.0\" is neither",
            ),
            (
                MODIFY.replace("\"InstanceId\":\"pcc-aaa\",", ""),
                "requestParameters.InstanceId: it is missing, so that nothing tells whose",
            ),
            (MODIFY.replace("\"pcc-aaa\"", "1.5"), "requestParameters.InstanceId: \"1.5\" is neither text"),
            (
                MODIFY.replace("{\"InstanceId\":\"pcc-aaa\",\"LinkType\":\"Platinum\"}", "\"{\""),
                "requestParameters: is neither an object nor the JSON text of one",
            ),
        ] {
            let found = refused(&format!("[\n{CREATE},\n{event}]"));
            assert!(found.starts_with(&format!("link changes:4: [1].{why}")), "{event}:\n{found}");
            let found = refused(&format!("{{\"Events\":[{CREATE},\n{event}]}}"));
            assert!(found.starts_with(&format!("link changes:3: Events[1].{why}")), "{event}:\n{found}");
        }
        for (trail, why) in [
            (
                r#"{"Code":"Forbidden","Message":"no"}"#,
                "link changes:1: the provider answered with the error Forbidden: no",
            ),
            (r#"{"VpcPeerConnects":[]}"#, "link changes:1: this is a list of connections"),
            ("\n[{}]", "link changes:2: [0]: is neither an ActionTrail event nor an answer of LookupEvents"),
            ("{\"Events\":[7]}", "link changes:1: Events[0]: is no object"),
            ("{\"Events\":7}", "link changes:1: Events: is a number, and should be a list"),
            ("", "link changes: the input is empty"),
            (
                r#"{"meta":{"progress":"Incomplete"},"data":[]}"#,
                "link changes:1: meta.progress is \"Incomplete\": entries are missing",
            ),
            (
                "ERROR: SDK.ServerError\nErrorCode: X\nMessage: no",
                "link changes: the provider's command line answered with an error: X: no",
            ),
            ("[{\"eventName\":\n", "link changes:2: is not valid JSON: EOF while parsing a value"),
            (
                "event.eventName,event.eventTime\nModifyVpcPeerConnection\n",
                "link changes:2: 1 fields where the header has 2",
            ),
            ("eventName,x\n", "link changes:1: the header lacks eventTime"),
        ] {
            let found = refused(trail);
            assert!(found.starts_with(why), "{trail}:\n{found}");
        }
    }

    #[test]
    fn an_event_that_is_delivered_in_two_versions_is_refused() {
        let otherwise = MODIFY.replace("R-1", "R-2").replace("Platinum", "Gold");
        let error = inventory(CONNECTIONS, Some(&format!("[{CREATE},{MODIFY},\n{otherwise}]"))).unwrap_err();
        let why = "event E-1 stands here and at link changes:4 [2], where it is described differently";
        assert!(error.to_string().contains(why), "{error}");
    }
}
