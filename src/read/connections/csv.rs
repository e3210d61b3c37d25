//! Connections as native CSV.

use super::builder::{Builder, Told};
use crate::model::invalid::Invalid;
use crate::{
    error::{ErrorKind, FaultCode, Result},
    model::{
        connection::{Bandwidth, Connection, End},
        link::LinkType,
        time::Timestamp,
    },
    read::{
        Document,
        connections::{RegionCheck, shared::SharedTexts},
        place::Place,
        table::{TableRow, read_rows},
    },
};

const REQUIRED: [&str; 6] = [
    "connection_id",
    "requester_account_id",
    "requester_region",
    "accepter_account_id",
    "accepter_region",
    "link_type",
];
const OPTIONAL: [&str; 8] = [
    "requester_vpc_id",
    "accepter_vpc_id",
    "bandwidth_mbps",
    "created_at",
    "deleted_at",
    "name",
    // Ours: address blocks with a space between them.
    "requester_cidrs",
    "accepter_cidrs",
];

/// Reads the rows of a document.
pub(super) fn read(document: &Document, check: RegionCheck<'_>, builder: &mut Builder) -> Result<()> {
    let name = &document.name;
    read_rows(ErrorKind::Input, name, &document.text[..], &REQUIRED, &OPTIONAL, |row| match row {
        Err(misfit) => builder.blame(misfit.key.as_deref().unwrap_or_default(), misfit.fault),
        Ok(row) => {
            let place = Place::row(name, row.line);
            match read_connection(row, check, &mut builder.texts) {
                Err(why) => {
                    builder.blame(&row.values[0], place.fault(FaultCode::UnreadableRow, why));
                    builder.set_aside(
                        &row.values[0],
                        [(6, 12), (7, 13)].map(|(vpc, blocks)| seen_end(row, vpc, blocks)),
                    );
                }
                Ok(connection) => builder.add(Told { connection, place, once: true }),
            }
        }
    })
}

/// What can be read of an end where the row is bad: what joins flow logs to it.
fn seen_end(row: &TableRow, vpc: usize, blocks: usize) -> End {
    let cidrs = row.optional(blocks).unwrap_or_default().split(' ').filter_map(|block| block.parse().ok());
    End::of_vpc(row.optional(vpc).map(Into::into), cidrs.collect())
}

fn read_connection(
    row: &TableRow,
    check_region: RegionCheck<'_>,
    texts: &mut SharedTexts,
) -> Result<Connection, String> {
    for (column, value) in REQUIRED[..5].iter().zip(&row.values) {
        if value.is_empty() {
            return Err(format!("{column} is empty"));
        }
        if value.trim() != value {
            return Err(format!("{column} {value:?} has spaces around it"));
        }
    }
    let cidrs = |column: usize| {
        let blocks = row.optional(column).unwrap_or_default().split(' ').filter(|block| !block.is_empty());
        blocks.map(str::parse).collect::<Result<_, Invalid>>()
    };
    let mut end = |account: usize, region: usize, vpc: usize, blocks: usize| -> Result<End, String> {
        let region_id = texts.region(&row.values[region], check_region);
        Ok(End {
            account_id: texts.account(&row.values[account]),
            region: region_id.map_err(|why| format!("{}: {why}", REQUIRED[region]))?,
            vpc_id: row.optional(vpc).map(Into::into),
            cidrs: cidrs(blocks)?,
        })
    };
    let instant = |column: usize| {
        row.optional(column)
            .map(|text| {
                let name = OPTIONAL[column - REQUIRED.len()];
                Timestamp::parse(text).map_err(|why| format!("{name} {text:?}: {why}"))
            })
            .transpose()
    };
    let connection = Connection {
        id: row.values[0].as_str().into(),
        requester: end(1, 2, 6, 12)?,
        accepter: end(3, 4, 7, 13)?,
        // R8: inside a region it is ignored, omitted it means Gold.
        link_type: match row.optional(5) {
            Some(text) if row.values[2] != row.values[4] => text.parse()?,
            _ => LinkType::Gold,
        },
        bandwidth: read_bandwidth("bandwidth_mbps", row.optional(8))?,
        status: None,
        created_at: instant(9)?,
        deleted_at: instant(10)?,
        name: row.optional(11).map(Into::into),
    };
    match (connection.created_at, connection.deleted_at) {
        (Some(created), Some(deleted)) if deleted < created => {
            Err(format!("deleted_at {deleted} is before created_at {created}"))
        }
        _ => Ok(connection),
    }
}

