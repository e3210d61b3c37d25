//! What people really give: exports that were seen outside, each with what is right for it (`tests/cases/field`,
//! `tests/cases/mistakes`).

use super::*;
use std::path::PathBuf;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

/// `report` of October 2026 on the inputs of a case, as CSV, whose exit code and words on standard error are these.
fn report_on_case(name: &str, args: &str, code: i32, words: &[&str]) -> String {
    let all: Vec<&str> =
        ["report", "--format", "csv"].into_iter().chain(MONTH).chain(args.split(' ')).collect();
    let outcome = run(&case(name), &all);
    assert_eq!(outcome.code, code, "{name} {args}: {}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{name} {args}: no {word:?} in {}", outcome.stderr);
    }
    outcome.stdout
}

/// The amounts of its lines, in their order.
fn costs(name: &str, args: &str, words: &[&str]) -> Vec<String> {
    let lines = report_on_case(name, args, 0, words);
    lines.lines().skip(1).map(|line| line.split(',').nth(13).expect("a cost").to_owned()).collect()
}

#[test]
fn account_ids_that_a_spreadsheet_has_shortened_are_refused() {
    const SHORTENED: &str = "\"1.00E+15\" is no account id: a spreadsheet has shortened it; format the column as text and export again";
    let told = ["connections.csv:2: requester_account_id", SHORTENED];
    let printed = report_on_case(
        "field/01-excel-account-ids",
        "--usage usage.csv --connections connections.csv",
        3,
        &told,
    );
    assert_eq!(printed, "");
    let told =
        ["acct_sci.csv:2: requester_account_id \"1E+15\" is no account id: a spreadsheet has shortened it"];
    report_on_case(
        "mistakes",
        "--usage ../field/02-link-type-not-told/usage.csv --connections acct_sci.csv",
        3,
        &told,
    );
}

#[test]
fn account_ids_of_arguments_and_contracts_have_the_same_form() {
    let folder = Folder::new();
    let rows = "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
                1.00E+15,*,*,*,0.1,,,\n0,*,*,*,0.1,,,\n";
    folder.write("contract.csv", rows);
    folder.refused(
        3,
        &report_args(&["usage.csv"], &["--contract", "contract.csv"]),
        &[
            "contract.csv:2: account_id \"1.00E+15\" is no account id: a spreadsheet",
            "contract.csv:3: account_id \"0\"",
        ],
    );
    folder.write(
        "contract.csv",
        rows.replace("1.00E+15", "'1000000000000001").replace("\n0,", "\n=\"1000000000000002\","),
    );
    let outcome = folder.report(&["--contract", "contract.csv", "--account", "'1000000000000001"]);
    assert!(lines_of(&outcome).contains(",0.1,20.00,"), "{}", outcome.stdout);
    for args in [
        ["--account", "1.00E+15"],
        ["--requester-account", "1.00E+15"],
        ["--requester-account", "alicloud=-1"],
    ] {
        folder.refused(2, &report_args(&["usage.csv"], &args), &[args[0], "is no account id"]);
    }
    let state = fs::read_to_string(case("field/02-link-type-not-told/state.json")).expect("a case");
    folder.write("state.json", state.replace("1000000000000002", "0"));
    let connections = ["--connections", "state.json", "--requester-account", "1"];
    let args = [&["report", "--usage", "usage.csv"][..], &connections, &MONTH].concat();
    folder.refused(
        3,
        &args,
        &["state.json:1: ", "accepting_ali_uid is empty, or 0: the account is not told"],
    );
}

#[test]
fn a_link_type_that_is_not_told_is_found_and_a_trail_tells_it() {
    const CASE: &str = "field/02-link-type-not-told";
    let found = ["[link_type_not_told] the link type of pcc-aaa is not told", "Gold is taken"];
    let told = ["[link_type_not_told] the link type of pcc-aaa is not told", "Platinum is taken"];
    for connections in ["state.json --requester-account 1000000000000001", "list.json"] {
        let args = format!("--usage usage.csv --connections {connections}");
        assert_eq!(costs(CASE, &args, &found), ["48.00", "24.00"]);
        let args = format!("{args} --link-changes trail.json --link-type-before Gold");
        assert_eq!(costs(CASE, &args, &told), ["72.00", "36.00"]);
    }
}

