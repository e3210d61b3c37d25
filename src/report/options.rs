//! What is asked of a report, and the lines that it groups.

use super::row::{AccountKey, ChargeCategory, Column, ReportRow, TagKey};
use crate::{
    catalog::PriceStatus,
    error::{Error, Result},
    meter::Archives,
    model::{
        accounts::{Accounts, Budgets},
        checked_add_signed, did_you_mean,
        link::LinkType,
        money::{Amount, UnitPrice},
        time::Offset,
        usage::Sender,
    },
    rating::{Line, Split},
};
use std::{collections::BTreeMap, sync::Arc};

/// How lines are grouped: lines that share a day and the values of all `columns` become one.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Grouping {
    /// Columns whose values tell groups apart; none of them is summed.
    pub columns: Vec<Column>,
    /// Whether local days tell them apart: days in the offset of the billing month (R12).
    pub day: bool,
}

impl Grouping {
    /// Reads names of columns, `tag:KEY` for a tag of connections, `account.COLUMN` for what is noted of accounts, and
    /// `day`, in any order.
    ///
    /// ```
    /// use peerbill::report::{Column, Grouping};
    ///
    /// let grouping = Grouping::parse(["connection_id", "day"])?;
    /// assert_eq!((grouping.columns, grouping.day), (vec![Column::ConnectionId], true));
    /// assert!(Grouping::parse(["billed_cost"]).is_err(), "it is summed");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) at a name that no column has, at a column that is summed, where `day` stands
    /// beside an hourly charge period, and where nothing is named.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut grouping = Self::default();
        for name in names {
            if name == "day" {
                grouping.day = true;
                continue;
            }
            let mut named = Column::ALL.into_iter().chain([Column::BillingAccountName]);
            let column = named.find(|column| column.name() == name);
            let column = column.or_else(|| TagKey::of_column(name).map(Column::Tag));
            let column = column.or_else(|| AccountKey::of_column(name).map(Column::Account));
            let column = column.ok_or_else(|| {
                let known = Column::ALL.map(Column::name).into_iter().chain(["day", "billing_account_name"]);
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

    /// What it groups by, as [`parse`](Self::parse) reads it: columns in the order in which they were named, then `day`.
    pub fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name()).chain(self.day.then_some("day")).collect()
    }

    /// The tags that tell groups apart, in the order in which they were named.
    pub(crate) fn tags(&self) -> impl Iterator<Item = TagKey> {
        self.columns.iter().filter_map(|column| if let Column::Tag(key) = column { Some(*key) } else { None })
    }

    /// What is noted of accounts that tells groups apart, likewise.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = AccountKey> {
        let key = |column: &Column| if let Column::Account(key) = column { Some(*key) } else { None };
        self.columns.iter().filter_map(key)
    }

    /// Whether lines must be of hours or days to be grouped so.
    pub(crate) fn needs_hours(&self) -> bool {
        self.day || self.has_hours()
    }

    /// Whether groups are told apart by their hours.
    fn has_hours(&self) -> bool {
        self.columns.iter().any(|column| column.is_charge_period())
    }
}

/// What report to make of metered traffic; by default one of all accounts, with one line per price.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ReportOptions {
    /// One line per hour, which shows it; otherwise one for all hours of a price.
    pub hourly: bool,
    /// Whether it tells what each account pays for each local day.
    pub daily: bool,
    /// Whether no digest over the metered hours is made, which takes up to a tenth of the time: for CSV, Parquet and FOCUS, which
    /// do not show it. Other forms refuse such a report.
    pub without_digest: bool,
    /// How lines are grouped for print; what is payable stays what it is. `None`: they are not.
    pub by: Option<Grouping>,
    /// The account whose lines and statement it shows; `None`: all. Control totals stay those of all records (R14).
    pub account: Option<String>,
    /// Names of accounts, and what else is noted of them; the report then shows names.
    pub accounts: Option<Arc<Accounts>>,
    /// What accounts may pay; one that pays more is a finding.
    pub budgets: Option<Arc<Budgets>>,
    /// The archives whose hours it is of, and what they tell of the records behind them (R14); they decide nothing.
    pub archives: Archives,
    /// Names and values of further settings that the report names, such as those from a settings file; they decide
    /// nothing.
    pub settings: Vec<(String, String)>,
}

impl ReportOptions {
    /// Whether lines have a charge period of their own, which they show.
    pub(crate) fn shows_charge_periods(&self) -> bool {
        self.hourly || self.by.as_ref().is_some_and(Grouping::needs_hours)
    }

