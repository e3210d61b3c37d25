//! How often the records are read: once where all ends are in the order of time, and three times where there are
//! duplicates.

use super::{
    duplicates::{
        repeated::{MomentGrid, Repeated, repeated_numbers},
        resolve,
    },
    metered::{Duplicates, Reading, Rules},
    months::{Months, Readings, readings},
    refused::Places,
    routes::{Lookup, Routes},
    scan::{Cut, Scanned, changed, scan, scan_one_span},
    totals::{ControlTotals, Count, Sums},
    worker::{Goal, KeptRecord, Plan, SpanFindings, Worker},
};
use crate::{
    error::{Error, Result},
    model::{
        inventory::Inventory,
        time::{Hour, Period},
        usage::{EndIndex, UsageRecord},
    },
    read::{
        TrafficSource,
        record::{Observation, Quantity, Traffic},
    },
};
use foldhash::quality::RandomState;
use std::sync::Arc;

/// Reads the hours of a period, which need not be a month.
pub(crate) fn read_hours(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules) -> Result<Reading> {
    read_cut(sources, inventory, rules, Cut::DEFAULT)
}

/// Reads the hours of several periods at once, each of which begins where the one before ends. That of `rules` is all of
/// them.
pub(super) fn read_months(
    sources: &[TrafficSource],
    inventory: &Inventory,
    rules: &Rules,
    periods: &[Period],
) -> Result<Readings> {
    read_months_cut(sources, inventory, rules, periods, Cut::DEFAULT)
}

fn read_months_cut(
    sources: &[TrafficSource],
    inventory: &Inventory,
    rules: &Rules,
    periods: &[Period],
    cut: Cut,
) -> Result<Readings> {
    let names: Vec<Arc<str>> = sources.iter().map(|source| source.shared_name().clone()).collect();
    let has_flow_logs = sources.iter().any(TrafficSource::is_flow_log);
    in_passes(&names, inventory, rules, &Months::new(periods), has_flow_logs, &|plan| {
        scan(sources, plan, cut)
    })
}

fn read_cut(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules, cut: Cut) -> Result<Reading> {
    the_only(read_months_cut(sources, inventory, rules, &[rules.period], cut)?)
}

/// The reading of one period.
fn the_only(readings: Readings) -> Result<Reading> {
    readings.months.into_iter().next().ok_or_else(|| Error::internal("no month was read"))
}

/// Reads rows that were brought together from several inputs: one source, whose rows stand at these places.
pub(super) fn read_rows(
    source: &TrafficSource,
    places: &Places,
    inventory: &Inventory,
    rules: &Rules,
) -> Result<Reading> {
    let months = Months::new(&[rules.period]);
    let own = [source.shared_name().clone()];
    let names = if places.is_empty() { &own[..] } else { places.names() };
    let sources = std::slice::from_ref(source);
    the_only(in_passes(names, inventory, rules, &months, source.is_flow_log(), &|plan| {
        let mut scanned = scan(sources, plan, Cut::DEFAULT)?;
        scanned.found.move_to(places);
        Ok(scanned)
    })?)
}

/// Lines of a source, and numbers that those of their records share which are to be metered together.
pub(super) fn groups(source: &TrafficSource, rules: &Rules) -> Result<Vec<(u64, u64)>> {
    let inventory = Inventory::new(Vec::new(), Vec::new())?;
    let names = [source.shared_name().clone()];
    let (lookup, routes) = (Lookup::new(&inventory, rules.period), Routes::new(&inventory));
    let (goal, months, seed) = (Goal::Group, &Months::new(&[rules.period]), RandomState::default());
    let plan = Plan {
        names: &names,
        inventory: &inventory,
        lookup: &lookup,
        routes: &routes,
        rules,
        seed: &seed,
        months,
        goal,
    };
    Ok(scan(std::slice::from_ref(source), &plan, Cut::DEFAULT)?.found.grouped)
}

/// Reads records that a caller holds.
pub(super) fn read_records(records: &[UsageRecord], inventory: &Inventory, rules: &Rules) -> Result<Reading> {
    let months = Months::new(&[rules.period]);
    the_only(in_passes(&["records".into()], inventory, rules, &months, false, &|plan| {
        let take = |worker: &mut Worker<'_>| {
            (1..).zip(records).try_for_each(|(line, record)| take_record(worker, line, record))
        };
        scan_one_span(plan, take)
    })?)
}

fn take_record(worker: &mut Worker<'_>, line: u64, record: &UsageRecord) -> Result<()> {
    let UsageRecord { timestamp, connection_id, sender, bytes } = record;
    let (instant, number) = (timestamp.to_string(), bytes.to_string());
    let (id, end) = (connection_id.as_bytes(), sender.as_str().as_bytes());
    worker.accept(&Observation {
        line,
        place: None,
        quantity: Quantity::of_bytes(*bytes),
        traffic: Ok(Traffic::of_instant(id, *sender, *timestamp)),
        fields: Some([instant.as_bytes(), id, end, number.as_bytes()]),
        raw: b"",
    })
}

/// Reads once more, and keeps what an end sent in an hour, in the order of the input, whether it is billed or refused.
pub(crate) fn records_of(
    sources: &[TrafficSource],
    inventory: &Inventory,
    rules: &Rules,
    end: EndIndex,
    hour: Hour,
) -> Result<Vec<KeptRecord>> {
    let names: Vec<Arc<str>> = sources.iter().map(|source| source.shared_name().clone()).collect();
    let lookup = Lookup::new(inventory, rules.period);
    let routes = Routes::new(inventory);
    // OK because no period has 2^32 hours, and the hour is one of this one.
    let hour = (hour.index() - rules.period.start.index()) as u32;
    let (goal, months) = (Goal::Keep { end, hour }, &Months::new(&[rules.period]));
    let seed = RandomState::default();
    let plan =
        Plan { names: &names, inventory, lookup: &lookup, routes: &routes, rules, seed: &seed, months, goal };
    Ok(scan(sources, &plan, Cut::DEFAULT)?.found.kept)
}

