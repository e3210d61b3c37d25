"""Prices, explanations, errors, Ctrl-C, types."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import MONTH, ROOT

import peerbill


def test_the_published_example() -> None:
    folder = ROOT / "examples" / "published"
    bill = peerbill.report(
        usage=folder / "usage.csv", connections=folder / "connections.csv", catalog="china-site", month="2026-10"
    )
    assert bill.payable == {"1000000000000001": Decimal("96.00"), "1000000000000002": Decimal("48.00")}
    assert bill.currency == "CNY"
    assert bill.catalog["name"] == "china-site"


@pytest.mark.parametrize("place", ["s3://bucket/bill.csv", "oss://bucket/bill.csv", Path("oss://bucket/bill.csv")])
def test_no_result_is_written_to_a_store(place: str | Path, month: dict[str, Any]) -> None:
    own = {"usage": MONTH / "usage.csv", **month}
    with pytest.raises(peerbill.Error, match="quarantine.*bucket/bill.csv: stores are read and not written to") as refused:
        peerbill.report(quarantine=place, **own)
    assert refused.value.kind == "usage"
    with pytest.raises(peerbill.Error, match="path.*bucket/bill.csv: stores are read and not written to") as refused:
        peerbill.report(**own).write(place)
    assert refused.value.kind == "usage"


def test_rows_of_python_and_an_account_that_pays_nothing() -> None:
    connection = {
        "connection_id": "pcc-1",
        "requester_account_id": "1000000000000001",
        "requester_region": "cn-beijing",
        "accepter_account_id": "1000000000000002",
        "accepter_region": "cn-beijing",
        "link_type": None,
    }
    row = {"timestamp": "2026-10-05T03:00:00Z", "connection_id": "pcc-1", "sender": "requester", "bytes": 2**63}
    bill = peerbill.report(usage=[row], connections=[connection], catalog="china-site", month="2026-10")
    assert bill.payable == {"1000000000000001": Decimal("0.00")}
    assert str(bill.payable["1000000000000001"]) == "0.00"


def test_a_price_is_a_decimal_with_its_source() -> None:
    price = peerbill.catalog("china-site").price("Hohhot", "Guangzhou", "Gold")
    assert price == Decimal("0.48") and isinstance(price, Decimal)
    assert price.provenance["status"] == "published" and price.provenance["source_url"]
    assert pickle.loads(pickle.dumps(price)).provenance == price.provenance
    site = peerbill.catalog("international-site")
    with pytest.raises(peerbill.Error, match="no Platinum price") as missing:
        site.price("cn-beijing", "cn-shanghai", "Platinum")
    assert missing.value.kind == "missing_price"
    assumed = peerbill.catalog("international-site", prices="assumed-platinum")
    assert assumed.price("cn-beijing", "cn-shanghai", "Platinum").provenance["status"] == "assumed"


def test_a_charge_is_explained_as_on_the_command_line(program: str, month: dict[str, Any]) -> None:
    import json

    asked = {"connection": "pcc-2ze7q4hm1", "sender": "requester", "hour": "2026-10-05T03:00:00Z"}
    words = [program, "explain", "--usage", "examples/month/usage.csv", "--connections", str(month["connections"]),
             "--link-changes", str(month["link_changes"]), "--catalog", "china-site", "--format", "json"]
    words += [word for name, value in asked.items() for word in (f"--{name}", value)]
    expected = subprocess.run(words, check=True, capture_output=True, cwd=ROOT).stdout
    rest = {name: value for name, value in month.items() if name != "month"}
    assert peerbill.explain(usage="examples/month/usage.csv", **asked, **rest) == json.loads(expected)


def test_errors_say_what_is_wrong_and_where(month: dict[str, Any]) -> None:
    with pytest.raises(peerbill.Error) as refused:
        peerbill.report(usage=ROOT / "examples" / "dubious" / "usage.csv", **month)
    error = refused.value
    assert (error.kind, error.line) == ("input", 2)
    assert error.input is not None and error.input.endswith("usage.csv")
    assert len(error.faults) == 5 and error.faults[1]["message"].startswith('bytes "-7"')
    # Advice names parameters, not arguments of the program.
    assert "--" not in str(error) and "add it to connections" in str(error)
    for wrong, words in [
        ({"catalog": "china-sit"}, "did you mean"),
        ({"month": "2026-13"}, "2026-13"),
        ({"offset": "+05:30"}, "05:30"),
        ({"duplicates": "last"}, "duplicates"),
        ({"usage": None}, "usage is needed"),
        ({"usage": "no-such-file.csv"}, "no-such-file.csv"),
        ({"until": "2026-11-05T00:00:00Z"}, "until"),
    ]:
        with pytest.raises(peerbill.Error, match=words):
            peerbill.report(**({"usage": MONTH / "usage.csv"} | month | wrong))
    with pytest.raises(TypeError):
        peerbill.report(usage=3, **month)


def test_what_is_passed_over_is_told(month: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_bytes((MONTH / "usage.csv").read_bytes())
    (tmp_path / "_SUCCESS").write_text("done")
    with pytest.warns(UserWarning, match="_SUCCESS is skipped"):
        peerbill.report(usage=tmp_path, **month)


def test_an_output_is_whole_or_absent(month: dict[str, Any], tmp_path: Path) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", **month)
    with pytest.raises(peerbill.Error) as failed:
        bill.write(tmp_path / "no-such-folder" / "report.csv")
    assert failed.value.kind == "output"
    with pytest.raises(ValueError, match="format"):
        bill.write(tmp_path / "report.doc")
    assert list(tmp_path.iterdir()) == []


ENDLESS = """
import signal, sys, threading, os, time
import pyarrow as pa
import peerbill

