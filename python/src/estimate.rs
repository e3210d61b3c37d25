//! Estimates: from traffic, from quantities, from a Terraform plan or a topology; and what can be had of one.

use crate::{
    arguments::{Arguments, Job, offset},
    errors::exception,
    formats::{Format, Shown, Shows},
    run::{interruptible, unlocked},
    tables::{self, Table},
};
use peerbill::{
    Catalog, Error, Finding, Result, estimate as core,
    estimate::{
        PlanQuantities, PlannedConnection, PricesOf, Quantities, Schedule, Sent, of_history, of_plan,
        of_quantities, of_topology,
    },
    files::{self, Inputs, Months, one_month},
    model::{connection::End, id::read_account, link::LinkType, money::Money, usage::Sender},
    read::{terraform::StatedRequesters, topology::read_topology},
    write::{self, finding_words, json::InputDigest, text::Screen},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{io::Write, path::PathBuf};

/// Scenarios side by side.
#[pyclass(frozen, module = "peerbill")]
pub struct Estimate {
    estimate: core::Estimate,
    digests: Vec<InputDigest>,
    quarantined: u64,
}

const QUANTITIES: [&str; 9] =
    ["from_", "to", "gb", "return_gb", "mbps", "return_mbps", "hours_a_day", "from_account", "to_account"];
const TRAFFIC: [&str; 6] = ["usage", "cloudmonitor", "flow_logs", "metered", "connections", "link_changes"];

/// Estimates what the arguments name.
#[pyfunction]
pub fn estimate(arguments: &Bound<'_, PyDict>) -> PyResult<Estimate> {
    let arguments = Arguments(arguments.clone());
    let given = |names: &[&str]| -> PyResult<bool> {
        names.iter().try_fold(false, |any, name| Ok(any || !arguments.is_none(name)?))
    };
    let kinds = [
        given(&QUANTITIES)?,
        given(&TRAFFIC)?,
        !arguments.is_none("terraform")?,
        !arguments.is_none("plan")?,
    ];
    if !kinds[2] && !arguments.is_none("traffic")? {
        let why = "is what the connections of a plan send: it belongs to terraform";
        return arguments.read(Err(Error::setting("traffic", why)));
    }
    match kinds {
        [true, false, false, false] => from_quantities(&arguments),
        [false, true, false, false] => from_history(&arguments),
        [false, false, true, false] => from_terraform(&arguments),
        [false, false, false, true] => from_topology(&arguments),
        [false, false, false, false] => arguments.read(Err(Error::usage(
            "what is to be estimated? from_, to and gb; usage with all that report reads; terraform with traffic; or plan",
        ))),
        _ => arguments.read(Err(Error::usage(
            "from_, to and gb estimate from quantities, usage from traffic, terraform and plan from what is to be built: \
             choose one of them",
        ))),
    }
}

/// From a month's traffic.
fn from_history(arguments: &Arguments<'_>) -> PyResult<Estimate> {
    let py = arguments.0.py();
    let Some(month) = arguments.text("month")? else {
        return arguments.read(Err(Error::setting("month", "is needed with traffic: the billing month")));
    };
    let month = arguments.read(one_month(&month))?;
    let mut job = Job::new(arguments, Months::One(month))?;
    let forecast = arguments.has("forecast")?;
    if forecast && arguments.is_none("until")? {
        let why = "needs until, the hour up to which there is traffic";
        return arguments.read(Err(Error::setting("forecast", why)));
    }
    let schedule = schedule(arguments, &mut job)?;
    let catalog = job.catalog(arguments)?;
    let options = job.options(arguments, &catalog)?;
    let wanted = arguments.texts("scenario")?;
    let progress = job.metering.progress().clone();
    let made = interruptible(py, &progress, || {
        let (metered, _) = job.metering.meter(&|region| catalog.check_region(region), &|_| Ok(()))?;
        let mut estimate = of_history(&metered, &options, schedule.as_ref(), &catalog, &wanted)?;
        if forecast {
            estimate = estimate.with_forecast(&metered, &options, &catalog)?;
        }
        let digests = job.metering.inputs.digests()?;
        job.set_aside(metered.refused())?;
        Ok(Estimate { estimate, digests, quarantined: metered.refused_for_cause() })
    });
    job.notes.warn(py)?;
    made
}

/// The schedule, where one is asked for.
fn schedule(arguments: &Arguments<'_>, job: &mut Job) -> PyResult<Option<Schedule>> {
    let (windows, offset) = (arguments.texts("platinum_when")?, job.metering.settings().offset);
    let document = arguments.document("schedule", &mut job.metering.inputs)?;
    arguments.read(match (&windows[..], document) {
        ([], None) => Ok(None),
        (windows, None) => Schedule::parse(windows.iter().map(String::as_str), offset).map(Some),
        ([], Some(document)) => Schedule::read(&document, offset).map(Some),
        _ => Err(Error::setting("schedule", "and platinum_when both give windows: choose one of them")),
    })
}

/// What estimates without traffic begin with; refuses what only hours can answer.
fn begin(arguments: &Arguments<'_>) -> PyResult<(Inputs, Catalog, PricesOf)> {
    for name in ["until", "forecast", "hourly", "by", "budget", "quarantine", "platinum_when", "schedule"] {
        if arguments.has(name)? {
            let why =
                "quantities do not tell in which hours they are sent; it needs a month's traffic, with usage";
            return arguments.read(Err(Error::usage(format!("{name}: {why}"))));
        }
    }
    let (mut inputs, _) = arguments.inputs()?;
    let catalog = arguments.read(files::load(&arguments.prices()?, &mut inputs))?;
    let prices_of = match arguments.text("month")? {
        None => PricesOf::Newest,
        Some(month) => {
            let month = arguments.read(month.parse().map_err(Error::from))?;
            PricesOf::Month(month, arguments.read(offset(arguments.text("offset")?.as_deref()))?)
        }
    };
    Ok((inputs, catalog, prices_of))
}

/// From quantities.
fn from_quantities(arguments: &Arguments<'_>) -> PyResult<Estimate> {
    let (mut inputs, catalog, prices_of) = begin(arguments)?;
    let (accounts, account) = (arguments.accounts(&mut inputs)?, arguments.account()?);
    let end = |name: &'static str, own: &str, default: &str| {
        let Some(region) = arguments.text(name)? else {
            let why = "is needed to estimate from quantities";
            return arguments.read(Err(Error::usage(format!("{name} {why}"))));
        };
        let region = arguments.read(catalog.region_id(&region).map_err(|error| named(name, &error)))?;
        let id = arguments.text(own)?.map_or(Ok(default.to_owned()), |id| {
            let id = read_account(&id).map(str::to_owned);
            arguments.read(id.map_err(|why| Error::usage(format!("{own}: {why}"))))
        })?;
        Ok::<_, PyErr>(End::new(id, region))
    };
    let ends = [end("from_", "from_account", "requester")?, end("to", "to_account", "accepter")?];
    let sent = |sender, gb: &str, mbps: &str| -> PyResult<Option<(u64, Option<Finding>)>> {
        let texts = [arguments.number(gb)?, arguments.number(mbps)?, arguments.number("hours_a_day")?];
        let [volume, rate, hours] = texts.each_ref().map(Option::as_deref);
        let (name, sent) = match (volume, rate, hours) {
            (None, None, _) => return Ok(None),
            (Some(volume), None, _) => (gb, Sent::Volume(volume)),
            (None, Some(mbps_text), Some(hours_a_day)) => (mbps, Sent::Rate { mbps: mbps_text, hours_a_day }),
            (Some(_), Some(_), _) => {
                let why = format!("{gb} and {mbps} both say what is sent: choose one of them");
                return arguments.read(Err(Error::usage(why)));
            }
            (None, Some(_), None) => {
                let why = "for how many hours of a day it holds, 24 for all of it";
                return arguments
                    .read(Err(Error::usage(format!("hours_a_day is needed with {mbps}: {why}"))));
            }
        };
        let bytes = sent.bytes(sender, prices_of, catalog.gb);
        arguments.read(bytes.map(Some).map_err(|error| named(name, &error)))
    };
    let there = sent(Sender::Requester, "gb", "mbps")?;
    let back = sent(Sender::Accepter, "return_gb", "return_mbps")?;
    let Some((bytes, note)) = there else {
        return arguments.read(Err(Error::usage("gb or mbps is needed to estimate from quantities")));
    };
    let (back, back_note) = back.map_or((None, None), |(bytes, note)| (Some(bytes), note));
    let [requester, accepter] = ends;
    let mut planned = PlannedConnection::new("", requester, accepter, LinkType::Gold);
    planned.monthly_bytes = [Some(bytes), back];
    let wanted = arguments.texts("scenario")?;
    made(arguments, &inputs, || {
        let quantities = Quantities::new(&[planned], prices_of, &catalog)?
            .with_notes([note, back_note].into_iter().flatten().collect())
            .with_accounts(accounts)
            .of_account(account);
        of_quantities(&quantities, &catalog, &wanted)
    })
}

