//! Prices, with where they come from.

use crate::{arguments::Arguments, errors::exception};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    files::{self, Inputs, PricePaths, Reading},
    model::{
        id::read_account,
        invalid::{Invalid, Remedy},
        link::LinkType,
        time::Timestamp,
    },
};
use pyo3::{prelude::*, types::PyDict};

/// A catalog with what is laid over it.
#[pyclass(frozen, module = "peerbill")]
pub struct Catalog(peerbill::Catalog);

/// Loads a catalog.
#[pyfunction]
pub fn catalog(arguments: &Bound<'_, PyDict>) -> PyResult<Catalog> {
    let (py, arguments) = (arguments.py(), Arguments(arguments.clone()));
    let paths = PricePaths { catalog: arguments.text("name")?, ..arguments.prices()? };
    let loaded = files::load(&paths, &mut Inputs::new(Reading::default()));
    loaded.map(Catalog).map_err(|error| exception(py, &error))
}

/// What one GB costs, and who says so.
type Priced = (String, Vec<(&'static str, Option<String>)>);

impl Catalog {
    fn quote(
        &self,
        source: &str,
        destination: &str,
        link_type: &str,
        account: Option<&str>,
        at: Option<&str>,
    ) -> Result<Priced> {
        let catalog = &self.0;
        let (from, to) = (catalog.region_id(source)?, catalog.region_id(destination)?);
        let link_type: LinkType = link_type.parse().map_err(Error::usage)?;
        let hour = match at {
            Some(text) => Timestamp::parse(text)
                .map_err(|why| Error::setting("at", format!("{text:?}: {}", why.message())))?
                .hour(),
            None => catalog.newest_hour(),
        };
        let account = match account {
            Some(id) => {
                read_account(id).map_err(|why| Error::setting("account", why.message().to_owned()))?
            }
            None => "",
        };
        let shared = |status: &str| {
            vec![
                ("source", Some(from.to_string())),
                ("destination", Some(to.to_string())),
                ("currency", Some(catalog.currency.clone())),
                ("status", Some(status.to_owned())),
            ]
        };
        if from == to {
            return Ok(("0".to_owned(), shared("free")));
        }
        let Some(quote) = catalog.quote(account, &from, &to, link_type, hour)? else {
            let (name, currency) = (&catalog.name, &catalog.currency);
            let why = format!("no {link_type} price from {from} to {to} in catalog {name} ({currency})");
            let why = Invalid::new(why).with(Remedy::SupplyPrice);
            return Err(Error::new(ErrorKind::MissingPrice, Fault::new(FaultCode::MissingPrice, why)));
        };
        let mut told = shared(quote.price.status.as_str());
        told.push(("link_type", Some(link_type.to_string())));
        told.push(("list_unit_price", quote.price.list.map(|price| price.to_string())));
        let row = quote.row;
        told.push(("row_source", row.map(|row| row.source.as_str().to_owned())));
        told.push(("row_destination", row.map(|row| row.destination.as_str().to_owned())));
        told.push(("source_url", row.map(|row| row.source_url.clone())));
        told.push(("source_date", row.map(|row| row.source_date.clone())));
        told.push(("effective_from", row.and_then(|row| row.validity.from).map(|from| from.to_string())));
        Ok((quote.price.contracted.to_string(), told))
    }
}

#[pymethods]
impl Catalog {
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn version(&self) -> &str {
        &self.0.version
    }

    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// The contracted price of one GB as text, and its provenance.
    #[pyo3(signature = (source, destination, link_type, account, at))]
    fn _price<'py>(
        &self,
        py: Python<'py>,
        source: &str,
        destination: &str,
        link_type: &str,
        account: Option<&str>,
        at: Option<&str>,
    ) -> PyResult<(String, Bound<'py, PyDict>)> {
        let quote = self.quote(source, destination, link_type, account, at);
        let (price, told) = quote.map_err(|error| exception(py, &error))?;
        let dict = PyDict::new(py);
        told.into_iter().try_for_each(|(name, value)| dict.set_item(name, value))?;
        Ok((price, dict))
    }
}
