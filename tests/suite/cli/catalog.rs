//! The catalog.

use super::*;

#[test]
fn catalog_list_names_what_is_shipped_and_marks_what_is_assumed() {
    let outcome = Folder::new().run(&["catalog", "list"]);
    assert_eq!(outcome.code, 0);
    for told in ["china-site", "CNY", "72", "international-site", "USD", "25", "assumed-platinum", "ASSUMED"]
    {
        assert!(outcome.stdout.contains(told), "no {told:?} in {}", outcome.stdout);
    }
}

#[test]
fn catalog_show_prints_every_row_with_its_source() {
    let folder = Folder::new();
    for (name, count) in [("china-site", 72), ("international-site", 25)] {
        let outcome = folder.run(&["catalog", "show", name, "--format", "csv"]);
        let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("CSV")).collect();
        assert_eq!(rows.len(), count);
        assert!(rows.iter().all(|row| row.iter().any(|field| field.starts_with("https://"))), "{rows:?}");
    }
}

const CATALOG: &str = "name = \"own\"\nversion = \"1\"\nsite = \"none\"\ncurrency = \"CNY\"\ngb = \"binary\"\n\
                       symmetric = true\n[rounding]\nmode = \"down\"\ndecimals = 2\nstatus = \"published\"\n";
const PRICES: &str = "source,destination,link_type,unit_price,effective_from,status,source_url,source_date\n\
                      Europe,Europe,Gold,0.131,,published,u,d\n";

#[test]
fn catalog_check_exits_0_for_gaps_and_3_for_faults() {
    let folder = Folder::new();
    for shipped in ["china-site", "international-site"] {
        assert_eq!(folder.run(&["catalog", "check", shipped]).code, 0, "{shipped}");
    }
    folder.write("own/catalog.toml", CATALOG);
    for (rows, code, words) in [
        ("", 0, &["gap", "Asia Pacific"][..]),
        ("Europe,Europe,Gold,0.2,,published,u,d\n", 3, &["own/prices.csv:3:", "line 2"]),
        ("Europe,Asia Pacific,Gold,0.12345678901,,published,u,d\n", 3, &["own/prices.csv:3:", "exactly"]),
        ("Europe,Asia Pacific,Gold,1e-1,,published,u,d\n", 3, &["own/prices.csv:3:", "1e-1"]),
        ("Europe,Asia,Gold,1,,published,u,d\n", 3, &["own/prices.csv:3:", "Asia"]),
        ("eu-west-9,Europe,Gold,1,,published,u,d\n", 3, &["own/prices.csv:3:", "eu-west-9"]),
        (
            "eu-west-1,Europe,Gold,1,,published,u,d\nEurope,us-east-1,Gold,2,,published,u,d\nEurope,eu-central-1,Gold,2,,published,u,d\n",
            3,
            &["eu-west-1 to eu-central-1"],
        ),
        (
            "Europe,Asia Pacific,Gold,1,,published,u,d\nAsia Pacific,Europe,Gold,2,,published,u,d\n",
            0,
            &["asymmetric"],
        ),
    ] {
        folder.write("own/prices.csv", format!("{PRICES}{rows}"));
        let outcome = folder.run(&["catalog", "check", "own"]);
        assert_eq!(outcome.code, code, "{rows}{}", outcome.stderr);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        for word in words {
            assert!(told.contains(word), "no {word:?} in {told}");
        }
    }
}

#[test]
fn catalog_price_tells_price_status_and_source_and_what_is_not_known() {
    let folder = Folder::new();
    let price = |args: &[&str]| folder.run(&[&["catalog", "price", "--from", "cn-beijing"], args].concat());
    let china = price(&["--to", "ap-southeast-1", "--catalog", "china-site"]);
    for told in ["Gold", "5.6", "Platinum", "8.4", "CNY", "published", "https://"] {
        assert!(china.stdout.contains(told), "no {told:?} in {}{}", china.stdout, china.stderr);
    }
    let usd = ["--to", "Singapore", "--catalog", "international-site", "--link-type", "Platinum"];
    assert!(price(&usd).stdout.contains("not known"));
    let assumed = price(&[&usd[..], &["--prices", "assumed-platinum"]].concat());
    assert!(assumed.stdout.contains("1.2") && assumed.stdout.contains("assumed"), "{}", assumed.stdout);
    assert!(price(&["--to", "cn-beijing", "--catalog", "china-site"]).stdout.contains("free"));
    let unknown =
        ["catalog", "price", "--catalog", "china-site", "--from", "cn-beijin", "--to", "cn-hangzhou"];
    folder.refused(2, &unknown, &["cn-beijin", "did you mean \"cn-beijing\""]);
}

