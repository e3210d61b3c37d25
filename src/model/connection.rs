//! Peering connections and the inventory of them.

use crate::model::invalid::Invalid;
use crate::{
    error::Fault,
    model::{
        cidr::Cidr,
        did_you_mean,
        link::{LinkHistory, LinkType},
        time::{Hour, Period, Timestamp},
    },
};
use std::{collections::HashMap, str::FromStr, sync::Arc};

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The account that owns the VPC; text, because ids exceed 2^53.
    pub account_id: Arc<str>,
    /// The VPC's region id.
    pub region: Arc<str>,
    /// The VPC, where it is given.
    pub vpc_id: Option<String>,
    /// The VPC's address blocks, where they are given; flow logs are joined by them.
    pub cidrs: Vec<Cidr>,
}

impl End {
    /// Of which nothing is known but the VPC.
    pub(crate) fn of_vpc(vpc_id: Option<String>, cidrs: Vec<Cidr>) -> Self {
        Self { account_id: "".into(), region: "".into(), vpc_id, cidrs }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id, `pcc-...`.
    pub id: Arc<str>,
    /// The end that asked for it.
    pub requester: End,
    /// The end that accepted it.
    pub accepter: End,
    /// The link type at the time of the inventory; has no meaning inside a region (R8).
    pub link_type: LinkType,
    /// How much it can carry.
    pub bandwidth: Bandwidth,
    /// How far it got, where that is given.
    pub status: Option<Status>,
    /// When it was created, where that is known.
    pub created_at: Option<Timestamp>,
    /// When it was deleted, where that is known.
    pub deleted_at: Option<Timestamp>,
    /// Its name, where it has one.
    pub name: Option<String>,
}

impl Connection {
    /// One of which no more is known than its ends.
    pub(crate) fn between(id: &str, [requester, accepter]: [End; 2]) -> Self {
        Self {
            id: id.into(),
            requester,
            accepter,
            link_type: LinkType::Gold,
            bandwidth: Bandwidth::DEFAULT,
            status: None,
            created_at: None,
            deleted_at: None,
            name: None,
        }
    }

    /// Whether both ends are in the same region, where traffic is free (R1).
    pub fn within_region(&self) -> bool {
        self.requester.region == self.accepter.region
    }

    /// Whether no traffic can have flowed at all, by its status (R15).
    pub fn never_active(&self) -> bool {
        self.status.is_some_and(Status::never_active)
    }

    /// The hours of `period` in which it can have traffic: from its hour of creation to its hour of deletion.
    pub fn hours_in(&self, period: Period) -> Period {
        if self.never_active() {
            return Period { end: period.start, ..period };
        }
        let start = self.created_at.map_or(period.start, Timestamp::hour);
        let end = self.deleted_at.map_or(period.end, |at| at.hour().next());
        period.intersection(Period { start, end: end.max(start) })
    }

    /// Whether `hour` lies before its hour of creation.
    pub fn before_creation(&self, hour: Hour) -> bool {
        self.created_at.is_some_and(|at| hour < at.hour())
    }

    /// Whether `hour` lies after its hour of deletion.
    pub fn after_deletion(&self, hour: Hour) -> bool {
        self.deleted_at.is_some_and(|at| hour > at.hour())
    }
}

/// What kind of thing a [`Remark`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkCode {
    /// A list of connections has pages that were not given.
    InventoryIncomplete,
    /// The provider has locked a connection for financial reasons.
    FinancialLocked,
    /// A requester's account is the one that a state's data source tells, of whatever provider that is.
    AccountFromDataSource,
    /// What a trail held, and what of it was passed over.
    TrailRead,
    /// A trail has pages that were not given.
    TrailIncomplete,
    /// Events of a trail are of connections that the inventory lacks.
    TrailElsewhere,
    /// A connection that the inventory lacks was told by a trail, from its creation to its deletion.
    RowFromTrail,
}

/// Something about the connections or their changes that a reader should know; it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What kind of thing.
    pub code: RemarkCode,
    /// The connection, where it is about one.
    pub connection_id: Option<Arc<str>>,
    /// In words; names no input (R17).
    pub message: String,
}

