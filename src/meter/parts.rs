//! Traffic that is metered in parts, on several machines, and put together: hours and counts add up, and whatever was not
//! billed beyond doubt is looked at once more where all of it is.
//!
//! A part holds all copies of every record that it holds, and where it holds rates all of an end and hour ([`group_rows`]
//! tells by numbers what belongs together). So each part decides as one reading of all would, and what it decided can be
//! checked: the same records are refused when those that are in doubt are read by themselves, in the order of the input.

use super::{
    metered::{MeterSettings, Metered, Reading, Refused},
    passes::{groups, read_rows},
    refused::Places,
    totals::{ControlTotals, Count},
};
use crate::{
    error::{Error, ErrorKind, Fault, Result},
    meter::hourly::HourlyUsage,
    model::{
        checked_add,
        inventory::Inventory,
        time::{BillingMonth, Hour},
        usage::{EndIndex, Sender},
    },
    read::{TrafficSource, record::Notes},
};
use std::{collections::BTreeMap, sync::Arc};

/// What a part of the traffic of a month was metered to.
#[derive(Debug, Clone)]
pub struct MeteredPart {
    metered: Metered,
}

impl MeteredPart {
    /// Its hours, its control totals and its refused records, whose faults say where they stand.
    pub fn metered(&self) -> &Metered {
        &self.metered
    }

    /// Which of its rows [`join_parts`] is to read again, counted from 1: those that are refused, with their faults, and those
    /// that are billed and of which copies are refused.
    pub fn doubtful(&self) -> impl Iterator<Item = (u64, Option<&Fault>)> {
        let refusals = &self.metered.reading.refusals;
        let refused = refusals.records.iter().map(|record| (record.number, Some(&record.fault)));
        refused.chain(refusals.originals.iter().map(|number| (*number, None)))
    }

    /// What it counted.
    pub fn counts(&self) -> PartCounts {
        let Reading { totals, outside, notes, .. } = &self.metered.reading;
        PartCounts { totals: *totals, outside: outside.clone(), notes: *notes }
    }
}

/// What parts counted: it adds up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartCounts {
    totals: ControlTotals,
    outside: BTreeMap<BillingMonth, u64>,
    notes: Notes,
}

/// A count by its name: what is counted, the month where it is one outside the period, records and their bytes.
pub type NamedCount = (&'static str, Option<BillingMonth>, u64, u128);

/// The name of counts of records by the month that they lie in, outside the period.
const OUTSIDE_MONTH: &str = "outside_month";

impl PartCounts {
    /// All of them by name: control totals, months outside the period, and what was seen beside records.
    pub fn named(&self) -> Vec<NamedCount> {
        let Self { totals, outside, notes } = self;
        let totals = totals.named().map(|(name, own)| (name, None, own.records, own.bytes));
        let outside = outside.iter().map(|(&month, &records)| (OUTSIDE_MONTH, Some(month), records, 0));
        let notes = notes.named().map(|(name, count)| (name, None, count, 0));
        totals.into_iter().chain(outside).chain(notes).collect()
    }

    /// Adds a count by its name, as [`named`](Self::named) gave it.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where no count has that name; [`Overflow`](ErrorKind::Overflow) where a sum is too large.
    pub fn add(&mut self, name: &str, month: Option<BillingMonth>, records: u64, bytes: u128) -> Result<()> {
        if let (OUTSIDE_MONTH, Some(month)) = (name, month) {
            *self.outside.entry(month).or_default() += records;
            return Ok(());
        }
        if let Some(total) = self.totals.by_name(name) {
            return total.merge(&Count { records, bytes });
        }
        let Some(note) = self.notes.by_name(name) else {
            let why = format!("no part of a metering counts {name:?}");
            return Err(Error::unusable(ErrorKind::Input, "parts", why));
        };
        *note += records;
        Ok(())
    }
}

/// Meters rows that were brought together from several inputs and stand at `places`, each of them one record at most: all copies
/// of each record are among them.
///
/// Refused records are kept, whatever the settings say of them: [`join_parts`] asks what becomes of them.
///
/// # Errors
///
/// As [`meter`](super::meter()), but for refused records; [`Usage`](ErrorKind::Usage) where there are more rows than places.
pub fn meter_part(
    rows: &TrafficSource,
    places: &Places,
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
) -> Result<MeteredPart> {
    let (inventory, settings) = (inventory.into(), MeterSettings { refused: Refused::Keep, ..*settings });
    let reading = read_rows(rows, places, &inventory, &settings.rules())?;
    Ok(MeteredPart { metered: Metered::new(inventory, &settings, reading)? })
}

/// Numbers of rows that are to be metered together: rows of the same number in one part, however many parts there are. Each
/// with its row, counted from 1; rows that are not among them may lie in any part.
///
/// # Errors
///
/// As [`meter`](super::meter()), but for refused records.
pub fn group_rows(rows: &TrafficSource, settings: &MeterSettings) -> Result<Vec<(u64, u64)>> {
    groups(rows, &settings.rules())
}

/// An hour of a part: its start, connection, sender and bytes.
pub type PartHour<'a> = (Hour, &'a str, Sender, u128);

