//! An answer: the same traffic over other link types, as a report; its name, and what each connection costs in it.

use crate::{
    catalog::PriceStatus,
    error::{MissingPrice, Result},
    model::{
        checked_add,
        link::LinkType,
        money::{Amount, Money},
    },
    rating::Line,
    report::{Column, Report, ReportRow},
};
use std::{collections::BTreeMap, fmt};

/// What traffic costs over certain link types.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, as the first column of the CSV has it: [`ALL_GOLD`](super::ALL_GOLD).
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The report, or why there is none.
    pub outcome: Outcome,
    /// How many of the connections that send anything are priced.
    pub coverage: Coverage,
    /// Columns of the report that have no value here.
    pub(super) without_value: &'static [Column],
}

/// What became of a scenario.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is priced: a report like any other.
    Priced(Box<Report>),
    /// A price is missing (R5). It is not shown as zero, and the other scenarios stand.
    NotPriced {
        /// All that is missing.
        missing: Vec<MissingPrice>,
        /// What would supply it. An overlay stands first, and only where it is enough by itself.
        supply: Vec<Supply>,
    },
}

/// How many connections are priced, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Connections whose cost is known.
    pub priced: usize,
    /// Connections in all.
    pub of: usize,
}

impl Coverage {
    /// Whether all of them are priced, so that their total is one.
    pub fn is_complete(self) -> bool {
        self.priced == self.of
    }

    /// Whether there are some, and none of them is priced: then there is no total.
    pub fn is_nothing(self) -> bool {
        self.priced == 0 && self.of > 0
    }

    /// That of connections, by whether each is priced.
    pub(super) fn count(priced: impl Iterator<Item = bool>) -> Self {
        priced.fold(Self { priced: 0, of: 0 }, |sum, own| Self {
            priced: sum.priced + usize::from(own),
            of: sum.of + 1,
        })
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} priced", self.priced, self.of)
    }
}

/// What would supply a price that is missing.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The overlay of this name, which is shipped ([`shipped_overlay`](crate::catalog::shipped_overlay)).
    Overlay(&'static str),
    /// An overlay with prices of the caller ([`Catalog::with_prices`](crate::catalog::Catalog::with_prices)).
    Prices,
    /// A contract with prices of the caller ([`Catalog::with_contract`](crate::catalog::Catalog::with_contract)).
    Contract,
}

impl Scenario {
    /// Its report, where it is priced; `None` where a price is missing.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            Outcome::Priced(report) => Some(report),
            Outcome::NotPriced { .. } => None,
        }
    }

    /// What all accounts pay in it, rounded as bills are (R11); `None` where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where the sum is beyond exact amounts.
    pub fn payable(&self) -> Result<Option<Money>> {
        self.report().map(Report::payable).transpose()
    }

    /// Whether an assumed price touched it (R18).
    pub fn assumed(&self) -> bool {
        self.report().is_some_and(Report::assumed)
    }

    /// Its rows: those of the report, with adjustments, less what has no value here; none where it is not priced.
    pub fn rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> + '_ {
        let rows = self.report().into_iter().flat_map(Report::rows);
        rows.map(|row| row.map(|row| self.with_values(row)))
    }

    /// The row of one line of its report.
    pub(crate) fn line_row<'r>(&self, report: &'r Report, line: &Line) -> Result<ReportRow<'r>> {
        report.line_row(line).map(|row| self.with_values(row))
    }

    /// The row less what has no value in this scenario.
    pub(crate) fn with_values<'r>(&self, mut row: ReportRow<'r>) -> ReportRow<'r> {
        for &column in self.without_value {
            row.clear(column);
        }
        row
    }

    /// What every connection with a line costs, by id; nothing where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where a sum is beyond exact amounts.
    pub fn connections(&self) -> Result<BTreeMap<&str, ConnectionCost>> {
        let Some(report) = self.report() else { return Ok(BTreeMap::new()) };
        let id = |index| &*report.inventory.connection(index).id;
        Ok(connection_costs(&report.lines)?.into_iter().map(|(index, cost)| (id(index), cost)).collect())
    }
}

/// What a connection costs in a scenario.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCost {
    /// Bytes that both ends sent.
    pub bytes: u128,
    /// Their exact amount, in the catalog's currency.
    pub amount: Amount,
    /// Metered hours, counted per sender, that hold a change of link type (R7).
    pub raised_hours: u64,
    /// What raising them cost, at most.
    pub raised_amount: Amount,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
}

impl ConnectionCost {
    fn add(&mut self, line: &Line) -> Result<()> {
        checked_add(&mut self.bytes, line.bytes, "a connection")?;
        self.amount = self.amount.checked_add(line.amount)?;
        self.raised_hours += line.raised_hours;
        self.raised_amount = self.raised_amount.checked_add(line.raised_amount)?;
        self.assumed |= line.price.status == PriceStatus::Assumed;
        Ok(())
    }
}

/// What connections cost, by index into the inventory; those without a line are not there.
pub(super) type ConnectionCosts = BTreeMap<usize, ConnectionCost>;

/// Sums lines by connection.
pub(super) fn connection_costs(lines: &[Line]) -> Result<ConnectionCosts> {
    let mut costs = ConnectionCosts::new();
    for line in lines {
        costs.entry(line.connection).or_default().add(line)?;
    }
    Ok(costs)
}

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