#[test]
fn answers_and_tables_of_log_service_are_read() {
    const CASE: &str = "field/09-log-service-forms";
    for flow_logs in ["getlogs.json", "getlogsv2.json", "console.csv"] {
        let args = format!("--flow-logs {flow_logs} --connections connections.csv");
        assert_eq!(costs(CASE, &args, &[]), ["48.00"], "{flow_logs}");
    }
    let args = "--usage usage.csv --connections connections.csv --link-changes trail-getlogsv2.json \
                --link-type-before Platinum";
    assert_eq!(
        costs(CASE, args, &["[trail_read] events of the trail: 1 that name a link type"]),
        ["48.00", "24.00"]
    );
    let folder = Folder::new();
    let answer = fs::read_to_string(case(CASE).join("getlogsv2.json")).expect("a case");
    folder.write("flow.json", answer.replace("Complete", "Incomplete"));
    folder.refused(
        3,
        &report_of_folder(&["--flow-logs", "flow.json"]),
        &["flow.json:1: meta.progress is \"Incomplete\""],
    );
}

fn report_of_folder<'a>(traffic: &[&'a str]) -> Vec<&'a str> {
    [&["report", "--connections", "connections.csv"][..], traffic, &MONTH].concat()
}

#[test]
fn responses_of_sdks_are_read() {
    const CASE: &str = "field/10-sdk-shapes";
    for answer in ["rx-sdk-envelope.json", "rx-java-gson.json", "rx-datapoints-alone.json"] {
        let args = format!("--cloudmonitor IntranetRX={answer} --connections connections.csv");
        assert_eq!(costs(CASE, &args, &[]), ["48.00"], "{answer}");
    }
    for list in ["list-sdk-envelope.json", "list-java-gson.json"] {
        let args = format!("--usage usage.csv --connections {list}");
        assert_eq!(costs(CASE, &args, &[]), ["48.00", "24.00"], "{list}");
    }
    for list in ["total-as-text.json", "list-in-object.json", "cidrs-in-object.json"] {
        let args = format!("--usage usage.csv --connections {list}");
        assert_eq!(costs("field/13-list-member-types", &args, &[]), ["48.00", "24.00"], "{list}");
    }
}

#[test]
fn a_state_without_connections_is_told_and_the_doctor_counts_none() {
    const CASE: &str = "field/12-state-without-connections";
    let args = |state: &str| format!("--usage usage.csv --connections {state} --requester-account 1");
    let told = [
        "state.json: it has no alicloud_vpc_peer_connection; its alicloud_vpc_peer_connection_accepter.y of \"pcc-aaa\"",
        "does not tell the requester's account and region: give the requester's state",
    ];
    report_on_case(CASE, &args("state.json"), 3, &told);
    report_on_case(CASE, &args("empty.json"), 3, &["empty.json: it holds no connection"]);
    let doctor = ["doctor", "--usage", "usage.csv", "--connections", "state.json", "--month", "2026-10"];
    let outcome = run(&case(CASE), &doctor);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("Terraform        0"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("does not tell the requester's account"), "{}", outcome.stdout);
}

#[test]
fn an_input_of_nothing_is_told_by_every_reader() {
    let folder = Folder::new();
    for nothing in ["", " \n\t\r\n", "\u{feff}", "[]", "[ ]\n", "{}"] {
        folder.write("nothing", nothing);
        for args in [
            &["--flow-logs", "nothing"][..],
            &["--cloudmonitor", "inbound=nothing"],
            &["--usage", "nothing"],
            &["--metered", "nothing"],
        ] {
            folder.refused(3, &report_of_folder(args), &["nothing"]);
        }
        let args = [&["report", "--usage", "usage.csv", "--connections", "nothing"][..], &MONTH].concat();
        folder.refused(3, &args, &["nothing"]);
        let args = [&args[..], &["--connections", "connections.csv"]].concat();
        folder.refused(3, &args, &["nothing"]);
        if !matches!(nothing, "[]" | "[ ]\n") {
            folder.refused(3, &report_args(&["usage.csv"], &["--link-changes", "nothing"]), &["nothing"]);
        }
    }
    folder.write("nothing", CONNECTIONS.lines().next().expect("a header"));
    let args = [&["report", "--usage", "usage.csv", "--connections", "nothing"][..], &MONTH].concat();
    folder.refused(3, &args, &["nothing: it holds no connection"]);
    // A trail of no events is one, and is told.
    folder.write("trail.json", "[]");
    let outcome = folder.report(&["--link-changes", "trail.json"]);
    assert!(
        outcome.code == 0 && outcome.stderr.contains("[trail_read] the trail holds no event"),
        "{}",
        outcome.stderr
    );
    let told = report_on_case(
        "field/14-empty-flow-log",
        "--flow-logs flow.json --connections connections.csv",
        3,
        &["flow.json: the input is empty"],
    );
    assert_eq!(told, "");
}

