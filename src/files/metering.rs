//! From paths to metered months: what every program and package does alike.

use super::{
    CounterpartPaths, Documents, Inputs, Progress, TrafficPaths, find,
    sources::{archives, find_counterpart},
};
use crate::{
    error::{Error, ErrorKind, Result},
    meter::{
        Archives, MeterSettings, Metered, MeteredMonths, PartCounts, PartHour, Places, Refused, join_parts,
        meter, meter_months,
    },
    model::{
        inventory::Inventory,
        time::{BillingMonth, Hour, MonthRange, Timestamp},
    },
    read::{Document, RegionCheck, TrafficSource},
};
use std::sync::Arc;

/// The months that are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Months {
    /// One.
    One(BillingMonth),
    /// Several, or a range of one.
    Range(MonthRange),
}

impl Months {
    /// Reads a month, a range of months or a quarter.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where it is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        if names_several(text) {
            return Ok(Self::Range(text.parse()?));
        }
        Ok(Self::One(text.parse()?))
    }

    /// Whether several months are asked for, or a range of one.
    pub fn is_range(self) -> bool {
        matches!(self, Self::Range(_))
    }

    /// The last of them.
    pub fn last(self) -> BillingMonth {
        match self {
            Self::One(month) => month,
            Self::Range(range) => range.last(),
        }
    }

    /// All of them, in order.
    pub fn all(self) -> Vec<BillingMonth> {
        match self {
            Self::One(month) => vec![month],
            Self::Range(range) => range.months(),
        }
    }
}

fn names_several(text: &str) -> bool {
    text.contains("..") || text.contains('Q')
}

/// Reads the one month that a verb is about.
///
/// # Errors
///
/// [`Usage`](ErrorKind::Usage) where it is none, or several.
pub fn one_month(text: &str) -> Result<BillingMonth> {
    if names_several(text) {
        let why =
            format!("{text}: several months are for report and reconcile; here it is one, such as 2026-10");
        return Err(Error::setting("month", why));
    }
    Ok(text.parse()?)
}

/// Reads an instant that begins an hour.
///
/// # Errors
///
/// [`Usage`](ErrorKind::Usage) where it is none.
pub fn whole_hour(setting: &'static str, text: &str) -> Result<Hour> {
    let at = Timestamp::parse(text)
        .map_err(|why| Error::setting(setting, format!("{text:?}: {}", why.message())))?;
    if at.hour().start() != at {
        let why = format!("{text:?} is no whole hour: did you mean {}?", at.hour());
        return Err(Error::setting(setting, why));
    }
    Ok(at.hour())
}

/// Traffic, connections and link changes that a caller holds, beside those at paths.
#[derive(Debug, Default)]
pub struct Given {
    /// Traffic.
    pub sources: Vec<TrafficSource>,
    /// The same traffic as its counterpart has it, for a check of both.
    pub counterpart: Vec<TrafficSource>,
    /// Connections.
    pub connections: Vec<Document>,
    /// Link changes.
    pub changes: Vec<Document>,
}

/// What is to be looked at when all inputs are found, and before any traffic is read.
pub type WhenFound<'a> = &'a dyn Fn(&Inputs) -> Result<()>;

/// The metering of months of traffic that stands at paths.
#[derive(Debug)]
pub struct Metering {
    traffic: TrafficPaths,
    months: Months,
    /// Of the last of the months.
    settings: MeterSettings,
    progress: Arc<Progress>,
    given: Given,
    /// All inputs that were found so far.
    pub inputs: Inputs,
    /// The archives among them, once they were metered.
    pub archives: Archives,
}

impl Metering {
    /// Of these months, by settings that hold for all of them; their [`until`](MeterSettings::until) is one of the last.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where the last month does not hold that.
    pub fn new(
        traffic: TrafficPaths,
        months: Months,
        settings: &MeterSettings,
        inputs: Inputs,
    ) -> Result<Self> {
        let settings = MeterSettings { month: months.last(), ..*settings };
        settings.check_until()?;
        let archives = Archives::default();
        let (progress, given) = (Arc::default(), Given::default());
        Ok(Self { traffic, months, settings, progress, given, inputs, archives })
    }

    /// The same, with what a caller holds; its traffic is metered once.
    #[must_use]
    pub fn with(self, given: Given) -> Self {
        Self { given, ..self }
    }

    fn documents(&mut self) -> Result<Documents> {
        let mut documents = Documents::find(&self.traffic, &mut self.inputs)?;
        documents.threads = self.settings.threads;
        documents.connections.append(&mut self.given.connections);
        if !self.given.changes.is_empty() {
            documents.changes.get_or_insert_default().append(&mut self.given.changes);
        }
        Ok(documents)
    }

    fn sources(&mut self) -> Result<Vec<TrafficSource>> {
        let mut sources = find(&self.traffic, &mut self.inputs, &self.progress)?;
        sources.append(&mut self.given.sources);
        Ok(sources)
    }

    /// How far its traffic is read.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Where its inputs stand.
    pub fn traffic(&self) -> &TrafficPaths {
        &self.traffic
    }

    /// The months that are metered.
    pub fn months(&self) -> Months {
        self.months
    }

    /// How they are metered; the month is the last of them.
    pub fn settings(&self) -> &MeterSettings {
        &self.settings
    }

