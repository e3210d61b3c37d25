//! Estimates.

use super::*;

const PAIR: [&str; 9] =
    ["estimate", "--catalog", "china-site", "--from", "cn-huhehaote", "--to", "cn-guangzhou", "--gb", "200"];

/// An estimate from the traffic of the folder.
const FROM_TRAFFIC: [&str; 5] = ["estimate", "--usage", "usage.csv", "--connections", "connections.csv"];

#[test]
fn an_estimate_is_either_from_quantities_or_from_traffic() {
    let folder = Folder::new();
    folder.refused(2, &["estimate", "--catalog", "china-site"], &["--from REGION", "--usage"]);
    folder.refused(2, &[&PAIR[..], &["--usage", "usage.csv"]].concat(), &["choose one"]);
    folder.refused(2, &[&FROM_TRAFFIC[..], &["--catalog", "china-site"]].concat(), &["--month is needed"]);
    let both = ["--platinum-when", "09:00-10:00", "--schedule", "schedule.csv"];
    folder.refused(2, &[&FROM_TRAFFIC[..], &MONTH, &both].concat(), &["choose one"]);
}

#[test]
fn quantities_that_cannot_be_read_say_why() {
    let folder = Folder::new();
    for (change, words) in [
        (&["--gb", "1e3"][..], &["--gb", "plain decimal"][..]),
        (&["--gb", "-1"], &["--gb"]),
        (&["--return-gb", "17179869185"], &["--return-gb", "exceed 2^64-1"]),
        (&["--from", "Hohot"], &["--from", "did you mean \"Hohhot\""]),
        (&["--to", "cn-guangzou"], &["--to", "did you mean \"cn-guangzhou\""]),
        (&["--scenario", "all-god"], &["all-gold, all-platinum", "did you mean \"all-gold\""]),
        (&["--scenario", "as-billed"], &["all-gold, all-platinum"]),
        (&["--platinum-when", "Mon-Fri 09:00-18:00"], &["--platinum-when", "--usage"]),
        (&["--hourly"], &["--hourly", "--usage"]),
        (&["--account", "requestr"], &["did you mean \"requester\""]),
    ] {
        let mut args: Vec<&str> = PAIR.to_vec();
        match args.iter().position(|own| *own == change[0]) {
            Some(place) => args[place + 1] = change[1],
            None => args.extend(change),
        }
        folder.refused(2, &args, words);
    }
    folder.refused(2, &PAIR[..7], &["--gb is needed"]);
}

#[test]
fn an_estimate_takes_settings_writes_whole_files_and_says_what_it_used() {
    let folder = Folder::new();
    folder.write(
        "peerbill.toml",
        "catalog = \"china-site\"\nconnections = [\"connections.csv\"]\noffset = \"Z\"\n",
    );
    let pair = [&["estimate"], &PAIR[3..], &["--format", "csv", "--verbose"]].concat();
    let quantities = folder.run(&pair);
    assert!(lines_of(&quantities).contains(",96.00,CNY,"), "{}", quantities.stdout);
    assert!(quantities.stderr.contains("setting catalog: china-site"), "{}", quantities.stderr);
    assert!(!quantities.stderr.contains("offset"), "{}", quantities.stderr);

    let traffic = ["estimate", "--usage", "usage.csv", "--month", "2026-10", "--format", "csv", "--verbose"];
    let history = folder.run(&traffic);
    let as_billed: String = LINES.lines().map(|line| format!("as-billed,{line}\n")).collect();
    assert!(lines_of(&history).starts_with(&as_billed), "{}", history.stdout);
    assert!(history.stderr.contains("offset: +00:00") && history.stderr.contains("read: 2 records"));

    let written = folder.run(&[&traffic[..], &["--output", "estimate.csv"]].concat());
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    assert_eq!(folder.read("estimate.csv"), history.stdout);
    folder.refused(2, &[&traffic[..], &["--output", "usage.csv"]].concat(), &["one of the inputs"]);
}

#[test]
fn a_schedule_that_cannot_be_read_names_file_and_line() {
    let folder = Folder::new();
    folder.write("schedule.csv", "days,from,until\nMon-Fri,09:00,18:00\nMno,09:00,10:00\nTue,9:00,10:00\n");
    let args = [&FROM_TRAFFIC[..], &MONTH, &["--schedule", "schedule.csv"]].concat();
    folder.refused(
        3,
        &args,
        &["schedule.csv:3: \"Mno\"", "did you mean \"Mon\"", "schedule.csv:4: \"9:00-10:00\""],
    );
    folder.write("schedule.csv", "days,from,until\n");
    folder.refused(3, &args, &["schedule.csv: the schedule has no window"]);
}
