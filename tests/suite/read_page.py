"""Opens a page as its readers do: served over HTTP, in Chromium. Usage: read_page.py PAGE LINES.csv [hostile]

Every assertion that fails ends it. Nothing may be asked of the server but the page, nothing said on the console.
"""

import base64
import csv
import http.server
import json
import sys
import tempfile
import threading
from decimal import Decimal
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

page, lines = Path(sys.argv[1]), Path(sys.argv[2])
hostile = sys.argv[3:] == ["hostile"]
asked = []


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=page.parent)

    def do_GET(self):
        asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


def browser(profile):
    options = webdriver.ChromeOptions()
    switches = (
        "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
        " disable-component-update disable-sync disable-dev-shm-usage"
    )
    for switch in switches.split():
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def width(driver, pixels):
    metrics = {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def media(driver, **features):
    features = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


BODY = "return Array.from(document.querySelectorAll('#lines tbody tr:not([hidden])'), r => Array.from(r.cells, c => c.textContent))"


def check_lines(driver, expected):
    """The table is the CSV, in its order."""
    heads = driver.execute_script("return Array.from(document.querySelectorAll('#lines thead th'), h => h.textContent)")
    assert heads == expected[0], heads
    body = driver.execute_script(BODY)
    # CSV alone has an apostrophe where a spreadsheet would compute.
    plain = [[cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell for cell in row] for row in expected[1:]]
    assert body == plain, next((pair for pair in zip(body, plain) if pair[0] != pair[1]), (len(body), len(plain)))


def check_accounts(driver, expected):
    """What accounts pay is the sum of their lines."""
    at = {name: place for place, name in enumerate(expected[0])}
    sums = {}
    for row in expected[1:]:
        key = row[at["billing_account_id"]], row[at["billing_month"]]
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row[at["billed_cost"]])
    found = driver.execute_script(
        "return Array.from(document.querySelectorAll('[data-account]'), a => [a.dataset.account, a.dataset.month,"
        " a.querySelector('[data-payable]').dataset.payable, a.querySelector('[data-payable]').textContent])"
    )
    assert {(account, month): Decimal(payable) for account, month, payable, _ in found} == sums, (found, sums)
    assert all(text.startswith(payable) for _, _, payable, text in found), found


def check_sorting(driver, expected):
    header, rows = expected[0], expected[1:]
    for name in ("billed_cost", "consumed_bytes", "billing_account_id", "connection_id"):
        place = header.index(name)
        head = driver.find_element(By.CSS_SELECTOR, f"#lines th[data-column='{name}']")
        button = head.find_element(By.TAG_NAME, "button")
        number = name in ("billed_cost", "consumed_bytes", "billing_account_id")
        key = (lambda text: Decimal(text)) if number else (lambda text: text)
        values = [row[place] for row in rows if row[place]]
        empty = [""] * (len(rows) - len(values))
        for direction in ("ascending", "descending", "none"):
            # By keyboard and by mouse in turn.
            button.send_keys(Keys.ENTER) if direction == "descending" else button.click()
            assert head.get_attribute("aria-sort") == direction
            others = driver.find_elements(By.CSS_SELECTOR, "#lines th:not([aria-sort='none'])")
            assert len(others) == (direction != "none")
            shown = [row[place] for row in driver.execute_script(BODY)]
            if direction == "none":
                assert shown == [row[place] for row in rows]
            else:
                assert shown == sorted(values, key=key, reverse=direction == "descending") + empty, (name, direction)


def check_filters(driver, expected):
    header, rows = expected[0], expected[1:]
    search, count = driver.find_element(By.ID, "filter"), driver.find_element(By.ID, "count")
    words = rows[0][header.index("connection_id")], rows[0][header.index("sender")]
    search.send_keys(" ".join(words).upper())
    wanted = [row for row in rows if all(word in "\n".join(row) for word in words)]
    assert 0 < len(wanted) < len(rows)
    assert driver.execute_script(BODY) == wanted
    cost = sum(Decimal(row[header.index("billed_cost")]) for row in wanted)
    if header[0] != "scenario":
        told = [Decimal(word) for word in count.text.replace(",", " ").split() if word[0].isdigit()]
        assert told == [len(wanted), len(rows), cost], (count.text, cost)
    driver.find_element(By.ID, "reset").click()
    assert driver.execute_script(BODY) == rows
    select = driver.find_element(By.CSS_SELECTOR, "#controls select[data-column='billing_account_id']")
    account = rows[-1][header.index("billing_account_id")]
    select.send_keys(account)
    wanted = [row for row in rows if row[header.index("billing_account_id")] == account]
    assert driver.execute_script(BODY) == wanted, account
    driver.find_element(By.ID, "reset").click()


