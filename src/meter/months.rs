//! Months that are metered together, in one reading: what every one of them would see alone.
//!
//! A record is of one month, and for every other one it lies outside the period, whatever becomes of it in its own. So
//! what is found is kept by month, beside what all of them share; only an entry of a flow log that lies in several
//! months is looked at once for each.

use super::{
    hourly::HourlyUsage,
    metered::{MeterSettings, Metered, Reading, Refused},
    refused::{Keep, Refusals, RefusedRecord},
    totals::{ControlTotals, Count, OutsideMonths, UnknownConnections},
};
use crate::{
    error::{Fault, FaultCode, Result},
    model::{
        inventory::Inventory,
        time::{BillingMonth, Offset, Period},
    },
    read::record::Notes,
};
use std::sync::Arc;

/// A tick is at least 2^20 nanoseconds, about a millisecond: see [`Months::tick_bits`].
const BITS_OF_SHORTEST_TICK: u32 = 20;

/// The periods that are metered together, each beginning where the one before ends.
#[derive(Debug)]
pub(super) struct Months {
    periods: Vec<Period>,
    /// By month: the hour after its last, counted from the start of the first.
    ends: Vec<u32>,
    /// Two to this power nanoseconds from the start of the first are one tick, so that no month has ticks that do not fit 32 bits.
    pub tick_bits: u32,
}

impl Months {
    /// Of periods that begin where the one before ends; at least one.
    pub fn new(periods: &[Period]) -> Self {
        let whole = whole(periods);
        // OK because no months that are metered together have 2^32 hours.
        let end = |period: &Period| (period.end.index() - whole.start.index()) as u32;
        const NANOS_PER_HOUR: i64 = 3_600_000_000_000;
        // OK because no period has 2^21 hours, which are 292 years.
        let nanos = whole.hours() as i64 * NANOS_PER_HOUR;
        let fits = |bits: &u32| nanos >> bits < i64::from(u32::MAX - 1);
        // OK because 64 bits without 32 of them fit.
        let tick_bits = (BITS_OF_SHORTEST_TICK..=32).find(fits).unwrap_or(32);
        Self { periods: periods.to_vec(), ends: periods.iter().map(end).collect(), tick_bits }
    }

    pub fn count(&self) -> usize {
        self.periods.len()
    }

    /// The month of an hour, which is counted from the start of the first.
    #[inline]
    pub fn of(&self, hour: u32) -> usize {
        match self.ends.len() {
            1 => 0,
            _ => self.ends.partition_point(|end| *end <= hour),
        }
    }
}

/// From the start of the first to the end of the last.
pub(super) fn whole(periods: &[Period]) -> Period {
    let joined = periods.iter().fold(None, |joined, period: &Period| Some(period.joined(joined)));
    // OK because there is at least one; without any, nothing lies inside.
    joined.unwrap_or(Period {
        start: crate::model::time::Hour::from_index(0),
        end: crate::model::time::Hour::from_index(0),
    })
}

/// Where records went, and why some were refused.
#[derive(Default)]
pub(super) struct Told {
    pub totals: ControlTotals,
    pub refusals: Refusals,
    pub outside: OutsideMonths,
}

impl Told {
    pub fn merge(&mut self, later: Self, keep: Keep) -> Result<()> {
        self.totals.merge(&later.totals)?;
        self.refusals.merge(later.refusals, keep);
        self.outside.merge(later.outside);
        Ok(())
    }
}

/// What was found of one of the months.
#[derive(Default)]
pub(super) struct MonthFound {
    /// Where its records went. What was read is counted once, for all months: here stands what rounding adds to it.
    pub told: Told,
    pub unknown: UnknownConnections,
    /// Entries of flow logs that are its traffic.
    pub entries: u64,
    /// Records that lie in this month alone: for the others they lie outside their periods.
    pub alone: Count,
    /// What rounding each of those by itself adds to their bytes.
    pub alone_rounding: u128,
}

impl MonthFound {
    pub fn merge(&mut self, later: Self, keep: Keep) -> Result<()> {
        self.told.merge(later.told, keep)?;
        self.unknown.merge(later.unknown);
        self.entries += later.entries;
        self.alone_rounding += later.alone_rounding;
        self.alone.merge(&later.alone)
    }
}

/// What a reading of several months gives.
pub(crate) struct Readings {
    /// Of each month; where there are several, each keeps the first of its refused records.
    pub months: Vec<Reading>,
    /// What was refused in any of them, where there are several.
    pub together: Option<Refusals>,
}

