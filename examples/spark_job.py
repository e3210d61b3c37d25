"""A month of traffic in Parquet files, metered and billed by Spark; give it a master: spark_job.py local[2]."""

import sys
import tempfile
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
from pyspark.sql import SparkSession

import peerbill.spark

MONTH = Path(__file__).parent / "month"
master = sys.argv[1] if len(sys.argv) > 1 else "local[*]"
session = SparkSession.builder.master(master).appName("peerbill").getOrCreate()

with tempfile.TemporaryDirectory() as folder:
    # Elsewhere it lies in object storage: session.read.parquet("oss://bucket/traffic/2026-10/").
    table = pyarrow.csv.read_csv(MONTH / "usage.csv")
    pyarrow.parquet.write_table(table.slice(0, 4000), f"{folder}/a.parquet")
    pyarrow.parquet.write_table(table.slice(4000), f"{folder}/b.parquet")
    usage = peerbill.spark.numbered(session.read.parquet(folder))

    with peerbill.spark.meter(
        usage=usage,
        connections=MONTH / "connections.csv",
        link_changes=MONTH / "link-changes.csv",
        catalog="china-site",
        month="2026-10",
        partitions=4,
    ) as metered:
        # What tasks found, as frames: to be looked at, or written as tables.
        metered.totals.show()
        metered.refused.show()
        metered.hours.write.parquet(f"{folder}/hours")

        # The bill, on the driver: the same digits as on one machine.
        bill = metered.report()

    for account, payable in bill.payable.items():
        print(account, payable, bill.currency)
    peerbill.spark.lines(bill, session).write.parquet(f"{folder}/lines")

session.stop()
