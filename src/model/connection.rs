//! Peering connections.

use crate::model::{
    did_you_mean,
    id::{check_id, check_name, read_account},
    invalid::Invalid,
    link::LinkType,
    quoted,
    time::{Hour, Period, Timestamp},
};
use std::{collections::BTreeMap, fmt, net::IpAddr, str::FromStr, sync::Arc};

/// One end of a connection.
///
/// ```
/// use peerbill::model::connection::End;
///
/// let mut end = End::new("1000000000000001", "cn-huhehaote");
/// end.vpc_id = Some("vpc-hp3a".into());
/// end.cidrs = ["10.0.0.0/16".parse()?].into();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The account that owns the VPC and pays for what leaves it (R2); text, because ids exceed 2^53.
    pub account_id: Arc<str>,
    /// The VPC's region id, as in the catalog: `cn-huhehaote`.
    pub region: Arc<str>,
    /// The VPC, where it is given.
    pub vpc_id: Option<Arc<str>>,
    /// The VPC's address blocks, where they are given; flow logs are joined by them.
    pub cidrs: Box<[Cidr]>,
}

impl End {
    /// An end of which account and region are known, which is what a bill needs.
    pub fn new(account_id: impl Into<Arc<str>>, region: impl Into<Arc<str>>) -> Self {
        Self { account_id: account_id.into(), region: region.into(), vpc_id: None, cidrs: Box::default() }
    }

    /// Refuses an account, a region or a VPC that is none.
    fn check(&self) -> Result<(), String> {
        let account = &*self.account_id;
        match read_account(account) {
            Ok(id) if id == account => {}
            Ok(_) => return Err(format!("account_id {account:?} has something around it")),
            Err(_) if account.is_empty() => return Err("account_id is empty".into()),
            Err(why) => return Err(format!("account_id {why}")),
        }
        check_id("region", &self.region)?;
        self.vpc_id.as_deref().map_or(Ok(()), |id| check_id("vpc_id", id))
    }

    /// Of which nothing is known but the VPC.
    pub(crate) fn of_vpc(vpc_id: Option<Arc<str>>, cidrs: Box<[Cidr]>) -> Self {
        Self { vpc_id, cidrs, ..Self::new("", "") }
    }
}

/// The bandwidth of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bandwidth {
    /// So many Mbit/s.
    Mbps(u64),
    /// Unlimited, as inside a region (-1 in the provider's answers).
    Unlimited,
}

impl Bandwidth {
    /// Between regions, where none is given.
    pub const DEFAULT: Self = Self::Mbps(1024);

    /// The most bytes that it can carry in an hour, in one direction; `None` where it is unlimited (R16).
    pub fn bytes_per_hour(self) -> Option<u128> {
        match self {
            Self::Mbps(mbps) => Some(u128::from(mbps) * 1_000_000 / 8 * 3600),
            Self::Unlimited => None,
        }
    }
}

/// How far a connection got, in the provider's words, at the time of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Being made.
    Creating,
    /// Waits for the accepter.
    Accepting,
    /// The accepter refused it.
    Rejected,
    /// Nobody accepted it in time.
    Expired,
    /// In use.
    Activated,
    /// In use, and being changed.
    Updating,
    /// Going; says nothing of when.
    Deleting,
    /// Gone; says nothing of when.
    Deleted,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Creating,
        Self::Accepting,
        Self::Rejected,
        Self::Expired,
        Self::Activated,
        Self::Updating,
        Self::Deleting,
        Self::Deleted,
    ];

    /// The provider's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Accepting => "Accepting",
            Self::Rejected => "Rejected",
            Self::Expired => "Expired",
            Self::Activated => "Activated",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
        }
    }

    /// Whether it says that no traffic can have flowed so far (R15).
    pub fn never_active(self) -> bool {
        matches!(self, Self::Creating | Self::Accepting | Self::Rejected | Self::Expired)
    }
}

impl FromStr for Status {
    type Err = Invalid;

