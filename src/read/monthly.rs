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
    let (rows, malformed) = read_all(ErrorKind::Input, name, &document.text[..], &table)?;
    let mut faults = unusable_faults_of(malformed);
    let mut found = MonthlyBytes::new();
    for row in &rows {
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
        read_monthly(&Document::new("traffic.csv", format!("address,sender,gb\n{rows}")), Gb::Binary, &KNOWN)
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
