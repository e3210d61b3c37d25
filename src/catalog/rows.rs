//! What rows of prices and rows of contracts have in common.

use super::Validity;
use crate::model::time::{Timestamp, parse_effective};

/// R13: a table in another currency is never converted and never mixed in.
pub(super) fn check_currency(own: &str, catalog: &str) -> Result<(), String> {
    if own.is_empty() || own == catalog {
        return Ok(());
    }
    Err(format!("currency {own} is not the catalog's {catalog}; amounts are never converted"))
}

/// When a row is in force; an empty text is no limit.
pub(super) fn read_validity(from: &str, until: &str) -> Result<Validity, String> {
    let instant = |name: &str, text: &str| -> Result<Option<Timestamp>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        parse_effective(text).map(Some).map_err(|why| format!("{name} {text:?}: {why}"))
    };
    let validity =
        Validity { from: instant("effective_from", from)?, until: instant("effective_until", until)? };
    match (validity.from, validity.until) {
        (Some(start), Some(end)) if end <= start => {
            Err(format!("effective_until {until} is not after effective_from {from}"))
        }
        _ => Ok(validity),
    }
}
