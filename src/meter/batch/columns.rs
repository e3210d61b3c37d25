//! Rows in columns, of Parquet files and of callers: plain ones the fast way, all others in the general way.

use crate::{
    error::Result,
    meter::{routes::Lookup, worker::Worker},
    model::{
        invalid::Invalid,
        time::Timestamp,
        usage::{EndIndex, Sender},
    },
    read::native::{Amounts, BatchRows, Texts},
};

#[cfg(feature = "parquet")]
use crate::read::parquet::{ParquetFile, Rows};
use std::ops::Range;

/// What texts are known as: a number of its own for each that is.
type LookUp<'a> = &'a dyn Fn(&[&[u8]]) -> Vec<Option<i32>>;

/// The known connections of ids.
fn connections_of(lookup: &Lookup<'_>, ids: &[&[u8]]) -> Vec<Option<i32>> {
    // An inventory of 2^30 connections does not fit into memory.
    let number = |connection: Option<usize>| i32::try_from(connection?).ok();
    lookup.find_each(ids).into_iter().map(number).collect()
}

/// Likewise of senders.
fn sender_of(text: &[u8]) -> Option<i32> {
    let sender = Sender::ALL.into_iter().find(|sender| sender.as_str().as_bytes() == text);
    sender.map(|sender| sender as i32)
}

/// Takes all rows of these row groups.
#[cfg(feature = "parquet")]
pub(in crate::meter) fn take_groups(
    file: &ParquetFile,
    groups: Range<usize>,
    worker: &mut Worker<'_>,
) -> Result<()> {
    let lookup = worker.plan.lookup;
    let connections = |texts: &[&[u8]]| connections_of(lookup, texts);
    let senders = |texts: &[&[u8]]| texts.iter().map(|text| sender_of(text)).collect();
    let mut ends = Vec::new();
    for group in groups {
        file.read(group, &connections, &senders, &mut |rows| {
            let known = Known { connections: rows.connections, senders: rows.senders, ticks: rows.ticks };
            let Some(bytes) = rows.bytes else {
                return (0..rows.ticks.len()).try_for_each(|row| take_row(worker, rows, row));
            };
            let start = |row| rows.start(row);
            take_rows(worker, &known, bytes, &mut ends, &start, &mut |worker, row| {
                take_row(worker, rows, row)
            })
        })?;
    }
    Ok(())
}

/// So many rows of a batch are looked up at once.
const AT_ONCE: usize = 4096;

/// Takes all rows of a batch.
pub(in crate::meter) fn take_batch(rows: &BatchRows<'_>, worker: &mut Worker<'_>) -> Result<()> {
    let batch = rows.batch;
    let take_row = |worker: &mut Worker<'_>, row: usize| -> Result<()> {
        let line = worker.found.lines + 1;
        rows.observe(row, line, |observation| worker.accept(&observation))?;
        worker.found.lines += 1;
        Ok(())
    };
    let (Some(ticks), Amounts::Whole(bytes)) = (rows.ticks(), batch.bytes) else {
        return (0..batch.rows()).try_for_each(|row| take_row(worker, row));
    };
    let lookup = worker.plan.lookup;
    let look_up = |ids: &[&[u8]]| connections_of(lookup, ids);
    let dictionary = looked_up(&batch.connections, &look_up);
    let end_of = |texts: &[&[u8]]| texts.iter().map(|text| sender_of(text)).collect();
    let ends_of_senders = looked_up(&batch.senders, &end_of);
    let mut ends = Vec::new();
    let mut first = 0;
    while first < ticks.len() {
        let some = first..ticks.len().min(first + AT_ONCE);
        let connections = numbers(&batch.connections, &dictionary, some.clone(), &look_up);
        let senders = numbers(&batch.senders, &ends_of_senders, some.clone(), &end_of);
        let known = Known { connections: &connections, senders: &senders, ticks: &ticks[some.clone()] };
        let start = |row| rows.start(first + row);
        take_rows(worker, &known, &bytes[some.clone()], &mut ends, &start, &mut |worker, row| {
            take_row(worker, first + row)
        })?;
        first = some.end;
    }
    Ok(())
}

