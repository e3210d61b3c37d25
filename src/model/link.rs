//! Link types and the history of a connection's link type. This is where the tier rule (R7) is proved.

use crate::model::invalid::Invalid;
use crate::model::{
    did_you_mean, quoted,
    time::{Hour, Timestamp},
};
use std::{fmt, str::FromStr, sync::Arc};

/// The service level of a connection between regions, in rising order (R7): Gold 99.95%, Platinum 99.995%.
///
/// Higher is the level, never the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkType {
    /// 99.95%; what an omitted link type means (R8).
    Gold,
    /// 99.995%.
    Platinum,
}

impl LinkType {
    /// Both, in rising order.
    pub const ALL: [Self; 2] = [Self::Gold, Self::Platinum];

    /// `Gold` or `Platinum`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gold => "Gold",
            Self::Platinum => "Platinum",
        }
    }

    /// The availability that the provider's service level agreement names: `99.95%` or `99.995%`.
    pub fn sla(self) -> &'static str {
        match self {
            Self::Gold => "99.95%",
            Self::Platinum => "99.995%",
        }
    }

    /// For how many minutes of 30 days a connection may be down within that agreement, in hundredths: 21.60 or 2.16.
    pub const fn downtime(self) -> i128 {
        const HUNDREDTHS_OF_30_DAYS: i128 = 30 * 24 * 60 * 100;
        // In thousandths of a percent.
        let allowed = match self {
            Self::Gold => 50,
            Self::Platinum => 5,
        };
        HUNDREDTHS_OF_30_DAYS * allowed / 100_000
    }
}

impl FromStr for LinkType {
    type Err = Invalid;

    /// Reads `Gold` or `Platinum`, spelled exactly.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|link_type| link_type.as_str() == text).ok_or_else(|| {
            let near = did_you_mean(text, Self::ALL.map(Self::as_str));
            Invalid::new(format!("link type {} is neither Gold nor Platinum{near}", quoted(text.as_bytes())))
        })
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change of a connection's link type, as a caller of the library hands it to
/// [`Inventory::new`](super::inventory::Inventory::new): a row of a table of link changes (R7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// The connection, as in the inventory: `pcc-...`.
    pub connection_id: Arc<str>,
    /// When it took effect; its whole hour is billed at the higher type (R7).
    pub changed_at: Timestamp,
    /// The type before.
    pub from: LinkType,
    /// The type after; where it equals `from` nothing changed.
    pub to: LinkType,
}

/// One change of a link type, of a connection that is known from where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeChange {
    /// When it took effect.
    pub at: Timestamp,
    /// The type before.
    pub from: LinkType,
    /// The type after; where it equals `from` nothing changed.
    pub to: LinkType,
}

/// Where a chain of changes breaks: the change does not start from the type that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokenChain {
    /// The change at this index of the input starts from another type than the one in effect.
    From {
        /// Index into the changes as they were given.
        index: usize,
        /// The type that was in effect.
        in_effect: LinkType,
    },
    /// The last change, at this index of the input, does not end at the inventory's type.
    End {
        /// Index into the changes as they were given.
        index: usize,
        /// The type that the chain ends with.
        ends_with: LinkType,
    },
}

/// The link types of one hour.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourLevels {
    /// The highest in effect at any moment of the hour, the type just before a change included: what is billed (R7).
    pub highest: LinkType,
    /// The lowest likewise: what [`Line::raised_amount`](crate::Line::raised_amount) compares with.
    pub lowest: LinkType,
    /// Whether the hour holds a real change, in either direction, hh:00:00 included.
    pub switched: bool,
}

/// The link type of one connection over all time.
///
/// ```
/// use peerbill::{inventory, model::{link::LinkType, time::Timestamp}};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Platinum\n",
///     Some("connection_id,changed_at,from_link_type,to_link_type\npcc-1,2026-10-05T03:20:00Z,Gold,Platinum\n"),
/// )?;
/// let hour = Timestamp::parse("2026-10-05T03:00:00Z")?.hour();
/// let levels = inventory.history(0).levels(hour);
/// assert_eq!((levels.lowest, levels.highest), (LinkType::Gold, LinkType::Platinum));
/// assert!(levels.switched);
/// assert!(!inventory.history(0).levels(hour.next()).switched);
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHistory {
    first: LinkType,
    /// Instants of real changes, rising, each with the type after; the same as before where it went there and back.
    switches: Vec<(Timestamp, LinkType)>,
}

