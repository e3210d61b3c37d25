//! Workbooks, as openpyxl reads them and LibreOffice computes them.

mod estimate;

use crate::support::{program::run, tools};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tempfile::TempDir;

const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,tag:team\n\
                           pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,=1+1\n\
                           pcc-2,1000000000000003,cn-beijing,1000000000000002,cn-shanghai,Gold,\n";

/// A folder with a month in it, whose reports are written as workbooks.
struct Folder(TempDir);

impl Folder {
    fn new(usage: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("usage.csv", usage);
        folder.write("connections.csv", CONNECTIONS);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file");
    }

    /// The report of October 2026 in a file of this name, which decides the format.
    fn report(&self, output: &str, args: &[&str]) {
        let inputs =
            ["report", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
        let catalog: &[&str] = if args.contains(&"--catalog") { &[] } else { &["--catalog", "china-site"] };
        let outcome = run(self.0.path(), &[&inputs, catalog, args, &["--output", output]].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }

    /// The workbook of that, as openpyxl reads it.
    fn workbook(&self, args: &[&str]) -> Option<Book> {
        self.report("bill.xlsx", args);
        Book::read(&self.path("bill.xlsx"))
    }

    /// The CSV of that, row by row, without its header, and the header.
    fn csv(&self, args: &[&str]) -> (Vec<String>, Vec<Vec<String>>) {
        self.report("bill.csv", args);
        read_csv(&self.path("bill.csv"))
    }
}

fn read_csv(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).expect("a CSV");
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = texts(reader.headers().expect("a header"));
    let rows = reader.records().map(|record| texts(&record.expect("a record"))).collect();
    (header, rows)
}

/// A workbook as it was read.
struct Book(Value);

impl Book {
    fn read(path: &Path) -> Option<Self> {
        let output = script()?.arg("dump").arg(path).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Self(serde_json::from_slice(&output.stdout).expect("JSON")))
    }

    fn sheets(&self) -> &[Value] {
        self.0["sheets"].as_array().expect("sheets")
    }

    fn names(&self) -> Vec<&str> {
        self.sheets().iter().map(|sheet| sheet["name"].as_str().expect("a name")).collect()
    }

    fn sheet(&self, name: &str) -> &Value {
        self.sheets().iter().find(|sheet| sheet["name"] == name).unwrap_or_else(|| panic!("no sheet {name}"))
    }

    /// The rows of a sheet below its header, up to a blank one, each by the names of its columns.
    fn table(&self, name: &str) -> Vec<BTreeMap<String, Value>> {
        let rows = self.sheet(name)["rows"].as_array().expect("rows");
        let header = cells(&rows[0]).iter().map(text).collect::<Vec<_>>();
        let named =
            |row: &Value| header.iter().cloned().zip(cells(row).iter().cloned()).collect::<BTreeMap<_, _>>();
        let is_blank = |row: &Value| cells(row).iter().take(3).all(Value::is_null);
        let upper = rows[1..].iter().take_while(|row| !is_blank(row));
        upper.map(named).collect()
    }

    /// Every formula with what stands in its cell, by sheet and place.
    fn formulas(&self) -> BTreeMap<(String, usize, usize), (String, String)> {
        let mut found = BTreeMap::new();
        for sheet in self.sheets() {
            let rows = sheet["rows"].as_array().expect("rows").iter().enumerate();
            for (row, column, cell) in rows.flat_map(|(row, cells_of)| {
                cells(cells_of).iter().enumerate().map(move |(at, cell)| (row, at, cell))
            }) {
                if let Some(formula) = cell.as_object().and_then(|cell| cell.get("f")) {
                    let place = (text(&sheet["name"]), row, column);
                    found.insert(place, (text(formula), text(cell)));
                }
            }
        }
        found
    }
}

fn cells(row: &Value) -> &[Value] {
    row.as_array().expect("cells")
}

/// What stands in a cell: a text as it is, a number as plain decimal text without zeros at its end.
fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        cell => match (cell["s"].as_str(), cell["n"].as_str()) {
            (Some(text), _) => text.to_owned(),
            (_, Some(number)) => plain(number),
            _ => panic!("{cell}"),
        },
    }
}

fn plain(number: &str) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number.to_owned(),
    }
}

fn is_number(cell: &Value) -> bool {
    cell.as_object().is_some_and(|cell| cell.contains_key("n"))
}

fn script() -> Option<Command> {
    let mut python = tools::python("python", &["openpyxl"])?;
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/xlsx.py"));
    Some(python)
}

