//! Usage in and lines out as polars DataFrames.
//!
//! polars carries values. It never computes money: its integer sums wrap silently.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        did_you_mean,
        money::{Money, UnitPrice},
        time::Timestamp,
        usage::{Sender, UsageRecord},
    },
    report::{ChargeCategory, Column as ReportColumn, Report, ReportRow},
};
use polars::prelude::{AnyValue, Column, DataFrame, IntoColumn, NamedFrom, PolarsError, Series, TimeUnit};
use std::sync::Arc;

/// Digits of finished amounts and quantities in a frame, and of them after the point.
const AMOUNT: (usize, usize) = (38, 10);
/// Likewise of unit prices: a discounted price has up to 18 decimals.
const UNIT_PRICE: (usize, usize) = (38, 18);

/// Reads usage records from a frame with the columns `timestamp`, `connection_id`, `sender` and `bytes`.
///
/// `timestamp` is a datetime with a zone, text as in CSV, or an Int64 epoch of 10 digits (seconds) or 13
/// (milliseconds); `bytes` is Int32, Int64, Int128, UInt32 or UInt64, from 0 to 2^64-1; the others are text. Records
/// stand in the order of the rows. Nothing is cast loosely: a null, a float, a naive datetime or a number out of
/// range is refused.
///
/// ```
/// use peerbill::dataframe::usage_records;
/// use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};
///
/// let frame = DataFrame::new(1, vec![
///     Series::new("timestamp".into(), ["2026-10-05T03:00:00Z"]).into_column(),
///     Series::new("connection_id".into(), ["pcc-1"]).into_column(),
///     Series::new("sender".into(), ["requester"]).into_column(),
///     Series::new("bytes".into(), [u64::MAX]).into_column(),
/// ])?;
/// assert_eq!(usage_records(&frame)?[0].bytes, u64::MAX);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where a column is missing, and with all rows that cannot be read, whose lines are their
/// numbers counted from 1.
pub fn usage_records(frame: &DataFrame) -> Result<Vec<UsageRecord>> {
    let [timestamps, connections, senders, bytes] =
        ["timestamp", "connection_id", "sender", "bytes"].map(|name| column(frame, name));
    let (timestamps, connections, senders, bytes) = (timestamps?, connections?, senders?, bytes?);
    let name: Arc<str> = "usage frame".into();
    let (mut records, mut faults) = (Vec::with_capacity(frame.height()), Vec::new());
    for row in 0..frame.height() {
        let read = || -> Result<UsageRecord, String> {
            Ok(UsageRecord {
                timestamp: instant(&value(timestamps, row)?)?,
                connection_id: text(connections.name(), &value(connections, row)?)?.to_owned(),
                sender: text(senders.name(), &value(senders, row)?)?.parse::<Sender>()?,
                bytes: byte_count(&value(bytes, row)?)?,
            })
        };
        match read() {
            Ok(record) => records.push(record),
            Err(why) => faults.push(Fault::at(FaultCode::UnreadableRow, &name, row as u64 + 1, why)),
        }
    }
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(records), Err)
}

fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.column(name).map_err(|_| {
        let known = frame.get_column_names();
        let near = did_you_mean(name, known.iter().map(|known| known.as_str()));
        Error::unusable(ErrorKind::Input, "usage frame", format!("has no column {name}{near}"))
    })
}

fn value(column: &Column, row: usize) -> Result<AnyValue<'_>, String> {
    match column.get(row) {
        Ok(AnyValue::Null) => Err(format!("{} is null", column.name())),
        Ok(value) => Ok(value),
        Err(error) => Err(error.to_string()),
    }
}

fn text<'a>(name: &str, value: &'a AnyValue<'_>) -> Result<&'a str, String> {
    value.get_str().ok_or_else(|| format!("{name} is {}, not text", value.dtype()))
}

fn instant(value: &AnyValue<'_>) -> Result<Timestamp, String> {
    let zoned = |ticks: i64, unit: TimeUnit| match unit {
        TimeUnit::Milliseconds => Ok(Timestamp::from_milliseconds(ticks)),
        TimeUnit::Microseconds => {
            let seconds = ticks.div_euclid(1_000_000);
            let nanos = ticks.rem_euclid(1_000_000) as u32 * 1000;
            Ok(Timestamp::from_parts(seconds, nanos))
        }
        TimeUnit::Nanoseconds => Ok(Timestamp::from_nanoseconds(ticks)),
    };
    match value {
        // A zone only says how an instant is shown: the ticks are UTC.
        AnyValue::Datetime(ticks, unit, Some(_)) => zoned(*ticks, *unit),
        AnyValue::DatetimeOwned(ticks, unit, Some(_)) => zoned(*ticks, *unit),
        AnyValue::Datetime(..) | AnyValue::DatetimeOwned(..) => {
            Err("timestamp has no time zone; state it with replace_time_zone".into())
        }
        AnyValue::Int64(epoch) => parse_instant(&epoch.to_string()),
        other => parse_instant(text("timestamp", other)?),
    }
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|why| format!("timestamp {text:?}: {why}"))
}

