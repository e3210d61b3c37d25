//! What `terraform show -json` prints: what a plan does to peering connections, and the connections of a state.
//!
//! The requester's region is no argument of `alicloud_vpc_peer_connection`: it is the provider's. It is read from
//! the resource's exported `region_id`, else from the configuration of its provider. What a plan does not say is
//! reported with address and attribute, never guessed.

use crate::{
    error::{Error, Result},
    model::{did_you_mean, id::read_account},
};
pub use change::{Action, Change, PeeringPlan, PlanSide, Unknown};
pub use plan::read_plan;
pub(crate) use state::{accepters, connections, count};

mod change;
mod configuration;
mod document;
mod plan;
mod state;

/// What the caller states about requesters, for all providers or for one of them.
///
/// A plan names a provider by its key: `alicloud`, `alicloud.peer`, `module.net:alicloud`.
#[derive(Debug, Clone, Default)]
pub struct StatedRequesters {
    accounts: Vec<Stated>,
    regions: Vec<Stated>,
}

#[derive(Debug, Clone)]
struct Stated {
    provider: Option<String>,
    value: String,
}

impl StatedRequesters {
    /// Reads `ID` or `PROVIDER=ID`, and `REGION` or `PROVIDER=REGION`.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) where a provider or value is empty, where an account id is none, and where
    /// something is stated twice.
    pub fn parse(accounts: &[String], regions: &[String]) -> Result<Self> {
        const ACCOUNT: &str = "requester-account";
        let mut accounts = read_stated(ACCOUNT, accounts)?;
        for Stated { value, .. } in &mut accounts {
            *value = read_account(value).map_err(|why| Error::setting(ACCOUNT, why))?.to_owned();
        }
        Ok(Self { accounts, regions: read_stated("requester-region", regions)? })
    }

    /// The account that is stated for this provider, else the one for all.
    pub(super) fn account(&self, provider: Option<&str>) -> Option<&str> {
        find_stated(&self.accounts, provider)
    }

    /// The region that is stated for this provider, else the one for all.
    pub(super) fn region(&self, provider: Option<&str>) -> Option<&str> {
        find_stated(&self.regions, provider)
    }

    /// Refuses a provider key that `known` lacks: what it states would silently count for nothing.
    pub(super) fn check_providers(&self, known: &[&str]) -> Result<()> {
        let stated = self.accounts.iter().chain(&self.regions);
        match stated.filter_map(|stated| stated.provider.as_deref()).find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(Error::usage(format!(
                "{key}= names no provider configuration of the document; it has {}{}",
                if known.is_empty() { "none".into() } else { known.join(", ") },
                did_you_mean(key, known.iter().copied())
            ))),
        }
    }
}

/// Reads what the setting of this name states.
fn read_stated(setting: &'static str, texts: &[String]) -> Result<Vec<Stated>> {
    let mut all: Vec<Stated> = Vec::new();
    for text in texts {
        let (provider, value) = match text.rsplit_once('=') {
            Some((provider, value)) => (Some(provider.to_owned()), value.to_owned()),
            None => (None, text.clone()),
        };
        if value.is_empty() || provider.as_deref() == Some("") {
            return Err(Error::setting(setting, format!("{text:?}: write VALUE, or PROVIDER=VALUE")));
        }
        if all.iter().any(|other| other.provider == provider) {
            return Err(Error::setting(setting, format!("{text:?}: this is stated twice")));
        }
        all.push(Stated { provider, value });
    }
    Ok(all)
}

fn find_stated<'a>(stated: &'a [Stated], provider: Option<&str>) -> Option<&'a str> {
    let of = |wanted: Option<&str>| stated.iter().find(|stated| stated.provider.as_deref() == wanted);
    provider.and_then(|key| of(Some(key))).or_else(|| of(None)).map(|stated| stated.value.as_str())
}

#[cfg(test)]
mod stated_tests {
    use super::*;

    #[test]
    fn a_requester_may_be_stated_for_one_provider_or_for_all() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let stated = StatedRequesters::parse(&texts(&["1", "alicloud.peer=2"]), &[]).unwrap();
        assert_eq!(stated.account(Some("alicloud")), Some("1"));
        assert_eq!(stated.account(Some("alicloud.peer")), Some("2"));
        assert_eq!(stated.region(None), None);
        let error = stated.check_providers(&["alicloud", "alicloud.peers"]).unwrap_err().to_string();
        assert!(error.contains("did you mean \"alicloud.peers\"?"), "{error}");
        assert!(StatedRequesters::parse(&texts(&["1", "2"]), &[]).is_err());
        assert!(StatedRequesters::parse(&texts(&["a="]), &[]).is_err());
    }
}
