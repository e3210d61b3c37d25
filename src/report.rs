//! The monthly cost report: statements with everything a reader needs to trust them.

use crate::{
    attribution::attribute,
    catalog::{Catalog, CatalogSummary, PriceStatus},
    error::{Error, Result},
    findings::{Finding, FindingCode, Survey, Surveyor, findings},
    group::{Group, group},
    meter::{ControlTotals, Duplicates, Metered, UsageDigest},
    model::{
        connection::Connection,
        did_you_mean,
        inventory::Inventory,
        money::Money,
        time::{BillingMonth, Offset, Period},
    },
    rating::{Line, Rating},
    statement::{Statement, statements},
};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    ops::Range,
    sync::Arc,
};

/// A column of the report, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the column of that name in docs/rules.md")]
pub enum Column {
    BillingMonth,
    ChargePeriodStart,
    ChargePeriodEnd,
    BillingAccountId,
    ConnectionId,
    Sender,
    SourceRegion,
    DestinationRegion,
    PeerAccountId,
    LinkType,
    ChargeCategory,
    ConsumedBytes,
    PricingQuantity,
    ListUnitPrice,
    ContractedUnitPrice,
    BilledCost,
    BillingCurrency,
    MeteredHours,
    RaisedHours,
    RaisedCost,
    PriceStatus,
}

impl Column {
    /// All, in the order of the file.
    pub const ALL: [Self; 21] = [
        Self::BillingMonth,
        Self::ChargePeriodStart,
        Self::ChargePeriodEnd,
        Self::BillingAccountId,
        Self::ConnectionId,
        Self::Sender,
        Self::SourceRegion,
        Self::DestinationRegion,
        Self::PeerAccountId,
        Self::LinkType,
        Self::ChargeCategory,
        Self::ConsumedBytes,
        Self::PricingQuantity,
        Self::ListUnitPrice,
        Self::ContractedUnitPrice,
        Self::BilledCost,
        Self::BillingCurrency,
        Self::MeteredHours,
        Self::RaisedHours,
        Self::RaisedCost,
        Self::PriceStatus,
    ];

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::BillingMonth => "billing_month",
            Self::ChargePeriodStart => "charge_period_start",
            Self::ChargePeriodEnd => "charge_period_end",
            Self::BillingAccountId => "billing_account_id",
            Self::ConnectionId => "connection_id",
            Self::Sender => "sender",
            Self::SourceRegion => "source_region",
            Self::DestinationRegion => "destination_region",
            Self::PeerAccountId => "peer_account_id",
            Self::LinkType => "link_type",
            Self::ChargeCategory => "charge_category",
            Self::ConsumedBytes => "consumed_bytes",
            Self::PricingQuantity => "pricing_quantity",
            Self::ListUnitPrice => "list_unit_price",
            Self::ContractedUnitPrice => "contracted_unit_price",
            Self::BilledCost => "billed_cost",
            Self::BillingCurrency => "billing_currency",
            Self::MeteredHours => "metered_hours",
            Self::RaisedHours => "raised_hours",
            Self::RaisedCost => "raised_cost",
            Self::PriceStatus => "price_status",
        }
    }

    /// Whether grouped lines show its sum.
    pub fn is_summed(self) -> bool {
        matches!(
            self,
            Self::ConsumedBytes
                | Self::PricingQuantity
                | Self::BilledCost
                | Self::MeteredHours
                | Self::RaisedHours
                | Self::RaisedCost
        )
    }

    fn is_charge_period(self) -> bool {
        matches!(self, Self::ChargePeriodStart | Self::ChargePeriodEnd)
    }
}

/// One line of the report as text, by column; a column without a value is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The values of all columns, one behind the other: a report of many lines is not made of many small strings.
    text: String,
    /// By column: where its value ends.
    ends: [usize; Column::ALL.len()],
}

impl Row {
    /// The value of a column.
    pub fn get(&self, column: Column) -> &str {
        &self.text[self.range(column)]
    }

    /// An empty row with room for a line, so that it need not grow value by value.
    fn roomy() -> Self {
        Self { text: String::with_capacity(256), ..Self::default() }
    }

    fn range(&self, column: Column) -> Range<usize> {
        let place = column as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        start..self.ends[place]
    }

