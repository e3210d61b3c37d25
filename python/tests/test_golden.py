"""The golden cases of `peerbill report`, through the package: the same bytes, or the same refusal."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import peerbill

CASES = sorted(path for path in (ROOT / "tests" / "cases" / "report").iterdir() if path.is_dir())

# Files that are arguments where a case has them, as `tests/suite/golden.rs` hands them over.
INPUTS = [
    ("usage", "usage.csv"),
    ("connections", "connections.csv"),
    ("connections", "connections.json"),
    ("link_changes", "link-changes.csv"),
    ("link_changes", "link-changes.json"),
    ("catalog", "catalog"),
    ("prices", "prices.csv"),
    ("contract", "contract.csv"),
    ("accounts", "accounts.csv"),
    ("budget", "budget.csv"),
]
SEVERAL = {"usage", "cloudmonitor", "flow_logs", "metered", "connections", "link_changes", "prices", "requester_account",
           "requester_region", "link_type_before"}
# Of the command line alone: where output goes, and what stops a run.
LACKING = {"corrects", "fail_on", "verbose"}


def arguments(case: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What a case asks for, and how it is shown; `None` where that is not of the package."""
    own: dict[str, Any] = {}
    shown: dict[str, Any] = {}

    def put(name: str, value: str) -> None:
        if name in ("lang", "focus_version", "format"):
            shown[name] = value
        elif name == "by":
            own["by"] = value.split(",")
        elif name == "metric_period":
            own[name] = int(value)
        elif name in SEVERAL:
            own.setdefault(name, []).append(value)
        else:
            own[name] = value

    for name, file in INPUTS:
        if (case / file).exists():
            put(name, file)
    text = (case / "args").read_text() if (case / "args").exists() else ""
    words = shlex.split(text)
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            name = name.replace("-", "_")
            if name in LACKING:
                return None
            if name == "hourly":
                own["hourly"] = True
            elif name == "csv_bom":
                shown["csv_bom"] = True
            elif value:
                put(name, value)
        else:
            put(name, word)
    return own, shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_bytes_as_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (case / "peerbill.toml").exists():
        pytest.skip("settings files are of the command line")
    found = arguments(case)
    if found is None:
        pytest.skip("asks for something that is of the command line alone")
    monkeypatch.chdir(case)
    own, shown = found
    expected = {
        format: case / f"expected.{extension}"
        for format, extension in [("csv", "csv"), ("table", "txt"), ("markdown", "md")]
        if (case / f"expected.{extension}").exists()
    }
    code = (case / "exit").read_text().strip() if (case / "exit").exists() else "0"
    quarantine = case / "expected.quarantine.csv"
    if quarantine.exists():
        own["quarantine"] = str(tmp_path / "refused.csv")
    shown.pop("format", None)
    if code in ("2", "3"):
        with pytest.raises(peerbill.Error) as refused:
            peerbill.report(**own)
        assert refused.value.kind in ("usage", "input", "catalog", "missing_price", "overflow")
        return
    bill = peerbill.report(**own)
    for format, path in expected.items():
        assert bill.render(format, **shown).decode() == path.read_text(), format
    if quarantine.exists():
        assert Path(own["quarantine"]).read_text() == quarantine.read_text()


FORMATS = ["table", "csv", "json", "markdown", "parquet", "xlsx", "html", "focus"]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_that_of_the_command_line(
    format: str, program: str, month: dict[str, Any], tmp_path: Path
) -> None:
    output = tmp_path / "report.bin"
    words = [program, "report", "--usage", "examples/month/usage.csv", "--connections", str(month["connections"]),
             "--link-changes", str(month["link_changes"]), "--catalog", "china-site", "--month", "2026-10",
             "--format", format, "--output", str(output)]
    # No settings of a working folder.
    subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
    bill = peerbill.report(usage="examples/month/usage.csv", **month)
    assert bill.render(format) == output.read_bytes()
    if format == "json":
        assert bill.to_dict() == json.loads(output.read_bytes())


def test_several_months_and_a_file(program: str, month: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "report.csv"
    words = [program, "report", "--usage", "examples/month/usage.csv", "--connections", str(month["connections"]),
             "--catalog", "china-site", "--link-changes", str(month["link_changes"]), "--month", "2026-Q4",
             "--hourly", "--output", str(output)]
    subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
    bill = peerbill.report(usage=["examples/month/usage.csv"], **(month | {"month": "2026-Q4", "hourly": True}))
    bill.write(tmp_path / "own.csv")
    assert (tmp_path / "own.csv").read_bytes() == output.read_bytes()
    assert set(bill.control_totals) == {"2026-10", "2026-11", "2026-12"}
