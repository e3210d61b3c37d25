//! Fills what arguments leave open.

use super::{
    ShownSettings,
    file::{Columns, Metrics, Settings, read},
};
use crate::args::{MetricArgs, PricingArgs, TrafficArgs};
use peerbill::{
    Result,
    catalog::{SHIPPED_CATALOGS, SHIPPED_OVERLAYS},
    read::{TrafficColumns, cloudmonitor::DatapointColumns},
};
use std::num::NonZeroU32;

/// Stands for a path: reports name no input file (R17).
const PATH: &str = "(a path)";

/// The arguments of a verb that settings may fill.
#[derive(Default)]
pub struct Open<'a> {
    pub traffic: Option<&'a mut TrafficArgs>,
    pub pricing: Option<&'a mut PricingArgs>,
    pub offset: Option<&'a mut Option<String>>,
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
    if let Some(traffic) = open.traffic {
        fill_traffic(traffic, &mut settings, &mut used);
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
    if let (None, Some(contract)) = (&pricing.contract, settings.contract.take()) {
        used.note("contract", PATH.into());
        pricing.contract = Some(contract);
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
    let Columns { usage, cloudmonitor } = settings.columns.take().unwrap_or_default();
    fill_metrics(&mut traffic.metrics, settings.cloudmonitor.take().unwrap_or_default(), cloudmonitor);
    if let Some(usage) = usage {
        note_columns(&usage, used);
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

/// Notes the columns of native traffic that are called otherwise.
fn note_columns(columns: &TrafficColumns, used: &mut Used) {
    for (native, name) in TrafficColumns::default().names().into_iter().zip(columns.names()) {
        if native != name {
            used.note(&format!("columns.usage.{native}"), name.to_owned());
        }
    }
}
