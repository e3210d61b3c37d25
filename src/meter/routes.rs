//! Routes: through which connection traffic leaves a VPC for an address, as entries of flow logs name it.

use super::{hourly::Counter, refused::Refusal};
use crate::{
    error::{Fault, FaultCode},
    model::{
        QuickMap,
        connection::{Cidr, Connection},
        invalid::{Invalid, Remedy},
        inventory::Inventory,
        quoted,
        time::{Period, Timestamp},
        usage::{EndIndex, Sender},
    },
    read::native::{fields::ShortId, plain::AT_ONCE},
};
use std::net::IpAddr;

/// The routes out of every VPC.
#[derive(Debug)]
pub(super) struct Routes<'a> {
    vpcs: Vec<Vpc<'a>>,
    by_id: QuickMap<&'a [u8], usize>,
    short: ShortIds,
}

/// The routes out of a VPC.
#[derive(Debug, Default)]
struct Vpc<'a> {
    /// Where its one route leads, of one block: most often it is that, and needs no further look into memory.
    only: Option<(Cidr, EndIndex)>,
    routes: Vec<Route<'a>>,
}

impl<'a> Vpc<'a> {
    fn add(&mut self, route: Route<'a>) {
        self.only = match (route.end, route.blocks) {
            (Ok(end), [block]) if self.routes.is_empty() => Some((*block, end)),
            _ => None,
        };
        self.routes.push(route);
    }
}

/// A route out of a VPC.
#[derive(Debug, Clone, Copy)]
struct Route<'a> {
    connection: &'a Connection,
    /// The end of it that lies in the VPC, or why its own row or changes are bad.
    end: Result<EndIndex, &'a Fault>,
    /// Where it leads.
    blocks: &'a [Cidr],
}

impl Route<'_> {
    /// How well it fits an address at an instant, best the greatest; `None` where it does not lead there.
    ///
    /// One that existed then fits better, then one that existed in that hour, then one with a longer block.
    fn fit(&self, destination: IpAddr, at: Timestamp) -> Option<(bool, bool, u8)> {
        let holding = self.blocks.iter().filter(|block| block.contains(destination));
        let closest = holding.map(Cidr::prefix).max()?;
        let connection = self.connection;
        let exists = connection.created_at.is_none_or(|created| created <= at)
            && connection.deleted_at.is_none_or(|deleted| at <= deleted);
        let exists_that_hour =
            !connection.before_creation(at.hour()) && !connection.after_deletion(at.hour());
        Some((exists, exists_that_hour, closest))
    }
}

impl<'a> Routes<'a> {
    /// No routes, where nothing names any.
    pub fn none() -> Self {
        Self { vpcs: Vec::new(), by_id: QuickMap::default(), short: ShortIds::new([].into_iter()) }
    }