/// What each text of a dictionary is known as; nothing where rows have texts of their own.
fn looked_up(texts: &Texts<'_>, known: LookUp<'_>) -> Vec<i32> {
    match texts.codes {
        Some(_) => known_as(texts.texts, known),
        None => Vec::new(),
    }
}

/// Not known.
const UNKNOWN: i32 = -1;

fn known_as(texts: &[Option<&str>], known: LookUp<'_>) -> Vec<i32> {
    // No connection has an empty id, nor is it a sender.
    let bytes: Vec<&[u8]> = texts.iter().map(|text| text.unwrap_or_default().as_bytes()).collect();
    known(&bytes).into_iter().map(|number| number.unwrap_or(UNKNOWN)).collect()
}

/// What the texts of some rows are known as.
fn numbers(texts: &Texts<'_>, dictionary: &[i32], rows: Range<usize>, known: LookUp<'_>) -> Vec<i32> {
    let Some(codes) = texts.codes else { return known_as(&texts.texts[rows], known) };
    let number = |code: &i32| usize::try_from(*code).ok().and_then(|code| dictionary.get(code).copied());
    codes[rows].iter().map(|code| number(code).unwrap_or(UNKNOWN)).collect()
}

/// What the texts of rows are known as, negative where they are not, and what tells their instants apart.
struct Known<'a> {
    connections: &'a [i32],
    senders: &'a [i32],
    ticks: &'a [i64],
}

/// So many rows are taken together at most: behind one that is not taken, the rest are looked at again.
const TOGETHER: usize = 256;

/// Not an end: one of the texts is not known. No inventory has so many connections.
const NO_END: usize = u32::MAX as usize;

