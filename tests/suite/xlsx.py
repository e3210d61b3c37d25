"""Reads workbooks for tests/suite/xlsx.rs.

xlsx.py dump FILE          all sheets as JSON: what a reader sees, and the formulas behind it
xlsx.py forget FILE COPY   a copy without the stored results of formulas: whoever shows them has computed them
"""

import json
import re
import sys
import zipfile
from decimal import Decimal

import openpyxl


def cell(formula, value):
    if formula.value is None:
        return None
    is_number = isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    shown = format(Decimal(repr(value.value)), "f") if is_number else value.value
    read = {"n" if is_number else "s": shown, "format": value.number_format}
    if formula.data_type == "f":
        read["f"] = formula.value
    return read


def chart(drawn):
    (series,) = drawn.series
    title = "".join(run.t for paragraph in drawn.title.tx.rich.p for run in paragraph.r or [])
    return {"title": title, "labels": series.cat.numRef.f if series.cat.numRef else series.cat.strRef.f, "values": series.val.numRef.f}


def widths(worksheet):
    """By column: neighbours of one width stand together in the file."""
    found = {}
    for column in worksheet.column_dimensions.values():
        found.update({index: column.width for index in range(column.min, column.max + 1)})
    return [found.get(index, 0) for index in range(1, max(found) + 1)]


def sheet(with_formulas, with_values):
    return {
        "name": with_formulas.title,
        "frozen": with_formulas.freeze_panes,
        "filter": with_formulas.auto_filter.ref,
        "charts": [chart(drawn) for drawn in with_formulas._charts],
        "widths": widths(with_formulas),
        "rows": [
            [cell(formula, value) for formula, value in zip(*rows)]
            for rows in zip(with_formulas.iter_rows(), with_values.iter_rows())
        ],
    }


def dump(path):
    with_formulas, with_values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    properties = with_formulas.properties
    json.dump(
        {
            "created": str(properties.created),
            "modified": str(properties.modified),
            "sheets": [sheet(one, with_values[one.title]) for one in with_formulas],
        },
        sys.stdout,
    )


def forget(path, copy):
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as without:
        for name in whole.namelist():
            data = whole.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb"</f><v>[^<]*</v>", b"</f>", data)
            without.writestr(name, data)


{"dump": dump, "forget": forget}[sys.argv[1]](*sys.argv[2:])
