"""A month's bill in a notebook: each part between two blank comment lines is a cell.

Needs `pip install ./python polars`, run from the root of the repository.
"""

# %%
from pathlib import Path

import polars as pl

import peerbill

here = Path(__file__).parent

# %% The provider's published example, from a table.
usage = pl.read_csv(here / "published" / "usage.csv", schema_overrides={"bytes": pl.UInt64})
bill = peerbill.report(
    usage=usage, connections=here / "published" / "connections.csv", catalog="china-site", month="2026-10"
)
print(bill.payable)

# %% A month of six connections: what each account pays by day, in decimals.
bill = peerbill.report(
    usage=here / "month" / "usage.csv",
    connections=here / "month" / "connections.csv",
    link_changes=here / "month" / "link-changes.csv",
    catalog="china-site",
    month="2026-10",
)
days = pl.DataFrame(bill.lines(by=["billing_account_id", "day"]))
print(days.head())

# %% What a reader should know, and where every record went.
print(pl.DataFrame(bill.findings()))
print(bill.control_totals["records"])

# %% What one GB costs, and who says so.
price = peerbill.catalog("china-site").price("Hohhot", "Guangzhou", "Gold")
print(price, price.provenance["source_url"])

# %% The same month over other link types, and with Platinum in office hours only.
estimate = peerbill.estimate(
    usage=here / "month" / "usage.csv",
    connections=here / "month" / "connections.csv",
    link_changes=here / "month" / "link-changes.csv",
    catalog="china-site",
    month="2026-10",
    platinum_when="Mon-Fri 09:00-18:00",
)
for scenario in estimate.scenarios:
    print(scenario.name, scenario.payable, scenario.difference)

# %% An invoice against the bill: what differs, and why.
invoices = {account: payable for account, payable in bill.payable.items() if payable}
found = peerbill.reconcile(report=bill, bill_total=invoices)
print(found.clean, found.totals)

# %% Two exports of the same traffic, hour by hour.
print(peerbill.crosscheck(usage=usage, counterpart_usage=usage, connections=here / "published" / "connections.csv", month="2026-10").clean)
