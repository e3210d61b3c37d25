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
    folder.refused(2, &PAIR[..7], &["--gb or --mbps is needed"]);
}

#[test]
fn quantities_are_read_as_people_write_them_and_never_guessed() {
    let folder = Folder::new();
    let csv = |gb: &str| folder.run(&[&PAIR[..8], &[gb, "--format", "csv"]].concat());
    for (written, plain) in [
        ("2TB", "2048"),
        ("2 TiB", "2048"),
        ("500 GB", "500"),
        ("1,000", "1000"),
        ("512MB", "0.5"),
        ("1,024.0GiB", "1024"),
    ] {
        let read = csv(written);
        assert_eq!((read.code, &read.stdout), (0, &csv(plain).stdout), "{written}: {}", read.stderr);
    }
    for (written, words) in [
        ("1,5", &["--gb: ", "not clear", "write 1.5"][..]),
        ("2Tb", &["--gb: ", "did you mean \"TB\"?"]),
        ("1 000", &["--gb: ", "has a blank"]),
        ("two", &["--gb: ", "plain decimal"]),
    ] {
        folder.refused(2, &[&PAIR[..8], &[written]].concat(), words);
    }
    folder.write("own/catalog.toml", DECIMAL);
    folder.write(
        "own/prices.csv",
        "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
        Chinese mainland,Chinese mainland,Gold,1,,published,u,d\n",
    );
    let own =
        ["estimate", "--catalog", "own", "--from", "Hohhot", "--to", "Guangzhou", "--format", "csv", "--gb"];
    let decimal = folder.run(&[&own[..], &["2TB"]].concat());
    assert!(
        decimal.stdout.contains(",2000000000000,2000,1,1,2000.00,CNY,"),
        "{}{}",
        decimal.stdout,
        decimal.stderr
    );
    folder.refused(2, &[&own[..], &["2TiB"]].concat(), &["--gb: ", "10^9 bytes", "MB, GB, TB or PB"]);
}

const DECIMAL: &str = "name = \"own\"\nversion = \"1\"\nsite = \"none\"\ncurrency = \"CNY\"\ngb = \"decimal\"\n\
                       symmetric = true\n[rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n";

#[test]
fn a_bandwidth_for_some_hours_of_every_day_becomes_exact_bytes() {
    let folder = Folder::new();
    let rate = [&PAIR[..7], &["--mbps", "100", "--hours-a-day", "8", "--format", "csv"]].concat();
    let newest = folder.run(&rate);
    // 100 x 450,000,000 x 8 x 30.
    assert!(newest.stdout.contains(",10800000000000,"), "{}{}", newest.stdout, newest.stderr);
    assert!(
        newest.stderr.contains(
            "[volume_from_bandwidth] what the requester sends a month: 100 Mbit/s x 450000000 bytes an hour of each x 8 \
             hours a day x 30 days = 10800000000000 bytes, 10058.2838058472 GB"
        ),
        "{}",
        newest.stderr
    );
    let february = folder.run(&[&rate[..], &["--month", "2026-02", "--return-mbps", "0.5"]].concat());
    for bytes in [100 * 450_000_000_u64 * 8 * 28, 225_000_000 * 8 * 28] {
        assert!(february.stdout.contains(&format!(",{bytes},")), "{bytes}: {}", february.stdout);
    }
    for (args, words) in [
        (&["--mbps", "100"][..], &["--hours-a-day is needed with --mbps"][..]),
        (&["--mbps", "100", "--hours-a-day", "25"], &["--mbps", "at most 24"]),
        (&["--mbps", "1,5", "--hours-a-day", "2"], &["--mbps", "not clear"]),
        (&["--mbps", "100", "--hours-a-day", "2", "--gb", "5"], &["--gb and --mbps", "choose one"]),
        (&["--gb", "100", "--hours-a-day", "2"], &["--hours-a-day belongs to"]),
        (
            &["--gb", "1", "--return-mbps", "1", "--hours-a-day", "2", "--return-gb", "1"],
            &["--return-gb and --return-mbps"],
        ),
    ] {
        folder.refused(2, &[&PAIR[..7], args].concat(), words);
    }
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
