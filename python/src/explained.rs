//! One charge, from its records to its amount.

use crate::{
    arguments::{Arguments, Job, offset},
    errors::exception,
    run::interruptible,
};
use peerbill::{
    BillingMonth, Error,
    explain::{Question, explain as explained},
    files::{Months, one_month, whole_hour},
    model::{id::unwrapped, usage::Sender},
    write,
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

/// The JSON of `peerbill explain`, as bytes.
#[pyfunction]
pub fn explain<'py>(arguments: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyBytes>> {
    let (py, arguments) = (arguments.py(), Arguments(arguments.clone()));
    let wrong = |error: Error| exception(py, &error);
    let text = |name: &str| Ok::<_, PyErr>(arguments.text(name)?.unwrap_or_default());
    let question = Question {
        connection_id: unwrapped(&text("connection")?).to_owned(),
        sender: text("sender")?.parse::<Sender>().map_err(|why| wrong(why.into()))?,
        hour: whole_hour("hour", &text("hour")?).map_err(wrong)?,
    };
    let month = match arguments.text("month")? {
        Some(month) => one_month(&month).map_err(wrong)?,
        None => {
            let offset = offset(arguments.text("offset")?.as_deref()).map_err(wrong)?;
            BillingMonth::of(question.hour, offset).map_err(|why| wrong(why.into()))?
        }
    };
    let mut job = Job::new(&arguments, Months::One(month))?;
    let catalog = job.catalog(&arguments)?;
    let accounts = job.options(&arguments, &catalog)?.accounts;
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        let (metered, sources) = job.metering.meter(&|region| catalog.check_region(region), &|_| Ok(()))?;
        let explained = explained(&metered, &sources, &catalog, &question)?;
        let explained = explained.with_accounts(accounts);
        let mut json = Vec::new();
        write::explain::json(&explained, &mut json)?;
        Ok(json)
    });
    job.notes.warn(py)?;
    made.map(|json| PyBytes::new(py, &json))
}
