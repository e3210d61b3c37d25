//! Writes native traffic of any size, with its connections and link changes; the same bytes on every run.
//!
//! `cargo bench --bench generate -- FOLDER RECORDS [STEP_SECONDS] [ORDER] [CONNECTIONS]`
//!
//! Both ends of every connection send in every step, a fifth of the connections change their link type one to
//! three times. ORDER is `time`, `connection`, `turning` or `shuffled` for CSV, or `json`, `flowlog` or `cloudmonitor`. `time`
//! orders records by step and shuffles within it, `connection` by connection and time; `turning` goes back and forth between two
//! hours, with 300 ends at a time. `json` writes the lines of `time` as objects,
//! to `usage.ndjson`. `flowlog` writes entries as Log Service exports them, to `flows.ndjson`, and connections with VPCs and
//! address blocks: each connection is seen at both ends, and a quarter of the entries take no peering connection.
//! `cloudmonitor` writes answers of DescribeMetricList, 1,440 datapoints each and one on a line, by connection and time,
//! to `rx.json` and `tx.json`. `segments.csv` holds the link types cut on whole hours, for peers that cannot rate.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// 2026-09-30T16:00:00Z, the start of October 2026 at UTC+8.
const START: i64 = 1_790_784_000;
const REGIONS: [&str; 16] = [
    "cn-hangzhou",
    "cn-shanghai",
    "cn-beijing",
    "cn-shenzhen",
    "cn-guangzhou",
    "cn-chengdu",
    "cn-huhehaote",
    "cn-hongkong",
    "ap-southeast-1",
    "ap-southeast-5",
    "ap-northeast-1",
    "eu-central-1",
    "eu-west-1",
    "us-west-1",
    "us-east-1",
    "me-east-1",
];

struct Size {
    records: u64,
    step_seconds: i64,
    order: String,
    connections: u64,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |index: usize, default: u64| {
        arguments.get(index).map_or(default, |text| text.parse().expect("a whole number"))
    };
    let Some(folder) = arguments.first() else {
        eprintln!(
            "usage: generate FOLDER RECORDS [STEP_SECONDS] [time|connection|turning|shuffled|json|flowlog|cloudmonitor] [CONNECTIONS]"
        );
        return Ok(());
    };
    let size = Size {
        records: number(1, 10_000_000),
        step_seconds: number(2, 3600) as i64,
        order: arguments.get(3).map_or("time", String::as_str).to_owned(),
        connections: number(4, 10_000),
    };
    fs::create_dir_all(folder)?;
    let folder = Path::new(folder);
    write_inventory(folder, &size)?;
    match size.order.as_str() {
        "cloudmonitor" => write_datapoints(folder, &size),
        "flowlog" => write_flows(folder, &size),
        _ => write_usage(folder, &size),
    }
}

/// splitmix64: a number that looks random and is the same everywhere.
fn mix(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn id(connection: u64) -> String {
    format!("pcc-{connection:06}")
}

fn instant(seconds: i64) -> String {
    peerbill::model::time::Timestamp::from_seconds(seconds).to_string()
}

fn create(folder: &Path, name: &str) -> io::Result<BufWriter<File>> {
    File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file))
}

