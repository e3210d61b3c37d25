//! Nothing of an input gets at a terminal, a spreadsheet or a page: every text of every input is replaced by one that
//! tries, and every verb and format is run on it. It is refused, or it comes out where it can do nothing.

use super::*;
use std::collections::BTreeSet;

/// Moves cursors, forges lines, hides, reverses, marks up and mentions.
const ACTS: &str = "\u{1b}[2J\u{7}\u{0}\u{7f}\u{85}\u{9b}1m\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{200b}\u{feff}\u{e0041}\r\n\
                    FORGED 0.00\n| FORGED | 0.00 |\n<img src=x>`x`[l](javascript:1) @all\t";

/// What stands for a text of an input.
fn hostile(text: &str) -> Vec<String> {
    let formulas = ["=", "+", "-", "@", "\t=", "\r="].map(|sign| format!("{sign}{text}"));
    [format!("{text}{ACTS}")].into_iter().chain(formulas).collect()
}

/// Files by name, and the formats in which a verb reads them.
struct Trial {
    files: Vec<(&'static str, String)>,
    args: &'static str,
    formats: &'static [&'static str],
}

/// CSV with every cell in quotes, so that any text may stand in its place.
fn quoted(rows: &str) -> String {
    let line = |row: &str| row.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
    rows.lines().map(|row| line(row) + "\n").collect()
}

/// The texts between quotes, each once.
fn texts(content: &str) -> BTreeSet<String> {
    let inside = content.split('"').skip(1).step_by(2);
    inside.filter(|text| !text.is_empty() && !text.contains('\n')).map(str::to_owned).collect()
}

/// How a text stands between the quotes of a file.
fn spelled(file: &str, text: &str) -> String {
    if file.ends_with(".csv") {
        return text.replace('"', "\"\"");
    }
    let escaped = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        _ if character.is_control() => format!("\\u{:04x}", character as u32),
        _ => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

impl Trial {
    fn run(&self) {
        let folder = Folder::new();
        let texts: BTreeSet<String> = self.files.iter().flat_map(|(_, content)| texts(content)).collect();
        assert!(texts.len() > 5, "{}", self.args);
        let mut came_through = 0;
        for (number, text) in texts.into_iter().enumerate() {
            let all = hostile(&text);
            // All kinds of formulas are one to the program: each text takes its turn.
            let formula = &all[1 + number % (all.len() - 1)];
            for (replaced, formats) in [(&all[0], self.formats), (formula, &["csv"])] {
                for (name, content) in &self.files {
                    let by = format!("\"{}\"", spelled(name, replaced));
                    folder.write(name, content.replace(&format!("\"{text}\""), &by));
                }
                let formats = formats.iter().filter(|format| self.formats.contains(format));
                came_through += formats.take_while(|format| self.is_read(&folder, format)).count();
            }
        }
        assert!(came_through > 0, "nothing was read: {}", self.args);
    }

    /// Whether it was read, in this format; what is refused is refused in all of them.
    fn is_read(&self, folder: &Folder, format: &str) -> bool {
        let args = self.args.split(' ').chain(["--format", format]);
        let outcome = folder.run(&args.collect::<Vec<_>>());
        check(format, &outcome);
        if outcome.code == 1 {
            check_cells(&folder.read("q.csv"));
        }
        outcome.code <= 1
    }
}

fn check(format: &str, outcome: &Outcome) {
    assert!((0..=4).contains(&outcome.code), "{outcome:?}");
    check_text(&outcome.stderr);
    check_text(&outcome.stdout);
    match format {
        _ if outcome.stdout.is_empty() => {}
        "csv" => check_cells(&outcome.stdout),
        "json" => drop(json_of(outcome)),
        "markdown" => {
            let free = ["<img", "@all", "]("].iter().find(|markup| outcome.stdout.contains(**markup));
            // A bracket that is escaped begins no link.
            assert!(free.is_none_or(|markup| *markup == "](" && !unescaped(&outcome.stdout)), "{outcome:?}");
        }
        _ => {}
    }
}

fn unescaped(text: &str) -> bool {
    text.match_indices("](").any(|(at, _)| !text[..at].ends_with('\\'))
}

/// Nothing in it acts, and no line of it is one that an input would have.
fn check_text(text: &str) {
    for (number, line) in text.lines().enumerate() {
        let acts = line.chars().find(|own| own.is_control() || ACTS.contains(*own) && !own.is_ascii());
        assert!(acts.is_none(), "{acts:?} in line {} of {text}", number + 1);
        assert!(
            !line.trim_start_matches([' ', '|', '-']).starts_with("FORGED"),
            "line {} of {text}",
            number + 1
        );
    }
}

/// No cell is a formula; a number with a sign is none.
fn check_cells(text: &str) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for row in reader.records() {
        for cell in &row.expect("a row") {
            let is_number =
                cell.trim_start_matches('-').bytes().all(|own| own.is_ascii_digit() || own == b'.');
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} in {text}");
        }
    }
}

