"""What `peerbill.spark` takes beside Spark's own SQL for the same hours, with and without a connection that has most rows.

usage: spark.py FOLDER [ROWS] [RUNS] [PARTITIONS]   Needs the Python package, pyspark, pandas and pyarrow.

Both months have 2,000 connections, both ends, and as many hours: in the one each end has a record every ten minutes, in the other
the first connection has 80 % of all rows. Hours of both ways are compared before anything is timed. Prints medians, after one run
of each that is not counted, in turn in one session.
"""
import os
import statistics
import sys
import time
from pathlib import Path

import numpy
import pyarrow as pa
import pyarrow.parquet
import pyspark

import peerbill.spark

folder = Path(sys.argv[1])
rows, runs, partitions = (int(own) for own in (*sys.argv[2:], *("10000000", "3", "16")[len(sys.argv) - 2 :]))
CONNECTIONS, FILES, START = 2000, 16, 1_790_784_000_000  # 2026-09-30T16:00:00Z, where October begins at +08:00


def ends(own, first, last, step):
    """Records of both ends of these connections, in the order of time: each end has one at every step."""
    count = own // (2 * (last - first))
    moments = numpy.repeat(START + step * numpy.arange(count), 2 * (last - first))
    place = numpy.arange(len(moments))
    return moments, first + place // 2 % (last - first), place % 2


def make(name, parts):
    """Traffic as Parquet files, each with a part of the time."""
    if (folder / name).exists():
        return
    (folder / name).mkdir(parents=True)
    moments, connections, senders = (numpy.concatenate(own) for own in zip(*parts))
    order = numpy.argsort(moments, kind="stable")
    ids = pa.array([f"pcc-{number:017}" for number in range(CONNECTIONS)])
    for number, own in enumerate(numpy.array_split(order, FILES)):
        table = pa.table({
            "timestamp": pa.array(moments[own], pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC")),
            "connection_id": ids.take(pa.array(connections[own])),
            "sender": pa.array(["requester", "accepter"]).take(pa.array(senders[own])),
            "bytes": pa.array(1_000_000 + own % 1_000_003, pa.int64()),
        })
        pyarrow.parquet.write_table(table, folder / name / f"{number:02}.parquet", compression="zstd")


make("even", [ends(rows, 0, CONNECTIONS, 600_000)])
fifth = rows // 5
# As many hours of the others, and as many as a month has of the one.
hours = rows // (2 * CONNECTIONS) * 600_000
others = fifth // (2 * (CONNECTIONS - 1))
make("skew", [ends(rows - fifth, 0, 1, hours // ((rows - fifth) // 2)), ends(fifth, 1, CONNECTIONS, hours // others)])
header = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n"
lines = (f"pcc-{number:017},1000000000000001,cn-beijing,1000000000000002,cn-shanghai,Gold\n" for number in range(CONNECTIONS))
(folder / "connections.csv").write_text(header + "".join(lines))

os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
session = pyspark.sql.SparkSession.builder.master("local[2]").appName("peerbill")
for name, value in {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.memory": "8g",
    "spark.sql.shuffle.partitions": str(partitions),
    "spark.sql.session.timeZone": "UTC",
}.items():
    session = session.config(name, value)
session = session.getOrCreate()


def sql(name):
    """Hourly sums, which nothing checks: their number, and all bytes."""
    session.read.parquet(str(folder / name)).createOrReplaceTempView("usage")
    hours = session.sql(
        "select date_trunc('hour', timestamp) as hour, connection_id, sender, sum(bytes) as bytes from usage group by 1, 2, 3"
    ).toArrow()
    return len(hours), sum(int(own or 0) for own in hours["bytes"].to_numpy())


def own(name):
    """The bill: the number of its hours, and all bytes that are billed."""
    usage = peerbill.spark.numbered(session.read.parquet(str(folder / name)))
    bill = peerbill.spark.report(
        usage=usage, connections=folder / "connections.csv", catalog="china-site", month="2026-10"
    )
    return len(pa.table(bill.hours())), int(bill.control_totals["bytes"]["billed"])


ways = {(way.__name__, name): lambda way=way, name=name: way(name) for name in ("even", "skew") for way in (sql, own)}
found = {key: run() for key, run in ways.items()}
for name in ("even", "skew"):
    assert found["sql", name] == found["own", name], (name, found)
    print(name, "hours and bytes:", *found["own", name], flush=True)
times = {key: [] for key in ways}
for _ in range(runs):
    for key, run in ways.items():
        begun = time.perf_counter()
        run()
        times[key].append(time.perf_counter() - begun)
for key, taken in times.items():
    print(*key, f"{statistics.median(taken):.1f} s", *(f"{own:.1f}" for own in taken), flush=True)
session.stop()
