"""Meter traffic that Spark reads, and bill it: the same digits as on one machine, whatever the number of partitions.

Rows are brought together by what they are compared with, each task runs the meter of the core over its part, and the
driver puts the parts together by the core. Nothing is computed here.

Needs PySpark 3.5 or 4, and `pandas` and `pyarrow` beside it, on the driver and on executors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]

from . import Bill, Path, Paths, Rows, _peerbill

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession  # type: ignore[import-not-found, unused-ignore]

__all__ = ["Metered", "lines", "meter", "numbered", "report"]

_HOURS = "hour struct<hour string, connection_id string, sender string, bytes decimal(38,0)>"
_COUNTS = "count struct<name string, month string, records bigint, bytes decimal(38,0)>"
_DOUBT = "doubt struct<code string, reason string>"
_PLACE = ("input", "row")
_TRAFFIC = ("timestamp", "connection_id", "sender", "bytes")
_TOTALS = ("read", "billed", "free", "outside_period", "refused")


def numbered(frame: DataFrame) -> DataFrame:
    """The rows of Parquet files with their places: `input`, the path of the file, and `row`, their number in it."""
    return frame.selectExpr("*", "_metadata.file_path as input", "_metadata.row_index + 1 as row")


class Metered:
    """What tasks made of the traffic of a month. It is kept on executors until `unpersist()`, or the end of a `with`."""

    def __init__(self, parts: DataFrame, arguments: Mapping[str, Any], columns: list[str]) -> None:
        self._parts = parts
        self._arguments = arguments
        self._columns = columns

    @property
    def hours(self) -> DataFrame:
        """What each end sent in each hour: `hour` as text in UTC, `connection_id`, `sender` and `bytes`.

        Written as Parquet or CSV, `report --metered` takes it.
        """
        from pyspark.sql import functions as f  # type: ignore[import-not-found, unused-ignore]

        hours = self._parts.where("hour is not null").select("hour.*")
        # Entries of flow logs lie in several hours, so that several tasks may have met one.
        return hours.groupBy("hour", "connection_id", "sender").agg(f.sum("bytes").cast("decimal(38,0)").alias("bytes"))

    @property
    def refused(self) -> DataFrame:
        """Refused records: where they stand, `code` and `reason`, and their columns as they were."""
        refused = self._parts.where("doubt.code is not null")
        return refused.select(*_PLACE, "doubt.*", *self._columns)

    @property
    def totals(self) -> DataFrame:
        """Control totals: where every record went, as `name`, `records` and `bytes`."""
        from pyspark.sql import functions as f  # type: ignore[import-not-found, unused-ignore]

        counts = self._parts.where(f.col("count.name").isin(*_TOTALS)).select("count.*")
        bytes = f.sum("bytes").cast("decimal(38,0)").alias("bytes")
        return counts.groupBy("name").agg(f.sum("records").alias("records"), bytes)

    def report(
        self,
        *,
        accounts: Path | None = None,
        budget: Path | None = None,
        account: str | None = None,
        by: str | Iterable[str] | None = None,
        hourly: bool = False,
        quarantine: Path | None = None,
    ) -> Bill:
        """The bill, put together on the driver: parameters are those of `peerbill.report`.

        Records in doubt are judged once more where all of them are, in the order of `input` and `row`.
        """
        own = dict(locals())
        del own["self"]
        # Hours are by far the most: without the columns of the others they are half as large on their way.
        hours, counts = self._members("hour"), self._members("count")
        doubtful = _collected(self._parts.where("doubt is not null"))
        doubtful = doubtful.sort_by([(name, "ascending") for name in _PLACE])
        places = doubtful.select(list(_PLACE))
        arguments = {**self._arguments, **own}
        return _peerbill.spark_report(arguments, doubtful.select(self._columns), places, hours, counts)

    def _members(self, name: str) -> Any:
        return _collected(self._parts.where(f"{name} is not null").select(f"{name}.*"))

    def unpersist(self) -> None:
        self._parts.unpersist()

    def __enter__(self) -> Metered:
        return self

    def __exit__(self, *raised: object) -> None:
        self.unpersist()


def meter(
    *,
    month: str,
    connections: Rows,
    catalog: Path,
    usage: DataFrame | None = None,
    flow_logs: DataFrame | None = None,
    cloudmonitor: Mapping[str, DataFrame] | None = None,
    link_changes: Rows | None = None,
    prices: Paths | None = None,
    contract: Path | None = None,
    until: str | None = None,
    offset: str | None = None,
    duplicates: str | None = None,
    naive_offset: str | None = None,
    metric_statistic: str | None = None,
    metric_unit: str | None = None,
    metric_timestamp: str | None = None,
    metric_period: int | None = None,
    requester_account: str | Iterable[str] | None = None,
    requester_region: str | Iterable[str] | None = None,
    link_type_before: str | Iterable[str] | None = None,
    encoding: str | None = None,
    memory: str | None = None,
    partitions: int | None = None,
) -> Metered:
    """Meters a month of traffic, one of `usage`, `flow_logs` and `cloudmonitor`, which is `{METRIC: frame}`.

    Frames have the columns `input`, the name of what a row was read from, and `row`, its number there from 1, beside those
    of traffic; `numbered` makes them of Parquet. They decide in what order records stand. Flow logs and datapoints are
    columns of the provider's names, or one column `value` that holds each as its JSON. `partitions` is how many tasks meter,
    `spark.sql.shuffle.partitions` without it. The other parameters are those of `peerbill.report`.
    """
    arguments = _arguments(dict(locals()))
    shape, frame = _shaped(usage, flow_logs, cloudmonitor)
    arguments["shape"] = shape
    for place in _PLACE:
        if place not in frame.columns:
            raise ValueError(
                f"{place}: the frame has no such column; numbered(frame) makes it of Parquet, and of others it is any "
                f"number that tells the rows of an input apart and stays the same when they are read again"
            )
    rows = _rows(frame, shape)
    columns = [name for name in rows.columns if name not in _PLACE]
    _check(rows if shape == "usage" else frame, arguments)
    # What executors cannot read: they have neither the files nor the catalog.
    shipped = {**arguments, **_peerbill.spark_inputs(arguments), "threads": 1}
    for name in ("catalog", "prices", "contract"):
        shipped.pop(name, None)
    grouped, keys = _grouped(rows, columns, shipped)
    width = int(str(_session(frame).conf.get("spark.sql.shuffle.partitions"))) if partitions is None else partitions
    together = grouped.repartition(width, *keys).select(*rows.columns)
    own = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema.fields)
    parts = together.mapInArrow(_task(shipped, columns), f"{_HOURS}, {_COUNTS}, {_DOUBT}, {own}")
    return Metered(parts.persist(), arguments, columns)


def _arguments(own: dict[str, Any]) -> dict[str, Any]:
    for name in ("usage", "flow_logs", "cloudmonitor", "partitions"):
        del own[name]
    # What can be read only once is needed twice.
    for name in ("connections", "link_changes"):
        value = own[name]
        if value is not None and not isinstance(value, (str, os.PathLike)):
            own[name] = list(value)
    for name in ("prices", "requester_account", "requester_region", "link_type_before"):
        if own[name] is not None and not isinstance(own[name], (str, os.PathLike)):
            own[name] = list(own[name])
    return own


def _shaped(
    usage: DataFrame | None, flow_logs: DataFrame | None, cloudmonitor: Mapping[str, DataFrame] | None
) -> tuple[str, DataFrame]:
    given = [(name, frame) for name, frame in (("usage", usage), ("flow_logs", flow_logs)) if frame is not None]
    given += list((cloudmonitor or {}).items())
    if len(given) != 1:
        raise ValueError("usage, flow_logs, cloudmonitor: one frame of traffic is wanted, of one metric")
    return given[0]


def _rows(frame: DataFrame, shape: str) -> DataFrame:
    """The columns that the meter reads, and the places; what is no native traffic as JSON."""
    from pyspark.sql import functions as f  # type: ignore[import-not-found, unused-ignore]

    row = f.col("row").cast("bigint").alias("row")
    if shape == "usage":
        missing = [name for name in _TRAFFIC if name not in frame.columns]
        own = [f.col(name) for name in _TRAFFIC if name not in missing]
        return frame.select(f.col("input"), row, *own)
    names = [name for name in frame.columns if name not in _PLACE]
    if names == ["value"]:
        return frame.select("input", row, "value")
    members = f.to_json(f.struct(*[f.col(f"`{name}`") for name in names]))
    return frame.select(f.col("input"), row, members.alias("value"))


def _check(rows: DataFrame, arguments: dict[str, Any]) -> None:
    """Refuses columns that the meter does not read, before any task runs."""
    empty = _schema(rows).empty_table()
    _peerbill.spark_check(arguments, empty.drop_columns(list(_PLACE)), empty.select(list(_PLACE)))


def _schema(frame: DataFrame) -> pa.Schema:
    """The columns of a frame, as Arrow has them."""
    from pyspark.sql.pandas.types import to_arrow_schema  # type: ignore[import-not-found, unused-ignore]

    # Older versions know of no other zone for instants, and ask for none.
    zone: dict[str, Any] = {"timezone": "UTC"} if "timezone" in signature(to_arrow_schema).parameters else {}
    return to_arrow_schema(frame.schema, **zone)


def _collected(frame: DataFrame) -> pa.Table:
    """All rows of a frame, on the driver."""
    if hasattr(frame, "toArrow"):
        return frame.toArrow()
    # Spark 3.5, which tells no columns where there are no rows.
    older: Any = frame
    batches = older._collect_as_arrow()
    return pa.Table.from_batches(batches) if batches else _schema(frame).empty_table()


def _grouped(rows: DataFrame, columns: list[str], arguments: dict[str, Any]) -> tuple[DataFrame, list[Column]]:
    """The rows, and by what they are brought together: those that are compared or summed are of one task.

    That is the connection and the hour, so that a connection with most of the traffic is met by many tasks. Where Spark has
    no columns that tell both exactly as the meter reads them, the meter is asked.
    """
    from pyspark.sql import functions as f  # type: ignore[import-not-found, unused-ignore]
    from pyspark.sql import types as t  # type: ignore[import-not-found, unused-ignore]

    kinds = {field.name: field.dataType for field in rows.schema.fields}
    if isinstance(kinds.get("timestamp"), t.TimestampType) and isinstance(kinds["connection_id"], t.StringType):
        hour = f.floor(f.unix_seconds("timestamp") / f.lit(3600))
        return rows, [f.col("connection_id"), hour]
    schema = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema.fields)

    def groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                own = pa.table([*batch.columns], names=batch.schema.names)
                group = pa.table(_peerbill.spark_groups(arguments, own.select(columns), own.select(list(_PLACE))))
                yield from own.append_column("group", group["group"]).to_batches()

    return rows.mapInArrow(groups, f"{schema}, group bigint"), [f.col("group")]


def _task(arguments: dict[str, Any], columns: list[str]) -> Any:
    def meter_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        own = list(batches)
        if not own:
            return
        table = pa.Table.from_batches(own)
        part = _peerbill.spark_part(arguments, table.select(columns), table.select(list(_PLACE)))
        doubtful = pa.table(part.doubtful())
        whole = table.take(doubtful["place"])
        yield from _tagged("hour", pa.table(part.hours()), table.schema)
        yield from _tagged("count", pa.table(part.counts()), table.schema)
        yield from _tagged("doubt", doubtful.select(["code", "reason"]), table.schema, whole)

    return meter_rows


_KINDS = {
    "hour": pa.struct([("hour", pa.string()), ("connection_id", pa.string()), ("sender", pa.string()),
                       ("bytes", pa.decimal128(38, 0))]),
    "count": pa.struct([("name", pa.string()), ("month", pa.string()), ("records", pa.int64()),
                        ("bytes", pa.decimal128(38, 0))]),
    "doubt": pa.struct([("code", pa.string()), ("reason", pa.string())]),
}


def _tagged(kind: str, own: Any, schema: Any, rows: Any = None) -> Iterator[pa.RecordBatch]:
    """Rows of one kind, in the columns of all kinds."""
    fields = [(name, struct) for name, struct in _KINDS.items()] + [(field.name, field.type) for field in schema]
    own = own.cast(pa.schema(list(_KINDS[kind])))
    columns = []
    for name, type in fields:
        if name == kind:
            columns.append(pa.StructArray.from_arrays(
                [column.combine_chunks() for column in own.columns], fields=list(_KINDS[kind])
            ))
        elif rows is not None and name in rows.schema.names:
            columns.append(rows[name].combine_chunks())
        else:
            columns.append(pa.nulls(own.num_rows, type))
    yield from pa.table(columns, schema=pa.schema(fields)).to_batches(max_chunksize=10_000)


def report(
    *,
    accounts: Path | None = None,
    budget: Path | None = None,
    account: str | None = None,
    by: str | Iterable[str] | None = None,
    hourly: bool = False,
    quarantine: Path | None = None,
    **metering: Any,
) -> Bill:
    """The bill of a month: `meter`, whose parameters it takes, and then `Metered.report`."""
    with meter(**metering) as metered:
        return metered.report(
            accounts=accounts, budget=budget, account=account, by=by, hourly=hourly, quarantine=quarantine
        )


def lines(bill: Bill, session: SparkSession, *, by: str | Iterable[str] | None = None, hourly: bool | None = None) -> DataFrame:
    """The lines of a bill as a frame, to be written as a table."""
    from pyspark.sql.pandas.types import from_arrow_schema  # type: ignore[import-not-found, unused-ignore]

    table = pa.table(bill.lines(by=by, hourly=hourly))
    if session.version.startswith("3."):
        rows = [tuple(row.values()) for row in table.to_pylist()]
        return session.createDataFrame(rows, from_arrow_schema(table.schema))
    return session.createDataFrame(table)


def _session(frame: DataFrame) -> SparkSession:
    return frame.sparkSession