const SCREENS: &[&str] = &["table", "csv", "json", "markdown"];

fn traffic_and_terms() -> Vec<(&'static str, String)> {
    vec![
        ("usage.csv", quoted("timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,21474836\n2026-10-05T04:00:00Z,pcc-1,accepter,17")),
        ("connections.csv", quoted("connection_id,requester_account_id,requester_region,requester_vpc_id,accepter_account_id,accepter_region,accepter_vpc_id,link_type,name,created_at\npcc-1,1000000000000001,cn-here,vpc-1,1000000000000002,cn-there,vpc-2,Gold,north,2026-09-01T00:00:00Z")),
        ("changes.csv", quoted("connection_id,changed_at,from_link_type,to_link_type\npcc-1,2026-10-05T03:30:00Z,Platinum,Gold")),
        ("mine/catalog.toml", "name = \"mine\"\nversion = \"v1\"\nsite = \"my site\"\ncurrency = \"CNY\"\ngb = \"binary\"\nsymmetric = true\nnotes = [\"a note\"]\n\n[rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\nsource_url = \"my page\"\nsource_date = \"today\"\n".into()),
        ("mine/prices.csv", quoted("source,destination,link_type,unit_price,effective_from,status,source_url,source_date\ncn-here,cn-there,Gold,0.48,,published,page 1,day 1\ncn-here,cn-there,Platinum,0.72,,assumed,page 2,day 2")),
        ("mine/regions.csv", quoted("region_id,name_en,name_zh,area,area_status,mainland,peering,source_url,source_date\ncn-here,Here,这里,Area 1,ours,yes,listed,page 3,day 3\ncn-there,There,那里,Area 2,ours,yes,listed,page 4,day 4")),
        ("contract.csv", quoted("account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n1000000000000001,cn-here,cn-there,*,0.4,,,")),
    ]
}

const BILL: &str = "--usage usage.csv --connections connections.csv --link-changes changes.csv --catalog mine \
                    --contract contract.csv --month 2026-10";

#[test]
fn no_text_of_traffic_connections_prices_or_contracts_acts_in_a_report() {
    let args = format!("report {BILL}").leak();
    Trial { files: traffic_and_terms(), args, formats: SCREENS }.run();
}

#[test]
fn nor_in_an_estimate_of_the_same() {
    let args = format!("estimate {BILL}").leak();
    Trial { files: traffic_and_terms(), args, formats: &["table", "csv", "json"] }.run();
}

#[test]
fn nor_in_metered_hours_or_a_diagnosis() {
    let files = || traffic_and_terms().into_iter().take(3).collect();
    let inputs = "--usage usage.csv --connections connections.csv --link-changes changes.csv --month 2026-10";
    let args = format!("meter {inputs} --quarantine q.csv").leak();
    Trial { files: files(), args, formats: &["csv"] }.run();
    let args = format!("doctor {inputs}").leak();
    Trial { files: files(), args, formats: &["table", "json"] }.run();
}

#[test]
fn nor_where_a_catalog_is_shown_checked_asked_or_compared() {
    let files = || traffic_and_terms().into_iter().filter(|(name, _)| name.starts_with("mine")).collect();
    for args in [
        "catalog show mine",
        "catalog check mine",
        "catalog price --catalog mine --from cn-here --to cn-there",
        "catalog diff china-site mine",
    ] {
        Trial { files: files(), args, formats: &["table", "csv"] }.run();
    }
}

#[test]
fn nor_in_what_is_made_of_exports_of_the_provider() {
    let files = vec![
        ("list.json", include_str!("../../../examples/exports/connections.json").to_owned()),
        ("rx.json", include_str!("../../../examples/exports/IntranetRX.json").to_owned()),
    ];
    let args = "report --cloudmonitor IntranetRX=rx.json --connections list.json --catalog china-site --month 2026-10";
    Trial { files, args, formats: SCREENS }.run();
    let entry = include_str!("../../../examples/exports/flow-log.json").lines().next().expect("an entry");
    let files = vec![
        ("list.json", include_str!("../../../examples/exports/connections.json").to_owned()),
        ("flow.json", entry.to_owned()),
    ];
    Trial { files, args: "doctor --flow-logs flow.json --connections list.json", formats: &["table"] }.run();
}