fn write_inventory(folder: &Path, size: &Size) -> io::Result<()> {
    let mut connections = create(folder, "connections.csv")?;
    let mut changes = create(folder, "link-changes.csv")?;
    write!(
        connections,
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,bandwidth_mbps"
    )?;
    let has_routes = size.order == "flowlog";
    let routes = ",requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs";
    writeln!(connections, "{}", if has_routes { routes } else { "" })?;
    writeln!(changes, "connection_id,changed_at,from_link_type,to_link_type")?;
    let mut segments = create(folder, "segments.csv")?;
    writeln!(segments, "connection_id,from_hour,until_hour,link_type,requester,accepter")?;
    for connection in 0..size.connections {
        let random = mix(connection);
        let (from, gap) = (random % 16, 1 + (random >> 8) % 15);
        let count = if random.is_multiple_of(5) { 1 + (random >> 16) % 3 } else { 0 };
        let mut instants: Vec<i64> =
            (0..count).map(|i| START + (mix(random + i + 1) % (30 * 86400)) as i64).collect();
        instants.sort_unstable();
        let mut platinum = (random >> 24).is_multiple_of(2);
        let accounts = [32, 40].map(|shift| 1_000_000_000_000_000 + (random >> shift) % 200);
        let name = |platinum| if platinum { "Platinum" } else { "Gold" };
        let mut segment = |from: i64, until: i64, platinum| {
            let [requester, accepter] = accounts;
            let (id, from, until) = (id(connection), instant(from), instant(until));
            writeln!(segments, "{id},{from},{until},{},{requester},{accepter}", name(platinum))
        };
        let mut since = START - 86400;
        for at in instants {
            // The hour of a switch is Platinum, on either side of it the type in effect.
            let hour = at - at.rem_euclid(3600);
            if hour > since {
                segment(since, hour, platinum)?;
            }
            if hour >= since {
                segment(hour, hour + 3600, true)?;
            }
            since = hour + 3600;
            writeln!(changes, "{},{},{},{}", id(connection), instant(at), name(platinum), name(!platinum))?;
            platinum = !platinum;
        }
        segment(since, START + 86400 * 366, platinum)?;
        write!(
            connections,
            "{},{},{},{},{},{},10000",
            id(connection),
            accounts[0],
            REGIONS[from as usize],
            accounts[1],
            REGIONS[((from + gap) % 16) as usize],
            name(platinum),
        )?;
        let of = |end| format!("{}/24", address(end, connection, 0));
        let routes = [vpc(0, connection), vpc(1, connection), of(0), of(1)].join(",");
        writeln!(connections, "{}", if has_routes { format!(",{routes}") } else { String::new() })?;
    }
    segments.flush()?;
    connections.flush()?;
    changes.flush()
}

/// The VPC of an end of a connection.
fn vpc(end: u64, connection: u64) -> String {
    format!("vpc-{}ze{:016x}", ["r", "a"][end as usize], mix(connection * 2 + end))
}

/// An address of that VPC.
fn address(end: u64, connection: u64, host: u64) -> String {
    format!("{}.{}.{}.{host}", 10 + end, connection / 256 % 256, connection % 256)
}

