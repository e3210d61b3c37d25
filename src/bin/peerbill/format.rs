//! Where data goes, and in which format: as stated, else as the name of a file says, else as a screen shows it.

use crate::output::{self, Staged, Target, extension, is_terminal, say};
use clap::ValueEnum;
use peerbill::{
    Error, Result,
    files::Inputs,
    rows::RowSet,
    write::{self, Lang},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Extensions that mean a format, by its name. All others mean nothing, and never contradict.
const EXTENSIONS: [(&str, &str); 7] = [
    ("csv", "csv"),
    ("json", "json"),
    ("md", "markdown"),
    ("parquet", "parquet"),
    ("xlsx", "xlsx"),
    ("html", "html"),
    ("txt", "table"),
];

/// The format whose files are CSV or Parquet, as their names say.
const FOCUS: &str = "focus";

/// The formats of a verb.
pub trait Format: ValueEnum + Copy {
    /// What is written where nothing says otherwise.
    const DEFAULT: Self;
}

/// Where data goes, each in its format: to all `outputs`, or to standard output where there are none.
///
/// No text is ever written into a file whose name promises something else, and nothing binary to a terminal.
pub fn targets<F: Format>(stated: Option<F>, outputs: &[PathBuf]) -> Result<Vec<Target<F>>> {
    let paths = outputs.iter().map(|path| Some(path.clone()));
    let none = outputs.is_empty().then_some(None);
    paths.chain(none).map(|path| target(stated, path)).collect()
}

fn target<F: Format>(stated: Option<F>, path: Option<PathBuf>) -> Result<Target<F>> {
    let promised = path.as_deref().and_then(promised);
    let format = match (stated, promised) {
        (Some(format), _) => format,
        (None, Some((_, name))) => {
            F::from_str(name, false).map_err(|_| not_written::<F>(path.as_deref(), name))?
        }
        (None, None) => F::DEFAULT,
    };
    let name = name_of(format);
    if let Some((extension, promised)) = promised
        && !fits(&name, promised)
    {
        let file = path.unwrap_or_default();
        return Err(Error::usage(format!(
            "--output {}: files that end in .{extension} hold {promised}, and {name} is to be written: give the file \
             another name, or leave --format out",
            file.display()
        )));
    }
    let target = Target { path, format };
    let binary = if target.is_parquet() { "parquet" } else { &name };
    refuse_lean(binary)?;
    if ["parquet", "xlsx"].contains(&binary) && is_terminal(target.path.as_deref()) {
        let why = "is nothing for a terminal: name a file with --output, or redirect it";
        return Err(Error::usage(format!("--format {binary} {why}")));
    }
    Ok(target)
}

/// What the name of a file promises: its extension, and the name of a format.
fn promised(path: &Path) -> Option<(&'static str, &'static str)> {
    let own = extension(path)?;
    EXTENSIONS.into_iter().find(|(extension, _)| *extension == own)
}

fn fits(format: &str, promised: &str) -> bool {
    let is_focus = format == FOCUS && ["csv", "parquet"].contains(&promised);
    format == promised || is_focus || (format, promised) == ("text", "table")
}

/// The name by which a format is stated.
fn name_of(format: impl ValueEnum) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The error of a file whose name promises what the verb does not write.
fn not_written<F: Format>(path: Option<&Path>, promised: &str) -> Error {
    let known: Vec<String> = F::value_variants().iter().map(|format| name_of(*format)).collect();
    Error::usage(format!(
        "--output {}: its name promises {promised}, which is not written here, but {}: give the file another name",
        path.unwrap_or(Path::new("")).display(),
        known.join(", ")
    ))
}

/// Refuses a format that this build has no code for.
fn refuse_lean(format: &str) -> Result<()> {
    let lacks = match format {
        "parquet" => !cfg!(feature = "parquet"),
        "xlsx" => !cfg!(feature = "xlsx"),
        _ => false,
    };
    if !lacks {
        return Ok(());
    }
    let why = format!("this build cannot write it: it was made without the feature {format}");
    Err(Error::usage(format!("--format {format}: {why}")))
}

/// The formats of what is found as rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowsFormat {
    /// For a screen: totals, and the rows that tell something.
    Table,
    /// All rows.
    Csv,
    /// All rows, with totals and what they are about.
    Json,
    /// A workbook.
    Xlsx,
    /// One page for mail, screen and print.
    Html,
}

impl Format for RowsFormat {
    const DEFAULT: Self = Self::Table;
}

