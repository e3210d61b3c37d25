//! What comes out as Arrow: lines, hours and findings.

use arrow_array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, RecordBatchIterator, StringArray,
    TimestampMillisecondArray, ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, Field, Schema};
use peerbill::{
    Error, Report, Result,
    estimate::{Estimate, FORECAST, Forecast},
    meter::Metered,
    model::{
        money::{Money, UnitPrice},
        time::Hour,
    },
    report::{ChargeCategory, Column, ReportRow},
    rows::{Cell, Kind, RowSet},
    write::finding_words,
};
use pyo3::{prelude::*, types::PyCapsule};
use std::sync::Arc;

/// Digits of all decimals.
const DIGITS: u8 = 38;
/// Decimals of amounts and of unit prices.
const AMOUNT: i8 = 10;
const PRICE: i8 = 12;
/// Of the usage that a bill tells.
const USAGE: i8 = 18;

/// A table that any library takes which knows Arrow's PyCapsules.
#[pyclass(frozen, module = "peerbill")]
pub struct Table {
    batch: RecordBatch,
}

#[pymethods]
impl Table {
    /// How many rows it has.
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// The names of its columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Its rows as an Arrow stream; what a caller would rather have is for it to cast.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = [Ok::<_, ArrowError>(self.batch.clone())];
        let reader = RecordBatchIterator::new(batches, self.batch.schema());
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __repr__(&self) -> String {
        format!("<peerbill.Table of {} rows: {}>", self.batch.num_rows(), self.columns().join(", "))
    }
}

impl Table {
    pub fn new(columns: Vec<(String, ArrayRef)>) -> Result<Self> {
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, column)| Field::new(name, arrow_array::Array::data_type(column).clone(), true))
            .collect();
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| bad(&error))?;
        Ok(Self { batch })
    }
}

fn bad(error: &ArrowError) -> Error {
    Error::internal(format!("rows do not fit a table: {error}"))
}

/// A `decimal.Decimal`.
pub fn decimal<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("decimal")?.getattr("Decimal")?.call1((text,))
}

/// Likewise of an amount that may not be known.
pub fn amount(py: Python<'_>, money: Option<Money>) -> PyResult<Option<Py<PyAny>>> {
    money.map(|money| decimal(py, &money.to_string()).map(Bound::unbind)).transpose()
}

/// The lines of reports, which were asked for with the same options: columns and rows of the CSV, null where that is empty.
pub fn lines(reports: &[Report]) -> Result<Table> {
    let columns = reports.first().map(Report::columns).unwrap_or_default();
    let rows: Vec<ReportRow<'_>> = reports.iter().flat_map(Report::rows).collect::<Result<_>>()?;
    Table::new(line_columns(columns, &rows)?)
}

fn line_columns(columns: Vec<Column>, rows: &[ReportRow<'_>]) -> Result<Vec<(String, ArrayRef)>> {
    let column = |column: Column| Ok((column.name().to_owned(), line_column(rows, column)?));
    columns.into_iter().map(column).collect()
}

/// The lines of an estimate, behind the names of their scenarios, likewise.
pub fn scenario_lines(estimate: &Estimate) -> Result<Table> {
    let (mut names, mut rows) = (Vec::new(), Vec::new());
    for scenario in &estimate.scenarios {
        for row in scenario.rows() {
            names.push(Some(scenario.name.to_owned()));
            rows.push(row?);
        }
    }
    for row in estimate.forecast.iter().flat_map(Forecast::rows) {
        names.push(Some(FORECAST.to_owned()));
        rows.push(row?);
    }
    let mut columns = line_columns(estimate.columns(), &rows)?;
    columns.insert(0, ("scenario".to_owned(), texts(names.into_iter())));
    Table::new(columns)
}

/// Rows of what was found, those alone that `wanted` takes, with the columns of the CSV; null where that is empty.
pub fn rows(set: &dyn RowSet, wanted: &dyn Fn(&[Cell]) -> bool) -> Result<Table> {
    let rows: Vec<Vec<Cell>> = set.rows().collect::<Result<_>>()?;
    let rows: Vec<&Vec<Cell>> = rows.iter().filter(|row| wanted(row)).collect();
    let column = |(place, (name, kind)): (usize, (&'static str, Kind))| {
        let values: Vec<Option<String>> =
            rows.iter().map(|row| Some(cell_text(&row[place])).filter(|text| !text.is_empty())).collect();
        let column = match kind {
            Kind::Whole => numbers(name, &values, 0)?,
            // What a bill prints may have more decimals than amounts.
            Kind::Decimal if name == "bill_usage" => numbers(name, &values, USAGE)?,
            Kind::Decimal => numbers(name, &values, AMOUNT)?,
            _ => texts(values.into_iter()),
        };
        Ok((name.to_owned(), column))
    };
    Table::new(set.columns().into_iter().enumerate().map(column).collect::<Result<_>>()?)
}

/// A value as the CSV has it.
fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Word(word) => word.to_string(),
        Cell::Code(code) => (*code).to_owned(),
        Cell::Said(sentence) => sentence.to_string(),
    }
}