/// The workbooks with all formulas computed by LibreOffice: their results are taken out before it opens the files. It takes
/// its time to start, so that one run computes all of them.
fn computed(paths: &[&Path]) -> Option<Vec<Book>> {
    let mut soffice = tools::program("soffice")?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
    soffice.args([&profile, "--headless", "--convert-to", "xlsx", "--outdir"]).arg(folder.path().join("out"));
    let name = |index: usize| format!("forgotten-{index}.xlsx");
    for (index, path) in paths.iter().enumerate() {
        let copy = folder.path().join(name(index));
        let done = script()?.arg("forget").arg(path).arg(&copy).status().expect("python runs");
        assert!(done.success());
        soffice.arg(copy);
    }
    let output = soffice.output().expect("LibreOffice runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (0..paths.len()).map(|index| Book::read(&folder.path().join("out").join(name(index)))).collect()
}

/// Holds what LibreOffice computes against what is stored; tells which sheets have formulas.
fn assert_computed(stored: &Book, computed: &Book) -> BTreeSet<String> {
    let formulas = stored.formulas();
    for ((sheet, row, column), (formula, value)) in &formulas {
        let is_rounded = formula.ends_with(",2)") || formula.ends_with(",10)");
        assert!(formula.starts_with("=ROUND(SUM(") && is_rounded, "{formula}");
        let result = &computed.sheet(sheet)["rows"][row][column];
        assert_eq!(&text(result), value, "{sheet} {row} {column}: {formula}");
    }
    // Everything that was read as a number or text before is so still.
    for name in stored.names() {
        assert_eq!(stored.table(name).len(), computed.table(name).len(), "{name}");
    }
    formulas.into_keys().map(|(sheet, ..)| sheet).collect()
}

/// Runs `report` on the month of the examples, for files in `folder`.
fn example(folder: &Path, output: &str, args: &[&str]) -> PathBuf {
    let path = folder.join(output);
    let month = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/month");
    let words =
        ["report", "--usage", "usage.csv", "--month", "2026-10", "--output", path.to_str().expect("UTF-8")];
    let outcome = run(&month, &[&words, args].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    path
}

/// The hourly workbook of the month of the examples, which takes its time to be read.
fn hourly_example() -> Option<&'static Book> {
    static BOOK: LazyLock<Option<Book>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Book::read(&example(folder.path(), "bill.xlsx", &["--hourly"]))
    });
    BOOK.as_ref()
}

const NUMBERS: [&str; 8] = [
    "consumed_bytes",
    "pricing_quantity",
    "list_unit_price",
    "contracted_unit_price",
    "billed_cost",
    "metered_hours",
    "raised_hours",
    "raised_cost",
];

/// Holds a sheet against a CSV, cell by cell: numbers are numbers of the same digits, or text where those are too many.
fn assert_same_rows(book: &Book, sheet: &str, (header, rows): &(Vec<String>, Vec<Vec<String>>)) {
    let read = book.sheet(sheet)["rows"].as_array().expect("rows");
    assert_eq!(&cells(&read[0]).iter().map(text).collect::<Vec<_>>(), header);
    assert_eq!(read.len(), rows.len() + 1, "{sheet}");
    for (read, row) in read[1..].iter().zip(rows) {
        for ((name, cell), value) in header.iter().zip(cells(read)).zip(row) {
            let digits = value.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0');
            let digits = String::from_utf8(digits.collect()).expect("digits");
            let fits = digits.trim_end_matches('0').len() <= 15;
            assert_eq!(
                is_number(cell),
                NUMBERS.contains(&&**name) && !value.is_empty() && fits,
                "{name}: {value}"
            );
            let expected = if is_number(cell) { plain(value) } else { value.clone() };
            assert_eq!(text(cell), expected, "{sheet}: {name}");
        }
    }
}

