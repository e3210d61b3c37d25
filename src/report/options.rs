//! What is asked of a report.

use super::column::Column;
use crate::{
    error::{Error, Result},
    model::did_you_mean,
};

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
    /// Reads names of columns and `day`.
    ///
    /// Fails with [`ErrorKind::Usage`](crate::ErrorKind::Usage) at a name that no column has, at a column that is
    /// summed, where `day` stands beside an hourly charge period, and where nothing is named.
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

    /// Whether lines must be hourly to be grouped so.
    pub(crate) fn needs_hours(&self) -> bool {
        self.day || self.columns.iter().any(|column| column.is_charge_period())
    }
}

/// What report to make of metered traffic; by default one of all accounts, with one line per price.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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

impl ReportOptions {
    /// Whether lines have a charge period of their own, which they show.
    pub(crate) fn shows_charge_periods(&self) -> bool {
        self.hourly || self.by.as_ref().is_some_and(Grouping::needs_hours)
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
