//! Readers of prices and of contracts, against a plain look through all rows (R4).

use super::{
    LONGEST,
    chance::Chance,
    outcome::{catalog, check_error},
};
use peerbill::{
    Catalog, FindingCode, Hour,
    catalog::{CatalogSource, ContractRow, Place, PriceRow, PriceStatus, Terms, check::check},
    model::{link::LinkType, money::UnitPrice},
    read::Document,
};

/// A catalog in yuan.
pub fn catalog_settings(symmetric: bool) -> String {
    format!(
        "name = \"n\"\nversion = \"1\"\nsite = \"s\"\ncurrency = \"CNY\"\ngb = \"binary\"\nsymmetric = {symmetric}\n\
         [rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n"
    )
}

const NO_PRICES: &str =
    "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n";

/// A table of prices: as a catalog's own, and laid over another.
pub fn prices(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let settings = catalog_settings(Chance::of(data).once_in(2));
    let table = |text: &[u8]| CatalogSource {
        settings: Document::new("catalog.toml", settings.clone()),
        prices: Document::new("prices.csv", text),
        regions: None,
    };
    let own = Catalog::read(&table(data));
    let overlay = Catalog::read(&table(NO_PRICES.as_bytes())).expect("an empty catalog is good");
    let laid = overlay.with_prices("overlay", &Document::new("prices.csv", data));
    match (own, laid) {
        (Ok(own), Ok(laid)) => {
            assert_eq!(own.rows().len(), laid.rows().len());
            check_quotes(&own);
            if let Ok(over) = catalog().clone().with_prices("overlay", &Document::new("prices.csv", data)) {
                check_quotes(&over);
            }
        }
        (Err(own), Err(laid)) => {
            check_error(&own);
            assert_eq!(own.to_string(), laid.to_string());
        }
        (own, laid) => panic!("as a catalog {}, as an overlay {}", own.is_ok(), laid.is_ok()),
    }
}

/// An account's own terms.
pub fn contract(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    match catalog().clone().with_contract(&Document::new("contract.csv", data)) {
        Ok(catalog) => check_quotes(&catalog),
        Err(error) => check_error(&error),
    }
}

/// So many rows are asked about: the slow way takes the square of them.
const MOST: usize = 12;

/// Asks about places, hours and accounts of the rows, and answers by a look through all of them.
fn check_quotes(catalog: &Catalog) {
    assert_eq!(catalog.digest(), catalog.clone().digest());
    if catalog.rows().len() + catalog.contract().rows().len() > 400 {
        return;
    }
    let found = check(catalog);
    let mut tied = false;
    for ask in questions(catalog) {
        let (expected, quote) = (ask.answer(catalog), ask.quote(catalog));
        tied |= expected.is_err();
        assert_eq!(quote.map_err(|_| ()), expected, "{ask:?}");
    }
    assert!(!tied || found.iter().any(|finding| finding.code == FindingCode::Tie), "a tie is found");
}

/// What is asked for.
#[derive(Debug)]
struct Question {
    account: String,
    sides: [String; 2],
    link_type: LinkType,
    hour: Hour,
}

fn questions(catalog: &Catalog) -> Vec<Question> {
    let places = |from: Option<&Place>, to: Option<&Place>| [from, to].map(|place| region_of(catalog, place));
    let hours = catalog.price_changes();
    let hours: Vec<Hour> = [Hour::from_index(497_712)].into_iter().chain(hours.into_iter().take(3)).collect();
    let rows = catalog.rows().iter().rev().take(MOST);
    let of_rows = rows.map(|row| (String::from("1"), places(Some(&row.source), Some(&row.destination))));
    let terms = catalog.contract().rows().iter().rev().take(MOST).map(|row| {
        let account = row.account_id.as_deref().unwrap_or("1").to_owned();
        (account, places(row.source.as_ref(), row.destination.as_ref()))
    });
    let mut questions = Vec::new();
    for (account, sides) in of_rows.chain(terms).filter(|(_, sides)| sides[0] != sides[1]) {
        for link_type in LinkType::ALL {
            for at in &hours {
                for hour in [*at, Hour::from_index(at.index() - 1)] {
                    let (account, sides) = (account.clone(), sides.clone());
                    questions.push(Question { account, sides, link_type, hour });
                }
            }
        }
    }
    questions
}

