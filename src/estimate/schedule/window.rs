//! What to know about one window: its hours, and when to switch.

use super::weekly::Schedule;
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

/// A window, and when to switch in it; times are clocks at the offset of the schedule.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowAdvice {
    /// Its days and times, `Mon-Fri 09:00-18:00`.
    pub window: String,
    /// Hours that lie wholly within it.
    pub whole_hours: i64,
    /// Further hours that its switches lift to Platinum (R7).
    pub lifted_hours: i64,
    /// When to switch up: just after an hour has begun.
    pub up_at: String,
    /// When to switch down: just before an hour ends.
    pub down_at: String,
}

impl WindowAdvice {
    /// Of a window that begins at this minute of these days and is so many minutes long.
    pub(super) fn new(days: &[usize], start: i64, length: i64) -> Self {
        let end = start + length;
        let up = (start + 59).div_euclid(60) * 60;
        let down = (end + 59).div_euclid(60) * 60;
        let whole_hours = (end.div_euclid(60) - up / 60).max(0);
        let window = format!("{} {}-{}", day_names(days), clock(start), end_clock(start, end));
        if length >= WEEK {
            let never = || "never".to_owned();
            return Self {
                window: "always".into(),
                whole_hours,
                lifted_hours: 0,
                up_at: never(),
                down_at: never(),
            };
        }
        Self {
            window,
            whole_hours,
            // R7: from the hour of the switch up to that of the switch down, hh:00:00 included.
            lifted_hours: end.div_euclid(60) - start.div_euclid(60) + 1 - whole_hours,
            up_at: format!("{}:00", clock(if up < down { up } else { start })),
            down_at: format!("{}:59", clock(down - 1)),
        }
    }

    /// Whether it is too short to pay: no whole hour lies in it, so everything that it costs is in hours that its
    /// switches lift.
    pub fn too_short(&self) -> bool {
        self.whole_hours == 0
    }
}

/// The end of a window as a clock; `24:00` where that is midnight. From a day of length on it says how many days later.
fn end_clock(start: i64, end: i64) -> String {
    let days = end.div_euclid(DAY) - start.div_euclid(DAY);
    match end - start.div_euclid(DAY) * DAY {
        DAY => "24:00".into(),
        _ if end - start < DAY => clock(end),
        _ if days == 1 => format!("{} a day later", clock(end)),
        _ => format!("{} {days} days later", clock(end)),
    }
}

fn day_names(days: &[usize]) -> String {
    let mut names = Vec::new();
    for run in days.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, .., last] => names.push(format!("{}-{}", DAYS[*first], DAYS[*last])),
            [only] => names.push(DAYS[*only].to_owned()),
            [] => {}
        }
    }
    names.join(",")
}

/// The days of a week as they are written.
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Minutes of a day.
pub(super) const DAY: i64 = 24 * 60;
/// Minutes of a week.
pub(super) const WEEK: i64 = 7 * DAY;

/// `09:00`, whatever the day.
pub(super) fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute.rem_euclid(DAY) / 60, minute.rem_euclid(60))
}

/// `Mon 09:00`, also in a later week.
pub(super) fn day_and_clock(minute: i64) -> String {
    format!("{} {}", DAYS[(minute.div_euclid(DAY) % 7) as usize], clock(minute))
}

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
