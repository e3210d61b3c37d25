//! JSON holds to its schema, which allows nothing else: `docs/report.schema.json`, `docs/estimate.schema.json`,
//! `docs/explain.schema.json`, `docs/compare.schema.json`, `docs/reconcile.schema.json`, `docs/crosscheck.schema.json`.
//!
//! Needs `python3` with the package `jsonschema`; skipped by name where it is absent, unless
//! `PEERBILL_TOOLS=required` says that it must be there.

use std::process::{Command, Stdio};

/// Reads the name of a schema and from standard input a document, and prints what does not hold to the schema.
const VALIDATE: &str = "
import json, sys, jsonschema, referencing
load = lambda name: json.load(open(f'docs/{name}.schema.json'))
names = ('report', 'estimate', 'explain', 'compare', 'reconcile', 'crosscheck')
resources = [referencing.Resource.from_contents(load(name)) for name in names]
registry = referencing.Registry().with_resources((own.id(), own) for own in resources)
validator = jsonschema.Draft202012Validator(load(sys.argv[1]), registry=registry)
for error in validator.iter_errors(json.load(sys.stdin)):
    print(list(error.absolute_path), error.message[:200])
";

/// The month of the examples.
const MONTH: [&str; 6] = [
    "--usage",
    "examples/month/usage.csv",
    "--connections",
    "examples/month/connections.csv",
    "--link-changes",
    "examples/month/link-changes.csv",
];

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", script]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn validator_is_there() -> bool {
    let found =
        python("import jsonschema").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let required = std::env::var("PEERBILL_TOOLS").is_ok_and(|value| value == "required");
    assert!(found || !required, "python3 with the package jsonschema is required");
    if !found {
        eprintln!("skipped: python3 with the package jsonschema is absent");
    }
    found
}

/// The published example, of a few records.
const PUBLISHED: [&str; 8] = [
    "--usage",
    "examples/published/usage.csv",
    "--connections",
    "examples/published/connections.csv",
    "--catalog",
    "china-site",
    "--month",
    "2026-10",
];

/// A plan of Terraform; on the international site only its first side is priced.
const TERRAFORM: [&str; 4] =
    ["--terraform", "examples/terraform/plan.json", "--traffic", "examples/terraform/traffic.csv"];

/// The program with this verb, to be run at the root.
fn peerbill(verb: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerbill"));
    command.arg(verb).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// What is wrong with the document that this verb makes of these arguments, after `change` was made to its text.
fn errors(verb: &str, arguments: &[&str], change: impl Fn(String) -> String) -> String {
    let run = peerbill(verb).args(["--format", "json"]).args(arguments).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    validated(verb, &change(String::from_utf8(run.stdout).unwrap()))
}

/// What is wrong with a document of this verb.
fn validated(verb: &str, document: &str) -> String {
    let mut validator =
        python(VALIDATE).arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut validator.stdin.take().unwrap(), document.as_bytes()).unwrap();
    let outcome = validator.wait_with_output().unwrap();
    // A validator that fails finds nothing wrong.
    assert!(outcome.status.success(), "a schema leads to something that is not there");
    String::from_utf8(outcome.stdout).unwrap()
}

/// The arguments of the examples' month, and more.
fn of_month<'a>(catalog: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&MONTH[..], &["--catalog", catalog, "--month", "2026-10"], more].concat()
}

#[test]
fn reports_of_every_kind_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let kinds: [&[&str]; 6] = [
        &[],
        &["--hourly"],
        &["--account", "1000000000000101"],
        &["--offset", "-05:00"],
        &["--by", "billing_account_id,link_type"],
        &["--by", "day"],
    ];
    for kind in kinds {
        assert_eq!(errors("report", &of_month("china-site", kind), |report| report), "", "{kind:?}");
    }
    for month in [&["2026-09..2026-11"][..], &["2026-Q4"], &["2026-10", "--until", "2026-10-20T00:00:00Z"]] {
        let month = [&MONTH[..], &["--catalog", "china-site", "--month"], month].concat();
        assert_eq!(errors("report", &month, |report| report), "", "{month:?}");
    }
}

