//! What a company notes in small tables: of its accounts, `account_id,name` with further columns and `account_id,amount`, and
//! of its plans, `address,sender,gb`.

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
    let header = names_in(&document.text, &OWN);
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
fn value<'r>(row: &TableRow<'r>, column: Column<'_>) -> &'r str {
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
    mut take: impl FnMut(&TableRow<'_>) -> Result<(), Invalid>,
) -> Result<()> {
    let name = &document.name;
    let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text, table)?;
    let mut faults = unusable_faults_of(malformed);
    for row in rows.iter() {
        if let Err(why) = take(&row) {
            faults.push(Fault::at(FaultCode::UnusableInput, name, row.line, why));
        }
    }
    faults.sort_by_key(|fault| fault.line);
    Error::from_faults(ErrorKind::Input, faults).map_or(Ok(()), Err)
}

pub mod monthly {
    //! Monthly GB per address of a plan and sender, CSV: `address,sender,gb`.

    use crate::{
        error::{Error, ErrorKind, Fault, FaultCode, Result},
        model::{did_you_mean, money::Gb, usage::Sender},
        read::{
            Document,
            table::{TableColumns, read_all, unusable_faults_of},
        },
    };
    use std::collections::BTreeMap;

    /// Bytes that requester and accepter send in a month, by address; `None` where they are not given.
    pub type MonthlyBytes = BTreeMap<String, [Option<u64>; 2]>;

    /// Reads monthly GB; every address must be one of `known`. `gb` says how many bytes one is (R9); bytes are rounded
    /// half up to whole ones.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) with all bad rows together: an address that is not known, a sender or a quantity that
    /// cannot be read, and an address and sender that stand twice.
    pub fn read_monthly(document: &Document, gb: Gb, known: &[&str]) -> Result<MonthlyBytes> {
        let name = &document.name;
        let mut table = TableColumns::default();
        let (address, sender) = (table.required("address"), table.required("sender"));
        let quantity = table.required("gb");
        let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text, &table)?;
        let mut faults = unusable_faults_of(malformed);
        let mut found = MonthlyBytes::new();
        for row in rows.iter() {
            let [address, sender, quantity] = [address, sender, quantity].map(|column| row.text(column));
            let mut read = || -> Result<(), String> {
                if !known.contains(&address) {
                    let near = did_you_mean(address, known.iter().copied());
                    return Err(format!("address {address:?} is not a connection of the plan{near}"));
                }
                let sender: Sender = sender.parse()?;
                let bytes = gb.volume(quantity).map_err(|why| format!("gb: {why}"))?;
                let slot = &mut found.entry(address.to_owned()).or_default()[sender as usize];
                match slot.replace(bytes) {
                    None => Ok(()),
                    Some(_) => Err(format!("{address}, sender {sender}, stands here a second time")),
                }
            };
            if let Err(why) = read() {
                faults.push(Fault::at(FaultCode::UnusableInput, name, row.line, why));
            }
        }
        faults.sort_by_key(|fault| fault.line);
        Error::from_faults(ErrorKind::Input, faults).map_or(Ok(found), Err)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const KNOWN: [&str; 2] =
            ["alicloud_vpc_peer_connection.a", "module.b[\"x\"].alicloud_vpc_peer_connection.c"];

        fn read(rows: &str) -> Result<MonthlyBytes> {
            read_monthly(
                &Document::new("traffic.csv", format!("address,sender,gb\n{rows}")),
                Gb::Binary,
                &KNOWN,
            )
        }

        #[test]
        fn addresses_with_quotes_are_read() {
            let found = read(
                "alicloud_vpc_peer_connection.a,accepter,0\n\
                 \"module.b[\"\"x\"\"].alicloud_vpc_peer_connection.c\",requester,1.5\n",
            )
            .unwrap();
            assert_eq!(found[KNOWN[0]], [None, Some(0)]);
            assert_eq!(found[KNOWN[1]], [Some(3 << 29), None]);
        }

        #[test]
        fn bad_rows_are_told_together() {
            let error = read(
                "alicloud_vpc_peer_connection.b,requester,1\n\
                 alicloud_vpc_peer_connection.a,Requester,1\n\
                 alicloud_vpc_peer_connection.a,requester,-1\n\
                 alicloud_vpc_peer_connection.a,requester,1\n\
                 alicloud_vpc_peer_connection.a,requester,1\n\
                 alicloud_vpc_peer_connection.a,requester\n",
            )
            .unwrap_err();
            let text = error.to_string();
            assert_eq!(error.total(), 5, "{text}");
            assert!(text.contains("traffic.csv:2: address \"alicloud_vpc_peer_connection.b\" is not a connection of the plan; did you mean \"alicloud_vpc_peer_connection.a\"?"), "{text}");
            assert!(text.contains("did you mean \"requester\"?"));
            assert!(text.contains("traffic.csv:4: gb: \"-1\""));
            assert!(text.contains(
                "traffic.csv:6: alicloud_vpc_peer_connection.a, sender requester, stands here a second time"
            ));
        }
    }
}