/// Events of a trail, as JSON and as a table of Log Service.
#[test]
fn nor_in_what_is_made_of_a_trail() {
    let event = r#"[{"eventId":"E-1","eventName":"ModifyVpcPeerConnection","eventTime":"2026-10-05T03:30:00Z",
        "requestId":"R-1","acsRegion":"cn-huhehaote","recipientAccountId":"1000000000000001","resourceName":"pcc-1",
        "requestParameters":{"InstanceId":"pcc-1","LinkType":"Gold"}},
        {"eventId":"E-2","eventName":"CreateVpcPeerConnection","eventTime":"2026-10-01T03:30:00Z","requestId":"R-2",
        "acsRegion":"cn-beijing","recipientAccountId":"1000000000000003","responseElements":{"InstanceId":"pcc-2"},
        "requestParameters":{"AcceptingAliUid":"1000000000000004","AcceptingRegionId":"cn-guangzhou","VpcId":"vpc-3",
        "AcceptingVpcId":"vpc-4","Name":"south"}},
        {"eventId":"E-3","eventName":"DeleteVpcPeerConnection","eventTime":"2026-10-02T03:30:00Z","requestId":"R-3",
        "requestParameters":{"InstanceId":"pcc-2"}}]"#;
    let table = "eventName,eventTime,eventId,requestId,requestParameters.InstanceId,requestParameters.LinkType\n\
                 ModifyVpcPeerConnection,2026-10-05T03:30:00Z,E-1,R-1,pcc-1,Gold";
    for (name, trail) in [("trail.json", event.to_owned()), ("trail.csv", quoted(table))] {
        let mut files: Vec<_> = traffic_and_terms().into_iter().take(1).collect();
        files.push(("connections.csv", quoted(CONNECTIONS)));
        files.push((name, trail));
        let inputs = "--usage usage.csv --connections connections.csv --link-type-before Platinum";
        let args =
            format!("report {inputs} --link-changes {name} --catalog china-site --month 2026-10").leak();
        Trial { files, args, formats: SCREENS }.run();
    }
}

/// Ids of a Parquet file, which may hold any text.
#[cfg(feature = "parquet")]
#[test]
fn nor_in_what_is_made_of_parquet() {
    use crate::support::{
        columns::{COMMON, file},
        oracle::Record,
    };
    let folder = Folder::new();
    for text in hostile("pcc-1") {
        // 2026-10-05T03:00:00Z
        let record = |id: &str| Record {
            at: 1_791_169_200_000,
            connection_id: id.to_owned(),
            sender: 0,
            bytes: Some(7),
        };
        let records = [record("pcc-1"), record(&text)];
        folder.write("usage.parquet", file(&records, &COMMON));
        for format in SCREENS {
            let args = ["--format", format, "--quarantine", "q.csv"];
            let outcome = folder.report_on(&["usage.parquet"], &args);
            assert_eq!(outcome.code, 1, "{}", outcome.stderr);
            check(format, &outcome);
            check_cells(&folder.read("q.csv"));
        }
        check("", &folder.report_on(&["usage.parquet"], &[]));
        for format in ["table", "json"] {
            let inputs = ["doctor", "--usage", "usage.parquet", "--format", format];
            check(format, &folder.run(&inputs));
            check(format, &folder.run(&[&inputs[..], &["--connections", "connections.csv"]].concat()));
        }
    }
}

#[test]
fn nor_in_what_is_made_of_a_plan() {
    let files = vec![
        ("plan.json", include_str!("../../../examples/terraform/plan.json").to_owned()),
        ("traffic.csv", quoted(include_str!("../../../examples/terraform/traffic.csv"))),
    ];
    let args = "estimate --terraform plan.json --traffic traffic.csv --catalog china-site";
    Trial { files, args, formats: SCREENS }.run();
    let files = vec![("hub.toml", include_str!("../../../examples/topology/hub.toml").to_owned())];
    Trial { files, args: "estimate --plan hub.toml --catalog china-site", formats: SCREENS }.run();
}

