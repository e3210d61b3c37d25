//! Reports in the format of FinOps tools: FOCUS, the FinOps Open Cost and Usage Specification, 1.2 to 1.4.
//!
//! One row for every hour, connection and sender, and one per account that makes its rows add up to what it pays. `COLUMNS`
//! says which column of which version holds what. Costs of rows are not rounded: `ListCost` is `ListUnitPrice` times
//! `PricingQuantity` to the last digit, and what the one rounding of a month takes away is a row of its own, an
//! `Adjustment`. No charge is tied to an invoice, and no contract, commitment or allocation is known here: their columns
//! are null. Ids of SKUs are made of what decides a price; the provider's own are not known.
//!
//! Source of columns, types and nullability: the specification, <https://focus.finops.org/focus-specification/>.

use super::csv::{Cell, Rows, flush, write_text};
use crate::{
    attribution::{Attribution, attribute},
    catalog::{PriceStatus, Regions},
    error::{Error, Result},
    model::{
        connection::Connection,
        invalid::Invalid,
        link::LinkType,
        money::{Amount, Exact, Gb, UnitPrice},
        time::{Hour, Period},
        usage::Sender,
    },
    parallel::in_order,
    rating::Line,
    report::Report,
    statement::Statement,
    write::shown::{is_plain, is_unseen},
};
use std::{borrow::Cow, collections::BTreeMap, fmt, io::Write, str::FromStr};

/// A version of FOCUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum FocusVersion {
    /// 1.2, of 2025-05-29: the one that most tools read.
    #[default]
    V1_2,
    /// 1.3, of 2025-12-04: names of the service's and the host's provider stand beside those that they replace.
    V1_3,
    /// 1.4, of 2026-06-04: without the columns that 1.3 replaced.
    V1_4,
}

impl FocusVersion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1_2, Self::V1_3, Self::V1_4];

    /// `1.2`, `1.3` or `1.4`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V1_4 => "1.4",
        }
    }
}

impl FromStr for FocusVersion {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|version| version.as_str() == text);
        known.ok_or_else(|| Invalid::new(format!("FOCUS {text:?} is none of 1.2, 1.3 and 1.4")))
    }
}

impl fmt::Display for FocusVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked of FOCUS.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FocusSettings {
    /// The version whose columns are written.
    pub version: FocusVersion,
    /// Who issues the invoice: the entity that sells, which differs from contract to contract. `Alibaba Cloud` unless told
    /// otherwise.
    pub invoice_issuer: String,
}

impl Default for FocusSettings {
    fn default() -> Self {
        Self { version: FocusVersion::default(), invoice_issuer: PROVIDER.to_owned() }
    }
}

const PROVIDER: &str = "Alibaba Cloud";

/// Writes the hours of `reports` as CSV, one report after the other, under one header: numbers with all their digits and
/// at least two decimals, instants as `2026-10-05T03:00:00Z`, null as nothing. Groups are not looked at.
///
/// The `BilledCost` of an account's rows of a month add up to what it pays, to the last digit.
///
/// # Errors
///
/// [`Usage`](crate::ErrorKind::Usage) where the lines of a report have no hours, [`Output`](crate::ErrorKind::Output)
/// where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where an amount is too large to be exact.
pub fn reports(reports: &[&Report], settings: &FocusSettings, mut output: impl Write) -> Result<()> {
    let each = Writing::each(reports, settings)?;
    let columns = columns(settings.version);
    let mut header = Rows::new(Vec::new());
    header.write(columns.iter().map(|column| Cell::Own(column.name)))?;
    write_text(&header.into_inner()?, &mut output)?;
    let pieces = each.iter().flat_map(Writing::pieces);
    let threads = reports.iter().map(|report| report.text_threads()).max().unwrap_or(1);
    in_order(threads, pieces, |piece| piece.text(&columns), |text| write_text(&text, &mut output))?;
    flush(&mut output)
}

/// So many lines become text at once, on each thread; tests meet many edges of it.
const PIECE: usize = if cfg!(test) { 2 } else { 512 };

