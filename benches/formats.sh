#!/bin/sh
# Prints what a report of hourly lines costs in each format: time of the whole process (median), peak memory, size of the file.
# usage: sh benches/formats.sh FOLDER [RUNS]   FOLDER is made by `cargo bench --bench generate`: 100,000 lines are those of
# `generate -- FOLDER 101184 3600 time 68`.
# Needs GNU time; build with `cargo build --release` before. PEERBILL names another program.
set -eu
folder=$1
runs=${2:-5}
peerbill=${PEERBILL:-$(dirname "$0")/../target/release/peerbill}
printf '%-10s %10s %12s %12s\n' format seconds "memory KiB" "file bytes"
for format in csv json markdown table html xlsx parquet focus focus-parquet; do
    name=$folder/hourly-$format
    case $format in
    focus-parquet) name=$name.parquet stated=focus ;;
    *) stated=$format ;;
    esac
    run=0
    while [ "$run" -lt "$runs" ]; do
        /usr/bin/time -a -o "$name.times" -f '%e %M' "$peerbill" report --usage "$folder/usage.csv" \
            --connections "$folder/connections.csv" --link-changes "$folder/link-changes.csv" --catalog china-site \
            --month 2026-10 --hourly --format "$stated" --output "$name" 2>"$folder/log"
        run=$((run + 1))
    done
    seconds=$(cut -d ' ' -f 1 "$name.times" | sort -n | sed -n "$(((runs + 1) / 2))p")
    memory=$(cut -d ' ' -f 2 "$name.times" | sort -n | tail -n 1)
    printf '%-10s %10s %12s %12s\n' "$format" "$seconds" "$memory" "$(wc -c <"$name")"
    rm "$name.times"
done