rows = pa.RecordBatch.from_pydict({
    "timestamp": ["2026-10-05T03:00:00Z"] * 1000,
    "connection_id": ["pcc-1"] * 1000,
    "sender": ["requester"] * 1000,
    "bytes": pa.array([1] * 1000, pa.uint64()),
})

def endless():
    while True:
        yield rows

def interrupt():
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
connection = dict(connection_id="pcc-1", requester_account_id="1", requester_region="cn-beijing",
                  accepter_account_id="2", accepter_region="cn-shanghai", link_type="Gold")
reader = pa.RecordBatchReader.from_batches(rows.schema, endless())
try:
    peerbill.report(usage=reader, connections=[connection], catalog="china-site", month="2026-10", duplicates="sum")
except KeyboardInterrupt:
    sys.exit(42)
"""


def test_ctrl_c_stops_it() -> None:
    pytest.importorskip("pyarrow")
    run = subprocess.run([sys.executable, "-c", ENDLESS], timeout=60, capture_output=True, cwd=Path(peerbill.__file__).parents[1])
    assert run.returncode == 42, run.stderr.decode()


def test_the_types_hold(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "typed.py"
    script.write_text(textwrap.dedent("""
        from decimal import Decimal
        import peerbill

        bill: peerbill.Bill = peerbill.report(usage="usage.csv", connections=["connections.csv"], catalog="china-site", month="2026-10")
        payable: dict[str, Decimal] = bill.payable
        csv: bytes = bill.render("csv")
        table: peerbill.Table = bill.lines(by=["day"])
        again = peerbill.report(metered=table, connections="connections.csv", catalog="china-site", month="2026-10")
        price: Decimal = peerbill.catalog("china-site").price("Hohhot", "Guangzhou")
        costs: dict[str, Decimal | None] = peerbill.estimate(catalog="china-site", from_="a", to="b", gb=Decimal(1)).payable
        clean: bool = peerbill.reconcile(report=bill, bill_total={"1": Decimal("1.00")}).clean
        totals: dict[str, Decimal] = peerbill.compare(bill, "september.json", encoding="gbk").totals
        try:
            peerbill.explain(connection="pcc-1", sender="requester", hour="2026-10-05T03:00:00Z", connections="c.csv", catalog="china-site")
        except peerbill.Error as error:
            line: int | None = error.line
            code: str = error.faults[0]["code"]
    """))
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import peerbill\npeerbill.catalog('china-site').price(3)\n")
    unknown = tmp_path / "unknown.py"
    unknown.write_text("import peerbill\npeerbill.report(month='2026-10', catalog='china-site', usages='usage.csv')\n")
    example = str(ROOT / "examples" / "notebook.py")
    for what, code in [(["-p", "peerbill"], 0), ([str(script), example], 0), ([str(wrong)], 1), ([str(unknown)], 1)]:
        run = subprocess.run([*words, *what], capture_output=True, text=True, cwd=tmp_path)
        assert run.returncode == code, run.stdout + run.stderr


def test_the_example_runs() -> None:
    pytest.importorskip("polars")
    script = ROOT / "examples" / "notebook.py"
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "96.00" in run.stdout
