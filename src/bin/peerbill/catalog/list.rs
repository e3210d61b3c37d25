//! `peerbill catalog list`.

use super::cells::print;
use crate::args::TableFormat;
use peerbill::{
    Error, Result,
    catalog::{SHIPPED_CATALOGS, SHIPPED_OVERLAYS, shipped, shipped_overlay},
};

/// Prints which catalogs and overlays are shipped.
pub fn run(format: TableFormat) -> Result<()> {
    let mut rows = Vec::new();
    for catalog in SHIPPED_CATALOGS.iter().filter_map(|name| shipped(name)) {
        rows.push(vec![
            catalog.name.clone(),
            "catalog".into(),
            catalog.currency.clone(),
            catalog.version.clone(),
            catalog.rows().len().to_string(),
            catalog.site.clone(),
        ]);
    }
    for name in SHIPPED_OVERLAYS {
        let Some(overlay) = shipped_overlay(name) else { continue };
        let usd = shipped("international-site").ok_or_else(|| Error::internal("no catalog"))?;
        let before = usd.rows().len();
        let count = usd.with_prices(name, &overlay)?.rows().len() - before;
        rows.push(vec![
            name.into(),
            "overlay".into(),
            "USD".into(),
            String::new(),
            count.to_string(),
            format!("ASSUMED, not published; use it with --prices {name}"),
        ]);
    }
    print(format, &["name", "kind", "currency", "version", "rows", "about"], &rows, &[4])
}
