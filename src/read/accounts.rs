//! What a company notes of its accounts, CSV: `account_id,name` with further columns, and `account_id,amount`.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        accounts::{ACCOUNT_ID, Accounts, Budgets, NAME},
        id::check_id,
        invalid::Invalid,
        money::Money,
    },
    read::{
        Document,
        header::names_in,
        table::{Column, TableColumns, TableRow, read_all, unusable_faults_of},
    },
};

/// Reads names of accounts, and the values of all further columns, such as a cost centre.
///
/// ```
/// use peerbill::read::{Document, read_accounts};
///
/// let file = "account_id,name,cost_center\n1000000000000001,Payments,CC-7\n";
/// let accounts = read_accounts(&Document::new("accounts.csv", file))?;
/// assert_eq!(accounts.get("1000000000000001").and_then(|own| own.value("cost_center")), Some("CC-7"));
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where a column is missing or stands twice, and with all bad rows together: an id that is
/// none, an account that stands twice, text that is not UTF-8.
pub fn read_accounts(document: &Document) -> Result<Accounts> {
    const OWN: [&str; 2] = [ACCOUNT_ID, NAME];
    let header = names_in(&document.text[..], &OWN);
    // Where one of its own is missing, a further column may be that one misspelt: it is not taken for another.
    let has_own = OWN.iter().all(|own| header.iter().any(|name| name == own));
    let is_further = |name: &&str| has_own && is_name(name) && !OWN.contains(name);
    let further: Vec<&str> = header.iter().map(String::as_str).filter(is_further).collect();
    let mut table = TableColumns::default();
    let id = table.required(ACCOUNT_ID);
    let mut columns = vec![table.required(NAME)];
    columns.extend(further.iter().map(|name| table.optional(name)));
    let mut accounts = Accounts::new(further.iter().map(|&name| name.to_owned()));
    read_each(document, &table, |row| {
        accounts.add(row.text(id), columns.iter().map(|&column| (column.name, value(row, column))))
    })?;
    Ok(accounts)
}

/// Whether a column can be asked for by this name: it would stand in the header of a report.
fn is_name(column: &str) -> bool {
    check_id("column", column).is_ok()
}

/// A value without the blanks around it: two cost centres that differ in nothing else are one.
fn value<'r>(row: &'r TableRow, column: Column<'_>) -> &'r str {
    row.text(column).trim_matches([' ', '\u{a0}', '\u{3000}'])
}

/// Reads what accounts may pay for a month, `account_id,amount`, in `currency`: that of a further column `currency` must
/// be it (R13).
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where a column is missing, and with all bad rows together: an id or an amount that is none,
/// another currency, an account that stands twice.
pub fn read_budgets(document: &Document, currency: &str) -> Result<Budgets> {
    let mut table = TableColumns::default();
    let (id, amount) = (table.required(ACCOUNT_ID), table.required("amount"));
    let stated = table.optional("currency");
    let mut budgets = Budgets::default();
    read_each(document, &table, |row| {
        let own = value(row, stated);
        if !own.is_empty() && own != currency {
            return Err(Invalid::new(format!("currency {own:?} is not the catalog's {currency}")));
        }
        let amount: Money = value(row, amount).parse().map_err(|why: Invalid| why.about("amount"))?;
        budgets.add(row.text(id), amount)
    })?;
    Ok(budgets)
}

/// Takes every row of a table, and fails with all that is wrong with them.
fn read_each(
    document: &Document,
    table: &TableColumns<'_>,
    mut take: impl FnMut(&TableRow) -> Result<(), Invalid>,
) -> Result<()> {
    let name = &document.name;
    let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text[..], table)?;
    let mut faults = unusable_faults_of(malformed);
    for row in &rows {
        if let Err(why) = take(row) {
            faults.push(Fault::at(FaultCode::UnusableInput, name, row.line, why));
        }
    }
    faults.sort_by_key(|fault| fault.line);
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(()), Err)
}
