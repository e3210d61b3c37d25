//! Connections, in any form in which they are kept: tables, answers of the provider, Terraform states.
//!
//! Each document is read by its content, row after row; what several documents have of one connection is put together
//! in [`inventory`](super::inventory). Native CSV is read here.

mod entry;
mod provider;

pub use entry::RegionCheck;
pub(in crate::read) use entry::{ConnectionRow, Found, RefusedRow};

use crate::{
    error::{ErrorKind, Fault, FaultCode, Result},
    model::{
        connection::{Connection, End, Tags, check_lifetime},
        id::{check_id, check_name, unwrapped},
        invalid::Invalid,
        link::LinkType,
        time::Timestamp,
    },
    read::{
        Document,
        answer::check_text,
        header::names_in,
        json, rows,
        source::Place,
        table::{Column, MalformedRow, RowFaults, Table, TableColumns, TableRow},
        terraform::StatedRequesters,
        values::read_bandwidth,
    },
};
use entry::{SharedTexts, Take};
use provider::Answers;

/// How a document of connections is written, in words, and how many of them it has, good or bad.
///
/// # Errors
///
/// [`Input`](crate::ErrorKind::Input) where a JSON document cannot be read as a whole.
pub fn describe(document: &Document) -> Result<(String, u64)> {
    if json::is_json(document) {
        return provider::describe(document);
    }
    Ok(("CSV".into(), rows::count_under_header(&document.text)))
}

/// Reads documents of connections, one after the other.
pub(in crate::read) struct ConnectionReader<'a> {
    check_region: RegionCheck<'a>,
    threads: usize,
    answers: Answers<'a>,
    /// Of answers and states.
    texts: SharedTexts,
    /// Documents that hold no connection, good or bad.
    without: Vec<Fault>,
}

impl<'a> ConnectionReader<'a> {
    /// Checks regions with `check_region`, and reads large tables on so many threads; `requesters` are stated where a
    /// Terraform state lacks them.
    pub fn new(
        check_region: RegionCheck<'a>,
        requesters: Option<&'a StatedRequesters>,
        threads: usize,
    ) -> Self {
        let answers = Answers::new(check_region, requesters);
        Self { check_region, threads, answers, texts: SharedTexts::default(), without: Vec::new() }
    }

    /// Reads a document. Bad rows are found like good ones; it fails where the document as a whole cannot be read.
    pub fn read(&mut self, document: &Document, take: Take<'_>) -> Result<()> {
        let found_any = if json::is_json(document) {
            self.read_json(document, take)?
        } else {
            check_text(document)?;
            read_csv(document, self.check_region, self.threads, take)?
        };
        let why = self.answers.why_none();
        if !found_any {
            self.without.push(Fault::of_input(FaultCode::UnusableInput, &document.name, why));
        }
        Ok(())
    }

    /// Reads what the provider answered; whether it holds a connection, good or bad.
    fn read_json(&mut self, document: &Document, take: Take<'_>) -> Result<bool> {
        let (texts, mut found_any) = (&mut self.texts, false);
        self.answers.read(document, &mut |mut found| {
            found_any |= !matches!(found, Found::Finding(_));
            if let Found::Row(ConnectionRow { connection, .. }) = &mut found {
                texts.share(&mut connection.requester);
                texts.share(&mut connection.accepter);
            }
            take(found);
        })?;
        Ok(found_any)
    }

    /// The documents that hold no connection.
    pub fn without(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.without)
    }

    /// After the last document, says where a list has pages that were not given.
    pub fn check_pages(&self, take: Take<'_>) {
        self.answers.check_pages(take);
    }
}

/// The columns of a table of connections.
struct Columns<'n> {
    connection_id: Column<'n>,
    requester: EndColumns<'n>,
    accepter: EndColumns<'n>,
    link_type: Column<'n>,
    bandwidth_mbps: Column<'n>,
    created_at: Column<'n>,
    deleted_at: Column<'n>,
    name: Column<'n>,
    /// Those of tags, each with its key.
    tags: Vec<(&'n str, Column<'n>)>,
}

/// Those of one end.
struct EndColumns<'n> {
    account_id: Column<'n>,
    region: Column<'n>,
    vpc_id: Column<'n>,
    /// Address blocks with a space between them; the provider's exports have them as a list.
    cidrs: Column<'n>,
}