/// Puts parts together: their hours and counts, and all of their rows that are in doubt, in the order of the input.
///
/// The result is that of one metering of all rows.
///
/// # Errors
///
/// As [`meter`](super::meter()); [`Input`](ErrorKind::Input) where the parts are not all of one metering by the same settings and
/// connections: hours lie outside the month or are of unknown connections, or what was refused is not what is refused here.
pub fn join_parts<'a>(
    doubtful: &TrafficSource,
    places: &Places,
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
    hours: impl IntoIterator<Item = PartHour<'a>>,
    counts: PartCounts,
) -> Result<Metered> {
    let inventory = inventory.into();
    let again = read_rows(doubtful, places, &inventory, &settings.rules())?;
    let PartCounts { totals, outside, notes } = counts;
    if again.totals.refused != totals.refused {
        let (here, there) = (again.totals.refused, totals.refused);
        let why = format!(
            "{} records of {} bytes were refused in parts, and {} of {} are when they are put together",
            there.records, there.bytes, here.records, here.bytes
        );
        return Err(of_others(why));
    }
    let period = settings.period();
    let mut usage = HourlyUsage::new(period, inventory.connections().len(), settings.threads).collected();
    let mut sum = 0;
    for (hour, id, sender, bytes) in hours {
        let connection = inventory.index_of(id).filter(|_| period.contains(hour));
        let connection = connection.ok_or_else(|| {
            of_others(format!("{id} in hour {hour} is not of the month or its connections"))
        })?;
        checked_add(&mut sum, bytes, "the bytes of all hours")?;
        usage.add(EndIndex::new(connection, sender), hour, bytes);
    }
    totals.check()?;
    if sum != totals.billed.bytes + totals.free.bytes {
        let counted = totals.billed.bytes + totals.free.bytes;
        return Err(of_others(format!(
            "hours have {sum} bytes, and {counted} were counted as billed or free"
        )));
    }
    let usage = usage.finish();
    Metered::new(inventory, settings, Reading { usage, totals, outside, notes, ..again })
}

