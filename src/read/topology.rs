//! A planned topology, TOML: VPCs, the connections between them, and which VPCs expect to talk through another.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::{Bandwidth, Cidr, End},
        did_you_mean,
        id::read_account,
        invalid::Invalid,
        link::LinkType,
        money::Gb,
    },
    read::Document,
};
use serde::Deserialize;
use std::{collections::BTreeMap, ops::Range, str::FromStr, sync::Arc};
use toml::{Spanned, Value};

/// The provider's business that an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// aliyun.com.
    China,
    /// alibabacloud.com.
    International,
}

impl Site {
    /// `china-site` or `international-site`, as the shipped catalogs are called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::China => "china-site",
            Self::International => "international-site",
        }
    }
}

impl FromStr for Site {
    type Err = Invalid;

    /// Reads `china-site` or `international-site`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let all = [Self::China, Self::International];
        all.into_iter().find(|site| site.as_str() == text).ok_or_else(|| {
            let near = did_you_mean(text, all.map(Self::as_str));
            format!("site {text:?} is neither china-site nor international-site{near}").into()
        })
    }
}

/// A VPC of the plan.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its name in the plan.
    pub name: Arc<str>,
    /// Account, region and address blocks; its name stands for its id.
    pub end: End,
    /// The site of its account, where it is given.
    pub site: Option<Site>,
}

/// A connection of the plan.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLink {
    /// Its name, or `FROM--TO`; with `#2` and so on behind it where that stands more than once.
    pub label: String,
    /// The requester, as an index into the VPCs.
    pub from: usize,
    /// The accepter, likewise.
    pub to: usize,
    /// The link type, where it is written; Gold where it is not (R8).
    pub link_type: Option<LinkType>,
    /// The bandwidth, where it is written.
    pub bandwidth: Option<Bandwidth>,
    /// Bytes that requester and accepter send in a month.
    pub monthly_bytes: [u64; 2],
}

/// Two VPCs that expect to talk to each other through a third one.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transit {
    /// One of them, as an index into the VPCs.
    pub from: usize,
    /// The other.
    pub to: usize,
    /// The one between them.
    pub via: usize,
}

/// A planned topology.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// VPCs, in the order of the file.
    pub vpcs: Vec<Vpc>,
    /// Connections, in the order of the file.
    pub connections: Vec<PlannedLink>,
    /// Who expects to talk through whom.
    pub transits: Vec<Transit>,
}

/// Gives the id of a region by its id or name, as [`Catalog::region_id`](crate::Catalog::region_id) does.
pub type FindRegion<'a> = &'a dyn Fn(&str) -> Result<Arc<str>>;