    /// Reads connections and link changes, then meters the traffic of the month; with the sources that it is of, to be read
    /// again.
    ///
    /// # Errors
    ///
    /// As [`meter`] and what finds and reads inputs; [`Input`](ErrorKind::Input) where one changed meanwhile, and whatever
    /// `found` says.
    pub fn meter(
        &mut self,
        check_region: RegionCheck<'_>,
        found: WhenFound<'_>,
    ) -> Result<(Metered, Vec<TrafficSource>)> {
        let inventory = self.inventory(check_region)?;
        let sources = self.sources()?;
        self.archives = archives("metered", &sources, &inventory, self.settings.threads, &mut self.inputs)?;
        found(&self.inputs)?;
        let metered = meter(&sources, inventory, &self.settings);
        // Whatever was found wrong with an input that did not stay what it was is beside the point.
        self.inputs.unchanged()?;
        Ok((metered?, sources))
    }

    fn inventory(&mut self, check_region: RegionCheck<'_>) -> Result<Arc<Inventory>> {
        let documents = self.documents()?;
        let start = self.settings.period().start;
        Ok(Arc::new(documents.inventory(&self.traffic, check_region, Some(start))?))
    }

    /// Likewise of all months, in one pass over the traffic.
    ///
    /// # Errors
    ///
    /// As [`meter`](Self::meter).
    pub fn meter_months(
        &mut self,
        check_region: RegionCheck<'_>,
        found: WhenFound<'_>,
    ) -> Result<MeteredMonths> {
        let documents = self.documents()?;
        let groups = self.inventories(&documents, check_region)?;
        drop(documents);
        let sources = self.sources()?;
        if let Some((inventory, _)) = groups.first() {
            self.archives =
                archives("metered", &sources, inventory, self.settings.threads, &mut self.inputs)?;
        }
        found(&self.inputs)?;
        let mut all: Option<MeteredMonths> = None;
        let metered = groups.into_iter().try_for_each(|(inventory, months)| {
            let until = self.settings.until.filter(|_| months.last() == Some(&self.months.last()));
            let of_group = MeterSettings { until, ..self.settings };
            let metered = meter_months(&sources, inventory, &of_group, &months)?;
            match &mut all {
                Some(all) => all.extend(metered),
                None => all = Some(metered),
            }
            Ok(())
        });
        self.inputs.unchanged()?;
        metered.and_then(|()| all.ok_or_else(|| Error::internal("no month was metered")))
    }

    /// Puts parts of the traffic of the month together, of which this holds the rows that are in doubt.
    ///
    /// # Errors
    ///
    /// As [`join_parts`] and [`meter`](Self::meter); [`Usage`](ErrorKind::Usage) where several months are asked for.
    pub fn join<'a>(
        &mut self,
        check_region: RegionCheck<'_>,
        places: &Places,
        hours: impl IntoIterator<Item = PartHour<'a>>,
        counts: PartCounts,
    ) -> Result<MeteredMonths> {
        if self.months.is_range() {
            return Err(Error::setting("month", "is one where traffic is metered in parts, such as 2026-10"));
        }
        let inventory = self.inventory(check_region)?;
        let sources = self.sources()?;
        let [doubtful] = &sources[..] else {
            return Err(Error::internal("rows that are in doubt are one source"));
        };
        let metered = join_parts(doubtful, places, inventory, &self.settings, hours, counts);
        self.inputs.unchanged()?;
        Ok(metered?.into())
    }

    /// Meters the traffic of the month, and that of the counterpart for the same connections.
    ///
    /// # Errors
    ///
    /// As [`meter`](Self::meter).
    pub fn meter_both(
        &mut self,
        counterpart: &CounterpartPaths,
        check_region: RegionCheck<'_>,
        found: WhenFound<'_>,
    ) -> Result<[Metered; 2]> {
        let inventory = self.inventory(check_region)?;
        let own = self.sources()?;
        let mut others = find_counterpart(&self.traffic, counterpart, &mut self.inputs, &self.progress)?;
        others.append(&mut self.given.counterpart);
        found(&self.inputs)?;
        let here = meter(&own, inventory.clone(), &self.settings);
        let there = here.is_ok().then(|| meter(&others, inventory, &self.settings));
        self.inputs.unchanged()?;
        let there = there.unwrap_or_else(|| Err(Error::internal("the counterpart was not metered")));
        Ok([here?, there?])
    }

    /// Meters an archive of a month that was metered anew, over the same connections: all of its hours must be of that month,
    /// and known.
    ///
    /// # Errors
    ///
    /// As [`meter`](Self::meter); [`Input`](ErrorKind::Input) where it holds other hours.
    pub fn meter_archive(
        &mut self,
        role: &'static str,
        sources: &[TrafficSource],
        anew: &Metered,
    ) -> Result<Metered> {
        let inventory = anew.inventory();
        let threads = self.settings.threads;
        self.archives.extend(archives(role, sources, inventory, threads, &mut self.inputs)?);
        let mut settings = MeterSettings::new(anew.month());
        (settings.offset, settings.threads, settings.until) = (anew.offset(), threads, anew.until());
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
            let start = month.period(self.settings.offset).start;
            Ok(Arc::new(documents.inventory(&self.traffic, check_region, Some(start))?))
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
}