#[test]
fn the_sheets_hold_the_figures_of_the_csv() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(book) = hourly_example() else { return };
    assert_eq!(
        book.names(),
        ["Summary", "Lines", "Hours", "Days", "Routes", "Control totals", "Findings", "Basis"]
    );
    let lines = read_csv(&example(folder.path(), "lines.csv", &[]));
    let hours = read_csv(&example(folder.path(), "hours.csv", &["--hourly"]));
    assert_same_rows(book, "Lines", &lines);
    assert_same_rows(book, "Hours", &hours);

    let json = fs::read_to_string(example(folder.path(), "bill.json", &[])).expect("JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let summary = book.table("Summary");
    let accounts = json["accounts"].as_array().expect("accounts");
    assert_eq!(summary.len(), accounts.len());
    for (row, account) in summary.iter().zip(accounts) {
        assert_eq!(text(&row["billing_month"]), "2026-10");
        assert_eq!(text(&row["billing_currency"]), "CNY");
        assert!(!is_number(&row["billing_account_id"]) && !is_number(&row["billing_month"]));
        for key in ["billing_account_id", "subtotal", "adjustment", "payable", "raised_hours", "raised_cost"]
        {
            assert_eq!(text(&row[key]), plain(account[key].as_str().expect("text")), "{key}");
        }
    }
    let totals = book.table("Control totals");
    for name in ["read", "billed", "free", "outside_period", "refused"] {
        let row = totals.iter().find(|row| text(&row["total"]) == name).expect("a total");
        for of in ["records", "bytes"] {
            assert_eq!(row[of]["n"], json["control_totals"][of][name], "{name}");
        }
        assert_eq!(text(&row["partial"]), "false");
    }
    let findings = book.table("Findings");
    let of_json = json["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), of_json.len());
    for (row, finding) in findings.iter().zip(of_json) {
        assert_eq!((&row["code"]["s"], &row["message"]["s"]), (&finding["code"], &finding["message"]));
    }
    let basis: BTreeMap<String, String> =
        book.table("Basis").iter().map(|row| (text(&row["name"]), text(&row["value"]))).collect();
    for (name, value) in
        [("price_digest", &json["catalog"]["digest"]), ("usage_digest", &json["usage_digest"])]
    {
        assert_eq!(&basis[name], value.as_str().expect("a digest"));
    }
    assert_eq!((&*basis["offset"], &*basis["gb"]), ("+08:00", "2^30 bytes"));
}

#[test]
fn days_and_routes_add_up_to_the_lines_and_are_drawn() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(book) = Book::read(&example(folder.path(), "bill.xlsx", &[])) else { return };
    assert!(!book.names().contains(&"Hours"));
    let (header, rows) = read_csv(&example(folder.path(), "days.csv", &["--by", "billing_account_id,day"]));
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let mut by_day: Vec<[String; 4]> = rows
        .iter()
        .filter(|row| row[at("charge_category")] != "adjustment")
        .map(|row| {
            let cost = plain(&row[at("billed_cost")]);
            [
                row[at("charge_period_start")].clone(),
                row[at("billing_account_id")].clone(),
                row[at("consumed_bytes")].clone(),
                cost,
            ]
        })
        .collect();
    by_day.sort();
    let days = book.table("Days");
    assert_eq!(days.len(), by_day.len());
    for (row, [start, account, bytes, cost]) in days.iter().zip(&by_day) {
        // A day of +08:00 begins at 16:00 UTC of the day before.
        let day: u32 = text(&row["day"]).rsplit('-').next().and_then(|day| day.parse().ok()).expect("a day");
        let before = if day == 1 { "2026-09-30".to_owned() } else { format!("2026-10-{:02}", day - 1) };
        assert_eq!(start, &format!("{before}T16:00:00Z"));
        let read = ["billing_account_id", "consumed_bytes", "billed_cost"].map(|name| text(&row[name]));
        assert_eq!(&read, &[account.clone(), bytes.clone(), cost.clone()]);
    }
    for (sheet, title, labels, rows) in
        [("Days", "Cost per day, CNY", "chart_day", 31), ("Routes", "Cost per route, CNY", "chart_route", 11)]
    {
        let read = book.sheet(sheet);
        let [chart] = read["charts"].as_array().expect("charts").as_slice() else { panic!("{sheet}") };
        assert_eq!(chart["title"], title);
        let header = cells(&read["rows"][0]).iter().map(text).collect::<Vec<_>>();
        let column = header.iter().position(|name| name == labels).expect("the rows of the chart");
        assert_eq!(header[column + 1], "chart_billed_cost");
        let range = |column: usize| format!("{sheet}!${0}$2:${0}${1}", letters(column), rows + 1);
        assert_eq!((&chart["labels"], &chart["values"]), (&range(column).into(), &range(column + 1).into()));
        let charted = read["rows"].as_array().expect("rows")[1..=rows].iter();
        assert!(charted.clone().all(|row| is_number(&row[column + 1])));
        let formulas = charted.filter(|row| row[column + 1].get("f").is_some()).count();
        assert_eq!(formulas, rows, "{sheet}: every total is a formula");
    }
}

