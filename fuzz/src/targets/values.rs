//! Single values, against chrono and big rationals; and small texts that are settings.

use super::{
    LONGEST,
    outcome::{check_error, meter_of, october},
    outputs::decimal,
};
use chrono::DateTime;
use num_bigint::BigInt;
use num_rational::BigRational;
use peerbill::{
    BillingMonth, Catalog, TrafficSource,
    catalog::CatalogSource,
    estimate::Schedule,
    meter::Duplicates,
    model::{
        connection::Cidr,
        money::{Amount, Discount, Gb, Money, Rounding, UnitPrice},
        time::{ClockOffset, Offset, Timestamp},
        usage::Sender,
    },
    read::{
        CloudMonitor, Document, LinkTypesBefore,
        cloudmonitor::{Statistic, Unit},
        monthly::read_monthly,
        terraform::StatedRequesters,
    },
    report::Grouping,
};

/// So many lines are values of their own.
const LINES: usize = 8;

/// Times, numbers and prices, one on each line.
pub fn values(data: &[u8]) {
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| text.len() <= LONGEST) else { return };
    let lines: Vec<&str> = text.split('\n').take(LINES).collect();
    for line in &lines {
        time(line);
        offsets(line);
        prices(line);
        monitored(line);
    }
    for pair in lines.windows(2) {
        amounts(pair[0], pair[1]);
    }
}

/// A time is what chrono says, in each of its spellings.
fn time(text: &str) {
    let read = Timestamp::parse(text);
    let expected = instant(text);
    if let Ok(at) = read {
        let (seconds, nanos) = expected.expect("no time that chrono cannot tell");
        let again = Timestamp::parse(&at.to_string());
        assert_eq!(again, Ok(at), "{text}");
        let hour = seconds.div_euclid(3600);
        assert_eq!(at.hour().index(), hour, "{text}");
        let printed = DateTime::from_timestamp(seconds, nanos).expect("a year that chrono knows");
        assert_eq!(at.to_string(), format!("{:?}Z", printed.naive_utc()), "{text}");
    } else if is_strict(text) {
        // The years 0000 to 9999 in UTC; others have no spelling of four digits.
        let years = -62_167_219_200..253_402_300_800;
        assert!(expected.is_none_or(|(seconds, _)| !years.contains(&seconds)), "{text}: {read:?}");
    }
}

/// RFC 3339 as it is written most, and to the nanosecond: that must be read.
fn is_strict(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00";
    let fits = |(byte, shape): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    let (start, rest) = (text.bytes().take(19), text.get(19..).unwrap_or_default());
    let seconds = text.get(17..19).is_some_and(|seconds| seconds < "60");
    text.len() > 19 && start.zip(*shape).all(fits) && seconds && (rest == "Z" || rest == "+08:00")
}

/// The instant of a time, as chrono tells it: seconds and nanoseconds.
fn instant(text: &str) -> Option<(i64, u32)> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            10 => Some((number, 0)),
            13 => Some((number.div_euclid(1000), number.rem_euclid(1000) as u32 * 1_000_000)),
            _ => None,
        };
    }
    // Go prints the offset 0 twice.
    let text = text
        .trim()
        .replace("+00:00 UTC", "Z")
        .replace("+0000 UTC", "Z")
        .replace(" UTC", "Z")
        .replacen(' ', "T", 1)
        .replace(' ', "");
    let seconds_left_out = text.len() > 16 && !matches!(text.as_bytes()[16], b':');
    let text = if seconds_left_out { format!("{}:00{}", text.get(..16)?, text.get(16..)?) } else { text };
    let text = text.strip_suffix("UTC").map(|time| format!("{time}Z")).unwrap_or(text);
    // `+08`, then `+0800`
    let is_hours =
        |end: &str| end.starts_with(['+', '-']) && end[1..].bytes().all(|byte| byte.is_ascii_digit());
    let hours_alone = text.len() > 16 && text.get(text.len() - 3..).is_some_and(is_hours);
    let text = if hours_alone { format!("{text}:00") } else { text };
    let bytes = text.as_bytes();
    let at = bytes.len().checked_sub(5)?;
    let short = matches!(bytes[at], b'+' | b'-') && bytes[at + 1..].iter().all(u8::is_ascii_digit);
    let text = if short { format!("{}:{}", &text[..at + 3], &text[at + 3..]) } else { text };
    let read = DateTime::parse_from_rfc3339(&text).ok()?;
    Some((read.timestamp(), read.timestamp_subsec_nanos()))
}

/// What is read of offsets, months and blocks is printed as what is read again.
fn offsets(text: &str) {
    if let Ok(offset) = text.parse::<Offset>() {
        assert_eq!(offset.to_string().parse(), Ok(offset));
        assert!((-14..=14).contains(&offset.hours()));
    }
    if let Ok(offset) = text.parse::<ClockOffset>() {
        assert!((-14 * 3600..=14 * 3600).contains(&offset.seconds()));
    }
    if let Ok(month) = text.parse::<BillingMonth>() {
        assert_eq!(month.to_string(), text);
        assert!((28 * 24..=31 * 24).contains(&month.period(Offset::CHINA).hours()));
        assert_eq!(BillingMonth::of(month.period(Offset::CHINA).start, Offset::CHINA), Ok(month));
    }
    if let Ok(block) = text.parse::<Cidr>() {
        assert_eq!(block.to_string().parse::<Cidr>().ok(), Some(block));
    }
}

