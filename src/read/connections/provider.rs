//! Connections as the provider lists them: `ListVpcPeerConnections` and `GetVpcPeerConnectionAttribute`.

use super::{
    entry,
    row::{Found, RegionCheck, Take},
    terraform,
};
use crate::{
    error::{Error, ErrorKind, FaultCode, Result},
    model::{
        finding::{Finding, FindingCode},
        invalid::{Invalid, Remedy},
    },
    read::{
        Document,
        json::{self, Lines, Located},
        place::Place,
        terraform::StatedRequesters,
    },
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use std::collections::{BTreeMap, BTreeSet};

/// Members of the outermost object, by which one kind of document is known from another.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    vpc_peer_connects: Option<Vec<&'a RawValue>>,
    total_count: Option<u64>,
    next_token: Option<String>,
    instance_id: Option<IgnoredAny>,
    code: Option<Value>,
    message: Option<Value>,
    #[serde(rename = "format_version")]
    format_version: Option<IgnoredAny>,
    #[serde(rename = "terraform_version")]
    terraform_version: Option<IgnoredAny>,
}

/// The pages of lists with one total.
#[derive(Default)]
struct Pages {
    entries: u64,
    /// Pages that no other follows: one of each list.
    last_pages: u64,
}

/// Reads the JSON documents among the connections.
pub(super) struct Answers<'a> {
    check_region: RegionCheck<'a>,
    requesters: Option<&'a StatedRequesters>,
    by_total: BTreeMap<Option<u64>, Pages>,
}

impl<'s> Answers<'s> {
    pub fn new(check_region: RegionCheck<'s>, requesters: Option<&'s StatedRequesters>) -> Self {
        Self { check_region, requesters, by_total: BTreeMap::new() }
    }

    /// Reads a document: one answer, an array of them, or one after the other.
    pub fn read(&mut self, document: &Document, take: Take<'_>) -> Result<()> {
        let (mut lines, values) = json::values(document)?;
        for value in &values {
            self.read_answer(document, value, &mut lines, take)?;
        }
        Ok(())
    }

    fn read_answer<'a>(
        &mut self,
        document: &Document,
        value: &Located<'a>,
        lines: &mut Lines<'a>,
        take: Take<'_>,
    ) -> Result<()> {
        let place = Place::value(&document.name, value.line, value.path.clone());
        let unusable =
            |why: Invalid| Error::new(ErrorKind::Input, place.fault(FaultCode::UnusableInput, why));
        let unreadable = |why: String| unusable(why.into());
        let answer: Answer<'a> = value.read().map_err(unreadable)?;
        if answer.is_terraform() {
            let json = value.read().map_err(unreadable)?;
            return terraform::read(&json, &place, self.requesters, self.check_region, take);
        }
        if answer.instance_id.is_some() {
            entry::read(document, value, self.check_region, take);
            return Ok(());
        }
        let Some(entries) = &answer.vpc_peer_connects else {
            return match (answer.total_count, &answer.code) {
                // A list without entries.
                (Some(_), None) => {
                    self.note_page(&answer);
                    Ok(())
                }
                (_, Some(_)) => Err(unreadable(answer.error())),
                (None, None) => Err(unusable(what_else(value))),
            };
        };
        self.note_page(&answer);
        let dot = if value.path.is_empty() { "" } else { "." };
        for (index, listed) in entries.iter().enumerate() {
            let path = format!("{}{dot}VpcPeerConnects[{index}]", value.path);
            let listed = Located { text: listed.get(), line: lines.of(listed.get()), path };
            entry::read(document, &listed, self.check_region, take);
        }
        Ok(())
    }

    fn note_page(&mut self, answer: &Answer<'_>) {
        let pages = self.by_total.entry(answer.total_count).or_default();
        pages.entries += answer.vpc_peer_connects.as_ref().map_or(0, |entries| entries.len() as u64);
        pages.last_pages += u64::from(answer.next_token.as_deref().is_none_or(str::is_empty));
    }

    /// Says where a list has pages that were not given.
    pub fn check_pages(&self, take: Take<'_>) {
        for (total, pages) in &self.by_total {
            let why = match total {
                Some(total) if pages.entries < total * pages.last_pages.max(1) => {
                    format!("{} of {} entries", pages.entries, total * pages.last_pages.max(1))
                }
                None if pages.last_pages == 0 => {
                    format!("{} entries, and none of them is the last", pages.entries)
                }
                _ => continue,
            };
            let message = format!(
                "the list of connections is incomplete: its pages have {why}; \
                 fetch the pages that their NextToken names"
            );
            let code = FindingCode::InventoryIncomplete;
            take(Found::Finding(Finding::new(code, message)));
        }
    }
}