/// What a Terraform plan changes.
fn from_terraform(arguments: &Arguments<'_>) -> PyResult<Estimate> {
    let (mut inputs, catalog, prices_of) = begin(arguments)?;
    if !arguments.is_none("account")? {
        let why = "both sides of a plan are shown for all accounts";
        return arguments.read(Err(Error::usage(format!("account: {why}"))));
    }
    let stated = StatedRequesters::parse(
        &arguments.texts("requester_account")?,
        &arguments.texts("requester_region")?,
    );
    let stated = stated.and_then(|stated| stated.with_region_ids(&|region| catalog.region_id(region)));
    let stated = arguments.read(stated)?;
    let Some(plan) = arguments.json("terraform", &mut inputs)? else {
        return arguments.read(Err(Error::internal("no plan is given")));
    };
    let traffic = arguments.document("traffic", &mut inputs)?;
    let accounts = arguments.accounts(&mut inputs)?;
    let wanted = arguments.texts("scenario")?;
    made(arguments, &inputs, || {
        let quantities = PlanQuantities::read(&plan, traffic.as_ref(), &stated, prices_of, &catalog)?;
        of_plan(&quantities.with_accounts(&accounts), &catalog, &wanted)
    })
}

/// A planned topology.
fn from_topology(arguments: &Arguments<'_>) -> PyResult<Estimate> {
    let (mut inputs, catalog, prices_of) = begin(arguments)?;
    let path = arguments.text("plan")?.unwrap_or_default();
    let document = arguments.read(inputs.one_document("plan", &path))?;
    let (accounts, account) = (arguments.accounts(&mut inputs)?, arguments.account()?);
    let wanted = arguments.texts("scenario")?;
    made(arguments, &inputs, || {
        let topology = read_topology(&document, catalog.gb, &|region| catalog.region_id(region))?;
        let quantities = Quantities::new(&PlannedConnection::of(&topology), prices_of, &catalog)?
            .with_accounts(accounts)
            .of_account(account);
        of_topology(&topology, &quantities, &catalog, &wanted)
    })
}

