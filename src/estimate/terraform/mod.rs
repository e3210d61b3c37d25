//! A Terraform plan with monthly traffic: what connections cost before and after it.
//!
//! Both sides go through the rating of the bill, as scenarios of their own. What the plan does not show is listed and
//! stands in the way of a gate; nothing is taken for zero because it is not known.

mod changes;
mod of_plan;
mod quantities;

pub use changes::{AccountCost, ChangeCost, Changes, Gate, difference};
pub use of_plan::of_plan;
pub use quantities::{PlanQuantities, UnitPrices};
