"""Meter, rate and attribute the inter-region traffic of Alibaba Cloud VPC peering connections, exactly.

The core is that of the command line: both give the same bytes for the same inputs. Money, prices and quantities are
`decimal.Decimal` or text, never floats.

Parameters are the arguments of the command line, with `_` for `-`. What several functions take alike stands in `Reading`,
`Prices`, `Connections`, `Traffic` and `Columns`; each is given by its name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict

from . import _peerbill
from ._peerbill import (
    Bill,
    Change,
    Comparison,
    Crosscheck,
    Error,
    Estimate,
    Gate,
    Reconciliation,
    Rows,
    Scenario,
    Table,
    __version__,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "Bill",
    "Catalog",
    "Change",
    "Columns",
    "Comparison",
    "Connections",
    "Crosscheck",
    "Error",
    "Estimate",
    "Gate",
    "Price",
    "Prices",
    "Reading",
    "Reconciliation",
    "Rows",
    "Scenario",
    "Table",
    "Traffic",
    "__version__",
    "catalog",
    "compare",
    "crosscheck",
    "estimate",
    "explain",
    "reconcile",
    "report",
]

Path: TypeAlias = "str | os.PathLike[str]"
Row: TypeAlias = "Mapping[str, str | int | datetime | None]"
Number: TypeAlias = "str | int | Decimal"


class ArrowStream(Protocol):
    """A table of polars, pyarrow, pandas, DuckDB or another library, by Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """One record batch, likewise."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object: ...


Paths: TypeAlias = "Path | Iterable[Path]"
Texts: TypeAlias = "str | Iterable[str]"
Records: TypeAlias = "Path | ArrowStream | ArrowArray | Iterable[Path | ArrowStream | ArrowArray] | Iterable[Row]"
Document: TypeAlias = "Path | Iterable[Row]"
Documents: TypeAlias = "Path | Iterable[Path] | Iterable[Row]"


class Reading(TypedDict, total=False):
    """How inputs are read, whatever they hold."""

    encoding: str | None
    memory: str | None


class Prices(TypedDict, total=False):
    """What is laid over the prices of a catalog."""

    prices: Paths | None
    contract: Path | None


class Columns(TypedDict, total=False):
    """What exports call their columns: the keys are those of `[columns]` in `peerbill.toml`."""

    usage: Mapping[str, str]
    cloudmonitor: Mapping[str, str]
    bill: Mapping[str, str]


class Connections(Reading, total=False):
    """Connections, and what is stated about them."""

    connections: Documents | None
    link_changes: Documents | None
    requester_account: Texts | None
    requester_region: Texts | None
    link_type_before: Texts | None


class Traffic(Connections, total=False):
    """Traffic and its connections. `usage` and `metered` take paths, any object with Arrow's PyCapsule interface, and
    iterables of dicts; `connections` and `link_changes` take paths and iterables of dicts.

    With `quarantine`, a file, refused records are set aside there and the rest counts; without it any of them is an `Error`.
    """

    usage: Records | None
    cloudmonitor: Texts | None
    flow_logs: Paths | None
    metered: Records | None
    columns: Columns | None
    offset: str | None
    duplicates: str | None
    quarantine: Path | None
    naive_offset: str | None
    metric_statistic: str | None
    metric_unit: str | None
    metric_timestamp: str | None
    metric_period: int | None
    threads: int | None


class _Priced(Traffic, Prices, total=False):
    pass


def _of(function: str, known: type[Reading], own: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of a function: a name that it does not have is an error, as it is of any function."""
    for name in given:
        # Those of a class and of all that it inherits from.
        if name not in known.__annotations__:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return {**own, **given}


def report(
    *,
    month: str,
    catalog: Path,
    until: str | None = None,
    corrects: Records | None = None,
    account: str | None = None,
    accounts: Document | None = None,
    budget: Document | None = None,
    by: Texts | None = None,
    hourly: bool = False,
    **inputs: Unpack[_Priced],
) -> Bill:
    """The bill of a month, or of several: `month="2026-10"`, `"2026-07..2026-09"` or `"2026-Q3"`.

    With `corrects`, the archive of a closed month, only what differs from it.
    """
    own = {"month": month, "catalog": catalog, "until": until, "corrects": corrects, "account": account,
           "accounts": accounts, "budget": budget, "by": by, "hourly": hourly}
    return _peerbill.report(_of("report", _Priced, own, inputs))


