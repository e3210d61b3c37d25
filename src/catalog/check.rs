//! What is wrong with a catalog, and what it does not know.

use super::{Catalog, Place, PriceRow, PriceStatus};
use crate::model::{link::LinkType, time::Hour};
use std::collections::BTreeSet;

/// What kind of remark it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemarkKind {
    /// Rows that tie: which one holds cannot be told. A fault.
    Tie,
    /// A row names a region that `regions.csv` lacks. A fault.
    UnknownRegion,
    /// Both directions of a pair have rows, at different prices.
    Asymmetric,
    /// No price is known for two areas.
    Gap,
    /// A region has no area, hence no price but for rows of its own.
    RegionWithoutArea,
}

impl RemarkKind {
    /// Whether the catalog is wrong, rather than incomplete.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Tie | Self::UnknownRegion)
    }

    /// The kind in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tie => "tie",
            Self::UnknownRegion => "unknown_region",
            Self::Asymmetric => "asymmetric",
            Self::Gap => "gap",
            Self::RegionWithoutArea => "region_without_area",
        }
    }
}

/// One remark about a catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What kind.
    pub kind: RemarkKind,
    /// Where and what.
    pub message: String,
}

/// Checks a catalog that could be read; one with duplicate rows or unreadable prices could not.
pub fn check(catalog: &Catalog) -> Vec<Remark> {
    let mut remarks = BTreeSet::new();
    let mut add = |kind, message: String| {
        remarks.insert(Remark { kind, message });
    };
    for row in &catalog.rows {
        for place in [&row.source, &row.destination] {
            if let Place::Region(id) = place
                && catalog.regions.get(id).is_none()
            {
                let message = format!("{}:{}: region {id} is not in regions.csv", row.input, row.line);
                add(RemarkKind::UnknownRegion, message);
            }
        }
    }
    for message in asymmetric(catalog) {
        add(RemarkKind::Asymmetric, message);
    }
    for message in gaps(catalog) {
        add(RemarkKind::Gap, message);
    }
    for region in catalog.regions.all().filter(|region| region.area.is_none()) {
        let message = format!("{} ({}) has no area", region.id, region.name_en);
        add(RemarkKind::RegionWithoutArea, message);
    }
    for message in ties(catalog).into_iter().chain(contract_ties(catalog)) {
        add(RemarkKind::Tie, message);
    }
    remarks.into_iter().collect()
}

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
fn asymmetric(catalog: &Catalog) -> Vec<String> {
    let hours = hours_to_try(catalog);
    let mut found = Vec::new();
    for (from, to, link_type) in catalog.by_pair.keys().filter(|(from, to, _)| catalog.symmetric && from < to)
    {
        for status in [PriceStatus::Published, PriceStatus::Assumed] {
            let differing = hours.iter().find_map(|&hour| {
                let there = catalog.row_in_force(from, to, *link_type, status, hour)?;
                let back = catalog.row_in_force(to, from, *link_type, status, hour)?;
                (there.unit_price != back.unit_price).then_some((there, back))
            });
            found.extend(differing.map(|(there, back)| {
                let place = |row: &PriceRow| format!("{}:{}", row.input, row.line);
                format!(
                    "{from} to {to}, {link_type}, costs {} ({}), the reverse {} ({})",
                    there.unit_price,
                    place(there),
                    back.unit_price,
                    place(back)
                )
            }));
        }
    }
    found
}

/// Contract rows of which two could hold at once.
fn contract_ties(catalog: &Catalog) -> Vec<String> {
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

fn gaps(catalog: &Catalog) -> Vec<String> {
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
fn ties(catalog: &Catalog) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::{CatalogSource, shipped},
        read::Document,
    };

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

    fn kinds(catalog: &Catalog) -> BTreeSet<RemarkKind> {
        check(catalog).into_iter().map(|remark| remark.kind).collect()
    }

    #[test]
    fn shipped_catalogs_have_gaps_but_no_faults() {
        let china = check(&shipped("china-site").unwrap());
        assert!(china.iter().all(|remark| remark.kind == RemarkKind::RegionWithoutArea));
        let international = check(&shipped("international-site").unwrap());
        let gaps = international.iter().filter(|remark| remark.kind == RemarkKind::Gap).count();
        assert_eq!(gaps, 36 + 11);
        assert!(!international.iter().any(|remark| remark.kind.is_fault()));
    }

    #[test]
    fn r4_two_rows_that_each_name_one_region_tie() {
        let tied = catalog(
            "cn-beijing,Europe,Gold,1,,published,u,d\nChinese mainland,eu-west-1,Gold,2,,published,u,d\n",
        )
        .unwrap();
        assert!(kinds(&tied).contains(&RemarkKind::Tie));
        let settled = catalog(
            "cn-beijing,Europe,Gold,1,,published,u,d\nChinese mainland,eu-west-1,Gold,2,,published,u,d\n\
             cn-beijing,eu-west-1,Gold,3,,published,u,d\n",
        )
        .unwrap();
        assert!(!kinds(&settled).contains(&RemarkKind::Tie));
    }

    #[test]
    fn unknown_regions_and_asymmetric_cells_are_found() {
        let odd = catalog(
            "cn-nowhere,Europe,Gold,1,,published,u,d\nEurope,Asia Pacific,Gold,1,,published,u,d\n\
             Asia Pacific,Europe,Gold,2,,published,u,d\n",
        )
        .unwrap();
        assert!(kinds(&odd).contains(&RemarkKind::UnknownRegion));
        assert!(kinds(&odd).contains(&RemarkKind::Asymmetric));
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
}
