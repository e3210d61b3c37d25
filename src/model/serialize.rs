//! Values as text, for the feature `serde`: numbers of money, prices and bytes keep all their digits.

use crate::model::{
    link::LinkType,
    money::{Amount, Money, UnitPrice},
    time::{BillingMonth, Hour, Offset, Timestamp},
    usage::Sender,
};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::fmt::Display;

/// A value as it is printed.
pub(crate) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Likewise one that may be absent.
pub(crate) fn text_or_none<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

macro_rules! as_text {
    ($($type:ty)+) => {
        $(impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                text(self, serializer)
            }
        })+
    };
}

as_text! { BillingMonth Hour LinkType Money Offset Sender Timestamp UnitPrice }

impl Serialize for Amount {
    /// As the integers that it is exactly: numerator, and the scale of the GB below it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (numerator, scale) = self.parts();
        let mut parts = serializer.serialize_struct("Amount", 2)?;
        parts.serialize_field("numerator", &numerator.to_string())?;
        parts.serialize_field("scale", &scale)?;
        parts.end()
    }
}
