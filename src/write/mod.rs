//! Reports to bytes: one pure function per format.

mod advice;
pub mod csv;
pub mod doctor;
pub mod estimate;
pub mod explain;
pub mod focus;
pub mod html;
pub mod json;
mod lang;
pub mod markdown;
pub mod metered;
mod page;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod quarantine;
mod report;
pub mod rows;
mod shown;
pub mod sql;
#[cfg(feature = "cli")]
pub mod text;
mod values;
#[cfg(feature = "xlsx")]
pub mod xlsx;

pub(crate) use advice::{after_in, finding_words_in};
pub use advice::{explained, finding_words, in_shell, reason, words};
pub use lang::Lang;
pub use shown::shown;

use crate::{
    catalog::{CatalogSummary, InLanguage, RoundingPolicy},
    error::{Error, Result},
    meter::{ArchivedTotals, ControlTotals},
    report::Report,
};
use lang::{Texts, fill};

/// Words of the check of a catalog.
#[derive(Debug, Clone, Copy)]
pub struct CatalogWords {
    /// The names of its columns.
    pub header: [&'static str; 3],
    /// Something is wrong.
    pub fault: &'static str,
    /// Something is worth knowing.
    pub note: &'static str,
}

/// Those of a language.
pub fn catalog_words(lang: Lang) -> CatalogWords {
    let texts = &lang.texts().catalog;
    let header = [&*texts.severity, &*texts.kind, &*texts.about];
    CatalogWords { header, fault: &texts.fault, note: &texts.note }
}

/// What stands under every report in a human language.
pub const BEFORE_TAX: &str = "Amounts are before tax, coupons and credits on the provider's side.";

/// What raised costs are not: an exact cost of switching.
pub const RAISED_IS_UPPER_BOUND: &str = "Raised cost is an upper bound of what the switches cost: the amount of hours that hold a change \
     less that of all their bytes at the lowest level in effect.";

/// The provenance of a report, as names and values in a fixed order: month, offset, catalog, digests, GB, rounding,
/// rule for duplicates, settings. It names no input (R17). Names and values are those of data, in English.
pub fn provenance(report: &Report) -> Vec<(String, String)> {
    without_keys(named_provenance(report, Lang::En))
}

/// The same in a language, each with its name in data in front.
pub(crate) fn named_provenance(report: &Report, lang: Lang) -> Vec<(&'static str, String, String)> {
    let (catalog, texts) = (&report.catalog, lang.texts());
    let word = |word: &str| texts.word(word).to_owned();
    let (name, version) = (&*catalog.name, &*catalog.version);
    let overlays = match catalog.overlays.is_empty() {
        true => word("none"),
        false => catalog.overlays.join(", "),
    };
    let facts = [
        ("billing_month", report.month.to_string()),
        ("offset", report.offset.to_string()),
        ("until", report.until.map_or_else(String::new, |until| until.to_string())),
        ("catalog", fill(&texts.report.catalog_and_version, &[("name", name), ("version", version)])),
        ("site", own_words(catalog, lang).and_then(|own| own.site.clone()).unwrap_or(catalog.site.clone())),
        ("currency", catalog.currency.clone()),
        ("price_digest", catalog.price_digest.clone()),
        ("overlays", overlays),
        ("contract_rows", catalog.contract_rows.to_string()),
        ("gb", word(&catalog.gb.to_string())),
        ("rounding", rounding(&catalog.rounding, texts)),
        ("duplicates", word(report.duplicates.as_str())),
        ("usage_digest", report.usage_digest.clone().unwrap_or_default()),
    ];
    let mut facts: Vec<_> = facts
        .into_iter()
        .filter(|(name, value)| !matches!(*name, "until" | "usage_digest") || !value.is_empty())
        .map(|(name, value)| (name, texts.fact(name).to_owned(), value))
        .collect();
    facts.extend(report.corrects.iter().map(|own| {
        let values = [
            ("digest", &*own.usage_digest),
            ("before", &own.payable_before.to_string()),
            ("after", &own.payable_after.to_string()),
        ];
        ("corrects", texts.fact("corrects").to_owned(), fill(&texts.report.corrected, &values))
    }));
    let archives = report.options.archives.totals.iter();
    facts.extend(archives.map(|own| ("archive", texts.fact("archive").to_owned(), archived(own, texts))));
    let settings = report.options.settings.iter();
    let setting = |name: &str| fill(&texts.report.setting, &[("name", name)]);
    facts.extend(settings.map(|(name, value)| ("setting", setting(name), texts.word(value).to_owned())));
    facts
}

/// Likewise without the names of data, for a form that shows all of it.
pub(crate) fn provenance_in(report: &Report, lang: Lang) -> Result<Vec<(String, String)>> {
    usage_digest(report)?;
    Ok(without_keys(named_provenance(report, lang)))
}

fn without_keys(facts: Vec<(&'static str, String, String)>) -> Vec<(String, String)> {
    facts.into_iter().map(|(_, name, value)| (name, value)).collect()
}

/// The digest over the metered hours, for a form that shows it.
pub(crate) fn usage_digest(report: &Report) -> Result<&str> {
    let why = "the report was made without a digest over its hours, which this form of it shows";
    report.usage_digest.as_deref().ok_or_else(|| Error::usage(why))
}

/// What an archive tells of the records that it was made of, in a line.
fn archived(own: &ArchivedTotals, texts: &Texts) -> String {
    let counts = totals(&own.totals)
        .map(|(name, records, bytes)| format!("{} {records} ({bytes} B)", texts.word(name)));
    format!("{} {}: {}", own.month, own.offset, counts.join(", "))
}

fn rounding(policy: &RoundingPolicy, texts: &Texts) -> String {
    let (mode, status) = (texts.word(policy.mode.as_str()), texts.word(policy.status.as_str()));
    let values = [("mode", mode), ("decimals", &policy.decimals.to_string()), ("status", status)];
    fill(&texts.report.rounding, &values)
}

/// What a catalog says of itself in a language, where it has words in it.
fn own_words(catalog: &CatalogSummary, lang: Lang) -> Option<&InLanguage> {
    catalog.in_language.get(lang.as_str())
}

/// What a reader should know of a catalog, in a language where it has words in it.
pub(crate) fn catalog_notes(catalog: &CatalogSummary, lang: Lang) -> Vec<String> {
    let notes = own_words(catalog, lang).and_then(|own| own.notes.as_ref());
    notes.unwrap_or(&catalog.notes).clone()
}

/// The control totals of a report (R14), as name, records and bytes, in the order in which they are printed.
pub fn control_totals(report: &Report) -> [(&'static str, String, String); 5] {
    totals(&report.totals)
}

/// Control totals (R14), likewise.
pub fn totals(totals: &ControlTotals) -> [(&'static str, String, String); 5] {
    totals.named().map(|(name, count)| (name, count.records.to_string(), count.bytes.to_string()))
}