/// Some lines of an account, and its adjustment behind the last of them.
struct Piece<'w> {
    writing: &'w Writing<'w>,
    statement: &'w Statement,
    lines: &'w [Line],
    is_last: bool,
}

impl Piece<'_> {
    fn text(&self, columns: &[&Column]) -> Result<Vec<u8>> {
        let Self { writing, statement, lines, is_last } = *self;
        let mut writer = Rows::new(Vec::new());
        for row in writing.traffic(statement, lines) {
            write_row(&mut writer, columns, &row?)?;
        }
        if is_last {
            let gb = writing.report.catalog.gb;
            let left = Amount::of_money(statement.payable, gb)?.checked_sub(statement.exact)?;
            if let Some(row) = writing.adjustment(statement, left.exact(gb)) {
                write_row(&mut writer, columns, &row)?;
            }
        }
        writer.into_inner()
    }
}

fn write_row<W: Write>(writer: &mut Rows<W>, columns: &[&Column], row: &Row<'_>) -> Result<()> {
    let values: Vec<Cow<'_, str>> = columns.iter().map(|column| (column.value)(row).into_text()).collect();
    writer.write(columns.iter().zip(&values).map(|(column, value)| match column.kind {
        Kind::Text => Cell::Text(value),
        Kind::Number | Kind::Instant => Cell::Own(value),
    }))
}

/// Writes them as Parquet: text as UTF-8, numbers as DECIMAL(38,18), rounded half to even, instants as timestamps in UTC to
/// the millisecond.
///
/// The `BilledCost` of an account's rows of a month add up to what it pays as they stand there.
///
/// # Errors
///
/// As [`reports`], and [`Overflow`](crate::ErrorKind::Overflow) where a number has more than 20 digits before the point.
#[cfg(feature = "parquet")]
pub fn parquet(reports: &[&Report], settings: &FocusSettings, output: impl Write) -> Result<()> {
    use super::parquet::{Field, Table};
    let columns = columns(settings.version);
    let fields = columns.iter().map(|column| Field::optional(column.name, column.kind.in_parquet()));
    let mut table = Table::new("focus", fields, output)?;
    for writing in Writing::each(reports, settings)? {
        let gb = writing.report.catalog.gb;
        for statement in &writing.report.statements {
            let payable = Amount::of_money(statement.payable, gb)?.exact(gb);
            let mut left = payable.rounded(PARQUET_DECIMALS)?;
            for row in writing.traffic(statement, &writing.report.lines[statement.lines.clone()]) {
                let row = row?;
                left -= row.billed_cost().rounded(PARQUET_DECIMALS)?;
                put_row(&mut table, &columns, &row)?;
            }
            if let Some(row) = writing.adjustment(statement, Exact::of_units(left, PARQUET_DECIMALS)) {
                put_row(&mut table, &columns, &row)?;
            }
        }
    }
    table.finish()
}

/// Decimals of every number in Parquet.
#[cfg(feature = "parquet")]
const PARQUET_DECIMALS: u32 = 18;

#[cfg(feature = "parquet")]
fn put_row<W: Write>(table: &mut super::parquet::Table<W>, columns: &[&Column], row: &Row<'_>) -> Result<()> {
    use super::parquet::Cell;
    for (place, column) in columns.iter().enumerate() {
        match (column.value)(row) {
            Value::Null => table.put(place, Cell::Null),
            Value::Text(text) => table.put(place, Cell::Text(&text)),
            Value::Number(number) => table.put(place, Cell::Decimal(number.rounded(PARQUET_DECIMALS)?)),
            Value::Instant(hour) => table.put(place, Cell::Instant(hour)),
        }?;
    }
    table.end_row()
}

/// What all rows of a report share.
struct Writing<'r> {
    report: &'r Report,
    settings: &'r FocusSettings,
    /// Names of regions; a catalog's own region that is not among them is called by its id.
    regions: Regions,
    month: Period,
    /// The catalog and its version.
    catalog: String,
}

