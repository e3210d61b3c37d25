//! The rest of a month that is not over, by the mean of the same hour of the week so far: an estimate, and no bill.

use crate::{
    catalog::Catalog,
    error::{Error, Result},
    meter::{HourlyUsage, Metered},
    model::{
        checked_add,
        connection::Connection,
        money::{Amount, Money},
        time::{Hour, Period},
        usage::{EndIndex, Sender},
    },
    report::{Report, ReportOptions, ReportRow, Traffic},
};
use std::collections::BTreeMap;

/// The name under which its lines stand beside those of scenarios.
pub const FORECAST: &str = "forecast";

/// Hours of a week.
pub const HOURS_PER_WEEK: u64 = 168;

/// What the rest of a month would cost if it went on as so far: an estimate, never part of what is payable.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The hours so far, whose means it takes.
    pub basis: Period,
    /// The hours of the month behind them, which it is of.
    pub rest: Period,
    /// How many hours of ends are left out, because their connection was not there in the same hour of any week so far.
    pub left_out: u64,
    /// What it costs by account, and what that makes with what is billed so far.
    pub accounts: Vec<ForecastAccount>,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
    /// Its lines, priced as those of a bill.
    pub(crate) report: Report,
}

/// What an account would pay for the rest of a month; amounts are not rounded but for print.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastAccount {
    /// The account that pays (R2).
    pub billing_account_id: String,
    /// Bytes that it would send, of each hour rounded half to even.
    pub bytes: u128,
    /// What they cost, half to even at 10 decimals.
    pub cost: Money,
    /// What is billed so far, unrounded.
    pub so_far: Money,
    /// Both together: what the month would come to, before the one rounding.
    pub month: Money,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
}

impl Forecast {
    /// What all accounts would pay for the rest of the month, as it is printed.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the sum is beyond exact amounts.
    pub fn cost(&self) -> Result<Money> {
        let costs = self.accounts.iter().map(|own| own.cost);
        costs.into_iter().try_fold(Money::ZERO, Money::checked_add)
    }

    /// Its rows: the lines of the traffic, and no adjustment, as nothing of it is payable.
    pub fn rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> + '_ {
        self.report.rows().filter(|row| !row.as_ref().is_ok_and(ReportRow::is_adjustment))
    }
}

/// The forecast of the rest of a month; `billed` is the report of what was metered, where it is there already.
pub(super) fn forecast(
    billed: Option<&Report>,
    metered: &Metered,
    options: &ReportOptions,
    catalog: &Catalog,
) -> Result<Forecast> {
    let basis = metered.usage().period();
    let rest = Period { start: basis.end, end: metered.month().period(metered.offset()).end };
    if metered.until().is_none() {
        return Err(Error::setting("forecast", "needs the instant until which there is traffic"));
    }
    if basis.hours() < HOURS_PER_WEEK {
        let why =
            format!("needs a whole week of hours, {HOURS_PER_WEEK}: {} of the month are over", basis.hours());
        return Err(Error::setting("forecast", why));
    }
    let (usage, left_out) = continued(metered, rest)?;
    let options = ReportOptions { budgets: None, daily: false, ..options.clone() };
    let price = |metered: &Metered| {
        Traffic { metered, options: &options, measured: false }.report(metered.inventory(), catalog)
    };
    let report = price(&metered.with_usage(usage))?;
    let accounts = match billed {
        Some(billed) => accounts(&report, billed)?,
        None => accounts(&report, &price(metered)?)?,
    };
    Ok(Forecast { basis, rest, left_out, accounts, assumed: report.assumed(), report })
}

/// What accounts would pay for the rest, beside what is billed so far; those also that pay for one of them alone.
fn accounts(rest: &Report, so_far: &Report) -> Result<Vec<ForecastAccount>> {
    let gb = rest.catalog.gb;
    let mut sums: BTreeMap<&str, (u128, [Amount; 2], bool)> = BTreeMap::new();
    for (side, report) in [so_far, rest].into_iter().enumerate() {
        for statement in &report.statements {
            let id = statement.billing_account_id.as_str();
            let (bytes, amounts, assumed) = sums.entry(id).or_insert((0, [Amount::ZERO; 2], false));
            amounts[side] = amounts[side].checked_add(statement.exact)?;
            *assumed |= statement.assumed;
            if side == 1 {
                for line in &report.lines[statement.lines.clone()] {
                    checked_add(bytes, line.bytes, "a forecast")?;
                }
            }
        }
    }
    let account = |(id, (bytes, [so_far, cost], assumed)): (&str, (u128, [Amount; 2], bool))| {
        Ok(ForecastAccount {
            billing_account_id: id.to_owned(),
            bytes,
            cost: cost.printed(gb)?,
            so_far: so_far.printed(gb)?,
            month: so_far.checked_add(cost)?.printed(gb)?,
            assumed,
        })
    };
    sums.into_iter().map(account).collect()
}

