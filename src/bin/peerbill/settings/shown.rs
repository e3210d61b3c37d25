//! The settings that reports show.

use super::ShownSettings;
use crate::args::{MetricArgs, TrafficArgs};
use peerbill::read::{CloudMonitor, cloudmonitor::DatapointColumns};

/// The settings of `peerbill.toml` that were `used`, and how the inputs are read where that is not known or was stated.
pub fn shown(used: ShownSettings, traffic: &TrafficArgs) -> ShownSettings {
    let mut shown = used;
    shown.extend(of_datapoints(&traffic.metrics));
    if !traffic.flow_logs.is_empty() {
        let which =
            "what leaves a VPC, is accepted and has traffic_path 17; the end of an entry is exclusive";
        shown.push(("flow-logs".into(), which.into()));
    }
    shown.extend(traffic.naive_offset.iter().map(|offset| ("naive-offset".into(), offset.clone())));
    for (name, values) in [
        ("requester-account", &traffic.requester_account),
        ("requester-region", &traffic.requester_region),
        ("link-type-before", &traffic.link_type_before),
    ] {
        let mut values = values.clone();
        values.sort();
        shown.extend((!values.is_empty()).then(|| (name.to_owned(), values.join(", "))));
    }
    shown
}

/// What the provider leaves open about datapoints of CloudMonitor, where there are some.
fn of_datapoints(metrics: &MetricArgs) -> ShownSettings {
    if metrics.cloudmonitor.is_empty() {
        return Vec::new();
    }
    let CloudMonitor { statistic, unit, mark, period_seconds, columns, naive_offset: _ } = metrics.settings();
    let mut shown = vec![
        ("statistic", statistic.as_str().to_owned()),
        ("unit", unit.as_str().to_owned()),
        ("timestamp", mark.as_str().to_owned()),
    ];
    shown.extend(period_seconds.map(|seconds| ("period", seconds.to_string())));
    if metrics.cloudmonitor.iter().any(|argument| argument.starts_with("IntranetTX=")) {
        shown.push(("IntranetTX", "what the accepter sends; the name is assumed".to_owned()));
    }
    if columns != DatapointColumns::default() {
        let value = columns.value.as_deref().unwrap_or(statistic.as_str());
        shown.push(("columns", [&columns.timestamp, &columns.instance_id, value].join(", ")));
    }
    shown.into_iter().map(|(name, value)| (format!("cloudmonitor.{name}"), value)).collect()
}
