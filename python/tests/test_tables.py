"""Tables of other libraries go in and come out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import MONTH

import peerbill

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
duckdb = pytest.importorskip("duckdb")
parquet = pytest.importorskip("pyarrow.parquet")


def usage() -> Any:
    return pl.read_csv(MONTH / "usage.csv", schema_overrides={"bytes": pl.UInt64})


def relation(frame: Any) -> Any:
    return duckdb.sql("select * from frame")


def zoned(frame: Any) -> Any:
    return pl.col("timestamp").str.to_datetime(time_zone="UTC")


SHAPES: dict[str, Callable[[Any], Any]] = {
    "polars": lambda frame: frame,
    "polars of several chunks": lambda frame: pl.concat([frame[:1000], frame[1000:1001], frame[1001:]], rechunk=False),
    "polars categories": lambda frame: frame.with_columns(
        pl.col("connection_id").cast(pl.Categorical), pl.col("sender").cast(pl.Categorical), zoned(frame)
    ),
    "polars signed bytes": lambda frame: frame.with_columns(pl.col("bytes").cast(pl.Int64)),
    "polars milliseconds": lambda frame: frame.with_columns(zoned(frame).dt.cast_time_unit("ms")),
    "polars epochs": lambda frame: frame.with_columns(zoned(frame).dt.epoch("s")),
    "pyarrow": lambda frame: frame.to_arrow(),
    "pyarrow decimals": lambda frame: frame.to_arrow().set_column(
        frame.columns.index("bytes"), "bytes", frame.to_arrow()["bytes"].cast(pa.decimal128(38, 0))
    ),
    "a stream that is read once": lambda frame: frame.to_arrow().to_reader(max_chunksize=500),
    "a record batch": lambda frame: frame.to_arrow().combine_chunks().to_batches()[0],
    "several tables": lambda frame: [frame[:500], frame.to_arrow()[500:]],
    "pandas": lambda frame: frame.to_pandas(),
    "pandas categories": lambda frame: frame.to_pandas().astype({"connection_id": "category"}),
    "duckdb": relation,
    "dicts": lambda frame: frame.to_dicts(),
    "columns in another order": lambda frame: frame.select(reversed(frame.columns)).with_columns(more=pl.lit(1.5)),
    # A second look is taken at records that are not in the order of time.
    "upside down": lambda frame: frame.reverse(),
    "upside down, once": lambda frame: frame.reverse().to_arrow().to_reader(max_chunksize=500),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_is_billed_as_its_file(shape: str, month: dict[str, Any]) -> None:
    expected = peerbill.report(usage=MONTH / "usage.csv", **month)
    own = peerbill.report(usage=SHAPES[shape](usage()), **month)
    assert own.render("csv") == expected.render("csv")
    assert own.control_totals == expected.control_totals


def test_a_frame_of_several_chunks_stays_as_it_is(month: dict[str, Any]) -> None:
    frame = SHAPES["polars of several chunks"](usage())
    chunks = frame.n_chunks("all")
    assert min(chunks) > 1
    peerbill.report(usage=frame, **month)
    # What polars hands out as one stream it copies into one chunk first, and keeps that.
    assert frame.n_chunks("all") == chunks


def test_lines_come_out_into_every_library(month: dict[str, Any], tmp_path: Path) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", **month)
    lines = bill.lines()
    table = pa.table(lines)
    assert pl.DataFrame(lines).to_arrow().num_rows == table.num_rows == len(lines)
    frame = pd.DataFrame.from_arrow(lines) if hasattr(pd.DataFrame, "from_arrow") else table.to_pandas()
    assert len(frame) == len(lines)
    sums = duckdb.sql("select billing_account_id, sum(billed_cost) from lines group by all").fetchall()
    assert {account: cost.quantize(Decimal("0.01")) for account, cost in sums} == bill.payable
    assert table.schema.field("billed_cost").type == pa.decimal128(38, 10)
    assert table.schema.field("contracted_unit_price").type == pa.decimal128(38, 12)
    assert table.schema.field("consumed_bytes").type == pa.decimal128(38, 0)
    assert table.schema.field("metered_hours").type == pa.int64()


def test_lines_are_those_of_parquet(month: dict[str, Any], tmp_path: Path) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", hourly=True, **month)
    bill.write(tmp_path / "lines.parquet")
    read = parquet.read_table(tmp_path / "lines.parquet")
    own = pa.table(bill.lines())
    assert own.schema.names == read.schema.names
    assert own.cast(read.schema).equals(read)


def test_lines_are_grouped_and_by_the_hour(month: dict[str, Any]) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", **month)
    again = peerbill.report(usage=MONTH / "usage.csv", by=["billing_account_id", "day"], **month)
    grouped = pl.DataFrame(bill.lines(by=["billing_account_id", "day"]))
    assert grouped.equals(pl.DataFrame(again.lines()))
    assert "charge_period_start" in bill.lines(hourly=True).columns


def test_hours_can_be_billed_again(month: dict[str, Any]) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", **month)
    hours = pl.DataFrame(bill.hours())
    assert hours["bytes"].sum() == sum(bill.control_totals["bytes"][name] for name in ("billed", "free"))
    again = peerbill.report(metered=bill.hours(), **month)
    assert again.render("csv") == bill.render("csv")


def test_findings_have_codes(month: dict[str, Any]) -> None:
    bill = peerbill.report(usage=MONTH / "usage.csv", **month)
    codes = pl.DataFrame(bill.findings())["code"].to_list()
    assert codes == [finding["code"] for finding in bill.to_dict()["findings"]]


@pytest.mark.parametrize("kind", ["Float64", "Float32"])
def test_floats_are_refused_with_the_way_out(kind: str, month: dict[str, Any]) -> None:
    floats = usage().with_columns(pl.col("bytes").cast(getattr(pl, kind)))
    for table in [floats, floats.to_pandas(), floats.head(0)]:
        with pytest.raises(peerbill.Error, match="float.*cast") as refused:
            peerbill.report(usage=table, **month)
        assert (refused.value.kind, refused.value.input) == ("input", "usage")
    with pytest.raises(TypeError, match="float"):
        peerbill.report(usage=floats.to_dicts(), **month)


def test_times_without_a_zone_need_their_offset(month: dict[str, Any]) -> None:
    naive = usage().with_columns(pl.col("timestamp").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None))
    with pytest.raises(peerbill.Error, match="without a zone.*naive_offset"):
        peerbill.report(usage=naive, **month)
    bill = peerbill.report(usage=naive, naive_offset="+00:00", **month)
    assert bill.payable == peerbill.report(usage=usage(), **month).payable


def test_a_bad_row_is_named_by_its_number(month: dict[str, Any], tmp_path: Path) -> None:
    rows = usage()[:3].with_columns(bytes=pl.Series([1, None, 3], dtype=pl.Int64))
    with pytest.raises(peerbill.Error, match="usage:2: bytes is null") as refused:
        peerbill.report(usage=rows, **month)
    assert refused.value.line == 2
    negative = usage()[:2].with_columns(bytes=pl.Series([1, -2], dtype=pl.Int64))
    with pytest.raises(peerbill.Error, match="usage:2: bytes -2: bytes cannot be negative"):
        peerbill.report(usage=negative, **month)
    bill = peerbill.report(usage=negative, quarantine=tmp_path / "refused.csv", **month)
    assert bill.quarantined == 1
    assert ",-2," in (tmp_path / "refused.csv").read_text()


def test_bytes_beyond_64_bits_are_refused(month: dict[str, Any]) -> None:
    times = {"timestamp": ["2026-10-05T03:00:00Z"], "connection_id": ["pcc-2ze7q4hm1"], "sender": ["requester"]}
    table = pa.table(times | {"bytes": pa.array([Decimal(2**64)], pa.decimal128(38, 0))})
    with pytest.raises(peerbill.Error, match="one record holds at most"):
        peerbill.report(usage=table, **month)
    exact = pa.table(times | {"bytes": pa.array([2**64 - 1], pa.uint64())})
    assert peerbill.report(usage=exact, **month).control_totals["bytes"]["read"] == 2**64 - 1


def test_copies_are_found_across_tables(month: dict[str, Any]) -> None:
    rows = usage()[1000:1010]
    with pytest.raises(peerbill.Error) as refused:
        peerbill.report(usage=[rows, rows[4:5].to_arrow()], **month)
    assert {fault["code"] for fault in refused.value.faults} == {"duplicate_record"}
    once = peerbill.report(usage=rows, **month)
    first = peerbill.report(usage=[rows, rows[4:5]], duplicates="first", **month)
    assert first.payable == once.payable