#[test]
fn reports_from_exports_and_from_metered_hours_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let hours = folder.path().join("hours.csv");
    let hours = hours.to_str().unwrap();
    let (usage, month) = (&PUBLISHED[..4], &PUBLISHED[6..]);
    let metered = peerbill("meter").args([usage, month, &["--output", hours]].concat()).status().unwrap();
    assert!(metered.success());
    let totals = std::fs::read_to_string(folder.path().join("hours.totals.json")).unwrap();
    assert_eq!(validated("meter", &totals), "");
    assert_ne!(validated("meter", &totals.replacen("\"0\"", "0", 1)), "");
    let late = folder.path().join("late.csv");
    let usage_text = std::fs::read_to_string("examples/published/usage.csv").unwrap();
    std::fs::write(&late, usage_text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    let corrected = [&["--usage", late.to_str().unwrap(), "--corrects", hours][..], &PUBLISHED[2..]].concat();
    assert_eq!(errors("report", &corrected, |report| report), "");
    for (traffic, connections) in [
        (
            ["--cloudmonitor", "IntranetRX=examples/exports/IntranetRX.json"],
            "examples/exports/connections.json",
        ),
        (["--flow-logs", "examples/exports/flow-log.json"], "examples/exports/connections.json"),
        (["--metered", hours], "examples/published/connections.csv"),
    ] {
        let arguments = [&traffic[..], &["--connections", connections], &PUBLISHED[4..]].concat();
        assert_eq!(errors("report", &arguments, |report| report), "", "{traffic:?}");
    }
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    if !validator_is_there() {
        return;
    }
    let unknown = |report: String| report.replacen("\"payable\":", "\"payed\":", 1);
    assert!(errors("report", &of_month("china-site", &[]), unknown).contains("payed"));
    assert!(errors("estimate", &of_month("china-site", &[]), unknown).contains("payed"));
}

#[test]
fn estimates_of_every_kind_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let pair = ["--from", "cn-shanghai", "--to", "eu-central-1", "--gb", "1.5"];
    let quantities = |catalog, more: &[&'static str]| [&pair[..], &["--catalog", catalog], more].concat();
    let kinds = [
        quantities("china-site", &["--return-gb", "7"]),
        quantities("international-site", &["--month", "2026-10"]),
        quantities("international-site", &["--prices", "assumed-platinum"]),
        [&PUBLISHED[..], &["--hourly", "--scenario", "as-billed,well-timed"]].concat(),
        of_month("china-site", &["--platinum-when", "Mon-Fri 09:00-12:00,13:00-13:20"]),
        of_month("international-site", &["--account", "1000000000000101"]),
        ["--plan", "examples/topology/hub.toml", "--catalog", "china-site"].into(),
        [&TERRAFORM[..], &["--catalog", "china-site", "--month", "2026-10"]].concat(),
        [&TERRAFORM[..], &["--catalog", "international-site", "--scenario", "before"]].concat(),
        [&TERRAFORM[..2], &["--catalog", "china-site"]].concat(),
        [&TERRAFORM[..], &["--catalog", "international-site", "--month", "2026-10"]].concat(),
        [
            "--from",
            "Hohhot",
            "--to",
            "Tokyo",
            "--mbps",
            "9.5",
            "--hours-a-day",
            "8",
            "--catalog",
            "china-site",
        ]
        .into(),
    ];
    for kind in kinds {
        assert_eq!(errors("estimate", &kind, |estimate| estimate), "", "{kind:?}");
    }
}

#[test]
fn forecasts_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let until = ["--until", "2026-10-20T00:00:00+08:00"];
    for more in [&[][..], &["--forecast"], &["--forecast", "--hourly"], &["--forecast", "--by", "link_type"]]
    {
        let arguments = of_month("china-site", &[&until[..], more].concat());
        assert_eq!(errors("estimate", &arguments, |own| own), "", "{more:?}");
    }
    let payable = |own: String| own.replacen("\"is_estimate\": true", "\"is_estimate\": false", 1);
    let arguments = of_month("china-site", &[&until[..], &["--forecast"]].concat());
    assert!(errors("estimate", &arguments, payable).contains("forecast"));
}

#[test]
fn explanations_of_every_kind_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let contract = file(
        "contract.csv",
        "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
         1000000000000101,*,*,*,,15,2026-01-01,\n1000000000000101,cn-hangzhou,*,*,0.4,,,2026-02-01\n",
    );
    let names = file("names.csv", "account_id,name\n1000000000000101,Retail\n");
    let raised = ["--connection", "pcc-2ze7q4hm1", "--sender", "requester", "--hour", "2026-10-12T02:00:00Z"];
    let free = ["--connection", "pcc-k1a5s9e2u", "--sender", "accepter", "--hour", "2026-10-07T04:00:00Z"];
    let empty = ["--connection", "pcc-t4n0y3j6p", "--sender", "accepter", "--hour", "2026-10-07T04:00:00Z"];
    let account = ["--account", "1000000000000101", "--month", "2026-10"];
    let catalog = ["--catalog", "china-site"];
    for more in [&[][..], &["--contract", &contract], &["--accounts", &names]] {
        for asked in [&raised[..], &free, &empty, &account] {
            let arguments = [&MONTH[..], &catalog, asked, more].concat();
            assert_eq!(errors("explain", &arguments, |own| own), "", "{asked:?} {more:?}");
        }
    }
    let unpriced = [&MONTH[..], &["--catalog", "international-site"], &empty].concat();
    assert_eq!(errors("explain", &unpriced, |own| own), "");
    let broken = |own: String| own.replace("\"raised\": true", "\"raised\": 1");
    assert_ne!(errors("explain", &[&MONTH[..], &catalog, &raised].concat(), broken), "");
}

