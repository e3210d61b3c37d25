//! Questions and their answers. An answer is the same traffic over other link types, as a report; its name, and what each
//! connection costs in it. Each is rated as a bill is.

use crate::{
    attribution::attribute,
    catalog::{Catalog, PriceStatus, SHIPPED_OVERLAYS, shipped_overlay},
    error::{Error, ErrorKind, MissingPrice, Result},
    model::{
        checked_add, did_you_mean,
        inventory::Inventory,
        link::{LinkHistory, LinkType},
        money::{Amount, Money},
        time::Hour,
        usage::EndIndex,
    },
    rating::{Line, rate},
    report::{Column, Report, ReportRow, Traffic},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

/// What traffic costs over certain link types.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, as the first column of the CSV has it: [`ALL_GOLD`].
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The report, or why there is none.
    pub outcome: Outcome,
    /// How many of the connections that send anything are priced.
    pub coverage: Coverage,
    /// Columns of the report that have no value here.
    pub(super) without_value: &'static [Column],
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
        /// What would supply it. An overlay stands first, and only where it is enough by itself.
        supply: Vec<Supply>,
    },
}

/// How many connections are priced, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Connections whose cost is known.
    pub priced: usize,
    /// Connections in all.
    pub of: usize,
}

impl Coverage {
    /// Whether all of them are priced, so that their total is one.
    pub fn is_complete(self) -> bool {
        self.priced == self.of
    }

    /// Whether there are some, and none of them is priced: then there is no total.
    pub fn is_nothing(self) -> bool {
        self.priced == 0 && self.of > 0
    }

    /// That of connections, by whether each is priced.
    pub(super) fn count(priced: impl Iterator<Item = bool>) -> Self {
        priced.fold(Self { priced: 0, of: 0 }, |sum, own| Self {
            priced: sum.priced + usize::from(own),
            of: sum.of + 1,
        })
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} priced", self.priced, self.of)
    }
}

/// What would supply a price that is missing.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The overlay of this name, which is shipped ([`shipped_overlay`]).
    Overlay(&'static str),
    /// An overlay with prices of the caller ([`Catalog::with_prices`](crate::catalog::Catalog::with_prices)).
    Prices,
    /// A contract with prices of the caller ([`Catalog::with_contract`](crate::catalog::Catalog::with_contract)).
    Contract,
}

impl Scenario {
    /// Its report, where it is priced; `None` where a price is missing.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            Outcome::Priced(report) => Some(report),
            Outcome::NotPriced { .. } => None,
        }
    }

    /// What all accounts pay in it, rounded as bills are (R11); `None` where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`] where the sum is beyond exact amounts.
    pub fn payable(&self) -> Result<Option<Money>> {
        self.report().map(Report::payable).transpose()
    }

    /// Whether an assumed price touched it (R18).
    pub fn assumed(&self) -> bool {
        self.report().is_some_and(Report::assumed)
    }

    /// Its rows: those of the report, with adjustments, less what has no value here; none where it is not priced.
    pub fn rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> + '_ {
        let rows = self.report().into_iter().flat_map(Report::rows);
        rows.map(|row| row.map(|row| self.with_values(row)))
    }

    /// The row of one line of its report.
    pub(crate) fn line_row<'r>(&self, report: &'r Report, line: &Line) -> Result<ReportRow<'r>> {
        report.line_row(line).map(|row| self.with_values(row))
    }

    /// The row less what has no value in this scenario.
    pub(crate) fn with_values<'r>(&self, mut row: ReportRow<'r>) -> ReportRow<'r> {
        for &column in self.without_value {
            row.clear(column);
        }
        row
    }

    /// What every connection with a line costs, by id; nothing where it is not priced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`] where a sum is beyond exact amounts.
    pub fn connections(&self) -> Result<BTreeMap<&str, ConnectionCost>> {
        let Some(report) = self.report() else { return Ok(BTreeMap::new()) };
        let id = |index| &*report.inventory.connection(index).id;
        Ok(connection_costs(&report.lines)?.into_iter().map(|(index, cost)| (id(index), cost)).collect())
    }
}

/// What a connection costs in a scenario.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCost {
    /// Bytes that both ends sent.
    pub bytes: u128,
    /// Their exact amount, in the catalog's currency.
    pub amount: Amount,
    /// Metered hours, counted per sender, that hold a change of link type (R7).
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

/// What connections cost, by index into the inventory; those without a line are not there.
pub(super) type ConnectionCosts = BTreeMap<usize, ConnectionCost>;

/// Sums lines by connection.
pub(super) fn connection_costs(lines: &[Line]) -> Result<ConnectionCosts> {
    let mut costs = ConnectionCosts::new();
    for line in lines {
        costs.entry(line.connection).or_default().add(line)?;
    }
    Ok(costs)
}

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

/// The connections as they are, before a Terraform plan is applied.
pub const BEFORE: &str = "before";
/// The connections as a Terraform plan leaves them.
pub const AFTER: &str = "after";