/// Connections by id, with the history of their link types.
///
/// Sorted by id, so that an index into it orders reports.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    connections: Vec<Connection>,
    histories: Vec<LinkHistory>,
    faulty: HashMap<Arc<str>, Fault>,
    faults: Vec<Fault>,
    changes_given: bool,
    changed_within_region: Vec<Arc<str>>,
    remarks: Vec<Remark>,
    set_aside: Vec<Connection>,
}

impl Inventory {
    /// From connections sorted by their distinct ids, each with its history, and what was wrong with other rows.
    pub(crate) fn assemble(
        connections: Vec<Connection>,
        histories: Vec<LinkHistory>,
        faulty: HashMap<Arc<str>, Fault>,
        faults: Vec<Fault>,
        changes_given: bool,
        changed_within_region: Vec<Arc<str>>,
    ) -> Self {
        debug_assert!(connections.is_sorted_by_key(|connection| &connection.id));
        Self {
            connections,
            histories,
            faulty,
            faults,
            changes_given,
            changed_within_region,
            remarks: Vec::new(),
            set_aside: Vec::new(),
        }
    }

    /// With what else a reader should know, in an order of its own (R17).
    #[must_use]
    pub(crate) fn with_remarks(mut self, mut remarks: Vec<Remark>) -> Self {
        remarks.sort_unstable();
        remarks.dedup();
        self.remarks = remarks;
        self
    }

    /// With what could be read of faulty connections, in an order of its own (R17).
    #[must_use]
    pub(crate) fn with_set_aside(mut self, mut set_aside: Vec<Connection>) -> Self {
        set_aside.sort_by(|a, b| a.id.cmp(&b.id));
        self.set_aside = set_aside;
        self
    }

    /// Connections of distinct ids that have had their own link type all along: planned ones, of which no export tells.
    pub fn planned(mut connections: Vec<Connection>) -> Self {
        connections.sort_by(|a, b| a.id.cmp(&b.id));
        let histories = connections.iter().map(|connection| LinkHistory::constant(connection.link_type));
        let histories = histories.collect();
        Self::assemble(connections, histories, HashMap::new(), Vec::new(), true, Vec::new())
    }

    /// The same connections with other histories of their link types: what if?
    #[must_use]
    pub fn with_histories(&self, history: impl Fn(usize) -> LinkHistory) -> Self {
        let histories = (0..self.connections.len()).map(history).collect();
        Self { histories, ..self.clone() }
    }

    /// All connections without a fault, sorted by id.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The connection at `index`.
    pub fn connection(&self, index: usize) -> &Connection {
        &self.connections[index]
    }

    /// The history of the link type of the connection at `index`.
    pub fn history(&self, index: usize) -> &LinkHistory {
        &self.histories[index]
    }

    /// The index of the connection with this id.
    pub fn index_of(&self, connection_id: &str) -> Option<usize> {
        self.connections.binary_search_by(|connection| (*connection.id).cmp(connection_id)).ok()
    }

    /// Why the traffic of this connection cannot be billed, where its own row or its changes are bad.
    pub fn fault_of(&self, connection_id: &str) -> Option<&Fault> {
        self.faulty.get(connection_id)
    }

    /// The connections whose own row or changes are bad, with the cause.
    pub fn faulty(&self) -> impl Iterator<Item = (&Arc<str>, &Fault)> {
        self.faulty.iter()
    }

    /// What could be read of faulty connections: by their VPCs and address blocks flow logs are joined to them. Other
    /// values may be empty, and one connection may stand here several times.
    pub(crate) fn set_aside(&self) -> &[Connection] {
        &self.set_aside
    }

    /// Everything that is wrong with connections and link changes, in the order of the inputs.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether link changes were given at all (R16).
    pub fn changes_given(&self) -> bool {
        self.changes_given
    }

    /// Connections inside a region for which link changes were given; they are ignored (R8).
    pub fn changed_within_region(&self) -> &[Arc<str>] {
        &self.changed_within_region
    }

    /// What else a reader should know.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}
