//! The monthly cost report: statements with everything a reader needs to trust them.
//!
//! [`report`](fn@report) makes one of metered traffic. A [`Report`] owns its lines and all that they are about; its
//! [rows](Report::rows) show them column by column, as values. [`mod@crate::write`] makes them text.

mod assemble;
mod corrections;
mod options;
mod row;

pub(crate) use assemble::Traffic;
pub use assemble::{report, reports};
pub use corrections::corrections;
pub use options::{Group, Grouping, ReportOptions};
pub use row::{AccountKey, ChargeCategory, Column, ReportRow, TagKey};

use crate::{
    attribution::attribute,
    catalog::{CatalogSummary, PriceStatus},
    error::Result,
    meter::{ControlTotals, Duplicates},
    model::{
        accounts::Account,
        finding::Finding,
        inventory::Inventory,
        money::Money,
        time::{BillingMonth, Hour, Offset},
    },
    rating::{DayCost, Line},
    statement::Statement,
};
use std::sync::Arc;

/// A finished report, with all that it shows; the writers turn it into bytes.
#[non_exhaustive]
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// The billing month, as it was metered.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// Where the month was not over: the hour before which its records end.
    pub until: Option<Hour>,
    /// What was done with records that stand twice (R15).
    pub duplicates: Duplicates,
    /// What was asked for.
    pub options: ReportOptions,
    /// The catalog that priced it: its currency is that of all amounts (R13).
    pub catalog: Arc<CatalogSummary>,
    /// The connections it is about.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub inventory: Arc<Inventory>,
    /// All lines: by account, connection, sender, hour, link type and price.
    pub lines: Vec<Line>,
    /// What each account pays for each local day, by account and day, where it was asked for.
    pub days: Option<Vec<DayCost>>,
    /// One statement per account that has a line, by account (R11).
    pub statements: Vec<Statement>,
    /// Grouped lines, where they were asked for; they are printed instead of the lines.
    pub groups: Option<Vec<Group>>,
    /// Where every record went (R14); checked. Of all records, also where the report is of one account.
    pub totals: ControlTotals,
    /// What a reader should know (R16).
    pub findings: Vec<Finding>,
    /// A digest over the metered hours: [`Metered::digest`](crate::Metered::digest) (R17); none where that is what was
    /// [asked for](ReportOptions::without_digest).
    pub usage_digest: Option<String>,
    /// What it corrects, where its lines are corrections of a closed month.
    pub corrects: Option<Corrected>,
    /// How many threads may make it text.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) threads: usize,
}

/// A closed month that is corrected.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Corrected {
    /// The digest over the archived hours (R17).
    pub usage_digest: String,
    /// What was payable for them, by today's catalog and inventory: the sum over all accounts shown.
    pub payable_before: Money,
    /// What is payable for the month as it was metered anew, likewise.
    pub payable_after: Money,
}

