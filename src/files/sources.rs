//! The traffic, the connections and the prices that paths name, each input read as what it is.

use super::{
    Inputs, TOTALS,
    file::{Input, OpenFiles},
    store::Location,
};
use crate::{
    catalog::{Catalog, CatalogSource, SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped_overlay},
    error::{Error, ErrorKind, Result},
    meter::{ArchivedTotals, Archives},
    model::{
        did_you_mean,
        inventory::Inventory,
        time::{ClockOffset, Hour},
        usage::Sender,
    },
    read::{
        CloudMonitor, Document, InventorySettings, LinkTypesBefore, ReadAt, RegionCheck, TrafficColumns,
        TrafficSource,
        cloudmonitor::{DatapointColumns, sender_of_metric},
        read_inventory,
        terraform::StatedRequesters,
    },
};
use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

/// Where traffic and connections stand, and what is stated about them: texts as on a command line.
#[derive(Debug, Clone, Default)]
pub struct TrafficPaths {
    /// Traffic in the native shape.
    pub usage: Vec<String>,
    /// Datapoints of CloudMonitor, as `METRIC=PATH`.
    pub cloudmonitor: Vec<String>,
    /// VPC flow logs.
    pub flow_logs: Vec<String>,
    /// Hours that were metered before.
    pub metered: Vec<String>,
    /// Connections.
    pub connections: Vec<String>,
    /// Link changes.
    pub link_changes: Vec<String>,
    /// How datapoints are read; where their clocks stood is told by `naive_offset`.
    pub datapoints: CloudMonitor,
    /// What native traffic calls its columns.
    pub columns: TrafficColumns,
    /// Where the clocks stood of times without a zone.
    pub naive_offset: Option<String>,
    /// The accounts of requesters, as `[KEY=]ID`.
    pub requester_account: Vec<String>,
    /// The regions of requesters, as `[KEY=]REGION`.
    pub requester_region: Vec<String>,
    /// Link types before the first change that is known, as `[ID=]TYPE`.
    pub link_type_before: Vec<String>,
}

/// Where the traffic of a counterpart stands.
#[derive(Debug, Clone, Default)]
pub struct CounterpartPaths {
    /// Traffic in the native shape.
    pub usage: Vec<String>,
    /// Datapoints of CloudMonitor, as `METRIC=PATH`.
    pub cloudmonitor: Vec<String>,
    /// VPC flow logs.
    pub flow_logs: Vec<String>,
}

/// Which prices to use.
#[derive(Debug, Clone, Default)]
pub struct PricePaths {
    /// A shipped catalog, or a folder of the same shape.
    pub catalog: Option<String>,
    /// Price rows laid over it, each a shipped overlay or a file.
    pub prices: Vec<String>,
    /// An account's own terms.
    pub contract: Option<String>,
}

impl TrafficPaths {
    fn naive_offset(&self) -> Result<Option<ClockOffset>> {
        Ok(self.naive_offset.as_deref().map(str::parse).transpose()?)
    }

    /// What is stated beside paths, by name: a report shows it. `encoding` is the label that was stated.
    pub fn told(&self, encoding: Option<&str>) -> Vec<(String, String)> {
        let mut told = self.told_of_datapoints();
        if !self.flow_logs.is_empty() {
            let which =
                "what leaves a VPC, is accepted and has traffic_path 17; the end of an entry is exclusive";
            told.push(("flow-logs".into(), which.into()));
        }
        told.extend(encoding.map(|label| ("encoding".into(), label.to_lowercase())));
        told.extend(self.naive_offset.iter().map(|offset| ("naive-offset".into(), offset.clone())));
        for (name, values) in [
            ("requester-account", &self.requester_account),
            ("requester-region", &self.requester_region),
            ("link-type-before", &self.link_type_before),
        ] {
            let mut values = values.clone();
            values.sort();
            told.extend((!values.is_empty()).then(|| (name.to_owned(), values.join(", "))));
        }
        told
    }