    /// Reads the provider's word, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let near = did_you_mean(text, Self::ALL.map(Self::as_str));
            Invalid::new(format!("{text:?} is none of {}{near}", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// A peering connection, as the inventory describes it.
///
/// ```
/// use peerbill::model::{connection::{Bandwidth, Connection, End}, link::LinkType, time::Timestamp};
///
/// let requester = End::new("1000000000000001", "cn-huhehaote");
/// let accepter = End::new("1000000000000002", "cn-guangzhou");
/// let mut connection = Connection::new("pcc-1", requester, accepter, LinkType::Gold);
/// connection.bandwidth = Bandwidth::Mbps(2048);
/// connection.created_at = Some(Timestamp::parse("2026-10-01T05:00:00Z")?);
/// assert!(!connection.within_region());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id, `pcc-...`; distinct within an inventory.
    pub id: Arc<str>,
    /// The end that asked for it.
    pub requester: End,
    /// The end that accepted it.
    pub accepter: End,
    /// The link type at the time of the inventory; has no meaning inside a region (R8).
    pub link_type: LinkType,
    /// How much it can carry; more traffic than that is a finding (R16).
    pub bandwidth: Bandwidth,
    /// How far it got, where that is given; one that was never active has no traffic (R15).
    pub status: Option<Status>,
    /// When it was created, where that is known; traffic in an hour before its hour is refused (R15).
    pub created_at: Option<Timestamp>,
    /// When it was deleted, where that is known; traffic in an hour after its hour is refused (R15).
    pub deleted_at: Option<Timestamp>,
    /// Its name, where it has one.
    pub name: Option<Box<str>>,
    /// Its tags.
    pub tags: Tags,
}

/// The tags of a connection: values by key.
///
/// There may be millions of connections, most of them without a tag: none takes no more room than a pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(
    #[expect(clippy::box_collection, reason = "see above")] Option<Box<BTreeMap<String, String>>>,
);

impl Tags {
    /// From keys and values; a tag without a value is none, as nothing can be told from it.
    ///
    /// ```
    /// use peerbill::model::connection::Tags;
    ///
    /// let tags = Tags::new([("cost_centre".to_owned(), "CC-1".to_owned())])?;
    /// assert_eq!(tags.get("cost_centre"), Some("CC-1"));
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A key that is empty, holds a character that cannot be seen, or begins as a formula does.
    pub fn new(tags: impl IntoIterator<Item = (String, String)>) -> Result<Self, Invalid> {
        let mut given = BTreeMap::new();
        for (key, value) in tags {
            check_name("tag", &key)?;
            if !value.is_empty() {
                given.insert(key, value);
            }
        }
        Ok(Self((!given.is_empty()).then(|| Box::new(given))))
    }

    /// The value of the tag of this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.as_ref()?.get(key).map(String::as_str)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|tags| tags.iter()).map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Takes the tags that only `other` has; returns a key of which both have another value.
    pub(crate) fn fill(&mut self, other: &Self) -> Option<String> {
        let differs = other.iter().find(|(key, value)| self.get(key).is_some_and(|own| own != *value));
        if let Some((key, _)) = differs {
            return Some(key.to_owned());
        }
        for (key, value) in other.iter() {
            self.0.get_or_insert_default().insert(key.to_owned(), value.to_owned());
        }
        None
    }
}

impl Connection {
    /// One of which no more is known than what a bill needs: it has the default bandwidth, and existed in all hours.
    pub fn new(id: impl Into<Arc<str>>, requester: End, accepter: End, link_type: LinkType) -> Self {
        Self {
            id: id.into(),
            requester,
            accepter,
            link_type,
            bandwidth: Bandwidth::DEFAULT,
            status: None,
            created_at: None,
            deleted_at: None,
            name: None,
            tags: Tags::default(),
        }
    }

    /// Refuses what no row of an inventory may say: every reader of one holds to it, and every caller with typed
    /// values (R15).
    pub(crate) fn check(&self) -> Result<(), String> {
        check_name("id", &self.id)?;
        for (which, end) in [("requester", &self.requester), ("accepter", &self.accepter)] {
            end.check().map_err(|why| format!("{which} {why}"))?;
        }
        if self.bandwidth == Bandwidth::Mbps(0) {
            return Err("bandwidth: 0 is not a whole number of Mbit/s above 0".into());
        }
        check_lifetime(self.created_at, self.deleted_at)
    }

    /// Whether both ends are in the same region, where traffic is free (R1).
    pub fn within_region(&self) -> bool {
        self.requester.region == self.accepter.region
    }

    /// Whether no traffic can have flowed at all, by its status (R15).
    pub fn never_active(&self) -> bool {
        self.status.is_some_and(Status::never_active)
    }

