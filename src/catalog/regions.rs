//! Regions and the price areas they lie in.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        did_you_mean,
        invalid::{Invalid, Remedy},
    },
    read::{
        Document,
        table::{TableColumns, faults_of, read_all},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// A region or a price area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A region, by its id: `cn-hangzhou`.
    Region(Arc<str>),
    /// A price area, which holds several regions.
    Area(Arc<str>),
}

impl Place {
    /// The region id or area name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Region(name) | Self::Area(name) => name,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A region of the provider.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its id, `cn-hangzhou`.
    pub id: Arc<str>,
    /// Its English name, `China (Hohhot)`.
    pub name_en: String,
    /// Its Chinese name in simplified characters, `华北5（呼和浩特）`.
    pub name_zh: String,
    /// Its Chinese name in traditional characters, `華北5（呼和浩特）`; empty where the table has none.
    pub name_zh_hant: String,
    /// Further names, as other pages of the provider have them.
    pub other_names: Vec<String>,
    /// Its price area; our mapping, since the provider publishes none. `None`: not known, hence no price by area.
    pub area: Option<Arc<str>>,
    /// What `regions.csv` says under `peering`: whether it stands on a list of regions that support peering.
    pub peering: String,
    /// Whether it lies on the Chinese mainland; `None`: not told.
    pub mainland: Option<bool>,
}

/// Regions by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions {
    by_id: BTreeMap<Arc<str>, Region>,
    areas: BTreeSet<Arc<str>>,
}

impl Regions {
    /// Those of `pricing/`, compiled in, for catalogs without regions of their own.
    pub(crate) fn shipped() -> Result<Self> {
        let text = &include_bytes!("../../pricing/regions.csv")[..];
        Self::read(&Document::new("pricing/regions.csv", text))
    }

