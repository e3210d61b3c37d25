//! What verbs share that read traffic: its sources and connections, and what becomes of refused records.

use crate::{
    args::{DuplicatesArg, LinesArgs, TrafficArgs},
    input::{Input, Inputs, traffic_sources},
    metrics,
    output::say,
};
use indicatif::ProgressBar;
use peerbill::{
    Error, Result,
    meter::{Duplicates, MeterSettings, Metered, Refused, meter},
    model::{
        inventory::Inventory,
        time::{BillingMonth, ClockOffset, Hour, Offset},
        usage::Sender,
    },
    read::{
        CloudMonitor, Document, InventorySettings, LinkTypesBefore, RegionCheck, TrafficSource,
        read_inventory, terraform::StatedRequesters,
    },
    report::{Grouping, ReportOptions},
    write,
};
use std::path::{Path, PathBuf};

/// Refuses what can be seen before anything is read; `others` are further inputs of the verb.
pub fn check<'a>(args: &'a TrafficArgs, others: impl Iterator<Item = &'a String>) -> Result<()> {
    let no_native = args.usage.is_empty() && args.metered.is_empty();
    if no_native && args.metrics.cloudmonitor.is_empty() && args.flow_logs.is_empty() {
        let others = "--cloudmonitor METRIC=PATH, --flow-logs PATH or --metered PATH";
        return Err(Error::usage(format!("--usage is needed: the traffic to read; or {others}")));
    }
    if args.connections.is_empty() {
        return Err(Error::usage("--connections is needed: without it no record can be attributed"));
    }
    refuse_two_readers_of_stdin(args.paths().chain(others.map(String::as_str)))
}

/// Standard input can be read once.
pub fn refuse_two_readers_of_stdin<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    if paths.filter(|path| *path == "-").count() > 1 {
        return Err(Error::usage("- stands for standard input, which can be read only once"));
    }
    Ok(())
}

/// Connections and link changes as they were given.
pub struct Documents {
    pub connections: Vec<Document>,
    pub changes: Option<Vec<Document>>,
}

impl Documents {
    /// Reads them whole.
    pub fn find(args: &TrafficArgs, inputs: &mut Inputs) -> Result<Self> {
        let connections = inputs.documents("connections", &args.connections)?;
        let changes = match args.link_changes.as_slice() {
            [] => None,
            paths => Some(inputs.documents("link-changes", paths)?),
        };
        Ok(Self { connections, changes })
    }

    /// The connections alone.
    pub fn without_changes(&self) -> Self {
        Self { connections: self.connections.clone(), changes: None }
    }

    /// The connections with their link changes, good from the first hour that is billed, where that is known.
    pub fn inventory(
        &self,
        args: &TrafficArgs,
        check_region: RegionCheck<'_>,
        billed_from: Option<Hour>,
    ) -> Result<Inventory> {
        let requesters = StatedRequesters::parse(&args.requester_account, &args.requester_region)?;
        let link_types_before = LinkTypesBefore::parse(args.link_type_before.iter().map(String::as_str))?;
        let mut settings = InventorySettings::new(check_region).with_requesters(&requesters);
        settings.link_types_before = link_types_before;
        settings.billed_from = billed_from;
        read_inventory(&self.connections, self.changes.as_deref(), &settings)
    }
}

