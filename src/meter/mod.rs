//! Records to hourly bytes per connection and sender, with control totals (R14) and what was refused (R15).
//!
//! One record goes through these rooms: a worker of `scan` reads it from its piece of a source; `accept` takes it or
//! refuses it, or `batch` does so for many plain records at once; `hourly` sums its bytes. `passes` reads the
//! sources again where records stand more than once, and `duplicates` decides what becomes of those.

mod accept;
mod archive;
mod batch;
mod duplicates;
mod hourly;
mod metered;
mod months;
mod parts;
mod passes;
mod refused;
mod routes;
mod scan;
mod totals;
mod worker;

pub use archive::{ArchivedTotals, Archives, Merged, Overlap};
pub(crate) use hourly::{Collected, HourDigests, UsageDigest};
pub use hourly::{HourRow, HourlyUsage};
pub use metered::Metered;
pub use metered::{Duplicates, MeterSettings, Refused};
pub(crate) use metered::{REFUSED_MEMORY, Rules};
pub use months::MeteredMonths;
pub use parts::{MeteredPart, NamedCount, PartCounts, PartHour, group_rows, join_parts, meter_part};
pub(crate) use passes::{read_hours, records_of};
pub(crate) use refused::Keep;
pub use refused::{Places, RefusedRecord};
pub use totals::UnknownConnections;
pub use totals::{ControlTotals, Count};
pub(crate) use worker::KeptRecord;

use crate::{
    error::{Error, Result},
    model::{
        inventory::Inventory,
        time::{BillingMonth, Period},
        usage::UsageRecord,
    },
    read::TrafficSource,
};
use std::sync::Arc;

/// Meters a month of traffic: reads all `sources`, and sums the bytes of each connection of `inventory`, sender and
/// hour (R6).
///
/// The result does not depend on the order of the sources or their records, nor on the number of threads (R17).
///
/// # Errors
///
/// - [`Input`](crate::ErrorKind::Input) where a source cannot be read as a whole: an I/O error, an unusable header,
///   bytes that change between two readings. Likewise where records are refused or rows of the inventory are faulty
///   (R15), unless [`MeterSettings::refused`] asks for them to be counted or kept; the first
///   [`FAULTS_LISTED`](crate::error::FAULTS_LISTED) are listed, all are counted.
/// - [`Overflow`](crate::ErrorKind::Overflow) where a sum is too large to be exact (R10).
/// - [`Internal`](crate::ErrorKind::Internal) where the control totals do not add up (R14).
pub fn meter(
    sources: &[TrafficSource],
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
) -> Result<Metered> {
    let inventory = inventory.into();
    let reading = read_hours(sources, &inventory, &settings.rules())?;
    Metered::new(inventory, settings, reading)
}

/// Meters several months in one pass over the traffic, each of which is what [`meter`] alone makes of it.
///
/// `months` follow one another; that of `settings` does not matter, and its `until` is one of the last of them.
///
/// ```
/// use peerbill::{MeterSettings, TrafficSource, inventory, meter::meter_months, model::time::MonthRange};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let usage = "timestamp,connection_id,sender,bytes\n\
///              2026-07-05T03:00:00Z,pcc-1,requester,7\n2026-09-05T03:00:00Z,pcc-1,requester,5\n";
/// let sources = [TrafficSource::from_bytes("usage.csv", usage)];
/// let months: MonthRange = "2026-Q3".parse()?;
/// let settings = MeterSettings::new(months.last());
/// let metered = meter_months(&sources, inventory, &settings, &months.months())?;
/// let billed: Vec<u128> = metered.months().iter().map(|month| month.totals().billed.bytes).collect();
/// assert_eq!(billed, [7, 0, 5]);
/// assert_eq!(metered.months()[0].totals().outside_period.records, 1);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// As [`meter`], of all months together; [`Usage`](crate::ErrorKind::Usage) where months do not follow one another.
pub fn meter_months(
    sources: &[TrafficSource],
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
    months: &[BillingMonth],
) -> Result<MeteredMonths> {
    let inventory = inventory.into();
    let last = months.len().saturating_sub(1);
    let period = |(place, &month): (usize, &BillingMonth)| {
        let until = settings.until.filter(|_| place == last);
        MeterSettings { month, until, ..*settings }.period()
    };
    let periods: Vec<Period> = months.iter().enumerate().map(period).collect();
    if periods.is_empty() || periods.windows(2).any(|pair| pair[0].end != pair[1].start) {
        return Err(Error::usage(
            "months that are metered together follow one another, and there is at least one",
        ));
    }
    let rules = Rules { period: months::whole(&periods), ..settings.rules() };
    let readings = passes::read_months(sources, &inventory, &rules, &periods)?;
    MeteredMonths::new(&inventory, settings, months, readings)
}

/// Meters records that a caller holds, as [`meter`] does those of sources; a fault names the record by its number,
/// counted from 1, as its line.
///
/// ```
/// use peerbill::{inventory, meter::{meter_records, MeterSettings}, model::{time::Timestamp, usage::{Sender, UsageRecord}}};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let record = UsageRecord {
///     timestamp: Timestamp::parse("2026-10-05T03:20:00Z").unwrap(),
///     connection_id: "pcc-1".into(),
///     sender: Sender::Requester,
///     bytes: 200 << 30,
/// };
/// let month: peerbill::model::time::BillingMonth = "2026-10".parse()?;
/// let metered = meter_records(&[record], inventory, &MeterSettings::new(month))?;
/// assert_eq!(metered.totals().billed.bytes, 200 << 30);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// As [`meter`], but for sources that cannot be read.
pub fn meter_records(
    records: &[UsageRecord],
    inventory: impl Into<Arc<Inventory>>,
    settings: &MeterSettings,
) -> Result<Metered> {
    let inventory = inventory.into();
    let reading = passes::read_records(records, &inventory, &settings.rules())?;
    Metered::new(inventory, settings, reading)
}
