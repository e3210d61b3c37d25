//! Connections as the provider lists them: `ListVpcPeerConnections` and `GetVpcPeerConnectionAttribute`.

use super::entry::{self, Found, RegionCheck, Take};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        finding::{Finding, FindingCode, Said},
        invalid::{Invalid, Remedy},
        quoted,
    },
    read::{
        Document,
        answer::{Answer, Members, answers},
        json::Unambiguous,
        terraform::{StatedRequesters, accepters, count as count_of_state},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// The pages of lists with one total.
#[derive(Default)]
struct Pages {
    entries: u64,
    /// Pages that no other follows: one of each list.
    last_pages: u64,
}

impl Pages {
    /// How many entries they should have, of lists with this total each.
    fn expected(&self, total: u64) -> u64 {
        total.saturating_mul(self.last_pages.max(1))
    }
}

/// Reads the JSON documents among the connections.
pub(super) struct Answers<'a> {
    check_region: RegionCheck<'a>,
    requesters: Option<&'a StatedRequesters>,
    by_total: BTreeMap<Option<u64>, Pages>,
    /// Addresses of accepters in states, with the ids of their connections.
    accepters: Vec<(String, String)>,
}

impl<'s> Answers<'s> {
    pub fn new(check_region: RegionCheck<'s>, requesters: Option<&'s StatedRequesters>) -> Self {
        Self { check_region, requesters, by_total: BTreeMap::new(), accepters: Vec::new() }
    }

    /// Reads a document: one answer, an array of them, or one after the other.
    pub fn read(&mut self, document: &Document, take: Take<'_>) -> Result<()> {
        match answers(document, &mut |answer| self.read_answer(document, answer, take))? {
            0 => Err(Error::unusable(
                ErrorKind::Input,
                &document.name,
                "the input is empty: it is a list of nothing",
            )),
            _ => Ok(()),
        }
    }

    fn read_answer(&mut self, document: &Document, mut answer: Answer<'_, '_>, take: Take<'_>) -> Result<()> {
        let place = answer.place(document);
        match Kind::of(&answer.members) {
            Kind::Terraform => {
                let json: Unambiguous = answer.value.read().map_err(|why| answer.unusable(document, why))?;
                let json = json.0;
                self.accepters.extend(accepters(&json));
                entry::read_state(&json, &place, self.requesters, self.check_region, take)
            }
            Kind::Attribute => {
                entry::read(document, &answer.value, self.check_region, take);
                Ok(())
            }
            Kind::List => {
                const LIST: &str = "VpcPeerConnects";
                let list = answer.members.list(LIST).map_err(|why| answer.unusable(document, why))?;
                let list = list.unwrap_or_default();
                self.note_page(&answer.members, list.len() as u64);
                for listed in answer.located(LIST, list) {
                    entry::read(document, &listed, self.check_region, take);
                }
                Ok(())
            }
            Kind::Error(why) => Err(answer.unusable(document, why)),
            Kind::Other => Err(answer.unusable(document, what_else(&answer.members))),
        }
    }

    /// Why a document holds no connection, with the accepters that were read of it; those of the next one follow.
    pub fn why_none(&mut self) -> String {
        let accepters = std::mem::take(&mut self.accepters);
        let Some((address, id)) = accepters.first() else { return "it holds no connection".into() };
        let more =
            if accepters.len() > 1 { format!(" (and {} more)", accepters.len() - 1) } else { String::new() };
        let of = if id.is_empty() { String::new() } else { format!(" of {}", quoted(id.as_bytes())) };
        format!(
            "it has no alicloud_vpc_peer_connection; its {address}{of}{more} does not tell the requester's account and \
             region: give the requester's state, or an answer of ListVpcPeerConnections"
        )
    }

    fn note_page(&mut self, members: &Members<'_>, entries: u64) {
        // It serves nothing but this check: one that is no number tells nothing, and stops no bill.
        let pages = self.by_total.entry(members.shown("TotalCount").parse().ok()).or_default();
        pages.entries += entries;
        pages.last_pages += u64::from(members.shown("NextToken").is_empty());
    }

    /// Says where a list has pages that were not given.
    pub fn check_pages(&self, take: Take<'_>) {
        for (total, pages) in &self.by_total {
            let entries = pages.entries;
            let pages = match total {
                Some(total) if entries < pages.expected(*total) => {
                    Said::PagesOfTotal { entries, total: pages.expected(*total) }
                }
                None if pages.last_pages == 0 => Said::PagesWithoutLast { entries },
                _ => continue,
            };
            let said = Said::InventoryIncomplete { pages: Box::new(pages) };
            take(Found::Finding(Finding::of(FindingCode::InventoryIncomplete, said)));
        }
    }
}