/// The readings of all months, each as it would be alone.
pub(super) fn readings(
    usage: HourlyUsage,
    (all, own): (Told, Vec<MonthFound>),
    notes: &Notes,
    months: &Months,
    offset: Offset,
    keep: Keep,
) -> Result<Readings> {
    let usages = usage.by_months(&months.periods)?;
    if let [_] = months.periods[..] {
        let own = own.into_iter().next().unwrap_or_default();
        let reading = reading_of(usages.into_iter().next(), all, own, notes, keep)?;
        return Ok(Readings { months: reading.into_iter().collect(), together: None });
    }
    let alone: Vec<(Count, u128)> = own.iter().map(|own| (own.alone, own.alone_rounding)).collect();
    let firsts: Vec<Refusals> = own.iter().map(|own| own.told.refusals.first_ones()).collect();
    let first = all.refusals.first_ones();
    let mut own = own;
    let mut together = all.refusals;
    for month in &mut own {
        together.merge(std::mem::take(&mut month.told.refusals), keep);
    }
    together.once();
    together.in_order();
    let mut readings = Vec::with_capacity(own.len());
    let found = own.into_iter().zip(firsts).zip(usages);
    for (month, ((own, refusals), usage)) in found.enumerate() {
        let mut shared = Told { totals: all.totals, refusals: first.clone(), outside: all.outside.clone() };
        for (other, &(count, rounding)) in alone.iter().enumerate().filter(|(other, _)| *other != month) {
            let rounded = Count { bytes: count.bytes + rounding, ..count };
            shared.totals.outside_period.merge(&rounded)?;
            shared.totals.read.bytes += rounding;
            if count.records > 0 {
                shared.outside.add(months.periods[other].start, count.records, offset);
            }
        }
        let own = MonthFound { told: Told { refusals, ..own.told }, ..own };
        readings.extend(reading_of(Some(usage), shared, own, notes, Keep::First)?);
    }
    Ok(Readings { months: readings, together: Some(together) })
}

fn reading_of(
    usage: Option<HourlyUsage>,
    mut told: Told,
    own: MonthFound,
    notes: &Notes,
    keep: Keep,
) -> Result<Option<Reading>> {
    told.merge(own.told, keep)?;
    let Told { totals, mut refusals, outside } = told;
    refusals.in_order();
    totals.check()?;
    let mut notes = *notes;
    notes.entries += own.entries;
    let (unknown, outside) = (own.unknown, outside.into_counts());
    Ok(usage.map(|usage| Reading { usage, totals, refusals, unknown, outside, notes }))
}

/// Months that were metered together.
#[derive(Debug, Clone)]
pub struct MeteredMonths {
    months: Vec<Metered>,
    together: Option<Refusals>,
}

impl From<Metered> for MeteredMonths {
    fn from(metered: Metered) -> Self {
        Self { months: vec![metered], together: None }
    }
}

impl MeteredMonths {
    pub(super) fn new(
        inventory: &Arc<Inventory>,
        settings: &MeterSettings,
        months: &[BillingMonth],
        readings: Readings,
    ) -> Result<Self> {
        let Readings { months: of_months, together } = readings;
        match (&together, settings.refused) {
            (Some(together), Refused::Fail) => together.refuse_faults(inventory)?,
            (Some(together), Refused::Keep) => together.refuse_too_many(settings.refused_memory)?,
            _ => {}
        }
        let last = months.len().saturating_sub(1);
        let metered = months.iter().zip(of_months).enumerate().map(|(place, (&month, reading))| {
            let until = settings.until.filter(|_| place == last);
            Metered::new(inventory.clone(), &MeterSettings { month, until, ..*settings }, reading)
        });
        Ok(Self { months: metered.collect::<Result<_>>()?, together })
    }

    /// The months, in their order: each as it is when it is metered alone. Of refused records each keeps the first ones.
    pub fn months(&self) -> &[Metered] {
        &self.months
    }

    /// Adds months that were metered by themselves.
    pub fn extend(&mut self, later: Self) {
        let mut together = self.refusals().clone();
        together.merge(later.refusals().clone(), Keep::All { bytes: u64::MAX });
        together.in_order();
        self.months.extend(later.months);
        self.together = Some(together);
    }

    /// Refused records of all months, each once, in the order of the input: all with [`Refused::Keep`], otherwise the
    /// first ones.
    pub fn refused(&self) -> &[RefusedRecord] {
        &self.refusals().records
    }

    /// How many of those that are kept are refused for a cause, and are not dropped copies.
    pub fn refused_for_cause(&self) -> u64 {
        let for_cause = |record: &&RefusedRecord| record.fault.code != FaultCode::DroppedCopy;
        self.refused().iter().filter(for_cause).count() as u64
    }

