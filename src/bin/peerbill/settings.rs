//! Settings that never change, from `peerbill.toml` in the working folder: an argument wins over the setting of its name.

use crate::args::{
    DuplicatesArg, LangArg, LangArgs, LinesArgs, MetricArgs, PricingArgs, ReadingArgs, TrafficArgs,
};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    catalog::{SHIPPED_CATALOGS, SHIPPED_OVERLAYS},
    files::small_text,
    read::{
        TrafficColumns,
        bill::BillColumns,
        cloudmonitor::{DatapointColumns, Mark, Statistic, Unit},
    },
    write::Lang,
};
use std::{io, num::NonZeroU32, path::Path};

/// Names and values of settings, as reports show them.
pub type ShownSettings = Vec<(String, String)>;

/// Stands for a path: reports name no input file (R17).
const PATH: &str = "(a path)";

/// The arguments of a verb that settings may fill.
#[derive(Default)]
pub struct Open<'a> {
    pub traffic: Option<&'a mut TrafficArgs>,
    pub pricing: Option<&'a mut PricingArgs>,
    pub offset: Option<&'a mut Option<String>>,
    pub lines: Option<&'a mut LinesArgs>,
    pub language: Option<&'a mut LangArgs>,
    /// Where there are no lines to have it.
    pub accounts: Option<&'a mut Option<String>>,
    /// Where no arguments of traffic are there to have them.
    pub reading: Option<&'a mut ReadingArgs>,
    pub bill: Option<&'a mut BillColumns>,
}

/// Fills what the arguments leave open from `peerbill.toml`, where there is one; returns the settings that were used.
///
/// What is stated about connections is not among them: [`shown`](super::shown) has it from the arguments.
pub fn fill(open: Open<'_>) -> Result<ShownSettings> {
    let Some(mut settings) = read()? else { return Ok(Vec::new()) };
    let mut used = Used::default();
    if let Some(pricing) = open.pricing {
        fill_pricing(pricing, &mut settings, &mut used);
    }
    if let Some(reading) = open.reading {
        fill_reading(reading, &mut settings);
    }
    if let (Some(bill), Some(columns)) = (open.bill, &mut settings.columns) {
        *bill = columns.bill.take().unwrap_or_default();
        bill.given().for_each(|(key, name)| used.note(&format!("columns.bill.{key}"), name.to_owned()));
    }
    if let Some(traffic) = open.traffic {
        fill_reading(&mut traffic.reading, &mut settings);
        fill_traffic(traffic, &mut settings, &mut used);
    }
    if let Some(accounts) = open.accounts {
        fill_path("accounts", accounts, settings.accounts.take(), &mut used);
    }
    if let Some(lines) = open.lines {
        fill_path("accounts", &mut lines.accounts, settings.accounts.take(), &mut used);
        fill_path("budget", &mut lines.budget, settings.budget.take(), &mut used);
    }
    if let (Some(LangArgs { lang: open @ None }), Some(lang)) = (open.language, settings.lang) {
        used.note("lang", Lang::from(lang).as_str().into());
        *open = Some(lang);
    }
    if let (Some(open @ None), Some(offset)) = (open.offset, settings.offset) {
        used.note("offset", offset.clone());
        *open = Some(offset);
    }
    Ok(used.0)
}

/// The settings that were used.
#[derive(Default)]
struct Used(ShownSettings);

impl Used {
    fn note(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }
}

fn fill_pricing(pricing: &mut PricingArgs, settings: &mut Settings, used: &mut Used) {
    if let (None, Some(catalog)) = (&pricing.catalog, settings.catalog.take()) {
        used.note("catalog", without_path(&catalog, &SHIPPED_CATALOGS));
        pricing.catalog = Some(catalog);
    }
    fill_paths("prices", &mut pricing.prices, settings.prices.take(), used);
    fill_path("contract", &mut pricing.contract, settings.contract.take(), used);
}

fn fill_path(name: &str, open: &mut Option<String>, set: Option<String>, used: &mut Used) {
    if let (None, Some(set)) = (&open, set) {
        used.note(name, PATH.into());
        *open = Some(set);
    }
}

/// Memory changes nothing that a report shows, and is not noted.
fn fill_reading(reading: &mut ReadingArgs, settings: &mut Settings) {
    if let (None, Some(encoding)) = (&reading.encoding, settings.encoding.take()) {
        reading.encoding = Some(encoding);
    }
    if let (None, Some(memory)) = (&reading.memory, settings.memory.take()) {
        reading.memory = Some(memory);
    }
}

