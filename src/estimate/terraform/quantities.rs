//! A Terraform plan with monthly traffic, as quantities of its two sides.

use super::sides::Sides;
use crate::{
    catalog::Catalog,
    error::{Error, ErrorKind, Result},
    estimate::quantities::{PlannedConnection, PricesOf, Quantities},
    model::{finding::Finding, invalid::Invalid},
    read::{
        monthly::MonthlyBytes,
        terraform::{Action, Change, PeeringPlan},
    },
};

/// A Terraform plan with the monthly traffic of its connections, ready for [`of_plan`](super::of_plan).
#[derive(Debug, Clone)]
pub struct PlanQuantities {
    pub(super) before: Quantities,
    pub(super) after: Quantities,
    /// The connections of both sides.
    pub(super) planned: [Vec<PlannedConnection>; 2],
    pub(super) prices_of: PricesOf,
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<Finding>,
    /// Why the difference of the plan as a whole is not known.
    pub(super) open: Vec<Invalid>,
    pub(super) unchanged: usize,
}

impl PlanQuantities {
    /// From a plan ([`read_plan`](crate::read::terraform::read_plan)) and the monthly bytes of its connections by address
    /// ([`read_monthly`](crate::read::monthly::read_monthly)).
    ///
    /// What is not known, in the plan or of its traffic, is not taken for zero: it is noted, and closes the gate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] where the plan names a region that the catalog does not know; those of
    /// [`Quantities::new`].
    pub fn new(
        plan: &PeeringPlan,
        traffic: &MonthlyBytes,
        prices_of: PricesOf,
        catalog: &Catalog,
    ) -> Result<Self> {
        let (unchanged, changes): (Vec<&Change>, Vec<&Change>) =
            plan.changes.iter().partition(|change| change.action == Action::NoOp);
        let mut sides = Sides::new(catalog);
        sides.note_unknown(plan, &unchanged);
        for change in &changes {
            sides.add(change, traffic.get(&change.address).copied().unwrap_or_default());
        }
        let Sides { planned, faults, notes, open, .. } = sides;
        if let Some(error) = Error::from_faults(ErrorKind::Input, faults) {
            return Err(error);
        }
        Ok(Self {
            before: Quantities::new(&planned[0], prices_of, catalog)?,
            after: Quantities::new(&planned[1], prices_of, catalog)?,
            planned,
            prices_of,
            changes: changes.into_iter().cloned().collect(),
            notes,
            open,
            unchanged: unchanged.len(),
        })
    }

    /// The same, naming settings that came from a settings file.
    #[must_use]
    pub fn with_settings(mut self, settings: &[(String, String)]) -> Self {
        self.before = self.before.with_settings(settings.to_vec());
        self.after = self.after.with_settings(settings.to_vec());
        self
    }
}
