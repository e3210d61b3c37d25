//! Networks of a VPC, by which flow logs are joined to connections.

use crate::model::invalid::Invalid;
use crate::model::quoted;
use std::{fmt, net::IpAddr, str::FromStr};

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
mod tests {
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