#[test]
fn the_published_attack_on_a_comment_stays_in_its_cells() {
    let address = "alicloud_vpc_peer_connection.branch[0]";
    // An address is of one line in a table, where a line end within quotes is a quote too many, and NUL is damage.
    let acts = ACTS.replace(['\n', '\r', '\0'], "");
    let attack = format!("alicloud_vpc_peer_connection.branch[\"x|y`z`{acts}\"]");
    let plan = include_str!("../../../examples/terraform/plan.json");
    let folder = Folder::new();
    folder.write("plan.json", plan.replace(address, &spelled("plan.json", &attack)));
    let traffic = format!(
        "address,sender,gb\n\"{0}\",requester,200\n\"{0}\",accepter,100\n",
        attack.replace('"', "\"\"")
    );
    folder.write("traffic.csv", traffic);
    let args =
        ["estimate", "--terraform", "plan.json", "--traffic", "traffic.csv", "--catalog", "china-site"];
    for format in SCREENS {
        let outcome = folder.run(&[&args[..], &["--format", format]].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        check(format, &outcome);
        assert!(outcome.stdout.contains("FORGED"), "it is shown: {}", outcome.stdout);
    }
}

#[test]
fn settings_act_neither_by_their_keys_nor_by_their_values() {
    let folder = Folder::new();
    for text in hostile("catalog") {
        let text = spelled("peerbill.toml", &text);
        for settings in [
            format!("\"{text}\" = \"x\"\n"),
            format!("catalog = \"{text}\"\n"),
            format!("prices = [\"{text}\"]\n"),
            format!("offset = \"{text}\"\n"),
            format!("requester-region = [\"{text}\"]\n"),
            format!("duplicates = \"{text}\"\n"),
            format!("[columns.usage]\nbytes = \"{text}\"\n"),
            format!("{ACTS}\n"),
        ] {
            folder.write("peerbill.toml", settings);
            for args in [report_args(&["usage.csv"], &[]), vec!["doctor", "--connections", "connections.csv"]]
            {
                check("csv", &folder.run(&args));
            }
        }
    }
}

/// Without NUL, which no argument and no name of a file holds.
fn for_arguments(text: &str) -> Vec<String> {
    hostile(text).into_iter().map(|text| text.replace('\0', "").replace("/", "")).collect()
}

#[test]
fn no_argument_acts_in_what_is_said_about_it() {
    let folder = Folder::new();
    let report = report_args(&["usage.csv"], &[]);
    for text in for_arguments("x") {
        check("", &folder.run(&[&*text]));
        check("", &folder.run(&["report", &text]));
        check("", &folder.run(&["report", &format!("--{text}")]));
        check("", &folder.run(&["completions", &text]));
        for flag in [
            "--month",
            "--offset",
            "--by",
            "--account",
            "--format",
            "--catalog",
            "--prices",
            "--contract",
            "--usage",
            "--connections",
            "--link-changes",
            "--link-type-before",
            "--requester-account",
            "--requester-region",
            "--naive-offset",
            "--metric-statistic",
            "--metric-period",
            "--cloudmonitor",
            "--duplicates",
            "--scenario",
        ] {
            let given = format!("{flag}={text}");
            let kept = report.iter().copied().filter(|own| *own != flag);
            check("", &folder.run(&kept.chain([&*given]).collect::<Vec<_>>()));
            let estimate =
                ["estimate", "--catalog", "china-site", "--from", "cn-beijing", "--to", "cn-hangzhou"];
            check("", &folder.run(&[&estimate[..], &["--gb", "1", &given]].concat()));
        }
        let accounts = format!("--from-account={text}");
        let estimate = ["estimate", "--catalog", "china-site", "--from", "cn-beijing", "--to", "cn-hangzhou"];
        for format in SCREENS {
            check(
                format,
                &folder.run(&[&estimate[..], &["--gb", "1", "--format", format, &accounts]].concat()),
            );
        }
        for place in [["--from", "cn-beijing", "--to", &*text], ["--from", &*text, "--to", "cn-beijing"]] {
            check("", &folder.run(&[&["catalog", "price", "--catalog", "china-site"], &place[..]].concat()));
        }
    }
}

#[test]
fn no_name_of_a_file_acts_where_it_is_named() {
    for name in for_arguments("x.csv") {
        let folder = Folder::new();
        let place = format!("in/{name}");
        folder.write(&place, USAGE.replace("214748364800", "-1"));
        for args in [&[][..], &["--quarantine", "q.csv"], &["--format", "json", "--quarantine", "q.csv"]] {
            check(if args.len() > 2 { "json" } else { "csv" }, &folder.report_on(&["in"], args));
        }
        check_cells(&folder.read("q.csv"));
        check_text(&folder.read("q.csv"));
        for flag in ["--output", "--quarantine"] {
            let into = format!("{flag}=no/{name}");
            check("csv", &folder.report(&[&into]));
        }
        for format in ["table", "json"] {
            check(
                format,
                &folder.run(&[
                    "doctor",
                    "--usage",
                    "in",
                    "--connections",
                    "connections.csv",
                    "--format",
                    format,
                ]),
            );
        }
    }
}

#[test]
fn an_id_in_a_message_is_made_visible_and_a_negative_amount_stays_a_number() {
    let folder = Folder::new();
    folder.write("connections.csv", CONNECTIONS.replace("accepter_region", "accepter_regio\u{1b}[2Jn"));
    let told = folder.refused(
        3,
        &report_args(&["usage.csv"], &[]),
        &["connections.csv:1", "accepter_regio\\u{1b}[2Jn"],
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    let folder = Folder::new();
    folder.write("usage.csv", USAGE.replace("214748364800", "1073741825"));
    let csv = folder.report(&[]).stdout;
    assert!(csv.contains(",adjustment,,,,,-0.0000000004,"), "{csv}");
}