/// What an answer is, by its members.
enum Kind {
    /// What `terraform show -json` prints.
    Terraform,
    /// An answer about one connection.
    Attribute,
    /// A page of a list, also one without entries.
    List,
    /// An error in place of an answer.
    Error(String),
    Other,
}

impl Kind {
    fn of(members: &Members<'_>) -> Self {
        let has = |name: &str| members.has(name);
        // What Terraform writes is spelled as it is; it is told by whoever reads it that something else is wanted.
        if ["format_version", "terraform_version"]
            .into_iter()
            .any(|name| members.names().any(|own| own == name))
        {
            return Self::Terraform;
        }
        match members.error() {
            _ if has("InstanceId") => Self::Attribute,
            _ if members.get("VpcPeerConnects").is_some() => Self::List,
            Some(_) if has("Datapoints") => Self::Other,
            Some(why) => Self::Error(why),
            None if members.get("TotalCount").is_some() && !has("Events") => Self::List,
            None => Self::Other,
        }
    }
}

/// Why an object is not read here.
fn what_else(members: &Members<'_>) -> Invalid {
    let has = |name: &str| members.has(name);
    if has("eventName") || has("Events") || has("event") || has("event.eventName") {
        return Invalid::new("these are ActionTrail events").with(Remedy::GiveAsLinkChanges);
    }
    if has("Datapoints") || has("log-status") {
        return Invalid::new("this is traffic, and no connections").with(Remedy::GiveAsItsKindOfTraffic);
    }
    let found: Vec<&str> = members.names().take(8).collect();
    Invalid::new(format!(
        "is neither an answer of ListVpcPeerConnections nor one of GetVpcPeerConnectionAttribute; it has {}",
        if found.is_empty() { "no members".into() } else { found.join(", ") }
    ))
}