    /// What the provider leaves open about datapoints of CloudMonitor, where there are some.
    fn told_of_datapoints(&self) -> Vec<(String, String)> {
        if self.cloudmonitor.is_empty() {
            return Vec::new();
        }
        let CloudMonitor { statistic, unit, mark, period_seconds, columns, naive_offset: _ } =
            &self.datapoints;
        let mut told = vec![
            ("statistic", statistic.as_str().to_owned()),
            ("unit", unit.as_str().to_owned()),
            ("timestamp", mark.as_str().to_owned()),
        ];
        told.extend(period_seconds.map(|seconds| ("period", seconds.to_string())));
        if self.cloudmonitor.iter().any(|argument| argument.starts_with("IntranetTX=")) {
            told.push(("IntranetTX", "what the accepter sends; the name is assumed".to_owned()));
        }
        if *columns != DatapointColumns::default() {
            let value = columns.value.as_deref().unwrap_or(statistic.as_str());
            told.push(("columns", [&columns.timestamp, &columns.instance_id, value].join(", ")));
        }
        told.into_iter().map(|(name, value)| (format!("cloudmonitor.{name}"), value)).collect()
    }
}

/// How far traffic is read: counters that whoever waits may look at, and the means to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    size: AtomicU64,
    read: AtomicU64,
    records: Arc<AtomicU64>,
    stopped: AtomicBool,
}

impl Progress {
    /// The bytes of all inputs of traffic that were found so far, as they are stored.
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }

    /// How many of them were read; what is read again counts again.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// How many records were read, likewise.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Stops the reading: it fails soon.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) -> io::Result<usize> {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        match self.is_stopped() {
            true => Err(io::Error::other("its reading was stopped")),
            false => Ok(bytes),
        }
    }
}

/// What an input holds.
enum Kind {
    /// Records of traffic, in the columns that are native here.
    Native,
    /// Datapoints of what this end sent.
    Datapoints(Sender),
    FlowLog,
    /// Hours that were metered before.
    Hours,
}

