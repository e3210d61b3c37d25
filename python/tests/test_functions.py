"""Estimates, the provider's bill, and comparisons: what they are in Python."""

from __future__ import annotations

import csv
import json
import subprocess
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import MONTH, ROOT

import peerbill

PAIR = {"catalog": "china-site", "from_": "Hohhot", "to": "Guangzhou"}


def test_an_estimate_from_quantities() -> None:
    estimate = peerbill.estimate(gb=200, return_gb=Decimal("1E+2"), **PAIR)
    assert estimate.payable == {"all-gold": Decimal("144.00"), "all-platinum": Decimal("216.00")}
    gold, platinum = estimate.scenarios
    assert (gold.name, estimate.reference, estimate.currency) == ("all-gold", "all-gold", "CNY")
    assert platinum.difference == Decimal("72.00") and platinum.difference_per_year == Decimal("864.00")
    assert gold.missing == [] and not gold.assumed and estimate.changes == [] and estimate.forecast is None
    assert estimate.to_dict()["scenarios"][1]["scenario"] == "all-platinum"
    assert any("newest prices" in note for note in estimate.notes)
    assert len(estimate.lines()) > 0 and estimate.lines().columns[0] == "scenario"
    rate = peerbill.estimate(mbps="100", hours_a_day=8, month="2026-10", scenario="all-gold", **PAIR)
    # 45 GB an hour for 248 hours.
    gb = Decimal(450_000_000 * 100 * 8 * 31) / 2**30
    assert rate.payable == {"all-gold": (gb * Decimal("0.48")).quantize(Decimal("0.01"), ROUND_DOWN)}
    for wrong, words in [
        ({}, "gb or mbps is needed"),
        ({"gb": 1, "mbps": 2}, "gb and mbps both"),
        ({"mbps": 2}, "hours_a_day is needed with mbps"),
        ({"gb": "1,5"}, "gb: .*not clear"),
        ({"gb": 1, "from_": "Nowhere"}, "from_: region"),
        ({"gb": 1, "from_account": "x"}, "from_account: "),
        ({"gb": 1, "hourly": True}, "hourly: quantities"),
        ({"gb": 1, "usage": "usage.csv"}, "choose one of them"),
        ({"gb": 1, "traffic": "traffic.csv"}, "traffic is what"),
        ({"gb": 1, "scenario": "all-silver"}, "all-silver"),
    ]:
        with pytest.raises(peerbill.Error, match=words) as refused:
            peerbill.estimate(**(PAIR | wrong))
        assert refused.value.kind == "usage"
    with pytest.raises(peerbill.Error, match="what is to be estimated"):
        peerbill.estimate(catalog="china-site")
    with pytest.raises(TypeError, match="gb: this is a float"):
        peerbill.estimate(gb=1.5, **PAIR)
    with pytest.raises(TypeError, match="unexpected keyword argument 'gib'"):
        peerbill.estimate(gib=1, **PAIR)


def test_an_estimate_from_traffic_has_schedules_and_advice(month: dict[str, Any]) -> None:
    rows = [{"days": "Mon-Fri", "from": "09:00", "until": "18:00"}]
    own = peerbill.estimate(usage=MONTH / "usage.csv", platinum_when="Mon-Fri 09:00-18:00", **month)
    again = peerbill.estimate(usage=MONTH / "usage.csv", schedule=rows, **month)
    assert own.render("csv") == again.render("csv")
    assert own.payable["as-billed"] == sum(peerbill.report(usage=MONTH / "usage.csv", **month).payable.values())
    assert "scheduled" in own.payable and own.advice() and "as-billed" in own.savings
    with pytest.raises(peerbill.Error, match="choose one"):
        peerbill.estimate(usage=MONTH / "usage.csv", schedule=rows, platinum_when="Mon 09:00-18:00", **month)
    with pytest.raises(peerbill.Error, match="forecast needs until"):
        peerbill.estimate(usage=MONTH / "usage.csv", forecast=True, **month)
    so_far = peerbill.estimate(usage=MONTH / "usage.csv", forecast=True, until="2026-10-20T00:00:00Z", **month)
    assert so_far.forecast and all(isinstance(cost, Decimal) for cost in so_far.forecast.values())


def test_a_plan_has_changes_and_a_gate() -> None:
    case = ROOT / "tests" / "cases" / "estimate" / "terraform-gate-above"
    words = (case / "args").read_text().split()
    given = {name[2:].replace("-", "_"): value for name, value in zip(words[::2], words[1::2])}
    plan, traffic = case / given["terraform"], case / given["traffic"]
    own = peerbill.estimate(terraform=plan, traffic=traffic, catalog="china-site")
    with traffic.open() as rows:
        held = peerbill.estimate(
            terraform=json.loads(plan.read_text()), traffic=csv.DictReader(rows), catalog="china-site"
        )
    assert own.render("csv") == held.render("csv")
    change = own.changes[0]
    assert change.address and change.action and isinstance(change.difference, Decimal)
    closed = own.gate(given["fail_above"])
    assert not closed and closed.more is not None and closed.reasons
    passed = own.gate(Decimal(10) ** 9)
    assert passed and passed.passed and passed.reasons == []
    with pytest.raises(peerbill.Error, match="a gate is for a Terraform plan"):
        peerbill.estimate(gb=1, **PAIR).gate(5)
    with pytest.raises(TypeError, match="float"):
        own.gate(0.5)


