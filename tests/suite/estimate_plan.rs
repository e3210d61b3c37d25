//! What random Terraform plans cost is what exact fractions make of them, and the gate opens and closes at the
//! difference, to the last digit that is printed.

use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    catalog::Catalog,
    estimate::{Changes, Gate, PlanQuantities, PricesOf, of_plan},
    model::money::{Gb, Money},
    read::{
        Document,
        monthly::read_monthly,
        terraform::{StatedRequesters, read_plan},
    },
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

const REGIONS: [&str; 4] = ["cn-beijing", "cn-shanghai", "ap-southeast-1", "eu-central-1"];
const ADDRESS: &str = "alicloud_vpc_peer_connection.all";

/// One side: requester's region, accepter's region, and whether it is Platinum; `None` is a link type left out.
type Side = (usize, usize, Option<bool>);

#[derive(Debug, Clone)]
struct Planned {
    before: Option<Side>,
    after: Option<Side>,
    /// Ten-thousandths of a GB that requester and accepter send.
    sent: [u64; 2],
}

/// Thousandths of CNY per GB, as the provider prints them; nothing inside a region.
fn price((from, to, platinum): Side) -> u32 {
    let (low, high) = (from.min(to), from.max(to));
    let platinum = platinum == Some(true);
    match (low, high) {
        _ if low == high => 0,
        (0, 1) => {
            if platinum {
                720
            } else {
                480
            }
        }
        (2, 3) => {
            if platinum {
                788
            } else {
                525
            }
        }
        _ => {
            if platinum {
                8400
            } else {
                5600
            }
        }
    }
}

fn fraction(numerator: u64, denominator: u64) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

/// What a side costs: whole bytes, rounded half up, at its price.
fn cost(side: Option<Side>, sent: [u64; 2]) -> BigRational {
    let gb = fraction(1 << 30, 1);
    let of = |sent: u64| {
        let bytes = (fraction(sent, 10_000) * &gb + fraction(1, 2)).floor();
        bytes / &gb * side.map_or(fraction(0, 1), |side| fraction(price(side).into(), 1000))
    };
    of(sent[0]) + of(sent[1])
}

/// Half to even at 10 decimals, in units of the last.
fn printed(amount: &BigRational) -> i128 {
    let scaled = amount * fraction(10_000_000_000, 1);
    let floor = scaled.floor();
    let (rest, half, floor) = (&scaled - &floor, fraction(1, 2), floor.to_integer());
    let odd = &floor % BigInt::from(2) != BigInt::from(0);
    let up = rest > half || (rest == half && odd);
    i128::try_from(floor + BigInt::from(u8::from(up))).expect("a plan costs less than 2^127")
}

fn values(side: Option<Side>) -> Value {
    let Some((from, to, platinum)) = side else { return Value::Null };
    let link_type = platinum.map(|platinum| if platinum { "Platinum" } else { "Gold" });
    json!({"region_id": REGIONS[from], "accepting_region_id": REGIONS[to], "link_type": link_type,
        "accepting_ali_uid": 9_007_199_254_740_993_u64})
}

fn documents(planned: &[Planned]) -> [Document; 2] {
    let mut traffic = String::from("address,sender,gb\n");
    let mut changes = Vec::new();
    for (index, own) in planned.iter().enumerate() {
        let address = format!("{ADDRESS}[{index}]");
        let actions = match (own.before, own.after) {
            (None, Some(_)) => json!(["create"]),
            (Some(_), None) => json!(["delete"]),
            (Some((a, b, _)), Some((c, d, _))) if (a, b) != (c, d) => json!(["delete", "create"]),
            _ => json!(["update"]),
        };
        let change = json!({"actions": actions, "before": values(own.before), "after": values(own.after), "after_unknown": {}});
        changes.push(json!({"address": address, "type": "alicloud_vpc_peer_connection", "change": change}));
        for (sender, sent) in ["requester", "accepter"].into_iter().zip(own.sent) {
            traffic.push_str(&format!("{address},{sender},{}.{:04}\n", sent / 10_000, sent % 10_000));
        }
    }
    let plan = json!({"format_version": "1.2", "resource_changes": changes});
    [Document::new("plan.json", plan.to_string()), Document::new("traffic.csv", traffic)]
}

fn changes(planned: &[Planned]) -> Changes {
    let [plan, traffic] = documents(planned);
    let catalog = Catalog::shipped("china-site").expect("it is shipped");
    let plan = read_plan(&plan, &StatedRequesters::default()).expect("the plan can be read");
    let known: Vec<&str> = plan.changes.iter().map(|change| &*change.address).collect();
    let traffic = read_monthly(&traffic, Gb::Binary, &known).expect("the traffic can be read");
    let quantities =
        PlanQuantities::new(&plan, &traffic, PricesOf::Newest, &catalog).expect("regions are known");
    let estimate = of_plan(&quantities, &catalog, &[]).expect("all prices are known");
    estimate.changes.expect("it is made from a plan")
}

fn side() -> impl Strategy<Value = Side> {
    (0..REGIONS.len(), 0..REGIONS.len(), prop_oneof![Just(None), Just(Some(false)), Just(Some(true))])
}

fn planned() -> impl Strategy<Value = Planned> {
    let sides = prop_oneof![
        side().prop_map(|after| (None, Some(after))),
        side().prop_map(|before| (Some(before), None)),
        (side(), side()).prop_map(|(before, after)| (Some(before), Some(after))),
    ];
    (sides, [0..50_000_000_u64, 0..50_000_000_u64]).prop_map(|((before, after), sent)| Planned {
        before,
        after,
        sent,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_costs_what_exact_fractions_make_of_it(planned in vec(planned(), 0..6)) {
        let changes = changes(&planned);
        prop_assert_eq!(changes.connections.len(), planned.len());
        let (mut before, mut after) = (fraction(0, 1), fraction(0, 1));
        for (own, expected) in changes.connections.iter().zip(&planned) {
            let [one, other] = [cost(expected.before, expected.sent), cost(expected.after, expected.sent)];
            prop_assert_eq!(own.before.map(Money::units), Some(printed(&one)));
            prop_assert_eq!(own.after.map(Money::units), Some(printed(&other)));
            (before, after) = (before + one, after + other);
        }
        prop_assert_eq!(changes.before.map(Money::units), Some(printed(&before)));
        prop_assert_eq!(changes.after.map(Money::units), Some(printed(&after)));
        let more = printed(&after) - printed(&before);
        let at = |units| changes.gate(Money::from_units(units)).expect("money fits");
        prop_assert_eq!(at(more), Gate::Passed(Money::from_units(more)));
        prop_assert_eq!(at(more - 1), Gate::Above(Money::from_units(more)));
    }
}
