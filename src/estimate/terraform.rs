//! A Terraform plan with monthly traffic: what connections cost before and after it.
//!
//! Both sides go through the rating of the bill, as scenarios of their own. What the plan does not tell is listed and
//! stands in the way of a gate; nothing is taken for zero because it is not known.

use super::{
    Estimate, Scenario,
    advice::{Note, NoteCode, notes_on_places},
    quantities::{PlannedConnection, PricesOf, Quantities},
    scenario::{WhatIf, price},
};
use crate::model::invalid::Invalid;
use crate::model::remedy::Remedy;
use crate::{
    catalog::Catalog,
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End},
        link::LinkType,
        money::{Amount, Money},
    },
    read::{
        monthly::MonthlyBytes,
        terraform::{Action, Change, PeeringPlan, PlanSide},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// The connections as they are, before the plan is applied.
pub const BEFORE: &str = "before";
/// The connections as the plan leaves them.
pub const AFTER: &str = "after";

/// A plan with its traffic, ready to be priced.
#[derive(Debug, Clone)]
pub struct PlanQuantities {
    before: Quantities,
    after: Quantities,
    /// The connections of both sides.
    planned: [Vec<PlannedConnection>; 2],
    prices_of: PricesOf,
    changes: Vec<Change>,
    notes: Vec<Note>,
    /// Why the difference of the plan as a whole is not known.
    open: Vec<Invalid>,
    unchanged: usize,
}

/// What a plan changes, with what that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Every connection that is created, changed or destroyed, by address.
    pub connections: Vec<ChangeCost>,
    /// By account.
    pub accounts: Vec<AccountCost>,
    /// What all of it costs before, where it is known; not rounded as a bill is.
    pub before: Option<Money>,
    /// What all of it costs after.
    pub after: Option<Money>,
    /// Whether an assumed price touched what it costs before, and after (R18).
    pub assumed: [bool; 2],
    /// How many connections stay as they are; they are not priced.
    pub unchanged: usize,
    /// Why the difference is not known, where it is not; empty where it is.
    pub open: Vec<Invalid>,
}

/// What a change of one connection costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCost {
    /// What is changed.
    pub change: Change,
    /// What it costs before: nothing where it is created, `None` where it is not priced.
    pub before: Option<Money>,
    /// What it costs after: nothing where it is destroyed, `None` where it is not priced.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
}

/// What an account pays for the connections that are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCost {
    /// The account.
    pub billing_account_id: String,
    /// What it pays before; `None` where that scenario is not priced.
    pub before: Option<Money>,
    /// What it pays after.
    pub after: Option<Money>,
    /// Whether an assumed price touched it before, and after (R18).
    pub assumed: [bool; 2],
}

/// The difference between two costs that may not be known.
pub fn difference(before: Option<Money>, after: Option<Money>) -> Result<Option<Money>> {
    before.zip(after).map(|(before, after)| after.checked_sub(before)).transpose()
}

/// Whether a plan may pass a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It costs so much more per month, which is not above the limit.
    Passed(Money),
    /// It costs so much more per month, which is above the limit.
    Above(Money),
    /// It cannot be told how much more it costs, for these reasons.
    NotKnown(Vec<Invalid>),
}

impl ChangeCost {
    /// Whether its cost is not known on a side that it has.
    pub fn not_priced(&self) -> bool {
        self.before.is_none() || self.after.is_none()
    }
}

impl Changes {
    /// How many connections are not priced on a side that they have; the totals are without them.
    pub fn not_priced(&self) -> usize {
        self.connections.iter().filter(|own| own.not_priced()).count()
    }

    /// Whether what the plan costs more per month stays within `limit`. What is not known does not pass.
    pub fn gate(&self, limit: Money) -> Result<Gate> {
        if !self.open.is_empty() {
            return Ok(Gate::NotKnown(self.open.clone()));
        }
        Ok(match difference(self.before, self.after)? {
            None => Gate::NotKnown(vec!["a price is missing".into()]),
            Some(more) if more > limit => Gate::Above(more),
            Some(more) => Gate::Passed(more),
        })
    }
}

/// Collects the connections of both sides.
struct Builder<'a> {
    catalog: &'a Catalog,
    sides: [Vec<PlannedConnection>; 2],
    faults: Vec<Fault>,
    notes: Vec<Note>,
    open: Vec<Invalid>,
}

