//! The values of a row as text: the one place where a column becomes text, whatever the format.

use crate::{
    catalog::PriceStatus,
    model::{
        link::LinkType,
        money::{Money, UnitPrice},
        time::BillingMonth,
        usage::Sender,
    },
    report::{ChargeCategory, Column, ReportRow},
};
use std::fmt::{Display, Write};

/// Makes text of values, one row after the other.
#[derive(Default)]
pub(super) struct ValueText {
    month: LastText<BillingMonth>,
    /// Of the list and of the contract, which are most often the same.
    unit_price: LastText<UnitPrice>,
}

impl ValueText {
    /// Appends the value of a column; nothing where the row has none.
    pub fn push(&mut self, row: &ReportRow<'_>, column: Column, text: &mut String) {
        match column {
            Column::BillingMonth => self.month.push(row.billing_month, text),
            Column::ChargePeriodStart => push_shown(row.charge_period_start, text),
            Column::ChargePeriodEnd => push_shown(row.charge_period_end, text),
            Column::BillingAccountId => push_text(row.billing_account_id, text),
            Column::BillingAccountName => push_text(row.billing_account_name, text),
            Column::Account(key) => push_text(row.account_value(key), text),
            Column::Tag(key) => push_text(row.tag(key), text),
            Column::ConnectionId => push_text(row.connection_id, text),
            Column::Sender => push_text(row.sender.map(Sender::as_str), text),
            Column::SourceRegion => push_text(row.source_region, text),
            Column::DestinationRegion => push_text(row.destination_region, text),
            Column::PeerAccountId => push_text(row.peer_account_id, text),
            Column::LinkType => push_text(row.link_type.map(LinkType::as_str), text),
            Column::ChargeCategory => push_text(row.charge_category.map(ChargeCategory::as_str), text),
            Column::ConsumedBytes => push_digits(row.consumed_bytes, text),
            // A quantity is no amount: it has no decimals that it does not need.
            Column::PricingQuantity => push_money(row.pricing_quantity, 0, text),
            Column::ListUnitPrice => self.unit_price.push(row.list_unit_price, text),
            Column::ContractedUnitPrice => self.unit_price.push(row.contracted_unit_price, text),
            Column::BilledCost => push_money(row.billed_cost, Money::LEAST_DECIMALS, text),
            Column::BillingCurrency => push_text(row.billing_currency, text),
            Column::MeteredHours => push_digits(row.metered_hours, text),
            Column::RaisedHours => push_digits(row.raised_hours, text),
            Column::RaisedCost => push_money(row.raised_cost, Money::LEAST_DECIMALS, text),
            Column::PriceStatus => push_text(row.price_status.map(PriceStatus::as_str), text),
        }
    }
}

/// The text of a value that is most often the one before, which is made once for all of these.
struct LastText<T> {
    value: Option<T>,
    text: String,
}

impl<T> Default for LastText<T> {
    fn default() -> Self {
        Self { value: None, text: String::new() }
    }
}

impl<T: Display + Copy + PartialEq> LastText<T> {
    fn push(&mut self, value: Option<T>, text: &mut String) {
        if value.is_some() && value != self.value {
            self.text.clear();
            push_shown(value, &mut self.text);
            self.value = value;
        }
        if value.is_some() {
            text.push_str(&self.text);
        }
    }
}

fn push_text(value: Option<&str>, text: &mut String) {
    text.push_str(value.unwrap_or_default());
}

fn push_digits(value: Option<impl itoa::Integer>, text: &mut String) {
    value.into_iter().for_each(|number| text.push_str(itoa::Buffer::new().format(number)));
}

fn push_money(value: Option<Money>, least_decimals: usize, text: &mut String) {
    if let Some(money) = value {
        // OK because writing to a String does not fail.
        let _ = money.write(least_decimals, text);
    }
}

fn push_shown(value: Option<impl Display>, text: &mut String) {
    if let Some(value) = value {
        // OK because writing to a String does not fail.
        let _ = write!(text, "{value}");
    }
}

/// The value of a column; empty where the row has none.
pub(super) fn value(row: &ReportRow<'_>, column: Column) -> String {
    let mut text = String::new();
    ValueText::default().push(row, column, &mut text);
    text
}

/// The values of one row after the other: a file of many rows is not made of many small strings.
#[derive(Default)]
pub(super) struct RowText {
    /// The values, each with a comma behind it.
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    values: ValueText,
}

impl RowText {
    /// The values of `row` in these columns, in place of those of the row before it.
    pub fn fill(&mut self, row: &ReportRow<'_>, columns: &[Column]) -> Values<'_> {
        self.text.clear();
        self.ends.clear();
        for &column in columns {
            self.values.push(row, column, &mut self.text);
            self.ends.push(self.text.len());
            self.text.push(',');
        }
        Values { joined: &self.text, ends: &self.ends }
    }
}

/// The values of a row.
#[derive(Clone, Copy)]
pub(super) struct Values<'t> {
    /// All of them, each with a comma behind it.
    pub joined: &'t str,
    /// Where each of them ends.
    pub ends: &'t [usize],
}

impl<'t> Values<'t> {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = &'t str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.joined[std::mem::replace(&mut start, end + 1)..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rows_share_is_the_text_of_each() {
        let months = ["2026-10", "2026-10", "2026-11"].map(|month| Some(month.parse().unwrap()));
        let prices = [Some("0.480"), None, Some("0.48"), Some("0.5")];
        let prices = prices.map(|price| price.map(|price| price.parse().unwrap()));
        let mut text = RowText::default();
        for (billing_month, list_unit_price) in
            months.into_iter().cycle().zip(prices.into_iter().cycle()).take(24)
        {
            let row = ReportRow { billing_month, list_unit_price, ..ReportRow::default() };
            let columns = [Column::BillingMonth, Column::ListUnitPrice, Column::ContractedUnitPrice];
            let values: Vec<String> = text.fill(&row, &columns).iter().map(str::to_owned).collect();
            let shown = list_unit_price.map(|price: UnitPrice| price.to_string());
            assert_eq!(
                values,
                [
                    billing_month.map(|month| month.to_string()).unwrap(),
                    shown.unwrap_or_default(),
                    String::new()
                ]
            );
        }
    }

    #[test]
    fn a_row_without_values_is_empty_in_every_column() {
        let mut text = RowText::default();
        assert!(text.fill(&ReportRow::default(), &Column::ALL).iter().all(str::is_empty));
        let row =
            ReportRow { consumed_bytes: Some(i128::MAX), raised_hours: Some(0), ..ReportRow::default() };
        let columns = [Column::Sender, Column::ConsumedBytes, Column::RaisedHours];
        let values: Vec<&str> = text.fill(&row, &columns).iter().collect();
        assert_eq!(values, ["", "170141183460469231731687303715884105727", "0"]);
    }
}
