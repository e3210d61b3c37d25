//! Estimates to bytes: the lines of a report with the scenario in front.

mod changes;
pub mod csv;
pub mod json;
pub mod markdown;
#[cfg(feature = "cli")]
pub mod table;

use super::{BEFORE_TAX, after, control_totals, provenance};
use crate::{
    error::MissingPrice,
    estimate::{Estimate, Outcome, Scenario, advice::Note},
    findings::{Finding, FindingCode},
    model::remedy::Remedy,
    report::Report,
};
use std::collections::BTreeSet;

/// An amount, with the mark of an assumed price (R18).
fn marked(money: impl ToString, assumed: bool) -> String {
    if assumed { format!("{} *", money.to_string()) } else { money.to_string() }
}

/// Stands where an amount would.
const NOT_PRICED: &str = "not priced";

/// Why scenarios are not priced, and what would supply what is missing: name, faults, arguments.
pub(super) fn not_priced<'e>(
    estimate: &'e Estimate,
) -> impl Iterator<Item = (&'static str, &'e [MissingPrice], &'e [String])> {
    estimate.scenarios.iter().filter_map(|scenario| match &scenario.outcome {
        Outcome::Priced(_) => None,
        Outcome::NotPriced { missing, supply } => Some((scenario.name, &missing[..], &supply[..])),
    })
}

/// Why a scenario is not priced, and what to do about it.
pub(super) fn reason_for(missing: &MissingPrice) -> String {
    format!("{missing}{}", after(Some(&Remedy::SupplyPrice)))
}

/// A note in words, with what to do about it.
fn words(note: &Note) -> String {
    format!("{}{}", note.message, after(note.remedy.as_ref()))
}

/// The notes, each message once: as with findings, nothing is said twice.
fn told_once<'e>(estimate: &'e Estimate) -> Vec<&'e Note> {
    let mut told = BTreeSet::new();
    estimate.notes.iter().filter(|note| told.insert((note.code, &note.message))).collect()
}

/// The command that would supply a missing price: this one with another argument.
pub(super) fn supplying(argument: &str) -> String {
    format!("peerbill estimate ... {argument}")
}

/// The report that all scenarios share their traffic, prices and settings with.
pub(super) fn shared(estimate: &Estimate) -> Option<&Report> {
    estimate.reference().and_then(Scenario::report)
}

/// What was found in the traffic, once, and which scenarios use assumed prices.
pub(super) fn findings(estimate: &Estimate) -> Vec<Finding> {
    let of_scenario = |finding: &&Finding| finding.code == FindingCode::AssumedPrice;
    let shared = shared(estimate).into_iter().flat_map(|report| &report.findings);
    let mut findings: Vec<Finding> = shared.filter(|finding| !of_scenario(finding)).cloned().collect();
    for scenario in &estimate.scenarios {
        let own = scenario.report().into_iter().flat_map(|report| &report.findings).filter(of_scenario);
        findings.extend(own.map(|finding| Finding {
            message: format!("{}: {}", scenario.name, finding.message),
            ..finding.clone()
        }));
    }
    findings.sort_by_key(|finding| finding.code);
    findings
}

/// The provenance of an estimate, as names and values in a fixed order; names no input (R17).
pub(super) fn facts(estimate: &Estimate) -> Vec<(String, String)> {
    let unknown = |name: &str| match name {
        "billing_month" | "offset" => estimate.month.is_none(),
        "duplicates" | "usage_digest" => !estimate.measured,
        _ => false,
    };
    let facts = shared(estimate).map(provenance).unwrap_or_default();
    facts.into_iter().filter(|(name, _)| !unknown(name)).collect()
}

/// What the CSV itself has no place for, line by line.
pub fn basis(estimate: &Estimate) -> Vec<String> {
    const SHOWN: usize = 20;
    let mut lines: Vec<String> =
        facts(estimate).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if let Some(report) = shared(estimate).filter(|_| estimate.measured) {
        let totals = control_totals(report).into_iter();
        lines
            .extend(totals.map(|(name, records, bytes)| format!("{name}: {records} records, {bytes} bytes")));
    }
    for (name, missing, supply) in not_priced(estimate) {
        lines.extend(missing.iter().map(|price| format!("{name} is not priced: {}", reason_for(price))));
        lines.extend(supply.first().map(|own| format!("{name} would be priced by: {}", supplying(own))));
    }
    lines.extend(
        told_once(estimate).iter().map(|note| format!("note: [{}] {}", note.code.as_str(), words(note))),
    );
    let findings = findings(estimate);
    let told = findings.iter().take(SHOWN);
    lines.extend(told.map(|finding| format!("finding: [{}] {}", finding.code.as_str(), finding.message)));
    if findings.len() > SHOWN {
        lines.push(format!("finding: ... and {} more; --format json has them all", findings.len() - SHOWN));
    }
    lines.push(BEFORE_TAX.to_owned());
    lines
}
