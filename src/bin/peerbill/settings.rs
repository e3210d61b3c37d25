//! `peerbill.toml` in the working folder: settings that never change.

use crate::args::{DuplicatesArg, ReportArgs};
use peerbill::{Error, ErrorKind, Fault, FaultCode, Result};
use std::{fs, io};

const FILE: &str = "peerbill.toml";

/// The settings of a `report`; an argument wins over the setting of the same name.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    catalog: Option<String>,
    prices: Option<Vec<String>>,
    contract: Option<String>,
    connections: Option<Vec<String>>,
    link_changes: Option<Vec<String>>,
    offset: Option<String>,
    duplicates: Option<DuplicatesArg>,
}

/// Fills what the arguments leave open from `peerbill.toml`, where there is one.
///
/// Returns names and values of the settings that were used. A path is told as "(a path)": reports name no
/// input file (R17).
pub fn fill(args: &mut ReportArgs) -> Result<Vec<(String, String)>> {
    let Some(settings) = read()? else { return Ok(Vec::new()) };
    const PATH: &str = "(a path)";
    let mut used = Vec::new();
    let mut note = |name: &str, value: String| used.push((name.to_owned(), value));
    if let (None, Some(catalog)) = (&args.pricing.catalog, settings.catalog) {
        let shipped = peerbill::catalog::SHIPPED_CATALOGS.contains(&catalog.as_str());
        note("catalog", if shipped { catalog.clone() } else { PATH.into() });
        args.pricing.catalog = Some(catalog);
    }
    for (name, own, set) in [
        ("prices", &mut args.pricing.prices, settings.prices),
        ("connections", &mut args.connections, settings.connections),
        ("link-changes", &mut args.link_changes, settings.link_changes),
    ] {
        if let (true, Some(set)) = (own.is_empty(), set) {
            let shipped = peerbill::catalog::SHIPPED_OVERLAYS;
            let shown = |value: &String| {
                if shipped.contains(&value.as_str()) { value.clone() } else { PATH.into() }
            };
            note(name, set.iter().map(shown).collect::<Vec<String>>().join(", "));
            *own = set;
        }
    }
    if let (None, Some(contract)) = (&args.pricing.contract, settings.contract) {
        note("contract", PATH.into());
        args.pricing.contract = Some(contract);
    }
    if let (None, Some(offset)) = (&args.offset, settings.offset) {
        note("offset", offset.clone());
        args.offset = Some(offset);
    }
    if let (None, Some(duplicates)) = (args.duplicates, settings.duplicates) {
        note("duplicates", format!("{duplicates:?}").to_lowercase());
        args.duplicates = Some(duplicates);
    }
    Ok(used)
}

fn read() -> Result<Option<Settings>> {
    let unusable = |line, message: String| {
        let fault = Fault { code: FaultCode::UnusableInput, input: Some(FILE.into()), line, message };
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