#[test]
fn an_error_in_place_of_an_answer_is_told_by_every_reader() {
    const CASE: &str = "field/15-cli-text";
    const WHY: &str = "rx.json: the provider's command line answered with an error: Throttling.User: Request was \
                       denied due to user flow control.; ask again";
    for args in [
        "--cloudmonitor IntranetRX=rx.json --connections connections.csv",
        "--flow-logs rx.json --connections connections.csv",
        "--usage rx.json --connections connections.csv",
        "--usage usage.csv --connections rx.json",
        "--usage usage.csv --connections connections.csv --link-changes rx.json",
    ] {
        report_on_case(CASE, args, 3, &[WHY]);
    }
    let folder = Folder::new();
    folder.write(
        "rx.json",
        r#"{"RequestId":"R","HostId":"vpcpeer","Code":"Throttling.User","Message":"denied"}"#,
    );
    for traffic in [["--flow-logs", "rx.json"], ["--cloudmonitor", "inbound=rx.json"]] {
        folder.refused(3, &report_of_folder(&traffic), &["rx.json:1:", "Throttling.User", "denied"]);
    }
    folder.refused(
        3,
        &report_args(&["usage.csv"], &["--link-changes", "rx.json"]),
        &["Throttling.User: denied"],
    );
}

#[test]
fn traffic_is_grouped_by_tags_of_connections() {
    let usage = "--usage ../../../examples/published/usage.csv --connections tags.json";
    let lines = report_on_case("mistakes", &format!("{usage} --by tag:cost_centre"), 0, &[]);
    assert!(
        lines.starts_with("billing_month,billing_account_id,tag:cost_centre,connection_id,sender,"),
        "{lines}"
    );
    assert!(
        lines.contains("\n2026-10,,CC-1,pcc-published,,,,,Gold,usage,322122547200,300,0.48,0.48,144.00,CNY,"),
        "{lines}"
    );
    let told = [
        "--by tag:KEY: no connection has the tag \"cost_center\"; there are cost_centre; did you mean \"cost_centre\"?",
    ];
    report_on_case("mistakes", &format!("{usage} --by tag:cost_center"), 2, &told);

    let folder = Folder::new();
    let row = |id: &str, tags: &str| {
        format!("{id},1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,{tags}\n")
    };
    let header = CONNECTIONS.lines().next().expect("a header").to_owned() + ",tag:team,tag:env\n";
    folder.write("connections.csv", header.clone() + &row("pcc-1", "net,prod") + &row("pcc-2", ",prod"));
    folder.write("usage.csv", USAGE.to_owned() + "2026-10-05T03:00:00Z,pcc-2,requester,1\n");
    let args = ["--by", "tag:team,billing_account_id,tag:env"];
    let printed = folder.report(&args).stdout;
    let expected: [&str; 4] = [
        "billing_month,billing_account_id,tag:team,tag:env,connection_id,",
        "2026-10,1000000000000001,,prod,pcc-2,requester,cn-huhehaote,cn-guangzhou,1000000000000002,Gold,usage,1,",
        "2026-10,1000000000000001,net,prod,pcc-1,requester,cn-huhehaote,cn-guangzhou,1000000000000002,Gold,usage,2147",
        "2026-10,1000000000000002,net,prod,pcc-1,accepter,cn-guangzhou,cn-huhehaote,1000000000000001,Gold,usage,10737",
    ];
    for line in expected {
        assert!(printed.contains(line), "no {line} in {printed}");
    }
    let table = folder.report(&[&args[..], &["--format", "table"]].concat()).stdout;
    assert!(table.contains("tag:team") && table.contains("(no team)"), "{table}");
    let json = json_of(&folder.report(&["--by", "tag:team", "--format", "json"]));
    assert_eq!(json["grouped_lines"][0]["tag:team"], serde_json::Value::Null);
    assert_eq!(json["grouped_lines"][1]["tag:team"], "net");
    folder.write("connections.csv", header.replace("tag:env", "tag:=1+1") + &row("pcc-1", "net,prod"));
    folder.refused(
        3,
        &report_args(&["usage.csv"], &args),
        &["connections.csv:2: tag \"=1+1\" begins as a formula does"],
    );

    let state = fs::read_to_string(case("field/02-link-type-not-told/state.json")).expect("a case");
    folder.write(
        "state.json",
        state.replace("\"tags\": null", "\"tags\": {\"team\": \"net\"}").replace("pcc-aaa", "pcc-1"),
    );
    folder.write("usage.csv", USAGE);
    let connections = ["--connections", "state.json", "--requester-account", "1", "--by", "tag:team"];
    let args = [&["report", "--usage", "usage.csv", "--format", "csv"][..], &connections, &MONTH].concat();
    assert!(
        folder.run(&args).stdout.contains("2026-10,,net,pcc-1,,,,,Gold,usage,322122547200,"),
        "{:?}",
        folder.run(&args)
    );
}