/// Prices the scenarios that `wanted` names, or the default ones where it names none.
///
/// A default scenario that lacks a price is [`Outcome::NotPriced`]. It is R5's error where the scenario was asked
/// for by name, or where none can be priced.
pub(super) fn price(what_ifs: &[WhatIf<'_>], catalog: &Catalog, wanted: &[String]) -> Result<Vec<Scenario>> {
    check_names(what_ifs, wanted)?;
    let asked_for = |what_if: &&WhatIf<'_>| {
        if wanted.is_empty() { what_if.by_default } else { wanted.iter().any(|name| name == what_if.name) }
    };
    let scenarios = what_ifs.iter().filter(asked_for).map(|what_if| scenario(what_if, catalog));
    let scenarios = scenarios.collect::<Result<Vec<_>>>()?;
    let none_priced = scenarios.iter().all(|scenario| scenario.report().is_none());
    if none_priced || !wanted.is_empty() {
        let missing = Error::of_missing_prices(missing_prices(&scenarios));
        return missing.map_or(Ok(scenarios), Err);
    }
    Ok(scenarios)
}

/// Refuses a name that no scenario has.
fn check_names(what_ifs: &[WhatIf<'_>], wanted: &[String]) -> Result<()> {
    let known: Vec<&str> = what_ifs.iter().map(|what_if| what_if.name).collect();
    let Some(name) = wanted.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let near = did_you_mean(name, known.iter().copied());
    Err(Error::setting("scenario", format!("{name}: there are {} here{near}", known.join(", "))))
}

fn scenario(what_if: &WhatIf<'_>, catalog: &Catalog) -> Result<Scenario> {
    let mut coverage = None;
    let outcome = match what_if.traffic.report(&what_if.link_types, catalog) {
        Ok(report) => {
            coverage = Some(Coverage::count(connection_costs(&report.lines)?.keys().map(|_| true)));
            Outcome::Priced(Box::new(report))
        }
        Err(error) if error.kind() == ErrorKind::MissingPrice => {
            let mut missing = error.missing_prices().to_vec();
            if what_if.without_value.contains(&Column::BillingMonth) {
                missing.iter_mut().for_each(|price| price.first_hour = None);
            }
            Outcome::NotPriced { missing, supply: supply(what_if, catalog) }
        }
        Err(error) => return Err(error),
    };
    Ok(Scenario {
        name: what_if.name,
        about: what_if.about.clone(),
        link_type: what_if.link_type,
        outcome,
        coverage: coverage.map_or_else(|| Prices::new(what_if, catalog).coverage(), Ok)?,
        without_value: what_if.without_value,
    })
}

/// Which prices of a question are known, each looked up once.
struct Prices<'a> {
    what_if: &'a WhatIf<'a>,
    catalog: &'a Catalog,
    /// The hours in which a price may change.
    changes: Vec<Hour>,
    /// By end, link type, and how many of the changes have come.
    known: HashMap<(usize, LinkType, usize), bool>,
}

impl<'a> Prices<'a> {
    fn new(what_if: &'a WhatIf<'a>, catalog: &'a Catalog) -> Self {
        Self { what_if, catalog, changes: catalog.price_changes(), known: HashMap::new() }
    }

    /// How many of the connections have all prices that their hours need.
    fn coverage(mut self) -> Result<Coverage> {
        let Traffic { metered, options, .. } = self.what_if.traffic;
        let link_types = &self.what_if.link_types;
        let mut priced = BTreeMap::new();
        metered.usage().try_each(|row| {
            row.try_each_key(|key, _| {
                let end = EndIndex::from_index(key);
                let payer =
                    attribute(link_types.connection(end.connection()), end.sender()).billing_account_id;
                if options.account.as_deref().is_none_or(|account| account == payer) {
                    let known = self.knows(end, row.hour)?;
                    *priced.entry(end.connection()).or_insert(true) &= known;
                }
                Ok(())
            })
        })?;
        Ok(Coverage::count(priced.into_values()))
    }

