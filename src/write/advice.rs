//! Faults and remedies in the words of the program: the only place that knows what its arguments are called.

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

/// What was found, what to do about it, and where its rule was read.
pub(crate) fn finding_words(finding: &Finding) -> String {
    let source = finding.source.as_ref().map_or_else(String::new, |source| format!(" [{source}]"));
    format!("{}{}{source}", finding.message, after(finding.remedy.as_ref()))
}

/// What stands behind a message that has a remedy; nothing behind others.
pub(crate) fn after(remedy: Option<&Remedy>) -> String {
    remedy.map_or_else(String::new, advice)
}

/// What to do, in words that fit behind what is wrong.
fn advice(remedy: &Remedy) -> String {
    let words = match remedy {
        Remedy::AddConnection => "add it to --connections",
        Remedy::AddConnectionWithVpcs => "add it to --connections, with its VPC ids",
        Remedy::AddConnectionToAddress => "add its connection to --connections",
        Remedy::GiveAddressBlocks => {
            "give requester_cidrs and accepter_cidrs, or the provider's JSON, to --connections"
        }
        Remedy::ChooseDuplicateRule => "see --duplicates",
        Remedy::SupplyPrice => "supply it with --prices or --contract",
        Remedy::StateEncoding => "state it with --encoding gbk, or save it as CSV UTF-8",
        Remedy::StateNaiveOffset => "state theirs with --naive-offset, such as +08:00",
        Remedy::WriteOrStateZone => "or state its zone with --naive-offset",
        Remedy::WriteOffset => {
            "--naive-offset holds for Parquet and for CloudMonitor, not for text of --usage"
        }
        Remedy::StateMetricPeriod => "see --metric-period",
        Remedy::ChooseMetricStatistic => "see --metric-statistic",
        Remedy::StateMetricUnit => "is it a rate in bit/s? see --metric-unit",
        Remedy::StateRequesterAccount => "state it with --requester-account",
        Remedy::StateRequesterAccounts => {
            return ": state it with --requester-account where there are several".into();
        }
        Remedy::StateRequesterRegion => "state it with --requester-region",
        Remedy::StateRequesterAccountOf { key } => {
            return format!("; state it with --requester-account {}", in_shell(&format!("{key}=ID")));
        }
        Remedy::StateRequesterRegionOf { key } => {
            return format!("; state it with --requester-region {}", in_shell(&format!("{key}=REGION")));
        }
        Remedy::StateRegionOfReference => return ", state the region with --requester-region".into(),
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
        Remedy::ChooseMonth => return ": --month takes those of a month".into(),
        Remedy::GiveMonthlyTraffic => {
            "--traffic needs its requester and its accepter, 0 where one of them sends nothing"
        }
        Remedy::ChooseRegion => return " (peerbill catalog regions lists all)".into(),
        Remedy::GiveTraffic => "give it with --traffic, CSV with address,sender,gb",
        Remedy::UseCatalog { name } => return format!(": use --catalog {name}"),
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
