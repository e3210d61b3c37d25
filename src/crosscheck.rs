//! Two exports of the same traffic, hour by hour: what one has and the other lacks, and what would explain it.
//!
//! Both are metered alike, for the same connections and the same month. Each difference gets one class; those that
//! explain themselves by other hours or the other end are given only where every byte is explained.

use crate::{
    catalog::{Catalog, CatalogSummary, PriceStatus},
    error::{Error, ErrorKind, Result},
    meter::{HourlyUsage, Metered},
    model::{
        finding::{Said, Sentence},
        inventory::Inventory,
        money::{Amount, Money},
        time::{Hour, Period},
        usage::{EndIndex, Sender},
    },
    rating::{Line, rate},
    rows::{Cell, Column, Kind, List, RowSet, Total},
};
use std::{ops::Range, sync::Arc};

/// How an hour of one end differs.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceClass {
    /// The counterpart has no record.
    OnlyHere,
    /// The counterpart alone has a record.
    OnlyThere,
    /// Both have records, of other bytes.
    Differs,
    /// What each end sent here is what the other end sent there.
    Swapped,
    /// The bytes of a run of hours stand an hour later there, or an hour earlier.
    Shifted,
}

impl DifferenceClass {
    /// All of them, in the order of the page that says what they are.
    pub const ALL: [Self; 5] = [Self::OnlyHere, Self::OnlyThere, Self::Differs, Self::Swapped, Self::Shifted];

    /// `only_here`, `only_there`, `differs`, `swapped` or `shifted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnlyHere => "only_here",
            Self::OnlyThere => "only_there",
            Self::Differs => "differs",
            Self::Swapped => "swapped",
            Self::Shifted => "shifted",
        }
    }
}

/// An hour of one end in which two exports differ.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The hour.
    pub hour: Hour,
    /// The index of the connection in the inventory.
    pub connection: usize,
    /// The end that sent.
    pub sender: Sender,
    /// Its bytes here; `None` without a record.
    pub bytes: Option<u128>,
    /// Its bytes there, likewise.
    pub counterpart_bytes: Option<u128>,
    /// How it differs.
    pub class: DifferenceClass,
}

impl Difference {
    /// Bytes there less bytes here.
    ///
    /// # Errors
    ///
    /// [`Overflow`](ErrorKind::Overflow) where it does not lie within 2^127.
    pub fn difference(&self) -> Result<i128> {
        signed(self.counterpart_bytes)?.checked_sub(signed(self.bytes)?).ok_or_else(too_many)
    }
}

fn signed(bytes: Option<u128>) -> Result<i128> {
    i128::try_from(bytes.unwrap_or_default()).map_err(|_| too_many())
}

fn too_many() -> Error {
    Error::overflow("bytes of two exports differ by more than 2^127")
}

/// What both exports cost.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct CheckedCosts {
    /// The catalog that priced them.
    pub catalog: CatalogSummary,
    /// What is sent here, unrounded.
    pub cost: Amount,
    /// What is sent there.
    pub counterpart_cost: Amount,
    /// Whether an assumed price touched any of it (R18).
    pub assumed: bool,
}

/// Two exports of the same traffic, checked against each other.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Crosscheck {
    /// This side, without its hours: month, offset, control totals.
    pub here: CheckedSide,
    /// The counterpart.
    pub there: CheckedSide,
    /// The connections.
    pub inventory: Arc<Inventory>,
    /// Every hour that differs, by hour, connection and sender.
    pub differences: Vec<Difference>,
    /// How many hours of an end have as many bytes on both sides.
    pub equal_hours: u64,
    /// How many have a record of 0 bytes on one side and none on the other: nothing differs in them.
    pub zero_hours: u64,
    /// What both cost, where a catalog was given.
    pub costs: Option<CheckedCosts>,
    /// Names and values of settings that it names; they decide nothing.
    pub settings: Vec<(String, String)>,
}

/// What is told of one side.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct CheckedSide {
    /// The month, the offset of its edges, and the hour before which it ends, where it is not over.
    pub month: [String; 3],
    /// What was done with records that stand twice.
    pub duplicates: &'static str,
    /// Where every record went (R14).
    pub totals: crate::meter::ControlTotals,
    /// All bytes that are metered.
    pub bytes: u128,
    /// The digest over the metered hours (R17).
    pub usage_digest: String,
}