/// The traffic that paths name.
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where a path names no file, [`Usage`](ErrorKind::Usage) where what is stated makes no
/// sense.
pub fn find(
    paths: &TrafficPaths,
    inputs: &mut Inputs,
    progress: &Arc<Progress>,
) -> Result<Vec<TrafficSource>> {
    let mut found = Vec::new();
    found.extend(inputs.find("usage", &paths.usage)?.into_iter().map(|input| (input, Kind::Native)));
    let datapoints = find_metrics("cloudmonitor", &paths.cloudmonitor, inputs)?.into_iter();
    found.extend(datapoints.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    found.extend(inputs.find("flow-logs", &paths.flow_logs)?.into_iter().map(|input| (input, Kind::FlowLog)));
    found.extend(inputs.find("metered", &paths.metered)?.into_iter().map(|input| (input, Kind::Hours)));
    as_sources(paths, found, progress)
}

/// The traffic of the counterpart, which is read by the settings of this side.
pub(super) fn find_counterpart(
    paths: &TrafficPaths,
    counterpart: &CounterpartPaths,
    inputs: &mut Inputs,
    progress: &Arc<Progress>,
) -> Result<Vec<TrafficSource>> {
    let native = inputs.find("counterpart-usage", &counterpart.usage)?;
    let mut found: Vec<(Input, Kind)> = native.into_iter().map(|input| (input, Kind::Native)).collect();
    let datapoints = find_metrics("counterpart-cloudmonitor", &counterpart.cloudmonitor, inputs)?.into_iter();
    found.extend(datapoints.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    let entries = inputs.find("counterpart-flow-logs", &counterpart.flow_logs)?;
    found.extend(entries.into_iter().map(|input| (input, Kind::FlowLog)));
    as_sources(paths, found, progress)
}

fn as_sources(
    paths: &TrafficPaths,
    found: Vec<(Input, Kind)>,
    progress: &Arc<Progress>,
) -> Result<Vec<TrafficSource>> {
    let naive_offset = paths.naive_offset()?;
    let datapoints = CloudMonitor { naive_offset, ..paths.datapoints.clone() };
    let (files, kinds): (Vec<Input>, Vec<Kind>) = found.into_iter().unzip();
    let sources = opened(files, progress).zip(kinds).map(|(source, kind)| match kind {
        Kind::Native => source.with_columns(&paths.columns).with_naive_offset(naive_offset),
        Kind::Datapoints(sender) => source.as_cloudmonitor(sender, &datapoints),
        Kind::FlowLog => source.as_flow_log(),
        Kind::Hours => source.as_metered().with_naive_offset(naive_offset),
    });
    Ok(sources.collect())
}

/// The archives of metered hours that an argument of this role names.
///
/// # Errors
///
/// As [`find`].
pub fn find_archives(
    role: &'static str,
    archives: &[String],
    paths: &TrafficPaths,
    inputs: &mut Inputs,
) -> Result<Vec<TrafficSource>> {
    let naive_offset = paths.naive_offset()?;
    let sources = opened(inputs.find(role, archives)?, &Arc::default());
    Ok(sources.map(|source| source.as_metered().with_naive_offset(naive_offset)).collect())
}

/// What the archives among the sources tell of the records that they were made of, within them or beside them.
pub(super) fn archives(
    role: &'static str,
    sources: &[TrafficSource],
    inventory: &Arc<Inventory>,
    threads: usize,
    inputs: &mut Inputs,
) -> Result<Archives> {
    let mut archives = Archives::default();
    for source in sources.iter().filter(|source| source.is_metered()) {
        let beside = totals_beside(Path::new(source.name())).to_string_lossy().into_owned();
        let document = match source.archived_totals()? {
            None if inputs.is_there(&beside)? => Some(inputs.one_document(role, &beside)?),
            within => within,
        };
        let totals =
            document.map(|document| ArchivedTotals::read(&document)?.check(source, inventory, threads));
        archives.add(totals.transpose()?);
    }
    Ok(archives)
}

/// Where the control totals of an archive stand that is no Parquet: beside it.
pub fn totals_beside(archive: &Path) -> PathBuf {
    let has = |path: &Path, extensions: &[&str]| {
        let own = path.extension().and_then(|own| own.to_str()).map(str::to_ascii_lowercase);
        own.is_some_and(|own| extensions.contains(&&*own))
    };
    let mut name = archive.to_owned();
    if has(&name, &["gz", "zst"]) {
        name.set_extension("");
    }
    if has(&name, &["csv"]) {
        name.set_extension("");
    }
    name.as_mut_os_string().push(TOTALS);
    name
}

/// The inputs that `METRIC=PATH` arguments name, with the end that sent what they count.
fn find_metrics(
    setting: &'static str,
    arguments: &[String],
    inputs: &mut Inputs,
) -> Result<Vec<(Input, Sender)>> {
    let mut paths: BTreeMap<Sender, Vec<String>> = BTreeMap::new();
    for argument in arguments {
        let (sender, path) = sender_and_path(setting, argument)?;
        paths.entry(sender).or_default().push(path);
    }
    let mut found: Vec<(Input, Sender)> = Vec::new();
    for (sender, paths) in paths {
        for input in inputs.find(setting, &paths)? {
            if found.iter().any(|(other, _)| other.name == input.name) {
                let why = format!("{}: this input is given as inbound and as outbound traffic", input.name);
                return Err(Error::setting(setting, why));
            }
            found.push((input, sender));
        }
    }
    Ok(found)
}

fn sender_and_path(setting: &'static str, argument: &str) -> Result<(Sender, String)> {
    let refused = |why: &str| Error::setting(setting, format!("{argument}: {why}"));
    let Some((metric, path)) = argument.split_once('=') else {
        return Err(refused("write it as METRIC=PATH, such as IntranetRX=rx.json"));
    };
    let sender = sender_of_metric(metric).map_err(|why| refused(why.message()))?;
    Ok((sender, path.to_owned()))
}

/// Connections and link changes as they were given.
#[derive(Debug, Clone)]
pub struct Documents {
    /// What holds connections.
    pub connections: Vec<Document>,
    /// What holds link changes; `None` where they were not given.
    pub changes: Option<Vec<Document>>,
    /// Whether they may hold no connection at all: where they are looked at, and nothing is billed.
    pub may_be_empty: bool,
    /// So many threads at most read them.
    pub threads: usize,
}

impl Documents {
    /// Reads them whole.
    ///
    /// # Errors
    ///
    /// As [`Inputs::documents`].
    pub fn find(paths: &TrafficPaths, inputs: &mut Inputs) -> Result<Self> {
        let connections = inputs.documents("connections", &paths.connections)?;
        let changes = match paths.link_changes.as_slice() {
            [] => None,
            paths => Some(inputs.documents("link-changes", paths)?),
        };
        Ok(Self { connections, changes, may_be_empty: false, threads: 1 })
    }

    /// The connections alone.
    #[must_use]
    pub fn without_changes(&self) -> Self {
        Self { connections: self.connections.clone(), changes: None, ..*self }
    }

    /// The connections with their link changes, good from the first hour that is billed, where that is known.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where what is stated makes no sense; otherwise as [`read_inventory`].
    pub fn inventory(
        &self,
        paths: &TrafficPaths,
        check_region: RegionCheck<'_>,
        billed_from: Option<Hour>,
    ) -> Result<Inventory> {
        let requesters = StatedRequesters::parse(&paths.requester_account, &paths.requester_region)?;
        let link_types_before = LinkTypesBefore::parse(paths.link_type_before.iter().map(String::as_str))?;
        let mut settings = InventorySettings::new(check_region).with_requesters(&requesters);
        settings.link_types_before = link_types_before;
        settings.billed_from = billed_from;
        settings.may_be_empty = self.may_be_empty;
        settings.threads = self.threads;
        read_inventory(&self.connections, self.changes.as_deref(), &settings)
    }
}

/// The catalog with its overlays and contract.
///
/// # Errors
///
/// [`Usage`](ErrorKind::Usage) where no catalog is named; [`Catalog`](ErrorKind::Catalog) and [`Input`](ErrorKind::Input)
/// where one of them cannot be found or read, or is bad.
pub fn load(paths: &PricePaths, inputs: &mut Inputs) -> Result<Catalog> {
    let Some(name) = &paths.catalog else {
        let why = format!("is needed: {}, or a folder; it decides the currency", SHIPPED_CATALOGS.join(", "));
        return Err(Error::setting("catalog", why));
    };
    let mut catalog = load_catalog(name, inputs)?;
    for overlay in &paths.prices {
        let prices = load_overlay(overlay, inputs)?;
        // A report names no input file (R17).
        let name = if shipped_overlay(overlay).is_some() { overlay } else { "(a file)" };
        catalog = catalog.with_prices(name, &prices)?;
    }
    if let Some(contract) = &paths.contract {
        for document in inputs.documents("contract", std::slice::from_ref(contract))? {
            catalog = catalog.with_contract(&document)?;
        }
    }
    Ok(catalog)
}

/// A shipped catalog, or one from a folder.
///
/// # Errors
///
/// As [`load`].
pub fn load_catalog(name: &str, inputs: &mut Inputs) -> Result<Catalog> {
    if SHIPPED_CATALOGS.contains(&name) {
        return Catalog::shipped(name);
    }
    if Location::of(name).is_some() {
        let why = "is in a store, and a catalog is a folder of this machine: copy it here";
        return Err(Error::unusable(ErrorKind::Catalog, name, why));
    }
    let folder = Path::new(name);
    if !folder.is_dir() {
        return Err(Error::unusable(
            ErrorKind::Catalog,
            name,
            format!(
                "is neither a shipped catalog ({}) nor a folder{}",
                SHIPPED_CATALOGS.join(", "),
                did_you_mean(name, SHIPPED_CATALOGS)
            ),
        ));
    }
    let mut read = |file: &str| -> Result<Document> {
        let path = folder.join(file).to_string_lossy().into_owned();
        let mut documents = inputs.documents("catalog", &[path])?;
        documents.pop().ok_or_else(|| Error::internal("a file was not read"))
    };
    let settings = read("catalog.toml")?;
    let prices = read("prices.csv")?;
    let regions = if folder.join("regions.csv").exists() { Some(read("regions.csv")?) } else { None };
    Catalog::read(&CatalogSource { settings, prices, regions })
}

fn load_overlay(name: &str, inputs: &mut Inputs) -> Result<Document> {
    if let Some(overlay) = shipped_overlay(name) {
        return Ok(overlay);
    }
    let path = Path::new(name);
    if Location::of(name).is_none() && !path.exists() {
        return Err(Error::unusable(
            ErrorKind::Catalog,
            name,
            format!(
                "is neither a shipped overlay ({}) nor a file{}",
                SHIPPED_OVERLAYS.join(", "),
                did_you_mean(name, SHIPPED_OVERLAYS)
            ),
        ));
    }
    let mut documents = inputs.documents("prices", &[name.to_owned()])?;
    match documents.len() {
        1 => documents.pop().ok_or_else(|| Error::internal("a file was not read")),
        _ => Err(Error::setting("prices", format!("{name}: name one file at a time"))),
    }
}
/// Inputs as sources of traffic, which are read piece by piece.
fn opened(inputs: Vec<Input>, progress: &Arc<Progress>) -> impl Iterator<Item = TrafficSource> + use<> {
    let size = inputs.iter().map(Input::stored_size).sum();
    progress.size.fetch_add(size, Ordering::Relaxed);
    let (files, progress) = (Arc::new(OpenFiles::default()), progress.clone());
    inputs.into_iter().enumerate().map(move |(number, input)| {
        let records = progress.records.clone();
        traffic_source(input, number, &files, progress.clone()).counted_by(records)
    })
}

fn traffic_source(
    input: Input,
    number: usize,
    files: &Arc<OpenFiles>,
    progress: Arc<Progress>,
) -> TrafficSource {
    let name = input.name.clone();
    match input.is_plain() {
        Ok(true) => {
            TrafficSource::from_blocks(&name, FileBlocks { input, number, files: files.clone(), progress })
        }
        // What cannot be opened says so when it is read.
        _ => TrafficSource::from_stream(&name, move || {
            let watched = |stored| -> Box<dyn Read + Send> { Box::new(Watched(stored, progress.clone())) };
            Ok(Box::new(ReadAhead::new(input.plain(watched)?)))
        }),
    }
}

/// A file that is read as it is stored, which several threads may read at once.
struct FileBlocks {
    input: Input,
    /// Among all inputs of traffic.
    number: usize,
    files: Arc<OpenFiles>,
    progress: Arc<Progress>,
}

impl ReadAt for FileBlocks {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.progress.add(self.files.read_at(self.number, &self.input, buffer, offset)?)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.input.stored_size())
    }
}