    pub fn new(inventory: &'a Inventory) -> Self {
        let (mut vpcs, mut ids, mut by_id): (Vec<Vpc<'_>>, Vec<&[u8]>, _) =
            (Vec::new(), Vec::new(), QuickMap::default());
        let known = inventory.connections().iter().enumerate();
        let known = known.map(|(index, connection)| (connection, Ok(index)));
        let faulty = inventory.set_aside().iter();
        let faulty =
            faulty.filter_map(|connection| Some((connection, Err(inventory.fault_of(&connection.id)?))));
        for (connection, index) in known.chain(faulty) {
            let Connection { requester, accepter, .. } = connection;
            let ends = [(requester, accepter), (accepter, requester)];
            for (sender, (from, to)) in Sender::ALL.into_iter().zip(ends) {
                if let Some(vpc) = &from.vpc_id {
                    let end = index.map(|index| EndIndex::new(index, sender));
                    let route = Route { connection, end, blocks: &to.cidrs };
                    let index = *by_id.entry(vpc.as_bytes()).or_insert(vpcs.len());
                    if index == vpcs.len() {
                        vpcs.push(Vpc::default());
                        ids.push(vpc.as_bytes());
                    }
                    vpcs[index].add(route);
                }
            }
        }
        let short = ShortIds::new(ids.into_iter());
        Self { vpcs, by_id, short }
    }

    /// The end that traffic of a VPC leaves for an address at an instant: that of the route that fits best.
    #[inline]
    pub fn find(&self, vpc_id: &[u8], destination: IpAddr, at: Timestamp) -> Result<EndIndex, Refusal> {
        let vpc = match self.short.find_padded(vpc_id) {
            Some(index) => Some(&self.vpcs[index as usize]),
            None => self.by_id.get(vpc_id).map(|index| &self.vpcs[*index]),
        };
        if let Some(Vpc { only: Some((block, end)), .. }) = vpc
            && block.contains(destination)
        {
            return Ok(*end);
        }
        best(vpc, vpc_id, destination, at)
    }
}

/// The end of the route that fits best; `vpc` are those out of `vpc_id`, if there are any.
fn best(
    vpc: Option<&Vpc<'_>>,
    vpc_id: &[u8],
    destination: IpAddr,
    at: Timestamp,
) -> Result<EndIndex, Refusal> {
    let named = String::from_utf8_lossy(vpc_id);
    let unknown = |why: Invalid| Refusal::new(FaultCode::UnknownConnection, why).because_of(&named);
    let Some(Vpc { routes, .. }) = vpc else {
        let vpc = quoted(vpc_id);
        let why = Invalid::new(format!("vpc-id {vpc} is at no end of a connection"));
        return Err(unknown(why.with(Remedy::AddConnectionWithVpcs)));
    };
    let fits: Vec<_> = routes.iter().map(|route| (route, route.fit(destination, at))).collect();
    let best = fits.iter().filter_map(|(_, fit)| *fit).max();
    // Where no block holds the address, a bad row may be what lacks it.
    let found: Vec<&Route<'_>> = match best {
        Some(_) => fits.iter().filter(|(_, fit)| *fit == best).map(|(route, _)| *route).collect(),
        None => routes.iter().filter(|route| route.end.is_err() && route.blocks.is_empty()).collect(),
    };
    // R15: a fault in a connection's own row or changes is the one cause for all its traffic.
    if let Some(cause) = found.iter().find_map(|route| route.end.err()) {
        return Err(Refusal::of_faulty_connection(cause));
    }
    match found[..] {
        [Route { end: Ok(end), .. }] => Ok(*end),
        [_] | [] => Err(unknown(why_no_route(vpc_id, routes, destination))),
        [first, second, ..] => {
            let [first, second] = [first, second].map(|route| &route.connection.id);
            let why = format!("dstaddr {destination} lies behind {first}, and as well behind {second}");
            let why = format!("{why}: which one it took cannot be told");
            Err(Refusal::new(FaultCode::UnknownConnection, why).because_of(&format!("{first} {second}")))
        }
    }
}