impl<'r> Writing<'r> {
    fn each(reports: &[&'r Report], settings: &'r FocusSettings) -> Result<Vec<Self>> {
        let of_report = |report: &&'r Report| {
            let by_day = report.options.by.as_ref().is_some_and(|by| by.day);
            if by_day || report.lines.iter().any(|line| line.hour.is_none()) {
                return Err(Error::setting("hourly", "FOCUS has a row for every hour: lines must be hourly"));
            }
            let catalog = &report.catalog;
            Ok(Self {
                report,
                settings,
                regions: Regions::shipped()?,
                month: report.month.period(report.offset),
                catalog: format!("{} {}", catalog.name, catalog.version),
            })
        };
        reports.iter().map(of_report).collect()
    }

    /// All that it has, in order.
    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.report.statements.iter().flat_map(move |statement| {
            let lines = &self.report.lines[statement.lines.clone()];
            let count = lines.len().div_ceil(PIECE);
            (0..count).map(move |place| {
                let own = place * PIECE..lines.len().min((place + 1) * PIECE);
                Piece { writing: self, statement, lines: &lines[own], is_last: place + 1 == count }
            })
        })
    }

    /// The rows of some lines of an account.
    fn traffic<'w>(
        &'w self,
        statement: &'w Statement,
        lines: &'w [Line],
    ) -> impl Iterator<Item = Result<Row<'w>>> + use<'w, 'r> {
        lines.iter().map(|line| {
            let charge = Charge::Traffic(Traffic::new(line, self.report)?);
            Ok(Row { writing: self, account: &statement.billing_account_id, charge })
        })
    }

    /// The row of what is `left` of an account's payable amount; none where that is nothing.
    fn adjustment<'w>(&'w self, statement: &'w Statement, left: Exact) -> Option<Row<'w>> {
        let charge = Charge::Adjustment(left);
        (!left.is_zero()).then(|| Row { writing: self, account: &statement.billing_account_id, charge })
    }

    fn region_name<'w>(&'w self, id: &'w str) -> &'w str {
        let name = self.regions.get(id).map(|region| region.name_en.as_str());
        name.filter(|name| !name.is_empty()).unwrap_or(id)
    }
}

/// A charge of one account.
struct Row<'w> {
    writing: &'w Writing<'w>,
    /// Who pays.
    account: &'w str,
    charge: Charge<'w>,
}

enum Charge<'w> {
    Traffic(Traffic<'w>),
    /// What makes an account's rows add up.
    Adjustment(Exact),
}

/// What one end of a connection sent in an hour.
struct Traffic<'w> {
    line: &'w Line,
    hour: Hour,
    connection: &'w Connection,
    to: Attribution<'w>,
    gb: Gb,
    list_cost: Exact,
    /// Whether it corrects a closed month.
    is_correction: bool,
}

/// What stands on a line as it counts: negative where it is taken back.
fn signed(line: &Line, exact: Exact) -> Exact {
    if line.is_taken_back { exact.negated() } else { exact }
}

impl<'w> Traffic<'w> {
    fn new(line: &'w Line, report: &'w Report) -> Result<Self> {
        let connection = report.inventory.connection(line.connection);
        let gb = report.catalog.gb;
        let list = line.price.list.map(|list| Amount::of(line.bytes, list)).transpose()?;
        Ok(Self {
            line,
            hour: line.hour.ok_or_else(|| Error::internal("an hourly line has no hour"))?,
            connection,
            to: attribute(connection, line.sender),
            is_correction: report.corrects.is_some(),
            gb,
            list_cost: list.map_or(line.amount.exact(gb), |list| signed(line, list.exact(gb))),
        })
    }

    /// What stands on a line as it counts: negative where it is taken back.
    fn signed(&self, exact: Exact) -> Exact {
        signed(self.line, exact)
    }