    pub(crate) fn read(document: &Document) -> Result<Self> {
        let mut table = TableColumns::default();
        let (id, area) = (table.required("region_id"), table.required("area"));
        let (name_en, name_zh) = (table.optional("name_en"), table.optional("name_zh"));
        let (name_zh_hant, other_names) = (table.optional("name_zh_hant"), table.optional("other_names"));
        let (peering, mainland) = (table.optional("peering"), table.optional("mainland"));
        let name = &document.name;
        let (rows, malformed) = read_all(ErrorKind::Catalog, name, &document.text, &table)?;
        let mut faults = faults_of(malformed);
        let mut by_id = BTreeMap::new();
        for row in rows.iter() {
            let region = Region {
                id: row.text(id).into(),
                name_en: row.text(name_en).to_owned(),
                name_zh: row.text(name_zh).to_owned(),
                name_zh_hant: row.text(name_zh_hant).to_owned(),
                other_names: row.text(other_names).split(';').map(|name| name.trim().to_owned()).collect(),
                area: row.given(area).map(Into::into),
                peering: row.text(peering).to_owned(),
                mainland: match row.text(mainland) {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                },
            };
            let fault = if row.text(id).is_empty() {
                Some("region_id is empty".to_string())
            } else if by_id.insert(region.id.clone(), region).is_some() {
                Some(format!("region {} stands here a second time", row.text(id)))
            } else {
                None
            };
            faults.extend(fault.map(|why| Fault::at(FaultCode::BadPrice, name, row.line, why)));
        }
        let areas = by_id.values().filter_map(|region: &Region| region.area.clone()).collect();
        Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(Self { by_id, areas }), Err)
    }

    /// The region with this id.
    pub fn get(&self, id: &str) -> Option<&Region> {
        self.by_id.get(id)
    }

    /// All regions, by id.
    pub fn all(&self) -> impl Iterator<Item = &Region> {
        self.by_id.values()
    }

    /// All areas, by name.
    pub fn areas(&self) -> Vec<Arc<str>> {
        self.areas.iter().cloned().collect()
    }

    /// The region as a place, and the area it lies in, where that is known.
    pub(crate) fn places_of(&self, id: &str) -> (Place, Option<Place>) {
        match self.by_id.get_key_value(id) {
            Some((id, region)) => (Place::Region(id.clone()), region.area.clone().map(Place::Area)),
            None => (Place::Region(id.into()), None),
        }
    }

    /// Finds a region by its id or by any name of it, English or Chinese, that the provider's pages have.
    ///
    /// Upper and lower case, blanks, brackets and their width make no difference. Of a name such as `China (Hohhot)` or
    /// `华北5（呼和浩特）` what stands in brackets is enough, as is the numbered part before them, `华北5`, and the whole
    /// without its number.
    ///
    /// ```
    /// let catalog = peerbill::Catalog::shipped("china-site")?;
    /// for name in ["cn-huhehaote", "China (Hohhot)", "hohhot", "华北5（呼和浩特）", "華北5(呼和浩特)", "呼和浩特", "華北５"] {
    ///     assert_eq!(&*catalog.regions().find(name)?.id, "cn-huhehaote");
    /// }
    /// assert!(catalog.regions().find("Malaysia").unwrap_err().to_string().contains("ap-southeast-8, Malaysia (Johor)"));
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where there is none, or more than one; the message names those that may be meant.
    pub fn find(&self, text: &str) -> Result<&Region> {
        if let Some(region) = self.get(text) {
            return Ok(region);
        }
        let wanted = key(text);
        let found: Vec<&Region> = self.all().filter(|region| region.keys().contains(&wanted)).collect();
        match found[..] {
            [region] if !wanted.is_empty() => Ok(region),
            [] => Err(self.not_known(text, &wanted)),
            _ => Err(choose(format!("region {text:?} is the name of several: {}", listed(&found, "and")))),
        }
    }

    /// There is no region of this name: one with a name close to it may be meant, or those whose names hold it.
    fn not_known(&self, text: &str, wanted: &str) -> Error {
        let names = self.all().flat_map(Region::names);
        let names = names.flat_map(|name| [Some(name), in_brackets(name)]).flatten();
        let near = did_you_mean(text, names);
        // Shorter words stand in too many names.
        let holds =
            |region: &&Region| wanted.len() > 3 && region.keys().iter().any(|key| key.contains(wanted));
        let holding: Vec<&Region> = self.all().filter(|region| near.is_empty() && holds(region)).collect();
        if holding.is_empty() {
            return choose(format!("region {text:?} is not known{near}"));
        }
        choose(format!("region {text:?} is not known; did you mean {}?", listed(&holding, "or")))
    }

    /// Reads a place of a price row: an area, or anything of the shape of a region id.
    pub(crate) fn read_place(&self, text: &str) -> Result<Place, String> {
        if self.areas.contains(text) {
            return Ok(Place::Area(text.into()));
        }
        let id_shape = text.contains('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if id_shape {
            return Ok(Place::Region(text.into()));
        }
        let known = self.by_id.keys().chain(&self.areas).map(|name| &**name);
        Err(format!("{text:?} is neither a region id nor an area{}", did_you_mean(text, known)))
    }
}

impl Regions {
    /// Reads a place of a price row that is refused anyway; then a region that is not known is told as well.
    pub(super) fn read_known_place(&self, text: &str) -> Result<Place, String> {
        let place = self.read_place(text)?;
        match &place {
            Place::Region(id) if self.get(id).is_none() => {
                let near = did_you_mean(text, self.by_id.keys().map(|id| &**id));
                Err(format!("region {text:?} is not known{near}"))
            }
            _ => Ok(place),
        }
    }
}

impl Region {
    /// Its id and all of its names.
    fn names(&self) -> impl Iterator<Item = &str> {
        let names = [&*self.id, self.name_en.as_str(), self.name_zh.as_str(), self.name_zh_hant.as_str()];
        names.into_iter().chain(self.other_names.iter().map(String::as_str))
    }

    /// All that it is found by.
    fn keys(&self) -> BTreeSet<String> {
        let mut keys: BTreeSet<String> = self.names().map(key).collect();
        keys.extend(self.id.strip_prefix("cn-").map(key));
        for name in [&self.name_en, &self.name_zh, &self.name_zh_hant] {
            keys.extend(parts_of(name));
        }
        keys.remove("");
        keys
    }
}

/// What is compared of a name: its letters and digits, small, whatever their width.
fn key(name: &str) -> String {
    name.chars().map(half_width).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The ASCII character of which `character` is the full-width form, or itself.
fn half_width(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        _ => character,
    }
}

