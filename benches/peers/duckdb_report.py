"""The sums of the monthly report by DuckDB: usage: duckdb_report.py FOLDER OUTPUT.csv [FORM]

FORM is csv, csv-SPELLING of benches/spellings.py, parquet, parquet-cast, json (lines), flowlog, flowlog.gz or cloudmonitor.
It is handed the link types cut on whole hours, checks no record, looks for no copies, and does no pricing: the least that a
query engine has to do for the same lines. An entry of a flow log belongs to the hour of its start, and to the one connection
of its VPC.
"""
import sys

import duckdb

folder, output = sys.argv[1:3]
form = sys.argv[3] if len(sys.argv) > 3 else "csv"
ROW = "{'timestamp':'TIMESTAMP','connection_id':'VARCHAR','sender':'VARCHAR','bytes':'UBIGINT'}"
NAMES = ["vpc-id", "direction", "action", "traffic_path", "log-status"]
ENTRY = "{" + ",".join(f"'{name}':'VARCHAR'" for name in NAMES) + ",'bytes':'UBIGINT','start':'BIGINT'}"
# As JSON lines each; an answer is one object.
FLOWS = f"""(select make_timestamp("start" * 1000000) "timestamp", "connection_id", sender, bytes
    from read_json('{folder}/flows.ndjson{".gz" if form.endswith(".gz") else ""}', format='newline_delimited',
    columns={ENTRY}) join vpcs on vpc = "vpc-id"
    where direction = 'out' and action = 'ACCEPT' and traffic_path = '17' and "log-status" = 'OK')"""
POINT = '[{"timestamp":"BIGINT","instanceId":"VARCHAR","Sum":"DOUBLE"}]'
ANSWERS = " union all ".join(
    f"""(select make_timestamp(p.timestamp * 1000) "timestamp", p.instanceId connection_id, '{sender}' sender, p.Sum::UBIGINT bytes
    from (select unnest(from_json(Datapoints, '{POINT}')) p from read_json('{folder}/{name}.json',
    format='newline_delimited', columns={{'Datapoints':'VARCHAR'}}, maximum_object_size=1073741824)))"""
    for name, sender in [("rx", "requester"), ("tx", "accepter")]
)


def spelled(name):
    """The rows of a spelling of CSV, by the quickest type that reads its times."""
    if name == form:
        return OTHERS[form]
    path = f"'{folder}/usage-{name}.csv'"
    if name in ("epoch", "milliseconds"):
        scale = 1000000 if name == "epoch" else 1000
        columns = f"""make_timestamp("timestamp" * {scale}) "timestamp", connection_id, sender, bytes"""
        usage = f"""(select {columns} from read_csv({path}, types={{'timestamp':'BIGINT','bytes':'UBIGINT'}}))"""
        return usage, "timestamp", "t.timestamp"
    instant = "timestamptz" if name in ("offset", "blank-offset", "all") else "timestamp"
    return f"read_csv({path}, types={{'timestamp':'{instant}','bytes':'UBIGINT'}})", instant, "t.timestamp"


# Timestamps are compared as they are read: casting them, as one would write it first, takes longer than all the rest.
OTHERS = {
    "csv": (
        f"read_csv('{folder}/usage.csv', types={{'timestamp':'TIMESTAMP','bytes':'UBIGINT'}})", "timestamp", "t.timestamp"
    ),
    "json": (f"read_json('{folder}/usage.ndjson', format='newline_delimited', columns={ROW})", "timestamp", "t.timestamp"),
    "flowlog": (FLOWS, "timestamp", "t.timestamp"),
    "flowlog.gz": (FLOWS, "timestamp", "t.timestamp"),
    "cloudmonitor": (f"({ANSWERS})", "timestamp", "t.timestamp"),
    "parquet": (f"read_parquet('{folder}/usage.parquet')", "timestamptz", "t.timestamp"),
    "parquet-cast": (f"read_parquet('{folder}/usage.parquet')", "timestamp", "t.timestamp::timestamp"),
}
usage, instant, at = spelled(form.removeprefix("csv-"))
con = duckdb.connect()
con.sql("set preserve_insertion_order=false")
con.sql("set TimeZone='UTC'")
con.sql(f"""create table segments as select connection_id, from_hour::{instant} f, until_hour::{instant} u, link_type,
    requester, accepter from read_csv('{folder}/segments.csv', all_varchar=true)""")
if form.startswith("flowlog"):
    con.sql(f"""create table vpcs as select connection_id, unnest([requester_vpc_id, accepter_vpc_id]) vpc,
        unnest(['requester', 'accepter']) sender from read_csv('{folder}/connections.csv', all_varchar=true)""")
con.sql(f"""copy (select case sender when 'requester' then requester when 'accepter' then accepter
        else error('sender') end account, connection_id, sender, link_type, sum(bytes) consumed_bytes
    from {usage} t join segments using (connection_id)
    where {at} >= f and {at} < u
      and {at} >= '2026-09-30 16:00:00'::{instant} and {at} < '2026-10-31 16:00:00'::{instant}
    group by all order by all) to '{output}' (header true)""")