    /// What it is, in words; of an assumed price, that it is one (R18).
    fn description(&self) -> String {
        let correction = match (self.is_correction, self.line.is_taken_back) {
            (false, _) => "",
            (true, true) => "Correction, taken back: ",
            (true, false) => "Correction: ",
        };
        let Attribution { source_region: from, destination_region: to, .. } = self.to;
        let Some(link_type) = self.line.link_type else {
            return format!("{correction}VPC peering outbound transfer inside {from}, free");
        };
        let raised = if self.line.raised_hours > 0 { " (level raised in this hour)" } else { "" };
        let assumed = if self.line.price.status == PriceStatus::Assumed { ", assumed price" } else { "" };
        format!(
            "{correction}Inter-region VPC peering outbound transfer, {from} to {to}, {}{raised}{assumed}",
            link_type.as_str()
        )
    }

    /// The sender's traffic between these regions: made here, since the provider's own id is not known.
    fn sku_id(&self) -> String {
        format!("vpc-peering-outbound/{}/{}", self.to.source_region, self.to.destination_region)
    }

    /// The same over this link type.
    fn sku_price_id(&self) -> String {
        format!("{}/{}", self.sku_id(), self.line.link_type.map_or("free", LinkType::as_str))
    }

    fn sku_price_details(&self) -> String {
        let link_type = self.line.link_type.map(|link_type| ("x_LinkType", link_type.as_str()));
        let to = ("x_DestinationRegionId", self.to.destination_region);
        json([to].into_iter().chain(link_type))
    }

    /// The name of the connection, where it has one of its own.
    fn name(&self) -> Option<&'w str> {
        self.connection.name.as_deref().filter(|name| **name != *self.connection.id)
    }

    fn peer_vpc_id(&self) -> Option<&'w str> {
        let peer = match self.line.sender {
            Sender::Requester => &self.connection.accepter,
            Sender::Accepter => &self.connection.requester,
        };
        peer.vpc_id.as_deref()
    }
}

/// Keys and values as a JSON object, in which nothing acts on a terminal.
fn json<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    let pairs: BTreeMap<&str, &str> = pairs.into_iter().collect();
    // OK because text by text can always be written.
    let whole = serde_json::to_string(&pairs).unwrap_or_default();
    if is_plain(&whole) {
        return whole;
    }
    let mut visible = String::with_capacity(whole.len());
    for character in whole.chars() {
        if is_unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                visible.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            visible.push(character);
        }
    }
    visible
}

impl<'w> Row<'w> {
    /// A value that only traffic has.
    fn traffic<V: Into<Value<'w>>>(&self, value: impl FnOnce(&Traffic<'w>) -> V) -> Value<'w> {
        match &self.charge {
            Charge::Traffic(traffic) => value(traffic).into(),
            Charge::Adjustment(_) => Value::Null,
        }
    }

    fn billed_cost(&self) -> Exact {
        match &self.charge {
            Charge::Traffic(traffic) => traffic.line.amount.exact(traffic.gb),
            Charge::Adjustment(amount) => *amount,
        }
    }

    fn list_cost(&self) -> Exact {
        match &self.charge {
            Charge::Traffic(traffic) => traffic.list_cost,
            Charge::Adjustment(amount) => *amount,
        }
    }

    /// The hour; that of an adjustment is the month.
    fn period(&self) -> Period {
        match &self.charge {
            Charge::Traffic(traffic) => Period { start: traffic.hour, end: traffic.hour.next() },
            Charge::Adjustment(_) => self.writing.month,
        }
    }

    fn description(&self) -> String {
        match &self.charge {
            Charge::Traffic(traffic) => traffic.description(),
            Charge::Adjustment(_) => {
                let rounding = &self.writing.report.catalog.rounding;
                format!(
                    "Rounding of the month, {} to {} decimals",
                    rounding.mode.as_str().replace('_', " "),
                    rounding.decimals
                )
            }
        }
    }

    /// One of two words: that of traffic, or that of an adjustment.
    fn either(&self, of_traffic: &'static str, of_adjustment: &'static str) -> Value<'w> {
        let word = if matches!(self.charge, Charge::Traffic(_)) { of_traffic } else { of_adjustment };
        word.into()
    }

    fn currency(&self) -> &'w str {
        &self.writing.report.catalog.currency
    }

    /// The name of who pays; the specification wants one, and where none is given the id stands for it.
    fn account_name(&self) -> &'w str {
        self.writing.report.account_name(self.account).unwrap_or(self.account)
    }
}