/// The same error of this parameter.
fn named(name: &str, error: &Error) -> Error {
    let reasons: Vec<String> = error.faults().iter().map(write::reason).collect();
    Error::usage(format!("{name}: {}", reasons.join("; ")))
}

/// An estimate that no traffic is metered for.
fn made(
    arguments: &Arguments<'_>,
    inputs: &Inputs,
    make: impl FnOnce() -> Result<core::Estimate> + Send,
) -> PyResult<Estimate> {
    unlocked(arguments.0.py(), || {
        Ok(Estimate { estimate: make()?, digests: inputs.digests()?, quarantined: 0 })
    })
}

impl Shows for Estimate {
    const FORMATS: &'static [Format] =
        &[Format::Table, Format::Csv, Format::Json, Format::Markdown, Format::Xlsx, Format::Html];

    fn render_to(&self, shown: &Shown, output: &mut dyn Write) -> Result<()> {
        let (estimate, lang) = (&self.estimate, shown.lang);
        shown.begin(output)?;
        match shown.format {
            Format::Csv => write::csv::estimate(estimate, output),
            Format::Json => write::estimate::json::write(estimate, &self.digests, output),
            Format::Markdown => write::markdown::estimate(estimate, lang, output),
            Format::Xlsx => write::xlsx::estimate(estimate, lang, output),
            Format::Html => write::html::estimate(estimate, lang, output),
            _ => Screen::default().estimate(estimate, lang, output),
        }
    }
}