impl Answer<'_> {
    /// Whether it is not the provider's, but what `terraform show -json` prints.
    fn is_terraform(&self) -> bool {
        self.format_version.is_some() || self.terraform_version.is_some()
    }

    /// What the provider says where it answers with an error.
    fn error(&self) -> String {
        let text = |value: &Option<Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        format!(
            "the provider answered with the error {}: {}; make the export again",
            text(&self.code),
            text(&self.message)
        )
    }
}

/// Why an object is not read here.
fn what_else(value: &Located<'_>) -> Invalid {
    let keys: BTreeMap<String, IgnoredAny> = value.read().unwrap_or_default();
    let has = |key: &str| keys.contains_key(key);
    if has("eventName") || has("Events") || has("event") || has("event.eventName") {
        return Invalid::new("these are ActionTrail events").with(Remedy::GiveAsLinkChanges);
    }
    let found: Vec<&str> = keys.keys().map(String::as_str).take(8).collect();
    Invalid::new(format!(
        "is neither an answer of ListVpcPeerConnections nor one of GetVpcPeerConnectionAttribute; it has {}",
        if found.is_empty() { "no members".into() } else { found.join(", ") }
    ))
}

/// Which answers a document holds, and how many connections they have; of Terraform's one each.
pub(super) fn describe(document: &Document) -> Result<(String, u64)> {
    let (mut kinds, mut count) = (BTreeSet::new(), 0);
    for value in json::values(document)?.1 {
        let unusable = |why: String| Error::unusable(ErrorKind::Input, &document.name, why);
        let answer: Answer<'_> = value.read().map_err(unusable)?;
        kinds.insert(match &answer {
            answer if answer.is_terraform() => "Terraform",
            answer if answer.instance_id.is_some() => "GetVpcPeerConnectionAttribute",
            _ => "ListVpcPeerConnections",
        });
        count += answer.vpc_peer_connects.map_or(1, |entries| entries.len() as u64);
    }
    Ok((kinds.into_iter().collect::<Vec<_>>().join(", "), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inventory,
        model::{
            connection::{Bandwidth, Connection},
            inventory::Inventory,
            link::LinkType,
        },
        read::{InventorySettings, read_inventory},
    };

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
            (r#""OwnerId":" 1""#, "OwnerId: \" 1\" has spaces around it"),
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
        assert!(
            fault(r#""Vpc":"vpc-1""#)
                .starts_with("a.json:2: VpcPeerConnects[0]: invalid type: string \"vpc-1\"")
        );
        let twice = entry("").replace(r#""Status""#, r#""OwnerId":7,"Status""#);
        let read = read(&[&twice]).unwrap();
        assert_eq!(read.faults()[0].to_string(), "a.json:1: duplicate field `OwnerId`");
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
        for (documents, incomplete) in [
            (vec![&*one], Some("1 of 3")),
            (vec![&*one, &*last], Some("2 of 3")),
            (vec![&*last], Some("1 of 3")),
            (vec![r#"{"TotalCount":2,"RequestId":"R"}"#], Some("0 of 2")),
            (vec![r#"{"TotalCount":0,"RequestId":"R"}"#], None),
            (
                vec![r#"{"NextToken":"t","VpcPeerConnects":[]}"#],
                Some("0 entries, and none of them is the last"),
            ),
            (vec![r#"{"NextToken":null,"VpcPeerConnects":[]}"#], None),
        ] {
            let read = read(&documents).unwrap();
            let findings: Vec<&str> = read.findings().iter().map(|finding| &*finding.message).collect();
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
            (r#"{"Datapoints":"[]","Code":"200"}"#, "a.json:1: the provider answered with the error 200"),
            (r#"{"Vpcs":[],"RequestId":"R"}"#, "it has RequestId, Vpcs"),
            ("\n{}", "a.json:2: is neither an answer of ListVpcPeerConnections"),
            ("[\n{},7]", "a.json:2: [0]: is neither"),
            (r#"[{"InstanceId":"x"},7]"#, "a.json:1: [1]: invalid type: integer `7`"),
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
    fn a_connection_whose_account_is_locked_is_told() {
        let read = read(&[&entry(r#""BizStatus":"FinancialLocked""#)]).unwrap();
        assert_eq!(read.findings()[0].code, FindingCode::FinancialLocked);
        assert_eq!(read.connections().len(), 1);
    }
}