/// Writes what was found as rows wherever it goes, and puts a further file in its place as late as any of that can fail;
/// what stands around rows goes to standard error beside CSV.
pub fn print_rows(
    targets: &[Target<RowsFormat>],
    csv_bom: bool,
    lang: Lang,
    beside: Option<Staged>,
    (set, inputs): (&impl RowSet, &Inputs),
) -> Result<()> {
    let digests = match targets.iter().any(|target| target.format == RowsFormat::Json) {
        true => inputs.digests()?,
        false => Vec::new(),
    };
    output::print(targets, beside, |target, mut output| match target.format {
        RowsFormat::Table => output::screen(target).rows(set, lang, output),
        RowsFormat::Csv => {
            if csv_bom {
                output::write_bom(&mut output)?;
            }
            write::rows::csv(set, output)
        }
        RowsFormat::Json => write::rows::json(set, &digests, output),
        RowsFormat::Xlsx => xlsx_rows(set, lang, output),
        RowsFormat::Html => write::html::rows(set, lang, output),
    })?;
    if targets.iter().any(|target| target.format == RowsFormat::Csv) {
        for total in set.totals()? {
            say!("{}: {}", total.name.replace('_', " "), total.value);
        }
        set.notes().iter().for_each(|note| say!("{note}"));
    }
    Ok(())
}

/// Refuses a mark in front of CSV where there is none.
pub fn refuse_bom_without_rows(csv_bom: bool, targets: &[Target<RowsFormat>]) -> Result<()> {
    match csv_bom && targets.iter().all(|target| target.format != RowsFormat::Csv) {
        true => Err(Error::usage("--csv-bom: no CSV is written")),
        false => Ok(()),
    }
}

#[cfg(feature = "xlsx")]
fn xlsx_rows(set: &impl RowSet, lang: Lang, output: &mut dyn Write) -> Result<()> {
    write::xlsx::rows(set, lang, output)
}

/// Never reached: a build that lacks a format refuses its targets.
#[cfg(not(feature = "xlsx"))]
fn xlsx_rows(_: &impl RowSet, _: Lang, _: &mut dyn Write) -> Result<()> {
    Err(Error::internal("this build cannot write xlsx"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{DoctorFormat, MeterFormat, ReportFormat};

    fn report(stated: Option<ReportFormat>, file: &str) -> Result<ReportFormat> {
        targets(stated, &[file.into()]).map(|targets| targets[0].format)
    }

    #[test]
    fn the_name_of_a_file_decides_where_nothing_is_stated() {
        use ReportFormat::{Csv, Focus, Html, Json, Markdown, Table};
        for (file, format) in [
            ("bill.csv", Csv),
            ("bill.CSV", Csv),
            ("a.json/bill.json", Json),
            ("bill.md", Markdown),
            ("bill.html", Html),
            ("bill.txt", Table),
            ("bill", Table),
            ("bill.csv.gz", Table),
            ("bill.tsv", Table),
            (".csv", Table),
            ("a.csv/bill", Table),
        ] {
            assert_eq!(report(None, file).unwrap(), format, "{file}");
        }
        for file in ["bill.csv", "bill", "bill.tsv"] {
            assert_eq!(report(Some(Focus), file).unwrap(), Focus);
        }
        for (stated, file) in [
            (Table, "bill.xlsx"),
            (Table, "bill.csv"),
            (Csv, "bill.txt"),
            (Json, "bill.JSON.csv"),
            (Focus, "bill.json"),
            (Focus, "bill.txt"),
            (Markdown, "bill.html"),
        ] {
            let error = report(Some(stated), file).unwrap_err();
            assert_eq!(error.kind(), peerbill::ErrorKind::Usage);
            assert!(error.to_string().contains(file), "{error}");
        }
    }

    #[test]
    fn what_a_verb_does_not_write_is_not_promised() {
        for file in ["a.csv", "a.md", "a.xlsx"] {
            let error = targets::<DoctorFormat>(None, &[file.into()]).unwrap_err().to_string();
            assert!(error.contains("table, json"), "{error}");
        }
        assert!(targets::<MeterFormat>(None, &["hours.txt".into()]).is_err());
        assert!(targets(Some(MeterFormat::Csv), &["hours.json".into()]).is_err());
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn charges_for_finops_are_parquet_by_the_name_of_their_file() {
        let files = ["a.parquet".into(), "a.csv".into(), "a".into()];
        let targets = targets(Some(ReportFormat::Focus), &files).unwrap();
        assert_eq!(targets.iter().map(Target::is_parquet).collect::<Vec<_>>(), [true, false, false]);
    }
}
