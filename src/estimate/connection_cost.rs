//! What a connection costs: its lines, summed.

use crate::{
    catalog::PriceStatus,
    error::Result,
    model::{checked_add, money::Amount},
    rating::Line,
};
use std::collections::BTreeMap;

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
