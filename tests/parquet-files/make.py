"""Writes the Parquet files beside it, as three writers make them, all of the traffic in usage.csv.

usage: python3 make.py   Needs pyarrow 26, polars 2 and duckdb 2; other versions may write other bytes.
"""
import datetime as dt
import os

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rows = [line.rstrip("\n").split(",") for line in open("usage.csv")][1:]
ids, senders, amounts = [row[1] for row in rows], [row[2] for row in rows], [int(row[3]) for row in rows]
utc = [dt.datetime.fromisoformat(row[0]) for row in rows]
china = [at.astimezone(dt.timezone(dt.timedelta(hours=8))).replace(tzinfo=None) for at in utc]


def table(instants, kind, text=pa.string(), bytes=pa.uint64()):
    return pa.table({
        "timestamp": pa.array(instants, kind), "connection_id": pa.array(ids, text),
        "sender": pa.array(senders, text), "bytes": pa.array(amounts, bytes),
    })


zoned = pa.timestamp("us", "UTC")
pq.write_table(table(utc, zoned), "pyarrow.parquet")
pq.write_table(table(utc, pa.timestamp("s", "Asia/Shanghai"), pa.large_string()), "pyarrow-seconds.parquet", compression="zstd")
pq.write_table(table(utc, pa.timestamp("ns", "UTC"), pa.string_view()), "pyarrow-views.parquet", compression="lz4")
words = pa.dictionary(pa.int16(), pa.string())
pq.write_table(table(utc, zoned, words), "pyarrow-dictionaries.parquet", compression="gzip", row_group_size=3)
plain = {"timestamp": "DELTA_BINARY_PACKED", "connection_id": "DELTA_BYTE_ARRAY", "sender": "DELTA_LENGTH_BYTE_ARRAY", "bytes": "BYTE_STREAM_SPLIT"}
pq.write_table(table(utc, zoned), "pyarrow-version-2.parquet", use_dictionary=False, column_encoding=plain, data_page_version="2.0")
pq.write_table(table(utc, zoned), "pyarrow-differences.parquet", use_dictionary=False, column_encoding=plain)
pq.write_table(table(utc, zoned, bytes=pa.decimal128(38, 0)), "pyarrow-decimals.parquet", store_decimal_as_integer=False)
pq.write_table(table(china, pa.timestamp("ns")), "naive-pyarrow-int96.parquet", use_deprecated_int96_timestamps=True)
pq.write_table(table(china, pa.timestamp("ms")), "naive-pyarrow.parquet", version="1.0")
floats = table(utc, zoned).set_column(3, "bytes", pa.array([float(amount) for amount in amounts]))
pq.write_table(floats, "refused-pyarrow-floats.parquet")
pq.write_table(table(utc, zoned, text=pa.binary()), "refused-pyarrow-binary.parquet")
pq.write_table(table(utc, zoned).rename_columns(["timestamp", "connection", "sender", "byte"]), "refused-pyarrow-columns.parquet")
pq.write_table(table(utc, zoned), "refused-pyarrow-brotli.parquet", compression="brotli")
nested = table(utc, zoned).set_column(2, "sender", pa.array([[text] for text in senders]))
pq.write_table(nested, "refused-pyarrow-lists.parquet")
pq.write_table(table(utc, zoned).slice(0, 0), "no-rows.parquet")

frame = pl.DataFrame({"bytes": pl.Series(amounts, dtype=pl.UInt64), "sender": senders, "connection_id": ids,
                      "timestamp": pl.Series(utc, dtype=pl.Datetime("us", "UTC")), "note": [1.5] * len(ids)})
frame.write_parquet("polars.parquet")
frame.with_columns(pl.col("sender").cast(pl.Categorical)).write_parquet("polars-categories.parquet", compression="snappy")
frame.with_columns(pl.Series("timestamp", [row[0] for row in rows])).write_parquet("polars-texts.parquet")
frame.with_columns(pl.Series("timestamp", china)).write_parquet("naive-polars.parquet")

con = duckdb.connect()
con.sql("set TimeZone='UTC'")
con.sql("""create view traffic as select timestamp::timestamptz as timestamp, connection_id, sender, bytes::ubigint as bytes
    from read_csv('usage.csv', all_varchar=true)""")
con.sql("copy traffic to 'duckdb.parquet' (format parquet)")
con.sql("copy (select * replace (bytes::decimal(38,0) as bytes) from traffic) to 'duckdb-decimals.parquet' (format parquet, parquet_version v2)")
con.sql("copy (select * replace (epoch_ms(timestamp) as timestamp, sender::enum('accepter','requester') as sender) from traffic) to 'duckdb-epochs.parquet' (format parquet, compression zstd)")
con.sql("copy (select * replace (bytes::hugeint as bytes) from traffic) to 'refused-duckdb-hugeints.parquet' (format parquet)")
