//! Traffic from CloudMonitor: which metric stands in which input.

use crate::input::{Input, Inputs};
use peerbill::{Error, Result, model::usage::Sender, read::cloudmonitor::sender_of_metric};
use std::collections::BTreeMap;

/// The inputs that `METRIC=PATH` arguments name, with the end that sent what they count.
pub fn find(arguments: &[String], inputs: &mut Inputs) -> Result<Vec<(Input, Sender)>> {
    let mut paths: BTreeMap<Sender, Vec<String>> = BTreeMap::new();
    for argument in arguments {
        let (sender, path) = sender_and_path(argument)?;
        paths.entry(sender).or_default().push(path);
    }
    let mut found: Vec<(Input, Sender)> = Vec::new();
    for (sender, paths) in paths {
        for input in inputs.find("cloudmonitor", &paths)? {
            if found.iter().any(|(other, _)| other.name == input.name) {
                let why = format!("{}: this input is given as inbound and as outbound traffic", input.name);
                return Err(Error::setting("cloudmonitor", why));
            }
            found.push((input, sender));
        }
    }
    Ok(found)
}

fn sender_and_path(argument: &str) -> Result<(Sender, String)> {
    let refused = |why: &str| Error::setting("cloudmonitor", format!("{argument}: {why}"));
    let Some((metric, path)) = argument.split_once('=') else {
        return Err(refused("write it as METRIC=PATH, such as IntranetRX=rx.json"));
    };
    let sender = sender_of_metric(metric).map_err(|why| refused(why.message()))?;
    Ok((sender, path.to_owned()))
}