/// What stands in a row under a column.
enum Value<'w> {
    Null,
    Text(Cow<'w, str>),
    Number(Exact),
    Instant(Hour),
}

impl<'w> Value<'w> {
    /// As CSV has it; a number has a point, so that a reader that infers types takes it for a decimal.
    fn into_text(self) -> Cow<'w, str> {
        match self {
            Self::Null => "".into(),
            Self::Text(text) => text,
            Self::Number(number) => number.text(2).into(),
            Self::Instant(hour) => hour.to_string().into(),
        }
    }
}

impl<'w> From<&'w str> for Value<'w> {
    fn from(text: &'w str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Exact> for Value<'_> {
    fn from(number: Exact) -> Self {
        Self::Number(number)
    }
}

impl From<UnitPrice> for Value<'_> {
    fn from(price: UnitPrice) -> Self {
        Self::Number(price.exact())
    }
}

impl From<Hour> for Value<'_> {
    fn from(hour: Hour) -> Self {
        Self::Instant(hour)
    }
}

impl<'w, T: Into<Value<'w>>> From<Option<T>> for Value<'w> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, T::into)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    Instant,
}

#[cfg(feature = "parquet")]
impl Kind {
    fn in_parquet(self) -> super::parquet::Kind {
        match self {
            Self::Text => super::parquet::Kind::Text,
            Self::Number => super::parquet::Kind::Decimal { scale: PARQUET_DECIMALS },
            Self::Instant => super::parquet::Kind::Instant,
        }
    }
}

/// A column: its name, the versions that have it, and what stands under it.
struct Column {
    name: &'static str,
    kind: Kind,
    first: FocusVersion,
    last: FocusVersion,
    value: for<'a, 'w> fn(&'a Row<'w>) -> Value<'w>,
}

impl Column {
    const fn since(self, first: FocusVersion) -> Self {
        Self { first, ..self }
    }

    const fn until(self, last: FocusVersion) -> Self {
        Self { last, ..self }
    }
}

const fn text(name: &'static str, value: for<'a, 'w> fn(&'a Row<'w>) -> Value<'w>) -> Column {
    Column { name, kind: Kind::Text, first: FocusVersion::V1_2, last: FocusVersion::V1_4, value }
}

const fn number(name: &'static str, value: for<'a, 'w> fn(&'a Row<'w>) -> Value<'w>) -> Column {
    Column { kind: Kind::Number, ..text(name, value) }
}

const fn instant(name: &'static str, value: for<'a, 'w> fn(&'a Row<'w>) -> Value<'w>) -> Column {
    Column { kind: Kind::Instant, ..text(name, value) }
}

/// The columns of a version, in its order.
fn columns(version: FocusVersion) -> Vec<&'static Column> {
    COLUMNS.iter().filter(|column| (column.first..=column.last).contains(&version)).collect()
}

/// Nothing that is known here, or nothing that there is in this traffic.
fn null<'w>(_: &Row<'w>) -> Value<'w> {
    Value::Null
}