/// What a row of a report is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowSource<'r> {
    Group(&'r Group),
    Line(&'r Line),
    /// What makes the rows of an account add up; not nothing.
    Adjustment(&'r Statement),
}

impl Report {
    /// The name of an account, where names were given and it has one.
    pub fn account_name(&self, account_id: &str) -> Option<&str> {
        self.account(account_id)?.name()
    }

    /// An account where people read it: its id, and its name behind it.
    pub(crate) fn account_label(&self, account_id: &str) -> String {
        let name = self.account_name(account_id).map_or_else(String::new, |name| format!(" ({name})"));
        format!("{account_id}{name}")
    }

    /// The name of an account for a format that tells all or none of them: `None` where no names were given.
    pub(crate) fn told_name(&self, account_id: &str) -> Option<Option<&str>> {
        self.options.accounts.as_ref().map(|_| self.account_name(account_id))
    }

    /// What is noted of an account.
    fn account(&self, account_id: &str) -> Option<&Account> {
        self.options.accounts.as_ref()?.get(account_id)
    }

    /// The columns that its rows show, in their order: those of charge periods only where lines have them, names of
    /// accounts only where they were given.
    pub fn columns(&self) -> Vec<Column> {
        let periods = self.options.shows_charge_periods();
        let mut columns: Vec<Column> =
            Column::ALL.into_iter().filter(|column| periods || !column.is_charge_period()).collect();
        let names = self.options.accounts.iter().map(|_| Column::BillingAccountName);
        let by = self.options.by.iter();
        let accounts = by.clone().flat_map(Grouping::accounts).map(Column::Account);
        let tags = by.flat_map(Grouping::tags).map(Column::Tag);
        let behind = columns.iter().position(|column| *column == Column::ConnectionId).unwrap_or_default();
        columns.splice(behind..behind, names.chain(accounts).chain(tags));
        columns
    }

    /// Whether an assumed price touched any line (R18).
    pub fn assumed(&self) -> bool {
        self.statements.iter().any(|statement| statement.assumed)
    }

    /// The sum of what is payable, over all accounts shown; each is rounded by itself (R11).
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the sum exceeds 2^127 units of 10^-10.
    pub fn payable(&self) -> Result<Money> {
        let payables = self.statements.iter().map(|statement| statement.payable);
        payables.into_iter().try_fold(Money::ZERO, Money::checked_add)
    }

    /// Its rows: every account's lines and its adjustment, or the groups and all adjustments.
    ///
    /// # Errors
    ///
    /// A row is an [`Overflow`](crate::ErrorKind::Overflow) where its bytes or an amount are too large to be printed.
    pub fn rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> + '_ {
        self.row_sources().map(|source| self.row(source))
    }

    /// How many threads make it text: few lines are not worth one of their own.
    pub(crate) fn text_threads(&self) -> usize {
        const FEW: usize = if cfg!(test) { 4 } else { 512 };
        if self.lines.len() > FEW { self.threads } else { 1 }
    }

    /// What its rows are made from, in their order.
    pub(crate) fn row_sources(&self) -> impl Iterator<Item = RowSource<'_>> {
        let statements = self.statements.iter().flat_map(|statement| {
            let lines = if self.groups.is_some() { 0..0 } else { statement.lines.clone() };
            let adjusted = statement.adjustment != Money::ZERO;
            let adjustment = adjusted.then_some(RowSource::Adjustment(statement));
            self.lines[lines].iter().map(RowSource::Line).chain(adjustment)
        });
        self.groups.iter().flatten().map(RowSource::Group).chain(statements)
    }

    /// One row.
    pub(crate) fn row<'r>(&'r self, source: RowSource<'r>) -> Result<ReportRow<'r>> {
        match source {
            RowSource::Group(group) => self.group_row(group),
            RowSource::Line(line) => self.line_row(line),
            RowSource::Adjustment(statement) => Ok(self.adjustment_row(statement)),
        }
    }

    /// The rows of its groups; none where lines are not grouped. They fail as [`rows`](Self::rows) do.
    pub fn group_rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> + '_ {
        self.groups.iter().flatten().map(|group| self.group_row(group))
    }

    /// The row of one of its lines; one of another report would be taken for another connection's.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where its bytes or an amount are too large to be printed.
    pub fn line_row<'r>(&'r self, line: &Line) -> Result<ReportRow<'r>> {
        let gb = self.catalog.gb;
        let (bytes, (metered_hours, raised_hours)) = (line.signed_bytes()?, line.signed_hours());
        Ok(ReportRow {
            consumed_bytes: Some(bytes),
            pricing_quantity: Some(gb.signed_quantity(bytes)?),
            billed_cost: Some(line.amount.printed(gb)?),
            metered_hours: Some(metered_hours),
            raised_hours: Some(raised_hours),
            raised_cost: Some(line.raised_amount.printed(gb)?),
            ..self.values(line)
        })
    }

    /// The values of a line that are not summed.
    fn values(&self, line: &Line) -> ReportRow<'_> {
        let connection = self.inventory.connection(line.connection);
        let to = attribute(connection, line.sender);
        let category = match (&self.corrects, line.link_type) {
            (Some(_), _) => ChargeCategory::Correction,
            (None, Some(_)) => ChargeCategory::Usage,
            (None, None) => ChargeCategory::Free,
        };
        let account = self.account(to.billing_account_id);
        ReportRow {
            billing_month: Some(self.month),
            charge_period_start: line.hour,
            charge_period_end: line.hour.map(Hour::next),
            billing_account_id: Some(to.billing_account_id),
            billing_account_name: account.and_then(Account::name),
            account,
            tags: Some(&connection.tags),
            connection_id: Some(&connection.id),
            sender: Some(line.sender),
            source_region: Some(to.source_region),
            destination_region: Some(to.destination_region),
            peer_account_id: Some(to.peer_account_id),
            link_type: line.link_type,
            charge_category: Some(category),
            list_unit_price: line.price.list,
            contracted_unit_price: Some(line.price.contracted),
            billing_currency: Some(&self.catalog.currency),
            price_status: Some(line.price.status),
            ..ReportRow::default()
        }
    }

    /// The values of a line that tell its group from others.
    fn named_values(&self, line: &Line, grouping: &Grouping) -> ReportRow<'_> {
        let mut named = self.values(line);
        named.keep(&grouping.columns);
        self.of_day(named, line, grouping)
    }

    /// The values that all lines of a group have.
    fn shared_values(&self, group: &Group, grouping: &Grouping) -> ReportRow<'_> {
        let mut shared = self.values(&group.first);
        group.differing.iter().for_each(|&column| shared.clear(column));
        shared.keep_keyed(&grouping.columns);
        self.of_day(shared, &group.first, grouping)
    }

    /// The row with the day of its line as its period, where days tell groups apart.
    fn of_day<'r>(&self, mut row: ReportRow<'r>, line: &Line, grouping: &Grouping) -> ReportRow<'r> {
        if let Some(hour) = line.hour.filter(|_| grouping.day) {
            let day = self.offset.day_of(hour);
            (row.charge_period_start, row.charge_period_end) = (Some(day.start), Some(day.end));
        }
        row
    }

    fn group_row(&self, group: &Group) -> Result<ReportRow<'_>> {
        let gb = self.catalog.gb;
        let grouping = self.options.grouping().unwrap_or_default();
        let shared = self.shared_values(group, &grouping);
        Ok(ReportRow {
            consumed_bytes: Some(group.bytes),
            pricing_quantity: Some(gb.signed_quantity(group.bytes)?),
            billed_cost: Some(group.amount.printed(gb)?),
            metered_hours: Some(group.metered_hours),
            raised_hours: Some(group.raised_hours),
            raised_cost: Some(group.raised_amount.printed(gb)?),
            // R18: an assumed price marks every line that it touched, also where the column is not asked for.
            price_status: if group.assumed { Some(PriceStatus::Assumed) } else { shared.price_status },
            ..shared
        })
    }

    /// The row that makes an account's rows add up.
    fn adjustment_row<'r>(&'r self, statement: &'r Statement) -> ReportRow<'r> {
        let account = self.account(&statement.billing_account_id);
        ReportRow {
            billing_month: Some(self.month),
            billing_account_id: Some(&statement.billing_account_id),
            billing_account_name: account.and_then(Account::name),
            account,
            charge_category: Some(ChargeCategory::Adjustment),
            billed_cost: Some(statement.adjustment),
            billing_currency: Some(&self.catalog.currency),
            ..ReportRow::default()
        }
    }
}
