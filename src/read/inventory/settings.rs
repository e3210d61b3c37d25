//! What the inputs of an inventory do not say themselves.

use crate::{
    error::{Error, Result},
    model::{invalid::Invalid, link::LinkType, time::Hour},
    read::{connections::RegionCheck, terraform::StatedRequesters},
};
use std::collections::BTreeMap;

/// What the inputs of an inventory do not say themselves.
#[non_exhaustive]
#[derive(Clone)]
pub struct InventorySettings<'a> {
    /// Whether a region may be named: [`Catalog::check_region`](crate::Catalog::check_region) says so of a catalog's.
    pub check_region: RegionCheck<'a>,
    /// Accounts and regions of requesters, which a Terraform state does not have everywhere.
    pub requesters: Option<&'a StatedRequesters>,
    /// Link types before the first change that a trail has.
    pub link_types_before: LinkTypesBefore,
    /// The first hour that will be billed, where that is known: what a trail lacks of earlier hours then
    /// needs no statement, and the inventory is good from this hour on.
    pub billed_from: Option<Hour>,
    /// Whether documents may hold no connection at all: where somebody looks at inputs, and bills nothing.
    pub may_be_empty: bool,
    /// So many threads at most read large inputs: one, unless this says otherwise.
    pub threads: usize,
}

impl<'a> InventorySettings<'a> {
    /// To check regions, and to state nothing else.
    pub fn new(check_region: RegionCheck<'a>) -> Self {
        Self {
            check_region,
            requesters: None,
            link_types_before: LinkTypesBefore::default(),
            billed_from: None,
            may_be_empty: false,
            threads: 1,
        }
    }

    /// With what is stated about requesters.
    #[must_use]
    pub fn with_requesters(self, requesters: &'a StatedRequesters) -> Self {
        Self { requesters: Some(requesters), ..self }
    }
}

/// Link types before the first change that a trail has, where it does not reach back to the creation (R7).
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkTypesBefore {
    /// Of every connection that is not stated itself.
    pub of_all: Option<LinkType>,
    /// By connection id.
    pub of: BTreeMap<String, LinkType>,
}

impl LinkTypesBefore {
    /// What the setting is called.
    pub(super) const SETTING: &'static str = "link-type-before";

    /// Reads `Gold`, for every connection, and `pcc-aaa=Platinum`, for one.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where a link type is not one, and where two types are stated for the same.
    pub fn parse<'a>(statements: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut stated = Self::default();
        for statement in statements {
            let bad = |why: &str| Error::setting(Self::SETTING, format!("{statement}: {why}"));
            let (id, link_type) = match statement.rsplit_once('=') {
                Some((id, link_type)) => (Some(id), link_type),
                None => (None, statement),
            };
            let link_type = link_type.parse().map_err(|why: Invalid| bad(why.message()))?;
            let before = match id {
                Some(id) => stated.of.insert(id.into(), link_type),
                None => stated.of_all.replace(link_type),
            };
            if before.is_some_and(|before| before != link_type) {
                return Err(bad("another type was stated before"));
            }
        }
        Ok(stated)
    }
}
