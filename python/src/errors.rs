//! The one error of the crate as the one exception of the package.

use peerbill::{
    ErrorKind, Fault,
    write::{reason, shown},
};
use pyo3::{create_exception, exceptions::PyException, prelude::*, types::PyDict};

create_exception!(
    peerbill,
    Error,
    PyException,
    "What peerbill refuses: `kind`, `input`, `line`, and `faults`, a dict for each cause."
);

/// The exception for an error.
pub fn exception(py: Python<'_>, error: &peerbill::Error) -> PyErr {
    let mut lines: Vec<String> = error.faults().iter().map(words).collect();
    if let more @ 1.. = error.unlisted() {
        lines.push(format!("... and {more} more"));
    }
    let exception = Error::new_err(lines.join("\n"));
    let value = exception.value(py);
    let faults = error.faults().iter().map(|fault| fault_dict(py, fault));
    let set = || -> PyResult<()> {
        value.setattr("kind", kind(error.kind()))?;
        value.setattr("input", error.input())?;
        value.setattr("line", error.line())?;
        value.setattr("faults", faults.collect::<PyResult<Vec<_>>>()?)
    };
    match set() {
        Ok(()) => exception,
        Err(failed) => failed,
    }
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "usage",
        ErrorKind::Input => "input",
        ErrorKind::Catalog => "catalog",
        ErrorKind::MissingPrice => "missing_price",
        ErrorKind::Overflow => "overflow",
        ErrorKind::Output => "output",
        _ => "internal",
    }
}

fn fault_dict<'py>(py: Python<'py>, fault: &Fault) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("code", fault.code.as_str())?;
    dict.set_item("parameter", fault.setting.map(parameter))?;
    dict.set_item("input", fault.input.as_deref())?;
    dict.set_item("line", fault.line)?;
    dict.set_item("path", fault.path.as_deref())?;
    dict.set_item("message", &*shown(&fault.message))?;
    dict.set_item("advice", advice(fault))?;
    dict.set_item("count", fault.count)?;
    Ok(dict)
}

/// A fault as a message: its place, its parameter, what is wrong, what to do about it, and how often it stands.
fn words(fault: &Fault) -> String {
    let place = fault.place();
    let separator = if place.is_empty() { "" } else { ": " };
    let setting = fault.setting.map_or_else(String::new, |name| format!("{} ", parameter(name)));
    let words = format!("{place}{separator}{setting}{}{}{}", fault.message, advice(fault), fault.times());
    shown(&words).into_owned()
}

fn parameter(role: &str) -> String {
    role.replace('-', "_")
}

/// What to do about it: the program's words, with parameters in place of its arguments.
fn advice(fault: &Fault) -> String {
    let mut bare = fault.clone();
    bare.setting = None;
    let words = reason(&bare);
    let advice = words.get(bare.message.len()..).unwrap_or_default();
    let mut parts = advice.split("--");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end =
            part.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        said.push_str(&parameter(name));
        said.push_str(rest);
    }
    said
}