fn write_flows(folder: &Path, size: &Size) -> io::Result<()> {
    let mut flows = create(folder, "flows.ndjson")?;
    let per_step = size.connections * 4;
    for record in 0..size.records {
        let (step, place) = (record / per_step, record * 7919 % per_step);
        let (connection, sender, is_in) = (place / 4, place / 2 % 2, place % 2);
        // An end that sends notes what goes out, and the other one what comes in.
        let (own, random) = (if is_in == 1 { 1 - sender } else { sender }, mix(record));
        let (from, to) = (10 + random % 200, 10 + random / 256 % 200);
        let start = START + step as i64 * size.step_seconds + (random >> 50) as i64 % 60;
        write!(
            flows,
            r#"{{"version":"1","account-id":"1000000000000009","eni-id":"eni-{:016x}","#,
            mix(place)
        )?;
        write!(flows, r#""vm-id":"i-{:016x}","vswitch-id":"vsw-{:016x}","#, mix(place + 1), mix(place + 2))?;
        write!(flows, r#""vpc-id":"{}","type":"IPv4","protocol":"6","#, vpc(own, connection))?;
        write!(flows, r#""srcaddr":"{}","srcport":"443","#, address(sender, connection, from))?;
        write!(
            flows,
            r#""dstaddr":"{}","dstport":"{}","#,
            address(1 - sender, connection, to),
            1024 + random % 60000
        )?;
        write!(flows, r#""direction":"{}","action":"ACCEPT","#, ["out", "in"][is_in as usize])?;
        write!(flows, r#""packets":"{}","bytes":"{}","#, random % 900, bytes_of(record))?;
        write!(flows, r#""start":"{start}","end":"{}","tcp-flags":"22","log-status":"OK","#, start + 60)?;
        writeln!(flows, r#""traffic_path":"{}"}}"#, if random % 4 == 0 { "1" } else { "17" })?;
    }
    flows.flush()
}

fn write_usage(folder: &Path, size: &Size) -> io::Result<()> {
    let is_json = size.order == "json";
    let mut usage = create(folder, if is_json { "usage.ndjson" } else { "usage.csv" })?;
    if !is_json {
        writeln!(usage, "timestamp,connection_id,sender,bytes")?;
    }
    let per_step = size.connections * 2;
    let mut steps = size.records.div_ceil(per_step);
    if size.order == "turning" {
        // Whole pairs of hours.
        steps = steps.next_multiple_of(7200 / size.step_seconds as u64);
    }
    let ids: Vec<String> = (0..size.connections).map(id).collect();
    let times: Vec<String> =
        (0..steps).map(|step| instant(START + step as i64 * size.step_seconds)).collect();
    for record in 0..size.records {
        let (step, end) = match size.order.as_str() {
            "connection" => (record % steps, record / steps),
            "turning" => turning(record, per_step, 7200 / size.step_seconds as u64),
            // 7919 and 104729 are prime, so every end comes once a step.
            "time" | "json" => {
                (record / per_step, (record % per_step * 7919 + record / per_step * 104_729) % per_step)
            }
            _ => {
                let place = (u128::from(record) * 104_729_u128 * 7919 % u128::from(steps * per_step)) as u64;
                (place / per_step, place % per_step)
            }
        };
        let bytes = bytes_of(step * per_step + end);
        let sender = if end.is_multiple_of(2) { "requester" } else { "accepter" };
        let (time, id) = (&times[step as usize], &ids[(end / 2) as usize]);
        if is_json {
            write!(usage, r#"{{"timestamp":"{time}","connection_id":"{id}","#)?;
            writeln!(usage, r#""sender":"{sender}","bytes":{bytes}}}"#)?;
        } else {
            writeln!(usage, "{time},{id},{sender},{bytes}")?;
        }
    }
    usage.flush()
}

/// The step and the end of a record where so many steps make two hours.
fn turning(record: u64, per_step: u64, steps: u64) -> (u64, u64) {
    const ENDS: u64 = 300;
    let (pair, place) = (record / (per_step * steps), record % (per_step * steps));
    let (block, place) = (place / (ENDS * steps), place % (ENDS * steps));
    let ends = ENDS.min(per_step - block * ENDS);
    (pair * steps + place / ends, block * ENDS + place % ends)
}

fn bytes_of(record: u64) -> u64 {
    let random = mix(5_000_000_000 + record);
    (random >> 12) & ((1 << (10 + random % 28)) - 1)
}

fn write_datapoints(folder: &Path, size: &Size) -> io::Result<()> {
    const PAGE: u64 = 1440;
    let steps = size.records.div_ceil(size.connections * 2);
    for (end, name) in [(0, "rx.json"), (1, "tx.json")] {
        let mut answers = create(folder, name)?;
        for connection in 0..size.connections {
            for page in (0..steps).step_by(PAGE as usize) {
                write!(answers, r#"{{"RequestId":"R-{page}","Success":true,"Code":"200","Message":"","#)?;
                write!(answers, r#""Period":"{}","NextToken":"","Datapoints":"["#, size.step_seconds)?;
                for step in page..(page + PAGE).min(steps) {
                    let comma = if step == page { "" } else { "," };
                    let at = (START + step as i64 * size.step_seconds) * 1000;
                    let bytes = bytes_of((step * size.connections + connection) * 2 + end);
                    write!(answers, r#"{comma}{{\"timestamp\":{at},\"userId\":\"1000000000000009\","#)?;
                    write!(answers, r#"\"instanceId\":\"{}\",\"Sum\":{bytes}.0}}"#, id(connection))?;
                }
                writeln!(answers, r#"]"}}"#)?;
            }
        }
        answers.flush()?;
    }
    Ok(())
}
