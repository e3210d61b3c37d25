//! What `report`, `meter` and `estimate` from traffic do alike: they meter a month, print what comes of it, and set
//! refused records aside.

use crate::{
    args::{CounterpartArgs, DuplicatesArg, TrafficArgs, offset_of},
    input::Inputs,
    output::{self, Place, Staged, say},
    settings,
    sources::{self, Documents},
};
use peerbill::{
    Error, ErrorKind, Fault, Result,
    error::FAULTS_LISTED,
    meter::{
        Archives, Duplicates, MeterSettings, Metered, MeteredMonths, Refused, RefusedRecord, meter,
        meter_months,
    },
    model::{
        inventory::Inventory,
        time::{BillingMonth, Hour, MonthRange, Offset, Timestamp},
    },
    read::{RegionCheck, TrafficSource},
    write,
};
use std::{
    fs::{self, Metadata},
    num::NonZero,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The months that are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Months {
    One(BillingMonth),
    /// Several, or a range of one.
    Range(MonthRange),
}

impl Months {
    /// Reads a month, a range of months or a quarter.
    fn parse(text: &str) -> Result<Self> {
        if names_several(text) {
            return Ok(Self::Range(text.parse()?));
        }
        Ok(Self::One(text.parse()?))
    }

    fn all(self) -> Vec<BillingMonth> {
        match self {
            Self::One(month) => vec![month],
            Self::Range(range) => range.months(),
        }
    }

    fn last(self) -> BillingMonth {
        match self {
            Self::One(month) => month,
            Self::Range(range) => range.last(),
        }
    }
}

fn names_several(text: &str) -> bool {
    text.contains("..") || text.contains('Q')
}

/// Reads the one month that a verb is about.
pub fn one_month(text: &str) -> Result<BillingMonth> {
    if names_several(text) {
        let why = format!("{text}: several months are for report; here it is one, such as 2026-10");
        return Err(Error::setting("month", why));
    }
    Ok(text.parse()?)
}

/// Reads an instant that begins an hour.
pub fn whole_hour(setting: &'static str, text: &str) -> Result<Hour> {
    let at = Timestamp::parse(text)
        .map_err(|why| Error::setting(setting, format!("{text:?}: {}", why.message())))?;
    if at.hour().start() != at {
        let why = format!("{text:?} is no whole hour: did you mean {}?", at.hour());
        return Err(Error::setting(setting, why));
    }
    Ok(at.hour())
}

/// The metering of a month, and where its results go.
pub struct Job<'a> {
    traffic: &'a TrafficArgs,
    months: Months,
    until: Option<Hour>,
    pub offset: Offset,
    outputs: &'a [PathBuf],
    quarantine: &'a Option<PathBuf>,
    /// All inputs that were found so far.
    pub inputs: Inputs,
    /// The archives among them, once they were metered.
    pub archives: Archives,
}

impl<'a> Job<'a> {
    /// From arguments, with what settings fill of them.
    pub fn new(
        traffic: &'a TrafficArgs,
        month: &str,
        offset: &Option<String>,
        outputs: &'a [PathBuf],
        quarantine: &'a Option<PathBuf>,
    ) -> Result<Self> {
        Self::with(traffic, Months::One(one_month(month)?), offset, outputs, quarantine)
    }

    /// Likewise for several months.
    pub fn of_months(
        traffic: &'a TrafficArgs,
        months: &str,
        offset: &Option<String>,
        outputs: &'a [PathBuf],
        quarantine: &'a Option<PathBuf>,
    ) -> Result<Self> {
        Self::with(traffic, Months::parse(months)?, offset, outputs, quarantine)
    }

    fn with(
        traffic: &'a TrafficArgs,
        months: Months,
        offset: &Option<String>,
        outputs: &'a [PathBuf],
        quarantine: &'a Option<PathBuf>,
    ) -> Result<Self> {
        let offset = offset_of(offset)?;
        let inputs = Inputs::new(traffic.reading.reading()?);
        Ok(Self {
            traffic,
            months,
            until: None,
            offset,
            outputs,
            quarantine,
            inputs,
            archives: Archives::default(),
        })
    }

