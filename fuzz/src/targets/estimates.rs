//! Readers of what is planned, and what they make of it.

use super::{LONGEST, chance::Chance, outcome::catalog, outcome::check_error, outputs::decimal};
use num_rational::BigRational;
use peerbill::{
    estimate::{
        ChangeCost, Changes, Estimate, Gate, PlanQuantities, PlannedConnection, PricesOf, Quantities,
        of_plan, of_topology,
    },
    model::money::Money,
    read::{
        Document,
        monthly::MonthlyBytes,
        terraform::{PeeringPlan, StatedRequesters, read_plan},
        topology::read_topology,
    },
    write,
};

/// A plan of Terraform, as `terraform show -json` prints it.
pub fn terraform_plan(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let chance = &mut Chance::of(data);
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let stated = if chance.once_in(2) {
        StatedRequesters::parse(&texts(&["1000000000000001"]), &texts(&["cn-huhehaote"]))
            .expect("good statements")
    } else {
        StatedRequesters::default()
    };
    let plan = match read_plan(&Document::new("plan.json", data), &stated) {
        Ok(plan) => plan,
        Err(error) => return check_error(&error),
    };
    let traffic = traffic_of(&plan, chance);
    let quantities = match PlanQuantities::new(&plan, &traffic, PricesOf::Newest, catalog()) {
        Ok(quantities) => quantities,
        Err(error) => return check_error(&error),
    };
    match of_plan(&quantities, catalog(), &[]) {
        Ok(estimate) => {
            check_changes(estimate.changes.as_ref().expect("a plan changes something"));
            check_estimate(&estimate);
        }
        Err(error) => check_error(&error),
    }
}

/// Monthly bytes of the connections of a plan; some are left out.
fn traffic_of(plan: &PeeringPlan, chance: &mut Chance) -> MonthlyBytes {
    let mut bytes = || (!chance.once_in(16)).then(|| (chance.below(1000) as u64) << chance.below(40));
    plan.changes.iter().map(|change| (change.address.clone(), [bytes(), bytes()])).collect()
}

/// A total is that of all connections, and an unknown part of it does not pass the gate.
fn check_changes(changes: &Changes) {
    let most: Money = "100000000".parse().expect("an amount");
    if changes.not_priced() > 0 && !changes.open.is_empty() {
        assert!(matches!(changes.gate(most), Ok(Gate::NotKnown(_))), "what is not known does not pass");
    }
    let connections = &changes.connections;
    if connections.iter().any(ChangeCost::not_priced) {
        return;
    }
    let exact = |money: Option<Money>| decimal(&money.expect("it is priced").to_string());
    let sums = [
        connections.iter().map(|own| exact(own.before)).sum::<BigRational>(),
        connections.iter().map(|own| exact(own.after)).sum::<BigRational>(),
    ];
    // Each is printed by itself, so that a sum may differ by half a unit of the last decimal for each.
    let slack = decimal("0.0000000001") * BigRational::from_integer((connections.len() as i64 + 1).into());
    for (sum, total) in sums.into_iter().zip([changes.before, changes.after]) {
        let difference = sum - exact(total);
        assert!(difference <= slack && -difference <= slack, "a total is the sum of its parts");
    }
}

/// A topology that is planned, TOML.
pub fn topology(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let find = |region: &str| catalog().region_id(region);
    let topology = match read_topology(&Document::new("plan.toml", data), catalog().gb, &find) {
        Ok(topology) => topology,
        Err(error) => return check_error(&error),
    };
    let planned = PlannedConnection::of(&topology);
    let quantities = match Quantities::new(&planned, PricesOf::Newest, catalog()) {
        Ok(quantities) => quantities,
        Err(error) => return check_error(&error),
    };
    match of_topology(&topology, &quantities, catalog(), &[]) {
        Ok(estimate) => check_estimate(&estimate),
        Err(error) => check_error(&error),
    }
}

/// An estimate can be written in every form, and its lines can be read back.
fn check_estimate(estimate: &Estimate) {
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    write::csv::estimate(estimate, &mut files[0]).expect("memory can be written");
    write::estimate::json::write(estimate, &[], &mut files[1]).expect("memory can be written");
    write::markdown::estimate(estimate, write::Lang::En, &mut files[2]).expect("memory can be written");
    let rows = csv::Reader::from_reader(&files[0][..]).into_records().collect::<Result<Vec<_>, _>>();
    let lines = rows.expect("CSV can be read back").len();
    let document: serde_json::Value = serde_json::from_slice(&files[1]).expect("JSON can be read back");
    let scenarios = document["scenarios"].as_array().expect("scenarios");
    let told = scenarios.iter().filter_map(|own| own["lines"].as_array()).map(Vec::len).sum::<usize>();
    assert!(told <= lines, "lines of JSON stand in CSV");
}
