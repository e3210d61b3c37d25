//! What is wrong with a catalog, and what it does not know.

use super::{Catalog, ContractRow, Place, PriceRow, PriceStatus, Regions, Validity, quote::PriceTimeline};
use crate::model::{
    finding::{Clauses, Finding, FindingCode, PlaceName, RegionName, Said},
    link::LinkType,
    time::{Hour, Timestamp},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Checks a catalog that could be read; one with duplicate rows or unreadable prices could not.
///
/// What is found is in the order of its codes, then of its words; [`FindingCode::is_fault`] tells what is wrong from what
/// is not known.
pub fn check(catalog: &Catalog) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |code, said: Vec<Said>| found.extend(said.into_iter().map(|said| Finding::of(code, said)));
    add(FindingCode::UnknownRegion, unknown_regions(catalog));
    add(FindingCode::Asymmetric, asymmetric(catalog));
    add(FindingCode::Gap, gaps(catalog));
    let without = catalog.regions.all().filter(|region| region.area.is_none()).map(|region| {
        let name = RegionName {
            english: region.name_en.as_str().into(),
            simplified: region.name_zh.as_str().into(),
            traditional: region.name_zh_hant.as_str().into(),
        };
        Said::RegionWithoutArea { id: (&*region.id).into(), name }
    });
    add(FindingCode::RegionWithoutArea, without.collect());
    add(FindingCode::Tie, ties(catalog));
    add(FindingCode::Tie, contract_ties(catalog));
    found.sort_by_cached_key(|finding| (finding.code, finding.message()));
    found.dedup();
    found
}

/// Rows that name a region that the catalog's regions lack.
fn unknown_regions(catalog: &Catalog) -> Vec<Said> {
    let mut found = Vec::new();
    for row in &catalog.rows {
        for named in [&row.source, &row.destination] {
            if let Place::Region(id) = named
                && catalog.regions.get(id).is_none()
            {
                found.push(Said::RegionUnknown { place: place_of(&row.input, row.line), region: id.clone() });
            }
        }
    }
    found
}

/// Where a row stands.
fn place_of(input: &str, line: u64) -> Box<str> {
    format!("{input}:{line}").into()
}

fn named(place: &Place) -> PlaceName {
    PlaceName(place.to_string().into())
}

/// The hour before any price changes.
fn before_all(changes: &[Hour]) -> Hour {
    Hour::from_index(changes.first().map_or(0, |first| first.index().min(1) - 1))
}

