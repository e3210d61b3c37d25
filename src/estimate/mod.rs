//! What-if: the same bytes over other link types, through the rating that makes the bill.
//!
//! An estimate is a list of [`Scenario`]s. Each of them rates the same traffic over link types of its own, and holds the
//! [`Report`] that comes out. So estimate and bill cannot disagree: the scenario [`AS_BILLED`] *is* the report.
//!
//! There are four ways to begin, each with a function:
//!
//! - [`of_history`]: a month's metered traffic, with a [`Schedule`] of Platinum windows where one is considered.
//! - [`of_quantities`]: planned connections and their monthly bytes, without a record ([`Quantities`]).
//! - [`of_topology`]: the same for a planned network of VPCs, with what the provider would refuse of it.
//! - [`of_plan`]: a Terraform plan, before and after it is applied, with a [`Gate`] for pipelines ([`PlanQuantities`]).

mod checks;
mod forecast;
mod of_traffic;
mod quantities;
mod scenario;
mod schedule;
mod terraform;
mod timing;

pub use forecast::{FORECAST, Forecast, ForecastAccount, HOURS_PER_WEEK};
pub use of_traffic::{of_history, of_quantities, of_topology};
pub use quantities::{PlannedConnection, PricesOf, Quantities, Sent};
pub use scenario::ConnectionCost;
pub use scenario::{AFTER, ALL_GOLD, ALL_PLATINUM, AS_BILLED, AS_PLANNED, BEFORE, SCHEDULED, WELL_TIMED};
pub use scenario::{Coverage, Outcome, Scenario, Supply};
pub use schedule::{Schedule, ScheduleAdvice, Share, WindowAdvice};
pub use terraform::{
    AccountCost, ChangeCost, Changes, Gate, PlanQuantities, UnitPrices, difference, of_plan,
};
pub use timing::{SwitchCost, Timing};

use crate::{
    catalog::CatalogSummary,
    error::{Error, Result},
    model::{
        finding::Finding,
        link::LinkType,
        money::Money,
        time::{BillingMonth, Offset},
    },
    read::terraform::PlanSide,
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
    /// The rest of a month that is not over, where it is asked for ([`Estimate::with_forecast`]).
    pub forecast: Option<Forecast>,
    /// Settings that came from a settings file.
    pub settings: Vec<(String, String)>,
}

