//! What-if: the same bytes over other link types, through the rating that makes the bill.
//!
//! A [`WhatIf`] is a [`Basis`] (traffic, connections, what is asked for) with link types of its own; [`price`]
//! makes it a [`Scenario`], which holds a [`Report`]. So estimate and bill cannot disagree: `as-billed` *is* the
//! report. [`quantities`] makes a basis from planned connections and monthly bytes, without a record.

pub mod advice;
pub mod checks;
pub mod quantities;
mod scenario;
pub mod schedule;
mod schedule_advice;
pub mod terraform;
pub mod timing;

use crate::model::invalid::Invalid;
use crate::model::remedy::Remedy;
use crate::{
    catalog::{Catalog, CatalogSummary},
    error::{Error, ErrorKind, Result},
    meter::Metered,
    model::{
        link::LinkType,
        money::Money,
        time::{BillingMonth, Offset},
    },
    read::topology::Topology,
    report::{Column, Report, ReportOptions, Traffic},
};
pub use scenario::{ConnectionCost, Outcome, Scenario};

use advice::{Note, NoteCode, notes_on_places};
use quantities::Quantities;
use scenario::{WhatIf, price};
use schedule::{Schedule, ScheduleAdvice};
use std::sync::Arc;
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

/// Scenarios side by side, with all that a reader needs to judge them.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Estimate {
    /// What it is made from, in a word or two: `quantities`, `history`.
    pub source: &'static str,
    /// The billing month; `None` where the newest prices are used.
    pub month: Option<BillingMonth>,
    /// The offset in which the month has its edges.
    pub offset: Offset,
    /// Whether it is about traffic that was measured: lines then know their hours.
    pub measured: bool,
    /// The catalog that prices it.
    pub catalog: Arc<CatalogSummary>,
    /// The scenarios, in a fixed order. The first one that is priced is what the others are compared with.
    pub scenarios: Vec<Scenario>,
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

