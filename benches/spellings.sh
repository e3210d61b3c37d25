#!/bin/sh
# Prints what the monthly report costs in each spelling of CSV, beside the plain one: processor time per byte of the whole
# process, medians.
# usage: sh benches/spellings.sh FOLDER [RUNS]   FOLDER is made by `cargo bench --bench generate`, and its spellings by
# benches/spellings.py.
# Needs GNU time; build with `cargo build --release` before. PEERBILL names another program.
set -eu
folder=$1
runs=${2:-5}
peerbill=${PEERBILL:-$(dirname "$0")/../target/release/peerbill}

# Seconds of processor time that a report of this file takes.
seconds() {
    spelling=$(basename "$1" .csv)
    spelling=${spelling#usage}
    connections=$folder/connections$spelling.csv changes=$folder/link-changes$spelling.csv
    [ -e "$connections" ] || connections=$folder/connections.csv changes=$folder/link-changes.csv
    rm -f "$folder/times"
    run=0
    while [ "$run" -lt "$runs" ]; do
        /usr/bin/time -a -o "$folder/times" -f '%U' "$peerbill" report --usage "$1" --connections "$connections" \
            --link-changes "$changes" --catalog china-site --month 2026-10 --format csv --output "$folder/report.csv" \
            2>"$folder/log"
        run=$((run + 1))
    done
    sort -n "$folder/times" | sed -n "$(((runs + 1) / 2))p"
}

printf '%-24s %10s %12s %10s\n' spelling seconds bytes "per byte"
plain=
for usage in "$folder/usage.csv" "$folder"/usage-*.csv; do
    time=$(seconds "$usage")
    size=$(wc -c <"$usage")
    plain=${plain:-$time $size}
    echo "$(basename "$usage" .csv) $time $size $plain" |
        awk '{ printf "%-24s %10s %12s %10.2f\n", $1, $2, $3, $2 / $3 / ($4 / $5) }'
done
rm "$folder/times"