/// Plain decimals as Arrow has them: none is rounded.
fn numbers(name: &str, values: &[Option<String>], scale: i8) -> Result<ArrayRef> {
    let units = |text: &String| {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let decimals = decimals.trim_end_matches('0');
        let lacking = usize::from(scale.unsigned_abs()).checked_sub(decimals.len());
        let digits = lacking.map(|lacking| format!("{whole}{decimals}{}", "0".repeat(lacking)));
        digits.and_then(|digits| digits.parse::<i128>().ok()).ok_or_else(|| {
            Error::overflow(format!(
                "{name} {text} does not fit a decimal in Arrow; CSV has all of its digits"
            ))
        })
    };
    let units: Vec<Option<i128>> =
        values.iter().map(|value| value.as_ref().map(units).transpose()).collect::<Result<_>>()?;
    decimals(units.into_iter(), scale)
}

fn line_column(rows: &[ReportRow<'_>], column: Column) -> Result<ArrayRef> {
    let hours = |value: fn(&ReportRow<'_>) -> Option<i64>| -> Result<ArrayRef> {
        Ok(Arc::new(rows.iter().map(value).collect::<Int64Array>()))
    };
    let instants = |value: fn(&ReportRow<'_>) -> Option<Hour>| instants(rows.iter().map(value));
    let amounts = |value: fn(&ReportRow<'_>) -> Option<Money>| {
        decimals(rows.iter().map(|row| value(row).map(Money::units)), AMOUNT)
    };
    let prices = |value: fn(&ReportRow<'_>) -> Option<UnitPrice>| -> Result<ArrayRef> {
        let units: Vec<Option<i128>> =
            rows.iter().map(|row| value(row).map(price_units).transpose()).collect::<Result<_>>()?;
        decimals(units.into_iter(), PRICE)
    };
    match column {
        Column::ConsumedBytes => decimals(rows.iter().map(|row| row.consumed_bytes), 0),
        Column::PricingQuantity => amounts(|row| row.pricing_quantity),
        Column::BilledCost => amounts(|row| row.billed_cost),
        Column::RaisedCost => amounts(|row| row.raised_cost),
        Column::ListUnitPrice => prices(|row| row.list_unit_price),
        Column::ContractedUnitPrice => prices(|row| row.contracted_unit_price),
        Column::MeteredHours => hours(|row| row.metered_hours),
        Column::RaisedHours => hours(|row| row.raised_hours),
        Column::ChargePeriodStart => instants(|row| row.charge_period_start),
        Column::ChargePeriodEnd => instants(|row| row.charge_period_end),
        _ => Ok(texts(rows.iter().map(|row| line_text(row, column)))),
    }
}

/// The text of a column that holds some.
fn line_text(row: &ReportRow<'_>, column: Column) -> Option<String> {
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    match column {
        Column::BillingMonth => row.billing_month.map(|month| month.to_string()),
        Column::BillingAccountId => own(row.billing_account_id),
        Column::BillingAccountName => own(row.billing_account_name),
        Column::Account(key) => own(row.account_value(key)),
        Column::Tag(key) => own(row.tag(key)),
        Column::ConnectionId => own(row.connection_id),
        Column::Sender => row.sender.map(|sender| sender.to_string()),
        Column::SourceRegion => own(row.source_region),
        Column::DestinationRegion => own(row.destination_region),
        Column::PeerAccountId => own(row.peer_account_id),
        Column::LinkType => row.link_type.map(|link_type| link_type.to_string()),
        Column::ChargeCategory => own(row.charge_category.map(ChargeCategory::as_str)),
        Column::BillingCurrency => own(row.billing_currency),
        Column::PriceStatus => row.price_status.map(|status| status.to_string()),
        _ => None,
    }
}

/// A unit price as a whole number of its smallest unit, unless it would be rounded.
fn price_units(price: UnitPrice) -> Result<i128> {
    if price.to_decimal().scale() > PRICE as u32 {
        let why = "has more decimals than the 12 that Arrow has room for; CSV has all of them";
        return Err(Error::overflow(format!("unit price {price} {why}")));
    }
    price.exact().rounded(PRICE as u32)
}

pub fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub fn decimals(values: impl Iterator<Item = Option<i128>>, scale: i8) -> Result<ArrayRef> {
    let column = values.collect::<Decimal128Array>().with_precision_and_scale(DIGITS, scale);
    let column = column.map_err(|error| bad(&error))?;
    column.validate_decimal_precision(DIGITS).map_err(|_| {
        Error::overflow(format!("a number has more than the {DIGITS} digits of a decimal in Arrow"))
    })?;
    Ok(Arc::new(column))
}

fn instants(values: impl Iterator<Item = Option<Hour>>) -> Result<ArrayRef> {
    let milliseconds = values.map(|hour| hour.map(|hour| hour.index() * 3_600_000));
    let column = milliseconds.collect::<TimestampMillisecondArray>();
    Ok(Arc::new(column.with_timezone("UTC")))
}

/// The metered hours: what each end sent.
pub fn hours<'m>(months: impl Iterator<Item = &'m Metered>) -> Result<Table> {
    let (mut starts, mut ids, mut senders, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for metered in months {
        let inventory = metered.inventory();
        for own in metered.usage().metered_hours()? {
            starts.push(Some(own.hour));
            ids.push(inventory.connection(own.connection).id.clone());
            senders.push(own.sender.as_str());
            let exact = i128::try_from(own.bytes);
            bytes.push(Some(exact.map_err(|_| Error::overflow("the bytes of an hour exceed 2^127"))?));
        }
    }
    Table::new(vec![
        ("hour".to_owned(), instants(starts.into_iter())?),
        ("connection_id".to_owned(), Arc::new(StringArray::from_iter_values(ids))),
        ("sender".to_owned(), Arc::new(StringArray::from_iter_values(senders))),
        ("bytes".to_owned(), decimals(bytes.into_iter(), 0)?),
    ])
}

/// What a reader should know.
pub fn findings(reports: &[Report]) -> Result<Table> {
    let found = || reports.iter().flat_map(|report| report.findings.iter().map(move |own| (report, own)));
    let text = |name: &str, value: &dyn Fn(&Report, &peerbill::Finding) -> Option<String>| {
        (name.to_owned(), texts(found().map(|(report, own)| value(report, own))))
    };
    Table::new(vec![
        text("billing_month", &|report, _| Some(report.month.to_string())),
        text("code", &|_, own| Some(own.code.as_str().to_owned())),
        text("connection_id", &|_, own| own.connection_id.as_deref().map(str::to_owned)),
        text("sender", &|_, own| own.sender.map(|sender| sender.to_string())),
        ("hour".to_owned(), instants(found().map(|(_, own)| own.hour))?),
        text("message", &|_, own| Some(finding_words(own))),
    ])
}
