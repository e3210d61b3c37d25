//! `peerbill catalog show`.

use super::cells::{print, validity_cells};
use crate::{args::TableFormat, output::say};
use peerbill::{
    Result,
    catalog::{Catalog, PriceRow},
};

/// Prints all price rows, and says what else the catalog holds.
pub fn run(catalog: &Catalog, format: TableFormat) -> Result<()> {
    let header = [
        "source",
        "destination",
        "link type",
        "unit price",
        "currency",
        "from",
        "until",
        "status",
        "source url",
        "source date",
    ];
    let rows: Vec<Vec<String>> = catalog.rows().iter().map(|row| row_cells(catalog, row)).collect();
    print(format, &header, &rows, &[3])?;
    say!(
        "{} version {}, {}; GB = {}; rounding {} to {} decimals ({}); symmetric: {}",
        catalog.name,
        catalog.version,
        catalog.site,
        catalog.gb,
        catalog.rounding.mode.as_str(),
        catalog.rounding.decimals,
        catalog.rounding.status,
        catalog.symmetric
    );
    for note in &catalog.notes {
        say!("{note}");
    }
    Ok(())
}

fn row_cells(catalog: &Catalog, row: &PriceRow) -> Vec<String> {
    let [from, until] = validity_cells(row.validity);
    vec![
        row.source.to_string(),
        row.destination.to_string(),
        row.link_type.to_string(),
        row.unit_price.to_string(),
        catalog.currency.clone(),
        from,
        until,
        row.status.to_string(),
        row.source_url.clone(),
        row.source_date.clone(),
    ]
}
