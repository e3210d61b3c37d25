//! What a company notes of its accounts: names, cost centres, budgets. None of it changes an amount.

use crate::model::{id::read_account, invalid::Invalid, money::Money};
use std::collections::BTreeMap;

/// The column of an account's name.
pub(crate) const NAME: &str = "name";
/// The column of an account's id.
pub(crate) const ACCOUNT_ID: &str = "account_id";

/// Accounts by id, each with its name and the values of further columns, such as a cost centre.
///
/// ```
/// use peerbill::model::accounts::Accounts;
///
/// let mut accounts = Accounts::new(["cost_center".to_owned()]);
/// accounts.add("1000000000000001", [("name", "Payments"), ("cost_center", "CC-7")])?;
/// let account = accounts.get("1000000000000001").unwrap();
/// assert_eq!((account.name(), account.value("cost_center")), (Some("Payments"), Some("CC-7")));
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Accounts {
    columns: Vec<String>,
    accounts: BTreeMap<String, Account>,
}

/// What is noted of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Account(BTreeMap<String, String>);

impl Account {
    /// Its name, where it has one.
    pub fn name(&self) -> Option<&str> {
        self.value(NAME)
    }

    /// Its value in a column; `None` where it has none. `name` and `account_id` are columns as well.
    pub fn value(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }
}

impl Accounts {
    /// With these columns beside id and name, and no account yet.
    pub fn new(further_columns: impl IntoIterator<Item = String>) -> Self {
        let own = [ACCOUNT_ID, NAME].map(str::to_owned);
        let columns = own.into_iter().chain(further_columns).collect();
        Self { columns, accounts: BTreeMap::new() }
    }

    /// Adds an account with its values by column; one that is blank is none.
    ///
    /// # Errors
    ///
    /// What is no account id (SPEC section 3), and an account that is there.
    pub fn add<'a>(
        &mut self,
        account_id: &str,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), Invalid> {
        let id = read_account(account_id).map_err(|why| Invalid::new(format!("{ACCOUNT_ID} {why}")))?;
        let given = values.into_iter().filter(|(_, value)| !value.trim().is_empty());
        let given = given.map(|(column, value)| (column.to_owned(), value.to_owned()));
        let own = (ACCOUNT_ID.to_owned(), id.to_owned());
        let account = Account(given.chain([own]).collect());
        match self.accounts.insert(id.to_owned(), account) {
            None => Ok(()),
            Some(_) => Err(twice(id)),
        }
    }

    /// What is noted of the account of this id.
    pub fn get(&self, account_id: &str) -> Option<&Account> {
        self.accounts.get(account_id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The names of all columns, in the order of the file behind `account_id` and `name`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

/// What accounts may pay for a month, by account, in the currency of the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Budgets(BTreeMap<String, Money>);

impl Budgets {
    /// Adds the budget of an account.
    ///
    /// # Errors
    ///
    /// What is no account id (SPEC section 3), and an account that has one.
    pub fn add(&mut self, account_id: &str, amount: Money) -> Result<(), Invalid> {
        let id = read_account(account_id).map_err(|why| Invalid::new(format!("{ACCOUNT_ID} {why}")))?;
        match self.0.insert(id.to_owned(), amount) {
            None => Ok(()),
            Some(_) => Err(twice(id)),
        }
    }

    /// The accounts that have one, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What this account may pay, where that is limited.
    pub fn get(&self, account_id: &str) -> Option<Money> {
        self.0.get(account_id).copied()
    }
}

fn twice(id: &str) -> Invalid {
    Invalid::new(format!("account {id} stands here a second time"))
}
