"""A table of Iceberg is billed as its files are, by the columns `_file` and `_pos` that Iceberg makes.

`PEERBILL_ICEBERG` names Iceberg's runtime for the Spark that is here, a jar or several with commas between.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import peerbill

JARS = os.environ.get("PEERBILL_ICEBERG")
if not JARS:
    pytest.skip("PEERBILL_ICEBERG does not name the runtime of Iceberg", allow_module_level=True)
pytest.importorskip("pyspark")

import pyarrow as pa
import pyspark
from pyarrow import parquet

from peerbill import spark as cluster

CONNECTIONS = """connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type
pcc-1,1,cn-beijing,2,cn-shanghai,Gold
"""
START = datetime(2026, 10, 5, tzinfo=timezone.utc)
SCHEMA = pa.schema([("timestamp", pa.timestamp("us", "UTC")), ("connection_id", pa.string()), ("sender", pa.string()),
                    ("bytes", pa.int64())])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    os.environ.update({
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "PYSPARK_PYTHON": sys.executable,
    })
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("peerbill")
    for name, value in {
        "spark.jars": JARS,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.session.timeZone": "Asia/Shanghai",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(tmp_path_factory.mktemp("warehouse")),
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def rows(first: int) -> list[dict[str, Any]]:
    """Forty records, one every ten minutes, and two of them once more; three of ten are wrong."""
    return [
        {
            "timestamp": START + timedelta(minutes=10 * (first + number)),
            "connection_id": "pcc-9" if number % 10 == 3 else "pcc-1",
            "sender": "nobody" if number % 10 == 7 else "requester",
            "bytes": None if number % 10 == 9 else 2**30 + first + number,
        }
        for number in [*range(40), 5, 6]
    ]


def set_aside(path: Path) -> list[list[str]]:
    """The rows of a quarantine; a file of Parquet tells the row group as well, of which Spark says nothing."""
    with path.open(newline="") as lines:
        return [[re.sub(r"^row group \d+, row \d+: |: row group \d+, row \d+", "", own) for own in row] for row in csv.reader(lines)]


@pytest.mark.parametrize("duplicates", ["refuse", "first"])
def test_a_table_is_billed_as_its_files_are(duplicates: str, session: Any, tmp_path: Path) -> None:
    (tmp_path / "connections.csv").write_text(CONNECTIONS)
    own: dict[str, Any] = {
        "connections": tmp_path / "connections.csv", "catalog": "china-site", "month": "2026-10", "duplicates": duplicates,
    }
    session.sql("drop table if exists lake.month")
    session.sql("create table lake.month (timestamp timestamp, connection_id string, sender string, bytes bigint) using iceberg")
    # Three files, the second and the third with records of the one before.
    for first in (0, 20, 40):
        written = tmp_path / f"{first}.parquet"
        parquet.write_table(pa.Table.from_pylist(rows(first), SCHEMA), written)
        session.read.parquet(str(written)).coalesce(1).writeTo("lake.month").append()
    traffic = session.table("lake.month").selectExpr("*", "_file as input", "_pos + 1 as row")
    files = sorted(row["input"] for row in traffic.select("input").distinct().collect())
    assert len(files) == 3
    one = peerbill.report(usage=files, quarantine=tmp_path / "one.csv", **own)
    with cluster.meter(usage=traffic.repartition(4), **own) as metered:
        bill = metered.report(quarantine=tmp_path / "spark.csv")
        places = {(row["input"], row["row"]) for row in metered.refused.collect()}
    assert set_aside(tmp_path / "spark.csv") == set_aside(tmp_path / "one.csv")
    assert all(any(row[-3:-1] == [file, "4"] for row in set_aside(tmp_path / "spark.csv")) for file in files)
    # The fourth record of each file is of no connection that is known.
    assert places >= {(file, 4) for file in files}
    assert bill.render("csv") == one.render("csv")
    assert bill.control_totals == one.control_totals
    assert bill.to_dict()["control_totals"] == one.to_dict()["control_totals"]
    assert pa.table(bill.hours()).to_pylist() == pa.table(one.hours()).to_pylist()
    # Of ninety good records of 56 instants.
    copies = {"duplicate_record": 64} if duplicates == "refuse" else {"dropped_copy": 34}
    codes = Counter(row[4] for row in set_aside(tmp_path / "spark.csv")[1:])
    assert codes == {"unknown_connection": 12, "unreadable_row": 24, **copies}
    assert bill.quarantined == (100 if duplicates == "refuse" else 36)


def test_its_lines_are_written_as_a_table(session: Any, month: dict[str, Any]) -> None:
    bill = peerbill.report(usage="examples/month/usage.csv", **month)
    cluster.lines(bill, session).writeTo("lake.lines").using("iceberg").createOrReplace()
    own = pa.table(bill.lines()).to_pylist()
    assert sorted(map(str, (row.asDict().values() for row in session.table("lake.lines").collect()))) == sorted(
        map(str, (row.values() for row in own)))
