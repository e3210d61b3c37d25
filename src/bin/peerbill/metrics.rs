//! Traffic from CloudMonitor: which metric stands where, and the settings that the report names.

use crate::{
    args::MetricArgs,
    input::{Input, Inputs},
};
use peerbill::{
    Error, Result,
    model::usage::Sender,
    read::{
        CloudMonitor,
        cloudmonitor::{DatapointColumns, sender_of_metric},
    },
};
use std::collections::BTreeMap;

/// The inputs of CloudMonitor, with the end that sent what they count.
pub fn find(args: &MetricArgs, inputs: &mut Inputs) -> Result<Vec<(Input, Sender)>> {
    let mut paths: BTreeMap<Sender, Vec<String>> = BTreeMap::new();
    for argument in &args.cloudmonitor {
        let Some((metric, path)) = argument.split_once('=') else {
            let why = "write it as METRIC=PATH, such as IntranetRX=rx.json";
            return Err(Error::usage(format!("--cloudmonitor {argument}: {why}")));
        };
        let sender = sender_of_metric(metric);
        let sender = sender.map_err(|why| Error::usage(format!("--cloudmonitor {argument}: {why}")))?;
        paths.entry(sender).or_default().push(path.to_owned());
    }
    let mut found: Vec<(Input, Sender)> = Vec::new();
    for (sender, paths) in paths {
        for input in inputs.find("cloudmonitor", &paths)? {
            if found.iter().any(|(other, _)| other.name == input.name) {
                let why = "this input is given as inbound and as outbound traffic";
                return Err(Error::usage(format!("--cloudmonitor {}: {why}", input.name)));
            }
            found.push((input, sender));
        }
    }
    Ok(found)
}

/// The settings that the report names because the provider leaves them open.
pub fn told_settings(metrics: &MetricArgs) -> Vec<(String, String)> {
    if metrics.cloudmonitor.is_empty() {
        return Vec::new();
    }
    let CloudMonitor { statistic, unit, mark, period_seconds, columns, naive_offset: _ } = metrics.settings();
    let mut told = vec![
        ("statistic", statistic.as_str().to_owned()),
        ("unit", unit.as_str().to_owned()),
        ("timestamp", mark.as_str().to_owned()),
    ];
    told.extend(period_seconds.map(|seconds| ("period", seconds.to_string())));
    if metrics.cloudmonitor.iter().any(|argument| argument.starts_with("IntranetTX=")) {
        told.push(("IntranetTX", "what the accepter sends; the name is assumed".to_owned()));
    }
    if columns != DatapointColumns::default() {
        let value = columns.value.as_deref().unwrap_or(statistic.as_str());
        told.push(("columns", [&columns.timestamp, &columns.instance_id, value].join(", ")));
    }
    told.into_iter().map(|(name, value)| (format!("cloudmonitor.{name}"), value)).collect()
}