/// The hours at which something may change that these timelines decide, rising, after the one before all changes.
fn hours_of<'a>(before: Hour, timelines: impl IntoIterator<Item = Option<&'a PriceTimeline>>) -> Vec<Hour> {
    let changes = timelines.into_iter().flatten().flat_map(PriceTimeline::changes);
    let mut hours: Vec<Hour> = std::iter::once(before).chain(changes).collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

/// Pairs with rows of their own in both directions, whose prices in force differ in some hour: in a symmetric
/// catalog most often a row whose reverse was forgotten.
fn asymmetric(catalog: &Catalog) -> Vec<Said> {
    let before = before_all(&catalog.price_changes());
    let mut found = Vec::new();
    for (from, to, link_type) in catalog.by_pair.keys().filter(|(from, to, _)| catalog.symmetric && from < to)
    {
        for status in STATUSES {
            let timeline = |from, to| catalog.timeline(from, to, *link_type, status);
            let (Some(there), Some(back)) = (timeline(from, to), timeline(to, from)) else { continue };
            let differing = hours_of(before, [Some(there), Some(back)]).into_iter().find_map(|hour| {
                let [there, back] = [there, back].map(|timeline| Some(&catalog.rows[timeline.at(hour)?]));
                there.zip(back).filter(|(there, back)| there.unit_price != back.unit_price)
            });
            let told = |(there, back)| differing_prices((from, to, *link_type), there, back);
            found.extend(differing.map(told));
        }
    }
    found
}

/// That a way and its reverse have prices of their own, in words.
fn differing_prices(
    (from, to, link_type): (&Place, &Place, LinkType),
    there: &PriceRow,
    back: &PriceRow,
) -> Said {
    Said::PricesDiffer {
        from: named(from),
        to: named(to),
        link_type,
        price: there.unit_price,
        place: place_of(&there.input, there.line),
        back: back.unit_price,
        back_place: place_of(&back.input, back.line),
    }
}

const STATUSES: [PriceStatus; 2] = [PriceStatus::Published, PriceStatus::Assumed];

fn gaps(catalog: &Catalog) -> Vec<Said> {
    let areas = catalog.regions.areas();
    let changes = catalog.price_changes();
    let before = before_all(&changes);
    let mut gaps = Vec::new();
    for link_type in LinkType::ALL {
        for source in &areas {
            for destination in &areas {
                let [from, to] = [source, destination].map(|area| Place::Area(area.clone()));
                let own = |status| timelines_of(catalog, &from, &to, link_type, status);
                let timelines: Vec<_> = STATUSES.into_iter().flat_map(own).collect();
                let hours = hours_of(before, timelines.iter().copied());
                let priced =
                    |hour: &Hour| timelines.iter().flatten().any(|timeline| timeline.at(*hour).is_some());
                let Some(first) = hours.iter().find(|hour| !priced(hour)) else { continue };
                let [source, destination] = [&from, &to].map(named);
                gaps.push(if !hours.iter().any(priced) {
                    Said::NoPrice { link_type, source, destination }
                } else if *first == before {
                    // OK because a price that is not known from the beginning is known from a change on.
                    Said::NoPriceBefore { link_type, source, destination, hour: changes[0] }
                } else {
                    Said::NoPriceFrom { link_type, source, destination, hour: *first }
                });
            }
        }
    }
    gaps
}

/// Which rows hold from one place to another: their own, and in a symmetric catalog those of the reverse.
fn timelines_of<'a>(
    catalog: &'a Catalog,
    from: &Place,
    to: &Place,
    link_type: LinkType,
    status: PriceStatus,
) -> [Option<&'a PriceTimeline>; 2] {
    let reverse = catalog.symmetric.then(|| catalog.timeline(to, from, link_type, status)).flatten();
    [catalog.timeline(from, to, link_type, status), reverse]
}

/// Tries every pair of regions for which both rows from the one region and rows to the other one are there, at every
/// instant at which one of them changes.
fn ties(catalog: &Catalog) -> Vec<Said> {
    let before = before_all(&catalog.price_changes());
    let (leaving, entering) = one_sided(catalog);
    let mut ties = Vec::new();
    for (key, sources) in &leaving {
        let (_, _, link_type) = key;
        for source in sources {
            for destination in entering.get(key).into_iter().flatten().filter(|&own| own != source) {
                let tie = first_tie(catalog, source, destination, *link_type, before);
                ties.extend(tie);
            }
        }
    }
    ties
}

/// Regions with rows of their own, by the area that they lie in, the one at the other end and the link type.
type OneSided = BTreeMap<(Arc<str>, Arc<str>, LinkType), BTreeSet<Arc<str>>>;

/// Those that have rows to an area, and those that have rows from one.
fn one_sided(catalog: &Catalog) -> (OneSided, OneSided) {
    let (mut leaving, mut entering) = (OneSided::new(), OneSided::new());
    let area_of = |region: &str| catalog.regions.get(region).and_then(|region| region.area.clone());
    for (from, to, link_type) in catalog.by_pair.keys() {
        let reverse = catalog.symmetric.then_some((to, from));
        for (from, to) in [(from, to)].into_iter().chain(reverse) {
            match (from, to) {
                (Place::Region(region), Place::Area(area)) => {
                    if let Some(own) = area_of(region) {
                        leaving.entry((own, area.clone(), *link_type)).or_default().insert(region.clone());
                    }
                }
                (Place::Area(area), Place::Region(region)) => {
                    if let Some(own) = area_of(region) {
                        entering.entry((area.clone(), own, *link_type)).or_default().insert(region.clone());
                    }
                }
                _ => {}
            }
        }
    }
    (leaving, entering)
}