    /// Why records are refused in any month: see [`Metered::causes`].
    pub fn causes(&self) -> Vec<Fault> {
        self.refusals().causes.clone().listed()
    }

    fn refusals(&self) -> &Refusals {
        static NONE: std::sync::LazyLock<Refusals> = std::sync::LazyLock::new(Refusals::default);
        let first = self.months.first().map(|metered| &metered.reading.refusals);
        self.together.as_ref().or(first).unwrap_or(&NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meter::{Duplicates, meter, meter_months},
        model::time::{Hour, MonthRange},
        read::{
            TrafficSource,
            cloudmonitor::{CloudMonitor, Unit},
        },
    };
    use proptest::prelude::*;

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
        link_type,requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs,created_at,deleted_at\n\
        pcc-1,1,cn-beijing,2,cn-shanghai,Gold,vpc-1,vpc-2,10.0.0.0/16,172.16.0.0/16,,\n\
        pcc-2,1,cn-beijing,1,cn-beijing,,vpc-3,vpc-4,10.1.0.0/16,172.17.0.0/16,2026-07-31T16:00:00Z,2026-08-31T16:00:00Z\n\
        pcc-3,3,cn-beijing,4,us-east-1,Platinum,vpc-5,vpc-6,10.2.0.0/16,172.18.0.0/16,2026-08-31T15:30:00Z,2026-09-30T15:59:00Z\n";

    /// Instants near the edges of months at +08:00, from May to November 2026, in seconds.
    fn instants() -> impl Strategy<Value = i64> {
        let edges = ["2026-05", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"];
        let edge = |month: &str| {
            month.parse::<BillingMonth>().unwrap().period(Offset::CHINA).start.start().seconds()
        };
        let edges: Vec<i64> = edges.into_iter().map(edge).collect();
        prop_oneof![
            3 => (prop::sample::select(edges.clone()), -4i64..4).prop_map(|(edge, quarters)| edge + quarters * 900),
            1 => (prop::sample::select(edges), -400i64..400).prop_map(|(edge, hours)| edge + hours * 3600),
        ]
    }

    fn native() -> impl Strategy<Value = String> {
        let id = prop_oneof![4 => Just("pcc-1"), 2 => Just("pcc-2"), 2 => Just("pcc-3"), 1 => Just("pcc-9")];
        let sender = prop_oneof![9 => Just("requester"), 9 => Just("accepter"), 1 => Just("nobody")];
        let bytes =
            prop_oneof![9 => (0u64..1000).prop_map(|bytes| bytes.to_string()), 1 => Just("-5".to_owned())];
        (instants(), id, sender, bytes)
            .prop_map(|(at, id, sender, bytes)| format!("{at},{id},{sender},{bytes}\n"))
    }

    fn flow() -> impl Strategy<Value = String> {
        let route = prop::sample::select(vec![
            ("vpc-1", "172.16.0.9"),
            ("vpc-2", "10.0.0.9"),
            ("vpc-3", "172.17.0.9"),
            ("vpc-5", "172.18.0.9"),
            ("vpc-0", "10.0.0.9"),
        ]);
        let length = prop::sample::select(vec![60i64, 900, 7200, 86_400]);
        (instants(), route, length, 0u64..100_000, 0u32..2).prop_map(|(start, (vpc, to), length, bytes, eni)| format!(
            "{{\"eni-id\":\"eni-{eni}\",\"vpc-id\":\"{vpc}\",\"protocol\":\"6\",\"srcaddr\":\"10.9.9.9\",\"srcport\":\"1\",\
             \"dstaddr\":\"{to}\",\"dstport\":\"443\",\"direction\":\"out\",\"action\":\"ACCEPT\",\"bytes\":\"{bytes}\",\
             \"start\":\"{start}\",\"end\":\"{}\",\"log-status\":\"OK\",\"traffic_path\":\"17\"}}\n",
            start + length
        ))
    }

    fn datapoint() -> impl Strategy<Value = String> {
        // Bits a second over seven seconds leave eighths of bytes.
        let id = prop_oneof![4 => Just("pcc-1"), 1 => Just("pcc-3"), 1 => Just("pcc-9")];
        (instants(), id, 0u64..100).prop_map(|(at, id, rate)| format!("{at},{id},{rate}.125\n"))
    }

    /// All that anybody could see of a month, but for records that are refused: of those the reasons.
    fn seen(metered: &Metered) -> String {
        let Reading { usage, totals, refusals, unknown, outside, notes } = &metered.reading;
        let mut listed = refusals.clone();
        listed = listed.first_ones();
        listed.in_order();
        format!(
            "{} {:?} {totals:?}\n{:?} {} {} {:?}\n{:#?}\n{unknown:?} {outside:?} {notes:?}\n{:?}\n{}",
            metered.month(),
            usage.period(),
            refusals.by_code,
            refusals.for_cause,
            refusals.for_connection,
            refusals.causes.clone().listed(),
            listed.records.iter().map(|own| own.fault.to_string()).collect::<Vec<_>>(),
            usage.metered_hours().unwrap(),
            metered.digest().unwrap(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_of_several_months_is_what_it_is_alone(
            native in prop::collection::vec(native(), 0..40),
            flows in prop::collection::vec(flow(), 0..20),
            datapoints in prop::collection::vec(datapoint(), 0..20),
            copied in prop::collection::vec((0usize..40, 0usize..20), 0..4),
            in_order: bool,
            policy in 0usize..3,
            range in prop::sample::select(vec!["2026-07..2026-09", "2026-Q3", "2026-08..2026-08", "2026-06..2026-11"]),
            until in prop::option::of(1i64..700),
            threads in 1usize..3,
        ) {
            let (mut native, mut flows) = (native, flows);
            for (one, other) in copied {
                native.extend(native.get(one).cloned());
                flows.extend(flows.get(other).cloned());
            }
            if in_order {
                native.sort();
            }
            let settings = CloudMonitor { unit: Unit::BitsPerSecond, period_seconds: Some(7), ..CloudMonitor::default() };
            let mut sources = vec![
                TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{}", native.concat())),
                TrafficSource::from_bytes("m.csv", format!("timestamp,instanceId,Sum\n{}", datapoints.concat()))
                    .as_cloudmonitor(crate::model::usage::Sender::Requester, &settings),
            ];
            if !flows.is_empty() {
                sources.push(TrafficSource::from_bytes("f.json", flows.concat()).as_flow_log());
            }
            let inventory = Arc::new(crate::inventory(CONNECTIONS, None).unwrap());
            let range: MonthRange = range.parse().unwrap();
            let mut settings = MeterSettings::new(range.last());
            settings.duplicates = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum][policy];
            settings.threads = threads;
            settings.until = until.map(|hours| Hour::from_index(settings.period().start.index() + hours));
            settings.refused = Refused::Keep;
            let together = meter_months(&sources, inventory.clone(), &settings, &range.months()).unwrap();
            prop_assert_eq!(together.months().len(), range.months().len());
            let (mut fails, mut refused) = (false, std::collections::BTreeSet::new());
            for (month, own) in range.months().into_iter().zip(together.months()) {
                let until = settings.until.filter(|_| month == range.last());
                let alone = MeterSettings { month, until, ..settings };
                let metered = meter(&sources, inventory.clone(), &alone).unwrap();
                prop_assert_eq!(seen(own), seen(&metered));
                fails |= metered.refused_for_cause() > 0;
                refused.extend(metered.refused().iter().map(|own| (own.source, own.fault.line, own.fault.path.clone())));
            }
            // Each refused record stands once, whatever month refuses it.
            let places: Vec<_> = together.refused().iter().map(|own| (own.source, own.fault.line, own.fault.path.clone())).collect();
            prop_assert_eq!(places.len(), refused.len());
            prop_assert_eq!(places.into_iter().collect::<std::collections::BTreeSet<_>>(), refused);
            settings.refused = Refused::Fail;
            prop_assert_eq!(meter_months(&sources, inventory.clone(), &settings, &range.months()).is_err(), fails);
        }
    }

    #[test]
    fn months_that_do_not_follow_one_another_are_refused() {
        let inventory = Arc::new(crate::inventory(CONNECTIONS, None).unwrap());
        let month = |text: &str| text.parse::<BillingMonth>().unwrap();
        let settings = MeterSettings::new(month("2026-07"));
        for months in
            [vec![], vec![month("2026-07"), month("2026-09")], vec![month("2026-07"), month("2026-07")]]
        {
            let error = meter_months(&[], inventory.clone(), &settings, &months).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
        }
    }

    #[test]
    fn ticks_of_ten_years_fit() {
        let range: MonthRange = "2026-01..2035-12".parse().unwrap();
        let periods: Vec<Period> = range.months().iter().map(|month| month.period(Offset::CHINA)).collect();
        let months = Months::new(&periods);
        let last = ((whole(&periods).hours() as i64 * 3_600_000_000_000 - 1) >> months.tick_bits) + 1;
        assert!(u32::try_from(last).is_ok_and(|tick| tick < u32::MAX), "{last}");
        assert_eq!((months.of(0), months.of(743), months.of(744), months.of(87_647)), (0, 0, 1, 119));
        assert_eq!(Months::new(&periods[..1]).tick_bits, BITS_OF_SHORTEST_TICK);
    }
}