    /// With the instant until which the last month is metered, where it is stated.
    pub fn until(mut self, until: Option<&str>) -> Result<Self> {
        self.until = until.map(|text| whole_hour("until", text)).transpose()?;
        self.settings()?.check_until()?;
        Ok(self)
    }

    /// Whether several months are asked for, or a range of one.
    pub fn is_range(&self) -> bool {
        matches!(self.months, Months::Range(_))
    }

    fn settings(&self) -> Result<MeterSettings> {
        let mut settings = meter_settings(self.traffic, self.months.last(), self.offset, self.refused());
        settings.refused_memory = self.traffic.reading.reading()?.memory;
        settings.until = self.until;
        Ok(settings)
    }

    /// Reads connections and link changes, then meters the traffic of the month.
    pub fn meter(&mut self, check_region: RegionCheck<'_>) -> Result<Metered> {
        self.meter_sources(check_region).map(|(metered, _)| metered)
    }

    /// Likewise; with the sources that it is of, to be read again.
    pub fn meter_sources(&mut self, check_region: RegionCheck<'_>) -> Result<(Metered, Vec<TrafficSource>)> {
        let settings = self.settings()?;
        let documents = Documents::find(self.traffic, &mut self.inputs)?;
        let inventory = documents.inventory(self.traffic, check_region, Some(settings.period().start))?;
        drop(documents);
        let (sources, progress) = sources::find(self.traffic, &mut self.inputs)?;
        let inventory = Arc::new(inventory);
        self.archives =
            sources::archives("metered", &sources, &inventory, settings.threads, &mut self.inputs)?;
        outputs(self.outputs, self.quarantine.as_deref(), &self.inputs)?;
        let metered = meter(&sources, inventory, &settings);
        progress.finish_and_clear();
        // Whatever was found wrong with an input that did not stay what it was is beside the point.
        self.inputs.unchanged()?;
        Ok((metered?, sources))
    }

    /// Likewise for all months, in one pass over the traffic.
    pub fn meter_months(&mut self, check_region: RegionCheck<'_>) -> Result<MeteredMonths> {
        let settings = self.settings()?;
        let documents = Documents::find(self.traffic, &mut self.inputs)?;
        let groups = self.inventories(&documents, check_region)?;
        drop(documents);
        let (sources, progress) = sources::find(self.traffic, &mut self.inputs)?;
        if let Some((inventory, _)) = groups.first() {
            self.archives =
                sources::archives("metered", &sources, inventory, settings.threads, &mut self.inputs)?;
        }
        outputs(self.outputs, self.quarantine.as_deref(), &self.inputs)?;
        let mut all: Option<MeteredMonths> = None;
        let metered = groups.into_iter().try_for_each(|(inventory, months)| {
            let until = settings.until.filter(|_| months.last() == Some(&self.months.last()));
            let mut of_group = settings;
            of_group.until = until;
            let metered = meter_months(&sources, inventory, &of_group, &months)?;
            match &mut all {
                Some(all) => all.extend(metered),
                None => all = Some(metered),
            }
            Ok(())
        });
        progress.finish_and_clear();
        self.inputs.unchanged()?;
        metered.and_then(|()| all.ok_or_else(|| Error::internal("no month was metered")))
    }