CASE = ROOT / "tests" / "cases" / "reconcile" / "link-type"


def test_a_bill_is_reconciled_with_whatever_we_have(program: str, tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"connections": CASE / "connections.csv", "catalog": "china-site", "month": "2026-10"}
    if (CASE / "link-changes.csv").exists():
        inputs["link_changes"] = CASE / "link-changes.csv"
    usage, bill = CASE / "usage.csv", CASE / "bill.csv"
    own = peerbill.reconcile(bill=bill, usage=usage, **inputs)
    report = peerbill.report(usage=usage, **inputs)
    report.write(tmp_path / "monthly.json")
    hourly = peerbill.report(usage=usage, hourly=True, **inputs)
    hourly.write(tmp_path / "october.json")
    kept = tmp_path / "october.json"
    for ours in (report, hourly, kept, json.loads(kept.read_text())):
        same = peerbill.reconcile(bill=bill, report=ours)
        assert same.render("csv") == own.render("csv")
    words = [program, "reconcile", "--bill", str(bill), "--report", str(kept), "--format", "json"]
    expected = subprocess.run(words, capture_output=True).stdout
    assert peerbill.reconcile(bill=bill, report=kept).render("json") == expected
    assert not own.clean and sum(rows for _, rows in own.classes.values()) == len(own.rows())
    assert sum(difference for difference, _ in own.classes.values()) == own.totals["difference"]
    assert own.totals["difference"] == own.totals["bill"] - own.totals["ours"]
    assert 0 < len(own.differences()) <= len(own.rows())
    paid = {account: amount for account, amount in report.payable.items() if amount}
    assert peerbill.reconcile(bill_total=paid, report=report).clean
    more = {account: amount + 1 for account, amount in paid.items()}
    assert not peerbill.reconcile(bill_total=more, report=report).clean
    for wrong, words in [
        ({}, "bill is needed"),
        ({"bill": bill, "bill_total": paid}, "choose one of them"),
        ({"bill": bill, "usage": usage}, "usage and report"),
        ({"bill_total": paid, "bill_item": "x"}, "choose lines of a bill"),
        ({"bill": bill, "offset": "+00:00"}, "offset"),
        ({"bill_total": {"x": 1}}, "bill_total"),
        ({"bill": tmp_path / "none.csv"}, "none.csv"),
    ]:
        with pytest.raises(peerbill.Error, match=words):
            peerbill.reconcile(report=report, **wrong)
    with pytest.raises(TypeError, match="float"):
        peerbill.reconcile(report=report, bill_total={"1000000000000001": 0.5})


def test_rows_that_were_found_are_tables(month: dict[str, Any]) -> None:
    pa = pytest.importorskip("pyarrow")
    own = peerbill.reconcile(bill=CASE / "bill.csv", usage=CASE / "usage.csv", connections=CASE / "connections.csv",
                             catalog="china-site", month="2026-10")
    table = pa.table(own.rows())
    assert table.schema.field("difference").type == pa.decimal128(38, 10)
    assert table.schema.field("our_bytes").type == pa.decimal128(38, 0)
    assert sum(table["difference"].to_pylist()) == own.totals["difference"]


def test_two_exports_are_checked(month: dict[str, Any], tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.read_csv(MONTH / "usage.csv", schema_overrides={"bytes": pl.UInt64})
    same = peerbill.crosscheck(usage=MONTH / "usage.csv", counterpart_usage=frame, **month)
    assert same.clean and len(same.differences()) == 0 and same.totals["cost_difference"] == 0
    fewer = pl.concat([frame[:1000], frame[1003:]])
    other = peerbill.crosscheck(usage=frame, counterpart_usage=fewer, **{**month, "catalog": None})
    assert not other.clean and len(other.rows()) == 3 and "cost" not in other.totals
    (tmp_path / "usage.csv").write_bytes((MONTH / "usage.csv").read_bytes())
    paths = peerbill.crosscheck(usage=MONTH / "usage.csv", counterpart_usage=tmp_path / "usage.csv", **month)
    assert paths.totals == same.totals
    with pytest.raises(peerbill.Error, match="counterpart_usage is needed"):
        peerbill.crosscheck(usage=frame, **month)


def test_names_of_parameters_are_looked_at(month: dict[str, Any]) -> None:
    for call in (
        lambda: peerbill.report(usages="x", **month),
        lambda: peerbill.compare("a", "b", prices="x"),
        lambda: peerbill.crosscheck(usage="x", hourly=True, **month),
    ):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            call()
    with pytest.raises(TypeError, match="a path, a dict or a bill"):
        peerbill.compare(3, "b")
    with pytest.raises(ValueError, match="it is one of table, csv, json, xlsx, html"):
        peerbill.reconcile(bill=CASE / "bill.csv", usage=CASE / "usage.csv", connections=CASE / "connections.csv",
                           catalog="china-site", month="2026-10").render("parquet")
