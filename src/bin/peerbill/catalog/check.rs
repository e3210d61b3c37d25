//! `peerbill catalog check`.

use super::cells::print;
use crate::{args::TableFormat, output::say};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    catalog::{Catalog, check::check},
};

/// Prints what is wrong with a catalog, and what a reader should know of it; fails where anything is wrong.
pub fn run(catalog: &Catalog, format: TableFormat) -> Result<()> {
    let remarks = check(catalog);
    let severity = |fault| if fault { "fault" } else { "note" };
    let cells = remarks.iter().map(|remark| {
        vec![
            severity(remark.kind.is_fault()).to_owned(),
            remark.kind.as_str().to_owned(),
            remark.message.clone(),
        ]
    });
    print(format, &["severity", "kind", "about"], &cells.collect::<Vec<_>>(), &[])?;
    let faults = remarks.iter().filter(|remark| remark.kind.is_fault());
    let faults: Vec<Fault> =
        faults.map(|remark| Fault::new(FaultCode::BadPrice, remark.message.clone())).collect();
    say!("{}: {} faults, {} notes", catalog.name, faults.len(), remarks.len() - faults.len());
    Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(()), Err)
}