    /// Whether what an end sends in an hour is priced: at the level that is billed, and at that it is compared with (R7).
    fn knows(&mut self, end: EndIndex, hour: Hour) -> Result<bool> {
        let link_types = &self.what_if.link_types;
        let connection = link_types.connection(end.connection());
        if connection.within_region() {
            return Ok(true);
        }
        let levels = link_types.history(end.connection()).levels(hour);
        let come = self.changes.partition_point(|&change| change <= hour);
        let to = attribute(connection, end.sender());
        for level in [levels.highest, levels.lowest] {
            let key = (end.index(), level, come);
            let known = match self.known.get(&key) {
                Some(known) => *known,
                None => self
                    .catalog
                    .quote(to.billing_account_id, to.source_region, to.destination_region, level, hour)?
                    .is_some(),
            };
            self.known.insert(key, known);
            if !known {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What all scenarios lack together, each price once.
fn missing_prices(scenarios: &[Scenario]) -> Vec<MissingPrice> {
    let mut missing: Vec<MissingPrice> = Vec::new();
    for scenario in scenarios {
        if let Outcome::NotPriced { missing: of_scenario, .. } = &scenario.outcome {
            let new: Vec<_> = of_scenario.iter().filter(|price| !missing.contains(price)).cloned().collect();
            missing.extend(new);
        }
    }
    missing
}

/// What would supply the missing prices: a shipped overlay where it is enough, and prices of the caller.
fn supply(what_if: &WhatIf<'_>, catalog: &Catalog) -> Vec<Supply> {
    let overlays = SHIPPED_OVERLAYS.into_iter().filter(|name| is_enough(name, what_if, catalog));
    overlays.map(Supply::Overlay).chain([Supply::Prices, Supply::Contract]).collect()
}

/// Whether the scenario is priced once the shipped overlay of this name is laid over the catalog.
fn is_enough(overlay: &str, what_if: &WhatIf<'_>, catalog: &Catalog) -> bool {
    if catalog.overlays().iter().any(|laid| laid == overlay) {
        return false;
    }
    let prices = shipped_overlay(overlay);
    let Some(Ok(catalog)) = prices.map(|prices| catalog.clone().with_prices(overlay, &prices)) else {
        return false;
    };
    let Traffic { metered, options, .. } = what_if.traffic;
    rate(metered.usage(), &what_if.link_types, &catalog, false, options.account.as_deref()).is_ok()
}

/// A question; [`price`] answers it with a [`Scenario`].
#[derive(Debug, Clone)]
pub(super) struct WhatIf<'t> {
    /// The traffic, with what is asked for.
    pub traffic: Traffic<'t>,
    /// The scenario's name, as callers and the first column have it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The connections of the traffic, with the link types to rate by.
    pub link_types: Arc<Inventory>,
    /// Columns that have no value here, such as hours where there are quantities only.
    pub without_value: &'static [Column],
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
            without_value: &[],
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
    pub fn without(self, without_value: &'static [Column]) -> Self {
        Self { without_value, ..self }
    }

    /// The same, shown only where it is asked for by name.
    #[must_use]
    pub fn by_name_only(self) -> Self {
        Self { by_default: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        estimate::{PlannedConnection, PricesOf, Quantities},
        model::{connection::End, link::LinkType, money::Gb},
    };

    fn published() -> PlannedConnection {
        let (requester, accepter) =
            (End::new("requester", "cn-huhehaote"), End::new("accepter", "cn-guangzhou"));
        let monthly_bytes = ["200", "100"].map(|gb| Gb::Binary.bytes_of(gb).ok());
        PlannedConnection { monthly_bytes, ..PlannedConnection::new("", requester, accepter, LinkType::Gold) }
    }

    fn both<'t>(planned: &'t Quantities, without_value: &'static [Column]) -> Vec<WhatIf<'t>> {
        LinkType::ALL.map(|link_type| WhatIf::all(link_type, planned.traffic()).without(without_value)).into()
    }

    #[test]
    fn the_published_example_comes_out_of_quantities() {
        let catalog = Catalog::shipped("china-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let scenarios = price(&both(&planned, planned.columns_without_value()), &catalog, &[]).unwrap();
        let rows = scenarios.iter().flat_map(Scenario::rows).map(|row| row.unwrap());
        let shown: Vec<_> = rows.map(|row| (row.link_type, row.billed_cost.unwrap().to_string())).collect();
        let cost = |link_type, cost: &str| (Some(link_type), cost.to_owned());
        assert_eq!(
            shown,
            [
                cost(LinkType::Gold, "48.00"),
                cost(LinkType::Gold, "96.00"),
                cost(LinkType::Platinum, "72.00"),
                cost(LinkType::Platinum, "144.00"),
            ]
        );
        let no_value = |row: ReportRow<'_>| {
            row.billing_month.is_none() && row.metered_hours.is_none() && row.connection_id == Some("")
        };
        assert!(scenarios.iter().flat_map(Scenario::rows).all(|row| no_value(row.unwrap())));
    }

    #[test]
    fn r5_a_default_scenario_without_a_price_stands_beside_the_others() {
        let catalog = Catalog::shipped("international-site").unwrap();
        let planned = Quantities::new(&[published()], PricesOf::Newest, &catalog).unwrap();
        let scenarios = price(&both(&planned, planned.columns_without_value()), &catalog, &[]).unwrap();
        assert_eq!(scenarios[0].payable().unwrap().unwrap().to_string(), "21.60");
        let Outcome::NotPriced { missing, supply } = &scenarios[1].outcome else {
            panic!("Platinum has no USD price")
        };
        assert_eq!(supply[..], [Supply::Overlay("assumed-platinum"), Supply::Prices, Supply::Contract]);
        assert_eq!(missing.len(), 2);
        assert!(missing.iter().all(|price| price.first_hour.is_none()), "{missing:?}");

        let named = ["all-platinum".to_owned()];
        let refused = price(&both(&planned, &[]), &catalog, &named).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingPrice);
        let misspelt = price(&both(&planned, &[]), &catalog, &["all-glod".to_owned()]).unwrap_err();
        assert!(misspelt.to_string().contains("did you mean \"all-gold\""), "{misspelt}");
    }
}
