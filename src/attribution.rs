//! Who pays: the only file that knows.

use crate::model::{connection::Connection, usage::Sender};

/// Who pays for bytes, and between which regions they travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribution<'a> {
    /// The account that owns the VPC which the bytes leave.
    pub billing_account_id: &'a str,
    /// The account at the other end; may be the same.
    pub peer_account_id: &'a str,
    /// The sender's region.
    pub source_region: &'a str,
    /// The other end's region.
    pub destination_region: &'a str,
}

/// Charges traffic to the account whose VPC it leaves (R2).
pub fn attribute(connection: &Connection, sender: Sender) -> Attribution<'_> {
    // R2: the sender pays, whoever asked for the connection.
    let (own, peer) = match sender {
        Sender::Requester => (&connection.requester, &connection.accepter),
        Sender::Accepter => (&connection.accepter, &connection.requester),
    };
    Attribution {
        billing_account_id: &own.account_id,
        peer_account_id: &peer.account_id,
        source_region: &own.region,
        destination_region: &peer.region,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_the_sender_pays() {
        let inventory = crate::inventory(
            "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
             pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
            None,
        );
        let inventory = inventory.unwrap();
        let back = attribute(inventory.connection(0), Sender::Accepter);
        assert_eq!(back.billing_account_id, "1000000000000002");
        assert_eq!((back.source_region, back.destination_region), ("cn-guangzhou", "cn-huhehaote"));
    }
}
