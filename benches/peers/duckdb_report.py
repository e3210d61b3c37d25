"""The sums of the monthly report by DuckDB: usage: duckdb_report.py FOLDER OUTPUT.csv

It is handed the link types cut on whole hours, checks no record, and does no pricing: the least that a query
engine has to do for the same lines.
"""
import sys

import duckdb

folder, output = sys.argv[1:3]
con = duckdb.connect()
con.sql("set preserve_insertion_order=false")
con.sql("set TimeZone='UTC'")
con.sql(f"""create table segments as select connection_id, from_hour::timestamp f, until_hour::timestamp u, link_type,
    requester, accepter from read_csv('{folder}/segments.csv', all_varchar=true)""")
con.sql(f"""copy (select case sender when 'requester' then requester when 'accepter' then accepter
        else error('sender') end account, connection_id, sender, link_type, sum(bytes) consumed_bytes
    from read_csv('{folder}/usage.csv', types={{'timestamp':'TIMESTAMP','bytes':'UBIGINT'}}) t join segments using (connection_id)
    where t.timestamp::timestamp >= f and t.timestamp::timestamp < u
      and t.timestamp::timestamp >= '2026-09-30 16:00:00' and t.timestamp::timestamp < '2026-10-31 16:00:00'
    group by all order by all) to '{output}' (header true)""")
