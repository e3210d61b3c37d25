import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypedDict

__version__: str

class Fault(TypedDict):
    code: str
    parameter: str | None
    input: str | None
    line: int | None
    path: str | None
    message: str
    advice: str
    count: int

class Error(Exception):
    kind: str
    input: str | None
    line: int | None
    faults: list[Fault]

class Table:
    @property
    def columns(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Bill:
    @property
    def payable(self) -> dict[str, Decimal]: ...
    @property
    def currency(self) -> str: ...
    @property
    def quarantined(self) -> int: ...
    @property
    def control_totals(self) -> dict[str, Any]: ...
    @property
    def catalog(self) -> dict[str, Any]: ...
    def lines(self, *, by: str | Iterable[str] | None = None, hourly: bool | None = None) -> Table: ...
    def hours(self) -> Table: ...
    def findings(self) -> Table: ...
    def render(
        self, format: str, *, lang: str = "en", csv_bom: bool = False, focus_version: str = "1.2"
    ) -> bytes: ...
    def write(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        lang: str = "en",
        csv_bom: bool = False,
        focus_version: str = "1.2",
    ) -> None: ...
    def to_dict(self) -> dict[str, Any]: ...

class Catalog:
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def currency(self) -> str: ...
    def _price(
        self, source: str, destination: str, link_type: str, account: str | None, at: str | None
    ) -> tuple[str, dict[str, str | None]]: ...

def report(arguments: Mapping[str, object]) -> Bill: ...
def explain(arguments: Mapping[str, object]) -> bytes: ...
def catalog(arguments: Mapping[str, object]) -> Catalog: ...