impl<'n> Columns<'n> {
    /// The columns, and what the header is searched for.
    fn new(header: &'n [String]) -> (Self, TableColumns<'n>) {
        let mut table = TableColumns::default();
        let columns = Self {
            connection_id: table.required("connection_id"),
            requester: EndColumns {
                account_id: table.required("requester_account_id"),
                region: table.required("requester_region"),
                vpc_id: table.optional("requester_vpc_id"),
                cidrs: table.optional("requester_cidrs"),
            },
            accepter: EndColumns {
                account_id: table.required("accepter_account_id"),
                region: table.required("accepter_region"),
                vpc_id: table.optional("accepter_vpc_id"),
                cidrs: table.optional("accepter_cidrs"),
            },
            link_type: table.optional_as_spelled("link_type"),
            bandwidth_mbps: table.optional("bandwidth_mbps"),
            created_at: table.optional("created_at"),
            deleted_at: table.optional("deleted_at"),
            name: table.optional("name"),
            tags: header
                .iter()
                .filter_map(|name| Some((name.strip_prefix("tag:")?, table.optional(name))))
                .collect(),
        };
        (columns, table)
    }
}

/// Reads the rows of a document, parts of it on so many threads; whether it has any.
fn read_csv(
    document: &Document,
    check_region: RegionCheck<'_>,
    threads: usize,
    take: Take<'_>,
) -> Result<bool> {
    // Tags have keys that are not known before.
    let header = names_in(&document.text, &["connection_id", "requester_account_id"]);
    let (columns, wanted) = Columns::new(&header);
    let table = Table::new(ErrorKind::Input, &document.name, &document.text, &wanted)?;
    // What rows share, no other thread counts.
    let new_state = || (SharedTexts::default(), Place::row(&document.name, 1));
    let mut found_any = false;
    table.each(
        threads,
        new_state,
        |(texts, place), row| read_row(row, place, &columns, check_region, texts),
        |found| {
            found_any = true;
            take(found);
        },
    )?;
    Ok(found_any)
}

fn read_row(
    row: Result<&TableRow<'_>, MalformedRow>,
    table: &Place,
    columns: &Columns<'_>,
    check_region: RegionCheck<'_>,
    texts: &mut SharedTexts,
) -> Found {
    let row = match row {
        Ok(row) => row,
        Err(row) => {
            let connection_id = row.key.unwrap_or_default();
            return Found::refused(RefusedRow { connection_id, fault: row.fault, ends: None });
        }
    };
    read_connection(row, table, columns, check_region, texts).unwrap_or_else(|why| {
        let why = all_faults(row, columns, check_region, texts, why);
        Found::refused(RefusedRow {
            connection_id: read_id(row, columns).unwrap_or_default().into(),
            fault: table.at_line(row.line).fault(FaultCode::UnreadableRow, why),
            ends: Some([&columns.requester, &columns.accepter].map(|end| readable_end(row, end))),
        })
    })
}

/// What can be read of an end where the row is bad: what joins flow logs to it.
fn readable_end(row: &TableRow<'_>, columns: &EndColumns<'_>) -> End {
    let blocks = row.text(columns.cidrs).split(' ').filter_map(|block| block.parse().ok());
    End::of_vpc(row.given(columns.vpc_id).map(Into::into), blocks.collect())
}

/// The connection of a row, which is made where it is handed on: there may be a million.
fn read_connection(
    row: &TableRow<'_>,
    table: &Place,
    columns: &Columns<'_>,
    check_region: RegionCheck<'_>,
    texts: &mut SharedTexts,
) -> Result<Found, String> {
    let id = read_id(row, columns)?;
    let requester = read_end(row, &columns.requester, check_region, texts)?;
    let accepter = read_end(row, &columns.accepter, check_region, texts)?;
    // R8: inside a region it is ignored, omitted it means Gold.
    let link_type = match row.given(columns.link_type) {
        Some(text) if requester.region != accepter.region => text.parse()?,
        _ => LinkType::Gold,
    };
    let bandwidth = read_bandwidth(columns.bandwidth_mbps.name, row.given(columns.bandwidth_mbps))?;
    let (created_at, deleted_at) =
        (read_instant(row, columns.created_at)?, read_instant(row, columns.deleted_at)?);
    let tags = read_tags(row, columns)?;
    check_lifetime(created_at, deleted_at)?;
    Ok(Found::Row(ConnectionRow {
        connection: Connection {
            id: id.into(),
            requester,
            accepter,
            link_type,
            bandwidth,
            status: None,
            created_at,
            deleted_at,
            name: row.given(columns.name).map(Into::into),
            tags,
        },
        place: table.at_line(row.line),
        may_repeat: false,
        link_type_told: row.has(columns.link_type),
    }))
}

