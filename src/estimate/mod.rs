//! What-if: the same bytes over other link types, through the rating that makes the bill.
//!
//! A [`WhatIf`] is a [`Basis`] (traffic, connections, what is asked for) with link types of its own; [`price`]
//! makes it a [`Scenario`], which holds a [`Report`]. So estimate and bill cannot disagree: `as-billed` *is* the
//! report. [`quantities`] makes a basis from planned connections and monthly bytes, without a record.

pub mod advice;
pub mod checks;
pub mod quantities;
pub mod schedule;
pub mod terraform;
pub mod timing;

use crate::{
    catalog::{Catalog, SHIPPED_OVERLAYS, shipped_overlay},
    error::{Error, ErrorKind, Fault, Result},
    model::{
        checked_add,
        connection::Inventory,
        did_you_mean,
        link::{LinkHistory, LinkType},
        money::{Amount, Money},
        time::{BillingMonth, Offset},
    },
    rating::{Line, rate},
    read::topology::Topology,
    report::{Basis, Column, Report, Row},
};
use advice::{Note, notes_on_places};
use quantities::Quantities;
use schedule::{Schedule, ScheduleAdvice};
use std::{borrow::Cow, collections::BTreeMap};
use timing::{Timing, well_timed};

/// The link types that were in effect: the bill itself.
pub const AS_BILLED: &str = "as-billed";
/// Every connection between regions is Gold all along.
pub const ALL_GOLD: &str = "all-gold";
/// Every connection between regions is Platinum all along.
pub const ALL_PLATINUM: &str = "all-platinum";

/// Platinum in the windows of a schedule, Gold outside.
pub const SCHEDULED: &str = "scheduled";
/// The switches of the bill, each moved to the edge of an hour where it lifts no hour that it need not.
pub const WELL_TIMED: &str = "well-timed";

/// The link types that a plan writes.
pub const AS_PLANNED: &str = "as-planned";

/// What the monthly difference is multiplied by for a year.
pub const MONTHS_PER_YEAR: i128 = 12;

/// A question: what would this traffic cost over these link types?
#[derive(Debug, Clone)]
pub struct WhatIf<'b, 'm, 'a> {
    /// The scenario's name, as `--scenario` and the first column have it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// Traffic, connections and what is asked for.
    pub basis: &'b Basis<'m, 'a>,
    /// The connections of the basis, with the link types to rate by.
    pub link_types: Cow<'b, Inventory>,
    /// Columns that have no value here, such as hours where there are quantities only.
    pub unknown: &'b [Column],
    /// Whether it is shown where no scenario is asked for by name.
    pub by_default: bool,
}

impl<'b, 'm, 'a> WhatIf<'b, 'm, 'a> {
    /// Over the link types that the connections of `basis` have: a bill, or a plan as it is.
    pub fn as_given(name: &'static str, about: &str, basis: &'b Basis<'m, 'a>) -> Self {
        Self {
            name,
            about: about.into(),
            link_type: None,
            basis,
            link_types: Cow::Borrowed(basis.inventory),
            unknown: &[],
            by_default: true,
        }
    }

    /// Over one link type all along: [`ALL_GOLD`] or [`ALL_PLATINUM`].
    pub fn all(link_type: LinkType, basis: &'b Basis<'m, 'a>) -> Self {
        let name = if link_type == LinkType::Gold { ALL_GOLD } else { ALL_PLATINUM };
        let about = format!("every connection between regions is {link_type} all along");
        Self {
            link_type: Some(link_type),
            link_types: Cow::Owned(basis.inventory.with_histories(|_| LinkHistory::constant(link_type))),
            ..Self::as_given(name, &about, basis)
        }
    }

    /// Over link types that change with time; `history` is asked by index into the inventory.
    pub fn changing(
        name: &'static str,
        about: &str,
        basis: &'b Basis<'m, 'a>,
        history: impl Fn(usize) -> LinkHistory,
    ) -> Self {
        let link_types = Cow::Owned(basis.inventory.with_histories(history));
        Self { link_types, ..Self::as_given(name, about, basis) }
    }

    /// The same, leaving columns without a value empty.
    #[must_use]
    pub fn without(self, unknown: &'b [Column]) -> Self {
        Self { unknown, ..self }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Scenario<'a> {
    /// Its name, as the first column has it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The report, or why there is none.
    pub outcome: Outcome<'a>,
    unknown: Vec<Column>,
}

/// What became of a scenario.
#[derive(Debug, Clone)]
pub enum Outcome<'a> {
    /// It is priced: a report like any other.
    Priced(Box<Report<'a>>),
    /// A price is missing (R5). It is not shown as zero, and the other scenarios stand.
    NotPriced {
        /// All that is missing.
        error: Error,
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
        self.assumed |= line.price.status == crate::catalog::PriceStatus::Assumed;
        Ok(())
    }
}

impl<'a> Scenario<'a> {
    /// Its report, where it is priced.
    pub fn report(&self) -> Option<&Report<'a>> {
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
    pub fn line_row(&self, report: &Report<'_>, line: &Line) -> Result<Row> {
        report.line_row(line).map(|row| self.known(row))
    }

