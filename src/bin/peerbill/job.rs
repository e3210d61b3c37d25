//! What `report`, `meter` and `estimate` from traffic do alike: they meter a month, print what comes of it, and set
//! refused records aside.

use crate::{
    args::{CounterpartArgs, DuplicatesArg, TrafficArgs, offset_of},
    output::{self, Bar, Place, Staged, say},
    settings,
};
use peerbill::{
    Error, Fault, Result,
    error::FAULTS_LISTED,
    files::{Inputs, Metering, Months, WhenFound, is_same, one_month, whole_hour},
    meter::{Duplicates, MeterSettings, Metered, MeteredMonths, Refused, RefusedRecord},
    model::time::{BillingMonth, Offset},
    read::{RegionCheck, TrafficSource},
    write,
};
use std::{
    fs::{self, Metadata},
    num::NonZero,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The metering of a month, and where its results go.
pub struct Job<'a> {
    pub metering: Metering,
    outputs: &'a [PathBuf],
    quarantine: &'a Option<PathBuf>,
}

impl<'a> Job<'a> {
    /// From arguments, with what settings fill of them.
    pub fn new(
        traffic: &TrafficArgs,
        month: &str,
        offset: &Option<String>,
        outputs: &'a [PathBuf],
        quarantine: &'a Option<PathBuf>,
    ) -> Result<Self> {
        let months = Months::One(one_month(month)?);
        Self::of_months(traffic, months, (offset, None), outputs, quarantine)
    }

    /// Likewise for several months, the last of them up to an instant where that is stated.
    pub fn of_months(
        traffic: &TrafficArgs,
        months: Months,
        (offset, until): (&Option<String>, Option<&str>),
        outputs: &'a [PathBuf],
        quarantine: &'a Option<PathBuf>,
    ) -> Result<Self> {
        // Without a quarantine nothing is metered beside refused records (R15).
        let refused = if quarantine.is_some() { Refused::Keep } else { Refused::Fail };
        let mut settings = meter_settings(traffic, months.last(), offset_of(offset)?, refused);
        settings.refused_memory = traffic.reading.reading()?.memory;
        settings.until = until.map(|text| whole_hour("until", text)).transpose()?;
        let metering = Metering::new(traffic.at_paths(), months, &settings, traffic.reading.inputs()?)?;
        Ok(Self { metering, outputs, quarantine })
    }

    /// Whether several months are asked for, or a range of one.
    pub fn is_range(&self) -> bool {
        self.metering.months().is_range()
    }

    /// The offset in which months have their edges.
    pub fn offset(&self) -> Offset {
        self.metering.settings().offset
    }

    /// Reads connections and link changes, then meters the traffic of the month.
    pub fn meter(&mut self, check_region: RegionCheck<'_>) -> Result<Metered> {
        self.meter_sources(check_region).map(|(metered, _)| metered)
    }

    /// Likewise; with the sources that it is of, to be read again.
    pub fn meter_sources(&mut self, check_region: RegionCheck<'_>) -> Result<(Metered, Vec<TrafficSource>)> {
        self.shown(|metering, found| metering.meter(check_region, found))
    }

    /// Likewise for all months, in one pass over the traffic.
    pub fn meter_months(&mut self, check_region: RegionCheck<'_>) -> Result<MeteredMonths> {
        self.shown(|metering, found| metering.meter_months(check_region, found))
    }

    /// Meters the traffic of a month, and that of the counterpart for the same connections.
    pub fn meter_both(
        &mut self,
        counterpart: &CounterpartArgs,
        check_region: RegionCheck<'_>,
    ) -> Result<[Metered; 2]> {
        let counterpart = counterpart.at_paths();
        self.shown(|metering, found| metering.meter_both(&counterpart, check_region, found))
    }

