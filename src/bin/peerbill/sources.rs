//! The traffic that arguments name, each input read as what it is.

use crate::{
    args::TrafficArgs,
    cloudmonitor,
    input::{Input, Inputs, traffic_sources},
};
use indicatif::ProgressBar;
use peerbill::{
    Result,
    model::{time::ClockOffset, usage::Sender},
    read::{CloudMonitor, TrafficSource},
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
    let naive_offset = args.naive_offset.as_deref().map(str::parse::<ClockOffset>).transpose()?;
    let datapoints = CloudMonitor { naive_offset, ..args.metrics.settings() };
    let (files, kinds): (Vec<Input>, Vec<Kind>) = find_inputs(args, inputs)?.into_iter().unzip();
    let (sources, progress) = traffic_sources(files);
    let sources = sources.into_iter().zip(kinds).map(|(source, kind)| match kind {
        Kind::Native => source.with_columns(&args.columns).with_naive_offset(naive_offset),
        Kind::Datapoints(sender) => source.as_cloudmonitor(sender, &datapoints),
        Kind::FlowLog => source.as_flow_log(),
        Kind::Hours => source.as_metered().with_naive_offset(naive_offset),
    });
    Ok((sources.collect(), progress))
}

fn find_inputs(args: &TrafficArgs, inputs: &mut Inputs) -> Result<Vec<(Input, Kind)>> {
    let mut found = Vec::new();
    found.extend(inputs.find("usage", &args.usage)?.into_iter().map(|input| (input, Kind::Native)));
    let datapoints = cloudmonitor::find(&args.metrics.cloudmonitor, inputs)?.into_iter();
    found.extend(datapoints.map(|(input, sender)| (input, Kind::Datapoints(sender))));
    found.extend(inputs.find("flow-logs", &args.flow_logs)?.into_iter().map(|input| (input, Kind::FlowLog)));
    found.extend(inputs.find("metered", &args.metered)?.into_iter().map(|input| (input, Kind::Hours)));
    Ok(found)
}
