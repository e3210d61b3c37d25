//! Bandwidths as tables and exports write them: a number of Mbit/s.

use crate::model::connection::Bandwidth;

/// Reads Mbit/s, where they are given; `what` names the column or member in messages.
///
/// Omitted it is the provider's default, [`Bandwidth::DEFAULT`]; -1 is unlimited, as `ListVpcPeerConnections` has it for
/// connections inside a region.
pub(crate) fn read_bandwidth(what: &str, text: Option<&str>) -> Result<Bandwidth, String> {
    match text {
        None => Ok(Bandwidth::DEFAULT),
        Some("-1") => Ok(Bandwidth::Unlimited),
        Some(text) => text
            .parse()
            .ok()
            .filter(|&mbps| mbps > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Bandwidth::Mbps)
            .ok_or_else(|| {
                format!("{what}: {text:?} is not a whole number of Mbit/s above 0 (-1: unlimited)")
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_whole_numbers() {
        let read = |text| read_bandwidth("bandwidth_mbps", text);
        assert_eq!(read(None), Ok(Bandwidth::Mbps(1024)));
        assert_eq!(read(Some("-1")), Ok(Bandwidth::Unlimited));
        assert_eq!(Bandwidth::DEFAULT.bytes_per_hour(), Some(460_800_000_000));
        for text in ["0", "-2", "1.5", "+5", "x"] {
            assert!(read(Some(text)).is_err(), "{text}");
        }
    }
}
