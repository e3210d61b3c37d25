//! The formats of results, which are those of the command line.

use crate::{errors::exception, run::unlocked};
use peerbill::{
    Error, ErrorKind, Result, files,
    write::{
        Lang,
        focus::{FocusSettings, FocusVersion},
    },
};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};
use std::{io::Write, path::Path};

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Table,
    Csv,
    Json,
    Markdown,
    Parquet,
    Xlsx,
    Html,
    Focus,
    FocusParquet,
}

impl Format {
    const ALL: [(&str, Self); 9] = [
        ("table", Self::Table),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("parquet", Self::Parquet),
        ("xlsx", Self::Xlsx),
        ("html", Self::Html),
        ("focus", Self::Focus),
        ("focus-parquet", Self::FocusParquet),
    ];

    /// The one of this name, if it is one of `known`.
    fn of(name: &str, known: &[Self]) -> PyResult<Self> {
        let all = || Self::ALL.iter().filter(|(_, format)| known.contains(format));
        all().find(|(own, _)| *own == name).map(|(_, format)| *format).ok_or_else(|| {
            let names: Vec<&str> = all().map(|(own, _)| *own).collect();
            PyValueError::new_err(format!("format {name:?}: it is one of {}", names.join(", ")))
        })
    }

    /// What the name of a file says.
    fn of_path(path: &Path, known: &[Self]) -> PyResult<Self> {
        let extension = path.extension().and_then(|own| own.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("md") => Self::of("markdown", known),
            Some("txt") => Self::of("table", known),
            Some(name @ ("csv" | "json" | "parquet" | "xlsx" | "html")) => Self::of(name, known),
            _ => Err(PyValueError::new_err(
                "the name of the file says no format: state it, or end it in .csv, .json, .md, .parquet, .xlsx, .html or .txt",
            )),
        }
    }
}

/// How a result is shown.
pub struct Shown {
    pub format: Format,
    pub lang: Lang,
    csv_bom: bool,
    pub focus: FocusSettings,
}

impl Shown {
    fn new(format: Format, lang: &str, csv_bom: bool) -> PyResult<Self> {
        let all = [Lang::En, Lang::ZhHans, Lang::ZhHant];
        let lang = all.into_iter().find(|own| own.as_str() == lang).ok_or_else(|| {
            PyValueError::new_err(format!("lang {lang:?}: it is one of {}", all.map(Lang::as_str).join(", ")))
        })?;
        Ok(Self { format, lang, csv_bom, focus: FocusSettings::default() })
    }

    /// With what is asked of FOCUS.
    pub fn with_focus(mut self, py: Python<'_>, version: &str, issuer: Option<&str>) -> PyResult<Self> {
        let all = [FocusVersion::V1_2, FocusVersion::V1_3, FocusVersion::V1_4];
        let known = all.into_iter().find(|own| own.as_str() == version);
        let wrong = |name, why: String| exception(py, &Error::setting(name, why));
        self.focus.version =
            known.ok_or_else(|| wrong("focus-version", format!("{version:?}: it is 1.2, 1.3 or 1.4")))?;
        match issuer.map(str::trim) {
            Some("") => return Err(wrong("focus-invoice-issuer", "the name is empty".to_owned())),
            Some(issuer) => self.focus.invoice_issuer = issuer.to_owned(),
            None => {}
        }
        Ok(self)
    }

    /// Begins CSV with the mark of UTF-8 where that is asked for.
    pub fn begin(&self, output: &mut dyn Write) -> Result<()> {
        if !self.csv_bom || !matches!(self.format, Format::Csv | Format::Focus) {
            return Ok(());
        }
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Output, "csv", error.to_string());
        output.write_all("\u{feff}".as_bytes()).map_err(failed)
    }
}

/// A result that has formats.
pub trait Shows: Sync {
    /// Those that it has.
    const FORMATS: &'static [Format];

    /// Writes it in one of them.
    fn render_to(&self, shown: &Shown, output: &mut dyn Write) -> Result<()>;

    fn shown(&self, format: &str, lang: &str, csv_bom: bool) -> PyResult<Shown> {
        Shown::new(Format::of(format, Self::FORMATS)?, lang, csv_bom)
    }

    /// Likewise for a file, whose name says the format unless that is stated.
    fn shown_in(&self, path: &Path, format: Option<&str>, lang: &str, csv_bom: bool) -> PyResult<Shown> {
        let of_path = || Format::of_path(path, Self::FORMATS);
        let format = format.map_or_else(of_path, |name| Format::of(name, Self::FORMATS))?;
        Shown::new(format, lang, csv_bom)
    }

    fn bytes(&self, shown: &Shown) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.render_to(shown, &mut bytes)?;
        Ok(bytes)
    }

    /// Its bytes.
    fn rendered<'py>(&self, py: Python<'py>, shown: &Shown) -> PyResult<Bound<'py, PyBytes>> {
        unlocked(py, || self.bytes(shown)).map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Writes it to a file, whole or not at all.
    fn written(&self, py: Python<'_>, path: &Path, shown: &Shown) -> PyResult<()> {
        unlocked(py, || {
            written_here("path", path)?;
            put(path, &|output| self.render_to(shown, output))
        })
    }

    /// Its JSON as a dict.
    fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = self.rendered(py, &self.shown("json", "en", false)?)?;
        py.import("json")?.call_method1("loads", (json,))
    }
}

/// Refuses a place for results in a store.
pub fn written_here(what: &'static str, path: &Path) -> Result<()> {
    files::written_here(path).map_err(|why| Error::setting(what, format!("{}: {why}", path.display())))
}

/// Writes a file whole or not at all.
pub fn put(path: &Path, render: &dyn Fn(&mut dyn Write) -> Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::unusable(ErrorKind::Output, &path.display().to_string(), format!("cannot be written: {error}"))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(failed)?;
    render(&mut beside)?;
    beside.persist(path).map(|_| ()).map_err(|error| failed(error.error))
}