/// The columns of all versions by name, as each version orders them, then those of our own.
static COLUMNS: [Column; 79] = [
    text("AllocatedMethodDetails", null).since(FocusVersion::V1_3),
    text("AllocatedMethodId", null).since(FocusVersion::V1_3),
    text("AllocatedResourceId", null).since(FocusVersion::V1_3),
    text("AllocatedResourceName", null).since(FocusVersion::V1_3),
    text("AllocatedTags", null).since(FocusVersion::V1_3),
    text("AvailabilityZone", null),
    number("BilledCost", |row| row.billed_cost().into()),
    text("BillingAccountId", |row| row.account.into()),
    text("BillingAccountName", |row| row.account_name().into()),
    text("BillingAccountType", |_| ACCOUNT.into()),
    text("BillingCurrency", |row| row.currency().into()),
    instant("BillingPeriodEnd", |row| row.writing.month.end.into()),
    instant("BillingPeriodStart", |row| row.writing.month.start.into()),
    text("CapacityReservationId", null),
    text("CapacityReservationStatus", null),
    text("ChargeCategory", |row| row.either("Usage", "Adjustment")),
    // Where a month that was closed, and invoiced, is corrected.
    text("ChargeClass", |row| row.writing.report.corrects.as_ref().map(|_| "Correction").into()),
    text("ChargeDescription", |row| row.description().into()),
    text("ChargeFrequency", |row| row.either("Usage-Based", "One-Time")),
    instant("ChargePeriodEnd", |row| row.period().end.into()),
    instant("ChargePeriodStart", |row| row.period().start.into()),
    text("CommitmentDiscountCategory", null),
    text("CommitmentDiscountId", null),
    text("CommitmentDiscountName", null),
    number("CommitmentDiscountQuantity", null),
    text("CommitmentDiscountStatus", null),
    text("CommitmentDiscountType", null),
    text("CommitmentDiscountUnit", null),
    text("CommitmentProgramEligibilityDetails", null).since(FocusVersion::V1_4),
    number("ConsumedQuantity", |row| row.traffic(|own| own.signed(own.line.bytes.into()))),
    text("ConsumedUnit", |row| row.traffic(|_| "B")),
    text("ContractApplied", null).since(FocusVersion::V1_3),
    number("ContractedCost", |row| row.billed_cost().into()),
    number("ContractedUnitPrice", |row| row.traffic(|own| own.line.price.contracted)),
    number("EffectiveCost", |row| row.billed_cost().into()),
    text("HostProviderName", |_| PROVIDER.into()).since(FocusVersion::V1_3),
    text("InvoiceDetailId", null).since(FocusVersion::V1_4),
    text("InvoiceId", null),
    text("InvoiceIssuerName", |row| row.writing.settings.invoice_issuer.as_str().into()),
    number("ListCost", |row| row.list_cost().into()),
    number("ListUnitPrice", |row| row.traffic(|own| own.line.price.list)),
    text("PricingCategory", |row| row.traffic(|_| "Standard")),
    text("PricingCurrency", |row| row.currency().into()),
    number("PricingCurrencyContractedUnitPrice", |row| row.traffic(|own| own.line.price.contracted)),
    number("PricingCurrencyEffectiveCost", |row| row.billed_cost().into()),
    number("PricingCurrencyListUnitPrice", |row| row.traffic(|own| own.line.price.list)),
    number("PricingQuantity", |row| row.traffic(|own| own.signed(own.gb.exact_quantity(own.line.bytes)))),
    text("PricingUnit", |row| row.traffic(|own| unit(own.gb))),
    text("ProviderName", |_| PROVIDER.into()).until(FocusVersion::V1_3),
    text("PublisherName", |_| PROVIDER.into()).until(FocusVersion::V1_3),
    text("RegionId", |row| row.traffic(|own| own.to.source_region)),
    text("RegionName", |row| row.traffic(|own| row.writing.region_name(own.to.source_region))),
    text("ResourceId", |row| row.traffic(|own| &*own.connection.id)),
    text("ResourceName", |row| row.traffic(Traffic::name)),
    text("ResourceType", |row| row.traffic(|_| "VPC Peering Connection")),
    text("ServiceCategory", |_| "Networking".into()),
    text("ServiceName", |_| "Cloud Data Transfer".into()),
    text("ServiceProviderName", |_| PROVIDER.into()).since(FocusVersion::V1_3),
    text("ServiceSubcategory", |_| "Network Connectivity".into()),
    text("SkuId", |row| row.traffic(Traffic::sku_id)),
    text("SkuMeter", |row| row.traffic(|_| "Outbound data transfer")),
    text("SkuPriceDetails", |row| row.traffic(Traffic::sku_price_details)),
    text("SkuPriceId", |row| row.traffic(Traffic::sku_price_id)),
    text("SubAccountId", |row| row.account.into()),
    text("SubAccountName", |row| row.account_name().into()),
    text("SubAccountType", |_| ACCOUNT.into()),
    text("Tags", |row| row.traffic(|own| json(own.connection.tags.iter()))),
    text("x_ConnectionId", |row| row.traffic(|own| &*own.connection.id)),
    text("x_Sender", |row| row.traffic(|own| own.line.sender.as_str())),
    text("x_DestinationRegionId", |row| row.traffic(|own| own.to.destination_region)),
    text("x_DestinationRegionName", |row| {
        row.traffic(|own| row.writing.region_name(own.to.destination_region))
    }),
    text("x_PeerAccountId", |row| row.traffic(|own| own.to.peer_account_id)),
    text("x_PeerVpcId", |row| row.traffic(Traffic::peer_vpc_id)),
    text("x_LinkType", |row| row.traffic(|own| own.line.link_type.map(LinkType::as_str))),
    text("x_Raised", |row| row.traffic(|own| if own.line.raised_hours > 0 { "true" } else { "false" })),
    number("x_RaisedCost", |row| row.traffic(|own| own.line.raised_amount.exact(own.gb))),
    text("x_PriceStatus", |row| row.traffic(|own| own.line.price.status.as_str())),
    text("x_Catalog", |row| row.writing.catalog.as_str().into()),
    text("x_BillingMonth", |row| row.writing.report.month.to_string().into()),
];

