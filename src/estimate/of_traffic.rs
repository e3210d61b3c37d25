//! Estimates of traffic: of a month that was metered, and of what is planned as quantities without hours or a topology.

use super::{
    Estimate,
    checks::checks,
    forecast::forecast,
    quantities::{Quantities, notes_on_places},
    scenario::{AS_BILLED, AS_PLANNED, SCHEDULED, Scenario, WELL_TIMED, WhatIf, price},
    schedule::{Schedule, ScheduleAdvice},
    timing::{Timing, switches_in, well_timed},
};
use crate::{
    catalog::Catalog,
    error::{Error, ErrorKind, Result},
    meter::Metered,
    model::{
        finding::{Finding, FindingCode, Said},
        invalid::Remedy,
        link::LinkType,
        money::Amount,
    },
    read::topology::Topology,
    report::{ReportOptions, Traffic},
};
use std::sync::Arc;

/// Estimates a month's traffic over other link types than those it was billed over.
///
/// The scenario [`AS_BILLED`] is the report that [`report`](crate::report()) makes of the same arguments. With it come
/// [`ALL_GOLD`](super::ALL_GOLD), [`ALL_PLATINUM`](super::ALL_PLATINUM), [`SCHEDULED`] where there is a schedule, and
/// [`WELL_TIMED`] where the month has switches and they would cost something else. `wanted` names the scenarios to price, of which [`WELL_TIMED`] is always
/// one; where it names none, all that come are priced.
///
/// ```
/// use peerbill::{
///     Catalog, MeterSettings, ReportOptions, TrafficSource,
///     estimate::{Schedule, of_history},
///     inventory, meter,
/// };
///
/// let catalog = Catalog::shipped("china-site").unwrap();
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// // 100 GB at 11:00 and as many at 23:00 of the month's offset, UTC+8.
/// let usage = TrafficSource::from_bytes(
///     "usage.csv",
///     "timestamp,connection_id,sender,bytes\n\
///      2026-10-05T03:00:00Z,pcc-1,requester,107374182400\n\
///      2026-10-05T15:00:00Z,pcc-1,requester,107374182400\n",
/// );
/// let metered = meter(&[usage], inventory, &MeterSettings::new("2026-10".parse()?))?;
///
/// let schedule = Schedule::parse(["Mon-Fri 09:00-18:00"], metered.offset())?;
/// let estimate = of_history(&metered, &ReportOptions::default(), Some(&schedule), &catalog, &[])?;
/// let mut payable = Vec::new();
/// for scenario in &estimate.scenarios {
///     payable.extend(scenario.payable()?.map(|money| format!("{}: {money}", scenario.name)));
/// }
/// assert_eq!(payable, ["as-billed: 96.00", "all-gold: 96.00", "all-platinum: 144.00", "scheduled: 120.00"]);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`report`](crate::report()); of missing prices only where no scenario can be priced, or one that `wanted`
/// names cannot. [`ErrorKind::Usage`] where `wanted` names a scenario that there is not.
pub fn of_history(
    metered: &Metered,
    options: &ReportOptions,
    schedule: Option<&Schedule>,
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let traffic = Traffic { metered, options, measured: true };
    let what_ifs = what_ifs(traffic, schedule);
    let mut scenarios = price(&what_ifs, catalog, wanted)?;
    if wanted.is_empty() && nothing_to_move(&scenarios)? {
        scenarios.retain(|scenario| scenario.name != WELL_TIMED);
    }
    let mut notes = notes_on_places(metered.inventory().connections(), catalog);
    let (timings, not_priced) = timings(&scenarios, &what_ifs, catalog)?;
    notes.extend(not_priced);
    let schedule = schedule.map(|schedule| ScheduleAdvice::of(schedule, traffic, catalog)).transpose()?;
    if let Some(error) = schedule.as_ref().and_then(|advice| advice.missing.as_ref()) {
        notes.extend(notes_on_missing(&Said::BreakEvenShare {}, error));
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
        forecast: None,
        settings: options.settings.clone(),
    })
}