    /// The row less what has no value in this scenario.
    pub(crate) fn known(&self, mut row: Row) -> Row {
        for &column in &self.unknown {
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
fn costs(lines: &[Line]) -> Result<BTreeMap<usize, ConnectionCost>> {
    let mut costs: BTreeMap<usize, ConnectionCost> = BTreeMap::new();
    for line in lines {
        costs.entry(line.connection).or_default().add(line)?;
    }
    Ok(costs)
}

/// Scenarios side by side, with all that a reader needs to judge them.
#[derive(Debug, Clone)]
pub struct Estimate<'a> {
    /// What it is made from, in a word or two: `quantities`, `history`.
    pub source: &'static str,
    /// The billing month; `None` where the newest prices are used.
    pub month: Option<BillingMonth>,
    /// The offset in which the month has its edges.
    pub offset: Offset,
    /// Whether it is about traffic that was measured: lines then know their hours.
    pub measured: bool,
    /// The catalog that prices it.
    pub catalog: &'a Catalog,
    /// The scenarios, in a fixed order. The first one that is priced is what the others are compared with.
    pub scenarios: Vec<Scenario<'a>>,
    /// What a reader should know before choosing.
    pub notes: Vec<Note>,
    /// What switches cost, by scenario that has some.
    pub timings: Vec<Timing>,
    /// Advice about the schedule, where there is one.
    pub schedule: Option<ScheduleAdvice>,
    /// What a Terraform plan changes, where it is made from one.
    pub changes: Option<terraform::Changes>,
    /// Settings that came from a settings file.
    pub settings: Vec<(String, String)>,
}

impl<'a> Estimate<'a> {
    /// The scenario that the others are compared with: the first one that is priced.
    pub fn reference(&self) -> Option<&Scenario<'a>> {
        self.scenarios.iter().find(|scenario| scenario.report().is_some())
    }

    /// What a scenario costs more per month than the reference; `None` where it is not priced.
    pub fn difference(&self, scenario: &Scenario<'_>) -> Result<Option<Money>> {
        let reference = self.reference().map(Scenario::payable).transpose()?.flatten();
        match (reference, scenario.payable()?) {
            (Some(reference), Some(payable)) => payable.checked_sub(reference).map(Some),
            _ => Ok(None),
        }
    }

    /// The columns of the scenarios' lines, which are those of a report.
    pub fn columns(&self) -> Vec<Column> {
        self.reference().and_then(Scenario::report).map(Report::columns).unwrap_or_default()
    }

    /// Whether an assumed price touched any scenario.
    pub fn assumed(&self) -> bool {
        self.scenarios.iter().any(Scenario::assumed)
    }
}

/// Estimates planned quantities over one link type or the other.
pub fn of_quantities<'a>(
    quantities: &'a Quantities,
    catalog: &'a Catalog,
    wanted: &[String],
) -> Result<Estimate<'a>> {
    let basis = quantities.basis();
    let unknown = quantities.unknown_columns();
    let what_ifs = LinkType::ALL.map(|link_type| WhatIf::all(link_type, &basis).without(unknown));
    planned("quantities", quantities, &what_ifs, catalog, wanted)
}

/// What estimates of planned connections share.
fn planned<'a>(
    source: &'static str,
    quantities: &'a Quantities,
    what_ifs: &[WhatIf<'_, '_, 'a>],
    catalog: &'a Catalog,
    wanted: &[String],
) -> Result<Estimate<'a>> {
    let options = quantities.basis().options;
    let mut notes: Vec<Note> = quantities.note_on_prices(catalog).into_iter().collect();
    notes.extend(notes_on_places(quantities.inventory().connections(), catalog));
    Ok(Estimate {
        source,
        month: quantities.month(),
        offset: options.offset,
        measured: false,
        catalog,
        scenarios: price(what_ifs, catalog, wanted)?,
        notes,
        timings: Vec::new(),
        schedule: None,
        changes: None,
        settings: options.settings,
    })
}

