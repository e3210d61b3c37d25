"""Writes the records of FOLDER/usage.csv in the spellings that exporters have, to FOLDER/usage-SPELLING.csv.

usage: python3 benches/spellings.py FOLDER [SPELLING...]   FOLDER is made by `cargo bench --bench generate`; without
SPELLING, all of them. `long-ids` also writes connections and link changes, with ids of 60 bytes.
"""

import datetime
import functools
import sys

NAMES = ["timestamp", "connection_id", "sender", "bytes"]
TAIL = "-a0123456789a0123456789a0123456789a0123456789xyz12"
VALUES = ["", "0", "abc", "2026-10-01", "x" * 13, "12345.678", "some words here", "cn-hangzhou"]


@functools.lru_cache(maxsize=None)
def clock(text, hours):
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(zone)


def changed(times):
    return lambda number, fields: [times(fields[0]), *fields[1:]]


def further(number, fields):
    return fields + [VALUES[(number * column + column * column + number // 7) % 8] for column in range(20)]


def shuffled(number, fields):
    return [f"cn-{number % 3}", fields[3], fields[1], fields[2], f"note, {number * 7919 % 1000}", fields[0]]


def plain(number, fields):
    return fields


def every_millisecond(form):
    return lambda number, fields: [form(fields[0], number * 7919 % 1000), *fields[1:]]


def seconds(text):
    return int(clock(text, 0).timestamp())


QUOTED = {"quotes": True}
# By name: how a row is changed, the names of the columns, and how rows are written.
SPELLINGS = {
    "offset": (changed(lambda text: clock(text, 8).isoformat()), NAMES, {}),
    "blank-offset": (changed(lambda text: clock(text, -5).strftime("%Y-%m-%d %H:%M:%S-0500")), NAMES, {}),
    "zero-fractions": (changed(lambda text: text[:-1] + ".000Z"), NAMES, {}),
    "fractions": (every_millisecond(lambda text, part: f"{text[:-1]}.{part:03}Z"), NAMES, {}),
    "epoch": (changed(lambda text: str(seconds(text))), NAMES, {}),
    "milliseconds": (changed(lambda text: f"{seconds(text)}000"), NAMES, {}),
    "quoted": (plain, NAMES, QUOTED),
    "semicolons": (plain, NAMES, {"separator": ";"}),
    "tabs": (plain, NAMES, {"separator": "\t"}),
    "crlf": (plain, NAMES, {"end": "\r\n"}),
    "order": (
        lambda number, fields: shuffled(number, fields)[:4] + ["a note", fields[0]],
        ["region", "bytes", "connection_id", "sender", "note", "timestamp"],
        {},
    ),
    "further": (further, NAMES + [f"further_{column}" for column in range(20)], {}),
    "long-ids": (lambda number, fields: [fields[0], fields[1] + TAIL, *fields[2:]], NAMES, {}),
    "all": (
        lambda number, fields: shuffled(number, [clock(fields[0], 8).isoformat(), *fields[1:]]),
        ["region", "bytes", "connection_id", "sender", "note", "timestamp"],
        {"quotes": True, "end": "\r\n"},
    ),
}

def write(folder, spelling):
    row, names, form = SPELLINGS[spelling]
    separator, end = form.get("separator", ","), form.get("end", "\n")
    quote = '"' if form.get("quotes") else ""
    joined = lambda fields: quote + f"{quote}{separator}{quote}".join(fields) + quote + end
    with open(f"{folder}/usage.csv") as usage, open(f"{folder}/usage-{spelling}.csv", "w", newline="") as out:
        next(usage)
        out.write(joined(names))
        for number, line in enumerate(usage):
            out.write(joined(row(number, line.rstrip("\n").split(","))))
    if spelling == "long-ids":
        for name in ["connections", "link-changes"]:
            with open(f"{folder}/{name}.csv") as rows, open(f"{folder}/{name}-{spelling}.csv", "w") as out:
                out.write(next(rows))
                for line in rows:
                    key, rest = line.split(",", 1)
                    out.write(f"{key}{TAIL},{rest}")


for name in sys.argv[2:] or SPELLINGS:
    write(sys.argv[1], name)