/// What is enough of a name with brackets, as keys: the place in them, also without what is added to it; where a number
/// stands before them, what they follow, and the whole without the number.
fn parts_of(name: &str) -> Vec<String> {
    let Some(place) = in_brackets(name) else { return Vec::new() };
    let (whole, city) = (key(place), key(place.split(['-', ',']).next().unwrap_or_default()));
    let before = key(name.split(['(', '（']).next().unwrap_or_default());
    let area = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut parts =
        vec![format!("{before}{city}"), format!("{area}{city}"), format!("{area}{whole}"), whole, city];
    parts.extend((area.len() < before.len()).then(|| before.clone()));
    parts
}

/// The place in `China (Hohhot)` or `华北5（呼和浩特）`; a remark may follow, `Australia (Sydney) - closed`.
fn in_brackets(name: &str) -> Option<&str> {
    // What stands in the brackets of these is the remark.
    const REMARKS: [&str; 3] = ["invitational preview", "邀测", "邀測"];
    let (_, rest) = name.split_once(['(', '（'])?;
    let (place, remark) = rest.split_once([')', '）'])?;
    let remark = remark.trim_start();
    ((remark.is_empty() || remark.starts_with('-')) && !REMARKS.contains(&place)).then_some(place)
}

/// Some regions with their names, the first of them where they are many.
fn listed(regions: &[&Region], last: &str) -> String {
    const SHOWN: usize = 5;
    let shown = |region: &&Region| {
        let name = [&region.name_en, &region.name_zh].into_iter().find(|name| !name.is_empty());
        name.map_or_else(|| region.id.to_string(), |name| format!("{}, {name}", region.id))
    };
    let mut texts: Vec<String> = regions.iter().take(SHOWN).map(shown).collect();
    match (regions.len().saturating_sub(SHOWN), texts.pop()) {
        (0, Some(text)) if texts.is_empty() => text,
        (0, Some(text)) => format!("{}; {last} {text}", texts.join("; ")),
        (more, text) => {
            texts.extend(text);
            format!("{}; {last} one of {more} more", texts.join("; "))
        }
    }
}

/// The error of a name that is not that of one region.
fn choose(message: String) -> Error {
    Error::usage(Invalid::new(message).with(Remedy::ChooseRegion))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(rows: &str) -> Regions {
        Regions::read(&Document::new("regions.csv", format!("region_id,area,{rows}"))).unwrap()
    }

    fn found(regions: &Regions, name: &str) -> String {
        regions.find(name).map_or_else(|error| error.to_string(), |region| region.id.to_string())
    }

    #[test]
    fn a_table_without_names_is_searched_by_id() {
        let own = regions("peering\ncn-a,CN,\neu-a,EU,\n");
        assert_eq!(found(&own, "cn-a"), "cn-a");
        assert_eq!(found(&own, "CN-A"), "cn-a");
        assert!(own.find("eu-b").is_err() && own.find("").is_err() && own.find("()").is_err());
        assert_eq!(own.get("cn-a").unwrap().name_zh_hant, "");
    }

    #[test]
    fn a_name_of_several_regions_is_refused_with_all_of_them() {
        let own = regions("name_en\nxx-1,A,Here (North)\nxx-2,B,There (North)\nxx-3,B,\n");
        assert_eq!(
            found(&own, "north"),
            "region \"north\" is the name of several: xx-1, Here (North); and xx-2, There (North)"
        );
        assert_eq!(found(&own, "There North"), "xx-2");
    }

    #[test]
    fn what_stands_in_many_names_is_told_by_the_first_of_them() {
        let shipped = Regions::shipped().unwrap();
        let error = found(&shipped, "China");
        assert!(error.starts_with("region \"China\" is not known; did you mean cn-beijing, "), "{error}");
        assert!(error.contains("; or one of "), "{error}");
        assert_eq!(
            found(&shipped, "马来西亚"),
            "region \"马来西亚\" is not known; did you mean ap-southeast-3, Malaysia (Kuala Lumpur); or ap-southeast-8, \
             Malaysia (Johor)?"
        );
        assert_eq!(
            found(&shipped, "华北4（呼和浩特）"),
            "region \"华北4（呼和浩特）\" is not known; did you mean \"华北5（呼和浩特）\"?"
        );
    }
}
