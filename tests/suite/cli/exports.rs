//! Exports of the provider.

use super::*;

/// An answer of CloudMonitor with one datapoint, 2026-10-05T03:00:00Z.
fn answer(connection: &str, statistic: &str, value: &str) -> String {
    let at = 1_791_169_200_000_i64;
    format!(
        r#"{{"Code":"200","Period":"60","Datapoints":"[{{\"timestamp\":{at},\"instanceId\":\"{connection}\",\"{statistic}\":{value}}}]"}}"#
    )
}

/// `report` as CSV on `traffic`.
fn report_of<'a>(traffic: &[&'a str], args: &[&'a str]) -> Vec<&'a str> {
    let inputs = [&["report", "--format", "csv", "--connections", "connections.csv"][..], &MONTH];
    [&inputs.concat()[..], traffic, args].concat()
}

#[test]
fn datapoints_are_read_from_files_folders_globs_and_standard_input_and_stay_exact() {
    let folder = Folder::new();
    let text = answer("pcc-1", "Sum", "9007199254740993.0");
    folder.write("rx.json", &text);
    folder.write("pages/rx.json.gz", gzip(&text));
    for path in ["rx.json", "pages", "rx*.json", "pages/*.gz"] {
        let metric = format!("IntranetRX={path}");
        let outcome = folder.run(&report_of(&["--cloudmonitor", &metric], &[]));
        assert!(lines_of(&outcome).contains(",requester,cn-huhehaote,"), "{path}");
        assert!(lines_of(&outcome).contains(",9007199254740993,"), "{path}: {}", outcome.stdout);
    }
    let args = report_of(&["--cloudmonitor", "outbound=-"], &[]);
    let outcome = finish(peerbill(folder.path()).args(args), text.as_bytes());
    assert!(lines_of(&outcome).contains(",accepter,cn-guangzhou,"), "{}", outcome.stdout);
}

#[test]
fn wrong_use_of_exports_exits_2() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Sum", "1"));
    let rx = "--cloudmonitor=inbound=rx.json";
    for (traffic, words) in [
        (&["--cloudmonitor", "rx.json"][..], &["METRIC=PATH", "IntranetRX=rx.json"][..]),
        (&["--cloudmonitor", "IntranetRx=rx.json"], &["did you mean \"IntranetRX\"?", "inbound="]),
        (
            &["--cloudmonitor", "inbound=rx.json", "outbound=rx.json"],
            &["rx.json", "as inbound and as outbound"],
        ),
        (&["--cloudmonitor", "inbound=-", "outbound=-"], &["standard input", "only once"]),
        (&[rx, "--metric-statistic", "sum"], &["--metric-statistic", "did you mean \"Sum\"?"]),
        (&[rx, "--metric-unit", "bits"], &["bit/s"]),
        (&[rx, "--metric-timestamp", "middle"], &["start, end"]),
        (&[rx, "--metric-period", "0"], &["--metric-period"]),
        (&[rx, "--metric-period", "86400"], &["--metric-period", "3600"]),
        (&[rx, "--flow-logs", "rx.json"], &["--flow-logs", "cannot be used with"]),
        (&["--usage", "usage.csv", "--flow-logs", "rx.json"], &["--flow-logs", "cannot be used with"]),
    ] {
        folder.refused(2, &report_of(traffic, &[]), words);
    }
}

#[test]
fn r15_the_same_record_in_two_sources_is_there_twice() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Sum", "214748364800"));
    let both = ["--usage", "usage.csv", "--cloudmonitor", "inbound=rx.json"];
    let words = [
        "usage.csv:2: this record stands 2 times with equal bytes, also at rx.json:1: response 1: Datapoints[0]",
    ];
    folder.refused(3, &report_of(&both, &[]), &words);
    assert_eq!(lines_of(&folder.run(&report_of(&both, &["--duplicates", "first"]))), LINES);
}

#[test]
fn peerbill_toml_says_how_datapoints_are_read_and_arguments_win() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-1", "Average", "143165577"));
    folder.write("peerbill.toml", "[cloudmonitor]\nstatistic = \"Average\"\nunit = \"bit/s\"\n");
    let traffic = ["--cloudmonitor", "inbound=rx.json"];
    let outcome = folder.run(&report_of(&traffic, &["--verbose"]));
    assert!(lines_of(&outcome).contains(",1073741828,"), "{}", outcome.stdout);
    for told in ["setting cloudmonitor.statistic: Average", "setting cloudmonitor.unit: bit/s"] {
        assert!(outcome.stderr.contains(told), "no {told:?} in {}", outcome.stderr);
    }
    let outcome = folder.run(&report_of(&traffic, &["--metric-unit", "bytes"]));
    assert!(lines_of(&outcome).contains(",143165577,"), "{}", outcome.stdout);
    folder.write("peerbill.toml", "[cloudmonitor]\nperiod = 0\n");
    folder.refused(3, &report_of(&traffic, &[]), &["peerbill.toml:2:"]);
}

#[test]
fn a_quarantined_datapoint_can_be_mended_and_read_as_traffic() {
    let folder = Folder::new();
    folder.write("rx.json", answer("pcc-2", "Sum", "1073741824.0"));
    let traffic = ["--cloudmonitor", "inbound=rx.json"];
    let outcome = folder.run(&report_of(&traffic, &["--quarantine", "quarantine.csv"]));
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    folder.write("quarantine.csv", folder.read("quarantine.csv").replace("pcc-2", "pcc-1"));
    let again = folder.report_on(&["quarantine.csv"], &[]);
    assert!(
        lines_of(&again).contains("pcc-1,requester") && again.stdout.contains(",1073741824,1,"),
        "{}",
        again.stdout
    );
}