/// Takes rows whose bytes are all numbers; `take_row` takes one on its own.
fn take_rows(
    worker: &mut Worker<'_>,
    known: &Known<'_>,
    bytes: &[u64],
    ends: &mut Vec<EndIndex>,
    start: &dyn Fn(usize) -> Result<Timestamp, Invalid>,
    take_row: &mut dyn FnMut(&mut Worker<'_>, usize) -> Result<()>,
) -> Result<()> {
    let all_known = find_ends(known, ends);
    let mut row = 0;
    // Run by run of one instant.
    for run in known.ticks.chunk_by(|a, b| a == b) {
        let end = row + run.len();
        while row < end {
            let some = row..end.min(row + TOGETHER);
            let taken = match start(row) {
                Ok(timestamp) => {
                    let ends = &ends[some.clone()];
                    let unknown = || ends.iter().position(|end| end.index() == NO_END);
                    let known = if all_known { None } else { unknown() }.unwrap_or(ends.len());
                    worker.take_plain(timestamp, &ends[..known], &bytes[row..row + known])
                }
                Err(_) => 0,
            };
            worker.found.lines += taken as u64;
            row += taken;
            if taken < some.len() {
                take_row(worker, row)?;
                row += 1;
            }
        }
    }
    Ok(())
}

/// Finds the ends of rows; returns whether all are known.
fn find_ends(known: &Known<'_>, ends: &mut Vec<EndIndex>) -> bool {
    let end = |(&connection, &sender): (&i32, &i32)| {
        let is_known = connection | sender >= 0;
        // As `EndIndex::new`, without a branch.
        let index = (connection as u32) << 1 | sender as u32;
        EndIndex::from_index(if is_known { index as usize } else { NO_END })
    };
    let rows = || known.connections.iter().zip(known.senders);
    ends.clear();
    ends.extend(rows().map(end));
    rows().fold(0, |all, (connection, sender)| all | connection | sender) >= 0
}

/// Takes a row of a file on its own.
#[cfg(feature = "parquet")]
fn take_row(worker: &mut Worker<'_>, rows: &Rows<'_>, row: usize) -> Result<()> {
    let inventory = worker.plan.inventory;
    let id_of = |connection: usize| &*inventory.connection(connection).id;
    let line = worker.found.lines + 1;
    rows.observe(row, line, id_of, |sender| Sender::ALL[sender], |observation| worker.accept(&observation))?;
    worker.found.lines += 1;
    Ok(())
}

#[cfg(test)]
mod batch_tests {
    use crate::{
        MeterSettings, TrafficSource,
        error::{Error, ErrorKind, Result},
        inventory,
        meter::{Metered, Refused, meter},
        read::{Amounts, HeldRows, Starts, Texts, TrafficBatch, source::Content},
    };

    const IDS: [&str; 4] = ["pcc-1", "pcc-2", "pcc-9", ""];
    const SENDERS: [&str; 3] = ["requester", "accepter", "Accepter"];
    const HOUR: i64 = 1_791_169_200;

    /// A row as it is counted: second, place of the id, of the sender, bytes.
    type Row = (i64, usize, usize, u64);

    /// More rows than are looked up at once, out of order, some twice, some of what is not known.
    fn rows() -> Vec<Row> {
        let row = |n: usize| {
            let second = HOUR + (n as i64 * 7919) % 40_000_000 - 20_000_000;
            let rare = |every: usize, rare: usize, plain: usize| if n % every == 5 { rare } else { plain };
            (second, rare(601, 2 + n % 2, n % 2), rare(701, 2, n / 2 % 2), n as u64 * 1_000_003)
        };
        (0..9000).map(row).chain([row(17), row(18)]).collect()
    }

    fn as_csv(rows: &[Row]) -> TrafficSource {
        let mut text = String::from("timestamp,connection_id,sender,bytes\n");
        for (second, id, sender, bytes) in rows {
            text += &format!("{second},{},{},{bytes}\n", IDS[*id], SENDERS[*sender]);
        }
        TrafficSource::from_bytes("rows", text)
    }

    /// The same rows in two batches, by ids of a dictionary or each with its own.
    fn as_batches(rows: Vec<Row>, coded: bool, whole: bool) -> TrafficSource {
        TrafficSource::from_batches("rows", move |each| {
            let (first, second) = rows.split_at(rows.len() / 3);
            for rows in [first, second] {
                let ticks: Vec<i64> = rows.iter().map(|row| row.0 * 1000).collect();
                let codes: Vec<i32> = rows.iter().map(|row| row.1 as i32).collect();
                let dictionary = IDS.map(Some);
                let own: Vec<Option<&str>> = rows.iter().map(|row| Some(IDS[row.1])).collect();
                let senders: Vec<Option<&str>> = rows.iter().map(|row| Some(SENDERS[row.2])).collect();
                let bytes: Vec<u64> = rows.iter().map(|row| row.3).collect();
                let any: Vec<Option<i128>> = bytes.iter().map(|&bytes| Some(bytes.into())).collect();
                each(&TrafficBatch {
                    starts: Starts::Ticks { ticks: &ticks, per_second: 1000, utc: true, nulls: None },
                    connections: match coded {
                        true => Texts { texts: &dictionary, codes: Some(&codes) },
                        false => Texts { texts: &own, codes: None },
                    },
                    senders: Texts { texts: &senders, codes: None },
                    bytes: if whole { Amounts::Whole(&bytes) } else { Amounts::Any(&any) },
                })?;
            }
            Ok(())
        })
    }

    const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
        pcc-1,1,cn-beijing,2,cn-shanghai,Gold\npcc-2,1,cn-beijing,2,cn-beijing,\n";

    /// What rows are shown to.
    type Each<'a> = &'a mut dyn FnMut(&TrafficBatch<'_>) -> Result<()>;

    fn metered(source: TrafficSource) -> Metered {
        metered_by(source, 1)
    }

    fn metered_by(source: TrafficSource, threads: usize) -> Metered {
        let mut settings = MeterSettings::new("2026-10".parse().unwrap());
        (settings.refused, settings.threads) = (Refused::Count, threads);
        meter(&[source], inventory(CONNECTIONS, None).unwrap(), &settings).unwrap()
    }

    /// The same rows in parts of this size.
    fn in_parts(rows: &[Row], size: usize) -> TrafficSource {
        let parts: Vec<Vec<Row>> = rows.chunks(size).map(<[Row]>::to_vec).collect();
        TrafficSource::from_parts("rows", move || {
            let part = |rows| {
                let rows = as_batches(rows, false, true);
                let Content::Parts(open) = rows.content() else { unreachable!() };
                open().map(|mut parts| parts.next().unwrap().unwrap())
            };
            Ok(Box::new(parts.clone().into_iter().map(part)))
        })
    }

    #[test]
    fn r17_parts_are_metered_in_their_order_whichever_worker_takes_them() {
        let expected = metered(as_csv(&rows()));
        for size in [13, 100, 4096, 9002] {
            for threads in [1, 3, 8] {
                let own = metered_by(in_parts(&rows(), size), threads);
                assert_eq!(own.totals(), expected.totals(), "{size} {threads}");
                assert_eq!(own.digest().unwrap(), expected.digest().unwrap(), "{size} {threads}");
                assert_eq!(own.refused_by_code(), expected.refused_by_code(), "{size} {threads}");
                let rows = |own: &Metered| {
                    own.causes().iter().map(|cause| cause.line.map(|line| line - 1)).collect::<Vec<_>>()
                };
                // Behind a header.
                let lines: Vec<_> =
                    expected.causes().iter().map(|cause| cause.line.map(|line| line - 2)).collect();
                assert_eq!(rows(&own), lines, "{size} {threads}");
            }
        }
    }

    #[test]
    fn a_part_that_cannot_be_had_is_the_error_of_its_place() {
        let source = || {
            TrafficSource::from_parts("rows", || {
                let bad = |why: &str| Err(Error::unusable(ErrorKind::Input, "rows", why));
                let part = move |n| {
                    if n == 3 { bad("is gone") } else { Ok(Box::new(|_: Each<'_>| Ok(())) as HeldRows) }
                };
                Ok(Box::new((0..1000).map(part)))
            })
        };
        for _ in 0..20 {
            let settings = MeterSettings { threads: 4, ..MeterSettings::new("2026-10".parse().unwrap()) };
            let error = meter(&[source()], inventory(CONNECTIONS, None).unwrap(), &settings).unwrap_err();
            assert_eq!(error.to_string(), "rows: is gone");
        }
    }

    #[test]
    fn r14_batches_are_metered_as_their_csv() {
        let expected = metered(as_csv(&rows()));
        assert!(expected.totals().refused.records > 4 && expected.totals().free.records > 100);
        for (coded, whole) in [(true, true), (true, false), (false, true), (false, false)] {
            let own = metered(as_batches(rows(), coded, whole));
            assert_eq!(own.totals(), expected.totals(), "{coded} {whole}");
            assert_eq!(own.digest().unwrap(), expected.digest().unwrap(), "{coded} {whole}");
            assert_eq!(own.refused_by_code(), expected.refused_by_code(), "{coded} {whole}");
        }
    }

    #[test]
    fn r15_what_is_wrong_with_a_batch_names_its_row() {
        let source = |starts: fn() -> Starts<'static>| {
            TrafficSource::from_batches("rows", move |each| {
                each(&TrafficBatch {
                    starts: starts(),
                    connections: Texts { texts: &[Some("pcc-1"), None], codes: None },
                    senders: Texts { texts: &[Some("accepter")], codes: Some(&[0, 0]) },
                    bytes: Amounts::Any(&[Some(-1), Some(1 << 64)]),
                })
            })
        };
        let why = |starts| {
            let causes = metered(source(starts)).causes();
            causes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            why(|| Starts::Epochs(&[Some(HOUR), Some(7)])),
            [
                "rows:1: bytes -1: bytes cannot be negative",
                "rows:2: timestamp \"7\": an epoch has 10 digits (seconds) or 13 (milliseconds); connection_id is null; \
                 bytes 18446744073709551616: one record holds at most 2^64-1",
            ]
        );
        let naive =
            || Starts::Ticks { ticks: &[HOUR, HOUR], per_second: 1, utc: false, nulls: Some(&[false, true]) };
        let naive = why(naive);
        assert!(naive[0].contains("timestamp has times without a zone"), "{naive:?}");
        assert!(naive[1].contains("timestamp is null"), "{naive:?}");
        let uneven = source(|| Starts::Epochs(&[Some(HOUR)]));
        let connections = inventory(
            "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region\npcc-1,1,cn-beijing,2,cn-shanghai\n",
            None,
        );
        let settings = MeterSettings::new("2026-10".parse().unwrap());
        let error = meter(&[uneven], connections.unwrap(), &settings).unwrap_err();
        assert_eq!(error.to_string(), "rows: has columns of different lengths");
    }
}
