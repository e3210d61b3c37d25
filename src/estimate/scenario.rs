//! One question and its answer: the same traffic over other link types, as a report.

use super::{ALL_GOLD, ALL_PLATINUM};
use crate::{
    catalog::{Catalog, PriceStatus, SHIPPED_OVERLAYS, shipped_overlay},
    error::{Error, ErrorKind, MissingPrice, Result},
    model::{
        checked_add, did_you_mean,
        inventory::Inventory,
        link::{LinkHistory, LinkType},
        money::{Amount, Money},
    },
    rating::{Line, rate},
    report::{Column, Report, Row, Traffic},
};
use std::{collections::BTreeMap, sync::Arc};

/// A question: what would the same traffic cost over these link types?
#[derive(Debug, Clone)]
pub(super) struct WhatIf<'t> {
    /// The traffic, with what is asked for.
    pub traffic: Traffic<'t>,
    /// The scenario's name, as `--scenario` and the first column have it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The connections of the traffic, with the link types to rate by.
    pub link_types: Arc<Inventory>,
    /// Columns that have no value here, such as hours where there are quantities only.
    pub unknown: &'static [Column],
    /// Whether it is shown where no scenario is asked for by name.
    pub by_default: bool,
}

impl<'t> WhatIf<'t> {
    /// Over the link types that the connections have: a bill, or a plan as it is.
    pub fn as_given(name: &'static str, about: &str, traffic: Traffic<'t>) -> Self {
        Self {
            traffic,
            name,
            about: about.into(),
            link_type: None,
            link_types: traffic.metered.inventory().clone(),
            unknown: &[],
            by_default: true,
        }
    }

    /// Over one link type all along: [`ALL_GOLD`] or [`ALL_PLATINUM`].
    pub fn all(link_type: LinkType, traffic: Traffic<'t>) -> Self {
        let name = if link_type == LinkType::Gold { ALL_GOLD } else { ALL_PLATINUM };
        let about = format!("every connection between regions is {link_type} all along");
        let history = |_| LinkHistory::constant(link_type);
        Self { link_type: Some(link_type), ..Self::changing(name, &about, traffic, history) }
    }

    /// Over link types that change with time; `history` is asked by index into the inventory.
    pub fn changing(
        name: &'static str,
        about: &str,
        traffic: Traffic<'t>,
        history: impl Fn(usize) -> LinkHistory,
    ) -> Self {
        let link_types = Arc::new(traffic.inventory().with_histories(history));
        Self { link_types, ..Self::as_given(name, about, traffic) }
    }

    /// The same, leaving columns without a value empty.
    #[must_use]
    pub fn without(self, unknown: &'static [Column]) -> Self {
        Self { unknown, ..self }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, as the first column has it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The report, or why there is none.
    pub outcome: Outcome,
    unknown: &'static [Column],
}

/// What became of a scenario.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is priced: a report like any other.
    Priced(Box<Report>),
    /// A price is missing (R5). It is not shown as zero, and the other scenarios stand.
    NotPriced {
        /// All that is missing.
        missing: Vec<MissingPrice>,
        /// Arguments that would supply it, the first of which is known to be enough where it names no file.
        supply: Vec<String>,
    },
}

/// What a connection costs in a scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCost {
    /// Bytes that both ends sent.
    pub bytes: u128,
    /// Their exact amount.
    pub amount: Amount,
    /// Metered hours, counted per sender, that hold a change of link type.
    pub raised_hours: u64,
    /// What raising them cost, at most.
    pub raised_amount: Amount,
    /// Whether an assumed price touched it (R18).
    pub assumed: bool,
}

impl ConnectionCost {
    fn add(&mut self, line: &Line) -> Result<()> {
        checked_add(&mut self.bytes, line.bytes, "a connection")?;
        self.amount = self.amount.checked_add(line.amount)?;
        self.raised_hours += line.raised_hours;
        self.raised_amount = self.raised_amount.checked_add(line.raised_amount)?;
        self.assumed |= line.price.status == PriceStatus::Assumed;
        Ok(())
    }
}

