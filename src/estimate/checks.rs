//! What the provider would refuse of a planned topology, and what would not work.
//!
//! Each check says what to do and where its rule was read. Checks change no amount.

use crate::{
    catalog::{Catalog, SHIPPED_CATALOGS},
    model::{
        connection::Bandwidth,
        finding::{Finding, FindingCode, Said},
        invalid::Remedy,
        money::Gb,
        usage::Sender,
    },
    read::topology::{PlannedLink, Topology, Vpc},
};
use std::{collections::BTreeMap, sync::Arc};

/// Connections between regions that a VPC may have (`vpc_quota_cross_region_peer_num_per_vpc`).
const CROSS_REGION_PER_VPC: usize = 20;
/// Connections inside a region that a VPC may have (`vpc_quota_intra_region_peer_num_per_vpc`).
const INTRA_REGION_PER_VPC: usize = 10;
/// Connections that an account may have in a region (`vpc_quota_peer_num`).
const PER_ACCOUNT_AND_REGION: usize = 20;
/// Mbit/s between regions (`vpc_quota_peer_cross_region_bandwidth`, `vpc_quota_peer_cross_border_bandwidth`).
const BANDWIDTH_MBPS: u64 = 1024;
/// Hours of the longest month.
const HOURS_PER_MONTH: u128 = 31 * 24;

const PEERING_PAGE: &str = "help.aliyun.com/zh/vpc/vpc-peer-to-peer-connection";
const CREATE_API: &str = "API CreateVpcPeerConnection";

/// A connection with its two ends.
struct Pair<'a> {
    link: &'a PlannedLink,
    requester: &'a Vpc,
    accepter: &'a Vpc,
}

impl<'a> Pair<'a> {
    fn of(link: &'a PlannedLink, topology: &'a Topology) -> Self {
        Self { link, requester: &topology.vpcs[link.from], accepter: &topology.vpcs[link.to] }
    }

    fn within_region(&self) -> bool {
        self.requester.end.region == self.accepter.end.region
    }

    fn ends(&self) -> [&'a Vpc; 2] {
        [self.requester, self.accepter]
    }

    /// About the connection, whose name stands before what is said.
    fn note(&self, code: FindingCode, said: Said, source: Said) -> Finding {
        let label: Arc<str> = self.link.label.as_str().into();
        let said = Said::Labelled { label: label.clone(), said: Box::new(said) };
        Finding { connection_id: Some(label), ..note(code, said, source) }
    }
}

fn note(code: FindingCode, said: Said, source: Said) -> Finding {
    Finding { source: Some(Box::new(source)), ..Finding::of(code, said) }
}

/// A page or a call of the provider, which has one name in every language.
fn read_at(source: &str) -> Said {
    Said::Verbatim { text: source.to_owned() }
}

/// Checks a topology; notes are in the order of the checks, then of the file.
pub(super) fn checks(topology: &Topology, catalog: &Catalog) -> Vec<Finding> {
    let pairs: Vec<Pair<'_>> = topology.connections.iter().map(|link| Pair::of(link, topology)).collect();
    let mut notes = quotas(&pairs);
    for pair in &pairs {
        notes.extend(quota_of_bandwidth(pair));
        notes.extend(volumes(pair, catalog.gb));
        notes.extend(inside_region(pair));
        notes.extend(two_sites(pair));
        notes.extend(separate_clouds(pair));
        notes.extend(overlapping_blocks(pair));
    }
    notes.extend(connected_twice(&pairs));
    notes.extend(topology.vpcs.iter().filter_map(|vpc| catalog_of_another_site(vpc, catalog)));
    notes.extend(no_transit(topology));
    notes.sort_by_key(|note| note.code);
    notes
}