/// What traffic costs over certain link types; amounts are None where a price is missing.
#[pyclass(frozen, get_all, module = "peerbill")]
pub struct Scenario {
    name: String,
    about: String,
    payable: Option<Py<PyAny>>,
    difference: Option<Py<PyAny>>,
    difference_per_year: Option<Py<PyAny>>,
    assumed: bool,
    missing: Vec<String>,
}

#[pymethods]
impl Scenario {
    fn __repr__(&self) -> String {
        let payable = self.payable.as_ref().map_or_else(|| "not priced".to_owned(), ToString::to_string);
        format!("<peerbill.Scenario {}: {payable}>", self.name)
    }
}

/// What a Terraform plan changes of one connection.
#[pyclass(frozen, get_all, module = "peerbill")]
pub struct Change {
    address: String,
    action: String,
    before: Option<Py<PyAny>>,
    after: Option<Py<PyAny>>,
    difference: Option<Py<PyAny>>,
    assumed: bool,
}

#[pymethods]
impl Change {
    fn __repr__(&self) -> String {
        format!("<peerbill.Change {}: {}>", self.address, self.action)
    }
}

/// Whether a plan may pass a gate; true where it may.
#[pyclass(frozen, get_all, module = "peerbill")]
pub struct Gate {
    passed: bool,
    more: Option<Py<PyAny>>,
    reasons: Vec<String>,
}

#[pymethods]
impl Gate {
    fn __bool__(&self) -> bool {
        self.passed
    }

    fn __repr__(&self) -> String {
        format!("<peerbill.Gate {}>", if self.passed { "passed" } else { "closed" })
    }
}

impl Estimate {
    fn scenario(&self, py: Python<'_>, own: &core::Scenario) -> PyResult<Scenario> {
        let known =
            |money: Result<Option<Money>>| tables::amount(py, money.map_err(|error| exception(py, &error))?);
        let missing = match &own.outcome {
            core::Outcome::Priced(_) => Vec::new(),
            core::Outcome::NotPriced { missing, .. } => missing.iter().map(ToString::to_string).collect(),
        };
        Ok(Scenario {
            name: own.name.to_owned(),
            about: own.about.clone(),
            payable: known(self.estimate.payable(own))?,
            difference: known(self.estimate.difference(own))?,
            difference_per_year: known(self.estimate.difference_per_year(own))?,
            assumed: own.assumed(),
            missing,
        })
    }
}

#[pymethods]
impl Estimate {
    /// The scenarios, in the order of the command line.
    #[getter]
    fn scenarios(&self, py: Python<'_>) -> PyResult<Vec<Scenario>> {
        self.estimate.scenarios.iter().map(|own| self.scenario(py, own)).collect()
    }

