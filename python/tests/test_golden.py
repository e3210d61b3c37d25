"""The golden cases of the command line, through the package: the same bytes, or the same refusal."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import MONTH, ROOT

import peerbill

VERBS = ["report", "estimate", "reconcile", "crosscheck"]
CASES = [
    (verb, path)
    for verb in VERBS
    for path in sorted((ROOT / "tests" / "cases" / verb).iterdir())
    if path.is_dir()
]

# Files that are arguments where a case has them, as `tests/suite/golden.rs` hands them over.
INPUTS = [
    ("bill", "bill.csv"),
    ("usage", "usage.csv"),
    ("counterpart-usage", "counterpart.csv"),
    ("connections", "connections.csv"),
    ("connections", "connections.json"),
    ("link-changes", "link-changes.csv"),
    ("link-changes", "link-changes.json"),
    ("catalog", "catalog"),
    ("prices", "prices.csv"),
    ("contract", "contract.csv"),
    ("schedule", "schedule.csv"),
    ("accounts", "accounts.csv"),
    ("budget", "budget.csv"),
]
# Those that hold several values, and those after which a comma separates them.
SEVERAL = ["usage", "cloudmonitor", "flow_logs", "metered", "connections", "link_changes", "prices", "requester_account",
           "requester_region", "link_type_before", "counterpart_usage", "bill", "bill_item", "platinum_when"]
PARTED = ["by", "scenario"]
FLAGS = ["hourly", "forecast", "csv_bom"]
SHOWN = ["lang", "focus_version", "format", "csv_bom"]
FORMATS = {
    "report": ["table", "csv", "json", "markdown", "parquet", "xlsx", "html"],
    "estimate": ["table", "csv", "json", "markdown", "xlsx", "html"],
    "reconcile": ["table", "csv", "json", "xlsx", "html"],
    "crosscheck": ["table", "csv", "json", "xlsx", "html"],
}


def words_of(case: Path) -> list[str]:
    """The arguments of the command line for a case."""
    words = [word for name, file in INPUTS if (case / file).exists() for word in (f"--{name}", file)]
    return words + ((case / "args").read_text().split() if (case / "args").exists() else [])


def arguments(words: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same as parameters of the package, and how its result is shown."""
    own: dict[str, Any] = {}
    shown: dict[str, Any] = {}

    def put(name: str, value: str) -> None:
        if name in SHOWN:
            shown[name] = value
        elif name == "bill_total":
            account, amount = value.split("=")
            own.setdefault(name, {})[account] = amount
        elif name in PARTED:
            own[name] = value.split(",")
        elif name in SEVERAL:
            own.setdefault(name, []).append(value)
        else:
            own[name] = int(value) if name == "metric_period" else value

    name = ""
    for word in words:
        if not word.startswith("--"):
            put(name, word)
            continue
        name, _, value = word[2:].partition("=")
        name = {"from": "from_"}.get(name, name.replace("-", "_"))
        if name in FLAGS:
            (shown if name in SHOWN else own)[name] = True
        elif value:
            put(name, value)
    return own, shown


def made(verb: str, own: dict[str, Any]) -> Any:
    return getattr(peerbill, verb)(**own)