/// Reads records as often as duplicates make it necessary; `read` reads all of them once.
fn in_passes(
    names: &[Arc<str>],
    inventory: &Inventory,
    rules: &Rules,
    months: &Months,
    has_flow_logs: bool,
    read: &dyn Fn(&Plan<'_>) -> Result<Scanned>,
) -> Result<Readings> {
    let lookup = Lookup::new(inventory, rules.period);
    // Entries of flow logs alone name routes.
    let routes = if has_flow_logs { Routes::new(inventory) } else { Routes::none() };
    let (adds_up, none) = (rules.duplicates == Duplicates::Sum, Repeated::default());
    let goal = Goal::Bill { repeated: &none, is_first: !adds_up };
    let seed = RandomState::default();
    let plan = Plan { names, inventory, lookup: &lookup, routes: &routes, rules, seed: &seed, months, goal };
    let mut scanned = read(&plan)?;
    let entries = repeated_numbers(std::mem::take(&mut scanned.found.entries), rules.threads)?;
    let mut repeated = if adds_up || !scanned.disordered.contains(&true) {
        Repeated::default()
    } else {
        // The exact second look, at connections and senders whose records did not strictly rise in time.
        let mut noted = std::mem::take(&mut scanned.noted);
        if noted.spans.is_empty() {
            let records = scanned.found.all.totals.read.records;
            noted.grid = MomentGrid::of(plan.ends(), rules.period.hours(), scanned.step, records);
        }
        let mut collected = std::mem::take(&mut scanned.found.collected);
        let goal = Goal::Collect { wanted: &scanned.disordered, noted: &noted };
        let Scanned { found: mut looked, .. } = read(&Plan { goal, ..plan })?;
        // Flow logs are not looked at again.
        if !has_flow_logs && looked.lines + noted.lines != scanned.found.lines {
            return Err(changed(names));
        }
        collected.append(&mut looked.collected);
        collected.repeated(noted.grid, rules.threads)?
    };
    repeated.entries = entries;
    if !repeated.is_empty() {
        let first = seen(&scanned.found);
        drop(scanned);
        scanned = read(&Plan { goal: Goal::Bill { repeated: &repeated, is_first: false }, ..plan })?;
        if seen(&scanned.found) != first {
            return Err(changed(names));
        }
    }
    finish(scanned, &plan)
}

/// What another reading must see as well: what was read, what lies outside all months, and what lies in each.
fn seen(found: &SpanFindings) -> (u64, [Count; 2], Vec<Count>) {
    let ControlTotals { read, outside_period, .. } = found.all.totals;
    (found.lines, [read, outside_period], found.months.iter().map(|month| month.alone).collect())
}

fn finish(scanned: Scanned, plan: &Plan<'_>) -> Result<Readings> {
    let Scanned { mut usage, mut found, fractions, .. } = scanned;
    let mut resolved = SpanFindings::new(plan.months.count());
    let mut sums = Sums { fractions, ..Sums::new(plan.lookup, None, Arc::default()) };
    resolve(std::mem::take(&mut found.held), plan, &mut resolved, &mut sums)?;
    found.merge(resolved, plan.rules.keep)?;
    for (end, hour, bytes) in sums.fractions.rounded() {
        let totals = &mut found.months[plan.months.of(hour)].told.totals;
        totals.read.bytes += u128::from(bytes);
        totals.of_known(plan.lookup.free[end.connection()]).bytes += u128::from(bytes);
        sums.hourly.add(end, hour, bytes);
    }
    usage.extend(sums.hourly.finish());
    let SpanFindings { all, months, notes, .. } = found;
    readings(usage, (all, months), &notes, plan.months, plan.rules.offset, plan.rules.keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{ErrorKind, FaultCode},
        meter::{Keep, MeterSettings, Refused, meter},
        model::{
            time::{BillingMonth, Offset, Timestamp},
            usage::Sender,
        },
    };
    use proptest::prelude::*;

    const HEADER: &str = "timestamp,connection_id,sender,bytes";
    const ALL: Keep = Keep::All { bytes: u64::MAX };

    fn connections() -> Inventory {
        let rows = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,created_at,deleted_at\n\
            pcc-1,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-22,1,cn-beijing,1,cn-beijing,,2026-10-02T00:00:00Z,2026-10-25T10:20:00Z\n\
            pcc-333-with-an-id-of-more-than-32-bytes,3,cn-beijing,4,us-east-1,Platinum,2026-10-03T04:05:06Z,2026-10-20T00:00:00Z\n\
            pcc-567890123456789012345678901,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-5678901234567890123456789012,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-64-bytes-0123456789012345678901234567890123456789012345678-a,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            pcc-65-bytes-0123456789012345678901234567890123456789012345678-ab,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            a;b,1,cn-beijing,2,cn-shanghai,Gold,,\n\
            \"a,b\",1,cn-beijing,2,cn-shanghai,Gold,,\n\
            \"a\"\"b\",1,cn-beijing,2,cn-shanghai,Gold,,\n";
        crate::inventory(rows, None).unwrap()
    }

    /// Everything that a user could see of a metering.
    fn seen(sources: &[TrafficSource], inventory: &Inventory, rules: &Rules, cut: Cut) -> String {
        match read_cut(sources, inventory, rules, cut) {
            Err(error) => format!("{error}"),
            Ok(metered) => format!(
                "{:?} {:?}\n{:?}\n{:#?}\n{:#?}\n{} {}\n{}",
                metered.totals,
                metered.outside,
                metered.usage.metered_hours().unwrap(),
                metered.refusals.records,
                metered.refusals.causes.clone().listed(),
                metered.refusals.for_cause,
                metered.refusals.for_connection,
                metered.usage.digest(inventory).unwrap(),
            ),
        }
    }

    /// A time that every spelling can tell, or one that stands as it is.
    #[derive(Debug, Clone)]
    enum Time {
        At(i64),
        Text(String),
    }

    fn times() -> impl Strategy<Value = Time> {
        let start = 1_791_158_400;
        let in_month =
            move |(day, hour, quarter): (i64, i64, i64)| start + (day * 24 + hour) * 3600 + quarter * 900;
        let odd = prop_oneof![
            2 => (0u32..70, 0u32..70).prop_map(|(m, s)| format!("2026-10-05T03:{m:02}:{s:02}Z")),
            1 => (0u32..70, 0u32..70).prop_map(|(m, s)| format!("2026-10-05 03:{m:02}:{s:02}.25+00")),
            1 => Just("2026-10-05T11:15:00+08:00".to_owned()),
            1 => Just("1791170100".to_owned()),
            1 => "1[0-9]{8,13}",
            1 => prop::sample::select(vec![".5", ".0001", ".0002", ".000000001", ".", ".0000000001", ".1x"])
                .prop_map(|fraction| format!("2026-10-05T03:15:00{fraction}Z")),
            1 => Just("2026-09-05T03:15:00Z".to_owned()),
            1 => Just("2026-10-05t03:15:00z".to_owned()),
            2 => prop::sample::select(vec![
                "2026-10-05 03:15:00Z", "2026-10-05 03:15:00 UTC", "2026-10-05T11:15:00+0800", "2026-10-05 11:15+08",
                "2026-10-05 03:15:00", "10/05/2026 03:15", " 2026-10-05T03:15:00Z", "2026-10-05T03:15:60Z",
                "0000-01-01T00:00:00+08:00", "0000-01-01T08:00:00+08:00", "9999-12-31T23:59:59-01:00", "2026-02-29T00:00:00Z",
            ]).prop_map(str::to_owned),
            1 => "[0-9TZ:-]{0,21}",
            1 => Just("\0".repeat(20)),
            1 => Just("\0".repeat(48)),
            1 => Just(format!("{}10:00:00Z", "\0".repeat(11))),
        ];
        prop_oneof![
            20 => (-4_i64..27, 0_i64..24, 0_i64..4).prop_map(in_month).prop_map(Time::At),
            20 => (0_i64..4000).prop_map(move |second| Time::At(start + second)),
            5 => odd.prop_map(Time::Text),
        ]
    }

    /// How the times of a file are spelled.
    fn spell(time: &Time, spelling: usize) -> String {
        let &Time::At(seconds) = time else {
            let Time::Text(text) = time else { unreachable!() };
            return text.clone();
        };
        let clock = |offset: i64| Timestamp::from_seconds(seconds + offset).to_string().replace('Z', "");
        match spelling {
            0 => format!("{}+08:00", clock(8 * 3600)),
            1 => format!("{}-05:30", clock(-19_800)),
            2 => format!("{} +0800", clock(8 * 3600).replace('T', " ")),
            3 => seconds.to_string(),
            4 => format!("{seconds}{:03}", seconds % 7),
            5 => format!("{}.{:03}Z", clock(0), seconds % 7),
            6 => format!("{}.00000000{}+00:00", clock(0), seconds % 3),
            7 => format!("{} UTC", clock(0).replace('T', " ")),
            8 => format!("{}Z", &clock(0)[..16]),
            _ => format!("{}Z", clock(0)),
        }
    }

    /// An id of 64 bytes, the longest that plain lines have, and one more.
    const LONG: &str = "pcc-64-bytes-0123456789012345678901234567890123456789012345678-a";
    const TOO_LONG: &str = "pcc-65-bytes-0123456789012345678901234567890123456789012345678-ab";

    /// The fields of a line, or what stands there instead.
    #[derive(Debug, Clone)]
    enum Written {
        Fields(Time, String, String, String),
        Text(String),
    }

    fn lines() -> impl Strategy<Value = Written> {
        let id = prop_oneof![
            12 => Just("pcc-1"), 6 => Just("pcc-22"), 4 => Just("pcc-333-with-an-id-of-more-than-32-bytes"), 4 => Just(LONG),
            1 => Just(TOO_LONG), 1 => Just("pcc-64-bytes-0123456789012345678901234567890123456789012345678-b"),
            1 => Just("pcc-9"), 1 => Just(""), 1 => Just("a\"b"), 1 => Just("\"a\"\"b\""), 1 => Just("\"pcc-1\""),
            1 => Just("\"pcc-1\nx\""), 1 => Just("\"open"), 1 => Just("pcc-1\r"), 1 => Just("a;b"), 1 => Just("a,b"),
            1 => Just("pcc-1\0"), 1 => Just("pcc-567890123456789012345678901"), 1 => Just("pcc-5678901234567890123456789012"),
        ];
        let sender = prop_oneof![9 => Just("requester"), 9 => Just("accepter"), 1 => Just("Requester"), 1 => Just("requestex"), 1 => Just("")];
        let bytes = prop_oneof![
            16 => any::<u32>().prop_map(|n| n.to_string()),
            4 => any::<u64>().prop_map(|n| n.to_string()),
            1 => prop::sample::select(vec![
                "", "-5", "1.5", "18446744073709551616", "18446744073709551615", "00000000000000000000007", "5,6", "5\r",
                "\"7\"", "7\0", "\u{663}",
            ]).prop_map(str::to_owned),
        ];
        prop_oneof![
            40 => (times(), id, sender, bytes).prop_map(|(t, i, s, b)| Written::Fields(t, i.to_owned(), s.to_owned(), b)),
            1 => prop::sample::select(vec!["", ",,,", " , ,,\t", ";;;", "\"\",\"\",,", "\"", "a\rb"])
                .prop_map(|text| Written::Text(text.to_owned())),
            1 => "[ -~]{0,40}".prop_map(Written::Text),
        ]
    }

    /// What stands in a column that nobody asks for.
    fn notes() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            30 => prop::sample::select(vec!["", "x", "1234567", "12345678", "some words", "eight by \u{e4}\u{20ac}", "2026-10-05T03:15:00Z"]),
            2 => prop::sample::select(vec!["\"quoted\"", "\"with, a; separator\t\"", "\"\"", "\"long enough for several words\""]),
            1 => prop::sample::select(vec![
                "plain", "\"two\nlines\"", "\"three\r\n\r\nlines\"", "\"stray", "stray\"", "\"", "\"a\"\"\nb\",\"\nc\"",
                "\"x\n2026-10-05T03:15:00Z,pcc-1,requester,5,y\"", "\"2026-10-05T03:15:00Z,pcc-1,requester,5,\"", "a\rb", "end\r",
                "\"a\"\"b\"", "\"behind\" it", "nul\0", "\"nul\0\"", "one,more", "\u{feff}",
            ]),
        ]
    }

    /// How the lines of a file are laid out.
    #[derive(Debug, Clone)]
    struct Laid {
        /// Where the columns of traffic stand among further ones, as their numbers; those of further ones follow.
        columns: Vec<usize>,
        notes: Vec<&'static str>,
        times: usize,
        /// By column, the further ones as one: whether it has quotes never, always, or on every other line.
        quotes: [u8; 5],
        separator: &'static str,
        end: &'static str,
        last_line_ends: bool,
    }

    fn layouts() -> impl Strategy<Value = Laid> {
        let further = prop_oneof![4 => Just(0_usize), 3 => 1_usize..4, 1 => Just(20_usize)];
        let columns = further.prop_flat_map(|further| {
            let columns: Vec<usize> = (0..4 + further).collect();
            prop_oneof![Just(columns.clone()), Just(columns).prop_shuffle()]
        });
        let quotes = prop_oneof![
            4 => Just([0; 5]), 2 => Just([1; 5]), 1 => Just([1, 1, 1, 0, 1]), 1 => prop::array::uniform5(0_u8..3),
        ];
        let texts = (
            prop::sample::select(vec![",", ",", ",", ";", "\t"]),
            prop::sample::select(vec!["\n", "\r\n"]),
            any::<bool>(),
        );
        (columns, prop::collection::vec(notes(), 97), 0_usize..14, quotes, texts).prop_map(
            |(columns, notes, times, quotes, (separator, end, last_line_ends))| Laid {
                columns,
                notes,
                times,
                quotes,
                separator,
                end,
                last_line_ends,
            },
        )
    }

    impl Laid {
        fn text(&self, lines: &[Written]) -> String {
            let header = self.columns.iter().map(|&column| {
                HEADER.split(',').nth(column).map_or_else(|| format!("further {column}"), str::to_owned)
            });
            let mut rows = vec![header.collect::<Vec<_>>().join(self.separator)];
            rows.extend(lines.iter().enumerate().map(|(line, written)| self.row(line, written)));
            let mut text = rows.join(self.end);
            if self.last_line_ends {
                text.push_str(self.end);
            }
            text
        }

        fn row(&self, line: usize, written: &Written) -> String {
            let (time, id, sender, bytes) = match written {
                Written::Fields(time, id, sender, bytes) => (time, id, sender, bytes),
                Written::Text(text) => return text.replace(',', self.separator),
            };
            let of_traffic = [&spell(time, self.times), id, sender, bytes];
            let field = |&column: &usize| {
                let further = || self.notes[(line * 31 + column * 7) % self.notes.len()];
                let value = of_traffic.get(column).map_or_else(further, |value| value.as_str());
                match (self.quotes[column.min(4)], line % 2) {
                    (1, _) | (2, 1) if !value.starts_with('"') => format!("\"{value}\""),
                    _ => value.replace(',', self.separator),
                }
            };
            self.columns.iter().map(field).collect::<Vec<_>>().join(self.separator)
        }
    }

    /// What a member holds that nobody asks for: as JSON, most often.
    fn member_values() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            30 => prop::sample::select(vec![
                "\"\"", "\"x\"", "null", "true", "false", "0", "-1.5e+3", "12345678", "\"some words here\"", "\"eight by \u{e4}\u{20ac}\"",
                "{}", "[]", "{\"bytes\":1,\"a\":[\"x\",2]}", "[[1],{\"b\" : null}]",
            ]),
            3 => prop::sample::select(vec![
                "\"\\u0041\"", "\"a\\\"b\"", "\"\\\\\"", "\"\\x\"", "\"tab\there\"", "\"nul\0\"", "01", "1.", "-", "+1", ".5", "1e", "nul", "tru", "",
                "\"open", "[1,]", "{\"a\"}", "[[[[[[[[[[[1]]]]]]]]]]]", "1 2", "\u{feff}", "NaN", "\"\\ud800\"", "'x'", "{\"a\":1,\"a\":2}",
            ]),
        ]
    }

    /// How objects are spelled.
    #[derive(Debug, Clone)]
    struct Objects {
        /// The four members of traffic, and further ones, by their numbers in their order.
        members: Vec<usize>,
        values: Vec<&'static str>,
        times: usize,
        /// Whether epochs and bytes are numbers: never, always, on every other line.
        numbers: u8,
        /// What stands around colons and commas.
        blank: &'static str,
        end: &'static str,
        /// So often the order of members changes.
        turns: usize,
    }

    fn objects() -> impl Strategy<Value = Objects> {
        let members = (0_usize..4).prop_flat_map(|further| {
            let members: Vec<usize> = (0..4 + further).collect();
            prop_oneof![Just(members.clone()), Just(members).prop_shuffle()]
        });
        let texts = (
            prop::sample::select(vec!["", "", " ", "\t \r"]),
            prop::sample::select(vec!["\n", "\r\n", " \n"]),
            prop::sample::select(vec![1000, 1000, 2, 7]),
        );
        (members, prop::collection::vec(member_values(), 97), 0_usize..14, 0_u8..3, texts).prop_map(
            |(members, values, times, numbers, (blank, end, turns))| Objects {
                members,
                values,
                times,
                numbers,
                blank,
                end,
                turns,
            },
        )
    }

    impl Objects {
        fn text(&self, lines: &[Written]) -> String {
            let rows = lines.iter().enumerate().map(|(line, written)| match written {
                Written::Fields(..) => self.object(line, written) + self.end,
                Written::Text(text) => format!("{text}{}", self.end),
            });
            rows.collect()
        }

        fn object(&self, line: usize, written: &Written) -> String {
            let Written::Fields(time, id, sender, bytes) = written else { unreachable!() };
            let of_traffic = [&spell(time, self.times), id, sender, bytes];
            let member = |&member: &usize| {
                let name =
                    HEADER.split(',').nth(member).map_or_else(|| format!("further {member}"), str::to_owned);
                let value = match of_traffic.get(member) {
                    None => self.values[(line * 31 + member * 7) % self.values.len()].to_owned(),
                    Some(text) => {
                        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                        match self.numbers == 1 || self.numbers == 2 && line % 2 == 1 {
                            true if matches!(member, 0 | 3) && digits => (*text).clone(),
                            // Some as they are: with quotes and backslashes that end them early.
                            _ if line.is_multiple_of(3) => format!("\"{text}\""),
                            _ => serde_json::to_string(text).unwrap(),
                        }
                    }
                };
                format!("\"{name}\"{}:{}{value}", self.blank, self.blank)
            };
            let mut members: Vec<String> = self.members.iter().map(member).collect();
            if line % self.turns == self.turns - 1 {
                members.reverse();
            }
            format!("{{{}}}", members.join(&format!("{},{}", self.blank, self.blank)))
        }

        /// As an answer of CloudMonitor: its datapoints within a text or not, and how that is written.
        fn answer(&self, lines: &[Written], in_text: bool, escape: usize) -> String {
            let names = [("timestamp", "timestamp"), ("connection_id", "instanceId"), ("bytes", "Sum")];
            let mut elements: Vec<String> = Vec::new();
            for (line, written) in lines.iter().enumerate() {
                elements.push(match written {
                    Written::Fields(..) => names
                        .iter()
                        .fold(self.object(line, written), |text, (from, to)| text.replacen(from, to, 1)),
                    Written::Text(text) => format!("{{{text}}}"),
                });
            }
            let array = format!("[{}]", elements.join(&format!("{},{}", self.blank, self.blank)));
            let array = match (in_text, escape) {
                (false, _) => array,
                (true, 0) => serde_json::to_string(&array).unwrap().replace("requester", "\\u0072equester"),
                (true, 1) => serde_json::to_string(&array).unwrap().replace("\\\"}", "\\u0022}"),
                (true, _) => serde_json::to_string(&array).unwrap(),
            };
            let around = ["\"Period\":\"60\"", "\"Code\":\"200\"", "\"NextToken\":\"\""];
            let at = self.times % 4;
            let (before, after) = around.split_at(at.min(3));
            let datapoints = format!("\"Datapoints\":{array}");
            let members = [before, &[&datapoints], after].concat();
            format!("{{{}}}", members.join(","))
        }
    }

    /// An entry of a flow log, whose values some other line of traffic tells.
    fn flow(objects: &Objects, line: usize, written: &Written) -> String {
        let Written::Fields(time, id, sender, bytes) = written else {
            let Written::Text(text) = written else { unreachable!() };
            return text.clone();
        };
        let second = match time {
            Time::At(second) => second.to_string(),
            Time::Text(text) => text.clone(),
        };
        let end =
            second.parse::<i64>().map_or(second.clone(), |start| (start + 60 * line as i64).to_string());
        let pick = |from: &[&str]| from[(line * 7 + second.len() + bytes.len()) % from.len()].to_owned();
        let of_flow = [
            ("vpc-id", if id.len() < 10 { "vpc-1".to_owned() } else { id.clone() }),
            ("eni-id", format!("eni-{}", line % 3)),
            ("srcaddr", "10.0.0.5".into()),
            ("dstaddr", pick(&["172.16.0.9", "172.16.0.10", "::1", "-", "2001:db8:2::1"])),
            ("protocol", "6".into()),
            ("direction", if sender == "accepter" { "in".into() } else { pick(&["out", "out", "out", "-"]) }),
            ("action", pick(&["ACCEPT", "ACCEPT", "ACCEPT", "REJECT", "accept"])),
            ("bytes", bytes.clone()),
            ("start", second.clone()),
            ("end", end),
            ("log-status", pick(&["OK", "OK", "OK", "OK", "OK", "OK", "NODATA", "SKIPDATA"])),
            ("traffic_path", pick(&["17", "17", "17", "1", "-", "017"])),
        ];
        let mut members: Vec<String> = of_flow
            .iter()
            .map(|(name, value)| {
                match objects.numbers == 1 && value.bytes().all(|byte| byte.is_ascii_digit()) {
                    true => format!("\"{name}\":{}{value}", objects.blank),
                    false if line.is_multiple_of(3) => format!("\"{name}\":{}\"{value}\"", objects.blank),
                    false => format!("\"{name}\":{}{}", objects.blank, serde_json::to_string(value).unwrap()),
                }
            })
            .collect();
        members.extend(objects.members.iter().filter(|member| **member > 3).map(|member| {
            format!(
                "\"further {member}\":{}",
                objects.values[(line * 31 + member * 7) % objects.values.len()]
            )
        }));
        if line % objects.turns == objects.turns - 1 {
            members.reverse();
        }
        format!("{{{}}}", members.join(&format!("{},", objects.blank)))
    }

    /// One connection between VPCs whose address blocks are known.
    fn routes() -> Inventory {
        let rows = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,\
            requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs\n\
            pcc-1,1,cn-beijing,2,cn-shanghai,,vpc-1,vpc-2,10.0.0.0/16,172.16.0.0/16 2001:db8:2::/48\n";
        crate::inventory(rows, None).unwrap()
    }

    #[test]
    fn r15_records_of_one_millisecond_are_copies_only_where_their_instants_are_one() {
        let billed = |fractions: [&str; 2]| {
            let line = |fraction| format!("2026-10-05T03:15:00{fraction}Z,pcc-1,requester,7\n");
            let text = format!("{HEADER}\n{}", fractions.map(line).concat());
            let mut settings = MeterSettings::new("2026-10".parse().unwrap());
            settings.refused = Refused::Count;
            let sources = [TrafficSource::from_bytes("u.csv", text)];
            meter(&sources, connections(), &settings).unwrap().totals().billed.records
        };
        assert_eq!(billed([".0001", ".0002"]), 2);
        assert_eq!(billed([".000000002", ".000000001"]), 2);
        assert_eq!(billed([".0001", ".00010"]), 0);
        assert_eq!(billed(["", ".0"]), 0);
    }

    #[test]
    fn r14_an_input_that_another_reading_sees_changed_is_refused() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let record =
            |minute: u32, bytes: u32| format!("2026-10-05T03:{minute:02}:00Z,pcc-1,requester,{bytes}\n");
        let whole = format!("{HEADER}\n{}{}{}", record(7, 1), record(5, 2), record(7, 1));
        let others = [
            format!("{HEADER}\n{}{}", record(7, 1), record(5, 2)),
            format!("{whole}{}", record(9, 3)),
            whole.replace(",2\n", ",3\n"),
            whole.replace("03:05", "04:05").replace("2026-10-05T04", "2026-09-05T04"),
        ];
        for rule in [Duplicates::Refuse, Duplicates::First] {
            for other in &others {
                let read = |from: usize| {
                    let (opened, texts) = (AtomicUsize::new(0), [whole.clone(), other.clone()]);
                    let source = TrafficSource::from_stream("u.csv", move || {
                        let text = &texts[usize::from(opened.fetch_add(1, Ordering::Relaxed) >= from)];
                        Ok(Box::new(std::io::Cursor::new(text.clone().into_bytes())))
                    });
                    let mut settings = MeterSettings::new("2026-10".parse().unwrap());
                    (settings.refused, settings.duplicates) = (Refused::Count, rule);
                    meter(&[source], connections(), &settings)
                };
                let figure = |from| read(from).map(|metered| metered.totals());
                // Where it changes before or after all readings, one of the two is billed.
                let whole_or_other = [figure(usize::MAX).unwrap(), figure(0).unwrap()];
                for from in 1..8 {
                    match figure(from) {
                        Ok(totals) => assert!(whole_or_other.contains(&totals), "{from} {other} {totals:?}"),
                        Err(error) => {
                            assert!(error.to_string().contains("changed while it was read"), "{error}");
                        }
                    }
                }
            }
        }
    }

    /// Many copies of few records, as a small archive may hold them: what stands for them counts them all.
    #[test]
    fn r14_copies_that_are_not_held_are_counted_all_the_same() {
        let line =
            |minute: u32, bytes: u32| format!("2026-10-05T03:{minute:02}:00Z,pcc-1,requester,{bytes}\n");
        let lines = (0..3000).map(|number| match number {
            2900 => line(2, 8),
            _ if number % 500 == 7 => line(30 + number / 500, 1),
            _ => line(number % 3, 7),
        });
        let text = format!("{HEADER}\n{}", lines.collect::<String>());
        let inventory = connections();
        let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
        for duplicates in [Duplicates::Refuse, Duplicates::First] {
            let rules = |threads, keep| Rules { period, offset: Offset::CHINA, duplicates, keep, threads };
            let of = |cut: Cut, threads, keep| {
                let source = TrafficSource::from_bytes("u.csv", text.clone());
                let read = read_cut(&[source], &inventory, &rules(threads, keep), cut).unwrap();
                // Copies that are dropped are no faults.
                let faults = read.refusals.records.iter().map(|record| &record.fault);
                let faults = faults.filter(|fault| fault.code != FaultCode::DroppedCopy);
                let listed: Vec<_> =
                    faults.take(crate::error::FAULTS_LISTED).map(ToString::to_string).collect();
                let counted = (read.refusals.for_cause, read.refusals.by_code.clone(), read.totals);
                (counted, read.refusals.causes.listed(), listed)
            };
            // All are held where all are to be kept.
            let expected = of(Cut::DEFAULT, 1, ALL);
            assert_eq!(expected.0.2.read.records, 3000);
            assert_eq!(of(Cut::DEFAULT, 1, Keep::First), expected, "{duplicates:?}");
            for (span, threads) in [(1000, 1), (1000, 3), (9000, 2)] {
                let cut = Cut { span, block: 500, fast: true };
                assert_eq!(of(cut, threads, Keep::First), expected, "{duplicates:?} {span} {threads}");
            }
        }
    }

    #[test]
    fn r15_what_cannot_be_billed_is_an_error_unless_it_is_asked_for() {
        let text = format!(
            "{HEADER}\n2026-10-05T03:00:00Z,pcc-9,requester,7\n2026-10-05T03:00:00Z,pcc-1,requester,7\n"
        );
        let sources = [TrafficSource::from_bytes("u.csv", text)];
        let mut settings = MeterSettings::new("2026-10".parse().unwrap());
        let error = meter(&sources, connections(), &settings).unwrap_err();
        assert_eq!((error.input(), error.line(), error.total()), (Some("u.csv"), Some(2), 1));
        for refused in [Refused::Count, Refused::Keep] {
            settings.refused = refused;
            let metered = meter(&sources, connections(), &settings).unwrap();
            assert_eq!((metered.refused().len(), metered.totals().billed.records), (1, 1));
        }
    }

    /// Refused records, copies of one another among them, that would take more memory than they may.
    #[test]
    fn refused_records_have_a_bound_and_their_causes_are_told() {
        let unknown = |count: usize| -> String {
            (0..count).map(|n| format!("2026-10-05T03:00:00Z,pcc-9{},requester,7\n", n % 10)).collect()
        };
        let copies = "2026-10-05T03:00:00Z,pcc-1,requester,7\n".repeat(2000);
        for (rows, taken) in [(unknown(1000), 500_000), (copies, 1_000_000)] {
            let sources = [TrafficSource::from_bytes("u.csv", format!("{HEADER}\n{rows}"))];
            for threads in [1, 3] {
                let mut settings = MeterSettings::new("2026-10".parse().unwrap());
                (settings.refused, settings.threads) = (Refused::Keep, threads);
                let all = meter(&sources, connections(), &settings).unwrap();
                assert_eq!(all.refused().len() as u64, all.totals().refused.records);
                settings.refused_memory = taken / 10;
                let error = meter(&sources, connections(), &settings).unwrap_err();
                let told = error.to_string();
                assert!(told.contains("bounds what refused records take"), "{told}");
                assert!(error.faults().len() > 1 && error.kind() == ErrorKind::Input, "{told}");
                settings.refused = Refused::Count;
                let counted = meter(&sources, connections(), &settings).unwrap();
                assert_eq!(counted.totals(), all.totals());
            }
        }
    }

    /// Whatever one byte of a plain line becomes, in whatever spelling, both ways of reading see the same.
    #[test]
    fn a_byte_that_is_another_is_seen_both_ways() {
        // So many lines that whole batches of them are read at once.
        let inventory = connections();
        let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
        let duplicates = Duplicates::Refuse;
        let rules = Rules { period, offset: Offset::CHINA, duplicates, keep: ALL, threads: 1 };
        let native = |minute: u32| format!("2026-10-05T03:{minute:02}:00Z,pcc-1,requester,7{minute}\n");
        let spelled = |text: String| (HEADER.to_owned() + "\n", text);
        let object = |time: &str, id: &str, at: u32| {
            format!(
                "{{\"timestamp\":\"{time}\",\"connection_id\":\"{id}\",\"note\":\"a b {{\",\"n\":-1.5e3,\"sender\":\"requester\",\"bytes\":\"7{at}\"}}\n"
            )
        };
        for (header, lines) in [
            spelled((10..58).map(native).collect()),
            spelled((10..58).map(|minute| native(minute).replace('\n', "\r\n")).collect()),
            spelled((10..58).map(|minute| native(minute).replace('Z', ".250+08:00")).collect()),
            spelled((10..58).map(|minute| native(minute).replace("pcc-1", "\"pcc-1\"")).collect()),
            spelled((10..58).map(|at| format!("17911692{at},pcc-22,accepter,{at}\n")).collect()),
            (
                "note,bytes;x,connection_id,sender,timestamp\n".replace(',', ";"),
                (10..58).map(|at| format!("a b;{at};;pcc-1;requester;2026-10-05T03:{at}:00Z\n")).collect(),
            ),
            (
                "note,bytes,connection_id,sender,timestamp\n".into(),
                (10..58).map(|at| format!("a b,{at},pcc-1,requester,2026-10-05T03:{at}:00Z\n")).collect(),
            ),
            (
                String::new(),
                (10..58).map(|at| object(&format!("2026-10-05T03:{at}:00Z"), "pcc-1", at)).collect(),
            ),
            (
                String::new(),
                (10..58)
                    .map(|at| object(&format!("17911692{at}"), "pcc-22", at))
                    .map(|line| {
                        line.replace(":\"1", ": 1")
                            .replace("0\",", "0 ,")
                            .replace(":\"7", ":7")
                            .replace("\"}", "}\r")
                    })
                    .collect(),
            ),
        ] {
            let length = lines.len() / 48;
            for at in 20 * length..21 * length {
                for byte in b",;\t \"'x0r.\r\n\0\\{}[]:-e\x80" {
                    let mut text = format!("{header}{lines}").into_bytes();
                    text[header.len() + at] = *byte;
                    let told = String::from_utf8_lossy(&text).into_owned();
                    let sources = [TrafficSource::from_bytes("u.csv", text)];
                    let slow = seen(&sources, &inventory, &rules, Cut { fast: false, ..Cut::DEFAULT });
                    assert!(seen(&sources, &inventory, &rules, Cut::DEFAULT) == slow, "{told:?}");
                }
            }
        }
    }

    #[test]
    fn a_line_without_end_is_one_record_whatever_the_cut() {
        let long = "x".repeat(1 << 20);
        let line = |hour: u32| format!("2026-10-05T{hour:02}:00:00Z,pcc-1,requester,7\n");
        let text = format!("{HEADER}\n{}{long}{long}y{long}\n{}{long}y\n{}", line(3), line(4), line(5));
        let inventory = connections();
        let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
        let rules = |threads| Rules {
            period,
            offset: Offset::CHINA,
            duplicates: Duplicates::Refuse,
            keep: ALL,
            threads,
        };
        let sources = [TrafficSource::from_bytes("u.csv", text)];
        let expected = seen(&sources, &inventory, &rules(1), Cut::DEFAULT);
        for told in
            ["longer than 1 MiB", "line: Some(\n                3,", "line: Some(\n                5,"]
        {
            assert!(expected.contains(told), "{expected:.2000}");
        }
        for (threads, span, block) in
            [(1, 100_000, 1000), (3, 700_000, 1 << 21), (3, 10 << 20, 1 << 22), (1, 1 << 20, 7)]
        {
            assert!(expected == seen(&sources, &inventory, &rules(threads), Cut { span, block, fast: true }));
        }
        let metered = read_cut(&sources, &inventory, &rules(1), Cut::DEFAULT).unwrap();
        assert_eq!((metered.totals.billed.records, metered.totals.refused.records), (3, 2));
    }

    /// Records of ends at quarters of hours, in the order given; some stand once more somewhere, with so many bytes more. A few
    /// are a second beside the quarter, one line in a while is broken.
    fn shuffled(
        records: &[(usize, i64, u32, u64)],
        copies: &[(prop::sample::Index, prop::sample::Index, u64)],
    ) -> String {
        let start = 1_790_784_000;
        let ends =
            [("pcc-1", "requester"), ("pcc-1", "accepter"), ("pcc-22", "requester"), (LONG, "accepter")];
        let line = |&(end, quarter, odd, bytes): &(usize, i64, u32, u64)| {
            let (id, sender) = ends[end];
            let at = Timestamp::from_seconds(start + quarter * 900 + i64::from(odd == 0));
            if odd == 1 { format!("{at},{id}\n") } else { format!("{at},{id},{sender},{bytes}\n") }
        };
        let mut lines: Vec<String> = records.iter().map(line).collect();
        for (from, to, more) in copies {
            let &(end, quarter, odd, bytes) = from.get(records);
            lines.insert(to.index(lines.len()), line(&(end, quarter, odd, bytes + more)));
        }
        format!("{HEADER}\n{}", lines.concat())
    }

    #[test]
    fn moments_in_no_order_are_noted_as_they_are_billed() {
        let records: Vec<_> = (0..2000).map(|at| (at % 4, at as i64 * 7919 % 2976, 2, 1)).collect();
        let text = shuffled(&records, &[]);
        let lines = text.lines().count() as u64 - 1;
        let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
        let (inventory, months) = (connections(), Months::new(&[period]));
        let rules =
            Rules { period, offset: Offset::CHINA, duplicates: Duplicates::Refuse, keep: ALL, threads: 1 };
        let (lookup, routes) = (Lookup::new(&inventory, rules.period), Routes::new(&inventory));
        let (names, none, seed) = (["u.csv".into()], Repeated::default(), RandomState::default());
        let goal = Goal::Bill { repeated: &none, is_first: true };
        let (inventory, months) = (&inventory, &months);
        let plan = Plan {
            names: &names,
            inventory,
            lookup: &lookup,
            routes: &routes,
            rules: &rules,
            seed: &seed,
            months,
            goal,
        };
        let sources = [TrafficSource::from_bytes("u.csv", text)];
        let first = scan(&sources, &plan, Cut { span: 2000, block: 1000, fast: true }).unwrap();
        assert!(
            first.noted.lines > lines / 4 && first.noted.lines < lines,
            "{} of {lines}",
            first.noted.lines
        );
        let goal = Goal::Collect { wanted: &first.disordered, noted: &first.noted };
        let second =
            scan(&sources, &Plan { goal, ..plan }, Cut { span: 2000, block: 1000, fast: true }).unwrap();
        assert_eq!(second.found.lines + first.noted.lines, lines);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

        /// Long enough that workers see that records come in no order, and note their moments as they bill them.
        #[test]
        fn records_in_no_order_are_the_same_however_they_are_read(
            records in prop::collection::vec((0usize..4, 0i64..600, 0u32..40, 0u64..1000), 50..250),
            copies in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u64..3), 0..4),
            span in 200u64..2000,
            block in 60usize..400,
            policy in 0usize..3,
        ) {
            let text = shuffled(&records, &copies);
            let inventory = connections();
            let duplicates = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum][policy];
            let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
            let rules = |threads| Rules { period, offset: Offset::CHINA, duplicates, keep: ALL, threads };
            let sources = [TrafficSource::from_bytes("u.csv", text)];
            let expected = seen(&sources, &inventory, &rules(1), Cut { fast: false, ..Cut::DEFAULT });
            for (threads, fast) in [(1, true), (2, true), (3, false)] {
                let found = seen(&sources, &inventory, &rules(threads), Cut { span, block, fast });
                prop_assert_eq!(&found, &expected);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_any_cut_and_any_number_of_threads_see_the_same(
            lines in prop::collection::vec(lines(), 0..60),
            laid in layouts(),
            span in 1u64..400,
            block in 1usize..400,
            policy in 0usize..3,
            keep_all: bool,
        ) {
            let text = laid.text(&lines);
            let inventory = connections();
            let duplicates = [Duplicates::Refuse, Duplicates::First, Duplicates::Sum][policy];
            let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
            let keep = if keep_all { ALL } else { Keep::First };
            let rules = |threads| Rules { period, offset: Offset::CHINA, duplicates, keep, threads };
            let bytes = text.clone().into_bytes();
            let stream = TrafficSource::from_stream("u.csv", move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))));
            let slow = Cut { fast: false, ..Cut::DEFAULT };
            let expected = seen(&[stream], &inventory, &rules(1), slow);
            for threads in [1, 3] {
                for fast in [false, true] {
                    let blocks = [TrafficSource::from_bytes("u.csv", text.clone())];
                    let found = seen(&blocks, &inventory, &rules(threads), Cut { span, block, fast });
                    prop_assert_eq!(&found, &expected);
                }
            }
        }

        #[test]
        fn lines_of_json_are_the_same_both_ways(
            lines in prop::collection::vec(lines(), 0..60),
            objects in objects(),
            span in 1u64..400,
            block in 1usize..400,
            sums: bool,
        ) {
            let text = objects.text(&lines);
            let source = || TrafficSource::from_bytes("u.json", text.clone());
            same_both_ways(&source, &connections(), Cut { span, block, fast: true }, sums)?;
        }

        #[test]
        fn entries_of_flow_logs_are_the_same_both_ways(
            lines in prop::collection::vec(lines(), 0..60),
            objects in objects(),
            span in 1u64..400,
            block in 1usize..400,
            sums: bool,
        ) {
            let rows = lines.iter().enumerate().map(|(line, written)| flow(&objects, line, written) + objects.end);
            let text: String = rows.collect();
            let source = || TrafficSource::from_bytes("f.json", text.clone()).as_flow_log();
            same_both_ways(&source, &routes(), Cut { span, block, fast: true }, sums)?;
        }

        #[test]
        fn answers_of_cloudmonitor_are_the_same_both_ways(
            lines in prop::collection::vec(lines(), 0..60),
            cuts in prop::collection::vec(1_usize..60, 1..4),
            objects in objects(),
            in_text: bool,
            escape in 0_usize..6,
            unit in 0_usize..4,
            broken in prop_oneof![4 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)],
            sums: bool,
        ) {
            use crate::read::{CloudMonitor, cloudmonitor::{Mark, Unit}};
            let mut answers = Vec::new();
            let mut rest = &lines[..];
            for cut in cuts {
                let (now, then) = rest.split_at(cut.min(rest.len()));
                answers.push(objects.answer(now, in_text, escape));
                rest = then;
            }
            let mut text = answers.join(objects.end);
            if let Some(rest) = broken {
                text.truncate(text.floor_char_boundary(rest.index(text.len())));
            }
            let settings = CloudMonitor {
                unit: if unit == 0 { Unit::BitsPerSecond } else { Unit::Bytes },
                mark: if unit == 1 { Mark::End } else { Mark::Start },
                ..CloudMonitor::default()
            };
            let source = || TrafficSource::from_bytes("rx.json", text.clone()).as_cloudmonitor(Sender::Requester, &settings);
            same_both_ways(&source, &connections(), Cut { fast: true, ..Cut::DEFAULT }, sums)?;
        }
    }

    /// Both ways of reading a source see the same, in pieces and as a whole.
    fn same_both_ways(
        source: &dyn Fn() -> TrafficSource,
        inventory: &Inventory,
        cut: Cut,
        sums: bool,
    ) -> std::result::Result<(), TestCaseError> {
        let duplicates = if sums { Duplicates::Sum } else { Duplicates::Refuse };
        let period = "2026-10".parse::<BillingMonth>().unwrap().period(Offset::CHINA);
        let rules = |threads| Rules { period, offset: Offset::CHINA, duplicates, keep: ALL, threads };
        let slow = Cut { fast: false, ..Cut::DEFAULT };
        let expected = seen(&[source()], inventory, &rules(1), slow);
        for threads in [1, 3] {
            let found = seen(&[source()], inventory, &rules(threads), cut);
            prop_assert_eq!(&found, &expected);
        }
        Ok(())
    }
}
