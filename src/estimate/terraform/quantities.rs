//! A Terraform plan with monthly traffic, as quantities of its two sides.

use crate::{
    catalog::{Catalog, Price, PriceStatus},
    error::{ErrorKind, MissingPrice, Result},
    estimate::quantities::{PlannedConnection, PricesOf, Quantities},
    model::{
        accounts::Accounts,
        connection::{Bandwidth, End},
        finding::{Finding, FindingCode, Said},
        invalid::Remedy,
        link::LinkType,
        usage::Sender,
    },
    read::{
        Document,
        monthly::{MonthlyBytes, read_monthly},
        terraform::{Action, Change, PeeringPlan, PlanSide, StatedRequesters, read_plan},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// What one GB costs that requester and accepter send, in this order; `None` where no price is known, or more than one
/// in the month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitPrices(pub [Option<Price>; 2]);

impl UnitPrices {
    /// Whether one of them is assumed (R18).
    pub fn assumed(&self) -> bool {
        self.0.iter().flatten().any(|price| price.status == PriceStatus::Assumed)
    }
}

/// A Terraform plan with the monthly traffic of its connections, ready for [`of_plan`](super::of_plan).
#[derive(Debug, Clone)]
pub struct PlanQuantities {
    pub(super) before: Quantities,
    pub(super) after: Quantities,
    /// The connections of both sides.
    pub(super) planned: [Vec<PlannedConnection>; 2],
    pub(super) prices_of: PricesOf,
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<Finding>,
    /// Why the difference of the plan as a whole is not known.
    pub(super) open: Vec<Finding>,
    pub(super) unchanged: usize,
    /// What of each change is known, also without traffic, before and after, by address.
    pub(super) known: KnownSides,
}

/// What of a connection is known before a plan is applied, and after, by address.
type KnownSides = BTreeMap<String, [Option<PlannedConnection>; 2]>;

impl PlanQuantities {
    /// From a plan ([`read_plan`](crate::read::terraform::read_plan)) and the monthly bytes of its connections by address
    /// ([`read_monthly`](crate::read::monthly::read_monthly)).
    ///
    /// What is not known, in the plan or of its traffic, is not taken for zero: it is noted, and closes the gate. So is a
    /// region that the catalog does not know; the other connections are priced.
    ///
    /// # Errors
    ///
    /// Those of [`Quantities::new`].
    pub fn new(
        plan: &PeeringPlan,
        traffic: &MonthlyBytes,
        prices_of: PricesOf,
        catalog: &Catalog,
    ) -> Result<Self> {
        let (unchanged, changes): (Vec<&Change>, Vec<&Change>) =
            plan.changes.iter().partition(|change| change.action == Action::NoOp);
        let mut sides = Sides { without_traffic: traffic.is_empty(), ..Sides::new(catalog) };
        sides.note_unknown(plan, &unchanged);
        sides.note_left_in_place(plan);
        let unchanged_label =
            |label: &Arc<str>| unchanged.iter().any(|change| change.address.as_str() == &**label);
        let matter = |found: &&Finding| !found.connection_id.as_ref().is_some_and(unchanged_label);
        sides.notes.extend(plan.findings.iter().filter(matter).cloned());
        for change in &changes {
            sides.add(change, traffic);
        }
        let Sides { planned, notes, open, known, .. } = sides;
        Ok(Self {
            before: Quantities::new(&planned[0], prices_of, catalog)?,
            after: Quantities::new(&planned[1], prices_of, catalog)?,
            planned,
            prices_of,
            changes: changes.into_iter().cloned().collect(),
            notes,
            open,
            unchanged: unchanged.len(),
            known,
        })
    }

    /// Reads a plan and, where it is given, the traffic of its connections, with what is stated about their requesters.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new); [`ErrorKind::Input`] where either cannot be read.
    pub fn read(
        plan: &Document,
        traffic: Option<&Document>,
        stated: &StatedRequesters,
        prices_of: PricesOf,
        catalog: &Catalog,
    ) -> Result<Self> {
        let plan = read_plan(plan, stated)?;
        let names = plan.names();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        // Without traffic the prices of one GB are shown.
        let traffic = traffic.map(|document| read_monthly(document, catalog.gb, &known)).transpose()?;
        Self::new(&plan, &traffic.unwrap_or_default(), prices_of, catalog)
    }

    /// What one GB costs that both ends of a changed connection send, before and after.
    pub(super) fn unit_prices(&self, change: &Change, catalog: &Catalog) -> Result<[UnitPrices; 2]> {
        let mut prices = [UnitPrices::default(); 2];
        let known = self.known.get(&change.address).into_iter().flatten();
        for (prices, side) in prices.iter_mut().zip(known) {
            let Some(side) = side else { continue };
            for (price, sender) in prices.0.iter_mut().zip(Sender::ALL) {
                *price = self.before.unit_price(side, sender, catalog)?;
            }
        }
        Ok(prices)
    }

    /// The same without connections for which a price is missing on either side, which are noted and close the gate;
    /// `None` where none would be left.
    pub(super) fn of_priced_connections(&self, catalog: &Catalog) -> Result<Option<Self>> {
        let mut priced = self.clone();
        for change in &self.changes {
            let labels = [change.address.clone(), change.kept_label()];
            let own = |planned: &&PlannedConnection| labels.contains(&planned.label);
            let planned: Vec<_> = self.planned.iter().flatten().filter(own).collect();
            let missing = missing_prices(&planned, self.prices_of, catalog)?;
            if missing.is_empty() {
                continue;
            }
            priced.planned.iter_mut().for_each(|side| side.retain(|planned| !own(&planned)));
            for price in missing {
                let missing = Box::new(Said::from(&price));
                let said = Said::ChangeNotPriced { address: change.address.clone(), missing };
                let found = note(FindingCode::NotKnown, &change.address, said).with(Remedy::SupplyPrice);
                priced.notes.push(found.clone());
                priced.open.push(found);
            }
        }
        let [before, after] = &priced.planned;
        if before.is_empty() && after.is_empty() {
            return Ok(None);
        }
        let of = |planned: &[PlannedConnection], like: &Quantities| -> Result<Quantities> {
            Ok(Quantities::new(planned, self.prices_of, catalog)?.with_settings_of(like))
        };
        (priced.before, priced.after) = (of(before, &self.before)?, of(after, &self.after)?);
        Ok(Some(priced))
    }

    /// The same, naming settings that came from a settings file.
    #[must_use]
    pub fn with_settings(mut self, settings: &[(String, String)]) -> Self {
        self.before = self.before.with_settings(settings.to_vec());
        self.after = self.after.with_settings(settings.to_vec());
        self
    }

    /// Likewise, with names of accounts.
    #[must_use]
    pub fn with_accounts(mut self, accounts: &Option<Arc<Accounts>>) -> Self {
        self.before = self.before.with_accounts(accounts.clone());
        self.after = self.after.with_accounts(accounts.clone());
        self
    }
}

/// Collects the connections of both sides.
pub(super) struct Sides<'a> {
    catalog: &'a Catalog,
    /// The connections before the plan is applied, and after.
    pub planned: [Vec<PlannedConnection>; 2],
    pub notes: Vec<Finding>,
    /// Why the difference of the plan as a whole is not known.
    pub open: Vec<Finding>,
    known: KnownSides,
    /// Whether there is no traffic at all: then this is said once.
    without_traffic: bool,
}

impl<'a> Sides<'a> {
    /// None yet.
    pub fn new(catalog: &'a Catalog) -> Self {
        let planned = [Vec::new(), Vec::new()];
        Self {
            catalog,
            planned,
            notes: Vec::new(),
            open: Vec::new(),
            known: KnownSides::new(),
            without_traffic: false,
        }
    }

    /// Lists what the plan does not show; of connections that stay as they are nothing needs to be known.
    pub fn note_unknown(&mut self, plan: &PeeringPlan, unchanged: &[&Change]) {
        for unknown in &plan.unknown {
            if unchanged.iter().any(|change| change.address == unknown.address) {
                continue;
            }
            let (attribute, why) = (unknown.attribute, unknown.why.message().to_owned());
            let said = match unknown.address.is_empty() {
                true => Said::NotKnownOfPlan { attribute, why },
                false => Said::NotKnown { address: unknown.address.clone(), attribute, why },
            };
            let remedy = unknown.why.remedy().cloned();
            let found = Finding { remedy, ..note(FindingCode::NotKnown, &unknown.address, said) };
            let of_a_connection = plan.changes.iter().any(|change| change.address == unknown.address);
            if unknown.matters && !of_a_connection {
                self.open.push(found.clone());
            }
            self.notes.push(found);
        }
    }

    /// Says which connections stay where they are though the plan stops managing them.
    pub fn note_left_in_place(&mut self, plan: &PeeringPlan) {
        for change in plan.changes.iter().filter(|change| change.keeps_old) {
            let address = &change.address;
            let said = match change.keeps_beside_new() {
                true => {
                    Said::OldOneKept { address: address.clone(), kept: format!("{:?}", change.kept_label()) }
                }
                false => Said::StopsManaging { address: address.clone() },
            };
            self.notes.push(note(FindingCode::LeftInPlace, address, said));
        }
    }

    /// Adds a connection to the sides that it has, where enough is known to price it.
    pub fn add(&mut self, change: &Change, traffic: &MonthlyBytes) {
        let address = &change.address;
        let bytes = traffic.get(address).copied().unwrap_or_default();
        // The old connection goes on as it was, unless its traffic afterwards is given.
        let kept_bytes = traffic.get(&change.kept_label()).copied().unwrap_or(bytes);
        let given = [&change.before, &change.after];
        let complete = given.map(|side| side.as_ref().map(|side| self.complete(address, side)));
        self.known.insert(address.clone(), complete.clone().map(Option::flatten));
        if change.unreadable || complete.contains(&Some(None)) {
            // What is destroyed cannot cost more, whatever it is.
            if change.action != Action::Delete {
                let said = Said::NotEnoughTold { address: address.clone() };
                self.open.push(note(FindingCode::NotKnown, address, said));
            }
            return;
        }
        let [before, after] = complete.map(Option::flatten);
        let free = [&before, &after].into_iter().flatten().all(within_region);
        if bytes.contains(&None) || kept_bytes.contains(&None) {
            // Nothing that is free, destroyed, or priced as before and not beside what was there can cost more.
            let more = change.keeps_beside_new() || before != after;
            self.note_no_traffic(address, !free && after.is_some() && more);
            return;
        }
        let sends = |bytes: [Option<u64>; 2]| {
            move |planned: PlannedConnection| PlannedConnection { monthly_bytes: bytes, ..planned }
        };
        let kept = before.clone().filter(|_| change.keeps_beside_new()).map(sends(kept_bytes));
        self.planned[0].extend(before.map(sends(bytes)));
        self.planned[1].extend(after.map(sends(bytes)));
        let label = change.kept_label();
        self.planned[1].extend(kept.map(|before| PlannedConnection { label, ..before }));
    }

    /// Says that a connection is not priced for lack of traffic, or once that none is; `open` where it may cost more.
    fn note_no_traffic(&mut self, address: &str, open: bool) {
        let found = match self.without_traffic {
            true => note(FindingCode::NoTrafficGiven, "", Said::NoTrafficAtAll {}).with(Remedy::GiveTraffic),
            false => {
                note(FindingCode::NoTrafficGiven, address, Said::NoTraffic { address: address.to_owned() })
                    .with(Remedy::GiveMonthlyTraffic)
            }
        };
        self.add_note(found.clone());
        if open && !self.open.contains(&found) {
            self.open.push(found);
        }
    }

    /// A side of a change, where the plan shows all that prices depend on.
    fn complete(&mut self, address: &str, side: &PlanSide) -> Option<PlannedConnection> {
        let requester_region = self.region(address, "requester region", side.requester_region.as_deref());
        let accepter_region = self.region(address, "accepting_region_id", side.accepter_region.as_deref());
        if let Some(from) = side.region_from.as_deref().filter(|from| from.contains(" through ")) {
            let said = Said::RegionByReference {
                address: address.to_owned(),
                region: side.requester_region.clone().unwrap_or_default(),
                from: from.to_owned(),
            };
            let found = note(FindingCode::RegionByReference, address, said);
            self.add_note(found.with(Remedy::StateRegionOfReference));
        }
        let (requester_region, accepter_region) = (requester_region?, accepter_region?);
        // Inside a region there is no link type to know (R8).
        let within = requester_region == accepter_region;
        let link_type = side.link_type.or(within.then_some(LinkType::Gold))?;
        let requester = self.account(side.requester_account.as_deref(), "requester", address)?;
        let accepter = self.account(side.accepter_account.as_deref(), "accepter", address)?;
        let (requester, accepter) =
            (End::new(requester, requester_region), End::new(accepter, accepter_region));
        let link_type = if within { LinkType::Gold } else { link_type };
        let bandwidth = side.bandwidth.unwrap_or(Bandwidth::DEFAULT);
        Some(PlannedConnection {
            bandwidth,
            ..PlannedConnection::new(address, requester, accepter, link_type)
        })
    }

    fn region(&mut self, address: &str, what: &str, region: Option<&str>) -> Option<String> {
        let region = region?;
        let Err(why) = self.catalog.check_region(region) else { return Some(region.to_owned()) };
        let remedy = why.remedy().cloned();
        let text = format!("{address}: {what}: {}", why.message());
        let said = Said::Verbatim { text };
        self.add_note(Finding { remedy, ..note(FindingCode::NotKnown, address, said) });
        None
    }

    /// Adds a note that may be that of the other side as well.
    fn add_note(&mut self, note: Finding) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
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

/// The prices that planned connections lack, each by itself and each price once.
fn missing_prices(
    planned: &[&PlannedConnection],
    prices_of: PricesOf,
    catalog: &Catalog,
) -> Result<Vec<MissingPrice>> {
    let mut missing: Vec<MissingPrice> = Vec::new();
    for &planned in planned {
        let alone = Quantities::new(std::slice::from_ref(planned), prices_of, catalog)?;
        match alone.traffic().report(alone.inventory(), catalog) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::MissingPrice => {
                let own = error.missing_prices().iter().cloned();
                let own = own.map(|price| match prices_of {
                    PricesOf::Newest => MissingPrice { first_hour: None, ..price },
                    PricesOf::Month(..) => price,
                });
                let new: Vec<_> = own.filter(|price| !missing.contains(price)).collect();
                missing.extend(new);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(missing)
}

fn within_region(planned: &PlannedConnection) -> bool {
    planned.requester.region == planned.accepter.region
}

fn note(code: FindingCode, address: &str, said: Said) -> Finding {
    Finding::of(code, said).about(&address.into())
}