    /// The hours of `period` in which it can have traffic: from its hour of creation to its hour of deletion, both
    /// included; none where it was never active.
    pub fn hours_in(&self, period: Period) -> Period {
        if self.never_active() {
            return Period { end: period.start, ..period };
        }
        let start = self.created_at.map_or(period.start, Timestamp::hour);
        let end = self.deleted_at.map_or(period.end, |at| at.hour().next());
        period.intersection(Period { start, end: end.max(start) })
    }

    /// Whether `hour` lies before its hour of creation; never where that is not known.
    pub fn before_creation(&self, hour: Hour) -> bool {
        self.created_at.is_some_and(|at| hour < at.hour())
    }

    /// Whether `hour` lies after its hour of deletion; never where that is not known.
    pub fn after_deletion(&self, hour: Hour) -> bool {
        self.deleted_at.is_some_and(|at| hour > at.hour())
    }
}

/// Refuses a deletion before the creation.
pub(crate) fn check_lifetime(
    created_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
) -> Result<(), String> {
    match (created_at, deleted_at) {
        (Some(created), Some(deleted)) if deleted < created => {
            Err(format!("deleted_at {deleted} is before created_at {created}"))
        }
        _ => Ok(()),
    }
}

/// A block of addresses, such as `10.0.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether `address` lies in it; an IPv4 address never lies in an IPv6 block.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.network.is_ipv4() == address.is_ipv4() && masked(address, self.prefix) == bits(self.network)
    }

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.network) || other.contains(self.network)
    }

    /// How many leading bits of an address it fixes: of two blocks that hold an address, the longer is the closer.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

/// The address as a number, IPv4 in the upper bits as IPv6 is.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn masked(address: IpAddr, prefix: u8) -> u128 {
    bits(address) & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = Invalid;

    /// Reads `10.0.0.0/16` or `2001:db8::/56`; an address that is not the first of its block is refused.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = |why: &str| Invalid::new(format!("CIDR block {}: {why}", quoted(text.as_bytes())));
        const SHAPE: &str = "write it as 10.0.0.0/16";
        let (address, prefix) = text.split_once('/').ok_or_else(|| bad(SHAPE))?;
        let network: IpAddr = address.parse().map_err(|_| bad(SHAPE))?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = Some(prefix)
            .filter(|digits| digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|prefix| *prefix <= longest)
            .ok_or_else(|| bad(SHAPE))?;
        if masked(network, prefix) != bits(network) {
            return Err(bad("its address is not the first of the block"));
        }
        Ok(Self { network, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod cidr_tests {
    use super::*;

    fn holds(block: &str, address: &str) -> bool {
        block.parse::<Cidr>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_block_holds_the_addresses_that_share_its_prefix() {
        assert!(holds("10.0.0.0/16", "10.0.255.255") && !holds("10.0.0.0/16", "10.1.0.0"));
        assert!(holds("0.0.0.0/0", "255.1.2.3") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("10.0.0.5/32", "10.0.0.5") && !holds("10.0.0.5/32", "10.0.0.4"));
        assert!(holds("2001:db8::/56", "2001:db8:0:ff::1") && !holds("2001:db8::/56", "2001:db8:0:100::"));
        assert!(holds("::/0", "ffff::") && !holds("::/0", "10.0.0.0"));
    }

    #[test]
    fn blocks_overlap_where_one_holds_the_other() {
        let overlap = |a: &str, b: &str| {
            let (a, b): (Cidr, Cidr) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(a.overlaps(&b), b.overlaps(&a));
            a.overlaps(&b)
        };
        assert!(overlap("10.0.0.0/8", "10.255.0.0/16") && overlap("10.0.0.0/16", "10.0.0.0/16"));
        assert!(!overlap("10.0.0.0/16", "10.1.0.0/16") && overlap("0.0.0.0/0", "192.168.0.0/24"));
        assert!(overlap("2001:db8::/32", "2001:db8:1::/48") && !overlap("2001:db8::/48", "2001:db8:1::/48"));
        assert!(!overlap("::/0", "0.0.0.0/0"));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0/8", "10.0.0.1/16", "::/129", "a/8"]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!("10.0.0.0/8".parse::<Cidr>().unwrap().to_string(), "10.0.0.0/8");
    }
}