fn letters(column: usize) -> String {
    let letter = |index: usize| char::from(b'A' + index as u8);
    match column / 26 {
        0 => letter(column).to_string(),
        more => format!("{}{}", letter(more - 1), letter(column % 26)),
    }
}

#[test]
fn what_a_spreadsheet_computes_is_what_is_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = example(folder.path(), "bill.xlsx", &[]);
    let Some(stored) = Book::read(&path) else { return };
    let estimates = estimate::of_every_kind(folder.path());
    let paths: Vec<&Path> = [&path].into_iter().chain(&estimates).map(PathBuf::as_path).collect();
    let Some(computed) = computed(&paths) else { return };
    let sheets = assert_computed(&stored, &computed[0]);
    assert_eq!(sheets, BTreeSet::from(["Control totals", "Days", "Routes", "Summary"].map(str::to_owned)));
    let mut sheets = BTreeSet::new();
    for (path, computed) in estimates.iter().zip(&computed[1..]) {
        sheets.extend(assert_computed(&Book::read(path).expect("openpyxl is there"), computed));
    }
    let expected = ["Changes", "Control totals", "Forecast", "Scenarios", "Summary"];
    assert_eq!(sheets, BTreeSet::from(expected.map(str::to_owned)));
}

/// The whole part of a number.
fn whole(number: &Value) -> usize {
    number.to_string().split('.').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

#[test]
fn every_sheet_has_a_frozen_header_with_a_filter_and_columns_wide_enough() {
    let Some(book) = hourly_example() else { return };
    for sheet in book.sheets() {
        assert_eq!(sheet["frozen"], "A2", "{}", sheet["name"]);
        assert!(sheet["filter"].as_str().expect("a filter").starts_with("A1:"), "{}", sheet["name"]);
        for (cell, width) in cells(&sheet["rows"][0]).iter().zip(sheet["widths"].as_array().expect("widths"))
        {
            let needed = text(cell).chars().count().min(60);
            assert!(whole(width) >= needed, "{}", text(cell));
        }
    }
    let lines = &book.sheet("Lines")["rows"][1];
    let formats: Vec<&str> = cells(lines).iter().filter_map(|cell| cell["format"].as_str()).collect();
    assert_eq!((formats[0], formats[9], formats[13]), ("@", "#,##0", "#,##0.00########"));
}

#[test]
fn numbers_that_a_double_does_not_hold_are_text_and_their_totals_values() {
    let usage = "timestamp,connection_id,sender,bytes\n\
                 2026-10-05T03:00:00Z,pcc-1,requester,18446744073709551615\n\
                 2026-10-05T04:00:00Z,pcc-1,requester,1\n\
                 2026-10-05T03:00:00Z,pcc-1,accepter,107374182400\n\
                 2026-10-05T03:00:00Z,pcc-2,requester,1048576000000001\n";
    let folder = Folder::new(usage);
    let Some(book) = folder.workbook(&["--hourly"]) else { return };
    assert_same_rows(&book, "Lines", &folder.csv(&[]));
    assert_same_rows(&book, "Hours", &folder.csv(&["--hourly"]));
    let first = &book.table("Lines")[0];
    assert_eq!(text(&first["consumed_bytes"]), "18446744073709551616");
    assert!(!is_number(&first["consumed_bytes"]) && is_number(&first["billed_cost"]));
    // A total over them is a value; one over numbers alone a formula.
    let totals = book.table("Control totals");
    let sum = totals.iter().find(|row| text(&row["total"]) == "sum of Lines").expect("a sum");
    assert!(sum["bytes"].get("f").is_none());
    assert_eq!(text(&sum["bytes"]), "18447792757083734017");
    for (_, (formula, _)) in book.formulas() {
        assert!(!formula.contains("SUMIF"), "{formula}");
    }
    let Some(computed) = computed(&[&folder.path("bill.xlsx")]) else { return };
    assert_computed(&book, &computed[0]);
}

const USAGE: &str = "timestamp,connection_id,sender,bytes\n\
                     2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n\
                     2026-10-05T03:00:00Z,pcc-1,accepter,107374182400\n\
                     2026-10-31T20:00:00Z,pcc-2,requester,5\n\
                     2026-10-07T20:00:00Z,pcc-2,requester,5\n";

#[test]
fn what_comes_from_inputs_is_text_and_never_a_formula() {
    let folder = Folder::new(USAGE);
    let long = "漢".repeat(40_000);
    let hostile = ["=HYPERLINK(\"http://x\")", "@SUM(A1)\u{1b}[2J", "<b>&amp;_x0041_\u{202e}\u{ffff}"];
    let names = format!(
        "account_id,name,cost_center\n1000000000000001,{},+1\n1000000000000002,{},-1\n1000000000000003,{},{long}\n",
        "\"=HYPERLINK(\"\"http://x\"\")\"", hostile[1], hostile[2]
    );
    folder.write("accounts.csv", &names);
    let args = ["--accounts", "accounts.csv", "--by", "billing_account_id,tag:team,account.cost_center"];
    let Some(book) = folder.workbook(&args) else { return };
    for ((sheet, ..), (formula, _)) in book.formulas() {
        assert!(formula.starts_with("=ROUND(SUM("), "{sheet}: {formula}");
    }
    let summary = book.table("Summary");
    let names: Vec<String> = summary.iter().map(|row| text(&row["billing_account_name"])).collect();
    assert_eq!(names, [hostile[0], "@SUM(A1)\\u{1b}[2J", "<b>&amp;_x0041_\\u{202e}\\u{ffff}"]);
    assert!(book.table("Days").iter().all(|row| row.contains_key("billing_account_name")));
    let lines = book.table("Lines");
    let teams: BTreeSet<String> = lines.iter().map(|row| text(&row["tag:team"])).collect();
    assert!(teams.contains("=1+1"), "{teams:?}");
    let centers: Vec<String> = lines.iter().map(|row| text(&row["account.cost_center"])).collect();
    assert!(centers.contains(&"+1".to_owned()) && centers.contains(&"-1".to_owned()));
    // A cell holds 32,767 characters; what is cut says so, and so does the basis.
    let cut = centers.iter().find(|value| value.starts_with('漢')).expect("the long one");
    assert_eq!((cut.chars().count(), cut.chars().last()), (32_767, Some('…')));
    assert!(book.table("Basis").iter().any(|row| text(&row["value"]).contains("32,767")));
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let folder = Folder::new(USAGE);
    let bytes = |threads: &str| {
        let mut program = crate::support::program::peerbill(folder.0.path());
        let inputs =
            ["report", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];
        program.args(inputs).args(["--catalog", "china-site", "--hourly", "--output", "bill.xlsx"]);
        assert!(
            program
                .env("PEERBILL_THREADS", threads)
                .env("TZ", "Asia/Tokyo")
                .status()
                .expect("it runs")
                .success()
        );
        fs::read(folder.path("bill.xlsx")).expect("a workbook")
    };
    let first = bytes("1");
    // The clock of a zip counts in steps of two seconds.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert!(first == bytes("7"));
    let Some(book) = Book::read(&folder.path("bill.xlsx")) else { return };
    assert_eq!(
        (&book.0["created"], &book.0["modified"]),
        (&book.0["modified"], &"2000-01-01 00:00:00".into())
    );
}

#[test]
fn grouped_lines_hold_their_groups_and_one_account_is_marked_partial() {
    let folder = Folder::new(USAGE);
    for by in ["link_type", "day", "billing_account_id,connection_id", "charge_period_start"] {
        let Some(book) = folder.workbook(&["--by", by]) else { return };
        assert_same_rows(&book, "Lines", &folder.csv(&["--by", by]));
        let summary = book.table("Summary");
        let payable: Vec<String> = summary.iter().map(|row| text(&row["payable"])).collect();
        assert_eq!(payable, ["96", "48", "0"], "{by}");
    }
    for by in ["link_type", "charge_period_start"] {
        let Some(book) = folder.workbook(&["--by", by, "--hourly"]) else { return };
        assert_same_rows(&book, "Lines", &folder.csv(&["--by", by]));
        assert_same_rows(&book, "Hours", &folder.csv(&["--by", by, "--hourly"]));
    }
    let Some(book) = folder.workbook(&["--account", "1000000000000002"]) else { return };
    assert_eq!(book.table("Summary").len(), 1);
    assert_eq!(book.table("Days").len(), 1);
    let totals = book.table("Control totals");
    assert_eq!(text(&totals[0]["partial"]), "true");
    assert_eq!(text(&totals[0]["records"]), "4");
    let basis = book.table("Basis");
    assert!(basis.iter().any(|row| text(&row["value"]).contains("Only account 1000000000000002")));
}

#[test]
fn r18_an_assumed_price_marks_all_that_it_touched() {
    let folder = Folder::new(USAGE);
    folder.write(
        "connections.csv",
        &CONNECTIONS.replacen("Gold", "Platinum", 1).replacen("cn-beijing", "cn-wulanchabu", 1),
    );
    let args = ["--catalog", "international-site", "--prices", "assumed-platinum"];
    let Some(book) = folder.workbook(&args) else { return };
    let marks = |sheet: &str| book.table(sheet).iter().map(|row| text(&row["assumed"])).collect::<Vec<_>>();
    assert_eq!(marks("Summary"), ["true", "true", "false"]);
    assert_eq!(marks("Routes").iter().filter(|mark| *mark == "true").count(), 2);
    assert_eq!(marks("Days")[0], "true");
    for sheet in ["Days", "Routes"] {
        let title = text(&book.sheet(sheet)["charts"][0]["title"]);
        assert!(title.contains("ASSUMED") && title.contains("USD"), "{title}");
    }
    assert!(book.table("Findings").iter().any(|row| text(&row["code"]) == "assumed_price"));
}

#[test]
fn notes_speak_the_language_that_is_stated_and_names_stay() {
    let folder = Folder::new(USAGE);
    let Some(english) = folder.workbook(&[]) else { return };
    for (lang, words) in [("zh-Hans", "电子表格"), ("zh-Hant", "試算表")] {
        let Some(book) = folder.workbook(&["--lang", lang]) else { return };
        assert_eq!(book.names(), english.names());
        for name in book.names() {
            let header =
                |book: &Book| cells(&book.sheet(name)["rows"][0]).iter().map(text).collect::<Vec<_>>();
            assert_eq!(header(&book), header(&english));
        }
        assert!(book.table("Basis").iter().any(|row| text(&row["value"]).contains(words)), "{lang}");
    }
}

/// The whole workbook of the examples' month, cell by cell.
#[test]
fn the_month_of_the_examples_comes_out_as_expected() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(book) = Book::read(&example(folder.path(), "bill.xlsx", &[])) else { return };
    assert_as_expected(&book, "month.txt");
}