/// Which answers a document holds, and how many connections they have, good or bad.
pub(super) fn describe(document: &Document) -> Result<(String, u64)> {
    let (mut kinds, mut count) = (BTreeSet::new(), 0);
    answers(document, &mut |answer| {
        let (kind, connections) = match Kind::of(&answer.members) {
            Kind::Terraform => ("Terraform", answer.value.read().map_or(0, |json| count_of_state(&json))),
            Kind::Attribute => ("GetVpcPeerConnectionAttribute", 1),
            _ => {
                let list = answer.members.list("VpcPeerConnects").ok().flatten();
                ("ListVpcPeerConnections", list.map_or(0, |list| list.len() as u64))
            }
        };
        kinds.insert(kind);
        count += connections;
        Ok(())
    })?;
    Ok((kinds.into_iter().collect::<Vec<_>>().join(", "), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::FaultCode,
        inventory,
        model::{
            connection::{Bandwidth, Connection},
            inventory::Inventory,
            link::LinkType,
        },
        read::{InventorySettings, read_inventory},
    };
    use serde_json::Value;

    /// An entry of a list; `members` replace those of the same name.
    fn entry(members: &str) -> String {
        let replaced: serde_json::Map<String, Value> =
            serde_json::from_str(&format!("{{{members}}}")).unwrap();
        let usual = r#"{"InstanceId":"pcc-aaa","Name":"hohhot-guangzhou","Status":"Activated","BizStatus":"Normal",
            "LinkType":"Platinum","Bandwidth":2048,"OwnerId":90071992547409931,"RegionId":"cn-huhehaote",
            "Vpc":{"VpcId":"vpc-1","Ipv4Cidrs":["10.0.0.0/16"],"Ipv6Cidrs":[]},
            "AcceptingOwnerUid":"90071992547409932","AcceptingRegionId":"cn-guangzhou",
            "AcceptingVpc":{"VpcId":"vpc-2","Ipv4Cidrs":["172.16.0.0/16"],"Ipv6Cidrs":["2001:db8::/56"]},
            "GmtCreate":"2025-12-01T02:03:04Z","GmtModified":"2025-12-01T02:05:00Z","GmtExpired":null}"#;
        let mut entry: serde_json::Map<String, Value> = serde_json::from_str(usual).unwrap();
        entry.extend(replaced);
        Value::Object(entry).to_string()
    }

    fn page(total: u64, next: &str, entries: &[String]) -> String {
        let entries = entries.join(",\n");
        format!("{{\"TotalCount\":{total},\"NextToken\":\"{next}\",\"VpcPeerConnects\":[\n{entries}\n]}}")
    }

    fn read(documents: &[&str]) -> Result<Inventory> {
        let names = ["a.json", "b.json", "c.json"];
        let documents: Vec<Document> =
            names.into_iter().zip(documents).map(|(name, text)| Document::new(name, *text)).collect();
        read_inventory(&documents, None, &InventorySettings::new(&|_| Ok(())))
    }

    /// What is wrong with one entry.
    fn fault(members: &str) -> String {
        let read = read(&[&page(1, "", &[entry(members)])]).unwrap();
        assert_eq!(read.connections().len(), 0, "{members}");
        read.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lists_and_single_answers_in_any_arrangement_are_the_same_connections() {
        let (one, other) = (entry(""), entry(r#""InstanceId":"pcc-bbb","Name":null"#));
        let expected = read(&[&page(2, "", &[one.clone(), other.clone()])]).unwrap();
        assert_eq!((expected.connections().len(), expected.findings().len()), (2, 0));
        let pages = [page(2, "t", std::slice::from_ref(&one)), page(2, "", std::slice::from_ref(&other))];
        let csv = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,\
            requester_vpc_id,accepter_vpc_id,bandwidth_mbps,created_at,requester_cidrs,accepter_cidrs\n\
            pcc-bbb,90071992547409931,cn-huhehaote,90071992547409932,cn-guangzhou,Platinum,vpc-1,vpc-2,2048,\
            2025-12-01T02:03:04Z,10.0.0.0/16,172.16.0.0/16 2001:db8::/56\n";
        for documents in [
            vec![&*pages[0], &*pages[1]],
            vec![&*pages[1], &*pages[0]],
            vec![&*format!("[{}]", pages.join(","))],
            vec![&*pages.join("\n")],
            vec![&*format!("\u{feff}\r\n{one}\r\n{other}\r\n")],
            vec![&*format!("[{one},{other}]")],
            vec![&*pages[0], &*pages[1], &*other, &*one],
            vec![&*one, csv],
        ] {
            let read = read(&documents).unwrap();
            assert_eq!(read.faults(), [], "{documents:?}");
            assert_eq!(read.findings(), [], "{documents:?}");
            for (index, connection) in expected.connections().iter().enumerate() {
                // A table has no status.
                let status = connection.status.filter(|_| documents.last() != Some(&csv) || index == 0);
                assert_eq!(read.connection(index), &Connection { status, ..connection.clone() });
            }
        }
        let first = expected.connection(0);
        assert_eq!(&*first.requester.account_id, "90071992547409931");
        assert_eq!(
            (&*first.accepter.account_id, first.bandwidth),
            ("90071992547409932", Bandwidth::Mbps(2048))
        );
        assert_eq!(first.accepter.cidrs.len(), 2);
        assert_eq!(first.created_at.unwrap().to_string(), "2025-12-01T02:03:04Z");
    }

    #[test]
    fn r8_omitted_null_and_empty_are_gold_and_inside_a_region_it_is_ignored() {
        let region = r#","AcceptingRegionId":"cn-huhehaote""#;
        let link_types =
            ["null".to_owned(), r#""""#.into(), format!(r#""Silver"{region}"#), format!("5{region}")];
        for link_type in link_types {
            let read = read(&[&entry(&format!(r#""LinkType":{link_type}"#))]).unwrap();
            assert_eq!(read.connection(0).link_type, LinkType::Gold, "{link_type}");
        }
        let read = read(&[&entry("").replace(r#""LinkType":"Platinum","#, "")]).unwrap();
        assert_eq!(read.connection(0).link_type, LinkType::Gold);
    }

    #[test]
    fn r15_every_bad_member_is_refused_with_line_and_path() {
        for (members, why) in [
            (r#""OwnerId":1e15"#, "OwnerId: \"1000000000000000.0\" is neither text nor a whole number"),
            (r#""OwnerId":1.5"#, "OwnerId: \"1.5\" is neither"),
            (r#""OwnerId":null"#, "OwnerId: it is missing"),
            (r#""OwnerId":-1"#, "OwnerId: \"-1\" is no account id: an account id has no sign"),
            (r#""OwnerId":0"#, "OwnerId: \"0\" is no account id: 0 stands for an account that is not told"),
            (
                r#""AcceptingOwnerUid":"1.00E+15""#,
                "AcceptingOwnerUid: \"1.00E+15\" is no account id: a spreadsheet",
            ),
            (r#""InstanceId":"=cmd""#, "InstanceId: id \"=cmd\" begins as a formula does"),
            (r#""InstanceId":"pcc\u001b[2J""#, "InstanceId: id \"pcc\\u{1b}[2J\" holds a character"),
            (r#""RegionId":"cn\u0007""#, "RegionId: id \"cn\\u{7}\" holds a character"),
            (r#""Status":" Activated""#, "Status: \" Activated\" has spaces around it"),
            (r#""Vpc":{"Ipv4Cidrs":"x"}"#, "Vpc.Ipv4Cidrs: is text, and should be a list"),
            (r#""Vpc":{"Ipv4Cidrs":[7]}"#, "Vpc.Ipv4Cidrs[0]: is a number, and should be text"),
            (r#""Tags":7"#, "Tags: is a number, and should be a list"),
            (r#""Tags":[{"Kei":1}]"#, "Tags[0]: is no tag"),
            (r#""Tags":{"=a":"b"}"#, "Tags: tag \"=a\" begins as a formula does"),
            (r#""OwnerId":[1]"#, "OwnerId: \"[1]\" is neither"),
            (r#""AcceptingOwnerUid":true"#, "AcceptingOwnerUid: \"true\" is neither"),
            (r#""RegionId":"""#, "RegionId: it is missing"),
            (
                r#""LinkType":"gold""#,
                "LinkType: link type \"gold\" is neither Gold nor Platinum; did you mean \"Gold\"?",
            ),
            (r#""Bandwidth":1.5"#, "Bandwidth: \"1.5\" is neither"),
            (r#""Bandwidth":0"#, "Bandwidth: \"0\" is not a whole number of Mbit/s"),
            (r#""Status":"activated""#, "Status: \"activated\" is none of"),
            (
                r#""GmtCreate":"2025-12-01T02:03:04""#,
                "GmtCreate: \"2025-12-01T02:03:04\": the offset is missing",
            ),
            (r#""Vpc":{"Ipv4Cidrs":["10.0.0.1/16"]}"#, "Vpc.Ipv4Cidrs[0]: CIDR block \"10.0.0.1/16\""),
        ] {
            let found = fault(members);
            let expected = format!("a.json:2: VpcPeerConnects[0].{why}");
            assert!(found.starts_with(&expected), "{members}:\n{found}\n{expected}");
        }
        assert_eq!(
            fault(r#""Vpc":"vpc-1""#),
            "a.json:2: VpcPeerConnects[0].Vpc: is text, and should be an object"
        );
        let twice = entry("").replace(r#""Status""#, r#""OwnerId":7,"Status""#);
        assert_eq!(read(&[&twice]).unwrap_err().to_string(), "a.json:1: the member \"OwnerId\" stands twice");
    }

    #[test]
    fn r15_the_region_is_checked_and_the_connection_is_to_blame() {
        let check =
            |region: &str| if region == "cn-guangzhou" { Err("no such region".into()) } else { Ok(()) };
        let documents = [Document::new("a.json", entry(""))];
        let read = read_inventory(&documents, None, &InventorySettings::new(&check)).unwrap();
        assert_eq!(
            read.fault_of("pcc-aaa").unwrap().to_string(),
            "a.json:1: AcceptingRegionId: no such region"
        );
    }

    #[test]
    fn equal_rows_of_both_accounts_are_one_and_different_ones_are_refused() {
        let list = page(1, "", &[entry("")]);
        for other in ["", r#""Status":"Updating""#, r#""Vpc":null,"Name":null"#, r#""GmtModified":"x""#] {
            let other = page(1, "", &[entry(other)]);
            for documents in [[&*list, &*other], [&*other, &*list]] {
                let read = read(&documents).unwrap();
                assert_eq!((read.faults(), read.connections().len()), (&[][..], 1), "{other}");
                assert_eq!(read.connection(0).requester.vpc_id.as_deref(), Some("vpc-1"));
            }
        }
        for (other, why) in [
            (r#""LinkType":"Gold""#, "link type Platinum there, Gold here"),
            (r#""RegionId":"cn-beijing""#, "requester region cn-huhehaote there, cn-beijing here"),
            (
                r#""OwnerId":90071992547409932"#,
                "requester account 90071992547409931 there, 90071992547409932 here",
            ),
            (r#""Status":"Accepting""#, "status Activated there, Accepting here"),
            (r#""Bandwidth":-1"#, "bandwidth 2048 Mbit/s there, unlimited here"),
        ] {
            let read = read(&[&list, &page(1, "", &[entry(other)])]).unwrap();
            let expected = format!(
                "b.json:2: VpcPeerConnects[0]: connection pcc-aaa is described differently at a.json:2 VpcPeerConnects[0]: {why}"
            );
            assert_eq!(read.faults()[0].to_string(), expected);
            assert!(read.fault_of("pcc-aaa").is_some());
        }
        let table = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
            pcc-aaa,90071992547409931,cn-huhehaote,90071992547409932,cn-guangzhou,Platinum\n";
        for documents in [[&*list, table], [table, &*list]] {
            assert!(read(&documents).unwrap().faults()[0].message.contains("stands here a second time"));
        }
    }

    #[test]
    fn pages_that_are_missing_are_told() {
        let one = page(3, "t", &[entry("")]);
        let last = page(3, "", &[entry(r#""InstanceId":"pcc-bbb""#)]);
        let single = entry("");
        for (documents, incomplete) in [
            (vec![&*one], Some("1 of 3")),
            (vec![&*one, &*last], Some("2 of 3")),
            (vec![&*last], Some("1 of 3")),
            (vec![&*single, r#"{"TotalCount":2,"RequestId":"R"}"#], Some("0 of 2")),
            (vec![&*single, r#"{"TotalCount":0,"RequestId":"R"}"#], None),
            (
                vec![&*single, r#"{"NextToken":"t","VpcPeerConnects":[]}"#],
                Some("0 entries, and none of them is the last"),
            ),
            (vec![&*single, r#"{"NextToken":null,"VpcPeerConnects":[]}"#], None),
            (vec![&*one.replace("\"TotalCount\":3", "\"TotalCount\":\"3\"")], Some("1 of 3")),
            (vec![&*last.replace("\"TotalCount\":3", "\"TotalCount\":\"three\"")], None),
            (vec![&*last.replace("\"TotalCount\":3", "\"TotalCount\":-1.5")], None),
            (
                vec![&*last.replace("\"TotalCount\":3", "\"TotalCount\":18446744073709551615")],
                Some("1 of 1844"),
            ),
        ] {
            let read = read(&documents).unwrap();
            let findings: Vec<String> = read.findings().iter().map(Finding::message).collect();
            assert_eq!(findings.len(), usize::from(incomplete.is_some()), "{documents:?}");
            assert!(incomplete.is_none_or(|why| findings[0].contains(why)), "{documents:?} {findings:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_connections_is_refused() {
        for (text, why) in [
            (
                r#"{"Code":"Forbidden.RAM","Message":"not authorized","RequestId":"R"}"#,
                "a.json:1: the provider answered with the error Forbidden.RAM: not authorized",
            ),
            (r#"{"eventName":"CreateVpcPeerConnection"}"#, "a.json:1: these are ActionTrail events"),
            (r#"{"Datapoints":"[]","Code":"200"}"#, "a.json:1: this is traffic, and no connections"),
            (r#"{"Vpcs":[],"RequestId":"R"}"#, "it has Vpcs, RequestId"),
            ("\n{}", "a.json:2: is neither an answer of ListVpcPeerConnections"),
            ("[\n{},7]", "a.json:2: [0]: is neither"),
            (r#"[{"InstanceId":"x"},7]"#, "a.json:1: [1]: is a number, and should be an object"),
            (r#"{"VpcPeerConnects":"x"}"#, "a.json:1: VpcPeerConnects: is text, and should be a list"),
            (
                r#"{"headers":{},"statusCode":403,"body":{"Code":"Forbidden","Message":"no"}}"#,
                "a.json:1: the provider answered with the HTTP status 403: Forbidden: no",
            ),
            (
                r#"{"statusCode":200,"body":{"code":"Throttling.User","message":"no"}}"#,
                "a.json:1: body: the provider answered with the error Throttling.User: no",
            ),
            (r#"{"statusCode":200,"body":"<html>"}"#, "a.json:1: body: is "),
            (
                "ERROR: SDK.ServerError\nErrorCode: Throttling.User\nMessage: denied\n",
                "a.json: the provider's command line answered with an error: Throttling.User: denied",
            ),
            ("[]", "a.json: the input is empty"),
            (" \n\n", "a.json: the input is empty"),
            (r#"{"TotalCount":0}"#, "a.json: it holds no connection"),
            (r#"{"format_version":"1.0"}"#, "a.json: it holds no connection"),
            ("{\"VpcPeerConnects\":[\n{]}", "a.json:2: is not valid JSON: key must be a string at column 2"),
            ("{\"VpcPeerConnects\":[]}\n{\"Vpc", "a.json:2: is not valid JSON: EOF while parsing a string"),
        ] {
            let error = read(&[text]).unwrap_err();
            assert_eq!(error.faults()[0].code, FaultCode::UnusableInput);
            assert!(error.to_string().contains(why), "{text}:\n{error}");
        }
        assert!(inventory("", None).unwrap_err().to_string().contains("the input is empty"));
    }

    #[test]
    fn what_sdks_make_of_a_list_tells_the_same() {
        let list = page(1, "", &[entry(r#""Tags":[{"Key":"team","Value":"net"}]"#)]);
        let expected = read(&[&list]).unwrap();
        let text = |json: &str| serde_json::to_string(json).unwrap();
        for other in [
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{list}}}"),
            format!("{{\"body\":{}}}", text(&list)),
            format!("{{\"headers\":{{}},\"statusCode\":\"200\",\"body\":[{list}]}}"),
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{}}}", text(&format!("[{list}]"))),
            with_small_letters(&list),
            list.replace("\"Ipv4Cidrs\":[\"10.0.0.0/16\"]", "\"Ipv4Cidrs\":{\"Ipv4Cidr\":[\"10.0.0.0/16\"]}"),
            list.replace(
                "[{\"Key\":\"team\",\"Value\":\"net\"}]",
                "{\"Tag\":[{\"TagKey\":\"team\",\"TagValue\":\"net\"}]}",
            ),
            list.replace("[{\"Key\":\"team\",\"Value\":\"net\"}]", "{\"team\":\"net\"}"),
            list.replace("\"VpcPeerConnects\":[", "\"VpcPeerConnects\":{\"VpcPeerConnect\":[")
                .replace("\n]}", "]}}"),
            list.replace(":2048", ":\"2048\"").replace("90071992547409931", "\"90071992547409931\""),
        ] {
            assert_ne!(other, list);
            let read = read(&[&other]).unwrap_or_else(|error| panic!("{error}\n{other}"));
            assert_eq!((read.faults(), read.connections()), (&[][..], expected.connections()), "{other}");
            assert_eq!(read.connection(0).tags.get("team"), Some("net"));
            assert_eq!(read.findings(), []);
        }
    }

    /// The same JSON, each member with a small first letter.
    fn with_small_letters(json: &str) -> String {
        fn small(value: Value) -> Value {
            match value {
                Value::Object(members) => members
                    .into_iter()
                    .map(|(key, value)| (key[..1].to_lowercase() + &key[1..], small(value)))
                    .collect(),
                Value::Array(list) => list.into_iter().map(small).collect(),
                other => other,
            }
        }
        small(serde_json::from_str(json).unwrap()).to_string()
    }

    #[test]
    fn a_state_without_connections_names_its_accepters() {
        let state = r#"{"format_version":"1.0","values":{"root_module":{"resources":[{"mode":"managed",
            "address":"alicloud_vpc_peer_connection_accepter.y","type":"alicloud_vpc_peer_connection_accepter",
            "values":{"id":"pcc-aaa","instance_id":"pcc-aaa"}}]}}}"#;
        let error = read(&[state]).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.json: it has no alicloud_vpc_peer_connection; its alicloud_vpc_peer_connection_accepter.y of \"pcc-aaa\" \
             does not tell the requester's account and region: give the requester's state, or an answer of \
             ListVpcPeerConnections"
        );
        // Beside others it harms nothing.
        assert_eq!(read(&[state, &entry("")]).unwrap().connections().len(), 1);
    }

    #[test]
    fn a_connection_whose_account_is_locked_is_told() {
        let read = read(&[&entry(r#""BizStatus":"FinancialLocked""#)]).unwrap();
        assert_eq!(read.findings()[0].code, FindingCode::FinancialLocked);
        assert_eq!(read.connections().len(), 1);
    }
}