/// Reads a planned topology. `gb` says how many bytes a GB is (R9); bytes are rounded half up to whole ones.
///
/// ```
/// use peerbill::{model::money::Gb, read::{Document, topology::read_topology}};
///
/// let plan = Document::new("plan.toml", r#"
///     [[vpc]]
///     name = "hub"
///     account = "1000000000000001"
///     region = "cn-huhehaote"
///
///     [[vpc]]
///     name = "branch"
///     account = "1000000000000002"
///     region = "cn-guangzhou"
///
///     [[connection]]
///     from = "hub"
///     to = "branch"
///     gb = 200
///     return_gb = "100.5"
/// "#);
/// let topology = read_topology(&plan, Gb::Binary, &|region| Ok(region.into()))?;
/// assert_eq!(topology.connections[0].label, "hub--branch");
/// assert_eq!(topology.connections[0].monthly_bytes, [214_748_364_800, 107_911_053_312]);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where the document is not UTF-8 or no TOML of this shape; all that is wrong with its
/// tables is listed together, with lines.
pub fn read_topology(document: &Document, gb: Gb, find_region: FindRegion<'_>) -> Result<Topology> {
    let text = std::str::from_utf8(&document.text)
        .map_err(|_| Error::unusable(ErrorKind::Input, &document.name, Invalid::not_utf8("it")))?;
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        let fault = Fault::at(FaultCode::UnusableInput, &document.name, line, error.message());
        Error::new(ErrorKind::Input, fault)
    })?;
    let mut reader = Reader {
        document,
        text,
        gb,
        faults: Vec::new(),
        refused_vpcs: Vec::new(),
        topology: Topology::default(),
    };
    for vpc in &file.vpc {
        reader.vpc(vpc, find_region);
    }
    for connection in &file.connection {
        reader.connection(connection);
    }
    for transit in &file.transit {
        reader.transit(transit);
    }
    let mut topology = reader.topology;
    number_labels(&mut topology.connections);
    Error::from_faults(ErrorKind::Input, reader.faults).map_or(Ok(topology), Err)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vpc: Vec<Spanned<VpcTable>>,
    connection: Vec<Spanned<ConnectionTable>>,
    #[serde(default)]
    transit: Vec<Spanned<TransitTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VpcTable {
    name: String,
    account: Value,
    region: String,
    #[serde(default)]
    cidrs: Vec<String>,
    site: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionTable {
    name: Option<String>,
    from: String,
    to: String,
    link_type: Option<String>,
    gb: Value,
    return_gb: Value,
    bandwidth_mbps: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransitTable {
    from: String,
    to: String,
    via: String,
}

fn line_of(text: &str, span: &Range<usize>) -> u64 {
    text[..span.start].matches('\n').count() as u64 + 1
}

struct Reader<'a> {
    document: &'a Document,
    text: &'a str,
    gb: Gb,
    faults: Vec<Fault>,
    refused_vpcs: Vec<String>,
    topology: Topology,
}

impl Reader<'_> {
    fn refuse<T>(&mut self, table: &Spanned<T>, why: String) {
        let line = line_of(self.text, &table.span());
        self.faults.push(Fault::at(FaultCode::UnusableInput, &self.document.name, line, why));
    }

    fn vpc(&mut self, table: &Spanned<VpcTable>, find_region: FindRegion<'_>) {
        let VpcTable { name, .. } = table.get_ref();
        if self.topology.vpcs.iter().any(|vpc| *vpc.name == **name) {
            return self.refuse(table, format!("vpc {name:?} stands here a second time"));
        }
        match read_vpc(table.get_ref(), find_region) {
            Ok(vpc) => self.topology.vpcs.push(vpc),
            Err(why) => {
                self.refuse(table, format!("vpc {name:?}: {why}"));
                self.refused_vpcs.push(name.clone());
            }
        }
    }

    fn connection(&mut self, table: &Spanned<ConnectionTable>) {
        match self.read_connection(table.get_ref()) {
            Ok(connection) => self.topology.connections.push(connection),
            Err(why) => self.refuse(table, why),
        }
    }

    fn transit(&mut self, table: &Spanned<TransitTable>) {
        let TransitTable { from, to, via } = table.get_ref();
        let transit = || -> Result<Transit, String> {
            let transit = Transit { from: self.find(from)?, to: self.find(to)?, via: self.find(via)? };
            if transit.from == transit.to || transit.via == transit.from || transit.via == transit.to {
                return Err(format!("transit from {from} to {to} via {via} needs three different VPCs"));
            }
            Ok(transit)
        };
        match transit() {
            Ok(transit) => self.topology.transits.push(transit),
            Err(why) => self.refuse(table, why),
        }
    }

    /// The VPC of this name.
    fn find(&self, name: &str) -> Result<usize, String> {
        let vpcs = &self.topology.vpcs;
        vpcs.iter().position(|vpc| *vpc.name == *name).ok_or_else(|| {
            if self.refused_vpcs.iter().any(|refused| refused == name) {
                return format!("vpc {name:?} is refused itself");
            }
            let near = did_you_mean(name, vpcs.iter().map(|vpc| &*vpc.name));
            format!("no vpc has the name {name:?}{near}")
        })
    }

    fn read_connection(&self, table: &ConnectionTable) -> Result<PlannedLink, String> {
        let label = table.name.clone().unwrap_or_else(|| format!("{}--{}", table.from, table.to));
        let about = |why: String| format!("connection {label}: {why}");
        let (from, to) = (self.find(&table.from).map_err(about)?, self.find(&table.to).map_err(about)?);
        if from == to {
            return Err(about("a VPC cannot be connected with itself".into()));
        }
        let bytes = |key: &str, value: &Value| {
            let text = exact_text(value).map_err(|why| format!("connection {label}: {key}: {why}"))?;
            self.gb.volume(&text).map_err(|why| format!("connection {label}: {key}: {why}"))
        };
        Ok(PlannedLink {
            from,
            to,
            link_type: table
                .link_type
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|why: Invalid| about(why.into()))?,
            bandwidth: table.bandwidth_mbps.map(read_bandwidth).transpose().map_err(about)?,
            monthly_bytes: [bytes("gb", &table.gb)?, bytes("return_gb", &table.return_gb)?],
            label,
        })
    }
}

fn read_vpc(table: &VpcTable, find_region: FindRegion<'_>) -> Result<Vpc, String> {
    let account = exact_text(&table.account).map_err(|why| format!("account: {why}"))?;
    if account.is_empty() || table.name.is_empty() {
        return Err("name and account must not be empty".into());
    }
    let account = read_account(&account).map_err(|why| format!("account {why}"))?;
    let region = find_region(&table.region).map_err(|error| error.to_string())?;
    let cidrs = table.cidrs.iter().map(|text| text.parse()).collect::<Result<Box<[Cidr]>, Invalid>>()?;
    let name: Arc<str> = table.name.as_str().into();
    Ok(Vpc {
        end: End { vpc_id: Some(name.clone()), cidrs, ..End::new(account, region) },
        site: table.site.as_deref().map(str::parse).transpose()?,
        name,
    })
}