/// Checks exit 1 where sides differ.
#[test]
fn checks_of_two_exports_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let cases = ["one-side-lacks-a-record", "what-the-gap-would-cost", "an-hour-later", "directions-swapped"];
    for case in cases {
        let folder = format!("tests/cases/crosscheck/{case}");
        let [usage, counterpart, connections] =
            ["usage", "counterpart", "connections"].map(|name| format!("{folder}/{name}.csv"));
        let args = std::fs::read_to_string(format!("{folder}/args")).unwrap();
        let run = peerbill("crosscheck")
            .args(["--usage", &usage, "--counterpart-usage", &counterpart, "--connections", &connections])
            .args(args.split_whitespace())
            .args(["--format", "json"])
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
        let document = String::from_utf8(run.stdout).unwrap();
        assert_eq!(validated("crosscheck", &document), "", "{case}");
        assert_ne!(validated("crosscheck", &document.replacen("\"class\": \"", "\"class\": \"x", 1)), "");
    }
}

#[test]
fn comparisons_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let names = folder.path().join("names.csv");
    std::fs::write(&names, "account_id,name\n1000000000000101,Retail\n").unwrap();
    let names = names.to_str().unwrap();
    let written = |name: &str, more: &[&str]| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        let arguments = of_month("china-site", &[more, &["--output", &path]].concat());
        assert!(peerbill("report").args(arguments).status().unwrap().success());
        path
    };
    let (whole, named) = (written("a.json", &["--hourly"]), written("b.json", &["--accounts", names]));
    for arguments in [vec![&*whole, &*whole], vec![&whole, &named], vec![&whole, &whole, "--accounts", names]]
    {
        assert_eq!(errors("compare", &arguments, |own| own), "", "{arguments:?}");
    }
    assert_ne!(errors("compare", &[&whole, &named], |own| own.replacen("\"0.00\"", "0.00", 1)), "");
}

#[test]
fn comparisons_with_a_bill_hold_to_the_schema() {
    if !validator_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(&path, text).unwrap();
        path
    };
    let names = file("names.csv", "account_id,name\n1000000000000001,Retail\n");
    let header = "BillingCycle,OwnerID,ProductCode,BillingDate,Item,InstanceID,Usage,UsageUnit,PretaxGrossAmount,Currency";
    let bill = file(
        "bill.csv",
        &format!(
            "{header}\n2026-10,1000000000000001,cdt,2026-10-05,PayAsYouGoBill,pcc-published,200,GB,96.00,CNY\n\
             2026-10,1000000000000001,cdt,2026-10-05,Refund,,,,-1.00,CNY\n"
        ),
    );
    let by_month = file(
        "by-month.csv",
        "BillingCycle,OwnerID,ProductCode,PretaxAmount\n2026-10,1000000000000001,cdt,96.00\n",
    );
    let given = |more: &[&str]| {
        // Differences are what is compared for: of the exit code nothing is asked here.
        let run =
            peerbill("reconcile").args(["--format", "json"]).args(PUBLISHED).args(more).output().unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    for more in [
        &["--bill", &*bill][..],
        &["--bill", &*bill, "--accounts", &*names],
        &["--bill", &*by_month],
        &["--bill-total", "1000000000000001=96.00"],
    ] {
        assert_eq!(validated("reconcile", &given(more)), "", "{more:?}");
    }
    let months = PUBLISHED.map(|own| if own == "2026-10" { "2026-09..2026-10" } else { own });
    let run = peerbill("reconcile").args(["--format", "json"]).args(months).args(["--bill", &*bill]).output();
    let of_months = String::from_utf8(run.unwrap().stdout).unwrap();
    assert_eq!(validated("reconcile", &of_months), "");
    assert!(of_months.contains("\"billing_month\": \"2026-09..2026-10\""), "{of_months}");
    assert_ne!(
        validated("reconcile", &given(&["--bill", &*bill]).replacen("\"missing_in_bill\"", "\"lost\"", 1)),
        ""
    );
}