    pub(crate) fn set(&mut self, column: Column, value: impl fmt::Display) {
        self.put(column, |text| {
            // OK because writing to a String does not fail.
            let _ = write!(text, "{value}");
        });
    }

    /// As [`Row::set`], without the detour of formatting.
    pub(crate) fn set_text(&mut self, column: Column, value: &str) {
        self.put(column, |text| text.push_str(value));
    }

    fn put(&mut self, column: Column, write: impl FnOnce(&mut String)) {
        let range = self.range(column);
        // Most often nothing stands behind it yet, and nothing is moved.
        let behind = (range.end < self.text.len()).then(|| self.text.split_off(range.end));
        self.text.truncate(range.start);
        write(&mut self.text);
        let end = self.text.len();
        self.text.extend(behind);
        for own in &mut self.ends[column as usize..] {
            *own = *own + end - range.end;
        }
    }

    /// Orders rows by their columns, from the first to the last.
    pub(crate) fn cmp_by_columns(&self, other: &Self) -> std::cmp::Ordering {
        Column::ALL.map(|column| self.get(column)).cmp(&Column::ALL.map(|column| other.get(column)))
    }

    /// Leaves a column empty.
    pub(crate) fn clear(&mut self, column: Column) {
        self.set(column, "");
    }

    fn set_period(&mut self, period: Period) {
        self.set(Column::ChargePeriodStart, period.start);
        self.set(Column::ChargePeriodEnd, period.end);
    }
}

/// How lines are grouped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Columns whose values tell groups apart.
    pub columns: Vec<Column>,
    /// Whether local days do.
    pub day: bool,
}

impl Grouping {
    /// Reads column names and `day`.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut grouping = Self::default();
        for name in names {
            if name == "day" {
                grouping.day = true;
                continue;
            }
            let column = Column::ALL.into_iter().find(|column| column.name() == name);
            let column = column.ok_or_else(|| {
                let known = Column::ALL.map(Column::name).into_iter().chain(["day"]);
                Error::setting("by", format!("{name}: no such column{}", did_you_mean(name, known)))
            })?;
            if column.is_summed() {
                let why = format!("{name}: {name} is summed, lines cannot be grouped by it");
                return Err(Error::setting("by", why));
            }
            if !grouping.columns.contains(&column) {
                grouping.columns.push(column);
            }
        }
        if grouping.day && grouping.columns.iter().any(|column| column.is_charge_period()) {
            return Err(Error::setting("by", "day and an hourly charge period exclude each other"));
        }
        if grouping.columns.is_empty() && !grouping.day {
            return Err(Error::setting("by", "names no column"));
        }
        Ok(grouping)
    }

    fn needs_hours(&self) -> bool {
        self.day || self.columns.iter().any(|column| column.is_charge_period())
    }
}

/// What report to make of metered traffic; by default one of all accounts, with one line per price.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// One line per hour.
    pub hourly: bool,
    /// Grouped lines.
    pub by: Option<Grouping>,
    /// The statement of this account alone.
    pub account: Option<String>,
    /// Further settings that the report names, such as those from a settings file.
    pub settings: Vec<(String, String)>,
}

/// What a line of the file shows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'a> {
    Group(&'a Group),
    Line(&'a Line),
    /// What makes the print of an account add up; not nothing.
    Adjustment(&'a Statement),
}

/// A finished report, with all that it shows; the writers turn it into bytes.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Report {
    /// The billing month.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// What was done with duplicates.
    pub duplicates: Duplicates,
    /// What was asked for.
    pub options: ReportOptions,
    /// The catalog that priced it.
    pub catalog: Arc<CatalogSummary>,
    /// The connections it is about.
    pub inventory: Arc<Inventory>,
    /// All lines, by account.
    pub lines: Vec<Line>,
    /// One statement per account.
    pub statements: Vec<Statement>,
    /// Grouped lines, where they were asked for; they are printed instead of the lines.
    pub groups: Option<Vec<Group>>,
    /// Where every record went; checked.
    pub totals: ControlTotals,
    /// What a reader should know.
    pub findings: Vec<Finding>,
    /// A digest over the metered hours.
    pub usage_digest: String,
    /// How many threads may make it text.
    pub(crate) threads: usize,
}

/// Rates what was metered and makes the report.
///
/// Fails where a price is missing, where two prices tie, where an amount is too large to be exact, or
/// where the control totals do not add up.
pub fn report(metered: &Metered, catalog: &Catalog, options: ReportOptions) -> Result<Report> {
    Traffic { metered, options: &options, measured: true }.report(metered.inventory(), catalog)
}

/// What reports on the same traffic share, whatever its link types and prices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic<'t> {
    pub metered: &'t Metered,
    pub options: &'t ReportOptions,
    /// Whether the traffic was measured; there is nothing to find in quantities that were planned.
    pub measured: bool,
}