/// A plain decimal number: digits with at most one point.
fn is_plain(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// A price, a discount, an amount and GB are exactly what is written, or refused.
fn prices(text: &str) {
    let plain = is_plain(text);
    let same = |printed: String| assert_eq!(decimal(&printed), decimal(text), "{text}");
    let is = |read: bool| assert!(!read || plain, "{text} is no plain number");
    is(text.parse::<UnitPrice>().map(|price| same(price.to_string())).is_ok());
    is(text.parse::<Discount>().map(|percent| same(percent.to_string())).is_ok());
    is(text.parse::<Money>().map(|money| same(money.to_string())).is_ok());
    for gb in [Gb::Binary, Gb::Decimal] {
        let half_up = |_| (decimal(text) * whole(gb.bytes()) + decimal("0.5")).floor();
        let read = gb.bytes_of(text);
        is(read.is_ok());
        if let Ok(bytes) = read {
            assert_eq!(whole(bytes), half_up(()), "{text}");
        }
    }
}

fn whole(number: impl Into<BigInt>) -> BigRational {
    BigRational::from_integer(number.into())
}

/// Bytes at a price, rounded in each way, and a sum of two.
fn amounts(bytes: &str, price: &str) {
    let (Ok(bytes), Ok(price)) = (bytes.parse::<u128>(), price.parse::<UnitPrice>()) else { return };
    let Ok(amount) = Amount::of(bytes, price) else { return };
    let discounted = "33.333333".parse::<Discount>().expect("a discount");
    let other = price.discounted(discounted);
    let both = Amount::of(bytes >> 20, other).and_then(|part| amount.checked_add(part));
    let exact = |gb: Gb| whole(bytes) * decimal(&price.to_string()) / whole(gb.bytes());
    let part = |gb: Gb| whole(bytes >> 20) * decimal(&other.to_string()) / whole(gb.bytes());
    for gb in [Gb::Binary, Gb::Decimal] {
        for decimals in [0, 2, 10] {
            for rounding in [Rounding::Down, Rounding::HalfUp, Rounding::HalfEven] {
                if let Ok(money) = amount.round(gb, decimals, rounding) {
                    assert_eq!(decimal(&money.to_string()), rounded(&exact(gb), decimals, rounding));
                }
                if let Ok(Ok(money)) = both.as_ref().map(|both| both.round(gb, decimals, rounding)) {
                    assert_eq!(
                        decimal(&money.to_string()),
                        rounded(&(exact(gb) + part(gb)), decimals, rounding)
                    );
                }
            }
        }
    }
}

fn rounded(value: &BigRational, decimals: u32, rounding: Rounding) -> BigRational {
    let unit = whole(BigInt::from(10).pow(decimals));
    let scaled = value * &unit;
    let (floor, half) = (scaled.floor(), decimal("0.5"));
    let rest = &scaled - &floor;
    let odd = (floor.to_integer() % BigInt::from(2)) == BigInt::from(1);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => rest >= half,
        Rounding::HalfEven => rest > half || (rest == half && odd),
    };
    (floor + whole(u8::from(up))) / unit
}

/// A rate of CloudMonitor, of any spelling that JSON has for a number, is billed exactly, rounded half up.
fn monitored(text: &str) {
    let Some(rate) = json_number(text) else { return };
    let answer = format!(
        "{{\"Period\":60,\"Datapoints\":[{{\"timestamp\":1791000000000,\"instanceId\":\"pcc-1\",\"Value\":{text}}}]}}"
    );
    let settings =
        CloudMonitor { statistic: Statistic::Value, unit: Unit::BitsPerSecond, ..CloudMonitor::default() };
    let source = TrafficSource::from_bytes("rx.json", answer).as_cloudmonitor(Sender::Requester, &settings);
    let Ok(metered) = meter_of(&[source], &october(Duplicates::Refuse)) else { return };
    let totals = metered.totals();
    if totals.billed.records == 1 {
        let bytes = (rate * whole(60) / whole(8) + decimal("0.5")).floor();
        assert_eq!(whole(totals.billed.bytes), bytes, "{text}");
    }
}

/// A number that JSON has a spelling for, not negative and of a size that can be computed.
fn json_number(text: &str) -> Option<BigRational> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let leading = number.len() > 1 && number.starts_with('0') && !number.starts_with("0.");
    if !is_plain(number) || leading || text.len() > 100 {
        return None;
    }
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-200..200).contains(exponent))?;
    Some(decimal(number) * whole(10).pow(exponent))
}

/// A text as each of the settings: read, or refused with words.
pub fn settings(data: &[u8]) {
    if data.len() > LONGEST {
        return;
    }
    let document = || Document::new("settings", data);
    told(Schedule::read(&document(), Offset::CHINA));
    told(read_monthly(&document(), Gb::Binary, &["alicloud_vpc_peer_connection.a", "a"]));
    let prices = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n";
    let source =
        CatalogSource { settings: document(), prices: Document::new("prices.csv", prices), regions: None };
    told(Catalog::read(&source));
    let good = super::pricing::catalog_settings(false);
    let regions = CatalogSource {
        settings: Document::new("catalog.toml", good),
        prices: Document::new("prices.csv", prices),
        regions: Some(document()),
    };
    if let Some(catalog) = told(Catalog::read(&regions)) {
        for region in catalog.regions().all().take(20) {
            assert!(catalog.knows_region(&region.id) && catalog.region_id(&region.id).is_ok());
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<&str> = text.lines().take(LINES).collect();
    told(Schedule::parse(lines.iter().copied(), Offset::CHINA));
    told(LinkTypesBefore::parse(lines.iter().copied()));
    told(Grouping::parse(lines.iter().copied()));
    let lines: Vec<String> = lines.into_iter().map(String::from).collect();
    told(StatedRequesters::parse(&lines, &lines));
}

fn told<T>(read: peerbill::Result<T>) -> Option<T> {
    read.inspect_err(check_error).ok()
}
