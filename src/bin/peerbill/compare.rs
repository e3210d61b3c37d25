//! `peerbill compare`.

use crate::{
    args::CompareArgs,
    format::{print_rows, refuse_bom_without_rows},
    job,
    settings::{self, Open},
};
use peerbill::{
    Error, Result,
    compare::compare,
    files::Inputs,
    model::time::BillingMonth,
    read::{Document, read_accounts, read_reported_pair},
};
use std::path::Path;

/// Says why two reports differ. That they do is what was asked for.
pub fn run(mut args: CompareArgs) -> Result<()> {
    settings::fill(Open {
        accounts: Some(&mut args.accounts),
        language: Some(&mut args.shown.language),
        reading: Some(&mut args.reading),
        ..Open::default()
    })?;
    let targets = args.to.targets()?;
    refuse_bom_without_rows(args.shown.csv_bom, &targets)?;
    let months = args.month.iter().map(|month| month.parse()).collect::<Result<Vec<BillingMonth>, _>>()?;
    if months.len() > 2 {
        return Err(Error::usage("--month: it is given once, or twice: for A and for B"));
    }
    let sides = [&args.before, &args.after].map(String::as_str);
    job::one_reader_of_stdin(sides.into_iter().chain(args.accounts.as_deref()))?;
    let mut inputs = args.reading.inputs()?;
    let documents = [document(&mut inputs, sides[0])?, document(&mut inputs, sides[1])?];
    let accounts = args.accounts.as_deref().map(|path| inputs.one_document("accounts", path)).transpose()?;
    let accounts = accounts.map(|document| read_accounts(&document)).transpose()?;
    job::outputs(&args.to.output, None, &inputs)?;
    let [before, after] = read_reported_pair(documents.each_ref(), &months)?;
    let mut comparison = compare(&before, &after)?;
    if let Some(accounts) = &accounts {
        comparison.name_accounts(accounts);
    }
    inputs.unchanged()?;
    print_rows(&targets, args.shown.csv_bom, args.shown.lang(), None, (&comparison, &inputs))
}

/// The one document that an argument without a name of its own names.
fn document(inputs: &mut Inputs, path: &str) -> Result<Document> {
    if Path::new(path).is_dir() {
        return Err(Error::usage(format!("{path}: this is a folder; name one report")));
    }
    inputs.one_document("report", path)
}
