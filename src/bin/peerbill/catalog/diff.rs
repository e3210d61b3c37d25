//! `peerbill catalog diff`.

use super::cells::{print, read_instant};
use crate::{args::TableFormat, input::Inputs, output::say, pricing};
use peerbill::{
    Result,
    catalog::{
        Catalog,
        diff::{Edition, diff},
    },
    model::time::Timestamp,
};

/// Prints in what two catalogs differ, or one catalog at two instants.
pub fn run(before: &str, after: &str, format: TableFormat) -> Result<()> {
    let edition = |text: &str| -> Result<(Catalog, Option<Timestamp>)> {
        let (name, at) = match text.rsplit_once('@') {
            Some((name, date)) => (name, Some(read_instant(date)?)),
            None => (text, None),
        };
        Ok((pricing::load_catalog(name, &mut Inputs::default())?, at))
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