    /// Meters the traffic of a month, and that of the counterpart for the same connections.
    pub fn meter_both(
        &mut self,
        counterpart: &CounterpartArgs,
        check_region: RegionCheck<'_>,
    ) -> Result<[Metered; 2]> {
        let settings = self.settings()?;
        let documents = Documents::find(self.traffic, &mut self.inputs)?;
        let inventory = documents.inventory(self.traffic, check_region, Some(settings.period().start))?;
        let inventory = Arc::new(inventory);
        drop(documents);
        let (own, progress) = sources::find(self.traffic, &mut self.inputs)?;
        let (others, others_progress) =
            sources::find_counterpart(self.traffic, counterpart, &mut self.inputs)?;
        outputs(self.outputs, self.quarantine.as_deref(), &self.inputs)?;
        let here = meter(&own, inventory.clone(), &settings);
        progress.finish_and_clear();
        let there = here.is_ok().then(|| meter(&others, inventory, &settings));
        others_progress.finish_and_clear();
        self.inputs.unchanged()?;
        let there = there.unwrap_or_else(|| Err(Error::internal("the counterpart was not metered")));
        Ok([here?, there?])
    }

    /// Meters an archive of a month that was metered anew, over the same connections: all of its hours must be of that month,
    /// and known.
    pub fn meter_archive(
        &mut self,
        role: &str,
        sources: &[TrafficSource],
        anew: &Metered,
    ) -> Result<Metered> {
        let inventory = anew.inventory();
        let archives = sources::archives(role, sources, inventory, threads(), &mut self.inputs)?;
        self.archives.extend(archives);
        let mut settings = MeterSettings::new(anew.month());
        (settings.offset, settings.threads, settings.until) = (anew.offset(), threads(), anew.until());
        settings.refused = Refused::Count;
        let archived = meter(sources, inventory.clone(), &settings)?;
        let totals = archived.totals();
        Error::from_faults(ErrorKind::Input, archived.causes()).map_or(Ok(()), Err)?;
        if totals.refused.records > 0 || totals.outside_period.records > 0 {
            let of = format!("{} at {}", anew.month(), anew.offset());
            let why = match totals.outside_period.records {
                0 => "holds hours of connections that are set aside".to_owned(),
                outside => format!("{outside} of its hours are not of {of}: name the archive of that month"),
            };
            let name = sources.first().map_or("-", |source| source.name());
            return Err(Error::unusable(ErrorKind::Input, name, why));
        }
        Ok(archived)
    }

    /// The connections, with the months for which they are these: what a trail lacks of earlier hours matters to the
    /// months that hold them alone. All months have the same where nothing is wrong with any.
    fn inventories(
        &self,
        documents: &Documents,
        check_region: RegionCheck<'_>,
    ) -> Result<Vec<(Arc<Inventory>, Vec<BillingMonth>)>> {
        let read = |month: BillingMonth| -> Result<Arc<Inventory>> {
            let start = month.period(self.offset).start;
            Ok(Arc::new(documents.inventory(self.traffic, check_region, Some(start))?))
        };
        let months = self.months.all();
        let first = read(months.first().copied().unwrap_or(self.months.last()))?;
        if first.faults().is_empty() {
            return Ok(vec![(first, months)]);
        }
        let mut groups: Vec<(Arc<Inventory>, Vec<BillingMonth>)> = vec![(first, Vec::new())];
        for month in months {
            let own = read(month)?;
            match groups.last_mut() {
                Some((before, of_group)) if before.faults() == own.faults() => of_group.push(month),
                _ => groups.push((own, vec![month])),
            }
        }
        Ok(groups)
    }

    /// What becomes of refused records: without a quarantine nothing is metered beside them (R15).
    fn refused(&self) -> Refused {
        if self.quarantine.is_some() { Refused::Keep } else { Refused::Fail }
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
        self.inputs.unchanged()?;
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
    let stated = std::env::var("PEERBILL_THREADS").ok().and_then(|text| text.parse::<NonZero<u8>>().ok());
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    stated.map_or_else(cores, |stated| usize::from(stated.get()))
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
                (Some(there), Some(other)) => output::is_same(there, other),
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
    let is_settings = || fs::metadata(settings::FILE).is_ok_and(|settings| output::is_same(there, &settings));
    let what = match () {
        () if inputs.holds(there) => "this is one of the inputs",
        () if is_settings() => "this holds the settings",
        () => return Ok(()),
    };
    Err(Error::usage(format!("{name}: {what}")))
}
