//! What is wrong with a catalog, and what it does not know.

use super::{Catalog, Place, PriceRow, PriceStatus};
use crate::model::{
    finding::{Finding, FindingCode},
    link::LinkType,
    time::Hour,
};
use std::collections::BTreeSet;

/// Checks a catalog that could be read; one with duplicate rows or unreadable prices could not.
///
/// What is found is in the order of its codes, then of its words; [`FindingCode::is_fault`] tells what is wrong from what
/// is not known.
pub fn check(catalog: &Catalog) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    let mut add = |code, message: String| {
        found.insert((code, message));
    };
    for row in &catalog.rows {
        for place in [&row.source, &row.destination] {
            if let Place::Region(id) = place
                && catalog.regions.get(id).is_none()
            {
                let message = format!("{}:{}: region {id} is not in regions.csv", row.input, row.line);
                add(FindingCode::UnknownRegion, message);
            }
        }
    }
    for message in asymmetric(catalog) {
        add(FindingCode::Asymmetric, message);
    }
    for message in gaps(catalog) {
        add(FindingCode::Gap, message);
    }
    for region in catalog.regions.all().filter(|region| region.area.is_none()) {
        let message = format!("{} ({}) has no area", region.id, region.name_en);
        add(FindingCode::RegionWithoutArea, message);
    }
    for message in ties(catalog).into_iter().chain(contract_ties(catalog)) {
        add(FindingCode::Tie, message);
    }
    found.into_iter().map(|(code, message)| Finding::new(code, message)).collect()
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
        catalog::{Catalog, CatalogSource},
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
}
