//! What stands in `peerbill.toml`.

use crate::args::DuplicatesArg;
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    read::{
        TrafficColumns,
        cloudmonitor::{DatapointColumns, Mark, Statistic, Unit},
    },
};
use std::{fs, io, num::NonZeroU32};

const FILE: &str = "peerbill.toml";

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
}

/// The settings of the working folder; `None` where it has no such file.
pub fn read() -> Result<Option<Settings>> {
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
