"""Meter, rate and attribute the inter-region traffic of Alibaba Cloud VPC peering connections, exactly.

The core is that of the command line: both give the same bytes for the same inputs. Money, prices and quantities are
`decimal.Decimal` or text, never floats.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from . import _peerbill
from ._peerbill import Bill, Error, Table, __version__

__all__ = ["Bill", "Catalog", "Error", "Price", "Table", "__version__", "catalog", "explain", "report"]

Path: TypeAlias = "str | os.PathLike[str]"
Row: TypeAlias = "Mapping[str, str | int | datetime | None]"


class ArrowStream(Protocol):
    """A table of polars, pyarrow, pandas, DuckDB or another library, by Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """One record batch, likewise."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object: ...


Paths: TypeAlias = "Path | Iterable[Path]"
Traffic: TypeAlias = "Path | ArrowStream | ArrowArray | Iterable[Path | ArrowStream | ArrowArray] | Iterable[Row]"
Rows: TypeAlias = "Path | Iterable[Path] | Iterable[Row]"


def report(
    *,
    month: str,
    connections: Rows,
    catalog: Path,
    usage: Traffic | None = None,
    cloudmonitor: str | Iterable[str] | None = None,
    flow_logs: Paths | None = None,
    metered: Traffic | None = None,
    link_changes: Rows | None = None,
    prices: Paths | None = None,
    contract: Path | None = None,
    accounts: Path | None = None,
    budget: Path | None = None,
    account: str | None = None,
    by: str | Iterable[str] | None = None,
    hourly: bool = False,
    until: str | None = None,
    offset: str | None = None,
    duplicates: str | None = None,
    quarantine: Path | None = None,
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
    threads: int | None = None,
) -> Bill:
    """The bill of a month, or of several: `month="2026-10"`, `"2026-07..2026-09"` or `"2026-Q3"`.

    Parameters are the arguments of `peerbill report`, and mean what those mean. `usage` and `metered` also take any object
    with Arrow's PyCapsule interface, and iterables of dicts; `connections` and `link_changes` take the latter. With
    `quarantine`, a file, refused records are set aside there and the rest is billed; without it any of them is an `Error`.
    """
    return _peerbill.report(locals())


def explain(
    *,
    connection: str,
    sender: str,
    hour: str,
    connections: Rows,
    catalog: Path,
    month: str | None = None,
    usage: Traffic | None = None,
    cloudmonitor: str | Iterable[str] | None = None,
    flow_logs: Paths | None = None,
    metered: Traffic | None = None,
    link_changes: Rows | None = None,
    prices: Paths | None = None,
    contract: Path | None = None,
    accounts: Path | None = None,
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
    threads: int | None = None,
) -> dict[str, Any]:
    """One charge, from its records to its amount: the JSON of `peerbill explain` as a dict."""
    explained: dict[str, Any] = json.loads(_peerbill.explain(locals()))
    return explained


class Price(Decimal):
    """What one GB costs, with where that comes from: `provenance` has status, source, and the row that holds."""

    provenance: dict[str, str | None]

    def __new__(cls, price: str, provenance: dict[str, str | None]) -> Price:
        own = super().__new__(cls, price)
        own.provenance = provenance
        return own

    def __reduce__(self) -> tuple[Any, ...]:
        return (Price, (str(self), self.provenance))


class Catalog:
    """Prices: a shipped catalog or a folder, with what is laid over it."""

    def __init__(self, loaded: _peerbill.Catalog) -> None:
        self._loaded = loaded

    @property
    def name(self) -> str:
        return self._loaded.name

    @property
    def version(self) -> str:
        return self._loaded.version

    @property
    def currency(self) -> str:
        return self._loaded.currency

    def price(
        self,
        source: str,
        destination: str,
        link_type: str = "Gold",
        *,
        account: str | None = None,
        at: str | None = None,
    ) -> Price:
        """What one GB costs from a region to another in the hour of `at`, by the newest prices without it.

        Regions are ids or any of their names. `account` is who pays, for its contract. A price that is not known is an
        `Error` of kind `missing_price`, never zero.
        """
        return Price(*self._loaded._price(source, destination, link_type, account, at))

    def __repr__(self) -> str:
        return f"<peerbill.Catalog {self.name} {self.version}, {self.currency}>"


def catalog(name: Path, *, prices: Paths | None = None, contract: Path | None = None) -> Catalog:
    """A catalog: `china-site`, `international-site`, or a folder of the same shape."""
    return Catalog(_peerbill.catalog(locals()))
