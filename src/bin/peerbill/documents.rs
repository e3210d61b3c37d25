//! The connections and link changes that arguments name.

use crate::{args::TrafficArgs, input::Inputs};
use peerbill::{
    Result,
    model::{inventory::Inventory, time::Hour},
    read::{
        Document, InventorySettings, LinkTypesBefore, RegionCheck, read_inventory,
        terraform::StatedRequesters,
    },
};

/// Connections and link changes as they were given.
pub struct Documents {
    pub connections: Vec<Document>,
    pub changes: Option<Vec<Document>>,
}

impl Documents {
    /// Reads them whole.
    pub fn find(args: &TrafficArgs, inputs: &mut Inputs) -> Result<Self> {
        let connections = inputs.documents("connections", &args.connections)?;
        let changes = match args.link_changes.as_slice() {
            [] => None,
            paths => Some(inputs.documents("link-changes", paths)?),
        };
        Ok(Self { connections, changes })
    }

    /// The connections alone.
    pub fn without_changes(&self) -> Self {
        Self { connections: self.connections.clone(), changes: None }
    }

    /// The connections with their link changes, good from the first hour that is billed, where that is known.
    pub fn inventory(
        &self,
        args: &TrafficArgs,
        check_region: RegionCheck<'_>,
        billed_from: Option<Hour>,
    ) -> Result<Inventory> {
        let requesters = StatedRequesters::parse(&args.requester_account, &args.requester_region)?;
        let link_types_before = LinkTypesBefore::parse(args.link_type_before.iter().map(String::as_str))?;
        let mut settings = InventorySettings::new(check_region).with_requesters(&requesters);
        settings.link_types_before = link_types_before;
        settings.billed_from = billed_from;
        read_inventory(&self.connections, self.changes.as_deref(), &settings)
    }
}