impl PlanQuantities {
    /// From a plan and the monthly traffic of its connections.
    pub fn new(
        plan: &PeeringPlan,
        traffic: &MonthlyBytes,
        prices_of: PricesOf,
        catalog: &Catalog,
    ) -> Result<Self> {
        let (unchanged, changes): (Vec<&Change>, Vec<&Change>) =
            plan.changes.iter().partition(|change| change.action == Action::NoOp);
        let mut builder = Builder {
            catalog,
            sides: [Vec::new(), Vec::new()],
            faults: Vec::new(),
            notes: Vec::new(),
            open: Vec::new(),
        };
        builder.note_unknown(plan, &unchanged);
        for change in &changes {
            builder.add(change, traffic.get(&change.address).copied().unwrap_or_default());
        }
        if let Some(error) = Error::from_faults(ErrorKind::Input, builder.faults) {
            return Err(error);
        }
        let planned = builder.sides;
        Ok(Self {
            before: Quantities::new(&planned[0], prices_of, catalog)?,
            after: Quantities::new(&planned[1], prices_of, catalog)?,
            planned,
            prices_of,
            changes: changes.into_iter().cloned().collect(),
            notes: builder.notes,
            open: builder.open,
            unchanged: unchanged.len(),
        })
    }

    /// The same, naming settings that came from a settings file.
    #[must_use]
    pub fn with_settings(mut self, settings: &[(String, String)]) -> Self {
        self.before = self.before.with_settings(settings.to_vec());
        self.after = self.after.with_settings(settings.to_vec());
        self
    }
}

impl Builder<'_> {
    /// Lists what the plan does not tell; of connections that stay as they are nothing needs to be told.
    fn note_unknown(&mut self, plan: &PeeringPlan, unchanged: &[&Change]) {
        for unknown in &plan.unknown {
            if unchanged.iter().any(|change| change.address == unknown.address) {
                continue;
            }
            let of = if unknown.address.is_empty() { "the plan" } else { &unknown.address };
            let message = format!("{of}: {} is not known: {}", unknown.attribute, unknown.why);
            let own = plan.changes.iter().any(|change| change.address == unknown.address);
            if unknown.matters && !own {
                self.open.push(message.clone().into());
            }
            self.notes.push(note(NoteCode::NotKnown, &unknown.address, message));
        }
    }

    fn add(&mut self, change: &Change, bytes: [Option<u64>; 2]) {
        let address = &change.address;
        let given = [&change.before, &change.after];
        let complete = given.map(|side| side.as_ref().map(|side| self.complete(address, side)));
        if complete.contains(&Some(None)) {
            // What is destroyed cannot cost more, whatever it is.
            if change.after.is_some() {
                self.open.push(
                    format!("{address}: it is not priced, because the plan does not tell enough").into(),
                );
            }
            return;
        }
        let [before, after] = complete.map(Option::flatten);
        let free = [&before, &after].into_iter().flatten().all(within_region);
        if bytes.contains(&None) {
            let message = format!("{address}: no traffic given, so it is not priced");
            let message = Invalid::new(message).with(Remedy::GiveMonthlyTraffic);
            self.notes.push(note(NoteCode::NoTrafficGiven, address, message.clone()));
            // Nothing that is free, destroyed, or priced as before can cost more.
            if !free && after.is_some() && before != after {
                self.open.push(message);
            }
            return;
        }
        for (side, planned) in self.sides.iter_mut().zip([before, after]) {
            side.extend(planned.map(|planned| PlannedConnection { monthly_bytes: bytes, ..planned }));
        }
    }

    /// A side of a change, where the plan tells all that prices depend on.
    fn complete(&mut self, address: &str, side: &PlanSide) -> Option<PlannedConnection> {
        let requester_region = self.region(address, "requester region", side.requester_region.as_deref());
        let accepter_region = self.region(address, "accepting_region_id", side.accepter_region.as_deref());
        if let Some(from) = side.region_from.as_deref().filter(|from| from.contains(" through ")) {
            let message = format!(
                "{address}: its requester's region {} is that of {from}; where that expression adds to what it refers \
                 to, which a plan does not show",
                side.requester_region.as_deref().unwrap_or_default()
            );
            let message = Invalid::new(message).with(Remedy::StateRegionOfReference);
            let message = note(NoteCode::RegionByReference, address, message);
            if !self.notes.contains(&message) {
                self.notes.push(message);
            }
        }
        let (requester_region, accepter_region) = (requester_region?, accepter_region?);
        // Inside a region there is no link type to know (R8).
        let within = requester_region == accepter_region;
        let link_type = side.link_type.or(within.then_some(LinkType::Gold))?;
        let requester = self.account(side.requester_account.as_deref(), "requester", address)?;
        let accepter = self.account(side.accepter_account.as_deref(), "accepter", address)?;
        let end = |account_id: String, region: String| End {
            account_id: account_id.into(),
            region: region.into(),
            vpc_id: None,
            cidrs: Vec::new(),
        };
        Some(PlannedConnection {
            label: address.to_owned(),
            requester: end(requester, requester_region),
            accepter: end(accepter, accepter_region),
            link_type: if within { LinkType::Gold } else { link_type },
            bandwidth: side.bandwidth.unwrap_or(Bandwidth::DEFAULT),
            monthly_bytes: [None, None],
        })
    }

    fn region(&mut self, address: &str, what: &str, region: Option<&str>) -> Option<String> {
        let region = region?;
        if let Err(why) = self.catalog.check_region(region) {
            let message = format!("{address}: {what}: {why}");
            self.faults.push(Fault::new(FaultCode::UnusableInput, message));
            return None;
        }
        Some(region.to_owned())
    }

    /// The account, or a name that stands for one that is not known; a contract depends on the account.
    fn account(&self, account: Option<&str>, end: &str, address: &str) -> Option<String> {
        match account {
            Some(account) => Some(account.to_owned()),
            None if self.catalog.contract().rows().is_empty() => {
                Some(format!("unknown ({end} of {address})"))
            }
            None => None,
        }
    }
}

