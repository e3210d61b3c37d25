//! Lines grouped by the values of some columns, and by local days.

use super::row::{ChargeCategory, ReportRow};
use crate::{
    catalog::PriceStatus,
    error::Result,
    model::{
        checked_add,
        link::LinkType,
        money::{Amount, UnitPrice},
        usage::Sender,
    },
    rating::Line,
};
use std::collections::BTreeMap;

/// Lines that share the values of some columns, summed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Group {
    /// The first of its lines: what they share is read off it.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) first: Line,
    /// Bytes sent.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::model::serialize::text"))]
    pub bytes: u128,
    /// What they cost, exactly.
    pub amount: Amount,
    /// Hours with a record, counted per connection and sender.
    pub metered_hours: u64,
    /// Those of them that hold a change of link type.
    pub raised_hours: u64,
    /// What raising them cost, exactly.
    pub raised_amount: Amount,
    /// Whether an assumed price touched any of them (R18).
    pub assumed: bool,
}

impl Group {
    /// Without a line yet, for lines that are like `first`.
    fn like(first: &Line) -> Self {
        Self {
            first: first.clone(),
            bytes: 0,
            amount: Amount::ZERO,
            metered_hours: 0,
            raised_hours: 0,
            raised_amount: Amount::ZERO,
            assumed: false,
        }
    }

    fn add(&mut self, line: &Line) -> Result<()> {
        checked_add(&mut self.bytes, line.bytes, "a group")?;
        self.amount = self.amount.checked_add(line.amount)?;
        self.metered_hours += line.metered_hours;
        self.raised_hours += line.raised_hours;
        self.raised_amount = self.raised_amount.checked_add(line.raised_amount)?;
        self.assumed |= line.price.status == PriceStatus::Assumed;
        Ok(())
    }
}

/// Sums the lines whose `shared` values are equal; groups stand in the order of those values.
pub(super) fn group<'r>(lines: &[Line], shared: impl Fn(&Line) -> ReportRow<'r>) -> Result<Vec<Group>> {
    let mut groups = BTreeMap::new();
    for line in lines {
        let group = groups.entry(place(&shared(line))).or_insert_with(|| Group::like(line));
        group.add(line)?;
    }
    Ok(groups.into_values().collect())
}

/// Where a group stands among others: by its values as they are printed, column by column, so that a sorted file
/// stays sorted.
fn place<'r>(shared: &ReportRow<'r>) -> impl Ord + use<'r> {
    let printed = |price: Option<UnitPrice>| price.map(|price| price.to_string());
    let when = (shared.billing_month, shared.charge_period_start, shared.charge_period_end);
    let who = (shared.billing_account_id, shared.connection_id, shared.sender.map(Sender::as_str));
    let between = (shared.source_region, shared.destination_region, shared.peer_account_id);
    let link_type = shared.link_type.map(LinkType::as_str);
    let charged_as = (link_type, shared.charge_category.map(ChargeCategory::as_str));
    let prices = (printed(shared.list_unit_price), printed(shared.contracted_unit_price));
    let money = (shared.billing_currency, shared.price_status.map(PriceStatus::as_str));
    (when, who, between, charged_as, prices, money)
}