/// Counts what is read.
struct Watched<R>(R, Arc<Progress>);

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.add(self.0.read(buffer)?)
    }
}

const BLOCK: usize = 256 << 10;
/// Blocks that wait to be taken.
const WAITING: usize = 4;

/// What another thread reads once more than a first block is wanted; that thread ends with the input, with an error, or
/// when nobody reads on.
struct ReadAhead {
    blocks: Blocks,
    block: Vec<u8>,
    taken: usize,
}

enum Blocks {
    /// Not begun: many a reader does not go beyond the first block, which needs no thread. Or no thread can be had.
    First(Box<dyn Read + Send>),
    Further(Box<dyn Read + Send>),
    Coming(Receiver<io::Result<Vec<u8>>>),
    Ended,
}

impl ReadAhead {
    /// Reads `input` ahead.
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self { blocks: Blocks::First(input), block: Vec::new(), taken: 0 }
    }

    /// The next block; an empty one at the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let blocks = match std::mem::replace(&mut self.blocks, Blocks::Ended) {
            Blocks::First(mut input) => {
                let mut block = vec![0; BLOCK];
                let count = loop {
                    match input.read(&mut block) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        read => break read?,
                    }
                };
                block.truncate(count);
                // What has ended is not read again, as a terminal or a file that grows might go on.
                if count > 0 {
                    self.blocks = Blocks::Further(input);
                }
                return Ok(block);
            }
            Blocks::Further(input) => match read_ahead(input) {
                Ok(blocks) => blocks,
                // Without a thread it is read block by block as well.
                Err(input) => {
                    self.blocks = Blocks::First(input);
                    return self.next();
                }
            },
            Blocks::Coming(blocks) => blocks,
            Blocks::Ended => return Ok(Vec::new()),
        };
        // Its thread says so where it comes to the end.
        let gone = || io::Error::other("it could not be read to its end");
        let block = blocks.recv().map_err(|_| gone())??;
        if !block.is_empty() {
            self.blocks = Blocks::Coming(blocks);
        }
        Ok(block)
    }
}