def check_structure(driver):
    """What a screen reader goes by."""
    levels = driver.execute_script("return Array.from(document.querySelectorAll('h1,h2,h3,h4'), h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
    for nothing in (
        "th:not([scope])",
        "table:not(:has(> caption))",
        "svg:not([aria-hidden]):not([role=img])",
        "html:not([lang])",
        "[style], [onclick], iframe, img, object, embed, form",
        "a[href]:not([href^='#'])",
    ):
        assert not driver.find_elements(By.CSS_SELECTOR, nothing), nothing
    unnamed = "return Array.from(document.querySelectorAll('svg[role=img]')).filter(s => !s.ariaLabel && !s.querySelector('title')).length"
    assert driver.execute_script(unnamed) == 0
    ids = driver.execute_script("return Array.from(document.querySelectorAll('[id]'), e => e.id)")
    assert len(ids) == len(set(ids))
    targets = driver.execute_script("return Array.from(document.querySelectorAll('a[href]'), a => a.hash.slice(1))")
    assert set(targets) <= set(ids), targets


def check_looks(driver):
    """No page scrolls sideways; dark is dark; bars that cost something are seen."""
    for pixels in (320, 360, 768, 1280, 1920):
        width(driver, pixels)
        size = driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert size[0] <= size[1], size
    colours = []
    for scheme in ("light", "dark"):
        media(driver, prefers_color_scheme=scheme)
        colours.append(driver.execute_script("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"))
    assert colours[0][0] == "rgb(255, 255, 255)" and colours[0][0] != colours[1][0] and colours[0][1] != colours[1][1]
    media(driver, prefers_color_scheme="light")
    flat = "return Array.from(document.querySelectorAll('main svg rect:not(.ground)')).filter(r => r.getBoundingClientRect().height < .4).length"
    assert driver.execute_script(flat) == 0


def check_print(driver):
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    data = base64.b64decode(pdf["data"])
    assert data.startswith(b"%PDF") and len(data) > 5000
    # Portrait and landscape A4, to the point.
    boxes = {box.split(b"]")[0].split(b"[")[1].strip() for box in data.split(b"/MediaBox")[1:]}
    sizes = {tuple(round(float(number)) for number in box.split()[2:]) for box in boxes}
    assert sizes == {(595, 842), (842, 595)}, sizes


def check_quiet(driver):
    said = driver.get_log("browser")
    assert not said, said
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    urls = {own["request"]["url"] for own in sent if own["documentURL"].endswith(f"/{page.name}")}
    others = {url for url in urls if not url.endswith(f"/{page.name}") and not url.startswith("data:")}
    assert urls and not others, others
    assert set(asked) == {f"/{page.name}"}, asked


def main():
    with lines.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/{page.name}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = browser(profile)
        try:
            # Away from the browser's own first page, which loads and says things.
            driver.get("about:blank")
            driver.get_log("browser")
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
            driver.get(address)
            assert driver.find_element(By.ID, "lines").is_displayed()
            assert not driver.find_element(By.ID, "controls").is_displayed()
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
            driver.get(address)
            check_lines(driver, expected)
            check_structure(driver)
            check_looks(driver)
            width(driver, 1280)
            if hostile:
                assert driver.execute_script("return window.hacked === undefined")
            else:
                if expected[0][0] != "scenario":
                    check_accounts(driver, expected)
                check_sorting(driver, expected)
                check_filters(driver, expected)
            check_print(driver)
            check_quiet(driver)
        finally:
            driver.quit()


main()