/// All that is wrong with a row, of which this was met first.
fn all_faults(
    row: &TableRow<'_>,
    columns: &Columns<'_>,
    check_region: RegionCheck<'_>,
    texts: &mut SharedTexts,
    why: String,
) -> String {
    let mut faults = RowFaults::first(why);
    faults.note(read_id(row, columns));
    let ends = [&columns.requester, &columns.accepter].map(|end| read_end(row, end, check_region, texts));
    let within_region = matches!(&ends, [Ok(from), Ok(to)] if from.region == to.region);
    ends.into_iter().for_each(|end| faults.note(end));
    if !within_region {
        faults.note(row.given(columns.link_type).map(str::parse::<LinkType>).transpose());
    }
    faults.note(read_bandwidth(columns.bandwidth_mbps.name, row.given(columns.bandwidth_mbps)));
    faults.note(read_instant(row, columns.created_at));
    faults.note(read_instant(row, columns.deleted_at));
    faults.note(read_tags(row, columns));
    faults.joined()
}

fn read_tags(row: &TableRow<'_>, columns: &Columns<'_>) -> Result<Tags, Invalid> {
    if columns.tags.is_empty() {
        return Ok(Tags::default());
    }
    let given = columns.tags.iter().filter_map(|(key, column)| Some((*key, row.given(*column)?)));
    Tags::new(given.map(|(key, value)| (key.to_owned(), value.to_owned())))
}

/// The connection that a row is about.
fn read_id<'r>(row: &TableRow<'r>, columns: &Columns<'_>) -> Result<&'r str, String> {
    let id = unwrapped(row.text(columns.connection_id));
    check_name(columns.connection_id.name, id).map(|()| id)
}

fn read_end(
    row: &TableRow<'_>,
    columns: &EndColumns<'_>,
    check_region: RegionCheck<'_>,
    texts: &mut SharedTexts,
) -> Result<End, String> {
    let account = columns.account_id;
    let account = match row.text(account) {
        "" => return Err(format!("{} is empty", account.name)),
        text => texts.read_account(text).map_err(|why| format!("{} {why}", account.name))?,
    };
    let region = texts.read_region(columns.region.name, row.text(columns.region), check_region)?;
    let blocks = |text: &str| text.split(' ').filter(|block| !block.is_empty()).map(str::parse).collect();
    let vpc_id = row.given(columns.vpc_id).map(unwrapped);
    vpc_id.map_or(Ok(()), |id| check_id(columns.vpc_id.name, id))?;
    Ok(End {
        vpc_id: vpc_id.map(Into::into),
        cidrs: row.given(columns.cidrs).map_or_else(|| Ok(Box::default()), blocks).map_err(String::from)?,
        ..End::new(account, region)
    })
}

fn read_instant(row: &TableRow<'_>, column: Column<'_>) -> Result<Option<Timestamp>, String> {
    let instant = row
        .given(column)
        .map(|text| Timestamp::parse(text).map_err(|why| format!("{} {text:?}: {why}", column.name)));
    instant.transpose()
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
        for (row, why) in [
            (
                "pcc-1,1.00E+15,cn-beijing,2,cn-shanghai,",
                "requester_account_id \"1.00E+15\" is no account id: a spreadsheet",
            ),
            ("pcc-1,1,cn-beijing,0,cn-shanghai,", "accepter_account_id \"0\" is no account id"),
            ("=pcc-1,1,cn-beijing,2,cn-shanghai,", "connection_id \"=pcc-1\" begins as a formula does"),
            (
                "p\u{1b}[2J,1,cn-beijing,2,cn-shanghai,",
                "connection_id \"p\\u{1b}[2J\" holds a character that cannot",
            ),
            (
                "pcc-1,1,cn-beijing\u{202e},2,cn-shanghai,",
                "requester_region \"cn-beijing\\u{202e}\" holds a character",
            ),
        ] {
            assert!(first_fault(row).contains(why), "{}", first_fault(row));
        }
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
        let id = "90071992547409931234";
        let inventory =
            inventory(&format!("{HEADER}\npcc-1,{id},cn-beijing,2,cn-shanghai,\n"), None).unwrap();
        assert_eq!(&*inventory.connection(0).requester.account_id, id);
    }

    #[test]
    fn what_a_spreadsheet_wraps_around_ids_is_taken_off() {
        let row =
            "\"=\"\"pcc-1\"\"\",'1000000000000001,cn-beijing,\"=\"\"1000000000000002\"\"\",cn-shanghai,\n";
        let read = inventory(&format!("{HEADER}\n{row}"), None).unwrap();
        let connection = read.connection(0);
        assert_eq!(&*connection.id, "pcc-1");
        assert_eq!(&*connection.requester.account_id, "1000000000000001");
        assert_eq!(&*connection.accepter.account_id, "1000000000000002");
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
}
