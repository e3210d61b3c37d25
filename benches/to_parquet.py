"""The traffic of a folder as Parquet: usage: to_parquet.py FOLDER [COMPRESSION]

Reads usage.csv and writes usage.parquet beside it, timestamps in UTC, a block at a time.
"""
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

folder = sys.argv[1]
compression = sys.argv[2] if len(sys.argv) > 2 else "zstd"
schema = pa.schema(
    [("timestamp", pa.timestamp("ms", "UTC")), ("connection_id", pa.string()), ("sender", pa.string()), ("bytes", pa.uint64())]
)
options = pa.csv.ConvertOptions(column_types=schema)
rows = pa.csv.open_csv(
    f"{folder}/usage.csv", convert_options=options, read_options=pa.csv.ReadOptions(block_size=64 << 20)
)
with pa.parquet.ParquetWriter(f"{folder}/usage.parquet", schema, compression=compression) as writer:
    for batch in rows:
        writer.write_batch(batch)