impl Estimate {
    /// Adds the forecast of the rest of the month, whose traffic this estimate is of.
    ///
    /// For each connection and sender, an hour has the mean of the same hour of the week over all hours so far in which the
    /// connection was there; hours without a record count 0. Each mean is exact and rounded to whole bytes, half to even. It
    /// goes over the link type at the end of the known history, at the prices of its own hour.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where the month is not cut off, or fewer than [`HOURS_PER_WEEK`](super::HOURS_PER_WEEK) hours of it are
    /// over; those of [`report`](crate::report()).
    pub fn with_forecast(
        self,
        metered: &Metered,
        options: &ReportOptions,
        catalog: &Catalog,
    ) -> Result<Self> {
        let billed = self.scenarios.iter().find(|own| own.name == AS_BILLED).and_then(Scenario::report);
        let forecast = forecast(billed, metered, options, catalog)?;
        Ok(Self { forecast: Some(forecast), ..self })
    }
}

/// The questions that a month's traffic is asked.
fn what_ifs<'t>(traffic: Traffic<'t>, schedule: Option<&Schedule>) -> Vec<WhatIf<'t>> {
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
    let moved = WhatIf::changing(WELL_TIMED, about, traffic, history);
    what_ifs.push(if has_switches(traffic) { moved } else { moved.by_name_only() });
    what_ifs
}

/// Whether well timed switches cost what those of the bill do: then they are no choice.
fn nothing_to_move(scenarios: &[Scenario]) -> Result<bool> {
    let costs = |name| -> Result<Option<Vec<Amount>>> {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name && scenario.report().is_some());
        let amounts = |scenario: &Scenario| -> Result<Vec<Amount>> {
            Ok(scenario.connections()?.into_values().map(|cost| cost.amount).collect())
        };
        scenario.map(amounts).transpose()
    };
    Ok(match (costs(AS_BILLED)?, costs(WELL_TIMED)?) {
        (Some(as_billed), Some(well_timed)) => {
            let pairs = as_billed.iter().zip(&well_timed);
            let differences = pairs.map(|(one, other)| one.checked_sub(*other));
            differences.collect::<Result<Vec<_>>>()?.iter().all(|difference| difference.is_zero())
        }
        _ => false,
    })
}

/// Whether a connection has a switch within the month and its life, which could be moved.
fn has_switches(traffic: Traffic<'_>) -> bool {
    let (inventory, month) = (traffic.inventory(), traffic.metered.usage().period());
    let connections = inventory.connections().iter().enumerate();
    let mut between = connections.filter(|(_, connection)| !connection.within_region());
    between.any(|(index, connection)| switches_in(inventory.history(index), connection.hours_in(month)) > 0)
}

