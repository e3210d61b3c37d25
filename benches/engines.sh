#!/bin/sh
# Prints how fast the monthly report is beside DuckDB, polars and, for CSV, `wc -l`, on the same files in one run.
# usage: sh benches/engines.sh FOLDER [RUNS] [csv|parquet]   FOLDER is made by `cargo bench --bench generate`, and its
# Parquet by benches/to_parquet.py, which needs pyarrow. All layouts beside DuckDB: benches/compare.sh.
# Needs hyperfine and the Python packages duckdb and polars; build with `cargo build --release` before.
set -eu
folder=$1
runs=${2:-5}
form=${3:-csv}
peers=$(dirname "$0")/peers
peerbill=$(dirname "$0")/../target/release/peerbill
report="$peerbill report --usage $folder/usage.$form --connections $folder/connections.csv \
    --link-changes $folder/link-changes.csv --catalog china-site --month 2026-10 --format csv"

# Lines can be counted in CSV alone; only Parquet has timestamps that a query may cast.
if [ "$form" = csv ]; then
    set -- --command-name "wc -l" "wc -l $folder/usage.csv"
else
    set -- --command-name "DuckDB, timestamps cast" "python3 $peers/duckdb_report.py $folder $folder/duckdb.csv $form-cast"
fi

hyperfine --warmup 1 --runs "$runs" --export-markdown "$folder/compare.md" \
    --command-name "peerbill report" "$report --output $folder/peerbill.csv 2>$folder/log" \
    --command-name "peerbill report, one core" "taskset -c 0 $report --output $folder/peerbill.csv 2>$folder/log" \
    --command-name "DuckDB" "python3 $peers/duckdb_report.py $folder $folder/duckdb.csv $form" \
    --command-name "polars" "python3 $peers/polars_report.py $folder $folder/polars.csv $form" \
    "$@"
cat "$folder/compare.md"
command -v /usr/bin/time >/dev/null && /usr/bin/time -f "peak memory of peerbill report: %M KiB" $report \
    --output "$folder/peerbill.csv" 2>&1 >/dev/null | tail -n 1