    /// Meters while a bar shows how far; outputs are looked at before any traffic is read.
    fn shown<T>(&mut self, run: impl FnOnce(&mut Metering, WhenFound<'_>) -> Result<T>) -> Result<T> {
        let (paths, quarantine) = (self.outputs, self.quarantine.as_deref());
        let _bar = Bar::over(self.metering.progress());
        run(&mut self.metering, &|inputs| outputs(paths, quarantine, inputs))
    }

    /// Prints what came of the metering, beside the quarantine where there is one; whether that has anything in it that
    /// was refused for a cause.
    ///
    /// `print` puts the quarantine that it is given in its place, as late as either can still fail.
    pub fn finish(
        &self,
        metered: &Metered,
        print: impl FnOnce(Option<Staged>) -> Result<()>,
    ) -> Result<bool> {
        self.finish_aside(
            Aside {
                records: metered.refused(),
                for_cause: metered.refused_for_cause(),
                causes: metered.causes(),
                faults: metered.inventory().faults(),
            },
            print,
        )
    }

    /// Likewise of both sides of a check.
    pub fn finish_both(
        &self,
        [here, there]: &[Metered; 2],
        print: impl FnOnce(Option<Staged>) -> Result<()>,
    ) -> Result<bool> {
        let records = [here.refused(), there.refused()].concat();
        self.finish_aside(
            Aside {
                records: &records,
                for_cause: here.refused_for_cause() + there.refused_for_cause(),
                causes: here.causes().into_iter().chain(there.causes()).collect(),
                faults: here.inventory().faults(),
            },
            print,
        )
    }

    /// Likewise of several months.
    pub fn finish_months(
        &self,
        metered: &MeteredMonths,
        print: impl FnOnce(Option<Staged>) -> Result<()>,
    ) -> Result<bool> {
        // What is wrong with connections is wrong in the first month, if in any.
        let first = metered.months().first();
        self.finish_aside(
            Aside {
                records: metered.refused(),
                for_cause: metered.refused_for_cause(),
                causes: metered.causes(),
                faults: first.map_or(&[], |first| first.inventory().faults()),
            },
            print,
        )
    }

    fn finish_aside(
        &self,
        aside: Aside<'_>,
        print: impl FnOnce(Option<Staged>) -> Result<()>,
    ) -> Result<bool> {
        self.metering.inputs.unchanged()?;
        let Some(path) = self.quarantine else { return print(None).map(|()| false) };
        let staged = output::stage(path, |output| write::quarantine::write(aside.records, output))?;
        print(Some(staged))?;
        Ok(tell_quarantined(&aside, path))
    }
}

/// What is set aside, and why.
struct Aside<'m> {
    records: &'m [RefusedRecord],
    /// How many of them are no dropped copies.
    for_cause: u64,
    causes: Vec<Fault>,
    /// What is wrong with connections.
    faults: &'m [Fault],
}

/// Says what was refused; true where any of it had a cause.
fn tell_quarantined(aside: &Aside<'_>, path: &Path) -> bool {
    let Aside { causes, faults, .. } = aside;
    for fault in *faults {
        say!("peerbill: {}", write::explained(fault));
    }
    for cause in causes.iter().take(FAULTS_LISTED) {
        say!("peerbill: {}", write::explained(cause));
    }
    if let more @ 1.. = causes.len().saturating_sub(FAULTS_LISTED) {
        say!("peerbill: ... and records with {more} more causes");
    }
    let refused = aside.for_cause;
    if refused > 0 {
        say!("peerbill: {refused} records were refused and are not billed; they are in {}", path.display());
    }
    refused > 0 || !faults.is_empty()
}

/// What becomes of records that stand twice, as it was stated.
pub fn duplicates(stated: Option<DuplicatesArg>) -> Duplicates {
    match stated {
        None | Some(DuplicatesArg::Refuse) => Duplicates::Refuse,
        Some(DuplicatesArg::First) => Duplicates::First,
        Some(DuplicatesArg::Sum) => Duplicates::Sum,
    }
}