/// A region at a place: the last one of an area.
fn region_of(catalog: &Catalog, place: Option<&Place>) -> String {
    match place {
        None => "cn-beijing".into(),
        Some(Place::Region(id)) => id.to_string(),
        Some(Place::Area(name)) => {
            let regions = catalog.regions().all().filter(|region| region.area.as_ref() == Some(name));
            regions.last().map_or_else(|| "cn-beijing".into(), |region| region.id.to_string())
        }
    }
}

/// List price, contracted price and status; an error where rows tie.
type Answer = Result<Option<(Option<UnitPrice>, UnitPrice, PriceStatus)>, ()>;

impl Question {
    fn quote(
        &self,
        catalog: &Catalog,
    ) -> peerbill::Result<Option<(Option<UnitPrice>, UnitPrice, PriceStatus)>> {
        let [from, to] = &self.sides;
        let quote = catalog.quote(&self.account, from, to, self.link_type, self.hour)?;
        Ok(quote.map(|quote| (quote.price.list, quote.price.contracted, quote.price.status)))
    }

    fn answer(&self, catalog: &Catalog) -> Answer {
        let row = self.row(catalog)?;
        let list = row.map(|row| row.unit_price);
        Ok(match (self.terms(catalog)?, row) {
            (Some(Terms::UnitPrice(price)), _) => {
                let shown = row.filter(|row| row.status == PriceStatus::Published).and(list);
                Some((shown, price, PriceStatus::Contract))
            }
            (Some(Terms::Discount(discount)), Some(row)) => {
                Some((list, row.unit_price.discounted(discount), row.status))
            }
            (None, Some(row)) => Some((list, row.unit_price, row.status)),
            (_, None) => None,
        })
    }

    /// 1 where it names the region, 0 where it names its area.
    fn fit(catalog: &Catalog, place: &Place, region: &str) -> Option<usize> {
        let area = catalog.regions().get(region).and_then(|region| region.area.as_deref());
        match place {
            Place::Region(id) if **id == *region => Some(1),
            Place::Area(name) if Some(&**name) == area => Some(0),
            _ => None,
        }
    }

    /// The row of the list that holds.
    fn row<'a>(&self, catalog: &'a Catalog) -> Result<Option<&'a PriceRow>, ()> {
        let [source, destination] = &self.sides;
        let fits = |row: &PriceRow, back: bool| {
            let (from, to) =
                if back { (&row.destination, &row.source) } else { (&row.source, &row.destination) };
            let fit = (Self::fit(catalog, from, source)?, Self::fit(catalog, to, destination)?);
            (row.link_type == self.link_type && row.validity.covers(self.hour)).then_some(fit)
        };
        for status in [PriceStatus::Published, PriceStatus::Assumed] {
            for ranks in [&[(1, 1)][..], &[(1, 0), (0, 1)], &[(0, 0)]] {
                let best = |rank, back| {
                    let rows = catalog.rows().iter().filter(|row| row.status == status);
                    let rows = rows.filter(|row| fits(row, back) == Some(rank));
                    rows.max_by_key(|row| (row.validity.from, row.layer))
                };
                let either =
                    |rank| best(rank, false).or_else(|| best(rank, true).filter(|_| catalog.symmetric));
                let found: Vec<&PriceRow> = ranks.iter().filter_map(|rank| either(*rank)).collect();
                match found[..] {
                    [] => {}
                    [row] => return Ok(Some(row)),
                    _ => return Err(()),
                }
            }
        }
        Ok(None)
    }

    /// The terms of the contract that hold.
    fn terms(&self, catalog: &Catalog) -> Result<Option<Terms>, ()> {
        let fit = |place: &Option<Place>, region: &str| match place {
            None => Some([0, 0]),
            Some(place) => Self::fit(catalog, place, region).map(|fit| [fit, 1 - fit]),
        };
        let rank = |row: &ContractRow| {
            let [from, to] = [fit(&row.source, &self.sides[0])?, fit(&row.destination, &self.sides[1])?];
            let matches = row.account_id.as_deref().is_none_or(|own| own == self.account)
                && row.link_type.is_none_or(|own| own == self.link_type)
                && row.validity.covers(self.hour);
            let rank = (row.account_id.is_some(), from[0] + to[0], from[1] + to[1], row.link_type.is_some());
            matches.then_some(rank)
        };
        let rows = catalog.contract().rows();
        let Some(most) = rows.iter().filter_map(rank).max() else { return Ok(None) };
        let mut best = rows.iter().filter(|row| rank(row) == Some(most));
        match (best.next(), best.next()) {
            (Some(row), None) => Ok(Some(row.terms)),
            _ => Err(()),
        }
    }
}
