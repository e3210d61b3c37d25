"""The sums of the monthly report by polars, streaming: usage: polars_report.py FOLDER OUTPUT.csv [csv|parquet]

As duckdb_report.py: link types cut on whole hours, no record checked, no pricing.
"""
import sys

import polars as pl

folder, output = sys.argv[1:3]
form = sys.argv[3] if len(sys.argv) > 3 else "csv"
utc = lambda name: pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
segments = pl.scan_csv(f"{folder}/segments.csv", infer_schema=False).with_columns(utc("from_hour"), utc("until_hour"))
if form == "csv":
    usage = pl.scan_csv(f"{folder}/usage.csv", schema={
        "timestamp": pl.String, "connection_id": pl.String, "sender": pl.String, "bytes": pl.UInt64,
    }).with_columns(utc("timestamp"))
else:
    naive = pl.col("timestamp").dt.replace_time_zone(None).cast(pl.Datetime("us"))
    usage = pl.scan_parquet(f"{folder}/usage.parquet").with_columns(naive)
month = pl.col("timestamp").is_between(pl.datetime(2026, 9, 30, 16), pl.datetime(2026, 10, 31, 16), closed="left")
lines = (
    usage.filter(month)
    .join(segments, on="connection_id")
    .filter((pl.col("timestamp") >= pl.col("from_hour")) & (pl.col("timestamp") < pl.col("until_hour")))
    .with_columns(
        pl.when(pl.col("sender") == "requester").then("requester").otherwise("accepter").alias("account"))
    .group_by("account", "connection_id", "sender", "link_type")
    .agg(pl.col("bytes").cast(pl.Int128).sum().alias("consumed_bytes"))
    .sort("account", "connection_id", "sender", "link_type")
)
lines.collect(engine="streaming").write_csv(output)