/// Reads Mbit/s, where `what` is given.
pub(in crate::read) fn read_bandwidth(what: &str, text: Option<&str>) -> Result<Bandwidth, String> {
    match text {
        None => Ok(Bandwidth::DEFAULT),
        Some("-1") => Ok(Bandwidth::Unlimited),
        Some(text) => text
            .parse()
            .ok()
            .filter(|&mbps| mbps > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Bandwidth::Mbps)
            .ok_or_else(|| {
                format!("{what}: {text:?} is not a whole number of Mbit/s above 0 (-1: unlimited)")
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory;

    const HEADER: &str =
        "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type";

    fn first_fault(rows: &str) -> String {
        inventory(&format!("{HEADER}\n{rows}\n"), None).unwrap_err().to_string()
    }

    #[test]
    fn r15_bad_connection_rows_name_the_column() {
        assert!(
            first_fault("pcc-1,,cn-beijing,2,cn-shanghai,Gold")
                .contains("connections:2: requester_account_id is empty")
        );
        assert!(first_fault("pcc-1,1,cn-beijing,2,cn-shanghai,gold").contains("did you mean \"Gold\"?"));
        assert!(first_fault("pcc-1,1,cn-beijing,2").contains("4 fields where the header has 6"));
        let twice = "pcc-1,1,cn-beijing,2,cn-shanghai,Gold\npcc-1,1,cn-beijing,2,cn-shanghai,Gold";
        assert!(
            first_fault(twice).contains(
                "connections:3: connection pcc-1 stands here a second time; first at connections:2"
            )
        );
    }

    #[test]
    fn r8_an_omitted_link_type_is_gold() {
        let inventory = inventory(&format!("{HEADER}\npcc-1,1,cn-beijing,2,cn-shanghai,\n"), None).unwrap();
        assert_eq!(inventory.connection(0).link_type, LinkType::Gold);
    }

    #[test]
    fn an_account_id_beyond_2_to_the_53_stays_itself() {
        let id = "90071992547409931234567890";
        let inventory =
            inventory(&format!("{HEADER}\npcc-1,{id},cn-beijing,2,cn-shanghai,\n"), None).unwrap();
        assert_eq!(&*inventory.connection(0).requester.account_id, id);
    }

    #[test]
    fn address_blocks_may_be_given_with_a_space_between_them() {
        let header = format!("{HEADER},accepter_cidrs");
        let rows = |blocks| format!("{header}\npcc-1,1,cn-beijing,2,cn-shanghai,,{blocks}\n");
        let read = inventory(&rows("172.16.0.0/16 2001:db8::/56"), None).unwrap();
        assert_eq!(read.connection(0).accepter.cidrs.len(), 2);
        assert!(read.connection(0).requester.cidrs.is_empty());
        assert!(inventory(&rows("172.16.0.1/16"), None).is_err());
    }

    #[test]
    fn bandwidths_are_whole_numbers() {
        let read = |text| read_bandwidth("bandwidth_mbps", text);
        assert_eq!(read(None), Ok(Bandwidth::Mbps(1024)));
        assert_eq!(read(Some("-1")), Ok(Bandwidth::Unlimited));
        assert_eq!(Bandwidth::DEFAULT.bytes_per_hour(), Some(460_800_000_000));
        for text in ["0", "-2", "1.5", "+5", "x"] {
            assert!(read(Some(text)).is_err(), "{text}");
        }
    }
}
