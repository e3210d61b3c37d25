//! Pages of HTML: what programs read of them, what a browser makes of them, and that nothing in them acts.
//!
//! What needs Chromium, driven by selenium, is skipped by name where either is absent.

use crate::support::{program::run, tools};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Rewrites the snapshots; such a run fails.
const UPDATE: &str = "PEERBILL_UPDATE_GOLDEN";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What comes out of one run as a page and as CSV.
struct Written {
    folder: TempDir,
}

impl Written {
    /// Runs `args` in `from`.
    fn by(from: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [page, lines] =
            ["page.html", "lines.csv"].map(|name| folder.path().join(name).display().to_string());
        let outcome = run(from, &[args, &["--output", &page, "--output", &lines]].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
        Self { folder }
    }

    /// The examples' month, with these arguments.
    fn month(args: &[&str]) -> Self {
        let month = ["report", "--usage", "usage.csv", "--month", "2026-10"];
        Self::by(&root().join("examples/month"), &[&month, args].concat())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn page(&self) -> String {
        fs::read_to_string(self.path("page.html")).expect("a page")
    }

    fn lines(&self) -> String {
        fs::read_to_string(self.path("lines.csv")).expect("lines")
    }

    /// Lets a browser check the page against the CSV; `hostile` where its inputs are.
    fn browse(&self, hostile: bool) {
        let there = tools::program("chromium").and(tools::program("chromedriver"));
        let Some(mut python) = there.and_then(|_| tools::python("python", &["selenium"])) else { return };
        let script = root().join("tests/suite/read_page.py");
        python.args([script, self.path("page.html"), self.path("lines.csv")]);
        python.args(hostile.then_some("hostile"));
        let output = python.output().expect("python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What stands between `start` and `end`, wherever that is.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Vec<&'t str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().expect("a first part")).collect()
}

/// The page without style and script, and the digests of them.
fn content(page: &str) -> String {
    let mut content = page.to_owned();
    for (start, end) in [("<style>", "</style>"), ("<script>", "</script>"), ("sha256-", "&#39;")] {
        for part in between(page, start, end) {
            content = content.replacen(part, "", 1);
        }
    }
    content
}

/// A decimal as a number of 10^-10.
fn units(decimal: &str) -> i128 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{fraction:0<10}").parse().expect("a decimal")
}

#[test]
fn the_page_of_the_examples_is_as_it_was_looked_at() {
    let update = std::env::var_os(UPDATE).is_some();
    let topology = ["estimate", "--plan", "hub.toml", "--catalog", "china-site"];
    let terraform =
        ["estimate", "--terraform", "plan.json", "--traffic", "traffic.csv", "--catalog", "china-site"];
    let mut differing = Vec::new();
    for (name, written) in [
        ("month", Written::month(&[])),
        ("month-zh-Hans", Written::month(&["--lang", "zh-Hans"])),
        ("topology", Written::by(&root().join("examples/topology"), &topology)),
        ("terraform", Written::by(&root().join("examples/terraform"), &terraform)),
    ] {
        let file = root().join("tests/cases/html").join(format!("{name}.html"));
        let actual = content(&written.page());
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if update {
            fs::write(&file, &actual).expect("the snapshot is writable");
        }
        let first = expected.lines().zip(actual.lines()).find(|(expected, actual)| expected != actual);
        if expected != actual {
            differing.push(format!("{}: {first:?}", file.display()));
        }
    }
    assert!(differing.is_empty() && !update, "{differing:#?}\n{UPDATE}=1 rewrites them; look at them then");
}

#[test]
fn accounts_lines_and_totals_can_be_read_by_programs() {
    let written = Written::month(&["--by", "billing_account_id,connection_id"]);
    let (page, lines) = (written.page(), written.lines());
    let header: Vec<&str> = lines.lines().next().expect("a header").split(',').collect();
    let heads = between(&page, " data-column=\"", "\"");
    assert_eq!(heads, header);
    assert!(page.contains("<table id=\"lines\">"));
    // Payable per account first, each with its month.
    let accounts = between(&page, "<article class=\"account\" ", "</article>");
    assert_eq!(accounts.len(), 5);
    let payables: Vec<(&str, &str)> = accounts
        .iter()
        .map(|own| (between(own, "data-account=\"", "\"")[0], between(own, "data-payable=\"", "\"")[0]))
        .collect();
    let expected = [
        ("1000000000000101", "9682.22"),
        ("1000000000000102", "8050.64"),
        ("1000000000000103", "20093.68"),
        ("1000000000000104", "7563.71"),
        ("1000000000000105", "11540.89"),
    ];
    assert_eq!(payables, expected);
    assert!(accounts.iter().all(|own| own.contains("data-month=\"2026-10\"")));
    for (key, records) in [("read", "8295"), ("outside_period", "22"), ("refused", "0")] {
        let row = between(&page, &format!("<tr data-total=\"{key}\">"), "</tr>");
        assert!(row[0].contains(&format!("<td class=\"n\">{records}</td>")), "{row:?}");
    }
    for told in ["hours_without_records", "usage_digest", "before tax, coupons and credits", "upper bound"] {
        assert!(page.contains(told), "{told}");
    }
    // R17: no input is named.
    assert!(!page.contains("usage.csv") && !page.contains("link-changes.csv"));
    // Grouped or not, days and routes are those of the same lines.
    let whole = Written::month(&[]).page();
    for section in ["days", "routes", "connections", "raised"] {
        let of =
            |page: &str| between(page, &format!("<section id=\"{section}\""), "</section>")[0].to_owned();
        assert_eq!(of(&page), of(&whole), "{section}");
    }
}

#[test]
fn days_are_those_of_the_csv_by_day() {
    let page = Written::month(&[]).page();
    let by_day = Written::month(&["--by", "day"]).lines();
    let header: Vec<&str> = by_day.lines().next().expect("a header").split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).expect(name);
    let (quantity, cost) = (place("pricing_quantity"), place("billed_cost"));
    let days: Vec<(String, String)> = by_day
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|row| !row[quantity].is_empty())
        .map(|row| (row[quantity].to_owned(), row[cost].to_owned()))
        .collect();
    let table = between(&page, "<div class=\"daily\">", "</div>")[0];
    let shown: Vec<(String, String)> = between(table, "<tr><th scope=\"row\">", "</tr>")
        .iter()
        .map(|row| {
            let cells = between(row, "<td class=\"n\">", "</td>");
            (cells[0].to_owned(), cells[1].to_owned())
        })
        .collect();
    assert_eq!(shown, days);
    assert_eq!(shown.len(), 31);
    assert!(table.contains("<th scope=\"row\">2026-10-01</th>") && table.contains("2026-10-31"));
}

#[test]
fn nothing_is_fetched_and_the_policy_says_so() {
    let page = Written::month(&[]).page();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"")[0].replace("&#39;", "'");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    for word in
        ["http://", "https://", "//cdn", "@import", " src=", "fetch(", "XMLHttp", " style=", " onclick="]
    {
        assert!(!page.contains(word), "{word}");
    }
    let Some(mut python) = tools::python("python", &["hashlib", "base64"]) else { return };
    let digest = "import sys, re, hashlib, base64\n\
                  page = open(sys.argv[1], encoding='utf-8', newline='').read()\n\
                  for tag in ('style', 'script'):\n    \
                      text = re.search(f'<{tag}>(.*?)</{tag}>', page, re.S)[1]\n    \
                      print(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())";
    let written = Written::month(&[]);
    let output = python.args(["-c", digest]).arg(written.path("page.html")).output().expect("python starts");
    let digests = String::from_utf8(output.stdout).expect("digests");
    let [style, script] = digests.lines().collect::<Vec<_>>()[..] else { panic!("{digests}") };
    assert_eq!(policy.matches(style).count(), 1, "of the style: sha256-{style}");
    assert_eq!(policy.matches(script).count(), 1, "of the script: sha256-{script}");
}

