//! What `terraform show -json` prints: what a plan does to peering connections, and the connections of a state.
//!
//! The requester's region is no argument of `alicloud_vpc_peer_connection`: it is the provider's. It is read from
//! the resource's exported `region_id`, else from the configuration of its provider. What a plan does not say is
//! reported with address and attribute, never guessed.

pub use document::{Action, Change, PeeringPlan, PlanSide, Unknown};
pub use plan::read_plan;
pub(crate) use state::{accepters, connections, count};
pub use stated::StatedRequesters;

mod accepter;
mod configuration;
mod document;
mod plan;
mod state;
mod stated;
