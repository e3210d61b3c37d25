//! Advice about a schedule: how the traffic lies to its windows, and from which share on it does not pay.

use super::{Schedule, WindowAdvice};
use crate::{
    catalog::Catalog,
    error::{Error, ErrorKind, Result},
    estimate::scenario::{ConnectionCosts, connection_costs},
    model::{
        link::{LinkHistory, LinkType},
        money::{Amount, Money, PRINTED_DECIMALS},
        time::Offset,
    },
    rating::rate,
    report::Traffic,
};
use std::sync::Arc;

/// How the traffic of a connection, or of all, lies to a schedule; in percent, to 2 decimals.
///
/// Traffic is weighed by the difference of its two prices. Where one pair of prices holds for all of it, these are
/// shares of the bytes.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The connection's id; `None`: all of them.
    pub connection: Option<Arc<str>>,
    /// In hours that lie wholly within windows.
    pub in_windows: Money,
    /// In further hours that switches lift to Platinum (R7).
    pub lifted: Money,
    /// All-Platinum is no dearer than the schedule once the windows hold this share: 100 less what is lifted.
    pub break_even: Money,
}

/// Advice about a schedule.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct ScheduleAdvice {
    /// The offset that the windows are at.
    pub offset: Offset,
    /// Its windows, with when to switch.
    pub windows: Vec<WindowAdvice>,
    /// Gaps between windows in which no hour is billed at Gold.
    pub gaps_without_gold: Vec<String>,
    /// Shares of the traffic, by connection and in all; empty where a price is missing, or where Platinum is not
    /// the dearer.
    pub shares: Vec<Share>,
    /// The prices that are missing for the shares.
    pub missing: Option<Error>,
    /// Whether an assumed price touched the shares (R18).
    pub assumed: bool,
}

impl ScheduleAdvice {
    /// Looks at how the traffic lies to `schedule`.
    pub(in crate::estimate) fn of(
        schedule: &Schedule,
        traffic: Traffic<'_>,
        catalog: &Catalog,
    ) -> Result<Self> {
        let ((shares, assumed), missing) = match shares(schedule, traffic, catalog) {
            Err(error) if error.kind() == ErrorKind::MissingPrice => ((Vec::new(), false), Some(error)),
            shares => (shares?, None),
        };
        Ok(Self {
            offset: schedule.offset(),
            windows: schedule.windows(),
            gaps_without_gold: schedule.gaps_without_gold(),
            shares,
            missing,
            assumed,
        })
    }
}

/// The shares, and whether an assumed price touched them.
fn shares(schedule: &Schedule, traffic: Traffic<'_>, catalog: &Catalog) -> Result<(Vec<Share>, bool)> {
    let period = traffic.metered.usage().period();
    let cost = |history: LinkHistory| -> Result<ConnectionCosts> {
        let link_types = traffic.inventory().with_histories(|_| history.clone());
        let account = traffic.options.account.as_deref();
        connection_costs(&rate(traffic.metered.usage(), &link_types, catalog, false, account)?)
    };
    let [gold, platinum] = LinkType::ALL.map(|link_type| cost(LinkHistory::constant(link_type)));
    let (gold, platinum) = (gold?, platinum?);
    let scheduled = cost(schedule.history(period))?;
    let whole = cost(schedule.history_of_whole_hours(period))?;
    let mut shares = Vec::new();
    let mut sums = [Amount::ZERO; 3];
    for (&index, lowest) in &gold {
        // Every scenario has the same connections: they depend on the traffic alone.
        let above = |costs: &ConnectionCosts| {
            costs.get(&index).map_or(Ok(Amount::ZERO), |cost| cost.amount.checked_sub(lowest.amount))
        };
        let differences = [above(&whole)?, above(&scheduled)?, above(&platinum)?];
        for (sum, difference) in sums.iter_mut().zip(differences) {
            *sum = sum.checked_add(difference)?;
        }
        shares.extend(share(Some(traffic.inventory().connection(index).id.clone()), differences)?);
    }
    shares.extend(share(None, sums)?);
    let assumed = gold.values().chain(platinum.values()).any(|cost| cost.assumed);
    Ok((shares, assumed))
}

/// From what whole hours, the schedule and all-Platinum cost more than all-Gold.
fn share(connection: Option<Arc<str>>, [whole, scheduled, all]: [Amount; 3]) -> Result<Option<Share>> {
    let lifted = scheduled.checked_sub(whole)?;
    let (Some(in_windows), Some(lifted)) = (whole.percent_of(all)?, lifted.percent_of(all)?) else {
        return Ok(None);
    };
    let hundred = Money::from_units(100 * 10i128.pow(PRINTED_DECIMALS));
    Ok(Some(Share { connection, in_windows, lifted, break_even: hundred.checked_sub(lifted)? }))
}