/// Holds a workbook, cell by cell, against a file of expected ones.
fn assert_as_expected(book: &Book, name: &str) {
    let mut shown = String::new();
    for sheet in book.sheets() {
        shown.push_str(&format!("## {}\n", text(&sheet["name"])));
        for row in sheet["rows"].as_array().expect("rows") {
            let cell = |cell: &Value| match cell.get("f").and_then(Value::as_str) {
                Some(formula) => format!("{formula} is {}", text(cell)),
                None => text(cell),
            };
            let row = cells(row).iter().map(cell).collect::<Vec<_>>().join(" | ");
            shown.push_str(&format!("{}\n", row.trim_end_matches([' ', '|'])));
        }
    }
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/xlsx").join(name);
    if std::env::var_os("PEERBILL_UPDATE_GOLDEN").is_some() {
        fs::write(&expected, &shown).expect("the case is writable");
        panic!("the expected workbook was rewritten: read `git diff`");
    }
    let expected = fs::read_to_string(&expected).expect("the repository has it");
    for (line, (expected, shown)) in (1..).zip(expected.lines().zip(shown.lines())) {
        assert_eq!(shown, expected, "{name}, line {line}");
    }
    assert_eq!(shown.lines().count(), expected.lines().count());
}

/// A workbook of rows keeps its sheets, headers and words in every language; what it explains is in that.
#[test]
fn a_workbook_of_rows_speaks_where_sentences_stand() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/reconcile/time-edge");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.xlsx");
    let inputs =
        ["reconcile", "--bill", "bill.csv", "--usage", "usage.csv", "--connections", "connections.csv"];
    let output = path.display().to_string();
    let settings =
        ["--catalog", "china-site", "--month", "2026-10", "--lang", "zh-Hans", "--output", &output];
    assert_eq!(run(&case, &[&inputs[..], &settings].concat()).code, 1);
    let Some(book) = Book::read(&path) else { return };
    assert_eq!(book.names(), ["Rows", "Totals", "Classes", "Codes met", "Kept apart", "Basis"]);
    let rows = book.table("Rows");
    let moved = rows.iter().find(|row| text(&row["class"]) == "time_edge").expect("a row that moved");
    assert!(text(&moved["explanation"]).starts_with("从 2026-10-05 到 2026-10-06，差额"), "{moved:?}");
    let basis = book.table("Basis");
    let value =
        |name: &str| basis.iter().find(|row| text(&row["name"]) == name).map(|row| text(&row["value"]));
    assert_eq!(value("amounts").as_deref(), Some("目录价"));
    assert!(value("note").is_some_and(|note| note.contains("账单中的计费项")), "{basis:?}");
}
