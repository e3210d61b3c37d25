//! `--catalog`, `--prices` and `--contract` to a catalog.

use crate::{args::PricingArgs, input::Inputs};
use peerbill::{
    Error, ErrorKind, Result,
    catalog::{Catalog, CatalogSource, SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped_overlay},
    model::did_you_mean,
    read::Document,
};
use std::path::Path;

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