    /// What all accounts pay by scenario; None where it is not priced.
    #[getter]
    fn payable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for own in &self.estimate.scenarios {
            dict.set_item(own.name, self.scenario(py, own)?.payable)?;
        }
        Ok(dict)
    }

    /// The scenario that the others are compared with.
    #[getter]
    fn reference(&self) -> Option<&str> {
        self.estimate.reference().map(|own| own.name)
    }

    #[getter]
    fn currency(&self) -> &str {
        &self.estimate.catalog.currency
    }

    /// How many records were refused and set aside.
    #[getter]
    fn quarantined(&self) -> u64 {
        self.quarantined
    }

    /// What a Terraform plan changes, by connection; empty where there is no plan.
    #[getter]
    fn changes(&self, py: Python<'_>) -> PyResult<Vec<Change>> {
        let changes = self.estimate.changes.iter().flat_map(|changes| &changes.connections);
        let change = |own: &core::ChangeCost| {
            let difference = core::difference(own.before, own.after);
            Ok(Change {
                address: own.change.address.clone(),
                action: own.change.action.as_str().to_owned(),
                before: tables::amount(py, own.before)?,
                after: tables::amount(py, own.after)?,
                difference: tables::amount(py, difference.map_err(|error| exception(py, &error))?)?,
                assumed: own.assumed.contains(&true),
            })
        };
        changes.map(change).collect()
    }

    /// Whether a plan costs at most `limit` more a month; what is not known does not pass.
    fn gate(&self, py: Python<'_>, limit: &Bound<'_, PyAny>) -> PyResult<Gate> {
        let wrong = |error: Error| exception(py, &error);
        let given = PyDict::new(py);
        given.set_item("limit", limit)?;
        let limit = Arguments(given).number("limit")?.unwrap_or_default();
        let limit: Money = limit.parse().map_err(|why| wrong(Error::usage(format!("limit: {why}"))))?;
        let Some(changes) = &self.estimate.changes else {
            return Err(wrong(Error::usage("a gate is for a Terraform plan: estimate(terraform=...)")));
        };
        let (passed, more, reasons) = match changes.gate(limit).map_err(wrong)? {
            core::Gate::Passed(more) => (true, Some(more), Vec::new()),
            core::Gate::Above(more) => (false, Some(more), vec![format!("it costs {more} more per month")]),
            core::Gate::NotKnown(why) => (false, None, why.iter().map(finding_words).collect()),
        };
        Ok(Gate { passed, more: tables::amount(py, more)?, reasons })
    }

    /// What the rest of a month would cost by account, so far as it is forecast.
    #[getter]
    fn forecast<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(forecast) = &self.estimate.forecast else { return Ok(None) };
        let dict = PyDict::new(py);
        for own in &forecast.accounts {
            dict.set_item(&own.billing_account_id, tables::amount(py, Some(own.cost))?)?;
        }
        Ok(Some(dict))
    }

    /// What well timed switches would save, by scenario that has switches.
    #[getter]
    fn savings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for timing in &self.estimate.timings {
            let saving = timing.saving().map_err(|error| exception(py, &error))?;
            dict.set_item(timing.scenario, tables::amount(py, Some(saving))?)?;
        }
        Ok(dict)
    }

    /// Advice in words: on switches, schedules and service levels, as the command line has it beside CSV.
    fn advice(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        unlocked(py, || write::estimate::advice_lines(&self.estimate))
    }

    /// What a reader should know, in words.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.estimate.notes.iter().map(finding_words).collect()
    }

    /// Lines of all scenarios as a table, with the columns of the CSV.
    fn lines(&self, py: Python<'_>) -> PyResult<Table> {
        unlocked(py, || tables::scenario_lines(&self.estimate))
    }

    /// The estimate in a format of the command line.
    #[pyo3(signature = (format, *, lang="en", csv_bom=false))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        lang: &str,
        csv_bom: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.rendered(py, &self.shown(format, lang, csv_bom)?)
    }

    /// Writes the estimate to a file, whole or not at all; its name says the format unless that is stated.
    #[pyo3(signature = (path, format=None, *, lang="en", csv_bom=false))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        lang: &str,
        csv_bom: bool,
    ) -> PyResult<()> {
        self.written(py, &path, &self.shown_in(&path, format, lang, csv_bom)?)
    }

    /// The JSON of the estimate as a dict; numbers that matter are text.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py)
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.estimate.scenarios.iter().map(|own| own.name).collect();
        format!("<peerbill.Estimate from {}: {}>", self.estimate.source, names.join(", "))
    }
}
