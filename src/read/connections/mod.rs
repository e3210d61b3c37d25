//! Connections, in any form in which they are kept: tables, answers of the provider, Terraform states.
//!
//! Each document is read by its content, row after row; what several documents have of one connection is put together
//! in [`inventory`](super::inventory).

mod csv;
mod entry;
mod provider;
mod terraform;

pub use entry::RegionCheck;
pub(in crate::read) use entry::{ConnectionRow, Found, RefusedRow};

use crate::{
    error::{Fault, FaultCode, Result},
    read::{Document, answer::check_text, json, rows, terraform::StatedRequesters},
};
use entry::SharedTexts;
use entry::Take;
use provider::Answers;

/// How a document of connections is written, in words, and how many of them it has, good or bad.
///
/// # Errors
///
/// [`Input`](crate::ErrorKind::Input) where a JSON document cannot be read as a whole.
pub fn describe(document: &Document) -> Result<(String, u64)> {
    if json::is_json(document) {
        return provider::describe(document);
    }
    Ok(("CSV".into(), rows::count_under_header(&document.text)))
}

/// Reads documents of connections, one after the other.
pub(in crate::read) struct ConnectionReader<'a> {
    check_region: RegionCheck<'a>,
    answers: Answers<'a>,
    texts: SharedTexts,
    /// Documents that hold no connection, good or bad.
    without: Vec<Fault>,
}

impl<'a> ConnectionReader<'a> {
    /// Checks regions with `check_region`; `requesters` are stated where a Terraform state lacks them.
    pub fn new(check_region: RegionCheck<'a>, requesters: Option<&'a StatedRequesters>) -> Self {
        let answers = Answers::new(check_region, requesters);
        Self { check_region, answers, texts: SharedTexts::default(), without: Vec::new() }
    }

    /// Reads a document. Bad rows are found like good ones; it fails where the document as a whole cannot be read.
    pub fn read(&mut self, document: &Document, take: Take<'_>) -> Result<()> {
        let mut found_any = false;
        let mut noted = |found: Found| {
            found_any |= !matches!(found, Found::Finding(_));
            take(found);
        };
        if json::is_json(document) {
            let texts = &mut self.texts;
            self.answers.read(document, &mut |mut found| {
                if let Found::Row(ConnectionRow { connection, .. }) = &mut found {
                    texts.share(&mut connection.requester);
                    texts.share(&mut connection.accepter);
                }
                noted(found);
            })?;
        } else {
            check_text(document)?;
            csv::read(document, self.check_region, &mut self.texts, &mut noted)?;
        }
        let why = self.answers.why_none();
        if !found_any {
            self.without.push(Fault::of_input(FaultCode::UnusableInput, &document.name, why));
        }
        Ok(())
    }

    /// The documents that hold no connection.
    pub fn without(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.without)
    }

    /// After the last document, says where a list has pages that were not given.
    pub fn check_pages(&self, take: Take<'_>) {
        self.answers.check_pages(take);
    }
}