    /// Which hours have lines of their own, whose days are those of `offset`.
    pub(super) fn split(&self, offset: Offset) -> Split {
        match &self.by {
            _ if self.hourly => Split::Hours,
            Some(by) if by.has_hours() => Split::Hours,
            Some(by) if by.day => Split::Days(offset),
            _ => Split::None,
        }
    }

    /// How lines are grouped in fact: with `hourly`, also by their hour.
    pub(super) fn grouping(&self) -> Option<Grouping> {
        let mut grouping = self.by.clone()?;
        if self.hourly {
            grouping.columns.extend([Column::ChargePeriodStart, Column::ChargePeriodEnd]);
        }
        Some(grouping)
    }
}

/// Lines that share the values of some columns, summed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Group {
    /// The first of its lines: what they share is read off it.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) first: Line,
    /// The columns in which some of its lines have another value than the first.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) differing: Vec<Column>,
    /// Bytes sent, the sum of its lines.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: i128,
    /// What they cost, exactly, in the catalog's currency (R10).
    pub amount: Amount,
    /// Hours with a record, counted per connection and sender.
    pub metered_hours: i64,
    /// Those of them that hold a change of link type.
    pub raised_hours: i64,
    /// What raising them cost at most, exactly: see [`Line::raised_amount`].
    pub raised_amount: Amount,
    /// Whether an assumed price touched any of them (R18).
    pub assumed: bool,
}

impl Group {
    /// Without a line yet, for lines that are like `first`.
    fn like(first: &Line) -> Self {
        Self {
            first: first.clone(),
            differing: Vec::new(),
            bytes: 0,
            amount: Amount::ZERO,
            metered_hours: 0,
            raised_hours: 0,
            raised_amount: Amount::ZERO,
            assumed: false,
        }
    }

    fn add(&mut self, line: &Line) -> Result<()> {
        let (metered_hours, raised_hours) = line.signed_hours();
        checked_add_signed(&mut self.bytes, line.signed_bytes()?, "a group")?;
        self.amount = self.amount.checked_add(line.amount)?;
        self.metered_hours += metered_hours;
        self.raised_hours += raised_hours;
        self.raised_amount = self.raised_amount.checked_add(line.raised_amount)?;
        self.assumed |= line.price.status == PriceStatus::Assumed;
        Ok(())
    }
}

/// Sums the lines whose `named` values are equal; groups stand in the order of those values. `values` are all of a line
/// that are not summed.
pub(super) fn group<'r>(
    lines: &[Line],
    grouping: &Grouping,
    values: impl Fn(&Line) -> ReportRow<'r>,
    named: impl Fn(&Line) -> ReportRow<'r>,
) -> Result<Vec<Group>> {
    let mut groups = BTreeMap::new();
    for line in lines {
        let own = values(line);
        let (group, first) =
            groups.entry(place(&named(line), grouping)).or_insert_with(|| (Group::like(line), own));
        group.add(line)?;
        for column in first.differing(&own) {
            if !group.differing.contains(&column) {
                group.differing.push(column);
            }
        }
    }
    Ok(groups.into_values().map(|(group, _)| group).collect())
}

/// Where a group stands among others: by its values as they are printed, column by column, so that a sorted file
/// stays sorted.
fn place<'r>(named: &ReportRow<'r>, grouping: &Grouping) -> impl Ord + use<'r> {
    let accounts: Vec<Option<&'r str>> =
        grouping.accounts().map(|key| named.account?.value(key.key())).collect();
    let tags: Vec<Option<&'r str>> = grouping.tags().map(|key| named.tags?.get(key.key())).collect();
    let printed = |price: Option<UnitPrice>| price.map(|price| price.to_string());
    let when = (named.billing_month, named.charge_period_start, named.charge_period_end);
    let payer = (named.billing_account_id, named.billing_account_name, accounts);
    let who = (payer, tags, named.connection_id, named.sender.map(Sender::as_str));
    let between = (named.source_region, named.destination_region, named.peer_account_id);
    let link_type = named.link_type.map(LinkType::as_str);
    let charged_as = (link_type, named.charge_category.map(ChargeCategory::as_str));
    let prices = (printed(named.list_unit_price), printed(named.contracted_unit_price));
    let money = (named.billing_currency, named.price_status.map(PriceStatus::as_str));
    (when, who, between, charged_as, prices, money)
}