/// How to meter a month, on all cores.
pub fn meter_settings(
    args: &TrafficArgs,
    month: BillingMonth,
    offset: Offset,
    refused: Refused,
) -> MeterSettings {
    let mut settings = MeterSettings::new(month);
    settings.offset = offset;
    settings.duplicates = duplicates(args.duplicates);
    settings.refused = refused;
    settings.threads = threads();
    settings
}

/// As many threads as `PEERBILL_THREADS` says, else one on each core. No amount depends on it (R17).
pub fn threads() -> usize {
    // To ask for the cores takes a while: what limits a container is read from files.
    static THREADS: LazyLock<usize> = LazyLock::new(|| {
        let stated = std::env::var("PEERBILL_THREADS").ok().and_then(|text| text.parse::<NonZero<u8>>().ok());
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        stated.map_or_else(cores, |stated| usize::from(stated.get()))
    });
    *THREADS
}

/// Traffic and connections must be given; `others` are further inputs of the verb.
pub fn inputs_of_traffic<'a>(args: &'a TrafficArgs, others: impl Iterator<Item = &'a str>) -> Result<()> {
    let no_native = args.usage.is_empty() && args.metered.is_empty();
    if no_native && args.metrics.cloudmonitor.is_empty() && args.flow_logs.is_empty() {
        let others = "--cloudmonitor METRIC=PATH, --flow-logs PATH or --metered PATH";
        return Err(Error::usage(format!("--usage is needed: the traffic to read; or {others}")));
    }
    if args.connections.is_empty() {
        return Err(Error::usage("--connections is needed: without it no record can be attributed"));
    }
    one_reader_of_stdin(args.paths().chain(others))
}

/// Standard input can be read once.
pub fn one_reader_of_stdin<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    if paths.filter(|path| *path == "-").count() > 1 {
        return Err(Error::usage("- stands for standard input, which can be read only once"));
    }
    Ok(())
}

/// An output that is also an input would be lost, and so would one of two outputs to one place. Standard output is one
/// where `outputs` names none.
pub fn outputs(outputs: &[PathBuf], quarantine: Option<&Path>, inputs: &Inputs) -> Result<()> {
    let mut places: Vec<(String, Option<Place>, Option<Metadata>)> = Vec::new();
    if let Some(file) = output::redirected().filter(|_| outputs.is_empty()) {
        if inputs.holds(&file) {
            return Err(Error::usage("standard output: this is one of the inputs"));
        }
        places.push(("standard output".into(), None, Some(file)));
    }
    let outputs = outputs.iter().map(|path| ("--output", path.as_path()));
    for (flag, path) in outputs.chain(quarantine.map(|path| ("--quarantine", path))) {
        let name = format!("{flag} {}", path.display());
        // What cannot be written says so when it is written.
        let place = Place::of(path).ok();
        let there =
            place.as_ref().and_then(Place::metadata).filter(|there| !there.file_type().is_char_device());
        if let Some(there) = &there {
            refuse_what_is_read(&name, there, inputs)?;
        }
        let same =
            |(_, other, other_there): &&(_, Option<Place>, Option<Metadata>)| match (&there, other_there) {
                (Some(there), Some(other)) => is_same(there, other),
                (None, None) => place == *other && matches!(place, Some(Place::File(_))),
                _ => false,
            };
        if let Some((other, ..)) = places.iter().find(same) {
            return Err(Error::usage(format!("{other} and {name} name the same file")));
        }
        places.push((name, place, there));
    }
    Ok(())
}

/// Refuses an output at an input, or at the settings.
fn refuse_what_is_read(name: &str, there: &Metadata, inputs: &Inputs) -> Result<()> {
    let is_settings = || fs::metadata(settings::FILE).is_ok_and(|settings| is_same(there, &settings));
    let what = match () {
        () if inputs.holds(there) => "this is one of the inputs",
        () if is_settings() => "this holds the settings",
        () => return Ok(()),
    };
    Err(Error::usage(format!("{name}: {what}")))
}