def explain(
    *,
    connection: str,
    sender: str,
    hour: str,
    catalog: Path,
    month: str | None = None,
    accounts: Document | None = None,
    **inputs: Unpack[_Priced],
) -> dict[str, Any]:
    """One charge, from its records to its amount: the JSON of `peerbill explain` as a dict."""
    own = {"connection": connection, "sender": sender, "hour": hour, "catalog": catalog, "month": month,
           "accounts": accounts}
    explained: dict[str, Any] = json.loads(_peerbill.explain(_of("explain", _Priced, own, inputs)))
    return explained


def estimate(
    *,
    catalog: Path,
    month: str | None = None,
    scenario: Texts | None = None,
    from_: str | None = None,
    to: str | None = None,
    gb: Number | None = None,
    return_gb: Number | None = None,
    mbps: Number | None = None,
    return_mbps: Number | None = None,
    hours_a_day: Number | None = None,
    from_account: str | None = None,
    to_account: str | None = None,
    terraform: Path | Mapping[str, Any] | None = None,
    traffic: Document | None = None,
    plan: Path | None = None,
    until: str | None = None,
    forecast: bool = False,
    platinum_when: Texts | None = None,
    schedule: Document | None = None,
    account: str | None = None,
    accounts: Document | None = None,
    budget: Document | None = None,
    by: Texts | None = None,
    hourly: bool = False,
    **inputs: Unpack[_Priced],
) -> Estimate:
    """What traffic would cost over other link types, from one of these:

    - quantities: `from_`, `to`, and `gb` or `mbps` with `hours_a_day`; `return_gb` or `return_mbps` on the way back;
    - a month's traffic: `usage` and all that `report` reads, with `platinum_when` or `schedule`, and with `until` a `forecast`;
    - a Terraform plan: `terraform`, with `traffic`, what its connections send in a month;
    - a planned topology: `plan`.
    """
    own = {"catalog": catalog, "month": month, "scenario": scenario, "from_": from_, "to": to, "gb": gb,
           "return_gb": return_gb, "mbps": mbps, "return_mbps": return_mbps, "hours_a_day": hours_a_day,
           "from_account": from_account, "to_account": to_account, "terraform": terraform, "traffic": traffic,
           "plan": plan, "until": until, "forecast": forecast, "platinum_when": platinum_when, "schedule": schedule,
           "account": account, "accounts": accounts, "budget": budget, "by": by, "hourly": hourly}
    return _peerbill.estimate(_of("estimate", _Priced, own, inputs))


def reconcile(
    *,
    bill: Paths | None = None,
    bill_product: str | None = None,
    bill_item: Texts | None = None,
    bill_total: Mapping[str, Number] | None = None,
    report: Path | Mapping[str, Any] | Bill | None = None,
    month: str | None = None,
    catalog: Path | None = None,
    account: str | None = None,
    accounts: Document | None = None,
    **inputs: Unpack[_Priced],
) -> Reconciliation:
    """The provider's bill against ours: every difference with its class.

    Our side is `report` (a bill of this package, or the JSON of `report` with `hourly`, as a file or a dict), or traffic as
    `report` reads it. `bill_total` is what invoices say, by account, where there is nothing finer.
    """
    own = {"bill": bill, "bill_product": bill_product, "bill_item": bill_item, "bill_total": bill_total,
           "report": report, "month": month, "catalog": catalog, "account": account, "accounts": accounts}
    return _peerbill.reconcile(_of("reconcile", _Priced, own, inputs))


def compare(
    a: Path | Mapping[str, Any] | Bill,
    b: Path | Mapping[str, Any] | Bill,
    *,
    month: Texts | None = None,
    accounts: Document | None = None,
    **reading: Unpack[Reading],
) -> Comparison:
    """Why two reports differ: volume, link type, price, connections that are new or ended, and rounding.

    Each is a bill, or the JSON of `report` as a file or a dict. `month` is the one to take of reports of several; where two are
    given, that of `a` and that of `b`.
    """
    own = {"a": a, "b": b, "month": month, "accounts": accounts}
    return _peerbill.compare(_of("compare", Reading, own, reading))


def crosscheck(
    *,
    month: str,
    counterpart_usage: Records | None = None,
    counterpart_cloudmonitor: Texts | None = None,
    counterpart_flow_logs: Paths | None = None,
    catalog: Path | None = None,
    until: str | None = None,
    **inputs: Unpack[_Priced],
) -> Crosscheck:
    """Two accounts' exports of the same traffic against each other, hour by hour; with a catalog, what the gap would cost."""
    own = {"month": month, "counterpart_usage": counterpart_usage, "counterpart_cloudmonitor": counterpart_cloudmonitor,
           "counterpart_flow_logs": counterpart_flow_logs, "catalog": catalog, "until": until}
    return _peerbill.crosscheck(_of("crosscheck", _Priced, own, inputs))


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
    return Catalog(_peerbill.catalog({"name": name, "prices": prices, "contract": contract}))
