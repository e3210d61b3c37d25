//! What a plan does to peering connections, and what it does not say about them.

use crate::model::{connection::Bandwidth, finding::Finding, invalid::Invalid, link::LinkType};
use std::fmt;

/// What a plan does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is created.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed and created anew, in either order.
    Replace,
    /// It is destroyed.
    Delete,
    /// It stays as it is; also where Terraform only stops looking after it.
    NoOp,
    /// Something that is not known here: what becomes of it cannot be told.
    Other,
}

impl Action {
    /// One word for it: `create`, `update`, `replace`, `delete`, `no-op` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::NoOp => "no-op",
            Self::Other => "unknown",
        }
    }

    /// Reads the actions of a plan, and tells whether the object that was there before is forgotten: no longer managed,
    /// but still there and still costing.
    ///
    /// Terraform writes `create, forget` where `destroy = false` keeps the old object of a replacement, OpenTofu
    /// `forget, create`.
    pub(super) fn read(actions: &[&str]) -> (Self, bool) {
        match actions {
            ["create"] => (Self::Create, false),
            ["update"] => (Self::Update, false),
            ["delete"] => (Self::Delete, false),
            ["delete", "create"] | ["create", "delete"] => (Self::Replace, false),
            ["create", "forget"] | ["forget", "create"] => (Self::Replace, true),
            ["no-op" | "read"] => (Self::NoOp, false),
            ["forget"] => (Self::NoOp, true),
            _ => (Self::Other, false),
        }
    }

    /// Whether a connection that is treated so exists before, and after.
    pub(super) fn sides(self) -> [bool; 2] {
        [self != Self::Create, self != Self::Delete]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A connection before or after the plan, as far as the plan says; `None` is not known.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanSide {
    /// The account that owns the requester's VPC.
    pub requester_account: Option<String>,
    /// Its region.
    pub requester_region: Option<String>,
    /// How the requester's region was found, where it was not exported by the resource itself.
    pub region_from: Option<String>,
    /// The account that owns the accepter's VPC.
    pub accepter_account: Option<String>,
    /// Its region.
    pub accepter_region: Option<String>,
    /// The link type: Gold where it is left out (R8), `None` where it is not known until apply.
    pub link_type: Option<LinkType>,
    /// The bandwidth, where it is written.
    pub bandwidth: Option<Bandwidth>,
    /// Its name.
    pub name: Option<String>,
}

impl PlanSide {
    /// Whether both ends are known to be in the same region (R1).
    pub fn within_region(&self) -> bool {
        self.requester_region.is_some() && self.requester_region == self.accepter_region
    }
}

/// What a plan does to one connection.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The address of its resource, with instance keys; behind it the key of a deposed object, where it is one.
    pub address: String,
    /// What is done.
    pub action: Action,
    /// Whether the connection that was there before is forgotten: it is still there afterwards, beside a new one
    /// where it is replaced.
    pub keeps_old: bool,
    /// Whether something of it cannot be read, so that it cannot be priced; [`PeeringPlan::unknown`] says what.
    pub unreadable: bool,
    /// The connection before; `None` where there is none.
    pub before: Option<PlanSide>,
    /// The connection after; `None` where there is none.
    pub after: Option<PlanSide>,
}

impl Change {
    /// Under which name the old connection goes where it is kept beside a new one.
    pub fn kept_label(&self) -> String {
        format!("{} (kept)", self.address)
    }

    /// Whether the old connection is kept beside a new one.
    pub fn keeps_beside_new(&self) -> bool {
        self.keeps_old && self.action == Action::Replace
    }
}

/// Something that a plan does not say.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The address of the resource; empty for the plan as a whole.
    pub address: String,
    /// The attribute.
    pub attribute: &'static str,
    /// Why it is not known, and what would state it.
    pub why: Invalid,
    /// Whether the cost cannot be worked out without it.
    pub matters: bool,
}

impl Unknown {
    /// By what they are sorted.
    pub(super) fn order(&self) -> (&str, &str, &str, bool) {
        (&self.address, self.attribute, self.why.message(), self.matters)
    }
}

/// What a plan does to all its connections.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeeringPlan {
    /// Every connection, also those that stay as they are, by address.
    pub changes: Vec<Change>,
    /// What is not known, by address.
    pub unknown: Vec<Unknown>,
    /// What else a reader should know of what the plan tells.
    pub findings: Vec<Finding>,
}

impl PeeringPlan {
    /// The names under which traffic can be given: of every connection, and of the old ones that are kept beside new
    /// ones.
    pub fn names(&self) -> Vec<String> {
        let kept = self.changes.iter().filter(|change| change.keeps_beside_new()).map(Change::kept_label);
        self.changes.iter().map(|change| change.address.clone()).chain(kept).collect()
    }
}