/// Estimates a planned topology as it is planned, and over one link type or the other; with what the provider would
/// refuse of it and what would not work.
pub fn of_topology<'a>(
    topology: &Topology,
    quantities: &'a Quantities,
    catalog: &'a Catalog,
    wanted: &[String],
) -> Result<Estimate<'a>> {
    let basis = quantities.basis();
    let unknown = quantities.unknown_columns();
    let as_planned =
        WhatIf::as_given(AS_PLANNED, "the link types of the plan; Gold where none is written", &basis);
    let mut what_ifs = vec![as_planned.without(unknown)];
    what_ifs.extend(LinkType::ALL.map(|link_type| WhatIf::all(link_type, &basis).without(unknown)));
    let mut estimate = planned("a planned topology", quantities, &what_ifs, catalog, wanted)?;
    estimate.notes.extend(checks::checks(topology, catalog));
    Ok(estimate)
}

/// Estimates a month's traffic over other link types than those it was billed over.
pub fn of_history<'a>(
    basis: &Basis<'_, 'a>,
    schedule: Option<&Schedule>,
    catalog: &'a Catalog,
    wanted: &[String],
) -> Result<Estimate<'a>> {
    let inventory = basis.inventory;
    let period = basis.metered.usage.period();
    let mut what_ifs = vec![
        WhatIf::as_given(AS_BILLED, "the link types that were in effect: the bill", basis),
        WhatIf::all(LinkType::Gold, basis),
        WhatIf::all(LinkType::Platinum, basis),
    ];
    let about = "Platinum in the windows of the schedule, Gold outside";
    what_ifs.extend(schedule.map(|own| {
        let history = own.history(period);
        WhatIf::changing(SCHEDULED, about, basis, |_| history.clone())
    }));
    let about = "the switches of the bill: up just after the hour, down just before it";
    what_ifs.push(WhatIf {
        by_default: false,
        ..WhatIf::changing(WELL_TIMED, about, basis, |index| well_timed(inventory.history(index)))
    });
    let scenarios = price(&what_ifs, catalog, wanted)?;
    let mut timings = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| [AS_BILLED, SCHEDULED].contains(&scenario.name)) {
        let what_if = what_ifs.iter().find(|what_if| what_if.name == scenario.name);
        if let Some((what_if, report)) = what_if.zip(scenario.report()) {
            match Timing::of(scenario.name, basis, &what_if.link_types, report, catalog) {
                // A moved switch may need a price that the scenario itself does not.
                Err(error) if error.kind() == ErrorKind::MissingPrice => {}
                timing => timings.push(timing?),
            }
        }
    }
    Ok(Estimate {
        source: "history",
        month: Some(basis.options.month),
        offset: basis.options.offset,
        measured: true,
        catalog,
        scenarios,
        notes: notes_on_places(inventory.connections(), catalog),
        timings,
        schedule: schedule.map(|own| ScheduleAdvice::of(own, basis, catalog)).transpose()?,
        changes: None,
        settings: basis.options.settings.clone(),
    })
}

/// An amount per month as an amount per year: times 12.
pub fn per_year(month: Money) -> Result<Money> {
    let units = month.units().checked_mul(MONTHS_PER_YEAR);
    units.map(Money::from_units).ok_or_else(|| Error::overflow("an amount per year exceeds 2^127"))
}

/// Prices the scenarios that `wanted` names, or the default ones where it names none.
///
/// A default scenario that lacks a price is [`Outcome::NotPriced`]. It is R5's error where the scenario was asked
/// for by name, or where none can be priced.
pub fn price<'a>(
    what_ifs: &[WhatIf<'_, '_, 'a>],
    catalog: &'a Catalog,
    wanted: &[String],
) -> Result<Vec<Scenario<'a>>> {
    let known = || what_ifs.iter().map(|what_if| what_if.name);
    for name in wanted {
        if !known().any(|known| known == name) {
            let near = did_you_mean(name, known());
            let known = known().collect::<Vec<_>>().join(", ");
            return Err(Error::usage(format!("--scenario {name}: there are {known} here{near}")));
        }
    }
    let asked_for = |what_if: &&WhatIf<'_, '_, '_>| {
        if wanted.is_empty() { what_if.by_default } else { wanted.iter().any(|name| name == what_if.name) }
    };
    let mut scenarios = Vec::new();
    let mut missing: Vec<Fault> = Vec::new();
    for what_if in what_ifs.iter().filter(asked_for) {
        let outcome = match what_if.basis.report(&what_if.link_types, catalog) {
            Ok(report) => Outcome::Priced(Box::new(report)),
            Err(error) if error.kind() == ErrorKind::MissingPrice => {
                let error = if what_if.unknown.contains(&Column::BillingMonth) {
                    error.without_hour()
                } else {
                    error
                };
                let new = |fault: &&Fault| !missing.contains(fault);
                missing.append(&mut error.faults().iter().filter(new).cloned().collect());
                Outcome::NotPriced { supply: supply(what_if, catalog), error }
            }
            Err(error) => return Err(error),
        };
        scenarios.push(Scenario {
            name: what_if.name,
            about: what_if.about.clone(),
            link_type: what_if.link_type,
            outcome,
            unknown: what_if.unknown.to_vec(),
        });
    }
    let none_priced = scenarios.iter().all(|scenario| scenario.report().is_none());
    if !missing.is_empty() && (none_priced || !wanted.is_empty()) {
        let total = missing.len() as u64;
        return Err(Error::listing_all(ErrorKind::MissingPrice, missing, total)
            .unwrap_or_else(|| Error::internal("no price is missing")));
    }
    Ok(scenarios)
}

