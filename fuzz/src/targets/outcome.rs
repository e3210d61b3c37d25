//! What comes of metering some sources, and what must hold for it whatever they are.

use super::outputs;
use peerbill::{
    Catalog, ErrorKind, Inventory, MeterSettings, Metered, TrafficSource,
    error::FAULTS_LISTED,
    inventory,
    meter::{Duplicates, Refused, meter},
    model::time::Offset,
    report::{ReportOptions, report},
    write,
};
use std::sync::{Arc, OnceLock};

/// Connections of every kind: between regions and inside one, with a life, with ids that are hard to read, with VPCs.
const CONNECTIONS: &str = "\
connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,created_at,deleted_at,bandwidth_mbps,requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs
pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,,,,vpc-1,vpc-2,10.0.0.0/16 2001:db8::/32,172.16.0.0/16
pcc-2,1000000000000001,cn-huhehaote,1000000000000003,cn-huhehaote,,,,-1,vpc-1,vpc-3,10.0.0.0/16,192.168.0.0/16
pcc-3,1000000000000003,eu-central-1,1000000000000003,cn-hangzhou,Platinum,2026-10-02T04:05:06Z,2026-10-20T10:20:00Z,100,vpc-3,vpc-4,192.168.0.0/16,10.4.0.0/16
pcc-aaa,90071992547409931,ap-southeast-1,90071992547409932,us-east-1,Platinum,,,,,,,
pcc-333-with-an-id-of-more-than-32-bytes,1000000000000001,cn-beijing,1000000000000002,us-east-1,Gold,,,,,,,
";

const CHANGES: &str = "\
connection_id,changed_at,from_link_type,to_link_type
pcc-aaa,2026-10-05T03:20:00Z,Gold,Platinum
pcc-333-with-an-id-of-more-than-32-bytes,2026-10-01T00:00:00Z,Gold,Platinum
pcc-333-with-an-id-of-more-than-32-bytes,2026-10-05T04:00:00Z,Platinum,Gold
";

/// The connections that traffic is read for.
pub fn connections() -> Arc<Inventory> {
    static READ: OnceLock<Arc<Inventory>> = OnceLock::new();
    READ.get_or_init(|| Arc::new(inventory(CONNECTIONS, Some(CHANGES)).expect("the inventory is good")))
        .clone()
}

/// A catalog that knows all prices.
pub fn catalog() -> &'static Catalog {
    static READ: OnceLock<Catalog> = OnceLock::new();
    READ.get_or_init(|| Catalog::shipped("china-site").expect("it is shipped"))
}

/// October 2026 at UTC+8, on one thread, keeping what is refused.
pub fn october(duplicates: Duplicates) -> MeterSettings {
    let mut settings = MeterSettings::new("2026-10".parse().expect("a month"));
    settings.offset = Offset::CHINA;
    settings.refused = Refused::Keep;
    settings.duplicates = duplicates;
    settings
}

/// Meters `sources` of the known connections.
pub fn meter_of(sources: &[TrafficSource], settings: &MeterSettings) -> peerbill::Result<Metered> {
    let metered = meter(sources, connections(), settings);
    match &metered {
        Ok(metered) => check(metered),
        Err(error) => check_error(error),
    }
    metered
}

/// What must hold for every error.
pub fn check_error(error: &peerbill::Error) {
    let listed = error.faults().len();
    assert!(listed > 0 && listed as u64 <= error.total(), "{} faults of {}", listed, error.total());
    assert!(error.kind() == ErrorKind::MissingPrice || listed <= FAULTS_LISTED);
    assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(
        error.faults().iter().all(|fault| !write::explained(fault).trim().is_empty()),
        "a fault without words"
    );
}

/// What must hold for every metering.
fn check(metered: &Metered) {
    let totals = metered.totals();
    let parts = [totals.billed, totals.free, totals.outside_period, totals.refused];
    assert_eq!(parts.iter().map(|part| part.records).sum::<u64>(), totals.read.records, "R14: records");
    assert_eq!(parts.iter().map(|part| part.bytes).sum::<u128>(), totals.read.bytes, "R14: bytes");
    assert_eq!(metered.refused().len() as u64, totals.refused.records, "all that is refused is kept");
    let by_code = metered.refused_by_code().values().sum::<u64>();
    assert_eq!(by_code, totals.refused.records, "each refusal has its code");
    let hours = metered.usage().metered_hours().expect("its sums can be told");
    let in_hours = hours.iter().map(|hour| hour.bytes).sum::<u128>();
    assert_eq!(in_hours, totals.billed.bytes + totals.free.bytes, "what is billed or free lies in hours");
    for hour in &hours {
        assert!(
            hour.hour >= october(Duplicates::Sum).period().start
                && hour.hour < october(Duplicates::Sum).period().end
        );
    }
}

/// All that a user could see of a metering, whichever way it was read.
pub fn seen(metered: &peerbill::Result<Metered>) -> String {
    match metered {
        Err(error) => format!("{:?} {} {error}", error.kind(), error.total()),
        Ok(metered) => format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{}\n{:?}",
            metered.totals(),
            metered.usage().metered_hours().expect("its sums can be told"),
            metered.refused(),
            metered.unknown(),
            metered.refused_for_cause(),
            metered.digest().expect("its sums can be told"),
        ),
    }
}

/// What no record's place can change: totals and hours.
pub fn summed(metered: &Metered) -> String {
    let digest = metered.digest().expect("its sums can be told");
    format!("{:?}\n{:?}\n{digest}", metered.totals(), metered.refused_by_code())
}

/// Without leave to refuse, a metering fails exactly where a record is refused for a cause.
pub fn check_strict(sources: &[TrafficSource], metered: &Metered, settings: &MeterSettings) {
    let mut settings = *settings;
    settings.refused = Refused::Fail;
    match meter(sources, connections(), &settings) {
        Ok(strict) => {
            assert_eq!(metered.refused_for_cause(), 0, "nothing that is refused passes");
            assert_eq!(summed(&strict), summed(metered));
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(error.total(), metered.refused_for_cause(), "every refusal is counted");
        }
    }
}

/// A metering's report can be made, written and read back.
pub fn check_report(metered: &Metered, hourly: bool) {
    let mut options = ReportOptions::default();
    options.hourly = hourly;
    match report(metered, catalog(), options) {
        Ok(report) => outputs::check(&report),
        Err(error) => {
            check_error(&error);
            let kinds = [ErrorKind::Overflow, ErrorKind::MissingPrice];
            assert!(kinds.contains(&error.kind()), "{error}");
        }
    }
}

/// Metered hours are the same when they are written and read back.
pub fn check_hours(metered: &Metered) {
    let mut files = vec![Vec::new()];
    if write::metered::csv(metered, &mut files[0]).is_err() {
        // More than 2^80-1 bytes in an hour are refused, and could not be read.
        return;
    }
    #[cfg(feature = "parquet")]
    {
        files.push(Vec::new());
        write::metered::parquet(metered, &mut files[1]).expect("what CSV can hold, Parquet can");
    }
    for file in files {
        let source = [TrafficSource::from_bytes("hours", file).as_metered()];
        let again = meter_of(&source, &october(Duplicates::Refuse)).expect("hours can be read again");
        assert_eq!(again.digest().expect("it can be told"), metered.digest().expect("it can be told"));
        assert_eq!(again.totals().refused.records, 0);
    }
}
