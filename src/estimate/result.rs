//! What an estimate tells.

use super::{scenario::Scenario, schedule::ScheduleAdvice, terraform::Changes, timing::Timing};
use crate::{
    catalog::CatalogSummary,
    error::{Error, Result},
    model::{
        finding::Finding,
        money::Money,
        time::{BillingMonth, Offset},
    },
    report::{Column, Report},
};
use std::sync::Arc;

/// What the monthly difference is multiplied by for a year.
pub const MONTHS_PER_YEAR: i128 = 12;

/// Scenarios side by side, with all that a reader needs to judge them.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Estimate {
    /// What it is made from, in a word or two: `quantities`, `history`, `a planned topology`, `a Terraform plan`.
    pub source: &'static str,
    /// The billing month; `None` where the newest prices are used.
    pub month: Option<BillingMonth>,
    /// The offset in which the month has its edges.
    pub offset: Offset,
    /// Whether it is about traffic that was measured: lines then know their hours.
    pub measured: bool,
    /// The catalog that prices it.
    pub catalog: Arc<CatalogSummary>,
    /// The scenarios, in a fixed order. The first one that is priced is what the others are compared with.
    pub scenarios: Vec<Scenario>,
    /// What a reader should know before choosing.
    pub notes: Vec<Finding>,
    /// What switches cost, by scenario that has some.
    pub timings: Vec<Timing>,
    /// Advice about the schedule, where there is one.
    pub schedule: Option<ScheduleAdvice>,
    /// What a Terraform plan changes, where it is made from one.
    pub changes: Option<Changes>,
    /// Settings that came from a settings file.
    pub settings: Vec<(String, String)>,
}

impl Estimate {
    /// The scenario that the others are compared with: the first one that is priced.
    pub fn reference(&self) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.report().is_some())
    }

    /// What a scenario costs more per month than the reference, in the catalog's currency; `None` where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where a sum is beyond exact amounts.
    pub fn difference(&self, scenario: &Scenario) -> Result<Option<Money>> {
        let reference = self.reference().map(Scenario::payable).transpose()?.flatten();
        match (reference, scenario.payable()?) {
            (Some(reference), Some(payable)) => payable.checked_sub(reference).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether an assumed price touched the difference: on either of its two sides (R18).
    pub fn difference_assumed(&self, scenario: &Scenario) -> bool {
        scenario.assumed() || self.reference().is_some_and(Scenario::assumed)
    }

    /// The columns of the scenarios' lines, which are those of a report.
    pub fn columns(&self) -> Vec<Column> {
        self.reference().and_then(Scenario::report).map(Report::columns).unwrap_or_default()
    }

    /// Whether what scenarios cost is not all that a plan costs ([`Changes::partial`]).
    pub fn partial(&self) -> bool {
        self.changes.as_ref().is_some_and(Changes::partial)
    }

    /// Whether an assumed price touched any scenario.
    pub fn assumed(&self) -> bool {
        self.scenarios.iter().any(Scenario::assumed)
    }
}

/// An amount per month as an amount per year: times [`MONTHS_PER_YEAR`].
///
/// # Errors
///
/// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where it is beyond exact amounts.
pub fn per_year(month: Money) -> Result<Money> {
    let units = month.units().checked_mul(MONTHS_PER_YEAR);
    units.map(Money::from_units).ok_or_else(|| Error::overflow("an amount per year exceeds 2^127"))
}
