"""Traffic that Spark holds is billed as on one machine: by real executors, one of which dies while it works."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import MONTH, ROOT

import peerbill

if os.environ.get("PEERBILL_TOOLS") != "required":
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("no Java is here, which Spark runs on", allow_module_level=True)

import pyarrow as pa
import pyspark

from peerbill import spark as cluster

CONNECTIONS = """connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type,\
requester_vpc_id,accepter_vpc_id,requester_cidrs,accepter_cidrs,created_at,deleted_at
pcc-1,1,cn-beijing,2,cn-shanghai,Gold,vpc-1,vpc-2,10.0.0.0/16,172.16.0.0/16,,
pcc-2,1,cn-beijing,1,cn-beijing,,vpc-3,vpc-4,10.1.0.0/16,172.17.0.0/16,,2026-10-05T09:30:00Z
pcc-3,3,cn-beijing,x,us-east-1,Platinum,vpc-5,vpc-6,10.2.0.0/16,172.18.0.0/16,,
"""
START = datetime(2026, 10, 5, tzinfo=timezone.utc)
INPUTS = 3


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    here = {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "PYSPARK_PYTHON": sys.executable,
    }
    os.environ.update(here)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("peerbill")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.session.timeZone": "Asia/Shanghai",
        "spark.executor.memory": "512m",
        # Of what tasks hand to the driver: less than the records of a test below.
        "spark.driver.maxResultSize": "2m",
        "spark.log.level": "OFF",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "connections.csv"
    path.write_text(CONNECTIONS)
    # One of them is faulty, and so is what follows from it.
    return {"connections": path, "catalog": "china-site", "month": "2026-10"}


def native(chance: random.Random) -> dict[str, Any]:
    """A record: of few instants, so that there are copies; most of one connection; some that are wrong."""
    odd = chance.random() < 0.08
    return {
        "timestamp": START + timedelta(minutes=15 * chance.randrange(-40, 60), days=40 * (chance.random() < 0.05)),
        "connection_id": chance.choice(["pcc-9", "pcc-3", ""] if odd else ["pcc-1"] * 6 + ["pcc-2"]),
        "sender": chance.choice(["requester", "accepter"] + ["nobody"] * odd),
        "bytes": None if odd and chance.random() < 0.3 else chance.choice([1, 7, 2**40]) * (-1) ** odd,
    }


def placed(rows: list[dict[str, Any]], name: str, chance: random.Random) -> tuple[list[list[dict[str, Any]]], Any]:
    """The rows of each input, and all of them with their places, in any order."""
    inputs = [rows[at::INPUTS] for at in range(INPUTS)]
    everywhere = [
        {**row, "input": f"{name}[{place}]", "row": number + 1}
        for place, own in enumerate(inputs)
        for number, row in enumerate(own)
    ]
    chance.shuffle(everywhere)
    return inputs, everywhere


def seen(bill: peerbill.Bill) -> tuple[Any, ...]:
    """All that could differ."""
    report = bill.to_dict()
    report["inputs"] = [own for own in report["inputs"] if own["name"].endswith("connections.csv")]
    return report, bill.render("csv"), bill.control_totals, bill.payable, pa.table(bill.hours()).to_pylist()


SCHEMA = pa.schema([("timestamp", pa.timestamp("us", "UTC")), ("connection_id", pa.string()), ("sender", pa.string()),
                    ("bytes", pa.int64())])
PLACED = pa.schema([*SCHEMA, ("input", pa.string()), ("row", pa.int64())])


@pytest.mark.parametrize("seed, duplicates", [(1, "refuse"), (2, "first")])
def test_random_months_are_those_of_one_machine(
    seed: int, duplicates: str, session: Any, own: dict[str, Any], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    inputs, everywhere = placed([native(chance) for _ in range(400)], "usage", chance)
    tables = [pa.Table.from_pylist(rows, SCHEMA) for rows in inputs]
    one = peerbill.report(usage=tables, duplicates=duplicates, quarantine=tmp_path / "one.csv", **own)
    frame = session.createDataFrame(pa.Table.from_pylist(everywhere, PLACED)).repartition(4)
    with cluster.meter(usage=frame, duplicates=duplicates, partitions=5, **own) as metered:
        bill = metered.report(quarantine=tmp_path / "spark.csv")
        assert seen(bill) == seen(one)
        assert (tmp_path / "spark.csv").read_text() == (tmp_path / "one.csv").read_text()
        assert bill.quarantined > 20
        with pytest.raises(peerbill.Error) as there:
            metered.report()
        totals = {row["name"]: row["records"] for row in metered.totals.collect()}
        assert totals == bill.control_totals["records"]
        refused = metered.refused.toArrow().sort_by([("input", "ascending"), ("row", "ascending")])
        assert refused.num_rows == totals["refused"] and set(refused["code"].to_pylist()) >= {"unreadable_row"}
        metered.hours.write.parquet(str(tmp_path / "hours"))
    with pytest.raises(peerbill.Error) as here:
        peerbill.report(usage=tables, duplicates=duplicates, **own)
    assert (str(there.value), there.value.faults) == (str(here.value), here.value.faults)
    again = peerbill.report(metered=tmp_path / "hours", quarantine=tmp_path / "again.csv", **own)
    assert again.render("csv") == one.render("csv")


def flow(chance: random.Random) -> dict[str, Any]:
    vpc, to = chance.choice([("vpc-1", "172.16.0.9")] * 6 + [("vpc-3", "172.17.0.9"), ("vpc-0", "10.0.0.9")])
    start = int(START.timestamp()) + 900 * chance.randrange(12)
    return {
        "eni-id": "eni-1", "vpc-id": vpc, "protocol": "6", "srcaddr": "10.9.9.9", "srcport": "1", "dstaddr": to,
        "dstport": "443", "direction": chance.choice(["out", "out", "in"]), "action": "ACCEPT",
        "bytes": str(chance.randrange(1000)), "start": str(start), "end": str(start + 900 * chance.randrange(1, 9)),
        "log-status": "OK", "traffic_path": "17",
    }


def datapoint(chance: random.Random) -> dict[str, Any]:
    return {
        "timestamp": str(int(START.timestamp()) + 900 * chance.randrange(90)),
        "instanceId": chance.choice(["pcc-1"] * 9 + ["pcc-9"]),
        "Sum": f"{chance.randrange(-1, 90)}.125",
    }


RATES = {"metric_unit": "bit/s", "metric_period": 7}
TEXTS: dict[str, Any] = {
    "usage": (lambda chance: {**native(chance), "timestamp": f"{START + timedelta(minutes=chance.randrange(99)):%FT%TZ}"}, {}),
    "flow_logs": (flow, {}),
    "IntranetRX": (datapoint, RATES),
}


def paths_of(shape: str, inputs: list[list[dict[str, Any]]], names: list[str]) -> dict[str, Any]:
    """Files of JSON lines, as Spark would write them."""
    for name, lines in zip(names, inputs):
        Path(name).write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return {"cloudmonitor": [f"{shape}={name}" for name in names]} if shape == "IntranetRX" else {shape: names}


@pytest.mark.parametrize("shape", TEXTS)
def test_other_shapes_are_those_of_their_files(
    shape: str, session: Any, own: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, settings = TEXTS[shape]
    chance = random.Random(shape)
    monkeypatch.chdir(tmp_path)
    names = ["a.json", "b.json", "c.json"]
    rows = [make(chance) for _ in range(150)]
    inputs, everywhere = placed(rows, "usage", chance)
    if shape == "usage":
        # Instants are text, which only the meter reads.
        given: dict[str, Any] = {"usage": [pa.Table.from_pylist(lines) for lines in inputs]}
        names = [f"usage[{place}]" for place in range(INPUTS)]
    else:
        given = paths_of(shape, inputs, names)
    everywhere = [{**row, "input": names[int(row["input"][-2])]} for row in everywhere]
    frame = session.createDataFrame(pa.Table.from_pylist(everywhere)).repartition(3)
    asked = {**own, **settings, "duplicates": "first" if shape == "usage" else "refuse"}
    one = peerbill.report(quarantine="one.csv", **given, **asked)
    frames = {"cloudmonitor": {shape: frame}} if shape == "IntranetRX" else {shape: frame}
    bill = cluster.report(quarantine="spark.csv", **frames, **asked)
    assert seen(bill) == seen(one)
    assert Path("spark.csv").read_text() == Path("one.csv").read_text()
    assert bill.quarantined > 0


def test_hours_come_to_the_driver_and_records_do_not(session: Any, own: dict[str, Any]) -> None:
    own["connections"].write_text(CONNECTIONS.replace(",x,", ",4,"))
    records, step = 200_000, 54
    usage = session.range(records).selectExpr(
        f"timestamp_millis({int(START.timestamp()) * 1000} + id * {step}) as timestamp", "'pcc-1' as connection_id",
        "'requester' as sender", "id as bytes", "'usage' as input", "id + 1 as row",
    )
    with pytest.raises(Exception, match="maxResultSize"):
        usage.toArrow()
    bill = cluster.report(usage=usage, **own)
    hours = pa.table(bill.hours())
    assert hours.num_rows == records * step // 3_600_000 == 3
    assert bill.control_totals["records"]["billed"] == records
    assert bill.control_totals["bytes"]["billed"] == records * (records - 1) // 2


def dying(meter_rows: Any, marker: str) -> Any:
    """Kills the executor that it runs on, once, when it has handed over some of what it made."""

    def meter(batches: Iterator[Any]) -> Iterator[Any]:
        import os
        import signal

        for batch in meter_rows(batches):
            yield batch
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            # This is forked by a daemon, which the executor has started.
            with open(f"/proc/{os.getppid()}/stat") as stat:
                os.kill(int(stat.read().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)

    return meter


@pytest.mark.skipif(sys.platform != "linux", reason="finds the executor in /proc")
def test_an_executor_that_dies_changes_nothing(
    session: Any, month: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import csv

    table = csv.read_csv(MONTH / "usage.csv")
    one = peerbill.report(usage=table, **month)
    size = len(table)
    table = table.append_column("input", pa.array(["usage"] * size)).append_column("row", pa.array(range(1, size + 1)))
    marker, task = tmp_path / "died", cluster._task
    monkeypatch.setattr(cluster, "_task", lambda *own: dying(task(*own), str(marker)))
    bill = cluster.report(usage=session.createDataFrame(table), **month)
    assert marker.exists()
    assert seen(bill) == seen(one)
    lines = cluster.lines(bill, session)
    assert lines.toArrow().equals(pa.table(bill.lines()).cast(lines.toArrow().schema))


def test_what_cannot_be_metered_is_refused_before_a_task_runs(session: Any, own: dict[str, Any]) -> None:
    def frame(text: str) -> Any:
        return session.sql(f"select {text}")

    placed = "'usage' as input, 1 as row"
    with pytest.raises(ValueError, match="row.*numbered"):
        cluster.meter(usage=frame("'usage' as input"), **own)
    with pytest.raises(ValueError, match="one frame"):
        cluster.meter(**own)
    columns = "timestamp'2026-10-05 00:00:00' as timestamp, 'pcc-1' as connection_id, 'requester' as sender"
    with pytest.raises(peerbill.Error, match="float.*cast"):
        cluster.meter(usage=frame(f"{columns}, 1.5D as bytes, {placed}"), **own)
    with pytest.raises(peerbill.Error, match="no column bytes"):
        cluster.meter(usage=frame(f"{columns}, {placed}"), **own)
    with pytest.raises(peerbill.Error, match="Sum is a float"):
        cluster.meter(cloudmonitor={"IntranetRX": frame(f"1.5D as Sum, {placed}")}, **own)
    with pytest.raises(peerbill.Error, match="several months"):
        cluster.meter(usage=frame(f"{columns}, 1 as bytes, {placed}"), **(own | {"month": "2026-Q4"}))


def test_the_example_runs(session: Any) -> None:
    session.stop()
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "spark_job.py"), "local[2]"], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    assert "9682.22" in run.stdout