impl CheckedSide {
    fn of(metered: &Metered) -> Result<Self> {
        let totals = metered.totals();
        let until = metered.until().map_or_else(String::new, |until| until.to_string());
        Ok(Self {
            month: [metered.month().to_string(), metered.offset().to_string(), until],
            duplicates: metered.duplicates().as_str(),
            totals,
            bytes: totals.billed.bytes + totals.free.bytes,
            usage_digest: metered.digest()?,
        })
    }
}

/// Checks what was metered of two exports against each other; with a catalog, also what the gap would cost.
///
/// ```
/// use peerbill::{MeterSettings, TrafficSource, crosscheck::{DifferenceClass, crosscheck}, inventory, meter};
/// use std::sync::Arc;
///
/// let inventory = Arc::new(inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1,cn-huhehaote,2,cn-guangzhou,Gold\n",
///     None,
/// )?);
/// let header = "timestamp,connection_id,sender,bytes\n";
/// let [here, there] = [
///     "2026-10-05T03:00:00Z,pcc-1,requester,7\n2026-10-05T04:00:00Z,pcc-1,requester,5\n",
///     "2026-10-05T03:00:00Z,pcc-1,requester,7\n",
/// ]
/// .map(|records| TrafficSource::from_bytes("usage.csv", format!("{header}{records}")));
/// let settings = MeterSettings::new("2026-10".parse()?);
/// let here = meter(&[here], inventory.clone(), &settings)?;
/// let there = meter(&[there], inventory, &settings)?;
/// let checked = crosscheck(&here, &there, None)?;
/// assert_eq!(checked.equal_hours, 1);
/// assert_eq!(checked.differences[0].class, DifferenceClass::OnlyHere);
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Usage`](ErrorKind::Usage) where the two are not of the same hours and connections;
/// [`MissingPrice`](ErrorKind::MissingPrice) with all that either side lacks (R5), [`Overflow`](ErrorKind::Overflow) where
/// a sum is too large to be exact.
pub fn crosscheck(here: &Metered, there: &Metered, catalog: Option<&Catalog>) -> Result<Crosscheck> {
    let [own, other] = [here, there].map(|side| side.inventory().connections().iter().map(|own| &own.id));
    if here.usage().period() != there.usage().period() || !own.eq(other) {
        return Err(Error::usage(
            "two exports are checked against each other for the same hours and connections",
        ));
    }
    let mut found = Found { period: here.usage().period(), ..Found::default() };
    let connections = here.inventory().connections().len();
    let at_once = connections_at_once(found.period);
    for first in (0..connections).step_by(at_once) {
        let count = at_once.min(connections - first);
        let [here, there] = [here, there].map(|side| Hours::of(side.usage(), first, count));
        found.look(first, &here?, &there?);
    }
    found.differences.sort_unstable_by_key(|own| (own.hour, own.connection, own.sender));
    let costs = catalog.map(|catalog| costs(here, there, catalog)).transpose()?;
    Ok(Crosscheck {
        here: CheckedSide::of(here)?,
        there: CheckedSide::of(there)?,
        inventory: here.inventory().clone(),
        differences: found.differences,
        equal_hours: found.equal_hours,
        zero_hours: found.zero_hours,
        costs,
        settings: Vec::new(),
    })
}

fn costs(here: &Metered, there: &Metered, catalog: &Catalog) -> Result<CheckedCosts> {
    let mut missing = Vec::new();
    let mut sums = Vec::new();
    let mut assumed = false;
    for side in [here, there] {
        match rate(side.usage(), side.inventory(), catalog, false, None) {
            Ok(lines) => {
                sums.push(lines.iter().map(|line| line.amount).try_fold(Amount::ZERO, Amount::checked_add)?);
                assumed |= lines.iter().any(|line: &Line| line.price.status == PriceStatus::Assumed);
            }
            Err(error) if error.kind() == ErrorKind::MissingPrice => missing.push(error),
            Err(error) => return Err(error),
        }
    }
    match (Error::of_all_missing(&missing), &sums[..]) {
        (None, [cost, counterpart_cost]) => Ok(CheckedCosts {
            catalog: catalog.summary(),
            cost: *cost,
            counterpart_cost: *counterpart_cost,
            assumed,
        }),
        (missing, _) => Err(missing.unwrap_or_else(|| Error::internal("a side was not priced"))),
    }
}

/// The hours of so many connections are held at once: about 256 MiB of them.
fn connections_at_once(period: Period) -> usize {
    const BYTES: u64 = 256 << 20;
    let of_one = (size_of::<Option<u128>>() * 2 * Sender::ALL.len()) as u64 * period.hours().max(1);
    usize::try_from(BYTES / of_one).unwrap_or(1).max(1)
}

/// Hours of some connections: by end, what it sent in each.
struct Hours {
    hours: usize,
    bytes: Vec<Option<u128>>,
}

impl Hours {
    fn of(usage: &HourlyUsage, first: usize, count: usize) -> Result<Self> {
        // OK because a period that is held has few hours.
        let hours = usage.period().hours() as usize;
        let start = usage.period().start.index();
        let mut bytes = vec![None; hours * count * Sender::ALL.len()];
        usage.try_each(|row| {
            // OK because the hour is one of the period.
            let hour = (row.hour.index() - start) as usize;
            row.try_each(|cell| {
                if (first..first + count).contains(&cell.connection) {
                    let end = EndIndex::new(cell.connection - first, cell.sender).index();
                    bytes[end * hours + hour] = Some(cell.bytes);
                }
                Ok(())
            })
        })?;
        Ok(Self { hours, bytes })
    }

    /// What both ends of a connection sent.
    fn of_connection(&self, connection: usize) -> [&[Option<u128>]; 2] {
        Sender::ALL.map(|sender| {
            let end = EndIndex::new(connection, sender).index();
            &self.bytes[end * self.hours..(end + 1) * self.hours]
        })
    }

    fn connections(&self) -> usize {
        self.bytes.len() / (self.hours * Sender::ALL.len()).max(1)
    }
}

/// What was found so far.
struct Found {
    period: Period,
    differences: Vec<Difference>,
    equal_hours: u64,
    zero_hours: u64,
}

impl Default for Found {
    fn default() -> Self {
        let none = Hour::from_index(0);
        let period = Period { start: none, end: none };
        Self { period, differences: Vec::new(), equal_hours: 0, zero_hours: 0 }
    }
}

impl Found {
    /// Looks at all connections of both sides, of which the first has this index.
    fn look(&mut self, first: usize, here: &Hours, there: &Hours) {
        for connection in 0..here.connections() {
            let (here, there) = (here.of_connection(connection), there.of_connection(connection));
            let classes = classes(here, there);
            for sender in Sender::ALL {
                let end = sender as usize;
                for (hour, class) in classes[end].iter().enumerate() {
                    let (bytes, counterpart_bytes) = (here[end][hour], there[end][hour]);
                    let Some(class) = *class else {
                        self.count(bytes, counterpart_bytes);
                        continue;
                    };
                    let hour = Hour::from_index(self.period.start.index() + hour as i64);
                    let connection = first + connection;
                    let own = Difference { hour, connection, sender, bytes, counterpart_bytes, class };
                    self.differences.push(own);
                }
            }
        }
    }

    fn count(&mut self, here: Option<u128>, there: Option<u128>) {
        match (here, there) {
            (Some(_), Some(_)) => self.equal_hours += 1,
            (None, None) => {}
            _ => self.zero_hours += 1,
        }
    }
}

type Bytes<'a> = &'a [Option<u128>];

/// The class of every hour of both ends of a connection; none where as many bytes stand on both sides.
fn classes(here: [Bytes<'_>; 2], there: [Bytes<'_>; 2]) -> [Vec<Option<DifferenceClass>>; 2] {
    let hours = here[0].len();
    let sent = |bytes: Bytes<'_>, hour: usize| bytes[hour].unwrap_or_default();
    let mut classes = [vec![None; hours], vec![None; hours]];
    for hour in 0..hours {
        let [own, others] = [here, there].map(|side| [sent(side[0], hour), sent(side[1], hour)]);
        let swapped = own != others && own == [others[1], others[0]];
        for end in 0..2 {
            classes[end][hour] = match (here[end][hour], there[end][hour]) {
                _ if own[end] == others[end] => None,
                _ if swapped => Some(DifferenceClass::Swapped),
                (Some(_), None) => Some(DifferenceClass::OnlyHere),
                (None, _) => Some(DifferenceClass::OnlyThere),
                _ => Some(DifferenceClass::Differs),
            };
        }
    }
    for end in 0..2 {
        let of_side = |side: [Bytes<'_>; 2]| (0..hours).map(|hour| sent(side[end], hour)).collect::<Vec<_>>();
        for run in shifts(of_side(here), of_side(there)) {
            let of_run = &mut classes[end][run];
            // Where one end is taken for the other, that explains it.
            if of_run.iter().all(|class| *class != Some(DifferenceClass::Swapped)) {
                of_run.iter_mut().flatten().for_each(|class| *class = DifferenceClass::Shifted);
            }
        }
    }
    classes
}

/// The runs of hours whose bytes stand an hour later there, and those whose bytes stand an hour earlier; no hour is of two.
fn shifts(mut here: Vec<u128>, mut there: Vec<u128>) -> Vec<Range<usize>> {
    let hours = here.len();
    let mut runs = moved_on(&here, &there);
    here.reverse();
    there.reverse();
    let backwards = |run: Range<usize>| hours - run.end..hours - run.start;
    let later = runs.clone();
    let is_free =
        |run: &Range<usize>| later.iter().all(|later| run.end <= later.start || later.end <= run.start);
    runs.extend(moved_on(&here, &there).into_iter().map(backwards).filter(is_free));
    runs
}

/// The runs of hours, with the hour behind each, whose bytes stand an hour later there.
fn moved_on(here: &[u128], there: &[u128]) -> Vec<Range<usize>> {
    let (mut runs, mut hour) = (Vec::new(), 0);
    while hour < here.len() {
        let run = run_from(here, there, hour);
        hour = run.as_ref().map_or(hour + 1, |run| run.end);
        runs.extend(run);
    }
    runs
}

/// The run that begins with this hour, of which the counterpart has nothing: its bytes stand in the next hour, and so on, up
/// to an hour that has its own bytes there as well.
///
/// At an edge of the period a run may come from outside or go there, where nobody sees it: then it explains at least two
/// hours that differ.
fn run_from(here: &[u128], there: &[u128], first: usize) -> Option<Range<usize>> {
    let comes_in = first == 0 && there[0] != 0;
    if here[first] == 0 || (there[first] != 0 && !comes_in) {
        return None;
    }
    let start = if comes_in { first + 1 } else { first };
    let differing = |run: &Range<usize>| run.clone().filter(|&hour| here[hour] != there[hour]).count();
    let seen = |run: Range<usize>| (differing(&run) >= 2).then_some(run);
    let mut last = first;
    loop {
        let next = last + 1;
        let (Some(&own), Some(&found)) = (here.get(next), there.get(next)) else { return seen(start..next) };
        if found == here[last].saturating_add(own) {
            return seen(start..next + 1);
        }
        if own == 0 || found != here[last] {
            return None;
        }
        last = next;
    }
}

impl Crosscheck {
    /// Bytes there less bytes here, of all hours.
    fn difference(&self) -> Result<i128> {
        signed(Some(self.there.bytes))?.checked_sub(signed(Some(self.here.bytes))?).ok_or_else(too_many)
    }

    /// How many hours are of each class that occurs, and how many bytes more they have there.
    fn of_classes(&self) -> Result<Vec<(DifferenceClass, u64, i128)>> {
        let mut found = Vec::new();
        for class in DifferenceClass::ALL {
            let own = self.differences.iter().filter(|own| own.class == class);
            let count = own.clone().count() as u64;
            let mut sum = 0_i128;
            for own in own {
                sum = sum.checked_add(own.difference()?).ok_or_else(too_many)?;
            }
            found.extend((count > 0).then_some((class, count, sum)));
        }
        Ok(found)
    }

    fn control_totals(&self) -> List {
        let columns = vec![
            ("side", Kind::Text),
            ("total", Kind::Text),
            ("records", Kind::Whole),
            ("bytes", Kind::Whole),
        ];
        let sides = [("here", &self.here), ("counterpart", &self.there)];
        let word = |word: &'static str| Cell::Word(word.into());
        let rows = sides.into_iter().flat_map(|(name, side)| {
            side.totals.named().into_iter().map(move |(total, count)| {
                vec![word(name), word(total), Cell::text(count.records), Cell::text(count.bytes)]
            })
        });
        List { name: "control_totals", columns, rows: rows.collect() }
    }
}

/// A catalog and which edition of it.
fn catalog_version(catalog: &CatalogSummary) -> Cell {
    let CatalogSummary { name, version, .. } = catalog.clone();
    Cell::Said(Said::CatalogVersion { name, version }.into())
}

impl RowSet for Crosscheck {
    fn title(&self) -> Sentence {
        let [month, offset, _] = self.here.month.clone();
        Said::TwoExports { month, offset }.into()
    }

    fn facts(&self) -> Vec<(&'static str, Cell)> {
        let [month, offset, until] = &self.here.month;
        let of_catalog = |fact: fn(&CatalogSummary) -> Cell| {
            self.costs.as_ref().map_or_else(|| Cell::text(""), |costs| fact(&costs.catalog))
        };
        vec![
            ("billing_month", Cell::text(month)),
            ("offset", Cell::text(offset)),
            ("until", Cell::text(until)),
            ("catalog", of_catalog(catalog_version)),
            ("currency", of_catalog(|catalog| Cell::text(&catalog.currency))),
            ("price_digest", of_catalog(|catalog| Cell::text(&catalog.price_digest))),
            ("gb", of_catalog(|catalog| Cell::Word(catalog.gb.in_bytes().into()))),
            ("duplicates", Cell::Word(self.here.duplicates.into())),
            ("usage_digest", Cell::text(&self.here.usage_digest)),
            ("counterpart_usage_digest", Cell::text(&self.there.usage_digest)),
        ]
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            ("hour", Kind::Text),
            ("connection_id", Kind::Text),
            ("sender", Kind::Text),
            ("bytes", Kind::Whole),
            ("counterpart_bytes", Kind::Whole),
            ("difference", Kind::Whole),
            ("class", Kind::Text),
        ]
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Result<Vec<Cell>>> + '_> {
        Box::new(self.differences.iter().map(|own| {
            Ok(vec![
                Cell::text(own.hour),
                Cell::text(&self.inventory.connection(own.connection).id),
                Cell::Word(own.sender.as_str().into()),
                Cell::of(own.bytes),
                Cell::of(own.counterpart_bytes),
                Cell::text(own.difference()?),
                Cell::Code(own.class.as_str()),
            ])
        }))
    }

    fn totals(&self) -> Result<Vec<Total>> {
        let mut totals = vec![
            Total::figure("equal_hours", self.equal_hours),
            Total::figure("zero_hours", self.zero_hours),
            Total::figure("differing_hours", self.differences.len()),
            Total::figure("bytes", self.here.bytes),
            Total::figure("counterpart_bytes", self.there.bytes),
            Total::sum("difference", self.difference()?, "difference"),
        ];
        if let Some(CheckedCosts { catalog, cost, counterpart_cost, .. }) = &self.costs {
            let printed = |amount: Amount| -> Result<Money> { amount.printed(catalog.gb) };
            totals.extend([
                Total::figure("cost", printed(*cost)?),
                Total::figure("counterpart_cost", printed(*counterpart_cost)?),
                Total::figure("cost_difference", printed(counterpart_cost.checked_sub(*cost)?)?),
            ]);
        }
        Ok(totals)
    }

    fn lists(&self) -> Vec<List> {
        let columns = vec![("class", Kind::Text), ("rows", Kind::Whole), ("difference", Kind::Whole)];
        // What is too large fails where totals are told.
        let classes = self.of_classes().unwrap_or_default().into_iter().map(|(class, count, difference)| {
            vec![Cell::Code(class.as_str()), Cell::text(count), Cell::text(difference)]
        });
        let settings = self.settings.iter();
        let settings = settings.map(|(name, value)| vec![Cell::text(name), Cell::Word(value.clone().into())]);
        vec![
            List { name: "classes", columns, rows: classes.collect() },
            self.control_totals(),
            List {
                name: "settings",
                columns: vec![("name", Kind::Text), ("value", Kind::Text)],
                rows: settings.collect(),
            },
        ]
    }

    fn notes(&self) -> Vec<Sentence> {
        let is_empty = |side: &CheckedSide| side.totals.billed.records + side.totals.free.records == 0;
        let mut notes = vec![Said::DifferenceIsCounterpartLess {}];
        notes.extend(is_empty(&self.here).then_some(Said::NoRecordHere {}));
        notes.extend(is_empty(&self.there).then_some(Said::NoRecordThere {}));
        if let Some(costs) = &self.costs {
            notes.push(Said::CostsNotRounded {});
            notes.extend(costs.assumed.then_some(Said::CostsAssumed {}));
        }
        notes.into_iter().map(Sentence::from).collect()
    }

    fn giving_way(&self) -> &'static [&'static str] {
        &["counterpart_bytes", "bytes"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes of the hours of an end, a letter each; `here` and `there` are its bytes, a digit each and `-` for none.
    fn of_one(here: &str, there: &str) -> String {
        let bytes = |text: &str| text.chars().map(|own| own.to_digit(36).map(u128::from)).collect::<Vec<_>>();
        let (here, there) = (bytes(here), bytes(there));
        let none = vec![None; here.len()];
        let [found, others] = classes([&here, &none], [&there, &none]);
        assert!(others.iter().all(Option::is_none), "{others:?}");
        found.into_iter().map(|class| class.map_or('.', letter)).collect()
    }

    fn letter(class: DifferenceClass) -> char {
        match class {
            DifferenceClass::OnlyHere => 'h',
            DifferenceClass::OnlyThere => 't',
            DifferenceClass::Differs => 'd',
            DifferenceClass::Swapped => 'x',
            DifferenceClass::Shifted => 's',
        }
    }

    #[test]
    fn an_hour_has_the_class_of_what_stands_on_both_sides() {
        assert_eq!(of_one("12345", "12345"), ".....");
        assert_eq!(of_one("1234-", "1-3-5"), ".h.ht");
        assert_eq!(of_one("12345", "12945"), "..d..");
        // Nothing differs where one side has a record of nothing; but that is a record.
        assert_eq!(of_one("10--2", "1--02"), ".....");
        assert_eq!(of_one("10302", "17302"), ".d...");
    }

    #[test]
    fn a_run_of_hours_is_shifted_where_every_byte_of_it_is_explained() {
        // Later, up to an hour without a record, or up to one that keeps its own bytes.
        assert_eq!(of_one("1234-6", "1-2346"), ".ssss.");
        assert_eq!(of_one("123456", "1-2396"), ".ssss.");
        // Earlier.
        assert_eq!(of_one("1-3456", "1345-6"), ".ssss.");
        assert_eq!(of_one("123456", "15456-"), ".sssss");
        assert_eq!(of_one("1234-7", "1534-7"), ".d....");
        assert_eq!(of_one("123457", "1545-7"), ".ssss.");
        // One hour is a run.
        assert_eq!(of_one("1-3-5", "13--5"), ".ss..");
        // A byte that is missing leaves it unexplained.
        assert_eq!(of_one("1245-7", "1-2447"), ".hddt.");
        // Equal hours within a run are no rows.
        assert_eq!(of_one("1555-7", "1-5557"), ".s..s.");
    }

    #[test]
    fn a_run_over_an_edge_of_the_month_explains_two_hours_at_least() {
        // What comes in over the edge is not seen where it came from.
        assert_eq!(of_one("123456", "z12345"), "dsssss");
        assert_eq!(of_one("123456", "-12345"), "ssssss");
        assert_eq!(of_one("123456", "23456z"), "sssssd");
        assert_eq!(of_one("123456", "23456-"), "ssssss");
        // A first or last hour that is missing is no shift, however even the traffic is.
        assert_eq!(of_one("555555", "-55555"), "h.....");
        assert_eq!(of_one("555555", "55555-"), ".....h");
        assert_eq!(of_one("1----5", "7----5"), "d.....");
    }

    #[test]
    fn no_bytes_explain_two_hours() {
        assert_eq!(of_one("-5-1", "5-51"), "tss.");
    }

    #[test]
    fn ends_are_swapped_where_each_has_the_bytes_of_the_other() {
        let hours = |text: &str| text.chars().map(|own| own.to_digit(36).map(u128::from)).collect::<Vec<_>>();
        let of = |here: [&str; 2], there: [&str; 2]| {
            let [here, there] = [here.map(hours), there.map(hours)];
            let found = classes([&here[0], &here[1]], [&there[0], &there[1]]);
            found.map(|of_end| of_end.into_iter().map(|class| class.map_or('.', letter)).collect::<String>())
        };
        assert_eq!(of(["123", "456"], ["153", "426"]), [".x.", ".x."]);
        // Also where an end sent nothing.
        assert_eq!(of(["1-3", "456"], ["153", "4-6"]), [".x.", ".x."]);
        assert_eq!(of(["123", "456"], ["153", "427"]), [".x.", ".xd"]);
        assert_eq!(of(["123", "456"], ["153", "436"]), [".d.", ".d."]);
        // Both ends sent the same: nothing is swapped.
        assert_eq!(of(["123", "426"], ["123", "426"]), ["...", "..."]);
    }
}
