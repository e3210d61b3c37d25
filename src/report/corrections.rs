//! Corrections of a closed month: hour by hour, what was billed from its archive and is taken back, and what takes its place.

use super::{Corrected, Report, assemble::report, options::ReportOptions};
use crate::{
    catalog::Catalog,
    error::{Error, Result},
    meter::{Collected, HourlyUsage, Metered},
    model::{inventory::Inventory, money::Amount, money::Money, time::Hour, time::Offset},
    rating::{DayCost, Line, account, rate},
    statement::{Statement, statements},
};
use std::{collections::BTreeMap, sync::Arc};

/// Bills a closed month anew, and gives what differs from its archive: for every changed hour of a connection and sender two
/// lines, the archived one taken back and then the new one, in that hour. An end that has no record of an hour on one side
/// has a line of 0 bytes and no metered hour there. Unchanged hours have no lines.
///
/// Both are priced by the same catalog, over the same connections and link changes. An account's `payable` is that of the
/// month as it is metered now less that of the archive, each rounded by itself; the adjustment leads there. What is said of
/// the month beside lines, control totals, findings and the usage digest, is of the month as it is metered now.
///
/// # Errors
///
/// Those of [`report()`] of either; [`Usage`](crate::ErrorKind::Usage) where lines are grouped, or where both are not of one
/// inventory and period.
pub fn corrections(
    archived: &Metered,
    metered: &Metered,
    catalog: &Catalog,
    options: ReportOptions,
) -> Result<Report> {
    if options.by.is_some() {
        return Err(Error::setting("by", "groups no corrections: each belongs to its hour"));
    }
    let inventory = metered.inventory();
    if !Arc::ptr_eq(archived.inventory(), inventory) || archived.usage().period() != metered.usage().period()
    {
        return Err(Error::usage("a month is corrected by one of the same connections and period"));
    }
    let whole = ReportOptions { hourly: false, daily: false, ..options.clone() };
    let undigested = ReportOptions { without_digest: true, ..whole.clone() };
    let (before, after) = (report(archived, catalog, undigested)?, report(metered, catalog, whole)?);
    let [taken_back, placed] = changed_hours(archived.usage(), metered.usage())?;
    let only = options.account.as_deref();
    let lines = |usage: &HourlyUsage| rate(usage, inventory, catalog, true, only);
    let lines = paired(lines(&taken_back)?, lines(&placed)?, inventory)?;
    let mut statements = statements(&lines, inventory, catalog.gb, &catalog.rounding)?;
    for statement in &mut statements {
        let payable = |report: &Report| payable(report, &statement.billing_account_id);
        let payable = payable(&after).checked_sub(payable(&before))?;
        (statement.payable, statement.adjustment) = (payable, payable.checked_sub(statement.subtotal)?);
    }
    let days = options.daily.then(|| days(&lines, inventory, metered.offset())).transpose()?;
    let corrected = Corrected {
        usage_digest: archived.digest()?,
        payable_before: before.payable()?,
        payable_after: after.payable()?,
    };
    let options = ReportOptions { hourly: true, ..options };
    Ok(Report { options, lines, days, statements, groups: None, corrects: Some(corrected), ..after })
}

/// What an account pays; nothing where it has no line.
fn payable(report: &Report, account_id: &str) -> Money {
    let own = |statement: &&Statement| statement.billing_account_id == account_id;
    report.statements.iter().find(own).map_or(Money::ZERO, |statement| statement.payable)
}

/// The hours in which two meterings differ, as either has them.
fn changed_hours(archived: &HourlyUsage, metered: &HourlyUsage) -> Result<[HourlyUsage; 2]> {
    let mut changed = [archived, metered].map(HourlyUsage::collected);
    archived.try_each_beside(metered, |end, hour, before, after| {
        if before != after {
            for (side, bytes) in changed.iter_mut().zip([before, after]) {
                bytes.into_iter().for_each(|bytes| side.add(end, hour, bytes));
            }
        }
        Ok(())
    })?;
    Ok(changed.map(Collected::finish))
}

/// Both lines of every hour, one after the other: the line that is taken back, then that which takes its place.
fn paired(taken_back: Vec<Line>, placed: Vec<Line>, inventory: &Inventory) -> Result<Vec<Line>> {
    let place = |line: &Line| (account(inventory, line).to_owned(), line.connection, line.sender, line.hour);
    let mut lines = Vec::with_capacity(2 * taken_back.len().max(placed.len()));
    let (mut before, mut after) = (taken_back.into_iter().peekable(), placed.into_iter().peekable());
    loop {
        let (taken_back, placed) = match (before.peek().map(place), after.peek().map(place)) {
            (None, None) => return Ok(lines),
            (one, Some(other)) if one.as_ref().is_none_or(|one| *one > other) => (None, after.next()),
            (Some(one), other) if other.as_ref().is_none_or(|other| one < *other) => (before.next(), None),
            _ => (before.next(), after.next()),
        };
        let Some(like) = taken_back.clone().or(placed.clone()) else { continue };
        lines.push(negated(taken_back.unwrap_or_else(|| without_a_record(&like)))?);
        lines.push(placed.unwrap_or_else(|| without_a_record(&like)));
    }
}

/// What stands opposite a line where there is no record.
fn without_a_record(line: &Line) -> Line {
    let (amount, raised_amount) = (Amount::ZERO, Amount::ZERO);
    Line { bytes: 0, amount, metered_hours: 0, raised_hours: 0, raised_amount, ..line.clone() }
}

fn negated(line: Line) -> Result<Line> {
    let amount = Amount::ZERO.checked_sub(line.amount)?;
    let raised_amount = Amount::ZERO.checked_sub(line.raised_amount)?;
    Ok(Line { is_taken_back: true, amount, raised_amount, ..line })
}

/// What lines add up to, by account and local day.
fn days(lines: &[Line], inventory: &Inventory, offset: Offset) -> Result<Vec<DayCost>> {
    let mut days: BTreeMap<(&str, Hour), DayCost> = BTreeMap::new();
    for line in lines {
        let Some(hour) = line.hour else { continue };
        let (id, start) = (account(inventory, line), offset.day_of(hour).start);
        let new = || DayCost { billing_account_id: id.to_owned(), start, bytes: 0, amount: Amount::ZERO };
        let day = days.entry((id, start)).or_insert_with(new);
        crate::model::checked_add_signed(&mut day.bytes, line.signed_bytes()?, "a day")?;
        day.amount = day.amount.checked_add(line.amount)?;
    }
    Ok(days.into_values().collect())
}