impl Scenario {
    /// Its report, where it is priced.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            Outcome::Priced(report) => Some(report),
            Outcome::NotPriced { .. } => None,
        }
    }

    /// What all accounts pay in it, where it is priced.
    pub fn payable(&self) -> Result<Option<Money>> {
        self.report().map(Report::payable).transpose()
    }

    /// Whether an assumed price touched it.
    pub fn assumed(&self) -> bool {
        self.report().is_some_and(Report::assumed)
    }

    /// Its lines: those of the report, with adjustments, less what has no value here.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row>> + '_ {
        let rows = self.report().into_iter().flat_map(Report::rows);
        rows.map(|row| row.map(|row| self.known(row)))
    }

    /// One line as text.
    pub fn line_row(&self, report: &Report, line: &Line) -> Result<Row> {
        report.line_row(line).map(|row| self.known(row))
    }

    /// The row less what has no value in this scenario.
    pub(crate) fn known(&self, mut row: Row) -> Row {
        for &column in self.unknown {
            row.clear(column);
        }
        row
    }

    /// What every connection with a line costs, by id; nothing where it is not priced.
    pub fn connections(&self) -> Result<BTreeMap<&str, ConnectionCost>> {
        let Some(report) = self.report() else { return Ok(BTreeMap::new()) };
        let id = |index| &*report.inventory.connection(index).id;
        Ok(costs(&report.lines)?.into_iter().map(|(index, cost)| (id(index), cost)).collect())
    }
}

/// What every connection with a line costs, by index into the inventory.
pub(super) fn costs(lines: &[Line]) -> Result<BTreeMap<usize, ConnectionCost>> {
    let mut costs: BTreeMap<usize, ConnectionCost> = BTreeMap::new();
    for line in lines {
        costs.entry(line.connection).or_default().add(line)?;
    }
    Ok(costs)
}

/// Prices the scenarios that `wanted` names, or the default ones where it names none.
///
/// A default scenario that lacks a price is [`Outcome::NotPriced`]. It is R5's error where the scenario was asked
/// for by name, or where none can be priced.
pub(super) fn price(what_ifs: &[WhatIf<'_>], catalog: &Catalog, wanted: &[String]) -> Result<Vec<Scenario>> {
    let known = || what_ifs.iter().map(|what_if| what_if.name);
    for name in wanted {
        if !known().any(|known| known == name) {
            let near = did_you_mean(name, known());
            let known = known().collect::<Vec<_>>().join(", ");
            return Err(Error::setting("scenario", format!("{name}: there are {known} here{near}")));
        }
    }
    let asked_for = |what_if: &&WhatIf<'_>| {
        if wanted.is_empty() { what_if.by_default } else { wanted.iter().any(|name| name == what_if.name) }
    };
    let mut scenarios = Vec::new();
    let mut missing: Vec<MissingPrice> = Vec::new();
    for what_if in what_ifs.iter().filter(asked_for) {
        let outcome = match what_if.traffic.report(&what_if.link_types, catalog) {
            Ok(report) => Outcome::Priced(Box::new(report)),
            Err(error) if error.kind() == ErrorKind::MissingPrice => {
                let mut of_scenario = error.missing_prices().to_vec();
                if what_if.unknown.contains(&Column::BillingMonth) {
                    of_scenario.iter_mut().for_each(|price| price.first_hour = None);
                }
                let new =
                    of_scenario.iter().filter(|price| !missing.contains(price)).cloned().collect::<Vec<_>>();
                missing.extend(new);
                Outcome::NotPriced { supply: supply(what_if, catalog), missing: of_scenario }
            }
            Err(error) => return Err(error),
        };
        scenarios.push(Scenario {
            name: what_if.name,
            about: what_if.about.clone(),
            link_type: what_if.link_type,
            outcome,
            unknown: what_if.unknown,
        });
    }
    let none_priced = scenarios.iter().all(|scenario| scenario.report().is_none());
    if !missing.is_empty() && (none_priced || !wanted.is_empty()) {
        return Error::of_missing_prices(missing).map_or(Ok(scenarios), Err);
    }
    Ok(scenarios)
}

/// The arguments that would supply what is missing: a shipped overlay where it is enough, and prices of one's own.
fn supply(what_if: &WhatIf<'_>, catalog: &Catalog) -> Vec<String> {
    let enough = |name: &str| {
        let overlay = shipped_overlay(name).filter(|_| !catalog.overlays().iter().any(|own| own == name));
        let Some(Ok(laid)) = overlay.map(|overlay| catalog.clone().with_prices(name, &overlay)) else {
            return false;
        };
        let Traffic { metered, options, .. } = what_if.traffic;
        let account = options.account.as_deref();
        rate(metered.usage(), &what_if.link_types, &laid, false, account).is_ok()
    };
    let overlays = SHIPPED_OVERLAYS.into_iter().filter(|name| enough(name));
    let overlays = overlays.map(|name| format!("--prices {name}"));
    overlays.chain(["--prices FILE".to_owned(), "--contract FILE".to_owned()]).collect()
}