fn byte_count(value: &AnyValue<'_>) -> Result<u64, String> {
    if !value.is_integer() {
        return Err(format!("bytes are {}, not an integer", value.dtype()));
    }
    let wide: i128 = match value {
        // Not through `extract`, which passes large numbers through a float on some types.
        AnyValue::UInt64(bytes) => i128::from(*bytes),
        AnyValue::Int64(bytes) => i128::from(*bytes),
        AnyValue::UInt32(bytes) => i128::from(*bytes),
        AnyValue::Int32(bytes) => i128::from(*bytes),
        AnyValue::Int128(bytes) => *bytes,
        other => return Err(format!("bytes of type {} are not read; cast them to UInt64", other.dtype())),
    };
    u64::try_from(wide).map_err(|_| format!("bytes {wide}: one record holds 0 to 2^64-1"))
}

/// The report's rows as a frame: the columns and rows of the CSV, adjustments included.
///
/// `consumed_bytes`, `metered_hours` and `raised_hours` are Int128, amounts and quantities Decimal(38, 10),
/// unit prices Decimal(38, 18), all others text; what is empty in the CSV is null.
///
/// # Errors
///
/// [`Overflow`](ErrorKind::Overflow) where bytes exceed 2^127, where an amount is too large to be printed, and where
/// a price does not fit 18 decimals; [`Internal`](ErrorKind::Internal) where polars refuses a value for its column.
pub fn lines(report: &Report) -> Result<DataFrame> {
    let rows = report.rows().collect::<Result<Vec<ReportRow<'_>>>>()?;
    let columns = report.columns().into_iter().map(|column| frame_column(&rows, column));
    let columns = columns.collect::<Result<Vec<Column>>>()?;
    DataFrame::new(rows.len(), columns).map_err(|error| frame_error(&error))
}

fn frame_error(error: &PolarsError) -> Error {
    Error::internal(format!("lines do not fit a frame: {error}"))
}