#[test]
fn catalog_regions_lists_ids_names_and_areas() {
    let folder = Folder::new();
    let shipped = folder.run(&["catalog", "regions", "--format", "csv"]);
    assert_eq!(shipped.code, 0, "{}", shipped.stderr);
    let mut lines = shipped.stdout.lines();
    assert_eq!(lines.next(), Some("region_id,name_en,name_zh,name_zh_hant,area,peering"));
    let hohhot = "cn-huhehaote,China (Hohhot),华北5（呼和浩特）,華北5（呼和浩特）,Chinese mainland,listed";
    assert!(lines.clone().any(|line| line == hohhot), "{}", shipped.stdout);
    assert_eq!(lines.count(), 40);
    for told in ["cn-huhehaote", "China (Hohhot)", "華北5（呼和浩特）", "Chinese mainland"] {
        assert!(folder.run(&["catalog", "regions"]).stdout.contains(told), "{told}");
    }

    folder.write("own/catalog.toml", CATALOG);
    folder.write("own/prices.csv", PRICES.replace("Europe,Europe", "Here,Here"));
    folder.write("own/regions.csv", "area,region_id\nHere,xx-one\n");
    let own = folder.run(&["catalog", "regions", "own", "--format", "csv"]);
    assert_eq!(own.stdout.lines().nth(1), Some("xx-one,,,,Here,"), "{}", own.stderr);
}

#[test]
fn people_name_regions_as_the_providers_pages_do_and_inventories_hold_ids() {
    let folder = Folder::new();
    let price = |from: &str| {
        folder.run(&[
            "catalog",
            "price",
            "--catalog",
            "china-site",
            "--from",
            from,
            "--to",
            "廣州",
            "--format",
            "csv",
        ])
    };
    let by_id = price("cn-huhehaote");
    assert!(by_id.stdout.contains("cn-huhehaote,cn-guangzhou,Gold,0.48"), "{}{}", by_id.stdout, by_id.stderr);
    for name in ["華北5(呼和浩特)", "华北5（呼和浩特）", "呼和浩特", "Hohhot", "China (Hohhot)"]
    {
        assert_eq!(price(name), by_id, "{name}");
    }
    let several = ["catalog", "price", "--catalog", "china-site", "--from", "Malaysia", "--to", "cn-beijing"];
    folder.refused(2, &several, &["ap-southeast-3", "ap-southeast-8", "peerbill catalog regions"]);

    folder.write(
        "hub.toml",
        "[[vpc]]\nname = \"a\"\naccount = \"1\"\nregion = \"華北5(呼和浩特)\"\n\
         [[vpc]]\nname = \"b\"\naccount = \"2\"\nregion = \"Guangzhou\"\n\
         [[connection]]\nfrom = \"a\"\nto = \"b\"\ngb = 1\nreturn_gb = 0\n",
    );
    let plan = folder.run(&["estimate", "--plan", "hub.toml", "--catalog", "china-site", "--format", "csv"]);
    assert!(
        plan.stdout.contains(",a--b,requester,cn-huhehaote,cn-guangzhou,"),
        "{}{}",
        plan.stdout,
        plan.stderr
    );

    folder.write("connections.csv", CONNECTIONS.replace("cn-huhehaote", "Hohhot"));
    let report = report_args(&["usage.csv"], &[]);
    folder.refused(3, &report, &["connections.csv:2", "\"Hohhot\"", "did you mean \"cn-huhehaote\"?"]);
}

#[test]
fn catalog_price_reads_the_price_in_force_at_an_hour() {
    let folder = Folder::new();
    folder.write("own/catalog.toml", CATALOG);
    folder.write("own/prices.csv", format!("{PRICES}Europe,Europe,Gold,0.099,2026-10-05,published,u,d\n"));
    let base = [
        "catalog",
        "price",
        "--catalog",
        "own",
        "--from",
        "eu-west-1",
        "--to",
        "eu-central-1",
        "--link-type",
        "Gold",
    ];
    for (at, price) in [("2026-10-04T15:59:59Z", "0.131"), ("2026-10-04T16:00:00Z", "0.099")] {
        let outcome = folder.run(&[&base[..], &["--at", at]].concat());
        assert!(outcome.stdout.contains(price), "{at}: {}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn catalog_diff_tells_what_changed_between_catalogs_and_between_dates() {
    let folder = Folder::new();
    folder.write("own/catalog.toml", CATALOG);
    folder.write("own/prices.csv", format!("{PRICES}Europe,Europe,Gold,0.099,2026-10-05,published,u,d\n"));
    let sites = folder.run(&["catalog", "diff", "china-site", "international-site"]);
    assert!(sites.stdout.contains("currency") && sites.stdout.contains("0.072"), "{}", sites.stdout);
    let dates = folder.run(&["catalog", "diff", "own@2026-10-04", "own@2026-10-05"]);
    assert!(dates.stdout.contains("0.131") && dates.stdout.contains("0.099"), "{}", dates.stdout);
    assert!(dates.stderr.contains("1 differences"), "{}", dates.stderr);
    let none = folder.run(&["catalog", "diff", "china-site", "china-site"]);
    assert_eq!((none.code, none.stderr.contains("0 differences")), (0, true));
}