impl Traffic<'_> {
    pub fn inventory(&self) -> &Inventory {
        self.metered.inventory()
    }

    /// Rates the traffic over the link types of `link_types`, whose connections are those of the inventory, and
    /// makes the report.
    pub fn report(&self, link_types: &Inventory, catalog: &Catalog) -> Result<Report> {
        let Self { metered, options, measured } = self;
        let (inventory, usage) = (metered.inventory(), metered.usage());
        metered.totals().check()?;
        if options.hourly && options.by.as_ref().is_some_and(|by| by.day) {
            return Err(Error::usage("--hourly and --by day exclude each other"));
        }
        if let Some(account) = &options.account {
            check_account(account, inventory)?;
        }
        let by_hours = options.by.as_ref().is_some_and(Grouping::needs_hours);
        let hourly = options.hourly || by_hours;
        let rating = Rating::new(usage, link_types, catalog, hourly, options.account.as_deref());
        let Seen { lines, survey, usage_digest } = look(metered, &rating)?;
        let statements = statements(&lines, inventory, catalog)?;
        let mut report = Report {
            month: metered.month(),
            offset: metered.offset(),
            duplicates: metered.duplicates(),
            options: (*options).clone(),
            catalog: Arc::new(catalog.summary()),
            inventory: inventory.clone(),
            lines,
            statements,
            groups: None,
            totals: metered.totals(),
            findings: if *measured { self.findings(&survey) } else { Vec::new() },
            usage_digest,
            threads: usage.threads(),
        };
        report.note_assumed_prices();
        report.findings.sort_by_key(|finding| finding.code);
        if report.options.by.is_some() {
            report.group_lines()?;
        }
        Ok(report)
    }

    /// What a reader should know about the traffic.
    fn findings(&self, survey: &Survey) -> Vec<Finding> {
        let mut findings = findings(self.metered, survey);
        findings.extend(refusal_findings(self.metered));
        if let Some(account) = &self.options.account {
            findings.retain(|finding| {
                let connection = finding.connection.map(|index| self.inventory().connection(index));
                connection.is_none_or(|connection| owns_an_end(account, connection))
            });
        }
        findings
    }
}

/// What a look at all metered hours gives.
struct Seen {
    lines: Vec<Line>,
    survey: Survey,
    usage_digest: String,
}

/// Looks at every metered hour once, for all that wants to see it.
fn look(metered: &Metered, rating: &Rating<'_>) -> Result<Seen> {
    let (usage, inventory) = (metered.usage(), metered.inventory());
    let surveyor = Surveyor::new(inventory);
    let digest = UsageDigest::new(usage, inventory);
    let new = || (rating.rater(), surveyor.survey(), Vec::new());
    let parts = usage.fold(new, |(rater, survey, hours), row| {
        rater.add_row(row)?;
        surveyor.add_row(survey, row)?;
        digest.add_row(hours, row)
    })?;
    let (mut raters, mut surveys, mut hours) = (Vec::new(), Vec::new(), Vec::new());
    for (rater, survey, own_hours) in parts {
        raters.push(rater);
        surveys.push(survey);
        hours.push(own_hours);
    }
    // Lines last, when the others need no memory any more.
    let survey = surveyor.merge(surveys);
    let usage_digest = digest.finish(hours);
    drop((surveyor, digest));
    let lines = rating.lines(raters)?;
    Ok(Seen { lines, survey, usage_digest })
}

fn owns_an_end(account: &str, connection: &Connection) -> bool {
    [&connection.requester, &connection.accepter].iter().any(|end| &*end.account_id == account)
}

