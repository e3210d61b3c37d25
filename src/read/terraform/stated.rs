//! What the caller states about requesters: for all of them, for a provider, an instance of a provider, or a resource.

use super::document::{Address, CONNECTION, split_key};
use crate::{
    error::{Error, Result},
    model::{
        did_you_mean,
        finding::{Finding, FindingCode, Said},
        id::read_account,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the caller states about requesters.
///
/// A statement holds for all of them, or for those that its key names: a provider as a plan calls it (`alicloud`,
/// `alicloud.peer`, `module.net:alicloud`), an instance of a provider that has several
/// (`alicloud.by_region["cn-beijing"]`), or a resource (`module.a.alicloud_vpc_peer_connection.x[0]`). The most
/// specific one counts, and none goes over several instances of a provider.
#[derive(Debug, Clone, Default)]
pub struct StatedRequesters {
    accounts: Vec<Stated>,
    regions: Vec<Stated>,
}

#[derive(Debug, Clone)]
struct Stated {
    /// Whom it is about; `None`: all.
    of: Option<String>,
    value: String,
}

/// A requester that something may be stated about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requester<'a> {
    /// The address of its resource.
    pub address: &'a str,
    /// The key of its provider, where the document tells it.
    pub provider: Option<&'a str>,
    /// Whether that provider has several instances that may differ in what is asked for.
    pub several: bool,
}

/// What is stated, and whether for an instance of a provider, by the key that the resource has as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    pub value: &'a str,
    pub by_instance: Option<&'a str>,
    /// The key that it is stated for; `None`: for all.
    key: Option<&'a str>,
}

/// Statements that do not count, because the document itself tells otherwise.
#[derive(Debug, Default)]
pub(super) struct Overruled(BTreeMap<About, BTreeMap<String, String>>);

/// What is stated of requesters, its value, and the key that it is stated for, where it is not for all.
type About = (Asked, String, Option<String>);

/// What is asked of a requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    Account,
    Region,
}

impl Overruled {
    /// Holds what is stated of the requester at `address` against what the document tells; `what` names it.
    pub fn note(&mut self, what: Asked, stated: Option<Statement<'_>>, address: &str, told: &str) {
        let Some(Statement { value, key, .. }) = stated.filter(|stated| stated.value != told) else { return };
        let about = (what, value.to_owned(), key.map(ToOwned::to_owned));
        self.0.entry(about).or_default().insert(address.to_owned(), told.to_owned());
    }

    /// One finding for each statement.
    pub fn findings(self) -> Vec<Finding> {
        let finding = |(about, resources): (About, BTreeMap<String, String>)| {
            let (address, told) = resources.first_key_value()?;
            let ((asked, value, key), address, told) = (about, address.clone(), told.clone());
            let whom = key.map_or(Said::AllRequesters {}, |text| Said::Verbatim { text });
            let whom = Box::new(whom);
            let more = (resources.len() > 1).then(|| Box::new(Said::AndMore { count: resources.len() - 1 }));
            let said = match asked {
                Asked::Account => Said::AccountOverruled { value, whom, address, more, told },
                Asked::Region => Said::RegionOverruled { value, whom, address, more, told },
            };
            Some(Finding::of(FindingCode::StatementOverruled, said))
        };
        self.0.into_iter().filter_map(finding).collect()
    }
}

/// What of a document can be named by a key.
#[derive(Debug, Default)]
pub(super) struct KnownKeys<'a> {
    /// Providers, as the document calls them.
    pub providers: BTreeSet<&'a str>,
    /// Those of them whose instances have regions of their own.
    pub several_regions: BTreeSet<&'a str>,
    /// Resources, each with its provider.
    pub resources: Vec<(&'a str, Option<&'a str>)>,
    /// Whether further documents may hold further resources.
    pub elsewhere: bool,
}

impl StatedRequesters {
    /// Reads `ID` or `KEY=ID`, and `REGION` or `KEY=REGION`.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where a key or value is empty, an account id is none, and where something is
    /// stated twice.
    pub fn parse(accounts: &[String], regions: &[String]) -> Result<Self> {
        const ACCOUNT: &str = "requester-account";
        let mut accounts = read_stated(ACCOUNT, accounts)?;
        for Stated { value, .. } in &mut accounts {
            *value = read_account(value).map_err(|why| Error::setting(ACCOUNT, why))?.to_owned();
        }
        Ok(Self { accounts, regions: read_stated("requester-region", regions)? })
    }

