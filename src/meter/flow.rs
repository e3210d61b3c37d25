//! Flow logs: which connection an entry went through, and its bytes by hours.

use super::{
    Copy, CopyOf, Part, RefusedRecord,
    hourly::key_of,
    settle,
    tally::{Goal, Tally},
};
use crate::{
    error::{Fault, FaultCode, Result},
    model::{
        cidr::Cidr,
        connection::Inventory,
        quoted,
        time::{Hour, Timestamp},
        usage::Sender,
    },
    read::flowlog::{self, Entry, Flow},
};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

/// The connections of every VPC.
#[derive(Debug)]
pub(super) struct Join<'a> {
    inventory: &'a Inventory,
    by_vpc: HashMap<&'a str, Vec<Exit<'a>>>,
}

/// A way out of a VPC.
#[derive(Debug, Clone, Copy)]
struct Exit<'a> {
    connection: usize,
    sender: Sender,
    /// Where it leads.
    blocks: &'a [Cidr],
}

impl<'a> Join<'a> {
    pub fn new(inventory: &'a Inventory) -> Self {
        let mut by_vpc: HashMap<&str, Vec<Exit<'_>>> = HashMap::new();
        for (connection, own) in inventory.connections().iter().enumerate() {
            let ends = [(&own.requester, &own.accepter), (&own.accepter, &own.requester)];
            for (sender, (from, to)) in Sender::ALL.into_iter().zip(ends) {
                if let Some(vpc) = &from.vpc_id {
                    let exit = Exit { connection, sender, blocks: &to.cidrs };
                    by_vpc.entry(vpc).or_default().push(exit);
                }
            }
        }
        Self { inventory, by_vpc }
    }

    /// The connection through which a VPC reaches an address at an instant: one that existed then before others, and
    /// of those the one with the longest block.
    fn find(&self, vpc_id: &str, to: IpAddr, at: Timestamp) -> Result<(usize, Sender), String> {
        let vpc = quoted(vpc_id.as_bytes());
        let Some(exits) = self.by_vpc.get(vpc_id) else {
            return Err(format!(
                "vpc-id {vpc} is at no end of a connection; add it to --connections, with its VPC ids"
            ));
        };
        let rank = |exit: &Exit<'_>| {
            let closest = exit.blocks.iter().filter(|block| block.contains(to)).map(Cidr::prefix).max()?;
            let own = self.inventory.connection(exit.connection);
            let lives = own.created_at.is_none_or(|created| created <= at)
                && own.deleted_at.is_none_or(|deleted| at <= deleted);
            let lives_this_hour = !own.before_creation(at.hour()) && !own.after_deletion(at.hour());
            Some((lives, lives_this_hour, closest))
        };
        let best = exits.iter().filter_map(rank).max();
        let Some(best) = best else {
            let blocks = exits.iter().any(|exit| !exit.blocks.is_empty());
            let way_out = "give requester_cidrs and accepter_cidrs, or the provider's JSON, to --connections";
            return Err(if blocks {
                format!(
                    "dstaddr {to} lies in no address block of the peers of {vpc}; add its connection to --connections"
                )
            } else {
                format!("the address blocks of the peers of {vpc} are not known; {way_out}")
            });
        };
        let mut found = exits.iter().filter(|exit| rank(exit) == Some(best));
        match (found.next(), found.next()) {
            (Some(exit), None) => Ok((exit.connection, exit.sender)),
            (first, second) => {
                let names = [first, second]
                    .map(|exit| exit.map_or("", |exit| &*self.inventory.connection(exit.connection).id));
                let why = format!("dstaddr {to} lies behind {}, and as well behind {}", names[0], names[1]);
                Err(format!("{why}: which one it took cannot be told"))
            }
        }
    }
}

/// What a reading of flow logs needs.
#[derive(Clone, Copy)]
pub(super) struct Flows<'a> {
    pub join: &'a Join<'a>,
    /// Entries of which there are several.
    pub repeated: &'a HashSet<u128>,
    /// Whether identities are collected, to find those.
    pub collect: bool,
}

/// Those that stand here more than once.
pub(super) fn repeated(mut identities: Vec<u128>) -> HashSet<u128> {
    identities.sort_unstable();
    identities.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

impl Tally<'_> {
    /// Takes one line of a flow log.
    pub(super) fn take_entry(&mut self, line: u64, raw: &[u8]) -> Result<()> {
        if matches!(self.plan.goal, Goal::Collect(_)) {
            return Ok(());
        }
        match flowlog::read(raw) {
            Ok(Entry::PassedOver) => self.span.notes.passed_over += 1,
            Ok(Entry::Skipped) => self.span.notes.skipped += 1,
            Ok(Entry::Traffic(flow)) => {
                self.span.totals.read.add(flow.bytes);
                if let Err((code, why)) = self.take_flow(&flow, line, raw)? {
                    self.refuse_entry(line, raw, flow.bytes, code, why);
                }
            }
            Err((bytes, why)) => {
                let bytes = bytes.unwrap_or(0);
                self.span.totals.read.add(bytes);
                self.refuse_entry(line, raw, bytes, FaultCode::UnreadableRow, why);
            }
        }
        Ok(())
    }

    /// Bills a flow, or tells why it is refused.
    fn take_flow(
        &mut self,
        flow: &Flow<'_>,
        line: u64,
        raw: &[u8],
    ) -> Result<Result<(), (FaultCode, String)>> {
        let period = self.plan.settings.period;
        let parts: Vec<Part> = flow
            .by_hours()
            .map(|(hour, bytes)| {
                let inside = period.contains(Hour::from_index(hour));
                // OK because a month has 744 hours.
                Part { hour: inside.then(|| (hour - period.start.index()) as u32), bytes, parts: 0 }
            })
            .collect();
        // R15: a readable record outside the period is that before any other check.
        if parts.iter().all(|part| part.hour.is_none()) {
            self.span.totals.outside_period.add(flow.bytes);
            return Ok(Ok(()));
        }
        let at = Timestamp::from_seconds(flow.start);
        let (connection, sender) = match self.plan.flows.join.find(&flow.vpc_id, flow.destination, at) {
            Ok(found) => found,
            Err(why) => return Ok(Err((FaultCode::UnknownConnection, why))),
        };
        for hour in parts.iter().filter_map(|part| part.hour) {
            if let Some(refused) = self.outside_its_life(connection, hour, at) {
                return Ok(Err(refused));
            }
        }
        let key = key_of(connection, sender);
        let free = self.plan.lookup.free[connection];
        if self.plan.flows.repeated.contains(&flow.identity) {
            let record = self.refused_entry(line, raw, FaultCode::DuplicateRecord, String::new());
            let identity = CopyOf::Flow(flow.identity);
            self.span.copies.push(Copy { key: key as u32, identity, parts, free, record });
            return Ok(Ok(()));
        }
        if self.plan.flows.collect {
            self.span.flows.push(flow.identity);
        }
        settle(key, &parts, free, &mut self.span.totals, &mut self.hourly);
        Ok(Ok(()))
    }

    /// An entry stands whole in a quarantine: a native record could not hold it.
    fn refused_entry(&self, line: u64, raw: &[u8], code: FaultCode, why: String) -> RefusedRecord {
        let fault = Fault::at(code, &self.plan.names[self.source], line, why);
        RefusedRecord { source: self.source, fault, fields: None, raw: raw.to_vec() }
    }

    fn refuse_entry(&mut self, line: u64, raw: &[u8], bytes: u64, code: FaultCode, why: String) {
        let record = self.refused_entry(line, raw, code, why);
        self.span.refuse(record, bytes, self.plan.settings.keep_refused);
    }
}
