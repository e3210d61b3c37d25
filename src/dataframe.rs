//! Usage in and lines out as polars DataFrames, and the row groups of `--by`.
//!
//! polars carries values and finds groups. It never computes money: its integer sums wrap silently.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        did_you_mean,
        time::Timestamp,
        usage::{Sender, UsageRecord},
    },
    report::{Column as ReportColumn, Report, Row},
};
use polars::prelude::{
    AnyValue, Column, DataFrame, IntoColumn, NamedFrom, PolarsError, PolarsResult, Series, TimeUnit,
};
use polars_core::frame::group_by::GroupsIndicator;
use std::sync::Arc;

/// Digits of finished amounts and quantities in a frame, and of them after the point.
const AMOUNT: (usize, usize) = (38, 10);
/// Likewise of unit prices: a discounted price has up to 18 decimals.
const UNIT_PRICE: (usize, usize) = (38, 18);

/// Reads usage records from a frame with the columns `timestamp`, `connection_id`, `sender` and `bytes`.
///
/// `timestamp` is a datetime with the zone UTC, text as in CSV, or an integer epoch; `bytes` any integer.
/// Nothing is cast loosely: a null, a float, a naive datetime or a number out of range is refused, with the
/// row's number counted from 1.
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

/// The report's lines as a frame: the columns and rows of the CSV, adjustments included.
///
/// `consumed_bytes`, `metered_hours` and `raised_hours` are Int128, amounts and quantities Decimal(38, 10),
/// unit prices Decimal(38, 18), all others text; what is empty in the CSV is null.
pub fn lines(report: &Report) -> Result<DataFrame> {
    let rows = report.rows().collect::<Result<Vec<Row>>>()?;
    let columns = report.columns().into_iter().map(|column| frame_column(&rows, column));
    let frame =
        columns.collect::<PolarsResult<Vec<Column>>>().and_then(|all| DataFrame::new(rows.len(), all));
    frame.map_err(|error| Error::internal(format!("lines do not fit a frame: {error}")))
}

fn frame_column(rows: &[Row], column: ReportColumn) -> PolarsResult<Column> {
    let name = column.name().into();
    let texts = || rows.iter().map(|row| Some(row.get(column)).filter(|text| !text.is_empty()));
    let units = |scale: usize| -> PolarsResult<Series> {
        let all: Vec<Option<i128>> = texts()
            .map(|text| text.map(|text| units_of(text, scale)).transpose())
            .collect::<PolarsResult<_>>()?;
        Ok(Series::new(column.name().into(), all))
    };
    let series = match column {
        ReportColumn::ConsumedBytes | ReportColumn::MeteredHours | ReportColumn::RaisedHours => units(0)?,
        ReportColumn::PricingQuantity | ReportColumn::BilledCost | ReportColumn::RaisedCost => {
            units(AMOUNT.1)?.into_decimal(AMOUNT.0, AMOUNT.1)?
        }
        ReportColumn::ListUnitPrice | ReportColumn::ContractedUnitPrice => {
            units(UNIT_PRICE.1)?.into_decimal(UNIT_PRICE.0, UNIT_PRICE.1)?
        }
        _ => Series::new(name, texts().collect::<Vec<Option<&str>>>()),
    };
    Ok(series.into_column())
}

/// Plain decimal text as an integer number of 10^-scale; exact, or an error.
fn units_of(text: &str, scale: usize) -> PolarsResult<i128> {
    let misfit = || PolarsError::ComputeError(format!("{text} does not fit {scale} decimals").into());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let missing = scale.checked_sub(fraction.len()).ok_or_else(misfit)?;
    format!("{whole}{fraction}{}", "0".repeat(missing)).parse().map_err(|_| misfit())
}

/// Indices of rows that are equal in all columns, by groups; polars finds them.
pub(crate) fn group_rows(rows: &[Row]) -> PolarsResult<Vec<Vec<usize>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // A column that is empty in every row tells nothing apart.
    let mut used: Vec<ReportColumn> = ReportColumn::ALL.to_vec();
    used.retain(|&column| rows.iter().any(|row| !row.get(column).is_empty()));
    if used.is_empty() {
        return Ok(vec![(0..rows.len()).collect()]);
    }
    let columns = used.iter().map(|column| {
        let texts: Vec<&str> = rows.iter().map(|row| row.get(*column)).collect();
        Series::new(column.name().into(), texts).into_column()
    });
    let frame = DataFrame::new(rows.len(), columns.collect())?;
    let by_name = frame.group_by_stable(used.iter().map(|column| column.name()))?;
    let members = by_name.get_groups().iter().map(|group| match group {
        GroupsIndicator::Idx((_, indices)) => indices.iter().map(|&index| index as usize).collect(),
        GroupsIndicator::Slice([first, length]) => {
            (first as usize..first as usize + length as usize).collect()
        }
    });
    Ok(members.collect())
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
    fn decimal_text_becomes_units_exactly_or_not_at_all() {
        assert_eq!(units_of("-14.40", 10).unwrap(), -144_000_000_000);
        assert_eq!(units_of("0.0000000001", 10).unwrap(), 1);
        assert_eq!(units_of("-0.5", 10).unwrap(), -5_000_000_000);
        assert!(units_of("0.00000000001", 10).is_err());
    }
}
