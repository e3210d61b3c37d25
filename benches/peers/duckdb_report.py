"""The sums of the monthly report by DuckDB: usage: duckdb_report.py FOLDER OUTPUT.csv [csv|parquet|parquet-cast]

It is handed the link types cut on whole hours, checks no record, and does no pricing: the least that a query
engine has to do for the same lines.
"""
import sys

import duckdb

folder, output = sys.argv[1:3]
form = sys.argv[3] if len(sys.argv) > 3 else "csv"
# Timestamps are compared as they are read: casting them, as one would write it first, takes longer than all the rest.
usage, instant, at = {
    "csv": (
        f"read_csv('{folder}/usage.csv', types={{'timestamp':'TIMESTAMP','bytes':'UBIGINT'}})", "timestamp", "t.timestamp"
    ),
    "parquet": (f"read_parquet('{folder}/usage.parquet')", "timestamptz", "t.timestamp"),
    "parquet-cast": (f"read_parquet('{folder}/usage.parquet')", "timestamp", "t.timestamp::timestamp"),
}[form]
con = duckdb.connect()
con.sql("set preserve_insertion_order=false")
con.sql("set TimeZone='UTC'")
con.sql(f"""create table segments as select connection_id, from_hour::{instant} f, until_hour::{instant} u, link_type,
    requester, accepter from read_csv('{folder}/segments.csv', all_varchar=true)""")
con.sql(f"""copy (select case sender when 'requester' then requester when 'accepter' then accepter
        else error('sender') end account, connection_id, sender, link_type, sum(bytes) consumed_bytes
    from {usage} t join segments using (connection_id)
    where {at} >= f and {at} < u
      and {at} >= '2026-09-30 16:00:00'::{instant} and {at} < '2026-10-31 16:00:00'::{instant}
    group by all order by all) to '{output}' (header true)""")
