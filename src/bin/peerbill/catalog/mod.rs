//! `peerbill catalog list | show | check | price | diff`.

mod cells;
mod check;
mod diff;
mod list;
mod price;
mod show;

use crate::{
    args::{CatalogVerb, PricingArgs},
    input::Inputs,
    pricing,
};
use peerbill::{Result, catalog::Catalog};

/// Runs one of the catalog verbs.
pub fn run(verb: &CatalogVerb) -> Result<()> {
    match verb {
        CatalogVerb::List { format } => list::run(*format),
        CatalogVerb::Show { catalog, prices, format } => show::run(&load(catalog, prices, None)?, *format),
        CatalogVerb::Check { catalog, prices, contract, format } => {
            check::run(&load(catalog, prices, contract.clone())?, *format)
        }
        CatalogVerb::Price { pricing, from, to, link_type, account, at, format } => {
            let catalog = pricing::load(pricing, &mut Inputs::default())?;
            let question = price::Question { from, to, link_type: link_type.as_deref(), account, at };
            price::run(&catalog, &question, *format)
        }
        CatalogVerb::Diff { before, after, format } => diff::run(before, after, *format),
    }
}

fn load(catalog: &str, prices: &[String], contract: Option<String>) -> Result<Catalog> {
    let args = PricingArgs { catalog: Some(catalog.to_owned()), prices: prices.to_vec(), contract };
    pricing::load(&args, &mut Inputs::default())
}
