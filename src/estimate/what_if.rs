//! A question: what would the same traffic cost over other link types?

use super::names::{ALL_GOLD, ALL_PLATINUM};
use crate::{
    model::{
        inventory::Inventory,
        link::{LinkHistory, LinkType},
    },
    report::{Column, Traffic},
};
use std::sync::Arc;

/// A question; [`price`](super::price::price) answers it with a [`Scenario`](super::Scenario).
#[derive(Debug, Clone)]
pub(super) struct WhatIf<'t> {
    /// The traffic, with what is asked for.
    pub traffic: Traffic<'t>,
    /// The scenario's name, as callers and the first column have it.
    pub name: &'static str,
    /// What it assumes, in words.
    pub about: String,
    /// The link type of every connection, where it is one and the same.
    pub link_type: Option<LinkType>,
    /// The connections of the traffic, with the link types to rate by.
    pub link_types: Arc<Inventory>,
    /// Columns that have no value here, such as hours where there are quantities only.
    pub without_value: &'static [Column],
    /// Whether it is shown where no scenario is asked for by name.
    pub by_default: bool,
}

impl<'t> WhatIf<'t> {
    /// Over the link types that the connections have: a bill, or a plan as it is.
    pub fn as_given(name: &'static str, about: &str, traffic: Traffic<'t>) -> Self {
        Self {
            traffic,
            name,
            about: about.into(),
            link_type: None,
            link_types: traffic.metered.inventory().clone(),
            without_value: &[],
            by_default: true,
        }
    }

    /// Over one link type all along: [`ALL_GOLD`] or [`ALL_PLATINUM`].
    pub fn all(link_type: LinkType, traffic: Traffic<'t>) -> Self {
        let name = if link_type == LinkType::Gold { ALL_GOLD } else { ALL_PLATINUM };
        let about = format!("every connection between regions is {link_type} all along");
        let history = |_| LinkHistory::constant(link_type);
        Self { link_type: Some(link_type), ..Self::changing(name, &about, traffic, history) }
    }

    /// Over link types that change with time; `history` is asked by index into the inventory.
    pub fn changing(
        name: &'static str,
        about: &str,
        traffic: Traffic<'t>,
        history: impl Fn(usize) -> LinkHistory,
    ) -> Self {
        let link_types = Arc::new(traffic.inventory().with_histories(history));
        Self { link_types, ..Self::as_given(name, about, traffic) }
    }

    /// The same, leaving columns without a value empty.
    #[must_use]
    pub fn without(self, without_value: &'static [Column]) -> Self {
        Self { without_value, ..self }
    }

    /// The same, shown only where it is asked for by name.
    #[must_use]
    pub fn by_name_only(self) -> Self {
        Self { by_default: false, ..self }
    }
}
