//! What is wrong with a value, before it is known where it stands.

use std::{fmt, io, sync::Arc};

/// A value that cannot be used, in words that fit behind its name, and what would mend it.
///
/// A reader turns it into a fault with its place; [`Error`](crate::Error) takes it with `?`, as a setting that makes
/// no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    message: String,
    remedy: Option<Remedy>,
}

impl Invalid {
    /// With words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: None }
    }

    /// Of text that is not UTF-8, where no encoding was stated by which it was made so.
    pub(crate) fn not_utf8(what: impl fmt::Display) -> Self {
        let why = format!("{what} is not UTF-8; it may be GBK, as Chinese spreadsheets write it");
        Self::new(why).with(Remedy::StateEncoding)
    }

    /// Of an I/O error: this, where the error carries one, otherwise what it says.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        let carried = error.get_ref().and_then(|own| own.downcast_ref::<Self>());
        carried.map_or_else(|| Self::new(error.to_string()), Self::clone)
    }

    /// The same, with what would mend it.
    #[must_use]
    pub fn with(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The same, with what it is about in front of the words.
    #[must_use]
    pub(crate) fn about(self, what: impl fmt::Display) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// All of these as one, in their order; what would mend the first that says so stands behind them.
    pub(crate) fn joined(all: impl IntoIterator<Item = Self>) -> Self {
        let (mut messages, mut remedy) = (Vec::new(), None);
        for invalid in all {
            messages.push(invalid.message);
            remedy = remedy.or(invalid.remedy);
        }
        Self { message: messages.join("; "), remedy }
    }

    /// What is wrong, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would mend it, where that can be said.
    pub fn remedy(&self) -> Option<&Remedy> {
        self.remedy.as_ref()
    }

    pub(crate) fn into_parts(self) -> (String, Option<Remedy>) {
        (self.message, self.remedy)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for Invalid {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Invalid {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<Invalid> for String {
    fn from(invalid: Invalid) -> Self {
        invalid.message
    }
}

/// What a caller can do about a fault, where there is something particular.
///
/// The library says what is wrong; how a remedy is applied depends on who calls. The program names its arguments.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Remedy {
    /// Add the connection to the inventory.
    AddConnection,
    /// Add the connection to the inventory, with the ids of its VPCs.
    AddConnectionWithVpcs,
    /// Add the connection that leads to the address to the inventory.
    AddConnectionToAddress,
    /// Give the address blocks of both VPCs with the connections.
    GiveAddressBlocks,
    /// Choose what becomes of records that stand twice.
    ChooseDuplicateRule,
    /// Supply the price, by an overlay or a contract.
    SupplyPrice,
    /// State the encoding of text, or save it as UTF-8.
    StateEncoding,
    /// State this encoding of text, or save it as UTF-8.
    StateEncodingOf {
        /// Its label.
        label: &'static str,
    },
    /// State that inputs which are held as a whole may take more memory, or split the input.
    StateMemory {
        /// What they need, at least.
        size: Arc<str>,
    },
    /// Build what reads inputs with this feature.
    BuildWith {
        /// Its name.
        feature: &'static str,
    },
    /// State the zone of times that have none.
    StateNaiveOffset,
    /// Write a time with its zone, or state the zone of those that have none.
    WriteOrStateZone,
    /// Write the offset of a time with it: the stated one holds for other inputs.
    WriteOffset,
    /// State the period of a metric.
    StateMetricPeriod,
    /// Choose another statistic of a metric.
    ChooseMetricStatistic,
    /// State the unit of a metric.
    StateMetricUnit,
    /// State the account that owns the requester's VPC.
    StateRequesterAccount,
    /// State which account owns which requester's VPC, where there are several.
    StateRequesterAccounts,
    /// State the region of the requester's VPC.
    StateRequesterRegion,
    /// State the account that owns the requester's VPC, by a key that it can be stated by.
    StateRequesterAccountOf {
        /// A provider or an address, as the document has it.
        key: Arc<str>,
    },
    /// State the region of the requester's VPC, likewise.
    StateRequesterRegionOf {
        /// A provider or an address, as the document has it.
        key: Arc<str>,
    },
    /// State the region that an expression of a plan gives.
    StateRegionOfReference,
    /// State the link type that a connection had before the first change that is known.
    StateLinkTypeBefore {
        /// The connection.
        connection_id: Arc<str>,
    },
    /// Give the input as connections.
    GiveAsConnections,
    /// Give the input as link changes.
    GiveAsLinkChanges,
    /// Give the input as traffic in the native shape.
    GiveAsUsage,
    /// Likewise, where something else was wanted.
    GiveAsTraffic,
    /// Give the input as hours that were metered before.
    GiveAsMeteredHours,
    /// Give the input as datapoints of CloudMonitor.
    GiveAsDatapoints,
    /// Give the input as a flow log.
    GiveAsFlowLog,
    /// Give the input as the provider's bill, to be compared with ours.
    GiveAsBill,
    /// Give the names of accounts, with the columns by which lines are to be grouped.
    GiveAccounts,
    /// Give the input as prices laid over a catalog.
    GiveAsPrices,
    /// Give the input as an account's own terms.
    GiveAsContract,
    /// State how columns are called, in a file of settings.
    MapColumns {
        /// The lines of it: `[columns.usage]` or `[columns.cloudmonitor]`, then such as `bytes = "NAME"`.
        lines: Arc<[String]>,
    },
    /// Give the input as what it is: answers of CloudMonitor or flow logs, or state how its columns are called.
    GiveAsItsKindOfTraffic,
    /// Estimate over the newest prices, or from traffic whose hours are known.
    EstimateFromHours,
    /// Choose the billing month whose prices are used.
    ChooseMonth,
    /// Give the monthly bytes of both ends, 0 where one of them sends nothing.
    GiveMonthlyTraffic,
    /// Choose one of the regions that the catalog knows.
    ChooseRegion,
    /// Give the monthly bytes of the connections of a plan.
    GiveTraffic,
    /// Use the catalog of another site.
    UseCatalog {
        /// Its name.
        name: String,
    },
}

/// The closest of `known` to a misspelt `word`, for "did you mean".
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.trim().to_lowercase();
    let length = folded.chars().count();
    let is_near = |distance: usize, candidate: &str| distance * 3 <= candidate.chars().count().max(3);
    known
        .into_iter()
        .map(|candidate| (candidate.to_lowercase(), candidate))
        // No two words are nearer than their lengths: a damaged input may hold a very long one.
        .filter(|(own, candidate)| is_near(own.chars().count().abs_diff(length), candidate))
        .map(|(own, candidate)| (strsim::osa_distance(&folded, &own), candidate))
        .filter(|(distance, candidate)| is_near(*distance, candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `; did you mean "x"?`, to stand behind a message, or nothing where no known word is close to `word`.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

/// A value as it is quoted in a message: shortened, and with control characters made visible.
pub(crate) fn quoted(text: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::link::LinkType;
    use proptest::prelude::*;

    proptest! {
        /// What is passed over for its length alone would not be near.
        #[test]
        fn the_nearest_word_is_that_of_all_distances(
            word in "[a-cA-C\u{130}\u{fc} -]{0,9}",
            known in prop::collection::vec("[a-cA-C\u{130}\u{fc}-]{0,9}", 0..6),
        ) {
            let distance = |own: &str| strsim::osa_distance(&word.trim().to_lowercase(), &own.to_lowercase());
            let is_near = |own: &&str| distance(own) * 3 <= own.chars().count().max(3);
            let all = known.iter().map(String::as_str);
            let nearest_of_all = all.clone().filter(is_near).min_by_key(|own| (distance(own), *own));
            prop_assert_eq!(nearest(&word, all), nearest_of_all);
        }
    }

    #[test]
    fn a_very_long_value_is_refused_in_a_few_words() {
        let word = "g".repeat(1 << 20);
        let why = word.parse::<LinkType>().unwrap_err();
        let shown = "g".repeat(60);
        assert_eq!(why.message(), format!("link type \"{shown}…\" is neither Gold nor Platinum"));
    }
}
