//! The traffic that arguments name, each input read as what it is.

use crate::{
    args::{CounterpartArgs, PricingArgs, TrafficArgs},
    input::{Input, Inputs, TOTALS, traffic_sources},
    output::extension,
};
use indicatif::ProgressBar;
use peerbill::{
    Error, ErrorKind, Result,
    catalog::{Catalog, CatalogSource, SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped_overlay},
    meter::{ArchivedTotals, Archives},
    model::{
        did_you_mean,
        inventory::Inventory,
        time::{ClockOffset, Hour},
        usage::Sender,
    },
    read::{
        CloudMonitor, Document, InventorySettings, LinkTypesBefore, RegionCheck, TrafficSource,
        cloudmonitor::sender_of_metric, read_inventory, terraform::StatedRequesters,
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

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

/// The traffic, and the bar that shows how far it is read.
pub fn find(args: &TrafficArgs, inputs: &mut Inputs) -> Result<(Vec<TrafficSource>, ProgressBar)> {
    let found = find_inputs(args, inputs)?;
    as_sources(args, found)
}

/// The traffic of the counterpart, which is read by the settings of this side.
pub fn find_counterpart(
    args: &TrafficArgs,
    counterpart: &CounterpartArgs,
    inputs: &mut Inputs,
) -> Result<(Vec<TrafficSource>, ProgressBar)> {
    let CounterpartArgs { counterpart_usage, counterpart_cloudmonitor, counterpart_flow_logs } = counterpart;
    let native = inputs.find("counterpart-usage", counterpart_usage)?;
    let mut found: Vec<(Input, Kind)> = native.into_iter().map(|input| (input, Kind::Native)).collect();
    let datapoints = find_metrics("counterpart-cloudmonitor", counterpart_cloudmonitor, inputs)?.into_iter();
    found.extend(datapoints.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    let entries = inputs.find("counterpart-flow-logs", counterpart_flow_logs)?;
    found.extend(entries.into_iter().map(|input| (input, Kind::FlowLog)));
    as_sources(args, found)
}

fn as_sources(args: &TrafficArgs, found: Vec<(Input, Kind)>) -> Result<(Vec<TrafficSource>, ProgressBar)> {
    let naive_offset = args.naive_offset.as_deref().map(str::parse::<ClockOffset>).transpose()?;
    let datapoints = CloudMonitor { naive_offset, ..args.metrics.settings() };
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

/// The archives that an argument of this role names.
pub fn find_archives(
    role: &str,
    paths: &[String],
    args: &TrafficArgs,
    inputs: &mut Inputs,
) -> Result<Vec<TrafficSource>> {
    let naive_offset = args.naive_offset.as_deref().map(str::parse::<ClockOffset>).transpose()?;
    let (sources, progress) = traffic_sources(inputs.find(role, paths)?);
    progress.finish_and_clear();
    Ok(sources.into_iter().map(|source| source.as_metered().with_naive_offset(naive_offset)).collect())
}

/// What the archives among the sources tell of the records that they were made of, within them or beside them.
pub fn archives(
    role: &str,
    sources: &[TrafficSource],
    inventory: &Arc<Inventory>,
    threads: usize,
    inputs: &mut Inputs,
) -> Result<Archives> {
    let mut archives = Archives::default();
    for source in sources.iter().filter(|source| source.is_metered()) {
        let beside = totals_beside(Path::new(source.name()));
        let document = match source.archived_totals()? {
            None if beside.is_file() => Some(inputs.one_document(role, &beside.to_string_lossy())?),
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
        let own = extension(path);
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

fn find_inputs(args: &TrafficArgs, inputs: &mut Inputs) -> Result<Vec<(Input, Kind)>> {
    let mut found = Vec::new();
    found.extend(inputs.find("usage", &args.usage)?.into_iter().map(|input| (input, Kind::Native)));
    let datapoints = find_metrics("cloudmonitor", &args.metrics.cloudmonitor, inputs)?.into_iter();
    found.extend(datapoints.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    found.extend(inputs.find("flow-logs", &args.flow_logs)?.into_iter().map(|input| (input, Kind::FlowLog)));
    found.extend(inputs.find("metered", &args.metered)?.into_iter().map(|input| (input, Kind::Hours)));
    Ok(found)
}

/// Connections and link changes as they were given.
pub struct Documents {
    pub connections: Vec<Document>,
    pub changes: Option<Vec<Document>>,
    /// Whether they may hold no connection at all: where they are looked at, and nothing is billed.
    pub may_be_empty: bool,
}

impl Documents {
    /// Reads them whole.
    pub fn find(args: &TrafficArgs, inputs: &mut Inputs) -> Result<Self> {
        let connections = inputs.documents("connections", &args.connections)?;
        let changes = match args.link_changes.as_slice() {
            [] => None,
            paths => Some(inputs.documents("link-changes", paths)?),
        };
        Ok(Self { connections, changes, may_be_empty: false })
    }

    /// The connections alone.
    pub fn without_changes(&self) -> Self {
        Self { connections: self.connections.clone(), changes: None, may_be_empty: self.may_be_empty }
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
        settings.may_be_empty = self.may_be_empty;
        read_inventory(&self.connections, self.changes.as_deref(), &settings)
    }
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

/// The catalog with its overlays and contract.
pub fn load(args: &PricingArgs, inputs: &mut Inputs) -> Result<Catalog> {
    let Some(name) = &args.catalog else {
        return Err(Error::usage(format!(
            "--catalog is needed: {}, or a folder; it decides the currency",
            SHIPPED_CATALOGS.join(", ")
        )));
    };
    let mut catalog = load_catalog(name, inputs)?;
    for overlay in &args.prices {
        let prices = load_overlay(overlay, inputs)?;
        // A report names no input file (R17).
        let name = if shipped_overlay(overlay).is_some() { overlay } else { "(a file)" };
        catalog = catalog.with_prices(name, &prices)?;
    }
    if let Some(contract) = &args.contract {
        for document in inputs.documents("contract", std::slice::from_ref(contract))? {
            catalog = catalog.with_contract(&document)?;
        }
    }
    Ok(catalog)
}

/// A shipped catalog, or one from a folder.
pub fn load_catalog(name: &str, inputs: &mut Inputs) -> Result<Catalog> {
    if SHIPPED_CATALOGS.contains(&name) {
        return Catalog::shipped(name);
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
    if !path.exists() {
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
        _ => Err(Error::usage(format!("--prices {name}: name one file at a time"))),
    }
}
