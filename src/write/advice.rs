//! Faults and remedies in the words of the program: the only place that knows what its arguments are called.

use super::{
    Lang,
    lang::{AdviceTexts, fill},
};
use crate::{
    error::Fault,
    model::{
        finding::Finding,
        invalid::{Invalid, Remedy},
    },
};

/// A fault as the program tells it: its place, its argument, what is wrong, what to do about it, and how often it stands.
pub fn explained(fault: &Fault) -> String {
    let place = fault.place();
    let separator = if place.is_empty() { "" } else { ": " };
    format!("{place}{separator}{}{}", reason(fault), fault.times())
}

/// Likewise without its place, and of this row or record alone.
pub fn reason(fault: &Fault) -> String {
    let setting = fault.setting.map_or_else(String::new, |name| format!("--{name} "));
    format!("{setting}{}{}", fault.message, after(fault.remedy.as_ref()))
}

/// What is wrong with a value, and what to do about it.
pub fn words(invalid: &Invalid) -> String {
    format!("{invalid}{}", after(invalid.remedy()))
}

/// What was found, what to do about it, and where its rule was read: in English, as data is.
pub fn finding_words(finding: &Finding) -> String {
    finding_words_in(finding, Lang::En)
}

/// The same in a language.
pub(crate) fn finding_words_in(finding: &Finding, lang: Lang) -> String {
    let source = finding.source_in(lang).map_or_else(String::new, |source| format!(" [{source}]"));
    format!("{}{}{source}", finding.message_in(lang), after_in(finding.remedy.as_ref(), lang))
}

/// What stands behind a message that has a remedy; nothing behind others.
pub(crate) fn after(remedy: Option<&Remedy>) -> String {
    after_in(remedy, Lang::En)
}

/// The same in a language, which has words for what can be done about findings.
pub(crate) fn after_in(remedy: Option<&Remedy>, lang: Lang) -> String {
    remedy.map_or_else(String::new, |remedy| {
        advice_on_finding(remedy, &lang.texts().advice).unwrap_or_else(|| advice(remedy))
    })
}

/// What to do about what is found in traffic and plans; `None` of what is a fault.
fn advice_on_finding(remedy: &Remedy, texts: &AdviceTexts) -> Option<String> {
    let key = |key: &str, what: &str| in_shell(&format!("{key}={what}"));
    Some(match remedy {
        Remedy::SupplyPrice => texts.supply_price.clone(),
        Remedy::UseCatalog { name } => fill(&texts.use_catalog, &[("name", name)]),
        Remedy::StateRequesterAccounts => texts.state_requester_accounts.clone(),
        Remedy::StateRequesterAccountOf { key: of } => {
            fill(&texts.state_requester_account_of, &[("argument", &key(of, "ID"))])
        }
        Remedy::StateRequesterRegionOf { key: of } => {
            fill(&texts.state_requester_region_of, &[("argument", &key(of, "REGION"))])
        }
        Remedy::StateRegionOfReference => texts.state_region_of_reference.clone(),
        Remedy::ChooseMonth => texts.choose_month.clone(),
        Remedy::GiveMonthlyTraffic => texts.give_monthly_traffic.clone(),
        Remedy::GiveTraffic => texts.give_traffic.clone(),
        Remedy::ChooseRegion => texts.choose_region.clone(),
        _ => return None,
    })
}

/// What to do about a fault, in words that fit behind what is wrong.
fn advice(remedy: &Remedy) -> String {
    let words = match remedy {
        // Each language has words for these.
        Remedy::SupplyPrice
        | Remedy::UseCatalog { .. }
        | Remedy::StateRequesterAccounts
        | Remedy::StateRequesterAccountOf { .. }
        | Remedy::StateRequesterRegionOf { .. }
        | Remedy::StateRegionOfReference
        | Remedy::ChooseMonth
        | Remedy::GiveMonthlyTraffic
        | Remedy::GiveTraffic
        | Remedy::ChooseRegion => return after(Some(remedy)),
        Remedy::AddConnection => "add it to --connections",
        Remedy::AddConnectionWithVpcs => "add it to --connections, with its VPC ids",
        Remedy::AddConnectionToAddress => "add its connection to --connections",
        Remedy::GiveAddressBlocks => {
            "give requester_cidrs and accepter_cidrs, or the provider's JSON, to --connections"
        }
        Remedy::ChooseDuplicateRule => "see --duplicates",
        Remedy::StateEncoding => "state it with --encoding gbk, or save it as CSV UTF-8",
        Remedy::StateEncodingOf { label } => {
            return format!("; state it with --encoding {label}, or save it as UTF-8");
        }
        Remedy::StateMemory { size } => return format!("; state more with --memory {size}, or split it"),
        Remedy::BuildWith { feature } => {
            return format!("; build it with cargo build --release --features {feature}");
        }
        Remedy::StateNaiveOffset => "state theirs with --naive-offset, such as +08:00",
        Remedy::WriteOrStateZone => "or state its zone with --naive-offset",
        Remedy::WriteOffset => {
            "--naive-offset holds for Parquet and for CloudMonitor, not for text of --usage"
        }
        Remedy::StateMetricPeriod => "see --metric-period",
        Remedy::ChooseMetricStatistic => "see --metric-statistic",
        Remedy::StateMetricUnit => "is it a rate in bit/s? see --metric-unit",
        Remedy::StateRequesterAccount => "state it with --requester-account",
        Remedy::StateRequesterRegion => "state it with --requester-region",
        Remedy::StateLinkTypeBefore { connection_id } => {
            return format!(
                ": state it with --link-type-before {connection_id}=Gold (or Platinum), or give a trail that goes back to \
             its creation"
            );
        }
        Remedy::GiveAsConnections => "give it as --connections",
        Remedy::GiveAsLinkChanges => "give them as --link-changes",
        Remedy::GiveAsTraffic => "give it as --usage",
        Remedy::GiveAsMeteredHours => "give them as --metered",
        Remedy::GiveAsDatapoints => "give them as --cloudmonitor METRIC=PATH",
        Remedy::GiveAsFlowLog => "give them as --flow-logs",
        Remedy::GiveAsBill => "give it to peerbill reconcile as --bill",
        Remedy::GiveAccounts => "give them with --accounts",
        Remedy::GiveAsPrices => "give them as --prices",
        Remedy::GiveAsContract => "give it as --contract",
        Remedy::MapColumns { lines } => {
            return format!(
                "; where columns have other names, write into peerbill.toml, each on its own line: {} (NAME stands for \
                 the name in the input)",
                lines.join(" ")
            );
        }
        Remedy::GiveAsUsage => "traffic that was not metered goes to --usage",
        Remedy::GiveAsItsKindOfTraffic => {
            "CloudMonitor's answers go to --cloudmonitor, flow logs to --flow-logs, and other names into peerbill.toml \
             under columns.usage"
        }
        Remedy::EstimateFromHours => {
            "leave --month out for the newest prices, or estimate from traffic with --usage"
        }
    };
    format!("; {words}")
}

/// An argument as a shell takes it: in quotes where it holds anything that a shell could change.
///
/// ```
/// use peerbill::write::in_shell;
///
/// assert_eq!(in_shell("usage/2026-10.csv"), "usage/2026-10.csv");
/// assert_eq!(in_shell("it's $HOME"), "'it'\\''s $HOME'");
/// ```
pub fn in_shell(argument: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-:=/".contains(letter);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}