/// The blocks of `input`, and an empty one at its end; `input` itself where there is no thread to read it.
fn read_ahead(input: Box<dyn Read + Send>) -> Result<Receiver<io::Result<Vec<u8>>>, Box<dyn Read + Send>> {
    let (sender, blocks) = sync_channel(WAITING);
    // It is handed on once the thread is there: one that does not start would take it along.
    let (hand, handed) = sync_channel::<Box<dyn Read + Send>>(1);
    let read = move || {
        let Ok(mut input) = handed.recv() else { return };
        loop {
            let mut block = Vec::with_capacity(BLOCK);
            let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
            let ended = !matches!(read, Ok(count) if count > 0);
            // What was read before an error comes first.
            let sent = (read.is_err() && block.is_empty()) || sender.send(Ok(block)).is_ok();
            let went_on = read.map_or_else(|error| sender.send(Err(error)).is_ok(), |_| true);
            if ended || !sent || !went_on {
                return;
            }
        }
    };
    match thread::Builder::new().spawn(read) {
        Ok(_) => hand.send(input).map(|()| blocks).map_err(|unsent| unsent.0),
        Err(_) => Err(input),
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            (self.block, self.taken) = (self.next()?, 0);
        }
        let rest = &self.block[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod ahead_tests {
    use super::*;

    /// Gives some bytes, then fails.
    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buffer.len());
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(count) }
        }
    }

    #[test]
    fn all_bytes_come_in_order_and_then_the_end() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 5).map(|index| (index % 251) as u8).collect();
        let mut read = Vec::new();
        ReadAhead::new(Box::new(io::Cursor::new(bytes.clone()))).read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn a_reading_that_is_stopped_fails_whatever_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_string_lossy().into_owned()
        };
        let row = b"timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,7\n";
        let zipped = zstd::encode_all(&row[..], 1).unwrap();
        for path in [written("usage.csv", row), written("usage.csv.zst", &zipped)] {
            let paths = TrafficPaths { usage: vec![path], ..TrafficPaths::default() };
            let (mut inputs, progress) = (Inputs::default(), Arc::<Progress>::default());
            let sources = find(&paths, &mut inputs, &progress).unwrap();
            assert!(sources[0].format_name().is_ok() && progress.size() > 0 && progress.read() > 0);
            progress.stop();
            let error = sources[0].format_name().unwrap_err();
            assert!(error.to_string().ends_with("its reading was stopped"), "{error}");
        }
    }

    #[test]
    fn an_interruption_is_no_end_and_an_end_is_one_for_good() {
        /// Is interrupted, and goes on after it has ended.
        struct Odd(Vec<io::Result<usize>>);
        impl Read for Odd {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                self.0.pop().unwrap_or(Ok(7))
            }
        }
        let mut odd = ReadAhead::new(Box::new(Odd(vec![Ok(0), Err(io::ErrorKind::Interrupted.into())])));
        let mut buffer = [0; 9];
        assert_eq!([(); 3].map(|()| odd.read(&mut buffer).unwrap()), [0; 3]);
        let mut odd = ReadAhead::new(Box::new(Odd(vec![Ok(5), Err(io::ErrorKind::Interrupted.into())])));
        assert_eq!(odd.read(&mut buffer).unwrap(), 5);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        let mut read = Vec::new();
        let failing = Box::new(Failing(2 * BLOCK + 7));
        let error = ReadAhead::new(failing).read_to_end(&mut read).unwrap_err();
        assert_eq!((read.len(), error.kind()), (2 * BLOCK + 7, io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn an_input_whose_reader_panics_has_not_ended() {
        struct Panicking(bool);
        impl Read for Panicking {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                assert!(!std::mem::replace(&mut self.0, true), "no second read");
                Ok(1)
            }
        }
        assert!(ReadAhead::new(Box::new(Panicking(false))).read_to_end(&mut Vec::new()).is_err());
    }
}