/// The rows that tie for two regions, in the first hour in which any do.
fn first_tie(
    catalog: &Catalog,
    source: &str,
    destination: &str,
    link_type: LinkType,
    before: Hour,
) -> Option<Said> {
    let [(from, from_area), (to, to_area)] = [source, destination].map(|id| catalog.regions.places_of(id));
    let (from_area, to_area) = (from_area?, to_area?);
    let of = |from, to| STATUSES.map(|status| timelines_of(catalog, from, to, link_type, status));
    let (leaving, entering) = (of(&from, &to_area), of(&from_area, &to));
    let others = [of(&from, &to), of(&from_area, &to_area)];
    let all = [leaving, entering].into_iter().chain(others).flatten().flatten();
    let holds =
        |own: [Option<&PriceTimeline>; 2], hour| own.iter().flatten().any(|own| own.at(hour).is_some());
    let may_tie =
        |hour: Hour| (0..2).any(|status| holds(leaving[status], hour) && holds(entering[status], hour));
    let hours = hours_of(before, all).into_iter().filter(|&hour| may_tie(hour));
    let tie_in = |hour| catalog.row_or_tie(source, destination, link_type, hour).err();
    let (hour, rows) = hours.into_iter().find_map(|hour| Some((hour, tie_in(hour)?)))?;
    let ties = |row: &PriceRow| Said::RowTies {
        place: place_of(&row.input, row.line),
        from: named(&row.source),
        to: named(&row.destination),
        source: PlaceName(source.into()),
        destination: PlaceName(destination.into()),
        link_type,
        hour,
    };
    Some(Said::RowsTie { rows: Clauses(rows.into_iter().map(ties).collect()) })
}

/// So many ties of contract rows are listed; the others are counted.
const TIES_LISTED: usize = 1000;

/// Contract rows of which two could hold at once.
fn contract_ties(catalog: &Catalog) -> Vec<Said> {
    let mut ties = Ties { rows: catalog.contract.rows(), found: Vec::new(), total: 0 };
    let mut alike: HashMap<_, Vec<usize>> = HashMap::new();
    let mut crossing: HashMap<_, [Vec<usize>; 2]> = HashMap::new();
    for (index, row) in ties.rows.iter().enumerate() {
        let terms = (row.account_id.clone(), row.specificity(), row.link_type);
        alike.entry((terms.clone(), row.source.clone(), row.destination.clone())).or_default().push(index);
        if let Some((areas, side)) = crossing_of(row, &catalog.regions) {
            crossing.entry((terms, areas)).or_default()[side].push(index);
        }
    }
    alike.values().for_each(|rows| ties.find(rows.iter().map(|&index| (index, 0)), |_, _| true));
    for [leaving, entering] in crossing.values() {
        let sides = leaving.iter().map(|&index| (index, 0)).chain(entering.iter().map(|&index| (index, 1)));
        ties.find(sides, |side, other| side != other);
    }
    ties.told()
}

/// Rows that name more on one side tie with those that name as much on the other one: which areas both lie in, where they
/// name any, and on which side this one names more.
fn crossing_of(row: &ContractRow, regions: &Regions) -> Option<([Option<Place>; 2], usize)> {
    let area_of = |region: &str| regions.places_of(region).1;
    match (&row.source, &row.destination) {
        (Some(Place::Region(region)), Some(area @ Place::Area(_))) => {
            Some(([Some(area_of(region)?), Some(area.clone())], 0))
        }
        (Some(area @ Place::Area(_)), Some(Place::Region(region))) => {
            Some(([Some(area.clone()), Some(area_of(region)?)], 1))
        }
        (Some(_), None) => Some(([None, None], 0)),
        (None, Some(_)) => Some(([None, None], 1)),
        _ => None,
    }
}

/// Pairs of contract rows that are in force at once.
struct Ties<'a> {
    rows: &'a [ContractRow],
    /// By index, the first [`TIES_LISTED`] of them.
    found: Vec<(usize, usize)>,
    total: u64,
}