fn quotas(pairs: &[Pair<'_>]) -> Vec<Finding> {
    let mut per_vpc: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let mut per_account: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pair in pairs {
        for vpc in pair.ends() {
            *per_vpc.entry((&vpc.name, pair.within_region())).or_default() += 1;
        }
        // A connection counts once in an account and region, also where both its ends lie there.
        let mut places = pair.ends().map(|vpc| (&*vpc.end.account_id, &*vpc.end.region));
        places.sort_unstable();
        let distinct = if places[0] == places[1] { 1 } else { 2 };
        places[..distinct].iter().for_each(|place| *per_account.entry(*place).or_default() += 1);
    }
    let vpcs = per_vpc.into_iter().filter_map(|((vpc, within), count)| {
        let vpc = vpc.to_owned();
        let (quota, code, said) = if within {
            let quota = INTRA_REGION_PER_VPC;
            (quota, FindingCode::QuotaIntraRegionPerVpc, Said::QuotaIntraRegion { vpc, count, quota })
        } else {
            let quota = CROSS_REGION_PER_VPC;
            (quota, FindingCode::QuotaCrossRegionPerVpc, Said::QuotaCrossRegion { vpc, count, quota })
        };
        (count > quota).then(|| note(code, said, read_at(PEERING_PAGE)))
    });
    let accounts = per_account.into_iter().filter_map(|((account, region), count)| {
        let (account, region, quota) = (account.to_owned(), region.to_owned(), PER_ACCOUNT_AND_REGION);
        let said = Said::QuotaPerAccount { account, count, region, quota };
        let code = FindingCode::QuotaPerAccountAndRegion;
        (count > quota).then(|| note(code, said, read_at(PEERING_PAGE)))
    });
    vpcs.chain(accounts).collect()
}

fn quota_of_bandwidth(pair: &Pair<'_>) -> Option<Finding> {
    let Some(Bandwidth::Mbps(mbps)) = pair.link.bandwidth else { return None };
    if pair.within_region() || mbps <= BANDWIDTH_MBPS {
        return None;
    }
    let said = Said::QuotaOfBandwidth { mbps, quota: BANDWIDTH_MBPS };
    Some(pair.note(FindingCode::QuotaBandwidth, said, read_at(PEERING_PAGE)))
}

/// What one direction can carry in the longest month, at full rate all the time.
fn volumes(pair: &Pair<'_>, gb: Gb) -> Vec<Finding> {
    let bandwidth = pair.link.bandwidth.unwrap_or(Bandwidth::DEFAULT);
    let (Bandwidth::Mbps(mbps), Some(per_hour)) = (bandwidth, bandwidth.bytes_per_hour()) else {
        return Vec::new();
    };
    let most = per_hour * HOURS_PER_MONTH;
    let sent = Sender::ALL.into_iter().zip(pair.link.monthly_bytes).map(|(s, bytes)| (s, u128::from(bytes)));
    sent.filter(|(_, bytes)| !pair.within_region() && *bytes > most)
        .map(|(sender, bytes)| {
            let needed = bytes.div_ceil(most / u128::from(mbps));
            let gb = gb.quantity(most).map_or_else(|_| String::new(), |money| money.text(0));
            let said = Said::VolumeBeyondBandwidth { sender, bytes, mbps, most, gb, needed };
            pair.note(FindingCode::VolumeBeyondBandwidth, said, Said::BytesOfMbps {})
        })
        .collect()
}

fn inside_region(pair: &Pair<'_>) -> Vec<Finding> {
    if !pair.within_region() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let code = FindingCode::NotInsideRegion;
    let region = || pair.requester.end.region.to_string();
    if let Some(link_type) = pair.link.link_type {
        let said = Said::LinkTypeInsideRegion { link_type, region: region() };
        let source = read_at(&format!("{CREATE_API}, InterRegionLinkTypeNotSupported"));
        notes.push(pair.note(code, said, source));
    }
    if pair.link.bandwidth.is_some() {
        notes.push(pair.note(code, Said::BandwidthInsideRegion { region: region() }, read_at(CREATE_API)));
    }
    notes
}

fn two_sites(pair: &Pair<'_>) -> Option<Finding> {
    let sites = pair.requester.site.zip(pair.accepter.site);
    let (one, other) = sites.filter(|(one, other)| one != other)?;
    let said = Said::TwoSites {
        requester: pair.requester.name.to_string(),
        site: one.as_str(),
        accepter: pair.accepter.name.to_string(),
        other_site: other.as_str(),
    };
    let source = read_at(&format!("{CREATE_API}, CrossBusinessNotAllowed"));
    Some(pair.note(FindingCode::TwoSites, said, source))
}

fn catalog_of_another_site(vpc: &Vpc, catalog: &Catalog) -> Option<Finding> {
    let site = vpc
        .site
        .filter(|site| SHIPPED_CATALOGS.contains(&catalog.name.as_str()) && site.as_str() != catalog.name)?;
    let said = Said::CatalogOfAnotherSite {
        vpc: vpc.name.to_string(),
        site: site.as_str(),
        catalog: catalog.name.clone(),
    };
    let found = note(FindingCode::CatalogOfAnotherSite, said, Said::TablesOfSites {});
    Some(found.with(Remedy::UseCatalog { name: site.as_str().into() }))
}

/// The cloud that a region belongs to, by its id.
fn cloud(region: &str) -> Said {
    match region.split('-').find(|part| ["finance", "gov"].contains(part)) {
        Some("finance") => Said::FinanceCloud {},
        Some(_) => Said::GovernmentCloud {},
        None => Said::PublicCloud {},
    }
}

fn separate_clouds(pair: &Pair<'_>) -> Option<Finding> {
    let [one, other] = pair.ends().map(|vpc| vpc.end.region.to_string());
    let (cloud, other_cloud) = (cloud(&one), cloud(&other));
    if cloud == other_cloud {
        return None;
    }
    let (cloud, other_cloud) = (Box::new(cloud), Box::new(other_cloud));
    let said = Said::SeparateClouds { one, cloud, other, other_cloud };
    Some(pair.note(FindingCode::SeparateClouds, said, read_at(PEERING_PAGE)))
}

fn overlapping_blocks(pair: &Pair<'_>) -> Option<Finding> {
    let [one, other] = pair.ends();
    let both = one.end.cidrs.iter().flat_map(|a| other.end.cidrs.iter().map(move |b| (a, b)));
    let overlapping: Vec<Said> = both
        .filter(|(a, b)| a.overlaps(b))
        .map(|(a, b)| Said::Overlap {
            block: a.to_string(),
            vpc: one.name.to_string(),
            other_block: b.to_string(),
            other_vpc: other.name.to_string(),
        })
        .collect();
    if overlapping.is_empty() {
        return None;
    }
    let said = Said::OverlappingBlocks { blocks: overlapping };
    let source = read_at("help.aliyun.com/en/vpc/vpc-peer-to-peer-connection");
    Some(pair.note(FindingCode::OverlappingBlocks, said, source))
}

fn connected_twice(pairs: &[Pair<'_>]) -> Vec<Finding> {
    let mut by_ends: BTreeMap<[usize; 2], Vec<&str>> = BTreeMap::new();
    for pair in pairs {
        let mut ends = [pair.link.from, pair.link.to];
        // Whoever asks for it, it is a connection between the same two.
        ends.sort_unstable();
        by_ends.entry(ends).or_default().push(&pair.link.label);
    }
    let twice = by_ends.into_values().filter(|labels| labels.len() > 1);
    twice
        .filter_map(|labels| {
            let labels = labels.into_iter().map(|label| Said::Verbatim { text: label.to_owned() });
            let all =
                labels.reduce(|one, other| Said::Both { one: Box::new(one), other: Box::new(other) })?;
            let source = read_at(&format!("{CREATE_API}, ResourceAlreadyExist.VpcPeer"));
            Some(note(FindingCode::ConnectedTwice, Said::ConnectedTwice { labels: Box::new(all) }, source))
        })
        .collect()
}

fn no_transit(topology: &Topology) -> Vec<Finding> {
    let name = |index: usize| &*topology.vpcs[index].name;
    let connected = |a: usize, b: usize| {
        let between = |link: &PlannedLink| [link.from, link.to] == [a, b] || [link.from, link.to] == [b, a];
        topology.connections.iter().any(between)
    };
    let wanted = topology.transits.iter().filter(|transit| !connected(transit.from, transit.to));
    wanted
        .map(|transit| {
            let (from, to, via) = (name(transit.from), name(transit.to), name(transit.via));
            let [from, to, via] = [from, to, via].map(ToOwned::to_owned);
            note(FindingCode::NoTransit, Said::NoTransit { from, to, via }, read_at(PEERING_PAGE))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        model::{connection::End, link::LinkType},
        read::topology::{Site, Transit},
    };

    fn vpc(name: &str, account: &str, region: &str) -> Vpc {
        let end = End::new(account, region);
        Vpc { name: name.into(), end, site: None }
    }

    fn link(from: usize, to: usize) -> PlannedLink {
        PlannedLink {
            label: format!("{from}--{to}"),
            from,
            to,
            link_type: None,
            bandwidth: None,
            monthly_bytes: [0, 0],
        }
    }

    fn codes(topology: &Topology) -> Vec<&'static str> {
        let notes = checks(topology, &Catalog::shipped("china-site").unwrap());
        notes.iter().map(|note| note.code.as_str()).collect()
    }

    /// A hub with so many branches, each of an account of its own.
    fn star(branches: usize, region: &str) -> Topology {
        let mut vpcs = vec![vpc("hub", "hub", "cn-beijing")];
        vpcs.extend((1..=branches).map(|i| vpc(&format!("b{i}"), &format!("a{i}"), region)));
        let connections = (1..=branches).map(|i| link(i, 0)).collect();
        Topology { vpcs, connections, transits: Vec::new() }
    }

    /// Two VPCs with one connection, changed by `change`.
    fn two(regions: [&str; 2], change: impl Fn(&mut Topology)) -> Vec<&'static str> {
        let vpcs = vec![vpc("a", "1", regions[0]), vpc("b", "2", regions[1])];
        let mut topology = Topology { vpcs, connections: vec![link(0, 1)], transits: Vec::new() };
        change(&mut topology);
        codes(&topology)
    }

    const APART: [&str; 2] = ["cn-beijing", "cn-shanghai"];

    #[test]
    fn quotas_of_a_vpc_hold_at_their_limit_and_not_above() {
        assert_eq!(codes(&star(20, "cn-shanghai")), Vec::<&str>::new());
        // The account of the hub has no more than the hub itself.
        assert_eq!(
            codes(&star(21, "cn-shanghai")),
            ["quota_cross_region_per_vpc", "quota_per_account_and_region"]
        );
        assert_eq!(codes(&star(10, "cn-beijing")), Vec::<&str>::new());
        assert_eq!(codes(&star(11, "cn-beijing")), ["quota_intra_region_per_vpc"]);
    }

    #[test]
    fn the_quota_of_an_account_counts_all_its_vpcs_of_a_region_and_each_connection_once() {
        let plan = |count: usize| {
            let vpcs = (0..=count).map(|i| vpc(&format!("v{i}"), "1", "cn-beijing")).collect();
            // A chain: two connections at every VPC but the last ones, all in one account and region.
            let connections = (0..count).map(|i| link(i, i + 1)).collect();
            codes(&Topology { vpcs, connections, transits: Vec::new() })
        };
        assert_eq!(plan(20), Vec::<&str>::new());
        assert_eq!(plan(21), ["quota_per_account_and_region"]);
    }

    #[test]
    fn a_month_carries_what_the_bandwidth_can_and_not_a_byte_more() {
        // 1024 Mbit/s: 460.8e9 bytes an hour, 744 hours.
        let most = 460_800_000_000 * 744;
        let send = |bytes: [u64; 2], bandwidth| {
            two(APART, |topology| {
                topology.connections[0].monthly_bytes = bytes;
                topology.connections[0].bandwidth = bandwidth;
            })
        };
        assert_eq!(send([most, most], None), Vec::<&str>::new());
        assert_eq!(send([most, most + 1], None), ["volume_beyond_bandwidth"]);
        assert_eq!(send([most / 2, 0], Some(Bandwidth::Mbps(512))), Vec::<&str>::new());
        assert_eq!(send([most / 2 + 1, 0], Some(Bandwidth::Mbps(512))), ["volume_beyond_bandwidth"]);
        let mut topology = star(1, "cn-shanghai");
        topology.connections[0].monthly_bytes = [most + 1, 0];
        let notes = checks(&topology, &Catalog::shipped("china-site").unwrap());
        assert!(notes[0].message().contains("at least 1025 Mbit/s are needed"), "{}", notes[0].message());
    }

    #[test]
    fn the_quota_of_bandwidth_is_1024_mbps() {
        let planned = |mbps| two(APART, |t| t.connections[0].bandwidth = Some(Bandwidth::Mbps(mbps)));
        assert_eq!(planned(1024), Vec::<&str>::new());
        assert_eq!(planned(1025), ["quota_bandwidth"]);
    }

    #[test]
    fn r8_inside_a_region_there_is_no_link_type_and_no_bandwidth() {
        let inside = ["cn-beijing", "cn-beijing"];
        assert_eq!(two(inside, |_| ()), Vec::<&str>::new());
        let both = two(inside, |topology| {
            topology.connections[0].link_type = Some(LinkType::Gold);
            topology.connections[0].bandwidth = Some(Bandwidth::Mbps(2000));
            topology.connections[0].monthly_bytes = [u64::MAX, 0];
        });
        assert_eq!(both, ["not_inside_region", "not_inside_region"]);
        assert_eq!(two(APART, |t| t.connections[0].link_type = Some(LinkType::Gold)), Vec::<&str>::new());
    }

    #[test]
    fn accounts_of_two_sites_cannot_peer_and_each_site_has_its_catalog() {
        let sites = |one, other| two(APART, |t| (t.vpcs[0].site, t.vpcs[1].site) = (one, other));
        assert_eq!(sites(Some(Site::China), None), Vec::<&str>::new());
        assert_eq!(sites(Some(Site::China), Some(Site::China)), Vec::<&str>::new());
        assert_eq!(
            sites(Some(Site::China), Some(Site::International)),
            ["two_sites", "catalog_of_another_site"]
        );
    }

    #[test]
    fn two_vpcs_are_connected_once_in_either_direction() {
        assert_eq!(two(APART, |topology| topology.connections.push(link(1, 0))), ["connected_twice"]);
    }

    #[test]
    fn overlapping_blocks_are_found_for_both_kinds_of_address() {
        let blocks = |one: &str, other: &str| {
            two(APART, |topology| {
                topology.vpcs[0].end.cidrs = [one.parse().unwrap()].into();
                topology.vpcs[1].end.cidrs =
                    ["192.168.0.0/16".parse().unwrap(), other.parse().unwrap()].into();
            })
        };
        assert_eq!(blocks("10.0.0.0/16", "10.1.0.0/16"), Vec::<&str>::new());
        assert_eq!(blocks("10.0.0.0/15", "10.1.0.0/16"), ["overlapping_blocks"]);
        assert_eq!(blocks("2001:db8::/47", "2001:db8:1::/48"), ["overlapping_blocks"]);
        assert_eq!(blocks("2001:db8::/48", "2001:db8:1::/48"), Vec::<&str>::new());
    }

    #[test]
    fn branches_do_not_reach_each_other_through_the_hub() {
        let mut topology = star(2, "cn-shanghai");
        topology.transits = vec![Transit { from: 1, to: 2, via: 0 }];
        assert_eq!(codes(&topology), ["no_transit"]);
        topology.connections.push(link(2, 1));
        assert_eq!(codes(&topology), Vec::<&str>::new());
    }

    #[test]
    fn public_finance_and_government_cloud_keep_to_themselves() {
        assert_eq!(two(["cn-hangzhou", "cn-hangzhou-finance"], |_| ()), ["separate_clouds"]);
        assert_eq!(two(["cn-shanghai-finance-1", "cn-north-2-gov-1"], |_| ()), ["separate_clouds"]);
        assert_eq!(two(["cn-shanghai-finance-1", "cn-shenzhen-finance-1"], |_| ()), Vec::<&str>::new());
    }

    #[test]
    fn every_check_says_where_its_rule_was_read() {
        let notes = checks(&star(21, "cn-shanghai"), &Catalog::shipped("china-site").unwrap());
        assert!(notes.iter().all(|note| note.source.is_some()), "{notes:?}");
        assert_eq!(
            notes[0].source,
            Some(Box::new(read_at("help.aliyun.com/zh/vpc/vpc-peer-to-peer-connection")))
        );
        assert_eq!(
            notes[0].message(),
            "vpc hub has 21 connections to other regions, and 20 are allowed unless the quota \
             vpc_quota_cross_region_peer_num_per_vpc is raised: apply for that first"
        );
    }
}
