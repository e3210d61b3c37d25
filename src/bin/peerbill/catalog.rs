//! `peerbill catalog list | regions | show | check | price | diff`.

use crate::{
    args::{CatalogVerb, PricingArgs, ReadingArgs, TableFormat},
    output::{self, say},
};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    catalog::{
        Catalog, PriceRow, Quote, SHIPPED_CATALOGS, SHIPPED_OVERLAYS, Validity,
        check::check,
        diff::{Edition, diff},
        shipped_overlay,
    },
    files::{self, Inputs},
    model::{
        id::read_account,
        link::LinkType,
        time::{Hour, Timestamp},
    },
    write::{self, Lang, csv, text::plain_table},
};

/// Runs one of the catalog verbs.
pub fn run(verb: &CatalogVerb) -> Result<()> {
    match verb {
        CatalogVerb::List { format } => list(*format),
        CatalogVerb::Regions { catalog, reading, format } => {
            let catalog = catalog.as_deref().unwrap_or(SHIPPED_CATALOGS[0]);
            regions(&load(catalog, &[], None, reading)?, *format)
        }
        CatalogVerb::Show { catalog, prices, reading, format } => {
            show(&load(catalog, prices, None, reading)?, *format)
        }
        CatalogVerb::Check { catalog, prices, contract, reading, format, language } => {
            check_catalog(&load(catalog, prices, contract.clone(), reading)?, *format, language.lang())
        }
        CatalogVerb::Price { pricing, from, to, link_type, account, at, reading, format } => {
            let catalog = files::load(&pricing.at_paths(), &mut reading.inputs()?)?;
            let question = Question { from, to, link_type: link_type.as_deref(), account, at };
            price(&catalog, &question, *format)
        }
        CatalogVerb::Diff { before, after, reading, format } => {
            diff_catalogs(before, after, reading, *format)
        }
    }
}

fn load(
    catalog: &str,
    prices: &[String],
    contract: Option<String>,
    reading: &ReadingArgs,
) -> Result<Catalog> {
    let args = PricingArgs { catalog: Some(catalog.to_owned()), prices: prices.to_vec(), contract };
    files::load(&args.at_paths(), &mut reading.inputs()?)
}

/// Prints a table for a screen or as CSV; `right` are the columns that line up at the right.
fn print(format: TableFormat, header: &[&str], rows: &[Vec<String>], right: &[usize]) -> Result<()> {
    output::write(|output| {
        let failed =
            |error: String| Error::new(ErrorKind::Output, Fault::new(FaultCode::UnusableInput, error));
        match format {
            TableFormat::Table => {
                let table = plain_table(header, rows.iter().cloned(), right);
                output.write_all(table.as_bytes()).map_err(|error| failed(error.to_string()))
            }
            TableFormat::Csv => csv::table(header, rows, right, output),
        }
    })
}

/// From when, and until when; empty where it has no such end.
fn validity_cells(validity: Validity) -> [String; 2] {
    [validity.from, validity.until].map(|at| at.map_or_else(String::new, |at| at.to_string()))
}

/// An instant, or a date, which means 00:00 at +08:00.
fn read_instant(text: &str) -> Result<Timestamp> {
    let whole = if text.len() == 10 && text.contains('-') {
        format!("{text}T00:00:00+08:00")
    } else {
        text.to_owned()
    };
    Timestamp::parse(&whole).map_err(|why| Error::usage(format!("time {text:?}: {why}")))
}

/// Prints what is wrong with a catalog, and what a reader should know of it; fails where anything is wrong.
fn check_catalog(catalog: &Catalog, format: TableFormat, lang: Lang) -> Result<()> {
    let findings = check(catalog);
    // CSV is data.
    let lang = if format == TableFormat::Table { lang } else { Lang::En };
    let words = write::catalog_words(lang);
    let cells = findings.iter().map(|finding| {
        let severity = if finding.code.is_fault() { words.fault } else { words.note };
        vec![severity.to_owned(), finding.code.as_str().to_owned(), finding.message_in(lang)]
    });
    print(format, &words.header, &cells.collect::<Vec<_>>(), &[])?;
    let faults = findings.iter().filter(|finding| finding.code.is_fault());
    let faults: Vec<Fault> =
        faults.map(|finding| Fault::new(FaultCode::BadPrice, finding.message())).collect();
    say!("{}: {} faults, {} notes", catalog.name, faults.len(), findings.len() - faults.len());
    Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(()), Err)
}

/// Prints in what two catalogs differ, or one catalog at two instants.
fn diff_catalogs(before: &str, after: &str, reading: &ReadingArgs, format: TableFormat) -> Result<()> {
    let mut inputs = Inputs::new(reading.reading()?);
    let mut edition = |text: &str| -> Result<(Catalog, Option<Timestamp>)> {
        let (name, at) = match text.rsplit_once('@') {
            Some((name, date)) => (name, Some(read_instant(date)?)),
            None => (text, None),
        };
        Ok((files::load_catalog(name, &mut inputs)?, at))
    };
    let (first, second) = (edition(before)?, edition(after)?);
    let found =
        diff(Edition { catalog: &first.0, at: first.1 }, Edition { catalog: &second.0, at: second.1 });
    let rows: Vec<Vec<String>> =
        found.into_iter().map(|found| vec![found.what, found.before, found.after]).collect();
    print(format, &["what", "before", "after"], &rows, &[])?;
    say!("{} differences", rows.len());
    Ok(())
}

/// Prints which catalogs and overlays are shipped.
fn list(format: TableFormat) -> Result<()> {
    let mut rows = Vec::new();
    for name in SHIPPED_CATALOGS {
        let catalog = Catalog::shipped(name)?;
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
        let usd = Catalog::shipped("international-site")?;
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

/// Prints the regions that a catalog knows, and says whose mapping to areas that is.
fn regions(catalog: &Catalog, format: TableFormat) -> Result<()> {
    let header = ["region id", "name en", "name zh", "name zh hant", "area", "peering"];
    let rows = catalog.regions().all().map(|region| {
        let area = region.area.as_deref().unwrap_or_default();
        let cells = [
            &region.id,
            region.name_en.as_str(),
            &region.name_zh,
            &region.name_zh_hant,
            area,
            &region.peering,
        ];
        cells.map(str::to_owned).to_vec()
    });
    print(format, &header, &rows.collect::<Vec<_>>(), &[])?;
    say!(
        "which region lies in which area is not published: the areas are those of the catalog's regions.csv"
    );
    say!(
        "peering: whether the provider lists the region for peering; further names of regions are found as well"
    );
    Ok(())
}

/// Prints all price rows, and says what else the catalog holds.
fn show(catalog: &Catalog, format: TableFormat) -> Result<()> {
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

/// What `catalog price` asks.
struct Question<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub link_type: Option<&'a str>,
    pub account: &'a Option<String>,
    pub at: &'a Option<String>,
}

/// Prints the price of each link type, and where it stands.
fn price(catalog: &Catalog, question: &Question<'_>, format: TableFormat) -> Result<()> {
    let (from, to) = (catalog.region_id(question.from)?, catalog.region_id(question.to)?);
    let hour = hour_of(catalog, question.at)?;
    let link_types = match question.link_type {
        Some(text) => vec![text.parse::<LinkType>().map_err(Error::usage)?],
        None => LinkType::ALL.to_vec(),
    };
    let account = match question.account {
        Some(id) => read_account(id).map_err(|why| Error::usage(format!("--account: {why}")))?,
        None => "",
    };
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