/// Text or a whole number as text. A number with a point would have gone through binary floating point (R10).
fn exact_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(_) => Err("a number with a point is not exact in TOML: write it in quotes".into()),
        other => Err(format!("a {} is neither text nor a whole number", other.type_str())),
    }
}

fn read_bandwidth(mbps: i64) -> Result<Bandwidth, String> {
    match u64::try_from(mbps) {
        Ok(mbps) if mbps > 0 => Ok(Bandwidth::Mbps(mbps)),
        _ => Err(format!("bandwidth_mbps {mbps} is not a whole number of Mbit/s above 0")),
    }
}

/// Tells connections of one label apart: what stands for a second time is a matter for the checks, not for the reader.
fn number_labels(connections: &mut [PlannedLink]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for connection in connections {
        let count = seen.entry(connection.label.clone()).or_default();
        *count += 1;
        if *count > 1 {
            connection.label = format!("{}#{count}", connection.label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VPCS: &str = "\
[[vpc]]
name = 'a'
account = '9007199254740993'
region = 'cn-beijing'
cidrs = ['10.0.0.0/16', '2001:db8::/56']
site = 'china-site'
[[vpc]]
name = 'b'
account = 1000000000000002
region = 'cn-shanghai'
";

    fn read(rest: &str) -> Result<Topology> {
        let document = Document::new("plan.toml", format!("{VPCS}{rest}"));
        read_topology(&document, Gb::Binary, &|region| {
            if region.starts_with("cn-") { Ok(region.into()) } else { Err(Error::usage("no such region")) }
        })
    }

    fn why(rest: &str) -> String {
        read(rest).unwrap_err().to_string()
    }

    #[test]
    fn vpcs_and_connections_are_read_exactly() {
        let topology = read(
            "[[connection]]\nfrom = 'a'\nto = 'b'\ngb = '0.5'\nreturn_gb = 0\n\
             [[connection]]\nfrom = 'a'\nto = 'b'\ngb = 1\nreturn_gb = 2\nlink_type = 'Platinum'\nbandwidth_mbps = 2048\n",
        )
        .unwrap();
        assert_eq!(&*topology.vpcs[0].end.account_id, "9007199254740993");
        assert_eq!(&*topology.vpcs[1].end.account_id, "1000000000000002");
        assert_eq!(topology.vpcs[0].end.cidrs.len(), 2);
        let [first, second] = &topology.connections[..] else { panic!("two connections") };
        assert_eq!((first.label.as_str(), second.label.as_str()), ("a--b", "a--b#2"));
        assert_eq!((first.link_type, second.link_type), (None, Some(LinkType::Platinum)));
        assert_eq!(first.monthly_bytes, [1 << 29, 0]);
        assert_eq!(second.bandwidth, Some(Bandwidth::Mbps(2048)));
    }

    #[test]
    fn faults_are_told_together_with_their_lines() {
        let error = read(
            "[[connection]]\nfrom = 'a'\nto = 'x'\ngb = 1\nreturn_gb = 1\n\
             [[connection]]\nfrom = 'a'\nto = 'a'\ngb = 1\nreturn_gb = 1\n",
        )
        .unwrap_err();
        assert_eq!(error.total(), 2);
        assert_eq!(error.line(), Some(11));
        assert!(why("[[connection]]\nfrom = 'a'\nto = 'b'\ngb = 1\n").contains("missing field `return_gb`"));
    }

    #[test]
    fn what_cannot_be_read_exactly_is_refused() {
        let connection =
            |line: &str| why(&format!("[[connection]]\nfrom = 'a'\nto = 'b'\nreturn_gb = 1\n{line}\n"));
        assert!(connection("gb = 0.5").contains("write it in quotes"));
        assert!(connection("gb = -1").contains("gb: \"-1\""));
        assert!(connection("gb = true").contains("neither text nor"));
        assert!(connection("gb = 1\nbandwidth_mbps = 0").contains("bandwidth_mbps 0"));
        assert!(connection("gb = 1\nlink_type = 'gold'").contains("did you mean \"Gold\"?"));
        assert!(connection("gb = 1\nbandwith_mbps = 1").contains("unknown field"));
        let vpc = |lines: &str| {
            let text = format!(
                "[[vpc]]\nname = 'c'\naccount = '3'\n{lines}\n[[connection]]\nfrom='a'\nto='b'\ngb=1\nreturn_gb=1"
            );
            why(&text)
        };
        assert!(vpc("region = 'cn-beijing'\nsite = 'china'").contains("neither china-site nor"));
        assert!(vpc("region = 'cn-beijing'\ncidrs = ['10.0.0.1/8']").contains("first of the block"));
        assert!(vpc("region = 'mars'").contains("vpc \"c\": no such region"));
    }

    #[test]
    fn a_transit_needs_three_vpcs() {
        let transit =
            "[[connection]]\nfrom='a'\nto='b'\ngb=1\nreturn_gb=1\n[[transit]]\nfrom='a'\nto='b'\nvia='b'";
        assert!(why(transit).contains("three different VPCs"));
    }
}