#[test]
fn a_browser_sorts_filters_and_prints_the_month() {
    Written::month(&[]).browse(false);
}

#[test]
fn a_browser_sorts_filters_and_prints_an_estimate() {
    let month =
        ["estimate", "--usage", "usage.csv", "--month", "2026-10", "--platinum-when", "Mon-Fri 09:00-18:00"];
    let written = Written::by(&root().join("examples/month"), &month);
    let page = written.page();
    for told in ["all-platinum", "scheduled", "Switches of as-billed", "Schedule (+08:00)", "49686.15"] {
        assert!(page.contains(told), "{told}");
    }
    written.browse(false);
}

/// A folder with connections, traffic and names of accounts.
fn inputs(connections: &str, usage: &str, accounts: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let header = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,name,tag:team";
    for (name, text) in [
        ("connections.csv", format!("{header}\n{connections}")),
        ("usage.csv", format!("timestamp,connection_id,sender,bytes\n{usage}")),
        ("accounts.csv", format!("account_id,name\n{accounts}")),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

const REPORT: [&str; 7] =
    ["report", "--usage", "usage.csv", "--connections", "connections.csv", "--month", "2026-10"];

#[test]
fn names_and_tags_of_any_kind_are_text_and_nothing_else() {
    let evil = "<img src=x onerror=window.hacked=1>";
    let quotes = "\"\"></title></script><script>window.hacked=1</script>'";
    let connections = format!(
        "pcc-<b>'1',1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,{evil},\"{quotes}\"\n\
         pcc-&amp;2,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,\u{202e}gnp.exe,javascript:alert(1)\n"
    );
    let usage = "2026-10-05T03:00:00Z,pcc-<b>'1',requester,214748364800\n2026-10-05T04:00:00Z,pcc-&amp;2,requester,1\n";
    let folder =
        inputs(&connections, usage, &format!("1000000000000001,\"{quotes}\"\n1000000000000002,{evil}\n"));
    let more = ["--catalog", "china-site", "--accounts", "accounts.csv"];
    for by in [&[][..], &["--by", "billing_account_id,connection_id,tag:team"]] {
        let written = Written::by(folder.path(), &[&REPORT[..], &more, by].concat());
        let page = written.page();
        assert!(!page.contains("<img") && !page.contains("<b>") && page.matches("<script").count() == 1);
        assert!(
            page.contains("&lt;img src=x onerror=window.hacked=1&gt;")
                && page.contains("pcc-&lt;b&gt;&#39;1&#39;")
        );
        assert!(page.contains("pcc-&amp;amp;2") && !page.contains('\u{202e}'));
        written.browse(true);
    }
}

#[test]
fn two_thousand_lines_stand_in_the_table_and_a_row_sums_the_rest() {
    let (mut connections, mut usage) = (String::new(), String::new());
    for number in 0..2010_u64 {
        connections +=
            &format!("pcc-{number:05},1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,,\n");
        usage += &format!(
            "2026-10-05T03:00:00Z,pcc-{number:05},requester,{}\n",
            1_000_000_007 * (number * 7 % 2010 + 1)
        );
    }
    let folder = inputs(&connections, &usage, "");
    let written = Written::by(folder.path(), &[&REPORT[..], &["--catalog", "china-site"]].concat());
    let (page, lines) = (written.page(), written.lines());
    let body = between(&page, "<tbody>", "</tbody>")
        .into_iter()
        .find(|body| body.contains("cost\""))
        .expect("lines");
    let foot = between(&page, "<tfoot>", "</tfoot>")[0];
    let costs = |text: &str| -> Vec<i128> {
        between(text, "<td class=\"n cost\">", "</td>").into_iter().map(units).collect()
    };
    let header: Vec<&str> = lines.lines().next().expect("a header").split(',').collect();
    let place = header.iter().position(|column| *column == "billed_cost").expect("a cost");
    let mut all: Vec<i128> =
        lines.lines().skip(1).map(|line| units(line.split(',').nth(place).expect("a cost"))).collect();
    let sum: i128 = all.iter().sum();
    assert_eq!(costs(body).len(), 2000);
    assert_eq!(costs(foot).len(), 1);
    // The table adds up to what is payable, and what it leaves out is no larger than what it has.
    assert_eq!(costs(body).iter().sum::<i128>() + costs(foot)[0], sum);
    assert_eq!(sum, units(between(&page, "data-payable=\"", "\"")[0]));
    all.sort_by_key(|cost| std::cmp::Reverse(cost.abs()));
    let mut shown = costs(body);
    shown.sort_by_key(|cost| std::cmp::Reverse(cost.abs()));
    assert_eq!(shown, all[..2000]);
    let more = all.len() - 2000;
    assert!(foot.contains(&format!("{more} further lines")), "{foot}");
    assert!(page.contains(&format!("The 2000 largest of {} lines", all.len())));
    // Twenty bars, and one for all other connections.
    assert!(page.contains("1990 others"));
}

#[test]
fn assumed_prices_mark_what_they_touched() {
    let connections = "pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Platinum,,\n\
                       pcc-2,1000000000000002,cn-huhehaote,1000000000000002,cn-guangzhou,Gold,,\n";
    let usage = "2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n2026-10-05T03:00:00Z,pcc-2,requester,214748364800\n";
    let folder = inputs(connections, usage, "");
    let site = ["--catalog", "international-site", "--prices", "assumed-platinum"];
    let page = Written::by(folder.path(), &[&REPORT[..], &site].concat()).page();
    assert!(page.contains("Assumed prices were used"));
    assert_eq!(page.matches("<tr class=\"assumed\">").count(), 1);
    let accounts = between(&page, "<article class=\"account\" ", "</article>");
    let marked: Vec<bool> = accounts.iter().map(|own| own.contains("class=\"mark\">*<")).collect();
    assert_eq!(marked, [true, false]);
    let plain =
        Written::by(folder.path(), &[&REPORT[..], &site, &["--account", "1000000000000002"]].concat()).page();
    assert!(
        !plain.contains("class=\"mark\"") && plain.contains("Partial statement: account 1000000000000002")
    );
}

#[test]
fn every_language_says_all_of_it() {
    for (lang, payable, other) in
        [("zh-Hans", "各账号应付金额", "Payable"), ("zh-Hant", "各帳號應付金額", "Payable")]
    {
        let page = Written::month(&["--lang", lang]).page();
        assert!(page.contains(&format!("<html lang=\"{lang}\">")) && page.contains(payable));
        assert!(!page.contains(other), "{lang}");
        assert!(page.contains("data-column=\"billed_cost\""), "keys stay English");
    }
}