impl LinkHistory {
    /// A connection without changes: it has had this type all along.
    pub(crate) fn constant(link_type: LinkType) -> Self {
        Self { first: link_type, switches: Vec::new() }
    }

    /// From the changes, in any order, and the inventory's link type, at which they must end.
    pub(crate) fn new(changes: &[TypeChange], inventory: LinkType) -> Result<Self, BrokenChain> {
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_by_key(|&index| changes[index].at);
        let Some(&earliest) = order.first() else { return Ok(Self::constant(inventory)) };
        // Where several changes share the first instant, either type may have come first: the chain decides.
        let start = changes[earliest].from;
        let other = if start == LinkType::Gold { LinkType::Platinum } else { LinkType::Gold };
        let same_instant = order.iter().filter(|&&index| changes[index].at == changes[earliest].at);
        let other_possible = same_instant.clone().any(|&index| changes[index].from == other);
        match Self::chain(changes, &order, start, inventory) {
            Err(_) if other_possible => Self::chain(changes, &order, other, inventory),
            result => result,
        }
    }

    /// Follows the chain from `first`, one instant at a time.
    fn chain(
        changes: &[TypeChange],
        order: &[usize],
        first: LinkType,
        inventory: LinkType,
    ) -> Result<Self, BrokenChain> {
        let mut history = Self::constant(first);
        let mut in_effect = first;
        for same_instant in order.chunk_by(|&a, &b| changes[a].at == changes[b].at) {
            let after = Self::order_by_chain(changes, same_instant, in_effect)?;
            if same_instant.iter().any(|&index| changes[index].from != changes[index].to) {
                history.switches.push((changes[same_instant[0]].at, after));
            }
            in_effect = after;
        }
        match order.last() {
            Some(&index) if in_effect != inventory => Err(BrokenChain::End { index, ends_with: in_effect }),
            _ => Ok(history),
        }
    }

    /// Orders changes of one instant by their chain, starting from `in_effect`; returns the type after the last.
    fn order_by_chain(
        changes: &[TypeChange],
        same_instant: &[usize],
        mut in_effect: LinkType,
    ) -> Result<LinkType, BrokenChain> {
        // As nearly all are.
        if let [index] = *same_instant {
            let TypeChange { from, to, .. } = changes[index];
            return if from == in_effect { Ok(to) } else { Err(BrokenChain::From { index, in_effect }) };
        }
        let mut open: Vec<usize> = same_instant.to_vec();
        while !open.is_empty() {
            // A "change" to the same type is taken first: it leaves the chain where it is.
            let next = (0..open.len())
                .filter(|&i| changes[open[i]].from == in_effect)
                .min_by_key(|&i| changes[open[i]].to != in_effect);
            let Some(next) = next else {
                return Err(BrokenChain::From { index: open[0], in_effect });
            };
            in_effect = changes[open.swap_remove(next)].to;
        }
        Ok(in_effect)
    }

    /// The type before the first switch.
    pub fn first(&self) -> LinkType {
        self.first
    }

    /// The instants of real changes, rising, each with the type after it.
    ///
    /// That is the same type as before where changes of one instant went there and back.
    pub fn switches(&self) -> &[(Timestamp, LinkType)] {
        &self.switches
    }

    /// The link types of `hour` (R7): both where a real change lies in it, its first instant included.
    pub fn levels(&self, hour: Hour) -> HourLevels {
        let by_its_end = self.switches.partition_point(|(at, _)| at.hour() <= hour);
        let Some((at, link_type)) = self.switches[..by_its_end].last().copied() else {
            return HourLevels { highest: self.first, lowest: self.first, switched: false };
        };
        if at.hour() == hour {
            // R7: with two levels, an hour with a real change has seen both of them.
            return HourLevels { highest: LinkType::Platinum, lowest: LinkType::Gold, switched: true };
        }
        HourLevels { highest: link_type, lowest: link_type, switched: false }
    }