@pytest.mark.parametrize("verb,case", CASES, ids=lambda own: own if isinstance(own, str) else own.name)
def test_the_same_bytes_as_expected(
    verb: str, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if (case / "peerbill.toml").exists():
        pytest.skip("settings files are of the command line")
    monkeypatch.chdir(case)
    words = words_of(case)
    own, shown = arguments(words)
    # What stops a run or stands beside it.
    limit = own.pop("fail_above", None)
    stopping = own.pop("fail_on", None) or own.pop("verbose", None)
    expected = {
        format: case / f"expected.{extension}"
        for format, extension in [("csv", "csv"), ("table", "txt"), ("markdown", "md")]
        if (case / f"expected.{extension}").exists()
    }
    code = (case / "exit").read_text().strip() if (case / "exit").exists() else "0"
    quarantine = case / "expected.quarantine.csv"
    if quarantine.exists():
        own["quarantine"] = str(tmp_path / "refused.csv")
        words += ["--quarantine", str(tmp_path / "other.csv")]
    shown.pop("format", None)
    if code in ("2", "3"):
        if limit is not None:
            pytest.skip("a gate is asked of an estimate")
        with pytest.raises(peerbill.Error) as refused:
            made(verb, own)
        assert refused.value.kind in ("usage", "input", "catalog", "missing_price", "overflow")
        # Parameters, not arguments of the program.
        assert not re.search(r"(^|\s)--[a-z]", str(refused.value))
        return
    result = made(verb, own)
    for format, path in expected.items():
        assert result.render(format, **shown).decode() == path.read_text(), format
    if quarantine.exists():
        assert Path(own["quarantine"]).read_text() == quarantine.read_text()
    if limit is not None:
        assert bool(result.gate(limit)) == (code == "0")
    elif hasattr(result, "clean"):
        assert result.clean == (code == "0")
    elif not stopping:
        assert (result.quarantined > 0) == (code == "1")
    for format in FORMATS[verb]:
        output = tmp_path / "output.bin"
        asked = [word for word in words if not word.startswith("--format")]
        run = subprocess.run([program, verb, *asked, "--format", format, "--output", str(output)], capture_output=True)
        if b"no CSV is written" in run.stderr or b"--csv-bom" in run.stderr:
            continue
        assert run.returncode in (0, 1), run.stderr.decode()
        assert result.render(format, **shown) == output.read_bytes(), format


def run(program: str, *words: str, cwd: Path = ROOT) -> bytes:
    done = subprocess.run([program, *words], capture_output=True, cwd=cwd)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout


MONTH_WORDS = ["--usage", "examples/month/usage.csv", "--connections", str(MONTH / "connections.csv"),
               "--link-changes", str(MONTH / "link-changes.csv"), "--catalog", "china-site"]


@pytest.mark.parametrize("format", [*FORMATS["report"], "focus"])
def test_every_format_of_a_report(format: str, program: str, month: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "report.bin"
    words = ["report", *MONTH_WORDS, "--month", "2026-10", "--format", format, "--output", str(output)]
    options = {"focus_invoice_issuer": "Reseller"} if format == "focus" else {}
    run(program, *words, *(["--focus-invoice-issuer", "Reseller"] if options else []))
    bill = peerbill.report(usage="examples/month/usage.csv", **month)
    assert bill.render(format, **options) == output.read_bytes()
    if format == "json":
        assert bill.to_dict() == json.loads(output.read_bytes())


def test_several_months_and_a_file(program: str, month: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "report.csv"
    run(program, "report", *MONTH_WORDS, "--month", "2026-Q4", "--hourly", "--output", str(output))
    bill = peerbill.report(usage=["examples/month/usage.csv"], **(month | {"month": "2026-Q4", "hourly": True}))
    bill.write(tmp_path / "own.csv")
    assert (tmp_path / "own.csv").read_bytes() == output.read_bytes()
    assert set(bill.control_totals) == {"2026-10", "2026-11", "2026-12"}


@pytest.mark.parametrize("case", sorted((ROOT / "tests" / "cases" / "compare").iterdir()), ids=lambda case: case.name)
def test_two_reports_are_compared(case: Path, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bills, files = [], []
    for side in ("before", "after"):
        words: list[str] = []
        folder = tmp_path / side
        folder.mkdir()
        for name, file in INPUTS:
            found = [path for path in (case / side / file, case / file) if path.exists()]
            words += [f"--{name}", str(found[0])] if found else []
        for args in (case / "args", case / side / "args"):
            words += args.read_text().split() if args.exists() else []
        file = tmp_path / f"{side}.json"
        run(program, "report", *words, "--format", "json", "--output", str(file))
        files.append(str(file))
        own, _ = arguments(words)
        bills.append(peerbill.report(**own))
    monkeypatch.chdir(tmp_path)
    dicts = [json.loads(Path(file).read_text()) for file in files]
    if (case / "exit").exists():
        for pair in (files, bills, dicts):
            with pytest.raises(peerbill.Error, match="are not compared"):
                peerbill.compare(*pair)
        return
    compared = peerbill.compare(*files)
    for format in FORMATS["reconcile"]:
        output = tmp_path / "compared.bin"
        run(program, "compare", *files, "--format", format, "--output", str(output))
        assert compared.render(format) == output.read_bytes(), format
    for pair in (bills, dicts):
        assert peerbill.compare(*pair).render("csv").decode() == (case / "expected.csv").read_text()
    totals = compared.totals
    assert totals["difference"] == totals["cost_after"] - totals["cost_before"]


def test_a_closed_month_is_corrected(program: str, month: dict[str, Any], tmp_path: Path) -> None:
    late = tmp_path / "late.csv"
    lines = (MONTH / "usage.csv").read_text().splitlines(keepends=True)
    late.write_text("".join(lines[:200] + lines[203:]))
    archive = tmp_path / "hours.csv"
    run(program, "meter", *MONTH_WORDS[:6], "--month", "2026-10", "--output", str(archive))
    words = ["report", "--usage", str(late), *MONTH_WORDS[2:], "--month", "2026-10", "--corrects", str(archive)]
    bill = peerbill.report(usage=late, corrects=archive, **month)
    for format in FORMATS["report"] + ["focus"]:
        output = tmp_path / "corrections.bin"
        run(program, *words, "--format", format, "--output", str(output))
        assert bill.render(format) == output.read_bytes(), format
    whole = peerbill.report(usage=MONTH / "usage.csv", **month)
    held = peerbill.report(usage=late, corrects=whole.hours(), **month)
    assert held.render("csv") == bill.render("csv") and len(bill.lines()) > 0
    for wrong in ({"by": "day"}, {"until": "2026-10-06T00:00:00Z"}, {"month": "2026-Q4"}):
        with pytest.raises(peerbill.Error):
            peerbill.report(usage=late, corrects=archive, **(month | wrong))
    with pytest.raises(peerbill.Error, match="none that can be compared"):
        peerbill.compare(bill, whole)


def test_columns_have_other_names(program: str, month: dict[str, Any], tmp_path: Path) -> None:
    text = (MONTH / "usage.csv").read_text()
    (tmp_path / "usage.csv").write_text(text.replace("timestamp", "time", 1).replace("bytes", "octets", 1))
    (tmp_path / "peerbill.toml").write_text('[columns]\nusage = { timestamp = "time", bytes = "octets" }\n')
    words = ["report", "--usage", str(tmp_path / "usage.csv"), *MONTH_WORDS[2:], "--month", "2026-10", "--format", "json"]
    expected = run(program, *words, cwd=tmp_path)
    columns: peerbill.Columns = {"usage": {"timestamp": "time", "bytes": "octets"}}
    bill = peerbill.report(usage=tmp_path / "usage.csv", columns=columns, **month)
    assert bill.render("json") == expected
    rows = [{"time": "2026-10-05T03:00:00Z", "connection_id": "pcc-2ze7q4hm1", "sender": "requester", "octets": 5}]
    assert peerbill.report(usage=rows, columns=columns, **month).control_totals["bytes"]["read"] == 5
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(rows)
    assert peerbill.report(usage=frame, columns=columns, **month).control_totals["bytes"]["read"] == 5
    with pytest.raises(peerbill.Error, match="columns usage: unknown field `when`"):
        peerbill.report(usage=rows, columns={"usage": {"when": "time"}}, **month)
    with pytest.raises(TypeError, match="usage, cloudmonitor or bill"):
        peerbill.report(usage=rows, columns={"traffic": {}}, **month)
