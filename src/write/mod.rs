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
mod shown;
#[cfg(feature = "cli")]
pub mod text;
mod values;
#[cfg(feature = "xlsx")]
pub mod xlsx;

pub(crate) use advice::{after, finding_words};
pub use advice::{explained, in_shell, reason, words};
pub use lang::Lang;
pub use shown::shown;

use crate::{meter::ControlTotals, report::Report};

/// What stands under every report in a human language.
pub const BEFORE_TAX: &str = "Amounts are before tax, coupons and credits on the provider's side.";

/// What raised costs are not: an exact cost of switching.
pub const RAISED_IS_UPPER_BOUND: &str = "Raised cost is an upper bound of what the switches cost: the amount of hours that hold a change \
     less that of all their bytes at the lowest level in effect.";

/// The provenance of a report, as names and values in a fixed order: month, offset, catalog, digests, GB, rounding,
/// rule for duplicates, settings. It names no input (R17).
pub fn provenance(report: &Report) -> Vec<(String, String)> {
    let catalog = &report.catalog;
    let rounding = &catalog.rounding;
    let mut facts = vec![
        ("billing_month".into(), report.month.to_string()),
        ("offset".into(), report.offset.to_string()),
        ("catalog".into(), format!("{} version {}", catalog.name, catalog.version)),
        ("site".into(), catalog.site.clone()),
        ("currency".into(), catalog.currency.clone()),
        ("price_digest".into(), catalog.price_digest.clone()),
        ("overlays".into(), list(&catalog.overlays)),
        ("contract_rows".into(), catalog.contract_rows.to_string()),
        ("gb".into(), catalog.gb.to_string()),
        (
            "rounding".into(),
            format!(
                "{} to {} decimals, once per account and month ({})",
                rounding.mode.as_str(),
                rounding.decimals,
                rounding.status
            ),
        ),
        ("duplicates".into(), report.duplicates.as_str().into()),
        ("usage_digest".into(), report.usage_digest.clone()),
    ];
    let settings = report.options.settings.iter();
    facts.extend(settings.map(|(name, value)| (format!("setting {name}"), value.clone())));
    facts
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// The control totals of a report (R14), as name, records and bytes, in the order in which they are printed.
pub fn control_totals(report: &Report) -> [(&'static str, String, String); 5] {
    totals(&report.totals)
}

/// Control totals (R14), likewise.
pub fn totals(totals: &ControlTotals) -> [(&'static str, String, String); 5] {
    [
        ("read", totals.read),
        ("billed", totals.billed),
        ("free", totals.free),
        ("outside_period", totals.outside_period),
        ("refused", totals.refused),
    ]
    .map(|(name, count)| (name, count.records.to_string(), count.bytes.to_string()))
}