/// What accounts are called on either side of a bill.
const ACCOUNT: &str = "Alibaba Cloud account";

/// What one GB of the catalog is called (R9).
fn unit(gb: Gb) -> &'static str {
    match gb {
        Gb::Binary => "GiB",
        Gb::Decimal => "GB",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        meter::{MeterSettings, meter},
        read::TrafficSource,
        report::{ReportOptions, report},
    };

    /// So many hours of three accounts, one of which has nothing to adjust.
    fn hourly(hours: usize, threads: usize) -> Report {
        let connections = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
            pcc-1,1,cn-beijing,2,cn-shanghai,Gold\npcc-2,3,cn-beijing,2,cn-shanghai,Gold\n";
        let row = |hour| {
            format!(
                "2026-10-05T{hour:02}:00:00Z,pcc-1,requester,1073741824\n2026-10-05T{hour:02}:00:00Z,pcc-2,accepter,7\n"
            )
        };
        let usage = (0..hours).map(row).collect::<String>() + "2026-10-06T00:00:00Z,pcc-2,requester,1\n";
        let sources =
            [TrafficSource::from_bytes("u.csv", format!("timestamp,connection_id,sender,bytes\n{usage}"))];
        let settings = MeterSettings { threads, ..MeterSettings::new("2026-10".parse().unwrap()) };
        let metered = meter(&sources, crate::inventory(connections, None).unwrap(), &settings).unwrap();
        let options = ReportOptions { hourly: true, ..ReportOptions::default() };
        report(&metered, &Catalog::shipped("china-site").unwrap(), options).unwrap()
    }

    #[test]
    fn r17_pieces_of_accounts_on_any_number_of_threads_are_one_file() {
        for hours in 0..7 {
            let text = |threads| {
                let mut text = Vec::new();
                let report = hourly(hours, threads);
                reports(&[&report, &report], &FocusSettings::default(), &mut text).unwrap();
                let adjusted = |statement: &&Statement| {
                    let payable = Amount::of_money(statement.payable, Gb::Binary).unwrap();
                    !payable.checked_sub(statement.exact).unwrap().exact(Gb::Binary).is_zero()
                };
                // Behind the lines of an account stands its adjustment, where it has one.
                let kinds = report.statements.iter().flat_map(|statement| {
                    let lines = vec![false; statement.lines.len()];
                    lines.into_iter().chain(adjusted(&statement).then_some(true))
                });
                (String::from_utf8(text).unwrap(), kinds.collect::<Vec<bool>>().repeat(2))
            };
            let (alone, kinds) = text(1);
            let rows = alone.lines().skip(1).map(|row| row.contains("Rounding of the month"));
            assert_eq!(rows.collect::<Vec<_>>(), kinds, "{hours}");
            assert!(kinds.contains(&true) && kinds.len() > 4 * hours);
            for threads in 2..4 {
                assert_eq!(text(threads).0, alone, "{hours} {threads}");
            }
        }
    }
}