impl Ties<'_> {
    /// Finds those among rows with a side each, where two sides may tie. The time that it takes grows with the rows and
    /// with what is listed.
    fn find(&mut self, rows: impl Iterator<Item = (usize, usize)>, may_tie: impl Fn(usize, usize) -> bool) {
        let mut rows: Vec<(usize, usize)> = rows.collect();
        rows.sort_by_key(|&(index, _)| (self.rows[index].validity.from, index));
        // Those that have begun, by when they end; `None` is never, which is last here.
        let mut begun: [BTreeSet<(End, usize)>; 2] = Default::default();
        for (index, side) in rows {
            let Validity { from, until } = self.rows[index].validity;
            for (other_side, begun) in begun.iter_mut().enumerate() {
                while begun
                    .first()
                    .is_some_and(|(ended, ..)| from.is_some_and(|from| *ended <= End::At(from)))
                {
                    begun.pop_first();
                }
                if may_tie(side, other_side) {
                    self.total += begun.len() as u64;
                    let room = TIES_LISTED.saturating_sub(self.found.len());
                    let pairs =
                        begun.iter().take(room).map(|&(_, other)| (index.min(other), index.max(other)));
                    self.found.extend(pairs);
                }
            }
            begun[side].insert((until.map_or(End::Never, End::At), index));
        }
    }

    fn told(self) -> Vec<Said> {
        let place = |index: usize| place_of(&self.rows[index].input, self.rows[index].line);
        let tie = |(row, other)| Said::TermsTie { place: place(row), other: place(other) };
        let mut told: Vec<Said> = self.found.iter().copied().map(tie).collect();
        let count = self.total - self.found.len() as u64;
        told.extend((count > 0).then_some(Said::MoreTermsTie { count }));
        told
    }
}