impl Estimate {
    /// The scenario that the others are compared with: the first one that is priced.
    pub fn reference(&self) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.report().is_some())
    }

    /// How many connections of a scenario are priced. Of a side of a plan that counts all that the plan changes, also those
    /// that it does not tell enough of.
    pub fn coverage(&self, scenario: &Scenario) -> Coverage {
        let planned = self.changes.as_ref().map(Changes::coverage);
        match (planned, scenario.name) {
            (Some([before, _]), BEFORE) => before,
            (Some([_, after]), AFTER) => after,
            (Some([_, after]), _) => Coverage { of: after.of.max(scenario.coverage.of), ..scenario.coverage },
            (None, _) => scenario.coverage,
        }
    }

    /// What all accounts pay in a scenario, of what is priced of it; `None` where nothing is, or a price is missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where the sum is beyond exact amounts.
    pub fn payable(&self, scenario: &Scenario) -> Result<Option<Money>> {
        Ok(scenario.payable()?.filter(|_| !self.coverage(scenario).is_nothing()))
    }

    /// What a scenario costs more per year than the reference: the month times [`MONTHS_PER_YEAR`].
    ///
    /// `None` for a measured month, which is one of twelve that need not be alike, and where either total lacks a price.
    ///
    /// # Errors
    ///
    /// Those of [`difference`](Self::difference) and [`per_year`].
    pub fn difference_per_year(&self, scenario: &Scenario) -> Result<Option<Money>> {
        let complete = |scenario: &Scenario| self.coverage(scenario).is_complete();
        let lacks = self.partial() || !complete(scenario) || !self.reference().is_some_and(complete);
        let difference = self.difference(scenario)?.filter(|_| !self.measured && !lacks);
        difference.map(per_year).transpose()
    }

    /// What a scenario costs more per month than the reference, in the catalog's currency; `None` where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where a sum is beyond exact amounts.
    pub fn difference(&self, scenario: &Scenario) -> Result<Option<Money>> {
        let reference = self.reference().map(|reference| self.payable(reference)).transpose()?.flatten();
        match (reference, self.payable(scenario)?) {
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

    /// What the higher service level costs: of all connections where both levels are priced, and of each connection whose
    /// level a plan changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where an amount is beyond exact ones.
    pub fn service_levels(&self) -> Result<Vec<ServiceLevel>> {
        let mut levels = Vec::new();
        let named = |name| self.scenarios.iter().find(|scenario| scenario.name == name);
        if let Some((gold, platinum)) = named(ALL_GOLD).zip(named(ALL_PLATINUM))
            && self.coverage(gold).is_complete()
            && self.coverage(platinum).is_complete()
            // R8: inside a region there is no level to choose.
            && gold.report().is_some_and(|report| report.lines.iter().any(|line| line.link_type.is_some()))
        {
            let assumed = gold.assumed() || platinum.assumed();
            levels.extend(ServiceLevel::of(None, [self.payable(gold)?, self.payable(platinum)?], assumed)?);
        }
        for change in self.changes.iter().flat_map(|changes| &changes.connections) {
            levels.extend(ServiceLevel::of_change(change)?);
        }
        Ok(levels)
    }

    /// Whether what scenarios cost is not all that a plan costs ([`Changes::partial`]).
    pub fn partial(&self) -> bool {
        self.changes.as_ref().is_some_and(Changes::partial)
    }

    /// Whether an assumed price touched any scenario, or the forecast.
    pub fn assumed(&self) -> bool {
        self.scenarios.iter().any(Scenario::assumed)
            || self.forecast.as_ref().is_some_and(|forecast| forecast.assumed)
    }
}

/// Minutes of 30 days, in hundredths, for which Platinum's agreement allows a connection less to be down than Gold's:
/// 21.6 less 2.16.
pub const AVOIDED_MINUTES: i128 = LinkType::Gold.downtime() - LinkType::Platinum.downtime();

/// What it costs to have Platinum in place of Gold for the same traffic, in the catalog's currency.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLevel {
    /// The connection that a plan changes; `None`: all connections together.
    pub connection: Option<String>,
    /// What Platinum costs more a month than Gold.
    pub difference: Money,
    /// What one of the [`AVOIDED_MINUTES`] of 30 days costs: their part of the difference, half to even at 10 decimals.
    pub per_minute: Money,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
}

impl ServiceLevel {
    /// From what Gold and Platinum cost; `None` where one of them is not known.
    fn of(connection: Option<String>, costs: [Option<Money>; 2], assumed: bool) -> Result<Option<Self>> {
        let Some(difference) = difference(costs[0], costs[1])? else { return Ok(None) };
        // Hundredths of minutes.
        let per_minute = difference.times(100, AVOIDED_MINUTES)?;
        Ok(Some(Self { connection, difference, per_minute, assumed }))
    }

    /// Of a connection whose link type a plan changes and nothing else that costs.
    fn of_change(cost: &ChangeCost) -> Result<Option<Self>> {
        let change = &cost.change;
        let (Some(before), Some(after)) = (&change.before, &change.after) else { return Ok(None) };
        let route = |side: &PlanSide| (side.requester_region.clone(), side.accepter_region.clone());
        let same = route(before) == route(after) && !before.within_region() && !change.keeps_beside_new();
        let costs = match (before.link_type, after.link_type) {
            (Some(LinkType::Gold), Some(LinkType::Platinum)) if same => [cost.before, cost.after],
            (Some(LinkType::Platinum), Some(LinkType::Gold)) if same => [cost.after, cost.before],
            _ => return Ok(None),
        };
        Self::of(Some(change.address.clone()), costs, cost.assumed.contains(&true))
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
