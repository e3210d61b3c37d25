//! Regions and the price areas they lie in.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::did_you_mean,
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
    /// Its English name.
    pub name_en: String,
    /// Its Chinese name.
    pub name_zh: String,
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
        let (peering, mainland) = (table.optional("peering"), table.optional("mainland"));
        let name = &document.name;
        let (rows, malformed) = read_all(ErrorKind::Catalog, name, &document.text[..], &table)?;
        let mut faults = faults_of(malformed);
        let mut by_id = BTreeMap::new();
        for row in rows {
            let region = Region {
                id: row.text(id).into(),
                name_en: row.text(name_en).to_owned(),
                name_zh: row.text(name_zh).to_owned(),
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

    /// Finds a region by its id, English or Chinese name, upper or lower case.
    ///
    /// Of a name such as `China (Hohhot)`, `华北5（呼和浩特）`, what stands in brackets is enough.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where there is none; the message suggests a near one.
    pub fn find(&self, text: &str) -> Result<&Region> {
        let same = |name: &str| name.eq_ignore_ascii_case(text);
        let same_in_brackets =
            |name: &str| in_brackets(name).is_some_and(|own| own.eq_ignore_ascii_case(text));
        let found = self
            .get(text)
            .or_else(|| self.all().find(|r| same(&r.id) || same(&r.name_en) || same(&r.name_zh)))
            .or_else(|| self.all().find(|r| same_in_brackets(&r.name_en) || same_in_brackets(&r.name_zh)));
        let lower = text.to_lowercase();
        let part =
            || self.all().find(|r| r.name_en.to_lowercase().contains(&lower) || r.name_zh.contains(text));
        found.ok_or_else(|| {
            if let Some(region) = part().filter(|_| lower.len() > 3) {
                let (id, name) = (&region.id, &region.name_en);
                return Error::usage(format!("region {text:?} is not known; did you mean {id}, {name}?"));
            }
            let names = self.all().flat_map(|r| [&*r.id, r.name_en.as_str(), r.name_zh.as_str()]);
            let names = names.flat_map(|name| [Some(name), in_brackets(name)]).flatten();
            Error::usage(format!("region {text:?} is not known{}", did_you_mean(text, names)))
        })
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

/// The place in `China (Hohhot)` or `华北5（呼和浩特）`.
fn in_brackets(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once(['(', '（'])?;
    rest.strip_suffix([')', '）'])
}