/// What the switches of the bill and of the schedule cost; with notes on prices that only moved switches need.
fn timings(
    scenarios: &[Scenario],
    what_ifs: &[WhatIf<'_>],
    catalog: &Catalog,
) -> Result<(Vec<Timing>, Vec<Finding>)> {
    let (mut timings, mut notes) = (Vec::new(), Vec::new());
    for scenario in scenarios.iter().filter(|scenario| [AS_BILLED, SCHEDULED].contains(&scenario.name)) {
        let what_if = what_ifs.iter().find(|what_if| what_if.name == scenario.name);
        let Some((what_if, report)) = what_if.zip(scenario.report()) else { continue };
        match Timing::of(what_if, report, catalog) {
            // A moved switch may need a price that the scenario itself does not.
            Err(error) if error.kind() == ErrorKind::MissingPrice => {
                let left_out = Said::SwitchesJustAfter { scenario: scenario.name };
                notes.extend(notes_on_missing(&left_out, &error));
            }
            timing => timings.push(timing?),
        }
    }
    Ok((timings, notes))
}

/// Notes that something is left out, because a price is missing that the scenarios themselves may not need (R5).
fn notes_on_missing(left_out: &Said, error: &Error) -> Vec<Finding> {
    let note = |missing| {
        let (left_out, missing) = (Box::new(left_out.clone()), Box::new(Said::from(missing)));
        let said = Said::AdviceNotPriced { left_out, missing };
        Finding::of(FindingCode::AdviceNotPriced, said).with(Remedy::SupplyPrice)
    };
    error.missing_prices().iter().map(note).collect()
}

/// Estimates planned quantities over one link type or the other: [`ALL_GOLD`](super::ALL_GOLD) and
/// [`ALL_PLATINUM`](super::ALL_PLATINUM).
///
/// `wanted` names the scenarios to price; where it names none, both are. The provider's published example, China site:
///
/// ```
/// use peerbill::{
///     Catalog,
///     estimate::{PlannedConnection, PricesOf, Quantities, of_quantities},
///     model::{connection::End, link::LinkType},
/// };
///
/// let catalog = Catalog::shipped("china-site").unwrap();
/// let requester = End::new("1000000000000001", catalog.region_id("Hohhot")?);
/// let accepter = End::new("1000000000000002", catalog.region_id("Guangzhou")?);
/// let mut planned = PlannedConnection::new("office to archive", requester, accepter, LinkType::Gold);
/// planned.monthly_bytes = [Some(catalog.gb.bytes_of("200")?), Some(catalog.gb.bytes_of("100")?)];
///
/// let quantities = Quantities::new(&[planned], PricesOf::Newest, &catalog)?;
/// let estimate = of_quantities(&quantities, &catalog, &[])?;
/// let mut payable = Vec::new();
/// for scenario in &estimate.scenarios {
///     payable.extend(scenario.payable()?.map(|money| format!("{}: {money}", scenario.name)));
/// }
/// assert_eq!(payable, ["all-gold: 144.00", "all-platinum: 216.00"]);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::MissingPrice`] where no scenario can be priced, or one that `wanted` names cannot; [`ErrorKind::Usage`]
/// where `wanted` names one that there is not, or an account is asked for that has no connection;
/// [`ErrorKind::Overflow`] where an amount is too large to be exact.
pub fn of_quantities(quantities: &Quantities, catalog: &Catalog, wanted: &[String]) -> Result<Estimate> {
    planned("quantities", quantities, &constant_link_types(quantities), catalog, wanted)
}

/// Estimates a planned topology as it is planned ([`AS_PLANNED`]), and over one link type or the other; with what the
/// provider would refuse of it and what would not work.
///
/// `quantities` are those of the topology's connections ([`PlannedConnection::of`](super::PlannedConnection::of)).
///
/// # Errors
///
/// Those of [`of_quantities`].
pub fn of_topology(
    topology: &Topology,
    quantities: &Quantities,
    catalog: &Catalog,
    wanted: &[String],
) -> Result<Estimate> {
    let about = "the link types of the plan; Gold where none is written";
    let as_planned = WhatIf::as_given(AS_PLANNED, about, quantities.traffic());
    let mut what_ifs = vec![as_planned.without(quantities.columns_without_value())];
    what_ifs.extend(constant_link_types(quantities));
    let mut estimate = planned("a planned topology", quantities, &what_ifs, catalog, wanted)?;
    estimate.notes.extend(checks(topology, catalog));
    Ok(estimate)
}

/// The questions over one link type and over the other.
fn constant_link_types(quantities: &Quantities) -> [WhatIf<'_>; 2] {
    let without_value = quantities.columns_without_value();
    LinkType::ALL.map(|link_type| WhatIf::all(link_type, quantities.traffic()).without(without_value))
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
    let mut notes: Vec<Finding> = quantities.note_on_prices(catalog).into_iter().collect();
    notes.extend_from_slice(quantities.notes());
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
        forecast: None,
        settings: traffic.options.settings.clone(),
    })
}