fn within_region(planned: &PlannedConnection) -> bool {
    planned.requester.region == planned.accepter.region
}

fn note(code: NoteCode, address: &str, message: impl Into<Invalid>) -> Note {
    let connection = Some(address).filter(|address| !address.is_empty()).map(Into::into);
    Note { connection, ..Note::new(code, message) }
}

/// Estimates both sides of a plan. Scenarios are [`BEFORE`] and [`AFTER`]; by name also the sides to come over one
/// link type.
pub fn of_plan(quantities: &PlanQuantities, catalog: &Catalog, wanted: &[String]) -> Result<Estimate> {
    let PlanQuantities { before, after, .. } = quantities;
    let (of_before, of_after) = (before.traffic(), after.traffic());
    let mut what_ifs = vec![
        WhatIf::as_given(BEFORE, "the connections that are changed, as they are", of_before),
        WhatIf::as_given(AFTER, "the same connections as the plan leaves them", of_after),
    ];
    let all = LinkType::ALL.map(|link_type| WhatIf { by_default: false, ..WhatIf::all(link_type, of_after) });
    what_ifs.extend(all);
    let unknown = before.unknown_columns();
    let what_ifs: Vec<WhatIf<'_>> = what_ifs.into_iter().map(|what_if| what_if.without(unknown)).collect();
    let scenarios = price(&what_ifs, catalog, wanted)?;
    let mut notes: Vec<Note> = before.note_on_prices(catalog).into_iter().collect();
    notes.extend(notes_on_places(&connections(after), catalog));
    notes.extend(quantities.notes.iter().cloned());
    Ok(Estimate {
        source: "a Terraform plan",
        month: before.month(),
        offset: of_before.metered.offset(),
        measured: false,
        catalog: Arc::new(catalog.summary()),
        changes: Some(changes(quantities, &scenarios, catalog)?),
        scenarios,
        notes,
        timings: Vec::new(),
        schedule: None,
        settings: of_before.options.settings.clone(),
    })
}

fn connections(quantities: &Quantities) -> Vec<Connection> {
    quantities.inventory().connections().to_vec()
}

/// Exact amounts of one side.
struct SideCosts {
    by_address: BTreeMap<String, (Amount, bool)>,
    by_account: BTreeMap<String, (Amount, bool)>,
    total: Amount,
    assumed: bool,
}

/// What a side costs; `None` where its scenario is not priced or not asked for.
fn side_costs(scenarios: &[Scenario], name: &str) -> Result<Option<SideCosts>> {
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == name) else { return Ok(None) };
    let Some(report) = scenario.report() else { return Ok(None) };
    let by_address = scenario.connections()?.into_iter();
    let by_address = by_address.map(|(id, cost)| (id.to_owned(), (cost.amount, cost.assumed))).collect();
    let accounts = report.statements.iter();
    let by_account: BTreeMap<String, (Amount, bool)> =
        accounts.map(|own| (own.billing_account_id.clone(), (own.exact, own.assumed))).collect();
    let total = by_account.values().try_fold(Amount::ZERO, |sum, own| sum.checked_add(own.0))?;
    Ok(Some(SideCosts { by_address, by_account, total, assumed: report.assumed() }))
}

