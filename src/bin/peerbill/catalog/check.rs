//! `peerbill catalog check`.

use super::cells::print;
use crate::{args::TableFormat, output::say};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    catalog::{Catalog, check::check},
};

/// Prints what is wrong with a catalog, and what a reader should know of it; fails where anything is wrong.
pub fn run(catalog: &Catalog, format: TableFormat) -> Result<()> {
    let findings = check(catalog);
    let severity = |fault| if fault { "fault" } else { "note" };
    let cells = findings.iter().map(|finding| {
        vec![
            severity(finding.code.is_fault()).to_owned(),
            finding.code.as_str().to_owned(),
            finding.message.clone(),
        ]
    });
    print(format, &["severity", "kind", "about"], &cells.collect::<Vec<_>>(), &[])?;
    let faults = findings.iter().filter(|finding| finding.code.is_fault());
    let faults: Vec<Fault> =
        faults.map(|finding| Fault::new(FaultCode::BadPrice, finding.message.clone())).collect();
    say!("{}: {} faults, {} notes", catalog.name, faults.len(), findings.len() - faults.len());
    Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(()), Err)
}
