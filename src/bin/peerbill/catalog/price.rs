//! `peerbill catalog price`.

use super::cells::{print, read_instant, validity_cells};
use crate::args::TableFormat;
use peerbill::{
    Error, Result,
    catalog::{Catalog, Quote},
    model::{
        link::LinkType,
        time::{Hour, Timestamp},
    },
};

/// What `catalog price` asks.
pub struct Question<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub link_type: Option<&'a str>,
    pub account: &'a Option<String>,
    pub at: &'a Option<String>,
}

/// Prints the price of each link type, and where it stands.
pub fn run(catalog: &Catalog, question: &Question<'_>, format: TableFormat) -> Result<()> {
    let (from, to) = (catalog.region_id(question.from)?, catalog.region_id(question.to)?);
    let hour = hour_of(catalog, question.at)?;
    let link_types = match question.link_type {
        Some(text) => vec![text.parse::<LinkType>().map_err(Error::usage)?],
        None => LinkType::ALL.to_vec(),
    };
    let account = question.account.as_deref().unwrap_or_default();
    let mut rows = Vec::new();
    for link_type in link_types {
        if from == to {
            rows.push(free_cells(catalog, &from));
            break;
        }
        let quote = catalog.quote(account, &from, &to, link_type, hour)?;
        rows.push(quote_cells(catalog, &from, &to, link_type, quote));
    }
    let header = [
        "source",
        "destination",
        "link type",
        "list price",
        "contracted price",
        "currency",
        "status",
        "row",
        "in force from",
        "until",
        "contract",
        "source url",
        "source date",
    ];
    print(format, &header, &rows, &[3, 4])
}

/// The hour asked for; otherwise the first one in which all rows with a date have begun.
fn hour_of(catalog: &Catalog, at: &Option<String>) -> Result<Hour> {
    match at {
        Some(text) => read_instant(text).map(Timestamp::hour),
        None => Ok(catalog.newest_hour()),
    }
}

/// R1: inside a region traffic is free, and has no link type.
fn free_cells(catalog: &Catalog, region: &str) -> Vec<String> {
    let mut cells = vec![region.to_owned(), region.to_owned(), String::new()];
    cells.extend(["0".to_owned(), "0".to_owned(), catalog.currency.clone(), "free".to_owned()]);
    cells.resize(13, String::new());
    cells
}

fn quote_cells(
    catalog: &Catalog,
    from: &str,
    to: &str,
    link_type: LinkType,
    quote: Option<Quote<'_>>,
) -> Vec<String> {
    let place = |input: &str, line: u64| format!("{input}:{line}");
    let mut cells = vec![from.to_owned(), to.to_owned(), link_type.to_string()];
    let Some(quote) = quote else {
        cells.extend([String::new(), "not known".into(), catalog.currency.clone(), "missing".into()]);
        cells.resize(13, String::new());
        return cells;
    };
    let price = quote.price;
    let row = quote.row;
    let [since, until] = row.map_or([String::new(), String::new()], |row| validity_cells(row.validity));
    cells.extend([
        price.list.map_or_else(String::new, |list| list.to_string()),
        price.contracted.to_string(),
        catalog.currency.clone(),
        price.status.to_string(),
        row.map_or_else(String::new, |row| {
            format!("{} to {} ({})", row.source, row.destination, place(&row.input, row.line))
        }),
        since,
        until,
        quote.contract.map_or_else(String::new, |row| place(&row.input, row.line)),
        row.map_or_else(String::new, |row| row.source_url.clone()),
        row.map_or_else(String::new, |row| row.source_date.clone()),
    ]);
    cells
}