fn frame_column(rows: &[ReportRow<'_>], column: ReportColumn) -> Result<Column> {
    let name = column.name();
    let texts = |value: fn(&ReportRow<'_>) -> Option<String>| {
        Ok(Series::new(name.into(), rows.iter().map(value).collect::<Vec<Option<String>>>()))
    };
    let hours = |value: fn(&ReportRow<'_>) -> Option<i64>| {
        let all = rows.iter().map(|row| value(row).map(i128::from)).collect::<Vec<Option<i128>>>();
        Ok(Series::new(name.into(), all))
    };
    let amounts = |value: fn(&ReportRow<'_>) -> Option<Money>| {
        decimals(name, rows.iter().map(|row| value(row).map(Money::units)).collect(), AMOUNT)
    };
    let prices = |value: fn(&ReportRow<'_>) -> Option<UnitPrice>| {
        let units = rows.iter().map(|row| value(row).map(units_of).transpose()).collect::<Result<_>>()?;
        decimals(name, units, UNIT_PRICE)
    };
    let series = match column {
        ReportColumn::BillingMonth => texts(|row| row.billing_month.map(|month| month.to_string())),
        ReportColumn::ChargePeriodStart => texts(|row| row.charge_period_start.map(|hour| hour.to_string())),
        ReportColumn::ChargePeriodEnd => texts(|row| row.charge_period_end.map(|hour| hour.to_string())),
        ReportColumn::BillingAccountId => texts(|row| owned(row.billing_account_id)),
        ReportColumn::BillingAccountName => texts(|row| owned(row.billing_account_name)),
        ReportColumn::Account(key) => {
            let values = rows.iter().map(|row| owned(row.account_value(key)));
            Ok(Series::new(name.into(), values.collect::<Vec<Option<String>>>()))
        }
        ReportColumn::Tag(key) => {
            let values = rows.iter().map(|row| owned(row.tag(key)));
            Ok(Series::new(name.into(), values.collect::<Vec<Option<String>>>()))
        }
        ReportColumn::ConnectionId => texts(|row| owned(row.connection_id)),
        ReportColumn::Sender => texts(|row| row.sender.map(|sender| sender.to_string())),
        ReportColumn::SourceRegion => texts(|row| owned(row.source_region)),
        ReportColumn::DestinationRegion => texts(|row| owned(row.destination_region)),
        ReportColumn::PeerAccountId => texts(|row| owned(row.peer_account_id)),
        ReportColumn::LinkType => texts(|row| row.link_type.map(|link_type| link_type.to_string())),
        ReportColumn::ChargeCategory => texts(|row| owned(row.charge_category.map(ChargeCategory::as_str))),
        ReportColumn::ConsumedBytes => {
            let bytes = rows.iter().map(|row| row.consumed_bytes).collect::<Vec<Option<i128>>>();
            Ok(Series::new(name.into(), bytes))
        }
        ReportColumn::PricingQuantity => amounts(|row| row.pricing_quantity),
        ReportColumn::ListUnitPrice => prices(|row| row.list_unit_price),
        ReportColumn::ContractedUnitPrice => prices(|row| row.contracted_unit_price),
        ReportColumn::BilledCost => amounts(|row| row.billed_cost),
        ReportColumn::BillingCurrency => texts(|row| owned(row.billing_currency)),
        ReportColumn::MeteredHours => hours(|row| row.metered_hours),
        ReportColumn::RaisedHours => hours(|row| row.raised_hours),
        ReportColumn::RaisedCost => amounts(|row| row.raised_cost),
        ReportColumn::PriceStatus => texts(|row| row.price_status.map(|status| status.to_string())),
    };
    series.map(Series::into_column)
}

/// Text of a row; empty text is null, as it is nothing in the CSV.
fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn decimals(name: &str, units: Vec<Option<i128>>, (precision, scale): (usize, usize)) -> Result<Series> {
    let series = Series::new(name.into(), units).into_decimal(precision, scale);
    series.map_err(|error| frame_error(&error))
}

/// A price as a whole number of 10^-18; exact, or an error.
fn units_of(price: UnitPrice) -> Result<i128> {
    let decimal = price.to_decimal();
    let missing = (UNIT_PRICE.1 as u32).checked_sub(decimal.scale());
    let power = missing.and_then(|missing| 10_i128.checked_pow(missing));
    let units = power.and_then(|power| decimal.mantissa().checked_mul(power));
    units.ok_or_else(|| Error::overflow(format!("price {price} does not fit {} decimals", UNIT_PRICE.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{DataType, IntoSeries, TimeZone};

    fn frame(timestamp: Series, bytes: Series) -> DataFrame {
        let columns = vec![
            timestamp.with_name("timestamp".into()).into_column(),
            Series::new("connection_id".into(), ["pcc-1"]).into_column(),
            Series::new("sender".into(), ["accepter"]).into_column(),
            bytes.with_name("bytes".into()).into_column(),
        ];
        DataFrame::new(1, columns).unwrap()
    }

    fn utc(ticks: i64, unit: TimeUnit) -> Series {
        let zone = TimeZone::opt_try_new(Some("UTC")).unwrap();
        Series::new("t".into(), [ticks]).i64().unwrap().clone().into_datetime(unit, zone).into_series()
    }

    #[test]
    fn timestamps_of_every_unit_are_the_same_instant() {
        let expected = Timestamp::parse("2026-10-01T00:00:00Z").unwrap();
        let one = || Series::new("b".into(), [1u64]);
        for timestamp in [
            utc(1_790_812_800_000, TimeUnit::Milliseconds),
            utc(1_790_812_800_000_000, TimeUnit::Microseconds),
            utc(1_790_812_800_000_000_000, TimeUnit::Nanoseconds),
            Series::new("t".into(), [1_790_812_800_i64]),
            Series::new("t".into(), ["2026-10-01T08:00:00+08:00"]),
        ] {
            assert_eq!(usage_records(&frame(timestamp, one())).unwrap()[0].timestamp, expected);
        }
    }

    #[test]
    fn r10_bytes_above_2_to_the_53_survive_and_floats_and_nulls_are_refused() {
        let time = || Series::new("t".into(), ["2026-10-01T00:00:00Z"]);
        let read = |bytes| usage_records(&frame(time(), bytes)).map(|records| records[0].bytes);
        assert_eq!(read(Series::new("b".into(), [u64::MAX])).unwrap(), u64::MAX);
        assert_eq!(read(Series::new("b".into(), [i128::from(u64::MAX)])).unwrap(), u64::MAX);
        assert!(read(Series::new("b".into(), [i128::from(u64::MAX) + 1])).is_err());
        assert!(read(Series::new("b".into(), [-1i64])).is_err());
        assert!(read(Series::new("b".into(), [Some(1u64), None]).slice(1, 1)).is_err());
        assert!(read(Series::new("b".into(), ["1"])).is_err());
        let naive =
            Series::new("t".into(), [0i64]).cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
        let error = usage_records(&frame(naive, Series::new("b".into(), [1u64]))).unwrap_err();
        assert!(error.to_string().contains("no time zone"), "{error}");
    }

    #[test]
    fn prices_become_units_exactly_or_not_at_all() {
        let units = |text: &str| units_of(text.parse().unwrap());
        assert_eq!(units("14.40").unwrap(), 14_400_000_000_000_000_000);
        assert_eq!(units("0.0000000001").unwrap(), 100_000_000);
        assert_eq!(units("0").unwrap(), 0);
        let finest = "0.0000000001".parse::<UnitPrice>().unwrap().discounted("0.000001".parse().unwrap());
        assert_eq!(units_of(finest).unwrap(), 99_999_999);
    }
}
