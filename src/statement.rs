//! Lines to statements per account and month: the only place that rounds (R11).

use crate::{
    catalog::{PriceStatus, RoundingPolicy},
    error::Result,
    model::{
        inventory::Inventory,
        money::{Amount, Gb, Money},
    },
    rating::{Line, account},
};
use std::ops::Range;

/// What one account pays for the month, and how the print adds up to it. Amounts are in the catalog's currency (R13).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statement {
    /// The account that pays (R2).
    pub billing_account_id: String,
    /// Its lines, as a range of [`Report::lines`](crate::Report::lines).
    pub lines: Range<usize>,
    /// The exact sum of its lines (R10).
    pub exact: Amount,
    /// The sum of its lines as they are printed, each rounded half to even at 10 decimals.
    pub subtotal: Money,
    /// `payable - subtotal`: makes the print add up to the last digit (R11).
    pub adjustment: Money,
    /// The exact sum, rounded once by the catalog's policy (R11).
    pub payable: Money,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
    /// What its raised hours cost: an upper bound of the cost of switching, rounded half to even at 10 decimals (R7).
    pub raised_cost: Money,
    /// Its metered hours that hold a real change of link type (R7); in corrections, less those that are taken back.
    pub raised_hours: i64,
}

/// Makes one statement per account from lines that are sorted by account.
///
/// Fails with [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where a sum is too large to be exact.
pub fn statements(
    lines: &[Line],
    inventory: &Inventory,
    gb: Gb,
    rounding: &RoundingPolicy,
) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    let mut start = 0;
    for of_account in lines.chunk_by(|a, b| account(inventory, a) == account(inventory, b)) {
        let range = start..start + of_account.len();
        start = range.end;
        statements.push(statement(account(inventory, &of_account[0]), range, of_account, gb, rounding)?);
    }
    Ok(statements)
}

fn statement(
    account: &str,
    range: Range<usize>,
    lines: &[Line],
    gb: Gb,
    rounding: &RoundingPolicy,
) -> Result<Statement> {
    let (mut exact, mut raised) = (Amount::ZERO, Amount::ZERO);
    let mut subtotal = Money::ZERO;
    for line in lines {
        exact = exact.checked_add(line.amount)?;
        raised = raised.checked_add(line.raised_amount)?;
        subtotal = subtotal.checked_add(line.amount.printed(gb)?)?;
    }
    let payable = exact.round(gb, rounding.decimals, rounding.mode)?;
    Ok(Statement {
        billing_account_id: account.to_owned(),
        lines: range,
        exact,
        subtotal,
        adjustment: payable.checked_sub(subtotal)?,
        payable,
        assumed: lines.iter().any(|line| line.price.status == PriceStatus::Assumed),
        raised_cost: raised.printed(gb)?,
        raised_hours: lines.iter().map(|line| line.signed_hours().1).sum(),
    })
}