/// The traffic, and the bar that shows how far it is read.
pub fn sources(args: &TrafficArgs, inputs: &mut Inputs) -> Result<(Vec<TrafficSource>, ProgressBar)> {
    let naive_offset = args.naive_offset.as_deref().map(str::parse::<ClockOffset>).transpose()?;
    let datapoints = CloudMonitor { naive_offset, ..args.metrics.settings() };
    let mut found: Vec<(Input, Kind)> = Vec::new();
    found.extend(inputs.find("usage", &args.usage)?.into_iter().map(|input| (input, Kind::Native)));
    let metrics = metrics::find(&args.metrics, inputs)?.into_iter();
    found.extend(metrics.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    found.extend(inputs.find("flow-logs", &args.flow_logs)?.into_iter().map(|input| (input, Kind::FlowLog)));
    found.extend(inputs.find("metered", &args.metered)?.into_iter().map(|input| (input, Kind::Hours)));
    let (files, kinds): (Vec<Input>, Vec<Kind>) = found.into_iter().unzip();
    let (sources, progress) = traffic_sources(files);
    let sources = sources.into_iter().zip(kinds).map(|(source, kind)| match kind {
        Kind::Native => source.with_columns(&args.columns).with_naive_offset(naive_offset),
        Kind::Datapoints(sender) => source.as_cloudmonitor(sender, &datapoints),
        Kind::FlowLog => source.as_flow_log(),
        Kind::Hours => source.as_metered().with_naive_offset(naive_offset),
    });
    Ok((sources.collect(), progress))
}

/// How an input tells of traffic.
enum Kind {
    Native,
    /// Of what this end sent.
    Datapoints(Sender),
    FlowLog,
    /// Metered before.
    Hours,
}

/// What is asked of a report.
pub fn options(
    lines: &LinesArgs,
    traffic: &TrafficArgs,
    settings: Vec<(String, String)>,
) -> Result<ReportOptions> {
    let by = match lines.by.as_slice() {
        [] => None,
        names => Some(Grouping::parse(names.iter().map(String::as_str))?),
    };
    let mut options = ReportOptions::default();
    options.hourly = lines.hourly;
    options.by = by;
    options.account = lines.account.clone();
    options.settings = all_settings(settings, traffic);
    Ok(options)
}

/// What inputs do not tell and is stated, by an argument or in `peerbill.toml`.
const STATED: [&str; 3] = ["requester-account", "requester-region", "link-type-before"];

/// The settings of `peerbill.toml` that were used, and how the inputs are read where that is not known or was stated.
pub fn all_settings(used: Vec<(String, String)>, traffic: &TrafficArgs) -> Vec<(String, String)> {
    let mut told = used;
    told.retain(|(name, _)| !STATED.contains(&name.as_str()));
    told.extend(metrics::told_settings(&traffic.metrics));
    if !traffic.flow_logs.is_empty() {
        let which =
            "what leaves a VPC, is accepted and has traffic_path 17; the end of an entry is exclusive";
        told.push(("flow-logs".into(), which.into()));
    }
    told.extend(traffic.naive_offset.iter().map(|offset| ("naive-offset".into(), offset.clone())));
    let stated = [&traffic.requester_account, &traffic.requester_region, &traffic.link_type_before];
    for (name, values) in STATED.into_iter().zip(stated).filter(|(_, values)| !values.is_empty()) {
        let mut values = values.clone();
        values.sort();
        told.push((name.into(), values.join(", ")));
    }
    told
}

/// What becomes of duplicates.
fn duplicates(args: &TrafficArgs) -> Duplicates {
    match args.duplicates {
        None | Some(DuplicatesArg::Refuse) => Duplicates::Refuse,
        Some(DuplicatesArg::First) => Duplicates::First,
        Some(DuplicatesArg::Sum) => Duplicates::Sum,
    }
}

/// How to meter a month, on all cores.
pub fn meter_settings(
    args: &TrafficArgs,
    month: BillingMonth,
    offset: Offset,
    refused: Refused,
) -> MeterSettings {
    let mut settings = MeterSettings::new(month);
    settings.offset = offset;
    settings.duplicates = duplicates(args);
    settings.refused = refused;
    settings.threads = threads();
    settings
}

/// What becomes of refused records: without a quarantine there is no report (R15).
pub fn refused(quarantine: &Option<PathBuf>) -> Refused {
    if quarantine.is_some() { Refused::Keep } else { Refused::Fail }
}

/// The offset in which months have their edges.
pub fn offset(stated: &Option<String>) -> Result<Offset> {
    Ok(stated.as_deref().map_or(Ok(Offset::CHINA), str::parse)?)
}

/// One thread on each core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads connections and the traffic of a month.
pub fn read(
    args: &TrafficArgs,
    inputs: &mut Inputs,
    outputs: &[(&str, &Option<PathBuf>)],
    settings: MeterSettings,
    check_region: RegionCheck<'_>,
) -> Result<Metered> {
    let documents = Documents::find(args, inputs)?;
    let inventory = documents.inventory(args, check_region, Some(settings.period().start))?;
    drop(documents);
    let (sources, progress) = sources(args, inputs)?;
    check_outputs(outputs, inputs)?;
    let metered = meter(&sources, inventory, &settings);
    progress.finish_and_clear();
    metered
}

/// An output that is also an input would be lost, and so would one of two outputs to one place.
pub fn check_outputs(outputs: &[(&str, &Option<PathBuf>)], inputs: &Inputs) -> Result<()> {
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (flag, path) in outputs.iter().filter_map(|(flag, path)| path.as_deref().map(|path| (*flag, path))) {
        if inputs.holds(path) {
            return Err(Error::usage(format!("{flag} {}: this is one of the inputs", path.display())));
        }
        let place = place_of(path);
        if let Some((other, _)) = places.iter().find(|(_, other)| *other == place) {
            return Err(Error::usage(format!("{other} and {flag} name the same file")));
        }
        places.push((flag, place));
    }
    Ok(())
}

/// Where an output would lie, whether it is there or not.
fn place_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    std::fs::canonicalize(path).unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
}

/// Tells what was refused; true where any of it had a cause.
pub fn tell_quarantined(metered: &Metered, path: &Path) -> bool {
    let faults = metered.inventory().faults();
    for fault in faults {
        say!("peerbill: {}", write::explained(fault));
    }
    if metered.refused_for_cause() > 0 {
        say!(
            "peerbill: {} records were refused and are not billed; they are in {}",
            metered.refused_for_cause(),
            path.display()
        );
    }
    metered.refused_for_cause() > 0 || !faults.is_empty()
}