/// The same hours of the week, of so many connections, are held at once.
const CONNECTIONS_AT_ONCE: usize = 1 << 14;

/// The hours of `rest`, each with the mean of the same hour of the week; and how many hours have none so far.
fn continued(metered: &Metered, rest: Period) -> Result<(HourlyUsage, u64)> {
    let (usage, connections) = (metered.usage(), metered.inventory().connections());
    let month = metered.month().period(metered.offset());
    let mut continued = HourlyUsage::new(month, connections.len(), usage.threads()).collected();
    let mut left_out = 0;
    for first in (0..connections.len()).step_by(CONNECTIONS_AT_ONCE) {
        let count = CONNECTIONS_AT_ONCE.min(connections.len() - first);
        let weeks = Weeks::of(usage, first, count)?;
        for hour in (rest.start.index()..rest.end.index()).map(Hour::from_index) {
            for (place, connection) in connections[first..first + count].iter().enumerate() {
                if !connection.hours_in(rest).contains(hour) {
                    continue;
                }
                for sender in Sender::ALL {
                    let own = EndIndex::new(place, sender);
                    if !weeks.has_any(own) {
                        continue;
                    }
                    match weeks.mean(own, connection, usage.period(), hour) {
                        Mean::Of(bytes) => {
                            continued.add(EndIndex::new(first + place, sender), hour, bytes);
                        }
                        Mean::OfNoHour => left_out += 1,
                        Mean::OfNoRecord => {}
                    }
                }
            }
        }
    }
    Ok((continued.finish(), left_out))
}

/// The mean of the same hours of the week.
enum Mean {
    Of(u128),
    /// The connection was there in them, and none has a record.
    OfNoRecord,
    /// The connection was in none of them.
    OfNoHour,
}

/// What ends sent in each hour of the week, over all weeks so far.
struct Weeks {
    /// By end and hour of the week: the sum, where any hour has a record.
    sums: Vec<Option<u128>>,
}

impl Weeks {
    fn of(usage: &HourlyUsage, first: usize, count: usize) -> Result<Self> {
        let mut sums = vec![None; count * Sender::ALL.len() * HOURS_PER_WEEK as usize];
        usage.try_each(|row| {
            row.try_each(|cell| {
                if !(first..first + count).contains(&cell.connection) {
                    return Ok(());
                }
                let end = EndIndex::new(cell.connection - first, cell.sender);
                checked_add(
                    sums[Self::place(end, cell.hour)].get_or_insert(0),
                    cell.bytes,
                    "an hour of the week",
                )
            })
        })?;
        Ok(Self { sums })
    }

    fn place(end: EndIndex, hour: Hour) -> usize {
        end.index() * HOURS_PER_WEEK as usize + hour_of_week(hour)
    }

    fn has_any(&self, end: EndIndex) -> bool {
        let first = end.index() * HOURS_PER_WEEK as usize;
        self.sums[first..first + HOURS_PER_WEEK as usize].iter().any(Option::is_some)
    }

    fn mean(&self, end: EndIndex, connection: &Connection, basis: Period, hour: Hour) -> Mean {
        match (same_hours(connection.hours_in(basis), hour), self.sums[Self::place(end, hour)]) {
            (0, _) => Mean::OfNoHour,
            (_, None) => Mean::OfNoRecord,
            (count, Some(sum)) => Mean::Of(mean(sum, count)),
        }
    }
}

/// Weeks begin anywhere: whole weeks apart is all that counts.
fn hour_of_week(hour: Hour) -> usize {
    hour.index().rem_euclid(HOURS_PER_WEEK as i64) as usize
}

/// How many hours of a period lie whole weeks from this one.
fn same_hours(period: Period, hour: Hour) -> u64 {
    let week = HOURS_PER_WEEK as i64;
    let first = period.start.index() + (hour.index() - period.start.index()).rem_euclid(week);
    if first >= period.end.index() { 0 } else { ((period.end.index() - 1 - first) / week + 1) as u64 }
}