fn fill_traffic(traffic: &mut TrafficArgs, settings: &mut Settings, used: &mut Used) {
    fill_paths("connections", &mut traffic.connections, settings.connections.take(), used);
    fill_paths("link-changes", &mut traffic.link_changes, settings.link_changes.take(), used);
    fill_values(&mut traffic.requester_account, settings.requester_account.take());
    fill_values(&mut traffic.requester_region, settings.requester_region.take());
    fill_values(&mut traffic.link_type_before, settings.link_type_before.take());
    if let (None, Some(duplicates)) = (traffic.duplicates, settings.duplicates) {
        used.note("duplicates", format!("{duplicates:?}").to_lowercase());
        traffic.duplicates = Some(duplicates);
    }
    let Columns { usage, cloudmonitor, bill: _ } = settings.columns.take().unwrap_or_default();
    fill_metrics(&mut traffic.metrics, settings.cloudmonitor.take().unwrap_or_default(), cloudmonitor);
    if let Some(usage) = usage {
        usage.given().for_each(|(key, name)| used.note(&format!("columns.usage.{key}"), name.to_owned()));
        traffic.columns = usage;
    }
}

fn fill_values(open: &mut Vec<String>, set: Option<Vec<String>>) {
    if let (true, Some(set)) = (open.is_empty(), set) {
        *open = set;
    }
}

fn fill_paths(name: &str, open: &mut Vec<String>, set: Option<Vec<String>>, used: &mut Used) {
    if let (true, Some(set)) = (open.is_empty(), set) {
        let shown = set.iter().map(|value| without_path(value, &SHIPPED_OVERLAYS));
        used.note(name, shown.collect::<Vec<String>>().join(", "));
        *open = set;
    }
}

/// A value as reports show it: itself where it is the name of something that is shipped.
fn without_path(value: &str, shipped: &[&str]) -> String {
    if shipped.contains(&value) { value.to_owned() } else { PATH.into() }
}

fn fill_metrics(open: &mut MetricArgs, set: Metrics, columns: Option<DatapointColumns>) {
    open.metric_statistic = open.metric_statistic.or(set.statistic);
    open.metric_unit = open.metric_unit.or(set.unit);
    open.metric_timestamp = open.metric_timestamp.or(set.timestamp);
    open.metric_period = open.metric_period.or(set.period.map(NonZeroU32::get));
    open.columns = columns.unwrap_or_default();
}

/// The settings of `peerbill.toml` that were `used`, and how the inputs are read where that is not known or was stated.
pub fn shown(used: ShownSettings, traffic: &TrafficArgs) -> ShownSettings {
    let encoding = traffic.reading.encoding.as_deref();
    used.into_iter().chain(traffic.at_paths().told(encoding)).collect()
}

/// Where the settings stand.
pub const FILE: &str = "peerbill.toml";

/// The settings, each called like the argument that it stands for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    pub catalog: Option<String>,
    pub prices: Option<Vec<String>>,
    pub contract: Option<String>,
    pub connections: Option<Vec<String>>,
    pub link_changes: Option<Vec<String>>,
    pub requester_account: Option<Vec<String>>,
    pub requester_region: Option<Vec<String>>,
    pub link_type_before: Option<Vec<String>>,
    pub offset: Option<String>,
    pub accounts: Option<String>,
    pub budget: Option<String>,
    pub lang: Option<LangArg>,
    pub encoding: Option<String>,
    pub memory: Option<String>,
    pub duplicates: Option<DuplicatesArg>,
    pub cloudmonitor: Option<Metrics>,
    pub columns: Option<Columns>,
}

/// How datapoints of CloudMonitor are to be read; the report names them in any case.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    pub statistic: Option<Statistic>,
    pub unit: Option<Unit>,
    pub timestamp: Option<Mark>,
    pub period: Option<NonZeroU32>,
}

/// What exports call their columns.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Columns {
    pub usage: Option<TrafficColumns>,
    pub cloudmonitor: Option<DatapointColumns>,
    pub bill: Option<BillColumns>,
}

/// The settings of the working folder; `None` where it has no such file.
pub fn read() -> Result<Option<Settings>> {
    let unusable = |line, message: String| {
        let mut fault = Fault::of_input(FaultCode::UnusableInput, FILE, message);
        fault.line = line;
        Error::new(ErrorKind::Input, fault)
    };
    let text = match small_text(Path::new(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(None, error.to_string())),
    };
    toml::from_str(&text).map(Some).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() as u64 + 1);
        unusable(line, error.message().to_owned())
    })
}
