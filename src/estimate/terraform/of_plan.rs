//! Estimates of a Terraform plan.

use super::{changes_with_costs, quantities::PlanQuantities};
use crate::{
    catalog::Catalog,
    error::{ErrorKind, Result},
    estimate::{
        Estimate,
        quantities::notes_on_places,
        scenario::{AFTER, BEFORE, WhatIf, price},
    },
    model::{finding::Finding, link::LinkType},
};
use std::sync::Arc;

/// Estimates both sides of a Terraform plan, and what the plan changes ([`Estimate::changes`]).
///
/// Scenarios are [`BEFORE`] and [`AFTER`]; by name alone also the connections to come over one link type or the other.
/// `wanted` names the scenarios to price; where it names none, the two sides are.
///
/// # Errors
///
/// Those of [`of_quantities`](crate::estimate::of_quantities).
pub fn of_plan(quantities: &PlanQuantities, catalog: &Catalog, wanted: &[String]) -> Result<Estimate> {
    let PlanQuantities { before, after, .. } = quantities;
    let (of_before, of_after) = (before.traffic(), after.traffic());
    let mut what_ifs = vec![
        WhatIf::as_given(BEFORE, "the connections that are changed, as they are", of_before),
        WhatIf::as_given(AFTER, "the same connections as the plan leaves them", of_after),
    ];
    let all = LinkType::ALL.map(|link_type| WhatIf::all(link_type, of_after).by_name_only());
    what_ifs.extend(all);
    let without_value = before.columns_without_value();
    let what_ifs: Vec<WhatIf<'_>> =
        what_ifs.into_iter().map(|what_if| what_if.without(without_value)).collect();
    let scenarios = match price(&what_ifs, catalog, wanted) {
        // A price that is missing on both sides hides only its own connections.
        Err(error) if error.kind() == ErrorKind::MissingPrice && wanted.is_empty() => {
            return match quantities.of_priced_connections(catalog)? {
                Some(priced) => of_plan(&priced, catalog, wanted),
                None => Err(error),
            };
        }
        scenarios => scenarios?,
    };
    let mut notes: Vec<Finding> = before.note_on_prices(catalog).into_iter().collect();
    notes.extend(notes_on_places(after.inventory().connections(), catalog));
    notes.extend(quantities.notes.iter().cloned());
    Ok(Estimate {
        source: "a Terraform plan",
        month: before.month(),
        offset: of_before.metered.offset(),
        measured: false,
        catalog: Arc::new(catalog.summary()),
        changes: Some(changes_with_costs(quantities, &scenarios, catalog)?),
        forecast: None,
        scenarios,
        notes,
        timings: Vec::new(),
        schedule: None,
        settings: of_before.options.settings.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Catalog,
        estimate::{PricesOf, terraform::Gate},
        model::money::Money,
        read::{
            Document,
            monthly::{MonthlyBytes, read_monthly},
            terraform::{PeeringPlan, StatedRequesters, read_plan},
        },
    };

    const PLAN: &str = include_str!("../../../tests/terraform/plan.json");
    const TRAFFIC: &str = include_str!("../../../tests/terraform/traffic.csv");

    fn read(text: &str) -> PeeringPlan {
        read_plan(&Document::new("plan.json", text), &StatedRequesters::default()).unwrap()
    }

    fn estimate(plan: &PeeringPlan, traffic: &str, site: &str) -> super::super::Changes {
        let catalog = Catalog::shipped(site).unwrap();
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
            .map(|cost| {
                (cost.change.action.as_str(), cost.before.unwrap().text(0), cost.after.unwrap().text(0))
            })
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

        // Where there is no traffic at all, that is told once.
        let header = "address,sender,gb\n";
        let changes = estimate(&read(PLAN), header, "china-site");
        let Gate::NotKnown(why) = changes.gate(money("1000")).unwrap() else { panic!("nothing is known") };
        let told: Vec<String> = why.iter().map(Finding::message).collect();
        assert!(told.len() == 1 && told[0].starts_with("no traffic is given"), "{told:?}");
        assert!(changes.connections.iter().all(|cost| cost.before.is_none() && cost.after.is_none()));
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
    fn a_region_that_the_catalog_does_not_know_leaves_the_other_connections_as_they_are() {
        let catalog = Catalog::shipped("china-site").unwrap();
        let plan = read(&PLAN.replace("cn-guangzhou", "cn-guangzhu"));
        let quantities =
            PlanQuantities::new(&plan, &MonthlyBytes::new(), PricesOf::Newest, &catalog).unwrap();
        let about = "alicloud_vpc_peer_connection.published: accepting_region_id: region \"cn-guangzhu\"";
        let notes: Vec<String> = quantities.notes.iter().map(Finding::message).collect();
        let note = notes.iter().find(|note| note.starts_with(about)).unwrap_or_else(|| panic!("{notes:?}"));
        assert!(note.contains("did you mean \"cn-guangzhou\"?"), "{note}");

        let changes = estimate(&plan, TRAFFIC, "china-site");
        // All but the published example, 144 to 216.
        assert_eq!((changes.before, changes.after), (Some(money("84.4")), Some(money("89.8"))));
        assert_eq!((changes.not_priced(), changes.partial()), (1, true));
        assert!(matches!(changes.gate(money("1000")).unwrap(), Gate::NotKnown(_)));
    }

    #[test]
    fn r5_a_price_that_is_missing_on_both_sides_hides_only_its_own_connection() {
        // Over Platinum before and after, for which no USD price is known.
        let plan = PLAN.replace("\"link_type\": \"Platinum\"", "\"link_type\": \"Gold\"");
        let plan = plan.replacen(
            "\"link_type\": null,\n     \"peer_connection_name\": \"hohhot-guangzhou\"",
            "\"link_type\": \"Platinum\",\n     \"peer_connection_name\": \"hohhot-guangzhou\"",
            1,
        );
        let plan = plan.replacen(
            "\"link_type\": \"Gold\",\n     \"peer_connection_name\": \"hohhot-guangzhou\"",
            "\"link_type\": \"Platinum\",\n     \"peer_connection_name\": \"hohhot-guangzhou\"",
            1,
        );
        let changes = estimate(&read(&plan), TRAFFIC, "international-site");
        let published = &changes.connections[4];
        assert_eq!(published.change.before.as_ref().unwrap().link_type, Some(LinkType::Platinum));
        assert_eq!((published.before, published.after), (None, None));
        assert!(changes.partial() && changes.before.is_some() && changes.after.is_some());
        let Gate::NotKnown(why) = changes.gate(money("1000")).unwrap() else { panic!("a price is missing") };
        assert!(why[0].message().contains("no Platinum price from cn-guangzhou to cn-huhehaote"), "{why:?}");
    }
}
