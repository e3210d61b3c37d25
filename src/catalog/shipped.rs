//! The catalogs of `pricing/`, compiled in, so that nothing has to be found at run time.

use super::{Catalog, CatalogSource};
use crate::{
    error::{Error, ErrorKind, Result},
    model::did_you_mean,
    read::Document,
};

/// Names of the catalogs that are shipped.
pub const SHIPPED_CATALOGS: [&str; 2] = ["china-site", "international-site"];

/// Names of the overlays that are shipped. They hold assumed prices and are used only when asked for.
pub const SHIPPED_OVERLAYS: [&str; 1] = ["assumed-platinum"];

macro_rules! pricing {
    ($path:literal) => {
        Document::new(concat!("pricing/", $path), &include_bytes!(concat!("../../pricing/", $path))[..])
    };
}

impl Catalog {
    /// The shipped catalog of this name: one of [`SHIPPED_CATALOGS`].
    ///
    /// ```
    /// let catalog = peerbill::Catalog::shipped("china-site")?;
    /// assert_eq!(catalog.currency, "CNY");
    /// let refused = peerbill::Catalog::shipped("china-sit").unwrap_err();
    /// assert!(refused.to_string().contains("did you mean \"china-site\"?"));
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Catalog`](ErrorKind::Catalog) where there is none of this name; the message names all, and suggests a near
    /// one.
    pub fn shipped(name: &str) -> Result<Self> {
        let (settings, prices) = match name {
            "china-site" => (pricing!("china-site/catalog.toml"), pricing!("china-site/prices.csv")),
            "international-site" => {
                (pricing!("international-site/catalog.toml"), pricing!("international-site/prices.csv"))
            }
            _ => {
                let (all, near) = (SHIPPED_CATALOGS.join(", "), did_you_mean(name, SHIPPED_CATALOGS));
                let why = format!("is no shipped catalog; those are {all}{near}");
                return Err(Error::unusable(ErrorKind::Catalog, name, why));
            }
        };
        Self::read(&CatalogSource { settings, prices, regions: None })
    }
}

/// The shipped overlay of this name, for [`Catalog::with_prices`]; `None` where it is none of [`SHIPPED_OVERLAYS`].
pub fn shipped_overlay(name: &str) -> Option<Document> {
    (name == "assumed-platinum").then(|| pricing!("assumed-platinum/prices.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::{Place, PriceStatus, Regions},
        model::{link::LinkType, money::UnitPrice},
    };

    #[test]
    fn r18_all_cny_cells_are_known_and_25_usd_gold_ones() {
        let count = |name: &str, link_type| {
            let catalog = Catalog::shipped(name).unwrap();
            assert!(catalog.rows().iter().all(|row| row.status == PriceStatus::Published));
            assert!(
                catalog.rows().iter().all(|row| !row.source_url.is_empty() && !row.source_date.is_empty())
            );
            catalog.rows().iter().filter(|row| row.link_type == link_type).count()
        };
        assert_eq!(count("china-site", LinkType::Gold), 36);
        assert_eq!(count("china-site", LinkType::Platinum), 36);
        assert_eq!(count("international-site", LinkType::Gold), 25);
        assert_eq!(count("international-site", LinkType::Platinum), 0);
        assert!(Catalog::shipped("moon-site").is_err());
    }

    #[test]
    fn r18_assumed_platinum_is_one_and_a_half_times_gold_rounded_half_up() {
        let gold = Catalog::shipped("international-site").unwrap();
        let overlay = shipped_overlay("assumed-platinum").unwrap();
        let both = gold.clone().with_prices("assumed-platinum", &overlay).unwrap();
        let platinum = &both.rows()[gold.rows().len()..];
        assert_eq!(platinum.len(), gold.rows().len());
        for (assumed, published) in platinum.iter().zip(gold.rows()) {
            assert_eq!((&assumed.source, &assumed.destination), (&published.source, &published.destination));
            assert_eq!((assumed.link_type, assumed.status), (LinkType::Platinum, PriceStatus::Assumed));
            let thousandths = published.unit_price.to_decimal() * rust_decimal::Decimal::from(1500);
            let rounded = (thousandths + rust_decimal::Decimal::new(5, 1)).floor();
            let expected: UnitPrice =
                (rounded / rust_decimal::Decimal::ONE_THOUSAND).to_string().parse().unwrap();
            assert_eq!(assumed.unit_price, expected);
        }
        assert!(Catalog::shipped("china-site").unwrap().with_prices("assumed-platinum", &overlay).is_err());
    }

    #[test]
    fn every_region_has_an_area_and_mexico_s_is_inferred() {
        let regions = Regions::shipped().unwrap();
        assert_eq!(regions.get("na-south-1").unwrap().area.as_deref(), Some("North America"));
        assert!(
            include_str!("../../pricing/regions.csv").contains("Mexico,墨西哥,North America,inferred from")
        );
        assert_eq!(regions.all().filter(|region| region.area.is_none()).count(), 0);
        assert_eq!(regions.areas().len(), 6);
        for (name, id) in
            [("杭州", "cn-hangzhou"), ("Hohhot", "cn-huhehaote"), ("singapore", "ap-southeast-1")]
        {
            assert_eq!(&*regions.find(name).unwrap().id, id);
        }
        assert!(regions.find("中卫市").unwrap_err().to_string().contains("中卫"));
        assert!(regions.find("Hohot").unwrap_err().to_string().contains("did you mean \"Hohhot\""));
        assert!(regions.find("North 2 Finance").unwrap_err().to_string().contains("cn-beijing-finance-1"));
        assert_eq!(regions.places_of("me-east-1").1, Some(Place::Area("Middle East".into())));
    }
}