fn check_account(account: &str, inventory: &Inventory) -> Result<()> {
    let connections = inventory.connections();
    // The accounts of a connection whose row is bad are not known.
    let unknown = inventory.faulty().next().is_some();
    if unknown || connections.iter().any(|connection| owns_an_end(account, connection)) {
        return Ok(());
    }
    let known = connections
        .iter()
        .flat_map(|connection| [&*connection.requester.account_id, &*connection.accepter.account_id]);
    let near = did_you_mean(account, known);
    Err(Error::setting(
        "account",
        format!("{account}: no connection of the inventory has this account{near}"),
    ))
}

fn refusal_findings(metered: &Metered) -> Vec<Finding> {
    let for_cause = metered.refused_for_cause();
    let dropped = metered.totals().refused.records - for_cause;
    let mut found = Vec::new();
    if for_cause > 0 {
        let message = format!("{for_cause} records are quarantined and not billed");
        found.push(Finding::new(FindingCode::RecordsQuarantined, message));
    }
    if dropped > 0 {
        let message = format!("{dropped} copies of records were dropped");
        found.push(Finding::new(FindingCode::CopiesDropped, message));
    }
    found
}

impl Report {
    fn note_assumed_prices(&mut self) {
        let assumed = self.lines.iter().filter(|line| line.price.status == PriceStatus::Assumed);
        let count = assumed.count();
        if count > 0 {
            let message = format!(
                "lines with an assumed price: {count}; the price is one that the provider does not publish: {}",
                self.catalog.overlays.join(", ")
            );
            self.findings.push(Finding::new(FindingCode::AssumedPrice, message));
        }
    }

    /// The columns of this report.
    pub fn columns(&self) -> Vec<Column> {
        let by_hours = self.options.by.as_ref().is_some_and(Grouping::needs_hours);
        let periods = self.options.hourly || by_hours;
        Column::ALL.into_iter().filter(|column| periods || !column.is_charge_period()).collect()
    }

    /// Whether an assumed price touched any line.
    pub fn assumed(&self) -> bool {
        self.statements.iter().any(|statement| statement.assumed)
    }

    /// The sum of what is payable, over all accounts shown.
    pub fn payable(&self) -> Result<Money> {
        let payables = self.statements.iter().map(|statement| statement.payable);
        payables.into_iter().try_fold(Money::ZERO, Money::checked_add)
    }

