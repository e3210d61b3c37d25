//! What-if: the same bytes over other link types, through the rating that makes the bill.
//!
//! An estimate is a list of [`Scenario`]s. Each of them rates the same traffic over link types of its own, and holds the
//! [`Report`](crate::Report) that comes out. So estimate and bill cannot disagree: the scenario [`AS_BILLED`] *is* the
//! report.
//!
//! There are four ways to begin, each with a function:
//!
//! - [`of_history`]: a month's metered traffic, with a [`Schedule`] of Platinum windows where one is considered.
//! - [`of_quantities`]: planned connections and their monthly bytes, without a record ([`Quantities`]).
//! - [`of_topology`]: the same for a planned network of VPCs, with what the provider would refuse of it.
//! - [`of_plan`]: a Terraform plan, before and after it is applied, with a [`Gate`] for pipelines ([`PlanQuantities`]).

mod checks;
mod of_traffic;
mod quantities;
mod result;
mod scenario;
mod schedule;
mod terraform;
mod timing;

pub use of_traffic::{of_history, of_quantities, of_topology};
pub use quantities::{PlannedConnection, PricesOf, Quantities};
pub use result::{AVOIDED_MINUTES, Estimate, MONTHS_PER_YEAR, ServiceLevel, per_year};
pub use scenario::ConnectionCost;
pub use scenario::{AFTER, ALL_GOLD, ALL_PLATINUM, AS_BILLED, AS_PLANNED, BEFORE, SCHEDULED, WELL_TIMED};
pub use scenario::{Coverage, Outcome, Scenario, Supply};
pub use schedule::{Schedule, ScheduleAdvice, Share, WindowAdvice};
pub use terraform::{
    AccountCost, ChangeCost, Changes, Gate, PlanQuantities, UnitPrices, difference, of_plan,
};
pub use timing::{SwitchCost, Timing};
