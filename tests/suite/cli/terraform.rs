//! What plans of Terraform and OpenTofu may hold: what cannot be read or is not told of one connection leaves the others
//! as they are, is named, closes the gate, and marks every sum as partial.

use crate::support::program::{Outcome, run};
use serde_json::{Value, json};
use std::fs;

const TYPE: &str = "alicloud_vpc_peer_connection";
const ACCEPTER: &str = "alicloud_vpc_peer_connection_accepter";

/// The values of a connection from Hohhot to Guangzhou: 144.00 CNY over Gold and 216.00 over Platinum.
fn values(link_type: Value) -> Value {
    json!({"region_id": "cn-huhehaote", "accepting_region_id": "cn-guangzhou", "link_type": link_type,
        "accepting_ali_uid": 1000000000000002_u64, "id": "pcc-1"})
}

/// One that is to be created, in the region of its provider.
fn created(address: &str, link_type: Value) -> Value {
    let mut after = values(link_type);
    after["region_id"] = Value::Null;
    after["id"] = Value::Null;
    changed(address, &["create"], Value::Null, after, json!({"region_id": true, "id": true}))
}

fn changed(address: &str, actions: &[&str], before: Value, after: Value, after_unknown: Value) -> Value {
    let of_type = if address.contains(ACCEPTER) { ACCEPTER } else { TYPE };
    json!({"address": address, "mode": "managed", "type": of_type,
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": after_unknown}})
}

fn accepter(address: &str, link_type: &str) -> Value {
    let unknown = json!({"instance_id": true, "id": true});
    changed(address, &["create"], Value::Null, json!({"link_type": link_type}), unknown)
}

/// The configuration of a resource, by its address without instance key.
fn resource(address: &str, provider: &str, expressions: Value) -> Value {
    json!({"address": address, "mode": "managed", "provider_config_key": provider, "expressions": expressions})
}

fn x(key: &str) -> String {
    format!("{TYPE}.x{key}")
}

fn plan(changes: Value, resources: Value) -> Value {
    json!({"format_version": "1.2", "planned_values": {}, "resource_changes": changes, "configuration": {
        "provider_config": {
            "alicloud": {"expressions": {
                "region": {"constant_value": "cn-huhehaote"}, "account_id": {"constant_value": "1000000000000001"}}},
            "alicloud.by_region": {"alias": "by_region", "expressions": {"region": {"references": ["each.key"]}}},
        },
        "root_module": {"resources": resources}}})
}

/// An estimate of a plan whose connections all send 200 and 100 GB.
fn estimate(plan: &Value, args: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut traffic = String::from("address,sender,gb\n");
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let (address, of_type) = (change["address"].as_str().unwrap_or_default(), &change["type"]);
        if of_type == TYPE && change.get("deposed").is_none() {
            let address = address.replace('"', "\"\"");
            traffic.push_str(&format!("\"{address}\",requester,200\n\"{address}\",accepter,100\n"));
        }
    }
    fs::write(folder.path().join("plan.json"), plan.to_string()).expect("the folder is writable");
    fs::write(folder.path().join("traffic.csv"), traffic).expect("the folder is writable");
    let given =
        ["estimate", "--terraform", "plan.json", "--traffic", "traffic.csv", "--catalog", "china-site"];
    run(folder.path(), &[&given, args].concat())
}

/// The same as JSON, with its exit code.
fn document(plan: &Value, args: &[&str]) -> (i32, Value) {
    let outcome = estimate(plan, &[&["--format", "json"], args].concat());
    let document = serde_json::from_str(&outcome.stdout);
    (outcome.code, document.unwrap_or_else(|_| panic!("{}", outcome.stderr)))
}

/// Address and cost after the plan of each connection that is changed.
fn costs(document: &Value) -> Vec<(&str, &str)> {
    let text = |value: &'_ Value| -> &'static str {
        value.as_str().map_or("not priced", |text| text.to_owned().leak())
    };
    let connections = document["changes"]["connections"].as_array().expect("changes");
    connections.iter().map(|of| (text(&of["connection_id"]), text(&of["after"]))).collect()
}

/// The messages of notes with this code, one under the other.
fn notes(document: &Value, code: &str) -> String {
    let notes = document["before_choosing"].as_array().expect("notes");
    let of_code = notes.iter().filter(|note| note["code"] == code);
    of_code.map(|note| format!("{}\n", note["message"].as_str().expect("text"))).collect()
}

#[test]
fn what_cannot_be_read_of_one_connection_is_named_and_leaves_the_others() {
    let good = created(&x("[0]"), Value::Null);
    let with = |name: &str, value: Value| {
        let mut bad = created(&x("[1]"), Value::Null);
        bad["change"]["after"][name] = value;
        bad
    };
    let mut future = created(&x("[1]"), Value::Null);
    future["change"]["actions"] = json!(["create", "adopt"]);
    let mut hidden = created(&x("[1]"), Value::Null);
    hidden["change"]["after_sensitive"] = json!({"link_type": true});
    let mut later = created(&x("[1]"), Value::Null);
    later["change"]["after_unknown"]["link_type"] = json!(true);
    let mut nowhere = created(&x("[1]"), Value::Null);
    nowhere["change"]["after"] = Value::Null;
    for (name, bad, why) in [
        ("link-type", with("link_type", json!("gold")), "did you mean \"Gold\"?"),
        ("link-type-number", with("link_type", json!(1)), "link_type is not known: 1 is not text"),
        ("account", with("accepting_ali_uid", json!(1e15)), "is not an account id"),
        ("region", with("accepting_region_id", json!("cn-guangzhu")), "did you mean \"cn-guangzhou\"?"),
        (
            "no-region",
            with("accepting_region_id", json!("")),
            "accepting_region_id is not known: it is left out",
        ),
        ("future", future, "actions [\"create\", \"adopt\"] are none that are known here"),
        ("hidden", hidden, "link_type is not known: the plan hides it as sensitive"),
        ("later", later, "link_type is not known: known only after apply"),
        ("nowhere", nowhere, "the plan does not tell the connection on this side"),
    ] {
        let plan = plan(json!([good, bad]), json!([resource(&x(""), "alicloud", json!({}))]));
        let (code, document) = document(&plan, &["--fail-above", "1000"]);
        assert_eq!(code, 1, "{name}: the gate is closed");
        assert_eq!(costs(&document), [(&*x("[0]"), "144.00"), (&*x("[1]"), "not priced")], "{name}");
        assert!(notes(&document, "not_known").contains(why), "{name}: {document}");
        assert_eq!(document["changes"]["partial"], true, "{name}");
    }
}

#[test]
fn a_sum_without_all_connections_is_marked_in_every_format() {
    let connections = json!([created(&x("[0]"), Value::Null), created(&x("[1]"), json!("silver"))]);
    let plan = plan(connections, json!([resource(&x(""), "alicloud", json!({}))]));
    for (format, expected) in [
        ("table", ["payable (partial)", "total of what is priced", "after (partial)", "no sum here is"]),
        ("markdown", ["payable (partial)", "total of what is priced", "after (partial)", "no sum here is"]),
        ("json", ["\"partial\": true", "\"after\": null", "\"not_known\": [", "not priced"]),
    ] {
        let outcome = estimate(&plan, &["--format", format]);
        for words in expected {
            assert!(outcome.stdout.contains(words), "{format}: {words:?} is not in\n{}", outcome.stdout);
        }
    }
    let outcome = estimate(&plan, &["--format", "csv"]);
    assert!(
        outcome.stderr.contains("Partial: 1 of 2 connections that are changed are not priced"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_forgotten_connection_is_told_and_still_there() {
    let gold = values(Value::Null);
    let changes = json!([
        changed(&x("[0]"), &["forget"], gold.clone(), Value::Null, json!({})),
        changed(&x("[1]"), &["create", "forget"], gold.clone(), values(json!("Platinum")), json!({})),
        changed(&x("[2]"), &["delete"], gold, Value::Null, json!({})),
    ]);
    let plan = plan(changes, json!([resource(&x(""), "alicloud", json!({}))]));
    let (code, document) = document(&plan, &["--fail-above", "72"]);
    // The kept one over Gold and the new one over Platinum.
    assert_eq!((code, costs(&document)), (0, vec![(&*x("[1]"), "360.00"), (&*x("[2]"), "0.00")]));
    assert_eq!(document["changes"]["total"]["difference"], "72.00");
    let told = notes(&document, "left_in_place");
    assert!(
        told.contains("x[0]: the plan only stops managing it") && told.contains("x[1]: the old connection"),
        "{told}"
    );
    assert_eq!(document["changes"]["connections"][0]["keeps_old"], true);
}

#[test]
fn traffic_may_be_given_for_a_connection_that_is_kept() {
    let gold = values(Value::Null);
    let replaced = changed(&x(""), &["forget", "create"], gold.clone(), gold, json!({}));
    let plan = plan(json!([replaced]), json!([resource(&x(""), "alicloud", json!({}))]));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows =
        [("", "requester,200"), ("", "accepter,100"), (" (kept)", "requester,0"), (" (kept)", "accepter,1")];
    let rows: String = rows.iter().map(|(kept, rest)| format!("{}{kept},{rest}\n", x(""))).collect();
    fs::write(folder.path().join("traffic.csv"), format!("address,sender,gb\n{rows}")).expect("writable");
    fs::write(folder.path().join("plan.json"), plan.to_string()).expect("writable");
    let given =
        ["estimate", "--terraform", "plan.json", "--traffic", "traffic.csv", "--catalog", "china-site"];
    let outcome = run(folder.path(), &[&given[..], &["--format", "json"]].concat());
    let document: Value = serde_json::from_str(&outcome.stdout).expect(&outcome.stderr);
    assert_eq!(costs(&document), [(&*x(""), "144.48")]);
}

#[test]
fn a_deposed_object_is_counted_beside_its_successor() {
    let mut deposed = changed(&x(""), &["delete"], values(Value::Null), Value::Null, json!({}));
    deposed["deposed"] = json!("0000abcd");
    let live = changed(&x(""), &["update"], values(Value::Null), values(json!("Platinum")), json!({}));
    let plan = plan(json!([deposed, live]), json!([resource(&x(""), "alicloud", json!({}))]));
    let (code, document) = document(&plan, &["--fail-above", "72"]);
    let label = format!("{} (deposed object 0000abcd)", x(""));
    assert_eq!((code, costs(&document)), (0, vec![(&*x(""), "216.00"), (&*label, "not priced")]));
    assert!(notes(&document, "no_traffic_given").starts_with(&label), "{document}");
    assert_eq!(document["changes"]["partial"], true);
}

#[test]
fn no_region_is_laid_over_the_instances_of_a_provider() {
    let connections = json!([
        created(&x("[\"cn-huhehaote\"]"), Value::Null),
        created(&x("[\"cn-shanghai\"]"), Value::Null)
    ]);
    let plan = plan(connections, json!([resource(&x(""), "alicloud.by_region", json!({}))]));
    let (code, found) = document(&plan, &["--requester-region", "cn-beijing", "--fail-above", "1000"]);
    assert_eq!(code, 1);
    assert!(costs(&found).iter().all(|(_, cost)| *cost == "not priced"), "{found}");
    let told = notes(&found, "not_known");
    assert!(told.contains("each instance of provider alicloud.by_region has a region of its own"), "{told}");
    // What it asks for can be given as it names it.
    let asked = format!("--requester-region '{}=REGION'", x("[\"cn-shanghai\"]"));
    assert!(told.contains(&asked), "{asked} in {told}");
    let one = format!("{}=cn-shanghai", x("[\"cn-shanghai\"]"));
    let (_, found) = document(&plan, &["--requester-region", &one]);
    assert_eq!(
        costs(&found),
        [(&*x("[\"cn-huhehaote\"]"), "not priced"), (&*x("[\"cn-shanghai\"]"), "144.00")]
    );

    let by_key = [
        "--requester-region",
        "alicloud.by_region[\"cn-huhehaote\"]=cn-huhehaote",
        "--requester-region",
        "alicloud.by_region[\"cn-shanghai\"]=cn-guangzhou",
    ];
    let (_, found) = document(&plan, &by_key);
    // The second is stated to lie where its accepter does.
    assert_eq!(costs(&found).iter().map(|(_, cost)| *cost).collect::<Vec<_>>(), ["144.00", "0.00"]);
    assert!(notes(&found, "region_by_reference").contains("through the same instance key"), "{found}");

    for bad in
        ["alicloud.by_region=cn-beijing", "alicloud.by_region[\"cn-qingdao\"]=cn-qingdao", "x[0]=cn-beijing"]
    {
        let outcome = estimate(&plan, &["--requester-region", bad]);
        assert_eq!(outcome.code, 2, "{bad}: {}", outcome.stderr);
    }
    let outcome = estimate(&plan, &["--requester-region", "alicloud=cn-bejing"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
}

/// Whether the gate is open for two connections, the first over Platinum, with two accepters that set the same.
fn joined(references: Value, for_each: Value, keys: [&str; 2], second: Value) -> (i32, Value) {
    let y = |key: &str| format!("{ACCEPTER}.y{key}");
    let changes = json!([
        created(&x(keys[0]), json!("Platinum")),
        created(&x(keys[1]), second),
        accepter(&y(keys[0]), "Platinum"),
    ]);
    let mut of_accepter = resource(&y(""), "alicloud", json!({"instance_id": {"references": references}}));
    of_accepter["for_each_expression"] = json!({"references": for_each});
    let plan = plan(changes, json!([resource(&x(""), "alicloud", json!({})), of_accepter]));
    document(&plan, &["--fail-above", "1000"])
}

#[test]
fn an_accepter_belongs_to_the_connection_that_its_expression_leads_to() {
    let gold = || Value::Null;
    let (index, key) = (["[0]", "[1]"], ["[\"a\"]", "[\"b\"]"]);
    for (name, references, for_each, keys) in [
        ("count", json!([x(""), "count.index"]), json!([]), index),
        ("key", json!([x(""), "each.key"]), json!(["var.peers"]), key),
        ("value", json!(["each.value.id", "each.value"]), json!([x("")]), key),
        ("first", json!([x("[0].id"), x("[0]"), x("")]), json!([]), index),
    ] {
        let (code, document) = joined(references, for_each, keys, gold());
        assert_eq!((code, notes(&document, "not_known")), (0, String::new()), "{name}");
    }
    // Which one it is cannot be told, and would not matter.
    for references in [json!([x("")]), json!(["local.ids", "count.index"]), json!([])] {
        let (code, document) = joined(references.clone(), json!([]), index, json!("Platinum"));
        assert_eq!((code, notes(&document, "not_known")), (0, String::new()), "{references}");
    }
    // It is computed where it is left out: then nothing is set.
    let y = format!("{ACCEPTER}.y");
    let unknown = json!({"instance_id": true, "link_type": true});
    let computed = changed(&y, &["create"], Value::Null, json!({}), unknown);
    let written = |expressions: Value| {
        let of_accepter = resource(&y, "alicloud", expressions);
        let resources = json!([resource(&x(""), "alicloud", json!({})), of_accepter]);
        document(&plan(json!([created(&x(""), gold()), computed]), resources), &["--fail-above", "1000"])
    };
    let instance_id = json!({"references": [x(".id"), x("")]});
    assert_eq!(written(json!({"instance_id": instance_id})).0, 0);
    let (code, document) =
        written(json!({"instance_id": instance_id, "link_type": {"references": ["local.type"]}}));
    assert!(code == 1 && notes(&document, "not_known").contains("what it sets is not known"), "{document}");
    // It matters, and nothing false is said.
    let (code, document) = joined(json!([x("")]), json!([]), index, gold());
    let told = notes(&document, "not_known");
    assert!(code == 1 && told.contains(&format!("not the link type of {}\n", x("[1]"))), "{told}");
    assert_eq!(costs(&document), [(&*x("[0]"), "216.00"), (&*x("[1]"), "not priced")]);
    let (code, document) = joined(json!(["local.ids", "count.index"]), json!([]), index, gold());
    let told = notes(&document, "not_known");
    assert!(
        code == 1 && told.contains("does not tell on which connection: instance_id refers to local.ids"),
        "{told}"
    );
    assert_eq!(document["changes"]["partial"], true);
}

#[test]
fn a_plan_that_is_not_the_whole_plan_says_so() {
    let good =
        || plan(json!([created(&x(""), Value::Null)]), json!([resource(&x(""), "alicloud", json!({}))]));
    for (member, value, why) in [
        ("complete", json!(false), "a further plan is needed"),
        ("applyable", json!(false), "this plan cannot be applied"),
        (
            "deferred_changes",
            json!([{"reason": "instance_count_unknown", "resource_change": {"address": "a", "type": TYPE}}]),
            "defers this connection (instance_count_unknown)",
        ),
    ] {
        let mut plan = good();
        plan[member] = value;
        let (code, document) = document(&plan, &["--fail-above", "1000"]);
        assert_eq!((code, &document["changes"]["partial"]), (1, &json!(true)), "{member}");
        assert!(notes(&document, "not_known").contains(why), "{member}: {document}");
    }
    let (code, document) = document(&good(), &["--fail-above", "1000"]);
    assert_eq!((code, &document["changes"]["partial"]), (0, &json!(false)));
}

#[test]
fn what_is_no_plan_is_named_as_what_it_is() {
    for (name, document, expected) in [
        (
            "errored",
            json!({"format_version": "1.2", "planned_values": {}, "errored": true}),
            "could not finish this plan",
        ),
        ("state", json!({"format_version": "1.0", "values": {}}), "this is a state"),
        ("empty-state", json!({"format_version": "1.0"}), "this is a state"),
        ("stored-state", json!({"version": 4, "lineage": "x"}), "a state as Terraform stores it"),
        ("schema", json!({"format_version": "1.0", "provider_schemas": {}}), "neither a plan nor a state"),
        (
            "encrypted",
            json!({"meta": {}, "encrypted_data": "x", "encryption_version": "v0"}),
            "encrypted by OpenTofu",
        ),
        ("newer", json!({"format_version": "2.0", "resource_changes": []}), "\"2.0\" cannot be read"),
    ] {
        let outcome = estimate(&document, &[]);
        assert_eq!(outcome.code, 3, "{name}");
        assert!(outcome.stderr.contains(expected), "{name}: {}", outcome.stderr);
    }
    let old = json!({"format_version": "0.2", "planned_values": {}, "resource_changes": []});
    assert_eq!(estimate(&old, &[]).code, 0);
}