    /// The lines of the file: every account's lines and its adjustment, or the groups and all adjustments.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row>> + '_ {
        self.shown().map(|shown| self.row(shown))
    }

    /// What the lines of the file show, in their order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        let statements = self.statements.iter().flat_map(|statement| {
            let lines = if self.groups.is_some() { 0..0 } else { statement.lines.clone() };
            let adjusted = statement.adjustment != Money::ZERO;
            let adjustment = adjusted.then_some(Shown::Adjustment(statement));
            self.lines[lines].iter().map(Shown::Line).chain(adjustment)
        });
        self.groups.iter().flatten().map(Shown::Group).chain(statements)
    }

    /// A line of the file as text.
    pub(crate) fn row(&self, shown: Shown<'_>) -> Result<Row> {
        match shown {
            Shown::Group(group) => self.group_row(group),
            Shown::Line(line) => self.line_row(line),
            Shown::Adjustment(statement) => Ok(self.adjustment_row(statement)),
        }
    }

    /// The grouped lines; none where lines are not grouped.
    pub fn group_rows(&self) -> impl Iterator<Item = Result<Row>> + '_ {
        self.groups.iter().flatten().map(|group| self.group_row(group))
    }

    /// One line as text.
    pub fn line_row(&self, line: &Line) -> Result<Row> {
        let connection = self.inventory.connection(line.connection);
        let to = attribute(connection, line.sender);
        let gb = self.catalog.gb;
        let mut row = Row::roomy();
        row.set(Column::BillingMonth, self.month);
        if let Some(start) = line.hour {
            row.set_period(Period { start, end: start.next() });
        }
        row.set_text(Column::BillingAccountId, to.billing_account_id);
        row.set_text(Column::ConnectionId, &connection.id);
        row.set_text(Column::Sender, line.sender.as_str());
        row.set_text(Column::SourceRegion, to.source_region);
        row.set_text(Column::DestinationRegion, to.destination_region);
        row.set_text(Column::PeerAccountId, to.peer_account_id);
        row.set_text(Column::LinkType, line.link_type.map_or("", |link_type| link_type.as_str()));
        row.set_text(Column::ChargeCategory, if line.link_type.is_some() { "usage" } else { "free" });
        row.set(Column::ConsumedBytes, line.bytes);
        row.set_text(Column::PricingQuantity, &gb.quantity(line.bytes)?.text(0));
        if let Some(list) = line.price.list {
            row.set(Column::ListUnitPrice, list);
        }
        row.set(Column::ContractedUnitPrice, line.price.contracted);
        row.set(Column::BilledCost, line.amount.printed(gb)?);
        row.set_text(Column::BillingCurrency, &self.catalog.currency);
        row.set(Column::MeteredHours, line.metered_hours);
        row.set(Column::RaisedHours, line.raised_hours);
        row.set(Column::RaisedCost, line.raised_amount.printed(gb)?);
        row.set_text(Column::PriceStatus, line.price.status.as_str());
        Ok(row)
    }

    fn group_row(&self, group: &Group) -> Result<Row> {
        let gb = self.catalog.gb;
        let mut row = group.key.clone();
        row.set(Column::ConsumedBytes, group.bytes);
        row.set_text(Column::PricingQuantity, &gb.quantity(group.bytes)?.text(0));
        row.set(Column::BilledCost, group.amount.printed(gb)?);
        row.set(Column::MeteredHours, group.metered_hours);
        row.set(Column::RaisedHours, group.raised_hours);
        row.set(Column::RaisedCost, group.raised_amount.printed(gb)?);
        if group.assumed {
            // R18: an assumed price marks every line that it touched, also where the column is not asked for.
            row.set_text(Column::PriceStatus, PriceStatus::Assumed.as_str());
        }
        Ok(row)
    }

    /// The line that makes an account's print add up; none where there is nothing to adjust.
    fn adjustment_row(&self, statement: &Statement) -> Row {
        let mut row = Row::default();
        row.set(Column::BillingMonth, self.month);
        row.set_text(Column::BillingAccountId, &statement.billing_account_id);
        row.set_text(Column::ChargeCategory, "adjustment");
        row.set(Column::BilledCost, statement.adjustment);
        row.set_text(Column::BillingCurrency, &self.catalog.currency);
        row
    }

    /// Groups the lines, and lets the adjustments make the groups add up to what is payable.
    fn group_lines(&mut self) -> Result<()> {
        let Some(grouping) = self.options.by.clone() else { return Ok(()) };
        let mut grouping = grouping;
        if self.options.hourly {
            grouping.columns.extend([Column::ChargePeriodStart, Column::ChargePeriodEnd]);
        }
        let keys = self.lines.iter().map(|line| self.group_key(line, &grouping));
        let keys = keys.collect::<Result<Vec<Row>>>()?;
        let groups = group(&self.lines, &keys)?;
        let printed = |group: &Group| group.amount.printed(self.catalog.gb);
        let by_account = grouping.columns.contains(&Column::BillingAccountId);
        let mut rest = self.payable()?;
        let mut subtotals: BTreeMap<&str, Money> = BTreeMap::new();
        for group in &groups {
            let printed = printed(group)?;
            rest = rest.checked_sub(printed)?;
            let subtotal = subtotals.entry(group.key.get(Column::BillingAccountId)).or_default();
            *subtotal = subtotal.checked_add(printed)?;
        }
        for statement in &mut self.statements {
            statement.subtotal = match subtotals.get(statement.billing_account_id.as_str()) {
                Some(subtotal) if by_account => *subtotal,
                _ => statement.exact.printed(self.catalog.gb)?,
            };
            statement.adjustment = statement.payable.checked_sub(statement.subtotal)?;
            rest = rest.checked_sub(statement.adjustment)?;
        }
        // Groups that mix accounts round differently from accounts: the last digit goes to the last account.
        if let Some(last) = self.statements.last_mut() {
            last.adjustment = last.adjustment.checked_add(rest)?;
            last.subtotal = last.payable.checked_sub(last.adjustment)?;
        }
        self.groups = Some(groups);
        Ok(())
    }

    /// The values that tell a line's group from others; all other columns are empty.
    fn group_key(&self, line: &Line, grouping: &Grouping) -> Result<Row> {
        let full = self.line_row(line)?;
        let mut key = Row::default();
        for &column in &grouping.columns {
            key.set(column, full.get(column));
        }
        if let Some(hour) = line.hour.filter(|_| grouping.day) {
            key.set_period(self.offset.day_of(hour));
        }
        Ok(key)
    }
}
