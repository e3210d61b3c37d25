"""What tests share: the repository, its program, and the month of its examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MONTH = ROOT / "examples" / "month"

# Names of inputs stand in reports as they were given: both sides run at the root.
os.chdir(ROOT)


@pytest.fixture(scope="session")
def program() -> str:
    """The program to compare with: that of this tree, as `.ci/run` builds it."""
    path = Path(os.environ.get("PEERBILL_PROGRAM", ROOT / "target" / "release" / "peerbill"))
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return str(path)


@pytest.fixture(scope="session")
def month() -> dict[str, object]:
    """The arguments of the examples' month, but for its traffic."""
    return {
        "connections": MONTH / "connections.csv",
        "link_changes": MONTH / "link-changes.csv",
        "catalog": "china-site",
        "month": "2026-10",
    }