/// Why none of the routes out of a VPC leads to an address.
fn why_no_route(vpc_id: &[u8], routes: &[Route<'_>], destination: IpAddr) -> Invalid {
    let vpc = quoted(vpc_id);
    if routes.iter().any(|route| !route.blocks.is_empty()) {
        let why = format!("dstaddr {destination} lies in no address block of the peers of {vpc}");
        return Invalid::new(why).with(Remedy::AddConnectionToAddress);
    }
    let why = format!("the address blocks of the peers of {vpc} are not known");
    Invalid::new(why).with(Remedy::GiveAddressBlocks)
}

/// Places per id: with so many most ids stand where they are looked for first.
const PLACES: usize = 4;

/// Short ids by their numbers, and digests of longer ones.
#[derive(Debug)]
struct ShortIds {
    /// Open addressing: the number of an id plus one; 0 where a place is empty.
    places: Vec<u32>,
    /// Of a hash, how many bits a place has no use for.
    unused_bits: u32,
    /// By number; where no plain line holds the id, one that no place leads to.
    ids: Vec<ShortId>,
}

impl ShortIds {
    fn new<'i>(all: impl ExactSizeIterator<Item = &'i [u8]>) -> Self {
        let places = vec![0; (all.len() * PLACES).max(2).next_power_of_two()];
        let unused_bits = u64::BITS - places.len().trailing_zeros();
        let mut own = Self { places, unused_bits, ids: Vec::with_capacity(all.len()) };
        for (index, id) in all.enumerate() {
            let short = ShortId::of(id);
            own.ids.push(short.unwrap_or(ShortId::NONE));
            if let Some(id) = short {
                let mut place = own.first_place(&id);
                while own.places[place] != 0 {
                    place = own.next_place(place);
                }
                own.places[place] = index as u32 + 1;
            }
        }
        own
    }

    /// The number of an id, whatever it holds, if it is short.
    #[inline]
    fn find_padded(&self, id: &[u8]) -> Option<u32> {
        ShortId::padded(id).and_then(|id| self.find_from(self.first_place(&id), &id))
    }

    #[inline]
    fn find_from(&self, mut place: usize, id: &ShortId) -> Option<u32> {
        loop {
            let connection = self.places[place].checked_sub(1)?;
            if self.ids[connection as usize] == *id {
                return Some(connection);
            }
            place = self.next_place(place);
        }
    }

    #[inline]
    fn first_place(&self, id: &ShortId) -> usize {
        (id.hash() >> self.unused_bits) as usize
    }

    #[inline]
    fn next_place(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

/// What is known of a connection id.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// The connection at this index of the inventory.
    Known(usize),
    /// One whose own row or changes are bad.
    Faulty(&'a Fault),
}

/// Finds connections by id.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    inventory: &'a Inventory,
    period: Period,
    /// The ids of known connections, or digests of them.
    short: ShortIds,
    /// By connection: inside a region, where traffic is free.
    pub free: Vec<bool>,
}

impl<'a> Lookup<'a> {
    pub fn new(inventory: &'a Inventory, period: Period) -> Self {
        let connections = inventory.connections();
        let free = connections.iter().map(Connection::within_region).collect();
        let short = ShortIds::new(connections.iter().map(|connection| connection.id.as_bytes()));
        Self { inventory, period, short, free }
    }

    /// Counters for a worker, by connection.
    pub fn counters(&self) -> Vec<Counter> {
        let counter = |(connection, &free): (&Connection, &bool)| {
            let hours = connection.hours_in(self.period);
            // OK because no period has 2^32 hours.
            let offset = |hour: i64| (hour - self.period.start.index()) as u32;
            Counter::new(offset(hours.start.index()), offset(hours.end.index()), free)
        };
        self.inventory.connections().iter().zip(&self.free).map(counter).collect()
    }

    /// What is known of an id, whatever it holds.
    pub fn find(&self, connection_id: &[u8]) -> Option<Found<'a>> {
        // No place leads to an id that holds a comma: such a one is looked for as a whole.
        if let Some(connection) = self.short.find_padded(connection_id) {
            return Some(Found::Known(connection as usize));
        }
        let id = std::str::from_utf8(connection_id).ok()?;
        let known = self.inventory.index_of(id).map(Found::Known);
        known.or_else(|| self.inventory.fault_of(id).map(Found::Faulty))
    }

    /// The known connections of ids, whatever they hold.
    pub fn find_each(&self, ids: &[&[u8]]) -> Vec<Option<usize>> {
        let shorts: Vec<_> = ids.iter().map(|id| ShortId::padded(id)).collect();
        // Each on its own, so that looks into memory need not wait for one another.
        let place = |id: &Option<ShortId>| id.as_ref().map_or(0, |id| self.short.first_place(id));
        let places: Vec<_> = shorts.iter().map(place).collect();
        let there = places.iter().map(|place| self.short.places[*place]).collect::<Vec<_>>();
        let first = |there: u32| there.checked_sub(1).map_or(ShortId::NONE, |id| self.short.ids[id as usize]);
        let firsts: Vec<_> = there.iter().map(|there| first(*there)).collect();
        let short = |(at, id): (usize, Option<ShortId>)| match id? {
            id if firsts[at] == id => there[at].checked_sub(1),
            id => self.short.find_from(places[at], &id),
        };
        let found = shorts.into_iter().enumerate().map(short);
        let whole = |(short, id): (Option<u32>, &&[u8])| match short {
            Some(connection) => Some(connection as usize),
            None => self.inventory.index_of(std::str::from_utf8(id).ok()?),
        };
        found.zip(ids).map(whole).collect()
    }

    /// Whether a connection has this id: of one that was found by a digest, that is not said yet.
    pub fn is_id_of(&self, id: &[u8], connection: u32) -> bool {
        self.inventory.connection(connection as usize).id.as_bytes() == id
    }

    /// The known connections of ids or digests, up to the first that is not known; returns how many.
    ///
    /// It goes through the ids twice, so that the looks into memory need not wait for one another.
    #[inline]
    pub fn find_all<'i>(
        &self,
        ids: impl Iterator<Item = &'i ShortId> + Clone,
        found: &mut [u32; AT_ONCE],
    ) -> usize {
        let mut firsts = [0; AT_ONCE];
        for (id, first) in ids.clone().zip(&mut firsts) {
            *first = self.short.first_place(id);
        }
        let mut count = 0;
        for ((id, found), &first) in ids.zip(found).zip(&firsts) {
            let Some(connection) = self.short.find_from(first, id) else { break };
            *found = connection;
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        FaultCode,
        meter::{Count, Duplicates, MeterSettings, Metered, Refused, meter},
        read::TrafficSource,
    };

    const CONNECTIONS: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs,created_at,deleted_at
pcc-1,1,cn-beijing,2,cn-shanghai,,vpc-1,vpc-2,10.0.0.0/16 2001:db8:1::/48,172.16.0.0/16 2001:db8:2::/48,,
pcc-2,1,cn-beijing,3,us-east-1,,vpc-1,vpc-3,10.0.0.0/16,172.16.9.0/24,,
pcc-3,1,cn-beijing,4,cn-beijing,,vpc-1,vpc-4,10.0.0.0/16,192.168.0.0/16,,
pcc-4,1,cn-beijing,5,us-east-1,,vpc-1,vpc-5,10.0.0.0/16,10.5.0.0/16,,2026-10-05T03:30:00Z
pcc-5,1,cn-beijing,5,us-east-1,,vpc-1,vpc-5,10.0.0.0/16,10.5.0.0/16,2026-10-05T03:40:00Z,
pcc-6,6,cn-beijing,7,us-east-1,,vpc-6,vpc-7,10.0.0.0/16,10.7.0.0/16,,
pcc-7,6,cn-beijing,8,us-east-1,,vpc-6,vpc-8,10.0.0.0/16,10.7.0.0/16,,
pcc-8,9,cn-beijing,9,us-east-1,,vpc-9,vpc-10,,,,
";

    /// 2026-10-05T03:00:00Z.
    const THREE: i64 = 1_791_169_200;

    fn entry(vpc: &str, to: &str, bytes: u64, start: i64, end: i64) -> String {
        format!(
            r#"{{"vpc-id":"{vpc}","eni-id":"e","srcaddr":"10.0.0.5","dstaddr":"{to}","protocol":"6","direction":"out","action":"ACCEPT","bytes":"{bytes}","start":"{start}","end":"{end}","log-status":"OK","traffic_path":"17"}}"#
        )
    }

    fn counting() -> MeterSettings {
        MeterSettings { refused: Refused::Count, ..MeterSettings::new("2026-10".parse().unwrap()) }
    }

    fn metered(entries: &[String], duplicates: Duplicates) -> Metered {
        let inventory = crate::inventory(CONNECTIONS, None).unwrap();
        let settings = MeterSettings { duplicates, ..counting() };
        let source = TrafficSource::from_bytes("flow.json", entries.join("\n")).as_flow_log();
        meter(&[source], inventory, &settings).unwrap()
    }

    /// Where one entry goes: connection, sender, hour of the day and bytes, or why it is refused.
    fn taken(vpc: &str, to: &str, start: i64) -> Result<String, String> {
        let metered = metered(&[entry(vpc, to, 7, start, start + 60)], Duplicates::Refuse);
        if let Some(refused) = metered.refused().first() {
            return Err(format!("{} {}", refused.fault.code.as_str(), refused.fault));
        }
        let inventory = crate::inventory(CONNECTIONS, None).unwrap();
        let hours = metered.usage().metered_hours().unwrap();
        let [hour] = &hours[..] else { panic!("{hours:?}") };
        Ok(format!("{} {} {}", inventory.connection(hour.connection).id, hour.sender, hour.bytes))
    }

    #[test]
    fn an_entry_goes_through_the_connection_whose_peer_holds_its_address() {
        assert_eq!(taken("vpc-1", "172.16.0.9", THREE).unwrap(), "pcc-1 requester 7");
        assert_eq!(taken("vpc-2", "10.0.200.9", THREE).unwrap(), "pcc-1 accepter 7");
        assert_eq!(taken("vpc-1", "2001:db8:2::9", THREE).unwrap(), "pcc-1 requester 7");
        assert_eq!(
            taken("vpc-1", "172.16.9.9", THREE).unwrap(),
            "pcc-2 requester 7",
            "the longer block wins"
        );
    }

    #[test]
    fn r1_an_entry_inside_a_region_is_free() {
        let metered = metered(&[entry("vpc-1", "192.168.0.1", 7, THREE, THREE)], Duplicates::Refuse);
        assert_eq!(metered.totals().free, Count { records: 1, bytes: 7 });
    }

    #[test]
    fn of_a_connection_and_its_successor_the_one_that_existed_is_taken() {
        assert_eq!(taken("vpc-1", "10.5.0.1", THREE).unwrap(), "pcc-4 requester 7");
        assert_eq!(taken("vpc-1", "10.5.0.1", THREE + 2400).unwrap(), "pcc-5 requester 7");
        assert_eq!(taken("vpc-1", "10.5.0.1", THREE + 7200).unwrap(), "pcc-5 requester 7");
        // Between the two, in an hour that has both.
        assert!(
            taken("vpc-1", "10.5.0.1", THREE + 2000)
                .unwrap_err()
                .contains("behind pcc-4, and as well behind pcc-5")
        );
    }

    #[test]
    fn r15_what_cannot_be_joined_is_an_unknown_connection() {
        for (vpc, to, why) in [
            ("vpc-99", "172.16.0.9", "vpc-id \"vpc-99\" is at no end of a connection"),
            ("vpc-1", "8.8.8.8", "dstaddr 8.8.8.8 lies in no address block of the peers of \"vpc-1\""),
            ("vpc-6", "10.7.0.1", "dstaddr 10.7.0.1 lies behind pcc-6, and as well behind pcc-7"),
            ("vpc-9", "10.7.0.1", "the address blocks of the peers of \"vpc-9\" are not known"),
        ] {
            let error = taken(vpc, to, THREE).unwrap_err();
            assert!(error.starts_with("unknown_connection flow.json:1: ") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn r15_entries_that_leave_different_ends_are_no_copies() {
        // The same eni, 5-tuple, start and end, whatever says so; and a number that different entries may share.
        let address = "10.0.0.7";
        let connections = format!(
            "{}\npcc-a,1,cn-beijing,2,us-east-1,,vpc-a,vpc-b,,10.0.0.0/16,,\npcc-c,1,cn-beijing,2,us-east-1,,vpc-c,vpc-d,,10.0.0.0/16,,\n",
            CONNECTIONS.lines().next().unwrap()
        );
        let inventory = crate::inventory(&connections, None).unwrap();
        let mut entries: Vec<String> =
            ["vpc-a", "vpc-c"].map(|vpc| entry(vpc, address, 7, THREE, THREE + 60)).into();
        entries.extend((1..200).map(|length| entry("vpc-a", address, 1, THREE, THREE + length)).skip(60));
        let all = entries.len() as u64;
        let source =
            |entries: &[String]| TrafficSource::from_bytes("flow.json", entries.join("\n")).as_flow_log();
        let metered = meter(&[source(&entries)], inventory.clone(), &counting()).unwrap();
        assert_eq!(metered.totals().billed, Count { records: all, bytes: 14 + u128::from(all - 2) });
        entries.push(entries[0].clone());
        let metered = meter(&[source(&entries)], inventory, &counting()).unwrap();
        assert_eq!(metered.totals().refused, Count { records: 2, bytes: 14 });
        assert_eq!(metered.totals().billed.records, all - 1);
    }

    #[test]
    fn r15_an_entry_through_a_faulty_connection_is_refused_under_its_one_cause() {
        let csv = |rows: &str| {
            let header = CONNECTIONS.lines().next().unwrap();
            format!(
                "{header}\npcc-1,1,cn-beijing,2,cn-shanghai,,vpc-1,vpc-2,10.0.0.0/8,172.16.0.0/12,,\n{rows}"
            )
        };
        let good = "pcc-2,1,cn-beijing,3,us-east-1,Gold,vpc-1,vpc-3,10.0.0.0/16,172.16.9.0/24,,\n";
        let list = |link_type: &str| {
            let entry = |id, link_type, blocks| {
                format!(
                    r#"{{"InstanceId":"{id}","OwnerId":1,"RegionId":"cn-beijing","Vpc":{{"VpcId":"vpc-1"}},"LinkType":"{link_type}",
                    "AcceptingOwnerUid":2,"AcceptingRegionId":"cn-shanghai","AcceptingVpc":{{"VpcId":"vpc-3","Ipv4Cidrs":["{blocks}"]}}}}"#
                )
            };
            format!(
                "{}{}",
                entry("pcc-1", "Gold", "172.16.0.0/12"),
                entry("pcc-2", link_type, "172.16.9.0/24")
            )
        };
        let changes = "connection_id,changed_at,from_link_type,to_link_type\n";
        let broken = format!("{changes}pcc-2,2026-10-05T03:00:00Z,Gold,Platinum\n");
        for (connections, trail, cause) in [
            (csv(&good.replace("Gold", "gold")), None, "did you mean \"Gold\""),
            (csv(&good.replace("172.16.9.0/24", "172.16.9.0/8")), None, "172.16.9.0/8"),
            (csv(&good.repeat(2)), None, "stands here a second time"),
            (csv(good), Some(broken), "the last change of pcc-2"),
            (list("gold"), None, "did you mean \"Gold\""),
        ] {
            let documents = [crate::read::Document::new("c", connections)];
            let trail = trail.map(|text| [crate::read::Document::new("t", text)]);
            let settings = crate::read::InventorySettings::new(&|_| Ok(()));
            let inventory =
                crate::read::read_inventory(&documents, trail.as_ref().map(|list| &list[..]), &settings)
                    .unwrap();
            // The longer block is of pcc-2; pcc-1, which is good, also holds the address, but for the second case.
            let to = if cause == "172.16.9.0/8" { "11.0.0.9" } else { "172.16.9.9" };
            let entries =
                [entry("vpc-1", to, 7, THREE, THREE + 60), entry("vpc-1", "172.17.0.1", 5, THREE, THREE)];
            let source = TrafficSource::from_bytes("flow.json", entries.join("\n")).as_flow_log();
            let metered = meter(&[source], inventory, &counting()).unwrap();
            let codes: Vec<FaultCode> = metered.refused().iter().map(|record| record.fault.code).collect();
            assert_eq!(codes, [FaultCode::FaultyConnection], "{cause}");
            assert!(
                metered.refused()[0].fault.message.contains(cause),
                "{}",
                metered.refused()[0].fault.message
            );
            assert_eq!(metered.reading.refusals.for_connection, 1);
            assert_eq!((metered.totals().billed.bytes, metered.totals().refused.bytes), (5, 7), "{cause}");
        }
    }

    #[test]
    fn r14_a_split_entry_counts_once_where_it_begins_and_its_bytes_where_they_fall() {
        let count = |records, bytes| Count { records, bytes };
        // The month begins at 2026-09-30T16:00:00Z and ends at 2026-10-31T16:00:00Z.
        let (begin, end) = (1_790_784_000, 1_793_462_400);
        let entries = [
            entry("vpc-1", "172.16.0.9", 101, begin - 30, begin + 30),
            entry("vpc-1", "172.16.0.9", 101, end - 30, end + 30),
            entry("vpc-99", "172.16.0.9", 9, begin - 60, begin),
        ];
        let one = |entry: usize| metered(&entries[entry..=entry], Duplicates::Refuse).totals();
        assert_eq!((one(0).outside_period, one(0).billed), (count(1, 50), count(0, 51)));
        assert_eq!((one(1).outside_period, one(1).billed), (count(0, 51), count(1, 50)));
        let totals = metered(&entries, Duplicates::Refuse).totals();
        assert_eq!(totals.read, Count { records: 3, bytes: 211 });
        assert_eq!(totals.billed, Count { records: 1, bytes: 51 + 50 });
        assert_eq!(totals.outside_period, Count { records: 2, bytes: 50 + 51 + 9 });
        let partly_unknown =
            metered(&[entry("vpc-99", "::1", 5, begin - 30, begin + 30)], Duplicates::Refuse);
        assert_eq!(partly_unknown.totals().refused, Count { records: 1, bytes: 5 });
    }

    #[test]
    fn r15_a_copy_shares_eni_5_tuple_start_and_end() {
        let one = entry("vpc-1", "172.16.0.9", 7, THREE + 3570, THREE + 3630);
        let other_bytes = entry("vpc-1", "172.16.0.9", 8, THREE + 3570, THREE + 3630);
        let other_flow = entry("vpc-1", "172.16.0.10", 7, THREE + 3570, THREE + 3630);
        let twice = [one.clone(), other_flow.clone(), one.clone()];
        let refused = metered(&twice, Duplicates::Refuse);
        assert_eq!((refused.totals().billed.records, refused.totals().refused.records), (1, 2));
        assert_eq!(refused.refused()[0].fault.code, FaultCode::DuplicateRecord);
        assert!(
            refused.refused()[0]
                .fault
                .message
                .contains("stands 2 times with equal bytes, also at flow.json:3")
        );
        let first = metered(&twice, Duplicates::First);
        assert_eq!((first.totals().billed, first.refused_for_cause()), (Count { records: 2, bytes: 14 }, 0));
        assert_eq!(first.usage().metered_hours().unwrap().len(), 2);
        let sum = metered(&twice, Duplicates::Sum);
        assert_eq!(sum.totals().billed, Count { records: 3, bytes: 21 });
        let differ = metered(&[one, other_bytes, other_flow], Duplicates::First);
        assert_eq!((differ.totals().billed.bytes, differ.refused_for_cause()), (7, 2));
    }

    #[test]
    fn entries_that_are_no_traffic_are_noted_and_not_read() {
        let own = entry("vpc-1", "172.16.0.9", 7, THREE, THREE);
        let entries = [
            own.clone(),
            own.replace("\"out\"", "\"in\""),
            own.replace("ACCEPT", "REJECT"),
            own.replace("\"OK\"", "\"SKIPDATA\""),
        ];
        let metered = metered(&entries, Duplicates::Refuse);
        assert_eq!(metered.totals().read.records, 1);
        assert_eq!((metered.notes().passed_over, metered.notes().skipped), (2, 1));
    }
}