    /// The hour after the last one, from `hour` on, that has the same levels all through.
    ///
    /// An hour with a real change stands alone; `None` where the levels hold for ever.
    pub fn levels_until(&self, hour: Hour) -> Option<Hour> {
        let next = self.switches.partition_point(|(at, _)| at.hour() < hour);
        let switched = self.switches.get(next)?.0.hour();
        Some(if switched == hour { hour.next() } else { switched })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LinkType::{Gold, Platinum};

    fn change(at: &str, from: LinkType, to: LinkType) -> TypeChange {
        TypeChange { at: Timestamp::parse(at).unwrap(), from, to }
    }

    fn highest(history: &LinkHistory, hour: &str) -> LinkType {
        history.levels(Timestamp::parse(hour).unwrap().hour()).highest
    }

    #[test]
    fn r7_a_switch_lifts_its_whole_hour_and_no_other() {
        for at in ["2026-10-05T10:00:00Z", "2026-10-05T10:30:00Z", "2026-10-05T10:59:59Z"] {
            let down = LinkHistory::new(&[change(at, Platinum, Gold)], Gold).unwrap();
            assert_eq!(highest(&down, "2026-10-05T09:00:00Z"), Platinum);
            assert_eq!(highest(&down, "2026-10-05T10:00:00Z"), Platinum, "{at}");
            assert_eq!(highest(&down, "2026-10-05T11:00:00Z"), Gold);
            let up = LinkHistory::new(&[change(at, Gold, Platinum)], Platinum).unwrap();
            assert_eq!(highest(&up, "2026-10-05T09:00:00Z"), Gold);
            assert_eq!(highest(&up, "2026-10-05T10:00:00Z"), Platinum, "{at}");
        }
    }

    #[test]
    fn r7_up_and_down_within_an_hour_lifts_it_and_leaves_the_rest() {
        let history = LinkHistory::new(
            &[change("2026-10-05T10:40:00Z", Platinum, Gold), change("2026-10-05T10:20:00Z", Gold, Platinum)],
            Gold,
        )
        .unwrap();
        let levels = history.levels(Timestamp::parse("2026-10-05T10:00:00Z").unwrap().hour());
        assert_eq!(levels, HourLevels { highest: Platinum, lowest: Gold, switched: true });
        assert_eq!(highest(&history, "2026-10-05T09:00:00Z"), Gold);
        assert_eq!(highest(&history, "2026-10-05T11:00:00Z"), Gold);
    }

    #[test]
    fn r7_a_change_to_the_same_type_is_no_change() {
        let history = LinkHistory::new(&[change("2026-10-05T10:20:00Z", Gold, Gold)], Gold).unwrap();
        assert_eq!(history, LinkHistory::constant(Gold));
    }

    #[test]
    fn r7_changes_of_one_instant_are_ordered_by_their_chain() {
        let at = "2026-10-05T10:20:00Z";
        let there_and_back = [change(at, Gold, Platinum), change(at, Platinum, Gold)];
        for inventory in [Gold, Platinum] {
            let history = LinkHistory::new(&there_and_back, inventory).unwrap();
            assert_eq!(highest(&history, "2026-10-05T09:00:00Z"), inventory);
            assert_eq!(highest(&history, "2026-10-05T11:00:00Z"), inventory);
            assert!(history.levels(Timestamp::parse(at).unwrap().hour()).switched);
        }
        let three = [change(at, Platinum, Gold), change(at, Gold, Platinum), change(at, Platinum, Gold)];
        assert_eq!(highest(&LinkHistory::new(&three, Gold).unwrap(), "2026-10-05T09:00:00Z"), Platinum);
        let with_noop = [change(at, Gold, Platinum), change(at, Platinum, Platinum)];
        assert!(LinkHistory::new(&with_noop, Platinum).is_ok());
    }

    #[test]
    fn r15_a_chain_that_does_not_hold_names_the_change_that_breaks_it() {
        let twice =
            [change("2026-10-05T03:00:00Z", Gold, Platinum), change("2026-10-06T03:00:00Z", Gold, Platinum)];
        assert_eq!(LinkHistory::new(&twice, Gold), Err(BrokenChain::From { index: 1, in_effect: Platinum }));
        assert_eq!(
            LinkHistory::new(&twice[..1], Gold),
            Err(BrokenChain::End { index: 0, ends_with: Platinum })
        );
    }

    #[test]
    fn link_types_are_spelled_exactly() {
        assert_eq!("Gold".parse(), Ok(Gold));
        assert!("gold".parse::<LinkType>().unwrap_err().message().contains("did you mean \"Gold\"?"));
        assert!("Silver".parse::<LinkType>().is_err());
    }
}