/// The arguments that would supply what is missing: a shipped overlay where it is enough, and prices of one's own.
fn supply(what_if: &WhatIf<'_, '_, '_>, catalog: &Catalog) -> Vec<String> {
    let enough = |name: &str| {
        let overlay = shipped_overlay(name).filter(|_| !catalog.overlays().iter().any(|own| own == name));
        let Some(Ok(laid)) = overlay.map(|overlay| catalog.clone().with_prices(name, &overlay)) else {
            return false;
        };
        let account = what_if.basis.options.account.as_deref();
        rate(&what_if.basis.metered.usage, &what_if.link_types, &laid, false, account).is_ok()
    };
    let overlays = SHIPPED_OVERLAYS.into_iter().filter(|name| enough(name));
    let overlays = overlays.map(|name| format!("--prices {name}"));
    overlays.chain(["--prices FILE".to_owned(), "--contract FILE".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::{quantities::*, *};
    use crate::{
        catalog::shipped,
        model::{
            connection::{Bandwidth, End},
            money::Gb,
        },
    };

    fn published() -> PlannedConnection {
        let end = |account: &str, region: &str| End {
            account_id: account.into(),
            region: region.into(),
            vpc_id: None,
            cidrs: Vec::new(),
        };
        let bytes = |gb| Gb::Binary.bytes_of(gb).ok();
        PlannedConnection {
            label: String::new(),
            requester: end("requester", "cn-huhehaote"),
            accepter: end("accepter", "cn-guangzhou"),
            link_type: LinkType::Gold,
            bandwidth: Bandwidth::DEFAULT,
            monthly_bytes: [bytes("200"), bytes("100")],
        }
    }

    fn both<'b, 'm, 'a>(basis: &'b Basis<'m, 'a>, unknown: &'b [Column]) -> Vec<WhatIf<'b, 'm, 'a>> {
        LinkType::ALL.map(|link_type| WhatIf::all(link_type, basis).without(unknown)).into()
    }

    #[test]
    fn the_published_example_comes_out_of_quantities() {
        let catalog = shipped("china-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let basis = planned.basis();
        let scenarios = price(&both(&basis, planned.unknown_columns()), &catalog, &[]).unwrap();
        let shown: Vec<[String; 5]> = scenarios
            .iter()
            .flat_map(Scenario::rows)
            .map(|row| {
                let row = row.unwrap();
                [
                    Column::BillingMonth,
                    Column::ConnectionId,
                    Column::LinkType,
                    Column::BilledCost,
                    Column::MeteredHours,
                ]
                .map(|column| row.get(column).to_owned())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ["", "", "Gold", "48.00", ""],
                ["", "", "Gold", "96.00", ""],
                ["", "", "Platinum", "72.00", ""],
                ["", "", "Platinum", "144.00", ""],
            ]
        );
    }

    #[test]
    fn r05_a_default_scenario_without_a_price_stands_beside_the_others() {
        let catalog = shipped("international-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let basis = planned.basis();
        let scenarios = price(&both(&basis, planned.unknown_columns()), &catalog, &[]).unwrap();
        assert_eq!(scenarios[0].payable().unwrap().unwrap().to_string(), "21.60");
        let Outcome::NotPriced { error, supply } = &scenarios[1].outcome else {
            panic!("Platinum has no USD price")
        };
        assert_eq!(supply[0], "--prices assumed-platinum");
        assert_eq!(error.total(), 2);
        assert!(!error.to_string().contains("1970"), "{error}");

        let named = ["all-platinum".to_owned()];
        let refused = price(&both(&basis, &[]), &catalog, &named).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingPrice);
        let misspelt = price(&both(&basis, &[]), &catalog, &["all-glod".to_owned()]).unwrap_err();
        assert!(misspelt.to_string().contains("did you mean \"all-gold\""), "{misspelt}");
    }
}