/// What each connection of a side costs, where its price is known: one price that is missing hides only its own.
fn connection_costs(
    quantities: &PlanQuantities,
    side: usize,
    costs: Option<&SideCosts>,
    catalog: &Catalog,
) -> Result<BTreeMap<String, (Amount, bool)>> {
    if let Some(costs) = costs {
        return Ok(costs.by_address.clone());
    }
    let mut known = BTreeMap::new();
    for planned in &quantities.planned[side] {
        let alone = Quantities::new(std::slice::from_ref(planned), quantities.prices_of, catalog)?;
        match alone.traffic().report(alone.inventory(), catalog) {
            Ok(report) => {
                let amounts = report.lines.iter().map(|line| line.amount);
                let amount = amounts.into_iter().try_fold(Amount::ZERO, Amount::checked_add)?;
                known.insert(planned.label.clone(), (amount, report.assumed()));
            }
            Err(error) if error.kind() == ErrorKind::MissingPrice => {}
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

fn changes(quantities: &PlanQuantities, scenarios: &[Scenario], catalog: &Catalog) -> Result<Changes> {
    let sides = [side_costs(scenarios, BEFORE)?, side_costs(scenarios, AFTER)?];
    let printed = |amount: Amount| amount.printed(catalog.gb);
    let priced = |address: &str| {
        let of = [&quantities.before, &quantities.after];
        of.iter().any(|own| own.inventory().index_of(address).is_some())
    };
    let mut known = [None, None];
    for (index, name) in [BEFORE, AFTER].into_iter().enumerate() {
        if scenarios.iter().any(|scenario| scenario.name == name) {
            known[index] = Some(connection_costs(quantities, index, sides[index].as_ref(), catalog)?);
        }
    }
    let mut connections = Vec::new();
    for change in &quantities.changes {
        let mut costs = [None, None];
        let mut assumed = [false; 2];
        let given = [change.before.is_some(), change.after.is_some()];
        for (index, known) in known.iter().enumerate() {
            let Some(known) = known.as_ref().filter(|_| priced(&change.address)) else { continue };
            // A side that the connection does not have costs nothing; one that is not priced is not known.
            let nothing = (!given[index]).then_some((Amount::ZERO, false));
            let Some((amount, touched)) = nothing.or_else(|| known.get(&change.address).copied()) else {
                continue;
            };
            assumed[index] = touched;
            costs[index] = Some(printed(amount)?);
        }
        let [before, after] = costs;
        connections.push(ChangeCost { change: change.clone(), before, after, assumed });
    }
    let mut names: Vec<&String> = sides.iter().flatten().flat_map(|side| side.by_account.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let paid = |side: &Option<SideCosts>, account: &str| -> Result<(Option<Money>, bool)> {
        let Some(side) = side else { return Ok((None, false)) };
        let (amount, assumed) = side.by_account.get(account).copied().unwrap_or_default();
        Ok((Some(printed(amount)?), assumed))
    };
    let account = |name: &String| {
        let [before, after] = [paid(&sides[0], name)?, paid(&sides[1], name)?];
        let (billing_account_id, assumed) = (name.clone(), [before.1, after.1]);
        Ok(AccountCost { billing_account_id, before: before.0, after: after.0, assumed })
    };
    let total = |side: &Option<SideCosts>| side.as_ref().map(|side| printed(side.total)).transpose();
    Ok(Changes {
        connections,
        accounts: names.into_iter().map(account).collect::<Result<_>>()?,
        before: total(&sides[0])?,
        after: total(&sides[1])?,
        assumed: [0, 1].map(|side: usize| sides[side].as_ref().is_some_and(|own| own.assumed)),
        unchanged: quantities.unchanged,
        open: quantities.open.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::shipped,
        read::{
            Document,
            monthly::read_monthly,
            terraform::{StatedRequesters, read_plan},
        },
    };

    const PLAN: &str = include_str!("../../tests/terraform/plan.json");
    const TRAFFIC: &str = include_str!("../../tests/terraform/traffic.csv");

    fn read(text: &str) -> PeeringPlan {
        read_plan(&Document::new("plan.json", text), &StatedRequesters::default()).unwrap()
    }

    fn estimate(plan: &PeeringPlan, traffic: &str, site: &str) -> Changes {
        let catalog = shipped(site).unwrap();
        let known: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
        let traffic = read_monthly(&Document::new("traffic.csv", traffic), catalog.gb, &known).unwrap();
        let quantities = PlanQuantities::new(plan, &traffic, PricesOf::Newest, &catalog).unwrap();
        of_plan(&quantities, &catalog, &[]).unwrap().changes.unwrap()
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn every_change_is_priced_on_both_sides() {
        let changes = estimate(&read(PLAN), TRAFFIC, "china-site");
        let rows: Vec<_> = changes
            .connections
            .iter()
            .map(|own| (own.change.action.as_str(), own.before.unwrap().text(0), own.after.unwrap().text(0)))
            .map(|(action, before, after)| format!("{action} {before} {after}"))
            .collect();
        assert_eq!(
            rows,
            [
                // 10 GB and 5 GB, Hohhot and Shanghai, Gold: 15 x 0.48
                "create 0 7.2",
                // 1 GB and 0.5 GB, Hohhot and Singapore, Platinum: 1.5 x 8.4
                "create 0 12.6",
                // inside a region
                "create 0 0",
                // 20 GB and 0, Hohhot and Beijing, Platinum: 20 x 0.72
                "delete 14.4 0",
                // the published example: 300 x 0.48 to 300 x 0.72
                "update 144 216",
                // 100 GB and 100 GB, Frankfurt and Virginia to Frankfurt and Silicon Valley, Gold: 200 x 0.35
                "replace 70 70",
            ]
        );
        assert_eq!((changes.before, changes.after), (Some(money("228.4")), Some(money("305.8"))));
        assert_eq!((changes.unchanged, &changes.open[..]), (1, &[][..]));
        // The account of `old` is not in the plan: its cost stands under a name of its own.
        let unknown = changes.accounts.last().unwrap();
        assert_eq!(unknown.billing_account_id, "unknown (requester of alicloud_vpc_peer_connection.old)");
        assert_eq!(unknown.before, Some(money("14.4")));
    }

    #[test]
    fn the_gate_is_on_the_difference_and_closed_to_what_is_not_known() {
        let changes = estimate(&read(PLAN), TRAFFIC, "china-site");
        assert_eq!(changes.gate(money("77.4")).unwrap(), Gate::Passed(money("77.4")));
        assert_eq!(changes.gate(money("77.3999999999")).unwrap(), Gate::Above(money("77.4")));

        // No USD price for Platinum is known. Without traffic what is destroyed is not priced.
        let traffic: String =
            TRAFFIC.lines().filter(|line| !line.contains(".old,")).map(|line| format!("{line}\n")).collect();
        let without_price = estimate(&read(PLAN), &traffic, "international-site");
        assert_eq!((without_price.open.len(), without_price.before), (0, Some(money("31.6"))));
        assert!(matches!(without_price.gate(money("1000")).unwrap(), Gate::NotKnown(_)));

        // What is free, destroyed or priced as before needs no traffic to pass; the others do.
        let header = "address,sender,gb\n";
        let changes = estimate(&read(PLAN), header, "china-site");
        let Gate::NotKnown(why) = changes.gate(money("1000")).unwrap() else { panic!("nothing is known") };
        let addresses: Vec<&str> = why.iter().map(|why| why.message().split(": ").next().unwrap()).collect();
        assert_eq!(
            addresses,
            [
                "alicloud_vpc_peer_connection.branch[0]",
                "alicloud_vpc_peer_connection.branch[1]",
                "alicloud_vpc_peer_connection.published",
                "module.spokes[\"eu\"].alicloud_vpc_peer_connection.this",
            ]
        );
        assert!(changes.connections.iter().all(|own| own.before.is_none() && own.after.is_none()));
    }

    #[test]
    fn one_sender_without_traffic_is_not_taken_for_zero() {
        let one = "address,sender,gb\nalicloud_vpc_peer_connection.published,requester,200\n";
        let changes = estimate(&read(PLAN), one, "china-site");
        assert!(changes.connections[4].before.is_none());
    }

    #[test]
    fn what_the_plan_does_not_tell_closes_the_gate() {
        let plan =
            PLAN.replacen("\"constant_value\": \"cn-huhehaote\"", "\"references\": [\"local.region\"]", 1);
        assert_ne!(plan, PLAN);
        let changes = estimate(&read(&plan), TRAFFIC, "china-site");
        let created = &changes.connections[0];
        assert_eq!((created.before, created.after), (None, None));
        assert!(matches!(changes.gate(money("1000")).unwrap(), Gate::NotKnown(_)));
    }

    #[test]
    fn a_region_that_the_catalog_does_not_know_is_refused_with_its_address() {
        let catalog = shipped("china-site").unwrap();
        let plan = read(&PLAN.replace("cn-guangzhou", "cn-guangzhu"));
        let error = PlanQuantities::new(&plan, &MonthlyBytes::new(), PricesOf::Newest, &catalog).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("alicloud_vpc_peer_connection.published: accepting_region_id"), "{text}");
        assert!(text.contains("did you mean \"cn-guangzhou\"?"), "{text}");
    }
}