fn of_others(why: String) -> Error {
    let why = format!("are not all of one metering by the same settings and connections: {why}");
    Error::unusable(ErrorKind::Input, "parts", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meter::{Duplicates, meter},
        read::{
            Document, InventorySettings,
            cloudmonitor::{CloudMonitor, Unit},
            read_inventory,
        },
        write::quarantine,
    };
    use proptest::prelude::*;

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,\
        link_type,requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs,created_at,deleted_at\n\
        pcc-1,1,cn-beijing,2,cn-shanghai,Gold,vpc-1,vpc-2,10.0.0.0/16,172.16.0.0/16,,\n\
        pcc-2,1,cn-beijing,1,cn-beijing,,vpc-3,vpc-4,10.1.0.0/16,172.17.0.0/16,,2026-10-05T04:30:00Z\n\
        pcc-3,3,cn-beijing,x,us-east-1,Platinum,vpc-5,vpc-6,10.2.0.0/16,172.18.0.0/16,,\n";
    /// 2026-10-05T03:00:00Z
    const START: i64 = 1_791_169_200;

    /// One of the connections is faulty.
    fn inventory() -> Arc<Inventory> {
        let document = Document::new("connections.csv", CONNECTIONS);
        Arc::new(read_inventory(&[document], None, &InventorySettings::new(&|_| Ok(()))).unwrap())
    }

    fn native() -> impl Strategy<Value = String> {
        let id = prop_oneof![6 => Just("pcc-1"), 3 => Just("pcc-2"), 1 => Just("pcc-3"), 1 => Just("pcc-9")];
        let at = prop_oneof![9 => 0i64..20, 1 => Just(-9999i64), 1 => Just(99_999i64)];
        let bytes = prop_oneof![9 => (0u64..9).prop_map(|own| own.to_string()), 1 => Just("-5".to_owned())];
        (at, id, 0..2, bytes, any::<bool>()).prop_map(|(at, id, sender, bytes, as_text)| {
            let (second, sender) = (START + at * 900, Sender::ALL[sender as usize]);
            let instant = match as_text {
                true => crate::model::time::Timestamp::from_seconds(second).to_string(),
                false => format!("{second}"),
            };
            format!(
                r#"{{"timestamp":"{instant}","connection_id":"{id}","sender":"{sender}","bytes":"{bytes}"}}"#
            )
        })
    }

    fn flow() -> impl Strategy<Value = String> {
        let route = prop::sample::select(vec![
            ("vpc-1", "172.16.0.9"),
            ("vpc-3", "172.17.0.9"),
            ("vpc-0", "10.0.0.9"),
        ]);
        let path = prop_oneof![9 => Just("17"), 1 => Just("1")];
        (-4i64..20, route, 0i64..9, 0u64..1000, path).prop_map(|(at, (vpc, to), long, bytes, path)| {
            let start = START + at * 900;
            format!(
                r#"{{"eni-id":"eni-1","vpc-id":"{vpc}","protocol":"6","srcaddr":"10.9.9.9","srcport":"1","dstaddr":"{to}","dstport":"443","direction":"out","action":"ACCEPT","bytes":"{bytes}","start":"{start}","end":"{}","log-status":"OK","traffic_path":"{path}"}}"#,
                start + long * 900
            )
        })
    }

    fn datapoint() -> impl Strategy<Value = String> {
        let id = prop_oneof![6 => Just("pcc-1"), 1 => Just("pcc-9")];
        (0i64..20, id, prop_oneof![9 => 0i64..100, 1 => Just(-1)]).prop_map(|(at, id, rate)| {
            format!(r#"{{"timestamp":{},"instanceId":"{id}","Sum":{rate}.125}}"#, START + at * 900)
        })
    }

    /// All that anybody could see of a metering.
    fn seen(metered: &Result<Metered>) -> String {
        let metered = match metered {
            Ok(metered) => metered,
            Err(error) => return format!("{error}\n{:#?}", error.faults()),
        };
        let mut refused = Vec::new();
        quarantine::write(metered.refused(), &mut refused).unwrap();
        let Reading { usage, totals, unknown, outside, notes, refusals } = &metered.reading;
        format!(
            "{totals:?} {unknown:?} {outside:?} {notes:?}\n{:?}\n{}\n{:#?}\n{:?} {} {}\n{}",
            usage.metered_hours().unwrap(),
            metered.digest().unwrap(),
            metered.causes(),
            refusals.by_code,
            refusals.for_cause,
            refusals.for_connection,
            String::from_utf8_lossy(&refused),
        )
    }

    type Shape = fn(TrafficSource) -> TrafficSource;

    fn as_rates(source: TrafficSource) -> TrafficSource {
        let settings =
            CloudMonitor { unit: Unit::BitsPerSecond, period_seconds: Some(7), ..CloudMonitor::default() };
        source.as_cloudmonitor(Sender::Requester, &settings)
    }

    /// What two inputs are metered to, at once and in so many parts.
    fn both(
        shape: Shape,
        inputs: &[Vec<String>; 2],
        settings: &MeterSettings,
        parts: u64,
        mixed: u64,
    ) -> [String; 2] {
        let inventory = inventory();
        let text = |rows: &[&String]| rows.iter().flat_map(|row| [row, "\n"]).collect::<String>();
        let source = |name: &str, rows: &[&String]| shape(TrafficSource::from_bytes(name, text(rows)));
        let names = ["a.json", "b.json"];
        let named = names.into_iter().zip(inputs).filter(|(_, rows)| !rows.is_empty());
        let whole: Vec<TrafficSource> =
            named.map(|(name, rows)| source(name, &rows.iter().collect::<Vec<_>>())).collect();
        let at_once = meter(&whole, inventory.clone(), settings);
        let mut rows: Vec<(&str, u64, &String)> = Vec::new();
        for (name, input) in names.into_iter().zip(inputs) {
            rows.extend((1..).zip(input).map(|(line, row)| (name, line, row)));
        }
        // In whatever order a shuffle brings them.
        rows.sort_by_key(|(name, line, _)| (line * mixed % 7, *name, *line));
        let all: Vec<&String> = rows.iter().map(|(.., row)| *row).collect();
        let numbers: BTreeMap<u64, u64> = match all.is_empty() {
            true => BTreeMap::new(),
            false => group_rows(&source("rows", &all), settings).unwrap().into_iter().collect(),
        };
        let part_of = |row: u64| numbers.get(&row).copied().unwrap_or(row) % parts;
        let (mut hours, mut counts, mut again) = (Vec::new(), PartCounts::default(), Vec::new());
        for part in 0..parts {
            let own: Vec<_> =
                (1..).zip(&rows).filter(|(row, _)| part_of(*row) == part).map(|(_, own)| *own).collect();
            if own.is_empty() {
                continue;
            }
            let places = Places::new(own.iter().map(|(name, line, _)| (*name, *line)));
            let texts: Vec<&String> = own.iter().map(|(.., row)| *row).collect();
            let metered = meter_part(&source("rows", &texts), &places, inventory.clone(), settings).unwrap();
            hours.extend(metered.metered().usage().metered_hours().unwrap());
            metered.counts().named().into_iter().for_each(|(name, month, records, bytes)| {
                counts.add(name, month, records, bytes).unwrap();
            });
            again.extend(metered.doubtful().map(|(row, _)| own[row as usize - 1]));
        }
        again.sort();
        let places = Places::new(again.iter().map(|(name, line, _)| (*name, *line)));
        let texts: Vec<&String> = again.iter().map(|(.., row)| *row).collect();
        // Nothing in doubt is no input of datapoints.
        let doubtful = match texts.is_empty() {
            true => TrafficSource::from_bytes("rows", "timestamp,connection_id,sender,bytes\n"),
            false => source("rows", &texts),
        };
        let hours = hours
            .iter()
            .map(|own| (own.hour, &*inventory.connection(own.connection).id, own.sender, own.bytes));
        let joined = join_parts(&doubtful, &places, inventory.clone(), settings, hours, counts);
        [seen(&at_once), seen(&joined)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn r17_parts_are_what_all_of_it_is(
            native in [prop::collection::vec(native(), 0..30), prop::collection::vec(native(), 0..30)],
            flows in [prop::collection::vec(flow(), 0..20), prop::collection::vec(flow(), 0..20)],
            datapoints in [prop::collection::vec(datapoint(), 0..20), prop::collection::vec(datapoint(), 0..20)],
            parts in 1u64..9,
            mixed in 1u64..7,
            policy in 0usize..3,
            refused in 0usize..3,
        ) {
            let mut settings = MeterSettings::new("2026-10".parse().unwrap());
            settings.duplicates = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum][policy];
            settings.refused = [Refused::Fail, Refused::Count, Refused::Keep][refused];
            let shapes: [(Shape, _); 3] =
                [(|own| own, native), (TrafficSource::as_flow_log, flows), (as_rates, datapoints)];
            for (shape, inputs) in &shapes {
                let [at_once, joined] = both(*shape, inputs, &settings, parts, mixed);
                prop_assert_eq!(at_once, joined);
            }
        }
    }

    #[test]
    fn parts_of_another_metering_are_refused() {
        let inventory = inventory();
        let mut settings = MeterSettings::new("2026-10".parse().unwrap());
        settings.refused = Refused::Count;
        let none = TrafficSource::from_bytes("rows", "timestamp,connection_id,sender,bytes\n");
        let places = Places::new(<[(&str, u64); 0]>::default());
        let join = |hours: Vec<PartHour<'_>>, counted: u128, refused: u64| {
            let mut counts = PartCounts::default();
            for (name, records, bytes) in
                [("read", 1, counted), ("billed", 1 - refused, counted), ("refused", refused, 0)]
            {
                counts.add(name, None, records, bytes).unwrap();
            }
            join_parts(&none, &places, inventory.clone(), &settings, hours, counts)
        };
        let hour = Hour::from_index(START / 3600);
        let own = |id, bytes| vec![(hour, id, Sender::Requester, bytes)];
        assert_eq!(join(own("pcc-1", 7), 7, 0).unwrap().totals().billed.bytes, 7);
        for (hours, counted, refused, why) in [
            (own("pcc-9", 7), 7, 0, "pcc-9 in hour"),
            (vec![(Hour::from_index(0), "pcc-1", Sender::Requester, 7)], 7, 0, "is not of the month"),
            (own("pcc-1", 7), 8, 0, "hours have 7 bytes, and 8"),
            (own("pcc-1", 7), 7, 1, "1 records of 0 bytes were refused in parts, and 0"),
        ] {
            let error = join(hours, counted, refused).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(PartCounts::default().add("lost", None, 1, 1).is_err());
    }
}
