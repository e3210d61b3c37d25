//! `peerbill.toml` in the working folder: settings that never change.

use crate::args::{DuplicatesArg, MetricArgs, PricingArgs, TrafficArgs};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    read::{
        TrafficColumns,
        cloudmonitor::{DatapointColumns, Mark, Statistic, Unit},
    },
};
use std::{fs, io, num::NonZeroU32};

const FILE: &str = "peerbill.toml";
const PATH: &str = "(a path)";

/// The settings; an argument wins over the setting of the same name.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    catalog: Option<String>,
    prices: Option<Vec<String>>,
    contract: Option<String>,
    connections: Option<Vec<String>>,
    link_changes: Option<Vec<String>>,
    requester_account: Option<Vec<String>>,
    requester_region: Option<Vec<String>>,
    link_type_before: Option<Vec<String>>,
    offset: Option<String>,
    duplicates: Option<DuplicatesArg>,
    cloudmonitor: Option<Metrics>,
    columns: Option<Columns>,
}

/// How datapoints of CloudMonitor are to be read; the report names them in any case.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Metrics {
    statistic: Option<Statistic>,
    unit: Option<Unit>,
    timestamp: Option<Mark>,
    period: Option<NonZeroU32>,
}

/// What exports call their columns.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Columns {
    usage: Option<TrafficColumns>,
    cloudmonitor: Option<DatapointColumns>,
}

/// The arguments of a verb that settings may fill.
#[derive(Default)]
pub struct Open<'a> {
    pub traffic: Option<&'a mut TrafficArgs>,
    pub pricing: Option<&'a mut PricingArgs>,
    pub offset: Option<&'a mut Option<String>>,
}

/// Fills what the arguments leave open from `peerbill.toml`, where there is one.
///
/// Returns names and values of the settings that were used. A path is told as "(a path)": reports name no
/// input file (R17).
pub fn fill(open: Open<'_>) -> Result<Vec<(String, String)>> {
    let Some(settings) = read()? else { return Ok(Vec::new()) };
    let mut used = Vec::new();
    let mut note = |name: &str, value: String| used.push((name.to_owned(), value));
    if let Some(pricing) = open.pricing {
        if let (None, Some(catalog)) = (&pricing.catalog, settings.catalog) {
            let shipped = peerbill::catalog::SHIPPED_CATALOGS.contains(&catalog.as_str());
            note("catalog", if shipped { catalog.clone() } else { PATH.into() });
            pricing.catalog = Some(catalog);
        }
        fill_paths("prices", &mut pricing.prices, settings.prices, &mut note);
        if let (None, Some(contract)) = (&pricing.contract, settings.contract) {
            note("contract", PATH.into());
            pricing.contract = Some(contract);
        }
    }
    if let Some(traffic) = open.traffic {
        fill_paths("connections", &mut traffic.connections, settings.connections, &mut note);
        fill_paths("link-changes", &mut traffic.link_changes, settings.link_changes, &mut note);
        fill_values(
            "requester-account",
            &mut traffic.requester_account,
            settings.requester_account,
            &mut note,
        );
        fill_values("requester-region", &mut traffic.requester_region, settings.requester_region, &mut note);
        if let (true, Some(stated)) = (traffic.link_type_before.is_empty(), settings.link_type_before) {
            traffic.link_type_before = stated;
        }
        if let (None, Some(duplicates)) = (traffic.duplicates, settings.duplicates) {
            note("duplicates", format!("{duplicates:?}").to_lowercase());
            traffic.duplicates = Some(duplicates);
        }
        let Columns { usage, cloudmonitor } = settings.columns.unwrap_or_default();
        fill_metrics(&mut traffic.metrics, settings.cloudmonitor.unwrap_or_default(), cloudmonitor);
        if let Some(usage) = usage {
            let native = TrafficColumns::default();
            let renamed = native.names().into_iter().zip(usage.names()).filter(|(native, own)| native != own);
            renamed.for_each(|(native, own)| note(&format!("columns.usage.{native}"), own.to_owned()));
            traffic.columns = usage;
        }
    }
    if let (Some(own @ None), Some(offset)) = (open.offset, settings.offset) {
        note("offset", offset.clone());
        *own = Some(offset);
    }
    Ok(used)
}

/// Values that reports may show as they are.
fn fill_values(
    name: &str,
    own: &mut Vec<String>,
    set: Option<Vec<String>>,
    note: &mut impl FnMut(&str, String),
) {
    if let (true, Some(set)) = (own.is_empty(), set) {
        note(name, set.join(", "));
        *own = set;
    }
}

fn fill_metrics(own: &mut MetricArgs, set: Metrics, columns: Option<DatapointColumns>) {
    own.metric_statistic = own.metric_statistic.or(set.statistic);
    own.metric_unit = own.metric_unit.or(set.unit);
    own.metric_timestamp = own.metric_timestamp.or(set.timestamp);
    own.metric_period = own.metric_period.or(set.period.map(NonZeroU32::get));
    own.columns = columns.unwrap_or_default();
}

fn fill_paths(
    name: &str,
    own: &mut Vec<String>,
    set: Option<Vec<String>>,
    note: &mut impl FnMut(&str, String),
) {
    if let (true, Some(set)) = (own.is_empty(), set) {
        let shipped = peerbill::catalog::SHIPPED_OVERLAYS;
        let shown =
            |value: &String| if shipped.contains(&value.as_str()) { value.clone() } else { PATH.into() };
        note(name, set.iter().map(shown).collect::<Vec<String>>().join(", "));
        *own = set;
    }
}

fn read() -> Result<Option<Settings>> {
    let unusable = |line, message: String| {
        let mut fault = Fault::of_input(FaultCode::UnusableInput, FILE, message);
        fault.line = line;
        Error::new(ErrorKind::Input, fault)
    };
    let text = match fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(None, error.to_string())),
    };
    toml::from_str(&text).map(Some).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() as u64 + 1);
        unusable(line, error.message().to_owned())
    })
}
