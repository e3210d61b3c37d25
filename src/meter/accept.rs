//! The one place that takes a record or refuses it, whatever it was read from.
//!
//! Outside the period first, then known, then its life, then a duplicate, then billed (R14, R15): a record goes by the
//! first of these that applies to it. [`super::batch`] does the same for many records of known connections at once, and
//! leaves to this every one that it would not bill.

use super::{
    duplicates::{DuplicateKey, Folded, HeldDuplicate, repeated::MomentGrid},
    refused::{Refusal, RefusedRecord},
    routes::Found,
    totals::{Count, HourShare},
    worker::{Goal, KeptRecord, Moment, Worker},
};
use crate::{
    error::{Fault, FaultCode, Result},
    model::{
        invalid::{Invalid, Remedy},
        quoted,
        time::{Hour, Timestamp},
        usage::EndIndex,
    },
    read::record::{Identity, NamedConnection, Observation, Quantity, Share, Shares, Traffic, Yielded},
};

impl Worker<'_> {
    /// Takes what a reader yields.
    pub fn take(&mut self, yielded: Yielded<'_>) -> Result<()> {
        match yielded {
            Yielded::Record(observation) => return self.accept(&observation),
            Yielded::PassedOver => self.found.notes.passed_over += 1,
            Yielded::Skipped => self.found.notes.skipped += 1,
        }
        Ok(())
    }

    /// Sends one record where it belongs.
    pub fn accept(&mut self, observation: &Observation<'_>) -> Result<()> {
        match self.plan.goal {
            Goal::Bill { .. } => {}
            Goal::Collect { wanted, noted } => {
                self.collect(observation, wanted, noted.grid.as_ref());
                return Ok(());
            }
            Goal::Keep { end, hour } => {
                self.keep(observation, end, hour);
                return Ok(());
            }
            Goal::Group => {
                self.group(observation);
                return Ok(());
            }
        }
        self.found.all.totals.read.add(observation.quantity.bytes);
        match &observation.traffic {
            Ok(traffic) => self.accept_readable(observation, traffic),
            Err(why) => {
                self.refuse(None, observation, Refusal::new(FaultCode::UnreadableRow, why.clone()));
                Ok(())
            }
        }
    }

    fn accept_readable(&mut self, observation: &Observation<'_>, traffic: &Traffic<'_>) -> Result<()> {
        let moment = self.moment_of(traffic.start);
        let (in_hour_of_start, in_several);
        let shares = match &traffic.shares {
            Shares::HourOfStart => {
                in_hour_of_start = [HourShare { hour: moment.hour, quantity: observation.quantity }];
                &in_hour_of_start[..]
            }
            Shares::Several(shares) => {
                in_several = self.all_placed(shares);
                &in_several[..]
            }
        };
        let month_of = |hour: Option<u32>| hour.map(|hour| self.plan.months.of(hour));
        let month = month_of(moment.hour);
        if shares.iter().any(|share| month_of(share.hour) != month) {
            return self.accept_in_each(observation, traffic, moment, shares);
        }
        // R15: a readable record outside the period is that before any other check.
        let Some(month) = month else {
            self.count_outside(None, observation, traffic);
            return Ok(());
        };
        let (quantity, own) = (observation.quantity, &mut self.found.months[month]);
        own.alone.add(quantity.bytes);
        own.alone_rounding += quantity.rounded() - quantity.bytes;
        self.accept_in(month, observation, traffic, moment, shares)
    }

    /// Accepts an entry of a flow log that lies in several months, or in one and outside: for each month as if there
    /// were no other.
    fn accept_in_each(
        &mut self,
        observation: &Observation<'_>,
        traffic: &Traffic<'_>,
        moment: Moment,
        shares: &[HourShare],
    ) -> Result<()> {
        let months = self.plan.months;
        for month in 0..months.count() {
            let of_month = |hour: &u32| months.of(*hour) == month;
            let mut own = shares.to_vec();
            own.iter_mut().for_each(|share| share.hour = share.hour.filter(of_month));
            match own.iter().all(|share| share.hour.is_none()) {
                true => self.count_outside(Some(month), observation, traffic),
                false => self.accept_in(month, observation, traffic, moment, &own)?,
            }
        }
        Ok(())
    }

    /// Counts a record outside the period of a month, or of all.
    fn count_outside(&mut self, month: Option<usize>, observation: &Observation<'_>, traffic: &Traffic<'_>) {
        let bytes = self.rounded_alone(month, observation.quantity);
        let offset = self.plan.rules.offset;
        let told = self.found.told(month);
        told.totals.outside_period.add(bytes);
        told.outside.add(traffic.start.hour(), 1, offset);
    }

    /// Sends a record of this month where it belongs, of whose shares none is of another.
    fn accept_in(
        &mut self,
        month: usize,
        observation: &Observation<'_>,
        traffic: &Traffic<'_>,
        moment: Moment,
        shares: &[HourShare],
    ) -> Result<()> {
        match self.existing_end(month, traffic, shares) {
            Ok(end) => self.hold_or_bill(month, observation, traffic, moment, end, shares),
            Err(refusal) => {
                self.refuse(Some(month), observation, refusal);
                Ok(())
            }
        }
    }

    fn all_placed(&self, shares: &[Share]) -> Vec<HourShare> {
        shares.iter().map(|share| self.placed(share)).collect()
    }

    fn placed(&self, share: &Share) -> HourShare {
        let period = self.plan.rules.period;
        // OK because no period has 2^32 hours.
        let place = || (share.hour.index() - period.start.index()) as u32;
        HourShare { hour: period.contains(share.hour).then(place), quantity: share.quantity }
    }

    /// The end that traffic left, where it is known and exists in all hours of it.
    fn existing_end(
        &mut self,
        month: usize,
        traffic: &Traffic<'_>,
        shares: &[HourShare],
    ) -> Result<EndIndex, Refusal> {
        let end = self.known_end(traffic).inspect_err(|refusal| {
            if refusal.code == FaultCode::UnknownConnection {
                // An entry of a flow log names no connection.
                let id = if let NamedConnection::Id { id, .. } = traffic.connection { id } else { b"" };
                self.found.months[month].unknown.add(id, traffic.start.hour());
            }
        })?;
        for hour in shares.iter().filter_map(|share| share.hour) {
            // The counter is looked at in any case, and the connection lies elsewhere.
            if self.sums.hourly.counter(end).exists_in(hour) {
                continue;
            }
            self.check_life(end.connection(), hour, traffic.start)?;
        }
        Ok(end)
    }

    fn known_end(&self, traffic: &Traffic<'_>) -> Result<EndIndex, Refusal> {
        match traffic.connection {
            NamedConnection::Id { id, sender } => match self.plan.lookup.find(id) {
                Some(Found::Known(connection)) => Ok(EndIndex::new(connection, sender)),
                Some(Found::Faulty(cause)) => Err(Refusal::of_faulty_connection(cause)),
                None => {
                    let why = format!("connection {} is not in the inventory", quoted(id));
                    let why = Invalid::new(why).with(Remedy::AddConnection);
                    Err(Refusal::new(FaultCode::UnknownConnection, why))
                }
            },
            NamedConnection::Route { vpc_id, destination } => {
                self.plan.routes.find(vpc_id, destination, traffic.start)
            }
        }
    }

    /// Refuses traffic of a connection in an hour of the period in which it does not exist; the message names `at`.
    fn check_life(&self, connection: usize, hour: u32, at: Timestamp) -> Result<(), Refusal> {
        let connection = self.plan.inventory.connection(connection);
        let start = self.plan.rules.period.start;
        let hour = Hour::from_index(start.index() + i64::from(hour));
        let id = &connection.id;
        if let Some(status) = connection.status.filter(|status| status.never_active()) {
            let status = status.as_str();
            let why = format!("traffic at {at}, but {id} never came into effect: it is {status}");
            return Err(Refusal::new(FaultCode::NeverActive, why).because_of(id));
        }
        if let Some(created) = connection.created_at.filter(|_| connection.before_creation(hour)) {
            let why = format!("traffic at {at}, but {id} was created at {created}");
            return Err(Refusal::new(FaultCode::BeforeCreation, why).because_of(id));
        }
        if let Some(deleted) = connection.deleted_at.filter(|_| connection.after_deletion(hour)) {
            let why = format!("traffic at {at}, but {id} was deleted at {deleted}");
            return Err(Refusal::new(FaultCode::AfterDeletion, why).because_of(id));
        }
        Ok(())
    }

    /// Holds a record of which there are several, or bills it.
    fn hold_or_bill(
        &mut self,
        month: usize,
        observation: &Observation<'_>,
        traffic: &Traffic<'_>,
        moment: Moment,
        end: EndIndex,
        shares: &[HourShare],
    ) -> Result<()> {
        let is_free = self.plan.lookup.free[end.connection()];
        let (key, entry) = match traffic.identity {
            Identity::EndAndStart => (DuplicateKey::Moment(end, moment.clock), None),
            Identity::Entry(entry) => {
                self.found.months[month].entries += 1;
                // An entry of several months is held or billed in each of them.
                (DuplicateKey::Entry(entry.number(self.plan.seed).wrapping_add(month as u64)), Some(entry))
            }
        };
        if let Goal::Bill { repeated, is_first } = self.plan.goal {
            if repeated.contains(&key) {
                let digest = entry.map(|entry| entry.digest());
                let unresolved = Refusal::new(FaultCode::DuplicateRecord, "");
                let record = self.refused_record(observation, unresolved);
                let shares = shares.to_vec();
                let held = HeldDuplicate {
                    month,
                    end,
                    key,
                    digest,
                    shares,
                    is_free,
                    record,
                    folded: Folded::default(),
                };
                self.found.hold(held, self.plan.rules.keep);
                return Ok(());
            }
            match key {
                DuplicateKey::Moment(..) => {
                    self.note_time(end, moment.tick);
                    if let Some(grid) = &self.noting {
                        self.found.collected.push((end, moment.clock), Some(grid));
                    }
                }
                DuplicateKey::Entry(number) if is_first => {
                    self.found.entries.push(number);
                    self.found.thinned_entries.look(&mut self.found.entries);
                }
                DuplicateKey::Entry(_) => {}
            }
        }
        self.sums.bill(end, shares, is_free, &mut self.found.months[month].told.totals)
    }

    /// Collects which record this is, where its end is wanted.
    fn collect(&mut self, observation: &Observation<'_>, wanted: &[bool], grid: Option<&MomentGrid>) {
        if let Ok(traffic) = &observation.traffic
            && let NamedConnection::Id { id, sender } = traffic.connection
            && let Some(Found::Known(connection)) = self.plan.lookup.find(id)
        {
            let end = EndIndex::new(connection, sender);
            let moment = self.moment_of(traffic.start);
            if moment.hour.is_some() && wanted[end.index()] {
                self.found.collected.push((end, moment.clock), grid);
            }
        }
    }

    /// Notes a number that records share which are compared or summed before anything is rounded: copies of one another, and
    /// all of one connection, sender and hour where they say which.
    fn group(&mut self, observation: &Observation<'_>) {
        let Ok(traffic) = &observation.traffic else { return };
        let number = match (traffic.identity, traffic.connection) {
            (Identity::Entry(entry), _) => entry.digest() as u64,
            (_, NamedConnection::Id { id, sender }) => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(&traffic.start.hour().index().to_le_bytes());
                hasher.update(&[sender as u8]).update(id);
                let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
                u64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
            // What is no entry names no route.
            (_, NamedConnection::Route { .. }) => return,
        };
        self.found.grouped.push((observation.line, number));
    }

    /// Keeps a record of this end that has a share in this hour, billed or not.
    fn keep(&mut self, observation: &Observation<'_>, wanted: EndIndex, hour: u32) {
        let Ok(traffic) = &observation.traffic else { return };
        let quantity = match &traffic.shares {
            Shares::HourOfStart => {
                (self.moment_of(traffic.start).hour == Some(hour)).then_some(observation.quantity)
            }
            Shares::Several(shares) => {
                let shares = self.all_placed(shares);
                shares.iter().find(|share| share.hour == Some(hour)).map(|share| share.quantity)
            }
        };
        let Some(quantity) = quantity else { return };
        if self.known_end(traffic).is_ok_and(|end| end == wanted) {
            let record = self.refused_record(observation, Refusal::new(FaultCode::UnreadableRow, ""));
            let (place, start, whole) = (observation.place, traffic.start, observation.quantity);
            self.found.kept.push(KeptRecord { record, place, start, quantity, whole });
        }
    }

    /// The bytes of a record that no hour sums: its fraction is rounded on its own, half up. What that adds counts as
    /// read, in its month or in all.
    fn rounded_alone(&mut self, month: Option<usize>, quantity: Quantity) -> u128 {
        let rounded = quantity.rounded();
        self.found.told(month).totals.read.bytes += rounded - quantity.bytes;
        rounded
    }

    fn refuse(&mut self, month: Option<usize>, observation: &Observation<'_>, refusal: Refusal) {
        let cause = refusal.cause.clone();
        let record = self.refused_record(observation, refusal);
        let bytes = self.rounded_alone(month, observation.quantity);
        let one = Count { records: 1, bytes };
        self.found.refuse(month, record, cause.as_deref(), one, self.plan.rules.keep);
    }

    fn refused_record(&self, observation: &Observation<'_>, refusal: Refusal) -> RefusedRecord {
        let Observation { line, place, fields, raw, .. } = *observation;
        let fault = Fault::at(refusal.code, &self.plan.names[self.source], line, refusal.why);
        let fault = Fault { path: place.map(|place| place.to_string().into()), ..fault };
        let raw = if fields.is_some() { Vec::new() } else { raw.to_vec() };
        RefusedRecord {
            source: self.source,
            fault,
            fields: fields.map(|fields| fields.map(<[u8]>::to_vec)),
            raw,
            number: self.found.all.totals.read.records,
        }
    }
}