/// When a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    At(Timestamp),
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::{Catalog, CatalogSource},
        model::finding::Sentence,
        read::Document,
    };
    use proptest::{collection::vec, prelude::*, sample::select};

    const HEADER: &str =
        "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n";

    fn catalog(rows: &str) -> crate::Result<Catalog> {
        let settings = "name = \"t\"\nversion = \"1\"\nsite = \"t\"\ncurrency = \"CNY\"\ngb = \"binary\"\nsymmetric = true\n\
                        [rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n";
        Catalog::read(&CatalogSource {
            settings: Document::new("catalog.toml", settings),
            prices: Document::new("prices.csv", format!("{HEADER}{rows}")),
            regions: None,
        })
    }

    fn kinds(catalog: &Catalog) -> BTreeSet<FindingCode> {
        check(catalog).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn shipped_catalogs_have_gaps_but_no_faults() {
        let china = check(&Catalog::shipped("china-site").unwrap());
        assert!(china.iter().all(|finding| finding.code == FindingCode::RegionWithoutArea));
        let international = check(&Catalog::shipped("international-site").unwrap());
        let gaps = international.iter().filter(|finding| finding.code == FindingCode::Gap).count();
        assert_eq!(gaps, 36 + 11);
        assert!(!international.iter().any(|finding| finding.code.is_fault()));
    }

    #[test]
    fn r4_two_rows_that_each_name_one_region_tie() {
        let tied = catalog(
            "cn-beijing,Europe,Gold,1,,published,u,d\nChinese mainland,eu-west-1,Gold,2,,published,u,d\n",
        )
        .unwrap();
        assert!(kinds(&tied).contains(&FindingCode::Tie));
        let settled = catalog(
            "cn-beijing,Europe,Gold,1,,published,u,d\nChinese mainland,eu-west-1,Gold,2,,published,u,d\n\
             cn-beijing,eu-west-1,Gold,3,,published,u,d\n",
        )
        .unwrap();
        assert!(!kinds(&settled).contains(&FindingCode::Tie));
    }

    #[test]
    fn unknown_regions_and_asymmetric_cells_are_found() {
        let odd = catalog(
            "cn-nowhere,Europe,Gold,1,,published,u,d\nEurope,Asia Pacific,Gold,1,,published,u,d\n\
             Asia Pacific,Europe,Gold,2,,published,u,d\n",
        )
        .unwrap();
        assert!(kinds(&odd).contains(&FindingCode::UnknownRegion));
        assert!(kinds(&odd).contains(&FindingCode::Asymmetric));
    }

    #[test]
    fn duplicates_unreadable_prices_and_unknown_areas_cannot_be_loaded() {
        let error = |rows| catalog(rows).unwrap_err().to_string();
        let twice = "Europe,Europe,Gold,1,,published,u,d\nEurope,Europe,Gold,1,,published,u,d\n";
        assert!(error(twice).contains("prices.csv:3:"));
        assert!(
            error("Europe,Europe,Gold,0.12345678901,,published,u,d\n").contains("cannot be read exactly")
        );
        assert!(error("Europ,Europe,Gold,1,,published,u,d\n").contains("did you mean \"Europe\"?"));
        assert!(error("Europe,Europe,Gold,1,,guessed,u,d\n").contains("neither published nor assumed"));
        assert!(error("Europe,Europe,gold,1,,published,u,d\n").contains("did you mean \"Gold\"?"));
    }

    // The rules as they are said, tried on all rows, pairs and hours.

    /// Before any price changes, and every hour at which one does.
    fn hours_to_try(catalog: &Catalog) -> Vec<Hour> {
        let changes = catalog.price_changes();
        let before = changes.first().map_or(0, |first| first.index().min(1) - 1);
        let mut hours = vec![Hour::from_index(before)];
        hours.extend(changes);
        hours
    }

    /// Pairs with rows of their own in both directions, whose prices in force differ in some hour: in a symmetric
    /// catalog most often a row whose reverse was forgotten.
    fn slow_asymmetric(catalog: &Catalog) -> Vec<Said> {
        let hours = hours_to_try(catalog);
        let mut found = Vec::new();
        for (from, to, link_type) in
            catalog.by_pair.keys().filter(|(from, to, _)| catalog.symmetric && from < to)
        {
            for status in [PriceStatus::Published, PriceStatus::Assumed] {
                let differing = hours.iter().find_map(|&hour| {
                    let there = catalog.row_in_force(from, to, *link_type, status, hour)?;
                    let back = catalog.row_in_force(to, from, *link_type, status, hour)?;
                    (there.unit_price != back.unit_price).then_some((there, back))
                });
                let told = |(there, back)| differing_prices((from, to, *link_type), there, back);
                found.extend(differing.map(told));
            }
        }
        found
    }

    /// Contract rows of which two could hold at once.
    fn slow_contract_ties(catalog: &Catalog) -> Vec<String> {
        let rows = catalog.contract.rows();
        let mut ties = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            for other in rows[index + 1..].iter().filter(|other| row.ties_with(other, &catalog.regions)) {
                ties.push(format!(
                    "{}:{} and {}:{} are equally specific and in force at once",
                    row.input, row.line, other.input, other.line
                ));
            }
        }
        ties
    }

    fn slow_gaps(catalog: &Catalog) -> Vec<String> {
        let areas = catalog.regions.areas();
        let hours = hours_to_try(catalog);
        let mut gaps = Vec::new();
        for link_type in LinkType::ALL {
            for source in &areas {
                for destination in &areas {
                    let [from, to] = [source, destination].map(|area| Place::Area(area.clone()));
                    let priced = |hour: Hour| {
                        [PriceStatus::Published, PriceStatus::Assumed]
                            .into_iter()
                            .any(|status| catalog.row_in_force(&from, &to, link_type, status, hour).is_some())
                    };
                    let without = hours.iter().filter(|&&hour| !priced(hour));
                    let count = without.clone().count();
                    let Some(first) = without.min() else { continue };
                    let since = if count == hours.len() {
                        String::new()
                    } else if *first == hours[0] {
                        format!(" before {}", hours[1])
                    } else {
                        format!(" from {first} on")
                    };
                    gaps.push(format!("no {link_type} price from {source} to {destination}{since}"));
                }
            }
        }
        gaps
    }

    /// Tries every pair with a region that has rows of its own, at every instant at which a price changes.
    fn slow_ties(catalog: &Catalog) -> Vec<String> {
        let own: BTreeSet<&str> = catalog
            .rows
            .iter()
            .flat_map(|row| [&row.source, &row.destination])
            .filter_map(|place| match place {
                Place::Region(id) => Some(&**id),
                Place::Area(_) => None,
            })
            .collect();
        let all: BTreeSet<&str> =
            own.iter().copied().chain(catalog.regions.all().map(|region| &*region.id)).collect();
        let hours = hours_to_try(catalog);
        let mut ties = Vec::new();
        for &a in &own {
            for &b in all.iter().filter(|&&b| b != a) {
                for (source, destination) in [(a, b), (b, a)] {
                    for link_type in LinkType::ALL {
                        let tie = hours
                            .iter()
                            .find_map(|&hour| catalog.list_price(source, destination, link_type, hour).err());
                        ties.extend(tie.map(|error| error.to_string().replace('\n', "; ")));
                    }
                }
            }
        }
        ties
    }

    fn regions() -> Document {
        let rows = "region_id,area\ncn-a,CN\ncn-b,CN\neu-a,EU\neu-b,EU\nxx-a,\n";
        Document::new("regions.csv", rows)
    }

    fn place() -> impl Strategy<Value = &'static str> {
        select(vec!["cn-a", "cn-b", "eu-a", "eu-b", "xx-a", "zz-z", "CN", "EU"])
    }

    fn instants() -> impl Strategy<Value = (String, String)> {
        let instant = |half: i64| Timestamp::from_seconds(half * 1800).to_string();
        (prop::option::of(0i64..12), prop::option::of(1i64..9)).prop_map(move |(from, length)| {
            let until = length.map(|length| instant(from.unwrap_or_default() + length));
            (from.map(instant).unwrap_or_default(), until.unwrap_or_default())
        })
    }

    fn price_rows() -> impl Strategy<Value = String> {
        let row = (
            place(),
            place(),
            select(vec!["Gold", "Platinum"]),
            1..3,
            instants(),
            select(vec!["published", "assumed"]),
        );
        vec(row, 0..14).prop_map(|rows| {
            let row = |(from, to, link, price, (start, end), status)| {
                format!("{from},{to},{link},{price},{start},{end},{status},u,d\n")
            };
            let header = "source,destination,link_type,unit_price,effective_from,effective_until,status,source_url,source_date\n";
            rows.into_iter().map(row).fold(header.to_owned(), |text, row| text + &row)
        })
    }

    fn contract_rows() -> impl Strategy<Value = String> {
        let any_place = || prop_oneof![place(), Just("*")];
        let row =
            (select(vec!["1", "2", "*"]), any_place(), any_place(), select(vec!["Gold", "*"]), instants());
        vec(row, 0..14).prop_map(|rows| {
            let row = |(account, from, to, link, (start, end))| format!("{account},{from},{to},{link},1,,{start},{end}\n");
            let header = "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n";
            rows.into_iter().map(row).fold(header.to_owned(), |text, row| text + &row)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn r4_the_fast_check_and_quotes_tell_what_a_look_at_all_rows_tells(
            symmetric: bool,
            layers in vec(price_rows(), 1..4),
            contract in contract_rows(),
        ) {
            let settings = format!(
                "name = \"t\"\nversion = \"1\"\nsite = \"t\"\ncurrency = \"CNY\"\ngb = \"binary\"\nsymmetric = {symmetric}\n\
                 [rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n"
            );
            let source = CatalogSource {
                settings: Document::new("catalog.toml", settings),
                prices: Document::new("prices.csv", layers[0].clone()),
                regions: Some(regions()),
            };
            // Two rows of one start are refused before any of this.
            let Ok(mut catalog) = Catalog::read(&source) else { return Ok(()) };
            for layer in &layers[1..] {
                let Ok(over) = catalog.clone().with_prices("over", &Document::new("over.csv", layer.clone())) else { continue };
                catalog = over;
            }
            let catalog = catalog.with_contract(&Document::new("contract.csv", contract)).unwrap();
            let sorted = |mut told: Vec<String>| { told.sort_unstable(); told.dedup(); told };
            let words = |said: Vec<Said>| said.into_iter().map(|said| Sentence::from(said).to_string()).collect::<Vec<_>>();
            prop_assert_eq!(sorted(words(asymmetric(&catalog))), sorted(words(slow_asymmetric(&catalog))));
            prop_assert_eq!(words(gaps(&catalog)), slow_gaps(&catalog));
            prop_assert_eq!(sorted(words(ties(&catalog))), sorted(slow_ties(&catalog)));
            prop_assert_eq!(sorted(words(contract_ties(&catalog))), sorted(slow_contract_ties(&catalog)));
            for hour in hours_to_try(&catalog) {
                let sides = ["cn-a", "eu-b"].map(|id| catalog.regions.places_of(id));
                let all = || catalog.contract.rows().iter().filter(|row| row.matches("1", &sides, LinkType::Gold, hour));
                let most = all().map(ContractRow::specificity).max();
                let best: Vec<_> = all().filter(|row| Some(row.specificity()) == most).collect();
                match catalog.contract.in_force("1", &sides, LinkType::Gold, hour) {
                    Ok(found) => prop_assert_eq!((found, best.len() < 2), (best.first().copied(), true)),
                    Err(error) => {
                        let lines: Vec<_> = error.faults().iter().map(|fault| fault.line).collect();
                        prop_assert_eq!(lines, best.iter().take(2).map(|row| Some(row.line)).collect::<Vec<_>>());
                    }
                }
            }
        }
    }
}