/// A sum by a count, rounded half to even.
fn mean(sum: u128, count: u64) -> u128 {
    let count = u128::from(count);
    let (whole, rest) = (sum / count, sum % count);
    let up = 2 * rest > count || 2 * rest == count && whole % 2 == 1;
    whole + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MeterSettings, TrafficSource, estimate::of_history, inventory, meter};
    use proptest::prelude::*;

    #[test]
    fn means_are_rounded_half_to_even() {
        for (sum, count, rounded) in
            [(10, 4, 2), (14, 4, 4), (9, 4, 2), (11, 4, 3), (0, 3, 0), (1, 3, 0), (2, 3, 1)]
        {
            assert_eq!(mean(sum, count), rounded, "{sum}/{count}");
        }
    }

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
        link_type,created_at,deleted_at\n\
        pcc-1,1,cn-beijing,2,cn-shanghai,Gold,,\n\
        pcc-2,1,cn-beijing,1,cn-beijing,,2026-10-09T05:00:00Z,\n\
        pcc-3,3,cn-beijing,2,cn-shanghai,Platinum,,2026-10-29T03:20:00Z\n";
    /// 2026-09-30T16:00:00Z, the start of October at +08:00.
    const START: i64 = 497_440;
    const HOURS: i64 = 744;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_rest_is_the_mean_of_the_same_hours_of_the_week(
            records in prop::collection::vec((0usize..3, 0usize..2, 0i64..HOURS, 0u64..1000), 0..400),
            until in 168i64..=HOURS,
        ) {
            let inventory = inventory(CONNECTIONS, None).unwrap();
            let lives = [(0, HOURS), (205, HOURS), (0, 684)];
            // One record of an hour, within the life of its connection.
            let mut sent = BTreeMap::new();
            for (connection, sender, hour, bytes) in records {
                if (lives[connection].0..lives[connection].1).contains(&hour) {
                    sent.entry((connection, sender, hour)).or_insert(bytes);
                }
            }
            let row = |(&(connection, sender, hour), bytes): (&(usize, usize, i64), &u64)| {
                format!("{},pcc-{},{},{bytes}\n", (START + hour) * 3600, connection + 1, Sender::ALL[sender])
            };
            let text = format!("timestamp,connection_id,sender,bytes\n{}", sent.iter().map(row).collect::<String>());
            let mut settings = MeterSettings::new("2026-10".parse().unwrap());
            settings.until = Some(Hour::from_index(START + until));
            let metered = meter(&[TrafficSource::from_bytes("u.csv", text)], inventory, &settings).unwrap();
            let rest = Period { start: Hour::from_index(START + until), end: Hour::from_index(START + HOURS) };
            let (usage, left_out) = continued(&metered, rest).unwrap();
            let found: BTreeMap<_, _> = usage.metered_hours().unwrap().into_iter()
                .map(|own| ((own.connection, own.sender as usize, own.hour.index() - START), own.bytes)).collect();
            let (mut expected, mut none) = (BTreeMap::new(), 0);
            for (connection, &(born, dead)) in lives.iter().enumerate() {
                for sender in 0..2 {
                    let own = |hour: i64| sent.get(&(connection, sender, hour));
                    if !(0..until).any(|hour| own(hour).is_some()) {
                        continue;
                    }
                    for hour in (until..HOURS).filter(|hour| (born..dead).contains(hour)) {
                        let same: Vec<i64> = (0..until).filter(|own| (hour - own) % 168 == 0
                            && (born..dead).contains(own)).collect();
                        none += u64::from(same.is_empty());
                        if same.iter().any(|&hour| own(hour).is_some()) {
                            let sum: u64 = same.iter().filter_map(|&hour| own(hour)).sum();
                            // Twice the mean, rounded half to even.
                            let (whole, rest) = (sum / same.len() as u64, 2 * (sum % same.len() as u64));
                            let up = rest > same.len() as u64 || rest == same.len() as u64 && whole % 2 == 1;
                            expected.insert((connection, sender, hour), u128::from(whole + u64::from(up)));
                        }
                    }
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(left_out, none);
        }
    }

    #[test]
    fn a_forecast_is_beside_the_bill_and_no_part_of_it() {
        // 100 GB each Thursday at 11:00 at +08:00: three so far, two to come.
        let row = |day: u32| format!("2026-10-{day:02}T03:00:00Z,pcc-1,requester,107374182400\n");
        let text = format!("timestamp,connection_id,sender,bytes\n{}{}{}", row(1), row(8), row(15));
        let mut settings = MeterSettings::new("2026-10".parse().unwrap());
        let metered = |settings: &MeterSettings| {
            let source = TrafficSource::from_bytes("u.csv", text.clone());
            meter(&[source], inventory(CONNECTIONS, None).unwrap(), settings).unwrap()
        };
        let catalog = Catalog::shipped("china-site").unwrap();
        let options = ReportOptions::default();
        let estimated = |settings: &MeterSettings| {
            let metered = metered(settings);
            of_history(&metered, &options, None, &catalog, &[])?.with_forecast(&metered, &options, &catalog)
        };
        assert_eq!(estimated(&settings).unwrap_err().kind(), crate::ErrorKind::Usage);
        settings.until = Some(Hour::from_index(START + 167));
        assert!(estimated(&settings).unwrap_err().to_string().contains("167 of the month"));
        settings.until = Some(Hour::from_index(START + 20 * 24));
        let estimate = estimated(&settings).unwrap();
        assert_eq!(estimate.payable(&estimate.scenarios[0]).unwrap().unwrap().to_string(), "144.00");
        let forecast = estimate.forecast.unwrap();
        let [account] = &forecast.accounts[..] else { panic!("{:?}", forecast.accounts) };
        let told = [account.cost, account.so_far, account.month].map(|money| money.to_string());
        assert_eq!((told, account.bytes), (["96.00", "144.00", "240.00"].map(String::from), 214_748_364_800));
        assert_eq!(forecast.rows().count(), 1);
    }
}