    /// The same with the id of every region, which may be stated by a name; `find` gives it.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where `find` knows no such region, in its words.
    pub fn with_region_ids(mut self, find: &dyn Fn(&str) -> Result<Arc<str>>) -> Result<Self> {
        for Stated { value, .. } in &mut self.regions {
            let found = find(value).map_err(|error| Error::setting("requester-region", error.to_string()))?;
            *value = found.to_string();
        }
        Ok(self)
    }

    /// The account that is stated for this requester.
    pub(super) fn account(&self, of: Requester<'_>) -> Option<Statement<'_>> {
        find_stated(&self.accounts, of)
    }

    /// The region that is stated for this requester.
    pub(super) fn region(&self, of: Requester<'_>) -> Option<Statement<'_>> {
        find_stated(&self.regions, of)
    }

    /// Refuses a key that names nothing of the document, and a region for all instances of a provider that has several
    /// regions: what they state would count for nothing.
    pub(super) fn check_keys(&self, known: &KnownKeys<'_>) -> Result<()> {
        let keys =
            |stated: &'_ [Stated]| stated.iter().filter_map(|stated| stated.of.clone()).collect::<Vec<_>>();
        if let Some(key) = keys(&self.regions).iter().find(|key| known.several_regions.contains(key.as_str()))
        {
            return Err(Error::usage(format!(
                "{key}= names a provider whose instances have regions of their own; write {key}[\"KEY\"]= for one of \
                 them, or the address of a resource"
            )));
        }
        let all = [keys(&self.accounts), keys(&self.regions)].concat();
        all.iter().find(|key| !known.has(key)).map_or(Ok(()), |key| Err(known.lacks(key)))
    }
}

impl KnownKeys<'_> {
    fn has(&self, key: &str) -> bool {
        let of_provider = |provider: &str, address: &str| is_instance_of(key, provider, address).is_some();
        self.providers.contains(key)
            || self.elsewhere && Address::new(key).resource.starts_with(CONNECTION)
            || self.resources.iter().any(|&(address, provider)| {
                is_resource(key, address) || provider.is_some_and(|provider| of_provider(provider, address))
            })
    }

    fn lacks(&self, key: &str) -> Error {
        const SHOWN: usize = 20;
        let mut all: Vec<&str> = self.providers.iter().copied().collect();
        all.extend(self.resources.iter().map(|(address, _)| *address));
        let near = did_you_mean(key, all.iter().copied());
        let more = all.len().saturating_sub(SHOWN);
        all.truncate(SHOWN);
        let shown = if all.is_empty() { "none".into() } else { all.join(", ") };
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Error::usage(format!(
            "{key}= names no provider and no connection of the document; it has {shown}{more}{near}"
        ))
    }
}

/// Reads what the setting of this name states.
fn read_stated(setting: &'static str, texts: &[String]) -> Result<Vec<Stated>> {
    let mut all: Vec<Stated> = Vec::new();
    for text in texts {
        // Neither a region nor an account holds `=`; an instance key may.
        let (of, value) = match text.rsplit_once('=') {
            Some((of, value)) => (Some(of.to_owned()), value.to_owned()),
            None => (None, text.clone()),
        };
        if value.is_empty() || of.as_deref() == Some("") {
            return Err(Error::setting(setting, format!("{text:?}: write VALUE, or KEY=VALUE")));
        }
        if all.iter().any(|other| other.of == of) {
            return Err(Error::setting(setting, format!("{text:?}: this is stated twice")));
        }
        all.push(Stated { of, value });
    }
    Ok(all)
}

/// The most specific statement about a requester: about its resource, about all instances of that, about the instance
/// of its provider, about its provider, about all.
fn find_stated<'a>(stated: &'a [Stated], of: Requester<'_>) -> Option<Statement<'a>> {
    let keyed = |stated: &'a Stated| Some((stated.of.as_deref()?, stated.value.as_str()));
    let keyed: Vec<(&str, &str)> = stated.iter().filter_map(keyed).collect();
    let by = |holds: &dyn Fn(&str) -> bool| keyed.iter().find(|(key, _)| holds(key)).copied();
    let resource = by(&|key| key == of.address).or_else(|| by(&|key| is_resource(key, of.address)));
    if let Some((key, value)) = resource {
        return Some(Statement { value, by_instance: None, key: Some(key) });
    }
    let provider = of.provider.unwrap_or_default();
    let instance = keyed.iter().find(|(key, _)| is_instance_of(key, provider, of.address).is_some());
    if let Some((key, value)) = instance {
        return Some(Statement { value, by_instance: Some(key), key: Some(key) });
    }
    if of.several {
        return None;
    }
    if let Some((key, value)) = by(&|key| Some(key) == of.provider) {
        return Some(Statement { value, by_instance: None, key: Some(key) });
    }
    let for_all = stated.iter().find(|stated| stated.of.is_none())?;
    Some(Statement { value: for_all.value.as_str(), by_instance: None, key: None })
}

/// Whether a key names this resource: by its address, also without quotes, or by that of all its instances.
fn is_resource(key: &str, address: &str) -> bool {
    let (key, address) = (Address::new(key), Address::new(address));
    let same = key.resource == address.resource && key.modules == address.modules;
    same && key.resource.contains('.') && (key.key == address.key || key.key.is_none())
}

/// The instance key in `PROVIDER[KEY]`, where that is the instance key of the resource as well.
fn is_instance_of(key: &str, provider: &str, address: &str) -> Option<String> {
    let (instance, behind) = split_key(key.strip_prefix(provider).filter(|_| !provider.is_empty())?);
    instance.filter(|instance| {
        behind.is_empty() && Address::new(address).nearest_key() == Some(instance.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(accounts: &[&str], regions: &[&str]) -> Result<StatedRequesters> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        StatedRequesters::parse(&texts(accounts), &texts(regions))
    }

    fn of<'a>(address: &'a str, provider: &'a str, several: bool) -> Requester<'a> {
        Requester { address, provider: Some(provider), several }
    }

    #[test]
    fn a_requester_may_be_stated_for_all_a_provider_or_a_resource() {
        let stated =
            stated(&["1", "alicloud.peer=2", "north:alicloud=3", "t.a[\"x=y\"]=4", "t.b=5"], &[]).unwrap();
        let account =
            |address, provider| stated.account(of(address, provider, false)).map(|found| found.value);
        assert_eq!(account("t.x", "alicloud"), Some("1"));
        assert_eq!(account("t.x", "alicloud.peer"), Some("2"));
        assert_eq!(account("module.north.t.x", "north:alicloud"), Some("3"));
        assert_eq!(account("t.a[\"x=y\"]", "alicloud.peer"), Some("4"));
        assert_eq!(
            (account("t.b[0]", "alicloud.peer"), account("t.b[1]", "alicloud")),
            (Some("5"), Some("5"))
        );
        assert_eq!(account("module.m.t.b[0]", "alicloud.peer"), Some("2"));
        assert_eq!(stated.region(of("t.x", "alicloud", false)), None);
    }

    #[test]
    fn what_is_stated_goes_over_no_several_instances_of_a_provider() {
        let stated = stated(&[], &["r0", "p.by[\"k\"]=r1", "t.b=r2", "p.by[l]=r3"]).unwrap();
        let region = |address| stated.region(of(address, "p.by", true)).map(|found| found.value);
        assert_eq!((region("t.a[\"k\"]"), region("module.m[\"k\"].t.a")), (Some("r1"), Some("r1")));
        assert_eq!((region("t.a[\"l\"]"), region("t.b[\"k\"]")), (Some("r3"), Some("r2")));
        assert_eq!((region("t.a[\"m\"]"), region("t.a")), (None, None));
    }

    #[test]
    fn a_key_that_names_nothing_is_refused_with_those_that_there_are() {
        let known = KnownKeys {
            providers: ["alicloud", "alicloud.peers", "p.by"].into(),
            several_regions: ["p.by"].into(),
            resources: vec![("t.a[\"k\"]", Some("p.by"))],
            elsewhere: false,
        };
        let check = |key: &str| stated(&[], &[&format!("{key}=r")]).unwrap().check_keys(&known);
        for good in ["alicloud", "t.a[\"k\"]", "t.a", "p.by[\"k\"]"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let error = check("alicloud.peer").unwrap_err().to_string();
        assert!(
            error.contains("did you mean \"alicloud.peers\"?") && error.contains("t.a[\"k\"]"),
            "{error}"
        );
        for bad in ["p.by", "p.by[\"l\"]", "t.a[\"l\"]", "alicloud[\"k\"]", "t"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [&["1", "2"][..], &["a="], &["=1"], &["1.00E+15"], &["a=0000"], &["a=x"]] {
            assert!(stated(bad, &[]).is_err(), "{bad:?}");
        }
    }
}