impl Estimate {
    /// The scenario that the others are compared with: the first one that is priced.
    pub fn reference(&self) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.report().is_some())
    }

    /// What a scenario costs more per month than the reference; `None` where it is not priced.
    pub fn difference(&self, scenario: &Scenario) -> Result<Option<Money>> {
        let reference = self.reference().map(Scenario::payable).transpose()?.flatten();
        match (reference, scenario.payable()?) {
            (Some(reference), Some(payable)) => payable.checked_sub(reference).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether an assumed price touched the difference: on either of its two sides (R18).
    pub fn difference_assumed(&self, scenario: &Scenario) -> bool {
        scenario.assumed() || self.reference().is_some_and(Scenario::assumed)
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
pub fn of_quantities(quantities: &Quantities, catalog: &Catalog, wanted: &[String]) -> Result<Estimate> {
    let (traffic, unknown) = (quantities.traffic(), quantities.unknown_columns());
    let what_ifs = LinkType::ALL.map(|link_type| WhatIf::all(link_type, traffic).without(unknown));
    planned("quantities", quantities, &what_ifs, catalog, wanted)
}

/// What estimates of planned connections share.
fn planned(
    source: &'static str,
    quantities: &Quantities,
    what_ifs: &[WhatIf<'_>],
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let traffic = quantities.traffic();
    let mut notes: Vec<Note> = quantities.note_on_prices(catalog).into_iter().collect();
    notes.extend(notes_on_places(quantities.inventory().connections(), catalog));
    Ok(Estimate {
        source,
        month: quantities.month(),
        offset: traffic.metered.offset(),
        measured: false,
        catalog: Arc::new(catalog.summary()),
        scenarios: price(what_ifs, catalog, wanted)?,
        notes,
        timings: Vec::new(),
        schedule: None,
        changes: None,
        settings: traffic.options.settings.clone(),
    })
}

/// Estimates a planned topology as it is planned, and over one link type or the other; with what the provider would
/// refuse of it and what would not work.
pub fn of_topology(
    topology: &Topology,
    quantities: &Quantities,
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let (traffic, unknown) = (quantities.traffic(), quantities.unknown_columns());
    let as_planned =
        WhatIf::as_given(AS_PLANNED, "the link types of the plan; Gold where none is written", traffic);
    let mut what_ifs = vec![as_planned.without(unknown)];
    what_ifs.extend(LinkType::ALL.map(|link_type| WhatIf::all(link_type, traffic).without(unknown)));
    let mut estimate = planned("a planned topology", quantities, &what_ifs, catalog, wanted)?;
    estimate.notes.extend(checks::checks(topology, catalog));
    Ok(estimate)
}

/// Estimates a month's traffic over other link types than those it was billed over.
///
/// The scenario [`AS_BILLED`] is the report that [`crate::report::report`] makes of the same arguments.
pub fn of_history(
    metered: &Metered,
    options: &ReportOptions,
    schedule: Option<&Schedule>,
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let traffic = Traffic { metered, options, measured: true };
    let what_ifs = what_ifs_of_history(traffic, schedule);
    let scenarios = price(&what_ifs, catalog, wanted)?;
    let mut notes = notes_on_places(metered.inventory().connections(), catalog);
    let mut timings = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| [AS_BILLED, SCHEDULED].contains(&scenario.name)) {
        let what_if = what_ifs.iter().find(|what_if| what_if.name == scenario.name);
        if let Some((what_if, report)) = what_if.zip(scenario.report()) {
            match Timing::of(scenario.name, traffic, &what_if.link_types, report, catalog) {
                // A moved switch may need a price that the scenario itself does not.
                Err(error) if error.kind() == ErrorKind::MissingPrice => {
                    let what =
                        format!("what the switches of {} would cost just after the hour", scenario.name);
                    notes.extend(not_told(&what, &error));
                }
                timing => timings.push(timing?),
            }
        }
    }
    let schedule = schedule.map(|own| ScheduleAdvice::of(own, traffic, catalog)).transpose()?;
    if let Some(error) = schedule.as_ref().and_then(|advice| advice.missing.as_ref()) {
        notes.extend(not_told("the break-even share of the schedule", error));
    }
    Ok(Estimate {
        source: "history",
        month: Some(metered.month()),
        offset: metered.offset(),
        measured: true,
        catalog: Arc::new(catalog.summary()),
        scenarios,
        notes,
        timings,
        schedule,
        changes: None,
        settings: options.settings.clone(),
    })
}

/// The questions that a month's traffic is asked.
fn what_ifs_of_history<'t>(traffic: Traffic<'t>, schedule: Option<&Schedule>) -> Vec<WhatIf<'t>> {
    let inventory = traffic.inventory();
    let mut what_ifs = vec![
        WhatIf::as_given(AS_BILLED, "the link types that were in effect: the bill", traffic),
        WhatIf::all(LinkType::Gold, traffic),
        WhatIf::all(LinkType::Platinum, traffic),
    ];
    let about = "Platinum in the windows of the schedule, Gold outside";
    what_ifs.extend(schedule.map(|schedule| {
        let history = schedule.history(traffic.metered.usage().period());
        WhatIf::changing(SCHEDULED, about, traffic, |_| history.clone())
    }));
    let about = "the switches of the bill: up just after the hour, down just before it";
    let history = |index| well_timed(inventory.history(index));
    what_ifs.push(WhatIf { by_default: false, ..WhatIf::changing(WELL_TIMED, about, traffic, history) });
    what_ifs
}

/// Notes that something is left out, because a price is missing that the scenarios themselves may not need (R5).
fn not_told<'e>(what: &'e str, error: &'e Error) -> impl Iterator<Item = Note> + 'e {
    error.missing_prices().iter().map(move |missing| {
        let why = Invalid::new(format!("{what} is not told: {missing}")).with(Remedy::SupplyPrice);
        Note::new(NoteCode::AdviceNotPriced, why)
    })
}

/// An amount per month as an amount per year: times 12.
pub fn per_year(month: Money) -> Result<Money> {
    let units = month.units().checked_mul(MONTHS_PER_YEAR);
    units.map(Money::from_units).ok_or_else(|| Error::overflow("an amount per year exceeds 2^127"))
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

    fn both<'t>(planned: &'t Quantities, unknown: &'static [Column]) -> Vec<WhatIf<'t>> {
        LinkType::ALL.map(|link_type| WhatIf::all(link_type, planned.traffic()).without(unknown)).into()
    }

    #[test]
    fn the_published_example_comes_out_of_quantities() {
        let catalog = shipped("china-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let scenarios = price(&both(&planned, planned.unknown_columns()), &catalog, &[]).unwrap();
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
    fn r5_a_default_scenario_without_a_price_stands_beside_the_others() {
        let catalog = shipped("international-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let scenarios = price(&both(&planned, planned.unknown_columns()), &catalog, &[]).unwrap();
        assert_eq!(scenarios[0].payable().unwrap().unwrap().to_string(), "21.60");
        let Outcome::NotPriced { missing, supply } = &scenarios[1].outcome else {
            panic!("Platinum has no USD price")
        };
        assert_eq!(supply[0], "--prices assumed-platinum");
        assert_eq!(missing.len(), 2);
        assert!(missing.iter().all(|price| price.first_hour.is_none()), "{missing:?}");

        let named = ["all-platinum".to_owned()];
        let refused = price(&both(&planned, &[]), &catalog, &named).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingPrice);
        let misspelt = price(&both(&planned, &[]), &catalog, &["all-glod".to_owned()]).unwrap_err();
        assert!(misspelt.to_string().contains("did you mean \"all-gold\""), "{misspelt}");
    }
}
