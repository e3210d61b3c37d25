//! What scenarios are called.

/// The link types that were in effect: the bill itself.
pub const AS_BILLED: &str = "as-billed";
/// Every connection between regions is Gold all along.
pub const ALL_GOLD: &str = "all-gold";
/// Every connection between regions is Platinum all along.
pub const ALL_PLATINUM: &str = "all-platinum";

/// Platinum in the windows of a schedule, Gold outside.
pub const SCHEDULED: &str = "scheduled";
/// The switches of the bill, each moved to the edge of an hour where it lifts no hour that it need not.
pub const WELL_TIMED: &str = "well-timed";

/// The link types that a plan writes.
pub const AS_PLANNED: &str = "as-planned";

/// The connections as they are, before a Terraform plan is applied.
pub const BEFORE: &str = "before";
/// The connections as a Terraform plan leaves them.
pub const AFTER: &str = "after";
