#!/bin/sh
# Makes traffic in each layout, and prints how fast the monthly report is beside DuckDB on the same files: processor time and
# time of the whole process, medians, and peak memory. Before that, the bytes of both are compared.
# usage: sh benches/compare.sh FOLDER [RECORDS] [RUNS] [LAYOUT...]   Layouts are csv, its spellings (see spellings.py: offset,
# epoch, milliseconds, fractions, quoted, crlf, order, further, all), its orders (turning, shuffled), parquet, json, cloudmonitor,
# flowlog and flowlog.gz; without any, all of these.
# Needs GNU time and Python with duckdb, for parquet also pyarrow; build with `cargo build --release` before. PEERBILL, GENERATE
# and PYTHON name other programs.
set -eu
folder=$1
records=${2:-4000000}
runs=${3:-3}
spellings="offset epoch milliseconds fractions quoted crlf order further all"
# shellcheck disable=SC2086
if [ $# -gt 3 ]; then shift 3; else
    set -- csv $spellings turning shuffled parquet json cloudmonitor flowlog flowlog.gz
fi
here=$(dirname "$0")
peerbill=${PEERBILL:-$here/../target/release/peerbill}
generate=${GENERATE:-cargo bench --no-default-features --bench generate --}
python=${PYTHON:-python3}

# The median of the numbers in a column of a file.
median() {
    cut -d ' ' -f "$1" "$2" | sort -n | sed -n "$(((runs + 1) / 2))p"
}

# Makes a folder of this order, unless it is there.
make() {
    data=$folder/$1
    [ -e "$data/connections.csv" ] || $generate "$data" "$records" 600 "$1" 2000 >/dev/null 2>&1
}

printf '%-14s %10s %10s %10s %10s %8s %8s %10s %10s\n' layout cpu "DuckDB cpu" seconds DuckDB "x cpu" "x" "peak KiB" DuckDB
for layout in "$@"; do
    form=$layout
    case $layout in
    csv | turning | shuffled)
        if [ "$layout" = csv ]; then make time; else make "$layout"; fi
        form=csv traffic="--usage $data/usage.csv"
        ;;
    parquet)
        make time
        [ -e "$data/usage.parquet" ] || "$python" "$here/to_parquet.py" "$data"
        traffic="--usage $data/usage.parquet"
        ;;
    json) make json && traffic="--usage $data/usage.ndjson" ;;
    cloudmonitor) make cloudmonitor && traffic="--cloudmonitor IntranetRX=$data/rx.json IntranetTX=$data/tx.json" ;;
    flowlog) make flowlog && traffic="--flow-logs $data/flows.ndjson" ;;
    flowlog.gz)
        make flowlog
        [ -e "$data/flows.ndjson.gz" ] || gzip -k "$data/flows.ndjson"
        traffic="--flow-logs $data/flows.ndjson.gz"
        ;;
    *)
        make time
        [ -e "$data/usage-$layout.csv" ] || "$python" "$here/spellings.py" "$data" "$layout"
        form=csv-$layout traffic="--usage $data/usage-$layout.csv"
        ;;
    esac
    rm -f "$data/own.times" "$data/peer.times"
    run=0
    while [ "$run" -lt "$runs" ]; do
        # shellcheck disable=SC2086
        /usr/bin/time -a -o "$data/own.times" -f '%e %U %S %M' "$peerbill" report $traffic \
            --connections "$data/connections.csv" --link-changes "$data/link-changes.csv" --catalog china-site \
            --month 2026-10 --format csv --output "$data/own.csv" 2>"$data/log"
        /usr/bin/time -a -o "$data/peer.times" -f '%e %U %S %M' "$python" "$here/peers/duckdb_report.py" "$data" \
            "$data/peer.csv" "$form"
        run=$((run + 1))
    done
    "$python" - "$data" <<'PYTHON'
import csv, sys
own, peer = (sum(int(row["consumed_bytes"] or 0) for row in csv.DictReader(open(f"{sys.argv[1]}/{name}.csv")))
             for name in ("own", "peer"))
assert own == peer, (own, peer)
PYTHON
    for side in own peer; do
        awk '{ print $1, $2 + $3, $4 }' "$data/$side.times" >"$data/$side.sums"
    done
    echo "$layout $(median 2 "$data/own.sums") $(median 2 "$data/peer.sums") $(median 1 "$data/own.sums") \
        $(median 1 "$data/peer.sums") $(median 3 "$data/own.sums") $(median 3 "$data/peer.sums")" |
        awk '{ printf "%-14s %10.2f %10.2f %10.2f %10.2f %8.1f %8.1f %10d %10d\n", $1, $2, $3, $4, $5, $3 / $2, $5 / $4, $6, $7 }'
done
